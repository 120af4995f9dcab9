"""Files for tools that know nothing of us: Parquet that every engine reads alike, and `datapackage.json`, which says
what lies in a folder.

Parquet has plain types, instants in UTC, each column with its meaning. The description has the words of Frictionless
Data Package 2.

What that standard has no word for (units, Chinese, verdicts) stands beside its own words, which readers must pass over.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ytxdata.errors import DamagedError
from ytxdata.files import json_of, read_plain, replacing, sha256_of
from ytxdata.labels import Text, in_lines, in_one
from ytxdata.tables.described import (
    Completeness,
    Described,
    about,
    about_path,
    differs,
    type_name,
    unit_of,
    write_about,
)
from ytxdata.times import BEIJING, ZONE_NAME, now
from ytxdata.version import __version__

NAME = "datapackage.json"
PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"

_TYPES = {
    "text": "string", "truth": "boolean", "integer": "integer", "number": "number", "decimal": "number",
    "date": "date", "time": "datetime", "instant": "datetime",
}  # fmt: skip
_MEDIA = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}

LICENCE = {
    "name": "other-closed",
    "title": "Not for publication: internal records about persons / 内部记录，涉及个人，不得公开",
}
"""No open licence: it is not ours to give."""

SOURCES = [
    {"title": "queryMeeting of the telephone-meeting platform, as kept by ytxdata / 会议平台 queryMeeting 接口，由 ytxdata 存档"}
]  # fmt: skip


def file(folder: Path, path: Path) -> dict[str, Any]:
    """Return what is said of a file: its place below the folder, its size and its hash."""
    return {
        "path": path.relative_to(folder).as_posix(),
        "bytes": path.stat().st_size,
        "hash": f"sha256:{sha256_of(path)}",
    }


def verdict(certificate: Completeness) -> dict[str, str]:
    """Return what is claimed about the completeness of the data, in both languages."""
    return {"verdict": certificate.worst, **certificate.sentence._asdict()}


class Claims(Completeness, Protocol):
    """What is claimed of any period: a certificate of an archive or a fleet."""

    @property
    def start(self) -> datetime | None:
        """From when something is claimed."""

    @property
    def end(self) -> datetime | None:
        """Until when something is claimed."""

    def over(self, start: datetime | None, end: datetime | None) -> Completeness:
        """Return what is claimed of a period."""


def months(certificate: Claims, start: datetime | None = None, end: datetime | None = None) -> list[dict[str, str]]:
    """Return what is claimed of each month of Beijing time that a certificate or a period touches."""
    first, last = start or certificate.start, end or certificate.end
    if first is None or last is None:
        return []
    told, month = [], f"{first.astimezone(BEIJING):%Y-%m}"
    while span(month)[0] < last:
        begin, following = span(month)
        told.append({"month": month, **verdict(certificate.over(max(begin, first), min(following, last)))})
        month = f"{following:%Y-%m}"
    return told


def span(month: str) -> tuple[datetime, datetime]:
    """Return the period of a month of Beijing time.

    Examples
    --------
    >>> [edge.isoformat() for edge in span("2026-12")]
    ['2026-12-01T00:00:00+08:00', '2027-01-01T00:00:00+08:00']
    """
    start = datetime.strptime(month, "%Y-%m").replace(tzinfo=BEIJING)
    return start, start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)


def resource(
    table: Described,
    files: Sequence[Mapping[str, Any]],
    form: str,
    *,
    encoding: str | None = None,
    n_rows: int | None = None,
    key: Sequence[str] = (),
    parents: Mapping[str, str] | None = None,
    about: Text | None = None,
) -> dict[str, Any]:
    """Return one table of a package: where it is, what its columns are, what is claimed of it.

    Parameters
    ----------
    table
        The masked table, or one without rows that has its columns.
    files
        What `file` says of each.
    form
        `csv`, `parquet` or `delta`.
    encoding
        Of a CSV.
    n_rows
        How many there are, where `table` does not hold them.
    key
        Columns that name a row.
    parents
        Column → the table whose rows it names by a column of the same name.
    about
        What a row is; the notes of the table when not given.
    """
    where: dict[str, Any] = dict(files[0]) if len(files) == 1 else {"path": [one["path"] for one in files]}
    schema: dict[str, Any] = {"fields": [_field(table, name, form, key) for name in table.arrow.column_names]}
    if form == "csv":
        schema["missingValues"] = [""]
    if key:
        schema["primaryKey"] = list(key)
    if parents:
        schema["foreignKeys"] = [
            {"fields": [column], "reference": {"resource": parent, "fields": [column]}}
            for column, parent in parents.items()
        ]
    described = {
        "name": table.name,
        "type": "table",
        **where,
        **_titled(table.title, about or in_one(table.notes)),
        "format": form,
        **({"mediatype": _MEDIA[form]} if form in _MEDIA else {}),
        **({"encoding": encoding, "dialect": {"quoteChar": '"', "doubleQuote": True}} if form == "csv" else {}),
        "schema": schema,
        "rows": table.arrow.num_rows if n_rows is None else n_rows,
    }
    if table.certificate is not None:
        described["completeness"] = verdict(table.certificate)
    return described


def _field(table: Described, name: str, form: str, key: Sequence[str]) -> dict[str, Any]:
    known, kind = table.definition(name), type_name(table.arrow.schema.field(name).type)
    unit = unit_of(known.unit)
    told: dict[str, Any] = {"name": name, "type": _TYPES[kind.partition("(")[0]]}
    if told["type"] == "datetime":
        # a CSV has wall time of the zone, with parts of a second where there are any; other files have UTC
        told |= {"format": "any", "timezone": table.zone if form == "csv" else "UTC"}
    told |= _titled(known.label, known.formula)
    if known.unit:
        told |= {"unit": known.unit, "unit_zh": unit.label.zh, "unit_en": unit.label.en}
    if kind.startswith("decimal"):
        told["decimal"] = kind
    if known.origin.en:
        told["origin"] = known.origin.in_()
    if known.example:
        told["example"] = known.example
    if name in key or not known.is_nullable:
        told["constraints"] = {"required": True}
    return told


def _titled(title: Text, meaning: Text) -> dict[str, str]:
    told = {"title": title.en, "title_zh": title.zh, "description": meaning.en, "description_zh": meaning.zh}
    return {name: text for name, text in told.items() if text}


def package(
    name: str, title: Text, resources: Iterable[Mapping[str, Any]], notes: Text, certificate: Claims | None,
    period: tuple[datetime | None, datetime | None] = (None, None), **more: Any,
) -> dict[str, Any]:  # fmt: skip
    """Return the description of a folder; `more` is said beside the words of the standard."""
    claims = (
        {} if certificate is None else {"completeness": verdict(certificate), "months": months(certificate, *period)}
    )
    return {
        "$schema": PROFILE,
        "name": name,
        **_titled(title, notes),
        "version": "1",
        "created": now().astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "licenses": [LICENCE],
        "sources": SOURCES,
        "keywords": ["conference", "call detail records", "会议"],
        "timezone": ZONE_NAME,
        "generator": f"ytxdata {__version__}",
        **claims,
        **more,
        "resources": list(resources),
    }


def write(folder: Path, told: Mapping[str, Any], *, is_private: bool = False) -> Path:
    """Write the description of a folder into it, open to whom its files are; it is seen whole or not at all."""
    target = folder / NAME
    with replacing(target, is_private=is_private) as draft:
        draft.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return target


def read(folder: Path) -> dict[str, Any]:
    """Return what a folder says of itself, nothing where it says nothing that can be read."""
    try:
        told = json_of(read_plain(folder / NAME))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def check(folder: Path) -> list[Text]:
    """Check that all files which a folder's description lists are there, each with its hash where no description of
    its own lies beside it, and no others in the folders of its tables; return a line on that, none where nothing
    describes the folder.

    Raises
    ------
    DamagedError
        A file is not there or not what was described, or the description is no sound one; the message names each.
    """
    if not (folder / NAME).is_file():
        return []
    try:
        described = read(folder)
        listed = dict(_listed(described))
        own = [path for path in listed if about_path(folder / path).is_file()]
        hashes = {path: told for path, told in listed.items() if told and path not in own}
        wrong = [_lacking(path) for path in listed if not _is_inside(folder, path)]
        if not wrong:
            wrong = [_other(path) for path, told in hashes.items() if file(folder, folder / path)["hash"] != told]
            wrong += [_more(path) for path in sorted(_files(folder, described, listed) - set(listed))]
            wrong += _told_otherwise(folder, described, own)
    except (AttributeError, LookupError, OSError, TypeError, ValueError):
        wrong = [Text(f"{folder / NAME} 不是完好的说明", f"{folder / NAME} is no sound description")]
    if wrong:
        raise DamagedError(in_lines(wrong), remedy=Text("索取原件", "ask for the original"))
    counted = ((hashes, _BY_HASH), (own, _BY_DESCRIPTION), ({*listed} - {*hashes} - {*own}, _UNCHECKED))
    said = [_ALL_THERE, *(text.format(n=len(paths)) for paths, text in counted if paths)]
    return [in_one(said).format(where=folder / NAME, n=len(listed))]


_ALL_THERE = Text("{where}：所列 {n} 个文件都在", "{where}: all {n} files that it lists are there")
_BY_HASH = Text("{n} 个的 SHA-256 与所列一致", "{n} have the SHA-256 that it tells")
_BY_DESCRIPTION = Text("{n} 个由各自的说明核对", "{n} are checked by descriptions of their own")
_UNCHECKED = Text("{n} 个没有 SHA-256，内容未核对", "of {n} it tells no SHA-256: what they hold was not checked")


def _listed(told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield every file and its hash: an export tells those of its months and its script apart from its tables."""
    for one in told["resources"]:
        for path in [one["path"]] if isinstance(one["path"], str) else one["path"]:
            yield path, one.get("hash", "")
        yield from ((part["path"], part["hash"]) for part in one.get("files", ()))
    for month in told.get("partitions", ()):
        yield from ((part["path"], part["hash"]) for part in month["parts"].values() if "hash" in part)
    yield from ((script["path"], script["hash"]) for script in told.get("scripts", ()))


