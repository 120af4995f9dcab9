"""Records out of damaged text: whatever stands there whole is found first, and what lies between is told apart
afterwards.

Reading damaged JSON from its beginning to its end follows the damage: one lost quote or bracket turns everything
behind it inside out, and a record that takes the list's own bracket swallows its neighbours. So the reading begins at
the records:

1. *Islands*: every object that can be read by itself and is a record, wherever it stands.
2. *Gaps* between them are held against the grammar with a value in place of each island. What fits is envelope.
3. What does not fit is cut where records begin; every piece is a reject with its whole text.

Each byte is in one island, in one piece, or in the envelope by construction.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

from ytxdata.records.damaged_envelope import Outline
from ytxdata.records.json_values import end_of, read_value
from ytxdata.records.signs import Signs, are_places
from ytxdata.records.spans import Found, Member, elements_of, is_member, structure, value_at, view

_BETWEEN = b", \t\r\n\v\f"
"""What stands between records: commas and blanks."""

_FIRST_WINDOW = 1 << 12
"""How far an object is read before something else is tried inside it [bytes]: an envelope around 24 MB must not be
read at every level.
"""

_WRAPPERS = 8
"""How many objects that are larger than the window are kept in mind."""

_EFFORT, _SPARE = 24, 1 << 20
"""How often every byte may be looked at in the search for islands, and how many are free: text made to be slow ends
as rejects.
"""

_LEAST_EFFORT = 32
"""What one try costs at least [bytes]."""

_DEEPEST = 16
"""How many objects inside each other a record has at most: of 40,000 open ones each was read as far as the window
reaches.
"""

_MOST_TAILS = 64
"""How many closing brackets are tried as the beginning of the answer's end: as against text of brackets alone."""

# Of 40,000 brackets in a row only the last can be a record's: each tried, they use up the effort that the records need.
_BEGINNING = re.compile(rb"\{\s*\"")
_OPENING = re.compile(rb"\{\s*\"((?:[^\"\\]|\\.)*)\"\s*:")


_AT_OBJECT = re.compile(rb"\s*\{")
_LONGEST_KEY = 200
_KEY_BEFORE = re.compile(rb'[{,]\s*"([^"\\{}\[\],:]+)"\s*:\s*\Z')
"""The key in front of a record under its id. Brackets in it would be those of a neighbour that lost a quote."""

RecordsIn = Callable[[bytes, int], list[Found]]
"""Return the records that a readable object at an offset is or holds; none unless one carries a meeting id."""


class Salvaged(NamedTuple):
    """Records and rejects in their order, and what else the text tells.

    Parameters
    ----------
    members
        The members of the envelope: depth, key, text.
    is_closed
        Whether it ends as it began.
    is_sound_before
        Whether nothing is wrong before the last record: if the text as a whole is the beginning of sound JSON, it was
        cut.
    """

    found: list[Found]
    members: list[tuple[int, str, bytes]]
    is_closed: bool
    is_sound_before: bool


def salvage(
    text: bytes, signs: Signs, records_in: RecordsIn, *, is_whole: bool = False, is_unescaped: bool = False
) -> Salvaged:
    """Return what damaged text still holds.

    Parameters
    ----------
    text
        JSON text that is not even whole.
    signs, records_in
        What is a record: by the looks of its text, and for certain.
    is_whole
        Everything that was sent is here. A last record that is only complete if it takes the answer's closing
        brackets for its own has then lost its end, and is a reject; in a file that may be cut anywhere it is a
        record.
    is_unescaped
        The text was inside a JSON string, whose quotes still stand around it.
    """
    islands = _told_of_places(list(_islands(text, signs, records_in)))
    is_map = any(is_member(one.raw) for one in islands)
    outline = Outline(text, signs, has_records=bool(islands), is_unescaped=is_unescaped)
    found: list[Found] = []
    at = last = 0
    for island in islands:
        if at <= island.start:
            _take_gap(text, signs, outline, found, at, island.start, is_last=False, is_map=is_map)
            outline.take_value()
            at, last = island.end, len(found)
        # else it is a reject inside the record before it, which has taken its bytes
        found.append(island)
    is_sound_before = len(found) == len(islands)
    _take_gap(text, signs, outline, found, at, len(text), is_last=True, is_map=is_map)
    if is_whole and islands and not is_sound_before:
        outline.close()  # a bracket was lost with what is rejected: asked again, the answer would not end otherwise
    if is_whole and is_sound_before and not outline.is_closed and found and found[last].has_id:
        # what is rejected whole is rejected with all that stands in it
        found[last:] = _given_back(text, outline, found[last]) or found[last:]
    return Salvaged(found, outline.members, outline.is_closed, is_sound_before)


