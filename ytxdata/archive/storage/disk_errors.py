"""What the system says about a disk, turned into errors that name the remedy: cannot be written, or damaged."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from ytxdata.errors import ArchiveWriteError, DamagedError, UsageError, YtxError
from ytxdata.labels import Text

RESTORE = Text("运行 ytxdata verify 查看详情，并从备份恢复", "run ytxdata verify for details and restore from a backup")
DERIVE_AGAIN = Text(
    "先备份，再运行 ytxdata rebuild --archive 目录：可由原始数据恢复的都会恢复；然后运行 ytxdata verify",
    "keep a copy, then run ytxdata rebuild --archive DIRECTORY: it mends what follows from the raw data; then run ytxdata verify",
)
_NOT_DAMAGE = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
"""What says nothing about a file's content: a full disk, a folder of another user, no more handles or memory."""


@contextlib.contextmanager
def telling_write_errors(root: Path) -> Iterator[None]:
    """Turn what the system says about a disk into an error that names the remedy."""
    try:
        yield
    except YtxError:
        raise
    except (OSError, pa.ArrowException) as error:
        raise ArchiveWriteError(
            Text(f"无法写入存档 {root}：{error}", f"the archive cannot be written: {root}: {error}"),
            remedy=Text(
                "检查磁盘空间和目录权限后再运行；已有数据未受影响",
                "check free space and permissions, then run again; what was stored is untouched",
            ),
        ) from None


@contextlib.contextmanager
def telling_damage(what: str, remedy: Text = RESTORE) -> Iterator[None]:
    """Turn a file that is gone or cannot be read into DamagedError, and what is no damage into an error that says so.

    Only a corrupt file may send anybody to a backup: too little memory, a full disk or a folder that may not be read
    say nothing about what is stored.
    """
    try:
        yield
    except YtxError:
        raise
    except (MemoryError, pa.ArrowMemoryError) as error:
        raise _unreadable(what, error) from None
    except OSError as error:
        if error.errno in _NOT_DAMAGE:
            raise _unreadable(what, error) from None
        raise _damaged(what, error, remedy) from None
    except (pa.ArrowException, ValueError, KeyError) as error:
        raise _damaged(what, error, remedy) from None


def _damaged(what: str, error: Exception, remedy: Text) -> DamagedError:
    return DamagedError(
        Text(f"存档已损坏，无法读取 {what}：{error}", f"the archive is damaged, {what} cannot be read: {error}"),
        remedy=remedy,
    )


def _unreadable(what: str, error: Exception) -> UsageError:
    return UsageError(
        Text(
            f"现在无法读取 {what}（存档并未损坏）：{error}", f"{what} cannot be read now (it is not damaged): {error}"
        ),
        remedy=Text(
            "释放内存或磁盘空间、检查权限，或缩小时间范围后再试",
            "free memory or disk space, check permissions, or ask for a shorter period, then try again",
        ),
    )
