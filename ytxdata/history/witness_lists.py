"""Reading a witness: an invoice, a list exported from the console, or call records, as CSV, XLSX or JSON."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any, NamedTuple, cast

from ytxdata.errors import MissingExtraError, UsageError
from ytxdata.files import require_file
from ytxdata.history.proof.witness import KINDS, Aside, Totals, Witness, WitnessLine
from ytxdata.labels import Text
from ytxdata.phones import normalize
from ytxdata.records.schema import Kind as ValueKind
from ytxdata.records.values import convert
from ytxdata.spreadsheets import (
    NOTE,
    SCIENTIFIC,
    Grid,
    bare,
    csv_rows,
    exact,
    header_place,
    is_total,
    is_workbook,
    no_meeting,
    xlsx_rows,
)
from ytxdata.times import BEIJING, beijing_text, parse_instant

COLUMNS: Mapping[str, tuple[ValueKind, tuple[str, ...]]] = {
    "meeting_id": ("text", ("meetingid", "meid", "confid", "conferenceid", "requestid", "会议编号", "会议号", "会议id", "会议室编号")),
    "number": ("phone", ("called", "number", "phone", "callee", "被叫", "被叫号码", "号码", "参会号码", "电话")),
    "started_at": ("instant", ("startedat", "starttime", "start", "begintime", "calledstime", "joinedat", "开始时间", "开始时刻", "会议开始时间", "接通时间", "加入时间")),
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
_MEASURES = frozenset(COLUMNS) - {"meeting_id", "number"}
_FIGURE = re.compile(r"[¥￥]?\s*\d[\d,]*(?:\.\d+)?\s*[元秒s]?|\d+:\d\d(?::\d\d)?")
_WORDS = re.compile(r"[\u4e00-\u9fff\s]")
_TICKS = re.compile(r"\d{9,13}")
_OWN_NUMBER = re.compile(r"\d{1,6}")
"""What an index of lines without a name holds."""

_A_COUNT = re.compile(r"\d{1,6}\s*[场次行条笔]?")


class RawList(NamedTuple):
    """Cells of a list by the names of their columns, the number of each line, what the list says of itself, and what of
    it stands in no line.
    """

    rows: Sequence[Mapping[str, Any]]
    totals: Mapping[str, Any]
    numbers: Sequence[int]
    header: Sequence[str]
    aside: Sequence[Aside] = ()


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
        What it says of itself on another page: beside what its last line (合计, total) or its own JSON says.
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
        totals=_totals(total or sheet.totals, called),
        aside=aside,
        number_class=number_class,
        given=totals or Totals(),
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
        if is_workbook(raw):
            return _of_grids(xlsx_rows(raw), columns)
        if head in (b"{", b"["):
            return _json(raw, columns)
        return _of_grids([csv_rows(raw)], columns)
    except MissingExtraError:
        raise
    except UsageError as error:
        raise _unreadable(name, error.cause) from None
    except (ValueError, KeyError, RecursionError, csv.Error) as error:
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


def _json(raw: bytes, columns: Mapping[str, str]) -> RawList:
    body = json.loads(raw.lstrip(b"\xef\xbb\xbf"), object_pairs_hook=_object)
    values: dict[str, Any] = body if isinstance(body, dict) else {"": body}
    lists = [name for name, one in values.items() if isinstance(one, list)]
    chosen = next((name for name in lists if values[name]), next(iter(lists), None))
    rows = values.get(chosen or "")
    if rows is None or not all(isinstance(one, dict) for one in rows):
        raise ValueError("no list of objects")
    header = list(dict.fromkeys(str(name) for row in rows for name in row))
    aside = [
        *(
            _place(n, "list")
            for n, (name, one) in enumerate(values.items(), 1)
            if name != chosen and _holds(one, columns)
        ),
        *(
            _place(n, "column")
            for n in _repeated(header, [[_plain(row.get(one)) for one in header] for row in rows], columns)
        ),
        *(_place(n, "nested") for n, row in enumerate(rows, 1) if _holds_another(row, columns)),
    ]
    return RawList(rows, body if isinstance(body, dict) else {}, range(1, len(rows) + 1), header, aside)


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of which no value is lost: a key that stands twice is one more column of that name."""
    made: dict[str, Any] = {}
    for key, value in pairs:
        n_before = sum(one == key or one.startswith(f"{key}.") for one in made) if key in made else 0
        made[f"{key}.{n_before}" if n_before else key] = value
    return made


