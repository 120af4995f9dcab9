"""What a newest-N platform does not say: caps, orders, retention, late lists, changes behind one's back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ytxdata.emulator import Emulator, Options
from ytxdata.errors import UsageError

Start = Callable[..., tuple[Emulator, Any]]


def by_start(server: Emulator) -> list[str]:
    rows = sorted(server.truth()["meetings"], key=lambda row: (row["started_at"], row["meeting_id"]))
    return [row["meeting_id"] for row in rows]


def test_meetings_is_the_newest_so_many(start: Start) -> None:
    few, _ = start(meetings=25)
    many, client = start(meetings=60)
    assert by_start(many)[-25:] == by_start(few)
    assert len(client.ids()) == 60
    assert client.ids("7") == by_start(many)[::-1][:7]


@pytest.mark.parametrize(("listing", "expected"), [({"cap": 10}, 10), ({"large_ask": (30, 5)}, 5), ({}, 40)])
def test_silent_limits_by_count(start: Start, listing: dict[str, Any], expected: int) -> None:
    _, client = start(**listing)
    assert len(client.ids("10000")) == expected
    assert len(client.ids("6")) == 6


def test_a_cap_by_bytes_keeps_the_first_records(start: Start) -> None:
    server, client = start()
    whole = client.ids()
    server.options.byte_cap = 20_000
    fewer = client.ids()
    assert 0 < len(fewer) < len(whole)
    assert whole[: len(fewer)] == fewer
    assert server.requests[-1].n_bytes < 20_500


def test_oldest_first_gives_the_oldest(start: Start) -> None:
    server, client = start(order="oldest")
    assert client.ids("5") == by_start(server)[:5]


def test_ascending_gives_the_newest_in_order_of_start(start: Start) -> None:
    server, client = start(order="ascending")
    assert client.ids("5") == by_start(server)[-5:]


def test_a_random_order_is_arbitrary_and_the_same_every_time(start: Start) -> None:
    server, client = start(order="random")
    assert client.ids("15") == client.ids("15")
    assert client.ids("20")[:15] == client.ids("15")
    assert sorted(client.ids()) == sorted(by_start(server))
    assert client.ids() not in (by_start(server), by_start(server)[::-1])


def test_pinned_rooms_stand_on_top(start: Start) -> None:
    server, client = start(order="pinned", pinned_rooms=2)
    oldest = by_start(server)[:2]
    assert sorted(client.ids("6")[:2]) == sorted(oldest)
    assert client.ids("6")[2:] == by_start(server)[::-1][:4]


def test_by_end_puts_the_running_first_and_by_change_the_touched(start: Start) -> None:
    server, client = start(order="by_end", until="2026-03-03T09:40")
    truth = server.truth()
    running = truth["running"]
    assert running
    assert set(client.ids(str(len(running)))) == set(running)
    ended = {row["meeting_id"]: row["ended_at"] for row in truth["meetings"]}
    rest = [ended[meeting_id] for meeting_id in client.ids()[len(running) :]]
    assert rest == sorted(rest, reverse=True)
    server.options.order = "by_change"
    old = by_start(server)[0]
    assert client.ids()[0] != old
    server.mutate(old, name="改过")
    server.advance(seconds=1)
    assert client.ids()[0] == old


def test_retention_lets_old_meetings_fall_off_the_list_and_not_out_of_the_truth(start: Start) -> None:
    server, client = start(retention_days=3)
    before = set(client.ids())
    assert 0 < len(before) < 40
    server.advance(days=3)
    after = set(client.ids())
    assert not before & after
    assert before <= set(by_start(server))


def test_meetings_may_be_listed_only_when_they_end(start: Start) -> None:
    server, client = start(listed="end", until="2026-03-03T09:40")
    running = set(server.truth()["running"])
    assert running
    assert not running & set(client.ids())
    server.advance(hours=5)
    assert running <= set(client.ids())


def test_time_only_appends_and_running_meetings_end(start: Start) -> None:
    server, client = start(until="2026-03-03T09:40")
    before = {record["meid"]: record for record in client.records()}
    running = server.truth()["running"]
    assert all(before[meeting_id]["endtime"] == "" for meeting_id in running)
    began = server.advance(days=2)
    after = {record["meid"]: record for record in client.records()}
    assert len(after) == len(before) + began
    assert began > 0
    for meeting_id, record in before.items():
        if meeting_id in running:
            assert after[meeting_id]["endtime"] > after[meeting_id]["starttime"]
        else:
            assert after[meeting_id] == record


def test_advancing_in_steps_is_advancing_at_once(start: Start) -> None:
    one, _ = start()
    two, _ = start()
    one.advance(days=4)
    for _ in range(96):
        two.advance(hours=1)
    assert one.truth() == two.truth()
    late, _ = start(until="2026-03-08T15:30", meetings=len(one.truth()["meetings"]))
    assert late.truth() == one.truth()


def test_a_record_can_be_changed_vanish_and_come_back(start: Start) -> None:
    server, client = start()
    target = by_start(server)[5]
    server.mutate(target, name="改名")
    assert client.records("1", target)[0]["meetingname"] == "改名"
    server.vanish(target)
    assert target not in client.ids()
    row = next(row for row in server.truth()["meetings"] if row["meeting_id"] == target)
    assert (row["is_vanished"], row["name"], row["n_versions"]) == (True, "改名", 3)
    server.restore(target)
    assert client.records("1", target)[0]["meetingname"] == "改名"


def test_a_late_arrival_can_be_put_into_the_past(start: Start) -> None:
    server, client = start()
    first = server.backend.entry(by_start(server)[10]).first
    server.backend.add(replace(first, meeting_id="20260101000000000000000000001"))
    assert client.ids().count("20260101000000000000000000001") == 1


@pytest.mark.parametrize("option", ["shape", "dialect", "encoding", "order", "environment", "clock", "app_state"])
def test_an_impossible_value_is_refused_with_the_possible_ones(option: str) -> None:
    wrong: dict[str, Any] = {option: "nonsense"}
    with pytest.raises(UsageError) as refusal:
        Options(**wrong)
    assert option in str(refusal.value)
    assert refusal.value.remedy is not None


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "example.com", "", "::"])
def test_only_loopback_is_served(host: str) -> None:
    with pytest.raises(UsageError, match="loopback"):
        Emulator(meetings=1, host=host)


def test_time_cannot_run_backwards(start: Start) -> None:
    server, _ = start()
    with pytest.raises(UsageError):
        server.advance(days=-1)


@pytest.mark.parametrize("option", ["meetings", "cap", "retention_days", "rate", "rate_limit"])
def test_a_negative_number_is_refused(option: str) -> None:
    wrong: dict[str, Any] = {option: -1}
    with pytest.raises(UsageError, match=option):
        Options(**wrong)


@pytest.mark.slow
@pytest.mark.parametrize("impossible", [{"rate": 0}, {"rate": 0.001, "meetings": 500}, {"until": "1980-01-01"}])
def test_more_meetings_than_the_company_ever_held_are_refused(impossible: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="founded"):
        Emulator(**impossible)
