"""Hold a witness against the meetings of an archive, one to one: what both know, what only one of them knows, and what
a certificate is with that on top.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ytxdata.history.proof.certificate import Certificate, Period
from ytxdata.history.proof.line_lengths import hold
from ytxdata.history.proof.match_lines import TOLERANCE, Archived, Clock, clock_of, find, is_inside, never_was, unnamed
from ytxdata.history.proof.policy import DEFAULT_POLICY
from ytxdata.history.proof.witness import (
    LONGEST_WORDS,
    MOST_NAMED,
    MOST_WORDS,
    UNREAD,
    UNREAD_BESIDE,
    Witness,
    WitnessLine,
)
from ytxdata.history.proof.witness_result import Hearing, Missing, named
from ytxdata.times import BEIJING

FOREIGN = 0.5
"""A witness of which less than this share is found is of another account, or of another month: it says nothing here.

Were it believed, a mistaken file would call a whole month a gap.
"""

LEAST_CHARGED_S = 60
"""What bills charge at least, however short a connection was."""


RULES = 19
"""By which rules lists are read and held against an archive, as a number that is kept beside what came of it."""


def hear(witness: Witness, archived: Iterable[Archived], nobodys: Collection[str] = ()) -> Hearing:
    """Hold a witness against the archive, one to one.

    Parameters
    ----------
    archived
        What the archive holds of the period, and of a tolerance on either side: meetings, or connections where the
        witness lists connections. And, at whatever time, those whose ids stand on lines without an instant: a line
        that cannot say when it was is missing only if its meeting is nowhere.
    nobodys
        Numbers that do not say who was connected: the account's own, by which one gets in.
    """
    held = list(archived)
    witness = _with_known(witness, held)
    clock = clock_of(witness, held)
    found, unsure = find(witness, held, clock)
    sure, alike = unnamed(witness, held, found, unsure, clock, nobodys)
    found |= sure
    inside = {one.key for one in held if is_inside(witness, one)}
    astray = {
        one.line
        for one in witness.lines
        if one.started_at and not witness.start <= one.started_at < witness.end and found.get(one.line) not in inside
    }
    lacking = [one for one in witness.lines if one.line not in {*found, *astray, *unsure, *alike}]
    taken = {*found.values(), *alike.values()}
    # a list that leaves out one to which nobody was connected leaves out all, also where its lines do not say how long
    is_of_all = all(one.key in taken for one in held if one.is_silent and is_inside(witness, one))
    undated = _undated(witness, held, found, clock, is_of_all=is_of_all)
    outside = astray | {line.line for line, one in undated if not is_inside(witness, one)}
    n_outside = len(outside)
    crowded = {one.meeting_id for one in witness.lines if one.line in unsure}
    more = [
        one
        for one in held
        if one.key not in taken and one.is_silent is False and is_inside(witness, one)
        if one.meeting_id not in crowded
    ]
    unread = [one.line for one in witness.aside if one.why in UNREAD]
    is_unread = any(one.why in (*UNREAD, *UNREAD_BESIDE) for one in witness.aside)
    of_key = {one.key: one for one in held}
    pairs = [(one, of_key[found[one.line]]) for one in witness.lines if one.line in found]
    off, unheld = hold([(line, one.lengths) for line, one in pairs])
    stated, beside = witness.stated, witness.beside
    unheld = tuple(of for of in unheld if of in stated.of_what(beside))
    summed = (*witness.lines, *witness.credits)
    # who never joined may stand on a list or not: in a number alone, a line of one made up for one that is nowhere
    is_loose = witness.by_connection and any(one.is_silent and one.started_at is None for _, one in pairs)
    adds_up = stated.agree(summed, beside, (*unheld, *(("lines",) if is_loose else ())), witness.closings)
    is_foreign = len(found) + len(unsure) + len(alike) < FOREIGN * len(witness.lines)
    holds = {
        "empty": not witness.lines and not is_unread,
        # Whoever asked about one month of a year's bill is told that first: the rest follows from it.
        "outside_period": bool(astray) or (not is_foreign and n_outside > FOREIGN * len(witness.lines)),
        "foreign": is_foreign,
        "lines_missing": bool(lacking),
        "unread": is_unread,
        "total_differs": adds_up is False,
        "incomplete": bool(more),
        "undated": bool(undated or unsure or alike),
        "lines_differ": bool(off),
        "unheld": adds_up is None and bool(unheld),
        "no_total": adds_up is None or witness.given.needs_more(summed, witness.closings),
        "part": witness.number_class is not None,
        "witnessed": True,
    }
    ids = tuple(dict.fromkeys(one.meeting_id for one in more))
    told_start, told_end = _span_told(witness)
    return Hearing(
        name=witness.name,
        kind=witness.kind,
        sha256=witness.sha256,
        start=witness.start,
        end=witness.end,
        number_class=witness.number_class,
        n_lines=len(witness.lines),
        n_found=len(found.keys() - outside),
        only_in_witness=() if is_foreign or astray else named([Missing.of(one) for one in lacking]),
        n_only_in_witness=len(lacking),
        only_in_archive=ids[:MOST_NAMED],
        n_only_in_archive=len(ids),
        finding=next(key for key, does in holds.items() if does),
        n_outside=n_outside,
        aside=tuple((one.line.line, one.why) for one in witness.aside[:MOST_NAMED]),
        n_aside=len(witness.aside),
        # the total of a list counts also what nobody could read of it
        differs=stated.differing((*summed, *unread), beside, witness.closings),
        by_connection=witness.by_connection,
        off=off[:MOST_NAMED],
        n_off=len(off),
        unheld=unheld,
        runs=witness.runs if astray else None,
        covers=witness.covers if outside else None,
        until=_until(witness),
        told_start=told_start,
        told_end=told_end,
        blank=tuple(_blank(witness, (one.edges[0] if one.edges else of.started_at for one, of in pairs))),
        given_at=witness.given_at,
        words=tuple(one[:LONGEST_WORDS] for one in witness.words[:MOST_WORDS]),
        n_words=len(witness.words),
    )


def _until(witness: Witness) -> datetime | None:
    """Return from when on a list proves nothing that was handed in before its period was over; None where it was over.

    What took place after a list was made stands on none, and what lasted still may not either: with the bill of half a
    March, whatever the platform listed and forgot later that month was missing in PROVEN. Of a list of which nobody
    kept when it was handed in, the last line says how far it goes.
    """
    last = max((one.edges[1] for one in witness.lines if one.edges), default=witness.start)
    if witness.given_at is not None:
        last = witness.end if witness.given_at >= witness.end else witness.given_at - DEFAULT_POLICY.settle
    return None if last >= witness.end else max(last, witness.start)


def _span_told(witness: Witness) -> tuple[datetime | None, datetime | None]:
    """Return before when, and from when on, a list proves nothing by its own words: of which period it is, and when it
    was made, which counts as when it was handed in does.
    """
    start, end, made_at = witness.told
    made = [made_at - DEFAULT_POLICY.settle] if made_at and made_at < witness.end else []
    ends = [max(one, witness.start) for one in (*made, *([end] if end else [])) if one < witness.end]
    return start if start and start > witness.start else None, min(ends, default=None)


def _blank(witness: Witness, moments: Iterable[datetime | None]) -> list[tuple[datetime, datetime]]:
    """Return from when until when, in whole months of Beijing, a list has no line and does not say that it is of them.

    A bill of October says nothing of July, for whatever period it was handed in: what the archive lacked there was
    PROVEN, whatever the bill called its month.
    """
    of_lines = {f"{one.astimezone(BEIJING):%Y-%m}" for one in moments if one}
    blank: list[tuple[datetime, datetime]] = []
    month = witness.start.astimezone(BEIJING).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while month < witness.end:
        after = (month + timedelta(days=31)).replace(day=1)
        is_told = any(start <= month and after <= end for start, end in witness.spans)
        if witness.start <= month and after <= witness.end and not is_told and f"{month:%Y-%m}" not in of_lines:
            begin = blank.pop()[0] if blank and blank[-1][1] == month else month
            blank.append((begin, after))
        month = after
    return [(begin.astimezone(UTC), end.astimezone(UTC)) for begin, end in blank]


def as_kept(hearing: Hearing, **how: Any) -> dict[str, Any]:
    """Return what an archive keeps of a witness, as plain JSON values: what it came to, by which rules, and `how` it is
    read.
    """
    return {**how, "rules": RULES, "hearing": hearing.to_dict()}


def standing(kept: Iterable[Mapping[str, Any]]) -> list[Hearing]:
    """Return what the witnesses of an archive came to. What was heard by other rules than these proves nothing until
    the next sync hears it again; the gaps that it tells stay.

    No check can follow rules that are no more: were they believed, whoever edits a head would name others than these.
    """
    heard = ((Hearing.from_dict(one["hearing"]), one.get("rules")) for one in kept)
    return [one if rules == RULES else replace(one, finding="other_rules") for one, rules in heard]


def as_told(certificate: Certificate, told: Iterable[Period], readings: Iterable[Mapping[str, Any]]) -> Certificate:
    """Return a certificate with what somebody told of it that rests on lists heard by other rules, on top: no check can
    follow these. None proves more than the period it was handed in for.
    """
    spans = {one["name"]: [datetime.fromisoformat(one[edge]) for edge in ("start", "end")] for one in readings}
    for one in told:
        for start, end in (spans[name] for name in one.pull_ids if name in spans):
            if one.reason_key != "witnessed" or start <= one.start < one.end <= end:
                certificate = _painted_over(certificate, one)
    return certificate


def _with_known(witness: Witness, held: Sequence[Archived]) -> Witness:
    """Return a witness of whose lines none is aside that the archive knows by id: what looks like a total or a note may
    be what a room is called.
    """
    known = {one.meeting_id for one in held}
    is_known = [one.line.meeting_id in known and one.why != "credit" for one in witness.aside]
    lines = [one.line for one, does in zip(witness.aside, is_known, strict=True) if does]
    rest = tuple(one for one, does in zip(witness.aside, is_known, strict=True) if not does)
    return replace(witness, lines=tuple(sorted((*witness.lines, *lines), key=lambda one: one.line)), aside=rest)


def _undated(
    witness: Witness, held: Sequence[Archived], found: Mapping[int, str], clock: Clock, *, is_of_all: bool
) -> list[tuple[WitnessLine, Archived]]:
    """Return the lines for which a meeting stands that need not be theirs: no instants meet, and it was not in the
    period, or of another day by the list's own clock, or far from where the line is; or nobody came to it though the
    line is of who did.
    """

    def is_doubtful(line: WitnessLine, one: Archived) -> bool:
        if line.started_at is not None and one.started_at is not None:
            # a minute is charged for a second, and its record may begin and end in one
            return never_was(line, one) and (line.duration_s is None or line.duration_s > LEAST_CHARGED_S)
        is_empty = bool(one.is_silent) and (line.is_charged or (line.duration_s is None and not is_of_all))
        is_off = line.started_at is None and bool(clock.apart(line, one))
        return is_empty or is_off or not is_inside(witness, one) or _is_far(line, one)

    by_key = {one.key: one for one in held}
    pairs = ((line, by_key[found[line.line]]) for line in witness.lines if line.line in found)
    return [(line, one) for line, one in pairs if is_doubtful(line, one)]


def _is_far(line: WitnessLine, one: Archived) -> bool:
    """Whether a line says an instant at which the meeting of a connection that has none is known not to have run."""
    if line.started_at is None or one.meeting_at is None:
        return False
    until = one.ended_at or line.started_at
    return not one.meeting_at - TOLERANCE <= line.started_at <= until + TOLERANCE


def with_witnesses(certificate: Certificate, heard: Sequence[Hearing], settled: datetime) -> Certificate:
    """Return a certificate with what witnesses say on top: proof where they prove, a gap at each line that is not here.

    No list proves what is not `settled`: of days that nobody asked about, list and archive agree by holding nothing.
    Nor what took place after it was handed in (`Hearing.until`), outside the period that it says it is of, or in months
    in which it has no line (`Hearing.blank`).
    What rests on a witness stands beside the rest and is never mixed with it: a witness that is removed takes back
    what rested on it, and nothing else.
    """
    for one in heard:
        start, end = max(one.start, one.told_start or one.start), min(one.end, settled, *one.ends)
        sides = [one.start, *(edge for blank in one.blank for edge in blank), one.end]
        spans = [(max(start, begin), min(end, until)) for begin, until in zip(sides[::2], sides[1::2], strict=True)]
        for begin, until in spans if one.finding == "witnessed" else []:
            if begin < until:
                certificate = _painted_over(certificate, Period(begin, until, "witnessed", (one.name,)))
    for one in heard:
        for line in one.only_in_witness:
            edges = (line.start or one.start, line.end or one.end)  # without an instant it may be at any of the period
            certificate = _painted_over(certificate, Period(*edges, "only_in_witness", (one.name,)))
    return certificate


def _painted_over(certificate: Certificate, period: Period) -> Certificate:
    first = min((certificate.start or period.start), period.start)
    last = max((certificate.end or period.end), period.end)
    before, after = certificate.over(first, period.start), certificate.over(period.end, last)
    return Certificate.of((*before.periods, period, *after.periods), certificate.outside)