def _islands(text: bytes, signs: Signs, records_in: RecordsIn) -> Iterator[Found]:
    """Yield the records that stand whole in the text, each as large as it is, none inside another."""
    search = _IslandSearch(text, signs, records_in)
    at = 0
    while opening := _BEGINNING.search(text, at):
        found, at = search.at(opening.start())
        yield from found


def _told_of_places(islands: list[Found]) -> list[Found]:
    """Return the records as they are where keys are ids; where keys only count, those under them without key and id."""
    keyed = [one for one in islands if is_member(one.raw)]
    if not are_places([one.raw[1 : one.raw.index(b'"', 1)].decode("utf-8", "replace") for one in keyed]):
        return islands
    sizes = {one.start: value_at(one.raw) for one in keyed}
    return [
        one._replace(raw=one.raw[by:], start=one.start + by, has_id=False) if (by := sizes.get(one.start)) else one
        for one in islands
    ]


class _IslandSearch:
    """Tries objects from left to right, the larger before the smaller, each only as far as records of this answer
    reach.
    """

    def __init__(self, text: bytes, signs: Signs, records_in: RecordsIn) -> None:
        self.text, self.signs, self.records_in = text, signs, records_in
        self.view = view(text)
        self.window = _FIRST_WINDOW
        self.effort = _EFFORT * len(text) + _SPARE
        self.dear = self.effort // 4
        self.waiting: list[
            tuple[int, int]
        ] = []  # readable as far as the window reached: start, and from where on to try again

    def at(self, start: int) -> tuple[list[Found], int]:
        """Return the records of the object that begins there, and from where to go on."""
        # 20,000 open objects, each read to the end of the text, cost its square: what is left is a reject, whole.
        if self.effort <= 0:
            return [], len(self.text)
        if self.waiting and start >= self.waiting[0][1]:
            again, due = self.waiting.pop(0)
            found, end = self.read(again, 4 * (due - again))
            if not found:
                return [], start
        else:
            found, end = self.read(start, self.window)
        if found:
            self.waiting.clear()  # whatever is still open around them wraps them
            # With room for four records as large as the last, a broken one is not read through all its neighbours.
            self.window = max(_FIRST_WINDOW, 4 * (end - found[0].start))
        return found, end

    def read(self, start: int, window: int) -> tuple[list[Found], int]:
        """Return the records in an object of at most that size; where to go on is its end, else behind its bracket."""
        end = self.end_within(start, min(start + window, len(self.text)))
        if end < 0:
            return [], start + 1
        if not self.signs.names_id(self.text, start, end):
            found = self.under_key(start, end)
            # Else nothing in it can be a record, but others behind it where it lost its end.
            return found, end if found or not self.signs.holds_entries(self.text[start:end]) else start + 1
        self.effort -= end - start
        if self.signs.is_in_text(self.text, start, end):
            return [], end
        found = self.records_in(self.text[start:end], start)
        return (found, end) if found else ([], start + 1)

    def under_key(self, start: int, end: int) -> list[Found]:
        """Return the record that an object without an id is, with the key in front of it for its id; or those in it,
        where it is a map of them.
        """
        raw = self.text[start:end]
        if b"{" in raw[1:] and (found := self.records_in(raw, start)):
            self.effort -= end - start
            return found
        key = _KEY_BEFORE.search(self.text, max(start - _LONGEST_KEY, 0), start)
        if key is None:
            return []
        member = Member(key[1].decode("utf-8", "replace"), raw, start, key.start(1) - 1)
        is_one = self.signs.is_surely_under_id(member) and not self.signs.holds_entries(raw)
        if not is_one or self.signs.is_party(raw) or structure(raw) != "strict":
            return []
        at = member.key_start
        return [Found(self.text[at:end], f"$@{at}", True, at, end)]

    def end_within(self, start: int, stop: int) -> int:
        """Return the end of a readable object, strictly or leniently; -1 when there is none before `stop`."""
        piece = self.view[start:stop]
        try:
            end = _DECODER.raw_decode(piece)[1]
        except json.JSONDecodeError as error:
            # A failure at the first character costs too, or text of brackets alone would never use the effort up.
            self.effort -= error.pos + _LEAST_EFFORT
            # It ended with the window and not at damage: this may be a large record, or what wraps all of them.
            if stop < len(self.text) and (error.pos >= len(piece) - 8 or error.msg.startswith("Unterminated")):
                self.wait(start, stop)
        except (ValueError, RecursionError):
            self.effort -= len(piece)
        else:
            self.effort -= end
            return start + end
        return self.lenient_end(start, piece)

    def wait(self, start: int, stop: int) -> None:
        """Read an object further when nothing is found inside it: it may be a large record."""
        if self.dear > 0 and len(self.waiting) < _WRAPPERS:
            self.dear -= stop - start
            self.waiting.append((start, stop))
            self.waiting.sort(key=lambda one: one[1])

    def lenient_end(self, start: int, piece: str) -> int:
        """Return the end of an object with odd values, whose brackets are nevertheless its own; else -1."""
        end = end_of(piece, 0, deepest=_DEEPEST)
        if end < 0 and self.dear > 0 and self.signs.begins_record(self.text, start):
            self.dear -= 16 * len(piece)
            end = end_of(self.view, start, start + 16 * len(piece), _DEEPEST) - start
        self.effort -= max(end, _LEAST_EFFORT)
        # By brackets alone a record that lost its end takes the list's, and swallows the neighbours in between.
        if (
            end < 0
            or self.signs.may_swallow(self.text[start : start + end])
            or self.holds_whole(start + 1, start + end)
        ):
            return -1
        return start + end if read_value(self.text[start : start + end]) else -1

    def holds_whole(self, start: int, end: int) -> bool:
        """Return whether a strict object with an id stands inside one that is only readable: a record whose neighbour
        lost its end.
        """
        piece, at = self.view[start:end], 0
        while (at := piece.find("{", at)) >= 0:
            try:
                stop = _DECODER.raw_decode(piece, at)[1]
            except (ValueError, RecursionError):
                at += 1
                continue
            names_id = self.signs.names_id(self.text, start + at, start + stop)
            if names_id and not self.signs.is_party(self.text[start + at : start + stop]):
                return True
            if not names_id and self.under_key(start + at, start + stop):
                return True
            at = stop
        return False


