"""Records that are alike, read in bulk: their JSON straight into typed columns, or not at all.

Arrow's JSON reader takes a fraction of the time of decoding record by record. It is used only where it cannot say
anything else than the general way: told the exact type of every key at any depth, it refuses an unknown key, a value
of another type, a key that stands twice, and whatever is not strict JSON. After a refusal each record is held against
the same types by itself, and those that have them are read: one odd record must not cost its thousand neighbours the
quick way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial, reduce
from typing import Annotated, Any, TypeAlias

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from ytxdata.records import schema
from ytxdata.records.aliases import OF_PAGES, PARTIES, Aliases, Match, plain, unfolded
from ytxdata.records.encodings import is_utf8
from ytxdata.records.json_values import STRICT_ERRORS, Number, strict
from ytxdata.records.numbers_in_values import PHONE_LIKE
from ytxdata.records.party_names import PERSON
from ytxdata.records.schema import ARROW_TYPES
from ytxdata.records.siblings import is_of_meeting
from ytxdata.records.signs import TOLD, sample
from ytxdata.records.unread_parties import is_like_parties, own_leg
from ytxdata.records.values import MOST_YUAN, rows_where

KindOf = Callable[[str], str | None]
"""Tells the kind of column a key feeds, `parties`, or None for a key that feeds none."""

_REFUSALS = (pa.ArrowException, OverflowError, *STRICT_ERRORS)
_MONEY = ARROW_TYPES["money"]
_UNUSED_NUMBER = pa.decimal256(76, 38)
"""The type of numbers that feed no column: a float would take NaN, which is no JSON."""

_DEEPEST = 8
"""How deep values that feed no column may be nested: Arrow handles its types by recursion."""

_PATIENCE = 2
"""After how many batches of which nothing could be read nothing more is tried: where all are odd, trying only costs."""

_MOST_KEYS = 1000
"""How many keys a record may have: each becomes a column, and 300,000 of them took longer than everything else."""

_LARGEST = 2**28
"""What is read at once [bytes]; Arrow could take eight times as much."""

_MEETING_KINDS = {column.name: column.type for column in schema.MEETINGS} | {PARTIES: PARTIES}
_LEG_KINDS = {column.name: column.type for column in schema.LEGS}


_FEWEST_DIGITS = 3
_MAY_TELL = rf"^\s*[\[{{]|(?:\pN\PN*){{{_FEWEST_DIGITS}}}"
_SHORTEST_NUMBER = 10**6
"""What is shorter is no telephone number, be it a service's (`tel:110`) or a local one."""

Rows: TypeAlias = "np.ndarray[Any, np.dtype[np.int64]]"
Flags: TypeAlias = "np.ndarray[Any, np.dtype[np.bool_]]"

_NO_ROWS: Rows = np.empty(0, np.int64)


