"""What an audit found: a table that can be accepted, explained, written and shown; and the life of findings beside
the archive.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa

from ytxdata import times
from ytxdata.archive.stored_files import telling_damage
from ytxdata.audit.checking import CHECKS, SEVERITIES, SEVERITY_WORDS, STATUS_WORDS, Check, Finding, Severity, unknown
from ytxdata.audit.data import Auditable, Data
from ytxdata.audit.explain import explain, sensitivity
from ytxdata.audit.reconcile import reconciled
from ytxdata.errors import DamagedError, SpokenWarning, UsageError
from ytxdata.files import append_lines, json_of, read_plain
from ytxdata.labels import Text
from ytxdata.tables.described import Definition
from ytxdata.tables.table import Table

NEW, PERSISTING, RESOLVED, ACCEPTED = STATUS_WORDS
OPEN = (NEW, PERSISTING)
"""Statuses of what somebody should look at."""

_STRING = pd.StringDtype("pyarrow")
DEFINITIONS = (
    Definition(key="finding_id", zh="发现编号", en="finding id", unit="id", formula=Text("同样的事实在任何机器上得到同样的编号", "the same facts give the same id on any machine")),
    Definition(key="check", zh="检查", en="check", unit="text", formula=Text("检查的键；见 .summary()", "key of the check; see .summary()")),
    Definition(key="severity", zh="严重程度", en="severity", unit="text", formula=Text("warn 或 crit", "warn or crit"), words=SEVERITY_WORDS),
    Definition(key="status", zh="状态", en="status", unit="text", formula=Text("new 新出现，persisting 仍存在，resolved 已不存在，accepted 已接受", "new, persisting, resolved (no longer found) or accepted"), words=STATUS_WORDS),
    Definition(key="record_ids", zh="会议编号", en="meeting ids", unit="id", formula=Text("作为依据的会议", "the meetings that show it")),
    Definition(key="measured", zh="测得", en="measured", formula=Text("测得的值，单位见检查的阈值", "what was measured, in the unit of the check's threshold")),
    Definition(key="threshold", zh="阈值", en="threshold", formula=Text("所比较的值", "what it was held against")),
    Definition(key="zh", zh="说明", en="sentence (zh)", unit="text", formula=Text("发现了什么", "what was found")),
    Definition(key="en", zh="说明（英文）", en="sentence", unit="text", formula=Text("发现了什么", "what was found")),
    Definition(key="reason", zh="接受理由", en="reason", unit="text", formula=Text("为何接受；未接受为空", "why it was accepted; null when it was not")),
    Definition(key="by", zh="接受人", en="accepted by", unit="person", formula=Text("由谁接受；未接受为空", "by whom; null when it was not")),
)  # fmt: skip

COLUMNS = tuple(one.key for one in DEFINITIONS)
_TYPES: dict[str, Any] = {
    **dict.fromkeys(COLUMNS, _STRING),
    "record_ids": pd.ArrowDtype(pa.list_(pa.string())),
    **dict.fromkeys(("measured", "threshold"), pd.Float64Dtype()),
}

TITLE = Text("审计发现", "Findings")


class Summary(Table):
    """What an audit comes to, check by check: shown whole, for a check that is cut off looks like one that found nothing."""

    def _repr_html_(self) -> str:
        return self.to_html()


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Findings(Table):
    """The findings of an audit, gravest checks first in the order of `CHECKS`; resolved ones stay in it.

    `frame` has one row per finding: `finding_id check severity status record_ids measured threshold zh en reason by`.

    Parameters
    ----------
    pulls
        Finding id → the pulls that prove it.
    not_run
        Check → why it did not run. A check that is neither here nor in the rows ran and found nothing.
    ran
        Checks that ran.
    told
        Check → the parameters it ran with.
    known_records
        Those of the record ids that stand in the records; an invoice may name others.
    creators
        Those that are no number: sentences that leave say them as the tables do.
    fresh
        Findings that are new or resolved since the audit of this period before.
    edges
        The edges of the period that was audited, as far as they were given.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> archive = ytx.sample("archive")
    >>> findings = ytx.audit.run(archive, remember=False)
    >>> findings.summary().frame["check"].tolist()[:2]
    ['duplicate_exact', 'duplicate_near']
    """

    pulls: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    not_run: Mapping[str, Text] = field(default_factory=dict)
    ran: tuple[str, ...] = ()
    told: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    known_records: frozenset[str] = frozenset()
    creators: frozenset[str] = field(default=frozenset(), repr=False)
    fresh: frozenset[str] = frozenset()
    life: Life | None = None
    edges: tuple[datetime | None, datetime | None] = (None, None)
    source: Auditable | None = None
    reopen: Callable[[], Data] | None = None

    def __len__(self) -> int:
        return len(self.frame)

    def accept(self, finding_id: str, reason: str, by: str) -> Findings:
        """Accept a finding for good: kept beside the archive, append-only; this table shows it too. Returns this table.

        Parameters
        ----------
        finding_id
            Which finding.
        reason, by
            Why, and who answers for it.

        Raises
        ------
        UsageError
            The reason or the reviewer is empty, there is no such finding, or there is no archive to keep it beside.
        """
        reason, by = reason.strip(), by.strip()
        if not reason or not by:
            raise UsageError(
                Text("接受一条发现必须写明理由和接受人", "accepting a finding takes a reason and a reviewer"),
                remedy=Text("两样都写明：reason=、by=（--reason、--by）", "give both: reason=, by= (--reason, --by)"),
            )
        row = self._row(finding_id)
        if self.life is None:
            raise UsageError(
                Text("只有存档的审计才能保存接受意见", "only the audit of an archive can keep what was accepted"),
                remedy=Text("对 Archive 运行审计", "run the audit on an Archive"),
            )
        self.life.accept(finding_id, reason, by)
        status = row["status"] if row["status"] == RESOLVED else ACCEPTED
        self.frame.loc[self.frame["finding_id"] == finding_id, ["status", "reason", "by"]] = [status, reason, by]
        self.__dict__.pop("arrow", None)
        return self

    def explain(self, finding_id: str) -> Table:
        """Return the raw records of a finding side by side.

        Returns
        -------
        Table
            One row per key of the raw records, one column per version of each record (20 at most), sorted by key; a
            key that a record lacks is null. Its notes say what was found, by which rule, and which pulls prove it.

        Raises
        ------
        UsageError
            There is no such finding.
        """
        row = self._row(finding_id)
        pulls, told = self.pulls.get(finding_id, ()), self.told.get(row["check"], {})
        shown = explain(self.source, row, CHECKS.get(row["check"]), pulls, told)
        return replace(shown, ends=self.ends, persons=self.persons, creators=self.creators)

    def summary(self) -> Table:
        """Return one row per check: its titles, how many findings of each severity and status, and why it did not
        run, if so.

        Returns
        -------
        Table
            `check title_zh title_en warn crit new persisting resolved accepted state_zh state_en`, in the order of
            the checks; `warn` and `crit` count what is open (new or persisting).
        """
        frame = self.frame
        rows = []
        for key in dict.fromkeys([*CHECKS, *frame["check"]]):
            mine = frame[frame["check"] == key]
            is_open = mine["status"].isin(OPEN)
            title = CHECKS[key].title if key in CHECKS else Text(key, key)
            state = _RAN if key in self.ran else _ELSEWHERE
            if why := self.not_run.get(key):
                state = Text(f"未运行，因为{why.zh}", f"not run, because {why.en}")
            rows.append(
                {"check": key, "title_zh": title.zh, "title_en": title.en}
                | {severity: int((is_open & (mine["severity"] == severity)).sum()) for severity in SEVERITIES}
                | {status: int((mine["status"] == status).sum()) for status in (NEW, PERSISTING, RESOLVED, ACCEPTED)}
                | {"state_zh": state.zh, "state_en": state.en}
            )
        return Summary(
            frame=pd.DataFrame(rows),
            name="audit_summary",
            title=Text("审计概要", "Audit summary"),
            definitions=_SUMMARY,
            period=self.period,
            certificate=self.certificate,
        )

    def sensitivity(self) -> Table:
        """Return how many findings each threshold would give at half, the same and twice its value.

        Returns
        -------
        Table
            `check parameter half same twice curve value`, one row per threshold; checks that did not run are left out.

        Raises
        ------
        UsageError
            These findings were not made from records.
        """
        return sensitivity(self._records(), [CHECKS[key] for key in self.ran], self.told)

    def reconciliation(self) -> Table:
        """Return the invoice beside the records as `ytx.audit.reconcile` does, within what `billing_mismatch` allows.

        Raises
        ------
        UsageError
            No invoice was given, or these findings were not made from records.
        """
        told = self.told.get("billing_mismatch", {})
        within = {name: one for name, one in told.items() if name != "total_pct"}
        return replace(reconciled(self._records(), **within), secret=self.secret, ends=self.ends)

    def at_least(self, severity: Severity) -> Findings:
        """Return the open findings (new or persisting) of this severity or a graver one."""
        grave = SEVERITIES[SEVERITIES.index(severity) :]
        return self._only(self.frame["status"].isin(OPEN) & self.frame["severity"].isin(grave))

    def changed(self) -> Findings:
        """Return what is new or resolved since the audit before."""
        return self._only(self.frame["finding_id"].isin(self.fresh))

    def _only(self, mask: Any) -> Findings:
        return replace(self, frame=self.frame[mask].reset_index(drop=True))

    def _records(self) -> Data:
        if self.reopen is None:
            raise UsageError(Text("这些发现不是由记录得出的", "these findings were not made from records"))
        return self.reopen()

    def _row(self, finding_id: str) -> dict[str, Any]:
        found = self.frame[self.frame["finding_id"] == finding_id]
        if not len(found):
            raise unknown(Text("发现", "finding"), finding_id, [str(one) for one in self.frame["finding_id"].head(20)])
        row: dict[str, Any] = found.iloc[0].to_dict()
        return row


_RAN = Text("已运行", "ran")
_ELSEWHERE = Text("此次未要求运行", "not asked for this time")
_SUMMARY = (
    Definition(key="check", zh="检查", en="check", unit="text"),
    Definition(key="title_zh", zh="名称", en="title (zh)", unit="text"),
    Definition(key="title_en", zh="英文名称", en="title", unit="text"),
    *(
        Definition(key=key, zh=word.zh, en=word.en, unit="count")
        for key, word in (SEVERITY_WORDS | STATUS_WORDS).items()
    ),
    Definition(key="state_zh", zh="状态", en="state (zh)", unit="text"),
    Definition(key="state_en", zh="英文状态", en="state", unit="text"),
)


def row_of(check: Check, one: Finding, finding_id: str) -> FindingRow:
    """Return a finding of a check as it is kept."""
    ids = tuple(one.record_ids)
    return FindingRow(finding_id, check.key, one.severity, ids, one.measured, one.threshold, *one.text)


def frame_of(lived: Iterable[Lived]) -> pd.DataFrame:
    """Return the frame of findings with their life; the same columns and types when there are none."""
    cells = [
        (r.finding_id, r.check, r.severity, status, list(r.record_ids), r.measured, r.threshold, r.zh, r.en, reason, by)
        for r, status, reason, by, _ in lived
    ]
    columns = zip(*cells, strict=True) if cells else [[] for _ in COLUMNS]
    return pd.DataFrame(
        {name: pd.Series(list(values), dtype=_TYPES[name]) for name, values in zip(COLUMNS, columns, strict=True)}
    )


def as_findings(found: Iterable[tuple[Check, Finding]]) -> Findings:
    """Return findings that were made from something else than records."""
    rows = {row.finding_id: row for row in (row_of(check, one, one.id_in(check.key)) for check, one in found)}
    lived = [Lived(row, NEW, is_fresh=True) for row in rows.values()]
    return Findings(frame=frame_of(lived), name="findings", title=TITLE, definitions=DEFINITIONS, fresh=frozenset(rows))


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
        content = b""
        if self.path.exists():
            with telling_damage(str(self.path)):
                content = read_plain(self.path)
        for number, line in enumerate(content.split(b"\n")[:-1], start=1):
            try:
                self._take(known, json_of(line))
            except (ValueError, KeyError, TypeError):
                raise DamagedError(
                    Text(f"{self.path} 第 {number} 行已损坏", f"line {number} of {self.path} is damaged"),
                    remedy=Text(
                        "从备份恢复此文件，或删除该行", "restore this file from a backup, or take the line out"
                    ),
                ) from None
        return known

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
        try:
            self._append([{"event": ACCEPTED, "finding_id": finding_id, "reason": reason, "by": by}])
        except OSError as error:
            why = Text(f"写不了 {self.path}：{error.strerror}", f"{self.path} cannot be written: {error.strerror}")
            raise UsageError(why, remedy=Text("给该目录写权限", "make the directory writable")) from None

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
            Whether to write; an audit of the past is only a look. Where that cannot be, a warning says so.
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
        try:
            self._append(events if keep else ())
        except OSError as error:
            warnings.warn(SpokenWarning(_NOT_KEPT.format(path=self.path, why=error.strerror)), stacklevel=3)
        return lived

    def _append(self, events: Iterable[dict[str, Any]]) -> None:
        now = times.now().astimezone(UTC).isoformat(timespec="seconds")
        text = "".join(json.dumps(event | {"written_at": now}, ensure_ascii=False) + "\n" for event in events)
        if text:
            append_lines(self.path, text.encode(), is_private=True)


_NOT_KEPT = Text(
    "{path}：{why}；因此没有记下这些发现：下一次审计仍会称它们为新发现",
    "{path}: {why}; so these findings are not remembered, and the next audit will call them new again",
)
