"""Numbers in names of meetings, as people write them: 5,000 forms that must be hidden, 10,000 ordinary names that must stay."""

from __future__ import annotations

import random
import re
import time
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ytxdata.numbers_in_text import find_numbers, hide_in_id, hide_in_text

FORMS, NAMES = 5_000, 10_000
MOST_FALSE_ALARMS = 0.01

GAPS = (
    "", " ", "-", ".", "·", "\u00a0", "\u2007", "\u202f", "\u3000", "   ", "\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2212", "_", "－", "/",
    " - ", " – ", "\t",
)  # fmt: skip
MOBILE_GROUPS = (
    [11],
    [3, 4, 4],
    [3, 3, 5],
    [4, 3, 4],
    [4, 4, 3],
    [1, 3, 3, 4],
    [3, 8],
    [5, 6],
    [7, 4],
    [1] * 11,
    [2, 2, 2, 2, 2, 1],
    [3, 3, 3, 2],
)
SCRIPTS = ("0123456789", "٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "０１２３４５６７８９", "०१२३४५६७८९", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗")
INVISIBLE = ("", "", "", "\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u200e")
BEFORE = ("", "", "张伟", "电话", "tel ", "（回电 ", "请拨：", "Call ", "周会|", "王总,", "【", "Q3 ")
AFTER = ("", "", "的会议", " 谢谢", "）", "，周会", "找前台", "'s meeting", "】", "; ok", " 转3")
COUNTRIES = ("44 20 7946 0018", "1 202 555 0100", "49 30 901820", "81 3 1234 5678", "852 2345 6789", "65 6123 4567")


def _grouped(digits: str, sizes: list[int], gap: str) -> str:
    parts, at = [], 0
    for size in sizes:
        parts.append(digits[at : at + size])
        at += size
    return gap.join(part for part in [*parts, digits[at:]] if part)


def _mobile(draw: random.Random) -> tuple[str, str]:
    digits = f"1{draw.choice('3456789')}{draw.randrange(10**9):09d}"
    gap = draw.choice(GAPS)
    sizes = draw.choice(MOBILE_GROUPS)
    shown = _grouped(
        digits, sizes, "-" if gap == "." and sizes == [3, 3, 3, 2] else gap
    )  # with dots that is an address of the internet
    country = draw.choice(("", "", "", "+86", "86", "0086", "(+86)", "+ 86"))
    return digits, f"{country}{draw.choice(('', ' ', '-')) if country else ''}{shown}"


def _fixed(draw: random.Random) -> tuple[str, str]:
    area = draw.choice(("010", "021", "029", "0755", "0571", "0315"))
    local = str(draw.randrange(2 * 10**7, 9 * 10**7))
    gap = draw.choice(GAPS)
    shown = _grouped(local, draw.choice(([8], [4, 4], [3, 5], [2, 2, 4])), gap)
    return area + local, draw.choice((f"{area}{gap}{shown}", f"({area}){shown}", f"（{area}） {shown}"))


def _abroad(draw: random.Random) -> tuple[str, str]:
    country, *rest = draw.choice(COUNTRIES).split()
    gap = draw.choice(GAPS)
    prefix = draw.choice(("00", "+"))
    return country + "".join(rest), gap.join([prefix + country, *rest])


def _form(draw: random.Random) -> tuple[str, str]:
    digits, shown = draw.choice((_mobile, _mobile, _fixed, _abroad))(draw)
    script = draw.choice(SCRIPTS)
    unseen = draw.choice(INVISIBLE)
    written = "".join(f"{script[int(one)]}{unseen}" if one.isascii() and one.isdigit() else one for one in shown)
    return digits, f"{draw.choice(BEFORE)}{written}{draw.choice(AFTER)}"


def _left(text: str) -> str:
    """Every digit that can still be read."""
    return "".join(str(unicodedata.decimal(one)) for one in text if unicodedata.decimal(one, -1) >= 0)


@pytest.mark.slow
def test_whatever_a_person_reads_as_a_number_is_hidden() -> None:
    draw = random.Random(20260131)
    seen = []
    for _ in range(FORMS):
        digits, text = _form(draw)
        hidden = hide_in_text(text)
        if digits[-8:] in _left(hidden) or "****" not in hidden:
            seen.append((text, hidden))
    assert seen == []


