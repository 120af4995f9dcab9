"""What is new or changed: each record judged once against what the archive knows; and the ledger of changes, which says
what the platform said first, what it says now, and between which pulls it changed its mind."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ytxdata.archive.heads import Snapshot
from ytxdata.archive.known_meetings import MeetingRecord, RejectIndex, Twins, Version, VersionIndex
from ytxdata.archive.raw_answers import Envelope, fold, numbers_in, raw_records
from ytxdata.archive.stored_files import LEGS_STORED, MEETINGS_STORED, Numbers
from ytxdata.archive.stored_rows import among, batches, filled, read, up_to
from ytxdata.history.proof.answer_facts import pull_facts
from ytxdata.history.proof.evidence import PullFacts
from ytxdata.labels import decimal_text
from ytxdata.records.aliases import PARTIES, Aliases
from ytxdata.records.answer import Answer, call_row
from ytxdata.records.columns import Cells, Difference, Sheet, Trouble, differing, untold
from ytxdata.records.identity import by_meeting
from ytxdata.records.json_values import decoded, read_object, without_cycle_search
from ytxdata.records.nested import without_meetings
from ytxdata.records.normalize import Normalized, normalize
from ytxdata.records.parties import Parties, read_parties
from ytxdata.records.repeated_values import retold
from ytxdata.records.schema import CHANGES, LEGS, MEETINGS, PROVENANCE, arrow_schema
from ytxdata.records.siblings import as_one_meeting
from ytxdata.records.values import as_list, rows_of
from ytxdata.times import beijing_text, clock_step

JUDGEMENTS = ("new", "changed", "unchanged", "rejected", "duplicates")
"""What a record can be to the archive: each is exactly one of these."""


class Fresh(NamedTuple):
    """A record that the archive does not have yet."""

    raw: bytes
    record_hash: bytes
    pull_id: str
    position: int
    asked_at: datetime
    version: Version | None
    replaces: Version | None


@dataclass(frozen=True)
class Taken:
    """One answer after the intake: what is said of the call, and the answer without its records."""

    call: dict[str, object]
    envelope: Envelope
    asked_at: datetime


@dataclass
class Intake:
    """The records of one sync; `take` each answer, then write `fresh`, `derived` and `taken`."""

    versions: VersionIndex
    rejects: RejectIndex
    aliases: Aliases
    tally: Counter[str] = field(default_factory=Counter)
    fresh: list[Fresh] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    derived: dict[str, list[pa.Table]] = field(default_factory=lambda: defaultdict(list))
    is_late: bool = False
    _seen: set[tuple[str, int]] = field(default_factory=set)

    @without_cycle_search()
    def take(self, answer: Answer) -> PullFacts:
        """Judge every record of an answer; return what the rules of completeness need to know of it."""
        records = answer.records
        normal = normalize(records, self.aliases)
        began = len(self.fresh)
        broken = [(row, hashlib.sha256(records[row].raw).digest()) for row in normal.rejects["row"].to_pylist()]
        pieces = self._reject(answer, broken) | self._judge(answer, _rows(normal.meetings))
        self._derive(normal, began, len(records))
        self.tally["received"] += len(records)
        self.tally["bytes"] += len(answer.raw)
        # after each answer, not once a sync: what is counted twice in one and missed in another would cancel out
        self.check()
        stored = [(records[position].raw, pieces[position]) for position in sorted(pieces)]
        ahead_s = clock_step(answer.server_date, answer.asked_at, answer.answered_at)
        ahead = None if ahead_s is None else int(ahead_s)
        row = {**call_row(answer), "told_more": answer.is_partial or None, "ahead_s": ahead}
        self.taken.append(Taken(row, fold(answer.raw, stored), answer.asked_at))
        return pull_facts(answer, normal.meetings, len(broken), normal.problems)

    def check(self) -> None:
        """Assert the law: records in = new + changed + unchanged + rejected + duplicates."""
        received, judged = self.tally["received"], sum(self.tally[judgement] for judgement in JUDGEMENTS)
        assert received == judged, f"{received} records came in, {judged} were judged"

    def _judge(self, call: Answer, rows: list[MeetingRecord]) -> dict[int, int]:
        """Return the observation of each meeting's record by its position."""
        known = self.versions.of([row.meeting_id for row in rows])
        n_rows = Counter(row.meeting_id for row in rows)
        pieces = self._all_new(call, [row for row in rows if n_rows[row.meeting_id] == 1 and not known[row.meeting_id]])
        by_id: dict[str, list[MeetingRecord]] = defaultdict(list)
        for row in rows:
            if row.position not in pieces:
                by_id[row.meeting_id].append(row)
        for meeting_id, group in by_id.items():
            twins = known[meeting_id]
            if len(group) == 1 and (number := self._at_a_glance(call, group[0], twins)) is not None:
                pieces[group[0].position] = number
                continue
            self.is_late |= _is_behind(call, group, twins)
            shown = [shown_at(history, call.asked_at) for history in twins]
            for twin, same, best in by_meeting(twins, group, shown):
                if twin == len(twins):
                    twins.append([])
                # by content, never by place: another order of the answer would look like a change
                numbers = {
                    digest: (self._believed if row is best else self._lesser)(call, row, twin, twins[twin])
                    for digest, row in {row.record_hash: row for row in same}.items()
                }
                pieces.update((row.position, numbers[row.record_hash]) for row in same)
                self.tally["duplicates"] += len(same) - 1
                if best is None:
                    self._again(meeting_id, twin)
                    self.tally["told_less"] += min(numbers.values()) < 0
        return pieces

    def _all_new(self, call: Answer, rows: list[MeetingRecord]) -> dict[int, int]:
        """Keep records of ids that nothing knows, each alone in its answer; return their observations by position.

        Nearly all that is new is of this kind; what the rules below say of it is known in a quarter of the time.
        """
        first = -1 - len(self.fresh)
        versions = [
            Version(first - place, meeting_id, 0, 1, digest, call.asked_at, call.pull_id, start, end, creator, booked)
            for place, (_, meeting_id, digest, start, end, creator, booked) in enumerate(rows)
        ]
        self.fresh += [
            Fresh(call.records[row.position].raw, row.record_hash, call.pull_id, row.position, call.asked_at, one, None)
            for row, one in zip(rows, versions, strict=True)
        ]
        self.versions.add(versions)
        self.tally["new"] += len(rows)
        self._seen.update((row.meeting_id, 0) for row in rows)
        return {row.position: first - place for place, row in enumerate(rows)}

    def _at_a_glance(self, call: Answer, row: MeetingRecord, twins: Twins) -> int | None:
        """Return the observation of a record that is the latest version of its id; None for any other.

        Nearly all that is known is of this kind, and is what the rules below would say without being asked.
        """
        if not twins:
            return None
        last = twins[0][-1]
        # a shared id, another text, or one never believed: of which meeting and which neighbour it is, takes the rules
        if len(twins) > 1 or last.record_hash != row.record_hash or not last.is_believed:
            return None
        # a clock that was set back: this answer belongs before what is known, and may be a version between two
        if last.observed_at > call.asked_at:
            return None
        self._again(row.meeting_id, 0)
        return last.obs

    def _again(self, meeting_id: str, twin: int) -> None:
        """Count a record that changes nothing of its meeting."""
        mark = (meeting_id, twin)
        self.tally["duplicates" if mark in self._seen else "unchanged"] += 1
        self._seen.add(mark)

    def _lesser(self, call: Answer, row: MeetingRecord, twin: int, history: list[Version]) -> int:
        """Return the number of the observation of a record beside a fuller one of its meeting, of its answer or known.

        It is stored once and is never the meeting's latest. Were it a version like any other, an answer that always
        lists both would look like a platform that changes its mind twice a day, and a list of ids would take all times.
        """
        known = told_again(history, call.asked_at, row.record_hash, is_best=False)
        return known.obs if known else self._put(call, row, twin, history, is_beside=True)

    def _believed(self, call: Answer, row: MeetingRecord, twin: int, history: list[Version]) -> int:
        """Return the number of the observation a meeting's record is, a fresh one when the archive has it not."""
        if known := told_again(history, call.asked_at, row.record_hash, is_best=True):
            self._again(row.meeting_id, twin)
            return known.obs
        self.tally["changed" if any(one.is_believed for one in history) else "new"] += 1
        self._seen.add((row.meeting_id, twin))
        return self._put(call, row, twin, history)

    def _put(
        self, call: Answer, row: MeetingRecord, twin: int, history: list[Version], *, is_beside: bool = False
    ) -> int:
        """Keep a fresh version, among those of its meeting as well; return the number of its observation."""
        _, meeting_id, digest, start, end, creator, booked = row
        # negative until the sync is whole: numbers are given by start, so that a look-up of neighbours reads little
        obs = -1 - len(self.fresh)
        before = [one for one in history if one.is_believed and one.observed_at <= call.asked_at]
        # the number of the one to believe: what came with it is no version of its own
        whose = (obs, meeting_id, twin, len(before) + 1, digest, call.asked_at, call.pull_id)
        version = Version(*whose, start, end, creator, booked, obs if is_beside else None)
        self._keep(call, row.position, digest, version, version if is_beside else before[-1] if before else None)
        history.insert(sum(one.observed_at <= call.asked_at for one in history), version)
        return obs

    def _reject(self, call: Answer, broken: list[tuple[int, bytes]]) -> dict[int, int]:
        """Return the observation of each rejected record by its position; one text is stored once."""
        self.tally["rejected"] += len(broken)
        known = self.rejects.of({digest for _, digest in broken})
        pieces = {}
        for position, digest in broken:
            if digest not in known:
                known[digest] = -1 - len(self.fresh)
                self._keep(call, position, digest, None, None)
            pieces[position] = known[digest]
        return pieces

    def _keep(self, call: Answer, place: int, digest: bytes, version: Version | None, before: Version | None) -> None:
        raw = call.records[place].raw
        self.fresh.append(Fresh(raw, digest, call.pull_id, place, call.asked_at, version, before))

    def _derive(self, normal: Normalized, began: int, n_records: int) -> None:
        """Keep the derived rows of what is fresh in this answer, marked with their place in `fresh`."""
        places = np.full(n_records, -1)
        places[[fresh.position for fresh in self.fresh[began:]]] = np.arange(began, len(self.fresh))
        for name, table in normal._asdict().items():
            column = places[table["row"].to_numpy()]
            marked = table.drop_columns(["row"]).append_column("fresh", pa.array(column))
            self.derived[name].append(marked if (column >= 0).all() else marked.filter(pa.array(column >= 0)))

    def order(self) -> Numbers:
        """Return the place of each fresh record among them, by start: neighbours in time are neighbours on disk."""
        micros, places = np.zeros((2, len(self.fresh)), np.int64)
        for table in self.derived["meetings"]:
            micros[table["fresh"].to_numpy()] = table["started_at"].cast(pa.int64()).fill_null(0).to_numpy()
        places[np.argsort(micros, kind="stable")] = np.arange(len(micros))
        return places


