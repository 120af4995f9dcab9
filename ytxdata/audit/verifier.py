"""Check an evidence pack: run `python3 -I verify.py` in the folder where it was unpacked. Needs nothing but Python.

核对证据包：在解压后的目录里运行 `python3 -I verify.py`，只需要 Python 标准库。
Exit code 0: all claims hold. Exit code 5: at least one does not. 退出码 0：全部成立；5：至少一项不成立。
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

FORMAT = "ytxdata-pack/1"
MANIFEST, SIGNATURE, PULLS, FINDINGS, CERTIFICATE = (
    "manifest.json",
    "signature.json",
    "pulls.json",
    "findings.json",
    "certificate.json",
)
NOT_OURS = (".DS_Store", "Thumbs.db", "desktop.ini")
"""What file managers leave in a folder that was looked at."""


def canonical(value: object) -> bytes:
    """Return JSON in the one form that is hashed: keys sorted, no blanks, UTF-8."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def sha256(data: bytes) -> str:
    """Return the SHA-256 of some bytes in hex."""
    return hashlib.sha256(data).hexdigest()


class BrokenError(Exception):
    """A claim of the pack does not hold."""


class Unpacked:
    """A pack that lies unpacked in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest: dict = {}  # type: ignore[type-arg]  # whatever stands in the file
        self.pulls: list = []  # type: ignore[type-arg]

    def read(self, name: str) -> bytes:
        """Return a file's bytes."""
        try:
            return (self.folder / name).read_bytes()
        except OSError as error:
            raise BrokenError(f"{name}: {error.strerror}") from None

    def check_manifest(self) -> str:
        """The manifest is what was written."""
        try:
            body = json.loads(self.read(MANIFEST))
            claimed = body.pop("sha256")
        except (ValueError, KeyError, AttributeError, TypeError):
            raise BrokenError("manifest.json cannot be read / 无法读取") from None
        if sha256(canonical(body)) != claimed or body.get("format") != FORMAT:
            raise BrokenError("manifest.json was changed / 已被改动")
        if self.read(MANIFEST) != canonical({**body, "sha256": claimed}):
            raise BrokenError("manifest.json was changed / 已被改动")
        self.manifest = body
        return f"manifest {claimed}"

    def check_files(self) -> str:
        """Every file is there, byte for byte, and no other."""
        wanted = {one["path"]: one for one in self.manifest["files"]}
        found = {path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file()}
        extra = sorted(
            name for name in found - set(wanted) - {MANIFEST, SIGNATURE} if name.rsplit("/", 1)[-1] not in NOT_OURS
        )
        gone = sorted(set(wanted) - found)
        if extra or gone:
            raise BrokenError(
                f"added / 多出: {extra[:5]}, removed / 缺少: {gone[:5]}; unpack it into an empty folder / 请解压到空目录"
            )
        for name, mark in wanted.items():
            data = self.read(name)
            if len(data) != mark["size"] or sha256(data) != mark["sha256"]:
                raise BrokenError(f"{name} was changed / 已被改动")
        return f"{len(wanted)} files / 个文件"

    def check_chain(self) -> str:
        """Every pull names the hash of the one before it; none was changed, removed, added or put elsewhere."""
        self.pulls = json.loads(self.read(PULLS))
        previous = ""
        for pull in self.pulls:
            if (pull.get("previous_sha256") or "") != previous:
                raise BrokenError(f"pull {pull.get('pull_id')} does not follow the one before it / 与前一次查询不衔接")
            previous = sha256(canonical(pull))
        if previous != self.manifest["chain_sha256"] or len(self.pulls) != self.manifest["n_pulls"]:
            raise BrokenError("the chain of pulls does not end as the manifest says / 查询链的末端与清单不符")
        return f"{len(self.pulls)} pulls / 次查询, chain {previous or '—'}"

    def check_raw(self) -> str:
        """Every raw answer is the one its pull names."""
        if not self.manifest["include_raw"]:
            return "left out: answers are known by their hashes only / 未包含原始回答，只有其指纹"
        for pull in self.pulls:
            data = self.read(f"raw/{pull['pull_id']}.json")
            if sha256(data) != pull["sha256"] or len(data) != pull["bytes"]:
                raise BrokenError(f"the raw answer of pull {pull['pull_id']} was changed / 原始回答已被改动")
        return f"{len(self.pulls)} raw answers / 个原始回答"

    def check_findings(self) -> str:
        """Every finding rests on pulls of the chain; with raw answers, the records it names stand in them."""
        known = {pull["pull_id"] for pull in self.pulls}
        periods = json.loads(self.read(CERTIFICATE))["periods"]
        findings = json.loads(self.read(FINDINGS))["findings"]
        for one in [*periods, *findings]:
            strange = sorted(set(one["pulls"]) - known)
            if strange:
                raise BrokenError(f"it rests on a pull that is not in the chain / 所依据的查询不在链中: {strange[0]}")
        if self.manifest["include_raw"]:
            for one in findings:
                texts = [self.read(f"raw/{pull}.json") for pull in one["pulls"]]
                for record in one["records_in_archive"]:
                    if not any(record.encode() in text for text in texts):
                        raise BrokenError(
                            f"finding {one['finding_id']}: record {record} stands in none of its answers / 记录不在其回答中"
                        )
        return f"{len(findings)} findings / 条发现, {len(periods)} periods / 个时段"

    def check_signature(self) -> str:
        """The signature is by the key it names."""
        if not (self.folder / SIGNATURE).exists():
            return "none / 未签名"
        body = json.loads(self.read(SIGNATURE))
        key, signature = bytes.fromhex(body["public_key"]), bytes.fromhex(body["signature"])
        if body.get("algorithm") != "ed25519" or not is_signed(key, self.read(MANIFEST), signature):
            raise BrokenError("the signature is not of this manifest / 签名与清单不符")
        return f"by the key / 公钥 {body['public_key']}"


