"""Records that are alike, read in bulk: their JSON straight into typed columns, or not at all.

Arrow's JSON reader takes a fraction of the time of decoding record by record. It is used only where it cannot say
anything else than the general way: told the exact type of every key at any depth, it refuses an unknown key, a value
of another type, a key that stands twice, and whatever is not strict JSON. One refusal sends the whole batch the
general way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from ytxdata.records import schema
from ytxdata.records.aliases import PARTIES, Aliases, Match
from ytxdata.records.encoding import is_utf8
from ytxdata.records.json_values import STRICT_ERRORS, strict
from ytxdata.records.schema import ARROW_TYPES
from ytxdata.records.values import MOST_YUAN

KindOf = Callable[[str], str | None]
"""Tells the kind of column a key feeds, `parties`, or None for a key that feeds none."""

_REFUSALS = (pa.ArrowException, OverflowError, *STRICT_ERRORS)
_MONEY = ARROW_TYPES["money"]
_UNUSED_NUMBER = pa.decimal256(76, 38)
"""The type of numbers that feed no column: a float would take NaN, which is no JSON."""

_SAMPLE = 64
"""How many records, spread over a batch, are decoded to learn what keys and types it has."""

_DEEPEST = 8
"""How deep values that feed no column may be nested: Arrow handles its types by recursion."""

FEW = 1024
"""How many records are not divided any further when one of them is odd. So many may be decoded to learn their keys."""

_PATIENCE = 8
"""After how many refusals of so few nothing more is tried: where odd records are everywhere, trying only costs."""

_LARGEST = 2**28
"""What is read at once [bytes]; Arrow could take eight times as much."""

_MEETING_KINDS = {column.name: column.type for column in schema.MEETINGS} | {PARTIES: PARTIES}
_LEG_KINDS = {column.name: column.type for column in schema.LEGS}


class BulkReader:
    """Reads batches of records; what it learns of their keys from one batch serves the next.

    Parameters
    ----------
    aliases
        Which keys feed which column.
    """

    def __init__(self, aliases: Aliases) -> None:
        self._of_meeting = _kinds(aliases.meeting, _MEETING_KINDS)
        self._of_leg = _kinds(aliases.leg, _LEG_KINDS)
        self._layout: pa.Schema | None = None
        self._patience = _PATIENCE

    def read(self, raws: Sequence[bytes]) -> pa.Table | None:
        """Return a column for each key, parties as lists of structs; None when the records are not alike.

        Examples
        --------
        >>> reader = BulkReader(Aliases())
        >>> reader.read([b'{"meid":"1"}', b'{"meid":"2","x":7}'])["meid"].to_pylist()
        ['1', '2']
        >>> reader.read([b'{"meid":"1"}', b'{"meid":2}']) is None
        True
        """
        if not self._patience or not all(raw[:1] == b"{" and raw[-1:] == b"}" for raw in raws):
            return None  # no record may go on in the next one: between } and { nothing but a line stands
        text = b"\n".join(raws)
        if len(text) > _LARGEST or not is_utf8(text):
            return None
        try:
            layout = self._layout or self._learned(raws[:: len(raws) // _SAMPLE + 1])
        except _REFUSALS:
            self._patience = 0  # one in a few is odd
            return None
        self._layout = layout
        try:
            table = _parsed(text, layout)
        except pa.ArrowException:
            if len(raws) > FEW:
                return None
            try:  # there may be a key that few records have
                self._layout = self._learned(raws)
                table = _parsed(text, self._layout)
            except _REFUSALS:
                self._patience -= 1
                return None
        return table if table.num_rows == len(raws) and all(map(self._is_certain, table.schema, table)) else None

    def _learned(self, raws: Sequence[bytes]) -> pa.Schema:
        """Return the keys that records have, with the types that say exactly what their texts do."""
        fields = pa.infer_type([strict.decode(raw) for raw in raws]).fields
        kinds = [self._of_meeting(field.name) for field in fields]
        if any(kinds.count(kind) > 1 for kind in ("money", PARTIES)):
            raise pa.ArrowInvalid("of two amounts or lists one is chosen by their texts")
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
                if inner is not found and pa.types.is_struct(inner):
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

    def _is_certain(self, field: pa.Field, column: pa.ChunkedArray) -> bool:
        """Return False where null may stand for an entry that is no party, or an amount is beyond what is believed."""
        if field.type == _MONEY:
            least, most = (edge.as_py() for edge in pc.min_max(column).values())
            return least is None or max(-least, most) < MOST_YUAN
        if self._of_meeting(field.name) != PARTIES:
            return True
        parties = column.combine_chunks().flatten()
        says_nothing = reduce(pc.and_, map(pc.is_null, parties.flatten()), pa.scalar(True))
        return len(parties) == 0 or not pc.any(says_nothing).as_py()


def _kinds(look_up: Callable[[str], Match | None], kinds: Mapping[str, str]) -> KindOf:
    def kind_of(key: str) -> str | None:
        match = look_up(key)
        return kinds[match.column] if match else None

    return kind_of


def _parsed(text: bytes, layout: pa.Schema) -> pa.Table:
    """Read the records of a text as rows of exactly this layout, in one block."""
    return pyarrow.json.read_json(
        pa.BufferReader(text),
        read_options=pyarrow.json.ReadOptions(use_threads=False, block_size=len(text) + 1),
        parse_options=pyarrow.json.ParseOptions(explicit_schema=layout, unexpected_field_behavior="error"),
    )
