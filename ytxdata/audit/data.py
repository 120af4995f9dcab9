"""What checks look at: meetings and legs of any source as tables of integers in DuckDB, on disk, so that memory stays
bounded.
"""

from __future__ import annotations

import hmac
import re
import shutil
import tempfile
import weakref
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import duckdb
import pyarrow as pa

from ytxdata import times
from ytxdata.archive import Archive
from ytxdata.archive.connections import connect
from ytxdata.archive.witnesses import values_kept
from ytxdata.audit.invoice import Invoice
from ytxdata.errors import UsageError
from ytxdata.history.history import History
from ytxdata.history.proof.certificate import Certificate
from ytxdata.labels import Text
from ytxdata.metrics.engines import Engine
from ytxdata.metrics.source import Frames, keyed, require_columns
from ytxdata.numbers_in_text import hide_in_id, hide_in_text
from ytxdata.phones import ends_of, normalize
from ytxdata.records.numbers import access_numbers
from ytxdata.records.schema import to_pandas
from ytxdata.tables.address_book import AddressBook
from ytxdata.tables.described import to_arrow
from ytxdata.tables.masking import Privacy
from ytxdata.times import instant_of, local_second

if TYPE_CHECKING:
    from ytxdata.audit.checking import Finding
    from ytxdata.tables.table import Table

Auditable: TypeAlias = Archive | History | Frames
"""What can be audited; only an Archive knows earlier versions and keeps the life of findings."""

MEMORY = "1GB"
"""How much DuckDB may hold before it spills to disk."""

NO_RECORDS = Text("没有任何会议记录", "there are no records of meetings")
NEEDS: dict[str, tuple[str, Text]] = {
    "legs": ("SELECT count(*) > 0 FROM all_legs", Text("记录里没有参会方", "the records name no parties")),
    "joins": ("SELECT count(j) > 0 FROM all_legs", Text("参会方没有加入时刻", "the parties have no times of joining")),
    "creators": ("SELECT count(who) > 0 FROM all_meetings", Text("记录里没有发起人", "the records name no creators")),
    "archive": ("", Text("只有存档知道较早的版本", "only an archive knows earlier versions")),
    "certificate": ("", Text("没有完整性证书", "there is no certificate of completeness")),
    "roster": ("", Text("没有给花名册（--roster）", "no roster was given (--roster)")),
    "invoice": ("", Text("没有给账单（--invoice）", "no invoice was given (--invoice)")),
    "exports": ("", Text("没有给要导出的表：run(…, exports=[table])", "no table to be handed on was given: run(…, exports=[table])")),
}  # fmt: skip
"""What a check may need → the question whether it is there (or an attribute of the data), and what is said when it is
not.
"""


_OF_IDS = re.compile(r"[\w-]*", re.ASCII)


