"""An invoice against the records: matched, mismatched, missing on either side, in exact decimals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import pyarrow as pa

from ytxdata.archive.connections import telling_room
from ytxdata.audit.checking import Finding, check
from ytxdata.audit.data import Auditable, Data, open_data
from ytxdata.audit.invoice import Invoice
from ytxdata.audit.invoice_rule import InvoiceRule
from ytxdata.audit.matching import JUDGE, YUAN, Matched, PairedLines, paired_lines, put_classes, put_matched, put_prices
from ytxdata.audit.rule_search import TRUSTED_DURATIONS, Search, search_amounts, search_durations
from ytxdata.errors import UsageError
from ytxdata.labels import Text, decimal_text, in_one
from ytxdata.metrics.facts import Scope
from ytxdata.records.schema import to_pandas
from ytxdata.tables.described import Definition
from ytxdata.tables.lists import Listed
from ytxdata.tables.table import Table
from ytxdata.times import ZONE_NAME, Instant, beijing_text

MATCHED, MISMATCHED, NOT_COMPARED, NO_RECORD, NO_LINE, TWICE, OUTSIDE = (
    "matched", "mismatched", "not_compared", "missing_record", "missing_line", "billed_twice", "outside_period"
)  # fmt: skip
STATES: dict[str, Text] = {
    MATCHED: Text("相符", "invoice and record agree"),
    MISMATCHED: Text("时长或金额不符", "duration or amount differ"),
    NOT_COMPARED: Text("无从核对，不等于相符", "nothing to compare it with, which is not agreement"),
    NO_RECORD: Text("账单有，记录没有，或不在该时刻", "on the invoice, not in the records, or not at that time"),
    NO_LINE: Text("记录有，账单没有", "in the records, not on the invoice"),
    TWICE: Text("同一会议又一次计费", "one more line for a meeting that is billed already"),
    OUTSIDE: Text("会议不在所选期间，未核对", "its meeting lies outside the period asked for; not compared"),
}

_AGREE = Text("账单 {of} {zh}中有 {n} {zh}与记录相符", "the bill and the records agree on {n} of {of} {en}")
_ON_NO_LINE = Text("记录中有 {n} 场会议不在账单上", "{n} meetings of the records are on no line")
_SAME = Text("双方均为 {bill} 元", "{bill} yuan on both sides")
_APART = Text(
    "账单合计 {bill} 元，记录合计 {records} 元，相差 {apart} 元",
    "the bill comes to {bill} yuan, the records to {records}: {apart} apart",
)
_PRICED = Text(
    "其中 {n} 行的记录没有金额，按推断的资费规则计算",
    "{n} lines are of records without an amount, which were priced by the rule that was found",
)

_DEFINITIONS = (
    Definition(key="line", zh="账单行号", en="line", formula=Text("账单文件中的行号，按接入列出的账单为该会议的第一行；记录没有对应行时为空", "line of the invoice, of a bill by connection the first about that meeting; null for a record without one")),
    Definition(key="meeting_id", zh="会议编号", en="meeting id", unit="id"),
    Definition(key="state", zh="结果", en="state", unit="text", formula=Text("；".join(f"{key} {text.zh}" for key, text in STATES.items()), "; ".join(f"{key}: {text.en}" for key, text in STATES.items()))),
    Definition(key="invoice_s", zh="账单时长", en="invoiced", unit="s"),
    Definition(key="record_s", zh="记录时长", en="recorded", unit="s", formula=Text("记录的时长；账单另有取整规则时按该规则取整", "duration of the record; rounded as the invoice rounds, where it does")),
    Definition(key="difference_s", zh="时长差", en="difference", unit="s", formula=Text("账单 − 记录", "invoice − record")),
    Definition(key="invoice_yuan", zh="账单金额", en="invoiced", unit="yuan"),
    Definition(key="record_yuan", zh="记录金额", en="recorded", unit="yuan", formula=Text("记录的金额；记录没有金额时按推断的资费计算", "amount of the record; by the inferred tariff where it has none")),
    Definition(key="difference_yuan", zh="金额差", en="difference", unit="yuan", formula=Text("账单 − 记录；缺一方时为另一方的全额", "invoice − record; the whole of it where one side is missing")),
    Definition(key="invoice_at", zh="账单时刻", en="invoiced", unit="instant", formula=Text("账单所写的时刻；只写日期时为零点", "when it was, by the invoice; midnight where it names a day")),
    Definition(key="record_at", zh="会议开始", en="recorded", unit="instant", formula=Text("会议的开始；账单所写时刻没有会议时，为同编号会议中最近一场的开始", "when the meeting began; where there is none at the time on the invoice, the nearest one of that id")),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Reconciliation(Table):
    """One row per invoice line, and per record that is missing on the invoice.

    Parameters
    ----------
    duration, amount
        The rules by which the invoice was made; None when none was found that can be trusted.
    candidates
        The three rules that come closest, of durations and of amounts.
    rules
        The rules, or that none was found, whether dates could be used and lines were added up, in words.
    known_records
        Those of the ids that stand in the records; in place of others an invoice may say whose fee a line is.
    added_up
        Of a bill by connection: the line that stands for a meeting → all lines that were added up to it.
    n_priced
        Lines whose records have no amount: where a rule of the amounts was found, it priced them.

    Examples
    --------
    >>> import pandas as pd
    >>> import ytxdata as ytx
    >>> bill = pd.DataFrame({"meeting_id": ["1"], "duration_s": [60], "amount_yuan": ["0.12"]})
    >>> ytx.audit.reconcile(ytx.sample("archive"), bill).counts["missing_record"]
    1
    """

    duration: InvoiceRule | None = None
    amount: InvoiceRule | None = None
    known_records: frozenset[str] = frozenset()
    candidates: tuple[InvoiceRule, ...] = ()
    rules: tuple[Text, ...] = ()
    added_up: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    n_priced: int = 0

    @property
    def agreement(self) -> Text:
        """How many lines agree, and what both sides come to: an exact bill is told so, too."""
        counts, rows = self.counts, self.arrow.select(["line", "invoice_yuan", "record_yuan"]).to_pylist()
        of = sum(row["line"] is not None for row in rows) - counts[OUTSIDE]
        what = Text("场会议", "meetings") if self.added_up else Text("行", "lines")
        told = [_AGREE.format(n=counts[MATCHED], of=of, **what._asdict())]
        told += [_ON_NO_LINE.format(n=counts[NO_LINE])] if counts[NO_LINE] else []
        if any(row["invoice_yuan"] is not None and row["record_yuan"] is not None for row in rows):
            bill, records = self.totals
            sums = {"bill": bill, "records": records, "apart": abs(bill - records)}
            form = _SAME if bill == records else _APART
            told.append(form.format(**{name: decimal_text(one) for name, one in sums.items()}))
            told += [_PRICED.format(n=self.n_priced)] if self.n_priced and self.amount else []
        return in_one(told)

    @property
    def counts(self) -> dict[str, int]:
        """State → number of rows, all states."""
        found = self.frame["state"].value_counts()
        return {state: int(found.get(state, 0)) for state in STATES}

    @property
    def totals(self) -> tuple[Decimal, Decimal]:
        """What the invoice asks for and what the records come to [yuan]; a line of which one side names no amount
        counts in neither, nor does one outside the period.
        """
        sums = [Decimal(0), Decimal(0)]
        for row in self.arrow.select(["state", "invoice_yuan", "record_yuan"]).to_pylist():
            if row["state"] == OUTSIDE:
                continue
            pair = (row["invoice_yuan"], row["record_yuan"])
            if None not in pair or row["state"] not in (MATCHED, MISMATCHED, NOT_COMPARED):
                sums = [total + (value or 0) for total, value in zip(sums, pair, strict=True)]
        return sums[0], sums[1]


@telling_room()
def reconcile(
    source: Auditable, invoice: Invoice | Listed, *, start: Instant | None = None, end: Instant | None = None,
    columns: Mapping[str, str] | None = None,
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
        The period it is for. Without one, records missing on the invoice are looked for between the first and the
        last meeting on it.
    columns
        Our name → what the column is called in the invoice.
    within_s, within_yuan
        Differences that are none [s, yuan].

    Returns
    -------
    Reconciliation
        `line meeting_id state invoice_s record_s difference_s invoice_yuan record_yuan difference_yuan
        invoice_at record_at`, by line; then missing records. `started_at` of a line tells which meeting it is about;
        without it, of an id that stands for several, those of the period whose durations fit best.

    Raises
    ------
    UsageError
        The source or the invoice cannot be read.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> archive = ytx.sample("archive")
    >>> import pandas as pd
    >>> lines = pd.DataFrame({"meeting_id": ["1"], "duration_s": [60], "amount_yuan": ["0.12"]})
    >>> found = ytx.audit.reconcile(archive, lines)
    >>> found.counts["missing_record"]
    1
    """
    scope = Scope.of(start, end)
    data = open_data(source, start=scope.start, end=scope.end, invoice=Invoice.read(invoice, columns))
    return replace(reconciled(data, within_s, within_yuan), secret=data.secret, ends=data.ends)


