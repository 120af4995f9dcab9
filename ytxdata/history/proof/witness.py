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

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from ytxdata.errors import UsageError
from ytxdata.history.list_amounts import sums_of_seconds, sums_with
from ytxdata.labels import Text, decimal_text
from ytxdata.list_totals import CLOSINGS, OWN_TOTAL, SUBTOTAL, Unit, is_credit
from ytxdata.spreadsheets import FORMULA, SCIENTIFIC
from ytxdata.times import BEIJING, beijing_text

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
    instant: when it began, else when it ended. `rest_s` is what its length is more than `duration_s`, where it is
    written with decimals.
    """

    line: int
    meeting_id: str | None = None
    number: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_s: int | None = None
    amount_yuan: Decimal | None = None
    day: date | None = None
    rest_s: Decimal = Decimal(0)

    @property
    def length_s(self) -> Decimal | None:
        """How long it says that it was, with its decimals."""
        return None if self.duration_s is None else self.duration_s + self.rest_s

    @property
    def span_s(self) -> int | None:
        """How long it was from its start to its end; None where it does not say both."""
        if self.started_at is None or self.ended_at is None:
            return None
        return max(int((self.ended_at - self.started_at).total_seconds()), 0)

    @property
    def is_charged(self) -> bool:
        """Whether it says that somebody was connected: for how long, or for how much."""
        return bool(self.duration_s or self.amount_yuan or (self.duration_s is None and self.span_s))

    @property
    def is_credit(self) -> bool:
        """Whether it gives back what another line asked for."""
        return is_credit(self.duration_s, self.amount_yuan)

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
    "total_unread": Text("清单自己的合计，其中有的数读不出", "the list's own total, of which a figure cannot be read"),
    "more": Text(
        "清单说还有更多，不在这里，或有的没能给出",
        "the list says that there is more of it than is here, or that some could not be given",
    ),
    "subtotal": SUBTOTAL,
    "period": Text(
        "写明的期间读不懂；请写成 2026-03-01 至 2026-03-31",
        "it says of which period it is, which cannot be read: write 2026-03-01 to 2026-03-31",
    ),
    "part_differs": Text(
        "小计写的场数与其上（或其下）各行不符",
        "a subtotal that counts other meetings than stand above it, or below",
    ),
    "part": Text(
        "其上费用或合计的组成部分（其中），不另计费",
        "what a charge or a total above it is made of, and no charge beside it",
    ),
    "credit": Text("冲减（负数），计入合计", "a credit (below zero), which belongs to the total"),
    "charge": Text(
        "不属于任何会议的费用（如税额、月租），合计可含可不含",
        "a charge that names no meeting (tax, rent), which a total may count or not",
    ),
    "due": Text("应付或实收的金额，不另计费", "what is due or was received for the rest, and no charge beside it"),
    "balance": Text("余额、充值或付款，不是费用", "a balance, top-up or payment, which is no charge"),
    "footer": Text("表注，没有时间、时长和金额", "a note on the list, without time, duration and amount"),
    "cancelled": Text("已取消的会议，没有时长和金额", "a meeting that was called off, without a length or an amount"),
    "scientific": SCIENTIFIC,
    "formula": FORMULA,
    "computed": Text(
        "里面的公式；按文件所存的结果读，没有重算",
        "its formulas; their results were read as the file keeps them, and not computed again",
    ),
    "title": Text("列名上方的标题", "a title above the names of the columns"),
    "header": Text("再次出现的列名", "the names of the columns again"),
    "no_id": Text("没有会议编号，也没有号码和开始时间", "it has no id, and no number with a start"),
    "started_at": Text(
        "开始时间读不懂；请写成 2026-03-01 08:00，或在 Python 里用 columns= 指明另一列",
        "its start cannot be read: write 2026-03-01 08:00, or name another column in Python with columns=",
    ),
    "ended_at": Text("结束时间读不懂", "its end cannot be read"),
    "duration_s": Text("时长读不懂", "its length cannot be read"),
    "amount_yuan": Text("金额读不懂", "its amount cannot be read"),
    "day": Text("日期读不懂；请写成 2026-03-01", "its day cannot be read: write 2026-03-01"),
    "beyond": Text("有的格子不在任何列名之下，没有读", "it has cells under no name of a column, which were not read"),
    "swallowed": Text("一格里有好几行：引号不成对", "one cell holds several lines: a quote has no other"),
    "nested": Text("里面还有别的会议，没有读", "it holds other meetings, which were not read"),
    "table": Text("从这里起是另一张表，没有读", "another table begins here and was not read"),
    "column": Text("与另一列重复而内容不同，没有读", "it repeats another one, says otherwise, and was not read"),
    "several": Text(
        "按它一行是好几场会议，没有读：请给出一行一场的清单",
        "by it a line is several meetings, and it was not read: give a list with a line for each meeting",
    ),
    "numbered": Text(
        "序号不从 1 起，或有跳号：有的行不在这里",
        "its serial numbers do not begin with 1, or jump: some lines are not here",
    ),
    "instants": Text(
        "里面是时刻，没有读；若是开始时间，请把列名改为“开始时间”，或在 Python 里用 columns= 指明",
        "it holds instants, which were not read: where they are starts, call it 开始时间, or name it in Python with columns=",
    ),
    "list": Text("清单之外还有会议，没有读", "it holds meetings beside the list, which were not read"),
    "worksheet": Text("还有会议，没有读", "it holds meetings, which were not read"),
}
"""Key → why a line is held against nothing."""

UNREAD = ("scientific", "formula", "no_id")
"""Of these what the line says is not known, so they forbid a proof."""

UNREAD_CELLS = ("started_at", "ended_at", "duration_s", "amount_yuan")
"""Of these a line is held by all else that it says. Taken for one that says nothing of it, it was proven at any day."""

UNREAD_BESIDE = (
    *UNREAD_CELLS,
    "day",
    "total_unread",
    "part_differs",
    "period",
    "more",
    "beyond",
    "swallowed",
    "nested",
    "table",
    "column",
    "several",
    "numbered",
    "instants",
    "list",
    "worksheet",
)
"""Of these there is more than the lines say, so they forbid a proof, too."""

MOST_WORDS, LONGEST_WORDS = 10, 80
"""How many texts are kept of what a list says beside its lines, and how many characters of each."""

MOST_NAMED = 200
"""How many lines that were not found are kept by name: each head of an archive holds them. The rest make one gap."""

HALF_A_FEN = Decimal("0.005")


class Difference(NamedTuple):
    """What a list says of itself, and what its lines come to: `lines`, `seconds` or `yuan`."""

    of: str
    stated: str
    summed: str


class Off(NamedTuple):
    """A line that says another length or amount than what it was found as: `seconds` or `yuan`, what it says, and what
    the archive says.
    """

    line: int
    of: str
    stated: str
    known: str


def _no_totals(said: Mapping[str, Any]) -> UsageError:
    given = ", ".join(f"{name}={value}" for name, value in said.items() if value is not None)
    return UsageError(
        Text(f"合计不是数：{given}", f"totals are no numbers: {given}"),
        remedy=Text(
            "lines 和 seconds 为整数，yuan 为金额", "give lines and seconds as whole numbers, yuan as an amount"
        ),
    )


@dataclass(frozen=True, slots=True)
class Totals:
    """What a list says of itself: how many lines, seconds, yuan. None where it does not say."""

    lines: int | None = None
    seconds: int | None = None
    yuan: Decimal | None = None

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Totals:
        """Return totals from plain values by name, also those of a frame.

        Raises
        ------
        UsageError
            One is no number, or lines or seconds are no whole number.
        """
        try:
            stated = {name: Decimal(str(value)) for name, value in said.items() if value is not None}
        except InvalidOperation:
            raise _no_totals(said) from None
        if any(not one.is_finite() or (name != "yuan" and one % 1) for name, one in stated.items()):
            raise _no_totals(said)
        lines, seconds = (int(stated[name]) if name in stated else None for name in ("lines", "seconds"))
        return cls(lines, seconds, stated.get("yuan"))

    def agree(
        self,
        lines: Sequence[WitnessLine],
        beside: Sequence[Totals] = (),
        unheld: Sequence[str] = (),
        closings: Sequence[Aside] = (),
    ) -> bool | None:
        """Say whether the lines add up to what the list says of itself, and to what must hold beside that; None when
        that could not show a lack.

        Where lines lack their seconds, or meetings that were held cost nothing, others like them may be missing unseen;
        and where what lines say is `unheld`, some may carry what others said.
        Amounts that were rounded line by line come to another sum than their total: where all else agrees and no line
        is off by more than half a fen, the rest still vouches.
        """
        meetings = [one for one in lines if not one.is_credit]
        is_free = any(not one.amount_yuan and one.duration_s != 0 for one in meetings)
        vouching = {"lines"}
        vouching |= set() if any(one.duration_s is None for one in meetings) else {"seconds"}
        vouching |= set() if is_free else {"yuan"}
        vouching &= self.sums(lines).keys() - {*unheld}
        differs = self.differing(lines, beside, closings)
        differing = {one.of for one in differs}
        vouched = bool(({name for name, _ in self._stated(beside)} - differing) & vouching)
        allowed = HALF_A_FEN * sum(one.amount_yuan is not None for one in lines)
        is_near = all(abs(Decimal(one.summed) - Decimal(one.stated)) <= allowed for one in differs)
        if differing and not (vouched and differing == {"yuan"} and is_near):
            return False
        return vouched or None

    def differing(
        self, lines: Sequence[WitnessLine], beside: Sequence[Totals] = (), closings: Sequence[Aside] = ()
    ) -> tuple[Difference, ...]:
        """Return in what the lines do not add up to what the list says of itself, or to what must hold beside it. A
        count may leave out credits, and a total counts `closings` or does not. Of a unit of which no line says
        anything, a true total was called another than the sum: 0.
        """
        summed = self.sums(lines, closings)
        return tuple(
            Difference(name, decimal_text(Decimal(own)), decimal_text(min(sums, key=lambda one: abs(one - own))))
            for name, own in self._stated(beside)
            if name in summed and own not in (sums := summed[name])
        )

    @staticmethod
    def sums(lines: Sequence[WitnessLine], closings: Sequence[Aside] = ()) -> dict[str, list[Decimal]]:
        """Return what each figure may come to: as it is first. None is of what no line says."""
        yuan = sum((one.amount_yuan or Decimal(0) for one in lines), Decimal(0))
        counts = len(lines), sum(not one.is_credit for one in lines)
        # of a list without lengths a total in words is that of its starts and ends
        has_lengths = any(one.duration_s is not None for one in lines)
        said = {"lines": True, "seconds": has_lengths or any(one.span_s is not None for one in lines)}
        said["yuan"] = any(one.amount_yuan is not None for one in lines)
        sums = {
            "lines": [Decimal(n + more) for n in counts for more in range(len(closings) + 1)],
            "seconds": sums_of_seconds((one.duration_s if has_lengths else one.span_s, one.rest_s) for one in lines),
            "yuan": [
                yuan + more
                for more in sums_with((one.amount_yuan or Decimal(0), why == "charge") for one, why in closings)
            ],
        }
        return {name: ones for name, ones in sums.items() if said[name]}

    def needs_more(self, lines: Sequence[WitnessLine], closings: Sequence[Aside] = ()) -> bool:
        """Say whether nothing of it holds but where credits are lines, or charges that name no meeting count: a credit
        of nothing, or a charge of as much, would stand for a meeting that was left out.
        """
        plain = {name: sums[0] for name, sums in self.sums(lines).items()}
        plain["lines"] = Decimal(sum(not one.is_credit for one in lines))
        told = {name: own for name, own in self._stated(()) if name in plain}
        loose = {name for name, own in told.items() if own != plain[name] and own in self.sums(lines, closings)[name]}
        return bool(loose) and loose == told.keys()

    def of_what(self, beside: Sequence[Totals] = ()) -> frozenset[str]:
        """Return of what they say something: `lines`, `seconds`, `yuan`."""
        return frozenset(name for name, _ in self._stated(beside))

    def _stated(self, beside: Sequence[Totals]) -> list[tuple[str, int | Decimal]]:
        pairs = (pair for one in (self, *beside) for pair in asdict(one).items() if pair[1] is not None)
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
    more
        What else it says of the whole, beside `totals`: unit and figure. All must hold.
    is_of_parties
        Its lines are to be taken for connections, whatever else would tell.
    given_at
        When it was handed in; None where nobody kept that.
    told
        From when until when it says itself that its meetings are, and when that it was made; None where it does not.
    spans
        The periods that it states, of which `told` has the edges.
    words
        What it says beside its lines that nobody knows here.
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
    more: tuple[tuple[Unit, Decimal], ...] = ()
    is_of_parties: bool = False
    given_at: datetime | None = None
    told: tuple[datetime | None, datetime | None, datetime | None] = (None, None, None)
    spans: tuple[tuple[datetime, datetime], ...] = ()
    words: tuple[str, ...] = ()

    @property
    def stated(self) -> Totals:
        """What it says of itself: meetings are lines where each line is one."""
        return self.totals if self.by_connection else replace(self.totals, lines=self.totals.lines or self.n_meetings)

    @property
    def credits(self) -> tuple[WitnessLine, ...]:
        """Lines that give back what others ask for."""
        return tuple(one.line for one in self.aside if one.why == "credit")

    @property
    def closings(self) -> tuple[Aside, ...]:
        """Lines that are of no meeting and no totals: charges, what is due, balances."""
        return tuple(one for one in self.aside if one.why in CLOSINGS)

    @property
    def runs(self) -> tuple[str, str] | None:
        """The first and the last day in Beijing of lines that say an instant."""
        days = [beijing_text(one.started_at)[:10] for one in self.lines if one.started_at is not None]
        return (min(days), max(days)) if days else None

    @property
    def covers(self) -> tuple[datetime, datetime] | None:
        """The period that it states, where no line is of another time; else the whole months, in Beijing, of its lines."""
        begin, end, _ = self.told
        moments = [one.edges[0] for one in self.lines if one.edges]
        if begin and end and all(begin <= one < end for one in moments):
            return begin, end
        if not moments:
            return None
        first, last = (
            datetime.combine(one(moments).astimezone(BEIJING).replace(day=1), time(), BEIJING) for one in (min, max)
        )
        return first.astimezone(UTC), (last + timedelta(days=31)).replace(day=1).astimezone(UTC)

    @property
    def beside(self) -> tuple[Totals, ...]:
        """What else its lines must add up to: what is given, and whatever it says of itself a second time."""
        told = (*self.more, *([("meetings", self.n_meetings)] if self.n_meetings is not None else []))
        counted = [(of, one) for of, one in told if of != "meetings" or not self.by_connection]
        return self.given, *(Totals.of({"lines" if of == "meetings" else of: one}) for of, one in counted)

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
