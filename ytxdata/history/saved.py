"""Saved answers as a history, without a network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from ytxdata.errors import AnswerError, UsageError
from ytxdata.history.history import History, Unreadable
from ytxdata.labels import Text
from ytxdata.records.aliases import DEFAULT
from ytxdata.records.answer import Answer, read_answer


def read_answers(
    files: str | Path | Sequence[str | Path],
    *,
    aliases: Mapping[str, Sequence[str]] | None = None,
) -> History:
    """Read saved answers from files, without a network: a saved answer is as good as a live one.

    Parameters
    ----------
    files
        One file, a pattern such as `"saved/*.json"`, or several of either.
    aliases
        More names for columns: `{"meeting_id": ["room_no"]}`.

    Returns
    -------
    History
        As a `Client` gives it. A file that cannot be read as an answer is a row of `rejects`; the others are read.

    Raises
    ------
    UsageError
        No file fits, or one cannot be opened.

    Notes
    -----
    A file does not say when it was asked for; the time of its last change stands for that.

    Examples
    --------
    >>> history = read_answers("data/answers/*.json")
    >>> history.counts.received == len(history.meetings) + history.counts.rejected + history.counts.duplicates
    True
    """
    names = DEFAULT.with_extra(aliases or {})
    answers: list[Answer] = []
    unreadable: list[Unreadable] = []
    for path in _paths([files] if isinstance(files, str | Path) else files):
        raw, changed_at = _read(path)
        try:
            answers.append(read_answer(raw, asked_at=changed_at, source=path.name, aliases=names))
        except AnswerError as error:
            unreadable.append(Unreadable(path.name, error.cause, raw))
    return History.from_answers(answers, names, unreadable)


def _paths(patterns: Iterable[str | Path]) -> list[Path]:
    """Return the files that paths and patterns name, each once, sorted within a pattern; every one must name some."""
    found: dict[Path, None] = {}
    for pattern in patterns:
        path = Path(pattern)
        fitting = [path] if path.is_file() else sorted(one for one in _glob(path) if one.is_file())
        if not fitting:
            raise UsageError(
                Text(f"没有这样的文件：{pattern}", f"no such file: {pattern}"),
                remedy=Text(
                    "核对路径；也可以写成 saved/*.json", "check the path; a pattern such as saved/*.json works too"
                ),
            )
        found.update(dict.fromkeys(fitting))
    return list(found)


def _glob(pattern: Path) -> Iterable[Path]:
    return Path(pattern.anchor or ".").glob(str(pattern.relative_to(pattern.anchor)))


def _read(path: Path) -> tuple[bytes, datetime]:
    try:
        return path.read_bytes(), datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError as error:
        raise UsageError(Text(f"无法读取 {path}：{error.strerror}", f"cannot read {path}: {error.strerror}")) from None
