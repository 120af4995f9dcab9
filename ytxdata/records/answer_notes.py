"""What a reader should know about how the records of an answer were found: noted while it is searched, told as warnings."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Container, Iterable, Sequence
from functools import cache
from itertools import islice
from typing import Any

from ytxdata.labels import Text
from ytxdata.numbers_in_text import hide_in_text
from ytxdata.phones import mask
from ytxdata.records.about_list import may_mean_more, tells_of_list
from ytxdata.records.aliases import OF_PAGES, OF_PERSONS, plain, unfolded
from ytxdata.records.json_values import decoded, read_value
from ytxdata.records.list_metadata import SHORTEST_ID, announces_deletion, has_own_list
from ytxdata.records.nested import parties_beside
from ytxdata.records.paging import Announced, AskedFor
from ytxdata.records.reported_losses import other_words, totals_and_losses
from ytxdata.records.siblings import names_zone, other_zone
from ytxdata.records.signs import EVIDENCE, QUESTION_KEYS, Signs
from ytxdata.records.spans import Found, Member, RawRecord, elements_of, members_of
from ytxdata.records.unrecognised import holds_json
from ytxdata.records.values import as_phone, phone_text
from ytxdata.redact import cut_secrets
from ytxdata.times import looks_like_instant

_KEY_AGAINST_ID = Text(
    "有 {n} 条记录所在的键是另一个会议号（{paths}）：以记录自身的会议号为准",
    "{n} records stand under the id of another meeting ({paths}): they were read by their own",
)
_KEY_AS_ID = Text(
    "有 {n} 条记录自身没有会议号，以其所在的键为会议号（{paths}）",
    "{n} records without an id of their own took the key they stand under for it ({paths})",
)
_PARTIES_BESIDE = Text(
    "会议旁另有参会名单（{lists}），无法归于某一场会议，未计入接入记录",
    "parties ({lists}) stand beside the meetings and belong to none of them for certain: they were not read as legs",
)
_BY_ID = Text(
    "会议旁另有按会议号列出的内容（{paths}），未读入 {n} 场会议",
    "more of {n} meetings stands beside them under their ids ({paths}) and was not read: their times, names or figures may"
    " be missing",
)
_NESTED = Text(
    "会议记录内部还有别的会议（{paths}）：各自作为会议读取，不是外层会议的参会",
    "records hold other meetings inside them ({paths}): each was read as a meeting of its own, none as a leg of the outer one",
)
_LEFT = Text(
    "会议记录内部有 {n} 个对象自带开始时间，或自有召集人与参会方，却不像会议（{paths}）：可能是录音或分段，仍留在该记录中",
    "{n} objects inside records have a start, or a convener and parties, of their own and look like no meetings ({paths}):"
    " they may be recordings or parts, and stay in those records",
)
_NAMED = Text(
    "会议列表之外有 {n} 个对象只写出会议号，或只重复列表中会议的内容（{paths}）：未作为会议读取",
    "{n} objects beside the list of meetings only name a meeting, or say of one what the list says ({paths}): they were read"
    " as no meetings",
)
_UNSURE = Text(
    "会议列表之外有 {n} 个对象只写出列表中没有的会议号，或对列表中的会议另有说法（{paths}）：未作为会议读取，却可能是别的会议，不能证明完整",
    "{n} objects beside the list of meetings only name a meeting that it does not hold, or say of one what it does not"
    " ({paths}): they were read as no meetings and may be some, so nothing is proven to be complete up to now",
)
_ASIDE = Text(
    "会议旁的列表里有 {n} 个对象没有会议的迹象：既无会议号、时刻，也无召集人与参会方（{paths}），未作为会议读取",
    "{n} objects in lists beside the meetings have no sign of a meeting: no id, no time of a day, no convener and no parties"
    " ({paths}), and were read as none",
)
_DELETED = Text(
    "平台列出 {n} 场已删除或取消的会议（{paths}）：其中只写出会议号的不作为会议读取，此前读到的记录照旧计入",
    "the platform lists {n} meetings as deleted or cancelled ({paths}): those that it only names were read as no meetings,"
    " and what was read of them before still counts",
)
_WORDS_BESIDE = Text(
    "装有会议的对象里另写有会议的内容（{words}），未读入任何一场：可能是其中会议的",
    "words of a meeting stand in the objects that hold the meetings ({words}) and were read into none: they may be theirs",
)
_UNHEARD = Text(
    "回答在会议之外另写有 {words}，这里无人知其意：如果它是说会议不止这些，则并未全部给出",
    "beside its meetings the answer says {words}, which nothing here reads: if that means that there are more, not all were"
    " given",
)
_ZONE = Text(
    "会议旁另写有时区（{zones}）：会议自身的时间未写时区，按北京时间读取",
    "a zone stands beside the meetings ({zones}): their own times have none, and were read as Beijing's",
)
_ELSEWHERE = Text(
    "会议记录不在 data 之下，而在 {paths} 之下：平台的结构变了",
    "the records do not stand under `data` but under {paths}: the platform's structure has changed",
)

_SPAN_OR_BILL = frozenset({"started_at", "ended_at", "duration_s", "amount_yuan"})
_WORDS = _SPAN_OR_BILL | {"creator", "name", "state", "booked_at", "recording_url"}
"""Columns of what stood beside the meetings of each person, or beside the one meeting, and vanished without a word."""

_NUMBER = re.compile(
    r"(?<!\d)(?:(?:\+|00)?86[ -]?)?1[3-9]\d(?:[ -]?\d{4}){2}(?!\d)"
    r"|(?<![\d/.-])(?:\+|0(?=\d{2,3}-?\d{7}))[\d -]{9,14}(?![\d/.年-])"
)
"""What may be somebody's number in a key that is none as a whole: a mobile beside a name or a place, or a line; days
and ids are none."""

_DONE = re.compile('(?i)"?(?:0+|200|ok|true|succe(?:ss(?:ful)?|ed(?:ed)?)|成功)"?'.encode())
"""A state that is of an answer to a call, one of several in a list."""

_OF_ANOTHER = re.compile(
    rf"(?:{OF_PERSONS}|viewer|server|device|browser|terminal|服务器|服务端|客户端|浏览器|设备){{1,2}}(?:info|profile|信息|资料)?"
)
"""Plain keys of a person or a machine: the zone that stands there is its own, and was told as the meetings'."""

