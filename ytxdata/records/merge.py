"""Several answers as one set of tables: a meeting that comes again is a duplicate, the answer asked later wins."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain, repeat
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ytxdata.records import identity, schema
from ytxdata.records.aliases import DEFAULT, Aliases
from ytxdata.records.answer import Answer
from ytxdata.records.json_values import without_cycle_search
from ytxdata.records.merge_records import PROBLEM_COLUMNS, Joined, join_records, with_joined
from ytxdata.records.normalize import Normalized, normalize
from ytxdata.records.spans import RawRecord, own_sizes
from ytxdata.records.values import rows_of

_USUAL_PLACE = re.compile(r"\$(?:\.data)?(?:@?\[?\d*\]?)")
"""The list under `data`, the answer itself, or a place in one that is damaged."""


class Bytes(NamedTuple):
    """What became of the bytes that came in: `received = envelope + meetings + rejected + duplicates`.

    Counted in the answers' text as UTF-8, which is what was received but for other encodings.
    """

    received: int = 0
    envelope: int = 0
    meetings: int = 0
    rejected: int = 0
    duplicates: int = 0


class Counts(NamedTuple):
    """What became of the records that came in: `received = meetings + rejected + duplicates`; and of the bytes."""

    received: int
    meetings: int
    rejected: int
    duplicates: int
    bytes: Bytes = Bytes()

    def with_rejected(self, n: int, n_bytes: int) -> Counts:
        """Return the counts with more rejects, which came in outside of any answer."""
        size = self.bytes
        sizes = size._replace(received=size.received + n_bytes, rejected=size.rejected + n_bytes)
        return self._replace(received=self.received + n, rejected=self.rejected + n, bytes=sizes)


class Listing(NamedTuple):
    """One answer and what it lists: for each of its records the row of `distinct` (or of no meeting) that it says
    again."""

    answer: Answer
    record_rows: tuple[int, ...]
    distinct: pa.Table

    @property
    def meetings(self) -> pa.Table:
        """The records that are meetings, doubled ones included; `row` is their index among the answer's records."""
        known = self.distinct["row"].to_numpy()
        listed = np.array(self.record_rows, np.int64)
        is_meeting = np.isin(listed, known)
        found = self.distinct.take(np.searchsorted(known, listed[is_meeting]))
        return found.set_column(found.schema.get_field_index("row"), "row", pa.array(np.flatnonzero(is_meeting)))


class MergedTables(NamedTuple):
    """Arrow tables with the columns of `schema`, instants in UTC, the counts, and what each answer lists, as asked.

    `owners` has for each row of `legs` the place of its meeting in `meetings`: one id may stand for two.
    """

    meetings: pa.Table
    legs: pa.Table
    rejects: pa.Table
    problems: pa.Table
    counts: Counts
    listings: tuple[Listing, ...] = ()
    owners: pa.Array = pa.array([], pa.int64())


class _Told(NamedTuple):
    """A record that is a meeting; `row` is its index among the distinct raw records, numbered as they first came."""

    row: int
    meeting_id: str
    record_hash: str
    started_at: datetime | None
    ended_at: datetime | None
    booked_at: datetime | None


@dataclass
class _Meeting:
    """One meeting as seen so far: its distinct records, the one shown, what stood beside it, and by which answers."""

    shown: _Told
    first: Answer
    last: Answer
    told: list[_Told] = field(default_factory=list)
    beside: set[_Told] = field(default_factory=set)
    version: int = 0
    may_be_two: bool = False

    def see(self, answer: Answer, same: Sequence[_Told], best: _Told | None) -> None:
        """Take what an answer tells of it, and which to believe; going back to an earlier content is a change too.

        The others are no versions: they came with it, and not before it. Nor is what says less than is known.
        """
        for one in same:
            if one not in self.told:
                self.may_be_two = self.may_be_two or any(identity.may_be_two(one, other) for other in self.told)
                self.told.append(one)
        if best is None:
            return
        if not self.version or best != self.shown:
            self.shown, self.first, self.beside = best, answer, set()
            self.version += 1
        self.beside.update(same[:-1])
        self.last = answer

    def others(self) -> list[_Told]:
        """Return what answers told beside the record that is shown, in an order that does not hang on theirs."""
        return sorted(self.beside, key=lambda one: one.record_hash)


