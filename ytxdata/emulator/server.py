"""The emulator as people use it: a real HTTP server, as a context manager in a thread or as a process of its own.

Its connections can be misused, which is what the faults on the wire do.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import uvicorn
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from ytxdata.emulator.backend import (
    FUN_URL,
    FUNC,
    VERSION,
    Account,
    Asked,
    Backends,
    Credentials,
    ReceivedRequest,
)
from ytxdata.emulator.handouts import write_env_file
from ytxdata.emulator.options import Fault, Options
from ytxdata.emulator.responses import Reply, Wire, page
from ytxdata.errors import UsageError
from ytxdata.labels import Text

MAX_BODY = 1 << 20
SETTLING_TURNS = 100

_SILENT = logging.Logger("ytxdata.emulator.uvicorn", logging.CRITICAL + 1)
"""Clients that go away and answers cut short are the point here, and a request line holds a signature."""


Connections = dict[Any, asyncio.Transport]
"""The open connections by the address of their client."""


class Front:
    """The ASGI side of one emulator: hands each request to the backend of its account and its reply to the wire."""

    def __init__(self, backends: Backends, base_url: str) -> None:
        self.backends, self.base_url = backends, base_url
        self.connections: Connections = {}
        self.stopping = asyncio.Event()

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        try:
            body = await _body(request)
        except ClientDisconnect:
            return
        ask = ReceivedRequest(
            sid=_sid(request.url.path),
            sign=request.query_params.get("Sign"),
            authorization=request.headers.get("authorization"),
            body=body,
            client_ip=request.client.host if request.client else "",
        )
        path, content_type = request.url.path, request.headers.get("content-type", "")
        transport = self.connections.get(scope["client"])
        if transport is None:
            return
        backend = self.backends.of_sid(ask.sid)
        date = backend.clock + timedelta(seconds=backend.options.date_skew_s)
        wire = Wire(send, transport, self.stopping, format_datetime(date, usegmt=True))
        refused = _refused(request)
        if refused is not None:
            backend.log(ask, path, content_type, reply=refused)
            await wire.reply(refused)
            return
        reply, faults = backend.answer(ask, path, content_type, self.base_url)
        await wire.deliver(reply, faults)
        if faults:
            # What was written past the server ends with the connection; only then may the server go on.
            while (await receive())["type"] != "http.disconnect":
                pass


def _sid(path: str) -> str:
    parts = path.split("/")
    return parts[3] if len(parts) > 3 else ""


def _refused(request: Request) -> Reply | None:
    """Return a web page for a request that is not for the operation at all."""
    parts = request.url.path.split("/")
    if len(parts) != 6 or parts[:3] != ["", VERSION, "sid"] or parts[4:] != [FUNC, FUN_URL]:
        return page(404, "404 Not Found")
    return page(405, "405 Method Not Allowed") if request.method != "POST" else None


async def _body(request: Request) -> bytes:
    """Return the body, or as much of it as any request of this operation could need."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            break
    return body


def protocol(connections: Connections) -> type[H11Protocol]:
    """Return a protocol that keeps its connections where the faults find them."""

    class Protocol(H11Protocol):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.logger, self.access_log = _SILENT, False

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            connections[self.client] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            connections.pop(self.client, None)
            super().connection_lost(exc)

    return Protocol


