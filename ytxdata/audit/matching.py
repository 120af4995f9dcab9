"""An invoice and the records beside each other as tables: what each line says, which record it is about, and what no
line is about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa

from ytxdata.audit.data import Data
from ytxdata.audit.invoice import Bill
from ytxdata.audit.invoice_rule import UNKNOWN, BilledLines, Ints, InvoiceRule, places_of, units_of
from ytxdata.audit.pairing import (
    FEW,
    ArchivedLeg,
    Group,
    InvoiceLine,
    Pair,
    Record,
    added_up,
    by_one_clock,
    fit,
    is_by_connection,
    paired,
    summed,
)
from ytxdata.audit.unexplained import DAY_S
from ytxdata.history.proof.line_lengths import Lengths, form_of
from ytxdata.labels import Text
from ytxdata.phones import number_class
from ytxdata.records.schema import ARROW_TYPES
from ytxdata.times import local_second

T = TypeVar("T")
YUAN = ARROW_TYPES["money"]

_RECORDS = """
    SELECT meeting_id, m, s, coalesce(duration_s, len_s), amount, in_scope
    FROM all_meetings SEMI JOIN ids USING (meeting_id)
"""
_LEGS = """
    SELECT meeting_id, m, number, row_number() OVER (ORDER BY m, leg) AS n, j, x - j, NULL, g.in_scope
    FROM all_legs g JOIN all_meetings USING (m) SEMI JOIN ids USING (meeting_id)
"""

_LENGTHS = """
    SELECT meeting_id, coalesce(duration_s, len_s) AS secs, legs
    FROM all_meetings LEFT JOIN (SELECT m, list(x - j) AS legs FROM all_legs GROUP BY m) USING (m)
    WHERE meeting_id IN (SELECT unnest(?))
"""
_SAMPLED = 200
"""So many ids tell in what a bill counts: more than half of its lines must follow one way."""

_IN_MINUTES = Text(
    "账单的时长是分钟数（多数行如此相符），已换算成秒再核对",
    "the invoice counts its durations in minutes (so most lines agree); they were held against the records as seconds",
)
_ADDED_UP = Text(
    "账单按接入列出（一场会议有多行）：{n} 行按会议相加为 {of} 场，再与记录核对；逐字相同而没有相应接入的行算作重复计费",
    "the invoice has a line for each connection: its {n} lines were added up to {of} meetings and held against the records; "
    "a line that says the same as another, without a connection of its own, counts as billed twice",
)
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
        r.m, r.s, r.secs, r.amount AS amount,
        coalesce(r.in_scope, NOT $is_dated OR l.is_inside, TRUE) AS in_scope,
        NOT $is_dated AND begun IS NOT NULL AND l.is_inside AND NOT r.in_scope AS is_elsewhere,
        coalesce(n, 0) AS n,
        coalesce(r.n_legs = coalesce(g.listed, 0) AND coalesce(g.joined, 0) = 0, FALSE) AS is_empty,
        r.e IS NOT NULL OR (
            r.s < $yesterday AND (coalesce(r.amount, r.secs) IS NOT NULL OR coalesce(g.joined = g.closed, FALSE))
        ) AS is_over
    FROM (SELECT * FROM bills JOIN pairs USING (line) LEFT JOIN elsewhere USING (line)) l
    FULL JOIN (SELECT *, coalesce(duration_s, len_s) AS secs FROM all_meetings) r ON l.m = r.m
    LEFT JOIN (SELECT m, count(*) AS listed, count(j) AS joined, count(x) AS closed FROM all_legs GROUP BY m) g
        ON g.m = r.m
"""
"""`is_empty` is a meeting whose legs are all known, and of whom none ever joined: by a rule per leg there is nothing to
bill. Of a meeting whose legs are unknown nobody can say so. `nearest` is when the meeting of its id began, of a line
at whose time there was none; `is_elsewhere` a line that says the period and whose meeting lies outside, where dates
are not used. Where no end is told, `is_over` is what began a day ago, if its length or amount is told or all have left:
of a running meeting a platform may tell all of these as they stand.
"""