def reconciled(data: Data, within_s: float = 2, within_yuan: Decimal | float | str = "0.01") -> Reconciliation:
    """Return the reconciliation of the invoice that some data has."""
    if data.invoice is None:
        raise UsageError(Text("没有给账单", "no invoice was given"))
    matched, parts, amounts = _BESIDE.get(data) or _BESIDE.setdefault(data, _beside(data, data.invoice))
    durations = search_durations(parts[0].arrays, within_s)
    put_prices(data, parts, durations.rule, amounts.rule)
    values = {
        "within_s": within_s,
        "within_yuan": Decimal(str(within_yuan)),
        "has_period": data.period != (None, None),
        "durations": _are_comparable(durations, bool(matched.added_up)),
        "per_leg": bool(matched.added_up)
        or any(rule.tariff.per == "leg" for rule in (amounts.rule or durations.rule,) if rule is not None),
    }
    told = [
        row | {name: data.instant(row[name]) for name in ("invoice_at", "record_at")}
        for row in data.named(JUDGE, **values)
    ]
    rows = pa.Table.from_pylist(told, schema=_SCHEMA)
    found = Reconciliation(
        frame=to_pandas(rows), name="reconciliation", title=Text("账单核对", "Reconciliation"), definitions=_DEFINITIONS,
        notes=(*durations.notes, *amounts.notes, *matched.notes, *data.invoice.notes), certificate=data.certificate,
        duration=durations.rule, amount=amounts.rule, candidates=(*durations.best, *amounts.best),
        rules=(*durations.notes, *amounts.notes, *matched.notes), added_up=matched.added_up,
        n_priced=sum(1 for _ in data.rows("SELECT 1 FROM matched WHERE line IS NOT NULL AND m IS NOT NULL AND amount IS NULL")),
        known_records=frozenset(row["meeting_id"] for row in told) - matched.strange,
    )  # fmt: skip
    return replace(found, notes=(found.agreement, *found.notes, *_not_compared(found), *_outside(found)))


