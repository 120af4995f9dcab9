"""A limit on the whole of one exchange, whatever it hangs on: name lookup, connecting, silence, or a byte a second.

Socket time-outs begin anew with every byte, so they end silence only. Here the exchange runs in a thread of its own;
when the limit passes, its connections are shut down under it, and the caller goes on at once.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection

T = TypeVar("T")


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
    outcomes: list[T] = []
    failures: list[BaseException] = []

    def work() -> None:
        try:
            outcomes.append(job(wires))
        except BaseException as error:  # handed to the caller below
            failures.append(error)

    thread = threading.Thread(target=work, name="ytxdata-exchange", daemon=True)
    thread.start()
    try:
        thread.join(max(seconds, 0))
        timely = not thread.is_alive()
    finally:
        wires.cut()
    if not timely:
        return None
    if failures:
        raise failures[0]
    return outcomes[0]
