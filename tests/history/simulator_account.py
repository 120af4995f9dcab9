"""An account of the platform as its adversary sees it: what really happened, and what the platform tells of it.

Times are seconds on the platform's clock; only answers carry instants.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from operator import add

from ytxdata.history.proof.answer_facts import unread
from ytxdata.history.proof.evidence import Bulk, PullFacts, Seen

HOUR = 3600.0
DAY = 24 * HOUR
EPOCH = datetime(2026, 1, 5, tzinfo=UTC)


def instant(seconds: float) -> datetime:
    return EPOCH + timedelta(seconds=int(seconds))


@dataclass(eq=False)
class Meeting:
    """One meeting of the truth.

    `gone` is when it leaves the list for any reason but retention, `booked_for` the start that is told before it
    begins.
    """

    id: str
    start: float
    end: float
    creator: str
    listed: float
    size: Bulk
    has_start: bool = True
    malformed_until: float = 0.0
    gone: float = float("inf")
    deleted: bool = False
    revision: int = 0
    touched: float = 0.0
    is_booked: bool = False
    booked_for: float | None = None
    hashes: set[str] = field(default_factory=set)
    """Of all records that the platform ever gave of it."""
    _seen: dict[tuple[bool, bool, int], Seen] = field(default_factory=dict)

    def as_seen(self, now: float) -> Seen:
        key = (now >= self.end, now >= self.start, self.revision)
        if key not in self._seen:
            start = self.booked_for if now < self.start and self.is_booked else self.start
            text = f"{self.id} {start} {key}"
            self._seen[key] = Seen(
                self.id,
                None if start is None or not self.has_start else instant(start),
                instant(self.end) if key[0] else None,
                hashlib.sha256(text.encode()).hexdigest()[:16],
                self.creator,
                self.size,
                "booked" if self.is_booked else "instant",
            )
            self.hashes.add(self._seen[key].record_hash)
        return self._seen[key]


@dataclass
class Knobs:
    """How this platform behaves; the defaults are honest."""

    order: str = "start"
    display: str = "as selected"
    cap: int | None = None
    cap_bytes: int | None = None
    cap_characters: int | None = None
    cap_legs: int | None = None
    legs_told_from: float = 0.0
    refuses_above: int | None = None
    default_answer: int = 20
    retention: float | None = None
    retention_by: str = "start"
    pins: int = 0
    pins_are_recent: bool = False
    listing: str = "at start"
    late: float = 0.0
    doubled: float = 0.0
    skew: float = 0.0
    tells_skew: bool = True
    omits: float = 0.0
    without_start: float = 0.0
    malformed: float = 0.0
    reuses_ids: float = 0.0
    reuse_overwrites: bool = False
    same_second: float = 0.0
    bookings: float = 0.0
    plans_have_start: bool = True
    touches: str = "none"
    ignores_count: bool = False
    n_creators: int = 30
    spellings: float = 0.0
    per_creator: int | None = None
    per_kind: int | None = None
    counted_by: str = "start"
    rooms: float = 0.0
    per_room: int | None = None


class Account:
    """A platform with one account that can be asked, and made to live."""

    def __init__(self, knobs: Knobs, rng: random.Random) -> None:
        self.knobs, self.rng = knobs, rng
        self.meetings: list[Meeting] = []
        self.now = 0.0
        self.n_pulls = 0
        self._touched_day = 0

    # ---- the truth

    def live(self, until: float, rate: float) -> None:
        """Let time pass, with `rate` meetings a day."""
        expected = rate * (until - self.now) / DAY
        count = int(expected) + (self.rng.random() < expected % 1)
        for start in sorted(self.rng.uniform(self.now, until) for _ in range(count)):
            self.meet(start)
        self.now = until
        self._touch()

    def meet(self, start: float, creator: str | None = None, *, is_booked: bool | None = None) -> None:
        """Hold a meeting, of whomever and of whatever kind unless that is said: then it begins when it is booked."""
        rng, knobs = self.rng, self.knobs
        if self.meetings and rng.random() < knobs.same_second:
            start = max(start - 60, self.meetings[-1].start)
        start = at = float(int(start))
        is_ahead = is_booked is None and rng.random() < knobs.bookings
        is_booked = is_ahead or bool(is_booked)
        if is_ahead:
            start = at + float(int(rng.uniform(HOUR, 5 * DAY)))
        length = rng.choice((600, 1800, 3600, 5400)) if rng.random() < 0.93 else rng.uniform(2 * HOUR, 20 * HOUR)
        end = float(int(start + length))
        listed = {"at start": start, "at end": end, "late": start + rng.uniform(0, knobs.late)}[knobs.listing]
        booked_for = start + rng.choice((0.0, 0.0, HOUR, -HOUR, DAY)) if is_booked else None
        if is_booked:
            listed = at
        meeting = Meeting(
            id=f"{rng.getrandbits(64):016x}",
            start=start,
            end=end,
            creator=creator or f"138{rng.randrange(knobs.n_creators):08d}",
            listed=listed,
            size=_as_real_ones(min(30_000, int(300 * rng.paretovariate(1.2)))),
            has_start=rng.random() >= knobs.without_start,
            malformed_until=rng.choice((float("inf"), start + 3 * DAY)) if rng.random() < knobs.malformed else 0.0,
            touched=end,
            is_booked=is_booked,
            booked_for=booked_for if knobs.plans_have_start else None,
        )
        if knobs.spellings and rng.random() < knobs.spellings:
            meeting.creator = f"+86{meeting.creator}"
        if self.meetings and rng.random() < knobs.reuses_ids:
            older = rng.choice(self.meetings)
            if older.end < start and older.creator != meeting.creator:
                meeting.id = older.id
                if knobs.reuse_overwrites:
                    older.gone, older.deleted = min(older.gone, listed), True
        if (
            knobs.rooms
            and rng.random() < knobs.rooms
            and self._is_free(room := f"{int(meeting.creator[-8:]):016x}", start)
        ):
            meeting.id = room
        self.meetings.append(meeting)

    def _is_free(self, room: str, start: float) -> bool:
        return all(one.end <= start for one in self.meetings if one.id == room)

    def change(self) -> None:
        """Change some old record."""
        over = [one for one in self.meetings if one.end < self.now]
        if over:
            one = self.rng.choice(over)
            one.touched = self.now
            one.revision += self.rng.random() < 0.6

    def vanish(self) -> None:
        """Delete some record for good."""
        listed = [one for one in self.meetings if self._is_listed(one)]
        if listed:
            one = self.rng.choice(listed)
            one.gone, one.deleted = self.now, True

    def _touch(self) -> None:
        """Run the nightly or monthly job that touches every record of the time before."""
        every = {"none": 0, "nightly": 1, "weekly": 7, "backwards": 7}[self.knobs.touches]
        day = int(self.now // DAY)
        if not every or day // every == self._touched_day // every:
            self._touched_day = day
            return
        since, at = self._touched_day * DAY, day * DAY
        for one in self.meetings:
            if since <= one.end < at:
                age = (at - one.end) / DAY
                one.touched = at + (age if self.knobs.touches == "backwards" else -age)
                one.revision += self.rng.random() < 0.3
        self._touched_day = day

    # ---- what the platform tells

    def leaves_at(self, one: Meeting) -> float:
        kept = self.knobs.retention
        if kept is None:
            return one.gone
        return min(one.gone, (one.start if self.knobs.retention_by == "start" else one.end) + kept)

    def _is_listed(self, one: Meeting) -> bool:
        return one.listed <= self.now < self.leaves_at(one)

    def _key(self, one: Meeting) -> float:
        known_end = one.end if one.end <= self.now else self.now
        match self.knobs.order:
            case "start":
                return -one.start if one.has_start else -one.end
            case "oldest":
                return one.start
            case "end":
                return -known_end
            case "change":
                return -max(one.touched, one.start) if one.touched <= self.now else -max(one.start, one.listed)
            case "listed":
                return -one.listed
            case "id":
                return int(one.id, 16)
            case "creator":
                return int(one.creator) + one.start / 1e12
            case _:
                return self.rng.random()

    def _counts_by(self, one: Meeting) -> float:
        """Return the date by which a limit by category finds the newest."""
        match self.knobs.counted_by:
            case "end":
                return min(one.end, self.now)
            case "change":
                return max(one.start, one.touched if one.touched <= self.now else 0.0)
            case "listed":
                return one.listed
            case _:
                return one.start

    def listing(self) -> list[Meeting]:
        """Return everything listed now, in the platform's order."""
        listed = [one for one in self.meetings if self._is_listed(one)]
        if self.knobs.omits:
            listed = [one for one in listed if self.rng.random() >= self.knobs.omits]
        for limit, category in (
            (self.knobs.per_creator, lambda one: one.creator.removeprefix("+86")),
            (self.knobs.per_kind, lambda one: one.is_booked),
            (self.knobs.per_room, lambda one: one.id),
        ):
            if limit is not None:
                listed = _newest_of_each(listed, limit, category, self._counts_by)
        listed.sort(key=self._key)
        if self.knobs.pins:
            pool = listed[5:60] if self.knobs.pins_are_recent else listed[len(listed) // 2 :]
            pinned = sorted(pool, key=lambda one: one.id)[: self.knobs.pins]
            listed = pinned + [one for one in listed if one not in pinned]
        return listed

    def ask(self, n: int) -> PullFacts:
        """Answer one question."""
        knobs = self.knobs
        limit = n
        if knobs.refuses_above is not None and n > knobs.refuses_above:
            limit = knobs.default_answer
        if knobs.cap is not None:
            limit = min(limit, knobs.cap)
        if knobs.ignores_count:
            limit = knobs.cap or 10**9
        records: list[Seen] = []
        n_rejected, size, rows = 0, Bulk(), list[tuple[str, bool]]()
        caps = (knobs.cap_bytes, knobs.cap_characters, knobs.cap_legs)
        for one in self.listing():
            copies = 2 if self.rng.random() < knobs.doubled else 1
            for _ in range(copies):
                if len(records) + n_rejected >= limit:
                    break
                larger = Bulk(*map(add, size, one.size))
                if caps != (None, None, None) and any(
                    cap is not None and n > cap for n, cap in zip(larger, caps, strict=True)
                ):
                    limit = 0
                    break
                size = larger
                if self.now < one.malformed_until:
                    n_rejected += 1
                    rows.append(("one text for all that it fails to render", False))
                else:
                    records.append(one.as_seen(self.now))
                    rows.append((records[-1].record_hash, True))
        if knobs.display == "reversed":
            records.reverse()
            rows.reverse()
        elif knobs.display == "shuffled":
            self.rng.shuffle(records)
        if self.now < knobs.legs_told_from:  # the limit counts them all the same
            records, size = [_without_legs(one) for one in records], size._replace(n_legs=0)
        self.n_pulls += 1
        names = unread(rows, is_cut=len(rows) == n) if n_rejected and knobs.display != "shuffled" else ()
        asked_at = instant(self.now) - timedelta(seconds=knobs.skew)
        skew = timedelta(seconds=-knobs.skew) if knobs.tells_skew else None
        return PullFacts(
            f"pull-{self.n_pulls:06d}", asked_at, asked_at, n, records, n_rejected, size, skew, unread=names
        )


def _as_real_ones(n_bytes: int) -> Bulk:
    """Return the size of a record of which a part is Chinese, and a party takes 230 bytes with its share of the rest."""
    return Bulk(n_bytes, n_bytes * 11 // 12, max(1, n_bytes // 230))


def _without_legs(one: Seen) -> Seen:
    return one._replace(size=one.size._replace(n_legs=0))


def _newest_of_each(
    listed: list[Meeting], limit: int, category: Callable[[Meeting], object], date: Callable[[Meeting], float]
) -> list[Meeting]:
    """Return the newest so many of each category: a limit that no window shows."""
    counts: Counter[object] = Counter()
    kept = []
    for one in sorted(listed, key=date, reverse=True):
        counts[category(one)] += 1
        if counts[category(one)] <= limit:
            kept.append(one)
    return kept
