"""The floors of the house, kept by the import contracts of pyproject.toml."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_imports_go_only_downwards_and_every_module_has_a_floor() -> None:
    program = str(Path(sys.executable).with_name("lint-imports"))
    done = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_importing_the_package_loads_no_heavy_library() -> None:
    heavy = (
        "pandas",
        "numpy",
        "pyarrow",
        "matplotlib",
        "duckdb",
        "pyspark",
        "starlette",
        "requests",
        "typer",
        "pydantic",
    )
    code = f"import sys, ytxdata; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
