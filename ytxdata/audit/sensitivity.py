"""How much a threshold matters: how many findings there would be at half its value, and at twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from ytxdata.audit.checking import Check
from ytxdata.audit.data import Data
from ytxdata.labels import Text
from ytxdata.tables.definition import Definition
from ytxdata.tables.table import Table

_BARS = "▁▂▃▄▅▆▇█"

_COLUMNS = (
    Definition(key="check", zh="检查", en="check", unit="text"),
    Definition(key="parameter", zh="阈值", en="threshold", unit="text"),
    Definition(
        key="value",
        zh="当前值",
        en="value",
        formula=Text("单位见名称末尾：_s 秒，_pct %", "unit by the end of its name: _s seconds, _pct %"),
    ),
    Definition(key="half", zh="减半时的发现数", en="findings at half", unit="count"),
    Definition(key="same", zh="当前的发现数", en="findings as it is", unit="count"),
    Definition(key="twice", zh="加倍时的发现数", en="findings at twice", unit="count"),
    Definition(
        key="curve",
        zh="曲线",
        en="curve",
        unit="text",
        formula=Text("减半、当前、加倍的发现数之比", "findings at half, same and twice, in proportion"),
    ),
)


def sensitivity(data: Data, checks: Iterable[Check], told: Mapping[str, Mapping[str, Any]]) -> Table:
    """Run every check with a threshold at half, the same and twice its value; one row per threshold."""
    rows = []
    for check in checks:
        given = dict(told.get(check.key, check.parameters))
        same = _count(check, data, given) if check.thresholds else 0
        for name in check.thresholds:
            half, twice = (_count(check, data, given | {name: given[name] * factor}) for factor in (0.5, 2))
            counts = {"half": half, "same": same, "twice": twice}
            rows.append(
                {
                    "check": check.key,
                    "parameter": name,
                    "value": float(given[name]),
                    **counts,
                    "curve": curve(list(counts.values())),
                }
            )
    frame = pd.DataFrame(rows, columns=[column.key for column in _COLUMNS])
    title = Text("阈值敏感度", "Sensitivity of thresholds")
    return Table(frame=frame, name="sensitivity", title=title, definitions=_COLUMNS, certificate=data.certificate)


def _count(check: Check, data: Data, parameters: Mapping[str, Any]) -> int:
    return len({finding.id_in(check.key) for finding in check.function(data, **parameters)})


def curve(counts: list[int]) -> str:
    """Return counts as a small curve.

    Examples
    --------
    >>> curve([8, 4, 0])
    '█▅▁'
    """
    most = max(counts) or 1
    return "".join(_BARS[-(-count * (len(_BARS) - 1) // most)] for count in counts)
