"""Limits by category: which answers look like one, which show one at work, and until when a suspicion holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from tests.history.one_answer import DAY, EVERYTHING, HOUR, NOW, TAIL, land_of, meeting, seen
from tests.history.simulator_archive import MemoryLand
from ytxdata.history.proof.categories import hidden_before, suspected, watched
from ytxdata.history.proof.evidence import Evidence, Seen


def listed_by(one: Seen) -> datetime:
    """By when a meeting that nobody knew, and that is over, was listed: if a limit counts by that, it stands there."""
    assert one.started_at is not None
    return one.started_at + DAY


@pytest.mark.parametrize(
    ("sizes", "is_suspected"),
    [
        ((5, 5, 5, 1, 1), True),
        ((5, 5, 4, 1, 1), False),
        ((4, 4, 4, 1, 1), False),  # of small numbers most are alike anyhow
        ((*[4] * 5, *[1] * 5), True),
        ((*[4] * 5, *[1] * 17), True),
        ((*[4] * 5, *[3] * 4, *[1] * 9), True),
        ((*[4] * 5, *[3] * 5, *[1] * 9), False),  # as many have one less: so counts fade out
        ([1] * 9, False),
    ],
)
def test_a_limit_of_each_creator_is_suspected_where_enough_are_equally_full(
    sizes: Sequence[int], *, is_suspected: bool
) -> None:
    creators = [f"c{i}" for i, size in enumerate(sizes) for _ in range(size)]
    records = [meeting(n, creator=creator) for n, creator in enumerate(creators, start=49)]
    asked_for_more = seen(records, MemoryLand(), Evidence(), asked_n=500)
    # of the first creator all meetings are younger: one of theirs may be hidden, of those listed before all but a few
    last = records[sizes[0] - (sizes[0] + 1) // 2].started_at
    expected = last + DAY if is_suspected and last else None
    assert hidden_before(asked_for_more, ()) == expected
    cut_by_us = seen(records, MemoryLand(), Evidence(), asked_n=len(records))
    assert hidden_before(cut_by_us, ()) is None


def test_a_limit_by_category_counts_records_that_have_no_start() -> None:
    """Of each creator one field was blank, or the room was booked ahead: the platform counts the record all the same."""
    records = [meeting(n, creator=f"c{n % 5}") for n in range(49, 89)]
    blank = [one._replace(started_at=None) if n in (2, 13, 36) else one for n, one in enumerate(records)]
    assert hidden_before(seen(records, MemoryLand(), Evidence(), asked_n=500), ()) == listed_by(records[20])
    # the start of the oldest but one of its creator is not told: of theirs, the fourth oldest is the next one
    assert hidden_before(seen(blank, MemoryLand(), Evidence(), asked_n=500), ()) == listed_by(records[16])
    kinds = [one._replace(kind="booked" if n % 2 else "instant") for n, one in enumerate(records + EVERYTHING[59:118])]
    ahead = [one._replace(started_at=None, ended_at=None) if n in (1, 3) else one for n, one in enumerate(kinds)]
    answer = seen(ahead[:-1], MemoryLand(), Evidence(), asked_n=500)
    assert answer.n_without_start == 2
    assert hidden_before(answer, (("kind", 49),)) == listed_by(ahead[88])


def test_a_limit_of_each_creator_is_seen_however_a_number_is_written() -> None:
    """By the platform's own word, or by whose number it is: a limit that is seen in either forbids."""
    numbers = [f"1380000000{n % 5}" for n in range(40)]
    records = [meeting(n, creator=number) for n, number in enumerate(numbers, start=49)]
    expected = hidden_before(seen(records, MemoryLand(), Evidence(), asked_n=500), ())
    assert expected == listed_by(records[20])
    for spelling in ("+86{}", "86-{}", "0086 {}"):
        as_well = [
            one._replace(creator=spelling.format(one.creator)) if n % 3 else one for n, one in enumerate(records)
        ]
        assert hidden_before(seen(as_well, MemoryLand(), Evidence(), asked_n=500), ()) == expected
    # one person, whom the platform takes for five
    desks = [one._replace(creator=f"0755-88880000-80{n % 5}") for n, one in enumerate(records)]
    assert hidden_before(seen(desks, MemoryLand(), Evidence(), asked_n=500), ()) == expected


