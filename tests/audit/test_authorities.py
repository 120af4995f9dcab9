"""Authorities of time and witnesses of heads that answer with anything but what was asked for."""

from __future__ import annotations

import contextlib
import gzip
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

from tests.audit.authority import SEEN, Authority
from tests.audit.forger import main
from tests.audit.office import Story
from ytxdata import audit
from ytxdata.audit import anchors
from ytxdata.errors import DamagedError, UsageError

MANIFEST = b"a manifest"
ANSWERS: dict[str, tuple[int, dict[str, str], bytes]] = {
    "html": (200, {}, b"<html>hello</html>"),
    "empty": (200, {}, b""),
    "broken": (500, {}, b"no"),
    "elsewhere": (302, {"Location": "/html"}, b""),
    "huge": (200, {}, b"0" * (anchors.MOST_BYTES + 1)),
    "bomb": (200, {"Content-Encoding": "gzip"}, gzip.compress(b"0" * (anchors.MOST_BYTES + 1))),
    "no-gzip": (200, {"Content-Encoding": "gzip"}, b"abc"),
    "nested": (200, {}, b"\x30\x80" * 100_000),
    "refused": (200, {}, bytes.fromhex("30053003020102")),
}


class _Hostile(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/slow":
            self.send_response(200)
            self.end_headers()
            for _ in range(100):
                self.wfile.write(b"0")
                time.sleep(0.05)
            return
        status, headers, body = ANSWERS[self.path[1:]]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass

    def handle(self) -> None:
        with contextlib.suppress(OSError):  # whoever asked has left, as it should
            super().handle()


@pytest.fixture(scope="module")
def hostile() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Hostile)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


SAID = {
    "html": "no answer of RFC 3161",
    "empty": "no answer of RFC 3161",
    "broken": "HTTP status 500",
    "elsewhere": "HTTP status 302",
    "huge": "larger than the limit",
    "bomb": "larger than the limit",
    "no-gzip": "is damaged",
    "nested": "no answer of RFC 3161",
    "refused": "the authority refused|no answer of RFC 3161",
    "slow": "no whole answer within",
}


@pytest.mark.parametrize("path", SAID)
def test_an_authority_that_answers_something_else_gives_no_time(
    hostile: str, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    if path == "slow":
        monkeypatch.setattr(anchors, "ANSWER_S", 0.5)
    with pytest.raises(UsageError, match=SAID[path]) as caught:
        anchors.timestamp(MANIFEST, f"{hostile}/{path}")
    assert "ParseError" not in str(caught.value)


WHERE = {
    "no file": ("nowhere.tsr", "cannot be read"),
    "a folder": (".", "cannot be read"),
    "no name of a file": ("a\0b", "cannot be read"),
    "no host": ("http://", "no connection"),
    "half an address": ("http://[", "no connection"),
    "a host of 300 letters": (f"http://{'a' * 300}.com/", "no connection"),
    "no port": ("http://127.0.0.1:99999/", "no connection"),
    "capitals": ("HTTP://127.0.0.1:9/", "no connection"),
}


@pytest.mark.parametrize(("where", "said"), WHERE.values(), ids=WHERE.keys())
def test_a_place_that_is_none_gives_no_time(where: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        anchors.timestamp(MANIFEST, where)


def test_what_opens_an_authority_is_in_no_message(story: Story) -> None:
    """Nor what opens a witness: the path of a webhook is its password, and a job's output is mailed around."""
    address = "http://anna:hunter2@127.0.0.1:9/hooks/T0/Zq7xPw?token=abcdef"
    for ask in (lambda: anchors.timestamp(MANIFEST, address), lambda: audit.publish_head(story.archive, address)):
        with pytest.raises(UsageError, match=r"http://127\.0\.0\.1:9/…") as caught:
            ask()
        assert not any(secret in str(caught.value) for secret in ("anna", "hunter2", "hooks", "Zq7xPw", "abcdef"))


@pytest.mark.parametrize("data", [b"garbage", b"", b"\x30\x03\x02\x01\x00"], ids=["garbage", "nothing", "a sequence"])
def test_a_file_that_holds_no_timestamp_gives_none(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "token.tsr").write_bytes(data)
    with pytest.raises(UsageError, match="no answer of RFC 3161"):
        anchors.timestamp(MANIFEST, tmp_path / "token.tsr")


@pytest.mark.parametrize("name", ["SHA256", "SHA512"])
def test_a_timestamp_may_be_over_any_hash_that_is_verified(tmp_path: Path, name: str) -> None:
    algorithm = getattr(HashAlgorithm, name)
    request = TimestampRequestBuilder().data(MANIFEST).hash_algorithm(algorithm).build().as_bytes()
    authority, path = Authority.make(), tmp_path / "token.tsr"
    path.write_bytes(authority.answer(request))
    (tmp_path / "root.pem").write_bytes(authority.root)
    assert anchors.verify_timestamp(MANIFEST, anchors.timestamp(MANIFEST, path), tmp_path / "root.pem") == SEEN
    with pytest.raises(UsageError, match="of another manifest"):
        anchors.timestamp(b"another", path)


@pytest.mark.parametrize(
    ("authority", "holds"),
    [
        (Authority.make(valid_days=(-400, 4)), True),
        (Authority.make(valid_days=(-400, -4)), False),
        (Authority.make(valid_days=(4, 400)), False),
        (Authority.make(stamps=False), False),
    ],
    ids=["expired since", "expired at the time", "not yet valid", "not for stamping"],
)
def test_a_certificate_must_have_been_valid_at_the_time_and_for_it(
    tmp_path: Path, authority: Authority, holds: bool
) -> None:
    request = TimestampRequestBuilder().data(MANIFEST).hash_algorithm(HashAlgorithm.SHA256).build().as_bytes()
    (tmp_path / "root.pem").write_bytes(authority.root)
    token = authority.answer(request)
    if holds:
        assert anchors.verify_timestamp(MANIFEST, token, tmp_path / "root.pem") == SEEN
    else:
        with pytest.raises(DamagedError, match="was not valid at that time"):
            anchors.verify_timestamp(MANIFEST, token, tmp_path / "root.pem")


@pytest.mark.parametrize("path", ["broken", "elsewhere", "huge"])
def test_a_witness_that_refuses_a_head_is_told(hostile: str, story: Story, path: str) -> None:
    with pytest.raises(UsageError, match="was not published"):
        audit.publish_head(story.archive, f"{hostile}/{path}")


@pytest.mark.slow
@pytest.mark.usefixtures("derived_once")
def test_junk_leaves_no_pack(hostile: str, story: Story, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive = str(story.archive.path)
    assert main(["pack", str(tmp_path / "pack.zip"), "--archive", archive, "--timestamp", f"{hostile}/html"]) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert not list(tmp_path.glob("*pack*"))
