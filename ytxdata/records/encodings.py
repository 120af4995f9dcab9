"""Which encoding an answer came in, and its text as UTF-8: told from the bytes alone, because no header can be
trusted.
"""

from __future__ import annotations

import ast
import codecs
import json
import re
import warnings
from collections.abc import Callable, Iterator
from datetime import date, datetime
from itertools import groupby, pairwise
from typing import Any, Literal, NamedTuple

import pyarrow as pa

from ytxdata.labels import Text

Encoding = Literal["utf-8", "gb18030", "mixed", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "python"]
"""How the bytes of an answer are written; `mixed` is UTF-8 and GB18030 in turns, `python` a printed dictionary, which
people save for JSON, in any of the others."""

_MARKS: tuple[tuple[bytes, Encoding], ...] = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins with the mark of UTF-16, so it is asked for first
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NARROW = re.compile(rb"[\[{]\s*[\[{\"']")
_WIDE: tuple[tuple[re.Pattern[bytes], Encoding], ...] = (
    (re.compile(rb"(?:....)*?[\[{]\0\0\0[^\0]\0\0\0", re.S), "utf-32-le"),
    (re.compile(rb"(?:....)*?\0\0\0[\[{]\0\0\0[^\0]", re.S), "utf-32-be"),
    (re.compile(rb"(?:..)*?[\[{]\0[^\0]\0", re.S), "utf-16-le"),
    (re.compile(rb"(?:..)*?\0[\[{]\0[^\0]", re.S), "utf-16-be"),
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
_PYTHON_DAMAGE = (ValueError, SyntaxError, TypeError, OverflowError, MemoryError, RecursionError)


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
    text, encoding, said = as_written(raw)
    first = _FIRST_KEY.search(text)
    if first is None or not first["printed"]:
        return Decoded(text, encoding, said)
    return Decoded(_python_as_json(text), "python", (*said, _PRINTED_DICT))


def as_written(raw: bytes) -> Decoded:
    """Return the text of bytes as it stands in them, be it JSON or a printed dictionary."""
    # Asked first: UTF-16 of plain ASCII is valid UTF-8 too, with a zero behind every character.
    wide = _wide(raw)
    if not wide:
        encoding, said = _narrow(raw)
        return Decoded(as_utf8(raw, encoding), encoding, said)
    text = as_utf8(raw, wide)
    return Decoded(text, wide, (_damaged(text.index(_LOST)),) if _LOST in text else ())


def is_literal(text: bytes) -> bool:
    """Return whether text is one whole printed Python value."""
    return _literal(text) is not None


def as_utf8(raw: bytes, encoding: Encoding) -> bytes:
    """Return the text of bytes in a known encoding, without a byte order mark."""
    if encoding == "python":
        return _python_as_json(as_written(raw).text)
    if encoding == "utf-8":
        text = raw
    elif encoding == "mixed":
        text = b"".join(_in_turns(raw))
    else:
        # Broken bytes become visible marks: raising would cost the whole answer for one of them.
        text = "".join(part.decode(encoding, "replace") for part in _in_step(raw, encoding)).encode()
    return _with_blanks(text.removeprefix(codecs.BOM_UTF8))


def _in_turns(raw: bytes) -> Iterator[bytes]:
    """Yield the parts of a text in UTF-8 and GB18030, all as UTF-8."""
    for one, behind in pairwise([*_stretches(raw), _Stretch(len(raw), "utf-8")]):
        part = raw[one.start : behind.start]
        yield part if one.encoding == "utf-8" else part.decode("gb18030", "replace").encode()


def _in_step(raw: bytes, encoding: Encoding) -> Iterator[bytes]:
    """Cut UTF-16 where it goes on out of step: one byte lost made everything behind it other characters."""
    at = 0
    for ascii_ in _ASCII_IN_16[encoding].finditer(raw) if encoding in _ASCII_IN_16 and len(raw) % 2 else ():
        if (ascii_.start() - at) % 2:
            yield raw[at : ascii_.start()]
            at = ascii_.start()
    yield raw[at:]


_ASCII_IN_16 = {
    "utf-16-le": re.compile(rb"(?:[\t\n\r -~]\0){4,}"),
    "utf-16-be": re.compile(rb"(?:\0[\t\n\r -~]){4,}"),
}


def _python_as_json(text: bytes) -> bytes:
    # Damaged, it is no literal as a whole: word by word it becomes JSON with the same damage, and is read as that.
    return _literal(text) or _PRINTED_WORD.sub(_as_json, text)


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
    if marked or b"\0" not in raw:
        return marked
    # UTF-16 that was appended to a sound file in single bytes is not its encoding.
    narrow = _NARROW.search(raw)
    end = narrow.start() if narrow else len(raw)
    found = [(match.end(), encoding) for pattern, encoding in _WIDE if (match := pattern.match(raw, 0, end))]
    # The first, for behind a byte that was lost the order of bytes seems to be the other.
    return min(found, default=(0, None))[1]


_TAKES_BRACKET = re.compile(rb"[\x81-\xfe][\[\]{}]")


def _narrow(raw: bytes) -> tuple[Encoding, tuple[Text, ...]]:
    """Tell UTF-8 from GB18030: a UTF-8 text with damage has far more whole characters than broken ones, a GB18030
    text does not.

    Trying GB18030 whenever UTF-8 fails would turn one bad byte into a page of wrong characters without a word.
    """
    if is_utf8(raw):
        return "utf-8", ()
    kinds = {one.encoding for one in _stretches(raw)}
    if len(kinds) > 1:
        text = as_utf8(raw, "mixed").decode("utf-8", "replace")
        return "mixed", (_MIXED, *([_damaged(text.index("\ufffd"))] if "\ufffd" in text else []))
    n_whole, n_broken = _weighed(raw)
    # One name that is broken weighs as much as one that is whole: then it counts whether the text has none but the
    # characters that people write. Nor do foreign bytes outweigh what is UTF-8 beyond doubt.
    is_less = n_whole < n_broken or (n_whole == n_broken and _is_gb2312(raw))
    if is_less and kinds != {"utf-8"}:
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
    return "utf-8", (_damaged(raw.decode("utf-8", "replace").index("\ufffd")),)


def _weighed(raw: bytes) -> tuple[int, int]:
    """Return how many bytes of a text are whole characters of UTF-8 for certain, and how many are broken ones."""
    text = raw.decode("utf-8", "replace")
    # Two bytes in a row pass for UTF-8 in every fifth character of GB18030, three hardly ever: these weigh, as the
    # three bytes they are.
    return 3 * sum(len(run) for run in _CERTAIN.findall(text)), text.count("\ufffd")


_CERTAIN = re.compile("[\u0800-\ufffc\U00010000-\U0010ffff]+")


class _Stretch(NamedTuple):
    """From where on a text is in an encoding."""

    start: int
    encoding: Encoding


# No second half of a character of GB18030 is a quote or the end of a line: what stands between them is in one encoding.
_STRING = re.compile(rb"[\x80-\xff][^\"'\n]*")
_GB2312 = re.compile(rb"[\xb0-\xf7][\xa1-\xfe]")

_CERTAINLY = 5
"""How many characters in different strings, one behind another, tell an encoding: strings of three in GB18030 pass for
two in UTF-8 once in thousands, and two such strings may be neighbours.
"""


def _stretches(raw: bytes) -> list[_Stretch]:
    """Return from where on a text is certainly in the one or the other of UTF-8 and GB18030; nothing where none of it
    is certainly UTF-8.

    Weighed as a whole, 60 records in GB18030 or a damaged block turned every name of the UTF-8 before them into wrong
    characters. Single strings that are something else than their neighbours are damage or chance.
    """
    weights = {text: _weight(text) for text in set(_STRING.findall(raw))}
    if sum(weight for weight in weights.values() if weight > 0) < _CERTAINLY:
        return []
    strings = [(one.start(), one[0]) for one in _STRING.finditer(raw) if weights[one[0]]]
    found: list[_Stretch] = []
    end = 0
    for is_utf8_, group in groupby(strings, key=lambda one: weights[one[1]] > 0):
        run = list(group)
        if sum(abs(weights[text]) for text in {text for _, text in run}) < _CERTAINLY:
            continue
        encoding: Encoding = "utf-8" if is_utf8_ else "gb18030"
        start = run[0][0]
        if not found:
            found.append(_Stretch(0, encoding))
        elif found[-1].encoding != encoding:
            found.append(_Stretch(raw.rfind(b"\n", end, start) + 1 or start, encoding))
        end = run[-1][0] + len(run[-1][1])
    return found


def _weight(string: bytes) -> int:
    """Return how many characters of a string speak for UTF-8, and below 0 how many for GB18030."""
    n_whole, n_broken = _weighed(string)
    if not n_broken:
        return n_whole // 3
    if n_whole >= n_broken:
        return 0
    try:
        string.decode("gb18030")
    except UnicodeDecodeError:
        return 0
    return -len(_GB2312.findall(string))


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
            tree = ast.parse(text.decode().strip(), mode="eval")
            value = ast.literal_eval(_Plain().visit(tree) if b"(" in text else tree)
        written = json.dumps(value, ensure_ascii=False)
    except _PYTHON_DAMAGE:
        return None
    try:
        return written.encode()
    except UnicodeEncodeError:  # a lone surrogate stays visible as an escape
        return json.dumps(value).encode()


class _Plain(ast.NodeTransformer):
    """Puts what stands in the call of a class in its place, as databases and libraries print it: `OrderedDict({…})`,
    `Decimal('0.300')`, `datetime.datetime(2026, 1, 5, 10, 0)`. Nothing of the text is called.
    """

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        name = _CLASS.fullmatch(ast.unparse(node.func))
        if name is None or node.keywords:
            return node
        if name[1] in _DAYS_AND_TIMES:
            return ast.Constant(str(_DAYS_AND_TIMES[name[1]](*map(ast.literal_eval, node.args))))
        if name[1] == "OrderedDict" and not (node.args and isinstance(node.args[0], ast.Dict)):
            pairs: list[Any] = [
                getattr(one, "elts", ()) for given in node.args for one in getattr(given, "elts", ((),))
            ]
            return ast.Dict([key for key, _ in pairs], [one for _, one in pairs])
        return node.args[0] if len(node.args) == 1 else node


_DAYS_AND_TIMES: dict[str, Callable[..., date]] = {"date": date, "datetime": datetime}
_CLASS = re.compile(r"(?:\w+\.)*([A-Z]\w*|date(?:time)?)")


_LOST = "\ufffd".encode()
_MIXED = Text(
    "文件里有两种编码（UTF-8 与 GB18030），各段已按各自的编码读取：请核对名称",
    "two encodings stand in one text, UTF-8 and GB18030; each part was read in its own: check the names",
)
_PRINTED_DICT = Text(
    "文件是打印出来的 Python 字典而不是 JSON，已按字面值读取",
    "the text is a printed Python dictionary, not JSON, and was read as a literal",
)


def _damaged(position: int) -> Text:
    return Text(
        f"应答中有不可解码的字节（约在第 {position} 处），受影响的记录见 problems 或 rejects",
        f"the answer holds bytes that are no text (near {position}); the records concerned are in problems or rejects",
    )
