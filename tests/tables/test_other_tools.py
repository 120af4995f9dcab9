"""Reports, tables and scans as other tools take them: as they are, with every type and every unknown value."""

from __future__ import annotations

import copy
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import great_tables
import ibis
import itables
import marimo
import narwhals as nw
import nbformat
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from nbclient import NotebookClient

import ytxdata as ytx
from ytxdata.archive.scans import Scan
from ytxdata.emulator import Emulator
from ytxdata.errors import UsageError
from ytxdata.metrics import Report
from ytxdata.tables.table import record_table

OLD_OPTION = pytest.mark.filterwarnings("ignore:.*infer_string:DeprecationWarning")
"""Other tools ask pandas for an option that it is about to drop."""

SQL: Any = duckdb.sql
FROM_ARROW: Any = pd.DataFrame.from_arrow  # type: ignore[attr-defined]  # the stubs do not know it yet

TARIFF = ytx.metrics.Tariff.load("data/tariff.toml")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> ytx.Archive:
    kept = ytx.Archive(tmp_path_factory.mktemp("archive") / "meetings.archive")
    with Emulator(meetings=120, seed=7) as server:
        kept.sync(ytx.Client(base_url=server.url, **server.credentials))
    return kept


@pytest.fixture(scope="module")
def history() -> ytx.History:
    with Emulator(meetings=120, seed=7) as server:
        return ytx.Client(base_url=server.url, **server.credentials).fetch_history()


@pytest.fixture(scope="module")
def report(archive: ytx.Archive) -> Report:
    return ytx.metrics.usage(archive, by="month")


def frames(archive: ytx.Archive, *, is_polars: bool = False) -> ytx.Frames:
    """The archive's records as lazy frames of DuckDB, or of Polars."""
    meetings, legs = archive.scans("meetings", "legs")
    return (
        ytx.Frames(pl.DataFrame(meetings).lazy(), pl.DataFrame(legs).lazy())
        if is_polars
        else ytx.Frames(meetings, legs)
    )


def speakers(archive: ytx.Archive, history: ytx.History) -> Iterator[Any]:
    """Everything that hands over rows: reports, tables, scans and the frames of a history."""
    yield ytx.metrics.usage(archive, by="day")
    yield ytx.metrics.cost(history, by="month", tariff=TARIFF)
    yield ytx.metrics.presence(archive)
    yield record_table(history.meetings, "meetings")
    yield archive.scan("legs")
    yield archive.scan("meetings").filter(nw.col("n_legs") > 3).select("meeting_id", "started_at", "amount_yuan")
    yield history.meetings
    yield history.legs


@pytest.mark.slow
def test_arrow_takes_them(archive: ytx.Archive, history: ytx.History) -> None:
    for speaker in speakers(archive, history):
        table = pa.table(speaker)
        assert table.num_rows == len(speaker) > 0
        assert [kind for kind in table.schema.types if pa.types.is_timestamp(kind) and kind.tz != "Asia/Shanghai"] == []


@pytest.mark.slow
def test_polars_takes_them(archive: ytx.Archive, history: ytx.History) -> None:
    for speaker in speakers(archive, history):
        frame = pl.DataFrame(speaker)
        assert frame.rows() == pl.DataFrame(pa.table(speaker)).rows()
        assert all(kind != pl.Object for kind in frame.schema.dtypes())


@pytest.mark.slow
def test_duckdb_takes_them_by_their_name(archive: ytx.Archive, history: ytx.History) -> None:
    for speaker in speakers(archive, history):
        assert speaker is not None
        columns = pa.table(speaker).column_names
        found = SQL("from speaker")
        assert found.columns == columns
        assert len(found.fetchall()) == len(speaker)


def test_duckdb_adds_up_a_report(report: Report) -> None:
    assert SQL("select sum(meetings), max(period) from report").fetchall() == [
        (report["meetings"].sum(), report["period"].max())
    ]


@pytest.mark.slow
def test_pandas_takes_them(archive: ytx.Archive, history: ytx.History) -> None:
    for speaker in speakers(archive, history):
        if isinstance(speaker, pd.DataFrame):
            continue
        for frame in (pd.DataFrame(speaker), FROM_ARROW(speaker)):
            assert list(frame.columns) == pa.table(speaker).column_names
            assert len(frame) == len(speaker)


