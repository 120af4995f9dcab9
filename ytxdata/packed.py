"""What is packed in a file, also in a damaged one, and in one of several that somebody put together."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ytxdata.labels import Text

LARGEST = 2**28
"""How much is decompressed of one file [bytes]: a few kilobytes of zeros become a machine full of them."""

_DEEPEST = 2
"""How often something packed may be packed again."""

_DAMAGED = Text(
    "压缩数据已损坏或不完整，只读到中断处", "the compressed data is damaged or cut: it was read up to there"
)
_PIECE = 1 << 20
_TOO_LARGE = Text(f"解压后超过 {LARGEST >> 20} MiB", f"it holds more than {LARGEST >> 20} MiB when decompressed")
_ENCRYPTED = Text("压缩包有密码", "it is protected by a password")
_NO_ZIP = Text("压缩包已损坏", "the archive is damaged")
_HIDDEN = Text(
    "{name}：{n} 个隐藏文件未读取（{files}）；如需读取请直接写出文件名",
    "{name}: {n} hidden files were not read ({files}); name one itself to have it read",
)
_CUT_ZIP = Text(
    "压缩包不完整（目录缺失），只读出其中完整的文件",
    "the archive is cut (its directory is missing): the files in it were read as far as they go",
)


class Packed(NamedTuple):
    """What is packed in a file: a name and bytes, and if these are not all or cannot be read, why."""

    name: str
    raw: bytes
    why: Text | None = None


def unpacked(name: str, raw: bytes, depth: int = 0) -> Iterator[Packed | Text]:
    """Yield what is in a file that may be compressed (gzip, zip), also twice, also damaged; and what was left out.

    Examples
    --------
    >>> [one.raw for one in unpacked("answer.json.gz", gzip.compress(b"{}"))]
    [b'{}']
    """
    if depth <= _DEEPEST and raw[:2] == b"\x1f\x8b":
        read, why = _bounded(gzip.GzipFile(fileobj=io.BytesIO(raw)), LARGEST)
        behind = _behind_gzip(raw) if why is _DAMAGED else None
        if why and behind is None:
            yield Packed(name, b"" if read else raw, why)
        if read:
            yield from unpacked(name, read, depth + 1)
        if behind:
            yield from unpacked(f"{name}@{len(raw) - len(behind)}", behind, depth + 1)
    elif depth <= _DEEPEST and raw[:4] in _ZIP_STARTS:
        yield from _unzipped(name, raw, depth)
    else:
        yield Packed(name, raw)


def _behind_gzip(raw: bytes) -> bytes | None:
    """Return what stands behind whole gzip members and is none, without blanks in front; None where a member is cut or
    damaged.
    """
    # Somebody's `cat b.json >> a.json.gz`: a decompressor that has found its end calls the rest damage and drops it.
    while raw[:2] == b"\x1f\x8b":
        inflate = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            while raw:
                inflate.decompress(raw, _PIECE)
                if inflate.eof:
                    break
                raw = inflate.unconsumed_tail
            else:
                return None
        except zlib.error:
            return None
        raw = inflate.unused_data.lstrip(b"\0")  # padding, behind which another member may follow
    return raw.lstrip(_BLANKS)


def _unzipped(name: str, raw: bytes, depth: int) -> Iterator[Packed | Text]:
    # `cat a.zip b.zip`: whoever looks for the directory from behind finds that of the last one, and drops the others.
    at, left = 0, LARGEST
    while raw[at : at + 4] in _ZIP_STARTS:
        here = f"{name}@{at}" if at else name
        end = _zip_end(raw, at)
        piece = raw[at:end]
        try:
            archive = zipfile.ZipFile(io.BytesIO(piece))
            files = [one for one in archive.infolist() if not one.is_dir()]
        except (zipfile.BadZipFile, ValueError, OSError):
            rescued = list(_without_directory(piece))
            yield Packed(here, b"" if rescued else piece, _CUT_ZIP if rescued else _NO_ZIP)
            for inner, read in rescued:
                yield from unpacked(f"{here}/{inner}", read, depth + 1)
        else:
            members = [one for one in files if not one.filename.startswith(_OF_MACOS)]
            if len(members) < len(files):
                yield hidden_note(here, [one.filename for one in files if one not in members])
            for member in members:
                inner = f"{here}/{member.filename}"
                read, why = _member(archive, member, left)
                left -= len(read)
                if why:
                    yield Packed(inner, b"", why)
                if read or not why:
                    yield from unpacked(inner, read, depth + 1)
            for start, more in _unlisted(archive, piece):
                yield from unpacked(f"{name}@{at + start}", more, depth + 1)
        at = len(raw) - len(raw[end:].lstrip(_BLANKS))
    if at < len(raw):
        yield from unpacked(f"{name}@{at}", raw[at:], depth + 1)


def _zip_end(raw: bytes, start: int) -> int:
    """Return where a zip that begins there ends: by its own sizes, for others may stand in it and behind it."""
    at, last = raw.find(_ZIP_END_MARK, start), len(raw)  # one that is cut inside of its end is no zip and a rest of it
    while 0 <= at <= len(raw) - _ZIP_END.size:
        size, offset, n_comment = _ZIP_END.unpack_from(raw, at)
        last = at + _ZIP_END.size + n_comment
        if at - size - offset == start:
            break
        at = raw.find(_ZIP_END_MARK, at + 4)
    return last


def _unlisted(archive: zipfile.ZipFile, raw: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield what stands in a zip and no member covers, and comments that look like answers."""
    at = 0
    for member in sorted(archive.infolist(), key=lambda one: one.header_offset):
        gap = raw[at : member.header_offset]
        if gap.strip(_BLANKS):
            yield at, gap
        if raw[member.header_offset : member.header_offset + 4] != _ZIP_STARTS[0]:
            continue  # damaged: it cannot be read either, which is told
        n_name, n_extra = _ZIP_HEADER.unpack_from(raw, member.header_offset)[3:]
        end = member.header_offset + _ZIP_HEADER.size + n_name + n_extra + member.compress_size
        at = max(at, end + _described(raw, end, member))
    if (gap := raw[at : archive.start_dir]).strip(_BLANKS):
        yield at, gap
    for comment in (archive.comment, *(one.comment for one in archive.infolist())):
        if comment.lstrip(_BLANKS).startswith((b"{", b"[", b"\x1f\x8b", *_ZIP_STARTS)):
            yield archive.start_dir, comment


