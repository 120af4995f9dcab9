"""What the system says about a disk, turned into errors that name the remedy: cannot be written, or damaged."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
from deltalake.exceptions import DeltaError

from ytxdata.errors import ArchiveWriteError, DamagedError, YtxError
from ytxdata.labels import Text


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


@contextlib.contextmanager
def telling_damage(what: str) -> Iterator[None]:
    """Turn a file that is gone or cannot be read into DamagedError."""
    try:
        yield
    except (OSError, DeltaError, pa.ArrowException, ValueError, KeyError) as error:
        if isinstance(error, YtxError):
            raise
        raise DamagedError(
            Text(f"存档已损坏，无法读取 {what}：{error}", f"the archive is damaged, {what} cannot be read: {error}"),
            remedy=Text(
                "运行 ytxdata verify 查看详情，并从备份恢复", "run ytxdata verify for details and restore from a backup"
            ),
        ) from None
