"""`report --group`, `--only`: every file has the groups, figures are those of what was selected, and nothing else is
written.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

import ytxdata as ytx
from tests.cli.verbs import run
from ytxdata.archive import Archive
from ytxdata.pages import html_report

pytestmark = pytest.mark.usefixtures("drawn_once")


@pytest.fixture(scope="module")
def book(archive: Archive, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half of the creators in two departments, one of them with a comma in its name."""
    numbers = sorted(set(archive.meetings()["creator"].dropna()))
    path = tmp_path_factory.mktemp("book") / "book.csv"
    lines = [f'{number},P{n},"{("市场部", "R,D")[n % 2]}"' for n, number in enumerate(numbers) if n % 3]
    path.write_text("\n".join(["number,name,department", *lines]) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def by_department(archive: Archive, book: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All files of a report by department, in Chinese."""
    out = tmp_path_factory.mktemp("report")
    asked = ("--by", "month", "--group", "department", "--book", str(book), "--format", "all", "--out", str(out))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("YTX_LANG", "zh")
        patch.setattr(html_report, "SIZES", html_report.SIZES[:1])  # as `drawn_once`, which is each test's own
        assert run("report", "--archive", str(archive.path), *asked) == 0
    return out


@pytest.mark.slow
def test_groups_reach_every_file(archive: Archive, by_department: Path) -> None:
    usage = ytx.read_csv(by_department / "usage.csv")
    assert set(usage["group"]) == {"市场部", "R,D", "not in the book"}
    whole = ytx.metrics.usage(archive, by="month").frame.set_index("period")["meetings"]
    assert usage.groupby("period")["meetings"].sum().to_dict() == whole.to_dict()
    for name in ("sizes", "heatmap", "working_hours", "concurrency", "people"):
        assert "group" in ytx.read_csv(by_department / f"{name}.csv").columns, name
    page = (by_department / "report.html").read_text("utf-8")
    assert "R,D" in page
    assert "不在通讯簿" in page
    assert page.count("not in the book") <= 1, "but in the rule, which names the key of the CSV"


@pytest.mark.slow
def test_groups_reach_the_workbook_whole(archive: Archive, by_department: Path) -> None:
    """The heat map and the charts of the first sheet are of all groups; the sheet of the heat map has each by itself."""
    sheets: Any = openpyxl.load_workbook(by_department / "report.xlsx")  # the charts it read stand in no public name
    whole = {(row["weekday"], row["hour"]): row["heatmap"] for row in ytx.metrics.heatmap(archive).arrow.to_pylist()}
    rows = [[cell.value for cell in row] for row in sheets["概览"].iter_rows()]
    at = next(place for place, row in enumerate(rows) if row[0] == "周一")
    shown = {(day + 1, hour): rows[at + day][hour + 2] for day in range(7) for hour in range(24)}
    assert {key: round(value, 6) for key, value in shown.items()} == {
        key: round(value, 6) for key, value in whole.items()
    }
    grid = [[cell.value for cell in row] for row in sheets["会议时段分布"].iter_rows(min_row=2)]
    assert {row[0] for row in grid} == {"市场部", "R,D", "不在通讯簿"}
    assert round(sum(sum(row[2:26]) for row in grid), 4) == round(sum(whole.values()), 4)
    charts = sheets["概览"]._charts
    usage = ytx.metrics.usage(archive, by="month").arrow.num_rows
    assert [len(chart.series) for chart in charts[:2]] == [3, 3]
    series = charts[0].series[0].cat.strRef or charts[0].series[0].cat.numRef
    first, last = re.findall(r"\$(\d+)", series.f)
    assert int(last) - int(first) + 1 == usage, "a period is one name, not one a group"


@pytest.mark.slow
def test_what_the_house_says_of_groups_is_masked_for_nobody(archive: Archive) -> None:
    table = ytx.metrics.usage(archive, group="creator").masked()
    assert "****" not in table.arrow["group"].to_pylist()


@pytest.mark.slow
def test_only_some_meetings_reach_every_file(
    archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    creator = str(archive.meetings()["creator"].dropna().iloc[0])
    asked = ("report", "--archive", str(archive.path), "--out", str(tmp_path), "--json")
    assert run(*asked, "--only", f"creator={creator}", "--only", "min_minutes=1") == 0
    files = json.loads(capsys.readouterr().out)["files"]
    chosen = ytx.metrics.usage(archive.only(creator=creator, min_minutes=1), by="month").frame
    assert ytx.read_csv(files["usage"])["meetings"].tolist() == chosen["meetings"].tolist()
    assert len(ytx.read_csv(files["meetings"])) == chosen["meetings"].sum()
    about = json.loads(Path(files["usage"]).with_suffix(".about.json").read_text("utf-8"))
    assert any("min" in note["en"] and creator not in note["en"] for note in about["notes"])


@pytest.mark.parametrize(
    "wrong",
    [
        ("--group", "department"), ("--group", "shoe_size"), ("--group", "size_class", "--group-of", "leg"), ("--only", "creator"),
        ("--only", "colour=red"), ("--only", "min_minutes=long"), ("--only", "department=x"), ("--only", "name=("),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_ends_with_2(wrong: tuple[str, ...], archive: Archive, tmp_path: Path) -> None:
    assert run("report", "--archive", str(archive.path), "--out", str(tmp_path / "out"), *wrong) == 2
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_an_invoice_is_shared_and_each_share_explained(
    archive: Archive, book: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a tariff and without --group: the sheet that finance asks for, and the way from a share to its legs."""
    month = archive.meetings()["started_at"].dt.strftime("%Y-%m").iloc[0]
    invoice = tmp_path / "invoice.csv"
    invoice.write_text(f"period,amount\n{month},98765.43\n", encoding="utf-8")
    of = ("--archive", str(archive.path), "--invoice", str(invoice), "--book", str(book))
    assert run("report", *of, "--out", str(tmp_path / "out"), "--json") == 0
    shared = ytx.read_csv(json.loads(capsys.readouterr().out)["files"]["chargeback"])
    assert shared["allocated"].sum() == Decimal("98765.43")
    assert set(shared["group"]) == {"市场部", "R,D", "not in the book"}
    for group in ("市场部", "不在通讯簿"):
        where = ("--where", f"period={month}", "--where", f"group={group}")
        assert run("explain", "--report", "chargeback", *of, *where, "--json") == 0
        told = json.loads(capsys.readouterr().out)
        legs = [one for one in told["records"] if one["used"] and one["leg"] is not None]
        assert len(legs) == told["row"]["legs"]
    assert run("explain", "--report", "chargeback", *of, "--where", "group=nobody") == 2
    assert run("report", *of[:-2], "--out", str(tmp_path / "none")) == 2, "without a book nothing can be shared"
    capsys.readouterr()
    few = ("--min-group", "2", "--format", "csv", "--out", str(tmp_path / "few"))
    assert run("--lang", "en", "report", *of, *few, "--json") == 0
    told = capsys.readouterr()
    assert "chargeback" not in json.loads(told.out)["files"]
    assert re.search("left out whole because of --min-group: .*Chargeback", " ".join(told.err.split()))


@pytest.mark.slow
def test_a_selection_of_nothing_is_told(
    archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YTX_LANG", "en")
    of = ("report", "--archive", str(archive.path), "--only", "creator=999", "--out", str(tmp_path), "--format")
    assert run(*of, "csv,html") == 0
    assert "no meeting of the period is selected by --only" in capsys.readouterr().err
    assert "no meeting of the period is selected by --only" in (tmp_path / "report.html").read_text("utf-8")


@pytest.mark.slow
def test_a_period_of_before_the_archive_says_where_it_begins(
    archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    starts = archive.meetings()["started_at"]
    asked = ("--from", "2001-01", "--to", "2001-02", "--format", "csv", "--out", str(tmp_path))
    assert run("--lang", "en", "report", "--archive", str(archive.path), *asked) == 0
    said = f"the meetings of this archive are from {starts.min():%Y-%m-%d} to {starts.max():%Y-%m-%d}"
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(("amount", "by"), [("100", "month"), ("100.005", "total"), ("1e3", "total")])
def test_one_amount_that_cannot_be_shared_is_refused_before_anything_is_read(
    amount: str, by: str, book: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    of = ("report", "--archive", str(tmp_path / "none"), "--book", str(book), "--out", str(tmp_path / "out"))
    assert run(*of, "--by", by, "--invoice", amount) == 2
    assert "--by total" in (told := capsys.readouterr().err) or "no amount in fen" in told or "金额不可用" in told
