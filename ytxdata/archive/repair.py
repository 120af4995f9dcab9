"""Repair: which state counts where heads are damaged or files are lacking, and what is taken in of a lost head.

Raw data is never touched: what does not fit is moved, and kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from ytxdata.archive.cleanup import heal, let_damaged_lists_go, migrated
from ytxdata.archive.heads import (
    Head,
    Snapshot,
    at_head,
    gone_files,
    head_name,
    head_path,
    kept_lists,
    newest,
    read_gone,
    read_head,
    sequences,
    write_gone,
)
from ytxdata.archive.known_meetings import Unjudged, evidence_of
from ytxdata.archive.ownership import LAYOUT, PENDING, identity_of, is_raw, no_archive, without_heads, writing
from ytxdata.archive.raw_answers import CHAINED, numbers_in, pull_sha256
from ytxdata.archive.rebuild import REOPENED, derive_again, names_after, rebuilt
from ytxdata.archive.replay import state_after
from ytxdata.archive.stored_files import (
    RAW_TABLES,
    RESTORE,
    data_files,
    described,
    paths_of,
    set_aside,
    telling_write_errors,
)
from ytxdata.archive.stored_rows import read
from ytxdata.archive.write_sync import ADOPT, ALL_TAKEN_IN, ANEW, CLAIMING, TAKEN_IN, Writer, unborn
from ytxdata.errors import DamagedError, FutureLayoutError
from ytxdata.history.proof.policy import DEFAULT_POLICY, Policy
from ytxdata.labels import Text, preferred_lang
from ytxdata.records.aliases import DEFAULT, Aliases
from ytxdata.records.normalize import parser_mark


@dataclass(frozen=True)
class RebuildReport:
    """What was derived again from the raw records: observations read (and regained from raw answers), meetings in them."""

    observations: int
    meetings: int
    regained: int = 0
    mended: tuple[Text, ...] = ()

    @property
    def line(self) -> Text:
        """The result in one line."""
        return _REBUILT.format(observations=self.observations, meetings=self.meetings)

    def __str__(self) -> str:
        return "\n".join(text.in_(preferred_lang()) for text in (*self.mended, self.line))


def rebuild(root: Path, aliases: Aliases | None, wait_s: float, policy: Policy = DEFAULT_POLICY) -> RebuildReport:
    """Derive all tables again and mend what follows from the raw data, holding the archive's lock."""
    identity_of(root)
    with writing(root, wait_s), telling_write_errors(root):
        # with the marker there, files that no head names are what a killed change left, and not the data of a lost head
        was_cut_short = (root / PENDING).exists()
        snapshot, done, is_back = newest_readable(root)
        if snapshot is None:
            raise no_archive(root)
        names = aliases or snapshot.aliases
        if snapshot.head.layout == LAYOUT and (is_back or not was_cut_short):
            snapshot, adopted = adopt(root, snapshot, names, policy)
            done += adopted
        if n_kept := heal(root, snapshot, always=True):
            done.append(_ASIDE.format(n=n_kept))
        after = rebuilt(root, migrated(root, snapshot), names)
        let_damaged_lists_go(root)
    done += [REOPENED] if after.reopened else []
    if evidence_of(after.snapshot.head.state).settle_s < policy.settle.total_seconds():
        done.append(_NOT_ASKED)
    counts = after.snapshot.head.counts
    return RebuildReport(counts["observations"], counts["meetings"], after.regained, tuple(done))


def newest_readable(root: Path) -> tuple[Snapshot | None, list[Text], bool]:
    """Return the state that counts, what had to be done for it, and whether it is one before the newest, whose raw data
    is not all there or has lost its list: heads that cannot be read, or lack files, are set aside.

    The newest head is all that knows of the last change: where it is damaged the state before it counts again, and what
    the last change kept is taken in by `adopt`. Of an earlier head its hash is enough, and the head behind it holds
    that. Where no head lists its files any more, the raw data alone says what there is: all of it is taken in anew.
    """
    done: list[Text] = []
    numbers = sequences(root)
    if not numbers and without_heads(root) is None:
        return None, done, False
    while numbers and (bare := _without_list(root, numbers[-1])) is None:
        try:
            snapshot = newest(root)
            break
        except FutureLayoutError:
            raise
        except DamagedError:
            set_aside(root, [head_name(numbers[-1])], for_good=True)
            done.append(_HEAD_ASIDE.format(number=numbers.pop()))
    else:
        return _all_anew(root, bare if numbers else None, done)
    assert snapshot is not None  # a head was read
    whole = state_before(snapshot)
    if whole is not None:
        done += _left_behind(snapshot, whole)
        snapshot = whole
    if snapshot.head.layout == LAYOUT:
        done += _bridged(root, snapshot)
    return snapshot, done, whole is not None


