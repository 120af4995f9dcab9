"""Mirrors: an archive copied to a folder or an object store, and read from there, so that no reader ever sees half a
state; what was sent is read back and compared with the hashes that the heads hold.

A mirror is laid out like the archive, with `mirror.json` beside it, which keeps every sync away: whatever were written
there, the next mirror could not tell from damage.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, Self, TypeVar

from filelock import FileLock

from ytxdata.archive.cleanup import LISTS_KEPT
from ytxdata.archive.heads import (
    Head,
    RawHead,
    gone_files,
    head_name,
    link,
    newest,
    read_gone,
    read_head,
    sealed,
    sequences,
    unsealed,
    whole_head,
)
from ytxdata.archive.ownership import (
    HEADS,
    IDENTITY,
    LAYOUT,
    MARK,
    MIRRORING,
    check_layout,
    identity_of,
    undisturbed,
)
from ytxdata.archive.stored_files import (
    FOLDERS,
    RESTORE,
    StoredFile,
    paths_of,
    telling_damage,
)
from ytxdata.archive.stores import DRAFT, Store, cache_folder, local_path, store_at
from ytxdata.archive.whole_files import check_whole
from ytxdata.errors import DamagedError, NotAnArchiveError, UsageError
from ytxdata.files import PRIVATE_FILE, make_private_folder, read_plain
from ytxdata.labels import Text, preferred_lang

_OURS = re.compile(r"(?:\d{12}|gone-\d{12}-\d{12}|part-\d{5}-[0-9a-f-]{36})[^/]*")
"""How files of an archive are called, also those of older layouts."""

_HEAD = re.compile(rf"{HEADS}/(\d{{12}})\.json")
AT_ONCE = 8
"""How many files are sent at a time: small ones are nothing but waiting for the store."""

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class MirrorReport:
    """What a mirror comes to.

    Parameters
    ----------
    address
        Where it stands.
    sequence
        The number of the head that its readers see now.
    n_sent, n_bytes, n_present, n_removed
        Files that were sent, and what they hold; files that were there already; files of earlier states removed.

    Examples
    --------
    >>> MirrorReport("s3://b/m", 7, 3, 1024, 20, 0).line.en[:45]
    'the mirror s3://b/m is at state 7: 3 files se'
    """

    address: str
    sequence: int
    n_sent: int
    n_bytes: int
    n_present: int
    n_removed: int

    @property
    def line(self) -> Text:
        """The result in one line."""
        return Text(
            f"镜像 {self.address} 为状态 {self.sequence}：传送 {self.n_sent} 个文件（{self.n_bytes:,} 字节，已读回核对），{self.n_present} 个已在，删除 {self.n_removed} 个旧文件",
            f"the mirror {self.address} is at state {self.sequence}: {self.n_sent} files sent ({self.n_bytes:,} bytes, read back and checked), {self.n_present} there already, {self.n_removed} old ones removed",
        )

    def to_dict(self) -> dict[str, object]:
        """Return it as plain JSON values, for programs."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    def __str__(self) -> str:
        return self.line.in_(preferred_lang())


