"""What looks like parties of a record and feeds no leg: it is told with its text, and never read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from functools import cache, lru_cache
from itertools import chain
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from ytxdata.phones import is_country_code, joined, likelihood, normalize, number_class
from ytxdata.records.aliases import OF_CREATOR, PARTIES, Aliases, plain
from ytxdata.records.json_values import as_json, decoded, read_object
from ytxdata.records.numbers import Numbers
from ytxdata.records.numbers_in_values import PHONE_LIKE, may_hold_mobiles, mobiles_in
from ytxdata.records.parties import are_phones, is_meeting_without_id, lists_parties, numbered_fields
from ytxdata.records.party_names import DEEPEST, Party, feeds, names_in
from ytxdata.records.party_times import are_said, at_rows, host_came
from ytxdata.records.siblings import with_own_parts
from ytxdata.records.signs import Signs, inside, signs_of
from ytxdata.records.spans import Found
from ytxdata.records.values import Values, as_list, as_phone, is_blank, phone_text, rows_where
from ytxdata.times import is_time, looks_like_instant

_LINKS = frozenset({"links", "href"})
"""Keys, plain, under which frameworks say where something is to be had."""

_PARTIES = (
    "attend(?:ee|ant)?|particip(?:ant)?|member|joiner|invitee|(?:参会|与会|出席)(?:人员?|者|方)?|成员|^users?(?=list)"
    "|^人员(?![^名列姓])"
)
_LISTED = "(?<!third)(?<!counter)part(?:ies|y(?:list|names?))"
_LIKE_PARTIES = re.compile(
    rf"{_PARTIES}|(?:{_LISTED}|party(?:infos|details|records|data|items))(?:list|infos?|details?|\d)*$"
)
_NAMES_PARTIES = re.compile(f"(?:{_PARTIES})(?:s|list|names?|名单)?$|{_LISTED}$")
"""What else people call parties, anywhere in a key (`attendeeInfos`), and at its end, where one name alone is one."""

_LINE = re.compile(
    r"(?<!\d)0(?:10|2\d|[3-9]\d\d)[- ]?[2-8]\d{6,7}(?!\d)"
    r"|(?<![\da-zA-Z_./=&])(?:(?:\+|00)?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?![\da-zA-Z_.-])"
)
"""A fixed line, or a mobile that is no part of a file's name or an address."""
_SHORTEST_TWO = 20
"""What is shorter holds no two numbers with their area codes; one may stand in its key."""
_MOST_BETWEEN = 12
"""How many characters may stand beside each number of a text that lists them with names."""

_NO_LISTS = re.compile(
    "access|dialin|bridge|hotline|service|support|note|remark|desc|content|message|接入|拨入|热线|客服|备注|说明"
)
"""In plain keys of fixed lines that one calls, and of sentences."""

_DIALLED = re.compile("access|dialin|bridge|接入|拨入")
"""In plain keys of numbers that one dials to get in, fixed lines too: told of every record."""

_OF_A_PARTY = frozenset({"meeting_id", "name", "state", "duration_s"})
"""Columns of a meeting whose keys a party has as well."""

_WORD = re.compile(r"[^\W\d_]")
_BETWEEN = re.compile(r"[,，、;；|\n]")
_NO_NAMES = frozenset(("true", "false", "yes", "no", "y", "n", "none", "null", "nan", "all", "是", "否", "无", "全员"))


def is_like_parties(key: str) -> bool:
    """Return whether a key looks like one of parties, be it none that is known."""
    return _LIKE_PARTIES.search(plain(key)) is not None


def names_parties(key: str) -> bool:
    """Return whether a key looks like the very name of parties (`attendees`, `memberList`)."""
    return _NAMES_PARTIES.search(plain(key)) is not None


