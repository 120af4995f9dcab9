"""What Windows refuses, refused here: nobody removes, moves or cuts what anybody has open, flushes through
a handle that only reads, or opens a folder.

The rules are Windows', the kernel is this one's: what a real Windows does beside them is not shown.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

import ytxdata as ytx
from ytxdata import files
from ytxdata.archive import Archive, cleanup
from ytxdata.audit import pack, verify_pack
from ytxdata.emulator import Emulator
from ytxdata.errors import UsageError
from ytxdata.history.client import Client

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="who has what open stands in /proc")

LONGEST = 120
"""How long a path below an archive may be, so that the archive itself may lie 130 characters deep (260 in all)."""


def _open_files() -> set[str]:
    """Every file that this process has open or mapped, in whatever language."""
    found = set()
    for handle in Path("/proc/self/fd").iterdir():
        try:
            found.add(str(handle.readlink()))
        except OSError:
            continue
    mapped = re.findall(r"(/\S.*)$", Path("/proc/self/maps").read_text("utf-8", "replace"), re.MULTILINE)
    return found | set(mapped)


def _sharing_violation(path: object) -> PermissionError:
    return PermissionError(
        errno.EACCES, "The process cannot access the file because it is being used by another process", str(path)
    )


class Windows:
    """Its rules, while they hold, and what they refused."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.refused: list[str] = []
        monkeypatch.setattr(files, "IS_WINDOWS", True)
        monkeypatch.setattr(cleanup, "IS_WINDOWS", True)
        monkeypatch.setattr(files, "PATIENCE", (0.0, 0.0))
        for name in ("unlink", "remove", "truncate"):
            monkeypatch.setattr(os, name, self._alone(getattr(os, name), 1))
        for name in ("rename", "replace"):
            monkeypatch.setattr(os, name, self._alone(getattr(os, name), 2))
        for name in ("geteuid", "O_DIRECTORY"):
            monkeypatch.delattr(os, name)
        monkeypatch.setattr(os, "fsync", self._fsync(os.fsync))
        monkeypatch.setattr(os, "open", self._open(os.open))

    def _alone(self, real: Callable[..., Any], n_paths: int) -> Callable[..., Any]:
        def call(*given: Any, **more: Any) -> Any:
            held = _open_files()
            for path in given[:n_paths]:
                if not isinstance(path, int) and not more.get("dir_fd") and os.path.realpath(path) in held:
                    self.refused.append(str(path))
                    raise _sharing_violation(path)
            return real(*given, **more)

        return call

    def _fsync(self, real: Callable[[int], None]) -> Callable[[int], None]:
        def call(handle: int) -> None:
            if fcntl.fcntl(handle, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
                raise OSError(errno.EBADF, "Bad file descriptor")
            real(handle)

        return call

    def _open(self, real: Callable[..., int]) -> Callable[..., int]:
        def call(path: Any, flags: int, mode: int = 0o777, **more: Any) -> int:
            if not more and not isinstance(path, int) and os.path.isdir(path):  # noqa: PTH112
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            return real(path, flags, mode, **more)

        return call


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Windows:
    return Windows(monkeypatch)


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Somebody reads a file, as a spreadsheet or a scanner does."""
    with path.open("rb"):
        yield


def test_the_rules_bite(windows: Windows, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x")
    with held(path):
        for act in (path.unlink, lambda: path.replace(tmp_path / "b"), lambda: os.truncate(path, 0)):
            with pytest.raises(PermissionError, match="another process"):
                act()
        assert files.remove(path) is False
    assert windows.refused
    reading = os.open(path, os.O_RDONLY)
    with pytest.raises(OSError, match="Bad file"):
        os.fsync(reading)
    os.close(reading)
    with pytest.raises(PermissionError):
        os.open(tmp_path, os.O_RDONLY)
    files.sync_all([path])
    assert files.remove(path) is True


@pytest.mark.slow
def test_an_archive_lives_through_it(windows: Windows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Syncs, merging and letting go, reading, rebuilding, packing, and deriving a pack anew."""
    monkeypatch.setattr(cleanup, "LISTS_KEPT", 2)
    archive = Archive(tmp_path / "m.archive")
    with Emulator(meetings=20, seed=2) as server:
        client = Client(base_url=server.url, **server.credentials)
        for _ in range(6):
            archive.sync(client)
            server.advance(days=1)
    legs = archive.legs()
    assert archive.verify().is_sound
    archive.rebuild()
    assert archive.verify().is_sound
    assert archive.legs().equals(legs)
    ytx.metrics.usage(archive).to_csv(tmp_path / "usage.csv")
    pack(archive, tmp_path / "pack.zip", include_raw=True)
    assert verify_pack(tmp_path / "pack.zip", recompute=True)
    names = [path.relative_to(archive.path) for path in archive.path.rglob("*")]
    assert max(len(str(name)) for name in names) <= LONGEST
    for folder in {name.parent for name in names}:
        files.check_names(name.name for name in names if name.parent == folder)


@pytest.mark.slow
def test_a_file_that_somebody_reads_stays_until_nobody_does(
    windows: Windows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = Archive(tmp_path / "m.archive")
    with Emulator(meetings=30, seed=2) as server:
        client = Client(base_url=server.url, **server.credentials)
        for _ in range(10):
            archive.sync(client)
            server.advance(days=1)
        before = set(archive.path.rglob("*.parquet"))
        with ExitStack() as readers:
            for path in before:
                readers.enter_context(path.open("rb"))
            cleanup.let_files_go(archive.path, lists_kept=1)  # in whatever order: what went before is named, too
            assert archive.verify().is_sound, "what could not go is still named"
            assert before == set(archive.path.rglob("*.parquet"))
        assert windows.refused
        cleanup.let_files_go(archive.path, lists_kept=1)
        archive.sync(client)
    assert archive.verify().is_sound
    assert before - set(archive.path.rglob("*.parquet")), "and goes afterwards"


@pytest.mark.slow
def test_a_table_that_a_spreadsheet_holds_is_told(windows: Windows, tmp_path: Path) -> None:
    with Emulator(meetings=5, seed=2) as server:
        history = Client(base_url=server.url, **server.credentials).fetch_history()
    report = ytx.metrics.usage(history)
    path = report.to_csv(tmp_path / "usage.csv")
    whole = path.read_bytes()
    with held(path), pytest.raises(UsageError, match="close the program"):
        report.to_csv(path)
    assert path.read_bytes() == whole
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".")] == []


@pytest.mark.parametrize(
    "name", ["con", "NUL.csv", "com1.txt", "lpt¹", "a:b", "a?b", "ends.", "ends ", "", "tab\tin", "a/b", "a\\b"]
)
def test_names_that_are_none_there_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="on Windows"):
        files.check_names(["usage.csv", name])
    files.check_names(["usage.csv", "console.csv", "com10.csv", "周会.csv", ".hidden"])


def test_modes_are_this_systems_alone(tmp_path: Path) -> None:
    files.write_whole(tmp_path / "a", b"x")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == files.PRIVATE_FILE
