"""What a column means and in which unit, as data: the same tables serve code, footers, dictionaries and docs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple

from ytxdata.labels import Lang, Text

_NONE: Mapping[str, object] = MappingProxyType({})
_NO_TEXT = Text("", "")


@dataclass(frozen=True, kw_only=True)
class Definition:
    """One column: its key, what people call it, its unit and the rule it was made by.

    Parameters
    ----------
    key
        The name of the column in the frame; never translated.
    zh, en
        What people read.
    unit
        A key of `ytxdata.tables.definition.UNITS`, such as `min`, `%`, `yuan`, `phone`, `person`, `id`; empty for none. It decides the
        number format and what is masked: `phone` is a telephone number, `person` somebody's name, `id` an identifier kept as it is.
    formula
        The rule in words.
    parameters
        Name → value of what the rule was told, such as `min_parties`.
    origin
        Where the choice comes from.
    """

    key: str
    zh: str
    en: str
    unit: str = ""
    formula: Text = _NO_TEXT
    parameters: Mapping[str, object] = field(default_factory=lambda: _NONE)
    origin: str = ""

    @property
    def label(self) -> Text:
        """The column's name in both languages."""
        return Text(self.zh, self.en)

    def to_dict(self) -> dict[str, object]:
        """Return the definition as plain data for JSON."""
        return {
            "key": self.key,
            "zh": self.zh,
            "en": self.en,
            "unit": self.unit,
            "formula": self.formula._asdict(),
            "parameters": {name: str(value) for name, value in self.parameters.items()},
            "origin": self.origin,
        }


class Unit(NamedTuple):
    """A unit: its name, the number format of a spreadsheet cell, and decimals on a page (None: as many as needed)."""

    label: Text
    excel: str
    decimals: int | None


UNITS: dict[str, Unit] = {
    "": Unit(Text("", ""), "General", None),
    "count": Unit(Text("个", "count"), "#,##0", 0),
    "meetings": Unit(Text("场", "meetings"), "#,##0", 0),
    "legs": Unit(Text("人次", "legs"), "#,##0", 0),
    "people": Unit(Text("人", "people"), "#,##0.##", None),
    "s": Unit(Text("秒", "s"), "#,##0", 0),
    "min": Unit(Text("分钟", "min"), "#,##0.0", 1),
    "h": Unit(Text("小时", "h"), "#,##0.0", 1),
    "%": Unit(Text("%", "%"), "0.0", 1),
    "ratio": Unit(Text("比值", "ratio"), "0.000", 3),
    "yuan": Unit(Text("元", "yuan"), "#,##0.00####", None),
    "bytes": Unit(Text("字节", "bytes"), "#,##0", 0),
    "phone": Unit(Text("电话号码", "phone number"), "@", None),
    "person": Unit(Text("姓名", "person"), "@", None),
    "id": Unit(Text("编号", "id"), "@", None),
    "hidden": Unit(Text("已隐藏", "hidden"), "@", None),
    "raw": Unit(Text("平台原文", "as the platform gave it"), "@", None),
    "text": Unit(Text("文本", "text"), "@", None),
    "time": Unit(Text("时间", "time"), "yyyy-mm-dd hh:mm:ss", None),
    "date": Unit(Text("日期", "date"), "yyyy-mm-dd", None),
}
"""Unit key → unit. `hidden` is what masking turns `phone` and `person` into."""

NUMBER_UNITS = ("phone", "id")
"""Units whose cells may be a bare number with `+`: no formula."""


def unit_of(key: str) -> Unit:
    """Return the unit, or one that is called by its key and looks like a plain value."""
    return UNITS.get(key) or Unit(Text(key, key), "General", None)


def in_words(value: Any, key: str, lang: Lang) -> str:
    """Return a value of a unit as a sentence says it: thousands apart, at most four decimals (money: all of them).

    Examples
    --------
    >>> in_words(12345.678912, "people", "en"), in_words(Decimal("65.3200"), "yuan", "zh"), in_words(None, "s", "zh")
    ('12,345.6789 people', '65.32 元', '未知')
    """
    if value is None:
        return Text("未知", "unknown").in_(lang)
    if isinstance(value, (float, Decimal)):
        digits = f"{value:,.4f}" if isinstance(value, float) else f"{value:,f}"
        text = digits.rstrip("0").rstrip(".") if "." in digits else digits
    else:
        text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    return f"{text} {unit_of(key).label.in_(lang)}".strip()
