"""What the archives of a fleet say together: how each account stands, and the rows of all of them as one table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

import pandas as pd
import pyarrow as pa

from ytxdata import times
from ytxdata.archive.heads import Snapshot, newest
from ytxdata.archive.known_meetings import certificate_of, evidence_of
from ytxdata.archive.ownership import check_owner, read_identity
from ytxdata.archive.scans import Part, label_columns
from ytxdata.archive.stored_files import INDEX, SCHEMAS
from ytxdata.archive.views import COLUMNS, table
from ytxdata.errors import YtxError
from ytxdata.fleet.accounts import FleetAccount
from ytxdata.fleet.sync_all import MEETINGS, VERDICT, counted, labelled
from ytxdata.history.proof.certificate import Certificate
from ytxdata.labels import Text
from ytxdata.numbers_in_text import hide_in_text
from ytxdata.records.aliases import names_chosen
from ytxdata.records.schema import arrow_schema, to_pandas
from ytxdata.redact import apart
from ytxdata.selection import OF_ACCOUNTS
from ytxdata.tables.described import Definition
from ytxdata.tables.table import Table

_NOT_YET = Text("还没有同步过", "not synced yet")

NOTES = (
    Text(
        "各账户合计：会议编号只在一个账户内有效，不同账户的会议互不合并；同一号码在两个账户里算两个人",
        "sums over all accounts: an id is one account's own, and no meetings of two accounts are one; one number in two accounts is two people",
    ),
    Text(
        "各账户合计：会议编号只在一个账户内有效，不同账户的会议互不合并；按要求，同一号码在各账户里算同一个人",
        "sums over all accounts: an id is one account's own, and no meetings of two accounts are one; one number is one person in all accounts, as was asked",
    ),
)
"""What a reader must know of sums over accounts: where numbers are told apart by account, and where they are not."""

STATUS = (
    MEETINGS,
    Definition(key="asked_at", zh="最近同步", en="last asked", unit="instant"),
    VERDICT,
    Definition(key="proven_until", zh="已证实至", en="proven until", unit="instant"),
    Definition(key="problem_zh", zh="问题", en="problem (Chinese)", unit="text"),
    Definition(key="problem_en", zh="问题（英文）", en="problem", unit="text"),
)

_AUDITED = (
    Definition(key="crit", zh="严重", en="crit"),
    Definition(key="warn", zh="警告", en="warn"),
    Definition(key="new", zh="新增", en="new"),
    VERDICT,
    Definition(key="exit_code", zh="退出码", en="exit code", is_nullable=False),
)

_LEFT_OUT = Text(
    "警告：账户 {name} 的会议不在其中：{why.zh}",
    "warning: meetings of the account {name} are not among these: {why.en}",
)


@dataclass(frozen=True)
class Standing:
    """How an account stands: its state, what may be claimed, and what is wrong with its archive."""

    name: str
    snapshot: Snapshot | None
    error: YtxError | None = None

    @classmethod
    def of(cls, account: FleetAccount) -> Standing:
        """Return how an account stands. One archive that is damaged must not hide how the others stand, nor end what is
        made of all of them: its data files are hashed before anything is made of any.
        """
        root = account.archive.absolute()
        try:
            identity = read_identity(root)
            if identity is not None and account.question:  # two folders changed places: each was called like the other
                account_sid, app_id, _ = account.question
                check_owner(identity, root, account_sid, app_id)
            snapshot = newest(root) if identity else None
            if snapshot is not None:
                snapshot = snapshot.hashed()
                for name in (*SCHEMAS, INDEX):
                    snapshot.paths(name)
        except YtxError as error:
            return cls(account.name, None, error)
        return cls(account.name, snapshot)

    @property
    def problem(self) -> Text | None:
        """Why nothing of it is read."""
        return self.error.cause if self.error else None if self.snapshot else _NOT_YET

    @cached_property
    def certificate(self) -> Certificate:
        """What may be claimed about the account."""
        return certificate_of(self.snapshot.head.state if self.snapshot else {}, times.now())

    def cells(self) -> dict[str, Any]:
        """Return its row of the status."""
        proven = [one.end for one in self.certificate.periods if one.verdict == "PROVEN"]
        return {
            "meetings": counted(self.snapshot),
            "asked_at": evidence_of(self.snapshot.head.state).last_asked_at if self.snapshot else None,
            "verdict": self.certificate.worst,
            "proven_until": max(proven, default=None),
            "problem_zh": self.problem and self.problem.zh,
            "problem_en": self.problem and self.problem.en,
        }


def audited(
    accounts: Sequence[FleetAccount], rows: Sequence[Mapping[str, Any]], whole: Sequence[FleetAccount] = ()
) -> Table:
    """Return what an audit found of each account, in the order of these, called as in the `whole` fleet: nothing of one
    that could not be audited.
    """
    whose = [replace(account, labels={}) for account in accounts]
    return Table(**labelled("fleet_audit", Text("多账户审计", "Audit of a fleet"), whose, rows, _AUDITED, whole))


def file_names(accounts: Iterable[str]) -> dict[str, str]:
    """Return account → what files about it are called: as it is in them, without the sign that no system takes."""
    names = list(accounts)
    return dict(zip(names, (one.replace("*", "x") for one in apart(map(hide_in_text, names))), strict=True))


def parts_of(standings: Iterable[Standing]) -> list[Part]:
    """Return the states that are read of a fleet: of every account that has one."""
    return [Part(one.name, one.snapshot) for one in standings if one.snapshot is not None]


def of_accounts(standings: Iterable[Standing]) -> Text:
    """Return the note that names the accounts of which something is read."""
    names = ", ".join(sorted(part.account for part in parts_of(standings)))
    return Text(f"{OF_ACCOUNTS.zh}{names}", f"{OF_ACCOUNTS.en}{names}")


def left_out(standings: Iterable[Standing]) -> tuple[Text, ...]:
    """Return a note for each account of which nothing can be read."""
    return tuple(_LEFT_OUT.format(name=one.name, why=one.problem) for one in standings if one.problem is not None)


def chosen_names(standings: Iterable[Standing]) -> tuple[Text, ...]:
    """Return which columns were read from other fields than by default, with the accounts of which each is said."""
    told: dict[Text, list[str]] = {}
    for one in standings:
        for text in names_chosen(one.snapshot.aliases) if one.snapshot else ():
            told.setdefault(text, []).append(one.name)
    return tuple(Text(f"账户 {'、'.join(names)}：{text.zh}", f"account {', '.join(names)}: {text.en}") for text, names in told.items())  # fmt: skip


def whole_frame(
    parts: Iterable[Part], labels: Mapping[str, Mapping[str, str]], view: str,
    as_of: datetime | None, start: datetime | None, end: datetime | None,
) -> pd.DataFrame:  # fmt: skip
    """Return a view of all archives as one frame: `account`, its columns, and the labels; one account after the other."""
    schema = pa.schema([pa.field("account", pa.string()), *arrow_schema(COLUMNS[view])])
    tables = [schema.empty_table()]
    for name, snapshot in parts:
        rows = table(snapshot, view, as_of=as_of, start=start, end=end)
        tables.append(rows.add_column(0, "account", pa.array([name] * rows.num_rows, pa.string())).cast(schema))
    whole = pa.concat_tables(tables)
    names = whole["account"].to_pylist()
    for label, column in label_columns(labels, view).items():
        whole = whole.append_column(column, pa.array([labels[name].get(label) for name in names], pa.string()))
    return to_pandas(whole)
