"""What a column means, as data: the same table serves code, footers, dictionaries and docs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ytxdata.labels import Text

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
        A key of `ytxdata.tables.units.UNITS`, such as `min`, `%`, `yuan`, `phone`, `person`, `id`; empty for none. It decides the
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
