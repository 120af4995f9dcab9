"""A fleet: many accounts, an archive each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd

from ytxdata.archive import Archive
from ytxdata.archive.around_period import Around
from ytxdata.archive.scans import Part, Scannable
from ytxdata.errors import SettingsError, UsageError, YtxError
from ytxdata.fleet.accounts import FleetAccount, names_of, read_accounts, values_of
from ytxdata.fleet.standing import NOTES, STATUS, Standing, chosen_names, left_out, of_accounts, parts_of, whole_frame
from ytxdata.fleet.sync_all import PER_SECOND, WORKERS, FleetSync, Journal, Line, labelled, sync_all
from ytxdata.history.proof.certificate import Certificate, Verdict
from ytxdata.history.proof.policy import DEFAULT_POLICY, VERDICTS
from ytxdata.labels import Text
from ytxdata.periods import period_of
from ytxdata.redact import apart, cut_secrets
from ytxdata.selection import Selectable
from ytxdata.tables.table import Table
from ytxdata.times import Instant, as_instant


@dataclass(frozen=True)
class FleetCertificate:
    """What may be claimed about all archives of a fleet: the worst on top, and a certificate for each account.

    Parameters
    ----------
    accounts
        Name → certificate.
    names
        All accounts of the fleet these are of, by which those whose masks are alike are told apart: of some accounts
        each is called as of all. By default those that are here.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> FleetCertificate({"north": ytx.sample("archive").certificate()}).worst
    'GAP'
    """

    accounts: Mapping[str, Certificate]
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", self.names or tuple(self.accounts))

    @property
    def worst(self) -> Verdict:
        """The worst verdict of any account: one archive with a gap is a gap in every sum."""
        return max((one.worst for one in self.accounts.values()), key=VERDICTS.index, default="GAP")

    @property
    def badge(self) -> str:
        """The worst verdict as a key of `BADGES`; see `Certificate.badge`."""
        badges = {one.badge for one in self.accounts.values() if one.worst == self.worst}
        return "UNREAD" if "UNREAD" in badges else "UNKNOWN" if badges == {"UNKNOWN"} else self.worst

    @property
    def start(self) -> datetime | None:
        """From where something is claimed about any account."""
        return min((one.start for one in self.accounts.values() if one.start is not None), default=None)

    @property
    def end(self) -> datetime | None:
        """Until where something is claimed about any account."""
        return max((one.end for one in self.accounts.values() if one.end is not None), default=None)

    def over(self, start: datetime | None, end: datetime | None) -> FleetCertificate:
        """Return what is claimed about `[start, end)`, account by account."""
        return replace(self, accounts={name: one.over(start, end) for name, one in self.accounts.items()})

    def so_far(self, start: datetime | None, end: datetime | None) -> FleetCertificate:
        """Return what is claimed about `[start, end)`, of a period that is not over as far as each account was read."""
        return replace(self, accounts={name: one.so_far(start, end) for name, one in self.accounts.items()})

    def about(self, start: datetime, end: datetime) -> FleetCertificate:
        """Return one verdict for each account about all of `[start, end)`, its worst, and nothing of when that holds."""
        return replace(self, accounts={name: one.about(start, end) for name, one in self.accounts.items()})

    def renamed(self, change: Callable[[str], str]) -> FleetCertificate:
        """Return the same of accounts that are called otherwise: they may be named after numbers."""
        called = dict(zip(self.names, apart(map(change, self.names)), strict=True))
        return FleetCertificate({called[name]: one for name, one in self.accounts.items()}, tuple(called.values()))

    @property
    def sentence(self) -> Text:
        """The whole in words: how many accounts have which verdict, and what is said of the worst of them."""
        counts = dict.fromkeys(("GAP", "PROBABLE", "PROVEN"), 0)
        for one in self.accounts.values():
            counts[one.worst] += 1
        told = [f"{n} {verdict}" for verdict, n in counts.items() if n]
        name, named = next((name, one) for name, one in self.accounts.items() if one.worst == self.worst)
        return Text(
            f"{len(self.accounts)} 个账户：{'、'.join(told)}。{name}：{named.sentence.zh}",
            f"{len(self.accounts)} accounts: {', '.join(told)}. {name}: {named.sentence.en}",
        )

    @property
    def frame(self) -> pd.DataFrame:
        """One row per account and period: `account`, then the columns of `Certificate.frame`."""
        parts = [one.frame.assign(account=pd.Series([name] * len(one.frame), dtype="string")) for name, one in self.accounts.items()]  # fmt: skip
        whole = pd.concat(parts, ignore_index=True)
        return whole[["account", *(name for name in whole.columns if name != "account")]]


class Fleet(Selectable, Scannable):
    """Many accounts, each with an archive of its own, synced together and reported on side by side.

    Parameters
    ----------
    source
        A `fleet.toml` with a table `[accounts.NAME]` each; a folder with such a file, or with archives `NAME.archive`;
        or a mapping: name → the same keys. Keys are the names of the settings (`account_sid`, `auth_token` or
        `auth_token_env`, which names an environment variable, `app_id`, `environment` or `base_url`, …), `labels`
        (`{"company": "…"}`) and `archive`, if it is not `NAME.archive` beside the file. A credential that does not
        stand there is looked for in the keyring (`keyring set ytxdata NAME.auth_token`).
    folder
        Where the archives are; beside the file when not given, and in the working directory for a mapping.

    Attributes
    ----------
    accounts : tuple[FleetAccount, ...]
        Name, archive and labels of each account.

    Raises
    ------
    SettingsError
        The file is not there or cannot be read, an account has an unknown key or no usable name, or two share one
        archive.

    Notes
    -----
    Reading needs no credentials: they are looked for when an account is synced. Those of `YTX_*` and `ytxdata.toml` are
    no account's of a fleet. An address in a `fleet.toml` directs the credentials of that file, and of the variables and
    the keyring if the file was named.

    Examples
    --------
    >>> import tempfile
    >>> import ytxdata as ytx
    >>> from ytxdata.emulator import Emulator
    >>> with Emulator(meetings=30, accounts=3) as server:
    ...     fleet = ytx.Fleet(server.fleet, folder=tempfile.mkdtemp())
    ...     print(fleet.sync().line.en)
    3 accounts: 3 synced; 90 new meetings, 0 changed, 3 calls
    >>> len(fleet), fleet.names[0], len(fleet["account-1"].meetings())
    (3, 'account-1', 30)
    """

    def __init__(
        self,
        source: str | PathLike[str] | Mapping[str, Mapping[str, Any]],
        *,
        folder: str | PathLike[str] | None = None,
    ) -> None:
        self._take(())  # refused while it is made, a debugger or a traceback still shows it
        place = None if folder is None else Path(folder)
        read = read_accounts(source, place)
        del source  # a mapping may hold tokens: no frame of a traceback keeps it
        if isinstance(read, SettingsError):
            raise read
        self._take(read)

    def _take(self, accounts: tuple[FleetAccount, ...]) -> None:
        self.accounts = accounts
        self.joins_people = False
        self._by_name = {account.name: account for account in accounts}
        self._whole = accounts
        self._kept: dict[str, Standing] | None = None

    @classmethod
    def found_here(cls) -> Fleet:
        """Return the fleet of the `fleet.toml` that lies in the working directory. Nobody named it, so that an address
        in it directs no credentials but its own.

        Raises
        ------
        SettingsError
            As when it is named.
        """
        read = read_accounts("fleet.toml", None, is_named=False)
        if isinstance(read, SettingsError):
            raise read
        fleet = cls.__new__(cls)
        fleet._take(read)
        return fleet

    @property
    def names(self) -> list[str]:
        """The names of the accounts, in the order in which they were written."""
        return list(self._by_name)

    @property
    def labels(self) -> dict[str, dict[str, str]]:
        """Name → its labels."""
        return {account.name: dict(account.labels) for account in self.accounts}

    @property
    def label_values(self) -> dict[str, tuple[str, ...]]:
        """Label → its values in the order of the whole list, by which those whose masks are alike are told apart."""
        return values_of(self._whole)

    def __len__(self) -> int:
        return len(self.accounts)

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __getitem__(self, name: str) -> Archive:
        """Return the archive of an account.

        Raises
        ------
        KeyError
            There is no account of that name.
        """
        archive = Archive(self._by_name[name].archive)
        known = self._kept and self._kept[name].snapshot
        return archive.still(known) if known else archive

    def where(self, /, *names: str, **labels: str) -> Fleet:
        """Return the accounts with some names, or with some labels: nothing of the others is read.

        Raises
        ------
        UsageError
            No account has such a name or such labels.

        Examples
        --------
        >>> fleet = Fleet({"n": {"labels": {"company": "A"}}, "s": {"labels": {"company": "B"}}})
        >>> fleet.where(company="B").names, fleet.where("n").names
        (['s'], ['n'])
        """
        kept = tuple(
            one
            for one in self.accounts
            if (not names or one.name in names) and all(one.labels.get(key) == value for key, value in labels.items())
        )
        lost = [name for name in names if name not in self._by_name]
        if lost or not kept:
            asked = ", ".join([*lost, *(f"{key} = {value}" for key, value in labels.items())])
            raise UsageError(
                Text(f"没有这样的账户：{asked}", f"there is no such account: {asked}"),
                remedy=Text("名称见 fleet.names，标签见 fleet.labels", "fleet.names and fleet.labels list them"),
            )
        part = copy(self)
        part.accounts, part._by_name = kept, {one.name: one for one in kept}
        return part

    def same_people(self) -> Fleet:
        """Return the same accounts with one number as one person in all of them; reports say so.

        Whoever has two numbers is two people all the same, and ids of meetings stay one account's own.

        Examples
        --------
        >>> Fleet({"n": {}, "s": {}}).same_people().joins_people
        True
        """
        joined = copy(self)
        joined.joins_people = True
        return joined

    @property
    def notes(self) -> tuple[Text, ...]:
        """What every sum over the accounts must say: who is one person, and whose meetings these are."""
        return (NOTES[self.joins_people], *self.contents)

    @property
    def contents(self) -> tuple[Text, ...]:
        """Notes that name the accounts that are read, those of which nothing can be, and which fields somebody chose."""
        standings = self._standings()  # once: of a fleet that is not `still`, each time looks at every data file
        return (of_accounts(standings), *left_out(standings), *chosen_names(standings))

    @property
    def left_out(self) -> tuple[Text, ...]:
        """A note for each account of which nothing can be read: it was never synced, or is damaged."""
        return left_out(self._standings())

    @property
    def names_chosen(self) -> tuple[Text, ...]:
        """Which columns of which accounts were read from other fields than by default: somebody's choice."""
        return chosen_names(self._standings())

    @property
    def damage(self) -> dict[str, YtxError]:
        """Name → what is wrong, of each account whose archive cannot be read, though there is one."""
        return {one.name: one.error for one in self._standings() if one.error is not None}

    @property
    def readable(self) -> list[str]:
        """The names of the accounts of which something can be read."""
        return [part.account for part in self._reads()]

    def _reads(self) -> list[Part]:
        return parts_of(self._standings())

    def _standings(self) -> list[Standing]:
        return [self._kept[one.name] if self._kept else Standing.of(one) for one in self.accounts]

    def still(self) -> Fleet:
        """Return the same accounts as they are now, to be read, whatever syncs bring meanwhile: what each account may
        claim is then read once, however often it is asked for. Every report does so.

        An account of which a data file is gone or not what was written is left out, as its `status` says.
        """
        same = copy(self)
        same._kept = {one.name: one for one in self._standings()}
        return same

    def meetings(
        self, start: Instant | None = None, end: Instant | None = None, as_of: Instant | None = None
    ) -> pd.DataFrame:
        """Return the meetings of all accounts: `account`, the columns of `Archive.meetings`, and the labels. Nothing of
        an account that was never synced: `status` says which.
        """
        return self._frame("meetings", start, end, as_of)

    def legs(
        self, start: Instant | None = None, end: Instant | None = None, as_of: Instant | None = None
    ) -> pd.DataFrame:
        """Return the legs of all accounts: `account`, the columns of `Archive.legs`, and the labels."""
        return self._frame("legs", start, end, as_of)

    def _frame(self, view: str, start: Instant | None, end: Instant | None, as_of: Instant | None) -> pd.DataFrame:
        seen = None if as_of is None else as_instant(as_of, name="as_of")
        return whole_frame(self._reads(), self.labels, view, seen, *period_of(start, end))

    def around(self, start: datetime | None, end: datetime | None) -> Around:
        """Return what reports about a period take of the archives, without the files they do not need; reports do so
        themselves.
        """
        return Around(self.still(), *period_of(start, end))

    def sync(
        self,
        *,
        workers: int = WORKERS,
        per_host: int | None = None,
        per_second: float | None = PER_SECOND,
        settle: timedelta = DEFAULT_POLICY.settle,
        timeout: float | None = None,
        total_timeout: float | None = None,
        resume: bool = False,
        step: Callable[[Line], None] = lambda _: None,
    ) -> FleetSync:
        """Bring all archives up to date, several at once; a refused account stops no other.

        Parameters
        ----------
        workers
            How many accounts at once.
        per_host
            How many calls at once to one host; as many as workers when not given.
        per_second
            How many calls a second to one host, at even distances; None for no limit.
        settle
            As in `Archive.sync`.
        timeout, total_timeout
            As in `Client` [s]; each account's own when not given.
        resume
            Leave out the accounts that the last round, which was interrupted or had failures, has finished within a
            day; a round that left some out is over when it comes to its end.
        step
            Called with the line of each account when it is done.

        Returns
        -------
        FleetSync
            A row per account with its result; `exit_code` is the worst.

        Raises
        ------
        UsageError
            `workers`, `per_host` or `per_second` is not above 0.

        Notes
        -----
        A quiet account costs one call and one commit. Interrupted, it lets the accounts that have begun come to their
        end; `resume=True` then goes on with the others.
        """
        for name, value in (("workers", workers), ("per_host", per_host), ("per_second", per_second)):
            if value is not None and not value > 0:
                raise UsageError(
                    Text(f"{name} 必须大于 0：{value}", f"{name} must be above 0: {value}"),
                    remedy=Text("例如 workers=4", "such as workers=4"),
                )
        return sync_all(
            self.accounts,
            workers=workers,
            per_host=per_host,
            per_second=per_second,
            settle=settle,
            limits={"timeout": timeout, "total_timeout": total_timeout},
            journal=Journal(self.accounts, resume=resume),
            step=step,
            whole=self._whole,
        )

    def certificate(self, start: Instant | None = None, end: Instant | None = None) -> FleetCertificate:
        """Return what may be claimed about a period, account by account; an account that was never synced, or whose
        archive is damaged, is a gap.
        """
        first, last = period_of(start, end)
        return FleetCertificate(
            {one.name: one.certificate.so_far(first, last) for one in self._standings()}, names_of(self._whole)
        )

    def coverage(self) -> pd.DataFrame:
        """Return the periods of all certificates: `account`, then the columns of `Archive.coverage`."""
        return self.certificate().frame

    def status(self) -> Table:
        """Say of each account how much is archived, when it was last asked, and what may be claimed.

        Returns
        -------
        Table
            `account`, its labels, `meetings asked_at verdict proven_until problem_zh problem_en`; a row per account.

        Notes
        -----
        Reads one small file of each archive, and hashes its data files. An archive that is damaged or not there yet
        has a `problem`.
        """
        standings = self._standings()
        rows = [one.cells() for one in standings]
        parts = labelled(
            "fleet_status", Text("多账户状态", "State of a fleet"), self.accounts, rows, STATUS, self._whole
        )
        certificates = {one.name: one.certificate for one in standings}
        return Table(**parts, certificate=FleetCertificate(certificates, names_of(self._whole)))

    def __repr__(self) -> str:
        names = ", ".join(map(cut_secrets, self.names[:3]))  # `[accounts.TOKEN]`
        return f"Fleet({len(self)} accounts: {names}{', …' if len(self) > 3 else ''})"
