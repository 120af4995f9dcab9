"""What goes back to a client: envelope, records and bytes on the connection, honest or spoilt by a fault.

A dishonest answer is written to the connection itself, since no HTTP server would let one send it.
"""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import Awaitable, Callable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import accumulate
from random import Random
from typing import Any

from ytxdata.emulator.dialects import DIALECTS, SHAPES, Shape, write
from ytxdata.emulator.listing import Listed
from ytxdata.emulator.options import Fault, Options
from ytxdata.platform.codes import lookup

MIB = 1 << 20
PAGE = "<html><head><title>{title}</title></head><body><h1>{title}</h1><hr>nginx</body></html>"


@dataclass
class Reply:
    """One HTTP answer: its body in parts, so that a large one is never copied as a whole."""

    parts: list[bytes]
    status: int = 200
    content_type: str = "application/json;charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    n_records: int = 0

    @property
    def length(self) -> int:
        """Bytes of the body."""
        return sum(map(len, self.parts))

    @property
    def body(self) -> bytes:
        """The body as one piece."""
        return b"".join(self.parts)


def page(status: int, title: str) -> Reply:
    """Return a web page, as gateways give it."""
    return Reply([PAGE.format(title=title).encode()], status, "text/html; charset=utf-8")


def compose(
    code: str, rows: Sequence[Listed], request_id: str | None, options: Options, faults: Sequence[Fault]
) -> Reply:
    """Return the answer for a code and, when it is 0, for the records listed."""
    message = lookup(code).text.zh
    struck = {fault.kind for fault in faults if fault.stage == "envelope"}
    status = {} if "no_code" in struck else {"statusCode": int(code) if "number_code" in struck else code}
    opening = json.dumps(status | {"statusMsg": message}, ensure_ascii=False, separators=(",", ":"))[:-1]
    closing = "}" if request_id is None else f',"requestId":"{request_id}"}}'
    encoding = options.encoding
    content_type = "application/json;charset=utf-8" if encoding == "utf-8" else "application/json"
    shape = SHAPES[options.shape]
    if code != "0" or shape.kind == "absent":
        return Reply([(opening + closing).encode(encoding)], content_type=content_type)
    texts = [] if shape.kind == "fixed" else _limited([_text(row, shape, options) for row in rows], options.byte_cap)
    for fault in faults:
        if fault.stage == "records":
            texts = _spoil(texts, fault, shape, encoding)
    before, after = shape.frame(len(texts))
    parts = [f'{opening},"data":{before}'.encode(encoding)]
    for position, text in enumerate(texts):
        parts += [b",", text] if position else [text]
    parts.append((after + closing).encode(encoding))
    return Reply(parts, content_type=content_type, n_records=len(texts))


def _text(row: Listed, shape: Shape, options: Options) -> bytes:
    """Return a record as it stands in the answer; one that can change no more is written once."""
    view = row.meeting.at(row.now)
    key = (row.meeting, options.dialect, options.shape, options.encoding)
    if view is row.meeting and row.entry.text is not None and row.entry.text[0] == key:
        return row.entry.text[1]
    text = shape.place(write(view, DIALECTS[options.dialect]), view.meeting_id).encode(options.encoding)
    if view is row.meeting:
        row.entry.text = (key, text)
    return text


def _limited(texts: list[bytes], limit: int | None) -> list[bytes]:
    if limit is None:
        return texts
    return [text for text, total in zip(texts, accumulate(map(len, texts)), strict=True) if total <= limit]


_MALFORMED = (
    '{"meid":"20260101090000000000000000001","starttime":}',
    "{'meid':'20260101090000000000000000002'}",
    '{"meid":"20260101090000000000000000003","duration":+1}',
    '{"meid" "20260101090000000000000000004"}',
)
_NO_ID = (
    '{"meetingname":"没有会议号","starttime":"2026-01-01 09:00:00"}',
    '{"meid":"","meetingname":"空会议号"}',
    '{"meid":null,"meetingname":"会议号为 null"}',
    "{}",
)
_NOT_OBJECT = ('"只是文字"', "7", "null", "[]", "true")
_BAD = {"malformed": _MALFORMED, "no_id": _NO_ID, "not_object": _NOT_OBJECT}


