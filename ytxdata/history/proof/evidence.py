"""What the rules of completeness see and leave behind: the known land, one answer, and the evidence of finished syncs.

Nothing here judges. Instants are UTC, unknown is None.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from ytxdata.labels import Text
from ytxdata.records.identity import Told
from ytxdata.times import EARLIEST

HORIZON = timedelta(days=3660)
"""A start further ahead than this is no start: rooms are booked for weeks, some for a year, none for ten."""


class Bulk(NamedTuple):
    """How long a record or an answer is in all that a limit may count beside records; a party listed is a leg."""

    n_bytes: int = 0
    n_characters: int = 0
    n_legs: int = 0


NO_BULK = Bulk()


Key = tuple[str, datetime | None]
"""The id of a meeting and when it began or was booked for: a room keeps its id from week to week."""


class Seen(NamedTuple):
    """One accepted record of an answer, in the answer's order.

    `size` is that of its raw text, `kind` whether it was booked; None when the record does not say. `place` is when the
    known meeting that it is a version of began or was booked for, where that is not what the record says.
    """

    meeting_id: str
    started_at: datetime | None
    ended_at: datetime | None
    record_hash: str
    creator: str | None = None
    size: Bulk = NO_BULK
    kind: str | None = None
    booked_at: datetime | None = None
    place: datetime | None = None

    @property
    def key(self) -> Key:
        """What tells the meeting it is of from all others, those of its own id included."""
        return self.meeting_id, self.place or self.started_at or self.booked_at


@dataclass(frozen=True, slots=True)
class PullFacts:
    """One call, as the rules see it.

    Parameters
    ----------
    pull_id, asked_at, answered_at
        Id of the call, and when it was asked and answered.
    asked_n
        The `meetingcount`; None for a saved file that does not say.
    records, several
        Every accepted record in the order of the answer, doubled ones included; which of them may be several meetings
        each, with what times they say of the others.
    n_rejected, size
        Records that could not be taken for a meeting; bulk of the answer.
    clock_skew
        How far our clock is ahead of the server's, in whole minutes; None when it did not say.
    is_doubtful
        It says that it holds another number of records than it does, or its end is missing.
    unread
        By what each rejected record, and each object beside the list that may be one, is known again, the surest first.
    """

    pull_id: str
    asked_at: datetime
    answered_at: datetime
    asked_n: int | None
    records: Sequence[Seen]
    n_rejected: int = 0
    size: Bulk = NO_BULK
    clock_skew: timedelta | None = None
    is_doubtful: bool = False
    unread: tuple[tuple[str, ...], ...] = ()
    several: tuple[tuple[Seen, tuple[datetime, ...]], ...] = ()

    @property
    def n_returned(self) -> int:
        """How many records the answer held, whatever became of them."""
        return len(self.records) + self.n_rejected

    @property
    def largest(self) -> Bulk:
        """The size of the largest record, by each measure."""
        return Bulk(*(max(sizes) for sizes in zip(NO_BULK, *(one.size for one in self.records), strict=True)))

    def start_of(self, record: Seen) -> datetime | None:
        """Return the start that gives a record its place, None when it has none that can be believed.

        Platforms write 1970 and 9999 for *not known*: one such record would stretch a window over all time.
        """
        start = record.started_at
        return start if start is not None and EARLIEST <= start < self.asked_at + HORIZON else None


@dataclass(frozen=True, slots=True)
class Known:
    """One meeting as *completed* syncs left it in the archive.

    Parameters
    ----------
    meeting_id, started_at, ended_at, record_hash, creator, booked_at
        Of its latest version.
    last_changed_at
        `asked_at` of the pull that brought this version.
    is_exempt
        Reported as vanished before (and not seen since): its absence says nothing new.
    twin
        Which of the meetings of its id it is, in the order in which they became known.
    """

    meeting_id: str
    started_at: datetime | None
    ended_at: datetime | None
    record_hash: str
    last_changed_at: datetime
    creator: str | None = None
    is_exempt: bool = False
    booked_at: datetime | None = None
    twin: int = 0

    @property
    def key(self) -> Key:
        """What tells it from all other meetings, those of its own id included."""
        return self.meeting_id, self.started_at or self.booked_at

    @property
    def name(self) -> str:
        """By what an archive's state names it."""
        return name_of(self.meeting_id, self.twin)

    @property
    def was_over(self) -> bool:
        """Whether it was over when it was archived: what was not was a plan, and a booking that is moved is no other
        meeting.
        """
        return self.ended_at is not None and self.ended_at <= self.last_changed_at


_NTH = "\x1f"


def name_of(meeting_id: str, twin: int) -> str:
    """Return the name of a meeting: its id, and which of those that have it unless it is the first."""
    is_first = not twin and _NTH not in meeting_id
    return meeting_id if is_first else f"{meeting_id}{_NTH}{twin}"


