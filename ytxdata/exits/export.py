"""The present state of an archive as a folder that other tools read: month by month, described, and written again
only where it changed.

The files of an archive hold versions, and whoever counts their rows counts meetings twice. An export holds each meeting
once. Each month of each table is one file (or one Delta partition), replaced whole; `datapackage.json` is written
last and says what each month was made of, so a run that was killed is finished by the next one.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from os import PathLike
from pathlib import Path
from shutil import rmtree
from typing import Any, NamedTuple

import pyarrow as pa
from filelock import FileLock, Timeout

from ytxdata.archive import Archive
from ytxdata.archive.ownership import no_archive
from ytxdata.archive.views import pieces
from ytxdata.errors import UsageError, require_extra
from ytxdata.exits.export_files import DRAFTS, LOCK, MONTHLY, WRITERS, Format, Part, views_sql
from ytxdata.exits.masked_tables import KEYS, Outgoing
from ytxdata.files import keep_private, refuse_archive, replacing, sha256_of
from ytxdata.labels import Text, counted
from ytxdata.records.schema import TABLES, TableName
from ytxdata.tables import open_formats
from ytxdata.tables.masking import RULES, Privacy
from ytxdata.version import __version__

# ruff: noqa: S608 (names of our own tables and columns, never text from outside)

WHOLE: tuple[TableName, ...] = ("changes", "rejects", "pulls", "coverage")
"""Tables in one file: small, and of no month."""


@dataclass(frozen=True)
class ExportReport:
    """What an export did.

    Parameters
    ----------
    folder
        Where it lies.
    written, unchanged, removed
        Months of Beijing time (`unknown` for meetings without a start).
    rows
        Table → how many rows it has now.

    Examples
    --------
    >>> ExportReport(Path("out"), ("2026-02",), ("2026-01",), (), {"meetings": 120}).line.en
    '120 meetings: 1 month written, 1 unchanged, 0 removed'
    """

    folder: Path
    written: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]
    rows: Mapping[str, int] = field(default_factory=dict)

    @property
    def line(self) -> Text:
        """What was done, in one sentence."""
        n = self.rows.get("meetings", 0)
        written, unchanged, removed = map(len, (self.written, self.unchanged, self.removed))
        return Text(
            f"{n:,} 场会议：写出 {written} 个月，{unchanged} 个月未变，移除 {removed} 个月",
            f"{counted(n, 'meeting')}: {counted(written, 'month')} written, {unchanged} unchanged, {removed} removed",
        )

    def to_dict(self) -> dict[str, object]:
        """Return it as plain data for JSON."""
        return {
            "folder": str(self.folder), "written": list(self.written), "unchanged": list(self.unchanged),
            "removed": list(self.removed), "rows": dict(self.rows),
        }  # fmt: skip


def export(
    archive: Archive,
    folder: str | PathLike[str],
    format: Format = "parquet",  # noqa: A002
    by: str = "month",
    *,
    masked: bool = True,
) -> ExportReport:  # fmt: skip
    """Write the present state of an archive; see `Archive.export`."""
    _check(format, by)
    snapshot = archive.snapshot()
    if snapshot is None:
        raise no_archive(archive.path)
    out = Outgoing(snapshot, archive.secret, Privacy(show_phones=not masked))
    target = Path(folder)
    with _alone(target):
        if masked:
            return _export(out, target, format)
        keep_private(target)  # before anything is in it: other programs write with modes of their own
        try:
            return _export(out, target, format)
        finally:
            keep_private(target)


def _export(out: Outgoing, target: Path, format: Format) -> ExportReport:  # noqa: A002
    before = _before(out, target, format)
    if not before:  # a first run that is killed must leave a folder that the next one knows as its own
        open_formats.write(target, _package(out, format, [], []))
    _forget(target)  # before it is looked at what may stay: an earlier ytxdata kept versions, and so does a killed run
    now = _states(out, format)
    kept = {
        state.month: state for state in before.values()
        if (new := now.get(state.month)) and new.fingerprint == state.fingerprint and state.is_whole(target, format)
    }  # fmt: skip
    due = [month for month in now if month not in kept]
    writer = WRITERS[format](target)
    written = dict(kept)
    for month, parts in _parts(out, due, writer):
        written[month] = _State(month, now[month].fingerprint, parts)
    gone = writer.months() - set(now)
    for month in gone:
        writer.remove(month)
    whole = {
        name: writer.whole(replace(out.described(name), frame=pa.concat_tables(out.pieces(name)))) for name in WHOLE
    }
    _forget(target)  # once: after each month all files of all months would be looked through
    states = [written[month] for month in sorted(written, key=lambda month: month or "")]
    _describe(out, target, format, states, whole)
    rows = {name: sum(state.parts[name]["rows"] for state in states) for name in MONTHLY}
    return ExportReport(
        target, _named(due), _named(kept), _named(gone), rows | {name: one["rows"] for name, one in whole.items()}
    )


def _forget(target: Path) -> None:
    for name in (*MONTHLY, *WHOLE):
        open_formats.forget_versions(target / name)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep a second export of one folder away, and drafts that a killed one left behind.

    Raises
    ------
    UsageError
        Another one is running, the folder is an archive's, or it cannot be written.
    """
    refuse_archive(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / LOCK, timeout=0):
            rmtree(folder / DRAFTS, ignore_errors=True)
            yield
            rmtree(folder / DRAFTS, ignore_errors=True)
    except Timeout:
        raise UsageError(
            Text(f"另一个导出正在写 {folder}", f"another export is writing {folder}"),
            remedy=Text("等它结束后再运行", "run again when it has ended"),
        ) from None
    except OSError as error:
        raise UsageError(
            Text(f"写不了 {folder}：{error}", f"{folder} cannot be written: {error}"),
            remedy=Text("检查磁盘空间和权限，或另选目录", "check free space and permissions, or choose another folder"),
        ) from error


