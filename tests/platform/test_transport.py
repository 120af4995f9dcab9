"""The transport against a hostile server: bounded time and memory, and each failure its own error."""

from __future__ import annotations

import gzip
import json
import resource
import signal
import socket
import ssl
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from tests.platform.asking import BODY, GOOD, RECORDS, ask, refused
from tests.platform.hostile import Hostile, reply, said, settings_for
from ytxdata import errors
from ytxdata.errors import UsageError, YtxError
from ytxdata.platform.limits import read_body
from ytxdata.platform.transport import Transport

Server = Callable[..., Hostile]

PEM = Path(__file__).with_name("localhost.pem")


def drip(text: bytes, pause: float = 0.02) -> Iterator[bytes | float]:
    for byte in text:
        yield bytes([byte])
        yield pause


def test_a_good_answer_comes_with_all_that_is_known_about_it(hostile: Server) -> None:
    server = hostile(GOOD)
    before = datetime.now(UTC)
    answer = ask(server.url, 7)
    assert (answer.raw, answer.status_code, answer.encoding, answer.http_status) == (BODY, "0", "utf-8", 200)
    assert answer.request_id == "12345678901234567890123456789"
    assert (answer.asked_n, answer.confid, answer.attempts, answer.source) == (7, "", 1, server.url)
    assert before <= answer.asked_at <= answer.answered_at <= datetime.now(UTC)
    assert len(answer.records) == 1


# -- time


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(list(drip(GOOD)), id="headers"),
        pytest.param([GOOD[:90], *drip(GOOD[90:])], id="body"),
        pytest.param(
            [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *drip(b"1\r\n{\r\n" * 50)], id="chunks"
        ),
        pytest.param([b"HTTP/1.1 100 Continue\r\n\r\n", 0.02] * 100, id="continue"),
        pytest.param([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *[b"0" * 999, 0.01] * 100], id="size"),
    ],
)
def test_a_drip_is_cut_at_the_total_limit(hostile: Server, script: list[bytes | float]) -> None:
    server = hostile(script)
    begun = time.monotonic()
    error = refused(server.url, total_timeout=0.3)
    assert isinstance(error, errors.TimeLimitError)
    assert "0.3" in error.cause.en
    assert time.monotonic() - begun < 0.6


def test_a_cut_exchange_leaves_no_thread_behind(hostile: Server) -> None:
    server = hostile(list(drip(GOOD)))
    refused(server.url, total_timeout=0.2)
    time.sleep(0.2)
    assert not [thread for thread in threading.enumerate() if thread.name == "ytxdata-exchange"]


def test_ctrl_c_ends_a_query_at_once(hostile: Server) -> None:
    server = hostile(list(drip(GOOD)))
    timer = threading.Timer(0.1, signal.pthread_kill, (threading.main_thread().ident, signal.SIGINT))
    timer.start()
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        ask(server.url, total_timeout=2)
    assert time.monotonic() - begun < 0.5
    timer.join()


def test_one_transport_serves_many_threads(hostile: Server) -> None:
    transport = Transport(settings_for(hostile(GOOD).url))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: transport.query("", n), range(1, 33)))
    assert [answer.asked_n for answer in answers] == list(range(1, 33))


def test_silence_ends_at_the_read_limit(hostile: Server) -> None:
    server = hostile([GOOD[:40], 0.6])
    error = refused(server.url, timeout=(1, 0.1), policy={})
    assert isinstance(error, errors.TimeLimitError)
    assert "silent" in error.cause.en


@pytest.mark.filterwarnings("ignore::ytxdata.errors.RiskWarning")
def test_a_silent_name_lookup_ends_at_the_total_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def hangs(*_: object, **__: object) -> list[object]:
        released.wait(2)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    begun = time.monotonic()
    error = refused("http://slow.invalid", total_timeout=0.2)
    released.set()
    assert isinstance(error, errors.TimeLimitError)
    assert time.monotonic() - begun < 0.5


def test_the_total_limit_spans_attempts_and_waits(hostile: Server) -> None:
    server = hostile(said("-104"))
    begun = time.monotonic()
    error = refused(server.url, total_timeout=1)
    assert isinstance(error, errors.ThrottledError)
    assert (error.attempts, len(server.requests)) == (1, 1)
    assert time.monotonic() - begun < 0.5


