"""Answers of 24 meetings as text, and the law that is checked of each one that is read."""

from __future__ import annotations

import json
from typing import Any

from ytxdata.records.answer import Answer, read_answer
from ytxdata.records.merge import MergedTables, merge_answers
from ytxdata.records.spans import own_sizes

STATUS = '"statusCode":"0","statusMsg":"提交成功"'


def meeting(i: int, name: str = "周例会") -> dict[str, Any]:
    parties = [{"phone": f"154000000{j:02}", "name": "张三"} for j in range(3)]
    return {
        "meid": f"m{i}",
        "meetingname": name,
        "creator": "15400000001",
        "starttime": f"2026-01-05 10:{i:02}:00",
        "parties": parties,
    }


def text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def read(body: str, **how: Any) -> tuple[Answer, MergedTables]:
    answer = read_answer(body.encode(), **how)
    tables = merge_answers([answer])
    check(answer, tables)
    return answer, tables


def check(answer: Answer, tables: MergedTables) -> None:
    at = 0
    for span in answer.spans:
        assert not answer.text[at : span.start].strip()
        at = span.end
    assert not answer.text[at:].strip()
    size = tables.counts.bytes
    assert size.received == len(answer.text) == size.envelope + size.meetings + size.rejected + size.duplicates
    assert size.rejected == sum(own_sizes(answer.records)) - size.meetings - size.duplicates


def doubts(answer: Answer) -> list[str]:
    """What is told of an answer, but for words and objects beside its records that nobody reads."""
    aside = ("which nothing here reads", "have no sign of a meeting")
    return [one.en for one in answer.warnings if not any(map(one.en.__contains__, aside))]


def ids(tables: MergedTables) -> list[str]:
    return list(tables.meetings["meeting_id"].to_pylist())


ALL = [meeting(i) for i in range(1, 25)]