def _check(format: str, by: str) -> None:  # noqa: A002
    if format not in WRITERS or by != "month":
        raise UsageError(
            Text(f"不能按 {format!r}、{by!r} 导出", f"nothing is exported as {format!r} by {by!r}"),
            remedy=Text(f"格式：{'、'.join(WRITERS)}；按 month", f"formats: {', '.join(WRITERS)}; by month"),
        )
    if format == "delta":
        require_extra("delta")


class _State(NamedTuple):
    """One month as it is, or was, written: what it was made of, and its part of each table."""

    month: str | None
    fingerprint: str
    parts: Mapping[str, Mapping[str, Any]] = {}

    def is_whole(self, folder: Path, format: str) -> bool:  # noqa: A002
        """Return whether its files are those that were written: somebody may have touched them, or a run was killed."""
        if set(self.parts) != set(MONTHLY):
            return False
        # of a month of Delta its files; 0.1.0 did not write down which
        one = [] if format == "delta" else [part for part in self.parts.values() if part["rows"]]
        files = [*one, *(file for part in self.parts.values() for file in part.get("files", ()))]
        return all(_is_same(folder / file["path"], file) for file in files)


def _is_same(path: Path, part: Mapping[str, Any]) -> bool:
    return path.is_file() and path.stat().st_size == part["bytes"] and f"sha256:{sha256_of(path)}" == part["hash"]


def _before(out: Outgoing, folder: Path, format: str) -> dict[str | None, _State]:  # noqa: A002
    """Return the months that an export left in a folder.

    Raises
    ------
    UsageError
        The folder holds something else, or another kind of export: mixed, they would be counted twice.
    """
    if all(path.name in (LOCK, DRAFTS) for path in folder.iterdir()):
        return {}
    told = open_formats.read(folder)
    if any(told.get(name) != value for name, value in _kind(out, format).items()):
        raise UsageError(
            Text(f"{folder} 不是空的，也不是同一种导出", f"{folder} is not empty, and holds no export of this kind"),
            remedy=Text("请另选一个目录", "choose another folder"),
        )
    return {one["month"]: _State(one["month"], one["fingerprint"], one["parts"]) for one in told.get("partitions", ())}


def _kind(out: Outgoing, format: str) -> dict[str, Any]:  # noqa: A002
    """Return in what all exports of a folder must be alike."""
    return {"created_by": "ytxdata.export/1", "format": format, "masked": not out.privacy.show_phones}


def _states(out: Outgoing, format: str) -> dict[str | None, _State]:  # noqa: A002
    """Return what each month is made of now: its meetings' records, and by what they are derived and masked."""
    # a problem of a meeting may come with another month: that its id was used again belongs to what it is made of
    made_of = "concat_ws('|', meeting_key, record_hash, version, observed_at, last_seen_at, pull_id, namesakes)"
    sql = (
        f"SELECT strftime(started_at, '%Y-%m') AS month, count(*) AS n, bit_xor(md5_number({made_of}))::VARCHAR AS sum "
        "FROM (SELECT *, count(*) OVER (PARTITION BY meeting_id) AS namesakes FROM rows) GROUP BY month ORDER BY month NULLS FIRST"
    )
    # a number of today may be what a title of last year tells: then all months are masked anew, which is rare
    is_masked, head = not out.privacy.show_phones, out.snapshot.head
    how = (__version__, RULES, head.generation, format, is_masked, open_formats.ROW_GROUP, out.ends_told)
    key = out.privacy.secret(out.secret)
    states: dict[str | None, _State] = {}
    for piece in pieces(out.snapshot, "meetings", sql):
        for row in piece.to_pylist():
            told = hmac.digest(key, json.dumps([*how, row["n"], row["sum"]]).encode(), "sha256").hex()
            states[row["month"]] = _State(row["month"], f"~{told[:32]}")
    return states