def _told_otherwise(folder: Path, told: Mapping[str, Any], own: Sequence[str]) -> Iterator[Text]:
    """Yield what descriptions of single files say otherwise than that of the folder: each agrees with its file, so that
    last month's table passed in this month's folder, and a verdict could be raised in either of the two.
    """
    verdicts = {_verdict(one) for one in told["resources"]} - {None}
    if verdicts and _verdict(told) not in (None, *verdicts):
        yield _otherwise(NAME, "completeness")
    for one in told["resources"]:
        if one["path"] in own:
            beside = about_path(folder / one["path"])
            its = json_of(read_plain(beside))
            said = {
                "SHA-256": (one.get("hash", "").removeprefix("sha256:"), its.get("sha256")),
                "completeness": (_verdict(one), _verdict(its)),
            }
            yield from (_otherwise(beside.name, what) for what, both in said.items() if all(both) and len({*both}) > 1)


def _verdict(told: Mapping[str, Any]) -> str | None:
    completeness = told.get("completeness")
    return completeness["verdict"] if completeness else None


def _otherwise(name: str, what: str) -> Text:
    return Text(f"{name} 所述的 {what} 与 {NAME} 的不同", f"the {what} that {name} tells is not that of {NAME}")


def _files(folder: Path, told: Mapping[str, Any], listed: Collection[str]) -> set[str]:
    """Return the files in the folders of tables: one that is not listed is read as more rows of its table. Of Delta
    they are the commits: one more makes another table of the same files, and files of none are not read.
    """
    of_delta = {one["path"] for one in told["resources"] if one["format"] == "delta"}
    tables = {Path(path).parts[0] for path in listed if len(Path(path).parts) > 1} - of_delta
    tables |= {name for month in told.get("partitions", ()) for name in month["parts"]} - of_delta
    places = [folder / name for name in tables] + [folder / name / "_delta_log" for name in of_delta]
    found = (path for place in places for path in place.rglob("*") if path.is_symlink() or not path.is_dir())
    return {path.relative_to(folder).as_posix() for path in found}


