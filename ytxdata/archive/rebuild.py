"""Derive the tables again from the raw records: when the parser or the names it knows have changed.

The new tables stand beside the old ones until one head points to them, so readers never see a mixture. What `changes`
compares always comes from one parser, so a better parser is never taken for a change by the platform.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import chain, pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ytxdata.archive.changes import shown_at, told_again
from ytxdata.archive.heads import Snapshot
from ytxdata.archive.known_meetings import (
    VERSION_COLUMNS,
    Twins,
    Unjudged,
    Version,
    evidence_of,
    from_rows,
    plain_periods,
)
from ytxdata.archive.raw_answers import (
    listings,
    may_hold_more,
    never_taken_in,
    numbers_in,
    put_together,
    table_of,
    whole_answer,
)
from ytxdata.archive.stored_files import (
    DERIVED_TABLES,
    MEETINGS_STORED,
    OBSERVATIONS_STORED,
    RAW_TABLES,
)
from ytxdata.archive.stored_rows import batches, read
from ytxdata.archive.whole_files import check_whole
from ytxdata.archive.write_sync import Writer, index_again, stored_rows
from ytxdata.errors import YtxError
from ytxdata.history.proof.answer_facts import pull_facts
from ytxdata.history.proof.certificate import certify
from ytxdata.history.proof.evidence import Note, PullFacts
from ytxdata.history.proof.policy import DEFAULT_POLICY
from ytxdata.history.proof.rules import patient
from ytxdata.history.proof.verdict import measured
from ytxdata.labels import Text
from ytxdata.records.aliases import Aliases
from ytxdata.records.answer import read_answer
from ytxdata.records.identity import by_meeting
from ytxdata.records.normalize import aliases_of, normalize, parser_mark
from ytxdata.records.odd_records import that_may_hold_others
from ytxdata.records.signs import signs_of

_REGAINED = Text(
    "已用当前规则重新读取原始回答：找回 {regained} 条记录，多出 {more_meetings} 场会议",
    "raw answers were read again with the present rules: {regained} records regained, {more_meetings} more meetings",
)
REOPENED = Text(
    "早期版本只按字节确认的时段需重新确认：平台的上限也可能按参会方或字符计数",
    "what an earlier version confirmed by bytes alone is to be confirmed anew: a limit may count parties or characters",
)

Names = Sequence[tuple[int, Aliases]]
"""From how many pulls on which names of fields were known."""


class Rebuilt(NamedTuple):
    """The state after deriving again; how many records were regained from raw answers, and how many meetings; whether
    claims wait to be confirmed anew.
    """

    snapshot: Snapshot
    regained: int = 0
    more_meetings: int = 0
    reopened: bool = False

    @property
    def notes(self) -> tuple[Note, ...]:
        """What a sync tells of it."""
        notes = [Note("reopened", REOPENED)] if self.reopened else []
        if self.regained or self.more_meetings:
            text = _REGAINED.format(regained=self.regained, more_meetings=self.more_meetings)
            notes.append(Note("regained", text))
        return tuple(notes)


def rebuilt(root: Path, snapshot: Snapshot, aliases: Aliases) -> Rebuilt:
    """Derive all tables again, with the records that raw answers hold beside the observations, and promote them."""
    writer = Writer(root, snapshot)
    before = snapshot.head.counts
    # before deriving: what is regained is an observation like any other, dated with the answer that brought it
    regained, n_unjudged = regain(writer, aliases)
    end = before["observations"] + regained
    counts = {**before, **derive_again(writer, aliases), "observations": end}
    state = {**snapshot.head.state, **Unjudged.of(snapshot.head.state).joined(end - n_unjudged, end).to_state()}
    state |= _judged(snapshot, aliases)
    if aliases != snapshot.aliases:
        state["names"] = names_after(snapshot, aliases)
    after = writer.promote("rebuild", parser=parser_mark(aliases), counts=counts, state=state)
    reopened = state.get("periods") != snapshot.head.state.get("periods")
    return Rebuilt(after, regained, counts["meetings"] - before["meetings"], reopened)


def names_after(snapshot: Snapshot, aliases: Aliases) -> dict[str, Any]:
    """Return by which names of fields the pulls were judged, each once: who syncs by turns with two has many steps."""
    told = snapshot.head.state.get("names") or {"marks": [parser_mark(snapshot.aliases)], "steps": [[0, 0]]}
    mark = parser_mark(aliases)
    marks = told["marks"] if mark in told["marks"] else [*told["marks"], mark]
    return {"marks": marks, "steps": [*told["steps"], [snapshot.head.counts["pulls"], marks.index(mark)]]}


def named_by(state: Mapping[str, Any]) -> list[list[Any]]:
    """Return from how many pulls on which names of fields were known, as a head says; none where they never changed."""
    told = state.get("names", {"marks": [], "steps": []})
    return [[n, told["marks"][place]] for n, place in told["steps"]]


def names_told(named: Sequence[Sequence[Any]], parser: Mapping[str, Any]) -> Names:
    """Return the same as aliases: by those of today alone what was claimed before somebody named a field would not
    follow from the answers.
    """
    return [(n, aliases_of(mark)) for n, mark in named or [(0, parser)]]


def names_of(snapshot: Snapshot) -> Names:
    """Return which names of fields were known when the answers of an archive were judged."""
    return names_told(named_by(snapshot.head.state), snapshot.head.parser)


def names_at(names: Names, n_pulls: int) -> Aliases:
    """Return the names of fields that were known when so many pulls had been kept."""
    return [one for first, one in names if first <= n_pulls][-1]


def by_names(names: Names, first: int, n: int) -> Iterator[tuple[Aliases, int]]:
    """Yield of so many pulls, from one on, how many were judged by which names of fields."""
    edges = [one for one, _ in names if first < one < first + n]
    for start, end in pairwise(dict.fromkeys([first, *edges, first + n])):
        yield names_at(names, start), end - start


def _judged(snapshot: Snapshot, aliases: Aliases) -> dict[str, Any]:
    """Return what a head claims, on full answers as the parser of today measures them."""
    if "evidence" not in snapshot.head.state:
        return {}
    evidence = evidence_of(snapshot.head.state)
    wanted = {one.pull_ids[-1] for one in evidence.windows if one.n_records}
    facts: dict[str, PullFacts] = {}
    columns = ("pull_id", "asked_at", "sha256", "form", "gaps", "numbers")
    for pulls in batches(snapshot, "pulls", columns):
        for pull in pulls.filter(pc.is_in(pulls["pull_id"], pa.array(wanted, pa.string()))).to_pylist():
            with suppress(YtxError):
                answer = read_answer(whole_answer(snapshot, pull), asked_at=pull["asked_at"], aliases=aliases)
                facts[pull["pull_id"]] = pull_facts(answer, normalize(answer.records, aliases).meetings, 0)
    evidence = measured(evidence, facts)
    said = certify(evidence, patient(DEFAULT_POLICY, evidence))
    told = {"periods": plain_periods(said), "outside": said.outside} if "periods" in snapshot.head.state else {}
    return {"evidence": evidence.to_dict(), **told}  # after a first sync that was interrupted nothing is claimed


def regain(writer: Writer, aliases: Aliases) -> tuple[int, int]:
    """Make observations of the records that an earlier parser lost, or took for duplicates.

    Their bytes were never lost: they stand in the gaps of the answers that brought them, or inside other records.

    Returns
    -------
    tuple
        How many; and how many of them, the last ones, stand only in answers that no finished sync has judged.
    """
    source = writer.preview().hashed()  # a damaged file is named, whatever its rows would do to a parser
    lost: dict[bytes, tuple[str, int, datetime, bytes, bytes]] = {}
    unfinished: dict[bytes, tuple[str, int, datetime, bytes, bytes]] = {}
    columns = ("pull_id", "asked_at", "sha256", "form", "gaps", "numbers")
    outer = _pulls_with_nested(source, aliases)
    for pulls in batches(source, "pulls", columns):
        for pull in pulls.to_pylist():
            raw = put_together(source, pull) if may_hold_more(pull) or pull["pull_id"] in outer else None
            brought = unfinished if never_taken_in(pull) else lost
            for position, record in enumerate(records_in(raw, pull["asked_at"], aliases) if raw else ()):
                digest = hashlib.sha256(record).digest()
                brought.setdefault(digest, (pull["pull_id"], position, pull["asked_at"], digest, record))
    only_unfinished = unfinished.keys() - lost.keys()
    lost |= {digest: row for digest, row in unfinished.items() if digest in only_unfinished}
    # an answer may list what another one brought: only the hash over all observations tells what is new
    if lost:
        for rows in batches(source, "observations", ("record_hash",)):
            for digest in rows["record_hash"].filter(pc.is_in(rows["record_hash"], pa.array(list(lost)))).to_pylist():
                lost.pop(digest, None)
    first = source.head.counts["observations"]
    rows = [(first + place, *cells) for place, cells in enumerate(lost.values())]
    writer.append("observations", table_of(rows, OBSERVATIONS_STORED))
    return len(rows), len(only_unfinished & lost.keys())


def _pulls_with_nested(source: Snapshot, aliases: Aliases) -> set[str]:
    """Return which pulls brought records that may hold others."""
    signs = signs_of(aliases)
    found: set[str] = set()
    for observed in batches(source, "observations", ("pull_id", "raw")):
        places = that_may_hold_others(signs, observed["raw"].to_pylist())
        found |= set(observed["pull_id"].take(pa.array(places, pa.int64())).to_pylist())
    return found


def records_in(raw: bytes, asked_at: datetime, aliases: Aliases) -> list[bytes]:
    """Return the raw records that a raw answer holds."""
    try:
        return [record.raw for record in read_answer(raw, asked_at=asked_at, aliases=aliases).records]
    except YtxError:  # an answer that no parser reads is kept, and holds no records
        return []


def derive_again(writer: Writer, aliases: Aliases) -> dict[str, int]:
    """Write a new generation of derived tables and a new index; return how many meetings there are now.

    Raises
    ------
    DamagedError
        A raw file is not what was written: what follows from it would get hashes of its own, and be called sound.
    """
    source = writer.preview()
    for file in (file for table in RAW_TABLES for file in source.files(table)):
        check_whole(source.root, file)
    writer.next_generation()
    # staged: which rows share an id is known at the end only, and ten years of them need not fit in memory
    with tempfile.TemporaryDirectory() as directory:
        staged = Path(directory) / "meetings.parquet"
        with pq.ParquetWriter(staged, MEETINGS_STORED) as staging:
            for observed in batches(source, "observations", OBSERVATIONS_STORED.names):
                tables = derived_from(observed, aliases)
                staging.write_table(tables.pop("meetings"))
                for name, table in tables.items():
                    writer.append(name, table)
        places = places_of(source, lambda columns: pq.read_table(staged, columns=list(columns)))
        with pq.ParquetFile(staged) as rows:
            for piece in rows.iter_batches(batch_size=1 << 17):
                writer.append("meetings", _placed(pa.table(piece), places))
    after = writer.preview()
    # by the names of today a rejected record may be a meeting, or the other way round: the old keys would not find it
    index_again(writer, after)
    return counts_of(after)


def derived_from(observed: pa.Table, aliases: Aliases) -> dict[str, pa.Table]:
    """Return the stored rows of some observations; every meeting is its own first version as yet."""
    tables = normalize(observed["raw"].to_pylist(), aliases)._asdict()
    n_rows = observed.num_rows
    known = {
        **{name: observed[name].combine_chunks() for name in observed.column_names if name != "raw"},
        "replaces": pa.nulls(n_rows, pa.int64()),
        "twin": pa.array(np.zeros(n_rows), pa.int64()),
        "version": pa.array(np.ones(n_rows), pa.int64()),
    }
    return {
        name: stored_rows(tables[name], tables[name]["row"], DERIVED_TABLES[name], known) for name in DERIVED_TABLES
    }


class Place(NamedTuple):
    """Where a version stands among those of its meeting id."""

    twin: int
    version: int
    replaces: int | None


def places_of(source: Snapshot, columns_of: Callable[[Sequence[str]], pa.Table]) -> dict[int, Place]:
    """Return the places of all versions of ids that occur more than once; all others are alone.

    Answer by answer, as they were asked, and with all that each listed: only so it is seen which record stood beside
    a fuller one, and the numbers of meetings with one id do not change because they are derived again.

    Parameters
    ----------
    columns_of
        Gives columns of all versions: of those that are being derived, or of those stored.
    """
    ids = columns_of(["meeting_id"])["meeting_id"]
    rows = columns_of(VERSION_COLUMNS).filter(_stand_twice(ids))
    found = {version.obs: version for version in from_rows(rows)}
    known: dict[str, Twins] = defaultdict(list)
    latest: dict[tuple[str, int], Version] = {}
    n_believed: Counter[tuple[str, int]] = Counter()
    places: dict[int, Place] = {}

    def put(version: Version, twin: int, replaces: int | None) -> None:
        places[version.obs] = Place(twin, n_believed[version.meeting_id, twin] + 1, replaces)
        known[version.meeting_id][twin].append(version)

    for numbers in _listed(source, found):
        by_id: dict[str, list[Version]] = defaultdict(list)
        for number in numbers:
            by_id[found[number].meeting_id].append(found[number])
        for meeting_id, together in by_id.items():
            twins = known[meeting_id]
            shown = [latest[meeting_id, twin] for twin in range(len(twins))]
            for twin, same, best in by_meeting(twins, together, shown):
                if twin == len(twins):
                    twins.append([])
                for version in (one for one in same if one.obs not in places):
                    if version is not best:
                        put(version, twin, version.obs)
                        continue
                    before = latest.get((meeting_id, twin))
                    put(version, twin, before.obs if before else None)
                    latest[meeting_id, twin] = version
                    n_believed[meeting_id, twin] += 1
    return places


def _stand_twice(ids: pa.ChunkedArray) -> pa.ChunkedArray:
    counts = pc.value_counts(ids)
    return pc.is_in(ids, value_set=counts.field("values").filter(pc.greater(counts.field("counts"), 1)))


def chosen_otherwise(source: Snapshot) -> list[str]:
    """Return the answers that list another observation than the one as which an intake knows what they tell.

    An answer that told a text again was said to list the version before the last one, and the change back to it, which
    all later answers told, had never been. Answers of earlier versions are not judged: what they list was chosen by
    other rules. Nor are ids of which the names of fields of then read something else (that they were others is a word
    of a head alone), nor those with a version that a clock set back put behind another: the syncs after it chose among
    rows that were derived again, which ten of thirty such archives show.
    """
    rows = read(source, "meetings", VERSION_COLUMNS)
    versions = sorted(from_rows(rows.filter(_stand_twice(rows["meeting_id"]))), key=lambda one: one.obs)
    place = np.full(source.head.counts["observations"], -1)
    place[[one.obs for one in versions]] = np.arange(len(versions))
    since = np.array([one.observed_at.timestamp() for one in versions])
    # Told again, the newest version of the only meeting of its id is what it was: nearly all that answers list.
    is_settled = np.zeros(len(versions), bool)
    names = names_of(source)
    unlike = {aliases: _read_otherwise(source, aliases) for _, aliases in names}
    known: dict[str, Twins] = defaultdict(list)
    others, is_behind = dict[str, None](), set[str]()
    for pulls in batches(source, "pulls", ("ordinal", "pull_id", "asked_at", "settle_s", "numbers")):
        for row in pulls.to_pylist():
            here = unlike[names_at(names, row["ordinal"])]
            at = place[numbers_in(row["numbers"])]
            at = np.unique(at[at >= 0])
            is_again = is_settled[at] & (since[at] <= row["asked_at"].timestamp())
            ids = {versions[n].meeting_id for n in at[~is_again].tolist()}
            by_id: dict[str, list[Version]] = defaultdict(list)
            for version in (versions[n] for n in at.tolist() if ids):
                if version.meeting_id in ids:
                    by_id[version.meeting_id].append(version)
            for meeting_id, together in by_id.items():
                if any(one.observed_at > row["asked_at"] for one in chain(*known[meeting_id])):
                    is_behind.add(meeting_id)
                is_other = _take(known[meeting_id], row["asked_at"], together)
                is_judged = row["settle_s"] is not None and not (meeting_id in here or meeting_id in is_behind)
                others |= {row["pull_id"]: None} if is_other and is_judged else {}
                history = [*chain(*known[meeting_id])]
                is_settled[place[[one.obs for one in history]]] = False
                if len(known[meeting_id]) == 1 and all(one.is_believed for one in history):
                    is_settled[place[history[-1].obs]] = True
    return list(others)


def _read_otherwise(source: Snapshot, aliases: Aliases) -> set[str]:
    """Return the ids of which other names of fields than those of today read something else."""
    found: set[str] = set()
    for observed in batches(source, "observations", OBSERVATIONS_STORED.names) if aliases != source.aliases else ():
        then, now = ({*from_rows(derived_from(observed, one)["meetings"])} for one in (aliases, source.aliases))
        found |= {one.meeting_id for one in then ^ now}
    return found


def _take(twins: Twins, asked_at: datetime, together: Sequence[Version]) -> bool:
    """Take in what an answer lists of an id as an intake does; return whether that would have listed another one."""
    is_other = False
    for twin, same, best in by_meeting(twins, together, [shown_at(history, asked_at) for history in twins]):
        if twin == len(twins):
            twins.append([])
        history = twins[twin]
        for version in same:
            wanted = told_again(history, asked_at, version.record_hash, is_best=version is best)
            listed = next((one for one in history if one.obs == version.obs), None)
            is_other |= wanted is not listed
            if listed is None:
                fresh = version._replace(replaces=None if version is best else version.obs)
                history.insert(sum(one.observed_at <= fresh.observed_at for one in history), fresh)
    return is_other


def _listed(source: Snapshot, found: Mapping[int, Version]) -> list[list[int]]:
    """Return which of some observations each answer listed, in the order of asking."""
    wanted = np.array(sorted(found), dtype=np.int64)
    brought: dict[str, set[int]] = defaultdict(set)
    for version in found.values():
        brought[version.pull_id].add(version.obs)
    listed = []
    for asked_at, pull_id, here in listings(source):
        if numbers := brought[pull_id] | set(np.intersect1d(wanted, here).tolist()):
            listed.append((asked_at, sorted(numbers)))
    # files keep the order of writing, which is not that of asking where a clock was set back
    return [numbers for _, numbers in sorted(listed, key=itemgetter(0))]


def _placed(rows: pa.Table, places: Mapping[int, Place]) -> pa.Table:
    alone = Place(0, 1, None)
    found = [places.get(number, alone) for number in rows["obs"].to_pylist()]
    for name in Place._fields:
        column = pa.array([getattr(place, name) for place in found], pa.int64())
        rows = rows.set_column(rows.schema.get_field_index(name), name, column)
    return rows


def counts_of(snapshot: Snapshot) -> dict[str, int]:
    """Return how many meetings there are, and how many of them have a start."""
    rows = read(snapshot, "meetings", ("obs", "replaces", "started_at"))
    latest = rows.filter(pc.invert(pc.is_in(rows["obs"], value_set=rows["replaces"].drop_null().combine_chunks())))
    return {"meetings": latest.num_rows, "started": latest.num_rows - latest["started_at"].null_count}