# Numbers stay texts: to make one of 9,000 digits would raise, and only the end of the object is asked for.
_DECODER = json.JSONDecoder(strict=False, parse_int=str, parse_float=str, object_pairs_hook=lambda _: None)


def _take_gap(
    text: bytes,
    signs: Signs,
    outline: Outline,
    found: list[Found],
    start: int,
    end: int,
    *,
    is_last: bool,
    is_map: bool,
) -> None:
    """Tell what stands between two records: envelope as far as it fits, and pieces that are rejects."""
    if not is_last and outline.takes_comma(start, end):
        return
    fitting = outline.take(start, end, is_before_record=not is_last)
    if fitting >= end:
        return
    # Closing brackets behind a broken last record are the answer's: taken for the record's, the answer would seem cut.
    tail = _tail(text, outline, fitting, end) if is_last else end
    # Where keys are ids, that of a broken record is all that tells which meeting was lost.
    key = _KEY_BEFORE.search(text, max(fitting - _LONGEST_KEY, start), fitting) if is_map else None
    is_id = key is not None and _AT_OBJECT.match(text, fitting, tail) and re.search(rb"\d", key[1])
    pieces = list(_pieces(text, signs, key.start(1) - 1 if key and is_id else fitting, tail))
    # `data:[` and `"data" [` before the first record are broken text whose bracket the answer closes at its end:
    # forgotten, the end would not fit and be a reject as well.
    is_opening = bool(pieces) and not found and not is_last and not signs.names_id(text, fitting, pieces[0].end)
    outline.take_broken(pieces[0].raw if is_opening else b"")
    found += pieces
    if tail < end:
        rest = outline.take(tail, end)
        found += _pieces(text, signs, rest, end)


