"""One change of the archive, written: tables and index grow unseen, and the head that shows them all at once comes last."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from ytxdata import times
from ytxdata.archive.changes import Fresh, Intake, Taken
from ytxdata.archive.heads import Head, Snapshot, link, past_of, sequences, table_path, write_head
from ytxdata.archive.known_meetings import Unjudged, Version, reject_key
from ytxdata.archive.ownership import IDENTITY, LAYOUT, PENDING
from ytxdata.archive.raw_answers import as_cell, pull_sha256, raw_records
from ytxdata.archive.stored_files import (
    DERIVED,
    DERIVED_TABLES,
    INDEX,
    MEETINGS_STORED,
    OBSERVATIONS_STORED,
    PULLS_STORED,
    ROW_GROUP,
    SCHEMAS,
    Files,
    Hashes,
    Numbers,
    StoredFile,
    TableWriter,
    hashes_of,
    read_pieces,
    read_run,
    run_of,
    runs_to_merge,
)
from ytxdata.archive.stored_rows import among, batches, read, with_all_columns
from ytxdata.archive.whole_files import check_whole
from ytxdata.files import PRIVATE_FILE, make_private_folder, remove, sha256_of, sync_all
from ytxdata.history.proof.evidence import Note
from ytxdata.history.proof.policy import VERDICTS
from ytxdata.history.proof.rules import Judgement
from ytxdata.labels import Text
from ytxdata.records.profile import SAMPLE, drift, missing, profile, shape_of
from ytxdata.version import __version__

ANEW, ADOPT = "anew", "adopt"
"""Kinds of heads that took in all there is from raw data alone, or what had lost its head, and claim nothing by it."""

ALL_TAKEN_IN, TAKEN_IN = "all_taken_in", "taken_in"
"""The same, and what was taken in is judged as its syncs judged it."""

CLAIMING = ("sync", ALL_TAKEN_IN, TAKEN_IN)
"""Kinds of heads that claim something by the pulls they brought."""


class Writer:
    """One change of the archive.

    Only for the holder of the lock. A change that is not promoted is undone by `cleanup.heal`.
    """

    def __init__(self, root: Path, base: Snapshot | None) -> None:
        make_private_folder(root)
        self.root = root
        self.base = base
        self.head = base.head if base else unborn()
        self.files: dict[str, tuple[StoredFile, ...]] = dict(base.listed) if base else {}
        self._writing: dict[str, TableWriter] = {}
        self._begun: Counter[str] = Counter()
        self._made: set[str] = set()
        # before the first file: killed at any instant, a change leaves this marker or nothing
        root.joinpath(PENDING).touch()
        if base is None:  # on the disk, too: without it, what a first sync left is taken for data that lost its heads
            sync_all([root / PENDING])

    def append(self, table: str, rows: pa.Table) -> None:
        """Add rows to a table; called again, it goes on with the same file."""
        if not rows.num_rows:
            return
        if table not in self._writing:
            stem = self._free(f"{table_path(self.head, table)}/{self.head.sequence + 1:012d}", ".parquet")
            self._writing[table] = TableWriter(self.root, stem, table)
        self._writing[table].write(rows)

    def _free(self, stem: str, ending: str) -> str:
        """Return the stem of a name that nothing has.

        This very change may have used it: what a preview finished is read while more is written. Or a change whose
        head was lost, and whose raw data counts again.
        """
        numbered = (stem + f".{number}" * bool(number) for number in count(self._begun[stem]))
        found = next(one for one in numbered if not (self.root / f"{one}{ending}").exists())
        self._begun[stem] += 1
        return found

    def merge(self, table: str, last: int) -> None:
        """Put the rows of the last files of a table into one: only what is listed changes, no file is written again."""
        old = self.files[table][-last:]
        for file in old:  # rows of a damaged file would get a hash of their own, and be called sound from then on
            check_whole(self.root, file)
        self.files[table] = self.files[table][:-last]
        for rows in read_pieces(self.root, old):
            self.append(table, with_all_columns(rows, table, SCHEMAS[table].names))

    def add_to_index(self, hashes: Hashes, numbers: Numbers) -> None:
        """Add which observations belong to which keys, merging runs that became alike in length."""
        if not len(numbers):
            return
        listed = self.files.get(INDEX, ())
        runs = [*(read_run(self.root / file.path) for file in listed), (hashes, numbers)]
        kept = len(runs) - runs_to_merge([len(run[1]) for run in runs])
        for file in listed[kept:]:  # as with tables: no damage gets a hash of its own
            check_whole(self.root, file)
        path = self._free(f"{INDEX}/{self.head.sequence + 1:012d}", ".run") + ".run"
        # into a file of its own: readers of earlier heads have the old runs mapped into their memory
        data = run_of(runs[kept:])
        make_private_folder(self.root / INDEX)
        (self.root / path).touch(mode=PRIVATE_FILE)
        (self.root / path).write_bytes(data)
        self._made.add(path)
        run = StoredFile(path, len(data), hashlib.sha256(data).hexdigest(), len(data) // 16, {}, ())
        self.files[INDEX] = (*listed[:kept], run)

    def next_generation(self) -> None:
        """Derive into new places from here on; what the last generation holds is read on by who holds its head."""
        number = int(self.head.generation.removeprefix(f"{DERIVED}/"))
        self.files = {table: files for table, files in self.files.items() if table not in DERIVED_TABLES}
        self.head = dataclasses.replace(self.head, generation=f"{DERIVED}/{number + 1:06d}")

    def preview(self) -> Snapshot:
        """Return what readers will see once this is promoted."""
        return Snapshot(self.root, self.head, "", self._finished())

    def _finished(self) -> Files:
        """Finish the files that are being written; later rows of a table begin another."""
        for table, writing in self._writing.items():
            self.files[table] = (*self.files.get(table, ()), *writing.close())
            self._made.update(writing.paths)
        self._writing = {}
        return dict(self.files)

    def promote(self, kind: str, *, is_done: bool = True, **changes: Any) -> Snapshot:
        """Make everything durable, then show it to readers; return the new state.

        With `is_done` false the marker stays: should the caller be killed now, the next sync cleans up after it.
        """
        listed = self._finished()
        counting = {file.path for files in listed.values() for file in files}
        # first the files, then the head: a reader that finds a head finds all it names, also after a power cut
        for path in self._made - counting:  # rows that this very change wrote and then put others in place of
            remove(self.root / path)
        sync_all([self.root / path for path in self._made & counting])
        head = dataclasses.replace(
            self.head,
            layout=LAYOUT,
            sequence=self.head.sequence + 1,
            previous_sha256=self.base.sha256 if self.base else "",
            past_sha256=self._past(),
            # whose it is stands in the chain: a sound identity file of another account fits no head
            identity_sha256=sha256_of(self.root / IDENTITY),
            kind=kind,
            written_at=times.now().isoformat(),
            package_version=__version__,
            **changes,
        )
        head, sha256 = write_head(self.root, head, listed)
        if is_done:
            remove(self.root / PENDING)
        return Snapshot(self.root, head, sha256, listed)

    def _past(self) -> str:
        """Return the hash of all heads before this change; for an older layout it is made by reading them all, once."""
        if self.base is None or not self.base.head.sequence:
            return ""
        if self.base.head.layout < LAYOUT:
            return past_of(self.root, sequences(self.root))
        return link(self.base.head.past_sha256, self.base.sha256)


def unborn() -> Head:
    """Return the head that stands before the first one."""
    return Head(LAYOUT, 0, "", "", "", "", __version__, f"{DERIVED}/000001")


class Written(NamedTuple):
    """What the head must say of a deposit beside the tables."""

    counts: dict[str, int]
    chain_sha256: str


def write_intake(writer: Writer, intake: Intake, verdicts: Mapping[str, str], settle_s: int | None) -> Written:
    """Write an intake; return what its head must say beside the tables.

    Parameters
    ----------
    verdicts
        Verdict of each pull by its id.
    settle_s
        How late a meeting might be listed, as the rules that judged it assumed [s].
    """
    counts = dict(writer.head.counts)
    first = counts.get("observations", 0)
    places = intake.order()
    numbers = first + places
    if intake.fresh:
        known = _known_of(intake.fresh, numbers)
        for rows in _observations(intake.fresh, known, np.argsort(places)):
            writer.append("observations", rows)
        for name, schema in DERIVED_TABLES.items():
            derived = pa.concat_tables(intake.derived[name])
            writer.append(name, stored_rows(derived, derived["fresh"], schema, known))
        writer.add_to_index(hashes_of(_key(fresh) for fresh in intake.fresh), numbers)
    rows = list(_pulls(intake.taken, numbers, verdicts, settle_s, counts.get("pulls", 0), writer.head.chain_sha256))
    writer.append("pulls", pa.Table.from_pylist(rows, schema=PULLS_STORED))
    versions = [(fresh.version, fresh.replaces) for fresh in intake.fresh if fresh.version]
    # carried on, never counted anew: a quiet sync must not pay for what is stored
    counts["meetings"] = counts.get("meetings", 0) + sum(1 for _, before in versions if before is None)
    counts["started"] = counts.get("started", 0) + sum(_starts(now) - _starts(before) for now, before in versions)
    counts["observations"] = first + len(intake.fresh)
    counts["pulls"] = counts.get("pulls", 0) + len(rows)
    return Written(counts, pull_sha256(rows[-1]))


def _starts(version: Version | None) -> int:
    return int(version is not None and version.started_at is not None)


def _key(fresh: Fresh) -> str:
    return fresh.version.meeting_id if fresh.version else reject_key(fresh.record_hash)


def _known_of(fresh: Sequence[Fresh], numbers: Numbers) -> dict[str, pa.Array]:
    """Return what only the archive knows of each fresh record, by column."""
    versions = [one.version for one in fresh]
    columns = {
        "obs": numbers,
        "pull_id": [one.pull_id for one in fresh],
        "position": [one.position for one in fresh],
        "observed_at": [one.asked_at for one in fresh],
        "record_hash": [one.record_hash for one in fresh],
        "replaces": [_number(one.replaces, numbers) for one in fresh],
        "twin": [v.twin if v else None for v in versions],
        "version": [v.version if v else None for v in versions],
    }
    types = {field.name: field.type for field in (*OBSERVATIONS_STORED, *MEETINGS_STORED)}
    return {name: pa.array(column, types[name]) for name, column in columns.items()}


def _observations(fresh: Sequence[Fresh], known: Mapping[str, pa.Array], order: Numbers) -> Iterator[pa.Table]:
    """Yield the raw records in pieces, so that they are never in memory twice."""
    for start in range(0, len(order), ROW_GROUP):
        piece = order[start : start + ROW_GROUP]
        raw = pa.array([fresh[place].raw for place in piece], pa.binary())
        columns = [raw if name == "raw" else known[name].take(pa.array(piece)) for name in OBSERVATIONS_STORED.names]
        yield pa.table(columns, schema=OBSERVATIONS_STORED)


def _number(version: Version | None, numbers: Numbers) -> int | None:
    """Return the number of a version's observation, fresh or stored."""
    if version is None:
        return None
    return version.obs if version.obs >= 0 else int(numbers[-1 - version.obs])


