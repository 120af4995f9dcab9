"""How long does it take from the bytes of an answer to typed tables, and how much memory?

Compares, in one run, each in a process of its own: `json.loads` + `pandas.json_normalize` (what everybody does),
`orjson.loads` alone (the practical floor; `pip install orjson`), `dlt` into DuckDB (`pip install 'dlt[duckdb]'`), and
this package: as records usually are, and as if no two were alike. Every account has its own mix of telephone numbers,
so the three are compared on five mixes: mobiles of few people, 25,000 numbers of which 60 % are landlines, extensions
and foreign ones, landlines that are all distinct, and mobiles with every tenth record in another shape, or with an
object and a list in it that nobody knows.
Prints CPU seconds, peak memory, ratios with their aims, and what a record costs in the first answer of a fresh
process.

Run: python -m benchmarks.parsing [--meetings 100000] [--legs 8] [--repeat 3] [--mix mobiles,mixed,landlines,odd,nested]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.results import keep


def numbers_of(mix: str, rng: random.Random) -> Callable[[], str]:
    """Return what gives the number of a party; mobiles begin with 154 and cannot be dialled."""

    def landline() -> str:
        return f"0{rng.choice(AREAS)}-8{rng.randrange(10**7):07}"

    if mix == "landlines":
        return landline
    if mix != "mixed":
        few = [f"1540000{i:04d}" for i in range(3000)]
        return lambda: rng.choice(few)
    kinds: list[Callable[[], str]] = [
        *[lambda: f"154{rng.randrange(10**8):08}"] * 8,
        *[landline] * 6,
        lambda: f"({rng.choice(AREAS)}) {landline()[5:]}-{rng.randrange(100, 9999)}",
        lambda: f"{landline()}-{rng.randrange(100, 9999)}",
        lambda: f"{landline()}转{rng.randrange(100, 9999)}",
        lambda: f"+852 {rng.randrange(20_000_000, 40_000_000)}",
        lambda: f"+1 202 555 {rng.randrange(10**4):04}",
        lambda: f"0044 20 7946 {rng.randrange(10**4):04}",
    ]
    many = [rng.choice(kinds)() for _ in range(25_000)]
    return lambda: rng.choice(many)


AREAS = ("10", "21", "20", "755", "571", "28", "27")


def odd(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record as another release of the platform might write it: other keys, other types, parties as one
    text.
    """
    return {
        "conferenceId": record["meid"],
        "creator": int(record["creator"]),
        "beginTime": record["starttime"].replace("-", "/"),
        "endTime": record["endtime"].replace("-", "/"),
        "duration": int(record["duration"]),
        "members": ",".join(party["phone"] for party in record["parties"]),
    }


