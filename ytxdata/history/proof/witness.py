"""Witnesses: another list of what took place proves at once what no window can.

An invoice, a list exported from the console, or the platform's call records are made by other means than the history.
Held against it line by line, one to one, they say three things: a line that is not in the archive is a gap, with its
name. What only the archive holds shows that the witness itself is incomplete. A period whose every line is found,
both ways, and whose own total adds up, is PROVEN as far as it has settled.

A witness may lie. It may leave lines out (then its own total does not add up, or the archive knows more than it),
hold one twice (the second finds no partner), or be another account's (then next to nothing of it is found, and it is
not believed at all). Only one that leaves out what the archive lacks too, and counts accordingly, cannot be told: two
lists then agree, and that is all that anybody can show.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from ytxdata.history.proof.certificate import Certificate, Period
from ytxdata.labels import Text

Kind = Literal["invoice", "console", "cdr"]
KINDS: tuple[Kind, ...] = ("invoice", "console", "cdr")

TOLERANCE = timedelta(seconds=120)
"""How far two clocks may say of one call that it began: an invoice is cut to the minute, and rings before it is answered."""

FOREIGN = 0.5
"""A witness of which less than this share is found is of another account, or of another month: it says nothing here.

Were it believed, a mistaken file would call a whole month a gap.
"""

MOST_NAMED = 200
"""How many lines that were not found are kept by name: each head of an archive holds them. The rest make one gap."""


@dataclass(frozen=True, slots=True)
class WitnessLine:
    """One line: its number in the list, and what it says of a meeting, or of one party's connection to it.

    `number` is a normalised telephone number; unknown is None.
    """

    line: int
    meeting_id: str | None = None
    number: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_s: int | None = None
    amount_yuan: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """What a list says of itself: how many lines, seconds, yuan. None where it does not say."""

    lines: int | None = None
    seconds: int | None = None
    yuan: Decimal | None = None

    @classmethod
    def of(cls, said: Mapping[str, int | str | Decimal | None]) -> Totals:
        """Return totals from plain values by name."""
        stated = {name: Decimal(value) for name, value in said.items() if value is not None}
        lines, seconds = (int(stated[name]) if name in stated else None for name in ("lines", "seconds"))
        return cls(lines, seconds, stated.get("yuan"))

    def agree(self, lines: Sequence[WitnessLine]) -> bool | None:
        """Say whether the lines add up to what the list says of itself; None when what it says could not show a lack.

        Where lines lack their seconds, or meetings that were held cost nothing, others like them may be missing unseen.
        """
        seconds, yuan = [one.duration_s for one in lines], [one.amount_yuan for one in lines]
        is_free = any(not one.amount_yuan and one.duration_s != 0 for one in lines)
        stated = (
            (self.lines, len(lines), True),
            (self.seconds, sum(filter(None, seconds)), None not in seconds),
            (self.yuan, sum(filter(None, yuan), Decimal(0)), not is_free),
        )
        if any(own not in (None, summed) for own, summed, _ in stated):
            return False
        return any(vouches for own, _, vouches in stated if own is not None) or None


@dataclass(frozen=True, slots=True)
class Witness:
    """A list of what took place in `[start, end)`, read.

    Parameters
    ----------
    name, kind, sha256
        What it is called, what it is, and the hash of its bytes.
    lines, totals
        What it says, and what it says of itself.
    n_unread
        Lines that could not be read: what they say is not known, so they forbid a proof.
    number_class
        Where it covers only connections of one class of numbers (`mobile`, `fixed` …); None when it covers all.
    """

    name: str
    kind: Kind
    sha256: str
    start: datetime
    end: datetime
    lines: tuple[WitnessLine, ...]
    totals: Totals = Totals()
    n_unread: int = 0
    number_class: str | None = None

    @property
    def by_connection(self) -> bool:
        """It lists each party's connection, not each meeting: call records do, and so does a list with several numbers to one id."""
        numbers: dict[str, str] = {}
        return self.kind == "cdr" or any(
            numbers.setdefault(one.meeting_id, one.number) != one.number
            for one in self.lines
            if one.meeting_id and one.number
        )


