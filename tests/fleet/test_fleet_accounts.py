"""What may stand in a fleet.toml, who is asked with what, and which addresses get nobody's credentials."""

from __future__ import annotations

import json
import os
import shutil
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.testing import CliRunner

from ytxdata import Archive, Client, Fleet
from ytxdata.cli import app
from ytxdata.emulator import Emulator
from ytxdata.errors import RiskWarning, SettingsError

CANARY = "c0ffee-token-that-nobody-may-see"
SID = "abcdefghijklmnopqrstuvwxyz012345"


def written(folder: Path, text: str) -> Path:
    path = folder / "fleet.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


def test_a_file_says_all_there_is_to_say(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        f"""
[accounts.north]
account_sid = "{SID}"
auth_token_env = "NORTH_TOKEN"
app_id = "app"
environment = "sandbox"
labels = {{ company = "甲", region = "北" }}

[accounts."南方"]
account_sid = "{SID}"
auth_token = "{CANARY}"
app_id = "app2"
base_url = "https://gateway.example"
archive = "elsewhere/south.archive"
""",
    )
    fleet = Fleet(path)
    assert (len(fleet), fleet.names) == (2, ["north", "南方"])
    assert fleet["north"].path == tmp_path / "north.archive"
    assert fleet["南方"].path == tmp_path / "elsewhere" / "south.archive"
    assert fleet.labels == {"north": {"company": "甲", "region": "北"}, "南方": {}}
    assert Fleet(tmp_path).names == fleet.names
    with pytest.raises(KeyError):
        fleet["west"]


def test_labels_for_machines_are_masked(tmp_path: Path) -> None:
    written(tmp_path, '[accounts.a]\napp_id = "x"\nlabels = { owner = "张伟 15416594396" }\n')
    told = CliRunner().invoke(app, ["fleet", "status", str(tmp_path), "--json"])
    assert "154****4396" in told.stdout
    assert "15416594396" not in told.stdout