def _is_behind(call: Answer, group: Sequence[MeetingRecord], twins: Twins) -> bool:
    """Return whether versions known from later answers may stand in other places once this older one is among them.

    Then no row is written twice: all are derived again, answer by answer as they were asked. Which meeting of its id a
    record is of, which one of an answer was to be believed and what follows what hang on each other, so only an id
    whose one text is told again is left as it stands.
    """
    texts = {version.record_hash for history in twins for version in history}
    if len(texts) == 1 and all(row.record_hash in texts for row in group):
        return False
    return any(version.observed_at > call.asked_at for history in twins for version in history)


def told_again(history: Sequence[Version], asked_at: datetime, digest: bytes, *, is_best: bool) -> Version | None:
    """Return as which version a record is known; the best by neighbours in time alone: back to an old text is a change."""
    if is_best:
        believed = [one for one in history if one.is_believed]
        after = sum(one.observed_at <= asked_at for one in believed)
        # the one behind it too: an older answer that is kept late often says what is stored already
        history = believed[max(after - 1, 0) : after + 1]
    return next((one for one in history if one.record_hash == digest), None)


def shown_at(history: Sequence[Version], asked_at: datetime) -> Version | None:
    """Return the version that a meeting showed when an answer was asked for."""
    return next((one for one in reversed(history) if one.is_believed and one.observed_at <= asked_at), None)


