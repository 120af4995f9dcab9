"""Syncing many accounts: some at once, no host asked too often, nobody stopped by another's refusal.

Threads, not processes: a quiet account costs 16 ms of work, and the rest is waiting for the platform and the disk. On
two cores four threads took 24 ms an account where one took 33 and two processes 50; with 0.1 s on the way 42, 154 and
84. More threads than four cost more for the turns they take than they wait.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from itertools import chain, zip_longest
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa

from ytxdata.archive import Archive, SyncReport
from ytxdata.archive.heads import Snapshot
from ytxdata.errors import DamagedError, RefusedError, SettingsError, YtxError
from ytxdata.files import append_lines, replacing
from ytxdata.fleet.accounts import FleetAccount, names_of, values_of
from ytxdata.history.client import Client
from ytxdata.labels import Text
from ytxdata.platform.settings import Settings
from ytxdata.records.answer import Answer
from ytxdata.records.schema import to_pandas
from ytxdata.redact import labels_beside
from ytxdata.tables.described import Definition
from ytxdata.tables.table import Table
from ytxdata.times import ZONE_NAME, now

WORKERS = 4
PER_SECOND = 50.0
JOURNAL = ".fleet-sync"

STATES = {
    "synced": Text("已同步", "synced"),
    "unchanged": Text("无变化", "unchanged"),
    "skipped": Text("本轮已完成", "done in this round before"),
    "refused": Text("被拒", "refused"),
    "not_asked": Text("未询问", "not asked"),
    "damaged": Text("存档损坏", "archive damaged"),
    "failed": Text("失败", "failed"),
}
"""What can become of an account in a sync."""

ACCOUNT = Definition(key="account", zh="账户", en="account", unit="text", is_nullable=False)
VERDICT = Definition(key="verdict", zh="完整性", en="completeness", unit="text")
MEETINGS = Definition(key="meetings", zh="会议", en="meetings", unit="meetings", is_nullable=False)

RESULTS = (
    Definition(key="status", zh="结果", en="result", unit="text", words=STATES, is_nullable=False),
    VERDICT,
    MEETINGS,
    Definition(key="new", zh="新会议", en="new", unit="meetings", is_nullable=False),
    Definition(key="changed", zh="有变化", en="changed", unit="meetings", is_nullable=False),
    Definition(key="rejected", zh="拒收", en="rejected", is_nullable=False),
    Definition(key="calls", zh="调用", en="calls", is_nullable=False),
    Definition(key="bytes", zh="字节", en="bytes", is_nullable=False),
    Definition(key="seconds", zh="用时", en="took", unit="s", is_nullable=False),
    Definition(key="exit_code", zh="退出码", en="exit code", is_nullable=False),
    Definition(key="problem_zh", zh="问题", en="problem (Chinese)", unit="text"),
    Definition(key="problem_en", zh="问题（英文）", en="problem", unit="text"),
)

_TYPES = {"text": pa.string(), "instant": pa.timestamp("us", tz=ZONE_NAME), "s": pa.float64()}
"""Unit → what a column of it is made of; all others are whole numbers."""


@dataclass(frozen=True)
class Line:
    """What became of one account; `exit_code` is that of the command line."""

    account: FleetAccount
    status: str
    exit_code: int = 0
    report: SyncReport | None = None
    meetings: int = 0
    seconds: float = 0.0
    problem: Text | None = None
    remedy: Text | None = None

    def cells(self) -> dict[str, Any]:
        """Return its row of the summary."""
        counts = ("new", "changed", "rejected", "calls", "bytes")
        return {
            "status": self.status,
            "verdict": self.report and self.report.certificate.worst,
            "meetings": self.meetings,
            **{name: getattr(self.report, name, 0) for name in counts},
            "seconds": round(self.seconds, 3),
            "exit_code": self.exit_code,
            "problem_zh": self.problem and self.problem.zh,
            "problem_en": self.problem and self.problem.en,
        }


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FleetSync(Table):
    """What became of each account in a sync of a fleet, a row each.

    Parameters
    ----------
    lines
        The same as objects, with the `SyncReport` of each account that was synced.

    Examples
    --------
    >>> import tempfile
    >>> import ytxdata as ytx
    >>> from ytxdata.emulator import Emulator
    >>> with Emulator(meetings=30, accounts=2) as server:
    ...     done = ytx.Fleet(server.fleet, folder=tempfile.mkdtemp()).sync()
    >>> done.exit_code, done.frame["status"].tolist()
    (0, ['synced', 'synced'])
    """

    lines: tuple[Line, ...] = ()

    @property
    def exit_code(self) -> int:
        """The worst of all accounts: 0 when every one of them was synced."""
        return max((line.exit_code for line in self.lines), default=0)

    @property
    def line(self) -> Text:
        """The result in one line."""
        counts = {key: sum(line.status == key for line in self.lines) for key in STATES}
        zh = "，".join(f"{STATES[key].zh} {n}" for key, n in counts.items() if n)
        en = ", ".join(f"{n} {STATES[key].en}" for key, n in counts.items() if n)
        reports = [line.report for line in self.lines if line.report]
        new, changed, calls = (sum(getattr(one, name) for one in reports) for name in ("new", "changed", "calls"))
        return Text(
            f"{len(self.lines)} 个账户：{zh}；新会议 {new}，有变化 {changed}，调用 {calls} 次",
            f"{len(self.lines)} accounts: {en}; {new} new meetings, {changed} changed, {calls} calls",
        )


def labelled(
    name: str,
    title: Text,
    accounts: Sequence[FleetAccount],
    rows: Sequence[Mapping[str, Any]],
    told: Sequence[Definition],
    whole: Sequence[FleetAccount] = (),
) -> dict[str, Any]:
    """Return the parts of a table with a row for each account, its labels first; of some of a `whole` fleet each
    is called as in it.
    """
    columns = {one.key: pa.array([row.get(one.key) for row in rows], _TYPES.get(one.unit, pa.int64())) for one in told}
    labels = labels_beside(("account", *columns), sorted({label for account in accounts for label in account.labels}))
    texts = {"account": [one.name for one in accounts]} | {
        column: [one.labels.get(label) for one in accounts] for label, column in labels.items()
    }
    values = values_of(whole or accounts)
    known = [replace(ACCOUNT, names=names_of(whole or accounts))]
    known += [
        Definition(key=one, zh=label, en=label, unit="text", names=values[label]) for label, one in labels.items()
    ]
    frame = to_pandas(pa.table({**{key: pa.array(one, pa.string()) for key, one in texts.items()}, **columns}))
    return {"name": name, "title": title, "frame": frame, "definitions": (*known, *told)}


class Gate:
    """Lets calls to one host through: so many at once, and one after the other at even distances.

    Whoever comes first goes first, whatever account it asks for: a large account cannot starve the others, since each
    of its calls stands in line anew.
    """

    def __init__(self, at_once: int, per_second: float | None) -> None:
        self._places = threading.Semaphore(at_once)
        self._distance = 1 / per_second if per_second else 0.0
        self._lock, self._next = threading.Lock(), 0.0

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a place and for the time."""
        with self._places:
            with self._lock:
                present = time.monotonic()
                begins = max(present, self._next)
                self._next = begins + self._distance
            if begins > present:
                time.sleep(begins - present)
            yield