JUDGE = """
    WITH known AS (
        SELECT a.*, coalesce(p.record_s, secs) AS record_s, coalesce(a.amount, p.record_yuan) AS record_yuan,
            min(s) FILTER (line IS NOT NULL) OVER () AS first, max(s) FILTER (line IS NOT NULL) OVER () AS last
        FROM matched a LEFT JOIN priced p USING (m)
    ),
    compared AS (
        SELECT *, CASE WHEN $durations AND in_scope THEN invoice_s - record_s END AS difference_s,
            invoice_yuan - record_yuan AS more_yuan FROM known
    )
    SELECT line, meeting_id, CASE
            WHEN NOT in_scope THEN 'outside_period'
            WHEN m IS NULL THEN CASE WHEN n = 0 THEN 'missing_record' ELSE 'billed_twice' END
            WHEN line IS NULL THEN 'missing_line'
            WHEN abs(difference_s) > $within_s OR abs(more_yuan) > $within_yuan THEN 'mismatched'
            WHEN more_yuan IS NULL AND (invoice_yuan IS NOT NULL OR difference_s IS NULL) THEN 'not_compared'
            ELSE 'matched' END AS state,
        invoice_s, record_s, difference_s, invoice_yuan, record_yuan, begun AS invoice_at,
        coalesce(s, nearest) AS record_at,
        (CASE WHEN NOT in_scope THEN NULL WHEN line IS NULL THEN -record_yuan WHEN m IS NULL THEN invoice_yuan
            ELSE more_yuan END)::DECIMAL(38, 18) AS difference_yuan
    FROM compared
    WHERE line IS NOT NULL OR (
        in_scope AND is_over AND CASE WHEN amount IS NOT NULL THEN amount > 0
            WHEN $per_leg THEN coalesce(secs, greatest(record_s, record_yuan)) > 0 AND NOT is_empty ELSE secs > 0 END
            AND ($has_period OR s BETWEEN first AND last)
    )
    ORDER BY line NULLS LAST, meeting_id
"""
"""An amount that has nothing to be held against makes a line `not_compared`, also when its duration agrees: an
invoice is about money.
"""


class Matched(NamedTuple):
    """What must be known of an invoice: notes, of a bill by connection which lines were added up, by the first, and
    which of its ids no record has.
    """

    notes: tuple[Text, ...]
    added_up: Mapping[int, tuple[int, ...]]
    strange: frozenset[str]


def put_matched(data: Data, bills: Sequence[Bill]) -> Matched:
    """Put every line beside its record, and every record without one, as `matched`; of a bill by connection all lines
    about a meeting as one.
    """
    data.put("ids", pa.table({"meeting_id": pa.array(list({bill.meeting_id: None for bill in bills}), pa.string())}))
    unit_s = _unit_s(data, bills)
    told = {
        bill.line: InvoiceLine(
            bill.line,
            None if bill.length_s is None else round(bill.length_s * unit_s) if unit_s > 1 else bill.duration_s,
            bill.amount_yuan,
            None if bill.started_at is None else local_second(bill.started_at),
            bill.is_day,
            bill.number,
        )
        for bill in bills
    }
    lines: dict[str, list[InvoiceLine]] = {}
    for bill in bills:
        lines.setdefault(bill.meeting_id, []).append(told[bill.line])
    records = _by_id(data, _RECORDS, Record)
    both = by_one_clock({meeting_id: (mine, records.get(meeting_id, [])) for meeting_id, mine in lines.items()})
    fits, of = map(sum, zip(*(fit(*one) for one in both.values()), strict=True))
    is_dated = of < FEW or 2 * fits >= of
    if not is_dated:
        both = {key: ([line._replace(start=None) for line in mine], known) for key, (mine, known) in both.items()}
    legs = None
    if is_by_connection(list(both.values())):
        legs = _by_id(data, _LEGS, lambda m, number, *record: ArchivedLeg(m, number, Record(*record)))
    groups = [
        (meeting_id, group)
        for meeting_id, (mine, known) in both.items()
        for group in (
            [Group((pair.line,), pair) for pair in paired(mine, known)]
            if legs is None
            else added_up(mine, known, legs.get(meeting_id, []))
        )
    ]
    _put_lines(data, [(key, summed([told[line] for line in group.lines])) for key, group in groups])
    named = zip(Pair._fields, zip(*(group.pair for _, group in groups), strict=True), strict=True)
    data.put("pairs", pa.table({name: pa.array(column, pa.int64()) for name, column in named}))
    data.connection.execute(_MATCH, {"is_dated": is_dated, "yesterday": data.now_s - DAY_S})
    added = {group.lines[0]: group.lines for _, group in groups if len(group.lines) > 1}
    notes = (
        _IN_MINUTES if unit_s > 1 else None,
        _ADDED_UP.format(n=len(bills), of=len(groups)) if added else None,
        None if is_dated else _NOT_DATED.format(fit=fits, of=of),
    )
    return Matched(tuple(filter(None, notes)), added, frozenset(lines.keys() - records.keys()))


