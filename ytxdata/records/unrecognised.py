"""What may tell of meetings where nothing is a record: texts, rows and columns, objects under words that nobody knows,
and what a list that ended early left behind.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import unquote

from ytxdata.records.about_list import names_others
from ytxdata.records.aliases import PARTIES, Aliases, column_of, plain
from ytxdata.records.json_values import read_value
from ytxdata.records.list_metadata import (
    SHORTEST_ID,
    asks_only,
    has_empty_list,
    is_part,
    is_usual_list,
    is_whole,
    took_place,
)
from ytxdata.records.numbers_in_values import mobiles_in
from ytxdata.records.paging import COUNT_KEYS, as_word, is_count
from ytxdata.records.signs import ENVELOPE_KEYS, EVIDENCE, QUESTION_KEYS, Signs
from ytxdata.records.spans import (
    Found,
    Member,
    elements_of,
    is_blank,
    is_member,
    members_of,
    placed_members,
    shifted,
    structure,
    unescape,
)
from ytxdata.records.values import as_phone
from ytxdata.times import looks_like_instant, parse_instant

_CELL = re.compile(r"([^.\[\]~]*)~?(?:\[\d+\])+~?$")
_LAST_KEY = re.compile(r"[^.\[\]/~]*$")
_PIECE = re.compile(r"\$@\d+")
_SURE = r"\d{4}\D\d\d?\D\d\d?\D{1,2}\d\d:"
_TELLING = re.compile(rf"{_SURE}|^\d{{9,}}$")
_VALUE = re.compile(rf"{_SURE}|(?<!\d)(?![48]00\d{{7}}(?!\d))\d{{9,}}(?!\d)")
"""What a text has in every line if it lists meetings, and a remark hardly thrice: a time, an id, a phone that is no
hotline."""

_ENOUGH = 3
"""So many of them are no remark: `from … to …` has two."""

# Any number of letters in front, tried from each of them, would take the square of a text without blanks.
_ADDRESS = re.compile(r"(?<!\w)\w{1,20}://[^\s\"'<>,;|]*|^/\S*$")
_REMARKS_NONE = re.compile(
    r"暂无|没有|未[查找]到|无(?:会议|记录|数据)|\bno (?:\w+ )?(?:meeting|conference|record|data|result)|not found"
)
"""In a remark that there are none, beside whatever else it says; as all that a value says it is `paging.says_nothing`."""

_LONGEST_REMARK = 200
_WORD = re.compile(r"[^\W\d_][\w\-]*")
_MOST_WORDS = 300
"""In how many words of a text names of columns are looked for: they stand at its head, or in every line."""

_ENCODED = re.compile(r"[\w+/=\-]+", re.ASCII)
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_LONGER_THAN_TOKENS, _LONGER_THAN_CERTIFICATES = 160, 2048
"""Encoded, a text so long may hold any number of records; beside a list that is empty only one that is longer than
what is signed and certified with it.
"""

_NAMES_MEETINGS = re.compile("meeting|conference|conf(?!ig|irm|lict|ident)|cdr|call(?!back|er|ing)|会议|通话")
_NAMES_ASKER = re.compile(
    "(?:account|user|app|application|tenant|company|customer|corp|org|owner|license|token|账户|企业)s?$"
)
_ID = re.compile("(?:u|s|g|uu|gu|record|meeting|conf|conference|call|room|event|session|history)?id|.*编号")


_OF_DAY = re.compile(rb"\d\d:\d\d|(?<!\d)1\d{9}(?:\d{3})?(?!\d)")

DEEPEST = 8
"""Deeper than this no list of records stands: what lies deeper is one record if it names an id, else a reject."""

LIKE_JSON = re.compile(rb"[\[{]\s*(?:[\[{\]}\"'\d&\\-]|null|true|false|\Z)")
"""How a text begins that is JSON, was some, or is printed by Python: `[提示] …` is a remark."""
_JSON_TEXT = re.compile(rb'"\s*(?:%b|\\*")' % LIKE_JSON.pattern)


def holds_json(raw: bytes) -> bool:
    """Return whether a value may hold records: a list, an object, or JSON text of one."""
    return raw[:1] in (b"[", b"{") or (raw[:1] == b'"' and _JSON_TEXT.match(raw) is not None)


def is_flat_stray(signs: Signs, raw: bytes) -> bool:
    """Return whether an object holds words alone, no text with an escape and no id, and not only counts."""
    if raw[:1] != b"{" or raw.find(b"{", 1) >= 0 or raw.find(b"[") >= 0 or b"\\" in raw:
        return False
    members = members_of(raw)
    return bool(members) and "meeting_id" not in signs.columns(members) and not all(map(is_count, members))


def unnamed(signs: Signs, others: Sequence[tuple[Member, list[Found]]], *, has_data: bool) -> list[Found]:
    """Return what may tell of meetings or of parties where an answer holds nothing else, be it in rows of words, in a
    text or in words that nobody knows: a platform that renamed its records and their id at once, or wrote them as
    anything but JSON, would otherwise lose them without a word.

    Beside `data` that is there and empty it must tell more: what else stands there is hardly the list.
    """
    found: list[Found] = []
    for member, items in others:
        is_parties = signs.is_parties(member.key)
        if plain(member.key) in QUESTION_KEYS | COUNT_KEYS:
            continue
        n_cells = sum(_is_cell(signs, one, has_data=has_data) for one in items)
        if is_parties or n_cells >= (_ENOUGH if has_data else 1):
            found += [one for one in items if one.raw[:1] != b'"' or not is_parties or mobiles_in(as_word(one.raw))]
        else:
            found += [one for one in items if _is_under_id(signs, one) or _may_tell(signs, one, has_data=has_data)]
    return found


def _is_under_id(signs: Signs, one: Found) -> bool:
    """Return whether an object with a time of a day stands under what may be its id: a long number of nobody, or any
    with a digit where it says a word of a meeting; under a short one who convened it, or that it took place.
    """
    place, _, key = one.path.rstrip("~").rpartition(".")
    if (
        one.raw[:1] != b"{"
        or not (_OF_DAY.search(one.raw) and any(map(str.isdigit, key)))
        or _NAMES_ASKER.search(plain(place))
    ):
        return False
    members = members_of(one.raw)
    columns = signs.columns(members)
    if len(key) < SHORTEST_ID:
        return "creator" in columns or took_place(signs, members)
    is_number = key.isdecimal() or bool(columns & (EVIDENCE | {"name"}))
    return is_number and not (as_phone(key) or looks_like_instant(key))


def _is_cell(signs: Signs, one: Found, *, has_data: bool) -> bool:
    """Return whether an element of a list is a word of a record that was written as a row or a column: a time, a long
    number, or under or as the name of a column.
    """
    place = _CELL.search(one.path)
    if not place or one.raw[:1] in (b"{", b"["):
        return False
    word = as_word(one.raw)
    is_named = not has_data and (signs.is_telling(place[1]) or signs.is_telling(word))  # an empty table has a head too
    return is_named or _TELLING.search(word) is not None


def _may_tell(signs: Signs, one: Found, *, has_data: bool) -> bool:
    if is_member(one.raw) or signs.tells_of_meeting(members_of(one.raw)):
        return True
    read = read_value(one.raw)
    value = read.value if read else one.raw.decode("utf-8", "replace")
    return any(
        _is_column(signs, key, inner) or _is_like_meeting(path, inner)
        if isinstance(inner, dict)
        else isinstance(inner, str) and text_may_tell(signs.aliases, inner, has_data=has_data)
        for path, key, inner in _inside(one.path, value)
    )


def _inside(path: str, value: Any) -> Iterator[tuple[str, str, Any]]:
    """Yield a value and all that stands in it, each with its path and its own key."""
    waiting = [(path, _key_of(path), value)]
    while waiting:
        path, key, one = waiting.pop()
        yield path, key, one
        if isinstance(one, dict):
            waiting += ((f"{path}.{name}", name, inner) for name, inner in one.items())
        elif isinstance(one, list):
            waiting += ((path, key, inner) for inner in one)


def _key_of(path: str) -> str:
    found = _LAST_KEY.search(path.rstrip("~"))
    return found[0] if found else ""


def _is_column(signs: Signs, key: str, value: dict[str, Any]) -> bool:
    """Return whether an object is a column of a table: under the name of one, its words by their rows."""
    is_named = signs.is_telling(key) and all(any(map(str.isdigit, row)) for row in value)
    return is_named and any(not isinstance(one, (dict, list)) and _TELLING.search(str(one)) for one in value.values())


def _is_like_meeting(path: str, value: dict[str, Any]) -> bool:
    """Return whether an object is a meeting in words that nobody knows: under the name of one it has a time, elsewhere
    an id and two times; and a word. The account and a question have times too.
    """
    words = {key: one for key, one in value.items() if not (isinstance(one, (dict, list, bool)) or one in (None, ""))}
    times = {key for key, one in words.items() if _is_instant(one)}
    ids = {key for key in words if _ID.fullmatch(plain(key))} - times
    if not any(isinstance(words[key], str) for key in words.keys() - times - ids) or _NAMES_ASKER.search(plain(path)):
        return False
    return bool(times and _NAMES_MEETINGS.search(plain(path))) or (len(times) > 1 and bool(ids))


def _is_instant(value: Any) -> bool:
    return looks_like_instant(value) or (isinstance(value, str) and ":" in value and parse_instant(value) is not None)


def is_broken_list(signs: Signs, pieces: Sequence[Found]) -> bool:
    """Return whether the pieces of a damaged text tell of meetings: each is a reject then, also beside records."""
    return any(_PIECE.fullmatch(one.path) and _may_tell(signs, one, has_data=True) for one in pieces)


def is_flat_meeting(members: Sequence[Member]) -> bool:
    """Return whether the words of an answer itself are a meeting's that nobody knows."""
    read = {one.key: read_value(one.raw) for one in members if plain(one.key) not in ENVELOPE_KEYS}
    return _is_like_meeting("", {key: one.value for key, one in read.items() if one})


