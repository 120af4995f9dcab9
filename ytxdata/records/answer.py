"""One answer of the platform: its bytes, what they say, and when they came."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from ytxdata import times
from ytxdata.errors import NotJsonError, TruncatedError
from ytxdata.labels import Text
from ytxdata.records.aliases import DEFAULT, Aliases, named, plain
from ytxdata.records.encodings import Encoding, as_utf8, decode
from ytxdata.records.find_records import extract
from ytxdata.records.json_values import as_json, read_value
from ytxdata.records.paging import CUT, PAGE_KEYS, Announced
from ytxdata.records.reported_losses import LOST, totals_and_losses
from ytxdata.records.spans import Member, RawRecord, Span, members_of, tiling
from ytxdata.templates import facts_card
from ytxdata.version import __version__

_CUT = Text(
    "应答在完整之前中断：只有中断处之前的记录",
    "the answer ends before it is whole: only the records before that are here",
)
_LIST_CUT = Text(
    "应答里以 JSON 文本给出的列表在完整之前中断：可能还有更多记录，不能证明完整",
    "a list that the answer gives as JSON text ends before it is whole: there may be more records, and it proves nothing"
    " to be complete",
)
_MORE = Text(
    "应答自称还有更多记录，实际只读到 {found} 条：不能证明完整",
    "the answer says there are more records than the {found} that were read: it proves nothing to be complete",
)
_LOST = Text(
    "应答自称有内容未能给出（errors、failed、提示语或前一页等），读到 {found} 条：不能证明完整",
    "the answer says that something of it could not be given (`errors`, `failed`, a message or a page before it), {found}"
    " records were read: it proves nothing to be complete",
)
_OTHER_NUMBER = Text(
    "应答自称有 {told} 条记录，实际读到 {found} 条：不能证明完整",
    "the answer says it holds {told} records, and {found} were read: it proves nothing to be complete",
)


PARTIAL = 206
"""HTTP status of an answer that is not all. Nobody asked for a part, so there is more than what came."""

_OF_VENDORS = re.compile("(?:x-)?(?:(?:wp|ms|pagination|paging)-)?", re.IGNORECASE)
"""What stands in front of the word in names of such lines: `X-Total-Count`, `X-WP-Total`, `Pagination-Count`."""

_OF_OTHERS = re.compile(r".*(?:remaining|hits?|limit).*|(?:x-)?count", re.IGNORECASE | re.DOTALL)
"""Lines of gateways and caches that count calls and bytes: `X-Remaining`, `X-Cache-Hit-Count`."""

_IN_A_BODY = {"next-range": "next-offset"}
"""Lines that lead on, and what bodies call them."""

_PARAMETER = re.compile(r'([\w-]+)\s*=\s*"?([^";,&\s]*)')
"""What a line about pages says as `total=40; page=1`."""


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
    announced
        How many records it says it holds (`total`, `count`), None when it says nothing.
    is_doubtful
        It contradicts itself about how much it holds, was cut off, or could not be read byte for byte: nothing can be
        proven from it.
    is_partial
        The head of the HTTP answer tells of more records than are here; doubtful, unless it was asked for no more.
    unsure
        Hashes of what stands beside the list of the meetings, is none of them and may be another one.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> from ytxdata.emulator import Emulator
    >>> with Emulator(meetings=3) as server:
    ...     answer = ytx.Client(base_url=server.url, **server.credentials).query_meeting(meetingcount=2)
    >>> answer.status_code, len(answer.records)
    ('0', 2)
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
    announced: int | None = None
    is_doubtful: bool = False
    is_partial: bool = False
    unsure: tuple[str, ...] = ()

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of `raw`, in hex."""
        return hashlib.sha256(self.raw).hexdigest()

    @cached_property
    def pull_id(self) -> str:
        """Id of this call: made of the asking instant and the hash, so it sorts by time and is the same when read
        again.
        """
        return f"{self.asked_at.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}-{self.sha256[:16]}"

    @property
    def text(self) -> bytes:
        """The body's text as UTF-8: `raw` itself, unless that is in another encoding or begins with a byte order
        mark.
        """
        return as_utf8(self.raw, self.encoding)

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        """Where each byte of `text` belongs: every record with its place, and the pieces of envelope between them.

        Together they are the whole text but for blanks; no byte is in two of them.
        """
        return tuple(tiling(self.text, self.records))

    @cached_property
    def data(self) -> Any:
        """The decoded `data`, None when absent; JSON within a string stays a string; numbers with a fraction are
        exact decimals.
        """
        for key, raw, *_ in members_of(self.text.strip()):
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
    is_whole: bool | None = None,
    told: Iterable[int | None] = (),
) -> Answer:
    """Read the bytes of one answer, from the network or a file; status codes are told, not judged.

    The body is UTF-8, else GB18030, or UTF-16 or UTF-32 by its first bracket. With a few damaged bytes it stays UTF-8,
    with a warning; parts in UTF-8 and GB18030 are each read in their own. Damaged JSON is read as far as it goes: what
    is whole is a record, the rest is rejected.

    Parameters
    ----------
    raw
        The body's bytes.
    asked_at, answered_at
        When it was asked and answered; default now, and the same as `asked_at`.
    aliases
        Tells what a meeting id is called.
    is_whole
        True: every byte that was announced has come, so that an end that is missing is damage. False: the text may be
        cut anywhere, and is read up to there. None: nobody knows, and a text that does not come to its end is
        refused.
    told
        What the head of the HTTP answer says of the number of records (`told_by`).

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
    text, encoding, warnings = decode(raw)
    # A proxy's page must not pass for an answer without records; a file may begin with anything.
    if is_whole is not False:
        _refuse_what_is_none(text, http_status)
    found = extract(text, aliases, is_whole=bool(is_whole))
    if not found.n_certain:  # a file may have lost its beginning, or have other text before it
        _refuse_what_is_none(text, http_status)
    if not found.is_closed:
        if is_whole is not False:
            # Cut, an answer looks like one with fewer records: nobody would miss those behind the cut.
            raise _truncated(http_status)
        warnings += (_CUT,)
    if not found.is_ended:
        warnings += (_LIST_CUT,)
    # `total` 30 and 24 records: something was not found, and nothing may be proven complete from that.
    n = len(found.records)
    more = [Announced(one, n) for one in told if one is None or one > n]
    contradicted = [one for one in dict.fromkeys([*found.announced, *more]) if _contradicts(one, asked_n)]
    said = {None: _MORE, LOST: _LOST}
    warnings += tuple(said.get(one.told, _OTHER_NUMBER).format(told=one.told, found=one.found) for one in contradicted)
    asked = asked_at or times.now()
    return Answer(
        raw=raw,
        # No default: without a code an answer of something else would pass for a success ("0").
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
        announced=next((one.told for one in (*contradicted, *found.announced) if one.told not in said), None),
        is_doubtful=bool(contradicted) or not (found.is_closed and found.is_ended and found.is_lawful),
        is_partial=bool(more),
        unsure=tuple(hashlib.sha256(one).hexdigest()[:32] for one in found.unsure),
    )


def told_by(status: int | None, lines: Iterable[tuple[str, str]]) -> tuple[int | None, ...]:
    """Return what the head of an HTTP answer says of the number of records: how many there are; None: more than are
    here.

    Numbers alone, since the address behind a `Link` may repeat the signature of the question.

    Examples
    --------
    >>> told_by(200, [("X-Total-Count", "30"), ("Link", '</m?page=2>; rel="next"'), ("X-Cache-Hits", "7")])
    (30, None)
    >>> told_by(206, [("Content-Range", "bytes 0-99/200")])
    (None,)
    """
    by_name: dict[str, list[str]] = {}
    for line, value in lines:
        name = _OF_VENDORS.sub("", line, count=1)
        is_of_bytes = name.casefold() == "content-range" and value.casefold().lstrip().startswith("bytes")
        if not is_of_bytes and (CUT.fullmatch(named(name)) or not _OF_OTHERS.fullmatch(line)):
            by_name.setdefault(_IN_A_BODY.get(name.casefold(), name), []).append(value.strip())
    members: list[Member] = []
    for name, values in by_name.items():
        raw = values[0].encode("utf-8", "replace")
        inner = members_of(raw) if raw[:1] == b"{" else None  # `X-Pagination` of ASP.NET is an object
        if name.casefold() in ("warning", "message"):  # a sentence says what a flag says: `199 - "result truncated"`
            said = [text for value in values for text in re.findall('"([^"]*)"', value) or [value]]
            inner = [Member(name, json.dumps(said).encode(), 0, 0), *(Member(text, b"true", 0, 0) for text in said)]
        elif plain(name) in PAGE_KEYS and not inner:
            inner = [Member(key, json.dumps(one).encode(), 0, 0) for key, one in _PARAMETER.findall(values[0])]
        members += inner or [Member(name, json.dumps(", ".join(values)).encode(), 0, 0)]
    found = {None: None} if status == PARTIAL else {}
    return tuple(dict.fromkeys(totals_and_losses(members)) | found)


def call_row(answer: Answer) -> dict[str, object]:
    """Return what a row of `pulls` says of a call by itself."""
    return {
        "pull_id": answer.pull_id,
        "asked_at": answer.asked_at,
        "answered_at": answer.answered_at,
        "asked_n": answer.asked_n,
        "returned_n": len(answer.records),
        "confid": answer.confid or None,
        "status_code": answer.status_code,
        "request_id": answer.request_id,
        "attempts": answer.attempts,
        "bytes": len(answer.raw),
        "encoding": answer.encoding,
        "sha256": answer.sha256,
        "package_version": __version__,
    }


def _contradicts(announced: Announced, asked_n: int | None) -> bool:
    """Return whether an answer holds another number than it says; one that is full may well know of more than it was
    asked for, and one that says 0 beside its records has not counted.
    """
    if announced.told == LOST:
        return True
    if announced.may_repeat and announced.told == asked_n:
        return False
    is_full = asked_n is not None and announced.found >= asked_n
    if announced.told is None or announced.told > announced.found:
        return not is_full
    return 0 < announced.told < announced.found


def _truncated(http_status: int | None) -> TruncatedError:
    return TruncatedError(
        Text("应答不完整，中途断开", "the answer ends before it is whole"),
        remedy=Text(
            "请重试；若总在同一处断开，请检查代理的大小限制",
            "ask again; if it always ends there, look for a size limit in a proxy",
        ),
        http_status=http_status,
    )


def _refuse_what_is_none(text: bytes, http_status: int | None) -> None:
    """Refuse what is no JSON at all."""
    body = text.strip()
    if not body:
        empty = Text("应答为空", "the answer is empty")
        raise TruncatedError(empty, remedy=Text("请重试", "ask again"), http_status=http_status)
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


def _word(raw: bytes | None) -> str | None:
    """Return a member of the envelope as text; empty, null and missing are None."""
    read = None if raw is None else read_value(raw)
    return None if read is None or read.value is None else as_json(read.value).strip() or None
