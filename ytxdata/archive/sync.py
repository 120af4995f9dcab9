"""One sync: ask until the rules are satisfied, judge every record, write it all, promote it last, and tell what came of it."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np

from ytxdata import times
from ytxdata.archive.changes import JUDGEMENTS, Intake
from ytxdata.archive.cleanup import compact_if_due, heal, let_damaged_lists_go, migrated, tidy
from ytxdata.archive.heads import Snapshot, newest
from ytxdata.archive.kept_answers import (
    ALL_WRITTEN,
    ANSWERS_KEPT,
    KEPT_BESIDE,
    KEPT_WHOLE,
    NOTHING_KEPT,
    STILL_BESIDE,
    InterruptedSync,
    keep_whole,
    kept_whole,
    waiting,
)
from ytxdata.archive.known_meetings import (
    ArchivedMeetings,
    RejectIndex,
    Unjudged,
    VersionIndex,
    certificate_of,
    evidence_of,
    exempt_of,
    to_state,
)
from ytxdata.archive.ownership import birth, check_owner, read_identity, writing
from ytxdata.archive.rebuild import derive_again, rebuilt
from ytxdata.archive.stored_files import INTERRUPTED, telling_write_errors
from ytxdata.archive.witnesses import heard_again
from ytxdata.archive.write_sync import (
    Writer,
    drift_since,
    pull_verdicts,
    taken_up,
    write_intake,
)
from ytxdata.errors import ArchiveWriteError, DamagedError
from ytxdata.files import uninterrupted
from ytxdata.history.proof.certificate import Certificate
from ytxdata.history.proof.evidence import Evidence, Note
from ytxdata.history.proof.policy import DEFAULT_POLICY, Policy
from ytxdata.history.proof.rules import Judgement, Reading, patient
from ytxdata.history.proof.unprovable import unfinished
from ytxdata.labels import Text, preferred_lang
from ytxdata.records.aliases import DEFAULT, Aliases
from ytxdata.records.answer import Answer
from ytxdata.records.normalize import parser_mark
from ytxdata.templates import BADGES, facts_card


@dataclass(frozen=True)
class SyncReport:
    """The result of one completed sync.

    Every record that came in is exactly one of `new`, `changed`, `unchanged`, `rejected`, `duplicates`.

    Parameters
    ----------
    certificate
        What may be claimed about the archive after this sync.
    received
        Records of all answers of this sync.
    new, changed
        Meetings not known before, and new versions of known ones; both are stored now.
    unchanged
        Records that are stored already, byte for byte; and those that tell no start of a meeting which has one, and
        take no place of it.
    rejected
        Records that cannot be a meeting; kept with the reason.
    duplicates
        Records of a meeting that came more than once in this sync; `notes` tells of those that are not the same.
    calls
        Questions asked.
    bytes
        Size of all answers [bytes].
    drift
        How the shape of the records changed since the sync before.
    notes
        What else was noticed, and what the answers themselves warn of.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> import tempfile
    >>> from ytxdata.emulator import Emulator
    >>> archive = ytx.Archive(tempfile.mkdtemp() + "/m.archive")
    >>> with Emulator(meetings=30) as server:
    ...     report = archive.sync(ytx.Client(base_url=server.url, **server.credentials))
    >>> report.line.en[:9]
    '30 record'
    """

    certificate: Certificate
    received: int
    new: int
    changed: int
    unchanged: int
    rejected: int
    duplicates: int
    calls: int
    bytes: int
    drift: tuple[Text, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def line(self) -> Text:
        """The result in one line."""
        verdict = BADGES[self.certificate.badge]
        line = _LINE.format(
            **self._numbers(), verdict_zh=verdict.zh, verdict_en=verdict.en, verdict=self.certificate.worst,
            records="record" if self.received == 1 else "records", twice="duplicate" if self.duplicates == 1 else "duplicates",
        )  # fmt: skip
        # counted among the duplicates, a record that says something else would look like one that says the same
        told = [note.text for note in self.notes if note.key == "contradiction"]
        return Text("；".join(text.zh for text in (line, *told)), "; ".join(text.en for text in (line, *told)))

    @property
    def warnings(self) -> tuple[Text, ...]:
        """What a reader should know: changes of shape and things noticed."""
        return (*self.drift, *(note.text for note in self.notes))

    def to_dict(self) -> dict[str, object]:
        """Return it as plain JSON values, for programs."""
        return {
            **self._numbers(),
            "verdict": self.certificate.worst,
            "sentence": self.certificate.sentence._asdict(),
            "warnings": [text._asdict() for text in self.warnings],
        }

    def _numbers(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in _NUMBERS}

    def __str__(self) -> str:
        return self.line.in_(preferred_lang())

    def _repr_html_(self) -> str:
        rows = [(name, f"{getattr(self, field):,}") for field, name in _NUMBERS.items()]
        lang = preferred_lang()
        rows += [(_WARNING, text.in_(lang)) for text in self.warnings]
        return facts_card(_TITLE, rows, note=self.certificate.sentence, verdict=self.certificate.badge, lang=lang)


_DERIVED_ANEW = Text(
    "存档中由原始数据得出的部分有损坏，已由原始数据重新得出；磁盘可能有坏块：请运行 ytxdata verify",
    "what is derived in the archive was damaged, and was made anew from the raw data. The disk may have bad blocks: run ytxdata verify",
)
_TOLD_LESS = Text(
    "{n} 场已知开始时刻的会议有了没有开始时刻的新记录：会议保留已知内容，只补上此前未知的；说法不同之处见 archive.problems()。若平台取消预约时清空开始时刻，也会如此",
    "of {n} meetings whose start is known, new records tell none: they keep what they had and gain what was not known; "
    "what is told otherwise is in archive.problems(). So it is, too, where the platform blanks the start of what is cancelled",
)
_TITLE = Text("同步结果", "sync")
_WARNING = Text("提醒", "warning")
_NUMBERS: Mapping[str, Text] = {
    "received": Text("收到记录", "records received"),
    "new": Text("新会议", "new meetings"),
    "changed": Text("有变化", "changed"),
    "unchanged": Text("无变化", "unchanged"),
    "rejected": Text("拒收", "rejected"),
    "duplicates": Text("重复", "duplicates"),
    "calls": Text("调用次数", "calls"),
    "bytes": Text("字节", "bytes"),
}
_LINE = Text(
    "收到 {received} 条 = 新 {new} + 变化 {changed} + 未变 {unchanged} + 拒收 {rejected} + 重复 {duplicates}；"
    "调用 {calls} 次，{bytes} 字节；完整性 {verdict}（{verdict_zh}）",
    "{received} {records} = {new} new + {changed} changed + {unchanged} unchanged + {rejected} rejected + {duplicates} {twice}; "
    "calls: {calls}, bytes: {bytes}; completeness {verdict} ({verdict_en})",
)


class Asker(Protocol):
    """What a sync needs of a client."""

    @property
    def identity(self) -> tuple[str, str]:
        """Account SID and application id."""

    def query_meeting(self, confid: str = "", meetingcount: int = 1) -> Answer:
        """Ask once."""


def sync(
    root: Path,
    client: Asker,
    aliases: Aliases | None,
    wait_s: float,
    policy: Policy,
    now: datetime | None = None,
    judged: Callable[[Judgement], object] = bool,
) -> SyncReport:
    """Bring an archive up to date with the platform, holding its lock from the first question to the promotion.

    The lock spans the network on purpose: so the order of asking is the order of writing, and the rules of
    completeness judge an answer against all that was known when it was asked. Readers take no lock.
    `now` is when the sync begins, and `judged` may still end it, where answers of old are synced again.
    """
    account = client.identity
    read_identity(root)  # what is something else is left alone, without even a lock in it
    with writing(root, wait_s):
        before, told, damage = _ready(root, account, aliases)
        noted: list[Note] = []
        if before is not None:
            before, noted = _with_kept(root, before, account, aliases)
        try:
            intake, reading = _begun(before, aliases, now, policy)
        except DamagedError:
            try:
                before = _derived_anew(root, before, aliases)
                intake, reading = _begun(before, aliases, now, policy)
            except DamagedError as error:
                damage = error
                intake, reading = _begun(None, aliases, now, policy)
            noted.append(Note("damaged", _DERIVED_ANEW))
        answers: list[Answer] = []
        said: dict[Text, str] = {}
        try:
            try:
                while (asked := reading.ask) is not None:
                    answers.append(client.query_meeting("", asked))
                    reading.take(intake.take(answers[-1]))
                    said = dict.fromkeys(answers[-1].warnings, answers[-1].pull_id) | said
                if damage is not None:
                    raise damage
                judgement = reading.result()
                judged(judgement)
                drift = drift_since(before, intake)
            except KeyboardInterrupt:
                with uninterrupted():  # pressed twice, it would end what keeps them
                    kept = keep_answers(root, before, account, answers, intake.aliases, damage)
                raise InterruptedSync(kept) from None
            if before is None:  # nothing is stored that could be damaged, and many years need not be in memory twice
                answers.clear()
            try:
                with uninterrupted(), telling_write_errors(root):
                    after = written(root, before, account, intake, judgement)
            except KeyboardInterrupt:
                raise InterruptedSync(ALL_WRITTEN) from None
        except Exception as error:
            # the platform may list a record once and never again: its answers are evidence, whatever went wrong since
            if answers and not isinstance(error, ArchiveWriteError):
                error.add_note(keep_answers(root, before, account, answers, intake.aliases, damage).in_("both"))
            raise
        with contextlib.suppress(ArchiveWriteError), telling_write_errors(root):
            # may fail: the sync is whole already, and a later one tries again
            tidy(root, before.head.sequence if before else 0, compact_if_due(root, after).head.sequence)
        return SyncReport(
            certificate=certificate_of(after.head.state, times.now()),
            **{name: intake.tally[name] for name in ("received", "bytes", *JUDGEMENTS)},
            calls=len(intake.taken),
            drift=drift,
            # parties beside meetings, records inside of records: told of the answer, they are in no table
            notes=(
                *noted,
                *told,
                *taken_up(before, after),
                *_told_less(intake),
                *judgement.notes,
                *(Note("answer", warning, pull_id=pull_id) for warning, pull_id in said.items()),
            ),
        )


def prepared(root: Path, account: tuple[str, str], aliases: Aliases | None) -> tuple[Snapshot | None, Sequence[Note]]:
    """Return the archive's state, healed, checked, migrated, and derived and measured as today, and what to tell of
    that; None before birth.
    """
    identity = read_identity(root)
    if identity is None:
        return None, ()
    check_owner(identity, root, *account)
    with telling_write_errors(root):
        snapshot = newest(root)
        heal(root, snapshot)
        if snapshot is None:
            return None, ()
        snapshot = migrated(root, snapshot)
        wanted = aliases or snapshot.aliases
        is_of_today = snapshot.head.parser == parser_mark(wanted) and not evidence_of(snapshot.head.state).is_of_bytes
        if is_of_today:
            return snapshot, ()
        done = rebuilt(root, snapshot, wanted)
        return done.snapshot, done.notes


def _ready(
    root: Path, account: tuple[str, str], aliases: Aliases | None
) -> tuple[Snapshot | None, Sequence[Note], DamagedError | None]:
    """Return what is prepared, or what is wrong with the raw data from which it should be derived anew. The platform is
    asked all the same, as if nothing was known: it may list a record once and never again.
    """
    try:
        return *prepared(root, account, aliases), None
    except DamagedError as damage:
        newest(root)  # a damaged control file is none of that: it ends the sync before anything is asked
        return None, (), damage


def _begun(
    before: Snapshot | None, names: Aliases | None, now: datetime | None, policy: Policy
) -> tuple[Intake, Reading]:
    intake, known, evidence = _intake(before, names)
    return intake, Reading(known, evidence, now or times.now(), policy)


def _intake(before: Snapshot | None, names: Aliases | None) -> tuple[Intake, ArchivedMeetings, Evidence]:
    state = before.head.state if before else {}
    intake = Intake(VersionIndex(before), RejectIndex(before), names or (before.aliases if before else DEFAULT))
    return intake, ArchivedMeetings(intake.versions, exempt_of(state), Unjudged.of(state)), evidence_of(state)


def _derived_anew(root: Path, before: Snapshot | None, aliases: Aliases | None) -> Snapshot:
    """Return the state with all that follows from raw data made anew: its damage keeps nothing out that is listed once."""
    assert before is not None  # or nothing would be stored
    with telling_write_errors(root):
        heal(root, before)  # what this very sync may have begun to write
        after = rebuilt(root, before, aliases or before.aliases).snapshot
        let_damaged_lists_go(root)
    return after


def keep_answers(
    root: Path,
    before: Snapshot | None,
    account: tuple[str, str],
    answers: Sequence[Answer],
    aliases: Aliases,
    damage: DamagedError | None = None,
) -> Text:
    """Keep the answers of a sync that does not come to its end, with every record in them; return what to tell of it.

    The platform may list a record once and never again. Nothing is claimed: see `Unjudged`. What they cannot speak for
    stays: a record that was not understood may be gone when the next sync asks, and be the meeting that is missing.
    Where raw data is damaged, or the answers cannot be judged at all, nothing is derived from them.
    """
    if not answers:
        return NOTHING_KEPT
    if damage is None:
        with contextlib.suppress(Exception):
            return _kept(root, before, account, answers, aliases)
        with contextlib.suppress(Exception):
            text = _kept(root, _derived_anew(root, before, aliases), account, answers, aliases)
            return Text(f"{text.zh}；{_DERIVED_ANEW.zh}", f"{text.en}; {_DERIVED_ANEW.en}")
    with telling_write_errors(root):
        keep_whole(root, answers)
    return KEPT_WHOLE.format(n=len(answers))


def _kept(
    root: Path, before: Snapshot | None, account: tuple[str, str], answers: Sequence[Answer], aliases: Aliases
) -> Text:
    # judged anew: an intake that was interrupted may have taken half an answer
    intake, known, evidence = _intake(before, aliases)
    # with the patience of the syncs before: a head tells no other, and these answers are judged again by what it tells
    left = unfinished(known, evidence, list(map(intake.take, answers)), patient(DEFAULT_POLICY, evidence))
    with telling_write_errors(root):
        state, first = (before.head.state, before.head.counts["observations"]) if before else ({}, 0)
        kept = Unjudged.of(state).joined(first, first + len(intake.fresh)).to_state()
        judged = {} if left == evidence else {"evidence": left.to_dict()}
        _promoted(root, before, account, intake, {**state, **kept, **judged}, "interrupted")
    return ANSWERS_KEPT.format(n=len(answers), new=intake.tally["new"], changed=intake.tally["changed"])


def _with_kept(
    root: Path, before: Snapshot, account: tuple[str, str], names: Aliases | None
) -> tuple[Snapshot, list[Note]]:
    """Take in what a sync kept beside damaged raw data, as of one that was interrupted: left there, a meeting that only
    these answers list was missing in time that later syncs called PROVEN.
    """
    if not (root / INTERRUPTED).exists():
        return before, []
    notes, left = list[Note](), waiting(root, before)
    if answers := kept_whole(left, names or before.aliases):
        try:
            _kept(root, before, account, answers, names or before.aliases)
            notes.append(Note("kept_whole", KEPT_BESIDE.format(n=len(answers))))
            before = newest(root) or before
            left = waiting(root, before)
        except Exception:  # it is damaged still, or what follows from it is: the next sync tries again
            heal(root, before)
    return before, [*notes, *([Note("kept_whole", STILL_BESIDE.format(n=len(left)))] if left else [])]


def _told_less(intake: Intake) -> tuple[Note, ...]:
    """Return of how many meetings new records say less than is known; a cancelled booking looks like a list of ids."""
    n = intake.tally["told_less"]
    return (Note("told_less", _TOLD_LESS.format(n=n)),) if n else ()


def written(
    root: Path, before: Snapshot | None, account: tuple[str, str], intake: Intake, judgement: Judgement
) -> Snapshot:
    """Write a whole sync and promote it."""
    state = before.head.state if before else {}
    unjudged = Unjudged.of(state)
    if before is not None and len(unjudged.numbers):
        listed = np.unique(np.concatenate([taken.envelope.numbers for taken in intake.taken]))
        asked_at = max(taken.asked_at for taken in intake.taken)
        unjudged = unjudged.listed(listed, before, evidence_of(state).last_asked_at, asked_at)
    verdicts = pull_verdicts(judgement, {str(taken.call["pull_id"]) for taken in intake.taken})
    judged = {**to_state(judgement, exempt_of(state)), **unjudged.to_state()}
    if "names" in state:
        judged["names"] = state["names"]
    clocks = ((str(taken.call["pull_id"]), taken.call["ahead_s"]) for taken in intake.taken)
    if steps := times.steps_after(state.get("clocks", ()), clocks):
        judged["clocks"] = steps
    return _promoted(root, before, account, intake, judged, "sync", verdicts)


def _promoted(
    root: Path,
    before: Snapshot | None,
    account: tuple[str, str],
    intake: Intake,
    state: Mapping[str, Any],
    kind: str,
    verdicts: Mapping[str, str] = MappingProxyType({}),
) -> Snapshot:
    # first of all: a kill from here on leaves an archive without a head, never records that are nobody's
    if read_identity(root) is None:
        birth(root, *account)
    writer = Writer(root, before)
    changes = write_intake(writer, intake, verdicts, evidence_of(state).settle_s)
    if intake.is_late:
        # a clock that was set back: numbers and ledger must be as if the answers had come in order
        changes.counts.update(derive_again(writer, intake.aliases))
    if before is not None and before.head.state.get("witnesses"):
        # in the same head: no reader may see new meetings beside what a witness was found to say of the old ones
        shown = Snapshot(root, dataclasses.replace(writer.head, counts=changes.counts), "", writer.preview().listed)
        state = {**state, "witnesses": heard_again(shown, before.head.state)}
    parser = parser_mark(intake.aliases)
    return writer.promote(kind, state=state, parser=parser, counts=changes.counts, chain_sha256=changes.chain_sha256)
