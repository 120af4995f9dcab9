"""From windows to periods, and what is said of them: a verdict for each stretch of time, and what is still possible."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from heapq import heappop, heappush
from itertools import pairwise
from math import ceil
from typing import NamedTuple

import pandas as pd

from ytxdata import times
from ytxdata.history.proof.evidence import Bulk, Evidence, Window
from ytxdata.history.proof.policy import (
    CONFIRMABLE,
    DEFAULT_POLICY,
    GAPS,
    HYPOTHESES,
    OWN_BADGES,
    POSSIBLE,
    REASONS,
    UNSUSPICIOUS,
    VERDICTS,
    Outlook,
    Policy,
    Verdict,
)
from ytxdata.history.proof.unprovable import bars
from ytxdata.history.proof.verdict import room, settled, waiting, without_read
from ytxdata.labels import Text, preferred_lang
from ytxdata.templates import BADGES, facts_card
from ytxdata.times import BEIJING, EARLIEST, ZONE_NAME, beijing_text

__all__ = ["Certificate", "Period", "Verdict"]


@dataclass(frozen=True, slots=True)
class Period:
    """A verdict on `[start, end)` (UTC), with its reason and what it rests on.

    Parameters
    ----------
    pull_ids
        The pulls it rests on (of a chain: the oldest and the newest), or the name of a witness.
    outlook
        What is still possible where it is not proven, and what would exclude that; None when nobody looked.
    """

    start: datetime
    end: datetime
    reason_key: str
    pull_ids: tuple[str, ...] = ()
    outlook: Outlook | None = field(default=None, compare=False)

    @property
    def verdict(self) -> Verdict:
        """`PROVEN`, `PROBABLE` or `GAP`."""
        return REASONS[self.reason_key].verdict

    @property
    def badge(self) -> str:
        """The verdict as a key of `BADGES`: of time that no answer reaches a badge says that, and not "probably"."""
        return OWN_BADGES.get(self.reason_key, self.verdict)

    @property
    def reason(self) -> Text:
        """Why, in Chinese and English."""
        return REASONS[self.reason_key].text

    @property
    def told(self) -> Text:
        """Why, and what is still possible where it is not proven."""
        more = self.still_possible
        return Text(self.reason.zh + more.zh, self.reason.en + more.en)

    @property
    def still_possible(self) -> Text:
        """What is still possible, what excludes it and when, as the end of a sentence; empty where nothing is open."""
        one = self.outlook
        if one is None:
            return Text("", "")
        day = "" if one.expected_at is None else f"{one.expected_at.astimezone(BEIJING):%Y-%m-%d}"
        about = Text(f"（约 {day}）", f" (about {day})") if day else Text("", "")
        zh = f"；尚有可能：{one.hypothesis.zh}；{one.excluded_by.zh}即可排除{about.zh}"
        return Text(zh, f"; still possible: {one.hypothesis.en}; excluded by {one.excluded_by.en}{about.en}")


@dataclass(frozen=True)
class Certificate:
    """What may be claimed about the completeness of a history, period by period.

    PROVEN: every meeting that the platform listed to any completed reading and that starts in the period is here.
    PROBABLE: nothing contradicts that, but it cannot be shown. GAP: meetings of the period may well be missing.

    Parameters
    ----------
    periods
        Sorted, without overlap; see `certificate_of`.
    outside
        Key of the reason for what lies before the first period.
    goes_on_to
        Where a period that was asked for ends, if it is not over yet; see `so_far`.

    Examples
    --------
    >>> from datetime import UTC
    >>> days = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2, 3, 4)]
    >>> certificate = Certificate.of([Period(days[0], days[1], "anchored"), Period(days[1], days[2], "settling")])
    >>> certificate.worst, certificate.over(days[0], days[1]).worst, certificate.over(days[1], days[3]).worst
    ('PROBABLE', 'PROVEN', 'GAP')
    """

    periods: tuple[Period, ...] = ()
    outside: str = "before_first"
    goes_on_to: datetime | None = None

    @classmethod
    def of(cls, periods: Iterable[Period], outside: str = "before_first") -> Certificate:
        """Return a certificate of sorted periods: empty ones dropped, equal neighbours merged, holes named as gaps."""
        merged: list[Period] = []
        for period in periods:
            if period.start >= period.end:
                continue
            if merged and merged[-1].end < period.start:
                merged = _joined(merged, Period(merged[-1].end, period.start, "unreached"))
            merged = _joined(merged, period)
        return cls(tuple(merged), outside)

    @property
    def start(self) -> datetime | None:
        """Where the first claim begins."""
        return self.periods[0].start if self.periods else None

    @property
    def end(self) -> datetime | None:
        """Where the last claim ends."""
        return self.periods[-1].end if self.periods else None

    @property
    def worst(self) -> Verdict:
        """The worst verdict of all periods; `GAP` when nothing is claimed at all."""
        return max((period.verdict for period in self.periods), key=VERDICTS.index, default="GAP")

    @property
    def badge(self) -> str:
        """The worst verdict as a key of `BADGES`; that of its periods where all have the same, see `Period.badge`."""
        badges = {one.badge for one in self.periods}
        return badges.pop() if len(badges) == 1 else self.worst

    def over(self, start: datetime | None, end: datetime | None) -> Certificate:
        """Return what is claimed about `[start, end)`; an edge that is None is where the claims begin or end.

        What lies outside every claim has a reason of its own: a request beside all that is claimed must not get the
        verdict of other days.
        """
        if start is None and end is None:
            return self
        first = start or self.start or EARLIEST
        last = end or self.end or times.now()
        if last <= first and end is None:
            last = max(times.now(), first + timedelta(seconds=1))
        elif last <= first and start is None:
            first = min(EARLIEST, last - timedelta(seconds=1))
        if not self.periods:
            return Certificate.of([Period(first, last, "not_asked")], self.outside)
        begin, over = self.periods[0].start, self.periods[-1].end
        inside = [replace(one, start=max(one.start, first), end=min(one.end, last)) for one in self.periods]
        before = Period(first, min(begin, last), self.outside)
        after = Period(max(over, first), last, "not_asked")
        return Certificate.of([before, *inside, after], self.outside)

    def so_far(self, start: datetime | None, end: datetime | None) -> Certificate:
        """Return what is claimed about `[start, end)`, of a period that is not over as far as it was read.

        Time to come is no gap. Time that went by unread is one, as soon as it is longer than the settling time.
        """
        # What was read later than this machine's clock says shows that the clock went back, see `certificate_of`.
        now = max(times.now(), self.end or EARLIEST)
        if end is not None and end <= now:
            return self.over(start, end)
        is_fresh = self.end is not None and now - self.end <= DEFAULT_POLICY.settle
        if self.end and start is not None and start >= now:
            return Certificate.of([Period(start, end or start + timedelta(seconds=1), "not_begun")], self.outside)
        if self.end and start is not None and is_fresh and start >= self.end:
            return Certificate((Period(start, now, "not_yet_read"),), self.outside, end)
        if end is None or not self.end:
            return self.over(start, end)
        return replace(self.over(start, self.end if is_fresh else now), goes_on_to=end)

    def about(self, start: datetime, end: datetime) -> Certificate:
        """Return the worst of all that is claimed as one period, and nothing of when that holds; of what is not over
        yet, as far as it was read.
        """
        reasons = [one.reason_key for one in self.periods if one.verdict == self.worst]
        last = self.end if self.goes_on_to and self.end else end
        return Certificate(tuple(Period(start, last, reason) for reason in reasons[:1]), goes_on_to=self.goes_on_to)

    def foreseen(self, evidence: Evidence) -> Certificate:
        """Return the certificate with what is still possible of each period that is not proven."""
        periods = (replace(one, outlook=outlook_on(one.reason_key, one.end, evidence)) for one in self.periods)
        return replace(self, periods=tuple(periods))

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row per period: `start`, `end` (Asia/Shanghai), `verdict`, `reason` and its sentences, `pulls`.

        Where a period is not proven: `possible` (what would make it false), `excluded_by`, both in Chinese and
        English, and `expected_at` (when that may be, at the pace of the account; null when nobody can tell).
        """
        rows = self.periods
        open_ = [one.outlook for one in rows]
        columns: dict[str, list[object]] = {
            "start": [one.start.astimezone(BEIJING) for one in rows],
            "end": [one.end.astimezone(BEIJING) for one in rows],
            "verdict": [one.verdict for one in rows],
            "reason": [one.reason_key for one in rows],
            "reason_zh": [one.reason.zh for one in rows],
            "reason_en": [one.reason.en for one in rows],
            "pulls": [" ".join(one.pull_ids) for one in rows],
            "possible_zh": [one and one.hypothesis.zh for one in open_],
            "possible_en": [one and one.hypothesis.en for one in open_],
            "excluded_by_zh": [one and one.excluded_by.zh for one in open_],
            "excluded_by_en": [one and one.excluded_by.en for one in open_],
            "expected_at": [one.expected_at.astimezone(BEIJING) if one and one.expected_at else None for one in open_],
        }
        types = dict.fromkeys(("start", "end", "expected_at"), f"datetime64[us, {ZONE_NAME}]")
        return pd.DataFrame(
            {name: pd.Series(cells, dtype=types.get(name, "string")) for name, cells in columns.items()}
        )

    @cached_property
    def sentence(self) -> Text:
        """The whole in words a manager understands: the worst verdict, when, and why."""
        if not self.periods:
            return Text(
                "没有读到任何会议，完整性无从判断。", "No meetings were read; nothing can be said about completeness."
            )
        worst = [one for one in self.periods if one.verdict == self.worst]
        named = worst[0] if self.worst == "GAP" else max(worst, key=lambda one: one.end - one.start)
        edges = {"start": self.start, "end": self.end, "from_": named.start, "to": named.end, "until": self.goes_on_to}
        at = {name: beijing_text(edge) for name, edge in edges.items()}
        told = [_SENTENCES[self.badge].format(**at, **named.reason._asdict())]
        told += [_OTHERS.format(others=len(worst) - 1)] if len(worst) > 1 else []
        told += [_GOES_ON.format(**at)] if self.goes_on_to else []
        return Text("".join(one.zh for one in told), "".join(one.en for one in told))

    def __repr__(self) -> str:
        return f"<Certificate {self.worst}: {self.sentence.en}>"

    def _repr_html_(self) -> str:
        lang = preferred_lang()
        spans = (f"{beijing_text(one.start)} – {beijing_text(one.end)}" for one in self.periods)
        said = (f"{BADGES[one.badge].in_(lang)}: {one.told.in_(lang)}" for one in self.periods)
        rows = [(Text(span, span), text) for span, text in zip(spans, said, strict=True)]
        title = Text("完整性（北京时间）", "completeness (Beijing time)")
        return facts_card(title, rows, note=self.sentence, verdict=self.badge, lang=lang)