class BulkReader:
    """Reads batches of records; what it learns of their keys from one batch serves the next.

    Parameters
    ----------
    aliases
        Which keys feed which column.
    """

    def __init__(self, aliases: Aliases) -> None:
        self._look_up = aliases.meeting
        self._own_leg = partial(own_leg, aliases=aliases)
        self._of_meeting = _kinds(aliases.meeting, _MEETING_KINDS)
        self._of_leg = _kinds(aliases.leg, _LEG_KINDS)
        self._is_numbered = aliases.is_numbered
        self._names_meeting = _kinds(aliases.meeting, {"meeting_id": "id"})
        self._layout: pa.Schema | None = None
        self._is_mixed = False
        self._patience = _PATIENCE

    def read_some(self, raws: Sequence[bytes]) -> tuple[pa.RecordBatch, Flags] | None:
        """Return the columns of those records that are alike, and which they are; None when they are less than half.

        Examples
        --------
        >>> reader = BulkReader(Aliases())
        >>> batch, is_read = reader.read_some([b'{"meid":"1"}', b'{"meid":2}', b'{"meid":"3"}'])
        >>> batch["meid"].to_pylist(), is_read.tolist()
        (['1', '3'], [True, False, True])
        """
        if not self._patience or not raws:
            return None
        batch = None if self._is_mixed else self.read(raws)
        if batch is not None:
            return batch, np.ones(len(raws), np.bool_)
        is_alike = self._alike(raws)
        self._is_mixed = not is_alike.all()  # then the next batch is not tried as a whole
        if 2 * np.count_nonzero(is_alike) >= len(raws):
            batch = self.read([raws[i] for i in np.flatnonzero(is_alike).tolist()])
        if batch is None:
            self._patience -= 1
            return None
        return batch, is_alike

    def read(self, raws: Sequence[bytes]) -> pa.RecordBatch | None:
        """Return a column for each key, parties as lists of structs; None when the records are not alike.

        Examples
        --------
        >>> reader = BulkReader(Aliases())
        >>> reader.read([b'{"meid":"1"}', b'{"meid":"2","x":7}'])["meid"].to_pylist()
        ['1', '2']
        >>> reader.read([b'{"meid":"1"}', b'{"meid":2}']) is None
        True
        """
        if not all(map(_stands_alone, raws)):
            return None
        text = b"\n".join(raws)
        # Bytes that are no UTF-8 Arrow takes as they come, where the general way tells of a broken text.
        if len(text) > _LARGEST or not is_utf8(text):
            return None
        try:
            self._layout = self._layout or self._learned(sample(raws))
            batch = _parsed(text, self._layout)
        except _REFUSALS:
            return None
        # Two records in one, or one that goes on in the next, give another number of rows.
        return batch if batch.num_rows == len(raws) and all(map(self._is_certain, batch.schema, batch)) else None

    def _alike(self, raws: Sequence[bytes]) -> Flags:
        """Return which records have the keys and types that most of them have; these are learned again where few have
        them."""
        is_alike = _fitting(raws, self._layout)
        if not self._is_mixed or 2 * np.count_nonzero(is_alike) < len(raws):
            usual = self._usual(sample(raws))
            as_usual = _fitting(raws, usual)
            if np.count_nonzero(as_usual) > np.count_nonzero(is_alike):
                self._layout, is_alike = usual, as_usual
        return is_alike

    def _usual(self, raws: Sequence[bytes]) -> pa.Schema | None:
        """Return the layout of as many records as have one together, beginning with those whose keys are the most
        common."""
        shapes = [(raw, shape) for raw in raws if (shape := _shape_of(raw))]
        common = Counter(tuple(shape) for _, shape in shapes)
        together: list[bytes] = []
        usual: Shape = {}
        for raw, shape in sorted(shapes, key=lambda one: -common[tuple(one[1])]):
            fits = all(usual.get(path, kind) == kind for path, kind in shape.items())
            # Read one by one is what cannot be learned beside the others, and not all of them.
            if fits and (shape.items() <= usual.items() or self._usual_of([*together, raw])):
                usual |= shape
                together.append(raw)
        return self._usual_of(together)

    def _usual_of(self, raws: Sequence[bytes]) -> pa.Schema | None:
        try:
            return self._learned(raws) if raws else None
        except _REFUSALS:
            return None

    def _learned(self, raws: Sequence[bytes]) -> pa.Schema:
        """Return the keys that records have, with the types that say exactly what their texts do."""
        objects = [strict.decode(raw) for raw in raws]
        if max(map(len, objects)) > _MOST_KEYS:
            raise pa.ArrowInvalid("a column for each of so many keys costs more than reading them one by one")
        fields = pa.infer_type(objects).fields
        kinds = [self._of_meeting(field.name) for field in fields]
        if any(kinds.count(kind) > 1 for kind in ("money", PARTIES)):
            raise pa.ArrowInvalid("of two amounts or lists one is chosen by their texts")
        unknown = [field for field, kind in zip(fields, kinds, strict=True) if kind is None]
        names = [field.name for field in unknown]
        is_retold = any(self._may_retell(field.type, is_own=is_of_meeting(field.name)) for field in unknown)
        if self._own_leg(names) or is_retold or not OF_PAGES.keys().isdisjoint(map(unfolded, names)):
            raise pa.ArrowInvalid(
                "a row of a party, or an object that may tell of the meeting too, is put to its meeting"
            )
        return pa.schema(self._members(fields, self._of_meeting))

    def _members(self, found: Iterable[pa.Field], kind_of: KindOf) -> list[tuple[str, pa.DataType]]:
        return [(field.name, self._type(field.type, kind_of(field.name))) for field in found]

    def _type(self, found: pa.DataType, kind: str | None, depth: int = 0) -> pa.DataType:
        """Return the exact type of values that feed a column of some kind; raise where there is none."""
        is_whole = pa.types.is_integer(found)
        match kind:
            case "parties":
                inner = found.value_type if pa.types.is_list(found) else found
                if pa.types.is_null(inner):
                    return pa.list_(pa.struct([]))
                # What may hold other parties, or another meeting, is looked into entry by entry.
                if inner is not found and pa.types.is_struct(inner) and not any(map(self._may_hide, inner.fields)):
                    return pa.list_(pa.struct(self._members(inner.fields, self._of_leg)))
            case None if pa.types.is_list(found) and depth < _DEEPEST:
                return pa.list_(self._type(found.value_type, None, depth + 1))
            case None if pa.types.is_struct(found) and depth < _DEEPEST:
                return pa.struct([(field.name, self._type(field.type, None, depth + 1)) for field in found.fields])
            case None | "money" if is_whole or pa.types.is_decimal(found):
                return _MONEY if kind else _UNUSED_NUMBER
            case _ if is_whole or pa.types.is_boolean(found):
                return found
            case _ if pa.types.is_string(found) or pa.types.is_null(found):
                return pa.string()
        raise pa.ArrowInvalid(f"{found} where {kind} belongs")

    def _may_retell(self, found: pa.DataType, *, is_own: bool) -> bool:
        """Return whether values that feed no column may tell of a meeting: its id, its parties, or who convened it and
        when; under a name of the meeting itself, anything.
        """
        if pa.types.is_list(found):
            return self._may_retell(found.value_type, is_own=False)
        if not pa.types.is_struct(found):
            return False
        said = {match.column for field in found.fields if (match := self._look_up(field.name))}
        is_told = bool(said & {"meeting_id", PARTIES}) or (
            "creator" in said and not said.isdisjoint(("started_at", "ended_at"))
        )
        names = [unfolded(field.name) for field in found.fields]
        is_described = is_own and not (TOLD.isdisjoint(said) and OF_PAGES.keys().isdisjoint(names))
        inner = (self._may_retell(one.type, is_own=is_own and is_of_meeting(one.name)) for one in found.fields)
        return is_told or is_described or any(inner)

    def _may_hide(self, field: pa.Field, depth: int = 0) -> bool:
        """Return whether a member of a party may hold parties, be one or another sitting, or name another meeting."""
        is_odd = self._names_meeting(field.name) or PHONE_LIKE.fullmatch(field.name) or self._is_numbered(field.name)
        if depth == 0 and is_odd:
            return True
        if pa.types.is_list(field.type):
            return not pa.types.is_null(field.type.value_type)
        if not pa.types.is_struct(field.type):
            return depth > 0 and (
                self._of_leg(field.name) in ("phone", "instant") or bool(PHONE_LIKE.fullmatch(field.name))
            )
        says_who = depth == 0 and plain(field.name) in PERSON
        return says_who or any(self._may_hide(one, depth + 1) for one in field.type.fields)

    def _is_certain(self, field: pa.Field, column: pa.Array) -> bool:
        """Return False where an entry may be no party, or JSON text of more, or an amount is beyond what is believed."""
        if field.type == _MONEY:
            least, most = (edge.as_py() for edge in pc.min_max(column).values())
            return least is None or max(-least, most) < MOST_YUAN
        if self._of_meeting(field.name) != PARTIES:
            return True
        parties = column.flatten()
        columns = dict(zip([member.name for member in parties.type], parties.flatten(), strict=True))
        told = [one for key, one in columns.items() if self._of_leg(key)]
        # under a known key, too: sittings as text of a `state` were one leg here, and two beside an odd record
        texts = [one for one in columns.values() if pa.types.is_string(one.type)]
        if any(map(_may_be_json, texts)):
            return False
        says_nothing = reduce(pc.and_, map(pc.is_null, told), pa.scalar(True))
        return len(parties) == 0 or not pc.any(says_nothing).as_py()


