"""Read the text of one record as an object, with everything that had to be overlooked; or say why it is none."""

from __future__ import annotations

from typing import Any, NamedTuple

from ytxdata.records.aliases import Aliases
from ytxdata.records.decode import STRICT_ERRORS, Problem, decode_leniently, doubled_keys, strict


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
    if raw.count(b'":') not in (_n_keys_at_a_glance(value), _n_keys(value)):
        return Object(value, problems=doubled_keys(raw))
    return Object(value)


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


def _n_keys_at_a_glance(value: dict[str, Any]) -> int:
    """Count keys of an object whose values are plain but for lists of such objects: nearly every record is one."""
    n = len(value)
    for member in value.values():
        if type(member) is list:
            try:
                n += sum(map(len, member))
            except TypeError:
                return -1
    return n


def _n_keys(value: Any) -> int:
    """Count the keys of a value and of all that is inside it."""
    match value:
        case dict():
            return len(value) + sum(map(_n_keys, value.values()))
        case list():
            return sum(map(_n_keys, value))
    return 0