def _joined(periods: list[Period], last: Period) -> list[Period]:
    """Return the periods with one more, merged into its neighbour when that says the same."""
    if periods and periods[-1].reason_key == last.reason_key and periods[-1].end == last.start:
        before = periods[-1]
        pulls = dict.fromkeys(before.pull_ids + last.pull_ids)
        ends = tuple(pulls) if len(pulls) < 3 else (min(pulls), max(pulls))
        return [*periods[:-1], replace(last, start=before.start, pull_ids=ends)]
    return [*periods, last]


_SENTENCES = {
    "PROVEN": Text(
        "{start} 至 {end}（北京时间）的会议是完整的：{zh}。",
        "The meetings from {start} to {end} (Beijing time) are complete: {en}.",
    ),
    "PROBABLE": Text(
        "{start} 至 {end}（北京时间）的会议很可能完整，但未全部证实。{from_} 至 {to}：{zh}。",
        "The meetings from {start} to {end} (Beijing time) are probably complete, but not all of that is proven. "
        "From {from_} to {to}: {en}.",
    ),
    "GAP": Text(
        "{start} 至 {end}（北京时间）之间有缺口：{from_} 至 {to} 的会议可能缺失，因为{zh}。",
        "Between {start} and {end} (Beijing time) there is a gap: "
        "meetings from {from_} to {to} may be missing, because {en}.",
    ),
    "UNREAD": Text(
        "{from_} 至 {to}（北京时间）的会议尚无从判断：{zh}。",
        "Of the meetings from {from_} to {to} (Beijing time) nothing can be said yet: {en}.",
    ),
    "UNKNOWN": Text(
        "{from_} 至 {to}（北京时间）的会议无从得知：{zh}。",
        "Of the meetings from {from_} to {to} (Beijing time) nothing is known: {en}.",
    ),
}
"""Badge → sentence."""
_OTHERS = Text("此类时段另有 {others} 段。", " (Further such periods: {others}.)")
_GOES_ON = Text("所问期间到 {until} 为止，尚未结束。", " The period asked for is not yet over: it ends at {until}.")


