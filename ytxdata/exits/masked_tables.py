"""The tables of one state of an archive as they leave: keyed, so that they can be joined and people counted, and
masked piece by piece.

A meeting's id may have been used for two meetings, and a masked number stands for ten thousand. So `meeting_key` says
to which meeting a row belongs, `creator_key` and `number_key` whose number it is: keyed names, from which no number
follows.
"""

from __future__ import annotations

import hmac
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from ytxdata import times
from ytxdata.archive.changes import changes
from ytxdata.archive.heads import Snapshot
from ytxdata.archive.known_meetings import certificate_of
from ytxdata.archive.scans import scan
from ytxdata.archive.views import ViewAsk, pieces
from ytxdata.archive.witnesses import ends_kept, values_kept
from ytxdata.errors import UsageError
from ytxdata.history.proof.certificate import Certificate
from ytxdata.labels import Text
from ytxdata.metrics.source import Frames
from ytxdata.metrics.usage import usage
from ytxdata.numbers_in_text import find_numbers
from ytxdata.phones import NO_ENDS, ends_of, normalize
from ytxdata.records.schema import TABLES, TableName, empty
from ytxdata.tables.address_book import AddressBook
from ytxdata.tables.described import Definition
from ytxdata.tables.masking import Privacy
from ytxdata.tables.table import Table, record_table
from ytxdata.written_in_code import CHINESE, MAY_BE_CODE

# ruff: noqa: S608 (names of our own tables and columns, never text from outside)

_MEETING_KEY = Definition(
    key="meeting_key",
    zh="会议键",
    en="meeting key",
    unit="id",
    formula=Text(
        "会议编号#序号：一个编号可能先后用于两场会议，按此列连接不会重复",
        "id#number: one id may have been used for two meetings; joined by this, nothing is counted twice",
    ),
)


def _number_key(key: str, of: Text) -> Definition:
    meaning = Text(
        "同一号码在同一存档的各文件中名称相同；用于连接和数人，不能还原号码",
        "the same for one number in every file of one archive: to join and to count people by; no number follows from it",
    )
    return Definition(key=key, zh=f"{of.zh}键", en=f"key of the {of.en}", unit="id", formula=meaning)


_TEXTS = {"meetings": ("name", "state", "recording_url"), "legs": ("name", "state"), "problems": ("raw_value",)}
"""Where numbers stand in what is stored, of every version, and where texts do whose numbers are hidden."""

_HASHED = {"creator_key": "creator", "number_key": "number"}
"""Column that leaves → the column whose number it names."""

_ADDED = {
    "creator_key": _number_key("creator_key", Text("发起人", "creator")),
    "number_key": _number_key("number_key", Text("号码", "number")),
}


class Keys(NamedTuple):
    """What names the rows of a table, by what they are sorted, and which rows of other tables they belong to."""

    primary: tuple[str, ...] = ()
    order: str = ""
    parents: Mapping[str, str] = {}
    added: tuple[str, ...] = ()


_OF_MEETING = {"meeting_key": "meetings"}
KEYS: dict[TableName, Keys] = {
    "meetings": Keys(("meeting_key",), "started_at NULLS FIRST, meeting_key", added=("creator_key",)),
    "legs": Keys(("meeting_key", "leg"), "meeting_at NULLS FIRST, meeting_key, leg", _OF_MEETING, ("number_key",)),
    "problems": Keys((), 'meeting_at NULLS FIRST, meeting_key, leg NULLS FIRST, "column", reason, raw_value', _OF_MEETING),
    "changes": Keys(parents=_OF_MEETING),
    "rejects": Keys((), "pull_id, position"),
    "pulls": Keys(("pull_id",), "asked_at, pull_id"),
}  # fmt: skip
"""The tables of records that leave."""

OTHERS = ("coverage", "usage_daily")
BOOK = "book"

_BOOK = (
    _ADDED["number_key"],
    Definition(key="number", zh="号码", en="number", unit="phone"),
    Definition(key="name", zh="姓名", en="name", unit="person"),
    Definition(key="department", zh="部门", en="department", unit="text"),
    Definition(key="valid_from", zh="起（含）", en="valid from", unit="date", formula=Text("首日；空为一直", "first day; null for always")),
    Definition(key="valid_to", zh="止（含）", en="valid to", unit="date", formula=Text("末日；空为至今", "last day; null for still")),
)  # fmt: skip


