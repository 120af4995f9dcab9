"""A file that came from elsewhere, checked against the description that lies beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ytxdata.errors import DamagedError, UsageError
from ytxdata.files import sha256_of
from ytxdata.labels import Text, in_lines
from ytxdata.tables.csv import parse_cell, read_rows
from ytxdata.tables.described import SUFFIX, about_path
from ytxdata.times import beijing_text

NO_SEAL = Text(
    "说明文件不是签名：能改文件的人也能改它。请与制作时存放在别处的 SHA-256 核对，或索取证据包（ytxdata pack）",
    "the description is no seal: who can change the file can change it too. Compare the SHA-256 with one kept elsewhere, or ask for an evidence pack (ytxdata pack)",
)


_CHANGED = Text(
    "索取原件；用 Excel 打开并保存过的文件也会改变", "ask for the original; a file that Excel has saved is changed, too"
)


def verify_file(path: str | Path) -> list[Text]:
    """Check a CSV or a workbook against its `.about.json`: its bytes; of a CSV also rows, columns, and that every
    cell is of its type, of Parquet its columns and rows.

    A workbook is not opened: its checksum alone says whether it is the one described.

    Parameters
    ----------
    path
        The file, or its description.

    Returns
    -------
    list of Text
        What was checked, a line each.

    Raises
    ------
    DamagedError
        The file is not the one that was described; the message says what differs.
    UsageError
        There is no such file, or no description beside it.
    """
    file, told = _described(Path(path))
    try:
        found, meant = sha256_of(file), told.get("sha256")
        differences = list(_differences(file, told)) if "columns" in told else []
        lines = list(_lines(file, told, found))
    except (AttributeError, LookupError, TypeError, ValueError):
        raise _unsound(about_path(file)) from None
    if meant not in (None, found):
        differences.append(Text(f"SHA-256 为 {found}，应为 {meant}", f"SHA-256 is {found}, should be {meant}"))
    if differences:
        raise DamagedError(
            Text(
                f"{file} 与其说明不符：\n  " + "\n  ".join(one.zh for one in differences),
                f"{file} is not as described:\n  " + "\n  ".join(one.en for one in differences),
            ),
            remedy=_CHANGED,
        )
    return lines


def verify_folder(folder: str | Path) -> list[Text]:
    """Check every described file of a folder, as `verify_file` does; return a line for each, and for each table or
    page that nothing is said of.

    Raises
    ------
    DamagedError
        Some are not as described; the message says which, and what differs.
    UsageError
        A file that is described is not there.
    """
    lines, damaged = [], []
    described = sorted(Path(folder).glob(f"*{SUFFIX}"))
    for beside in described:
        try:
            lines.append(verify_file(beside)[0])
        except DamagedError as error:
            damaged.append(error.cause)
    if damaged:
        raise DamagedError(in_lines(damaged), remedy=_CHANGED)
    files = (path for path in sorted(Path(folder).iterdir()) if path.suffix in (".csv", ".xlsx", ".html", ".parquet"))
    alone = [path for path in files if about_path(path) not in described]
    return lines + [Text(f"{path}：没有说明，未核对", f"{path}: not described, not checked") for path in alone]


def _unsound(beside: Path) -> DamagedError:
    return DamagedError(
        Text(f"{beside} 不是完好的说明文件", f"{beside} is no sound description"),
        remedy=Text("索取原件", "ask for the original"),
    )


def _described(path: Path) -> tuple[Path, dict[str, Any]]:
    """Return the file and what is said of it."""
    beside = path if path.name.endswith(SUFFIX) else about_path(path)
    try:
        told = json.loads(beside.read_text(encoding="utf-8"))
        file = _file_of(path, told["file"]) if beside == path else path
        if "columns" not in told and not {"sheets", "sha256"} <= set(told):
            raise KeyError
    except OSError:
        raise UsageError(
            Text(f"{path} 旁边没有说明文件 {beside.name}", f"there is no description {beside.name} beside {path}"),
            remedy=Text(
                "索取与它同时写出的 .about.json，放在同一目录",
                "ask for the .about.json that was written with it, and put it beside it",
            ),
        ) from None
    except (ValueError, KeyError, TypeError):
        raise _unsound(beside) from None
    if not file.is_file():
        raise UsageError(
            Text(f"没有文件 {file}", f"there is no file {file}"), remedy=Text("检查路径", "check the path")
        )
    return file, told


def _file_of(beside: Path, told: str) -> Path:
    """Return the file that a description lies beside: by its own name, for one copied over another would vouch for that other's file twice, and for this one never."""
    stem = beside.name.removesuffix(SUFFIX)
    return beside.with_name(stem if stem.endswith(".xlsx") else f"{stem}{Path(told).suffix}")


