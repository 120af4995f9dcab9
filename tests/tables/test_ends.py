"""A local number in a title beside the masked number it is the end of: 88880000 tells what 0755****0000 hides."""

from __future__ import annotations

import random
from dataclasses import replace

import pyarrow as pa
import pytest

from tests.tables.test_numbers_in_text import BEFORE, MOST_FALSE_ALARMS, NAMES, SCRIPTS, ordinary_name
from ytxdata.labels import Text
from ytxdata.numbers_in_text import hide_in_text
from ytxdata.phones import ends_of
from ytxdata.tables.masking import sharing_ends
from ytxdata.tables.table import Definition, Table

FORMS = 5_000
COLUMNS = (
    Definition(key="creator", zh="发起人", en="creator", unit="phone"),
    Definition(key="name", zh="名称", en="name", unit="text"),
)


def table(called: str = "meetings", **columns: list[str]) -> Table:
    return Table(frame=pa.table(columns), name=called, title=Text("", ""), definitions=COLUMNS)


@pytest.mark.parametrize(
    ("creator", "title", "shown"),
    [
        ("0755-88880000", "88880000 的会议", "****0000 的会议"),
        ("075588880000", "8888 0000 周会", "****0000 周会"),
        ("0755-88880000", "找８８８８－００００", "找****0000"),
        ("0315-7654321", "7654321的会议", "****的会议"),
        ("0755-88880000", "八八八八〇〇〇〇的会议", "****0000的会议"),
        ("0755-88880000", "8888零零零零的会议", "****0000的会议"),
        ("13812345678", "尾号 12345678", "尾号 ****5678"),
        ("+44 20 7946 0018", "79460018 call", "****0018 call"),
        ("+12125551234", "2125551234发起的会议", "****发起的会议"),
        ("+1 212 555 1234", "212-555-1234 call", "**** call"),
        ("+33612345678", "612345678", "****"),
        ("+33612345678", "找 06 12 34 56 78", "找 ****"),
        ("+447700900123", "07700900123发起的会议", "****发起的会议"),
        ("+79121234567", "8 912 123-45-67", "****"),
        ("0755-88880000", "88880001 的会议", "88880001 的会议"),
        ("010-20260131", "20260131 周会", "20260131 周会"),
    ],
)
def test_the_end_of_a_masked_number_is_masked_beside_it(creator: str, title: str, shown: str) -> None:
    assert table(creator=[creator], name=[title]).masked().arrow["name"].to_pylist() == [shown]
    assert table(creator=[creator], name=[title]).masked(show_phones=True).arrow["name"].to_pylist() == [title]


def test_tables_that_leave_together_share_what_is_masked() -> None:
    by_name = table("usage", name=["88880000 的会议"])
    assert by_name.masked().arrow["name"].to_pylist() == ["88880000 的会议"]  # nobody's number as far as it knows
    one, other = sharing_ends([table(creator=["0755-88880000"], name=["x"]), by_name])
    assert other.masked().arrow["name"].to_pylist() == ["****0000 的会议"]
    assert one.masked().masked().arrow.equals(one.masked().arrow)
    assert replace(other, ends=frozenset()).masked().arrow["name"].to_pylist() == ["88880000 的会议"]


def _phone(draw: random.Random) -> tuple[str, str]:
    """A number and its subscriber's part."""
    if draw.random() < 0.4:
        local = f"{draw.randrange(10**8):08d}"
        return f"1{draw.choice(('38', '59', '77', '86', '99'))}{local}", local
    area = draw.choice(("010", "021", "0755", "0571", "0315", "0719"))
    n = 6 if area in ("0315", "0719") else 7
    local = f"{draw.randrange(2, 9)}{draw.randrange(10**n):0{n}d}"
    return area + local, local


@pytest.mark.slow
def test_no_form_of_a_known_end_stays() -> None:
    draw, seen = random.Random(88), []
    for _ in range(FORMS):
        phone, local = _phone(draw)
        script, gap = draw.choice(SCRIPTS), draw.choice(("", " ", "-", ".", "\u00a0", "－", "·"))
        at = len(local) - 4
        written = "".join(script[int(one)] if one.isdigit() else one for one in f"{local[:at]}{gap}{local[at:]}")
        text = f"{draw.choice(BEFORE)}{written}{draw.choice(('的会议', ' 周会', '', '/王总'))}"
        hidden = hide_in_text(text, ends=ends_of([phone]))
        is_a_date = len(local) == 8 and local.startswith(("19", "20"))
        if "****" not in hidden and not is_a_date:
            seen.append((phone, text, hidden))
    assert seen == []


@pytest.mark.slow
@pytest.mark.parametrize("n_known", [1_000, 50_000])
def test_known_ends_change_few_ordinary_names(n_known: int) -> None:
    draw = random.Random(7)
    ends = ends_of(_phone(draw)[0] for _ in range(n_known))
    names = [ordinary_name(draw) for _ in range(NAMES)]
    changed = [name for name in names if hide_in_text(name, ends=ends) != name]
    assert len(changed) <= MOST_FALSE_ALARMS * NAMES, changed[:20]
