"""Another list of what took place: matched one to one, believed only where it adds up, and never where it lies."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.history.simulator_account import DAY, Account, Knobs, Meeting, instant
from ytxdata.errors import UsageError
from ytxdata.history.proof.certificate import Certificate, Period
from ytxdata.history.proof.hearing import Archived, hear
from ytxdata.history.proof.witness import (
    ASIDE,
    FINDINGS,
    MOST_NAMED,
    Aside,
    Difference,
    Hearing,
    Totals,
    Witness,
    WitnessLine,
    with_witnesses,
)
from ytxdata.history.witness_lists import read_witness
from ytxdata.times import BEIJING

START, END = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def held(n: int) -> list[Archived]:
    return [Archived(f"k{i}", f"m{i}", at(i), f"+86138{i:08d}") for i in range(n)]


def line(i: int, **more: object) -> WitnessLine:
    plain = WitnessLine(i + 2, f"m{i}", f"+86138{i:08d}", at(i), at(i + 0.5), 1800, Decimal("1.50"))
    return replace(plain, **more)  # type: ignore[arg-type]


def witness(lines: Sequence[WitnessLine], totals: Totals | None = None, **more: object) -> Witness:
    plain = Witness("bill", "invoice", "0" * 64, START, END, tuple(lines), totals or Totals(lines=len(lines)))
    return replace(plain, **more)  # type: ignore[arg-type]


def test_a_list_whose_every_line_is_found_and_whose_total_adds_up_proves_its_period() -> None:
    said = hear(witness([line(i) for i in range(20)]), held(20))
    assert (said.finding, said.n_found, said.n_only_in_archive) == ("witnessed", 20, 0)
    certificate = with_witnesses(Certificate(), [said], END)
    assert [(one.verdict, one.start, one.end, one.pull_ids) for one in certificate.periods] == [
        ("PROVEN", START, END, ("bill",))
    ]


@pytest.mark.parametrize(
    ("name", "lines", "totals", "more", "finding"),
    [
        ("a line the archive lacks", [line(i) for i in range(21)], None, {}, "lines_missing"),
        ("a line twice", [*(line(i) for i in range(20)), line(3, line=99)], None, {}, "lines_missing"),
        ("a meeting left out", [line(i) for i in range(19)], None, {}, "incomplete"),
        ("a meeting left out that is counted", [line(i) for i in range(19)], Totals(lines=20), {}, "total_differs"),
        ("seconds that do not add up", [line(i) for i in range(20)], Totals(20, 20 * 1800 + 1), {}, "total_differs"),
        ("yuan that do not add up", [line(i) for i in range(20)], Totals(yuan=Decimal("30.01")), {}, "total_differs"),
        ("no total of its own", [line(i) for i in range(20)], Totals(), {}, "no_total"),
        (
            "a line that cannot be read",
            [line(i) for i in range(20)],
            None,
            {"aside": (Aside(line(20), "no_id"),)},
            "unread",
        ),
        ("one class of numbers", [line(i) for i in range(20)], None, {"number_class": "mobile"}, "part"),
        ("another account", [line(i + 100) for i in range(20)], None, {}, "foreign"),
        ("nothing", [], Totals(lines=0), {}, "empty"),
    ],
)
def test_a_list_proves_nothing_with(
    name: str, lines: list[WitnessLine], totals: Totals | None, more: dict[str, object], finding: str
) -> None:
    said = hear(witness(lines, totals, **more), held(20))
    assert said.finding == finding, name
    assert "PROVEN" not in [one.verdict for one in with_witnesses(Certificate(), [said], END).periods]
    assert said.text.zh != said.text.en


@pytest.mark.parametrize(
    "totals", [Totals(lines=20), Totals(seconds=36_000), Totals(yuan=Decimal(30)), Totals(20, 36_000, Decimal("30.0"))]
)
def test_any_total_of_its_own_will_do(totals: Totals) -> None:
    assert hear(witness([line(i) for i in range(20)], totals), held(20)).finding == "witnessed"


def test_a_line_that_is_not_here_is_a_gap_with_its_number_and_takes_no_more_than_its_time() -> None:
    proven = Certificate.of([Period(START, END, "anchored", ("p",))])
    said = hear(witness([line(i) for i in range(21)]), held(20))
    assert [(one.line, one.meeting_id) for one in said.only_in_witness] == [(22, "m20")]
    gaps = [one for one in with_witnesses(proven, [said], END).periods if one.verdict == "GAP"]
    assert [(one.start, one.end, one.reason_key) for one in gaps] == [(at(20), at(20.5), "only_in_witness")]


def test_a_list_of_another_account_makes_no_gap() -> None:
    proven = Certificate.of([Period(START, END, "anchored", ("p",))])
    said = hear(witness([line(i + 100) for i in range(20)]), held(20))
    assert with_witnesses(proven, [said], END) == proven


def test_many_lines_that_are_not_here_are_named_up_to_a_number_and_all_are_gaps() -> None:
    lines = [line(i) for i in range(3 * MOST_NAMED)]
    said = hear(witness(lines), held(2 * MOST_NAMED - 1))
    assert said.n_only_in_witness == MOST_NAMED + 1
    assert len(said.only_in_witness) == MOST_NAMED + 1
    gaps = [one for one in with_witnesses(Certificate(), [said], END).periods if one.reason_key == "only_in_witness"]
    assert gaps[-1].end == lines[-1].ended_at


@pytest.mark.parametrize(("shift", "found"), [(0, 20), (2, 20), (-2, 20), (2.1, 0), (-2.1, 0)])
def test_without_an_id_a_line_is_found_by_its_number_and_instant_within_two_minutes(shift: float, found: int) -> None:
    lines = [line(i, meeting_id=None, started_at=at(i) + shift * MINUTE) for i in range(20)]
    assert hear(witness(lines), held(20)).n_found == found


def test_an_id_that_is_used_again_is_another_meeting() -> None:
    weekly = [Archived("a", "room", at(0)), Archived("b", "room", at(168))]
    lines = [
        WitnessLine(2, "room", None, at(0)),
        WitnessLine(3, "room", None, at(168)),
        WitnessLine(4, "room", None, at(336)),
    ]
    said = hear(witness(lines), weekly)
    assert [(one.line, one.start) for one in said.only_in_witness] == [(4, at(336))]


def test_two_parties_of_one_meeting_are_not_each_other_and_a_rejoin_is_another_connection() -> None:
    legs = [Archived("1", "m", at(0), "+861"), Archived("2", "m", at(0), "+862"), Archived("3", "m", at(0.01), "+861")]

    def calls(*numbers: str) -> Witness:
        return witness([WitnessLine(n, "m", number, at(0)) for n, number in enumerate(numbers)], kind="cdr")

    assert hear(calls("+861", "+862", "+861"), legs).finding == "witnessed"
    assert hear(calls("+861", "+862", "+862"), legs).finding == "lines_missing"


def test_who_was_never_connected_need_not_be_on_a_list() -> None:
    silent = [*held(20), Archived("s", "silent", at(3), is_silent=True)]
    assert hear(witness([line(i) for i in range(20)]), silent).finding == "witnessed"


def test_what_only_the_archive_holds_is_told_by_id_where_it_began_in_the_period() -> None:
    beside = [Archived("x", "before", START - MINUTE), Archived("y", "after", END), *held(21)]
    said = hear(witness([line(i) for i in range(20)]), beside)
    assert (said.only_in_archive, said.n_only_in_archive) == (("m20",), 1)


def test_a_testimony_survives_json_unchanged() -> None:
    for n in (20, 21):
        said = hear(witness([line(i) for i in range(n)]), held(20))
        assert Hearing.from_dict(json.loads(json.dumps(said.to_dict()))) == said


def test_a_list_proves_nothing_of_what_has_not_settled() -> None:
    said = hear(witness([line(i) for i in range(20)]), held(20))
    settled = at(48)
    cut = with_witnesses(
        Certificate.of([Period(START, at(30), "full"), Period(at(30), at(72), "settling")]), [said], settled
    )
    assert [(one.reason_key, one.start, one.end) for one in cut.periods] == [
        ("witnessed", START, settled),
        ("settling", settled, at(72)),
    ]
    assert cut.over(START, END).worst == "GAP"
    assert with_witnesses(Certificate(), [said], START) == Certificate()


def test_a_witness_that_is_taken_back_leaves_what_there_was() -> None:
    before = Certificate.of([Period(at(10), at(30), "full"), Period(at(30), at(54), "settling")])
    said = hear(witness([line(i) for i in range(20)]), held(20))
    heard = with_witnesses(before, [said], END)
    assert heard.worst == "PROVEN"
    assert with_witnesses(before, [], END) == before


@given(
    n=st.integers(1, 60),
    left_out=st.sets(st.integers(0, 59), max_size=4),
    doubled=st.sets(st.integers(0, 59), max_size=3),
    lost=st.sets(st.integers(0, 59), max_size=4),
    counts_what_it_shows=st.booleans(),
    has_ids=st.booleans(),
)
def test_no_lie_but_one_that_fits_what_the_archive_lost_is_believed(
    n: int, left_out: set[int], doubled: set[int], lost: set[int], *, counts_what_it_shows: bool, has_ids: bool
) -> None:
    told = [i for i in range(n) if i not in left_out]
    lines = [line(i, meeting_id=f"m{i}" if has_ids else None) for i in told]
    lines += [replace(line(i), line=1000 + i) for i in doubled if i in told]
    totals = Totals(lines=len(lines) if counts_what_it_shows else n)
    archive = [one for i, one in enumerate(held(n)) if i not in lost]
    said = hear(witness(lines, totals), archive)
    missing = {i for i in lost if i < n}
    if said.finding == "witnessed":
        assert missing <= left_out
    elif not missing and not left_out and not doubled:
        pytest.fail(said.finding)


# ---- the truth of the simulator's accounts


@pytest.mark.parametrize("seed", range(40))
def test_no_list_of_a_lived_month_proves_what_was_lost_unless_it_leaves_out_the_same(seed: int) -> None:
    rng = random.Random(seed)
    account = Account(Knobs(reuses_ids=rng.choice((0, 0.2)), same_second=rng.choice((0, 0.5))), rng)
    account.live(30 * DAY, rng.choice((1, 5, 20)))

    def key(one: Meeting) -> tuple[str, float]:
        return one.id, one.start

    lost = {key(one) for one in account.meetings if rng.random() < rng.choice((0, 0.02, 0.3))}
    left_out = {key(one) for one in account.meetings if rng.random() < rng.choice((0, 0, 0.05))}
    lines = [
        WitnessLine(
            n, rng.choice((one.id, one.id, None)), f"+86{one.creator}", instant(one.start + rng.uniform(-60, 60))
        )
        for n, one in enumerate(account.meetings)
        if key(one) not in left_out
    ]
    archive = [
        Archived(str(n), one.id, instant(one.start), f"+86{one.creator}")
        for n, one in enumerate(account.meetings)
        if key(one) not in lost
    ]
    total = len(lines) if rng.random() < 0.7 else len(account.meetings)
    month = Witness("l", "console", "", instant(0), instant(30 * DAY), tuple(lines), Totals(lines=total))
    said = hear(month, archive)
    if said.finding == "witnessed":
        assert lost <= left_out
    gaps = [one for one in with_witnesses(Certificate(), [said], END).periods if one.verdict == "GAP"]
    if said.finding == "lines_missing":
        told = [one for one in account.meetings if key(one) in lost - left_out]
        assert len(told) == said.n_only_in_witness
        assert gaps


# ---- reading


CSV = "会议编号,开始时间,时长(秒),金额(元)\nm0,2026-03-01 08:00:00,1800,1.50\nm1,2026-03-01 09:00:00,0:30:00,¥1.50\n合计,,3600,3.00\n"


def read(raw: bytes, **more: object) -> Witness:
    return read_witness(raw, "bill.csv", str(more.pop("kind", "invoice")), START - timedelta(hours=8), END, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_csv_is_read_in_every_encoding_with_its_own_total(encoding: str) -> None:
    bill = read(CSV.encode(encoding))
    assert bill.lines == (
        WitnessLine(2, "m0", None, at(0), None, 1800, Decimal("1.50")),
        WitnessLine(3, "m1", None, at(1), None, 1800, Decimal("1.50")),
    )
    assert bill.totals == Totals(None, 3600, Decimal("3.00"))
    assert bill.totals.agree(bill.lines)


def test_an_xlsx_file_says_the_same() -> None:
    from openpyxl import Workbook

    book, file = Workbook(), BytesIO()
    assert book.active is not None
    for row in (
        ["会议编号", "开始时间", "时长(秒)", "金额(元)"],
        ["m0", datetime(2026, 3, 1, 8, tzinfo=UTC).replace(tzinfo=None), 1800, 1.5],
        ["m1", "2026-03-01 09:00:00", 1800, 1.5],
        ["合计", None, 3600, 3],
    ):
        book.active.append(row)
    book.save(file)
    assert [replace(one, amount_yuan=None) for one in read(file.getvalue()).lines] == [
        replace(one, amount_yuan=None) for one in read(CSV.encode()).lines
    ]
    assert read(file.getvalue()).totals == Totals(None, 3600, Decimal(3))


def test_call_records_are_read_as_the_platform_writes_them() -> None:
    record = {
        "requestid": "r1", "caller": "4001", "called": "13800000001", "callerstime": "20260301080000",
        "calleretime": "20260301083000", "calledstime": "20260301080010", "calledetime": "20260301083000",
        "duration": 1790, "oriamount": "0.75",
    }  # fmt: skip
    calls = read(json.dumps({"cdr": [record], "total": 1}).encode(), kind="cdr")
    assert calls.by_connection
    assert calls.lines == (
        WitnessLine(1, "r1", "+8613800000001", START + timedelta(seconds=10), at(0.5), 1790, Decimal("0.75")),
    )
    assert calls.totals == Totals(lines=1)


def test_a_day_is_no_instant_and_an_unreadable_line_is_counted() -> None:
    dated = read(b"meid,start\nm0,2026-03-01\n,\nx,\n")
    assert [(one.meeting_id, one.started_at) for one in dated.lines] == [("m0", None), ("x", None)]
    numbers = read("号码,开始时间\n13800000001,2026-03-02 10:00\n13800000001,someday\n".encode())
    assert (len(numbers.lines), [one.why for one in numbers.aside]) == (1, ["no_id"])


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"", "invoice"),
        (b"a,b\n1,2\n", "invoice"),
        (b'{"a": 1}', "cdr"),
        (b"{broken", "cdr"),
        (b"PK\x03\x04broken", "invoice"),
        (CSV.encode(), "letter"),
        (b"meid,start\nm0,2027-03-01 10:00:00\n", "invoice"),
    ],
)
def test_what_cannot_be_read_is_a_clear_error_and_says_what_to_do(raw: bytes, kind: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(raw, kind=kind)
    assert caught.value.remedy


def test_every_finding_speaks_both_languages() -> None:
    assert all(text.zh and text.en for text in FINDINGS.values())


@pytest.mark.parametrize(
    ("change", "totals", "finding"),
    [
        ({"amount_yuan": Decimal(0)}, Totals(yuan=Decimal("28.5")), "no_total"),
        ({"amount_yuan": None}, Totals(yuan=Decimal("28.5")), "no_total"),
        ({"duration_s": None}, Totals(seconds=19 * 1800), "no_total"),
        ({"duration_s": None}, Totals(lines=20, seconds=19 * 1800), "witnessed"),
        ({"amount_yuan": Decimal(0), "duration_s": 0}, Totals(yuan=Decimal("28.5")), "witnessed"),
    ],
)
def test_a_total_in_which_a_line_counts_for_nothing_shows_no_lack(
    change: dict[str, object], totals: Totals, finding: str
) -> None:
    lines = [line(i) for i in range(20)]
    lines[7] = replace(lines[7], **change)  # type: ignore[arg-type]
    assert hear(witness(lines, totals), held(20)).finding == finding


# ---- lists made in a spreadsheet

HEAD = "会议编号,开始时间,时长(秒),金额（元）\n"
BODY = "m0,2026/3/1 8:00,1800,1.50\nm1,2026/3/1 9:00,1800,1.50\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('合计 85 场,,"3,600",3.00', "total"),
        ("合  计,,3600,3.00", "total"),
        ("总计（元）,,3600,3.00", "total"),
        ("2026年3月合计,,3600,3.00", "total"),
        ("Grand total:,,3600,3.00", "total"),
        ("小计,,1800,1.50", "subtotal"),
        ("本页小计,,1800,1.50", "subtotal"),
        ("本页合计,,1800,1.50", "subtotal"),
        ("Subtotal,,1800,1.50", "subtotal"),
        ("制表人：张三,,,", "footer"),
        ("打印时间：2026-04-01 10:00,,,", "footer"),
        ("Prepared by: Zhang San,,,", "footer"),
        ("制表人：张三,,制表日期：,2026/4/1", "footer"),
        ("制表人：张三,,,制表日期：2026/4/1", "footer"),
        (",备注：以上为3月账单,,", "footer"),
        ("2.02603E+28,2026/3/1 8:00,1800,1.50", "scientific"),
        ("=A1,2026/3/1 8:00,1800,1.50", "formula"),
        (",2026/3/1 8:00,1800,1.50", "no_id"),
    ],
)
@pytest.mark.parametrize("place", ["amid", "last"])
def test_what_is_no_meeting_is_named_with_its_line_wherever_it_stands(text: str, why: str, place: str) -> None:
    first, second = BODY.splitlines(keepends=True)
    body = f"{first}{text}\n{second}" if place == "amid" else f"{BODY}{text}\n"
    bill = read((HEAD + body).encode("gb18030"))
    assert [one.meeting_id for one in bill.lines] == ["m0", "m1"]
    assert [(one.line.line, one.why) for one in bill.aside] == [(3 if place == "amid" else 4, why)]
    assert bill.totals == (Totals(None, 3600, Decimal("3.00")) if why == "total" else Totals())
    said = hear(bill, held(2))
    assert ASIDE[why].en in said.text.en
    assert ASIDE[why].zh in said.text.zh
    assert said.aside == ((bill.aside[0].line.line, why),)


@pytest.mark.parametrize(
    "text",
    [
        "合计,2026/3/1 10:00,1800,",
        "小计,2026/3/1 10:00,,1.50",
        "制表人：张三,2026/3/1 10:00,1800,1.50",
        "三楼会议室,,,",
        "合计划会议室,,1800,1.50",
        "合计人力资源部,,1800,1.50",
        "Total Energies,,1800,1.50",
        "sum-1,,1800,1.50",
        "会议室：三楼,2026/3/1 10:00,,",
        "会议室：三楼,,1800,",
        "会议室：三楼,,0:30:00,",
        "会议室：三楼,,约30分钟,",
        "会议室：三楼,,,1.50",
        "m:7,,,",
    ],
)
def test_what_may_be_a_meeting_is_never_left_out(text: str) -> None:
    bill = read(f"{HEAD}{BODY}{text}\n".encode())
    assert [one.line for one in bill.lines] == [2, 3, 4]
    assert hear(bill, held(2)).n_only_in_witness == 1


def test_of_a_list_of_nothing_but_ids_only_usual_notes_are_none() -> None:
    bill = read("会议编号\nm0\n会议室：三楼\n制表人：张三\n".encode())
    assert [one.meeting_id for one in bill.lines] == ["m0", "会议室：三楼"]
    assert [(one.line.line, one.why) for one in bill.aside] == [(4, "footer")]


@pytest.mark.parametrize("room", ["合计", "小计", "会议室：三楼", "12345E10"])
def test_what_the_archive_knows_as_an_id_is_a_meeting_whatever_it_looks_like(room: str) -> None:
    bill = read(f"{HEAD}{BODY}{room},,,\n".encode(), totals=Totals(lines=3))
    said = hear(bill, [*held(2), Archived("r", room, at(5))])
    assert (said.finding, said.n_found, said.aside) == ("witnessed", 3, ())


def test_a_line_without_a_time_shows_none_and_its_gap_is_the_whole_period() -> None:
    said = hear(read(f"{HEAD}{BODY}lost,,,\n".encode()), held(2))
    assert [(one.start, one.end) for one in said.only_in_witness] == [(None, None)]
    assert Hearing.from_dict(json.loads(json.dumps(said.to_dict()))) == said
    assert [(one.verdict, one.start, one.end) for one in with_witnesses(Certificate(), [said], END).periods] == [
        ("GAP", said.start, said.end)
    ]


@pytest.mark.parametrize(
    ("total", "finding", "differs"),
    [
        ("合计,,3600,3.00", "witnessed", ()),
        ("合计,,3600,3.01", "witnessed", (Difference("yuan", "3.01", "3"),)),
        ("合计,,3600,2.99", "witnessed", (Difference("yuan", "2.99", "3"),)),
        ("合计,,3600,3.02", "total_differs", (Difference("yuan", "3.02", "3"),)),
        ("合计,,,3.01", "total_differs", (Difference("yuan", "3.01", "3"),)),
        ("合计,,3601,3.00", "total_differs", (Difference("seconds", "3601", "3600"),)),
        (
            "合计,,3601,3.01",
            "total_differs",
            (Difference("seconds", "3601", "3600"), Difference("yuan", "3.01", "3")),
        ),
    ],
)
def test_amounts_that_were_rounded_line_by_line_leave_the_proof_to_the_seconds_and_all_else_is_told(
    total: str, finding: str, differs: tuple[Difference, ...]
) -> None:
    said = hear(read(f"{HEAD}{BODY}{total}\n".encode()), held(2))
    assert (said.finding, said.differs) == (finding, differs)
    for one in differs:
        assert f"the total says {one.stated}, the lines come to {one.summed}" in said.text.en
        assert f"合计写的是 {one.stated}，各行之和是 {one.summed}" in said.text.zh


def test_rounding_is_no_excuse_where_the_seconds_vouch_for_nothing() -> None:
    unknown = BODY.replace("1800,1.50\nm1", ",1.50\nm1")
    assert hear(read(f"{HEAD}{unknown}合计,,1800,3.01\n".encode()), held(2)).finding == "total_differs"


def test_ids_in_scientific_notation_are_told_as_that() -> None:
    lines = "".join(f"2.02603E+28,2026/3/1 {8 + n}:00,1800,1.50\n" for n in range(9))
    said = hear(read(f"{HEAD}{lines}合计,,16200,13.50\n".encode()), held(9))
    assert (said.finding, said.n_aside, said.differs) == ("unread", 10, ())
    assert "lines 2, 3, 4, 5, 6 … (a number was saved in scientific notation, its last digits are lost)" in said.text.en


def test_a_number_of_an_xlsx_file_that_is_too_long_for_one_is_told_as_that() -> None:
    from openpyxl import Workbook

    book, file = Workbook(), BytesIO()
    assert book.active is not None
    book.active.append(["会议编号"])
    book.active.append([2.02603051234e28])
    book.save(file)
    assert [one.why for one in read(file.getvalue()).aside] == ["scientific"]


@pytest.mark.parametrize("above", ["2026年3月账单,,,\n", "2026年3月账单\n\n", ",,,\n账单,,,\n单位：某公司,,,\n"])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_titles_above_the_header_are_no_header(above: str, delimiter: str) -> None:
    bill = read((above + HEAD + BODY).replace(",", delimiter).encode())
    n = above.count("\n")
    assert [(one.line, one.meeting_id, one.duration_s) for one in bill.lines] == [
        (n + 2, "m0", 1800),
        (n + 3, "m1", 1800),
    ]


def test_a_list_without_a_known_column_shows_those_that_it_has() -> None:
    with pytest.raises(UsageError, match="编码, 时刻") as caught:
        read("编码,时刻\nm0,2026/3/1 8:00\n".encode())
    assert "编码、时刻" in str(caught.value)


# ---- what nobody would have read: it is read, or it is told and nothing is proven

TIMES = "会议编号,开始时间,时长\n"
CALLS = "".join(f"m{i},2026-03-{i + 1:02} 08:00:00,600\n" for i in range(20))
OWN = "合计,,12000\n"
LOST = "LOST,2026-03-25 10:00:00,600\n"


def daily(n: int = 20) -> list[Archived]:
    return [Archived(f"d{i}", f"m{i}", at(24 * i)) for i in range(n)]


def heard(raw: bytes | str, archived: Sequence[Archived] | None = None, **more: object) -> Hearing:
    return hear(read(raw.encode() if isinstance(raw, str) else raw, **more), daily() if archived is None else archived)


def workbook(*sheets: Sequence[Sequence[object]], hidden: Sequence[int] = (), merged: str = "") -> bytes:
    from openpyxl import Workbook

    book, file = Workbook(), BytesIO()
    for place, rows in enumerate(sheets):
        sheet = book.active if place == 0 else book.create_sheet()
        assert sheet is not None
        for row in rows:
            sheet.append(list(row))
        if place in hidden:
            sheet.sheet_state = "hidden"
        if merged and place == 0:
            sheet.merge_cells(merged)
    book.save(file)
    return file.getvalue()


def grid(text: str) -> list[list[str | int]]:
    return [[int(cell) if cell.isdigit() else cell for cell in line.split(",")] for line in text.splitlines()]


def beside(left: str, right: str) -> str:
    return "".join(f"{a},{b}\n" for a, b in zip(left.splitlines(), right.splitlines(), strict=True))


def as_json(calls: str = CALLS) -> list[dict[str, object]]:
    return [
        dict(zip(("meetingid", "starttime", "duration"), line.split(","), strict=True)) for line in calls.splitlines()
    ]


OTHERS = CALLS.replace("m", "LOST")
PLAIN = grid(TIMES + CALLS + OWN)
HONEST: dict[str, str | bytes] = {
    "times": TIMES + CALLS + OWN,
    "days": (TIMES + CALLS + OWN).replace(" 08:00:00", ""),
    "days in Chinese": (TIMES + CALLS + OWN).replace("2026-03-", "2026年3月").replace(" 08:00:00", "日"),
    "days as their midnight": (TIMES + CALLS + OWN).replace("08:00:00", "00:00:00.000"),
    "days of their end": (TIMES + CALLS + OWN).replace("开始时间", "结束时间").replace(" 08:00:00", ""),
    "instants of their end": (TIMES + CALLS + OWN).replace("开始时间", "结束时间").replace("08:00:00", "08:10:00"),
    "no times": "会议编号,时长\n" + "".join(f"m{i},600\n" for i in range(20)) + "合计,12000\n",
    "UTC": (TIMES + CALLS + OWN).replace(" 08:00:00", "T00:00:00Z"),
    "GBK": (TIMES + CALLS + OWN).encode("gbk"),
    "semicolons": (TIMES + CALLS + OWN).replace(",", ";"),
    "subtotals": TIMES + CALLS.replace("m10,", "小计,,6000\nm10,") + "小计,,6000\n" + OWN,
    "a header on each page": TIMES + CALLS.replace("m10,", TIMES + "m10,") + OWN,
    "titles and notes": "2026年3月账单,,\n单位：某公司,,\n" + TIMES + CALLS + OWN + "制表人：张三,,\n",
    "a column of notes": (TIMES + CALLS).replace("\n", ",已核对 3 次\n").replace("时长,已核对 3 次", "时长,备注") + OWN,
    "a note behind": TIMES + CALLS + OWN + "制表人：张三,,,审核：李四 2026-04-01\n",
    "an index before": "".join(
        f"{'' if n == 0 else n},{one}\n" for n, one in enumerate((TIMES + CALLS).splitlines())
    )
    + "合计,,,12000\n",
    "two names of a meeting": (TIMES + CALLS).replace(",2026", ",8800,2026").replace("编号,", "编号,会议号,") + "合计,,,12000\n",
    "two times of a call": (TIMES + CALLS).replace(":00,", ":00,2026-03-02 08:00:10,").replace("时间,", "时间,接通时间,")
    + "合计,,,12000\n",
    "a column that is repeated as it is": beside(TIMES + CALLS + OWN, "会议编号\n" + "".join(f"m{i}\n" for i in range(20)) + "合计\n"),
    "a title of two lines": (TIMES + CALLS).replace("\n", ',"周会\n甲，乙"\n').replace('时长,"周会\n甲，乙"', "时长,会议名称") + OWN,
    "JSON": json.dumps({"code": 0, "page": {"total": 20, "more": []}, "errors": [], "cdr": as_json(), "total": 20}),
    "a column twice and short lines": (TIMES + CALLS).replace("\n", ",备注\n").replace("时长,备注", "时长,时长").replace("600,备注", "600,600")
    + "小计\n合计,,12000\n",
    "JSON with parties": json.dumps({"list": [one | {"parties": [{"phone": "1", "duration": 9}]} for one in as_json()], "total": 20}),
    "XLSX": workbook(PLAIN),
    "XLSX with a cover": workbook([["2026年3月账单"], ["客户", "某公司"], ["账期", "2026-03-01", "2026-03-31"], ["总时长", 12000]], PLAIN),
    "XLSX with an empty second sheet": workbook(PLAIN, []),
    "XLSX with a summary": workbook(PLAIN, [["部门", "场次", "金额"], ["销售部", 12, 345.6]]),
    "XLSX with numbers as text": workbook([[str(cell) for cell in row] for row in PLAIN]),
    "XLSX with a merged title": workbook([["2026年3月账单"], *PLAIN], merged="A1:C1"),
}  # fmt: skip


@pytest.mark.parametrize("form", HONEST)
def test_an_honest_list_of_a_usual_kind_proves_its_month(form: str) -> None:
    said = heard(HONEST[form])
    assert (said.finding, said.n_found, said.n_outside) == ("witnessed", 20, 0), said.text.en


FORGED: dict[str, tuple[str | bytes, str, int]] = {
    "the same columns beside": (beside(TIMES + OTHERS, TIMES + CALLS) + "合计,,24000,合计,,12000\n", "column", 4),
    "the same columns beside, numbered": (
        beside(TIMES + CALLS, "会议编号2,开始时间.1,时长(2)\n" + OTHERS) + OWN, "column", 4,
    ),
    "the columns beside by other names": (beside(TIMES + CALLS, "会议号,接通时间,计费时长\n" + OTHERS) + OWN, "column", 5),
    "cells behind": (TIMES + CALLS.replace("600\nm6", "600,LOST,2026-03-25 10:00:00,600\nm6") + OWN, "beyond", 7),
    "cells behind under blank names": (
        beside((TIMES + CALLS).replace("时长\n", "时长\n"), ",,\n" + OTHERS) + OWN, "beyond", 2,
    ),
    "cells before": (beside(",,\n" + OTHERS, TIMES + CALLS) + ",,,合计,,12000\n", "beyond", 2),
    "another table below": (TIMES + CALLS + OWN + "\n时长,会议号,开始时间\n600,LOST,2026-03-25 10:00:00\n", "table", 24),
    "a quote over lines": (
        TIMES.replace("\n", ",名称\n") + CALLS.replace("600\n", "600,周会\n").replace("周会\nm6", f'"周会\n{LOST.strip()},周会"\nm6') + OWN,
        "swallowed", 7,
    ),
    "another list": (json.dumps({"detail": as_json(), "more": as_json(LOST), "total": 20}), "list", 2),
    "another list, deep": (json.dumps({"detail": as_json(), "more": {"list": [["LOST", 600]]}, "total": 20}), "list", 2),
    "a list in a text": (json.dumps({"detail": as_json(), "more": json.dumps(as_json(LOST)), "total": 20}), "list", 2),
    "a meeting beside": (json.dumps({"detail": as_json(), "last": as_json(LOST)[0], "total": 20}), "list", 2),
    "a meeting inside": (
        json.dumps({"detail": [as_json()[0] | {"next": as_json(LOST)}, *as_json()[1:]], "total": 20}), "nested", 1,
    ),
    "a key in another case": (
        json.dumps({"detail": [one | {"meetingID": "LOST"} for one in as_json()], "total": 20}), "column", 4,
    ),
    "another worksheet": (workbook(PLAIN, grid(TIMES + LOST)), "worksheet", 2),
    "another worksheet without a header": (workbook(PLAIN, grid(LOST)), "worksheet", 2),
    "a hidden worksheet": (workbook(PLAIN, [], grid(TIMES + LOST), hidden=(2,)), "worksheet", 3),
    "a worksheet of days": (workbook(PLAIN, grid(LOST.replace(" 10:00:00", ""))), "worksheet", 2),
}  # fmt: skip


@pytest.mark.parametrize("form", FORGED)
def test_a_list_of_which_something_was_not_read_proves_nothing_and_says_where(form: str) -> None:
    raw, why, place = FORGED[form]
    said = heard(raw)
    assert said.finding in ("unread", "lines_missing", "foreign"), said.text.en
    assert (place, why) in said.aside
    assert ASIDE[why].en in said.text.en
    assert ASIDE[why].zh in said.text.zh


def test_lines_that_are_hidden_in_a_workbook_or_lie_beyond_what_it_says_of_its_size_are_read() -> None:
    import zipfile

    import openpyxl

    book, file = openpyxl.load_workbook(BytesIO(workbook(grid(TIMES + CALLS + LOST + OWN)))), BytesIO()
    assert book.active is not None
    book.active.row_dimensions[22].hidden = True
    book.save(file)
    assert [one.meeting_id for one in heard(file.getvalue()).only_in_witness] == ["LOST"]
    cut = BytesIO()
    with zipfile.ZipFile(file) as whole, zipfile.ZipFile(cut, "w") as short:
        for name in whole.namelist():
            short.writestr(name, whole.read(name).replace(b'<dimension ref="A1:C23"', b'<dimension ref="A1:C21"'))
    assert cut.getvalue() != file.getvalue()
    assert [one.meeting_id for one in heard(cut.getvalue()).only_in_witness] == ["LOST"]


def test_a_formula_whose_value_was_not_kept_is_no_empty_cell() -> None:
    said = heard(workbook([*PLAIN[:-1], ['="LO"&"ST"', "=B2", "=C2"], PLAIN[-1]]))
    assert (said.finding, said.aside[0]) == ("unread", (22, "formula"))


@pytest.mark.parametrize(
    ("title", "finding"), [("2026年3月会议", "witnessed"), ("March 2026", "witnessed"), ("LOST", "unread")]
)
def test_above_a_list_of_nothing_but_ids_one_word_may_be_an_id(title: str, finding: str) -> None:
    ids = "".join(f"m{i}\n" for i in range(20))
    assert heard(f"{title}\n会议编号\n{ids}", totals=Totals(lines=20)).finding == finding


def test_a_key_that_stands_twice_in_an_object_hides_no_meeting() -> None:
    text = json.dumps({"cdr": as_json(), "total": 20}).replace(
        '"meetingid": "m3"', '"meetingid": "m3", "meetingid": "LOST"'
    )
    said = heard(text)
    assert (said.finding, [why for _, why in said.aside]) == ("unread", ["column"])


# ---- days, and lines without any time


def room(*days: float, **more: object) -> list[Archived]:
    return [*daily(), *(Archived(f"r{day}", "room", at(24 * (day - 1)), **more) for day in days)]  # type: ignore[arg-type]


def visits(*days: str) -> str:
    return TIMES + CALLS + "".join(f"room,{day},600\n" for day in days) + f"合计,,{600 * (20 + len(days))}\n"


@pytest.mark.parametrize("second", ["2026-03-17", "2026/3/17 00:00", "20260317"])
def test_a_day_is_compared_as_a_day(second: str) -> None:
    said = heard(visits("2026-03-03", second), room(-20, 3))
    (gap,) = said.only_in_witness
    assert (said.finding, gap.start, gap.end) == ("lines_missing", at(16 * 24 - 8), at(17 * 24 - 8))
    assert heard(visits("2026-03-03", second), room(3, 17)).finding == "witnessed"


@pytest.mark.parametrize(
    ("hours", "finding"),
    [(0, "witnessed"), (23.9, "witnessed"), (35.9, "witnessed"), (36.1, "lines_missing"), (-11.9, "witnessed"), (-12.1, "lines_missing")],
)  # fmt: skip
def test_a_bill_may_be_a_day_off_by_its_zone_or_by_the_end_of_a_meeting(hours: float, finding: str) -> None:
    """Counted from the midnight that begins the day in Beijing: its neighbours count within twelve hours of its edges."""
    held_then = [*daily(), Archived("r", "room", at(9 * 24 + hours - 8))]
    assert heard(visits("2026-03-10"), held_then).finding == finding


def test_a_neighbour_of_a_day_is_nobodys_where_it_has_its_own_line_or_nobody_came() -> None:
    evenings = [12 / 24 + day for day in (9, 11)]
    said = heard(visits("2026-03-09", "2026-03-10", "2026-03-11"), room(*evenings))
    assert [one.line for one in said.only_in_witness] == [23]
    assert heard(visits("2026-03-10"), room(9.4, is_silent=True)).finding == "lines_missing"


def test_lines_that_only_meetings_outside_the_period_are_left_for_prove_nothing() -> None:
    undated = "会议编号,时长\n" + "".join(f"m{i},600\n" for i in range(20)) + "room,600\n合计,12600\n"
    for raw in (undated, TIMES + CALLS + "room,下午三点,600\n合计,,12600\n"):
        said = heard(raw, room(-20))
        assert (said.finding, said.n_outside, said.only_in_witness) == ("undated", 1, ())
        assert "PROVEN" not in [one.verdict for one in with_witnesses(Certificate(), [said], END).periods]
        assert heard(raw, room(-20, 3)).finding == "witnessed"
    assert heard(TIMES + CALLS + "room,2026-03-01,600\n合计,,12600\n", room(0.5)).finding == "undated"


def test_a_line_without_an_instant_is_not_vouched_for_by_a_meeting_nobody_came_to_or_of_an_unknown_time() -> None:
    for day in ("2026-03-03", ""):
        assert heard(visits(day), room(3, is_silent=True)).finding == "undated"
        assert heard(visits(day), [*daily(), Archived("r", "room", None)]).finding == "undated"
        assert heard(visits(day), [*room(2.9, is_silent=True), *room(3)[20:]]).finding == "witnessed"


@pytest.mark.parametrize("form", ["day", "day in UTC", "day of its end", "nothing"])
def test_of_lived_months_without_times_no_lost_one_is_proven_and_nearly_every_honest_one_is(form: str) -> None:
    """Half of the meetings are in five rooms that keep their ids: at the edges of a month these are another month's."""
    said = Counter(_lived(form, seed, is_lost=False) for seed in range(40))
    assert said["witnessed"] >= (40 if form in ("day", "nothing") else 34), said
    assert set(said) <= {"witnessed", "incomplete"}, "no honest list makes a gap"
    lost = Counter(_lived(form, seed, is_lost=True) for seed in range(40))
    assert set(lost) <= {"lines_missing", "undated", "incomplete"}, lost


