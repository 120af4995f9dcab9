"""What a witness comes to, held against an archive, and how that is said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

from ytxdata.history.proof.witness import ASIDE, MOST_NAMED, Difference, Kind, Off, WitnessLine
from ytxdata.labels import NO_TEXT, Text, printable
from ytxdata.numbers_in_text import hide_in_id
from ytxdata.times import beijing_text


@dataclass(frozen=True, slots=True)
class Missing:
    """A line of a witness that is not in the archive, and when it says that was; None where it does not say."""

    line: int
    meeting_id: str | None
    start: datetime | None
    end: datetime | None

    @classmethod
    def of(cls, line: WitnessLine) -> Missing:
        """Return a line as a missing one."""
        return cls(line.line, line.meeting_id, *(line.edges or (None, None)))


def named(missing: Sequence[Missing]) -> tuple[Missing, ...]:
    """Return the lines to be named: beyond two hundred one entry that spans the rest."""
    rest = missing[MOST_NAMED:]
    if not rest:
        return tuple(missing)
    edges = [(one.start, one.end) for one in rest if one.start and one.end]
    is_dated = len(edges) == len(rest)
    span = (min(start for start, _ in edges), max(end for _, end in edges)) if is_dated else (None, None)
    return (*missing[:MOST_NAMED], Missing(rest[0].line, None, *span))


@dataclass(frozen=True, slots=True)
class Hearing:
    """What a witness comes to, held against the archive.

    Parameters
    ----------
    name, kind, sha256, start, end, number_class
        Of the witness.
    n_lines, n_found
        Its lines, and how many of them are in the archive.
    only_in_witness
        The lines that are not; beyond two hundred one entry that spans the rest.
    n_only_in_witness, n_only_in_archive
        How many lines are not in the archive, and how much of the archive is not in the list.
    n_outside
        Lines without an instant for which the archive only has meetings that are not known to have begun in the
        period: neither found in it nor missing.
    only_in_archive
        Ids of meetings that the list does not know, the first two hundred.
    finding
        `witnessed`, or why nothing is proven by it: a key of `FINDINGS`.
    aside, n_aside
        Lines that are held against nothing, and places and cells that were not read, each with its reason, a key of
        `ASIDE`: the first two hundred, and how many.
    differs
        In what the list's own total, or the one that is given, is not the sum of its lines.
    blocked_by
        Other lists that the archive keeps, whose lines are gaps in this period.
    by_connection
        Its lines were held against connections, not meetings.
    off, n_off
        Lines that say another length or amount than what they were found as: the first two hundred, and how many.
    runs
        The first and the last day of its lines, in Beijing, where some are outside the period.
    unheld
        Which sums (`seconds`, `yuan`) show no line that was left out: what lines say of them follows nothing known.
    until
        Where it was handed in before its period was over, or nobody kept when: from when on it proves nothing.
    given_at
        When it was handed in; None where nobody kept that.
    told_start, told_end
        Before when, and from when on, it proves nothing by its own words: it says that it is of less than the period
        given, or that it was made before that was over.
    blank
        From when until when it proves nothing because it has no line there: whole months that it does not say it is of.
    words, n_words
        What the list says beside its lines (titles, feet, other worksheets, comments) that is not made of usual words:
        the first ten texts, of at most 80 characters, and how many.
    instead_of
        When it was handed in: from when until when another list of its name was, of whose place it took, and how many
        of whose lines were missing.
    covers
        When it was handed in: the period that it states, else the months of its lines, where some are outside the one
        given.
    proven, unproven
        When it was handed in: the periods that are PROVEN by it now; and the first of its period that is not, if any,
        with the reason.
    """

    name: str
    kind: Kind
    sha256: str
    start: datetime
    end: datetime
    number_class: str | None
    n_lines: int
    n_found: int
    only_in_witness: tuple[Missing, ...]
    n_only_in_witness: int
    only_in_archive: tuple[str, ...]
    n_only_in_archive: int
    finding: str
    n_outside: int = 0
    aside: tuple[tuple[int, str], ...] = ()
    n_aside: int = 0
    differs: tuple[Difference, ...] = ()
    blocked_by: tuple[str, ...] = ()
    by_connection: bool = False
    off: tuple[Off, ...] = ()
    n_off: int = 0
    unheld: tuple[str, ...] = ()
    runs: tuple[str, str] | None = None
    until: datetime | None = None
    given_at: datetime | None = None
    told_start: datetime | None = None
    told_end: datetime | None = None
    blank: tuple[tuple[datetime, datetime], ...] = ()
    words: tuple[str, ...] = ()
    n_words: int = 0
    instead_of: tuple[datetime, datetime, int] | None = None
    covers: tuple[datetime, datetime] | None = None
    proven: tuple[tuple[datetime, datetime], ...] | None = None
    unproven: tuple[datetime, datetime, Text] | None = None

    @property
    def ends(self) -> tuple[datetime, ...]:
        """From when on it proves nothing, for whatever reason."""
        return tuple(one for one in (self.until, self.told_end) if one)

    @property
    def agrees(self) -> bool:
        """Whether every line is in the archive and nothing is wrong with the list, be it a proof or not."""
        return self.finding in ("witnessed", "part", "no_total")

    @property
    def text(self) -> Text:
        """What it comes to, in Chinese and English."""
        return Text("；".join(one.zh for one in self.told), "; ".join(one.en for one in self.told))

    @property
    def told(self) -> tuple[Text, ...]:
        """What it comes to, and then what else must be known of it, a sentence each."""
        said = FINDINGS[self.finding].format(
            n=self.n_lines,
            found=self.n_found + self.n_outside,
            lacking=self.n_only_in_witness,
            more=self.n_only_in_archive,
            outside=self.n_outside,
            off=self.n_off,
        )
        is_outside = self.n_outside and self.finding != "outside_period"
        is_proof = self.finding == "witnessed"
        return (
            said,
            *(_proven_told(self.proven, self.unproven) if is_proof and self.proven is not None else ()),
            *((_BY_CONNECTION,) if self.by_connection and self.kind != "cdr" else ()),
            *((_runs_told(*self.runs),) if self.runs else ()),
            *((self.period_to_give,) if self.covers else ()),
            *((_OUTSIDE.format(outside=self.n_outside),) if is_outside else ()),
            *((_until_told(self.until, self.given_at),) if self.until and is_proof else ()),
            *(_span_told(self.told_start, self.told_end) if is_proof else ()),
            *((_blank_told(self.blank),) if self.blank and is_proof else ()),
            *(_differing_told(one, is_rounding=self.agrees) for one in self.differs),
            *((_off_told(self.off, self.n_off),) if self.off else ()),
            *(_UNHELD[of] for of in self.unheld),
            *((_aside_told(self.aside, self.n_aside),) if self.aside else ()),
            *((_words_told(self.words, self.n_words),) if self.words else ()),
            *((_instead_told(self.name, *self.instead_of),) if self.instead_of else ()),
            *(_BLOCKED.format(name=name, command=taking_back(name)) for name in self.blocked_by),
        )

    @property
    def period_to_give(self) -> Text:
        """Which period to hand it in for."""
        if self.covers is None:
            return Text("请给出清单涵盖的时段", "give the period that the list covers")
        asked = "--from {} --to {}".format(*map(_shortest, self.covers))
        return Text(f"应给的时段：{asked}（不含）", f"the period to give: {asked}, which is not in it")

    def renamed(self, change: Callable[[str], str]) -> Hearing:
        """Return the same with other names of lists, ids of missing lines and words: bills are named after whom they
        are sent to, and say in place of an id whose fee a line is.
        """
        lines = [
            replace(one, meeting_id=one.meeting_id and hide_in_id(one.meeting_id, change))
            for one in self.only_in_witness
        ]
        blocked_by, words = tuple(map(change, self.blocked_by)), tuple(map(change, self.words))
        return replace(self, name=change(self.name), blocked_by=blocked_by, only_in_witness=tuple(lines), words=words)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        plain = asdict(self) | {"start": self.start.isoformat(), "end": self.end.isoformat()}
        for name in _TOLD_ONCE:
            del plain[name]
        plain |= {name: (at := getattr(self, name)) and at.isoformat() for name in _INSTANTS}
        plain["blank"] = [[edge.isoformat() for edge in one] for one in self.blank]
        plain["only_in_witness"] = [
            [one.line, one.meeting_id, one.start and one.start.isoformat(), one.end and one.end.isoformat()]
            for one in self.only_in_witness
        ]
        return plain

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Hearing:
        """Return what `to_dict` wrote."""
        # An archive that has no `n_outside` has counted no such line: it keeps the field's own default.
        known = {one.name: values[one.name] for one in fields(cls) if one.name in values}
        known |= {name: datetime.fromisoformat(values[name]) for name in ("start", "end")}
        known |= {name: datetime.fromisoformat(at) for name in _INSTANTS if (at := values.get(name))}
        known["only_in_archive"] = tuple(values["only_in_archive"])
        known["only_in_witness"] = tuple(
            Missing(line, meeting_id, *(None if edge is None else datetime.fromisoformat(edge) for edge in edges))
            for line, meeting_id, *edges in values["only_in_witness"]
        )
        known["aside"] = tuple((line, why) for line, why in values.get("aside", ()))
        known["differs"] = tuple(Difference(*one) for one in values.get("differs", ()))
        known["off"] = tuple(Off(*one) for one in values.get("off", ()))
        known["runs"] = tuple(values["runs"]) if values.get("runs") else None
        known["blank"] = tuple((*map(datetime.fromisoformat, one),) for one in values.get("blank", ()))
        known |= {name: tuple(values.get(name, ())) for name in ("unheld", "blocked_by", "words")}
        return cls(**known)


_TOLD_ONCE = ("instead_of", "covers", "proven", "unproven")
"""To whoever hands the list in; what comes after may change them."""

_INSTANTS = ("until", "given_at", "told_start", "told_end")

FINDINGS: Mapping[str, Text] = {
    "witnessed": Text("{n} 行全部在存档里，存档也没有更多，合计相符", "all {n} lines are in the archive, the archive holds no more, and the total adds up"),
    "lines_missing": Text("{n} 行中有 {lacking} 行不在存档里：相应时刻有缺口", "{lacking} of {n} lines are not in the archive: a gap at each of them"),
    "incomplete": Text("存档里有 {more} 场不在这份清单里：清单本身不完整，不能证实", "{more} meetings of the archive are not in the list: it is incomplete itself and proves nothing"),
    "total_differs": Text("清单自己的合计（或另给的合计）与各行之和不符，不能证实", "the list's own total, or the one that is given, is not the sum of its lines: it proves nothing"),
    "undated": Text(
        "有的行，存档里与其编号相应的只剩日期不符、时段以外、时间不明或无人接入的会议，或者没有写出号码、只有相像的接入：它们可能是存档没有的另一场，不能证实；若没有写明时刻，请给出写明时刻的清单",
        "for some lines only meetings of their ids are left that are of another day, began outside the period, nobody knows when, or without anybody, or only connections like them, where they withhold a number: "
        "they may be others, which are not here; it proves nothing; where they say no time, give a list with times",
    ),
    "lines_differ": Text(
        "{off} 行写的时长或金额与存档里它们的会议不同：可能含有没有列出的会议的时长或金额，不能证实",
        "{off} lines say another length or amount than their meetings have in the archive: they may carry those of meetings that are not listed; it proves nothing",
    ),
    "unheld": Text(
        "{n} 行全部在存档里，但各行的时长或金额与存档所知对不上，其合计看不出缺行，不能证实；请给出清单写明的行数：--total-lines，或 totals={{...}}",
        "all {n} lines are in the archive, but their lengths or amounts cannot be held against it, so that their sum shows no line left out: it proves nothing; "
        "give the lines it says it has: --total-lines, or totals={{...}}",
    ),
    "no_total": Text(
        "{n} 行全部在存档里，但清单没有能看出缺行的合计，不能证实；请给出清单写明的行数、秒数或金额：--total-lines、--total-seconds、--total-yuan，或 totals={{...}}",
        "all {n} lines are in the archive, but the list has no total of its own that would show a line left out: it proves nothing; "
        "give the lines, seconds or yuan it says it has: --total-lines, --total-seconds, --total-yuan, or totals={{...}}",
    ),
    "unread": Text("清单里有读不出或没有读的内容，不能证实；请改正后再给出", "something of the list cannot be read, or was not: it proves nothing; mend it and give it again"),
    "part": Text("{n} 行全部在存档里，但清单只涵盖一类号码：只能证实这一类", "all {n} lines are in the archive, but the list covers one class of numbers only, and proves only those"),
    "foreign": Text("{n} 行中只有 {found} 行在存档里：像是别的账户或别的时段的清单，未采信", "only {found} of {n} lines are in the archive: the list seems to be of another account or time, and is not believed"),
    "outside_period": Text(
        "{n} 行中有 {outside} 行不在所给时段内：请给出清单实际涵盖的时段（--from、--to）",
        "{outside} of {n} lines are outside the period given: give the period that the list covers (--from, --to)",
    ),
    "other_rules": Text(
        "由另一版本按其规则核对，不能证实；下一次同步会重新核对，再次给出这份清单则立即核对",
        "another version held it against the archive by its own rules: it proves nothing until the next sync hears it again, or it is given again",
    ),
    "empty": Text("清单里一行也没有，不能证实", "the list has no line: it proves nothing"),
}  # fmt: skip
"""Key → what a witness comes to."""

_PLACES = {
    "column": Text("列", "column"),
    "computed": Text("列", "column"),
    "instants": Text("列", "column"),
    "list": Text("项", "value"),
    "numbered": Text("列", "column"),
    "several": Text("列", "column"),
    "worksheet": Text("张工作表", "worksheet"),
}
"""What the number counts, where it is not that of a line."""

_BY_CONNECTION = Text("每一行按一个参会方的接入核对", "each line was taken for one party's connection")
_OUTSIDE = Text(
    "另有 {outside} 行的会议在存档里，但不在所给时段内",
    "the meetings of {outside} lines are in the archive, outside the period",
)
_SAID = {"lines": Text("行数", "lines"), "seconds": Text("时长（秒）", "seconds"), "yuan": Text("金额（元）", "yuan")}
_ROUNDED = Text("，为逐行舍入所致，其余相符", ": each was rounded, and all else agrees")
_BLOCKED = Text(
    "这一时段还有缺口（GAP）来自清单 {name}；若它已被更正，请收回：{command}",
    "gaps of this period come from the list {name}; if it was corrected since, take it back: {command}",
)
_UNHELD = {
    of: Text(
        f"{what.zh}：各行写的不依存档所知的任何一种算法，或有存档不知道的，其合计看不出缺行",
        f"{what.en}: what the lines say follows nothing that the archive knows, or is not known, so their sum shows no line left out",
    )
    for of, what in _SAID.items()
}
_NOTHING_PROVEN = Text("目前没有任何时段由它证实为 PROVEN", "nothing is PROVEN by it yet")
_SHOWN = 5


def _differing_told(one: Difference, *, is_rounding: bool) -> Text:
    what, why = _SAID[one.of], _ROUNDED if is_rounding else NO_TEXT
    return Text(
        f"{what.zh}：合计写的是 {one.stated}，各行之和是 {one.summed}{why.zh}",
        f"{what.en}: the total says {one.stated}, the lines come to {one.summed}{why.en}",
    )


def _until_told(until: datetime, given_at: datetime | None) -> Text:
    at = beijing_text(until)
    early = Text("交来时该时段还没有结束", "it was handed in before its period was over")
    why = early if given_at else Text("没有记下它是何时交来的", "nobody kept when it was handed in")
    return Text(
        f"{at} 起不能证实：{why.zh}；请再给出整份清单",
        f"from {at} on it proves nothing: {why.en}; give the whole list again",
    )


def _span_told(start: datetime | None, end: datetime | None) -> list[Text]:
    sides = [
        (Text("之前", "before {at}"), start, Text("的期间从那时开始", "is of a period that begins then")),
        (
            Text("起", "from {at} on"),
            end,
            Text("的期间到那时为止，或它是在那之后不久导出的", "is of a period that ends then, or was made soon after"),
        ),
    ]
    return [
        Text(
            f"{beijing_text(at)} {when.zh}不能证实：清单自己写明{why.zh}",
            f"{when.en.format(at=beijing_text(at))} it proves nothing: it says itself that it {why.en}",
        )
        for when, at, why in sides
        if at
    ]


def _blank_told(blank: Sequence[tuple[datetime, datetime]]) -> Text:
    edges = ((beijing_text(start)[:7], beijing_text(end - timedelta.resolution)[:7]) for start, end in blank[:_SHOWN])
    months = [first if first == last else f"{first} – {last}" for first, last in edges]
    more = " …" if len(blank) > _SHOWN else ""
    return Text(
        f"{'、'.join(months)}{more} 不能证实：清单在其中没有一行，也没有写明它涵盖那时",
        f"it proves nothing of {', '.join(months)}{more}: it has no line there, and does not say that it is of that time",
    )


def _runs_told(first: str, last: str) -> Text:
    return Text(f"清单从 {first} 到 {last}（北京时间）", f"it runs from {first} to {last} in Beijing")


def _shortest(edge: datetime) -> str:
    day = beijing_text(edge).removesuffix(" 00:00:00").replace(" ", "T")
    return day.removesuffix("-01") if len(day) == len("2026-03-01") else day


def _proven_told(
    proven: Sequence[tuple[datetime, datetime]], unproven: tuple[datetime, datetime, Text] | None
) -> list[Text]:
    spans = [(beijing_text(start), beijing_text(end)) for start, end in proven]
    zh, en = "、".join(map(" 至 ".join, spans)), ", ".join(map(" to ".join, spans))
    found = Text(f"现已由它证实为 PROVEN：{zh}（北京时间）", f"PROVEN by it now: {en} (Beijing time)")
    told = [found if spans else _NOTHING_PROVEN]
    if unproven is None:
        return told
    start, end, why = beijing_text(unproven[0]), beijing_text(unproven[1]), unproven[2]
    return [*told, Text(f"不是 PROVEN：{start} 至 {end}，{why.zh}", f"not PROVEN: {start} to {end}: {why.en}")]


def _instead_told(name: str, start: datetime, end: datetime, n_lacking: int) -> Text:
    """Say what a list of the same name was: bills of two months that are called alike took back each other's gaps."""
    first, last = (beijing_text(edge)[:16].removesuffix(" 00:00") for edge in (start, end))
    return Text(
        f"它取代了此前同名的清单 {name}（{first} 至 {last}），那份的证明和缺口（{n_lacking} 行）随之收回；若两份都要，请改名后重新提交那一份",
        f"it takes the place of the earlier list {name} ({first} to {last}), whose proof and gaps ({n_lacking} lines) are "
        "taken back with it; where both count, hand that one in again under another name",
    )