def _date(draw: random.Random) -> str:
    year, month, day = draw.randrange(2015, 2028), draw.randrange(1, 13), draw.randrange(1, 29)
    return draw.choice((
        f"{year}-{month:02d}-{day:02d}", f"{year}.{month}.{day}", f"{year}/{month}/{day}", f"{year}{month:02d}{day:02d}", f"{year}年{month}月{day}日",
        f"{month}.{day}", f"{month:02d}{day:02d}", f"{month}月{day}-{min(day + 2, 28)}日", f"{year % 100}{month:02d}{day:02d}", f"{day}/{month}/{year}", f"{year}-W{day:02d}",
        f"{year} {month:02d} {day:02d}", f"FY{year % 100}Q{month % 4 + 1}", "",
    ))  # fmt: skip


def _time(draw: random.Random) -> str:
    hour, minute = draw.randrange(8, 19), draw.choice((0, 15, 30, 45))
    later = hour + draw.randrange(1, 4)
    return draw.choice((
        f"{hour:02d}:{minute:02d}-{later:02d}:{minute:02d}", f"{hour}.{minute:02d}-{later}.{minute:02d}", f"{hour:02d}{minute:02d}-{later:02d}{minute:02d}", f"{hour}点",
        f"{hour}：{minute:02d}", f"{hour:02d}{minute:02d}", f"{hour}:{minute:02d} – {later}:{minute:02d}", "",
    ))  # fmt: skip


def _room(draw: random.Random) -> str:
    floor, room = draw.randrange(1, 40), draw.randrange(1, 30)
    return draw.choice((
        f"{floor}{room:02d}会议室", f"A座{floor}{room:02d}", f"Room {floor}-{room:02d}", f"{floor}F-{room:02d}", f"{floor}楼{room}室", f"会议室{room}", f"B{floor}-{room:03d}",
        f"{floor}{room:02d}/{floor}{room + 1:02d}", f"({floor}{room:02d})", "",
    ))  # fmt: skip


def _amount(draw: random.Random) -> str:
    value = draw.randrange(1_000, 900_000_000)
    return draw.choice((
        f"{value:,}元", f"{value}元", f"预算{value / 10_000:.2f}万", f"¥{value:,}.00", f"${value:,}", f"合同额 {value:,} 元", f"第{value % 200}期", f"v{value % 9}.{value % 20}.{value % 7}",
        f"HT{draw.randrange(2015, 2028)}-{value % 10_000:04d}", f"PO-{value % 1_000_000:06d}", f"{value % 100}%", f"{value % 500}人", f"192.168.{value % 256}.{value % 254}",
        f"项目 {draw.randrange(2015, 2028)}{value % 1_000_000:06d}", "",
    ))  # fmt: skip


SUBJECTS = (
    "周会",
    "项目评审",
    "Weekly sync",
    "预算会",
    "董事会",
    "Kick-off",
    "培训",
    "客户拜访",
    "月度复盘",
    "1对1",
    "面试",
    "standup",
    "会议",
    "Q4规划",
)


def ordinary_name(draw: random.Random) -> str:
    parts: list[Callable[[random.Random], str]] = [_date, _time, _room, _amount]
    draw.shuffle(parts)
    said = [part(draw) for part in parts[: draw.randrange(1, 5)]]
    said.insert(draw.randrange(len(said) + 1), draw.choice(SUBJECTS))
    between = draw.choice((" ", " ", "-", "_", "，", "|", ""))
    name = ""
    for one in filter(None, said):
        glued = name[-1:].isdigit() and one[0].isdigit()  # nobody writes two figures as one
        name += (between or " " * glued if name else "") + one
    return name