def test_pandas_takes_ids_as_text_and_money_as_decimals(archive: ytx.Archive) -> None:
    frame = pd.DataFrame(archive.scan("meetings"))
    assert {type(value) for value in frame["meeting_id"]} == {str}
    assert {type(value) for value in frame["amount_yuan"].dropna()} == {Decimal}
    assert str(frame["started_at"].dtype) == "datetime64[us, Asia/Shanghai]"


def test_narwhals_takes_them(report: Any, archive: ytx.Archive) -> None:
    frame = nw.from_native(report, eager_only=True)
    assert frame.shape == report.arrow.shape
    assert frame.to_native().equals(report.arrow)
    assert nw.from_native(archive.scan("meetings")).select(nw.len()).collect().item() == 120


@OLD_OPTION
def test_great_tables_takes_the_frame(report: Any) -> None:
    shown = great_tables.GT(report.frame, rowname_col="period").tab_header("用量").as_raw_html()
    assert report["period"][0] in shown
    assert "用量" in shown


def test_itables_takes_it(report: Any) -> None:
    page = itables.to_html_datatable(report, connected=False, display_logo_when_loading=False)
    assert report["period"][0] in page
    assert "http://" not in page.split("<script")[0]


def test_marimo_takes_it(report: Any) -> None:
    table = marimo.ui.table(report)
    assert report["period"][0] in marimo.ui.dataframe(report).text or table.text
    assert table.data is not None
    assert marimo.as_html(report).text.count("<table") >= 1


@pytest.mark.slow
@OLD_OPTION
def test_ibis_takes_them(report: Any, archive: ytx.Archive) -> None:
    backend = ibis.duckdb.connect()
    for speaker in (report, archive.scan("meetings")):
        assert backend.execute(ibis.memtable(speaker).count()) == len(speaker)


def test_rows_are_named_tuples(report: Report) -> None:
    rows = list(report)
    assert rows[0].period == report.frame["period"][0]
    assert [row.meetings for row in rows] == report.frame["meetings"].tolist()
    assert [row._asdict() for row in rows] == report.arrow.to_pylist()


def test_rows_of_a_scan_come_a_piece_at_a_time(archive: ytx.Archive) -> None:
    scan = archive.scan("legs")
    first = next(iter(scan))
    assert first.meeting_id
    assert str(first.joined_at.tzinfo) == "Asia/Shanghai"
    assert len(list(scan)) == len(scan) == len(archive.legs())


def test_what_is_made_of_a_scan_is_one(archive: ytx.Archive) -> None:
    joined = archive.scans("meetings", "legs")
    both = joined[0].join(joined[1], on="meeting_id", how="inner")
    assert isinstance(both, Scan)
    assert len(pl.DataFrame(both)) == len(both)


@pytest.mark.slow
def test_a_column_is_of_the_kind_of_the_frame(report: Report, archive: ytx.Archive) -> None:
    assert isinstance(report["meetings"], pd.Series)
    scan = archive.scan("meetings")
    assert isinstance(scan["meeting_id"], pa.ChunkedArray)
    lazy = ytx.metrics.usage(frames(archive, is_polars=True))
    assert lazy["meetings"].to_pylist() == report["meetings"].tolist()
    for one in (report, scan, lazy):
        with pytest.raises(KeyError, match="nothing"):
            one["nothing"]


@pytest.mark.slow
def test_an_empty_report_keeps_its_columns(archive: ytx.Archive) -> None:
    empty = ytx.metrics.usage(archive, start="2001-01-01", end="2001-02-01")
    assert len(empty) == len(list(empty)) == 0
    shown: list[Any] = [pl.DataFrame(empty), FROM_ARROW(empty), SQL("from empty")]
    for frame in shown:
        assert list(frame.columns) == empty.arrow.column_names


# ── pickled and copied ──
@pytest.mark.slow
@pytest.mark.parametrize("name", ["usage", "creators", "heatmap", "network", "cost"])
def test_a_pickled_report_is_explained_again_from_its_archive(name: str, archive: ytx.Archive) -> None:
    numbers = archive.legs()["number"].dropna().unique()
    book = pd.DataFrame(
        [(number, f"部门{int(number[-1]) % 3}") for number in numbers], columns=["number", "department"]
    )
    asked: dict[str, dict[str, Any]] = {"network": {"book": book}, "cost": {"tariff": TARIFF}}
    report = getattr(ytx.metrics, name)(archive, **asked.get(name, {}))
    again = pickle.loads(pickle.dumps(report))
    assert type(again) is type(report)
    assert again.arrow.equals(report.arrow)
    assert again.certificate.worst == report.certificate.worst
    with pytest.raises(UsageError, match="with_source"):
        again.explain(0)
    bound = again.with_source(archive)
    assert bound.explain(0).equals(report.explain(0))


