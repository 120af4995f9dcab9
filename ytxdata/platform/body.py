"""The bytes of an answer: read to their end, and never more of them than the limit, before and after decompression."""

from __future__ import annotations

import gzip
import io
import zlib

from requests import Response

from ytxdata.errors import AnswerError, TooLargeError, TruncatedError
from ytxdata.labels import Text

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
