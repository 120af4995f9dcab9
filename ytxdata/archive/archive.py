"""The archive: a directory in which nothing is lost, and which knows how complete it is."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd

from ytxdata.archive.coverage import certificate_of
from ytxdata.archive.layout import read_identity
from ytxdata.archive.lock import WAIT_S
from ytxdata.archive.report import SyncReport
from ytxdata.archive.store import Snapshot, newest
from ytxdata.archive.sync import Asker, sync
from ytxdata.archive.views import table
from ytxdata.history.verdicts import Certificate
from ytxdata.records.schema import to_pandas
from ytxdata.times import Instant, as_instant


class Archive:
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

    def __init__(self, path: str | PathLike[str]) -> None:
        self.path = Path(path)

    def sync(self, client: Asker, *, wait_s: float = WAIT_S) -> SyncReport:
        """Bring the archive up to date: ask, judge every record, keep what is new, say what may be claimed.

        Parameters
        ----------
        client
            Whose history; an archive belongs to one account and application for good.
        wait_s
            How long to wait for another sync of the same archive [s].

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

        Notes
        -----
        A quiet account costs one call. When this returns, what it reports survives a power cut.
        """
        return sync(self.path.absolute(), client, getattr(client, "aliases", None), wait_s)

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
        """Return the parties of the meetings that `meetings` returns for the same arguments, one row each."""
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
        """Return what may be claimed about a period, or about everything the archive covers."""
        snapshot = self.snapshot()
        whole = certificate_of(snapshot.head.state if snapshot else {})
        first, last = (whole.start, whole.end) if start is None or end is None else (None, None)
        low = as_instant(start, name="start") if start is not None else first
        high = as_instant(end, name="end") if end is not None else last
        return whole if low is None or high is None else whole.over(low, high)

    def coverage(self) -> pd.DataFrame:
        """Return the periods of the certificate: `start`, `end`, `verdict`, `reason` (key, zh, en), `pulls`."""
        return self.certificate().frame

    def snapshot(self) -> Snapshot | None:
        """Return the state that readers see now; None before the first completed sync."""
        root = self.path.absolute()
        return newest(root) if read_identity(root) else None

    def _frame(self, name: str, start: Any, end: Any, as_of: Any) -> pd.DataFrame:
        edges = {"start": start, "end": end, "as_of": as_of}
        instants = {key: None if edge is None else as_instant(edge, name=key) for key, edge in edges.items()}
        return to_pandas(table(self.snapshot(), name, **instants))

    def __repr__(self) -> str:
        return f"Archive({str(self.path)!r})"
