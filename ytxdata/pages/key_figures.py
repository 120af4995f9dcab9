"""Key figures: a few numbers of a period, and how they changed against the period before."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any, NamedTuple

from ytxdata.labels import Text
from ytxdata.pages.reports import REPORTS, Ask, make
from ytxdata.tables.definition import Definition, unit_of
from ytxdata.tables.html import number, shown

Value = int | float | Decimal | None

FIGURES = (
    ("usage", "meetings"),
    ("usage", "meeting_minutes"),
    ("usage", "people"),
    ("usage", "leg_minutes"),
    ("usage", "size_mean"),
    ("usage", "active_creators"),
    ("usage", "peak_legs"),
    ("usage", "lonely_minutes"),
    ("working_hours", "outside_pct"),
    ("concentration", "concentration"),
    ("cost", "cost"),
)
"""Report and column of each figure, counted over the whole period."""


class Figure(NamedTuple):
    """One figure: what it means, its value, and its value in the period before; None is unknown."""

    definition: Definition
    value: Value
    before: Value

    @property
    def text(self) -> str:
        """The value as people read it."""
        return shown(self.value, self._decimals)

    @property
    def before_text(self) -> str:
        """The value of the period before as people read it."""
        return shown(self.before, self._decimals)

    @property
    def change(self) -> Text | None:
        """By how much it changed, in per cent, of a share in percentage points; None when that cannot be said.

        Examples
        --------
        >>> Figure(Definition(key="meetings", zh="会议数", en="meetings", unit="meetings"), 30, 40).change.en
        '▼ 25.0 %'
        """
        if self.value is None or self.before is None:
            return None
        difference = float(self.value) - float(self.before)
        if self.definition.unit == "%":
            size = number(abs(difference), 1)
            unit = Text(" 个百分点", " points")
        elif self.before:
            size = number(abs(difference) * 100 / float(self.before), 1)
            unit = Text(" %", " %")
        else:
            return None
        if size == "0.0":
            return Text("持平", "no change")
        mark = "▲" if difference > 0 else "▼"
        return Text(f"{mark} {size}{unit.zh}", f"{mark} {size}{unit.en}")

    @property
    def _decimals(self) -> int | None:
        if self.definition.unit in ("people", "yuan"):
            return 2 if isinstance(self.value or self.before, float | Decimal) else 0
        return unit_of(self.definition.unit).decimals


def key_figures(source: Any, ask: Ask, earlier: Ask | None) -> tuple[Figure, ...]:
    """Return the key figures of what is asked; those that need a tariff only with one."""
    wanted = [(name, key) for name, key in FIGURES if ask.tariff is not None or not REPORTS[name].needs_tariff]
    names = dict.fromkeys(name for name, _ in wanted)
    totals = [
        {name: make(name, source, replace(period, by="total")) for name in names}
        for period in (ask, earlier)
        if period is not None
    ]
    return tuple(
        Figure(
            totals[0][name].definition(key),
            _first(totals[0][name], key),
            _first(totals[1][name], key) if len(totals) > 1 else None,
        )
        for name, key in wanted
    )


def _first(report: Any, key: str) -> Value:
    """The value of the only row; None when there is no row, because there was no meeting."""
    value: Value = next(iter(report.arrow.column(key).to_pylist()), None)
    return value
