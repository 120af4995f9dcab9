"""Repair: which state counts where heads are damaged or files are lacking, and what is taken in of a lost head.

Raw data is never touched: what does not fit is moved, and kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from ytxdata.archive.cleanup import strays
from ytxdata.archive.heads import (
    Snapshot,
    at_head,
    gone_files,
    head_path,
    kept_lists,
    newest,
    read,
    read_gone,
    read_head,
    sequences,
    write_gone,
)
from ytxdata.archive.known_meetings import Unjudged
from ytxdata.archive.ownership import LAYOUT
from ytxdata.archive.raw_answers import Envelope
from ytxdata.archive.rebuild import derive_again
from ytxdata.archive.stored_files import CHAINED, RAW_TABLES, data_files, described, paths_of, pull_sha256, set_aside
from ytxdata.archive.write_sync import Writer
from ytxdata.errors import DamagedError, FutureLayoutError
from ytxdata.labels import Text
from ytxdata.records.aliases import Aliases
from ytxdata.records.normalize import parser_mark


def newest_readable(root: Path) -> tuple[Snapshot | None, list[Text], bool]:
    """Return the newest state that can be read, what had to be done for it, and whether it is one before the newest
    because that lacks raw files: heads that cannot be read, or lack files, are set aside.

    The newest head is all that knows of the last change: where it is damaged the state before it counts again, and what
    the last change kept is taken in by `adopt`. Of an earlier head its hash is enough, and the head behind it holds
    that.
    """
    done: list[Text] = []
    numbers = sequences(root)
    while numbers:
        try:
            snapshot = newest(root)
            break
        except FutureLayoutError:
            raise
        except DamagedError:
            set_aside(root, [head_path(root, numbers[-1]).relative_to(root).as_posix()])
            done.append(_HEAD_ASIDE.format(number=numbers.pop()))
    else:
        return None, done, False
    whole = state_before(snapshot) if snapshot is not None else None
    if snapshot is not None and whole is not None:
        done += _left_behind(snapshot, whole)
        snapshot = whole
    if snapshot is not None and snapshot.head.layout == LAYOUT:
        done += _bridged(root, snapshot)
    return snapshot, done, whole is not None


def lacking(snapshot: Snapshot) -> list[str]:
    """Return the raw files that a state lists and that are not there."""
    paths = (file.path for table in RAW_TABLES for file in snapshot.files(table))
    return [path for path in paths if not (snapshot.root / path).exists()]


def state_before(snapshot: Snapshot) -> Snapshot | None:
    """Return the newest state before one that lacks raw files, and lacks none itself; None where it lacks none, or all
    do.

    A folder that is copied while a sync ends may have the new head and not the files that came before it.
    """
    if snapshot.head.layout != LAYOUT or not lacking(snapshot):
        return None
    for number, _ in kept_lists(snapshot.root):
        with suppress(DamagedError):
            if number < snapshot.head.sequence and not lacking(state := at_head(snapshot.root, number)):
                return state
    return None


def _left_behind(snapshot: Snapshot, whole: Snapshot) -> list[Text]:
    """Set aside the heads after a state, the newest first: cut short anywhere, what is newest lacks files still."""
    root, done = snapshot.root, []
    for number in (one for one in reversed(sequences(root)) if one > whole.head.sequence):
        body, names = {"kind": "", "written_at": ""}, list[str]()
        with suppress(DamagedError):
            body, names = read_head(root, number).body, lacking(at_head(root, number))
        set_aside(root, [head_path(root, number).relative_to(root).as_posix()], for_good=True)
        told = {"number": number, "kind": body["kind"], "at": body["written_at"], "whole": whole.head.sequence}
        done.append(_LEFT_BEHIND.format(**told, names=", ".join(names) or "–"))
    return done


def keep_what_is_left(root: Path, snapshot: Snapshot) -> list[Text]:
    """Set aside for good the raw files that no head names any more: what fits no state may still be all there is of an
    answer.
    """
    if left := [path for path in strays(root, snapshot) if _is_raw(path)]:
        set_aside(root, left, for_good=True)
    return [_LEFT.format(n=len(left))] if left else []


def _bridged(root: Path, snapshot: Snapshot) -> list[Text]:
    """Keep the hashes of earlier heads that are gone or damaged, from the heads that follow them: the chain is whole
    again.
    """
    went = {number for path in gone_files(root) for number in read_gone(path)}
    done = []
    follows = snapshot.head.previous_sha256
    there = {*sequences(root), *went}
    # those that are there, and before each the one whose hash it holds: what a name counts up to may be without end
    for number in sorted({one for known in there for one in (known, known - 1)} - {0}, reverse=True):
        if number >= snapshot.head.sequence:
            continue
        if number in went:
            follows = ""
            continue
        try:
            follows = read_head(root, number).body["previous_sha256"]
        except DamagedError:
            # two torn heads side by side: nothing that is left holds the hash of the earlier one, and one made of
            # what lies there would mend tampering into the chain
            if not follows:
                continue
            if head_path(root, number).exists():
                set_aside(root, [head_path(root, number).relative_to(root).as_posix()])
            write_gone(root, {number: follows})
            done.append(_HEAD_ASIDE.format(number=number))
            follows = ""
    return done


def adopt(root: Path, snapshot: Snapshot, aliases: Aliases) -> tuple[Snapshot, list[Text]]:
    """Take in what a change kept whose head was lost: records whose bytes have their hash, and pulls that go on the
    chain.

    Nothing is claimed for it, for the evidence went with the head; the next sync asks again.
    """
    lost = _unnamed(root, snapshot)
    before, counts, chain = snapshot.head.counts, dict(snapshot.head.counts), snapshot.head.chain_sha256
    listed = dict(snapshot.listed)
    known = set(read(snapshot, "pulls", ("pull_id",))["pull_id"].to_pylist()) if lost else set[str]()
    # change by change, as their names begin
    for _, paths in groupby(sorted(lost, key=_change), key=_change):
        kept = _Kept.of(root, list(paths), counts, chain)
        # a record of no pull, or a pull without its records, would be damage that nothing mends: both, or neither
        if kept.brought_by <= known | kept.pull_ids and kept.lists_to < kept.n_records:
            for path in kept.paths:
                table = path.split("/", 1)[0]
                listed[table] = (*listed.get(table, ()), described(root, path))
            counts |= {"observations": kept.n_records, "pulls": kept.n_pulls}
            chain, known = kept.chain, known | kept.pull_ids
    n_new = counts["observations"] - before["observations"]
    if chain == snapshot.head.chain_sha256 and not n_new:
        return snapshot, []
    writer = Writer(root, Snapshot(root, snapshot.head, snapshot.sha256, listed))
    counts |= derive_again(writer, aliases)
    # what else the change wrote is unnamed still: the marker stays, and `heal` sets it aside
    unjudged = Unjudged.of(snapshot.head.state).joined(counts["observations"] - n_new, counts["observations"])
    state = {**snapshot.head.state, **unjudged.to_state()}
    after = writer.promote(
        "adopt", is_done=False, parser=parser_mark(aliases), counts=counts, chain_sha256=chain, state=state
    )
    return after, [_ADOPTED.format(records=n_new, pulls=counts["pulls"] - before["pulls"])]


def _unnamed(root: Path, snapshot: Snapshot) -> list[str]:
    """Return the raw files that a state does not list."""
    known = paths_of(snapshot.listed)
    return [path for path in data_files(root) if _is_raw(path) and path not in known]


def _is_raw(path: str) -> bool:
    return path.split("/", 1)[0] in RAW_TABLES


def _change(path: str) -> str:
    return path.rsplit("/", 1)[1][:12]


class _Kept(NamedTuple):
    """What one change kept that goes on where an archive ends; the pulls it speaks of, and the last record they list."""

    paths: tuple[str, ...]
    n_records: int
    n_pulls: int
    chain: str
    brought_by: set[str]
    pull_ids: set[str]
    lists_to: int

    @classmethod
    def of(cls, root: Path, paths: Sequence[str], counts: Mapping[str, int], chain: str) -> _Kept:
        kept = cls((), counts["observations"], counts["pulls"], chain, set(), set(), -1)
        for path in paths:
            kept = (kept._with_records if path.startswith("observations/") else kept._with_pulls)(root, path)
        return kept

    def _with_records(self, root: Path, path: str) -> _Kept:
        """Take in a file whose records each have their hash; small files that were merged lie here too, and would
        bring rows twice.
        """
        rows = _rows(root / path, ["obs", "record_hash", "raw", "pull_id"])
        numbers = [row["obs"] for row in rows]
        is_whole = all(hashlib.sha256(row["raw"]).digest() == row["record_hash"] for row in rows)
        # none without rows: what cannot be read has no numbers either, and would be listed as if it had been
        if not rows or not is_whole or numbers != list(range(self.n_records, self.n_records + len(rows))):
            return self
        return self._replace(
            paths=(*self.paths, path),
            n_records=self.n_records + len(rows),
            brought_by=self.brought_by | {row["pull_id"] for row in rows},
        )

    def _with_pulls(self, root: Path, path: str) -> _Kept:
        """Take in a file whose pulls each follow the one before."""
        rows, end = _rows(root / path, ["ordinal", "form", "numbers", *CHAINED]), self.chain
        for ordinal, row in enumerate(rows, self.n_pulls):
            if row["ordinal"] != ordinal or (row["previous_sha256"] or "") != end:
                return self
            end = pull_sha256(row)
        listed = [Envelope.from_cells(row["form"], b"", row["numbers"]).numbers for row in rows]
        return self._replace(
            paths=(*self.paths, path) if rows else self.paths,
            n_pulls=self.n_pulls + len(rows),
            chain=end,
            pull_ids=self.pull_ids | {row["pull_id"] for row in rows},
            lists_to=max([self.lists_to, *(int(one.max()) for one in listed if len(one))]),
        )


def _rows(path: Path, columns: list[str]) -> list[dict[str, Any]]:
    try:
        rows: list[dict[str, Any]] = pq.read_table(path, columns=columns).to_pylist()
    except (OSError, pa.ArrowException):
        return []
    return rows


_HEAD_ASIDE = Text(
    "控制文件 {number} 无法读取，已移到 interrupted/", "head {number} cannot be read and was set aside in interrupted/"
)
_ADOPTED = Text(
    "已收回失去控制文件的 {records} 条记录、{pulls} 次拉取；它们暂不作为完整性证据",
    "{records} records and {pulls} pulls that had lost their head were taken in; nothing is claimed for them yet",
)
_LEFT_BEHIND = Text(
    "控制文件 {number}（{kind}，{at}）所列的原始数据不在这里（{names}），已退回到此前完整的状态 {whole}；"
    "该控制文件永久保留在 interrupted/",
    "head {number} ({kind}, {at}) names raw data that is not here ({names}): the archive is back at the state before, "
    "{whole}; that head is kept in interrupted/ for good",
)
_LEFT = Text(
    "{n} 个不属于此状态的原始数据文件永久保留在 interrupted/",
    "{n} files of raw data that are of no state here are kept in interrupted/ for good",
)