def names_some(key: str, value: Any) -> bool:
    """Return whether a value under a key like one of parties names any: in a list, an object or a text of names.

    Examples
    --------
    >>> names_some("attendees", "李四,王五"), names_some("参会人", "李四"), names_some("attendeeInfos", [{"name": "李四"}])
    (True, True, True)
    >>> names_some("attendType", "video"), names_some("attendees", 5), names_some("memberCounts", [1, 2])
    (False, False, False)
    """
    if not is_like_parties(key):
        return False
    if isinstance(value, list):
        return any(bool(one) if isinstance(one, (dict, list)) else _is_word(one, is_listed=True) for one in value)
    if isinstance(value, dict):
        return names_parties(key) and any(map(_is_word, value.values()))
    words = [] if not isinstance(value, str) or "://" in value else _BETWEEN.split(value)
    if len(words) > 1:
        return all(_is_word(one, is_listed=True) for one in words if one.strip())
    return names_parties(key) and any(map(_is_word, words))


def _is_word(value: Any, *, is_listed: bool = False) -> bool:
    text = "" if isinstance(value, (list, dict)) else str(value).strip().casefold()
    is_number = is_listed and PHONE_LIKE.fullmatch(text) is not None
    return is_number or (_WORD.search(text) is not None and text not in _NO_NAMES)


def own_leg(keys: Iterable[str], aliases: Aliases) -> list[str]:
    """Return the keys of a record that are a party's, its phone and when it came or went: a row a party, under the id
    of its meeting, makes no leg and would take the meeting's name."""
    fed = {key: match.column for key in keys if (match := aliases.leg(key)) and match.rank[0] == 0}
    is_leg = "phone" in fed.values() and not {"joined_at", "left_at"}.isdisjoint(fed.values())
    return [key for key, column in fed.items() if is_leg and column in ("phone", "joined_at", "left_at")]


def is_row(value: dict[str, Any], aliases: Aliases) -> bool:
    """Return whether an object is the row of one party under the id of its meeting, of which it says nothing more.

    Examples
    --------
    >>> is_row({"meid": "1", "name": "王芳", "phone": "15400000001", "jointime": "10:00"}, Aliases())
    True
    >>> is_row({"meid": "1", "phone": "15400000001", "starttime": "10:00"}, Aliases())
    False
    """
    columns = set(aliases.columns(value).values())
    return {"meeting_id"} <= columns <= _OF_A_PARTY and bool(own_leg(value, aliases))


def are_rows(found: Sequence[Found], aliases: Aliases) -> bool:
    """Return whether what was found in a list are rows of parties, each under the id of its meeting."""
    return bool(found) and all(is_row(read_object(one.raw, aliases).value or {}, aliases) for one in found)


def is_link(raw: bytes, signs: Signs) -> bool:
    """Return whether an object says of a meeting only where its parties are to be had, as JSON:API does."""
    value = read_object(raw, signs.aliases).value or {}
    return set(signs.aliases.columns(value).values()) == {PARTIES} and not lists_parties(value, signs.aliases)


