"""The page about the emulator names everything it can do."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from ytxdata.emulator import CHOICES, KINDS, Options
from ytxdata.emulator.planted_cases import CASES
from ytxdata.platform.codes import CODES

PAGE = (Path(__file__).parents[2] / "docs" / "emulator.md").read_text(encoding="utf-8")
WORDS = [
    *(field.name for field in fields(Options)),
    *(value for values in CHOICES.values() for value in values),
    *KINDS,
    *CASES,
]


@pytest.mark.parametrize("word", sorted(set(WORDS)))
def test_the_page_names(word: str) -> None:
    assert f"`{word}`" in PAGE or f"`{word}=" in PAGE or f'"{word}"' in PAGE


@pytest.mark.parametrize("code", CODES)
def test_the_page_names_the_cause_of(code: str) -> None:
    assert f"| {code} |" in PAGE or f"`code={code}`" in PAGE or f"{code} is a fault" in PAGE or code == "0"
