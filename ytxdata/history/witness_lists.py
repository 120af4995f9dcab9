"""Reading a witness: an invoice, a list exported from the console, or call records, as CSV, XLSX or JSON."""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any, NamedTuple, cast
from zipfile import BadZipFile

import msgspec

from ytxdata.errors import UsageError, require_extra
from ytxdata.files import require_file
from ytxdata.history.proof.witness import KINDS, Totals, Witness, WitnessLine
from ytxdata.labels import Text
from ytxdata.phones import normalize
from ytxdata.records.schema import Kind as ValueKind
from ytxdata.records.values import convert
from ytxdata.times import beijing_text

COLUMNS: Mapping[str, tuple[ValueKind, tuple[str, ...]]] = {
    "meeting_id": ("text", ("meetingid", "meid", "confid", "conferenceid", "requestid", "会议编号", "会议号", "会议id", "会议室编号")),
    "number": ("phone", ("called", "number", "phone", "callee", "被叫", "被叫号码", "号码", "参会号码", "电话")),
    "started_at": ("instant", ("startedat", "starttime", "start", "begintime", "calledstime", "joinedat", "开始时间", "会议开始时间", "接通时间", "加入时间")),
    "ended_at": ("instant", ("endedat", "endtime", "end", "calledetime", "leftat", "结束时间", "会议结束时间", "挂断时间", "离开时间")),
    "duration_s": ("seconds", ("durations", "duration", "seconds", "时长", "时长秒", "通话时长", "计费时长")),
    "amount_yuan": ("money", ("amountyuan", "amount", "oriamount", "cost", "fee", "金额", "金额元", "费用", "费用元")),
}  # fmt: skip
"""Our name → what it holds, and what it may be called; compared without case, blanks and punctuation."""

TOTAL = ("合计", "总计", "total", "sum")
"""What the last line of a sheet begins with when it is the list's own total."""

_JSON_TOTALS = {
    "lines": ("total", "totalcount", "count", "总数"),
    "seconds": ("totalduration", "totalseconds"),
    "yuan": ("totalamount", "totalfee"),
}
_NOISE = re.compile(r"[\s_\-()（）\[\]/:：]+")
_DATE_ONLY = re.compile(r"\s*\d{4}[-/.年]?\d{1,2}[-/.月]?\d{1,2}日?\s*(00:00(:00)?)?\s*")


class RawList(NamedTuple):
    """Cells of a list as texts by the names of their columns, and what the list says of itself."""

    rows: Sequence[Mapping[str, Any]]
    totals: Mapping[str, Any]
    first_line: int


def read_witness(
    raw: bytes,
    name: str,
    kind: str,
    start: datetime,
    end: datetime,
    *,
    columns: Mapping[str, str] | None = None,
    totals: Totals | None = None,
    number_class: str | None = None,
) -> Witness:
    """Read a list of what took place.

    Parameters
    ----------
    raw, name
        The file, as it is, and what it is called.
    kind
        `invoice`, `console` or `cdr` (the platform's call records).
    start, end
        The period that it covers, `[start, end)`.
    columns
        Our name → what the column is called in it.
    totals
        What it says of itself; read from its last line (合计, total) or from beside the list when not given.
    number_class
        Where it covers connections of one class of numbers only.

    Raises
    ------
    UsageError
        The kind is unknown; the file cannot be read, has neither an id nor a number with an instant, or has lines
        outside the period.
    MissingExtraError
        It is an XLSX file and the extra `xlsx` is not installed.
    """
    if kind not in KINDS:
        raise UsageError(
            Text(f"不认识的清单种类：{kind}", f"no such kind of witness: {kind}"),
            remedy=Text("请用 " + "、".join(KINDS), "use one of " + ", ".join(KINDS)),
        )
    sheet = _sheet(raw, name)
    cells = _cells(sheet, columns or {}, name)
    lines, n_unread = _lines(cells, sheet.first_line)
    instants = [one.started_at for one in lines if one.started_at is not None]
    outside = [one.line for one in lines if one.started_at is not None and not start <= one.started_at < end]
    if outside:
        first, last = beijing_text(min(instants)), beijing_text(max(instants))
        asked = f"--from {first[:10]} --to {beijing_text(max(instants) + timedelta(days=1))[:10]}"
        raise UsageError(
            Text(
                f"清单 {name} 有 {len(outside)} 行不在所给时段内，例如第 {outside[0]} 行；清单从 {first} 到 {last}",
                f"{len(outside)} lines of the list {name} are outside the period given, line {outside[0]} for one; "
                f"it runs from {first} to {last}",
            ),
            remedy=Text(
                f"请给出清单实际涵盖的时段（start、end，命令行如 {asked}，北京时间，不含末日）",
                f"give the period that the list covers (start, end; on the command line {asked}, without the last day)",
            ),
        )
    return Witness(
        name=name,
        kind=kind,
        sha256=hashlib.sha256(raw).hexdigest(),
        start=start,
        end=end,
        lines=lines,
        totals=totals or _totals(sheet.totals),
        n_unread=n_unread,
        number_class=number_class,
    )


def read_list(path: Path) -> bytes:
    """Return what a file holds.

    Raises
    ------
    UsageError
        It cannot be opened.
    """
    require_file(path)
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(Text(f"无法读取 {path}：{error.strerror}", f"cannot read {path}: {error.strerror}")) from None


def _sheet(raw: bytes, name: str) -> RawList:
    head = raw.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    try:
        if raw[:4] == b"PK\x03\x04":
            return _of_grid(_xlsx(raw))
        if head in (b"{", b"["):
            return _json(raw)
        return _of_grid(_csv(raw))
    except (ValueError, KeyError, OSError, BadZipFile, csv.Error) as error:
        raise _unreadable(name, Text(str(error), str(error))) from None


