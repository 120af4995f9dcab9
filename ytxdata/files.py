"""Files that survive a power cut, files that are seen whole or not at all, the hash of what a file holds; and
all that Windows and macOS do otherwise with files; and what is packed in a file, also in a damaged one.

Windows lets nobody remove, move or replace a file that anybody has open, flushes a file only through a handle that
may write, and knows no modes; it and macOS take `Usage.csv` and `usage.csv` for one file.
"""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import os
import re
import stat
import struct
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from ytxdata.errors import UsageError
from ytxdata.labels import Text

PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
"""Modes of what only its owner may read: raw answers and the keys of masks hold, or open, telephone numbers."""


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hex, read in pieces; OSError where it is none: a pipe would be waited for."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


IS_WINDOWS = os.name == "nt"

PATIENCE = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Pauses [s] between tries to move a file on Windows: scanners and indexers hold a new file open for a moment."""

_NO_NAME = re.compile(
    r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?|.*[<>:\"/\\|?*\x00-\x1f].*|.*[. ]|",
    re.IGNORECASE | re.DOTALL,
)
"""What is no name of a file on Windows, or that of a device."""


def check_names(names: Iterable[str]) -> None:
    """Raise UsageError for a name that is none on Windows, and for two that are one file there and on macOS: the
    second would take the place of the first.

    Examples
    --------
    >>> check_names(["usage.csv", "Usage.csv"])
    Traceback (most recent call last):
    ytxdata.errors.UsageError: Usage.csv 和 usage.csv 在一些系统上是同一个文件 / Usage.csv and usage.csv are one file on some systems
    → 请换一个名称 / choose another name
    """
    known: dict[str, str] = {}
    for name in names:
        other = known.setdefault(name.casefold(), name)
        if other != name:
            raise _no_name(
                Text(f"{name} 和 {other} 在一些系统上是同一个文件", f"{name} and {other} are one file on some systems")
            )
        if _NO_NAME.fullmatch(name):
            raise _no_name(Text(f"{name!r} 在 Windows 上不能作文件名", f"{name!r} is no name for a file on Windows"))


def _no_name(cause: Text) -> UsageError:
    return UsageError(cause, remedy=Text("请换一个名称", "choose another name"))


def require_file(path: str | Path) -> None:
    """Return if there is something at a path.

    Raises
    ------
    UsageError
        There is nothing.
    """
    if not os.path.exists(path):  # noqa: PTH110  a name that no system takes is no file either
        raise UsageError(
            Text(f"没有这个文件：{path}", f"there is no such file: {path}"),
            remedy=Text("检查路径", "check the path"),
        )


def remove(path: Path) -> bool:
    """Remove a file, if it is there; return False where it stays because somebody has it open, which only Windows minds."""
    try:
        path.unlink(missing_ok=True)
    except PermissionError:
        if not IS_WINDOWS:
            raise
        return False
    return True


def move(path: Path, target: Path) -> None:
    """Move a file to where another may be; on Windows with a little patience, for a file that is open cannot be moved."""
    for pause in (*PATIENCE, None):
        try:
            path.replace(target)
            return
        except PermissionError:
            if not IS_WINDOWS or pause is None:
                raise
            time.sleep(pause)


def sync_file(path: Path) -> None:
    """Force what a file holds onto the disk."""
    _fsync(path, os.O_RDWR)  # Windows flushes no handle that may only read


def sync_directory(path: Path) -> None:
    """Force a directory's entries onto the disk, so that a new or renamed file is found after a power cut."""
    if not IS_WINDOWS:  # it has no handle for this, and journals its directories itself
        _fsync(path, os.O_RDONLY | os.O_DIRECTORY)


