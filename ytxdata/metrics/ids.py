"""What an id stands for: of many accounts, each account's own; of several meetings of one id, the one of its time.

Inside reports such a text bears its account behind a mark (`17⟨mark⟩north`), so that no join, no distinct count and no
ranking can take two accounts' for one, not even in a report that knows nothing of accounts. Where rows leave, the text
is plain again and `account` stands before it; where Python looks a text up (in a book, in a tariff), it asks `bare`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby, pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import narwhals as nw
import pyarrow as pa

from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.metrics.sums import Lazy, count, distinct
from ytxdata.records.identity import are_apart
from ytxdata.times import instant_of

if TYPE_CHECKING:
    from ytxdata.metrics.source import Source

ACCOUNT = "account"
MARK = "\x1f"
"""Separates units of text, and is typed by nobody: names of accounts cannot hold it."""

OWN = ("meeting_id", "number", "creator")
"""Columns whose texts are an account's own, of every report that has them."""


def qualified(column: nw.Expr) -> nw.Expr:
    """Return texts with the account of their row; null stays null."""
    return nw.concat_str([column.cast(nw.String), nw.lit(MARK), nw.col(ACCOUNT)])


def plain(column: str) -> nw.Expr:
    """Return the texts of a column without an account."""
    return nw.col(column).str.replace_all(f"(?s){MARK}.*$", "")


def account_of(column: str) -> nw.Expr:
    """Return the accounts that the texts of a column bear; null where one bears none."""
    return nw.when(nw.col(column).str.contains(MARK)).then(nw.col(column).str.replace_all(f"(?s)^.*{MARK}", ""))


def bare(text: str) -> str:
    """Return a text without its account.

    Examples
    --------
    >>> bare(f"17{MARK}north"), bare("17")
    ('17', '17')
    """
    return text.partition(MARK)[0]


def behind(text: str) -> str:
    """Return what `bare` cuts off.

    Examples
    --------
    >>> bare("17") + behind("17"), bare(f"17{MARK}n") + behind(f"17{MARK}n") == f"17{MARK}n"
    ('17', True)
    """
    return "".join(text.partition(MARK)[1:])


def with_account(frame: Lazy, columns: Sequence[str], own: Collection[str]) -> tuple[Lazy, tuple[str, ...]]:
    """Return rows as they leave, and their columns: the texts that are an account's own are plain, and `account` stands
    before the first of them.
    """
    marked = [name for name in columns if name in own]
    if not marked:
        return frame, tuple(columns)
    told = frame.with_columns(account_of(marked[0]).alias(ACCOUNT))
    place = columns.index(marked[0])
    return told.with_columns(plain(name).alias(name) for name in marked), (*columns[:place], ACCOUNT, *columns[place:])


def inside(cells: Mapping[str, Any], own: Collection[str]) -> dict[str, Any]:
    """Return the cells of a row that left as they are inside."""
    account = cells.get(ACCOUNT)
    if not isinstance(account, str):
        return dict(cells)
    return {
        key: f"{value}{MARK}{account}" if key in own and isinstance(value, str) and MARK not in value else value
        for key, value in cells.items()
    }


# ── several meetings of one id ──
def told_once(source: Source) -> Source:
    """Count rows that say all the same once, and refuse those that say two things of one leg or meeting: either might
    be the right one.
    """
    if source.total(source.legs, nw.col("leg").is_null()):
        raise UsageError(
            Text("legs 中有的行没有 leg", "some rows of legs have no leg"),
            remedy=Text("请给每场会议的接入记录编号：1、2、3 …", "number the parties of each meeting: 1, 2, 3 …"),
        )
    meetings = _once(source, source.meetings, ("id", "s"), Text("会议", "meetings"))
    apart = _told_apart(replace(source, meetings=meetings))  # legs of two meetings may well have one number
    legs = _once(apart, apart.legs, ("id", "leg"), Text("接入", "legs"))
    return replace(apart, legs=legs.select("id", "leg", "number", "j", "l"))


def _once(source: Source, frame: Lazy, key: tuple[str, str], what: Text) -> Lazy:
    names = frame.collect_schema().names()

    def doubled(rows: Lazy) -> list[dict[str, Any]]:
        # of which of two namesakes somebody never joined, nobody knows: both may have listed them under one number
        known = rows.filter(~nw.col("is_unsure")) if "is_unsure" in names else rows
        return source.rows(known.group_by(*key).agg(nw.len().alias("n")).filter(nw.col("n") > 1).head(1))

    if not doubled(frame):
        return frame
    once = distinct(frame, *names)
    found = doubled(once)
    if found:
        raise UsageError(
            Text(f"有的{what.zh}有两种说法，例如会议 {found[0]['id']}", f"{what.en} are told in two ways, those of meeting {found[0]['id']} for example"),
            remedy=Text("每个只留一行", "keep one row of each"),
        )  # fmt: skip
    return once


