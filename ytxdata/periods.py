"""The period that somebody asks for, as it was written; an empty one is told with what was probably meant."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.times import BEIJING, Instant, as_instant, beijing_text, month_text


def period_of(
    start: Instant | None, end: Instant | None, *, names: tuple[str, str] = ("start", "end")
) -> tuple[datetime | None, datetime | None]:
    """Return the edges of a period in UTC from what a user wrote; None where it has none.

    Raises
    ------
    UsageError
        An edge is no instant, or the end is not after the start.

    Examples
    --------
    >>> period_of("2026-01", None)
    (datetime.datetime(2025, 12, 31, 16, 0, tzinfo=datetime.timezone.utc), None)
    """
    first, last = (
        None if edge is None else as_instant(edge, name=name) for edge, name in zip((start, end), names, strict=True)
    )
    if first is not None and last is not None and last <= first:
        raise UsageError(
            Text(
                f"时段为空：{beijing_text(first)} 至 {beijing_text(last)}（不含，北京时间）",
                f"the period is empty: from {beijing_text(first)} to {beijing_text(last)} (not included; Beijing time)",
            ),
            remedy=_meant(start, end, is_one=first == last),
        )
    return first, last


_A_DAY = re.compile(r"\d{4}\D\d{1,2}\D\d{1,2}\D?|\d{8}")


def _meant(start: Instant | None, end: Instant | None, *, is_one: bool) -> Text:
    """Return what was most likely meant by the words of an empty period: nearly always the last month, or day, as one
    that is in it.
    """
    begin, word = (one if isinstance(one, str) else str(one) for one in (start, end))
    if not is_one:
        return Text(
            f"起点和终点可能写反了：--from {word} --to {begin}（start、end）",
            f"perhaps they were exchanged: --from {word} --to {begin} (start, end)",
        )
    month, day = month_text(word), _A_DAY.fullmatch(word.strip())
    if not month and not day:
        return Text(
            "终点（end、--to）不含在内，必须晚于起点（start、--from）",
            "the end (end, --to) is not included: it must be later than the start (start, --from)",
        )
    since = as_instant(word).astimezone(BEIJING)
    after = f"{since + timedelta(days=31):%Y-%m}" if month else f"{since + timedelta(days=1):%Y-%m-%d}"
    return Text(
        f'终点（--to）不含在内；要含 {word} 全部，请写 --to {after}（end="{after}"）',
        f'the end (--to) is not included: for the whole of {word} give --to {after} (end="{after}")',
    )
