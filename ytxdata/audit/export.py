"""Is a table fit to be handed on? Rows about few people point at persons."""

from __future__ import annotations

from ytxdata.audit.checking import CHECKS, Finding
from ytxdata.audit.findings import Findings, as_findings
from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.tables.table import Table


def small_group(table: Table, minimum: int = 5, column: str = "people") -> Findings:
    """Find the rows of a table that describe fewer than `minimum` people; `Table.suppressed` makes their figures unknown.

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
    first = table.arrow.column_names[0]
    found = [
        Finding(
            record_ids=(),
            measured=row[column],
            threshold=minimum,
            mark=(table.name, str(place)),
            text=Text(
                f"表 {table.name} 第 {place + 1} 行（{row[first]}）只涉及 {row[column]} 人，少于 {minimum}",
                f"row {place + 1} of table {table.name} ({row[first]}) is about {row[column]} people, fewer than {minimum}",
            ),
        )
        for place, row in enumerate(table.arrow.select(list(dict.fromkeys([first, column]))).to_pylist())
        if row[column] is not None and row[column] < minimum
    ]
    return as_findings([(CHECKS["small_group"], one) for one in found])
