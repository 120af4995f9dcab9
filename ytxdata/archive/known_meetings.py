"""What the archive knows of each meeting: its versions, when it was last seen, and what earlier syncs left for the
rules of completeness.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from itertools import chain
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ytxdata.archive.heads import Snapshot
from ytxdata.archive.raw_answers import listings
from ytxdata.archive.stored_files import INSTANT, Numbers, find
from ytxdata.archive.stored_rows import among, batches, before, filled, not_before, read
from ytxdata.history.proof.certificate import Certificate, Period
from ytxdata.history.proof.evidence import Evidence, Key, Known, Remembered, name_of, named
from ytxdata.history.proof.policy import DEFAULT_POLICY
from ytxdata.history.proof.rules import Judgement
from ytxdata.history.proof.witness_check import standing, with_witnesses
from ytxdata.records.values import rows_of as cells_of
from ytxdata.times import EARLIEST, EPOCH


class Version(NamedTuple):
    """One version of one meeting. `obs` is negative while its observation has no number yet.

    A version that was listed beside a fuller one, or without a start after one that had it, was never the one to
    believe: it replaces itself, is no meeting's latest at any time, and no other row has to be written again when it
    comes late.
    """

    obs: int
    meeting_id: str
    twin: int
    version: int
    record_hash: bytes
    observed_at: datetime
    pull_id: str
    started_at: datetime | None
    ended_at: datetime | None
    creator: str | None
    booked_at: datetime | None
    replaces: int | None = None

    @property
    def is_believed(self) -> bool:
        """Whether it was the one to believe of its answer."""
        return self.replaces != self.obs


VERSION_COLUMNS = Version._fields
Twins = list[list[Version]]
"""All versions under one meeting id: one list for each meeting that uses the id, oldest version first."""


def from_rows(rows: pa.Table) -> list[Version]:
    """Return rows of the stored meetings as versions."""
    return list(map(Version._make, cells_of(rows, VERSION_COLUMNS)))


def grouped(versions: Iterable[Version]) -> dict[str, Twins]:
    """Return versions by meeting id and twin, each oldest first."""
    groups: dict[str, Twins] = {}
    # by version, neither by the number of the observation nor by the day that brought it: where a clock was set back,
    # an older answer that is kept late has the higher number, and may list what a later one brought
    for version in sorted(versions, key=lambda v: (v.twin, v.version, v.is_believed, v.observed_at)):
        twins = groups.setdefault(version.meeting_id, [])
        if version.twin == len(twins):
            twins.append([])
        twins[version.twin].append(version)
    return groups


class VersionIndex:
    """The versions of a snapshot; what was looked up once is remembered.

    Parameters
    ----------
    snapshot
        What completed syncs left; None for a new archive.
    """

    def __init__(self, snapshot: Snapshot | None) -> None:
        self.snapshot = snapshot
        self._found: dict[str, Twins] = {}

    def of(self, ids: Iterable[str]) -> Mapping[str, Twins]:
        """Return the versions of each id, none for one that is not known."""
        missing = [meeting_id for meeting_id in dict.fromkeys(ids) if meeting_id not in self._found]
        if missing:
            self._found.update(self._look_up(missing))
        return self._found

    def add(self, versions: Iterable[Version]) -> None:
        """Take in the first versions of ids that were looked up and found to be unknown."""
        self._found.update((version.meeting_id, [[version]]) for version in versions)

    def _look_up(self, ids: Sequence[str]) -> dict[str, Twins]:
        found: dict[str, Twins] = {meeting_id: [] for meeting_id in ids}
        if self.snapshot is not None:
            numbers = find(self.snapshot.runs, ids)
            rows = read(self.snapshot, "meetings", VERSION_COLUMNS, among("obs", numbers))
            # the index holds 64 bits of each id: rows of another id that shares them are found too
            found.update(grouped(version for version in from_rows(rows) if version.meeting_id in found))
        return found


class MeetingRecord(NamedTuple):
    """A record of an answer that is a meeting."""

    position: int
    meeting_id: str
    record_hash: bytes
    started_at: datetime | None
    ended_at: datetime | None
    creator: str | None
    booked_at: datetime | None


def reject_key(digest: bytes) -> str:
    """Return the key under which the index knows a rejected record; no meeting id begins like it."""
    return f"\0reject:{digest.hex()}"


class RejectIndex:
    """The rejected records of a snapshot, by their hash; what was looked up once is remembered."""

    def __init__(self, snapshot: Snapshot | None) -> None:
        self.snapshot = snapshot
        self._found: dict[bytes, int] = {}

    def of(self, digests: Collection[bytes]) -> dict[bytes, int]:
        """Return the number of the observation of each known digest; the caller adds those it stores."""
        missing = [digest for digest in digests if digest not in self._found]
        if missing and self.snapshot is not None:
            numbers = find(self.snapshot.runs, [reject_key(digest) for digest in missing])
            rows = read(self.snapshot, "observations", ("obs", "record_hash"), among("obs", numbers))
            self._found.update(cells_of(rows, ("record_hash", "obs")))
        return self._found


def last_seen(snapshot: Snapshot, as_of: datetime | None = None) -> pa.Table:
    """Return `obs` and `last_seen_at` of every observation; null when it was not seen up to `as_of`."""
    # a cell for each observation, not for each sighting: every sync lists the same records again, for years
    seen = np.full(snapshot.head.counts["observations"], np.iinfo(np.int64).min)
    for asked_at, _, places in listings(snapshot, as_of):
        # the greatest, not the last one written: where a clock was set back, a later pull is of an earlier instant
        seen[places] = np.maximum(seen[places], asked_at)
    known = pa.array(seen, pa.int64(), mask=seen == np.iinfo(np.int64).min)
    return pa.table({"obs": pa.array(np.arange(len(seen))), "last_seen_at": known.cast(INSTANT)})


class Unjudged(NamedTuple):
    """What interrupted syncs brought, and heads that were lost: kept like all records, and not yet listed by a
    finished sync.

    For the rules of completeness these do not exist. Were half a sync known land, a limit that is lifted while it
    runs would bring what an earlier answer lacked, the next full answer would bring nothing unknown, and the cut one
    would be called PROVEN. Listed by a finished sync, they are like any others.

    Parameters
    ----------
    numbers
        Their observations, sorted.
    since
        Observations that were brought while this machine's clock was behind the last finished sync → when a finished
        sync listed them: by their own date an overlap would seem older than it is, and prove too much.
    """

    numbers: Numbers
    since: Mapping[int, datetime]

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> Unjudged:
        """Return what a head says of them."""
        since = {
            obs: datetime.fromisoformat(at) for first, end, at in state.get("dated", ()) for obs in range(first, end)
        }
        spans = [np.arange(first, end) for first, end in state.get("unjudged", ())]
        return cls(np.concatenate([np.empty(0, np.int64), *spans]), since)

    def to_state(self) -> dict[str, Any]:
        """Return it as plain JSON values, by spans: what one sync brought stands together."""
        dated = {at: [obs for obs, one in self.since.items() if one == at] for at in self.since.values()}
        state = {
            "unjudged": _spans(self.numbers),
            "dated": [[*span, at.isoformat()] for at, some in dated.items() for span in _spans(np.array(sorted(some)))],
        }
        return {name: value for name, value in state.items() if value}

    def hashes(self, snapshot: Snapshot) -> dict[int, bytes]:
        """Return the hash of each of their records, by which another archive with these records knows them."""
        numbers = np.union1d(self.numbers, np.array(sorted(self.since), dtype=np.int64))
        rows = read(snapshot, "observations", ("obs", "record_hash"), among("obs", numbers))
        return dict(cells_of(rows, ("obs", "record_hash")))

    def joined(self, first: int, end: int) -> Unjudged:
        """Return it with the observations from one number up to another."""
        return self._replace(numbers=np.union1d(self.numbers, np.arange(first, end)))

    def listed(
        self, numbers: Numbers, snapshot: Snapshot, last_asked_at: datetime | None, asked_at: datetime
    ) -> Unjudged:
        """Return it after a finished sync has listed some observations.

        Parameters
        ----------
        last_asked_at, asked_at
            When the finished sync before asked last, and when this one did.
        """
        now = np.intersect1d(self.numbers, numbers)
        if not len(now):
            return self
        rows = read(snapshot, "observations", ("obs", "observed_at"), among("obs", now))
        cells = cells_of(rows, ("obs", "observed_at"))
        behind = {obs: asked_at for obs, at in cells if last_asked_at is not None and at < last_asked_at}
        return Unjudged(np.setdiff1d(self.numbers, now), {**self.since, **behind})


def _spans(numbers: Numbers) -> list[list[int]]:
    if not len(numbers):
        return []
    pieces = np.split(numbers, np.flatnonzero(np.diff(numbers) != 1) + 1)
    return [[int(piece[0]), int(piece[-1]) + 1] for piece in pieces]


_AGE = attrgetter("observed_at", "version")


class ArchivedMeetings:
    """Known meetings of a snapshot; reads follow what is asked, not what the archive holds.

    Parameters
    ----------
    versions
        Looks versions up by id; shared with the intake of the same sync.
    exempt
        Names of meetings that were reported as vanished.
    unjudged
        Observations that do not exist for the rules, and those they know with another date.
    """

    def __init__(self, versions: VersionIndex, exempt: Collection[str] = (), unjudged: Unjudged | None = None) -> None:
        self.versions = versions
        self.exempt = frozenset(exempt)
        self._hidden = frozenset(unjudged.numbers.tolist()) if unjudged else frozenset[int]()
        self._since = unjudged.since if unjudged else {}
        self._read_from: datetime | None = None
        self._starts = np.empty(0, np.int64)

    def count(self) -> int:
        """Return how many meetings are known."""
        snapshot = self.versions.snapshot
        return snapshot.head.counts["meetings"] - self._n_hidden[0] if snapshot else 0

    def meetings(self, ids: Sequence[str]) -> Mapping[str, Sequence[Remembered]]:
        """Return what is kept under each of these ids, in the order in which its meetings became known."""
        found = self.versions.of(ids)
        return {one: [*filter(None, map(self._remembered, found[one]))] for one in ids}

    def _remembered(self, twin: Sequence[Version]) -> Remembered | None:
        if len(twin) == 1 and twin[0].obs >= 0 and not self._hidden:
            known = self._known(twin[0])
            return Remembered((known,), known)
        # what this very sync took in has no number yet: an answer must not vouch for itself
        stored = [one for one in twin if one.obs >= 0]
        if not stored:
            return None
        newest = max((one for one in stored if one.is_believed), key=_AGE, default=None)
        judged = max(self._believed(stored), key=_AGE, default=None)
        kept = newest if newest and newest.obs in self._hidden else None
        return Remembered(tuple(map(self._known, stored)), judged and self._known(judged), kept and self._known(kept))

    def joined(self, meetings: Sequence[Known]) -> dict[Key, datetime]:
        """Return when somebody first joined each of these meetings, as they were last listed."""
        wanted = {(one.meeting_id, one.twin, one.record_hash): one.key for one in meetings}
        twins = chain(*(self.versions.of([one.meeting_id])[one.meeting_id] for one in meetings))
        named = ((one.obs, (one.meeting_id, one.twin, one.record_hash.hex())) for one in chain(*twins) if one.obs >= 0)
        numbers = {obs: wanted[name] for obs, name in named if name in wanted}
        if self.versions.snapshot is None or not numbers:
            return {}
        rows = read(self.versions.snapshot, "legs", ("obs", "joined_at"), among("obs", np.array(sorted(numbers))))
        found = sorted((at, obs) for obs, at in cells_of(rows, ("obs", "joined_at")) if at is not None)
        return {numbers[obs]: at for at, obs in reversed(found)}

    def since(self, instant: datetime) -> Iterable[Known]:
        """Yield the known meetings that start at or after the instant."""
        snapshot = self.versions.snapshot
        if snapshot is None:
            return
        for rows in batches(snapshot, "meetings", VERSION_COLUMNS, not_before("started_at", instant)):
            yield from (self._known(version) for version in from_rows(self._current(rows)))

    def n_before(self, instant: datetime) -> int:
        """Return how many known meetings start before the instant, exempt ones not counted."""
        if self.versions.snapshot is None:
            return 0
        # a vanished meeting is missing behind its own start only: taken off earlier, one that is there would lack
        gone = self.meetings(sorted({named(one)[0] for one in self.exempt})).values() if self.exempt else ()
        exempt = (one.known for meetings in gone for one in meetings if one.known and one.known.is_exempt)
        n_exempt = sum(1 for one in exempt if one.started_at and one.started_at < instant)
        return self._n_begun(self.versions.snapshot, instant) - n_exempt

    def _n_begun(self, snapshot: Snapshot, instant: datetime) -> int:
        """Count those before the instant, or take those after it off all: of whichever side fewer rows are to be read.
        Where the list begins lies at the bottom of what is known, and each sync asks how many are below.
        """
        early, late = before("started_at", instant), not_before("started_at", instant)
        if self._read_from is None or instant < self._read_from:
            n_early, n_late = (
                sum(file.rows for file in snapshot.files("meetings") if side.may_be_in_file(file))
                for side in (early, late)
            )
            if n_early < n_late:
                return sum(self._current(rows).num_rows for rows in batches(snapshot, "meetings", ("obs",), early))
            self._read_from = instant - timedelta(days=1)  # one sync asks often, and of hours before next
            late = not_before("started_at", self._read_from)
            rows = self._current(read(snapshot, "meetings", ("obs", "started_at"), late))
            self._starts = np.sort(rows["started_at"].cast(pa.int64()).to_numpy())
        n_late = len(self._starts) - int(np.searchsorted(self._starts, (instant - EPOCH) // timedelta.resolution))
        return snapshot.head.counts["started"] - self._n_hidden[1] - n_late

    def _believed(self, versions: Iterable[Version]) -> list[Version]:
        judged = [one for one in versions if one.obs >= 0 and one.obs not in self._hidden]
        # what is told beside a hidden one only, without a start, is all that finished syncs know of its meeting
        return [one for one in judged if one.is_believed] or judged

    def _current(self, rows: pa.Table) -> pa.Table:
        return rows.filter(pc.invert(pc.is_in(rows["obs"], value_set=self._replaced)))

    @cached_property
    def _replaced(self) -> pa.Array:
        """The observations that a later version replaced, and the hidden ones: few, and found without reading the
        others.
        """
        assert self.versions.snapshot is not None
        rows = read(self.versions.snapshot, "meetings", ("obs", "replaces"), filled("replaces"))
        if not self._hidden:
            return rows["replaces"].combine_chunks()
        replaces = dict(cells_of(rows, ("obs", "replaces")))
        replaced = set(self._hidden)
        for obs in replaces.keys() - self._hidden:
            # over hidden ones, to the version that the rules know: else it would be current beside its successor
            while (obs := replaces.get(obs, -1)) >= 0 and obs not in replaced:
                replaced.add(obs)
                if obs not in self._hidden:
                    break
        return pa.array(replaced, pa.int64())

    @cached_property
    def _n_hidden(self) -> tuple[int, int]:
        """How many meetings exist for the archive and not for the rules; the same of those that have a start."""
        if not self._hidden or self.versions.snapshot is None:
            return (0, 0)
        hidden = np.array(sorted(self._hidden), dtype=np.int64)
        rows = read(self.versions.snapshot, "meetings", ("meeting_id",), among("obs", hidden))
        n_meetings = n_started = 0
        ids = rows["meeting_id"].unique().to_pylist()
        found = self.versions.of(ids)
        for twin in (twin for meeting_id in ids for twin in found[meeting_id]):
            stored = [one for one in twin if one.obs >= 0 and one.is_believed][-1:]
            judged = self._believed(twin)[-1:]
            n_meetings += len(stored) - len(judged)
            n_started += sum(one.started_at is not None for one in stored)
            n_started -= sum(one.started_at is not None for one in judged)
        return (n_meetings, n_started)

    def _known(self, version: Version) -> Known:
        return Known(
            meeting_id=version.meeting_id,
            started_at=version.started_at,
            ended_at=version.ended_at,
            record_hash=version.record_hash.hex(),
            last_changed_at=self._since.get(version.obs, version.observed_at),
            creator=version.creator,
            booked_at=version.booked_at,
            is_exempt=bool(self.exempt) and name_of(version.meeting_id, version.twin) in self.exempt,
            twin=version.twin,
        )


def to_state(judgement: Judgement, exempt: frozenset[str]) -> dict[str, Any]:
    """Return what the next sync and every reader need of a judgement, as plain JSON values."""
    return {
        "evidence": judgement.evidence.to_dict(),
        "periods": plain_periods(judgement.certificate),
        "outside": judgement.certificate.outside,
        # told of once: else one deletion would be told by each sync, and end the cheap ones for ever
        "exempt": sorted((exempt | set(judgement.vanished)) - set(judgement.reappeared)),
    }


def plain_periods(certificate: Certificate) -> list[list[Any]]:
    """Return the periods of a certificate as plain JSON values."""
    return [[p.start.isoformat(), p.end.isoformat(), p.reason_key, list(p.pull_ids)] for p in certificate.periods]


def evidence_of(state: Mapping[str, Any]) -> Evidence:
    """Return the evidence that completed syncs left behind."""
    return Evidence.from_dict(state["evidence"]) if "evidence" in state else Evidence()


def exempt_of(state: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of meetings whose absence was reported already."""
    return frozenset(state.get("exempt", ()))