@dataclass(frozen=True)
class Outgoing:
    """One state of an archive, from which tables leave.

    Parameters
    ----------
    snapshot
        The state.
    secret
        The archive's (`Archive.secret`).
    privacy
        What is shown of numbers.
    as_of
        What had been asked up to that instant; None for all.
    book
        The address book, where there is one.
    """

    snapshot: Snapshot
    secret: bytes | None = field(repr=False)
    privacy: Privacy = field(default_factory=Privacy)
    as_of: datetime | None = None
    book: AddressBook | None = None

    @cached_property
    def certificate(self) -> Certificate | None:
        """What is claimed of everything that is kept; None as of an earlier instant, for which nobody wrote it down."""
        return None if self.as_of else certificate_of(self.snapshot.head.state, times.now())

    @property
    def names(self) -> tuple[str, ...]:
        """The tables that there are."""
        return (*KEYS, *OTHERS, *((BOOK,) if self.book else ()))

    @cached_property
    def ends(self) -> frozenset[str]:
        """Ends of all numbers of the archive and the book: whatever leaves of one state may be laid side by side, or
        joined, and a title of one month tells what is masked in another.
        """
        if self.privacy.show_phones:
            return NO_ENDS
        return ends_kept(self.snapshot) | ends_of(self.book.lines if self.book else ())

    @cached_property
    def ends_told(self) -> list[str]:
        """Those of the ends that stand in texts: how texts leave changes with them, whatever else is new."""
        return sorted({one for text in values_kept(self.snapshot, _TEXTS) for one in _told(text, self.ends)})

    def described(self, name: str) -> Table:
        """Return a table without rows that has its columns, masked."""
        if name not in KEYS:
            return self._leaves(self._small(name).arrow.slice(0, 0), name)
        rows = empty(TABLES[name].columns)
        if any(definition is _MEETING_KEY for definition in self._definitions(name)):
            rows = rows.add_column(0, "meeting_key", pa.nulls(0, pa.string()))
        return self._leaves(rows, name)

    def columns(self, name: str) -> list[str]:
        """Return the columns of a table."""
        return list(self.described(name).arrow.column_names)

    def pieces(self, name: str, columns: Collection[str] | None = None) -> Iterator[pa.Table]:
        """Yield the rows of a table as they leave, some at a time; the first piece may be empty.

        Parameters
        ----------
        columns
            Those that are wanted: names take long to mask, and nobody may have asked for them. None for all.
        """
        for piece in self._raw(name, columns):
            yield self._leaves(piece, name).arrow

    def of_months(
        self, name: TableName, months: Collection[str | None], start: datetime | None, end: datetime | None
    ) -> Iterator[tuple[str | None, pa.Table]]:
        """Yield month by month the rows of meetings that start in it, each month whole and as it leaves, sorted.

        Parameters
        ----------
        months
            Months of Beijing time (`2026-01`), None for meetings whose start is unknown.
        start, end
            A period that holds them all, where there is one: only its files are read.
        """
        listed = ", ".join(f"'{month}'" for month in sorted(month for month in months if month))
        tests = [f"month IN ({listed})" if listed else "", "month IS NULL" if None in months else ""]
        at = "started_at" if name == "meetings" else "meeting_at"
        select = ", ".join(f'"{column}"' for column in self._stored(name, None))
        sql = (
            f"SELECT month, {select} FROM (SELECT *, strftime({at}, '%Y-%m') AS month FROM rows) "
            f"WHERE {' OR '.join(filter(None, tests))} ORDER BY {KEYS[name].order}"
        )
        found = (run for piece in pieces(self.snapshot, name, sql, start=start, end=end) for run in _runs(piece))
        for month, runs in groupby(found, key=itemgetter(0)):
            yield month, self._leaves(pa.concat_tables(rows for _, rows in runs), name).arrow

    def _stored(self, name: TableName, columns: Collection[str] | None) -> list[str]:
        """Return the columns to read so that those that are wanted can leave, at least one."""
        known = [definition.key for definition in self._definitions(name) if definition.key not in KEYS[name].added]
        wanted = set(known if columns is None else columns)
        wanted |= {_HASHED[key] for key in KEYS[name].added if columns is None or key in columns}
        # without the column that says what a value is, it could not be hidden as what it is
        wanted |= {by for one in self._definitions(name) if one.key in wanted for by in one.named_by}
        return [column for column in known if column in wanted] or known[:1]

    def _definitions(self, name: TableName) -> tuple[Definition, ...]:
        keys = KEYS[name]
        has_key = name == "meetings" or bool(keys.parents)
        own = record_table(empty(TABLES[name].columns), name).definitions
        return (*((_MEETING_KEY,) if has_key else ()), *own, *(_ADDED[key] for key in keys.added))

    def _raw(self, name: str, columns: Collection[str] | None) -> Iterator[pa.Table]:
        if name == "changes":
            yield changes(self.snapshot, self.as_of, is_keyed=True)
        elif name in KEYS:
            select = ", ".join(f'"{column}"' for column in self._stored(name, columns))
            order = f"ORDER BY {KEYS[name].order}" if columns is None else ""
            yield from pieces(self.snapshot, name, f"SELECT {select} FROM rows {order}", as_of=self.as_of)
        else:
            yield self._small(name).arrow

    def _small(self, name: str) -> Table:
        """Return a table that is made whole, when it is first wanted: some are not to be had, and all take time."""
        table: Table = getattr(self, f"_{name}")
        return table

    @cached_property
    def _coverage(self) -> Table:
        if self.certificate is None:
            raise UsageError(
                Text("没有过去时刻的完整性结论", "nothing is known of the verdicts of an earlier instant"),
                remedy=Text("查询 coverage 时不要给 as_of", "ask for coverage without as_of"),
            )
        return record_table(self.certificate.frame, "coverage", certificate=self.certificate)

    @cached_property
    def _usage_daily(self) -> Table:
        meetings, legs = scan(self.snapshot, ("meetings", "legs"), ViewAsk(self.as_of, is_keyed=True))
        return replace(usage(Frames(meetings, legs, certificate=self.certificate), by="day"), name="usage_daily")

    @cached_property
    def _book(self) -> Table:
        assert self.book is not None  # no table of that name is told of without one
        return Table(frame=_book_rows(self.book), name=BOOK, title=Text("通讯簿", "Address book"), definitions=_BOOK, order=("number", "valid_from"))  # fmt: skip

    def _leaves(self, rows: pa.Table, name: str) -> Table:
        """Return rows as they leave, keys of numbers made before the numbers are hidden."""
        if name in KEYS:
            table, added = record_table(rows, name, certificate=self.certificate), KEYS[name].added
            table = replace(table, definitions=self._definitions(name))
        else:
            table, added = self._small(name), ("number_key",) if name == BOOK else ()
        for key in added:
            if _HASHED[key] in rows.column_names:
                number = rows[_HASHED[key]].cast(pa.string())
                rows = rows.append_column(key, _number_keys(number, self.privacy.secret(self.secret)))
        masked: Table = self.privacy.masked(replace(table, frame=rows, secret=self.secret, ends=self.ends))
        # a view is asked by the columns of the book as they stand there; an answer's heads are hidden when it leaves
        return replace(masked, frame=masked.arrow.rename_columns(rows.column_names))


