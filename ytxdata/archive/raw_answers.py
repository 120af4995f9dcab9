"""Raw records and whole raw answers, recoverable to the byte from the records and what stood between them.

An answer repeats records that are stored already. So a pull keeps the *gaps* (brackets, commas, what is no
record) and the numbers of the observations in between; put together they must give the SHA-256 of
the answer, which is tried before anything is stored. An answer that cannot be folded is kept whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ytxdata.archive.heads import Snapshot, among, batches, filled, read
from ytxdata.archive.stored_files import Numbers
from ytxdata.errors import DamagedError, UsageError
from ytxdata.labels import Text


def _quoted(raw: bytes, *, ascii_only: bool) -> str:
    return json.dumps(raw.decode("utf-8"), ensure_ascii=ascii_only)[1:-1]


FORMS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda raw: raw,
    "gb18030": lambda raw: raw.decode("utf-8").encode("gb18030"),
    "string": lambda raw: _quoted(raw, ascii_only=False).encode(),
    "string-ascii": lambda raw: _quoted(raw, ascii_only=True).encode(),
    "string-gb18030": lambda raw: _quoted(raw, ascii_only=False).encode("gb18030"),
    "string-slash": lambda raw: _quoted(raw, ascii_only=True).replace("/", "\\/").encode(),
}
"""How a record's own text may stand in the answer: as it is, in the old encoding, or inside a JSON string."""

WHOLE = "whole"
_PUNCTUATION = b", \r\n\t\\nrt"
_OPENING = set(b"{[")
_LONGEST_ENVELOPE = 1_000
"""An answer says its status, a message and a total before its records or behind them: that is not longer."""


@dataclass(frozen=True)
class Envelope:
    """An answer without its records: `form` of the records, `gaps` around them, `numbers` of the records."""

    form: str
    gaps: bytes
    numbers: Numbers

    @property
    def number_bytes(self) -> bytes:
        """The numbers as differences, which compress to almost nothing."""
        return np.diff(self.numbers, prepend=0).astype("<i8").tobytes()

    @classmethod
    def from_cells(cls, form: str, gaps: bytes, number_bytes: bytes) -> Envelope:
        """Rebuild an envelope from what the archive keeps of it."""
        return cls(form, gaps, np.cumsum(np.frombuffer(number_bytes, dtype="<i8")))


def fold(raw: bytes, pieces: Sequence[tuple[bytes, int]]) -> Envelope:
    """Return the envelope of an answer whose stored records are `pieces`, in the order they stand in it.

    The numbers may be provisional: `renumber` replaces them once the records have theirs.
    """
    digest = hashlib.sha256(raw).digest()
    for form, dress in FORMS.items():
        try:
            gaps, numbers = _split(raw, pieces, dress)
            whole = hashlib.sha256()
            for gap, (piece, _) in zip(gaps, [*pieces, (b"", 0)], strict=True):
                whole.update(gap)
                whole.update(dress(piece))
        except ValueError:
            continue
        # tried before anything is kept: by a form that is nearly right the answer would be lost, and nobody told
        if whole.digest() == digest:
            return Envelope(form, msgspec.msgpack.encode(gaps), numbers)
    return Envelope(WHOLE, raw, np.array([number for _, number in pieces], dtype=np.int64))


def _split(
    raw: bytes, pieces: Sequence[tuple[bytes, int]], dress: Callable[[bytes], bytes]
) -> tuple[list[bytes], Numbers]:
    gaps, at = [], 0
    for piece, _ in pieces:
        dressed = dress(piece)
        # from where the last one ended: an answer may list the same bytes twice
        start = raw.find(dressed, at)
        if start < 0:
            raise ValueError("the record does not stand in the answer in this form")
        gaps.append(raw[at:start])
        at = start + len(dressed)
    gaps.append(raw[at:])
    return gaps, np.fromiter((number for _, number in pieces), dtype=np.int64, count=len(pieces))


def renumber(envelope: Envelope, final: Callable[[Numbers], Numbers]) -> Envelope:
    """Return the envelope with final numbers for its records."""
    return Envelope(envelope.form, envelope.gaps, final(envelope.numbers))