EVER = (-(2**53), 2**53)
"""Before and behind every second that a record may tell; whole numbers of this size are exact in every engine."""


class _Namesake(NamedTuple):
    """One of several meetings of one id, in local epoch seconds."""

    id: str
    s: int | None
    e: int | None
    started_at: datetime | None
    ended_at: datetime | None
    booked_at: datetime | None = None
    """Nobody knows: facts are of what took place."""


def _told_apart(source: Source) -> Source:
    """Give meetings that share one id an `id` of their own each, and each leg that of the one it was connected in; who
    joined between two and left before the second belongs to the nearer one, and who never joined to the first.

    Raises
    ------
    UsageError
        By `records.identity` they may be one and the same: their legs can be told apart by time alone.
    """
    ids = source.meetings.select(n=nw.len() - nw.col("id").n_unique())
    if not source.rows(ids)[0]["n"]:
        return source
    several = count(source.meetings, ("id",), "n").filter(nw.col("n") > 1).select("id")
    found = source.meetings.join(several, on="id", how="semi").select(nw.col("id").cast(nw.String), "s", "e")
    told = sorted(
        (
            _Namesake(*row.values(), *(None if row[edge] is None else instant_of(row[edge]) for edge in ("s", "e")))
            for row in source.rows(found)
        ),
        key=lambda one: (one.id, one.s is None, one.s or 0),
    )
    twins = [turn for _, group in groupby(told, key=attrgetter("id")) for turn in _turns([*group])]
    small, own = source.engine.small(pa.Table.from_pylist(twins)), nw.coalesce("own", "id")
    joined = nw.coalesce(nw.col("j"), nw.lit(EVER[0]))
    left = nw.coalesce(nw.col("l"), nw.lit(EVER[0]))
    begun, over = (
        (joined >= nw.col(f"turn{which}")) | ((joined >= nw.col(f"free{which}")) & (left > nw.col(f"since{which}")))
        for which in ("", "_next")
    )
    known = nw.col("id").cast(nw.String)
    legs = source.legs.with_columns(id=known).join(small, on="id", how="left")
    return replace(
        source,
        meetings=source.meetings.with_columns(id=known).join(
            small.select("id", "own", s=nw.col("since")), on=["id", "s"], how="left"
        ).with_columns(id=own).drop("own"),
        legs=legs.filter(nw.col("own").is_null() | (begun & ~over)).select(
            "leg", "number", "j", "l", id=own, is_unsure=~nw.col("own").is_null() & nw.col("j").is_null()
        ),
    )  # fmt: skip


def _turns(namesakes: Sequence[_Namesake]) -> list[dict[str, Any]]:
    """Return where each meeting takes over from the one before: `turn` (whoever joins then is in it), `free` (since
    when nobody is in the one before) and `since` (its start), and the same of the next one.
    """
    for one, other in pairwise(namesakes):
        if not are_apart(one, other):
            raise UsageError(
                Text(f"编号为 {one.id} 的几行会议无法区分：时间重叠、未结束或未知，可能是同一场", f"meetings of the id {one.id} cannot be told apart: they overlap, run on or lack times, and may be one"),
                remedy=Text("每场只留一行，或给 History、Archive 本身", "keep one row of each meeting, or give the History or Archive itself"),
            )  # fmt: skip
    starts = [one.s or 0 for one in namesakes]  # are known: what lacks one is apart from nothing
    free = [EVER[0], *(max(one.s or 0, one.e or 0) for one in namesakes[:-1]), EVER[1]]
    halves = (min((over + start) // 2 + 1, start) for over, start in zip(free[1:], starts[1:], strict=False))
    turn = [EVER[0], *halves, EVER[1]]
    since = [*starts, EVER[1]]
    return [
        {
            "id": one.id, "own": f"{bare(one.id)} {starts[at]}{behind(one.id)}", "turn": turn[at], "free": free[at], "since": since[at],
            "turn_next": turn[at + 1], "free_next": free[at + 1], "since_next": since[at + 1],
        }
        for at, one in enumerate(namesakes)
    ]  # fmt: skip