def test_a_connection_nobody_accepts_ends_at_the_connect_limit() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        error = refused(f"http://127.0.0.1:{address[1]}", timeout=(0.1, 5), policy={}, total_timeout=2)
        for filler in fillers:
            filler.close()
    assert isinstance(error, errors.TimeLimitError)
    assert "connecting" in error.cause.en


# -- size


@pytest.mark.slow
def test_a_gzip_bomb_is_stopped_at_the_limit_in_bounded_memory(hostile: Server) -> None:
    bomb = gzip.compress(b"0" * 300_000_000, 1)
    server = hostile(reply(bomb, "Content-Encoding: gzip"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert isinstance(refused(server.url, max_bytes=4_000_000), errors.TooLargeError)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000  # KiB


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(reply(b"x" * 2000), id="announced"),
        pytest.param(reply(b"", length=10**15), id="boast"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", id="absurd boast"),
        pytest.param([b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 2000], id="unannounced"),
        pytest.param(
            [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"7D0\r\n" + b"x" * 2000 + b"\r\n0\r\n\r\n"],
            id="chunked",
        ),
        pytest.param(reply(gzip.compress(b"x" * 2000, mtime=0), "Content-Encoding: gzip"), id="gzip"),
        pytest.param(
            [b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", gzip.compress(b"", mtime=0) * 99], id="before"
        ),
    ],
)
def test_what_is_larger_than_the_limit_is_refused_and_not_asked_again(hostile: Server, script: bytes) -> None:
    server = hostile(script)
    error = refused(server.url, max_bytes=1000)
    assert isinstance(error, errors.TooLargeError)
    assert "1,000" in error.cause.en
    assert len(server.requests) == 1


def test_a_body_of_exactly_the_limit_is_read(hostile: Server) -> None:
    assert ask(hostile(GOOD).url, max_bytes=len(BODY)).raw == BODY
    assert isinstance(refused(hostile(GOOD).url, max_bytes=len(BODY) - 1), errors.TooLargeError)


def test_a_body_shorter_than_announced_is_noticed_even_if_the_stack_below_does_not() -> None:
    response = requests.Response()
    response.headers["Content-Length"] = "9"
    pieces = iter([b"12345678", b""])
    response.raw = SimpleNamespace(read=lambda size, decode_content: next(pieces))
    with pytest.raises(errors.TruncatedError):
        read_body(response, 100)


def test_compressed_answers_are_read_also_in_two_members(hostile: Server) -> None:
    packed = gzip.compress(BODY[:20]) + gzip.compress(BODY[20:])
    for name in ("gzip", "X-GZIP"):
        assert ask(hostile(reply(packed, f"Content-Encoding: {name}")).url).raw == BODY


def test_chunked_answers_are_read(hostile: Server) -> None:
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (BODY[:7], BODY[7:]))
    server = hostile(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")
    assert ask(server.url).raw == BODY


# -- what is no answer


@pytest.mark.parametrize(
    ("script", "kind", "n_requests"),
    [
        (reply("<html>login</html>", "Content-Type: text/html"), errors.NotJsonError, 1),
        (reply("OK"), errors.NotJsonError, 1),
        (reply(""), errors.TruncatedError, 4),
        (reply(BODY, length=len(BODY) + 1), errors.TruncatedError, 4),
        (reply(BODY[:-4]), errors.TruncatedError, 4),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{", errors.TruncatedError, 4),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{", errors.TruncatedError, 4),
        # without the hour in it, which is a part of the test's name: two processes must call it the same
        (reply(gzip.compress(BODY, mtime=0)[:-9], "Content-Encoding: gzip"), errors.TruncatedError, 4),
        (reply(b"no gzip", "Content-Encoding: gzip"), errors.AnswerError, 1),
        (reply(gzip.compress(BODY, mtime=0)[:-8] + b"?" * 8, "Content-Encoding: gzip"), errors.AnswerError, 1),
        (reply(BODY, "Content-Encoding: br"), errors.AnswerError, 1),
        (reply(BODY, "Content-Encoding: gzip, gzip"), errors.AnswerError, 1),
        (reply("<html>", status="502 Bad Gateway"), errors.BusyHttpError, 5),
        (reply("{}", status="404 Not Found"), errors.HttpError, 1),
        (reply("", status="503 Down"), errors.BusyHttpError, 5),
        (reply(json.dumps({"data": RECORDS}), status="500 Oops"), errors.HttpError, 1),
        (reply("", status="504 Gateway Timeout"), errors.BusyHttpError, 5),
        (reply("slow down", status="429 Too Many"), errors.BusyHttpError, 5),
        (b"", errors.ConnectError, 4),
        (b"\x16\x03\x01 this is no HTTP\r\n\r\n", errors.ConnectError, 4),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n", errors.ConnectError, 4),
    ],
)
def test_each_failure_has_its_own_error_and_remedy(
    hostile: Server, script: bytes, kind: type[YtxError], n_requests: int
) -> None:
    server = hostile(script)
    error = refused(server.url)
    assert type(error) is kind
    assert (len(server.requests), error.attempts) == (n_requests, n_requests)
    assert error.remedy
    assert error.exit_code == 4
    if n_requests > 1:
        assert f"asked {n_requests} times" in str(error)


def test_http_details_stay_readable_on_the_error(hostile: Server) -> None:
    error = refused(hostile(reply("slow down", "Retry-After: 7", status="429 Too Many")).url)
    assert (error.http_status, error.retry_after) == (429, 7.0)
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    error = refused(hostile(reply("later", f"Retry-After: {soon}", status="503 Down")).url)
    assert error.retry_after == pytest.approx(60, abs=2)


@pytest.mark.parametrize("status", ["429 Too Many", "502 Bad Gateway", "503 Down", "504 Gateway Timeout"])
def test_a_gateway_that_is_busy_is_asked_again_after_the_pause_it_asks_for(hostile: Server, status: str) -> None:
    waits: list[float] = []
    server = hostile(reply("<html>", "Retry-After: 40", status=status), GOOD)
    answer = ask(server.url, total_timeout=60, sleep=waits.append)
    assert (answer.attempts, len(answer.records)) == (2, 1)
    assert len(waits) == 1
    assert waits[0] >= 40


def test_a_pause_that_would_end_after_the_total_limit_is_not_begun(hostile: Server) -> None:
    waits: list[float] = []
    server = hostile(reply("", "Retry-After: 40", status="503 Down"), GOOD)
    error = refused(server.url, total_timeout=30, sleep=waits.append)
    assert isinstance(error, errors.BusyHttpError)
    assert (error.attempts, waits, error.retry_after) == (1, [], 40)


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_never_followed(hostile: Server, status: str) -> None:
    other = hostile(GOOD)
    server = hostile(reply("", f"Location: {other.url}/?Sign=abc", status=status))
    error = refused(server.url)
    assert isinstance(error, errors.RedirectError)
    assert "127.0.0.1" in error.cause.en
    assert "Sign" not in str(error)
    assert other.requests == []


def test_nobody_listening_is_told_and_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    error = refused(f"http://127.0.0.1:{port}")
    assert isinstance(error, errors.ConnectError)
    assert "refused" in error.cause.en
    assert error.attempts == 4


@pytest.mark.filterwarnings("ignore::ytxdata.errors.RiskWarning")
def test_an_unknown_host_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = refused("http://api.ytx.invalid", policy={})
    assert isinstance(error, errors.ConnectError)
    assert "host name" in error.cause.en


def test_a_bad_proxy_is_a_wrong_argument(hostile: Server) -> None:
    server = hostile(GOOD)
    error = refused(server.url, proxies={"http": "nonsense://host:1"})
    assert isinstance(error, UsageError)
    assert server.requests == []


# -- TLS


def _tls(server: Hostile) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    server.wrap = lambda connection: context.wrap_socket(connection, server_side=True)
    return server.url.replace("http://127.0.0.1", "https://localhost")


def test_a_server_that_cannot_prove_itself_is_refused_once(hostile: Server) -> None:
    server = hostile(GOOD)
    error = refused(_tls(server))
    assert isinstance(error, errors.TlsError)
    assert (error.attempts, server.requests) == (1, [])
    assert isinstance(refused(hostile(reply("plain")).url.replace("http:", "https:")), errors.TlsError)


def test_a_drip_inside_tls_is_cut_too(hostile: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(PEM))
    monkeypatch.setenv("NO_PROXY", "localhost")
    assert ask(_tls(hostile(GOOD)), trust_env=True).raw == BODY
    begun = time.monotonic()
    error = refused(_tls(hostile(list(drip(GOOD)))), trust_env=True, total_timeout=0.4)
    assert isinstance(error, errors.TimeLimitError)
    assert time.monotonic() - begun < 0.7


# -- proxies and other things of the environment


def test_the_environment_counts_only_when_trusted(
    hostile: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    proxy, server = hostile(said("-100", "from the proxy")), hostile(GOOD)
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert ask(server.url).raw == BODY
    assert proxy.requests == []
    assert isinstance(refused(server.url, trust_env=True), errors.ServerFaultError)
    assert proxy.requests
    assert b"Basic" not in proxy.requests[0]


@pytest.mark.filterwarnings("ignore::ytxdata.errors.RiskWarning")
def test_a_given_proxy_is_used(hostile: Server) -> None:
    proxy = hostile(GOOD)
    assert ask("http://platform.invalid", proxies={"http": proxy.url}).raw == BODY
    assert proxy.requests[0].startswith(b"POST http://platform.invalid/201612/")


def test_cookies_of_one_attempt_are_not_sent_with_the_next(hostile: Server) -> None:
    server = hostile(reply('{"statusCode":"-100"}', "Set-Cookie: a=b"), GOOD)
    ask(server.url)
    assert b"cookie" not in server.requests[1].lower()


# -- what is not sent at all


@pytest.mark.parametrize("n", [0, -1, True, 1.0, "5", None])
def test_a_meetingcount_the_platform_would_not_take_is_not_sent(hostile: Server, n: Any) -> None:
    server = hostile(GOOD)
    with pytest.raises(UsageError, match="meetingcount"):
        Transport(settings_for(server.url)).query("", n)
    assert server.requests == []


@pytest.mark.parametrize("confid", [2, None, " 002", "002\n", "0\x0002"])
def test_a_confid_that_is_no_clean_text_is_not_sent(hostile: Server, confid: Any) -> None:
    server = hostile(GOOD)
    with pytest.raises(UsageError, match="confid"):
        Transport(settings_for(server.url)).query(confid, 1)
    assert server.requests == []


@pytest.mark.parametrize("limit", ["timeout", "total_timeout", "max_bytes"])
@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), 0.5j, "5", True, (1, 2, 3)])
def test_a_limit_must_be_positive(limit: str, value: Any) -> None:
    with pytest.raises(UsageError, match=limit):
        Transport(settings_for("http://127.0.0.1:1"), **{limit: value})


