"""Which line of an invoice is about which record, where one meeting id stands for several meetings or is billed
several times.

A room keeps its id from week to week. Paired by rank of duration over all there is, a correct bill of one month is
held against the meetings of another: good lines are accused, and lines vanish.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa

from ytxdata.audit.data import Data
from ytxdata.audit.invoice import Bill, BilledLines, Ints, places_of, units_of
from ytxdata.labels import Text
from ytxdata.phones import number_class
from ytxdata.times import local_second

MONEY = pa.decimal128(38, 18)

REACH_S = 12 * 3_600
"""So far a line's time may be from the start of its meeting [s]: bills in UTC are eight hours behind, and a daily
meeting is a day from the next."""

DAY_S = 86_400
_UTC_S = 8 * 3_600
"""So far into the next day a day of a bill in UTC goes on."""

_FEW = 5
"""Of fewer ids nobody can say whether their dates are those of the bill: they are held against the meetings."""

_TIE = 1e-6
"""A thousand yuan decide between durations that are alike, and weigh less than a second."""

_MOST_PAIRS = 25_000_000
"""More of one id are paired by rank alone: five thousand meetings of one room, and none of its lines with a time."""

_NOT_DATED = Text(
    "账单上的日期不是会议的日期：编号只属于一场会议的有 {of} 个，其中只有 {fit} 个的时刻相符；因此未按日期核对",
    "the dates on the invoice are not those of its meetings: of {of} ids with one meeting each {fit} fit in time; they were not used",
)

_MATCH = """
    CREATE OR REPLACE TABLE matched AS
    WITH elsewhere AS (
        SELECT line, first(s ORDER BY abs(s - begun), s) AS nearest FROM pairs p JOIN bills USING (line)
        JOIN all_meetings USING (meeting_id) WHERE p.m IS NULL AND n = 0 GROUP BY line
    )
    SELECT l.line, coalesce(l.meeting_id, r.meeting_id) AS meeting_id, l.duration_s AS invoice_s, l.amount
        AS invoice_yuan, begun, nearest,
        r.m, r.s, r.e, r.secs, r.amount AS amount,
        coalesce(r.in_scope, NOT $is_dated OR l.is_inside, TRUE) AS in_scope,
        NOT $is_dated AND begun IS NOT NULL AND l.is_inside AND NOT r.in_scope AS is_elsewhere,
        coalesce(n, 0) AS n,
        coalesce(r.n_legs = coalesce(g.listed, 0) AND coalesce(g.joined, 0) = 0, FALSE) AS is_empty
    FROM (SELECT * FROM bills JOIN pairs USING (line) LEFT JOIN elsewhere USING (line)) l
    FULL JOIN (SELECT *, coalesce(duration_s, len_s) AS secs FROM all_meetings) r ON l.m = r.m
    LEFT JOIN (SELECT m, count(*) AS listed, count(j) AS joined FROM all_legs GROUP BY m) g ON g.m = r.m
