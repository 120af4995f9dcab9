"""Answers that a sync received and could not take in: kept beside the archive as they came, until a later one can."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from ytxdata import times
from ytxdata.archive.heads import Snapshot
from ytxdata.archive.stored_files import INTERRUPTED
from ytxdata.archive.stored_rows import read
from ytxdata.errors import YtxError
from ytxdata.files import make_private_folder, sha256_of, write_whole
from ytxdata.labels import Text
from ytxdata.records.aliases import Aliases
from ytxdata.records.answer import Answer, read_answer

NOTHING_KEPT = Text(
    "同步被中断：存档与上次同步后一样", "the sync was interrupted: the archive is as the last sync left it"
)
ANSWERS_KEPT = Text(
    "同步被中断：收到的 {n} 个回答及其记录都已保存（新会议 {new} 场，有变化 {changed} 场），但不作为完整性证据；下次同步会重新提问",
    "the sync was interrupted: the {n} answers received are kept with all their records (new meetings: {new}, changed: {changed}), "
    "and nothing is claimed by them; the next sync asks again",
)
ALL_WRITTEN = Text("同步已全部写入，其后才中断", "the sync is whole: it was interrupted after all was written")
KEPT_WHOLE = Text(
    "收到的 {n} 个回答现在无法收入存档：已原样永久保存在 interrupted/answers/（可用 read_answers 读取），未由其得出任何内容；"
    "如有文件损坏，请从备份恢复",
    "the {n} answers received are kept as they came, for good, in interrupted/answers/ (read_answers reads them): they "
    "cannot be taken in now, and nothing is derived from them; bring back files that are damaged from a backup",
)
KEPT_BESIDE = Text(
    "此前因原始数据损坏而保存在 interrupted/answers/ 的 {n} 个回答已收入存档，连同其中的所有记录，但不作为完整性证据",
    "the {n} answers that were kept in interrupted/answers/ beside damaged raw data are taken in with all their records, "
    "and nothing is claimed by them",
)
STILL_BESIDE = Text(
    "interrupted/answers/ 中还有 {n} 个回答没有收回：请运行 ytxdata verify 查看原因",
    "{n} answers in interrupted/answers/ are not taken in yet: run ytxdata verify, which tells why",
)


class InterruptedSync(KeyboardInterrupt):
    """Somebody interrupted a sync; `text` says truly what was kept."""

    def __init__(self, text: Text) -> None:
        self.text = text
        super().__init__(text.in_("both"))


_KEPT = re.compile(r"\.?(\d{8}T\d{6}\.\d+Z-[0-9a-f]{16})\.(?:json|call)")
"""Names in `interrupted/answers/`: an answer, and what is known of its call."""


def keep_whole(root: Path, answers: Sequence[Answer]) -> None:
    """Keep answers beside the archive, byte for byte and for good: what it holds is damaged, and so nothing can be said
    of their records.
    """
    folder = root / INTERRUPTED / "answers"
    make_private_folder(folder)
    for one in answers:
        call = {
            "answered_at": one.answered_at.isoformat(),
            "asked_n": one.asked_n,
            "attempts": one.attempts,
            "confid": one.confid,
            "server_date": one.server_date and one.server_date.isoformat(),
            "is_partial": one.is_partial,
        }
        # hidden, so that whoever reads the folder reads answers alone; first, so that no answer is without it
        write_whole(folder / f".{one.pull_id}.call", json.dumps(call).encode())
        write_whole(folder / f"{one.pull_id}.json", one.raw)


def waiting(root: Path, snapshot: Snapshot) -> list[Path]:
    """Return the answers that were kept beside the archive and are none of its pulls yet, those also of which only the
    call is left: passed over, what they alone list was missing in PROVEN, and nothing said so.
    """
    folder = root / INTERRUPTED / "answers"
    names = sorted(_KEPT.sub(r"\1", path.name) for path in folder.glob("*") if _KEPT.fullmatch(path.name))
    found = {name: folder / f"{name}.json" for name in names}
    for pull_id in read(snapshot, "pulls", ("pull_id",))["pull_id"].to_pylist() if found else ():
        found.pop(pull_id, None)
    return list(found.values())


def is_as_it_came(path: Path) -> bool:
    """Whether an answer that was kept beside the archive is there, and the one that its name tells."""
    return path.exists() and path.stem.endswith(f"-{sha256_of(path)[:16]}")


def asked_at(path: Path) -> datetime:
    """Return when the question was asked that an answer beside the archive came to; its name tells."""
    return datetime.strptime(path.stem.partition("-")[0], "%Y%m%dT%H%M%S.%f%z")


def kept_whole(waits: Sequence[Path], aliases: Aliases) -> list[Answer]:
    """Return the answers that wait, read as they came. What cannot be read goes on waiting, and `verify` says so; and
    so does one from days to come: laid in, it was the newest word on every meeting until its day.
    """
    answers: list[Answer] = []
    for path in (one for one in waits if is_as_it_came(one) and asked_at(one) <= times.now()):
        with suppress(YtxError, ValueError):
            answers.append(_as_it_came(path, aliases))
    return answers


def _as_it_came(path: Path, aliases: Aliases) -> Answer:
    """Return an answer with what is known of its call; where that is lost, as one that was cut: the least it can say."""
    at = asked_at(path)
    call: dict[str, Any] = {}
    with suppress(OSError, ValueError, TypeError, LookupError):
        told = json.loads(path.with_name(f".{path.stem}.call").read_bytes())
        call["answered_at"] = datetime.fromisoformat(told["answered_at"])
        date = told.get("server_date")
        call |= {name: told[name] for name in ("asked_n", "confid", "attempts") if name in told}
        call |= {
            "server_date": date and datetime.fromisoformat(date),
            "told": (None,) if told.get("is_partial") else (),
        }
    answer = read_answer(path.read_bytes(), aliases=aliases, asked_at=at, **{"answered_at": at, **call})
    return answer if call else dataclasses.replace(answer, asked_n=len(answer.records))
