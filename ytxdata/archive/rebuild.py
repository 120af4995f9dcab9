"""Derive the tables again from the raw records: when the parser or the names it knows have changed.

The new tables stand beside the old ones until one head points to them, so readers never see a mixture. What `changes`
compares always comes from one parser, so a better parser is never taken for a change by the platform.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ytxdata.archive.known_meetings import VERSION_COLUMNS, Twins, from_rows
from ytxdata.archive.snapshot import Snapshot, batches, read
from ytxdata.archive.stored_files import DERIVED_TABLES, MEETINGS_STORED, OBSERVATIONS_STORED
from ytxdata.archive.write_sync import Writer, index_again, stored_rows
from ytxdata.records.aliases import DEFAULT, Aliases
from ytxdata.records.identity import by_meeting
from ytxdata.records.normalize import PARSER_VERSION, normalize


def parser_mark(aliases: Aliases) -> dict[str, Any]:
    """Return what the derived tables depend on beside the raw records, as plain JSON values."""
    return {
        "version": PARSER_VERSION,
        "meetings": [[column, list(keys)] for column, keys in aliases.meetings],
        "legs": [[column, list(keys)] for column, keys in aliases.legs],
    }


def aliases_for(snapshot: Snapshot | None, given: Aliases | None) -> Aliases:
    """Return the aliases to derive with: those given, else those the archive was derived with."""
    if given is not None or snapshot is None:
        return given or DEFAULT
    mark = snapshot.head.parser
    meetings, legs = (tuple((column, tuple(keys)) for column, keys in mark[name]) for name in ("meetings", "legs"))
    return Aliases(meetings, legs)


def rebuilt_if_outdated(root: Path, snapshot: Snapshot, aliases: Aliases | None) -> Snapshot:
    """Return the archive derived with the parser of today; the same when nothing changed."""
    wanted = aliases_for(snapshot, aliases)
    return snapshot if snapshot.head.parser == parser_mark(wanted) else rebuilt(root, snapshot, wanted)


def rebuilt(root: Path, snapshot: Snapshot, aliases: Aliases) -> Snapshot:
    """Derive all tables again and promote them."""
    writer = Writer(root, snapshot)
    counts = derive_again(writer, aliases)
    return writer.promote("rebuild", parser=parser_mark(aliases), counts={**snapshot.head.counts, **counts})


def derive_again(writer: Writer, aliases: Aliases) -> dict[str, int]:
    """Write a new generation of derived tables and a new index; return how many meetings there are now."""
    source = writer.preview()
    writer.next_generation()
    with tempfile.TemporaryDirectory() as directory:
        staged = Path(directory) / "meetings.parquet"
        with pq.ParquetWriter(staged, MEETINGS_STORED) as staging:
            for observed in batches(source, "observations", OBSERVATIONS_STORED.names):
                tables = _derived(observed, aliases)
                staging.write_table(tables.pop("meetings"))
                for name, table in tables.items():
                    writer.append(name, table)
        places = _places(staged)
        with pq.ParquetFile(staged) as rows:
            for piece in rows.iter_batches(batch_size=1 << 17):
                writer.append("meetings", _placed(pa.table(piece), places))
    after = writer.preview()
    index_again(writer, after)
    return _counts(after)


def _derived(observed: pa.Table, aliases: Aliases) -> dict[str, pa.Table]:
    """Return the stored rows of some observations; every meeting is its own first version as yet."""
    tables = normalize(observed["raw"].to_pylist(), aliases)._asdict()
    n_rows = observed.num_rows
    known = {
        **{name: observed[name].combine_chunks() for name in observed.column_names if name != "raw"},
        "replaces": pa.nulls(n_rows, pa.int64()),
        "twin": pa.array(np.zeros(n_rows), pa.int64()),
        "version": pa.array(np.ones(n_rows), pa.int64()),
    }
    return {
        name: stored_rows(tables[name], tables[name]["row"], DERIVED_TABLES[name], known) for name in DERIVED_TABLES
    }


class Place(NamedTuple):
    """Where a version stands among those of its meeting id."""

    twin: int
    version: int
    replaces: int | None


def _places(staged: Path) -> dict[int, Place]:
    """Return the places of all versions of ids that occur more than once; all others are alone."""
    ids = pq.read_table(staged, columns=["meeting_id"])["meeting_id"]
    counts = pc.value_counts(ids)
    doubled = counts.field("values").filter(pc.greater(counts.field("counts"), 1))
    rows = pq.read_table(staged, columns=list(VERSION_COLUMNS)).filter(pc.is_in(ids, value_set=doubled))
    known: dict[str, Twins] = defaultdict(list)
    places = {}
    # answer by answer, as they came: the numbers of meetings with one id must not change because they are derived again
    found = sorted(from_rows(rows), key=lambda v: (v.observed_at, v.pull_id, v.meeting_id, v.obs))
    for (_, _, meeting_id), together in groupby(found, key=lambda v: (v.observed_at, v.pull_id, v.meeting_id)):
        twins = known[meeting_id]
        for twin, versions in by_meeting(twins, [*together]):
            if twin == len(twins):
                twins.append([])
            history = twins[twin]
            for version in versions:
                places[version.obs] = Place(twin, len(history) + 1, history[-1].obs if history else None)
                history.append(version)
    return places


def _placed(rows: pa.Table, places: Mapping[int, Place]) -> pa.Table:
    alone = Place(0, 1, None)
    found = [places.get(number, alone) for number in rows["obs"].to_pylist()]
    for name in Place._fields:
        column = pa.array([getattr(place, name) for place in found], pa.int64())
        rows = rows.set_column(rows.schema.get_field_index(name), name, column)
    return rows


def _counts(snapshot: Snapshot) -> dict[str, int]:
    """Return how many meetings there are, and how many of them have a start."""
    rows = read(snapshot, "meetings", ("obs", "replaces", "started_at"))
    latest = rows.filter(pc.invert(pc.is_in(rows["obs"], value_set=rows["replaces"].drop_null().combine_chunks())))
    return {"meetings": latest.num_rows, "started": latest.num_rows - latest["started_at"].null_count}
