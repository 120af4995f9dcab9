"""What a head may say, by type and range: the one door through which its words come in.

A head that is not what was written is known by its hash. One that somebody sealed again is not: each of its values
goes to the rules, to numpy or to a file's bounds, and a name where a number stood ended in some fifty places, each
with a traceback of its own. What passes here is typed as its readers take it; whether it is true `verify` finds out.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from ytxdata.archive.stored_files import DERIVED, SCHEMAS
from ytxdata.history.proof.evidence import HORIZON, Doubt, Evidence, Window
from ytxdata.history.proof.policy import REASONS
from ytxdata.history.proof.witness_result import Hearing
from ytxdata.records.aliases import DEFAULT

_Check = Callable[[Any], object]

_MOST_S = 100 * 366 * 86_400
"""No clock is off, and no record late, by more than a century [s]."""


def _must(holds: object, value: object) -> None:
    if not holds:
        raise ValueError(f"{str(value)[:80]!r} is none of its values")


def _anything(_: Any) -> None:
    pass


def _whole(value: Any) -> None:
    _must(type(value) is int and 0 <= value < 2**63, value)


def _of_type(kind: type) -> _Check:
    return lambda value: _must(type(value) is kind, value)


_flag, _text = _of_type(bool), _of_type(str)


def _seconds(value: Any) -> None:
    _must(type(value) in (int, float) and abs(value) <= _MOST_S, value)


def _instant(value: Any) -> None:
    at = datetime.fromisoformat(value)
    # far enough from the ends of time that whatever is added to it is an instant, too
    _must(at.tzinfo is not None and 1000 < at.astimezone(UTC).year < 9000, value)


def _hash(value: Any) -> None:
    _must(re.fullmatch("[0-9a-f]{64}|", value), value)


def _reason(value: Any) -> None:
    _must(value in REASONS, value)


def _maybe(check: _Check) -> _Check:
    return lambda value: value is None or check(value)


def _each(check: _Check) -> _Check:
    def look(value: Any) -> None:
        _must(type(value) is list, value)
        for one in value:
            check(one)

    return look


def _row(*checks: _Check) -> _Check:
    def look(value: Any) -> None:
        _must(type(value) is list and len(value) == len(checks), value)
        for check, one in zip(checks, value, strict=True):
            check(one)

    return look


def _fields(needed: Mapping[str, _Check], others: Mapping[str, _Check] | None = None) -> _Check:
    def look(value: Any) -> None:
        _must(type(value) is dict, value)
        for name, check in needed.items():
            check(value[name])
        for name, check in (others or {}).items():
            if name in value:
                check(value[name])

    return look


def _by_name(check: _Check) -> _Check:
    def look(value: Any) -> None:
        _must(type(value) is dict, value)
        for one in value.values():
            check(one)

    return look


_OF_TYPE: dict[str, _Check] = {
    "str": _text,
    "int": _whole,
    "bool": _flag,
    "datetime": _instant,
    "datetime | None": _maybe(_instant),
    "str | None": _maybe(_text),
    "tuple[str, ...]": _each(_text),
    "tuple[datetime, ...]": _each(_instant),
    "tuple[tuple[str, int], ...]": _each(_row(_text, _whole)),
    "tuple[tuple[int, str], ...]": _each(_row(_whole, _text)),
    "tuple[Span, ...]": _each(_row(_instant, _instant)),
    "tuple[tuple[str, int, datetime, datetime], ...]": _each(_row(_text, _whole, _instant, _instant)),
    "Bulk | None": _maybe(_row(_whole, _whole, _whole)),
}


def _of_class(kind: type[Any], more: Mapping[str, _Check], owed: Collection[str] = ()) -> _Check:
    """Return the check of what a dataclass is read from; what has a default may lack, as earlier versions left it."""
    told = dataclasses.fields(kind)
    checks = {one.name: more.get(one.name) or _OF_TYPE.get(str(one.type)) for one in told}
    owed = {*owed, *(one.name for one in told if one.default is dataclasses.MISSING)}
    known = {name: check for name, check in checks.items() if check is not None}
    return _fields(
        {name: check for name, check in known.items() if name in owed},
        {name: check for name, check in known.items() if name not in owed},
    )


def _window(value: Any) -> None:
    sizes = _OF_TYPE["Bulk | None"]
    if value.get("n_bytes") is not None or not value.get("n_records"):  # of an earlier version: these are not read
        sizes = _anything
    _of_class(Window, {"reason": _reason, "pull_ids": _some_texts, "size": sizes, "largest": sizes})(value)
    if value.get("oldest") is not None:
        asked_at, oldest = (datetime.fromisoformat(value[name]) for name in ("asked_at", "oldest"))
        _must(oldest < asked_at + HORIZON, value["oldest"])  # by the same rule no record gives a window its place


def _some_texts(value: Any) -> None:
    _each(_text)(value)
    _must(value, value)


def _hearing(value: Any) -> None:
    _of_class(Hearing, {})(value)
    Hearing.from_dict(value)


def _names(known: Sequence[tuple[str, Any]], owed: Sequence[str]) -> _Check:
    """Return the check of the names of columns; `owed` are those that records cannot be read without."""

    def look(value: Any) -> None:
        _each(_row(_text, _each(_text)))(value)
        for column, _ in value:
            _must(column in dict(known), column)
        for column in owed:
            _must(dict(value)[column], column)

    return look


_EVIDENCE = _of_class(
    Evidence,
    {"windows": _each(_window), "doubts": _each(_of_class(Doubt, {})), "settle_s": _seconds, "outside": _reason},
    ("windows", "doubts"),
)
_READING = _fields(
    {
        **dict.fromkeys(("name", "kind"), _text),
        **dict.fromkeys(("start", "end"), _instant),
        "number_class": _maybe(_text),
        "columns": _by_name(_text),
        "totals": _by_name(_maybe(_text)),
    },
    {"given_at": _maybe(_instant)},
)
_FIRST = _fields(
    {
        **dict.fromkeys(("layout", "sequence"), _whole),
        **dict.fromkeys(("previous_sha256", "past_sha256", "identity_sha256", "files_sha256", "chain_sha256"), _hash),
        **dict.fromkeys(("kind", "package_version"), _text),
        "written_at": _instant,
        "generation": lambda value: _must(re.fullmatch(f"{DERIVED}/[0-9]{{6,9}}", value), value),
        "counts": _fields(dict.fromkeys(("observations", "pulls", "meetings", "started"), _whole)),
        "state": _fields({}, {"outside": _reason, "periods": _each(_row(_instant, _instant, _reason, _each(_text)))}),
    }
)
_PARSER = _fields(
    {
        "version": _whole,
        "meetings": _names(DEFAULT.meetings, ("meeting_id", "started_at", "ended_at", "parties")),
        "legs": _names(DEFAULT.legs, ("phone", "name", "joined_at", "left_at")),
    }
)


def check_names(value: Any) -> None:
    """Raise ValueError, KeyError or TypeError unless this tells which names of fields were known from which pull on."""
    _fields({"marks": _each(_PARSER), "steps": _each(_row(_whole, _whole))})(value)
    firsts = [n for n, _ in value["steps"]]
    _must(firsts[:1] == [0] and firsts == sorted(firsts), firsts)
    for _, place in value["steps"]:
        _must(place < len(value["marks"]), place)


_BELOW = _fields(
    {
        "columns": _each(_each(_text)),
        "files": _by_name(_each(_row(_text, _whole, _hash, _whole, _by_name(_maybe(_each(_anything))), _whole))),
        "parser": _PARSER,
        "state": _fields(
            {},
            {
                "evidence": _EVIDENCE,
                "exempt": _each(_text),
                "clocks": _each(_row(_text, _maybe(_seconds))),
                "names": check_names,
                "unjudged": _each(_row(_whole, _whole)),
                "dated": _each(_row(_whole, _whole, _instant)),
                "witnesses": _each(_fields({"file": _text, "reading": _READING, "hearing": _hearing})),
            },
        ),
    }
)


def check_first_line(body: Mapping[str, Any]) -> None:
    """Raise ValueError, KeyError or TypeError unless the first line of a head is one that its readers understand."""
    _FIRST(body)
    for start, end, *_ in body["state"].get("periods", ()):
        _must(datetime.fromisoformat(start) <= datetime.fromisoformat(end), start)


def check_line_below(body: Mapping[str, Any], below: Mapping[str, Any]) -> None:
    """Raise ValueError, KeyError or TypeError unless the line below is, and fits the first."""
    _BELOW(below)
    for first, end, *_ in (*below["state"].get("unjudged", ()), *below["state"].get("dated", ())):
        _must(first < end <= body["counts"]["observations"], end)
    for table, files in below["files"].items():
        for *_, bounds, columns in files:
            _must(columns < len(below["columns"]), columns)
            for name, pair in bounds.items():
                is_instant = pa.types.is_timestamp(SCHEMAS[table].field(name).type)
                _maybe(_row(*[_instant if is_instant else _whole] * 2))(pair)