def _place(number: int, why: str) -> Aside:
    return Aside(WitnessLine(number), why)


def _within(value: Any) -> Iterator[list[Any] | dict[str, Any]]:
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        with suppress(ValueError):  # a text that is no JSON is a text
            value = json.loads(value)
    if isinstance(value, list | dict):
        yield value
        for one in value.values() if isinstance(value, dict) else value:
            yield from _within(one)


def _holds(value: Any, columns: Mapping[str, str]) -> bool:
    """Say whether what stands beside a list may hold meetings: rows, or an object that looks like one."""
    return any(
        any(isinstance(row, list | dict) and row for row in one)
        if isinstance(one, list)
        else _is_call(_called(one, columns))
        for one in _within(value)
    )


def _holds_another(row: Mapping[str, Any], columns: Mapping[str, str]) -> bool:
    """Say whether a meeting holds another one. Its parties may repeat its id."""
    own = _called(row, columns).get("meeting_id")
    inner = ((one, _called(one, columns)) for cell in row.values() for one in _within(cell) if isinstance(one, dict))
    return any("meeting_id" in told and one[told["meeting_id"]] != row.get(own or "") for one, told in inner)


def _is_call(called: Mapping[str, str]) -> bool:
    return bool({"meeting_id", "number"} & called.keys()) and bool(_MEASURES & called.keys())


def _of_grids(grids: Sequence[Grid], columns: Mapping[str, str]) -> RawList:
    """Read the first worksheet with a header; others are looked at for what may be meetings."""
    filled = [[(n, [str(cell).strip() for cell in row]) for n, row in grid] for grid in grids]
    filled = [[(n, row) for n, row in grid if any(row)] for grid in filled]
    heads = [header_place([row for _, row in grid], lambda row: _is_enough(_called(row, columns))) for grid in filled]
    named = [bool(grid) and _is_enough(_called(grid[at][1], columns)) for grid, at in zip(filled, heads, strict=True)]
    chosen = named.index(True) if any(named) else 0
    if not filled[chosen]:
        raise ValueError("empty")
    sheet = _of_grid(filled[chosen], heads[chosen], columns)
    is_bare = not _MEASURES & _called(sheet.header, columns).keys()
    others = [
        _place(place, "worksheet")
        for place, grid in enumerate(filled, 1)
        if place != chosen + 1 and (grid if is_bare else _may_hold_calls([row for _, row in grid], columns))
    ]
    return sheet._replace(aside=(*others, *sheet.aside))


def _may_hold_calls(rows: Sequence[Sequence[str]], columns: Mapping[str, str]) -> bool:
    """Say whether a worksheet has a header with lines below it, or a line with a time and a figure: a cover has none."""
    return any(_is_enough(_called(row, columns)) for row in rows[:-1]) or any(
        any(not _TICKS.fullmatch(cell) and parse_instant(cell) for cell in row)
        and any(_FIGURE.fullmatch(cell) and not parse_instant(cell) for cell in row)
        for row in rows
    )


def _of_grid(filled: Sequence[tuple[int, Sequence[str]]], at: int, columns: Mapping[str, str]) -> RawList:
    header = list(filled[at][1])
    while header and not header[-1]:
        header.pop()
    # above a list of nothing but ids, one word may be one of them
    titles = ((n, len(header) > 1 or _WORDS.search("".join(row))) for n, row in filled[:at])
    aside = [_place(n, "title" if is_title else "beyond") for n, is_title in titles]
    body: list[tuple[int, Sequence[str]]] = []
    for n, row in filled[at + 1 :]:
        other = _called(row, columns)
        if list(row[: len(header)]) == header and not any(row[len(header) :]):
            aside.append(_place(n, "header"))
        elif len(other) > 1 and _is_enough(other):
            aside.append(_place(n, "table"))
            break
        else:
            body.append((n, row))
            aside += [_place(n, why) for why, is_so in _unread_of(row, header).items() if is_so]
    aside += [_place(n, "column") for n in _repeated(header, [row for _, row in body], columns)]
    return RawList([dict(zip(header, row, strict=False)) for _, row in body], {}, [n for n, _ in body], header, aside)


