"""Spreadsheets as people make and save them: in whatever encoding, with titles above the header, and what a cell of
them was meant to be.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from io import StringIO
from itertools import zip_longest
from typing import Any, NamedTuple, TypeAlias

from ytxdata.errors import UsageError
from ytxdata.labels import Text, plain_words
from ytxdata.times import beijing_text, parse_instant

FORMULA = Text("单元格是公式", "a cell is a formula")
SCIENTIFIC = Text(
    "被存成科学计数法，末位已丢失",
    "an id or a number was saved in scientific notation, its last digits are lost",
)
_AS_TEXT = re.compile(r'="([^"]*)"')
_FORMULA = re.compile(r"[=@＝＠]|[+\-＋－].*[^\d\s().\-－+＋]")
_SCIENTIFIC = re.compile(r"[+-]?\d{1,17}(\.\d*)?[eE][+-]?\d{1,3}")  # an id of 32 hexadecimal digits is longer
_VALUE = re.compile(r"\d{4}|^(?=[^\d]*\d)[\W\d]+$")
"""What no name of a column has: four digits in a row, or digits and no letter."""
_WHOLE = re.compile(r"(\d+)\.0+")


_GUARD = re.compile(r"^['`‘’](?=[\d+])")
"""What people write before an id, lest Excel round it."""


def exact(cell: str) -> str | Text:
    """Return the text a cell of an id or a phone was meant to be, or why nobody can tell.

    Examples
    --------
    >>> exact(' ="013800000000" '), exact("13800000000.0"), exact("'2026030209"), exact("=1+1").en
    ('013800000000', '13800000000', '2026030209', 'a cell is a formula')
    """
    text = _GUARD.sub("", cell.strip().strip("\ufeff\u200b").strip())
    quoted = _AS_TEXT.fullmatch(text)
    if quoted:
        return quoted[1].strip()
    if _SCIENTIFIC.fullmatch(text):
        return SCIENTIFIC
    if _FORMULA.match(text):
        return FORMULA
    whole = _WHOLE.fullmatch(text)
    return whole[1] if whole else text


_DIGIT = re.compile(r"\d")


def is_swallowing(row: Sequence[str], width: int) -> bool:
    """Say whether a cell of a CSV of so many columns holds whole lines of it: somebody's quote has no other.

    Examples
    --------
    >>> [is_swallowing(["m0", one], 4) for one in ("周会,9:00,2.00\\nm1,周报", "一行\\n又一行", "甲,乙,丙,丁\\n到会")]
    [True, False, False]
    """
    lines = [cell for cell in row if "\n" in cell and width > 1]
    # a line has an id or a figure, and who was there has none
    return any(
        max(map(cell.count, ",\t;")) >= cell.count("\n") * (width - 1)
        and sum(map(bool, map(_DIGIT.search, re.split(r"[,\t;\n]", cell)))) >= cell.count("\n")
        for cell in lines
    )


MOMENTS = frozenset({"started_at", "ended_at", "from", "to", "period", "day"})
"""Our names for columns of days and instants."""
_WEEKDAY = re.compile(r"(?<=[\d日])\s*[(（]?(?:周|星期|礼拜)[一二三四五六日天][)）]?(?=$|\s*\d\d?:\d)")
_SERIAL = re.compile(r"[345]\d{4}(\.\d+)?")
_SERIAL_ZERO = datetime(1899, 12, 30, tzinfo=UTC)
"""Day 0 of serial numbers, for all days since March 1900."""
_PLAUSIBLE = range(2000, 2050)


def dated(cell: str) -> str:
    """Return what a cell of a column of times was meant to be: a spreadsheet saves one without a format as the number
    of days since 1900, and a day of the week behind a day says nothing more. Anything else stays as it is.

    Examples
    --------
    >>> dated("46082.375"), dated("46082"), dated("2026-03-01"), dated("10000"), dated("2026-03-01（周日） 9:00")
    ('2026-03-01 09:00:00', '2026-03-01', '2026-03-01', '10000', '2026-03-01 9:00')
    """
    text = cell.strip()
    if week := _WEEKDAY.search(text):
        day, clock = text[: week.start()], text[week.end() :].strip()
        return f"{day} {clock}" if clock else day
    if not _SERIAL.fullmatch(text):
        return cell
    moment = _SERIAL_ZERO + timedelta(seconds=round(float(text) * 86400))
    if moment.year not in _PLAUSIBLE:
        return cell
    return f"{moment:%Y-%m-%d %H:%M:%S}" if "." in text else f"{moment:%Y-%m-%d}"


_CLOCK = re.compile(r"\d{1,2}[:：]\d\d(?:[:：]\d\d)?")


def on_its_day(told: Mapping[str, str]) -> dict[str, str]:
    """Return what a line says by our names, with its start and end that are clocks and nothing else on the day beside
    them, an end on that of its start: by its clock before it, on the next one.

    Examples
    --------
    >>> on_its_day({"day": "2026-03-01", "started_at": "23:15", "ended_at": "0:05"})
    {'day': '2026-03-01', 'started_at': '2026-03-01 23:15', 'ended_at': '2026-03-02 00:05:00'}
    """
    made = dict(told)
    for ours in ("started_at", "ended_at"):
        if not _CLOCK.fullmatch(clock := made.get(ours, "").strip()):
            continue
        begin = parse_instant(made.get("started_at", "")) if ours == "ended_at" else None
        if day := begin or parse_instant(made.get("day", "").strip()):
            made[ours] = f"{beijing_text(day)[:10]} {clock.zfill(5)}"
            end = parse_instant(made[ours])
            made[ours] = beijing_text(end + timedelta(days=1)) if begin and end and end < begin else made[ours]
    return made


Grid: TypeAlias = Sequence[tuple[int, list[Any]]]
"""Lines of cells, each with its number."""

MOST_TITLES = 5
"""Below how many lines a header is looked for: titles, and blank lines, may stand above it."""


def csv_rows(raw: bytes) -> Grid:
    """Return the lines of a CSV in whatever encoding, each with the number of its first line in the file."""
    text = next(
        text for encoding in ("utf-8-sig", "gb18030", "utf-16") if (text := _decoded(raw, encoding)) is not None
    )
    rows = csv.reader(StringIO(text), delimiter=delimiter_of(text))
    return [(rows.line_num - sum(cell.count("\n") for cell in row), row) for row in rows]


def strict_rows(raw: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines of a CSV of which every byte is text and every quote has another, each with its number.

    Raises
    ------
    UsageError
        It is none.
    """
    encodings = ("utf-16",) if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError as error:
            at = raw[: error.start].count(b"\n") + 1
            continue
        if "\0" not in text:
            break
        at = text[: text.index("\0")].count("\n") + 1
        raise _no_text(at)
    else:
        raise _no_text(at)
    csv.field_size_limit(max(len(text), csv.field_size_limit()))
    reader, number = csv.reader(StringIO(text, newline=""), delimiter=delimiter_of(text), strict=True), 0
    try:
        while True:
            number = reader.line_num + 1
            yield number, next(reader)
    except StopIteration:
        return
    except csv.Error as error:
        raise no_list(Text(f"第 {number} 行读不懂：{error}", f"cannot be read at line {number}: {error}")) from None


