"""The cells of a list of what took place by the names of its columns, of a CSV, a workbook or JSON, and what of it
stands under none.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from itertools import chain, zip_longest
from typing import Any, NamedTuple

from ytxdata.errors import UsageError
from ytxdata.history.list_amounts import ASKED, OF_CALLS, PARTS, SUMS, in_seconds, in_words
from ytxdata.history.proof.witness import Aside, WitnessLine
from ytxdata.labels import Text
from ytxdata.list_totals import NOTE, is_total
from ytxdata.records.reported_losses import LOST, totals_and_losses
from ytxdata.records.schema import Kind as ValueKind
from ytxdata.records.spans import Member
from ytxdata.records.values import convert
from ytxdata.spreadsheets import (
    UNITS,
    Header,
    bare,
    csv_rows,
    header_of,
    is_note,
    is_swallowing,
    named_columns,
    seconds_of,
)
from ytxdata.times import BEIJING, parse_instant
from ytxdata.workbooks import MOST_COLUMNS, MOST_PARTS, Worksheet, is_workbook, sheets_of

COLUMNS: Mapping[str, tuple[ValueKind, tuple[str, ...]]] = {
    "meeting_id": ("text", ("meetingid", "meid", "confid", "conferenceid", "requestid", "会议编号", "会议号", "会议id", "会议室编号")),
    "number": ("phone", ("called", "number", "phone", "callee", "被叫", "被叫号码", "号码", "参会号码", "电话")),
    "started_at": ("instant", ("startedat", "starttime", "start", "begintime", "calledstime", "joinedat", "开始时间", "开始时刻", "会议开始时间", "接通时间", "加入时间")),
    "ended_at": ("instant", ("endedat", "endtime", "end", "calledetime", "leftat", "结束时间", "会议结束时间", "挂断时间", "离开时间")),
    "duration_s": ("seconds", ("durations", "duration", "seconds", "时长", "通话时长", "计费时长", "会议时长", "billedduration")),
    "amount_yuan": ("money", ("amountyuan", "amount", "oriamount", "cost", "fee", "金额", "费用", *OF_CALLS, "合计金额", "金额合计", "合计费用", "费用合计", *ASKED, *SUMS, *PARTS)),
    "day": ("instant", ("会议日期", "通话日期", "开始日期", "日期", "meetingdate", "calldate", "startdate", "date")),
}  # fmt: skip
"""Our name → what it holds, and what it may be called; compared without case, blanks and punctuation."""

_MEASURES = frozenset(COLUMNS) - {"meeting_id", "number", "day"}
_FIGURE = re.compile(r"[¥￥]?\s*\d[\d,]*(?:\.\d+)?\s*[元秒s]?|\d+:\d\d(?::\d\d)?")
_WORDS = re.compile(r"[\u4e00-\u9fff\s]")
_TICKS = re.compile(r"\d{9,13}")
OWN_NUMBER = re.compile(r"\d{1,6}|[一二三四五六七八九十]{1,3}")
"""What an index of lines without a name holds."""


class RawList(NamedTuple):
    """Cells of a list by the names of their columns, the number of each line, what the list says of itself, what of it
    stands in no line, the title above it, and what stands on worksheets beside it.
    """

    rows: Sequence[Mapping[str, Any]]
    totals: Sequence[Mapping[str, Any]]
    numbers: Sequence[int]
    header: Sequence[str]
    aside: Sequence[Aside] = ()
    title: str = ""
    covers: Sequence[str] = ()


def cells_of(raw: bytes, columns: Mapping[str, str]) -> RawList:
    """Return what a list holds; `columns` says what one of ours is called in it.

    Raises
    ------
    UsageError, ValueError, KeyError, RecursionError, csv.Error
        It cannot be read.
    MissingExtraError
        It is an XLSX file and the extra `xlsx` is not installed.
    """
    if is_workbook(raw):
        return _of_sheets(sheets_of(raw), columns)
    if raw.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return _json(raw, columns)
    return _of_sheets([Worksheet(csv_rows(raw))], columns)


def _json(raw: bytes, columns: Mapping[str, str]) -> RawList:
    body = json.loads(raw.lstrip(b"\xef\xbb\xbf"), object_pairs_hook=_object)
    values: dict[str, Any] = body if isinstance(body, dict) else {"": body}
    lists = [name for name, one in values.items() if isinstance(one, list)]
    chosen = next((name for name in lists if values[name]), next(iter(lists), None))
    rows = values.get(chosen or "")
    if rows is None or not all(isinstance(one, dict) for one in rows):
        raise ValueError("no list of objects")
    header = list(dict.fromkeys(str(name) for row in rows for name in row))
    if len(header) > MOST_COLUMNS or len(header) * len(rows) > MOST_PARTS:  # as of a workbook
        n, most = (len(header), len(rows)), (MOST_COLUMNS, MOST_PARTS)
        raise UsageError(
            Text(
                f"{n[1]:,} 个对象共有 {n[0]:,} 个不同的键（上限 {most[0]:,} 个，单元格 {most[1]:,} 个）",
                f"{n[0]:,} names in {n[1]:,} objects (at most {most[0]:,}, and {most[1]:,} cells)",
            )
        )
    aside = [
        *(
            _place(n, "list")
            for n, (name, one) in enumerate(values.items(), 1)
            if name != chosen and _holds(one, columns)
        ),
        *(
            _place(n, "column")
            for n in _repeated(header, lambda place: [plain(row.get(header[place])) for row in rows], columns)
        ),
        *(_place(n, "nested") for n, row in enumerate(rows, 1) if _holds_another(row, columns)),
    ]
    said = [one for name, value in values.items() if name != chosen for one in _within(value) if isinstance(one, dict)]
    said = [*said, {name: one for name, one in values.items() if name != chosen}]
    counts = [count for one in said for some in _tellings(one) for count in totals_and_losses(some)]
    aside += [_place(len(values), "more") for one in counts if one in (None, LOST)]
    stated = [*said, *({COUNT: one} for one in counts if one not in (None, LOST))]
    return RawList(rows, stated, range(1, len(rows) + 1), header, aside)


COUNT = "行数"
"""How many lines a list of JSON says it has, in whatever words."""


def _tellings(said: Mapping[str, Any]) -> Iterator[list[Member]]:
    """Yield what an object says, once for each time that a key stands in it: `hasMore` may be true, and then false."""
    told: dict[str, list[Member]] = defaultdict(list)
    for name, value in said.items():
        key = re.sub(r"\.\d+$", "", name)  # a key that stands twice was made two
        told[key].append(Member(key, json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"), 0, 0))
    for place in range(max(map(len, told.values()), default=0)):
        yield [ones[min(place, len(ones) - 1)] for ones in told.values()]


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of which no value is lost: a key that stands twice is one more column of that name."""
    made: dict[str, Any] = {}
    n_before: Counter[str] = Counter()
    for key, value in pairs:
        name = key
        while name in made:
            n_before[key] += 1
            name = f"{key}.{n_before[key]}"
        made[name] = value
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
        else _is_call(called(one, columns))
        for one in _within(value)
    )