class Mirrorable:
    """What an archive can do with mirrors of itself."""

    def __init__(self, path: str | PathLike[str]) -> None:
        self.path = local_path(path)

    def mirror(self, url: str | PathLike[str], *, recheck: bool = False) -> MirrorReport:
        """Bring a mirror of the archive up to date: a folder, or a bucket of an object store.

        Parameters
        ----------
        url
            A path, `file://…` or `s3://bucket/prefix`, with `?region=…&endpoint_override=…&scheme=…` for stores of
            others; `gs://`, `oss://`, `abfs://` and the like where `fsspec` and the package of the store are
            installed. Credentials stand in the environment or in `~/.aws`, never in the address.
        recheck
            Read back and compare everything that is there, too, not only what is sent.

        Returns
        -------
        MirrorReport
            How many files were sent, were there, and were removed.

        Raises
        ------
        DamagedError
            A file of the archive is not what was written: nothing was sent. Or the mirror does not give back what was
            sent.
        UsageError
            The address cannot be used; it holds something else, the mirror of another archive, or a state that this
            archive never had.
        NotAnArchiveError
            There is no archive.
        NetworkError, ArchiveWriteError
            The store could not be read or written: what was sent stays, and the next run goes on from there.

        Notes
        -----
        Everything goes out: raw answers with full numbers, and the key of masked hashes. Files are sent first and the
        newest head last, each beside its place, read back, and only then moved there: whoever reads meanwhile, or
        after an interruption, sees the state before. Files that no head of the archive names any more are removed
        when the new head is there, those of the state that was seen until then by the next run. All local files are
        hashed before (about a second for a gigabyte). A sync may run meanwhile.

        Examples
        --------
        >>> import tempfile
        >>> import ytxdata as ytx
        >>> archive = ytx.sample("archive")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     done = archive.mirror(f"{folder}/mirror")
        ...     again = archive.mirror(f"{folder}/mirror")
        ...     n_there = len(ytx.Archive(f"{folder}/mirror").meetings())
        >>> done.n_sent > 0, again.n_sent, n_there == len(archive.meetings())
        (True, 0, True)
        """
        root = self.path.absolute()
        identity_of(root)
        target = store_at(url)
        if target.folder and (target.folder == root or root in target.folder.parents):
            raise UsageError(
                Text("镜像不能放在存档里面", "a mirror cannot stand inside of its archive"),
                remedy=Text("请另选一个目录", "choose another folder"),
            )
        sent: dict[str, int] = {}
        # two at once of one archive could remove what the other has sent and not yet named
        with FileLock(root / MIRRORING, mode=PRIVATE_FILE):
            return undisturbed(lambda: _copy(_checked(root), store_at(root), target, sent, recheck=recheck), root)

    @classmethod
    def at(cls, url: str, folder: str | PathLike[str] | None = None) -> Self:
        """Return the archive that is mirrored at an address, as it is now, to be read.

        Parameters
        ----------
        url
            As in `mirror`.
        folder
            Where its files are kept on this machine; by default in the user's cache, a mirror of this machine where it
            stands. They hold full numbers.

        Returns
        -------
        Archive
            All that reads works as ever; what writes is refused. Call again for what came since.

        Raises
        ------
        NotAnArchiveError
            There is no mirror, or its first run was not completed.
        UsageError
            The address cannot be used, or the folder holds something else.
        DamagedError
            A file is not what its head says.
        NetworkError
            The store could not be read.

        Notes
        -----
        Files are fetched whole, all that the heads name and each of them once, and compared with their hashes; they
        can be read by their owner alone. Nothing is read over the network afterwards.

        A folder or `file://` address is not copied, for a mirror shows whole states only, wherever it is read: as of
        any archive, `verify` compares its files with their hashes. For a copy that is compared name a `folder`.
        """
        return cls(fetched(url, folder))


def fetched(url: str, folder: str | PathLike[str] | None = None) -> Path:
    """Return a folder with what is mirrored at an address now; see `Archive.at`."""
    source = store_at(url)
    identity = source.read(IDENTITY)
    if identity is None:
        raise NotAnArchiveError(
            Text(f"这里没有完整的镜像：{source.address}", f"there is no whole mirror here: {source.address}"),
            remedy=Text("检查地址；首次镜像中断的请再运行一次", "check the address; a first mirror that was cut short is to be run again"),
        )  # fmt: skip
    if source.folder is not None and folder is None:
        return source.folder
    kept = Path(folder).absolute() if folder is not None else cache_folder() / hashlib.sha256(url.encode()).hexdigest()
    make_private_folder(kept)
    # beside it, not inside: a folder that holds anything is no place for a new mirror
    with FileLock(kept.with_name(f"{kept.name}.lock"), mode=PRIVATE_FILE), TemporaryDirectory() as staged:
        root = Path(staged)
        (root / HEADS).mkdir()
        (root / IDENTITY).write_bytes(identity)
        sizes = source.sizes([HEADS])

        def stage(name: str) -> None:
            known = kept / name
            is_known = known.is_file() and known.stat().st_size == sizes[name]
            content = known.read_bytes() if is_known else source.read(name)
            if content is not None:  # it went while the list was gone through
                (root / name).write_bytes(content)

        names = [name for name in sizes if name.endswith(".json") and _OURS.fullmatch(name.removeprefix(f"{HEADS}/"))]
        _at_once(stage, names)
        # what was kept before is hashed again: another file of that size, put there, would be read as the archive's
        there = source.sizes(FOLDERS)
        state = _state(root, lambda file: there.get(file.path) != file.size)
        _copy(state, source, store_at(kept), {}, recheck=True)
    return kept