class Stretch(NamedTuple):
    """A claim that competes with others for the same time; the higher rank wins, then the later pull."""

    rank: int
    reason: str
    start: datetime
    end: datetime
    window: Window


def certify(evidence: Evidence, policy: Policy) -> Certificate:
    """Return all that may be claimed on this evidence."""
    is_reliable = all(one.lateness <= policy.settle for one in evidence.doubts)
    windows = without_read(evidence.windows, policy)
    stretches = [one for window in windows for one in _claims(window, policy, is_reliable=is_reliable)]
    return Certificate.of(_without_barred(_painted(stretches), bars(evidence)), evidence.outside).foreseen(evidence)


def _without_barred(periods: Iterable[Period], barred: Sequence[tuple[datetime, datetime, str]]) -> Iterator[Period]:
    """Yield the periods, those that are proven without the spans, by start, that may lack a meeting."""
    for period in periods:
        start = period.start
        for first, last, reason in barred if period.verdict == "PROVEN" else ():
            if start < last and first < period.end:
                yield replace(period, start=start, end=max(start, first))
                start, cut = min(last, period.end), max(start, first)
                yield replace(period, start=cut, end=start, reason_key=reason)
        yield replace(period, start=start)


def _claims(window: Window, policy: Policy, *, is_reliable: bool) -> Iterator[Stretch]:
    """Yield what one window says: the part that is proven, the part that is not, and the young part."""
    if window.reason in GAPS:
        yield Stretch(1, window.reason, window.lower, window.upper, window)
        return
    if window.reason == "empty_so_far":
        yield Stretch(0, window.reason, window.lower, window.upper, window)
        return
    upper = settled(window, policy)
    unproven = "unanchored" if window.reason == "anchored" else window.reason
    yield Stretch(0, "settling", max(window.lower, upper), window.asked_at, window)
    # A short answer takes nothing back of what an answer of all there was has said before.
    rank = 0 if window.reason not in UNSUSPICIOUS else 2 if unproven == "unanchored" else 3
    yield Stretch(rank, unproven, window.lower, upper, window)
    if window.proven_from is not None:
        proof = "anchored" if window.reason == "anchored" else "matured"
        yield Stretch(4, proof if is_reliable else "unreliable", window.proven_from, upper, window)


