"""What a sync noticed, in sentences: said once where it would otherwise be said for ever."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ytxdata.history.evidence import Doubt, Evidence, Note, Window
from ytxdata.history.reasons import NOTES, REASONS
from ytxdata.history.sighting import Sighting
from ytxdata.times import beijing_text

FORGETTING = ("fell_off", "cap_equal")
"""Reasons that say the platform no longer lists old meetings."""

SUSPICIONS = ("cap_round", "cap_equal", "cap_fewer")
MOST_IDS = 20


def notes_on(
    best: Sighting, reason: str, gap: Window | None, doubts: Sequence[Doubt], earlier: Evidence, *, is_broken: bool
) -> Iterator[Note]:
    """Yield what a sync noticed, from what its best answer shows."""

    def note(key: str, ids: Sequence[str] = (), **values: object) -> Note:
        return Note(key, NOTES[key].format(**values), tuple(ids[:MOST_IDS]), best.pull.pull_id)

    if gap is not None:
        yield note("gap", start=beijing_text(gap.lower), end=beijing_text(gap.upper))
    late = [one.meeting_id for one in doubts if one.meeting_id not in best.reappeared]
    if late:
        yield note("late", late, n=len(late))
    if best.vanished:
        yield note("vanished", best.vanished, n=len(best.vanished))
    if best.reappeared:
        yield note("reappeared", best.reappeared, n=len(best.reappeared))
    if best.collisions:
        yield note("collision", best.collisions, n=len(best.collisions))
    if best.pull.n_rejected:
        yield note("rejected", n=best.pull.n_rejected)
    if best.n_without_start:
        yield note("no_start", n=best.n_without_start)
    if is_broken:
        yield note("order")
    if reason in SUSPICIONS:
        why = REASONS[reason].text
        yield Note(
            "cap",
            type(why)(NOTES["cap"].zh.format(why=why.zh), NOTES["cap"].en.format(why=why.en)),
            (),
            best.pull.pull_id,
        )
    if reason in FORGETTING and not earlier.has_forgotten:
        yield note("forgotten", n=best.n_left_out)
