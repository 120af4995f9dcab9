"""The verb `doctor`: it names the cause that fits, and what is missing and where."""

from __future__ import annotations

import json
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
