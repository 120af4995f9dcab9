"""What cannot be published by head count at all: figures of single persons, of a small group that was selected, of
people who are counted twice, and costs by prices that tell classes of numbers apart; and which groups are small.
"""

from __future__ import annotations

from datetime import date

from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.metrics.groups import NOT_IN_BOOK
from ytxdata.metrics.registry import Ask
from ytxdata.metrics.report import Report
from ytxdata.metrics.tariff import Tariff
from ytxdata.pages.collection import Collection
from ytxdata.pages.without_instants import Interval
from ytxdata.tables.address_book import AddressBook, Entry
from ytxdata.tables.suppression import fewest
from ytxdata.times import BEIJING

SINGLE = ("creator", "number", "meeting_id", "name")
"""Conditions that leave the meetings of a single person, or a single meeting: the platform's own titles name who
convenes, so a title is one too."""


def refuse_unpublishable(collected: Collection, minimum: int) -> None:
    """Raise UsageError where no figure of what is asked may be told with a minimum of people."""
    usage, ask = collected.reports["usage"], collected.ask
    if ask.tariff is not None:
        _refuse_classes(ask.tariff)
    _refuse_persons(usage, ask)
    _refuse_few_members(collected, minimum)
    _refuse_counting_twice(usage)


def _refuse_classes(tariff: Tariff) -> None:
    """Raise UsageError unless all lines are billed alike: then cost says no more than lines and minutes do.

    With another price, or none, for one class, two totals gave away what two people abroad had called; and the same
    report by a corrected price gave it away to the second.
    """
    if not tariff.is_flat:
        raise UsageError(
            Text("按人数公开时，资费不能分号码类别：总额与分钟数合看，会泄露少数人的通话", "published by head count, a tariff must not differ by class of number: totals of cost and minutes together give away what few people called"),
            remedy=Text("资费只写一个 default 价，或不用 --tariff", "give one price (default) for all, or leave --tariff out"),
        )  # fmt: skip


def _refuse_persons(usage: Report, ask: Ask) -> None:
    """Raise UsageError for figures about one person, however many joined that person's meetings."""
    if names_persons(usage):
        raise UsageError(
            Text("分组是单个的人，不能按人数公开", "the groups are single persons: they cannot be published by head count"),
            remedy=Text("换用 --group department 等分组", "choose other groups, such as --group department"),
        )  # fmt: skip
    if single := [key for key in ask.only or () if key in SINGLE]:
        listed = ", ".join(single)
        raise UsageError(
            Text(f"按 {listed} 选取的是单个的人或会议，不能按人数公开", f"what is selected by {listed} is one person or meeting: it cannot be published by head count"),
            remedy=Text("去掉该条件，或不用 --min-group", "leave that condition out, or --min-group"),
        )  # fmt: skip


def _refuse_few_members(collected: Collection, minimum: int) -> None:
    """Raise UsageError where a small group of the book was selected: as a group its figures would be hidden."""
    ask = collected.ask
    convened = next((one.value or 0 for one in collected.figures if one.definition.key == "active_creators"), minimum)
    if ask.only and goes_by_convener(ask) and 0 < convened < minimum:
        raise UsageError(
            Text(f"召集所选会议的不足 {minimum} 人，不能公开其数字", f"fewer than {minimum} people convened what was selected: no figure of it can be published"),
            remedy=Text("去掉该条件，或不用 --min-group", "leave that condition out, or --min-group"),
        )  # fmt: skip
    if few := few_chosen(ask, collected.period, minimum):
        listed = ", ".join(sorted(few))
        raise UsageError(
            Text(f"通讯簿中 {listed}（或其余部门）不足 {minimum} 个号码，不能公开其数字", f"the book has fewer than {minimum} numbers of {listed}, or of all others: no figure of it can be published"),
            remedy=Text("去掉该条件，或不用 --min-group", "leave that condition out, or --min-group"),
        )  # fmt: skip


def _refuse_counting_twice(usage: Report) -> None:
    """Raise UsageError where one number in two accounts is two people: two colleagues in three accounts are no six."""
    source = usage.source
    if source is not None and source.accounts is not None and not source.joins_people:
        raise UsageError(
            Text("各账户分别计人，不能按人数公开", "people are counted in each account by itself: figures cannot be published by head count"),
            remedy=Text("用 fleet.same_people()（--same-people）", "ask fleet.same_people() (--same-people)"),
        )  # fmt: skip


def names_persons(report: Report) -> bool:
    """Tell whether the rows of a report are single persons, or titles, which name whoever convenes."""
    return any(report.definition(key).unit in ("phone", "person", "title") for key in report.arrow.column_names)


def goes_by_convener(ask: Ask) -> bool:
    """Tell whether what is selected, or every group, is the meetings of whoever convened them, of whom no book says how
    many there are: those who did convene, at most.
    """
    only = ask.only or {}
    is_by_class = ask.group == "number_class" and ask.group_of != "leg"
    return is_by_class or "number_class" in only or NOT_IN_BOOK in only.get("department", ())


def few_members(ask: Ask, period: Interval | None, column: str | None, minimum: int) -> dict[str, int]:
    """Return the groups of the address book in which it has too few numbers on any day of a period, and how many; of
    departments that were chosen, those numbers count that are in one of them.
    """
    members: dict[str, list[Entry]] = {}
    for entry in members_of(ask)[0] if column else ():
        members.setdefault(entry.cell(str(column)), []).append(entry)
    return {label: n for label, lines in members.items() if (n := fewest(lines, *_days(period))) < minimum}


def few_chosen(ask: Ask, period: Interval | None, minimum: int) -> set[str]:
    """Return the chosen departments with too few numbers; all of them where too few are left out, who are then the
    whole less what was chosen.
    """
    chosen = {*(ask.only or {}).get("department", ())}
    others = members_of(ask)[1]
    few = few_members(ask, period, "department", minimum)
    return chosen if 0 < fewest(others, *_days(period)) < minimum else chosen & few.keys()


def members_of(ask: Ask) -> tuple[list[Entry], list[Entry]]:
    """Return the lines of the address book: of the departments that were chosen, or of all, and the others."""
    chosen = (ask.only or {}).get("department")
    lines = {} if ask.book is None else AddressBook.read(ask.book).lines
    found: tuple[list[Entry], list[Entry]] = [], []
    for entry in (one for entries in lines.values() for one in entries):
        found[chosen is not None and entry.department not in chosen].append(entry)
    return found


def _days(period: Interval | None) -> list[date | None]:
    return [edge and edge.astimezone(BEIJING).date() for edge in period or (None, None)]