def text_may_tell(aliases: Aliases, text: str, *, has_data: bool) -> bool:
    """Return whether a text may list meetings: by times and numbers as no remark has them, by such a value beside names
    of columns, or because it is encoded and longer than a token.

    Examples
    --------
    >>> csv = "meid,starttime\\n0012,2026-01-05 10:00:00"
    >>> text_may_tell(Aliases(), csv, has_data=True), text_may_tell(Aliases(), "meid 和 starttime 必填", has_data=False)
    (True, False)
    >>> text_may_tell(Aliases(), "2026-01-01 00:00:00 至 2026-02-01 00:00:00", has_data=False)
    False
    """
    if len(text) < _LONGEST_REMARK and _REMARKS_NONE.search(text.casefold()):
        return False
    packed = "".join(text.rpartition(";base64,")[2].split("\n")).replace("\r", "")
    longest = _LONGER_THAN_CERTIFICATES if has_data else _LONGER_THAN_TOKENS
    if len(packed) >= longest and (_ENCODED.fullmatch(packed) or _BINARY.search(packed)):
        return True
    said = html.unescape(unquote(_ADDRESS.sub(" ", text)))
    n_values = sum(1 for _ in islice(_VALUE.finditer(said), _ENOUGH))
    if n_values in (0, _ENOUGH):
        return n_values > 0
    fed = (aliases.meeting(word[0]) for word in islice(_WORD.finditer(said), _MOST_WORDS))
    return len({one.column for one in fed if one} & (EVIDENCE | {"meeting_id"})) > 1


