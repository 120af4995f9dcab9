"""Reading a witness: an invoice, a list exported from the console, or call records, as CSV, XLSX or JSON."""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast
from zipfile import BadZipFile

import msgspec

from ytxdata.errors import UsageError, require_extra
from ytxdata.files import require_file
from ytxdata.history.proof.witness import KINDS, Aside, Totals, Witness, WitnessLine
from ytxdata.labels import Text
from ytxdata.phones import normalize
from ytxdata.records.schema import Kind as ValueKind
from ytxdata.records.values import SCIENTIFIC, convert, exact
from ytxdata.times import beijing_text, parse_instant

COLUMNS: Mapping[str, tuple[ValueKind, tuple[str, ...]]] = {
    "meeting_id": ("text", ("meetingid", "meid", "confid", "conferenceid", "requestid", "会议编号", "会议号", "会议id", "会议室编号")),
    "number": ("phone", ("called", "number", "phone", "callee", "被叫", "被叫号码", "号码", "参会号码", "电话")),
    "started_at": ("instant", ("startedat", "starttime", "start", "begintime", "calledstime", "joinedat", "开始时间", "会议开始时间", "接通时间", "加入时间")),
    "ended_at": ("instant", ("endedat", "endtime", "end", "calledetime", "leftat", "结束时间", "会议结束时间", "挂断时间", "离开时间")),
    "duration_s": ("seconds", ("durations", "duration", "seconds", "时长", "时长秒", "通话时长", "计费时长")),
    "amount_yuan": ("money", ("amountyuan", "amount", "oriamount", "cost", "fee", "金额", "金额元", "费用", "费用元")),
}  # fmt: skip
"""Our name → what it holds, and what it may be called; compared without case, blanks and punctuation."""

_JSON_TOTALS = {
    "lines": ("total", "totalcount", "count", "总数"),
    "seconds": ("totalduration", "totalseconds"),
    "yuan": ("totalamount", "totalfee"),
}
_NOISE = re.compile(r"[\s_\-()（）\[\]/:：]+")
_DATE_ONLY = re.compile(r"\s*\d{4}[-/.年]?\d{1,2}[-/.月]?\d{1,2}日?\s*(00:00(:00)?)?\s*")

_PAGE = r"(?P<page>[本每]页|page)"
_SPAN = r"本[月期]|当月|全[月部]|(?:\d{4}年)?\d{1,2}月份?|grand"
_SUBTOTAL = r"(?P<part>小\s*计|sub[-\s]?total\b)"
_SUM = r"[合总共]\s*计|(?:total|sum)\b"
_UNITS = r"场次?|人?次|行数?|条数?|笔数?|秒数?|元|金额|费用|时长|数量|amount|cost|fee|duration|seconds|lines|of|for"
_BEHIND = rf"[\d:：(（\[【=,，、。;；/]|(?:{_UNITS})\b"
_TOTAL = re.compile(rf"(?:{_PAGE}|{_SPAN})?\s*(?:{_SUBTOTAL}|{_SUM})\s*(?:(?:{_BEHIND}).*)?", re.IGNORECASE | re.DOTALL)
"""A total as people write it; 合计划 and Total Energies are names."""

_NOTE_WORDS = "制表|制单|填表|填报|打印|导出|审核|复核|核对|批准|经办|备注|说明|注|prepared by|printed|approved by|note"
_NOTE = re.compile(rf"\s*(?:{_NOTE_WORDS})[^:：]*[:：].*", re.IGNORECASE | re.DOTALL)
_LABELLED = re.compile(r"(?=[^:：]*[\u4e00-\u9fff\s])[^:：]*[:：].*", re.DOTALL)
"""What no id looks like: a word or several, and what they announce."""
_A_COUNT = re.compile(r"\d{1,6}\s*[场次行条笔]?")
MOST_TITLES = 5
"""Below how many lines a header is looked for: titles, and blank lines, may stand above it."""

NoMeeting = Literal["total", "subtotal", "footer"]


class RawList(NamedTuple):
    """Cells of a list by the names of their columns, the number of each line, and what the list says of itself."""

    rows: Sequence[Mapping[str, Any]]
    totals: Mapping[str, Any]
    numbers: Sequence[int]
    header: Sequence[str]


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
    sheet = _sheet(raw, name, columns or {})
    called = _called(sheet.header, columns or {})
    if sheet.rows and not _is_enough(called):
        found = "、".join(filter(None, sheet.header)), ", ".join(filter(None, sheet.header))
        why = Text("没有会议编号，也没有号码和开始时间", "it has no id, and no number with a start")
        raise _unreadable(name, Text(f"{why.zh}；列名是 {found[0]}", f"{why.en}; its columns are {found[1]}"))
    lines, aside, total = _lines(sheet, called)
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
        totals=totals or _totals(total or sheet.totals, called),
        aside=aside,
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


def _sheet(raw: bytes, name: str, columns: Mapping[str, str]) -> RawList:
    head = raw.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    try:
        if raw[:4] == b"PK\x03\x04":
            return _of_grid(_xlsx(raw), columns)
        if head in (b"{", b"["):
            return _json(raw)
        return _of_grid(_csv(raw), columns)
    except (ValueError, KeyError, OSError, BadZipFile, csv.Error) as error:
        raise _unreadable(name, Text(str(error), str(error))) from None


