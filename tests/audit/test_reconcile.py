"""An invoice against the records: every line told, the money exact, the rounding rule found."""

from __future__ import annotations

import random
from decimal import ROUND_HALF_UP, Decimal
from itertools import permutations
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.audit.bills import dated, invoice
from tests.audit.office import ANNA, BORIS, Finder, Office
from ytxdata import audit, sample
from ytxdata.audit.pairing import InvoiceLine, Record, paired
from ytxdata.metrics.tariff import stepped
from ytxdata.tables.masking import Pseudonyms


def plain(n: int = 6) -> tuple[Office, list[tuple[str, int | None, str | None]]]:
    """Meetings of 1800 s and 1.80 yuan, and an invoice that agrees."""
    office = Office()
    for i in range(n):
        office.meet(f"{i}", f"2026-03-03 {10 + i}:00", 1800, amount="1.80")
    return office, [(f"{i}", 1800, "1.80") for i in range(n)]


def states(office: Office, lines: list[tuple[str, int | None, str | None]], **options: Any) -> dict[str, int]:
    counts = audit.reconcile(office.frames, invoice(*lines), **options).counts
    return {state: n for state, n in counts.items() if n}


@pytest.mark.slow
def test_an_invoice_that_agrees_gives_no_finding(find: Finder) -> None:
    office, lines = plain()
    assert states(office, lines) == {"matched": 6}
    assert find("billing_mismatch", office, invoice=invoice(*lines)) == []


def told(office: Office, lines: list[tuple[str, int | None, str | None]]) -> str:
    """The first that is said of a bill."""
    (first,) = {
        audit.reconcile(office.frames, invoice(*lines)).notes[0],
        audit.run(office.frames, invoice=invoice(*lines), checks=["billing_mismatch"]).notes[1],
    }
    return first.en


@pytest.mark.slow
def test_a_bill_is_told_how_many_lines_agree_and_how_far_the_sums_are_apart() -> None:
    """Of an exact bill nothing said so: only which lines were not used, and which rule explains all lines but one."""
    office, lines = plain()
    assert told(office, lines) == "the bill and the records agree on 6 of 6 lines; 10.8 yuan on both sides"
    off = [*lines[:5], ("5", 1800, "2.00")]
    assert told(office, off) == (
        "the bill and the records agree on 5 of 6 lines; the bill comes to 11 yuan, the records to 10.8: 0.2 apart"
    )
    assert told(office, [*lines[:2], *lines[3:]]) == (
        "the bill and the records agree on 5 of 5 lines; 1 meetings of the records are on no line; "
        "the bill comes to 9 yuan, the records to 10.8: 1.8 apart"
    )
    assert told(office, [(one, seconds, None) for one, seconds, _ in lines]) == (
        "the bill and the records agree on 6 of 6 lines"
    )
    bare = Office()
    for n in range(40):
        bare.meet(f"{n}", f"2026-03-{1 + n // 10:02} {8 + n % 10:02}:00", 1800, legs=[(ANNA, 0, 1800)])
    priced: list[tuple[str, int | None, str | None]] = [(f"{n}", 1800, "1.80") for n in range(40)]
    assert told(bare, priced) == (
        "the bill and the records agree on 40 of 40 lines; 72 yuan on both sides; "
        "40 lines are of records without an amount, which were priced by the rule that was found"
    )


