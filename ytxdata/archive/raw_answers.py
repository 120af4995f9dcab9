"""Raw records and whole raw answers, recoverable to the byte from the records and what stood between them.

An answer repeats records that are stored already. So a pull keeps the *gaps* (brackets, commas, what is no
record) and the numbers of the observations in between; put together they must give the SHA-256 of
the answer, which is tried before anything is stored. An answer that cannot be folded is kept whole.

Which records stood together in one answer is read off here too: nothing of it is stored. And what of a pull its hash is
made of: by its own hash the answer is a part of that.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ytxdata.archive.heads import Snapshot
from ytxdata.archive.stored_files import OBS, Numbers, find
from ytxdata.archive.stored_rows import among, batches, filled, read, up_to
from ytxdata.errors import DamagedError, UsageError
from ytxdata.labels import Text
from ytxdata.records.merge_records import LEG_COLUMNS, MEETING_COLUMNS, PROBLEM_COLUMNS, join_records
from ytxdata.records.schema import MEETINGS, arrow_schema
from ytxdata.records.values import rows_of

CHAINED = (
    "pull_id", "asked_at", "answered_at", "asked_n", "returned_n", "confid", "status_code", "request_id",
    "attempts", "bytes", "encoding", "sha256", "previous_sha256", "verdict", "package_version",
    "told_more", "settle_s", "ahead_s",
)  # fmt: skip
"""The columns of a pull that its hash is made of."""

_LATER = frozenset({"told_more", "settle_s", "ahead_s"})
"""Those that earlier versions did not know: they are of the hash only where they say something, so that every chain of
before stays whole, and none can be put in or taken out unseen."""


def chained(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the hash of a pull is made of, as plain JSON values."""
    return {name: _plain(row[name]) for name in CHAINED if name not in _LATER or row.get(name) is not None}


def pull_sha256(row: Mapping[str, Any]) -> str:
    """Return the hash of a pull's row, `previous_sha256` included: so none can be changed or taken out unseen.

    The hashed text is JSON of `chained`: keys sorted, no blanks, UTF-8, instants in UTC as ISO 8601
    with microseconds. The raw answer is covered through its own `sha256`.

    Examples
    --------
    >>> pull_sha256({name: None for name in CHAINED})[:16]
    'b22a3e1100225e13'
    """
    text = json.dumps(chained(row), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    # in UTC and to the microsecond, also on a full second: however a reader shows the instant, the hash is the same
    return value.astimezone(UTC).isoformat(timespec="microseconds") if isinstance(value, datetime) else value


def _quoted(raw: bytes, *, ascii_only: bool) -> str:
    return json.dumps(raw.decode("utf-8"), ensure_ascii=ascii_only)[1:-1]


FORMS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda raw: raw,
    "gb18030": lambda raw: raw.decode("utf-8").encode("gb18030"),
    "string": lambda raw: _quoted(raw, ascii_only=False).encode(),
    "string-ascii": lambda raw: _quoted(raw, ascii_only=True).encode(),
    "string-gb18030": lambda raw: _quoted(raw, ascii_only=False).encode("gb18030"),
    "string-slash": lambda raw: _quoted(raw, ascii_only=True).replace("/", "\\/").encode(),
}
"""How a record's own text may stand in the answer: as it is, in the old encoding, or inside a JSON string."""

WHOLE = "whole"
_PUNCTUATION = b", \r\n\t\\nrt"
_OPENING = set(b"{[")
_LONGEST_ENVELOPE = 1_000
"""An answer says its status, a message and a total before its records or behind them: that is not longer."""


@dataclass(frozen=True)
class Envelope:
    """An answer without its records: `form` of the records, `gaps` around them, `numbers` of the records."""

    form: str
    gaps: bytes
    numbers: Numbers


def as_cell(numbers: Numbers) -> bytes:
    """Return the numbers of an envelope as a pull keeps them: as differences, which compress to almost nothing."""
    return np.diff(numbers, prepend=0).astype("<i8").tobytes()


