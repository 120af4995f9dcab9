"""Read the text of one record as an object, with everything that had to be overlooked; or say why it is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ytxdata.records.aliases import PARTIES, Aliases
from ytxdata.records.decode import STRICT_ERRORS, Problem, decode_leniently, decoded, doubled_keys, strict

_COLON = b'":'


class Object(NamedTuple):
    """The object a record's text stands for, or None and the reason (a key of `reasons.REJECTS`)."""

    value: dict[str, Any] | None
    reject: str = ""
    problems: tuple[Problem, ...] = ()


def read_object(raw: bytes, aliases: Aliases) -> Object:
    """Read one record's text: strictly, else leniently; `"id": {…}` from an object keyed by meeting id gets its id.

    Examples
    --------
    >>> read_object(b'"m1": {"name": "x"}', Aliases()).value
    {'meid': 'm1', 'name': 'x'}
    >>> read_object(b"[1]", Aliases()).reject
    'not_object'
    """
    try:
        value = strict.decode(raw)
    except STRICT_ERRORS:
        return _read_leniently(raw, aliases)
    if type(value) is not dict:
        return Object(None, "not_object")
    return Object(value)


def with_parties_beside(value: dict[str, Any], aliases: Aliases) -> dict[str, Any] | None:
    """Return the one meeting in an object together with the parties that stand beside it; None where that is not its form.

    Examples
    --------
    >>> with_parties_beside({"conf": {"meid": "1"}, "members": ["15400000001"]}, Aliases())
    {'meid': '1', 'members': ['15400000001']}
    """

    def has(one: dict[str, Any], column: str) -> bool:
        return any((match := aliases.meeting(key)) is not None and match.column == column for key in one)

    parties = {key: inner for key, inner in value.items() if has({key: inner}, PARTIES)}
    others = (decoded(inner) for key, inner in value.items() if key not in parties)
    meetings = [one for one in others if isinstance(one, dict) and has(one, "meeting_id")]
    if not parties or has(value, "meeting_id") or len(meetings) != 1 or has(meetings[0], PARTIES):
        return None
    return {**meetings[0], **parties}


def is_meeting_with_parties_beside(raw: bytes, aliases: Aliases) -> bool:
    """Return whether a record's text is read as the one meeting in it and the parties beside that."""
    value = read_object(raw, aliases).value
    return value is not None and with_parties_beside(value, aliases) is not None


def with_doubled_keys(objects: Sequence[Object], raws: Sequence[bytes], n_keys: int) -> list[Object]:
    """Return the objects with a problem for each key that stands twice, which a strict decoder overlooks.

    `n_keys` is how many keys they have as far as the caller has seen: when as many were written, nothing is looked at again.
    """
    if sum(raw.count(_COLON) for raw in raws) == n_keys:
        return list(objects)
    return [
        one._replace(problems=(*one.problems, *doubled_keys(raw)))
        if one.value is not None and raw.count(_COLON) != _n_keys(one.value)
        else one
        for one, raw in zip(objects, raws, strict=True)
    ]


def _read_leniently(raw: bytes, aliases: Aliases) -> Object:
    is_member = raw[:1] == b'"'
    read = decode_leniently(b"{" + raw + b"}" if is_member else raw)
    if read is None:
        return Object(None, "broken_text")
    value = _with_id(read.value, aliases) if is_member else read.value
    if not isinstance(value, dict):
        return Object(None, "not_object")
    problems = tuple(problem for problem in read.problems if not (is_member and problem[1:] == ("broken_text", "")))
    return Object(value, problems=problems)


def _with_id(member: dict[str, Any], aliases: Aliases) -> Any:
    """Return a member's object with the member's key as its meeting id, unless it has one."""
    ((key, value),) = member.items()
    if not isinstance(value, dict):
        return value
    return {dict(aliases.meetings)["meeting_id"][0]: key, **value}


def _n_keys(value: dict[str, Any]) -> int:
    """Count the keys of a value and of all that is inside it, however deep."""
    n = 0
    inside: list[Any] = [value]
    while inside:
        one = inside.pop()
        if type(one) is dict:
            n += len(one)
            one = one.values()
        inside += [member for member in one if type(member) is dict or type(member) is list]
    return n
