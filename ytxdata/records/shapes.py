"""What in sound JSON is a record, and what only wraps records."""

from __future__ import annotations

from itertools import chain, repeat
from operator import add

from ytxdata.labels import Text
from ytxdata.records.about_list import about_list, counts_others, describes_page, is_telling
from ytxdata.records.about_meetings import KnownMeetings, about_others, may_be_another, meetings_among
from ytxdata.records.aliases import PARTIES, Aliases, plain
from ytxdata.records.answer_notes import EMPTY, Remarks, key_of
from ytxdata.records.list_metadata import (
    announces_deletion,
    is_aside,
    is_empty_room,
    is_held,
    is_usual_list,
    lists_meetings,
    may_wrap,
    only_named,
)
from ytxdata.records.nested import (
    are_no_ids,
    is_keyed,
    is_lost,
    key_under,
    lost_head,
    meetings_inside,
    outer_ones,
)
from ytxdata.records.odd_records import that_may_hold_others
from ytxdata.records.paging import COUNT_KEYS, is_count, says_nothing
from ytxdata.records.reported_losses import totals_and_losses
from ytxdata.records.salvage import Salvaged
from ytxdata.records.siblings import SPAN
from ytxdata.records.signs import ENVELOPE_KEYS, EVIDENCE, QUESTION_KEYS, signs_of
from ytxdata.records.spans import (
    Found,
    Member,
    elements_of,
    is_blank,
    may_be_escaped,
    members_of,
    placed_members,
    shifted,
    structure,
    unescape,
)
from ytxdata.records.unread_parties import are_rows
from ytxdata.records.unrecognised import (
    DEEPEST,
    LIKE_JSON,
    as_entry,
    empty_wrapper,
    holds_json,
    is_broken_list,
    is_flat_meeting,
    is_flat_stray,
    is_told_as_text,
    leftovers,
    outermost,
    strays,
    unnamed,
    with_sign,
)

DAMAGED = Text(
    "应答的 JSON 已损坏：完整的记录照样读取，其余文本逐段拒收",
    "the answer's JSON is damaged: records that are whole were read, every other piece of text is a reject",
)

SURVEYED = 8
"""How many elements of a list are looked at closely before one that begins with an id and holds no other is believed."""


