"""What no later answer may prove: spans of time that may lack a meeting which only this sync could have seen.

A verdict is of an answer, and the next one knows nothing of what that could not speak for: it is shorter, the record
that nobody understood is listed no more, the category that was full has lost one or may hold more. So what is barred
is kept as a span, for good. Whatever the sync before could see it had seen, or barred: a span begins where that one
ended, and at the beginning of time where nothing was known. Only another list proves it.

What only a suspected limit may hide is barred as long as that is: few meetings of few people look like a limit every
day, and the next answer shows one more. Kept for good, most accounts that began empty were never proven. The greatest
number of records that an answer shows of one creator or kind may be a limit, too, and shows itself as one years later,
when the answer that met it is gone: what that would have hidden is kept, and bars nothing until then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain

from ytxdata.history.proof.categories import Limit, hidden_by, met, most_shown, possible, suspected
from ytxdata.history.proof.evidence import (
    BARRING,
    Doubt,
    Evidence,
    Key,
    Known,
    KnownLand,
    PullFacts,
    Seen,
    Span,
    Window,
)
from ytxdata.history.proof.overlap import latest
from ytxdata.history.proof.policy import Policy
from ytxdata.history.proof.window import Sighting, keys_anew, look
from ytxdata.times import EARLIEST, floor_second, next_second

MOST_SPANS = 256
"""How many spans of one reason are kept apart: evidence must stay small. They are 15 KB of a head: two years of a
record every third day that nobody understood."""

MOST_UNREAD = 128
"""By how many names records that were not understood are remembered, each has two."""


def barred(
    evidence: Evidence,
    answers: Sequence[Sighting],
    learned: Sequence[Limit] = (),
    joined_at: datetime | None = None,
) -> Evidence:
    """Return the evidence with what the answers of a sync cannot speak for.

    Parameters
    ----------
    evidence
        As the sync before left it, with the limits by category that are known and suspected now.
    learned
        Limits that this sync was the first to see at work: whatever was proven was proven on lists that lacked it.
    joined_at
        What the sync before could see ended there, where the evidence says less.
    """
    spans: Mapping[str, list[Span]] = {name: list(getattr(evidence, name)) for name in BARRING}
    may_hide: dict[Limit, list[Span]] = {}
    greatest = Counter[str]()
    for whose, n, *span in evidence.suspects_hide:
        may_hide.setdefault((whose, n), []).append((span[0], span[1]))
        greatest |= Counter({whose: n})
    unread = dict.fromkeys(evidence.unread)
    for answer in answers:
        joins_at = joined_at or evidence.joins_at
        # where nothing was known before, no earlier sync has seen what this answer may lack
        since = EARLIEST if joins_at is None or answer.is_first else joins_at
        limits = {*possible(evidence), *(one for one in met(answer) if one[1] >= greatest[one[0]])}
        for limit, until in hidden_by(answer, limits, only_new=True).items():
            may_hide.setdefault(limit, []).extend(_before(since, until))
        for limit, until in hidden_by(answer, learned).items() if learned else ():
            spans["hidden"] += _before(EARLIEST, until) if limit in learned else ()
        spans["moved"].extend(span for _, span in answer.moved)
        # the sync before may have seen one of the records that are told of a meeting, and never another's
        for meeting, same in answer.contradictions.items():
            old = answer.kept.get(meeting) or answer.found.get(meeting)
            spans["contradiction"] += _told_as(same, old, answer, EARLIEST)
        for one, others in answer.pull.several:
            spans["collision"] += _of_several(one, others, answer, since)
        for gone in answer.replaced:
            spans["collision"] += _told_as(gone.of_room, gone.old, answer, since)
        told = answer.pull.unread
        if (told or answer.pull.n_rejected) and not (told and all(unread.keys() & one[:1] for one in told)):
            until = latest(answer.pull, answer.policy)
            # more patience than before: what was listed too late for the sync before is listed to this one
            spans["rejected"].append((min(since, floor_second(until - answer.policy.settle)), next_second(until)))
        for key in chain(*told):  # those that are told again are the last to be forgotten
            unread.pop(key, None)
            unread[key] = None
    most = most_shown(answers)
    spans["hidden"] += [span for limit in evidence.limits for span in may_hide.pop(limit, ())]
    left = ((whose, n, *span) for (whose, n), some in may_hide.items() if n >= most[whose] for span in merged(some))
    kept = {name: merged(found) for name, found in spans.items()}
    return replace(evidence, **kept, suspects_hide=tuple(sorted(left)), unread=tuple(unread)[-MOST_UNREAD:])  # type: ignore[arg-type]


def unfinished(known: KnownLand, evidence: Evidence, pulls: Iterable[PullFacts], policy: Policy) -> Evidence:
    """Return the evidence with what the answers of a sync that came to no end cannot speak for; they claim nothing."""
    answers = list[Sighting]()
    for pull in pulls:
        earlier = Evidence(n_of_room=evidence.n_of_room)
        answers.append(look(pull, known, earlier, policy, answers[-1] if answers else None))
    return barred(replace(evidence, suspected=suspected(evidence, answers)), answers)


def bars(evidence: Evidence) -> list[tuple[datetime, datetime, str]]:
    """Return all spans that are barred, by start, each with its reason."""
    suspects = [(*span, "hidden") for whose, n, *span in evidence.suspects_hide if (whose, n) in evidence.suspected]
    return sorted([*suspects, *((*span, name) for name in BARRING for span in getattr(evidence, name))])


def joined_at(evidence: Evidence, answers: Iterable[Sighting], policy: Policy) -> datetime | None:
    """Return up to where the last sync could see, if the platform's `Date` says that it was asked before this one: then
    it is the clock of now that is behind, and what that sync saw it has seen.
    """
    now, last = _told_now(answers), evidence.last_asked_at
    return evidence.joins_at if now and last and now >= last - policy.jitter else None


def _told_now(answers: Iterable[Sighting]) -> datetime | None:
    """Return the latest instant at which a sync may have asked; None where only this machine's clock tells of it."""
    return max((latest(one.pull, one.policy) for one in answers if one.pull.clock_skew is not None), default=None)