def _spoil(texts: list[bytes], fault: Fault, shape: Shape, encoding: str) -> list[bytes]:
    """Mix bad records in, spread evenly over the good ones, none of which is lost."""
    many = int(fault.value)
    if fault.kind == "doubled":
        return [text for position, text in enumerate(texts) for _ in range(2 if position < many else 1)]
    kinds = _BAD[fault.kind]
    bad = [shape.place(kinds[turn % len(kinds)], f"bad{turn}").encode(encoding) for turn in range(many)]
    step = max(1, len(texts) // (many + 1))
    mixed: list[bytes] = []
    for position, text in enumerate(texts):
        mixed.append(text)
        if bad and (position + 1) % step == 0:
            mixed.append(bad.pop(0))
    return mixed + bad


def spoil_reply(reply: Reply, fault: Fault, base_url: str) -> Reply:
    """Return the answer after a fault of the stage `reply` has struck."""
    value, kind = fault.value, fault.kind
    if kind == "http":
        return Reply([], int(value), "text/plain")
    if kind in ("http_html", "html"):
        return page(int(value), "502 Bad Gateway" if kind == "http_html" else "系统维护中")
    if kind == "redirect":
        return Reply([], int(value), "text/plain", {"Location": f"{base_url}/elsewhere"})
    if kind == "garbage_body":
        return Reply([Random(fault.seed).randbytes(int(value))])  # noqa: S311  # noise
    if kind == "not_an_answer":
        return Reply([b"[]"])
    if kind == "empty_body":
        return Reply([])
    if kind == "gzip_bomb":
        return Reply(list(bomb(int(value))), headers={"Content-Encoding": "gzip"})
    if kind == "http_json":
        return replace(reply, status=int(value))
    if kind == "cut_json":
        return replace(reply, parts=[reply.body[: int(reply.length * value)]])
    if kind == "bom":
        return replace(reply, parts=[b"\xef\xbb\xbf", *reply.parts])
    # What remains says that it is compressed, and is or is not.
    parts = [zlib.compress(reply.body, 6, 31)] if kind == "gzip" else reply.parts
    return replace(reply, parts=parts, headers={"Content-Encoding": "gzip"})


@lru_cache(maxsize=2)
def bomb(mebibytes: int) -> tuple[bytes, ...]:
    """Return gzip bytes of a success whose `data` is a text of so many MiB of blanks."""
    head, blanks, tail = b'{"statusCode":"0","data":"', b" " * MIB, b'"}'
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    opening = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    # A full flush forgets all that came before, so one packed block may be repeated.
    block = packer.compress(blanks) + packer.flush(zlib.Z_FULL_FLUSH)
    closing = packer.compress(tail) + packer.flush(zlib.Z_FINISH)
    checksum = zlib.crc32(head)
    for _ in range(mebibytes):
        checksum = zlib.crc32(blanks, checksum)
    checksum = zlib.crc32(tail, checksum)
    size = (len(head) + mebibytes * MIB + len(tail)) & 0xFFFFFFFF
    header = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"
    trailer = checksum.to_bytes(4, "little") + size.to_bytes(4, "little")
    return (header + opening, *([block] * mebibytes), closing + trailer)


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

    def finish(self, reply: Reply, more: dict[str, str], body: bytes = b"") -> None:
        """Write a head and a body past the server, whether they fit or not, and close."""
        self.write_head(reply, more)
        self.transport.write(body)
        self.transport.close()

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
    wire.finish(reply, {"Content-Length": str(reply.length)})


async def _truncate(wire: Wire, reply: Reply, value: float) -> None:
    wire.finish(reply, {"Content-Length": str(reply.length)}, reply.body[: int(reply.length * value)])


async def _truncate_chunked(wire: Wire, reply: Reply, value: float) -> None:
    part = reply.body[: int(reply.length * value)]
    wire.finish(reply, {"Transfer-Encoding": "chunked"}, b"%x\r\n%b\r\n" % (len(part), part))


async def _short_length(wire: Wire, reply: Reply, value: float) -> None:
    wire.finish(reply, {"Content-Length": str(int(reply.length * value))}, reply.body)


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