@pytest.mark.slow
def test_accounts_that_look_alike_when_masked_have_one_name_each_wherever_they_leave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Masked, `13822225678` and `13811115678` are one name, by which nothing can be looked up any more."""
    monkeypatch.setenv("COLUMNS", "200")
    one, two, text = "13822225678", "13811115678", '[accounts.{0}]\nlabels = {{ owner = "张伟 {0}", status = "vip" }}\n'
    written(tmp_path, text.format(one) + text.format(two))
    for verb, code in (("status", 0), ("sync", 2), ("audit", 2)):
        plain, json_ = (
            CliRunner().invoke(app, ["fleet", verb, str(tmp_path), *more], env={"YTX_LANG": "en"})
            for more in ((), ("--json",))
        )
        rows = json.loads(json_.stdout)["accounts"]
        assert (plain.exit_code, json_.exit_code) == (code, code)
        assert [row["account"] for row in rows] == ["138****5678", "138****5678 (2)"]
        assert [line.split("  ")[0] for line in plain.stdout.splitlines()[1:3]] == ["138****5678", "138****5678 (2)"]
        assert not [number for number in (one, two) if number in plain.stdout + json_.stdout]
        if verb != "audit":
            owners = ["张伟 138****5678", "张伟 138****5678 (2)"]
            assert [row["labels"] for row in rows] == [{"owner": owner, "status": "vip"} for owner in owners]
            alone = CliRunner().invoke(app, ["fleet", verb, str(tmp_path), "--account", two, "--json"])
            assert [row["labels"]["owner"] for row in json.loads(alone.stdout)["accounts"]] == owners[1:]


def test_an_account_has_one_name_whatever_its_mask_looks_like(tmp_path: Path) -> None:
    """`李四139****0001` may be read as a number once more: four, one, three, nine."""
    written(tmp_path, "".join(f'[accounts."李四1391234000{n}"]\n' for n in (1, 2)))
    told = [CliRunner().invoke(app, ["fleet", verb, str(tmp_path), "--json"]) for verb in ("status", "audit")]
    names = [[row["account"] for row in json.loads(one.stdout)["accounts"]] for one in told]
    assert names == [["李四139****0001", "李四139****0002"]] * 2


def test_a_label_takes_the_place_of_no_result(tmp_path: Path) -> None:
    labels = {"status": "vip", "Verdict": "x", "exit_code": "y", "label_status": "z"}
    fleet = Fleet({"a": {"labels": labels}}, folder=tmp_path)
    for table in (fleet.sync(), fleet.status()):
        row = table.to_dicts()[0]
        assert {"vip", "x", "y", "z"} <= set(row.values())
        assert [one.en for one in table.definitions[1:5]] == sorted(labels)
    told = ("status", "exit_code", "label_exit_code", "label_status", "label_label_status", "label_Verdict")
    assert fleet.sync().arrow.select(told).to_pylist()[0] == dict(
        zip(told, ("not_asked", 2, "y", "z", "vip", "x"), strict=True)
    )


def test_any_label_chooses_accounts(tmp_path: Path) -> None:
    fleet = Fleet({"a": {"labels": {"self": "x", "names": "y"}}, "b": {}}, folder=tmp_path)
    assert fleet.where(self="x", names="y").names == ["a"]


def test_a_mapping_takes_the_same_keys(tmp_path: Path) -> None:
    fleet = Fleet({"a": {"app_id": "x", "labels": {"region": "R"}}, "b": {"archive": "c.archive"}}, folder=tmp_path)
    assert [fleet[name].path.name for name in fleet.names] == ["a.archive", "c.archive"]
    assert fleet.where(region="R").names == ["a"]


def test_a_folder_of_archives_is_a_fleet(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / f"{name}.archive").mkdir()
    assert Fleet(tmp_path).names == ["a", "b"]


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"a": {"acount_sid": CANARY}}, "did you mean account_sid"),
        ({"a": {"auth_token": CANARY, "auth_token_env": "X"}}, "excludes auth_token"),
        ({"a": {"labels": {"department": "x"}}}, "cannot be called department"),
        ({"a": {"labels": {"company": 5}}}, "labels must be texts"),
        ({"a": {"archive": ""}}, "archive must be a path"),
        ({"a": CANARY}, "must be a table"),
        ({"../a": {}}, "no name for an account"),
        ({"a ": {}}, "no name for an account"),
        ({"cafe\u0301": {}}, r"no name for an account: 'cafe\\u0301'"),
        ({"": {}}, "no name for an account"),
        ({"a": {}, "A": {}}, "is that of a too"),
        ({"a": {}, "b": {"archive": "x/../a.archive"}}, "is that of a too"),
        ({"b": {"archive": "a.archive/raw"}, "a": {}}, "account b: its archive lies inside of that of a"),
        ({"a": {"account_sid": SID, "app_id": "x"}, "b": {"account_sid": SID, "app_id": "x"}}, "would count twice"),
        (
            {
                "a": {"account_sid": SID, "app_id": "x", "base_url": "https://Gateway.example/"},
                "b": {"account_sid": f" {SID}", "app_id": "x", "base_url": "https://gateway.example"},
            },
            "are those of a too",
        ),
        (
            {
                "a": {"account_sid": SID, "app_id": "x", "base_url": "http://127.0.0.1:80/v1/."},
                "b": {"account_sid": SID, "app_id": "x", "base_url": "https://localhost/v1"},
            },
            "are those of a too",
        ),
        ({}, "there are no accounts"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name_and_without_the_value(entries: Any, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as caught:
        Fleet(entries)
    assert CANARY not in str(caught.value)


def test_one_archive_behind_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.archive").mkdir()
    (tmp_path / "b.archive").symlink_to(tmp_path / "a.archive", target_is_directory=True)
    with pytest.raises(SettingsError, match="is that of a too"):
        Fleet(tmp_path)
    with pytest.raises(SettingsError, match="is that of a too"):
        Fleet({"a": {}, "b": {}}, folder=tmp_path)


def test_one_account_asked_at_two_addresses_or_for_two_applications_is_two(tmp_path: Path) -> None:
    one = {"account_sid": SID, "app_id": "x"}
    entries = {"a": one, "b": {**one, "app_id": "y"}, "c": {**one, "environment": "sandbox"}}
    for name, path in (("d", ":8080"), ("e", ":8081"), ("f", ":8080/v2")):
        entries[name] = {**one, "base_url": f"http://localhost{path}"}
    assert Fleet(entries, folder=tmp_path).names == [*"abcdef"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[account.a]\n", "holds tables"),
        ("accounts = 5\n", "holds tables"),
        (f'[accounts.a]\nauth_token = "{CANARY}\n', "not valid TOML"),
    ],
)
def test_a_file_of_another_form_is_refused_without_its_words(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as caught:
        Fleet(written(tmp_path, text))
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    with pytest.raises(SettingsError, match="there is no"):
        Fleet(tmp_path / "nowhere.toml")
    with pytest.raises(SettingsError, match="no fleet in a int"):
        Fleet(5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "place", "is_chinese"),
    [
        ("[accounts.a]\n[accounts.南方]\n", ("第 2 行第 11 列", "line 2, column 11"), True),
        ("[accounts.a]\nlabels = { company = 南方 }\n", ("第 2 行第 22 列", "line 2, column 22"), True),
        ("[accounts.a]\napp_id = app\n", ("第 2 行第 10 列", "line 2, column 10"), False),
        ('[accounts.a]\nlabels = { company = "a"', ("文件末尾", "at its end"), False),
    ],
)
def test_where_a_file_cannot_be_read_is_said_in_both_languages(
    tmp_path: Path, text: str, place: tuple[str, str], is_chinese: bool
) -> None:
    with pytest.raises(SettingsError) as caught:
        Fleet(written(tmp_path, text))
    cause, remedy = caught.value.cause, caught.value.remedy
    assert place[0] in cause.zh
    assert place[1] in cause.en
    assert " at " not in cause.zh
    assert remedy is not None
    assert ("引号" in remedy.zh, "quotes" in remedy.en) == (is_chinese, is_chinese)
    assert "删除" not in remedy.zh


@pytest.mark.skipif(os.name != "posix", reason="modes of files differ there")
def test_a_file_that_others_can_read_is_told_with_the_command_that_closes_it(tmp_path: Path) -> None:
    path = written(tmp_path, f'[accounts.a]\nauth_token = "{CANARY}"\n')
    path.chmod(0o644)
    with pytest.warns(RiskWarning, match=f"run chmod 600 {path}"):
        Fleet(path)


def told(fleet: Fleet, name: str) -> Any:
    return next(one for one in fleet.accounts if one.name == name).settings()


def test_a_token_comes_from_the_file_the_environment_or_the_keyring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = ModuleType("keyring")
    kept = {"c.auth_token": "from-keyring", "auth_token": "of-the-one-account"}
    ring.get_password = lambda _service, name: kept.get(name)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", ring)
    monkeypatch.setenv("TOKEN_B", "from-environment")
    monkeypatch.setenv("YTX_AUTH_TOKEN", "of-this-machine")
    monkeypatch.setenv("YTX_BASE_URL", "http://127.0.0.1:9")
    base = {"account_sid": SID, "app_id": "app"}
    entries = {
        "a": {**base, "auth_token": "from-file"},
        "b": {**base, "app_id": "b", "auth_token_env": "TOKEN_B"},
        "c": {**base, "app_id": "c"},
        "d": {**base, "app_id": "d"},
    }
    fleet = Fleet(entries, folder=tmp_path)
    tokens = [told(fleet, name).auth_token.get_secret_value() for name in "abc"]
    assert tokens == ["from-file", "from-environment", "from-keyring"]
    assert {told(fleet, name).base_url for name in "abc"} == {"http://api.ytx.net"}
    assert "auth_token missing" in str(told(fleet, "d"))
    monkeypatch.delenv("TOKEN_B")
    assert "TOKEN_B is not set" in str(told(fleet, "b"))


ADDRESS = '[accounts.a]\naccount_sid = "{sid}"\napp_id = "x"\nbase_url = "http://127.0.0.1:9"\n{token}\n'


def test_an_address_of_a_file_directs_the_credentials_of_that_file(tmp_path: Path) -> None:
    path = written(tmp_path, ADDRESS.format(sid=SID, token=f'auth_token = "{CANARY}"'))
    assert told(Fleet(path), "a").base_url == "http://127.0.0.1:9"


def test_a_file_that_was_named_may_direct_the_variable_it_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN_A", CANARY)
    path = written(tmp_path, ADDRESS.format(sid=SID, token='auth_token_env = "TOKEN_A"'))
    assert told(Fleet(path), "a").base_url == "http://127.0.0.1:9"


def test_a_file_that_merely_lies_there_directs_no_credentials_but_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOKEN_A", CANARY)
    written(tmp_path, ADDRESS.format(sid=SID, token='auth_token_env = "TOKEN_A"'))
    refused = told(Fleet.found_here(), "a")
    assert isinstance(refused, SettingsError)
    assert "come from different places" in str(refused)
    written(tmp_path, ADDRESS.format(sid=SID, token=f'auth_token = "{CANARY}"'))
    assert told(Fleet.found_here(), "a").base_url == "http://127.0.0.1:9"


def test_no_file_directs_the_token_of_the_one_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YTX_AUTH_TOKEN", CANARY)
    path = written(tmp_path, ADDRESS.format(sid=SID, token='auth_token_env = "YTX_AUTH_TOKEN"'))
    refused = told(Fleet(path), "a")
    assert isinstance(refused, SettingsError)
    assert "come from different places" in str(refused)


@pytest.mark.skipif(sys.platform == "win32", reason="file modes differ there")
def test_a_file_of_tokens_that_others_can_read_is_told(tmp_path: Path) -> None:
    path = written(tmp_path, f'[accounts.a]\nauth_token = "{CANARY}"\n')
    path.chmod(0o644)
    with pytest.warns(RiskWarning, match="other users"):
        Fleet(path)
    written(tmp_path, '[accounts.a]\nauth_token_env = "X"\n').chmod(0o644)
    Fleet(path)


def _frames(error: BaseException) -> str:
    """A traceback with the values of its frames, as debuggers and error trackers show it."""
    lines = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join(lines.format())


@pytest.mark.parametrize(
    "entry",
    [
        {"account_sid": SID, "auth_token": CANARY, "app_id": "x", "base_url": "ftp://nowhere"},
        {"account_sid": SID, "auth_token": CANARY},
        {"account_sid": SID, "auth_token": CANARY, "app_id": "x", "base_url": "http://127.0.0.1:9"},
    ],
)
def test_the_token_is_in_no_repr_summary_log_or_traceback(
    tmp_path: Path, entry: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")

    fleet = Fleet({"a": dict(entry)}, folder=tmp_path)
    done = fleet.sync()
    assert done.exit_code > 0
    shown = [repr(fleet), repr(fleet.accounts), repr(vars(fleet)), repr(done), repr(done.lines), str(done.to_dicts())]
    assert CANARY not in "".join(shown) + caplog.text
    assert SID not in "".join(shown) + caplog.text
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in files if CANARY.encode() in path.read_bytes()]


def test_a_refusal_leaves_no_token_in_the_frames_of_its_traceback(tmp_path: Path) -> None:
    entries = {"a": {"account_sid": SID, "auth_token": CANARY, "app_id": "x", "auth_tokens": CANARY}}
    with pytest.raises(SettingsError, match="auth_tokens is no known setting") as caught:
        Fleet(entries, folder=tmp_path)
    assert CANARY not in str(caught.value) + repr(caught.value)
    ours = _frames(caught.value).partition("in __init__")[2]
    assert "Fleet(0 accounts" in ours
    assert CANARY not in ours


def test_a_token_in_the_place_of_a_name_is_not_shown(tmp_path: Path) -> None:
    token = "0123456789abcdef0123456789abcdef"
    for text in (f'[accounts.a]\n{token} = "auth_token"', f'{token} = "auth_token"', f'[accounts."{token}!"]'):
        with pytest.raises(SettingsError, match=r"0123\*\*\*") as caught:
            Fleet(written(tmp_path, text))
        assert token not in str(caught.value) + repr(caught.value) + _frames(caught.value).partition("in __init__")[2]
    fleet = Fleet({token: {}, "north": {}}, folder=tmp_path)
    assert repr(fleet) == "Fleet(2 accounts: 0123***, north)"


def test_the_archives_of_a_fleet_hold_no_token(tmp_path: Path) -> None:
    with Emulator(meetings=20, accounts=2) as server:
        tokens = [entry["auth_token"].encode() for entry in server.accounts.values()]
        done = Fleet(server.fleet, folder=tmp_path).sync()
    assert done.exit_code == 0
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or not any(token in path.read_bytes() for token in tokens)


def test_limits_that_are_given_come_before_those_of_the_file_and_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YTX_TIMEOUT", "7")
    entry = {"account_sid": SID, "app_id": "app", "auth_token": "from-file", "total_timeout": 40.0}
    (account,) = Fleet({"a": entry}, folder=tmp_path).accounts
    for given, wanted in (
        ({}, (7.0, 40.0)),
        ({"timeout": 3.0, "total_timeout": None}, (3.0, 40.0)),
        ({"total_timeout": 9.0}, (7.0, 9.0)),
    ):
        made: Any = account.settings(given)
        assert (made.timeout, made.total_timeout) == wanted


def test_an_archive_that_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    for name in ("north", "south"):
        (tmp_path / f"{name}.archive").mkdir()
    (tmp_path / "north.archive" / "archive.json").mkdir()  # where a file should be
    assert Fleet(tmp_path).names == ["north", "south"]


def test_a_copy_of_an_archive_beside_it_is_refused(tmp_path: Path) -> None:
    """A backup in the folder would count its meetings twice."""
    with Emulator(meetings=5) as server:
        Archive(tmp_path / "north.archive").sync(Client(base_url=server.url, **server.credentials))
    assert Fleet(tmp_path).names == ["north"]
    shutil.copytree(tmp_path / "north.archive", tmp_path / "backup.archive")
    with pytest.raises(SettingsError, match="copy of that of backup"):
        Fleet(tmp_path)
