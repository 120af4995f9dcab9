"""The doctor: which documented cause fits, and what to do, in both languages."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from tests.platform.hostile import APP, SID, TOKEN, Hostile, reply, said
from ytxdata.platform.doctor import Diagnosis, examine, exit_code
from ytxdata.platform.settings import BASE_URLS

Server = Callable[..., Hostile]


def diagnose(url: str | None, **more: Any) -> dict[str, Diagnosis]:
    arguments = {"account_sid": SID, "auth_token": TOKEN, "app_id": APP, "base_url": url, "total_timeout": 0.4, **more}
    checks = examine(**arguments)
    assert len({check.key for check in checks}) == len(checks)
    for check in checks:
        assert check.text.zh
        assert check.text.en
        assert (check.exit_code != 0) == (check.state == "fail")
        assert check.state != "fail" or check.remedy
    return {check.key: check for check in checks}


def dated(code: str, off: timedelta = timedelta(0), **more: object) -> bytes:
    date = format_datetime(datetime.now(UTC) + off, usegmt=True)
    return reply(json.dumps({"statusCode": code, **more}), f"Date: {date}")


def test_all_is_well(hostile: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("YTX_CONFIG")
    monkeypatch.chdir(tmp_path)
    found = diagnose(hostile(dated("0", data=[{"meid": "1"}])).url)
    assert list(found) == ["settings", "address", "connection", "call", "clock", "application"]
    assert {check.state for check in found.values()} == {"ok"}
    assert exit_code(found.values()) == 0
    assert "records: 1" in found["call"].text.en


def test_settings_are_told_with_their_origin_and_no_secret(hostile: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YTX_APP_ID", APP)
    monkeypatch.setenv("YTX_ENVIRONMENT", "sandbox")
    monkeypatch.setenv("YTX_CONFIG", "/nowhere/ytxdata.toml")
    told = diagnose(hostile(dated("0")).url, app_id=None)["settings"]
    assert "environment YTX_APP_ID" in told.text.en
    assert "（环境变量 YTX_APP_ID）" in told.text.zh
    assert "auth_token = *** (argument)" in told.text.en
    assert "auth_token = ***（参数）" in told.text.zh
    assert "base_url wins" in told.text.en
    assert TOKEN not in repr(told)
    assert told.state == "warn"  # for the file that is not there


def test_missing_settings_end_it_with_code_2() -> None:
    found = diagnose(None, account_sid=None, auth_token=None)
    assert list(found) == ["settings"]
    assert exit_code(found.values()) == 2
    assert "YTX_AUTH_TOKEN" in found["settings"].text.en


def test_a_wrong_limit_is_a_finding_too() -> None:
    assert exit_code(diagnose("http://127.0.0.1:1", timeout=0).values()) == 2


def test_an_unknown_host_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    found = diagnose("http://api.ytx.invalid")
    assert list(found) == ["settings", "encryption", "address"]
    assert exit_code(found.values()) == 4


def test_a_file_with_the_token_that_others_can_read_is_an_error_with_the_command_that_mends_it(
    hostile: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "my settings.toml"
    path.write_text(f'account_sid = "{SID}"\nauth_token = "{TOKEN}"\napp_id = "{APP}"\n')
    monkeypatch.setenv("YTX_CONFIG", str(path))
    nothing = {"account_sid": None, "auth_token": None, "app_id": None}
    url = hostile(dated("0")).url
    path.chmod(0o640)
    found = diagnose(url, **nothing)
    assert (found["settings_file"].state, exit_code(found.values())) == ("fail", 2)
    assert found["settings_file"].remedy is not None
    assert found["settings_file"].remedy.en == f"run chmod 600 '{path}'"
    assert found["call"].state == "ok"
    path.chmod(0o600)
    assert "settings_file" not in diagnose(url, **nothing)


def test_plain_http_to_another_machine_is_told_every_time(hostile: Server) -> None:
    proxies = {"http": hostile(dated("0")).url}
    for _ in range(2):
        found = diagnose("http://api.ytx.invalid", proxies=proxies)
        assert found["encryption"].state == "warn"
        assert "https" in (found["encryption"].remedy or found["call"].text).en


def test_a_closed_port_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    found = diagnose(f"http://127.0.0.1:{port}")
    assert found["connection"].state == "fail"
    assert str(port) in found["connection"].text.en
    assert exit_code(found.values()) == 4


def test_behind_a_proxy_reachability_is_left_to_the_call(hostile: Server) -> None:
    found = diagnose("http://api.ytx.invalid", proxies={"http": hostile(dated("0")).url})
    assert list(found) == ["settings", "encryption", "call", "clock", "application"]
    assert exit_code(found.values()) == 0


@pytest.mark.parametrize(
    ("code", "exits", "words"),
    [
        ("-200", 3, "no such account SID"),
        ("-201", 3, "reactivate"),
        ("-203", 3, "copy both again"),
        ("-204", 3, "top up"),
        ("-2", 4, "required parameter"),
        ("-100", 4, "support"),
        ("-999", 4, "requestId"),
    ],
)
def test_each_refusal_gets_its_advice_and_exit_code(hostile: Server, code: str, exits: int, words: str) -> None:
    found = diagnose(hostile(dated(code)).url)
    assert exit_code(found.values()) == exits
    assert found["call"].remedy
    assert words in found["call"].remedy.en
    assert found["application"].state == "warn"


def test_a_clock_refusal_names_the_measured_skew(hostile: Server) -> None:
    found = diagnose(hostile(dated("-202", timedelta(minutes=25))).url)
    assert found["clock"].state == "fail"
    assert "behind the server's" in found["clock"].text.en
    assert "1,50" in found["clock"].text.en or "1,49" in found["clock"].text.en
    assert exit_code(found.values()) == 3


def test_a_skew_of_whole_hours_points_at_the_time_zone(hostile: Server) -> None:
    clock = diagnose(hostile(dated("-202", timedelta(hours=-8))).url)["clock"]
    assert clock.remedy
    assert "zone" in clock.remedy.en


def test_a_clock_refusal_with_a_right_clock_points_elsewhere(hostile: Server) -> None:
    clock = diagnose(hostile(dated("-202")).url)["clock"]
    assert clock.remedy
    assert "account SID" in clock.remedy.en


def test_a_skew_is_told_even_when_the_call_succeeds(hostile: Server) -> None:
    found = diagnose(hostile(dated("0", timedelta(minutes=5))).url)
    assert (found["clock"].state, found["call"].state) == ("warn", "ok")
    assert exit_code(found.values()) == 0


@pytest.mark.parametrize(
    ("place", "n_causes", "words"),
    [("production", 3, "管理 → 应用管理 → 应用列表"), ("sandbox", 3, "ruled out"), ("custom", 4, "whitelist")],
)
def test_an_application_refusal_gets_the_causes_that_its_environment_has(
    hostile: Server, monkeypatch: pytest.MonkeyPatch, place: str, n_causes: int, words: str
) -> None:
    url = hostile(dated("-205")).url
    if place != "custom":
        monkeypatch.setitem(BASE_URLS, place, url)
    found = diagnose(url)
    application = found["application"]
    assert application.state == "fail"
    assert application.remedy
    assert len(application.remedy.en.splitlines()) == len(application.remedy.zh.splitlines()) == n_causes
    assert words in application.remedy.en
    assert exit_code(found.values()) == 3


def test_a_network_failure_in_the_call_ends_it(hostile: Server) -> None:
    found = diagnose(hostile([b"", 0.5]).url, timeout=0.1)
    assert list(found) == ["settings", "address", "connection", "call"]
    assert exit_code(found.values()) == 4


def test_a_silent_name_lookup_is_a_finding_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: released.wait(2) and [])
    found = diagnose("http://api.ytx.invalid", timeout=0.1)
    released.set()
    assert found["address"].state == "fail"


def test_warnings_of_an_answer_are_told(hostile: Server) -> None:
    call = diagnose(hostile(said(None, data=[{"meid": "1"}])).url)["call"]
    assert call.state == "warn"
    assert "statusCode" in call.text.en
