"""What the rules of completeness see of one answer: the only place where they meet a table and raw bytes."""

from __future__ import annotations

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
    read = set(meetings["row"].to_pylist()) if n_rejected else ()
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
        unread=tuple(
            sha256(one.raw).hexdigest() for row, one in enumerate(answer.records) if n_rejected and row not in read
        ),
    )


def _size(answer: Answer, row: int, n_legs: int | None) -> Bulk:
    raw = answer.records[row].raw
    text = raw.decode("utf-8", "replace")  # an escaped character is one to whoever counts before it was escaped
    return Bulk(len(raw), len(text) - 5 * raw.count(b"\\u"), n_legs or n_said(raw, answer.aliases))
