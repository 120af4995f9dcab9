"""What stands on a list beside its lines: headings above them, a foot below the total, and notes that it is only a
part.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import time

from ytxdata.history.list_cells import COLUMNS, OWN_NUMBER
from ytxdata.history.list_statements import NO_YEAR, OF_NO_LIST, in_digits
from ytxdata.history.list_words import OF_MEETINGS, OF_OTHERS
from ytxdata.labels import filled, plain_words
from ytxdata.list_totals import IN_WORDS, NOTE, closing_of, holds_a_number, is_total, no_meeting
from ytxdata.spreadsheets import dated
from ytxdata.times import BEIJING, parse_instant

_WORDY = re.compile(r"(?=.*[\u4e00-\u9fff]).*|(?=.*\s)(?=.*(?:[^\d\s-]|\d{4}-\d\d?-\d\d?\s)).*|\D*", re.DOTALL)
"""What an id hardly looks like: it has figures, and is one word, or groups of figures (`8001 0009`)."""

_PHRASE = re.compile(r"[\u4e00-\u9fff]|\s")
"""What a single word of another script lacks, which may be an id."""

_A_DAY = re.compile(r"(?:19|20)\d\d\s?[-/.]\s?\d\d?\s?[-/.]\s?\d\d?(?:\s00:00(?::00)?)?")


def _is_day(name: str) -> bool:
    """Say whether what stands alone is the day that the lines below are of: a whole list by day had a gap for each.
    Figures alone may be an id.
    """
    text = dated(plain_words(name)).strip()
    if _A_DAY.fullmatch(name) or NO_YEAR.fullmatch(text):
        return True
    at = None if re.fullmatch(r"[\d\s]*\.?\d*", plain_words(name)) else parse_instant(text)
    return at is not None and at.astimezone(BEIJING).time() == time()


def headings(lines: Sequence[tuple[str, Mapping[str, str], Sequence[str]]]) -> set[int]:
    """Return the places of lines that are words beside nothing, above the lines that a total is of, or words alone
    below the last one: a right bill had meetings there that were never held. Among the lines they may be what a room is
    called.

    Parameters
    ----------
    lines
        What each is called, what it says under our names of columns, without the id, and whatever stands in it: a room
        with the topic of its meeting beside it was taken for a heading.

    Examples
    --------
    >>> names = "市场部", "8001", "小计", "研发部", "8002", "小计", "合计", "以下空白"
    >>> sorted(headings([(one, {"amount_yuan": "3.60" if one[0] in "8小合" else ""}, [one]) for one in names]))
    [0, 3, 7]
    >>> headings([("8001", {"amount_yuan": "3.60"}, []), ("三楼会议室", {}, []), ("合计", {"amount_yuan": "3.60"}, [])])
    set()
    """
    sums = [is_total(name) for name, *_ in lines]
    found = {
        n
        for n, (name, said, words) in enumerate(lines)
        if name and not sums[n] and not any(map(filled, said.values())) and (_WORDY.fullmatch(name) or _is_day(name))
        if all(one == name or not filled(one) or OWN_NUMBER.fullmatch(one) for one in words)
    }
    others = [n for n in range(len(lines)) if n not in found]
    # of a list of ids with its total on top, every room that is called in words was below the last total
    line = next((n for n in others if not sums[n]), len(lines))
    total = max((n for n in others if sums[n] and n > line), default=-1)
    placed = set[int]()
    for above, up in zip([-1, *others], others, strict=False):
        is_first = above < 0 or sums[above]
        is_title = not sums[up] and up < total
        between = range(above + 1, up)
        placed |= {n for n in between if (is_first and is_title) or (not sums[up] and _is_day(lines[n][0]))}
    # of a list of nothing but ids and topics, a line with both is all that a meeting is
    is_measured = any(any(map(filled, lines[n][1].values())) for n in others if not sums[n])
    notes = {n for n, one in enumerate(lines) if is_measured and _is_of_words(*one)}
    # without a total, what tells nothing of a meeting below the last line that does is none: a whole month was a gap
    told = (n for n, (name, *_) in enumerate(lines) if not (n in notes and _PHRASE.search(name)))
    last = total if total >= 0 else max(told, default=-1)
    below = range(last + 1, len(lines)) if total >= 0 or is_measured else range(0)
    foot = {n for n in below if n in found or n in notes}
    if below and no_meeting(lines[last][0], {}) == "total":
        foot |= {n for n in below if _is_figure_of_all(*lines[n])}
    is_last = all(n in foot or closing_of(lines[n][0], lines[n][2], lines[n][1]) for n in below)
    return placed | (foot if is_last else set())


_PAGE_NUMBER = re.compile(r"[-–—~/.()\[\]\s]*\d{1,3}(?:[-–—~/.()\[\]\s]+\d{1,3})?[-–—~/.()\[\]\s]*")
_OF_ALL = re.compile(
    r"平均|均值|[日月人场]均|累计|同比|环比|占比|最[大高长小低短]|中位数"
    r"|\b(?:average|avg|mean|median|max(?:imum)?|min(?:imum)?|ytd|cumulative|to[ -]date)\b",
    re.IGNORECASE,
)
_FIGURES = ("duration_s", "amount_yuan")


def _is_figure_of_all(name: str, said: Mapping[str, str], words: Sequence[str]) -> bool:
    """Say whether a line below the grand total is a figure of all lines that tells no time (平均, 本年累计), or the
    number of the page: a whole list had a gap there.
    """
    text = plain_words(name)
    told = {cell for ours, cell in said.items() if filled(cell) and ours not in _FIGURES}
    beside = {one for one in words if filled(one)} - {name, *(said.get(ours, "") for ours in _FIGURES)}
    is_alone = len(words) == 1 and _PAGE_NUMBER.fullmatch(text) is not None
    return not told and not beside and (is_alone or _OF_ALL.search(text) is not None)


_DAY_OF_NOTE = re.compile(r".*(?:日期|时间|date)", re.IGNORECASE)
"""What a note is called that says when a list was made: 制表日期."""
_TIME = re.compile(r"\d\s*[-/.:：年月日点时]\s*\d{1,2}(?!\d)|(?<!\d)(?:(?:19|20)\d{6,12}|1\d{9}(?:\d{3})?)(?![\d.])")
"""What may be meant for a day or an instant, in whatever form; 010-65520000 and 7日内 are none."""
_ACCOUNT = re.compile(r"(?:[\s-]*\d){9,}")
"""What is no length and no amount: the number of an account or a phone."""
_IN_BOTH = re.compile(r"[大小]写")
"""What says that an amount stands in words, or beside them in figures."""


def _is_of_words(name: str, said: Mapping[str, str], words: Sequence[str]) -> bool:
    """Say whether a line tells no number, no time, no length and no amount: 制表人 | 张三 | 审核人 | 李四."""
    is_of_total = _IN_BOTH.search(name) is not None and IN_WORDS.search("".join(words)) is not None

    def tells(ours: str, cell: str) -> bool:
        if COLUMNS[ours][0] == "instant":
            return _TIME.search(cell) is not None and not NOTE.fullmatch(cell) and not _DAY_OF_NOTE.fullmatch(name)
        return holds_a_number(cell) and (ours == "number" or not (is_of_total or _ACCOUNT.fullmatch(cell)))

    is_named = name != "" and _WORDY.fullmatch(name) is not None
    return is_named and not any(tells(ours, cell) for ours, cell in said.items())


# ── only a part ──
_COUNTED = r"(?:条|行|笔|场|项|(?:records?|rows?|entries|lines|results|items|meetings|calls|connections)\b)"
_PART = r"(?:页|部分|册|卷)"
_PAGE = re.compile(
    rf"第\s*(?P<a>\d+)\s*{_PART}\W*(?:总?共|of)?\W*(?P<b>\d+)\s*{_PART}|(?P<c>\d+)\s*/\s*共?\s*(?P<d>\d+)\s*{_PART}"
    rf"|共\s*(?P<f>\d+)\s*{_PART}\W*(?:当前|本页|此为|这是)?\W*第\s*(?P<e>\d+)\s*{_PART}"
    r"|(?:页[码次数]|当前页|\bpage|\bpart)\s*:?\s*(?P<g>\d+)\W*(?:/|of|总?页数|共)\W*(?P<h>\d+)",
    re.IGNORECASE,
)
"""A page, and of how many it is one."""
_BARE_PAGE = re.compile(r"[^\w.]*(\d{1,4})\s*/\s*(\d{1,4})[^\w.]*")
_SHOWN = r"本页|当前|本次|显示|导出|列出|展示|返回|加载|\bshow(?:n|ing|s)?\b|\bdisplay(?:ed|ing|s)?\b|\bexported\b|\blisted\b|\bloaded\b"
_ALL_OF = (
    r"(?:结果|记录|数据|会议|明细|条目)?\W{0,6}(?:合计|总计|总数?|全部)?"
    r"(?:总?共有?|总共|总数|总计|全部|\btotal\b|\b(?:out )?of\b|/)(?:记录|数据|会议)?数?\W{0,4}"
    rf"(?P<m>\d++)\s*+(?:(?P<v>{_COUNTED})|(?![\w.]))"
)
_OF_MORE = re.compile(
    rf"(?:(?:{_SHOWN})[^\d]{{0,12}}(?:(?P<from>\d+)\s*(?:[-~]|至|到|to)\s*第?\s*)?"
    rf"|(?<![\d./:-])(?P<begin>\d+)\s*(?:[-~]|至|到|to)\s*第?\s*|(?<![\d./:-])(?=\d+\s*of\s*\d+\s*{_COUNTED}))"
    rf"(?P<n>\d+)\s*(?P<u>{_COUNTED})?{_ALL_OF}",
    re.IGNORECASE,
)
"""How many lines are shown, and of how many, by one unit: a sum of lengths or people is of no lines."""
_ELSEWHERE = (
    r"时长|分钟|小时|秒|人|方|费|元|额|每|页|年|季|累计|上[月期]|second|minute|hour|amount|duration|cost|charge|people|person"
    r"|part|page|year"
)
_GAP = rf"(?:(?!{_ELSEWHERE})[^\d]){{0,8}}"
_OF_ALL_FOUND = re.compile(
    rf"(?:{_SHOWN})[^\d]{{0,12}}(?P<n>\d+)\s*(?P<u>{_COUNTED})?{_GAP}?(?:共|总|全部|\bof\b|/){_GAP}(?P<m>\d++)\s*+"
    rf"(?:(?P<v>{_COUNTED})|(?![\w.]))",
    re.IGNORECASE,
)
"""The same with other words between: 当前显示 40 条，符合条件的共 52 条."""
_FREE = r"(?![^,。;]{0,16}(?:免|赠|优惠|折|单价|[计收]费|[付缴结][款清费算]|元|\bfree\b|waived|discount|charged|billed|\bpaid\b|yuan))"
_FIRST = re.compile(
    rf"(?:[仅只]|最多|至多)[能可会限]?(?:{_SHOWN}|查询|保留|包含|提供)[^\d]{{0,10}}(\d+)\s*{_COUNTED}"
    rf"|(?:前|最[近新])\s*(\d+)\s*{_COUNTED}{_FREE}"
    r"|(?<![a-z])top\s*(\d+)(?!\d)"
    r"|(?:^\W*|\b(?:rows?|records?|lines?|export|query|display|results?|list|asc|desc|from \S+) )limit\W{0,3}(\d+)\W*$"
    rf"|\b(?:only|first|top|latest|last|at most|up to|limited to)\s+(?:the\s+)?(?:first\s+|latest\s+|last\s+)?(\d+)\s+(?:\w+\s+)?"
    rf"{_COUNTED}{_FREE}",
    re.IGNORECASE | re.MULTILINE,
)
"""A limit: it cuts a list that has as many lines. So many that are free, or paid, are no limit."""
_SOME = rf"(?<!\d)[1-9]\d*\s*{_COUNTED}"
_LEFT_OUT = r"(?:显示|导出|列出|展示|返回|加载|shown|displayed|exported|listed|included|omitted)"
_LIST = r"(?:数据|结果|清单|列表|记录|明细|会议)"
_MORE = re.compile(
    rf"(?:还有|另有|其余|余下|剩余)[^,。;]{{0,16}}(?:[未不]|没有?)能?(?:{_SHOWN}|加载)"
    r"|(?:其余|余下|剩余)(?![^,。;]{0,8}(?:[费额价款列]|说明|备注|信息|内容|字段|税))[^,。;]{0,8}略\W*$"
    rf"|{_LIST}(?:已|被|已被)?截断|^\W*已?被?截断\W*$|导出(?:时|中|过程中)?(?:已|被|已被)截断"
    r"|(?<!未)(?<!没有)(?:达到?|超[出过])[^,。;]{0,8}(?:导出|显示|查询|条数|行数|记录数?)[^,。;]{0,4}(?:上限|限制)"
    rf"|{_LIST}(?:并?不完整|不全|未全部)|部分{_LIST}[未没](?:有|能)?{_LEFT_OUT}|未(?:能)?{_LEFT_OUT}(?:全部|所有|完)|[只仅]{_LEFT_OUT}了?部分"
    rf"|未(?:能)?(?:全部|完全){_LEFT_OUT}"
    rf"|{_SOME}(?:{_LIST})?(?:[未没](?:有|能)?|\s*(?:were |are )?not\s+){_LEFT_OUT}|未(?:能)?{_LEFT_OUT}\s*{_SOME}|{_SOME}\s+(?:were |are )?omitted"
    rf"|[另还]有\s*{_SOME}(?:{_LIST})?[见在]|^\W*以下(?:省略|从略)|更多{_LIST}(?:请|[查见])"
    r"|导出(?:被|已)?(?:中断|中止|失败(?!\W{0,2}\d))|\brow limit (?:was )?(?:reached|exceeded)|\bincomplete (?:list|data|results?|export)\b"
    r"|^(?!.*\b(?:not|no|never|names?|topics?|titles?|subjects?|characters?|chars?|texts?|cells?|decimals?|durations?|amounts?|values?)\b)"
    r".*\btruncated\b"
    rf"|\b\d+ more {_COUNTED}|\band \d+ more\b|\bpartial (?:list|data|results?|export)\b"
    rf"|\bnot all {_COUNTED} (?:are|were) (?:shown|listed|displayed|exported|included)",
    re.IGNORECASE | re.MULTILINE,
)
_INTO = r"列[入出示]?|计入|纳入|包?含|包括|同步|入库|入账|导出|录入|收录|补录|登[记录]|体现|显示|此列|其[中内]|本[表清]"
_BUT_ALL = r"(?!前?\s*\d|[^,。;]{6,20}[前后])"
_LEAVES_OUT = re.compile(
    rf"(?:未|没有?|无法|不)(?:能|予以?|再|被|单独|在)*(?:{_INTO})|缺失|缺少|遗漏|漏[登列记报掉计一]|丢失"
    rf"|(?<![一二两三四五几\d各])部分(?=\W|$|会议|数据|记录|话单|通话|未|缺)|仅(?:列|显示|含|包[含括]|统计|导出|限(?!内部|本)){_BUT_ALL}"
    rf"|只(?:列|含|包[含括]|显示|统计|导出){_BUT_ALL}|节[选录]|摘[录选]|抽[样查]|样本|(?<!打印)预览|截取"
    r"|\b(?:excerpts?|sample (?:list|data|of)|preview|partial|omit(?:s|ted)?|selected (?:meetings|calls|records)"
    r"|exclud(?:ed|es|ing)(?!\s+(?:vat|tax|fees?))|except(?:ing|ed)?(?!\s+(?:where|as|if))|(?:could )?not (?:be )?(?:included|listed|shown|exported))\b",
    re.IGNORECASE,
)
"""What says that something is left out, or that a list is a piece, and in no figure of how many."""
_SOME_MEETINGS = re.compile(
    r"除[^,。;]{1,16}外|除外|另[行附册表]|另[见列]|单[独列]|剔除|排除|筛除|(?:其他|其它|其余|另外的?)会议[^,。;]{0,4}(?:见|附)"
    r"|\b(?:longer|shorter|more|less|fewer|other) than\b|\bonly\b(?=[^.;]{1,40}\b(?:listed|shown|included)\b)",
    re.IGNORECASE,
)
"""What leaves meetings out where it names any."""
_FILTER = re.compile(
    r"(?:筛选|过滤)(?:条件|范围)?\W*[:=]\W*(?!.*(?:日期|时间|账期|\d{4}[-年/]|全部|所有|无|不限))\w"
    r"|(?:筛选|过滤|查询)(?:条件|范围)?\W*(?:部门|主持人?|创建[人者]|发起人|会议室|类型|状态|关键[字词]|主题)\W*[:=]\W*(?!全部|所有|无|不限)\w"
    r"|\bfilter(?:ed)?(?:\s+by\b|\s*[:=])\W*(?!.*(?:date|time|period|month|\b(?:all|none|no)\b|\d{4}[-/]))\w",
    re.IGNORECASE,
)
_NONE = re.compile(rf"(?<![\d.])0+\s*{_COUNTED}")


def _is_of_some(text: str) -> bool:
    """Say whether a text says that meetings are left out: one that names nothing but tax, recordings or words does not."""
    for clause in re.split(r"[,，。;；\n]", text):
        said = [one for one in _LEAVES_OUT.finditer(clause) if not _IF.search(clause[: one.start()])]
        of_meetings = OF_MEETINGS.search(clause)
        more = [one for one in _SOME_MEETINGS.finditer(clause) if of_meetings and not _IF.search(clause[: one.start()])]
        if ((said and (of_meetings or not OF_OTHERS.search(clause))) or more) and not _NONE.search(clause):
            return True
    return any(not _IF.search(text[: one.start()]) for one in _FILTER.finditer(text))


_CAME_FROM = re.compile(r"[接续]上一?[页表]|续表|continued from", re.IGNORECASE)
_PIECE = re.compile(
    r"[(]\s*[一二三四五六七八九十上中下]\s*[)]\W*$|第\s*[\d一二三四五六七八九十]+\s*[册卷]|共\s*(?!1\D|一)[\d一二两三四五六七八九十]+\s*[册卷]"
    r"|\bpart\s+(?:\d+|[ivx]+|one|two|three)\b(?!\s*(?:of|/))|[(]\s*(?P<nth>\d{1,2})\s*/\s*(?P<of>\d{1,2})\s*[)]\W*$",
    re.IGNORECASE | re.MULTILINE,
)
"""What a title says that is of one of several lists."""


def _is_one_of_several(text: str) -> bool:
    found = [] if any(_pages(text)) else [*_PIECE.finditer(text)]
    return any(one["of"] is None or int(one["nth"]) <= int(one["of"]) in range(2, 13) for one in found)


_REST = re.compile(
    rf"(?:(?:^|[,，。;；])\W*|导出|下载|加载)失败\W{{0,2}}{_SOME}|(?:^|[,，。;；])\W*(?:剩余|余下|其余)\s*{_SOME}\W*$"
)
_SHOULD = re.compile(
    rf"(?:应(?:该?{_LEFT_OUT}|有)|查询?到|找到|检索到)\s*(\d+)\s*{_COUNTED}\W{{0,3}}(?:实际?|已|[仅只]|本次)?{_LEFT_OUT}?了?\s*(\d+)\s*{_COUNTED}"
)
_SLASH = re.compile(rf"(?<![\d./:-])(\d+)\s*{_COUNTED}?\s*/\s*共?\s*(\d+)\s*{_COUNTED}")
_IF = re.compile(
    r"若(?!干)|倘|如[果有遇需]|^\W*如(?![上下图表])|^\W*当(?![前月日天次年期时])"
    r"|\b(?:if|unless|should|when(?!.*\b(?:was|were)\b))\b",
    re.IGNORECASE,
)
"""What says what would be, in front: that a list that is cut may be asked for again is no word that it is."""
_THEN = re.compile(r"[^,]{0,4}?[时后](?:请|须|应|会)|时\W*$")
_GENERALLY = re.compile(r"\b(?:is|are|be|gets?)\b.*\s(?:if|when)\b(?!.*\b(?:was|were)\b)", re.IGNORECASE)
_GOES_ON = re.compile(r"未完待续|[转接续见]下一?页|下页续|to be continued|continue[ds] (?:on|over)", re.IGNORECASE)
"""That a page goes on: in a list of all pages the next one stands below."""


_FIGURE = re.compile(r"[\s\d.,:¥￥元-]*\d[\s\d.,:¥￥元-]*")


def is_of_cut(words: Sequence[str]) -> bool:
    """Say whether a line is words that tell of pages or of more, and holds neither a time nor a figure.

    Examples
    --------
    >>> is_of_cut(["第1页，共3页", ""]), is_of_cut(["8001", "2026-03-01 08:00", "第1页，共3页"]), is_of_cut(["三楼"])
    (True, False, False)
    """
    text = _as_read(" ".join(words))
    said = (_PAGE, _OF_MORE, _OF_ALL_FOUND, _FIRST, _MORE, _REST, _SHOULD, _SLASH, _GOES_ON)
    is_told = any(one.search(text) for one in said)
    return is_told and not any(parse_instant(one.strip()) or _FIGURE.fullmatch(one) for one in words)


def cut_at(notes: Sequence[tuple[int, str]], lines: Sequence[int], n_rows: int) -> list[int]:
    """Return the places of notes by which a list is only a part, of which nobody knows what is on the rest.

    All pages of a list may stand below each other, and a limit, or a number of all, that its lines reach or stay below
    leaves nothing out.

    Parameters
    ----------
    notes
        Each with its place: what stands above, below and between the lines.
    lines, n_rows
        The places of its lines, and how many there are with totals and notes.

    Examples
    --------
    >>> [cut_at([(9, one)], range(2, 9), 8) for one in ("第1页，共3页", "仅显示前 7 条记录", "本页 7 条，共 9 条", "转下页")]
    [[9], [9], [9], [9]]
    >>> [cut_at([(9, one)], range(2, 9), 8) for one in ("第1页，共1页", "最多显示 1,000 条", "本页 7 条，共 7 条", "共3页")]
    [[], [], [], []]
    >>> cut_at([(4, "Page 1 of 2"), (9, "Page 2 of 2")], range(2, 9), 8)
    []
    """
    texts = [(place, _as_read(text)) for place, text in notes]
    pages = [(place, *one) for place, text in texts for one in _pages(text)]
    bare_pages = [(place, int(one[1]), int(one[2])) for place, text in texts if (one := _BARE_PAGE.fullmatch(text))]
    told = {page for _, page, _ in (*pages, *bare_pages)}
    # in front of lines 3/31 may be a day
    pages += [one for one in bare_pages if one[0] > max(lines, default=0) or one[1] == len(lines) < one[2]]
    found = {place for place, _, n in pages if not {*range(1, min(n, len(told) + 1) + 1)} <= told}
    for place, text in texts:
        is_less = any(
            int(one["m"]) > len(lines)
            and (int(one["m"]) > int(one["n"]) or int(one["from"] or one["begin"] or 1) > 1)
            and len({one["u"], one["v"]} - {None}) <= 1
            and (one["u"] or one["v"] or one["begin"])
            for one in _OF_MORE.finditer(text)
        ) or any(int(one[1]) > int(one[2]) for one in _SHOULD.finditer(text))
        is_less |= any(len(lines) == int(one[1]) < int(one[2]) for one in _SLASH.finditer(text))
        is_less = is_less or any(
            int(one["m"]) > max(len(lines), int(one["n"])) and len({one["u"], one["v"]} - {None}) == 1
            for one in _OF_ALL_FOUND.finditer(text)
        )
        is_full = any(len(lines) <= int(next(filter(None, one.groups()))) <= n_rows for one in _FIRST.finditer(text))
        goes_on = _GOES_ON.search(text) and place >= max(lines, default=0)
        is_piece = place <= min(lines, default=0) and (_CAME_FROM.search(text) or _is_one_of_several(text))
        found |= {place} if is_less or is_full or goes_on or is_piece or _is_of_some(text) or _is_cut(text) else set()
    return sorted(found)


def _is_cut(text: str) -> bool:
    for sentence in re.split(r"[。;；\n]", text):
        clauses = re.split(r"[,，]", sentence)
        if any(map(_says_more, clauses)) or (not OF_NO_LIST.search(sentence) and any(map(_REST.search, clauses))):
            return True
    return False


def _says_more(clause: str) -> bool:
    """Say whether a clause says that there is more, and neither when there would be nor when there is in general."""
    return any(
        not _IF.search(clause[: one.end()]) and not _THEN.match(clause[one.end() :])
        for one in ([] if _GENERALLY.search(clause) else _MORE.finditer(clause))
    )


def _as_read(text: str) -> str:
    """Return words as they are looked through: numbers without commas, and in digits also of pages in Chinese."""
    return in_digits(re.sub(r"(?<=\d),(?=\d{3})", "", plain_words(text)))


def _pages(text: str) -> Iterator[tuple[int, int]]:
    for one in _PAGE.finditer(text):
        page, n = (int(one[names[0]] or one[names[1]] or one[names[2]] or one[names[3]]) for names in ("aceg", "bdfh"))
        yield page, n
