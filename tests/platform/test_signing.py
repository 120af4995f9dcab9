"""The signature against vectors made outside of this project, and against its own laws."""

from __future__ import annotations

import base64
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from tests.platform.hostile import APP, SID, TOKEN, Hostile, said, settings_for
from ytxdata import times
from ytxdata.platform.transport import SignedAuth, Transport, authorization, sign

SETTINGS = settings_for("http://127.0.0.1:1")

# printf 'abcdefghijklmnopqrstuvwxyz012345canary0token0never0to0be0shown00STAMP' | md5sum   (also: | openssl md5)
VECTORS = {
    "20140416142030": "7fada1dd78fdce9d09428a3073eed302",
    "20260301035959": "5d87ea1957cc2745188abf0c3bcc9bfc",
    "20260228195903": "0cb75cb9d5643c9bcad2b1756762161b",
    "20260228195924": "088eec57d7f363e940fa5ff635b8405e",
}


@pytest.mark.parametrize(("stamp", "digest"), VECTORS.items())
def test_sign_is_what_md5sum_says_with_its_leading_zeros(stamp: str, digest: str) -> None:
    assert sign(SETTINGS, stamp) == digest.upper()


def test_authorization_is_what_openssl_says() -> None:
    # printf 'abcdefghijklmnopqrstuvwxyz012345|20140416142030' | openssl base64 -A
    expected = "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXowMTIzNDV8MjAxNDA0MTYxNDIwMzA="
    assert authorization(SETTINGS, "20140416142030") == expected


def _signed(auth: SignedAuth) -> requests.PreparedRequest:
    return requests.Request("POST", SETTINGS.endpoint(), auth=auth).prepare()


def _parts(prepared: requests.PreparedRequest) -> tuple[str, str, str]:
    """Return Sign, SID and stamp by a reading of its own."""
    sid, _, stamp = base64.b64decode(prepared.headers["Authorization"]).decode().partition("|")
    return (prepared.url or "").partition("?Sign=")[2], sid, stamp


@given(st.integers(0, 100 * 365 * 86400).map(lambda s: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=s)))
def test_both_places_carry_one_instant_in_beijing_time(instant: datetime) -> None:
    with pytest.MonkeyPatch.context() as patch:
        ticks = iter([instant, instant + timedelta(seconds=1), instant + timedelta(seconds=2)])
        patch.setattr(times, "now", lambda: next(ticks))
        signature, sid, stamp = _parts(_signed(SignedAuth(SETTINGS)))
    assert sid == SID
    assert stamp == (instant + timedelta(hours=8)).strftime("%Y%m%d%H%M%S")  # no summer time since 1991
    assert signature == hashlib.md5(f"{SID}{TOKEN}{stamp}".encode()).hexdigest().upper()
    assert len(signature) == 32


def test_a_digest_that_begins_with_zero_is_sent_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(times, "now", lambda: datetime(2026, 2, 28, 11, 59, 24, tzinfo=UTC))
    signature, _, stamp = _parts(_signed(SignedAuth(SETTINGS)))
    assert (stamp, signature) == ("20260228195924", "088EEC57D7F363E940FA5FF635B8405E")


@pytest.fixture(params=["UTC", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati"])
def _zone(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield
    os.environ.pop("TZ") if before is None else os.environ.__setitem__("TZ", before)
    time.tzset()


@pytest.mark.usefixtures("_zone")
def test_the_machine_zone_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    stamp = _parts(_signed(SignedAuth(SETTINGS)))[2]
    shanghai = datetime.strptime(stamp + "+0800", "%Y%m%d%H%M%S%z")
    assert abs((datetime.now(UTC) - shanghai).total_seconds()) < 5
    monkeypatch.setattr(times, "now", lambda: datetime(2026, 2, 28, 16, 0, tzinfo=UTC))
    assert _parts(_signed(SignedAuth(SETTINGS)))[2] == "20260301000000"


def test_signing_the_same_request_again_replaces_the_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter([datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)])
    monkeypatch.setattr(times, "now", lambda: next(ticks))
    auth = SignedAuth(SETTINGS)
    prepared = _signed(auth)
    first = prepared.url
    auth(prepared)
    assert prepared.url != first
    assert (prepared.url or "").count("Sign=") == 1


def test_every_attempt_is_signed_anew(hostile: Callable[..., Hostile], monkeypatch: pytest.MonkeyPatch) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    ticks = iter(range(10_000))
    monkeypatch.setattr(times, "now", lambda: start + timedelta(seconds=next(ticks)))
    server = hostile(said("-100"), said("-100"), said("0"))
    Transport(settings_for(server.url), sleep=lambda _: None).query()
    signs = {request.split(b"Sign=")[1][:32] for request in server.requests}
    headers = {request.split(b"Authorization: ")[1].split(b"\r\n")[0] for request in server.requests}
    assert len(server.requests) == len(signs) == len(headers) == 3


def test_the_request_is_the_documented_one(hostile: Callable[..., Hostile]) -> None:
    server = hostile(said("0"))
    Transport(settings_for(server.url + "/gate/")).query("002", 1)
    head, _, body = server.requests[0].decode().partition("\r\n\r\n")
    line, *headers = head.split("\r\n")
    path = line.split()[1]
    assert path.startswith(f"/gate/201612/sid/{SID}/call/MeetingQuery.wx?Sign=")
    assert {"Accept: application/json;", "Content-Type: application/json;charset=utf-8;"} <= set(headers)
    assert "Accept-Encoding: gzip" in headers
    assert body == f'{{"action":"queryMeeting","appid":"{APP}","confid":"002","meetingcount":"1"}}'


def test_hide_takes_signatures_out_of_what_a_server_says() -> None:
    auth = SignedAuth(SETTINGS)
    prepared = _signed(auth)
    signature = _parts(prepared)[0]
    echo = f"bad {signature} {signature.lower()} {prepared.headers['Authorization']} {prepared.url}"
    hidden = auth.hide(echo)
    for secret in (signature, signature.lower(), prepared.headers["Authorization"], SID):
        assert secret not in hidden


def test_hide_takes_out_the_token_quoted_signatures_and_what_would_steer_a_terminal() -> None:
    auth = SignedAuth(settings_for("http://127.0.0.1", auth_token="0123456789abcdef0123456789abcdef"))
    header = str(_signed(auth).headers["Authorization"])
    told = f"tok 0123456789ABCDEF0123456789abcdef {quote(header, safe='')} \x1b[31mred\x00"
    hidden = auth.hide(told)
    assert "0123456789" not in hidden
    assert quote(header, safe="") not in hidden
    assert "\x1b" not in hidden
    assert "\x00" not in hidden
    assert "red" in hidden
