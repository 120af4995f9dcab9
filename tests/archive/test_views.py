"""Lazy views read only what is asked for; derived tables can be made again; many files become few."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import narwhals as nw
import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.effort import some
from ytxdata import Fleet, audit, metrics
from ytxdata.archive import Archive, cleanup
from ytxdata.archive import cleanup as compaction
from ytxdata.archive.connections import connect
from ytxdata.archive.heads import Snapshot, newest, write_head
from ytxdata.archive.known_meetings import ArchivedMeetings, VersionIndex
from ytxdata.archive.stored_files import SCHEMAS, described
from ytxdata.archive.views import ViewAsk, relation
from ytxdata.errors import DamagedError, UsageError
from ytxdata.history.history import History
from ytxdata.records.aliases import DEFAULT
from ytxdata.records.normalize import PARSER_VERSION
from ytxdata.times import BEIJING


@pytest.mark.slow
def test_a_lazy_view_whose_state_went_says_so_and_a_file_that_is_lost_is_damage(
    archive: Archive, platform: Any
) -> None:
    archive.sync(platform)
    lazy = archive.scan("meetings")
    archive.rebuild()
    now = archive.scan("meetings")
    cleanup.let_files_go(archive.path, 1)
    with pytest.raises(UsageError, match="read it anew"):
        lazy.collect()
    assert len(now) == 60
    for path in (archive.path / "derived").rglob("meetings/*.parquet"):
        path.unlink()
    with pytest.raises(DamagedError):
        now.collect()


@pytest.mark.slow
def test_a_lazy_view_says_what_the_frame_says(archive: Archive, platform: Any) -> None:
    archive.sync(platform)
    platform.records[0] = platform.record(59, meetingname="改")
    platform.records.append(7)
    first = archive.pulls()["asked_at"].iloc[0]
    archive.sync(platform)
    for name in ("meetings", "legs", "rejects", "problems", "pulls"):
        frame = getattr(archive, name)()
        lazy = archive.scan(name)
        assert lazy.collect_schema().names() == list(frame.columns)
        assert len(lazy.collect()) == len(frame)
    names = archive.scan("meetings", as_of=first).select("name").collect()["name"].to_list()
    assert "改" not in names
    assert "改" in archive.scan("meetings").select("name").collect()["name"].to_list()
    for wrong in ({"view": "meeting"}, {"view": "meetings", "engine": "dask"}):
        with pytest.raises(UsageError) as caught:
            archive.scan(**wrong)
        assert "meetings" in str(caught.value) or "duckdb" in str(caught.value)


def test_lazy_views_of_two_archives_stay_apart_also_in_threads(archive: Archive, platform: Any, tmp_path: Path) -> None:
    """They are connections to one database in memory: what is registered for one was in the other under its name."""
    archive.sync(platform)
    other = Archive(tmp_path / "other.archive")
    platform.records[:] = platform.records[:5]
    other.sync(platform)
    lazy = [one.scan("meetings") for one in (archive, other) * 4]
    with ThreadPoolExecutor(4) as threads:
        assert [len(rows) for rows in threads.map(lambda one: one.collect(), lazy)] == [60, 5] * 4
        assert [len(rows) for rows in threads.map(Archive.meetings, (archive, other) * 4)] == [60, 5] * 4


def test_a_table_made_of_a_view_is_in_nobodys_way(archive: Archive, platform: Any) -> None:
    """A cell of a notebook is run once more, and makes it again under its name."""
    archive.sync(platform)
    views = [nw.to_native(archive.scan("meetings")) for _ in range(2)]
    for view in views:
        view.create("kept")
        view.create_view("joined")
    assert [view.query("any_name", "SELECT count(*) FROM joined").fetchall() for view in views] == [[(60,)]] * 2


FORKED = """
import os, sys
import polars
import ytxdata as ytx
archive = ytx.Archive(sys.argv[1])
parent = archive if len(sys.argv) > 2 else None
polars.LazyFrame({"a": [1]}).collect()
report = parent and ytx.metrics.usage(archive)
n = len(archive.meetings())
child = os.fork()
if child == 0:
    try:
        report and report.explain(0)
    except ytx.errors.UsageError as told:
        assert "spawn" in str(told), told
    sys.exit(0 if int(ytx.metrics.usage(archive).frame["meetings"].sum()) == len(archive.meetings()) == n else 1)