class _Beside(NamedTuple):
    """What does not hang on what counts as a difference: which lines are about which records, those of the bill and
    those on none, and by which rule the amounts were made.
    """

    matched: Matched
    parts: tuple[PairedLines, PairedLines]
    amounts: Search


_BESIDE: WeakKeyDictionary[Data, _Beside] = WeakKeyDictionary()
"""Once for each audit: how many findings there are at half and at twice of three thresholds searched for the rule of
the amounts seven times, which took five sixths of `Findings.sensitivity`.
"""


def _beside(data: Data, invoice: Invoice) -> _Beside:
    matched = put_matched(data, invoice.bills)
    put_classes(data)
    parts = paired_lines(data, billed=True), paired_lines(data, billed=False)
    return _Beside(matched, parts, search_amounts(parts[0].arrays))


def _are_comparable(durations: Search, is_added_up: bool) -> bool:
    """Return whether durations may be held against each other: by a rule that is trusted, or as they stand when no
    rounding does better.

    Where some rounding does better and none can be trusted, or the lines that differ share a property, to compare
    seconds with seconds would accuse good lines; and where most differ, what stands there is no length in seconds.
    """
    if durations.lacks is not None:
        return False
    if durations.rule is not None or is_added_up:  # the seconds of all parties are never those of their meeting
        return durations.rule is not None
    if not durations.best:
        return True
    best, tariff = durations.best[0], durations.best[0].tariff
    is_odd = best.lines >= TRUSTED_DURATIONS and 2 * best.explained < best.lines
    return not is_odd and (tariff.per, tariff.step_s, tariff.minimum_s) == ("meeting", 1, 0)


