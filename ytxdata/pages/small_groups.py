"""A set of reports that may be handed on: no figure about fewer people than a minimum, and none that the others, or
earlier reports, give away.

A row of few people is hidden (first suppression). Where totals are published, one hidden row is the total less the
others; so more rows are hidden, the smallest that do, until what all hidden rows of a table add up to says little
about any of them (second suppression).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection as Some
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.metrics.groups import NOT_IN_BOOK, called
from ytxdata.metrics.people import top_tenth
from ytxdata.metrics.registry import REPORTS, Ask
from ytxdata.metrics.report import Report
from ytxdata.pages.collection import FIGURES, Collection, KeyFigure
from ytxdata.pages.earlier_report import (
    Earlier,
    Group,
    ToldBefore,
    are_comparable,
    is_told_in_all,
    key_columns,
    keys_of,
    read_earlier,
    rows_of,
    selection_of,
    tells_of_them,
    told_before,
)
from ytxdata.pages.unpublishable import (
    few_chosen,
    few_members,
    goes_by_convener,
    members_of,
    names_persons,
    refuse_unpublishable,
)
from ytxdata.pages.without_instants import tells_days, whole_days_alone, widened, without_instants
from ytxdata.tables.masking import Privacy
from ytxdata.tables.suppression import Key, Sums, blanked, filled, may_add_up, suppress

MAIN = {("usage", key) for key in ("meetings", "meetings_joined", "legs")}
"""Columns without which a row says nothing; another one that a small group alone has is left out of the totals."""

SUMMED = {key: {(name, key)} for name, key in FIGURES} | {
    "size_mean": {("usage", "legs")},
    "outside_pct": {("working_hours", "inside_minutes"), ("working_hours", "outside_minutes")},
}
"""Key figure → the columns that it adds up."""

OTHER_RULES = ("compare_definitions",)
"""Reports that count the whole period once more by other rules: what two rules disagree about is often one meeting."""

EVENTS = ("peak_stretches",)
"""Reports with a row for each event: a department of three people never has two meetings at once, so that its rows,
blank or not, are its meetings counted."""

_NOTE = Text(
    "只涉及少于 {minimum} 人的行已隐去数字，另隐去若干行使其无法由合计推出；逐人、逐会议的表、行与用量表不同的表（如按部门分摊的账单）和与其他产品的对照已略去。与时段重叠的另一份报告相减仍可能推出：续发时请用 --previous",
    "figures of rows about fewer than {minimum} people are hidden, and more rows so that totals do not give them away; tables of single persons and meetings, those with other rows than the usage report (a bill shared by department), and the comparison of definitions are left out. Subtracting another report of an overlapping period may still do so: give that one with --previous",
)
_NO_COUNT = Text(
    "本表不含每行人数：各行未按人数隐去，整个期间不少于 {minimum} 人",
    "this table has no head count for each row: rows are not hidden one by one, the whole period has at least {minimum} people",
)


def never_published() -> set[str]:
    """Return the reports that are left out whatever is in them: to make them first took four tenths of the time.

    Examples
    --------
    >>> sorted(never_published() - set(OTHER_RULES) - set(EVENTS))
    ['creators', 'lonely', 'network', 'people', 'presence']
    """
    return {*OTHER_RULES, *EVENTS, *(name for name, one in REPORTS.items() if one.is_personal)}


def without_small_groups(
    collected: Collection,
    minimum: int,
    *,
    previous: str | Path | Sequence[str | Path] | None = None,
    privacy: Privacy | None = None,
) -> Collection:
    """Return the reports without figures about fewer than `minimum` people, and without those that give them away.

    Rows are judged by the people in that row of the usage report, and a group of the address book also by how many
    numbers the book has in it: a department of two is small, however many it meets. Left out are records, reports of
    single persons or meetings, those that count by other rules, and those with other rows than the usage report's:
    their sums would be more totals. A report by group alone shows the groups of which the usage report shows every
    period.

    Parameters
    ----------
    collected
        All reports.
    minimum
        From how many people a figure may be published.
    previous
        Folders of CSVs of all earlier reports, or of the one: what is hidden there, or overlaps it, is hidden here too.
    privacy
        How numbers leave, so that rows of the earlier report are found again.

    Raises
    ------
    UsageError
        Nothing can be published: the whole period has fewer people, the groups or the selected meetings are of single
        persons or of few, a total is little but what one small group has, prices differ by class of number, people are
        counted in each account. Or there is no earlier report, or what one hid or told in other rows follows from this.
    """
    usage, ask = collected.reports["usage"], collected.ask
    figures = {one.definition.key: one for one in collected.figures}
    if not usage.arrow.num_rows:
        # where nobody's meeting began the head count is 0, and a peak is who was still connected: perhaps one person
        figures |= {key: one._replace(value=None) for key, one in figures.items() if key.startswith("peak_")}
    if usage.arrow.num_rows and (figures["people"].value or 0) < minimum:
        raise UsageError(
            Text(f"整个期间少于 {minimum} 人，没有可以公开的数字", f"the whole period has fewer than {minimum} people: no figure of it can be published"),
            remedy=Text("选更长的期间，或减小 --min-group", "choose a longer period, or a smaller --min-group"),
        )  # fmt: skip
    refuse_unpublishable(collected, minimum)
    kept = {
        name: report
        for name, report in collected.reports.items()
        if not _is_left_out(name, report, minimum)
        and _is_counted(report, collected)
        and not tells_days(report, collected)
    }
    folders = [previous] if isinstance(previous, str | Path) else previous or ()
    earlier, chosen = [read_earlier(Path(folder), kept) for folder in folders], privacy or Privacy()
    if collected.period is not None:
        edges = widened(collected.period, ask)  # as files say it, by which a later report knows the rows again
        usage, kept = replace(usage, period=edges), {name: replace(one, period=edges) for name, one in kept.items()}
    only = selection_of(usage, chosen)
    _refuse_hidden(collected, usage, only, earlier)
    few = few_members(ask, collected.period, called(ask.group) if isinstance(ask.group, str) else None, minimum)
    are_few = _rows_of_few(usage, ask, few, minimum)
    always = _hidden_always(are_few, few)
    kept = {name: filled(report, always) for name, report in kept.items()}
    by_row = [report for report in kept.values() if key_columns(report) == key_columns(usage)]
    sizes = _sizes(usage, ask)
    hidden, told = _hidden_rows(by_row, filled(usage, always), are_few, always, sizes, earlier, chosen)
    figures |= _share_of_the_top(figures, minimum)
    figures |= {key: figures[key]._replace(value=None) for key, of in SUMMED.items() if key in figures and of & told}
    if not _may_be_compared(collected, minimum, only, earlier):
        figures = {key: one._replace(before=None) for key, one in figures.items()}
    return without_instants(
        replace(
            collected,
            records={},
            reports={name: _without(whole_days_alone(report, ask), hidden, minimum) for name, report in kept.items()},
            figures=tuple(figures.values()),
            # that there was nothing is said with the first and the last meeting there ever was
            notes=(*(collected.notes if usage.arrow.num_rows else ()), _NOTE.format(minimum=minimum)),
        )
    )


def _may_be_compared(collected: Collection, minimum: int, only: frozenset[str], earlier: Sequence[Earlier]) -> bool:
    """Tell whether the key figures of the period before may stand beside those of this one: as figures of a report of
    that period might, and only of a time that earlier reports told in all, or told nothing of.
    """
    if collected.before is None:
        return False
    span, ask = collected.before[0], collected.ask
    figures = {one.definition.key: one.before or 0 for one in collected.figures}
    counted = ("people", "active_creators") if goes_by_convener(ask) else ("people",)
    return (
        all(figures[key] >= minimum for key in counted)
        and not few_chosen(ask, span, minimum)
        and not tells_of_them(*span, [row for one in earlier for row in one.hidden], _groups_told(collected))
        and all(is_told_in_all(span, only, one) for one in earlier)
    )


def _groups_told(collected: Collection) -> set[Group]:
    """Return the groups that a report has a row of, if it is about all that they did."""
    rows = [] if collected.ask.only else rows_of(collected.reports["usage"])
    return {(row.groups, row.group) for row in rows if row.group is not None}


def _refuse_hidden(collected: Collection, usage: Report, only: frozenset[str], earlier: Sequence[Earlier]) -> None:
    """Raise UsageError where figures of this report, less what was shown, are figures that an earlier one hid, or of
    whoever is left.
    """
    ask, rows = collected.ask, rows_of(usage)
    is_open = None in (ask.start, ask.end)
    if others := [one.place for one in earlier if not are_comparable(rows, only, one, is_open=is_open)]:
        raise UsageError(
            Text(f"此前的报告（{'、'.join(others)}）讲的是同一时间，但各行的起止、所选的会议或账户不同：两者相减就是其余部分", f"an earlier report ({', '.join(others)}) tells of the same time in other rows, or of other meetings or accounts: one less the other is what is left"),
            remedy=Text("与此前的报告用同样的 --by（按月最好接续；按周则从周一起）、同样的行起止、同样的 --only 和同样的账户（--account、--where）", "ask with the --by of the earlier report (months follow each other best; weeks from a Monday on), for whole rows of it, with the same --only and the same accounts (--account, --where)"),
        )  # fmt: skip
    hidden = [row for one in earlier for row in one.hidden]
    if tells_of_them(ask.start, ask.end, hidden, _groups_told(collected)):
        raise UsageError(
            Text("此前的报告隐去了其中一部分：两者相减会泄露隐去的数字", "an earlier report hid figures of a part of this: one less the other would give them away"),
            remedy=Text("期间包含其全部隐去行或全不包含；同样分组、同样的账户", "choose a period that holds all the rows it hid, or none of them; with the same groups and accounts"),
        )  # fmt: skip


def _is_left_out(name: str, report: Report, minimum: int) -> bool:
    return name in never_published() or names_persons(report) or _few_at_the_top(report, minimum)


def _few_at_the_top(report: Report, minimum: int) -> bool:
    """Tell whether a share of the busiest is the share of fewer people than may be told of: the tenth of ten is one."""
    tops = report.arrow["top_creators"].to_pylist() if "top_creators" in report.arrow.column_names else []
    return any(n is not None and n < minimum for n in tops)


def _share_of_the_top(figures: Mapping[str, KeyFigure], minimum: int) -> dict[str, KeyFigure]:
    """Return the share of the busiest tenth where that tenth is enough people, in either period by itself."""
    share, creators = figures.get("concentration"), figures["active_creators"]
    if share is None:
        return {}
    value, before = (
        told if top_tenth(int(n or 0)) >= minimum else None
        for told, n in ((share.value, creators.value), (share.before, creators.before))
    )
    return {"concentration": share._replace(value=value, before=before)}


def _is_counted(report: Report, collected: Collection) -> bool:
    """Tell whether a report has no rows of its own, or the rows of the usage report, whose people are known, or its
    groups in total.

    Other rows (departments of a chargeback beside months of the usage) have head counts that nobody took, and they
    add up to figures of the first: totals that `to_hide` knows nothing of. A group in total is the sum of its
    periods: where all of these are shown it says nothing new of anybody hidden, else it is hidden with them.
    """
    usage, columns = collected.reports["usage"], key_columns(report)
    if "group" not in columns:
        return not columns or columns == key_columns(usage)
    # a group of meetings in total is no sum of what its own legs were in each period
    is_in_total = columns == ("group",) and collected.ask.group_of != "leg"
    is_known = is_in_total or columns == key_columns(usage)
    return is_known and "group" in key_columns(usage) and report.definition("group") == usage.definition("group")


def _rows_of_few(usage: Report, ask: Ask, few: Mapping[str, int], minimum: int) -> dict[Key, bool]:
    """Return of each row whether it is about too few people, or a group of too few."""
    keys, rows = keys_of(usage), usage.arrow
    # whose meetings are not in the book is a department of nobody knows how many: of those who convened, at most
    convened = rows["active_creators"].to_pylist() if "active_creators" in rows.column_names else [minimum] * len(keys)
    is_by_convener = goes_by_convener(ask)
    return {
        key: n is None or n < minimum or key[-1] in few or ((is_by_convener or key[-1] == NOT_IN_BOOK) and by < minimum)
        for key, n, by in zip(keys, rows["people"].to_pylist(), convened, strict=True)
    }


def _sizes(usage: Report, ask: Ask) -> dict[Key, int]:
    """Return how many lines of the book the group of each row has, on whatever days: so it is the same in every period
    and every report, whoever met in it. Of those whom the book does not know, how many convened.
    """
    keys, rows = keys_of(usage), usage.arrow
    column = called(ask.group) if isinstance(ask.group, str) else ""
    known = Counter(one.cell(column) for one in members_of(ask)[0])
    if known.keys().isdisjoint(key[-1] for key in keys if key):
        return {}  # groups of no book
    convened = rows["active_creators"].to_pylist() if "active_creators" in rows.column_names else [0] * rows.num_rows
    return {key: known.get(key[-1], by) for key, by in zip(keys, convened, strict=True)}


def _hidden_always(are_few: Mapping[Key, bool], few: Mapping[str, int]) -> set[str]:
    """Return the groups that the book has too few numbers in, whether or not they met, and those of which no row of
    several periods is shown: in which reports, or periods, they have a row must not be when they did.
    """
    grouped = {key: is_few for key, is_few in are_few.items() if len(key) > 1}
    listed = {label for label, n in few.items() if n and label} if grouped else set()
    if len({key[0] for key in grouped}) < 2:
        return listed  # that others have a row says of this one period that they met
    return listed | {key[-1] for key in grouped} - {key[-1] for key, is_few in grouped.items() if not is_few}


def _hidden_rows(
    reports: Iterable[Report],
    usage: Report,
    are_few: Mapping[Key, bool],
    always: Some[str],
    sizes: Mapping[Key, int],
    earlier: Sequence[Earlier],
    privacy: Privacy,
) -> tuple[set[Key], set[tuple[str, str]]]:
    """Return the rows to hide, in all tables alike, for figures of one row in several tables are sums of each other;
    and the columns, by report, whose totals would tell what they hold.

    With groups also the groups that lost a row: in total they would tell what it was.
    """
    columns: dict[tuple[str, str], dict[Key, float]] = {}
    small: dict[Key, bool] = {}
    told_of: dict[Key, ToldBefore] = {}
    for report in reports:
        shown, own = privacy.leaving(report)
        keys, table = keys_of(own), own.arrow
        for key, was in zip(keys, told_before(rows_of(shown), earlier), strict=True):
            small[key] = small.get(key, False) or was.is_shared or are_few.get(key, True)
            told_of[key] = was
        for name in (one for one in table.column_names if may_add_up(report, one)):
            sums = columns.setdefault((report.name, name), {})
            for key, value in zip(keys, table[name].to_pylist(), strict=True):
                sums[key] = sums.get(key, 0.0) + float(value or 0)
    has_groups = "group" in key_columns(usage)
    rows = {
        key: Sums(
            [sums.get(key, 0.0) for sums in columns.values()],
            is_small,
            key[-1] if has_groups else None,
            told_of[key].is_hidden,
            told_of[key].is_shown,
            has_groups and key[-1] in always,
            sizes.get(key, 0),
        )
        for key, is_small in small.items()
    }
    names = [*columns]
    dated = zip(keys_of(usage), rows_of(usage), strict=True)
    known = {key[:-1] for key, row in dated if any(one.tells_of(row.span) for one in earlier)} if has_groups else set()
    done = suppress(rows, {at for at, name in enumerate(names) if name in MAIN}, known)
    if done.is_alone and usage.arrow.num_rows:  # of a period in which nobody began a meeting all is blank
        raise UsageError(
            Text("其中一个合计几乎就是一个小组的数字，隐去各行也能推出", "a total is little but the figures of one small group: hiding rows does not hide them"),
            remedy=Text("选更长的期间，或不分组", "choose a longer period, or no groups"),
        )  # fmt: skip
    in_total = {key[-1:] for key in done.rows} if has_groups else set()
    return done.rows | in_total, {names[at] for at in done.told}


def _without(report: Report, hidden: set[Key], minimum: int) -> Report:
    if not key_columns(report):
        return replace(report, notes=(*report.notes, _NO_COUNT.format(minimum=minimum)))
    gone = pa.chunked_array([pa.array([key in hidden for key in keys_of(report)], pa.bool_())])
    done = blanked(report, gone, minimum)
    return done if "period" in report.arrow.column_names else _hidden_last(done, gone)


def _hidden_last(report: Report, is_hidden: pa.ChunkedArray) -> Report:
    """Return a ranking with the rows that lost their figures at its end, by name: their rank would tell about what they were."""
    rows = report.arrow
    last = rows.filter(is_hidden).sort_by(rows.column_names[0])
    return (
        replace(report, frame=pa.concat_tables([rows.filter(pc.invert(is_hidden)), last])) if last.num_rows else report
    )
