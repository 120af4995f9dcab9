"""The cells of a list of what took place by the names of its columns, of a CSV or a workbook, and what of it stands
under none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, zip_longest
from typing import Any, NamedTuple

from ytxdata.history.list_amounts import ASKED, OF_CALLS, PARTS, SUMS, amount_of, in_words
from ytxdata.history.list_statements import count_line, counting, labelled
from ytxdata.history.proof.witness import Aside, WitnessLine
from ytxdata.labels import Text, plain_words
from ytxdata.list_totals import NOTE, is_total
from ytxdata.records.schema import Kind as ValueKind
from ytxdata.spreadsheets import (
    UNITS,
    Header,
    bare,
    header_of,
    is_note,
    is_swallowing,
    named_columns,
    seconds_of,
)
from ytxdata.times import parse_instant
from ytxdata.workbooks import Worksheet

STARTS = (
    "实际开始时间", "会议开始", "起始时间", "起始时刻", "通话起始时间", "通话开始时间", "召开时间", "开会时间", "举行时间", "签到时间", "进入时间",
    "startdatetime", "actualstarttime", "meetingstarttime",
)  # fmt: skip
LOOSE_STARTS = ("会议日期时间", "会议起止时间", "起止时间", "日期时间", "会议时间", "通话时间", "呼叫时间", "时间")
"""What a start may be called, and how long it was, too: by its cells it is told which of them (`columns_of`)."""
PHONES = (
    "联系电话", "联系方式", "用户号码", "参会人号码", "参会者号码", "参会人手机", "参会人手机号", "参会者手机", "参会者电话", "参会人电话",
    "callerid", "接入号码", "对方号码",
)  # fmt: skip
LENGTHS = (
    "参会时长",
    "入会时长",
    "在会时长",
    "使用时长",
    "连接时长",
    "通信时长",
    "接入时长",
    "持续时间",
    "持续时长",
    "累计时长",
)
COLUMNS: Mapping[str, tuple[ValueKind, tuple[str, ...]]] = {
    "meeting_id": ("text", ("meetingid", "meid", "confid", "conferenceid", "requestid", "会议编号", "会议号", "会议id", "会议室编号", "会议室号")),
    "number": ("phone", ("called", "number", "phone", "callee", "被叫", "被叫号码", "号码", "参会号码", "电话", "手机", "手机号", "手机号码", "电话号码", "phonenumber", "mobile", "mobilenumber", *PHONES)),
    "started_at": ("instant", ("startedat", "starttime", "start", "begintime", "calledstime", "joinedat", "jointime", "开始时间", "开始时刻", "会议开始时间", "接通时间", "加入时间", "入会时间", *STARTS, *LOOSE_STARTS)),
    "ended_at": ("instant", ("endedat", "endtime", "end", "calledetime", "leftat", "leavetime", "结束时间", "会议结束时间", "挂断时间", "离开时间", "离会时间", "退会时间")),
    "duration_s": ("seconds", ("durations", "duration", "seconds", "时长", "通话时长", "计费时长", "会议时长", "billedduration", *LENGTHS)),
    "amount_yuan": ("money", ("amountyuan", "amount", "oriamount", "cost", "fee", "金额", "费用", *OF_CALLS, "合计金额", "金额合计", "合计费用", "费用合计", *ASKED, *SUMS, *PARTS)),
    "day": ("instant", ("会议日期", "通话日期", "开始日期", "日期", "meetingdate", "calldate", "startdate", "date")),
}  # fmt: skip
"""Our name → what it holds, and what it may be called; compared without case, blanks and punctuation."""

MEASURES = frozenset(COLUMNS) - {"meeting_id", "number", "day"}
_FIGURE = re.compile(r"[¥￥]?\s*\d[\d,]*(?:\.\d+)?\s*[元秒s]?|\d+:\d\d(?::\d\d)?")
_WORDS = re.compile(r"[\u4e00-\u9fff\s]")
_TICKS = re.compile(r"\d{9,13}")
OWN_NUMBER = re.compile(r"\d{1,6}|[一二三四五六七八九十]{1,3}")
"""What an index of lines without a name holds."""


class RawList(NamedTuple):
    """Cells of a list by the names of their columns, the number of each line, what the list says of itself, what of it
    stands in no line, the title above it, what stands on worksheets beside it, all of both that says something in
    words, and these worksheets.
    """

    rows: Sequence[Mapping[str, Any]]
    totals: Sequence[Mapping[str, Any]]
    numbers: Sequence[int]
    header: Sequence[str]
    aside: Sequence[Aside] = ()
    title: str = ""
    covers: Sequence[str] = ()
    said: Sequence[str] = ()
    tables: Sequence[Sequence[Sequence[str]]] = ()


def place_of(number: int, why: str) -> Aside:
    """Return what stands at a place that nobody read, and why."""
    return Aside(WitnessLine(number), why)


_CANCELLED = re.compile(r"已?取消|未召开|已?作废|cancel(?:l?ed)?", re.IGNORECASE)


def cancelled(words: Sequence[str], line: WitnessLine) -> str | None:
    """Return why a line is of no meeting by its own word: it was called off, and lasted and cost nothing."""
    is_silent = not line.duration_s and not line.amount_yuan
    return "cancelled" if is_silent and any(map(_CANCELLED.fullmatch, words)) else None


def of_sheets(sheets: Sequence[Worksheet], columns: Mapping[str, str]) -> RawList:
    """Read the first worksheet with a header; others are looked at for what may be meetings. `columns` says what one of
    our columns is called in it.
    """
    full = [_filled(one) for one in sheets]
    heads = [
        header_of([row for _, row in one.lines], lambda row: called(row, columns), is_enough, is_above) for one in full
    ]
    named = [head is not None for head in heads]
    chosen = named.index(True) if any(named) else 0
    if not full[chosen].lines:
        raise ValueError("empty")
    sheet = _of_sheet(full[chosen], heads[chosen] or Header(0, 0, full[chosen].lines[0][1]), columns)
    is_bare = not MEASURES & called(sheet.header, columns).keys()
    others = [
        place_of(place, "worksheet")
        for place, one in enumerate(full, 1)
        if place != chosen + 1 and (one.lines if is_bare else _may_hold_calls([row for _, row in one.lines], columns))
    ]
    tables = [[row for _, row in one.lines] for place, one in enumerate(full) if place != chosen]
    beside = [row for rows in tables for row in rows]
    notes = [text for one in full for text in one.beside]
    names = {bare(one) for one in sheet.header}
    said = [labelled(row) for row in beside if not _is_of_table(row) and bare(next(filter(None, row))) not in names]
    covers = [*map(labelled, beside), *notes]
    return sheet._replace(
        aside=(*others, *sheet.aside), covers=covers, said=(*sheet.said, *said, *notes), tables=tables
    )


def _is_of_table(row: Sequence[str]) -> bool:
    """Say whether a line is one of a summary: short words and figures."""
    return any(map(_FIGURE.fullmatch, row)) and max(map(len, row)) <= _LONGEST_NAME


_LONGEST_NAME = 20


def _filled(sheet: Worksheet) -> Worksheet:
    lines = [(n, [str(cell).strip() for cell in row]) for n, row in sheet.lines]
    return sheet._replace(lines=[(n, row) for n, row in lines if any(row)])


def _may_hold_calls(rows: Sequence[Sequence[str]], columns: Mapping[str, str]) -> bool:
    """Say whether a worksheet has a header with lines below it, or a line with a time and a figure: a cover has none.
    What a formula without a result stands for, nobody knows.
    """
    firsts = {ours for row in rows for ours in called([next(filter(None, row))], columns)}
    # where several lines begin with the names of columns, they say what these are
    if len(firsts) < 2 and any(is_enough(called(row, columns)) for row in rows[:-1]):
        return True
    # what a table counts by day has a day and a figure, too
    is_sums = counting(rows) is not None
    for row in rows:
        name, *cells = filter(None, row)
        ours = called([name], columns)
        if "meeting_id" in ours and any(_AN_ID.fullmatch(cell) for cell in cells):
            return True  # one meeting, a line for each thing that is told of it
        if not ours and ((not is_sums and _may_be_call(row)) or _says_when(row)):
            return True
    return False


_AN_ID = re.compile(r"\d{6,}")
_CLOCK = re.compile(r"\d[\dT日]*[ T日]\s*\d{1,2}:\d\d")
_OF_NO_MEETING = re.compile(
    r"时间|日期|[时日]期|账期|区间|范围|导出|制表|打印|生成|统计|更新|操作|人$|time|date|period|from|to\b|\bby\b|as of|export|print|generated|created",
    re.IGNORECASE,
)


def _says_when(row: Sequence[str]) -> bool:
    """Say whether a line of another worksheet says of something that is not the making of the list at which time it
    was: a meeting that was left out stood there with its time, and nothing else.
    """
    when = [cell for cell in row if _CLOCK.search(cell) and parse_instant(cell)]
    names = [cell for cell in row if cell and cell not in when]
    return bool(when and names) and not any(is_note([one]) or _OF_NO_MEETING.search(plain_words(one)) for one in names)


def is_above(row: Sequence[str]) -> bool:
    """Say whether a line may stand above the names of columns: a note, the list's own total, or how many it has."""
    is_of_total = is_total(next(filter(None, row), "")) or any(is_total(one) and one[-1] in ":：" for one in row if one)
    is_said = is_note(row) or is_of_total or count_line(row) is not None or _is_labelled(row)
    return is_said and not _may_be_call(row)


