"""Raw records and whole raw answers, recoverable to the byte from the records and what stood between them.

An answer repeats records that are stored already. So a pull keeps the *gaps* (brackets, commas, what is no
record) and the numbers of the observations in between; put together they must give the SHA-256 of
the answer, which is tried before anything is stored. An answer that cannot be folded is kept whole.

Which records stood together in one answer is read off here too: nothing of it is stored.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ytxdata.archive.heads import Snapshot, among, batches, filled, read
from ytxdata.archive.stored_files import Numbers, find
from ytxdata.errors import DamagedError, UsageError
from ytxdata.labels import Text
from ytxdata.records.joined import LEG_COLUMNS, MEETING_COLUMNS, PROBLEM_COLUMNS, join_records
from ytxdata.records.schema import MEETINGS, arrow_schema
from ytxdata.records.values import rows_of


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

    @property
    def number_bytes(self) -> bytes:
        """The numbers as differences, which compress to almost nothing."""
        return np.diff(self.numbers, prepend=0).astype("<i8").tobytes()

    @classmethod
    def from_cells(cls, form: str, gaps: bytes, number_bytes: bytes) -> Envelope:
        """Rebuild an envelope from what the archive keeps of it."""
        return cls(form, gaps, np.cumsum(np.frombuffer(number_bytes, dtype="<i8")))


def fold(raw: bytes, pieces: Sequence[tuple[bytes, int]]) -> Envelope:
    """Return the envelope of an answer whose stored records are `pieces`, in the order they stand in it.

    The numbers may be provisional: `renumber` replaces them once the records have theirs.
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


def renumber(envelope: Envelope, final: Callable[[Numbers], Numbers]) -> Envelope:
    """Return the envelope with final numbers for its records."""
    return Envelope(envelope.form, envelope.gaps, final(envelope.numbers))


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


def raw_records(snapshot: Snapshot, numbers: npt.NDArray[np.int64]) -> dict[int, bytes]:
    """Return the raw records of some observations, those that can be read, by number."""
    raws: dict[int, bytes] = {}
    for rows in batches(snapshot, "observations", ("obs", "raw"), among("obs", numbers)):
        raws.update(zip(rows["obs"].to_pylist(), rows["raw"].to_pylist(), strict=True))
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
    raw = put_together(snapshot, found[0])
    if raw is None:
        raise DamagedError(
            Text(f"拉取 {pull_id} 的原始回答已损坏", f"the raw answer of pull {pull_id} is damaged"),
            remedy=Text("运行 ytxdata verify 查看详情", "run ytxdata verify for details"),
        )
    return raw


def put_together(snapshot: Snapshot, pull: Mapping[str, Any]) -> bytes | None:
    """Return the raw answer of a row of the stored pulls, or None where what is stored does not give its hash."""
    envelope = Envelope.from_cells(pull["form"], pull["gaps"], pull["numbers"])
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


_INSTANT = pa.timestamp("us", tz="UTC")
_VERSIONS = ("obs", "meeting_id", "twin", "replaces", "observed_at", "pull_id", "record_hash")


class Together(NamedTuple):
    """Four small tables: `obs` shown and the `record_hash` of each other; `other`, `leg` that `obs` shows `as_leg`; the
    cells that `obs` then has, null where they are its own; `column`, `reason` and `raw_value` told of `obs`."""

    beside: pa.Table
    joined: pa.Table
    cells: pa.Table
    told: pa.Table


def together(snapshot: Snapshot, as_of: datetime | None = None) -> Together:
    """Return what the views show of records that were told together, as known at an instant."""
    hashes, others, shared = _beside(snapshot, as_of)
    numbers = np.array(sorted({one for shown in others for one in (shown, *others[shown])}), np.int64)
    told = [
        read(snapshot, name, ("obs", *columns), among("obs", numbers))
        for name, columns in (("meetings", MEETING_COLUMNS), ("legs", LEG_COLUMNS), ("problems", PROBLEM_COLUMNS))
    ]
    found = join_records(others, shared, told[0], told[1], told[2], "obs")
    pairs = [(shown, hashes[other].hex()) for shown in others for other in others[shown]]
    legs = [(obs, other, leg, as_leg) for (other, leg), (obs, as_leg) in found.legs.items()]
    cells = [(obs, *map(of_it.get, MEETING_COLUMNS)) for obs, of_it in found.cells.items()]
    number, text = pa.int64(), pa.string()
    types = arrow_schema(MEETINGS)
    return Together(
        _table(pairs, {"obs": number, "record_hash": text}),
        _table(legs, {"obs": number, "other": number, "leg": number, "as_leg": number}),
        _table(cells, {"obs": number, **{name: types.field(name).type for name in MEETING_COLUMNS}}),
        _table(found.told, {"obs": number, "column": text, "reason": text, "raw_value": text}),
    )


