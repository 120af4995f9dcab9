"""A set of reports that may be handed on: no figure about fewer people than a minimum."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.metrics.report import Report
from ytxdata.pages.collection import RECORDS, Collection, KeyFigure
from ytxdata.tables.masking import blanked

PERSONAL = ("people", "lonely", "presence")
"""Reports whose rows are single persons or meetings, as those of the records are."""

_NOTE = Text(
    "只涉及少于 {minimum} 人的行已隐去数字，逐人、逐会议的表已略去；合计减去其余行仍可能推出隐去的数字，公开前请检查",
    "figures of rows about fewer than {minimum} people are hidden, tables of single persons and meetings left out; a total less the other rows may still give a hidden figure away: look before you publish",
)
_NO_COUNT = Text(
    "本表不含每行人数：各行未按人数隐去，整个期间不少于 {minimum} 人",
    "this table has no head count for each row: rows are not hidden one by one, the whole period has at least {minimum} people",
)


def without_small_groups(collected: Collection, minimum: int) -> Collection:
    """Return the reports without figures about fewer than `minimum` people.

    Rows that count people are judged by their own count, rows of a period by the people of that period in the usage report; a row whose count is
    unknown is hidden. Records, and reports whose rows are single persons or meetings, are left out.

    Parameters
    ----------
    collected
        All reports.
    minimum
        From how many people a figure may be published.

    Raises
    ------
    UsageError
        The whole period has fewer people: nothing of it can be published.
    """
    counts = next(one for one in collected.figures if one.definition.key == "people")
    usage = collected.reports["usage"]
    if usage.arrow.num_rows and (counts.value or 0) < minimum:
        raise UsageError(
            Text(f"整个期间少于 {minimum} 人，没有可以公开的数字", f"the whole period has fewer than {minimum} people: no figure of it can be published"),
            remedy=Text("选更长的期间，或减小 --min-group", "choose a longer period, or a smaller --min-group"),
        )  # fmt: skip
    kept = {name: report for name, report in collected.reports.items() if name not in PERSONAL}
    is_before_large = (counts.before or 0) >= minimum
    return replace(
        collected,
        records={},
        reports={name: _hidden(report, usage, minimum) for name, report in kept.items()},
        figures=tuple(
            one if is_before_large else KeyFigure(one.definition, one.value, None) for one in collected.figures
        ),
        notes=(*collected.notes, _NOTE.format(minimum=minimum)),
    )


def refuse_leftovers(out: str | Path) -> None:
    """Raise UsageError when tables of single persons or meetings lie where the others are to be written: they would go along."""
    left = [name for name in (*RECORDS, *PERSONAL) if (Path(out) / f"{name}.csv").exists()]
    if left:
        listed = ", ".join(f"{name}.csv" for name in left)
        raise UsageError(
            Text(f"{out} 中有此前写出的逐人、逐会议的表：{listed}", f"{out} holds tables of single persons and meetings from an earlier run: {listed}"),
            remedy=Text("用 --out 另选一个空目录", "choose an empty directory with --out"),
        )  # fmt: skip


def _hidden(report: Report, usage: Report, minimum: int) -> Report:
    columns = report.arrow.column_names
    if "people" in columns:
        hidden = report.suppressed(minimum)
        return hidden if "period" in columns else _hidden_last(hidden)
    if "period" not in columns:
        return replace(report, notes=(*report.notes, _NO_COUNT.format(minimum=minimum)))
    is_large = pc.fill_null(pc.greater_equal(usage.arrow.column("people"), minimum), False)
    large = usage.arrow.column("period").filter(is_large).combine_chunks().cast(pa.string())
    return blanked(report, pc.invert(pc.is_in(report.arrow.column("period").cast(pa.string()), large)), minimum)


def _hidden_last(report: Report) -> Report:
    """Return a ranking with the rows that lost their figures at its end, by name: their rank would tell about what they were."""
    rows = report.arrow
    is_hidden = pc.is_null(rows.column("people"))
    last = rows.filter(is_hidden).sort_by(rows.column_names[0])
    return (
        replace(report, frame=pa.concat_tables([rows.filter(pc.invert(is_hidden)), last])) if last.num_rows else report
    )
