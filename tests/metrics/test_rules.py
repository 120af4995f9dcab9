"""Calendars, tariffs, switches and the docs page."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.metrics.offices import EDGES, ENGINES, difficult, polars_frames, rows
from tests.metrics.oracle import Leg, Meeting, Office
from ytxdata import metrics
from ytxdata.errors import UsageError
from ytxdata.labels import Lang
from ytxdata.metrics.calendar import Workdays
from ytxdata.metrics.usage import PRODUCTS

ROOT = Path(__file__).parents[2]


def one_meeting(start: int, seconds: int) -> Office:
    legs = [Leg("m", n, f"+861390000000{n}", start, start + seconds) for n in (1, 2)]
    return Office([Meeting("m", "13900000001", start, start + seconds, 2)], legs)


def test_every_product_is_documented_with_its_source_in_both_languages() -> None:
    pages: tuple[tuple[Lang, str], ...] = (("en", "docs/definition-switch.md"), ("zh", "docs/zh/definition-switch.md"))
    for lang, page in pages:
        text = (ROOT / page).read_text("utf-8")
        for rules in PRODUCTS.values():
            assert rules.source in text
            assert rules.why.in_(lang) in text


def test_make_up_days_are_working_days() -> None:
    saturday = 20_587 * 86_400 + 9 * 3600  # 2026-05-09 is a Saturday made up for Labour Day
    row = rows(metrics.working_hours(polars_frames(one_meeting(saturday, 600))))[0]
    assert (row["inside_minutes"], row["outside_minutes"]) == (10.0, 0.0)


def test_own_holidays_come_first() -> None:
    frames = polars_frames(one_meeting(EDGES[2], 600))
    report = metrics.working_hours(frames, holidays=[date(2026, 4, 1)])
    assert rows(report)[0]["inside_minutes"] == 0.0
    sunday = polars_frames(one_meeting(20_548 * 86_400 + 10 * 3600, 600))
    assert rows(metrics.working_hours(sunday))[0]["inside_minutes"] == 0.0
    assert rows(metrics.working_hours(sunday, extra_workdays=[date(2026, 4, 5)]))[0]["inside_minutes"] == 10.0
    with pytest.raises(UsageError, match="both"):
        Workdays([date(2026, 4, 1)], [date(2026, 4, 1)])


def test_an_unknown_year_falls_back_to_weekends_and_says_so() -> None:
    far = (date(2099, 3, 2) - date(1970, 1, 1)).days  # a Monday
    report = metrics.working_hours(polars_frames(one_meeting(far * 86_400 + 17 * 3600, 7200)), by="total")
    assert rows(report)[0]["inside_minutes"] == 60.0
    assert any("2099" in note.en and "weekend" not in note.zh for note in report.notes)
    known = metrics.working_hours(polars_frames(one_meeting(EDGES[2], 60)))
    assert not any("not known" in note.en for note in known.notes)


@pytest.mark.parametrize("hours", [("18:00", "09:00"), ("9", "18:00"), ("09:00", "24:30"), ("09:60", "18:00")])
def test_hours_that_are_none_are_refused(hours: tuple[str, str]) -> None:
    with pytest.raises(UsageError):
        metrics.working_hours(polars_frames(one_meeting(EDGES[2], 60)), hours=hours)


def test_the_example_tariff_is_exact() -> None:
    tariff = metrics.Tariff.load(ROOT / "data/tariff.toml")
    assert tariff.prices["mobile"] == Decimal("0.12")
    report = metrics.cost(polars_frames(one_meeting(EDGES[2], 61)), ROOT / "data/tariff.toml", by="total")
    assert rows(report)[0]["cost"] == 2 * (Decimal("0.12") * 2 + Decimal("0.02"))


def test_meetings_can_be_billed_instead_of_legs() -> None:
    tariff = metrics.Tariff(per="meeting", step_s=1, prices={"default": "0.6"})
    report = metrics.cost(polars_frames(one_meeting(EDGES[2], 61)), tariff, by="line")
    assert [(row["cost"], row["leg"], row["number_class"]) for row in rows(report)] == [
        (Decimal("0.61"), None, "default")
    ]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("rounding", "seconds", "billed_s"),
    [("up", 61, 120), ("nearest", 89, 60), ("nearest", 90, 120), ("down", 119, 60), ("down", 59, 30)],
)
def test_time_is_rounded_as_the_tariff_says(engine: str, rounding: Any, seconds: int, billed_s: int) -> None:
    tariff = metrics.Tariff(per="meeting", minimum_s=30, rounding=rounding, prices={"default": "0.6"})
    report = metrics.cost(ENGINES[engine](one_meeting(EDGES[2], seconds)), tariff, by="total")
    assert rows(report)[0]["billed_minutes"] * 60 == billed_s


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_lines_without_a_price_are_left_out_and_counted(engine: str) -> None:
    report = metrics.cost(ENGINES[engine](difficult()), metrics.Tariff(prices={"mobile": "0.1"}), by="line")
    assert {row["number_class"] for row in rows(report)} == {"mobile"}
    assert report.excluded["no_price"][1] > 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"per": "day"}, {"step_s": 0}, {"minimum_s": -1}, {"connection_fee": "-1"}, {"prices": {"mobil": 1}},
        {"prices": {"mobile": "0.0000000001"}}, {"prices": {"mobile": "cheap"}}, {"prices": {"mobile": "NaN"}},
        {"rounding": "sometimes"},
    ],
)  # fmt: skip
def test_tariffs_that_cannot_be_used_name_the_value(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong)) if "prices" not in wrong else "."):
        metrics.Tariff(**wrong)


@pytest.mark.parametrize(
    ("text", "zh", "en"),
    [
        ('default = 0.12\nper = "leg"\n', "没有 default 这一项", "has no default"),
        ("[price]\ndefault = 0.12\n", "您是想写 prices 吗", "did you mean prices"),
        ('[prices]\ndefault = "0,12"\n', "default 不可用：'0,12'", "default of the tariff"),
        ('per = "人次"\n', "per 不可用：'人次'", "per of the tariff"),
        ("per = 人次\n", "不是合法的 TOML（第 1 行第 7 列）", "not valid TOML (line 1, column 7)"),
        ("prices = 0.12\n", "prices 不可用", "prices of the tariff"),
        ("[prices]\nmobil = 0.12\n", "prices 不可用：'mobil'", "prices of the tariff"),
    ],
)
def test_a_mistake_in_a_tariff_file_is_told_in_words_of_one_language(
    text: str, zh: str, en: str, tmp_path: Path
) -> None:
    (tmp_path / "t.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as refused:
        metrics.Tariff.load(tmp_path / "t.toml")
    told = refused.value.cause
    assert zh in told.zh
    assert en in told.en
    assert not re.search("[a-z]{3,} [a-z]{3,}", told.zh.replace(str(tmp_path), ""))


def test_a_tariff_is_read_as_editors_save_it(tmp_path: Path) -> None:
    (tmp_path / "t.toml").write_bytes("\ufeff# 资费\r\n[prices]\r\ndefault = 0.10\r\n".encode())
    assert metrics.Tariff.load(tmp_path / "t.toml").nano("fixed") == 100_000_000
    (tmp_path / "t.toml").write_bytes("# 资费\n".encode("gb18030"))
    with pytest.raises(UsageError, match="不是 UTF-8 编码"):
        metrics.Tariff.load(tmp_path / "t.toml")


def test_a_tariff_file_that_is_none_is_refused(tmp_path: Path) -> None:
    for content in ("per = ", "colour = 1"):
        (tmp_path / "tariff.toml").write_text(content)
        with pytest.raises(UsageError, match="tariff"):
            metrics.Tariff.load(tmp_path / "tariff.toml")
    with pytest.raises(UsageError):
        metrics.Tariff.load(tmp_path / "absent.toml")


def test_products_disagree_as_documented() -> None:
    """企业微信 adds 11 + 11 + 11 + 3 = 36; ours is the wall time; Google needs two at once."""
    start = EDGES[2]
    legs = [Leg("m", n, f"+861390000000{n}", start, start + 660) for n in (1, 2, 3)]
    legs.append(Leg("m", 4, "+8613900000004", start, start + 180))
    frames = polars_frames(Office([Meeting("m", "13900000001", start, start + 720, 4)], legs))
    found = {row["product"]: row["meeting_minutes"] for row in rows(metrics.compare_definitions(frames))}
    assert found == {"ours": 11.0, "google": 11.0, "zoom": 36.0, "webex": 12.0, "wecom": 36.0}


@pytest.mark.parametrize(
    "call",
    [
        lambda frames: metrics.usage(frames, by="hour"),  # type: ignore[arg-type]
        lambda frames: metrics.usage(frames, "2026-05-01", "2026-04-01"),
        lambda frames: metrics.usage(frames, day_of="joins"),  # type: ignore[arg-type]
        lambda frames: metrics.usage(frames, definitions="teams"),  # type: ignore[arg-type]
        lambda frames: metrics.usage(frames, min_parties="2"),  # type: ignore[arg-type]
        lambda frames: metrics.usage(frames, min_parties=-1),
        lambda frames: metrics.concurrency(frames, lines=-1),
        lambda frames: metrics.concurrency(frames, lines=2.5),  # type: ignore[arg-type]
        lambda frames: metrics.concurrency(frames, p="99"),  # type: ignore[arg-type]
        lambda frames: metrics.working_hours(frames, hours="09:00-18:00"),  # type: ignore[arg-type]
        lambda frames: metrics.working_hours(frames, hours=("09:00",)),  # type: ignore[arg-type]
        lambda frames: metrics.working_hours(frames, holidays=["May Day"]),
        lambda frames: metrics.usage(frames).explain(-1),
        lambda frames: metrics.usage(frames).explain("2026-04"),
        lambda frames: metrics.usage(frames).explain({"period": "1999-04"}),
        lambda frames: metrics.concurrency(frames, p=101),
        lambda frames: metrics.lonely(frames, by="year"),  # type: ignore[arg-type]
        lambda frames: metrics.cost(frames, "absent.toml"),
    ],
)
def test_what_cannot_be_asked_is_refused(call: Any) -> None:
    with pytest.raises(UsageError):
        call(polars_frames(one_meeting(EDGES[2], 60)))


@pytest.mark.parametrize("day", [date(2026, 4, 1), "2026-04-01", datetime(2026, 4, 1)])  # noqa: DTZ001 (a date by its midnight)
def test_holidays_are_dates_however_they_are_written(day: Any) -> None:
    frames = polars_frames(one_meeting(EDGES[2], 60))
    found = [rows(metrics.working_hours(frames, holidays=days))[0]["inside_minutes"] for days in ([], [day])]
    assert found == [1.0, 0.0]


def test_a_position_may_be_of_any_whole_type() -> None:
    report = metrics.usage(polars_frames(difficult()), by="day")
    assert report.explain(np.int64(1)).equals(report.explain(1))
    assert report.explain({"period": "2026-03-31"}, "legs").equals(report.explain(1))


@pytest.mark.slow
def test_pictures_are_reached() -> None:
    report = metrics.usage(polars_frames(difficult()), by="day")
    assert report.plot(lang="en").get_title(loc="left") == "Usage"
    with pytest.raises(UsageError, match="no picture"):
        metrics.concentration(polars_frames(difficult())).plot()


@pytest.mark.parametrize("lang", ["cn", "ZH", "chinese"])
def test_a_picture_refuses_a_language_that_is_none(lang: Any) -> None:
    report = metrics.usage(polars_frames(difficult()), by="day")
    with pytest.raises(UsageError, match="zh for Chinese"):
        report.plot(lang=lang)


@pytest.mark.parametrize("tariff", [0.1, {"prices": {"default": "0.1"}}, None])
def test_a_tariff_that_is_none_is_told_how_to_write(tariff: Any) -> None:
    with pytest.raises(UsageError, match=r"metrics\.Tariff\(prices="):
        metrics.cost(polars_frames(difficult()), tariff)
