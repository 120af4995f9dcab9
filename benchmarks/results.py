"""What was measured, with the machine it was measured on: one entry a benchmark in `benchmarks/results.json`, from
which `python scripts/build_performance.py` writes the pages on performance.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import ytxdata

FILE = Path(__file__).with_name("results.json")
PACKAGES = ("dlt", "duckdb", "narwhals", "numpy", "orjson", "pandas", "polars", "pyarrow", "pyspark")


def machine() -> dict[str, Any]:
    """Return what numbers hang on: the processor, its cores, the memory, the system, and what else ran meanwhile."""
    pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 0
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(pages / 2**30),
        "system": f"{platform.system()} {platform.machine()}",
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    }


def versions() -> dict[str, str]:
    """Return the versions of Python, of this package, and of what it is compared with."""
    found = {"python": platform.python_version(), "ytxdata": ytxdata.__version__}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def keep(name: str, asked: Mapping[str, Any], figures: Mapping[str, Any], file: Path = FILE) -> None:
    """Print machine and versions, and put what a benchmark measured in the place of what it measured before.

    Parameters
    ----------
    name
        The benchmark, and what else tells two runs of it apart.
    asked
        How much of what was measured.
    figures
        What came out: seconds, megabytes, ratios; by name, also nested.
    """
    entry = {
        "measured_at": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "versions": versions(),
        "asked": dict(asked),
        "figures": _rounded(dict(figures)),
    }
    told = {**machine(), **versions()}
    print(" · ".join(f"{key} {value}" for key, value in told.items()))
    kept = json.loads(file.read_text("utf-8")) if file.exists() else {}
    kept[name] = entry
    file.write_text(json.dumps(dict(sorted(kept.items())), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _rounded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _rounded(one) for key, one in value.items()}
    return float(f"{value:.4g}") if isinstance(value, float) else value