@pytest.mark.slow
def test_ordinary_names_stay_as_they_are() -> None:
    draw = random.Random(20260201)
    changed = [(name, hide_in_text(name)) for name in (ordinary_name(draw) for _ in range(NAMES))]
    alarms = [(name, shown) for name, shown in changed if name != shown]
    assert len(alarms) <= MOST_FALSE_ALARMS * NAMES, alarms[:40]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("一三八一二三四五六七八的会议", "138****5678的会议"),
        ("二〇二六年一月三十一日", "二〇二六年一月三十一日"),
        ("0044 20 7946 0018的会议", "+44****0018的会议"),
        ("00 44 20 7946 0018", "+44****0018"),
        ("139.224.100.25 服务器", "139.224.100.25 服务器"),
        ("13812345678 2026-01-31 周会", "138****5678 2026-01-31 周会"),
        ("13812345678/13912345678", "138****5678/139****5678"),
        ("+86-10-6552-0000 ok", "010****0000 ok"),
        ("1381234567813912345678", "138****5678139****5678"),
        ("0106552000013812345678 找前台", "010****0000138****5678 找前台"),
        ("会议一13812345678", "会议一138****5678"),
        ("138 0930 1015", "138****1015"),
        ("029/2019/0202", "029****0202"),
        ("029 20190202 周会", "029 20190202 周会"),
        ("301|0930|1015", "301|0930|1015"),
        ("138|0930|1015", "138|0930|1015"),
    ],
)
def test_single_cases(text: str, shown: str) -> None:
    assert hide_in_text(text) == shown


@pytest.mark.parametrize(
    "behind",
    [
        "转802", "（转802）", "(分机802)", "[转802]", "转(802)", "转 接 802", "转-802", "转分机802", "总机转802",
        "请转802", "转八零二", " Ext No.802", " ext. 802", "分机号是802", "分机号：802", "/802", "×802", "p802", "w802",
        ";ext=802", " ext=802", ", ext. 802", "(802)", "（802）", " (802)", ",802", ",,802#", "-802", "转802，15:00开会", "转802/803", "转802-805", "转802、803",
    ],
)  # fmt: skip
def test_an_extension_is_hidden_however_it_is_said(behind: str) -> None:
    hidden = hide_in_text(f"010-65527788{behind}的会议")
    assert not any(one in hidden for one in ("802", "803", "805", "八零二"))
    assert hidden.startswith("010****7788")
    assert hide_in_text(hidden) == hidden
    assert len(hidden) == len(f"010****7788{behind}的会议")


@pytest.mark.parametrize("text", ["分机8802", "张三（内线 8802）", "Ext. 8802 会议", "分機：8802"])
def test_an_extension_is_hidden_without_its_number(text: str) -> None:
    assert hide_in_text(text) == text.replace("8802", "****")
    assert hide_in_text(f"next {text[-2:]} text 8802") == f"next {text[-2:]} text 8802"


@pytest.mark.parametrize(
    "text",
    ["国内线100分钟", "室内线 500 米", "extension 2026-03-31", "新增分机 200 部", "分机300台", "分机200部的预算"],
)
def test_what_is_counted_behind_the_word_for_an_extension_stays(text: str) -> None:
    assert hide_in_text(text) == text


@pytest.mark.parametrize("text", ["8613912340010", "008613912340010", "01065527788", "rent075588880000"])
def test_a_number_in_place_of_an_id_is_hidden_with_the_code_of_its_country_or_town(text: str) -> None:
    assert "****" in hide_in_id(text, hide_in_text)
    assert hide_in_id("80010001", hide_in_text) == "80010001"


@pytest.mark.parametrize(
    "text",
    [
        "{}部署会", "{}元旦会", "{}米兰", "{}台北", " {} 台账会", "{}个税会", "{}.", "{}:", "2012.", "{}-803", "2012-2013", "{}、803。", "{}/803.",
    ],
)  # fmt: skip
@pytest.mark.parametrize("word", ["分机", "0755-88880000转", "ext "])
def test_an_extension_is_hidden_whatever_word_or_sign_is_behind(word: str, text: str) -> None:
    shown = hide_in_text(word + text.format(802))
    assert not re.search("80[23]|201[23]", shown), shown


def test_a_day_behind_an_extension_stays() -> None:
    assert hide_in_text("分机802-2026-01-31") == "分机***-2026-01-31"
    assert hide_in_text("010-65527788转802-2026-01-31") == "010****7788转***-2026-01-31"