def _holds_another(row: Mapping[str, Any], columns: Mapping[str, str]) -> bool:
    """Say whether a meeting holds another one. Its parties may repeat its id, and join while it runs: a room held its
    sessions, of which one was in no archive. One that says when and how long may hold bookings, parts and days.
    """
    own = called(row, columns)
    held = [(name, one) for name, cell in row.items() for one in _within(cell)]
    if any("meeting_id" in told and one[told["meeting_id"]] != row.get(own.get("meeting_id", ""))
           for _, one in held if isinstance(one, dict) for told in [called(one, columns)]):  # fmt: skip
        return True
    span, is_whole = _span(row, own)
    held = [one for one in held if not (is_whole and _OF_ITS_OWN.search(one[0]))]
    inner = [(one, called(one, columns)) for _, one in held if isinstance(one, dict)]
    listed = [one for name, one in held if isinstance(one, list) and (_OF_SESSIONS.search(name) or not is_whole)]
    # several that say nothing but when and how long are nobody's connections
    nameless = {id(one) for one, told in inner if _is_nameless(one, told)}
    if any(sum(id(cell) in nameless for cell in one) > 1 for one in listed):
        return True
    parties = [at for one, told in inner if "number" in told for at in _moments(one, told, is_whole)]
    others = [at for one, told in inner if "number" not in told for at in _moments(one, told, is_whole)]
    others += [at for one in listed for cell in one if (at := _moment(cell))]
    if span:
        return any(not span[0] <= at <= span[1] for at in (*parties, *others))
    return bool(others) or (len(parties) > 1 and max(parties) - min(parties) > timedelta(days=1))


