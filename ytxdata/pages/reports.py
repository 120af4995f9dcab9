"""Every report there is, as data: how it is made, and what a page shows of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from ytxdata import metrics
from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.metrics.calendar import By
from ytxdata.metrics.report import Report
from ytxdata.metrics.tariff import Tariff


@dataclass(frozen=True, kw_only=True)
class Ask:
    """What is asked of all reports alike.

    Parameters
    ----------
    start, end
        Edges of the half-open period; None for all there is.
    by
        `day`, `week`, `month` or `total`, for the reports that go by time.
    tariff
        How connections are billed; without one there are no costs.
    lines
        Purchased lines, for concurrency.
    """

    start: datetime | None = None
    end: datetime | None = None
    by: By = "month"
    tariff: Tariff | None = None
    lines: int | None = None

    def before(self, end: datetime | None) -> Ask | None:
        """Return the same for the period of equal length just before; None when this one has no beginning or no end.

        Examples
        --------
        >>> from datetime import UTC
        >>> Ask(start=datetime(2026, 1, 11, tzinfo=UTC)).before(datetime(2026, 1, 21, tzinfo=UTC)).start.isoformat()
        '2026-01-01T00:00:00+00:00'
        """
        end = self.end or end
        if self.start is None or end is None or end <= self.start:
            return None
        return replace(self, start=self.start - (end - self.start), end=self.start)


Make = Callable[[Any, Ask], Report]
"""From a source of metrics to a report."""


class Entry(NamedTuple):
    """One report: how it is made, how many rows a page shows, whether they are folded away, whether it needs a tariff."""

    make: Make
    rows: int = 0
    folded: bool = False
    needs_tariff: bool = False


def _timed(report: Callable[..., Report], **more: Any) -> Make:
    return lambda source, ask: report(source, ask.start, ask.end, ask.by, **more)


def _whole(report: Callable[..., Report]) -> Make:
    return lambda source, ask: report(source, ask.start, ask.end)


REPORTS: dict[str, Entry] = {
    "usage": Entry(_timed(metrics.usage), rows=62),
    "heatmap": Entry(_whole(metrics.heatmap), rows=168, folded=True),
    "working_hours": Entry(_timed(metrics.working_hours), rows=62),
    "creators": Entry(_whole(metrics.creators), rows=15),
    "people": Entry(_whole(metrics.people), rows=15),
    "concentration": Entry(_timed(metrics.concentration), rows=62),
    "sizes": Entry(_whole(metrics.sizes), rows=8),
    "durations": Entry(_whole(metrics.durations), rows=8),
    "concurrency": Entry(lambda source, ask: metrics.concurrency(source, ask.start, ask.end, ask.by, lines=ask.lines), rows=62),
    "peak_stretches": Entry(_timed(metrics.peak_stretches)),
    "lonely": Entry(lambda source, ask: metrics.lonely(source, ask.start, ask.end, tariff=ask.tariff), rows=15),
    "cost": Entry(lambda source, ask: metrics.cost(source, _given(ask.tariff), ask.start, ask.end, ask.by), rows=62, needs_tariff=True),
    "presence": Entry(_whole(metrics.presence)),
    "compare_definitions": Entry(_whole(metrics.compare_definitions), rows=5),
}  # fmt: skip
"""Name → report, in the order of a page; one with 0 rows is too long for a page and stands in the files only."""


def make(name: str, source: Any, ask: Ask) -> Report:
    """Return one report by its name.

    Raises
    ------
    UsageError
        There is none of this name, or it needs a tariff.
    """
    if name not in REPORTS:
        known = ", ".join(REPORTS)
        raise UsageError(
            Text(f"没有报表 {name!r}", f"there is no report {name!r}"),
            remedy=Text(f"可选：{known}", f"choose one of {known}"),
        )
    return REPORTS[name].make(source, ask)


def _given(tariff: Tariff | None) -> Tariff:
    if tariff is None:
        raise UsageError(
            Text("费用报表需要资费文件", "the report cost needs a tariff"),
            remedy=Text(
                "用 --tariff 指定，参照 data/tariff.toml", "give one with --tariff; data/tariff.toml is an example"
            ),
        )
    return tariff