@pytest.mark.parametrize(
    ("n_booked", "n_pushed_out", "is_seen"),
    [
        (30, 4, True),
        (30, 3, False),  # fewer are missing than came: some left for another reason
        (29, 4, False),  # the other kind is fuller, so that this one need not be full
    ],
)
def test_where_all_kinds_are_full_the_end_of_the_list_moves_and_the_limit_is_seen(
    n_booked: int, n_pushed_out: int, *, is_seen: bool
) -> None:
    """Two kinds of thirty, of which the booked are the younger: for each new one of them the oldest is missing, amid
    instant ones; and much more fell off the end of the list before."""
    listed = [meeting(n)._replace(kind="instant") for n in range(2, 122, 4)]
    booked = [meeting(n)._replace(kind="booked") for n in range(1, 61, 2)][:n_booked]
    known = [*listed[1:], *booked[4:]]
    pushed_out = [meeting(61 + 2 * n) for n in range(n_pushed_out)]
    long_gone = [meeting(n) for n in range(130, 200)]
    answer = seen([*listed, *booked], land_of([*known, *pushed_out, *long_gone]), asked_n=500)
    assert (answer.n_missing, answer.overlap.n_left_out) == (n_pushed_out, 70 + n_pushed_out)
    known_before = tuple(("kind", n) for n in (90, 91, 92, 93))
    before = Evidence(kinds=(("booked", n_booked), ("instant", 30)), limits=known_before)
    assert watched(before, answer).limits == (*([("kind", 30)] if is_seen else []), *known_before)


def test_a_number_that_creators_share_in_a_whole_answer_holds_until_an_answer_shows_more_of_one() -> None:
    records = [meeting(n, creator=f"c{n % 5}") for n in range(1, 41)]
    whole = seen(records, MemoryLand(), Evidence(), asked_n=500)
    shared = suspected(Evidence(), [whole])
    assert shared == (("creator", 8),)
    tail = [meeting(n, creator="c9") for n in range(1, 9)] + records[8:30]
    cut_by_us = seen(tail, asked_n=len(tail))
    assert suspected(Evidence(suspected=shared), [cut_by_us]) == shared
    assert hidden_before(cut_by_us, shared) == NOW
    nine = seen([*tail, meeting(41, creator="c9")], asked_n=len(tail) + 1)
    assert suspected(Evidence(suspected=shared), [cut_by_us, nine]) == ()
    # a limit that counts the two spellings as one would allow more than nine of either
    twice = seen([*tail, tail[0]], asked_n=len(tail) + 1)
    assert suspected(Evidence(suspected=shared), [twice]) == shared


@pytest.mark.parametrize(
    ("n_booked", "joins_at", "is_suspected"),
    [
        (12, 20, True),
        (11, 20, False),
        (13, 20, False),
        (12, 10, False),  # the oldest of them was there to be seen by the sync before
    ],
)
def test_a_kind_of_which_a_tail_shows_as_many_as_the_last_whole_answer_is_suspected(
    n_booked: int, joins_at: int, *, is_suspected: bool
) -> None:
    booked = [meeting(n)._replace(meeting_id=f"b{n}", kind="booked") for n in range(1, 1 + n_booked)]
    tail = seen([*booked, *(one._replace(kind="instant") for one in TAIL[13:])])
    before = Evidence(kinds=(("booked", 12), ("instant", 300)), joins_at=NOW - joins_at * HOUR)
    assert suspected(before, [tail]) == ((("booked", 12),) if is_suspected else ())
    whole = replace(tail, pull=replace(tail.pull, asked_n=500))
    assert suspected(before, [whole]) == suspected(before, [tail])


def test_a_round_number_of_a_kind_in_a_whole_answer_holds_for_later_tails() -> None:
    kinds = [meeting(n)._replace(kind="booked" if n <= 50 else "instant") for n in range(1, 131)]
    shown = suspected(Evidence(), [seen(kinds, MemoryLand(), Evidence(), asked_n=500)])
    assert shown == (("booked", 50),)
    assert hidden_before(seen(kinds[:100]), shown) == kinds[45].ended_at


def test_of_a_full_category_that_shows_no_start_anything_may_be_hidden() -> None:
    records = [meeting(n, creator=f"c{n % 20}") for n in range(49, 149)]
    ahead = [one._replace(started_at=None) if one.creator == "c7" else one for one in records]
    answer = seen(ahead, MemoryLand(), Evidence(), asked_n=500)
    assert hidden_before(answer, ()) == answer.upper
