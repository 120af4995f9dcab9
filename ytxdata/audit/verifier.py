"""Check an evidence pack with Python alone.

`python3 -I verify.py [PACK.zip | FOLDER] [--public-key FILE] [--require-signature] [--heads FILE]`

核对证据包，只需要 Python 标准库。不给路径时核对本文件所在的目录。请从发行版取得本文件：证据包里的那一份是制作者给的。
Without a path it checks the folder it lies in. Take this file from a release: the one inside a pack is whatever its
maker put there.
Exit code 0: all claims hold. 1: they hold, and something of what was asked is left open (OPEN). 5: one does not hold.
退出码 0：全部成立；1：成立，但有未能核对之处（OPEN）；5：至少一项不成立。
"""

from __future__ import annotations

import argparse
import base64
import csv
import hashlib
import hmac
import io
import json
import re
import struct
import sys
import unicodedata
import zipfile
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

FORMAT, HEAD_FORMAT = "ytxdata-pack/1", "ytxdata-head/1"
MANIFEST, SIGNATURE, TIMESTAMP = "manifest.json", "signature.json", "timestamp.tsr"
PULLS, FINDINGS, CERTIFICATE = "pulls.json", "findings.json", "certificate.json"
WITNESSES = "witnesses.json"
UNLISTED = (MANIFEST, SIGNATURE, TIMESTAMP)
"""Files that the manifest cannot name: itself, and what was made over it."""

TABLES = (
    "findings",
    *(f"tables/{name}" for name in ("audit_summary", "meetings", "legs", "usage", "changes", "moved")),
)
NAMES = {"README.txt", "verify.py", PULLS, WITNESSES, CERTIFICATE, FINDINGS}
NAMES |= {f"{name}{end}" for name in TABLES for end in (".csv", ".about.json")}
"""What a pack holds beside raw answers; an `OPINION.html` that nobody derived would be believed for the company it keeps."""

READMES = {
    "9faba2fd7ed01a4d55f8fc27c51b2f74799cdef0b7f54c486521840c3396fe1f",  # of 0.1.0
    "5ae381c8ef26f97fdbeaf66a757713eedf6e917f58955b5979a6f64f291d4c31",
}
"""SHA-256 of what README.txt says: the same in every pack of a release, and no opinion on this one."""

KEYS = {
    MANIFEST: "format package_version as_of include_raw n_pulls chain_sha256 parser settle_s settles clocks names witnesses audited head_key files sha256",
    "a file": "path size sha256",
    "a parser": "version meetings legs",
    PULLS: "pull_id asked_at answered_at asked_n returned_n confid status_code request_id attempts bytes encoding sha256 previous_sha256 verdict package_version told_more settle_s ahead_s",
    WITNESSES: "path bytes sha256 reading",
    "a reading": "name kind start end columns number_class totals given_at rules",
    CERTIFICATE: "periods sentence worst",
    "a period": "start end verdict zh en pulls",
    FINDINGS: "findings not_run parameters",
    "a finding": "finding_id check severity status zh en measured threshold record_ids reason by pulls records_in_archive",
    "a text": "zh en",
    "a description": "format name title rows zone period completeness excluded notes columns definitions encoding file bytes sha256 version written_at",
}  # fmt: skip
"""What each JSON of a pack, and each thing in one, may say; a `conclusion` of one's own would be believed for the hashes around it."""

VERSION = re.compile(r"\d{1,4}(\.\d{1,4}){1,3}((a|b|rc|\.post|\.dev)\d{1,4})*", re.ASCII)
"""What a version of this package looks like: with no room for a sentence."""

STATUSES = {"new", "persisting", "resolved", "accepted"}
"""What may become of a finding; a word of one's own ("dismissed") would take it out of every count."""

SEVERITIES = ("warn", "crit")
"""How grave a finding may be; a word of one's own would take it out of every count too."""

VERDICTS = ("PROVEN", "PROBABLE", "GAP")
"""What may be claimed of a period, the worst last."""

SENTENCES = {
    "PROVEN": {
        "zh": "{start} 至 {end}（北京时间）的会议是完整的：{zh}。",
        "en": "The meetings from {start} to {end} (Beijing time) are complete: {en}.",
    },
    "PROBABLE": {
        "zh": "{start} 至 {end}（北京时间）的会议很可能完整，但未全部证实。{first} 至 {last}：{zh}。",
        "en": "The meetings from {start} to {end} (Beijing time) are probably complete, but not all of that is proven. From {first} to {last}: {en}.",
    },
    "GAP": {
        "zh": "{start} 至 {end}（北京时间）之间有缺口：{first} 至 {last} 的会议可能缺失，因为{zh}。",
        "en": "Between {start} and {end} (Beijing time) there is a gap: meetings from {first} to {last} may be missing, because {en}.",
    },
}
MORE_PERIODS = {"zh": "此类时段另有 {n} 段。", "en": " (Further such periods: {n}.)"}
NO_PERIODS = {
    "zh": "没有读到任何会议，完整性无从判断。",
    "en": "No meetings were read; nothing can be said about completeness.",
}
"""What a certificate comes to in words, which every table repeats: they follow from its periods to the letter."""

STEPS = re.compile(r'\[\[[\d,]*\](,\[(\["[\dTZa-f.-]+",(null|-?\d[\de.+-]*)\],?)*\]){2}\]', re.ASCII)
INSTANT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)
"""An instant in a sentence, in Beijing time."""

OF_THE_AUDIT = ("findings", "tables/audit_summary")
"""Tables of the period that was audited; all others are of all that is claimed."""

STATES = {"ran": ("已运行", "ran"), "elsewhere": ("此次未要求运行", "not asked for this time")}
NOT_RUN = ("未运行，因为", "not run, because ")
"""What the summary says of a check: that it ran, was not asked for, or why it did not run."""

OF_THE_JSON_ALONE = {"pulls", "records_in_archive"}
"""What findings.json says of a finding and findings.csv does not."""

LEFT_BEHIND = (".DS_Store", "Thumbs.db", "desktop.ini")
"""What file managers leave in a folder that was looked at; passed over only when it is empty, since anybody may call a file so."""

MOST_FILES = 200_000
MOST_BYTES = 16 * 1024**3
MOST_JSON_BYTES = 512 * 1024**2
MOST_GROWTH = 200
"""Limits of what is read: files, bytes in all, bytes of one JSON file, and how many times larger than the ZIP its content may be (text grows tenfold)."""

WORD = re.compile(rb"""\\u[0-9a-fA-F]{4}|\\.|([^\s"'\\,:;=&|<>(){}\[\]]+)""", re.DOTALL)
"""An id as an answer of any format writes it: between quotes, blanks, brackets or escapes."""

MOST_LOOKS = 100_000_000
LOOK_BYTES = 100
"""How often at most a record is looked for in an answer, and how many bytes of one are read in the time of a look: some ten seconds."""