class InTurn:
    """A client whose calls wait for their turn at the gate of their host."""

    def __init__(self, client: Client, gate: Gate) -> None:
        self._client, self._gate = client, gate
        self.identity, self.aliases = client.identity, client.aliases

    def query_meeting(self, confid: str = "", meetingcount: int = 1) -> Answer:
        """Ask once, in turn."""
        with self._gate.turn():
            return self._client.query_meeting(confid, meetingcount)


_COUNTS = timedelta(days=1)
"""How long a line of the journal counts."""


class Journal:
    """The accounts that a round of syncing has finished: what `resume` leaves out. They go when the round is over.

    A folder may hold the lists of several fleets, which call their accounts alike: a line is of one archive and of
    what is asked for it, and a round forgets its own lines alone. Two rounds at once may lose a line: one call more.

    A round that left accounts out is over when it comes to its end, also with failures, and after a day nothing of it
    counts: where a timer always resumes, one account that always fails would else keep all others from being asked.
    """

    def __init__(self, accounts: Sequence[FleetAccount], *, resume: bool) -> None:
        self._path = accounts[0].place.folder / JOURNAL
        self._own = {account.name: _entry(account) for account in accounts}
        self._lock = threading.Lock()
        lines = self._lines()
        self.done = {name for name, entry in self._own.items() if entry in lines} if resume else set()
        if not resume:
            self.close()

    def _lines(self) -> dict[str, str]:
        """Return what was finished, and when, without what is old and what is no line of ours."""
        told = self._path.read_text(encoding="utf-8").splitlines() if self._path.is_file() else []
        since = (now() - _COUNTS).isoformat()
        return {entry: at for entry, _, at in (line.rpartition(" ") for line in told) if entry and at > since}

    def add(self, name: str) -> None:
        """Remember that one is done."""
        with self._lock:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # private, for accounts are called by telephone numbers
            append_lines(
                self._path, f"{self._own[name]} {now().isoformat()}\n".encode(), is_private=True, is_forced=False
            )

    def close(self) -> None:
        """Forget the round."""
        own = {*self._own.values()}
        others = [f"{entry} {at}\n" for entry, at in self._lines().items() if entry not in own]
        if others:
            with replacing(self._path, is_private=True) as draft:
                draft.write_text("".join(others), encoding="utf-8")
        else:
            self._path.unlink(missing_ok=True)