sys.exit(os.waitpid(child, 0)[1] or n != 60)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system forks no processes")
@pytest.mark.parametrize("counted", [(), ("a report of the parent",)])
def test_a_process_that_was_forked_reads_and_ends(archive: Archive, platform: Any, counted: tuple[str, ...]) -> None:
    """It waited for threads that had stayed with its parent: at its end for a database's, in a report for Polars'."""
    archive.sync(platform)
    subprocess.run([sys.executable, "-c", FORKED, str(archive.path), *counted], check=True, timeout=60)


def test_instants_are_in_beijing_time_and_periods_mean_it(archive: Archive, platform: Any) -> None:
    archive.sync(platform)
    begins = datetime(2026, 1, 1, 2, tzinfo=UTC)  # 10:00 in Beijing
    lazy = archive.scan("meetings").filter(
        nw.col("started_at") >= begins, nw.col("started_at") < begins + timedelta(hours=1)
    )
    frame = archive.meetings(start="2026-01-01T10:00", end="2026-01-01T11:00")
    assert sorted(lazy.collect()["meeting_id"].to_list()) == sorted(frame["meeting_id"])
    assert str(frame["started_at"].iloc[0]) == "2026-01-01 10:00:00+08:00"


@pytest.mark.parametrize(
    ("edges", "said"),
    [
        (
            {"start": "2026-03", "end": "2026-01"},
            "the period is empty: from 2026-03-01(.|\n)*--from 2026-01 --to 2026-03",
        ),
        ({"start": "2026-03", "end": "2026-03"}, "the period is empty"),
        ({"start": 2026}, "start is no date or time: 2026\n→ .*write 2026-01"),
        ({"end": 20260301}, "end is no date or time"),
    ],
)
def test_what_is_no_period_is_refused_wherever_one_is_asked_for(
    archive: Archive, platform: Any, edges: dict[str, Any], said: str
) -> None:
    archive.sync(platform)
    fleet = Fleet({"a": {"archive": archive.path}}, folder=archive.path.parent)
    asked: list[Callable[..., object]] = [
        archive.meetings, archive.legs, archive.problems, archive.certificate, lambda **told: archive.scan("legs", **told),
        lambda **told: metrics.usage(archive, **told), lambda **told: audit.changes(archive, **told),
        lambda **told: audit.run(archive, **told), fleet.meetings, fleet.legs, fleet.certificate,
    ]  # fmt: skip
    for ask in asked:
        with pytest.raises(UsageError, match=said):
            ask(**edges)


