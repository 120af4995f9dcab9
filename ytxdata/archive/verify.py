"""Check every byte, every record, every pull and every law of an archive against what was written; damage is told by name."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from ytxdata import times
from ytxdata.archive.claims import claims_of
from ytxdata.archive.cleanup import LISTS_KEPT, beside, manifest, strays
from ytxdata.archive.footers import footers_that_lie
from ytxdata.archive.heads import (
    Head,
    Snapshot,
    gone_files,
    head_name,
    kept_lists,
    link,
    newest,
    read_gone,
    read_head,
    sequences,
)
from ytxdata.archive.kept_answers import asked_at, is_as_it_came, waiting
from ytxdata.archive.ownership import IDENTITY, LAYOUT, MARK, PENDING, no_archive, read_identity, undisturbed
from ytxdata.archive.raw_answers import CHAINED, Envelope, numbers_in, pull_sha256, raw_records, unfold
from ytxdata.archive.rebuild import names_of
from ytxdata.archive.recompute import rows_that_differ
from ytxdata.archive.repair import lacking, state_before
from ytxdata.archive.stored_files import INDEX, StoredFile
from ytxdata.archive.stored_rows import batches, read
from ytxdata.archive.verification import HOLE, Damage, Kind, Verification
from ytxdata.errors import DamagedError, NotAnArchiveError
from ytxdata.files import sha256_of
from ytxdata.labels import Text
from ytxdata.records.aliases import names_chosen
from ytxdata.records.normalize import PARSER_VERSION
from ytxdata.records.values import rows_of

TOGETHER = 100_000
"""Records put together at a time when raw answers are checked [records]."""

_GONE = Text("文件不见了", "the file is gone")
_CHANGED = Text("内容与写入时不一致", "its content is not what was written")
_TWO_HASHES = Text(
    "控制文件对其内容的记载不一致，而文件从不重写",
    "control files name different contents of it, and no file is written again",
)
_NO_FILE = Text("不是存档之内的普通文件", "it is no plain file inside of the archive")
_NO_LINK = Text("与之前的控制文件不衔接", "it does not follow the control files before it")
_OTHER_OWNER = Text("不是写入时的身份文件", "it is not the identity file of that time")
_UNREADABLE = Text("无法读取", "it cannot be read")


def verify(root: Path, *, quick: bool = False, recompute: bool = False) -> Verification:
    """Return what an archive's verification finds; it takes no lock and changes nothing.

    Parameters
    ----------
    quick
        Leave out deriving the rows anew: hashes and chains alone are checked.
    recompute
        Judge anew what is claimed, from the raw answers: this takes as long as all syncs took together.

    Raises
    ------
    NotAnArchiveError
        There is no archive.
    FutureLayoutError
        A newer version of this package wrote it.
    """
    # an identity file that somebody deleted is damage: it must not read as if there had never been an archive
    if not (root / IDENTITY).exists() and not sequences(root):
        raise no_archive(root)
    return undisturbed(
        lambda: _looked_at(root, quick=quick, recompute=recompute), root, lambda found: not found.damages
    )


def _looked_at(root: Path, *, quick: bool, recompute: bool) -> Verification:
    check = _Check(root)
    check.identity()
    check.heads()
    snapshot = None
    try:
        snapshot = check.state(newest(root))
        check.files(snapshot)
        # a pipe would be waited for
        if snapshot is not None and not any(damage.detail == _NO_FILE for damage in check.damages):
            check.content(snapshot, quick=quick, recompute=recompute)
    except DamagedError as error:
        check.found("control", str(root), error.cause)
    return Verification(
        n_files=check.n_files,
        n_records=check.n_records,
        n_pulls=check.n_pulls,
        damages=tuple(dict.fromkeys(check.damages)),
        n_rows=check.n_rows,
        is_recomputed=check.is_recomputed,
        beside=(*beside(root, LAYOUT if snapshot is None else snapshot.head.layout), *check.unnamed),
        unlike=check.unlike,
        chosen=check.chosen,
    )


def _unlike(snapshot: Snapshot, found: list[Damage]) -> Text:
    told = [f"{one.name} ({one.detail.en})" for one in found], [f"{one.name}（{one.detail.zh}）" for one in found]
    en, zh = (", ".join(dict.fromkeys(names[:_MOST_NAMED])) for names in told)
    versions = {"told": snapshot.head.parser.get("version"), "version": PARSER_VERSION, "n": len(found)}
    return Text(_UNLIKE.zh.format(**versions, names=zh), _UNLIKE.en.format(**versions, names=en))


_NOT_HERE = Text(
    "控制文件 {newest} 所列，但不在这里，例如在同步期间复制的目录；此前的状态 {n}（{at}）完整，rebuild 会退回到它",
    "head {newest} names it and it is not here, as in a folder copied during a sync; the state before, {n} ({at}), is "
    "whole, and rebuild goes back to it",
)
_MOST_NAMED = 5
"""Rows named where tables are of another parser: that they differ is no news of each."""

_UNLIKE = Text(
    "控制文件称表格由解析器版本 {told} 得出；本版本（{version}）由原始记录得出的有 {n} 处不同：{names}。"
    "这不是损坏，但表格的内容因此未经证实：请运行 ytxdata sync 或 ytxdata rebuild，然后再次核对",
    "its head says that parser {told} derived the tables; this version ({version}) derives other rows in {n} places: "
    "{names}. That is no damage, but what stands in the tables is not proven: run ytxdata sync or ytxdata rebuild, "
    "then verify again",
)


_CUT_SHORT = Text(
    "最近的 {n} 个控制文件（{first} 至 {last}）没有第二行，最新的控制文件无从与之核对：或在修复时与损坏的文件一同舍去，或被人截去",
    "{n} of the newest heads ({first} to {last}) have no second line, and the newest could not be held against what it "
    "said: a repair let it go with what was damaged, or somebody cut it off",
)
_WAITING = Text(
    "interrupted/answers/ 中有 {n} 个回答还不在存档里：某次同步因原始数据损坏而把它们保存在那里；请恢复损坏的文件并运行 ytxdata sync",
    "{n} answers in interrupted/answers/ are not in the archive yet: a sync kept them there beside damaged raw data. Bring "
    "back what is damaged, then run ytxdata sync",
)
_SPOILT = Text(
    "其中 {names} 已不是收到时的样子，或已丢失：只有它列出的会议不在存档里，平台也可能不再列出。请从备份恢复它，再运行 ytxdata sync；"
    "没有备份时，请把它和同名的 .call 文件移走",
    "of these {names} is not as it came, or gone: meetings that it alone lists are not in the archive, and the platform "
    "may list them no more. Bring it back from a backup, then run ytxdata sync; without one, move it and its .call away",
)
_AHEAD = Text(
    "其中 {names} 的提问时刻还没有到：本机时钟现在慢了，或当时快了，或有人放入了伪造的回答。到那时的同步才会收回它；伪造的请移走",
    "of these {names} was asked at an instant that is still to come: this machine's clock is behind, or was ahead then, or "
    "somebody laid in what nobody answered. A sync takes it in once that instant has passed; move a forged one away",
)


@dataclass
class _Check:
    """One verification in progress."""

    root: Path
    damages: list[Damage] = field(default_factory=list)
    n_files: int = 0
    n_records: int = 0
    n_pulls: int = 0
    n_rows: int | None = None
    is_recomputed: bool = False
    unlike: tuple[Text, ...] = ()
    chosen: tuple[Text, ...] = ()
    states: list[tuple[str, int, str]] = field(default_factory=list)
    unnamed: list[str] = field(default_factory=list)
    bare: set[str] = field(default_factory=set)

    def found(self, kind: Kind, name: str, detail: Text) -> None:
        self.damages.append(Damage(kind, name, detail))

    def identity(self) -> None:
        self.n_files += 1
        try:
            if read_identity(self.root) is None:
                self.found("control", IDENTITY, _GONE)
        except (DamagedError, NotAnArchiveError):
            self.found("control", IDENTITY, _CHANGED if (self.root / IDENTITY).exists() else _GONE)

    def heads(self) -> None:
        """Follow the chain from the first head to the newest; of those that went, their hashes must still be there."""
        numbers = sequences(self.root)
        self.n_files += len(numbers)
        went = self._gone()
        owner = ""
        with suppress(OSError):  # gone, or no plain file: `identity` has told it
            owner = sha256_of(self.root / IDENTITY)
        past: str | None = ""
        previous: str | None = ""
        # in steps from one that is known to the next: a file that says it is the 10¹²th must not be counted up to
        for before, number in pairwise([0, *sorted({*numbers, *went})]):
            if number > before + 1:
                names = [head_name(before + 1), head_name(number - 1)]
                # what a rebuild could bridge it has: the hash of the last one before a head that is left
                self.found("control", "–".join(dict.fromkeys(names)), HOLE if number in went else _GONE)
                previous = past = None
            name = head_name(number)
            previous_before, past_before = previous, past
            # of a head that went its hash is all that is needed: whoever changes it breaks the next link
            previous = went.get(number)
            if number in numbers:
                try:
                    raw = read_head(self.root, number)
                except DamagedError:
                    self.found("control", name, _CHANGED)
                else:
                    self._head(name, Head.of(raw.body), raw.line_below, previous_before, past_before, owner)
                    previous = raw.sha256
            # behind a hole the links are not known: it is told once, and not again for each head that follows
            past = link(past, previous) if previous is not None and past is not None else None

    def _gone(self) -> dict[int, str]:
        found = gone_files(self.root)
        self.n_files += len(found)
        went: dict[int, str] = {}
        for path in found:
            try:
                went |= read_gone(path)
            except DamagedError:
                self.found("control", path.relative_to(self.root).as_posix(), _CHANGED)
        return went

    def _head(
        self, name: str, head: Head, line_below: bytes | None, previous: str | None, past: str | None, owner: str
    ) -> None:
        follows = previous is None or head.previous_sha256 == previous
        if head.layout == LAYOUT:  # what went before is known by its hash alone; older layouts did not say it
            follows = follows and (past is None or head.past_sha256 == past)
        if not follows:
            self.found("control", name, _NO_LINK)
        if owner and head.identity_sha256 != owner:
            self.found("control", IDENTITY, _OTHER_OWNER)
        if head.layout == LAYOUT and line_below is None:
            self.bare.add(name)
        elif head.layout == LAYOUT and hashlib.sha256(line_below or b"").hexdigest() != head.files_sha256:
            self.found("control", name, _CHANGED)
        self.states.append((name, head.counts.get("pulls", 0), head.chain_sha256))

    def state(self, snapshot: Snapshot | None) -> Snapshot | None:
        """Return the state to check: the newest, or one before it where a copy has its head and not its files."""
        whole = state_before(snapshot) if snapshot is not None else None
        if snapshot is None or whole is None:
            return snapshot
        told = {"newest": snapshot.head.sequence, "at": whole.head.written_at, "n": whole.head.sequence}
        for path in lacking(snapshot):
            self.found("lacking", path, _NOT_HERE.format(**told))
        return whole

    def files(self, snapshot: Snapshot | None) -> None:
        """Check every file that counts, byte for byte, and that there is none which no head names."""
        wanted = self._marks(snapshot)
        damaged = [
            Damage(_kind(path), path, what) for path, mark in wanted.items() if (what := self._damage(path, mark))
        ]
        self.n_files += len(wanted)
        if (self.root / MARK).exists():  # of the state before, which readers may be at work on, or of the one to come
            self.unnamed = strays(self.root, snapshot)
        # while somebody writes, files that no head names yet are as they should be
        elif not (self.root / PENDING).exists():
            unnamed = Text("没有控制文件认领的文件", "no control file names it")
            damaged += [Damage("stray", path, unnamed) for path in strays(self.root, snapshot)]
        self.damages += damaged

    def _marks(self, snapshot: Snapshot | None) -> dict[str, tuple[int, str]]:
        """Return size and hash of every file that a head names; those that only earlier ones list may be gone by now.

        So may those of the oldest list: lists go oldest first, and one whose files were being let go when a reader held
        one of them keeps naming those that are gone already.
        """
        if snapshot is None:
            return {}
        if snapshot.head.layout < LAYOUT:
            return manifest(self.root)
        marks: dict[str, tuple[int, str]] = {}
        lists = [one for one in kept_lists(self.root) if one[0] <= snapshot.head.sequence]
        needed = max(1, min(LISTS_KEPT, len(lists) - 1))
        for place, (_, listed) in enumerate(lists):
            here = {
                file.path: (file.size, file.sha256)
                for table in listed.values()
                for file in table
                if place < needed or (self.root / file.path).exists()
            }
            # a bill was exchanged for another at its place, and one more head named the new hash
            for path in (path for path, mark in here.items() if marks.get(path, mark) != mark):
                self.found(_kind(path), path, _TWO_HASHES)
            marks = here | marks  # a file is what the newest list says, by which it is read
        return marks

    def _damage(self, path: str, mark: tuple[int, str]) -> Text | None:
        place = self.root / path
        try:
            is_own = place.resolve(strict=True).is_relative_to(self.root.resolve()) and place.is_file()
            return _NO_FILE if not is_own else None if (place.stat().st_size, sha256_of(place)) == mark else _CHANGED
        except OSError:
            return _GONE

    def content(self, snapshot: Snapshot, *, quick: bool, recompute: bool) -> None:
        """Check what the files hold: over damage every row would be told, so each step waits until that is mended."""
        self.tables(snapshot)
        known = [*(aliases for _, aliases in names_of(snapshot)), snapshot.aliases]
        self.chosen = tuple(dict.fromkeys(text for aliases in known for text in names_chosen(aliases)))
        if left := [] if self.damages else waiting(self.root, snapshot):
            spoilt = ", ".join(path.name for path in left if not is_as_it_came(path))
            ahead = ", ".join(path.name for path in left if asked_at(path) > times.now())
            told = [text.format(names=names) for text, names in ((_SPOILT, spoilt), (_AHEAD, ahead)) if names]
            self.unlike = (_WAITING.format(n=len(left)), *told)
        if not self.damages and not quick:
            self.damages += [*footers_that_lie(snapshot)]
        if not self.damages and not quick:
            self._rows(snapshot)
        if not self.damages and recompute:
            claims = claims_of(snapshot)
            self.damages += [Damage("claim", "certificate", one) for one in claims.others]
            self.unlike, self.chosen = (*self.unlike, *claims.unshown), (*self.chosen, *claims.chosen)
            if bare := [name for name, *_ in self.states[-LISTS_KEPT:] if name in self.bare]:
                # sound all the same: one bit in a derived file, and a repair lets the lists go that name it
                self.chosen = (_CUT_SHORT.format(n=len(bare), first=bare[0], last=bare[-1]), *self.chosen)
            self.is_recomputed = True

    def _rows(self, snapshot: Snapshot) -> None:
        """Derive the rows anew. Of another parser they may well be other; that it was another is a word of the head
        alone, which whoever forges rows can write, too: no damage, then, and not sound.
        """
        n_rows, found, unheard = rows_that_differ(snapshot)
        self.unlike = (*self.unlike, *unheard)
        if found and snapshot.head.parser.get("version") != PARSER_VERSION:
            self.unlike = (_unlike(snapshot, found), *self.unlike)
        else:
            self.n_rows = n_rows
            self.damages += found

    def tables(self, snapshot: Snapshot) -> None:
        """Check the records one by one, then the pulls and the laws that hold between them."""
        numbers = [self._records(file) for file in snapshot.files("observations")]
        found = np.sort(np.concatenate([np.empty(0, np.int64), *numbers]))
        wanted = np.arange(snapshot.head.counts["observations"])
        missing = np.setdiff1d(wanted, found)
        if len(missing):
            self.found("record", _span(missing), _UNREADABLE)
        if len(found) != len(np.unique(found)):
            self.found("law", "observations", Text("有记录存了两次", "a record is stored twice"))
        self.n_records = len(found)
        self._derived(snapshot)
        self._pulls(snapshot)

    def _records(self, file: StoredFile) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Check the records of a file; return the numbers of those that could be read."""
        read = [np.empty(0, np.int64)]
        try:
            with pq.ParquetFile(self.root / file.path) as parquet:
                for group in range(parquet.num_row_groups):
                    # by its own hash too, of the day it was received: a merge gives the file another
                    rows = parquet.read_row_group(group, columns=["obs", "record_hash", "raw"])
                    for number, digest, raw in rows_of(rows, ("obs", "record_hash", "raw")):
                        if hashlib.sha256(raw).digest() != digest:
                            self.found("record", str(number), _CHANGED)
                    read.append(rows["obs"].to_numpy())
        except Exception:  # a damaged Parquet file can fail in any way
            self.found("data", file.path, _UNREADABLE)
        return np.concatenate(read)

    def _derived(self, snapshot: Snapshot) -> None:
        """Every observation is in the meetings or in the rejects, once."""
        derived = sum(file.rows for table in ("meetings", "rejects") for file in snapshot.files(table))
        if derived != snapshot.head.counts["observations"]:
            wrong = Text(
                "会议与拒收之和不等于记录数；请运行 ytxdata rebuild",
                "meetings and rejects are not as many as the records; run ytxdata rebuild",
            )
            self.found("law", snapshot.head.generation, wrong)

    def _pulls(self, snapshot: Snapshot) -> None:
        """Every pull follows the one before it, and its raw answer can be put together."""
        try:
            self._chain(snapshot)
            together: list[dict[str, Any]] = []
            size = 0
            for rows in batches(snapshot, "pulls", ("pull_id", "sha256", "form", "gaps", "numbers")):
                for row in rows.to_pylist():
                    together.append(row)
                    size += len(row["numbers"]) // 8
                    if size > TOGETHER:
                        self._answers(snapshot, together)
                        together, size = [], 0
            self._answers(snapshot, together)
        except Exception:  # as above
            self.found("data", "pulls", _UNREADABLE)

    def _chain(self, snapshot: Snapshot) -> None:
        """Follow the chain of pulls; every state that a head tells of must be a beginning of it."""
        previous, ends = "", [""]
        for place, row in enumerate(read(snapshot, "pulls", ("ordinal", *CHAINED)).to_pylist()):
            self.n_pulls += 1
            if (row["previous_sha256"] or "") != previous or row["ordinal"] != place:
                self.found("pull", row["pull_id"], Text("与前一次拉取不衔接", "it does not follow the pull before it"))
            previous = pull_sha256(row)
            ends.append(previous)
        for name, n_pulls, end in self.states:
            # a forged head, sealed anew, or one that tells of pulls that were taken out, fits no beginning of the chain
            if n_pulls >= len(ends) or ends[n_pulls] != end:
                self.found("control", name, Text("与拉取链不符", "the chain of pulls does not have what it tells of"))
        # pulls taken off the end leave a chain without a break: the newest head alone knows where it ended
        if previous != snapshot.head.chain_sha256 or self.n_pulls != snapshot.head.counts["pulls"]:
            self.found("pull", "pulls", Text("拉取链的末端不符", "the chain of pulls does not end as it should"))

    def _answers(self, snapshot: Snapshot, pulls: list[dict[str, Any]]) -> None:
        """Put raw answers together and compare their hashes."""
        envelopes = [Envelope(row["form"], row["gaps"], numbers_in(row["numbers"])) for row in pulls]
        numbers = np.unique(np.concatenate([np.empty(0, np.int64), *(one.numbers for one in envelopes)]))
        raws = raw_records(snapshot, numbers)
        for row, envelope in zip(pulls, envelopes, strict=True):
            digest = hashlib.sha256()
            try:
                for piece in unfold(envelope, [raws[number] for number in envelope.numbers.tolist()]):
                    digest.update(piece)
            except (KeyError, ValueError):
                self.found("pull", row["pull_id"], Text("其中的记录无法读取", "records of it cannot be read"))
                continue
            if digest.hexdigest() != row["sha256"]:
                self.found(
                    "pull", row["pull_id"], Text("原始回答与写入时不一致", "its raw answer is not what was written")
                )


def _kind(path: str) -> Kind:
    return "commit" if "/_delta_log/" in path else "index" if path.startswith(f"{INDEX}/") else "data"


def _span(numbers: np.ndarray[tuple[int], np.dtype[np.int64]]) -> str:
    return f"{numbers[0]}–{numbers[-1]}" if len(numbers) > 1 else str(numbers[0])