def _without_list(root: Path, number: int) -> Snapshot | None:
    """Return what a sound head tells whose list of files went, as that of old ones does; None for others.

    Set aside with the damaged ones, it took its place in the chain with it, and the archive read as one without a sync.
    """
    with suppress(DamagedError):
        raw = read_head(root, number)
        if raw.line_below is None and raw.body["layout"] == LAYOUT:
            return Snapshot(root, Head.of(raw.body), raw.sha256, {})
    return None


def _all_anew(root: Path, bare: Snapshot | None, done: list[Text]) -> tuple[Snapshot, list[Text], bool]:
    """Return the state before any raw data, in the place of the newest head that is left, if any."""
    if bare is None:  # hashes of heads that went are of no chain any more: the numbers begin again
        set_aside(root, [path.relative_to(root).as_posix() for path in gone_files(root)], for_good=True)
        bare = Snapshot(root, unborn(), "", {})
    counts = {**dict.fromkeys(RAW_TABLES, 0), **bare.head.counts}
    bare.head = replace(bare.head, counts=counts, state={}, parser=parser_mark(DEFAULT))
    return bare, done + _bridged(root, bare), True


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
        set_aside(root, [head_name(number)], for_good=True)
        told = {"number": number, "kind": body["kind"], "at": body["written_at"], "whole": whole.head.sequence}
        done.append(_LEFT_BEHIND.format(**told, names=", ".join(names) or "–"))
    return done


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
            is_there = head_path(root, number).exists()
            if is_there:
                set_aside(root, [head_name(number)])
            write_gone(root, {number: follows})
            done.append((_HEAD_ASIDE if is_there else _HEAD_GONE).format(number=number))
            follows = ""
    return done


def adopt(root: Path, snapshot: Snapshot, aliases: Aliases, policy: Policy) -> tuple[Snapshot, list[Text]]:
    """Take in what a change kept whose head was lost: records whose bytes have their hash, and pulls that go on the
    chain; of a state without a list, all that there is.

    The evidence went with the head, and follows from the answers: these are judged as their syncs judged them. Were
    nothing claimed, a meeting that had vanished would be told of no more, and lists that are not to be trusted would
    prove what they do not, by whoever deletes a head.

    Raises
    ------
    DamagedError
        Of a state without a list raw data lacks: as long as it may be brought back, nothing stands in its place.
    """
    told, listed, chain = snapshot.head.counts, dict(snapshot.listed), snapshot.head.chain_sha256
    begin = {table: told[table] for table in RAW_TABLES}
    lost = [path for path in data_files(root) if is_raw(path) and path not in paths_of(listed)]
    if not listed:
        begin, chain = dict.fromkeys(RAW_TABLES, 0), ""
    elif not lost:
        return snapshot, []
    every = {table: [piece for path in lost if (piece := _piece(root, path, table))] for table in RAW_TABLES}
    found = {table: _following(every[table], begin[table], chain if table == "pulls" else "") for table in RAW_TABLES}
    taken = _that_fit(found, set(read(snapshot, "pulls", ("pull_id",))["pull_id"].to_pylist()), begin)
    counts = {**told, **{table: _end(taken[table], begin[table]) for table in RAW_TABLES}}
    if not listed and (_has_hole(every, found) or not taken["pulls"] or any(counts[t] < told[t] for t in RAW_TABLES)):
        raise DamagedError(Text(_LACKING.zh.format(root=root), _LACKING.en.format(root=root)), remedy=RESTORE)
    if not any(taken.values()):
        return snapshot, []
    for table, pieces in taken.items():
        listed[table] = (*listed.get(table, ()), *(described(root, piece.path) for piece in pieces))
    writer = Writer(root, Snapshot(root, snapshot.head, snapshot.sha256, listed))
    counts |= derive_again(writer, aliases)
    try:
        kind = TAKEN_IN if snapshot.listed else ALL_TAKEN_IN
        state = state_after(snapshot, writer.preview(), aliases, policy)
    except DamagedError:  # its raw answer is not what was written: kept all the same, and named by `verify`
        kind = ADOPT if snapshot.listed else ANEW
        unjudged = Unjudged.of(snapshot.head.state).joined(begin["observations"], counts["observations"])
        names = {"names": names_after(snapshot, aliases)} if aliases != snapshot.aliases and snapshot.listed else {}
        state = {**snapshot.head.state, **unjudged.to_state(), **names}
    # what else the change wrote is unnamed still: the marker stays, and `heal` sets it aside
    after = writer.promote(
        kind,
        is_done=False,
        parser=parser_mark(aliases),
        counts=counts,
        chain_sha256=taken["pulls"][-1].chain if taken["pulls"] else chain,
        state=state,
    )
    n_new = {table: counts[table] - begin[table] for table in RAW_TABLES}
    line = (_ADOPTED if kind in CLAIMING else _UNCLAIMED).format(records=n_new["observations"], pulls=n_new["pulls"])
    settles = read(after, "pulls", ("settle_s",))["settle_s"][begin["pulls"] :]
    hours = f"{evidence_of(after.head.state).settle_s / 3600:g}"
    return after, [line, *([_PATIENCE.format(hours=hours)] if settles.null_count and kind in CLAIMING else [])]


