"""`ytxdata verify`: is every stored byte what was written?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ytxdata.cli.shared_options import Json, Language, emit, note, say
from ytxdata.errors import UsageError
from ytxdata.labels import Text


def register(app: typer.Typer) -> None:
    """Put the verb on the command line."""
    app.command("verify")(verify)


_TABLES = (".csv", ".xlsx", ".about.json")
_PACK = "manifest.json"


def verify(
    archive: Annotated[
        Path,
        typer.Argument(
            help="存档目录、证据包（ZIP 或解压后的目录），或报告目录、CSV、XLSX（旁边有 .about.json）"
            " / archive directory; evidence pack, as ZIP or unpacked; or a report directory, a CSV or an XLSX with its .about.json"
        ),
    ],
    repair: Annotated[
        bool,
        typer.Option(
            "--repair",
            help="存档中可由原始数据重新生成的，重新生成；原始数据不动 / make anew what follows from an archive's raw data, which is not touched",
        ),
    ] = False,
    public_key: Annotated[
        Path | None,
        typer.Option(
            "--public-key", help="证据包必须由此公钥签名（十六进制或 PEM） / the key a pack must be signed by"
        ),
    ] = None,
    require_signature: Annotated[
        bool, typer.Option("--require-signature", help="没有签名的证据包不成立 / refuse a pack without a signature")
    ] = False,
    heads: Annotated[
        Path | None,
        typer.Option("--heads", help="公布过的链首，见 sync --publish-head；存档或证据包 / heads that were published"),
    ] = None,
    authority: Annotated[
        Path | None,
        typer.Option("--authority", help="时间戳机构的根证书（PEM） / root certificate of the timestamp's authority"),
    ] = None,
    recompute: Annotated[
        bool,
        typer.Option(
            "--recompute", help="由原始回答重算每个单元格 / derive every cell anew from the raw answers in the pack"
        ),
    ] = False,
    as_json: Json = False,
    _lang: Language = None,
) -> None:
    """核对存档、证据包或收到的文件 / Check an archive, a pack, or a file that was received.

    核对存档里的每个校验和与每条约束，证据包里的每项主张，或 CSV、XLSX 与其说明（.about.json）是否一致；损坏时退出码为 5。

    Check every hash and every law of an archive, every claim of an evidence pack, or a CSV or XLSX against its
    description (.about.json); exit code 5 when something is damaged.

    Example: ytxdata verify evidence.zip --public-key key.pub --recompute
    """  # fmt: skip
    if (archive / _PACK).is_file() or archive.suffix.lower() == ".zip":
        from ytxdata.audit import verify_pack

        lines = verify_pack(
            archive, public_key=public_key, require_signature=require_signature, heads=heads, authority=authority, recompute=recompute
        )  # fmt: skip
        _tell([Text(line, line) for line in lines], as_json)
    elif public_key or require_signature or authority or recompute:
        raise UsageError(
            Text(
                f"--public-key、--require-signature、--authority、--recompute 只用于证据包，{archive} 不是",
                f"--public-key, --require-signature, --authority and --recompute are for evidence packs; {archive} is none",
            ),
            remedy=Text("给出证据包的 ZIP 或解压后的目录", "give the ZIP of a pack, or the folder it was unpacked to"),
        )
    elif archive.name.lower().endswith(_TABLES) or any(archive.glob("*.about.json")):
        _verify_tables(archive, as_json)
    elif archive.is_file():
        raise UsageError(
            Text(f"verify 不认识这种文件：{archive}", f"verify knows no such kind of file: {archive}"),
            remedy=Text(
                "它接受存档目录、证据包 ZIP，或旁边有 .about.json 的 CSV、XLSX",
                "it takes an archive directory, the ZIP of an evidence pack, or a CSV or XLSX with its .about.json",
            ),
        )
    else:
        _verify_archive(archive, heads, as_json, repair)


def _verify_archive(path: Path, heads: Path | None, as_json: bool, repair: bool) -> None:
    from ytxdata.archive import Archive
    from ytxdata.archive.verify import verify as look
    from ytxdata.audit import verify_heads

    found = look(path.absolute())
    if repair and found.damages and found.can_be_mended:
        for damage in found.damages:
            note(Text(f"已损坏：{damage}", f"damaged: {damage}"))
        done = Archive(path).rebuild()
        for text in (*done.mended, done.line):
            note(text)
        found = look(path.absolute())
    found.raise_if_damaged()
    agreed = None if heads is None else verify_heads(Archive(path), heads)
    if as_json:
        emit({**found.to_dict(), **({"heads": agreed._asdict()} if agreed else {})})
    else:
        say(str(found))
        if agreed is not None:
            say(agreed)


def _verify_tables(path: Path, as_json: bool) -> None:
    from ytxdata.tables.verify_files import NO_SEAL, verify_file, verify_folder

    _tell([*(verify_folder(path) if path.is_dir() else verify_file(path)), NO_SEAL], as_json)


def _tell(lines: list[Text], as_json: bool) -> None:
    if as_json:
        emit({"is_sound": True, "checked": [line.en for line in lines]})
    else:
        for line in lines:
            say(line)
