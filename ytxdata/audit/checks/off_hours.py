"""Meetings at night and on days off."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from itertools import accumulate

import pyarrow as pa

from ytxdata.audit.checking import Finding, check
from ytxdata.audit.data import Data
from ytxdata.audit.words import span, when
from ytxdata.labels import Text
from ytxdata.metrics.calendar import DAY, date_of, seconds_of_day, workdays


@check(
    "off_hours",
    "非工作时间",
    "off hours",
    origin="bandicoot: night is 19–07; toll-fraud guides: nights and days off",
    thresholds=("at_least_s",),
)
def off_hours(
    data: Data,
    *,
    at_least_s: float = 60,
    hours: Sequence[str] = ("08:00", "20:00"),
    holidays: Collection[date] = (),
    extra_workdays: Collection[date] = (),
) -> Iterator[Finding]:
    """At least `at_least_s` outside `hours` of a working day; the Chinese calendar with its make-up days says which these are."""
    opens, closes = (seconds_of_day(text) for text in hours)
    edges = next(data.rows("SELECT min(s) AS first, max(e) AS last FROM meetings WHERE e > s"))
    days = range(0) if edges["first"] is None else range(edges["first"] // DAY, edges["last"] // DAY + 1)
    judged = workdays([date_of(day) for day in days], holidays, extra_workdays)
    data.notes.extend(judged.notes)
    works = [int(judged.is_working[date_of(day)]) for day in days]
    before = [done * (closes - opens) for done in accumulate(works, initial=0)][:-1]
    data.put(
        "work",
        pa.table(
            {
                "day": pa.array(days, pa.int64()),
                "before": pa.array(before, pa.int64()),
                "works": pa.array(works, pa.int64()),
            }
        ),
    )
    worked = "{0}.before + {0}.works * greatest(0, least(a.{1} % 86400 - $opens, $closes - $opens))"
    sql = f"""
        SELECT meeting_id AS id, twin, s, len_s, len_s - (({worked.format("w", "e")}) - ({worked.format("v", "s")})) AS outside, v.works
        FROM meetings a JOIN work v ON v.day = a.s // 86400 JOIN work w ON w.day = a.e // 86400
        WHERE e > s AND outside >= $least ORDER BY s, id, twin
    """  # noqa: S608
    for row in data.named(sql, opens=opens, closes=closes, least=at_least_s):
        day = Text("", "") if row["works"] else Text("（非工作日）", " (a day off)")
        yield Finding(
            record_ids=(row["id"],),
            measured=row["outside"],
            threshold=at_least_s,
            mark=(row["id"], str(row["twin"])),
            text=Text(
                f"会议 {row['id']} 始于 {when(row['s'])}{day.zh}，{span(row['len_s'])} 中有 {span(row['outside'])} 在工作时间 {'–'.join(hours)} 之外",
                f"meeting {row['id']} began {when(row['s'])}{day.en}; {span(row['outside'])} of its {span(row['len_s'])} lay outside the working hours {'–'.join(hours)}",
            ),
        )