def empty_wrapper(signs: Signs, whole: Found, members: list[Member]) -> list[Found] | None:
    """Return the texts that may tell of meetings in an object that wraps an empty list, of which nothing came, and says
    nothing of a meeting itself; None where it is no such object.
    """
    if whole.path.endswith("]") or not has_empty_list(members):
        return None
    # The question may be repeated: with an id and a word that nobody knows it is a meeting.
    words = [one for one in members if one.raw[:1] not in (b"[", b"{") and not is_blank(one.raw)]
    is_known = not whole.has_id or all(is_count(one) or signs.columns([one]) for one in words)
    is_empty = is_known and asks_only(signs, members)
    texts = [
        Found(
            one.raw, f"{whole.path}.{one.key}", False, whole.start + one.start, whole.start + one.start + len(one.raw)
        )
        for one in members
        if one.raw[:1] == b'"'
    ]
    return [one for one in texts if _may_tell(signs, one, has_data=True)] if is_empty else None


def leftovers(signs: Signs, members: list[Member], whole: Found) -> list[Found]:
    """Return members of an answer that tell of one meeting, its id and its times: a list that ended early left them
    there, or somebody wrote each with its path for a key (`data[0].meid`).

    The id alone, or the creator, may repeat the question; with both, nobody asks for a name.
    """
    plain_ones = [one for one in members if one.raw[:1] not in (b"[", b"{")]
    keys = {one.key: _key_of(one.key) for one in plain_ones}
    told = [one for one in plain_ones if signs.is_telling(keys[one.key]) or signs.is_name(keys[one.key])]
    # A name is one also where it is empty: it is no question either way.
    said = [one._replace(key=keys[one.key]) for one in told]
    columns = signs.columns(said)
    columns |= {"name" for one in told if signs.is_name(keys[one.key])}
    columns -= set() if took_place(signs, said) else {"started_at", "ended_at"}
    if not ("meeting_id" in columns and (columns >= {"creator", "name"} or columns & (EVIDENCE - {"creator"}))):
        return []
    return as_rejects(told, whole)


