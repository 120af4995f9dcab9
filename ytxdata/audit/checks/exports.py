"""Is a table fit to be handed on? Rows about few people point at persons."""

from __future__ import annotations

from collections.abc import Iterator

from ytxdata.audit.checking import CHECKS, Finding, check
from ytxdata.audit.data import Data
from ytxdata.audit.findings import Findings, as_findings
from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.tables.table import Table


@check(
    "small_group",
    "小群体",
    "small group",
    origin="Microsoft Viva: at least 5 people",
    needs=("exports",),
    thresholds=("minimum",),
)
def small_groups(data: Data, *, minimum: float = 5, column: str = "people") -> Iterator[Finding]:
    """A row of a table that is to be handed on describes fewer than `minimum` people, as its `column` counts them."""
    for table in data.exports or ():
        if column in table.arrow.column_names:
            yield from _few(table, minimum, column)
        else:
            data.notes.append(
                Text(
                    f"表 {table.name} 没有人数列 {column}，未检查小群体",
                    f"table {table.name} has no column {column}: not checked for small groups",
                )
            )


def small_group(table: Table, minimum: int = 5, column: str = "people") -> Findings:
    """Find the rows of a table that describe fewer than `minimum` people; `Table.suppressed` makes their figures unknown.

    `ytx.audit.run(…, exports=[table])` asks the same within an audit.

    Parameters
    ----------
    table
        A report or an export that counts people.
    minimum
        From how many people a row may be published.
    column
        Which column counts them.

    Returns
    -------
    Findings
        One per row; none for a table that may be published.

    Raises
    ------
    UsageError
        The table has no such column.
    """
    if column not in table.arrow.column_names:
        raise UsageError(
            Text(f"表 {table.name} 没有人数列 {column}", f"table {table.name} has no column {column}"),
            remedy=Text("选一个含人数的报表", "choose a report that counts people"),
        )
    return as_findings((CHECKS["small_group"], one) for one in _few(table, minimum, column))


def _few(table: Table, minimum: float, column: str) -> Iterator[Finding]:
    first = table.arrow.column_names[0]
    for place, row in enumerate(table.arrow.select(list(dict.fromkeys([first, column]))).to_pylist()):
        n = row[column]
        if n is not None and n < minimum:
            yield Finding(
                record_ids=(),
                measured=n,
                threshold=minimum,
                mark=(table.name, str(place)),
                text=Text(
                    f"表 {table.name} 第 {place + 1} 行（{row[first]}）只涉及 {n} 人，少于 {minimum:g}",
                    f"row {place + 1} of table {table.name} ({row[first]}) is about {n} people, fewer than {minimum:g}",
                ),
            )
