"""The envelope of a damaged answer, held against JSON's grammar with a value in place of every record."""

from __future__ import annotations

import re
from typing import NamedTuple

from ytxdata.records.aliases import plain
from ytxdata.records.json_values import read_value
from ytxdata.records.paging import COUNT_KEYS
from ytxdata.records.signs import ENVELOPE_KEYS, Signs
from ytxdata.records.spans import is_blank

_HOLDS_JSON = re.compile(rb'"[\s"\\]*[\[{]')
"""A string with JSON text in it, which may hold records."""

_AROUND = ENVELOPE_KEYS | COUNT_KEYS

# NaN and Infinity pass: an odd value in the envelope must not cost what stands around it.
_TOKEN = re.compile(
    rb'\s*(?:(?P<mark>[\[\]{},:])|(?P<text>"[^"\\\x00-\x1f]*(?:\\.[^"\\\x00-\x1f]*)*")|(?P<word>-?\d[\d.eE+-]*|true|false|null|NaN|-?Infinity))',
    re.S,
)
_COMMA = re.compile(rb"\s*,\s*")
_QUOTES = re.compile(rb'(?<=:)\s*"+(?=\s*(?:[\[{]|\Z))|(?<=[\]}])\s*"+|\A\s*"+(?=\s*[\]}])')
"""Quotes of the string around unescaped text: they stand before or behind its brackets, never around a word."""

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.S)
_DIGIT = re.compile(r"\d")
_CLOSING = {b"[": b"]", b"{": b"}"}


class _State(NamedTuple):
    """How far the grammar has come.

    Parameters
    ----------
    open
        The innermost open bracket with its place and the state before it, which leads to those around; None when all
        are closed.
    depth, n_lists
        How many brackets are open, and how many of them are lists.
    awaits
        What may follow: `document`, `first` (behind an opening bracket), `key`, `colon`, `value` or `comma`.
    key
        The last key.
    is_filled
        Whether a record stands in the innermost bracket.
    is_answer
        Whether the innermost object has a status, message or request id.
    told_since
        From where on the innermost object says something of a meeting, None where it does not: a question repeated,
        or the head of a broken record.
    is_strange
        Whether the innermost object has a value under a key that no answer has: the head of a record whose keys are
        damaged, most likely.
    is_in_entry
        Whether an object is open whose key may be an id: a record of a map, which is given up as a whole.
    """

    # A chain, with its lengths beside it: a tuple of 40,000 open brackets would be copied with every one of them.
    open: _Open | None = None
    depth: int = 0
    n_lists: int = 0
    awaits: str = "document"
    key: str = ""
    is_filled: bool = False
    is_answer: bool = False
    told_since: tuple[int, _State] | None = None
    is_strange: bool = False
    is_in_entry: bool = False

    @property
    def top(self) -> bytes:
        """The innermost open bracket."""
        return self.open.bracket if self.open else b""

    @property
    def is_in_list(self) -> bool:
        """Whether a list is open."""
        return self.n_lists > 0

    @property
    def may_give_up_here(self) -> bool:
        """Whether what does not fit begins here at the earliest: at a member outside of lists, or at an element of
        the outermost list.
        """
        return self.awaits in ("document", "first", "key", "value") and (
            (self.n_lists == 0 and not self.is_in_entry) or (self.n_lists == 1 and self.top == b"[")
        )

    def opened(self, bracket: bytes, start: int) -> _State:
        """Return the state behind an opening bracket."""
        # What repeats a question has a list behind it: in an object inside an object it is still the head of a record.
        told_since = self.told_since if bracket == b"{" and self.depth > 1 else None
        n_lists = self.n_lists + (bracket == b"[")
        is_in_entry = self.is_in_entry or (bracket == self.top == b"{" and _DIGIT.search(self.key) is not None)
        around = _Open(bracket, start, self)
        return _State(around, self.depth + 1, n_lists, "first", told_since=told_since, is_in_entry=is_in_entry)


class _Open(NamedTuple):
    bracket: bytes
    start: int
    before: _State


class _MisfitError(Exception):
    """Text does not fit from a place on that is earlier than the last one where it may be given up."""

    def __init__(self, since: tuple[int, _State] | None = None) -> None:
        self.since = since