def test_limits_are_the_callers_else_as_set_else_the_usual_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    assert limits_of() == ((5, 30), 60)
    monkeypatch.setenv("YTX_TIMEOUT", " 7.5 ")
    monkeypatch.setenv("YTX_TOTAL_TIMEOUT", "90")
    assert limits_of() == ((7.5, 7.5), 90)
    assert limits_of(timeout=(1, 2), total_timeout=3) == ((1, 2), 3)


def limits_of(**given: Any) -> tuple[tuple[float, float], float]:
    made = Transport(settings_for("http://127.0.0.1:1"), **given)
    return (made.connect_limit, made._question.read_limit), made._total_limit


def test_plain_http_to_another_machine_is_said_once_per_process(
    hostile: Server, recwarn: pytest.WarningsRecorder
) -> None:
    warnings.simplefilter("default")
    proxy = {"http": hostile(GOOD).url}
    for _ in range(3):
        ask("http://gateway.invalid", proxies=proxy)
        ask(proxy["http"])
    said_so = [str(one.message) for one in recwarn if one.category is errors.RiskWarning]
    assert len(said_so) == 1
    assert "http://gateway.invalid" in said_so[0]


@pytest.mark.slow
def test_a_large_answer_arrives_whole(hostile: Server) -> None:
    body = json.dumps({"statusCode": "0", "data": [{"meid": f"{i:029d}"} for i in range(50_000)]}).encode()
    pieces = [body[i : i + 99_991] for i in range(0, len(body), 99_991)]
    server = hostile([reply(b"", length=len(body)), *pieces])
    assert ask(server.url).raw == body