class _Refused(NamedTuple):
    """A record in an answer that is no meeting; `at` is its place among the rejects of the distinct records."""

    answer: Answer
    record: RawRecord
    at: int


@without_cycle_search()
def merge_answers(answers: Sequence[Answer], aliases: Aliases = DEFAULT) -> MergedTables:
    """Return the tables of several answers to the same account.

    A meeting seen again is a duplicate; of two different versions that of the answer *asked* later counts, whatever
    the order of `answers`, and within one answer the fullest. What the later one does not say is not unsaid: a meeting
    and its parties may come in two answers; and what it says otherwise is told, as `earlier_value`. One id for two
    meetings (see `records.identity`) gives two rows, and a row of `problems` for each; of a room that one creator
    keeps, one for all.

    Parameters
    ----------
    answers
        Answers, from the network or from files.
    aliases
        Which keys feed which column.

    Returns
    -------
    Tabulated
        One row per meeting in the order of first appearance; legs in the same order. `observed_at` is the asking
        instant of the answer that first brought the version shown, `pull_id` that answer, `last_seen_at` the last one
        that listed the meeting. Without records the same columns and types.

    Examples
    --------
    >>> from ytxdata.records.answer import read_answer
    >>> body = b'{"statusCode":"0","data":[{"meid":"1"},{"meid":"1"},{"meid":"2"},7]}'
    >>> counts = merge_answers([read_answer(body)]).counts
    >>> counts.received, counts.meetings, counts.rejected, counts.duplicates
    (4, 2, 1, 1)
    >>> counts.bytes
    Bytes(received=68, envelope=31, meetings=24, rejected=1, duplicates=12)
    """
    raws: dict[bytes, int] = {}
    # By when they were asked: saved files come in any order, and the older content must not win by its name.
    listed = [
        (answer, tuple(raws.setdefault(record.raw, len(raws)) for record in answer.records))
        for answer in (_read_with(aliases, answer) for answer in sorted(answers, key=lambda answer: answer.asked_at))
    ]
    tables = normalize(list(raws), aliases)
    listings = tuple(Listing(answer, rows, tables.meetings) for answer, rows in listed)
    meetings = _merge(listings, tables.meetings)
    rejected = {row: i for i, row in enumerate(tables.rejects["row"].to_pylist())}
    refused = [
        _Refused(answer, record, rejected[row])
        for answer, rows, _ in listings
        for record, row in zip(answer.records, rows, strict=True)
        if row in rejected
    ]
    n_received = sum(len(listing.record_rows) for listing in listings)
    sizes = _sizes(listings, {meeting.shown.row for meeting in meetings}, rejected)
    counts = Counts(n_received, len(meetings), len(refused), n_received - len(refused) - len(meetings), sizes)
    n_told = sum(len(one.told) for one in meetings)
    assert n_told + len(rejected) == len(raws), "a distinct record is of no meeting, or of two"
    rank = np.full(max(len(raws), 1), -1)
    rank[[meeting.shown.row for meeting in meetings]] = np.arange(len(meetings))
    joined = _joined(tables, meetings, listings)
    legs = _in_order(with_joined(tables.legs, joined), rank)
    shown = _meeting_table(tables, meetings, joined)
    return MergedTables(
        shown,
        legs.select(schema.arrow_schema(schema.LEGS).names),
        _reject_table(tables, refused),
        _problem_table(with_joined(tables.problems, joined), meetings, shown["creator"].to_pylist(), rank, joined),
        counts,
        listings,
        pa.array(rank[legs["row"].to_numpy()], pa.int64()),
    )