def ending(
    evidence: Evidence, known: KnownLand, answers: Sequence[Sighting], policy: Policy, *, went_back: bool
) -> Evidence:
    """Return the evidence with no span that follows a clock ahead of all others far beyond now.

    Else one record that was not understood while a clock was a year ahead would bar that year. Nothing is cut by a
    clock alone: one that is behind would lift what is barred, and prove the meetings that only it kept out. It takes
    the platform's `Date`, too, and neither says less than known meetings that are over.

    Parameters
    ----------
    went_back
        This machine's clock went back since the sync before.
    """
    now = _told_now(answers)
    newest = now or max(latest(one.pull, one.policy) for one in answers)
    spans = [*evidence.hidden, *evidence.rejected, *(one[2:] for one in evidence.suspects_hide)]
    if all(end <= newest + policy.settle for _, end in spans):
        return evidence
    over = (one.ended_at for one in known.since(newest) if one.ended_at and one.was_over)
    last = next_second(max([newest, *over]) + policy.settle)

    def cut(start: datetime, end: datetime) -> Iterator[Span]:
        if start <= last:
            yield start, min(end, last)
        elif went_back:  # left by a sync of an unknown time, which came after the edge that may be true
            yield min(start, evidence.joins_at or start), last
        if end > last and now is None:
            yield start, end

    suspects_hide = tuple((*one[:2], *span) for one in evidence.suspects_hide for span in cut(*one[2:]))
    kept = {name: merged(chain(*(cut(*span) for span in getattr(evidence, name)))) for name in ("hidden", "rejected")}
    return replace(evidence, **kept, suspects_hide=suspects_hide)  # type: ignore[arg-type]


def _before(since: datetime, until: datetime) -> Iterator[Span]:
    if since < until:
        yield since, next_second(until)


