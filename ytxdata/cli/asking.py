"""What the verbs `report` and `explain` are asked alike."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from ytxdata.times import as_instant

if TYPE_CHECKING:
    from ytxdata.metrics.periods import By
    from ytxdata.pages.reports import Ask

From = Annotated[
    str | None,
    typer.Option("--from", help="期间起点（含），如 2026-01 或 2026-01-15 / where the period begins, such as 2026-01"),
]
To = Annotated[
    str | None, typer.Option("--to", help="期间终点（不含） / where the period ends; that instant is not in it")
]
Granularity = Annotated[str, typer.Option("--by", help="day | week | month | total")]
TariffFile = Annotated[
    Path | None,
    typer.Option("--tariff", help="资费文件，用于费用报表 / a tariff file, for the costs", exists=True, dir_okay=False),
]
Lines = Annotated[
    int | None, typer.Option("--lines", min=0, help="已购线路数，用于并发报表 / purchased lines, for concurrency")
]


def ask(start: str | None, end: str | None, by: str, tariff: Path | None, lines: int | None) -> Ask:
    """Return what the options ask of the reports.

    Raises
    ------
    UsageError
        An edge of the period is no date, `by` is unknown, or the tariff cannot be used.
    """
    from ytxdata.metrics.periods import check_by
    from ytxdata.metrics.tariff import Tariff
    from ytxdata.pages.reports import Ask

    check_by(by)
    edges: dict[str, Any] = {
        edge: None if text is None else as_instant(text, name=name)
        for edge, name, text in (("start", "--from", start), ("end", "--to", end))
    }
    return Ask(**edges, by=cast("By", by), tariff=None if tariff is None else Tariff.load(tariff), lines=lines)
