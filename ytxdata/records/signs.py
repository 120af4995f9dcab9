"""What tells a record from a wrapper, a party or an envelope: by the keys that an object has, and by its looks. And
what tells a list's own totals and notes from its meetings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from ytxdata.records.aliases import PARTIES, Aliases, plain
from ytxdata.records.json_values import read_object, read_value, scalar
from ytxdata.records.paging import COUNT_KEYS
from ytxdata.records.siblings import as_one_meeting
from ytxdata.records.spans import Found, Member, RawRecord, is_blank, members_of, value_at
from ytxdata.records.values import bare_id

ENVELOPE_KEYS = frozenset({"statuscode", "statusmsg", "requestid"})
"""Keys of the answer itself, plain: no record is looked for in them."""

QUESTION_KEYS = frozenset(
    {"query", "param", "params", "request", "condition", "conditions", "filter", "filters", "search", "input", "req"}
)
"""Keys under which an answer repeats what was asked for, plain: times there are those of the question."""

EVIDENCE = frozenset({"creator", "created_at", "booked_at", "started_at", "ended_at", "duration_s", PARTIES})
"""Columns that make an object with a meeting id a meeting, rather than a wrapper that repeats the question."""

TOLD = EVIDENCE | {"name", "amount_yuan"}
"""Columns that people and reports look at: what else a record says of them is told."""

_BEGUN = frozenset({"creator", "started_at", PARTIES})

_PLACE = re.compile(r"0|[1-9][0-9]{0,8}")
_SPARSE = 10

_NESTED = re.compile(rb"[\[{]")
_VALUE = re.compile(rb'"(?:[^"\\]|\\.)*"|[^,\]}\s]+', re.S)
_TEXT_BEGINS = re.compile(rb'"([^"\\]*)\\*"\s*:\s*\\*"[^"]*\Z')
_TEXT_ENDS = re.compile(rb'[^"{}\[\]]*"\s*[,}\]]')
_LONGEST_TEXT = 300
"""How far in front of an object the beginning of the text is looked for that it may stand in [bytes]."""

_ESCAPED_KEY = re.compile(rb'\\\\*"([^"\\]*)\\+"\s*:')
"""A key inside a string; judged key by key, as a text of parties has the same few over and over."""

_DIGIT = re.compile(r"\d")
_EMPTY_LIST = re.compile(rb"\[\s*\]|\{\s*\}")
_OF_ANSWERS = ENVELOPE_KEYS | {"data"}

_SAMPLE = 64
"""From how many records of a batch it is learned how they are written."""

_GOLDEN = 0.6180339887498949
"""Its multiples are spread over a batch, and at no even distance."""


class Signs:
    """The signs of a record in the words of one account.

    Parameters
    ----------
    aliases
        Tells what a meeting id is called.
    """

    def __init__(self, aliases: Aliases) -> None:
        self.aliases = aliases
        ids = aliases.ids()
        self.begins_with_id = _id_pattern(ids).match
        self.holds_id = _id_pattern(ids).search
        self._id_keys = _id_keys(ids)
        self._is_id = _one_of(ids, front=b"")
        ends = dict.fromkeys(form for key in ids for form in (key[-2:], key[-2:].title(), key[-2:].upper()))
        escaped = [form for end in ends if not end.isascii() for form in _escaped(end)]
        self.id_ends = tuple(f'{end}"'.encode() for end in dict.fromkeys((*ends, *escaped)))
        known = dict(aliases.meetings)
        self._is_word = _one_of((*ids, *known[PARTIES], *known["creator"]), front=rb"\w*?")

    def begins_record(self, raw: bytes, at: int) -> bool:
        """Return whether an object begins there whose meeting id stands before anything nested."""
        return self.begins_with_id(raw, at) is not None

    def names_id(self, raw: bytes, start: int, end: int) -> bool:
        """Return whether a meeting id is given anywhere in a stretch of text."""
        return self._id_keys.search(raw, start, end) is not None

    def swallows(self, raw: bytes) -> bool:
        """Return whether an object with an id holds another meeting: one that lost its end and took its neighbour's."""
        if at := value_at(raw):
            return self.holds_entries(raw[at:])
        # Nearly all records name one id, and need not be decoded for this.
        if sum(1 for _ in self._id_keys.finditer(raw)) < 2:
            return False
        read = read_value(raw)
        if read is None or not isinstance(read.value, dict):
            return False
        own = self.ids_of(read.value)
        return bool(own) and any(self.is_another(one, own) for one in objects_inside(read.value))

    def id_keys(self, raw: bytes) -> set[bytes]:
        """Return the keys of meeting ids in a record as they are spelled, each with the quote behind it."""
        return {match[0].split(b'"')[0] + b'"' for match in self._id_keys.finditer(raw)}

    def ids_in(self, raw: bytes) -> set[str]:
        """Return the meeting ids that are given anywhere in a text, which may be no whole JSON."""
        given = (_VALUE.match(raw, match.end()) for match in self._id_keys.finditer(raw))
        return {bare_id(one[0].strip(b'"').decode("utf-8", "replace")) for one in given if one} - {""}

    def names_another(self, raw: bytes) -> bool:
        """Return whether an id stands inside something nested in a record, and is not the record's own told again."""
        first = _NESTED.search(raw, 1)
        named = [*self._id_keys.finditer(raw)] if first else []
        if not (first and named) or named[-1].start() < first.start():
            return False
        given = (_VALUE.match(raw, match.end()) for match in named)
        return len({one[0].strip(b'"') for one in given if one}) > 1

    def may_swallow(self, raw: bytes) -> bool:
        """Return whether an object that can be read only leniently names more ids than its own members do.

        A member that cannot be read is left out of it: nobody could see there that a neighbour stands in it.
        """
        keys = {plain(key) for key, *_ in members_of(raw)}
        own = sum(self._id_keys.search(f'"{key}":1'.encode()) is not None for key in keys)
        return own == 0 or sum(1 for _ in self._id_keys.finditer(raw)) > own

    def is_in_text(self, raw: bytes, start: int, end: int) -> bool:
        """Return whether an object stands in the text of a name or the like: people may write `{"meid":"1"}` there.

        Behind it that text must end, and its member too: in front of a record whose neighbour lost the end of its name
        there is the same. And it names one meeting: what holds many is a list of them, behind a name like `}{` and a
        broken key.
        """
        if not _TEXT_ENDS.match(raw, end) or sum(1 for _ in self._id_keys.finditer(raw, start, end)) > 1:
            return False
        before = _TEXT_BEGINS.search(raw, max(start - _LONGEST_TEXT, 0), start)
        return before is not None and self.aliases.is_word(before[1].decode("utf-8", "replace"))

    def is_telling(self, key: str) -> bool:
        """Return whether a key says something of a meeting: its id, or evidence that it took place."""
        match = self.aliases.meeting(key)
        return match is not None and (match.column == "meeting_id" or match.column in EVIDENCE)

    def is_name(self, key: str) -> bool:
        """Return whether a key is that of a meeting's name."""
        match = self.aliases.meeting(key)
        return match is not None and match.column == "name"

    def is_question(self, key: str) -> bool:
        """Return whether a key may repeat what was asked for: which meeting, whose meetings."""
        match = self.aliases.meeting(key)
        return match is not None and match.column in ("meeting_id", "creator")

    def ids_of(self, value: dict[str, Any]) -> set[str]:
        """Return the meeting ids that a decoded object carries."""
        given = (value[key] for key, column in self.aliases.columns(value).items() if column == "meeting_id")
        return {bare_id(str(one)) for one in given if one not in (None, "") and not isinstance(one, (dict, list))} - {
            ""
        }

    def is_another(self, value: dict[str, Any], own: set[str]) -> bool:
        """Return whether a decoded object is a meeting rather than a party that repeats the id of its meeting."""
        columns = set(self.aliases.columns(value).values())
        legs = {match.column for key in value if (match := self.aliases.leg(key)) and not match.rank[0]}
        # A party may repeat the id and the times of its meeting; a creator and parties of its own it has not.
        ids = self.ids_of(value)
        if ids and columns & {"creator", PARTIES}:
            return True
        return bool(ids - own) and bool(columns & EVIDENCE) and "phone" not in legs

    def is_no_party(self, value: dict[str, Any], own: set[str]) -> bool:
        """Return whether a decoded object among the parties of a meeting is one itself: another, the same told again,
        or one that lacks its id.
        """
        if self.ids_of(value) - own:
            return self.is_another(value, own)
        # A party may repeat the id and the times of its meeting, a group of them has parties: none has all of these.
        return self.said(value) >= _BEGUN and not self.aliases.has_phone(value)

    def are_tellings(self, value: Any, own: set[str]) -> bool:
        """Return whether a list of objects, wherever it stands in a decoded value, tells of the meetings of the id
        around it in full: a room lists its meetings so, each with the room's own id.
        """
        lists = [one for one in inside(value) if isinstance(one, list) and any(isinstance(it, dict) for it in one)]
        return any(
            all(isinstance(it, dict) and set() < self.ids_of(it) <= own and self.is_no_party(it, own) for it in one)
            for one in lists
        )

    def is_party(self, raw: bytes) -> bool:
        """Return whether an object is a party by its looks: in damaged text it may have lost the meeting around it."""
        members = members_of(raw)
        legs = {match.column for key, *_ in members if (match := self.aliases.leg(key)) and not match.rank[0]}
        return "phone" in legs and not self.columns(members) & {"creator", PARTIES}

    def names_escaped_id(self, raw: bytes) -> bool:
        """Return whether a string holds the key of a meeting id."""
        return any(map(self._is_id, set(_ESCAPED_KEY.findall(raw))))

    def names_escaped_word(self, raw: bytes) -> bool:
        """Return whether a string holds a word of meetings, also behind another: an id, parties or a creator.

        In a record only: of any other text `users` and `creator` say nothing, and a chat would be taken for an answer.
        """
        return any(map(self._is_word, set(_ESCAPED_KEY.findall(raw))))

    def is_one_meeting(self, raw: bytes) -> bool:
        """Return whether a record's text is read as the one meeting in it and what of it stands beside that."""
        value = read_object(raw, self.aliases).value
        return value is not None and as_one_meeting(value, self.aliases) is not None

    def has_status(self, raw: bytes) -> bool:
        """Return whether an object is the envelope of an answer: a status, message or request id stands in it."""
        return any(plain(key) in ENVELOPE_KEYS for key, *_ in members_of(raw))

    def is_bare(self, raw: bytes) -> bool:
        """Return whether an object is no answer: then it is a record on a line of its own, or nothing known."""
        return raw[:1] == b"{" and not self.are_of_answer(members_of(raw))

    def are_of_answer(self, members: list[Member]) -> bool:
        """Return whether the members of an object are those of an answer: a status, message or request id, or `data`."""
        return any(plain(key) in _OF_ANSWERS for key, *_ in members)

    def said(self, value: dict[str, Any]) -> set[str]:
        """Return the meeting columns of which a decoded object says something."""
        return set(self.aliases.columns(key for key, one in value.items() if one not in (None, "")).values())

    def columns(self, members: list[Member]) -> set[str]:
        """Return the meeting columns that an object's own members fill."""
        matches = ((self.aliases.meeting(key), raw) for key, raw, *_ in members)
        return {
            match.column
            for match, raw in matches
            if match and not is_blank(raw) and (match.column == PARTIES or _word(raw))
        }

    def filled(self, members: list[Member]) -> set[str]:
        """Return the meeting columns that members fill, without lists of parties that are empty."""
        return self.columns([one for one in members if not _EMPTY_LIST.fullmatch(one.raw)])

    def has_odd_member(self, members: list[Member]) -> bool:
        """Return whether an answer that has no `data` has a word that nobody knows, be it without a value."""
        keys = {plain(one.key): one.key for one in members}
        known = ENVELOPE_KEYS | QUESTION_KEYS | COUNT_KEYS
        return "data" not in keys and any(
            short not in known and self.aliases.meeting(key) is None for short, key in keys.items()
        )

    def tells_of_meeting(self, members: list[Member]) -> bool:
        """Return whether members say two of who, when and with whom; a statistic or a question has times, or a creator."""
        return len(self.columns(members) & _BEGUN) > 1

    def lacks_id(self, raw: bytes) -> bool:
        """Return whether an object says what only a meeting does, or has the key of an id, and no id."""
        members = members_of(raw)
        has_key = any((match := self.aliases.meeting(one.key)) and match.column == "meeting_id" for one in members)
        # The creator alone may be that of the question.
        return not self.ids(members) and (has_key or bool(self.columns(members) & (EVIDENCE - {"creator"})))

    def is_entry(self, member: Member) -> bool:
        """Return whether a member of a map from id to record may be one of its records, or stands for one."""
        # `message`, `success`, `page`: what describes the map has a word for a key, and an id hardly ever is one.
        key = plain(member.key)
        if key in COUNT_KEYS | ENVELOPE_KEYS | QUESTION_KEYS or self.is_parties(member.key):
            return False
        return _DIGIT.search(key) is not None or self.lacks_id(member.raw)

    def is_record_under_id(self, member: Member) -> bool:
        """Return whether a member is an object that says something of a meeting, under a key that may be its id."""
        is_told = member.raw[:1] == b"{" and bool(self.columns(members_of(member.raw)) & EVIDENCE)
        return is_told and _DIGIT.search(member.key) is not None and self.is_entry(member)

    def is_surely_under_id(self, member: Member) -> bool:
        """Return whether a record under its id says what a statistic by day or by month does not."""
        return self.is_record_under_id(member) and bool(self.columns(members_of(member.raw)) & _BEGUN)

    def holds_entries(self, raw: bytes) -> bool:
        """Return whether records under their ids are members of an object."""
        return any(map(self.is_surely_under_id, members_of(raw)))

    def has_phone(self, members: list[Member]) -> bool:
        """Return whether an object has the phone of a party."""
        return any((match := self.aliases.leg(one.key)) and match.column == "phone" for one in members)

    def is_parties(self, key: str) -> bool:
        """Return whether parties are expected under a key."""
        match = self.aliases.meeting(key)
        return match is not None and match.column == PARTIES

    def are_parties(self, found: list[Found]) -> bool:
        """Return whether a list holds parties by the look of its first element: a phone, and nothing of a meeting."""
        members = members_of(found[0].raw) if found else []
        legs = {match.column for key, *_ in members if (match := self.aliases.leg(key))}
        return "phone" in legs and not self.columns(members) & {"creator", PARTIES}

    def ids(self, members: list[Member]) -> set[bytes]:
        """Return the meeting ids an object carries."""
        matches = ((self.aliases.meeting(key), raw) for key, raw, *_ in members)
        given = {_word(raw) for match, raw in matches if match and match.column == "meeting_id" and not is_blank(raw)}
        return given - {b""}

    def ids_of_all(self, found: Iterable[Found | RawRecord]) -> set[bytes]:
        """Return the meeting ids that records carry."""
        return {one for item in found for one in self.ids(members_of(item.raw))}


