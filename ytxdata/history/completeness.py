"""The rules of completeness: how much to ask, what an answer shows, and what may then be claimed. No I/O, no clock.

A claim is a period with a verdict. PROVEN is said only where it cannot be false; a modest verdict costs little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ytxdata.history.evidence import Evidence, KnownLand, Note, NothingKnown, Policy, PullFacts
from ytxdata.history.verdicts import Certificate, Period

DEFAULT_POLICY = Policy()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a finished sync says and leaves behind.

    Parameters
    ----------
    certificate
        All periods ever claimed, as they stand after this sync.
    evidence
        To be kept for the next sync, in place of the evidence given to this one.
    notes
        What was noticed.
    vanished, reappeared
        Ids of meetings that are exempt from now on, and of those that no longer are.
    """

    certificate: Certificate
    evidence: Evidence
    notes: tuple[Note, ...] = ()
    vanished: tuple[str, ...] = ()
    reappeared: tuple[str, ...] = ()

    @property
    def periods(self) -> tuple[Period, ...]:
        """The periods of the certificate."""
        return self.certificate.periods


class Reading:
    """One sync in progress: ask as `ask` says, give each answer to `take`, until `ask` is None; then `result`.

    A sync that does not get that far leaves nothing behind: its result is never taken.

    Parameters
    ----------
    known
        What the archive held before this sync, from completed syncs only.
    evidence
        What the last completed sync left behind; `Evidence()` the first time.
    policy
        The numbers of the rules.
    now
        When the sync begins.
    """

    def __init__(self, known: KnownLand, evidence: Evidence, now: datetime, policy: Policy = DEFAULT_POLICY) -> None:
        self.known, self.evidence, self.now, self.policy = known, evidence, now, policy

    @property
    def ask(self) -> int | None:
        """The next `meetingcount`, or None when the sync is done."""
        raise NotImplementedError

    def take(self, pull: PullFacts) -> None:
        """Take the answer to the last question."""
        raise NotImplementedError

    def result(self) -> Judgement:
        """Return what may be claimed after this sync."""
        raise NotImplementedError


def certify_history(pulls: Sequence[PullFacts], now: datetime, policy: Policy = DEFAULT_POLICY) -> Certificate:
    """Return what may be claimed about answers read without an archive: PROBABLE at best."""
    reading = Reading(NothingKnown(), Evidence(), now, policy)
    for pull in pulls:
        reading.take(pull)
    return reading.result().certificate
