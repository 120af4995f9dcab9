"""What the tests of the records floor share: the committed answers, and short ways to make one."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ytxdata.records.answer import Answer, read_answer
from ytxdata.records.normalize import Normalized, normalize

ANSWERS = Path(__file__).parents[2] / "data" / "answers"


@pytest.fixture(scope="session")
def made() -> dict[str, Any]:
    """What the script beside the committed answers defines."""
    return runpy.run_path(str(ANSWERS / "make.py"))


@pytest.fixture
def saved() -> Callable[[str], Answer]:
    """Read one of the committed answers."""
    return lambda name: read_answer((ANSWERS / f"{name}.json").read_bytes(), source=name)


@pytest.fixture
def answer_with() -> Callable[[str], Answer]:
    """Read an answer whose `data` has the given JSON text."""
    return lambda data: read_answer(f'{{"statusCode":"0","statusMsg":"提交成功","data":{data}}}'.encode())


@pytest.fixture
def rows() -> Callable[..., Normalized]:
    """Normalise records given as objects; a meeting id is added where there is none."""

    def build(*records: dict[str, Any]) -> Normalized:
        raws = [json.dumps({"meid": f"m{i}", **one}, ensure_ascii=False).encode() for i, one in enumerate(records)]
        return normalize(raws)

    return build
