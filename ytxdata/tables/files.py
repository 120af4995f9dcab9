"""Files that appear whole or not at all, and the error of one that is not what was meant."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ytxdata.errors import FileDiffersError, UsageError
from ytxdata.labels import Text


def digest(path: Path) -> str:
    """Return the SHA-256 of a file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def differs(file: str, line: int, column: str, difference: str) -> FileDiffersError:
    """Return the error that names the cell of a file that is not what was meant."""
    where = f" · {column}" if column else ""
    return FileDiffersError(
        Text(
            f"{file} 第 {line} 行{where} 与应写内容不一致：{difference}",
            f"{file}, line {line}{where} is not what was meant: {difference}",
        ),
        remedy=Text(
            "文件未保存；请检查磁盘后重试，并报告此问题",
            "the file was not kept; check the disk, try again, and report this",
        ),
    )


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give a draft beside the target; it takes the target's place when the block ends well, and vanishes otherwise.

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
            draft.chmod(0o666 & ~_umask())
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
