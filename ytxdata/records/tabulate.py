"""Several answers as one set of tables: a meeting that comes again is a duplicate, the answer asked later wins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from ytxdata import phones
from ytxdata.records import schema
from ytxdata.records.aliases import DEFAULT, Aliases
from ytxdata.records.answer import Answer
from ytxdata.records.find_records import RawRecord
from ytxdata.records.normalize import Normalized, normalize


class Counts(NamedTuple):
    """What became of the records that came in: `received = meetings + rejected + duplicates`."""

    received: int
    meetings: int
    rejected: int
    duplicates: int


class Tabulated(NamedTuple):
    """Arrow tables with the columns of `schema`, instants in UTC, and the counts."""

    meetings: pa.Table
    legs: pa.Table
    rejects: pa.Table
    problems: pa.Table
    counts: Counts


class _Sighting(NamedTuple):
    """A record in an answer; `row` is its index among the distinct raw records."""

    answer: Answer
    record: RawRecord
    row: int


@dataclass
class _Meeting:
    """One meeting as seen so far: its latest version, and by which answers."""

    row: int
    first: Answer
    last: Answer
    version: int = 1
    n_again: int = 0
    problem: str = ""

    def see(self, sighting: _Sighting) -> None:
        """Take a later sighting of the same meeting; going back to an earlier content is a change too."""
        if sighting.row != self.row:
            if sighting.answer is self.last:
                self.problem = "same_id_again"
            self.row, self.first, self.version = sighting.row, sighting.answer, self.version + 1
        self.last = sighting.answer
        self.n_again += 1


def tabulate(answers: Sequence[Answer], aliases: Aliases = DEFAULT) -> Tabulated:
    """Return the tables of several answers to the same account.

    A meeting seen again is a duplicate; of two different versions that of the answer *asked* later counts, whatever the order of
    `answers`, and within one answer the later record. One id for two meetings that cannot be the same (other creator and
    times apart) gives two rows, and a row of `problems` for each.

    Parameters
    ----------
    answers
        Answers, from the network or from files.
    aliases
        Which keys feed which column.

    Returns
    -------
    Tabulated
        One row per meeting in the order of first appearance; legs in the same order. `observed_at` is the asking instant of the
        answer that first brought the version shown, `pull_id` that answer, `last_seen_at` the last one that listed the meeting.
        Without records the same columns and types.

    Examples
    --------
    >>> from ytxdata.records.answer import read_answer
    >>> body = b'{"statusCode":"0","data":[{"meid":"1"},{"meid":"1"},{"meid":"2"},7]}'
    >>> tabulate([read_answer(body)]).counts
    Counts(received=4, meetings=2, rejected=1, duplicates=1)
    """
    raws: dict[bytes, int] = {}
    sightings = [
        _Sighting(answer, record, raws.setdefault(record.raw, len(raws)))
        for answer in sorted(answers, key=lambda answer: answer.asked_at)
        for record in _records(answer, aliases)
    ]
    tables = normalize(list(raws), aliases)
    rejected = {row: i for i, row in enumerate(tables.rejects["row"].to_pylist())}
    refused = [sighting for sighting in sightings if sighting.row in rejected]
    meetings = _merge([sighting for sighting in sightings if sighting.row not in rejected], tables)

    counts = Counts(len(sightings), len(meetings), len(refused), sum(meeting.n_again for meeting in meetings))
    assert counts.received == counts.meetings + counts.rejected + counts.duplicates, "a record was lost or doubled"
    rank = np.full(max(len(raws), 1), -1)
    rank[[meeting.row for meeting in meetings]] = np.arange(len(meetings))
    return Tabulated(
        _meeting_table(tables, meetings),
        _in_order(tables.legs, rank).select(schema.arrow_schema(schema.LEGS).names),
        _reject_table(tables, refused, rejected),
        _problem_table(tables, meetings, rank),
        counts,
    )


def _records(answer: Answer, aliases: Aliases) -> tuple[RawRecord, ...]:
    return answer.records if answer.aliases == aliases else replace(answer, aliases=aliases).records


def _merge(sightings: list[_Sighting], tables: Normalized) -> list[_Meeting]:
    """Return the meetings that the sightings are of, in order of first appearance."""
    place = {row: i for i, row in enumerate(tables.meetings["row"].to_pylist())}
    ids = tables.meetings["meeting_id"].to_pylist()
    by_id: dict[str, list[_Meeting]] = {}
    meetings: list[_Meeting] = []
    for sighting in sightings:
        namesakes = by_id.setdefault(ids[place[sighting.row]], [])
        here = place[sighting.row]
        known = next(
            (
                one
                for one in namesakes
                if one.row == sighting.row or _may_be_same(tables.meetings, place[one.row], here)
            ),
            None,
        )
        if known:
            known.see(sighting)
            continue
        meetings.append(_Meeting(sighting.row, sighting.answer, sighting.answer))
        namesakes.append(meetings[-1])
        if len(namesakes) > 1:
            for one in namesakes:
                one.problem = "id_collision"
    return meetings


def _may_be_same(meetings: pa.Table, a: int, b: int) -> bool:
    """Return False only where two records cannot be one meeting: another creator, and times that do not overlap."""
    one, other = ({name: meetings[name][i].as_py() for name in ("creator", "started_at", "ended_at")} for i in (a, b))
    if not (one["creator"] and other["creator"]) or _number(one["creator"]) == _number(other["creator"]):
        return True
    return not (_is_over_before(one, other) or _is_over_before(other, one))


def _number(creator: str) -> str:
    return phones.normalize(creator) or creator


def _is_over_before(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return bool(one["ended_at"] and other["started_at"] and one["ended_at"] <= other["started_at"])


def _meeting_table(tables: Normalized, meetings: list[_Meeting]) -> pa.Table:
    rows = tables.meetings["row"].to_numpy()
    found = tables.meetings.take(np.searchsorted(rows, [meeting.row for meeting in meetings]).astype(np.int64))
    seen = {
        "observed_at": [meeting.first.asked_at for meeting in meetings],
        "last_seen_at": [meeting.last.asked_at for meeting in meetings],
        "pull_id": [meeting.first.pull_id for meeting in meetings],
        "version": [meeting.version for meeting in meetings],
    }
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


def _reject_table(tables: Normalized, refused: list[_Sighting], rejected: dict[int, int]) -> pa.Table:
    table = schema.arrow_schema(schema.REJECTS)
    found = tables.rejects.take(pa.array([rejected[sighting.row] for sighting in refused], pa.int64()))
    own = {
        "pull_id": [sighting.answer.pull_id for sighting in refused],
        "position": [sighting.record.position for sighting in refused],
    }
    arrays = [
        pa.array(own[field.name], field.type) if field.name in own else found[field.name].combine_chunks()
        for field in table
    ]
    return pa.Table.from_arrays(arrays, schema=table)


def _problem_table(tables: Normalized, meetings: list[_Meeting], rank: np.ndarray[Any, Any]) -> pa.Table:
    table = schema.arrow_schema(schema.PROBLEMS)
    found = _in_order(tables.problems, rank).select(table.names)
    ids = dict(zip(tables.meetings["row"].to_pylist(), tables.meetings["meeting_id"].to_pylist(), strict=True))
    own = [
        {
            "meeting_id": ids[meeting.row],
            "column": "meeting_id",
            "reason": meeting.problem,
            "raw_value": ids[meeting.row],
        }
        for meeting in meetings
        if meeting.problem
    ]
    return pa.concat_tables([found, pa.Table.from_pylist(own, table)])
