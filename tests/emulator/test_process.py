"""The emulator as a process, as a guest in another one, and as an extra that may be missing."""

from __future__ import annotations

import gc
import logging
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ytxdata.emulator import Emulator, Options, write_env_file
from ytxdata.errors import UsageError

Start = Callable[..., tuple[Emulator, Any]]
NAMES = ["YTX_ACCOUNT_SID", "YTX_AUTH_TOKEN", "YTX_APP_ID", "YTX_ENVIRONMENT", "YTX_BASE_URL"]

SERVE = """
import sys
from pathlib import Path
from ytxdata.emulator import Options, serve
serve(Options(meetings=5, until="2026-03-04"), env_file=Path(sys.argv[1]))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals and file modes differ there")
@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_prints_its_url_first_and_ends_when_told(tmp_path: Path, start: Start, signal_number: int) -> None:
    env_file = tmp_path / "emulator.env"
    env_file.write_text("YTX_APP_ID=old\n", encoding="utf-8")
    env_file.chmod(0o644)
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", SERVE, str(env_file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        url = process.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:")
        env = dict(line.split("=", 1) for line in env_file.read_text(encoding="utf-8").splitlines())
        assert list(env) == NAMES
        assert env["YTX_BASE_URL"] == url
        assert stat.S_IMODE(env_file.stat().st_mode) == 0o600
        _, client = start(meetings=0)
        client.env = env
        assert len(client.records()) == 5
        begun = time.monotonic()
        process.send_signal(signal_number)
        assert process.wait(5) == 0
        assert time.monotonic() - begun < 2
        assert process.stdout.read() == ""
        assert process.stderr.read() == ""


def test_the_env_file_is_never_readable_by_others(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write_env_file(tmp_path / "e", {"A": "1", "B": "2"})
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "e").stat().st_mode) == 0o600
    assert (tmp_path / "e").read_text(encoding="utf-8") == "A=1\nB=2\n"


def test_an_env_file_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere"):
        write_env_file(tmp_path / "nowhere" / "e", {})


@pytest.mark.slow
def test_the_company_is_the_same_in_every_process() -> None:
    code = """
from hashlib import sha256
from ytxdata.emulator.backend import Backend
from ytxdata.emulator.options import Options
print(sha256(repr(Backend(Options(meetings=700, until='2026-03-04', planted=True)).truth()).encode()).hexdigest())
"""
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone},
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "America/New_York"))
    }
    assert len(said) == 1


def test_importing_the_package_brings_no_web_server() -> None:
    code = "import sys, ytxdata; print([m for m in ('starlette', 'uvicorn', 'h11') if m in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )


@pytest.mark.parametrize("missing", ["starlette", "uvicorn"])
def test_a_missing_extra_is_named(missing: str) -> None:
    code = f"""
import sys
sys.modules[{missing!r}] = None
from ytxdata.errors import MissingExtraError
try:
    import ytxdata.emulator
except MissingExtraError as error:
    print(error)
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "extra `emulator`" in said
    assert f"pip install '{missing}" in said


def test_no_log_of_any_level_holds_a_signature(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "asyncio", "starlette"):
        caplog.set_level(logging.DEBUG, logger=name)
    server, client = start(meetings=3, faults=["drop,count=1"])
    with pytest.raises(ConnectionError):
        client.ask()
    client.ask(sign="C0FFEE" * 5 + "C0")
    assert "C0FFEE" not in caplog.text
    assert "Sign" not in caplog.text
    assert server.env["YTX_AUTH_TOKEN"] not in caplog.text


@pytest.mark.slow
def test_many_servers_come_and_go_without_a_trace() -> None:
    threads = threading.active_count()
    begun = time.monotonic()
    for seed in range(20):
        with Emulator(meetings=2, seed=seed, until="2026-03-04") as server:
            assert server.url in server.env.values()
    assert threading.active_count() == threads
    assert time.monotonic() - begun < 2
    gc.collect()


def test_a_server_never_entered_can_be_closed_and_closing_twice_is_nothing() -> None:
    server = Emulator(meetings=1, until="2026-03-04")
    server.close()
    server.close()


def test_a_port_may_be_chosen_and_one_in_use_is_an_error(start: Start) -> None:
    server, _ = start(meetings=1)
    port = int(server.url.rsplit(":", 1)[1])
    with pytest.raises(UsageError, match=str(port)):
        Emulator(meetings=1, port=port)


def test_options_can_be_given_whole_or_by_name(start: Start) -> None:
    options = Options(meetings=4, until="2026-03-04", shape="string")
    with Emulator(options, shape="wrapped") as server:
        assert (server.options.shape, options.shape) == ("wrapped", "string")
        assert "4" in repr(server)


def test_requests_at_once_are_all_answered(start: Start) -> None:
    server, client = start(meetings=30)
    codes: list[str] = []
    threads = [threading.Thread(target=lambda: codes.append(client.ask().code)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == ["0"] * 12
    assert [line.number for line in server.requests] == list(range(1, 13))
