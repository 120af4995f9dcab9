"""Witnesses: another list of what took place proves at once what no window can.

An invoice, a list exported from the console, or the platform's call records are made by other means than the history.
Held against it line by line, one to one, they say three things: a line that is not in the archive is a gap, with its
name. What only the archive holds shows that the witness itself is incomplete. A period whose every line is found,
both ways, and whose own total adds up, is PROVEN as far as it has settled.

A witness may lie. It may leave lines out (then its own total does not add up, or the archive knows more than it),
hold one twice (the second finds no partner), or be another account's (then next to nothing of it is found, and it is
not believed at all). Only one that leaves out what the archive lacks too, and counts accordingly, cannot be told: two
lists then agree, and that is all that anybody can show.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from ytxdata.labels import NO_TEXT, Text, decimal_text
from ytxdata.list_totals import OWN_TOTAL
from ytxdata.spreadsheets import FORMULA, SCIENTIFIC
from ytxdata.times import BEIJING

Kind = Literal["invoice", "console", "cdr"]
KINDS: tuple[Kind, ...] = ("invoice", "console", "cdr")


@lru_cache(maxsize=1024)  # each line is held against all meetings of its id: of a room that keeps it, a whole history
def _edges_of(day: date) -> tuple[datetime, datetime]:
    midnight = datetime.combine(day, time(), BEIJING).astimezone(UTC)
    return midnight, midnight + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WitnessLine:
    """One line: its number in the list, and what it says of a meeting, or of one party's connection to it.

    `number` is a normalised telephone number; unknown is None. `day` is the day in Beijing of a line that says no
    instant: when it began, else when it ended.
    """

    line: int
    meeting_id: str | None = None
    number: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_s: int | None = None
    amount_yuan: Decimal | None = None
    day: date | None = None

    @property
    def is_charged(self) -> bool:
        """Whether it says that somebody was connected: for how long, or for how much."""
        is_long = self.started_at is not None and self.ended_at is not None and self.ended_at > self.started_at
        return bool(self.duration_s or self.amount_yuan or (self.duration_s is None and is_long))

    @property
    def edges(self) -> tuple[datetime, datetime] | None:
        """From when until when it says that it was: at least a second, a day where it says a day."""
        if self.started_at is not None:
            over = self.ended_at or self.started_at + timedelta(seconds=self.duration_s or 0)
            return self.started_at, max(over, self.started_at + timedelta(seconds=1))
        return None if self.day is None else _edges_of(self.day)

    def apart(self, at: datetime | None) -> timedelta | None:
        """Return how far an instant is from when it says it began, or from its day; None where either is not known."""
        if at is None or (edges := self.edges) is None:
            return None
        begin, end = edges
        if self.started_at is not None:
            return abs(begin - at)
        return max(begin - at, at - end + timedelta.resolution, timedelta(0))


class Aside(NamedTuple):
    """A line, or what stands at another place of that number, that is held against nothing; and why: a key of `ASIDE`."""

    line: WitnessLine
    why: str


ASIDE: Mapping[str, Text] = {
    "total": OWN_TOTAL,
    "subtotal": Text("小计", "a subtotal"),
    "footer": Text("表注，没有时间、时长和金额", "a note on the list, without time, duration and amount"),
    "scientific": SCIENTIFIC,
    "formula": FORMULA,
    "title": Text("列名上方的标题", "a title above the names of the columns"),
    "header": Text("再次出现的列名", "the names of the columns again"),
    "no_id": Text("没有会议编号，也没有号码和开始时间", "it has no id, and no number with a start"),
    "beyond": Text("有的格子不在任何列名之下，没有读", "it has cells under no name of a column, which were not read"),
    "swallowed": Text("一格里有好几行：引号不成对", "one cell holds several lines: a quote has no other"),
    "nested": Text("里面还有别的会议，没有读", "it holds other meetings, which were not read"),
    "table": Text("从这里起是另一张表，没有读", "another table begins here and was not read"),
    "column": Text("与另一列重复而内容不同，没有读", "it repeats another one, says otherwise, and was not read"),
    "list": Text("清单之外还有会议，没有读", "it holds meetings beside the list, which were not read"),
    "worksheet": Text("还有会议，没有读", "it holds meetings, which were not read"),
}
"""Key → why a line is held against nothing."""

UNREAD = ("scientific", "formula", "no_id")
"""Of these what the line says is not known, so they forbid a proof."""

UNREAD_BESIDE = ("beyond", "swallowed", "nested", "table", "column", "list", "worksheet")
"""Of these there is more than the lines say, so they forbid a proof, too."""

_PLACES = {"column": Text("列", "column"), "list": Text("项", "value"), "worksheet": Text("张工作表", "worksheet")}
"""What the number counts, where it is not that of a line."""

MOST_NAMED = 200
"""How many lines that were not found are kept by name: each head of an archive holds them. The rest make one gap."""

HALF_A_FEN = Decimal("0.005")


class Difference(NamedTuple):
    """What a list says of itself, and what its lines come to: `lines`, `seconds` or `yuan`."""

    of: str
    stated: str
    summed: str


@dataclass(frozen=True, slots=True)
class Totals:
    """What a list says of itself: how many lines, seconds, yuan. None where it does not say."""

    lines: int | None = None
    seconds: int | None = None
    yuan: Decimal | None = None

    @classmethod
    def of(cls, said: Mapping[str, int | str | Decimal | None]) -> Totals:
        """Return totals from plain values by name."""
        stated = {name: Decimal(value) for name, value in said.items() if value is not None}
        lines, seconds = (int(stated[name]) if name in stated else None for name in ("lines", "seconds"))
        return cls(lines, seconds, stated.get("yuan"))

    def agree(self, lines: Sequence[WitnessLine], given: Totals | None = None) -> bool | None:
        """Say whether the lines add up to what the list says of itself, and to what is given as its total; None when
        that could not show a lack.

        Where lines lack their seconds, or meetings that were held cost nothing, others like them may be missing unseen.
        Amounts that were rounded line by line come to another sum than their total: where all else agrees and no line
        is off by more than half a fen, the rest still vouches.
        """
        is_free = any(not one.amount_yuan and one.duration_s != 0 for one in lines)
        vouching = {"lines"}
        vouching |= set() if any(one.duration_s is None for one in lines) else {"seconds"}
        vouching |= set() if is_free else {"yuan"}
        differs = self.differing(lines, given)
        differing = {one.of for one in differs}
        vouched = bool(({name for name, _ in self._stated(given)} - differing) & vouching)
        allowed = HALF_A_FEN * sum(one.amount_yuan is not None for one in lines)
        is_near = all(abs(Decimal(one.summed) - Decimal(one.stated)) <= allowed for one in differs)
        if differing and not (vouched and differing == {"yuan"} and is_near):
            return False
        return vouched or None

    def differing(self, lines: Sequence[WitnessLine], given: Totals | None = None) -> tuple[Difference, ...]:
        """Return in what the lines do not add up to what the list says of itself, or to what is given."""
        seconds, yuan = [one.duration_s for one in lines], [one.amount_yuan for one in lines]
        summed = asdict(Totals(len(lines), sum(filter(None, seconds)), sum(filter(None, yuan), Decimal(0))))
        return tuple(
            Difference(name, decimal_text(Decimal(own)), decimal_text(Decimal(summed[name])))
            for name, own in self._stated(given)
            if own != summed[name]
        )

    def _stated(self, given: Totals | None) -> list[tuple[str, int | Decimal]]:
        pairs = (pair for one in (self, given or Totals()) for pair in asdict(one).items() if pair[1] is not None)
        return list(dict.fromkeys(pairs))


@dataclass(frozen=True, slots=True)
class Witness:
    """A list of what took place in `[start, end)`, read.

    Parameters
    ----------
    name, kind, sha256
        What it is called, what it is, and the hash of its bytes.
    lines, totals
        What it says, and what it says of itself.
    aside
        Lines that are no meetings, those of which nobody knows what they say, and places that nobody read.
    number_class
        Where it covers only connections of one class of numbers (`mobile`, `fixed` …); None when it covers all.
    given
        What whoever hands it in gives as its total: it must hold as the list's own must.
    n_meetings
        How many meetings its own total says it has.
    is_of_parties
        Its lines are to be taken for connections, whatever else would tell.
    """

    name: str
    kind: Kind
    sha256: str
    start: datetime
    end: datetime
    lines: tuple[WitnessLine, ...]
    totals: Totals = Totals()
    aside: tuple[Aside, ...] = ()
    number_class: str | None = None
    given: Totals = Totals()
    n_meetings: int | None = None
    is_of_parties: bool = False

    @property
    def stated(self) -> Totals:
        """What it says of itself: meetings are lines where each line is one."""
        return self.totals if self.by_connection else replace(self.totals, lines=self.totals.lines or self.n_meetings)

    @property
    def by_connection(self) -> bool:
        """It lists each party's connection, not each meeting: call records do, and so does a list with several numbers to one id."""
        numbers: dict[str, str] = {}
        return (
            self.kind == "cdr"
            or self.is_of_parties
            or any(
                numbers.setdefault(one.meeting_id, one.number) != one.number
                for one in self.lines
                if one.meeting_id and one.number
            )
        )


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
        Lines that are held against nothing, and places that were not read, each with its reason, a key of `ASIDE`: the
        first two hundred, and how many.
    differs
        In what the list's own total, or the one that is given, is not the sum of its lines.
    blocked_by
        Other lists that the archive keeps, whose lines are gaps in this period.
    by_connection
        Its lines were held against connections, not meetings.
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
        )
        is_outside = self.n_outside and self.finding != "outside_period"
        return (
            said,
            *((_BY_CONNECTION,) if self.by_connection and self.kind != "cdr" else ()),
            *((_OUTSIDE.format(outside=self.n_outside),) if is_outside else ()),
            *(_differing_told(one, is_rounding=self.agrees) for one in self.differs),
            *((_aside_told(self.aside, self.n_aside),) if self.aside else ()),
            *(_BLOCKED.format(name=name, command=taking_back(name)) for name in self.blocked_by),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        plain = asdict(self) | {"start": self.start.isoformat(), "end": self.end.isoformat()}
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
        known["only_in_archive"] = tuple(values["only_in_archive"])
        known["only_in_witness"] = tuple(
            Missing(line, meeting_id, *(None if edge is None else datetime.fromisoformat(edge) for edge in edges))
            for line, meeting_id, *edges in values["only_in_witness"]
        )
        known["aside"] = tuple((line, why) for line, why in values.get("aside", ()))
        known["differs"] = tuple(Difference(*one) for one in values.get("differs", ()))
        known["blocked_by"] = tuple(values.get("blocked_by", ()))
        return cls(**known)


FINDINGS: Mapping[str, Text] = {
    "witnessed": Text("{n} 行全部在存档里，存档也没有更多，合计相符", "all {n} lines are in the archive, the archive holds no more, and the total adds up"),
    "lines_missing": Text("{n} 行中有 {lacking} 行不在存档里：相应时刻有缺口", "{lacking} of {n} lines are not in the archive: a gap at each of them"),
    "incomplete": Text("存档里有 {more} 场不在这份清单里：清单本身不完整，不能证实", "{more} meetings of the archive are not in the list: it is incomplete itself and proves nothing"),
    "total_differs": Text("清单自己的合计（或另给的合计）与各行之和不符，不能证实", "the list's own total, or the one that is given, is not the sum of its lines: it proves nothing"),
    "undated": Text(
        "有的行，存档里与其编号相应的只剩日期不符、时段以外、时间不明或无人接入的会议：它们可能是存档没有的另一场，不能证实；若没有写明时刻，请给出写明时刻的清单",
        "for some lines only meetings of their ids are left that are of another day, began outside the period, nobody knows when, or without anybody: "
        "they may be others, which are not here; it proves nothing; where they say no time, give a list with times",
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
        "{n} 行中有 {outside} 行的会议在存档里，但不在所给时段内：请给出清单实际涵盖的时段（--from、--to）",
        "the meetings of {outside} of {n} lines are in the archive, but outside the period given: give the period that the list covers (--from, --to)",
    ),
    "other_rules": Text(
        "由另一版本按其规则核对，不能证实；下一次同步会重新核对，再次给出这份清单则立即核对",
        "another version held it against the archive by its own rules: it proves nothing until the next sync hears it again, or it is given again",
    ),
    "empty": Text("清单里一行也没有，不能证实", "the list has no line: it proves nothing"),
}  # fmt: skip
"""Key → what a witness comes to."""

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
_SHOWN = 5


def _differing_told(one: Difference, *, is_rounding: bool) -> Text:
    what, why = _SAID[one.of], _ROUNDED if is_rounding else NO_TEXT
    return Text(
        f"{what.zh}：合计写的是 {one.stated}，各行之和是 {one.summed}{why.zh}",
        f"{what.en}: the total says {one.stated}, the lines come to {one.summed}{why.en}",
    )


def _aside_told(aside: Sequence[tuple[int, str]], n: int) -> Text:
    """Name the first lines that are held against nothing, by reason."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for line, why in aside:
        by_reason[why].append(str(line))
    told = [
        (ASIDE[why], _PLACES.get(why, Text("行", "line")), lines[:_SHOWN], " …" if len(lines) > _SHOWN else "")
        for why, lines in by_reason.items()
    ]
    zh = "；".join(f"第 {'、'.join(lines)}{more} {what.zh}（{why.zh}）" for why, what, lines, more in told)
    en = "; ".join(
        f"{what.en}{'s'[: len(lines) - 1]} {', '.join(lines)}{more} ({why.en})" for why, what, lines, more in told
    )
    return Text(f"未计为会议的内容（{n}）：{zh}", f"not counted as meetings ({n}): {en}")


def taking_back(name: str) -> str:
    """Return the command that takes a list back."""
    return f'ytxdata witness "{name}" --remove' if " " in name else f"ytxdata witness {name} --remove"
