"""Find the records of an answer wherever its `data` hides them, each with its own raw text and its place."""

from __future__ import annotations

import re
from itertools import chain, count
from typing import NamedTuple

import msgspec
import numpy as np

from ytxdata.labels import Text
from ytxdata.records.aliases import DEFAULT, Aliases, plain
from ytxdata.records.json_values import STRICT_ERRORS, without_cycle_search
from ytxdata.records.list_metadata import is_empty_room, is_held
from ytxdata.records.odd_records import that_may_hold_others
from ytxdata.records.paging import Announced
from ytxdata.records.reported_losses import totals_and_losses
from ytxdata.records.salvage import Salvaged, salvage
from ytxdata.records.shapes import DAMAGED, SURVEYED, Shapes
from ytxdata.records.signs import ENVELOPE_KEYS
from ytxdata.records.spans import (
    BrokenLawError,
    Found,
    Member,
    Offsets,
    RawRecord,
    Unescaped,
    check,
    is_member,
    may_be_escaped,
    members_of,
    placed_members,
    shifted,
    structure,
    unescape,
    wide_gaps,
)
from ytxdata.records.unrecognised import DEEPEST, holds_json

_BEHIND = Text(
    "应答结束之后还有 {n} 个字节：其中的记录照样读取，其余为拒收",
    "{n} bytes stand in the answer behind its end: records in them are read, the rest is rejected",
)
_LENIENT = Text("应答的 JSON 不规范，已宽松读取", "the answer's JSON is not strict and was read leniently")
_UNLAWFUL = Text(
    "这份应答未能逐字节读清（{why}），整份拒收并原样保存：请把它报告给维护者",
    "this answer could not be read byte for byte ({why}): it is one reject, kept as it came; please report it to the"
    " maintainer",
)
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.S)
_BLANK = b" \t\r\n"
_SEPARATOR = 16
"""Up to this length what stands between two records is a comma and blanks [bytes]."""


class Extracted(NamedTuple):
    """The records of an answer, what a reader should know about how they were found, and what else it says.

    Parameters
    ----------
    records, warnings
        In the answer's order.
    envelope
        The answer's own members by plain key.
    announced
        Every `total`, `count` or the like, with what was found.
    is_closed
        Whether the text comes to its end, rather than being cut off.
    is_ended
        Whether lists that stand in it as text come to theirs.
    unsure
        Objects beside the list that are no records and may be meetings.
    n_certain
        How many of the records carry a meeting id.
    is_lawful
        Whether every byte was read once; else the answer is one record that is none.
    """

    records: tuple[RawRecord, ...]
    warnings: tuple[Text, ...]
    envelope: dict[str, bytes]
    announced: tuple[Announced, ...] = ()
    is_closed: bool = True
    n_certain: int = 0
    is_lawful: bool = True
    is_ended: bool = True
    unsure: tuple[bytes, ...] = ()


