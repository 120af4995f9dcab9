"""What a sync costs beside bare Parquet files of the same rows, forced onto the disk, how a year of daily syncs runs,
what a month reads.

Usage: python -m benchmarks.sync [--sizes 10000,1000000] [--days 365] [--memory]

Each line ends with a ratio, its aim, and whether it is met. Sizes are numbers of meetings in the archive.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import results
from ytxdata import times
from ytxdata.archive import Archive
from ytxdata.archive.changes import Intake
from ytxdata.archive.heads import newest, table_path
from ytxdata.archive.known_meetings import RejectIndex, VersionIndex
from ytxdata.archive.stored_files import BULKY, SCHEMAS
from ytxdata.archive.stored_rows import among, read
from ytxdata.archive.sync import written
from ytxdata.files import sync_all
from ytxdata.history.proof.certificate import Certificate
from ytxdata.history.proof.evidence import Evidence, Window
from ytxdata.history.proof.rules import Judgement
from ytxdata.records.aliases import DEFAULT
from ytxdata.records.answer import Answer, read_answer
from ytxdata.records.normalize import normalize

BEGIN = datetime(2012, 1, 1, tzinfo=times.BEIJING)
EVERY = timedelta(minutes=7)
"""How often a meeting begins; more often in a large archive, lest the newest lie in a far future."""
REPEATS = 7


def text_of(i: int) -> bytes:
    """One meeting with four parties, about 700 bytes."""
    start = BEGIN + EVERY * i
    end = start + timedelta(minutes=20 + i % 40)
    parties = [
        {
            "name": f"员工{(i * 7 + k) % 997}",
            "phone": f"138{(i * 7919 + k * 104729) % 10**8:08d}",
            "jointime": f"{start + timedelta(seconds=9 * k):%Y-%m-%d %H:%M:%S}",
            "leavetime": f"{end:%Y-%m-%d %H:%M:%S}",
        }
        for k in range(4)
    ]
    record = {
        "meid": f"{i * 2654435761 % 2**64:029d}",
        "meetingname": f"项目例会 {i % 313}",
        "creator": parties[0]["phone"],
        "starttime": f"{start:%Y-%m-%d %H:%M:%S}",
        "endtime": f"{end:%Y-%m-%d %H:%M:%S}",
        "duration": str((end - start).seconds),
        "parties": parties,
    }
    return json.dumps(record, ensure_ascii=False).encode()


def answer_of(numbers: range, asked_n: int) -> Answer:
    """The newest meetings of an account whose newest one is the last of `numbers`."""
    raw = b'{"statusCode":"0","statusMsg":"ok","data":[' + b",".join(text_of(i) for i in reversed(numbers)) + b"]}"
    return read_answer(raw, asked_at=asked_at(numbers.stop), asked_n=asked_n)


def asked_at(n: int) -> datetime:
    return (BEGIN + EVERY * n + timedelta(hours=1)).astimezone(UTC)


class Platform:
    """An account with `n` meetings; it also stops the package's clock at the instant of asking."""

    identity = ("benchmark", "benchmark")

    def __init__(self, n: int) -> None:
        self.n = n

    def query_meeting(self, confid: str = "", meetingcount: int = 1) -> Answer:  # noqa: ARG002
        return answer_of(range(max(0, self.n - meetingcount), self.n), meetingcount)

    def sync(self, archive: Archive) -> tuple[float, Any]:
        """Sync once; return the CPU seconds it took, the platform's own work left out."""
        times.now = lambda: asked_at(self.n)
        spent = 0.0
        answers: dict[int, Answer] = {}

        class Ready(Platform):
            def query_meeting(inner, confid: str = "", meetingcount: int = 1) -> Answer:  # noqa: N805
                nonlocal spent
                began = time.process_time()
                answers[meetingcount] = super().query_meeting(confid, meetingcount)
                spent += time.process_time() - began
                return answers[meetingcount]

        began = time.process_time()
        done = archive.sync(Ready(self.n))
        return time.process_time() - began - spent, done


def keep(path: Path, answer: Answer, n: int) -> None:
    """Keep one answer in an archive, as a sync does, but without a judgement of completeness."""
    times.now = lambda: asked_at(n)
    before = newest(path)
    intake = Intake(VersionIndex(before), RejectIndex(before), before.aliases if before else DEFAULT)
    intake.take(answer)
    written(path, before, Platform.identity, intake, Judgement(Certificate(), evidence_of(n)))


