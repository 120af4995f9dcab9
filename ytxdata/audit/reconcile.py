"""An invoice against the records: matched, mismatched, missing on either side, in exact decimals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

import pyarrow as pa

from ytxdata.audit.data import Auditable, Data, open_data
from ytxdata.audit.invoice import Invoice
from ytxdata.audit.invoice_rule import BilledLine, Rounding, infer_amount, infer_duration
from ytxdata.audit.lists import Listed
from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.metrics.scope import Scope
from ytxdata.phones import number_class
from ytxdata.records.schema import to_pandas
from ytxdata.tables.definition import Definition
from ytxdata.tables.table import Table
from ytxdata.times import Instant

MATCHED, MISMATCHED, NO_RECORD, NO_LINE, TWICE = (
    "matched",
    "mismatched",
    "missing_record",
    "missing_line",
    "billed_twice",
)
STATES: dict[str, Text] = {
    MATCHED: Text("相符", "invoice and record agree"),
    MISMATCHED: Text("时长或金额不符", "duration or amount differ"),
    NO_RECORD: Text("账单有，记录没有", "on the invoice, not in the records"),
    NO_LINE: Text("记录有，账单没有", "in the records, not on the invoice"),
    TWICE: Text("同一会议又一次计费", "one more line for a meeting that is billed already"),
}

SAMPLE = 400
"""Lines from which a rounding rule is inferred."""

TRUSTED = 0.5
"""A rule that explains fewer of the lines is told, and not used."""

MONEY = pa.decimal128(38, 18)

_DEFINITIONS = (
    Definition(key="line", zh="账单行号", en="line", formula=Text("账单文件中的行号；记录没有对应行时为空", "line of the invoice; null for a record without one")),
    Definition(key="meeting_id", zh="会议编号", en="meeting id", unit="id"),
    Definition(key="state", zh="结果", en="state", unit="text", formula=Text("；".join(f"{key} {text.zh}" for key, text in STATES.items()), "; ".join(f"{key}: {text.en}" for key, text in STATES.items()))),
    Definition(key="invoice_s", zh="账单时长", en="invoiced", unit="s"),
    Definition(key="record_s", zh="记录时长", en="recorded", unit="s", formula=Text("记录的时长；账单另有取整规则时按该规则取整", "duration of the record; rounded as the invoice rounds, where it does")),
    Definition(key="difference_s", zh="时长差", en="difference", unit="s", formula=Text("账单 − 记录", "invoice − record")),
    Definition(key="invoice_yuan", zh="账单金额", en="invoiced", unit="yuan"),
    Definition(key="record_yuan", zh="记录金额", en="recorded", unit="yuan", formula=Text("记录的金额；记录没有金额时按推断的资费计算", "amount of the record; by the inferred tariff where it has none")),
    Definition(key="difference_yuan", zh="金额差", en="difference", unit="yuan", formula=Text("账单 − 记录；缺一方时为另一方的全额", "invoice − record; the whole of it where one side is missing")),
)  # fmt: skip

_MATCH = """
    CREATE OR REPLACE TABLE matched AS
    WITH lines AS (
        SELECT b.*, n, row_number() OVER (PARTITION BY b.meeting_id ORDER BY CASE WHEN n = 1 THEN abs(b.duration_s - one) ELSE b.duration_s END, line) AS k
        FROM bills b LEFT JOIN (
            SELECT meeting_id, count(*) AS n, any_value(coalesce(duration_s, len_s)) AS one FROM all_meetings GROUP BY meeting_id
        ) USING (meeting_id)
    ), records AS (
        SELECT *, coalesce(duration_s, len_s) AS secs, row_number() OVER (PARTITION BY meeting_id ORDER BY coalesce(duration_s, len_s), twin) AS k FROM all_meetings
    )
    SELECT l.line, coalesce(l.meeting_id, r.meeting_id) AS meeting_id, l.duration_s AS invoice_s, l.amount AS invoice_yuan,
        r.m, r.s, r.e, r.secs, r.amount AS amount, coalesce(r.in_scope, TRUE) AS in_scope, coalesce(n, 0) AS n
    FROM lines l FULL JOIN records r ON l.meeting_id = r.meeting_id AND l.k = r.k
