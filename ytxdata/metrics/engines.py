"""The only place that names an engine: what narwhals does not say the same way on all of them.

Everything else is written once, on integer columns of *local epoch seconds*: seconds since 1970-01-01 00:00 on the
wall clock of Beijing, which has had no daylight saving since 1991. Days, weeks and hours are then plain integer
divisions.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from functools import cached_property
from itertools import count
from typing import Any, NamedTuple

import narwhals as nw
import pyarrow as pa

from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.records.schema import to_pandas
from ytxdata.times import BEIJING, BEIJING_OFFSET, ZONE_NAME

OFFSET = int(BEIJING_OFFSET.total_seconds())


class _Dialect(NamedTuple):
    """What one engine has its own words for."""

    seconds: Callable[[Any, Sequence[str], Sequence[int]], Any]
    instants: Callable[[Any, Collection[str]], Any]
    small: Callable[[Any, pa.Table], Any]
    hold: Callable[..., Any]
    numbered: Callable[[Any], Any]
    running: Callable[[nw.LazyFrame[Any], Sequence[str]], nw.LazyFrame[Any]]
    running_sums: Callable[[nw.LazyFrame[Any], Sequence[str]], nw.LazyFrame[Any]]


def _running(steps: nw.LazyFrame[Any], of: Sequence[str]) -> nw.LazyFrame[Any]:
    # as floats, exact for these numbers: DuckDB's running sum of integers was measured to take nearly twice as long
    level = nw.col("step").cast(nw.Float64).cum_sum().over(*of, order_by="place")
    return steps.with_columns(level=level.cast(nw.Int64))


def _running_sums(steps: nw.LazyFrame[Any], of: Sequence[str]) -> nw.LazyFrame[Any]:
    # those that differ in nothing else added up: then a day has at most two a second, however many connect
    others = [name for name in steps.collect_schema().names() if name != "step"]
    merged = steps.group_by(*others).agg(nw.col("step").sum()).with_columns(nw.col("step").cast(nw.Int64))
    return _running(merged, of)


# ── pandas ──
def _with_zone(value: Any) -> Any:
    if type(value) is date:
        value = datetime.combine(value, time())
    if not isinstance(value, datetime):
        raise _no_instants(type(value).__name__)
    return value.replace(tzinfo=BEIJING) if value.tzinfo is None else value


def _no_instants(kind: object, column: str = "") -> UsageError:
    named = Text(f"列 {column}", f"column {column}") if column else Text("时间列", "a column of instants")
    return UsageError(
        Text(f"{named.zh} 不是时刻：{kind}", f"{named.en} holds no instants: {kind}"),
        remedy=Text("请转换成带时区的时间类型", "convert it to a type of instants with a zone"),
    )


def _pandas_seconds(frame: Any, columns: Sequence[str], offsets: Sequence[int]) -> Any:
    import pandas as pd

    def seconds(values: Any, offset: int) -> Any:
        if values.dtype == object:
            # pandas takes a datetime without a zone among others for UTC; wall time is Beijing's everywhere else
            values = values.map(_with_zone, na_action="ignore")
        instants = pd.to_datetime(values, utc=True).astype("datetime64[us, UTC]")
        whole = instants.astype("int64").astype("Int64") // 1_000_000 + offset
        return whole.mask(instants.isna())

    return frame.assign(**{name: seconds(frame[name], offset) for name, offset in zip(columns, offsets, strict=True)})


def _pandas_instants(frame: Any, columns: Collection[str]) -> Any:
    import pandas as pd

    def instants(values: Any) -> Any:
        return pd.to_datetime(values - OFFSET, unit="s", utc=True).astype(f"datetime64[us, {ZONE_NAME}]")

    return frame.assign(**{name: instants(frame[name]) for name in columns})


def _pandas_small(_frame: Any, table: pa.Table) -> Any:
    return to_pandas(table)


def _pandas_hold(frame: Any) -> Any:
    return frame


def _pandas_numbered(frame: Any) -> Any:
    return frame.assign(key=range(len(frame)))


# ── Polars ──
def _polars_seconds(frame: Any, columns: Sequence[str], offsets: Sequence[int]) -> Any:
    import polars as pl

    return frame.with_columns(
        pl.col(name).dt.epoch("s") + offset for name, offset in zip(columns, offsets, strict=True)
    )


def _polars_instants(frame: Any, columns: Collection[str]) -> Any:
    import polars as pl

    return frame.with_columns(
        pl.from_epoch(pl.col(name) - OFFSET).cast(pl.Datetime("us")).dt.replace_time_zone("UTC").dt.convert_time_zone(ZONE_NAME)
        for name in columns
    )  # fmt: skip


def _polars_small(_frame: Any, table: pa.Table) -> Any:
    import polars as pl

    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame.lazy()


def _polars_hold(frame: Any) -> Any:
    return frame.lazy().collect().lazy()


def _polars_numbered(frame: Any) -> Any:
    return _polars_hold(frame.with_row_index("key"))


# ── DuckDB ──
def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _duckdb_seconds(frame: Any, columns: Sequence[str], offsets: Sequence[int]) -> Any:
    return _duckdb_replace(
        frame, {name: f"epoch_us({_quoted(name)}) // 1000000 + {offset}" for name, offset in zip(columns, offsets, strict=True)}
    )  # fmt: skip


def _duckdb_instants(frame: Any, columns: Collection[str]) -> Any:
    return _duckdb_replace(
        frame, {name: f"make_timestamptz(({_quoted(name)} - {OFFSET}) * 1000000)" for name in columns}
    )


def _duckdb_replace(frame: Any, expressions: dict[str, str]) -> Any:
    changed = ", ".join(f"{expression} AS {_quoted(name)}" for name, expression in expressions.items())
    return frame.project(f"* REPLACE ({changed})")


def _duckdb_small(frame: Any, table: pa.Table) -> Any:
    # A query on a relation changes the catalogue for its length, and DuckDB 2 then binds every relation anew: a report
    # of few rows cost twice as much. Only the connection takes a table without that, and no public name leads to it.
    connection = getattr(frame, "_con", None)
    if connection is not None:
        return connection.from_arrow(table)
    rows_of_this_call = table  # the name in the query below: DuckDB finds it here and keeps it
    assert rows_of_this_call is table
    return frame.query("any_name", "SELECT * FROM rows_of_this_call")


def _duckdb_hold(frame: Any) -> Any:
    return _duckdb_small(frame, frame.to_arrow_table())


def _duckdb_hold_inside(frame: Any, *more: Any) -> Any:
    name = f"held_{next(_HELD)}"
    frame.query("any_name", f"CREATE TEMP TABLE {name} AS SELECT * FROM any_name")  # noqa: S608 (a name of ours)
    for one in more:
        one.query("any_name", f"INSERT INTO {name} SELECT * FROM any_name")  # noqa: S608
    connection = getattr(frame, "_con", None)
    if connection is not None:  # what comes of a query on a relation is bound with all that the relation was made of
        return connection.table(name)
    return frame.query("any_name", f"SELECT * FROM {name}")  # noqa: S608


_HELD = count()


def _with_key(frame: Any) -> Any:
    return frame.project("*, row_number() OVER () AS key")


def _duckdb_numbered(frame: Any) -> Any:
    return _duckdb_hold(_with_key(frame))


def _duckdb_numbered_inside(frame: Any) -> Any:
    return _duckdb_hold_inside(_with_key(frame))


def _duckdb_running_inside(steps: nw.LazyFrame[Any], of: Sequence[str]) -> nw.LazyFrame[Any]:
    # What is carried through the sort is most of its time: the place tells whether somebody comes (1 of 4) or goes (3),
    # bit by bit, since the remainder of a negative number (before 1970) is negative.
    return _streamed(steps.to_native().project("* EXCLUDE (step)"), (*of, "place"), "CAST(2 - (place & 3) AS BIGINT)")


def _duckdb_running_sums_inside(steps: nw.LazyFrame[Any], of: Sequence[str]) -> nw.LazyFrame[Any]:
    # day and place (four a second, from -2) in one number: with a count 16 bytes to sort; to add up first takes longer
    (day,), size = map(_quoted, of), 2**19
    key = f"{day} * {size} + place + 2 AS place, CAST(step AS INTEGER) AS n"
    parts = f"* REPLACE ((place & {size - 1}) - 2 AS place), place >> 19 AS {day}"
    narrow = steps.to_native().project(f"* EXCLUDE ({day}, place, step), {key}")
    return _streamed(narrow, ("place", "n"), "CAST(n AS BIGINT)", parts)


def _streamed(steps: Any, by: Sequence[str], step: str, columns: str = "*") -> nw.LazyFrame[Any]:
    # All steps sorted once and summed as they stream by: a third of the time of DuckDB's windows with partitions. It
    # keeps the order of rows under an `OVER` that names none, unless `preserve_insertion_order` is off, which nobody
    # but us could switch off here.
    level = f"CAST(sum({step}) OVER (ROWS UNBOUNDED PRECEDING) AS BIGINT) AS level"
    return _lazy(steps.order(", ".join(map(_quoted, by))).project(f"{columns}, {step} AS step, {level}"))


# ── PySpark ──
def _spark_seconds(frame: Any, columns: Sequence[str], offsets: Sequence[int]) -> Any:
    from pyspark.sql import functions

    def seconds(name: str, offset: int) -> Any:
        if offset:
            return functions.unix_seconds(functions.col(name)) + offset
        as_utc = functions.concat(functions.col(name).cast("string"), functions.lit("+00:00"))
        return functions.unix_seconds(as_utc.cast("timestamp"))

    return frame.withColumns({name: seconds(name, offset) for name, offset in zip(columns, offsets, strict=True)})


def _spark_instants(frame: Any, columns: Collection[str]) -> Any:
    from pyspark.sql import functions

    return frame.withColumns({name: functions.timestamp_seconds(functions.col(name) - OFFSET) for name in columns})


def _spark_small(frame: Any, table: pa.Table) -> Any:
    # rows that are part of the plan: Spark knows how small it is, and sends it to the data instead of sorting the data
    # for it. Never as SQL: how a text is read there is a setting of the session, by which `a\\b` was no text of ours.
    return frame.sparkSession.createDataFrame(table)


def _spark_hold(frame: Any) -> Any:
    return frame.cache()


def _spark_numbered(frame: Any) -> Any:
    from pyspark.sql import functions

    # counting all rows in one order would bring them together
    return frame.withColumn("key", functions.col("id"))


_COUNTED = (_running, _running_sums)
_SPARK = _Dialect(_spark_seconds, _spark_instants, _spark_small, _spark_hold, _spark_numbered, *_COUNTED)
_DIALECTS = {
    nw.Implementation.PANDAS: _Dialect(
        _pandas_seconds, _pandas_instants, _pandas_small, _pandas_hold, _pandas_numbered, *_COUNTED
    ),
    nw.Implementation.POLARS: _Dialect(
        _polars_seconds, _polars_instants, _polars_small, _polars_hold, _polars_numbered, *_COUNTED
    ),
    nw.Implementation.DUCKDB: _Dialect(
        _duckdb_seconds, _duckdb_instants, _duckdb_small, _duckdb_hold, _duckdb_numbered, *_COUNTED
    ),
    nw.Implementation.PYSPARK: _SPARK,
    nw.Implementation.PYSPARK_CONNECT: _SPARK,
}


_OWN_DUCKDB = _DIALECTS[nw.Implementation.DUCKDB]._replace(
    hold=_duckdb_hold_inside,
    numbered=_duckdb_numbered_inside,
    running=_duckdb_running_inside,
    running_sums=_duckdb_running_sums_inside,
)
"""On a connection that lives no longer than what is counted on it, tables may be left there: lighter than leaving the
engine.
"""


def _lazy(native: Any) -> nw.LazyFrame[Any]:
    frame: nw.LazyFrame[Any] = nw.from_native(native).lazy()
    return frame


@dataclass(frozen=True)
class Engine:
    """An engine as seen through one of its frames, which leads to its session or connection."""

    native: Any
    dialect: _Dialect
    implementation: nw.Implementation
    is_eager: bool

    @classmethod
    def of(cls, frame: Any) -> Engine:
        """Return the engine of a frame.

        Raises
        ------
        UsageError
            The frame is of no engine that reports run on.
        """
        wrapped = nw.from_native(frame, pass_through=True)
        implementation = getattr(wrapped, "implementation", None)
        if implementation not in _DIALECTS:
            kind = f"{type(frame).__module__}.{type(frame).__name__}"
            raise UsageError(
                Text(f"不能在这种表上做报表：{kind}", f"reports do not run on this kind of frame: {kind}"),
                remedy=Text(
                    "请给 pandas、Polars、DuckDB 或 PySpark 的表", "give frames of pandas, Polars, DuckDB or PySpark"
                ),
            )
        return cls(nw.to_native(wrapped), _DIALECTS[implementation], implementation, isinstance(wrapped, nw.DataFrame))

    @property
    def ours(self) -> Engine:
        """The same engine on a connection that is nobody else's."""
        is_duckdb = self.implementation is nw.Implementation.DUCKDB
        return replace(self, dialect=_OWN_DUCKDB) if is_duckdb else self

    @property
    def is_ours(self) -> bool:
        """Whether it is DuckDB on a connection of ours."""
        return self.dialect is _OWN_DUCKDB

    @cached_property
    def columns(self) -> list[str]:
        """The names of the frame's columns."""
        return list(nw.from_native(self.native).collect_schema().names())

    @property
    def streams(self) -> bool:
        """Whether it joins and adds up without holding what is in between."""
        return self.implementation not in (nw.Implementation.PANDAS, nw.Implementation.POLARS)

    @property
    def signs(self) -> nw.LazyFrame[Any]:
        """A frame of the two steps that an interval is made of."""
        return self.small(pa.table({"step": pa.array([1, -1], pa.int64())}))

    def steps(self, intervals: nw.LazyFrame[Any], *columns: str, begins: str, ends: str) -> nw.LazyFrame[Any]:
        """Return two steps for each interval: `step` (+1 at its begin, −1 at its end) and `place`, four times its
        second and the step.

        Leaves come first: whoever leaves and comes back in one second was never there twice.
        """
        # crossed with the two steps: of two frames that are concatenated, what they come from is computed twice by a
        # lazy engine, and narwhals cannot unpivot on a DuckDB connection of one's own
        # of a sum with the step DuckDB would not know how large it may be, and sort it as twice as wide a number
        place = nw.when(nw.col("step") == 1).then(nw.col(begins) * 4 + 1).otherwise(nw.col(ends) * 4 - 1)
        both = intervals.select(*columns, begins, ends).join(self.signs, how="cross")
        return both.select(*columns, "step", place=place)

    def running(self, steps: nw.LazyFrame[Any], *of: str) -> nw.LazyFrame[Any]:
        """Add the second `t` of some `steps` and their running `level`, by `place`, of each of something; they must add
        up to 0.

        Rows of one place may come in any order, another one at every run: all of a second then add the same, but only
        for what follows from this one count. A second running sum beside it needs rows that are one a second (see
        `sums.cost_alone`).
        """
        # one number says when and in which order: as two they would both be carried through the sort
        return self.dialect.running(steps, of).with_columns(t=(nw.col("place") + 2) // 4)

    def running_sums(self, steps: nw.LazyFrame[Any], *of: str) -> nw.LazyFrame[Any]:
        """Do the same for steps of which one may stand for several, as of all who are there at midnight."""
        return self.dialect.running_sums(steps, of).with_columns(t=(nw.col("place") + 2) // 4)

    def hold(self, frame: nw.LazyFrame[Any], *more: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """Return the frame computed once, for results that are used more than once (one row per meeting, not per
        leg); with others behind it on a connection of ours.
        """
        return _lazy(self.dialect.hold(frame.to_native(), *(one.to_native() for one in more)))

    def numbered(self, meetings: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """Return meetings, computed once, with a `key` that is quicker to sort and join by than their `id`."""
        return _lazy(self.dialect.numbered(meetings.to_native()))

    def seconds(self, columns: Sequence[str]) -> nw.LazyFrame[Any]:
        """Return the frame lazily with some columns of instants turned into local epoch seconds.

        An instant without a zone is taken for Beijing wall time; a fraction of a second is cut off.
        """
        schema = nw.from_native(self.native).collect_schema()
        offsets = []
        for name in columns:
            kind = schema[name]
            if isinstance(kind, nw.Datetime):
                offsets.append(OFFSET if kind.time_zone else 0)
            elif self.implementation is nw.Implementation.PANDAS and (
                kind in (nw.Object, nw.Unknown) or self.native[name].isna().all()
            ):
                offsets.append(OFFSET)
            else:
                raise _no_instants(kind, name)
        return _lazy(self.dialect.seconds(self.native, columns, offsets))

    def small(self, table: pa.Table) -> nw.LazyFrame[Any]:
        """Return a small table as a frame of this engine, to be joined with."""
        return _lazy(self.dialect.small(self.native, table))

    def finish(self, frame: nw.LazyFrame[Any], instants: Collection[str] = (), integers: Collection[str] = ()) -> Any:
        """Return a native frame of the kind that came in.

        `instants` are columns of local epoch seconds to be turned back, `integers` columns of whole numbers: engines
        count in types of their own, and pandas makes floats of integers when it joins.
        """
        is_pandas = self.implementation is nw.Implementation.PANDAS
        if integers and not is_pandas:
            frame = frame.with_columns(nw.col(*sorted(integers)).cast(nw.Int64))
        native = frame.to_native()
        if instants:
            native = self.dialect.instants(native, instants)
        if not self.is_eager:
            return native
        if not is_pandas:
            return native.collect()
        table = nw.from_native(native.reset_index(drop=True), eager_only=True).to_arrow()
        whole = [field.with_type(pa.int64()) if field.name in integers else field for field in table.schema]
        return to_pandas(table.cast(pa.schema(whole)))