def _pulls(
    taken: list[Taken], numbers: Numbers, verdicts: Mapping[str, str], settle_s: int | None, first: int, previous: str
) -> Iterator[dict[str, object]]:
    def final(provisional: Numbers) -> Numbers:
        fresh = provisional < 0
        result = provisional.copy()
        result[fresh] = numbers[-1 - provisional[fresh]]
        return result

    for place, pull in enumerate(taken):
        row = {
            **pull.call,
            "ordinal": first + place,
            "previous_sha256": previous or None,
            "verdict": verdicts.get(str(pull.call["pull_id"])),
            "settle_s": settle_s,
            "form": pull.envelope.form,
            "gaps": pull.envelope.gaps,
            "numbers": as_cell(final(pull.envelope.numbers)),
        }
        previous = pull_sha256(row)
        yield row


def stored_rows(
    table: pa.Table, records: pa.ChunkedArray, schema: pa.Schema, known: Mapping[str, pa.Array]
) -> pa.Table:
    """Return derived rows in a stored schema: what only the archive knows is taken from the record each row is of."""
    columns = [
        known[field.name].take(records) if field.name in known else table[field.name].cast(field.type)
        for field in schema
    ]
    # by number: the bounds of a row group are narrow then, and a look-up reads few of them
    return pa.table(columns, schema=schema).sort_by("obs")


