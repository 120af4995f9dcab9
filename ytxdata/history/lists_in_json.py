"""Lists of what took place as JSON: where the list stands, what is told beside it, and what its meetings hold."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, time, timedelta
from typing import Any

from ytxdata.errors import UsageError
from ytxdata.history.list_amounts import SUMS, in_seconds
from ytxdata.history.list_cells import MEASURES, RawList, called, is_enough, place_of, plain, repeated
from ytxdata.history.list_statements import counts
from ytxdata.labels import Text
from ytxdata.records.reported_losses import LOST, totals_and_losses
from ytxdata.records.spans import Member
from ytxdata.records.values import convert
from ytxdata.spreadsheets import bare, seconds_of
from ytxdata.times import BEIJING, beijing_text, parse_instant
from ytxdata.workbooks import MOST_COLUMNS, MOST_PARTS


def is_json(raw: bytes) -> bool:
    """Say whether a file is JSON by how it begins."""
    return raw.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")


def json_list(raw: bytes, columns: Mapping[str, str]) -> RawList:
    """Return what a list in JSON holds; `columns` says what one of our columns is called in it.

    Raises
    ------
    UsageError, ValueError, RecursionError
        It cannot be read.
    """
    body = _read(raw.lstrip(b"\xef\xbb\xbf"))
    values = _unwrapped(body if isinstance(body, dict) else {"": body})
    lists = [name for name, one in values.items() if isinstance(one, list)]
    chosen = next((name for name in lists if values[name]), next(iter(lists), None))
    rows = values.get(chosen or "")
    names = next((one for one in map(values.get, lists) if _is_of_names(one, columns)), None)
    if names and (cells := next((one for one in map(values.get, lists) if _is_of_cells(one, len(names))), None)):
        rows = [dict(zip(names, row, strict=True)) for row in cells]
        values = {name: one for name, one in values.items() if one is not names}
        chosen = next(name for name, one in values.items() if one is cells)
    if rows is None or not all(isinstance(one, dict) for one in rows):
        raise ValueError("no list of objects")
    rows, is_short, total = _of_groups(rows, columns)
    header = list(dict.fromkeys(str(name) for row in rows for name in row))
    if len(header) > MOST_COLUMNS or len(header) * len(rows) > MOST_PARTS:  # as of a workbook
        n, most = (len(header), len(rows)), (MOST_COLUMNS, MOST_PARTS)
        raise UsageError(
            Text(
                f"{n[1]:,} 个对象共有 {n[0]:,} 个不同的键（上限 {most[0]:,} 个，单元格 {most[1]:,} 个）",
                f"{n[0]:,} names in {n[1]:,} objects (at most {most[0]:,}, and {most[1]:,} cells)",
            )
        )
    own = {plain(row.get(called(header, columns).get("meeting_id", ""))) for row in rows}
    is_of_day = parse_instant(chosen or "") is not None
    aside = [
        *(
            place_of(n, "list")
            for n, (name, one) in enumerate(values.items(), 1)
            if name != chosen
            and (_holds(one, columns) or _names_others(one, own) or (one and is_of_day and parse_instant(name)))
        ),
        *(
            place_of(n, "column")
            for n in repeated(header, lambda place: [plain(row.get(header[place])) for row in rows], columns)
        ),
        *(place_of(n, "nested") for n, row in enumerate(rows, 1) if _holds_another(row, columns)),
    ]
    beside = {name: one for name, one in values.items() if name != chosen}
    said = [one for value in beside.values() for one in _within(value) if isinstance(one, dict)] + [beside]
    # what was asked for is no number of what came
    answered = [one for name, one in beside.items() if not _ASKED.search(name)]
    of_answer = [one for value in answered for one in _within(value) if isinstance(one, dict)] + [beside]
    figures = [count for one in of_answer for some in _tellings(one) for count in totals_and_losses(some)]
    aside += [place_of(0, "more") for one in figures if one in (None, LOST)]
    is_left = any(_is_of_some(name, one) for each in said for name, one in each.items())
    aside += [place_of(0, "more")] if is_left or is_short else []
    stated = [
        *said,
        *([{COUNT: total}] if total else []),
        *({COUNT: one} for one in figures if one not in (None, LOST)),
    ]
    told = dict(_in_words(beside, len(rows)))
    covers = [text for text, is_heard in told.items() if is_heard]
    return RawList(
        rows, stated, range(1, len(rows) + 1), header, aside, "\n".join(_period_told(beside)), covers, [*told]
    )


_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|_")
_OF_SUMS = re.compile(r"stat|summary|daily|by|count|统计|汇总|分[类日]", re.IGNORECASE)


_AN_ID = re.compile(r"(?=.*\d)[!-~]*|.?")
"""What is no word: an id, a hash, an instant."""


def _in_words(beside: Mapping[str, Any], n_rows: int, *, is_asked: bool = False) -> Iterator[tuple[str, bool]]:
    """Yield what stands beside a list with its name, in words as titles have them, and whether it is heard: a number
    that is no count of meetings, or was asked for, is not, and is told only as one of some that do not come to as many
    as there are lines.
    """
    for name, value in beside.items():
        key = _CAMEL.sub(" ", name)
        if isinstance(value, dict):
            yield from _in_words(value, n_rows, is_asked=is_asked or _ASKED.search(name) is not None)
            numbers = [one for one in value.values() if type(one) is int]
            if _OF_SUMS.search(name) and len(numbers) == len(value) > 1 and sum(numbers) != n_rows:
                yield f"{key}：" + "、".join(f"{_CAMEL.sub(' ', each)} {n}" for each, n in value.items()), False
        for one in value if isinstance(value, list) else [value]:
            text = f"{key}：{one}"
            is_word = isinstance(one, str) and not _AN_ID.fullmatch(one) and parse_instant(one) is None
            is_count = type(one) in (int, str) and one not in (0, "0") and not is_asked and counts([text])
            yield from [(text, True)] if is_word or is_count else ()


def _names_others(value: Any, own: Collection[str]) -> bool:
    """Say whether a list of single values has ids that look like those of the lines, and are none of them."""
    forms = {re.sub(r"\d", "0", one) for one in own if len(one) > _SHORT}
    listed = (plain(one) for held in _within(value) if isinstance(held, list) for one in held)
    return any(one not in own and re.sub(r"\d", "0", one) in forms for one in listed)


_SHORT = 5


_OF_ASKED = re.compile(
    r"query|param|filter|range|period|criteria|condition|request|search|meta|info|data|header|查询|条件|参数|范围",
    re.IGNORECASE,
)
_BEGIN = re.compile(
    r"(?:(?:query|period|range|stat|bill)?(?:start|begin)|from|since)(?:date|time|day|at)?|(?:开始|起始)(?:时间|日期)"
)
_END = re.compile(
    r"(?:(?:query|period|range|stat|bill)?(?:end|stop)|to|until)(?:date|time|day|at)?|(?:结束|截止|终止)(?:时间|日期)"
)
_MADE = re.compile(
    r"(?:export|generate|print|report|produce|download)(?:d|ed)?(?:at|on|time|date)|asof|(?:导出|生成|打印|制表)(?:时间|日期)"
)


_OF_PERIOD = re.compile("period|range|cycle|期|范围", re.IGNORECASE)
_HALVES = {"1": "上", "first": "上", "h1": "上", "上": "上", "2": "下", "second": "下", "h2": "下", "下": "下"}
_PARTS: Mapping[str, Callable[[str], str]] = {
    "year|年[份度]?": "{}年".format,
    "quarter|季度?": lambda one: f"{one}季度" if one.isdigit() else one,
    "month|月份?": lambda one: f"{one}月" if one.isdigit() and len(one) <= len("12") else one,
    "half(?:month)?|半月": lambda one: f"{_HALVES[one.casefold()]}半月" if one.casefold() in _HALVES else one,
    "week|周": lambda one: f"第{one}周" if one.isdigit() else one,
}
"""What a key that says a part of a year is called, and what it says, in words as titles have them."""


def _period_told(beside: Mapping[str, Any]) -> Iterator[str]:
    """Yield of which period a list is asked, and when it was made, by what stands beside it, in words as titles have them."""
    told = [(bare(name), plain(one)) for name, one in beside.items() if isinstance(one, str | int)]
    at = {form: next((one for name, one in told if form.fullmatch(name)), "") for form in (_BEGIN, _END, _MADE)}
    days = {
        form: beijing_text(moment)[: 10 if _A_DAY.fullmatch(one) else 19]
        for form, one in at.items()
        if (moment := parse_instant(one))
    }
    if _BEGIN in days and _END in days:
        yield f"期间：{days[_BEGIN]} 至 {days[_END]}"
    else:
        yield from (f"{what}：{days[form]}" for form, what in {_BEGIN: "开始", _END: "结束"}.items() if form in days)
    if _MADE in days:
        yield f"导出时间：{days[_MADE]}"
    parts = [
        (part, written(one))
        for part, written in _PARTS.items()
        for name, one in told
        if one and re.fullmatch(f"(?:bill(?:ing)?|stat|report|query|账单|统计|查询)?(?:{part})", name)
    ]
    is_of_all = any(len(one) > len("12月") for part, one in parts if "month" in part)
    if parts:
        yield "期间：" + "".join(one for part, one in parts if not (is_of_all and "year" in part))
    for name, one in beside.items():
        is_of_period = _OF_PERIOD.search(name) is not None
        if not (is_of_period or _OF_ASKED.search(name)):
            continue
        if isinstance(one, dict):
            yield from _period_told(one)
        elif isinstance(one, list) and len(one) == 2:
            yield f"期间：{plain(one[0])} 至 {plain(one[1])}"
        elif isinstance(one, str | int):
            yield f"{'期间' if is_of_period else '时间'}：{plain(one)}"


_A_DAY = re.compile(r"\d{4}[-/.年]?\d\d?[-/.月]?\d\d?日?")


_LEFT_OUT = re.compile(r"omit|exclu|skipped|hidden|removed|filter|筛选|过滤|排除|省略|遗漏", re.IGNORECASE)
_OF_ALL = re.compile(
    r"\W*|0+|false|no|none|null|all|\*|无|否|全部|所有|不限|(?:19|20)\d\d.*", re.IGNORECASE | re.DOTALL
)


_ASKED = re.compile(r"(?:query|param(?:eter)?s?|conditions?|criteria|条件|参数)$", re.IGNORECASE)
_OF_ANY_LIST = re.compile(
    r"time|date|day|start|end|begin|from|to$|page|size|limit|offset|num|count|sort|order|lang|locale|format|zone|account|app|sid|token|sign|时间|日期|页|条数|排序|账",
    re.IGNORECASE,
)
"""What any list is asked by: its time, its pages, its account."""
_A_COUNT = re.compile(r"(?:records?|rows?|items?|results?|total|count)+filtered(?:records?|rows?|items?|total|count)*")


def _is_of_some(name: str, value: Any) -> bool:
    """Say whether what stands beside a list says what was left out, or asked for, and that is not all of a time."""
    if _LEFT_OUT.search(name):
        return not _A_COUNT.fullmatch(bare(name)) and _leaves_out(value)
    asked = {key: one for key, one in value.items() if not _OF_ANY_LIST.search(key)} if isinstance(value, dict) else {}
    words = [one for one in asked.values() if isinstance(one, str)]
    return _ASKED.search(name) is not None and _leaves_out(words)


def _leaves_out(value: Any) -> bool:
    """Say whether what was filtered or left out, as a key beside a list says, is anything but a time or nothing."""
    if isinstance(value, dict | list):
        return any(map(_leaves_out, value.values() if isinstance(value, dict) else value))
    return _OF_ALL.fullmatch(plain(value)) is None


def _read(raw: bytes) -> Any:
    """Return a value, or those of JSON Lines."""
    try:
        return json.loads(raw, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        lines = [one for one in raw.splitlines() if one.strip()]
        if len(lines) < 2 or error.msg != "Extra data":
            raise
        return [json.loads(one, object_pairs_hook=_object) for one in lines]


def _is_of_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _is_of_names(value: Any, columns: Mapping[str, str]) -> bool:
    """Say whether a list is of the names of columns, whose cells another list holds."""
    return isinstance(value, list) and all(isinstance(one, str) for one in value) and is_enough(called(value, columns))


def _is_of_cells(value: Any, n: int) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, list) and len(row) == n for row in value)


def _unwrapped(values: dict[str, Any]) -> dict[str, Any]:
    """Return what stands beside a list and the list, out of the one object in which it is; of an object that holds a
    list for each day these lists as one.
    """
    while not any(isinstance(one, list) for one in values.values()):
        inner = [
            (name, one) for name, one in values.items() if isinstance(one, dict) and any(map(_is_of_rows, _within(one)))
        ]
        if len(inner) != 1:
            break
        name, one = inner[0]
        beside = [pair for pair in values.items() if pair[0] != name]
        if len(one) > 1 and all(map(_is_of_rows, one.values())):
            rows = [
                {**({"date": key} if "date" not in row else {}), **row} for key, rows in one.items() for row in rows
            ]
            return _object([*beside, (name, rows)])
        values = _object([*beside, *one.items()])
    return values


_PAGE = re.compile("page|页", re.IGNORECASE)


def _of_groups(rows: list[dict[str, Any]], columns: Mapping[str, str]) -> tuple[list[dict[str, Any]], bool, int | None]:
    """Return the meetings of rooms, days or weeks that hold them, each with what is told of its groups; whether one
    says that it has more than stand in it; and what all say that there are, where they are pages.
    """
    is_short, total = False, None
    while (key := _key_of_groups(rows, columns)) is not None:
        made: list[dict[str, Any]] = []
        told: list[tuple[int | None, int]] = []
        # of pages below each other each but the last says there are more, each but the first that others are above
        numbers = [*range(1, len(rows) + 1)]
        of_page = [name for name in rows[0] if _PAGE.search(name) and [row.get(name) for row in rows] == numbers]
        for row in rows:
            group = {name: one for name, one in row.items() if name not in (key, *of_page)}
            told += [(one, len(row[key])) for some in _tellings(group) for one in totals_and_losses(some)]
            is_short |= _holds(group, columns)
            made += [{**{name: one for name, one in group.items() if isinstance(one, str)}, **one} for one in row[key]]
        of_all = {one for one, _ in told} - ({None} if of_page else set())
        total = len(made) if of_all == {len(made)} and len(rows) > 1 else total
        is_short |= any(one != n for one, n in told) and total is None
        rows = made
    return rows, is_short, total


def _key_of_groups(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> str | None:
    """Return under which key objects that are no meetings hold them."""
    names = dict.fromkeys(name for row in rows for name in row)
    keys = [name for name in names if all(_is_of_rows(row.get(name)) or row.get(name) == [] for row in rows)]
    is_held = len(keys) == 1 and not is_enough(called(names, columns)) and any(row[keys[0]] for row in rows)
    return keys[0] if is_held else None


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
    joins = [at for one, told in inner if _JOINED.search(told.get("started_at", "")) for at in _moments(one, told)[:1]]
    if span and is_whole and any(at > span[1] - _EARLY + _LATE for at in joins):
        return True  # who left late may have been shown so; who joined after its end was at another one
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


_JOINED = re.compile("join|加入|入会", re.IGNORECASE)


def _is_nameless(one: Mapping[str, Any], told: Mapping[str, str]) -> bool:
    return len(one) == len(told) and "number" not in told and not told.keys().isdisjoint(MEASURES | {"day"})


def _moment(cell: Any) -> datetime | None:
    return parse_instant(cell.strip()) if isinstance(cell, str) and not cell.strip().isdigit() else None


def _moments(one: Mapping[str, Any], told: Mapping[str, str], is_exact: bool = False) -> list[datetime]:
    names = ("started_at", "ended_at") if is_exact else ("started_at", "ended_at", "day")
    cells = (plain(one[told[name]]) for name in names if name in told)
    return [at for cell in cells if (at := parse_instant(cell))]


_EARLY, _LATE, _DAY = timedelta(hours=1), timedelta(minutes=10), timedelta(days=1)
"""How long before its meeting begins, or after it ended, a clock may show that somebody joined or left; how
long after it that somebody joined; and a day."""


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
    measures = {bare(by_name[ours]) for ours in MEASURES & by_name.keys()}
    return bool({"meeting_id", "number"} & by_name.keys()) and bool(measures - {*SUMS})
