"""The canary: every way to fail is driven, and nothing that leaves holds the token, a signature, or a whole account
SID.

What cannot be kept out: the frame of a caller that holds the bare token itself, and what `http.client` prints with its
`debuglevel` switched on by hand.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import pickle
import shutil
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.platform.hostile import APP, SID, TOKEN, Hostile, reply, said, settings_for
from ytxdata import errors, sample, times
from ytxdata.cli import main
from ytxdata.errors import YtxError
from ytxdata.fleet import Fleet
from ytxdata.history.client import Client
from ytxdata.platform.codes import CODES
from ytxdata.platform.doctor import examine
from ytxdata.platform.settings import Settings
from ytxdata.platform.transport import SignedAuth, Transport

Server = Callable[..., Hostile]
INSTANT = datetime(2026, 2, 28, 11, 59, 24, tzinfo=UTC)
SIGN = hashlib.md5(f"{SID}{TOKEN}20260228195924".encode()).hexdigest()
HEADER = base64.b64encode(f"{SID}|20260228195924".encode()).decode()
SECRETS = (TOKEN, SIGN, SIGN.upper(), HEADER, SID)


@pytest.fixture(autouse=True)
def _frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(times, "now", lambda: INSTANT)


def provoke(action: Callable[[], object]) -> YtxError | None:
    try:
        action()
    except YtxError as error:
        return error
    return None


def everything(error: BaseException) -> Iterable[str]:
    """Yield all forms in which an error reaches a screen, a log or a file."""
    yield from (str(error), repr(error), repr(error.args), repr(vars(error)))
    yield "".join(traceback.format_exception(error))
    yield "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format(chain=True))
    pickled = pickle.dumps(error)
    yield pickled.decode("latin-1")
    yield str(pickle.loads(pickled))
    for linked in (error.__cause__, error.__context__):
        if linked is not None:
            yield from everything(linked)


def assert_clean(texts: Iterable[str]) -> None:
    for text in texts:
        for secret in SECRETS:
            assert secret not in text


def ask(url: str, **limits: Any) -> object:
    limits = {"timeout": (0.3, 0.3), "total_timeout": 0.6, "sleep": lambda _: None, **limits}
    return Transport(settings_for(url), **limits).query("", 1)


def proxied(url: str, proxy: str) -> Callable[[], object]:
    """Return a query whose caller does not hold the proxy's password itself."""
    return Transport(settings_for(url), proxies={"http": proxy}, sleep=lambda _: None).query


def drip(text: bytes) -> list[bytes | float]:
    return [piece for byte in text for piece in (bytes([byte]), 0.05)]


def echo(request: bytes) -> list[bytes]:
    return [reply(b"<html>" + request, "Content-Type: text/html", status="400 Bad Request")]


def page(request: bytes) -> list[bytes]:
    return [reply(b"<html>" + request)]


def echo_status(_: bytes) -> list[bytes]:
    return [said("-999", f"bad {SIGN} {SIGN.upper()} {HEADER} for {SID}", requestId=SIGN)]


def echo_code(_: bytes) -> list[bytes]:
    return [said(SIGN.upper(), HEADER)]


def echo_redirect(request: bytes) -> list[bytes]:
    path = request.split()[1].decode()
    return [reply("", f"Location: http://{SIGN}.example.org{path}", status="302 Found")]