def present(state: Mapping[str, Any], now: datetime) -> datetime:
    """Return what time it is: where the platform's `Date` agreed at the last sync, a clock that is before that errs."""
    _, ahead_s = (state.get("clocks") or [("", None)])[-1]
    is_confirmed = ahead_s is not None and abs(ahead_s) <= DEFAULT_POLICY.jitter.total_seconds()
    return max(now, evidence_of(state).last_asked_at or now) if is_confirmed else now


def certificate_of(state: Mapping[str, Any], now: datetime) -> Certificate:
    """Return the certificate of the archive: nothing is claimed before the first completed sync, nor about the future,
    of which a sync whose machine had its clock ahead may have left claims.
    """
    now = present(state, now)
    # a witness may have been kept before: an interrupted first sync leaves an archive, too
    if "periods" not in state:
        return Certificate()
    periods = (
        Period(datetime.fromisoformat(start), min(datetime.fromisoformat(end), now), key, tuple(pulls))
        for start, end, key, pulls in state["periods"]
    )
    evidence = evidence_of(state)
    known = Certificate.of(periods, state["outside"]).foreseen(evidence)
    if not (heard := state.get("witnesses")):
        return known
    # as of any window: what began within the settling time before the newest pull may still be listed
    settled = min(evidence.last_asked_at or EARLIEST, now) - timedelta(seconds=evidence.settle_s)
    return with_witnesses(known, standing(heard), settled)
