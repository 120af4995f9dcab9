"""Write the pages of all definitions, in both languages, from the table the code runs on.

Usage: python scripts/build_definitions.py
"""

from __future__ import annotations

from pathlib import Path

from ytxdata.labels import Lang, Text
from ytxdata.metrics.definitions import DEFINITIONS, REASONS
from ytxdata.tables.described import Definition, unit_of

DOCS = Path(__file__).parents[1] / "docs"
PAGES: dict[Lang, Path] = {"en": DOCS / "definitions.md", "zh": DOCS / "zh" / "definitions.md"}

HEAD = Text(
    """# 指标定义

本页由代码所用的同一张表生成，与报表页脚、CSV 数据字典和 Excel 说明页一致。每一节是一个指标：列名、含义、单位和依据。

- **接入**（leg）：一个参会方的一次连接，重新入会是另一次接入，计数时称**人次**。没有 `joined_at` 的参会方从未接入，不算接入，计入 `.excluded`。
- **人数**（people）：不同的规范号码。未显示号码的每次接入，在“是否在场”的问题中各算一人；在人数中单列（`withheld`）。
- 所有区间都是半开区间 `[start, end)`，北京时间，精确到秒；早于加入的离开视为未知。
- 未知为空，计入 `.excluded`，绝不当作 0。
""",
    """# Definitions

This page is made from the table the code runs on; report footers, CSV dictionaries and Excel sheets read the same
one. Each section is one metric: its column, what it means, its unit, and where the choice comes from.

- A **leg** is one party's connection; a re-join is another leg. A party without `joined_at` never joined: no
  leg, counted in
  `.excluded`.
- **People** are distinct normalised numbers. Each leg without a number is a person of its own where the
  question is who was
  present, and stands apart (`withheld`) in head counts.
- All intervals are half-open `[start, end)`, in Beijing time, to the second; a leave before the join is taken for
  unknown.
- Unknown is null and counted in `.excluded`, never 0.
""",
)
REASONS_TITLE = Text("未计入的原因", "Reasons in `.excluded`")


def page(lang: Lang) -> str:
    """Return the page in one language."""
    parts = [HEAD.in_(lang), *(section(one, lang) for one in DEFINITIONS.values())]
    rows = [f"| `{key}` | {text.in_(lang)} |" for key, text in REASONS.items()]
    head = Text("| 键 | 含义 |", "| key | meaning |").in_(lang)
    return "\n".join([*parts, f"## {REASONS_TITLE.in_(lang)}\n", head, "|---|---|", *rows]) + "\n"


def section(one: Definition, lang: Lang) -> str:
    """Return what is said of one metric."""
    label, rule = one.label.in_(lang), one.formula.in_(lang)
    facts = [Text(f"单位：{unit_of(one.unit).label.zh}", f"Unit: {unit_of(one.unit).label.en}")] if one.unit else []
    if one.origin.en:
        facts.append(Text(f"依据：{one.origin.zh}", f"Origin: {one.origin.en}"))
    said = " · ".join(fact.in_(lang) for fact in facts)
    begin = rule if lang == "zh" else rule[:1].upper() + rule[1:]
    return f"## {label[:1].upper() + label[1:]} `{one.key}`\n\n{begin}{'。' if lang == 'zh' else '.'}\n" + (
        f"\n{said}\n" if said else ""
    )


if __name__ == "__main__":
    for lang, path in PAGES.items():
        path.write_text(page(lang), encoding="utf-8")
