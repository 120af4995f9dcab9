"""What leaves of telephone numbers and names: one choice for all files of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from ytxdata.labels import Text
from ytxdata.tables.book import AliasBook
from ytxdata.tables.pseudonyms import Pseudonyms
from ytxdata.tables.table import Table

T = TypeVar("T", bound=Table)


@dataclass(frozen=True, kw_only=True)
class Privacy:
    """How personal data leaves; by default numbers are masked.

    Parameters
    ----------
    show_phones, pseudonyms, book
        As in `Table.masked`.
    """

    show_phones: bool = False
    pseudonyms: Pseudonyms | None = None
    book: AliasBook | None = None

    @property
    def options(self) -> dict[str, Any]:
        """The choice as the writers of tables take it."""
        return {"show_phones": self.show_phones, "pseudonyms": self.pseudonyms, "book": self.book}

    def masked(self, table: T) -> T:
        """Return a table as it may leave."""
        return table.masked(**self.options)

    @property
    def sentence(self) -> Text:
        """What a reader must know about it."""
        if self.pseudonyms:
            return Text("号码和姓名以化名代替", "numbers and names are replaced by pseudonyms")
        if self.show_phones:
            return Text("号码完整显示：请勿外传", "numbers are shown in full: keep this file to yourself")
        return Text("号码已打码", "numbers are masked")
