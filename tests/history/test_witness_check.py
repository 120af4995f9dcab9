"""A list is matched one to one, believed only where it adds up, and no lie but one that fits is."""

from __future__ import annotations

import itertools
import json
import random
import time
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.history.bills import END, START, at, held, line, witness
from tests.history.simulator_account import DAY, Account, Knobs, Meeting, instant
from ytxdata.history.proof.certificate import Certificate, Period
from ytxdata.history.proof.line_lengths import Lengths
from ytxdata.history.proof.match_lines import Archived
from ytxdata.history.proof.witness import MOST_NAMED, Aside, Totals, Witness, WitnessLine
from ytxdata.history.proof.witness_check import hear, with_witnesses
from ytxdata.history.proof.witness_result import Hearing

MINUTE = timedelta(minutes=1)
ACCESS = "+861012345678"


def test_a_list_whose_every_line_is_found_and_whose_total_adds_up_proves_its_period() -> None:
    said = hear(witness([line(i) for i in range(20)]), held(20))
    assert (said.finding, said.n_found, said.n_only_in_archive) == ("witnessed", 20, 0)
    certificate = with_witnesses(Certificate(), [said], END)
    assert [(one.verdict, one.start, one.end, one.pull_ids) for one in certificate.periods] == [
        ("PROVEN", START, END, ("bill",))
    ]


@pytest.mark.parametrize(
    ("name", "lines", "totals", "more", "finding"),
    [
        ("a line the archive lacks", [line(i) for i in range(21)], None, {}, "lines_missing"),
        ("a line twice", [*(line(i) for i in range(20)), line(3, line=99)], None, {}, "lines_missing"),
        ("a meeting left out", [line(i) for i in range(19)], None, {}, "incomplete"),
        ("a meeting left out that is counted", [line(i) for i in range(19)], Totals(lines=20), {}, "total_differs"),
        ("seconds that do not add up", [line(i) for i in range(20)], Totals(20, 20 * 1800 + 1), {}, "total_differs"),
        ("yuan that do not add up", [line(i) for i in range(20)], Totals(yuan=Decimal("30.01")), {}, "total_differs"),
        ("no total of its own", [line(i) for i in range(20)], Totals(), {}, "no_total"),
        (
            "a line that cannot be read",
            [line(i) for i in range(20)],
            None,
            {"aside": (Aside(line(20), "no_id"),)},
            "unread",
        ),
        ("one class of numbers", [line(i) for i in range(20)], None, {"number_class": "mobile"}, "part"),
        ("another account", [line(i + 100) for i in range(20)], None, {}, "foreign"),
        ("nothing", [], Totals(lines=0), {}, "empty"),
    ],
)
def test_a_list_proves_nothing_with(
    name: str, lines: list[WitnessLine], totals: Totals | None, more: dict[str, object], finding: str
) -> None:
    said = hear(witness(lines, totals, **more), held(20))
    assert said.finding == finding, name
    assert "PROVEN" not in [one.verdict for one in with_witnesses(Certificate(), [said], END).periods]
    assert said.text.zh != said.text.en


@pytest.mark.parametrize(
    "totals", [Totals(lines=20), Totals(seconds=36_000), Totals(yuan=Decimal(30)), Totals(20, 36_000, Decimal("30.0"))]
)
def test_any_total_of_its_own_will_do(totals: Totals) -> None:
    assert hear(witness([line(i) for i in range(20)], totals), held(20)).finding == "witnessed"


def test_a_line_that_is_not_here_is_a_gap_with_its_number_and_takes_no_more_than_its_time() -> None:
    proven = Certificate.of([Period(START, END, "anchored", ("p",))])
    said = hear(witness([line(i) for i in range(21)]), held(20))
    assert [(one.line, one.meeting_id) for one in said.only_in_witness] == [(22, "m20")]
    gaps = [one for one in with_witnesses(proven, [said], END).periods if one.verdict == "GAP"]
    assert [(one.start, one.end, one.reason_key) for one in gaps] == [(at(20), at(20.5), "only_in_witness")]


def test_a_list_of_another_account_makes_no_gap() -> None:
    proven = Certificate.of([Period(START, END, "anchored", ("p",))])
    said = hear(witness([line(i + 100) for i in range(20)]), held(20))
    assert with_witnesses(proven, [said], END) == proven


