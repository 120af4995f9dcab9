"""One answer of the platform: its bytes, what they say, and when they came."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Literal

import msgspec

from ytxdata import times
from ytxdata.errors import NotJsonError, TruncatedError
from ytxdata.labels import Text
from ytxdata.records.aliases import DEFAULT, Aliases, plain
from ytxdata.records.find_records import RawRecord, extract, members_of, split_at_end
from ytxdata.records.json_values import STRICT_ERRORS, as_json, is_utf8, read_value
from ytxdata.templates import facts_card

Encoding = Literal["utf-8", "gb18030"]

_LENIENT = Text("应答的 JSON 不规范，已宽松读取", "the answer's JSON is not strict and was read leniently")
_BEHIND = Text(
    "应答结束之后还有 {n} 个字符，未读取", "{n} characters stand in the answer behind its end and were not read"
)

_SKIP = msgspec.json.Decoder(msgspec.Raw)


@dataclass(frozen=True, eq=False, repr=False)
class Answer:
    """One answer, as it came. Made by `read_answer`; immutable.

    Parameters
    ----------
    raw
        The body's bytes exactly as received, in the platform's encoding.
    status_code, status_msg, request_id
        What the envelope says; a missing or empty code or id is None, never "0".
    encoding
        Which encoding the body is in.
    http_status
        HTTP status, None for a file.
    asked_at, answered_at
        When the request was sent and the answer was whole (UTC).
    asked_n, confid
        The `meetingcount` and `confid` that were asked for.
    attempts
        How often it was sent, retries included.
    server_date
        The server's own clock (`Date` header), None when not given.
    source
        Where it came from: an address or a file name, without secrets.
    records
        Every record of the answer with its own raw text, in the answer's order.
    warnings
        What a reader should know before trusting it.
    aliases
        Tells what a meeting id is called where records must be told from wrappers.
    """

    raw: bytes
    status_code: str | None
    status_msg: str
    request_id: str | None
    encoding: Encoding
    http_status: int | None
    asked_at: datetime
    answered_at: datetime
    asked_n: int | None
    confid: str
    attempts: int
    server_date: datetime | None
    source: str
    records: tuple[RawRecord, ...] = ()
    warnings: tuple[Text, ...] = ()
    aliases: Aliases = field(default=DEFAULT)

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of `raw`, in hex."""
        return hashlib.sha256(self.raw).hexdigest()

    @property
    def pull_id(self) -> str:
        """Id of this call: made of the asking instant and the hash, so it sorts by time and is the same when read again."""
        return f"{self.asked_at.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}-{self.sha256[:16]}"

    @property
    def text(self) -> bytes:
        """The body's JSON text as UTF-8: `raw` itself, unless that is GB18030 or begins with a byte order mark."""
        return _as_utf8(self.raw, self.encoding)

    @cached_property
    def data(self) -> Any:
        """The decoded `data`, None when absent; JSON within a string stays a string; numbers with a fraction are exact decimals."""
        for key, raw in members_of(self.text, self.aliases):
            if plain(key) == "data":
                read = read_value(raw)
                return raw.decode("utf-8", "replace") if read is None else read.value
        return None

    def __repr__(self) -> str:
        return (
            f"<Answer status {self.status_code} {self.status_msg!r}, {len(self.raw)} bytes {self.encoding}, "
            f"asked {times.beijing_text(self.asked_at)} Beijing>"
        )

    def _repr_html_(self) -> str:
        rows = [
            (Text("状态", "status"), f"{self.status_code} {self.status_msg}"),
            (Text("请求编号", "request id"), self.request_id or "–"),
            (Text("记录", "records"), str(len(self.records))),
            (Text("大小", "size"), f"{len(self.raw):,} B, {self.encoding}"),
            (Text("提问（北京时间）", "asked (Beijing time)"), times.beijing_text(self.asked_at)),
            *((Text("提醒", "warning"), warning.in_()) for warning in self.warnings),
        ]
        return facts_card(Text("回答", "answer"), rows)