def unread_parties(value: dict[str, Any], aliases: Aliases) -> Iterator[str]:
    """Yield what looks like parties of a record and feeds no leg, each with its path: lists and objects under names
    that nobody knows, and numbered fields.

    Not told: meetings inside of it, which are records of their own, and the creator described once more.
    """
    if fields := numbered_fields(value, aliases):
        yield fields
    signs = signs_of(aliases)
    fed = aliases.columns(value)
    said = (value[key] for key, column in fed.items() if column == "creator")
    creators = {as_phone(with_own_parts(one, value, OF_CREATOR)) for one in said}
    others = {key: decoded(one) for key, one in value.items() if key not in fed}
    lists = [one for key, one in value.items() if signs.is_parties(key)]
    known = cache(lambda: creators.union(*(_phones_in(one, aliases) for one in lists)))
    names = cache(lambda: {name for one in lists for entry in _entries(one) for name in _names_of(entry, aliases)})
    told: set[str] = {*own_leg(others, aliases), *_when_host_came(value, others, creators, signs)}
    if told:
        yield "; ".join(f"{key}: {as_json(others[key])}" for key in sorted(told))
    own = signs.ids_of(value)
    waiting = [(key, key, key, one, 0) for key, one in others.items() if plain(key) not in _LINKS]
    while waiting:
        top, name, path, one, depth = waiting.pop(0)
        is_told = names_some(name, one)
        if isinstance(one, list):
            entries = [decoded(inner) for inner in one]
            parts = [(name, f"{path}[{i}]", inner) for i, inner in enumerate(entries)]
            objects = [inner for inner in entries if isinstance(inner, dict)]
            are_meetings = bool(objects) and all(signs.is_another(inner, own) for inner in objects)
            comes_or_goes = any(says_it_came(inner, aliases) for inner in objects)
            is_told = (is_told and not are_meetings) or are_phones(entries) or comes_or_goes
            is_told = is_told or any(_has_sure_phone(inner, aliases) for inner in objects)
            # Who was invited or sent a message, and is listed: told of every record, it hides who is not.
            if is_told and not comes_or_goes and _are_known(name, entries, known(), names(), aliases):
                is_told, parts = False, [("", path, inner) for _, path, inner in parts]
        elif isinstance(one, dict):
            # under the record's own id it is told, and what the record has for its list was read
            is_its_own = signs.ids_of(one) or all(it in lists for key, it in one.items() if signs.is_parties(key))
            is_whole = lists_parties(one, aliases) and (is_its_own or is_meeting_without_id(one, aliases))
            of_other = _of_other(one, own, signs)
            if is_whole or of_other == "told":
                told.add(top)  # a meeting of its own, told as one
                continue
            # `list` in `attendees` is a list of them, whatever else stands there
            around = name if names_parties(name) else None
            members = [(key, decoded(it)) for key, it in one.items() if plain(key) not in _LINKS]
            parts = [(around or key, f"{path}.{key}", it) for key, it in members]
            is_told = is_told or of_other == "more" or _is_party_alone(one, known, aliases)
        elif is_told:
            parts = []
        else:
            continue
        if is_told or (depth == DEEPEST and any(isinstance(inner, (list, dict)) for *_, inner in parts)):
            told.add(top)
            yield f"{path}: {as_json(one)}"
        elif depth < DEEPEST:
            waiting += [(top, *part, depth + 1) for part in parts]
    # Under no name that is known, and in no known form: a mobile is somebody all the same.
    rest = (key for key in others if key not in told and not aliases.is_numbered(key) and not signs.is_parties(key))
    if found := {
        key: some
        for key in rest
        if (some := mobiles_in(others[key]) | _lines_in(key, others[key])) and (some := some - known())
    }:
        here = mobiles_in(lists).union(*(mobiles_in(others[key]) for key in told))
        yield from (f"{key}: {as_json(others[key])}" for key, some in found.items() if some - here)


def _of_other(one: Party, own: Set[str], signs: Signs) -> Literal["told", "more"] | None:
    """Return whether an object with another id is told as a meeting, which none with the key of a phone is, or only
    names one: a room or a line to dial in has an id of another form, and says no time; or says more of it."""
    others, has_phone = signs.ids_of(one) - own, signs.aliases.has_phone(one)
    if not others or ("started_at" in signs.said(one) and not has_phone):
        return "told" if others else None
    is_alike = not {re.sub(r"\d", "0", it) for it in others}.isdisjoint(re.sub(r"\d", "0", it) for it in own)
    if any(looks_like_instant(it) or (is_alike and isinstance(it, list) and it) for it in inside(one)):
        return "more"
    return None if is_alike and has_phone else "told"