def _fsync(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        flush(handle)
    finally:
        os.close(handle)


_MAY_BE_LOST: ContextVar[bool] = ContextVar("may_be_lost", default=False)


@contextmanager
def that_may_be_lost() -> Iterator[None]:
    """Force nothing onto the disk in this block: for files that nobody needs once this process is gone.

    Where others write to the same disk, waiting for it is nine tenths of the time of a small sync.
    """
    token = _MAY_BE_LOST.set(True)
    try:
        yield
    finally:
        _MAY_BE_LOST.reset(token)


def flush(handle: int) -> None:
    """Force what was written to an open file onto the disk; macOS' own `fsync` leaves it in the drive."""
    if _MAY_BE_LOST.get():
        return
    if sys.platform == "darwin":
        import fcntl

        fcntl.fcntl(handle, fcntl.F_FULLFSYNC)
    else:
        os.fsync(handle)


def sync_all(paths: Iterable[Path]) -> None:
    """Force files, and then the folders they stand in, onto the disk; the folders above are `make_private_folder`'s."""
    folders: set[Path] = set()
    for path in paths:
        sync_file(path)
        folders.add(path.parent)
    for folder in sorted(folders):
        sync_directory(folder)


def make_private_folder(path: Path) -> None:
    """Make a folder that only its owner may read, with what is missing above it, and force their entries onto the disk.

    `mkdir(parents=True)` alone leaves the new entry in the cache: after a power cut the folder, and all
    that was fsynced inside it, may be gone.
    """
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        sync_directory(folder.parent)


def keep_private(folder: Path) -> None:
    """Let only its owner read a folder and all that is in it, whoever wrote it and with which modes."""
    if not IS_WINDOWS:
        folder.chmod(PRIVATE_FOLDER)
        for path in folder.rglob("*"):
            if not path.is_symlink():
                path.chmod(PRIVATE_FOLDER if path.is_dir() else PRIVATE_FILE)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read, that is seen whole or not at all, and is on the disk when this returns."""
    if not path.parent.exists():
        make_private_folder(path.parent)
    draft = path.with_name(f"{path.name}.draft")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE), "wb") as file:
            file.write(data)
            file.flush()
            flush(file.fileno())
        move(draft, path)
    except BaseException:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


@contextmanager
def replacing(target: Path, *, is_private: bool = False) -> Iterator[Path]:
    """Give a draft beside the target; it takes the target's place when the block ends well, and vanishes otherwise.

    A private one only its owner may read, at every moment; so is a folder that is made for it.

    Raises
    ------
    UsageError
        The directory cannot be written.
    """
    try:
        if is_private:
            make_private_folder(target.parent)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{target.stem}.", suffix=target.suffix, dir=target.parent)
        os.close(handle)
        draft = Path(name)
        try:
            yield draft
            draft.chmod(PRIVATE_FILE if is_private else 0o666 & ~_umask())
            move(draft, target)
        finally:
            remove(draft)
    except OSError as error:
        zh = en = error.strerror or str(error)
        if blocked := next((one for one in target.parents if one.is_file()), None):
            zh, en = f"{blocked} 是文件，不是目录", f"{blocked} is a file, not a directory"
        raise UsageError(
            Text(f"写不了 {target}：{zh}", f"{target} cannot be written: {en}"),
            remedy=Text(
                "请换一个目录，或先关闭打开它的程序", "choose another directory, or close the program that holds it"
            ),
        ) from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def open_journal(path: Path) -> BinaryIO:
    """Open a file for reading and appending that only its owner may read, also where an older one was open to others."""
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, PRIVATE_FILE), "ab+")
    if not IS_WINDOWS and stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
        os.fchmod(file.fileno(), PRIVATE_FILE)
    return file


LARGEST = 2**28
"""How much is decompressed of one file [bytes]: a few kilobytes of zeros become a machine full of them."""

_DEEPEST = 2
"""How often something packed may be packed again."""

_DAMAGED = Text(
    "压缩数据已损坏或不完整，只读到中断处", "the compressed data is damaged or cut: it was read up to there"
)
_PIECE = 1 << 20
_TOO_LARGE = Text(f"解压后超过 {LARGEST >> 20} MiB", f"it holds more than {LARGEST >> 20} MiB when decompressed")
_ENCRYPTED = Text("压缩包有密码", "it is protected by a password")
_NO_ZIP = Text("压缩包已损坏", "the archive is damaged")
_HIDDEN = Text(
    "{name}：{n} 个隐藏文件未读取（{files}）；如需读取请直接写出文件名",
    "{name}: {n} hidden files were not read ({files}); name one itself to have it read",
)
_CUT_ZIP = Text(
    "压缩包不完整（目录缺失），只读出其中完整的文件",
    "the archive is cut (its directory is missing): the files in it were read as far as they go",
)


class Packed(NamedTuple):
    """What is packed in a file: a name and bytes, and if these are not all or cannot be read, why."""

    name: str
    raw: bytes
    why: Text | None = None


def unpacked(name: str, raw: bytes, depth: int = 0) -> Iterator[Packed | Text]:
    """Yield what is in a file that may be compressed (gzip, zip), also twice, also damaged; and what was left out.

    Examples
    --------
    >>> [one.raw for one in unpacked("answer.json.gz", gzip.compress(b"{}"))]
    [b'{}']
    """
    if depth <= _DEEPEST and raw[:2] == b"\x1f\x8b":
        read, why = _bounded(gzip.GzipFile(fileobj=io.BytesIO(raw)), LARGEST)
        behind = _behind_gzip(raw) if why is _DAMAGED else None
        if why and behind is None:
            yield Packed(name, b"" if read else raw, why)
        if read:
            yield from unpacked(name, read, depth + 1)
        if behind:
            yield from unpacked(f"{name}@{len(raw) - len(behind)}", behind, depth + 1)
    elif depth <= _DEEPEST and raw[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        yield from _unzipped(name, raw, depth)
    else:
        yield Packed(name, raw)


def _behind_gzip(raw: bytes) -> bytes | None:
    """Return what stands behind whole gzip members and is none, without blanks in front; None where a member is cut or
    damaged.
    """
    # Somebody's `cat b.json >> a.json.gz`: a decompressor that has found its end calls the rest damage and drops it.
    while raw[:2] == b"\x1f\x8b":
        inflate = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            while raw:
                inflate.decompress(raw, _PIECE)
                if inflate.eof:
                    break
                raw = inflate.unconsumed_tail
            else:
                return None
        except zlib.error:
            return None
        raw = inflate.unused_data.lstrip(b"\0")  # padding, behind which another member may follow
    return raw.lstrip(b"\0 \t\r\n")


def _unzipped(name: str, raw: bytes, depth: int) -> Iterator[Packed | Text]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(raw))
        files = [one for one in archive.infolist() if not one.is_dir()]
    except (zipfile.BadZipFile, ValueError, OSError):
        rescued = list(_without_directory(raw))
        yield Packed(name, b"" if rescued else raw, _CUT_ZIP if rescued else _NO_ZIP)
        for inner, read in rescued:
            yield from unpacked(f"{name}/{inner}", read, depth + 1)
        return
    members = [one for one in files if not one.filename.startswith(_OF_MACOS)]
    if len(members) < len(files):
        yield hidden_note(name, [one.filename for one in files if one not in members])
    left = LARGEST
    for member in members:
        inner = f"{name}/{member.filename}"
        read, why = _member(archive, member, left)
        left -= len(read)
        if why:
            yield Packed(inner, b"", why)
        if read or not why:
            yield from unpacked(inner, read, depth + 1)


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> tuple[bytes, Text | None]:
    if member.flag_bits & 1:
        return b"", _ENCRYPTED
    try:
        with archive.open(member) as stream:
            return _bounded(stream, most)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        return b"", _NO_ZIP


def _without_directory(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the files in a zip that lost its end, and with it the directory, as far as they go."""
    at, left = 0, LARGEST
    while left > 0 and raw[at : at + 4] == b"PK\x03\x04" and at + _ZIP_HEADER.size <= len(raw):
        flags, method, size, n_name, n_extra = _ZIP_HEADER.unpack_from(raw, at)
        start = at + _ZIP_HEADER.size + n_name + n_extra
        name = raw[start - n_extra - n_name : start - n_extra].decode("utf-8" if flags & 0x800 else "cp437", "replace")
        # Written as a stream, a file's size stands behind it: only what is deflated tells its own end.
        is_unknown = bool(flags & 8) or size == 0xFFFFFFFF
        if flags & 1 or method not in (0, 8) or (method == 0 and is_unknown):
            return
        read = raw[start : start + size]
        if method == 8:
            inflate = zlib.decompressobj(-zlib.MAX_WBITS)
            try:
                read = inflate.decompress(raw[start:], left)
            except zlib.error:
                return
            size = len(raw) - start - len(inflate.unused_data)
        if read and not name.startswith(_OF_MACOS):
            yield name, read
        left -= len(read)
        at = start + size
        if is_unknown:
            at = max(raw.find(b"PK\x03\x04", at), 0) or len(raw)


_ZIP_HEADER = struct.Struct("<6xHH8xI4xHH")
_OF_MACOS = "__MACOSX/"


def hidden_note(name: str, files: Sequence[str]) -> Text:
    """Return what is said of hidden files that were not read."""
    shown = ", ".join(files[:_SHOWN]) + (" …" if len(files) > _SHOWN else "")
    return _HIDDEN.format(name=name, n=len(files), files=shown)


_SHOWN = 3
"""How many names of files that were not read are told."""


def _bounded(stream: Any, most: int) -> tuple[bytes, Text | None]:
    """Return what a compressed stream gives, and why that is not all of it."""
    read = bytearray()
    try:
        # `read` would give nothing at all of the last piece where that is cut.
        while piece := stream.read1(_PIECE):
            read += piece
            if len(read) > most:
                return b"", _TOO_LARGE
    except (EOFError, gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, OSError):
        return bytes(read), _DAMAGED
    return bytes(read), None
