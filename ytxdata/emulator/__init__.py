"""The platform's other end, beside the house: a real HTTP server on loopback that checks signatures and lists meetings.

It needs the extra `demo`; it imports the status-code table and the bottom row of this package, nothing else, so that
it can disagree with the client.
"""

from __future__ import annotations

from ytxdata.errors import MissingExtraError
from ytxdata.labels import Text

try:
    import starlette  # noqa: F401
    import uvicorn  # noqa: F401
except ImportError:
    raise MissingExtraError(
        Text("模拟平台需要未安装的可选组件", "the emulator needs an extra that is not installed"),
        remedy=Text("运行 pip install 'ytxdata[demo]'", "run pip install 'ytxdata[demo]'"),
    ) from None

from ytxdata.emulator.faults import KINDS, Fault
from ytxdata.emulator.options import CHOICES, Options
from ytxdata.emulator.server import Emulator, serve, write_env_file

__all__ = ["CHOICES", "KINDS", "Emulator", "Fault", "Options", "serve", "write_env_file"]