def _is_inside(folder: Path, path: str) -> bool:
    place = (folder / path).resolve()
    # the tables of Delta are folders
    return place.is_relative_to(folder.resolve()) and (place.is_file() or place.is_dir())


def _lacking(path: str) -> Text:
    return Text(f"{path} 在 {NAME} 中列出，却不在", f"{path} is listed in {NAME}, and is not there")


def _more(path: str) -> Text:
    return Text(f"{path} 不在 {NAME} 所列之中", f"{path} is not listed in {NAME}")


def _other(path: str) -> Text:
    return Text(f"{path} 的 SHA-256 与 {NAME} 所述不符", f"the SHA-256 of {path} is not what {NAME} says")


ROW_GROUP = 65_536
"""Rows of a row group: enough to compress well, and few enough that one week of a month is not the whole of it."""

_UTC = pa.timestamp("us", tz="UTC")


def parquet_rows(table: Described) -> pa.Table:
    """Return the rows of a masked table as they stand in a file: instants in UTC, each column with its names and
    unit.
    """
    fields, columns = [], []
    for key, column in zip(table.arrow.column_names, table.arrow.columns, strict=True):
        known = table.definition(key)
        if pa.types.is_timestamp(column.type):
            # wall time without a zone is read as UTC by some engines and as their own zone by others
            column = column if column.type.tz else pc.assume_timezone(column, table.zone)
            column = column.cast(_UTC)
        fields.append(pa.field(key, column.type, metadata={"zh": known.zh, "en": known.en, "unit": known.unit}))
        columns.append(column)
    return pa.table(columns, schema=pa.schema(fields))


