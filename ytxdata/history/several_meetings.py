"""Columns of a list that nobody reads and that say more than its lines: by which one is several meetings (one for each
day, the second of them, of several days, how often a room met), or when it began; and those of starts that are lengths.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from itertools import pairwise
from typing import Any

from ytxdata.history.list_cells import COLUMNS, LOOSE_STARTS, called, is_enough, plain
from ytxdata.history.list_statements import NO_YEAR
from ytxdata.history.proof.witness import WitnessLine
from ytxdata.labels import filled, plain_words
from ytxdata.list_totals import is_total
from ytxdata.spreadsheets import bare, dated
from ytxdata.times import BEIJING, beijing_text, parse_instant

_ORDINAL = re.compile(
    r"第?(?P<zh>[一二三四五六七八九十两\d]{1,3})(?:场|次|轮|届)(?:会议)?|(?P<half>上午|下午|晚上)场?"
    r"|(?P<again>再次|(?<=时间)[二三四五])|(?:session|meeting|场次|会议)?(?P<n>\d{1,2}|first|second|third)(?:(?:st(?!art)|nd|rd|th)?)(?:session|meeting)?"
)
_FIRST_ONE = frozenset({"一", "1", "first", "上午"})
_ONE_OF_DAYS = re.compile(
    r"(?=.*\w)(?!.*\d{5})(?:(?:\d{1,4}[-/.:年月日号时点t]*){1,6}|[一二三四五六七八九十]{1,3}月份?|第[\d一二三四五六七八九十]{1,3}[天日周月])?"
    r"\W?(?:(?:周|星期|礼拜)[一二三四五六日天]|(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?"
    r"|(?:jan|feb)(?:uary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|(?:sep|sept|nov|dec)(?:ember)?|oct(?:ober)?)?\W?"
)
_CLOCK = r"\d\d?:\d\d(?::\d\d)?"
_BEHIND_DAY = rf"(?:\s?[(（]?(?:周|星期)[一二三四五六日天][)）]?)?(?:\s?{_CLOCK}(?:\s?[-~至到]\s?{_CLOCK})?)?"
_DAY = (
    r"(?:(?:(?:19|20)\d\d\s?[-/.年]\s?\d\d?\s?[-/.月]|\d\d?\s?[-/月])\s?\d\d?\s?[日号]?|(?:19|20)\d\d(?:0\d|1[0-2])[0-3]\d)"
    + _BEHIND_DAY
)
_SEVERAL_DAYS = re.compile(
    rf"\s*{_DAY}(?:(?:\s*(?:[、,;，；|&和及\n]|\band\b)\s*|\s+(?=(?:19|20)\d\d[-/.年]))(?:{_DAY}|\d\d?\s?[日号]{_BEHIND_DAY}))+\s*"
)
_N_MEETINGS = re.compile(
    r"(?:本[月期]|累计|总|实际)?(?P<of>会议)?(?P<sure>召?开|举[行办]|使用)?(?P<what>会议?)?(?:总|合计)?(?:次数|(?P<times>场数)|场次数?|场|数量?)[场次个]?"
    r"|#?(?:total|no\.?|n|number|num|count)?(?:of)?(?P<whom>meetings|sessions|conferences|occurrences|(?:meeting|session)(?=count))(?:count|held)?"
    r"|count|times|frequency|频次"
)
_OF_DAY = re.compile(r"(?<=[日号])(?:会议)?(?:次数|时长|场次|场数|数量?)$|(?<=\d)(?:st|nd|rd|th)$")
_TIMES_OF = ("started_at", "ended_at")
_LONGEST = 40
"""How many characters the name of a column has at most that says such a thing."""


def of_several(header: Sequence[str], rows: Sequence[Mapping[str, object]], by_name: Mapping[str, str]) -> list[int]:
    """Return the numbers of columns that nobody read, by which a line is several meetings: one for each day, for the
    second of them, of several days, or of how often a room met. A room that met once more than the archive knew proved
    its month. A line that says when and how long is one, but by another start or a count that is surely of meetings.

    Examples
    --------
    >>> of_several(["id", "会议次数", "创建时间"], [{"id": "8001", "会议次数": "2"}], {"meeting_id": "id"})
    [2]
    >>> of_several(["id", "1日", "2日"], [{"id": "8001", "1日": "1"}, {"id": "8002", "2日": "1"}], {"meeting_id": "id"})
    [2, 3]
    """
    places = {name: n for n, name in enumerate(header, 1) if 0 < len(name) <= _LONGEST and name not in by_name.values()}
    own, looked_at = by_name.get("meeting_id", ""), [*places, *by_name.values()]
    lines = [{name: filled(str(row.get(name) or "")) for name in looked_at} for row in rows if places]
    lines = [one for one in lines if one.get(own) and not is_total(one[own])]
    open_ = [one for one in lines if not _is_whole(one, by_name)]
    days = [name for name in places if _is_of_a_day(name) and any(one[name].strip("0.") for one in open_)]
    found = [*days] if len(days) > 1 else []
    found += [name for name in places if any(_SEVERAL_DAYS.fullmatch(one[name]) for one in open_)]
    found += [name for name in places if _counts_meetings(name, lines, by_name)]
    found += [
        name for name in places if any(one[name] and _tells_another(name, one[name], one, by_name) for one in lines)
    ]
    found += _second_ones([*places], lines, open_, by_name)
    return sorted({places[name] for name in found})


_OF_NO_START = re.compile(
    r"结束|[离退]会|离开|挂断|散会|创建|新建|预[约订定]|计划|拟|应到|通知|邀请|提醒|发起|申请|审[批核]|提交|登记|录[入制音像]|导[出入]|打印|制[表单]"
    r"|填[报表]|生成|更新|修改|变更|操作|同步|上传|下载|查[询看]|统计|取消|结算|结账|出账|入账|计费|扣费|缴费|付款|支付|到账|开票|到期|过期|有效|截[止至]"
    r"|注册|开通|登录|生日|出生|入职|账期|归档|转写|纪要"
    r"|(?<![a-z])(?:end|left|leave|finish|creat|book|reserve|sched|plan|reservation|invit|remind|request|submit|approv|export|import|print|generate"
    r"|updat|modif|chang|sync|upload|download|query|cancel|settle|bill|invoice|paid|pay|due|expir|valid|regist|record|log|archive)",
    re.IGNORECASE,
)
"""Of what an instant is that is surely not when a meeting or a connection began."""


_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def of_instants(
    header: Sequence[str], lines: Sequence[tuple[WitnessLine, Mapping[str, object]]], by_name: Mapping[str, str]
) -> list[int]:
    """Return the numbers of columns of instants that nobody read, beside lines that say no start, nor a day of which
    these are: a list whose starts stood under another name, three days later, proved its month.

    Examples
    --------
    >>> row = {"id": "8001", "到会时刻": "2026-03-04 20:10", "创建时间": "2026-03-01 08:00"}
    >>> of_instants([*row], [(WitnessLine(2, "8001"), row)], {"meeting_id": "id"})
    [2]
    """

    def says_more(line: WitnessLine, cell: str) -> bool:
        at = None if not cell or cell.isdigit() else parse_instant(dated(cell))
        return at is not None and at.astimezone(BEIJING).date() != line.day

    read, lines = {*by_name.values()}, [one for one in lines if one[0].started_at is None]
    return [
        n
        for n, name in enumerate(header, 1)
        if name not in read and not _OF_NO_START.search(_CAMEL.sub(" ", name))
        if any(says_more(line, filled(str(row.get(name) or "").strip())) for line, row in lines)
    ]


_AGAIN = re.compile(r"续会|续开|复会|重开|再次|重新(?:开始|召开)|re-?start|resum|re-?open", re.IGNORECASE)
_WITHIN = re.compile(r"子会议|sub-?\s?meeting", re.IGNORECASE)
_HELD_AGAIN = re.compile(
    r"(?:会议|场)未单列|(?:[又再还]|另外?)又?召?开了?[一二两三四五六七八九\d]+[次场]|\bheld (?:once )?again\b|\banother meeting at\b",
    re.IGNORECASE,
)
"""What a note beside a meeting says of another one."""
_REMARKS = re.compile(r"备注|说明|附注|remark|note|comment|memo", re.IGNORECASE)
_NOT_HERE = re.compile(
    r"未(?:能|予)?(?:列[入出]|计入|登记|录入|导出|单列)|漏[登列记报]|not (?:listed|included|exported)", re.IGNORECASE
)
_OTHERS = re.compile(r"其[他它余](?:的)?(?:会议|场次)|另一场|other meetings?", re.IGNORECASE)
_SPANS = re.compile(rf"({_CLOCK})\s?[-~–—至到]\s?{_CLOCK}")
_A_CLOCK = re.compile(r"(?<!\d)\d{1,2}:\d\d")


def _tells_another(name: str, cell: str, line: Mapping[str, str], by_name: Mapping[str, str]) -> bool:
    """Say whether a cell says when a meeting was taken up again, which other ones it held, or that it was held again."""
    if _AGAIN.search(name):
        return parse_instant(dated(cell)) is not None and cell not in {line[theirs] for theirs in by_name.values()}
    if _WITHIN.search(name):
        return _A_CLOCK.search(plain_words(cell)) is not None
    if (_OTHERS.search(name) and cell) or (_REMARKS.search(name) and _NOT_HERE.search(cell)):
        return True
    return _HELD_AGAIN.search(cell) is not None or _is_beyond(_SPANS.findall(plain_words(cell)), line, by_name)


def _is_beyond(begins: Sequence[str], line: Mapping[str, str], by_name: Mapping[str, str]) -> bool:
    """Say whether one of several spans of a day begins when a meeting that says when it was over was over."""
    told = [parse_instant(dated(line[by_name[ours]])) for ours in _TIMES_OF if ours in by_name]
    if len(begins) < 2 or len(told) < 2 or None in told:
        return False
    first, last = (beijing_text(at)[11:16] for at in told if at)
    return first <= last and not all(first <= one.zfill(5)[:5] <= last for one in begins)


def _second_ones(
    names: Sequence[str],
    lines: Sequence[Mapping[str, str]],
    open_: Sequence[Mapping[str, str]],
    by_name: Mapping[str, str],
) -> list[str]:
    """Return the columns that say of a second meeting what another column says of the first: 第二场开始时间."""
    found: list[str] = []
    kinds: dict[str, list[str]] = {ours: [name] for ours, name in by_name.items()}
    for name in names:
        key = bare(name)
        for told in _ORDINAL.finditer(key):
            stem = key[: told.start()] + key[told.end() :]
            kind = next((ours for ours in (*_TIMES_OF, "duration_s", "day") if stem in COLUMNS[ours][1]), None)
            is_of_starts = not stem and all(map(_says_start, (one[name] for one in lines if one[name])))
            kind = "started_at" if is_of_starts else kind
            others = kinds.setdefault(kind, []) if kind else []
            of = lines if kind == "started_at" else open_
            is_more = any(one[name] and any(_is_other(one[name], one[other]) for other in others) for one in of)
            found += [name] if is_more and _FIRST_ONE.isdisjoint(told.groups()) else []
            others.append(name)
    return found


_CLOCKS = re.compile(r"(\d{1,2}:\d\d)(?::\d\d)?(?:\s*[-~–—至到]\s*\d{1,2}:\d\d(?::\d\d)?)?")


def _says_start(cell: str) -> bool:
    return parse_instant(dated(cell)) is not None or _CLOCKS.fullmatch(plain_words(cell)) is not None


def _is_other(cell: str, first: str) -> bool:
    clock = _CLOCKS.fullmatch(plain_words(cell))
    return first not in ("", cell) and not (clock and clock[1] in first)


def _is_of_a_day(name: str) -> bool:
    text = _OF_DAY.sub("", plain_words("".join(name.split())).casefold())
    return _ONE_OF_DAYS.fullmatch(re.sub(r"([a-z]{3,9})\.?(\d\d?)", r"\2\1", text)) is not None


def _counts_meetings(name: str, lines: Sequence[Mapping[str, str]], by_name: Mapping[str, str]) -> bool:
    """Say whether a column counts how often each line was a meeting. A number of a line is none; and by a word that
    counts anything (count) a line that says an instant is one meeting.
    """
    if not (told := _N_MEETINGS.fullmatch(bare(name))):
        return False
    counts = [int(one[1]) if (one := _A_COUNT.fullmatch(line[name])) else 0 for line in lines]
    if counts == [*range(1, len(lines) + 1)] or _is_of_group(counts, lines, by_name):
        return False
    is_sure = any(told.groups())
    return any(n > 1 and (is_sure or not _moment(one, by_name)) for n, one in zip(counts, lines, strict=True))


def _is_of_group(counts: Sequence[int], lines: Sequence[Mapping[str, str]], by_name: Mapping[str, str]) -> bool:
    """Say whether lines that say when and how long are counted: which of its day or room each is, or how many these had."""
    if not all(_is_whole(one, by_name) for one in lines):
        return False
    moments = [_moment(one, by_name) for one in lines]
    days = [at and at.astimezone(BEIJING).date() for at in moments]
    rooms = [one[by_name["meeting_id"]] for one in lines]
    groups: tuple[Sequence[object], ...] = ([None] * len(lines), days, rooms, [*zip(days, rooms, strict=True)])
    for keys in groups:
        sizes, nth = Counter(keys), _nth(keys)
        of_all = [sizes[key] for key in keys]
        if counts in (nth, of_all, [n - one + 1 for n, one in zip(of_all, nth, strict=True)]):
            return max(of_all) > 1
    return False


def _nth(keys: Sequence[object]) -> list[int]:
    seen, found = Counter[object](), list[int]()
    for key in keys:
        seen[key] += 1
        found.append(seen[key])
    return found


def _moment(line: Mapping[str, str], by_name: Mapping[str, str]) -> datetime | None:
    """Return when a line is, of its own; a day is no instant."""
    told = (parse_instant(dated(line[by_name[ours]])) for ours in _TIMES_OF if ours in by_name)
    return next((at for at in told if at and at.astimezone(BEIJING).time() != time()), None)


def _is_whole(line: Mapping[str, str], by_name: Mapping[str, str]) -> bool:
    spans = [line[by_name[ours]] for ours in ("duration_s", "ended_at") if ours in by_name]
    return (
        any(any(map(str.isdigit, one)) for one in spans)
        and "started_at" in by_name
        and _moment(line, by_name) is not None
    )


_A_COUNT = re.compile(r"(\d{1,4})(?:\.0*)?\s*[场次]?")


# ── serial numbers ──
_SERIAL = re.compile(r"序号?|行号|项次|#|no\.?|s/?n|(?:seq(?:uence)?|row|line|item)(?:no|num(?:ber)?)?\.?|index|idx|")


def out_of_row(header: Sequence[str], rows: Sequence[Mapping[str, object]], by_name: Mapping[str, str]) -> list[int]:
    """Return the numbers of columns of serial numbers that do not begin with 1 (or 0), or jump: a line was taken out,
    and the totals were those of what was left. They may begin again on each page or day, stand on several lines each,
    or run the other way.

    Examples
    --------
    >>> rows = [{"序号": n, "id": f"m{n}"} for n in (1, 2, 4, 5)]
    >>> out_of_row(["序号", "id"], rows, {"meeting_id": "id"}), out_of_row(["序号", "id"], rows[:2], {"meeting_id": "id"})
    ([1], [])
    """
    found = []
    for place, name in enumerate(header, 1):
        if not _SERIAL.fullmatch(bare(name)) or name in by_name.values() or (not name and place > 1):
            continue
        told = [row for row in rows if any(plain(cell) for column, cell in row.items() if column != name)]
        numbers = [int(one) for row in told if re.fullmatch(r"\d{1,7}", one := plain(row.get(name)))]
        found += [place] if _is_serial(numbers) and not _is_whole_row(numbers) else []
    return found


def _is_serial(numbers: Sequence[int]) -> bool:
    steps = [abs(after - before) == 1 for before, after in pairwise(numbers)]
    return 2 * sum(steps) > len(steps)


def _is_whole_row(numbers: Sequence[int]) -> bool:
    first = min(numbers)
    if first > 1:
        return False
    if sorted(numbers) == [*range(first, first + len(numbers))]:
        return True
    orders = (numbers, numbers[::-1])
    return any(
        order[0] == first and all(after in (before, before + 1, first) for before, after in pairwise(order))
        for order in orders
    )


# ── which columns are read ──
_SPAN_OF_CLOCKS = re.compile(r"(.*\d:\d\d(?::\d\d)?)\s*(?:[-~–—至到]|to)+\s*(?:.*\d:\d\d(?::\d\d)?)")


def start_in(cell: str) -> str:
    """Return from when it was, of a cell that says until when, too.

    Examples
    --------
    >>> [start_in(one) for one in ("2026-03-01 09:00-10:00", "9:00~9:30", "2026-03-01 09:00:00-08:00", "00:20:00")]
    ['2026-03-01 09:00', '9:00', '2026-03-01 09:00:00-08:00', '00:20:00']
    """
    span = None if parse_instant(cell) else _SPAN_OF_CLOCKS.fullmatch(plain_words(cell))
    return span[1] if span else cell


def columns_of(header: Sequence[str], rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> dict[str, str]:
    """Return what `called` does, without a column of starts which by its cells is one of lengths: 会议时间 may be both."""
    by_name = called(header, columns)
    # beside nothing else that says which meeting it is, an id is a meeting's
    if not is_enough(by_name) and "meeting_id" not in by_name:
        by_name |= dict(zip(["meeting_id"], [one for one in header if bare(one) == "id"], strict=False))
    if bare(name := by_name.get("started_at", "")) in LOOSE_STARTS and "started_at" not in columns:
        told = [dated(plain(row.get(name))) for row in rows]
        is_on_day = "day" in by_name and any(start_in(one) != one for one in told)
        if not is_on_day and not any(parse_instant(start_in(one)) for one in told):
            del by_name["started_at"]
    return by_name


def of_year(text: str, start: datetime, end: datetime) -> str:
    """Return a day that is written without its year as that of the period, if it is one of its years."""
    if not (day := NO_YEAR.fullmatch(text)):
        return text
    years = range(start.astimezone(BEIJING).year, end.astimezone(BEIJING).year + 1)
    dates = [f"{year}-{int(day[1]):02}-{int(day[2]):02}" for year in years]
    return next((one for one in dates if beijing_text(start)[:10] <= one < beijing_text(end)), dates[0])


_MONTH = re.compile(r"((?:19|20)\d\d)\s*[-/.年]?\s*(\d\d?)\s*月?份?")


def is_month_in(text: str, start: datetime, end: datetime) -> bool:
    """Say whether a cell under days says a month of the period: of a bill of March, it tells no line from another."""
    month = _MONTH.fullmatch(text)
    first, last = beijing_text(start)[:7], beijing_text(end - timedelta.resolution)[:7]
    return month is not None and first <= f"{month[1]}-{int(month[2]):02}" <= last