def no_list(why: Text) -> UsageError:
    """Return the error for a file that cannot be read as a list."""
    return UsageError(why, remedy=Text("请另存为 UTF-8 编码的 CSV，或 .xlsx", "save it as CSV in UTF-8, or as .xlsx"))


def _no_text(line: int) -> UsageError:
    return no_list(Text(f"第 {line} 行不是 UTF-8 或 GB 18030 文本", f"is no text in UTF-8 or GB 18030 at line {line}"))


def _decoded(raw: bytes, encoding: str) -> str | None:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff") and encoding != "utf-16":
        return None
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return None if encoding != "utf-16" else raw.decode("latin-1")


def delimiter_of(text: str) -> str:
    """Return what parts the cells of a CSV: comma, tab or semicolon, by its first line that has any."""
    above = text.split("\n", MOST_TITLES + 1)[: MOST_TITLES + 1]
    first = next((line for line in above if set(line) & set(",\t;")), "")
    return max(",\t;", key=first.count)


def named_columns(
    header: Sequence[str], names: Mapping[str, tuple[str, ...]], columns: Mapping[str, str]
) -> dict[str, int]:
    """Return our name → the place of its column, for those that a header has, by the first of its names, with its unit
    or not; `columns` says what one is called here.

    Examples
    --------
    >>> named_columns(["姓 名", "Tel"], {"phone": ("tel",), "name": ("姓名",)}, {})
    {'phone': 1, 'name': 0}
    >>> named_columns(["金额（元）", "应收金额（元）"], {"amount": ("应收金额", "金额")}, {})
    {'amount': 1}
    >>> named_columns(["时长（分钟）", "计费时长（秒）"], {"duration_s": ("时长", "计费时长")}, {})
    {'duration_s': 1}
    """
    found = [bare(cell) for cell in header]
    places = {one: place for place, one in reversed([*enumerate(found)])}
    of_unit: dict[re.Pattern[str], dict[str, int]] = {_YUAN: {}, _S: {}, **{unit: {} for unit in _LONGER}}
    for place, cell in enumerate(header):
        for unit, without in of_unit.items():
            if unit.search(words := plain_words(cell.strip())):
                without.setdefault(bare(unit.sub("", words)), place)
    firsts: dict[str, int] = {}
    for name in names:
        called = _bare_names((columns[name],) if name in columns else (name, *names[name]))
        # what is told in seconds is told best: another column may say the same in minutes
        ours = {**of_unit[UNITS[name]], **places} if name in UNITS else places
        known = (ours, *(of_unit[unit] for unit in _LONGER if UNITS.get(name) is _S))
        if (where := next((each[one] for each in known for one in called if one in each), None)) is not None:
            firsts[name] = where
    return firsts


