"""SQL over an archive: right joins, masks that no question feels behind, and a door that stays shut."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

import ytxdata as ytx
from tests.archive.conftest import Platform, record
from tests.cli.verbs import run
from tests.effort import some
from ytxdata.archive import Archive
from ytxdata.errors import NotAnArchiveError, UsageError
from ytxdata.exits import sql_sandbox

VIEWS = ("meetings", "legs", "problems", "changes", "rejects", "pulls", "coverage", "usage_daily")


def joined(one: dict[str, Any]) -> dict[str, Any]:
    """The record with all parties there from begin to end."""
    times = {"jointime": one["starttime"], "leavetime": one["endtime"]}
    return {**one, "parties": [{**party, **times} for party in one["parties"]]}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Sixty meetings, one of them renamed later, and one id that was used for two meetings; nobody writes to them."""
    archive = Archive(tmp_path_factory.mktemp("sql") / "meetings.archive")
    platform = Platform([joined(record(i)) for i in reversed(range(60))])
    archive.sync(platform)
    platform.records[0] = joined(record(59, meetingname="改过的会"))
    other = joined(record(60, parties=[{"name": "丙", "phone": "13911110001"}]))
    other["meid"] = record(10)["meid"]
    platform.records.insert(0, other)
    platform.records.append(7)
    archive.sync(platform)
    return archive


@pytest.mark.slow
def test_each_view_says_what_the_frame_says(kept: Archive) -> None:
    for name in some(VIEWS[:6], 3):
        frame = getattr(kept, name)()
        rows = kept.sql(f"select * from {name}").arrow
        added = {"meeting_key", "creator_key", "number_key"}
        assert [column for column in rows.column_names if column not in added] == list(frame.columns)
        assert rows.num_rows == len(frame), name
    assert len(kept.changes()) > 0
    assert kept.sql("from coverage").arrow.num_rows == len(kept.coverage())
    daily = kept.sql("select sum(meetings) as n from usage_daily").to_dicts()
    assert daily == [{"n": ytx.metrics.usage(kept, by="total").frame["meetings"].sum()}]


@pytest.mark.slow
def test_the_meeting_key_joins_right_where_one_id_stands_for_two_meetings(kept: Archive) -> None:
    assert len(kept.meetings()) == 61
    assert kept.meetings()["meeting_id"].nunique() == 60
    n_legs = len(kept.legs())
    joined = kept.sql("""
        select count(*) as n, count(distinct meeting_key) as meetings, count_if(m.n_legs is null) as unknown
        from meetings m join legs using (meeting_key)
    """).to_dicts()  # fmt: skip
    assert joined == [{"n": n_legs, "meetings": 61, "unknown": 0}]
    by_id = kept.sql("select count(*) as n from meetings join legs using (meeting_id)").to_dicts()[0]["n"]
    assert by_id > n_legs, "the id alone counts parties twice: that is why there is a key"
    per = kept.sql("select meeting_key, n_legs, (select count(*) from legs l where l.meeting_key = m.meeting_key) as n from meetings m")  # fmt: skip
    assert all(row["n_legs"] == row["n"] for row in per.to_dicts())
    assert kept.sql("from problems where meeting_key not in (select meeting_key from meetings)").arrow.num_rows == 0
    assert kept.sql("from changes where meeting_key not in (select meeting_key from meetings)").arrow.num_rows == 0


NUMBERS = re.compile(r"1(?:38|39)0000000[0-9]")


@pytest.mark.slow
def test_the_views_hold_masked_values_and_no_where_feels_behind_them(kept: Archive) -> None:
    rows = (f"select '{name}' as name, row::varchar as told from (select * from {name}) row" for name in VIEWS)
    shown = kept.sql(" union all ".join(rows), masked=True).to_dicts()
    assert {one["name"] for one in shown} == {*VIEWS}
    for one in shown:
        assert not NUMBERS.search(one["told"]), one
        assert not re.search(r"(?<![0-9a-f~])[0-9a-f]{64}", one["told"]), one
    felt = (
        "creator = '13800000000'", "creator like '1380%0000000'", "regexp_matches(creator, '^1380+$')",
        "creator >= '1380' and creator < '1381'", "md5(creator) = md5('13800000000')", "length(replace(creator, '0', '')) = 2",
        "contains(creator, '00000000')",
    )  # fmt: skip
    asked = [f"select {place} as felt from meetings where {test}" for place, test in enumerate(felt)]
    asked.append("select -1 from legs where number = '+8613900000001' or phone = '13900000001'")
    assert kept.sql(" union all ".join(asked)).to_dicts() == []
    shown = kept.sql("select distinct creator from meetings", masked=False).arrow["creator"].to_pylist()
    assert shown == ["13800000000"]
    assert kept.sql("select distinct creator from meetings").to_dicts() == [{"creator": "138****0000"}]
    # a table that shows numbers is masked again on its way into a file, as every other
    assert kept.sql("select creator from meetings limit 1", masked=False).to_dicts() == [{"creator": "138****0000"}]


