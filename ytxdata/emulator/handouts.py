"""What an emulator hands out as files: the settings of one account, a `fleet.toml` of all, the platform's bill and its
other lists of what took place.
"""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import TypeVar

from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.times import BEIJING

T = TypeVar("T")

_ENV_LINE = re.compile(rb"YTX_[A-Z_]+=.*")


def write_env_file(path: Path, env: dict[str, str]) -> None:
    """Write the settings, one `NAME=value` a line, readable by their owner alone; a file of another kind is left alone.

    Raises
    ------
    UsageError
        The place cannot be written, or holds a file that is none of ours.
    """
    _write_own(path, _ENV_LINE, [f"{name}={value}\n" for name, value in env.items()])


_FLEET_LINE = re.compile(rb'(?:\[accounts\.account-\d+\]|[a-z_]+ = "[^"\\]*"|)')


def write_fleet_file(path: Path, fleet: Mapping[str, Mapping[str, str]]) -> None:
    """Write the accounts as the `fleet.toml` of `ytxdata fleet`, readable by their owner alone; a file of another kind
    is left alone.

    Raises
    ------
    UsageError
        The place cannot be written, or holds a file that is none of ours.
    """
    lines: list[str] = []
    for name, told in fleet.items():
        lines += [f"[accounts.{name}]\n", *(f'{key} = "{value}"\n' for key, value in told.items()), "\n"]
    _write_own(path, _FLEET_LINE, lines)


def _write_own(path: Path, line_of_ours: re.Pattern[bytes], lines: Sequence[str]) -> None:
    try:
        if path.exists() and not all(line_of_ours.fullmatch(line) for line in path.read_bytes().splitlines()):
            raise UsageError(
                Text(
                    f"{path} 已经存在，而且不是模拟平台的设置文件：没有改动它",
                    f"{path} is there already and is no settings file of the emulator: it was left as it is",
                ),
                remedy=Text("换一个文件名", "name another file"),
            )
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.writelines(lines)
    except OSError as error:
        raise UsageError(
            Text(f"无法写入 {path}：{error.strerror}", f"{path} cannot be written: {error.strerror}"),
            remedy=Text("换一个可以写入的位置", "choose a place that can be written to"),
        ) from None


def write_bill(path: Path, lines: Sequence[Mapping[str, object]], without: int = 0) -> None:
    """Write the platform's bill as CSV (`meeting_id, started_at, duration_s, amount_yuan`), some lines left out,
    spread evenly.

    The last line is the bill's own total: of the lines that are written, as of a bill that lacks them from the start.

    Raises
    ------
    UsageError
        The place cannot be written, or a file is there already.
    """
    names = ("meeting_id", "started_at", "duration_s", "amount_yuan")
    written = _left(lines, without)
    seconds = sum(int(str(line["duration_s"] or 0)) for line in written)
    yuan = sum((Decimal(str(line["amount_yuan"])) for line in written), Decimal(0))
    _write_new(path, _csv([names, *([line[name] for name in names] for line in written), ["合计", "", seconds, yuan]]))


def write_console_list(path: Path, meetings: Sequence[Mapping[str, object]], without: int = 0) -> None:
    """Write the meetings that are over as a console exports them, as CSV with Chinese headers and Beijing time, some
    left out, spread evenly; the last line counts those that are written.

    Raises
    ------
    UsageError
        The place cannot be written, or a file is there already.
    """
    written = _left([one for one in meetings if one["ended_at"] and not one["is_vanished"]], without)
    header = ["会议编号", "会议主题", "发起人", "开始时间", "结束时间", "时长（秒）"]
    named = ("meeting_id", "name", "creator", "started_at", "ended_at", "duration_s")
    rows = [[_at(one[name]) if name.endswith("_at") else one[name] for name in named] for one in written]
    _write_new(path, _csv([header, *rows, [f"合计 {len(rows)} 场"]]))


def write_calls(path: Path, legs: Sequence[Mapping[str, object]], without: int = 0) -> None:
    """Write the platform's call records as JSON, one for each leg that joined and is over, some left out, spread
    evenly; `total` counts those that are written. A number that is withheld is as the platform writes it, or blank.

    Raises
    ------
    UsageError
        The place cannot be written, or a file is there already.
    """
    written = _left([leg for leg in legs if leg["joined_at"] and leg["left_at"]], without)
    calls = [
        {
            "requestid": f"r{number:08d}",
            "called": leg["phone"] or "",
            "calledstime": _at(leg["joined_at"]),
            "calledetime": _at(leg["left_at"]),
            "duration": leg["duration_s"],
        }
        for number, leg in enumerate(written, 1)
    ]
    _write_new(path, json.dumps({"cdr": calls, "total": len(calls)}, ensure_ascii=False, indent=1))


def _left(lines: Sequence[T], without: int) -> list[T]:
    """Return the lines, but for some that are spread evenly."""
    left_out = {len(lines) * turn // (without + 1) for turn in range(1, without + 1)}
    return [line for number, line in enumerate(lines) if number not in left_out]


def _at(told: object) -> str:
    return f"{datetime.fromisoformat(str(told)).astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"


def _csv(rows: Sequence[Sequence[object]]) -> str:
    text = StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _write_new(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(
            Text(f"无法写入 {path}：{error.strerror}", f"{path} cannot be written: {error.strerror}"),
            remedy=Text("换一个还不存在的文件", "name a file that is not there yet"),
        ) from None
