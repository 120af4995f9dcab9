"""From what a user gives (a History, an Archive, two frames) to the two frames every metric starts from: integer
seconds, one name for each thing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from itertools import groupby, pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import narwhals as nw
import pyarrow as pa

from ytxdata import times
from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.metrics.engines import Engine
from ytxdata.metrics.sums import count, distinct, null_like
from ytxdata.phones import normalize
from ytxdata.records.identity import are_apart
from ytxdata.records.numbers import access_numbers
from ytxdata.records.schema import to_pandas
from ytxdata.selection import Selectable, Selection
from ytxdata.tables.described import to_arrow
from ytxdata.tables.table import Completeness
from ytxdata.times import instant_of, local_second

if TYPE_CHECKING:
    from ytxdata.archive import Archive
    from ytxdata.fleet import Fleet
    from ytxdata.history.history import History
    from ytxdata.records.merge import MergedTables


@dataclass(frozen=True)
class Frames(Selectable):
    """Meetings and legs as two frames of one engine: pandas, Polars, DuckDB or PySpark.

    Parameters
    ----------
    meetings
        One row per meeting: `meeting_id`, `started_at`, `ended_at`, and, when known, `creator`, `name`, `n_legs`,
        `pull_id`, `meeting_key`.
    legs
        One row per party of a meeting: `meeting_id`, `leg`, `joined_at`, `left_at`, and `number` (E.164) or `phone`
        (as given), and `meeting_key` where meetings have one, which then ties both together, whatever their ids.
    certificate
        How complete the data is; every report repeats it.
    pulls
        One row per call to the platform.

    Notes
    -----
    Instants may stand in any zone; without one they are taken for Beijing wall time. Unknown is null. Rows that say
    all the same are counted once; rows that tell one leg (same `meeting_id`, same `leg`) or one meeting (same
    `meeting_id`, same `started_at`) in two ways are refused, and so is a leg without `leg`. Several meetings of one id
    are told apart by time alone: each leg belongs to the one it was connected in; who joined between two and left
    before the second, to the nearer; who never joined, to the first. Where one of them is not over before the next
    begins, or lacks a time, they may be one and the same, and are refused. A `History`, an `Archive` and its exports
    know by `meeting_key` which meeting a leg came with.

    Examples
    --------
    >>> import pandas as pd
    >>> start = pd.Timestamp("2026-03-05 09:00", tz="Asia/Shanghai")
    >>> end = start + pd.Timedelta("30min")
    >>> meetings = pd.DataFrame({"meeting_id": ["1"], "started_at": [start], "ended_at": [end]})
    >>> legs = pd.DataFrame({"meeting_id": ["1", "1"], "leg": [0, 1], "number": ["+8613900000000", None],
    ...                      "joined_at": [start, start], "left_at": [start + pd.Timedelta("20min"), None]})
    >>> from ytxdata import metrics
    >>> shown = ["period", "meetings", "talk_minutes", "leg_minutes"]
    >>> metrics.usage(Frames(meetings, legs)).frame[shown].values.tolist()
    [['2026-03', 1, 20.0, 50.0]]
    """

    meetings: Any
    legs: Any
    certificate: Completeness | None = None
    pulls: Any = None


ReportSource: TypeAlias = "History | Archive | Fleet | Frames | Selection | Source"
"""What reports are made from."""

Lazy = nw.LazyFrame[Any]

_KEY = "meeting_key"
"""The column by which legs are tied to the very meeting they came with, as archives, histories and exports have it;
where a frame lacks it, the meeting's id and time must do.
"""


@dataclass(frozen=True)
class Source:
    """Meetings (`id meeting_id pull_id creator name s e n_legs`) and legs (`id leg number j l`), lazily.

    `id` ties them together; `s e` are start and end, `j l` join and leave, in local epoch seconds. `notes` are said
    under every report, `held` keeps what several reports share. `displayed` are the numbers that meetings show to whom
    they call (`display_number`), where the source has them.
    """

    meetings: Lazy
    legs: Lazy
    engine: Engine
    certificate: Completeness | Callable[..., Completeness] | None = None
    is_archive: bool = False
    notes: tuple[Text, ...] = ()
    held: dict[Any, Any] = field(default_factory=dict)
    displayed: Lazy | None = None

    @cached_property
    def access(self) -> frozenset[str]:
        """The account's own numbers: a leg under one of these came in by it, and is nobody's mobile or landline."""
        if self.displayed is None:
            return frozenset()
        shown = texts(self, self.displayed, "display_number")
        return access_numbers(pa.table({"display_number": pa.array(shown, pa.string())}))

    @cached_property
    def claimed(self) -> tuple[int | None, int]:
        """From where to where anything can be known [local epoch seconds]: the begin of what is claimed, and the last
        pull or today.
        """
        certificate = self.certificate
        whole: Any = certificate() if callable(certificate) else certificate
        start, end = getattr(whole, "start", None), getattr(whole, "end", None)
        now = local_second(times.now())
        return None if start is None else local_second(start), now if end is None else min(now, local_second(end))

    def finish(self, frame: Lazy, instants: Collection[str] = (), integers: Collection[str] = ()) -> Any:
        """Return the rows as the user gets them: of the kind that came in, pandas for an archive."""
        native = self.engine.finish(frame, instants, integers)
        return to_pandas(to_arrow(native)) if self.is_archive else native

    def rows(self, frame: Lazy) -> list[dict[str, Any]]:
        """Return a few aggregated rows as plain Python values."""
        rows: list[dict[str, Any]] = to_arrow(frame.to_native()).to_pylist()
        return rows


def whole(source: ReportSource) -> Source:
    """Return the frames of a History, an Archive or `Frames`; of a selection, `groups.resolve` knows them.

    Raises
    ------
    UsageError
        It is none of them, its frames are of different engines, or a column is missing.
    """
    if isinstance(source, Source):
        return source
    given: Any = source  # whatever has these parts will do
    if hasattr(given, "scans"):
        scanned = _prepare(Frames(*_on_an_engine(*given.scans("meetings", "legs", is_keyed=True))))
        # which numbers are the account's own is said by all meetings, also where others are not read
        displayed = given.displayed() if hasattr(given, "displayed") else scanned.displayed
        return replace(
            scanned, engine=scanned.engine.ours, certificate=given.certificate, is_archive=True, displayed=displayed
        )
    if hasattr(given, "tables"):
        meetings, legs = map(to_pandas, _keyed(given.tables))
        return _prepare(Frames(meetings, legs, given.certificate))
    if hasattr(given, "meetings") and hasattr(given, "legs"):
        return _prepare(given)
    kind = f"{type(source).__module__}.{type(source).__name__}"
    raise UsageError(
        Text(f"不能由此制作报表：{kind}", f"no report can be made from {kind}"),
        remedy=Text("请给 History、Archive 或 ytx.Frames(meetings, legs)", "give a History, an Archive or ytx.Frames(meetings, legs)"),
    )  # fmt: skip


def _prepare(frames: Frames) -> Source:
    engine, legs_engine = Engine.of(frames.meetings), Engine.of(frames.legs)
    if engine.implementation is not legs_engine.implementation:
        raise UsageError(
            Text("会议与接入记录不在同一引擎中", "meetings and legs are frames of different engines"),
            remedy=Text("请把两张表放进同一引擎", "bring both into one engine"),
        )
    _require("meetings", engine, "meeting_id", "started_at", "ended_at")
    _require("legs", legs_engine, "meeting_id", "leg", "joined_at", "left_at")
    meetings = engine.seconds(("started_at", "ended_at"))
    legs = legs_engine.seconds(("joined_at", "left_at"))
    key = _KEY if _KEY in engine.columns and _KEY in legs_engine.columns else "meeting_id"
    known = meetings.select(
        id=nw.col(key),
        meeting_id=nw.col("meeting_id").cast(nw.String),
        pull_id=_optional(engine, "pull_id", "meeting_id"),
        creator=_optional(engine, "creator", "meeting_id"),
        name=_optional(engine, "name", "meeting_id"),
        s=nw.col("started_at"),
        e=nw.col("ended_at"),
        n_legs=_optional(engine, "n_legs", "started_at"),
    )
    displayed = meetings.select("display_number") if "display_number" in engine.columns else None
    source = Source(known, legs, engine, getattr(frames, "certificate", None), displayed=displayed)
    if "number" not in legs_engine.columns and "phone" in legs_engine.columns:
        legs = with_numbers(source, legs, "phone", "number")
        number = nw.col("number")
    else:
        number = _optional(legs_engine, "number", "meeting_id")
    legs = legs.select(
        id=nw.col(key),
        leg=nw.col("leg").cast(nw.Int64),
        number=number,
        j=nw.col("joined_at"),
        l=nw.col("left_at"),
    )
    source = replace(source, legs=legs)
    return _told_once(source) if key == "meeting_id" else source


FEW = 200_000
"""Up to so many stored rows an archive is counted on pandas: DuckDB takes longer to bind the steps of a report than to
run them (0.3 s against 0.1 s at 8,000 rows), and is the quicker one from about half a million; and it is the lighter
one by far.
"""


def _on_an_engine(*scans: Any) -> tuple[Any, ...]:
    if any((FEW + 1 if getattr(one, "n_stored", None) is None else one.n_stored) > FEW for one in scans):
        return scans
    return tuple(to_pandas(to_arrow(one.select(*(name for name in _READ if name in one.columns)))) for one in scans)


_READ = (
    _KEY, "meeting_id", "pull_id", "creator", "name", "started_at", "ended_at", "n_legs", "display_number",
    "leg", "number", "joined_at", "left_at",
)  # fmt: skip
"""The columns that reports are made of."""


def _keyed(tables: MergedTables) -> tuple[pa.Table, pa.Table]:
    places = pa.array(range(tables.meetings.num_rows), pa.int64())
    return tables.meetings.append_column(_KEY, places), tables.legs.append_column(_KEY, tables.owners)


def _told_once(source: Source) -> Source:
    """Count rows that say all the same once, and refuse those that say two things of one leg or meeting: either might
    be the right one.
    """
    if source.rows(source.legs.select(n=nw.col("leg").is_null().cast(nw.Int64)).select(nw.col("n").sum()))[0]["n"]:
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


_EVER = (-(2**53), 2**53)


class _Namesake(NamedTuple):
    """One of several meetings of one id, in local epoch seconds."""

    id: str
    s: int | None
    e: int | None

    @property
    def started_at(self) -> datetime | None:
        """When it began."""
        return None if self.s is None else instant_of(self.s)

    @property
    def ended_at(self) -> datetime | None:
        """When it ended."""
        return None if self.e is None else instant_of(self.e)


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
    told = sorted((_Namesake(*row.values()) for row in source.rows(found)), key=lambda one: (one.id, _begin(one)))
    twins = [turn for _, group in groupby(told, key=attrgetter("id")) for turn in _turns([*group])]
    small, own = source.engine.small(pa.Table.from_pylist(twins)), nw.coalesce("own", "id")
    joined = nw.coalesce(nw.col("j"), nw.lit(_EVER[0]))
    left = nw.coalesce(nw.col("l"), nw.lit(_EVER[0]))
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


def _begin(one: _Namesake) -> tuple[bool, int]:
    return one.s is None, one.s or 0


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
    free = [_EVER[0], *(max(one.s or 0, one.e or 0) for one in namesakes[:-1]), _EVER[1]]
    halves = (min((over + start) // 2 + 1, start) for over, start in zip(free[1:], starts[1:], strict=False))
    turn = [_EVER[0], *halves, _EVER[1]]
    since = [*starts, _EVER[1]]
    return [
        {
            "id": one.id, "own": f"{one.id} {starts[at]}", "turn": turn[at], "free": free[at], "since": since[at],
            "turn_next": turn[at + 1], "free_next": free[at + 1], "since_next": since[at + 1],
        }
        for at, one in enumerate(namesakes)
    ]  # fmt: skip


def _require(table: str, engine: Engine, *columns: str) -> None:
    missing = ", ".join(name for name in columns if name not in engine.columns)
    if missing:
        raise UsageError(
            Text(f"{table} 缺少列：{missing}", f"{table} has no column {missing}"),
            remedy=Text("列名见 ytx.Frames 的说明", "the columns are described at ytx.Frames"),
        )


def _optional(engine: Engine, name: str, like: str) -> nw.Expr:
    return nw.col(name) if name in engine.columns else null_like(like)


def with_numbers(source: Source, frame: Lazy, column: str, name: str, *, keep_text: bool = False) -> Lazy:
    """Add the E.164 form of a column of phones; with `keep_text`, what is no telephone number stays as given."""

    def number(text: str) -> str | None:
        return normalize(text) or (text if keep_text else None)

    return with_looked_up(source, frame, column, {name: (pa.string(), number)})


def with_creators(source: Source, frame: Lazy) -> Lazy:
    """Add `one`, by which creators are compared: their number in E.164 form, or the text that is no number."""
    return with_numbers(source, frame, "creator", "one", keep_text=True)


def with_looked_up(
    source: Source, frame: Lazy, column: str, functions: dict[str, tuple[pa.DataType, Callable[[str], Any]]]
) -> Lazy:
    """Add columns that Python computes from the texts of one; only its distinct texts leave the engine."""
    found_in = texts(source, frame, column)
    found = {
        name: pa.array([function(text) for text in found_in], kind) for name, (kind, function) in functions.items()
    }
    return frame.join(
        source.engine.small(pa.table({column: pa.array(found_in, pa.string()), **found})), on=column, how="left"
    )


def texts(source: Source, frame: Lazy, column: str) -> list[str]:
    """Return the distinct texts of a column, sorted."""
    known = distinct(frame.filter(~nw.col(column).is_null()), column)
    return sorted(row[column] for row in source.rows(known.with_columns(nw.col(column).cast(nw.String))))