class Shapes(Remarks):
    """The search through sound text: what is a record, what only wraps records."""

    def __init__(self, aliases: Aliases) -> None:
        super().__init__(signs_of(aliases))
        self.aliases = aliases
        self.envelope: dict[str, bytes] = {}
        self.undone: list[Found] = []
        self.is_closed = self.is_ended = True
        self.n_surveyed = 0
        self.is_wrapping = False

    def salvaged(self, text: bytes, *, is_whole: bool) -> Salvaged:
        """Return what damaged text holds, where a JSON string turns out to be damaged inside."""
        raise NotImplementedError

    def hidden(self, text: bytes, found: list[Found]) -> list[Found]:
        """Return strings of a text's envelope that hide records."""
        raise NotImplementedError

    def records_in(self, raw: bytes, at: int) -> list[Found]:
        """Return the records that a readable object is or holds; none unless one carries a meeting id.

        What can be read only leniently must be a record itself: two broken ones in a list may look like one.
        """
        if self.signs.is_party(raw) or self.signs.swallows(raw):
            return []
        is_usual = self.n_surveyed >= SURVEYED and not self.is_wrapping and self.signs.begins_with_id(raw)
        if is_usual and not that_may_hold_others(self.signs, [raw]):
            return [Found(raw, f"$@{at}", True, at, at + len(raw))]
        self.n_surveyed += 1
        # In the order of the text: what stands between two of them is taken for a gap, and would be read again.
        found = sorted(self.value(raw, at, f"$@{at}", 1), key=lambda one: one.start)
        is_itself = [(one.start, one.end) for one in found] == [(at, at + len(raw))]
        self.is_wrapping |= not is_itself and self.signs.begins_with_id(raw) is not None
        if is_itself and self.signs.has_status(raw):
            return []  # an answer whose list ended early, and took the rest of a record for members of its own
        if not is_itself and any(self.signs.swallows(one.raw) for one in found):
            return []
        return found if any(one.has_id for one in found) and (is_itself or structure(raw) == "strict") else []

    def answer(self, body: bytes, at: int, path: str = "$") -> list[Found]:
        """Return the records of a whole answer: those in `data`, and those beside it."""
        if body[:1] != b"{":
            return self.value(body, at, path, 0)
        members = placed_members(body)
        if not self.signs.are_of_answer(members):
            return self.object(body, at, path, 0)
        found: list[Found] = []
        beside: list[Inside] = []
        others: list[Inside] = []
        # `data` given twice is read twice: a dictionary would keep the last one and lose the records of the first.
        for member in members:
            key, raw, start, _ = member
            if plain(key) == "data":
                found += self.value(raw, at + start, f"{path}.{key}", 0)
            elif plain(key) in ENVELOPE_KEYS and raw[:1] not in (b"[", b"{"):
                self.envelope[plain(key)] = raw
            elif raw[:1] in (b"[", b"{", b'"') and not is_aside(self.signs, member, members):
                one = member, self.value(raw, at + start, f"{path}.{key}", 1)
                # Of the pieces of a damaged text none may be legible, and each is a reject.
                is_sure = any(item.has_id for item in one[1]) or self.signs.names_escaped_id(raw)
                is_sure = bool(one[1]) and (is_sure or is_broken_list(self.signs, one[1]))
                (beside if is_sure else others).append(one)
        whole = Found(body, path, True, at, at + len(body))
        of_data = [(one, found) for one in members if plain(one.key) == "data"][:1] if found else []
        beside = self.without_named(path, members, [*of_data, *beside])[len(of_data) :]
        strays = self.beside(whole, members, beside, others, [*found, *(item for _, items in beside for item in items)])
        more = [item for _, items in beside for item in items]
        is_question = False
        if not (found or more or strays):
            columns = self.signs.columns(members)
            asked = [one for one in members if plain(one.key) not in ENVELOPE_KEYS]
            is_question = empty_wrapper(self.signs, whole, asked) is not None
            # The one meeting asked for may lie flat beside its status: as envelope it would be lost, also where damage
            # or another version left none of its words but the id. An id and nothing else may repeat the question.
            is_told = {"meeting_id"} < columns or ("meeting_id" in columns and self.signs.has_odd_member(members))
            if is_told and not is_question:
                return [whole]
            # A question that is repeated has no parties; and no name and no amount where it is all that there is.
            has_data = any(plain(one.key) == "data" and not is_blank(one.raw) for one in members)
            own = {PARTIES} if has_data else {PARTIES, "name", "duration_s", "amount_yuan"}
            is_flat = columns & own and self.signs.tells_of_meeting(members)
            if not is_question and (is_flat or (not has_data and is_flat_meeting(members))):
                return [whole._replace(has_id=False)]
            more = unnamed(self.signs, others, has_data=has_data)
        read = {member.key for member, _ in beside}
        self.elsewhere |= dict.fromkeys(sorted(read))
        self.count(path, members, len(found) + len(more))
        everything = found + more + strays + ([] if is_question else leftovers(self.signs, members, whole))
        if found or more:
            self.tell_unread(path, members, read, everything, at)
        return everything

    def value(self, raw: bytes, at: int, path: str, depth: int) -> list[Found]:
        """Return the records in a value that stands where records are expected."""
        first = raw[:1]
        if first == b'"':
            return self.text_inside(raw, at, path, depth)
        if says_nothing(raw):
            return []
        whole = Found(raw, path, False, at, at + len(raw))
        if depth > DEEPEST:
            return [whole._replace(has_id=self.signs.holds_id(raw) is not None)]
        if first == b"[":
            return self.elements(raw, at, path, depth + 1)
        return self.object(raw, at, path, depth) if first == b"{" else [whole]

    def text_inside(self, raw: bytes, at: int, path: str, depth: int) -> list[Found]:
        """Return the records in a JSON string: what it holds is looked at when it looks like JSON, however often it
        was wrapped."""
        inner = unescape(raw[1:].removesuffix(b'"'))
        text = inner.text.strip()
        if says_nothing(text):
            return []
        kind = structure(text) if text[:1] in (b"[", b"{", b'"') else "damaged"
        if kind in ("strict", "whole"):
            undone, self.undone = self.undone, []
            found = self.value(text, 0, f"{path}~", depth)
            found += self.hidden(text, found)
            self.undone = [*undone, Found(b"", path, False, at, at + len(raw))]
        # A text that lost its first bracket still names ids: it is salvaged rather than taken for a remark.
        elif LIKE_JSON.match(text) or self.signs.names_id(text, 0, len(text)) or may_be_escaped(text):
            self.said.append(DAMAGED)
            # However whole the answer is, a text in it may be cut anywhere, also behind the last brackets of a record.
            found, _, is_closed, is_sound_before = self.salvaged(text, is_whole=False)
            # A remark may be a bracket; what holds records, or stands for their list, may have had more.
            holds_list = is_usual_list(key_of(path)) or any(one.has_id for one in found)
            self.is_ended &= is_closed or not is_sound_before or not holds_list
        else:
            return [Found(raw, path, False, at, at + len(raw))]
        return inner.placed(shifted(found + self.nested(found), len(inner.text) - len(inner.text.lstrip())), at + 1)

    def elements(self, raw: bytes, at: int, path: str, depth: int) -> list[Found]:
        """Return for each element of a list the record it is, or those wrapped in it; never nothing."""
        # Column by column: made one by one in a loop, 100,000 records cost twice what the parser takes to read them.
        raws, starts = elements_of(raw)
        paths = [f"{path}[{i}]" for i in range(len(raws))]
        places = list(map(at.__add__, starts))
        ends = map(add, places, map(len, raws))
        wholes = list(map(Found._make, zip(raws, paths, repeat(True), places, ends, strict=False)))
        surveyed = [self.element(whole, depth) for whole in wholes[:SURVEYED]]
        rest = wholes[SURVEYED:]
        # Where one only wraps its records, those further on may too, though they begin with an id as well.
        is_wrapping = any(map(_is_wrapped, surveyed, wholes))
        others = range(len(rest)) if is_wrapping else that_may_hold_others(self.signs, [one.raw for one in rest])
        odd = set(others).union(i for i, one in enumerate(rest) if not self.signs.begins_with_id(one.raw))
        listed = ([one] if i not in odd else self.element(one, depth) for i, one in enumerate(rest))
        every = [*surveyed, *listed]
        is_empty = not is_wrapping and all(is_empty_room(self.signs, one.raw, ()) for one in wholes[:SURVEYED])
        if is_wrapping or is_empty:  # a room without meetings among those that have some, or none has
            keys = {key_under(one, found[0]) for one, found in zip(wholes, every, strict=True) if found and is_wrapping}
            every = [
                [] if found == [one] and is_empty_room(self.signs, one.raw, keys) else found
                for one, found in zip(wholes, every, strict=True)
            ]
        return [one for elements in every for one in elements]

    def element(self, whole: Found, depth: int) -> list[Found]:
        """Return the record that an element of a list is, or those wrapped in it; never nothing."""
        # Null, `{}` and `[]` in a list of records are one reject each: left out, the counts would not add up.
        if is_flat_stray(self.signs, whole.raw):  # of a side list nearly all
            return [whole._replace(has_id=False)]
        return self.value(whole.raw, whole.start, whole.path, depth) or [whole._replace(has_id=False)]

    def nested(self, found: list[Found]) -> list[Found]:
        """Return the meetings inside of meetings, each with its place: a record of its own, whose bytes are no longer
        the outer one's."""
        return self.inside_of(outer_ones(self.signs, found))

    def inside_of(self, outer: list[Found]) -> list[Found]:
        """Return the meetings inside of those that may hold some."""
        inside = meetings_inside(self.signs, outer)
        self.inside |= dict.fromkeys(one.path for one in inside.found)
        self.keyed |= dict.fromkeys(inside.keyed)
        self.left |= dict.fromkeys(inside.left)
        return inside.found

    def object(self, raw: bytes, at: int, path: str, depth: int) -> list[Found]:
        """Return an object itself when it is a record, else the records it wraps."""
        if is_held(self.signs, raw):
            return [Found(raw, path, True, at, at + len(raw))]
        members = placed_members(raw)
        columns = self.signs.columns(members)
        whole = Found(raw, path, "meeting_id" in columns, at, at + len(raw))
        # What is asked of a room, or said of it, stands around its meetings.
        if whole.has_id and columns & EVIDENCE and not may_wrap(self.signs, raw, members):
            return [whole]
        outer, self.loose = self.loose, []
        n_told = len(self.announced)
        found = self.wrapped_or_whole(whole, columns, members, depth)
        key = key_of(path)
        is_flat = all(map(is_count, members)) and b"{" not in raw[1:]
        if found == [whole] or (self.loose and is_flat):
            self.loose = totals_and_losses(about_list(key, members)) + ([] if is_flat else self.loose)
        # A number in a record, a question, another thing or an element of a list says nothing of how many there are.
        told = columns & (EVIDENCE | {"meeting_id"})
        is_record = found == [whole] and is_telling(key, told)
        if is_other := counts_others(key, found):
            self.announced = self.announced[:n_told]
        self.loose = outer + ([] if is_record or is_other or key.endswith("]") else self.loose)
        is_question = plain(key) in QUESTION_KEYS and not columns & (EVIDENCE | {"amount_yuan"})
        return [] if found == [whole] and (is_question or describes_page(key, raw, members, told)) else found

    def wrapped_or_whole(self, whole: Found, columns: set[str], members: list[Member], depth: int) -> list[Found]:
        """Return the records that an object wraps, or itself where it wraps none."""
        inside = [
            (member, self.value(member.raw, whole.start + member.start, f"{whole.path}.{member.key}", depth + 1))
            for member in members
            if holds_json(member.raw) and not is_aside(self.signs, member, members)
        ]
        certain = [one for one in inside if any(item.has_id for item in one[1])]
        if not columns & EVIDENCE or whole.has_id:
            left: dict[int, list[Found]] = {member.start: [] for member, _ in certain}
            certain = self.without_named(whole.path, members, certain)
            left |= {member.start: found for member, found in certain}
            inside = [(one, left.get(one.start, found)) for one, found in inside]
        # Meetings may stand under `members` too; beside another list that has some, parties there name theirs.
        lists = [one for one in certain if not self.signs.is_parties(one[0].key)] or certain
        if len(lists) < len(certain):
            among = self.among_parties([one for one in certain if self.signs.is_parties(one[0].key)], lists)
            inside = [(one, among.get(one.start, found)) for one, found in inside]
            lists = [one for one in inside if one[0].start in {it.start for it, _ in lists} | among.keys()]
        if lists and not (
            whole.has_id and self.repeats_id(members, lists) and not lists_meetings(self.signs, whole.raw)
        ):
            return self.wrapped(whole, members, inside, lists)
        is_silent = not any(found for _, found in inside)
        if is_silent and (texts := empty_wrapper(self.signs, whole, members)) is not None:
            self.count(whole.path, members, len(texts))
            return texts
        if columns & (EVIDENCE | {"meeting_id"}):
            return [whole]
        return self.without_id(whole, members, inside)

    def among_parties(self, of_parties: list[Inside], lists: list[Inside]) -> dict[int, list[Found]]:
        """Return the meetings under keys of parties beside lists that have some, by where these members stand."""
        known = KnownMeetings(self.signs, chain(*(found for _, found in lists)))
        among = {one.start: (meetings_among(self.signs, found, known), one, found) for one, found in of_parties}
        self.partly |= {one.key for meetings, one, found in among.values() if 0 < len(meetings) < len(found)}
        return {start: meetings for start, (meetings, *_) in among.items() if meetings}

    def without_named(self, path: str, members: list[Member], lists: list[Inside]) -> list[Inside]:
        """Return lists of records without the objects that only name meetings: these are told, and what is deleted."""
        gone = [one for one in members if one.raw[:1] == b"[" and announces_deletion(one.key)]
        self.deleted |= {f"{path}.{one.key}": n for one in gone if (n := len(elements_of(one.raw)[0]))}
        is_empty = any(is_usual_list(one.key) and EMPTY.fullmatch(one.raw) for one in members)
        if not (len(lists) > 1 or is_empty or gone):
            return lists  # a list alone is the list of the meetings
        is_map = any(is_keyed(self.signs, one) for one in lists)
        less = only_named(self.signs, lists, has_empty_list=is_empty, is_map=is_map)
        named = [{one.start for one in some} for some in less]
        rest = [[one for one in items if one.start not in few] for (_, items), few in zip(lists, named, strict=True)]
        main, about = about_others(self.signs, rest)
        kept = []
        for (member, items), names, some in zip(lists, less, [[]] * len(about) if is_map else about, strict=True):
            where, told = f"{path}.{member.key}", {one.start for one in chain(names, some)}
            sure = [] if where in self.deleted else names
            self.tell_beside(where, len(told), [one.raw for one in sure if may_be_another(self.signs, one, main)])
            kept.append((member, [one for one in items if one.start not in told]))
        return [one for one in kept if one[1]]

    def wrapped(self, whole: Found, members: list[Member], inside: list[Inside], lists: list[Inside]) -> list[Found]:
        """Return the records that an object wraps, or itself when it is one meeting with more of it beside it."""
        found = [item for _, items in lists for item in items]
        keys = [member.key for member, _ in lists]
        is_one = len(found) == 1 and found[0].path.rstrip("~") in {f"{whole.path}.{key}" for key in keys}
        if is_one and self.signs.columns(members) & {PARTIES, *SPAN} and self.signs.is_one_meeting(whole.raw):
            return [whole._replace(has_id=True)]
        # A row a party, each under the id of its meeting: they join the meetings of these ids.
        read = {member.start for member, _ in lists}.union(
            one.start for one, items in inside if are_rows(items, self.aliases)
        )
        lists = [one for one in inside if one[0].start in read]
        found = [item for _, items in lists for item in items]
        keys = [member.key for member, _ in lists]
        strays = self.beside(whole, members, lists, [one for one in inside if one[0].start not in read], found)
        is_map = any(is_keyed(self.signs, one) for one in lists)
        self.tell_miskeyed(whole, [member for member, _ in lists], is_map=is_map)
        self.count(whole.path, members, len(found) + len(strays) * is_map)
        self.tell_unread(whole.path, members, keys, found + strays, whole.start)
        return found + strays + lost_head(self.signs, members, whole, found)

    def without_id(self, whole: Found, members: list[Member], inside: list[Inside]) -> list[Found]:
        """Return the records of an object in which nothing carries a meeting id."""
        if members and all(
            member.raw[:1] == b"{" and self.signs.columns(members_of(member.raw)) & EVIDENCE for member in members
        ):
            return self.entries(whole, members)
        texts = [
            one for one, found in inside if one.raw[:1] == b'"' and any(is_told_as_text(self.signs, it) for it in found)
        ]
        if texts and len(texts) == len(members):
            return self.entries(whole, members)
        if any(self.signs.is_record_under_id(one) for one in members):
            entries = self.entries(whole, [one for one in members if self.signs.is_entry(one)])
            self.count(whole.path, members, len(entries))
            starts = {one.start for one in entries}
            rest = [one for one, _ in inside if not {whole.start + one.start, whole.start + one.key_start} & starts]
            return entries + self.strays_among(whole, rest)
        known = {member.start for member, _ in inside}
        if all(one.start in known or is_count(one) or is_blank(one.raw) for one in members):
            found = [item for _, items in inside for item in items]
            self.count(whole.path, members, len(found))
            return found
        lists = [one for one in inside if one[0].raw[:1] != b"{" and not self.signs.are_parties(one[1])]
        found = [item for _, items in lists for item in items]
        # An element of a list whose own lists tell of no meeting is one itself, under words that nobody knows: rejected
        # piece by piece, its number and its times would be left behind as envelope.
        is_element = whole.path.endswith("]")
        if not found or (is_element and not any(self.signs.lacks_id(item.raw) for item in found)):
            return [whole]
        self.count(whole.path, members, len(found))
        return found + self.strays_among(whole, [member for member, _ in inside if member.raw[:1] == b"{"])

    def beside(
        self, whole: Found, members: list[Member], read: list[Inside], others: list[Inside], found: list[Found]
    ) -> list[Found]:
        """Return what stands beside records under keys of their own and may be one that lacks its id."""
        # In a map from id to record one without its id is no envelope: left there, nobody would miss it.
        if any(is_keyed(self.signs, one) for one in read):
            taken = {member.start for member, _ in read}
            entries = [one for one in members if one.start not in taken and self.signs.is_entry(one)]
        else:
            entries = []
        starts = {one.start for one in entries}
        others = [one for one in others if one[0].start not in starts]
        # Beside a list an object with times repeats the question more likely than it is a meeting.
        is_object = any(item.path.rstrip("~") == f"{whole.path}.{one.key}" for one, items in read for item in items)
        lost = [
            item
            for member, items in others
            if not self.signs.is_parties(member.key) and plain(member.key) not in QUESTION_KEYS | COUNT_KEYS
            for item in items
            if is_lost(self.signs, item, is_beside_object=is_object)
        ]
        strays, aside = with_sign(self.signs, self.strays_among(whole, [member for member, _ in others]), found)
        self.aside += aside
        return [*self.entries(whole, entries), *outermost([*lost, *strays])]

    def entries(self, whole: Found, members: list[Member]) -> list[Found]:
        """Return members of a map from id to record that have no id of their own, with their keys where these are to
        stand for it."""
        # Of an empty object the key alone would make a meeting of which nothing is known.
        told = [one for one in members if one.raw[:1] == b"{" and self.signs.columns(members_of(one.raw))]
        told = [] if are_no_ids([one.key for one in told]) else told
        self.keyed |= dict.fromkeys(f"{whole.path}.{one.key}" for one in told)
        starts = {one.start for one in told}
        return [as_entry(self.signs, whole, one, takes_key=one.start in starts) for one in members]

    def strays_among(self, whole: Found, members: list[Member]) -> list[Found]:
        """Return the objects in lists of members that hold no records."""
        return [
            stray
            for key, raw, start, _ in members
            if f"{whole.path}.{key}" not in self.named
            for stray in strays(
                self.signs,
                key,
                Found(raw, f"{whole.path}.{key}", False, whole.start + start, whole.start + start + len(raw)),
            )
        ]

    def repeats_id(self, members: list[Member], lists: list[Inside]) -> bool:
        """Return whether the ids inside are all the object's own: then these are its parties, not its meetings."""
        return self.signs.ids_of_all(item for _, found in lists for item in found) <= self.signs.ids(members)


Inside = tuple[Member, list[Found]]


def _is_wrapped(found: list[Found], whole: Found) -> bool:
    return [(one.start, one.end) for one in found] != [(whole.start, whole.end)]
