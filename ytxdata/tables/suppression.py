"""Figures of few people, and those that would give them away: which cells are hidden, as statistical offices do it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import NamedTuple, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.tables.address_book import Entry
from ytxdata.tables.described import Described, to_plain

T = TypeVar("T", bound=Described)


def suppressed(table: T, minimum: int = 5, column: str = "people") -> T:
    """Return the table with the figures and instants of every group of fewer than `minimum` people made unknown, and
    a note that says how many.

    A group whose head count is unknown is suppressed too. Totals that are published beside the groups may still allow
    a reader to subtract: leave them out.

    Raises
    ------
    UsageError
        The table does not count people.
    """
    rows = to_plain(table.arrow, table.zone)
    if column not in rows.column_names:
        raise UsageError(
            Text(
                f"表 {table.name} 没有人数列 {column}，无法隐去小组",
                f"table {table.name} has no column {column}, small groups cannot be suppressed",
            ),
            remedy=Text("选一个含人数的报表", "choose a report that counts people"),
        )
    return blanked(table, pc.fill_null(pc.less(rows.column(column), minimum), True), minimum)


ROW_NAMES = ("weekday", "hour")
"""Whole numbers that are no figures but say which row it is: without them nobody can tell what was hidden."""


def blanked(table: T, small: pa.ChunkedArray, minimum: int) -> T:
    """Return the table with figures and instants of the marked rows made unknown, and a note that says how many;
    itself when none is marked. What names a row stays.
    """
    count = pc.sum(small).as_py() or 0
    if not count:
        return table
    rows = to_plain(table.arrow, table.zone)
    columns: Sequence[pa.ChunkedArray] = [
        pc.if_else(small, pa.scalar(None, field.type), values) if _is_figure(field) else values
        for values, field in zip(rows.columns, rows.schema, strict=True)
    ]
    note = Text(
        f"少于 {minimum} 人的 {count} 行已隐去数字（含为此一并隐去的行）",
        f"the figures of {count} rows with fewer than {minimum} people are suppressed, with those that would give them away",
    )
    return replace(table, frame=pa.table(list(columns), names=rows.column_names), notes=(*table.notes, note))


def _is_figure(field: pa.Field) -> bool:
    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_timestamp)
    return field.name not in ROW_NAMES and any(test(field.type) for test in tests)


def filled(table: T, groups: Collection[str]) -> T:
    """Return the table with rows, without figures, of these groups in every period (of a table without periods: for
    every class) in which any group has one: of a group that is hidden the blank rows were the days on which it met.
    """
    rows = table.arrow
    if "group" not in rows.column_names or not rows.num_rows or not groups:
        return table
    labels = rows["group"].cast(pa.string()).to_pylist()
    periods = rows["period"].to_pylist() if "period" in rows.column_names else [""] * rows.num_rows
    first: dict[str, str] = {}
    for period, label in zip(periods, labels, strict=True):
        first.setdefault(period, label)
    like = [at for at, label in enumerate(labels) if label == first[periods[at]]]
    there = {*zip(periods, labels, strict=True)}
    new = [(at, group) for group in sorted(groups) for at in like if (periods[at], group) not in there]
    if not new:
        return table
    blank = rows.take([at for at, _ in new])
    for place, field in enumerate(rows.schema):
        if field.name == "group":
            blank = blank.set_column(place, field, pa.array([group for _, group in new], pa.string()).cast(field.type))
        elif _is_figure(field):
            blank = blank.set_column(place, field, pa.nulls(len(new), field.type))
    both = pa.concat_tables([rows, blank])
    if "period" not in rows.column_names:
        return replace(table, frame=both)
    said = table.definition("group").words  # `not in the book` and the like stand behind all others
    keys = list(zip(both["period"].to_pylist(), both["group"].cast(pa.string()).to_pylist(), strict=True))
    order = sorted(range(len(keys)), key=lambda at: (keys[at][0], keys[at][1] in said, keys[at][1]))
    return replace(table, frame=both.take(order))


MARGIN = 0.1
"""A hidden figure must not be known better than to this share of itself: statistical offices call it the p % rule."""

Key = tuple[str, ...]
"""What names a row."""

SUMS = ("meetings", "legs", "min", "count", "yuan")
"""Units whose figures add up to a published total."""

NOT_SUMS = ("peak_", "size_", "lines_sufficient", "level", "minutes_above", "covered_")
"""Columns of these units that are no sums."""


def may_add_up(table: Described, key: str) -> bool:
    """Tell whether a column may be a sum, so that its rows and its total say something of each other.

    By unit on purpose: of a column that only looks like a sum too much is hidden, of one that is forgotten a figure is
    given away.
    """
    return table.definition(key).unit in SUMS and not key.startswith(NOT_SUMS)


class Sums(NamedTuple):
    """The figures of one row that add up, column by column, whether it has too few people itself, and whose they are:
    of one small group nobody may learn the sum of all its months either. What an earlier report told of the very row,
    or hid among others of its month (`is_hidden`), hides nothing any more, and needs nothing to hide it. Of what
    stands there whatever it did (`is_listed`) nothing follows from its row; any other row is of one meeting at least.
    `size` is how many people the group has, where that is known: the smallest hide others first, before figures are
    looked at.
    """

    figures: list[float]
    is_small: bool
    group: str | None = None
    is_hidden: bool = False
    is_told: bool = False
    is_listed: bool = False
    size: int = 0

    @property
    def is_known(self) -> bool:
        """Whether an earlier report dealt with it: what it told, or hid, neither hides others now nor needs hiding."""
        return self.is_hidden or self.is_told


def to_hide(rows: Mapping[Key, Sums]) -> set[Key]:
    """Return the rows of one total to hide: those of few people, and the smallest others, until the hidden ones add up
    to enough in every column that can be hidden at all (see `told_by_total`). The smallest by people: by figures it was
    another department every month, the largest in a quiet one.

    Examples
    --------
    >>> rows = {("a",): Sums([5], True), ("b",): Sums([6], False), ("c",): Sums([90], False)}
    >>> sorted(to_hide(rows))
    [('a',), ('b',)]
    >>> sorted(to_hide({**rows, ("b",): Sums([6], False, size=45), ("c",): Sums([90], False, size=5)}))
    [('a',), ('c',)]
    """
    hidden = {key for key, row in rows.items() if row.is_small or row.is_hidden}
    columns = [one for one in range(_width(rows)) if _is_safe(one, rows, rows)]
    is_needed, covers = bool(_needy(rows)), _covers(rows)
    for key in sorted(covers - hidden, key=lambda key: (rows[key].size, rows[key].figures, key)):
        is_covered = not is_needed or not hidden.isdisjoint(covers)
        if is_covered and all(_is_safe(column, rows, hidden) for column in columns):
            break
        hidden.add(key)
    return hidden


def told_by_total(rows: Mapping[Key, Sums]) -> set[int]:
    """Return the columns whose total says what a row of few people holds, were every row hidden: nobody else has any;
    all of them, where all rows are of few people: their sum is about few, too.

    Examples
    --------
    >>> told_by_total({("a",): Sums([5, 3], True), ("b",): Sums([6, 0], False)})
    {1}
    >>> told_by_total({("a",): Sums([5], True), ("b",): Sums([6], True)})
    {0}
    """
    is_bare = bool(_needy(rows)) and not _covers(rows)
    return {one for one in range(_width(rows)) if is_bare or not _is_safe(one, rows, rows)}


def _needy(rows: Mapping[Key, Sums]) -> set[Key]:
    return {key for key, row in rows.items() if row.is_small and not row.is_known}


def _covers(rows: Mapping[Key, Sums]) -> set[Key]:
    return {key for key, row in rows.items() if not (row.is_small or row.is_known)}


def _width(rows: Mapping[Key, Sums]) -> int:
    return max((len(row.figures) for row in rows.values()), default=0)


def _is_safe(column: int, rows: Mapping[Key, Sums], hidden: Iterable[Key]) -> bool:
    """Tell whether a column's hidden total, which anybody can compute, leaves room around the figure of each row of few
    people, and around what the small rows of a group come to: its months hid each other, and their sum was exact.
    """
    values = {key: rows[key].figures[column] for key in hidden if not rows[key].is_known}
    if not any(row.figures[column] for row in rows.values()):
        return True  # nothing of it in any row: the published 0 says so of each
    # what a row of others is known to hold leaves no room: two blank rows that come to two meetings are one each; of
    # what some have nothing of (withheld numbers), nobody is known to have any
    least = float(all(row.is_listed or row.figures[column] >= 1 for row in rows.values()))
    room = {key: value if rows[key].is_listed else value - least for key, value in values.items()}
    small: dict[object, list[Key]] = {}
    for key in values:
        if rows[key].is_small:
            small.setdefault(key if rows[key].group is None else rows[key].group, []).append(key)
    others = (
        (sum(values[key] for key in own), sum(room.values()) - sum(room[key] for key in own)) for own in small.values()
    )
    return all(0 < left >= MARGIN * value for value, left in others)


class Suppression(NamedTuple):
    """What is hidden of a table: its rows; the columns (by their place) whose totals tell what one small group has;
    and whether a small group has what nothing hides: the whole, or a period that is known.
    """

    rows: set[Key]
    told: set[int]
    is_alone: bool


def suppress(rows: Mapping[Key, Sums], main: Collection[int], known: Collection[Key] = ()) -> Suppression:
    """Return what to hide of rows that a period and a group name, or one of the two; without the `main` columns a row
    says nothing. Of `known` periods an earlier report told the total.

    The groups of a month hide each other, for the month in all stands in the next report, or stood in the last: what
    months hid of each other was told by it. Only where a month is one small group's do other months hide it, of which
    nothing was told before.

    Examples
    --------
    >>> few, many = Sums([5], True, "few"), Sums([6], False, "many")
    >>> found = suppress({("01", "few"): few, ("01", "many"): many, ("02", "few"): few}, {0})
    >>> sorted(found.rows), found.is_alone
    ([('01', 'few'), ('01', 'many'), ('02', 'few')], False)
    """
    parts: dict[Key, dict[Key, Sums]] = {}
    for key, row in rows.items():
        parts.setdefault(key[:-1] if row.group is not None else (), {})[key] = row
    told = {month: told_by_total(part) for month, part in parts.items()}
    alone = {month for month, columns in told.items() if columns & {*main}}
    hidden = {key for month, part in parts.items() for key in (part if month in alone else to_hide(part))}
    others = {key: row for month, part in parts.items() if month not in known for key, row in part.items()}
    is_alone = not alone.isdisjoint(known) or bool(alone and told_by_total(others) & {*main})
    return Suppression(hidden | (to_hide(others) if alone else set()), set().union(*told.values()), is_alone)


def fewest(lines: Sequence[Entry], first: date | None, last: date | None) -> int:
    """Return how many lines hold on the day of a period on which the fewest do: predecessors are no colleagues."""
    begin, end = first or date.min, last or date.max
    # until 9999-12-31 many books say of whoever stays: there is no day behind it
    gone = (one.last + timedelta(1) for one in lines if one.last and one.last < end)
    days = {begin, *(one.first for one in lines if one.first), *gone}
    held = (sum(one.holds(day, day) for one in lines) for day in days if begin <= day <= end)
    # a department that came or went within the period has none on some days, and is judged by those on which it is
    return min((n for n in held if n), default=0)
