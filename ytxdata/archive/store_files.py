"""Files that survive a power cut, and the hash of what was written: the only place that calls fsync."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from deltalake.exceptions import DeltaError

from ytxdata.errors import ArchiveWriteError, YtxError
from ytxdata.labels import Text

CHUNK = 1 << 20


@contextlib.contextmanager
def telling_write_errors(root: Path) -> Iterator[None]:
    """Turn what the system says about a disk into an error that names the remedy."""
    try:
        yield
    except YtxError:
        raise
    except (OSError, DeltaError) as error:
        raise ArchiveWriteError(
            Text(f"无法写入存档 {root}：{error}", f"the archive cannot be written: {root}: {error}"),
            remedy=Text(
                "检查磁盘空间和目录权限后再运行；已有数据未受影响",
                "check free space and permissions, then run again; what was stored is untouched",
            ),
        ) from None


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


def sync_all(root: Path, paths: Iterable[Path]) -> None:
    """Force files below `root`, and then every directory on the way to them, onto the disk."""
    directories: set[Path] = set()
    for path in paths:
        sync_file(path)
        directories.update(parent for parent in path.parents if parent.is_relative_to(root))
    for directory in sorted(directories):
        sync_directory(directory)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that is seen whole or not at all, and is on the disk when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.draft")
    try:
        with draft.open("wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        draft.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hex, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while piece := handle.read(CHUNK):
            digest.update(piece)
    return digest.hexdigest()
