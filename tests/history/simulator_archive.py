"""An archive in memory, as far as the rules of completeness see one, and the check of its claims against the truth."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain

from tests.history.simulator_account import Account, Meeting, instant
from ytxdata.history.proof.certificate import Certificate
from ytxdata.history.proof.evidence import Evidence, Key, Known, PullFacts, Remembered, Seen, named
from ytxdata.history.proof.policy import Policy
from ytxdata.history.proof.rules import Judgement, Reading, patient
from ytxdata.history.proof.unprovable import unfinished
from ytxdata.records.identity import assign, by_meeting


class MemoryLand:
    """Known land in a dictionary."""

    def __init__(self) -> None:
        self.known: dict[str, list[Known]] = {}
        self.unfinished: dict[str, Known] = {}
        self.ran: set[str] = set()
        self._sorted: list[Known] | None = None

    def count(self) -> int:
        return sum(map(len, self.known.values()))

    def meetings(self, ids: Sequence[str]) -> Mapping[str, Sequence[Remembered]]:
        found = {}
        for key in ids:
            kept = self.unfinished.get(key)
            known = self.known.get(key, [])
            at = assign([[one] for one in known], [kept])[0] if kept else -1
            found[key] = [
                Remembered((one, *([kept] if n == at and kept else [])), one, kept if n == at else None)
                for n, one in enumerate(known)
            ]
            if kept and at == len(known):
                found[key].append(Remembered((kept,), None, kept))
        return found

    def joined(self, meetings: Sequence[Known]) -> dict[Key, datetime]:
        return {one.key: _start(one) for one in meetings if one.meeting_id in self.ran}

    def since(self, at: datetime) -> Iterable[Known]:
        return self._by_start()[self._position(at) :]

    def n_before(self, at: datetime) -> int:
        return sum(not one.is_exempt for one in self._by_start()[: self._position(at)])

    def put(self, one: Known) -> None:
        """Keep a record as the meeting of its id that it is of."""
        known = self.known.setdefault(one.meeting_id, [])
        [at] = assign([[other] for other in known], [one])
        known[at : at + 1] = [replace(one, twin=at)]
        self._sorted = None

    def changed(self) -> None:
        """Forget what was sorted."""
        self._sorted = None

    def of(self, meeting_id: str) -> Known:
        """The only meeting of an id."""
        [known] = self.known[meeting_id]
        return known

    def _by_start(self) -> list[Known]:
        if self._sorted is None:
            self._sorted = sorted((one for one in chain(*self.known.values()) if one.started_at), key=_start)
        return self._sorted

    def _position(self, at: datetime) -> int:
        return bisect_left(self._by_start(), at, key=_start)


def _known(one: Seen, pull: PullFacts) -> Known:
    return Known(
        one.meeting_id,
        one.started_at,
        one.ended_at,
        one.record_hash,
        pull.asked_at,
        one.creator,
        booked_at=one.booked_at,
    )


def _start(one: Known) -> datetime:
    assert one.started_at is not None
    return one.started_at


class MemoryArchive:
    """What syncs leave: known land, versions, evidence, the instants at which the platform was read."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.land = MemoryLand()
        self.evidence = Evidence()
        self.held: set[str] = set()
        self.read_at: list[float] = []
        self.certificate = Certificate()
        self.last: Judgement | None = None
        self.last_pulls: list[PullFacts] = []

    def sync(self, account: Account, *, call_takes: float = 5.0, breaks_after: int | None = None) -> int:
        """Sync, or break off after some calls; return how many calls it took."""
        reading = Reading(self.land, self.evidence, instant(account.now - account.knobs.skew), self.policy)
        pulls: list[PullFacts] = []
        read_at: list[float] = []
        while (n := reading.ask) is not None:
            if breaks_after is not None and len(pulls) >= breaks_after:
                self._keep_unfinished(pulls)
                return len(pulls)
            assert len(pulls) < self.policy.max_calls
            pull = account.ask(n)
            pulls.append(pull)
            read_at.append(account.now)
            reading.take(pull)
            account.live(account.now + call_takes, rate=20)
        judged = reading.result()
        self._keep(pulls, judged)
        self.last_pulls = pulls
        self.read_at += read_at
        return len(pulls)

    def judge(self, pulls: Sequence[PullFacts]) -> None:
        """Sync with answers that somebody else got."""
        reading = Reading(self.land, self.evidence, pulls[0].asked_at, self.policy)
        for pull in pulls:
            reading.take(pull)
        self._keep(pulls, reading.result())

    def _keep_unfinished(self, pulls: Sequence[PullFacts]) -> None:
        self.evidence = unfinished(self.land, self.evidence, pulls, patient(self.policy, self.evidence))
        for pull in pulls:
            for one in pull.records:
                self.held.add(one.record_hash)
                self.land.unfinished[one.meeting_id] = _known(one, pull)

    def _keep(self, pulls: Sequence[PullFacts], judged: Judgement) -> None:
        for pull in pulls:
            together: dict[str, list[Seen]] = {}
            for one in pull.records:
                together.setdefault(one.meeting_id, []).append(one)
            for meeting_id, told in together.items():
                self._keep_told(meeting_id, told, pull)
        for key, exempt in [(one, True) for one in judged.vanished] + [(one, False) for one in judged.reappeared]:
            meeting_id, twin = named(key)
            self.land.put(replace(self.land.known[meeting_id][twin], is_exempt=exempt))
        self.evidence = Evidence.from_dict(judged.evidence.to_dict())
        self.certificate, self.last = judged.certificate, judged

    def _keep_told(self, meeting_id: str, told: Sequence[Seen], pull: PullFacts) -> None:
        """Keep what an answer tells under one id, of each meeting the record to believe."""
        self.held.update(one.record_hash for one in told)
        self.land.unfinished.pop(meeting_id, None)
        known = self.land.known.setdefault(meeting_id, [])
        if len(known) == len(told) == 1 and known[0].record_hash == told[0].record_hash:
            return  # as most are, time after time
        for at, _, best in by_meeting([[one] for one in known], told, known):
            before = known[at] if at < len(known) else None
            if best is not None and (before is None or before.record_hash != best.record_hash):
                is_exempt = before.is_exempt if before else False
                known[at : at + 1] = [replace(_known(best, pull), is_exempt=is_exempt, twin=at)]
        self.land.changed()

    def lost(self, account: Account) -> list[Meeting]:
        """Return the meetings that the platform once listed and that are not here.

        One that was deleted before any answer held it does not count: nobody could know of it.
        """
        last = self.read_at[-1] if self.read_at else 0.0
        return [one for one in account.meetings if one.listed < last and self._is_lost(one, account)]

    def _is_lost(self, one: Meeting, account: Account) -> bool:
        if not one.has_start or not one.hashes.isdisjoint(self.held):
            return False
        if one.is_booked and one.start > self.read_at[-1]:
            return False
        return not one.deleted

    def falsely_proven(self, account: Account) -> list[Meeting]:
        """Return the lost meetings that start in a period called PROVEN."""
        proven = [one for one in self.certificate.periods if one.verdict == "PROVEN"]
        starts = [one.start for one in proven]
        wrong = []
        for meeting in self.lost(account) if proven else ():
            at = instant(meeting.start)
            position = bisect_left(starts, at)
            near = proven[max(0, position - 1) : position + 1]
            if any(one.start <= at < one.end for one in near):
                wrong.append(meeting)
        return wrong
