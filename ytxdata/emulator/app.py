"""The HTTP side: a starlette application on a quiet uvicorn, whose connections can also be misused."""

from __future__ import annotations

import asyncio
import logging
import threading
from datetime import timedelta
from email.utils import format_datetime
from socket import socket
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from ytxdata.emulator.desk import Desk
from ytxdata.emulator.reply import Reply, page
from ytxdata.emulator.rules import FUN_URL, FUNC, VERSION, Ask
from ytxdata.emulator.wire import Wire

MAX_BODY = 1 << 20
SETTLING_TURNS = 100

_SILENT = logging.Logger("ytxdata.emulator.uvicorn", logging.CRITICAL + 1)
"""Clients that go away and answers cut short are the point here, and a request line holds a signature."""


Connections = dict[Any, asyncio.Transport]
"""The open connections by the address of their client."""


class Front:
    """The ASGI side of one emulator: hands each request to the desk and its reply to the wire."""

    def __init__(self, desk: Desk, base_url: str) -> None:
        self.desk, self.base_url = desk, base_url
        self.connections: Connections = {}
        self.stopping = asyncio.Event()
        self.app = Starlette(routes=[Route("/{rest:path}", _Endpoint(self))])

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        try:
            body = await _body(request)
        except ClientDisconnect:
            return
        ask = Ask(
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
        wire = Wire(send, transport, self.stopping, self._date())
        refused = _refused(request)
        if refused is not None:
            self.desk.log(ask, path, content_type, reply=refused)
            await wire.reply(refused)
            return
        reply, faults = self.desk.answer(ask, path, content_type, self.base_url)
        await wire.deliver(reply, faults)
        if faults:
            # What was written past the server ends with the connection; only then may the server go on.
            while (await receive())["type"] != "http.disconnect":
                pass

    def _date(self) -> str:
        clock = self.desk.clock + timedelta(seconds=self.desk.options.date_skew_s)
        return format_datetime(clock, usegmt=True)


class _Endpoint:
    """A bare ASGI endpoint, so that starlette hands over every method and the unparsed request."""

    def __init__(self, front: Front) -> None:
        self.front = front

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.front.serve(scope, receive, send)


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
            front.app,
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

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
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