@lru_cache(maxsize=64)
def signs_of(aliases: Aliases) -> Signs:
    """Return the signs of a record in the words of one account, made once: they cost as much as to decode a record."""
    return Signs(aliases)


def _word(raw: bytes) -> bytes:
    """Return a member's word or number, also where an object or a list only wraps it; nothing of any other."""
    if raw[:1] not in (b"[", b"{"):
        return raw.strip(b'"')
    read = read_value(raw)
    said = scalar(read.value) if read else None
    return b"" if said is None or isinstance(said, (list, dict)) else str(said).encode("utf-8", "replace")


def sample(raws: Sequence[bytes]) -> Sequence[bytes]:
    """Return some records, spread over all of them and in their order: taken at even distances they would never meet
    the odd ones where every tenth is odd, or meet nothing else.

    Examples
    --------
    >>> kinds = [b"odd" if i % 10 == 9 else b"plain" for i in range(2000)]
    >>> kinds[::32].count(b"odd"), sample(kinds).count(b"odd")
    (0, 6)
    """
    n = len(raws)
    return raws if n <= _SAMPLE else [raws[i] for i in sorted(int(n * (i * _GOLDEN % 1)) for i in range(_SAMPLE))]


def objects_inside(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the objects inside a decoded one, at any depth."""
    return (one for one in inside([*value.values()]) if isinstance(one, dict))


def inside(value: Any) -> Iterator[Any]:
    """Yield a value and all that stands inside it, at any depth."""
    # A stack, not recursion: text made to hurt is nested as deep as its sender likes.
    waiting = [value]
    while waiting:
        one = waiting.pop()
        yield one
        if isinstance(one, (list, dict)):
            waiting += one.values() if isinstance(one, dict) else one


def are_places(keys: Sequence[str]) -> bool:
    """Return whether keys only count what stands under them, as in a list that was printed as an object.

    They are no ids: the next answer counts anew, and its first meeting would be taken for this one's. A list that was
    filtered counts with gaps, so numbers count as far as every tenth is used; rooms are numbered higher than that.

    Examples
    --------
    >>> are_places(["0", "1"]), are_places(["1", "3", "7"]), are_places(["8001", "8002"]), are_places(["M1"])
    (True, True, False, False)
    """
    numbers = [int(key) for key in keys if _PLACE.fullmatch(key)]
    return bool(keys) and len(numbers) == len(keys) and max(numbers) < _SPARSE * len(keys)


@lru_cache(maxsize=64)
def _id_pattern(ids: tuple[str, ...]) -> re.Pattern[bytes]:
    """Match an object whose meeting id stands before anything nested: surely a record, told without decoding it."""
    # An empty id, null or something nested under its key is not certain: such an object is looked at closely.
    return re.compile(rb"\{[^\[{]*?" + _spelled(ids) + rb'(?!""|null|[\[{])', re.IGNORECASE)


@lru_cache(maxsize=64)
def _id_keys(ids: tuple[str, ...]) -> re.Pattern[bytes]:
    """Match a meeting id anywhere, also behind a word in front of its key (`confMeetingId`)."""
    return re.compile(rb'(?<=["\w])' + _spelled(ids)[1:] + rb'(?!""|null|[\[{])', re.IGNORECASE)


@lru_cache(maxsize=64)
def _one_of(keys: tuple[str, ...], *, front: bytes) -> Callable[[bytes], bool]:
    """Tell whether a key that stands inside a string is one of some, with what may stand in front of it."""
    spelled = re.compile(front + _spelled(keys)[1:].rpartition(b'"')[0], re.IGNORECASE)

    @lru_cache(maxsize=4096)
    def is_one(key: bytes) -> bool:
        return spelled.fullmatch(key) is not None

    return is_one


def _escaped(text: str) -> tuple[str, str]:
    """Return a text as libraries escape it that keep to ASCII, in either case of digits."""
    codes = [f"{ord(letter):04x}" for letter in text]
    return "".join(f"\\u{code}" for code in codes), "".join(f"\\u{code.upper()}" for code in codes)


def _letter(letter: str) -> bytes:
    written = re.escape(letter.encode())
    return written if letter.isascii() else rb"(?:%b|%b)" % (written, re.escape(_escaped(letter)[0].encode()))


def _spelled(ids: tuple[str, ...]) -> bytes:
    # `Meeting_ID`, `meeting-id` and `meetingId` are one key: in text that cannot be decoded as in text that can.
    spelled = b"|".join(rb"[\s_\-]*".join(map(_letter, key)) for key in ids)
    return b'"[@$#]?(?:' + spelled + rb')"\s*:\s*'