def _rows(meetings: pa.Table) -> list[MeetingRecord]:
    columns = ("row", "meeting_id", "record_hash", "started_at", "ended_at", "creator", "booked_at")
    return [
        MeetingRecord(row, meeting_id, bytes.fromhex(digest), *rest)
        for row, meeting_id, digest, *rest in rows_of(meetings, columns)
    ]


# who brought a version, and when, always differs: compared too, it would be told as a change of every version
_COMPARED = tuple(column.name for column in MEETINGS if column.name not in (*PROVENANCE, "record_hash", "meeting_id"))
_LEG_COMPARED = tuple(column.name for column in LEGS if column.name not in ("meeting_id", "leg"))
# the extension of an office is who; a number that changed leaves the name; what has neither in common, its place
_WHO = (
    ("number", *_LEG_COMPARED),
    ("number", "extension", "joined_at"),
    ("number", "extension"),
    ("phone",),
    ("name",),
    ("leg",),
)
TOGETHER = 5_000
"""Changes compared at a time [versions]."""


def changes(snapshot: Snapshot | None, as_of: datetime | None = None, *, is_keyed: bool = False) -> pa.Table:
    """Return the ledger, sorted by when the change was seen; keyed, with `meeting_key` before its columns."""
    schema = arrow_schema(CHANGES)
    if is_keyed:
        schema = schema.insert(0, pa.field("meeting_key", pa.string()))
    if snapshot is None:
        return schema.empty_table()
    newer = read(snapshot, "meetings", ("obs", "replaces", "observed_at"), filled("replaces"))
    # what replaces itself was only listed beside a fuller record: nothing changed
    newer = newer.filter(pc.not_equal(newer["obs"], newer["replaces"]))
    newer = up_to(newer, "observed_at", as_of)
    pairs = sorted(rows_of(newer, ("obs", "replaces")))
    seen = _last_pulls(snapshot, [old for _, old in pairs])
    # the names the tables were derived with: by others, one change would be told twice, as column and as raw path
    aliases = snapshot.aliases
    rows = [
        row
        for start in range(0, len(pairs), TOGETHER)
        for row in _compared(snapshot, pairs[start : start + TOGETHER], seen, aliases)
    ]
    return pa.Table.from_pylist(rows, schema=schema).sort_by(
        [("new_seen_at", "ascending"), ("meeting_id", "ascending"), ("version", "ascending"), ("field", "ascending")]
    )