@pytest.mark.slow
def test_many_lines_that_are_not_here_are_named_up_to_a_number_and_all_are_gaps() -> None:
    lines = [line(i) for i in range(3 * MOST_NAMED)]
    said = hear(witness(lines), held(2 * MOST_NAMED - 1))
    assert said.n_only_in_witness == MOST_NAMED + 1
    assert len(said.only_in_witness) == MOST_NAMED + 1
    gaps = [one for one in with_witnesses(Certificate(), [said], END).periods if one.reason_key == "only_in_witness"]
    assert gaps[-1].end == lines[-1].ended_at


@pytest.mark.parametrize(("shift", "found"), [(0, 20), (2, 20), (-2, 20), (2.1, 0), (-2.1, 0)])
def test_without_an_id_a_line_is_found_by_its_number_and_instant_within_two_minutes(shift: float, found: int) -> None:
    lines = [line(i, meeting_id=None, started_at=at(i) + shift * MINUTE) for i in range(20)]
    assert hear(witness(lines), held(20)).n_found == found


def test_an_id_that_is_used_again_is_another_meeting() -> None:
    weekly = [Archived("a", "room", at(0)), Archived("b", "room", at(168))]
    lines = [
        WitnessLine(2, "room", None, at(0)),
        WitnessLine(3, "room", None, at(168)),
        WitnessLine(4, "room", None, at(336)),
    ]
    said = hear(witness(lines), weekly)
    assert [(one.line, one.start) for one in said.only_in_witness] == [(4, at(336))]


def test_two_parties_of_one_meeting_are_not_each_other_and_a_rejoin_is_another_connection() -> None:
    legs = [Archived("1", "m", at(0), "+861"), Archived("2", "m", at(0), "+862"), Archived("3", "m", at(0.01), "+861")]

    def calls(*numbers: str) -> Witness:
        return witness([WitnessLine(n, "m", number, at(0)) for n, number in enumerate(numbers)], kind="cdr")

    assert hear(calls("+861", "+862", "+861"), legs).finding == "witnessed"
    assert hear(calls("+861", "+862", "+862"), legs).finding == "lines_missing"


def test_who_was_never_connected_need_not_be_on_a_list() -> None:
    silent = [*held(20), Archived("s", "silent", at(3), is_silent=True)]
    assert hear(witness([line(i) for i in range(20)]), silent).finding == "witnessed"


def test_what_only_the_archive_holds_is_told_by_id_where_it_began_in_the_period() -> None:
    beside = [Archived("x", "before", START - MINUTE), Archived("y", "after", END), *held(21)]
    said = hear(witness([line(i) for i in range(20)]), beside)
    assert (said.only_in_archive, said.n_only_in_archive) == (("m20",), 1)


def test_a_testimony_survives_json_unchanged() -> None:
    for n in (20, 21):
        said = hear(witness([line(i) for i in range(n)]), held(20))
        assert Hearing.from_dict(json.loads(json.dumps(said.to_dict()))) == said


def test_a_list_proves_nothing_of_what_has_not_settled() -> None:
    said = hear(witness([line(i) for i in range(20)]), held(20))
    settled = at(48)
    cut = with_witnesses(
        Certificate.of([Period(START, at(30), "full"), Period(at(30), at(72), "settling")]), [said], settled
    )
    assert [(one.reason_key, one.start, one.end) for one in cut.periods] == [
        ("witnessed", START, settled),
        ("settling", settled, at(72)),
    ]
    assert cut.over(START, END).worst == "GAP"
    assert with_witnesses(Certificate(), [said], START) == Certificate()


@pytest.mark.parametrize(
    ("given_at", "until"),
    [(END, None), (at(10_000), None), (at(60), at(36)), (at(1), START), (None, at(19.5))],
)
def test_a_list_proves_nothing_of_what_came_after_it_was_handed_in(
    given_at: datetime | None, until: datetime | None
) -> None:
    """Who was connected when it was made need not be on it; of one that was kept without its day the last line tells."""
    said = hear(witness([line(i) for i in range(20)], given_at=given_at), held(20))
    assert (said.finding, said.until) == ("witnessed", until)
    assert Hearing.from_dict(json.loads(json.dumps(said.to_dict()))) == said
    proven = [(one.start, one.end) for one in with_witnesses(Certificate(), [said], END).periods]
    assert proven == ([(START, until or END)] if until != START else [])