"""
"""`is_empty` is a meeting whose legs are all known, and of whom none ever joined: by a rule per leg there is nothing to
bill. Of a meeting whose legs are unknown nobody can say so. `nearest` is when the meeting of its id began, of a line
at whose time there was none; `is_elsewhere` a line that says the period and whose meeting lies outside, where dates
are not used.
"""

Matrix: TypeAlias = "np.ndarray[Any, np.dtype[np.float64]]"


class InvoiceLine(NamedTuple):
    """A line of an invoice: its number, seconds, yuan, and when its meeting began [local epoch second], or on which
    day."""

    line: int
    seconds: int | None
    yuan: Decimal | None
    start: int | None = None
    is_day: bool = False


class Record(NamedTuple):
    """A record: its number, start [local epoch second], seconds, yuan, and whether it lies in the period."""

    m: int
    start: int | None
    seconds: int | None
    yuan: Decimal | None
    in_scope: bool = True


class Pair(NamedTuple):
    """A line, its record (None: there is none left) and how many records it could have been about."""

    line: int
    m: int | None
    n: int


def put_matched(data: Data, bills: Sequence[Bill]) -> tuple[Text, ...]:
    """Put every line beside its record, and every record without one, as `matched`; return what must be known of the
    dates on the invoice.
    """
    told = [
        InvoiceLine(
            bill.line,
            bill.duration_s,
            bill.amount_yuan,
            None if bill.started_at is None else local_second(bill.started_at),
            bill.is_day,
        )
        for bill in bills
    ]
    data.put("bills", pa.table({
        "line": pa.array([bill.line for bill in bills], pa.int64()),
        "meeting_id": pa.array([bill.meeting_id for bill in bills], pa.string()),
        "duration_s": pa.array([bill.duration_s for bill in bills], pa.int64()),
        "amount": pa.array([bill.amount_yuan for bill in bills], MONEY),
        "begun": pa.array([line.start for line in told], pa.int64()),
        "is_inside": pa.array([_is_inside(bill.started_at, data.period) for bill in bills], pa.bool_()),
    }))  # fmt: skip
    records: dict[str, list[Record]] = {}
    for row in data.rows(
        "SELECT meeting_id, m, s, coalesce(duration_s, len_s), amount, in_scope FROM all_meetings "
        "SEMI JOIN bills USING (meeting_id)"
    ):
        meeting_id, *cells = row.values()
        records.setdefault(meeting_id, []).append(Record(*cells))
    lines: dict[str, list[InvoiceLine]] = {}
    for bill, line in zip(bills, told, strict=True):
        lines.setdefault(bill.meeting_id, []).append(line)
    both = [(mine, records.get(meeting_id, [])) for meeting_id, mine in lines.items()]
    fit, of = map(sum, zip(*(_fit(*one) for one in both), strict=True))
    is_dated = of < _FEW or 2 * fit >= of
    if not is_dated:
        both = [([line._replace(start=None) for line in mine], known) for mine, known in both]
    columns = zip(*(pair for one in both for pair in paired(*one)), strict=True)
    named = zip(Pair._fields, columns, strict=True)
    data.put("pairs", pa.table({name: pa.array(column, pa.int64()) for name, column in named}))
    data.connection.execute(_MATCH, {"is_dated": is_dated})
    return () if is_dated else (_NOT_DATED.format(fit=fit, of=of),)


def _is_inside(begun: datetime | None, period: tuple[datetime | None, datetime | None]) -> bool:
    start, end = period
    return begun is None or ((start is None or begun >= start) and (end is None or begun < end))


def _fit(lines: Sequence[InvoiceLine], records: Sequence[Record]) -> tuple[int, int]:
    """Return whether the one meeting of an id is at the time that a line says, and whether there is such a line: of a
    room with several the one that is meant may be missing.
    """
    dated = [line for line in lines if line.start is not None]
    is_told = bool(dated) and len(records) == 1 and records[0].start is not None
    return int(is_told and bool(_within(dated, records))), int(is_told)


class PairedLines(NamedTuple):
    """Rows of `matched` as arrays, and the number of the record of each."""

    m: Ints
    arrays: BilledLines


def put_classes(data: Data) -> None:
    """Put the class of every number beside the legs."""
    sql = "SELECT DISTINCT number FROM all_legs WHERE number IS NOT NULL ORDER BY number"
    numbers = [row["number"] for row in data.rows(sql)]
    access = frozenset(row["number"] for row in data.rows("SELECT number FROM access"))
    kinds = [number_class(one, access) for one in numbers]
    data.put("classes", pa.table({"number": pa.array(numbers, pa.string()), "kind": pa.array(kinds, pa.string())}))


def paired_lines(data: Data, *, billed: bool) -> PairedLines:
    """Return the records with a line on the invoice, or those without, in order of time."""
    data.connection.execute(
        "CREATE OR REPLACE TABLE placed AS SELECT row_number() OVER (ORDER BY s NULLS LAST, line, m) - 1 AS place, * "
        "FROM matched WHERE m IS NOT NULL AND (line IS NOT NULL) = ?",
        [billed],
    )
    told = data.connection.execute(
        "SELECT m, coalesce(s, -1) AS s, coalesce(secs, -1) AS secs, coalesce(invoice_s, -1) AS billed_s FROM placed ORDER BY place"
    ).fetchnumpy()
    legs = data.connection.execute(
        "SELECT place, coalesce(kind, 'unknown') AS kind, x - j AS secs FROM placed JOIN all_legs USING (m) "
        "LEFT JOIN classes USING (number) WHERE x IS NOT NULL AND j IS NOT NULL ORDER BY place, leg"
    ).fetchnumpy()
    names = [str(one) for one in legs["kind"]]
    kinds = tuple(sorted(set(names)))
    amounts = [row["invoice_yuan"] for row in data.rows("SELECT invoice_yuan FROM placed ORDER BY place")]
    places = places_of(amounts)
    arrays = BilledLines(
        seconds=_ints(told["secs"]),
        leg_line=_ints(legs["place"]),
        leg_kind=_ints([kinds.index(one) for one in names]),
        leg_s=_ints(legs["secs"]),
        kinds=kinds,
        order=np.arange(len(amounts)),
        begun_s=_ints(told["s"]),
        billed_s=_ints(told["billed_s"]),
        amount=np.array([units_of(one, places) for one in amounts], np.int64),
        places=places,
    )
    return PairedLines(_ints(told["m"]), arrays)


def _ints(values: Any) -> Ints:
    whole: Ints = np.asarray(values).astype(np.int64)
    return whole


def paired(lines: Sequence[InvoiceLine], records: Sequence[Record]) -> list[Pair]:
    """Return the record of each line, all of one meeting id, no record for two lines.

    A line that says when its meeting began is about the nearest meeting of that day or half a day around; of those
    that do not say, as many as there are meetings in the period are about these, and all together so that durations
    fit best.

    Examples
    --------
    >>> january, march = Record(1, 0, 3600, None, False), Record(2, 60 * 86400, 3600, None)
    >>> paired([InvoiceLine(7, 3600, None)], [january, march])
    [Pair(line=7, m=2, n=2)]
    >>> paired([InvoiceLine(7, 3600, None, 40), InvoiceLine(8, 3600, None, 40)], [january, march])
    [Pair(line=7, m=1, n=1), Pair(line=8, m=None, n=1)]
    """
    if len(lines) == len(records) == 1 and None in (lines[0].start, records[0].start):
        return [Pair(lines[0].line, records[0].m, 1)]
    found: dict[int, int] = {}
    taken: set[int] = set()
    within = _within(lines, records)
    nearest = sorted((*_apart(line, record), line.line, record.m) for line, record in within)
    for *_, number, m in nearest:
        if number not in found and m not in taken:
            found[number] = m
            taken.add(m)
    undated = [line for line in lines if line.start is None]
    for is_inside in (True, False):
        fitted = _fitted(
            [one for one in undated if one.line not in found],
            [one for one in records if one.in_scope is is_inside and one.m not in taken],
        )
        found |= fitted
        taken.update(fitted.values())
    near = {line.line: 0 for line in lines if line.start is not None}
    for line, _ in within:
        near[line.line] += 1
    return [Pair(one.line, found.get(one.line), near.get(one.line, len(records))) for one in lines]


def _within(lines: Sequence[InvoiceLine], records: Sequence[Record]) -> list[tuple[InvoiceLine, Record]]:
    """Return which records are near enough to each line that says when its meeting began; it may have meant its end."""
    dated = sorted((one.start, one.m, one) for one in records if one.start is not None)
    starts = [start for start, *_ in dated]
    longest = max((one.seconds or 0 for *_, one in dated), default=0)
    near = []
    for line in lines:
        if line.start is not None:
            first, behind = line.start - REACH_S, line.start + REACH_S + 1
            if line.is_day:
                first, behind = line.start, line.start + DAY_S + _UTC_S
            some = dated[bisect_left(starts, first - longest) : bisect_left(starts, behind)]
            near += [(line, one) for start, _, one in some if start + (one.seconds or 0) >= first]
    return near


def _apart(line: InvoiceLine, record: Record) -> tuple[float, float, float]:
    """Return how far a line is from a record: in time, in seconds, in yuan."""
    return _gap(line, record), _difference(line.seconds, record.seconds), _difference(line.yuan, record.yuan)


def _gap(line: InvoiceLine, record: Record) -> int:
    if line.start is None or record.start is None:
        return 0
    last = line.start + (DAY_S - 1 if line.is_day else 0)
    return max(line.start - record.start, record.start - last, 0)


def _difference(one: Decimal | int | None, other: Decimal | int | None) -> float:
    return 0.0 if one is None or other is None else abs(float(one) - float(other))


def _fitted(lines: Sequence[InvoiceLine], records: Sequence[Record]) -> dict[int, int]:
    """Return the pairs of as many lines as there are records, or the reverse, whose durations differ least in all.

    Both in order of duration, two pairs never cross: a bill that rounds up keeps the order, and the nearest duration
    would be a neighbour's.
    """
    if not lines or not records:
        return {}
    ours = sorted(records, key=lambda one: (one.seconds or 0, one.yuan or 0, one.start or 0, one.m))
    theirs = sorted(lines, key=lambda one: (one.seconds or 0, one.yuan or 0, one.line))
    is_swapped = len(theirs) > len(ours)
    few, many = (len(ours), len(theirs)) if is_swapped else (len(theirs), len(ours))
    if few * many > _MOST_PAIRS:
        return {line.line: record.m for line, record in zip(theirs, ours, strict=False)}
    costs = _differences([one.seconds for one in theirs], [one.seconds for one in ours])
    yuan = _differences([one.yuan for one in theirs], [one.yuan for one in ours])
    costs += np.minimum(yuan, 1_000) * _TIE
    costs = costs.T if is_swapped else costs
    best = np.zeros(many + 1)
    takes = np.zeros((few, many), np.bool_)
    for i in range(few):
        with_it = best[:-1] + costs[i]
        best = np.concatenate(([np.inf], np.minimum.accumulate(with_it)))
        takes[i] = with_it < best[:-1]  # of lines that say the same the first is the one that is right
    found: dict[int, int] = {}
    j = many - 1
    for i in reversed(range(few)):
        while not takes[i, j]:
            j -= 1
        line, record = (theirs[j], ours[i]) if is_swapped else (theirs[i], ours[j])
        found[line.line] = record.m
        j -= 1
    return found


def _differences(ours: Sequence[Decimal | int | None], theirs: Sequence[Decimal | int | None]) -> Matrix:
    """Return how far each of the ones is from each of the others; 0 where one says nothing."""
    one, other = (
        np.array([np.nan if value is None else value for value in values], np.float64) for values in (ours, theirs)
    )
    return np.nan_to_num(np.abs(one[:, None] - other[None, :]))
