"""The roster: whose numbers are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ytxdata.audit.lists import Listed, Skipped, exact, none_left, read_lines, skipped_note
from ytxdata.labels import Text
from ytxdata.phones import normalize

WHAT = Text("花名册", "roster")
NAMES = {
    "phone": (
        "number",
        "mobile",
        "tel",
        "telephone",
        "手机",
        "手机号",
        "手机号码",
        "电话",
        "电话号码",
        "号码",
        "联系电话",
    ),
    "name": ("姓名", "名字", "员工", "员工姓名"),
    "department": ("dept", "部门", "所属部门"),
}
"""What its columns may be called."""

_NO_PHONE = Text("不是电话号码", "no telephone number")


class KnownPerson(NamedTuple):
    """One line: name, department, and its line number."""

    name: str
    department: str
    line: int


@dataclass(frozen=True)
class Roster:
    """Everybody who is known, by number in E.164 form.

    Parameters
    ----------
    entries
        Number → entry.
    skipped
        Lines that were not used, with the reason.
    """

    entries: Mapping[str, KnownPerson] = field(repr=False)
    skipped: tuple[Skipped, ...] = ()

    @classmethod
    def read(cls, given: Roster | Listed, columns: Mapping[str, str] | None = None) -> Roster:
        """Read a roster from a CSV or a frame with the columns `phone`, `name`, `department` (Chinese names are known too).

        Parameters
        ----------
        given
            A path (UTF-8, GB 18030 or UTF-16; comma, tab or semicolon), a frame of any engine, or a Roster.
        columns
            Our name → what the column is called in it.

        Returns
        -------
        Roster
            `skipped` lists every line that was not used: no number, formulas, numbers in scientific notation, repetitions.

        Raises
        ------
        UsageError
            It cannot be read, is empty or too large, lacks the column `phone`, or no line of it can be used.
        """
        if isinstance(given, Roster):
            return given
        skipped: list[Skipped] = []
        entries: dict[str, KnownPerson] = {}
        for line in read_lines(given, WHAT, NAMES, ("phone",), columns or {}, skipped):
            phone = exact(line.cells["phone"])
            number = normalize(phone) if isinstance(phone, str) else None
            if number is None:
                skipped.append(Skipped(line.number, phone if isinstance(phone, Text) else _NO_PHONE))
            elif number in entries:
                first = entries[number].line
                skipped.append(
                    Skipped(line.number, Text(f"与第 {first} 行号码相同", f"the same number as line {first}"))
                )
            else:
                entries[number] = KnownPerson(
                    line.cells.get("name", "").strip(), line.cells.get("department", "").strip(), line.number
                )
        if not entries:
            raise none_left(WHAT, skipped)
        return cls(entries, tuple(sorted(skipped)))

    @property
    def notes(self) -> tuple[Text, ...]:
        """What its reader must know."""
        return (skipped_note(WHAT, list(self.skipped)),) if self.skipped else ()
