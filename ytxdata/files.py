"""Files that survive a power cut, files that are seen whole or not at all, and the hash of what a file holds."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from ytxdata.errors import UsageError
from ytxdata.labels import Text

PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
"""Modes of what only its owner may read: raw answers and the keys of masks hold, or open, telephone numbers."""


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hex, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_file(path: Path) -> None:
    """Force what a file holds onto the disk."""
    _fsync(path, os.O_RDONLY)


def sync_directory(path: Path) -> None:
    """Force a directory's entries onto the disk, so that a new or renamed file is found after a power cut."""
    if os.name == "posix":  # Windows has no handle for this and journals its directories itself
        _fsync(path, os.O_RDONLY | os.O_DIRECTORY)


def _fsync(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


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


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read, that is seen whole or not at all, and is on the disk when this returns."""
    if not path.parent.exists():
        make_private_folder(path.parent)
    draft = path.with_name(f"{path.name}.draft")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


@contextmanager
def replacing(target: Path, *, is_private: bool = False) -> Iterator[Path]:
    """Give a draft beside the target; it takes the target's place when the block ends well, and vanishes otherwise.

    A private one only its owner may read, at every moment.

    Raises
    ------
    UsageError
        The directory cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{target.stem}.", suffix=target.suffix, dir=target.parent)
        os.close(handle)
        draft = Path(name)
        try:
            yield draft
            draft.chmod(PRIVATE_FILE if is_private else 0o666 & ~_umask())
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(
            Text(
                f"写不了 {target}：{error.strerror or error}", f"{target} cannot be written: {error.strerror or error}"
            ),
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
    if os.name == "posix" and stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
        os.fchmod(file.fileno(), PRIVATE_FILE)
    return file
