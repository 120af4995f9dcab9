"""Keep secrets out of what people and files see: signatures and headers in any text, also in logs; hashes and the order
of rows, which undo a mask; masks that are one for several.
"""

from __future__ import annotations

import hmac
import logging
import re
from base64 import b64decode
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Any

from ytxdata.labels import HIDDEN

if TYPE_CHECKING:
    import pyarrow as pa

_PATTERNS = (
    re.compile(r"(?i)(\bsign=)[0-9a-z]+"),
    re.compile(r"(?i)(/sid/)[^/\s?#'\"]+"),
    re.compile(r"(?i)(\bauthorization['\"]?\s*[:=]\s*b?['\"]?)(?:basic\s+|bearer\s+)?[^\s'\",}]+"),
)


def scrub(text: str) -> str:
    """Return a text with every Sign, Authorization and account SID in a path replaced.

    Examples
    --------
    >>> scrub("POST /201612/sid/x/call/MeetingQuery.wx?Sign=0A1B HTTP/1.1")
    'POST /201612/sid/***/call/MeetingQuery.wx?Sign=*** HTTP/1.1'
    """
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\g<1>{HIDDEN}", text)
    return text


def mask_id(value: str) -> str:
    """Return an account or application id so that its owner knows it and nobody else can use it.

    Examples
    --------
    >>> mask_id("abcdefghijklmnopqrstuvwxyz012345"), mask_id("short")
    ('abcd***2345', '***')
    """
    return f"{value[:4]}{HIDDEN}{value[-4:]}" if len(value) >= 16 else HIDDEN


_LIKE_A_SECRET = re.compile(
    r"(?<![A-Za-z0-9+/=_-])(?:(?=[a-z+/=_-]*[0-9A-Z])[A-Za-z0-9+/=_-]{16,}|[a-z]{16,}(?![A-Za-z0-9+/=_-]))"
)


def cut_secrets(text: str) -> str:
    """Return a text in which what looks like a token is cut to its first four characters: a token that was written
    where a name or a number belongs is not repeated by the error about it.

    Examples
    --------
    >>> cut_secrets("0123456789abcdef0123456789abcdef"), cut_secrets("total_timeout_seconds"), cut_secrets("-3")
    ('0123***', 'total_timeout_seconds', '-3')
    """
    return _LIKE_A_SECRET.sub(lambda found: f"{found[0][:4]}{HIDDEN}", text)


_SIGN = "(?:(?<![a-zA-Z])(?i:sign(?:ature)?)|(?<=[a-z])Sign(?:ature)?|(?i:(?<=3f)sign(?:ature)?)|签名)"
_BETWEEN = (
    r"(?:(?!编号)[\W_一-鿿]|(?<=%)(?:25)*[0-9a-f]{2}|(?<=\\)(?:u00|x)[0-9a-f]{2}|(?<=[&;])(?:quot|apos|amp|equals|[lg]t|#x?[0-9a-f]{2,3})"
    r"|name|key|values?|string|text|type|cdata|is|was|error|expected|got){1,60}"
)
"""Signs, codes of signs (`\\u003d`, `%3D`, `&quot;`), and words of forms and of refusals: no other name or value, as of
an id. Each can be read in one way only, or a hostile text would be tried in millions."""
_TO_VALUE = r"[\"'\\]{1,9}[,\s][^{}<>]{0,200}?\bvalues?[\"'\\]{0,9}\s?[:=][\s\"'\\\[]{0,9}"
_REST_OF_TAG = r"\s[^<>]{1,200}>[\s<!\[CDAT]{0,20}"
_OF_NAME = r"[\"'\\]{1,9}[,\s][^{}<>]{0,200}?\b(?:name|key)[\"'\\]{0,9}\s?[:=][\s\"'\\]{0,9}sign(?:ature)?(?!\s*\w)"
_SIGNED = re.compile(
    rf"({_SIGN}(?i:{_BETWEEN}|{_TO_VALUE})|<[\w:.-]{{0,40}}?{_SIGN}{_REST_OF_TAG})(?i:[0-9a-f]{{32}}(?![0-9a-z]))"
    rf"|(?<![0-9a-zA-Z])(?i:[0-9a-f]{{32}}(?={_OF_NAME}))"
)
"""By its name, however it is written: as Gson (`Sign\\u003d…`), a servlet (`"Sign": ["…"]`), XML, and HAR files and
gateways (name and value, with other members between) write parameters."""
_PACKED = re.compile(r"(?<![A-Za-z0-9+/_-])(?=[0-9a-f]*[^0-9a-f=])[A-Za-z0-9+/_-]{24,256}(?:={0,2}|(?:%3D){0,2})")
_HEADER = re.compile(rb"[^|\s]{1,128}\|[0-9]{14}")
MAY_BE_SIGNED = r"(?i)sign|签名|[a-z0-9+/_-]{40}"
"""What a text has that `without_signatures` changes, for Arrow."""


