"""A client written from the interface text alone: standard library only, nothing of ours."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlsplit

import pytest

from ytxdata.emulator import Emulator

CHINA = timezone(timedelta(hours=8))


@dataclass
class Got:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        try:
            return self.body.decode("utf-8")
        except UnicodeDecodeError:
            return self.body.decode("gb18030")

    @property
    def json(self) -> dict[str, Any]:
        answer = json.loads(self.text)
        assert isinstance(answer, dict)
        return answer

    @property
    def code(self) -> Any:
        return self.json.get("statusCode")


@dataclass
class SeedClient:
    """Knows what the interface text says, and an account; every part can be sent wrong."""

    env: dict[str, str]
    now: Callable[[], datetime] = field(default=lambda: datetime.now(CHINA))

    def ask(self, count: Any = "10", confid: Any = "", **wrong: Any) -> Got:
        e = self.env
        instant = self.now() + wrong.get("off", timedelta())
        stamp = wrong.get("stamp", instant.strftime("%Y%m%d%H%M%S"))
        sign_stamp = (instant + wrong["sign_off"]).strftime("%Y%m%d%H%M%S") if "sign_off" in wrong else stamp
        sid = wrong.get("sid", e["YTX_ACCOUNT_SID"])
        token = wrong.get("token", e["YTX_AUTH_TOKEN"])
        sign = hashlib.md5(f"{e['YTX_ACCOUNT_SID']}{token}{sign_stamp}".encode()).hexdigest()
        sign = wrong.get("sign", sign.upper())
        authorization = wrong.get("authorization", base64.b64encode(f"{sid}|{stamp}".encode()).decode())
        fields = {"action": "queryMeeting", "appid": e["YTX_APP_ID"], "confid": confid, "meetingcount": count}
        fields |= wrong.get("fields", {})
        for name in wrong.get("without", ()):
            fields.pop(name)
        body = wrong.get("body", json.dumps(fields).encode())
        path = wrong.get("path", f"/201612/sid/{sid}/call/MeetingQuery.wx")
        headers = {
            "Accept": "application/json;",
            "Content-Type": wrong.get("content_type", "application/json;charset=utf-8;"),
            "Authorization": authorization,
        }
        if authorization is None:
            del headers["Authorization"]
        return self.send(
            wrong.get("method", "POST"), path + (f"?Sign={sign}" if sign is not None else ""), body, headers
        )

    def send(self, method: str, target: str, body: bytes, headers: dict[str, str], timeout: float = 60) -> Got:
        address = urlsplit(self.env["YTX_BASE_URL"])
        assert address.hostname is not None
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=timeout)
        try:
            connection.request(method, target, body, headers)
            response = connection.getresponse()
            return Got(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def records(self, count: Any = "100000", confid: Any = "") -> list[dict[str, Any]]:
        """The records of an answer in the shape `array`."""
        answer = self.ask(count, confid).json
        assert answer["statusCode"] == "0"
        data = answer["data"]
        assert isinstance(data, list)
        return data

    def ids(self, count: Any = "100000") -> list[str]:
        return [record["meid"] for record in self.records(count)]


@pytest.fixture(scope="session")
def client_of() -> Callable[[Emulator], SeedClient]:
    """Make the client that knows a server's account."""
    return lambda server: SeedClient(server.env)


@pytest.fixture
def start() -> Iterator[Callable[..., tuple[Emulator, SeedClient]]]:
    """Start an emulator of few meetings at a fixed instant, and the client that knows it."""
    with ExitStack() as running:

        def begin(**options: Any) -> tuple[Emulator, SeedClient]:
            options = {"meetings": 40, "until": "2026-03-04T15:30", **options}
            server = running.enter_context(Emulator(**options))
            return server, SeedClient(server.env)

        yield begin