def _painted(stretches: Iterable[Stretch]) -> Iterator[Period]:
    """Yield periods without overlap: between any two edges the strongest claim."""
    coming = sorted((one for one in stretches if one.start < one.end), key=lambda one: one.start, reverse=True)
    edges = sorted({edge for one in coming for edge in (one.start, one.end)})
    open_now: list[tuple[int, float, int, Stretch]] = []
    for start, end in pairwise(edges):
        while coming and coming[-1].start <= start:
            one = coming.pop()
            heappush(open_now, (-one.rank, -one.window.asked_at.timestamp(), len(coming), one))
        while open_now and open_now[0][-1].end <= start:
            heappop(open_now)
        if open_now:
            best = open_now[0][-1]
            yield Period(start, end, best.reason, best.window.pull_ids)


def outlook_on(reason: str, end: datetime, evidence: Evidence) -> Outlook | None:
    """Return what is still possible of a period that ends at an instant; None where nothing is open: proven, or a gap."""
    if reason in CONFIRMABLE:
        return _until_confirmed(evidence)
    key = HYPOTHESES.get(reason)
    if key is None:
        return None
    at, n = None, 0
    if key == "settling":
        at = end + timedelta(seconds=evidence.settle_s)
    elif key == "overlap":
        at = _until_confirmed(evidence).expected_at
    elif key == "round":
        n = max((one.n_records for one in evidence.windows if one.reason == reason), default=0)
        at = _after(1, evidence)
    return _outlook(key, at, n=n)