@pytest.fixture
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parquet files with row groups of 500 rows, so that a small archive has many."""
    monkeypatch.setattr("ytxdata.archive.stored_files.ROW_GROUP", 500)


@pytest.mark.slow
@pytest.mark.skipif(int(version("duckdb").partition(".")[0]) < 2, reason="its EXPLAIN does not say what was read")
@pytest.mark.usefixtures("small_groups")
def test_only_the_row_groups_of_a_period_are_read(archive: Archive, platform: Any) -> None:
    platform.records = platform.newest_first(4000)
    archive.sync(platform)
    snapshot = newest(archive.path)
    assert snapshot is not None

    def scanned(start: datetime | None = None, end: datetime | None = None) -> list[tuple[str, str]]:
        plan = (
            relation(snapshot, "meetings", ViewAsk(start=start, end=end), connect())
            .project("meeting_id")
            .explain("analyze")
        )
        assert "amount_yuan" not in plan, "a column that nobody asked for is read"
        return re.findall(r"Row Groups Scanned: (\d+) / (\d+)", plan)

    start = datetime.fromisoformat(platform.records[2000]["starttime"]).replace(tzinfo=BEIJING)
    assert set(scanned()) == {("8", "8")}
    assert min(int(some) for some, _ in scanned(start, start + timedelta(hours=8))) <= 2


@pytest.mark.slow
@pytest.mark.usefixtures("small_groups")
def test_a_look_up_reads_only_the_row_groups_that_may_hold_it(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.records = platform.newest_first(4000)
    archive.sync(platform)
    from ytxdata.archive.stored_files import find
    from ytxdata.archive.stored_rows import among, batches, not_before

    snapshot = newest(archive.path)
    assert snapshot is not None
    ids = [record["meid"] for record in platform.records[:200]]
    numbers = find(snapshot.runs, ids)
    assert len(numbers) == 200
    read = list(batches(snapshot, "meetings", ("obs", "meeting_id"), among("obs", numbers)))
    assert sorted(m for rows in read for m in rows["meeting_id"].to_pylist()) == sorted(ids)
    assert len(read) <= 2
    edge = datetime.fromisoformat(platform.records[100]["starttime"]).replace(tzinfo=BEIJING)
    late = list(batches(snapshot, "meetings", ("obs",), not_before("started_at", edge)))
    assert sum(rows.num_rows for rows in late) == 101
    assert len(late) == 1
    assert len(find(snapshot.runs, ["unknown"])) == 0


@pytest.mark.slow
@pytest.mark.usefixtures("small_groups")
@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4, 5), (5, 4, 3, 2, 1, 0), (3, 0, 5, 1, 4, 2)])
def test_how_many_began_before_an_instant_is_the_same_from_either_side(
    archive: Archive, platform: Any, order: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Later versions take the place of earlier ones, one of them with another start; what has no start counts nowhere."""
    platform.records = platform.newest_first(2000)
    archive.sync(platform)
    for record in platform.records[:50]:
        record["meetingname"] = "改名"
    platform.records[30] |= {"starttime": platform.records[1990]["starttime"], "endtime": ""}
    platform.records[31] |= {"starttime": "", "endtime": ""}
    archive.sync(platform)
    snapshot = newest(archive.path)
    assert snapshot is not None
    starts = sorted(archive.meetings()["started_at"].dropna())
    assert len(starts) == snapshot.head.counts["started"]
    edges = [starts[0], starts[7], starts[300], starts[-300], starts[-1], starts[-1] + timedelta(days=1)]
    opened = 0
    real = pq.ParquetFile.read_row_group

    def counted(self: pq.ParquetFile, *given: Any, **more: Any) -> Any:
        nonlocal opened
        opened += 1
        return real(self, *given, **more)

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", counted)
    known = ArchivedMeetings(VersionIndex(snapshot))
    for place in order:
        edge = edges[place].to_pydatetime()
        assert known.n_before(edge) == sum(one < edge for one in starts)
    opened = 0
    assert ArchivedMeetings(VersionIndex(snapshot)).n_before(edges[1].to_pydatetime()) == 7
    n_groups = sum(pq.ParquetFile(path).num_row_groups for path in snapshot.paths("meetings"))
    assert opened < n_groups / 2


@pytest.mark.slow
def test_names_learnt_later_make_meetings_of_what_was_rejected_and_nothing_looks_changed(
    archive: Archive, platform: Any
) -> None:
    nameless = [
        {("room_no" if key == "meid" else key): value for key, value in r.items()} for r in platform.records[:5]
    ]
    platform.records[:5] = nameless
    assert archive.sync(platform).rejected == 5
    platform.aliases = DEFAULT.with_extra({"meeting_id": ["room_no"]})
    done = archive.sync(platform)
    assert (done.new, done.rejected, done.unchanged) == (0, 0, 60)
    assert len(archive.meetings()) == 60
    assert len(archive.rejects()) == 0
    assert len(archive.changes()) == 0
    assert archive.verify().is_sound
    del platform.aliases  # the archive remembers the names
    assert archive.sync(platform).rejected == 0


