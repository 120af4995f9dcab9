"""Derive anew all that follows from the raw data, rows and claims, and say what stored is other.

The hash in a head shows that a file is what was written. Whoever edits a table and the head that vouches for it leaves
both in agreement: only what the rows are made of shows it. Raw records in turn must stand in the answers that brought
them, whose hashes are in the chain of pulls.

What a head claims rests on evidence that all syncs before it left behind, so no part of that can be judged by itself.
All raw answers go through the rules once more, sync by sync, into an archive of their own.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from ytxdata.archive.heads import Snapshot, among, batches, canonical, newest, read, read_head, sequences
from ytxdata.archive.known_meetings import evidence_of, plain_periods
from ytxdata.archive.ownership import writing
from ytxdata.archive.raw_answers import FORMS, Envelope, put_together, raw_records
from ytxdata.archive.rebuild import Place, counts_of, derived_from, places_of, records_in
from ytxdata.archive.stored_files import DERIVED_TABLES, OBSERVATIONS_STORED, Numbers, hashes_of, read_run
from ytxdata.archive.sync import keep_answers, prepared, sync
from ytxdata.archive.verification import Damage
from ytxdata.archive.witnesses import entries, heard_again
from ytxdata.archive.write_sync import ANEW, keys_of
from ytxdata.errors import DamagedError, RefusedError
from ytxdata.files import that_may_be_lost
from ytxdata.history.proof.certificate import Certificate, Period, certify
from ytxdata.history.proof.policy import DEFAULT_POLICY, Verdict
from ytxdata.history.proof.reading import patient
from ytxdata.labels import Text
from ytxdata.records.aliases import Aliases
from ytxdata.records.answer import Answer, read_answer
from ytxdata.times import dates_by

_OTHER = Text("与由原始记录重新得出的不同：{columns}", "it is not what the raw records give: {columns}")
_OTHER_HEARING = Text(
    "所存的结果不是这份清单与各表核对的结果", "what is kept of it is not what its list and the tables give"
)
_OTHER_COUNT = Text("控制文件记有 {told}，实为 {n}", "the head tells of {told}, there are {n}")
_BAD_ANSWER = Text("拉取 {pull} 的原始回答已损坏", "the raw answer of pull {pull} is damaged")
_MOST_TOLD = 20


def rows_that_differ(snapshot: Snapshot) -> tuple[int, list[Damage]]:
    """Return how many rows were derived anew and compared, and everything that differs."""
    compared = _Compared()
    found = [
        *compared.derived(snapshot),
        *_places(snapshot),
        *_counts(snapshot),
        *_index(snapshot),
        *_origins(snapshot),
        *_witnesses(snapshot),
        *_periods(snapshot),
    ]
    return compared.n_rows, found


class _Compared:
    """The derived tables, record by record; it counts the rows."""

    n_rows = 0

    def derived(self, snapshot: Snapshot) -> Iterator[Damage]:
        aliases = snapshot.aliases
        n_rows = dict.fromkeys(DERIVED_TABLES, 0)
        for observed in batches(snapshot, "observations", OBSERVATIONS_STORED.names):
            numbers = np.sort(observed["obs"].to_numpy())
            for name, wanted in derived_from(observed, aliases).items():
                stored = read(snapshot, name, DERIVED_TABLES[name].names, among("obs", numbers)).sort_by("obs")
                n_rows[name] += stored.num_rows
                yield from _different(f"{snapshot.head.generation}/{name}", wanted, stored)
        for name, n in n_rows.items():
            if n != sum(file.rows for file in snapshot.files(name)):
                detail = Text("有不属于任何记录的行", "it has rows that are of no record")
                yield Damage("row", f"{snapshot.head.generation}/{name}", detail)
        self.n_rows = sum(n_rows.values())


def _different(name: str, wanted: pa.Table, stored: pa.Table) -> Iterator[Damage]:
    columns = [column for column in wanted.column_names if column not in Place._fields or "meetings" not in name]
    wanted, stored = (rows.select(columns).combine_chunks() for rows in (wanted, stored))
    if wanted.equals(stored):
        return
    if not wanted["obs"].equals(stored["obs"]):
        ours, theirs = (Counter(rows["obs"].to_pylist()) for rows in (wanted, stored))
        numbers = sorted(n for n in ours.keys() | theirs.keys() if ours[n] != theirs[n])
        yield from _told(name, {number: ["obs"] for number in numbers})
        return
    others: dict[int, list[str]] = {}
    for column in columns:
        if not wanted[column].equals(stored[column]):
            pairs = zip(wanted["obs"].to_pylist(), wanted[column].to_pylist(), stored[column].to_pylist(), strict=True)
            for number, one, other in pairs:
                if one != other:
                    others.setdefault(number, []).append(column)
    yield from _told(name, others)


def _told(name: str, others: Mapping[int, Sequence[str]]) -> Iterator[Damage]:
    for number, columns in list(others.items())[:_MOST_TOLD]:
        yield Damage("row", f"{name} {number}", _OTHER.format(columns=", ".join(dict.fromkeys(columns))))
    if len(others) > _MOST_TOLD:
        rest = len(others) - _MOST_TOLD
        detail = Text(f"另有 {rest} 行与原始记录不符", f"{rest} more rows are not what the raw records give")
        yield Damage("row", name, detail)


def _places(snapshot: Snapshot) -> Iterator[Damage]:
    """Which version is whose, and which one a row replaces: by this it is decided what is shown as the latest."""
    places = places_of(snapshot, lambda columns: read(snapshot, "meetings", columns))
    alone = Place(0, 1, None)
    others: dict[int, list[str]] = {}
    for rows in batches(snapshot, "meetings", ("obs", *Place._fields)):
        columns = [rows[name].to_pylist() for name in ("obs", *Place._fields)]
        for number, *cells in zip(*columns, strict=True):
            wanted = places.get(number, alone)
            if tuple(cells) != wanted:
                pairs = zip(Place._fields, cells, wanted, strict=True)
                others[number] = [name for name, one, other in pairs if one != other]
    yield from _told(f"{snapshot.head.generation}/meetings", others)


def _counts(snapshot: Snapshot) -> Iterator[Damage]:
    for name, n in counts_of(snapshot).items():
        if snapshot.head.counts[name] != n:
            yield Damage("law", name, _OTHER_COUNT.format(told=snapshot.head.counts[name], n=n))


def _index(snapshot: Snapshot) -> Iterator[Damage]:
    """Every key must lead to its observation: one that is lacking would make a known meeting new again."""
    wanted = [(hashes_of(rows["key"].to_pylist()), rows["obs"].to_numpy()) for rows in keys_of(snapshot)]
    stored = [read_run(path) for path in snapshot.runs]

    def ordered(runs: Sequence[tuple[Any, Any]]) -> tuple[Any, Any]:
        hashes = np.concatenate([np.empty(0, np.uint64), *(run[0] for run in runs)])
        numbers = np.concatenate([np.empty(0, np.int64), *(run[1] for run in runs)])
        order = np.lexsort((numbers, hashes))
        return hashes[order], numbers[order]

    if not all(np.array_equal(*pair) for pair in zip(ordered(wanted), ordered(stored), strict=True)):
        yield Damage("index", "index", Text("与各表的编号不符", "it is not the index of these tables"))


class _Origin(NamedTuple):
    """Where observations say they come from: by observation, the place of its pull, position and instant."""

    pull_ids: list[str]
    pulls: Numbers
    positions: Numbers
    instants: Numbers


def _origins(snapshot: Snapshot) -> Iterator[Damage]:
    """Every observation stands in the answer that is said to have brought it, at its place and of its time."""
    origin = _origin_of(snapshot)
    by_pull = np.argsort(origin.pulls, kind="stable")
    edges = np.searchsorted(origin.pulls[by_pull], np.arange(len(origin.pull_ids) + 1))
    place = {pull_id: at for at, pull_id in enumerate(origin.pull_ids)}
    n_seen, strangers, known = 0, [], set[int]()
    for pulls in batches(snapshot, "pulls", ("pull_id", "asked_at", "sha256", "form", "gaps", "numbers")):
        for pull, asked_at in zip(pulls.to_pylist(), pulls["asked_at"].cast(pa.int64()).to_pylist(), strict=True):
            at = place.get(pull["pull_id"])
            if at is None:
                continue
            mine = by_pull[edges[at] : edges[at + 1]]
            # the same answer twice in one tick of a coarse clock is two pulls of one id
            n_seen += 0 if at in known else len(mine)
            known.add(at)
            listed = Envelope.from_cells(pull["form"], b"", pull["numbers"]).numbers
            strange = _not_at_its_place(mine, origin.positions[mine], listed)
            late = mine[origin.instants[mine] != asked_at]
            # what was regained is among no pull's numbers, and stands in the answer all the same
            moved = np.intersect1d(strange, listed)
            lacking = _not_in(snapshot, pull, np.setdiff1d(strange, listed))
            strangers += [*late.tolist(), *moved.tolist(), *lacking]
    for number in sorted(set(strangers))[:_MOST_TOLD]:
        yield Damage("record", str(number), Text("不在它所说的回答里", "it is not in the answer that it names"))
    if missing := len(origin.pulls) - n_seen:
        yield Damage("record", f"{missing}", Text("所属的拉取不存在", "no pull is the one they name"))


def _origin_of(snapshot: Snapshot) -> _Origin:
    columns = ("obs", "pull_id", "position", "observed_at")
    rows = read(snapshot, "observations", columns).sort_by("obs")
    codes = rows["pull_id"].combine_chunks().dictionary_encode()
    numbers = codes.indices.to_numpy().astype(np.int64)
    instants = rows["observed_at"].cast(pa.int64()).to_numpy()
    return _Origin(codes.dictionary.to_pylist(), numbers, rows["position"].to_numpy(), instants)


def _not_at_its_place(mine: Numbers, positions: Numbers, listed: Numbers) -> Numbers:
    if not len(listed):
        return mine
    inside = (positions >= 0) & (positions < len(listed))
    at = np.where(inside, positions, 0)
    strange: Numbers = mine[~inside | (listed[at] != mine)]
    return strange


def _not_in(snapshot: Snapshot, pull: Mapping[str, Any], numbers: Numbers) -> list[int]:
    """Return those of some observations whose text a raw answer does not hold."""
    if not len(numbers):
        return []
    raw = put_together(snapshot, pull) or b""
    lacking = {number: text for number, text in raw_records(snapshot, numbers).items() if not _stands_in(raw, text)}
    if not lacking:
        return []
    asked_at: datetime = pull["asked_at"]
    told = {hashlib.sha256(one).digest() for one in records_in(raw, asked_at, snapshot.aliases)}
    return [number for number, text in lacking.items() if hashlib.sha256(text).digest() not in told]


def _stands_in(raw: bytes, text: bytes) -> bool:
    def wide(encoding: str) -> Callable[[bytes], bytes]:
        return lambda one: one.decode("utf-8").encode(encoding)

    for dress in (*FORMS.values(), *map(wide, ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"))):
        try:
            if dress(text) in raw:
                return True
        except ValueError:
            continue
    return False


def _periods(snapshot: Snapshot) -> Iterator[Damage]:
    """What a head claims must be what its evidence gives; whether that is the evidence, `recompute` tells."""
    state = snapshot.head.state
    evidence = evidence_of(state)
    certificate = certify(evidence, patient(DEFAULT_POLICY, evidence))
    if "evidence" in state and [list(one) for one in state["periods"]] != plain_periods(certificate):
        detail = Text("与所存证据给出的不同", "it is not what the evidence that is kept gives")
        yield Damage("claim", "certificate", detail)


def _witnesses(snapshot: Snapshot) -> Iterator[Damage]:
    """What a head says by the rules of today must be what list and tables give; by others, it proves nothing."""
    kept = list(entries(snapshot.head.state))
    for entry, now in zip(kept, heard_again(snapshot, snapshot.head.state) if kept else (), strict=True):
        # as JSON: a head that was read back has lists where a fresh hearing has tuples
        if entry.get("rules") == now["rules"] and canonical(entry) != canonical(now):
            name = entry["hearing"]["name"]
            yield Damage("law", f"witnesses/{name}", _OTHER_HEARING)


CLOCK = timedelta(minutes=10)
"""How far edges of what is claimed may lie elsewhere: heads of an earlier version kept steps of five minutes only."""

_CLAIMS = ("periods", "outside", "evidence", "exempt")
_ACCOUNT = ("recomputed", "")


class _EndedError(RefusedError):
    """The sync that is judged again was interrupted here, or its next question was another one."""


class Recorded:
    """A platform that answers as it did then: the first question of a sync with whatever came, others as they were
    asked.
    """

    identity = _ACCOUNT

    def __init__(self, answers: Iterable[Answer]) -> None:
        self._rest = iter(answers)
        self.next = next(self._rest, None)
        self._is_first = True

    def begin(self) -> None:
        """Let the next sync begin."""
        self._is_first = True

    def query_meeting(self, confid: str = "", meetingcount: int = 1) -> Answer:  # noqa: ARG002 (a platform's words)
        """Return the next answer."""
        answer = self.next
        if answer is None or not (self._is_first or answer.asked_n == meetingcount):
            raise _EndedError(Text("没有下一个回答", "there is no next answer"))
        self.next, self._is_first = next(self._rest, None), False
        return answer


def replay(root: Path, answers: Iterable[Answer], aliases: Aliases, settle: timedelta) -> None:
    """Sync an archive with answers of old, each sync at the time of its first answer.

    Where a sync ended is seen by what the rules would have asked next: one that was interrupted, by the answers that
    are no answers to that. These are kept without a claim, as they were then.
    """
    platform, policy = Recorded(answers), replace(DEFAULT_POLICY, settle=settle)
    while platform.next is not None:
        platform.begin()
        with suppress(_EndedError):
            sync(root, platform, aliases, 0, policy, platform.next.asked_at)


class _Span(NamedTuple):
    """Pulls from one kept head to the next; `is_claimed` is False for those that nothing was claimed by."""

    n_pulls: int
    is_claimed: bool


def claims_that_differ(snapshot: Snapshot) -> Iterator[Text]:
    """Yield what a head claims and its answers do not give.

    Parsed, judged and written again, each sync costs what it cost then, and the copy lies in the folder for temporary
    files meanwhile.
    """
    told = snapshot.head.state
    if "evidence" in told:  # as it counts: an earlier version told sizes of gaps, which have none
        told = {**told, "evidence": {**told["evidence"], "windows": evidence_of(told).to_dict()["windows"]}}
    settle = max(timedelta(seconds=evidence_of(told).settle_s), DEFAULT_POLICY.settle)
    with (
        tempfile.TemporaryDirectory(prefix="ytxdata-recompute-", ignore_cleanup_errors=True) as folder,
        that_may_be_lost(),
    ):
        root = Path(folder) / "archive"
        answers = _answers(snapshot)
        for span in _spans(snapshot):
            mine = islice(answers, span.n_pulls)
            if span.is_claimed:
                replay(root, mine, snapshot.aliases, settle)
            else:
                _kept(root, list(mine), snapshot.aliases)
        derived = after.head.state if (after := newest(root)) else {}
    evidence = evidence_of(told)
    if evidence.is_of_bytes or evidence.reopened_at:
        # other rules asked other questions and took other syncs for finished: what is claimed modestly is no damage
        given = certify(evidence_of(derived), patient(DEFAULT_POLICY, evidence))
        at = datetime.fromisoformat
        claimed = Certificate.of((Period(at(a), at(b), reason) for a, b, reason, _ in told["periods"]), told["outside"])
        # but what no answer reached none can cover by being judged otherwise: a gap stays, as proof must be proof
        yield from (_TOO_MUCH.format(**edges) for edges in _only_in(claimed, given, "PROVEN"))
        yield from (_NO_GAP.format(**edges) for edges in _only_in(given, claimed, "GAP"))
        return
    for name in _CLAIMS:
        where = next(_differences(name, told.get(name), _said(derived.get(name), told.get(name))), None)
        if where is not None:
            other = _OTHER_INSTANT if _apart(where[1], where[2]) is not None else _OTHER_CLAIM
            yield other.format(where=where[0], told=str(where[1])[:80], derived=str(where[2])[:80])


def _only_in(one: Certificate, other: Certificate, verdict: Verdict) -> Iterator[dict[str, str]]:
    """Yield the edges of the periods to which one certificate gives a verdict, and another does not."""
    for said in (period for period in one.periods if period.verdict == verdict):
        first, last = said.start + CLOCK, said.end - CLOCK
        if first < last and any(part.verdict != verdict for part in other.over(first, last).periods):
            yield {"start": said.start.isoformat(), "end": said.end.isoformat()}


_OTHER_CLAIM = Text(
    "{where} 为 {told}，由原始回答按现行规则得出的是 {derived}",
    "{where} is {told}; by the rules of today {derived} follows from the raw answers",
)

_OTHER_INSTANT = Text(
    f"{_OTHER_CLAIM.zh}（若由未记录时钟偏差的旧版本同步，而当时本机时钟与平台的 Date 不一致，也会如此，并非损坏）",
    f"{_OTHER_CLAIM.en} (no damage, if an earlier version, which kept no offsets, synced while this machine's clock and "
    "the platform's Date differed)",
)

_TOO_MUCH = Text(
    "{start} 至 {end} 标为 PROVEN，由原始回答按现行规则得不出（若由早期版本按当时的规则提问和判断，则并非损坏）",
    "{start} to {end} is called PROVEN, which by the rules of today does not follow from the raw answers (no damage, if "
    "an earlier version asked and judged by rules of its own)",
)
_NO_GAP = Text(
    "{start} 至 {end} 未标为间隙，由原始回答按现行规则得出的是间隙（若由早期版本按当时的规则提问和判断，则并非损坏）",
    "{start} to {end} is not called a gap, and by the rules of today it is one in the raw answers (no damage, if an "
    "earlier version asked and judged by rules of its own)",
)


def _said(derived: Any, told: Any) -> Any:
    """Return of what is derived that of which an earlier version, too, left evidence: the next sync keeps the rest."""
    is_part = isinstance(told, dict) and isinstance(derived, dict) and "windows" in told
    return {name: value for name, value in derived.items() if name in told} if is_part else derived


def _kept(root: Path, answers: Sequence[Answer], aliases: Aliases) -> None:
    with writing(root, 0):
        ready = prepared(root, _ACCOUNT, aliases)
        keep_answers(root, ready.snapshot if ready else None, _ACCOUNT, answers, aliases)


def _spans(snapshot: Snapshot) -> Iterator[_Span]:
    """Yield the pulls between heads that are kept, as far as these tell; where heads went, of many syncs together."""
    kept = [(0, 0, "")]
    for number in sequences(snapshot.root):
        with suppress(DamagedError):
            body = read_head(snapshot.root, number).body
            told = (number, body["counts"].get("pulls", 0), body["kind"])
            kept = [*(kept[:1] if body["kind"] == ANEW else kept), told]
    for (before, first, _), (number, end, kind) in pairwise(kept):
        if end > first:
            yield _Span(end - first, is_claimed=kind == "sync" or (kind != ANEW and number > before + 1))


def _answers(snapshot: Snapshot) -> Iterator[Answer]:
    """Yield the answers of all pulls as they were read then, in the order of keeping."""
    aliases = snapshot.aliases
    columns = ("pull_id", "asked_at", "answered_at", "asked_n", "attempts", "sha256", "form", "gaps", "numbers")
    date_of = dates_by(snapshot.head.state.get("clocks", ()))
    for pulls in batches(snapshot, "pulls", columns):
        for pull in pulls.to_pylist():
            raw = put_together(snapshot, pull)
            if raw is None:
                raise DamagedError(_BAD_ANSWER.format(pull=pull["pull_id"]))
            yield read_answer(
                raw, server_date=date_of(pull["pull_id"], pull["asked_at"], pull["answered_at"]), asked_at=pull["asked_at"], answered_at=pull["answered_at"], asked_n=pull["asked_n"],
                attempts=pull["attempts"], aliases=aliases,
            )  # fmt: skip


def _differences(where: str, told: Any, derived: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield the places where two JSON values differ, instants by more than the clocks may have been apart."""
    if isinstance(told, dict) and isinstance(derived, dict) and told.keys() == derived.keys():
        for key in told:
            yield from _differences(f"{where}.{key}", told[key], derived[key])
    elif isinstance(told, list | tuple) and isinstance(derived, list | tuple) and len(told) == len(derived):
        for place, pair in enumerate(zip(told, derived, strict=True)):
            yield from _differences(f"{where}[{place}]", *pair)
    elif isinstance(told, dict) and isinstance(derived, dict):
        name = min(told.keys() ^ derived.keys())
        yield f"{where}.{name}", told.get(name), derived.get(name)
    elif told != derived and not _is_near(told, derived):
        yield where, told, derived


def _is_near(told: Any, derived: Any) -> bool:
    apart = _apart(told, derived)
    return apart is not None and apart <= CLOCK


def _apart(told: Any, derived: Any) -> timedelta | None:
    with suppress(ValueError, TypeError):
        return abs(datetime.fromisoformat(told) - datetime.fromisoformat(derived))
    return None
