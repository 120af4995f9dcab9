"""What the rules of completeness see of one answer: the only place where they meet a table and raw bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from hashlib import sha256

import pyarrow as pa

from ytxdata.history.proof.evidence import Bulk, PullFacts, Seen
from ytxdata.records.answer import Answer
from ytxdata.records.unread import n_said
from ytxdata.records.values import rows_of
from ytxdata.times import clock_step

_KINDS = {None: None, True: "booked", False: "instant"}


def pull_facts(answer: Answer, meetings: pa.Table, n_rejected: int) -> PullFacts:
    """Return the facts of one answer from its normalised meetings: every accepted record, doubled ones included."""
    columns = ("row", *Seen._fields[:5], "is_booked", "n_legs", "booked_at")
    seen = [
        Seen(key, start, end, digest, creator, _size(answer, row, n_legs), _KINDS[is_booked], booked_at)
        for row, key, start, end, digest, creator, is_booked, n_legs, booked_at in rows_of(meetings, columns)
    ]
    read = (
        dict(zip(meetings["row"].to_pylist(), meetings["record_hash"].to_pylist(), strict=True)) if n_rejected else {}
    )
    rows = ((read.get(row) or sha256(one.raw).hexdigest(), row in read) for row, one in enumerate(answer.records))
    skew_s = clock_step(answer.server_date, answer.asked_at, answer.answered_at)
    return PullFacts(
        pull_id=answer.pull_id,
        asked_at=answer.asked_at,
        answered_at=answer.answered_at,
        asked_n=answer.asked_n,
        records=seen,
        n_rejected=n_rejected,
        size=Bulk(len(answer.raw), sum(one.size.n_characters for one in seen), sum(one.size.n_legs for one in seen)),
        clock_skew=None if skew_s is None else timedelta(seconds=abs(skew_s)),
        is_doubtful=answer.is_doubtful,
        unread=unread(rows, is_cut=len(answer.records) == answer.asked_n) if n_rejected else (),
    )


def unread(rows: Iterable[tuple[str, bool]], *, is_cut: bool) -> tuple[tuple[str, ...], ...]:
    """Return of each record that was not understood by what it is known again: its text, and between which it stands.

    Not by its text alone: all records that a platform fails to render may have one. What takes the place of one that
    went, between the same two records, began when that may have. Above all others, and below them in a whole answer,
    is no such place: the next record that is listed there is younger. Where our own number cut the answer, the upper
    neighbour must do.

    Parameters
    ----------
    rows
        Hash of each record in the order of the answer, and whether it was understood.
    is_cut
        Our own number ended the answer.

    Examples
    --------
    >>> [len(one) for one in unread([("x", False), ("a", True), ("x", False), ("b", True)], is_cut=False)]
    [0, 2]
    """
    found, waiting = list[tuple[str, ...]](), list[str]()
    above, same = "", Counter[str]()
    for digest, is_read in rows:
        if is_read:
            found += [_names(one, f"{one} {digest}") if above else () for one in waiting]
            above, same, waiting = digest, Counter(), []
        else:
            same[digest] += 1
            waiting.append(f"{digest} {same[digest]} {above}")
    return (*found, *(_names(one) if above and is_cut else () for one in waiting))


def _names(upper: str, both: str = "") -> tuple[str, ...]:
    return tuple(sha256(one.encode()).hexdigest()[:32] for one in (both, upper) if one)


def _size(answer: Answer, row: int, n_legs: int | None) -> Bulk:
    raw = answer.records[row].raw
    text = raw.decode("utf-8", "replace")  # an escaped character is one to whoever counts before it was escaped
    return Bulk(len(raw), len(text) - 5 * raw.count(b"\\u"), n_legs or n_said(raw, answer.aliases))