def _off_told(off: Sequence[Off], n: int) -> Text:
    zh = "；".join(f"第 {one.line} 行 {_SAID[one.of].zh} {one.stated}，存档里是 {one.known}" for one in off[:_SHOWN])
    en = "; ".join(
        f"line {one.line} {_SAID[one.of].en} {one.stated}, the archive has {one.known}" for one in off[:_SHOWN]
    )
    more = " …" if n > _SHOWN else ""
    return Text(f"与存档不同（{n}）：{zh}{more}", f"other than in the archive ({n}): {en}{more}")


def _words_told(words: Sequence[str], n: int) -> Text:
    """Say what a list says of itself in words: whether it leaves meetings out, somebody must read."""
    shown = [printable(one, line=True) for one in words]
    more = " …" if n > len(words) else ""
    return Text(
        f"清单另外写明（{n}），请看是否有会议没有列入：{'；'.join(f'“{one}”' for one in shown)}{more}",
        f"it also says ({n}), read whether that leaves meetings out: {'; '.join(f'“{one}”' for one in shown)}{more}",
    )


_BESIDE = Text("各行之外", "beside its lines")
"""Where a title, a cover or what stands around a list in JSON is: its place is 0."""


def _place_told(why: str, lines: Sequence[str]) -> Text:
    if not lines:
        return Text("", "")
    what, more = _PLACES.get(why, Text("行", "line")), " …" if len(lines) > _SHOWN else ""
    shown = lines[:_SHOWN]
    return Text(f"第 {'、'.join(shown)}{more} {what.zh}", f"{what.en}{'s'[: len(shown) - 1]} {', '.join(shown)}{more}")


def _aside_told(aside: Sequence[tuple[int, str]], n: int) -> Text:
    """Name the first lines that are held against nothing, by reason."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for line, why in aside:
        by_reason[why].append(str(line) if line else "")
    told = [
        (ASIDE[why], _place_told(why, [one for one in lines if one]), "" in lines) for why, lines in by_reason.items()
    ]
    zh = "；".join(
        f"{'、'.join(filter(None, (place.zh, beside * _BESIDE.zh)))}（{why.zh}）" for why, place, beside in told
    )
    en = "; ".join(
        f"{', '.join(filter(None, (place.en, beside * _BESIDE.en)))} ({why.en})" for why, place, beside in told
    )
    return Text(f"未读或未计为会议的内容（{n}）：{zh}", f"not read, or not counted as meetings ({n}): {en}")


def taking_back(name: str) -> str:
    """Return the command that takes a list back."""
    return f'ytxdata witness "{name}" --remove' if " " in name else f"ytxdata witness {name} --remove"