@pytest.mark.parametrize(
    "behind",
    [
        " 1802室", "/802室", "/3楼会议室", " (301室)", "(2)", "(1430)", "(2026)", ", #1 会议室", " 2026-01-31", "/2026-01-31", "/15:00", "/1430 周会", " 14:30",
        " P2会议室", " 12.5万", "×2人", "/1对1", "/30%", "/09：45", "/327,361 元", "转一下张总", "转三方会议", " 转正谈话", "，15:00", ",2026-01-31", "转8:30", "，转500元",
    ],
)  # fmt: skip
def test_what_is_no_extension_stays(behind: str) -> None:
    assert hide_in_text(f"010-65527788{behind}") == f"010****7788{behind}"


@pytest.mark.slow
def test_no_mobile_in_numerals_stays() -> None:
    draw, seen = random.Random(1), []
    numerals = str.maketrans("0123456789", "〇一二三四五六七八九")
    for _ in range(2_000):
        # both groups of four are times of day, as of one number in forty-four
        four = [f"{draw.randrange(24):02d}{draw.randrange(60):02d}" for _ in range(2)]
        groups = [f"1{draw.choice('3456789')}{draw.randrange(10)}", *four]
        told = [one.translate(numerals) for one in groups]
        forms = ("".join(told), " ".join(told), "-".join(told), groups[0] + told[1] + groups[2])
        seen += [text for text in forms if "****" not in hide_in_text(f"{text}发起的会议")]
    assert seen == []
    assert hide_in_text("一三八会议室|〇九三〇|一〇一五") == "一三八会议室|〇九三〇|一〇一五"


@pytest.mark.parametrize("gap", "，、：:|~*,;=#'∙⋅‧·˗⁃ー_")
def test_any_sign_between_the_usual_groups(gap: str) -> None:
    assert hide_in_text(f"张伟138{gap}1234{gap}5678的会议") == "张伟138****5678的会议"
    assert "6552" not in hide_in_text(f"010{gap}6552{gap}0000")


@pytest.mark.parametrize(
    "text",
    [
        "138[1234]5678",
        "138【1234】5678",
        "138<1234>5678",
        "138\u115f1234\u28005678",
        "138\u20281234\ue0005678",
        "138\x001234\x7f5678",
        "①③⑧①②③④⑤⑥⑦⑧",
        "¹³⁸¹²³⁴⁵⁶⁷⁸",
        "₁₃₈₁₂₃₄₅₆₇₈",
        "⒈⒊⒏⒈⒉⒊⒋⒌⒍⒎⒏",
        "一三八 一二三四 五六七八",
        "幺三八-幺二三四-五六七八",
        "138一二三四5678",
        "一三八，1234，五六七八",
    ],
)
def test_whatever_signs_and_digits_people_use(text: str) -> None:
    assert hide_in_text(text) == "138****5678"


def test_a_number_is_found_where_it_stands() -> None:
    text = "张\u200b伟 １３８\u00a01234–5678！"
    (number,) = find_numbers(text)
    assert number.dialled == "13812345678"
    assert text[: number.start] + "#" + text[number.end :] == "张\u200b伟 #！"


def _percent(text: str, encoding: str = "utf-8") -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode(encoding))


CODES: dict[str, Callable[[str], str]] = {
    "address": lambda one: _percent(one) if not one.isalnum() or not one.isascii() else one,
    "address, every sign": _percent,
    "address in an address": lambda one: _percent(_percent(one)),
    "address in GB 18030": lambda one: _percent(chr(ord(one) + 0xFEE0) if one.isdigit() else one, "gb18030"),
    "markup": lambda one: f"&#{ord(one)};",
    "markup, hexadecimal": lambda one: f"&#x{ord(one):x};",
    "markup with zeros and without end": lambda one: f"&#{ord(one):05d}",
    "markup in markup": lambda one: f"&amp;#{ord(one)};",
    "JSON": lambda one: f"\\u{ord(one):04x}",
    "JSON, wide digits": lambda one: f"\\u{ord(one) + 0xFEE0:04X}" if one.isdigit() else one,
    "string": lambda one: f"\\x{ord(one):02x}",
    "string, braces": lambda one: f"\\u{{{ord(one):x}}}",
    "string, eight": lambda one: f"\\U{ord(one):08x}",
    "string, octal": lambda one: f"\\{ord(one):03o}",
}


