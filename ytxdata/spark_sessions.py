"""A session of Spark that somebody gives, or that is active: whether it is one, and still runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ytxdata.errors import UsageError, require_extra
from ytxdata.labels import Text

if TYPE_CHECKING:
    import narwhals as nw


def spark_session(engine: str, given: Any) -> Any:
    """Return the session of Spark that was given for an engine, or else the active one; None for another engine.

    Whatever else was given, or runs no more, ended in Java's words, or Python's about something inside.

    Raises
    ------
    MissingExtraError
        The extra `spark` is not installed.
    UsageError
        There is no session, it is something else, it was stopped, or the engine needs none.
    """
    if engine != "spark":
        if given is None:
            return None
        raise UsageError(
            Text('spark= 只用于 engine="spark"', 'spark= is for engine="spark"'),
            remedy=Text('改用 engine="spark"，或不给 spark=', 'ask for engine="spark", or leave spark= out'),
        )
    require_extra("spark")
    from pyspark.errors import PySparkRuntimeError
    from pyspark.sql import SparkSession

    try:
        # by itself Spark's active one is none in another thread, and after the one before was stopped
        session = SparkSession.active() if given is None else given
    except PySparkRuntimeError:
        raise UsageError(
            Text("没有活动的 Spark 会话", "there is no active Spark session"),
            remedy=Text("用 spark= 传入会话", "pass one as spark="),
        ) from None
    # by name: that of Spark Connect is another class, and needs packages that are seldom there
    if not any(one.__name__ == "SparkSession" for one in type(session).__mro__):
        kind = f"{type(session).__module__}.{type(session).__name__}"
        raise UsageError(
            Text(f"spark= 不是 Spark 会话：{kind}", f"spark= is no Spark session: {kind}"),
            remedy=Text("传入 SparkSession.builder.getOrCreate() 的结果", "pass what SparkSession.builder.getOrCreate() returns"),
        )  # fmt: skip
    if _is_stopped(session):
        raise UsageError(
            Text("这个 Spark 会话已停止", "the Spark session was stopped"),
            remedy=Text(
                "新建会话，再重新读取或制作报表", "begin another one, and scan or make the report anew with it"
            ),
        )
    return session


def check_runs(frame: nw.DataFrame[Any] | nw.LazyFrame[Any]) -> None:
    """Return if the rows of a frame can be had: those of Spark not where its session was stopped since.

    Raises
    ------
    UsageError
        It was.
    """
    if frame.implementation.is_pyspark() or frame.implementation.is_pyspark_connect():
        spark_session("spark", frame.to_native().sparkSession)


def _is_stopped(session: Any) -> bool:
    if hasattr(session, "is_stopped"):  # that of Spark Connect
        return bool(session.is_stopped)
    from py4j.protocol import Py4JError

    try:
        return bool(session.sparkContext._jsc.sc().isStopped())
    except (AttributeError, Py4JError):  # a context that was stopped here keeps nothing; or Java itself is gone
        return True