# Ed25519 as RFC 8032, section 5.1, describes it: slow, and only to verify.
_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_Point = tuple[int, int, int, int]


def _add(one: _Point, other: _Point) -> _Point:
    a = (one[1] - one[0]) * (other[1] - other[0]) % _P
    b = (one[1] + one[0]) * (other[1] + other[0]) % _P
    c, d = 2 * one[3] * other[3] * _D % _P, 2 * one[2] * other[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % _P, g * h % _P, f * g % _P, e * h % _P)


def _times(factor: int, point: _Point) -> _Point:
    total: _Point = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            total = _add(total, point)
        point, factor = _add(point, point), factor >> 1
    return total


def _point(data: bytes) -> _Point | None:
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * pow(2, (_P - 1) // 4, _P) % _P
    if (x * x - square) % _P or (not x and sign):
        return None
    x = _P - x if x & 1 != sign else x
    return (x, y, 1, x * y % _P)


_BASE = _point((4 * pow(5, -1, _P) % _P).to_bytes(32, "little"))


def is_signed(key: bytes, message: bytes, signature: bytes) -> bool:
    """Return whether an Ed25519 signature of a message is by a key."""
    if len(key) != 32 or len(signature) != 64 or _BASE is None:
        return False
    owner, commitment, scalar = _point(key), _point(signature[:32]), int.from_bytes(signature[32:], "little")
    if owner is None or commitment is None or scalar >= _L:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % _L
    left, right = _times(scalar, _BASE), _add(commitment, _times(challenge, owner))
    return (left[0] * right[2] - right[0] * left[2]) % _P == 0 and (left[1] * right[2] - right[1] * left[2]) % _P == 0


CHECKS = (
    ("manifest  清单", Unpacked.check_manifest),
    ("files     文件", Unpacked.check_files),
    ("chain     查询链", Unpacked.check_chain),
    ("raw       原始回答", Unpacked.check_raw),
    ("findings  发现", Unpacked.check_findings),
    ("signature 签名", Unpacked.check_signature),
)

PROVEN = """
Proven: nothing in this pack was changed since it was made; the pulls are in the order in which they were kept, none is missing between them.
Not proven by this pack alone: that its maker did not rebuild everything, chain and manifest included, before handing it on. Compare the SHA-256 of
the pack (or the public key of its signature) with the one that was kept elsewhere at the time. Nor can it show what the platform never listed.
已证实：本证据包制成之后没有被改动；各次查询按保存的顺序排列，中间没有缺失。
仅凭本包不能证实：制作者没有在交出之前把全部内容（连同查询链和清单）重做一遍。请与当时存放在别处的 SHA-256（或签名公钥）核对。平台从未列出的会议也无从得知。"""

WITHOUT_RAW = """
Without the raw answers it cannot be checked that findings and tables follow from what the platform said; ask for a pack made with --include-raw.
没有原始回答，无法核对发现和表格是否由平台的回答得出；如需核对，请索取用 --include-raw 制作的证据包。"""


def verify(folder: Path) -> tuple[list[str], bool]:
    """Return what was checked, a line each, and whether all of it holds. It stops at the first claim that does not."""
    pack, lines = Unpacked(folder), []
    for name, look in CHECKS:
        try:
            lines.append(f"ok    {name}: {look(pack)}")
        except BrokenError as broken:
            return [*lines, f"FAIL  {name}: {broken}"], False
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return [*lines, f"FAIL  {name}: {type(error).__name__} {error}"], False
    return [*lines, PROVEN, *([] if pack.manifest["include_raw"] else [WITHOUT_RAW])], True


def main() -> int:
    """Verify the pack this file lies in; return the exit code."""
    lines, holds = verify(Path(__file__).resolve().parent)
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]  # it is a text stream
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if holds else 5


if __name__ == "__main__":
    sys.exit(main())