@pytest.mark.slow
def test_people_are_counted_and_joined_by_keys_where_numbers_are_masked(kept: Archive, tmp_path: Path) -> None:
    people = kept.sql(
        "select count(distinct number) as masks, count(distinct number_key) as people from legs"
    ).to_dicts()
    assert people == [{"masks": 2, "people": 3}], "13900000001 and 13911110001 have one mask"
    book = tmp_path / "book.csv"
    book.write_text("phone,name,department,from,to,floor\n139 0000 0001,甲某,市场部,,2025-12-31,3\n+8613900000001,甲某,研发部,2026-01-01,,3\n13800000000,老板,总经办,,,9\n", encoding="utf-8")  # fmt: skip
    found = kept.sql(
        """
        select b.name, b.department, b.floor, count(*) as n from legs l join book b on b.number_key = l.number_key
        join meetings m using (meeting_key)
        where (b.valid_from is null or m.started_at::date >= b.valid_from)
          and (b.valid_to is null or m.started_at::date <= b.valid_to)
        group by all
        """,
        book=book,
    )  # fmt: skip
    assert found.to_dicts() == [{"name": "甲某", "department": "研发部", "floor": "3", "n": 60}]
    creators = kept.sql("select distinct b.name, b.number from meetings m join book b on b.number_key = m.creator_key", book=book)  # fmt: skip
    assert creators.to_dicts() == [{"name": "老板", "number": "138****0000"}]
    with pytest.raises(UsageError, match=r"give an address book \(book=, --book\); there are meetings"):
        kept.sql("from book")


REFUSED = (
    "select * from read_csv('/etc/passwd')", "select * from '/etc/passwd'", "from read_text('/etc/passwd')",
    "from glob('/*')", "select * from read_parquet('x')", "from read_duckdb('x.db')", "from sniff_csv('/etc/passwd')",
    "select getenv('HOME')", "select current_setting('temp_directory')", "from duckdb_settings()", "from duckdb_secrets()",
    "from query('select 1')", "from query_table(['meetings'])", "from json_execute_serialized_sql('{}')",
    "create table x as select 1", "create macro f() as 1", "insert into meetings select * from meetings", "drop table meetings",
    "delete from meetings", "update meetings set name = 'x'", "copy meetings to '/tmp/x.csv'", "copy (select 1) to '/tmp/x'",
    "attach '/tmp/x.db'", "detach memory", "install httpfs", "load httpfs", "pragma database_list", "call pragma_version()",
    "set memory_limit = '9GB'", "reset memory_limit", "select 1; select 2", "select 1; copy meetings to 'x'", "explain select 1",
    "export database '/tmp/x'", "begin", "checkpoint", "use memory", "show tables", "show all tables", "prepare p as select 1",
    "select write_log('x')", "from information_schema.tables", "from main.meetings", "from sqlite_master", "from piece",
    "from duckdb_tables", "select pg_sleep(1)", "from repeat_row(1)", "from test_all_types()", "from which_secret('x', 'y')",
    "with x as (from read_blob('/etc/passwd')) from x", "select (select content from read_text('/etc/passwd'))",
    "select * from meetings where exists (from glob('/*'))", "", "   ", "-- nothing", "nonsense", "select", "select \0 from meetings",
    "select 1 " + "+ 1" * 60_000,
)  # fmt: skip


@pytest.mark.slow
def test_nothing_but_one_select_over_the_views_is_answered(kept: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ytxdata.exits.sql._answer", lambda *_: pytest.fail("it was let through"))
    for text in REFUSED:
        with pytest.raises(UsageError) as caught:
            kept.sql(text)
        assert caught.value.remedy, text


def test_behind_the_gate_the_engine_itself_reaches_nothing(tmp_path: Path) -> None:
    file, secret = tmp_path / "room.duckdb", tmp_path / "secret.csv"
    secret.write_text("a\n1\n", encoding="utf-8")
    with duckdb.connect(str(file)) as made:
        made.execute("create table meetings as select 1 as a")
    frame = pd.DataFrame({"a": [1]})
    assert len(frame) == 1
    room = sql_sandbox.open_locked(str(file), 100, str(tmp_path / "spill"))
    for text in (
        f"select * from read_csv('{secret}')", f"select * from '{secret}'", f"from read_text('{secret}')", f"from glob('{tmp_path}/*')",
        f"copy meetings to '{tmp_path}/out.csv'", f"attach '{tmp_path}/other.db'", f"attach '{tmp_path}/other.db' (readonly)",
        "install httpfs", "load httpfs", "set memory_limit = '9GB'", "set enable_external_access = true", "reset lock_configuration",
        "from frame", "create table x as select 1", "insert into meetings values (2)", "drop table meetings",
        f"export database '{tmp_path}/dump'", "from read_csv('https://127.0.0.1:1/x.csv')", "select getenv('HOME')",
    ):  # fmt: skip
        with pytest.raises(duckdb.Error):
            room.execute(text).fetchall()
    assert sorted(path.name for path in tmp_path.glob("*.csv")) == ["secret.csv"]
    room.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        # what never ends has as many seconds as it is given, on every core; what fills the memory ends sooner
        ("select count(*) from range(1000000000000)", 0.5),
        ("with recursive t(n) as (select 1 union all select n + 1 from t) select count(*) from t", 0.5),
        (
            "with recursive t(n, s) as (select 1, 'x' union all select n + 1, s || s from t) select max(length(s)) from t",
            5,
        ),
        ("select length(repeat('x', 3000000000))", 5),
        ("select sum(len(range(100000000))) from range(100)", 5),
        ("select * from range(1000000000)", 5),
        ("select count(*) from meetings a, meetings b, meetings c, meetings d, meetings e, meetings f", 0.5),
    ],
)
def test_what_would_never_end_or_fill_the_memory_is_stopped(kept: Archive, text: str, seconds: float) -> None:
    with pytest.raises(UsageError, match=r"(?s)(MB|秒).*(--memory|--timeout)"):
        kept.sql(text, timeout_s=seconds, memory_mb=100)
    assert kept.sql("select count(*) as n from meetings").to_dicts() == [{"n": 61}]