def _when_host_came(
    value: dict[str, Any], others: dict[str, Any], creators: set[str | None], signs: Signs
) -> list[str]:
    """Return the keys of a record that say when who convened it came and went, where no party did then, or each that
    did has another number: all that a conference calls at once come in one second. Who alone came and went with the
    host is the host, whose meeting is convened from the line of an office.
    """
    came = [key for key, one in others.items() if host_came(key) and is_time(one)]
    listed = [decoded(one) for key, one in value.items() if signs.is_parties(key)] if came else []
    entries = [entry for one in listed if isinstance(one, list) for entry in one]
    phones = [[*_phones_in([entry], signs.aliases)] for entry in entries]
    # who withholds its number may be the host, whatever others have
    is_another = bool(creators - {None} and entries) and all(phones) and creators.isdisjoint(chain(*phones))
    said = [others[key] for key in came]
    is_host = not is_another or (len(came) > 1 and sum(are_said(said, entry) for entry in entries) == 1)
    return [] if is_host and are_said(said, listed) else came


def _lines_in(key: str, value: Any) -> set[str | None]:
    """Return the fixed lines and the mobiles that stand in a value, also behind names, where there are two or more: one
    alone may be dialled to get in, and so may those in a sentence."""
    is_short = isinstance(value, str) and len(value) < _SHORTEST_TWO and not _LINE.search(key)
    if is_short or not isinstance(value, (str, list, dict)):
        return set()
    text = as_json(_lists_of({key: value}))
    lines = {as_phone(one) for one in _LINE.findall(text)}
    is_list = isinstance(value, (list, dict)) or len(_LINE.sub("", text)) <= _MOST_BETWEEN * (len(lines) + 1)
    return lines if len(lines) > 1 and is_list else set()


def _lists_of(value: Any, depth: int = 0) -> Any:
    """Return a value without what stands under keys of numbers that one calls."""
    if isinstance(value, dict) and depth <= DEEPEST:
        return {k: _lists_of(one, depth + 1) for k, one in value.items() if not _NO_LISTS.search(plain(k))}
    return value if depth > DEEPEST or not isinstance(value, list) else [_lists_of(one, depth + 1) for one in value]


def _phones_in(value: Any, aliases: Aliases) -> Iterator[str]:
    """Yield the numbers of parties that are listed as objects or as mere phones."""
    for entry in _entries(value):
        if isinstance(entry, dict):
            said = [with_own_parts(one, entry) for key, one in entry.items() if aliases.has_phone([key])]
        else:
            said = [entry]
        yield from filter(None, map(as_phone, said))


def _entries(value: Any) -> list[Any]:
    entries = decoded(value)
    return [*map(decoded, entries)] if isinstance(entries, list) else []


def _names_of(entry: Any, aliases: Aliases) -> list[str]:
    """Return the names in an entry of a list: its text, or what an object says under the keys of names."""
    return [*map(str, names_in(entry, aliases).values() if isinstance(entry, dict) else [entry])]


def _are_known(key: str, entries: Sequence[Any], known: Set[str | None], names: Set[str], aliases: Aliases) -> bool:
    """Return whether each of some entries has a number, of somebody who is known or one that is dialled to get in, or
    the name of somebody who is listed."""
    found = [[*_phones_in([entry], aliases)] for entry in entries]
    if not any(found) and all((said := _names_of(entry, aliases)) and names >= {*said} for entry in entries):
        return True
    dialled = {"service", "fixed", "short"} if _DIALLED.search(plain(key)) else {"service"}
    return all(found) and all(one in known or number_class(one) in dialled for one in chain(*found))


def _has_sure_phone(one: Party, aliases: Aliases) -> bool:
    """Return whether an object says what is surely a phone under the key of one, or with times what may be an
    extension."""
    said = [str(said) for key, said in one.items() if (fed := aliases.leg(key)) and fed.column == "phone"]
    may_be = feeds(one, ("joined_at", "left_at"), aliases)
    return any(as_phone(text) or (may_be and PHONE_LIKE.fullmatch(text)) for text in said)


def says_it_came(one: Party, aliases: Aliases) -> bool:
    """Return whether an object says when it joined or left, in words of parties: what starts may be a recording."""
    known = dict(aliases.legs)
    fed = ((aliases.leg(key), said) for key, said in one.items())
    return any(
        match.column in ("joined_at", "left_at")
        and not aliases.meeting(known[match.column][match.rank[1]])
        and is_time(said)
        for match, said in fed
        if match
    )


