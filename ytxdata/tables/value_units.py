"""What the values of records are (a telephone number, an extension, a title), also where they stand elsewhere than in
their own column: beside the name of their field in the ledger and among problems, under their key in raw text.

`zhangwei` is hidden whole where it is a creator, and so it is wherever it is said that it is one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ytxdata.numbers_in_text import Hide, hidden, hide_in_text
from ytxdata.phones import NO_ENDS, ends_of
from ytxdata.records.aliases import DEFAULT, OF_PERSONS, plain, unfolded
from ytxdata.records.schema import LEGS, MEETINGS, Column, Kind, TableName
from ytxdata.redact import keyed_hashes
from ytxdata.tables.described import Definition, Described

_OF_KIND: dict[Kind, str] = {
    "phone": "phone",
    "instant": "time",
    "seconds": "s",
    "money": "yuan",
    "text": "text",
    "url": "url",
    "int": "",
    "bool": "",
}
_IDS = (
    "meeting_id", "app_id", "pull_id", "old_pull_id", "new_pull_id", "pulls", "record_hash", "confid", "request_id", "sha256", "previous_sha256",
)  # fmt: skip
_OF_COLUMN = {
    "number": "phone",
    "display_number": "phone",
    "extension": "extension",
    "bytes": "bytes",
    "raw": "raw",
    "raw_value": "raw",
    "detail": "raw",
    "old": "raw",
    "new": "raw",
} | dict.fromkeys(_IDS, "id")
_OF_ONE = {
    ("legs", "name"): "person",
    ("meetings", "name"): "title",
    ("coverage", "verdict"): "id",
    ("coverage", "reason"): "id",
}
"""What is called alike in several tables and is not the same in each."""

NAMED_BY: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("problems", "raw_value"): ("reason", "column"),
    ("changes", "old"): ("field",),
    ("changes", "new"): ("field",),
}
"""Columns of values of other columns → the columns that say which, the last of them its name."""

_WITH_ITS_KEY = "unread_phone"
"""A problem whose text is a key that nobody knows and a number: hidden as text, for the key is what it tells."""

_OWN = {column.name: column for column in (*MEETINGS, *LEGS)}
_EXTENSION = re.compile(
    rf"(?:{OF_PERSONS}){{0,3}}(?:ext(?:ension|n)?|subnumber|subtel|分机|分機|内线|內線|短号|短號|(?:short|inner|internal)(?=n))(?:no|num|number|id|码|碼|号|號|号码|號碼)?"
)
"""Whoever's it is: behind a masked switchboard `creatorExt` is the person; not `fileExt`, nor `context`."""
_OF_MEETING = re.compile("(?:meeting|conference|conf|room)")
"""In front of a number it makes it a room's, by which whoever looks for the id of a reject finds it."""
_PLACE = re.compile(r"(?:\.?\[[0-9]+\])+$")

_KEY = re.compile(r"(?P<quote>(?<!\\)\\{0,7}[\"'])(?P<name>[^\"'\\]{1,60})(?P=quote)\s{0,9}:\s{0,9}")
_VALUE = re.compile(
    r"(?P<open>\\{0,7}[\"'])(?P<text>(?:(?!(?P=open))(?:\\.|[^\\]))+)|(?P<list>\[[^\[\]{}]+|\{[^{}]+)|(?P<bare>[^\s,\[\]{}\"'\\]+)",
    re.DOTALL,
)
"""A key and its value in raw text, also where the text is broken off, or stands in code in another one."""
_BARE_WORDS = ("null", "true", "false")
_BEHIND_KEY = re.compile(r"(?P<key>(?P<name>[^\s:=]{1,60})(?:=|: ))(?P<value>.+)", re.DOTALL)

Hiders = Mapping[str, Callable[[str], str]]
"""Unit → how a value of it is hidden."""


def unit_of_column(table: TableName, column: Column) -> str:
    """Return the unit of a column of records.

    Examples
    --------
    >>> [unit_of_column("legs", column) for column in LEGS if column.name in ("name", "phone", "extension")]
    ['person', 'phone', 'extension']
    """
    return _OF_ONE.get((table, column.name)) or _OF_COLUMN.get(column.name, _OF_KIND[column.type])


# bounded: keys of raw text are the sender's
@lru_cache(maxsize=4096)
def private_unit(name: str) -> str:
    """Return `phone` or `extension` where a column, a field of the ledger, or a key of the platform is one; else
    nothing.

    Examples
    --------
    >>> private_unit("raw.creatorExt"), private_unit("raw.parties.[1].memberPhone"), private_unit("caller")
    ('extension', 'phone', 'phone')
    >>> private_unit("name"), private_unit("legs[2].joined_at"), private_unit("meetingNumber")
    ('', '', '')
    """
    key = _PLACE.sub("", name).rpartition(".")[2]
    if _EXTENSION.fullmatch(unfolded(key)):
        return "extension"
    match = DEFAULT.meeting(key) or (None if _OF_MEETING.match(plain(key)) else DEFAULT.leg(key))
    column = _OWN.get(key) or (match and _OWN.get(match.column))
    unit = (_OF_COLUMN.get(column.name) or _OF_KIND[column.type]) if column else ""
    return unit if unit in ("phone", "extension") else ""