def _until_confirmed(evidence: Evidence) -> Outlook:
    """Return which limits a full answer leaves possible, and how many meetings more exclude them."""
    waits = [(one, one.size, one.largest) for one in waiting(evidence.windows) if one.size and one.largest]
    if evidence.has_forgotten:
        return _outlook("forgotten", None)
    if not waits:
        return _outlook("limit_any", None)
    (_, first, _), (last, size, _) = waits[0], waits[-1]
    is_broken = evidence.order_broken_at is not None and not evidence.order_shown
    largest = Bulk(*map(max, Bulk(), *(one for *_, one in waits)))
    upper = [sum(one) for one in zip(first, room(largest, DEFAULT_POLICY, is_strict=not is_broken), strict=True)]
    measures = [(low, high) for low, high in zip(size, upper, strict=True) if low]
    n_for_size = (ceil((high - low) * last.n_records / low) for low, high in measures)
    n = max(1, *n_for_size, 14 - last.n_records)  # before cuts of a list can exclude luck: 14! / 2⁶ is above 10⁹
    pace = _pace(evidence)
    if pace and evidence.last_asked_at:  # some have come since, in answers that were not full
        n = max(1, n - int((evidence.last_asked_at - last.asked_at) / pace))
    limits = _limits(size, upper)
    return _outlook("limit" if limits else "limit_any", _after(n, evidence), n=n, **limits)


_LIMITS = (
    Text("{low:,.0f} KiB 到 {high:,.0f} KiB", "{low:,.0f} KiB and {high:,.0f} KiB"),
    Text("{low:,.0f} 到 {high:,.0f} 个字符", "{low:,.0f} and {high:,.0f} characters"),
    Text("{low:,.0f} 到 {high:,.0f} 个参会方", "{low:,.0f} and {high:,.0f} parties"),
)


def _limits(lower: Iterable[int], upper: Iterable[int]) -> dict[str, str]:
    """Return between what a limit may still lie, by each measure by which one may; bytes say what characters do."""
    told = zip(_LIMITS, lower, upper, (1024, 1, 1), strict=True)
    still = {name: name.format(low=low / one, high=high / one) for name, low, high, one in told if low < high}
    if _LIMITS[0] in still:
        still.pop(_LIMITS[1], None)
    said = zip(*still.values(), strict=True)
    return {
        name: mark.join(one)
        for name, mark, one in zip(("limits_zh", "limits_en"), ("，或 ", ", or "), said, strict=False)
    }


def _outlook(key: str, at: datetime | None, **values: object) -> Outlook:
    possible = POSSIBLE[key]
    return Outlook(possible.hypothesis.format(**values), possible.excluded_by.format(**values), at)


def _after(n: int, evidence: Evidence) -> datetime | None:
    """Return when so many more meetings may have been held and settled, at the pace of the account so far."""
    pace = _pace(evidence)
    if pace is None or evidence.last_asked_at is None:
        return None
    return evidence.last_asked_at + n * pace + timedelta(seconds=evidence.settle_s)


def _pace(evidence: Evidence) -> timedelta | None:
    """Return the time between two meetings: from how much longer full answers became, else from how many lie in one."""
    windows = [one for one in evidence.windows if one.reason in (*CONFIRMABLE, "cap_round") and one.n_records]
    if not windows:
        return None
    first, last = windows[0], windows[-1]
    if last.n_records > first.n_records and last.asked_at > first.asked_at:
        return (last.asked_at - first.asked_at) / (last.n_records - first.n_records)
    since = last.oldest or last.lower
    return (last.asked_at - since) / last.n_records if last.asked_at > since else None
