"""What a sync took in, written: numbered observations, the rows derived from them, the pulls that brought them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ytxdata.archive.new_or_changed import Fresh, Intake, Taken
from ytxdata.archive.raw_answers import renumber
from ytxdata.archive.rebuild import stored_rows
from ytxdata.archive.storage.index import hashes_of
from ytxdata.archive.storage.parquet_files import ROW_GROUP
from ytxdata.archive.storage.stored_columns import DERIVED_TABLES, OBSERVATIONS_STORED, PULLS_STORED, pull_sha256
from ytxdata.archive.storage.writer import Writer
from ytxdata.archive.versions import Version, reject_key

Numbers = npt.NDArray[np.int64]


class Written(NamedTuple):
    """What the head must say of a deposit beside the tables."""

    counts: dict[str, int]
    chain_sha256: str


def write_intake(writer: Writer, intake: Intake, verdicts: Mapping[str, str]) -> Written:
    """Write an intake; return what its head must say beside the tables.

    Parameters
    ----------
    verdicts
        Verdict of each pull by its id.
    """
    counts = dict(writer.head.counts)
    first = counts.get("observations", 0)
    places = intake.order()
    numbers = first + places
    if intake.fresh:
        order = np.argsort(places)
        for rows in _observations(intake.fresh, order, first):
            writer.append("observations", rows)
        for name, table in derived_rows(intake, numbers).items():
            writer.append(name, table)
        writer.add_to_index(hashes_of(_key(fresh) for fresh in intake.fresh), numbers)
    rows = list(_pulls(intake.taken, numbers, verdicts, counts.get("pulls", 0), writer.head.chain_sha256))
    writer.append("pulls", pa.Table.from_pylist(rows, schema=PULLS_STORED))
    versions = [(fresh.version, fresh.replaces) for fresh in intake.fresh if fresh.version]
    counts["meetings"] = counts.get("meetings", 0) + sum(1 for _, before in versions if before is None)
    counts["started"] = counts.get("started", 0) + sum(_starts(now) - _starts(before) for now, before in versions)
    counts["observations"] = first + len(intake.fresh)
    counts["pulls"] = counts.get("pulls", 0) + len(rows)
    return Written(counts, pull_sha256(rows[-1]))


def _starts(version: Version | None) -> int:
    return int(version is not None and version.started_at is not None)


def _key(fresh: Fresh) -> str:
    return fresh.version.meeting_id if fresh.version else reject_key(fresh.record_hash)


def _observations(fresh: list[Fresh], order: Numbers, first: int) -> Iterator[pa.Table]:
    """Yield the raw records in pieces, so that they are never in memory twice."""
    for start in range(0, len(order), ROW_GROUP):
        piece = [fresh[i] for i in order[start : start + ROW_GROUP]]
        columns = [
            range(first + start, first + start + len(piece)),
            [f.pull_id for f in piece],
            [f.position for f in piece],
            [f.asked_at for f in piece],
            [f.record_hash for f in piece],
            [f.raw for f in piece],
        ]
        arrays = [pa.array(c, field.type) for c, field in zip(columns, OBSERVATIONS_STORED, strict=True)]
        yield pa.table(arrays, schema=OBSERVATIONS_STORED)


def derived_rows(intake: Intake, numbers: Numbers) -> dict[str, pa.Table]:
    """Return the derived tables of what is fresh, in the order of their observations."""
    fresh = intake.fresh
    versions = [f.version for f in fresh]
    per_record = {
        "obs": pa.array(numbers, pa.int64()),
        "replaces": pa.array([_number(f.replaces, numbers) for f in fresh], pa.int64()),
        "twin": pa.array([v.twin if v else None for v in versions], pa.int64()),
        "version": pa.array([v.version if v else None for v in versions], pa.int64()),
        "observed_at": pa.array([f.asked_at for f in fresh], pa.timestamp("us", tz="UTC")),
        "pull_id": pa.array([f.pull_id for f in fresh], pa.string()),
        "position": pa.array([f.position for f in fresh], pa.int64()),
        "record_hash": pa.array([f.record_hash for f in fresh], pa.binary()),
    }
    pieces = {name: pa.concat_tables(intake.derived[name]) for name in DERIVED_TABLES}
    return {name: stored_rows(rows, rows["fresh"], DERIVED_TABLES[name], per_record) for name, rows in pieces.items()}


def _number(version: Version | None, numbers: Numbers) -> int | None:
    """Return the number of a version's observation, fresh or stored."""
    if version is None:
        return None
    return version.obs if version.obs >= 0 else int(numbers[-1 - version.obs])


def _pulls(
    taken: list[Taken], numbers: Numbers, verdicts: Mapping[str, str], first: int, previous: str
) -> Iterator[dict[str, object]]:
    def final(provisional: Numbers) -> Numbers:
        fresh = provisional < 0
        result = provisional.copy()
        result[fresh] = numbers[-1 - provisional[fresh]]
        return result

    for place, pull in enumerate(taken):
        envelope = renumber(pull.envelope, final)
        row = {
            **pull.call,
            "ordinal": first + place,
            "previous_sha256": previous or None,
            "verdict": verdicts.get(str(pull.call["pull_id"])),
            "form": envelope.form,
            "gaps": envelope.gaps,
            "numbers": envelope.number_bytes,
        }
        previous = pull_sha256(row)
        yield row