@pytest.mark.slow
def test_a_better_parser_derives_again_and_is_no_change_by_the_platform(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.sync(platform)
    platform.records[0] = platform.record(59, meetingname="改")
    archive.sync(platform)
    ledger, generation = archive.changes(), newest(archive.path).head.generation  # type: ignore[union-attr]
    monkeypatch.setattr("ytxdata.records.normalize.PARSER_VERSION", PARSER_VERSION + 1)
    assert archive.sync(platform).changed == 0
    assert newest(archive.path).head.generation != generation  # type: ignore[union-attr]
    assert archive.changes().equals(ledger)
    assert list(archive.meetings()["version"]) == [1] * 59 + [2]
    told = archive.rebuild()
    assert (told.observations, told.meetings) == (61, 60)
    assert "61" in str(told)
    for _ in range(2 * cleanup.LISTS_KEPT):
        archive.sync(platform)
    assert not (archive.path / generation).exists()
    assert archive.verify().is_sound


@pytest.mark.slow
def test_a_rebuild_mends_damaged_derived_tables(archive: Archive, platform: Any) -> None:
    archive.sync(platform)
    before = archive.meetings()
    for path in [*(archive.path / "derived").rglob("*.parquet"), *(archive.path / "index").iterdir()]:
        path.write_bytes(b"damaged")
    archive.rebuild()
    assert archive.meetings().equals(before)
    assert archive.sync(platform).new == 0


@pytest.mark.slow
def test_many_small_files_become_few_and_nothing_is_lost(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "FAN", 3)
    for i in range(60, 74):
        platform.records.insert(0, platform.record(i))
        archive.sync(platform)
        snapshot = newest(archive.path)
        assert snapshot is not None
        assert max(len(snapshot.files(table)) for table in SCHEMAS) <= 6
    assert len(archive.meetings()) == 74
    assert len(archive.pulls()) == len(platform.asked)
    assert archive.verify().is_sound
    assert archive.answer(archive.pulls()["pull_id"].iloc[0])


@pytest.mark.slow
def test_files_that_no_recent_head_names_go_and_a_recent_reader_reads_on(
    archive: Archive, platform: Any, few_lists: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleanup, "FAN", 4)
    read_on: list[Snapshot] = []
    for i in range(60, 71):
        platform.records.insert(0, platform.record(i))
        archive.sync(platform)
        snapshot = newest(archive.path)
        assert snapshot is not None
        read_on = [*read_on, snapshot][-cleanup.LISTS_KEPT :]
        assert all(path.exists() for one in read_on for table in SCHEMAS for path in one.paths(table))
    heads = sorted((archive.path / "heads").iterdir())
    with_list = [path for path in heads if b"\n" in path.read_bytes()]
    assert cleanup.LISTS_KEPT <= len(with_list) < 2 * cleanup.LISTS_KEPT
    assert with_list == heads[-len(with_list) :]
    assert sum(1 for _ in (archive.path / "pulls").iterdir()) < 11
    assert archive.verify().is_sound


def test_new_and_vanished_fields_are_told(archive: Archive, platform: Any) -> None:
    first = [text.en.partition("?")[0] for text in archive.sync(platform).drift]
    assert first == ["a party has a time of joining"], "of fields nothing can have changed yet"
    for i in range(60, 90):
        changed = platform.record(i, roomLevel="gold")
        del changed["creator"]
        platform.records.insert(0, changed)
    told = " ".join(text.en for text in archive.sync(platform).drift)
    assert "roomLevel" in told
    assert "creator" in told
    assert archive.sync(platform).drift == ()


@pytest.mark.spark
@pytest.mark.slow
def test_spark_sees_the_same_snapshot(spark: Any, archive: Archive, platform: Any, tmp_path: Path) -> None:
    platform.records[1] = platform.record(58, endtime="", oriamount="12.345")
    archive.sync(platform)
    as_of = archive.pulls()["asked_at"].iloc[-1]
    platform.records[0] = platform.record(59, meetingname="改")
    archive.sync(platform)
    session = spark.newSession()
    session.conf.set("spark.sql.session.timeZone", "Asia/Shanghai")
    for name in some(("meetings", "legs", "rejects", "problems", "pulls"), 2):
        for instant in (None, as_of):
            assert_spark_agrees(archive, session, name, instant)
    before = archive.legs()
    written_without(archive, "legs", "extension")
    assert_spark_agrees(archive, session, "legs", None)
    assert archive.legs().equals(before), "a column that a file lacks is null"
    # names of folders are neither columns nor patterns
    moved = Archive(tmp_path / "name=north [1] {x,y}*" / "m.archive")
    shutil.copytree(archive.path, moved.path)
    assert_spark_agrees(moved, session, "meetings", None)
    fleet = Fleet({"one": {"archive": str(moved.path)}}, folder=tmp_path)
    assert fleet.scan("legs", engine="spark", spark=session).to_native().count() == len(before)


def assert_spark_agrees(archive: Archive, session: Any, name: str, as_of: Any) -> None:
    ours = archive.scan(name, as_of=as_of).collect().to_native()
    spark = archive.scan(name, as_of=as_of, engine="spark", spark=session).to_native().toArrow()
    keys = [(column, "ascending") for column in ours.column_names[:3]]
    assert spark.column_names == ours.column_names
    assert spark.cast(ours.schema).sort_by(keys).equals(ours.combine_chunks().sort_by(keys)), name


def written_without(archive: Archive, table: str, column: str) -> None:
    """Let the first file of a table be one that an earlier version wrote, which knew no such column."""
    snapshot = archive.snapshot()
    assert snapshot is not None
    first, *others = snapshot.files(table)
    assert others, "the others have it"
    path = first.path.replace(".parquet", "-7.parquet")
    pq.write_table(pq.read_table(archive.path / first.path).drop_columns([column]), archive.path / path)
    write_head(archive.path, snapshot.head, {**snapshot.listed, table: (described(archive.path, path), *others)})


@pytest.mark.slow
def test_reports_count_namesakes_each_with_its_own_legs(archive: Archive, platform: Any) -> None:
    """A party whose clock is a week behind is of the meeting whose record lists it, which time alone would not say."""
    wrong = {"phone": "13900000003", "jointime": "2026-01-01 10:00:00", "leavetime": "2026-01-01 10:01:00"}
    week_later = {"starttime": "2026-01-08 09:00:00", "endtime": "2026-01-08 09:05:00", "parties": [wrong] * 3}
    platform.records = [platform.record(0, parties=[wrong | {"phone": "13900000001"}])]
    platform.records.insert(0, platform.record(0, **week_later))
    archive.sync(platform)
    history = History.from_answers([platform.query_meeting(meetingcount=9)])
    assert len(history.meetings) == 2
    for source in (archive, history):
        legs = metrics.usage(source, by="week")["legs"].tolist()
        assert legs == [1, 3]
    keyed = archive.scans("meetings", "legs", is_keyed=True)
    frames = metrics.Frames(*(one.collect("pandas").to_native() for one in keyed))
    assert metrics.usage(frames, by="week")["legs"].tolist() == [1, 3]


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["started_at=2020-01-01/replaces=5/name=north/obs=7/meeting_id=77", "a 'b' [1]"])
def test_the_names_of_folders_above_are_no_columns(
    archive: Archive, platform: Any, tmp_path: Path, folder: str
) -> None:
    # where libraries read by themselves what folders are called, every meeting began in 2020, or was replaced
    archive.sync(platform)
    moved = Archive(tmp_path / folder / "m.archive")
    shutil.copytree(archive.path, moved.path)
    for name in ("meetings", "legs", "rejects", "problems", "pulls", "changes"):
        pd.testing.assert_frame_equal(getattr(moved, name)(), getattr(archive, name)())
    fleet = Fleet({"one": {"archive": str(moved.path)}}, folder=tmp_path)
    for start, end in ((None, None), ("2026-01-01T10:00", "2026-01-01T12:00")):
        told = [
            metrics.usage(source, start, end, by="total", min_parties=0).arrow.to_pylist()
            for source in (archive, moved, fleet)
        ]
        assert told[0]
        assert told[0] == told[1] == told[2]
    assert len(fleet.legs()) == len(archive.legs())