"""

_UNITS = """
    CREATE OR REPLACE TABLE units AS
    SELECT m, sum(greatest((secs + $step - 1) // $step * $step, $minimum))::BIGINT AS billed_s,
        sum(greatest((secs + $step - 1) // $step * $step, $minimum) * nano) AS nano_s, count(nano) = count(*) AS is_priced
    FROM ({parts}) LEFT JOIN prices USING (kind) GROUP BY m
"""
_PER_LEG = (
    "SELECT m, kind, x - j AS secs FROM all_legs LEFT JOIN classes USING (number) WHERE x IS NOT NULL AND j IS NOT NULL"
)
_PER_MEETING = "SELECT m, 'default' AS kind, coalesce(duration_s, len_s) AS secs FROM all_meetings WHERE coalesce(duration_s, len_s) IS NOT NULL"

_JUDGE = """
    WITH known AS (
        SELECT a.*, {record_s} AS record_s, coalesce(a.amount, {record_yuan}) AS record_yuan, min(s) FILTER (line IS NOT NULL) OVER () AS first, max(s) FILTER (line IS NOT NULL) OVER () AS last
        FROM matched a LEFT JOIN duration_units d USING (m) LEFT JOIN amount_units u USING (m)
    )
    SELECT line, meeting_id, CASE
            WHEN m IS NULL THEN CASE WHEN n = 0 THEN 'missing_record' ELSE 'billed_twice' END
            WHEN line IS NULL THEN 'missing_line'
            WHEN abs(invoice_s - record_s) > $within_s OR abs(invoice_yuan - record_yuan) > $within_yuan THEN 'mismatched' ELSE 'matched' END AS state,
        invoice_s, record_s, invoice_s - record_s AS difference_s, invoice_yuan, record_yuan,
        (CASE WHEN line IS NULL THEN -record_yuan WHEN m IS NULL THEN invoice_yuan ELSE invoice_yuan - record_yuan END)::DECIMAL(38, 18) AS difference_yuan
    FROM known
    WHERE in_scope AND (line IS NOT NULL OR (e IS NOT NULL AND CASE WHEN amount IS NULL THEN secs > 0 ELSE amount > 0 END AND ($has_period OR s BETWEEN first AND last)))
    ORDER BY line NULLS LAST, meeting_id
"""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Reconciliation(Table):
    """One row per invoice line, and per record that is missing on the invoice.

    Parameters
    ----------
    duration, amount
        The rounding rules that explain the invoice best; None when it says nothing of durations or amounts.
    """

    duration: Rounding | None = None
    amount: Rounding | None = None

    @property
    def counts(self) -> dict[str, int]:
        """State → number of rows, all states."""
        found = self.frame["state"].value_counts()
        return {state: int(found.get(state, 0)) for state in STATES}

    @property
    def totals(self) -> tuple[Decimal, Decimal]:
        """What the invoice asks for and what the records come to [yuan]; a line of which one side names no amount counts in neither."""
        sums = [Decimal(0), Decimal(0)]
        for row in self.arrow.select(["state", "invoice_yuan", "record_yuan"]).to_pylist():
            pair = (row["invoice_yuan"], row["record_yuan"])
            if None not in pair or row["state"] not in (MATCHED, MISMATCHED):
                sums = [total + (value or 0) for total, value in zip(sums, pair, strict=True)]
        return sums[0], sums[1]


def reconcile(
    source: Auditable, invoice: Invoice | Listed, *, start: Instant | None = None, end: Instant | None = None, columns: Mapping[str, str] | None = None,
    within_s: float = 2, within_yuan: Decimal | float | str = "0.01",
) -> Reconciliation:  # fmt: skip
    """Compare an invoice with the records, line by line.

    Parameters
    ----------
    source
        An Archive, a History or `ytx.Frames`.
    invoice
        `meeting_id, duration_s, amount_yuan`: a path, a frame, or an `Invoice`.
    start, end
        The period it is for. Without one, records missing on the invoice are looked for between the first and the last meeting on it.
    columns
        Our name → what the column is called in the invoice.
    within_s, within_yuan
        Differences that are none [s, yuan].

    Returns
    -------
    Reconciliation
        `line meeting_id state invoice_s record_s difference_s invoice_yuan record_yuan difference_yuan`, by line; then missing records.

    Raises
    ------
    UsageError
        The source or the invoice cannot be read.
    """
    scope = Scope.of(start, end)
    read = Invoice.read(invoice, columns)
    return reconciled(open_data(source, start=scope.start, end=scope.end, invoice=read), within_s, within_yuan)


def reconciled(data: Data, within_s: float = 2, within_yuan: Decimal | float | str = "0.01") -> Reconciliation:
    """Return the reconciliation of the invoice that some data has."""
    if data.invoice is None:
        raise UsageError(Text("没有给账单", "no invoice was given"))
    data.put(
        "bills",
        pa.table(
            {
                "line": pa.array([bill.line for bill in data.invoice.bills], pa.int64()),
                "meeting_id": pa.array([bill.meeting_id for bill in data.invoice.bills], pa.string()),
                "duration_s": pa.array([bill.duration_s for bill in data.invoice.bills], pa.int64()),
                "amount": pa.array([bill.amount_yuan for bill in data.invoice.bills], MONEY),
            }
        ),
    )
    data.connection.execute(_MATCH)
    numbers = [
        row["number"]
        for row in data.rows("SELECT DISTINCT number FROM all_legs WHERE number IS NOT NULL ORDER BY number")
    ]
    data.put(
        "classes",
        pa.table(
            {
                "number": pa.array(numbers, pa.string()),
                "kind": pa.array([number_class(one) for one in numbers], pa.string()),
            }
        ),
    )
    sample = _sample(data)
    duration, amount = infer_duration(sample, within_s), infer_amount(sample)
    _units(data, "duration_units", duration)
    _units(data, "amount_units", amount)
    duration, amount = _counted(data, duration, amount, within_s)
    plain = duration is None or (duration.tariff.per, duration.tariff.step_s, duration.tariff.minimum_s) == (
        "meeting",
        1,
        0,
    )
    sql = _JUDGE.format(
        record_s="secs" if plain or not _is_trusted(duration) else "coalesce(d.billed_s, secs)",
        record_yuan="CASE WHEN u.is_priced THEN (CAST(u.nano_s // 60 AS DECIMAL(18, 0)) * CAST(0.000000001 AS DECIMAL(10, 9)))::DECIMAL(38, 18) END"
        if _is_trusted(amount)
        else "NULL",
    )
    values = {"within_s": within_s, "within_yuan": Decimal(str(within_yuan)), "has_period": data.period != (None, None)}
    rows = pa.Table.from_pylist(list(data.named(sql, **values)), schema=_SCHEMA)
    rules = tuple(rule.text for rule in (duration, amount) if rule is not None)
    return Reconciliation(
        frame=to_pandas(rows), name="reconciliation", title=Text("账单核对", "Reconciliation"), definitions=_DEFINITIONS,
        notes=(*rules, *data.invoice.notes), certificate=data.certificate, duration=duration, amount=amount,
    )  # fmt: skip


_SCHEMA = pa.schema(
    [
        ("line", pa.int64()),
        ("meeting_id", pa.string()),
        ("state", pa.string()),
        ("invoice_s", pa.int64()),
        ("record_s", pa.int64()),
        ("difference_s", pa.int64()),
        ("invoice_yuan", MONEY),
        ("record_yuan", MONEY),
        ("difference_yuan", MONEY),
    ]
)


_EXPLAINED = """
    SELECT count(invoice_s) AS durations, count_if(abs(invoice_s - d.billed_s) <= $within) AS same_s,
        count(invoice_yuan) AS amounts, count_if(u.is_priced AND abs(invoice_yuan * 60 - CAST(u.nano_s AS DECIMAL(38, 0)) * 0.000000001) <= 30 * $unit) AS same_yuan
    FROM matched LEFT JOIN duration_units d USING (m) LEFT JOIN amount_units u USING (m) WHERE line IS NOT NULL AND m IS NOT NULL
"""


def _counted(
    data: Data, duration: Rounding | None, amount: Rounding | None, within_s: float
) -> tuple[Rounding | None, Rounding | None]:
    """Return the rules with how many of all lines they explain, not of the sample alone."""
    places = (
        max(
            (-int(one.amount_yuan.as_tuple().exponent) for one in data.invoice.bills if one.amount_yuan is not None),
            default=0,
        )
        if data.invoice
        else 0
    )
    row = next(data.named(_EXPLAINED, within=within_s, unit=Decimal(1).scaleb(-places)))
    return (
        duration and replace(duration, explained=row["same_s"], lines=row["durations"]),
        amount and replace(amount, explained=row["same_yuan"], lines=row["amounts"]),
    )


def _is_trusted(rule: Rounding | None) -> bool:
    return rule is not None and rule.share >= TRUSTED


def _sample(data: Data) -> list[BilledLine]:
    """Return matched lines, spread evenly over the invoice, with the class and length of every leg."""
    data.connection.execute(
        f"CREATE OR REPLACE TABLE sample AS SELECT * FROM matched WHERE line IS NOT NULL AND m IS NOT NULL ORDER BY md5(meeting_id), line LIMIT {SAMPLE}"  # noqa: S608
    )
    legs: dict[int, list[tuple[str, int]]] = {}
    sql = f"SELECT m, coalesce(kind, 'unknown') AS kind, secs FROM ({_PER_LEG}) SEMI JOIN sample USING (m) ORDER BY m, kind, secs"  # noqa: S608
    for row in data.rows(sql):
        legs.setdefault(row["m"], []).append((row["kind"], row["secs"]))
    return [
        BilledLine(row["secs"], tuple(legs.get(row["m"], ())), row["invoice_s"], row["invoice_yuan"])
        for row in data.rows("SELECT m, secs, invoice_s, invoice_yuan FROM sample ORDER BY line")
    ]


def _units(data: Data, table: str, rule: Rounding | None) -> None:
    """Put what every meeting is billed by a rule: `m billed_s nano_s is_priced`."""
    prices = dict(rule.tariff.prices) if rule else {}
    cells = {
        "kind": pa.array(list(prices), pa.string()),
        "nano": pa.array([rule.tariff.nano(kind) for kind in prices] if rule else [], pa.int64()),
    }
    data.put("prices", pa.table(cells))
    parts = (
        _PER_MEETING
        if rule is None or rule.tariff.per == "meeting"
        else _PER_LEG.replace("kind, x", "coalesce(kind, 'unknown') AS kind, x")
    )
    step, minimum = (rule.tariff.step_s, rule.tariff.minimum_s) if rule else (1, 0)
    data.connection.execute(_UNITS.format(parts=parts), {"step": step, "minimum": minimum})
    data.connection.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM units")  # noqa: S608