@dataclass(frozen=True, eq=False)
class Data:
    """The records under audit.

    In `rows` these tables can be asked; instants are local epoch seconds (Beijing wall clock), unknown is null:

    - `meetings`: `m` (row number) `meeting_id twin` (0, 1 … of one id used twice) `who` (creator: number in E.164
      form, else as given)
      `s e` (start, end) `len_s` (length: end − start, else what the platform says) `duration_s amount n_legs pull_id
      last_seen`;
    - `legs`: `m leg number` (E.164) `person` (number, or one of its own) `j l` (join, leave as given) `x` (leave; an
      open leg is closed at the end);
    - `all_meetings`, `all_legs`: the same for all there is, with `in_scope`; the two above hold only what starts in
      the period;
    - `access`: `number`, the account's own numbers, by which one gets into a meeting.

    Parameters
    ----------
    now
        The instant that counts as now.
    period
        The period under audit, None for everything.
    """

    connection: duckdb.DuckDBPyConnection
    now: datetime
    period: tuple[datetime | None, datetime | None]
    archive: Archive | None = None
    certificate: Certificate | None = None
    roster: AddressBook | None = None
    invoice: Invoice | None = None
    exports: tuple[Table, ...] | None = None
    notes: list[Text] = field(default_factory=list)

    @property
    def now_s(self) -> int:
        """Now in local epoch seconds."""
        return local_second(self.now)

    @cached_property
    def secret(self) -> bytes | None:
        """The key under which what must not be guessed is named; None where there is no archive."""
        return None if self.archive is None else self.archive.secret

    @cached_property
    def ends(self) -> frozenset[str]:
        """Whose ends a text of an audit must not tell: whoever is in its records."""
        numbers = "SELECT who FROM all_meetings UNION SELECT number FROM all_legs"
        return ends_of(row["who"] for row in self.rows(f"FROM ({numbers}) WHERE who IS NOT NULL"))

    @cached_property
    def creators(self) -> frozenset[str]:
        """Who convened, in any version, and is no number: tables hide it whole, and so must a sentence that says it."""
        snapshot = self.archive and self.archive.snapshot()
        told = (row["text"] for row in self.rows("FROM creators"))
        everyone = values_kept(snapshot, {"meetings": ("creator",)}) if snapshot else told
        return frozenset(one for one in everyone if not normalize(one))

    def fact(self, text: str, one: Finding, known: Collection[str]) -> str:
        """Return what stands for a fact in the id of a finding: its keyed name where a masked row hides it (an id
        beyond ASCII, and what no record has, in place of an id), or a plain hash beside it would open the mask.
        """
        if text.isascii() and (text in known or text not in one.record_ids):
            return text
        return self.called(text)

    def called(self, text: str) -> str:
        """Return what stands in the id of a finding for a text in place of an id: where neither words nor a number are
        in it, itself, else its keyed name (a plain hash told the number behind a mask), of this run alone where no
        archive has a key.
        """
        if _OF_IDS.fullmatch(text) and hide_in_id(text, partial(hide_in_text, ends=self.ends)) == text:
            return text
        key = Privacy().secret(self.secret)
        return hmac.digest(key, text.encode("utf-8", "surrogatepass"), "sha256").hex()

    def rows(self, sql: str, *values: Any) -> Iterator[dict[str, Any]]:
        """Yield the rows of a query, some at a time; `?` stand for the values."""
        return self._fetch(sql, list(values))

    def named(self, sql: str, **values: Any) -> Iterator[dict[str, Any]]:
        """Yield the rows of a query, some at a time; `$name` stand for the values."""
        return self._fetch(sql, values)

    def _fetch(self, sql: str, values: Any) -> Iterator[dict[str, Any]]:
        cursor = self.connection.cursor()
        cursor.execute(sql, values)
        names = [column[0] for column in cursor.description or ()]
        while batch := cursor.fetchmany(2048):
            yield from (dict(zip(names, row, strict=True)) for row in batch)

    def instant(self, second: int | None) -> datetime | None:
        """Return the instant of a local epoch second, in UTC."""
        return None if second is None else instant_of(second)

    def put(self, name: str, table: pa.Table) -> None:
        """Put a table beside the others, in place of one of that name."""
        self.connection.register("incoming", table)
        self.connection.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM incoming")  # noqa: S608
        self.connection.unregister("incoming")

    def lacks(self, need: str) -> Text | None:
        """Return why a need is not met, or None when it is."""
        question, reason = NEEDS[need]
        met = next(self.rows(f"SELECT ({question}) AS met"))["met"] if question else getattr(self, need) is not None
        if met:
            return None
        # of nothing it is no news that it names nobody
        return reason if not question or next(self.rows("SELECT m FROM all_meetings LIMIT 1"), None) else NO_RECORDS

    def provenance(self, ids: Collection[str]) -> dict[str, tuple[int | None, tuple[str, ...]]]:
        """Return the latest start and the pulls of each of some meetings that are known."""
        self.put("wanted", pa.table({"meeting_id": pa.array(sorted(set(ids)), pa.string())}))
        found = self.rows(
            "SELECT meeting_id, max(s) AS s, list_sort(list(DISTINCT pull_id) FILTER (pull_id IS NOT NULL)) AS pulls "
            "FROM all_meetings SEMI JOIN wanted USING (meeting_id) GROUP BY meeting_id"
        )
        return {row["meeting_id"]: (row["s"], tuple(row["pulls"] or ())) for row in found}


def open_data(
    source: Auditable,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    as_of: datetime | None = None,
    roster: AddressBook | None = None,
    invoice: Invoice | None = None,
    exports: tuple[Table, ...] | None = None,
) -> Data:
    """Return the records of a source, prepared for the checks.

    Raises
    ------
    UsageError
        The source is no Archive, History or `Frames`, or a column is missing.
    """
    now = as_of or newest_pull(source) or times.now()
    folder = tempfile.mkdtemp(prefix="ytxdata-audit-")
    connection = connect(Path(folder) / "audit.duckdb")
    # Kept order costs memory, and each check says its own.
    connection.execute(f"SET memory_limit = '{MEMORY}'; SET preserve_insertion_order = false")
    archive = source if isinstance(source, Archive) else None
    certificate = getattr(source, "certificate", None)
    data = Data(
        connection=connection,
        now=now,
        period=(start, end),
        archive=archive,
        certificate=_narrowed(certificate() if callable(certificate) else certificate, start, end, now),
        roster=roster,
        invoice=invoice,
        exports=exports,
    )
    # In a notebook nobody closes what a cell left behind, and the file holds numbers: it goes with the last reference.
    weakref.finalize(data, _clear, connection, folder)
    _fill(data, source, as_of)
    return data


