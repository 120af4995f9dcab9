"""Saved answers as a history, without a network: files in every form in which people keep them, one answer or many,
also what a browser recorded (HAR).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import groupby, islice
from pathlib import Path
from typing import Any, NamedTuple

from ytxdata.errors import AnswerError, UsageError
from ytxdata.history.history import History, Unreadable
from ytxdata.labels import Text
from ytxdata.packed import hidden_note, unpacked
from ytxdata.records.aliases import DEFAULT
from ytxdata.records.answer import Answer, read_answer, told_by
from ytxdata.records.encodings import as_written, decode, is_literal
from ytxdata.records.find_records import past_blanks, sound_end
from ytxdata.records.signs import signs_of
from ytxdata.records.spans import members_of
from ytxdata.records.unread_parties import says_it_came
from ytxdata.records.values import as_phone
from ytxdata.times import EPOCH


def read_answers(
    files: str | Path | Sequence[str | Path],
    *,
    aliases: Mapping[str, Sequence[str]] | None = None,
) -> History:
    """Read saved answers from files, without a network: a saved answer is as good as a live one.

    A file may hold one answer or several, one after another or one a line; records on lines of their own (JSON
    Lines); a printed Python dictionary; any of these in UTF-8, UTF-16, UTF-32 or GB18030, compressed (gzip, zip), or
    recorded by a browser (HAR). A file that is cut is read up to there.

    Parameters
    ----------
    files
        One file or folder, a pattern such as `"saved/*.json"`, or several of these.
    aliases
        More names for columns: `{"meeting_id": ["room_no"]}`.

    Returns
    -------
    History
        As a `Client` gives it. What cannot be read as an answer is a row of `rejects` with the reason and its whole
        text; everything else is read.

    Raises
    ------
    UsageError
        No file fits, or one cannot be opened.

    Notes
    -----
    A file does not say when it was asked for; the time of its last change stands for that. A recording (HAR) does.

    Examples
    --------
    >>> history = read_answers("data/answers/*.json")
    >>> history.counts.received == len(history.meetings) + history.counts.rejected + history.counts.duplicates
    True
    """
    names = DEFAULT.with_extra(aliases or {})
    answers: list[Answer] = []
    unreadable: list[Unreadable] = []
    paths, notes = _paths([files] if isinstance(files, str | Path) else files)
    for path in paths:
        raw, changed_at = _read(path)
        for one in _kept_in(Saved(path.name, raw, changed_at)):
            if isinstance(one, Unreadable):
                unreadable.append(one)
            elif isinstance(one, Saved):
                try:
                    answers.append(
                        read_answer(
                            one.raw,
                            asked_at=one.asked_at,
                            answered_at=one.answered_at,
                            http_status=one.http_status,
                            source=one.name,
                            aliases=names,
                            is_whole=False,
                            told=one.told,
                        )
                    )
                except AnswerError as error:
                    unreadable.append(Unreadable(one.name, error.cause, one.raw))
            else:
                notes.append(one)
    return History.from_answers(answers, names, unreadable, notes)


def _kept_in(saved: Saved) -> Iterator[Kept]:
    """Yield the answers in one file, whatever form they are kept in."""
    for one in unpacked(saved.name, saved.raw):
        if isinstance(one, Text):
            yield one
        elif one.why:
            yield Unreadable(one.name, one.why, one.raw)
        elif entries := recorded_calls(one.raw):
            yield from answers_of(one.name, entries)
            yield from beside_recording(saved._replace(name=one.name, raw=one.raw))
        else:
            texts = split_answers(one.raw)
            for i, text in enumerate(texts):
                yield saved._replace(name=f"{one.name}#{i + 1}" if len(texts) > 1 else one.name, raw=text)


def _paths(patterns: Iterable[str | Path]) -> tuple[list[Path], list[Text]]:
    """Return the files that paths, folders and patterns name, each once, sorted within a pattern; every one must name
    some.

    Also told is what was left out of folders: a hidden file may be somebody's answer, and would be missed by nobody.
    """
    found: dict[Path, None] = {}
    notes: dict[Text, None] = {}
    for pattern in patterns:
        path = Path(pattern)
        fitting: list[Path] = []
        for one in [path] if path.exists() else sorted(_glob(path)):
            files = _files(one)
            shown = [file for file in files if not _is_hidden(file, one)]
            fitting += shown
            if len(shown) < len(files):
                left_out = [str(file.relative_to(one)) for file in files if file not in shown]
                notes[hidden_note(one.name, left_out)] = None
        if not fitting:
            raise UsageError(
                Text(f"没有这样的文件：{pattern}", f"no such file: {pattern}"),
                remedy=Text(
                    "核对路径；也可以写成 saved/*.json", "check the path; a pattern such as saved/*.json works too"
                ),
            )
        found.update(dict.fromkeys(fitting))
    return list(found), list(notes)


def _files(path: Path) -> list[Path]:
    """Return a file, or the files in a folder at any depth."""
    return sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]


def _is_hidden(file: Path, folder: Path) -> bool:
    """Return whether a file in a folder is the system's rather than somebody's answer."""
    return any(part.startswith(".") or part == "__MACOSX" for part in file.relative_to(folder).parts)


def _glob(pattern: Path) -> Iterable[Path]:
    return Path(pattern.anchor or ".").glob(str(pattern.relative_to(pattern.anchor)))


def _read(path: Path) -> tuple[bytes, datetime]:
    try:
        return path.read_bytes(), datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError as error:
        raise UsageError(Text(f"无法读取 {path}：{error.strerror}", f"cannot read {path}: {error.strerror}")) from None


# Inside a damaged line a bracket may open anything: only where a line begins another text is looked for.
_LINE = re.compile(rb"\n(?=[{\[])")
_OPENING = re.compile(rb"[{\[]")
_PRINTED = re.compile(rb"\s*\[?\s*\{\s*'")
_OF_ANSWERS = re.compile(rb"\"(?:status_?code|status_?msg|request_?id|data)\"\s*:", re.IGNORECASE)

_BEGINNING = 2000
"""How much of a damaged text is looked at to tell whether it was an answer [bytes]."""

_MOST_LINES = 64
"""How many lines behind damage are tried as the beginning of the next answer: beyond that it is read as one damaged
text.
"""


def split_answers(raw: bytes) -> list[bytes]:
    """Return the answers in a text that somebody saved; records on lines of their own stay together as one.

    What stands before an answer (the head of an HTTP message, the time and level of a log) is a text of its own. A
    damaged answer ends where on a line of its own a sound one begins, so that it costs only itself.

    Examples
    --------
    >>> split_answers(b'{"statusCode":"0","data":[]}\\n{"statusCode":"0","da\\n{"data":[{"meid":"1"}]}')
    [b'{"statusCode":"0","data":[]}', b'{"statusCode":"0","da', b'{"data":[{"meid":"1"}]}']
    >>> split_answers(b'HTTP/1.1 200 OK\\r\\n\\r\\n{"statusCode":"0","data":[]}')
    [b'HTTP/1.1 200 OK', b'{"statusCode":"0","data":[]}']
    >>> split_answers(b'{"meid":"1"}\\n{"meid":"2"}\\n')
    [b'{"meid":"1"}\\n{"meid":"2"}\\n']
    """
    decoded = decode(raw)
    is_printed = decoded.encoding == "python"
    text = as_written(raw).text if is_printed else decoded.text
    if is_printed and is_literal(text):
        return [raw]
    groups = [list(group) for _, group in groupby(_documents(text), key=lambda one: _part(text, *one))]
    if len(groups) <= 1:
        # The bytes as they came: a single answer keeps its encoding and its hash.
        return [raw]
    return [text[group[0][0] : group[-1][1]].rstrip() for group in groups]


def _documents(text: bytes) -> Iterator[tuple[int, int]]:
    at = past_blanks(text, 0)
    while at < len(text):
        end = _end(text, at)
        yield at, end
        at = past_blanks(text, end)


def _end(text: bytes, at: int) -> int:
    """Return where the text that begins there ends: strictly, else where a sound one begins on a line of its own;
    foreign text where an answer begins.
    """
    if text[at : at + 1] not in (b"{", b"["):
        return next(filter(partial(_begins_answer, text), _openings(text, at)), len(text))
    end = sound_end(text, at)
    if end is not None:
        return end
    is_printed = _PRINTED.match(text, at) is not None
    for line in islice(_LINE.finditer(text, at), _MOST_LINES):
        if _PRINTED.match(text, line.end()) if is_printed else sound_end(text, line.end()) is not None:
            return line.end()
    return len(text)


def _openings(text: bytes, at: int) -> Iterator[int]:
    return (match.start() for match in islice(_OPENING.finditer(text, at), _MOST_LINES))


def _begins_answer(text: bytes, at: int) -> bool:
    end = sound_end(text, at)
    return end is not None and (_SIGNS.names_id(text, at, end) or _OF_ANSWERS.search(text, at, end) is not None)


def _part(text: bytes, start: int, end: int) -> int:
    """Return a key that is the same for records on lines of their own, and another one for each answer."""
    beginning = text[start : min(end, start + _BEGINNING)]
    is_record = text[start : start + 1] == b"{" and not _OF_ANSWERS.search(beginning) and not _PRINTED.match(beginning)
    # The status may stand behind all records: a record is only what has none anywhere.
    return -1 if is_record and not _SIGNS.has_status(text[start:end]) else start


_SIGNS = signs_of(DEFAULT)


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
_OURS = re.compile(r"(?i)querymeeting|meetingquery\b")
"""What the action is called in a request, or its address ends in (`fun_url`)."""

_LOOK = 4096
"""How much of a body is looked at for the status of an answer [bytes]."""

_BRACKET = re.compile(r"[{\[]")
_BOM_AND_BLANKS = b"\xef\xbb\xbf \t\r\n"


class Saved(NamedTuple):
    """One saved answer: where it is from, its bytes, when it was asked for as far as that is known, and what its head
    told of how many records there are.
    """

    name: str
    raw: bytes
    asked_at: datetime
    answered_at: datetime | None = None
    http_status: int | None = None
    told: tuple[int | None, ...] = ()


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
    if _names_meetings(body):
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
        if _names_meetings(body):
            yield Saved(f"{name}~{i + 1}", body, _instant(entry.get("startedDateTime")))


_SAID = re.compile(r'"([^"\\]{1,60})"\s*:\s*(?:"([^"\\]{1,60})"|(\d{9,13})\b)')


def _names_people(body: bytes) -> bool:
    """Return whether somebody with a number came or went in a text: a console asks for a meeting's people at an address
    that has its id."""
    words = _SAID.findall(body.decode("utf-8", "replace"))
    said = {key: text or number for key, text, number in words}
    return DEFAULT.has_phone(key for key, one in said.items() if as_phone(one)) and says_it_came(said, DEFAULT)


def _names_meetings(body: bytes) -> bool:
    return _SIGNS.names_id(body, 0, len(body)) or _SIGNS.names_escaped_id(body)


def answers_of(name: str, entries: list[Any]) -> Iterator[Kept]:
    """Yield the answers among the calls of a recording, and how many others there are."""
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
        is_ours = _asks_for_meetings(_object(entry, "request"))
        # by a proxy's address it is known by what it says: a status may stand behind all records, or be spelt otherwise
        is_json = _OPENING.match(body.lstrip(_BOM_AND_BLANKS)) is not None
        if body and (
            is_ours or b'"statusCode"' in body[:_LOOK] or (is_json and (_names_meetings(body) or _names_people(body)))
        ):
            asked_at = _instant(entry.get("startedDateTime"))
            took = entry.get("time")
            wait = timedelta(milliseconds=took) if isinstance(took, int | float) and 0 <= took < 1e9 else timedelta()
            status = status if isinstance(status := response.get("status"), int) else None
            told = told_by(status, _lines_of(response.get("headers")))
            yield Saved(here, body, asked_at, asked_at + wait, status, told)
        elif is_ours:
            yield Unreadable(here, _NO_BODY, b"")
        elif not messages:
            n_others += 1
    if n_others:
        yield _OTHERS.format(name=name, n=n_others)


def _asks_for_meetings(request: Mapping[str, Any]) -> bool:
    """Return whether a recorded request is that for the meetings; what a browser asks for leave with has no answer."""
    asked = f"{request.get('url', '')} {_object(request, 'postData').get('text', '')}"
    return _OURS.search(asked) is not None and str(request.get("method", "")).upper() != "OPTIONS"


def _object(value: Mapping[str, Any], key: str) -> dict[str, Any]:
    inner = value.get(key)
    return inner if isinstance(inner, dict) else {}


def _lines_of(headers: Any) -> list[tuple[str, str]]:
    """Return the lines of a head as a browser recorded them: objects of name and value."""
    given = [one for one in headers if isinstance(one, Mapping)] if isinstance(headers, list) else []
    pairs = [(one.get("name"), one.get("value")) for one in given]
    return [(name, value) for name, value in pairs if isinstance(name, str) and isinstance(value, str)]


def _body(content: Mapping[str, Any]) -> bytes:
    text = content.get("text")
    if not isinstance(text, str):
        return b""
    plain = text.encode("utf-8", "surrogatepass")
    # What an entry says of its encoding is not always so: the text itself tells, as no base64 has a bracket in it.
    if _BRACKET.search(text):
        return plain
    try:
        decoded = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return plain
    is_said = content.get("encoding") == "base64"
    return decoded if is_said or _OPENING.match(decoded.lstrip(_BOM_AND_BLANKS)) else plain


def _instant(text: Any) -> datetime:
    """Return when a recorded call was made; one that does not say it comes before all others."""
    try:
        instant = datetime.fromisoformat(str(text))
    except ValueError:
        return EPOCH
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
