"""Where nothing is a record, what may tell of meetings is a reject: as text, by columns, in words that nobody knows."""

from __future__ import annotations

import base64
import html
import json
import time
from typing import Any
from urllib.parse import quote

import pytest

from tests.records.accounted import doubts
from ytxdata.records.aliases import Aliases
from ytxdata.records.answer import Answer, read_answer
from ytxdata.records.merge import merge_answers
from ytxdata.records.unrecognised import text_may_tell

MEETINGS: list[dict[str, Any]] = [
    {
        "meid": f"202603050000000000000000000{i:02}",
        "starttime": f"2026-03-05 10:{i:02}:00",
        "endtime": f"2026-03-05 11:{i:02}:00",
        "creator": f"154000000{i:02}",
    }
    for i in range(39)
]
ROWS = [list(one.values()) for one in MEETINGS]
CSV = "\n".join(",".join(row) for row in [list(MEETINGS[0]), *ROWS])
XML = "".join(f'<meeting meid="{one["meid"]}" starttime="{one["starttime"]}"/>' for one in MEETINGS)
JSON = json.dumps(MEETINGS)
COLUMNS = {key: {str(i): one[key] for i, one in enumerate(MEETINGS)} for key in MEETINGS[0]}
TWILIO = {
    "sid": "CFaaaa",
    "friendly_name": "周会",
    "date_created": "Thu, 05 Mar 2026 02:00:00 +0000",
    "date_updated": "Thu, 05 Mar 2026 03:00:00 +0000",
    "status": "completed",
}
ZOOM = {
    "uuid": "z==",
    "id": 123,
    "topic": "周会",
    "start_time": "2026-03-05T02:00:00Z",
    "end_time": "2026-03-05T03:00:00Z",
}


def read(body: dict[str, Any]) -> Answer:
    return read_answer(json.dumps({"statusCode": "0", "statusMsg": "ok", **body}, ensure_ascii=False).encode())


@pytest.mark.slow
@pytest.mark.parametrize(
    "said",
    [
        CSV,
        CSV.replace(",", "\t"),
        CSV.replace(",", "|").partition("\n")[2],
        CSV.split("\n")[0] + "\n" + CSV.split("\n")[1],
        XML,
        quote(JSON),
        quote(JSON[: JSON.index("}")]),
        base64.b64encode(JSON.encode()).decode(),
        base64.encodebytes(JSON.encode()).decode(),
        "data:application/json;base64," + base64.b64encode(JSON.encode()).decode(),
        str(MEETINGS),
        html.escape(JSON),
        "\x1f\x8b" + "ab\x00" * 900,
    ],
)
def test_a_text_that_lists_meetings_is_no_envelope(said: str) -> None:
    """The sync said that the account may be new, of 39 meetings that it had been given."""
    for body in (
        {"result": said},
        {"data": "", "result": said},
        {"data": None, "result": said},
        {"data": [], "result": said},
        {"data": {"list": [], "content": said}},
        {"data": {"list": []}, "result": said},
        {"result": {"total": 39, "text": said}},
    ):
        counts = merge_answers([read(body)]).counts
        assert counts.rejected == counts.received > 0, body.keys()


@pytest.mark.parametrize("key", ["rows", "result"])
def test_rows_beside_an_empty_list_are_no_envelope(key: str) -> None:
    for rows in (ROWS, CSV.split("\n"), ROWS[:1]):
        counts = merge_answers([read({"data": [], key: rows})]).counts
        assert counts.rejected == counts.received > 0


@pytest.mark.parametrize("around", [lambda one: {"result": one}, lambda one: one, lambda one: {"a": {"b": one}}])
def test_columns_are_no_envelope(around: Any) -> None:
    """What `DataFrame.to_json()` writes: each column an object, its values by their rows."""
    datas: tuple[dict[str, Any], ...] = ({}, {"data": []}, {"data": ""})
    for columns in (COLUMNS, {key: {f"2026030{i}": 1767578400 for i in range(2)} for key in ("meid", "starttime")}):
        for data in datas:
            counts = merge_answers([read({**data, **around(columns)})]).counts
            assert counts.rejected == counts.received >= 2


@pytest.mark.parametrize(
    "body",
    [
        {"conference": TWILIO},
        {"conferences": {"CFaaaa": TWILIO, "CFbbbb": {**TWILIO, "sid": "CFbbbb"}}},
        {"result": {"conference": TWILIO}},
        {"result": TWILIO},
        {"result": {"ok": True, "item": {"value": TWILIO}}},
        TWILIO,
        ZOOM,
        {"meeting": ZOOM},
        {"data": [], "meeting": ZOOM},
        {"data": {"list": []}, "会议": {"主题": "周会", "开始": "2026-03-05 10:00:00"}},
        {"meeting1": ZOOM, "meeting2": {**ZOOM, "uuid": "y=="}},
        {f"data[0].{key}": value for key, value in MEETINGS[0].items()},
        {f"data/{i}/{key}": value for i in (0, 1) for key, value in MEETINGS[i].items()},
    ],
)
def test_a_meeting_in_words_nobody_knows_is_no_envelope(body: dict[str, Any]) -> None:
    counts = merge_answers([read(body)]).counts
    assert counts.rejected == counts.received > 0