def _clear(connection: duckdb.DuckDBPyConnection, folder: str) -> None:
    connection.close()
    shutil.rmtree(folder, ignore_errors=True)


def _narrowed(certificate: Any, start: datetime | None, end: datetime | None, now: datetime) -> Certificate | None:
    """Return what is claimed about the period up to now; None when nothing is."""
    if not isinstance(certificate, Certificate) or certificate.start is None or certificate.end is None:
        return None
    # An audit of what was known then claims nothing about the time after it.
    first, last = start or certificate.start, min(end or certificate.end, now)
    return certificate.over(first, last) if first < last else None


def _fill(data: Data, source: Auditable, as_of: datetime | None) -> None:
    load(data.connection, source, as_of)
    data.put("creators", _numbers(data, "raw_meetings", "creator"))
    data.put("numbers", _numbers(data, "raw_legs", "phone", "number IS NULL"))
    shown = [row["display_number"] for row in data.rows("SELECT DISTINCT display_number FROM raw_meetings")]
    access = access_numbers(pa.table({"display_number": pa.array(shown, pa.string())}))
    start, end = (None if edge is None else local_second(edge) for edge in data.period)
    data.connection.execute(_MEETINGS, {"start": start, "end": end})
    data.connection.execute(_LEGS)
    data.put("access", pa.table({"number": pa.array(sorted(access), pa.string())}))
    known = sorted(data.roster.entries) if data.roster else []
    data.put("known", pa.table({"number": pa.array(known, pa.string())}))


def _numbers(data: Data, table: str, column: str, where: str = "TRUE") -> pa.Table:
    """Return `text` and its E.164 form for every distinct text of a column of phones."""
    # Reading a number is the dearest step of an audit: each text once, however many legs have it.
    sql = f"SELECT DISTINCT {column} AS text FROM {table} WHERE {column} IS NOT NULL AND {where}"  # noqa: S608
    texts = sorted(row["text"] for row in data.rows(sql))
    return pa.table(
        {"text": pa.array(texts, pa.string()), "e164": pa.array([normalize(text) for text in texts], pa.string())}
    )


# The numbers of meetings and of namesakes follow from what they say, not from the order in which an engine gives them:
# ids of findings are made of them, and must be the same in the next audit.
_MEETINGS = """
CREATE TABLE all_meetings AS
SELECT row_number() OVER (ORDER BY meeting_id, s NULLS LAST, e, creator, pull_id) AS m, meeting_id,
    row_number() OVER (PARTITION BY meeting_id ORDER BY s NULLS LAST, e, creator, pull_id) - 1 AS twin,
    count(*) OVER (PARTITION BY meeting_id) > 1 AS is_shared,
    coalesce(e164, creator) AS who, s, e, CASE WHEN e >= s THEN e - s WHEN e IS NULL OR s IS NULL THEN duration_s END
        AS len_s,
    duration_s, amount_yuan AS amount, n_legs, pull_id, last_seen_at AS last_seen, meeting_key,
    CASE WHEN $start::BIGINT IS NULL AND $end::BIGINT IS NULL THEN TRUE
        ELSE coalesce(s >= coalesce($start, s) AND s < coalesce($end, s + 1), FALSE) END AS in_scope
FROM (SELECT *, started_at AS s, ended_at AS e FROM raw_meetings) LEFT JOIN creators ON creator = text;
"""