PIECE = 1024**2
"""Bytes read at a time; a ZIP whose content is smaller may grow as it likes."""

MOST_PLAIN, MOST_PLAIN_FILES, FULL = 2**31 - 1, 2**16 - 1, 2**32 - 1
"""Up to where Python writes a ZIP without ZIP64, and what stands in the plain fields where it does not."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise BrokenError("a description has a key that stands twice / 说明文件中有重复的键")
    return dict(pairs)


def _closed(name: str, kind: str, *values: Any) -> None:
    """What is read of a file says nothing beside what a pack says of such a thing."""
    for one in values:
        if strange := sorted(set(one) - {*KEYS[kind].split()}):
            raise BrokenError(f"{name} says what no pack says: {strange[:5]} / {name} 含有不认识的内容")


def _is_version(name: str, text: Any) -> None:
    if not isinstance(text, str) or not VERSION.fullmatch(text):
        raise BrokenError(f"{name}: {str(text)[:80]!r} is no version / {name}：{str(text)[:80]!r} 不是版本号")


def _der_size(data: bytes) -> int:
    """Return how many bytes the sequence takes that DER data begins with, 0 when it is none."""
    if len(data) < 2 or data[0] != 0x30:
        return 0
    return 2 + (data[1] if data[1] < 0x80 else (n := data[1] & 0x7F) + int.from_bytes(data[2 : 2 + n], "big"))


def canonical(value: object) -> bytes:
    """Return JSON in the one form that is hashed: keys sorted, no blanks, UTF-8."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def sha256(data: bytes) -> str:
    """Return the SHA-256 of some bytes in hex."""
    return hashlib.sha256(data).hexdigest()


class BrokenError(Exception):
    """A claim of the pack does not hold."""


class FolderFiles:
    """The files of a pack that was unpacked."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.sizes: dict[str, int] = {}
        for path in sorted(place.rglob("*")):
            name, size = path.relative_to(place).as_posix(), path.lstat().st_size
            if path.is_symlink() or not (path.is_dir() or path.is_file()):
                raise BrokenError(f"{name!r} is no plain file / {name!r} 不是普通文件")
            if path.is_file() and (size or path.name not in LEFT_BEHIND):
                self.sizes[name] = size
        _limit(self.sizes, None)

    def open(self, name: str) -> BinaryIO:
        """Return a file, to be read."""
        return (self.place / name).open("rb")


class ZipFiles:
    """The files of a pack as it came; nothing is unpacked, and nothing is read before its size is known to be sane."""

    def __init__(self, place: Path) -> None:
        self.whole = zipfile.ZipFile(place)
        self.sizes: dict[str, int] = {}
        for one in self.whole.infolist():
            if one.filename in self.sizes:
                raise BrokenError(f"two files are called {one.filename!r} / 两个文件都叫 {one.filename!r}")
            if one.flag_bits & 1:
                raise BrokenError(f"{one.filename!r} is encrypted / {one.filename!r} 已加密")
            self.sizes[one.filename] = one.file_size
        _limit(self.sizes, place.stat().st_size)
        _check_layout(self.whole, place)

    def open(self, name: str) -> BinaryIO:
        """Return a file, to be read; zipfile checks that it is as large as was said, and its CRC."""
        return self.whole.open(name)  # type: ignore[return-value]  # it reads bytes


def _check_layout(whole: zipfile.ZipFile, place: Path) -> None:
    """The ZIP is to the byte what `pack` writes: its files, the list of them, the end. Other programs see the same names and bytes, and there is no room for a second content."""
    entries, lines, at = whole.infolist(), list[bytes](), 0
    with place.open("rb") as file:
        for one in entries:
            _check_entry(one)
            head, line = _framed(one, at)
            if file.read(len(head)) != head:
                raise BrokenError(f"something else lies before or in the head of {one.filename!r} / ZIP 中夹有其他内容")
            if not _is_filled(file, one):
                raise BrokenError(f"{one.filename!r} is not as long as is said / {one.filename!r} 的长度与所写不符")
            lines.append(line)
            at += len(head) + one.compress_size
        for one, line in zip(entries, lines, strict=True):
            if file.read(len(line)) != line:
                raise BrokenError(
                    f"the list says of {one.filename!r} what no pack does / 目录对 {one.filename!r} 另有说明"
                )
        end = _end(len(entries), sum(map(len, lines)), at)
        if file.read(len(end) + 1) != end:
            raise BrokenError("something else lies between or behind its files / ZIP 中夹有其他内容")


def _check_entry(one: zipfile.ZipInfo) -> None:
    """An entry is a plain file, packed in a way that every program knows: links, folders and rare methods are read in other ways elsewhere."""
    kind = one.external_attr >> 16 & 0o170000
    if one.filename.endswith("/"):
        raise BrokenError(
            f"the folder {one.filename!r} is in it, so it was zipped anew: unpack it and verify the folder, or ask for the original / 其中有文件夹，是重新压缩的：请解压后核对该文件夹，或索取原件"
        )
    if kind not in (0, 0o100000) or one.external_attr & 0x10:
        raise BrokenError(f"{one.filename!r} is no plain file / {one.filename!r} 不是普通文件")
    if one.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise BrokenError(f"{one.filename!r} is packed in another way than a pack is / {one.filename!r} 压缩方式不可用")


def _framed(one: zipfile.ZipInfo, at: int) -> tuple[bytes, bytes]:
    """Return what Python writes before a file, and of it in the list: no second name, no remark, ZIP64 where it is needed alone. Some programs read on from the front and believe the head, others the list."""
    name, sizes, hidden = one.orig_filename.encode(), (one.compress_size, one.file_size), (FULL, FULL)
    year, month, day, hour, minute, second = one.date_time
    date, clock = year - 1980 << 9 | month << 5 | day, hour << 11 | minute << 5 | second // 2
    told = (0 if name.isascii() else 0x800, one.compress_type, clock, date, one.CRC)
    is_early = one.file_size * 1.05 > MOST_PLAIN  # how small it will be, nobody knows before it is packed
    is_long, is_far = max(sizes) > MOST_PLAIN, at > MOST_PLAIN
    more = _zip64(*sizes[::-1]) if is_early else b""
    head = (45 if is_early else 20, *told, *(hidden if is_early else sizes), len(name), len(more))
    large = _zip64(*(sizes[::-1] if is_long else ()), *((at,) if is_far else ()))
    version = 45 if is_early or large else 20
    line = (one.create_system << 8 | version, version, *told, *(hidden if is_long else sizes), len(name), len(large))
    return (
        struct.pack("<4s5H3L2H", b"PK\3\4", *head) + name + more,
        struct.pack("<4s6H3L5H2L", b"PK\1\2", *line, 0, 0, 0, one.external_attr, FULL if is_far else at) + name + large,
    )


def _zip64(*numbers: int) -> bytes:
    return struct.pack(f"<2H{len(numbers)}Q", 1, 8 * len(numbers), *numbers) if numbers else b""


def _end(n: int, size: int, at: int) -> bytes:
    """Return what Python writes at the end of a ZIP of so many files, the list of which has this size and begins there."""
    plain = (min(n, 0xFFFF), min(n, 0xFFFF), min(size, FULL), min(at, FULL))
    last = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, *plain, 0)
    if n <= MOST_PLAIN_FILES and max(size, at) <= MOST_PLAIN:
        return last
    large = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, n, n, size, at)
    return large + struct.pack("<4sLQL", b"PK\6\7", 0, at + size, 1) + last


def _is_filled(file: BinaryIO, one: zipfile.ZipInfo) -> bool:
    """Whether a file's bytes in the ZIP are its content to the last one: what lies behind the end of a deflate stream, some programs never see and others read."""
    stream, left, grown = zlib.decompressobj(-zlib.MAX_WBITS), one.compress_size, 0
    if one.compress_type == zipfile.ZIP_STORED:
        file.seek(left, io.SEEK_CUR)
        return left == one.file_size
    while not stream.eof and grown <= one.file_size:
        piece = stream.unconsumed_tail
        if not piece:
            piece = file.read(min(left, PIECE))
            left -= len(piece)
        more = len(stream.decompress(piece, PIECE))
        if not piece and not more:
            break
        grown += more
    return stream.eof and not left and not stream.unused_data and grown == one.file_size


