"""The docs page of all definitions, written from the table the code runs on: `python -m ytxdata.metrics.page > docs/definitions.md`."""

from __future__ import annotations

import sys

from ytxdata.metrics.definitions import DEFINITIONS, REASONS
from ytxdata.tables.definition import unit_of

_HEAD = """# 指标定义 / Definitions

本页由代码所用的同一张表生成（`python -m ytxdata.metrics.page`），与报表页脚、CSV 数据字典和 Excel 说明页一致。
This page is generated from the table the code runs on, which report footers, CSV dictionaries and Excel sheets read too.

- 接入（leg）：一方的一次连接；重新加入是另一次接入。没有 `joined_at` 的参与方从未接入，不算接入，计入 `.excluded`。
  A **leg** is one party's connection; a re-join is another leg. A party without `joined_at` never joined: no leg, counted in `.excluded`.
- 人（people）：不同的规范号码；未显示号码的每次接入在“在场”问题中各算一人，在人数中单列（`withheld`）。
  **People** are distinct normalised numbers; each leg without a number is a person of its own in questions of presence, and apart (`withheld`) in head counts.
- 所有区间为半开区间 `[start, end)`，北京时间，整秒；早于加入的离开视为未知。
  All intervals are half-open, Beijing time, whole seconds; a leave before the join is taken for unknown.
- 未知为空，计入 `.excluded`，绝不当作 0。/ Unknown is null and counted in `.excluded`, never 0.
"""


def page() -> str:
    """Return the page as Markdown."""
    lines = [_HEAD, "## 列 / Columns", ""]
    lines += ["| key | 中文 | English | 单位 / unit | 规则 | rule | 来源 / origin |", "|---|---|---|---|---|---|---|"]
    for one in DEFINITIONS.values():
        cells = (f"`{one.key}`", one.zh, one.en, unit_of(one.unit).label.in_("both"), *one.formula, one.origin)
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", "## 未计入的原因 / Reasons in `.excluded`", "", "| key | 中文 | English |", "|---|---|---|"]
    lines += [f"| `{key}` | {text.zh} | {text.en} |" for key, text in REASONS.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