@dataclass(frozen=True, slots=True)
class Archived:
    """A meeting of the archive, or one party's connection to it, as a witness would know it.

    `is_silent` when nobody was connected: nothing was billed, and no witness need know of it.
    """

    key: str
    meeting_id: str
    started_at: datetime | None
    number: str | None = None
    is_silent: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """A line of a witness that is not in the archive, and when it says that was."""

    line: int
    meeting_id: str | None
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Hearing:
    """What a witness comes to, held against the archive.

    Parameters
    ----------
    name, kind, sha256, start, end, number_class
        Of the witness.
    n_lines, n_found
        Its lines, and how many of them are in the archive.
    only_in_witness
        The lines that are not; beyond two hundred one entry that spans the rest.
    n_only_in_witness, n_only_in_archive
        How many lines are not in the archive, and how much of the archive is not in the list.
    n_outside
        Lines without an instant whose meetings are in the archive, but began outside the period: neither found in it
        nor missing.
    only_in_archive
        Ids of meetings that the list does not know, the first two hundred.
    finding
        `witnessed`, or why nothing is proven by it: a key of `FINDINGS`.
    """

    name: str
    kind: Kind
    sha256: str
    start: datetime
    end: datetime
    number_class: str | None
    n_lines: int
    n_found: int
    only_in_witness: tuple[Missing, ...]
    n_only_in_witness: int
    only_in_archive: tuple[str, ...]
    n_only_in_archive: int
    finding: str
    n_outside: int = 0

    @property
    def text(self) -> Text:
        """What it comes to, in Chinese and English."""
        said = FINDINGS[self.finding].format(
            n=self.n_lines,
            found=self.n_found + self.n_outside,
            lacking=self.n_only_in_witness,
            more=self.n_only_in_archive,
            outside=self.n_outside,
        )
        if not self.n_outside or self.finding == "outside_period":
            return said
        more = _OUTSIDE.format(outside=self.n_outside)
        return Text(said.zh + more.zh, said.en + more.en)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        plain = asdict(self) | {"start": self.start.isoformat(), "end": self.end.isoformat()}
        plain["only_in_witness"] = [
            [one.line, one.meeting_id, one.start.isoformat(), one.end.isoformat()] for one in self.only_in_witness
        ]
        return plain

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Hearing:
        """Return what `to_dict` wrote."""
        # An archive that has no `n_outside` has counted no such line: it keeps the field's own default.
        known = {one.name: values[one.name] for one in fields(cls) if one.name in values}
        known |= {name: datetime.fromisoformat(values[name]) for name in ("start", "end")}
        known["only_in_archive"] = tuple(values["only_in_archive"])
        known["only_in_witness"] = tuple(
            Missing(line, meeting_id, datetime.fromisoformat(start), datetime.fromisoformat(end))
            for line, meeting_id, start, end in values["only_in_witness"]
        )
        return cls(**known)


FINDINGS: Mapping[str, Text] = {
    "witnessed": Text(
        "{n} 行全部在存档里，存档也没有更多，合计相符",
        "all {n} lines are in the archive, the archive holds no more, and the total adds up",
    ),
    "lines_missing": Text(
        "{n} 行中有 {lacking} 行不在存档里：相应时刻有缺口",
        "{lacking} of {n} lines are not in the archive: a gap at each of them",
    ),
    "incomplete": Text(
        "存档里有 {more} 场不在这份清单里：清单本身不完整，不能证实",
        "{more} meetings of the archive are not in the list: it is incomplete itself and proves nothing",
    ),
    "total_differs": Text(
        "清单自己的合计与各行之和不符，不能证实",
        "the list's own total is not the sum of its lines: it proves nothing",
    ),
    "no_total": Text(
        "{n} 行全部在存档里，但清单没有能看出缺行的合计，不能证实；请给出清单写明的行数、秒数或金额：--total-lines、--total-seconds、--total-yuan，或 totals={{...}}",
        "all {n} lines are in the archive, but the list has no total of its own that would show a line left out: it proves nothing; "
        "give the lines, seconds or yuan it says it has: --total-lines, --total-seconds, --total-yuan, or totals={{...}}",
    ),
    "unread": Text(
        "清单里有读不出的行，不能证实",
        "the list has lines that cannot be read: it proves nothing",
    ),
    "part": Text(
        "{n} 行全部在存档里，但清单只涵盖一类号码：只能证实这一类",
        "all {n} lines are in the archive, but the list covers one class of numbers only, and proves only those",
    ),
    "foreign": Text(
        "{n} 行中只有 {found} 行在存档里：像是别的账户或别的时段的清单，未采信",
        "only {found} of {n} lines are in the archive: the list seems to be of another account or time, and is not believed",
    ),
    "outside_period": Text(
        "{n} 行中有 {outside} 行的会议在存档里，但不在所给时段内：请给出清单实际涵盖的时段（--from、--to）",
        "the meetings of {outside} of {n} lines are in the archive, but outside the period given: "
        "give the period that the list covers (--from, --to)",
    ),
    "empty": Text("清单里一行也没有，不能证实", "the list has no line: it proves nothing"),
}
"""Key → what a witness comes to."""

