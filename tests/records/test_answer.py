"""What an answer says about itself."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ytxdata.records.answer import Answer, read_answer
from ytxdata.records.merge import merge_answers

T0 = datetime(2026, 1, 5, 1, 2, 3, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("envelope", "expected"),
    [
        ('"statusCode":"0"', "0"),
        ('"statusCode":0', "0"),
        ('"statusCode":" -2 "', "-2"),
        ('"StatusCode":"0"', "0"),
        ('"statusCode":""', None),
        ('"statusCode":null', None),
        ('"data":[]', None),
    ],
)
def test_a_missing_code_is_never_zero(envelope: str, expected: str | None) -> None:
    assert read_answer(f"{{{envelope}}}".encode()).status_code == expected


def test_the_envelope(saved: Callable[[str], Answer]) -> None:
    answer = saved("array")
    assert (answer.status_code, answer.status_msg) == ("0", "提交成功")
    assert answer.request_id == "20260107090000000000000000001"
    assert saved("error").request_id is None
    assert saved("error").status_msg == "缺少必要参数"


def test_encodings(saved: Callable[[str], Answer]) -> None:
    answer = saved("gb18030")
    assert answer.encoding == "gb18030"
    assert answer.status_msg == "提交成功"
    assert answer.warnings == ()
    assert read_answer(b"\xef\xbb\xbf" + saved("array").raw).records == saved("array").records
    assert [record.raw for record in answer.records] == [record.raw for record in saved("array").records]


def test_a_few_damaged_bytes_do_not_turn_utf8_into_gb18030(saved: Callable[[str], Answer]) -> None:
    raw = saved("array").raw
    for place in range(0, len(raw), 7):
        if raw[place] >= 0x80:
            assert read_answer(raw[:place] + b"\xff" + raw[place + 1 :]).encoding == "utf-8"


def test_one_broken_name_weighs_as_much_as_one_that_is_whole() -> None:
    broken = '[{"meid":"1","name":"张三"},{"meid":"2","name":"'.encode() + b'\xe6\xe5a\x9d\x8e0\x9b\x9b"}]'
    assert read_answer(broken).encoding == "utf-8"
    # In these, halves of two characters pass for one of UTF-8 beside three broken bytes.
    for name in ("王秀芳", "王红海", "王宇晨"):
        assert read_answer(f'[{{"meid":"1","name":"{name}"}}]'.encode("gb18030")).encoding == "gb18030"


def test_a_damaged_gb18030_answer_is_read_with_a_warning(saved: Callable[[str], Answer]) -> None:
    answer = read_answer(saved("gb18030").raw.replace("周".encode("gb18030"), b"\xff\xff"))
    assert answer.encoding == "gb18030"
    assert answer.warnings
    assert len(answer.records) == 4


def test_the_pull_id_sorts_by_time_and_depends_on_time_and_content_alone() -> None:
    body = b'{"statusCode":"0"}'
    ids = [read_answer(body, asked_at=T0 + timedelta(microseconds=step)).pull_id for step in (0, 1, 10**6, 10**12)]
    assert ids == sorted(set(ids))
    assert read_answer(body, asked_at=T0, confid="x").pull_id == ids[0]
    assert read_answer(b'{"statusCode":"1"}', asked_at=T0).pull_id != ids[0]


def test_raw_and_its_hash() -> None:
    body = b'{"statusCode": "0" }'
    answer = read_answer(body)
    assert answer.raw == body
    assert answer.sha256 == hashlib.sha256(body).hexdigest()


def test_data_is_decoded_with_exact_numbers(
    answer_with: Callable[[str], Answer], saved: Callable[[str], Answer]
) -> None:
    answer = answer_with('{"a":12345678901234567890123456789,"b":0.1}')
    assert answer.data == {"a": 12345678901234567890123456789, "b": Decimal("0.1")}
    assert saved("absent").data is None
    assert saved("string").data.startswith("[{")
    assert len(saved("array").data) == 4


def test_an_answer_shows_itself(saved: Callable[[str], Answer]) -> None:
    assert "提交成功" in repr(saved("array"))
    assert "<td>4</td>" in saved("array")._repr_html_()


def test_markup_in_an_answer_is_escaped() -> None:
    assert "<b>" not in read_answer(b'{"statusCode":"0","statusMsg":"<b>x</b>"}')._repr_html_()


UTF8_LINES = "".join(
    f'{{"meid":"u{i}","meetingname":"会议{i}","status":"已结束","parties":[{{"name":"张三{i}"}}]}}\n' for i in range(6)
).encode()
GB_LINES = "".join(f'{{"meid":"g{i}","meetingname":"例会{i}号","status":"已结束"}}\n' for i in range(60)).encode(
    "gb18030"
)


@pytest.mark.parametrize("is_utf8_first", [True, False])
def test_each_part_of_a_text_in_two_encodings_is_read_in_its_own(is_utf8_first: bool) -> None:
    answer = read_answer(UTF8_LINES + GB_LINES if is_utf8_first else GB_LINES + UTF8_LINES)
    meetings = merge_answers([answer]).meetings
    names = dict(zip(meetings["meeting_id"].to_pylist(), meetings["name"].to_pylist(), strict=True))
    assert names == {f"u{i}": f"会议{i}" for i in range(6)} | {f"g{i}": f"例会{i}号" for i in range(60)}
    assert any("two encodings" in warning.en for warning in answer.warnings)
    assert answer.text.decode().count("已结束") == 66


@pytest.mark.parametrize("n_bytes", [256, 512, 4096])
@pytest.mark.parametrize("is_inside", [True, False])
def test_foreign_bytes_turn_no_name_beside_them_into_wrong_characters(n_bytes: int, is_inside: bool) -> None:
    foreign = random.Random(n_bytes).randbytes(n_bytes)
    at = UTF8_LINES.index("会议4".encode()) if is_inside else len(UTF8_LINES)
    answer = read_answer(UTF8_LINES[:at] + foreign + UTF8_LINES[at:], is_whole=False)
    names = merge_answers([answer]).meetings["name"].to_pylist()
    assert {name for name in names if name} >= {f"会议{i}" for i in range(6) if i != 4 or not is_inside}
    assert answer.warnings
