"""A pack from elsewhere, checked with this package's own verifier; with raw answers in it, everything in it is
derived anew and compared.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from ytxdata.archive import Archive
from ytxdata.archive.sync import sync
from ytxdata.archive.witnesses import add_kept
from ytxdata.audit.anchors import given_heads, verify_timestamp
from ytxdata.audit.checking import CHECKS
from ytxdata.audit.pack import VERIFY, chained_pulls, own_verifier, parts
from ytxdata.audit.pack_compare import GIVEN, PackComparison, chosen_by_its_maker
from ytxdata.audit.run import run
from ytxdata.audit.verifier import (
    FINDINGS,
    MANIFEST,
    PULLS,
    TIMESTAMP,
    BrokenError,
    Expected,
    Unpacked,
    partly,
    read_public_key,
    sha256,
    verify,
)  # fmt: skip
from ytxdata.errors import DamagedError, UsageError, YtxError
from ytxdata.history.proof.certificate import Certificate
from ytxdata.history.proof.rules import DEFAULT_POLICY
from ytxdata.labels import Text
from ytxdata.records.answer import Answer, read_answer
from ytxdata.records.normalize import aliases_of
from ytxdata.records.schema import Aliases
from ytxdata.times import Instant, as_instant
from ytxdata.version import __version__

RELEASED = {"81f029a08560f1b0a31e14c67967c716147a37370e114f3742eafb6e3e8396bc": "0.1.0"}
"""SHA-256 of the `verify.py` of every earlier release → its version; add the one of this release when the next one
changes it.
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
    told = [line for line in lines if line.startswith(("ok ", "OPEN "))]
    left = [line for line in told if line.startswith("OPEN ")]
    found = pack.mark(VERIFY)[1]
    version = __version__ if found == sha256(own_verifier()) else RELEASED.get(found)
    if version is None:
        unknown = "its verify.py is of no known release: altered, or newer / 不是任何已知发行版"
        raise _broken(source, [*told, f"FAIL  verifier  核对程序: {unknown}"])
    told.append(f"ok    verifier  核对程序: its verify.py is that of release {version} / 与发行版 {version} 一致")
    told += _timestamp_lines(source, pack, told, authority)
    if recompute:
        try:
            derived, more = recomputed(pack)
            told += [f"ok    recompute 重算: {derived}", *(f"OPEN  {one}" for one in more)]
            left += more
        except (BrokenError, YtxError, ValueError, LookupError, TypeError) as error:
            raise _broken(source, [*told, f"FAIL  recompute 重算: {error}"]) from None
    rest = [line for line in lines if not line.startswith(("ok ", "OPEN "))]
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


_CHINESE = re.compile("[\u4e00-\u9fff]")
_NAMED = re.compile("(\\w+) +([\u4e00-\u9fff]+): ", re.ASCII)


def in_either(line: str) -> Text:
    """Return what the verifier told in each language: it has no session, and writes `English / 中文` throughout.

    Examples
    --------
    >>> in_either("ok    files     文件: 2 files, 1 tables / 2 个文件，1 个表格").zh
    'ok    文件: 2 个文件，1 个表格'
    """
    if "\n" in line:  # the closing words
        lines = line.strip("\n").split("\n")
        chinese = [bool(_CHINESE.search(one)) for one in lines]
        zh, en = (
            "\n".join(one for one, is_zh in zip(lines, chinese, strict=True) if is_zh == want) for want in (True, False)
        )
        return Text(f"\n{zh}", f"\n{en}")
    status, name, chinese_name, said = line[:6], "", "", line[6:]
    if named := _NAMED.match(said):
        name, chinese_name, said = f"{named[1]}: ", f"{named[2]}: ", said[named.end() :]
    english, _, chinese_said = said.partition(" / ")
    if " / " in chinese_said:  # a name in the pack has the mark of our two halves in it: it is told whole
        english = chinese_said = said
    return Text(f"{status}{chinese_name}{chinese_said or said}", f"{status}{name}{english}")


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