def _entry(account: FleetAccount) -> str:
    told = json.dumps([os.path.realpath(account.archive), *account.question])
    return f"{account.name} {sha256(told.encode()).hexdigest()}"


def sync_all(
    accounts: Sequence[FleetAccount],
    *,
    workers: int,
    per_host: int | None,
    per_second: float | None,
    settle: timedelta,
    limits: Mapping[str, float | None],
    journal: Journal,
    step: Callable[[Line], None],
    whole: Sequence[FleetAccount] = (),
) -> FleetSync:
    """Sync every account that the journal does not know, and tell of each; never raises for one of them."""
    # where the archive is gone since, or damaged, nothing is finished
    held = {one.name: _count(one) for one in accounts if one.name in journal.done}
    lines = {one.name: Line(one, "skipped", meetings=n) for one in accounts if (n := held.get(one.name)) is not None}
    asked: dict[str, Settings] = {}
    for account in accounts:
        if account.name not in lines:
            made = account.settings(limits)
            if isinstance(made, SettingsError):
                lines[account.name] = _failed(account, made, 0.0)
                step(lines[account.name])
            else:
                asked[account.name] = made
    gates = {_host(one): Gate(per_host or workers, per_second) for one in asked.values()}
    pool = ThreadPoolExecutor(workers, thread_name_prefix="ytxdata-fleet")
    try:
        coming: set[Future[Line]] = {
            pool.submit(_synced, account, asked[account.name], gates[_host(asked[account.name])], settle, journal)
            for account in _interleaved([one for one in accounts if one.name in asked], asked)
        }
        while coming:
            over, coming = wait(coming, return_when=FIRST_COMPLETED)
            for one in over:
                line = one.result()
                lines[line.account.name] = line
                step(line)
    finally:  # interrupted, it begins nothing more, and lets what has begun come to its end: each is whole or not there
        pool.shutdown(wait=True, cancel_futures=True)
    if journal.done or not any(line.exit_code for line in lines.values()):
        journal.close()
    told = [lines[account.name] for account in accounts]
    rows = [line.cells() for line in told]
    parts = labelled("fleet_sync", Text("多账户同步", "Sync of a fleet"), accounts, rows, RESULTS, whole)
    return FleetSync(**parts, lines=tuple(told))


def _interleaved(accounts: Sequence[FleetAccount], asked: dict[str, Settings]) -> list[FleetAccount]:
    """Return the accounts in turn by host, so that a host with many of them does not keep the others waiting."""
    hosts: dict[str, list[FleetAccount]] = {}
    for account in accounts:
        hosts.setdefault(_host(asked[account.name]), []).append(account)
    return [one for one in chain.from_iterable(zip_longest(*hosts.values())) if one is not None]


def _host(settings: Settings) -> str:
    return urlsplit(settings.base_url).netloc.lower()


def _synced(account: FleetAccount, settings: Settings, gate: Gate, settle: timedelta, journal: Journal) -> Line:
    line = _asked(account, settings, gate, settle)
    if not line.exit_code:
        journal.add(account.name)  # here: of an interrupted round nobody looks at what comes to its end after that
    return line


def _asked(account: FleetAccount, settings: Settings, gate: Gate, settle: timedelta) -> Line:
    began = time.monotonic()
    try:
        archive = Archive(account.archive)
        report = archive.sync(InTurn(Client.of(settings), gate), settle=settle)
        status = "synced" if report.new or report.changed or report.rejected else "unchanged"
        took = time.monotonic() - began
        return Line(account, status, 0, report, counted(archive.snapshot()), took)
    except Exception as error:  # whatever it is, the other accounts are to be synced
        return _failed(account, error, time.monotonic() - began)


def _failed(account: FleetAccount, error: Exception, seconds: float) -> Line:
    """Return the line of an account that could not be synced; an error that is none of ours is told by its kind alone,
    for nobody knows what is in its words.
    """
    if not isinstance(error, YtxError):
        kind = type(error).__name__
        return Line(account, "failed", 4, seconds=seconds, problem=Text(f"意外错误 {kind}", f"unexpected {kind}"))
    status = "damaged" if isinstance(error, DamagedError) else "failed"
    if isinstance(error, RefusedError | SettingsError):
        status = "refused" if isinstance(error, RefusedError) else "not_asked"
    n, why, remedy = _count(account) or 0, error.cause, error.remedy
    return Line(account, status, error.exit_code, meetings=n, seconds=seconds, problem=why, remedy=remedy)


def _count(account: FleetAccount) -> int | None:
    """Return how many meetings its archive holds; None where there is none, or none that can be read."""
    try:
        snapshot = Archive(account.archive).snapshot()
    except YtxError:
        return None
    return counted(snapshot) if snapshot else None


def counted(snapshot: Snapshot | None) -> int:
    """Return how many meetings an archive holds."""
    return snapshot.head.counts.get("meetings", 0) if snapshot else 0