def _sizes(listings: Sequence[Listing], shown: set[int], rejected: Container[int]) -> Bytes:
    """Return what became of the bytes; of records that say the same thing the first is the meeting's."""
    n_received = n_meetings = n_rejected = n_duplicates = 0
    waiting = set(shown)
    for answer, rows, _ in listings:
        n_received += len(answer.text)
        for size, row in zip(own_sizes(answer.records), rows, strict=True):
            if row in waiting:
                waiting.discard(row)
                n_meetings += size
            elif row in rejected:
                n_rejected += size
            else:
                n_duplicates += size
    n_envelope = n_received - n_meetings - n_rejected - n_duplicates
    return Bytes(n_received, n_envelope, n_meetings, n_rejected, n_duplicates)


def _read_with(aliases: Aliases, answer: Answer) -> Answer:
    """Return the answer, its records found by these names of columns."""
    return answer if answer.aliases == aliases else replace(answer, aliases=aliases)


def _merge(listings: Sequence[Listing], distinct: pa.Table) -> list[_Meeting]:
    """Return the meetings that the listed records are of, in order of first appearance."""
    told = {row: _Told(row, *rest) for row, *rest in rows_of(distinct, _Told._fields)}
    by_id: dict[str, list[_Meeting]] = {}
    for answer, rows, _ in listings:
        together: dict[str, list[_Told]] = {}
        # The same bytes twice in one answer are one telling, and contradict nothing.
        for row in dict.fromkeys(rows):
            if row in told:
                together.setdefault(told[row].meeting_id, []).append(told[row])
        for meeting_id, records in together.items():
            namesakes = by_id.setdefault(meeting_id, [])
            shown = [one.shown for one in namesakes]
            for at, same, best in identity.by_meeting([one.told for one in namesakes], records, shown):
                if best is not None and at == len(namesakes):
                    namesakes.append(_Meeting(best, answer, answer))
                namesakes[at].see(answer, same, best)
    meetings = [one for namesakes in by_id.values() for one in namesakes]
    return sorted(meetings, key=lambda one: min(record.row for record in one.told))


def _joined(tables: Normalized, meetings: Sequence[_Meeting], listings: Sequence[Listing]) -> Joined:
    last_told = dict(chain.from_iterable(zip(one.record_rows, repeat(i)) for i, one in enumerate(listings)))
    beside: dict[int, list[int]] = {}
    apart: dict[int, int] = {}
    for one in meetings:
        if len(one.told) > 1:
            alone = {
                other.row: last_told[other.row] - last_told[one.shown.row]
                for other in one.told
                if other != one.shown and other not in one.beside
            }
            # the last answer first: its parties are those to believe
            beside[one.shown.row] = [
                *(other.row for other in one.others()),
                *sorted(alone, key=lambda row: -alone[row]),
            ]
            apart |= alone
    rows = pa.array([row for shown, others in beside.items() for row in (shown, *others)], pa.int64())
    told = [
        table.filter(pc.is_in(table["row"], value_set=rows))
        for table in (tables.meetings, tables.legs, tables.problems)
    ]
    n_of_id = Counter(one.shown.meeting_id for one in meetings)
    shared = {one.shown.row for one in meetings if n_of_id[one.shown.meeting_id] > 1}
    return join_records(beside, shared, told[0], told[1], told[2], "row", apart)


def _meeting_table(tables: Normalized, meetings: list[_Meeting], joined: Joined) -> pa.Table:
    rows = tables.meetings["row"].to_numpy()
    found = tables.meetings.take(np.searchsorted(rows, [meeting.shown.row for meeting in meetings]).astype(np.int64))
    seen = {
        "observed_at": [meeting.first.asked_at for meeting in meetings],
        "last_seen_at": [meeting.last.asked_at for meeting in meetings],
        "pull_id": [meeting.first.pull_id for meeting in meetings],
        "version": [meeting.version for meeting in meetings],
    }
    for name in {name for cells in joined.cells.values() for name in cells}:
        of_it = zip(meetings, found[name].to_pylist(), strict=True)
        seen[name] = [joined.cells.get(one.shown.row, {}).get(name, value) for one, value in of_it]
    table = schema.arrow_schema(schema.MEETINGS)
    arrays = [
        pa.array(seen[field.name], field.type) if field.name in seen else found[field.name].combine_chunks()
        for field in table
    ]
    return pa.Table.from_arrays(arrays, schema=table)