def without_signatures(text: str) -> str:
    """Return a text without what signs a call, where the platform, or a gateway on the way, says it back: a Sign, and
    what an Authorization header holds, by whatever name.

    Examples
    --------
    >>> without_signatures("Sign=0A1B2C3D4E5F60718293A4B5C6D7E8F9 Authorization: c2lkfDIwMjYwMTA1MTAwMDAw")
    'Sign=*** Authorization: ***'
    """

    def shown(found: re.Match[str]) -> str:
        packed = found[0].replace("%3D", "").rstrip("=").translate(_URL_SAFE)
        with suppress(ValueError):
            if _HEADER.fullmatch(b64decode(packed + "=" * (-len(packed) % 4))):
                return HIDDEN
        return found[0]

    return _PACKED.sub(shown, _SIGNED.sub(rf"\g<1>{HIDDEN}", text) if "ign" in text.lower() or "签名" in text else text)


_URL_SAFE = str.maketrans("-_", "+/")

_HASH = re.compile(
    r"(?<![0-9A-Za-z~])(?:(?P<asked>[0-9]{8}T[0-9]{6}\.[0-9]{6}Z)-[0-9a-f]{16}|[0-9a-f]{64})(?![0-9A-Za-z])"
)


def keyed_hashes(text: str, secret: bytes) -> str:
    """Return a text with every SHA-256 and every id of a pull replaced by a name that only who has the secret can
    compute.

    Four digits of a masked number are ten thousand guesses: with the plain hash of the record beside it, each guess
    can be tried. The id of a pull holds the first half of such a hash, and an answer may hold one record alone. A
    keyed name begins with `~`, so that it is never taken for a hash again.

    Examples
    --------
    >>> keyed_hashes("20260301T010203.000000Z-0123456789abcdef", b"secret")
    '20260301T010203.000000Z~711968a3c9d6de9c'
    """

    def keyed(found: re.Match[str]) -> str:
        name = hmac.digest(secret, found[0].encode(), "sha256").hex()
        return f"{found['asked']}~{name[:16]}" if found["asked"] else f"~{name[:32]}"

    return _HASH.sub(keyed, text) if len(text) > 30 else text


class ScrubFilter(logging.Filter):
    """Rewrites what the HTTP stack logs of a signed call, in place.

    urllib3 logs whole addresses at DEBUG, and what a gateway answers in a malformed header as a WARNING with its
    traceback. A peer may repeat the signature in any code: of such a call errors are named, as in ours.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Scrub the record; it is always kept."""
        message = record.getMessage()
        said = (message, record.exc_info and logging.Formatter().formatException(record.exc_info), record.exc_text)
        if any(one and scrub(one) != one for one in said):
            if isinstance(record.args, tuple):
                record.args = tuple(
                    type(one).__name__ if isinstance(one, BaseException) else one for one in record.args
                )
            record.msg, record.args = scrub(record.getMessage()), ()
            record.exc_info = record.exc_text = None
        return True


def guard_logs() -> None:
    """Put the filter on every logger of the HTTP stack, for each looks at its own records alone; calling it again
    changes nothing.
    """
    for name in {*logging.root.manager.loggerDict, *_LOGGERS}:
        if name.partition(".")[0] in ("urllib3", "requests"):
            logger = logging.getLogger(name)
            if not any(isinstance(existing, ScrubFilter) for existing in logger.filters):
                logger.addFilter(ScrubFilter())


_LOGGERS = (
    "urllib3.connectionpool",
    "urllib3.connection",
    "urllib3.response",
    "urllib3.poolmanager",
    "urllib3.util.retry",
)


NAMED = ("group", "a", "b", "unit")
"""Columns by which rows are told apart, also where each is one person."""


