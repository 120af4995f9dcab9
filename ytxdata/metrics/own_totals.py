"""Which lines of a list of money are sums of others, and which are what is charged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from decimal import Decimal
from itertools import product
from typing import NamedTuple

from ytxdata.history.proof.witness import ASIDE
from ytxdata.labels import Text
from ytxdata.list_totals import OWN_TOTAL, Closing, NoMeeting, is_off, is_part, of_total
from ytxdata.metrics.calendar import DAY
from ytxdata.times import local_second, parse_instant


class Charge(NamedTuple):
    """One line with an amount: its number, what it is called, and what it is for: a meeting, a period, and the month of
    that, each as far as it says so.
    """

    number: int
    yuan: Decimal | None
    called: NoMeeting | Closing | None = None
    meeting_id: str = ""
    period: Hashable = None
    month: Hashable = None

    @property
    def is_sum(self) -> bool:
        """Whether it is called one: a total, or what is asked for in the end."""
        return _RANKS[self.called] > 0

    @property
    def is_bare(self) -> bool:
        """Whether nothing is said of it but that it is one."""
        return self.is_sum and not self.meeting_id and self.period is None

    @property
    def is_owed(self) -> bool:
        """Whether it may be what is charged for something."""
        return not self.is_bare and self.called != "balance"


def of_what(told: Mapping[str, str]) -> tuple[str, ...]:
    """Return the id, number and time that a line says; of a day alone and of 其中 in its place nothing is one.

    Examples
    --------
    >>> of_what({"meeting_id": "8001", "started_at": "2026-03-02"}), of_what({"meeting_id": "其中：国内"})
    (('8001', '', ''), ('', '', ''))
    """
    own, begun = told.get("meeting_id", ""), told.get("started_at", "")
    at = parse_instant(begun)
    is_timed = at is not None and local_second(at) % DAY > 0
    return ("" if is_part(own) else own, told.get("number", ""), begun if is_timed else "")


def some_of(what: Sequence[str]) -> set[tuple[str, ...]]:
    """Return whatever another line may say of the same meeting or connection: as much, or less.

    Examples
    --------
    >>> sorted(some_of(("8001", "", "")))
    [('', '', ''), ('8001', '', '')]
    """
    return {*product(*(("", one) for one in what))}


_RANKS: Mapping[str | None, int] = {None: 0, "charge": 0, "balance": 0, "subtotal": 1, "total": 2, "due": 3}


class Sorted(NamedTuple):
    """The totals of a list, by their numbers, and why each is none of its charges, with those that contradict the
    charges; charges that are called totals, and those that are called nothing and look like totals, each with what the
    lines above it come to; and those below the total of all that is charged above it, each with that.
    """

    totals: Mapping[int, Text]
    off: Sequence[int]
    called: Sequence[tuple[Charge, Decimal]]
    alike: Sequence[tuple[Charge, Decimal]]
    below: Sequence[tuple[Charge, Decimal]]

    @property
    def notes(self) -> tuple[Text, ...]:
        """What must be said of charges that may be none."""
        return *_like_totals(self), *_below_totals(self)


def own_totals(lines: Sequence[Charge]) -> Sorted:
    """Tell the totals of a list of money from its charges.

    What is called a total is one if it says of nothing what it is for, if it is the sum of lines (of some just above,
    of those for the same, or of all), whatever date, period or id stands beside it, or if others are for the same.
    Else it is all that is charged for a period. Where every line is called so, the lower ones are the charges: a list
    of sums is no list with sums; and so are those that a later one adds up. A line that is called nothing is a charge,
    also where it is such a sum. What is due is a total of whatever else, too, and contradicts nothing where a balance
    of its month is told, or another total says what is charged; beside meetings it is never charged.

    Examples
    --------
    >>> day, two = Charge(1, Decimal(10), period=3, month=3), Charge(2, Decimal(20), period=3, month=3)
    >>> [*own_totals([day, two, Charge(3, Decimal(30), "total", period=4, month=4)]).totals]
    [3]
    >>> own_totals([day, two, Charge(3, Decimal(31), "total", period=4, month=4)]).called[0][0].number
    3
    >>> net, tax = Charge(1, Decimal(100), "total"), Charge(2, Decimal(6), "charge")
    >>> [*own_totals([net, tax, Charge(3, Decimal(106), "total")]).totals]
    [3]
    >>> calls, discount = Charge(1, Decimal(250)), Charge(2, Decimal(46), "charge")
    >>> own_totals([calls, discount, Charge(3, Decimal(204), "due")]).off
    [3]
    """
    parts = _parts(lines)
    lines = [one._replace(called=None) if one.number in parts else one for one in lines]
    lowest = min((_RANKS[one.called] for one in lines if one.is_owed), default=0)
    own = [one for one in lines if one.is_owed and _RANKS[one.called] == lowest]
    of, left = defaultdict[Hashable, Decimal](Decimal), defaultdict[Hashable, Decimal](Decimal)
    for one in own:
        # one that says no period may be of any
        for key in {*filter(None, (one.meeting_id, one.period, one.month))} | ({None} if one.period is None else set()):
            of[key] += one.yuan or 0
    whole = sum((one.yuan or Decimal(0) for one in own), Decimal(0))
    is_by_meeting = any(one.meeting_id for one in own)
    # `asked` is what is left of what was asked for, but for the charges; a payment may be written with either sign
    run = begun = before = asked = Decimal(0)
    seen, last = {run}, max((one.number for one in lines if one.is_owed or one.is_bare), default=0)
    held: Charge | None = None  # the last total of all above it, if it is the last total
    since: list[Charge] = []
    totals, off, called = dict[int, Text](), list[tuple[Charge, Decimal | None]](), list[tuple[Charge, Decimal]]()
    for one in lines:
        if one.called == "balance":
            yuan = one.yuan or Decimal(0)
            left[one.period] += yuan
            before, asked = before + yuan, asked - abs(yuan)
            continue
        if one.is_owed and _RANKS[one.called] <= lowest:
            seen.add(run)
            run += one.yuan or 0
            since += [] if one.meeting_id else [one]
            continue
        keys = () if one.is_bare else (one.meeting_id,) if one.meeting_id else (one.period, None)
        same = next((of[key] for key in keys if key in of), None)
        # what is asked for may count what was left to pay before
        sums = [each for each in (whole, run - begun, run + before, run + asked, same) if each is not None]
        # the one total, below all lines, is that of all: it was taken for that of the last ones, beside a part twice
        is_last = one.called == "total" and one.number == last and not totals and one.is_bare
        is_run = one.yuan is not None and run - one.yuan in seen and not is_last
        is_sum = one.yuan is None or is_run or any(not is_off(one.yuan, each) for each in sums)
        is_due = one.called == "due"
        # what is due and is the last total again counts nothing since: 上期结算 beside its payment
        if is_sum and not (is_due and held and one.yuan == held.yuan):
            above = (run, run if one.period is None else run - begun)
            is_of_all = one.called != "subtotal" and any(one.yuan and not is_off(one.yuan, each) for each in above)
            held, since = one if is_of_all else None, []
        if one.is_bare or is_sum or same is not None or (is_due and is_by_meeting):
            totals[one.number] = ASIDE[one.called or "total"]
            off += [] if is_sum or (one.is_bare and one.called == "subtotal") else [(one, same)]
            begun, asked = (begun, (one.yuan or 0) - run) if is_due else (run, asked)
        else:
            called += [] if lowest else [(one, run)]
            seen.add(run)
            run += one.yuan or 0
    summed = [one.yuan for one in lines if one.number in totals and one.yuan is not None]
    # the balance of a month with a due of its own is that month's
    own_due = {one.period for one in lines if one.called == "due"}
    of_any = sum(yuan for at, yuan in left.items() if at not in own_due)
    said = dict[int, Text]()
    for one, same in off:
        charged = run if same is None or (one.called == "due" and is_by_meeting) else same
        kept = before if one.period is None else of_any + (left[one.period] if one.period in own_due else 0)
        if one.called != "due" or not (kept or any(not is_off(each, charged) for each in summed)):
            said[one.number] = of_total({"yuan": one.yuan}, {"yuan": charged})
    is_told = any(not is_off(each, run) for each in summed)
    alike = [] if is_told else _alike([one for one in lines if one.number not in totals and one.called != "balance"])
    below = [
        (one, held.yuan or run)
        for one in since
        if held and not is_told and one.yuan and (one.period is None or held.period in (None, one.period))
    ]
    return Sorted(totals | said, [n for n, why in said.items() if why != OWN_TOTAL], called, alike, below)


def _like_totals(found: Sorted) -> tuple[Text, ...]:
    """Return notes on charges that may be meant as totals: the amount of each, and what the lines above it come to."""

    def told(some: Sequence[tuple[Charge, Decimal]], zh: str, en: str) -> Text:
        more = " …" if len(some) > _SHOWN else ""
        zhs = "、".join(f"第 {one.number} 行 {one.yuan} 元（其上各行共 {above} 元）" for one, above in some[:_SHOWN])
        ens = ", ".join(f"line {one.number}, {one.yuan} yuan (lines above it: {above})" for one, above in some[:_SHOWN])
        return Text(
            f"警告：账单有的行{zh}，已作为费用分摊：{zhs}{more}", f"warning: {en} and shared as charges: {ens}{more}"
        )

    called = (
        "名为合计或应付，却不是任何各行之和，其时段别无他行",
        "lines of the invoice are called totals or due, but the sum of no lines, all there is for their period,",
    )
    alike = (
        "恰为其上各行之和，却没有写作合计（若是合计，请写明或删去）",
        "lines of the invoice are the sum of those above them, not called totals (if they are, call them so or delete them)",
    )
    return tuple(told(some, *said) for some, said in ((found.called, called), (found.alike, alike)) if some)


def _below_totals(found: Sorted) -> tuple[Text, ...]:
    """Return a warning on charges below a total of all: the tax in it, or last year's, was shared beside it."""
    listed = ", ".join(f"{one.number} ({one.yuan})" for one, _ in found.below[:_SHOWN])
    more, own = " …" if len(found.below) > _SHOWN else "", next((own for _, own in found.below), "")
    told = Text(
        f"警告：账单的合计 {own} 元之下还有费用，已一并分摊，其后没有包含它们的合计（若不另计费，请删去）：第 {listed}{more} 行",
        f"warning: below its total of {own} yuan the invoice has charges, which are shared, too, and no total that counts them (if they are none beside it, delete them): line {listed}{more}",
    )
    return (told,) if found.below else ()