def _last_pulls(snapshot: Snapshot, numbers: Sequence[int]) -> dict[int, tuple[datetime, str]]:
    """Return when, and by which pull, each of some observations was last seen."""
    wanted = np.array(sorted(set(numbers)), dtype=np.int64)
    last: dict[int, tuple[datetime, str]] = {}
    for pulls in batches(snapshot, "pulls", ("asked_at", "pull_id", "numbers")):
        for asked_at, pull_id, cell in rows_of(pulls, ("asked_at", "pull_id", "numbers")):
            for number in np.intersect1d(wanted, numbers_in(cell)).tolist():
                # the latest by asking: where a clock was set back, later rows are of earlier instants
                last[number] = max(last.get(number, (asked_at, "")), (asked_at, pull_id))
    return last


def _compared(
    snapshot: Snapshot,
    pairs: Sequence[tuple[int, int]],
    seen: Mapping[int, tuple[datetime, str]],
    aliases: Aliases,
) -> Iterator[dict[str, Any]]:
    numbers = np.unique(np.array(pairs, dtype=np.int64))
    meetings = {
        row["obs"]: row for row in read(snapshot, "meetings", MEETINGS_STORED.names, among("obs", numbers)).to_pylist()
    }
    legs: dict[int, list[Cells]] = defaultdict(list)
    for row in read(snapshot, "legs", LEGS_STORED.names, among("obs", numbers)).to_pylist():
        legs[row["obs"]].append(row)
    raws = raw_records(snapshot, numbers)
    for new, old in pairs:
        before, after = meetings[old], meetings[new]
        was, now = (_version(meetings[obs], legs[obs], raws[obs], aliases) for obs in (old, new))
        old_seen_at, old_pull_id = seen.get(old, (before["observed_at"], before["pull_id"]))
        for name, old_value, new_value in _differences(was, now, aliases):
            yield {
                "meeting_key": f"{after['meeting_id']}#{after['twin'] + 1}",  # as `views.MEETING_KEY` has it
                "meeting_id": after["meeting_id"],
                "version": after["version"],
                "field": name,
                "old": _text(old_value),
                "new": _text(new_value),
                # an end that lay ahead when the old text was last seen was no end yet, and nothing final changed
                "phase": "after_close" if before["ended_at"] and before["ended_at"] <= old_seen_at else "running",
                "old_seen_at": old_seen_at,
                "new_seen_at": after["observed_at"],
                "old_pull_id": old_pull_id,
                "new_pull_id": after["pull_id"],
            }


