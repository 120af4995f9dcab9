"""All masked forms of one person together leave ten thousand numbers: whoever holds two files tries them all."""

from __future__ import annotations

import random
import re

import pyarrow as pa
import pytest

from tests.effort import examples, seed
from ytxdata.labels import Text
from ytxdata.numbers_in_text import hidden, hide_in_text
from ytxdata.phones import normalize
from ytxdata.tables.address_book import AddressBook, Entry
from ytxdata.tables.table import Definition, Table

PEOPLE = examples(1_500, 100)
FEWEST = 10_000
_MASK = re.compile(r"(\+?[0-9]*)\*{4}([0-9]*)")

SEVEN = ("0315", "0719", "0902")
EIGHT = ("0755", "0571", "0512")
COUNTRIES = ("44", "1", "49", "65", "852", "886", "971", "33", "61", "81")
BODIES = {
    "44": "20########",
    "1": "202#######",
    "49": "30######",
    "65": "6#######",
    "852": "2#######",
    "886": "2########",
    "971": "4#######",
    "33": "6########",
    "61": "4########",
    "81": "3########",
}


def _digits(draw: random.Random, n: int) -> str:
    """Draw a local number; every tenth of eight digits reads as a day or as two times, which few of them would."""
    if n == 8 and draw.random() < 0.1:
        return draw.choice((f"20{draw.randrange(50):02d}{draw.randrange(1, 13):02d}{draw.randrange(1, 29):02d}",
                            f"2{draw.randrange(4)}{draw.randrange(60):02d}1{draw.randrange(10)}{draw.randrange(60):02d}"))  # fmt: skip
    return f"{draw.randrange(2, 9)}{draw.randrange(10 ** (n - 1)):0{n - 1}d}"


def _mobile(draw: random.Random) -> tuple[str, list[str]]:
    digits = f"1{draw.choice(('38', '59', '77', '86', '99'))}{draw.randrange(10**8):08d}"
    grouped = f"{digits[:3]} {digits[3:7]} {digits[7:]}"
    return digits, [digits, f"0{digits}", f"86{digits}", f"+86{digits}", f"0086{digits}", f"17951{digits}", grouped, f"+86 {grouped}",
                    f"{digits}转8", f"电话：{digits}", f"{digits}-802"]  # fmt: skip


def _fixed(draw: random.Random) -> tuple[str, list[str]]:
    area = draw.choice(("010", "021", "029", *EIGHT, *SEVEN))
    local = _digits(draw, 7 if area in SEVEN else 8)
    bare, extension = area[1:], draw.choice(("8", "802", "8021"))
    return bare + local, [
        f"{area}{local}", f"{bare}{local}", f"{area}-{local}", f"({area}){local}", f"+86{bare}{local}", f"+86 {area} {local}", f"0086{bare}{local}",
        f"{area} {local[:4]} {local[4:]}", f"{area}-{local}-{extension}", f"{bare}-{local}-{extension}", f"{area}{local}转{extension}", f"{area}{local}x{extension}",
        local, f"{local}-{extension}" if len(local) == 8 else local, f"{local}转{extension}",
    ]  # fmt: skip


def _abroad(draw: random.Random) -> tuple[str, list[str]]:
    country = draw.choice(COUNTRIES)
    rest = "".join(str(draw.randrange(10)) if one == "#" else one for one in BODIES[country])
    grouped = f"{rest[:2]} {rest[2:5]} {rest[5:]}"
    return country + rest, [f"+{country}{rest}", f"00{country}{rest}", f"+{country} {grouped}", f"00{country} {grouped}", f"+{country}-{rest}", rest, f"0{rest}"]  # fmt: skip


def _service(draw: random.Random) -> tuple[str, list[str]]:
    digits = f"{draw.choice(('400', '800'))}{_digits(draw, 7)}"
    return digits, [digits, f"{digits[:3]}-{digits[3:6]}-{digits[6:]}", f"+86{digits}", f"{digits}转5"]


def _short(draw: random.Random) -> tuple[str, list[str]]:
    digits = draw.choice(
        (
            f"95{draw.randrange(1000):03d}",
            f"1010{draw.randrange(10**4):04d}",
            "10086",
            f"9{draw.choice('56')}{draw.randrange(10**6):06d}",
        )
    )
    return digits, [digits, f"+86{digits}"]  # fmt: skip