def nested(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record with more in it than words and parties."""
    room = {"name": "会议室 3", "floor": 12, "equipment": {"screen": "yes", "count": 2}}
    return {**record, "room": room, "tags": ["季度", "对外"]}


def numbers(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record with numbers where the others have texts."""
    return {**record, "duration": int(record["duration"]), "status": 2, "creator": int(record["creator"])}


def text(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record whose parties are JSON text."""
    return {**record, "parties": json.dumps(record["parties"], ensure_ascii=False)}


def page(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record whose parties stand in a page of them."""
    return {**record, "parties": {"total": len(record["parties"]), "list": record["parties"]}}


def others(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record with a list of others who have phones, too."""
    return {**record, "contacts": [{"name": party["name"], "phone": party["phone"]} for party in record["parties"][:2]]}


def retold(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record with an object under its id that says more of it."""
    return {**record, "detail": {key: record[key] for key in ("meid", "creator", "starttime")} | {"level": "普通"}}


SHAPES = (nested, odd, numbers, text, page, others, retold)


def any_of_them(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record in one of these shapes, each in turn."""
    return SHAPES[int(record["meid"]) // 10 % len(SHAPES)](record)


ODD = {shape.__name__: shape for shape in (*SHAPES, any_of_them)}
"""What becomes of every tenth record, by mix."""


def answer(n_meetings: int, n_legs: int, mix: str) -> bytes:
    """Make an answer of meetings with legs, about 1 KB a meeting."""
    rng = random.Random(1)
    number = numbers_of(mix, rng)
    first = datetime(2024, 1, 1, 8)  # noqa: DTZ001 - wall time, as the platform writes it
    records: list[dict[str, Any]] = []
    for i in range(n_meetings):
        start = first + timedelta(seconds=600 * i)
        seconds = rng.randint(60, 7200)
        end = start + timedelta(seconds=seconds)
        guests = [number() for _ in range(n_legs)]
        records.append(
            {
                "meid": str(10**28 + i),
                "meetingname": "周例会",
                "creator": guests[0],
                "appid": "0f0e0d0c0b0a09080706050403020100",
                "createtime": str(start),
                "starttime": str(start),
                "endtime": str(end),
                "duration": str(seconds),
                "status": "2",
                "bookmeeting": "0",
                "oriamount": 0.12,
                "tapesurl": "NoTapes",
                "parties": [
                    {"name": f"员工{phone[-4:]}", "phone": phone, "jointime": str(start), "leavetime": str(end)}
                    for phone in guests
                ],
            }
        )
        if mix in ODD and i % 10 == 9:
            records[-1] = ODD[mix](records[-1])
    body = json.dumps(
        {"statusCode": "0", "statusMsg": "提交成功", "data": records}, ensure_ascii=False, separators=(",", ":")
    )
    return body.encode()


def everybody(body: bytes) -> int:
    import pandas as pd

    data = json.loads(body)["data"]
    meetings = pd.json_normalize(data)
    legs = pd.json_normalize([one for one in data if "parties" in one], record_path="parties", meta=["meid"])
    return len(meetings) + len(legs)


def everybody_typed(body: bytes) -> int:
    """The same, with times and numbers as such: what the tables of this package hold, but for numbers, hashes and raw
    texts.
    """
    import pandas as pd

    data = json.loads(body)["data"]
    meetings = pd.json_normalize(data).drop(columns="parties")
    legs = pd.json_normalize(data, record_path="parties", meta=["meid"])
    for frame, columns in ((meetings, ("createtime", "starttime", "endtime")), (legs, ("jointime", "leavetime"))):
        for column in columns:
            frame[column] = pd.to_datetime(frame[column], errors="coerce").dt.tz_localize("Asia/Shanghai")
    meetings["duration"] = pd.to_numeric(meetings["duration"], errors="coerce")
    return len(meetings) + len(legs)


def only_orjson(body: bytes) -> int:
    import orjson  # type: ignore[import-not-found, unused-ignore]

    return len(orjson.loads(body))


def by_dlt(body: bytes) -> int:
    """What a loading tool does of itself: nested parties become a table of their own, in DuckDB."""
    import dlt  # type: ignore[import-not-found, unused-ignore]

    with tempfile.TemporaryDirectory() as folder:
        place = dlt.destinations.duckdb(f"{folder}/meetings.duckdb")
        pipeline: Any = dlt.pipeline("bench", destination=place, dataset_name="loaded", pipelines_dir=folder)
        pipeline.run(json.loads(body)["data"], table_name="meetings", loader_file_format="parquet")
        counts = pipeline.last_trace.last_normalize_info.row_counts
    return int(counts["meetings"] + counts["meetings__parties"])


def ours(body: bytes) -> int:
    from ytxdata.records.answer import read_answer
    from ytxdata.records.normalize import normalize

    tables = normalize(read_answer(body).records)
    return int(tables.meetings.num_rows + tables.legs.num_rows)


def ours_one_by_one(body: bytes) -> int:
    """The same where every record is odd: none is read in bulk."""
    from unittest import mock

    from ytxdata.records.bulk import BulkReader

    def refuse(*_: object) -> None:
        """Refuse every batch; a mock would keep the records it is called with."""

    with mock.patch.object(BulkReader, "read_some", refuse):
        return ours(body)


WAYS: dict[str, Callable[[bytes], int]] = {
    "json.loads + json_normalize": everybody,
    "the same, then typed": everybody_typed,
    "orjson.loads (parse only)": only_orjson,
    "dlt: answer to DuckDB": by_dlt,
    "ytxdata: answer to tables": ours,
    "ytxdata: every record odd": ours_one_by_one,
}
OURS = "ytxdata: answer to tables"
AIMS = {"json.loads + json_normalize": 5.0, "orjson.loads (parse only)": 1 / 1.5}
"""How many times our seconds a way should at least take."""


def write(path: str, n_meetings: int, n_legs: int, mix: str) -> int:
    return Path(path).write_bytes(answer(n_meetings, n_legs, mix))


def measure(way: str, path: str, repeat: int) -> tuple[float, float]:
    """Return the best CPU seconds, and the peak memory above the answer itself [MB]."""
    WAYS[way](answer(10, 1, "mobiles"))  # imports and caches are not the question
    body = Path(path).read_bytes()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    best = float("inf")
    for _ in range(repeat):
        start = time.process_time()
        WAYS[way](body)
        best = min(best, time.process_time() - start)
    return best, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def first_answer(n_meetings: int, n_legs: int) -> float:
    """Return what a record costs in the first answer of a process [µs], imports left out."""
    import ytxdata.records.normalize  # noqa: F401

    body = answer(n_meetings, n_legs, "mobiles")
    start = time.process_time()
    ours(body)
    return (time.process_time() - start) / n_meetings * 1e6


def compare(mix: str, chosen: argparse.Namespace) -> dict[str, float]:
    """Measure the ways on one mix, print what came, and return the seconds of each."""
    results: dict[str, float] = {}
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        with multiprocessing.get_context("spawn").Pool(1) as pool:  # elsewhere: a child inherits its parent's peak
            size = pool.apply(write, (file.name, chosen.meetings, chosen.legs, mix)) / 1e6
        print(f"{mix}: {chosen.meetings:,} meetings with {chosen.legs} legs, {size:.0f} MB")
        for way in WAYS if mix == "mobiles" else (*AIMS, OURS):
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                try:
                    seconds, memory = pool.apply(measure, (way, file.name, chosen.repeat))
                except (ImportError, TypeError) as error:  # `json_normalize` takes no parties in a text
                    print(f"  {way:30} – {error}")
                    continue
            results[way] = seconds
            print(f"  {way:30} {seconds:7.2f} s  {size / seconds:6.0f} MB/s  +{memory:6.0f} MB")
    for way, seconds in results.items():
        aim = AIMS.get(way)
        told = f" (aim ≥ {aim:.2f}, {'met' if seconds / results[OURS] >= aim else 'MISSED'})" if aim else ""
        print(f"  {way} ÷ ytxdata = {seconds / results[OURS]:.2f}{told}")
    return results


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--meetings", type=int, default=20_000)
    options.add_argument("--legs", type=int, default=8)
    options.add_argument("--repeat", type=int, default=3)
    options.add_argument("--mix", default="mobiles,mixed,landlines,odd,nested")
    chosen = options.parse_args()
    taken = {mix: compare(mix, chosen) for mix in chosen.mix.split(",")}
    mine = {mix: seconds[OURS] for mix, seconds in taken.items()}
    asked = {"meetings": chosen.meetings, "legs": chosen.legs}
    ratios = {mix: {way: took / seconds[OURS] for way, took in seconds.items()} for mix, seconds in taken.items()}
    keep("parsing", asked, {"cpu_s": taken, "times_ours": ratios})
    for mix in ODD if "mobiles" in mine else ():
        if mix in mine:
            times = mine[mix] / mine["mobiles"]
            print(f"every tenth record {mix} ÷ none = {times:.2f} (aim ≤ 2, {'met' if times <= 2 else 'MISSED'})")
    for n in (1000, 7000):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            cost = pool.apply(first_answer, (n, 4))
        print(f"first answer of a process, {n:,} meetings with 4 legs: {cost:.0f} µs a record")


if __name__ == "__main__":
    main()