class _Piece(NamedTuple):
    """What a raw file holds: numbers from one up to another, that go on where another file ends, and its end.

    Parameters
    ----------
    follows, chain
        The hash of the pull before its pulls, and of their last one; empty of records.
    pull_ids
        The pulls that it holds, or that brought its records.
    lists_to
        The last record that its pulls list.
    """

    path: str
    first: int
    end: int
    follows: str
    chain: str
    pull_ids: set[str]
    lists_to: int


def _piece(root: Path, path: str, table: str) -> _Piece | None:
    """Return what a raw file of a table holds; None unless it is whole, each record with its hash, each pull in the
    chain.
    """
    if path.split("/", 1)[0] != table:
        return None
    piece: _Piece | None = None
    try:
        with pq.ParquetFile(root / path) as parquet:
            for group in range(parquet.num_row_groups):
                numbered = parquet.read_row_group(group, columns=_COLUMNS[table])
                rows = numbered.sort_by(_COLUMNS[table][0]).to_pylist()  # layout 2 merged them in any order
                more = (_of_records if table == "observations" else _of_pulls)(path, rows)
                if more is None or (piece and (more.first, more.follows) != (piece.end, piece.chain)):
                    return None
                piece = more if piece is None else _joined(piece, more)
    except (OSError, pa.ArrowException, KeyError):
        return None  # what cannot be read has no numbers either, and would be listed as if it had been
    return piece


_Pieces = Mapping[str, list[_Piece]]

_COLUMNS = {
    "observations": ["obs", "record_hash", "raw", "pull_id"],
    "pulls": ["ordinal", "numbers", *CHAINED],
}


def _of_records(path: str, rows: Sequence[Mapping[str, Any]]) -> _Piece | None:
    first, end = rows[0]["obs"], rows[0]["obs"] + len(rows)
    is_whole = all(hashlib.sha256(row["raw"]).digest() == row["record_hash"] for row in rows)
    if not is_whole or [row["obs"] for row in rows] != list(range(first, end)):
        return None
    return _Piece(path, first, end, "", "", {row["pull_id"] for row in rows}, -1)


def _of_pulls(path: str, rows: Sequence[Mapping[str, Any]]) -> _Piece | None:
    first, end = rows[0]["ordinal"], rows[0]["previous_sha256"] or ""
    for ordinal, row in enumerate(rows, first):
        if row["ordinal"] != ordinal or (row["previous_sha256"] or "") != end:
            return None
        end = pull_sha256(row)
    listed = [numbers_in(row["numbers"]) for row in rows]
    lists_to = max([-1, *(int(one.max()) for one in listed if len(one))])
    follows = rows[0]["previous_sha256"] or ""
    return _Piece(path, first, first + len(rows), follows, end, {row["pull_id"] for row in rows}, lists_to)


