"""CSV: what is written is what is read, in every dialect, whatever the text is."""

from __future__ import annotations

import csv
import json
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ytxdata.errors import FileDiffersError, UsageError
from ytxdata.labels import Text
from ytxdata.tables.csv import DIALECTS, Dialect, compare, escape, read_csv, unescape
from ytxdata.tables.described import Definition
from ytxdata.tables.table import Table

GOLDEN = Path(__file__).with_name("golden")


def words(values: list[str | None], unit: str = "id") -> Table:
    return Table(
        frame=pa.table({"word": pa.array(values, pa.string())}),
        name="words",
        title=Text("词", "words"),
        definitions=(Definition(key="word", zh="词", en="word", unit=unit),),
    )


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_golden_file(table: Table, dialect: Dialect, tmp_path: Path) -> None:
    path = table.to_csv(tmp_path / "usage.csv", dialect=dialect)
    assert path.read_bytes() == (GOLDEN / f"usage_{dialect}.csv").read_bytes()
    about = json.loads((tmp_path / "usage.about.json").read_text(encoding="utf-8"))
    meant = json.loads((GOLDEN / "usage.about.json").read_text(encoding="utf-8")) | {
        "encoding": DIALECTS[dialect].encoding,
        "bytes": path.stat().st_size,
        "sha256": sha256(path.read_bytes()).hexdigest(),
    }
    next(column for column in meant["columns"] if column["key"] == "minutes")["decimals"] = DIALECTS[dialect].decimals
    assert about == meant


def test_numbers_are_rounded_for_people_and_exact_for_machines(tmp_path: Path) -> None:
    values = [1 / 3, 2 / 3, -0.00001, 1e15 + 0.3, 35 / 3600, None, float("inf")]
    table = Table(frame=pa.table({"x": pa.array(values, pa.float64())}), name="x", title=Text("数", "numbers"))
    people, machine = (
        read_csv(table.to_csv(tmp_path / f"{dialect}.csv", dialect=dialect))["x"].tolist()
        for dialect in ("people", "machine")
    )
    assert people[:5] == [0.3333, 0.6667, 0.0, 1e15 + 0.3, 0.0097]
    assert (tmp_path / "people.csv").read_text("utf-8-sig").split()[1:4] == ['"0.3333"', '"0.6667"', '"0.0"']
    assert machine[:5] == values[:5]
    assert people[6] == machine[6] == float("inf")
    told = [json.loads((tmp_path / f"{one}.about.json").read_text("utf-8")) for one in ("people", "machine")]
    assert [one["columns"][0]["decimals"] for one in told] == [4, None]


@given(st.integers(0, 10**9))
def test_seconds_come_back_from_rounded_minutes_and_hours(seconds: int) -> None:
    decimals = DIALECTS["people"].decimals
    assert round(round(seconds / 60, decimals) * 60) == seconds
    assert round(round(seconds / 3600, decimals) * 3600) == seconds


def test_people_get_a_mark_and_crlf_and_quotes(table: Table, tmp_path: Path) -> None:
    data = table.to_csv(tmp_path / "usage.csv").read_bytes()
    assert data.startswith(b'\xef\xbb\xbf"meeting_id"')
    assert data.endswith(b"\r\n")
    assert not table.to_csv(tmp_path / "m.csv", dialect="machine").read_bytes().startswith(b"\xef")


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_reading_back_gives_types_and_values(table: Table, dialect: Dialect, tmp_path: Path) -> None:
    frame = read_csv(table.to_csv(tmp_path / "usage.csv", dialect=dialect, show_phones=True))
    assert [str(kind) for kind in frame.dtypes] == [
        "string",
        "string",
        "string",
        "Float64",
        "decimal128(38, 18)[pyarrow]",
        "datetime64[us, Asia/Shanghai]",
        "date32[day][pyarrow]",
        "boolean",
        "Int64",
    ]
    assert frame["meeting_id"].tolist() == ["00123", "+12345", "12345678901234567890123456789"]
    assert frame["creator"][1] == "+86 138-1234-5678"
    assert frame["name"].tolist() == ["=1+1", "13812345678的<b>会议</b>", "\ta\r\nb\"c'"]
    assert frame["cost"][1] == Decimal("12345678901234567.123")
    assert frame["started_at"][0] == pd.Timestamp("2026-01-01", tz="Asia/Shanghai")
    assert frame["n"][1] == 2**60
    assert frame.loc[2].isna().sum() == 7


