"""The ledger of changes: what the platform said first, what it says now, and between which pulls it changed its mind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ytxdata.archive.heads import Snapshot, among, batches, filled, read
from ytxdata.archive.raw_answers import Envelope, raw_records
from ytxdata.archive.stored_files import LEGS_STORED, MEETINGS_STORED
from ytxdata.records.json_values import as_json, read_value
from ytxdata.records.schema import CHANGES, LEGS, MEETINGS, PARTIES, PROVENANCE, Aliases, arrow_schema
from ytxdata.times import beijing_text

K = TypeVar("K")

# who brought a version, and when, always differs: compared too, it would be told as a change of every version
_COMPARED = tuple(column.name for column in MEETINGS if column.name not in (*PROVENANCE, "record_hash", "meeting_id"))
_LEG_COMPARED = tuple(column.name for column in LEGS if column.name not in ("meeting_id", "leg"))
TOGETHER = 5_000
"""Changes compared at a time [versions]."""


def changes(snapshot: Snapshot | None, as_of: datetime | None = None, *, is_keyed: bool = False) -> pa.Table:
    """Return the ledger, sorted by when the change was seen; keyed, with `meeting_key` before its columns."""
    schema = arrow_schema(CHANGES)
    if is_keyed:
        schema = schema.insert(0, pa.field("meeting_key", pa.string()))
    if snapshot is None:
        return schema.empty_table()
    newer = read(snapshot, "meetings", ("obs", "replaces", "observed_at"), filled("replaces"))
    # what replaces itself was only listed beside a fuller record: nothing changed
    newer = newer.filter(pc.not_equal(newer["obs"], newer["replaces"]))
    if as_of is not None:
        newer = newer.filter(pc.less_equal(newer["observed_at"], pa.scalar(as_of, pa.timestamp("us", tz="UTC"))))
    pairs = sorted(zip(newer["obs"].to_pylist(), newer["replaces"].to_pylist(), strict=True))
    seen = _last_pulls(snapshot, [old for _, old in pairs])
    # the names the tables were derived with: by others, one change would be told twice, as column and as raw path
    aliases = snapshot.aliases
    rows = [
        row
        for start in range(0, len(pairs), TOGETHER)
        for row in _compared(snapshot, pairs[start : start + TOGETHER], seen, aliases)
    ]
    return pa.Table.from_pylist(rows, schema=schema).sort_by(
        [("new_seen_at", "ascending"), ("meeting_id", "ascending"), ("version", "ascending"), ("field", "ascending")]
    )


def _last_pulls(snapshot: Snapshot, numbers: Sequence[int]) -> dict[int, tuple[datetime, str]]:
    """Return when, and by which pull, each of some observations was last seen."""
    wanted = np.array(sorted(set(numbers)), dtype=np.int64)
    last: dict[int, tuple[datetime, str]] = {}
    for pulls in batches(snapshot, "pulls", ("asked_at", "pull_id", "form", "numbers")):
        for row in pulls.to_pylist():
            # without the gaps: an answer that fits no form stands in them whole, and only its numbers are asked for
            here = Envelope.from_cells(row["form"], b"", row["numbers"]).numbers
            for number in np.intersect1d(wanted, here).tolist():
                # the latest by asking: where a clock was set back, later rows are of earlier instants
                last[number] = max(last.get(number, (row["asked_at"], "")), (row["asked_at"], row["pull_id"]))
    return last


def _compared(
    snapshot: Snapshot,
    pairs: Sequence[tuple[int, int]],
    seen: Mapping[int, tuple[datetime, str]],
    aliases: Aliases,
) -> Iterator[dict[str, Any]]:
    numbers = np.unique(np.array(pairs, dtype=np.int64))
    meetings = {
        row["obs"]: row for row in read(snapshot, "meetings", MEETINGS_STORED.names, among("obs", numbers)).to_pylist()
    }
    legs: dict[int, dict[int, dict[str, Any]]] = {}
    for row in read(snapshot, "legs", LEGS_STORED.names, among("obs", numbers)).to_pylist():
        legs.setdefault(row["obs"], {})[row["leg"]] = row
    raws = raw_records(snapshot, numbers)
    for new, old in pairs:
        before, after = meetings[old], meetings[new]
        fields = _differences(
            {name: before[name] for name in _COMPARED} | _leg_fields(legs.get(old, {})),
            {name: after[name] for name in _COMPARED} | _leg_fields(legs.get(new, {})),
        )
        kept, others = _raw_differences(raws[old], raws[new], aliases)
        # the same value in other writing (`1`, `1.0`) is told only where nothing else differs: it would hide what does
        fields |= kept if fields or kept else others
        if not fields:  # the same values, written in another way
            fields = {"record_hash": (before["record_hash"].hex(), after["record_hash"].hex())}
        old_seen_at, old_pull_id = seen.get(old, (before["observed_at"], before["pull_id"]))
        for name, (old_value, new_value) in fields.items():
            yield {
                "meeting_key": f"{after['meeting_id']}#{after['twin'] + 1}",  # as `views.MEETING_KEY` has it
                "meeting_id": after["meeting_id"],
                "version": after["version"],
                "field": name,
                "old": _text(old_value),
                "new": _text(new_value),
                # an end that lay ahead when the old text was last seen was no end yet, and nothing final changed
                "phase": "after_close" if before["ended_at"] and before["ended_at"] <= old_seen_at else "running",
                "old_seen_at": old_seen_at,
                "new_seen_at": after["observed_at"],
                "old_pull_id": old_pull_id,
                "new_pull_id": after["pull_id"],
            }


def _leg_fields(legs: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    return {f"legs[{leg}].{name}": row[name] for leg, row in sorted(legs.items()) for name in _LEG_COMPARED}


def _differences(old: Mapping[K, Any], new: Mapping[K, Any]) -> dict[K, tuple[Any, Any]]:
    return {
        name: (old.get(name), new.get(name)) for name in dict.fromkeys([*old, *new]) if old.get(name) != new.get(name)
    }


def _raw_differences(
    old: bytes, new: bytes, aliases: Aliases
) -> tuple[dict[str, tuple[Any, Any]], dict[str, tuple[Any, Any]]]:
    """Return what differs in the raw records under keys that feed no column, and under the others."""
    found = _differences(dict(_leaves(old)), dict(_leaves(new)))
    named = {path: (f"raw.{'.'.join(path)}", pair) for path, pair in found.items()}
    return dict(pair for path, pair in named.items() if not _feeds(path, aliases)), dict(named.values())


def _feeds(path: tuple[str, ...], aliases: Aliases) -> bool:
    match = aliases.meeting(path[0]) if path else None
    if match is None or match.column != PARTIES:
        return match is not None
    return len(path) < 3 or aliases.leg(path[2]) is not None


def _leaves(raw: bytes) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the path and the text of every value in a record."""
    read_ = read_value(raw)
    if read_ is not None:
        yield from _walk(read_.value, ())


def _walk(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _walk(inner, (*path, key))
    elif isinstance(value, list) and value:
        for place, inner in enumerate(value):
            yield from _walk(inner, (*path, f"[{place + 1}]"))
    else:
        yield path, as_json(value)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return beijing_text(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
