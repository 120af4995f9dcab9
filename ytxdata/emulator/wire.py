"""The last step to the client, honest or not: sending a reply, and the faults that strike on the wire.

A dishonest answer is written to the connection itself, since no HTTP server would let one send it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from dataclasses import dataclass
from random import Random
from typing import Any

from ytxdata.emulator.faults import Fault
from ytxdata.emulator.reply import MIB, Reply

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
POLL_S = 0.02


@dataclass
class Wire:
    """One request's connection: the server's honest way to send, and the bare transport beside it."""

    send: Send
    transport: asyncio.Transport
    stopping: asyncio.Event
    date: str

    async def deliver(self, reply: Reply, faults: list[Fault]) -> None:
        """Send a reply, or do what the first fault says instead."""
        if faults:
            await _WIRE_FAULTS[faults[0].kind](self, reply, faults[0].value)
        else:
            await self.reply(reply)

    async def reply(self, reply: Reply) -> None:
        """Send a reply honestly."""
        await self.start(reply, {"Content-Length": str(reply.length)})
        for chunk in chunks(reply.parts):
            await self.piece(chunk)
        await self.send({"type": "http.response.body", "body": b""})

    async def piece(self, chunk: bytes) -> None:
        """Send a part of the body, and let the loop notice when nobody takes it any more."""
        if not self.is_over:
            await self.send({"type": "http.response.body", "body": chunk, "more_body": True})
            await asyncio.sleep(0)

    async def start(self, reply: Reply, more: dict[str, str]) -> None:
        """Send status and headers through the server."""
        await self.send(
            {
                "type": "http.response.start",
                "status": reply.status,
                "headers": [(k.lower().encode(), v.encode()) for k, v in self.headers(reply, more).items()],
            }
        )

    def headers(self, reply: Reply, more: dict[str, str]) -> dict[str, str]:
        """Return the headers of a reply."""
        return {"Date": self.date, "Content-Type": reply.content_type} | reply.headers | more

    def write_head(self, reply: Reply, more: dict[str, str]) -> None:
        """Write status and headers past the server, closing afterwards."""
        lines = [f"{k}: {v}" for k, v in self.headers(reply, more | {"Connection": "close"}).items()]
        self.transport.write("\r\n".join([f"HTTP/1.1 {reply.status} OK", *lines, "", ""]).encode())

    async def pause(self, seconds: float) -> bool:
        """Wait; returns False as soon as nobody listens any more."""
        until = asyncio.get_running_loop().time() + seconds
        while (left := until - asyncio.get_running_loop().time()) > 0:
            if self.is_over:
                return False
            await asyncio.sleep(min(POLL_S, left))
        return not self.is_over

    @property
    def is_over(self) -> bool:
        """Whether the client has gone or the server is closing."""
        return self.stopping.is_set() or self.transport.is_closing()


def chunks(parts: list[bytes]) -> Iterator[bytes]:
    """Return the body in pieces of about one MiB."""
    piece: list[bytes] = []
    size = 0
    for part in parts:
        piece.append(part)
        size += len(part)
        if size >= MIB:
            yield b"".join(piece)
            piece, size = [], 0
    if piece:
        yield b"".join(piece)


async def _drop(wire: Wire, _reply: Reply, _value: float) -> None:
    wire.transport.abort()


async def _drop_after_headers(wire: Wire, reply: Reply, _value: float) -> None:
    wire.write_head(reply, {"Content-Length": str(reply.length)})
    wire.transport.close()


async def _truncate(wire: Wire, reply: Reply, value: float) -> None:
    body = reply.body
    wire.write_head(reply, {"Content-Length": str(len(body))})
    wire.transport.write(body[: int(len(body) * value)])
    wire.transport.close()


async def _truncate_chunked(wire: Wire, reply: Reply, value: float) -> None:
    body = reply.body
    part = body[: int(len(body) * value)]
    wire.write_head(reply, {"Transfer-Encoding": "chunked"})
    wire.transport.write(b"%x\r\n%b\r\n" % (len(part), part))
    wire.transport.close()


async def _short_length(wire: Wire, reply: Reply, value: float) -> None:
    body = reply.body
    wire.write_head(reply, {"Content-Length": str(int(len(body) * value))})
    wire.transport.write(body)
    wire.transport.close()


async def _garbage(wire: Wire, _reply: Reply, value: float) -> None:
    wire.transport.write(Random(value).randbytes(int(value)))  # noqa: S311  # noise
    wire.transport.close()


async def _slow(wire: Wire, reply: Reply, value: float) -> None:
    if await wire.pause(value):
        await wire.reply(reply)


async def _drip(wire: Wire, reply: Reply, value: float) -> None:
    wire.write_head(reply, {"Content-Length": str(reply.length)})
    for byte in reply.body:
        if not await wire.pause(value):
            return
        wire.transport.write(bytes((byte,)))
    wire.transport.close()


async def _hang(wire: Wire, _reply: Reply, _value: float) -> None:
    await wire.pause(float("inf"))


async def _hang_after_headers(wire: Wire, reply: Reply, _value: float) -> None:
    wire.write_head(reply, {"Content-Length": str(reply.length)})
    await wire.pause(float("inf"))


async def _flood(wire: Wire, reply: Reply, value: float) -> None:
    await wire.start(reply, {})
    await wire.piece(b'{"statusCode":"0","data":"')
    for _ in range(int(value)):
        if wire.is_over:
            return
        await wire.piece(b" " * MIB)
    await wire.send({"type": "http.response.body", "body": b'"}'})


_WIRE_FAULTS: dict[str, Callable[[Wire, Reply, float], Awaitable[None]]] = {
    "drop": _drop,
    "drop_after_headers": _drop_after_headers,
    "truncate": _truncate,
    "truncate_chunked": _truncate_chunked,
    "short_length": _short_length,
    "garbage": _garbage,
    "slow": _slow,
    "drip": _drip,
    "hang": _hang,
    "hang_after_headers": _hang_after_headers,
    "flood": _flood,
}
