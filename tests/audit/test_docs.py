"""The page about audits says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ytxdata import audit
from ytxdata.audit import CHECKS
from ytxdata.labels import Lang

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "audit.md").read_text("utf-8")


@pytest.mark.parametrize(("lang", "page"), [("en", "audit.md"), ("zh", "zh/audit.md")])
def test_every_check_is_described_with_its_defaults_and_origin(lang: Lang, page: str) -> None:
    text = (DOCS / page).read_text("utf-8")
    table = {row.split("|")[1].strip(" `"): row for row in text.splitlines() if row.startswith("| `")}
    for check in CHECKS.values():
        row = next(row for row in text.splitlines() if row.startswith(f"| `{check.key}` | {check.title.in_(lang)} |"))
        assert check.origin.in_(lang) in row
        assert check.severity.in_(lang) in row
        for name, default in check.parameters.items():
            told = " ".join(map(str, default)) or "–" if isinstance(default, tuple) else default
            mark = "**" if name in check.thresholds else ""
            assert f"{mark}{name}{mark} = {told}" in row
    assert set(CHECKS) <= set(table)


def test_every_function_it_names_is_there() -> None:
    for name in set(re.findall(r"ytx\.audit\.(\w+)", PAGE)):
        assert name in audit.__all__


def test_every_check_has_a_severity_an_origin_and_numbers_as_thresholds() -> None:
    for check in CHECKS.values():
        assert check.origin.zh
        assert check.origin.en
        for name in check.thresholds:
            assert isinstance(check.parameters[name], int | float)


def test_public_names_are_sorted() -> None:
    assert audit.__all__ == sorted(audit.__all__)
