"""What a forger does: mends every hash of a pack, changes a text in it, asks whether anybody noticed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.verbs import run
from ytxdata import audit
from ytxdata.audit import verifier
from ytxdata.audit.verifier import canonical, sha256
from ytxdata.errors import DamagedError


def main(arguments: list[str]) -> int:
    """Run the command line; return its exit code."""
    return run(*arguments)


def mend(folder: Path) -> None:
    """Make every hash in a pack fit again, as its maker can."""
    for about in folder.rglob("*.about.json"):
        table = about.with_name(about.name.removesuffix(".about.json") + ".csv")
        if table.exists():
            told, data = json.loads(about.read_bytes()), table.read_bytes()
            if told["sha256"] != sha256(data):
                told |= {"sha256": sha256(data), "bytes": len(data)}
                about.write_bytes(json.dumps(told, ensure_ascii=False, indent=2).encode())
    pulls = json.loads((folder / "pulls.json").read_bytes())
    previous = None
    for pull in pulls:
        pull["previous_sha256"] = previous
        raw = folder / "raw" / f"{pull['pull_id']}.json"
        if raw.exists():
            pull.update(sha256=sha256(raw.read_bytes()), bytes=raw.stat().st_size)
        previous = sha256(canonical(pull))
    (folder / "pulls.json").write_bytes(canonical(pulls))
    body = json.loads((folder / "manifest.json").read_bytes())
    del body["sha256"]
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in verifier.UNLISTED]
    body["files"] = [
        {"path": path.relative_to(folder).as_posix(), "size": path.stat().st_size, "sha256": sha256(path.read_bytes())}
        for path in files
    ]
    body |= {"chain_sha256": previous, "n_pulls": len(pulls)}
    (folder / "manifest.json").write_bytes(canonical({**body, "sha256": sha256(canonical(body))}))


def refused(place: Path, match: str, **options: Any) -> None:
    with pytest.raises(DamagedError, match=match):
        audit.verify_pack(place, **options)


def flip_verdict(folder: Path) -> None:
    body = json.loads((folder / "certificate.json").read_bytes())
    for one in body["periods"]:
        one["verdict"] = "PROVEN"
    (folder / "certificate.json").write_bytes(canonical({**body, "worst": "PROVEN"}))


def run_verifier(*given: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", verifier.__file__, *given]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)


def both_refuse(folder: Path, match: str) -> None:
    """`verify.py` and `ytxdata verify` agree."""
    done = run_verifier(str(folder))
    assert done.returncode == 5, done.stdout
    assert match in done.stdout
    refused(folder, match)
