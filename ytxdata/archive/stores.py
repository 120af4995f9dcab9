"""Where a mirror stands: a folder, or a bucket of an object store; files by name, each seen whole or not at all."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from os import PathLike
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from pyarrow import fs

from ytxdata.errors import ArchiveWriteError, DamagedError, NetworkError, UsageError, YtxError
from ytxdata.files import PRIVATE_FILE, make_private_folder, sync_directory, sync_file
from ytxdata.labels import Text

PIECE = 8 * 2**20
"""How much is sent or read at a time [bytes]: each piece read from an object store is a request of its own."""

DRAFT = ".draft"


def cache_folder() -> Path:
    """Return where fetched mirrors are kept on this machine."""
    home = Path.home()
    if os.name == "nt":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return base / "ytxdata" / "mirrors"


@dataclass(frozen=True)
class Store:
    """Files by their names below one address.

    Parameters
    ----------
    address
        Where it is, as people are told: without options.
    files
        The file system, with names below the address.
    folder
        The folder, if it is one of this machine.
    """

    address: str
    files: fs.FileSystem = field(repr=False)
    folder: Path | None = None

    def sizes(self, below: Iterable[str]) -> dict[str, int]:
        """Return the size of every file below some folders, by name."""
        with self._telling():
            return {
                one.path: one.size
                for top in below
                for one in self.files.get_file_info(fs.FileSelector(top, allow_not_found=True, recursive=True))
                if one.type is fs.FileType.File
            }

    def is_empty(self, *, besides: str) -> bool:
        """Whether nothing lies there at all, or one file alone."""
        with self._telling():
            return {one.path for one in self.files.get_file_info(fs.FileSelector("", allow_not_found=True))} <= {
                besides
            }

    def read(self, name: str) -> bytes | None:
        """Return what a small file holds, or None where there is none."""
        with self._telling():
            if self.files.get_file_info([name])[0].type is not fs.FileType.File:
                return None
            return b"".join(self._pieces(name))

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield what a file holds, piece by piece."""
        with self._telling():
            try:
                yield from self._pieces(name)
            except FileNotFoundError:  # not the store's fault: a sync let it go, or it is lost
                raise DamagedError(
                    Text(f"文件不见了：{name}", f"the file is gone: {name}"),
                    remedy=Text(
                        "再运行一次；若仍缺少，请运行 ytxdata verify",
                        "run again; if it still lacks, run ytxdata verify",
                    ),
                ) from None

    def sha256(self, name: str) -> str:
        """Return the hash of what a file holds now: it is read for that."""
        digest = hashlib.sha256()
        for piece in self.pieces(name):
            digest.update(piece)
        return digest.hexdigest()

    def put(self, name: str, content: Iterable[bytes], sha256: str) -> bool:
        """Write a file; return whether it holds what it should. If not, nothing has changed.

        It is written beside its place, read back, and then moved there. A stream that is cut short is closed like any
        other, so that even a store which shows nothing but whole objects would show half a file under its name.
        """
        draft = name + DRAFT
        with self._telling():
            if self.folder:
                make_private_folder((self.folder / name).parent)
                (self.folder / draft).touch(mode=PRIVATE_FILE)
            with self.files.open_output_stream(draft, compression=None) as stream:
                for piece in content:
                    stream.write(piece)
        if self.folder:
            sync_file(self.folder / draft)
        is_whole = self.sha256(draft) == sha256
        with self._telling():
            self.files.move(draft, name) if is_whole else self.files.delete_file(draft)
        if self.folder:
            sync_directory((self.folder / name).parent)
        return is_whole

    def remove(self, name: str) -> None:
        """Remove a file; one that went by itself is no error."""
        with self._telling(), suppress(FileNotFoundError):
            self.files.delete_file(name)

    def _pieces(self, name: str) -> Iterator[bytes]:
        with self.files.open_input_stream(name, compression=None) as stream:
            while piece := stream.read(PIECE):
                yield piece

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Tell what a store said by its kind alone: its own words may hold whatever opens it."""
        try:
            yield
        except YtxError:
            raise
        except Exception as error:
            if self.folder:
                raise _unwritable(self.address, error) from None
            raise _unreached(self.address, error) from None


def _unwritable(address: str, error: Exception) -> YtxError:
    why = getattr(error, "strerror", None) or type(error).__name__
    return ArchiveWriteError(
        Text(f"镜像目录 {address} 无法读写：{why}", f"the mirror {address} cannot be read or written: {why}"),
        remedy=Text("检查磁盘空间和目录权限后再运行", "check free space and permissions, then run again"),
    )


def _unreached(address: str, error: Exception) -> YtxError:
    found = re.search(r"AWS Error (\w+) during (\w+) operation", str(error))
    why = f"{found[1]} ({found[2]})" if found else type(error).__name__
    return NetworkError(
        Text(f"无法读写对象存储 {address}：{why}", f"the object store {address} could not be read or written: {why}"),
        remedy=Text(
            "检查地址、凭证（环境变量或 ~/.aws）和网络后再运行；已传好的文件不会重传",
            "check address, credentials (environment or ~/.aws) and network, then run again; what is there is not sent again",
        ),
    )


def is_url(place: str | PathLike[str]) -> bool:
    """Return whether a place is an address, and no path of this machine.

    Examples
    --------
    >>> is_url("s3://bucket/meetings"), is_url("meetings.archive"), is_url("C:/meetings.archive")
    (True, False, False)
    """
    return re.match(r"[A-Za-z][\w+.-]+://", str(place)) is not None


def local_path(place: str | PathLike[str]) -> Path:
    """Return the path of an archive.

    Raises
    ------
    UsageError
        It is an address: nothing is ever written there but whole, as a mirror.
    """
    if is_url(place):
        raise UsageError(
            Text("存档写在本机目录里，不能是网址", "an archive is written to a folder of this machine, not to an address"),
            remedy=Text("读取镜像：ytx.Archive.at(网址)；写出镜像：archive.mirror(网址)", "read a mirror with ytx.Archive.at(url), write one with archive.mirror(url)"),
        )  # fmt: skip
    return Path(place)


_S3: dict[str, Callable[[str], object]] = {
    "region": str,
    "endpoint_override": str,
    "scheme": str,
    "force_virtual_addressing": lambda text: text == "true",
    "anonymous": lambda text: text == "true",
    "tls_ca_file_path": str,
}
"""What the address of a bucket may say behind `?`: all but credentials, which stand in the environment."""

_OTHERS = ("abfs", "abfss", "az", "gcs", "gs", "obs", "oss", "cos")
"""Object stores that `fsspec` knows by packages of their own."""


def store_at(place: str | PathLike[str]) -> Store:
    """Return the store at a path or address.

    Raises
    ------
    UsageError
        The address holds credentials, or is of no kind that is known.
    """
    if not is_url(place):
        if re.match(r"[A-Za-z][\w+.-]+:/", str(place)):  # one slash lost: a folder would be named with the secret
            raise _no_address(Text("网址缺一个斜杠", "an address needs two slashes"))
        return _of_folder(Path(place))
    parts = urlsplit(str(place))
    if parts.scheme == "file":
        if parts.netloc not in ("", "localhost"):  # `file://USER:SECRET@host/x` would be written to /x, unasked
            raise _no_address(
                Text("file:// 网址里不能有主机或凭证", "a file:// address names no host and no credentials")
            )
        return _of_folder(Path(unquote(parts.path)))
    if "@" in parts.netloc or parts.fragment:
        raise _no_address(Text("网址里不能有凭证", "credentials do not belong into an address"))
    where = f"{parts.netloc}{parts.path}".rstrip("/")
    address = f"{parts.scheme}://{where}"
    if not parts.netloc:
        raise _no_address(Text("网址里没有存储桶", "the address names no bucket"))
    if parts.scheme == "s3":
        return Store(address, fs.SubTreeFileSystem(where, _s3(dict(parse_qsl(parts.query)))))
    if parts.scheme not in _OTHERS or parts.query:
        raise _no_address(
            Text(f"不认识这种网址：{parts.scheme}://", f"no address of a kind that is known: {parts.scheme}://")
        )
    return Store(address, _by_fsspec(address))


def _of_folder(folder: Path) -> Store:
    folder = folder.absolute()
    return Store(str(folder), fs.SubTreeFileSystem(str(folder), fs.LocalFileSystem()), folder)


def _s3(options: Mapping[str, str]) -> fs.FileSystem:
    if set(options) - set(_S3):
        # by the names alone: what stands behind one may be a key
        raise _no_address(Text("网址的参数不可用", "the address has options that are not known"))
    given = {name: _S3[name](text) for name, text in options.items()}
    return fs.S3FileSystem(**given)


def _by_fsspec(address: str) -> fs.FileSystem:
    if find_spec("fsspec") is not None:
        import fsspec

        with suppress(ImportError):
            system, where = fsspec.core.url_to_fs(address)
            return fs.SubTreeFileSystem(where, fs.PyFileSystem(fs.FSSpecHandler(system)))
    kind = urlsplit(address).scheme
    raise _no_address(
        Text(f"{kind}:// 需要 fsspec 和它的驱动", f"{kind}:// needs fsspec and its package for this store")
    )


def _no_address(cause: Text) -> UsageError:
    return UsageError(
        cause,
        remedy=Text(
            f"写成目录、file:// 或 s3://桶/前缀?{'&'.join(f'{name}=…' for name in ('region', 'endpoint_override'))}；凭证放在环境变量（AWS_ACCESS_KEY_ID 等）或 ~/.aws 中",
            f"give a folder, file:// or s3://bucket/prefix?{'&'.join(f'{name}=…' for name in ('region', 'endpoint_override'))}; credentials stand in the environment (AWS_ACCESS_KEY_ID …) or in ~/.aws",
        ),
    )