_OF_ACCOUNT = re.compile(
    r"客户|账[号户]|公司|单位|企业|名称|编号|合同|套餐|余额|费用|地址|customer|account|company", re.IGNORECASE
)


def _is_labelled(row: Sequence[str]) -> bool:
    """Say whether a line is the name of something that is no meeting, and what it is: 客户编号 | 20038812."""
    name, value, *more = [*filter(None, row), "", ""]
    is_of_no_meeting = _OF_NO_MEETING.search(plain_words(name)) is not None
    is_known = is_of_no_meeting or (_OF_ACCOUNT.search(name) is not None and not parse_instant(value))
    return value != "" and not any(more) and is_known and not re.search(r"\d", name) and not called(row, {})


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
    titles = [(n, row) for n, row in full[: head.first] if not any(map(is_total, row)) and not count_line(row)]
    aside = [place_of(n, "title" if len(header) > 1 or _WORDS.search("".join(row)) else "beyond") for n, row in titles]
    body: list[tuple[int, Sequence[str]]] = []
    above = [(n, in_words(row)) for n, row in full[: head.first] if (n, row) not in titles]
    told = [labelled(row) for _, row in titles] if len(header) > 1 else []
    for n, row in (*above, *full[head.last + 1 :]):
        other = called(row, columns)
        if any(not any(x != y for x, y in zip_longest(row, one, fillvalue="")) for one in lines_of_head):
            aside.append(place_of(n, "header"))
        elif labelled(row) in told:  # printed again on each page
            aside.append(place_of(n, "title"))
        elif len(other) > 1 and is_enough(other):
            aside.append(place_of(n, "table"))
            break
        else:
            body.append((n, row))
            aside += [place_of(n, why) for why, is_so in _unread_of(row, header).items() if is_so]
    aside += [
        place_of(n, "column")
        for n in repeated(header, lambda place: ["".join(row[place : place + 1]) for _, row in body], columns)
    ]
    aside += [place_of(place + 1, "computed") for place in sheet.computed(places, full[head.last][0])]
    rows = [dict(zip(header, row, strict=False)) for _, row in body]
    # above the names of columns, what adds nothing to them is what the list is of, too
    over = lines_of_head[:-1] if called(lines_of_head[-1], columns).keys() == {*read.values()} else []
    said = [labelled(row) for row in (*(row for _, row in titles), *over)]
    return RawList(rows, [], [n for n, _ in body], header, aside, "\n".join(said), said=said)


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


def repeated(
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
        is_beside = n_who > 1 and ours in MEASURES and before[1] != n_tables
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


def in_figures(row: Mapping[str, Any], amount: str) -> Mapping[str, Any]:
    """Return a line with the figure of 小写, beside it or in the next cell, under amounts: under lengths a right total
    was another.
    """
    cells = [(name, text) for name, cell in row.items() if (text := plain(cell))]
    for (place, label), (after, figure) in pairwise([*cells[1:], ("", "")]):
        if told := re.fullmatch(r"\W*小写[^\w¥￥.-]*(.*)", label):
            emptied = {place: ""} if told[1] else {place: "", after: ""}
            is_free = amount in row and (amount in emptied or not plain(row[amount]))
            if is_free and amount_of(told[1] or figure) is not None:
                return {**row, **{name: "" for name in emptied if name in row}, amount: told[1] or figure}
    return row


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