class _State(NamedTuple):
    """What is to be seen at the mirror: `data` and `control` hold size and hash, and content, by name; `listed` are the
    heads whose files are all there, `hashes` those of all heads that are known.
    """

    identity: bytes
    data: Mapping[str, StoredFile]
    control: Mapping[str, bytes]
    listed: frozenset[int]
    hashes: Mapping[int, str]

    @property
    def sequence(self) -> int:
        """The number of the newest head."""
        return max(self.hashes)


def _state(root: Path, is_gone: Callable[[StoredFile], bool]) -> _State:
    """Return the state that control files in a folder tell of; the files they name may lie elsewhere."""
    numbers = sequences(root)
    if not numbers:
        raise UsageError(
            Text("存档还没有完成过同步", "the archive has no completed sync yet"),
            remedy=Text("先运行 sync", "run sync first"),
        )
    raws = {number: read_head(root, number) for number in numbers}
    last = raws[numbers[-1]]
    check_layout(last.body["layout"], root)
    if last.body["layout"] < LAYOUT:
        raise UsageError(
            Text("旧布局的存档不能镜像", "an archive of an older layout cannot be mirrored"),
            remedy=Text("先运行一次 sync，它会升级布局", "run sync once: it brings the layout up to date"),
        )
    control = {
        head_name(number): sealed(raw.body) + (b"" if raw.line_below is None else b"\n" + raw.line_below)
        for number, raw in raws.items()
    }
    hashes: dict[int, str] = {}
    for path in gone_files(root):
        hashes |= read_gone(path)
        control[path.relative_to(root).as_posix()] = read_plain(path)
    hashes |= {number: raw.sha256 for number, raw in raws.items()}
    data: dict[str, StoredFile] = {}
    listed: set[int] = set()
    lists = [number for number in reversed(numbers) if raws[number].line_below is not None]
    for place, number in enumerate(lists):
        files = [file for table in whole_head(root, number, raws[number])[1].values() for file in table]
        # lists go oldest first, file by file: of one that is going, some may be gone (`cleanup.let_files_go`)
        if place < LISTS_KEPT or not any(map(is_gone, files)):
            listed.add(number)
            data |= {file.path: file for file in files}
    return _State(read_plain(root / IDENTITY), data, control, frozenset(listed), hashes)


def _checked(root: Path) -> _State:
    """Return the state of an archive of this machine, every file compared with its hash, every head with the chain."""
    newest(root)  # says by itself what is no archive, or one of a newer version
    state = _state(root, lambda file: not (root / file.path).exists())
    head = Head.of(read_head(root, state.sequence).body)
    past = ""
    with telling_damage(HEADS, RESTORE):
        for number in range(1, state.sequence):
            past = link(past, state.hashes[number])
        if head.past_sha256 != past or head.identity_sha256 != hashlib.sha256(state.identity).hexdigest():
            raise ValueError("the control files do not follow each other")
    _at_once(lambda file: check_whole(root, file), state.data.values())
    return state