def _unread_of(row: Sequence[str], header: Sequence[str]) -> dict[str, bool]:
    """Return why some of a line's cells were not read, and whether that is so."""
    first = next((place for place, name in enumerate(header) if name), 0)
    unnamed = [(place, cell) for place, cell in enumerate(row) if cell and not "".join(header[place : place + 1])]
    return {
        "beyond": any(
            not (place < first and (_OWN_NUMBER.fullmatch(cell) or is_total(cell))) and not NOTE.fullmatch(cell)
            for place, cell in unnamed
        ),
        "swallowed": any(
            max(map(cell.count, ",\t;")) >= cell.count("\n") * (len(header) - 1) for cell in row if "\n" in cell
        ),
    }


def _repeated(header: Sequence[str], rows: Sequence[Sequence[str]], columns: Mapping[str, str]) -> Iterator[int]:
    """Yield the numbers of columns that another one of the same kind was read for, where they say otherwise.

    Those are columns of one name, also numbered; and, of two tables side by side, all that both have.
    """
    keys = [bare(name) for name in header]
    read = {ours: bare(name) for ours, name in _called(header, columns).items()}
    usual = {one: ours for ours, (_, aliases) in COLUMNS.items() for one in (bare(ours), *aliases)}
    of_kind = [usual.get(key) for key in keys]
    who = "meeting_id" if "meeting_id" in read else "number"
    first: dict[str, tuple[int, int]] = {}
    n_tables = 0
    for place, key in enumerate(keys):
        same = next(
            (ours for ours, one in read.items() if re.fullmatch(rf"{re.escape(one)}(\.?\d{{1,2}})?", key)), None
        )
        n_tables += of_kind[place] == who
        ours = same or of_kind[place]
        if ours is None or (before := first.setdefault(ours, (place, n_tables))) == (place, n_tables):
            continue
        is_beside = of_kind.count(who) > 1 and ours in _MEASURES and before[1] != n_tables
        cells = [("".join(row[place : place + 1]), "".join(row[before[0] : before[0] + 1])) for row in rows]
        if (is_beside and any(cell for cell, _ in cells)) or (
            same and any(cell not in ("", one) for cell, one in cells)
        ):
            yield place + 1


def _called(header: Iterable[str], columns: Mapping[str, str]) -> dict[str, str]:
    """Return our name → what the list calls it, of each of our columns that it has."""
    theirs = {bare(one): one for one in header}
    wanted = {
        ours: (bare(columns[ours]),) if ours in columns else (bare(ours), *aliases)
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
    aside = list(sheet.aside)
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
    return cast("list[Any]", convert(COLUMNS[ours][0], [one or None for one in texts]).array.to_pylist())


def _line(number: int, said: dict[str, Any]) -> tuple[WitnessLine, Text | None]:
    """Return a line, and why its id or number is not what it was meant to be, where it is not."""
    moments = {name: said[name] for name in ("started_at", "ended_at") if said.get(name)}
    # A spreadsheet writes a day as its midnight, and a day is no instant.
    said |= {name: None for name, one in moments.items() if one.astimezone(BEIJING).time() == time()}
    if moments and not said.get("started_at"):
        said["day"] = next(iter(moments.values())).astimezone(BEIJING).date()
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
    named = {bare(str(name)): value for name, value in said.items() if not isinstance(value, list | dict)}

    def found(ours: str, names: Iterable[str]) -> list[Any]:
        own = [called[ours]] if ours in called else []
        return [named.get(bare(one)) for one in (*names, *own, *COLUMNS[ours][1])]

    lines = [named.get(one) for one in _JSON_TOTALS["lines"]]
    seconds, yuan = found("duration_s", _JSON_TOTALS["seconds"]), found("amount_yuan", _JSON_TOTALS["yuan"])
    return Totals(_first("seconds", lines), _first("seconds", seconds), _first("money", yuan))


def _first(kind: ValueKind, values: Iterable[Any]) -> Any:
    texts = [str(one) for one in values if one not in (None, "")]
    return convert(kind, texts[:1]).array.to_pylist()[0] if texts else None
