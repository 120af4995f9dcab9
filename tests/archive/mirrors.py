"""Where mirrors are made, and what archives they are of."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pandas as pd
from pyarrow import fs

from ytxdata.archive import Archive

SECRET = "SECRETSECRETSECRETSECRETSECRETSECRETSECR"


def bucket(options: str) -> str:
    name = f"b{random.SystemRandom().getrandbits(64):016x}"
    given = dict(pair.split("=") for pair in options.split("&"))
    fs.S3FileSystem(allow_bucket_creation=True, **given).create_dir(name)
    return f"s3://{name}/some/where?{options}"


def grow(archive: Archive, platform: Any, n: int, **changes: Any) -> None:
    """Sync when the account has n meetings, the last of which is called otherwise later."""
    platform.records = platform.newest_first(n)
    platform.records[0] = platform.record(n - 1, meetingname=f"第 {n} 版", **changes)
    archive.sync(platform)


def seen(url: str, folder: Path) -> pd.DataFrame:
    return Archive.at(url, folder).meetings()
