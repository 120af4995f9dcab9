"""One question to a hostile server, and what comes of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.platform.hostile import said, settings_for
from ytxdata.errors import YtxError
from ytxdata.platform.transport import Transport
from ytxdata.records.answer import Answer

RECORDS = [{"meid": "00120260131", "name": "周会"}]
GOOD = said("0", "提交成功", requestId="12345678901234567890123456789", data=RECORDS)
BODY = GOOD.partition(b"\r\n\r\n")[2]


def ask(url: str, n: int = 3, **limits: Any) -> Answer:
    limits = {"timeout": (0.5, 0.5), "total_timeout": 60, "sleep": lambda _: None, **limits}
    return Transport(settings_for(url), **limits).query("", n)


def refused(url: str, **limits: Any) -> YtxError:
    with pytest.raises(YtxError) as caught:
        ask(url, **limits)
    return caught.value