@pytest.mark.slow
@pytest.mark.parametrize("code", CODES)
def test_numbers_written_in_code_are_hidden(code: str) -> None:
    draw = random.Random(code)
    write = CODES[code]
    bad = []
    for _ in range(100):
        digits = f"1{draw.choice('35789')}{draw.randrange(10**9):09d}"
        gap, some = draw.choice(("", " ", "-", "  ")), draw.random() + ("without end" in code)
        plain = gap.join((digits[:3], digits[3:7], digits[7:]))
        written = "".join(write(one) if draw.random() < some or not one.isdigit() else one for one in plain)
        for form in (
            "{}",
            "{}的会议",
            "https://recordings.example/a/{}.mp3",
            "https://r.example/x?name=%E5%BC%A0{}&t=1",
            "会议 {} 周会",
        ):
            text = form.format(written)
            if f"{digits[:3]}****{digits[-4:]}" not in hide_in_text(text):
                bad.append((text, hide_in_text(text)))
    assert bad == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("138%2012345678", "138****5678"),
        ("138%2D1234%2D5678", "138****5678"),
        ("&#49;3812345678 周会", "138****5678 周会"),
        ("\\u0031\\u0033812345678的会议", "138****5678的会议"),
        ("138&nbsp;1234&#8211;5678", "138****5678"),
        ("%2B8613812345678", "138****5678"),
        ("100%13812345678", "****"),  # read as code it is one number, and hidden all the same
        ("https://r.example/20260305/138%2012345678.mp3?sig=%2Fab%3D", "https://r.example/20260305/138****5678.mp3?sig=%2Fab%3D"),
        ("完成 50%2026-01-31", "完成 50%2026-01-31"),
        ("预算增长 12%20260131 & 周会", "预算增长 12%20260131 & 周会"),
        ("\\server\\101\\20260131 R&D; A&B;", "\\server\\101\\20260131 R&D; A&B;"),
        ("&#9999999999;&#x110000;\\U00110000 周会", "&#9999999999;&#x110000;\\U00110000 周会"),
    ],
)  # fmt: skip
def test_single_codes(text: str, shown: str) -> None:
    assert hide_in_text(text) == shown


@pytest.mark.slow
def test_ordinary_names_in_code_stay_as_they_are() -> None:
    draw = random.Random(20261126)
    changed = []
    for _ in range(NAMES):
        name = ordinary_name(draw)
        written = draw.choice(
            (
                name,
                "".join(one if one.isalnum() and one.isascii() else _percent(one) for one in name),
                f"{draw.randrange(100)}%{name}",
            )
        )
        changed += [(name, written, hide_in_text(written))] if hide_in_text(written) != written else []
    assert len(changed) <= MOST_FALSE_ALARMS * NAMES, changed[:40]


@pytest.mark.parametrize("address", ["{}", "会议{}", "https://r.example/a/{}.wav", "https:\\/\\/r.example\\/{}.wav"])
@pytest.mark.parametrize(
    ("run", "shown"),
    [
        ("2026112515412345678103000", "20261125154****5678103000"),
        ("2026112515412345678", "20261125154****5678"),
        ("1541234567820261125", "154****567820261125"),
        ("154123456788001", "154****56788001"),
        ("00015412345678", "000154****5678"),
        ("86154123456788001", "86154****56788001"),
        ("12593154123456788001", "12593154****56788001"),
        ("202611258615412345678", "2026112586154****5678"),
        ("1541234567815512345678156123456789", "154****5678155****5678156****56789"),
        ("9154123456781551234567815612345678", "9154****5678155****5678156****5678"),
        ("2026113015412345678103000", "20261130154****5678103000"),
        ("2026112515412345678154123", "20261125154****5678154123"),
        ("20240103160448888418263039602", "20240103160448888418263039602"),  # the id of a meeting
        ("20240113143000123", "20240113143000123"),  # an instant with its thousandths
    ],
)
def test_a_number_glued_to_other_digits(run: str, shown: str, address: str) -> None:
    hidden = hide_in_text(address.format(run))
    assert hidden == address.format(shown)
    assert hide_in_text(hidden) == hidden