def named(name: str) -> tuple[str, int]:
    r"""Return the id of a known meeting, and which of those that have it, by its name.

    Examples
    --------
    >>> [named(name_of(*one)) for one in (("m", 0), ("m", 2), ("m\x1f7", 0))]
    [('m', 0), ('m', 2), ('m\x1f7', 0)]
    """
    meeting_id, _, twin = name.rpartition(_NTH)
    return (meeting_id, int(twin)) if meeting_id else (name, 0)


class Remembered(NamedTuple):
    """One meeting as the archive keeps it.

    `versions` are all its records; `known` is what completed syncs left of it, None where only unfinished ones brought
    it; `kept` is what those brought since, None where a completed one has listed it again.
    """

    versions: Sequence[Told]
    known: Known | None
    kept: Known | None = None


Span = tuple[datetime, datetime]

BARRING_RULES = 8
"""By which rules: 1 took plans for moved, 2 asked not who joined, 3, 4 took series for one, 5 several, 6 no row, 7 what is told anew."""

BARRING = ("moved", "hidden", "rejected", "contradiction", "collision")
"""What bars a span of time from being proven, for good: the reason it has, and the field of the evidence that keeps it."""


class KnownLand(Protocol):
    """What the archive held *before this sync*, from completed syncs only; every read is bounded.

    Records of an interrupted sync may be kept in an archive, but do not exist here, save for what may have taken their
    place (`kept`).
    """

    def count(self) -> int:
        """Return how many meetings are known."""

    def meetings(self, ids: Sequence[str]) -> Mapping[str, Sequence[Remembered]]:
        """Return what is kept under each of these ids, in the order in which its meetings became known."""

    def joined(self, meetings: Sequence[Known]) -> Mapping[Key, datetime]:
        """Return when somebody first joined each of these meetings, as they were last listed."""

    def since(self, instant: datetime) -> Iterable[Known]:
        """Return the known meetings that start at or after the instant, in any order."""

    def n_before(self, instant: datetime) -> int:
        """Return how many known meetings start before the instant, exempt ones not counted."""


@dataclass(frozen=True, slots=True)
class NothingKnown:
    """The known land of somebody who has no archive."""

    def count(self) -> int:
        """Return 0."""
        return 0

    def meetings(self, ids: Sequence[str]) -> Mapping[str, Sequence[Remembered]]:  # noqa: ARG002 (the protocol's name)
        """Return nothing."""
        return {}

    def joined(self, meetings: Sequence[Known]) -> Mapping[Key, datetime]:  # noqa: ARG002
        """Return nothing."""
        return {}

    def since(self, instant: datetime) -> Iterable[Known]:  # noqa: ARG002
        """Return nothing."""
        return ()

    def n_before(self, instant: datetime) -> int:  # noqa: ARG002
        """Return 0."""
        return 0


@dataclass(frozen=True, slots=True)
class Window:
    """What one completed sync (or an unbroken chain of them) can say about a period `[lower, upper)`.

    Parameters
    ----------
    reason
        Key of the reason for what is claimed where it is not proven.
    pull_ids
        The pull it rests on, or the oldest and the newest of a chain.
    asked_at
        When the newest of them was asked.
    proven_from
        From here to `upper` it is PROVEN; None when nothing is.
    anchored_by, anchored_from
        Of an anchored one, or the oldest of a chain: when its overlap had been archived, and from where on its answer
        can speak: it reaches so far, and no limit by category hides anything.
    oldest
        The oldest start in the answer.
    n_records, n_ids, size, largest
        How long the answer was, and its largest record by each measure; None where an earlier version did not tell.
    """

    reason: str
    pull_ids: tuple[str, ...]
    asked_at: datetime
    lower: datetime
    upper: datetime
    proven_from: datetime | None = None
    anchored_by: datetime | None = None
    anchored_from: datetime | None = None
    oldest: datetime | None = None
    n_records: int = 0
    n_ids: int = 0
    size: Bulk | None = None
    largest: Bulk | None = None