def _number_keys(column: pa.ChunkedArray, secret: bytes) -> pa.ChunkedArray:
    """Return for each number, however it is written, a name by which masked rows can be joined and people counted.

    A mask leaves 138****5678 of ten thousand numbers: counted by it, two people are one. The name is keyed as hashes
    are, so that nobody without the secret can try numbers.
    """

    def name(phone: str | None) -> str | None:
        if phone is None:
            return None
        clean = normalize(phone) or unicodedata.normalize("NFKC", phone).strip()
        return f"~{hmac.digest(secret, f'number:{clean}'.encode('utf-8', 'surrogatepass'), 'sha256').hex()[:32]}"

    encoded = pc.dictionary_encode(column).combine_chunks()
    return pa.chunked_array([pa.array(map(name, encoded.dictionary.to_pylist()), pa.string()).take(encoded.indices)])


def persons_kept(snapshot: Snapshot) -> frozenset[str]:
    """Return all names of parties that an archive keeps, of every version: who is renamed today is one person still."""
    return frozenset(one for one in values_kept(snapshot, {"legs": ("name",)}) if len(one) > 1)


def _told(text: str, ends: frozenset[str]) -> list[str]:
    """Return which ends of known numbers a text tells."""
    if not MAY_BE_CODE.search(text):
        # nearly all texts: an end holds the last seven digits of its number, which are an end themselves
        digits = "".join(str(unicodedata.digit(one)) for one in text.translate(CHINESE) if one.isdigit())
        if all(digits[n : n + 7] not in ends for n in range(len(digits) - 6)):
            return []
    return [one.dialled for one in find_numbers(text, ends) if one.dialled in ends]


def _runs(piece: pa.Table) -> Iterator[tuple[str | None, pa.Table]]:
    """Yield the rows of each month of sorted rows, without the month."""
    rows, begin = piece.drop_columns(["month"]), 0
    for month, run in groupby(piece["month"].to_pylist()):
        n = sum(1 for _ in run)
        yield month, rows.slice(begin, n)
        begin += n


def _book_rows(book: AddressBook) -> pa.Table:
    """Return the lines of a book, one row each, whatever else it says of a number in columns of its own."""
    taken = {definition.key for definition in _BOOK}
    others = [column for column in book.columns if column not in taken]
    lines = [(number, entry) for number, entries in book.lines.items() for entry in entries]
    return pa.table(
        {
            "number": pa.array([number for number, _ in lines], pa.string()),
            "name": pa.array([entry.name or None for _, entry in lines], pa.string()),
            "department": pa.array([entry.department or None for _, entry in lines], pa.string()),
            "valid_from": pa.array([entry.first for _, entry in lines], pa.date32()),
            "valid_to": pa.array([entry.last for _, entry in lines], pa.date32()),
            **{column: pa.array([entry.cell(column) or None for _, entry in lines], pa.string()) for column in others},
        }
    )
