"""Every documented status code comes for its documented cause."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from ytxdata.emulator import CHOICES, Emulator
from ytxdata.platform.codes import CODES

CHINA = timezone(timedelta(hours=8))
Start = Callable[..., tuple[Emulator, Any]]


def stamp(**off: float) -> str:
    return (datetime.now(CHINA) + timedelta(**off)).strftime("%Y%m%d%H%M%S")


def header(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


CASES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("0", {}, {}),
    ("0", {}, {"content_type": "application/x-www-form-urlencoded; charset=UTF-8"}),
    ("0", {}, {"count": "007"}),
    ("0", {}, {"count": "99999999999999999"}),
    ("0", {}, {"off": timedelta(minutes=-9)}),
    ("0", {"max_age_s": 86400}, {"off": timedelta(hours=-23)}),
    ("-1", {}, {"confid": "会议"}),
    ("-1", {}, {"confid": "1 2"}),
    *[("-2", {}, {"without": [name]}) for name in ("action", "appid", "confid", "meetingcount")],
    *[("-2", {}, {"fields": {name: ""}}) for name in ("action", "appid", "meetingcount")],
    ("-2", {}, {"sign": None}),
    ("-3", {}, {"fields": {"action": "querymeeting"}}),
    ("-3", {}, {"fields": {"action": "createMeeting"}}),
    ("-4", {}, {"body": b'{"action":'}),
    ("-4", {}, {"body": b""}),
    ("-4", {}, {"body": b'["queryMeeting"]'}),
    ("-4", {}, {"body": '{"action":"会议"}'.encode("gbk")}),
    ("-4", {}, {"body": b"[" * 100_000}),
    *[("-101", {}, {"count": count}) for count in ("0", "-1", "ten", "1.5", "１０", " ", 5, None)],
    ("-101", {}, {"confid": None}),
    ("-104", {"rate_limit": 0}, {}),
    ("-200", {}, {"sid": "0" * 32}),
    ("-201", {"account_state": "suspended"}, {}),
    ("-202", {}, {"authorization": None}),
    ("-202", {}, {"authorization": "%%%"}),
    ("-202", {}, {"authorization": header("no bar here")}),
    ("-202", {}, {"authorization": header("somebody|20260101000000")}),
    ("-202", {}, {"stamp": "20261332000000"}),
    ("-202", {}, {"stamp": "2026"}),
    ("-202", {}, {"off": timedelta(minutes=-11)}),
    ("-202", {}, {"off": timedelta(minutes=11)}),
    ("-202", {}, {"off": timedelta(hours=-8)}),
    ("-202", {"max_age_s": 5}, {"off": timedelta(minutes=-1)}),
    ("-202", {"clock_skew_s": 3600}, {}),
    ("-203", {}, {"token": "wrong"}),
    ("-203", {}, {"sign": "A" * 32}),
    ("-203", {}, {"sign": "short"}),
    ("-203", {}, {"sign_off": timedelta(seconds=-1)}),
    ("-204", {"account_state": "no_balance"}, {}),
    ("-205", {}, {"fields": {"appid": "unknown"}}),
    ("-205", {"whitelist": ("192.0.2.1",)}, {}),
    ("0", {"whitelist": ("192.0.2.1", "127.0.0.1")}, {}),
    ("0", {"whitelist": ("192.0.2.1",), "environment": "sandbox"}, {}),
    ("-205", {"app_state": "offline"}, {}),
    ("-205", {"app_state": "no_function"}, {}),
]


@pytest.mark.parametrize(("code", "options", "wrong"), CASES)
def test_a_code_comes_for_its_cause(start: Start, code: str, options: dict[str, Any], wrong: dict[str, Any]) -> None:
    _, client = start(meetings=3, **options)
    got = client.ask(**wrong)
    assert (got.status, got.code) == (200, code)
    assert got.json["statusMsg"] == CODES[code].text.zh
    assert ("data" in got.json) == (code == "0")


def test_sign_is_accepted_in_either_case(start: Start) -> None:
    _, client = start(meetings=3)
    now = stamp()
    sign = hashlib.md5(f"{client.env['YTX_ACCOUNT_SID']}{client.env['YTX_AUTH_TOKEN']}{now}".encode()).hexdigest()
    assert client.ask(stamp=now, sign=sign.lower()).code == "0"
    assert client.ask(stamp=now, sign=sign.upper()).code == "0"


@pytest.mark.parametrize("environment", CHOICES["environment"])
def test_an_app_id_works_in_its_own_environment_only(start: Start, environment: str) -> None:
    server, client = start(meetings=3, environment=environment)
    account = server.backend.account
    foreign = account.app_id if environment == "sandbox" else account.sandbox_app_id
    assert client.ask().code == "0"
    assert client.ask(fields={"appid": foreign}).code == "-205"


def test_throttling_counts_within_its_window(start: Start) -> None:
    server, client = start(meetings=3, rate_limit=2, rate_window_s=60)
    assert [client.ask().code for _ in range(4)] == ["0", "0", "-104", "-104"]
    server.options.rate_window_s = 0.0
    assert client.ask().code == "0"


def test_every_code_that_is_not_a_phone_operations_is_reached() -> None:
    """-102 is about phone numbers, which this operation does not take, and -100 is a fault: both come by fault only."""
    assert set(CODES) - {code for code, _, _ in CASES} == {"-100", "-102"}


@pytest.mark.parametrize("code", ["-100", "-102", "-999"])
def test_any_code_can_be_asked_for_as_a_fault(start: Start, code: str) -> None:
    _, client = start(meetings=3, faults=[f"code={code}"])
    assert client.ask().code == code


def test_an_error_has_an_empty_request_id_or_none(start: Start) -> None:
    server, client = start(meetings=3)
    seen = [client.ask(count="0").json.get("requestId", "absent") for _ in range(4)]
    assert seen == ["", "absent", "", "absent"]
    for style, expected in (("empty", ""), ("absent", "absent")):
        server.options.error_request_id = style
        assert client.ask(count="0").json.get("requestId", "absent") == expected
    request_id = client.ask().json["requestId"]
    assert len(request_id) == 29
    assert request_id.isdigit()


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"path": "/201512/sid/x/call/MeetingQuery.wx"}, 404),
        ({"path": "/201612/sid/x/sms/MeetingQuery.wx"}, 404),
        ({"path": "/201612/sid/x/call/TeleMeeting.wx"}, 404),
        ({"path": "/"}, 404),
        ({"method": "GET"}, 405),
    ],
)
def test_what_is_no_query_gets_a_web_page(start: Start, wrong: dict[str, Any], status: int) -> None:
    _, client = start(meetings=3)
    got = client.ask(**wrong)
    assert got.status == status
    assert got.headers["content-type"].startswith("text/html")
    assert got.body.startswith(b"<html>")


def test_an_unknown_room_is_answered_as_told(start: Start) -> None:
    server, client = start(meetings=3)
    assert client.records("1", "002") == []
    server.options.unknown_room = "-1"
    assert client.ask("1", "002").code == "-1"


def test_the_date_header_is_honest_unless_told(start: Start) -> None:
    server, client = start(meetings=3)

    def off() -> float:
        return (parsedate_to_datetime(client.ask().headers["date"]) - datetime.now(CHINA)).total_seconds()

    assert abs(off()) < 5
    server.options.date_skew_s = 7200
    assert abs(off() - 7200) < 5
    server.options.date_skew_s, server.options.clock_skew_s = 0, -7200
    assert abs(off() + 7200) < 5


def test_the_clock_of_a_simulated_company_rules_the_gate(start: Start) -> None:
    server, client = start(meetings=3, clock="company")
    assert client.ask().code == "-202"
    client.now = lambda: datetime.fromtimestamp(server.now, CHINA)
    assert client.ask().code == "0"
    server.advance(days=3)
    assert client.ask().code == "0"


def test_the_log_holds_no_secret(start: Start) -> None:
    server, client = start(meetings=3)
    client.ask()
    client.ask(token="wrong")
    text = repr(server.requests) + repr(server) + repr(server.backend.account)
    assert "Sign" not in text
    assert server.env["YTX_AUTH_TOKEN"] not in text
    assert [line.code for line in server.requests] == ["0", "-203"]
    assert [line.is_signed for line in server.requests] == [True, True]