@pytest.mark.slow
@pytest.mark.parametrize("unit_s", [6, 86400])
def test_durations_that_are_no_seconds_accuse_no_line(find: Finder, unit_s: int) -> None:
    """Pulses of 6 s, or the seconds that stand beside hours and minutes: every line of an honest bill was false."""
    office = Office()
    lengths = [1807 + 61 * n for n in range(8)]
    for n, seconds in enumerate(lengths):
        office.meet(f"{n}", f"2026-03-03 {10 + n}:00", seconds, amount="1.80")
    lines: list[tuple[str, int | None, str | None]] = [
        (f"{n}", -(-seconds // unit_s) if unit_s == 6 else seconds % 60, "1.80") for n, seconds in enumerate(lengths)
    ]
    assert states(office, lines) == {"matched": 8}
    assert find("billing_mismatch", office, invoice=invoice(*lines)) == []
    assert states(office, [*lines[1:], ("0", 301, "9.80")]) == {"matched": 7, "mismatched": 1}


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_bill_without_lengths_shows_a_dash_for_them(find: Finder) -> None:
    office, lines = plain()
    (found,) = find("billing_mismatch", office, invoice=invoice(*[(one, None, "9.00" if one == "3" else yuan) for one, _, yuan in lines]), total_pct=999)  # fmt: skip
    assert "— s, 9 yuan; the record says 1800 s" in found["en"]
    assert "— 秒、9 元，而记录为 1800 秒" in found["zh"]


@pytest.mark.slow
@pytest.mark.parametrize("column", ["时长（分钟）", "通话时长(分)", "会议时长（min）"])
def test_lengths_are_compared_also_where_their_column_is_called_with_minutes(
    find: Finder, tmp_path: Path, column: str
) -> None:
    office, lines = plain(12)
    for wrong in (30, 60):
        rows = "".join(f"{one},{wrong if one == '4' else 30},{yuan}\n" for one, _, yuan in lines)
        (bill := tmp_path / "bill.csv").write_text(
            f"会议号,{column},金额\n{rows}合计,{330 + wrong},21.60\n", encoding="utf-8"
        )
        assert not any("was compared" in note.en for note in audit.Invoice.read(bill).notes)
        found = find("billing_mismatch", office, invoice=bill)
        assert [row["record_ids"] for row in found] == ([["4"]] if wrong > 30 else [])


@pytest.mark.slow
def test_a_length_that_is_said_in_seconds_and_in_minutes_is_no_clash(tmp_path: Path) -> None:
    (bill := tmp_path / "bill.csv").write_text(
        "会议号,时长（分钟）,计费时长（秒）,金额\n8001,31,1800,1.80\n", encoding="utf-8"
    )
    read = audit.Invoice.read(bill)
    assert ([one.duration_s for one in read.bills], read.skipped) == ([1800], ())


@pytest.mark.slow
def test_lines_and_records_that_miss_each_other() -> None:
    office, lines = plain()
    found = audit.reconcile(office.frames, invoice(*lines[:2], *lines[3:], ("phantom", 60, "0.5"), lines[0]))
    counted = {state: n for state, n in found.counts.items() if n}
    assert counted == {"matched": 5, "missing_record": 1, "missing_line": 1, "billed_twice": 1}
    rows = {row["state"]: row for row in found.arrow.to_pylist() if row["state"] != "matched"}
    assert rows["missing_line"]["meeting_id"] == "2"
    assert rows["missing_line"]["difference_yuan"] == Decimal("-1.8")
    assert rows["missing_record"]["difference_yuan"] == Decimal("0.5")
    assert rows["billed_twice"]["line"] == 7


@pytest.mark.slow
def test_the_money_is_exact() -> None:
    office, lines = plain()
    lines[0] = ("0", 1800, "1.80000000000000001")
    found = audit.reconcile(office.frames, invoice(*lines), within_yuan=0)
    assert found.totals == (Decimal("10.80000000000000001"), Decimal("10.8"))
    assert found.arrow.to_pylist()[0]["difference_yuan"] == Decimal("0.00000000000000001")


@pytest.mark.slow
def test_without_a_period_only_the_time_of_the_invoice_is_looked_at() -> None:
    office, lines = plain()
    assert states(office, lines[1:5]) == {"matched": 4}
    assert states(office, lines[1:5], start="2026-03-03", end="2026-03-04") == {"matched": 4, "missing_line": 2}
    assert states(office, lines, start="2026-03-03 12:00", end="2026-03-04") == {"matched": 4, "outside_period": 2}


@pytest.mark.slow
def test_two_meetings_of_one_id_match_two_lines() -> None:
    office, lines = plain()
    office.meet("0", "2026-03-03 20:00", 600, creator=BORIS, amount="0.60")
    assert states(office, [*lines, ("0", 600, "0.60")]) == {"matched": 7}


@pytest.mark.slow
def test_a_running_meeting_need_not_be_billed() -> None:
    office, lines = plain()
    office.meet("running", "2026-03-03 12:30", None)
    office.meet("free", "2026-03-03 12:40", 60, amount="0")
    assert states(office, lines) == {"matched": 6}


ALL_LEFT, ONE_STAYS = [(ANNA, 0.0, 600.0), (BORIS, 0.0, 590.0)], [(ANNA, 0.0, 600.0), (BORIS, 0.0, None)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("told", "is_missed"),
    [
        ({"legs": ALL_LEFT, "duration": 600, "amount": "1.20"}, True),
        ({"legs": ALL_LEFT, "amount": "1.20"}, True),
        ({"legs": [], "duration": 600, "amount": "1.20"}, True),
        ({"legs": ONE_STAYS, "amount": "1.20"}, True),
        ({"legs": ALL_LEFT, "duration": 600}, True),
        ({"legs": ALL_LEFT, "duration": 600, "amount": "0"}, False),
        ({"legs": ONE_STAYS}, False),
        ({"legs": []}, False),
        ({"legs": ALL_LEFT, "duration": 600, "amount": "1.20", "start": "2026-03-03 18:00"}, False),
    ],
)
def test_a_chargeable_record_without_an_end_is_missed_once_it_must_be_over(
    find: Finder, told: dict[str, Any], is_missed: bool
) -> None:
    """What platforms tell that have no field for an end; the last one may still run when the records were asked for."""
    office, lines = plain()
    office.meet("endless", lasts=None, **({"start": "2026-03-03 12:30"} | told))
    asked: dict[str, Any] = {"start": "2026-03-03", "end": "2026-03-05", "as_of": "2026-03-04 17:00"}
    found = find("billing_mismatch", office, invoice=invoice(*lines), **asked)
    assert [one["record_ids"] for one in found if one["record_ids"]] == [["endless"]] * is_missed
    assert not any("None" in one["en"] for one in found)


@pytest.mark.slow
def test_of_legs_that_all_left_a_record_without_an_end_is_priced_by_the_rule_of_the_bill() -> None:
    office, lines = Office(), []
    for n in range(40):
        legs = [(who, 0.0, 200.0 + 61 * n + 30 * place) for place, who in enumerate((ANNA, BORIS)[: 1 + n % 2])]
        office.meet(f"{n}", f"2026-02-{1 + n % 28:02d} {10 + n // 28}:00", 3600, legs=legs)
        amount = sum(stepped(int(left), 60) for *_, left in legs) * Decimal("0.12") / 60
        lines.append((f"{n}", None, str(amount)))
    office.meet("all left", "2026-02-10 15:00", None, legs=ALL_LEFT)
    office.meet("one stays", "2026-02-11 15:00", None, legs=ONE_STAYS)
    found = audit.reconcile(office.frames, invoice(*lines))
    missing = [row for row in found.arrow.to_pylist() if row["state"] != "matched"]
    assert [(row["meeting_id"], row["state"], row["record_yuan"]) for row in missing] == [
        ("all left", "missing_line", Decimal("2.4"))
    ]


@pytest.mark.slow
def test_a_total_that_is_too_far_off(find: Finder) -> None:
    office, lines = plain()
    within = [(key, seconds, "1.81") for key, seconds, _ in lines]
    assert find("billing_mismatch", office, invoice=invoice(*within), total_pct=0.5)[0]["measured"] == pytest.approx(
        100 / 180
    )
    assert find("billing_mismatch", office, invoice=invoice(*within), total_pct=0.6) == []


@pytest.mark.slow
def test_findings_name_meetings_and_do_not_depend_on_the_order_of_lines(find: Finder) -> None:
    office, lines = plain()
    wrong = [("0", 1900, "1.80"), *lines[1:], ("phantom", 60, "0.5")]
    one, other = (find("billing_mismatch", office, invoice=invoice(*given)) for given in (wrong, wrong[::-1]))
    assert sorted(row["finding_id"] for row in one) == sorted(row["finding_id"] for row in other)
    assert {row["record_ids"][0] for row in one} == {"0", "phantom"}


def ids(find: Finder, office: Office, bill: pd.DataFrame, of: str) -> list[str]:
    """Return the ids of findings whose sentence has these words, all of them different."""
    rows = [row for row in find("billing_mismatch", office, invoice=bill) if of in row["en"]]
    found = [row["finding_id"] for row in rows]
    assert len(set(found)) == len(found)
    return found


@pytest.mark.slow
def test_who_accepts_the_total_of_one_bill_has_not_accepted_that_of_the_next(find: Finder) -> None:
    office, lines = plain()
    dear = [(key, seconds, "2.10") for key, seconds, _ in lines]
    (one,) = ids(find, office, invoice(*dear), "comes to")
    assert ids(find, office, invoice(*dear[::-1]), "comes to") == [one]
    assert ids(find, office, invoice(*dear[:5], ("5", 1800, "9999.00")), "comes to") != [one]
    assert ids(find, office, invoice(*dear[:5], ("x", 1800, "2.10")), "comes to") != [one]


@pytest.mark.slow
def test_who_accepts_lines_that_were_not_compared_has_not_accepted_others(find: Finder) -> None:
    office = Office()
    for n in range(8):
        office.meet(f"{n}", f"2026-03-03 {10 + n}:00", 600)
    few = [(f"{n}", 600, "1.20") for n in range(4)]
    (one,) = ids(find, office, invoice(*few), "could not be compared")
    assert ids(find, office, invoice(*few[::-1]), "could not be compared") == [one]
    for others in ([(key, 600, "99.00") for key, *_ in few], [(f"{n}", 600, "1.20") for n in range(4, 8)]):
        assert ids(find, office, invoice(*others), "could not be compared") != [one]


@pytest.mark.slow
def test_the_third_line_of_a_meeting_is_another_finding_than_the_second(find: Finder) -> None:
    office, lines = plain()
    twice = ids(find, office, invoice(*lines, lines[0]), "once more")
    often = ids(find, office, invoice(*lines, *[lines[0]] * 3), "once more")
    assert len(often) == 3
    assert set(twice) < set(often)


@pytest.mark.slow
def test_what_was_accepted_of_a_room_is_not_accepted_of_its_next_meeting(find: Finder) -> None:
    office = Office()
    for start in ("2026-02-02 14:00", "2026-03-02 14:00"):
        office.meet("88001", start, 600, amount="1.20")
    found = [
        ids(find, office, dated(("88001", f"{day} 14:00"), yuan="9.99"), of)
        for day, of in (
            ("2026-02-02", "apart"),
            ("2026-03-02", "apart"),
            ("2026-02-16", "at that time"),
            ("2026-03-16", "at that time"),
        )
    ]
    assert len({one for some in found for one in some}) == len([one for some in found for one in some])


@pytest.mark.slow
def test_an_invoice_in_whole_minutes_is_recognised(find: Finder) -> None:
    office = Office()
    lines: list[tuple[str, int | None, str | None]] = []
    for i, lasts in enumerate((61, 95, 130, 600, 3599, 7)):
        office.meet(f"{i}", f"2026-03-03 {10 + i}:00", lasts)
        lines.append((f"{i}", stepped(lasts, 60), None))
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


def priced_office(n: int = 40) -> tuple[Office, list[tuple[str, int | None, str | None]]]:
    """Meetings of two legs, whole minutes of two prices; the records carry no amounts."""
    office = Office()
    lines: list[tuple[str, int | None, str | None]] = []
    for i in range(n):
        lasts = 7 + 97 * i
        office.meet(
            f"{i}",
            f"2026-02-{1 + i % 28:02d} {10 + i // 28}:00",
            lasts,
            legs=[(ANNA, 0, lasts), ("01065520000", 0, lasts)],
        )
        minutes = stepped(lasts, 60) // 60
        lines.append((f"{i}", None, str(minutes * Decimal("0.06") + minutes * Decimal("0.045"))))
    return office, lines


@pytest.mark.slow
def test_an_invoice_counted_in_minutes_is_held_against_the_records_as_one_in_seconds_is() -> None:
    """A witness took 时长 for the minutes that they were, and an audit of the same file called every line wrong."""
    office, lines = plain()
    told = invoice(*((key, 30 if key != "4" else 45, yuan) for key, _, yuan in lines))
    found = audit.reconcile(office.frames, told)
    assert (found.counts["matched"], found.counts["mismatched"]) == (5, 1)
    assert any("counts its durations in minutes" in note.en for note in found.notes)
    few = invoice(*((key, 30 if key == "4" else seconds, yuan) for key, seconds, yuan in lines))
    assert audit.reconcile(office.frames, few).counts["mismatched"] == 1


def test_of_a_bill_of_ids_alone_it_is_not_said_that_the_records_carry_no_amounts() -> None:
    office, lines = plain()
    found = audit.reconcile(office.frames, pd.DataFrame({"meeting_id": [key for key, *_ in lines]}))
    assert found.counts["not_compared"] == len(lines)
    assert any("the bill and the records do not both carry amounts" in note.en for note in found.notes)


def test_what_an_invoice_does_not_say_is_said_not_to_be_compared() -> None:
    office, lines = plain()
    bill = pd.DataFrame({"meeting_id": [key for key, *_ in lines], "时长（秒）": 1800, "单价（元）": "0.06"})
    assert any("no column of amounts by a usual name" in note.en for note in audit.reconcile(office.frames, bill).notes)


@pytest.mark.slow
def test_records_without_amounts_are_priced_by_the_tariff_that_explains_the_invoice() -> None:
    office, lines = priced_office()
    lines[3] = ("3", None, "9.99")
    found = audit.reconcile(office.frames, invoice(*lines))
    assert found.amount is not None
    assert (found.amount.tariff.step_s, found.amount.explained, found.amount.lines) == (60, 39, 40)
    (wrong,) = [row for row in found.arrow.to_pylist() if row["state"] != "matched"]
    assert (wrong["meeting_id"], wrong["record_yuan"]) == ("3", Decimal("0.525"))


@pytest.mark.slow
def test_fewer_than_thirty_lines_are_no_ground_for_a_tariff(find: Finder) -> None:
    office, lines = priced_office(29)
    found = audit.reconcile(office.frames, invoice(*lines))
    assert found.amount is None
    assert found.counts["not_compared"] == 29
    assert found.counts["matched"] == 0
    assert audit.reconcile(*_of(priced_office(30))).counts["matched"] == 30
    (told,) = find("billing_mismatch", office, invoice=invoice(*lines))
    assert (told["measured"], told["severity"]) == (29, "crit")
    assert "could not be compared" in told["en"]


def _of(both: tuple[Office, list[tuple[str, int | None, str | None]]]) -> tuple[Any, pd.DataFrame]:
    return both[0].frames, invoice(*both[1])


@pytest.mark.slow
@pytest.mark.parametrize("with_durations", [False, True])
def test_amounts_that_nothing_can_be_held_against_never_read_as_agreement(find: Finder, with_durations: bool) -> None:
    draw = random.Random(5)
    office, lines = priced_office()
    priced = [
        (key, 7 + 97 * int(key) if with_durations else None, f"{draw.randint(1, 9999) / 100}") for key, _, _ in lines
    ]
    priced[7] = (priced[7][0], priced[7][1], "98765.43")
    found = audit.reconcile(office.frames, invoice(*priced))
    assert found.amount is None
    assert found.counts["not_compared"] == 40
    assert found.counts["matched"] == 0
    assert any("no rule found" in note.en for note in found.notes)
    assert any("40 lines could not be compared" in note.en for note in found.notes)
    assert len([rule for rule in found.candidates if rule.of == "amount"]) == 3
    assert find("billing_mismatch", office, invoice=invoice(*priced))[0]["measured"] == 40


def test_durations_that_follow_no_rule_that_can_be_trusted_accuse_nobody() -> None:
    """Whole minutes on six lines, one of them wrong: seconds against seconds would accuse all six."""
    office = Office()
    lines: list[tuple[str, int | None, str | None]] = []
    for i, lasts in enumerate((61, 95, 130, 602, 3590, 7)):
        office.meet(f"{i}", f"2026-03-03 {10 + i}:00", lasts)
        lines.append((f"{i}", stepped(lasts, 60), None))
    lines[0] = ("0", 180, None)
    found = audit.reconcile(office.frames, invoice(*lines))
    assert found.duration is None
    assert found.counts["mismatched"] == 0
    assert found.counts["not_compared"] == 6


@pytest.mark.slow
@pytest.mark.parametrize(
    ("per", "step", "minimum"),
    [("leg", 60, 0), ("leg", 6, 60), ("leg", 30, 0), ("meeting", 60, 0), ("meeting", 1, 180), ("leg", 1, 0)],
)
def test_the_rule_behind_durations_is_found(per: str, step: int, minimum: int) -> None:
    office = Office()
    lines: list[tuple[str, int | None, str | None]] = []
    for i in range(40):
        first, second = 7 + 31 * i, 5 + (i * i) % 97
        length = max(first, second)
        office.meet(
            f"{i}", f"2026-02-{1 + i % 28:02d} {10 + i // 28}:00", length, legs=[(ANNA, 0, first), (BORIS, 0, second)]
        )
        lengths = [first, second] if per == "leg" else [length]
        lines.append((f"{i}", sum(max(stepped(one, step), minimum) for one in lengths), None))
    lines[5] = ("5", 9999, None)
    found = audit.reconcile(office.frames, invoice(*lines))
    assert found.duration is not None
    tariff = found.duration.tariff
    assert (tariff.per, tariff.step_s, tariff.minimum_s) == (per, step, minimum)
    assert (found.duration.explained, found.duration.lines) == (39, 40)
    assert [row["meeting_id"] for row in found.arrow.to_pylist() if row["state"] != "matched"] == ["5"]


@pytest.mark.slow
@pytest.mark.parametrize("places", [2, 3])
def test_prices_of_three_decimals_are_found_also_when_the_invoice_rounds(places: int) -> None:
    office = Office()
    lines: list[tuple[str, int | None, str | None]] = []
    for i in range(40):
        mobile, fixed = 70 + 313 * i, 500 + 97 * i
        length = max(mobile, fixed)
        legs = [(ANNA, 0.0, float(mobile)), ("01065520000", 0.0, float(fixed))][: 1 + i % 2]
        office.meet(f"{i}", f"2026-02-{1 + i % 28:02d} {10 + i // 28}:00", length, legs=legs)
        minutes = [stepped(one, 60) // 60 for one in (mobile, fixed)][: 1 + i % 2]
        amount = sum(
            (n * price for n, price in zip(minutes, (Decimal("0.126"), Decimal("0.045")), strict=False)), Decimal(0)
        )
        lines.append((f"{i}", None, str(amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))))
    found = audit.reconcile(office.frames, invoice(*lines))
    assert found.amount is not None
    assert dict(found.amount.tariff.prices) == {"mobile": Decimal("0.126"), "fixed": Decimal("0.045")}
    assert (found.amount.tariff.per, found.amount.tariff.step_s, found.amount.share) == ("leg", 60, 1.0)


@pytest.mark.slow
def test_durations_that_are_cut_off_at_a_bound_accuse_nobody() -> None:
    """Seconds as they stand, an hour at most: six meetings of two hundred are longer, and the search knows no cap."""
    office = Office()
    lines: list[tuple[str, int | None, str | None]] = []
    for i in range(200):
        lasts = 3700 + i if i % 33 == 5 else 7 + (i * 611) % 3500
        office.meet(f"{i}", f"2026-{1 + i // 28:02d}-{1 + i % 28:02d} 10:00", lasts)
        lines.append((f"{i}", min(lasts, 3600), None))
    found = audit.reconcile(office.frames, invoice(*lines))
    assert found.duration is None
    assert {state: n for state, n in found.counts.items() if n} == {"not_compared": 200}
    assert "is not trusted" in found.rules[0].en


@pytest.mark.slow
@pytest.mark.parametrize("per", ["leg", "meeting"])
def test_where_legs_are_billed_a_meeting_without_any_need_not_be(per: str) -> None:
    office, lines = Office(), []
    chance = random.Random(8)
    for n in range(40):
        lasts = chance.randrange(300, 5400)
        legs = [(who, 0.0, chance.randrange(120, lasts)) for who in (ANNA, BORIS)[: 1 + n % 2]]
        office.meet(f"{n}", f"2026-03-03 {8 + n // 6:02}:{n % 6 * 10:02}", lasts, legs=legs)
        billed = [stepped(seconds, 60) for seconds in ([s for *_, s in legs] if per == "leg" else [lasts])]
        amount = Decimal(sum(billed)) / 60 * Decimal("0.15")
        lines.append((f"{n}", None, str(amount.quantize(Decimal("0.01"), ROUND_HALF_UP))))
    office.meet("empty", "2026-03-03 10:05", 600, legs=[], creator=ANNA)
    office.meet("missed", "2026-03-03 10:06", 600, legs=[(BORIS, None, None)], creator=ANNA)
    office.meet("unknown", "2026-03-03 10:07", 600, legs=[], creator=ANNA)
    office.meetings[-1]["n_legs"] = None
    office.meet("met", "2026-03-03 10:08", 600)
    found = audit.reconcile(office.frames, invoice(*lines))
    assert found.amount is not None
    assert found.amount.tariff.per == per
    missing = {row["meeting_id"] for row in found.arrow.to_pylist() if row["state"] == "missing_line"}
    assert missing == ({"unknown", "met"} if per == "leg" else {"empty", "missed", "unknown", "met"})


@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=4), st.lists(st.integers(0, 40), min_size=1, max_size=4)
)  # fmt: skip
def test_undated_lines_are_paired_so_that_durations_differ_least(billed: list[int], told: list[int]) -> None:
    lines = [InvoiceLine(n, seconds, None) for n, seconds in enumerate(billed)]
    pairs = paired(lines, [Record(n, None, seconds, None) for n, seconds in enumerate(told)])
    found = [(billed[pair.line], told[pair.m]) for pair in pairs if pair.m is not None]
    size = min(len(billed), len(told))
    assert len(found) == len({pair.m for pair in pairs} - {None}) == size
    least = min(
        sum(abs(a - b) for a, b in zip(some, others, strict=True))
        for some in permutations(billed, size)
        for others in permutations(told, size)
    )
    assert sum(abs(a - b) for a, b in found) == least


