"""Saved answers as a history, without a network: files in every form in which people keep them, one answer or many."""

from __future__ import annotations

import gzip
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import groupby, islice
from pathlib import Path
from typing import Any

from ytxdata.errors import AnswerError, UsageError
from ytxdata.history.history import History, Unreadable
from ytxdata.history.recordings import Kept, Saved, answers_of, beside_recording, recorded_calls
from ytxdata.labels import Text
from ytxdata.records.answer import Answer, as_utf8, decode, is_literal, read_answer
from ytxdata.records.find_records import IS_TORN
from ytxdata.records.schema import DEFAULT
from ytxdata.records.signs import Signs
from ytxdata.records.spans import first_document, past_blanks

LARGEST = 2**28
"""How much is decompressed of one file [bytes]: a few kilobytes of zeros become a machine full of them."""

_DEEPEST = 2
"""How often something packed may be packed again."""

_DAMAGED = Text(
    "压缩数据已损坏或不完整，只读到中断处", "the compressed data is damaged or cut: it was read up to there"
)
_TOO_LARGE = Text(f"解压后超过 {LARGEST >> 20} MiB", f"it holds more than {LARGEST >> 20} MiB when decompressed")
_ENCRYPTED = Text("压缩包有密码", "it is protected by a password")
_NO_ZIP = Text("压缩包已损坏", "the archive is damaged")
_HIDDEN = Text(
    "{name}：{n} 个隐藏文件未读取（{files}）；如需读取请直接写出文件名",
    "{name}: {n} hidden files were not read ({files}); name one itself to have it read",
)
_CUT_ZIP = Text(
    "压缩包不完整（目录缺失），只读出其中完整的文件",
    "the archive is cut (its directory is missing): the files in it were read as far as they go",
)


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
        for one in _unpacked(Saved(path.name, raw, changed_at)):
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
                        )
                    )
                except AnswerError as error:
                    unreadable.append(Unreadable(one.name, error.cause, one.raw))
            else:
                notes.append(one)
    return History.from_answers(answers, names, unreadable, notes)


def _unpacked(saved: Saved, depth: int = 0) -> Iterator[Kept]:
    """Yield the answers in one file, whatever form they are kept in."""
    if depth <= _DEEPEST and saved.raw[:2] == b"\x1f\x8b":
        yield from _gunzipped(saved, depth)
    elif depth <= _DEEPEST and saved.raw[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        yield from _unzipped(saved, depth)
    elif entries := recorded_calls(saved.raw):
        yield from answers_of(saved.name, entries)
        yield from beside_recording(saved)
    else:
        texts = split_answers(saved.raw)
        for i, text in enumerate(texts):
            yield saved._replace(name=f"{saved.name}#{i + 1}" if len(texts) > 1 else saved.name, raw=text)


def _gunzipped(saved: Saved, depth: int) -> Iterator[Kept]:
    read, why = _bounded(gzip.GzipFile(fileobj=io.BytesIO(saved.raw)), LARGEST)
    if why:
        yield Unreadable(saved.name, why, b"" if read else saved.raw)
    if read:
        yield from _unpacked(saved._replace(raw=read), depth + 1)


def _unzipped(saved: Saved, depth: int) -> Iterator[Kept]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(saved.raw))
        files = [one for one in archive.infolist() if not one.is_dir()]
    except (zipfile.BadZipFile, ValueError, OSError):
        rescued = list(_without_directory(saved.raw))
        yield Unreadable(saved.name, _CUT_ZIP if rescued else _NO_ZIP, b"" if rescued else saved.raw)
        for name, read in rescued:
            yield from _unpacked(saved._replace(name=f"{saved.name}/{name}", raw=read), depth + 1)
        return
    members = [one for one in files if not one.filename.startswith("__MACOSX/")]
    if len(members) < len(files):
        yield _hidden(saved.name, [one.filename for one in files if one not in members])
    left = LARGEST
    for member in members:
        name = f"{saved.name}/{member.filename}"
        if member.flag_bits & 1:
            yield Unreadable(name, _ENCRYPTED, b"")
            continue
        try:
            with archive.open(member) as stream:
                read, why = _bounded(stream, left)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
            read, why = b"", _NO_ZIP
        left -= len(read)
        if why:
            yield Unreadable(name, why, b"")
        if read or not why:
            yield from _unpacked(saved._replace(name=name, raw=read), depth + 1)


