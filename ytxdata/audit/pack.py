"""The evidence pack: one ZIP that somebody who distrusts its maker can check with Python alone."""

from __future__ import annotations

import json
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

from ytxdata.archive import Archive
from ytxdata.archive.ownership import no_archive
from ytxdata.archive.raw_answers import raw_answer
from ytxdata.archive.snapshot import Snapshot, read
from ytxdata.archive.stored_files import CHAINED, pull_sha256
from ytxdata.audit.anchors import Signer
from ytxdata.audit.findings import Findings
from ytxdata.audit.revisions import changes, moved
from ytxdata.audit.run import run
from ytxdata.audit.verifier import CERTIFICATE, FINDINGS, FORMAT, MANIFEST, PULLS, SIGNATURE, canonical, sha256, verify
from ytxdata.errors import DamagedError, UsageError
from ytxdata.files import replacing, sha256_of
from ytxdata.labels import Text, preferred_lang
from ytxdata.metrics.usage import usage
from ytxdata.redact import keyed_hashes
from ytxdata.tables import csv
from ytxdata.tables.masking import masked
from ytxdata.tables.table import Table, record_table
from ytxdata.templates import facts_card
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
  pulls.json         每次查询，按保存顺序，每次含前一次的指纹 / every pull, in the order of keeping, each with the hash of the one before
  certificate.json   各时段的完整性结论 / what may be claimed about completeness, by period
  findings.json/csv  审计发现及所依据的查询 / findings, and the pulls that prove them
  tables/            会议、参会方、用量、改动（号码已打码）/ meetings, legs, usage, changes (numbers masked)
  raw/               平台的原始回答（仅在注明时包含）/ the platform's raw answers (only where the manifest says so)
  signature.json     可选的签名 / an optional signature

不能证明什么 / What it cannot prove
  链和清单都由存档的主人制成；仅凭本包不能排除他在交出之前把全部内容重做一遍。请在制成时把整个 ZIP 的 SHA-256
  或签名公钥存放到别处（第三方、邮件、公证），核对时比较。
  The owner of the archive made chain and manifest; this pack alone cannot rule out that everything was rebuilt before it was handed on. Keep the
  SHA-256 of the ZIP, or the public key of its signature, elsewhere when it is made (a third party, a mail, a notary), and compare.
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
        key = (
            Text(f"，签名公钥 {self.public_key}", f", signed by the key {self.public_key}")
            if self.public_key
            else Text("", "")
        )
        return Text(
            f"证据包 {self.path}：{self.n_files} 个文件、{self.n_pulls} 次查询，{raw.zh}{key.zh}\nSHA-256 {self.sha256}（请存放到别处：链本身挡不住其主人重做）\nmanifest {self.manifest_sha256}",
            f"pack {self.path}: {self.n_files} files, {self.n_pulls} pulls, {raw.en}{key.en}\nSHA-256 {self.sha256} (keep it elsewhere: a chain alone does not stop its owner from rebuilding it)\nmanifest {self.manifest_sha256}",
        )

    def __str__(self) -> str:
        return self.text.in_(preferred_lang())

    def _repr_html_(self) -> str:
        rows = [(Text("文件", "file"), str(self.path)), (Text("SHA-256", "SHA-256"), self.sha256)]
        return facts_card(Text("证据包", "Evidence pack"), rows, note=self.text)


