"""Raw answers go through the rules once more, sync by sync, as they did when they came.

What a head claims rests on evidence that all syncs before it left behind. So a claim is judged anew in an archive of
its own, from the answers alone; and what a lost head had claimed is claimed again by the answers that were left.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count, islice
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ytxdata.archive.heads import Snapshot, head_path, newest
from ytxdata.archive.known_meetings import Unjudged, evidence_of
from ytxdata.archive.ownership import birth, writing
from ytxdata.archive.raw_answers import whole_answer
from ytxdata.archive.rebuild import Names, by_names, names_at
from ytxdata.archive.stored_rows import batches, read
from ytxdata.archive.sync import keep_answers, prepared, sync
from ytxdata.archive.write_sync import pull_verdicts
from ytxdata.errors import RefusedError
from ytxdata.files import make_private_folder, that_may_be_lost
from ytxdata.history.proof.policy import DEFAULT_POLICY, Policy
from ytxdata.history.proof.rules import Judgement, patient
from ytxdata.labels import Text
from ytxdata.records.aliases import Aliases
from ytxdata.records.answer import Answer, read_answer
from ytxdata.records.values import rows_of
from ytxdata.times import server_date

_ACCOUNT = ("recomputed", "")


class _EndedError(RefusedError):
    """The sync that is judged again was interrupted here, or its next question was another one."""


class Recorded:
    """A platform that answers as it did then: the first question of a sync with whatever came, others as they were
    asked.

    Parameters
    ----------
    verdicts
        What each pull was found to prove, where that is told: its sync came to an end.
    """

    identity = _ACCOUNT

    def __init__(self, answers: Iterable[Answer], verdicts: Mapping[str, str | None] = MappingProxyType({})) -> None:
        self._rest = iter(answers)
        self.next = next(self._rest, None)
        self.verdicts = verdicts
        self.unclaimed: list[str] = []
        self._given: list[str] = []

    def begin(self) -> None:
        """Let the next sync begin."""
        self._given = []

    def query_meeting(self, confid: str = "", meetingcount: int = 1) -> Answer:  # noqa: ARG002 (a platform's words)
        """Return the next answer."""
        answer = self.next
        if answer is None or (self._given and answer.asked_n != meetingcount):
            raise _EndedError(Text("没有下一个回答", "there is no next answer"))
        self._given.append(answer.pull_id)
        self.next = next(self._rest, None)
        return answer

    def judged(self, judgement: Judgement) -> None:
        """Let no sync claim by answers of which the rules make something and none bears a verdict: one was kept beside
        damage, and looked like a sync that had asked all it wanted.
        """
        told = [self.verdicts.get(one, "") for one in self._given]
        if all(one is None for one in told) and pull_verdicts(judgement, self._given):
            self.unclaimed += self._given
            raise _EndedError(Text("没有结论", "nothing was claimed by it"))


Patience = Callable[[str], timedelta]
"""What tells how late a meeting might be listed, as the sync of a pull assumed."""


def replay(
    root: Path,
    answers: Iterable[Answer],
    aliases: Aliases,
    settle_of: Patience,
    verdicts: Mapping[str, str | None] = MappingProxyType({}),
) -> list[str]:
    """Sync an archive with answers of old, each sync at the time of its first answer.

    Where a sync ended is seen by what the rules would have asked next: one that was interrupted, by the answers that
    are no answers to that. These are kept without a claim, as they were then; and those of which no pull bears a
    verdict, where these are told, are returned.
    """
    platform = Recorded(answers, verdicts)
    while platform.next is not None:
        platform.begin()
        policy = replace(DEFAULT_POLICY, settle=settle_of(platform.next.pull_id))
        with suppress(_EndedError):
            sync(root, platform, aliases, 0, policy, platform.next.asked_at, platform.judged)
    return platform.unclaimed


def verdicts_of(pulls: Iterable[Mapping[str, Any]]) -> dict[str, str | None]:
    """Return what each pull was found to prove; nothing of those that an earlier version kept."""
    return {pull["pull_id"]: pull["verdict"] for pull in pulls if pull.get("settle_s") is not None}


def patience(pulls: Iterable[Mapping[str, Any]], otherwise: Patience) -> Patience:
    """Return what tells it as the pulls do; of those that an earlier version kept, which said nothing, as others do."""
    told = {pull["pull_id"]: pull["settle_s"] for pull in pulls if pull.get("settle_s") is not None}
    return lambda pull_id: at_least(told[pull_id]) if pull_id in told else otherwise(pull_id)


def at_least(settle_s: int) -> timedelta:
    """Return a time to settle that may be told; no sync ever took less than the rules do."""
    return max(timedelta(seconds=settle_s), DEFAULT_POLICY.settle)


def replayed(
    root: Path, answers: Sequence[Answer], names: Names, settle_of: Patience, verdicts: Mapping[str, str | None]
) -> list[str]:
    """Sync an archive with answers of old, by the names of fields that were known then, and at last by the newest."""
    rest, unclaimed = iter(answers), list[str]()
    for aliases, n in by_names(names, 0, len(answers)):
        unclaimed += replay(root, islice(rest, n), aliases, settle_of, verdicts)
    keep(root, (), names[-1][1])
    return unclaimed


def keep(root: Path, answers: Sequence[Answer], aliases: Aliases) -> None:
    """Keep answers that nothing is claimed by."""
    with writing(root, 0):
        before, _ = prepared(root, _ACCOUNT, aliases)
        keep_answers(root, before, _ACCOUNT, answers, aliases)


def told_at(steps: Iterable[Sequence[Any]]) -> Callable[[str], Any]:
    """Return what tells, of pulls that are named one after the other, what is kept in steps (`times.steps_after`)."""
    told_from, told = {str(pull_id): one for pull_id, one in steps}, None

    def told_of(pull_id: str) -> Any:
        nonlocal told
        told = told_from.get(pull_id, told)
        return told

    return told_of


def clock_by(kept: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], float | None]:
    """Return what tells how far this machine's clock was ahead [s] as the platform's `Date` said with pulls that are
    given one after the other: they say it themselves, but for those of earlier versions, of which heads alone do.
    """
    clock_of = told_at(kept.get("clocks", ()))

    def ahead_of(pull: Mapping[str, Any]) -> float | None:
        by_heads: float | None = clock_of(pull["pull_id"])
        return by_heads if pull.get("settle_s") is None else pull.get("ahead_s")

    return ahead_of


def told_by_heads(kept: Mapping[str, Any]) -> Callable[[Mapping[str, Any], datetime, datetime], dict[str, Any]]:
    """Return what tells how to read stored answers, their pulls given one after the other, as the heads of the HTTP
    answers had them read then: of these their bytes know nothing.
    """
    ahead_of = clock_by(kept)

    def told_of(pull: Mapping[str, Any], asked_at: datetime, answered_at: datetime) -> dict[str, Any]:
        date = server_date(ahead_of(pull), asked_at, answered_at)
        return {"server_date": date, "told": (None,) if pull.get("told_more") else ()}

    return told_of


def recorded(snapshot: Snapshot, names: Names) -> Iterator[Answer]:
    """Yield the answers of all pulls as they were read then, in the order of keeping."""
    place = count()
    columns = (
        "pull_id", "asked_at", "answered_at", "asked_n", "attempts", "sha256", "told_more", "settle_s", "ahead_s",
        "form", "gaps", "numbers",
    )  # fmt: skip
    told_of = told_by_heads(snapshot.head.state)
    for pulls in batches(snapshot, "pulls", columns):
        for pull in pulls.to_pylist():
            yield read_answer(
                whole_answer(snapshot, pull), asked_at=pull["asked_at"], answered_at=pull["answered_at"], asked_n=pull["asked_n"],
                attempts=pull["attempts"], aliases=names_at(names, next(place)), **told_of(pull, pull["asked_at"], pull["answered_at"]),
            )  # fmt: skip


@contextmanager
def beside() -> Iterator[Path]:
    """Give a folder among temporary ones for archives that are looked at once."""
    with (
        tempfile.TemporaryDirectory(prefix="ytxdata-recompute-", ignore_cleanup_errors=True) as folder,
        that_may_be_lost(),
    ):
        yield Path(folder)


def state_after(before: Snapshot, after: Snapshot, aliases: Aliases, policy: Policy) -> dict[str, Any]:
    """Return what a head says once the answers that came since a state are judged as their syncs judged them.

    Parameters
    ----------
    before
        The state they came after; without a list of files, that before all.
    after
        What is there now: its pulls and its observations.
    policy
        How late a meeting may be listed where neither the pulls nor the evidence from before say it.

    Raises
    ------
    DamagedError
        An answer is not what was written.
    """
    settle = patient(policy, evidence_of(before.head.state)).settle
    with beside() as folder:
        root = folder / "archive"
        if before.listed:
            _laid_out(root, before)
        first = before.head.counts["pulls"] if before.listed else 0
        pulls = read(after, "pulls", ("pull_id", "settle_s", "verdict")).to_pylist()
        answers = islice(recorded(after, [(0, aliases)]), first, None)
        replay(root, answers, aliases, patience(pulls, lambda _: settle), verdicts_of(pulls))
        judged = newest(root)
        assert judged is not None  # pulls were taken in
        unjudged = _renumbered(Unjudged.of(judged.head.state), judged, after)
        state = {name: value for name, value in judged.head.state.items() if name not in ("unjudged", "dated")}
        return {**state, **unjudged.to_state()}


def _laid_out(root: Path, snapshot: Snapshot) -> None:
    """Lay a state out as an archive of its own: its files are never written again, so that a link is as good as a
    copy.
    """
    birth(root, *_ACCOUNT)
    here = head_path(root, snapshot.head.sequence)
    make_private_folder(here.parent)
    shutil.copyfile(head_path(snapshot.root, snapshot.head.sequence), here)
    for file in (file for table in snapshot.listed.values() for file in table):
        make_private_folder((root / file.path).parent)
        try:
            os.link(snapshot.root / file.path, root / file.path)
        except OSError:  # another disk, or one that knows no links
            shutil.copyfile(snapshot.root / file.path, root / file.path)


def _renumbered(unjudged: Unjudged, source: Snapshot, target: Snapshot) -> Unjudged:
    """Return which observations of another archive with these records no finished sync has listed."""
    hash_of = unjudged.hashes(source)
    number_of: dict[bytes, int] = {}
    for rows in batches(target, "observations", ("obs", "record_hash")) if hash_of else ():
        found = rows.filter(pc.is_in(rows["record_hash"], pa.array(hash_of.values(), pa.binary())))
        number_of |= rows_of(found, ("record_hash", "obs"))
    numbers = [number_of[hash_of[obs]] for obs in unjudged.numbers.tolist()]
    since = {number_of[hash_of[obs]]: at for obs, at in unjudged.since.items()}
    return Unjudged(np.array(sorted(numbers), dtype=np.int64), since)
