"""Many accounts in one process: each has a company, a token and a history of its own."""

from __future__ import annotations

import stat
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import ytxdata as ytx
from ytxdata.emulator import Emulator, write_fleet_file
from ytxdata.errors import CredentialsError, UsageError

Start = Callable[..., tuple[Emulator, Any]]


def client(server: Emulator, name: str) -> ytx.Client:
    return ytx.Client(base_url=server.url, **server.accounts[name])


def ids(server: Emulator, name: str) -> set[str]:
    return set(client(server, name).fetch_meetings(100).meetings["meeting_id"])


def test_each_account_sees_its_own_meetings_alone(start: Start) -> None:
    server, _ = start(meetings=20, accounts=3)
    found = [ids(server, name) for name in server.accounts]
    assert list(server.accounts) == ["account-1", "account-2", "account-3"]
    assert [len(one) for one in found] == [20, 20, 20]
    assert not found[0] & found[1]
    assert not found[1] & found[2]
    for name, seen in zip(server.accounts, found, strict=True):
        assert seen == {meeting["meeting_id"] for meeting in server.backends[name].truth()["meetings"]}


def test_the_first_of_many_is_the_account_that_stood_alone(start: Start) -> None:
    server, _ = start(meetings=20, accounts=3)
    alone, _ = start(meetings=20)
    assert server.accounts["account-1"] == alone.credentials == server.credentials
    assert server.truth() == alone.truth()


def test_a_token_is_good_for_its_own_account_alone(start: Start) -> None:
    server, _ = start(meetings=5, accounts=2)
    mixed, strange = server.accounts["account-1"], server.accounts["account-1"]
    mixed["auth_token"], strange["account_sid"] = server.accounts["account-2"]["auth_token"], "0" * 32
    with pytest.raises(CredentialsError):
        ytx.Client(base_url=server.url, **mixed).query_meeting()
    with pytest.raises(CredentialsError):
        ytx.Client(base_url=server.url, **strange).query_meeting()


def test_an_account_may_be_refused_while_others_are_served(start: Start) -> None:
    server, _ = start(meetings=5, accounts=2)
    refused = server.backends["account-2"]
    refused.options = replace(refused.options, account_state="suspended")
    with pytest.raises(CredentialsError, match="suspended"):
        client(server, "account-2").query_meeting()
    assert len(ids(server, "account-1")) == 5


def test_clocks_go_together_also_of_a_company_that_nobody_has_asked_yet(start: Start) -> None:
    server, _ = start(meetings=5, accounts=2, rate=40)
    server.advance(days=1)
    late = ids(server, "account-2")
    assert len(late) > 5
    assert server.backends["account-2"].now == server.now
    assert late == {one["meeting_id"] for one in server.backends["account-2"].truth()["meetings"]}


def test_faults_and_options_are_those_of_the_server(start: Start) -> None:
    server, _ = start(meetings=30, accounts=2)
    server.set_faults("code=-999,count=1")
    with pytest.raises(ytx.YtxError):
        client(server, "account-2").query_meeting()
    server.options.cap = 7
    assert len(ids(server, "account-1")) == len(ids(server, "account-2")) == 7
    assert len(server.requests) == 3


def test_a_thousand_accounts_cost_what_is_asked_of(start: Start) -> None:
    server, _ = start(meetings=5, accounts=1000)
    assert len(server.accounts) == len({one["account_sid"] for one in server.accounts.values()}) == 1000
    assert len(ids(server, "account-0777")) == 5
    assert "accounts=1000" in repr(server)


def test_no_token_is_in_a_repr(start: Start) -> None:
    server, _ = start(meetings=5, accounts=2)
    ids(server, "account-2")
    shown = repr(server) + repr(server.requests) + repr(dict(server.backends)) + repr(server.backends.known)
    assert not [one for one in server.accounts.values() if one["auth_token"] in shown]


@pytest.mark.parametrize("accounts", [0, -1])
def test_no_accounts_are_refused(accounts: int) -> None:
    with pytest.raises(UsageError, match="at least one account"):
        Emulator(accounts=accounts)


@pytest.mark.skipif(sys.platform == "win32", reason="file modes differ there")
def test_the_fleet_file_holds_all_accounts_and_is_nobody_elses(tmp_path: Path, start: Start) -> None:
    server, _ = start(meetings=5, accounts=2)
    path = tmp_path / "fleet.toml"
    for _ in range(2):  # its own is replaced
        write_fleet_file(path, server.fleet)
    assert tomllib.loads(path.read_text(encoding="utf-8")) == {"accounts": server.fleet}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text('[accounts.north]\naccount_sid = "mine"\n', encoding="utf-8")
    with pytest.raises(UsageError, match="no settings file of the emulator"):
        write_fleet_file(path, server.fleet)
    assert "mine" in path.read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_command_line_serves_several(tmp_path: Path) -> None:
    path = tmp_path / "fleet.toml"
    code = "import sys, tomllib; print(len(tomllib.load(open(sys.argv[1], 'rb'))['accounts']))"
    told = [
        sys.executable,
        "-m",
        "ytxdata",
        "emulator",
        "--meetings",
        "5",
        "--accounts",
        "4",
        "--fleet-file",
        str(path),
    ]
    done = subprocess.run(
        [*told, "--run", sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "4"
