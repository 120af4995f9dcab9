"""A platform in memory whose records and clock a test holds in its hands."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.archive.exported import keep_three_months
from tests.archive.mirrors import SECRET
from ytxdata.archive import Archive, cleanup, sync
from ytxdata.archive.changes import Intake
from ytxdata.archive.write_sync import Writer, Written, write_intake
from ytxdata.records.answer import Answer, read_answer
from ytxdata.times import BEIJING

if TYPE_CHECKING:
    from ytxdata.exits.export_files import Format

BEGIN = datetime(2026, 1, 1, 9, tzinfo=BEIJING)


def record(i: int, **changes: Any) -> dict[str, Any]:
    """The i-th meeting of the account: one every ten minutes."""
    start = BEGIN + timedelta(minutes=10 * i)
    return {
        "meid": f"{i:029d}",
        "meetingname": f"周会 {i}",
        "creator": "13800000000",
        "starttime": f"{start:%Y-%m-%d %H:%M:%S}",
        "endtime": f"{start + timedelta(minutes=5):%Y-%m-%d %H:%M:%S}",
        "parties": [{"name": "甲", "phone": "13900000001"}, {"name": "乙", "phone": "13900000002"}],
    } | changes


def newest_first(n: int) -> list[Any]:
    """The newest n meetings of an account that has n."""
    return [record(i) for i in range(n)][::-1]


def body(records: Sequence[Any], shape: str) -> bytes:
    """Return an answer; a `bytes` record stands in it as it is."""
    texts = [r if isinstance(r, bytes) else json.dumps(r, ensure_ascii=False).encode() for r in records]
    data = b"[" + b", ".join(texts) + b"]"
    if shape.startswith("string"):
        data = json.dumps(data.decode(), ensure_ascii=shape == "string-ascii").encode()
    if shape == "wrapped":
        data = b'{"total": 5, "rows": ' + data + b"}"
    whole = b'{"statusCode":"0","statusMsg":"' + "提交成功".encode() + b'","data":' + data + b"}\n"
    return whole.decode().encode("gb18030") if shape.endswith("gb18030") else whole


@dataclass
class Platform:
    """Answers with the newest N of `records`, newest first."""

    records: list[Any]
    identity: tuple[str, str] = ("sid-of-this-test", "app")
    clock: datetime | None = None
    date: datetime | None = None
    shape: str = "array"
    asked: list[int] = field(default_factory=list)
    fail_at: int | None = None

    record = staticmethod(record)
    newest_first = staticmethod(newest_first)
    body = staticmethod(body)

    def query_meeting(self, confid: str = "", meetingcount: int = 1) -> Answer:
        self.asked.append(meetingcount)
        if self.fail_at == len(self.asked):
            raise KeyboardInterrupt
        return read_answer(
            body(self.records[:meetingcount], self.shape),
            asked_at=self.clock or datetime.now(UTC),
            asked_n=meetingcount,
            server_date=self.date,
        )


@pytest.fixture
def platform() -> Platform:
    """A platform with 60 meetings."""
    return Platform(newest_first(60))


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """A place where an archive will be."""
    return Archive(tmp_path / "meetings.archive")


@pytest.fixture
def no_word_of_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Syncs of an earlier version, whose pulls do not say how late a meeting might be listed, and nothing of clocks."""

    def written(writer: Writer, intake: Intake, verdicts: Any, _settle_s: int) -> Written:
        for taken in intake.taken:
            taken.call["ahead_s"] = None
        return write_intake(writer, intake, verdicts, None)

    monkeypatch.setattr(sync, "write_intake", written)


@pytest.fixture
def few_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """Heads lose their lists of files, and files that only they name go, after two syncs and not after sixteen."""
    monkeypatch.setattr(cleanup, "LISTS_KEPT", 2)
    real = cleanup.let_files_go
    monkeypatch.setattr(cleanup, "let_files_go", lambda root, lists_kept=2: real(root, lists_kept))


@pytest.fixture(scope="session")
def kept_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Archive, list[Any]]:
    """Three months, as two syncs brought them; and what the platform lists since."""
    archive, platform = Archive(tmp_path_factory.mktemp("kept") / "meetings.archive"), Platform(newest_first(60))
    keep_three_months(archive, platform)
    return archive, platform.records


@pytest.fixture
def kept(kept_once: tuple[Archive, list[Any]], archive: Archive, platform: Platform) -> Archive:
    """The three months, for each test their own."""
    once, records = kept_once
    shutil.copytree(once.path, archive.path)
    platform.records = deepcopy(records)
    return archive


@pytest.fixture(scope="session")
def exported_once(
    kept_once: tuple[Archive, list[Any]], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Format], Path]:
    """Export the three months, in each form once; for tests that only read."""

    @cache
    def folder(form: Format) -> Path:
        out = tmp_path_factory.mktemp("exported") / "out"
        kept_once[0].export(out, form)
        return out

    return folder


@pytest.fixture
def exported(exported_once: Callable[[Format], Path], tmp_path: Path) -> Callable[[Format], Path]:
    """Put an export of the three months into a folder of the test's own."""
    return lambda form: Path(shutil.copytree(exported_once(form), tmp_path / "out"))


@pytest.fixture(scope="module")
def objects() -> Iterator[str]:
    """The address of a local object store, without the bucket."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield f"region=us-east-1&scheme=http&endpoint_override=127.0.0.1:{server.get_host_and_port()[1]}"
    server.stop()


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Credentials of no account of the machine."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDAKIDAKIDAKIDAKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