def _unreadable(name: str, why: Text) -> UsageError:
    return UsageError(
        Text(f"清单 {name} 无法读取：{why.zh}", f"the list {name} cannot be read: {why.en}"),
        remedy=Text(
            "请给出 CSV、XLSX 或 JSON，第一行为列名（会议编号，或号码与开始时间）；在 Python 里可用 columns= 指明",
            "give CSV, XLSX or JSON whose first line names the columns (an id, or a number and a start); "
            "in Python, columns= says which they are",
        ),
    )


def _json(raw: bytes) -> RawList:
    body = msgspec.json.decode(raw.lstrip(b"\xef\xbb\xbf"))
    rows = body if isinstance(body, list) else next((one for one in body.values() if isinstance(one, list)), None)
    if rows is None or not all(isinstance(one, dict) for one in rows):
        raise ValueError("no list of objects")
    header = list(dict.fromkeys(str(name) for row in rows for name in row))
    return RawList(rows, body if isinstance(body, dict) else {}, range(1, len(rows) + 1), header)


def _csv(raw: bytes) -> list[tuple[int, Sequence[Any]]]:
    text = next(
        text for encoding in ("utf-8-sig", "gb18030", "utf-16") if (text := _decoded(raw, encoding)) is not None
    )
    rows = csv.reader(StringIO(text), delimiter=delimiter_of(text))
    return [(rows.line_num - sum(cell.count("\n") for cell in row), row) for row in rows]


def _decoded(raw: bytes, encoding: str) -> str | None:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff") and encoding != "utf-16":
        return None
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return None if encoding != "utf-16" else raw.decode("latin-1")


def _xlsx(raw: bytes) -> list[tuple[int, Sequence[Any]]]:
    require_extra("xlsx")
    from openpyxl import load_workbook

    sheet = load_workbook(BytesIO(raw), read_only=True, data_only=True).worksheets[0]
    return [(n, [_text(cell) for cell in row]) for n, row in enumerate(sheet.iter_rows(values_only=True), 1)]


def _text(cell: object) -> object:
    """Return a cell as a text that says the same: a time without zone is Beijing's, a whole number has no point."""
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:  # beyond, its last digits are lost
        return str(int(cell))
    return "" if cell is None else str(cell)


def _of_grid(grid: Iterable[tuple[int, Sequence[Any]]], columns: Mapping[str, str]) -> RawList:
    filled = [(n, [str(cell).strip() for cell in row]) for n, row in grid]
    filled = [(n, row) for n, row in filled if any(row)]
    if not filled:
        raise ValueError("empty")
    at = header_place([row for _, row in filled], lambda row: _is_enough(_called(row, columns)))
    header, body = filled[at][1], filled[at + 1 :]
    return RawList([dict(zip(header, row, strict=False)) for _, row in body], {}, [n for n, _ in body], header)


def delimiter_of(text: str) -> str:
    """Return what parts the cells of a CSV: comma, tab or semicolon, by its first line that has any."""
    above = text.split("\n", MOST_TITLES + 1)[: MOST_TITLES + 1]
    first = next((line for line in above if set(line) & set(",\t;")), "")
    return max(",\t;", key=first.count)


def header_place(rows: Sequence[Sequence[str]], names_columns: Callable[[Sequence[str]], bool]) -> int:
    """Return which of the first rows is the header: above it stand only titles, which fill one cell at most."""
    for place, row in enumerate(rows[: MOST_TITLES + 1]):
        if names_columns(row):
            return place
        if sum(cell.strip() != "" for cell in row) > 1:
            break
    return 0


def is_total(cell: str) -> bool:
    """Say whether a line that begins with this cell is a list's own total or subtotal.

    Examples
    --------
    >>> [is_total(cell) for cell in ("合计", "本页小计：", "合计 85 场", "Total (yuan)", "合计划组", "Total Energies")]
    [True, True, True, True, False, False]
    """
    return _TOTAL.fullmatch(cell.strip()) is not None


def no_meeting(cell: str, told: Mapping[str, str]) -> NoMeeting | None:
    """Return what a line is that is no meeting; None where it may be one.

    Parameters
    ----------
    cell
        Its id, or whatever it begins with.
    told
        What it says under the list's columns `started_at`, `ended_at`, `duration_s`, `amount_yuan`, as far as there
        are such columns. A line with a time and a duration or an amount is a meeting, whatever it is called.
    """
    total = _TOTAL.fullmatch(cell.strip())
    # Of a list of nothing but ids, every line lacks all else: only what notes usually begin with is one.
    is_note = (_LABELLED if told else _NOTE).fullmatch(cell) is not None
    if total is None and not is_note:
        return None
    is_timed = any(parse_instant(told.get(name, "").strip()) for name in ("started_at", "ended_at"))
    is_counted = any(_holds_a_number(told.get(name, "")) for name in ("duration_s", "amount_yuan"))
    if is_timed and is_counted:
        return None
    if total:
        return "subtotal" if total["page"] or total["part"] else "total"
    return None if is_timed or is_counted else "footer"


