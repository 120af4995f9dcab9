"""How a verb is typed: in this process, or as the installed program."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ytxdata.cli import main

PROGRAM = str(Path(sys.executable).with_name("ytxdata"))


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([*map(str, arguments)])
    return int(ended.value.code or 0)