def is_told_as_text(signs: Signs, item: Found) -> bool:
    """Return whether an object out of a text tells of a meeting and has no id: the key of the text is its own."""
    return item.raw[:1] == b"{" and not item.has_id and bool(signs.columns(members_of(item.raw)) & EVIDENCE)


def as_entry(signs: Signs, whole: Found, one: Member, *, takes_key: bool) -> Found:
    """Return a member of a map as the record it is; what is no object has its key with it, or nobody could tell where
    it stood.
    """
    start = one.key_start if takes_key or one.raw[:1] != b"{" else one.start
    end = one.start + len(one.raw)
    has_id = takes_key and signs.is_surely_under_id(one)
    return Found(whole.raw[start:end], f"{whole.path}.{one.key}", has_id, whole.start + start, whole.start + end)


def with_sign(signs: Signs, strays: Sequence[Found], found: Sequence[Found]) -> tuple[list[Found], Counter[str]]:
    """Return the objects in lists beside meetings without those lists that are of other things by their key, and of
    which no object has a sign of a meeting; and how many stand in these.

    Rooms, departments, sums by day and banners were rejects for which nothing was ever PROVEN. By the lack of a sign
    alone meetings went that say no more than their day, or whose id was blank. Who came and when, under the id of a
    meeting that is known, is a party of it.
    """
    ids = signs.ids_of_all(found) if strays and found else set()
    forms = {_DIGIT.sub(b"0", one) for one in ids if len(one) >= SHORTEST_ID}
    by_list: dict[str, list[Found]] = {}
    for one in strays:
        by_list.setdefault(one.path.rpartition("[")[0], []).append(one)
    aside = Counter[str]()
    for place, some in by_list.items() if found else ():
        if (key := _key_of(place)).encode("utf-8", "surrogatepass") in ids:
            is_aside = not any(_says_more_than_party(signs, one) for one in some)
        else:
            is_aside = names_others(key) and not any(_has_sign(signs, one.raw, forms) for one in some)
        if is_aside:
            aside[place] = len(some)
    return [one for place, some in by_list.items() if place not in aside for one in some], aside


def _says_more_than_party(signs: Signs, one: Found) -> bool:
    members = members_of(one.raw)
    if not members or signs.columns(members) & (EVIDENCE - {"duration_s"}):
        return True
    came = {match.column for it in members if (match := signs.aliases.leg(it.key)) and match.rank[0] == 0}
    is_party = "phone" in came and not came.isdisjoint({"joined_at", "left_at"})
    return not is_party and _SIGN.search(one.raw) is not None


def _has_sign(signs: Signs, raw: bytes, forms: set[bytes]) -> bool:
    """Return whether an object in a list of other things may be a meeting, or holds one: it has parties, or says two of
    which, called what, when and by whom. Rooms have a number, departments a head and banners a run time.
    """
    members = members_of(raw)
    columns = signs.columns(members)
    if not members or columns & {"meeting_id", PARTIES} or is_whole(signs, "", members):
        return True
    words = [one for one in members if one.raw[:1] not in (b"[", b"{") and not is_blank(one.raw)]
    says_when = any(
        (plain(one.key) in _TIMES or column_of(one.key, signs.aliases) in _WHEN)
        and looks_like_instant(as_word(one.raw))
        for one in words
    )
    says_which = any(_ID.fullmatch(plain(one.key)) or _NUMBER_OF_ONE.search(plain(one.key)) for one in words)
    has_mobile = any(signs.has_phone([one]) and mobiles_in(as_word(one.raw)) for one in words)
    n_others = sum(
        (
            any(_DIGIT.sub(b"0", one.raw.strip(b'"')) in forms for one in words),
            any(signs.aliases.is_name_of_meeting(one.key) for one in words),
            "creator" in columns,
        )
    )
    nested = (one for one in members if one.raw[:1] in (b"[", b"{"))
    inside = (it for one in nested for it in strays(signs, one.key, Found(one.raw, "", False, 0, len(one.raw))))
    is_period = "started_at" in columns and not took_place(signs, members)
    return (
        has_mobile
        or n_others > 1
        or (says_when and not is_period and (n_others > 0 or says_which))
        or any(_has_sign(signs, it.raw, forms) for it in inside)
    )


