"""What a browser recorded (HAR): the answers of the platform in it, and what else may hold meetings."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from ytxdata.history.history import Unreadable
from ytxdata.labels import Text
from ytxdata.records.schema import DEFAULT
from ytxdata.records.signs import Signs
from ytxdata.records.spans import members_of

_NO_BODY = Text(
    "记录了对平台的调用，但没有保存应答正文", "a call to the platform was recorded without the body of its answer"
)
_NO_CALL = Text("记录中的此项不是一次调用", "an entry of the recording that is no call")
_BESIDE = Text(
    "录制内容之外的部分，不含会议，未读取：{keys}", "beside the recording, without meetings, not read: {keys}"
)
_OTHERS = Text(
    "{name}：另有 {n} 个请求与会议历史无关，未读取",
    "{name}: {n} other requests have nothing to do with the history and were not read",
)
_LOOK = 4096
"""How much of a body is looked at for the status of an answer [bytes]."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SIGNS = Signs(DEFAULT)


class Saved(NamedTuple):
    """One saved answer: where it is from, its bytes, and when it was asked for as far as that is known."""

    name: str
    raw: bytes
    asked_at: datetime
    answered_at: datetime | None = None
    http_status: int | None = None


Kept = Saved | Unreadable | Text
"""What a file may hold: answers, what cannot be read, and what a reader should know."""


def recorded_calls(raw: bytes) -> list[Any]:
    """Return the calls in what a browser recorded (HAR); none where it is something else."""
    if b'"entries"' not in raw or b'"log"' not in raw[:1000]:
        return []
    try:
        entries = json.loads(raw.decode("utf-8-sig"))["log"]["entries"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return []
    is_recording = isinstance(entries, list) and any(isinstance(one, dict) for one in entries)
    return entries if is_recording else []


def beside_recording(saved: Saved) -> Iterator[Kept]:
    """Yield what somebody put beside a recording in its file: as an answer where it names meetings."""
    members = [one for one in members_of(saved.raw.removeprefix(b"\xef\xbb\xbf").strip()) if one.key != "log"]
    body = b"{" + b",".join(json.dumps(one.key).encode() + b":" + one.raw for one in members) + b"}"
    if _SIGNS.names_id(body, 0, len(body)) or _SIGNS.names_escaped_id(body):
        yield saved._replace(raw=body)
    elif members:
        keys = ", ".join(one.key for one in members)
        yield Text(f"{saved.name}：{_BESIDE.format(keys=keys).zh}", f"{saved.name}: {_BESIDE.format(keys=keys).en}")


def _messages(name: str, entry: Mapping[str, Any]) -> Iterator[Saved]:
    """Yield the messages of a call's web socket that came from outside and name meetings."""
    messages = entry.get("_webSocketMessages")
    for i, one in enumerate(messages if isinstance(messages, list) else []):
        data = one.get("data") if isinstance(one, dict) and one.get("type") != "send" else None
        body = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else b""
        if _SIGNS.names_id(body, 0, len(body)) or _SIGNS.names_escaped_id(body):
            yield Saved(f"{name}~{i + 1}", body, _instant(entry.get("startedDateTime")))


def answers_of(name: str, entries: list[Any]) -> Iterator[Kept]:
    """Yield the answers among the calls of a recording, and how many others there are; headers are not looked at."""
    n_others = 0
    for i, entry in enumerate(entries):
        here = f"{name}#{i + 1}"
        if not isinstance(entry, dict):
            yield Unreadable(here, _NO_CALL, json.dumps(entry, ensure_ascii=False).encode("utf-8", "surrogatepass"))
            continue
        messages = list(_messages(here, entry))
        yield from messages
        response = _object(entry, "response")
        body = _body(_object(response, "content"))
        is_ours = "querymeeting" in str(_object(entry, "request").get("url", "")).lower()
        if body and (is_ours or b'"statusCode"' in body[:_LOOK]):
            asked_at = _instant(entry.get("startedDateTime"))
            took = entry.get("time")
            wait = timedelta(milliseconds=took) if isinstance(took, int | float) and 0 <= took < 1e9 else timedelta()
            status = response.get("status")
            yield Saved(here, body, asked_at, asked_at + wait, status if isinstance(status, int) else None)
        elif is_ours:
            yield Unreadable(here, _NO_BODY, b"")
        elif not messages:
            n_others += 1
    if n_others:
        yield _OTHERS.format(name=name, n=n_others)


def _object(value: Mapping[str, Any], key: str) -> dict[str, Any]:
    inner = value.get(key)
    return inner if isinstance(inner, dict) else {}


def _body(content: Mapping[str, Any]) -> bytes:
    text = content.get("text")
    if not isinstance(text, str):
        return b""
    if content.get("encoding") != "base64":
        return text.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        return b""


def _instant(text: Any) -> datetime:
    """Return when a recorded call was made; one that does not say it comes before all others."""
    try:
        instant = datetime.fromisoformat(str(text))
    except ValueError:
        return _EPOCH
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
