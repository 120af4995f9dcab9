"""The shapes `data` may take: where the records hide in an answer. Each shape is a row of data."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Shape:
    """How records are put into `data`.

    Parameters
    ----------
    opening, closing
        JSON text before and after the records.
    quoted
        The records stand inside a JSON string, so their text is escaped once more.
    single
        Opening and closing when there is exactly one record; None for the same as always.
    nothing
        The whole value when there is no record; None for opening and closing alone.
    keyed
        Each record is the value of a key, its meeting id.
    kind
        `records`, or one of the values that hold none: `fixed` (`nothing` is the value) and `absent` (no `data` at all).
    """

    opening: str = "["
    closing: str = "]"
    quoted: bool = False
    single: tuple[str, str] | None = None
    nothing: str | None = None
    keyed: bool = False
    kind: Literal["records", "fixed", "absent"] = "records"

    def frame(self, n: int) -> tuple[str, str]:
        """Return what stands before and after `n` records."""
        if n == 0 and self.nothing is not None:
            return self.nothing, ""
        if n == 1 and self.single is not None:
            return self.single
        return self.opening, self.closing

    def place(self, record: str, meeting_id: str) -> str:
        """Return a record's text as it stands in this shape."""
        text = f"{json.dumps(meeting_id)}:{record}" if self.keyed else record
        return json.dumps(text, ensure_ascii=False)[1:-1] if self.quoted else text


SHAPES: dict[str, Shape] = {
    "array": Shape(),
    "object": Shape(single=("", ""), nothing='""'),
    "string": Shape('"[', ']"', quoted=True),
    "object_string": Shape('"[', ']"', quoted=True, single=('"', '"'), nothing='""'),
    "wrapped": Shape('{"page":"1","list":[', "]}"),
    "wrapped_object": Shape('{"meeting":[', "]}", single=('{"meeting":', "}"), nothing="null"),
    "wrapped_string": Shape('"{\\"page\\":\\"1\\",\\"list\\":[', ']}"', quoted=True),
    "string_under_key": Shape('{"list":"[', ']"}', quoted=True),
    "keyed": Shape("{", "}", keyed=True),
    "null": Shape(nothing="null", kind="fixed"),
    "empty": Shape(nothing='""', kind="fixed"),
    "absent": Shape(kind="absent"),
}
"""Every shape by its name. The last three hold no record, whatever was asked."""