class QuietServer(uvicorn.Server):
    """A uvicorn that says nothing, starts at once, and closes at once even while an answer hangs."""

    def __init__(self, front: Front) -> None:
        config = uvicorn.Config(
            front.serve,
            interface="asgi3",
            http=protocol(front.connections),
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_config=None,
            access_log=False,
            date_header=False,
            server_header=False,
        )
        super().__init__(config)
        self.front = front
        self.ready = threading.Event()
        self.loop: asyncio.AbstractEventLoop | None = None

    async def main_loop(self) -> None:
        """Serve until told to stop."""
        self.loop = asyncio.get_running_loop()
        self.ready.set()
        await self.front.stopping.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close every connection, whatever it is in the middle of."""
        for server in self.servers:
            server.close()
        for sock in sockets or []:
            sock.close()
        for transport in list(self.front.connections.values()):
            transport.abort()
        await asyncio.gather(*list(self.server_state.tasks), return_exceptions=True)
        for _ in range(SETTLING_TURNS):
            if not self.front.connections:
                break
            await asyncio.sleep(0)

    def stop(self) -> None:
        """Ask the server to end; may be called from any thread."""
        if self.loop is not None:
            self.loop.call_soon_threadsafe(self.front.stopping.set)


class Emulator:
    """The platform's other end as a real HTTP server on loopback, in a thread of its own.

    Parameters
    ----------
    options
        What it is told; the defaults of `Options` when left out.
    **changes
        Single options by name, which win: `Emulator(meetings=300, shape="string", cap=100)`.

    Attributes
    ----------
    url : str
        Where it serves, known from the beginning.
    env : dict[str, str]
        The five `YTX_*` settings that lead a client here.
    options : Options
        May be changed while it runs: `server.options.cap = 100`.
    backend : Backend
        The platform without its sockets, as its first account sees it.
    backends : Mapping[str, Backend]
        The same of each account by its name, with `Emulator(accounts=5)`: `server.backends["account-2"].truth()`.

    Examples
    --------
    >>> with Emulator(meetings=3, until="2026-03-02") as server:
    ...     sorted(server.env)
    ['YTX_ACCOUNT_SID', 'YTX_APP_ID', 'YTX_AUTH_TOKEN', 'YTX_BASE_URL', 'YTX_ENVIRONMENT']

    >>> with Emulator(meetings=3, accounts=5) as server:
    ...     list(server.accounts)[:2], sorted(server.accounts["account-1"])
    (['account-1', 'account-2'], ['account_sid', 'app_id', 'auth_token'])
    """

    def __init__(self, options: Options | None = None, /, **changes: Any) -> None:
        self.options = replace(options or Options(), **changes)
        self.backends = Backends(self.options)
        self.backend = self.backends.first
        self._socket = _bind(self.options.host, self.options.port)
        host, port = self._socket.getsockname()[:2]
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        self._server = QuietServer(Front(self.backends, self.url))
        self._thread = threading.Thread(target=self._run, name="ytxdata-emulator", daemon=True)

    def __repr__(self) -> str:
        accounts = f" accounts={len(self.backends)}" if len(self.backends) > 1 else ""
        return f"<Emulator {self.url} meetings={len(self.backend.entries)}{accounts}>"

    def __enter__(self) -> Emulator:
        self._thread.start()
        while not self._server.ready.wait(0.05):
            if not self._thread.is_alive():
                raise RuntimeError("the emulator's server ended before it was ready")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop serving; open connections are cut."""
        if self._thread.is_alive():
            self._server.stop()
            self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))

    @property
    def env(self) -> dict[str, str]:
        """The five settings, as environment variables."""
        account, environment = self.backend.account, self.options.environment
        return {
            "YTX_ACCOUNT_SID": account.sid,
            "YTX_AUTH_TOKEN": account.token,
            "YTX_APP_ID": account.app_for(environment),
            "YTX_ENVIRONMENT": environment,
            "YTX_BASE_URL": self.url,
        }

    @property
    def credentials(self) -> Credentials:
        """Account SID, token and application id, as keyword arguments for a client."""
        return self._credentials_of(self.backend.account)

    @property
    def accounts(self) -> dict[str, Credentials]:
        """Name → credentials of every account: `account-1` is the one that `credentials` and `env` lead to."""
        return {name: self._credentials_of(account) for name, account in self.backends.known.items()}

    @property
    def fleet(self) -> dict[str, dict[str, str]]:
        """Name → credentials and address of every account, as `ytxdata.Fleet` takes them."""
        return {
            name: {**{key: str(value) for key, value in told.items()}, "base_url": self.url}
            for name, told in self.accounts.items()
        }

    def _credentials_of(self, account: Account) -> Credentials:
        app_id = account.app_for(self.options.environment)
        return {"account_sid": account.sid, "auth_token": account.token, "app_id": app_id}

    @property
    def requests(self) -> list[Asked]:
        """What was asked so far, without a secret."""
        return self.backend.requests

    @property
    def now(self) -> int:
        """The company's clock in epoch seconds."""
        return self.backend.now

    def truth(self) -> dict[str, Any]:
        """Return what there really is: `meetings`, `legs`, `running`, `planted`, `roster`, `invoice`, `now`."""
        return self.backend.truth()

    def advance(self, **span: float) -> int:
        """Let time pass at the company (`days=`, `hours=`, …), at all of them where there are several; returns how
        many meetings began.
        """
        return self.backends.advance(timedelta(**span))

    def mutate(self, meeting_id: str, **changes: Any) -> None:
        """Change fields of a record from now on (names of `Meeting`), as platforms do behind one's back."""
        self.backend.mutate(meeting_id, **changes)

    def vanish(self, meeting_id: str) -> None:
        """Let a record disappear from now on."""
        self.backend.vanish(meeting_id)

    def restore(self, meeting_id: str) -> None:
        """Let a vanished record come back."""
        self.backend.restore(meeting_id)

    def set_faults(self, *faults: str | Fault) -> None:
        """Replace the faults; their counting starts now. Without arguments nothing goes wrong any more."""
        self.backends.set_faults(faults)


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise UsageError(
            Text(f"无法使用端口 {port}：{error.strerror}", f"port {port} cannot be used: {error.strerror}"),
            remedy=Text("换一个端口，或用 0 取空闲端口", "choose another port, or 0 for a free one"),
        ) from None
    return bound


def serve(
    options: Options,
    *,
    env_file: Path | None = None,
    prepare: Callable[[Emulator], None] = lambda _: None,
    out: TextIO | None = None,
) -> None:
    """Serve until the process is told to stop (Ctrl-C or SIGTERM); the URL is the first line of the output."""
    with _told_to_stop() as stop, Emulator(options) as server:
        prepare(server)
        if env_file is not None:
            write_env_file(env_file, server.env)
        print(server.url, file=out or sys.stdout, flush=True)  # the first line is the interface
        while not stop.wait(0.5):  # without an end, Windows would not let Ctrl-C through
            pass


def run(options: Options, command: Sequence[str], *, prepare: Callable[[Emulator], None] = lambda _: None) -> int:
    """Serve while a command runs whose settings lead here; return its exit code.

    Raises
    ------
    UsageError
        There is no such command.
    """
    with Emulator(options) as server:
        # The programs beside this Python come first, so that `ytxdata` is this one.
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
        program = shutil.which(command[0], path=path)
        if program is None:
            raise UsageError(
                Text(f"找不到命令 {command[0]}", f"there is no command {command[0]}"),
                remedy=Text("例如 --run ytxdata fetch", "such as --run ytxdata fetch"),
            )
        prepare(server)
        env = {**os.environ, **server.env, "PATH": path}
        done = subprocess.run([program, *command[1:]], env=env, check=False)  # noqa: S603  # what was asked for
        return done.returncode


@contextlib.contextmanager
def _told_to_stop() -> Iterator[threading.Event]:
    """Give an event that is set by Ctrl-C or SIGTERM, and put the old handlers back."""
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
