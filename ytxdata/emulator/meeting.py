"""One meeting as the truth knows it, and what of it can be seen at an instant. Times are whole epoch seconds."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ytxdata.emulator.people import LineClass

ANSWERED = "应答|正常"
UNANSWERED = "未应答"
BUSY = "未应答|用户忙"
TALKING = "通话中"
ENDED = "已结束"
RUNNING = "进行中"

TARIFF_MILLS: dict[LineClass, int] = {
    "mobile": 60,
    "fixed": 45,
    "international": 680,
    "premium": 3000,
    "satellite": 12000,
    "withheld": 60,
}
"""Price of a begun minute of one answered leg, in thousandths of a yuan."""

TARIFF_STEP_S = 60


@dataclass(frozen=True, slots=True)
class Leg:
    """One party's connection; without `joined_at` it was called and never answered."""

    name: str
    phone: str | None
    number: str | None
    line: LineClass
    called_at: int
    joined_at: int | None
    left_at: int | None
    state: str

    @property
    def duration_s(self) -> int | None:
        """Seconds connected; 0 for an unanswered leg, None while connected."""
        if self.joined_at is None:
            return 0
        return None if self.left_at is None else self.left_at - self.joined_at

    def at(self, now: int) -> Leg:
        """Return the leg as it can be seen at an instant."""
        if self.left_at is None or self.left_at <= now:
            return self
        if self.joined_at is not None and self.joined_at <= now:
            return replace(self, left_at=None, state=TALKING)
        return replace(self, joined_at=None, left_at=None, state="呼叫中")


@dataclass(frozen=True, slots=True)
class Meeting:
    """One meeting; `listed_from` is when the platform first lists it, `kind` why the company held it."""

    meeting_id: str
    name: str
    creator: str
    creator_number: str | None
    app_id: str
    kind: str
    is_booked: bool
    created_at: int
    booked_at: int | None
    started_at: int
    ended_at: int | None
    duration_s: int | None
    amount_mills: int | None
    display_number: str
    recording_url: str | None
    state: str
    legs: tuple[Leg, ...]
    listed_from: int

    def is_running(self, now: int) -> bool:
        """Return whether the meeting has begun and not ended by an instant."""
        return self.ended_at is None or self.started_at <= now < self.ended_at

    def at(self, now: int) -> Meeting:
        """Return the meeting as it can be seen at an instant: one still running has no end, length or price."""
        if self.ended_at is None or not self.is_running(now):
            return self
        return replace(
            self,
            ended_at=None,
            duration_s=None,
            amount_mills=None,
            recording_url=None,
            state=RUNNING,
            legs=tuple(leg.at(now) for leg in self.legs if leg.called_at <= now),
        )


def price(legs: tuple[Leg, ...]) -> int:
    """Return the price of a meeting in thousandths of a yuan: each answered leg, by begun minutes."""
    return sum(
        -(-(leg.duration_s or 0) // TARIFF_STEP_S) * TARIFF_MILLS[leg.line] for leg in legs if leg.joined_at is not None
    )


def yuan(mills: int | None) -> str | None:
    """Return an amount as exact decimal text in yuan."""
    return None if mills is None else f"{mills // 1000}.{mills % 1000:03d}"
