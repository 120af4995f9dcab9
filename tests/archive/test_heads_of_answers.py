"""What the head of an HTTP answer says of more records is heard, kept, and judged again as it was judged."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import ytxdata as ytx
from tests.archive.conftest import BEGIN, record
from tests.platform.hostile import Hostile, reply, settings_for
from ytxdata import times
from ytxdata.archive import Archive
from ytxdata.archive.heads import Snapshot, write_head
from ytxdata.archive.stored_files import described
from ytxdata.archive.stored_rows import read
from ytxdata.archive.verify import verify
from ytxdata.audit.pack import pack
from ytxdata.cli import app
from ytxdata.history.client import Client

Head = Callable[[int, int], tuple[str, list[str]]]
"""How many are given, and how many there are → status and lines of the head."""

PER_DAY = 6
HEADS: dict[str, Head] = {
    "link": lambda _, __: ("200 OK", ['Link: <https://x/m?page=2&Sign=5f2b9c1e7a3d4e60>; rel="next"']),
    "range": lambda given, n: ("200 OK", [f"Content-Range: items 0-{given - 1}/{n}"]),
    "partial": lambda _, __: ("206 Partial Content", []),
    "range of bytes": lambda _, __: ("206 Partial Content", ["Content-Range: bytes 0-2999/9000"]),
    "total": lambda _, n: ("200 OK", [f"X-Total-Count: {n}"]),
    "total of WordPress": lambda _, n: ("200 OK", [f"X-WP-Total: {n}", "X-WP-TotalPages: 2"]),
    "pages of GitLab": lambda _, __: ("200 OK", ["X-Page: 1", "X-Per-Page: 20", "X-Total-Pages: 2", "X-Next-Page: 2"]),
    "object of ASP.NET": lambda _, n: ("200 OK", [f'X-Pagination: {{"TotalCount":{n},"CurrentPage":1}}']),
    "continuation": lambda _, __: ("200 OK", ["x-ms-continuation: abc"]),
    "several relations": lambda _, __: ("200 OK", ['Link: </m?page=1>; rel="prev next"']),
    "a relation with blanks": lambda _, __: ("200 OK", ["Link: </m?page=2>; rel = next"]),
    "parameters": lambda _, n: ("200 OK", [f"Pagination: total={n}; page=1"]),
    "object": lambda _, n: ("200 OK", [f'X-Pagination: {{"total":{n}}}']),
    "limit reached": lambda _, __: ("200 OK", ["X-Limit-Reached: true"]),
    "warning": lambda _, __: ("200 OK", ['Warning: 199 - "result truncated"']),
    "next range": lambda _, __: ("200 OK", ["Next-Range: items 20-39"]),
}
HONEST: dict[str, Head] = {
    "total": lambda _, n: ("200 OK", [f"X-Total-Count: {n}", "X-Total-Pages: 1", "X-Page: 1"]),
    "of GitLab": lambda _, n: ("200 OK", [f"X-Total: {n}", "X-Page: 1", "X-Next-Page: ", "X-Total-Pages: 1"]),
    "of pages": lambda _, n: (
        "200 OK",
        [f"Pagination: total={n}; page=1", 'Link: </m>; rel="first prev"', "X-Limit-Reached: false", "X-Limit: 900",
         "X-RateLimit-Exceeded: true", 'Warning: 110 - "Response is Stale"', 'Warning: 299 ES "limit is deprecated"',
         "Set-Cookie: total=900; next=2", "Next-Range: ", "Cache-Control: max-age=900"],
    ),
    "of PostgREST": lambda given, _: ("200 OK", [f"Content-Range: 0-{given - 1}/*", "Range-Unit: items"]),
    "of a gateway": lambda _, __: (
        "200 OK",
        ["X-RateLimit-Remaining: 59", "X-Remaining: 59", "X-Cache-Hits: 7", "X-Hit-Count: 900", "X-Count: 900",
         "Retry-After: 900", "Age: 900", "X-Request-Count: 900", "Link: </s.css>; rel=preload", "Accept-Ranges: bytes",
         "Keep-Alive: timeout=5, max=900", "X-Kong-Upstream-Latency: 900", "X-Retry-Count: 900", "X-Response-Time: 900"],
    ),
}  # fmt: skip


@contextmanager
def served(
    monkeypatch: pytest.MonkeyPatch, head: Head, leave_out: Callable[[int], bool], **beside: Any
) -> Iterator[tuple[Client, Callable[[], None]]]:
    """Give a client, and what lets a day go by; the platform gives what is not left out."""
    now = [BEGIN + timedelta(days=30)]
    monkeypatch.setattr(times, "now", lambda: now[0].astimezone(UTC))

    def answer(request: bytes) -> list[bytes | float]:
        asked = int(json.loads(request.partition(b"\r\n\r\n")[2])["meetingcount"])
        n = int((now[0] - BEGIN) / timedelta(days=1)) * PER_DAY
        every = [started(i) for i in range(n)]
        given = [one for i, one in enumerate(every) if not leave_out(i)][::-1][:asked]
        status, lines = head(len(given), n)
        body = json.dumps({"statusCode": "0", "data": {"list": given, **beside}}, ensure_ascii=False)
        return [reply(body, f"Date: {now[0].astimezone(UTC):%a, %d %b %Y %H:%M:%S GMT}", *lines, status=status)]

    server = Hostile([answer])
    server.start()

    def next_day() -> None:
        now[0] += timedelta(days=1)

    try:
        yield Client.of(settings_for(server.url)), next_day
    finally:
        server.stop()


def started(i: int) -> dict[str, Any]:
    start = BEGIN + timedelta(hours=24 / PER_DAY) * i
    return record(i, starttime=f"{start:%F %T}", endtime=f"{start + timedelta(minutes=5):%F %T}")


def periods(archive: Archive) -> list[tuple[object, ...]]:
    return [(one.start, one.end, one.verdict) for one in archive.certificate().periods]


def synced(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, head: Head, leave_out: Callable[[int], bool], **beside: Any
) -> None:
    with served(monkeypatch, head, leave_out, **beside) as (client, next_day):
        for _ in range(6):
            next_day()
            archive.sync(client)


def every_25th(i: int) -> bool:
    return i % 25 == 7


@pytest.fixture(scope="module")
def by_total(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Six days of a platform that leaves meetings out, and tells in its heads how many there are."""
    archive = Archive(tmp_path_factory.mktemp("total") / "m.archive")
    with pytest.MonkeyPatch.context() as patch:
        synced(archive, patch, HEADS["total"], every_25th)
    return archive


