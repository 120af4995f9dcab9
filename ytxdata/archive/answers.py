"""The raw records and the whole raw answers that the archive holds."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ytxdata.archive.envelope import Envelope, unfold
from ytxdata.archive.store import Snapshot
from ytxdata.archive.store_read import among, batches, filled, read
from ytxdata.errors import DamagedError, UsageError
from ytxdata.labels import Text


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
    envelope = Envelope.from_cells(found[0]["form"], found[0]["gaps"], found[0]["numbers"])
    raws = raw_records(snapshot, np.unique(envelope.numbers))
    try:
        raw = b"".join(unfold(envelope, [raws[number] for number in envelope.numbers.tolist()]))
    except (KeyError, ValueError):
        raw = b""
    if hashlib.sha256(raw).hexdigest() != found[0]["sha256"]:
        raise DamagedError(
            Text(f"调用 {pull_id} 的原始回答已损坏", f"the raw answer of pull {pull_id} is damaged"),
            remedy=Text("运行 ytxdata verify 查看详情", "run ytxdata verify for details"),
        )
    return raw