def numbers_in(cell: bytes) -> Numbers:
    """Return the observations that an answer lists, in its order, from what its pull keeps of them."""
    return np.cumsum(np.frombuffer(cell, dtype="<i8"))


def listings(snapshot: Snapshot, as_of: datetime | None = None) -> Iterator[tuple[int, str, Numbers]]:
    """Yield when each answer was asked [µs], the id of its pull, and the observations that it lists."""
    for pulls in batches(snapshot, "pulls", ("asked_at", "pull_id", "numbers")):
        known = up_to(pulls, "asked_at", as_of)
        instants = known["asked_at"].cast(pa.int64()).to_pylist()
        for asked_at, (pull_id, cell) in zip(instants, rows_of(known, ("pull_id", "numbers")), strict=True):
            yield asked_at, pull_id, numbers_in(cell)


def fold(raw: bytes, pieces: Sequence[tuple[bytes, int]]) -> Envelope:
    """Return the envelope of an answer whose stored records are `pieces`, in the order they stand in it.

    The numbers may be provisional, until the records have theirs.
    """
    records = [piece for piece, _ in pieces]
    numbers = np.array([number for _, number in pieces], dtype=np.int64)
    for form, dress in FORMS.items():
        try:
            envelope = Envelope(form, msgspec.msgpack.encode(_gaps(raw, records, dress)), numbers)
            # tried before anything is kept: by a form that is nearly right the answer would be lost, and nobody told
            if _is_made_of(raw, unfold(envelope, records)):
                return envelope
        except ValueError:
            continue
    return Envelope(WHOLE, raw, numbers)


def _is_made_of(raw: bytes, pieces: Iterator[bytes]) -> bool:
    at = 0
    for piece in pieces:  # compared where they lie: put together, an answer of many years would be in memory twice
        if not raw.startswith(piece, at):
            return False
        at += len(piece)
    return at == len(raw)


def _gaps(raw: bytes, records: Sequence[bytes], dress: Callable[[bytes], bytes]) -> list[bytes]:
    """Return what stands in an answer before, between and behind its records."""
    gaps: list[bytes] = []
    at = length = 0
    for record in records:
        dressed = dress(record)
        # from where the last one ended: an answer may list the same bytes twice. Behind a gap no longer than the one
        # before, nearly always: to look no further than that takes a third of the time
        start = raw.find(dressed, at, at + length + len(dressed))
        if start < 0 and (start := raw.find(dressed, at)) < 0:
            raise ValueError("the record does not stand in the answer in this form")
        length = start - at
        gaps.append(raw[at:start])
        at = start + len(dressed)
    return [*gaps, raw[at:]]


def unfold(envelope: Envelope, records: Sequence[bytes]) -> Iterator[bytes]:
    """Yield the pieces of the answer in order; `records` are the raw records of `envelope.numbers`."""
    if envelope.form == WHOLE:
        yield envelope.gaps
        return
    dress = FORMS[envelope.form]
    gaps = msgspec.msgpack.decode(envelope.gaps, type=list[bytes])
    for gap, record in zip(gaps, [*records, b""], strict=True):
        yield gap
        yield dress(record)


def shortened(envelope: Envelope, is_left_out: npt.NDArray[np.bool_]) -> Envelope:
    """Return the envelope without those of some records beside which nothing but punctuation stands; the first two and
    the last stay, by which it is seen how records stand in this answer.
    """
    gaps = msgspec.msgpack.decode(envelope.gaps, type=list[bytes])
    numbers = envelope.numbers
    is_out = is_left_out[numbers]
    is_out[[*range(2)][: len(numbers)]] = is_out[-1:] = False
    if b"".join(gaps[1:-1]).strip(_PUNCTUATION):
        is_full = np.array([bool(gap.strip(_PUNCTUATION)) for gap in gaps])
        is_full[[0, -1]] = False
        is_out &= ~(is_full[:-1] | is_full[1:])
    # with each goes the gap behind it
    rest = [gaps[0], *(gaps[place + 1] for place in np.flatnonzero(~is_out).tolist())]
    return Envelope(envelope.form, msgspec.msgpack.encode(rest), numbers[~is_out])