def write_rows(rows: pa.Table, path: Path) -> None:
    """Write rows as one Parquet file: ZSTD, statistics, a page index. The same rows give the same bytes."""
    pq.write_table(
        rows,
        path,
        compression="zstd",
        compression_level=3,
        row_group_size=ROW_GROUP,
        write_page_index=True,
        store_schema=True,
    )


def write_parquet(table: Described, path: str | Path, *, check: bool = True) -> Path:
    """Write a masked table as Parquet and what it means as `NAME.parquet.about.json` beside it; the file appears when
    it is whole.

    Raises
    ------
    UsageError
        The path cannot be written.
    FileDiffersError
        The file, read back, is not what was meant.
    """
    target, rows = Path(path), parquet_rows(table)
    with replacing(target, is_private=table.is_open) as draft:
        write_rows(rows, draft)
        if check:
            compare(rows, draft)
    write_about(about(table), target)
    return target


def compare(rows: pa.Table, path: Path) -> None:
    """Read a file and compare it with the rows that were meant; raise FileDiffersError when it differs."""
    found = pq.read_table(path, partitioning=None)
    if found.column_names != rows.column_names or found.num_rows != rows.num_rows:
        raise differs(path.name, 1, "", "header")
    for key in rows.column_names:
        if not found[key].equals(rows[key]):
            raise differs(path.name, 1, key, "cells")


def forget_versions(place: Path) -> None:
    """Take the files and the log of earlier versions of a Delta table away: they tell what was masked since, the log
    the least and the greatest text of each column.
    """
    log = place / "_delta_log"
    if not log.is_dir():
        return
    from deltalake import DeltaTable

    table = DeltaTable(place)
    old = [path for path in log.glob("0*") if int(path.name[:20]) < table.version()]
    held = {place / path for path in pa.table(table.get_add_actions(flatten=True))["path"].to_pylist()}
    left = [path for path in place.rglob("*.parquet") if path not in held and log not in path.parents]
    if old:
        table.create_checkpoint()
    for path in (*old, *left):
        path.unlink()