def test_in_an_address_a_number_is_hidden_wherever_it_stands() -> None:
    assert hide_in_text("https://r.example/4711154123456789999.wav") == "https://r.example/4711154****56789999.wav"
    assert "5678" not in hide_in_text("1764123456154123456780")[:-5]  # an instant in seconds might be part of a number


def test_digits_of_hashes_are_no_numbers() -> None:
    for text in ("a154123456789012345678901234567890123456789012345678901234567890", "~154123456780123f"):
        assert hide_in_text(text) == text


@pytest.mark.parametrize("carrier", ["12593", "17951", "17911", "17909", "10193"])
def test_a_carrier_in_front_of_a_number_is_hidden_as_in_a_column(carrier: str) -> None:
    for number, shown in (
        ("15412345678", "154****5678"),
        ("154 1234 5678", "154****5678"),
        ("01065520000", "010****0000"),
    ):
        for gap in ("", " ", "-"):
            assert hide_in_text(f"回电 {carrier}{gap}{number} 谢谢") == f"回电 {shown} 谢谢"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("15412345678_8001", "154****5678_****"),
        ("15412345678_8001.wav", "154****5678_****.wav"),
        ("15412345678_8001_103000.wav", "154****5678_****_103000.wav"),
        ("15412345678_2026-01-31 周会", "154****5678_2026-01-31 周会"),
        ("15412345678-0930 周会", "154****5678-0930 周会"),
        ("0755-88880000－802", "075****0000－***"),
        ("154x1234x5678", "154****5678"),
        ("154〇1234〇5678的会议", "154****5678的会议"),
        ("电话 15,412,345,678", "电话 154****5678"),
        ("合同额 15,412,345,678.00 元", "合同额 15,412,345,678.00 元"),
        ("1920x1080x5678", "1920x1080x5678"),
    ],
)
def test_signs_that_programs_put_into_numbers(text: str, shown: str) -> None:
    assert hide_in_text(text) == shown