_OUTSIDE = Text(
    "；另有 {outside} 行的会议在存档里，但不在所给时段内",
    "; the meetings of {outside} lines are in the archive, outside the period",
)


def hear(witness: Witness, archived: Iterable[Archived], tolerance: timedelta = TOLERANCE) -> Hearing:
    """Hold a witness against the archive, one to one.

    Parameters
    ----------
    archived
        What the archive holds of the period, and of a tolerance on either side: meetings, or connections where the
        witness lists connections. And, at whatever time, those whose ids stand on lines without an instant: a line
        that cannot say when it was is missing only if its meeting is nowhere.
    tolerance
        How far two clocks may say of one call that it began.
    """
    held = list(archived)
    found = _by_id(witness, held, tolerance)
    found |= _by_instant(witness.lines, held, found, tolerance)
    lacking = [one for one in witness.lines if one.line not in found]
    n_outside = _n_outside(witness, held, found)
    taken = set(found.values())
    more = [
        one
        for one in held
        if one.key not in taken
        and not one.is_silent
        and one.started_at
        and witness.start <= one.started_at < witness.end
    ]
    is_foreign = len(found) < FOREIGN * len(witness.lines)
    ids = tuple(dict.fromkeys(one.meeting_id for one in more))
    return Hearing(
        name=witness.name,
        kind=witness.kind,
        sha256=witness.sha256,
        start=witness.start,
        end=witness.end,
        number_class=witness.number_class,
        n_lines=len(witness.lines),
        n_found=len(found) - n_outside,
        only_in_witness=() if is_foreign else _named([_missing(one, witness) for one in lacking]),
        n_only_in_witness=len(lacking),
        only_in_archive=ids[:MOST_NAMED],
        n_only_in_archive=len(ids),
        finding=_finding(witness, lacking, more, n_outside, is_foreign=is_foreign),
        n_outside=n_outside,
    )


def _is_within(witness: Witness, one: Archived) -> bool:
    return one.started_at is None or witness.start <= one.started_at < witness.end


def _n_outside(witness: Witness, held: Sequence[Archived], found: Mapping[int, str]) -> int:
    """Count the lines that found a meeting outside the period; one with an instant of its own is where that says."""
    outside = {one.key for one in held if not _is_within(witness, one)}
    return sum(found.get(one.line) in outside for one in witness.lines if one.started_at is None)


def _finding(
    witness: Witness, lacking: Sequence[WitnessLine], more: Sequence[Archived], n_outside: int, *, is_foreign: bool
) -> str:
    adds_up = witness.totals.agree(witness.lines)
    holds = {
        "empty": not witness.lines,
        "foreign": is_foreign,
        # Whoever asked about one month of a year's bill is told that first: the rest follows from it.
        "outside_period": n_outside > FOREIGN * len(witness.lines),
        "lines_missing": bool(lacking),
        "unread": witness.n_unread > 0,
        "total_differs": adds_up is False,
        "incomplete": bool(more),
        "no_total": adds_up is None,
        "part": witness.number_class is not None,
        "witnessed": True,
    }
    return next(key for key, does in holds.items() if does)