@pytest.fixture
def told_by_total(by_total: Archive, archive: Archive) -> Archive:
    shutil.copytree(by_total.path, archive.path)
    return archive


@pytest.fixture(scope="module")
def by_body(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """The same days of one that tells in its body that there are more."""
    archive = Archive(tmp_path_factory.mktemp("body") / "m.archive")
    with pytest.MonkeyPatch.context() as patch:
        synced(archive, patch, lambda _, __: ("200 OK", []), every_25th, hasMore=True)
    return archive


def told_more(snapshot: Snapshot) -> list[bool | None]:
    said: list[bool | None] = read(snapshot, "pulls", ("told_more",))["told_more"].to_pylist()
    return said


@pytest.mark.slow
@pytest.mark.parametrize("name", ["link", "partial", "pages of GitLab"])
def test_a_head_that_tells_of_more_records_is_heard_as_a_body_is(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, by_body: Archive, name: str
) -> None:
    """One that is a status, one that is a number, one with a signature; all others are heard in recordings, below."""
    synced(archive, monkeypatch, HEADS[name], every_25th)
    assert periods(archive) == periods(by_body)
    snapshot = archive.snapshot()
    assert snapshot is not None
    assert True in told_more(snapshot)
    everything = b"".join(path.read_bytes() for path in archive.path.rglob("*") if path.is_file())
    assert b"5f2b9c1e7a3d4e60" not in everything
    assert archive.verify(recompute=True).is_sound


@pytest.mark.slow
@pytest.mark.parametrize("name", ["of pages", "of a gateway"])
def test_a_head_of_an_honest_answer_costs_nothing(archive: Archive, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    synced(archive, monkeypatch, HONEST[name], lambda _: False)
    assert "PROVEN" in {verdict for *_, verdict in periods(archive)}
    assert archive.verify(recompute=True).is_sound


@pytest.mark.slow
@pytest.mark.parametrize("value", [None, True])
def test_what_a_head_told_is_of_the_chain_and_cannot_be_taken_out_or_put_in(
    archive: Archive, by_total: Archive, monkeypatch: pytest.MonkeyPatch, value: bool | None
) -> None:
    """Whoever seals the newest head again had only to leave it out."""
    if value:
        synced(archive, monkeypatch, HONEST["of PostgREST"], every_25th)
    else:
        shutil.copytree(by_total.path, archive.path)
    snapshot = archive.snapshot()
    assert snapshot is not None
    for file in snapshot.files("pulls"):
        rows = pq.read_table(archive.path / file.path)
        at = rows.schema.get_field_index("told_more")
        pq.write_table(
            rows.set_column(at, rows.field(at), pa.array([value] * len(rows), pa.bool_())), archive.path / file.path
        )
    listed = {**snapshot.listed, "pulls": tuple(described(archive.path, one.path) for one in snapshot.files("pulls"))}
    write_head(archive.path, snapshot.head, listed)
    assert "pull" in {damage.kind for damage in verify(archive.path, quick=True).damages}


@pytest.mark.slow
@pytest.mark.parametrize("n_lost", [1, 6])
def test_what_a_head_told_outlives_the_control_files(told_by_total: Archive, n_lost: int) -> None:
    """It stood in these alone: after `rebuild` 20 meetings that the platform never gave were missing in PROVEN."""
    archive = told_by_total
    claimed = [(one.verdict, one.reason_key) for one in archive.certificate().periods]
    for path in sorted((archive.path / "heads").iterdir())[-n_lost:]:
        path.unlink()
    archive.rebuild()
    assert [(one.verdict, one.reason_key) for one in archive.certificate().periods] == claimed
    assert archive.verify(recompute=True).is_sound


@pytest.mark.slow
def test_a_pack_is_judged_by_what_heads_told(by_total: Archive, tmp_path: Path) -> None:
    pack(by_total, tmp_path / "a.zip", include_raw=True)
    done = CliRunner().invoke(app, ["--lang", "en", "verify", "--recompute", str(tmp_path / "a.zip")])
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("name", [*HEADS, *HONEST])
def test_a_recording_is_heard_by_its_heads(tmp_path: Path, name: str) -> None:
    for heads, is_doubtful in ((HEADS, True), (HONEST, False)):
        if name not in heads:
            continue
        status, lines = heads[name](20, 30 if is_doubtful else 20)
        pairs = [dict(zip(("name", "value"), line.split(": ", 1), strict=True)) for line in lines]
        body = json.dumps({"statusCode": "0", "data": [started(i) for i in range(20)]})
        response = {"status": int(status[:3]), "headers": pairs, "content": {"text": body}}
        entry = {"startedDateTime": "2026-03-05T10:00:00Z", "request": {"url": "https://x/queryMeeting"}}
        text = json.dumps({"log": {"version": "1.2", "entries": [{**entry, "response": response}]}})
        (tmp_path / "a.har").write_text(text, "utf-8")
        (answer,) = ytx.read_answers(tmp_path / "a.har").answers
        assert answer.is_doubtful == is_doubtful
        assert bool(answer.warnings) == is_doubtful
