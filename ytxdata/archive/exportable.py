"""The ways out of an archive: SQL, and its present state as files for other people's tools."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, cast

from ytxdata.times import Instant

if TYPE_CHECKING:
    from ytxdata.archive.archive import Archive
    from ytxdata.exits.export import ExportReport
    from ytxdata.tables.table import Table


class Exportable:
    """What tables leave from. How they leave is known on a floor above, which is entered when it is needed."""

    def sql(
        self, query: str, *, as_of: Instant | None = None, masked: bool = True, book: Any = None,
        timeout_s: float = 60.0, memory_mb: int = 1000,
    ) -> Table:  # fmt: skip
        """Answer one SELECT, in the SQL of DuckDB.

        There are the views `meetings`, `legs`, `problems`, `changes`, `rejects`, `pulls` and `coverage` with the
        columns of the frames, `usage_daily` (the usage report, a row a day), and `book` when one is given.

        Parameters
        ----------
        query
            One SELECT (also `FROM meetings`, `WITH …`, `DESCRIBE meetings`, `SUMMARIZE legs`).
        as_of
            What the archive knew from answers asked up to that instant; there is no `coverage` then.
        masked
            Whether numbers are hidden. The views themselves hold what may leave: no WHERE can feel behind a mask.
        book
            An address book (path, frame or AddressBook): the view `book`, one row a line.
        timeout_s
            After how many seconds the query is stopped.
        memory_mb
            How much memory it may take, and how large its answer may be [MB]; it may spill ten times that to a
            private folder of the disk.

        Returns
        -------
        Table
            The rows, with the meaning of the columns that are those of a view, and the verdict on the archive;
            pandas, Polars, DuckDB and all that speak Arrow take it as it is.

        Raises
        ------
        UsageError
            It is not one SELECT over these views, the SQL is wrong, it reads from anything else (files, functions
            that read them, settings), takes too long or too much.
        NotAnArchiveError, DamagedError
            As in `meetings`.

        Notes
        -----
        One `meeting_id` may have been used for two meetings: join by `meeting_key` (id#number), which `meetings`,
        `legs`, `problems` and `changes` have, and nothing is counted twice. A masked number stands for ten thousand:
        join and count people by `number_key` and `creator_key`, the same for one number wherever it stands. Each query
        copies the columns it names out of the archive, then runs in a database of its own without files, network,
        extensions or settings.

        Examples
        --------
        >>> import ytxdata as ytx
        >>> answer = ytx.sample("archive").sql("select count(distinct meeting_key) as n from legs")
        >>> answer.to_dicts()
        [{'n': 1343}]
        """
        from ytxdata.exits import sql

        me = cast("Archive", self)
        return sql.query(me, query, as_of=as_of, masked=masked, book=book, timeout_s=timeout_s, memory_mb=memory_mb)

    def export(
        self, folder: str | PathLike[str], format: Literal["parquet", "csv", "delta"] = "parquet",  # noqa: A002
        by: Literal["month"] = "month", *, masked: bool = True,
    ) -> ExportReport:  # fmt: skip
        """Write the present state of all tables into a folder, each meeting once, for tools that read files.

        Parameters
        ----------
        folder
            Where; empty, or holding an earlier export of the same kind, of which only months that changed are written
            again.
        format
            `parquet` (ZSTD, sorted, instants in UTC), `csv` (UTF-8, instants as wall time of Beijing) or `delta`.
        by
            Meetings, legs and problems stand in the month of Beijing time in which their meeting starts
            (`meetings/month=2026-01/meetings.parquet`), those without a start in `month=__HIVE_DEFAULT_PARTITION__`.
        masked
            Whether numbers are hidden.

        Returns
        -------
        ExportReport
            Which months were written, which were left as they were, how many rows each table has.

        Raises
        ------
        UsageError
            The folder holds something else or cannot be written, or the format is unknown.
        MissingExtraError
            The extra `delta` is not installed.
        NotAnArchiveError, DamagedError
            As in `meetings`.

        Notes
        -----
        Beside the tables lie `datapackage.json` (Frictionless Data Package 2: types, units, keys, meanings in two
        languages, hashes, the certificate of each month) and `views.sql`, which makes views of them in DuckDB. A month
        of a table is replaced as a whole; what a run that was killed left undone, the next one does.
        """
        from ytxdata.exits import export

        return export.export(cast("Archive", self), folder, format, by, masked=masked)