def _unreadable(name: str, why: Text) -> UsageError:
    return UsageError(
        Text(f"清单 {name} 无法读取：{why.zh}", f"the list {name} cannot be read: {why.en}"),
        remedy=Text(
            "请给出 CSV、XLSX 或 JSON，第一行为列名（会议编号，或号码与开始时间）",
            "give CSV, XLSX or JSON whose first line names the columns (an id, or a number and a start)",
        ),
    )


def _json(raw: bytes) -> RawList:
    body = msgspec.json.decode(raw.lstrip(b"\xef\xbb\xbf"))
    rows = body if isinstance(body, list) else next((one for one in body.values() if isinstance(one, list)), None)
    if rows is None or not all(isinstance(one, dict) for one in rows):
        raise ValueError("no list of objects")
    return RawList(rows, body if isinstance(body, dict) else {}, 1)


def _csv(raw: bytes) -> list[list[Any]]:
    text = next(
        text for encoding in ("utf-8-sig", "gb18030", "utf-16") if (text := _decoded(raw, encoding)) is not None
    )
    first = text.split("\n", 1)[0]
    return list(csv.reader(StringIO(text), delimiter=max(",\t;", key=first.count)))


def _decoded(raw: bytes, encoding: str) -> str | None:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff") and encoding != "utf-16":
        return None
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return None if encoding != "utf-16" else raw.decode("latin-1")


def _xlsx(raw: bytes) -> list[list[Any]]:
    require_extra("xlsx")
    from openpyxl import load_workbook

    sheet = load_workbook(BytesIO(raw), read_only=True, data_only=True).worksheets[0]
    return [[_text(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]


def _text(cell: object) -> object:
    """Return a cell as a text that says the same: a time without zone is Beijing's, a whole number has no point."""
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell)


def _of_grid(grid: Iterable[Sequence[Any]]) -> RawList:
    filled = [(n, [str(cell).strip() for cell in row]) for n, row in enumerate(grid, 1)]
    filled = [(n, row) for n, row in filled if any(row)]
    if not filled:
        raise ValueError("empty")
    first, header = filled[0]
    body = [dict(zip(header, row, strict=False)) for _, row in filled[1:]]
    if body and is_total(filled[-1][1][0]):
        return RawList(body[:-1], body[-1], first + 1)
    return RawList(body, {}, first + 1)


def is_total(cell: str) -> bool:
    """Say whether a line that begins with this cell is a list's own total."""
    return cell.strip().casefold().rstrip(":：") in TOTAL


def _key(name: str) -> str:
    return _NOISE.sub("", name).casefold()


def _cells(sheet: RawList, columns: Mapping[str, str], name: str) -> dict[str, list[Any]]:
    """Return the cells of each of our columns that the list has."""
    called = {_key(one): one for row in sheet.rows[:100] for one in row}
    found: dict[str, list[Any]] = {}
    for ours, (kind, aliases) in COLUMNS.items():
        theirs = columns.get(ours) or next((called[one] for one in (_key(ours), *aliases) if one in called), None)
        if theirs is None:
            continue
        texts = [None if row.get(theirs) in (None, "") else str(row[theirs]) for row in sheet.rows]
        if ours in ("started_at", "ended_at"):  # a day is no instant
            texts = [None if text and _DATE_ONLY.fullmatch(text) else text for text in texts]
        found[ours] = convert(kind, texts).array.to_pylist()
    if sheet.rows and not ("meeting_id" in found or {"number", "started_at"} <= set(found)):
        raise _unreadable(name, Text("没有会议编号，也没有号码和开始时间", "it has no id, and no number with a start"))
    return found


def _lines(cells: Mapping[str, Sequence[Any]], first: int) -> tuple[tuple[WitnessLine, ...], int]:
    """Return the lines, and how many say neither which meeting nor whose connection when."""
    lines, n_unread = [], 0
    for n in range(max((len(one) for one in cells.values()), default=0)):
        said = {name: values[n] for name, values in cells.items()}
        said["number"] = normalize(said["number"]) if said.get("number") else None
        line = WitnessLine(first + n, **said)
        if line.meeting_id is None and (line.number is None or line.started_at is None):
            n_unread += 1
        else:
            lines.append(line)
    return tuple(lines), n_unread


def _totals(said: Mapping[str, Any]) -> Totals:
    """Return what a list says of itself: beside a JSON list by these names, in a last line under the list's own columns."""
    named = {_key(str(name)): value for name, value in said.items() if not isinstance(value, list | dict)}
    seconds = [named.get(one) for one in (*_JSON_TOTALS["seconds"], *map(_key, COLUMNS["duration_s"][1]))]
    yuan = [named.get(one) for one in (*_JSON_TOTALS["yuan"], *map(_key, COLUMNS["amount_yuan"][1]))]
    lines = [named.get(one) for one in _JSON_TOTALS["lines"]]
    return Totals(_whole(lines), _whole(seconds), _money(yuan))


def _whole(values: Iterable[Any]) -> int | None:
    texts = [str(one) for one in values if one not in (None, "")]
    found = convert("seconds", texts[:1]).array.to_pylist() if texts else [None]
    return cast("int | None", found[0])


def _money(values: Iterable[Any]) -> Decimal | None:
    texts = [str(one) for one in values if one not in (None, "")]
    found = convert("money", texts[:1]).array.to_pylist() if texts else [None]
    return cast("Decimal | None", found[0])
