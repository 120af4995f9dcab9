"""The house is small enough to be known: few files, none of them long, no name that stands for two things."""

from __future__ import annotations

import ast
import os
import re
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "ytxdata"
MODULES = sorted(PACKAGE.rglob("*.py"))

MOST_FILES = 227
"""Mirrors brought two: where files stand (`archive/stores`), and what goes there in which order (`archive/mirror`); and
periods one: what a report about a month reads of ten years (`archive/around_period`). Encodings stand by themselves again:
with them, an answer was longer than one reads at a sitting. Sums over accounts brought three, each out of a file
that was full: lazy views of many archives (`archive/scans`), how accounts stand and are read (`fleet/standing`), and
what an id stands for (`metrics/ids`). Months that are not counted twice are two: the law (`metrics/months`), which
no file that counts may lean on, and where they are kept (`archive/kept_months`). What an earlier report hid is one
more (`pages/earlier_report`): the rules of one report were full; and which cells hide each other
(`tables/suppression`) is a question of its own beside how a number is masked. What people do to a sheet
(`spreadsheets`) is known in one place to bills, books and witnesses; and which meeting a line of a witness is
(`history/proof/witness_check`) is pure, beside how an archive keeps the list. What one record says of its meeting in
several places (`records/repeated_values`) is asked by tables and by changes; what looks like parties and is none is told
(`records/unread_parties`), where the file beside it reads what they are; and what may tell of meetings where nothing is a
record (`records/unrecognised`) is asked when all that finds records is through. What a verification says
(`archive/verification`) is not how it looks, which was full; and what files tell of their own rows
(`archive/footers`) is a question beside whether these follow from the records. Which state counts where heads or
files are lacking (`archive/repair`) is decided before anything is derived (`archive/rebuild`). What a value is that
stands elsewhere than in its column (`tables/value_units`) is asked by who masks and by who describes. What a record
gets from those told beside it (`records/merge_records`) is asked by what merges answers, which was full, and by an archive.
What beside or in an object is the meeting's own (`records/siblings`) is asked by who finds records and by who reads
them, and all of these were full. What stands beside a list and only describes it (`records/list_metadata`) is not what may
be a record (`records/unrecognised`); and which key feeds a column (`records/aliases`) is a rule, where the columns
themselves are data (`records/schema`). What a list says of itself (`list_totals`) is asked by bills, witnesses and
shares, beside what people do to a sheet; the cells of a witness by the names of its columns (`history/list_cells`)
are known before its lines are (`history/witness_lists`), and a bill's columns are the same; and which line is about
which record (`audit/pairing`) is pure, beside how both are put into tables (`audit/matching`). What an archive
claims (`archive/claims`) follows from answers and rules, its rows (`archive/recompute`) from records. What a limit
by category may hide (`history/proof/categories`) is asked by who asks, who judges and who takes back, and `verdict`
was full. What is noted while records are searched, and told as warnings, was in two files (`records/answer_notes`); what
an answer says it could not give (`records/reported_losses`) is not how many there are (`records/paging`), which was full;
and whose name a party has (`records/party_names`) is a question of its own beside who they are (`records/parties`),
which was full, and beside when one came (`records/party_times`). How a character is written in code
(`written_in_code`) is read before any number is looked for (`numbers_in_text`), which was full; both are asked by
what warns of an answer, too. What is packed in a file (`packed`) knows nothing of what is safe on a disk (`files`),
and both were one file too long. What is counted in memory, and on what (`metrics/in_memory`), is asked before there
is any source (`metrics/source`), which was full. By what rule an invoice was made (`audit/invoice_rule`) is asked
of arrays, beside
what its lines say (`audit/invoice`), which was full. By which rule a list says how long its lines were
(`history/proof/line_lengths`) is asked of the whole list, beside which meeting each line is; and what a list comes to
(`history/proof/witness_result`) stands beside what it says, which was full. From where to where each account is known
(`metrics/known_spans`) is asked by every report that goes by time, by what compares two periods, and by the page. A
report of a fleet (`cli/fleet_report`) has more to decide than its other verbs (`cli/fleet`), and both were one full
file. Which meeting each line of a list is (`history/proof/match_lines`) is asked before what the list comes to
(`history/proof/witness_check`), and both were one file too long. How a workbook is taken apart (`workbooks`) is safe or not,
beside what people do to a sheet (`spreadsheets`), which was full. How answers go through the rules once more
(`archive/replay`) is asked by who compares what is claimed (`archive/claims`) and by who takes in what lost its head
(`archive/repair`). What could not be taken in (`archive/kept_answers`)
is asked by who syncs and by who verifies, and `sync` and `write_sync` were full. What a head may say
(`archive/head_shape`) is one door for all that read its words, and `heads` was full. What a list of amounts is for
(`metrics/invoiced`) is asked before it is shared (`metrics/cost`), and both were
one full file; which of them are sums of others (`metrics/own_totals`) is reckoning, beside what totals are called
(`list_totals`), which was full. Whose words stand in a pack (`audit/pack_words`) is held against this package's own.
Which records of a list may be more than one (`records/odd_records`) is asked of every record, beside what stands
inside of one (`records/nested`), which was full. What an archive shows of heads that were published
(`audit/published_heads`) is another subject than what makes anchors. What a report may tell of time
(`pages/without_instants`) is asked beside whose figures it hides (`pages/small_groups`), which was full. Whether a stored
file is what was written (`archive/whole_files`) is asked by every reader, beside how files are written
(`archive/stored_files`), which was full. What DuckDB may take, and where it spills (`archive/connections`),
is asked by whoever reads, beside what the views are (`archive/views`), which was full. What of a list is money
(`history/list_amounts`) is asked by bills, shares and witnesses; the cells of a list (`history/list_cells`) and how
its lines are read (`tables/lists`) were both full.
"""


