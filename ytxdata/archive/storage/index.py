"""Which observations belong to a key (a meeting id, a rejected record): sorted hashes, looked up without a scan.

A run is a file of n sorted 64-bit hashes and then n observation numbers. Every sync adds one run; runs of
similar length are merged, so there are never more than a few. A hash may collide: the reader of the rows
compares the key itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ytxdata.archive.storage.disk_errors import DERIVE_AGAIN, telling_damage

Hashes = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]


def hashes_of(keys: Iterable[str]) -> Hashes:
    """Return the 64-bit hash of each key."""
    joined = b"".join(hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest() for key in keys)
    return np.frombuffer(joined, dtype="<u8")


def run_to_bytes(hashes: Hashes, numbers: Numbers) -> bytes:
    """Return a run as the bytes of its file."""
    order = np.argsort(hashes, kind="stable")
    return hashes[order].astype("<u8").tobytes() + numbers[order].astype("<i8").tobytes()


def read_run(path: Path) -> tuple[Hashes, Numbers]:
    """Map a run into memory; only the pages a look-up touches are read."""
    with telling_damage(f"index/{path.name}", DERIVE_AGAIN):
        cells = np.asarray(np.memmap(path, dtype="<u8", mode="r"))
    half = len(cells) // 2
    return cells[:half], cells[half:].view("<i8")


def find(runs: Iterable[Path], keys: Sequence[str]) -> Numbers:
    """Return the observation numbers that may belong to any of the keys, sorted."""
    wanted = np.unique(hashes_of(keys))
    found = [np.empty(0, dtype=np.int64)]
    for path in runs:
        hashes, numbers = read_run(path)
        first = np.searchsorted(hashes, wanted, side="left")
        last = np.searchsorted(hashes, wanted, side="right")
        lengths = last - first
        shift = np.repeat(first - (np.cumsum(lengths) - lengths), lengths)
        found.append(numbers[shift + np.arange(len(shift))])
    return np.unique(np.concatenate(found))


def runs_to_merge(lengths: Sequence[int]) -> int:
    """Return how many of the last runs to merge into one, so that each is more than twice as long as the next.

    Examples
    --------
    >>> runs_to_merge([1000, 10]), runs_to_merge([1000, 10, 8]), runs_to_merge([30, 16, 8, 8])
    (1, 2, 4)
    """
    count, total = 1, lengths[-1]
    for length in reversed(lengths[:-1]):
        if length > 2 * total:
            break
        count, total = count + 1, total + length
    return count


def merged(runs: Sequence[tuple[Hashes, Numbers]]) -> bytes:
    """Return several runs as the bytes of one."""
    return run_to_bytes(
        np.concatenate([hashes for hashes, _ in runs]), np.concatenate([numbers for _, numbers in runs])
    )