def raw_records(snapshot: Snapshot, numbers: npt.NDArray[np.int64]) -> dict[int, bytes]:
    """Return the raw records of some observations, those that can be read, by number."""
    raws: dict[int, bytes] = {}
    for rows in batches(snapshot, "observations", ("obs", "raw"), among("obs", numbers)):
        raws.update(rows_of(rows, ("obs", "raw")))
    return raws


def raw_answer(snapshot: Snapshot | None, pull_id: str) -> bytes:
    """Return the answer of a pull exactly as it was received.

    Raises
    ------
    UsageError
        No pull has that id.
    DamagedError
        What is stored does not give the answer's hash.
    """
    columns = ("pull_id", "sha256", "form", "gaps", "numbers")
    pulls = read(snapshot, "pulls", columns) if snapshot else pa.table({"pull_id": pa.array([], pa.string())})
    found = pulls.filter(pc.equal(pulls["pull_id"], pull_id)).to_pylist()
    if not found or snapshot is None:
        raise UsageError(
            Text(f"存档里没有拉取 {pull_id}", f"the archive has no pull {pull_id}"),
            remedy=Text("可用的编号见 archive.pulls()", "archive.pulls() lists them"),
        )
    return whole_answer(snapshot, found[0])


def whole_answer(snapshot: Snapshot, pull: Mapping[str, Any]) -> bytes:
    """Return the raw answer of a row of the stored pulls.

    Raises
    ------
    DamagedError
        What is stored does not give the answer's hash.
    """
    raw = put_together(snapshot, pull)
    if raw is None:
        pull_id = pull["pull_id"]
        raise DamagedError(
            Text(f"拉取 {pull_id} 的原始回答已损坏", f"the raw answer of pull {pull_id} is damaged"),
            remedy=Text("运行 ytxdata verify 查看详情", "run ytxdata verify for details"),
        )
    return raw


def put_together(snapshot: Snapshot, pull: Mapping[str, Any]) -> bytes | None:
    """Return the raw answer of a row of the stored pulls, or None where what is stored does not give its hash."""
    envelope = Envelope(pull["form"], pull["gaps"], numbers_in(pull["numbers"]))
    raws = raw_records(snapshot, np.unique(envelope.numbers))
    try:
        raw = b"".join(unfold(envelope, [raws[number] for number in envelope.numbers.tolist()]))
    except (KeyError, ValueError):
        return None
    return raw if hashlib.sha256(raw).hexdigest() == pull["sha256"] else None


def never_taken_in(pull: Mapping[str, Any]) -> bool:
    """Whether a pull is of a sync that was interrupted, by a version that kept such answers without their records."""
    return pull["form"] == WHOLE and not pull["numbers"]


def may_hold_more(pull: Mapping[str, Any]) -> bool:
    """Whether a raw answer may hold records that are no observations: whether more than punctuation stands around
    those.

    What an earlier parser overlooked, or took for a duplicate, stands in the gaps. To read every answer of ten years
    again would take hours; that there is an opening brace where none belongs takes no reading.
    """
    if pull["form"] == WHOLE:
        return True
    first, *others = msgspec.msgpack.decode(pull["gaps"], type=list[bytes])
    between, last = b"".join(others[:-1]), others[-1] if others else b""
    is_plain = not between.strip(_PUNCTUATION) and not _OPENING & set(last) and first.count(b"{") <= 3
    return not is_plain or max(len(first), len(last)) > _LONGEST_ENVELOPE


class _Told(NamedTuple):
    """A record that is one of several of its meeting."""

    obs: int
    meeting_id: str
    twin: int
    replaces: int | None
    observed_at: datetime
    pull_id: str
    record_hash: bytes
    started_at: datetime | None