_NO_ZONE = re.compile(rb'\d[ T]\d?\d:\d\d(?::\d\d(?:\.\d+)?)?"')
"""A time of a day that ends without a zone."""

EMPTY = re.compile(rb'\[\s*\]|\{\s*\}|"\s*"|"?null"?')
"""A value in which nothing stands."""

_PIECE, _IS_WORDS = re.compile(r"[^.\[\]]+"), re.compile("(?=.{1,40}$)[a-z]+(?:[A-Z][a-z]+)*")
"""A key in a path, and one that is words: a token hardly ever has neither a digit nor two capitals side by side."""

_DIGITS = re.compile(r"\+?\d[\d -]{5,}\d")
_DIGIT = re.compile(rb"[0-9]")
_OF_MEETINGS = re.compile(
    r"(?:meet(?:ing)?|conf(?:erence)?|会议)s?(?:ids?|nos?|numbers?|codes?|list|[编序]?号|列表|名单)?$|^meids?$"
)
"""In plain keys that list meetings: `meetingMinutes`, `configValues` and `schemeIds` do not."""

_OF_SOME = re.compile(
    "(?:^|ed|(?<!record)ing|old(?:er)?|past|hist(?:ory)?|previous|earlier|fail(?:ures?)?|errors?|open|live|current|active|overflow|more|others?|rest|lost|left|new|all|extra"
    "|partial|list|rows|items|records|data|results?|[未已其].*|失败|中)(?:ids?)?$"
)
"""In plain keys that may list some of the meetings; under `deptIds` or `range` numbers of their length are others."""

