"""What an editor must know of the public API: this file is checked by mypy --strict and pyright, and never run."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import assert_type

import pandas as pd

import ytxdata as ytx
from ytxdata import metrics
from ytxdata.metrics import ComparedReport, Network, Report, Tariff
from ytxdata.selection import Selection


def sources(history: ytx.History, archive: ytx.Archive, frames: ytx.Frames) -> None:
    """Everything that reports are made from is known by name; nothing else is accepted."""
    for source in (history, archive, frames, history.only(creator="139"), archive.only(min_minutes=5)):
        assert_type(metrics.usage(source), Report)
    metrics.usage([1, 2])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    metrics.usage(history, by="hour")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    metrics.usage(history, group_of="party")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    metrics.cost(history)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    assert_type(frames.only(department=["sales"], book="book.csv"), Selection)


def reports(archive: ytx.Archive) -> None:
    """A report is a table whose frame is pandas in the usual case, with all that stands under it."""
    report = metrics.usage(archive, "2026-03", datetime(2026, 4, 1), by="day", group="department", book=Path("b.csv"))  # noqa: DTZ001
    assert_type(report.frame, pd.DataFrame)
    assert_type(report.title.en, str)
    assert_type(report.period, tuple[datetime, datetime] | None)
    assert_type(report.to_csv("usage.csv"), Path)
    assert_type(report.formula(0)["meetings"].zh, str)
    tariff = Tariff(prices={"mobile": Decimal("0.1"), "default": "0.2"})
    assert_type(metrics.chargeback(archive, book="b.csv", invoice={"2026-03": "10.00"}, tariff=tariff), Report)
    assert_type(metrics.network(archive, book="b.csv"), Network)
    assert_type(metrics.network(archive, unit="person").nodes, Report | None)
    compared = metrics.compare(metrics.usage, archive, "2026-03", against="year_before")
    assert_type(compared, ComparedReport)
    assert_type(compared.drivers, Report | None)


def registered(history: ytx.History) -> None:
    """The decorator gives the function back as it was."""

    @metrics.register(rows=5)
    def own_metric(source: metrics.ReportSource, by: metrics.By = "month") -> Report:
        """A metric of one's own keeps its signature."""
        rows = metrics.Breakdown.of(source, by=by)
        return rows.report("own_metric", metrics.Text("自定", "own"), rows.add_up(rows.meetings, "leg_s"), ())

    assert_type(own_metric(history, by="day"), Report)
    own_metric(history, by=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert_type(ytx.read_answers("answers/"), ytx.History)
