"""Whose archive it is and how it is laid out, and who may write to it: one at a time.

`archive.json`, written once at birth, says whose it is. Layouts 1 and 2 were listed by a Delta Lake log, which is read
here as the JSON and Parquet it is; `cleanup` migrates them.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import platform
import re
import secrets
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from ytxdata.archive.stored_files import (
    INDEX,
    RAW_TABLES,
    Files,
    StoredFile,
    data_files,
    described,
    telling_damage,
    telling_write_errors,
)
from ytxdata.errors import (
    ArchiveLockedError,
    DamagedError,
    ForeignArchiveError,
    FutureLayoutError,
    NotAnArchiveError,
    UsageError,
)
from ytxdata.files import (
    ARCHIVE_FORMAT,
    ARCHIVE_MARK,
    PRIVATE_FILE,
    json_of,
    make_private_folder,
    read_plain,
    write_whole,
)
from ytxdata.labels import Text

LAYOUT = 3
FIRST = f"{1:012d}"
"""How the names of all files begin that the first change of an archive writes."""
IDENTITY, FORMAT = ARCHIVE_MARK, ARCHIVE_FORMAT.decode()
HEADS = "heads"
PENDING = "pending"
"""Stands there while a change is being written."""
BIRTH = frozenset({"lock", "lock.holder", PENDING, f"{IDENTITY}.draft", ".DS_Store"})
"""What a directory may hold that is not an archive yet: the traces of a birth that was cut short."""


@dataclass(frozen=True)
class Identity:
    """Who owns an archive, as a keyed digest.

    The key is random for each archive and stands beside the digest. So two archives of one account look
    unrelated and the account SID is nowhere in clear, but whoever has the archive **and** a guess of the SID and
    the application id can test the guess.
    """

    key: str
    owner: str

    @property
    def secret(self) -> bytes:
        """The key under which hashes of raw text leave the archive in masked files: derived, so that no such file says anything of `owner`."""
        return self.key_for(b"hashes in masked files")

    def key_for(self, purpose: bytes) -> bytes:
        """Return a key for one purpose, of which no other can be computed."""
        return hmac.digest(bytes.fromhex(self.key), purpose, "sha256")

    def belongs_to(self, account_sid: str, app_id: str) -> bool:
        """Whether account and application are those the archive was born with."""
        return hmac.compare_digest(self.owner, _digest(self.key, account_sid, app_id))

    def to_bytes(self) -> bytes:
        """Return the text of `archive.json`; it never changes after birth."""
        content = {"format": FORMAT, "key": self.key, "owner": self.owner}
        return (json.dumps(content, indent=1, sort_keys=True) + "\n").encode()


def _digest(key: str, account_sid: str, app_id: str) -> str:
    # as a list: run together, the account `sid` with `app` would own what belongs to `sidapp` with nothing
    message = json.dumps([account_sid, app_id], ensure_ascii=False).encode()
    return hmac.new(bytes.fromhex(key), message, hashlib.sha256).hexdigest()


def read_identity(root: Path) -> Identity | None:
    """Return the identity of the archive in a directory, or None where an archive could be born.

    Raises
    ------
    NotAnArchiveError
        The path is a file, or a directory that holds something else.
    DamagedError
        `archive.json` is not what was written.
    """
    path = root / IDENTITY
    with telling_damage(str(path)):
        try:
            data = read_plain(path)
        except FileNotFoundError:
            # a first sync that was killed must be able to begin again; a folder of something else gets not even a lock
            if not root.exists() or all(entry.name in BIRTH for entry in root.iterdir()):
                return None
            raise _not_an_archive(root) from None
        except NotADirectoryError:
            raise _not_an_archive(root) from None
    try:
        content = json_of(data)
        identity = Identity(content["key"], content["owner"])
        # to the byte: each head holds the hash of this file, so one that says the same in other words breaks them all
        if identity.to_bytes() == data:
            return identity
    except (ValueError, KeyError, TypeError):
        pass
    raise DamagedError(
        Text(f"存档的身份文件已损坏：{path}", f"the archive's identity file is damaged: {path}"),
        remedy=Text("请从备份恢复该文件", "restore this file from a backup"),
    )


def _not_an_archive(root: Path) -> NotAnArchiveError:
    return NotAnArchiveError(
        Text(f"不是会议存档：{root}", f"not an archive of meetings: {root}"),
        remedy=Text(
            "读取时给出存档目录本身（其中有 archive.json）；新建时给出新的或空的目录",
            "to read an archive, name its directory (archive.json lies in it); to begin one, a new or an empty directory",
        ),
    )


def refuse_zipped(path: Path, marks: Iterable[str]) -> None:
    """Raise NotAnArchiveError where a ZIP holds an archive, as people mail one, and nothing with a mark of a pack: it
    was called a pack that does not hold.
    """
    try:
        with zipfile.ZipFile(path) as packed:
            names = {*packed.namelist()}
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return  # what it is instead is told by whoever reads packs
    if names.isdisjoint(marks) and any(name.rpartition("/")[2] == IDENTITY for name in names):
        raise NotAnArchiveError(
            Text(f"{path} 是装在 ZIP 里的存档", f"{path} is an archive in a ZIP"),
            remedy=Text("解压后核对其目录", "unpack it, and check the directory"),
        )


def no_archive(root: Path) -> NotAnArchiveError:
    """Return the error for a place where no archive was born yet."""
    return NotAnArchiveError(
        Text(f"这里没有会议存档：{root}", f"there is no archive of meetings here: {root}"),
        remedy=Text("检查路径；存档由第一次 sync 建立", "check the path; an archive is born by its first sync"),
    )


def identity_of(root: Path) -> Identity:
    """Return the identity of an archive; NotAnArchiveError where none was born yet."""
    if (identity := read_identity(root)) is None:
        raise no_archive(root)
    return identity


def is_raw(path: str) -> bool:
    """Whether a file of an archive holds records or pulls."""
    return path.split("/", 1)[0] in RAW_TABLES and path.endswith(".parquet")


_LOOKS = 8
"""How often an archive is looked at while others write: each look meets one of them now and then (7 of 93 did)."""

_A_MOMENT_S = 0.25
"""How long nobody must have written before what is wrong is believed: files go before the list that names them [s]."""

_Seen = TypeVar("_Seen")


def undisturbed(look: Callable[[], _Seen], root: Path, is_sound: Callable[[_Seen], bool] = lambda _: True) -> _Seen:
    """Return what is seen of an archive, without the lock: what is wrong counts if nobody wrote meanwhile.

    A sync that began after its marker had been looked for, one that ended, and one that let files go after its head
    was there, each leave for a moment what looks like damage of a sound archive.
    """
    for left in reversed(range(_LOOKS)):
        before = _writing_seen(root)
        try:
            seen = look()
            if is_sound(seen) or not left or not _has_moved(root, before):
                return seen
        except DamagedError:
            if not left or not _has_moved(root, before):
                raise
    raise AssertionError("the last look returns or raises")


def _has_moved(root: Path, before: object) -> bool:
    if _writing_seen(root) == before and (root / HOLDER).exists():
        time.sleep(_A_MOMENT_S)
    return _writing_seen(root) != before


def _writing_seen(root: Path) -> object:
    """Return what every change leaves other than it was: who writes, its marker, a head, a list that is cut off."""
    found: list[tuple[str, int, int]] = []
    with contextlib.suppress(OSError):
        for one in os.scandir(root / HEADS):
            with contextlib.suppress(OSError):  # it went just now: what is left is another list
                found.append((one.name, one.stat().st_size, one.stat().st_mtime_ns))
    return [(root / name).exists() for name in (HOLDER, PENDING)], sorted(found)


def without_heads(root: Path) -> DamagedError | None:
    """Return the error for a place without heads that holds raw data; None where none was kept yet.

    A folder that is half copied read as an account without meetings, and the next sync put all raw data away. Only a
    first sync that was killed leaves such a place: it wrote the first change alone, and its marker stands there.
    """
    raw = [path for path in data_files(root) if is_raw(path)]
    is_first = (root / PENDING).exists() and all(path.rsplit("/", 1)[1].startswith(FIRST) for path in raw)
    if is_first or not raw:
        return None
    return DamagedError(
        Text(
            f"存档已损坏：{root} 有原始数据，却没有说明哪些算数的控制文件（复制尚未完成，或 heads/ 已丢失）",
            f"the archive is damaged: {root} holds raw data, and no head in heads/ that says what of it counts (a copy "
            "that is not complete, or heads that were lost)",
        ),
        remedy=Text(
            "如复制尚未完成，先把 heads/ 复制过来；没有它时先备份，再运行 ytxdata rebuild --archive 目录："
            "原始数据会全部收回，完整性由原始回答重新判断",
            "where a copy is not complete, copy heads/ too; if there is none any more, keep a copy, then run ytxdata "
            "rebuild --archive DIRECTORY: it takes all raw data in again, and judges anew what they prove",
        ),
    )


def birth(root: Path, account_sid: str, app_id: str) -> None:
    """Write `archive.json` of a new archive."""
    key = secrets.token_hex(32)
    write_whole(root / IDENTITY, Identity(key, _digest(key, account_sid, app_id)).to_bytes())


def check_owner(identity: Identity, root: Path, account_sid: str, app_id: str) -> None:
    """Raise ForeignArchiveError unless the archive belongs to this account and application."""
    if not identity.belongs_to(account_sid, app_id):
        raise ForeignArchiveError(
            Text(
                f"存档属于另一个账户或应用：{root}",
                f"the archive belongs to another account or application: {root}",
            ),
            remedy=Text(
                "请为每个账户和应用使用各自的目录，或检查 YTX_ACCOUNT_SID 与 YTX_APP_ID",
                "keep one directory for each account and application, or check YTX_ACCOUNT_SID and YTX_APP_ID",
            ),
        )


def check_layout(layout: object, root: Path) -> None:
    """Raise FutureLayoutError when a newer version of this package wrote the archive."""
    # what is not known is not guessed at: files that only a newer head can name would be set aside as strays
    if not isinstance(layout, int) or layout > LAYOUT:
        raise FutureLayoutError(
            Text(
                f"存档由更新版本的 ytxdata 写成（布局 {layout}，本版本只认识到 {LAYOUT}）：{root}",
                f"a newer ytxdata wrote the archive (layout {layout}, this one knows {LAYOUT}): {root}",
            ),
            remedy=Text("请升级：pip install -U ytxdata", "upgrade: pip install -U ytxdata"),
        )


LOCK = "lock"
HOLDER = "lock.holder"
MARK = "mirror.json"
"""Stands beside the files of a mirror, and keeps every writer away."""
MIRRORING = "mirror.lock"
"""Held while an archive is mirrored."""
MONTHS = "months"
"""Holds what reports have counted of months (`archive/kept_months`): no part of the archive, and evidence of nothing."""

WAIT_S = 600.0
"""How long a second sync waits for the first: longer than a sync with slow answers takes."""


@contextlib.contextmanager
def writing(root: Path, wait_s: float = WAIT_S) -> Iterator[None]:
    """Hold the archive's lock; the operating system frees it when its process dies, however it dies.

    Raises
    ------
    ArchiveLockedError
        Another living process holds it for longer than `wait_s` seconds.
    ArchiveWriteError
        The directory cannot be written.
    UsageError
        It is a mirror.
    """
    if (root / MARK).exists():
        raise UsageError(
            Text(f"这是镜像，只能读：{root}", f"this is a mirror, which can only be read: {root}"),
            remedy=Text(f"请写入存档本身；要把镜像当作存档恢复，先删除其中的 {MARK}", f"write to the archive itself; to restore from the mirror, remove its {MARK} first"),
        )  # fmt: skip
    lock = FileLock(root / LOCK, mode=PRIVATE_FILE)
    with telling_write_errors(root):
        make_private_folder(root)
        try:
            lock.acquire(timeout=wait_s)
        except Timeout:
            holder = _holder(root)
            raise ArchiveLockedError(
                Text(
                    f"另一个进程正在写入存档（{holder}）：{root}",
                    f"another process is writing to the archive ({holder}): {root}",
                ),
                remedy=Text(
                    "等它结束后再运行；该进程一结束，锁即释放",
                    "run again when it is done; the lock ends with that process",
                ),
            ) from None
    try:
        with telling_write_errors(root):
            # for the error message alone: the lock is the system's, and a name that a killed process left stops nobody
            (root / HOLDER).write_text(json.dumps({"pid": os.getpid(), "host": platform.node()}))
        yield
    finally:
        # an error here would take the place of the one that ended the sync
        with contextlib.suppress(OSError):
            (root / HOLDER).unlink(missing_ok=True)
        lock.release()


def _holder(root: Path) -> str:
    try:
        holder = json_of(read_plain(root / HOLDER))
        return f"pid {holder['pid']} @ {holder['host']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "pid ?"


Marks = Mapping[str, tuple[int, str]]
"""Size and SHA-256 of files by their path."""


_INSIDE = re.compile(r"[A-Za-z0-9_][\w.=%+-]*(?:/[A-Za-z0-9_][\w.=%+-]*)+")


def inside(path: str) -> str:
    """Return a path that a head names; ValueError where it may lead out of the archive.

    Whoever can write one head would else write into the home of whoever reads a mirror of it, and have syncs delete
    what they like.
    """
    if not _INSIDE.fullmatch(path):
        raise ValueError(f"{path!r} is no path inside of the archive")
    return path


def files_of(root: Path, body: Mapping[str, Any], marks: Marks | None = None) -> Files:
    """Return the files that the head of an older layout names.

    Parameters
    ----------
    marks
        What each file must be; without them sizes and hashes are left out, which a reader can do without.
    """
    listed: dict[str, tuple[StoredFile, ...]] = {}
    for place, version in body["tables"].items():
        paths = [inside(f"{place}/{name}") for name in live_files(root / place / "_delta_log", version)]
        files = [described(root, path, None, *(marks[path] if marks else (0, ""))) for path in paths]
        listed[place.rsplit("/", 1)[-1]] = tuple(sorted(files, key=_first))
    runs = ((path, *(marks[path] if marks else (0, ""))) for path in body["index"])
    listed[INDEX] = tuple(StoredFile(inside(path), size, sha256, 0, {}, ()) for path, size, sha256 in runs)
    return listed


def _first(file: StoredFile) -> tuple[Any, str]:
    # a merged file stands last in Delta's log whatever rows it holds, and all readers count on the oldest rows first
    pair = file.bounds.get("obs") or file.bounds.get("ordinal")
    return (pair[0] if pair else 0, file.path)


def live_files(log: Path, version: int) -> list[str]:
    """Return the names of the data files that count at a version: the last sum before it, and the commits since."""
    # the log may go on beyond the head: commits of a sync that was killed before it wrote its own do not count
    sums = [path for path in log.glob("*.checkpoint.parquet") if int(path.name[:20]) <= version]
    live: dict[str, None] = {}
    first = 0
    if sums:
        last = max(sums)
        first = int(last.name[:20]) + 1
        adds = pq.read_table(last, columns=["add"])["add"].to_pylist()
        live.update((add["path"], None) for add in adds if add)
    for number in range(first, version + 1):
        for line in read_plain(log / f"{number:020d}.json").splitlines():
            action = json_of(line)
            if add := action.get("add"):
                live[add["path"]] = None
            if remove := action.get("remove"):
                live.pop(remove["path"], None)
    return [unquote(path) for path in live]