_OF_SESSIONS = re.compile(r"session|meeting|conf|held|occur|call|start|场|会议?|召开|开始", re.IGNORECASE)
_OF_ITS_OWN = re.compile(
    r"book|reserved|reservation|schedule|remind|invit|creat|modif|chang|updat|recording|cost|charge|bill|fee"
    r"|预[约订]|计划|提醒|邀请|创建|修改|变更|更新|录[制音像]|费|账",
    re.IGNORECASE,
)
"""What a meeting that says when and how long may hold: its sessions are other meetings, these are none."""


def _is_nameless(one: Mapping[str, Any], told: Mapping[str, str]) -> bool:
    return len(one) == len(told) and "number" not in told and not told.keys().isdisjoint(_MEASURES | {"day"})


def _moment(cell: Any) -> datetime | None:
    return parse_instant(cell.strip()) if isinstance(cell, str) and not cell.strip().isdigit() else None


def _moments(one: Mapping[str, Any], told: Mapping[str, str], is_exact: bool = False) -> list[datetime]:
    names = ("started_at", "ended_at") if is_exact else ("started_at", "ended_at", "day")
    cells = (plain(one[told[name]]) for name in names if name in told)
    return [at for cell in cells if (at := parse_instant(cell))]


_EARLY, _DAY = timedelta(hours=1), timedelta(days=1)
"""How long before its meeting begins, or after it ended, a clock may show that somebody joined or left; and a day."""


def _span(row: Mapping[str, Any], own: Mapping[str, str]) -> tuple[tuple[datetime, datetime] | None, bool]:
    """Return from when until when what a meeting holds may be its own, for a day where it does not say how long; and
    whether it says both.
    """
    if not (moments := _moments(row, own)):
        return None, False
    name = own.get("duration_s", "")
    cell = in_seconds(plain(row.get(name)), seconds_of(name))
    seconds = convert("seconds", [cell or None]).array.to_pylist()[0]
    is_of_days = seconds is None or any(at.astimezone(BEIJING).time() == time() for at in moments)
    length = timedelta(seconds=min(seconds or 0, 7 * 86_400)) + _DAY * (is_of_days and len(moments) < 2)
    until = max(max(moments), min(moments) + length)
    return (min(moments) - _EARLY, until + _EARLY), not is_of_days or len(_moments(row, own, True)) > 1


def _is_call(by_name: Mapping[str, str]) -> bool:
    measures = {bare(by_name[ours]) for ours in _MEASURES & by_name.keys()}
    return bool({"meeting_id", "number"} & by_name.keys()) and bool(measures - {*SUMS})


def _of_sheets(sheets: Sequence[Worksheet], columns: Mapping[str, str]) -> RawList:
    """Read the first worksheet with a header; others are looked at for what may be meetings."""
    full = [_filled(one) for one in sheets]
    heads = [
        header_of([row for _, row in one.lines], lambda row: called(row, columns), is_enough, _is_note) for one in full
    ]
    named = [head is not None for head in heads]
    chosen = named.index(True) if any(named) else 0
    if not full[chosen].lines:
        raise ValueError("empty")
    sheet = _of_sheet(full[chosen], heads[chosen] or Header(0, 0, full[chosen].lines[0][1]), columns)
    is_bare = not _MEASURES & called(sheet.header, columns).keys()
    others = [
        _place(place, "worksheet")
        for place, one in enumerate(full, 1)
        if place != chosen + 1 and (one.lines if is_bare else _may_hold_calls([row for _, row in one.lines], columns))
    ]
    covers = [" ".join(row) for place, one in enumerate(full) if place != chosen for _, row in one.lines]
    return sheet._replace(aside=(*others, *sheet.aside), covers=covers)


def _filled(sheet: Worksheet) -> Worksheet:
    lines = [(n, [str(cell).strip() for cell in row]) for n, row in sheet.lines]
    return sheet._replace(lines=[(n, row) for n, row in lines if any(row)])


