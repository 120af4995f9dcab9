"""Turn raw records into rows of meetings and legs; what cannot be a meeting or be believed is told by name."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ytxdata import times
from ytxdata.records import bulk, schema
from ytxdata.records.aliases import DEFAULT, PARTIES, Aliases, of_today
from ytxdata.records.columns import Legs, Sheet, Trouble, contradictions, ends, fill, no_numbers, read_legs
from ytxdata.records.json_values import Object, decode_leniently, read_object, with_doubled_keys, without_cycle_search
from ytxdata.records.numbers_in_values import may_hold_mobiles
from ytxdata.records.odd_records import several_starts, texts_with_meetings
from ytxdata.records.party_names import number_text, says_more
from ytxdata.records.party_times import apart_from_meeting, host_came
from ytxdata.records.repeated_values import (
    LACKING,
    beside,
    clocks_apart,
    other_zones,
    retold,
    that_may_say,
    unread_words,
)
from ytxdata.records.siblings import as_one_meeting
from ytxdata.records.signs import signs_of
from ytxdata.records.spans import RawRecord
from ytxdata.records.unread_parties import is_like_parties, own_leg, unread_parties
from ytxdata.records.values import as_list, rows_where

PARSER_VERSION = 32
"""Raised whenever the same answer would give other rows or other doubts: derived tables are then derived again."""

_BATCH = 16384
"""How many records are read in bulk at once."""

# Only what `problems` shows is cut; rejects keep their whole text.
_LONGEST_RAW_VALUE = 500
_ID_COLUMN = schema.MEETINGS[:1]
_NO_ID = (
    r"(?i)^\s*(?:0{1,20}|[0\-]*-[0\-]*|-1|nan|\(?null\)?|none|nil|undefined|n/?a|[+\-]?inf(?:inity)?|unknown"
    r"|无|空|未知|暂无|不详)\s*$"
)
"""What programs write where they have no id: taken for one, it would make all such meetings the same meeting."""

_TEXT_MEMBER = re.compile(rb'"((?:[^"\\]|\\.)*)"\s*:\s*(?:"((?:[^"\\]|\\.)*)")?', re.DOTALL)
# Names a reject for whoever looks for it; out of broken text no id is believed.
_LEGIBLE_ID = re.compile(
    rb'"(?:meid|conf[_-]?id|meeting[_-]?id|conference[_-]?id)"\s*:\s*"?([^",}\]\s]+)'
    rb'|\A"([^"\\]*\d[^"\\]*)"\s*:\s*\{',
    re.IGNORECASE,
)


def _with_row(columns: Iterable[schema.Column], without: Sequence[str] = ()) -> pa.Schema:
    wanted = [column for column in columns if column.name not in without]
    return schema.arrow_schema(wanted).append(pa.field("row", pa.int64()))


MEETINGS = _with_row(schema.MEETINGS, schema.PROVENANCE)
LEGS = _with_row(schema.LEGS)
REJECTS = _with_row(schema.REJECTS, ("pull_id",))
PROBLEMS = _with_row(schema.PROBLEMS)
"""The tables made here: the columns of `schema` without those that only a pull knows, and `row`, its index."""


class Normalized(NamedTuple):
    """What a sequence of records says. `row` is the index of the record; each index is in `meetings` or in `rejects`,
    once."""

    meetings: pa.Table
    legs: pa.Table
    rejects: pa.Table
    problems: pa.Table


def normalize(records: Sequence[RawRecord | bytes], aliases: Aliases = DEFAULT) -> Normalized:
    """Return the rows that raw records give.

    Every record is in exactly one of `meetings` and `rejects`, and nothing is dropped in silence: a value that cannot
    be read is null and a row of `problems`; a value that contradicts another is kept and a row of `problems`.

    Parameters
    ----------
    records
        Raw records, or their bytes alone (UTF-8).
    aliases
        Which keys feed which column.

    Returns
    -------
    Normalized
        Arrow tables in the order of the records; empty ones have the same columns and types. Instants in UTC.

    Notes
    -----
    Works in batches: beside the tables, only a few thousand records are in memory at once. Records that are alike
    cost a third of others: the same keys with values of the same types, each null or absent where it pleases.

    Examples
    --------
    >>> tables = normalize([b'{"meid":"0012","creator":15400000000}', b"[]"])
    >>> tables.meetings.select(["meeting_id", "creator", "row"]).to_pylist()
    [{'meeting_id': '0012', 'creator': '15400000000', 'row': 0}]
    >>> tables.rejects["reason"].to_pylist()
    ['not_object']
    """
    starts = range(0, len(records), _BATCH)
    with without_cycle_search():
        reader = bulk.BulkReader(aliases)
        parts = [_batch(records[start : start + _BATCH], start, aliases, reader) for start in starts]
    empty = Normalized(*(table.empty_table() for table in (MEETINGS, LEGS, REJECTS, PROBLEMS)))
    tables = Normalized(*(pa.concat_tables(of_one_kind) for of_one_kind in zip(empty, *parts, strict=True)))
    assert tables.meetings.num_rows + tables.rejects.num_rows == len(records), "a record was lost or doubled"
    return tables


def _batch(
    records: Sequence[RawRecord | bytes], first_row: int, aliases: Aliases, reader: bulk.BulkReader
) -> Normalized:
    """Return the rows of a batch of records: those that are alike in bulk, the others one by one."""
    raws = [record.raw if isinstance(record, RawRecord) else record for record in records]
    rows = np.arange(first_row, first_row + len(raws))
    read = _in_bulk(raws, rows, aliases, reader)
    if read is None:
        return _one_by_one(records, raws, rows, aliases)
    tables, is_read = read
    if is_read.all():
        return tables
    odd = np.flatnonzero(~is_read).tolist()
    others = _one_by_one([records[i] for i in odd], [raws[i] for i in odd], rows[odd], aliases)
    return Normalized(*(_by_row(pa.concat_tables(both)) for both in zip(tables, others, strict=True)))


def _by_row(table: pa.Table) -> pa.Table:
    return table.take(np.argsort(table["row"].to_numpy(), kind="stable"))


def _in_bulk(
    raws: list[bytes], rows: bulk.Rows, aliases: Aliases, reader: bulk.BulkReader
) -> tuple[Normalized, bulk.Flags] | None:
    """Return the rows of the records that are alike and meetings, and which these are; None where there are too few."""
    read = reader.read_some(raws)
    if read is None:
        return None
    batch, is_read = read
    ids, _ = _meeting_ids(_sheet_of(batch, aliases))
    if ids.null_count:  # what is no meeting is told by name
        is_meeting = ids.is_valid()
        is_read[is_read] = is_meeting.to_numpy(zero_copy_only=False)
        batch = batch.filter(is_meeting)
    taken = raws if is_read.all() else [raws[i] for i in np.flatnonzero(is_read)]
    # Out of the text, not the sheet: read in bulk, a struct has every key that any record of the batch has.
    sheet, numbers = _sheet_of(batch, aliases), pa.array(rows[is_read])
    meetings, legs, problems = _tables(
        sheet, lambda _: (), taken, lambda i: _retold(read_object(taken[i], aliases), aliases), numbers, aliases
    )
    return Normalized(meetings, legs, REJECTS.empty_table(), problems), is_read


def _sheet_of(batch: pa.RecordBatch, aliases: Aliases) -> Sheet:
    return Sheet.of_arrays(batch.num_rows, dict(zip(batch.schema.names, batch.columns, strict=True)), aliases.meeting)


def _one_by_one(
    records: Sequence[RawRecord | bytes], raws: list[bytes], rows: bulk.Rows, aliases: Aliases
) -> Normalized:
    """Return the rows of records of any kind."""
    as_read = [read_object(raw, aliases) for raw in raws]
    objects = [*as_read]
    ids, reasons = _identify(objects, aliases)
    if any(reasons):
        objects = [_lifted(one, aliases) if reason else one for one, reason in zip(objects, reasons, strict=True)]
        ids, reasons = _identify(objects, aliases)
    for i, given in enumerate(ids):
        # A U+FFFD that was sent as such is a character like any other: damage is only where something was overlooked.
        if given and not reasons[i] and "\ufffd" in given and objects[i].problems:
            written = _with_written_id(objects[i], raws[i], aliases)
            objects[i], reasons[i] = written or objects[i], "" if written else "bad_id"
    rejects = [
        {
            "position": record.position if isinstance(record, RawRecord) else int(rows[i]),
            "reason": reasons[i],
            "detail": _detail(objects[i]),
            "meeting_id": ids[i] or _legible_id(raws[i]),
            # Broken bytes are written out: replaced by one mark, what was wrong could not be seen any more.
            "raw": raws[i].decode("utf-8", "backslashreplace"),
            "row": int(rows[i]),
        }
        for i, record in enumerate(records)
        if reasons[i]
    ]
    kept = [i for i, reason in enumerate(reasons) if not reason]
    meetings = [_retold(objects[i], aliases) for i in kept]
    kept_raws = [raws[i] for i in kept]

    def overlooked(n_leg_keys: int) -> Iterator[Trouble]:
        """Yield what had to be overlooked to read the meetings."""
        for i, one in enumerate(with_doubled_keys(meetings, kept_raws, n_leg_keys)):
            for key, reason, text in one.problems:
                yield Trouble(i, aliases.columns([key]).get(key, key), reason, text)

    sheet, numbers = Sheet.of_objects([one.value or {} for one in meetings], aliases.meeting), pa.array(rows[kept])

    def whole(i: int) -> Object:
        return meetings[i] if objects[kept[i]] is as_read[kept[i]] else _retold(as_read[kept[i]], aliases)

    tables = _tables(sheet, overlooked, kept_raws, whole, numbers, aliases)
    return Normalized(*tables[:2], pa.Table.from_pylist(rejects, REJECTS), tables[2])


def _lifted(one: Object, aliases: Aliases) -> Object:
    """Return an object without an id as the meeting it holds, where more of that stands beside it."""
    inner = as_one_meeting(one.value, aliases) if one.value else None
    if inner is None:
        return one
    return one._replace(value=inner, problems=(*one.problems, *beside(one.value or {}, inner, aliases)))


def _retold(one: Object, aliases: Aliases) -> Object:
    """Return a meeting's object with what inner ones say of it."""
    value, problems = retold(one.value or {}, aliases)
    return one._replace(value=value, problems=(*one.problems, *problems))