_DEEPEST = 3
"""How many objects deep what is said of records by their ids is looked for."""
_LONGEST_PAGE = 10_000
_LONGEST_SAID = 80
"""How much of a message a warning repeats."""
_SHOWN = 5
"""How many places a warning names."""


class Remarks:
    """What was noted of one answer.

    Parameters
    ----------
    signs
        Tells a record from what stands beside it.
    """

    def __init__(self, signs: Signs) -> None:
        self.signs = signs
        self.said: list[Text] = []
        self.announced: list[Announced] = []
        self.loose: list[int | None] = []
        self.unread: dict[str, int] = {}
        self.partly: set[str] = set()
        self.elsewhere: dict[str, None] = {}
        self.inside: dict[str, None] = {}
        self.left: dict[str, None] = {}
        self.named: dict[str, int] = {}
        self.unsure: dict[str, list[bytes]] = {}
        self.deleted: dict[str, int] = {}
        self.by_id: dict[str, int] = {}
        self.unheard: dict[str, tuple[str, int | None]] = {}
        self.zones: dict[str, str] = {}
        self.words: Counter[str] = Counter()
        self.aside: Counter[str] = Counter()
        self.keyed: dict[str, None] = {}
        self.miskeyed: dict[str, None] = {}

    def warnings(self, n_found: int) -> tuple[Text, ...]:
        """Return what a reader should know about how the records were found, of which there are so many."""
        lists = ", ".join(f"{_shown(key)}: {n}" for key, n in self.unread.items())
        beside = (_PARTIES_BESIDE.format(lists=lists),) if self.unread else ()
        others = {path: n for path, n in self.named.items() if n and path not in self.deleted}
        counted = (
            (_KEY_AS_ID, self.keyed, len(self.keyed)), (_KEY_AGAINST_ID, self.miskeyed, len(self.miskeyed)),
            (_NESTED, self.inside, None), (_LEFT, self.left, len(self.left)),
            (_DELETED, self.deleted, sum(self.deleted.values())), (_NAMED, others, sum(others.values())),
            (_ELSEWHERE, self.elsewhere, None), (_BY_ID, self.by_id, max(self.by_id.values(), default=0)),
            (_ASIDE, self.aside, self.aside.total()),
            (_UNSURE, self.unsure, sum(map(len, self.unsure.values()))),
        )  # fmt: skip
        noted = (text.format(n=n, paths=_some(paths)) for text, paths, n in counted if paths)
        of_zones = ", ".join(f"{_shown(path)}: {_zone(zone)}" for path, zone in islice(self.zones.items(), _SHOWN))
        zones = (_ZONE.format(zones=of_zones),) if of_zones else ()
        counts = ", ".join(f"{_shown(key)}: {n}" for key, n in islice(self.words.items(), _SHOWN))
        words = (_WORDS_BESIDE.format(words=counts),) if counts else ()
        odd = [
            f"{_shown(path)}: {_quoted(said)}" for path, (said, n) in self.unheard.items() if n is None or n > n_found
        ]
        unheard = (_UNHEARD.format(words=", ".join(odd[:_SHOWN]) + (" …" if odd[_SHOWN:] else "")),) if odd else ()
        return (*dict.fromkeys(self.said), *noted, *beside, *words, *zones, *unheard)

    def tell_miskeyed(self, whole: Found, members: list[Member], *, is_map: bool) -> None:
        """Note the records of a map from id to record that carry another id than the key they stand under."""
        ids = [self.signs.ids(members_of(one.raw)) if one.raw[:1] == b"{" else set() for one in members]
        keys = [one.key.encode("utf-8", "surrogatepass") for one in members]
        # Rooms, people and days are keys too: one contradicts where others agree, or where it is a neighbour's id.
        anybody = set().union(*ids)
        self.miskeyed |= {
            f"{whole.path}.{one.key}": None
            for one, key, own in zip(members, keys, ids, strict=True)
            if own and key not in own and (key in anybody or (is_map and self.signs.is_entry(one)))
        }

    def tell_unread(
        self, path: str, members: list[Member], read: Container[str], found: Sequence[Found | RawRecord], at: int
    ) -> None:
        """Note parties that stand beside records and are nobody's legs, under a key of theirs or by their looks; and
        what is said of the records under their ids.
        """
        # looked up once, and only where a key may be an id: a day has one as well
        ids = cache(lambda: self.signs.ids_of_all(found))
        starts = sorted(one.start for one in found)
        self.tell_words(path, members, found, at)
        for key, raw, start, _ in members:
            if (key in read and key not in self.partly) or EMPTY.fullmatch(raw) or f"{path}.{key}" in self.named:
                continue
            if raw[:1] == b"[" and b"{" not in raw and not announces_deletion(key):
                self.tell_named(path, key, raw, ids)
            is_found = bisect_left(starts, at + start) < bisect_left(starts, at + start + len(raw))
            if not is_found:
                self.tell_zone(path, key, raw, found)
            if self.signs.is_parties(key) or (not is_found and parties_beside(self.signs, key, raw, found)):
                n_parties = len(elements_of(raw)[0]) if raw[:1] == b"[" else 1
                self.unread[key] = self.unread.get(key, 0) + n_parties
            elif not is_found and holds_json(raw) and (whole := read_value(raw)):
                self.tell_by_id(f"{path}.{key}", whole.value, ids)

    def tell_words(self, path: str, members: list[Member], found: Sequence[Found | RawRecord], at: int) -> None:
        """Note words of a meeting beside the meetings that an object holds, which these lack, and numbers that are its
        keys: who convened them, or when the one in it was. What stands beside the list of an answer is the question's,
        and what has an id is a room, of which they are said.
        """
        is_element = path.endswith("]")
        place = path.rpartition("[")[0] if is_element else path
        self.tell_numbers(place, members, found, at)
        if not (is_element or len(found) == 1):
            return  # of nearly all answers, before anything is made of their records
        inside = {one.path.rstrip("~") for one in found}
        is_one = len(found) == 1 and any(f"{path}.{one.key}" in inside for one in members)
        of_keys = {one.key: fed.column for one in members if (fed := self.signs.aliases.meeting(one.key))}
        if "meeting_id" in of_keys.values() or not (is_element or is_one):
            return
        # several have the name of their group, and beside the one meeting of an answer stands who asked
        of_others = {"name"} if not is_one else set[str]() if is_element else {"creator", "state"}
        may_be_theirs = self._lacking(found) - of_others
        for key, raw, *_ in members:
            if f"{path}.{key}" in inside or EMPTY.fullmatch(raw):
                continue
            said = {of_keys.get(key)} - ({"state"} if _DONE.fullmatch(raw) else set())
            if is_one and is_element and raw[:1] == b"{" and key not in of_keys and plain(key) not in QUESTION_KEYS:
                inner = members_of(raw)
                said = {OF_PAGES.get(unfolded(one.key)) for one in inner} | (self.signs.columns(inner) & _SPAN_OR_BILL)
            if said & may_be_theirs:
                self.words[f"{place}.{key}"] += 1

    def tell_numbers(self, place: str, members: list[Member], found: Sequence[Found | RawRecord], at: int) -> None:
        """Note keys that are numbers of people, under which meetings stand that do not say who convened them."""
        holders = [one for one in members if one.raw[:1] in (b"[", b"{", b'"')]
        # a whole key is read where it may be a line: of 20,000 ids of meetings it would take a second
        may_be = ((one, _NUMBER.findall(one.key) + [one.key] * one.key.startswith(("+", "0"))) for one in holders)
        of_people = [one for one, numbers in may_be if any(map(phone_text, numbers))]
        placed = sorted(found, key=lambda one: one.start) if of_people else []
        starts = [one.start for one in placed]
        for one in of_people:
            first, last = (bisect_left(starts, at + edge) for edge in (one.start, one.start + len(one.raw)))
            if "creator" in self._lacking(placed[first:last]):
                self.words[f"{place}.*"] += 1

    def _lacking(self, found: Sequence[Found | RawRecord]) -> set[str]:
        """Return what some of the first of the meetings found do not say of themselves."""
        return set[str]().union(*(_WORDS - self.signs.columns(members_of(one.raw)) for one in found[:_SHOWN]))

    def tell_named(self, path: str, key: str, raw: bytes, ids: Callable[[], set[bytes]]) -> None:
        """Note a list of mere ids, in the form of those that records have, of meetings that are not there; and rows of
        words that begin with one, which may be meetings.
        """
        elements = elements_of(raw)[0]
        rows = [elements_of(one)[0] if one[:1] == b"[" else [one] for one in elements]
        words = [row[0].strip(b'"') if row else b"" for row in rows]
        texts = [one.decode("utf-8", "replace") for one in words]
        says_more = any(len(row) > 1 for row in rows)
        is_of_meetings = _OF_MEETINGS.search(plain(key)) is not None
        may_be_ids = is_of_meetings or (
            (says_more or _OF_SOME.search(plain(key)) is not None)
            and all(len(one) >= SHORTEST_ID for one in words)
            and not any(map(looks_like_instant, texts))
        )
        are_ids = words and may_be_ids and all(map(_DIGIT.search, words)) and not all(map(as_phone, texts))
        if are_ids and (lacking := _others_like(words, ids())):
            rows_of = zip(words, elements, strict=True)
            unsure = [one for meeting_id, one in rows_of if says_more and meeting_id in lacking]
            self.tell_beside(f"{path}.{key}", len(unsure or lacking), unsure)

    def tell_beside(self, path: str, n_named: int, unsure: list[bytes]) -> None:
        """Note how many objects of a list only name meetings, and those among them that may be others."""
        if n_named:
            self.named[path] = n_named - len(unsure)
        if unsure:
            self.unsure[path] = unsure

    def tell_zone(self, path: str, key: str, raw: bytes, found: Sequence[Found | RawRecord]) -> None:
        """Note another zone than Beijing's that stands once for all records, whose times have none, be it in an object
        beside them (`meta: {timezone}`)."""
        for one in members_of(raw):
            if one.raw[:1] != b"{" and not _OF_ANOTHER.fullmatch(plain(key)):
                self.tell_zone(f"{path}.{key}", one.key, one.raw, found)
        if not names_zone(key) or raw[:1] in (b"[", b"{"):
            return
        look_up = self.signs.aliases.meeting
        members = (member for one in found[:_SHOWN] for member in members_of(one.raw))
        starts = (one.raw for one in members if (fed := look_up(one.key)) and fed.column == "started_at")
        whole = None if EMPTY.fullmatch(raw) else read_value(raw)
        zone = other_zone(key, whole.value) if whole else None
        if zone is not None and any(map(_NO_ZONE.search, starts)):
            self.zones[f"{path}.{key}"] = zone

    def tell_by_id(self, path: str, value: Any, ids: Callable[[], set[bytes]], depth: int = 0) -> None:
        """Note words of records that stand beside them, by their ids: a column as a map, or as pairs."""
        value = decoded(value)
        entries = value.items() if isinstance(value, dict) else value if isinstance(value, list) else ()
        pairs = [one for one in entries if isinstance(one, (tuple, list)) and len(one) == 2]
        said = {str(key).encode("utf-8", "replace") for key, one in pairs if one not in (None, "", [], {}, True, False)}
        if any(map(_DIGIT.search, said)) and (n := len(said & ids())):
            self.by_id[path] = n
        elif isinstance(value, dict) and depth < _DEEPEST:
            for key, one in value.items():
                self.tell_by_id(f"{path}.{key}", one, ids, depth + 1)
        of_meetings = (
            {str(key): one for key, one in pairs if looks_like_instant(one)} if isinstance(value, dict) else {}
        )
        keys = [key.encode("utf-8", "replace") for key in of_meetings if len(key) >= SHORTEST_ID]
        is_of_times = keys and len(keys) == len(value) and not any(map(looks_like_instant, of_meetings))
        if is_of_times and (lacking := _others_like(keys, ids())):
            self.tell_beside(path, len(lacking), sorted(lacking))

    def count(self, path: str, members: list[Member], n_found: int) -> None:
        """Note what an object says of the number of records in it, and what the pages in it say; one that has no list
        and no record speaks of what is around it.
        """
        words = [one for one in members if not one.key.isdecimal()]  # a map by id has thousands of keys
        self.loose += totals_and_losses(words)
        self.tell_unheard(path, words)
        if n_found or has_own_list(key_of(path), members):
            self.count_loose(n_found)

    def tell_unheard(self, path: str, members: Sequence[Member], depth: int = 0) -> None:
        """Note flags, numbers and messages that nobody reads, also in an object beside the list that speaks of it."""
        for one in members:
            if said := may_mean_more(one) or other_words(one):
                self.unheard[f"{path}.{one.key}"] = said
            elif one.raw[:1] == b"{" and len(one.raw) <= _LONGEST_PAGE and depth < _DEEPEST:
                inner = members_of(one.raw)
                if tells_of_list(one.key, inner, self.signs.columns(inner) & (EVIDENCE | {"meeting_id"})):
                    self.tell_unheard(f"{path}.{one.key}", inner, depth + 1)

    def count_loose(self, n_found: int) -> None:
        """Hold what has been said of a place against what was found there."""
        self.announced += [Announced(number, n_found, isinstance(number, AskedFor)) for number in self.loose]
        self.loose = []