@lru_cache
def _bare_names(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(bare, names))


_PUNCTUATION = re.compile(r"[\s_\-\ufeff()\[\]/:]")


def bare(text: str) -> str:
    """Return the name of a column without what people write in many ways: case, width, blanks, punctuation.

    Examples
    --------
    >>> bare("时长（秒）"), bare("Meeting_ID:"), bare("會議編號")
    ('时长秒', 'meetingid', '会议编号')
    """
    return _PUNCTUATION.sub("", plain_words(text)).casefold()


_YUAN = re.compile(r"(?:人民币元?|元|[\s_,/:(\[【]+(?:rmb|cny|yuan|¥))[\s)\]】]*$", re.IGNORECASE)
_S = re.compile(
    r"(?:(?:(?:小?时\W?)?分钟?\W?)?秒|[\s_,/:(\[【]+(?:s|secs?|seconds?|h{1,2}:m{1,2}:s{1,2}))[\s)\]】]*$",
    re.IGNORECASE,
)
_MIN = re.compile(r"(?:分钟?|[\s_,/:(\[【]+(?:m|mins?|minutes?))[\s)\]】]*$", re.IGNORECASE)
_H = re.compile(r"(?:小时|[\s_,/:(\[【]+(?:h|hrs?|hours?))[\s)\]】]*$", re.IGNORECASE)
_LONGER: Mapping[re.Pattern[str], int] = {_MIN: 60, _H: 3600}
UNITS: Mapping[str, re.Pattern[str]] = {"duration_s": _S, "amount_yuan": _YUAN, "amount": _YUAN}
"""Our names for columns of figures, and how the name of one ends that is counted in our unit: 应收金额（元）, Cost (CNY).

A length may be told in minutes or hours, too (`seconds_of`).

A figure that is merged over several lines is one for all of them, and would be counted several times. All else (ids,
names, departments, days) is of each line, also where it is written in digits: by what a cell looked like, departments
such as 4100 and ids of six digits were taken for amounts.
"""


def seconds_of(column: str) -> int:
    """Return how many seconds one of what a column of lengths counts in has, by its name.

    Examples
    --------
    >>> [seconds_of(one) for one in ("通话时长(分)", "Duration (min)", "时长（小时）", "时长（秒）", "时长（时:分:秒）", "时长")]
    [60, 60, 3600, 1, 1, 1]
    """
    words = plain_words(column.strip())
    return next((seconds for unit, seconds in _LONGER.items() if unit.search(words)), 1)


class Header(NamedTuple):
    """Where a header begins and ends among the lines of a list, and the names of its columns."""

    first: int
    last: int
    names: Sequence[str]


def holds_values(row: Sequence[str]) -> bool:
    """Say whether a cell of a line is no name of a column.

    Examples
    --------
    >>> holds_values(["姓名", "手机"]), holds_values(["员工01", "13900000000"])
    (False, True)
    """
    return any(_VALUE.search(cell) for cell in row)


def told_header(header: Sequence[str]) -> Text:
    """Return what an error says of the names of columns; of a first line that holds values only how many there are, for
    in a list without a header it is a person.

    Examples
    --------
    >>> told_header(["月份", "价格"]).en, told_header(["13812345678", "张三", "60"]).en
    ("its header is ['月份', '价格']", 'its first line holds 3 values and no names of columns')
    """
    filled = [cell for cell in header if cell.strip()]
    if holds_values(header):
        n = len(filled)
        return Text(f"第一行是 {n} 个值，不是列名", f"its first line holds {n} values and no names of columns")
    return Text(f"标题行是 {filled}", f"its header is {filled}")