def _parts(out: Outgoing, due: Collection[str | None], writer: Any) -> Iterator[tuple[str | None, dict[str, Part]]]:
    """Write the months that are due, and yield each when all its tables are in place."""
    if not due:
        return
    start, end = _span(due)
    streams = {name: _Ahead(out.of_months(name, due, start, end)) for name in MONTHLY}
    empty = {name: out.described(name) for name in MONTHLY}
    for month in sorted(due, key=lambda month: month or ""):
        tables = {
            name: table if (rows := streams[name].take(month)) is None else replace(table, frame=rows)
            for name, table in empty.items()
        }
        yield month, writer.month(month, tables)


class _Ahead:
    """A stream of months, in order, from which each is taken in turn; a month that is not in it is None."""

    def __init__(self, stream: Iterator[tuple[str | None, pa.Table]]) -> None:
        self.stream = stream
        self.next = next(stream, None)

    def take(self, month: str | None) -> pa.Table | None:
        """Return the rows of a month."""
        if self.next is None or self.next[0] != month:
            return None
        rows = self.next[1]
        self.next = next(self.stream, None)
        return rows


def _span(months: Collection[str | None]) -> tuple[datetime | None, datetime | None]:
    """Return a period that holds all of some months; none when one is unknown, for then every file may hold it."""
    known = sorted(month for month in months if month is not None)
    if None in months or not known:
        return None, None
    return open_formats.span(known[0])[0], open_formats.span(known[-1])[1]


def _describe(
    out: Outgoing,
    folder: Path,
    format: Format,  # noqa: A002
    states: list[_State],
    whole: Mapping[TableName, Part],
) -> None:
    """Write `views.sql`, and last of all `datapackage.json`: what it names is there."""
    tables = {name: out.described(name) for name in (*MONTHLY, *WHOLE)}
    monthly = {name: [state.parts[name] for state in states if state.parts[name]["rows"]] for name in MONTHLY}
    script = views_sql(tables, format, {name for name, parts in monthly.items() if parts} | set(whole))
    views = folder / "views.sql"
    with replacing(views) as draft:
        draft.write_text(script, encoding="utf-8")
    resources = []
    for name, table in tables.items():
        parts = monthly.get(name) or ([whole[name]] if name in whole else [])
        files = [_of_delta(folder, name, parts)] if format == "delta" else [_plain(part) for part in parts]
        resources.append(
            open_formats.resource(
                table, files, format, encoding="utf-8" if format == "csv" else None,
                n_rows=sum(part["rows"] for part in parts), key=KEYS[name].primary if name in KEYS else (),
                parents=KEYS[name].parents if name in KEYS else None, about=TABLES[name].row,
            )
        )  # fmt: skip
    scripts = [open_formats.file(folder, views)]
    open_formats.write(folder, _package(out, format, [one for one in resources if one["path"]], states, scripts))


def _package(
    out: Outgoing,
    format: Format,  # noqa: A002
    resources: list[dict[str, Any]],
    states: list[_State],
    scripts: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    return open_formats.package(
        "meetings",
        Text("会议历史", "Conference history"),
        resources,
        out.privacy.sentence,
        out.certificate,
        **_kind(out, format),
        head=out.snapshot.head.sequence,
        partitions=[
            {
                "month": state.month,
                "fingerprint": state.fingerprint,
                "certificate": _verdict(out, state.month),
                "parts": state.parts,
            }
            for state in states
        ],
        scripts=list(scripts),
    )


def _verdict(out: Outgoing, month: str | None) -> dict[str, str] | None:
    """Return what is claimed of a month; nothing of meetings that are in none."""
    if month is None or out.certificate is None:
        return None
    return open_formats.verdict(out.certificate.over(*open_formats.span(month)))


def _of_delta(folder: Path, name: str, parts: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what is said of a table of Delta: its folder, and the files that make it what it is, the log with them.

    A log that says more than it did when it was written makes another table of the same files.
    """
    log = [open_formats.file(folder, path) for path in sorted((folder / name / "_delta_log").glob("*"))]
    return {"path": name, "files": [*log, *(file for part in parts for file in part.get("files", ()))]}


def _plain(part: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in part.items() if name != "rows"}


def _named(months: Collection[str | None]) -> tuple[str, ...]:
    return tuple(sorted(month or "unknown" for month in months))
