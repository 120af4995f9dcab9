"""The verbs that write and explain: every file there, readable, equal to what the reports say."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import warnings
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import openpyxl
import pyarrow.parquet as pq
import pytest

import ytxdata as ytx
from tests.cli.verbs import run
from ytxdata.archive import Archive
from ytxdata.errors import UsageError
from ytxdata.labels import Lang, Text
from ytxdata.metrics.registry import REPORTS
from ytxdata.pages.collection import Collection
from ytxdata.pages.notebook import copy_all, execute
from ytxdata.pages.report_files import FORMATS, formats_of, write_files
from ytxdata.phones import mask
from ytxdata.tables import excel
from ytxdata.tables.excel import GUIDES, sheet_names
from ytxdata.tables.masking import Privacy, Pseudonyms
from ytxdata.templates import BADGES
from ytxdata.times import BEIJING

pytestmark = pytest.mark.slow

TARIFF = Path(__file__).parents[2] / "data" / "tariff.toml"


@pytest.fixture
def office() -> str:
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if program is None:
        if os.environ.get("YTX_REQUIRE_OFFICE") == "1":
            pytest.fail("LibreOffice is required here (YTX_REQUIRE_OFFICE=1) and not installed")
        pytest.skip("LibreOffice is not installed")
    return program


def test_one_csv_a_table_that_reads_back_as_it_was(collected: Collection, tmp_path: Path) -> None:
    files = write_files(collected, tmp_path, ("csv",), privacy=Privacy(show_phones=True))
    assert set(files) == {"meetings", "legs", "problems", "rejects", "coverage", "datapackage.json", *collected.reports}
    for name, table in collected.tables.items():
        back = ytx.read_csv(files[name])
        assert list(back.columns) == table.arrow.column_names
        assert len(back) == table.arrow.num_rows
    usage = ytx.read_csv(files["usage"])
    assert usage["meetings"].tolist() == collected.reports["usage"].frame["meetings"].tolist()
    assert (
        ytx.read_csv(files["meetings"])["meeting_id"].tolist()
        == collected.records["meetings"].frame["meeting_id"].tolist()
    )
    about = json.loads(files["usage"].with_suffix(".about.json").read_text("utf-8"))
    assert about["completeness"]["verdict"] == collected.certificate.worst


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_workbook_answers_first_and_keeps_raw_records_last(
    lang: Lang, collected: Collection, tmp_path: Path
) -> None:
    path = write_files(collected, tmp_path, ("excel",), lang=lang)["report.xlsx"]
    book = openpyxl.load_workbook(path)
    titles = {name: sheet_names([table.title.in_(lang)])[0] for name, table in collected.tables.items()}
    assert book.sheetnames[0] == {"zh": "概览", "en": "Overview"}[lang]
    assert set(book.sheetnames[1:]) == {*titles.values(), *(title.in_(lang) for title in GUIDES)}
    assert book.sheetnames[-4:] == [titles[name] for name in ("meetings", "legs", "problems", "rejects")]
    assert all(name.isascii() for name in book.sheetnames) is (lang == "en")
    usage = book[titles["usage"]]
    assert usage.freeze_panes == "A2"
    assert usage.auto_filter.ref
    assert [cell.value for cell in usage["B"]][1:] == collected.reports["usage"].frame["meetings"].tolist()
    assert not [cell for one in book for row in one.iter_rows() for cell in row if cell.data_type == "f"]
    grid = book[titles["heatmap"]]
    assert (grid.max_row, grid.max_column) == (8, 25)


def test_the_first_sheet_has_verdict_figures_charts_and_links(collected: Collection, tmp_path: Path) -> None:
    path = write_files(collected, tmp_path, ("excel",), lang="en")["report.xlsx"]
    book = openpyxl.load_workbook(path)
    front: Any = book["Overview"]
    values = [cell.value for row in front.iter_rows() for cell in row if cell.value is not None]
    assert collected.certificate.sentence.en in values
    for figure in collected.figures:
        assert figure.label.en in values
        assert figure.change is None or figure.change.en in values
    assert collected.before is not None
    days = [f"{edge.astimezone(BEIJING):%Y-%m-%d}" for edge in collected.before[0]]
    (said,) = [one for one in map(str, values) if "ompared with" in one or "is compared" in one]
    assert all(day in said for day in days), said
    assert said.endswith(BADGES[collected.before[1].worst].en)
    assert len(front._charts) == 4  # read back by another library
    # or of two months the shorter bar has no height
    sheets: list[Any] = [*book.worksheets]
    assert {chart.y_axis.scaling.min for sheet in sheets for chart in sheet._charts} == {0}
    # in whole numbers a bar of a quarter of an hour stood at 0
    assert all("General" in chart.y_axis.numFmt.formatCode for sheet in sheets for chart in sheet._charts)
    assert front.conditional_formatting
    cells = [cell for row in front.iter_rows() for cell in row if cell.hyperlink]
    links = {cell.hyperlink.location.rpartition("!")[0].strip("'") for cell in cells}
    assert links <= set(book.sheetnames)
    assert links == set(book.sheetnames[1:])
    with zipfile.ZipFile(path) as package:
        text = "".join(package.read(name).decode() for name in package.namelist() if name.endswith((".xml", ".rels")))
    assert 'TargetMode="External"' not in text
    assert "<f>" not in re.sub(r"<c:f>.*?</c:f>", "", text)


def test_the_first_sheet_shows_whole_figures_without_a_point(collected: Collection, tmp_path: Path) -> None:
    path = write_files(collected, tmp_path, ("excel",), lang="en")["report.xlsx"]
    rows = list(openpyxl.load_workbook(path)["Overview"].iter_rows())
    formats = {
        figure.definition.key: {
            cell.number_format for row in rows if row[0].value == figure.label.en for cell in (row[6], row[11])
        }
        for figure in collected.figures
    }
    assert formats["people"] == formats["active_creators"] == formats["meetings"] == {"#,##0"}
    assert formats["size_mean"] == {"#,##0.0#"}


def test_a_line_of_the_first_sheet_stands_on_one_line(collected: Collection, tmp_path: Path) -> None:
    path = write_files(collected, tmp_path, ("excel",), lang="en")["report.xlsx"]
    front = openpyxl.load_workbook(path)["Overview"]
    rows = [row for row in front.iter_rows() if row[0].value in {figure.label.en for figure in collected.figures}]
    assert len(rows) == len(collected.figures)
    assert {cell.alignment.vertical for row in rows for cell in row if cell.value is not None} == {"center"}
    height = front.row_dimensions[2].height
    assert height is not None, "the period would touch the verdict below it"
    assert height >= 18


def test_a_long_verdict_has_the_room_it_needs_on_the_first_sheet(collected: Collection, tmp_path: Path) -> None:
    heights = []
    for n in (1, 100):
        told: Any = SimpleNamespace(worst="GAP", badge="GAP", sentence=Text("长" * n, "long " * n), periods=())
        changed = replace(collected, certificate=told)
        path = write_files(changed, tmp_path / str(n), ("excel",), lang="en", check=False)["report.xlsx"]
        heights.append(openpyxl.load_workbook(path)["Overview"].row_dimensions[3].height)
    assert [round(one) for one in heights] == [34, 68]


@pytest.mark.parametrize("into", ["csv", "pdf"])
def test_libreoffice_reads_the_workbook_as_it_was_meant_and_prints_little(
    collected: Collection, tmp_path: Path, office: str, into: str
) -> None:
    path = write_files(collected, tmp_path, ("excel",), lang="en")["report.xlsx"]
    sheet = openpyxl.load_workbook(path).sheetnames.index("Usage") + 1
    how = f":Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,{sheet}" if into == "csv" else ""
    command = [office, f"-env:UserInstallation=file://{tmp_path}/office", "--headless", "--convert-to", f"{into}{how}", "--outdir", str(tmp_path), str(path)]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    (written,) = tmp_path.glob(f"*.{into}")
    if into == "pdf":
        assert len(re.findall(rb"/Type\s*/Page[^s]", written.read_bytes())) <= 25
        return
    header, *rows = [line.split(",") for line in written.read_text("utf-8").splitlines()]
    usage = collected.reports["usage"].frame
    assert header == list(usage.columns)
    assert [row[0] for row in rows] == usage["period"].tolist()
    assert [int(row[1]) for row in rows] == usage["meetings"].tolist()
    assert [float(row[2]) for row in rows] == pytest.approx(usage["meeting_minutes"].tolist(), rel=1e-12)


@pytest.mark.parametrize("show_phones", [False, True])
def test_a_folder_of_reports_is_a_data_package(collected: Collection, tmp_path: Path, show_phones: bool) -> None:
    files = write_files(collected, tmp_path, ("csv", "parquet"), privacy=Privacy(show_phones=show_phones))
    told = json.loads(files["datapackage.json"].read_text("utf-8"))
    named = [one["name"] for one in told["resources"]]
    assert len(set(named)) == len(named) == 2 * len(collected.tables)
    assert told["months"]
    assert told["licenses"]
    (meetings,) = [one for one in told["resources"] if one["name"] == "meetings"]
    fields = {field["name"]: field for field in meetings["schema"]["fields"]}
    assert fields["meeting_id"]["type"] == "string"
    assert all(field["title"] and field["title_zh"] for field in fields.values())
    for name, table in collected.tables.items():
        shown = pq.read_table(files[f"{name}.parquet"])
        assert (shown.num_rows, shown.column_names) == (table.arrow.num_rows, table.arrow.column_names)
    told["resources"] = [one for one in told["resources"] if one["format"] == "csv"]
    files["datapackage.json"].write_text(json.dumps(told), encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what its own imports warn of
        frictionless = pytest.importorskip("frictionless")
        found = frictionless.validate(str(files["datapackage.json"]))
    assert found.valid, found.flatten(["rowNumber", "fieldName", "type", "message"])[:5]
    assert ("13800138000" in files["legs"].read_text("utf-8-sig")) <= show_phones


def test_formats_are_told_with_commas_or_one_by_one() -> None:
    assert formats_of(["csv,excel", "parquet"]) == {"csv", "excel", "parquet"}
    assert formats_of(["xlsx"]) == {"excel"}
    assert formats_of(["all", "html"]) == {"csv", "excel", "html", "parquet"}
    for wrong in (["csv,"], ["word"], [""], ["csv;excel"]):
        with pytest.raises(UsageError):
            formats_of(wrong)


def test_all_formats_at_once_are_those_of_the_others_together() -> None:
    assert set(FORMATS["all"]) == {kind for name, kinds in FORMATS.items() if name != "all" for kind in kinds}


@pytest.mark.usefixtures("drawn_once")
def test_the_verb_report_writes_what_it_says(
    archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book = tmp_path / "book.csv"
    book.write_text("number,name,department\n13800138000,王小明,市场部\n", encoding="utf-8")
    done = run(
        "report", "--archive", str(archive.path), "--by", "total", "--out", str(tmp_path / "out"), "--format", "all",
        "--lang", "both", "--tariff", str(TARIFF), "--lines", "5", "--book", str(book), "--json",
    )  # fmt: skip
    told = json.loads(capsys.readouterr().out)
    assert done == 0
    assert told["verdict"] in ("PROVEN", "PROBABLE", "GAP")
    assert told["rows"]["meetings"] == 120
    tables = {"meetings", "legs", "problems", "rejects", "coverage"}
    tables |= {name for name, report in REPORTS.items() if "book" not in report.needs}
    assert set(told["files"]) == {
        "report.xlsx", "report.html", "datapackage.json", *tables, *(f"{name}.parquet" for name in tables),
    }  # fmt: skip
    assert all(Path(path).stat().st_size for path in told["files"].values())
    assert "creator_department" in Path(told["files"]["creators"]).read_text("utf-8-sig")


def test_a_key_for_pseudonyms_is_made_when_it_is_not_there(
    archive: Archive, collected: Collection, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = tmp_path / "key"
    arguments = ("--archive", str(archive.path), "--out", str(tmp_path), "--by", "total", "--pseudonyms", str(key))
    assert run("report", *arguments, "--no-check") == 0
    assert key.stat().st_mode & 0o077 == 0
    assert re.search(r"\d+ files, begin with usage\.csv", capsys.readouterr().out)
    known = set(ytx.read_csv(tmp_path / "creators.csv")["creator"])
    keys = Pseudonyms.load(key)
    assert {keys.of_phone(creator) for creator in collected.reports["creators"].frame["creator"]} <= known


@pytest.mark.parametrize(
    "wrong",
    [
        ["--format", "pdf"], ["--lang", "fr"], ["--by", "year"], ["--from", "yesterday"],
        ["--from", "2026-02", "--to", "2026-01"], ["--tariff", "nowhere.toml"],
    ],
)  # fmt: skip
def test_what_cannot_be_asked_ends_with_2_and_writes_nothing(
    wrong: list[str], archive: Archive, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert run("report", "--archive", str(archive.path), "--out", str(out), *wrong) == 2
    assert not out.exists()


def test_explain_leads_from_a_row_to_its_records(
    archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "why.csv"
    arguments = ("explain", "--archive", str(archive.path), "--report", "usage", "--by", "total", "--row", "0")
    assert run("--lang", "en", *arguments, "--csv", str(path)) == 0
    told = capsys.readouterr().out
    assert "s ÷ 60" in told
    used = ytx.read_csv(path)
    meetings = archive.meetings()
    assert set(used.loc[used["used"], "meeting_id"]) == set(meetings["meeting_id"])
    assert f"{len(meetings)} meetings" in told
    assert run(*arguments, "--column", "meeting_minutes", "--json") == 0
    data = json.loads(capsys.readouterr().out)
    assert list(data["formulas"]) == ["meeting_minutes"]
    assert len(data["records"]) == len(used)


def test_explain_speaks_the_language_of_its_reader(archive: Archive, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("explain", "--archive", str(archive.path), "--by", "total")
    for lang, said, unsaid in (
        ("zh", ("会议编号", "是否计入", " 人次：", " 人：", "✓", "从未接入的参会方"), (" legs", " people:", "True", "never_joined")),
        ("en", ("meeting id", "used", " legs:", " people:"), ("人次", "True", "never_joined")),
    ):  # fmt: skip
        assert run("--lang", lang, *arguments) == 0
        told = capsys.readouterr().out
        assert all(one in told for one in said), lang
        assert not any(one in told for one in unsaid), lang


def test_explain_masks_the_number_of_a_row(archive: Archive, capsys: pytest.CaptureFixture[str]) -> None:
    top = str(ytx.metrics.creators(archive).frame["creator"].iloc[0])
    arguments = ("explain", "--archive", str(archive.path), "--report", "creators", "--row", "0")
    assert run(*arguments) == 0
    assert top.removeprefix("+86") not in capsys.readouterr().out
    assert run(*arguments, "--show-phones", "--json") == 0
    assert json.loads(capsys.readouterr().out)["row"]["creator"] == top


@pytest.mark.parametrize("wrong", [["--row", "99999"], ["--report", "nothing"], ["--column", "nothing"]])
def test_explain_of_what_is_not_there_ends_with_2(wrong: list[str], archive: Archive) -> None:
    assert run("explain", "--archive", str(archive.path), *wrong) == 2


def test_verbs_that_read_refuse_a_place_without_an_archive(tmp_path: Path) -> None:
    for verb in ("report", "explain"):
        assert run(verb, "--archive", str(tmp_path / "typo")) == 2
    assert not (tmp_path / "typo").exists()


def test_notebooks_are_copied_and_never_over_somebodys_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("notebooks", str(tmp_path / "n"), "--json") == 0
    copies = json.loads(capsys.readouterr().out)["files"]
    assert {Path(path).name for path in copies} >= {"01_quickstart.ipynb", "02_usage_report.ipynb"}
    assert set(copies.values()) == {"copied"}
    first, second, *_ = map(Path, copies)
    first.write_text("mine", encoding="utf-8")
    second.unlink()
    assert [state for _, state in copy_all(tmp_path / "n")][:3] == ["kept", "copied", "same"]
    for lang, said in (("zh", ("内容不同", "未改动")), ("en", ("yours is kept", "unchanged"))):
        assert run("--lang", lang, "notebooks", str(tmp_path / "n")) == 0
        told = capsys.readouterr().out
        assert all(one in told for one in said)
    assert first.read_text("utf-8") == "mine"
    (tmp_path / "file").touch()
    assert run("notebooks", str(tmp_path / "file")) == 2


@pytest.mark.parametrize("format_", ["all", "excel"])
def test_what_is_too_long_for_a_sheet_is_refused_before_anything_is_written(
    format_: str, collected: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(excel, "MAX_ROWS", len(collected.records["legs"].frame))
    with pytest.raises(ytx.errors.UsageError, match="table legs has"):
        write_files(collected, tmp_path / "out", FORMATS[format_])
    assert not (tmp_path / "out").exists()


def test_parameters_reach_a_notebook(tmp_path: Path) -> None:
    cell = nbformat.v4.new_code_cell("by = 'month'", metadata={"tags": ["parameters"]})
    book = nbformat.v4.new_notebook(
        cells=[cell, nbformat.v4.new_code_cell("print(by)")],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(book, str(tmp_path / "t.ipynb"))
    done = execute(tmp_path / "t.ipynb", parameters={"by": "周"})
    assert done.cells[-1].outputs[0].text == "周\n"


def test_the_usage_notebook_is_about_what_was_asked(
    archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    convened = archive.meetings()["creator"].value_counts()
    creator, n = str(convened.index[0]), int(convened.iloc[0])
    numbers = archive.legs()["number"].dropna().unique()
    lines = [f"{number},{number[-4:]},{'few' if number.endswith(creator) else 'many'}" for number in numbers]
    (tmp_path / "book.csv").write_text("\n".join(["number,name,department", *lines]), encoding="utf-8")
    asked = ("--only", f"creator={creator}", "--group", "department", "--by", "total")
    given = ("--book", str(tmp_path / "book.csv"), "--invoice", "1234.56")
    arguments = ("--archive", str(archive.path), "--out", str(tmp_path / "out"), "--lang", "en", "--notebook")
    assert run("report", *arguments, *asked, *given, "--no-check") == 0
    assert "of an earlier report" not in capsys.readouterr().err
    page = (tmp_path / "out" / "02_usage_report.html").read_text("utf-8")
    words = re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", page))
    assert f"total few {n} " in words
    assert f"only these meetings: creator: {mask(creator)}" in words
    assert "1,234.56" in words
    assert not re.search(rf" (?:many|not in the book) \d| {len(archive.meetings())} ", words)
    assert creator not in page
    assert str(tmp_path) not in page
    assert page.count("image/png;base64") >= 6
    assert 'src="http' not in page


@pytest.mark.parametrize("umask", [0o022, 0o077])
@pytest.mark.parametrize("show_phones", [False, True])
def test_files_with_numbers_in_full_are_their_owners_alone(
    collected: Collection, tmp_path: Path, umask: int, show_phones: bool
) -> None:
    before = os.umask(umask)
    try:
        few = replace(collected, reports={"usage": collected.reports["usage"], "heatmap": collected.reports["heatmap"]})
        files = write_files(few, tmp_path, ("csv", "excel", "html"), privacy=Privacy(show_phones=show_phones))
    finally:
        os.umask(before)
    modes = {name: stat.S_IMODE(path.stat().st_mode) for name, path in files.items()}
    assert set(modes.values()) == {0o600 if show_phones else 0o666 & ~umask}, modes