def pack(
    archive: Archive,
    path: str | Path,
    *,
    findings: Findings | None = None,
    include_raw: bool = False,
    sign_with: str | Path | None = None,
    digest_file: str | Path | None = None,
) -> Pack:
    """Write an evidence pack of an archive.

    Its time is that of the newest pull, not that of the packing: two packs of one state of an archive and its findings, made by one version with the same
    options, are the same file byte for byte (where zlib is another one, the files inside and `manifest_sha256` are).

    Parameters
    ----------
    archive
        The archive; it is verified first, and not changed.
    path
        The ZIP to write.
    findings
        The findings to put in; by default those of an audit with the default settings.
    include_raw
        Put the raw answers in. They are full of phone numbers and names; without them the pack holds their hashes and masked tables, which
        still verify, and says what cannot be checked from them.
    sign_with
        A private ed25519 key as PEM (`openssl genpkey -algorithm ed25519 -out key.pem`).
    digest_file
        Where to write the SHA-256 of the ZIP, in the form of `sha256sum`; keep that file elsewhere.

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
        The path cannot be written, or the key is none.
    MissingExtraError
        A key was given and the extra `sign` is not installed.
    """
    signer = None if sign_with is None else Signer.load(sign_with)
    snapshot = archive.snapshot()
    if snapshot is None:
        raise no_archive(archive.path)
    archive.verify()
    if findings is None:
        findings = run(archive, remember=False)
    pulls = read(snapshot, "pulls", CHAINED).to_pylist()
    secret = None if include_raw else archive.secret
    stamp = max((row["asked_at"] for row in pulls), default=datetime(1980, 1, 1, tzinfo=UTC))
    links = pulls if secret is None else list(_keyed_chain(pulls, secret))
    target = Path(path)
    with replacing(target) as draft, zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as whole:
        marks = []
        for name, data in _parts(archive, snapshot, links, findings, secret):
            marks.append({"path": name, "size": len(data), "sha256": sha256(data)})
            _write(whole, name, data, stamp)
        body = {
            "format": FORMAT,
            "package_version": __version__,
            "as_of": stamp.isoformat(),
            "include_raw": include_raw,
            "n_pulls": len(pulls),
            "chain_sha256": pull_sha256(links[-1]) if links else "",
            "files": marks,
        }
        manifest_sha256 = sha256(canonical(body))
        manifest = canonical({**body, "sha256": manifest_sha256})
        _write(whole, MANIFEST, manifest, stamp)
        if signer is not None:
            _write(whole, SIGNATURE, canonical(signer.sign(manifest)), stamp)
    digest = sha256_of(target)
    if digest_file is not None:
        with replacing(Path(digest_file)) as draft:
            draft.write_text(f"{digest}  {target.name}\n", encoding="utf-8")
    key = signer.public_key if signer else None
    return Pack(target, digest, len(marks), len(pulls), include_raw, manifest_sha256, key)


def verify_pack(path: str | Path) -> list[str]:
    """Check a pack, the ZIP or the folder it was unpacked to, with the very code of its `verify.py`; return what was checked, a line each.

    Raises
    ------
    DamagedError
        A claim of the pack does not hold; the message names it.
    UsageError
        The path is no pack.
    """
    source = Path(path)
    if source.is_dir():
        lines, holds = verify(source)
    else:
        with tempfile.TemporaryDirectory(prefix="ytxdata-pack-") as folder:
            _unpack(source, Path(folder))
            lines, holds = verify(Path(folder))
    if not holds:
        told = "\n  ".join(lines)
        raise DamagedError(
            Text(f"证据包 {source} 不成立：\n  {told}", f"the pack {source} does not hold:\n  {told}"),
            remedy=Text(
                "索取原件，并与存放在别处的 SHA-256 核对",
                "ask for the original, and compare with the SHA-256 kept elsewhere",
            ),
        )
    return lines


def _unpack(source: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(source) as whole:
            names = whole.namelist()
            if len(names) != len(set(names)):
                raise DamagedError(Text(f"{source} 中有同名文件", f"{source} holds two files of one name"))
            whole.extractall(folder)
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, zlib.error) as error:
        if isinstance(error, FileNotFoundError | IsADirectoryError | PermissionError):
            raise UsageError(
                Text(f"读不了 {source}", f"{source} cannot be read"), remedy=Text("检查路径", "check the path")
            ) from None
        raise DamagedError(
            Text(f"{source} 不是完好的 ZIP：{error}", f"{source} is no sound ZIP: {error}"),
            remedy=Text("索取原件", "ask for the original"),
        ) from None


