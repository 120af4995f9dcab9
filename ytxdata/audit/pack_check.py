"""A pack from elsewhere, checked with this package's own verifier, and derived anew where its raw answers are in it."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import zip_longest
from pathlib import Path
from typing import Any

from ytxdata.archive import Archive
from ytxdata.archive.claims import CLOCK
from ytxdata.archive.connections import no_room, telling_room
from ytxdata.archive.rebuild import names_at, names_told
from ytxdata.archive.replay import at_least, patience, replayed, told_at, told_by_heads, verdicts_of
from ytxdata.archive.witnesses import add_kept
from ytxdata.audit.anchors import given_heads, verify_timestamp
from ytxdata.audit.checking import CHECKS
from ytxdata.audit.findings import OPEN
from ytxdata.audit.pack import (
    GIVEN,
    README,
    VERIFY,
    certificate_json,
    chained_pulls,
    chosen_by_its_maker,
    own_verifier,
    parts,
)
from ytxdata.audit.pack_words import (
    OTHER_RULES,
    OTHER_VERDICTS,
    SEEN_LATER,
    UNCLAIMED,
    in_either,
    period_told,
    strange_words,
)
from ytxdata.audit.run import not_run_note, now_note, run
from ytxdata.audit.verifier import (
    CERTIFICATE,
    FINDINGS,
    INSTANT,
    MANIFEST,
    PULLS,
    TIMESTAMP,
    VERDICTS,
    BrokenError,
    Expected,
    Unpacked,
    canonical,
    one_line,
    partly,
    read_public_key,
    sha256,
    verify,
)
from ytxdata.errors import ArchiveWriteError, DamagedError, NoRoomError, UsageError, YtxError
from ytxdata.history.proof.certificate import Certificate
from ytxdata.history.proof.witness_check import RULES, as_told
from ytxdata.labels import Text
from ytxdata.periods import period_of
from ytxdata.records.answer import read_answer
from ytxdata.times import Instant, as_instant
from ytxdata.version import __version__

RELEASED = {
    "81f029a08560f1b0a31e14c67967c716147a37370e114f3742eafb6e3e8396bc": "0.1.0",
    "52a9232def267292ef38ec2b7f7b86dae0f8bb7c31201ae31d5496f7e248ac7b": "0.1.0",
}
"""SHA-256 of the `verify.py` of every earlier release → its version, also where packs were made before the next one;
add the one of this release when the next one changes it.
"""


def verify_pack(
    path: str | Path,
    *,
    public_key: str | Path | None = None,
    require_signature: bool = False,
    heads: str | Path | None = None,
    authority: str | Path | None = None,
    recompute: bool = False,
) -> list[str]:
    """Check a pack, the ZIP or the folder it was unpacked to, with the verifier of this package and not the one
    inside; return what was checked, a line each.

    Parameters
    ----------
    public_key
        The ed25519 key (a file with it in hex or as PEM) by which the pack must be signed.
    require_signature
        Refuse a pack that nobody signed.
    heads
        A file of heads that were published (`sync --publish-head`): the history in the pack must be the one they are
        of.
    authority
        The root certificate (PEM) of the authority whose timestamp must stand in the pack.
    recompute
        Derive tables, certificate and findings anew from the raw answers, and compare every cell.

    Raises
    ------
    DamagedError
        A claim of the pack does not hold; the message names it.
    UsageError
        The path is no pack, or key, heads or certificate cannot be read.
    MissingExtraError
        A timestamp is to be checked and the extra `sign` is not installed.

    Examples
    --------
    >>> import tempfile
    >>> import ytxdata as ytx
    >>> pack = ytx.audit.pack(ytx.sample("archive"), Path(tempfile.mkdtemp()) / "evidence.zip")
    >>> ytx.audit.verify_pack(pack.path)[0].startswith("ok    manifest")
    True
    """
    source = Path(path)
    if not source.exists():
        raise UsageError(
            Text(f"读不了 {source}", f"{source} cannot be read"), remedy=Text("检查路径", "check the path")
        )
    asked = Expected(
        None if public_key is None else _given_key(public_key),
        require_signature,
        None if heads is None else given_heads(heads),
    )
    lines, holds = verify(source, asked)
    if not holds:
        raise _broken(source, lines)
    pack = Unpacked(source)
    told, rest = ([one for one in lines if one.startswith(("ok ", "OPEN ")) == want] for want in (True, False))
    left = [line for line in told if line.startswith("OPEN ")]
    version = __version__ if (found := pack.mark(VERIFY)[1]) == sha256(own_verifier()) else RELEASED.get(found)
    if version is None:
        unknown = "its verify.py is of no known release: altered, or newer / 不是任何已知发行版"
        raise _broken(source, [*told, f"FAIL  verifier  核对程序: {unknown}"])
    told.append(f"ok    verifier  核对程序: its verify.py is that of release {version} / 与发行版 {version} 一致")
    left += (strange := [one_line(f"OPEN  {one}") for one in strange_words(pack)])
    told += [*_timestamp_lines(source, pack, told, authority), *strange]
    if recompute:
        try:
            with telling_room():
                derived, more = recomputed(pack)
            told += [f"ok    recompute 重算: {derived}"] * bool(derived) + [one_line(f"OPEN  {one}") for one in more]
            left += more
        except Exception as error:  # whatever its maker wrote into it, from which nothing can be derived
            met = error.__context__ if isinstance(error, ArchiveWriteError) else error
            if isinstance(met, OSError | NoRoomError):  # of this machine, and no word on the pack
                raise (no_room(met) if met is not error else error) from None
            why = str(error) if isinstance(error, (BrokenError, YtxError)) else f"{type(error).__name__} {error}"
            raise _broken(source, [*told, one_line(f"FAIL  recompute 重算: {why}")]) from None
    return [*told, *(map(partly, rest) if left else rest)]


def _timestamp_lines(source: Path, pack: Unpacked, lines: list[str], authority: str | Path | None) -> list[str]:
    if authority is None:  # that it is one of this manifest, the verifier has seen
        return []
    if TIMESTAMP not in pack.files.sizes:
        raise _broken(
            source, [*lines, "FAIL  timestamp 时间戳: there is none, and one was asked for / 没有时间戳，而要求必须有"]
        )
    seen = verify_timestamp(pack.read(MANIFEST), pack.read(TIMESTAMP), authority)
    return [
        f"ok    timestamp 时间戳: the manifest was seen by the authority at {seen.isoformat()} / 机构见到清单的时刻为 {seen.isoformat()}"
    ]


def _given_key(path: str | Path) -> str:
    try:
        return read_public_key(Path(path))
    except (OSError, ValueError) as error:
        raise UsageError(
            Text(f"{path} 不是 ed25519 公钥", f"{path} is no ed25519 public key ({error})"),
            remedy=Text("十六进制 64 位，或 PEM", "64 hexadecimal digits, or PEM"),
        ) from None


def _broken(source: Path, lines: list[str]) -> DamagedError:
    told = [in_either(line) for line in lines if line.startswith(("ok ", "FAIL "))]
    zh, en = ("\n  ".join(texts) for texts in zip(*told, strict=True))
    return DamagedError(
        Text(f"证据包 {source} 不成立：\n  {zh}", f"the pack {source} does not hold:\n  {en}"),
        remedy=Text(
            "索取原件，并与存放在别处的 SHA-256 核对",
            "ask for the original, and compare with the SHA-256 kept elsewhere",
        ),
    )


def recomputed(pack: Unpacked) -> tuple[str, list[str]]:
    """Derive tables, certificate and findings of a pack anew from its raw answers; return what was compared, and what
    the answers do not prove, a line each. Without raw answers that is all: an honest pack was called damaged.

    Every check of the registry runs, also those that the pack is silent about: a finding must not vanish with the
    name of its check.

    Raises
    ------
    BrokenError
        A cell is another than what follows from the raw answers, or nobody says how it was derived.
    """
    manifest = pack.json(MANIFEST)
    if not manifest["include_raw"]:
        return "", ["recompute 重算: there are no raw answers, so nothing was derived anew / 没有原始回答，没有重算"]
    if "parser" not in manifest:
        raise BrokenError(
            f"version {manifest['package_version']} did not write down how it derived / {manifest['package_version']} 版的包没有记下推导方式"
        )
    pulls, names = pack.json(PULLS), names_told(manifest.get("names", ()), manifest["parser"])
    told_of = told_by_heads(manifest)
    answers = []
    for place, pull in enumerate(pulls):
        asked_at, answered_at = (datetime.fromisoformat(pull[name]) for name in ("asked_at", "answered_at"))
        answers.append(read_answer(
            pack.read(f"raw/{pull['pull_id']}.json"), asked_at=asked_at, answered_at=answered_at, asked_n=pull["asked_n"],
            confid=pull["confid"] or "", attempts=pull["attempts"], aliases=names_at(names, place),
            **told_of(pull, asked_at, answered_at),
        ))  # fmt: skip
    told = pack.json(FINDINGS)
    # those alone that its maker ran, and says so (`parameters`): others' findings were missed in an honest pack
    again = [key for key, one in CHECKS.items() if key in told["parameters"] and not set(one.needs) & GIVEN]
    with tempfile.TemporaryDirectory(prefix="ytxdata-recompute-", ignore_cleanup_errors=True) as folder:
        archive = Archive(Path(folder) / "archive")
        settles = manifest.get("settles") or [[one.pull_id, manifest["settle_s"]] for one in answers]
        settle_of = told_at([(pull_id, at_least(settle_s)) for pull_id, settle_s in settles])
        unclaimed = replayed(archive.path, answers, names, patience(pulls, settle_of), verdicts_of(pulls))
        # by other rules a list comes to something else in an honest pack: what it says is taken as it is told
        by_others = [one for one in pack.witnesses if one["reading"].get("rules") != RULES]
        for one in (each for each in pack.witnesses if each not in by_others):
            add_kept(archive.path, one["reading"], pack.read(one["path"]), 0)
        without = archive.certificate()
        for one in by_others:
            add_kept(archive.path, one["reading"], pack.read(one["path"]), 0)
        start, end = (None if edge is None else datetime.fromisoformat(edge) for edge in manifest["audited"])
        config = {key: told["parameters"][key] for key in again}
        comparison = PackComparison(pack, again)
        claimed = comparison.certificate(archive.certificate(), without, [one["reading"] for one in by_others])
        judged = _Judged(archive.path, claimed)
        as_of = comparison.as_of(max(one.asked_at for one in answers))
        findings = run(judged, start=start, end=end, as_of=as_of, checks=again, config=config, remember=False)
        snapshot = judged.snapshot()
        assert snapshot is not None
        derived = dict(parts(judged, snapshot, chained_pulls(snapshot), findings, None))
    n = sum(comparison.compare(name, data) for name, data in derived.items())
    left = [*chosen_by_its_maker(manifest, told, pack.witnesses, pulls), *comparison.left]
    left += [UNCLAIMED.format(n=len(unclaimed), pull=unclaimed[0])] if unclaimed else []
    return f"{n:,} cells follow from {len(answers)} raw answers / {n:,} 个单元格由 {len(answers)} 个原始回答得出", left


class _Judged(Archive):
    """The archive that was derived, under the certificate of the pack.

    How far the platform's clock was off a pack of an earlier version says from five minutes on, so that edges may lie a
    little elsewhere. Once it has been held against the one derived, cells that rest on edges can be held against it.
    """

    def __init__(self, path: Path, certificate: Certificate) -> None:
        super().__init__(path)
        self._certificate = certificate

    def certificate(self, start: Instant | None = None, end: Instant | None = None) -> Certificate:
        """Return what the pack claims of a period."""
        return self._certificate.over(*period_of(start, end))


_OF_ITS_TIME = ("package_version", "previous_sha256", "verdict", "settle_s", "ahead_s")
"""What a pull says of the program that kept it, what that found, its patience and its clock: the chain vouches for it,
no answer does.
"""

OPINION = ("status", "reason", "by")
"""What a finding owes to audits before and to people."""
COUNTS = ("warn", "crit", "new", "persisting", "resolved", "accepted")


@dataclass
class PackComparison:
    """A pack beside what follows from its answers; `left` tells what could not be held against them."""

    pack: Unpacked
    again: Sequence[str]
    left: list[str] = field(default_factory=list)

    def compare(self, name: str, data: bytes) -> int:
        """Compare one file; return how many cells agree."""
        if name not in self.pack.files.sizes:
            raise BrokenError(f"{name} follows from the answers and is not in the pack / {name} 应有而没有")
        if name == PULLS:
            return self._pulls(self.pack.json(name), json.loads(data))
        if name == CERTIFICATE:
            return _same(name, [self.pack.json(name)], [json.loads(data)])
        if name == FINDINGS:
            return self._findings(self.pack.json(FINDINGS), json.loads(data))
        if name == README:
            return _same(name, [{"text": self.pack.read(name).decode()}], [{"text": data.decode()}])
        if name.endswith(".about.json"):
            return self._about(name, self.pack.description(name), json.loads(data))
        if name == "tables/audit_summary.csv":
            return self._summary(data)
        return self._table(name, data) if name.startswith("tables/") and name.endswith(".csv") else 0

    def _pulls(self, told: list[dict[str, Any]], derived: list[dict[str, Any]]) -> int:
        """What the answers tell of each call. Its verdict rests on the names of fields and the rules of its time too,
        and after heads were lost nothing tells these: that another follows is no proof that somebody wrote it.
        """
        if strange := [one["verdict"] for one in told if one["verdict"] not in (*VERDICTS, None)]:
            raise BrokenError(f"{PULLS}: verdict is {strange[0]!r} / {PULLS}：没有这样的结论 {strange[0]!r}")
        if others := [
            one["pull_id"] for one, other in zip(told, derived, strict=False) if one["verdict"] != other["verdict"]
        ]:
            self.left.append(OTHER_VERDICTS.format(n=len(others), pull=others[0]))
        return _same(PULLS, told, derived, but=_OF_ITS_TIME)

    def _table(self, name: str, data: bytes) -> int:
        header, *told = self.pack.rows(name)
        known, *derived = csv.reader(io.StringIO(data.decode(), newline=""), strict=True)
        if header != known or len(told) != len(derived):
            raise BrokenError(
                f"{name}: {len(told)} rows, {len(derived)} follow from the answers / {name} 有 {len(told)} 行，由回答得出 {len(derived)} 行，或列不同"
            )
        # an answer of an early version lists no record that was regained from a later one: it was seen later than told
        if "last_seen_at" in header and any("settle_s" not in one for one in self.pack.json(PULLS)):
            at, both = header.index("last_seen_at"), [*zip(told, derived, strict=True)]
            if n := sum(row[at] < other[at] for row, other in both):
                self.left.append(SEEN_LATER.format(name=name, n=n))
            derived = [[*other[:at], min(row[at], other[at]), *other[at + 1 :]] for row, other in both]
        return sum(
            _same(f"{name}, row {place}", *([dict(zip(header, cells, strict=True))] for cells in (row, other)))
            for place, (row, other) in enumerate(zip(told, derived, strict=True), start=1)
        )

    def certificate(self, derived: Certificate, without: Certificate, others: Sequence[Any]) -> Certificate:
        """Compare what is claimed of every period with what follows, or does without lists heard by `others`' rules."""
        told = self.pack.json(CERTIFICATE)["periods"]
        periods = tuple(map(period_told, told))
        try:
            _periods_agree(told, certificate_json(derived)["periods"])
        except BrokenError:
            if not others:
                raise
            _periods_agree(told, certificate_json(as_told(without, periods, others))["periods"])
            self.left += (OTHER_RULES.format(name=one["name"], n=one.get("rules") or "?") for one in others)
        return Certificate(periods, derived.outside)

    def _findings(self, told: dict[str, Any], derived: dict[str, Any]) -> int:
        """Findings of every check that runs on answers alone, and which of these did not run and why."""
        if strange := sorted({one["check"] for one in told["findings"]} - {*told["parameters"]}):
            raise BrokenError(f"findings of checks that did not run: {strange} / 没有运行的检查有发现：{strange}")
        found, known = (
            [one for one in body["findings"] if one["check"] in self.again and one["status"] != "resolved"]
            for body in (told, derived)
        )
        n = _same(FINDINGS, found, known, but=OPINION)
        _same("findings.json, not run", *(
            [{key: why for key, why in found["not_run"].items() if key in self.again}] for found in (told, derived)
        ))  # fmt: skip
        return n

    def _about(self, name: str, told: dict[str, Any], derived: dict[str, Any]) -> int:
        """What stands beside a table claims no more than follows; hash and rows were held against the table itself."""
        skipped = {"sha256", "bytes", "rows", "version", "written_at"}
        if name == "findings.about.json":
            skipped.add("notes")
            self._notes(told, derived)
        return _same(name, [told], [derived], but=skipped)

    def as_of(self, newest: datetime) -> datetime | None:
        """Return what its maker took for now; None where that was the newest pull, as by default."""
        first = next(iter(self.pack.description("findings.about.json")["notes"]), {"en": ""})
        found = INSTANT.search(first["en"])
        return None if found is None or first == now_note(newest)._asdict() else as_instant(found[0])

    def _notes(self, told: dict[str, Any], derived: dict[str, Any]) -> None:
        """An audit says its notes once each; those of lists, and of checks that lacked them, follow from no answer."""
        body, notes = self.pack.json(FINDINGS), derived["notes"]
        lacked = [CHECKS[key] for key in body["not_run"] if key in CHECKS and key not in self.again]
        notes += [not_run_note(one, Text(**body["not_run"][one.key]))._asdict() for one in lacked]
        said, known = (Counter(canonical(note).decode() for note in some) for some in (told["notes"], notes))
        # what a check says that its maker did not ask for may be lacking; its instant and the cadence never are
        owed = known if {*self.again} <= {*body["parameters"]} else [canonical(note).decode() for note in notes[:2]]
        strange = [json.loads(one)["en"] for one in said - known]
        wrong = [json.loads(one)["en"] for one in (*owed, *(said - known)) if one in known and said[one] != known[one]]
        if wrong or (strange and not ({*body["parameters"]} - {*self.again, *body["not_run"]})):
            one = [*wrong, *strange][0][:200]
            raise BrokenError(
                f"findings.about.json: does not follow from the answers: {one!r} / findings.about.json 与原始回答不符：{one!r}"
            )
        given = "of what was given beside the archive: {0} / 出自另给的名单：{0}"
        self.left += [f"findings.about.json: {given.format(one[:200])}" for one in strange]

    def _summary(self, data: bytes) -> int:
        """The summary counts the findings that the pack lists, and says of each check that ran what follows."""
        header, *rows = self.pack.rows("tables/audit_summary.csv")
        known, *others = csv.reader(io.StringIO(data.decode(), newline=""), strict=True)
        told = self.pack.json(FINDINGS)
        listed = Counter(row[header.index("check")] for row in rows)  # also those that its maker did not ask for
        if header != known or not {*told["parameters"]} <= {*listed} or max(listed.values(), default=1) > 1:
            raise BrokenError("audit_summary has other checks than findings.json / 检查与 findings.json 不符")
        derived = {row[known.index("check")]: dict(zip(known, row, strict=True)) for row in others}
        for row in (dict(zip(header, cells, strict=True)) for cells in rows):
            mine = [one for one in told["findings"] if one["check"] == row["check"]]
            counted = Counter(one["status"] for one in mine)
            counted.update(one["severity"] for one in mine if one["status"] in OPEN)
            said, counts = ({key: int(of[key]) for key in COUNTS} for of in (row, counted))
            _same(f"audit_summary, {row['check']}", [said], [counts])
            if row["check"] in self.again or (row["check"] not in told["parameters"] and row["check"] in derived):
                _same(f"audit_summary, {row['check']}", [row], [derived[row["check"]]], but=COUNTS)
        return len(header) * len(rows)


