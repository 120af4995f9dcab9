"""Make the sample roster and invoice: those of the company that `ytxdata emulator` serves unless it is told otherwise,
so that whoever tries it has departments, with planted errors on the invoice.

Run `python data/make_lists.py`. The company's numbers cannot be dialled.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

from ytxdata.emulator import Options
from ytxdata.emulator.backend import Backend

HERE = Path(__file__).parent
COMPANY = Options(meetings=700, rate=Options().company_rate, until="2026-03-04", planted=True)


def lists() -> dict[str, str]:
    """Return the text of each file by its name."""
    truth = Backend(COMPANY).truth()
    texts = {}
    for name in ("roster", "invoice"):
        text = io.StringIO()
        writer = csv.DictWriter(text, list(truth[name][0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(truth[name])
        texts[f"{name}.csv"] = text.getvalue()
    return texts


if __name__ == "__main__":
    for name, text in lists().items():
        (HERE / name).write_text(text, encoding="utf-8", newline="")