def extract(body: bytes, aliases: Aliases = DEFAULT, *, is_whole: bool = False) -> Extracted:
    """Return every record of an answer's JSON text, in its order.

    `data` may be an object, an array, a JSON string of either, an object keyed by meeting id, or a wrapper that
    holds the list under any key; null, empty or absent gives no record. What is in a list of records and is none
    (a number, broken text) is returned too: later it is rejected by name. Records under another key, at any depth, or
    in two lists, are all taken; objects in lists that are no records are returned to be rejected as well. An object
    that holds one meeting and, beside it, the parties is the record as a whole; of parties beside several meetings a
    warning tells.

    Parameters
    ----------
    body
        The answer's JSON text as UTF-8 bytes; several texts one after another are read alike.
    aliases
        Tells what a meeting id is called.
    is_whole
        Everything that was sent is here, see `salvage`.

    Notes
    -----
    One strict pass over the bytes; only where that fails the text is taken apart tolerantly (some 20 times slower),
    so that one broken record never loses its neighbours. Every byte ends in one record or in the envelope, which is
    checked.

    Examples
    --------
    >>> for record in extract(b'{"statusCode":"0","data":{"total":2,"rows":[{"meid":"1"}, {"meid":"2"}]}}').records:
    ...     print(record.position, record.path, record.raw.decode(), record.start)
    0 $.data.rows[0] {"meid":"1"} 44
    1 $.data.rows[1] {"meid":"2"} 58
    """
    search = _Search(aliases)
    with without_cycle_search():
        if listed := search.listed(body):
            return Extracted(
                listed, search.warnings(len(listed)), search.envelope, tuple(search.announced), n_certain=len(listed)
            )
        search = _Search(aliases)  # what was noted before the quick way was left would be told twice
        found, is_strict = search.text(body, is_whole=is_whole)
        # Records beside `data` or under a key given twice come out of order; positions and the check follow the text.
        found.sort(key=_place)
        if more := [*search.hidden(body, found), *search.nested(found)]:
            found = sorted([*found, *more], key=_place)
        raws, paths, _, starts, ends = zip(*found, strict=True) if found else [()] * 5
        records = tuple(map(RawRecord._make, zip(count(), raws, paths, starts, ends, strict=False)))
        n_certain = sum(1 for one in found if one.has_id)
        # On every parse, not in tests alone: bytes that belong to nothing would be lost without a word.
        try:
            check(body, records, is_strict=is_strict)
        except BrokenLawError as error:
            # A fault of ours: raised, it would end every sync that meets the answer, and nothing would be archived.
            told = (_UNLAWFUL.format(why=str(error)),)
            whole = RawRecord(0, body.strip(), "$", len(body) - len(body.lstrip()), len(body.rstrip()))
            return Extracted((whole,), told, search.envelope, (), search.is_closed, n_certain, is_lawful=False)
    search.count_loose(len(found))
    return Extracted(
        records,
        search.warnings(len(found)),
        search.envelope,
        tuple(search.announced),
        search.is_closed,
        n_certain,
        is_ended=search.is_ended,
        unsure=tuple(chain(*search.unsure.values())),
    )


def _place(found: Found) -> int:
    return found.start