@pytest.mark.slow
def test_a_question_of_an_earlier_instant_knows_what_was_known_then(kept: Archive) -> None:
    first = kept.pulls()["asked_at"].iloc[0]
    counts = "select count(*) as n, count_if(name = '改过的会') as renamed from meetings"
    assert kept.sql(counts, as_of=first).to_dicts() == [{"n": 60, "renamed": 0}]
    assert kept.sql(counts).to_dicts() == [{"n": 61, "renamed": 1}]
    assert kept.sql("from changes", as_of=first).arrow.num_rows == 0
    assert kept.sql("select sum(meetings) as n from usage_daily", as_of=first).to_dicts() == [{"n": 60}]
    with pytest.raises(UsageError, match="as_of"):
        kept.sql("from coverage", as_of=first)


@pytest.mark.slow
def test_an_answer_is_a_table_with_its_verdict_that_other_tools_take(kept: Archive) -> None:
    answer = kept.sql("select m.name, l.name, started_at, sum(m.duration_s) over () as s from meetings m join legs l using (meeting_key)")  # fmt: skip
    assert answer.arrow.column_names == ["name", "name_2", "started_at", "s"]
    assert str(answer.arrow.schema.field("s").type) in ("int64", "decimal128(38, 0)")
    assert answer.certificate is not None
    assert answer.definition("started_at").unit == "time"
    assert len(pd.DataFrame(answer)) == answer.arrow.num_rows
    with pytest.raises(UsageError, match="started_at"):
        kept.sql("select start from meetings")
    with pytest.raises(UsageError):
        kept.sql("select 1", timeout_s=0)


def test_without_an_archive_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotAnArchiveError):
        Archive(tmp_path / "nowhere").sql("select 1")


@pytest.mark.slow
def test_the_verb_answers_in_four_forms(
    kept: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = ("--archive", str(kept.path), "--lang", "en")
    ask = "select meeting_id, creator, started_at, amount_yuan from meetings order by started_at limit 2"
    assert run("sql", ask, *place) == 0
    said = capsys.readouterr()
    assert "138****0000" in said.out
    assert said.out.splitlines()[0].split() == ["meeting_id", "creator", "started_at", "amount_yuan"]
    assert "meetings from" in said.err
    assert run("sql", ask, *place, "--format", "csv") == 0
    frame = pd.read_csv(io.StringIO(capsys.readouterr().out), dtype=str)
    assert frame["meeting_id"].tolist() == ["0" * 29, f"{1:029d}"]
    assert run("sql", ask, *place, "--format", "json", "--show-phones") == 0
    assert [row["creator"] for row in json.loads(capsys.readouterr().out)] == ["13800000000"] * 2
    out = tmp_path / "answer.parquet"
    assert run("sql", ask, *place, "--format", "parquet", "--out", str(out)) == 0
    assert pd.read_parquet(out)["meeting_id"].tolist() == ["0" * 29, f"{1:029d}"]
    assert run("verify", str(out)) == 0
    assert run("sql", ask, *place, "--format", "csv", "--out", str(tmp_path / "answer.csv")) == 0
    assert len(ytx.read_csv(tmp_path / "answer.csv")) == 2
    for wrong in (("--format", "xml"), ("--format", "parquet"), ("--timeout", "0")):
        assert run("sql", ask, *place, *wrong) == 2
    assert run("sql", "drop table meetings", *place) == 2
    capsys.readouterr()
    monkeypatch.setattr("sys.stdin", io.StringIO("select count(*) as n from meetings"))
    assert run("sql", "-", *place, "--format", "json", "--as-of", "2020-01-01") == 0
    assert json.loads(capsys.readouterr().out) == [{"n": 0}]
