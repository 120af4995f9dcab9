"""Invoice lines that the records do not bear out."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from ytxdata.audit.checking import Finding, check
from ytxdata.audit.data import Data
from ytxdata.audit.reconcile import (
    MATCHED,
    MISMATCHED,
    NO_LINE,
    NO_RECORD,
    NOT_COMPARED,
    TWICE,
    Reconciliation,
    reconciled,
)
from ytxdata.labels import Text
from ytxdata.tables.plain import decimal_text


@check(
    "billing_mismatch",
    "账单不符",
    "billing mismatch",
    severity=Text("crit：牵涉金额", "crit: money is at stake"),
    origin="reconciliation practice: 2 s, 1 fen, 5 % of the total",
    needs=("invoice",),
    thresholds=("within_s", "within_yuan", "total_pct"),
)
def billing_mismatch(
    data: Data, *, within_s: float = 2, within_yuan: float = 0.01, total_pct: float = 5
) -> Iterator[Finding]:
    """Lines that differ by more than `within_s` or `within_yuan`, are missing on either side, or are billed twice; and the total."""
    found = reconciled(data, within_s, within_yuan)
    data.notes.extend(found.rules)
    for row in found.arrow.to_pylist():
        if row["state"] not in (MATCHED, NOT_COMPARED):
            seconds, yuan = row["difference_s"], row["difference_yuan"]
            by_time = seconds is not None and abs(seconds) > within_s
            yield Finding(
                record_ids=(row["meeting_id"],),
                severity="crit",
                measured=_number(seconds if by_time else yuan),
                threshold=within_s if by_time else within_yuan,
                mark=(row["meeting_id"], row["state"], *_which(row)),
                text=_text(row),
            )
    yield from _not_compared(found)
    invoiced, recorded = found.totals
    if recorded and abs(invoiced - recorded) * 100 > recorded * Decimal(str(total_pct)):
        share = (invoiced - recorded) * 100 / recorded
        yield Finding(
            record_ids=(),
            severity="crit",
            measured=round(float(share), 6),
            threshold=total_pct,
            mark=("total",),
            text=Text(
                f"账单合计 {decimal_text(invoiced)} 元，记录合计 {decimal_text(recorded)} 元，相差 {share:.2f} %",
                f"the invoice comes to {decimal_text(invoiced)} yuan, the records to {decimal_text(recorded)}: {share:.2f} % apart",
            ),
        )


def _not_compared(found: Reconciliation) -> Iterator[Finding]:
    """All lines that nothing could be held against, as one finding: an invoice that cannot be checked is not a clean one."""
    rows = [row for row in found.arrow.to_pylist() if row["state"] == NOT_COMPARED]
    yuan = sum((row["invoice_yuan"] or Decimal(0) for row in rows), Decimal(0))
    if rows:
        yield Finding(
            record_ids=tuple(sorted({row["meeting_id"] for row in rows})),
            severity="crit",
            measured=len(rows),
            threshold=0,
            mark=(NOT_COMPARED,),
            text=Text(
                f"账单有 {len(rows)} 行、{decimal_text(yuan)} 元无从核对：记录没有金额，也没有找到可信的资费规则；这不等于相符",
                f"{len(rows)} lines of the invoice, {decimal_text(yuan)} yuan, could not be compared: the records carry no amounts and no rule that can be trusted was found; that is not agreement",
            ),
        )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _which(row: dict[str, Any]) -> tuple[str, ...]:
    """What tells lines about one meeting apart: what they say, not where they stand."""
    return (str(row["invoice_s"]), "" if row["invoice_yuan"] is None else decimal_text(row["invoice_yuan"]))


def _text(row: dict[str, Any]) -> Text:
    meeting, line = row["meeting_id"], row["line"]
    yuan = {
        name: "—" if row[name] is None else decimal_text(row[name])
        for name in ("invoice_yuan", "record_yuan", "difference_yuan")
    }
    texts = {
        MISMATCHED: Text(
            f"账单第 {line} 行（会议 {meeting}）：{row['invoice_s']} 秒、{yuan['invoice_yuan']} 元，而记录为 {row['record_s']} 秒、{yuan['record_yuan']} 元，金额差 {yuan['difference_yuan']} 元",
            f"line {line} of the invoice (meeting {meeting}) says {row['invoice_s']} s, {yuan['invoice_yuan']} yuan; the record says {row['record_s']} s, {yuan['record_yuan']} yuan: {yuan['difference_yuan']} yuan apart",
        ),
        NO_RECORD: Text(
            f"账单第 {line} 行的会议 {meeting}（{yuan['invoice_yuan']} 元）不在记录中",
            f"meeting {meeting} on line {line} of the invoice ({yuan['invoice_yuan']} yuan) is not in the records",
        ),
        NO_LINE: Text(
            f"会议 {meeting}（{row['record_s']} 秒、{yuan['record_yuan']} 元）不在账单上",
            f"meeting {meeting} ({row['record_s']} s, {yuan['record_yuan']} yuan) is not on the invoice",
        ),
        TWICE: Text(
            f"账单第 {line} 行对会议 {meeting} 再次计费（{yuan['invoice_yuan']} 元）",
            f"line {line} of the invoice bills meeting {meeting} once more ({yuan['invoice_yuan']} yuan)",
        ),
    }
    return texts[row["state"]]