class _Version(NamedTuple):
    """One version of a meeting: its cells, its object without other meetings, its legs each with its object as `raw`,
    and what stands among its parties and is none."""

    cells: Cells
    raw: Cells
    legs: dict[int, Cells]
    unread: str


def _version(cells: Cells, legs: Sequence[Cells], raw: bytes, aliases: Aliases) -> _Version:
    whole = read_object(raw, aliases).value or {}
    value = without_meetings(whole, raw, aliases)
    if lifted := as_one_meeting(whole, aliases):  # it is one member, and what else is there may say something too
        rest = {k: v for k, v in value.items() if not (isinstance(one := decoded(v), dict) and one.keys() <= {*lifted})}
        value = rest | lifted
    troubles: list[Trouble] = []
    lists = Sheet.of_objects([retold(lifted or whole, aliases).value], aliases.meeting).choose(PARTIES, troubles)
    try:
        parties = read_parties(None if lists is None else as_list(lists)[0], aliases, cells["meeting_id"])
    except RecursionError:  # how deep parties stand in parties is the sender's choice
        parties = Parties(None)
    unread = sorted([one.raw_value for one in troubles] + [text for _, text in parties.problems])
    raw_of = dict(enumerate(parties.parties or (), 1))
    by_place: dict[int, Cells] = {row["leg"]: {**row, "raw": raw_of.get(row["leg"], {})} for row in legs}
    return _Version(cells, value, by_place, "; ".join(unread))


def _differences(old: _Version, new: _Version, aliases: Aliases) -> Iterator[Difference]:
    """Yield what the platform says otherwise; not what it says in another order or writing."""
    cells = differing(old.cells, new.cells, _COMPARED)
    yield from cells
    told = {PARTIES, "meeting_id", *(name for name, *_ in cells)}
    yield from ((f"raw.{path}", *pair) for path, *pair in untold(old.raw, new.raw, aliases.meeting, told))
    if old.unread != new.unread:
        yield f"raw.{PARTIES}", old.unread or None, new.unread or None
    for place, before, after in _paired(old.legs, new.legs):
        cells = differing(before, after, _LEG_COMPARED)
        yield from ((f"legs[{place}].{name}", *pair) for name, *pair in cells)
        found = untold(before.get("raw", {}), after.get("raw", {}), aliases.leg, {name for name, *_ in cells})
        yield from ((f"raw.{PARTIES}.[{place}].{path}", *pair) for path, *pair in found)


def _paired(old: dict[int, Cells], new: dict[int, Cells]) -> Iterator[tuple[int, Cells, Cells]]:
    """Yield the legs of two versions with their place, each with what it was; none where a party came or went.

    By who and when, the surest first: by place alone, another order would be a change of every leg, and a party that
    is no longer listed one of all behind it.
    """
    gone, come = dict(old), dict(new)
    for names in _WHO:
        waiting = defaultdict(list)
        for place, leg in gone.items():
            waiting[tuple(leg[name] for name in names)].append(place)
        for place, leg in list(come.items()):
            who = tuple(leg[name] for name in names)
            if who[0] is not None and (places := waiting[who]):
                yield place, gone.pop(places.pop(0)), come.pop(place)
    yield from ((place, leg, {}) for place, leg in gone.items())
    yield from ((place, {}, leg) for place, leg in come.items())


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return beijing_text(value)
    if isinstance(value, Decimal):
        return decimal_text(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
