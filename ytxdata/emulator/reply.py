"""Putting an answer together: envelope, records, and the faults that strike inside the body. Bytes, no network."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from random import Random

from ytxdata.emulator.book import Listed
from ytxdata.emulator.dialects import DIALECTS
from ytxdata.emulator.faults import Fault
from ytxdata.emulator.options import Options
from ytxdata.emulator.shapes import SHAPES, Shape
from ytxdata.emulator.writing import write
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
    total = 0
    for position, text in enumerate(texts):
        total += len(text)
        if total > limit:
            return texts[:position]
    return texts


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
