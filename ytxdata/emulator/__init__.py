"""The platform's other end, beside the house: a real HTTP server on loopback that checks signatures and lists meetings.

It needs the extra `emulator`; it imports the status-code table and the bottom row of this package, nothing else, so
that it can disagree with the client.
"""

from __future__ import annotations

from ytxdata.errors import require_extra

try:
    import starlette  # noqa: F401
    import uvicorn  # noqa: F401
except ImportError:
    require_extra("emulator")
    raise

from ytxdata.emulator.handouts import write_bill, write_calls, write_console_list, write_env_file, write_fleet_file
from ytxdata.emulator.options import CHOICES, KINDS, Fault, Options
from ytxdata.emulator.server import Emulator, run, serve

__all__ = [
    "CHOICES",
    "KINDS",
    "Emulator",
    "Fault",
    "Options",
    "run",
    "serve",
    "write_bill",
    "write_calls",
    "write_console_list",
    "write_env_file",
    "write_fleet_file",
]
