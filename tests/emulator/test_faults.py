"""Every fault does what its kind says, when its schedule says so, and the server outlives it."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import socket
import time
import zlib
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from ytxdata.emulator import KINDS, Emulator, Fault
from ytxdata.errors import UsageError

Start = Callable[..., tuple[Emulator, Any]]


def broken_records(text: str) -> int:
    """How many records of the array in an answer cannot be read, found by counting braces outside strings."""
    depth = start = bad = 0
    quoted = escaped = False
    for position, sign in enumerate(text):
        if quoted:
            escaped, quoted = sign == "\\" and not escaped, not (sign == '"' and not escaped)
        elif sign == '"':
            quoted = True
        elif sign == "{":
            depth += 1
            start = position if depth == 2 else start
        elif sign == "}":
            if depth == 2:
                try:
                    json.loads(text[start : position + 1])
                except ValueError:
                    bad += 1
            depth -= 1
    return bad


@pytest.mark.parametrize("kind", KINDS)
def test_the_server_is_itself_again_after_any_fault(start: Start, kind: str) -> None:
    server, client = start(meetings=5)
    slow = {"drip": "=0.001", "slow": "=0.01", "flood": "=4", "gzip_bomb": "=4"}.get(kind, "")
    server.set_faults(f"{kind}{slow},count=1")
    headers = {"Content-Type": "application/json"}
    with contextlib.suppress(OSError, http.client.HTTPException):
        client.send("POST", "/201612/sid/x/call/MeetingQuery.wx?Sign=0", b"{}", headers, timeout=0.3)
    assert client.ask().code == "0"
    assert server.requests[0].faults == (str(Fault.parse(f"{kind}{slow},count=1")),)


@pytest.mark.parametrize(("fault", "code"), [("throttle", "-104"), ("server_fault", "-100"), ("code=-999", "-999")])
def test_codes_on_demand(start: Start, fault: str, code: str) -> None:
    _, client = start(meetings=5, faults=[fault])
    got = client.ask()
    assert (got.status, got.code, "data" in got.json) == (200, code, False)


def test_a_missing_and_a_numeric_code_keep_the_records(start: Start) -> None:
    server, client = start(meetings=5, faults=["no_code"])
    assert "statusCode" not in client.ask().json
    assert len(client.ask().json["data"]) == 5
    server.set_faults("number_code")
    assert client.ask().json["statusCode"] == 0
    assert len(client.ask().json["data"]) == 5


@pytest.mark.parametrize("shape", ["array", "string", "wrapped", "keyed"])
def test_bad_records_lose_none_of_their_neighbours(start: Start, shape: str) -> None:
    server, client = start(meetings=9, shape=shape)
    good = {row["meeting_id"] for row in server.truth()["meetings"]}
    server.set_faults("malformed=3", "no_id=4", "not_object=5", "doubled=2")
    text = client.ask("100").text
    assert all(meeting_id in text for meeting_id in good)
    assert server.requests[-1].n_records == 9 + 3 + 4 + 5 + 2
    server.set_faults("no_id=4", "not_object=5")
    json.loads(client.ask("100").text)


def test_what_is_mixed_in_is_what_was_asked_for(start: Start) -> None:
    server, client = start(meetings=9)
    plain = client.records()
    server.set_faults("malformed=4")
    text = client.ask("100").text
    with pytest.raises(ValueError):
        json.loads(text)
    assert broken_records(text) == 4
    server.set_faults("no_id=2")
    assert [record for record in client.records() if not record.get("meid")] == [
        {"meetingname": "没有会议号", "starttime": "2026-01-01 09:00:00"},
        {"meid": "", "meetingname": "空会议号"},
    ]
    server.set_faults("not_object=5")
    assert [record for record in client.records() if record not in plain] == ["只是文字", 7, None, [], True]
    server.set_faults("doubled=2")
    assert client.records() == [plain[0], plain[0], plain[1], plain[1], *plain[2:]]


@pytest.mark.parametrize(
    ("fault", "status", "kind"),
    [
        ("http", 500, "text/plain"),
        ("http=503", 503, "text/plain"),
        ("http_html", 502, "text/html"),
        ("html", 200, "text/html"),
        ("http_json=503", 503, "application/json"),
        ("redirect", 307, "text/plain"),
        ("redirect=302", 302, "text/plain"),
        ("empty_body", 200, "application/json"),
    ],
)
def test_http_statuses_and_pages(start: Start, fault: str, status: int, kind: str) -> None:
    server, client = start(meetings=5, faults=[fault])
    got = client.ask()
    assert got.status == status
    assert got.headers["content-type"].startswith(kind)
    assert (got.body == b"") == (kind == "text/plain" or fault == "empty_body")
    if fault.startswith("http_json"):
        assert got.code == "-100"
    if fault.startswith("redirect"):
        assert got.headers["location"] == f"{server.url}/elsewhere"


def test_a_followed_redirect_is_seen_in_the_log(start: Start) -> None:
    server, client = start(meetings=5)
    assert client.send("POST", "/elsewhere?Sign=abc", b"", {"Authorization": "x"}).status == 404
    assert (server.requests[-1].path, server.requests[-1].is_signed) == ("/elsewhere", True)
    assert "abc" not in repr(server.requests)


def test_bodies_that_are_no_answer(start: Start) -> None:
    server, client = start(meetings=5)
    whole = client.ask().body
    server.set_faults("garbage_body=100")
    assert len(client.ask().body) == 100
    server.set_faults("not_an_answer")
    assert json.loads(client.ask().body) == []
    server.set_faults("cut_json=0.25")
    assert len(client.ask().body) == len(whole) // 4
    server.set_faults("bom")
    assert client.ask().body.startswith(b"\xef\xbb\xbf{")


@pytest.mark.slow
def test_compressed_bodies(start: Start) -> None:
    server, client = start(meetings=5, faults=["gzip"])
    got = client.ask()
    assert got.headers["content-encoding"] == "gzip"
    assert len(json.loads(gzip.decompress(got.body))["data"]) == 5
    server.set_faults("bad_gzip")
    with pytest.raises(zlib.error):
        zlib.decompress(client.ask().body, 31)
    server.set_faults("gzip_bomb=64")
    got = client.ask()
    assert len(got.body) < 200_000
    unpacked = gzip.decompress(got.body)
    assert len(unpacked) > 64 * 2**20
    assert set(json.loads(unpacked)["data"]) == {" "}


@pytest.mark.parametrize("fault", ["drop", "garbage"])
def test_connections_that_give_no_answer(start: Start, fault: str) -> None:
    _, client = start(meetings=5, faults=[fault])
    with pytest.raises((ConnectionError, http.client.BadStatusLine)):
        client.ask()


@pytest.mark.parametrize(
    ("fault", "share"),
    [("drop_after_headers", 0.0), ("truncate", 0.5), ("truncate=0.9", 0.9), ("truncate_chunked", 0.5)],
)
def test_answers_that_break_off(start: Start, fault: str, share: float) -> None:
    server, client = start(meetings=5)
    whole = len(client.ask().body)
    server.set_faults(fault)
    with pytest.raises(http.client.IncompleteRead) as broken:
        client.ask()
    assert len(broken.value.partial) == int(whole * share)


def test_a_length_that_is_too_short(start: Start) -> None:
    server, client = start(meetings=5)
    whole = client.ask().body
    server.set_faults("short_length")
    assert len(client.ask().body) == len(whole) // 2


def test_slow_answers_come_whole(start: Start) -> None:
    server, client = start(meetings=1, faults=["slow=0.2"])
    begun = time.monotonic()
    assert client.ask().code == "0"
    assert time.monotonic() - begun >= 0.2
    server.set_faults("drip=0.001")
    assert client.ask("0").code == "-101"


@pytest.mark.parametrize("fault", ["hang", "hang_after_headers", "drip=60"])
def test_silence_lasts_until_the_client_leaves(start: Start, fault: str) -> None:
    _, client = start(meetings=1, faults=[f"{fault},count=1"])
    with pytest.raises(TimeoutError):
        client.send("POST", "/201612/sid/x/call/MeetingQuery.wx", b"", {}, timeout=0.2)
    assert client.ask().code == "0"


def test_an_emulator_closes_at_once_even_while_an_answer_hangs() -> None:
    with Emulator(meetings=1, faults=["hang"], until="2026-03-04") as server:
        address = urlsplit(server.url)
        with socket.create_connection((address.hostname, address.port), timeout=5) as waiting:
            waiting.sendall(b"POST /201612/sid/x/call/MeetingQuery.wx HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
            while not server.requests:
                time.sleep(0.005)
            begun = time.monotonic()
            server.close()
            assert time.monotonic() - begun < 1
            assert waiting.recv(10) == b""


def test_a_flood_tells_no_length_and_stops_when_nobody_drinks(start: Start) -> None:
    server, client = start(meetings=1, faults=["flood=6"])
    got = client.ask()
    assert len(got.body) > 6 * 2**20
    assert "content-length" not in got.headers
    server.set_faults("flood=100000")
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=5) as sips:
        sips.sendall(b"POST /201612/sid/x/call/MeetingQuery.wx HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        sips.recv(1000)
    server.set_faults()
    assert client.ask().code == "0"


def strikes(text: str, requests: int = 12) -> list[int]:
    fault = Fault.parse(text)
    return [number for number in range(1, requests + 1) if fault.strikes()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("throttle", list(range(1, 13))),
        ("throttle,count=2", [1, 2]),
        ("throttle,every=4", [4, 8, 12]),
        ("throttle,after=10", [11, 12]),
        ("throttle,every=3,after=1,count=2", [4, 7]),
        ("throttle,probability=0", []),
    ],
)
def test_schedules(text: str, expected: list[int]) -> None:
    assert strikes(text) == expected


def test_chance_is_the_same_in_every_run_and_about_right() -> None:
    struck = strikes("drop,probability=0.3", 2000)
    assert struck == strikes("drop,probability=0.3", 2000)
    assert struck != strikes("drop,probability=0.3,seed=1", 2000)
    assert 500 < len(struck) < 700


def test_faults_of_different_stages_strike_together(start: Start) -> None:
    _, client = start(meetings=5, faults=["no_id", "number_code", "gzip", "slow=0.01"])
    answer = json.loads(gzip.decompress(client.ask().body))
    assert answer["statusCode"] == 0
    assert len(answer["data"]) == 6


@pytest.mark.parametrize(
    "text",
    ["nonsense", "", "drop,count", "drop,count=x", "drop,often=1", "drop=x", "drop,every=0", "drop,probability=2"],
)
def test_a_fault_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        Fault.parse(text)


@pytest.mark.parametrize("text", ["drop", "code=-999,count=3", "slow=0.25,every=2,after=1,probability=0.5,seed=9"])
def test_a_fault_is_written_as_it_is_read(text: str) -> None:
    assert str(Fault.parse(text)) == text
    assert Fault.of(Fault.parse(text)) == Fault.of(text)