def _may_hold_calls(rows: Sequence[Sequence[str]], columns: Mapping[str, str]) -> bool:
    """Say whether a worksheet has a header with lines below it, or a line with a time and a figure: a cover has none.
    What a formula without a result stands for, nobody knows.
    """
    return any(is_enough(called(row, columns)) for row in rows[:-1]) or any(map(_may_be_call, rows))


def _is_note(row: Sequence[str]) -> bool:
    is_of_total = is_total(next(filter(None, row), "")) or any(is_total(one) and one[-1] in ":：" for one in row if one)
    return (is_note(row) or is_of_total) and not _may_be_call(row)


def _may_be_call(row: Sequence[str]) -> bool:
    open_ = {place for place, cell in enumerate(row) if cell.startswith("=")}
    times = {place for place, cell in enumerate(row) if not _TICKS.fullmatch(cell) and parse_instant(cell)}
    figures = {place for place, cell in enumerate(row) if _FIGURE.fullmatch(cell) and not parse_instant(cell)}
    return min(len(times | open_), len(figures | open_)) > 0 and len(times | figures | open_) > 1


def _of_sheet(sheet: Worksheet, head: Header, columns: Mapping[str, str]) -> RawList:
    read = {name: ours for ours, name in called(head.names, columns).items()}
    places = {place: read[name] for place, name in enumerate(head.names) if name in read}
    full = sheet.filled_down([place for place, ours in places.items() if ours not in UNITS])
    header, lines_of_head = list(head.names), [row for _, row in full[head.first : head.last + 1]]
    while header and not header[-1]:
        header.pop()
    # above a list of nothing but ids, one word may be one of them
    titles = [(n, row) for n, row in full[: head.first] if not any(map(is_total, row))]
    aside = [_place(n, "title" if len(header) > 1 or _WORDS.search("".join(row)) else "beyond") for n, row in titles]
    body: list[tuple[int, Sequence[str]]] = []
    above = [(n, in_words(row)) for n, row in full[: head.first] if (n, row) not in titles]
    for n, row in (*above, *full[head.last + 1 :]):
        other = called(row, columns)
        if any(not any(x != y for x, y in zip_longest(row, one, fillvalue="")) for one in lines_of_head):
            aside.append(_place(n, "header"))
        elif len(other) > 1 and is_enough(other):
            aside.append(_place(n, "table"))
            break
        else:
            body.append((n, row))
            aside += [_place(n, why) for why, is_so in _unread_of(row, header).items() if is_so]
    aside += [
        _place(n, "column")
        for n in _repeated(header, lambda place: ["".join(row[place : place + 1]) for _, row in body], columns)
    ]
    aside += [_place(place + 1, "computed") for place in sheet.computed(places, full[head.last][0])]
    rows = [dict(zip(header, row, strict=False)) for _, row in body]
    title = " ".join(chain(*(row for _, row in titles)))
    return RawList(rows, [], [n for n, _ in body], header, aside, title)


def _unread_of(row: Sequence[str], header: Sequence[str]) -> dict[str, bool]:
    """Return why some of a line's cells were not read, and whether that is so."""
    first = next((place for place, name in enumerate(header) if name), 0)
    named = [cell for place, cell in enumerate(row) if "".join(header[place : place + 1])]
    is_line = any(cell and not NOTE.fullmatch(cell) for cell in named)
    unnamed = [(place, cell) for place, cell in enumerate(row) if cell and not "".join(header[place : place + 1])]
    return {
        "beyond": any(
            not (place < first and (OWN_NUMBER.fullmatch(cell) or is_total(cell)))
            # beside a line a note with a figure in it may tell of one more
            and (not NOTE.fullmatch(cell) or (is_line and re.search(r"\d", cell)))
            for place, cell in unnamed
        ),
        "swallowed": is_swallowing(row, len(header)),
    }