def test_a_witness_that_is_taken_back_leaves_what_there_was() -> None:
    before = Certificate.of([Period(at(10), at(30), "full"), Period(at(30), at(54), "settling")])
    said = hear(witness([line(i) for i in range(20)]), held(20))
    heard = with_witnesses(before, [said], END)
    assert heard.worst == "PROVEN"
    assert with_witnesses(before, [], END) == before


@pytest.mark.slow
@given(
    n=st.integers(1, 60),
    left_out=st.sets(st.integers(0, 59), max_size=4),
    doubled=st.sets(st.integers(0, 59), max_size=3),
    lost=st.sets(st.integers(0, 59), max_size=4),
    counts_what_it_shows=st.booleans(),
    has_ids=st.booleans(),
)
def test_no_lie_but_one_that_fits_what_the_archive_lost_is_believed(
    n: int, left_out: set[int], doubled: set[int], lost: set[int], *, counts_what_it_shows: bool, has_ids: bool
) -> None:
    told = [i for i in range(n) if i not in left_out]
    lines = [line(i, meeting_id=f"m{i}" if has_ids else None) for i in told]
    lines += [replace(line(i), line=1000 + i) for i in doubled if i in told]
    totals = Totals(lines=len(lines) if counts_what_it_shows else n)
    archive = [one for i, one in enumerate(held(n)) if i not in lost]
    said = hear(witness(lines, totals), archive)
    missing = {i for i in lost if i < n}
    if said.finding == "witnessed":
        assert missing <= left_out
    elif not missing and not left_out and not doubled:
        pytest.fail(said.finding)


# ---- the truth of the simulator's accounts


@pytest.mark.parametrize("seed", range(40))
def test_no_list_of_a_lived_month_proves_what_was_lost_unless_it_leaves_out_the_same(seed: int) -> None:
    rng = random.Random(seed)
    account = Account(Knobs(reuses_ids=rng.choice((0, 0.2)), same_second=rng.choice((0, 0.5))), rng)
    account.live(30 * DAY, rng.choice((1, 5, 20)))

    def key(one: Meeting) -> tuple[str, float]:
        return one.id, one.start

    lost = {key(one) for one in account.meetings if rng.random() < rng.choice((0, 0.02, 0.3))}
    left_out = {key(one) for one in account.meetings if rng.random() < rng.choice((0, 0, 0.05))}
    lines = [
        WitnessLine(
            n, rng.choice((one.id, one.id, None)), f"+86{one.creator}", instant(one.start + rng.uniform(-60, 60))
        )
        for n, one in enumerate(account.meetings)
        if key(one) not in left_out
    ]
    archive = [
        Archived(str(n), one.id, instant(one.start), f"+86{one.creator}")
        for n, one in enumerate(account.meetings)
        if key(one) not in lost
    ]
    total = len(lines) if rng.random() < 0.7 else len(account.meetings)
    month = Witness("l", "console", "", instant(0), instant(30 * DAY), tuple(lines), Totals(lines=total))
    said = hear(month, archive)
    if said.finding == "witnessed":
        assert lost <= left_out
    gaps = [one for one in with_witnesses(Certificate(), [said], END).periods if one.verdict == "GAP"]
    if said.finding == "lines_missing":
        told = [one for one in account.meetings if key(one) in lost - left_out]
        assert len(told) == said.n_only_in_witness
        assert gaps


# ---- who withheld a number


