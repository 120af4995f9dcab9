"""Limits on one exchange: seconds in all, whatever it hangs on, and bytes, before and after decompression.

Socket time-outs begin anew with every byte, so they end silence only. Here the exchange runs in a thread of its own;
when the limit passes, its connections are shut down under it, and the caller goes on at once.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import socket
import threading
import zlib
from collections.abc import Callable
from concurrent.futures import Future, wait
from ipaddress import ip_address
from typing import Any, TypeVar

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection

from ytxdata.errors import AnswerError, TooLargeError, TruncatedError
from ytxdata.labels import Text

T = TypeVar("T")

LONGEST_S = 86_400.0
"""Seconds in a day: more than any answer takes, and less than what operating systems can wait for."""


class Wires(HTTPAdapter):
    """An HTTP adapter that knows its connections, so that all of them can be cut from another thread."""

    def __init__(self) -> None:
        self._wires: list[socket.socket] = []
        self._lock = threading.Lock()
        self._is_cut = False
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def get_connection_with_tls_context(
        self, request: PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        """Return the pool of requests, told to show us each socket it opens."""
        pool: Any = super().get_connection_with_tls_context(request, verify, proxies=proxies, cert=cert)
        make: Callable[..., HTTPConnection] = pool.ConnectionCls

        def connection(*args: Any, **kwargs: Any) -> HTTPConnection:
            made = make(*args, **kwargs)
            open_socket = made._new_conn
            made._new_conn = lambda: self._keep(open_socket())  # type: ignore[method-assign]
            return made

        pool.ConnectionCls = connection  # called, never subclassed
        return pool

    def _keep(self, wire: socket.socket) -> socket.socket:
        with self._lock:
            # A duplicate, because TLS takes the first one away; shutting it down ends the connection for both.
            self._wires.append(wire.dup())
        if self._is_cut:
            self.cut()
        return wire

    def cut(self) -> None:
        """End every connection, also one that is still to come. Calling it again does no harm."""
        with self._lock:
            self._is_cut = True
            wires, self._wires = self._wires, []
        for wire in wires:
            with contextlib.suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)
            wire.close()


def within(seconds: float, job: Callable[[Wires], T]) -> T | None:
    """Run `job` and return what it returns, or None when the limit passed first; its connections are cut in any case."""
    wires = Wires()
    outcome: Future[T] = Future()

    def work() -> None:
        try:
            outcome.set_result(job(wires))
        except BaseException as error:  # handed to the caller below
            outcome.set_exception(error)

    threading.Thread(target=work, name="ytxdata-exchange", daemon=True).start()
    try:
        is_timely = bool(wait([outcome], max(seconds, 0)).done)
    finally:
        wires.cut()
    return outcome.result() if is_timely else None


ACCEPTED_ENCODING = "gzip"
"""What we offer to decompress; anything else a server sends is refused."""

_CHUNK = 1 << 17


class _Sent(io.RawIOBase):
    """The body as it was sent: without urllib3's decoding, counted against the limit and the announced length."""

    def __init__(self, response: Response, max_bytes: int) -> None:
        self._raw = response.raw
        self._left = max_bytes
        self._max_bytes = max_bytes
        self._missing = _announced(response)
        if self._missing is not None and self._missing > max_bytes:
            raise too_large(max_bytes)

    def read(self, size: int = -1) -> bytes:
        # Bounded lines: this way http.client undoes the chunks; urllib3's own reader of chunks has no limit for a line.
        chunk: bytes = self._raw.read(_CHUNK if size < 0 else size, decode_content=False)
        self._left -= len(chunk)
        if self._left < 0:
            raise too_large(self._max_bytes)
        if self._missing is not None:
            self._missing -= len(chunk)
            if not chunk and self._missing > 0:
                raise truncated()
        return chunk


def read_body(response: Response, max_bytes: int) -> bytes:
    """Return the decompressed body.

    Raises
    ------
    TooLargeError
        It is larger than `max_bytes`, compressed or not; what lies beyond is never held in memory.
    TruncatedError
        It ended before its announced length, or inside its compressed stream.
    AnswerError
        It is compressed in a way nobody asked for, or the compressed stream is damaged.
    """
    sent = _Sent(response, max_bytes)
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding in ("", "identity"):
        return _gathered(sent, max_bytes)
    if encoding not in ("gzip", "x-gzip"):
        raise AnswerError(
            Text(
                f"回答使用了未请求的压缩方式：{encoding[:40]!r}",
                f"the answer is compressed in a way nobody asked for: {encoding[:40]!r}",
            ),
            remedy=_CHECK_PROXY,
        )
    try:
        return _gathered(gzip.GzipFile(fileobj=sent), max_bytes)
    except EOFError:
        raise truncated() from None
    except (gzip.BadGzipFile, zlib.error):
        raise AnswerError(
            Text("回答的压缩数据已损坏", "the answer's compressed data is damaged"), remedy=_CHECK_PROXY
        ) from None


def _gathered(stream: io.RawIOBase | gzip.GzipFile, max_bytes: int) -> bytes:
    whole = io.BytesIO()
    while piece := stream.read(_CHUNK):
        if whole.tell() + len(piece) > max_bytes:
            raise too_large(max_bytes)
        whole.write(piece)
    return whole.getvalue()


def announces_length(response: Response) -> bool:
    """Return whether a response says how long it is, at once or chunk by chunk: then a body that was read is all that was sent."""
    return _announced(response) is not None or "chunked" in response.headers.get("Transfer-Encoding", "").lower()


def _announced(response: Response) -> int | None:
    """Return the announced length; chunks announce theirs one by one, which http.client checks."""
    length = response.headers.get("Content-Length", "").strip()
    is_chunked = "chunked" in response.headers.get("Transfer-Encoding", "").lower()
    return int(length[:18]) if length.isascii() and length.isdigit() and not is_chunked else None


_CHECK_PROXY = Text("检查途中的代理或网关", "check the proxy or gateway on the way")


def truncated() -> TruncatedError:
    """Return the error for a body that ended too early."""
    return TruncatedError(
        Text("回答在传输完之前中断", "the answer broke off before it was whole"),
        remedy=Text(
            "稍后重试；若总在同一处中断，减少 meetingcount",
            "try again; if it always breaks off, ask for fewer meetings",
        ),
    )


def too_large(max_bytes: int) -> TooLargeError:
    """Return the error for a body larger than the limit."""
    return TooLargeError(
        Text(f"回答超过上限 {max_bytes:,} 字节", f"the answer is larger than the limit of {max_bytes:,} bytes"),
        remedy=Text("减少 meetingcount，或调大 max_bytes", "ask for fewer meetings, or raise max_bytes"),
    )


def is_loopback(host: str) -> bool:
    """Return whether an address is this machine's own, so that what is sent there crosses no wire."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