def _is_party_alone(one: Party, known: Callable[[], Set[str | None]], aliases: Aliases) -> bool:
    """Return whether an object outside of a list looks like a party, or like a map of parties by their phones."""
    if one and all(as_phone(key) and isinstance(inner, dict) for key, inner in one.items()):
        return True
    is_there = _has_sure_phone(one, aliases) and feeds(one, ("joined_at", "left_at"), aliases)
    if is_there or says_it_came(one, aliases):
        return True
    # A device may have a number too: without times only the very name of a phone makes an object a party.
    phones = {
        as_phone(said)
        for key, said in one.items()
        if (fed := aliases.leg(key)) and fed.column == "phone" and not fed.rank[0]
    }
    phones.discard(None)
    return bool(phones) and not phones <= known()


def unread_phones(
    numbers: Numbers,
    owner: pa.Array,
    values_of: Callable[[str], Values],
    unknown: Sequence[str],
    named: Sequence[str],
    calling: Sequence[str],
    aliases: Aliases,
) -> Iterator[tuple[int, str]]:
    """Yield what is a phone of a party under a key that nobody knows, each with the row of the party: any, of whoever
    has no number, else another mobile than its own; and a mobile in place of the name of whoever has no number: people
    log in by it. A platform that gave the key another name would otherwise take all numbers out of the tables without
    a word. Beside a full number the phone of another (`inviterPhone`) says nothing of the party, and would be told of
    every record, but for the other side of the call, see `_called`.
    """
    silent = set(rows_where(numbers.says_nothing))
    open_rows = set(rows_where(numbers.number.is_null()))
    names = named if silent else ()
    callers = [key for key in calling if _CALLING.match(plain(key))]
    sides = _called(numbers, owner, values_of, unknown, callers)
    # by row: what other records of the answer call their parties says nothing of this one
    of_caller = {i for key in callers if sides for i, one in enumerate(as_list(values_of(key))) if not is_blank(one)}
    for key in (*unknown, *names):
        values = values_of(key)
        mobiles = set(may_hold_mobiles(values))
        if aliases.is_of_another(key):
            mobiles &= open_rows
        elif key in sides:
            mobiles -= of_caller - open_rows
        of_call = sides.get(key, set())
        rows = sorted(silent & mobiles if key in names else silent | mobiles | of_call)
        for i, value in zip(rows, at_rows(values, rows), strict=True):
            text = phone_text(value) if i in silent or i in of_call else None
            if text or mobiles_in(value) - {numbers.number[i].as_py()}:
                yield i, f"{key}: {text or as_json(value)}"


_OPEN, _MOBILE = r"^\(?[1-9][0-9 ()-]{5,12}$", "^1[3-9][0-9]{9}$"
"""A number as it is dialled in its own city or country, without a 0 or + in front."""

_CODE = re.compile(r"(\+|00?)?([1-9]\d{0,3})")
_NAMES_CODE = re.compile(
    "(?:member|user|party|participant|attendee|guest|caller|contact|成员|参会人)?(?:(?:state|country|nation|area|city|zone"
    "|std|isd|idd|trunk|tel(?:ephone)?|phone|mobile|cell|dial(?:l?ing)?|calling|international|intl)(?:code|prefix)|prefix|phonearea"
    "|(?:电话|手机|座机|固话|号码|国家?|国际|城市|地区|长途)+(?:区号|前缀|代?码)|区号|前缀|guojia(?:dai)?ma|(?:changtu)?quhao)"
)
"""Plain keys of a party, behind words of its own, that say of digits that they are the code of a number."""
_OF_COUNTRY = re.compile("state|country|nation|isd|idd|intl|mobile|cell|国|手机|guo")