def _in_order(table: pa.Table, rank: np.ndarray[Any, Any]) -> pa.Table:
    """Return the rows that belong to meetings shown, in the meetings' order."""
    ranks = rank[table["row"].to_numpy()]
    order = np.argsort(ranks, kind="stable")
    return table.take(order[np.count_nonzero(ranks < 0) :])


def _with_place(detail: str | None, path: str) -> str | None:
    """Return what was found with the path of the record, but where nearly all stand."""
    # Under another key it may be no record at all; and in a list under a meeting id the key alone tells whose it is.
    return detail if _USUAL_PLACE.fullmatch(path) else f"{detail or ''} ({path})".lstrip()


def _reject_table(tables: Normalized, refused: Sequence[_Refused]) -> pa.Table:
    table = schema.arrow_schema(schema.REJECTS)
    found = tables.rejects.take(pa.array([one.at for one in refused], pa.int64()))
    own = {
        "pull_id": [one.answer.pull_id for one in refused],
        "position": [one.record.position for one in refused],
        "detail": [
            _with_place(detail, one.record.path)
            for detail, one in zip(found["detail"].to_pylist(), refused, strict=True)
        ],
    }
    arrays = [
        pa.array(own[field.name], field.type) if field.name in own else found[field.name].combine_chunks()
        for field in table
    ]
    return pa.Table.from_arrays(arrays, schema=table)


def _colliding(meetings: Sequence[_Meeting], creators: Sequence[str | None]) -> set[int]:
    """Return which records shown share their id with another meeting's, of a room that one creator keeps the first
    alone: such rooms are usual, and a row for each of their meetings hid all other problems.
    """
    by_id: dict[str, list[tuple[str | None, int]]] = {}
    for meeting, creator in zip(meetings, creators, strict=True):
        by_id.setdefault(meeting.shown.meeting_id, []).append((creator, meeting.shown.row))
    shared = (told for told in by_id.values() if len(told) > 1)
    is_one = ((told, told[0][0] is not None and len({creator for creator, _ in told}) == 1) for told in shared)
    return {row for told, is_kept in is_one for _, row in (told[:1] if is_kept else told)}


def _problem_table(
    problems: pa.Table,
    meetings: Sequence[_Meeting],
    creators: Sequence[str | None],
    rank: np.ndarray[Any, Any],
    joined: Joined,
) -> pa.Table:
    table = schema.arrow_schema(schema.PROBLEMS)
    colliding = _colliding(meetings, creators)
    own = [
        {"meeting_id": key, "column": "meeting_id", "reason": reason, "raw_value": value}
        for meeting in meetings
        if meeting.shown.row in colliding or meeting.beside or meeting.may_be_two
        for key in [meeting.shown.meeting_id]
        for reason, values in (
            ("id_collision", [key] if meeting.shown.row in colliding else []),
            ("same_id_again", [other.record_hash for other in meeting.others()]),
            ("id_overlap", [key] if meeting.may_be_two else []),
        )
        for value in values
    ]
    ids = {one.shown.row: one.shown.meeting_id for one in meetings}
    own += (
        dict(zip(("meeting_id", *PROBLEM_COLUMNS[1:]), (ids[row], *told), strict=True)) for row, _, *told in joined.told
    )
    found = _in_order(problems, rank).select(table.names)
    return pa.concat_tables([found, pa.Table.from_pylist(own, table)])