# ── everything derived anew ──
def recomputed(pack: Unpacked) -> tuple[str, list[str]]:
    """Derive tables, certificate and findings of a pack anew from its raw answers; return what was compared, and what
    the answers do not prove, a line each.

    Every check of the registry runs, also those that the pack is silent about: a finding must not vanish with the
    name of its check.

    Raises
    ------
    BrokenError
        There are no raw answers, or a cell is another than what follows from them.
    """
    manifest = pack.json(MANIFEST)
    if not manifest["include_raw"]:
        raise BrokenError("there are no raw answers to derive anything from / 没有原始回答，无法重算")
    if "parser" not in manifest:
        raise BrokenError(
            f"version {manifest['package_version']} did not write down how it derived / {manifest['package_version']} 版的包没有记下推导方式"
        )
    pulls = pack.json(PULLS)
    newest = max((datetime.fromisoformat(pull["asked_at"]) for pull in pulls), default=None)
    if newest is not None and datetime.fromisoformat(manifest["as_of"]) != newest:
        raise BrokenError("as_of is not the instant of the newest pull / as_of 不是最新一次查询的时刻")
    aliases = aliases_of(manifest["parser"])
    answers = [
        read_answer(
            pack.read(f"raw/{pull['pull_id']}.json"), asked_at=datetime.fromisoformat(pull["asked_at"]),
            answered_at=datetime.fromisoformat(pull["answered_at"]), asked_n=pull["asked_n"], confid=pull["confid"] or "",
            attempts=pull["attempts"], aliases=aliases,
        )
        for pull in pulls
    ]  # fmt: skip
    told = pack.json(FINDINGS)
    again = [key for key, one in CHECKS.items() if not set(one.needs) & GIVEN]
    with tempfile.TemporaryDirectory(prefix="ytxdata-recompute-", ignore_cleanup_errors=True) as folder:
        archive = Archive(Path(folder) / "archive")
        _replay(archive, answers, aliases, timedelta(seconds=manifest["settle_s"]))
        for one in pack.witnesses:
            add_kept(archive.path, one["reading"], pack.read(one["path"]), 0)
        start, end = (None if edge is None else datetime.fromisoformat(edge) for edge in manifest["audited"])
        config = {key: told["parameters"][key] for key in again if key in told["parameters"]}
        comparison = PackComparison(pack, again)
        judged = _Judged(archive.path, comparison.certificate(archive.certificate()))
        findings = run(judged, start=start, end=end, checks=again, config=config, remember=False)
        snapshot = judged.snapshot()
        assert snapshot is not None
        derived = dict(parts(judged, snapshot, chained_pulls(snapshot), findings, None))
    n = sum(comparison.compare(name, data) for name, data in derived.items())
    left = [*chosen_by_its_maker(manifest, told, pack.witnesses), *comparison.left]
    return f"{n:,} cells follow from {len(answers)} raw answers / {n:,} 个单元格由 {len(answers)} 个原始回答得出", left


class _Judged(Archive):
    """The archive that was derived, under the certificate of the pack.

    How far the platform's clock was off is kept in no pull, so that edges may lie a little elsewhere; once the
    certificate has been held against the one derived, every cell that rests on its edges can be held against it
    exactly.
    """

    def __init__(self, path: Path, certificate: Certificate) -> None:
        super().__init__(path)
        self._certificate = certificate

    def certificate(self, start: Instant | None = None, end: Instant | None = None) -> Certificate:
        """Return what the pack claims of a period."""
        first, last = (None if edge is None else as_instant(edge) for edge in (start, end))
        return self._certificate.over(first, last)


class _Recorded:
    """A platform that answers as it did then, one answer after the other, whatever is asked."""

    identity = ("recomputed", "")

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.left = list(answers)

    def query_meeting(self, confid: str = "", meetingcount: int = 1) -> Answer:  # noqa: ARG002 (a platform's words)
        """Return the next answer."""
        if not self.left:
            raise BrokenError(
                "by today's rules the last sync would have asked once more / 按现行规则，最后一次同步还应再问一次"
            )
        return self.left.pop(0)


def _replay(archive: Archive, answers: Sequence[Answer], aliases: Aliases, settle: timedelta) -> None:
    """Sync an empty archive with answers of old, each sync at the time of its first answer."""
    platform, policy = _Recorded(answers), replace(DEFAULT_POLICY, settle=settle)
    while platform.left:
        sync(archive.path, platform, aliases, 0, policy, platform.left[0].asked_at)