@pytest.mark.slow
def test_a_meeting_that_is_a_file_by_itself_is_found_in_its_period(
    archive: Archive, platform: Any, tmp_path: Path
) -> None:
    fleet = Fleet({"one": {"archive": str(archive.path)}}, folder=tmp_path)
    for records in ([platform.record(0)], [platform.record(0, meetingname="改")], [platform.record(1)]):
        platform.records = records
        archive.sync(platform)
        for source in (archive, fleet):
            for name, rows in (("meetings", archive.meetings()), ("legs", archive.legs())):
                found = source.scan(name, start="2026-01-01", end="2026-01-02").collect().to_native()
                assert sorted(found["meeting_id"].to_pylist()) == sorted(rows["meeting_id"])


@pytest.mark.slow
def test_what_else_lies_among_the_heads_is_no_head(archive: Archive, platform: Any) -> None:
    archive.sync(platform)
    heads = archive.path / "heads"
    latest = max(path for path in heads.iterdir() if path.suffix == ".json")
    for name in ("000000000099.json.draft", "a-note-by-hand17.", f"{latest.name}~"):
        (heads / name).write_bytes(latest.read_bytes())
    before = archive.meetings()["meeting_id"].tolist()
    archive.sync(platform)
    again = Archive(archive.path)
    assert again.verify().is_sound
    assert again.meetings()["meeting_id"].tolist() == before
