"""What an answer tells of itself: its records in order to the rules of completeness, how it was asked to `pulls`."""

from __future__ import annotations

from datetime import timedelta

import pyarrow as pa

from ytxdata.history.proof.evidence import PullFacts, Seen
from ytxdata.platform.transport import clock_skew
from ytxdata.records.answer import Answer
from ytxdata.records.schema import rows_of as cells_of
from ytxdata.version import __version__


def pull_facts(answer: Answer, meetings: pa.Table, n_rejected: int) -> PullFacts:
    """Return the facts of one answer from its normalised meetings: every accepted record, doubled ones included."""
    columns = ("row", "meeting_id", "started_at", "ended_at", "record_hash", "creator")
    rows = sorted(cells_of(meetings, columns))
    seen = [
        Seen(meeting_id, started_at, ended_at, record_hash, creator, len(answer.records[row].raw))
        for row, meeting_id, started_at, ended_at, record_hash, creator in rows
    ]
    skew_s = clock_skew(answer.server_date, answer.asked_at, answer.answered_at)
    return PullFacts(
        pull_id=answer.pull_id,
        asked_at=answer.asked_at,
        answered_at=answer.answered_at,
        asked_n=answer.asked_n,
        records=seen,
        n_rejected=n_rejected,
        n_bytes=len(answer.raw),
        clock_skew=None if skew_s is None else timedelta(seconds=abs(skew_s)),
    )


def call_row(answer: Answer) -> dict[str, object]:
    """Return what a row of `pulls` says of a call by itself."""
    return {
        "pull_id": answer.pull_id,
        "asked_at": answer.asked_at,
        "answered_at": answer.answered_at,
        "asked_n": answer.asked_n,
        "returned_n": len(answer.records),
        "confid": answer.confid or None,
        "status_code": answer.status_code,
        "request_id": answer.request_id,
        "attempts": answer.attempts,
        "bytes": len(answer.raw),
        "encoding": answer.encoding,
        "sha256": answer.sha256,
        "package_version": __version__,
    }
