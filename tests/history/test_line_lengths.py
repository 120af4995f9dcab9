"""How long and for how much a list says its lines were is held against the archive: their sum is the proof."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.history.bills import END, held, line, read, witness
from ytxdata.history.proof.certificate import Certificate
from ytxdata.history.proof.line_lengths import Lengths
from ytxdata.history.proof.match_lines import Archived
from ytxdata.history.proof.witness import Totals, WitnessLine
from ytxdata.history.proof.witness_check import hear, with_witnesses
from ytxdata.history.proof.witness_result import Hearing

LEGS = [(97 * i + 61, 31 * i + 7) for i in range(20)]


def meetings(n: int = 20) -> list[Archived]:
    return [
        replace(one, lengths=Lengths(max(legs) + 5, legs, Decimal(max(legs)) / 1000))
        for one, legs in zip(held(n), LEGS, strict=True)
    ]


def lines(of: Callable[[Lengths], int | None]) -> list[WitnessLine]:
    return [line(i, duration_s=of(one.lengths), amount_yuan=None) for i, one in enumerate(meetings())]


def heard(told: list[WitnessLine], **total: Any) -> Hearing:
    seconds = sum(one.duration_s or 0 for one in told)
    return hear(witness(told, Totals(**(total or {"seconds": seconds}))), meetings())


def up(seconds: int, step: int = 60) -> int:
    return -(-seconds // step) * step


HONEST: dict[str, Callable[[Lengths], int | None]] = {
    "the meeting": lambda one: one.length_s,
    "the meeting by another clock": lambda one: (one.length_s or 0) + (one.length_s or 0) % 2,
    "its minutes": lambda one: up(one.length_s or 0),
    "its minutes, counted": lambda one: up(one.length_s or 0) // 60,
    "by six seconds": lambda one: up(one.length_s or 0, 6),
    "the sum of legs": lambda one: sum(one.legs_s or ()),
    "the minutes of that sum": lambda one: up(sum(one.legs_s or ())),
    "the minutes of each leg": lambda one: sum(map(up, one.legs_s or ())),
    "the minutes of each leg, counted": lambda one: sum(map(up, one.legs_s or ())) // 60,
}


@pytest.mark.parametrize("form", HONEST)
def test_a_list_that_follows_one_rule_proves_by_its_seconds(form: str) -> None:
    assert heard(lines(HONEST[form])).finding == "witnessed"


@pytest.mark.parametrize("form", HONEST)
@pytest.mark.parametrize("total", [{}, {"lines": 20}])
def test_a_line_that_carries_the_seconds_of_another_is_named_and_proves_nothing(
    form: str, total: dict[str, int]
) -> None:
    told = lines(HONEST[form])
    told[2] = replace(told[2], duration_s=(told[2].duration_s or 0) + 1800)
    said = heard(told, **total)
    assert (said.finding, [(one.line, one.of) for one in said.off]) == ("lines_differ", [(4, "seconds")])
    assert "line 4" in said.text.en
    assert "第 4 行" in said.text.zh
    assert "PROVEN" not in [one.verdict for one in with_witnesses(Certificate(), [said], END).periods]
    assert Hearing.from_dict(said.to_dict() | {"off": [list(one) for one in said.off]}) == said


@pytest.mark.parametrize(
    ("column", "unit_s", "places"),
    [
        ("时长（分钟）", 60, 1),
        ("时长（分钟）", 60, 2),
        ("时长", 60, 1),
        ("时长", 60, 2),
        ("时长（小时）", 3600, 2),
        ("时长(h)", 3600, 4),
    ],
)
def test_lengths_with_decimals_are_those_of_their_meetings(column: str, unit_s: int, places: int) -> None:
    shown = [f"{Decimal(one.lengths.length_s or 0) / unit_s:.{places}f}" for one in meetings()]

    def said(cells: list[str]) -> Hearing:
        body = "".join(f"m{i},2026-03-01 {8 + i:02}:00:00,{cell}\n" for i, cell in enumerate(cells[:16]))
        raw = f"会议编号,开始时间,{column}\n{body}合计,,{sum(map(Decimal, cells[:16]))}\n"
        return hear(read(raw.encode()), meetings()[:16])

    assert said(shown).finding == "witnessed"
    longer = [str(Decimal(cell) + Decimal(1800) / unit_s) if i == 2 else cell for i, cell in enumerate(shown)]
    assert (said(longer).finding, [one.line for one in said(longer).off]) == ("lines_differ", [4])


@pytest.mark.parametrize("seconds", [1, 36_000])
def test_seconds_that_follow_no_rule_show_no_lack(seconds: int) -> None:
    said = heard(lines(lambda _: seconds))
    assert (said.finding, said.unheld) == ("unheld", ("seconds",))
    assert "seconds" in said.text.en
    assert heard(lines(lambda _: seconds), lines=20).finding == "witnessed"


def test_seconds_that_are_spread_over_many_lines_show_no_lack() -> None:
    """Each within what clocks may differ, together a meeting."""
    assert heard([replace(one, duration_s=(one.duration_s or 0) + 2) for one in lines(HONEST["the meeting"])]).finding \
        == "witnessed"  # fmt: skip
    short = [*lines(HONEST["the meeting"])[1:], line(0, duration_s=30, amount_yuan=None)]
    archive = [replace(meetings()[0], lengths=Lengths(30, (30,))), *meetings()[1:]]
    for more, finding in ((1, "witnessed"), (2, "unheld")):
        told = [replace(one, duration_s=(one.duration_s or 0) + more) for one in short]
        assert hear(witness(told, Totals(seconds=sum(one.duration_s or 0 for one in told))), archive).finding == finding


def test_a_line_of_a_meeting_of_unknown_length_may_carry_another() -> None:
    told = lines(HONEST["the meeting"])
    total = Totals(seconds=sum(one.duration_s or 0 for one in told))
    archive = [replace(meetings()[0], lengths=Lengths()), *meetings()[1:]]
    assert hear(witness(told, total), archive).finding == "unheld"
    # where an archive knows of no length at all, there is nothing that a list could contradict
    assert hear(witness(told, total), held(20)).finding == "witnessed"


def test_amounts_are_held_as_seconds_are() -> None:
    def of(more: Decimal, factor: int = 1, **total: Any) -> Hearing:
        told = [line(i, duration_s=None, amount_yuan=(one.lengths.amount_yuan or 0) * factor)
                for i, one in enumerate(meetings())]  # fmt: skip
        told[2] = replace(told[2], amount_yuan=(told[2].amount_yuan or 0) + more)
        totals = Totals(**total) if total else Totals(yuan=sum((one.amount_yuan or Decimal(0) for one in told), Decimal(0)))  # fmt: skip
        return hear(witness(told, totals), meetings())

    assert of(Decimal(0)).finding == "witnessed"
    assert [(one.line, one.of) for one in of(Decimal("1.50")).off] == [(4, "yuan")]
    assert of(Decimal("1.50"), lines=20).finding == "lines_differ"
    assert of(Decimal(0), 2).finding == "unheld"  # another price list: each amount may be anything
    assert of(Decimal(0), 2, lines=20).finding == "witnessed"


def test_of_a_room_that_meets_often_lines_without_times_are_told_by_how_long_they_are() -> None:
    close = [replace(one, meeting_id="room", number=None, lengths=Lengths(1000 + i)) for i, one in enumerate(held(20))]
    told = [line(i, meeting_id="room", number=None, started_at=None, ended_at=None, duration_s=1000 + i)
            for i in range(20)]  # fmt: skip
    assert hear(witness(told, Totals(seconds=20 * 1000 + 190)), close).finding == "witnessed"
    archive = [replace(one, meeting_id="room", number=None) for one in meetings()]
    told = [replace(one, meeting_id="room", number=None, started_at=None, ended_at=None)
            for one in reversed(lines(HONEST["the minutes of each leg"]))]  # fmt: skip
    total = Totals(seconds=sum(one.duration_s or 0 for one in told))
    assert hear(witness(told, total), archive).finding == "witnessed"