def _tail(text: bytes, outline: Outline, start: int, end: int) -> int:
    """Return where the answer's own end begins: the last bracket from which on the text closes all that is open; else
    `end`.
    """
    at = end
    for _ in range(_MOST_TAILS):
        at = max(text.rfind(b"]", start, at), text.rfind(b"}", start, at))
        if at < 0:
            break
        if outline.would_close(at, end):
            return at
    if outline.is_open and not text[start:end].strip(b" \t\r\n]}"):
        outline.close()  # brackets alone, and not those that were opened: the answer is at its end nevertheless
    return end


def _pieces(text: bytes, signs: Signs, start: int, end: int) -> Iterator[Found]:
    """Cut text that nobody understands where records begin, and yield each piece; commas and blanks around them are
    envelope.
    """
    for first, stop in pairwise([start, *_borders(text, signs, start, end), end]):
        raw = text[first:stop].lstrip(_BETWEEN)
        at = stop - len(raw)
        for value, place in _values(raw.rstrip(_BETWEEN)):
            yield Found(value, f"$@{at + place}", False, at + place, at + place + len(value))


def _values(raw: bytes) -> list[tuple[bytes, int]]:
    """Return the values a piece of text consists of, where it is nothing else than values between commas; else
    itself.
    """
    if not raw:
        return []
    # Numbers or texts between commas are elements that are no records: one reject each, as in sound text.
    if structure(b"[" + raw + b"]") not in ("strict", "whole"):
        return [(raw, 0)]
    elements = elements_of(b"[" + raw + b"]")
    return [(value, start - 1) for value, start in zip(*elements, strict=True)] or [(raw, 0)]


def _borders(text: bytes, signs: Signs, start: int, end: int) -> Iterator[int]:
    """Yield where records begin: at an object with an id up front, or at the key with which the first one begins.

    A party may begin with the same key as a record does (`name`), so a piece without any id stays with the one before.
    """
    first = _OPENING.search(text, start, end)
    key = first[1] if first else b""
    waiting = -1
    for opening in _OPENING.finditer(text, start, end):
        at = opening.start()
        if signs.begins_record(text, at):
            if at > start:
                yield at
            waiting = -1
        elif opening[1] == key and at > start:
            if waiting >= 0 and signs.names_id(text, waiting, at):
                yield waiting
            waiting = at
    if waiting >= 0 and signs.names_id(text, waiting, end):
        yield waiting


def _given_back(text: bytes, outline: Outline, last: Found) -> list[Found]:
    """Return what is left of the last record without the answer's closing brackets, where it ends with just those."""
    closing = outline.awaited
    own = last.raw.rstrip()
    # Believed, a last record that closes itself with the answer's brackets would be one whose rest is missing.
    if (
        text[last.end :].strip()
        or not closing
        or b"".join(own[-4 * len(closing) :].split())[-len(closing) :] != closing
    ):
        return []
    at = last.end
    for bracket in reversed(closing):
        at = text.rindex(bytes([bracket]), last.start, at)
    raw = text[last.start : at].rstrip(_BETWEEN)
    outline.close()
    return [Found(raw, last.path, False, last.start, last.start + len(raw))]
