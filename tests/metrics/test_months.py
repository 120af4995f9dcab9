"""Months that were counted before say what counting them again says, to the last bit, or are counted again."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from tests.effort import IS_WHOLE, some
from tests.metrics.test_around_period import Told, record
from ytxdata import metrics
from ytxdata.archive import Archive
from ytxdata.archive import kept_months as kept_module
from ytxdata.archive.around_period import Around
from ytxdata.archive.kept_months import KeptMonths
from ytxdata.audit.explain import explanation
from ytxdata.audit.pack import pack
from ytxdata.files import that_may_be_lost
from ytxdata.metrics import months as months_module
from ytxdata.metrics.groups import resolve
from ytxdata.metrics.registry import REPORTS, Ask
from ytxdata.metrics.report import Report
from ytxdata.metrics.tariff import Tariff
from ytxdata.times import BEIJING

TARIFF = Tariff(prices={"default": "0.12", "access": "7"})
WAYS: list[tuple[str, dict[str, Any]]] = [
    ("usage", {}),
    ("usage", {"by": "day", "min_parties": 2}),
    ("usage", {"day_of": "ends"}),
    ("working_hours", {"extra_workdays": ["2026-02-01"]}),
    ("working_hours", {"by": "day"}),
    ("concurrency", {"lines": 2}),
    ("concurrency", {"by": "day", "min_parties": 3}),
    ("peak_stretches", {}),
    ("cost", {"tariff": TARIFF}),
    ("cost", {"tariff": Tariff(prices={"mobile": "0.12"}), "day_of": "ends"}),
]
often = settings(
    max_examples=2,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    phases=(Phase.explicit,) if IS_WHOLE else (Phase.explicit, Phase.reuse, Phase.generate),
)


@pytest.fixture(autouse=True)
def every_archive_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few rows are counted sooner than looked up: of those nothing is kept."""
    monkeypatch.setattr(months_module, "FEW", 0)