def _repeated(
    header: Sequence[str], column: Callable[[int], Sequence[str]], columns: Mapping[str, str]
) -> Iterator[int]:
    """Yield the numbers of columns that another one of the same kind was read for, where they say otherwise.

    Those are columns of one name, also numbered; and, of two tables side by side, all that both have.
    """
    keys = [bare(name) for name in header]
    read = {ours: bare(name) for ours, name in called(header, columns).items()}
    usual = {one: ours for ours, (_, aliases) in COLUMNS.items() for one in (bare(ours), *aliases)}
    of_kind = [usual.get(key) for key in keys]
    who = "meeting_id" if "meeting_id" in read else "number"
    first: dict[str, tuple[int, int]] = {}
    n_tables, n_who = 0, of_kind.count(who)
    for place, key in enumerate(keys):
        same = next(
            (ours for ours, one in read.items() if re.fullmatch(rf"{re.escape(one)}(\.?\d{{1,2}})?", key)), None
        )
        n_tables += of_kind[place] == who
        ours = same or of_kind[place]
        if ours is None or (before := first.setdefault(ours, (place, n_tables))) == (place, n_tables):
            continue
        is_beside = n_who > 1 and ours in _MEASURES and before[1] != n_tables
        cells = list(zip(column(place), column(before[0]), strict=True))
        if (is_beside and any(cell for cell, _ in cells)) or (
            same and any(cell not in ("", one) for cell, one in cells)
        ):
            yield place + 1


def called(header: Iterable[str], columns: Mapping[str, str]) -> dict[str, str]:
    """Return our name → what the list calls it, of each of our columns that it has."""
    cells = [*header]
    names = {ours: aliases for ours, (_, aliases) in COLUMNS.items()}
    return {ours: cells[place] for ours, place in named_columns(cells, names, columns).items()}


def is_enough(by_name: Mapping[str, str]) -> bool:
    """Say whether columns tell which meeting a line means, or whose connection when."""
    return "meeting_id" in by_name or {"number", "started_at"} <= by_name.keys()


def plain(cell: Any) -> str:
    """Return a cell as text."""
    return "" if cell is None else str(cell).strip()


@dataclass
class Double:
    """A column that may be what another one was read for, and the lines in which it says otherwise."""

    header: Sequence[str]
    read: int
    place: int
    lines: list[int] = field(default_factory=list)

    def differs(self, number: int, row: Sequence[str]) -> bool:
        """Say whether it says otherwise in a line, and keep the line's number."""
        is_other = row[self.place].strip() not in ("", row[self.read].strip())
        self.lines += [number] * is_other
        return is_other

    @property
    def is_namesake(self) -> bool:
        """Whether both are called the same; pandas numbers the second."""
        read, other = bare(self.header[self.read]), bare(self.header[self.place])
        return re.fullmatch(rf"{re.escape(read)}(\.\d{{1,2}})?", other) is not None

    @property
    def clash(self) -> Text:
        """Why nothing can be read where both are called the same."""
        name, line = self.header[self.place], self.lines[0]
        return Text(
            f"第 {self.read + 1} 列与第 {self.place + 1} 列同名（{name}），第 {line} 行内容不同",
            f"has two columns of one name, {self.read + 1} and {self.place + 1} ({name}), that differ in line {line}",
        )

    @property
    def text(self) -> Text:
        """Which one was read, where the other has another name."""
        read, other, n, line = self.header[self.read], self.header[self.place], len(self.lines), self.lines[0]
        return Text(
            f"第 {self.place + 1} 列 {other} 与第 {self.read + 1} 列 {read} 有 {n} 行不同（如第 {line} 行），用的是第 {self.read + 1} 列",
            f"says otherwise in column {self.place + 1} ({other}) than in column {self.read + 1} ({read}) in {n} lines, "
            f"line {line} for one; column {self.read + 1} is used",
        )


def doubles(
    header: Sequence[str], names: Mapping[str, tuple[str, ...]], columns: Mapping[str, str], places: Mapping[str, int]
) -> list[Double]:
    """Return the columns that may be what others were read for: of the same name, or of another that is as usual."""
    taken = set(places.values())
    others = [place for place, cell in enumerate(header) if cell.strip() and place not in taken]
    found = [Double(header, read, place) for read in sorted(taken) for place in others]
    ours = {place: name for name, place in places.items()}
    return [
        one
        for one in found
        if one.is_namesake
        or (
            ours[one.read] in named_columns([header[one.place]], names, columns)
            # in minutes a length that is told in seconds says otherwise by right
            and seconds_of(header[one.read]) == seconds_of(header[one.place])
        )
    ]