def _by_id(witness: Witness, held: Sequence[Archived], tolerance: timedelta) -> dict[int, str]:
    """Return line → what it is in the archive, for lines whose id is known there: the same number first, then the nearest."""
    is_strict = witness.by_connection  # two parties of one meeting are not each other
    by_id: dict[str, list[Archived]] = defaultdict(list)
    for one in held:
        by_id[one.meeting_id].append(one)
    pairs = (
        # Of two meetings of one id, a line that does not say when it was is the one of the period.
        (
            2 * (line.started_at is None and not _is_within(witness, one)) + (line.number != one.number),
            _apart(line, one),
            line.line,
            one.key,
        )
        for line in witness.lines
        for one in (by_id.get(line.meeting_id, ()) if line.meeting_id else ())
        if not is_strict or line.number == one.number
        # An id is used again: a line of last week is not the meeting of today.
        if None in (line.started_at, one.started_at) or _apart(line, one) <= tolerance
    )
    return _one_to_one(sorted(pairs))


def _by_instant(
    lines: Sequence[WitnessLine], held: Sequence[Archived], found: Mapping[int, str], tolerance: timedelta
) -> dict[int, str]:
    """Return line → what it is in the archive, by number and instant, for lines without an id that is known there."""
    taken = set(found.values())
    ids = {one.meeting_id for one in held}
    by_number: dict[str | None, list[Archived]] = defaultdict(list)
    for one in held:
        if one.key not in taken and one.started_at is not None:
            by_number[one.number].append(one)
    pairs = (
        (0, _apart(line, one), line.line, one.key)
        for line in lines
        # Without a number an instant alone would match any meeting of a busy minute.
        if line.line not in found and line.number is not None and line.started_at is not None
        # An id that the archive knows has had its chance: it does not become another meeting's line.
        if line.meeting_id not in ids
        for one in by_number.get(line.number, ())
        if _apart(line, one) <= tolerance
    )
    return _one_to_one(sorted(pairs))


def _one_to_one(pairs: Iterable[tuple[int, timedelta, int, str]]) -> dict[int, str]:
    """Return line → key, each of both once, the best pairs first."""
    found: dict[int, str] = {}
    taken: set[str] = set()
    for _, _, line, key in pairs:
        if line not in found and key not in taken:
            found[line] = key
            taken.add(key)
    return found


def _apart(line: WitnessLine, one: Archived) -> timedelta:
    if line.started_at is None or one.started_at is None:
        return timedelta.max
    return abs(line.started_at - one.started_at)


def _named(missing: Sequence[Missing]) -> tuple[Missing, ...]:
    rest = missing[MOST_NAMED:]
    if not rest:
        return tuple(missing)
    span = Missing(rest[0].line, None, min(one.start for one in rest), max(one.end for one in rest))
    return (*missing[:MOST_NAMED], span)


def _missing(line: WitnessLine, witness: Witness) -> Missing:
    """Return when a line that is not in the archive says that it was; without an instant it may be at any."""
    if line.started_at is None:
        return Missing(line.line, line.meeting_id, witness.start, witness.end)
    over = line.ended_at or line.started_at + timedelta(seconds=line.duration_s or 0)
    return Missing(line.line, line.meeting_id, line.started_at, max(over, line.started_at + timedelta(seconds=1)))


def with_witnesses(certificate: Certificate, heard: Sequence[Hearing], settled: datetime) -> Certificate:
    """Return a certificate with what witnesses say on top: proof where they prove, a gap at each line that is not here.

    No list proves what is not `settled`: of days that nobody asked about, list and archive agree by holding nothing.
    What rests on a witness stands beside the rest and is never mixed with it: a witness that is removed takes back
    what rested on it, and nothing else.
    """
    for one in heard:
        if one.finding == "witnessed" and (end := min(one.end, settled)) > one.start:
            certificate = _painted_over(certificate, Period(one.start, end, "witnessed", (one.name,)))
    for one in heard:
        for line in one.only_in_witness:
            certificate = _painted_over(certificate, Period(line.start, line.end, "only_in_witness", (one.name,)))
    return certificate


def _painted_over(certificate: Certificate, period: Period) -> Certificate:
    first = min((certificate.start or period.start), period.start)
    last = max((certificate.end or period.end), period.end)
    before, after = certificate.over(first, period.start), certificate.over(period.end, last)
    return Certificate.of((*before.periods, period, *after.periods), certificate.outside)