SCRIPTS: dict[str, Any] = {
    **{f"code {code}": said(code, row.text.zh, requestId="r") for code, row in CODES.items() if code != "0"},
    "missing code": said(None),
    "drip": drip(said("0")),
    "silence": [0.5],
    "hang up": b"",
    "garbage": b"\x00\x01\x02\r\n\r\n",
    "reset in body": reply("{", length=100),
    "broken chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "too large": reply(b"x" * 9000),
    "bad gzip": reply("x", "Content-Encoding: gzip"),
    "foreign encoding": reply("x", f"Content-Encoding: {SIGN}"),
    "echo page": page,
    "echo error page": echo,
    "echo status": echo_status,
    "echo code": echo_code,
    "echo redirect": echo_redirect,
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_failure_of_an_exchange_shows_a_secret(hostile: Server, name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server = hostile(SCRIPTS[name])
    url = server.url
    error = provoke(lambda: ask(url, max_bytes=5000))
    assert error is not None
    assert any(SIGN.upper().encode() in request for request in server.requests)  # the canary is alive
    assert error.__cause__ is error.__context__ is None
    assert_clean(everything(error))
    assert_clean([caplog.text, repr([vars(record) for record in caplog.records])])


def test_the_log_of_a_success_tells_the_call_without_its_secrets(
    hostile: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = ask(hostile(said("0")).url)
    assert "/sid/***/call/MeetingQuery.wx?Sign=***" in caplog.text
    assert_clean([caplog.text, repr(answer)])


@pytest.mark.parametrize(
    "header",
    [
        "X-Original-Uri : {path}", "X-Uri : {quoted}", "X-Original-Authorization : {header}", "X-Sign : {sign}",
        "X-Account : {sid}", "{path}", " folded {path}", "X-Auth : {hexed}",
    ],
)  # fmt: skip
def test_a_malformed_header_that_repeats_the_call_is_not_logged(
    hostile: Server, caplog: pytest.LogCaptureFixture, header: str
) -> None:
    """urllib3 logs what it cannot parse as a WARNING, in its words and in a traceback."""
    caplog.set_level(logging.DEBUG)

    def answer(request: bytes) -> list[bytes]:
        path = request.split()[1].decode()
        forms = {"path": path, "quoted": quote(path, safe=""), "header": HEADER, "hexed": HEADER.encode().hex()}
        line = header.format(**forms, sign=SIGN.upper(), sid=SID)
        return [said("0").replace(b"\r\n\r\n", f"\r\n{line}\r\nX-More: 1\r\n\r\n".encode(), 1)]

    ask(hostile(answer).url)
    shown = [caplog.text, caplog.handler.format(caplog.records[-1]), repr([vars(one) for one in caplog.records])]
    assert_clean(shown)
    assert not any(HEADER.encode().hex() in text for text in shown)


def test_what_other_calls_log_of_their_failures_stays(hostile: Server, caplog: pytest.LogCaptureFixture) -> None:
    ask(hostile(said("0")).url)
    stack = logging.getLogger("urllib3.connectionpool")
    words = "its own words"
    try:
        raise OSError(words)
    except OSError as error:
        stack.warning("Failed to parse headers (url=%s): %s", "http://127.0.0.1/a?b=1", error, exc_info=True)
    assert caplog.text.count("its own words") == 2
    assert "Traceback" in caplog.text


def _nowhere() -> str:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.mark.filterwarnings("ignore::ytxdata.errors.RiskWarning")
def test_no_failure_before_an_exchange_shows_a_secret(
    hostile: Server, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    closed, plain = _nowhere(), hostile(reply("plain")).url
    found: list[YtxError | None] = [
        provoke(lambda: ask(closed)),
        provoke(lambda: ask(plain.replace("http:", "https:"))),
        provoke(proxied(plain, closed.replace("//", f"//user:{TOKEN}@"))),
        provoke(proxied(plain, f"nonsense://user:{TOKEN}@host")),
        provoke(lambda: Transport(settings_for(plain)).query("", 0)),
        provoke(lambda: Transport(settings_for(plain), timeout=0)),
    ]

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    found.append(provoke(lambda: ask("http://api.ytx.invalid")))
    kinds = {type(error) for error in found}
    assert kinds == {errors.ConnectError, errors.TlsError, errors.UsageError}
    for error in found:
        assert error is not None
        assert_clean(everything(error))
    assert_clean([caplog.text])


def test_a_bug_in_the_stack_below_shows_no_secret(monkeypatch: pytest.MonkeyPatch, hostile: Server) -> None:
    def breaks(self: SignedAuth, request: Any) -> Any:
        shown = f"{SIGN} {HEADER} {TOKEN}"
        raise ZeroDivisionError(shown)

    monkeypatch.setattr(SignedAuth, "__call__", breaks)
    url = hostile(said("0")).url
    error = provoke(lambda: ask(url))
    assert type(error) is errors.NetworkError
    assert "ZeroDivisionError" in str(error)
    assert_clean(everything(error))


@pytest.mark.parametrize("bad", ["missing", "characters", "type", "misspelt", "url", "toml", "toml type"])
def test_no_refused_setting_shows_a_secret(bad: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("YTX_CONFIG", str(tmp_path / "my.toml"))
    if bad.startswith("toml"):
        line = f"auth_token = {TOKEN}\n" if bad == "toml" else f'auth_token = ["{TOKEN}"]\n'
        (tmp_path / "my.toml").write_text(line)
    actions: dict[str, Callable[[], object]] = {
        "missing": lambda: Settings.load(auth_token=TOKEN, account_sid=SID),
        "characters": lambda: Settings.load(auth_token=f"{TOKEN} 全", account_sid=f"{SID} x", app_id=APP),
        "type": lambda: Settings.load(auth_token=[TOKEN], account_sid=[SID], app_id=APP),
        "misspelt": lambda: Settings.load(auth_tokn=TOKEN, acount_sid=SID, auth_token=TOKEN, app_id=APP),
        "url": lambda: Settings.load(auth_token=TOKEN, account_sid="s", app_id=APP, base_url=f"http://a:{TOKEN}@b"),
        "toml": lambda: Settings.load(account_sid=SID, app_id=APP),
        "toml type": lambda: Settings.load(account_sid=SID, app_id=APP),
    }
    action = actions[bad]
    del actions
    error = provoke(action)
    assert isinstance(error, errors.SettingsError)
    assert_clean(everything(error))


@pytest.mark.parametrize("name", ["account_sid", "auth_token", "app_id", "environment", "base_url"])
def test_no_frame_of_a_client_half_made_holds_a_refused_value(name: str) -> None:
    given: list[dict[str, Any]] = [
        {"account_sid": SID, "auth_token": "t", "app_id": APP, name: f"http://u:{TOKEN}@h x"}
    ]
    error = provoke(lambda: Client(**given.pop()))
    assert isinstance(error, errors.SettingsError)
    assert_clean(everything(error))


def test_a_client_half_made_can_be_shown() -> None:
    assert repr(Client.__new__(Client)) == "Client()"


def test_a_keyring_that_talks_shows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    import keyring

    def locked(service: str, name: str) -> str:
        raise RuntimeError(TOKEN)

    monkeypatch.setattr(keyring, "get_password", locked)
    error = provoke(lambda: Settings.load(app_id=APP))
    assert error is not None
    assert_clean(everything(error))


def test_objects_that_hold_settings_show_and_pickle_none_of_them() -> None:
    settings = settings_for("http://127.0.0.1:1")
    held: tuple[object, ...] = (settings, SignedAuth(settings), Transport(settings))
    assert_clean(map(repr, held))
    for thing in held:
        with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
            pickle.dumps(thing)


def test_a_fleet_is_not_pickled_with_its_tokens(tmp_path: Path) -> None:
    account = {"account_sid": "a" * 32, "auth_token": "f00d" * 8, "app_id": "b" * 32}
    fleet = Fleet({"north": account}, folder=tmp_path)
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(fleet)
    assert "f00d" not in repr(fleet.accounts)


@pytest.mark.parametrize("name", ["code -202", "code -203", "code -205", "echo status", "hang up"])
def test_the_doctor_shows_no_secret(hostile: Server, name: str) -> None:
    checks = examine(
        account_sid=SID, auth_token=TOKEN, app_id=APP, base_url=hostile(SCRIPTS[name]).url, total_timeout=0.3
    )
    assert_clean(map(repr, checks))


def test_no_thread_prints_a_traceback(hostile: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    printed: list[object] = []
    monkeypatch.setattr(threading, "excepthook", printed.append)
    monkeypatch.setattr(sys, "excepthook", printed.append)
    url = hostile(drip(said("0"))).url
    assert isinstance(provoke(lambda: ask(url, total_timeout=0.1)), errors.TimeLimitError)
    assert printed == []


def test_a_token_in_the_place_of_another_argument_is_not_repeated() -> None:
    mistaken: list[dict[str, Any]] = [
        {"timeout": TOKEN},
        {"timeout": (1, TOKEN)},
        {"total_timeout": TOKEN},
        {"max_bytes": TOKEN},
        {"aliases": {TOKEN: ["room_no"]}},
        {"aliases": {f"legs.{TOKEN}": ["room_no"]}},
    ]
    for one in mistaken:
        with pytest.raises(errors.UsageError) as caught:
            Client(account_sid=SID, auth_token=TOKEN, app_id=APP, **one)
        assert TOKEN not in str(caught.value) + repr(caught.value)
    refused = Settings.of_layers([("argument", {TOKEN: "auth_token"})])
    assert isinstance(refused, errors.SettingsError)
    assert "cana***" in str(refused)
    assert TOKEN not in str(refused) + repr(refused)


@pytest.mark.parametrize(
    "command",
    [
        ["verify", "URL"],
        ["verify", "URL", "--json"],
        ["fleet", "status", "URL", "--json"],
        ["sync", "--archive", "URL"],
        ["report", "--archive", "URL", "--out", "r"],
        ["sql", "select 1", "--archive", "a.archive", "--book", "URL"],
        ["report", "--archive", "a.archive", "--pseudonyms", "URL", "--out", "r"],
    ],
)
def test_an_address_where_a_file_belongs_is_told_without_what_opens_it(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A path folds its slashes, and what looked for an address found none."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(sample("archive").path, "a.archive")
    url = "https://user:CANARYpw123456@files.example.invalid/m.archive?token=CANARYtok7890ab"
    with pytest.raises(SystemExit):
        main([url if word == "URL" else word for word in command])
    said = "".join(capfd.readouterr())
    assert said
    assert "CANARY" not in said