@pytest.mark.slow
def test_a_comparison_is_explained_again_with_its_parts(archive: ytx.Archive) -> None:
    month = ytx.metrics.usage(archive)["period"].iloc[-2]
    report = ytx.metrics.compare(ytx.metrics.usage, archive, month)
    again = pickle.loads(pickle.dumps(report)).with_source(archive)
    assert again.explain(0).equals(report.explain(0))
    for part in ("now", "before", "drivers"):
        inner = getattr(again, part), getattr(report, part)
        assert len(inner[0]) == len(inner[1])
        assert not len(inner[1]) or inner[0].explain(0).equals(inner[1].explain(0)), part


@pytest.mark.slow
def test_a_row_that_has_other_numbers_by_now_is_not_explained(archive: ytx.Archive, history: ytx.History) -> None:
    kept = pickle.loads(pickle.dumps(ytx.metrics.usage(archive)))
    bound = kept.with_source(history.only(min_minutes=20))
    with pytest.raises(UsageError, match="other numbers"):
        bound.explain(0)
    same = kept.with_source(history)
    assert len(same.explain(0)) == len(ytx.metrics.usage(history).explain(0))


@pytest.mark.slow
def test_a_lazy_report_carries_its_rows(archive: ytx.Archive) -> None:
    for lazy in (frames(archive), frames(archive, is_polars=True)):
        report = ytx.metrics.usage(lazy)
        again = pickle.loads(pickle.dumps(report))
        assert again.arrow.equals(report.arrow)
        assert len(again.with_source(archive).explain(0)) > 0
        assert copy.deepcopy(report).explain(0) is not None


@pytest.mark.slow
def test_a_copy_is_explained_as_it_is(report: Report) -> None:
    for other in (copy.copy(report), copy.deepcopy(report)):
        assert other.explain(0).equals(report.explain(0))
    deep = copy.deepcopy(report)
    deep.frame.loc[0, "meetings"] = -1
    assert report.frame["meetings"][0] != -1


@pytest.mark.slow
def test_a_report_without_a_recipe_says_so(report: Report) -> None:
    own = ytx.metrics.Breakdown.of(ytx.read_answers("data/answers/*.json"), None, None, "month")
    made = own.report("mine", ytx.metrics.Text("我的", "mine"), own.meetings.select("row"), ())
    with pytest.raises(UsageError, match="register"):
        made.with_source(report)  # type: ignore[arg-type]  # refused before it is looked at


@pytest.mark.slow
def test_a_history_is_pickled_and_copied_whole(history: ytx.History) -> None:
    before = history.meetings
    for again in (pickle.loads(pickle.dumps(history)), copy.deepcopy(history)):
        pd.testing.assert_frame_equal(again.meetings, before)
        pd.testing.assert_frame_equal(again.legs, history.legs)
        assert again.counts == history.counts
        assert again.certificate.worst == history.certificate.worst
        assert len(ytx.metrics.usage(again).explain(0)) > 0


@pytest.mark.slow
def test_a_pickle_goes_to_another_process(report: Report, archive: ytx.Archive, tmp_path: Path) -> None:
    (tmp_path / "report.pickle").write_bytes(pickle.dumps(report))
    code = (
        "import pickle, pathlib, sys, ytxdata as ytx\n"
        "report = pickle.loads(pathlib.Path(sys.argv[1]).read_bytes())\n"
        "print(len(report), len(report.with_source(ytx.Archive(sys.argv[2])).explain(0)))\n"
    )
    arguments = [sys.executable, "-c", code, str(tmp_path / "report.pickle"), str(archive.path)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(len(report)), str(len(report.explain(0)))]


def test_a_pickle_holds_no_key_of_the_archive(archive: ytx.Archive) -> None:
    table = record_table(archive.meetings(), "meetings", secret=archive.secret)
    assert archive.secret is not None
    assert archive.secret in pickle.dumps(archive.secret)
    assert archive.secret not in pickle.dumps(table)
    assert pickle.loads(pickle.dumps(table)).secret is None
    assert copy.deepcopy(table).secret == archive.secret