@pytest.fixture
def counted_from(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """From when on records are read for reports."""
    found: list[Any] = []
    scans = Around.scans

    def seen(self: Around, *views: str, **more: Any) -> Any:
        found.append(self.start)
        return scans(self, *views, **more)

    monkeypatch.setattr(Around, "scans", seen)
    return found


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return sync(Archive(tmp_path / "meetings.archive"), history(1))


def history(seed: int, n: int = 90) -> list[dict[str, Any]]:
    rng = random.Random(seed)
    return [record(i, rng, days=330) for i in range(n)]


def sync(archive: Archive, records: list[dict[str, Any]]) -> Archive:
    with that_may_be_lost():
        archive.sync(Told(records))
    return archive


def kept(archive: Archive) -> list[Path]:
    folder = archive.path / "months"
    return sorted(folder.iterdir()) if folder.is_dir() else []


def same(kept: Report, fresh: Report) -> None:
    pd.testing.assert_frame_equal(kept.frame, fresh.frame, check_exact=True)
    assert kept.arrow.equals(fresh.arrow, check_metadata=True)
    assert list(kept.excluded.items()) == list(fresh.excluded.items())
    assert (kept.title, kept.notes, kept.period, kept.certificate) == (fresh.title, fresh.notes, fresh.period, fresh.certificate)  # fmt: skip
    assert kept.definitions == fresh.definitions


def marks(archive: Archive) -> Mapping[str, str]:
    beside = archive.still().kept_months()
    assert beside is not None
    return beside.marks().months


def both(archive: Archive, name: str, asked: dict[str, Any]) -> tuple[Report, Report]:
    make = REPORTS[name].function
    return make(archive, **asked), make(archive, **asked, cache=False)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


@pytest.mark.slow
@often
@given(
    seed=st.integers(0, 10_000),
    turns=st.lists(st.sampled_from(["many", "late", "newer", "old", "none"]), min_size=1, max_size=3),
    ways=st.lists(st.sampled_from(WAYS), min_size=2, max_size=2),
)
@example(seed=1, turns=["many", "late"], ways=some(WAYS[::2], 1))
@example(seed=2, turns=["old", "none", "newer"], ways=some(WAYS[1::2], 1))
def test_every_report_is_what_counting_says(
    folder: Path, seed: int, turns: list[str], ways: list[tuple[str, dict[str, Any]]]
) -> None:
    """Asked before every change and behind it."""
    rng, records = random.Random(seed), history(seed)
    path = folder / "meetings.archive"
    shutil.rmtree(path, ignore_errors=True)
    archive = Archive(path)
    for turn in ("none", *turns):
        changed = {
            "late": [len(records)],
            "newer": [max(range(len(records)), key=lambda at: records[at].get("starttime", ""))],
            "old": [min(range(len(records)), key=lambda at: records[at].get("starttime", "9"))],
            "none": [],
            "many": rng.sample(range(len(records)), 5),
        }[turn]
        for at in changed:  # another version; where the times are far apart, another meeting of the same id
            records[at : at + 1] = [record(at, rng, days=330)]
        sync(archive, records)
        everything = resolve(archive)  # counted from the records, of which nothing is kept
        for name, asked in ways:
            one, other = (REPORTS[name].function(source, **asked) for source in (archive, everything))
            same(one, other)
        if len(one):
            at = rng.randrange(len(one))
            assert one.explain(at).to_dict("records") == other.explain(at).to_dict("records")


@pytest.mark.slow
def test_only_what_may_have_changed_is_counted(archive: Archive, counted_from: list[Any]) -> None:
    records = history(1)
    metrics.usage(archive)
    assert counted_from == [None]
    counted_from.clear()
    again = metrics.usage(archive)
    newest = again.frame["period"].iloc[-1]
    # who is told to have left long after the last meeting is counted on
    (begin,) = (f"{start.astimezone(BEIJING):%Y-%m}" for start in counted_from)
    assert begin >= newest
    sync(archive, [*records, record(90, random.Random(3), days=330)])
    counted_from.clear()
    same(*both(archive, "usage", {}))


@pytest.mark.slow
def test_which_numbers_are_the_accounts_own_is_said_by_all_months(tmp_path: Path) -> None:
    def told(i: int, begin: str, **more: str) -> dict[str, Any]:
        party = {"phone": "01000000000", "jointime": f"{begin} 09:00:00", "leavetime": f"{begin} 09:30:00"}
        return {
            "meid": f"{i:029d}",
            "starttime": party["jointime"],
            "endtime": party["leavetime"],
            "parties": [party],
            **more,
        }

    records = [told(i, f"2026-{i:02}-05") for i in range(1, 8)]
    archive = sync(Archive(tmp_path / "meetings.archive"), records)
    before = metrics.cost(archive, TARIFF)
    sync(archive, [*records, told(8, "2026-07-06", shownumber="01000000000")])
    after, fresh = both(archive, "cost", {"tariff": TARIFF})
    same(after, fresh)
    assert before.frame["cost"].iloc[0] != after.frame["cost"].iloc[0]


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["another key", "a bit", "cut short", "nothing", "another question"])
def test_what_was_planted_is_deleted_and_counted(archive: Archive, tmp_path: Path, damage: str) -> None:
    same(*both(archive, "usage", {}))
    (place,) = kept(archive)
    sound = place.read_bytes()
    other = sync(Archive(tmp_path / "other.archive"), history(2))
    if damage == "another key":
        # of an archive that says otherwise, under the name that is looked for
        beside = other.kept_months()
        assert beside is not None
        beside.keep(place.name, sound[32:].replace(b"2026-03", b"2026-09"))
        planted = (other.path / "months" / place.name).read_bytes()
    elif damage == "another question":
        metrics.usage(archive, min_parties=2)
        planted = next(path for path in kept(archive) if path != place).read_bytes()
    else:
        planted = {
            "a bit": bytes([*sound[:-9], sound[-9] ^ 1, *sound[-8:]]),
            "cut short": sound[:-100],
            "nothing": b"",
        }[damage]
    place.write_bytes(planted)
    same(*both(archive, "usage", {}))
    assert months_module.Months.of(place.read_bytes()[32:]) == months_module.Months.of(sound[32:])


