"""Laying an answer over the known land, with reads that follow the answer and not the archive."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from ytxdata.history.comparing import Placed, compared, is_unchanged, overlap, stand_for_two
from ytxdata.history.evidence import Known, KnownLand, PullFacts, Seen
from ytxdata.history.policy import Policy
from ytxdata.history.sighting import EARLIEST, HORIZON, Before, Sighting, start_of
from ytxdata.times import floor_second, next_second


def look(pull: PullFacts, known: KnownLand, before: Before, policy: Policy) -> Sighting:
    """Lay an answer over the known land: a pure function of the two, and of what came before."""
    by_id: dict[str, list[Seen]] = {}
    for record in pull.records:
        by_id.setdefault(record.meeting_id, []).append(record)
    found = known.lookup(list(by_id))
    steady = {key for key, one in found.items() if not one.is_exempt}
    placed = _placed((records[-1] for records in by_id.values()), pull)

    # where the window may begin: above the newest known record that is missing, and above rooms pinned on top
    n_placed_known = known.n_before(pull.asked_at + HORIZON)
    floor = _floor([start for start, _ in placed], known, n_placed_known, policy)
    absent = [] if floor is None else _absent(known, floor, by_id, pull)
    missing = [(start, one.meeting_id) for start, one in absent if not one.is_exempt]
    after = max((start for start, _ in missing), default=EARLIEST)
    inside = [] if floor is None else [pair for pair in placed if pair[0] >= floor and pair[0] > after]
    n_pinned = max(policy.overlap - 1, int(policy.strays * len(placed)))
    trusted = [pair for pair in inside if len(placed) > n_pinned and pair[0] > placed[n_pinned][0]]

    # what came again, what did not, and whether that joins the answer to the archive
    n_known = sum(one.meeting_id in steady for _, one in placed)
    n_inside = sum(one.meeting_id in steady for _, one in inside)
    n_missing = len(missing) if floor is not None or not placed else n_placed_known - n_known
    n_left_out = max(0, known.n_before(inside[0][0]) - (n_known - n_inside)) if inside else 0
    joins_at, listed_from = before.joins_at, before.still_listed_from(pull.asked_at)
    n_forgotten = known.n_before(listed_from) if listed_from else n_placed_known
    n_held_back = max(0, known.n_before(inside[0][0]) - n_forgotten - (n_known - n_inside)) if inside else 0
    lower, upper = _lower(inside, after), upper_edge(pull, policy)
    comparison = compared(lower, upper, by_id, before.answer, placed, policy)
    n_far = sum(one.meeting_id in steady for start, one in placed if inside and start < inside[0][0] - policy.reach)
    same = [found[one.meeting_id] for start, one in inside if lower and start >= lower and is_unchanged(one, found)]
    anchors = [one for one in same if not before.is_unsure(one.last_changed_at)]
    return Sighting(
        pull=pull,
        policy=policy,
        upper=upper,
        lower=lower,
        oldest=placed[0][0] if placed else None,
        first=inside[0][0] if inside else None,
        trimmed=_lower(trusted, after),
        n_ids=len(by_id),
        n_known=n_known,
        n_inside=n_inside,
        n_left_out=n_left_out,
        n_held_back=n_held_back,
        n_missing=n_missing,
        n_gone=len(absent) - len(missing),
        missing=tuple(key for _, key in sorted(missing)),
        anchored_by=None
        if n_far >= policy.overlap
        else overlap(anchors, n_known, n_inside, n_held_back, joins_at, policy),
        fresh=tuple(records[-1] for key, records in by_id.items() if key not in found),
        n_without_start=len(by_id) - len(placed),
        reappeared=tuple(key for key, one in found.items() if one.is_exempt),
        collisions=tuple(key for key, records in by_id.items() if stand_for_two(records, found.get(key))),
        **comparison._asdict(),
    )


def upper_edge(pull: PullFacts, policy: Policy) -> datetime:
    """Return where the window of a pull ends: the instant of asking, less what may still settle and the clocks' difference."""
    return floor_second(pull.asked_at - policy.settle - abs(pull.clock_skew or timedelta(0)))


def _placed(records: Iterable[Seen], pull: PullFacts) -> list[Placed]:
    pairs = ((start_of(one, pull), one) for one in records)
    return sorted(((start, one) for start, one in pairs if start is not None), key=lambda pair: pair[0])


def _floor(starts: Sequence[datetime], known: KnownLand, n_placed_known: int, policy: Policy) -> datetime | None:
    """Return from where to look for missing records without reading much more than the answer holds, None if nowhere.

    Rooms pinned on top may be years old, so the lowest few records of the answer are passed over if need be. When even
    then there is far more known than came, most of it is missing, and there is no need to read it.
    """
    bearable = 2 * len(starts) + 100
    candidates = dict.fromkeys([*starts[: policy.overlap], *starts[len(starts) // 10 :][:1]])
    return next((at for at in candidates if n_placed_known - known.n_before(at) <= bearable), None)


def _absent(
    known: KnownLand, floor: datetime, returned: Mapping[str, object], pull: PullFacts
) -> list[tuple[datetime, Known]]:
    return [
        (one.started_at, one)
        for one in known.since(floor)
        if one.started_at is not None and one.started_at < pull.asked_at + HORIZON and one.meeting_id not in returned
    ]


def _lower(inside: Sequence[Placed], after: datetime) -> datetime | None:
    """Return the first whole second for which the answer can speak.

    It lies after the newest missing record and after the oldest returned start: a limit may cut inside one second. It
    also lies after the earliest returned end: a list that is kept by end is cut by end.
    """
    if not inside:
        return None
    first_end = min((one.ended_at for start, one in inside if one.ended_at and one.ended_at >= start), default=after)
    return next_second(max(after, inside[0][0], first_end))
