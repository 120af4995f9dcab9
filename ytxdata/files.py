"""Files that survive a power cut, files that are seen whole or not at all, the hash of what a file holds, what a small
file says whoever may have changed it; and all that Windows and macOS do otherwise with files.

Windows lets nobody remove, move or replace a file that anybody has open, flushes a file only through a handle that
may write, and knows no modes; it and macOS take `Usage.csv` and `usage.csv` for one file.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import signal
import stat
import sys
import tempfile
import threading
import time
import tomllib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from ytxdata.errors import UsageError
from ytxdata.labels import Text

PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
"""Modes of what only its owner may read: raw answers and the keys of masks hold, or open, telephone numbers."""

NOT_DAMAGE = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
"""What says nothing about a file's content: a full disk, a folder of another user, no more handles or memory."""


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hex, read in pieces; OSError where it is no plain file."""
    _require_plain(path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _require_plain(path: Path) -> None:
    # a pipe would be waited for, and a link to /dev/zero has no end
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "no plain file")


MOST_READ = 256 * 2**20
"""What a small file may hold that is read at once [bytes]: a head of ten years has some 10 KB, and the hashes of a
million heads that went take 90 MB.
"""


def read_plain(path: Path) -> bytes:
    """Return what a small file holds that others may have put there; OSError where it is no plain file, or too long."""
    _require_plain(path)
    with path.open("rb") as file:
        data = file.read(MOST_READ + 1)
    if len(data) > MOST_READ:
        raise OSError(errno.EFBIG, f"more than {MOST_READ:,} bytes")
    return data


def json_of(text: str | bytes) -> Any:
    """Return what JSON says; ValueError where it is none, also where it is nested deeper than can be read."""
    return _parsed(json.loads, text)


class NotTomlError(ValueError):
    """A file that cannot be read as TOML: why, and what to do, in words of ours. The parser's own may quote the line
    that holds a token.
    """

    def __init__(self, why: Text, remedy: Text) -> None:
        super().__init__(str(why))
        self.why, self.remedy = why, remedy


_LINES = Text('每行写成 名称 = "值"，以 UTF-8 保存', 'write each line as name = "value" and save as UTF-8')
_IN_QUOTES = Text(
    '中文的名称和值都要写在英文引号里：[accounts."南方"]、company = "南方"',
    'Chinese names and values stand in straight quotes: [accounts."南方"], company = "南方"',
)


def read_toml(path: Path, *, parse_float: Callable[[str], Any] = float) -> dict[str, Any]:
    """Return what a TOML file says, as editors save it: with a mark in front, with the line ends of Windows.

    Raises
    ------
    FileNotFoundError, NotADirectoryError
        There is none.
    NotTomlError
        It cannot be opened, or is no TOML, or nested deeper than can be read.
    """
    problem, remedy, text = Text("", ""), _LINES, ""
    try:
        text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
        told: dict[str, Any] = _parsed(partial(tomllib.loads, parse_float=parse_float), text)
        return told
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        problem = Text(f"无法打开：{error.strerror}", f"it cannot be opened: {error.strerror}")
    except UnicodeDecodeError:
        problem = Text("不是 UTF-8 编码", "it is not in UTF-8")
    except ValueError as error:
        # only the place is told
        at = re.search(r"at line (\d+), column (\d+)\)$", str(error))
        line, column = map(int, at.groups()) if at else (0, 0)
        where = Text(f"（第 {line} 行第 {column} 列）", f" (line {line}, column {column})") if line else Text("", "")
        if "at end of document" in str(error):
            where = Text("（在文件末尾）", " (at its end)")
        problem = Text(f"不是合法的 TOML{where.zh}", f"it is not valid TOML{where.en}")
        if line and not text.split("\n")[line - 1][column - 1 : column].isascii():
            remedy = _IN_QUOTES
    # raised here, not above: the parser's error holds the file's text, and would hang on ours as its context
    raise NotTomlError(problem, remedy)


def _parsed(parse: Callable[[Any], Any], text: str | bytes) -> Any:
    try:
        return parse(text)
    except RecursionError:  # of 200 KB of brackets; no reader expects it, and it would end in a traceback
        raise ValueError("it is nested too deeply") from None


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
    """Return if there is a file at a path.

    Raises
    ------
    UsageError
        There is nothing, or a directory.
    """
    if os.path.isdir(path):  # noqa: PTH112  as below
        raise UsageError(
            Text(f"{path} 是目录，应为文件", f"{path} is a directory, and a file is needed"),
            remedy=Text("给出其中的文件", "name a file in it"),
        )
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
def replacing(target: Path, *, is_private: bool = False, of_archive: bool = False) -> Iterator[Path]:
    """Give a draft beside the target; it takes the target's place when the block ends well, and vanishes otherwise.

    A private one only its owner may read, at every moment; so is a folder that is made for it.

    Raises
    ------
    UsageError
        The directory cannot be written, or is that of an archive and the file is not `of_archive`.
    """
    if not of_archive:
        refuse_archive(target.parent)
    with telling_unwritable(target):
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


ARCHIVE_MARK, ARCHIVE_FORMAT = "archive.json", b"ytxdata-archive"
"""What lies in every archive of meetings, and in every mirror of one, and the word by which it says so."""


def refuse_archive(folder: Path) -> None:
    """Raise UsageError where a folder is an archive's, or inside of one: whoever hands a report on would hand on raw
    answers with it, and whoever clears old reports away would clear the archive.
    """
    marks, place = (one / ARCHIVE_MARK for one in (folder, *folder.absolute().parents)), None
    with suppress(OSError):  # by its word: a file of another program in somebody's home stopped every report
        place = next((one.parent for one in marks if one.is_file() and ARCHIVE_FORMAT in one.read_bytes()), None)
    if place is not None:
        told = Text(f"{place} 是存档，其他文件不写入其中", f"{place} is an archive: nothing else is written into it")
        raise UsageError(told, remedy=Text("请另选一个目录", "choose another folder"))


@contextmanager
def telling_unwritable(target: Path) -> Iterator[None]:
    """Turn what the system says of a place that cannot be written into a UsageError that names it and the remedy."""
    try:
        yield
    except OSError as error:
        zh = en = error.strerror or str(error)
        above = (target, *target.parents) if isinstance(error, FileExistsError | NotADirectoryError) else target.parents
        if blocked := next((one for one in above if one.is_file()), None):
            zh, en = f"{blocked} 是文件，不是目录", f"{blocked} is a file, not a directory"
        remedy = _FREE_SPACE if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) else _ELSEWHERE
        raise UsageError(Text(f"写不了 {target}：{zh}", f"{target} cannot be written: {en}"), remedy=remedy) from error


_ELSEWHERE = Text("请换一个目录，或先关闭打开它的程序", "choose another directory, or close the program that holds it")
_FREE_SPACE = Text(
    "释放该目录和临时目录的空间（环境变量 TMPDIR 可另指临时目录），或换一个目录",
    "free space there and in the folder for temporary files (TMPDIR names another), or choose another directory",
)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def append_lines(path: Path, lines: bytes, *, is_private: bool = False, is_forced: bool = True) -> None:
    """Add whole lines to a file, onto the disk, or nothing: what could not be written to its end is taken back.

    An object that a full disk or a cut of power left without its end goes first, or the next would be glued to it and
    a reader stop at both. Any other last line without a line break, as an editor leaves it, gets one. What is private
    only its owner may read, also where an older file was open to others.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags, PRIVATE_FILE if is_private else 0o666)
    # unbuffered: a buffer that could not be written would be tried again when it closes
    with os.fdopen(handle, "rb+", buffering=0) as file:
        about = os.fstat(file.fileno())
        if is_private and not IS_WINDOWS and stat.S_IMODE(about.st_mode) & 0o077:
            os.fchmod(file.fileno(), PRIVATE_FILE)
        is_file = stat.S_ISREG(about.st_mode)  # what goes to a pipe is gone
        if is_file and (last := _after_the_last_line(file, about.st_size)):
            is_torn = last[:1] == b"{" and not _is_json(last)
            lines = lines if is_torn else b"\n" + lines
            if is_torn:
                file.truncate(about.st_size - len(last))
        size = os.fstat(file.fileno()).st_size
        try:
            rest = memoryview(lines)
            while rest:
                rest = rest[file.write(rest) :]
            if is_forced:
                flush(file.fileno())
        except OSError:
            if is_file:
                with suppress(OSError):
                    file.truncate(size)
            raise


def _is_json(text: bytes) -> bool:
    try:
        json_of(text)
    except ValueError:
        return False
    return True


def _after_the_last_line(file: BinaryIO, size: int) -> bytes:
    tail, at = b"", size
    while at and b"\n" not in tail:
        at = max(0, at - 65_536)
        file.seek(at)
        tail = file.read(size - at)
    return tail[tail.rfind(b"\n") + 1 :]


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let Ctrl-C wait until what is written is written: it is heard afterwards, by whoever heard it before.

    In the middle it lost answers that the platform may never give again. Only the main thread hears Ctrl-C.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before is None:  # None: not ours to put back
        yield
        return
    pressed: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:  # an error that ends the writing is told in its place
        signal.raise_signal(signal.SIGINT)
