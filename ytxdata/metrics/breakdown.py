"""The rows of a report: periods, groups, or one for each period and group; which of them are cut short; and the way
back to their records.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import time
from functools import cached_property
from typing import Any

import narwhals as nw
import pyarrow as pa

from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.metrics.calendar import (
    DAY,
    By,
    bounds,
    check_by,
    day_number,
    first_day,
    label,
    next_period,
    span_of,
)
from ytxdata.metrics.facts import DayOf, Facts, Scope, facts, outcome
from ytxdata.metrics.groups import Book, Group, GroupOf, Groups, groups_of, resolve
from ytxdata.metrics.ids import ACCOUNT
from ytxdata.metrics.report import PARTIAL, Report, Trace, build, evidence
from ytxdata.metrics.source import ReportSource, Source, with_looked_up
from ytxdata.metrics.sums import Lazy, add_up, distinct, null_like
from ytxdata.metrics.tariff import Tariff
from ytxdata.times import BEIJING, Instant, month_text, parse_instant


def period_called(text: str, by: By) -> str | None:
    """Return what a report calls a period that people and spreadsheets write in many ways; None where it is none.

    Examples
    --------
    >>> [period_called(text, "month") for text in ("2026年3月", "2026/3/1", "Mar-26", "2026/3/5", "2026")]
    ['2026-03', '2026-03', '2026-03', None, None]
    """
    if by == "total":
        return "total" if text.strip() in ("", "total") else None
    moment = None if "W" in text else parse_instant(text.strip())  # a week is no day, though ISO reads its Monday
    day = moment.astimezone(BEIJING) if moment else None
    is_day = day is not None and day.time() == time()
    try:
        start, end = span_of(month_text(text) or (day.date().isoformat() if day and is_day else text))
    except UsageError:
        return None
    first, last = day_number(start.date()), day_number(end.date())
    # a spreadsheet makes of a month its first day
    is_whole = first_day(first, by) == first and last in (first + 1, next_period(first, by))
    return label(first, by) if is_whole else None


def partial_columns(shares: Sequence[float | None]) -> dict[str, pa.Array]:
    """Return the columns of `PARTIAL` by the shares of periods that are covered [%]."""
    is_partial = [None if share is None else share < 100 for share in shares]
    return dict(zip(PARTIAL, (pa.array(is_partial, pa.bool_()), pa.array(shares, pa.float64())), strict=True))


def accounts_of(groups: Groups | None) -> dict[str, frozenset[str]]:
    """Return group → the accounts whose meetings are in it; nothing where other things decide."""
    if groups is None or groups.column != ACCOUNT or groups.table is None:
        return {}
    found: dict[str, set[str]] = {}
    for name, g in zip(groups.table["value"].to_pylist(), groups.table["g"].to_pylist(), strict=True):
        found.setdefault(groups.labels[g], set()).add(name)
    return {group: frozenset(names) for group, names in found.items()}


@dataclass(frozen=True)
class Breakdown:
    """What a report counts by. Each row has a number, `row`: that of the first day of its period × the number of
    groups + that of its group.

    Parameters
    ----------
    known
        The facts that are counted.
    by
        The periods, or None when the report does not go by time.
    groups
        The groups, or None.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> Breakdown.of(ytx.sample("archive"), "2024-03", "2024-05", by="month").by is not None
    True
    """

    known: Facts
    by: By | None = None
    groups: Groups | None = None

    @classmethod
    def of(
        cls, source: ReportSource, start: Instant | None = None, end: Instant | None = None, by: By | None = None, *,
        group: Group | None = None, book: Book | None = None, group_of: GroupOf = "creator",
        min_parties: int = 1, day_of: DayOf = "starts", talk: bool = False,
    ) -> Breakdown:  # fmt: skip
        """Return the rows of what a user asked for; everything as in `usage`.

        Parameters
        ----------
        talk
            Whether `talk_s` and `lonely_s` are needed, which take a sort of all joins and leaves.

        Raises
        ------
        UsageError
            As in `usage`.
        """
        if by is not None:
            check_by(by)
        known = facts(resolve(source, day_of), Scope.of(start, end, min_parties, day_of), talk=talk)
        groups = None if group is None else groups_of(known.source, group, book, group_of)
        return cls(known, by, groups)

    @property
    def source(self) -> Source:
        """What it was made from."""
        return self.known.source

    @property
    def held(self) -> dict[Any, Any]:
        """What is computed once for these facts and groups: the source keeps its groups, so that an id stays what it is."""
        held: dict[Any, Any] = self.known.held.setdefault(id(self.groups), {})
        return held

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that name a row."""
        return (*(("period",) if self.by else ()), *(("group",) if self.groups else ()))

    @property
    def n_groups(self) -> int:
        """How many groups there are; 1 without groups."""
        return len(self.groups.labels) if self.groups else 1

    @cached_property
    def meetings(self) -> Lazy:
        """The meetings that count, one row each, with their facts and their `row`."""
        return self.place(self.known.counted)

    @cached_property
    def accounts(self) -> dict[str, frozenset[str]]:
        """Group → its accounts, where groups are of accounts."""
        return accounts_of(self.groups)

    @property
    def of_legs(self) -> bool:
        """Whether each leg has a group of its own, not its meeting."""
        return self.groups is not None and self.groups.of_legs

    @cached_property
    def legs(self) -> Lazy:
        """The joins of the meetings that count, each with the `row` of its meeting, or its own when legs have groups."""
        return self.place(self.known.joined) if self.of_legs else self.legs_of(self.meetings)

    def legs_of(self, meetings: Lazy) -> Lazy:
        """Return the joins of some meetings that have a `row`."""
        joined = self.known.legs.filter(~nw.col("j").is_null())
        return joined.join(meetings.select("key", "s", "at", "creator", "meeting_id", "row"), on="key", how="inner")

    def place(self, frame: Lazy, days: Collection[int] | None = None) -> Lazy:
        """Add `row` to rows that have `at`, and what decides the group. `days` are those that occur, by default those
        of the meetings.
        """
        if self.by is None or self.by == "total":
            placed = frame.with_columns(row=nw.lit(0, nw.Int64))
        else:
            table = self.source.engine.small(self.calendar(outcome(self.known).days if days is None else days))
            placed = frame.with_columns(day=nw.col("at") // DAY).join(table, on="day", how="inner")
        if self.groups is None:
            return placed
        return self.grouped(placed).with_columns(row=nw.col("row") * self.n_groups + nw.col("g"))

    def calendar(self, days: Collection[int]) -> pa.Table:
        """Return `day row` for some days: the number of the first day of the period of each."""
        rows = [first_day(day, self.by or "total") for day in days]
        return pa.table({"day": pa.array(list(days), pa.int64()), "row": pa.array(rows, pa.int64())})

    def grouped(self, frame: Lazy) -> Lazy:
        """Add `g`, the number of the group, to rows that have what decides it."""
        if self.groups is None:
            return frame.with_columns(g=nw.lit(0, nw.Int64))
        return self.groups.mark(self.source, frame)

    def occurring(self, frame: Lazy) -> Lazy:
        """Return every `row` for which a report without periods lists all its classes: each group that occurs, or the
        one there is.
        """
        if self.groups is None:
            return self.source.engine.small(pa.table({"row": pa.array([0], pa.int64())}))
        return distinct(frame, "row")

    def add_up(self, frame: Lazy, *columns: str) -> Lazy:
        """Return one row per `row`: `n` rows in it, and the sum of each column, null when all its values are."""
        return add_up(frame, ("row",), columns)

    def named(
        self, frame: Lazy, days: Collection[int] | None = None, then: tuple[str, ...] = (), most: str = ""
    ) -> Lazy:
        """Add the columns that name a row, and those that say whether its period is cut short; sorted."""
        small, shown = self.source.engine.small, frame
        if self.by is not None:
            found = sorted({first_day(day, self.by) for day in (outcome(self.known).days if days is None else days)})
            # by what is known of its accounts alone: of all, a month that one has whole bore the star of another
            groups = self.groups.labels if self.groups and self.accounts else (None,)
            each = [(day, place, group) for day in found for place, group in enumerate(groups)]
            shares = [self.covered(label(day, self.by), group) for day, _, group in each]
            periods = pa.table({
                "first": pa.array([day * len(groups) + place for day, place, _ in each], pa.int64()),
                "period": pa.array([label(day, self.by) for day, *_ in each], pa.string()),
                **partial_columns(shares),
            })  # fmt: skip
            shown = shown.with_columns(first=nw.col("row") // (self.n_groups // len(groups))).join(
                small(periods), on="first", how="inner"
            )
        if self.groups is not None:
            labels = pa.table({"g": pa.array(range(self.n_groups), pa.int64()), "group": pa.array(self.groups.labels)})
            shown = shown.with_columns(g=nw.col("row") % self.n_groups).drop("first", strict=False)
            shown = shown.join(small(labels), on="g", how="inner")
        order = ("group",) if most and self.groups else ()
        if most:  # a ranking: the most of something first, whatever its row
            return shown.sort(
                most, *order, *then, descending=[True, *(False for _ in (*order, *then))], nulls_last=True
            )
        return shown.sort("row", *then, nulls_last=True)

    def covered(self, period: str, group: str | None = None) -> float | None:
        """Return the share of a period [%] that was asked for, is archived, and is over, by the accounts of a group;
        None where it cannot be known.
        """
        asked = self.known.scope.edges
        known = self.source.known_spans.of_accounts(self.accounts.get(group or ""))
        return known.share(bounds(period, self.by or "total") or asked, asked)

    def records(self, row: Mapping[str, Any]) -> Lazy:
        """Return the evidence of a row of the report."""
        return self.inside(row, evidence(self.known))

    def inside(self, row: Mapping[str, Any], records: Lazy) -> Lazy:
        """Return those of some records that belong to a row of the report."""
        edges = bounds(row["period"], self.by) if self.by else None
        if edges is not None:
            records = records.filter((nw.col("at") >= edges[0]) & (nw.col("at") < edges[1]))
        return self.in_group(row, records)

    def in_group(self, row: Mapping[str, Any], records: Lazy) -> Lazy:
        """Return those of some records that belong to the group of a row."""
        if self.groups is None:
            return records
        g = self.groups.labels.index(row["group"]) if row["group"] in self.groups.labels else -1
        if self.of_legs:  # a meeting whose legs are unknown is in no group of legs
            records = records.filter(~nw.col("leg").is_null())
        return self.grouped(records).filter(nw.col("g") == g)

    def report(
        self, name: str, title: Text, frame: Lazy, columns: tuple[str, ...], trace: Trace | None = None, *,
        days: Collection[int] | None = None, then: tuple[str, ...] = (), most: str = "", notes: tuple[Text, ...] = (),
        **more: Any,
    ) -> Report:  # fmt: skip
        """Return the report of some sums by `row`.

        Parameters
        ----------
        name, title
            What it is called.
        frame
            Lazy rows with `row` and the columns.
        columns
            Those of the report, without the ones that name a row.
        trace
            How a row leads to its records, by default to all that lie in it.
        days
            Those that occur; by default those on which meetings lie.
        then
            By what several rows of one `row` are sorted.
        most
            The column of which the most comes first in a ranking: one of those that are shown.
        notes, more
            As in `build`.
        """
        partial = PARTIAL if self.by else ()
        made = build(
            self.known,
            name,
            title,
            self.named(frame, days, then, most),
            (*self.columns, *columns, *partial),
            trace or (lambda row, _column: self.records(row)),
            notes=(*notes, *self.notes),
            own=self.groups.own if self.groups else (),
            **more,
        )
        named = ("group",) if self.groups else ()
        return replace(self.told(made), order=(most, *named, *then) if most else (*self.columns, *then))

    @property
    def notes(self) -> tuple[Text, ...]:
        """What the reader must know of the groups."""
        if self.groups is None:
            return ()
        seen = self.known.joined if self.groups.of_legs else self.known.counted
        return self.groups.notes(self.source, seen)

    @property
    def called(self) -> dict[str, Any]:
        """What definitions say of columns that hold groups: what these are, and of accounts and labels all there are."""
        assert self.groups is not None
        names = self.groups.labels if self.groups.column == ACCOUNT else ()
        if self.groups.name == ACCOUNT:
            names = tuple(self.source.accounts or names)  # in the order of the certificate
        elif names:
            names = self.source.label_values.get(self.groups.name, names)  # of some accounts each is called as of all
        return {"unit": self.groups.unit, "words": self.groups.words, "names": names}

    def told(self, report: Report) -> Report:
        """Return the report with what its periods are, and with a definition of its groups that knows what they are:
        numbers and names are masked, departments are not.
        """
        if self.groups is None:
            return replace(report, by=self.by)
        name = self.groups.title
        definitions = tuple(
            replace(one, zh=f"{one.zh}（{name.zh}）", en=f"{one.en} ({name.en})", **self.called)
            if one.key == "group"
            else one
            for one in report.definitions
        )
        return replace(report, by=self.by, definitions=definitions)


def withheld_of(rows: Breakdown) -> dict[str, int]:
    """Return the reason of joins without a number, and of how many it is said."""
    return {"withheld": rows.source.total(rows.known.counted, nw.col("withheld"))}


def billed_lines(rows: Breakdown, tariff: Tariff) -> Lazy:
    """Return what is billed: `row key meeting_id s leg number number_class at billed_s nano` (null without a price)."""
    if tariff.per == "meeting":
        if rows.of_legs:
            raise UsageError(
                Text("资费按会议计费，没有接入的费用", "the tariff bills meetings: there is no cost of a leg"),
                remedy=Text('用 group_of="creator"', 'use group_of="creator"'),
            )
        whole = rows.meetings.filter(~nw.col("meeting_s").is_null())
        price = tariff.nano("default")
        lines = whole.select(
            "row", "key", "meeting_id", "s", "at", leg=null_like("at"), number=null_like("meeting_id"), number_class=nw.lit("default"),
            seconds=nw.col("meeting_s"), price=null_like("at") if price is None else nw.lit(price, nw.Int64),
        )  # fmt: skip
    else:
        legs = rows.legs.filter(~nw.col("len_s").is_null())
        lines = with_prices(rows.known, legs, tariff).with_columns(seconds=nw.col("len_s"))
    billed = lines.with_columns(billed_s=tariff.billed(nw.col("seconds")))
    # null without a price on every engine, pandas' too, where a sum with null is one
    return billed.with_columns(nano=tariff.cost(nw.col("billed_s"), nw.col("price")))


def with_prices(known: Facts, legs: Lazy, tariff: Tariff) -> Lazy:
    """Add the `number_class` of each leg and its `price` in billionths of a yuan per minute."""
    source = known.source
    functions: dict[str, tuple[pa.DataType, Callable[[str], Any]]] = {
        "number_class": (pa.string(), source.class_of),
        "price": (pa.int64(), lambda number: tariff.nano(source.class_of(number))),
    }
    called = legs.with_columns(called=source.called("number", "meeting_id"))
    priced = with_looked_up(source, called, "called", functions).drop("called")
    withheld, unknown = nw.col("number").is_null(), tariff.nano("unknown")
    known_price = nw.when(~withheld).then(nw.col("price"))
    return priced.with_columns(
        number_class=nw.when(withheld).then(nw.lit("unknown")).otherwise(nw.col("number_class")),
        price=known_price if unknown is None else known_price.otherwise(nw.lit(unknown, nw.Int64)),
    )