LONGEST_FILE = 450
LONGEST_LINE = 120

WHOLE = {"verifier.py": 999}
"""What may be longer: a pack holds its verifier as one file, which nothing is beside."""

NAMED_AFTER_ANOTHER = ("cli", "plots")
"""Folders where a file bears the name of what it opens or draws: a verb of the command line, the report in a picture."""


def test_the_house_has_few_files() -> None:
    assert len(MODULES) <= MOST_FILES


def test_no_file_is_longer_than_one_reads_at_a_sitting() -> None:
    long = {
        str(path): n
        for path in MODULES
        if (n := len(path.read_text(encoding="utf-8").splitlines())) > WHOLE.get(path.name, LONGEST_FILE)
    }
    assert not long


def test_a_file_name_leads_to_one_file() -> None:
    places = defaultdict(list)
    for path in MODULES:
        if path.parent.name not in NAMED_AFTER_ANOTHER and not path.stem.startswith("__"):
            places[path.stem].append(path.relative_to(PACKAGE).as_posix())
    shared = {name: where for name, where in places.items() if len(where) > 1}
    assert not shared


@pytest.mark.slow
def test_a_class_name_means_one_thing() -> None:
    places = defaultdict(list)
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(path.relative_to(PACKAGE).as_posix())
    shared = {name: where for name, where in places.items() if len(where) > 1}
    assert not shared


@pytest.mark.slow
def test_lines_are_short_but_in_tables_of_data() -> None:
    """A line may be long where it is nothing but one text for people, or where a table is kept out of the formatter."""
    long = [
        f"{path.relative_to(ROOT)}:{number}"
        for folder in ("ytxdata", "tests", "benchmarks", "scripts")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for number, line in _long_lines(path)
        if not re.fullmatch(r"""\s*(?:\w+=)?[frb]*(["']).*\1[,)]*""", line)
    ]
    assert not long


def _long_lines(path: Path) -> list[tuple[int, str]]:
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    told = [_SUPPRESSED.sub("", line) for line in lines]
    long = [(n, line) for n, line in enumerate(told, 1) if len(line) > LONGEST_LINE]
    if not long:
        return []
    tables = {
        number
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.stmt | ast.Call)
        and node.end_lineno
        and lines[node.end_lineno - 1].endswith("# fmt: skip")
        for number in range(node.lineno, node.end_lineno + 1)
    }
    return [(n, line) for n, line in long if n not in tables]


_SUPPRESSED = re.compile(r"  # (?:type: ignore|noqa).*")
"""What a checker is told stands on the line it is about, however long that is."""


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="one process runs all tests of all files")
def test_the_tests_of_a_file_share_a_process(request: pytest.FixtureRequest) -> None:
    """Without it each process makes what a file's tests share for itself, and starts a Spark of its own."""
    assert request.node.nodeid.endswith("@tests/contracts/test_house.py")