def _lived(form: str, seed: int, *, is_lost: bool) -> str:
    rng = random.Random(seed)
    account = Account(Knobs(reuses_ids=rng.choice((0, 0.5))), rng)
    account.live(60 * DAY, rng.choice((1, 5, 20)))
    whole = [
        Archived(str(n), rng.choice((one.id, f"room{rng.randrange(5)}")), instant(one.start))
        for n, one in enumerate(account.meetings)
    ]
    ends = [instant(min(one.end, one.start + 4 * 3600)) for one in account.meetings]
    start = datetime.combine(instant(15 * DAY).astimezone(BEIJING), datetime.min.time(), BEIJING).astimezone(UTC)
    end = start + timedelta(days=30)
    month = [(one, at) for one in whole if (at := one.started_at) and start <= at < end]
    lines = tuple(
        WitnessLine(
            int(one.key),
            one.meeting_id,
            day={
                "day": at.astimezone(BEIJING).date(),
                "day in UTC": at.date(),
                "day of its end": ends[int(one.key)].astimezone(BEIJING).date(),
            }.get(form),
        )
        for one, at in month
    )
    lost = rng.choice(month)[0].key if is_lost else None
    bill = Witness("l", "console", "", start, end, lines, Totals(lines=len(lines)))
    return hear(bill, [one for one in whole if one.key != lost]).finding


