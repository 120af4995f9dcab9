"""Lists of what took place, and what an archive holds of it, as tests of witnesses make them."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import BytesIO

from ytxdata.history.proof.match_lines import Archived
from ytxdata.history.proof.witness import Totals, Witness, WitnessLine
from ytxdata.history.witness_lists import read_witness

START, END = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)

HEAD = "会议编号,开始时间,时长(秒),金额（元）\n"
BODY = "m0,2026/3/1 8:00,1800,1.50\nm1,2026/3/1 9:00,1800,1.50\n"


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def held(n: int) -> list[Archived]:
    return [Archived(f"k{i}", f"m{i}", at(i), f"+86138{i:08d}") for i in range(n)]


def line(i: int, **more: object) -> WitnessLine:
    plain = WitnessLine(i + 2, f"m{i}", f"+86138{i:08d}", at(i), at(i + 0.5), 1800, Decimal("1.50"))
    return replace(plain, **more)  # type: ignore[arg-type]


def witness(lines: Sequence[WitnessLine], totals: Totals | None = None, **more: object) -> Witness:
    plain = Witness("bill", "invoice", "0" * 64, START, END, tuple(lines), totals or Totals(lines=len(lines)))
    more.setdefault("given_at", END)
    return replace(plain, **more)  # type: ignore[arg-type]


def read(raw: bytes, **more: object) -> Witness:
    return read_witness(raw, "bill.csv", str(more.pop("kind", "invoice")), START - timedelta(hours=8), END, **more)  # type: ignore[arg-type]


def with_results(raw: bytes, results: Mapping[str, str | None]) -> bytes:
    """Return a workbook in which the results of some formulas are kept, as Excel keeps them: a number, or None for an
    empty text.
    """
    made = BytesIO()
    with zipfile.ZipFile(BytesIO(raw)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            text = old.read(name).decode("utf-8", "surrogateescape")
            for formula, result in results.items() if name.startswith("xl/worksheets/") else ():
                cell = rf"<c ([^>]*)><f>{re.escape(formula)}</f><v ?/?>(?:</v>)?</c>"
                kind = ' t="str"' if result is None else ""
                text, n = re.subn(cell, rf"<c \1{kind}><f>{formula}</f><v>{result or ''}</v></c>", text)
                assert n
            new.writestr(name, text.encode("utf-8", "surrogateescape"))
    return made.getvalue()
