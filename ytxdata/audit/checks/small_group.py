"""Rows that describe too few people to be published."""

from __future__ import annotations

from collections.abc import Iterator

from ytxdata.audit.checking import Finding, check
from ytxdata.audit.data import Data


@check(
    "small_group",
    "小群体",
    "small group",
    origin="Microsoft Viva: at least 5 people",
    needs=("export",),
    thresholds=("minimum",),
)
def small_group(data: Data, *, minimum: float = 5) -> Iterator[Finding]:  # noqa: ARG001 (told as not run: it looks at exports, not at records)
    """A row of an export that describes fewer than `minimum` people: see `ytxdata.audit.small_group`."""
    yield from ()