def _limit(sizes: dict[str, int], packed: int | None) -> None:
    total = sum(sizes.values())
    if len(sizes) > MOST_FILES or total > MOST_BYTES:
        raise BrokenError(f"{len(sizes):,} files of {total:,} bytes: more than a pack may hold / 超过上限")
    if packed is not None and total > max(PIECE, MOST_GROWTH * packed):
        raise BrokenError(f"{packed:,} bytes would grow to {total:,}: that is no pack / 解压后过大")


class Expected(NamedTuple):
    """What whoever verifies knows by another way: a public key in hex, that there must be a signature, published heads."""

    public_key: str | None = None
    require_signature: bool = False
    heads: list[dict[str, Any]] | None = None


class Unpacked:
    """A pack whose claims are checked one by one."""

    def __init__(self, place: Path, asked: Expected | None = None) -> None:
        self.asked = asked or Expected()
        if not (place.is_dir() or place.is_file()):  # a pipe would be waited for
            raise BrokenError(f"{place} is no plain file or folder / {place} 不是普通文件或文件夹")
        try:
            self.files: FolderFiles | ZipFiles = FolderFiles(place) if place.is_dir() else ZipFiles(place)
        except (OSError, zipfile.BadZipFile, zlib.error, NotImplementedError, ValueError) as error:
            why = f"{type(error).__name__} {error}"
            raise BrokenError(
                f"it is no whole ZIP, as if cut on its way: {why} / 不是完整的 ZIP，可能没有传完"
            ) from None
        self.manifest: dict[str, Any] = {}
        self.pulls: list[dict[str, Any]] = []
        self.ends: list[str] = []
        self.left: list[str] = []
        self.looks = 0

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield a file's bytes, some at a time."""
        try:
            with self.files.open(name) as file:
                while piece := file.read(PIECE):
                    yield piece
        except (OSError, KeyError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise BrokenError(f"{name}: {error}") from None

    def mark(self, name: str) -> tuple[int, str]:
        """Return a file's size and SHA-256."""
        digest, size = hashlib.sha256(), 0
        for piece in self.pieces(name):
            digest.update(piece)
            size += len(piece)
        return size, digest.hexdigest()

    def read(self, name: str) -> bytes:
        """Return a file's bytes."""
        if self.files.sizes.get(name, 0) > MOST_JSON_BYTES:
            raise BrokenError(f"{name} is too large to be read at once / {name} 文件过大")
        return b"".join(self.pieces(name))

    def json(self, name: str) -> Any:
        """Return a file's JSON, which must be written in the one canonical form: no key twice, nothing that two readers read in two ways."""
        data = self.read(name)
        try:
            value = json.loads(data)
            if canonical(value) != data:
                raise BrokenError(f"{name} is not in canonical form / {name} 不是规范写法")
        except (ValueError, RecursionError, MemoryError) as error:
            raise BrokenError(f"{name} cannot be read: {type(error).__name__} / {name} 无法读取") from None
        if name in KEYS:
            _closed(name, name, *(value if isinstance(value, list) else [value]))
        return value

    def description(self, name: str) -> Any:
        """Return what stands beside a table, laid out for people, so in no canonical form; but no key stands twice."""
        told = json.loads(self.read(name), object_pairs_hook=_once)
        _closed(name, "a description", told)
        return told

    def check_manifest(self) -> str:
        """The manifest is what was written."""
        if MANIFEST not in self.files.sizes:
            raise BrokenError(
                "there is no manifest.json in it: it is no evidence pack / 其中没有 manifest.json：不是证据包"
            )
        body = self.json(MANIFEST)
        claimed = body.pop("sha256") if isinstance(body, dict) and "sha256" in body else None
        if claimed is None or sha256(canonical(body)) != claimed or body.get("format") != FORMAT:
            raise BrokenError("manifest.json was changed / manifest.json 已被改动")
        _closed(MANIFEST, "a file", *body["files"])
        _closed(MANIFEST, "a parser", body.get("parser", {}), *(one[1] for one in body.get("names", ())))  # 0.1.0: none
        steps = [[one[0] for one in body.get("names", ())], body.get("clocks", []), body.get("settles", [])]
        _closed(MANIFEST, "a parser", () if STEPS.fullmatch(canonical(steps).decode()) else ("words in steps",))
        _is_version(MANIFEST, body["package_version"])
        self.manifest = body
        return f"manifest {claimed}"

    def check_files(self) -> str:
        """Every file is there, byte for byte, and no other; no two names would be one on another machine; tables are as described."""
        wanted = {one["path"]: one for one in self.manifest["files"]}
        alike: dict[str, str] = {}
        for name in (*wanted, *self.files.sizes):
            if alike.setdefault(_plain_name(name), name) != name:
                raise BrokenError(
                    f"{name!r} and {alike[_plain_name(name)]!r} are one name on some machines / 名称可混淆"
                )
        extra = sorted(set(self.files.sizes) - set(wanted) - set(UNLISTED))
        gone = sorted(set(wanted) - set(self.files.sizes))
        if extra or gone or len(wanted) != len(self.manifest["files"]) or set(wanted) & set(UNLISTED):
            raise BrokenError(
                f"added: {extra[:5]}, removed: {gone[:5]}; unpack it into an empty folder / 多出 {extra[:5]}，缺少 {gone[:5]}；请解压到空目录"
            )
        if strange := sorted(name for name in set(wanted) - NAMES if not name.startswith("raw/")):
            raise BrokenError(f"{strange[:5]} are no files of a pack / {strange[:5]} 不是证据包的文件")
        for name, mark in wanted.items():
            if self.mark(name) != (mark["size"], mark["sha256"]):
                raise BrokenError(f"{name} was changed / {name} 已被改动")
        if wanted.get("README.txt", {"sha256": ""})["sha256"] not in READMES:
            raise BrokenError("README.txt is that of no release / README.txt 不是任何发行版的")
        tables = [name for name in wanted if name.endswith(".csv")]
        for name in tables:
            self._check_table(name, wanted)
        return f"{len(wanted)} files, {len(tables)} tables / {len(wanted)} 个文件，{len(tables)} 个表格"

    def _check_table(self, name: str, wanted: dict[str, dict[str, Any]]) -> None:
        """A table is the one that the description beside it speaks of: its bytes, its columns, its rows."""
        about = name.removesuffix(".csv") + ".about.json"
        if about not in wanted:
            raise BrokenError(f"{name} has no description / {name} 没有说明文件")
        told = self.description(about)
        if told["sha256"] != wanted[name]["sha256"]:
            raise BrokenError(f"{about} speaks of another file than {name} / {about} 说明的不是 {name}")
        written = datetime.fromisoformat(self.manifest["as_of"]).isoformat(timespec="seconds")
        stands = {"bytes": wanted[name]["size"], "version": self.manifest["package_version"], "written_at": written}
        for key, value in stands.items():
            if type(told[key]) is not type(value) or told[key] != value:
                raise BrokenError(
                    f"{about}: {key} is {str(told[key])[:80]!r}, not {value!r} / {about} 的 {key} 应为 {value!r}"
                )
        rows = self.rows(name)
        if next(rows, []) != [one["key"] for one in told["columns"]] or sum(1 for _ in rows) != told["rows"]:
            raise BrokenError(f"{name} has other columns or rows than {about} says / {name} 的列或行数与 {about} 不符")

    def rows(self, name: str) -> Iterator[list[str]]:
        """Yield the rows of a table."""
        with io.TextIOWrapper(self.files.open(name), "utf-8", newline="") as lines:
            yield from csv.reader(lines, strict=True)

    def check_chain(self) -> str:
        """Every pull names the hash of the one before it; none was changed, removed, added or put elsewhere."""
        self.pulls, self.ends = self.json(PULLS), []
        previous = ""
        for pull in self.pulls:
            if (pull.get("previous_sha256") or "") != previous:
                raise BrokenError(f"pull {pull.get('pull_id')} does not follow the one before it / 与前一次拉取不衔接")
            _is_version(f"{PULLS}, {pull['pull_id']}", pull["package_version"])
            previous = sha256(canonical(pull))
            self.ends.append(previous)
        if previous != self.manifest["chain_sha256"] or len(self.pulls) != self.manifest["n_pulls"]:
            raise BrokenError("the chain of pulls does not end as the manifest says / 拉取链的末端与清单不符")
        newest = max((datetime.fromisoformat(pull["asked_at"]) for pull in self.pulls), default=None)
        if newest is not None and self.manifest["as_of"] != newest.isoformat():
            raise BrokenError("as_of is not the instant of the newest pull / as_of 不是最新一次拉取的时刻")
        return f"{len(self.pulls)} pulls, chain {previous or '—'} / {len(self.pulls)} 次拉取，链 {previous or '—'}"

    @cached_property
    def witnesses(self) -> list[dict[str, Any]]:
        """The lists from elsewhere that periods may rest on: how each is read, and which bytes it is."""
        listed: list[dict[str, Any]] = self.json(WITNESSES) if WITNESSES in self.files.sizes else []
        return listed

    def check_raw(self) -> str:
        """Every raw answer is the one its pull names."""
        if len(self.witnesses) != self.manifest.get("witnesses", 0):  # the first release knew none
            raise BrokenError(f"{WITNESSES} lists others than the manifest / {WITNESSES} 中另给的名单与清单不符")
        marks = {f"raw/{pull['pull_id']}.json": (pull["bytes"], pull["sha256"]) for pull in self.pulls}
        for place, one in enumerate(self.witnesses, start=1):
            _closed(WITNESSES, "a reading", one["reading"])
            # its place is counted, not believed: one that named the file of a pull would take that pull's hash away
            if one["path"] != f"raw/witness-{place}":
                raise BrokenError(f"{WITNESSES} names {one['path']} / {WITNESSES} 指向 {one['path']}")
            marks[one["path"]] = (one["bytes"], one["sha256"])
        held = marks if self.manifest["include_raw"] else {}
        if strange := sorted(name for name in self.files.sizes if name.startswith("raw/") and name not in held):
            raise BrokenError(f"{strange[:5]} are the answers of no pull / {strange[:5]} 不是任何拉取的回答")
        if not held:
            return "left out: answers are known by their hashes only / 未包含原始回答，只有其指纹"
        for name, mark in held.items():
            if self.mark(name) != mark:
                raise BrokenError(f"the raw answer {name} was changed / 原始回答 {name} 已被改动")
        n, lists = len(self.pulls), len(self.witnesses)
        return f"{n} raw answers, {lists} witnesses / {n} 个原始回答，{lists} 份另给的名单"

    def check_findings(self) -> str:
        """Every finding rests on pulls of the chain; findings.csv says the same; with raw answers, the records it names stand in them."""
        known = {pull["pull_id"] for pull in self.pulls} | {one["reading"]["name"] for one in self.witnesses}
        certificate, told = self.json(CERTIFICATE), self.json(FINDINGS)
        periods, findings = certificate["periods"], told["findings"]
        _closed(CERTIFICATE, "a period", *periods)
        _closed(CERTIFICATE, "a text", certificate["sentence"])
        _closed(FINDINGS, "a finding", *findings)
        _closed(FINDINGS, "a text", *told["not_run"].values())
        for one in [*periods, *findings]:
            strange = sorted(set(one["pulls"]) - known)
            if strange:
                raise BrokenError(f"it rests on a pull that is not in the chain: {strange[0]} / 所依据的拉取不在链中")
        if strange := sorted({one["status"] for one in findings} - STATUSES):
            raise BrokenError(f"no finding is {strange[:5]} / 发现没有此种状态：{strange[:5]}")
        if strange := sorted({one["severity"] for one in findings} - {*SEVERITIES}):
            raise BrokenError(f"no finding is {strange[:5]} / 发现没有此种严重程度：{strange[:5]}")
        self._check_twins(findings)
        if self.manifest["include_raw"]:
            self._check_records(findings)
        return f"{len(findings)} findings, {len(periods)} periods / {len(findings)} 条发现，{len(periods)} 个时段"

    def _check_records(self, findings: list[dict[str, Any]]) -> None:
        """Every record that a finding names stands in one of its answers: as a word of it or, looked for once more and dearly, anywhere."""
        missing = [{record.encode() for record in one["records_in_archive"]} for one in findings]
        for is_word in (True, False):
            ids = set().union(*missing)
            answers: dict[str, list[set[bytes]]] = {}
            for one, records in zip(findings, missing, strict=True):
                for pull in {*one["pulls"]} if records else ():
                    answers.setdefault(f"raw/{pull}.json", []).append(records)
            for name, those in answers.items():
                if name not in self.files.sizes or not any(those):
                    continue
                text = self.read(name)
                if is_word:
                    found = {word[1] for word in WORD.finditer(text) if word[1] in ids}
                    self._look(sum(min(len(records), len(found)) for records in those))
                else:
                    self._look(sum(map(len, those)))
                    sought = set().union(*those)
                    self._look(len(sought) * len(text) // LOOK_BYTES)
                    found = {one for one in sought if one in text}
                for records in those:
                    records.difference_update(records & found)
        if gone := sorted(set().union(*missing)):
            record = gone[0].decode()
            raise BrokenError(f"record {record} stands in none of its answers / 记录 {record} 不在其回答中")

    def _look(self, n: int) -> None:
        self.looks += n
        if self.looks > MOST_LOOKS:
            raise BrokenError("its findings name more than can be looked for / 发现所列的记录过多，无法逐一查找")

    def _check_twins(self, findings: list[dict[str, Any]]) -> None:
        """findings.json and findings.csv are one list, cell by cell."""
        header, *told = self.rows("findings.csv")
        if len(told) != len(findings):
            raise BrokenError(f"findings.csv has {len(told)} rows, findings.json {len(findings)} / 两份行数不同")
        for row, one in zip(told, findings, strict=True):
            if {*header} != {*one} - OF_THE_JSON_ALONE or len(header) != len({*header}):
                raise BrokenError("findings.csv has other columns than findings.json / 两份的列不同")
            for name, cell in zip(header, row, strict=True):
                if not _is_same(cell, one[name]):
                    raise BrokenError(f"findings.csv says another {name} of {one['finding_id']} / 两份不一致")

    def check_agreement(self) -> str:
        """What two parts of the pack say of one thing, they say alike."""
        n = 0
        for where, said, follows in self._said_twice():
            n += 1
            if said != follows:
                said, follows = (str(one)[:160] for one in (said, follows))
                raise BrokenError(
                    f"{where}: {said} is said, {follows} follows from other parts of the pack / {where}：所说为 {said}，由包内其他部分得出 {follows}"
                )
        return f"{n} claims are said twice, and alike / {n} 项在两处说明，彼此一致"

    def _said_twice(self) -> Iterator[tuple[str, Any, Any]]:
        """Yield where a thing is said, what is said, and what follows from another part."""
        certificate, told = self.json(CERTIFICATE), self.json(FINDINGS)
        about = {name: self.description(f"{name}.about.json") for name in TABLES}
        periods, findings = certificate["periods"], told["findings"]
        whole = comes_to(periods)
        yield f"{CERTIFICATE}, worst and sentence", {"verdict": certificate["worst"], **certificate["sentence"]}, whole
        reasons = {one["en"]: (one["verdict"], one["zh"]) for one in periods}
        for one, after in zip(periods, [*periods, None][1:], strict=True):
            where = f"{CERTIFICATE}, the period from {one['start']}"
            yield f"{where}, verdict", (one["verdict"], one["zh"]), reasons[one["en"]]
            end, goes_on = (datetime.fromisoformat(at) for at in (one["end"], after["start"] if after else one["end"]))
            yield f"{where}, end", end, goes_on
        audited, is_within = self._audited(periods, about["findings"])
        for name, one in about.items():
            if name not in OF_THE_AUDIT:
                yield f"{name}.about.json, completeness", one["completeness"], whole
            elif is_within:
                yield f"{name}.about.json, completeness", one["completeness"], comes_to(audited) if audited else None
            else:  # of what lies beyond, nothing is proven, and the verdict on the whole is no better than on a part
                least = max(1, *(VERDICTS.index(one["verdict"]) for one in audited), 1)
                yield f"{name}.about.json, verdict", one["completeness"]["verdict"] in VERDICTS[least:], True
            edges = self.manifest.get("audited", [None]) if name in OF_THE_AUDIT else [None]
            if name != "tables/usage" and "audited" in self.manifest:  # that of `usage` is where its meetings lie
                yield f"{name}.about.json, period", one["period"], _spanned(edges)
        ran = {*told["parameters"]} - {*told["not_run"]}
        if is_within and "coverage_gap" in ran:
            open_ = [one for one in findings if one["check"] == "coverage_gap" and one["status"] != "resolved"]
            said, follows = sorted((one["severity"], one["measured"]) for one in open_), sorted(_gaps(audited))
            is_near = [one for one, _ in said] == [one for one, _ in follows] and all(
                abs(one - other) <= 1 for (_, one), (_, other) in zip(said, follows, strict=True)
            )  # an instant in a sentence has no fraction
            yield f"{FINDINGS}, measured of coverage_gap", said, said if is_near else follows
        yield from self._of_the_summary(told, about["findings"])
        yield from self._of_the_tables(about)

    def _audited(self, periods: list[dict[str, Any]], about: dict[str, Any]) -> tuple[list[dict[str, Any]], bool]:
        """Return what is claimed of the time that was audited, and whether all of that time lies within the claims."""
        if not periods:
            return [], True
        begin, over = (datetime.fromisoformat(one) for one in (periods[0]["start"], periods[-1]["end"]))
        asked = self.manifest.get("audited")
        if asked is None:  # the first release wrote it down in the sentence alone
            asked = [f"{edge}+08:00" for edge in INSTANT.findall((about["completeness"] or {}).get("en", ""))[:2]]
        start, end = (None if edge is None else datetime.fromisoformat(edge) for edge in asked or (None, None))
        told = INSTANT.findall(" ".join(note["en"] for note in about["notes"][:1]))
        if not told:
            raise BrokenError("findings.about.json does not say the instant of its audit / 没有写明审计以何时为“现在”")
        newest = datetime.fromisoformat(self.manifest["as_of"])
        now = _exactly(datetime.fromisoformat(told[0] + "+08:00"), newest)
        if now != newest:
            self.left.append(
                f"the audit took {told[0]} for now: its maker's choice / 审计以 {told[0]} 为现在，由制作者指定"
            )
        first, last = _exactly(start or begin, begin), _exactly(min(end or over, now), over)
        inside = []
        for one in periods:
            edges = max(first, datetime.fromisoformat(one["start"])), min(last, datetime.fromisoformat(one["end"]))
            if edges[0] < edges[1]:
                inside.append({**one, "start": edges[0].isoformat(), "end": edges[1].isoformat()})
        return inside, first >= last or begin <= first < last <= over

    def _of_the_summary(self, told: dict[str, Any], about: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
        """The summary counts what findings.json lists, and says as it does which checks did not run; so do the notes of the audit."""
        findings, why = told["findings"], told["not_run"]
        rows = list(self.dicts("tables/audit_summary.csv"))
        checks = {row["check"] for row in rows} | {*told["parameters"]} | {one["check"] for one in findings}
        yield "audit_summary, checks", len(rows), len(checks)
        noted = [
            (note["zh"], note["en"]) for note in about["notes"] if NOT_RUN[1] in note["en"] or NOT_RUN[0] in note["zh"]
        ]
        expected = []
        for row in rows:
            mine = [one for one in findings if one["check"] == row["check"]]
            counted = Counter(one["status"] for one in mine)
            counted += Counter(one["severity"] for one in mine if one["status"] in ("new", "persisting"))
            for key in (*SEVERITIES, *sorted(STATUSES)):
                yield f"audit_summary, {key} of {row['check']}", row[key], str(counted[key])
            state = STATES["ran" if row["check"] in told["parameters"] else "elsewhere"]
            if row["check"] in why:
                state = tuple(text + why[row["check"]][lang] for text, lang in zip(NOT_RUN, ("zh", "en"), strict=True))
                expected.append(
                    (f"{row['title_zh']}（{row['check']}）{state[0]}", f"{row['title_en']} ({row['check']}) {state[1]}")
                )
            yield f"audit_summary, state of {row['check']}", (row["state_zh"], row["state_en"]), state
        yield "findings.about.json, checks that did not run", sorted(noted), sorted(expected)
        yield "findings.about.json, notes", len(about["notes"]), len({canonical(note) for note in about["notes"]})

    def _of_the_tables(self, about: dict[str, dict[str, Any]]) -> Iterator[tuple[str, Any, Any]]:
        """Meetings and legs are counted alike, what changed is of meetings and pulls that are listed, and notes count the rows they speak of."""
        known, n_legs, started = {pull["pull_id"] for pull in self.pulls}, Counter[str](), 0
        ids, strange, by_month = set[str](), set[str](), defaultdict[str, Counter[str]](Counter)
        asked = {pull["pull_id"]: _in_beijing(datetime.fromisoformat(pull["asked_at"])) for pull in self.pulls}
        for row in self.dicts("tables/meetings.csv"):
            ids.add(row["meeting_id"])
            n = int(row["n_legs"] or 0)
            n_legs[row["meeting_id"]] += n
            strange |= {row["pull_id"]} - known
            started += row["started_at"] != ""
            by_month[row["started_at"][:7]] += Counter(meetings=1, legs=n)
            where = f"meetings, {row['meeting_id']}"
            yield f"{where}, observed_at", row["observed_at"][:19], asked.get(row["pull_id"], row["observed_at"])[:19]
            yield f"{where}, n_people", int(row["n_people"] or 0), min(int(row["n_people"] or 0), n)
        legs = Counter(row["meeting_id"] for row in self.dicts("tables/legs.csv"))
        differ = [(key, n_legs[key], legs[key]) for key in {*n_legs, *legs} if n_legs[key] != legs[key]]
        yield "meetings and legs, n_legs (meeting, said, listed)", sorted(differ)[:3], []
        few = sum(one["count"] for one in about["tables/usage"]["excluded"] if one["reason"] == "too_few_people")
        yield "usage, meetings", sum(int(row["meetings"] or 0) for row in self.dicts("tables/usage.csv")) + few, started
        yield from self._of_usage(by_month, few)
        changes = list(self.dicts("tables/changes.csv"))
        strange |= {row[key] for row in changes for key in ("old_pull_id", "new_pull_id")} - known
        yield "meetings and changes, pulls of no chain", sorted(strange)[:3], []
        yield "changes, unknown meetings", sorted({row["meeting_id"] for row in changes} - ids)[:3], []
        changed = [
            len(changes),
            len({row["meeting_id"] for row in changes}),
            sum(row["is_grave"] == "true" for row in changes),
        ]
        months = {row["period"] for row in self.dicts("tables/moved.csv")}
        for name, counted in (("changes", changed), ("moved", [len(months)] if months else [])):
            for text in about[f"tables/{name}"]["notes"][0].values():
                yield f"tables/{name}.about.json, notes", _numbers(text), sorted(counted)

    def _of_usage(self, by_month: Mapping[str, Counter[str]], few: int) -> Iterator[tuple[str, Any, Any]]:
        """Each month is told once, with as many meetings as lie in it, no more legs than these have, and as covered only so far as the certificate reaches."""
        rows, periods = list(self.dicts("tables/usage.csv")), self.json(CERTIFICATE)["periods"]
        yield "usage, months", len(rows), len({row["period"] for row in rows})
        for row in rows:
            where, there = f"usage, {row['period']}", by_month[row["period"]]
            meetings, legs = (int(row[name] or 0) for name in ("meetings", "legs"))
            yield f"{where}, meetings", meetings, min(meetings, there["meetings"]) if few else there["meetings"]
            yield f"{where}, legs", legs, min(legs, there["legs"])
            if row.get("covered_pct") and periods:  # the first release told none
                first = datetime.fromisoformat(f"{row['period']}-01T00:00:00+08:00")
                after = (first + timedelta(days=31)).replace(day=1)
                begin, over = (datetime.fromisoformat(at) for at in (periods[0]["start"], periods[-1]["end"]))
                reach = max(0.0, (min(over, after) - max(begin, first)) / (after - first) * 100)
                said = float(row["covered_pct"])
                yield f"{where}, covered_pct", said, min(said, reach + 0.01)
                yield f"{where}, is_partial", row["is_partial"], str(said < 100).lower()

    def dicts(self, name: str) -> Iterator[dict[str, str]]:
        """Yield the rows of a table by column."""
        rows = self.rows(name)
        header = next(rows, [])
        for row in rows:
            yield dict(zip(header, row, strict=True))

    def check_signature(self) -> str:
        """The signature is by the key it names, and by the one that was expected."""
        wanted = self.asked.public_key
        if SIGNATURE not in self.files.sizes:
            if wanted or self.asked.require_signature:
                raise BrokenError("there is no signature, and one was asked for / 没有签名，而要求必须有")
            return "none / 未签名"
        body = self.json(SIGNATURE)
        if set(body) != {"algorithm", "public_key", "signature"}:
            # it is covered by nothing: a sentence in it would be believed for the signature it stands beside
            raise BrokenError("signature.json says what no signature says / signature.json 含有不认识的内容")
        key, signature = bytes.fromhex(body["public_key"]), bytes.fromhex(body["signature"])
        if body.get("algorithm") != "ed25519" or not is_signed(key, self.read(MANIFEST), signature):
            raise BrokenError("the signature is not of this manifest / 签名与清单不符")
        if wanted and key.hex() != wanted:
            raise BrokenError(f"it is signed by a stranger: {key.hex()}, not {wanted} / 由他人签名")
        as_asked = (", as asked for", "，与所给公钥一致") if wanted else ("", "")
        return f"by the key {key.hex()}{as_asked[0]} / 公钥 {key.hex()}{as_asked[1]}"

    def check_timestamp(self) -> str:
        """A timestamp is one over this manifest. By whom is checked with the certificate of its authority, by `ytxdata verify --authority`."""
        if TIMESTAMP not in self.files.sizes:
            return "none / 没有"
        token, manifest = self.read(TIMESTAMP), self.read(MANIFEST)
        prints = [hashlib.new(name, manifest).digest() for name in ("sha256", "sha384", "sha512")]
        if _der_size(token) != len(token) or not any(one in token for one in prints):
            raise BrokenError("the timestamp is none of this manifest / 时间戳与清单不符")
        return "over this manifest; by whom, its authority's certificate shows / 对应此清单；由谁签发须用机构证书核对"

    def check_heads(self) -> str:
        """The history up to each head that was published is the one in this pack."""
        agreed, has_raw = 0, self.manifest["include_raw"]
        compared = [head for head in self.asked.heads or () if head["pulls"] <= len(self.ends)]
        for head in sorted(compared, key=lambda one: one["pulls"]):
            end = self.ends[head["pulls"] - 1]
            if has_raw:
                end = hmac.new(bytes.fromhex(self.manifest["head_key"]), end.encode(), "sha256").hexdigest()
            if end != head["chain" if has_raw else "masked_chain"]:
                raise BrokenError(
                    f"history was rewritten after pull {agreed} and up to pull {head['pulls']}, published {head['asked_at']}"
                    f" / 历史被改写：第 {agreed} 次之后至第 {head['pulls']} 次拉取，公布于 {head['asked_at']}"
                )
            agreed = head["pulls"]
        if not compared:
            raise BrokenError("none of the heads is of a state in this pack / 没有一个公布的链首属于本包")
        n, of = len(compared), len(self.ends)
        agree = f"{n} published heads agree, up to pull {agreed} of {of} / {n} 个公布的链首一致，至 {of} 次拉取中的第 {agreed} 次"
        if later := sum(head["pulls"] > len(self.ends) for head in self.asked.heads or ()):
            self.left.append(
                f"{later} later heads are not in this pack: pulls after its last were published / 有 {later} 个更晚公布的链首不在本包中"
            )
        return agree


def comes_to(periods: list[dict[str, Any]]) -> dict[str, str]:
    """Return the verdict on some periods and the sentence about them."""
    if not periods:
        return {"verdict": "GAP", **NO_PERIODS}
    verdict = max((one["verdict"] for one in periods), key=VERDICTS.index)
    worst = [one for one in periods if one["verdict"] == verdict]
    named = worst[0] if verdict == "GAP" else max(worst, key=_length)
    edges = {"start": periods[0]["start"], "end": periods[-1]["end"], "first": named["start"], "last": named["end"]}
    at = {name: _in_beijing(datetime.fromisoformat(edge)) for name, edge in edges.items()}
    more = MORE_PERIODS if len(worst) > 1 else {"zh": "", "en": ""}
    told = {
        lang: text.format(**at, **{lang: named[lang]}) + more[lang].format(n=len(worst) - 1)
        for lang, text in SENTENCES[verdict].items()
    }
    return {"verdict": verdict, **told}


def _length(period: dict[str, Any]) -> timedelta:
    return datetime.fromisoformat(period["end"]) - datetime.fromisoformat(period["start"])


def _in_beijing(instant: datetime) -> str:
    return instant.astimezone(timezone(timedelta(hours=8))).strftime("%Y-%m-%d %H:%M:%S")


def _spanned(edges: list[str | None]) -> dict[str, str | None] | None:
    """Return the period between two edges as a description tells it: none where an edge is open."""
    return None if None in edges else dict(zip(("start", "end"), edges, strict=True))


def _exactly(instant: datetime, exact: datetime) -> datetime:
    """Return the exact instant for one that was read from a sentence, which drops its fraction."""
    return exact if abs(instant - exact) < timedelta(seconds=1) else instant


def _gaps(periods: list[dict[str, Any]]) -> Iterator[tuple[str, float]]:
    """Yield how grave and how long [s] what an audit must find of some periods is: each gap, and all that is probable as one."""
    seconds: dict[str, list[float]] = {verdict: [] for verdict in VERDICTS}
    for one in periods:
        seconds[one["verdict"]].append(_length(one).total_seconds())
    yield from (("crit", one) for one in seconds["GAP"])
    if seconds["PROBABLE"]:
        yield "warn", sum(seconds["PROBABLE"])


def _numbers(text: str) -> list[int]:
    return sorted(map(int, re.findall(r"\d+", text)))


def _plain_name(name: str) -> str:
    """Return what a name is on machines that do not tell case, accents, blanks and slashes apart; refuse one that leads elsewhere."""
    parts = unicodedata.normalize("NFKC", name).casefold().replace("\\", "/").split("/")
    if any(not part.strip(" .") or ":" in part or not part.isprintable() for part in parts):
        raise BrokenError(f"{name!r} is no name for a file of a pack / {name!r} 名称不可用")
    return "/".join(part.rstrip(" .") for part in parts)


def _is_same(cell: str, value: object) -> bool:
    """Whether a cell of a table says what a JSON value does."""
    if value is None:
        return cell == ""
    if isinstance(value, (int, float)):
        return float(cell) == value
    return json.loads(cell) == value if isinstance(value, list) else cell in (value, f"'{value}")


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


def _is_of_prime_order(point: _Point) -> bool:
    """Whether a key is one: for a point of small order, a signature can be made that fits many messages, and nobody needs a secret for it."""
    x, y, z, _ = _times(_L, point)
    return point[0] % _P != 0 and x % _P == 0 and (y - z) % _P == 0


def is_signed(key: bytes, message: bytes, signature: bytes) -> bool:
    """Return whether an Ed25519 signature of a message is by a key."""
    if len(key) != 32 or len(signature) != 64 or _BASE is None:
        return False
    owner, commitment, scalar = _point(key), _point(signature[:32]), int.from_bytes(signature[32:], "little")
    if owner is None or commitment is None or scalar >= _L or not _is_of_prime_order(owner):
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % _L
    left, right = _times(scalar, _BASE), _add(commitment, _times(challenge, owner))
    return (left[0] * right[2] - right[0] * left[2]) % _P == 0 and (left[1] * right[2] - right[1] * left[2]) % _P == 0


CHECKS: tuple[tuple[str, Callable[[Unpacked], str]], ...] = (
    ("manifest  清单", Unpacked.check_manifest),
    ("files     文件", Unpacked.check_files),
    ("chain     拉取链", Unpacked.check_chain),
    ("raw       原始回答", Unpacked.check_raw),
    ("findings  发现", Unpacked.check_findings),
    ("agreement 相符", Unpacked.check_agreement),
    ("signature 签名", Unpacked.check_signature),
    ("timestamp 时间戳", Unpacked.check_timestamp),
)

PROVEN = """
Proven: nothing in this pack was changed since it was made; the pulls are in the order in which they were kept, none is
missing between them.
Not proven by this pack alone: that its maker did not rebuild everything, chain and manifest included, before handing it
on. Compare the SHA-256 of the pack (or the public key of its signature, --public-key, or published heads, --heads) with
what was kept elsewhere at the time. Nor can it show what the platform never listed.
已证实：本证据包制成之后没有被改动；各次拉取按保存的顺序排列，中间没有缺失。
仅凭本包不能证实：制作者没有在交出之前把全部内容（连同拉取链和清单）重做一遍。请与当时存放在别处的 SHA-256（或签名公钥 --public-key、公布的链首 --heads）核对。平台从未列出的会议也无从得知。"""

WITHOUT_RAW = """
Without the raw answers it cannot be checked that findings and tables follow from what the platform said; ask for a pack
made with --include-raw. Titles, notes and definitions are its maker's words: `ytxdata verify` tells which are not ours.
没有原始回答，无法核对发现和表格是否由平台的回答得出；如需核对，请索取用 --include-raw 制作的证据包。标题、提示和口径是制作者写的，`ytxdata verify` 会指出其中不属于本软件的文字。"""


def partly(text: str) -> str:
    """Return the closing words for a pack of which something is left open: they claim no more than that its bytes are its maker's."""
    return text.replace("Proven:", "Something is left open (OPEN above). Of the bytes alone it is shown:").replace(
        "已证实：", "尚有未证实之处（见上文 OPEN）。仅就字节而言："
    )


def one_line(text: str) -> str:
    """Return a text that is one line and can only be read: whoever made a pack wrote what is told of it, and a screen that is cleared, or a line of their own, passes for ours."""
    return "".join(one if one.isprintable() else "�" for one in re.sub(r"[^\S ]+", " ", text))


def verify(place: Path, asked: Expected | None = None) -> tuple[list[str], bool]:
    """Return what was checked, a line each, and whether all of it holds. It stops at the first claim that does not."""
    lines, name = list[str](), "pack      证据包"
    try:
        pack = Unpacked(place, asked)
        heads = (("heads     链首", Unpacked.check_heads),) if pack.asked.heads is not None else ()
        for name, look in (*CHECKS, *heads):
            lines.append(one_line(f"ok    {name}: {look(pack)}"))
    except BrokenError as broken:
        return [*lines, one_line(f"FAIL  {name}: {broken}")], False
    except Exception as error:  # what cannot be checked does not hold, and a traceback would end with the code of OPEN
        return [*lines, one_line(f"FAIL  {name}: {type(error).__name__} {str(error)[:200]} / 无法核对")], False
    lines += [one_line(f"OPEN  {one}") for one in pack.left]
    lines += [partly(PROVEN) if pack.left else PROVEN, *([] if pack.manifest["include_raw"] else [WITHOUT_RAW])]
    return lines, True


def read_public_key(path: Path) -> str:
    """Return an ed25519 public key in hex, from a file that holds it so or as PEM."""
    text = path.read_text("ascii").strip()
    if "BEGIN PUBLIC KEY" in text:
        der = base64.b64decode("".join(line for line in text.splitlines() if "-----" not in line))
        if len(der) != 44 or not der.startswith(bytes.fromhex("302a300506032b6570032100")):
            raise ValueError("it is no ed25519 key")
        return der[-32:].hex()
    key = bytes.fromhex(text)  # it passes blanks over, as people write keys in groups
    if len(key) != 32:
        raise ValueError("an ed25519 key has 32 bytes")
    return key.hex()


def read_heads(path: Path) -> list[dict[str, Any]]:
    """Return the heads that a file holds, one of JSON on a line."""
    lines = path.read_text("utf-8").splitlines()
    heads = [_head(place, line) for place, line in enumerate(lines, start=1) if line.strip()]
    if not heads:  # it would agree with every history
        raise ValueError("there is no head in it / 其中没有链首")
    return heads


def _head(place: int, line: str) -> dict[str, Any]:
    """Return the head on a line; one that could be held against nothing must not be passed over as if it agreed."""
    try:
        head: dict[str, Any] = json.loads(line)
        if head["format"] != HEAD_FORMAT:
            raise ValueError(f"its format is not {HEAD_FORMAT}")
        if type(head["pulls"]) is not int or head["pulls"] < 1:
            raise ValueError("its `pulls` is no positive whole number")
        datetime.fromisoformat(head["asked_at"])
        if any(len(bytes.fromhex(head[name])) != 32 for name in ("chain", "masked_chain")):
            raise ValueError("its chain is no SHA-256")
    except KeyError as error:
        raise ValueError(f"line {place} is no head: it has no {error} / 第 {place} 行不是链首：缺少 {error}") from None
    except (TypeError, ValueError) as error:
        raise ValueError(f"line {place} is no head: {error} / 第 {place} 行不是链首") from None
    return head


def main() -> int:
    """Verify a pack; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", nargs="?", type=Path, default=Path(__file__).resolve().parent)
    parser.add_argument("--public-key", type=Path, help="the key it must be signed by (hex or PEM) / 必须由此公钥签名")
    parser.add_argument("--require-signature", action="store_true", help="refuse a pack without one / 没有签名即不成立")
    parser.add_argument("--heads", type=Path, help="heads that were published / 公布过的链首")
    given = parser.parse_args()
    if not given.pack.exists():
        parser.error(one_line(f"there is no {given.pack} / 没有 {given.pack}"))
    try:
        asked = Expected(
            read_public_key(given.public_key) if given.public_key else None,
            given.require_signature,
            read_heads(given.heads) if given.heads else None,
        )
    except OSError as error:
        parser.error(one_line(f"{error.filename}: {error.strerror} / 读不到"))
    except (ValueError, RecursionError) as error:
        parser.error(one_line(f"{type(error).__name__} {error}"))
    lines, holds = verify(given.pack, asked)
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]  # it is a text stream
    sys.stdout.write("\n".join(lines) + "\n")
    return 5 if not holds else 1 if any(line.startswith("OPEN") for line in lines) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Exception as error:  # Python's own code for a traceback is that of "all holds, something is open"
        sys.stderr.write(f"{error!a}\n")
        sys.exit(5)