def _not_compared(found: Reconciliation) -> Iterator[Text]:
    if n := found.counts[NOT_COMPARED]:
        yield Text(
            f"{n} 行无从核对：账单和记录不是都有金额，也没有找到可信的资费规则。这不等于相符",
            f"{n} lines could not be compared: the bill and the records do not both carry amounts, and no rule was found that can be trusted. That is not agreement",
        )


def _outside(found: Reconciliation) -> Iterator[Text]:
    """Yield what the invoice asks for beyond the period: last month's meetings, charged once more, are on no other
    line.
    """
    yuan = [row["invoice_yuan"] or Decimal(0) for row in found.arrow.to_pylist() if row["state"] == OUTSIDE]
    if yuan:
        total = decimal_text(sum(yuan, Decimal(0)))
        yield Text(
            f"账单有 {len(yuan)} 行、{total} 元的会议不在所选期间，未核对",
            f"{len(yuan)} lines of the invoice, {total} yuan, are about meetings outside the period and were not compared",
        )


_SCHEMA = pa.schema([
    ("line", pa.int64()), ("meeting_id", pa.string()), ("state", pa.string()),
    ("invoice_s", pa.int64()), ("record_s", pa.int64()), ("difference_s", pa.int64()),
    ("invoice_yuan", YUAN), ("record_yuan", YUAN), ("difference_yuan", YUAN),
    ("invoice_at", pa.timestamp("us", tz=ZONE_NAME)), ("record_at", pa.timestamp("us", tz=ZONE_NAME)),
])  # fmt: skip


@check(
    "billing_mismatch",
    "账单不符",
    "billing mismatch",
    severity=Text("crit：牵涉金额", "crit: money is at stake"),
    origin=Text("对账惯例：2 秒、1 分钱、总额的 5%", "reconciliation practice: 2 s, 1 fen, 5 % of the total"),
    needs=("invoice",),
    thresholds=("within_s", "within_yuan", "total_pct"),
)
def billing_mismatch(
    data: Data, *, within_s: float = 2, within_yuan: float = 0.01, total_pct: float = 5
) -> Iterator[Finding]:
    """Lines that differ by more than `within_s` or `within_yuan`, are missing on either side, or are billed twice;
    and the total.
    """
    found = reconciled(data, within_s, within_yuan)
    rows = found.arrow.to_pylist()
    for row in rows:
        row["called"] = id_ if (id_ := row["meeting_id"]) in found.known_records and id_.isascii() else data.called(id_)
    data.notes.extend((found.agreement, *found.rules, *_outside(found)))
    alike: Counter[tuple[str, ...]] = Counter()
    for row in rows:
        if row["state"] not in (MATCHED, NOT_COMPARED, OUTSIDE):
            mark = (row["state"], *_said(row))
            alike[mark] += 1
            seconds = row["difference_s"]
            by_time = seconds is not None and abs(seconds) > within_s
            measured = seconds if by_time else row["difference_yuan"]
            yield Finding(
                record_ids=(row["meeting_id"],),
                severity="crit",
                measured=None if measured is None else float(measured),
                threshold=within_s if by_time else within_yuan,
                mark=(*mark, str(alike[mark])),
                text=_line_text(row, found.added_up),
            )
    elsewhere = {row["line"] for row in data.rows("SELECT line FROM matched WHERE is_elsewhere")}
    yield from _together(NOT_COMPARED, [row for row in rows if row["state"] == NOT_COMPARED], _NOT_COMPARED)
    yield from _together("elsewhere", [row for row in rows if row["line"] in elsewhere], _ELSEWHERE)
    invoiced, recorded = found.totals
    if recorded and abs(invoiced - recorded) * 100 > recorded * Decimal(str(total_pct)):
        share = (invoiced - recorded) * 100 / recorded
        yield Finding(
            record_ids=(),
            severity="crit",
            measured=round(float(share), 6),
            threshold=total_pct,
            mark=("total", decimal_text(recorded), *_facts(row for row in rows if row["state"] != OUTSIDE)),
            text=Text(
                f"账单合计 {decimal_text(invoiced)} 元，记录合计 {decimal_text(recorded)} 元，相差 {share:.2f} %",
                f"the invoice comes to {decimal_text(invoiced)} yuan, the records to {decimal_text(recorded)}: {share:.2f} % apart",
            ),
        )


