"""Another list of what took place, as people and platforms write it: what is read of it, and what is no meeting."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import BytesIO

import pytest

from tests.history.bills import BODY, END, HEAD, START, at, held, line, read, witness
from ytxdata.errors import UsageError
from ytxdata.history.proof.certificate import Certificate
from ytxdata.history.proof.match_lines import Archived
from ytxdata.history.proof.witness import ASIDE, Difference, Totals, WitnessLine
from ytxdata.history.proof.witness_check import hear, with_witnesses
from ytxdata.history.proof.witness_result import FINDINGS, Hearing

CSV = "会议编号,开始时间,时长(秒),金额(元)\nm0,2026-03-01 08:00:00,1800,1.50\nm1,2026-03-01 09:00:00,0:30:00,¥1.50\n合计,,3600,3.00\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_csv_is_read_in_every_encoding_with_its_own_total(encoding: str) -> None:
    bill = read(CSV.encode(encoding))
    assert bill.lines == (
        WitnessLine(2, "m0", None, at(0), None, 1800, Decimal("1.50")),
        WitnessLine(3, "m1", None, at(1), None, 1800, Decimal("1.50")),
    )
    assert bill.totals == Totals(None, 3600, Decimal("3.00"))
    assert bill.totals.agree(bill.lines)


@pytest.mark.parametrize(
    ("title", "column"), [("金额单位：分", "金额"), ("金额单位：元", "金额（分）"), ("", "费用(分)")]
)
def test_a_title_says_the_unit_of_amounts(title: str, column: str) -> None:
    """Each line of a right bill was held to be off by a hundred times."""
    text = CSV.replace("金额(元)", column).replace("¥1.50", "150").replace("1.50", "150").replace("3.00", "300")
    bill = read(f"{title},,,\n{text}".encode() if title else text.encode())
    assert [one.amount_yuan for one in bill.lines] == [Decimal("1.50")] * 2
    assert bill.totals == Totals(None, 3600, Decimal("3.00"))


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


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('合计 85 场,,"3,600",3.00', "total"),
        ("合  计,,3600,3.00", "total"),
        ("总计（元）,,3600,3.00", "total"),
        ("2026年3月合计,,3600,3.00", "total"),
        ("Grand total:,,3600,3.00", "total"),
        ("费用合计,,3600,3.00", "total"),
        ("应付总额,,3600,3.00", "total"),
        ("Total due,,3600,3.00", "total"),
        ("市场部小计,,1800,1.50", "subtotal"),
        ("第1页小计,,1800,1.50", "subtotal"),
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


FOOT = [
    "人民币（大写）,伍佰零玖元贰角整,,,",
    "（大写）,叁元整,,,",
    "制表人,张三,审核人,李四,",
    "制表人,张三,制表日期,2026-04-01,",
    "制表人,张三,,制表日期,2026/4/1",
    "制表日期,,2026-04-01,,",
    "打印时间,2026-04-01 10:00,,,",
    "开户行,中国银行,账号,6222 0210 0111 6245 678,",
    "联系电话,010-12345678,,,",
    "备注,本账单含税,,,",
    ",备注,本账单含税,,",
    "Prepared by,Zhang San,Approved by,Li Si,",
    "客服热线,,10086,,",
    "税号,,91310000MA1FL5C37X,,",
    "联系电话,,010-65520000,,",
    "付款期限,,7日内,,",
    "第1页,,共1页,,",
    "人民币（大写）,叁元整,（小写）,3.00,",
    "人民币（大写）,叁元整,,小写,¥3.00",
    "金额大写,叁元整,,,3.00",
    "（小写）,3.00,,,",
    "制单,,,,\n审核,,,,",
    "上期余额,,,,0.00\n制表人,张三,,,",
    "制表人,张三,,,\n税额,,,,0.18\n盖章,（章）,,,",
    "平均,,,1800,1.50",
    "平均值,,,1800.0,",
    "本年累计,,,36000,30.00\n日均,,,,0.10",
    "1-3月累计,,,36000,30.00",
    "Average per meeting,,,1800,1.50\n制表人,张三,,,",
    "- 1 -,,,,",
    "1/1,,,,",
    "（1）,,,,",
]
TOPICS = "会议编号,会议主题,开始时间,时长(秒),金额（元）\n" + BODY.replace(",2026", ",周会,2026")


@pytest.mark.parametrize("foot", FOOT)
def test_words_alone_below_the_last_total_are_a_note_in_however_many_cells(foot: str) -> None:
    bill = read(f"{TOPICS}合计,,,3600,3.00\n{foot}\n".encode())
    assert [one.meeting_id for one in bill.lines] == ["m0", "m1"]
    said = hear(bill, held(2))
    assert (said.finding, said.n_aside) == ("witnessed", 2 + foot.count("\n")), said.text.en


@pytest.mark.parametrize(
    "text",
    [
        "合计,,,3600,3.00\n三楼会议室,晨会,2026-03-05 10:00,,",
        "合计,,,3600,3.00\n三楼会议室,晨会,2026-03-05,,",
        "合计,,,3600,3.00\n三楼会议室,晨会,05/03/2026 10:00,,",
        *(
            f"合计,,,3600,3.00\n三楼会议室,晨会,{one},,"
            for one in ("10-17 09:15", "3月5日", "20260305", "09:15", "1772676000", "2026年3月5日上午")
        ),
        "合计,,,3600,3.00\n大写会议室,晨会,,1800,",
        "合计,,,3600,3.00\n三楼会议室,晨会,,1800,",
        "合计,,,3600,3.00\n三楼会议室,晨会,,,1.50",
        "合计,,,3600,3.00\nm7,晨会,,,",
        "合计,,,3600,3.00\n8001 0009,晨会,,,",
        "合计,,,3600,3.00\nm8,,,1800,1.50",
        "合计,,,3600,3.00\n8007,,,,",
        "合计,,,3600,3.00\n平均,,2026-03-05 10:00,1800,1.50",
        "小计,,,3600,3.00\n三楼会议室,,,1800,1.50",
        "三楼会议室,晨会,,1800,\n合计,,,5400,3.00\n平均,,2026-03-05 10:00,1800,1.50".partition("\n")[2],
        "合计,,,3600,3.00\n三楼会议室,晨会,,,\nm7,,2026-03-05 10:00,1800,1.50",
        "三楼会议室,晨会,,,\n合计,,,3600,3.00",
    ],
)
def test_what_says_when_how_long_or_how_much_below_a_total_is_a_meeting(text: str) -> None:
    said = hear(read(f"{TOPICS}{text}\n".encode()), held(2))
    assert said.n_only_in_witness == 1 + text.count("m7,,")


def test_a_phone_under_numbers_is_no_word_nor_is_a_topic_in_a_list_of_nothing_else() -> None:
    party = read("会议编号,被叫,开始时间\nm0,13800000001,2026/3/1 8:00\n共 1 条,,\n三楼会议室,13800000002,\n".encode())
    assert [one.line for one in party.lines] == [2, 4]
    topics = read("会议编号,会议主题\nm0,周会\n共 1 场,\n三楼会议室,晨会\n".encode())
    assert [one.line for one in topics.lines] == [2, 4]


def test_what_the_archive_knows_is_a_meeting_also_below_the_last_total() -> None:
    bill = read(f"{TOPICS}合计,,,3600,3.00\n三楼会议室,晨会,,,\n".encode(), totals=Totals(lines=3))
    said = hear(bill, [*held(2), Archived("r", "三楼会议室", at(5))])
    assert said.n_found == 3


@pytest.mark.parametrize(
    "foot",
    [
        "合计,（大写）叁元整,,3600,3.00",
        "合计,人民币,叁元整,3600,3.00",
        "合计人民币（大写）：叁元整,,,3600,3.00",
        "合计,,,3600,3.00\n合计人民币（大写）：叁元整,,,,",
        "合计,,,3600,3.00\n合计（大写）,叁元整,,,",
        "合计人民币（大写）：叁元整,,,,\n合计,,,3600,3.00",
        "合计3.00元（大写：叁元整）,,,,",
        "合计（大写）,叁元整,（小写）,3.00,",
        "合计（大写）,叁元整,,（小写）,¥3.00",
        "合计（大写）,叁元整,小写：¥3.00,,",
        "合计（大写）：叁元整,,,（小写）¥3.00,",
        "合计,,,3600,3.00\n价税合计（大写）,叁元整,（小写）,¥3.00,",
    ],
)
def test_an_amount_in_words_counts_for_nothing_beside_figures(foot: str) -> None:
    said = hear(read(f"{TOPICS}{foot}\n".encode()), held(2))
    assert said.finding == "witnessed", said.text.en


@pytest.mark.parametrize(
    ("foot", "finding"),
    [
        ("合计人民币（大写）：叁元整,,,,", "unread"),
        ("合计,（大写）叁元整,,,", "unread"),
        ("合计,（大写）叁元整,,约3600,3.00", "unread"),
        ("合计,（大写）叁元整,,3600,4.00", "total_differs"),
        ("合计（大写）,肆元整,（小写）,4.00,", "total_differs"),
        ("合计,,,3600,4.00\n合计人民币（大写）：肆元整,,,,", "total_differs"),
        ("小计,,,3600,3.00\n合计（大写）,叁元整,,,", "unread"),
    ],
)
def test_an_amount_in_words_alone_is_a_total_that_is_not_read(foot: str, finding: str) -> None:
    said = hear(read(f"{TOPICS}{foot}\n".encode()), held(2))
    assert said.finding == finding, said.text.en


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
    assert (
        "lines 2, 3, 4, 5, 6 … (an id or a number was saved in scientific notation, its last digits are lost)"
        in said.text.en
    )


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
    with pytest.raises(UsageError) as caught:
        read("编码,时刻\nm0,2026/3/1 8:00\n".encode())
    assert str(caught.value).count("['编码', '时刻']") == len(["zh", "en"])


@pytest.mark.parametrize(
    ("total", "own"),
    [
        ("合计 2 场,,,", Totals(lines=2)),
        ("共 2 场会议,,,", Totals(lines=2)),
        ("总共2个会议,,,", Totals(lines=2)),
        ("合计：2场，3.00元,,,", Totals(2, None, Decimal(3))),
        ("Total: 2 meetings,,,", Totals(lines=2)),
        ("Total 2 meetings 3600 s 3.00 yuan,,,", Totals(2, 3600, Decimal(3))),
        ("合计,2 场,3600,3.00", Totals(2, 3600, Decimal(3))),
        ("共 2 行,,3600,", Totals(2, 3600)),
        ("合计：3.01元,,,3.00", Totals(yuan=Decimal(3))),
        ("共 2 场会议,,,\n合计,,3600,3.00", Totals(2, 3600, Decimal(3))),
        ("合计 6 人次,,60分钟,", Totals(seconds=3600)),
        ("合计 1分40秒,,,", Totals()),
        ('"合计：2场，12,345.00元",,,', Totals(2, None, Decimal(12345))),
        ("合计：2场，12,345.00元", Totals(lines=2)),
    ],
)
def test_what_a_total_says_in_words_is_read(total: str, own: Totals) -> None:
    assert read(f"{HEAD}{BODY}{total}\n".encode()).stated == own


@pytest.mark.parametrize(("said", "finding"), [("共 2 场会议", "witnessed"), ("共 3 场会议", "total_differs")])
def test_a_count_in_words_proves_and_shows_what_is_left_out(said: str, finding: str) -> None:
    assert hear(read(f"{HEAD}{BODY}{said}\n".encode()), held(2)).finding == finding


def test_the_totals_of_parts_are_none_of_the_whole() -> None:
    first, second = BODY.splitlines()
    text = f"{HEAD}{first}\n合计 1 场,,1800,1.50\n{second}\n合计 1 场,,1800,1.50\n总计,,3600,3.00\n"
    assert read(text.encode()).stated == Totals(None, 3600, Decimal(3))


def test_meetings_are_no_lines_where_each_party_has_one() -> None:
    text = "会议编号,被叫,开始时间\nm0,13800000001,2026/3/1 8:00\nm0,13800000002,2026/3/1 8:00\n"
    assert read(f"{text}共 1 场会议,,\n".encode()).stated == Totals()
    assert read(f"{text}共 1 场会议 2 条,,\n".encode()).stated == Totals(lines=2)


@pytest.mark.parametrize("room", ["共享会议室", "共8层大会议室", "合计划 3 场", "全部门会议 3 场"])
def test_a_room_that_reads_nearly_like_a_total_is_none(room: str) -> None:
    bill = read(f"{HEAD}{BODY}{room},2026/3/1 10:00,1800,1.50\n".encode())
    assert ([one.meeting_id for one in bill.lines], bill.stated) == (["m0", "m1", room], Totals())