def read_answer(
    raw: bytes,
    *,
    asked_at: datetime | None = None,
    answered_at: datetime | None = None,
    asked_n: int | None = None,
    confid: str = "",
    http_status: int | None = None,
    attempts: int = 1,
    server_date: datetime | None = None,
    source: str = "",
    aliases: Aliases = DEFAULT,
) -> Answer:
    """Read the bytes of one answer, from the network or a file; status codes are told, not judged.

    The body is UTF-8, else GB18030; a UTF-8 body with a few damaged bytes stays UTF-8, with a warning.

    Parameters
    ----------
    raw
        The body's bytes.
    asked_at, answered_at
        When it was asked and answered; default now, and the same as `asked_at`.
    aliases
        Tells what a meeting id is called.

    Returns
    -------
    Answer
        With its records; none is no error.

    Raises
    ------
    NotJsonError
        The body is no JSON object or array, often a web page from a proxy: look at what answers at that address.
    TruncatedError
        The body is empty or ends before it is whole: ask again.

    Examples
    --------
    >>> answer = read_answer('{"statusCode":"0","statusMsg":"提交成功","data":[{"meid":"0012"}]}'.encode())
    >>> answer.status_code, answer.status_msg, len(answer.records)
    ('0', '提交成功', 1)
    """
    encoding, warnings = _encoding(raw)
    text = _as_utf8(raw, encoding)
    warnings += _check_whole(text, http_status, aliases)
    found = extract(text, aliases)
    asked = asked_at or times.now()
    return Answer(
        raw=raw,
        status_code=_word(found.envelope.get("statuscode")),
        status_msg=_word(found.envelope.get("statusmsg")) or "",
        request_id=_word(found.envelope.get("requestid")),
        encoding=encoding,
        http_status=http_status,
        asked_at=asked,
        answered_at=answered_at or asked,
        asked_n=asked_n,
        confid=confid,
        attempts=attempts,
        server_date=server_date,
        source=source,
        records=found.records,
        warnings=warnings + found.warnings,
        aliases=aliases,
    )


def _encoding(raw: bytes) -> tuple[Encoding, tuple[Text, ...]]:
    """Tell the encoding: a UTF-8 text with damage has far more whole characters than broken ones, a GB18030 text does not."""
    if is_utf8(raw):
        return "utf-8", ()
    text = raw.decode("utf-8", "replace")
    n_broken = text.count("\ufffd")
    n_whole = sum(len(run) for run in re.findall(r"[^\x00-\x7f\ufffd]+", text))
    if n_whole <= n_broken:
        try:
            raw.decode("gb18030")
        except UnicodeDecodeError as error:
            return "gb18030" if n_whole or n_broken > 1 else "utf-8", (_damaged(error.start),)
        return "gb18030", ()
    return "utf-8", (_damaged(text.index("\ufffd")),)


def _damaged(position: int) -> Text:
    return Text(
        f"应答中有不可解码的字节（约在第 {position} 处），受影响的记录见 problems 或 rejects",
        f"the answer holds bytes that are no text (near {position}); the records concerned are in problems or rejects",
    )


def _as_utf8(raw: bytes, encoding: Encoding) -> bytes:
    if encoding == "gb18030":
        return raw.decode("gb18030", "replace").encode()
    return raw.removeprefix(b"\xef\xbb\xbf")


def _check_whole(text: bytes, http_status: int | None, aliases: Aliases) -> tuple[Text, ...]:
    """Refuse what is no JSON or was cut off; name what stands behind the end."""
    body = text.strip()
    if not body:
        raise TruncatedError(
            Text("应答为空", "the answer is empty"), remedy=Text("请重试", "ask again"), http_status=http_status
        )
    if body[:1] not in (b"{", b"["):
        is_page = body[:1] == b"<"
        raise NotJsonError(
            Text("应答是网页，不是 JSON", "the answer is a web page, not JSON")
            if is_page
            else Text("应答不是 JSON", "the answer is not JSON"),
            remedy=Text(
                "请检查地址、代理和网关：应答可能不是平台发出的",
                "check the address, proxies and gateways: something else than the platform may have answered",
            ),
            http_status=http_status,
        )
    try:
        _SKIP.decode(body)
    except STRICT_ERRORS:
        parts = split_at_end(body, aliases)
    else:
        return ()
    if parts is None:
        raise TruncatedError(
            Text("应答不完整，中途断开", "the answer ends before it is whole"),
            remedy=Text(
                "请重试；若总在同一处断开，请检查代理的大小限制",
                "ask again; if it always ends there, look for a size limit in a proxy",
            ),
            http_status=http_status,
        )
    whole, behind = parts
    if behind:
        return (
            _BEHIND.format(n=len(behind.strip().decode("utf-8", "replace"))),
            *_check_whole(whole, http_status, aliases),
        )
    return (_LENIENT,)


def _word(raw: bytes | None) -> str | None:
    """Return a member of the envelope as text; empty, null and missing are None."""
    read = None if raw is None else read_value(raw)
    return None if read is None or read.value is None else as_json(read.value).strip() or None