def _holds_a_number(cell: str) -> bool:
    # the foot of a sheet says who printed it when in whatever column there is room
    is_day = re.search(r"[-/年]", cell) is not None and parse_instant(cell.strip()) is not None
    return re.search(r"\d", cell) is not None and not is_day and _LABELLED.fullmatch(cell) is None


def _key(name: str) -> str:
    return _NOISE.sub("", name).casefold()


def _called(header: Iterable[str], columns: Mapping[str, str]) -> dict[str, str]:
    """Return our name → what the list calls it, of each of our columns that it has."""
    theirs = {_key(one): one for one in header}
    wanted = {
        ours: (_key(columns[ours]),) if ours in columns else (_key(ours), *aliases)
        for ours, (_, aliases) in COLUMNS.items()
    }
    found = {ours: next((theirs[one] for one in names if one in theirs), None) for ours, names in wanted.items()}
    return {ours: name for ours, name in found.items() if name is not None}


def _is_enough(called: Mapping[str, str]) -> bool:
    return "meeting_id" in called or {"number", "started_at"} <= called.keys()


def _plain(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()


def _lines(
    sheet: RawList, called: Mapping[str, str]
) -> tuple[tuple[WitnessLine, ...], tuple[Aside, ...], Mapping[str, Any] | None]:
    """Return the lines, those that are held against nothing, and the list's own total, the last where it has several."""
    lines: list[WitnessLine] = []
    aside: list[Aside] = []
    total = None
    told = {ours: [_plain(row.get(theirs)) for row in sheet.rows] for ours, theirs in called.items()}
    cells = {ours: _read(ours, texts) for ours, texts in told.items()}
    for n, (number, row) in enumerate(zip(sheet.numbers, sheet.rows, strict=True)):
        texts = {ours: one[n] for ours, one in told.items()}
        line, lost = _line(number, {ours: one[n] for ours, one in cells.items()})
        own = texts.pop("meeting_id", "")
        texts.pop("number", None)
        first = next(filter(None, map(_plain, row.values())), "")
        is_counted = is_total(first) and _A_COUNT.fullmatch(own)  # of a total, how many stands under the ids
        what = no_meeting(first if is_counted or not own else own, texts)
        why = what or _unread(line, lost)
        total = row if what == "total" else total
        if why is None:
            lines.append(line)
        else:
            aside.append(Aside(line, why))
    return tuple(lines), tuple(aside), total


def _read(ours: str, texts: Sequence[str]) -> list[Any]:
    is_instant = ours in ("started_at", "ended_at")  # a day is no instant
    given = [None if not one or (is_instant and _DATE_ONLY.fullmatch(one)) else one for one in texts]
    return cast("list[Any]", convert(COLUMNS[ours][0], given).array.to_pylist())


def _line(number: int, said: dict[str, Any]) -> tuple[WitnessLine, Text | None]:
    """Return a line, and why its id or number is not what it was meant to be, where it is not."""
    meant = {name: exact(said[name]) for name in ("meeting_id", "number") if said.get(name)}
    lost = {name: why for name, why in meant.items() if isinstance(why, Text)}
    said |= {name: one for name, one in meant.items() if name not in lost}
    said["number"] = normalize(said["number"]) if said.get("number") and "number" not in lost else None
    is_known = "meeting_id" not in lost and said.get("meeting_id")
    return WitnessLine(number, **said), None if is_known else next(iter(lost.values()), None)


def _unread(line: WitnessLine, lost: Text | None) -> str | None:
    """Return why nobody knows which meeting a line means, nor whose connection when; None where somebody does."""
    if line.number is not None and line.started_at is not None:
        return None
    if lost:
        return "scientific" if lost == SCIENTIFIC else "formula"
    return "no_id" if line.meeting_id is None else None


def _totals(said: Mapping[str, Any], called: Mapping[str, str]) -> Totals:
    """Return what a list says of itself: beside a JSON list by these names, in a last line under the list's own columns."""
    named = {_key(str(name)): value for name, value in said.items() if not isinstance(value, list | dict)}

    def found(ours: str, names: Iterable[str]) -> list[Any]:
        own = [called[ours]] if ours in called else []
        return [named.get(_key(one)) for one in (*names, *own, *COLUMNS[ours][1])]

    lines = [named.get(one) for one in _JSON_TOTALS["lines"]]
    seconds, yuan = found("duration_s", _JSON_TOTALS["seconds"]), found("amount_yuan", _JSON_TOTALS["yuan"])
    return Totals(_whole(lines), _whole(seconds), _money(yuan))


def _whole(values: Iterable[Any]) -> int | None:
    texts = [str(one) for one in values if one not in (None, "")]
    found = convert("seconds", texts[:1]).array.to_pylist() if texts else [None]
    return cast("int | None", found[0])


def _money(values: Iterable[Any]) -> Decimal | None:
    texts = [str(one) for one in values if one not in (None, "")]
    found = convert("money", texts[:1]).array.to_pylist() if texts else [None]
    return cast("Decimal | None", found[0])
