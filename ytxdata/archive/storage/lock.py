"""One writer at a time: a file lock that dies with its process."""

from __future__ import annotations

import contextlib
import json
import os
import platform
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from ytxdata.archive.storage.disk_errors import telling_write_errors
from ytxdata.errors import ArchiveLockedError
from ytxdata.files import make_private_folder
from ytxdata.labels import Text

LOCK = "lock"
HOLDER = "lock.holder"
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
    """
    lock = FileLock(root / LOCK)
    with telling_write_errors(root):
        make_private_folder(root)
        try:
            lock.acquire(timeout=wait_s)
        except Timeout:
            raise _locked(root) from None
    try:
        with telling_write_errors(root):
            (root / HOLDER).write_text(json.dumps({"pid": os.getpid(), "host": platform.node()}))
        yield
    finally:
        with contextlib.suppress(OSError):
            (root / HOLDER).unlink(missing_ok=True)
        lock.release()


def _locked(root: Path) -> ArchiveLockedError:
    holder = _holder(root)
    return ArchiveLockedError(
        Text(
            f"另一个进程正在写入存档（{holder}）：{root}",
            f"another process is writing to the archive ({holder}): {root}",
        ),
        remedy=Text(
            "等它结束后再运行；该进程一结束，锁即释放", "run again when it is done; the lock ends with that process"
        ),
    )


def _holder(root: Path) -> str:
    try:
        holder = json.loads((root / HOLDER).read_text())
        return f"pid {holder['pid']} @ {holder['host']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "pid ?"
