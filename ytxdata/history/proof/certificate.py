"""What is said about completeness: a verdict for each period, the worst of them, and a sentence for people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import pandas as pd

from ytxdata.history.proof.reasons import REASONS, VERDICTS, Verdict
from ytxdata.labels import Text, preferred_lang
from ytxdata.templates import VERDICTS as BADGES
from ytxdata.templates import facts_card
from ytxdata.times import BEIJING, ZONE_NAME, beijing_text

__all__ = ["Certificate", "Period", "Verdict"]


@dataclass(frozen=True, slots=True)
class Period:
    """A verdict on `[start, end)` (UTC), with its reason and the pulls it rests on (of a chain: oldest and newest)."""

    start: datetime
    end: datetime
    reason_key: str
    pull_ids: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """`PROVEN`, `PROBABLE` or `GAP`."""
        return REASONS[self.reason_key].verdict

    @property
    def reason(self) -> Text:
        """Why, in Chinese and English."""
        return REASONS[self.reason_key].text


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

    def over(self, start: datetime, end: datetime) -> Certificate:
        """Return what is claimed about `[start, end)`; what lies outside every claim has a reason of its own."""
        if not self.periods:
            return Certificate.of([Period(start, end, "not_asked")], self.outside)
        first, last = self.periods[0].start, self.periods[-1].end
        inside = [
            Period(max(one.start, start), min(one.end, end), one.reason_key, one.pull_ids) for one in self.periods
        ]
        before = Period(start, min(first, end), self.outside)
        after = Period(max(last, start), end, "not_asked")
        return Certificate.of([before, *inside, after], self.outside)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row per period: `start`, `end` (Asia/Shanghai), `verdict`, `reason` and its sentences, `pulls`."""
        rows = self.periods
        instants = f"datetime64[us, {ZONE_NAME}]"
        return pd.DataFrame(
            {
                "start": pd.Series([one.start.astimezone(BEIJING) for one in rows], dtype=instants),
                "end": pd.Series([one.end.astimezone(BEIJING) for one in rows], dtype=instants),
                "verdict": pd.Series([one.verdict for one in rows], dtype="string"),
                "reason": pd.Series([one.reason_key for one in rows], dtype="string"),
                "reason_zh": pd.Series([one.reason.zh for one in rows], dtype="string"),
                "reason_en": pd.Series([one.reason.en for one in rows], dtype="string"),
                "pulls": pd.Series([" ".join(one.pull_ids) for one in rows], dtype="string"),
            }
        )

    @cached_property
    def sentence(self) -> Text:
        """The whole in words a manager understands: the worst verdict, when, and why."""
        if not self.periods:
            return Text(
                "没有读到任何会议，完整性无从判断。", "No meetings were read; nothing can be said about completeness."
            )
        span = {"start": beijing_text(self.start), "end": beijing_text(self.end)}
        worst = [one for one in self.periods if one.verdict == self.worst]
        named = worst[0] if self.worst == "GAP" else max(worst, key=lambda one: one.end - one.start)
        details = {
            "from_": beijing_text(named.start),
            "to": beijing_text(named.end),
            "zh": named.reason.zh,
            "en": named.reason.en,
            "others": len(worst) - 1,
        }
        text = _SENTENCES[self.worst]
        more = _OTHERS.format(**details) if len(worst) > 1 else Text("", "")
        filled = text.format(**span, **details)
        return Text(filled.zh + more.zh, filled.en + more.en)

    def __repr__(self) -> str:
        return f"<Certificate {self.worst}: {self.sentence.en}>"

    def _repr_html_(self) -> str:
        lang = preferred_lang()
        rows = [
            (
                Text(*(f"{beijing_text(one.start)} – {beijing_text(one.end)}",) * 2),
                f"{BADGES[one.verdict].in_(lang)}: {one.reason.in_(lang)}",
            )
            for one in self.periods
        ]
        title = Text("完整性（北京时间）", "completeness (Beijing time)")
        return facts_card(title, rows, note=self.sentence, verdict=self.worst, lang=lang)


def _joined(periods: list[Period], last: Period) -> list[Period]:
    """Return the periods with one more, merged into its neighbour when that says the same."""
    if periods and periods[-1].reason_key == last.reason_key and periods[-1].end == last.start:
        before = periods[-1]
        pulls = dict.fromkeys(before.pull_ids + last.pull_ids)
        ends = tuple(pulls) if len(pulls) < 3 else (min(pulls), max(pulls))
        return [*periods[:-1], Period(before.start, last.end, last.reason_key, ends)]
    return [*periods, last]


_SENTENCES: dict[Verdict, Text] = {
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
}
_OTHERS = Text("此类时段另有 {others} 段。", " (Further such periods: {others}.)")
