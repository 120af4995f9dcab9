"""What an answer says about itself."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ytxdata.records.answer import Answer, read_answer

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
