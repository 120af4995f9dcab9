"""Settings: precedence, origins, and refusals that name what to do."""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from tests.platform.hostile import APP, SID, TOKEN
from ytxdata.errors import RiskWarning, SettingsError
from ytxdata.platform.settings import BASE_URLS, NAMES, PROBLEMS, Settings

GIVEN = {"account_sid": SID, "auth_token": TOKEN, "app_id": APP}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str | bytes], Path]:
    """Return a writer of the configuration file."""
    path = tmp_path / "my.toml"
    monkeypatch.setenv("YTX_CONFIG", str(path))

    def write(text: str | bytes) -> Path:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(0o600)
        return path

    return write


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A keyring with what the test puts into it."""
    import keyring

    kept: dict[str, str] = {}
    monkeypatch.setattr(keyring, "get_password", lambda service, name: kept.get(name) if service == "ytxdata" else None)
    return kept


def test_arguments_win_over_environment_over_file_over_keyring(
    config: Callable[[str], Path], ring: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = config(f'account_sid = "file-sid"\napp_id = "file-app"\nversion = "201701"\nauth_token = "{TOKEN}"')
    ring.update(account_sid="ring-sid", auth_token="ring-token", app_id="ring-app")
    monkeypatch.setenv("YTX_ACCOUNT_SID", "env-sid")
    monkeypatch.setenv("YTX_APP_ID", "env-app")
    settings = Settings.load(app_id="arg-app")
    assert (settings.account_sid, settings.app_id, settings.version) == ("env-sid", "arg-app", "201701")
    assert settings.auth_token.get_secret_value() == TOKEN
    assert settings.sources() == {
        "account_sid": "environment YTX_ACCOUNT_SID",
        "auth_token": f"file {path}",
        "app_id": "argument",
        "environment": "default",
        "base_url": "default",
        "version": f"file {path}",
        "func": "default",
        "fun_url": "default",
        "timeout": "default",
        "total_timeout": "default",
        "aliases": "default",
    }


def test_keyring_fills_what_is_missing_and_is_not_asked_for_more(
    ring: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import keyring

    asked: list[str] = []
    ring["auth_token"] = TOKEN

    def get(service: str, name: str) -> str | None:
        asked.append(name)
        return ring.get(name)

    monkeypatch.setattr(keyring, "get_password", get)
    settings = Settings.load(account_sid=SID, app_id=APP)
    assert asked == ["auth_token"]
    assert settings.sources()["auth_token"] == "keyring"


def test_a_keyring_that_fails_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    import keyring

    def locked(service: str, name: str) -> str:
        raise RuntimeError(f"locked {TOKEN}")

    monkeypatch.setattr(keyring, "get_password", locked)
    with pytest.raises(SettingsError, match="auth_token"):
        Settings.load(account_sid=SID, app_id=APP)


def test_the_file_in_the_working_directory_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("YTX_CONFIG")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ytxdata.toml").write_bytes(
        b'\xef\xbb\xbfenvironment = "sandbox"\n[aliases]\nmeeting_id = ["room_no"]\nname = "titel"\nlegs.phone = ["tel"]\n'
    )
    settings = Settings.load(**GIVEN)
    assert settings.base_url == BASE_URLS["sandbox"]
    assert settings.sources()["environment"] == "file ytxdata.toml"
    assert settings.aliases == {"meeting_id": ("room_no",), "name": "titel", "legs.phone": ("tel",)}


@pytest.mark.parametrize("blank", ["", "  ", None])
def test_blank_counts_as_not_given(blank: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YTX_APP_ID", "from-env")
    monkeypatch.setenv("YTX_BASE_URL", " ")
    settings = Settings.load(**{**GIVEN, "app_id": blank})
    assert (settings.app_id, settings.base_url) == ("from-env", BASE_URLS["production"])


def test_blanks_around_pasted_values_are_dropped() -> None:
    settings = Settings.load(
        account_sid=f" {SID}\n", auth_token=f"\t{TOKEN}\r\n", app_id=f"{APP} ", environment=" Sandbox "
    )
    assert (settings.account_sid, settings.app_id, settings.environment) == (SID, APP, "sandbox")
    assert settings.auth_token.get_secret_value() == TOKEN
    assert Settings.load(**{**GIVEN, "auth_token": SecretStr(TOKEN)}).auth_token.get_secret_value() == TOKEN


def test_base_url_wins_over_environment() -> None:
    settings = Settings.load(**GIVEN, environment="sandbox", base_url="https://gate.example.org:8443/ytx/")
    assert settings.endpoint() == f"https://gate.example.org:8443/ytx/201612/sid/{SID}/call/MeetingQuery.wx"


def test_path_parts_cannot_leave_their_place() -> None:
    settings = Settings.load(account_sid="a/../b?c", auth_token=TOKEN, app_id=APP)
    assert settings.endpoint() == "http://api.ytx.net/201612/sid/a%2F..%2Fb%3Fc/call/MeetingQuery.wx"


def test_each_missing_setting_is_named_with_variable_and_place_in_both_languages() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.load()
    text = str(caught.value)
    for name in ("YTX_ACCOUNT_SID", "YTX_AUTH_TOKEN", "YTX_APP_ID"):
        assert text.count(name) == 2
    assert "管理 → 控制台 → 开发者账号" in text
    assert "管理 → 应用管理 → 应用列表" in text
    assert "未设置" in text
    assert "is not set" in text
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("setting", "value", "problem"),
    [
        ("base_url", "api.ytx.net", "not_http"),
        ("base_url", "ftp://api.ytx.net", "not_http"),
        ("base_url", "http://", "no_host"),
        ("base_url", "http:///path", "no_host"),
        ("base_url", "http://host:99999", "no_host"),
        ("base_url", "http://host:", "no_host"),
        ("base_url", "http://ho\\st", "no_host"),
        ("base_url", "http://user:canary@host", "userinfo"),
        ("base_url", "http://host/?Sign=canary", "query"),
        ("base_url", "http://host/#canary", "query"),
        ("base_url", "http://ho st", "odd_characters"),
        ("environment", "http://host", "url_in_environment"),
        ("account_sid", "ａｂｃ", "odd_characters"),
        ("auth_token", "to\u200bken", "odd_characters"),
        ("auth_token", "to ken", "odd_characters"),
        ("app_id", 42, "string_type"),
        ("auth_token", 42, "string_type"),
    ],
)
def test_a_wrong_value_is_refused_with_its_reason_and_never_repeated(setting: str, value: object, problem: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.load(**{**GIVEN, setting: value})
    assert PROBLEMS[problem].zh in caught.value.cause.zh
    assert PROBLEMS[problem].en in caught.value.cause.en
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "guess"),
    [({"environment": "prodction"}, "production"), ({"environment": "sandbx"}, "sandbox"), ({"apid": "x"}, "app_id")],
)
def test_a_near_miss_is_answered_with_did_you_mean(given: dict[str, str], guess: str) -> None:
    with pytest.raises(SettingsError, match=f"did you mean {guess}") as caught:
        Settings.load(**GIVEN, **given)
    assert f"您是想写 {guess} 吗" in caught.value.cause.zh


def test_a_refusal_says_where_the_value_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YTX_ENVIRONMENT", "somewhere")
    with pytest.raises(SettingsError, match="environment YTX_ENVIRONMENT"):
        Settings.load(**GIVEN)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'account_sid = "a"\nauth_token = canary\n', "line 2"),
        (b'auth_token = "canary\n', "line 1"),
        (b'app_id = "\xff canary"', "UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_without_its_content(
    config: Callable[[bytes], Path], content: bytes, said: str
) -> None:
    config(content)
    with pytest.raises(SettingsError, match=said) as caught:
        Settings.load(**GIVEN)
    assert "canary" not in str(caught.value)


def test_a_directory_in_place_of_the_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YTX_CONFIG", str(tmp_path))
    with pytest.raises(SettingsError, match="cannot be opened"):
        Settings.load(**GIVEN)


def test_a_file_that_is_not_where_it_should_be_is_named_when_something_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("YTX_CONFIG", "/nowhere/ytxdata.toml")
    with pytest.raises(SettingsError, match=r"YTX_CONFIG names a file that does not exist: /nowhere/ytxdata\.toml"):
        Settings.load()


def test_wrong_aliases_are_refused_with_an_example() -> None:
    with pytest.raises(SettingsError, match="room_no"):
        Settings.load(**GIVEN, aliases={"meeting_id": 3})


def test_repr_hides_the_token_and_masks_ids() -> None:
    settings = Settings.load(**GIVEN)
    for text in (repr(settings), str(settings), f"{settings!r}", settings.model_dump_json()):
        assert TOKEN not in text
    assert SID not in repr(settings)


def test_settings_refuse_to_be_pickled_but_can_be_copied() -> None:
    settings = Settings.load(**GIVEN)
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(settings)
    assert copy.deepcopy(settings).account_sid == SID


def test_every_setting_has_a_name_in_both_languages() -> None:
    assert set(NAMES) == set(Settings.model_fields)


def test_one_credential_anywhere_means_an_account(
    config: Callable[[str], Path], ring: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YTX_ENVIRONMENT", "sandbox")
    assert not Settings.is_set()
    ring["auth_token"] = TOKEN
    assert Settings.is_set()
    ring.clear()
    config(f'app_id = "{APP}"')
    assert Settings.is_set()


WHOLE = f'account_sid = "{SID}"\nauth_token = "{TOKEN}"\napp_id = "{APP}"\n'
ELSEWHERE = 'base_url = "https://elsewhere.example"\n'


def test_an_address_that_lies_in_the_working_directory_gets_no_credentials_of_another_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ring: dict[str, str]
) -> None:
    monkeypatch.delenv("YTX_CONFIG")
    monkeypatch.chdir(tmp_path)
    Path("ytxdata.toml").write_text(ELSEWHERE)
    for name, value in GIVEN.items():
        monkeypatch.setenv(f"YTX_{name.upper()}", value)
    monkeypatch.setenv("YTX_ENVIRONMENT", "production")
    with pytest.raises(SettingsError) as caught:
        Settings.load()
    assert "ytxdata.toml" in str(caught.value)
    assert "YTX_AUTH_TOKEN" in str(caught.value)
    assert "elsewhere.example" in str(caught.value)
    for name in GIVEN:
        monkeypatch.delenv(f"YTX_{name.upper()}")
    ring.update(GIVEN)
    with pytest.raises(SettingsError, match="keyring"):
        Settings.load()
    with pytest.raises(SettingsError, match="argument"):
        Settings.load(**GIVEN)


def test_an_address_counts_beside_its_credentials_or_in_a_place_that_wins_over_theirs(
    config: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, ring: dict[str, str]
) -> None:
    config(WHOLE + ELSEWHERE)
    assert Settings.load().base_url == "https://elsewhere.example"
    monkeypatch.setenv("YTX_BASE_URL", "https://here.example")
    assert Settings.load().base_url == "https://here.example"
    assert Settings.load(base_url="https://there.example").base_url == "https://there.example"
    monkeypatch.delenv("YTX_BASE_URL")
    config(ELSEWHERE)
    ring.update(GIVEN)
    assert Settings.load().base_url == "https://elsewhere.example"  # YTX_CONFIG names the file
    with pytest.raises(SettingsError, match="account SID"):
        Settings.load(account_sid=SID)


def test_an_address_of_the_environment_is_taken_away_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YTX_BASE_URL", "https://elsewhere.example")
    with pytest.raises(SettingsError, match="else take the variable away: unset YTX_BASE_URL") as caught:
        Settings.load(**GIVEN)
    assert "that file" not in str(caught.value)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602])
def test_a_file_with_the_token_that_is_open_to_others_is_told(config: Callable[[str], Path], mode: int) -> None:
    path = config(WHOLE)
    path.chmod(mode)
    with pytest.warns(RiskWarning, match=re.escape(str(path))):
        Settings.load()


def test_a_file_without_the_token_may_be_open(config: Callable[[str], Path]) -> None:
    config(f'app_id = "{APP}"\ntotal_timeout = 90\n').chmod(0o644)
    assert Settings.load(account_sid=SID, auth_token=TOKEN).total_timeout == 90


@pytest.mark.parametrize("limit", ["0", "-1", "nan", "inf", "86401", "a minute", True])
@pytest.mark.parametrize("name", ["timeout", "total_timeout"])
def test_a_limit_is_a_number_of_seconds(name: str, limit: object) -> None:
    with pytest.raises(SettingsError, match=rf"{name} \(argument\) must be a number of seconds"):
        Settings.load(**GIVEN, **{name: limit})
