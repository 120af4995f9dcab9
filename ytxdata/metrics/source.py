"""From what a user gives (a History, an Archive, two frames) to the two frames every metric starts from: integer
seconds, one name for each thing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict

import narwhals as nw
import pyarrow as pa

from ytxdata.errors import UsageError, require_extra
from ytxdata.labels import Text
from ytxdata.metrics.engines import Engine
from ytxdata.metrics.ids import ACCOUNT, MARK, OWN, account_of, bare, behind, plain, qualified, told_once
from ytxdata.metrics.in_memory import KEY, in_memory, lighter, read
from ytxdata.metrics.known_spans import KnownSpans
from ytxdata.metrics.sums import Lazy, distinct, null_like
from ytxdata.phones import NumberClass, normalize, number_class
from ytxdata.records.numbers import read_numbers
from ytxdata.records.schema import forked, to_pandas, to_polars
from ytxdata.selection import Selectable, Selection
from ytxdata.tables.described import to_arrow
from ytxdata.tables.table import Completeness
from ytxdata.times import BEIJING, instant_of

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
    joins_people
        Of several accounts: one number is one person in all of them. By default it is one in each.

    Notes
    -----
    Where both frames have `account`, they are of several accounts: ids are each account's own, and reports add all of
    them up as they do those of a `Fleet`.

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
    joins_people: bool = False


@dataclass(frozen=True)
class OnEngine:
    """An archive or a fleet with the engine that was asked for, whatever its size."""

    source: Any
    engine: str
    spark: Any = None


def on_engine(source: Any, where: Where) -> Any:
    """Return a source, or what was selected of it, on the engine that was asked for, and without months that were
    counted before where these are not wanted.
    """
    if isinstance(source, Selection):
        return replace(source, source=on_engine(source.source, where))
    spark = where.get("spark")
    if spark is not None or "engine" in where:
        return OnEngine(source, where.get("engine", "spark"), spark)
    return source if where.get("cache", True) or not hasattr(source, "around") else source.around(None, None)


class Where(TypedDict, total=False):
    """On which engine a report of an archive or a fleet is counted, and whether all of it: every report takes it.

    Attributes
    ----------
    engine
        `pandas`, `polars`, `duckdb` or `spark`; by default Polars, where it is installed, or pandas for a few rows, and
        DuckDB for many. Asked for by name, the report's frame is one of Polars or Spark, and of pandas else.
    spark
        The Spark session; the active one when not given. Its workers must reach the archives' directories.
    cache
        Whether months that were counted before are taken from what was kept of them beside the archive (`months`
        says of which reports); the numbers are the same with False, which counts all.
    """

    engine: Literal["pandas", "polars", "duckdb", "spark"]
    spark: Any
    cache: bool


ReportSource: TypeAlias = "History | Archive | Fleet | Frames | Selection | Source | OnEngine"
"""What reports are made from."""


@dataclass(frozen=True)
class Source:
    """Meetings (`id meeting_id pull_id creator name s e n_legs`) and legs (`id leg number j l`), lazily.

    `id` ties them together; `s e` are start and end, `j l` join and leave, in local epoch seconds. `notes` are said
    under every report, `held` keeps what several reports share. `displayed` are the numbers that meetings show to whom
    they call (`display_number`), where the source has them. Of several accounts, `accounts` has the labels of each,
    `label_values` those of all in the list that these are of; ids and numbers then bear their account (see `ids`),
    numbers not where it `joins_people`, but for those of `displayed`. `uncut` gives the source before it was cut to a
    period and to some meetings; `process` is the one it was made in.
    """

    meetings: Lazy
    legs: Lazy
    engine: Engine
    certificate: Completeness | Callable[..., Completeness] | None = None
    as_pandas: bool = False
    notes: tuple[Text, ...] = ()
    held: dict[Any, Any] = field(default_factory=dict)
    displayed: Lazy | None = None
    accounts: Mapping[str, Mapping[str, str]] | None = None
    label_values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    joins_people: bool = False
    uncut: Callable[[], Source] | None = None
    process: int = field(default_factory=os.getpid)

    @property
    def every(self) -> Lazy:
        """All meetings there are, also those outside of the period and the selection."""
        return self.meetings if self.uncut is None else self.uncut().meetings

    def own(self, *numbers: str) -> tuple[str, ...]:
        """Return the columns whose texts bear an account: none where there is but one, and no numbers, of which a
        report may have more than others, where these are joined.
        """
        if self.accounts is None:
            return ()
        return OWN[:1] if self.joins_people else (*OWN, *numbers)

    def plain(self, column: str) -> nw.Expr:
        """Return the texts of a column, without the account that they bear inside."""
        return nw.col(column) if self.accounts is None else plain(column)

    def called(self, column: str, of: str) -> nw.Expr:
        """Return the numbers of a column as `class_of` takes them: with the account that the ids in `of` bear, also
        where people are joined, for what an account's own number is, is a landline to all others.
        """
        if self.accounts is None or not self.joins_people:
            return nw.col(column)
        return nw.concat_str([nw.col(column), nw.lit(MARK), account_of(of)])

    def class_of(self, number: str) -> NumberClass:
        """Return the class of a number: a leg under one of its account's own came in by it, and is nobody's mobile or
        landline.
        """
        return "access" if number in self._access else number_class(bare(number))

    @cached_property
    def _access(self) -> frozenset[str]:
        if self.displayed is None:
            return frozenset()
        shown = texts(self, self.displayed, "display_number")
        numbers = read_numbers(pa.array(map(bare, shown), pa.string()))[0].number.to_pylist()
        return frozenset(number + behind(text) for number, text in zip(numbers, shown, strict=True) if number)

    @cached_property
    def known_spans(self) -> KnownSpans:
        """From where to where anything can be known of each account."""
        return KnownSpans.of(self.certificate() if callable(self.certificate) else self.certificate)

    def check_process(self) -> None:
        """Return if it can be counted here: the threads of Polars stay behind in the process that forks another, and
        whoever asks for them there waits for ever.

        Raises
        ------
        UsageError
            It is of Polars, and was made before this process was forked.
        """
        if self.engine.implementation is nw.Implementation.POLARS and self.process != os.getpid():
            raise forked()

    def finish(self, frame: Lazy, instants: Collection[str] = (), integers: Collection[str] = ()) -> Any:
        """Return the rows as the user gets them: of the kind that came in, pandas for a history or an archive."""
        self.check_process()
        native = self.engine.finish(frame, instants, integers)
        return to_pandas(to_arrow(native)) if self.as_pandas else native

    def rows(self, frame: Lazy) -> list[dict[str, Any]]:
        """Return a few aggregated rows as plain Python values."""
        self.check_process()
        rows: list[dict[str, Any]] = to_arrow(frame.to_native()).to_pylist()
        return rows

    def total(self, frame: Lazy, value: nw.Expr) -> int:
        """Return what a value of whole numbers comes to in all rows; of a condition, in how many of them it holds."""
        return int(self.rows(frame.select(n=value.cast(nw.Int64)).select(nw.col("n").sum()))[0]["n"] or 0)


def whole(source: ReportSource) -> Source:
    """Return the frames of a History, an Archive or `Frames`; of a selection, `groups.resolve` knows them.

    Raises
    ------
    UsageError
        It is none of them, its frames are of different engines, or a column is missing.
    """
    if isinstance(source, Source):
        source.check_process()
        return source
    asked = source if isinstance(source, OnEngine) else OnEngine(source, "")
    given: Any = asked.source  # whatever has these parts will do
    if hasattr(given, "scans"):
        every = getattr(given, "archive", None)  # of what is cut to a period, all of it
        found = _scanned(given, asked)
        return found if every is None else replace(found, uncut=partial(_scanned, every, asked))
    if asked.engine:
        raise UsageError(
            Text("engine= 只用于存档和账户群", "engine= is for archives and fleets"),
            remedy=Text("ytx.Frames 在其自身的引擎上计算", "give ytx.Frames of the engine you want: its frames stay where they are"),
        )  # fmt: skip
    if hasattr(given, "tables"):
        meetings, legs = in_memory(keyed(given.tables))
        return replace(_prepare(Frames(meetings, legs, given.certificate)), as_pandas=True)
    if hasattr(given, "meetings") and hasattr(given, "legs"):
        return _prepare(given)
    kind = f"{type(given).__module__}.{type(given).__name__}"
    raise UsageError(
        Text(f"不能由此制作报表：{kind}", f"no report can be made from {kind}"),
        remedy=Text("请给 History、Archive 或 ytx.Frames(meetings, legs)", "give a History, an Archive or ytx.Frames(meetings, legs)"),
    )  # fmt: skip


def _scanned(given: Any, asked: OnEngine) -> Source:
    # the certificate of these very rows: a sync may end between reading the ones and the other
    given = given.still() if hasattr(given, "still") else given
    # every account's meetings count, and its labels say into which group
    labels = getattr(given, "labels", None) or None
    joins = getattr(given, "joins_people", False)
    where: dict[str, Any] = {} if asked.engine in ("", "pandas", "polars") else {"engine": asked.engine}
    where |= {} if asked.spark is None else {"spark": asked.spark}
    meetings, legs = _on_an_engine(given, asked, where)
    source = _prepare(Frames(meetings, legs, joins_people=joins))
    return replace(
        source,
        engine=source.engine.ours,
        certificate=given.certificate,
        # which numbers are the account's own is said by all meetings, also where others are not read
        displayed=_displayed(given.displayed(**where)) if hasattr(given, "displayed") else source.displayed,
        as_pandas=asked.engine not in ("polars", "spark"),
        notes=tuple(getattr(given, "notes", ())),
        accounts=labels if source.accounts is not None else None,
        label_values=getattr(given, "label_values", {}),
    )


def _prepare(frames: Frames) -> Source:
    engine, legs_engine = Engine.of(frames.meetings), Engine.of(frames.legs)
    if engine.implementation is not legs_engine.implementation:
        raise UsageError(
            Text("会议与接入记录不在同一引擎中", "meetings and legs are frames of different engines"),
            remedy=Text("请把两张表放进同一引擎", "bring both into one engine"),
        )
    require_columns("meetings", engine, "meeting_id", "started_at", "ended_at")
    require_columns("legs", legs_engine, "meeting_id", "leg", "joined_at", "left_at")
    meetings = engine.seconds(("started_at", "ended_at"))
    legs = legs_engine.seconds(("joined_at", "left_at"))
    key = KEY if KEY in engine.columns and KEY in legs_engine.columns else "meeting_id"
    is_of_many = ACCOUNT in engine.columns and ACCOUNT in legs_engine.columns
    joins = bool(getattr(frames, "joins_people", False))

    def ids(column: nw.Expr) -> nw.Expr:
        return qualified(column) if is_of_many else column

    def numbers(column: nw.Expr) -> nw.Expr:
        return qualified(column) if is_of_many and not joins else column

    known = meetings.select(
        id=ids(nw.col(key)),
        meeting_id=ids(nw.col("meeting_id").cast(nw.String)),
        pull_id=_optional(engine, "pull_id", "meeting_id"),
        creator=numbers(_optional(engine, "creator", "meeting_id")),
        name=_optional(engine, "name", "meeting_id"),
        s=nw.col("started_at"),
        e=nw.col("ended_at"),
        n_legs=_optional(engine, "n_legs", "started_at"),
    )
    displayed = _displayed(meetings, is_of_many) if "display_number" in engine.columns else None
    source = Source(
        known, legs, engine, getattr(frames, "certificate", None),
        displayed=displayed, accounts={} if is_of_many else None, joins_people=joins,
    )  # fmt: skip
    if "number" not in legs_engine.columns and "phone" in legs_engine.columns:
        legs = with_numbers(source, legs, "phone", "number")
        number = nw.col("number")
    else:
        number = _optional(legs_engine, "number", "meeting_id")
    legs = legs.select(
        id=ids(nw.col(key)),
        leg=nw.col("leg").cast(nw.Int64),
        number=numbers(number),
        j=nw.col("joined_at"),
        l=nw.col("left_at"),
    )
    source = replace(source, legs=legs)
    found = told_once(source) if key == "meeting_id" else source
    return replace(found, uncut=lambda: found)


def _displayed(meetings: Lazy, is_of_many: bool | None = None) -> Lazy:
    if is_of_many is None:
        is_of_many = ACCOUNT in meetings.collect_schema().names()
    shown = nw.col("display_number")
    return meetings.select(display_number=qualified(shown) if is_of_many else shown)


def _on_an_engine(given: Any, asked: OnEngine, where: Mapping[str, Any]) -> tuple[Any, ...]:
    scans = given.scans("meetings", "legs", is_keyed=True, is_seen=False, **where)
    if where:
        return tuple(scans)
    if not asked.engine:
        return lighter(scans)
    if asked.engine == "polars":
        require_extra("polars")
    return tuple(map(to_polars if asked.engine == "polars" else to_pandas, read(scans)))


def keyed(tables: MergedTables) -> tuple[pa.Table, pa.Table]:
    """Return the meetings and legs of a history with what ties each leg to the meeting it came with."""
    places = pa.array(range(tables.meetings.num_rows), pa.int64())
    return tables.meetings.append_column(KEY, places), tables.legs.append_column(KEY, tables.owners)


def require_columns(table: str, engine: Engine, *columns: str) -> None:
    """Refuse frames that lack a column."""
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
        found = normalize(bare(text)) or (bare(text) if keep_text else None)
        return None if found is None else found + behind(text)

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


def begin_of(source: ReportSource, resolved: Source) -> datetime | None:
    """Return where the data begins: the first claim, or the first meeting where nothing is claimed."""
    first = resolved.known_spans.begin
    if first is None:
        while isinstance(source, Selection):  # what was selected may have begun long after the data did
            source = source.source
        known = whole(source)
        first = known.rows(known.meetings.select(nw.col("s").min()))[0]["s"]
    return None if first is None else instant_of(int(first)).astimezone(BEIJING)
