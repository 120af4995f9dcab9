"""An invoice against the records: every line told, the money exact, the rounding rule found."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from tests.audit.office import ANNA, BORIS, Finder, Office
from ytxdata import audit
from ytxdata.audit.invoice_rule import BilledLine, billed, infer_amount, infer_duration


def invoice(*lines: tuple[str, int | None, str | None]) -> pd.DataFrame:
    return pd.DataFrame(lines, columns=["meeting_id", "duration_s", "amount_yuan"]).astype({"duration_s": "Int64"})


def plain(n: int = 6) -> tuple[Office, list[tuple[str, int | None, str | None]]]:
    """Meetings of 1800 s and 1.80 yuan, and an invoice that agrees."""
    office = Office()
    for i in range(n):
        office.meet(f"{i}", f"2026-03-03 {10 + i}:00", 1800, amount="1.80")
    return office, [(f"{i}", 1800, "1.80") for i in range(n)]


def states(office: Office, lines: list[tuple[str, int | None, str | None]], **options: Any) -> dict[str, int]:
    counts = audit.reconcile(office.frames, invoice(*lines), **options).counts
    return {state: n for state, n in counts.items() if n}


def test_an_invoice_that_agrees_gives_no_finding(find: Finder) -> None:
    office, lines = plain()
    assert states(office, lines) == {"matched": 6}
    assert find("billing_mismatch", office, invoice=invoice(*lines)) == []


@pytest.mark.parametrize(
    ("line", "state"),
    [
        (("0", 1803, "1.80"), "mismatched"),
        (("0", 1802, "1.80"), "matched"),
        (("0", 1797, "1.80"), "mismatched"),
        (("0", 1800, "1.811"), "mismatched"),
        (("0", 1800, "1.81"), "matched"),
        (("0", None, "1.80"), "matched"),
        (("0", 1800, None), "matched"),
    ],
)
def test_the_tolerances(find: Finder, line: tuple[str, int | None, str | None], state: str) -> None:
    office, lines = plain()
    assert states(office, [line, *lines[1:]]).get(state, 0) == (6 if state == "matched" else 1)
    assert len(find("billing_mismatch", office, invoice=invoice(line, *lines[1:]))) == (state == "mismatched")


def test_lines_and_records_that_miss_each_other() -> None:
    office, lines = plain()
    found = audit.reconcile(office.frames, invoice(*lines[:2], *lines[3:], ("phantom", 60, "0.5"), lines[0]))
    assert found.counts == {"matched": 5, "mismatched": 0, "missing_record": 1, "missing_line": 1, "billed_twice": 1}
    rows = {row["state"]: row for row in found.arrow.to_pylist() if row["state"] != "matched"}
    assert rows["missing_line"]["meeting_id"] == "2"
    assert rows["missing_line"]["difference_yuan"] == Decimal("-1.8")
    assert rows["missing_record"]["difference_yuan"] == Decimal("0.5")
    assert rows["billed_twice"]["line"] == 7


def test_the_money_is_exact() -> None:
    office, lines = plain()
    lines[0] = ("0", 1800, "1.80000000000000001")
    found = audit.reconcile(office.frames, invoice(*lines), within_yuan=0)
    assert found.totals == (Decimal("10.80000000000000001"), Decimal("10.8"))
    assert found.arrow.to_pylist()[0]["difference_yuan"] == Decimal("0.00000000000000001")


def test_without_a_period_only_the_time_of_the_invoice_is_looked_at() -> None:
    office, lines = plain()
    assert states(office, lines[1:5]) == {"matched": 4}
    assert states(office, lines[1:5], start="2026-03-03", end="2026-03-04") == {"matched": 4, "missing_line": 2}
    assert states(office, lines, start="2026-03-03 12:00", end="2026-03-04") == {"matched": 4}


def test_two_meetings_of_one_id_match_two_lines() -> None:
    office, lines = plain()
    office.meet("0", "2026-03-03 20:00", 600, creator=BORIS, amount="0.60")
    assert states(office, [*lines, ("0", 600, "0.60")]) == {"matched": 7}


def test_a_running_meeting_need_not_be_billed() -> None:
    office, lines = plain()
    office.meet("running", "2026-03-03 12:30", None)
    office.meet("free", "2026-03-03 12:40", 60, amount="0")
    assert states(office, lines) == {"matched": 6}


def test_a_total_that_is_too_far_off(find: Finder) -> None:
    office, lines = plain()
    within = [(key, seconds, "1.81") for key, seconds, _ in lines]
    assert find("billing_mismatch", office, invoice=invoice(*within), total_pct=0.5)[0]["measured"] == pytest.approx(
        100 / 180
    )
    assert find("billing_mismatch", office, invoice=invoice(*within), total_pct=0.6) == []


def test_findings_name_meetings_and_do_not_depend_on_the_order_of_lines(find: Finder) -> None:
    office, lines = plain()
    wrong = [("0", 1900, "1.80"), *lines[1:], ("phantom", 60, "0.5")]
    one, other = (find("billing_mismatch", office, invoice=invoice(*given)) for given in (wrong, wrong[::-1]))
    assert sorted(row["finding_id"] for row in one) == sorted(row["finding_id"] for row in other)
    assert {row["record_ids"][0] for row in one} == {"0", "phantom"}


def test_an_invoice_in_whole_minutes_is_recognised(find: Finder) -> None:
    office = Office()
    lines: list[tuple[str, int | None, str | None]] = []
    for i, lasts in enumerate((61, 95, 130, 600, 3599, 7)):
        office.meet(f"{i}", f"2026-03-03 {10 + i}:00", lasts)
        lines.append((f"{i}", billed(lasts, 60, 0), None))
    found = audit.reconcile(office.frames, invoice(*lines))
    assert found.duration is not None
    assert (
        found.duration.tariff.per,
        found.duration.tariff.step_s,
        found.duration.explained,
        found.duration.lines,
    ) == ("meeting", 60, 6, 6)
    assert found.counts["matched"] == 6
    lines[0] = ("0", 180, None)
    assert len(find("billing_mismatch", office, invoice=invoice(*lines))) == 1


def test_records_without_amounts_are_priced_by_the_tariff_that_explains_the_invoice() -> None:
    office = Office()
    lines: list[tuple[str, int | None, str | None]] = []
    for i, lasts in enumerate((61, 95, 130, 600, 3599, 7, 300, 45)):
        office.meet(f"{i}", f"2026-03-03 {10 + i}:00", lasts, legs=[(ANNA, 0, lasts), ("01065520000", 0, lasts)])
        minutes = billed(lasts, 60, 0) // 60
        lines.append((f"{i}", None, str(minutes * Decimal("0.06") + minutes * Decimal("0.045"))))
    lines[3] = ("3", None, "9.99")
    found = audit.reconcile(office.frames, invoice(*lines))
    assert found.amount is not None
    assert (found.amount.tariff.step_s, found.amount.explained, found.amount.lines) == (60, 7, 8)
    (wrong,) = [row for row in found.arrow.to_pylist() if row["state"] != "matched"]
    assert (wrong["meeting_id"], wrong["record_yuan"]) == ("3", Decimal("1.05"))


LEGS = [
    ((("mobile", 61), ("fixed", 200)), 261),
    ((("mobile", 30),), 30),
    ((("fixed", 119), ("fixed", 5)), 124),
    ((("mobile", 600), ("mobile", 599)), 700),
]


@pytest.mark.parametrize(
    ("per", "step", "minimum"),
    [("leg", 60, 0), ("leg", 6, 60), ("leg", 30, 0), ("meeting", 60, 0), ("meeting", 1, 180), ("leg", 1, 0)],
)
def test_the_rule_behind_durations_is_found(per: str, step: int, minimum: int) -> None:
    lines = []
    for legs, seconds in LEGS * 3:
        of = [length for _, length in legs] if per == "leg" else [seconds]
        lines.append(BilledLine(seconds, legs, sum(billed(one, step, minimum) for one in of), None))
    rule = infer_duration(lines, 0)
    assert rule is not None
    assert (rule.tariff.per, rule.tariff.step_s, rule.tariff.minimum_s, rule.explained, rule.lines) == (
        per,
        step,
        minimum,
        12,
        12,
    )


@pytest.mark.parametrize("places", [2, 3])
def test_the_prices_behind_amounts_are_found_also_when_the_invoice_rounds(places: int) -> None:
    prices = {"mobile": Decimal("0.126"), "fixed": Decimal("0.045")}
    lines = []
    for turn in range(40):
        legs = (
            (("mobile", 70 + 313 * turn), ("fixed", 500 + 97 * turn))[: 1 + turn % 2]
            if turn % 3
            else (("fixed", 61 * turn + 5),)
        )
        amount = sum((billed(seconds, 60, 0) // 60 * prices[kind] for kind, seconds in legs), Decimal(0))
        lines.append(BilledLine(None, legs, None, round(amount, places)))
    rule = infer_amount(lines)
    assert rule is not None
    assert dict(rule.tariff.prices) == prices
    assert (rule.tariff.per, rule.tariff.step_s, rule.share) == ("leg", 60, 1.0)


def test_an_invoice_without_amounts_has_no_rule_for_them() -> None:
    assert infer_amount([BilledLine(60, (), 60, None)]) is None
    assert infer_duration([BilledLine(60, (), None, Decimal(1))], 2) is None