@pytest.mark.parametrize("number", [None, ACCESS])
@pytest.mark.parametrize("meeting_id", ["requested", "room"])
def test_a_line_without_a_number_is_not_missing_where_its_connection_is_here_and_proves_by_its_very_call_alone(
    number: str | None, meeting_id: str
) -> None:
    """A month of call records with one anonymous party was a gap."""
    hidden = Archived("h", "room", at(50), None, lengths=Lengths(600, (600,)))
    anonymous = WitnessLine(90, meeting_id, number, at(50), duration_s=600)

    def found(one: WitnessLine, *more: Archived) -> Hearing:
        return hear(connections(one), [*SEEN, *more], nobodys=[ACCESS])

    said = found(anonymous, hidden)
    assert (said.finding, said.only_in_witness) == ("witnessed", ())
    for near in (replace(hidden, started_at=at(50) + timedelta(seconds=3)), replace(hidden, lengths=Lengths())):
        said = found(anonymous, near)
        assert (said.finding, said.only_in_witness) == (
            "witnessed" if (number, meeting_id) == (None, "room") else "undated",
            (),
        )
        assert (said.finding == "witnessed") or with_witnesses(Certificate(), [said], END).worst != "PROVEN"
    shown = replace(hidden, number="+8613800000002")
    assert found(anonymous, shown).finding == "undated", "as long at that instant"
    for other in (replace(hidden, started_at=at(51)), replace(shown, lengths=Lengths(900, (900,)))):
        assert found(anonymous, other).finding == "lines_missing"
    assert found(anonymous).finding == "lines_missing"
    assert found(replace(anonymous, number="+8613800000003"), hidden).finding == "lines_missing", "it says whose it is"
    twice = hear(connections(anonymous, replace(anonymous, line=91)), [*SEEN, hidden], nobodys=[ACCESS])
    assert twice.n_only_in_witness == 1, "one connection answers for one line"


# ---- who never came


ALICE = "+8613800000001"
SEEN = [Archived(f"k{i}", f"m{i}", at(24 * i), ALICE) for i in range(20)]


def connections(*more: WitnessLine, counted: int | None = None, **of_each: object) -> Witness:
    """Every connection that is seen, one a day, and some more."""
    lines = [WitnessLine(i, f"m{i}", ALICE, at(24 * i), duration_s=1800) for i in range(20)]
    lines = [replace(one, **of_each) for one in lines]  # type: ignore[arg-type]
    return witness([*lines, *more], Totals(lines=counted or 20 + len(more)), kind="cdr")


@pytest.mark.parametrize("hours", [0.02, 6, 11])
@pytest.mark.parametrize("charged", [{"duration_s": 3600}, {"amount_yuan": Decimal("0.30")}, {"ended_at": at(99)}])
@pytest.mark.parametrize("is_joined", [False, True])
def test_a_party_that_never_joined_is_nothing_that_a_bill_charges_for(
    hours: float, charged: dict[str, object], *, is_joined: bool
) -> None:
    """In the morning somebody else waits alone in the room; in the afternoon both meet there, and nobody lists it."""
    waits = Archived("w", "room", at(50) if is_joined else None, ALICE, True, at(50))
    afternoon = replace(WitnessLine(90, "room", ALICE, at(50 + hours)), **charged)  # type: ignore[arg-type]
    said = hear(connections(afternoon), [*SEEN, waits])
    assert said.finding == ("undated" if is_joined and hours < 1 else "lines_missing")
    assert with_witnesses(Certificate(), [said], END).worst != "PROVEN"


def test_a_line_without_an_instant_that_charges_for_who_never_joined_proves_nothing() -> None:
    waits = Archived("w", "room", None, ALICE, True, at(50))
    for day in (at(50).date(), None):
        lines = [WitnessLine(90, "room", ALICE, day=day, **charged) for charged in ({"duration_s": 60}, {})]  # type: ignore[arg-type]
        assert [hear(connections(one), [*SEEN, waits]).finding for one in lines] == ["undated", "no_total"]
        another = Archived("v", "room", None, "+8613800000002", True, at(50))
        assert hear(connections(lines[1]), [*SEEN, waits, another]).finding == "undated", "it leaves out who never came"
        nobody = [replace(lines[1], duration_s=0)]
        bill = connections(*nobody)
        assert hear(bill, [*SEEN, waits, another]).finding == "no_total"
        summed = replace(bill, totals=Totals(lines=21, seconds=36_000))
        assert hear(summed, [*SEEN, waits, another]).finding == "witnessed"


def test_a_line_of_who_never_joined_makes_up_for_no_connection_that_is_nowhere() -> None:
    """The carrier counted 21 connections; the file lacks one, and names somebody who was never connected."""
    waits = Archived("w", "m3", None, "+8613800000002", True, at(72))
    nobody = WitnessLine(90, "m3", "+8613800000002", duration_s=0)
    for bill in (connections(nobody), replace(connections(nobody), totals=Totals(), given=Totals(lines=21))):
        said = hear(bill, [*SEEN, waits])
        assert (said.finding, said.only_in_witness) == ("no_total", ())
    assert hear(connections(), [*SEEN, waits]).finding == "witnessed", "only who was connected is listed"