@dataclass(frozen=True, slots=True)
class Doubt:
    """A meeting that was listed late, inside what had been PROVEN, or that was gone for a while.

    `missed_at` is when the newest pull was asked that should have shown it, `noticed_by` the pull that did.
    """

    meeting_id: str
    started_at: datetime
    missed_at: datetime
    noticed_by: str

    @property
    def lateness(self) -> timedelta:
        """How long after its start the meeting was still missing."""
        return self.missed_at - self.started_at


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that finished syncs leave behind for later ones; a sync replaces it as a whole. JSON-able, small.

    Parameters
    ----------
    windows
        What was claimed, oldest first, and the gaps.
    doubts, n_syncs
        Why the platform's lists are not to be trusted; how many syncs completed.
    last_asked_at, joins_at
        When the last completed sync asked, and the upper edge of its window: where the next one must join on.
    listed_from, listed_at
        From where on the platform was seen to list everything, and when.
    full_at
        When all there is was last asked for.
    order_shown, order_broken_at
        Whether an anchored answer has shown newest-first, and when an answer last broke it.
    n_of_room
        How many meetings of one id any answer has listed beside each other.
    has_forgotten
        The platform's forgetting of old meetings has been told.
    uppers
        Upper edges of the windows of finished syncs, in the order of the syncs: the first, ever more of later ones.
    unsure_from, unsure_to
        This machine's clock went back: what is said to have been archived between the two may have been archived
        later.
    outside
        Key of the reason for what lies before the first claim.
    kinds
        How many records of each kind the last full answer held.
    limits
        Limits by category that were seen at work: `creator`, `meeting_id` (rooms) or a kind, and the number of records.
    suspected
        The same of limits that may have been shown, and none has refuted.
    settle_s
        How late a meeting may be listed, as the claims assume [s].
    moved, hidden, rejected, contradiction, collision
        Where a meeting may be missing, whatever later answers show, see `unprovable`.
    suspects_hide
        Where one may be missing under a limit that an answer may have met, each with that: barred while it is
        suspected.
    unread
        By what the rejected records are known whose time is barred.
    barred_since
        Up to when an earlier version judged, which kept fewer of these; None when none did.
    barred_by
        By which rules time was barred since.
    reopened_at
        Up to when an earlier version judged, which measured answers in bytes alone.
    """

    windows: tuple[Window, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    n_syncs: int = 0
    last_asked_at: datetime | None = None
    joins_at: datetime | None = None
    listed_from: datetime | None = None
    listed_at: datetime | None = None
    full_at: datetime | None = None
    order_shown: bool = False
    order_broken_at: datetime | None = None
    n_of_room: int = 1
    has_forgotten: bool = False
    uppers: tuple[datetime, ...] = ()
    unsure_from: datetime | None = None
    unsure_to: datetime | None = None
    outside: str = "before_first"
    kinds: tuple[tuple[str, int], ...] = ()
    limits: tuple[tuple[str, int], ...] = ()
    suspected: tuple[tuple[str, int], ...] = ()
    settle_s: int = 86_400
    moved: tuple[Span, ...] = ()
    hidden: tuple[Span, ...] = ()
    rejected: tuple[Span, ...] = ()
    contradiction: tuple[Span, ...] = ()
    collision: tuple[Span, ...] = ()
    suspects_hide: tuple[tuple[str, int, datetime, datetime], ...] = ()
    unread: tuple[str, ...] = ()
    barred_since: datetime | None = None
    barred_by: int = BARRING_RULES
    reopened_at: datetime | None = None

    @property
    def is_of_bytes(self) -> bool:
        """An earlier version left this, which measured answers in bytes alone."""
        return self.reopened_at is None and any(one.n_records and one.size is None for one in self.windows)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return dict(_plain(self))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Evidence:
        """Return what `to_dict` wrote.

        Examples
        --------
        >>> Evidence.from_dict(Evidence(n_syncs=3).to_dict()) == Evidence(n_syncs=3)
        True
        """
        known = {**values, "windows": tuple(_read(Window, one) for one in values["windows"])}
        known["uppers"] = tuple(datetime.fromisoformat(one) for one in values.get("uppers", ()))
        for name in BARRING:
            known[name] = tuple(tuple(map(datetime.fromisoformat, span)) for span in values.get(name, ()))
        known["suspects_hide"] = tuple(
            (whose, n, *map(datetime.fromisoformat, span)) for whose, n, *span in values.get("suspects_hide", ())
        )
        known["unread"] = tuple(values.get("unread", ()))
        if values.get("barred_by") != BARRING_RULES:
            known |= {"barred_since": values.get("last_asked_at"), "barred_by": BARRING_RULES}
        for name in ("kinds", "limits", "suspected"):
            known[name] = tuple((key, n) for key, n in values.get(name, ()))
        known["doubts"] = tuple(_read(Doubt, one) for one in values["doubts"])
        evidence: Evidence = _read(cls, known)
        return evidence


@dataclass(frozen=True, slots=True)
class Note:
    """Something a sync noticed: `key`, the sentence, the meetings that show it (at most a few), the pull."""

    key: str
    text: Text
    meeting_ids: tuple[str, ...] = ()
    pull_id: str = ""


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, (Evidence, Window, Doubt)):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    return value


def _read(kind: Any, values: Mapping[str, Any]) -> Any:
    instants = {one.name for one in fields(kind) if str(one.type).startswith("datetime")}
    ready: dict[str, Any] = {
        name: datetime.fromisoformat(one) if name in instants and one else one for name, one in values.items()
    }
    if kind is Window:
        ready["pull_ids"] = tuple(ready["pull_ids"])
        is_told = ready.pop("n_bytes", None) is None and ready.get("n_records")  # earlier: bytes alone, sizes of gaps
        ready |= {name: Bulk(*ready[name]) if is_told and ready.get(name) else None for name in ("size", "largest")}
    return kind(**ready)