def _write(whole: zipfile.ZipFile, name: str, data: bytes, stamp: datetime) -> None:
    mark = zipfile.ZipInfo(name, stamp.timetuple()[:6])
    mark.compress_type, mark.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
    mark.create_system = 3  # the same on every system
    whole.writestr(mark, data)


def _parts(
    archive: Archive,
    snapshot: Snapshot,
    pulls: list[dict[str, Any]],
    findings: Findings,
    secret: bytes | None,
) -> Iterator[tuple[str, bytes]]:
    """Yield every file by name; without a secret the raw answers too, and hashes as they are."""
    stamp = max((row["asked_at"] for row in pulls), default=datetime(1980, 1, 1, tzinfo=UTC))
    yield README, _README.encode()
    yield VERIFY, resources("ytxdata.audit").joinpath("verifier.py").read_bytes()
    yield PULLS, canonical([{name: _plain(row[name]) for name in CHAINED} for row in pulls])
    yield CERTIFICATE, canonical(_certificate(archive, secret))
    yield FINDINGS, canonical(_findings(findings, {row["pull_id"] for row in pulls}, secret))
    certificate = archive.certificate()
    tables: list[Table] = [
        findings,
        findings.summary(),
        record_table(archive.meetings(), "meetings", certificate=certificate),
        record_table(archive.legs(), "legs", certificate=certificate),
        usage(archive, by="month"),
        changes(archive),
        moved(archive),
    ]
    with tempfile.TemporaryDirectory(prefix="ytxdata-pack-") as folder:
        for table in tables:
            place = "" if table is findings else "tables/"
            leaving = masked(replace(table, secret=archive.secret), plain_hashes=secret is None)
            written = csv.write(leaving, Path(folder) / f"{table.name}.csv", dialect="machine", written_at=stamp)
            for file in (written, written.with_suffix(".about.json")):
                yield f"{place}{file.name}", file.read_bytes()
    if secret is None:
        for row in pulls:
            yield f"raw/{row['pull_id']}.json", raw_answer(snapshot, row["pull_id"])


def _keyed_chain(pulls: list[dict[str, Any]], secret: bytes) -> Iterator[dict[str, Any]]:
    """Yield the pulls as they may leave without their raw answers: hashes keyed, and the chain closed anew over what is left to check.

    The plain hash of an answer lets anybody try numbers until it fits; the owner of the archive can name the same chain again at any time.
    """
    previous = ""
    for row in pulls:
        first = previous or row["previous_sha256"]
        link = {
            **row,
            **{name: keyed_hashes(row[name], secret) for name in ("pull_id", "sha256")},
            "previous_sha256": first,
        }
        previous = pull_sha256(link)
        yield link


def _keyed(ids: Iterable[str], secret: bytes | None) -> list[str]:
    return [one if secret is None else keyed_hashes(one, secret) for one in ids]


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).isoformat(timespec="microseconds") if isinstance(value, datetime) else value


def _certificate(archive: Archive, secret: bytes | None) -> dict[str, Any]:
    certificate = archive.certificate()
    periods = [
        {
            "start": one.start.isoformat(),
            "end": one.end.isoformat(),
            "verdict": one.verdict,
            **one.reason._asdict(),
            "pulls": _keyed(one.pull_ids, secret),
        }
        for one in certificate.periods
    ]
    return {"worst": certificate.worst, "sentence": certificate.sentence._asdict(), "periods": periods}


def _findings(findings: Findings, known: set[str], secret: bytes | None) -> dict[str, Any]:
    """Return the findings, masked, each with the pulls that prove it and those of its records that are in the archive."""
    rows = findings.to_dicts()
    for row in rows:
        row["record_ids"] = json.loads(row["record_ids"] or "[]")
        row["pulls"] = sorted(set(_keyed(findings.pulls.get(row["finding_id"], ()), secret)) & known)
        row["records_in_archive"] = [one for one in row["record_ids"] if row["pulls"] and one in findings.known_records]
    return {
        "findings": rows,
        "not_run": {key: why._asdict() for key, why in findings.not_run.items()},
        "parameters": json.loads(json.dumps(dict(findings.told), default=str)),
    }