@pytest.mark.parametrize(
    "number",
    [
        "+852 9123 4567", "+852 91234567", "+86 755 8888 6666", "+86-10-8888-6666", "+65 6123 4567", "+44 20 7946 0018", "+886 912 345 678",
        "+1 415-555-2671", "+8615412345678", "+86 154 1234 5678", "+ 852 9123 4567",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "text", ["周会 ({})", "客户（{} 张三）的会", "( {} )", "[{}]", "客户({}", "(tel:{})，2026-01-31"]
)
def test_a_number_with_its_country_is_hidden_in_brackets_which_stay(number: str, text: str) -> None:
    hidden = hide_in_text(text.format(number))
    assert hidden == text.format(hide_in_text(f"回电 {number}").removeprefix("回电 "))
    assert "****" in hidden


@pytest.mark.parametrize(
    "number",
    ["(+852)9123 4567", "(+852) 9123 4567", "(+86)755-88886666", "(+86) 755 8888 6666", "(+86-755)88886666", "+(852) 9123 4567", "(+44) 20 7946 0018",
     "(+1) 415.555.2671", "(+44) 20.7946.0018", "(+65) 6123.4567", "(+33) 1.42.68.53.00", "(+49) 30/12345678", "(+852) 2130 1234", "(+852) 2130-1234"],
)  # fmt: skip
def test_a_bracket_around_a_part_of_a_number_goes_with_it(number: str) -> None:
    assert re.fullmatch(r"周会 (?:\+..|075)\*{4}\d{3,4}的会", hide_in_text(f"周会 {number}的会"))
    assert hide_in_text("周会(010 8888)6666，(13812345678)") == "周会010****6666，(138****5678)"


@pytest.mark.parametrize(
    "text",
    [
        "增长(+86.5%)", "（+12.5万）", "(+1)", "(+100,000)", "同比（+852 万）", "(+2026-01-31)", "(+1234567元)", "(+8648712.5%)", "（+49823430万）",
        "(+1) 2026-01-31", "(+466)2021/1/1", "(+39) 2020 03 15-9", "(+313) 1630", "(+33) 192.168.226.62", "(+852) 2130-2230", "(+49) 31.01.2026", "(+46)13.15-16.15", "(+49) 2414/2415", "(+86) 1245-1545",
    ],
)  # fmt: skip
def test_a_gain_in_brackets_is_no_number(text: str) -> None:
    assert hide_in_text(f"周会 {text} 复盘") == f"周会 {text} 复盘"


@pytest.mark.parametrize("text", ["(+{}.56)", "(+{}.56 元)", "(+{} 元)", "（+{}.5 万元）", "(+{}人次)", "（+{} USD）"])
def test_a_gain_with_fen_or_a_unit_is_no_number_whatever_country_it_begins_with(text: str) -> None:
    for figure in ("85291234", "4702386420", "6561234567", "8675588886666"):
        gain = text.format(figure)
        assert hide_in_text(f"周会 {gain} 复盘") == f"周会 {gain} 复盘"


@pytest.mark.parametrize("name", ["万科张总", "亿联", "元朗", "人事", "万总"])
def test_a_name_behind_a_number_in_brackets_is_no_unit(name: str) -> None:
    assert hide_in_text(f"客户（+852 91234567{name}）") == f"客户（+85****4567{name}）"


@pytest.mark.parametrize(
    "text",
    [
        "UTC+8 2026-01-31 14:30", "(GMT+8) 2026.1.31 上午", "T+1 2026-01-31 结算", "T+1 20260131", "D+7 2026/01/31", "UTC+8 1400-1500", "GMT+0800 1430-1600",
        "T+1 2026-01", "+8 2026-01-31", "UTC+8 2026 0131", "Q1+2 2026-02-03", "UTC+8 20260131-0202", "UTC+10 2026-01-31",
    ],
)  # fmt: skip
def test_a_zone_or_a_count_of_days_before_a_day_is_no_country(text: str) -> None:
    assert hide_in_text(f"周会 {text} 复盘") == f"周会 {text} 复盘"


@pytest.mark.parametrize("number", ["+852 9123 4567", "+1 415-555-2671", "+44 20 7946 0018", "+65 6123 4567"])
def test_a_country_behind_a_letter_is_one(number: str) -> None:
    for before in ("tel", "WhatsApp", "Peter", "A1"):
        assert re.fullmatch(rf"{before}\+\d\d\*{{4}}\d{{3,4}} 会", hide_in_text(f"{before}{number} 会"))


@pytest.mark.parametrize("number", ["862454276954", "869376784531", "8675588886666", "8657187654321"])
def test_an_undivided_id_behind_86_is_no_line_unless_it_is_called_one(number: str) -> None:
    for said in ("工单 {} 复盘", "#{} 例会", "编号{}", "合同号：{} 会"):
        assert hide_in_text(said.format(number)) == said.format(number)
    for said in ("电话 {} 会", "张三 Tel: {}", "回电{}", "座机：{} 会", "手机号{} 会", "电话是{}"):
        assert re.fullmatch(said.format(r"0\d\d\*{4}\d{3,4}"), hide_in_text(said.format("8675588886666")))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("①138 1234 5678 ②139 1234 5679", "①138****5678 ②139****5679"),
        ("①13812345678②13912345679", "①138****5678②139****5679"),
        ("①010-88886666 ②021-66668888", "①010****6666 ②021****8888"),
        ("⒈0755-88886666 ⒉139-1234-5679", "⒈075****6666 ⒉139****5679"),
        ("①张三13812345678②李四13912345679", "①张三138****5678②李四139****5679"),
        ("电话①138-1234-5678", "电话①138****5678"),
        ("①+852 9123 4567", "①+85****4567"),
        ("客户13812345678²", "客户138****5678²"),
        ("客户13812345678¹²的会", "客户138****5678¹²的会"),
        ("1③812345678的会", "138****5678的会"),
        ("①③⑧①②③④⑤⑥⑦⑧", "138****5678"),
        ("13812345678转⑧⓪②", "138****5678转***"),
        ("①20260131 周会②301会议室", "①20260131 周会②301会议室"),
    ],
)
def test_a_circled_or_raised_numeral_beside_a_number_is_no_digit_of_it(text: str, shown: str) -> None:
    assert hide_in_text(text) == shown
    assert hide_in_text(shown) == shown


