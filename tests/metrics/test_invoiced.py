"""What was invoiced goes to the period it is for: each line once, whatever period is asked for, and no total as money."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.metrics.billed import BOOK, RESEARCH, SALES, archive_of
from tests.metrics.test_around_period import Told, told
from ytxdata import metrics
from ytxdata.archive import Archive
from ytxdata.errors import UsageError
from ytxdata.metrics.groups import resolve
from ytxdata.metrics.source import Source
from ytxdata.times import BEIJING

JANUARY = {"start": "2026-01", "end": "2026-02"}
MARCH = {"start": "2026-03", "end": "2026-04"}
MEETINGS = (
    ("900", "2026-01-10 09:00", SALES, 60),
    ("900", "2026-03-10 09:00", SALES, 60),
    ("901", "2026-01-11 09:00", RESEARCH, 60),
    ("902", "2026-03-11 09:00", SALES, 60),
    ("903", "2026-03-31 23:30", RESEARCH, 60),
    ("904", "2026-04-06 09:00", SALES, 60),
)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    meetings = [(key, start, creator, 60 * minutes) for key, start, creator, minutes in MEETINGS]
    return archive_of(tmp_path_factory.mktemp("invoiced") / "m.archive", meetings)


@pytest.fixture(scope="module")
def counted(archive: Archive) -> Source:
    """What is counted of it, once for all bills."""
    return resolve(archive)


def shared(source: Any, text: str, folder: Path, by: str = "month", **asked: Any) -> tuple[dict[str, str], list[str]]:
    """Return period → what of a list was shared, and what was said."""
    path = folder / "bill.csv"
    path.write_text(text, encoding="utf-8-sig")
    report = metrics.chargeback(source, by=by, book=BOOK, invoice=path, **asked)  # type: ignore[arg-type]
    sums: Counter[str] = Counter()
    for row in report.arrow.to_pylist():
        sums[row["period"]] += row["allocated"]
    return {period: str(amount) for period, amount in sums.items()}, [note.en for note in report.notes]


ROOM = "会议编号,费用\n900,10.00\n900,2000.00\n901,3.00\n902,4.00\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asked", "expected", "outside"),
    [
        ({}, {"2026-01": "3.00", "2026-03": "4.00"}, 0),
        (JANUARY, {"2026-01": "3.00"}, 1),
        (MARCH, {"2026-03": "4.00"}, 1),
    ],
)
@pytest.mark.parametrize("engine", [{}, {"engine": "polars"}, {"engine": "duckdb"}])
@pytest.mark.parametrize("only", [False, True])
def test_an_undated_bill_of_a_room_is_no_months_whichever_is_asked_for(
    archive: Archive, asked: dict[str, str], expected: dict[str, str], outside: int, engine: dict[str, str],
    only: bool, tmp_path: Path,
) -> None:  # fmt: skip
    source = archive.only(number=[SALES, RESEARCH]) if only else archive
    found, notes = shared(source, ROOM, tmp_path, **asked, **engine)
    assert found == expected
    assert any("warning: 2010.00 yuan" in note for note in notes)
    assert any(f"{outside} of them lie outside" in note for note in notes) == bool(outside)


@pytest.mark.slow
def test_a_rooms_meetings_that_were_not_selected_are_as_likely_meant(archive: Archive, tmp_path: Path) -> None:
    picked = archive.only(name="m", min_minutes=1)
    found, notes = shared(picked, ROOM, tmp_path, **JANUARY)
    assert found == {"2026-01": "3.00"}
    assert any("2010.00" in note for note in notes)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("账期,项目,金额\n2026-03,语音,100.00\n2026-03,录音,50.00\n2026-03,小计,150.00\n2026-04,语音,10\n2026-04,小计,10\n合计,,160\n", {"2026-03": "150.00", "2026-04": "10.00"}),
        ("项目,账期,金额\n语音,2026-03,100.00\n录音,2026-03,50.00\n合计,,150.00\n制表：张三,,\n", {"2026-03": "150.00"}),
        ("账期,项目,金额\n2026-03,语音,100.00\n2026-03,3月小计,100.00\n2026-04,语音,10\n2026-04,合计,10\n", {"2026-03": "100.00", "2026-04": "10.00"}),
        ("账期,日期,项目,金额\n2026-03,2026-04-05,语音,100.00\n2026-03,2026-04-05,小计,100.00\n", {"2026-03": "100.00"}),
        # a list of sums is no list with sums
        ("账期,项目,金额\n2026-03,合计,150.00\n2026-04,合计,10.00\n合计,,160.00\n", {"2026-03": "150.00", "2026-04": "10.00"}),
        # a remark on a line is none of the list
        ("账期,金额,备注\n2026-03,100.00,共 85 场会议\n2026-03,50.00,合计 12 场\n2026-04,1.00,\n", {"2026-03": "150.00", "2026-04": "1.00"}),
        # a meeting may be called anything
        ("会议编号,会议名称,费用\n902,小计,100.00\n904,合计,5.00\n,合计,105.00\n", {"2026-03": "100.00", "2026-04": "5.00"}),
        ("会议编号,会议名称,开始时间,费用\n902,a,2026-03-05 09:00,100\n,小计,,100\n904,b,2026-04-06 09:00,5\n,合计,,105\n", {"2026-03": "100.00", "2026-04": "5.00"}),
        ("项目,账期,金额\n合计划组,2026-03,7.00\nTotal Energies,2026-03,8.00\n", {"2026-03": "15.00"}),
    ],
)  # fmt: skip
def test_totals_under_any_name_of_a_column_are_no_money(
    counted: Source, text: str, expected: dict[str, str], tmp_path: Path
) -> None:
    found, notes = shared(counted, text, tmp_path)
    assert found == expected
    assert not any("warning" in note or "another than" in note for note in notes)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "by", "expected"),
    [
        ("账期,日期,金额\n2026-03,2026-04-05,100.00\n2026-04,2026-05-05,10.00\n", "month", {"2026-03": "100.00", "2026-04": "10.00"}),
        ("会议编号,账期,金额\n902,2026-03,100.005\n77,2026-03,10.00\n904,2026-04,5\n", "month", {"2026-03": "110.01", "2026-04": "5.00"}),
        ("会议编号,账期,金额\n902,2026-03,100.00\n904,,5\n", "month", {"2026-03": "100.00", "2026-04": "5.00"}),
        # the month that a line states says which of a room's meetings is meant
        ("会议编号,账期,金额\n900,2026-03,7.00\n", "day", {"2026-03-10": "7.00"}),
        ("会议编号,账期,开始时间,金额\n1,2026-03,2026-03-05,7.00\n", "day", {"2026-03-05": "7.00"}),
        ("会议编号,账期,开始时间,金额\n1,2026-03,2026-03-05,7.00\n,合计,,7.00\n", "total", {"total": "7.00"}),
    ],
)  # fmt: skip
def test_a_line_belongs_to_the_period_it_states(
    counted: Source, text: str, by: str, expected: dict[str, str], tmp_path: Path
) -> None:
    found, notes = shared(counted, text, tmp_path, by)
    assert found == expected
    assert not any("warning" in note for note in notes)


TWO = {"2026-03": "4.00", "2026-04": "5.00"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "Meeting ID,Start Time,Amount (CNY)\n902,2026-03-11 09:00,4.00\n904,2026-04-06 09:00,5.00\nTotal,,9.00\n",
        "会议编号,开始时间,金额（分）\n902,2026-03-11 09:00,400\n904,2026-04-06 09:00,500\n合计,,900\n",
        "会议编号,开始时间,费用(厘)\n902,2026-03-11 09:00,4000\n904,2026-04-06 09:00,5000\n",
        "会议编号,开始时间,应收金额,优惠金额,实收金额\n902,2026-03-11 09:00,5,1,4\n904,2026-04-06 09:00,5,0,5\n",
        "会议编号,开始时间,不含税金额,税额,价税合计\n902,2026-03-11 09:00,3.77,0.23,4\n904,2026-04-06 09:00,4.72,0.28,5\n",
        "会议编号,日期,开始时间,金额\n902,2026-03-11,09:00,4\n904,2026/4/6,9:00:00,5\n",
        "会议编号,开始时间,金额\n902,2026-03-11,4\n会议编号,开始时间,金额\n904,2026-04-06,5\n",
        "会议编号,开始时间,项目,金额\n902,2026-03-11,,4\n904,2026-04-06,,5\n制表人：张三,,审核人：李四\n客服电话：400-810-0000\n",
    ],
)  # fmt: skip
def test_bills_as_witnesses_and_audits_read_them_are_shared(counted: Source, text: str, tmp_path: Path) -> None:
    assert shared(counted, text, tmp_path)[0] == TWO


@pytest.mark.slow
def test_a_short_line_with_an_amount_is_not_passed_over(counted: Source, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="line 3: it has another number of cells"):
        shared(counted, "会议编号,开始时间,金额,备注\n902,2026-03-11,4,\n会议室：三楼,2026-04-06,5\n", tmp_path)


@pytest.mark.slow
def test_that_a_stated_period_counts_whatever_the_date_is_said(counted: Source, tmp_path: Path) -> None:
    text = "账期,日期,金额\n2026-03,2026-04-05,100.00\n2026-04,2026-05-05,10.00\n"
    found, notes = shared(counted, text, tmp_path, **MARCH)
    assert found == {"2026-03": "100.00"}
    assert "2 lines of the bill are put into the period that they state, whatever their date" in notes
    assert any("outside the period asked for are not shared: 2026-04" in note for note in notes)
    with pytest.raises(UsageError, match="line 2: 2026-03 is no period of by=day"):
        shared(counted, text, tmp_path, "day")


@pytest.mark.slow
def test_money_and_shares_go_by_the_same_day_of_a_meeting(counted: Source, tmp_path: Path) -> None:
    dated = "会议编号,开始时间,费用\n903,2026-03-31 23:30,10\n904,2026-04-06 09:00,5\n77,2026-04-06,2\n"
    undated = "会议编号,费用\n903,10\n904,5\n"
    for text, lost in ((dated, True), (undated, False)):
        found, notes = shared(counted, text, tmp_path, day_of="ends")
        assert found == {"2026-04": "15.00"}
        assert any("by the end of their meetings" in note for note in notes)
        assert any("warning: 2 yuan" in note and "no known end" in note for note in notes) == lost
    assert shared(counted, dated, tmp_path)[0] == {"2026-03": "10.00", "2026-04": "7.00"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("totals", "other"),
    [
        (["合计,,7", "904,2026-04-06,5", "合计,,5"], ""),
        (["合计,,7", "904,2026-04-06,5", "总计,,12"], ""),
        (["合计,,9", "904,2026-04-06,5", "合计,,12"], "line 3: the list's own total, which is another than that of its lines: 9 yuan, not 12"),
        (["904,2026-04-06,5", "合计：13元,,"], "line 4: the list's own total, which is another than that of its lines: 13 yuan, not 12"),
        (["904,2026-04-06,5", "合计¥12.00,,"], ""),
    ],
)  # fmt: skip
def test_each_own_total_is_held_against_its_part_or_all(
    counted: Source, totals: list[str], other: str, tmp_path: Path
) -> None:
    text = "\n".join(["会议编号,开始时间,费用", "902,2026-03-11,7", *totals, ""])
    found, notes = shared(counted, text, tmp_path)
    assert found == {"2026-03": "7.00", "2026-04": "5.00"}
    [note] = [one for one in notes if "own total" in one]
    assert other in note
    assert note.count("another than") == bool(other)


SUMS = {"2026-03": "30.00"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # the day of issue, the day it is of, the end of the month; also in the column of ids
        ("日期,会议号,项目,金额\n2026-03-10,902,通话,10\n2026-03-11,77,通话,20\n2026-04-01,,合计,30\n", SUMS),
        ("日期,会议号,项目,金额\n2026-03-10,902,通话,10\n2026-03-10,,小计,10\n2026-03-11,77,通话,20\n2026-03-11,,小计,20\n,,合计,30\n", SUMS),
        ("会议号,日期,金额\n902,2026-03-10,10\n77,2026-03-11,20\n合计,2026-03-31,30\n", SUMS),
        # a period that is spelled otherwise, coarser, or that of issue
        ("账期,项目,金额\n2026-03,通话,10\n2026-03,通话,20\n2026年3月,小计,30\n", SUMS),
        ("账期,项目,金额\n2026-03-01,通话,30\n2026-03,合计,30\n", SUMS),
        ("账期,会议号,项目,金额\n2026-03-10,902,通话,10\n2026-03-11,77,通话,20\n2026-03,,小计,30\n", SUMS),
        ("账期,项目,金额\n2026-02,通话,7\n2026-03,通话,10\n2026-04,合计,17\n", {"2026-02": "7.00", "2026-03": "10.00"}),
        ("日期,项目,金额\n2026-02-05,通话,7\n2026-03-05,通话,10.004\n2026-04-01,合计,17.00\n", {"2026-02": "7.00", "2026-03": "10.00"}),
        # above its lines, and not beside them
        ("账期,项目,金额\n2026-03,合计,30\n2026-03,通话,10\n2026-03,录音,20\n", SUMS),
        ("账期,项目,金额\n2026-03,通话,10\n2026-04,通话,5\n2026-03,录音,20\n2026-03,小计,30\n2026-04,小计,5\n", {**SUMS, "2026-04": "5.00"}),
        # a subtotal of subtotals
        ("账期,部门,项目,金额\n2026-03,A,通话,10\n2026-03,A,小计,10\n2026-03,B,通话,20\n2026-03,B,小计,20\n2026-04,,合计,30\n", SUMS),
        # of the connections to a meeting
        ("会议号,号码,金额\n902,1,2\n902,2,3\n902,小计,5\n904,1,4\n904,小计,4\n,合计,9\n", {"2026-03": "5.00", "2026-04": "4.00"}),
        # of one department, with another one below it
        ("账期,部门,金额\n2026-03,市场部一组,6\n2026-03,市场部二组,4\n2026-03,市场部合计,10\n2026-03,研发部,20\n", SUMS),
        # what is due counts what was paid, whichever its sign
        ("项目,账期,金额\n上期余额,2026-02,30\n会议费,2026-02,70\n应付金额,2026-02,100\n本期付款,2026-02,80\n会议费,2026-03,50\n应付金额,2026-03,70\n", {"2026-02": "70.00", "2026-03": "50.00"}),
        # with a figure behind the word
        ("项目,账期,金额\n通话,2026-03,10\n功能费,2026-03,20\n小计（2项）,2026-03,30\n", SUMS),
        ("项目,账期,金额\n通话,2026-03,10\n功能费,2026-03,20\n合计：30.00元,2026-04,30\n", SUMS),
        ("item,period,amount\ncalls,2026-03,10\nfees,2026-03,20\nTotal: 2 lines,2026-03,30\n", SUMS),
        # all that is charged for a period, whatever it is called
        ("账期,项目,金额\n2026-02,合计,10\n2026-03,合计,10\n2026-04,合计,20\n", {"2026-02": "10.00", "2026-03": "10.00", "2026-04": "20.00"}),
        ("日期,项目,金额\n2026-02-28,合计,7\n2026-03-31,合计,10\n", {"2026-02": "7.00", "2026-03": "10.00"}),
        ("账期,项目,金额\n2026-03,合计,30\n", SUMS),
        # called nothing: two alike, a credit, fixed fees with a remark
        ("账期,项目,金额\n2026-03,通话,10\n2026-03,录音,10\n", {"2026-03": "20.00"}),
        ("账期,项目,金额\n2026-03,通话,10\n2026-03,冲减,-10\n2026-03,录音,5\n", {"2026-03": "5.00"}),
        ("账期,金额,备注\n2026-02,10,\n2026-03,10,共 85 场\n2026-04,20,合计 80 场\n", {"2026-02": "10.00", "2026-03": "10.00", "2026-04": "20.00"}),
    ],
)  # fmt: skip
def test_a_sum_that_is_called_one_is_no_money_whatever_stands_beside_it(
    counted: Source, text: str, expected: dict[str, str], tmp_path: Path
) -> None:
    found, notes = shared(counted, text, tmp_path)
    assert found == expected
    if "备注" not in text:
        assert not any("warning" in note for note in notes)


@pytest.mark.slow
@pytest.mark.parametrize(
    "word",
    ["Totals", "Total due", "Invoice total", "总额", "总金额", "应付总额", "费用合计", "应付合计", "市场部小计", "通话费小计", "2026-03小计", "第1页小计", "合计2项"],
)  # fmt: skip
def test_totals_are_known_by_usual_words(counted: Source, word: str, tmp_path: Path) -> None:
    text = f"项目,账期,金额\n通话,2026-03,10\n功能费,2026-03,20\n{word},2026-03,31\n"
    found, notes = shared(counted, text, tmp_path)
    assert found == SUMS
    assert any(note.startswith("warning") and "line 4" in note and "31 yuan, not 30" in note for note in notes)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "expected", "said"),
    [
        ("账期,项目,金额\n2026-02,通话,7\n2026-03,合计,10\n", {"2026-02": "7.00", "2026-03": "10.00"}, "are called totals or due, but the sum of no lines, all there is for their period, and shared as charges: line 3, 10 yuan (lines above it: 7)"),
        ("日期,项目,金额\n2026-03-10,通话,10\n2026-03-31,合计,31\n", {"2026-03": "10.00"}, "31 yuan, not 10"),
        ("会议号,号码,金额\n902,1,2\n902,2,3\n902,小计,6\n", {"2026-03": "5.00"}, "6 yuan, not 5"),
        ("账期,项目,金额\n2026-03,通话,10\n2026-03,录音,20\n2026-03,本月话费,30\n", {"2026-03": "60.00"}, "shared as charges: line 4, 30 yuan (lines above it: 30)"),
        ("账期,项目,金额\n2026-03,通话,10\n2026-03,录音,20\n2026-03,本月话费,30\n2026-04,通话,1\n", {"2026-03": "60.00", "2026-04": "1.00"}, "shared as charges: line 4, 30 yuan (lines above it: 30)"),
        # below the total of its period, and where what is due is that total
        ("账期,项目,金额\n2026-03,通话,30\n2026-03,合计,30\n2026-03,含税额,2\n", {"2026-03": "32.00"}, "below its total of 30 yuan"),
        ("账期,项目,金额\n2026-02,通话,7\n2026-02,合计,7\n2026-03,通话,30\n2026-03,合计,30\n2026-03,含税额,2\n", {"2026-02": "7.00", "2026-03": "32.00"}, "below its total of 30 yuan"),
        ("账期,项目,金额\n2026-03,通话,30\n,合计,30\n2026-03,其他,5\n,已付,-5\n,应付,30\n", {"2026-03": "35.00"}, "below its total of 30 yuan"),
        # the balance of another month
        ("账期,项目,金额\n2026-02,上期余额,5\n2026-02,通话,9\n2026-02,应付,14\n2026-03,通话,10\n2026-03,优惠,2\n2026-03,应付,8\n", {"2026-02": "9.00", "2026-03": "12.00"}, "8 yuan, not 12"),
        ("账期,项目,金额\n2026-02,通话,10\n2026-03,录音,20\n2026-04,本月话费,30\n", {"2026-02": "10.00", "2026-03": "20.00", "2026-04": "30.00"}, "shared as charges: line 4, 30 yuan"),
    ],
)  # fmt: skip
def test_what_may_be_a_total_or_none_is_told_with_its_amount(
    counted: Source, text: str, expected: dict[str, str], said: str, tmp_path: Path
) -> None:
    found, notes = shared(counted, text, tmp_path)
    assert found == expected
    assert any(note.startswith("warning") and said in note for note in notes)


@pytest.mark.slow
def test_a_total_below_says_that_all_lines_are_charges(counted: Source, tmp_path: Path) -> None:
    text = "账期,项目,金额\n2026-03,通话,10\n2026-03,录音,20\n2026-03,短信,30\n,合计,60\n"
    found, notes = shared(counted, text, tmp_path)
    assert found == {"2026-03": "60.00"}
    assert not any("warning" in note for note in notes)


@pytest.mark.slow
def test_lines_that_cancel_are_lost_with_both_sums(counted: Source, tmp_path: Path) -> None:
    found, notes = shared(counted, "会议号,金额\n900,500\n777,-500\n902,4\n", tmp_path)
    assert found == {"2026-03": "4.00"}
    assert any("warning: 500 yuan and credits of -500 yuan" in note for note in notes)


@pytest.mark.slow
def test_months_of_a_mapping_outside_the_period_are_told_as_those_of_a_list(
    archive: Archive, counted: Source, tmp_path: Path
) -> None:
    _, said = shared(counted, "period,amount\n2026-03,10\n2026-04,20\n", tmp_path, **MARCH)
    report = metrics.chargeback(
        archive, book=BOOK, invoice={"2026-03": "10", "2026-04": "20"}, start="2026-03", end="2026-04"
    )
    rows = report.arrow.to_pylist()
    assert {row["period"] for row in rows} == {"2026-03"}
    assert sum(row["allocated"] for row in rows) == 10
    assert [note.en for note in report.notes] == said
    assert any("outside the period asked for are not shared: 2026-04" in note for note in said)


@pytest.mark.slow
def test_an_exact_start_says_which_of_a_rooms_meetings_of_a_day_is_meant(tmp_path: Path) -> None:
    made = _room(tmp_path, ("2026-03-31 09:00", 60), ("2026-03-31 23:00", 90))
    text = "会议号,开始时间,金额\n900,{} 09:00:00,10\n900,{} 23:00:00,20\n".replace("{}", "2026-03-31")
    assert shared(made, text, tmp_path, day_of="ends")[0] == {"2026-03": "10.00", "2026-04": "20.00"}
    # a day alone, or another second, says no more than the day
    for start in ("2026-03-31", "2026-03-31 09:00:01"):
        found, notes = shared(made, f"会议号,开始时间,金额\n900,{start},10\n", tmp_path, day_of="ends")
        assert not found
        assert any("warning: 10 yuan" in note for note in notes)


def _room(folder: Path, *meetings: tuple[str, int]) -> Archive:
    records = []
    for start, minutes in meetings:
        begin = datetime.fromisoformat(start).replace(tzinfo=BEIJING)
        times = told(begin), told(begin + timedelta(minutes=minutes))
        parties = [{"phone": SALES, "jointime": times[0], "leavetime": times[1]}]
        one = {"meid": "900", "meetingname": "m", "creator": SALES, "starttime": times[0], "endtime": times[1]}
        records.append({**one, "parties": parties})
    made = Archive(folder / "room.archive")
    made.sync(Told(records))
    return made


@pytest.mark.slow
@pytest.mark.parametrize(
    ("by", "day", "expected"),
    [
        ("total", "2026-04-05", {"total": "30.00"}),
        ("day", "2026-03-31", {"2026-03-11": "10.00", "2026-03-31": "20.00"}),
        ("day", "2026-04-05", {"2026-03-11": "10.00", "2026-03-31": "20.00"}),
        ("week", "2026-04-05", {"2026-03-09": "10.00", "2026-03-30": "20.00"}),
    ],
)
def test_a_stated_month_with_a_day_of_issue_is_of_the_meetings_it_names(
    counted: Source, by: str, day: str, expected: dict[str, str], tmp_path: Path
) -> None:
    text = f"账期,会议号,日期,金额\n2026-03,902,{day},10\n2026-03,903,{day},20\n"
    assert shared(counted, text, tmp_path, by)[0] == expected


@pytest.mark.slow
def test_what_is_shared_is_rounded_once_halves_up(counted: Source, tmp_path: Path) -> None:
    head = "会议号,开始时间,金额\n"
    assert shared(counted, f"{head}902,2026-03-11 09:00,10.005\n", tmp_path)[0] == {"2026-03": "10.01"}
    months = "".join(f"x,2026-0{month}-05 09:00,10.004\n" for month in (2, 3, 4))
    assert sum(map(Decimal, shared(counted, head + months, tmp_path)[0].values())) == Decimal("30.01")


@pytest.mark.slow
@pytest.mark.parametrize("by", ["month", "total"])
def test_a_list_of_nothing_but_its_total_is_told(counted: Source, by: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no line that can be used"):
        shared(counted, "账期,项目,金额\n,合计,150.00\n", tmp_path, by)


@pytest.mark.slow
def test_a_stated_period_stands_under_our_name_whatever_else_is_called_so(counted: Source, tmp_path: Path) -> None:
    assert shared(counted, "period,月份,amount\n2026-03,2026-03,7.00\n", tmp_path)[0] == {"2026-03": "7.00"}
    assert Decimal(shared(counted, "月份,period,amount\n2026-03,2026-03,7.00\n", tmp_path)[0]["2026-03"]) == 7
