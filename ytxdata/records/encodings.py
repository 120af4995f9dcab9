"""Which encoding an answer came in, and its text as UTF-8: told from the bytes alone, because no header can be
trusted.
"""

from __future__ import annotations

import ast
import codecs
import json
import re
import warnings
from typing import Literal, NamedTuple

import pyarrow as pa

from ytxdata.labels import Text

Encoding = Literal["utf-8", "gb18030", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "python"]
"""How the bytes of an answer are written; `python` is a printed dictionary, which people save for JSON."""

_MARKS: tuple[tuple[bytes, Encoding], ...] = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins with the mark of UTF-16, so it is asked for first
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE: tuple[tuple[re.Pattern[bytes], Encoding], ...] = (
    (re.compile(rb"[\[{\s]\0\0\0[^\0]\0\0\0"), "utf-32-le"),
    (re.compile(rb"\0\0\0[\[{\s]\0\0\0[^\0]"), "utf-32-be"),
    (re.compile(rb"[\[{\s]\0[^\0]\0"), "utf-16-le"),
    (re.compile(rb"\0[\[{\s]\0[^\0]"), "utf-16-be"),
)
"""JSON begins with two ASCII characters: zeros around them tell the width and the order of bytes. By the first alone, a
single zero byte before sound UTF-8 made UTF-16 of it, and every record was lost."""

# Without `\Z` each quote behind the last open one is tried to the end of the text.
_STRING_OR_FALSE_BLANKS = re.compile(rb'"[^"\\]*(?:\\.?[^"\\]*)*(?:"|\Z)|[\0\x0b\x0c]+', re.S)
_FALSE_BLANKS = (b"\0", b"\x0b", b"\x0c")

_FIRST_KEY = re.compile(rb"\{\s*(?:\"|(?P<printed>'[^'\"\\]*'\s*:))")
"""The first key of a text, whose head may be missing: no JSON has an apostrophe there."""

# A quote counts only where a value may begin and end: behind one that is lost, all others keep their sides.
_PRINTED_WORD = re.compile(
    rb"(?<![^\[{(,:\s])(?:(?P<text>'[^'\\]*(?:\\.[^'\\]*)*'|\"[^\"\\]*(?:\\.[^\"\\]*)*\")|None|True|False)"
    rb"(?=\s*(?:[:,\]}]|\Z))",
    re.S,
)
_IN_JSON = {b"None": b"null", b"True": b"true", b"False": b"false"}

# Deep nesting ends `ast` with MemoryError or RecursionError, a set in it `json` with TypeError: it is damaged then.
_PYTHON_DAMAGE = (ValueError, SyntaxError, TypeError, MemoryError, RecursionError)


def is_utf8(body: bytes) -> bool:
    """Return whether bytes are UTF-8, without making the text: a tenth of the time of `bytes.decode`, and no memory.

    Examples
    --------
    >>> is_utf8("会议".encode()), is_utf8("会议".encode("gb18030")), is_utf8(b"\\xed\\xa0\\x80")
    (True, False, False)
    """
    try:
        ends = pa.array([0, len(body)], pa.int64()).buffers()[1]
        pa.Array.from_buffers(pa.large_string(), 1, [None, ends, pa.py_buffer(body)]).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


class Decoded(NamedTuple):
    """The text of an answer as UTF-8, the encoding it came in, and what a reader should know of that."""

    text: bytes
    encoding: Encoding
    warnings: tuple[Text, ...] = ()


def decode(raw: bytes) -> Decoded:
    """Tell the encoding of an answer and return its text.

    Examples
    --------
    >>> decode('{"n":"张"}'.encode("utf-16-le")).encoding, decode('{"n":"张三"}'.encode("gb18030")).text.decode()
    ('utf-16-le', '{"n":"张三"}')
    >>> decode(b"{'statusCode': '0', 'data': None}").text
    b'{"statusCode": "0", "data": null}'
    """
    # Asked first: UTF-16 of plain ASCII is valid UTF-8 too, with a zero behind every character.
    wide = _wide(raw)
    if wide:
        text = as_utf8(raw, wide)
        return Decoded(text, wide, (_damaged(text.index(_LOST)),) if _LOST in text else ())
    encoding, said = _narrow(raw)
    text = as_utf8(raw, encoding)
    first = _FIRST_KEY.search(text) if encoding == "utf-8" else None
    if first is None or not first["printed"]:
        return Decoded(text, encoding, said)
    return Decoded(as_utf8(raw, "python"), "python", (*said, _PRINTED_DICT))


def is_literal(raw: bytes) -> bool:
    """Return whether text is one whole printed Python value."""
    return _literal(as_utf8(raw, "utf-8")) is not None