def header_of(
    rows: Sequence[Sequence[str]],
    known: Callable[[Sequence[str]], Mapping[str, Any]],
    is_enough: Callable[[Mapping[str, Any]], bool],
    is_note: Callable[[Sequence[str]], bool] = lambda _: False,
) -> Header | None:
    """Return the header among the first lines: above it stand only titles, which fill one cell at most, and notes.

    Of a header of two lines (时间 over 开始 and 结束), a column is called by either or by both, as `known` knows it.

    Examples
    --------
    >>> rows = ["2026年3月", ""], ["会议", "时间"], ["编号", "开始"], ["m0", "8:00"]
    >>> header_of(rows, lambda row: {one: 0 for one in row if one in ("会议编号", "开始时间")}, lambda names: len(names) > 1)
    Header(first=1, last=2, names=['会议编号', '开始时间'])
    """
    for place, row in enumerate(rows[: MOST_TITLES + 1]):
        n = sum(cell.strip() != "" for cell in row)
        # what stands above the names of columns and holds figures is no part of them: it may be a line
        if n > 1 and len(rows) > place + 1 and not _has_digit(row):
            one, both = known(row), _joined(row, rows[place + 1], known)
            is_more = is_enough(known(both)) and len(known(both)) > len(one)
            if is_more or (
                (is_enough(one) or is_enough(known(both))) and _is_grouped(row, rows[place + 1], both, known)
            ):
                return Header(place, place + 1, both)
        if is_enough(known(row)):
            return Header(place, place, row)
        if n > 1 and not is_note(row):
            break
    return None


_LABEL = re.compile(r"[^:：\d]{1,12}[:：]")


def is_note(row: Sequence[str]) -> bool:
    """Say whether a line begins as one that says who made a list, when, or in which unit.

    Examples
    --------
    >>> is_note(["账期：", "2026-03-01", "至", "2026-03-31"]), is_note(["会议编号", "开始时间"])
    (True, False)
    """
    return _LABEL.match(next((cell.strip() for cell in row if cell.strip()), "")) is not None


def is_only_notes(row: Sequence[str]) -> bool:
    """Say whether each cell of a line that says something is a note: 制表人：张三, and beside it 审核人：李四.

    Examples
    --------
    >>> is_only_notes(["制表人：张三", "", "审核人：李四"]), is_only_notes(["制表人：张三", "1.50"])
    (True, False)
    """
    return any(cell.strip() for cell in row) and all(is_note([cell]) for cell in row if cell.strip())


def _has_digit(row: Sequence[str]) -> bool:
    return re.search(r"\d", "".join(row)) is not None


def _columns_under(upper: Sequence[str], lower: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield of a header of two lines each name in the upper one, and what stands below it: it goes on above blanks."""
    name, under = "", list[str]()
    for over, below in zip_longest(map(str.strip, upper), map(str.strip, lower), fillvalue=""):
        if under and over != name and (over or not below):
            yield name, under
            under = []
        name = over if over or not below else name
        under.append(below)
    yield name, under


def _is_grouped(
    upper: Sequence[str],
    lower: Sequence[str],
    both: Sequence[str],
    known: Callable[[Sequence[str]], Mapping[str, Any]],
) -> bool:
    """Say whether a name stands over several others: it is that of none of them, though it reads like a column of its
    own. 费用 over 单价 and 金额 was the unit price.
    """
    groups = [
        (name, len({one for one in under if one not in ("", name)})) for name, under in _columns_under(upper, lower)
    ]
    alone = [name for name, n in groups if n < 2 or not name]
    # names of columns hold no digits, and leave the others what they are: a line below them would not
    return len(alone) < len(groups) and not _has_digit(lower) and known(alone).keys() <= known(both).keys()


_PARTS = frozenset({"时", "小时", "分", "分钟", "h", "hours", "min", "minutes"})
"""Beside one of them, seconds are a part of a duration and none by themselves."""


def _joined(
    upper: Sequence[str], lower: Sequence[str], known: Callable[[Sequence[str]], Mapping[str, Any]]
) -> list[str]:
    """Return what the columns of a header of two lines are called; a name in the upper one goes on above all below it."""
    names: list[str] = []
    for above, under in _columns_under(upper, lower):
        is_parted = len(under) > 1 and any(bare(one) in _PARTS for one in under)
        for one in under:
            words = [above or one] if one in ("", above) else [one + above, above + one, one]
            words = [f"{above}·{one}"] if is_parted else words
            names.append(next((word for word in words if known([word])), words[min(1, len(words) - 1)]))
    return names
