"""Are the findings of an audit true, and are all there? Every check against a second reading of the emulated
company's truth.

    python -m benchmarks.audit_precision --seeds 20 --meetings 700

Prints a Markdown table: per check the findings, how many rest on planted cases, how many the truth bears out
(precision), how many of the planted cases (recall), and grave findings on records that were not planted, per 1,000
such meetings. The second reading is plain Python, minute by minute where it can be, and shares no code with the
checks.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

import chinese_calendar
import pandas as pd

from benchmarks.results import keep
from ytxdata import Archive, Client, audit
from ytxdata.audit import CHECKS
from ytxdata.emulator import Emulator

BEIJING = timedelta(hours=8)
Row = dict[str, Any]


class Truth:
    """What there really was, by meeting."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.told = told
        self.meetings: dict[str, Row] = {row["meeting_id"]: row for row in told["meetings"]}
        self.legs: dict[str, list[Row]] = defaultdict(list)
        for leg in told["legs"]:
            self.legs[leg["meeting_id"]].append(leg)
        self.planted: dict[str, set[str]] = defaultdict(set)
        for check, cases in told["planted"].items():
            for case in cases:
                for key in (check, *case["also"]):
                    self.planted[key].update(case["record_ids"])
        self.daily: dict[str, dict[date, float]] = defaultdict(lambda: defaultdict(float))
        for row in told["meetings"]:
            if length(row) is not None:
                for who in (row["creator_number"], ""):
                    self.daily[who][local(row["started_at"]).date()] += length(row) or 0


def local(text: str) -> datetime:
    return datetime.fromisoformat(text) + BEIJING


def length(row: Row) -> float | None:
    if row["ended_at"] is None or row["ended_at"] < row["started_at"]:
        return None
    return (datetime.fromisoformat(row["ended_at"]) - datetime.fromisoformat(row["started_at"])).total_seconds()


def is_workday(day: date) -> bool:
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


def off_hours(truth: Truth, ids: list[str]) -> bool:
    row = truth.meetings[ids[0]]
    at, end, outside = local(row["started_at"]), local(row["ended_at"]), 0
    while at < end and outside < 60:
        outside += not (is_workday(at.date()) and 8 <= at.hour < 20)
        at += timedelta(seconds=1)
    return outside >= 60


def lonely_tail(truth: Truth, ids: list[str]) -> bool:
    spans = [
        (leg["number"] or leg["position"], leg["joined_at"], leg["left_at"])
        for leg in truth.legs[ids[0]]
        if leg["joined_at"]
    ]
    last = datetime.fromisoformat(max(left for _, _, left in spans))
    moments = [(last - timedelta(seconds=back)).isoformat() for back in range(1, 601)]
    alone = all(len({who for who, joined, left in spans if joined <= at < left}) == 1 for at in moments)
    return alone and len({who for who, _, _ in spans}) > 1


def short_call(truth: Truth, ids: list[str]) -> bool:
    def is_short(key: str) -> bool:
        seconds, joined = length(truth.meetings[key]), sum(leg["joined_at"] is not None for leg in truth.legs[key])
        return seconds is not None and (seconds < 10 or (seconds < 60 and joined >= 2))

    return is_short(ids[0]) if len(ids) == 1 else sum(map(is_short, ids)) / len(ids) > 0.15


def risky_number(truth: Truth, ids: list[str]) -> bool:
    numbers = [
        {leg["number"] for leg in truth.legs[key] if leg["line"] in ("international", "premium", "satellite")}
        for key in ids
    ]
    return bool(set.intersection(*numbers))


def sudden_change(truth: Truth, ids: list[str]) -> bool:
    days = Counter(local(truth.meetings[key]["started_at"]).date() for key in ids)
    day = days.most_common(1)[0][0]  # an id that stands for two meetings brings another day with it
    creators = {truth.meetings[key]["creator_number"] for key in ids}
    return any(
        len(usual := [daily[day - timedelta(weeks=w)] for w in range(1, 9) if day - timedelta(weeks=w) in daily]) >= 6
        and daily[day] - (middle := median(usual))
        > 5 * max(median(abs(x - middle) for x in usual), 600, middle * (0.2 if who else 0.5))
        and daily[day] - middle >= 2700
        for who in (*creators, "")
        for daily in (truth.daily[who],)
    )


JUDGES: dict[str, Callable[[Truth, list[str]], bool]] = {
    "off_hours": off_hours,
    "lonely_tail": lonely_tail,
    "short_call": short_call,
    "risky_number": risky_number,
    "sudden_change": sudden_change,
}
"""Checks about what happens in a clean company too → whether the truth bears a finding out."""


def told(seed: int, meetings: int, folder: Path) -> tuple[audit.Findings, Truth]:
    with (
        Emulator(meetings=meetings, seed=seed, until="2026-03-04", planted=True, clock="company") as server,
        patch("ytxdata.times.now", lambda: datetime.fromtimestamp(server.now, UTC)),
    ):
        archive = Archive(folder / f"{seed}.archive")
        client = Client(base_url=server.url, **server.credentials)
        archive.sync(client)
        server.advance(hours=2)
        archive.sync(client)
        truth = server.truth()
    found = audit.run(archive, roster=pd.DataFrame(truth["roster"]), invoice=pd.DataFrame(truth["invoice"]))
    return found, Truth(truth)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seeds", type=int, default=20)
    arguments.add_argument("--meetings", type=int, default=700)
    options = arguments.parse_args()
    found_n, planted_n, true_n, cases_n, hit_n = (Counter[str]() for _ in range(5))
    false_crit = clean = 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(1, options.seeds + 1):
            found, truth = told(seed, options.meetings, Path(folder))
            clean += sum(not row["kind"].startswith("planted") for row in truth.told["meetings"])
            covered: dict[str, list[set[str]]] = defaultdict(list)
            for row in found.frame.to_dict("records"):
                check, ids = row["check"], list(row["record_ids"])
                covered[check].append(set(ids))
                is_planted = bool(ids) and set(ids) <= truth.planted[check]
                judge = JUDGES.get(check)
                is_true = is_planted or (judge is not None and judge(truth, ids)) or check == "coverage_gap"
                found_n[check] += 1
                planted_n[check] += is_planted
                true_n[check] += is_true
                false_crit += row["severity"] == "crit" and not is_true
            for check, cases in truth.told["planted"].items():
                cases_n[check] += len(cases)
                hit_n[check] += sum(any(set(case["record_ids"]) <= ids for ids in covered[check]) for case in cases)
    print(
        "| check | findings | of planted records | borne out by the truth | precision | planted cases found |\n|---|---|---|---|---|---|"
    )
    for check in CHECKS:
        if check not in ("small_group", "coverage_gap"):
            n = found_n[check]
            print(
                f"| `{check}` | {n} | {planted_n[check]} | {true_n[check]} | {100 * true_n[check] / n if n else 100:.1f} % | {hit_n[check]} / {cases_n[check]} |"
            )
    keep(
        "audit_precision",
        {"seeds": options.seeds, "meetings": options.meetings},
        {
            "findings": found_n.total(),
            "borne_out": true_n.total(),
            "planted_cases": cases_n.total(),
            "planted_cases_found": hit_n.total(),
            "false_grave": false_crit,
            "clean_meetings": clean,
        },
    )
    print(
        f"\nFalse grave findings: {false_crit} on {clean} clean meetings ({1000 * false_crit / clean:.2f} per 1,000)."
    )


if __name__ == "__main__":
    main()
