"""A process that syncs again and again against a platform that grows by one meeting, and changes one, before each question.

Usage: python worker.py ARCHIVE COUNTER N; the size of the file COUNTER is how often the platform has grown.
Prints, after each sync, how many meetings the platform had when it was asked last.
"""

from __future__ import annotations

import os
import sys

from conftest import Platform, record  # type: ignore[import-not-found]

from ytxdata.archive import Archive
from ytxdata.records.answer import Answer

BASE = 60
CHANGING = 58


class Growing(Platform):  # type: ignore[misc]
    """A platform that all workers share through a file."""

    def __init__(self, counter: str) -> None:
        super().__init__([])
        self.counter = counter

    def grow(self) -> None:
        handle = os.open(self.counter, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
        os.write(handle, b".")
        os.close(handle)

    def query_meeting(self, confid: str = "", meetingcount: int = 1) -> Answer:
        n = os.path.getsize(self.counter)  # noqa: PTH202
        self.records = [record(i) for i in reversed(range(BASE + n))]
        self.records[-1 - CHANGING] = record(CHANGING, meetingname=f"第 {n} 次")
        answer: Answer = super().query_meeting(confid, meetingcount)
        return answer


def main(path: str, counter: str, n: int) -> None:
    platform = Growing(counter)
    print("ready", flush=True)  # noqa: T201
    for _ in range(n):
        platform.grow()
        Archive(path).sync(platform)
        print(len(platform.records), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