def _identify(objects: list[Object], aliases: Aliases) -> tuple[list[str | None], list[str]]:
    """Return the meeting id of each object, and why it is rejected (empty: it is not)."""
    ids, troubles = _meeting_ids(Sheet.of_objects([one.value or {} for one in objects], aliases.meeting))
    given = ids.to_pylist()
    wrong = {trouble.at for trouble in troubles if trouble.reason == "wrong_type"}
    reasons = [
        one.reject or ("" if meeting_id else "bad_id" if i in wrong else "no_id")
        for i, (one, meeting_id) in enumerate(zip(objects, given, strict=True))
    ]
    return given, reasons


def _meeting_ids(sheet: Sheet) -> tuple[pa.Array, list[Trouble]]:
    """Return the meeting ids, null where there is none."""
    arrays, troubles = fill(_ID_COLUMN, sheet)
    ids = arrays["meeting_id"]
    is_none = pc.match_substring_regex(ids, _NO_ID)
    return pc.if_else(is_none, pa.scalar(None, pa.string()), ids), troubles


def _with_written_id(one: Object, raw: bytes, aliases: Aliases) -> Object | None:
    """Return an object whose id is damaged with that id as it is written, None where it cannot be found.

    A lenient reading puts one character for whatever is broken, so two ids that differ only there would become one,
    and two meetings versions of each other.
    """
    value = one.value or {}
    texts = [text for member in _TEXT_MEMBER.findall(raw) for text in member]
    damaged = {key: given for key, given in value.items() if isinstance(given, str) and "\ufffd" in given}
    for key, given in damaged.items():
        match = aliases.meeting(key)
        if match and match.column == "meeting_id":
            # found by what it is read as: where a key stands and how it is written does not matter
            written = next((text for text in texts if _leniently(text) == given), None)
            return written and one._replace(value={**value, key: written.decode("utf-8", "backslashreplace")})
    return None