def unfold(envelope: Envelope, records: Sequence[bytes]) -> Iterator[bytes]:
    """Yield the pieces of the answer in order; `records` are the raw records of `envelope.numbers`."""
    if envelope.form == WHOLE:
        yield envelope.gaps
        return
    dress = FORMS[envelope.form]
    gaps = msgspec.msgpack.decode(envelope.gaps, type=list[bytes])
    for gap, record in zip(gaps, [*records, b""], strict=True):
        yield gap
        yield dress(record)


def raw_records(snapshot: Snapshot, numbers: npt.NDArray[np.int64]) -> dict[int, bytes]:
    """Return the raw records of some observations, those that can be read, by number."""
    raws: dict[int, bytes] = {}
    for rows in batches(snapshot, "observations", ("obs", "raw"), among("obs", numbers)):
        raws.update(zip(rows["obs"].to_pylist(), rows["raw"].to_pylist(), strict=True))
    return raws


def current_records(snapshot: Snapshot | None) -> list[bytes]:
    """Return the raw record of every meeting's latest version, and every rejected one."""
    if snapshot is None:
        return []
    replaced = read(snapshot, "meetings", ("replaces",), filled("replaces"))["replaces"].to_numpy()
    numbers = np.setdiff1d(np.arange(snapshot.head.counts["observations"]), replaced)
    return [raw for _, raw in sorted(raw_records(snapshot, numbers).items())]


def raw_answer(snapshot: Snapshot | None, pull_id: str) -> bytes:
    """Return the answer of a pull exactly as it was received.

    Raises
    ------
    UsageError
        No pull has that id.
    DamagedError
        What is stored does not give the answer's hash.
    """
    columns = ("pull_id", "sha256", "form", "gaps", "numbers")
    pulls = read(snapshot, "pulls", columns) if snapshot else pa.table({"pull_id": pa.array([], pa.string())})
    found = pulls.filter(pc.equal(pulls["pull_id"], pull_id)).to_pylist()
    if not found or snapshot is None:
        raise UsageError(
            Text(f"存档里没有调用 {pull_id}", f"the archive has no pull {pull_id}"),
            remedy=Text("可用的编号见 archive.pulls()", "archive.pulls() lists them"),
        )
    raw = put_together(snapshot, found[0])
    if raw is None:
        raise DamagedError(
            Text(f"调用 {pull_id} 的原始回答已损坏", f"the raw answer of pull {pull_id} is damaged"),
            remedy=Text("运行 ytxdata verify 查看详情", "run ytxdata verify for details"),
        )
    return raw


def put_together(snapshot: Snapshot, pull: Mapping[str, Any]) -> bytes | None:
    """Return the raw answer of a row of the stored pulls, or None where what is stored does not give its hash."""
    envelope = Envelope.from_cells(pull["form"], pull["gaps"], pull["numbers"])
    raws = raw_records(snapshot, np.unique(envelope.numbers))
    try:
        raw = b"".join(unfold(envelope, [raws[number] for number in envelope.numbers.tolist()]))
    except (KeyError, ValueError):
        return None
    return raw if hashlib.sha256(raw).hexdigest() == pull["sha256"] else None


def never_taken_in(pull: Mapping[str, Any]) -> bool:
    """Whether a pull is of a sync that was interrupted, by a version that kept such answers without their records."""
    return pull["form"] == WHOLE and not pull["numbers"]


def may_hold_more(pull: Mapping[str, Any]) -> bool:
    """Whether a raw answer may hold records that are no observations: whether more than punctuation stands around
    those.

    What an earlier parser overlooked, or took for a duplicate, stands in the gaps. To read every answer of ten years
    again would take hours; that there is an opening brace where none belongs takes no reading.
    """
    if pull["form"] == WHOLE:
        return True
    first, *others = msgspec.msgpack.decode(pull["gaps"], type=list[bytes])
    between, last = b"".join(others[:-1]), others[-1] if others else b""
    is_plain = not between.strip(_PUNCTUATION) and not _OPENING & set(last) and first.count(b"{") <= 3
    return not is_plain or max(len(first), len(last)) > _LONGEST_ENVELOPE