def _described(raw: bytes, at: int, member: zipfile.ZipInfo) -> int:
    """Return how long the note behind a member is that was written as a stream: its check sum and sizes."""
    mark = 4 if raw[at : at + 4] == b"PK\x07\x08" else 0
    if not member.flag_bits & 8 or raw[at + mark : at + mark + 4] != member.CRC.to_bytes(4, "little"):
        return 0
    sizes = b"".join(size.to_bytes(8, "little")[:4] for size in (member.compress_size, member.file_size))
    return mark + (12 if raw[at + mark + 4 : at + mark + 12] == sizes else 20)


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> tuple[bytes, Text | None]:
    if member.flag_bits & 1:
        return b"", _ENCRYPTED
    try:
        with archive.open(member) as stream:
            return _bounded(stream, most)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        return b"", _NO_ZIP


def _without_directory(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the files in a zip that lost its end, and with it the directory, as far as they go."""
    at, left = 0, LARGEST
    while left > 0 and raw[at : at + 4] == b"PK\x03\x04" and at + _ZIP_HEADER.size <= len(raw):
        flags, method, size, n_name, n_extra = _ZIP_HEADER.unpack_from(raw, at)
        start = at + _ZIP_HEADER.size + n_name + n_extra
        name = raw[start - n_extra - n_name : start - n_extra].decode("utf-8" if flags & 0x800 else "cp437", "replace")
        # Written as a stream, a file's size stands behind it: only what is deflated tells its own end.
        is_unknown = bool(flags & 8) or size == 0xFFFFFFFF
        if flags & 1 or method not in (0, 8) or (method == 0 and is_unknown):
            return
        read = raw[start : start + size]
        if method == 8:
            inflate = zlib.decompressobj(-zlib.MAX_WBITS)
            try:
                read = inflate.decompress(raw[start:], left)
            except zlib.error:
                return
            size = len(raw) - start - len(inflate.unused_data)
        if read and not name.startswith(_OF_MACOS):
            yield name, read
        left -= len(read)
        at = start + size
        if is_unknown:
            at = max(raw.find(b"PK\x03\x04", at), 0) or len(raw)


_ZIP_HEADER = struct.Struct("<6xHH8xI4xHH")
_ZIP_END = struct.Struct("<12xIIH")
_ZIP_END_MARK = b"PK\x05\x06"
_ZIP_STARTS = (b"PK\x03\x04", _ZIP_END_MARK)
_BLANKS = b"\0 \t\r\n"
_OF_MACOS = "__MACOSX/"


def hidden_note(name: str, files: Sequence[str]) -> Text:
    """Return what is said of hidden files that were not read."""
    shown = ", ".join(files[:_SHOWN]) + (" …" if len(files) > _SHOWN else "")
    return _HIDDEN.format(name=name, n=len(files), files=shown)


_SHOWN = 3
"""How many names of files that were not read are told."""


def _bounded(stream: Any, most: int) -> tuple[bytes, Text | None]:
    """Return what a compressed stream gives, and why that is not all of it."""
    read = bytearray()
    try:
        # `read` would give nothing at all of the last piece where that is cut.
        while piece := stream.read1(_PIECE):
            read += piece
            if len(read) > most:
                return b"", _TOO_LARGE
    except (EOFError, gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, OSError):
        return bytes(read), _DAMAGED
    return bytes(read), None