@pytest.mark.parametrize(
    "number",
    [
        "86-755-88886666", "86-755-8888-6666", "86 755 8888 6666", "86 755-8888 6666", "86(755)88886666", "(86) 755 8888 6666", "(86-755)88886666", "86 (0755) 88886666",
        "86 0755 88886666", "86 75588886666", "86.755.8888.6666", "86|755|8888|6666", "八六-七五五-八八八八-六六六六", "86，755，八八八八，6666",
    ],
)  # fmt: skip
def test_a_fixed_line_behind_its_country_needs_no_zero(number: str) -> None:
    assert hide_in_text(f"张三 电话：{number}的会") == "张三 电话：075****6666的会"


@pytest.mark.parametrize(
    "text",
    [
        "86 10 2026-01-31", "86 2026-01-31", "86-2026013101", "86 10:30-11:30", "86 10 1430-1600", "86-301-1430-1600", "86 0930 1015", "86-301", "86.10.20.30", "86-202401-0001",
        "v86.0.4240.111", "86，10，1430，1600", "第86期 10-8888", "1986 10 8888 6666", "86 755", "86号 755 8888 6666", "86项目 2024372888", "86元 10-88886666",
    ],
)  # fmt: skip
def test_86_before_days_times_and_contracts_is_no_country(text: str) -> None:
    assert hide_in_text(f"周会 {text} 复盘") == f"周会 {text} 复盘"


_SAID = st.sampled_from((
    "13812345678", "1381234", "138", "0755", "+86 ", "86", "010-65520000", "0755 8888 6666", "(+852) 9123 4567", "2045678", "8888", "6666", "20260131", "1430-1600", "12593", "①", "²", "×",
    "张三", "三", "二〇", "一三八", "李四五", " ", " ", "-", "(", ")", "（", "，", ".", "/", "+", "*", "x", "_", "转802", " ext. 8021", "的会议", "\n", "****", "%31", "\\u0031",
))  # fmt: skip


@given(
    st.lists(_SAID, max_size=8).map("".join),
    st.sampled_from((frozenset(), frozenset(("88886666", "8886666", "2045678")))),
)
def test_what_is_hidden_stays_as_it_is_when_it_is_hidden_again(text: str, ends: frozenset[str]) -> None:
    once = hide_in_text(text, ends=ends)
    assert hide_in_text(once, ends=ends) == once
    assert hide_in_text(once) == once


def test_a_mask_is_no_part_of_what_stands_beside_it() -> None:
    shown = hide_in_text("张三8613812345678+86 1430-1600")
    assert hide_in_text(shown) == shown
    for text in ("张三138****5678的会议", "138****5678一二三", "138****0755 8888 6666", "三****5678"):
        assert hide_in_text(text) == text
    for theirs in (
        "1541659****",
        "154-1659-xxxx",
        "154****43961",
        "15416****396",
        "154-1659-××××",
        "1541659●●●●",
        "1541659####",
        "1541659﹡﹡﹡﹡",
    ):
        assert hide_in_text(f"周会 {theirs} 复盘") == "周会 **** 复盘"
    for text in (
        "### 20260131 周会",
        "●●●○○ 20260131 周会",
        "*** 20260131",
        "1920×1080×5678",
        "#12345678 #87654321",
        "评分 ●●●●● 1234567",
        "1234567 ### 备注",
    ):
        assert hide_in_text(text) == text


@pytest.mark.parametrize("text", ["(+86 ", "86 755 ", "+(", "86-", "(1)", "138****5678", "86|755|8888|", "一", "(+1) "])
def test_hostile_texts_take_no_time(text: str) -> None:
    begun = time.process_time()
    hide_in_text(text * 2_000)
    assert time.process_time() - begun < 2