def index_again(writer: Writer, snapshot: Snapshot) -> None:
    """Make the index anew from the tables."""
    hashes, numbers = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]  # an account may be empty so far
    for rows in keys_of(snapshot):
        hashes.append(hashes_of(rows["key"].to_pylist()))
        numbers.append(rows["obs"].to_numpy())
    writer.files[INDEX] = ()
    writer.add_to_index(np.concatenate(hashes), np.concatenate(numbers))


def keys_of(snapshot: Snapshot) -> Iterator[pa.Table]:
    """Yield the observations and the keys under which the index knows them."""
    for rows in batches(snapshot, "meetings", ("obs", "meeting_id")):
        yield rows.rename_columns(["obs", "key"])
    broken = read(snapshot, "rejects", ("obs",))["obs"].to_numpy()
    if len(broken):
        rows = read(snapshot, "observations", ("obs", "record_hash"), among("obs", np.sort(broken)))
        yield pa.table({"obs": rows["obs"], "key": [reject_key(digest) for digest in rows["record_hash"].to_pylist()]})


def pull_verdicts(judgement: Judgement, pull_ids: Collection[str]) -> dict[str, str]:
    """Return what each pull proves: the best verdict that rests on it; none for a pull no period rests on."""
    best: dict[str, str] = {}
    # one pull may bear a gap and a proof: the best comes last, and stays
    for verdict in reversed(VERDICTS):
        for period in judgement.certificate.periods:
            if period.verdict == verdict:
                best.update((pull_id, verdict) for pull_id in period.pull_ids if pull_id in pull_ids)
    return best