class Together(NamedTuple):
    """Four small tables: `obs` shown and the `record_hash` of each other that an answer told with it; `other`, `leg`
    that `obs` shows `as_leg`; the cells that `obs` then has, null where they are its own; `column`, `reason` and
    `raw_value` told of `obs`."""

    beside: pa.Table
    joined: pa.Table
    cells: pa.Table
    told: pa.Table


class _Others(NamedTuple):
    """By the record shown, the others that may say more of its meeting; how long after it [µs] those were told last
    that no answer told with it (before it: less than 0); all that were looked through, and those shown whose id has
    several meetings."""

    of: Mapping[int, Sequence[int]]
    apart: Mapping[int, int]
    told: Mapping[int, _Told]
    shared: set[int]


_LOOKED: WeakKeyDictionary[Snapshot, dict[datetime | None, Together]] = WeakKeyDictionary()
"""A report asks for seven views of one state, and the numbers of all pulls are looked through for each."""


def together(snapshot: Snapshot, as_of: datetime | None = None) -> Together:
    """Return what the views show of records that were told together, or without a start, as known at an instant."""
    looked = _LOOKED.setdefault(snapshot, {})
    if as_of not in looked:
        looked[as_of] = _together(snapshot, as_of)
    return looked[as_of]


def _together(snapshot: Snapshot, as_of: datetime | None) -> Together:
    of, apart, known, shared = _others(snapshot, as_of)
    numbers = np.array(sorted({one for shown in of for one in (shown, *of[shown])}), np.int64)
    told = [
        read(snapshot, name, ("obs", *columns), among("obs", numbers))
        for name, columns in (("meetings", MEETING_COLUMNS), ("legs", LEG_COLUMNS), ("problems", PROBLEM_COLUMNS))
    ]
    found = join_records(of, shared, told[0], told[1], told[2], "obs", apart)
    pairs = [(shown, known[one].record_hash.hex()) for shown in of for one in of[shown] if one not in apart]
    legs = [(obs, other, leg, as_leg) for (other, leg), (obs, as_leg) in found.legs.items()]
    cells = [(obs, *map(of_it.get, MEETING_COLUMNS)) for obs, of_it in found.cells.items()]
    # what an earlier version said otherwise is in the ledger: a booking's parties would be told of every meeting
    texts = [
        (obs, column, reason, text)
        for obs, other, column, reason, text in found.told
        if reason != "earlier_value" or known[other].replaces == other
    ]
    number, text = pa.int64(), pa.string()
    types = arrow_schema(MEETINGS)
    return Together(
        table_of(pairs, pa.schema({"obs": number, "record_hash": text})),
        table_of(legs, pa.schema({"obs": number, "other": number, "leg": number, "as_leg": number})),
        table_of(cells, pa.schema([OBS, *(types.field(name) for name in MEETING_COLUMNS)])),
        table_of(texts, pa.schema({"obs": number, "column": text, "reason": text, "raw_value": text})),
    )


def table_of(rows: Sequence[tuple[object, ...]], schema: pa.Schema) -> pa.Table:
    """Return rows, their cells in the order of a schema, as a table."""
    columns = [pa.array([row[place] for row in rows], field.type) for place, field in enumerate(schema)]
    return pa.table(columns, schema=schema)


def current_records(snapshot: Snapshot | None) -> list[bytes]:
    """Return the raw record of every meeting's latest version, the others that may say more, and every rejected one."""
    if snapshot is None:
        return []
    replaced = read(snapshot, "meetings", ("replaces",), filled("replaces"))["replaces"].to_numpy()
    numbers = np.setdiff1d(np.arange(snapshot.head.counts["observations"]), replaced)
    others = [one for some in _others(snapshot, None).of.values() for one in some]
    numbers = np.union1d(numbers, np.array(others, np.int64))
    return [raw for _, raw in sorted(raw_records(snapshot, numbers).items())]