_WHEN = frozenset({"started_at", "booked_at"})
_TIMES = frozenset({"time", "when", "at", "时间"})
_NUMBER_OF_ONE = re.compile("(?:id|no|code|num|number|编?号)$")
_SIGN, _DIGIT = re.compile(rb"\d\d?:\d\d|\d{10}"), re.compile(rb"\d")


def as_rejects(members: list[Member], whole: Found) -> list[Found]:
    """Return members of an object, each with its key, as records without an id."""
    at, path = whole.start, whole.path
    places = [(one.key, one.key_start, one.start + len(one.raw)) for one in members if not is_blank(one.raw)]
    return [Found(whole.raw[i:end], f"{path}.{key}", False, at + i, at + end) for key, i, end in places]


class _Place(NamedTuple):
    """Where an object stands beside records: in a list, under a key of other things, among parties."""

    is_element: bool = False
    is_of_others: bool = False
    is_among_parties: bool = False


def strays(signs: Signs, key: str, whole: Found, place: _Place = _Place(), depth: int = 1) -> list[Found]:  # noqa: B008
    """Return the objects in lists at any depth, also of JSON texts, to be rejected: a list of records may have ids
    under a name nobody knows. Outside of lists, and among parties, those that are whole meetings but for their id;
    other parties beside the records are told by a warning.
    """
    raw, path, at = whole.raw, whole.path, whole.start
    if not holds_json(raw) or is_part(key, raw):
        return []
    is_of_others = names_others(key) or (place.is_of_others and not is_usual_list(key))
    is_among_parties = place.is_among_parties or signs.is_parties(key)
    is_stray = not is_among_parties and (place.is_element or depth > DEEPEST)
    if raw[:1] == b"{":
        is_stray |= is_whole(signs, key, members_of(raw), is_of_others=is_of_others or signs.is_parties(key))
    if is_stray and (raw[:1] == b"{" or (depth > DEEPEST and b"[" in raw)):
        return [whole._replace(has_id=False)]
    if depth > DEEPEST:
        return []
    here = _Place(place.is_element, is_of_others or is_among_parties, is_among_parties)
    if raw[:1] == b'"':
        inner = unescape(raw[1:].removesuffix(b'"'))
        text = inner.text.strip()
        if structure(text) != "strict":
            return []  # damaged inside, it was read as text is that is damaged
        found = strays(signs, key, Found(text, f"{path}~", False, 0, len(text)), here, depth + 1)
        return inner.placed(shifted(found, len(inner.text) - len(inner.text.lstrip())), at + 1)
    is_list = raw[:1] == b"["
    here = here._replace(is_element=is_list)
    parts: Iterable[tuple[str, str, bytes, int]]
    if is_list:
        parts = (("", f"{path}[{i}]", *one) for i, one in enumerate(zip(*elements_of(raw), strict=True)))
    else:
        parts = ((one.key, f"{path}.{one.key}", one.raw, one.start) for one in placed_members(raw))
    inside: list[Found] = []
    for name, where, part, start in parts:
        one = Found(part, where, False, at + start, at + start + len(part))
        if is_list and part[:1] == b"{" and not is_among_parties:
            inside.append(one)
        elif part[:1] in _HOLDING:
            inside += strays(signs, name, one, here, depth + 1)
    return inside


_HOLDING = frozenset({b"{", b"[", b'"'})


def outermost(found: Iterable[Found]) -> Iterator[Found]:
    """Yield objects without those that stand in another of them: each byte belongs to one."""
    end = -1
    for one in sorted(found, key=lambda it: (it.start, -it.end)):
        if one.start >= end:
            end = one.end
            yield one
