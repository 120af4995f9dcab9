"""The error of a file that is not what was meant."""

from __future__ import annotations

from ytxdata.errors import FileDiffersError
from ytxdata.labels import Text


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
