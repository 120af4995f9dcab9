"""The archive: a directory in which nothing is lost, and which knows how complete it is."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from datetime import datetime, timedelta
from decimal import Decimal
from os import PathLike
from pathlib import Path
from typing import Self

import pandas as pd

from ytxdata import times
from ytxdata.archive.around_period import Around
from ytxdata.archive.changes import changes
from ytxdata.archive.exportable import Exportable
from ytxdata.archive.heads import Snapshot, newest
from ytxdata.archive.kept_months import KeptMonths
from ytxdata.archive.known_meetings import certificate_of
from ytxdata.archive.mirror import Mirrorable
from ytxdata.archive.ownership import WAIT_S, identity_of, read_identity
from ytxdata.archive.raw_answers import current_records, raw_answer
from ytxdata.archive.repair import RebuildReport, rebuild
from ytxdata.archive.scans import Scannable
from ytxdata.archive.stored_rows import read
from ytxdata.archive.sync import Asker, SyncReport, sync
from ytxdata.archive.verification import Verification
from ytxdata.archive.verify import verify
from ytxdata.archive.views import table
from ytxdata.archive.witnesses import add_witness, hearings, leaving, name_shown, remove_witness
from ytxdata.history.proof.certificate import Certificate
from ytxdata.history.proof.policy import DEFAULT_POLICY
from ytxdata.history.proof.rules import that_waits
from ytxdata.history.proof.witness import Totals
from ytxdata.history.proof.witness_result import Hearing
from ytxdata.history.witness_lists import read_list, read_witness
from ytxdata.labels import Text, preferred_lang
from ytxdata.periods import period_of
from ytxdata.records.aliases import Aliases
from ytxdata.records.schema import to_pandas
from ytxdata.redact import keyed_hashes
from ytxdata.selection import Selectable
from ytxdata.templates import facts_card
from ytxdata.times import Instant, as_instant


class Archive(Selectable, Exportable, Mirrorable, Scannable):
    """All meetings ever pulled, in every version, with the raw answers that brought them.

    Parameters
    ----------
    path
        A directory; it is created by the first sync.

    Notes
    -----
    Reading takes no lock and never sees half a sync. Every frame has the same columns and types when it is empty.

    Examples
    --------
    >>> import tempfile
    >>> from ytxdata.emulator import Emulator
    >>> from ytxdata.history.client import Client
    >>> with Emulator(meetings=30) as server, tempfile.TemporaryDirectory() as directory:
    ...     archive = Archive(f"{directory}/meetings.archive")
    ...     done = archive.sync(Client(base_url=server.url, **server.credentials))
    ...     done.new, len(archive.meetings())
    (30, 30)
    """

    _kept: tuple[Snapshot | None] | None = None

    def sync(self, client: Asker, *, wait_s: float = WAIT_S, settle: timedelta = DEFAULT_POLICY.settle) -> SyncReport:
        """Bring the archive up to date: ask, judge every record, keep what is new, say what may be claimed.

        Parameters
        ----------
        client
            Whose history; an archive belongs to one account and application for good.
        wait_s
            How long to wait for another sync of the same archive [s].
        settle
            How late after its start the platform may list a meeting; nothing younger is PROVEN. Give more when a
            meeting came later than that: the archive keeps to the longest it was ever given, and proves anew what it
            can.

        Returns
        -------
        SyncReport
            Counts, calls, bytes, certificate.

        Raises
        ------
        ForeignArchiveError
            The archive belongs to another account or application: name another directory.
        ArchiveLockedError
            Another process is still syncing: run again later.
        ArchiveWriteError
            The disk is full or the directory cannot be written: nothing was changed.
        NotAnArchiveError, FutureLayoutError, DamagedError
            The directory is something else, written by a newer version, or damaged.
        RefusedError, PlatformError, NetworkError
            As the client says; then nothing was changed either.
        UsageError
            `settle` is shorter than a day.

        Notes
        -----
        A quiet account costs one call. When this returns, what it reports survives a power cut.
        """
        return sync(self.path.absolute(), client, getattr(client, "aliases", None), wait_s, that_waits(settle))

    def meetings(
        self, start: Instant | None = None, end: Instant | None = None, as_of: Instant | None = None
    ) -> pd.DataFrame:
        """Return the latest version of every meeting.

        Parameters
        ----------
        start, end
            Only meetings that start in `[start, end)`, Beijing time unless a zone is given. A meeting whose start
            is unknown is in no period.
        as_of
            What the archive knew from answers asked up to that instant.

        Returns
        -------
        pandas.DataFrame
            Columns of `records.schema.MEETINGS`, key `meeting_id`, sorted by start. One id that was used for two
            different meetings gives two rows.
        """
        return self._frame("meetings", start, end, as_of)

    def legs(
        self, start: Instant | None = None, end: Instant | None = None, as_of: Instant | None = None
    ) -> pd.DataFrame:
        """Return the parties of the meetings that `meetings` returns for the same arguments, one row each.

        Notes
        -----
        Where one id was used for two meetings, the parties of both stand under it: a plain join on `meeting_id` would
        count them twice. `metrics` gives each party to the meeting it joined.
        """
        return self._frame("legs", start, end, as_of)

    def rejects(self, as_of: Instant | None = None) -> pd.DataFrame:
        """Return every different record that cannot be a meeting, with the pull that first brought it."""
        return self._frame("rejects", None, None, as_of)

    def problems(
        self, start: Instant | None = None, end: Instant | None = None, as_of: Instant | None = None
    ) -> pd.DataFrame:
        """Return the values of these meetings that could not be read or believed."""
        return self._frame("problems", start, end, as_of)

    def pulls(self, as_of: Instant | None = None) -> pd.DataFrame:
        """Return one row per call, in the order of asking."""
        return self._frame("pulls", None, None, as_of)

    def certificate(self, start: Instant | None = None, end: Instant | None = None) -> Certificate:
        """Return what may be claimed about a period, or about everything the archive covers; of a period that is not
        over yet, as far as it was read.
        """
        snapshot = self.snapshot()
        whole = certificate_of(snapshot.head.state if snapshot else {}, times.now())
        return whole.so_far(*period_of(start, end))

    def witness(
        self,
        source: str | PathLike[str] | bytes,
        *,
        kind: str,
        start: Instant,
        end: Instant,
        name: str | None = None,
        columns: Mapping[str, str] | None = None,
        totals: Mapping[str, int | str | Decimal] | None = None,
        number_class: str | None = None,
        wait_s: float = WAIT_S,
    ) -> Hearing:
        """Hold another list of what took place against the archive, and keep it as evidence.

        A line that is not in the archive is a gap, with its name. A period whose every line is found, of which the
        archive holds no more, and whose own total adds up, is PROVEN with the reason `witnessed`. After each sync it
        is held against the archive again.

        Parameters
        ----------
        source
            The list: the path of a CSV, XLSX or JSON file, or its bytes.
        kind
            `invoice`, `console` (a list exported from the platform's console), or `cdr` (the platform's call records).
        start, end
            The period `[start, end)` that the list covers, Beijing time unless a zone is given.
        name
            What to call it; the name of the file when not given. A second one of the same name takes its place.
        columns
            Our name (`meeting_id`, `number`, `started_at`, `ended_at`, `duration_s`, `amount_yuan`) → what its column
            is called.
        totals
            What the list says of itself, where that stands on another page: `lines`, `seconds`, `yuan`. Its own total
            must hold as well.
        number_class
            Where the list covers connections of one class of numbers only (`mobile`, `fixed` …): it proves no whole
            period.
        wait_s
            How long to wait for a sync that is running [s].

        Returns
        -------
        Hearing
            How many lines were found, which were not, what only the archive holds, and what that proves.

        Raises
        ------
        UsageError
            The file cannot be read, the period is empty, or no line is in it and a list of its name proves another.
        NotAnArchiveError
            No sync has made an archive here.
        ArchiveLockedError, ArchiveWriteError
            As in `sync`.

        Notes
        -----
        Lines are matched one to one: by meeting id (and number, where connections are listed), else by number and
        instant within two minutes; a line that says a day, by that day. Where nobody was connected, a list need not
        know of it. Totals, subtotals and notes are no meetings; `aside` names each line that is none, and what was not
        read. A list of another name leaves the gaps of an earlier one.
        """
        period_of(start, end)  # an empty one would take back what the list had proven
        raw = source if isinstance(source, bytes) else read_list(source)
        called = name or (Path(source).name if not isinstance(source, bytes) else f"{kind} {start}")
        witness = read_witness(
            raw,
            called,
            kind,
            as_instant(start, name="start"),
            as_instant(end, name="end"),
            columns=columns,
            totals=Totals.of(totals) if totals else None,
            number_class=number_class,
        )
        return add_witness(self.path.absolute(), raw, witness, columns or {}, wait_s)

    def witnesses(self) -> list[Hearing]:
        """Return what each witness of the archive comes to."""
        snapshot = self.snapshot()
        return hearings(snapshot.head.state) if snapshot else []

    def remove_witness(self, name: str, *, wait_s: float = WAIT_S) -> Hearing:
        """Take back what rested on a witness, and return what that was; its bytes stay in the archive.

        Raises
        ------
        UsageError
            There is no witness of that name.
        """
        return remove_witness(self.path.absolute(), name, wait_s)

    def coverage(self) -> pd.DataFrame:
        """Return the periods of the certificate: `start`, `end`, `verdict`, `reason` (key, zh, en), `pulls`."""
        return self.certificate().frame

    def changes(self, as_of: Instant | None = None) -> pd.DataFrame:
        """Return the ledger: one row per field that differs between one version of a meeting and the next.

        Returns
        -------
        pandas.DataFrame
            Columns of `records.schema.CHANGES`: which meeting and field, old and new value as text, whether the
            meeting had ended before, and the two pulls between which it changed. A better parser is no change.
        """
        return to_pandas(changes(self.snapshot(), _instant(as_of, "as_of")))

    def answer(self, pull_id: str) -> bytes:
        """Return the raw answer of a pull, byte for byte as it was received.

        Parameters
        ----------
        pull_id
            The pull's id, or the keyed name (`…Z~…`) by which a masked file of this archive calls it.

        Raises
        ------
        UsageError
            No pull has that id; `pulls` lists them.
        """
        snapshot = self.snapshot()
        # masked files name pulls by keyed hashes: who holds the archive still finds the raw answer, nobody else does
        if "~" in pull_id and snapshot is not None and (secret := self.secret):
            known = read(snapshot, "pulls", ("pull_id",))["pull_id"].to_pylist()
            pull_id = next((one for one in known if keyed_hashes(one, secret) == pull_id), pull_id)
        return raw_answer(snapshot, pull_id)

    @property
    def secret(self) -> bytes | None:
        """The key under which hashes of raw text leave in masked files (`~…`); None where there is no archive yet.
        Keep it to yourself.
        """
        identity = read_identity(self.path.absolute())
        return identity.secret if identity else None

    def raw_records(self) -> list[bytes]:
        """Return the raw record of every meeting's latest version, those that answers told beside it, and every
        rejected one, in the order of keeping.
        """
        return current_records(self.snapshot())

    def around(self, start: Instant | None, end: Instant | None) -> Around:
        """Return what reports about a period take of the archive, without reading the rest; reports do so themselves."""
        return Around(self.still(), *period_of(start, end))

    def kept_months(self) -> KeptMonths | None:
        """Return what reports have counted of its months, kept beside it; None while there is nothing to count."""
        snapshot = self.snapshot()
        return None if snapshot is None else KeptMonths(self.path.absolute(), snapshot)

    def verify(self, *, quick: bool = False, recompute: bool = False) -> Verification:
        """Check every byte, record, pull and law against what was written, and every row against the raw records.

        It takes no lock and changes nothing.

        Parameters
        ----------
        quick
            Leave out deriving the rows anew: then a table and its head, edited together, are not found.
        recompute
            Judge anew what is claimed, too: without it, evidence that was edited with the newest head is not found.
            Takes the time of all syncs, and room for a copy among temporary files.

        Returns
        -------
        Verification
            How much was checked; it is sound.

        Raises
        ------
        DamagedError
            Names every damaged file, commit, record and pull. `archive.verify.verify` returns them instead.
        NotAnArchiveError
            There is no archive.
        """
        found = verify(self.path.absolute(), quick=quick, recompute=recompute)
        found.raise_if_damaged()
        return found

    def rebuild(
        self, aliases: Aliases | None = None, *, wait_s: float = WAIT_S, settle: timedelta = DEFAULT_POLICY.settle
    ) -> RebuildReport:
        """Derive all tables again from the raw records, which are not touched.

        A sync does this by itself when the parser or the aliases have changed; it also mends damaged derived tables.

        Parameters
        ----------
        aliases
            Names to derive with; those of the last sync when not given.
        wait_s
            How long to wait for a sync that is running [s].
        settle
            As it was given to `sync`: where heads of an earlier version were lost, nothing else says it. Heads and
            pulls that say it are believed.

        Returns
        -------
        RebuildReport
            How many raw records were read and how many meetings are in them.

        Raises
        ------
        NotAnArchiveError
            There is no archive.
        ArchiveLockedError, ArchiveWriteError, DamagedError
            As in `sync`.
        """
        return rebuild(self.path.absolute(), aliases, wait_s, that_waits(settle))

    def _reads(self) -> Snapshot | None:
        return self.snapshot()

    def snapshot(self) -> Snapshot | None:
        """Return the state that readers see now; None while the first sync has not been completed.

        Raises
        ------
        NotAnArchiveError
            No archive was born here: a mistyped path must not read like an account without meetings.
        """
        if self._kept is not None:
            return self._kept[0]
        root = self.path.absolute()
        identity_of(root)
        found = newest(root)
        return found and found.hashed()

    def still(self, snapshot: Snapshot | None = None) -> Self:
        """Return the archive as it is now, to be read, whatever a sync brings meanwhile; every report does so, that
        its certificate is the one of its rows.

        Parameters
        ----------
        snapshot
            The state, where it is known; it is read when not given.

        Raises
        ------
        NotAnArchiveError
            As `snapshot`.
        """
        same = copy(self)
        same._kept = (snapshot or self.snapshot(),)
        return same

    def _frame(self, name: str, start: Instant | None, end: Instant | None, as_of: Instant | None) -> pd.DataFrame:
        first, last = period_of(start, end)
        return to_pandas(table(self.snapshot(), name, start=first, end=last, as_of=_instant(as_of, "as_of")))

    def __repr__(self) -> str:
        return f"Archive({str(self.path)!r})"

    def _repr_html_(self) -> str:
        identity = read_identity(self.path.absolute())
        snapshot = self.snapshot() if identity else None
        if snapshot is None:
            return facts_card(_TITLE, [(_PLACE, name_shown(self.path))], note=_EMPTY)
        certificate, counts = self.certificate(), snapshot.head.counts
        span = certificate.start, certificate.end
        told = " – ".join(times.beijing_text(edge)[:16] for edge in span if edge) or "–"
        shown = leaving(snapshot, self.witnesses(), self.secret)
        rows = [
            (_PLACE, name_shown(self.path, snapshot)),
            (Text("会议", "meetings"), f"{counts.get('meetings', 0):,}"),
            (Text("不同的记录（含各版本与拒收）", "distinct records (all versions, and rejects)"), f"{counts.get('observations', 0):,}"),
            (Text("拉取", "pulls"), f"{counts.get('pulls', 0):,}"),
            (Text("所述时段（北京时间）", "what is claimed about (Beijing time)"), told),
            *((Text("旁证", "witness"), f"{one.name}: {one.text.in_(preferred_lang())}") for one in shown),
        ]  # fmt: skip
        return facts_card(_TITLE, rows, note=certificate.sentence, verdict=certificate.badge)


_TITLE, _PLACE = Text("存档", "archive"), Text("目录", "directory")
_EMPTY = Text("还没有同步过：archive.sync(ytx.Client())", "nothing was synced yet: archive.sync(ytx.Client())")


def _instant(value: Instant | None, name: str) -> datetime | None:
    return None if value is None else as_instant(value, name=name)