def drift_since(before: Snapshot | None, intake: Intake) -> tuple[Text, ...]:
    """Return how the new records of a sync differ in shape from the newest ones of the syncs before; the very first
    ones differ from what figures need.
    """
    fresh = [record.raw for record in intake.fresh[:SAMPLE]]
    if not fresh:  # most syncs: to look at what was known already took two fifths of the time of a quiet one
        return ()
    last = before.head.counts["observations"] if before is not None else 0
    if before is None or not last:
        return missing(profile(fresh, intake.aliases))
    known = raw_records(before, np.arange(max(0, last - SAMPLE), last))
    changes = drift(shape_of(list(known.values()), intake.aliases), shape_of(fresh, intake.aliases))
    return tuple(change.text for change in changes)


def taken_up(before: Snapshot | None, after: Snapshot) -> tuple[Note, ...]:
    """Return what became of the records that an unfinished sync had kept; said by the next one that finishes, and when it changes."""
    if before is None:
        return ()
    n, rest = (len(Unjudged.of(one.head.state).numbers) for one in (before, after))
    if n == rest and not (n and before.head.kind in _UNFINISHED):
        return ()
    return (Note("taken_up", _TAKEN_UP.format(n=n, listed=n - rest, rest=rest)),)


_UNFINISHED = ("interrupted", ADOPT, ANEW, TAKEN_IN, ALL_TAKEN_IN, "rebuild")
"""Kinds of heads before a sync that may have brought records which no finished sync has listed."""

_TAKEN_UP = Text(
    "没有完成的同步此前保存了 {n} 条新记录，本次列出了其中 {listed} 条；其余 {rest} 条保留在存档中，不作为完整性证据",
    "of {n} new records that an unfinished sync had kept, this one lists {listed}; the other {rest} stay in the archive, and nothing is claimed by them",
)