_SHOWN = 10


def _parts(lines: Sequence[Charge]) -> set[int]:
    """Return the lines that are called totals and are parts of a later one: net, and tax, of gross. That one is exactly
    what all of its period above it come to, or all of the list where it says no period, and they are sums of none.
    """
    groups: defaultdict[Hashable, list[Charge]] = defaultdict(list)
    for one in lines:
        if one.called != "balance" and one.yuan is not None and not (one.is_sum and one.meeting_id):
            for period in {None, one.period}:
                groups[period].append(one)
    return {number for period, group in groups.items() for number in _parts_of(period, group)}


def _parts_of(period: Hashable, group: Sequence[Charge]) -> set[int]:
    plain = sum((one.yuan or Decimal(0) for one in group if not one.is_sum), Decimal(0))
    found, odd = set[int](), dict[int, Decimal]()
    run = begun = Decimal(0)
    seen, n_above = {run}, 0
    for one in group:
        yuan = one.yuan or Decimal(0)
        if one.is_sum and (run - yuan in seen or not is_off(yuan, plain)):
            continue
        parts = sum(odd.values(), Decimal(0))
        if one.is_sum and odd and n_above > 1 and one.period == period and yuan == run - begun + parts:
            found |= odd.keys()
            run, odd = run + parts, {}
            begun, n_above = run, 0
            seen.add(run)
            continue
        n_above += 1
        if one.is_sum:
            odd[one.number] = yuan
        else:
            seen.add(run)
            run += yuan
    return found


def _alike(lines: Sequence[Charge]) -> list[tuple[Charge, Decimal]]:
    """Return lines that are called nothing, the last of all or of a period, with the amount of all above together. Of
    two alike it says nothing that one is the sum of the other, and a meeting is no sum.
    """
    by_period: defaultdict[Hashable, list[Charge]] = defaultdict(list)
    for one in lines:
        by_period[one.period].append(one)
    found = {
        (last.number, last)
        for *above, last in filter(None, (lines, *by_period.values()))
        if len(above) > 1 and last.yuan and last.yuan == sum(one.yuan or 0 for one in above)
    }
    return [(one, one.yuan or Decimal(0)) for _, one in sorted(found) if not one.is_sum and not one.meeting_id]