@pytest.mark.slow
def test_what_a_bill_writes_in_place_of_an_id_is_masked_and_an_id_stays() -> None:
    office, lines = plain()
    hidden = (
        "13912340010",
        "88887654",
        "8802",
        "13912340011",
        "139-1234-0012",
        "2888 0000",
        "13912340013",
        "13912340014",
    )
    fees = (
        "13912340010月租费", "0755-88887654-8802月租费", "0755-88887654", "应付 13912340011", "fee (139-1234-0012)", "+852 2888 0000",
        "13912340013", "rent13912340014",
    )  # fmt: skip
    ids = ("phantom-7", "202611251541", "2026-11-25-0017", "0f8fad5b-d9cb-469f-a165-70867728950e")
    bill = invoice(*lines, *((name, 60, "0.5") for name in (*fees, *ids)))
    found = audit.run(office.frames, invoice=bill, checks=["billing_mismatch"])
    assert {id_ for records in found.frame["record_ids"] for id_ in records} >= {*fees, *ids}
    for table, column in ((found, "record_ids"), (audit.reconcile(office.frames, bill), "meeting_id")):
        for shown in (table.masked(), table.masked(pseudonyms=Pseudonyms(b"0123456789abcdef"))):
            told = " ".join(shown.arrow[column].to_pylist())
            assert [one for one in hidden if one in told] == []
            assert [one for one in ids if one not in told] == []
            assert shown.masked().arrow[column].equals(shown.arrow[column])


@pytest.mark.slow
def test_no_finding_has_an_id_by_which_numbers_could_be_tried() -> None:
    office, lines = plain()

    def ids(source: Any, *fees: str) -> list[str]:
        bill = invoice(*lines, *((name, 60, "0.5") for name in fees))
        found = audit.run(source, invoice=bill, checks=["billing_mismatch"], remember=False)
        return [*found.frame["finding_id"][[bool({*fees} & {*records}) for records in found.frame["record_ids"]]]]

    tried = [f"1391234001{n}月租费" for n in range(3)]
    archive, alone = sample("archive"), ids(office.frames, *tried)
    assert {*ids(office.frames, tried[2])} < {*alone}
    kept = ids(archive, *tried)
    assert len({*kept}) == 3
    assert {*alone}.isdisjoint(kept)
    assert {*ids(archive, tried[2])} < {*kept}
