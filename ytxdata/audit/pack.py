"""The evidence pack: one ZIP that somebody who distrusts its maker can check with Python alone."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

from ytxdata.archive import Archive
from ytxdata.archive.claims import settles_of
from ytxdata.archive.heads import Snapshot
from ytxdata.archive.known_meetings import evidence_of
from ytxdata.archive.ownership import no_archive
from ytxdata.archive.raw_answers import CHAINED, chained, pull_sha256, raw_answer
from ytxdata.archive.rebuild import named_by
from ytxdata.archive.replay import clock_by
from ytxdata.archive.stored_rows import read
from ytxdata.archive.witnesses import entries, kept_witnesses, name_shown
from ytxdata.audit.anchors import Signer, head_key, keyed_chain, timestamp
from ytxdata.audit.checking import CHECKS
from ytxdata.audit.findings import Findings
from ytxdata.audit.revisions import changes, moved
from ytxdata.audit.run import run
from ytxdata.audit.verifier import (
    CERTIFICATE,
    FINDINGS,
    FORMAT,
    MANIFEST,
    PULLS,
    SIGNATURE,
    TIMESTAMP,
    WITNESSES,
    BrokenError,
    Unpacked,
    canonical,
    sha256,
)
from ytxdata.errors import UsageError
from ytxdata.files import replacing, sha256_of
from ytxdata.history.proof.certificate import Certificate
from ytxdata.history.proof.policy import DEFAULT_POLICY
from ytxdata.labels import NO_TEXT, Text, counted, preferred_lang, printable
from ytxdata.metrics.usage import usage
from ytxdata.records.aliases import names_chosen
from ytxdata.records.normalize import PARSER_VERSION, aliases_of
from ytxdata.tables import csv
from ytxdata.tables.masking import masked, sharing_ends
from ytxdata.tables.table import Table, record_table
from ytxdata.tables.value_units import evidence, hide_settings
from ytxdata.templates import facts_card
from ytxdata.times import steps_after
from ytxdata.version import __version__

README = "README.txt"
VERIFY = "verify.py"

_README = """会议历史证据包 / Evidence pack of a meeting history
=====================================================

核对：解压到空目录后在其中运行 / To check it, unpack it into an empty folder and run there:

    python3 -I verify.py

只需要 Python 3.11 或更新版本的标准库，不联网。It needs Python 3.11 or newer, its standard library alone, and no network.

内容 / What is in it
  manifest.json      每个文件的大小和 SHA-256 / size and SHA-256 of every file
  pulls.json         每次拉取，按保存顺序，每次含前一次的指纹 / every pull, in the order of keeping, each with the hash of the one before
  certificate.json   各时段的完整性结论 / what may be claimed about completeness, by period
  findings.json/csv  审计发现及所依据的拉取 / findings, and the pulls that prove them
  tables/            会议、参会方、用量、改动（号码已打码）/ meetings, legs, usage, changes (numbers masked)
  witnesses.json     另给的名单（有的话）：如何读取、指纹 / lists from elsewhere, if any: how each is read, and its hash
  raw/               平台的原始回答（仅在注明时包含）/ the platform's raw answers (only where the manifest says so)
  signature.json     可选的签名 / an optional signature
  timestamp.tsr      可选的时间戳（RFC 3161）/ an optional timestamp by an authority

核对程序从哪里来 / Where to take the verifier from
  包里的 verify.py 是制作者放进去的。不信任制作者的人请用发行版里的同一文件，或 ytxdata verify（它比较两者）：
  The verify.py in here is whatever the maker put in. Whoever distrusts the maker takes the same file from a release,
  or runs `ytxdata verify`, which compares the two:
  python3 -I verify.py evidence.zip --public-key key.pub --heads heads.jsonl

不能证明什么 / What it cannot prove
  链和清单都由存档的主人制成；仅凭本包不能排除他在交出之前把全部内容重做一遍。能排除的是放在别处的东西：整个 ZIP 的 SHA-256、
  签名公钥、时间戳机构的证书、每次同步后公布的链首。
  The owner of the archive made chain and manifest; this pack alone cannot rule out that everything was rebuilt before
  it was handed on. What rules it out is kept elsewhere: the SHA-256 of the ZIP, the public key, the certificate of a
  timestamp's authority, the heads published with every sync.
  本包也不能说明平台从未列出的会议。Nor can it speak of meetings that the platform never listed.