# ---- totals


@pytest.mark.parametrize("given", [Totals(lines=20), Totals(20, 12_000), Totals(seconds=12_000)])
def test_a_total_that_is_given_hides_no_contradiction_of_the_lists_own(given: Totals) -> None:
    said = heard(TIMES + CALLS + "合计,,99999\n", totals=given)
    assert (said.finding, said.differs) == ("total_differs", (Difference("seconds", "99999", "12000"),))


def test_a_total_that_is_given_must_hold_too_and_may_vouch_for_a_rounded_one() -> None:
    assert heard(TIMES + CALLS + OWN, totals=Totals(seconds=12_001)).finding == "total_differs"
    assert heard(TIMES + CALLS, totals=Totals(lines=20)).finding == "witnessed"
    rounded = f"{HEAD}{BODY}合计,,,3.01\n"
    assert heard(rounded, held(2), totals=Totals(lines=2)).finding == "witnessed"


def test_a_meeting_called_total_is_one_though_it_is_the_sum_of_the_others() -> None:
    calls = TIMES.replace("会议", "会议名称,会议") + "".join(f"周会,{one}\n" for one in CALLS.splitlines())
    said = heard(calls + "合计,LOST,2026-03-25 10:00:00,12000\n")
    assert [one.meeting_id for one in said.only_in_witness] == ["LOST"]