def hide_value(text: str, names: Sequence[str | None], hiders: Hiders) -> str | None:
    """Return a value hidden as the column that it is named by hides its own; None where it is no private one.

    A known key in front of it stays (`caller=…`): it says where the value stood.
    """
    unit = "" if _WITH_ITS_KEY in names else private_unit(names[-1] or "")
    if not unit:
        return None
    behind = _BEHIND_KEY.fullmatch(text)
    if behind and private_unit(behind["name"]):
        return behind["key"] + hiders[unit](behind["value"])
    return hiders[unit](text)


def hide_settings(value: Any, tell: Hide) -> Any:
    """Return a setting of a rule with the numbers in it hidden, however deep they stand; the begin of a number shows no
    more than its mask does: nine digits of `+86139123456` leave none beside `139****5601`.

    Examples
    --------
    >>> hide_settings({"prefixes": ["+86139123456", "+8690", "+852", "+85291"], "n": 3}, hide_in_text)
    {'prefixes': ['+86139****', '+8690', '+852', '+852****'], 'n': 3}
    """
    if isinstance(value, Mapping):
        return {key: hide_settings(one, tell) for key, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return type(value)(hide_settings(one, tell) for one in value)
    if not isinstance(value, str):
        return value
    begun = _BEGIN.fullmatch(value.strip())
    return f"{begun[1]}****" if begun and begun[2] else tell(value)


_BEGIN = re.compile(r"(\+(?:86[0-9]{0,3}|(?!86)[0-9]{1,3}))([0-9 -]*)")


def hide_named(text: str, hiders: Hiders) -> str:
    """Return a text in which values are hidden that stand under the keys of private columns, in raw text or in the
    words of a finding.

    Examples
    --------
    >>> hiders = {"phone": lambda _: "****", "extension": lambda text: "*" * len(text)}
    >>> hide_named('{"name": "A", "phone": "zhangwei", "ext": 8812}', hiders)
    '{"name": "A", "phone": "****", "ext": ****}'
    """
    text = _without_keyed(text, hiders) if ":" in text and ('"' in text or "'" in text) else text
    return "; ".join(_without_change(one, hiders) for one in _NEXT.split(text)) if " → " in text else text


_PULL_ID = re.compile(r"(\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{16})")


def evidence(
    text: str, secret: bytes | None, hide: Hide = hidden, called: Callable[[str], str] | None = None,
    ends: frozenset[str] = NO_ENDS,
) -> str:  # fmt: skip
    """Return what a period rests on, as it may leave: ids of pulls by keyed names (themselves without a secret),
    names of lists with numbers hidden, or as they are `called`.

    People name a bill after whom it was sent to: a name beside a pseudonym would say whose that is. The digits of an
    id of a pull are no number of anybody's, so the two are told apart before anything is looked for in them.
    """

    def tell(name: str) -> str:
        return called(name) if called and name.strip() else hide_in_text(name, hide, ends)

    told = (one if place % 2 else tell(one) for place, one in enumerate(_PULL_ID.split(text)))
    return "".join(keyed_hashes(one, secret) if secret else one for one in told)


def hiding_names(names: Collection[str], hide: Callable[[str], str]) -> Callable[[str], str]:
    """Return what hides known names in a text, the longest first; not within a word of Latin letters.

    Examples
    --------
    >>> hiding_names({"尹慧伟", "Lin"}, lambda name: "N-…")("尹慧伟 挂断, Lina")
    'N-… 挂断, Lina'
    """
    if not names:
        return str
    known, sizes = frozenset(names), dict[str, list[int]]()  # once for all texts: an archive knows thousands of names
    for first, size in sorted({(name[0], len(name)) for name in known}, reverse=True):
        sizes.setdefault(first, []).append(size)

    def hidden(text: str) -> str:
        told, place = [], 0
        while place < len(text):
            likely = ((n, text[place : place + n]) for n in sizes.get(text[place], ()))
            found = next((one for n, one in likely if one in known and _is_word(text, place, n)), "")
            told.append(hide(found) if found else text[place])
            place += len(found) or 1
        return "".join(told)

    return hidden


def _is_word(text: str, place: int, size: int) -> bool:
    around = (text[max(place - 1, 0) : place + 1], text[place + size - 1 : place + size + 1])
    return not any(len(two) == 2 and two.isascii() and two.isalnum() for two in around)


def _without_keyed(text: str, hiders: Hiders) -> str:
    told, done = [], 0
    # key by key: in a value that is not hidden there may be others, in code
    for key in _KEY.finditer(text):
        unit = private_unit(key["name"])
        value = _VALUE.match(text, key.end()) if unit and key.start() >= done else None
        if value is None or value["bare"] in _BARE_WORDS:
            continue
        start = value["list"] and f"{value['list'][0]}****"
        told += [text[done : key.end()], start or (value["open"] or "") + hiders[unit](value["text"] or value["bare"])]
        done = value.end()
    return "".join((*told, text[done:]))


_CHANGED = re.compile(rf"\b(?P<name>{'|'.join(name for name in _OWN if private_unit(name))}): ")
"""A field in front of its change, as a finding says it."""
_NEXT = re.compile(r"; (?=[\w.\[\]]{1,80}: )")


def _without_change(text: str, hiders: Hiders) -> str:
    found = _CHANGED.search(text)
    old, arrow, new = text[found.end() :].partition(" → ") if found else ("", "", "")
    if not (found and arrow):
        return text
    told = (one if one == "—" else hiders[private_unit(found["name"])](one) for one in (old, new))
    return text[: found.end()] + arrow.join(told)


def is_named(rows: pa.Table, known: Definition) -> bool:
    """Return whether the columns are there that say of which column a value is."""
    return bool(known.named_by) and set(known.named_by) <= set(rows.column_names)


def ends_in(*tables: Described) -> frozenset[str]:
    """Return the ends (`ends_of`) of the numbers in some tables, whose masks they would undo in a text beside them."""
    phones: set[str | None] = set()
    for table in tables:
        # accounts are called by numbers, and errors and notes name them
        phones.update(getattr(table.certificate, "names", ()), *(one.names for one in table.definitions))
        for key in table.arrow.column_names:
            known = table.definition(key)
            if known.unit == "phone":
                phones.update(pc.unique(table.arrow[key]).to_pylist())
            elif is_named(table.arrow, known):
                names = table.arrow[known.named_by[-1]].to_pylist()
                phones.update(
                    one
                    for one, name in zip(table.arrow[key].to_pylist(), names, strict=True)
                    if private_unit(name or "") == "phone"
                )
    return ends_of(phone for phone in phones if phone)


def persons_in(*tables: Described) -> frozenset[str]:
    """Return the names of people in some tables; one letter is no name that a text could be searched for."""
    columns = [
        table.arrow[key]
        for table in tables
        for key in table.arrow.column_names
        if table.definition(key).unit == "person"
    ]
    return frozenset(one for column in columns for one in pc.unique(column).to_pylist() if one and len(one) > 1)


_WHOSE = ("发起人 ", "creator ")
"""What stands before whoever convened, where a sentence of ours says it."""


def hiding_said(table: Described, hiders: Hiders) -> Callable[[str], str]:
    """Return what hides in the texts of a table what its columns hide, by the units that have a hider.

    Creators that are no number (`wangxiaohu`) are known by the words before them, as one may be called like a word of
    ours; ids beyond ASCII, which leave as titles, and people by themselves.
    """
    said: dict[str, tuple[str, str]] = {}
    if "person" in hiders:
        said |= dict.fromkeys(table.persons | persons_in(table), ("", "person"))
    if "title" in hiders:
        said |= dict.fromkeys(_beyond_ascii(table), ("", "title"))
    said |= {f"{word}{one}": (word, "phone") for one in getattr(table, "creators", ()) for word in _WHOSE}

    def hide(text: str) -> str:
        before, unit = said[text]
        return before + hiders[unit](text.removeprefix(before))

    return hiding_names(said.keys(), hide)


def _beyond_ascii(table: Described) -> set[str]:
    """Return the ids in a table with other signs than ASCII: rooms are called after people."""
    found = {one for one in getattr(table, "known_records", ()) if not one.isascii()}
    for key in table.arrow.column_names:
        column = table.arrow[key] if table.definition(key).unit == "id" else pa.chunked_array([], pa.string())
        texts = pc.list_flatten(column) if pa.types.is_list(column.type) else column
        if pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type):
            found |= {*pc.unique(texts.filter(pc.invert(pc.string_is_ascii(texts)))).to_pylist()} - {None}
    return found - {""}


def each_named(
    rows: pa.Table, key: str, known: Definition, as_unit: Hiders, change: Callable[[str], str | None]
) -> pa.ChunkedArray:
    """Return a column of values of other columns, each distinct one hidden as its own column hides it."""

    @cache
    def hide(text: str | None, *names: str | None) -> str | None:
        if text is None:
            return None
        told = hide_value(text, names, as_unit)
        return change(text) if told is None else told

    cells = (rows[one].to_pylist() for one in (key, *known.named_by))
    return pa.chunked_array([pa.array([hide(*row) for row in zip(*cells, strict=True)], pa.string())])