def _together(name: str, rows: Sequence[dict[str, Any]], text: Text) -> Iterator[Finding]:
    """Yield lines that cannot be judged one by one as one finding: an invoice that cannot be checked is not a clean
    one.
    """
    yuan = sum((row["invoice_yuan"] or Decimal(0) for row in rows), Decimal(0))
    if rows:
        yield Finding(
            record_ids=tuple(sorted({row["meeting_id"] for row in rows})),
            severity="crit",
            measured=len(rows),
            threshold=0,
            mark=(name, *_facts(rows)),
            text=text.format(n=len(rows), yuan=decimal_text(yuan)),
        )


_NOT_COMPARED = Text(
    "账单有 {n} 行、{yuan} 元无从核对：账单和记录不是都有金额，也没有找到可信的资费规则；这不等于相符",
    "{n} lines of the invoice, {yuan} yuan, could not be compared: the bill and the records do not both carry amounts, and no rule that can be trusted was found; that is not agreement",
)
_ELSEWHERE = Text(
    "账单有 {n} 行、{yuan} 元的日期在所选期间，而会议在期间之外；账单的日期与会议不符，未按日期核对",
    "{n} lines of the invoice, {yuan} yuan, are dated within the period, and their meetings lie outside it: the dates on the invoice do not fit its meetings and were not used",
)


def _said(row: dict[str, Any]) -> tuple[str, ...]:
    """What tells lines apart: what they say and of which meeting, not where they stand."""
    at = row["invoice_at"] if row["record_at"] is None or row["state"] == NO_RECORD else row["record_at"]
    yuan = "" if row["invoice_yuan"] is None else decimal_text(row["invoice_yuan"])
    return (row["called"], str(row["invoice_s"]), yuan, beijing_text(at))


def _facts(rows: Iterable[dict[str, Any]]) -> list[str]:
    """What many lines say together: who accepted it of one bill has not accepted it of the next."""
    return sorted("\t".join(_said(row)) for row in rows)


def _line_text(row: dict[str, Any], added_up: Mapping[int, tuple[int, ...]]) -> Text:
    meeting = row["meeting_id"]
    lines = added_up.get(row["line"], (row["line"],))
    line = "、".join(map(str, lines))
    said_by = f"line{'s'[: len(lines) - 1]} {', '.join(map(str, lines))}"
    verb = "says" if len(lines) == 1 else "say together"
    said, known = beijing_text(row["invoice_at"]), beijing_text(row["record_at"])
    shown = {
        name: "—" if row[name] is None else decimal_text(Decimal(row[name]))
        for name in ("invoice_s", "record_s", "invoice_yuan", "record_yuan", "difference_yuan")
    }
    texts = {
        MISMATCHED: Text(
            f"账单第 {line} 行（会议 {meeting}）：{shown['invoice_s']} 秒、{shown['invoice_yuan']} 元，而记录为 {shown['record_s']} 秒、{shown['record_yuan']} 元，金额差 {shown['difference_yuan']} 元",
            f"{said_by} of the invoice (meeting {meeting}) {verb} {shown['invoice_s']} s, {shown['invoice_yuan']} yuan; the record says {shown['record_s']} s, {shown['record_yuan']} yuan: {shown['difference_yuan']} yuan apart",
        ),
        NO_RECORD: Text(
            f"账单第 {line} 行的会议 {meeting}（{shown['invoice_yuan']} 元）不在记录中",
            f"meeting {meeting} on {said_by} of the invoice ({shown['invoice_yuan']} yuan) is not in the records",
        )
        if row["record_at"] is None
        else Text(
            f"账单第 {line} 行（{shown['invoice_yuan']} 元）写会议 {meeting} 在 {said}，记录中该时刻没有此会议，它开始于 {known}",
            f"{said_by} of the invoice ({shown['invoice_yuan']} yuan) {'bills' if len(lines) == 1 else 'bill'} meeting {meeting} of {said}; the records have none at that time, and the one of that id began {known}",
        ),
        NO_LINE: Text(
            f"会议 {meeting}（{shown['record_s']} 秒、{shown['record_yuan']} 元）不在账单上",
            f"meeting {meeting} ({shown['record_s']} s, {shown['record_yuan']} yuan) is not on the invoice",
        ),
        TWICE: Text(
            f"账单第 {line} 行对会议 {meeting} 再次计费（{shown['invoice_yuan']} 元）",
            f"line {line} of the invoice bills meeting {meeting} once more ({shown['invoice_yuan']} yuan)",
        ),
    }
    return texts[row["state"]]
