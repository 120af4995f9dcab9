"""An alias book: whose number it is, and in which department."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.phones import normalize
from ytxdata.tables.csv import read_rows


class Alias(NamedTuple):
    """One line of the book."""

    name: str
    department: str | None


@dataclass(frozen=True)
class AliasBook:
    """Names and departments by telephone number.

    Parameters
    ----------
    entries
        Normalised number → alias.
    """

    entries: Mapping[str, Alias] = field(repr=False)

    @classmethod
    def load(cls, path: str | Path) -> AliasBook:
        """Return the book of a CSV with the columns `number`, `name` and, if there are, `department`.

        Raises
        ------
        UsageError
            A column is missing, a number is none, or one number has two names; the message names the line.
        """
        rows = read_rows(path)
        header = [cell.strip() for cell in next(rows, [])]
        if not {"number", "name"} <= set(header):
            raise UsageError(
                Text(f"{path} 缺少列 number 或 name", f"{path} lacks a column number or name"),
                remedy=Text("第一行写 number,name,department", "begin the file with the line number,name,department"),
            )
        entries: dict[str, Alias] = {}
        for line, row in enumerate(rows, start=2):
            cells = dict(zip(header, (cell.strip() for cell in row), strict=False))
            if not any(cells.values()):
                continue
            number = normalize(cells.get("number", ""))
            alias = Alias(cells.get("name", ""), cells.get("department") or None)
            if number is None or not alias.name or entries.get(number, alias) != alias:
                raise UsageError(
                    Text(
                        f"{path} 第 {line} 行的号码或姓名不可用，或与前面的行矛盾",
                        f"{path}, line {line}: number or name cannot be used, or contradicts an earlier line",
                    ),
                    remedy=Text("每个号码只写一行，姓名不能为空", "write one line for a number, with a name"),
                )
            entries[number] = alias
        return cls(entries)

    @cached_property
    def _namesakes(self) -> frozenset[str]:
        counts = Counter(alias.name for alias in self.entries.values())
        return frozenset(name for name, count in counts.items() if count > 1)

    def find(self, phone: str) -> Alias | None:
        """Return the alias of a number, however it is written."""
        return self.entries.get(normalize(phone) or "")

    def name(self, phone: str) -> str | None:
        """Return the name of a number, with its last four digits behind it when several people are called so."""
        alias = self.find(phone)
        if alias is None:
            return None
        return f"{alias.name} ****{phone[-4:]}" if alias.name in self._namesakes else alias.name