def unread_codes(
    phones: pa.Array, owner: pa.Array, values_of: Callable[[str], Values], unknown: Sequence[str]
) -> Iterator[tuple[int, str]]:
    """Yield the codes beside phones that make another number of them, each with the row of the party: what has a plus
    or the name of a code, and under any other key two codes of one phone in a meeting, which would be one person."""
    rows = rows_where(pc.and_not(pc.match_substring_regex(phones, _OPEN), pc.match_substring_regex(phones, _MOBILE)))
    lines = [*zip(at_rows(owner, rows), at_rows(phones, rows), strict=True)]
    n = Counter(lines)
    for key in unknown if rows else ():
        said = ("" if isinstance(one, (list, dict)) else as_json(one) for one in at_rows(values_of(key), rows))
        codes = (text.strip('" ').partition(".")[0] for text in said)
        sure = _NAMES_CODE.fullmatch(plain(key)) is not None
        is_area = sure and not _OF_COUNTRY.search(plain(key))
        given = (one for one in zip(rows, lines, codes, strict=True) if sure or one[2][:1] == "+" or n[one[1]] > 1)
        found = [(i, line, code) for i, line, code in given if _is_code(code, line[1], is_named=sure, is_area=is_area)]
        n_codes = Counter(line for line, _ in {one[1:] for one in found})
        for i, line, code in found:
            if sure or code[0] == "+" or n_codes[line] > 1:
                yield i, as_json({key: code, "phone": line[1]})


@lru_cache(maxsize=4096)
def _is_code(code: str, phone: str, *, is_named: bool, is_area: bool = False) -> bool:
    """Return whether a phone that is not whole is a number with a code in front, or lacks a named area's, be it without 0."""
    form = _CODE.fullmatch(code)
    if is_area and form and not form[1] and _is_code(f"0{code}", phone, is_named=False):
        return True
    # hardly a country has less than ten digits: states from 1 to 9 are never looked up
    if not form or (form[1] != "0" and (len(re.sub(r"\D", "", phone + code)) < 10 or not is_country_code(form[2]))):
        return False
    if number_class(normalize(phone)) not in ("unknown", "fixed"):
        return False
    if form[1] == "0":
        return joined(phone, area=code) not in (phone, phone if is_named else None)
    made = joined(phone, country=form[2])
    return made is not None and likelihood(normalize(made) or "")[0]


_CALLING = re.compile("caller|calling|from")
_CALLED = re.compile(
    "(?:called|callee|diall?ed|to|dst|dest(?:ination)?|被叫)(?:party|user|id|phone|mobile|tel|number|no|号码)*"
)
"""In plain keys of a party, either side of a call."""


def _called(
    numbers: Numbers,
    owner: pa.Array,
    values_of: Callable[[str], Values],
    unknown: Sequence[str],
    calling: Sequence[str],
) -> dict[str, set[int]]:
    """Return by key in which rows the side that was called may be the party, and its number is another.

    Who dials in calls, and whom the conference calls is called: taken for the caller, all parties were the one line
    that the platform calls from. What several in a meeting called is no party, unless it is a mobile.
    """
    keys = [key for key in unknown if calling and _CALLED.fullmatch(plain(key))]
    if not keys:
        return {}
    own, owners = numbers.number.to_pylist(), owner.to_pylist()
    by_caller = [*zip(*(as_list(values_of(key)) for key in calling), strict=True)]
    is_of_caller = [number in map(as_phone, said) for number, said in zip(own, by_caller, strict=True)]
    found: dict[str, set[int]] = {}
    for key in keys:
        others = [as_phone(one) if phone_text(one) else None for one in as_list(values_of(key))]
        pairs = {(owner, other, number) for owner, other, number in zip(owners, others, own, strict=True) if number}
        n_callers = Counter(pair[:2] for pair in pairs)
        found[key] = {
            i
            for i, (owner, other) in enumerate(zip(owners, others, strict=True))
            if other not in (None, own[i])
            and is_of_caller[i]
            and (n_callers[owner, other] < 2 or number_class(other) == "mobile")
        }
    return found
