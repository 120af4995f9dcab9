"""Judge again what an archive claims: its raw answers go through the rules once more, sync by sync, into an archive of
their own.

A head's evidence is what all syncs before it left behind, so no part of it can be judged by itself: whoever edits it,
and the hash of the newest head, which nothing follows yet, leaves both in agreement. What it follows from is the
answers, whose hashes stand in the chain of pulls.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, NamedTuple

from ytxdata.archive.heads import Snapshot, batches, newest, read_head, sequences
from ytxdata.archive.known_meetings import evidence_of
from ytxdata.archive.ownership import writing
from ytxdata.archive.raw_answers import put_together
from ytxdata.archive.sync import keep_answers, prepared, sync
from ytxdata.errors import DamagedError, NetworkError
from ytxdata.files import that_may_be_lost
from ytxdata.history.proof.rules import DEFAULT_POLICY
from ytxdata.labels import Text
from ytxdata.records.answer import Answer, read_answer
from ytxdata.records.schema import Aliases

CLOCK = timedelta(minutes=10)
"""How far the platform's clock may have been off before a sync says so itself: that is kept in no pull, and edges of
what is claimed lie that far elsewhere."""

_CLAIMS = ("periods", "outside", "evidence", "exempt")
_ACCOUNT = ("recomputed", "")


class _EndedError(NetworkError):
    """The sync that is judged again was interrupted here, or its next question was another one."""


class Recorded:
    """A platform that answers as it did then: the first question of a sync with whatever came, others as they were
    asked.
    """

    identity = _ACCOUNT

    def __init__(self, answers: Iterable[Answer]) -> None:
        self._rest = iter(answers)
        self.next = next(self._rest, None)
        self._is_first = True

    def begin(self) -> None:
        """Let the next sync begin."""
        self._is_first = True

    def query_meeting(self, confid: str = "", meetingcount: int = 1) -> Answer:  # noqa: ARG002 (a platform's words)
        """Return the next answer."""
        answer = self.next
        if answer is None or not (self._is_first or answer.asked_n == meetingcount):
            raise _EndedError(Text("没有下一个回答", "there is no next answer"))
        self.next, self._is_first = next(self._rest, None), False
        return answer


def replay(root: Path, answers: Iterable[Answer], aliases: Aliases, settle: timedelta) -> None:
    """Sync an archive with answers of old, each sync at the time of its first answer.

    Where a sync ended is seen by what the rules would have asked next: one that was interrupted, by the answers that
    are no answers to that. These are kept without a claim, as they were then.
    """
    platform, policy = Recorded(answers), replace(DEFAULT_POLICY, settle=settle)
    while platform.next is not None:
        platform.begin()
        with suppress(_EndedError):
            sync(root, platform, aliases, 0, policy, platform.next.asked_at)


class _Span(NamedTuple):
    """Pulls from one kept head to the next; `is_claimed` is False for those that nothing was claimed by."""

    n_pulls: int
    is_claimed: bool


def claims_that_differ(snapshot: Snapshot) -> Iterator[Text]:
    """Yield what a head claims and its answers do not give.

    Parsed, judged and written again, each sync costs what it cost then, and the copy lies in the folder for temporary
    files meanwhile.
    """
    told = snapshot.head.state
    settle = max(timedelta(seconds=evidence_of(told).settle_s), DEFAULT_POLICY.settle)
    with (
        tempfile.TemporaryDirectory(prefix="ytxdata-recompute-", ignore_cleanup_errors=True) as folder,
        that_may_be_lost(),
    ):
        root = Path(folder) / "archive"
        answers = _answers(snapshot)
        for span in _spans(snapshot):
            mine = islice(answers, span.n_pulls)
            if span.is_claimed:
                replay(root, mine, snapshot.aliases, settle)
            else:
                _kept(root, list(mine), snapshot.aliases)
        after = newest(root)
        derived = after.head.state if after else {}
    for name in _CLAIMS:
        where = next(_differences(name, told.get(name), derived.get(name)), None)
        if where is not None:
            yield _OTHER.format(where=where[0], told=str(where[1])[:80], derived=str(where[2])[:80])


_OTHER = Text(
    "{where} 为 {told}，由原始回答按现行规则得出的是 {derived}",
    "{where} is {told}; by the rules of today {derived} follows from the raw answers",
)


def _kept(root: Path, answers: Sequence[Answer], aliases: Aliases) -> None:
    with writing(root, 0):
        ready = prepared(root, _ACCOUNT, aliases)
        keep_answers(root, ready.snapshot if ready else None, _ACCOUNT, answers, aliases)


def _spans(snapshot: Snapshot) -> Iterator[_Span]:
    """Yield the pulls between heads that are kept, as far as these tell; where heads went, of many syncs together."""
    kept = [(0, 0, "")]
    for number in sequences(snapshot.root):
        with suppress(DamagedError):
            body = read_head(snapshot.root, number).body
            kept.append((number, body["counts"].get("pulls", 0), body["kind"]))
    for (before, first, _), (number, end, kind) in pairwise(kept):
        if end > first:
            yield _Span(end - first, is_claimed=kind == "sync" or number > before + 1)


def _answers(snapshot: Snapshot) -> Iterator[Answer]:
    """Yield the answers of all pulls as they were read then, in the order of keeping."""
    aliases = snapshot.aliases
    columns = ("pull_id", "asked_at", "answered_at", "asked_n", "attempts", "sha256", "form", "gaps", "numbers")
    for pulls in batches(snapshot, "pulls", columns):
        for pull in pulls.to_pylist():
            raw = put_together(snapshot, pull)
            if raw is None:
                what = pull["pull_id"]
                raise DamagedError(Text(f"调用 {what} 的原始回答已损坏", f"the raw answer of pull {what} is damaged"))
            yield read_answer(
                raw, asked_at=pull["asked_at"], answered_at=pull["answered_at"], asked_n=pull["asked_n"],
                attempts=pull["attempts"], aliases=aliases,
            )  # fmt: skip


def _differences(where: str, told: Any, derived: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield the places where two JSON values differ, instants by more than the clocks may have been apart."""
    if isinstance(told, dict) and isinstance(derived, dict) and told.keys() == derived.keys():
        for key in told:
            yield from _differences(f"{where}.{key}", told[key], derived[key])
    elif isinstance(told, list | tuple) and isinstance(derived, list | tuple) and len(told) == len(derived):
        for place, pair in enumerate(zip(told, derived, strict=True)):
            yield from _differences(f"{where}[{place}]", *pair)
    elif told != derived and not _is_near(told, derived):
        yield where, told, derived


def _is_near(told: Any, derived: Any) -> bool:
    with suppress(ValueError, TypeError):
        return abs(datetime.fromisoformat(told) - datetime.fromisoformat(derived)) <= CLOCK
    return False
