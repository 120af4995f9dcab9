"""What the schema says of every column holds of the tables themselves."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from runpy import run_path
from typing import Any

import pyarrow as pa
import pytest
from openpyxl import load_workbook

from ytxdata import Archive, Client, metrics, read_answers
from ytxdata.emulator import Emulator
from ytxdata.labels import Lang
from ytxdata.metrics.definitions import DEFINITIONS
from ytxdata.metrics.groups import resolve
from ytxdata.metrics.registry import Ask, make
from ytxdata.metrics.source import Source
from ytxdata.records.schema import ARROW_TYPES, TABLES, TableName
from ytxdata.tables.described import Described
from ytxdata.tables.table import record_table
from ytxdata.times import BEIJING

ROOT = Path(__file__).parents[2]
SERVED: tuple[TableName, ...] = ("meetings", "legs", "rejects", "problems", "pulls", "changes", "coverage")


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """An archive of a company that has everything: planted cases, bad records, changes."""
    archive = Archive(tmp_path_factory.mktemp("company") / "company.archive")
    with Emulator(meetings=500, seed=3, planted=True, faults=("malformed", "no_id")) as server:
        client = Client(base_url=server.url, **server.credentials)
        archive.sync(client)
        server.advance(days=2)
        archive.sync(client)
    return archive


def described(archive: Archive, name: TableName) -> Described:
    frame = archive.certificate().frame if name == "coverage" else getattr(archive, name)()
    return record_table(frame, name)


def nulls(table: Described) -> set[str]:
    return {
        known.key
        for known in table.definitions
        if not known.is_nullable and known.key in table.arrow.column_names and table.arrow.column(known.key).null_count
    }


@pytest.mark.parametrize("name", SERVED)
def test_what_may_not_be_unknown_is_always_there(company: Archive, name: TableName) -> None:
    table = described(company, name)
    assert table.arrow.num_rows
    assert table.arrow.column_names == [column.name for column in TABLES[name].columns]
    assert not nulls(table)


def test_answers_that_people_keep_have_what_may_not_be_unknown() -> None:
    history = read_answers("data/answers/*.json")
    names: tuple[TableName, ...] = ("meetings", "legs", "rejects", "problems", "pulls", "coverage")
    for name in names:
        frame = history.certificate.frame if name == "coverage" else getattr(history, name)
        assert not nulls(record_table(frame, name)), name


def all_reports(source: Any, by: metrics.By = "month", group: str | None = None) -> dict[str, metrics.Report]:
    tariff, book = metrics.Tariff.load("data/tariff.toml"), Path("data/roster.csv")
    ours = [name for name, one in metrics.REPORTS.items() if one.function.__module__.startswith("ytxdata.")]
    return {name: make(name, source, Ask(by=by, tariff=tariff, lines=3, group=group, book=book)) for name in ours}


@pytest.fixture(scope="module")
def monthly(company: Archive) -> dict[str, metrics.Report]:
    """All reports, as each is made of an archive by itself."""
    return all_reports(company)


@pytest.fixture(scope="module")
def resolved(company: Archive) -> Source:
    """The company, whose facts several reports share."""
    return resolve(company)


@pytest.mark.slow
@pytest.mark.by_chance(1)
@pytest.mark.parametrize(
    ("by", "group"), [("month", None), ("month", "number_class"), ("total", None), ("total", "number_class")]
)
def test_reports_have_what_may_not_be_unknown(
    monthly: dict[str, metrics.Report], resolved: Source, by: metrics.By, group: str | None
) -> None:
    made = monthly if (by, group) == ("month", None) else all_reports(resolved, by, group)
    for name, report in made.items():
        assert not nulls(report), name


@pytest.mark.parametrize("name", SERVED)
def test_every_column_has_words_and_an_example_of_its_kind(name: TableName) -> None:
    for column in TABLES[name].columns:
        assert column.zh
        assert column.en
        assert all(column.meaning)
        assert reads_as(column.example, ARROW_TYPES[column.type]), column
        assert column.type != "phone" or column.example.replace("-", "").endswith("15400000001"), column


@pytest.mark.slow
def test_every_column_of_the_reports_has_an_example_of_its_kind(monthly: dict[str, metrics.Report]) -> None:
    seen: dict[str, pa.DataType] = {}
    for schema in (report.arrow.schema for report in monthly.values()):
        seen |= dict(zip(schema.names, schema.types, strict=True))
    assert len(seen) > 50
    for key, kind in seen.items():
        assert reads_as(DEFINITIONS[key].example, kind), key


def reads_as(text: str, kind: pa.DataType) -> bool:
    if pa.types.is_timestamp(kind):
        return datetime.fromisoformat(text).replace(tzinfo=BEIJING) > datetime(2020, 1, 1, tzinfo=BEIJING)
    if pa.types.is_boolean(kind):
        return text in ("true", "false")
    if pa.types.is_integer(kind):
        return str(int(text)) == text
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return Decimal(text).is_finite()
    return bool(text)


@pytest.mark.slow
def test_the_pages_follow_from_the_schema() -> None:
    made = run_path(str(ROOT / "scripts" / "build_dictionary.py"))
    for lang, path in made["PAGES"].items():
        assert path.read_text("utf-8") == made["page"](lang), f"{lang}: run python scripts/build_dictionary.py"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lang", "page"), [("en", "docs/reference/dictionary.md"), ("zh", "docs/zh/reference/dictionary.md")]
)
def test_the_dictionary_of_a_workbook_leads_to_the_page(
    lang: Lang, page: str, company: Archive, tmp_path: Path
) -> None:
    path = metrics.usage(company).to_excel(tmp_path / "usage.xlsx", lang=lang)
    last = [row[2].value for row in load_workbook(path).worksheets[-1].iter_rows()][-1]
    assert str(last).endswith(page)
    assert (ROOT / page).exists()