def key_of(path: str) -> str:
    """Return the last key of a path."""
    return path.rpartition(".")[2].rstrip("~")


def _others_like(words: Sequence[bytes], ids: set[bytes]) -> set[bytes]:
    """Return the words that are none of the ids, where all have the form of some; none otherwise."""
    forms = {_DIGIT.sub(b"0", one) for one in ids}
    return {*words} - ids if all(_DIGIT.sub(b"0", one) in forms for one in words) else set()


def _shown(path: str) -> str:
    """Return a key or a path as a warning tells it: a platform may key by numbers of people, or echo a signature."""
    # between other words a local number looks like any figure to `hide_in_text`, and as a key it is somebody's
    shown = hide_in_text(_PIECE.sub(lambda one: one[0] if _IS_WORDS.fullmatch(one[0]) else cut_secrets(one[0]), path))
    return _DIGITS.sub(lambda found: mask(found[0]) if as_phone(found[0]) else found[0], shown)


def _quoted(said: str) -> str:
    """Return a message as a warning repeats it: on one line, without secrets and numbers of people."""
    text = hide_in_text(cut_secrets(" ".join(said.split())))
    return text if len(text) <= _LONGEST_SAID else f"{text[:_LONGEST_SAID]}…"


def _zone(told: str) -> str:
    """Return a zone as it is called: the names of some are as long as a token."""
    return told if re.fullmatch("[A-Z][A-Za-z]+(?:/[A-Z][A-Za-z_-]+){1,2}", told) else _shown(told)


def _some(paths: Iterable[str]) -> str:
    """Return the first of some paths, as a warning names them."""
    first = [*islice(paths, _SHOWN + 1)]
    return ", ".join(map(_shown, first[:_SHOWN])) + (" …" if len(first) > _SHOWN else "")
