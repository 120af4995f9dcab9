"""A process that syncs again and again against a platform that grows by one meeting, and changes one, before each
question.

Usage: python worker.py ARCHIVE COUNTER N; the size of the file COUNTER is how often the platform has grown.
Prints, after each sync, how many meetings the platform had when it was asked last.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from ytxdata.archive import Archive
from ytxdata.records.answer import Answer

conftest: Any = importlib.import_module("conftest")
BASE = 60
CHANGING = 58


class Growing:
    """A platform that all workers share through a file."""

    def __init__(self, counter: Path) -> None:
        self.counter = counter
        self.records: list[Any] = []
        self.identity = ("sid-of-this-test", "app")

    def grow(self) -> None:
        with self.counter.open("ab") as handle:
            handle.write(b".")

    def query_meeting(self, confid: str = "", meetingcount: int = 1) -> Answer:
        n = self.counter.stat().st_size
        self.records = conftest.newest_first(BASE + n)
        self.records[-1 - CHANGING] = conftest.record(CHANGING, meetingname=f"第 {n} 次")
        answer: Answer = conftest.Platform(self.records).query_meeting(confid, meetingcount)
        return answer


def main(path: str, counter: str, n: int) -> None:
    platform = Growing(Path(counter))
    print("ready", flush=True)  # noqa: T201
    for _ in range(n):
        platform.grow()
        Archive(path).sync(platform)
        print(len(platform.records), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
