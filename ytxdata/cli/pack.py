"""`ytxdata pack`: evidence that somebody who distrusts its maker can check."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ytxdata.cli.audit import ConfigFile, InvoiceFile, RosterFile
from ytxdata.cli.shared_options import ArchiveDir, From, Json, Language, To, emit, say
from ytxdata.errors import require_extra


def register(app: typer.Typer) -> None:
    """Put the verb on the command line."""
    app.command("pack")(pack)


def pack(
    path: Annotated[Path, typer.Argument(help="要写的 ZIP / the ZIP to write")] = Path("evidence.zip"),
    archive: ArchiveDir = Path("meetings.archive"),
    start: From = None,
    end: To = None,
    roster: RosterFile = None,
    invoice: InvoiceFile = None,
    config: ConfigFile = None,
    include_raw: Annotated[
        bool,
        typer.Option(
            "--include-raw", help="放入原始回答（有完整号码和姓名） / put the raw answers in: full of phones and names"
        ),
    ] = False,
    sign: Annotated[
        Path | None, typer.Option("--sign", help="ed25519 私钥（PEM） / private ed25519 key as PEM")
    ] = None,
    digest: Annotated[
        Path | None,
        typer.Option(
            "--digest", help="把 SHA-256 写入此文件，请存放到别处 / write the SHA-256 here; keep it elsewhere"
        ),
    ] = None,
    timestamp: Annotated[
        str | None,
        typer.Option(
            "--timestamp",
            help="RFC 3161 时间戳机构的地址，或其回答的文件 / address of an authority that is asked, or a file with its answer",
        ),
    ] = None,
    as_json: Json = False,
    _lang: Language = None,
) -> None:
    """制作证据包 / Make an evidence pack.

    把查询链、证书、发现、表格和 verify.py 放进一个 ZIP；在另一台机器上运行 python3 -I verify.py 即可核对。

    Put the chain of pulls, certificate, findings, tables and verify.py into one ZIP; `python3 -I verify.py` checks it
    on any other machine.

    Example: ytxdata pack evidence.zip --archive meetings.archive --digest evidence.sha256
    """
    from ytxdata.archive import Archive
    from ytxdata.audit import pack as write
    from ytxdata.audit import read_config, run

    if sign is not None:
        require_extra("sign")
    source = Archive(archive)
    findings = run(
        source,
        start=start,
        end=end,
        roster=roster,
        invoice=invoice,
        config=read_config(config) if config else None,
        remember=False,
    )
    done = write(
        source,
        path,
        findings=findings,
        include_raw=include_raw,
        sign_with=sign,
        digest_file=digest,
        timestamp_from=timestamp,
    )
    if as_json:
        emit(
            {
                "path": str(done.path),
                "sha256": done.sha256,
                "files": done.n_files,
                "pulls": done.n_pulls,
                "manifest_sha256": done.manifest_sha256,
                "include_raw": done.include_raw,
                "public_key": done.public_key,
            }
        )
    else:
        say(done.text)