def _differences(file: Path, told: dict[str, Any]) -> Iterator[Text]:
    keys = [column["key"] for column in told["columns"]]
    kinds = [column["type"] for column in told["columns"]]
    if file.suffix == ".parquet":
        yield from _differences_of_parquet(file, keys, told["rows"])
        return
    try:
        lines = read_rows(file, encoding=told.get("encoding"))
        header = next(lines, [])
        if header != keys:
            yield Text(f"表头为 {header}，应为 {keys}", f"its header is {header}, should be {keys}")
            return
        n_rows = 0
        for n_rows, row in enumerate(lines, start=1):
            if (wrong := _wrong_cell(row, keys, kinds)) is not None:
                yield Text(f"第 {n_rows + 1} 行 {wrong}", f"line {n_rows + 1}: {wrong}")
                return
    except UsageError as error:
        yield error.cause
        return
    if n_rows != told["rows"]:
        yield Text(f"有 {n_rows:,} 行，应有 {told['rows']:,} 行", f"rows: {n_rows:,}, should be {told['rows']:,}")


def _differences_of_parquet(file: Path, keys: list[str], n_rows: int) -> Iterator[Text]:
    try:
        footer = pq.read_metadata(file)
    except (OSError, pa.ArrowException) as error:
        yield Text(f"不是完好的 Parquet 文件：{error}", f"it is no sound Parquet file: {error}")
        return
    found = footer.schema.names
    if found != keys:
        yield Text(f"列为 {found}，应为 {keys}", f"its columns are {found}, should be {keys}")
    elif footer.num_rows != n_rows:
        yield Text(f"有 {footer.num_rows:,} 行，应有 {n_rows:,} 行", f"rows: {footer.num_rows:,}, should be {n_rows:,}")


def _wrong_cell(row: list[str], keys: list[str], kinds: list[str]) -> str | None:
    """Return what is wrong in a row, None when every cell is of its column's type."""
    if len(row) != len(keys):
        return f"{len(row)} ≠ {len(keys)}"
    for key, kind, text in zip(keys, kinds, row, strict=True):
        try:
            parse_cell(text, kind)
        except (ArithmeticError, KeyError, ValueError):
            return f"{key}: {text!r} ≠ {kind}"
    return None


def _lines(file: Path, told: dict[str, Any], found: str) -> Iterator[Text]:
    if "sha256" in told:
        yield Text(f"{file}：与其说明一致，SHA-256 {found}", f"{file}: as described, SHA-256 {found}")
    else:
        yield Text(
            f"{file}：行数和类型与其说明一致；说明中没有校验和，SHA-256 为 {found}",
            f"{file}: rows and types as described; the description has no checksum, SHA-256 is {found}",
        )
    if "sheets" in told:
        names = ", ".join(f"{sheet['name']} {sheet['rows']:,}" for sheet in told["sheets"])
        yield Text(f"  各工作表行数：{names}", f"  rows of its sheets: {names}")
    else:
        yield Text(
            f"  {told['title']['zh']}：{told['rows']:,} 行、{len(told['columns'])} 列，每格都符合其类型",
            f"  {told['title']['en']}: {told['rows']:,} rows of {len(told['columns'])} columns, every cell of its type",
        )
    if told.get("completeness"):
        verdict = told["completeness"]
        yield Text(f"  {verdict['verdict']}：{verdict['zh']}", f"  {verdict['verdict']}: {verdict['en']}")
    written = beijing_text(datetime.fromisoformat(told["written_at"]))
    yield Text(
        f"  {written}（北京时间）由 ytxdata {told['version']} 写出",
        f"  written {written} (Beijing time) by ytxdata {told['version']}",
    )