def seconds_without_parsing(path: Path, answer: Answer, n: int) -> float:
    """Return the CPU seconds `keep` takes to look up, write and promote: without what parsing the records takes."""
    normalize(answer.records)  # warms the cache of phone numbers, so that parsing costs the same both times
    return -seconds(lambda: normalize(answer.records)) + seconds(lambda: keep(path, answer, n))


def filled(path: Path, n: int) -> Archive:
    """An archive of n meetings, kept in answers of 50,000."""
    for start in range(0, n, 50_000):
        numbers = range(start, min(n, start + 50_000))
        keep(path, answer_of(numbers, len(numbers)), n)
    return Archive(path)


def evidence_of(n: int) -> Evidence:
    """Evidence of an account whose platform was shown to list newest first, up to its n-th meeting."""
    upper = asked_at(n) - timedelta(hours=24)
    window = Window("full", ("benchmark",), asked_at(n), BEGIN.astimezone(UTC), upper, BEGIN.astimezone(UTC))
    return Evidence(
        windows=(window,),
        n_syncs=3,
        last_asked_at=asked_at(n),
        joins_at=upper,
        listed_from=BEGIN.astimezone(UTC),
        listed_at=asked_at(n),
        full_at=asked_at(n),
        order_shown=True,
    )


SAID: dict[str, dict[str, float]] = {}


def say(what: str, ratio: float, aim: float, detail: str) -> None:
    SAID[what] = {"ratio": ratio, "aim": aim}
    print(f"{what:<52} {ratio:6.2f} × (aim ≤ {aim} ×, {'met' if ratio <= aim else 'MISSED'})  {detail}", flush=True)


def thousand_new(size: int, archive: Archive) -> None:
    """1,000 new meetings into an archive of some size, against writing the very rows it stored to bare Parquet files."""
    kept, bare, n = [], [], size
    with tempfile.TemporaryDirectory() as directory:
        for turn in range(REPEATS + 1):
            answer = answer_of(range(n, n + 1000), 1000)
            assert len(answer.records) == 1000
            first, n = counts(archive)["observations"], n + 1000
            spent = seconds_without_parsing(archive.path, answer, n)
            assert counts(archive)["meetings"] == n
            rows = rows_since(archive, first)
            began = time.process_time()
            for name, table in rows.items():
                place = Path(directory) / f"{name}-{turn}.parquet"
                plain = [column for column in table.column_names if column not in BULKY]
                pq.write_table(
                    table, place, compression="zstd", compression_level=3, use_dictionary=plain, write_statistics=plain
                )
                sync_all([place])
            if turn:  # the first turn warms up both
                kept.append(spent)
                bare.append(time.process_time() - began)
    ms = [statistics.median(times_) * 1000 for times_ in (kept, bare)]
    say(
        f"1,000 new into {size:,}",
        ms[0] / ms[1],
        1.5,
        f"look up, write, promote {ms[0]:.0f} ms; bare append {ms[1]:.0f} ms (CPU)",
    )
    for new in (0, 1000, 0):
        n += new
        seconds_, done = Platform(n).sync(archive)
        print(
            f"  a whole sync with {done.new:,} new: {done.calls} call(s), {done.received:,} records, {seconds_ * 1000:.0f} ms",
            flush=True,
        )


def counts(archive: Archive) -> dict[str, int]:
    snapshot = newest(archive.path)
    return dict(snapshot.head.counts) if snapshot else {"observations": 0}


def rows_since(archive: Archive, first: int) -> dict[str, pa.Table]:
    """The rows the last sync stored, by table."""
    snapshot = newest(archive.path)
    assert snapshot is not None
    numbers = np.arange(first, snapshot.head.counts["observations"])
    rows = {
        name: read(snapshot, name, schema.names, among("obs", numbers))
        for name, schema in SCHEMAS.items()
        if name != "pulls"
    }
    last = np.array([snapshot.head.counts["pulls"] - 1])
    rows["pulls"] = read(snapshot, "pulls", SCHEMAS["pulls"].names, among("ordinal", last))
    return {name: table for name, table in rows.items() if table.num_rows}