class _Search(Shapes):
    """The search through one answer, sound or not."""

    def text(self, body: bytes, *, is_whole: bool) -> tuple[list[Found], bool]:
        """Return the records of a whole text, and whether it is one strict JSON text."""
        # What else Python takes for blank is none in JSON: with it at an end the text is no strict one as a whole.
        start = len(body) - len(body.lstrip(_BLANK))
        whole = body.strip(_BLANK)
        kind = structure(whole)
        if kind == "strict":
            return self.answer(whole, start), True
        # NaN, raw control characters and bad escapes leave every bracket in its place: followed like sound text, they
        # cost one value and no record.
        if kind == "whole":
            self.said.append(_LENIENT)
            return self.answer(whole, start), False
        end = sound_end(body, start)
        if end is None:
            return self.damaged(body, is_whole=is_whole, is_cut=kind == "cut"), False
        return self.documents(body, start, end, is_whole=is_whole), False

    def answer(self, body: bytes, at: int, path: str = "$") -> list[Found]:
        """Return the records of a whole answer, also where the key of its list is lost, and the beginning of that text
        too: all that is left is one text, in which records stand.
        """
        found = super().answer(body, at, path)
        is_whole = [(one.has_id, len(one.raw)) for one in found] == [(False, len(body))]
        members = members_of(body) if is_whole else []
        is_text = len(members) == 1 and members[0].raw[:1] == b'"' and not self.signs.columns(members)
        return (shifted(self.hidden(body, []), at) if is_text else found) or found

    def documents(self, body: bytes, start: int, end: int, *, is_whole: bool) -> list[Found]:
        """Return the records of texts one after another: JSON lines, answers in a row, an answer and what stands
        behind it.
        """
        found = self.answer(body[start:end], start)
        is_bare = self.signs.is_bare(body[start:end])
        at = end
        while (start := past_blanks(body, at)) < len(body):
            stop = sound_end(body, start)
            if stop is None:
                found += shifted(self.salvaged(body[start:], is_whole=is_whole).found, start)
                is_bare = False
                break
            found += self.behind(body[start:stop], start)
            is_bare = is_bare and self.signs.is_bare(body[start:stop])
            at = stop
        if not is_bare:
            self.said.append(_BEHIND.format(n=len(body[end:].strip())))
        return found

    def behind(self, raw: bytes, at: int) -> list[Found]:
        """Return the records of a text that stands behind another; of its envelope nothing is taken over."""
        # The status of another answer must not become this one's.
        envelope, self.envelope = self.envelope, {}
        found = self.answer(raw, at, f"$@{at}")
        self.envelope = envelope
        return found or ([] if raw[:1] == b"{" else [Found(raw, f"$@{at}", False, at, at + len(raw))])

    def damaged(self, body: bytes, *, is_whole: bool, is_cut: bool) -> list[Found]:
        """Return what a damaged answer still holds, and take over what its envelope says."""
        self.said.append(DAMAGED)
        salvaged = self.salvaged(body, is_whole=is_whole)
        # Sound up to the last record, it was cut: asked again it may come whole. Where every announced byte came, more
        # cannot come, and the end is damaged instead.
        is_only_cut = is_cut and salvaged.is_sound_before and not is_whole
        self.is_closed = salvaged.is_closed and not is_only_cut
        for depth, key, raw in salvaged.members:
            if depth == 1 and plain(key) in ENVELOPE_KEYS:
                self.envelope.setdefault(plain(key), raw)
        self.loose += totals_and_losses([Member(key, raw, 0, 0) for _, key, raw in salvaged.members])
        return salvaged.found

    def salvaged(self, text: bytes, *, is_whole: bool) -> Salvaged:
        """Return what damaged text holds, also where the records stand inside a JSON string of it."""
        best = salvage(text, self.signs, self.records_in, is_whole=is_whole)
        n_best = _n_sound(best)
        levels: list[Unescaped] = []
        undone, self.undone = self.undone, []  # places in what follows are not those of this text
        sound = {(one.start, one.end): one for one in best.found if _is_sound(one)}
        while (
            may_be_escaped(text) and len(levels) < DEEPEST
        ):  # where a quote is lost nobody knows how often it was wrapped
            levels.append(unescape(text))
            text = levels[-1].text
            kept = salvage(text, self.signs, self.records_in, is_whole=is_whole, is_unescaped=True)
            n_found = _n_sound(kept)
            found = kept.found + self.nested(kept.found)
            for level in reversed(levels):
                found = level.placed(found, 0)
            found = [one._replace(path=one.path.replace("$@", "$~@", 1)) for one in found]
            sound = {(one.start, one.end): one for one in found if _is_sound(one)} | sound
            if n_found > n_best:
                best, n_best = kept._replace(found=found), n_found
        self.undone = undone
        # Damage to one record's escapes is no reason to undo those of another once too often: what is sound as it
        # stands is read so.
        return best._replace(found=[sound.get((one.start, one.end), one) for one in best.found])

    def listed(self, body: bytes) -> tuple[RawRecord, ...] | None:
        """Return the records of an answer that is one plain list of them; None where anything may stand elsewhere
        too.
        """
        split = split_list(body)
        if split is None or not all(map(self.signs.begins_with_id, split.raws)):
            return None
        around = [member for member in split.members if plain(member.key) != "data"]
        if any(self.signs.is_telling(one.key) or self.may_hold_records(one.raw) for one in around):
            return None
        records = split.records()
        odd = set(that_may_hold_others(self.signs, split.raws))
        # One that holds more than words and parties costs no other the quick way, unless it is more than one record.
        for i in sorted(odd.union(range(min(SURVEYED, len(records))))):
            _, raw, path, start, end = records[i]
            whole = Found(raw, path, True, start, end)
            is_one = is_held(self.signs, raw) or (
                self.element(whole, 1) == [whole] and not is_empty_room(self.signs, raw, ())
            )
            if not is_one or (i in odd and self.inside_of([whole])):
                return None
        self.envelope |= {key: one.raw for one in around if (key := plain(one.key)) in ENVELOPE_KEYS}
        # The places of the members are those without the list: none of them holds a record.
        self.tell_unread("$", around, (), records, len(body))
        self.count("$", split.members, len(records))
        self.count_loose(len(records))
        return records

    def may_hold_records(self, raw: bytes) -> bool:
        """Return whether records may stand in a value beside the list of them, be it in the middle of a text."""
        return holds_json(raw) or self.signs.names_escaped_id(raw)

    def hidden(self, text: bytes, found: list[Found]) -> list[Found]:
        """Return strings of a text's envelope in which an escaped meeting id stands: a lost quote made a string of
        records. One that was undone and is sound was searched: ids that it keeps to itself are of parties, or only name
        meetings.
        """
        known = sorted([*found, *self.undone], key=_place)
        return [
            one
            for start, end in wide_gaps(text, known, _SEPARATOR)
            for match in _STRING.finditer(text, start, end)
            if b'\\"' in match[0] and self.signs.names_escaped_id(match[0])
            for one in self.text_inside(match[0], match.start(), f"$@{match.start()}", 1)
        ]