def _joined(one: _Piece, more: _Piece) -> _Piece:
    return one._replace(
        end=more.end,
        chain=more.chain,
        pull_ids=one.pull_ids | more.pull_ids,
        lists_to=max(one.lists_to, more.lists_to),
    )


def _following(pieces: Sequence[_Piece], end: int, chain: str) -> list[_Piece]:
    """Return the files that go on one behind the other; small ones that were merged lie here too, and would bring rows
    twice: of those that begin at one place, the longest.
    """
    found: list[_Piece] = []
    while fitting := [one for one in pieces if (one.first, one.follows) == (end, chain)]:
        found.append(max(fitting, key=lambda one: one.end))
        end, chain = found[-1].end, found[-1].chain
    return found


def _end(pieces: Sequence[_Piece], before: int) -> int:
    return pieces[-1].end if pieces else before


def _that_fit(found: _Pieces, known: set[str], begin: Mapping[str, int]) -> _Pieces:
    """Return as many files as go together: a record of no pull, or a pull without its records, would be damage that
    nothing mends.
    """
    brought = known.union(*(one.pull_ids for one in found["pulls"]))
    records = list(takewhile(lambda one: one.pull_ids <= brought, found["observations"]))
    n_records = _end(records, begin["observations"])
    pulls = list(takewhile(lambda one: one.lists_to < n_records, found["pulls"]))
    fitting = {"observations": records, "pulls": pulls}
    return found if fitting == found else _that_fit(fitting, known, begin)


def _has_hole(every: _Pieces, found: _Pieces) -> bool:
    return any(one.first > _end(found[table], 0) for table, pieces in every.items() for one in pieces)


_LACKING = Text(
    "没有控制文件列出存档的文件，而且原始数据不全：{root}",
    "no head lists the archive's files, and raw data of it lacks: {root}",
)


_HEAD_ASIDE = Text(
    "控制文件 {number} 无法读取，已移到 interrupted/", "head {number} cannot be read and was set aside in interrupted/"
)
_HEAD_GONE = Text(
    "控制文件 {number} 不在了；其哈希由后一个控制文件保留", "head {number} is gone; the one behind it holds its hash"
)
_ADOPTED = Text(
    "已收回失去控制文件的 {records} 条记录、{pulls} 次拉取，并由原始回答重新判断完整性；提交的清单不在其中",
    "{records} records and {pulls} pulls that had lost their head were taken in, and what they prove was judged anew from "
    "the raw answers; lists handed in are not among these",
)
_NOT_ASKED = Text(
    "平台最迟多少小时后列出会议，以存档中的控制文件和拉取所记为准：--settle-hours 没有用上；要改变它，请在 sync 时给出",
    "heads or pulls are there that say how late the platform may list a meeting: --settle-hours was not used; to raise it, "
    "give it to sync",
)
_PATIENCE = Text(
    "平台最迟多少小时后列出会议、平台的 Date 所示的时钟偏差，随控制文件一起丢失：按 {hours} 小时、如同没有 Date 判断。如果同步时用过别的 --settle-hours，请以它运行下一次 sync",
    "how late the platform may list a meeting, and what its Date said of this machine's clock, were lost with the heads: "
    "judged with {hours} h, as if no Date was sent. If syncs were given another --settle-hours, run the next sync with it",
)
_UNCLAIMED = Text(
    "已收回失去控制文件的 {records} 条记录、{pulls} 次拉取；有原始回答已损坏，因此它们不作为完整性证据",
    "{records} records and {pulls} pulls that had lost their head were taken in; a raw answer is damaged, and nothing is "
    "claimed by them",
)
_LEFT_BEHIND = Text(
    "控制文件 {number}（{kind}，{at}）所列的原始数据不在这里（{names}），已退回到此前完整的状态 {whole}；"
    "该控制文件永久保留在 interrupted/",
    "head {number} ({kind}, {at}) names raw data that is not here ({names}): the archive is back at the state before, "
    "{whole}; that head is kept in interrupted/ for good",
)
_ASIDE = Text(
    "{n} 个不属于此状态的文件（原始数据、提交的清单）永久保留在 interrupted/",
    "{n} files of raw data, or of lists handed in, that are of no state here are kept in interrupted/ for good",
)
_REBUILT = Text(
    "已由 {observations} 条原始记录重新生成：{meetings} 场会议",
    "derived again from {observations} raw records: {meetings} meetings",
)
