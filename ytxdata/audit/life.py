"""The life of findings: new, persisting, resolved or accepted, kept in a file beside the archive that only grows.

One line of JSON is one event: `found` (a finding that was not there in the audit before), `resolved` (one that no longer is), `accepted`. The file
lies beside the archive's directory and never in it: an audit changes no byte of an archive.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from ytxdata import times
from ytxdata.errors import DamagedError, UsageError
from ytxdata.files import open_journal
from ytxdata.labels import Text

NEW, PERSISTING, RESOLVED, ACCEPTED = "new", "persisting", "resolved", "accepted"
OPEN = (NEW, PERSISTING)
"""Statuses of what somebody should look at."""


class FindingRow(NamedTuple):
    """A finding as it is kept: what the frame shows."""

    finding_id: str
    check: str
    severity: str
    record_ids: tuple[str, ...]
    measured: float | None
    threshold: float | None
    zh: str
    en: str


class Lived(NamedTuple):
    """A finding with its status, why and by whom it was accepted, and whether this audit is the first to say so."""

    row: FindingRow
    status: str
    reason: str | None = None
    by: str | None = None
    is_fresh: bool = False


@dataclass
class State:
    """What the events of one finding come to: in the audits of which periods it was found last time, and resolved."""

    row: FindingRow
    found_in: set[str] = field(default_factory=set)
    resolved_in: set[str] = field(default_factory=set)
    reason: str | None = None
    by: str | None = None


@dataclass(frozen=True)
class Life:
    """The file beside an archive in which the life of its findings is kept."""

    path: Path
    _now: Callable[[], datetime] = field(default=lambda: times.now(), repr=False)

    @classmethod
    def beside(cls, archive: Path) -> Life:
        """Return the file of an archive: `NAME.audit.jsonl` beside the directory `NAME`."""
        root = archive.absolute()
        return cls(root.with_name(f"{root.name}.audit.jsonl"))

    def states(self) -> dict[str, State]:
        """Return what is known of every finding, in the order in which they were first found.

        Raises
        ------
        DamagedError
            A line is not what was written; a last line that was cut short is passed over.
        """
        known: dict[str, State] = {}
        for number, line in enumerate(self._lines(), start=1):
            try:
                self._take(known, json.loads(line))
            except (ValueError, KeyError, TypeError):
                raise DamagedError(
                    Text(f"{self.path} 第 {number} 行已损坏", f"line {number} of {self.path} is damaged"),
                    remedy=Text(
                        "从备份恢复此文件，或删除该行", "restore this file from a backup, or take the line out"
                    ),
                ) from None
        return known

    def _lines(self) -> list[bytes]:
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return []
        return content.split(b"\n")[:-1]

    @staticmethod
    def _take(known: dict[str, State], event: dict[str, Any]) -> None:
        key = event["finding_id"]
        if event["event"] == "found":
            row = FindingRow(
                **{name: event[name] for name in FindingRow._fields} | {"record_ids": tuple(event["record_ids"])}
            )
            state = known.setdefault(key, State(row))
            state.row = row
            state.found_in.add(event["period"])
            state.resolved_in.discard(event["period"])
        elif event["event"] == RESOLVED:
            known[key].found_in.remove(event["period"])
            known[key].resolved_in.add(event["period"])
        elif event["event"] == ACCEPTED:
            known[key].reason, known[key].by = event["reason"], event["by"]

    def accept(self, finding_id: str, reason: str, by: str) -> None:
        """Keep that a finding was accepted."""
        self._append([{"event": ACCEPTED, "finding_id": finding_id, "reason": reason, "by": by}])

    def live(self, rows: Collection[FindingRow], ran: Collection[str], period: str, *, keep: bool) -> list[Lived]:
        """Return the rows with their status, then what is resolved; and keep what changed.

        Parameters
        ----------
        rows
            What this audit found.
        ran
            The checks that ran: a finding of another one is not resolved by its absence.
        period
            The period that was audited: a finding is resolved by an audit of the period in which it was found.
        keep
            Whether to write; an audit of the past is only a look.
        """
        known = self.states()
        events: list[dict[str, Any]] = []
        lived: list[Lived] = []
        for row in rows:
            state = known.get(row.finding_id, State(row))
            if period not in state.found_in:
                events.append({"event": "found", "period": period, **row._asdict()})
            status = ACCEPTED if state.reason else PERSISTING if state.found_in else NEW
            lived.append(Lived(row, status, state.reason, state.by, status == NEW))
        found = {row.finding_id for row in rows}
        for key, state in known.items():
            is_fresh = period in state.found_in
            if key in found or state.row.check not in ran or not (is_fresh or period in state.resolved_in):
                continue
            if is_fresh:
                events.append({"event": RESOLVED, "finding_id": key, "period": period})
            lived.append(Lived(state.row, RESOLVED, state.reason, state.by, is_fresh))
        if keep:
            self._append(events)
        return lived

    def _append(self, events: Iterable[dict[str, Any]]) -> None:
        now = self._now().astimezone(UTC).isoformat(timespec="seconds")
        text = "".join(json.dumps(event | {"written_at": now}, ensure_ascii=False) + "\n" for event in events)
        if not text:
            return
        try:
            with open_journal(self.path) as file:
                if file.tell():
                    file.seek(-1, os.SEEK_END)
                    text = text if file.read(1) == b"\n" else "\n" + text
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise UsageError(
                Text(f"写不了 {self.path}：{error.strerror}", f"{self.path} cannot be written: {error.strerror}"),
                remedy=Text(
                    "给该目录写权限，或用 remember=False 只看不记",
                    "make the directory writable, or only look with remember=False",
                ),
            ) from None
