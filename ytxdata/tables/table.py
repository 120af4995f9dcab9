"""A described table with its ways out, and the tables of records (meetings, legs, rejects, problems, pulls) as such."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from shutil import get_terminal_size
from typing import Any, Self

import narwhals as nw

from ytxdata.labels import Lang, Text, aligned, decimal_text, fitting, in_one, printable
from ytxdata.numbers_in_text import hide_in_text
from ytxdata.records.schema import PROBLEM_REASONS, REJECT_REASONS, TABLES, Column, TableName
from ytxdata.records.values import named_rows
from ytxdata.tables import csv, excel, html, masking, open_formats, suppression
from ytxdata.tables.address_book import AddressBook
from ytxdata.tables.described import Completeness, Definition, Described, cells, is_lazy, unit_of
from ytxdata.tables.excel_sheet import Progress
from ytxdata.tables.masking import Pseudonyms
from ytxdata.tables.value_units import NAMED_BY, unit_of_column

__all__ = ["Completeness", "Definition", "Table"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Table(Described):
    """A described table that can be masked, written and shown; its fields are those of `Described`.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> import pandas as pd
    >>> from ytxdata.metrics import Text
    >>> table = ytx.Table(frame=pd.DataFrame({"n": [1]}), name="counts", title=Text("数量", "counts"))
    >>> table.to_dicts()
    [{'n': 1}]
    """

    def masked(
        self, *, show_phones: bool = False, pseudonyms: Pseudonyms | None = None, book: AddressBook | None = None
    ) -> Self:
        """Return the table as it may leave: PyArrow rows of plain types, personal data hidden.

        Parameters
        ----------
        show_phones
            Leave numbers as they are.
        pseudonyms
            Put stable keyed names in place of numbers and of people's names.
        book
            Put names in place of the numbers it knows, and a column `…_department` beside them.

        Raises
        ------
        UsageError
            Pseudonyms together with one of the others: the one would undo the other.
        """
        return masking.masked(self, show_phones=show_phones, pseudonyms=pseudonyms, book=book)

    def leaving(self, *, show_phones: bool = False) -> tuple[Self, Self]:
        """Return the table as it may leave (`masked`), and its own rows in the order in which they leave."""
        return masking.leaving(self, show_phones=show_phones)

    def suppressed(self, minimum: int = 5, column: str = "people") -> Self:
        """Return the table with the figures of every row of fewer than `minimum` people made unknown, and a note that
        says so.

        Raises
        ------
        UsageError
            The table has no such column; choose a report that counts people.
        """
        return suppression.suppressed(self, minimum, column)

    def to_csv(
        self,
        path: str | Path,
        *,
        dialect: csv.Dialect = "people",
        show_phones: bool = False,
        pseudonyms: Pseudonyms | None = None,
        book: AddressBook | None = None,
        check: bool = True,
    ) -> Path:
        """Write one header line and the rows, and `NAME.about.json` beside it; return the path.

        Parameters
        ----------
        path
            The file.
        dialect
            `people`: UTF-8 with a mark, numbers to 4 decimals, for Excel. `machine`: plain UTF-8, numbers exact.
            `gb18030`: as `people`, for old Chinese tools. All quote every field.
        show_phones, pseudonyms, book
            As in `masked`.
        check
            Read the file back and compare every cell.

        Raises
        ------
        UsageError
            The path cannot be written.
        FileDiffersError
            The file, read back, is not what was meant; the message names the cell.

        Notes
        -----
        An unknown value is an empty cell; instants are wall time of `zone`; text that would be a formula is escaped.
        `ytxdata.read_csv` undoes all of it.
        """
        return csv.write(
            self.masked(show_phones=show_phones, pseudonyms=pseudonyms, book=book), path, dialect=dialect, check=check
        )

    def to_parquet(
        self,
        path: str | Path,
        *,
        show_phones: bool = False,
        pseudonyms: Pseudonyms | None = None,
        book: AddressBook | None = None,
        check: bool = True,
    ) -> Path:
        """Write the rows as Parquet (ZSTD, instants in UTC), and `NAME.parquet.about.json` beside it; return the path.

        Parameters
        ----------
        path
            The file.
        show_phones, pseudonyms, book
            As in `masked`.
        check
            Read the file back and compare it.

        Raises
        ------
        UsageError
            The path cannot be written.
        FileDiffersError
            The file, read back, is not what was meant.
        """
        return open_formats.write_parquet(
            self.masked(show_phones=show_phones, pseudonyms=pseudonyms, book=book), path, check=check
        )

    def to_excel(
        self,
        path: str | Path,
        *,
        show_phones: bool = False,
        pseudonyms: Pseudonyms | None = None,
        book: AddressBook | None = None,
        check: bool = True,
        progress: Progress | None = None,
        lang: Lang | None = None,
    ) -> Path:
        """Write a workbook with the rows and sheets that explain them; return the path. See
        `ytxdata.tables.excel.write_workbook`.

        Raises
        ------
        MissingExtraError
            xlsxwriter is not installed: `pip install "ytxdata[excel]"`.
        UsageError
            The path cannot be written, or there are more rows than a sheet holds; choose a period, or CSV.
        FileDiffersError
            The file, read back, is not what was meant; the message names the cell.
        """
        return excel.write_workbook(
            [self],
            path,
            show_phones=show_phones,
            pseudonyms=pseudonyms,
            book=book,
            check=check,
            progress=progress,
            lang=lang,
        )

    def to_html(self, *, lang: Lang | None = None, max_rows: int | None = None, show_phones: bool = False) -> str:
        """Return the table as a piece of HTML: verdict first, then rows, exclusions, notes and definitions.

        Parameters
        ----------
        lang
            Language; by default the reader's own.
        max_rows
            How many rows to show, of periods the latest; by default all.
        show_phones
            Leave numbers as they are.
        """
        rows = self.arrow
        # of periods the last are asked about; rows of all else stand with the greatest first
        cut = rows.num_rows - max_rows if max_rows is not None and rows.column_names[:1] == ["period"] else 0
        shown = masking.rows_shown(self, max(cut, 0), max_rows, show_phones=show_phones)
        return html.render(shown, lang=lang, n_rows=rows.num_rows)

    def to_dicts(self, *, show_phones: bool = False) -> list[dict[str, Any]]:
        """Return the rows as JSON values: instants in ISO 8601 with their offset, decimals as text, unknown as null.

        Parameters
        ----------
        show_phones
            Leave numbers as they are.

        Examples
        --------
        >>> import pandas as pd
        >>> from ytxdata.labels import Text
        >>> frame = pd.DataFrame({"meetings": [2], "started_at": pd.to_datetime(["2026-01-05T01:00Z"])})
        >>> Table(frame=frame, name="usage", title=Text("用量", "usage")).to_dicts()
        [{'meetings': 2, 'started_at': '2026-01-05T09:00:00+08:00'}]
        """
        return [
            {name: _as_json(value) for name, value in row.items()}
            for row in self.masked(show_phones=show_phones).arrow.to_pylist()
        ]

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Hand the rows to whoever speaks the Arrow PyCapsule protocol: Polars, DuckDB, PyArrow, ibis, pandas."""
        return self.arrow.__arrow_c_stream__(requested_schema)

    def __narwhals_dataframe__(self) -> Any:
        """Hand the rows to whoever speaks narwhals: marimo, itables, Altair, Plotly."""
        return nw.from_native(self.arrow, eager_only=True)._compliant_frame

    def __len__(self) -> int:
        return int(self.arrow.num_rows)

    def __getitem__(self, column: str) -> Any:
        """Return a column: of the frame's own kind, of PyArrow where the frame is lazy.

        Raises
        ------
        KeyError
            There is no such column; the message names those there are.
        """
        if column not in self.arrow.column_names:
            raise KeyError(f"{column!r}: {self.name} has {', '.join(self.arrow.column_names)}")
        return self.arrow[column] if is_lazy(self.frame) else self.frame[column]

    def __iter__(self) -> Iterator[Any]:
        """Yield the rows as named tuples; instants have their zone, unknown is None."""
        yield from named_rows(self.arrow.to_batches(max_chunksize=_TOGETHER))

    def __getstate__(self) -> dict[str, Any]:
        # whoever gets the pickle gets the rows, not the key by which masked files of the archive could be undone, and
        # nothing of other tables
        kept = {one.name: getattr(self, one.name) for one in fields(self)}
        left: dict[str, Any] = {"secret": None, "ends": frozenset(), "persons": frozenset()}
        return {**kept, "frame": self.arrow if is_lazy(self.frame) else self.frame, **left}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def __copy__(self) -> Self:
        return replace(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        # in this process nothing has to be left behind: a copy is still explained
        return self if is_lazy(self.frame) else replace(self, frame=deepcopy(self.frame, memo))

    def _repr_html_(self) -> str:
        return self.to_html(max_rows=html.NOTEBOOK_ROWS)

    def __repr__(self) -> str:
        verdict = f", {self.certificate.worst}" if self.certificate else ""
        # a debugger shows what it meets: it must not start a job on a cluster
        is_elsewhere = is_lazy(self.frame) and "arrow" not in self.__dict__
        first = None if is_elsewhere else masking.rows_shown(self, 0, _SHOWN)
        title = first.title.in_("both") if first is not None else hide_in_text(self.title.in_("both"))
        head = f"<{type(self).__name__} {self.name}: {printable(title, line=True)}{verdict}>"
        return f"{head}\n{self._lines(first)}" if first is not None else head

    def _lines(self, first: Table) -> str:
        """The first rows, masked, as lines that fit the terminal."""
        places = [unit_of(first.definition(key).unit).decimals for key in first.arrow.column_names]
        rows = [
            [printable(html.shown(cell, most), line=True)[:_WIDEST] for cell, most in zip(row, places, strict=True)]
            for row in cells(first.arrow)
        ]
        shown, left = fitting([list(first.arrow.column_names), *rows], get_terminal_size().columns)
        more = [
            *([f"… {left} more columns"] if left else []),
            *([f"… {len(self) - _SHOWN:,} more rows"] if len(self) > _SHOWN else []),
        ]
        return "\n".join([aligned(shown), *more])


_SHOWN = 10
"""Rows that a terminal shows."""
_WIDEST = 40
"""Signs of a cell that a terminal shows."""
_TOGETHER = 4096
"""Rows brought to Python at a time."""


def _as_json(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return decimal_text(value) if isinstance(value, Decimal) else value


ORDER = ("meeting_at", "started_at", "asked_at", "meeting_id", "leg", "pull_id")
"""By what records are sorted: neither numbers nor names."""


def record_table(
    frame: Any,
    name: TableName,
    *,
    period: tuple[datetime, datetime] | None = None,
    certificate: Completeness | None = None,
    excluded: Mapping[str, tuple[Text, int]] | None = None,
    notes: tuple[Text, ...] = (),
    secret: bytes | None = None,
) -> Table:
    """Return records with the definitions of their columns, ready to be written.

    Parameters
    ----------
    frame
        The rows, of any engine.
    name
        Which of the tables it is: `meetings`, `legs`, `rejects`, `problems`, `pulls`, `changes` or `coverage`.
    period, certificate, excluded, notes, secret
        As in `Table`.

    Examples
    --------
    >>> from ytxdata.records.schema import MEETINGS, empty
    >>> record_table(empty(MEETINGS), "meetings").definition("creator").unit
    'phone'
    """
    schema = TABLES[name]
    definitions = tuple(definition_of(name, column) for column in schema.columns)
    return Table(
        frame=frame,
        name=name,
        title=schema.title,
        definitions=definitions,
        notes=notes,
        period=period,
        excluded=excluded or {},
        certificate=certificate,
        secret=secret,
        order=ORDER,
    )


def _columns_in_words() -> dict[str, Text]:
    """Return column of meetings or legs → what people call it; what is called otherwise in each has both names."""
    found: dict[str, dict[Text, None]] = {}
    for column in (*TABLES["meetings"].columns, *TABLES["legs"].columns):
        found.setdefault(column.name, {})[Text(column.zh, column.en)] = None
    return {name: in_one(said, "／", " / ") for name, said in found.items()}


_WORDS: dict[tuple[TableName, str], Mapping[str, Text]] = {
    ("problems", "column"): _columns_in_words(),
    ("problems", "reason"): PROBLEM_REASONS,
    ("rejects", "reason"): REJECT_REASONS,
}
"""Column of a table of records whose keys people read in words."""


def definition_of(table: TableName, column: Column) -> Definition:
    """Return what a column of a table of records means, in the words that files and pages have for it."""
    return Definition(
        key=column.name, zh=column.zh, en=column.en, unit=unit_of_column(table, column), formula=column.meaning,
        origin=Text(*[", ".join(column.candidates)] * 2), example=column.example, is_nullable=column.is_nullable,
        words=_WORDS.get((table, column.name), {}), named_by=NAMED_BY.get((table, column.name), ()),
    )  # fmt: skip