def _copy(state: _State, source: Store, target: Store, sent: dict[str, int], *, recheck: bool = False) -> MirrorReport:
    """Bring a mirror to a state; whatever instant this ends at, its readers see the state before or this one whole.
    `sent` is what was sent before, of a state that went meanwhile.
    """
    _claim(target, state)
    there = target.sizes((*FOLDERS, HEADS))  # nothing else is sent, and nothing else is ever removed
    found = [int(match[1]) for name in there if (match := _HEAD.fullmatch(name))]
    last = max(found, default=0)
    shown = _shown(target, last, state) if last else set[str]()

    def send(name: str, size: int, sha256: str, pieces: Iterable[bytes]) -> None:
        if there.get(name) == size and not (recheck and target.sha256(name) != sha256):
            return
        if not target.put(name, pieces, sha256):
            raise DamagedError(
                Text(f"{name} 读回的内容与控制文件所记不符", f"{name}, read back, is not what its head says"),
                remedy=Text("运行 ytxdata verify 检查存档，然后加 --recheck 再镜像一次", "check the archive with ytxdata verify, then mirror it again with --recheck"),
            )  # fmt: skip
        sent[name] = size

    def data(file: StoredFile) -> None:
        send(file.path, file.size, file.sha256, source.pieces(file.path))

    def control(name: str) -> None:
        content = state.identity if name == IDENTITY else state.control[name]
        send(name, len(content), hashlib.sha256(content).hexdigest(), [content])

    _at_once(data, state.data.values())
    # a head without its list, once it were the newest there, could not be read: such follow when the newest is there
    names = {int(match[1]): name for name in sorted(state.control) if (match := _HEAD.fullmatch(name))}
    bare = [name for number, name in names.items() if number >= last and number not in state.listed]
    next_ones = [name for number, name in names.items() if number >= last and number in state.listed]
    _at_once(control, [name for name in state.control if name not in {*bare, *next_ones}])
    for name in next_ones:
        control(name)
    _at_once(control, bare)
    # last of all at its birth: a place with it and without a head would read as an account that has no meetings, and
    # one that lacks some of its heads as damaged
    if target.read(IDENTITY) != state.identity:
        control(IDENTITY)
    # not before the head that does without them is there, nor what it showed until now: readers are at work on that
    wanted = {*state.data, *state.control}
    old: list[str] = []
    if last < state.sequence:  # a run without news ends no state that readers were shown
        kept = wanted | shown
        old = [name for name in there if name not in kept and _OURS.fullmatch(name.rsplit("/", 1)[-1])]
    _at_once(target.remove, old)
    n_present = len({*wanted, IDENTITY} - sent.keys())
    return MirrorReport(target.address, state.sequence, len(sent), sum(sent.values()), n_present, len(old))


def _claim(target: Store, state: _State) -> None:
    """Mark an empty place as the mirror of this archive, or find that it is."""
    owner = hashlib.sha256(state.identity).hexdigest()
    mark = json.dumps({"format": "ytxdata-mirror", "archive": owner}, indent=1).encode() + b"\n"
    found = target.read(MARK)
    # a first run that was cut short in this very file leaves no more than its draft
    if found is None and target.is_empty(besides=MARK + DRAFT):
        target.put(MARK, [mark], hashlib.sha256(mark).hexdigest())
    elif found != mark:
        raise UsageError(
            Text(f"{target.address} 不是这个存档的镜像", f"{target.address} is no mirror of this archive"),
            remedy=Text("请选一个空的地址", "choose an empty place"),
        )


def _shown(target: Store, last: int, state: _State) -> set[str]:
    """Return the files of the state that a mirror shows; it must be one that the archive had."""
    line, _, below = (target.read(head_name(last)) or b"").partition(b"\n")
    if state.hashes.get(last) == hashlib.sha256(line).hexdigest():
        with suppress(DamagedError):
            return paths_of(whole_head(Path(), last, RawHead(unsealed(line), "", below))[1])
        return set()
    raise UsageError(
        Text(
            f"镜像 {target.address} 里有这个存档没有过的状态（{last}）：存档是较旧的副本，或镜像已损坏",
            f"the mirror {target.address} holds a state ({last}) that this archive never had: the archive is an older copy, or the mirror is damaged",
        ),
        remedy=Text(
            "核对两者：较新的一方才是存档；如镜像有误，请换一个空的地址",
            "compare the two: the newer one is the archive; if the mirror is wrong, choose an empty place",
        ),
    )


def _at_once(do: Callable[[_Item], object], items: Iterable[_Item]) -> None:
    """Do something with many items, several at a time; the first error ends it."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in pool.map(do, items):  # which lets go what waits when one fails
            pass