def _leniently(text: bytes) -> Any:
    read = decode_leniently(b'"' + text + b'"')
    return read and read.value


def _tables(
    sheet: Sheet,
    overlooked: Callable[[int], Iterable[Trouble]],
    raws: list[bytes],
    whole: Callable[[int], Object],
    rows: pa.Array,
    aliases: Aliases,
) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Return meetings, legs and problems; `overlooked` is told how many keys the legs have, `whole` is all that one says."""
    arrays, troubles = fill(schema.MEETINGS, sheet)
    arrays["ended_at"] = ends(arrays, "started_at", "ended_at", dict(aliases.meetings)["ended_at"])
    legs = read_legs(sheet, arrays["creator"], arrays["ended_at"], aliases)
    troubles += no_numbers("creator", arrays["creator"], legs.creators, troubles)
    troubles += legs.list_troubles
    troubles += contradictions(arrays, "started_at", "ended_at")
    troubles += [*other_zones(sheet), *clocks_apart(sheet)]
    troubles += _unread_parties(sheet, whole, aliases)
    troubles += _more_parties(sheet, legs.n_legs)
    troubles += [*_unread_words(sheet, whole, arrays, troubles, aliases)]
    troubles += overlooked(legs.n_keys)
    again = several_starts(sheet.unknown, sheet.values, aliases.meeting, arrays["started_at"])
    troubles += (Trouble(i, "started_at", "several_meetings", text) for i, text in again)
    apart = apart_from_meeting(legs.arrays, legs.owner, arrays["started_at"], arrays["ended_at"])
    legs.troubles.extend(Trouble(i, "joined_at", reason, text) for i, reason, text in apart)
    ids = arrays["meeting_id"]
    troubles += _meetings_in_texts(raws, ids, aliases)
    arrays |= {
        "n_legs": legs.n_legs,
        "n_people": legs.n_people,
        "record_hash": pa.array([hashlib.sha256(raw).hexdigest() for raw in raws], pa.string()),
        "row": rows,
    }
    of_legs = legs.arrays | {"meeting_id": ids.take(legs.owner), "row": rows.take(legs.owner)}
    problems = pa.concat_tables(
        [
            _problems(troubles, ids, rows, pa.nulls(len(rows), pa.int64())),
            _problems([*legs.troubles, *_halves(legs)], of_legs["meeting_id"], of_legs["row"], of_legs["leg"]),
        ]
    )
    return _table(arrays, MEETINGS), _table(of_legs, LEGS), _by_row(problems)


def _may_hold_parties(sheet: Sheet, aliases: Aliases) -> list[int]:
    """Return in which rows something nested, JSON text, a mobile, a numbered field or a name stands under a key that
    feeds no column."""
    rows: set[int] = set()
    of_party = own_leg(sheet.unknown, aliases)
    for key in sheet.unknown:
        values = sheet.values(key)
        if key in of_party or aliases.is_numbered(key) or is_like_parties(key) or host_came(key):
            rows.update(i for i, value in enumerate(as_list(values)) if value is not None)
        elif not isinstance(values, pa.Array):
            rows.update(i for i, one in enumerate(values) if type(one) is str and one.lstrip()[:1] in ("[", "{"))
        elif pa.types.is_string(values.type):
            rows.update(rows_where(pc.match_substring_regex(values, r"^\s*[\[{]")))
        is_nested = isinstance(values, pa.Array) and pa.types.is_nested(values.type)
        rows.update(bulk.that_may_tell(values, aliases) if is_nested else may_hold_mobiles(values))
    return sorted(rows)


def _unread_parties(sheet: Sheet, whole: Callable[[int], Object], aliases: Aliases) -> Iterator[Trouble]:
    """Yield what looks like parties of a meeting and is no leg."""
    for i in _may_hold_parties(sheet, aliases):
        told = unread_parties(whole(i).value or {}, aliases)
        yield from (Trouble(i, PARTIES, "unread_parties", text) for text in told)


def _unread_words(
    sheet: Sheet, whole: Callable[[int], Object], arrays: dict[str, pa.Array], told: list[Trouble], aliases: Aliases
) -> Iterator[Trouble]:
    """Yield what records say somewhere of when, by whom and called what meetings were whose rows do not."""
    rows = {one: np.asarray(arrays[one].is_null()) for one in LACKING}
    known = {(trouble.at, trouble.column) for trouble in told if trouble.column in LACKING}
    for i in that_may_say(sheet, rows, aliases):
        lacking = {column for column in LACKING if rows[column][i] and (i, column) not in known}
        if lacking:
            value, _, compared = whole(i)
            texts = {text for *_, text in compared}
            words = unread_words(value or {}, arrays["meeting_id"][i].as_py(), lacking, aliases)
            yield from (Trouble(i, column, "other_value", text) for column, text in words if text not in texts)


def _more_parties(sheet: Sheet, n_legs: pa.Array) -> Iterator[Trouble]:
    """Yield what meetings say beside their lists of more parties than are there."""
    for key in sheet.unknown:
        if any(says_more(key, one, 0) for one in (True, False, 2)):
            for i, (said, n) in enumerate(zip(as_list(sheet.values(key)), n_legs.to_pylist(), strict=True)):
                if n is not None and says_more(key, said, n):
                    yield Trouble(i, PARTIES, "more_parties", f"{key}: {number_text(said)}")


def _halves(legs: Legs) -> Iterator[Trouble]:
    """Yield who left and never joined where another leg of the number joined and never left: most likely one sitting in
    two rows, which would be counted as two, the first until the end of the meeting."""
    joined, left = legs.arrays["joined_at"], legs.arrays["left_at"]
    ends = rows_where(pc.and_not(left.is_valid(), joined.is_valid()))
    if not ends:
        return
    starts = rows_where(pc.and_not(joined.is_valid(), left.is_valid()))
    start_of = {who: i for i, who in zip(reversed(starts), reversed(_who(legs, starts)), strict=True)}
    for i, who in zip(ends, _who(legs, ends), strict=True):
        if who in start_of and any(who[1:]):
            start = start_of[who]
            when = times.beijing_text(joined[start].as_py())
            yield Trouble(i, "joined_at", "joined_apart", f"legs[{legs.arrays['leg'][start]}].joined_at: {when}")


def _who(legs: Legs, rows: list[int]) -> list[tuple[int, str | None, str | None]]:
    """Return the meeting, number and extension of some legs."""
    columns = (legs.owner, legs.arrays["number"], legs.arrays["extension"])
    return list(zip(*(column.take(pa.array(rows, pa.int64())).to_pylist() for column in columns), strict=True))


def _meetings_in_texts(raws: list[bytes], ids: pa.Array, aliases: Aliases) -> Iterator[Trouble]:
    """Yield the texts of records in which other meetings stand: a name may quote one, so none is read from there."""
    signs = signs_of(aliases)
    for i, raw in enumerate(raws):
        # Nearly no record has an escaped quote; the others need not be decoded for this. Few have an escape at all, and
        # that is seen twice as soon.
        if b"\\" in raw and b'\\"' in raw and signs.names_escaped_word(raw):
            value = read_object(raw, aliases).value
            texts = texts_with_meetings(signs, value or {}, ids[i].as_py())
            yield from (Trouble(i, "meeting_id", "meeting_in_text", text) for text in texts)


def _problems(troubles: list[Trouble], ids: pa.Array, rows: pa.Array, legs: pa.Array) -> pa.Table:
    """Return troubles as rows, told of the meeting (and leg) that the index points at."""
    indices = pa.array([trouble.at for trouble in troubles], pa.int64())
    texts = {
        "column": [trouble.column for trouble in troubles],
        "reason": [trouble.reason for trouble in troubles],
        "raw_value": [_short(trouble.raw_value) for trouble in troubles],
    }
    arrays = {name: pa.array(values, pa.string()) for name, values in texts.items()}
    return _table(
        arrays | {"meeting_id": ids.take(indices), "leg": legs.take(indices), "row": rows.take(indices)}, PROBLEMS
    )


def _table(arrays: dict[str, pa.Array], table: pa.Schema) -> pa.Table:
    return pa.Table.from_arrays([arrays[name] for name in table.names], schema=table)


def _short(text: str) -> str:
    # A lone surrogate in a key or value would end the making of the whole table.
    clean = text.encode("utf-8", "replace").decode()
    return clean if len(clean) <= _LONGEST_RAW_VALUE else f"{clean[:_LONGEST_RAW_VALUE]}…"


def _detail(one: Object) -> str | None:
    """Return which keys a record without an id has: a hint at what the id may be called."""
    return ", ".join(one.value)[:_LONGEST_RAW_VALUE].encode("utf-8", "replace").decode() if one.value else None


def _legible_id(raw: bytes) -> str | None:
    match = _LEGIBLE_ID.search(raw)
    return (match[1] or match[2]).decode("utf-8", "backslashreplace") if match else None


def parser_mark(aliases: Aliases) -> dict[str, Any]:
    """Return what the derived tables depend on beside the raw records, as plain JSON values."""
    return {
        "version": PARSER_VERSION,
        "meetings": [[column, list(keys)] for column, keys in aliases.meetings],
        "legs": [[column, list(keys)] for column, keys in aliases.legs],
    }


def aliases_of(mark: Mapping[str, Any]) -> Aliases:
    """Return the aliases that `parser_mark` speaks of, those that an earlier version had by default as they are today."""
    meetings, legs = (tuple((column, tuple(keys)) for column, keys in mark[name]) for name in ("meetings", "legs"))
    named = Aliases(meetings, legs)
    return named if mark["version"] == PARSER_VERSION else of_today(named)
