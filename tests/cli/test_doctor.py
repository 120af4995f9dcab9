"""The verb `doctor`: it names the cause that fits, and what is missing and where."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.cli.verbs import run
from ytxdata.emulator import Emulator


@pytest.mark.parametrize(
    ("options", "credentials", "code", "said"),
    [
        ({}, {"YTX_AUTH_TOKEN": "wrong"}, 3, "token"),
        ({}, {"YTX_APP_ID": "nobody"}, 3, "whitelist"),
        ({}, {"YTX_ACCOUNT_SID": "f" * 32}, 3, "account"),
        ({"account_state": "no_balance"}, {}, 3, "balance"),
        ({"account_state": "suspended"}, {}, 3, "suspended"),
        ({"app_state": "offline"}, {}, 3, "online"),
        ({"whitelist": ["10.1.2.3"]}, {}, 3, "whitelist"),
        ({"clock_skew_s": 7200.0}, {}, 3, "clock"),
        ({"faults": ["html"]}, {}, 4, "web page"),
    ],
)
def test_doctor_names_the_cause_that_fits(
    options: dict[str, object],
    credentials: dict[str, str],
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Emulator(meetings=5, **options) as server:
        for name, value in (server.env | credentials).items():
            monkeypatch.setenv(name, value)
        assert run("--lang", "both", "doctor") == code
        told = capsys.readouterr().out
    assert said in told
    assert "→" in told
    assert server.env["YTX_AUTH_TOKEN"] not in told


class _Refusing(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        told = json.dumps({"statusCode": "111111", "statusMsg": "用户 13912345604 0755-88886666 无权限"}).encode()
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/json;charset=utf-8")
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.parametrize("options", [["--json"], ["--schema", "--json"]])
def test_doctor_hides_numbers_in_the_words_of_the_platform(
    options: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Emulator(meetings=1) as emulator, ThreadingHTTPServer(("127.0.0.1", 0), _Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for name, value in (emulator.env | {"YTX_BASE_URL": f"http://127.0.0.1:{server.server_port}"}).items():
            monkeypatch.setenv(name, value)
        assert run("doctor", *options) != 0
        server.shutdown()
    told = capsys.readouterr().out
    assert "用户 139****5604 075****6666 无权限" in told
    assert "12345604" not in told


def test_doctor_names_the_account_it_speaks_of_in_json_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The ends of one id in fifty are digits alone: so a number looks that somebody masked."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with Emulator(meetings=1) as emulator:
            ids = {
                "YTX_ACCOUNT_SID": "1541134185f5aaadcaf34ff93fd26134",
                "YTX_APP_ID": "39950f45825388928e9ad920b1f98083",
            }
            for name, value in (
                emulator.env | ids | {"YTX_BASE_URL": f"http://127.0.0.1:{server.server_port}"}
            ).items():
                monkeypatch.setenv(name, value)
            assert run("doctor", "--json") != 0
        server.shutdown()
    told = capsys.readouterr().out
    assert "1541***6134" in told
    assert "3995***8083" in told
    assert "用户 139****5604 075****6666 无权限" in told


def test_doctor_is_content_with_a_good_account(account: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("doctor", "--json") == 0
    checks = json.loads(capsys.readouterr().out)["checks"]
    assert {check["state"] for check in checks} == {"ok"}
    assert {"settings", "call", "clock", "application"} <= {check["key"] for check in checks}


def test_doctor_without_settings_says_what_is_missing_and_where_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--lang", "zh", "doctor") == 2
    told = capsys.readouterr().out
    assert "YTX_ACCOUNT_SID" in told
    assert "控制台" in told


def test_doctor_describes_what_records_look_like(
    account: Emulator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "account.md"
    assert run("doctor", "--schema", "--page", str(page)) == 0
    assert "meid" in page.read_text("utf-8")