@pytest.mark.slow
def test_evidence_is_counted_from_records(archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    metrics.usage(archive)

    def never(*_: object) -> None:
        raise AssertionError("this rests on what was kept")

    for door in ("kept", "keep", "marks"):
        monkeypatch.setattr(KeptMonths, door, never)
    pack(archive, tmp_path / "pack.zip")
    assert explanation(archive, "usage", Ask(), 0).summary
    assert archive.sql("SELECT count(*) AS n FROM usage_daily").arrow["n"].to_pylist()
    with pytest.raises(AssertionError, match="rests on"):
        metrics.usage(archive)


@pytest.mark.slow
def test_it_is_no_part_of_the_archive(archive: Archive, tmp_path: Path) -> None:
    metrics.usage(archive)
    folder = archive.path / "months"
    if os.name != "nt":
        assert (folder.stat().st_mode & 0o777, {path.stat().st_mode & 0o777 for path in kept(archive)}) == (
            0o700,
            {0o600},
        )
    assert not archive.verify().beside
    archive.mirror(tmp_path / "mirror")
    mirror = Archive(tmp_path / "mirror")
    same(metrics.usage(mirror), metrics.usage(archive, cache=False))
    assert not kept(mirror)


@pytest.mark.slow
def test_nothing_is_kept_unless_it_is_worth_it(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    for asked in ({"cache": False}, {"by": "week"}, {"group": "creator"}, {"start": "2026-02"}, {"engine": "duckdb"}):
        metrics.usage(archive, **asked)
    metrics.usage(archive.only(name="周会"))
    with monkeypatch.context() as patch:
        patch.setattr(months_module, "_code", lambda: None)  # what counts cannot be told: it is installed without text
        metrics.usage(archive)
    monkeypatch.setattr(months_module, "FEW", 200_000)
    metrics.usage(archive)
    assert not kept(archive)


@pytest.mark.slow
def test_what_is_kept_is_bounded(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_module, "MOST_KEPT", 3)
    for least in range(5):
        metrics.usage(archive, min_parties=least)
    assert len(kept(archive)) == 3
    monkeypatch.setattr(kept_module, "LARGEST", 100)
    same(*both(archive, "usage", {"min_parties": 4}))
    assert len(kept(archive)) == 2


@pytest.mark.slow
def test_an_archive_that_may_not_be_written_is_reported_on(archive: Archive) -> None:
    (archive.path / "months").write_bytes(b"no folder")
    same(*both(archive, "usage", {}))


# pandas silences its own cast of nulls for the whole process, and another thread may take that back meanwhile
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning")
@pytest.mark.slow
def test_many_at_once_disturb_nobody(archive: Archive) -> None:
    fresh = metrics.usage(archive, cache=False).arrow
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: metrics.usage(archive).arrow, range(8)):
            assert found.equals(fresh)
    assert len(kept(archive)) == 1


@pytest.mark.slow
@pytest.mark.parametrize(("name", "asked"), [WAYS[0], WAYS[4], WAYS[8]])
def test_a_month_whose_last_meeting_begins_in_another_now_is_gone(
    tmp_path: Path, name: str, asked: dict[str, Any]
) -> None:
    """It has no mark any more by which it could be seen to have changed, and its meeting counted twice."""

    def told(i: int, begin: str, end: str) -> dict[str, Any]:
        parties = [{"phone": "13900000001", "jointime": begin, "leavetime": end}]
        return {"meid": f"{i:029d}", "starttime": begin, "endtime": end, "parties": parties}

    others = [told(n, f"2026-{n:02d}-10 10:00:00", f"2026-{n:02d}-10 11:00:00") for n in (1, 2, 3, 4, 6)]
    first, then = (told(9, begin, "2026-06-01 00:40:00") for begin in ("2026-05-31 23:50:00", "2026-06-01 00:05:00"))
    archive = sync(Archive(tmp_path / "m.archive"), [*others, first])
    assert "2026-05" in {str(period)[:7] for period in both(archive, name, asked)[0].frame["period"]}
    sync(archive, [*others, then])
    one, other = both(archive, name, asked)
    same(one, other)
    assert "2026-05" not in {str(period)[:7] for period in one.frame["period"]}


CHANGES: dict[str, dict[str, Any]] = {
    "a name": {"meetingname": "例会"},
    "a creator": {"creator": "13800000009"},
    "a second of the meeting": {"endtime": "2026-03-10 11:00:01"},
    "a number": {"phones": ["13900000003", "13900000002"]},
    "a second of a leg": {"ends": ["2026-03-10 10:30:01", "2026-03-10 11:00:00"]},
    "who left when": {"ends": ["2026-03-10 11:00:00", "2026-03-10 10:30:00"]},
    "who never left": {"ends": ["2026-03-10 10:30:00", ""]},
    "one more leg": {"phones": ["13900000001", "13900000002", "13900000003"]},
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_mark_of_a_month_hangs_on_every_word_that_reports_read(tmp_path: Path, change: str) -> None:
    """Whatever is counted of a meeting, in the month in which it lies and in no other; how many there are tells little."""

    def told(month: int, **more: Any) -> dict[str, Any]:
        begin, end = (f"2026-{month:02}-10 {hour}:00:00" for hour in (10, 11))
        said = {"meetingname": "周会", "creator": "13800000001", "starttime": begin, "endtime": end, **more}
        phones = said.pop("phones", ["13900000001", "13900000002"])
        ends = said.pop("ends", [f"2026-{month:02}-10 10:30:00", *[end] * len(phones)])
        parties = [
            {"phone": one, "jointime": begin, "leavetime": left} for one, left in zip(phones, ends, strict=False)
        ]
        return {"meid": f"{month:029d}", **said, "parties": parties}

    records = {month: told(month) for month in range(1, 6)}
    archive = sync(Archive(tmp_path / "m.archive"), [*records.values()])
    before = marks(archive)
    sync(archive, [*(records | {3: told(3, **CHANGES[change])}).values()])
    assert {month for month, mark in marks(archive).items() if before[month] != mark} == {"2026-03"}


@pytest.mark.slow
def test_a_rebuild_that_changes_nothing_changes_no_mark(archive: Archive) -> None:
    before = marks(archive)
    archive.rebuild()
    assert marks(archive) == before
