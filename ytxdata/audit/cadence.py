"""How often one must sync so that nothing can fall out of the platform's window: pure arithmetic on starts of meetings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ytxdata.archive import Archive
from ytxdata.labels import Text, preferred_lang
from ytxdata.times import beijing_text

STEPS = (
    *(timedelta(minutes=n) for n in (5, 15, 30)),
    *(timedelta(hours=n) for n in (1, 2, 6, 12)),
    *(timedelta(days=n) for n in (1, 2, 7)),
)
"""Cadences that a scheduler is usually told."""

OVERLAP = 5
"""Known records that an answer must still hold, so that it joins on to the one before."""

REACH = timedelta(hours=48)
"""How far an answer must reach below the sync before it: what may still settle (24 h), and a day more for long meetings."""


@dataclass(frozen=True)
class Cadence:
    """How often to sync.

    Parameters
    ----------
    every
        Sync at least so often; None when even the shortest cadence is too slow.
    window
        The largest answer seen [records]: what the platform is known to give at once; 0 when nothing was seen yet.
    spare
        Records of it that may be new ones: the window less what an answer must reach back over, and less the margin.
    margin
        By how much the busiest time may still be exceeded.
    shortest
        The shortest time in which `spare` meetings ever began; None when there never were so many.
    busiest
        When that was.
    per_day
        Mean number of meetings a day.
    is_whole
        Whether that answer held all there was: it had fewer records than were asked for, and shows no limit.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> archive = ytx.sample("archive")
    >>> cadence = ytx.audit.cadence_of(archive)
    >>> type(cadence).__name__
    'Cadence'
    """

    every: timedelta | None
    window: int
    spare: int
    margin: float
    shortest: timedelta | None
    busiest: datetime | None
    per_day: float
    is_whole: bool = False

    @property
    def text(self) -> Text:
        """The advice in words."""
        facts = {
            "window": self.window,
            "spare": self.spare,
            "margin": f"{self.margin:g}",
            "per_day": f"{self.per_day:.1f}",
        }
        if self.is_whole and self.every is None:
            return _ALL.format(**facts)
        if not self.window:
            return _NOTHING
        if self.every is None:
            return _TOO_SMALL.format(**facts)
        zh, en = _names(self.every)
        if self.shortest is None:
            return _NEVER.format(zh=zh, en=en, **facts)
        short_zh, short_en = _names(self.shortest)
        return _BUSY.format(
            zh=zh, en=en, short_zh=short_zh, short_en=short_en, busiest=beijing_text(self.busiest), **facts
        )

    def __str__(self) -> str:
        return self.text.in_(preferred_lang())


def advise(starts: Sequence[datetime], largest_answer: int, *, margin: float = 2) -> Cadence:
    """Return how often to sync, from when meetings began and how many records one answer is known to hold.

    The rule: between two syncs fewer meetings may begin than an answer has room for beyond what it must reach back
    over, even when the busiest time ever seen is exceeded `margin` times.

    Parameters
    ----------
    starts
        When meetings began, in any order; bursts count as they are.
    largest_answer
        Records of the largest answer seen. A platform that never stopped by itself may give more: the advice is then
        on the safe side.
    margin
        How many times the busiest time may be exceeded.

    Returns
    -------
    Cadence
        At most a week, also when nothing is known.

    Examples
    --------
    >>> from datetime import UTC
    >>> hourly = [datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=i) for i in range(500)]
    >>> advise(hourly, 200).every, advise(hourly, 50).every, advise([], 100).every
    (datetime.timedelta(days=2), None, datetime.timedelta(days=7))
    """
    times = sorted(starts)
    per_day = len(times) / max((times[-1] - times[0]) / timedelta(days=1), 1) if times else 0.0
    # Room is what is left of an answer that must join on: it holds again the records that carry the proof, and all
    # that began in the time it reaches back over, in the busiest such time ever seen.
    spare = int((largest_answer - OVERLAP - _most_within(times, REACH)) / margin)
    if spare < 1:
        return Cadence(None, largest_answer, max(spare, 0), margin, None, None, per_day)
    spans = [(times[i + spare] - times[i], times[i]) for i in range(len(times) - spare)]
    if not spans:
        return Cadence(STEPS[-1], largest_answer, spare, margin, None, None, per_day)
    # The shortest time in which so many ever began: by an average the one busy day would lose meetings.
    shortest, busiest = min(spans)
    every = max((step for step in STEPS if step <= shortest), default=None)
    return Cadence(every, largest_answer, spare, margin, shortest, busiest, per_day)


def cadence_of(archive: Archive, *, margin: float = 2) -> Cadence:
    """Return how often to sync an archive, from what it holds; a doctor may be asked before the first sync.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> archive = ytx.sample("archive")
    >>> ytx.audit.cadence_of(archive).text.en[:12]
    'sync every 7'
    """
    if not archive.path.exists():
        return advise([], 0, margin=margin)
    (meetings,) = archive.scans("meetings", is_seen=False)
    starts = meetings.select("started_at").collect("pyarrow").to_native()["started_at"].to_pylist()
    answers = archive.pulls()[["returned_n", "asked_n"]].dropna().astype(int)
    largest = int(answers["returned_n"].max()) if len(answers) else 0
    is_whole = bool(((answers["returned_n"] == largest) & (answers["asked_n"] > largest)).any())
    found = advise([start for start in starts if start is not None], largest, margin=margin)
    return replace(found, is_whole=is_whole)


def _most_within(times: Sequence[datetime], span: timedelta) -> int:
    """Return the largest number of meetings that ever began within a span."""
    most = first = 0
    for last, time in enumerate(times):
        while time - times[first] > span:
            first += 1
        most = max(most, last - first + 1)
    return most


def _names(span: timedelta) -> tuple[str, str]:
    seconds = round(span.total_seconds())
    for size, zh, en in ((86400, "天", "d"), (3600, "小时", "h"), (60, "分钟", "min")):
        if seconds >= size:
            return f"{seconds / size:.3g} {zh}", f"{seconds / size:.3g} {en}"
    return f"{seconds} 秒", f"{seconds} s"


_BUSY = Text(
    "最迟每 {zh}同步一次（这是上限，更勤更好）：一次回答最多见过 {window} 条，最忙时（{busiest} 起）{short_zh}内就开始了 {spare} 场会议，已留 {margin} 倍余量；平均每天 {per_day} 场",
    "sync every {en} at the latest (a ceiling: more often is better): the largest answer seen holds {window} records; in the busiest time (from {busiest}) {spare} meetings began within {short_en}, with a margin of {margin}; {per_day} a day on average",
)
_NEVER = Text(
    "最迟每 {zh}同步一次（这是上限，更勤更好）：一次回答最多见过 {window} 条，从未有过足以挤出窗口的会议数（{spare} 场，已留 {margin} 倍余量）；平均每天 {per_day} 场",
    "sync every {en} at the latest (a ceiling: more often is better): the largest answer seen holds {window} records, and there never were enough meetings to push one out ({spare}, with a margin of {margin}); {per_day} a day on average",
)
_NOTHING = Text(
    "存档里还没有会议：先同步一次，才能说多久同步一次",
    "the archive holds nothing yet: sync once, then it can be said how often",
)
_ALL = Text(
    "已同步：平台给出了它全部的 {window} 条记录，少于所要的条数，所以还看不出一次回答最多能有几条；会议多起来以后才能说多久同步一次，在此之前请每天同步",
    "synced: the platform gave all it has, records: {window}, fewer than were asked for, so that no limit of its answers shows; how often to sync can be said when there are more meetings; sync daily until then",
)
_TOO_SMALL = Text(
    "一次回答最多见过 {window} 条，不足以覆盖最忙的 48 小时并留 {margin} 倍余量：任何同步频率都不能保证不漏；平均每天 {per_day} 场。先做一次完整同步（要得更多），看平台是否有上限",
    "the largest answer seen holds {window} records, not enough to reach over the busiest 48 h with a margin of {margin}: no cadence is safe; {per_day} meetings a day on average. First sync in full (ask for more) to see whether the platform has a cap",
)

WORDS = (_BUSY, _NEVER, _NOTHING, _ALL, _TOO_SMALL)
"""What an advice may say, with places for its figures."""
