"""One sync: ask until the rules are satisfied, judge every record, write it all, promote it last."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Protocol

import numpy as np

from ytxdata import times
from ytxdata.archive.known_meetings import ArchivedMeetings, evidence_of, exempt_of, pull_verdicts, to_state
from ytxdata.archive.migrations import migrated
from ytxdata.archive.new_or_changed import JUDGEMENTS, Intake
from ytxdata.archive.raw_answers import raw_records
from ytxdata.archive.rebuild import aliases_for, derive_again, parser_mark, rebuilt, rebuilt_if_outdated
from ytxdata.archive.storage.cleanup import heal, tidy
from ytxdata.archive.storage.compaction import compact_if_due
from ytxdata.archive.storage.disk_errors import telling_write_errors
from ytxdata.archive.storage.layout import birth, check_owner, no_archive, read_identity
from ytxdata.archive.storage.lock import writing
from ytxdata.archive.storage.snapshot import Snapshot, newest
from ytxdata.archive.storage.writer import Writer
from ytxdata.archive.sync_report import RebuildReport, SyncReport
from ytxdata.archive.versions import RejectIndex, VersionIndex
from ytxdata.archive.write_sync import write_intake
from ytxdata.errors import ArchiveWriteError
from ytxdata.history.proof.policy import Policy
from ytxdata.history.proof.reading import Judgement, Reading
from ytxdata.labels import Text
from ytxdata.records.aliases import Aliases
from ytxdata.records.answer import Answer
from ytxdata.records.profile import drift, profile


class Asker(Protocol):
    """What a sync needs of a client."""

    @property
    def identity(self) -> tuple[str, str]:
        """Account SID and application id."""

    def query_meeting(self, confid: str = "", meetingcount: int = 1) -> Answer:
        """Ask once."""


def sync(root: Path, client: Asker, aliases: Aliases | None, wait_s: float, policy: Policy) -> SyncReport:
    """Bring an archive up to date with the platform, holding its lock from the first question to the promotion.

    The lock spans the network on purpose: so the order of asking is the order of writing, and the rules of
    completeness judge an answer against all that was known when it was asked. Readers take no lock.
    """
    account = client.identity
    read_identity(root)  # what is something else is left alone, without even a lock in it
    with writing(root, wait_s):
        before = prepared(root, account, aliases)
        state = before.head.state if before else {}
        intake = Intake(VersionIndex(before), RejectIndex(before), aliases_for(before, aliases))
        reading = Reading(ArchivedMeetings(intake.versions, exempt_of(state)), evidence_of(state), times.now(), policy)
        while (asked := reading.ask) is not None:
            reading.take(intake.take(client.query_meeting("", asked)))
        judgement = reading.result()
        drift = drift_since(before, intake)
        with telling_write_errors(root):
            after = written(root, before, account, intake, judgement)
        with contextlib.suppress(ArchiveWriteError), telling_write_errors(root):
            # may fail: the sync is whole already, and a later one tries again
            tidy(root, before.head.sequence if before else 0, compact_if_due(root, after).head.sequence)
        return SyncReport(
            certificate=judgement.certificate,
            **{name: intake.tally[name] for name in ("received", "bytes", *JUDGEMENTS)},
            calls=len(intake.taken),
            drift=drift,
            notes=judgement.notes,
        )


def rebuild(root: Path, aliases: Aliases | None, wait_s: float) -> RebuildReport:
    """Derive all tables again, holding the archive's lock."""
    if read_identity(root) is None:
        raise no_archive(root)
    with writing(root, wait_s), telling_write_errors(root):
        snapshot = newest(root)
        heal(root, snapshot)
        if snapshot is None:
            raise no_archive(root)
        snapshot = migrated(root, snapshot)
        counts = rebuilt(root, snapshot, aliases_for(snapshot, aliases)).head.counts
    return RebuildReport(counts["observations"], counts["meetings"])


def prepared(root: Path, account: tuple[str, str], aliases: Aliases | None) -> Snapshot | None:
    """Return the archive's state, healed, checked, migrated and derived with the parser of today; None before birth."""
    identity = read_identity(root)
    if identity is None:
        return None
    check_owner(identity, root, *account)
    with telling_write_errors(root):
        snapshot = newest(root)
        heal(root, snapshot)
        if snapshot is None:
            return None
        return rebuilt_if_outdated(root, migrated(root, snapshot), aliases)


def written(
    root: Path, before: Snapshot | None, account: tuple[str, str], intake: Intake, judgement: Judgement
) -> Snapshot:
    """Write a whole sync and promote it."""
    if read_identity(root) is None:
        birth(root, *account)
    exempt = exempt_of(before.head.state if before else {})
    verdicts = pull_verdicts(judgement, {str(taken.call["pull_id"]) for taken in intake.taken})
    writer = Writer(root, before)
    changes = write_intake(writer, intake, verdicts)
    if intake.is_late:
        changes.counts.update(derive_again(writer, intake.aliases))
    state, parser = to_state(judgement, exempt), parser_mark(intake.aliases)
    return writer.promote("sync", state=state, parser=parser, counts=changes.counts, chain_sha256=changes.chain_sha256)


SAMPLE = 64
"""Records compared on either side: enough to miss no common field, few enough to cost next to nothing."""


def drift_since(before: Snapshot | None, intake: Intake) -> tuple[Text, ...]:
    """Return how the new records of a sync differ in shape from the newest ones of the syncs before."""
    fresh = [record.raw for record in intake.fresh[:SAMPLE]]
    if before is None or not fresh:
        return ()
    last = before.head.counts["observations"]
    known = raw_records(before, np.arange(max(0, last - SAMPLE), last))
    changes = drift(profile(list(known.values()), intake.aliases), profile(fresh, intake.aliases))
    return tuple(change.text for change in changes)
