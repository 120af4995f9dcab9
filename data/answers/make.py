"""Write the synthetic answers beside this file: the same four meetings in every shape, and some special cases.

The phones begin with 154, a prefix that was never allocated, or are Beijing numbers with a leading 0: none can be dialled.
Run `python data/answers/make.py`; a test compares the files with what this writes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def party(name: str, phone: str, joined: str, left: str) -> dict[str, str]:
    """Return one party of a meeting."""
    return {"name": name, "phone": phone, "jointime": joined, "leavetime": left}


MEETINGS: list[dict[str, Any]] = [
    {
        "meid": "20260105100000123456789012345",
        "meetingname": "周例会",
        "creator": "15400000001",
        "appid": "0f0e0d0c0b0a09080706050403020100",
        "createtime": "2026-01-05 09:58:00",
        "starttime": "2026-01-05 10:00:00",
        "endtime": "2026-01-05 10:45:10",
        "duration": "2710",
        "status": "已结束",
        "bookmeeting": "0",
        "oriamount": "1.230",
        "tapesurl": "NoTapes",
        "parties": [
            party("张三", "15400000001", "2026-01-05 10:00:00", "2026-01-05 10:45:10"),
            party("李四", "15400000002", "2026-01-05 10:01:12", "2026-01-05 10:20:00"),
            party("李四", "15400000002", "2026-01-05 10:21:00", "2026-01-05 10:45:00"),
            party("王五", "01000000003", "", ""),
        ],
    },
    {
        "meid": "000000000000000000000000000007",
        "meetingname": '=发布 "演练"\\n',
        "creator": "010-00000003",
        "appid": "0f0e0d0c0b0a09080706050403020100",
        "createtime": "2026-01-04 17:00:00",
        "booktime": "2026-01-06 09:00:00",
        "starttime": "2026-01-06 09:00:05",
        "endtime": "2026-01-06 09:30:05",
        "duration": "1800",
        "status": "已结束",
        "bookmeeting": "1",
        "oriamount": "0.30000000000000004",
        "tapesurl": "https://records.example/7.mp3",
        "parties": [],
    },
    {
        "meid": "m-3",
        "meetingname": "值班",
        "creator": "15400000002",
        "starttime": "2026-01-06 23:50:00",
        "endtime": "2026-01-07 00:10:00",
        "duration": "1200",
        "status": "已结束",
        "parties": [party("李四", "15400000002", "2026-01-06 23:50:00", "2026-01-07 00:10:00")],
    },
    {
        "meid": "m-4",
        "meetingname": "",
        "creator": "15400000001",
        "starttime": "2026-01-07 08:00:00",
        "endtime": "",
        "duration": "",
        "status": "进行中",
        "parties": [party("张三", "15400000001", "2026-01-07 08:00:00", "")],
    },
]


def text(value: object) -> str:
    """Return a value as compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def answer(data: str | None) -> str:
    """Return a successful answer around the text of `data`; None leaves it out."""
    inner = "" if data is None else f',"data":{data}'
    return f'{{"statusCode":"0","statusMsg":"提交成功","requestId":"20260107090000000000000000001"{inner}}}'


def broken(record: dict[str, Any], old: str, new: str) -> str:
    """Return a record's text with one piece replaced."""
    return text(record).replace(old, new)


ALL = text(MEETINGS)
FILES: dict[str, str] = {
    "array": answer(ALL),
    "pretty": json.dumps(json.loads(answer(ALL)), ensure_ascii=False, indent=2),
    "ascii": json.dumps(json.loads(answer(ALL))),
    "string": answer(text(ALL)),
    "string_twice": answer(text(text(ALL))),
    "wrapped": answer(text({"total": "4", "page": 1, "rows": MEETINGS})),
    "wrapped_string": answer(text({"list": ALL})),
    "string_of_wrapped": answer(text(text({"list": MEETINGS}))),
    "wrapped_with_parties": answer(text({"parties": [{"name": "张三", "phone": "15400000001"}], "list": MEETINGS})),
    "wrapped_deeper": answer(text({"result": {"page": {"list": MEETINGS}}})),
    "two_lists": answer(text({"running": MEETINGS[3:], "ended": MEETINGS[:3]})),
    "keyed": answer(text({one["meid"]: one for one in MEETINGS})),
    "keyed_without_ids": answer(text({one["meid"]: {k: v for k, v in one.items() if k != "meid"} for one in MEETINGS})),
    "array_of_strings": answer(text([text(one) for one in MEETINGS])),
    "object": answer(text(MEETINGS[0])),
    "object_string": answer(text(text(MEETINGS[0]))),
    "object_wrapped": answer(text({"meeting": MEETINGS[0]})),
    "null": answer("null"),
    "empty": answer('""'),
    "empty_array": answer("[]"),
    "empty_wrapped": answer('{"total":0,"rows":[]}'),
    "absent": answer(None),
    "error": '{"statusCode":"-2","statusMsg":"缺少必要参数","requestId":""}',
    "without_status": f'{{"data":{ALL}}}',
    "damaged": answer(
        "["
        + ",".join(
            [
                text(MEETINGS[0]),
                broken(MEETINGS[1], '"1800"', "NaN"),
                '{"meid":"odd quote","meetingname":"x,"starttime":"2026-01-06 10:00:00"}',
                text(MEETINGS[2]),
                "[]",
                '{"meetingname":"no id"}',
                text(MEETINGS[3]),
            ]
        )
        + "]"
    ),
}


def main() -> None:
    """Write every file."""
    for name, body in FILES.items():
        (HERE / f"{name}.json").write_bytes(body.encode())
    (HERE / "gb18030.json").write_bytes(FILES["array"].encode("gb18030"))


if __name__ == "__main__":
    main()