def _without_directory(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the files in a zip that lost its end, and with it the directory, as far as they go."""
    at, left = 0, LARGEST
    while left > 0 and raw[at : at + 4] == b"PK\x03\x04" and at + _ZIP_HEADER.size <= len(raw):
        flags, method, size, n_name, n_extra = _ZIP_HEADER.unpack_from(raw, at)
        name_at = at + _ZIP_HEADER.size
        start = name_at + n_name + n_extra
        name = raw[name_at : name_at + n_name].decode("utf-8" if flags & 0x800 else "cp437", "replace")
        # Written as a stream, a file's size stands behind it: only what is deflated tells its own end.
        is_unknown = bool(flags & 8) or size == 0xFFFFFFFF
        if flags & 1 or method not in (0, 8) or (method == 0 and is_unknown):
            return
        read = raw[start : start + size]
        if method == 8:
            inflate = zlib.decompressobj(-zlib.MAX_WBITS)
            try:
                read = inflate.decompress(raw[start:], left)
            except zlib.error:
                return
            size = len(raw) - start - len(inflate.unused_data)
        if read and not name.startswith("__MACOSX/"):
            yield name, read
        left -= len(read)
        at = start + size
        if is_unknown:
            at = max(raw.find(b"PK\x03\x04", at), 0) or len(raw)


_ZIP_HEADER = struct.Struct("<6xHH8xI4xHH")


def _hidden(name: str, files: Sequence[str]) -> Text:
    shown = ", ".join(files[:_SHOWN]) + (" …" if len(files) > _SHOWN else "")
    return _HIDDEN.format(name=name, n=len(files), files=shown)


_SHOWN = 3
"""How many names of files that were not read are told."""


def _bounded(stream: Any, most: int) -> tuple[bytes, Text | None]:
    """Return what a compressed stream gives, and why that is not all of it."""
    read = bytearray()
    try:
        # `read` would give nothing at all of the last piece where that is cut.
        while piece := stream.read1(1 << 20):
            read += piece
            if len(read) > most:
                return b"", _TOO_LARGE
    except (EOFError, gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, OSError):
        return bytes(read), _DAMAGED
    return bytes(read), None


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
                notes[_hidden(one.name, left_out)] = None
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
    text = as_utf8(raw, "utf-8") if is_printed else decoded.text
    if is_printed and is_literal(raw):
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
    end = _sound_end(text, at)
    if end is not None:
        return end
    is_printed = _PRINTED.match(text, at) is not None
    for line in islice(_LINE.finditer(text, at), _MOST_LINES):
        if _PRINTED.match(text, line.end()) if is_printed else _sound_end(text, line.end()) is not None:
            return line.end()
    return len(text)


def _sound_end(text: bytes, at: int) -> int | None:
    length = first_document(text, at) if text[at : at + 1] in (b"{", b"[") else None
    return None if length is None or IS_TORN.match(text, at + length) else at + length


def _openings(text: bytes, at: int) -> Iterator[int]:
    return (match.start() for match in islice(_OPENING.finditer(text, at), _MOST_LINES))


def _begins_answer(text: bytes, at: int) -> bool:
    end = _sound_end(text, at)
    return end is not None and (_SIGNS.names_id(text, at, end) or _OF_ANSWERS.search(text, at, end) is not None)


def _part(text: bytes, start: int, end: int) -> int:
    """Return a key that is the same for records on lines of their own, and another one for each answer."""
    beginning = text[start : min(end, start + _BEGINNING)]
    is_record = text[start : start + 1] == b"{" and not _OF_ANSWERS.search(beginning) and not _PRINTED.match(beginning)
    # The status may stand behind all records: a record is only what has none anywhere.
    return -1 if is_record and not _SIGNS.has_status(text[start:end]) else start


_SIGNS = Signs(DEFAULT)
