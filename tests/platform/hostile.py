"""A hostile server on a raw socket: it says exactly the bytes it is told to, as slowly as it is told to."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ytxdata.platform.settings import Settings

SID = "abcdefghijklmnopqrstuvwxyz012345"
TOKEN = "canary0token0never0to0be0shown00"
APP = "ff8080813fc70a7b013fc72312324213"

Script = bytes | Iterable[bytes | float] | Callable[[bytes], Iterable[bytes | float]]
"""What one connection says: bytes are sent, numbers are seconds of silence; a function is given the request."""


@dataclass
class Hostile:
    """The server: one script for each connection, the last one again and again."""

    scripts: list[Script]
    requests: list[bytes] = field(default_factory=list)
    wrap: Callable[[socket.socket], socket.socket] = lambda connection: connection
    _listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    _stopped: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def start(self) -> None:
        self._run(self._accept)

    def stop(self) -> None:
        self._stopped.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(2)

    def _run(self, job: Callable[[], None]) -> None:
        thread = threading.Thread(target=job, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
            self._run(lambda connection=connection, script=script: self._serve(connection, script))  # type: ignore[misc]

    def _serve(self, connection: socket.socket, script: Script) -> None:
        connection.settimeout(2)
        with connection, contextlib.suppress(OSError), self.wrap(connection) as connection:
            request = _read_request(connection)
            self.requests.append(request)
            said = script(request) if callable(script) else script
            for piece in [said] if isinstance(said, bytes) else said:
                if self._stopped.is_set():
                    return
                if isinstance(piece, bytes):
                    connection.sendall(piece)
                else:
                    time.sleep(piece)


def _read_request(connection: socket.socket) -> bytes:
    request = b""
    while b"\r\n\r\n" not in request:
        request += (got := connection.recv(65536))
        if not got or got.startswith(b"\x16"):  # TLS where none is spoken
            return request
    head, _, body = request.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0
    )
    while len(body) < length and (got := connection.recv(65536)):
        body += got
    return head + b"\r\n\r\n" + body


def reply(body: bytes | str, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    """Return a whole HTTP answer."""
    raw = body.encode() if isinstance(body, str) else body
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(raw) if length is None else length}", *headers]
    return "\r\n".join([*head, "", ""]).encode() + raw


def said(code: str | int | None, message: str = "", **more: object) -> bytes:
    """Return an HTTP answer with a status code in its body."""
    envelope: dict[str, object] = {} if code is None else {"statusCode": code}
    return reply(json.dumps({**envelope, "statusMsg": message, **more}, ensure_ascii=False))


def settings_for(url: str, **more: str) -> Settings:
    """Return settings that point at a server."""
    return Settings.load(**{"account_sid": SID, "auth_token": TOKEN, "app_id": APP, "base_url": url, **more})