def _others(snapshot: Snapshot, as_of: datetime | None) -> _Others:
    """Return what answers told with the records that meetings show, and what any answer told of them without a start:
    that takes no meeting's place (`identity.says_less`), and what it says alone is not unsaid.
    """
    told = {row[0]: _Told(*row) for row in rows_of(_with_namesakes(snapshot, as_of), _Told._fields)}
    replaced = {one.replaces for one in told.values()}
    shown = {(one.meeting_id, one.twin): one.obs for one in told.values() if one.obs not in replaced}
    # by number, an array and no dictionary: each pull of ten years is looked through
    shown_of = np.full(snapshot.head.counts["observations"], -1)
    for one in told.values():
        shown_of[one.obs] = shown.get((one.meeting_id, one.twin), -1)
    last_at = np.zeros(len(shown_of), np.int64)
    found: dict[int, set[int]] = defaultdict(set)
    for asked_at, listed in _listed(snapshot, as_of, told.values(), shown_of) if told else ():
        last_at[listed] = np.maximum(last_at[listed], asked_at)
        _, at, n = np.unique(shown_of[listed], return_inverse=True, return_counts=True)
        several = set(listed[n[at] > 1].tolist())
        for number in several:
            if (best := int(shown_of[number])) in several and best != number:
                found[best].add(number)
    alone: dict[int, dict[int, int]] = defaultdict(dict)
    for number, one in told.items():
        best = int(shown_of[number])
        if one.started_at is None and best >= 0 and number not in (best, *found.get(best, ())):
            # two answers of one instant: neither was before the other, and together they were not told
            alone[best][number] = int(last_at[number] - last_at[best]) or -1
    of = {best: _once(found.get(best, ()), alone.get(best, {}), told) for best in sorted({*found, *alone})}
    n_of_id = Counter(meeting_id for meeting_id, _ in shown)
    shared = {obs for (meeting_id, _), obs in shown.items() if n_of_id[meeting_id] > 1}
    return _Others(of, {number: when for some in alone.values() for number, when in some.items()}, told, shared)


def _once(together: Collection[int], alone: Mapping[int, int], told: Mapping[int, _Told]) -> list[int]:
    """Return observations of a meeting by their hash, those that an answer told alone behind the others, the last
    first, as a history has them: what came back to an old text is two of one text.
    """

    def text(number: int) -> bytes:
        return told[number].record_hash

    texts = {text(one): one for one in sorted(together, key=lambda one: (text(one), one))}
    for one in sorted(alone, key=lambda one: (-alone[one], text(one))):
        texts.setdefault(text(one), one)
    return [*texts.values()]


def _with_namesakes(snapshot: Snapshot, as_of: datetime | None) -> pa.Table:
    """Return the versions of all meetings that have more than one: an archive without any is not read for them."""
    newer = read(snapshot, "meetings", ("meeting_id", "replaces"), filled("replaces"))
    ids = newer["meeting_id"].unique()
    rows = read(snapshot, "meetings", _Told._fields, among("obs", find(snapshot.runs, ids.to_pylist())))
    rows = rows.filter(pc.is_in(rows["meeting_id"], value_set=ids))
    return up_to(rows, "observed_at", as_of)


def _listed(
    snapshot: Snapshot, as_of: datetime | None, told: Iterable[_Told], shown_of: Numbers
) -> Iterator[tuple[int, Numbers]]:
    """Yield when each answer was asked [µs], and the observations of meetings with several versions that it listed."""
    brought: dict[str, list[int]] = defaultdict(list)
    for one in told:
        brought[one.pull_id].append(one.obs)
    for asked_at, pull_id, listed in listings(snapshot, as_of):
        # what was regained from a raw answer is among no pull's numbers
        here = np.unique(np.concatenate([listed, np.array(brought.get(pull_id, ()), np.int64)]))
        yield asked_at, here[shown_of[here] >= 0]