def test_a_minute_that_is_charged_for_a_second_is_that_second() -> None:
    at_once = Archived("w", "room", at(50), ALICE, is_silent=True)
    for seconds, finding in ((60, "witnessed"), (61, "undated"), (None, "witnessed")):
        line = WitnessLine(90, "room", ALICE, at(50.01), duration_s=seconds)
        assert hear(connections(line), [*SEEN, at_once]).finding == finding


@pytest.mark.parametrize("id_", ["other", None])
@pytest.mark.parametrize("seconds", [1, 3600])
def test_a_first_try_that_failed_is_not_the_second_under_another_id(id_: str | None, seconds: int) -> None:
    failed = Archived("w", "first", at(50), ALICE, is_silent=True)
    real = Archived("r", "other", at(50.02), ALICE)
    line = WitnessLine(90, id_, ALICE, at(50.02), duration_s=seconds)
    assert hear(connections(line), [*SEEN, failed]).finding == "lines_missing"
    assert hear(connections(line), [*SEEN, failed, real]).finding == "witnessed"


@pytest.mark.parametrize(
    ("hours", "finding"), [(0.2, "witnessed"), (1.03, "witnessed"), (3, "undated"), (-3, "undated")]
)
def test_where_nobody_says_when_anybody_joined_a_line_is_of_the_meeting_that_ran_then(
    hours: float, finding: str
) -> None:
    legs = [Archived(f"k{i}", f"m{i}", None, ALICE, None, at(24 * i), at(24 * i + 1)) for i in range(21)]
    late = WitnessLine(90, "m20", ALICE, at(24 * 20 + hours), duration_s=600)
    assert hear(connections(late), legs).finding == finding
    assert hear(connections(), legs).finding == "witnessed", "who came is not known, and need not be listed"


@pytest.mark.parametrize("has_ids", [True, False])
@pytest.mark.parametrize("lengths", [(1800, 60), (1800, 0), (60, 0, 1800)])
def test_what_one_person_joined_in_one_second_is_told_apart_by_its_length(
    lengths: tuple[int, ...], has_ids: bool
) -> None:
    archived = [
        Archived(f"d{n}", "m9", at(9), "+8613800000009", seconds == 0, lengths=Lengths(seconds, (seconds,)))
        for n, seconds in enumerate(lengths)
    ]
    archived += [replace(one, lengths=Lengths(1800, (1800,))) for one in held(8)]
    devices = [
        WitnessLine(90 + n, "m9" if has_ids else None, "+8613800000009", at(9), None, seconds, None)
        for n, seconds in enumerate(lengths)
    ]
    rest = [line(i, meeting_id=f"m{i}" if has_ids else None, amount_yuan=None) for i in range(8)]
    for lines in itertools.permutations(devices):
        numbered = [replace(one, line=90 + n) for n, one in enumerate(lines)]
        said = hear(witness([*rest, *numbered], is_of_parties=True), archived)
        assert said.finding == "witnessed", said.text.en


@pytest.mark.slow
def test_a_room_of_many_meetings_is_heard_in_time() -> None:
    n = 1200
    archived = [Archived(f"k{i}", "room", at(i / 8), lengths=Lengths(300 + i % 240)) for i in range(n)]
    timeless = [WitnessLine(i + 2, "room", duration_s=300 + i % 240) for i in range(n)]
    dated = [replace(one, started_at=at(i / 8)) for i, one in enumerate(timeless)]
    start = time.process_time()
    # of thousands that say no day nobody knows which is which: no gap, and no proof
    assert hear(witness(timeless), archived).finding == "undated"
    assert hear(witness(dated), archived).finding == "witnessed"
    assert hear(witness(dated[1:], Totals(lines=n - 1)), archived).finding == "incomplete"
    assert time.process_time() - start < 5


@pytest.mark.slow
def test_connections_of_nobody_in_a_crowded_room_are_heard_in_time() -> None:
    """Where each was held against each, 1,100 took seven seconds at every sync."""
    n = 1100
    archived = [Archived(f"k{i}", "room", at(i / 8), lengths=Lengths(60, (60,))) for i in range(n)]
    start = time.process_time()
    said = hear(witness([WitnessLine(i + 2, "room", duration_s=60) for i in range(n)], is_of_parties=True), archived)
    assert time.process_time() - start < 1
    assert said.finding == "undated", said.text.en
