"""Whether a stored file still is what was written: no reader is given rows of one that is not.

Engines hold nothing against the SHA-256 that a head keeps of each file. Of 151 bits that were turned in one file of
legs, one after the other, 84 gave other figures without a word, and 12 an error in which no file is named. So what is
read is hashed first, once by each process: what the disk tells of a file says whether anybody wrote it since. Nothing
of that is kept on the disk, where it would outlive what it vouches for.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ytxdata.archive.stored_files import StoredFile, telling_damage
from ytxdata.files import sha256_of

_STEP_NS = 2_000_000_000
"""Steps in which a file system may count when a file was changed [ns]: within one, two changes tell the same."""


class _Looked(NamedTuple):
    """A file that this process has found whole, and what the disk told of it; None where it may tell the same again."""

    root: Path
    file: StoredFile
    mark: tuple[int, ...] | None


_LOOKED: dict[Path, _Looked] = {}


def present(root: Path, file: StoredFile) -> Path:
    """Return where a file is that is there and as long as it was.

    Raises
    ------
    DamagedError
        It is gone or cut.
    """
    path = root / file.path
    _look(path, file)
    return path


def check_whole(root: Path, file: StoredFile) -> Path:
    """Return where a file is that still holds what was written, to the byte.

    Raises
    ------
    DamagedError
        It is gone or changed.
    """
    path = present(root, file)
    _hash(path, file)
    return path


def known_whole(root: Path, file: StoredFile) -> Path:
    """Return the same, hashed only where this process has not done so since the file was changed last.

    Raises
    ------
    DamagedError
        It is gone or changed.
    """
    path = root / file.path
    told = _look(path, file)  # before it is hashed: whoever writes it meanwhile has changed it since
    mark = (told.st_mtime_ns, told.st_ctime_ns, told.st_size, told.st_ino, told.st_dev)
    looked = _LOOKED.get(path)
    if file.sha256 and (looked is None or looked.mark != mark or looked.file.sha256 != file.sha256):
        _hash(path, file)
        is_settled = time.time_ns() - max(mark[:2]) > _STEP_NS
        _LOOKED[path] = _Looked(root, file, mark if is_settled else None)
    return path


def _look(path: Path, file: StoredFile) -> os.stat_result:
    with telling_damage(file.path, file.remedy):
        told = path.stat()
        # layouts 1 and 2 do not say how long a file is: of theirs a reader knows no more than that it is there
        if told.st_size != file.size and file.sha256:
            raise ValueError("it is not what was written")
    return told


def _hash(path: Path, file: StoredFile) -> None:
    with telling_damage(file.path, file.remedy):
        if sha256_of(path) != file.sha256:
            raise ValueError("it is not what was written")


def check_again(is_read: Callable[[Path], bool]) -> None:
    """Hash once more what a query reads of files that were whole when it was made: what an engine complains of may be
    the query's fault, or theirs.

    Raises
    ------
    DamagedError
        One of them is gone or changed.
    """
    for path, looked in _LOOKED.copy().items():
        if is_read(path):
            check_whole(looked.root, looked.file)
