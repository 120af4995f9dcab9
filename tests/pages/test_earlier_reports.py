"""A report that follows an earlier one, or stands beside a period before, tells nothing of what would be hidden there."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.verbs import run
from tests.effort import some
from tests.metrics.test_around_period import Told, told
from tests.pages.conftest import counted
from ytxdata.archive import Archive
from ytxdata.errors import UsageError
from ytxdata.files import that_may_be_lost
from ytxdata.fleet import Fleet
from ytxdata.metrics.registry import Ask
from ytxdata.pages.collection import Collection
from ytxdata.pages.earlier_report import ReportRow, tells_of_them
from ytxdata.pages.report_files import write_files
from ytxdata.pages.small_groups import without_small_groups
from ytxdata.tables.address_book import AddressBook, Entry
from ytxdata.times import BEIJING

BOSS, STRANGER, ABROAD = "13900000001", "13900000099", "006598765432"
STAFF = [f"138{n:08d}" for n in range(30)]
START = datetime(2026, 1, 1, tzinfo=BEIJING)


def month(n: int) -> datetime:
    return datetime(2026, n, 1, tzinfo=BEIJING)


def asked(start: int, end: int, **more: Any) -> Ask:
    return Ask(start=month(start), end=month(end), **more)


def meeting(begin: datetime, minutes: int, creator: str, phones: list[str]) -> dict[str, Any]:
    end = begin + timedelta(minutes=minutes)
    times = {"starttime": told(begin), "endtime": told(end)}
    parties = [{"phone": phone, "jointime": told(begin), "leavetime": told(end)} for phone in phones]
    return {"meetingname": "", "creator": creator, **times, "parties": parties}


def synced(path: Path, records: list[dict[str, Any]]) -> Archive:
    archive = Archive(path)
    with that_may_be_lost():
        archive.sync(Told([{"meid": f"{n:029d}", **one} for n, one in enumerate(records)]))
    return archive


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Two people in January, six in February, many from March on; from March a stranger and somebody abroad convene."""
    records = [meeting(datetime(2026, 1, 14, 10, tzinfo=BEIJING), 37, BOSS, [BOSS, STAFF[0]])]
    records += [meeting(datetime(2026, 2, day, 10, tzinfo=BEIJING), 20, BOSS, STAFF[:6]) for day in (3, 10)]
    for n in (3, 4, 5):
        for day in range(2, 27, 2):
            crowd = STAFF[day % 5 :][:12]
            records += [meeting(datetime(2026, n, day, hour, tzinfo=BEIJING), 45, crowd[0], crowd) for hour in (10, 14)]
        records.append(meeting(datetime(2026, n, 5, 9, tzinfo=BEIJING), 62, STRANGER, [STRANGER, *STAFF[:9]]))
        records.append(meeting(datetime(2026, n, 6, 9, tzinfo=BEIJING), 53, ABROAD, [ABROAD, *STAFF[:9]]))
    return synced(tmp_path_factory.mktemp("small") / "m.archive", records)


@pytest.fixture(scope="module")
def book() -> AddressBook:
    """Of the sales department there was one number in February, and there are many from March on."""
    sales = {STAFF[n]: (Entry(f"s{n}", "sales", first=month(3).date()),) for n in range(20)}
    return AddressBook({f"+86{number}": lines for number, lines in {BOSS: (Entry("boss", "sales"),), **sales}.items()})