def _n_sound(salvaged: Salvaged) -> int:
    return sum(map(_is_sound, salvaged.found))


def _is_sound(one: Found) -> bool:
    """Return whether a record is strict JSON: with an escape too few undone many can still be read, but leniently."""
    return one.has_id and structure(b"{%b}" % one.raw if is_member(one.raw) else one.raw) == "strict"


class _Answer(msgspec.Struct):
    data: list[msgspec.Raw]


_PLAIN = msgspec.json.Decoder(_Answer)
_NULL = b"null"


class PlainList(NamedTuple):
    """The elements of the list with their places, and the answer's members, of which `data` is null in its place."""

    raws: list[bytes]
    starts: Offsets
    ends: Offsets
    members: list[Member]

    def records(self) -> tuple[RawRecord, ...]:
        """Return the elements as records."""
        paths = [f"$.data[{i}]" for i in range(len(self.raws))]
        columns = zip(count(), self.raws, paths, self.starts.tolist(), self.ends.tolist(), strict=False)
        return tuple(map(RawRecord._make, columns))


def split_list(body: bytes) -> PlainList | None:
    """Split the answer that nearly every account gives, one list under `data` with plain members around it; None for
    others.

    One pass over the bytes: the search finds the same records, but copies the list and walks it twice.

    That every byte is in an element or around the list is proven: the elements stand one behind the other with a comma
    in between, and with null in place of the list the answer is still strict JSON.

    Examples
    --------
    >>> found = split_list(b'{"statusCode":"0","data":[{"meid":"1"},{"meid":"2"}]}')
    >>> found.raws, found.starts.tolist(), [member.key for member in found.members]
    ([b'{"meid":"1"}', b'{"meid":"2"}'], [26, 39], ['statusCode', 'data'])
    >>> split_list(b'{"statusCode":"0","data":{"list":[]}}') is None
    True
    """
    try:
        raws = list(map(bytes, _PLAIN.decode(body).data))
    except STRICT_ERRORS:
        return None
    at = body.find(b"[" + raws[0]) if raws else -1
    if at < 0:
        return None
    sizes = np.fromiter(map(len, raws), np.int64, len(raws))
    ends = at + np.cumsum(sizes + 1)
    starts, stop = ends - sizes, int(ends[-1])
    codes = np.frombuffer(body, np.uint8)
    # With blanks between them, or where the same list stands twice, the lengths do not add up to the brackets.
    if stop >= len(body) or codes[stop] != ord("]") or not (codes[ends[:-1]] == ord(",")).all():
        return None
    around = body[:at] + _NULL + body[stop + 1 :]
    members = placed_members(around) if structure(around) == "strict" else []
    listed = [member.raw for member in members if plain(member.key) == "data"]
    return PlainList(raws, starts, ends, members) if listed == [_NULL] else None


_TRAILING = re.compile(r"trailing characters \(byte (\d+)\)")
_IS_TORN = re.compile(rb"\s*[\]},:]")
"""What stands behind an object only if a bracket was lost or doubled inside it."""
_BLANKS = re.compile(rb"\s*")
_SKIP = msgspec.json.Decoder(msgspec.Raw)


def sound_end(text: bytes, start: int) -> int | None:
    """Return where the strict JSON object or list ends that begins there; None where there is none, or where a bracket
    too many ended it early: its own rest would pass for another text behind it.
    """
    if text[start : start + 1] not in (b"{", b"["):
        return None
    # Strictly: where damaged text ends cannot be told from its beginning.
    rest = memoryview(text)[start:]
    try:
        _SKIP.decode(rest)
    except msgspec.DecodeError as error:
        behind = _TRAILING.search(str(error))
        if behind is None:
            return None
        end = start + len(bytes(rest[: int(behind[1]) - 1]).rstrip())  # it names the byte behind the one it means
        return None if _IS_TORN.match(text, end) else end
    except STRICT_ERRORS:
        return None
    return len(text.rstrip())


def past_blanks(text: bytes, at: int) -> int:
    """Return where the next character that is not blank stands."""
    match = _BLANKS.match(text, at)
    return match.end() if match else at