@pytest.mark.parametrize(
    "said",
    [
        "提交成功",
        "查询范围 2026-03-01 00:00:00 至 2026-03-31 23:59:59",
        "15400000001 在 2026-03-01 00:00:00 至 2026-03-31 23:59:59 内没有会议",
        "No conferences of 15400000001 between 2026-03-01 00:00:00 and 2026-03-31 23:59:59",
        "系统将于 2026-03-05 00:00:00 至 2026-03-05 06:00:00 维护，客服电话 4006123456",
        "https://x/query?starttime=2026-03-01%2000:00:00&endtime=2026-03-31%2023:59:59&creator=15400000001",
        "/v1/meetings?page=2&from=20260301000000&to=20260331000000&of=15400000001",
        "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0" * 20 + ".SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV",
        "参数 meid、starttime 不能为空",
        "fields: meid,starttime,endtime,creator",
        "java.lang.NullPointerException\n\tat com.foo.Bar.baz(Bar.java:123)\n" * 20,
        "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>" * 3,
        "系统将于周五维护，" * 60,
        "本页数据截至 2026-03-05 10:00:00",
        "[提示] 会议录音保存 90 天",
        "{code}",
    ],
)
def test_a_remark_lists_no_meetings(said: str) -> None:
    for body in (
        {"remark": said},
        {"data": [], "remark": said},
        {"data": {"list": [], "remark": said}},
        {"data": None, "more": {"remark": said}},
    ):
        answer = read(body)
        assert (answer.records, doubts(answer), answer.is_doubtful) == ((), [], False)


@pytest.mark.parametrize(
    "beside",
    [
        {"sign": base64.b64encode(bytes(range(256))).decode()},
        {"account": {"id": 7, "name": "x", "createTime": "2020-01-01 00:00:00", "expire": "2030-01-01 00:00:00"}},
        {"range": {"from": "2026-03-01 00:00:00", "to": "2026-03-31 23:59:59", "zone": "Asia/Shanghai"}},
        {"range": ["2026-03-01 00:00:00", "2026-03-31 23:59:59"]},
        {
            "config": {"since": "2026-03-01 00:00:00", "mode": "x"},
            "callback": {"at": "2026-03-01 00:00:00", "url": "/x"},
        },
        {"columns": ["meid", "starttime", "creator"]},
        {"server": {"id": "n1", "time": "2026-03-05 10:00:00", "version": "2.0"}},
        {"meeting": {"starttime": "2026-03-01 00:00:00", "endtime": "2026-03-31 23:59:59", "count": 0}},
        {"id": "r1", "begin": "2026-03-01 00:00:00", "finish": "2026-03-31 23:59:59", "mode": "all"},
    ],
)
def test_what_stands_beside_an_empty_list_and_is_no_meeting_is_quiet(beside: dict[str, Any]) -> None:
    answer = read({"data": [], **beside})
    assert (answer.records, answer.warnings, answer.is_doubtful) == ((), (), False)


def test_pieces_of_a_broken_text_are_rejects_as_the_warning_says() -> None:
    datas: tuple[dict[str, Any], ...] = ({}, {"data": []}, {"data": MEETINGS[:1]})
    for data in datas:
        answer = read({**data, "result": str(MEETINGS[5:])})
        assert any("every other piece of text is a reject" in warning.en for warning in answer.warnings)
        assert sum("20260305100" in one.raw.decode() or "'meid'" in one.raw.decode() for one in answer.records) == 1


@pytest.mark.slow
def test_no_text_takes_long() -> None:
    start = time.process_time()
    for said in (
        "1" * 2_000_000,
        "a," * 1_000_000,
        "2026-" * 400_000,
        "x://" * 500_000,
        "%" * 1_000_000,
        "&" * 1_000_000,
    ):
        text_may_tell(Aliases(), said + " ", has_data=True)
    assert time.process_time() - start < 20


OF_ID: list[dict[str, Any]] = [
    {
        "name": "周会",
        "time": "2026-03-05 10:00:12",
        "to": "2026-03-05 11:00:12",
        "participants": [{"phone": "15400000001"}],
    },
    {"title": "周会", "creatorPhone": "15400000001", "end": "2026-03-05 11:00:12"},
    {"no": "20260305100012000001", "start_time": "2026-03-05 10:00:12", "end": "2026-03-05 11:00:12"},
    {"主题": "周会", "日期": "2026-03-05", "时间": "10:00:12", "号码": "15400000001"},
]


@pytest.mark.parametrize("said", OF_ID)
@pytest.mark.parametrize("data", [{}, {"data": []}, {"data": None}, {"data": {}}])
def test_a_map_by_id_beside_the_status_is_no_envelope(said: dict[str, Any], data: dict[str, Any]) -> None:
    """A whole account was empty: under `data` the same map was read."""
    listed = {f"2026030510001200000{i}": said for i in range(3)}
    for body in ({**data, **listed}, {**data, "result": listed}):
        counts = merge_answers([read(body)]).counts
        assert (counts.received, counts.meetings + counts.rejected) == (3, 3), body


@pytest.mark.parametrize(
    "beside",
    [
        {"15400000001": {"name": "王芳", "last": "2026-03-05 10:00:12"}},
        {"accounts": {"0f0e0d0c0b0a0908": {"name": "x", "expire": "2026-03-05 10:00:12"}}},
        {"devices": {"SN2026000123456": {"model": "x", "lastSeen": "2026-03-05 10:00:12"}}},
        {"2026-03-05 10:00": {"name": "高峰", "at": "2026-03-05 10:00:12"}, "2026-03-05": {"n": 0, "to": "10:00"}},
        {"period1": {"starttime": "2026-03-01 00:00:00", "endtime": "2026-04-01 00:00:00"}},
        {
            "server1": {"name": "n1", "time": "2026-03-05 10:00:12"},
            "rooms": {"8001": {"name": "一号", "open": "08:00"}},
        },
    ],
)
def test_what_else_has_numbers_for_keys_beside_an_empty_list_is_quiet(beside: dict[str, Any]) -> None:
    for answer in (read(beside), read({"data": [], **beside})):
        assert (answer.records, answer.warnings) == ((), ())