def _masks(spelled: list[str], known: Table) -> set[str]:
    """Every mask that leaves for one person: cells of numbers as typed and in the normal form, names that hold them."""
    cells = [cell for one in spelled for cell in (one, normalize(one)) if cell]
    rows = known.__class__(
        frame=pa.table({"phone": cells}), name="x", title=Text("", ""), definitions=known.definitions
    ).masked()
    book = AddressBook.of({normalize(one) or one: Entry("张伟", "", n) for n, one in enumerate(spelled)})
    names = [book.name(one) or "" for one in spelled]
    texts = [hide_in_text(form.format(one)) for one in spelled for form in ("{}", "{}的会议", "张伟 {} 周会")]
    return {found[0] for text in (*rows.arrow["phone"].to_pylist(), *names, *texts) for found in _MASK.finditer(text)}


def _left(digits: str, spelled: list[str], masks: set[str]) -> int:
    """How many numbers of that many digits fit all masks, for a reader who knows how each was written."""
    ways = {"".join(re.findall("[0-9]+", one.replace("+", ""))) for one in spelled} | {digits, f"0{digits}"}
    shown: set[int] = set()
    for mask in masks:
        front, back = (part.removeprefix("+") for part in _MASK.fullmatch(mask).groups())  # type: ignore[union-attr]
        for way in [digits] if mask[0] == "+" else ways:  # that is the whole number, from its country on
            if way.startswith(front) and way.endswith(back):
                at = way.find(digits)
                open_ = {*range(len(front)), *range(len(way) - len(back), len(way))}
                # a local number is the end of the whole one
                offset = at if at >= 0 else len(way) - len(digits) if digits.endswith(way.removeprefix("0")) else None
                shown |= {place - offset for place in open_ if offset is not None and place >= offset}
    return int(10 ** (len(digits) - len(shown & {*range(len(digits))})))


@pytest.mark.slow
@pytest.mark.parametrize("draw_one", [_mobile, _fixed, _abroad, _service, _short])
def test_all_masks_of_one_number_leave_ten_thousand(draw_one) -> None:  # type: ignore[no-untyped-def]
    begun = seed(20261126)
    draw = random.Random(begun)
    known = Table(
        frame=pa.table({"phone": ["1"]}),
        name="x",
        title=Text("", ""),
        definitions=(Definition(key="phone", zh="号码", en="phone", unit="phone"),),
    )
    bad = []
    for _ in range(PEOPLE):
        digits, spelled = draw_one(draw)
        masks = _masks(spelled, known)
        if _left(digits, spelled, masks) < FEWEST:
            bad.append((digits, masks))
    assert bad == [], begun


def test_what_this_test_counts() -> None:
    """The count itself: two masks that hide other digits leave less."""
    spelled = ["1065527788", "01065527788"]
    assert _left("1065527788", spelled, {"010****7788"}) == 10_000
    assert _left("1065527788", spelled, {"010****7788", "106****7788"}) == 1_000
    assert _left("1065527788", ["65527788"], {"6****788", "010****7788"}) == 1_000


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("1065527788", "010****7788"),
        ("010-65527788-802", "010****7788"),
        ("65527788", "****7788"),
        ("65527788-802", "****7788"),
        ("6552778", "****"),
        ("8613812345678", "138****5678"),
        ("17951 13812345678", "138****5678"),
        ("0044 20 7946 0018", "+44****0018"),
        ("400-800-1234转5", "400****234"),
        ("٠١٠٦٥٥٢٧٧٨٨", "010****7788"),
        ("110", "****"),
        ("9613812345678", "****"),
    ],
)
def test_one_number_has_one_mask(written: str, shown: str) -> None:
    assert hidden(written) == shown
    assert hidden(hidden(written)) == shown
    assert hidden(normalize(written) or written) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("010-65527788转802的会议", "010****7788转***的会议"),
        ("010-65527788-802的会议", "010****7788-***的会议"),
        ("总机(010)65527788 ext. 8021", "总机010****7788 ext. ****"),
        ("13812345678 2026-01-31 周会", "138****5678 2026-01-31 周会"),
        ("010-65527788 802会议室", "010****7788 802会议室"),
    ],
)
def test_an_extension_behind_a_number_is_hidden_with_it(text: str, shown: str) -> None:
    assert hide_in_text(text) == shown
