"""One audit: every check over the same records, each finding with its life."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from ytxdata.archive import Archive
from ytxdata.archive.connections import telling_room
from ytxdata.archive.ownership import no_archive
from ytxdata.audit import checks as _checks  # noqa: F401 (registers the checks)
from ytxdata.audit.cadence import cadence_of
from ytxdata.audit.checking import CHECKS, Check, Finding, unknown
from ytxdata.audit.data import Auditable, Data, newest_pull, open_data
from ytxdata.audit.findings import DEFINITIONS, NEW, TITLE, FindingRow, Findings, Life, Lived, frame_of, row_of
from ytxdata.audit.invoice import Invoice
from ytxdata.errors import UsageError
from ytxdata.files import NotTomlError, read_toml, require_file
from ytxdata.labels import Text
from ytxdata.metrics.facts import Scope
from ytxdata.tables.address_book import AddressBook
from ytxdata.tables.lists import Listed
from ytxdata.tables.table import Table
from ytxdata.times import Instant, as_instant, beijing_text, instant_of

LISTS = ("roster", "invoice")
"""What a configuration may describe beside checks: `columns` of these lists."""


@telling_room()
def run(
    source: Auditable,
    *,
    start: Instant | None = None,
    end: Instant | None = None,
    roster: AddressBook | Listed | None = None,
    invoice: Invoice | Listed | None = None,
    exports: Sequence[Table] | None = None,
    config: Mapping[str, Mapping[str, Any]] | None = None,
    as_of: Instant | None = None,
    checks: Collection[str] | None = None,
    remember: bool = True,
) -> Findings:
    """Audit an archive: run every check and tell what it found, or why it could not run.

    Parameters
    ----------
    source
        An Archive; or a History or `ytx.Frames` of any engine, which know no earlier versions and keep no life of
        findings.
    start, end
        Only what starts in `[start, end)`, Beijing time unless a zone is given; a finding about several meetings
        belongs to the latest.
    roster
        `phone, name, department`: a path, a frame, or a `AddressBook`.
    invoice
        `meeting_id, duration_s, amount_yuan`: a path, a frame, or an `Invoice`.
    exports
        Tables that are to be handed on: rows about few people are found in them.
    config
        Check → parameters that differ from the defaults; `roster` and `invoice` → `{"columns": {our name: name
        there}}`.
    as_of
        What counts as now, by default the newest pull: only what was known then is looked at, and nothing is
        remembered.
    checks
        Which checks to run; all when None.
    remember
        Keep beside the archive which findings there were, so that the next audit can tell new ones from old; where
        nothing can be written, a warning says so.

    Returns
    -------
    Findings
        One row per finding, in the order of the checks, then of time; those of earlier audits that are no longer
        found come last as *resolved*.

    Raises
    ------
    UsageError
        The source cannot be audited, a list cannot be read, the period is empty, or a check or parameter is unknown.
    NotAnArchiveError
        There is no archive, or no sync was completed yet.
    DamagedError
        The archive, or the file of findings beside it, is damaged.

    Notes
    -----
    Reads; never changes, deletes or cleans a record. The records are brought into a temporary DuckDB file; memory is
    bounded.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> archive = ytx.sample("archive")
    >>> findings = ytx.audit.run(archive, remember=False)
    >>> len(findings) > 0
    True
    """
    scope = Scope.of(start, end)
    if isinstance(source, Archive) and source.snapshot() is None:
        raise no_archive(source.path)
    settings = _settings(config or {})
    chosen = _chosen(checks)
    told = {check.key: check.told(settings.get(check.key, {})) for check in chosen}
    people = None if roster is None else AddressBook.read(roster, settings.get("roster", {}).get("columns"))
    bills = None if invoice is None else Invoice.read(invoice, settings.get("invoice", {}).get("columns"))
    then = None if as_of is None else as_instant(as_of, name="as_of")

    def reopen() -> Data:
        return open_data(
            source,
            start=scope.start,
            end=scope.end,
            as_of=then,
            roster=people,
            invoice=bills,
            exports=None if exports is None else tuple(exports),
        )

    data = reopen()
    not_run = {one.key: why for one in chosen if (why := next(filter(None, map(data.lacks, one.needs)), None))}
    ran = [check for check in chosen if check.key not in not_run]
    rows, pulls, known = _found(data, ran, told)
    life = Life.beside(data.archive.path) if data.archive is not None else None
    lived = [Lived(row, NEW, is_fresh=True) for row in rows]
    if life is not None:
        # An audit of what was known long ago leaves no trace: it would resolve what has been found since.
        keep = remember and (then is None or then >= (newest_pull(source) or then))
        period = " – ".join("" if edge is None else edge.isoformat() for edge in (scope.start, scope.end))
        lived = life.live(rows, {check.key for check in ran}, period, keep=keep)
    return Findings(
        frame=frame_of(lived),
        name="findings",
        title=TITLE,
        definitions=DEFINITIONS,
        notes=(*_notes(data, people, bills), *(not_run_note(CHECKS[key], why) for key, why in not_run.items())),
        period=scope.period,
        edges=(scope.start, scope.end),
        certificate=data.certificate,
        secret=data.secret,
        ends=data.ends,
        creators=data.creators,
        pulls=pulls,
        not_run=not_run,
        ran=tuple(check.key for check in ran),
        told=told,
        known_records=known,
        fresh=frozenset(one.row.finding_id for one in lived if one.is_fresh),
        life=life,
        source=source,
        reopen=reopen,
    )


def _notes(data: Data, *lists: AddressBook | Invoice | None) -> Iterator[Text]:
    """Yield what is said of an audit as a whole: its instant, how often to sync, and what the given lists tell."""
    yield now_note(data.now)
    if data.archive is not None:
        yield cadence_of(data.archive).text
    # whether a bill agrees comes before which of its lines were not used: that alone reads like an error
    yield from dict.fromkeys(data.notes)
    for given in lists:
        yield from () if given is None else given.notes


def _settings(config: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    for name, value in config.items():
        if name not in CHECKS and name not in LISTS:
            raise unknown(Text("检查", "check"), name, [*CHECKS, *LISTS])
        if not isinstance(value, Mapping):
            raise UsageError(Text(f"{name} 的设置不是名称 → 值", f"the settings of {name} are not names → values"))
    return dict(config)


def _chosen(keys: Collection[str] | None) -> list[Check]:
    for key in keys or ():
        if key not in CHECKS:
            raise unknown(Text("检查", "check"), key, list(CHECKS))
    return [check for check in CHECKS.values() if keys is None or check.key in keys]


def _found(
    data: Data, ran: list[Check], told: Mapping[str, Mapping[str, Any]]
) -> tuple[list[FindingRow], dict[str, tuple[str, ...]], frozenset[str]]:
    """Return the rows of all checks in order, the pulls that prove each, and which of their records are known."""
    found: list[tuple[Check, Finding]] = [
        (check, one) for check in ran for one in check.function(data, **told[check.key])
    ]
    known = data.provenance({meeting_id for _, one in found for meeting_id in one.record_ids})
    rows: dict[str, tuple[int, datetime, FindingRow]] = {}
    pulls: dict[str, tuple[str, ...]] = {}
    places = {check.key: place for place, check in enumerate(ran)}
    for check, one in found:
        mine = [known[meeting_id] for meeting_id in one.record_ids if meeting_id in known]
        starts = [start for start, _ in mine if start is not None]
        at = one.at or (instant_of(max(starts)) if starts else data.now)
        key = one.id_in(check.key, partial(data.fact, one=one, known=known))
        pulls[key] = one.pull_ids or tuple(sorted({pull for _, brought in mine for pull in brought}))
        row = row_of(check, one, key)
        rows[key] = (places[check.key], at, row)
    # By check, instant and id: the same records give the same list, whatever source or engine they came from.
    ordered = sorted(rows.values(), key=lambda three: (three[0], three[1], three[2].finding_id))
    return [row for _, _, row in ordered], pulls, frozenset(known)


def now_note(now: datetime) -> Text:
    """Return the note that says what an audit took for now."""
    at = beijing_text(now)
    return Text(f"以 {at} 为“现在”", f"“now” is {at}")


def not_run_note(check: Check, why: Text) -> Text:
    """Return the note that says why a check did not run."""
    return Text(
        f"{check.title.zh}（{check.key}）未运行，因为{why.zh}",
        f"{check.title.en} ({check.key}) not run, because {why.en}",
    )


def read_config(path: str | Path) -> dict[str, Any]:
    """Read a configuration from a TOML file: one table per check, and `[roster.columns]`, `[invoice.columns]`.

    Raises
    ------
    UsageError
        The file cannot be read.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> import tempfile
    >>> from pathlib import Path
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "audit.toml").write_text("over_long.warn_s = 7200")
    >>> ytx.audit.read_config(folder / "audit.toml")
    {'over_long': {'warn_s': 7200}}
    """
    require_file(path)
    try:
        return read_toml(Path(path))
    except NotTomlError as error:
        zh, en = error.why
        raise UsageError(
            Text(f"审计设置 {path} 无法读取：{zh}", f"the settings of the audit in {path} cannot be read: {en}"),
            remedy=Text(
                "每个检查一个 TOML 表，例如 [over_long] warn_s = 7200，以 UTF-8 保存",
                "one TOML table per check, such as [over_long] warn_s = 7200, saved as UTF-8",
            ),
        ) from None