def as_utf8(raw: bytes, encoding: Encoding) -> bytes:
    """Return the text of bytes in a known encoding, without a byte order mark."""
    if encoding == "utf-8":
        return _with_blanks(raw.removeprefix(codecs.BOM_UTF8))
    if encoding == "python":
        text = as_utf8(raw, "utf-8")
        # Damaged, it is no literal as a whole: word by word it becomes JSON with the same damage, and is read as that.
        return _literal(text) or _PRINTED_WORD.sub(_as_json, text)
    # Broken bytes become visible marks: raising would cost the whole answer for one of them.
    return _with_blanks(raw.decode(encoding, "replace").removeprefix("\ufeff").encode())


def _with_blanks(text: bytes) -> bytes:
    """Return text with a blank for each NUL, vertical tab and form feed outside of strings, left behind by disks and
    printers; inside it is damage.
    """
    # Looked for one by one: a set of characters in a pattern cost more than parsing all records.
    if not any(blank in text for blank in _FALSE_BLANKS):
        return text
    # As long as before: places in the text stay those in the bytes that came.
    return _STRING_OR_FALSE_BLANKS.sub(lambda one: one[0] if one[0][:1] == b'"' else b" " * len(one[0]), text)


def _wide(raw: bytes) -> Encoding | None:
    marked = next((encoding for mark, encoding in _MARKS if raw.startswith(mark)), None)
    return marked or next((encoding for pattern, encoding in _WIDE if pattern.match(raw)), None)


_TAKES_BRACKET = re.compile(rb"[\x81-\xfe][\[\]{}]")


def _narrow(raw: bytes) -> tuple[Encoding, tuple[Text, ...]]:
    """Tell UTF-8 from GB18030: a UTF-8 text with damage has far more whole characters than broken ones, a GB18030
    text does not.

    Trying GB18030 whenever UTF-8 fails would turn one bad byte into a page of wrong characters without a word.
    """
    if is_utf8(raw):
        return "utf-8", ()
    text = raw.decode("utf-8", "replace")
    n_broken = text.count("\ufffd")
    # Two bytes in a row pass for UTF-8 in every fifth character of GB18030, three hardly ever: these weigh, as the
    # three bytes they are.
    n_whole = 3 * sum(len(run) for run in re.findall("[\u0800-\ufffc\U00010000-\U0010ffff]+", text))
    # One name that is broken weighs as much as one that is whole: then it counts whether the text has none but the
    # characters that people write.
    if n_whole < n_broken or (n_whole == n_broken and _is_gb2312(raw)):
        try:
            raw.decode("gb18030")
        except UnicodeDecodeError as error:
            # ASCII with a single bad byte is no sign of GB18030, nor are two of which one would take a bracket along:
            # only that value is spoilt.
            is_damage = not n_whole and (n_broken == 1 or (n_broken == 2 and _TAKES_BRACKET.search(raw)))
            return "utf-8" if is_damage else "gb18030", (_damaged(error.start),)
        # Nor is a single one that would take a bracket along as the half of a character: with it a record's border.
        took = _TAKES_BRACKET.search(raw) if n_broken == 1 and not n_whole else None
        return ("utf-8", (_damaged(took.start()),)) if took else ("gb18030", ())
    return "utf-8", (_damaged(text.index("\ufffd")),)


def _is_gb2312(raw: bytes) -> bool:
    try:
        raw.decode("gb2312")
    except UnicodeDecodeError:
        return False
    return True


def _as_json(word: re.Match[bytes]) -> bytes:
    """Return one printed word as JSON."""
    text = word["text"]
    if not text:
        return _IN_JSON[word[0]]
    inner = text[1:-1]
    if b"\\" not in inner:
        return b'"' + inner.replace(b'"', b'\\"') + b'"'
    return _literal(text) or b'"' + inner.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def _literal(text: bytes) -> bytes | None:
    """Return a printed Python value as JSON, read as a literal and never run; None when it is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape in a name is worth no SyntaxWarning
            value = ast.literal_eval(text.decode().strip())
        written = json.dumps(value, ensure_ascii=False)
    except _PYTHON_DAMAGE:
        return None
    try:
        return written.encode()
    except UnicodeEncodeError:  # a lone surrogate stays visible as an escape
        return json.dumps(value).encode()


_LOST = "\ufffd".encode()
_PRINTED_DICT = Text(
    "文件是打印出来的 Python 字典而不是 JSON，已按字面值读取",
    "the text is a printed Python dictionary, not JSON, and was read as a literal",
)


def _damaged(position: int) -> Text:
    return Text(
        f"应答中有不可解码的字节（约在第 {position} 处），受影响的记录见 problems 或 rejects",
        f"the answer holds bytes that are no text (near {position}); the records concerned are in problems or rejects",
    )