def _table(rows: Sequence[tuple[object, ...]], types: Mapping[str, pa.DataType]) -> pa.Table:
    return pa.table([pa.array([row[i] for row in rows], kind) for i, kind in enumerate(types.values())], list(types))


def current_records(snapshot: Snapshot | None) -> list[bytes]:
    """Return the raw record of every meeting's latest version, those told beside it, and every rejected one."""
    if snapshot is None:
        return []
    replaced = read(snapshot, "meetings", ("replaces",), filled("replaces"))["replaces"].to_numpy()
    numbers = np.setdiff1d(np.arange(snapshot.head.counts["observations"]), replaced)
    beside = [one for others in _beside(snapshot, None)[1].values() for one in others]
    numbers = np.union1d(numbers, np.array(beside, np.int64))
    return [raw for _, raw in sorted(raw_records(snapshot, numbers).items())]


def _beside(snapshot: Snapshot, as_of: datetime | None) -> tuple[dict[int, bytes], dict[int, list[int]], set[int]]:
    """Return the hash of each record that may matter; by the record shown, those that answers told beside it; and the
    records shown whose id has several meetings."""
    rows = _with_namesakes(snapshot, as_of)
    replaced = set(rows["replaces"].drop_null().to_pylist())
    shown: dict[tuple[str, int], int] = {}
    group: dict[tuple[str, int], list[int]] = defaultdict(list)
    hashes: dict[int, bytes] = {}
    brought: dict[str, list[int]] = defaultdict(list)
    for obs, meeting_id, twin, _, _, pull_id, digest in rows_of(rows, _VERSIONS):
        group[meeting_id, twin].append(obs)
        hashes[obs] = digest
        brought[pull_id].append(obs)
        if obs not in replaced:
            shown[meeting_id, twin] = obs
    # by number, an array and no dictionary: each pull of ten years is looked through
    shown_of = np.full(snapshot.head.counts["observations"], -1)
    for key, numbers in group.items():
        if len(numbers) > 1 and key in shown:
            shown_of[numbers] = shown[key]
    found: dict[int, set[int]] = defaultdict(set)
    for listed in _listed(snapshot, as_of, brought, shown_of) if group else ():
        _, at, n = np.unique(shown_of[listed], return_inverse=True, return_counts=True)
        several = set(listed[n[at] > 1].tolist())
        for one in several:
            if (best := int(shown_of[one])) in several and best != one:
                found[best].add(one)
    n_of_id = Counter(meeting_id for meeting_id, _ in shown)
    shared = {obs for (meeting_id, _), obs in shown.items() if n_of_id[meeting_id] > 1}
    return hashes, {best: _once(others, hashes) for best, others in sorted(found.items())}, shared


def _once(others: set[int], hashes: Mapping[int, bytes]) -> list[int]:
    """Return observations by their hash, as a history has them: what came back to an old text is two of one text."""
    return [*{hashes[one]: one for one in sorted(others, key=lambda one: (hashes[one], one))}.values()]


def _with_namesakes(snapshot: Snapshot, as_of: datetime | None) -> pa.Table:
    """Return the versions of all meetings that have more than one: an archive without any is not read for them."""
    newer = read(snapshot, "meetings", ("meeting_id", "replaces"), filled("replaces"))
    ids = newer["meeting_id"].unique()
    rows = read(snapshot, "meetings", _VERSIONS, among("obs", find(snapshot.runs, ids.to_pylist())))
    rows = rows.filter(pc.is_in(rows["meeting_id"], value_set=ids))
    return rows if as_of is None else rows.filter(pc.less_equal(rows["observed_at"], pa.scalar(as_of, _INSTANT)))


def _listed(
    snapshot: Snapshot, as_of: datetime | None, brought: Mapping[str, list[int]], shown_of: Numbers
) -> Iterator[Numbers]:
    """Yield the observations of meetings with several versions that each answer listed."""
    for pulls in batches(snapshot, "pulls", ("asked_at", "pull_id", "form", "numbers")):
        if as_of is not None:
            pulls = pulls.filter(pc.less_equal(pulls["asked_at"], pa.scalar(as_of, _INSTANT)))
        cells = (pulls[name].to_pylist() for name in ("pull_id", "form", "numbers"))
        for pull_id, form, listed in zip(*cells, strict=True):
            here = Envelope.from_cells(form, b"", listed).numbers
            # what was regained from a raw answer is among no pull's numbers
            here = np.unique(np.concatenate([here, np.array(brought.get(pull_id, ()), np.int64)]))
            yield here[shown_of[here] >= 0]