def apart(names: Iterable[str], form: str = "{name} ({n})") -> list[str]:
    """Return names of different things, those that are alike with a count behind them.

    Examples
    --------
    >>> apart(["138****0000", "B", "138****0000"])
    ['138****0000', 'B', '138****0000 (2)']
    """
    n_of: Counter[str] = Counter()
    told = []
    for name in names:
        n_of[name] += 1
        told.append(name if n_of[name] == 1 else form.format(name=name, n=n_of[name]))
    return told


def labels_beside(columns: Iterable[str], labels: Iterable[str]) -> dict[str, str]:
    """Return label → its column beside others: one that is called like any of these is told from it, in whatever case,
    for DuckDB and Spark hear no difference between `Name` and `name`.

    Examples
    --------
    >>> labels_beside(["account", "status"], ["region", "Status"])
    {'region': 'region', 'Status': 'label_Status'}
    """
    taken, told = {column.casefold() for column in columns}, {}
    for label in labels:
        if label not in told:
            told[label] = next(one for n in count() if (one := "label_" * n + label).casefold() not in taken)
            taken.add(told[label].casefold())
    return told


def kept_apart(shown: pa.Table, own: pa.Table) -> pa.Table:
    """Return masked rows with a count behind each mask that several numbers share: `138****0000 (2)`.

    Ten thousand numbers have one mask. A picture that sums by it draws two persons as one, which no row of the table
    says.
    """
    import pyarrow as pa

    names = [name for name in NAMED if name in shown.column_names]
    columns = [(shown.column(name).to_pylist(), own.column(name).to_pylist()) for name in names]
    pairs = dict.fromkeys(pair for after, before in columns for pair in zip(after, before, strict=True))
    masks = [mask for mask, _ in pairs]
    if len({*masks}) == len(masks):
        return shown
    called = dict(zip((one for _, one in pairs), apart(masks), strict=True))
    for name, (_, before) in zip(names, columns, strict=True):
        told = pa.array([called[one] for one in before], pa.string())
        shown = shown.set_column(shown.column_names.index(name), name, told)
    return shown


def turned(rows: pa.Table, own: pa.Table, pair: Sequence[str]) -> tuple[pa.Table, pa.Table]:
    """Return rows of pairs so that of each the one comes first that is shown to be first."""
    if len(pair) != 2:
        return rows, own
    import pyarrow.compute as pc

    one, other = pair
    is_turned = pc.greater(rows[one], rows[other])
    return tuple(
        some.set_column(some.column_names.index(one), one, pc.if_else(is_turned, some[other], some[one])).set_column(
            some.column_names.index(other), other, pc.if_else(is_turned, some[one], some[other])
        )
        for some in (rows, own)
    )


def places_of(rows: pa.Table, own: pa.Table, before: Sequence[str], labels: Mapping[str, Collection[str]]) -> list[int]:
    """Return the places of masked rows in an order that tells nothing of what is hidden.

    What comes `before` the labels stays as it is sorted; then the labels, as they are shown. Rows of one number stay
    together as they are: of several with one mask, what the rows say decides.
    """
    import numpy as np
    import pyarrow.compute as pc

    first = [pc.dictionary_encode(own[key], null_encoding="encode").combine_chunks().indices for key in before]
    whose = [pc.dictionary_encode(own[key], null_encoding="encode").combine_chunks().indices for key in labels]
    blocks: dict[tuple[int, ...], list[int]] = {}
    for place, key in enumerate(zip(*(one.to_pylist() for one in (*first, *whose)), strict=True)):
        blocks.setdefault(key, []).append(place)
    told = [*(_ranks(rows[key], said) for key, said in labels.items()), *map(_ranks, rows.columns)]
    cells = np.column_stack([*(one.to_numpy(zero_copy_only=False) for one in first), *told]).astype(">i4")
    return [place for block in sorted(blocks.values(), key=lambda block: cells[block].tobytes()) for place in block]


def _ranks(column: pa.ChunkedArray, last: Collection[str] = ()) -> Any:
    """Return which place each value has among those of its column, `last` and what is unknown behind all others."""
    import numpy as np
    import pyarrow.compute as pc

    encoded = pc.dictionary_encode(column, null_encoding="encode").combine_chunks()
    values = encoded.dictionary.to_pylist()

    def behind(place: int) -> tuple[bool, bool, Any]:
        value = values[place]
        is_unknown = value is None or value != value
        return is_unknown, value in last, "" if is_unknown else value

    ranks = np.empty(len(values), np.int64)
    ranks[sorted(range(len(values)), key=behind)] = np.arange(len(values))
    return ranks[encoded.indices.to_numpy(zero_copy_only=False)]
