"""Read the text of one record as an object, with everything that had to be overlooked; or say why it is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ytxdata.records.aliases import Aliases
from ytxdata.records.decode import STRICT_ERRORS, Problem, decode_leniently, doubled_keys, strict

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


def _n_keys(value: dict[str, Any] | list[Any]) -> int:
    """Count the keys of a value and of all that is inside it."""
    members, n = (value.values(), len(value)) if isinstance(value, dict) else (value, 0)
    return n + sum([_n_keys(member) for member in members if type(member) is dict or type(member) is list])