def _unit_s(data: Data, bills: Sequence[Bill]) -> int:
    """Return in what the lengths of an invoice are counted [s], by the rule that witnesses go by: a column 时长 may hold
    minutes without saying so.
    """
    told: dict[str, list[Decimal]] = {}
    for bill in bills:
        if bill.length_s is not None:
            told.setdefault(bill.meeting_id, []).append(bill.length_s)
    some = {one: told[one] for one in list(told)[:: -(-len(told) // _SAMPLED) or 1]}
    known: dict[str, list[Lengths]] = {}
    for row in data.rows(_LENGTHS, list(some)):
        legs = row["legs"] if row["legs"] and None not in row["legs"] else None
        known.setdefault(row["meeting_id"], []).append(Lengths(row["secs"], None if legs is None else tuple(legs)))
    groups = [(seconds, known[one]) for one, seconds in some.items() if one in known]
    form = form_of(groups)
    fitting = [any(form.fits(one, length) for length in lengths) for seconds, lengths in groups for one in seconds]
    return form.unit_s if 2 * sum(fitting) > len(fitting) else 1


def _by_id(data: Data, sql: str, made: Callable[..., T]) -> dict[str, list[T]]:
    """Return what the records hold of the meetings on the invoice, by meeting id."""
    found: dict[str, list[T]] = {}
    for row in data.rows(sql):
        meeting_id, *cells = row.values()
        found.setdefault(meeting_id, []).append(made(*cells))
    return found


def _put_lines(data: Data, lines: Sequence[tuple[str, InvoiceLine]]) -> None:
    first, behind = (None if edge is None else local_second(edge) for edge in data.period)
    begun = [line.start for _, line in lines]
    data.put("bills", pa.table({
        "line": pa.array([line.line for _, line in lines], pa.int64()),
        "meeting_id": pa.array([meeting_id for meeting_id, _ in lines], pa.string()),
        "duration_s": pa.array([line.seconds for _, line in lines], pa.int64()),
        "amount": pa.array([line.yuan for _, line in lines], YUAN),
        "begun": pa.array(begun, pa.int64()),
        "is_inside": pa.array(
            [at is None or ((first is None or at >= first) and (behind is None or at < behind)) for at in begun],
            pa.bool_(),
        ),
    }))  # fmt: skip


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


def put_prices(
    data: Data, parts: Sequence[PairedLines], duration: InvoiceRule | None, amount: InvoiceRule | None
) -> None:
    """Put what every record is billed by the rules that are trusted: `m record_s record_yuan`."""
    m: list[int] = []
    seconds: list[int | None] = []
    yuan: list[Decimal | None] = []
    for part, is_billed in zip(parts, (True, False), strict=True):
        lines = replace(part.arrays, places=parts[0].arrays.places)
        # what is missing on the invoice has had no part in what its lines share
        rule = amount and (amount if is_billed or amount.allowance_of != "invoice" else replace(amount, allowance_s=0))
        m += part.m.tolist()
        seconds += _known(None if duration is None else duration.seconds(lines), lines)
        costs = _known(None if rule is None else rule.amounts(lines), lines)
        yuan += [None if one is None else Decimal(one).scaleb(-lines.places) for one in costs]
    data.put("priced", pa.table({
        "m": pa.array(m, pa.int64()),
        "record_s": pa.array(seconds, pa.int64()),
        "record_yuan": pa.array(yuan, YUAN),
    }))  # fmt: skip


def _known(values: Ints | None, lines: BilledLines) -> list[int | None]:
    if values is None:
        return [None] * len(lines.seconds)
    return [None if one == UNKNOWN else one for one in values.tolist()]