@pytest.mark.parametrize("away", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_client_is_never_pickled(away: Any) -> None:
    client = ytx.Client(account_sid="a" * 32, auth_token="t" * 32, app_id="c" * 32)
    with pytest.raises(UsageError, match="auth token") as refused:
        away(client)
    assert "t" * 32 not in str(refused.value)


# ── shown ──
def test_a_terminal_shows_the_first_rows(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    head, names, *rows = repr(report).splitlines()
    assert head == "<Report usage: 用量 / Usage, PROBABLE>"
    assert names.split()[:2] == ["period", "meetings"]
    assert rows[0].split()[0] == report["period"][0]
    assert len(rows) <= 12
    assert "more columns" in rows[-1] or "more rows" in rows[-1]
    assert all(len(line) <= 80 for line in (names, *rows))


@pytest.mark.slow
def test_a_terminal_hides_numbers(archive: ytx.Archive) -> None:
    shown = repr(ytx.metrics.creators(archive))
    numbers = ytx.metrics.creators(archive)["creator"].dropna().head(10)
    assert not [number for number in numbers if number in shown or number.removeprefix("+86") in shown]
    assert "****" in shown


@pytest.mark.slow
def test_a_terminal_computes_nothing(archive: ytx.Archive) -> None:
    lazy = ytx.metrics.usage(frames(archive))
    assert repr(lazy) == "<Report usage: 用量 / Usage>"
    assert lazy.arrow.num_rows
    assert "period" in repr(lazy)


@pytest.mark.slow
def test_a_report_on_no_meetings_is_shown_too(archive: ytx.Archive) -> None:
    assert "period" in repr(ytx.metrics.usage(archive, start="2001-01-01", end="2001-02-01"))


def test_an_archive_shows_itself(archive: ytx.Archive, tmp_path: Path) -> None:
    page = archive._repr_html_()
    assert "120" in page
    assert "PROBABLE" in page
    assert "<script" not in page
    assert "sync" in ytx.Archive(tmp_path / "none")._repr_html_()
    assert os.fspath(archive.path.name) in page
    assert "<script" not in archive.verify()._repr_html_()


@pytest.mark.slow
def test_rich_views_are_static(archive: ytx.Archive, history: ytx.History, report: Report) -> None:
    """VS Code shows HTML in a page that runs no script of an output and asks nothing of the network before it is trusted."""
    with Emulator(meetings=30, seed=7) as server:
        client = ytx.Client(base_url=server.url, **server.credentials)
        done = ytx.Archive(archive.path.parent / "other.archive").sync(client)
    shown: list[Any] = [
        report,
        record_table(history.legs, "legs"),
        archive,
        history,
        history.certificate,
        archive.verify(),
        done,
    ]
    for one in shown:
        page = one._repr_html_()
        assert not re.search(r"<(script|iframe|link|img|object)\b|\bon\w+=|https?://|@import|url\(", page), type(one)
        assert page.count("<table") == page.count("</table>")


@pytest.mark.slow
def test_a_kernel_sends_rows_as_text_and_as_a_static_page(archive: ytx.Archive) -> None:
    code = f"import ytxdata as ytx\nytx.metrics.usage(ytx.Archive({str(archive.path)!r}))"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    done = NotebookClient(notebook, kernel_name="python3", timeout=120).execute()
    data = done.cells[0].outputs[0]["data"]
    assert set(data) == {"text/plain", "text/html"}
    assert "meetings" in data["text/plain"].splitlines()[1]
    assert "<script" not in data["text/html"]


@pytest.mark.slow
def test_marimo_shows_the_rich_view_as_it_is(report: Report, archive: ytx.Archive) -> None:
    app = marimo.App()

    @app.cell
    def _() -> Any:
        import ytxdata as package

        usage = package.metrics.usage(package.sample())
        return package, usage

    names: Any = app.run()[1]
    assert len(names["usage"]) == 24
    for one in (names["usage"], archive, report):
        assert one._repr_html_().splitlines()[0] in marimo.as_html(one).text


def test_the_page_says_the_same_in_both_languages() -> None:
    pages = [Path("docs/how-to/other-tools.md"), Path("docs/zh/how-to/other-tools.md")]
    blocks = [re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), flags=re.M | re.S) for page in pages]
    plain = [[re.sub(r"#.*|tab_header\(.*\)", "", block) for block in found] for found in blocks]
    assert plain[0] == plain[1]
    assert len(plain[0]) >= 7