def _periods_agree(told: list[dict[str, Any]], derived: list[dict[str, Any]]) -> None:
    """Compare what is claimed of every period; edges may lie a little elsewhere, see `CLOCK`."""
    _same(CERTIFICATE, told, derived, but=("start", "end"))
    for one, other in zip(told, derived, strict=True):
        for edge in ("start", "end"):
            apart = datetime.fromisoformat(one[edge]) - datetime.fromisoformat(other[edge])
            if abs(apart) > CLOCK:
                raise BrokenError(
                    f"certificate.json: {edge} is {one[edge]}, {other[edge]} follows from the answers / certificate.json 的 {edge} 为 {one[edge]}，由原始回答得出的是 {other[edge]}"
                )


def _same(
    name: str, told: Sequence[dict[str, Any]], derived: Sequence[dict[str, Any]], *, but: Collection[str] = ()
) -> int:
    """Return how many cells two lists of rows have in common, but for some columns; refuse the first that differs."""
    for one, other in zip_longest(told, derived, fillvalue=dict[str, Any]()):
        for key in (key for key in {**one, **other} if key not in but and one.get(key) != other.get(key)):
            raise BrokenError(
                f"{name}: {key} is {str(one.get(key))[:80]!r}, {str(other.get(key))[:80]!r} follows from the answers / {name} 的 {key} 与原始回答不符"
            )
    return sum(len(one.keys() - {*but}) for one in told)
