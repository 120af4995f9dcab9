"""What anybody wrote leaves masked wherever it is said: what was selected, the columns of a book, names of accounts."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.cli.verbs import run
from tests.metrics.test_around_period import Told
from tests.pages.test_earlier_reports import asked, meeting, synced
from ytxdata.archive import Archive
from ytxdata.files import that_may_be_lost
from ytxdata.fleet import Fleet
from ytxdata.pages import html_report
from ytxdata.pages.collection import collect
from ytxdata.pages.html_report import page
from ytxdata.pages.report_files import write_files
from ytxdata.tables.address_book import AddressBook
from ytxdata.tables.masking import Privacy, Pseudonyms
from ytxdata.times import BEIJING

NUMBER, LINE, END = "15412345678", "0755-88880000", "88880000"
TITLE, UNIT, HEAD = f"{NUMBER}发起的会议", f"总机{LINE}", f"值班{NUMBER}"
DAY = datetime(2026, 3, 3, 9, tzinfo=BEIJING)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Meetings called after numbers, those of a mobile and the end of a switchboard's."""
    called = (TITLE, f"{END}的会议")
    records = [
        {
            **meeting(DAY + timedelta(days=n), 30, (NUMBER, LINE)[n % 2], [NUMBER, "13900000001"]),
            "meetingname": called[n % 2],
        }
        for n in range(4)
    ]
    return synced(tmp_path_factory.mktemp("called") / f"王-{NUMBER}.archive", records)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> AddressBook:
    path = tmp_path_factory.mktemp("book") / "book.csv"
    path.write_text(f"phone,name,department,{HEAD}\n{NUMBER},王,{UNIT},白\n", encoding="utf-8")
    return AddressBook.read(path)


def told(folder: Path) -> set[str]:
    """Return which files hold a number, or the end of one."""
    found = set()
    for path in folder.rglob("*"):
        if path.is_file() and "archive" not in str(path.relative_to(folder)):
            parts = [path.read_bytes()]
            if path.suffix == ".xlsx":
                with ZipFile(path) as packed:
                    parts = [packed.read(name) for name in packed.namelist()]
            if any(one.encode() in part for one in (NUMBER, END) for part in parts):
                found.add(path.name)
    return found


@pytest.mark.slow
@pytest.mark.usefixtures("drawn_once")
@pytest.mark.parametrize(("only", "group"), [({"name": TITLE}, HEAD), ({"department": (UNIT,)}, "name")])
def test_what_was_selected_and_what_groups_are_called_is_masked_in_every_file(
    archive: Archive, book: AddressBook, tmp_path: Path, only: dict[str, str], group: str
) -> None:
    collected = collect(archive, asked(3, 4, only=only, group=group, book=book))
    write_files(collected, tmp_path, ("csv", "html", "excel"), lang="both")
    assert told(tmp_path) == set()
    assert "only these meetings: " in (tmp_path / "report.html").read_text("utf-8")


@pytest.mark.slow
def test_the_head_of_a_query_is_masked(archive: Archive, book: AddressBook, tmp_path: Path) -> None:
    answer = archive.sql(f'select *, "{HEAD}" as "{NUMBER}", 1 as "{NUMBER[:3]}-{NUMBER[3:]}" from book', book=book)
    answer.to_csv(tmp_path / "book.csv")
    assert told(tmp_path) == set()
    assert (tmp_path / "book.csv").read_text("utf-8-sig").splitlines()[0].endswith('"154****5678","154****5678 (2)"')
    assert "值班154****5678" in (tmp_path / "book.about.json").read_text("utf-8")
    assert HEAD in answer.frame.column_names
    assert HEAD in answer.masked(show_phones=True).arrow.column_names


@pytest.mark.slow
@pytest.mark.usefixtures("drawn_once")
def test_an_account_that_is_called_after_a_number_is_masked_in_what_is_claimed_of_it(
    archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(archive.path).parent
    collected = collect(Fleet(folder), asked(3, 4))
    write_files(collected, tmp_path / "page", ("html", "excel"), lang="en")
    for out, more in (("csv", ()), ("one", ("--group", "account", "--report", "usage"))):
        command = ["fleet", "report", str(folder), "--from", "2026-03", "--to", "2026-04", "--json", *more]
        assert run(*command, "--out", str(tmp_path / out)) == 0
    assert told(tmp_path) == set()
    assert NUMBER not in capsys.readouterr().out
    assert "王-154****5678: " in (tmp_path / "page/report.html").read_text("utf-8")
    monkeypatch.setattr(html_report, "SIZES", ())
    assert "王-154****5678" in page(collected, lang="zh")


@pytest.mark.slow
def test_reports_of_a_fleet_share_the_ends_of_their_numbers(archive: Archive, tmp_path: Path) -> None:
    command = ["fleet", "report", str(Path(archive.path).parent), "--group", "name", "--out", str(tmp_path)]
    assert run(*command, "--report", "usage", "--report", "creators") == 0
    assert (tmp_path / "creators.csv").is_file()
    assert told(tmp_path) == set()


@pytest.mark.slow
def test_reports_of_two_months_hide_the_same_numbers_and_names(tmp_path: Path) -> None:
    """Side by side, a title of February told what the mask of January hides, and a state whose pseudonym that is."""
    records = [
        meeting(DAY - timedelta(days=59), 30, LINE, ["13900000001"]),
        {**meeting(DAY, 30, "13900000002", ["13900000001"]), "meetingname": f"{END}的会议"},
    ]
    records[0]["parties"][0] |= {"name": "尹慧伟", "state": "尹慧伟 挂断"}
    records[1]["parties"][0] |= {"state": "尹慧伟 挂断"}
    archive = synced(tmp_path / "m.archive", records)
    for month in (1, 3):
        out, pseudonyms = tmp_path / f"{month}", Privacy(pseudonyms=Pseudonyms(b"0123456789abcdef"))
        collected = collect(archive, asked(month, month + 1))
        write_files(collected, out / "masked", ("csv",))
        write_files(collected, out / "named", ("csv",), privacy=pseudonyms)
        assert told(out) == set()
        assert not [path.name for path in (out / "named").glob("*.csv") if "尹慧伟" in path.read_text("utf-8-sig")]
    # the name of before, too, when the platform tells another one
    records[0]["parties"][0] |= {"name": "尹慧伟（市场部）"}
    with that_may_be_lost():
        archive.sync(Told([{"meid": f"{n:029d}", **one} for n, one in enumerate(records)]))
    write_files(collect(archive, asked(1, 2)), tmp_path / "renamed", ("csv",), privacy=pseudonyms)
    assert not [path.name for path in (tmp_path / "renamed").glob("*.csv") if "尹慧伟" in path.read_text("utf-8-sig")]