def month(size: int, archive: Archive) -> None:
    """One month against everything, as frames."""
    whole = [seconds(lambda: archive.meetings()) for _ in range(3)]
    start = BEGIN + EVERY * (size // 2)
    part = [seconds(lambda: archive.meetings(start=start, end=start + timedelta(days=30))) for _ in range(5)]
    n = len(archive.meetings(start=start, end=start + timedelta(days=30)))
    say(
        f"one month ({n:,}) out of {size:,}",
        statistics.median(part) / statistics.median(whole),
        0.2,
        f"{statistics.median(part):.2f} s of {statistics.median(whole):.2f} s",
    )


def seconds(action: Callable[[], object]) -> float:
    """Return the CPU seconds an action takes: other programs of the machine do not count."""
    began = time.process_time()
    action()
    return time.process_time() - began


def year(days: int, path: Path) -> None:
    """Daily syncs of 200 new meetings each: the last month against the first; once a month a sync reads everything
    there is.
    """
    archive, n_calls = filled(path, 10_000), 0
    spent: list[float] = []
    whole: list[float] = []
    for day in range(1, days + 1):
        n = 10_000 + 200 * day
        took, done = Platform(n).sync(archive)
        (whole if done.received == n else spent).append(took)
        n_calls += done.calls
    month = max(1, min(30, len(spent) // 4))
    first, last = statistics.mean(spent[:month]), statistics.mean(spent[-month:])
    say(
        f"{days} daily syncs: last {month} to first {month}",
        last / first,
        1.3,
        f"{first * 1000:.0f} → {last * 1000:.0f} ms, {n_calls} calls, {size_of(path) / 1e6:.0f} MB, {sum(1 for _ in files(path))} files",
    )
    each = ", ".join(f"{took * 1000:.0f}" for took in whole)
    print(f"  of these, {len(whole)} read all there was, which grows with the account: {each} ms")
    verified = archive.verify()
    print(f"  {verified}")


def files(path: Path) -> Iterator[Path]:
    return (file for file in path.rglob("*") if file.is_file())


def size_of(path: Path) -> int:
    return sum(file.stat().st_size for file in files(path))


def disk(size: int, archive: Archive) -> None:
    snapshot = newest(archive.path)
    assert snapshot is not None
    tables = {name: size_of(archive.path / table_path(snapshot.head, name)) for name in SCHEMAS}
    tables["index"], tables["heads"] = size_of(archive.path / "index"), size_of(archive.path / "heads")
    per = ", ".join(f"{name} {n / 1e6 / size * 1e6:.0f}" for name, n in tables.items())
    print(f"size per million meetings: {size_of(archive.path) / 1e6 / size * 1e6:.0f} MB ({per})", flush=True)


def memory(path: Path) -> None:
    """A first sync that gets one answer of 250 MB."""
    n = 250 * 2**20 // len(text_of(123_456))
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    raw = answer_of(range(n), n).raw
    ready = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    class Big(Platform):
        def query_meeting(inner, confid: str = "", meetingcount: int = 1) -> Answer:  # noqa: ARG002, N805
            return read_answer(raw, asked_at=asked_at(n), asked_n=max(meetingcount, n + 1))

    times.now = lambda: asked_at(n)
    spent = seconds(lambda: Archive(path).sync(Big(n)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"an answer of {len(raw) / 2**20:.0f} MiB ({n:,} records): {spent:.0f} s, peak {peak / 2**10:.0f} MiB (before {base / 2**10:.0f}, with the answer {ready / 2**10:.0f})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="10000,1000000")
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--memory", action="store_true")
    arguments = parser.parse_args()
    global EVERY
    daily = EVERY
    with tempfile.TemporaryDirectory() as directory:
        for size in map(int, filter(None, arguments.sizes.split(","))):
            EVERY = min(daily, timedelta(days=12 * 365) / size)
            path = Path(directory) / f"a{size}"
            archive = filled(path, size)
            disk(size, archive)
            thousand_new(size, archive)
            month(size, archive)
        EVERY = daily
        if arguments.days:
            year(arguments.days, Path(directory) / "year")
        if arguments.memory:
            memory(Path(directory) / "memory")
    results.keep("sync", {"sizes": arguments.sizes, "days": arguments.days}, SAID)


if __name__ == "__main__":
    main()