_LEGS = """
CREATE TABLE all_legs AS
SELECT m, leg, number, coalesce(number, '#' || leg) AS person, j, l,
    CASE WHEN coalesce(l, e) >= j THEN coalesce(l, e) END AS x, in_scope
FROM (
    SELECT meeting_id, meeting_key AS key, leg, coalesce(number, e164) AS number, joined_at AS j, left_at AS l
    FROM raw_legs LEFT JOIN numbers ON phone = text AND number IS NULL
) JOIN (
    SELECT *, CASE WHEN twin > 0 THEN coalesce(s, 2 ** 62) END AS since, lead(s)
        OVER (PARTITION BY meeting_id ORDER BY twin) AS until FROM all_meetings
) USING (meeting_id)
WHERE CASE WHEN key IS NOT NULL AND meeting_key IS NOT NULL THEN key = meeting_key
    ELSE (since IS NULL OR j >= since) AND (until IS NULL OR j < until OR (j IS NULL AND since IS NULL)) END;
DROP TABLE raw_meetings;
DROP TABLE raw_legs;
CREATE VIEW meetings AS SELECT * FROM all_meetings WHERE in_scope;
CREATE VIEW legs AS SELECT * FROM all_legs WHERE in_scope;
"""
"""Of an id that stands for several meetings, a leg belongs to the one it came with, where the source knows that, as in
reports: by time, whoever dials in before the start would be last week's. Else it belongs to the last begun by its join,
and to the first when it never joined.
"""


ROWS = 65_536
"""Rows that come over at a time."""

MEETINGS = {
    "meeting_id": "VARCHAR",
    "meeting_key": "VARCHAR",
    "started_at": "BIGINT",
    "ended_at": "BIGINT",
    "creator": "VARCHAR",
    "display_number": "VARCHAR",
    "duration_s": "BIGINT",
    "amount_yuan": "DECIMAL(38, 18)",
    "n_legs": "BIGINT",
    "pull_id": "VARCHAR",
    "last_seen_at": "BIGINT",
}
LEGS = {
    "meeting_id": "VARCHAR",
    "meeting_key": "VARCHAR",
    "leg": "BIGINT",
    "number": "VARCHAR",
    "phone": "VARCHAR",
    "joined_at": "BIGINT",
    "left_at": "BIGINT",
}
"""The columns that checks need, with DuckDB's types; instants become local epoch seconds."""

_INSTANTS = ("started_at", "ended_at", "last_seen_at", "joined_at", "left_at")
_REQUIRED = ("meeting_id", "started_at", "ended_at", "leg", "joined_at", "left_at")


def newest_pull(source: Auditable) -> datetime | None:
    """Return when the newest pull was asked, None when no pull is known."""
    pulls = source.pulls() if isinstance(source, Archive) else getattr(source, "pulls", None)
    if pulls is None:
        return None
    asked = [at for at in to_arrow(pulls)["asked_at"].to_pylist() if at is not None]
    return max(asked, default=None)


def load(connection: duckdb.DuckDBPyConnection, source: Auditable, as_of: datetime | None) -> None:
    """Bring `raw_meetings` and `raw_legs` of a source into DuckDB, with all the columns above; what it lacks is null.

    Raises
    ------
    UsageError
        The source is nothing that can be audited, or a column is missing.
    """
    for (table, columns), frame in zip((("meetings", MEETINGS), ("legs", LEGS)), _frames(source, as_of), strict=True):
        engine = Engine.of(frame)
        require_columns(table, engine, *(name for name in _REQUIRED if name in columns))
        known = [name for name in columns if name in engine.columns]
        native = engine.seconds([name for name in known if name in _INSTANTS]).select(*known).to_native()
        rows = native.to_arrow_reader(ROWS) if hasattr(native, "to_arrow_reader") else to_arrow(native)
        connection.register("given", rows)
        cells = ", ".join(
            f"CAST({name if name in known else 'NULL'} AS {kind}) AS {name}" for name, kind in columns.items()
        )
        once = "" if table == "meetings" or isinstance(source, Archive) else "DISTINCT"
        connection.execute(f"CREATE TABLE raw_{table} AS SELECT {once} {cells} FROM given")  # noqa: S608
        connection.unregister("given")


def _frames(source: Auditable, as_of: datetime | None) -> tuple[Any, Any]:
    if isinstance(source, Archive):
        meetings, legs = source.scans("meetings", "legs", as_of=as_of, is_keyed=True)
        return meetings, legs
    if isinstance(source, History):
        told, connections = keyed(source.tables)
        return to_pandas(told), to_pandas(connections)
    if not hasattr(source, "meetings") or not hasattr(source, "legs"):
        kind = f"{type(source).__module__}.{type(source).__name__}"
        raise UsageError(
            Text(f"不能审计：{kind}", f"{kind} cannot be audited"),
            remedy=Text(
                "请给 Archive、History 或 ytx.Frames(meetings, legs)",
                "give an Archive, a History or ytx.Frames(meetings, legs)",
            ),
        )
    return source.meetings, source.legs