@pytest.mark.slow
@pytest.mark.parametrize("dialect", sorted(DIALECTS))
@given(values=st.lists(st.none() | st.text(min_size=1), max_size=5))
@example(
    values=[
        "=1+1",
        "'=1",
        "''=1",
        "+8613812345678",
        "\r\n",
        "\x00=",
        "　＝1",
        "\ufeff@x",
        '"',
        "'",
        "a\x00b",
        "\r",
        "￥",
        "\ue5e5",
        "𠮷",
        "€",
        "\ufffe",
    ]
)
def test_any_text_survives(dialect: Dialect, values: list[str | None]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = words(values).to_csv(Path(folder) / "words.csv", dialect=dialect)
        assert read_csv(path)["word"].astype(object).where(lambda column: column.notna(), None).tolist() == values


@given(st.text())
def test_escaping_is_reversible_and_leaves_no_formula(text: str) -> None:
    escaped = escape(text)
    assert unescape(escaped) == text
    assert escaped.strip()[:1] not in tuple("=+-@＝＋－＠") or not escaped.strip()
    assert escaped[:1] not in ("\t", "\r", "\n")


@pytest.mark.parametrize(
    "text",
    [
        "=1",
        "+1",
        "-1",
        "@a",
        "\ta",
        "\ra",
        "\na",
        "  =1",
        "　＝1",
        "\u00a0+1",
        "\ufeff-1",
        "\x00=1",
        "＋86",
        "+86 138-1234",
        "+8613812345678x",
        "'=1",
    ],
)
def test_what_a_spreadsheet_would_run_is_escaped(text: str) -> None:
    assert escape(text) == f"'{text}"


def test_bare_numbers_of_declared_columns_stay_as_they_are() -> None:
    assert escape("+8613812345678", is_number=True) == "+8613812345678"
    assert escape("+86138", is_number=True) == "+86138"
    assert escape("+8613812345678", is_number=False) == "'+8613812345678"
    assert escape("-12345", is_number=True) == "'-12345"


def test_a_file_that_is_not_what_was_meant_names_the_cell(tmp_path: Path) -> None:
    table = words(["a", "b"]).masked()
    path = table.to_csv(tmp_path / "words.csv")
    path.write_bytes(path.read_bytes().replace(b'"b"', b'"c"'))
    with pytest.raises(FileDiffersError, match=r"line 3 · word.*'c' ≠ 'b'"):
        compare(table, path, "utf-8-sig")
    path.write_bytes(path.read_bytes().replace(b'"c"\r\n', b""))
    with pytest.raises(FileDiffersError, match="number of rows"):
        compare(table, path, "utf-8-sig")


def test_a_damaged_write_is_not_kept(table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "usage.csv").write_text("what was there", encoding="utf-8")
    monkeypatch.setattr("ytxdata.tables.csv.escape", lambda text, **_: text + "!")
    with pytest.raises(FileDiffersError):
        table.to_csv(tmp_path / "usage.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["usage.csv"]
    assert (tmp_path / "usage.csv").read_text(encoding="utf-8") == "what was there"
    table.to_csv(tmp_path / "usage.csv", check=False)


def test_every_engine_gives_the_same_file(tmp_path: Path) -> None:
    frame = pd.DataFrame({"period": ["2026-01"], "meetings": [3], "at": pd.to_datetime(["2026-01-01T00:00Z"])})
    frames = [
        frame,
        pl.from_pandas(frame),
        pl.from_pandas(frame).lazy(),
        pa.Table.from_pandas(frame),
        duckdb.from_df(frame),
    ]
    files = [
        Table(frame=one, name="usage", title=Text("用量", "Usage")).to_csv(tmp_path / f"{n}.csv").read_bytes()
        for n, one in enumerate(frames)
    ]
    assert set(files) == {b'\xef\xbb\xbf"period","meetings","at"\r\n"2026-01","3","2026-01-01 08:00:00"\r\n'}


def test_empty_table_has_its_header(table: Table, tmp_path: Path) -> None:
    path = replace(table, frame=table.frame.slice(0, 0)).to_csv(tmp_path / "usage.csv")
    assert len(path.read_text(encoding="utf-8-sig").splitlines()) == 1
    assert str(read_csv(path).dtypes["started_at"]) == "datetime64[us, Asia/Shanghai]"


def test_lists_categories_and_naive_times(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "kind": pd.Categorical(["a"]),
            "all": [["x", "=y"]],
            "at": [pd.Timestamp("2026-01-01 08:00")],
            "f": [float("nan")],
        }
    )
    text = (
        Table(frame=frame, name="odd", title=Text("", ""))
        .to_csv(tmp_path / "odd.csv", dialect="machine")
        .read_text(encoding="utf-8")
    )
    assert text.splitlines()[1] == '"a","[""x"", ""=y""]","2026-01-01 08:00:00",""'


def test_mixed_column_is_refused() -> None:
    frame = pd.DataFrame({"mixed": pd.Series(["a", 1], dtype=object)})
    with pytest.raises(UsageError, match="cannot be written"):
        Table(frame=frame, name="mixed", title=Text("", "")).masked()


def test_reading_refuses_a_cell_that_is_not_of_its_type(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("n\n1\nx\n", encoding="utf-8")
    with pytest.raises(UsageError, match="line 3, column n"):
        read_csv(path, types={"n": "integer"})
    with pytest.raises(UsageError, match="there is no such file"):
        read_csv(tmp_path / "none.csv")


def test_reading_finds_the_encoding_and_keeps_zeros(tmp_path: Path) -> None:
    path = tmp_path / "old.csv"
    path.write_bytes("号码,名称\n01012345678,周会\n".encode("gb18030"))
    assert read_csv(path).to_numpy().tolist() == [["01012345678", "周会"]]


def test_unknown_dialect_and_unwritable_path(table: Table, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="people, machine, gb18030"):
        table.to_csv(tmp_path / "a.csv", dialect="excel")  # type: ignore[arg-type]
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be written"):
        table.to_csv(tmp_path / "file" / "a.csv")


def test_long_cells(tmp_path: Path) -> None:
    path = words(["x" * 300_000]).to_csv(tmp_path / "long.csv")
    assert len(read_csv(path)["word"][0]) == 300_000


def test_other_readers_see_plain_csv(table: Table, tmp_path: Path) -> None:
    path = table.to_csv(tmp_path / "usage.csv", dialect="machine")
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert len(rows) == 4
    assert {len(row) for row in rows} == {9}
    assert pl.read_csv(path, infer_schema=False).height == 3
    assert datetime.fromisoformat(rows[1][5]).replace(tzinfo=UTC).year == 2026