class Outline:
    """Reads the text around records, piece by piece, and remembers what is open.

    Inside a list of records nothing else belongs: a bare value, a key with a value of its own that is no count, an
    empty object are what is left of a record. Elsewhere only keys that say something of a meeting are: a damaged
    record would pass for envelope otherwise.

    Parameters
    ----------
    text
        The answer's text.
    signs
        Tell whether a key says something of a meeting.
    has_records
        Whether whole records follow; what stands before the first may then repeat the question (`confid`, `creator`).
    is_unescaped
        Whether the text was inside a JSON string, whose quotes still stand around it.
    """

    def __init__(self, text: bytes, signs: Signs, *, has_records: bool, is_unescaped: bool = False) -> None:
        self._text: bytes | bytearray = bytearray(text) if is_unescaped else text
        self._signs, self._is_unescaped = signs, is_unescaped
        self._may_repeat = has_records
        self._state = _State()
        self._safe = (0, self._state)
        self.n_documents = 0
        self._members: list[tuple[int, int, str, bytes]] = []

    @property
    def members(self) -> list[tuple[int, str, bytes]]:
        """How deep it stands, key and text of each member of the first document that is no record."""
        return [member[1:] for member in self._members]

    @property
    def is_open(self) -> bool:
        """Whether brackets are open."""
        return self._state.open is not None

    @property
    def is_closed(self) -> bool:
        """Whether the answer has come to its end."""
        return self.n_documents > 0 and not self._state.open

    @property
    def awaited(self) -> bytes:
        """The closing brackets that are missing."""
        missing: list[bytes] = []
        one = self._state.open
        while one:
            missing.append(_CLOSING[one.bracket])
            one = one.before.open
        return b"".join(missing)

    def close(self) -> None:
        """Take the answer for ended."""
        self._state = _State()
        self.n_documents = max(self.n_documents, 1)

    def takes_comma(self, start: int, end: int) -> bool:
        """Take a comma between two elements of a list, which nearly all gaps are, if it is one."""
        state = self._state
        if state.top != b"[" or state.awaits != "comma" or not _COMMA.fullmatch(self._text, start, end):
            return False
        self._state = state._replace(awaits="value")
        return True

    def take_value(self) -> None:
        """Take a record, wherever it stands: its own borders are certain, those around it may not be."""
        # The question is repeated in front of records; an id or a time behind one is what a lost bracket left.
        self._may_repeat = False
        if self._state.open:
            self._state = self._state._replace(awaits="comma", is_filled=True)
        else:
            self._state = _State()
            self.n_documents += 1

    def take_broken(self, opening: bytes = b"") -> None:
        """Go on behind text that did not fit; `opening` is such text before the first record, and may have opened
        brackets.
        """
        opened: list[bytes] = []
        # Brackets inside a text open nothing.
        for mark in re.findall(rb"[\[\]{}]", _STRING.sub(b"", opening)):
            if mark in _CLOSING:
                opened.append(mark)
            elif opened:
                opened.pop()
        for bracket in opened:
            self._state = self._state.opened(bracket, 0)._replace(is_filled=True, is_answer=True)
        if self._state.open:
            self._state = self._state._replace(awaits="comma", is_filled=True)

    def take(self, start: int, end: int, *, is_before_record: bool = False) -> int:
        """Take text as far as it fits; return where what does not begins, with everything that belongs to it."""
        if self._is_unescaped:
            self._text[start:end] = _QUOTES.sub(_blanks, self._text[start:end])  # type: ignore[index]
        at, self._safe = start, (start, self._state)
        initial, bare = self._safe, None
        while token := _TOKEN.match(self._text, at, end):
            if self._state.may_give_up_here:
                self._safe = (at, self._state)
            if bare is None and self._is_bare_value(token):
                bare = self._safe
            try:
                self._state = self._after(token)
            except _MisfitError as misfit:
                since = (misfit.since if misfit.since[0] >= start else initial) if misfit.since else self._safe
                return self._give_up(since, start)
            at = token.end()
            if not self._state.is_in_list:
                bare = None
        if bare:  # values in front of a record, in its list: they are no envelope
            return self._give_up(bare, start)
        rest = self._text[at:end].strip()
        if rest and self._state.may_give_up_here:
            self._safe = (at, self._state)
        # The key behind which a text is cut may be the id of a record.
        is_cut = not is_before_record and self._state.awaits == "value" and self._state.top == b"{"
        if rest or is_cut or self._state.awaits == "colon":
            return self._give_up(self._safe, start)
        is_head = bool(self._state.told_since) and self._state.depth > 1 if is_before_record else self._strange(start)
        return self._give_up((end, self._state), start) if is_head else end

    def would_close(self, start: int, end: int) -> bool:
        """Return whether everything that is open is closed by the text from `start` on, whatever comes behind that."""
        before, n_members = (self._state, self.n_documents), len(self._members)
        self._state = self._state._replace(awaits="comma", is_filled=True)
        self.take(start, end)
        closes = self.n_documents > before[1]
        self._state, self.n_documents = before
        del self._members[n_members:]
        return closes

    def _give_up(self, since: tuple[int, _State], start: int) -> int:
        at, self._state = since
        # Where something does not fit behind an id, no question was repeated: this is a record, broken from its head
        # on.
        told = self._state.told_since
        if told and not self._state.is_filled and told[0] >= start:
            at, self._state = told
        elif (inner := self._strange(start)) is not None:
            at, self._state = inner.start, inner.before
        while self._members and self._members[-1][0] >= at:
            self._members.pop()
        return at

    def _strange(self, start: int) -> _Open | None:
        """Return the innermost object if it is none of an answer's: in one piece with what does not fit in it, or the
        head of a record would stay in the envelope and only its rest be rejected.
        """
        state = self._state
        if (
            state.top == b"["
            and state.open
            and self._signs.aliases.is_word(state.open.before.key)
            and not state.is_filled
        ):
            state = state.open.before  # `"name":[1]"`: the bracket of a text that lost its quote
        is_ours = state.is_strange and not state.is_answer and not state.is_filled
        return state.open if is_ours and state.open is not None and state.open.start >= start else None

    def _after(self, token: re.Match[bytes]) -> _State:
        """Return the state behind a token."""
        state, mark = self._state, bytes(token["mark"] or b"")
        if mark in _CLOSING:
            if state.awaits not in ("document", "value") and not (state.awaits == "first" and state.top == b"["):
                raise _MisfitError
            if state.top == b"{" and not self._may_tell(state, mark):
                raise _MisfitError(self._since(state))
            return state.opened(mark, token.start("mark"))
        if mark in (b"]", b"}"):
            return self._closed(mark)
        if mark == b",":
            if state.awaits != "comma":
                raise _MisfitError
            return state._replace(awaits="key" if state.top == b"{" else "value")
        if mark == b":":
            if state.awaits != "colon":
                raise _MisfitError
            return state._replace(awaits="value")
        if token["text"] and state.top == b"{" and state.awaits in ("first", "key"):
            return state._replace(awaits="colon", key=_word(bytes(token["text"])))
        return self._scalar(bytes(token["text"] or token["word"]), token.start())

    def _closed(self, mark: bytes) -> _State:
        state = self._state
        if not state.open or _CLOSING[state.top] != mark or state.awaits not in ("first", "comma"):
            raise _MisfitError
        before = state.open.before
        if before.is_in_list and not state.is_filled:
            raise _MisfitError  # an element of a list in which no record stands
        if not before.open:
            if not state.is_filled and (not state.is_answer or state.told_since):
                raise _MisfitError((state.open.start, before))  # no answer, and nothing in it: what is left of a record
            self.n_documents += 1
            return _State()
        return before._replace(awaits="comma", is_filled=before.is_filled or state.is_filled)

    def _scalar(self, raw: bytes, at: int) -> _State:
        state = self._state
        key = plain(state.key)
        if state.awaits not in ("first", "value") or (state.top == b"{" and state.awaits == "first") or not state.open:
            raise _MisfitError
        # `{"total":2,"list":[` may stand in a list; any other value there would hide what is left of a record.
        if state.is_in_list and not self._is_list_of_values(state) and (state.top == b"[" or key not in _AROUND):
            raise _MisfitError
        if state.top == b"{" and not self._may_tell(state, raw):
            raise _MisfitError(self._since(state))
        # Of texts in a row the first is the answer: a later one must not change its status.
        if state.top == b"{" and not self.n_documents:
            self._members.append((at, state.depth, state.key, raw))
        tells = self._signs.is_telling(state.key) or (state.depth > 1 and self._signs.aliases.is_word(state.key))
        is_telling = state.top == b"{" and key not in _AROUND and not is_blank(raw) and tells
        return state._replace(
            awaits="comma",
            is_answer=state.is_answer or key in ENVELOPE_KEYS,
            is_strange=state.is_strange or (state.top == b"{" and key not in _AROUND),
            told_since=state.told_since or ((self._since(state) or self._safe) if is_telling else None),
        )

    def _is_bare_value(self, token: re.Match[bytes]) -> bool:
        return bool(token["text"] or token["word"]) and self._is_list_of_values(self._state)

    def _is_list_of_values(self, state: _State) -> bool:
        """Return whether a list may be one of plain values (`"after": [1, 2]`), at least no record has been seen in
        it.
        """
        is_first = state.open is not None and state.n_lists == 1 and state.top == b"[" and not state.is_filled
        return is_first and state.open is not None and plain(state.open.before.key) != "data"

    def _may_tell(self, state: _State, raw: bytes) -> bool:
        """Return whether a member may stand around records: it says nothing of a meeting, or only repeats the
        question.
        """
        if is_blank(raw) or not self._signs.is_telling(state.key):
            return plain(state.key) in ENVELOPE_KEYS or not _HOLDS_JSON.match(raw)
        if state.depth > 1:
            return self._may_repeat and self._signs.is_question(state.key)
        return state.is_answer and not state.is_filled and self._signs.is_question(state.key)

    def _since(self, state: _State) -> tuple[int, _State] | None:
        """Return from where on an object does not fit whose member tells too much: all of it, but for an answer's
        own.
        """
        if state.open is None or (state.depth == 1 and state.is_answer):
            return None
        return (state.open.start, state.open.before)


def _blanks(match: re.Match[bytes]) -> bytes:
    # As long as what it replaces: every offset stays what it is.
    return b" " * len(match[0])


def _word(raw: bytes) -> str:
    read = read_value(raw)
    return read.value if read is not None and isinstance(read.value, str) else ""