@pytest.fixture(scope="module")
def first(archive: Archive, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of four months, in which January is hidden, and others with it."""
    folder = tmp_path_factory.mktemp("first")
    write_files(without_small_groups(counted(archive, asked(1, 5)), 5), folder, ("csv",))
    return folder


@pytest.fixture(scope="module")
def of_may(archive: Archive) -> Collection:
    return counted(archive, asked(5, 6))


def figures(collected: Collection) -> dict[str, tuple[Any, Any]]:
    return {one.definition.key: (one.value, one.before) for one in collected.figures}


@pytest.mark.slow
@pytest.mark.by_chance(2)
@pytest.mark.parametrize(("start", "end", "by"), [(1, 2, "month"), (2, 3, "month"), (2, 3, "total"), (2, 4, "month")])
def test_totals_of_what_was_hidden_are_refused(archive: Archive, first: Path, start: int, end: int, by: Any) -> None:
    collected = counted(archive, asked(start, end, by=by))
    with pytest.raises(UsageError, match="would give them away"):
        without_small_groups(collected, 2, previous=first)


@pytest.mark.slow
def test_a_report_of_all_that_was_hidden_or_of_none_is_not(archive: Archive, first: Path, of_may: Collection) -> None:
    hidden = _blank_periods(first)
    assert "2026-01" in hidden
    assert len(hidden) > 1
    whole = without_small_groups(counted(archive, asked(1, 6)), 5, previous=first)
    assert {row["period"] for row in whole.reports["usage"].arrow.to_pylist() if row["meetings"] is None} >= hidden
    later = without_small_groups(of_may, 5, previous=first)
    assert figures(later)["meetings"][0] == 28


@pytest.mark.slow
def test_the_period_before_is_not_told_where_a_report_of_it_hid_something(of_may: Collection, first: Path) -> None:
    assert "2026-04" in _blank_periods(first)
    assert figures(without_small_groups(of_may, 5))["meetings"] == (28, 28)
    assert {was for _, was in figures(without_small_groups(of_may, 5, previous=first)).values()} == {None}


def _blank_periods(folder: Path) -> set[str]:
    lines = (folder / "usage.csv").read_text("utf-8-sig").splitlines()[1:]
    cells = [line.split(",") for line in lines]
    return {row[0].strip('"') for row in cells if row[1] == '""'}


@pytest.mark.slow
def test_one_group_alone_is_its_row(archive: Archive, book: AddressBook, tmp_path: Path) -> None:
    whole = asked(3, 5, by="total", group="department", book=book)
    write_files(without_small_groups(counted(archive, whole), 5), tmp_path, ("csv",))
    alone = asked(3, 5, by="total", book=book, only={"department": ("sales",)})
    with pytest.raises(UsageError, match="what is left"):
        without_small_groups(counted(archive, alone), 5, previous=tmp_path)


@pytest.mark.slow
def test_the_department_of_the_period_before_is_judged_by_its_own_members(archive: Archive, book: AddressBook) -> None:
    only = {"department": ("sales",)}
    with pytest.raises(UsageError, match="fewer than 5 numbers of sales"):
        without_small_groups(counted(archive, asked(2, 3, book=book, only=only)), 5)
    march = counted(archive, asked(3, 4, book=book, only=only))
    assert figures(march)["meetings"] == (26, 2)
    assert {was for _, was in figures(without_small_groups(march, 5)).values()} == {None}


@pytest.mark.slow
@pytest.mark.parametrize("only", [{"department": ("not in the book",)}, {"number_class": ("international",)}])
def test_meetings_that_few_convened_are_not_to_be_chosen(archive: Archive, book: AddressBook, only: Any) -> None:
    with pytest.raises(UsageError, match="fewer than 5 people convened"):
        without_small_groups(counted(archive, asked(3, 5, book=book, only=only)), 5)


@pytest.mark.slow
def test_a_class_of_numbers_that_few_convene_from_is_small(archive: Archive) -> None:
    whole = asked(3, 6, by="total", group="number_class")
    usage = without_small_groups(counted(archive, whole), 5).reports["usage"].arrow.to_pylist()
    assert {row["group"]: row["meetings"] for row in usage}["international"] is None


@pytest.mark.slow
@pytest.mark.usefixtures("drawn_once")
def test_no_instant_of_a_hidden_meeting_stands_in_any_file(
    archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for edges in ([], ["--from", "2026-01", "--to", "2026-06"]):
        out = tmp_path / f"out{len(edges)}"
        command = ["report", "--archive", str(archive.path), *edges, "--min-group", "5", "--format", "csv,html"]
        assert run(*command, "--lang", "en", "--out", str(out), "--json") == 0
        told = [capsys.readouterr().out, *(path.read_text("utf-8-sig") for path in out.iterdir())]
        assert len(told) > 8
        for text in told:
            for instant in ("01-14 10:00", "01-14T10:00", "01-14T02:00", "01-14 10:37", "01-14T10:37", "01-14T02:37"):
                assert instant not in text


@pytest.mark.slow
def test_a_fleet_says_in_the_terminal_what_its_files_say(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    synced(tmp_path / "one.archive", [meeting(datetime(2026, 3, 17, 16, tzinfo=BEIJING), 41, BOSS, STAFF[:2])])
    crowd = [meeting(month(3) + timedelta(days=n, hours=9), 45, STAFF[n], STAFF[n:]) for n in range(9)]
    synced(tmp_path / "two.archive", crowd)
    assert len(Fleet(tmp_path).names) == 2
    command = ["fleet", "report", str(tmp_path), "--from", "2026-03", "--to", "2026-04", "--min-group", "5"]
    for more in some(([], ["--json"]), 1):
        assert run(*command, "--lang", "en", "--out", str(tmp_path / f"out{len(more)}"), *more) == 0
        assert "03-17" not in "".join(capsys.readouterr())


@pytest.mark.slow
def test_one_account_of_a_fleet_is_its_row(tmp_path: Path) -> None:
    for name, n in (("small", 2), ("next", 6), ("large", 20)):
        crowd = [meeting(month(3) + timedelta(days=day, hours=9), 45, STAFF[n], STAFF[:n]) for day in range(n)]
        synced(tmp_path / f"{name}.archive", crowd)
    fleet = Fleet(tmp_path)
    whole = counted(fleet.same_people(), asked(3, 4, by="total", group="account"))
    sent = without_small_groups(whole, 5)
    write_files(sent, tmp_path / "sent", ("csv",))
    assert {row["group"]: row["meetings"] for row in sent.reports["usage"].arrow.to_pylist()}["next"] is None
    for source, group in ((fleet["next"], None), (fleet.where("next").same_people(), "account")):
        with pytest.raises(UsageError, match="or of other meetings or accounts"):
            without_small_groups(counted(source, asked(3, 4, by="total", group=group)), 5, previous=tmp_path / "sent")
    assert without_small_groups(whole, 5, previous=tmp_path / "sent").figures == sent.figures


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three accounts, of which one has two people; in March and in April."""
    folder = tmp_path_factory.mktemp("three")
    for name, first, n in (("small", 0, 2), ("north-15411112222", 2, 9), ("south", 11, 8)):
        crowd = STAFF[first : first + n]
        begins = [month(3) + timedelta(days=day, hours=9) for day in range(60)]
        synced(folder / f"{name}.archive", [meeting(one, 45, crowd[0], crowd) for one in begins])
    return folder


@pytest.mark.slow
def test_some_accounts_less_all_of_them_are_the_others(three: Path, tmp_path: Path) -> None:
    fleet = Fleet(three).same_people()
    both = fleet.where("north-15411112222", "south")
    of_all, of_both = (counted(one, asked(3, 4)) for one in (fleet, both))
    write_files(without_small_groups(of_all, 5), tmp_path / "all", ("csv",))
    write_files(without_small_groups(of_both, 5), tmp_path / "both", ("csv",))
    for later, previous in ((of_both, "all"), (of_all, "both")):
        with pytest.raises(UsageError, match="or of other meetings or accounts"):
            without_small_groups(later, 5, previous=tmp_path / previous)
    again = without_small_groups(of_both, 5, previous=tmp_path / "both")
    assert figures(again)["meetings"][0] == 62
    # the next month tells of this one what it was: only of the same accounts
    april = without_small_groups(counted(fleet, asked(4, 5)), 5, previous=tmp_path / "both")
    assert {was for _, was in figures(april).values()} == {None}
    assert figures(without_small_groups(counted(both, asked(4, 5)), 5, previous=tmp_path / "both"))["meetings"][1] == 62


@pytest.mark.slow
def test_all_departments_but_a_small_one_are_not_to_be_chosen(archive: Archive) -> None:
    lines = {STAFF[n]: (Entry(f"s{n}", "sales" if n < 10 else "board" if n < 12 else "works"),) for n in range(24)}
    book = AddressBook({f"+86{number}": one for number, one in lines.items()})
    asking = asked(3, 4, by="total", book=book, only={"department": ("sales", "works")})
    with pytest.raises(UsageError, match="or of all others"):
        without_small_groups(counted(archive, asking), 5)


@pytest.mark.slow
def test_a_part_of_a_row_and_the_whole_are_not_both_published(archive: Archive, tmp_path: Path) -> None:
    asking = (Ask(start=month(3), end=month(3) + timedelta(days=20)), asked(3, 4), asked(3, 4, by="day"))
    part, whole, by_day = (counted(archive, one) for one in asking)
    write_files(without_small_groups(part, 5), tmp_path / "part", ("csv",))
    write_files(without_small_groups(whole, 5), tmp_path / "whole", ("csv",))
    for later, previous in ((whole, "part"), (part, "whole"), (by_day, "part")):
        with pytest.raises(UsageError, match=rf"{previous}\) tells of the same time in other rows"):
            without_small_groups(later, 5, previous=tmp_path / previous)


@pytest.mark.slow
def test_every_earlier_report_counts(archive: Archive, first: Path, of_may: Collection, tmp_path: Path) -> None:
    later = without_small_groups(of_may, 5, previous=first)
    write_files(later, tmp_path, ("csv",))
    both = counted(archive, asked(2, 6))
    assert without_small_groups(both, 2, previous=tmp_path).figures
    with pytest.raises(UsageError, match="would give them away"):
        without_small_groups(both, 2, previous=[tmp_path, first])


@pytest.mark.slow
def test_a_group_within_a_chosen_department_has_the_numbers_of_both(archive: Archive) -> None:
    sites = ["here" if n == 4 else "there" for n in range(20)]
    lines = {f"+86{STAFF[n]}": (Entry(f"s{n}", "sales", cells={"site": site}),) for n, site in enumerate(sites)}
    book = AddressBook(lines, columns=("name", "department", "site"))
    asking = asked(3, 6, by="total", book=book, group="site", only={"department": ("sales",)})
    usage = without_small_groups(counted(archive, asking), 5).reports["usage"].arrow.to_pylist()
    assert {row["group"]: row["meetings"] for row in usage}["here"] is None


def test_what_says_something_of_hidden_rows() -> None:
    def row(start: int, end: int, group: str | None = None) -> ReportRow:
        return ReportRow((month(start).replace(tzinfo=None), month(end).replace(tzinfo=None)), group, ("", ""))

    def tells(start: int | None, end: int | None, before: list[ReportRow], *groups: str) -> bool:
        first, last = (None if edge is None else month(edge) for edge in (start, end))
        return tells_of_them(first, last, before, {(("", ""), group) for group in groups})

    both = [row(1, 2), row(2, 3)]
    assert not tells(1, 3, both)
    assert not tells(1, 12, both)
    assert not tells(None, None, both)
    assert not tells(3, 4, both)
    assert not tells(3, None, both)
    assert not tells(1, 3, [])
    assert tells(2, 3, both)
    assert tells(2, None, both)
    assert tells(None, 2, both)
    assert tells(2, 12, both)
    assert tells(1, 12, [*both, row(11, 12, "x")])
    assert tells(1, 12, [row(1, 3, "y"), row(1, 3, "x")], "x", "z")
    assert not tells(1, 12, [row(1, 3, "y"), row(1, 3, "x")], "x", "y")
    assert not tells(3, 12, [row(1, 3, "y"), row(1, 3, "x")])
    assert tells(1, 12, [ReportRow(None, None, ("", ""))])


SIZES = {"north": STAFF[:10], "south": STAFF[10:18], "board": STAFF[20:22]}


@pytest.fixture(scope="module")
def offices(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Three departments, of which one has two people; in April it alone convenes, and in May one of it sits alone."""

    def held(n: int, day: int, name: str, minutes: int) -> dict[str, Any]:
        crowd = [*SIZES[name], *STAFF[23:29]]
        return meeting(datetime(2026, n, day, 10, tzinfo=BEIJING), minutes, crowd[0], crowd)

    records = [held(n, 2 + day, name, 20 + day) for n in (1, 2, 3, 5) for day, name in enumerate([*SIZES, *SIZES])]
    records += [held(4, day, "board", 30) for day in (7, 8)]
    alone = meeting(datetime(2026, 5, 20, 9, tzinfo=BEIJING), 40, STAFF[20], STAFF[20:21])
    return synced(tmp_path_factory.mktemp("offices") / "m.archive", [*records, alone])


def by_department(start: int, end: int) -> Ask:
    lines = {f"+86{one}": (Entry(one, name),) for name, staff in SIZES.items() for one in staff}
    return asked(start, end, group="department", book=AddressBook(lines))


@pytest.fixture(scope="module")
def of_march(offices: Archive) -> Collection:
    return counted(offices, by_department(3, 4))


@pytest.fixture(scope="module")
def of_march_and_april(offices: Archive) -> Collection:
    return counted(offices, by_department(3, 5))


@pytest.mark.slow
def test_months_may_be_followed_by_their_quarter_and_hide_what_it_hides(
    offices: Archive, of_march: Collection, tmp_path: Path
) -> None:
    folders: list[str | Path] = []
    blank: set[tuple[str, str]] = set()
    for start, end in ((1, 2), (2, 3), (3, 4), (1, 4)):
        collected = of_march if start == 3 else counted(offices, by_department(start, end))
        done = without_small_groups(collected, 5, previous=folders)
        rows = done.reports["usage"].arrow.to_pylist()
        hidden = {(row["period"], row["group"]) for row in rows if row["meetings"] is None}
        # the groups of a month hide each other: some other one beside the board, in every month
        assert len({month for month, _ in hidden}) == end - start
        assert len(hidden) >= 2 * (end - start)
        assert len(rows) > len(hidden)
        if end - start > 1:
            assert hidden == blank
        blank |= hidden
        folders.append(tmp_path / f"{start}-{end}")
        write_files(done, folders[-1], ("csv",))


@pytest.mark.slow
def test_a_month_that_is_one_small_department_s_is_refused_alone_and_behind_its_neighbours(
    offices: Archive, of_march: Collection, of_march_and_april: Collection, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="the figures of one small group"):
        without_small_groups(counted(offices, by_department(4, 5)), 5)
    both = without_small_groups(of_march_and_april, 5).reports["usage"].arrow.to_pylist()
    assert len({row["period"] for row in both if row["meetings"] is None}) == 2, "another month hides it"
    write_files(without_small_groups(of_march, 5), tmp_path, ("csv",))
    with pytest.raises(UsageError, match="the figures of one small group"):
        without_small_groups(of_march_and_april, 5, previous=tmp_path)


@pytest.mark.slow
def test_a_figure_that_only_a_small_department_has_is_no_key_figure(offices: Archive) -> None:
    collected = counted(offices, by_department(5, 6))
    assert figures(collected)["lonely_minutes"][0] == pytest.approx(40.0)
    done = without_small_groups(collected, 5)
    assert figures(done)["lonely_minutes"][0] is None
    assert figures(done)["meetings"][0] == 7


@pytest.mark.slow
def test_what_was_told_hides_nothing_any_more(tmp_path: Path) -> None:
    def held(n: int, day: int, minutes: int, phones: list[str]) -> dict[str, Any]:
        return meeting(datetime(2026, n, day, 10, tzinfo=BEIJING), minutes, phones[0], phones)

    records = [held(1, 14 + i, 37, STAFF[:3]) for i in range(4)]
    records += [held(2, day, 20, STAFF[day : day + 6]) for day in range(2, 9)]
    records += [held(3, day, 20, STAFF[day : day + 9]) for day in range(2, 20)]
    archive, folders = synced(tmp_path / "m.archive", records), list[str | Path]()
    for n in (2, 3):
        folders.append(tmp_path / f"{n}")
        done = without_small_groups(counted(archive, asked(n, n + 1)), 5, previous=folders[:-1])
        assert (figures(done)["meetings"][1] is None) == (n == 2), "of three people nothing is told"
        write_files(done, folders[-1], ("csv",))
    # January is the quarter less two months that were sent: nobody is left to hide it
    with pytest.raises(UsageError, match="the figures of one small group"):
        without_small_groups(counted(archive, asked(1, 4)), 5, previous=folders)
    days = asked(3, 4, by="day")
    with pytest.raises(UsageError, match="in other rows"):
        without_small_groups(counted(archive, days), 5, previous=folders)


@pytest.mark.slow
def test_the_share_of_the_busiest_few_is_theirs(offices: Archive) -> None:
    collected = counted(offices, asked(1, 4))
    assert figures(collected)["concentration"][0]
    done = without_small_groups(collected, 5)
    assert figures(done)["concentration"] == (None, None)
    assert "concentration" not in done.reports
    assert figures(without_small_groups(collected, 1))["concentration"] == figures(collected)["concentration"]


@pytest.mark.slow
def test_a_month_that_a_page_compared_with_is_known_in_all(
    offices: Archive, of_march_and_april: Collection, tmp_path: Path
) -> None:
    """Of April, which is the board's alone, a report of May showed the whole: no other month hides it any more."""
    may = without_small_groups(counted(offices, asked(5, 6)), 1)
    assert figures(may)["meetings"][1] == 2
    write_files(may, tmp_path, ("csv",))
    with pytest.raises(UsageError, match="the figures of one small group"):
        without_small_groups(of_march_and_april, 5, previous=tmp_path)
