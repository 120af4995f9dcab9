"""The emulator as people use it: a context manager in a thread, or a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from ytxdata.emulator.account import Credentials
from ytxdata.emulator.app import Front, QuietServer
from ytxdata.emulator.desk import Desk
from ytxdata.emulator.faults import Fault
from ytxdata.emulator.log import Asked
from ytxdata.emulator.options import Options
from ytxdata.errors import UsageError
from ytxdata.labels import Text


class Emulator:
    """The platform's other end as a real HTTP server on loopback, in a thread of its own.

    Parameters
    ----------
    options
        What it is told; the defaults of `Options` when left out.
    **changes
        Single options by name, which win: `Emulator(meetings=300, shape="string", cap=100)`.

    Attributes
    ----------
    url : str
        Where it serves, known from the beginning.
    env : dict[str, str]
        The five `YTX_*` settings that lead a client here.
    options : Options
        May be changed while it runs: `server.options.cap = 100`.
    desk : Desk
        The platform without its sockets.

    Examples
    --------
    >>> with Emulator(meetings=3, until="2026-03-02") as server:
    ...     sorted(server.env)
    ['YTX_ACCOUNT_SID', 'YTX_APP_ID', 'YTX_AUTH_TOKEN', 'YTX_BASE_URL', 'YTX_ENVIRONMENT']
    """

    def __init__(self, options: Options | None = None, /, **changes: Any) -> None:
        self.options = replace(options or Options(), **changes)
        self.desk = Desk(self.options)
        self._socket = _bind(self.options.host, self.options.port)
        host, port = self._socket.getsockname()[:2]
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        self._server = QuietServer(Front(self.desk, self.url))
        self._thread = threading.Thread(target=self._run, name="ytxdata-emulator", daemon=True)

    def __repr__(self) -> str:
        return f"<Emulator {self.url} meetings={len(self.desk.entries)}>"

    def __enter__(self) -> Emulator:
        self._thread.start()
        while not self._server.ready.wait(0.05):
            if not self._thread.is_alive():
                raise RuntimeError("the emulator's server ended before it was ready")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop serving; open connections are cut."""
        if self._thread.is_alive():
            self._server.stop()
            self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))

    @property
    def env(self) -> dict[str, str]:
        """The five settings, as environment variables."""
        account, environment = self.desk.account, self.options.environment
        return {
            "YTX_ACCOUNT_SID": account.sid,
            "YTX_AUTH_TOKEN": account.token,
            "YTX_APP_ID": account.app_for(environment),
            "YTX_ENVIRONMENT": environment,
            "YTX_BASE_URL": self.url,
        }

    @property
    def credentials(self) -> Credentials:
        """Account SID, token and application id, as keyword arguments for a client."""
        account = self.desk.account
        return {
            "account_sid": account.sid,
            "auth_token": account.token,
            "app_id": account.app_for(self.options.environment),
        }

    @property
    def requests(self) -> list[Asked]:
        """What was asked so far, without a secret."""
        return self.desk.requests

    @property
    def now(self) -> int:
        """The company's clock in epoch seconds."""
        return self.desk.now

    def truth(self) -> dict[str, Any]:
        """Return what there really is: `meetings`, `legs`, `running`, `planted`, `roster`, `invoice`, `now`."""
        return self.desk.truth()

    def advance(self, **span: float) -> int:
        """Let time pass at the company (`days=`, `hours=`, …); returns how many meetings began."""
        return self.desk.advance(timedelta(**span))

    def mutate(self, meeting_id: str, **changes: Any) -> None:
        """Change fields of a record from now on (names of `Meeting`), as platforms do behind one's back."""
        self.desk.mutate(meeting_id, **changes)

    def vanish(self, meeting_id: str) -> None:
        """Let a record disappear from now on."""
        self.desk.vanish(meeting_id)

    def restore(self, meeting_id: str) -> None:
        """Let a vanished record come back."""
        self.desk.restore(meeting_id)

    def set_faults(self, *faults: str | Fault) -> None:
        """Replace the faults; their counting starts now. Without arguments nothing goes wrong any more."""
        self.desk.faults = [Fault.of(fault) for fault in faults]


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise UsageError(
            Text(f"无法使用端口 {port}：{error.strerror}", f"port {port} cannot be used: {error.strerror}"),
            remedy=Text("换一个端口，或用 0 取空闲端口", "choose another port, or 0 for a free one"),
        ) from None
    return bound


def write_env_file(path: Path, env: dict[str, str]) -> None:
    """Write the settings, one `NAME=value` a line, readable by their owner alone."""
    try:
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.writelines(f"{name}={value}\n" for name, value in env.items())
    except OSError as error:
        raise UsageError(
            Text(f"无法写入 {path}：{error.strerror}", f"{path} cannot be written: {error.strerror}"),
            remedy=Text("换一个可以写入的位置", "choose a place that can be written to"),
        ) from None


def serve(options: Options, *, env_file: Path | None = None, out: TextIO | None = None) -> None:
    """Serve until the process is told to stop (Ctrl-C or SIGTERM); the URL is the first line of the output."""
    with _told_to_stop() as stop, Emulator(options) as server:
        if env_file is not None:
            write_env_file(env_file, server.env)
        print(server.url, file=out or sys.stdout, flush=True)  # the first line is the interface
        stop.wait()


@contextlib.contextmanager
def _told_to_stop() -> Iterator[threading.Event]:
    """Give an event that is set by Ctrl-C or SIGTERM, and put the old handlers back."""
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