def _may_be_json(texts: pa.StringArray) -> bool:
    """Return whether some text begins as JSON text does. First bytes are looked at first: a pattern takes five times
    as long.
    """
    _, edges, data = texts.buffers()
    if not edges or not data:
        return False
    places = np.frombuffer(edges, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    firsts = np.frombuffer(data, np.uint8)[places[:-1][places[1:] > places[:-1]]]
    may_be = np.isin(firsts, _MAY_BEGIN_JSON).any()
    return bool(may_be and pc.any(pc.match_substring_regex(texts, _LIKE_JSON)).as_py())


_LIKE_JSON = r"(?s)^\s*(?:\[\s*[\[{\"\d\]tfn+-].*\]|\{\s*[\"}].*\})\s*$"
"""Not `[外部]王芳` nor `[已接通]`, for which a whole answer was read one by one."""

_MAY_BEGIN_JSON = np.frombuffer(b"[{ \t\n\f\r", np.uint8)


def that_may_tell(values: pa.Array, aliases: Aliases) -> list[int]:
    """Return in which rows nested values that feed no column may tell of parties: by a key of one, and all keys stand
    in their type, or by a word in them that may be a number, or JSON text.

    Examples
    --------
    >>> rooms = [{"name": "A", "floor": "3"}, None, {"name": "A", "floor": "15400000001"}]
    >>> that_may_tell(pa.array(rooms), Aliases())
    [2]
    >>> that_may_tell(pa.array([{"phone": "802"}, None]), Aliases())
    [0]
    """
    if any(_may_name_party(key, aliases) for key in keys_in(values.type)):
        return rows_where(values.is_valid())
    rows: list[int] = _rows_that_may_tell(values).tolist()
    return rows


def keys_in(found: pa.DataType) -> Iterator[str]:
    """Yield every key in a type, at any depth."""
    if pa.types.is_list(found):
        yield from keys_in(found.value_type)
    for field in found.fields if pa.types.is_struct(found) else ():
        yield field.name
        yield from keys_in(field.type)


def _may_name_party(key: str, aliases: Aliases) -> bool:
    fed = aliases.leg(key)
    is_word = fed is not None and fed.column in ("phone", "joined_at", "left_at")
    return is_word or is_like_parties(key) or sum(map(str.isnumeric, key)) >= _FEWEST_DIGITS


def _rows_that_may_tell(values: pa.Array) -> Rows:
    if pa.types.is_list(values.type):
        return np.unique(pc.list_parent_indices(values).to_numpy()[_rows_that_may_tell(values.flatten())])
    if pa.types.is_struct(values.type):
        return reduce(np.union1d, map(_rows_that_may_tell, values.flatten()), _NO_ROWS)
    if pa.types.is_string(values.type):
        return np.array(rows_where(pc.match_substring_regex(values, _MAY_TELL)), np.int64)
    if pa.types.is_integer(values.type) or pa.types.is_decimal(values.type):
        is_long = pc.greater_equal(pc.abs(values.cast(pa.float64())), _SHORTEST_NUMBER)
        return np.array(rows_where(is_long), np.int64)
    return _NO_ROWS


def _stands_alone(raw: bytes) -> bool:
    """Return whether a record cannot go on in the next one: between } and { nothing but a line stands."""
    return raw[:1] == b"{" and raw[-1:] == b"}"


Shape: TypeAlias = dict[tuple[str, ...], str]
"""What kind of value stands at each path of a record, null left out."""


def _shape_of(raw: bytes) -> Shape:
    """Return the shape of a record that is an object, nothing for another; Arrow would take a number for a text or
    the reverse."""
    try:
        value = strict.decode(raw)
    except STRICT_ERRORS:
        return {}
    shape: Shape = {}
    inside: list[tuple[tuple[str, ...], Any]] = [((), value)] if type(value) is dict else []
    while inside:
        path, one = inside.pop()
        members = one.items() if type(one) is dict else (("[]", inner) for inner in one) if type(one) is list else ()
        inside += [((*path, key), inner) for key, inner in members]
        if one is not None:
            shape[path] = "number" if _is_bounded(one) else type(one).__name__
    return shape


def _is_bounded(value: Any) -> bool:
    """Return whether a value is a number that a decimal column can hold."""
    return type(value) is int or (
        type(value) is Number and value.is_finite() and abs(value.adjusted()) < _MONEY.precision
    )


def _fitting(raws: Sequence[bytes], layout: pa.Schema | None) -> Flags:
    """Return which records have the keys and types of a layout; a key that stands twice is not seen here, but by
    Arrow."""
    try:
        decode = msgspec.json.Decoder(_as_struct(layout or ())).decode
    except ValueError:  # a key that no type can be made for: one with a quote in it
        return np.zeros(len(raws), np.bool_)

    def fits(raw: bytes) -> bool:
        try:
            decode(raw)
        except STRICT_ERRORS:
            return False
        return _stands_alone(raw)

    return np.fromiter(map(fits, raws), np.bool_, len(raws))


def _as_struct(fields: Iterable[pa.Field]) -> Any:
    """Return the type that msgspec holds a record against: these keys and no others, each of its type or null."""
    known = {f"f{i}": field for i, field in enumerate(fields)}
    return msgspec.defstruct(
        "Alike",
        [(name, _as_type(field.type) | None, None) for name, field in known.items()],
        rename={name: field.name for name, field in known.items()},
        forbid_unknown_fields=True,
        gc=False,
    )


def _as_type(kind: pa.DataType) -> Any:
    if pa.types.is_struct(kind):
        return _as_struct(kind.fields)
    if pa.types.is_list(kind):
        # a party that is null would be lost; in a list that feeds no column null is as good as any
        inner = _as_type(kind.value_type)
        return list[inner] if pa.types.is_struct(kind.value_type) else list[inner | None]  # type: ignore[valid-type]
    if pa.types.is_decimal(kind):
        most = 10.0 ** (kind.precision - kind.scale)  # beyond it Arrow refuses
        return int | Annotated[float, msgspec.Meta(gt=-most, lt=most)]
    if pa.types.is_integer(kind):
        # Ids of 29 bare digits are no 64-bit integers: Arrow would refuse the whole batch for one.
        return Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
    return bool if pa.types.is_boolean(kind) else str


def _kinds(look_up: Callable[[str], Match | None], kinds: Mapping[str, str]) -> KindOf:
    def kind_of(key: str) -> str | None:
        match = look_up(key)
        return kinds.get(match.column) if match else None

    return kind_of


def _parsed(text: bytes, layout: pa.Schema) -> pa.RecordBatch:
    """Read the records of a text as rows of exactly this layout, in one block."""
    # Types it may infer say other things: a text that looks like a time would become one. One block, because a
    # record across two is an error.
    table = pyarrow.json.read_json(
        pa.BufferReader(text),
        read_options=pyarrow.json.ReadOptions(use_threads=False, block_size=len(text) + 1),
        parse_options=pyarrow.json.ParseOptions(explicit_schema=layout, unexpected_field_behavior="error"),
    )
    [batch] = table.combine_chunks().to_batches()  # nothing is copied: one block is one piece
    return batch