def _of_several(one: Seen, others: Sequence[datetime], answer: Sighting, since: datetime) -> Iterator[Span]:
    """Yield the time in which a record may tell of more meetings than one: between its own start and what it says of
    the others; where it does not say, from what the sync before could not see up to when it was first listed so."""
    start = answer.pull.start_of(one)
    if others and start:
        yield min(start, *others), next_second(max(start, *others))
        return
    old = answer.found.get(one.key)
    first = old.last_changed_at if old and old.record_hash == one.record_hash else answer.pull.asked_at
    yield from _before(min(since, start or since), first)


def _told_as(same: Iterable[Seen], old: Known | None, answer: Sighting, since: datetime) -> Iterator[Span]:
    """Yield the time between all starts that are told of a meeting, or of a room."""
    told = [start for one in same if (start := answer.pull.start_of(one)) is not None]
    if told:
        first = min([*told, *([old.started_at] if old and old.started_at else ())])
        # one that is told as older than what the sync before could see has come since, whatever it was told in place of
        yield max(first, since) if since <= max(told) else first, next_second(max(told))


MOST_DOUBTS = 20
"""How many late arrivals are kept: the latest of them decide, and evidence must stay small."""


def doubts_from(sightings: Sequence[Sighting], earlier: Evidence) -> list[Doubt]:
    """Return the meetings that turned up inside what had been proven, and those that were gone for a while.

    One is enough to call the platform's lists unreliable: whoever lists one meeting late lists others late too, and
    leaves out single ones for a while. Which, nobody can tell.
    """
    proven = [one for one in earlier.windows if one.proven_from is not None]
    unproven, is_anew = bars(earlier), bool(keys_anew(sightings))
    found: dict[str, Doubt] = {}
    for sighting in sightings:
        for record, gone_at in _unexpected(sighting, earlier.last_asked_at, is_anew=is_anew):
            start = sighting.pull.start_of(record)
            missed_at = gone_at or _missed_at(start, proven)
            if start and missed_at and not any(first <= start < last for first, last, _ in unproven):
                found.setdefault(record.meeting_id, Doubt(record.meeting_id, start, missed_at, sighting.pull.pull_id))
    return list(found.values())


def worst_doubts(doubts: Iterable[Doubt]) -> tuple[Doubt, ...]:
    """Return the latest arrivals: they decide how long nothing may be taken for settled."""
    return tuple(sorted(doubts, key=lambda one: one.lateness, reverse=True)[:MOST_DOUBTS])


def _unexpected(
    sighting: Sighting, last_asked_at: datetime | None, *, is_anew: bool
) -> Iterator[tuple[Seen, datetime | None]]:
    """Yield the records that were not known, and with the last asking those that were known to be gone."""
    back = set[Key]() if is_anew else {one.key for one in sighting.reappeared}
    yield from ((record, None) for record in sighting.fresh)
    yield from ((record, last_asked_at) for record in sighting.pull.records if record.key in back)


def _missed_at(start: datetime | None, proven: Iterable[Window]) -> datetime | None:
    """Return when the newest pull was asked that should have shown a record and did not, None if there is none."""
    if start is None:
        return None
    return max(
        (one.asked_at for one in proven if one.proven_from and one.proven_from <= start < one.upper), default=None
    )


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return spans of time sorted, those that touch as one; of too many, those that lie nearest to each other: what
    is proven between them goes with it, and between the oldest two lay months.

    Examples
    --------
    >>> merged([(5, 7), (1, 2), (2, 4)])
    ((1, 4), (5, 7))
    """
    kept: list[Span] = []
    for start, end in sorted(spans):
        if kept and start <= kept[-1][1]:
            start, end = kept[-1][0], max(end, kept.pop()[1])
        kept.append((start, end))
    while len(kept) > MOST_SPANS:
        at = min(range(1, len(kept)), key=lambda place: kept[place][0] - kept[place - 1][1])
        kept[at - 1 : at + 1] = [(kept[at - 1][0], kept[at][1])]
    return tuple(kept)