"""


@dataclass(frozen=True)
class Pack:
    """A pack that was written.

    Parameters
    ----------
    path
        The ZIP.
    sha256
        Its digest: keep it elsewhere.
    n_files, n_pulls
        How much is in it.
    include_raw
        Whether the raw answers are in it.
    manifest_sha256
        What `verify.py` prints behind `manifest`: it covers every file, however the ZIP was compressed.
    public_key
        The key that signed it, in hex; None when it is not signed.

    Examples
    --------
    >>> Pack(Path("e.zip"), "ab", 19, 2, False, "cd").text.en.splitlines()[0]
    'pack e.zip: 19 files, 2 pulls, without raw answers'
    """

    path: Path
    sha256: str
    n_files: int
    n_pulls: int
    include_raw: bool
    manifest_sha256: str
    public_key: str | None = None

    @property
    def text(self) -> Text:
        """What to do with it."""
        raw = (
            Text("含原始回答（有完整号码）", "with raw answers (full of phone numbers)")
            if self.include_raw
            else Text("不含原始回答", "without raw answers")
        )
        signed = Text(f"，签名公钥 {self.public_key}", f", signed by the key {self.public_key}")
        key = signed if self.public_key else NO_TEXT
        path = printable(str(self.path), line=True)
        return Text(
            f"证据包 {path}：{self.n_files} 个文件、{self.n_pulls} 次拉取，{raw.zh}{key.zh}\nSHA-256 {self.sha256}（请存放到别处：链本身挡不住其主人重做）\nmanifest {self.manifest_sha256}",
            f"pack {path}: {counted(self.n_files, 'file')}, {self.n_pulls} pull{'s' * (self.n_pulls != 1)}, {raw.en}{key.en}\nSHA-256 {self.sha256} (keep it elsewhere: a chain alone does not stop its owner from rebuilding it)\nmanifest {self.manifest_sha256}",
        )

    def __str__(self) -> str:
        return self.text.in_(preferred_lang())

    def _repr_html_(self) -> str:
        shown = replace(self, path=Path(name_shown(self.path)))
        rows = [(Text("文件", "file"), str(shown.path)), (Text("SHA-256", "SHA-256"), self.sha256)]
        return facts_card(Text("证据包", "Evidence pack"), rows, note=shown.text)


def pack(
    archive: Archive,
    path: str | Path,
    *,
    findings: Findings | None = None,
    include_raw: bool = False,
    sign_with: str | Path | None = None,
    digest_file: str | Path | None = None,
    timestamp_from: str | Path | None = None,
) -> Pack:
    """Write an evidence pack of an archive.

    Its time is that of the newest pull: two packs of one state of an archive and its findings, made by one version with
    the same options, are the same file byte for byte (where zlib is another one, the files inside are).

    Parameters
    ----------
    archive
        The archive; it is verified first, and not changed.
    path
        The ZIP to write.
    findings
        The findings to put in; by default those of an audit with the default settings.
    include_raw
        Put the raw answers in. They are full of phone numbers and names; without them the pack holds their hashes and
        masked tables, which still verify, and says what cannot be checked from them.
    sign_with
        A private ed25519 key as PEM (`openssl genpkey -algorithm ed25519 -out key.pem`).
    digest_file
        Where to write the SHA-256 of the ZIP, in the form of `sha256sum`; keep that file elsewhere.
    timestamp_from
        An authority (RFC 3161) that is asked for a timestamp over the manifest, or a file with its answer to one that
        was asked elsewhere.

    Returns
    -------
    Pack
        Path, digest, what is in it.

    Raises
    ------
    DamagedError
        The archive is damaged: nothing is packed.
    NotAnArchiveError
        There is no archive.
    UsageError
        The path cannot be written, the key is none, the authority gives no timestamp, or the findings are of another
        state of the archive.
    MissingExtraError
        A key or an authority was given and the extra `sign` is not installed.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> import tempfile
    >>> from pathlib import Path
    >>> pack = ytx.audit.pack(ytx.sample("archive"), Path(tempfile.mkdtemp()) / "evidence.zip")
    >>> pack.path.name
    'evidence.zip'
    """
    signer = None if sign_with is None else Signer.load(sign_with)
    snapshot = archive.snapshot()
    if snapshot is None:
        raise no_archive(archive.path)
    archive.verify()
    if findings is None:
        findings = run(archive, remember=False)
    pulls = chained_pulls(snapshot)
    secret = None if include_raw else archive.secret
    stamp = max((row["asked_at"] for row in pulls), default=datetime(1980, 1, 1, tzinfo=UTC))
    links = pulls if secret is None else list(keyed_chain(pulls, secret))
    target = Path(path)
    with replacing(target, is_private=include_raw) as draft:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as whole:
            marks = []
            for name, data in parts(archive, snapshot, links, findings, secret):
                marks.append({"path": name, "size": len(data), "sha256": sha256(data)})
                _write(whole, name, data, stamp)
            body = {
                "format": FORMAT,
                "package_version": __version__,
                "as_of": stamp.isoformat(),
                "include_raw": include_raw,
                "n_pulls": len(pulls),
                "chain_sha256": pull_sha256(links[-1]) if links else "",
                "parser": snapshot.head.parser,
                "settle_s": evidence_of(snapshot.head.state).settle_s,
                # the id of a pull tells the hash of its answer, and without answers nothing is derived anew
                **({"clocks": steps} if include_raw and (steps := snapshot.head.state.get("clocks")) else {}),
                **({"names": names} if include_raw and (names := named_by(snapshot.head.state)) else {}),
                **({"settles": settles} if include_raw and len(settles := settles_of(snapshot)) > 1 else {}),
                "witnesses": len(entries(snapshot.head.state)),
                "audited": [None if edge is None else edge.isoformat() for edge in findings.edges],
                **({"head_key": head_key(archive.secret).hex()} if include_raw and archive.secret else {}),
                "files": marks,
            }
            manifest_sha256 = sha256(canonical(body))
            manifest = canonical({**body, "sha256": manifest_sha256})
            _write(whole, MANIFEST, manifest, stamp)
            if signer is not None:
                _write(whole, SIGNATURE, canonical(signer.sign(manifest)), stamp)
            if timestamp_from is not None:
                _write(whole, TIMESTAMP, timestamp(manifest, timestamp_from), stamp)
        _check_agreement(draft)
    digest = sha256_of(target)
    if digest_file is not None:
        with replacing(Path(digest_file)) as draft:
            draft.write_text(f"{digest}  {target.name}\n", encoding="utf-8")
    public = signer.public_key if signer else None
    return Pack(target, digest, len(marks), len(pulls), include_raw, manifest_sha256, public)


def _check_agreement(draft: Path) -> None:
    """Findings of another state of the archive contradict its certificate: whoever receives the pack would refuse it."""
    made = Unpacked(draft)
    made.check_manifest()
    made.check_chain()
    try:
        made.check_agreement()
    except BrokenError as error:
        en, _, zh = str(error).partition(" / ")
        raise UsageError(
            Text(f"发现与存档现在的状态不符：{zh}", f"the findings are not of the archive as it is now: {en}"),
            remedy=Text("重新运行 ytx.audit.run 再打包", "run ytx.audit.run again, then pack"),
        ) from None


def chained_pulls(snapshot: Snapshot) -> list[dict[str, Any]]:
    """Return what the chain says of every pull, in its order."""
    rows: list[dict[str, Any]] = read(snapshot, "pulls", CHAINED).to_pylist()
    return rows


def own_verifier() -> bytes:
    """Return the bytes of the verifier of this version, as a pack holds them."""
    return resources("ytxdata.audit").joinpath("verifier.py").read_bytes()


def _write(whole: zipfile.ZipFile, name: str, data: bytes, stamp: datetime) -> None:
    mark = zipfile.ZipInfo(name, stamp.timetuple()[:6])
    mark.compress_type, mark.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
    mark.create_system = 3  # the same on every system
    whole.writestr(mark, data)


def parts(
    archive: Archive,
    snapshot: Snapshot,
    pulls: list[dict[str, Any]],
    findings: Findings,
    secret: bytes | None,
) -> Iterator[tuple[str, bytes]]:
    """Yield every file by name; without a secret the raw answers too, and hashes as they are."""
    stamp = max((row["asked_at"] for row in pulls), default=datetime(1980, 1, 1, tzinfo=UTC))
    certificate = archive.certificate()
    tables: list[Table] = sharing_ends(
        [
            findings,
            findings.summary(),
            record_table(archive.meetings(), "meetings", certificate=certificate),
            record_table(archive.legs(), "legs", certificate=certificate),
            usage(archive, by="month", cache=False),
            changes(archive),
            moved(archive),
        ]
    )
    yield README, _README.encode()
    yield VERIFY, own_verifier()
    yield PULLS, canonical([chained(row) for row in pulls])
    ends = tables[0].ends
    lists, bytes_of = _witnesses(snapshot, secret, ends)
    if lists:  # a pack of an archive without any is the same as ever
        yield WITNESSES, canonical(lists)
    yield CERTIFICATE, canonical(certificate_json(certificate, secret, ends))
    known = {*(row["pull_id"] for row in pulls), *(one["reading"]["name"] for one in lists)}
    yield FINDINGS, canonical(_findings(replace(findings, ends=ends), known, secret))
    with tempfile.TemporaryDirectory(prefix="ytxdata-pack-") as folder:
        for table in tables:
            place = "" if table.name == findings.name else "tables/"
            leaving = masked(replace(table, secret=archive.secret), plain_hashes=secret is None)
            written = csv.write(leaving, Path(folder) / f"{table.name}.csv", dialect="machine", written_at=stamp)
            for file in (written, written.with_suffix(".about.json")):
                yield f"{place}{file.name}", file.read_bytes()
    if secret is None:
        for row in pulls:
            yield f"raw/{row['pull_id']}.json", raw_answer(snapshot, row["pull_id"])
        yield from bytes_of.items()


def _witnesses(
    snapshot: Snapshot, secret: bytes | None, ends: frozenset[str]
) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    """Return how each witness was read and by which hash it is known; and the bytes of each by its name in the pack."""
    lists, bytes_of = list[dict[str, Any]](), dict[str, bytes]()
    for place, (reading, raw) in enumerate(kept_witnesses(snapshot), start=1):
        name = f"raw/witness-{place}"
        bytes_of[name] = raw
        known_by, called = _keyed([sha256(raw), reading["name"]], secret, ends)
        lists.append({"path": name, "bytes": len(raw), "sha256": known_by, "reading": {**reading, "name": called}})
    return lists, bytes_of


def _keyed(ids: Iterable[str], secret: bytes | None, ends: frozenset[str]) -> list[str]:
    return [one if secret is None else evidence(one, secret, ends=ends) for one in ids]


def certificate_json(
    certificate: Certificate, secret: bytes | None = None, ends: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """Return a certificate as it stands in a pack."""
    periods = [
        {
            "start": one.start.isoformat(),
            "end": one.end.isoformat(),
            "verdict": one.verdict,
            **one.reason._asdict(),
            "pulls": _keyed(one.pull_ids, secret, ends),
        }
        for one in certificate.periods
    ]
    return {"worst": certificate.worst, "sentence": certificate.sentence._asdict(), "periods": periods}


def _findings(findings: Findings, known: set[str], secret: bytes | None) -> dict[str, Any]:
    """Return the findings, masked, each with the pulls that prove it and those of its records that the archive has."""
    rows = findings.to_dicts()
    told = json.loads(json.dumps(dict(findings.told), default=str))
    for row in rows:
        row["record_ids"] = json.loads(row["record_ids"] or "[]")
        row["pulls"] = sorted(set(_keyed(findings.pulls.get(row["finding_id"], ()), secret, findings.ends)) & known)
        row["records_in_archive"] = [one for one in row["record_ids"] if row["pulls"] and one in findings.known_records]
    return {
        "findings": rows,
        "not_run": {key: why._asdict() for key, why in findings.not_run.items()},
        "parameters": told
        if secret is None
        else hide_settings(told, lambda one: _keyed([one], secret, findings.ends)[0]),
    }


GIVEN = {"roster", "invoice", "exports"}
"""What is given beside an archive and is in no pack: what needs it cannot be derived from one."""


def chosen_by_its_maker(
    manifest: dict[str, Any], told: dict[str, Any], witnesses: list[dict[str, Any]], pulls: list[dict[str, Any]]
) -> list[str]:
    """Return what the maker of a pack chose and no answer proves, a line each: names of fields, waiting, clocks,
    period, thresholds, checks, opinions, lists from elsewhere.
    """
    parsers = [manifest["parser"], *(one for _, one in manifest.get("names", ()))]
    left = list(dict.fromkeys(line for one in parsers for line in _parser_lines(one)))
    default_s = DEFAULT_POLICY.settle.total_seconds()
    settles = {manifest["settle_s"], *(one for _, one in manifest.get("settles", ()))}
    for settle_s in sorted({*settles, *(pull.get("settle_s", default_s) for pull in pulls)} - {default_s}):
        left.append(
            f"a record counts as settled after {settle_s} s, by default {default_s:.0f} s / 沉降时间由制作者指定：{settle_s} 秒"
        )
    ahead_of = clock_by(manifest)
    for pull_id, ahead_s in steps_after((), ((pull["pull_id"], ahead_of(pull)) for pull in pulls)):
        if ahead_s is not None and abs(ahead_s) > DEFAULT_POLICY.jitter.total_seconds():
            left.append(
                f"from pull {pull_id} on this machine's clock was {ahead_s:.0f} s ahead of the platform's: edges of what is claimed rest on that / 自拉取 {pull_id} 起，本机时钟比平台快 {ahead_s:.0f} 秒：时段的边界以此为据"
            )
    if manifest["audited"] != [None, None]:
        left.append(f"only this period was audited: {manifest['audited']} / 只审计了此时段：{manifest['audited']}")
    # anybody can write a bill of the archive's own meetings: that what it says follows from it proves no more than that
    for reading in (one["reading"] for one in witnesses):
        what = f"{reading['name']} ({reading['kind']}, {reading['start']} – {reading['end']})"
        left.append(
            f"the list {what}: no answer and no published head vouches for it / 名单 {what} 由制作者给出，没有回答或已公布的链首为它作证"
        )
    return [*left, *_checks_lines(told)]


def _parser_lines(parser: dict[str, Any]) -> Iterator[str]:
    if parser.get("version") != PARSER_VERSION:
        yield f"the maker's parser is version {parser.get('version')}, this one {PARSER_VERSION} / 解析器版本不同"
    yield from (f"{one.en} / {one.zh}" for one in names_chosen(aliases_of(parser)))


def _checks_lines(told: dict[str, Any]) -> Iterator[str]:
    for key, given in told["parameters"].items():
        usual = json.loads(json.dumps(CHECKS[key].parameters, default=str)) if key in CHECKS else given
        if other := {name: value for name, value in given.items() if value != usual.get(name)}:
            yield f"thresholds of {key} are not the default ones: {other} / {key} 的阈值不是默认值：{other}"
    if silent := [key for key in CHECKS if key not in told["parameters"]]:
        yield f"checks that its maker did not run: {', '.join(silent)} / 制作者没有运行的检查：{', '.join(silent)}"
    beside = [key for key in told["parameters"] if key not in CHECKS or set(CHECKS[key].needs) & GIVEN]
    if ran := [key for key in beside if key not in told["not_run"]]:
        yield f"not without what was given beside the archive: {', '.join(ran)} / 缺少另给的名单等，未重算：{', '.join(ran)}"
    judged = [one["status"] in ("accepted", "resolved") or one["reason"] or one["by"] for one in told["findings"]]
    if n := sum(map(bool, judged)):
        yield f"{n} findings carry somebody's word (a status, a reason, a name) / {n} 条发现带有人给出的状态、理由或署名"
