"""What the platform's own words about an answer come to: each status code its own error, whatever HTTP says."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from tests.platform.asking import BODY, GOOD, RECORDS, ask, refused
from tests.platform.hostile import Hostile, reply, said
from ytxdata import errors
from ytxdata.platform.codes import CODES

Server = Callable[..., Hostile]


@pytest.mark.parametrize("code", [code for code in CODES if code != "0"])
def test_every_code_has_its_error_with_request_id_and_both_languages(hostile: Server, code: str) -> None:
    error = refused(hostile(said(code, CODES[code].text.zh, requestId="r-1")).url)
    assert (error.status_code, error.request_id, error.http_status) == (code, "r-1", 200)
    assert CODES[code].text.zh in error.cause.zh
    assert CODES[code].text.en in error.cause.en
    assert error.remedy
    assert "requestId: r-1" in str(error)


def test_codes_are_compared_as_trimmed_text(hostile: Server) -> None:
    for zero in ("0", " 0 ", 0):
        assert ask(hostile(said(zero)).url).status_code == "0"
    for code in (-203, " -203\n"):
        assert isinstance(refused(hostile(said(code)).url), errors.CredentialsError)


@pytest.mark.parametrize("code", ["-999", "00", "ok", "-0"])
def test_an_unknown_code_keeps_its_text(hostile: Server, code: str) -> None:
    error = refused(hostile(said(code, "稀有的错误", requestId="")).url)
    assert type(error) is errors.UnknownStatusError
    assert (error.status_code, error.request_id) == (code, None)
    assert "稀有的错误" in error.cause.en


@pytest.mark.parametrize("missing", [None, ""])
def test_a_missing_code_is_never_taken_for_success(hostile: Server, missing: str | None) -> None:
    assert isinstance(refused(hostile(said(missing)).url), errors.MissingStatusError)
    assert isinstance(refused(hostile(said(missing, data=[])).url), errors.MissingStatusError)
    answer = ask(hostile(said(missing, data=RECORDS)).url)
    assert answer.status_code is None
    assert len(answer.records) == 1
    assert any("statusCode" in warning.en for warning in answer.warnings)


def test_a_body_with_a_meaning_counts_whatever_the_http_status(hostile: Server) -> None:
    error = refused(hostile(reply('{"statusCode":"-205","requestId":"r"}', status="403 Forbidden")).url)
    assert isinstance(error, errors.ApplicationError)
    assert (error.http_status, error.request_id) == (403, "r")
    answer = ask(hostile(reply(BODY, status="500 Oops")).url)
    assert answer.records
    assert any("500" in warning.en for warning in answer.warnings)


def test_gb18030_is_read_and_told(hostile: Server) -> None:
    answer = ask(hostile(reply(BODY.decode().encode("gb18030"))).url)
    assert (answer.encoding, answer.status_msg) == ("gb18030", "提交成功")
    error = refused(hostile(reply('{"statusCode":"-2","statusMsg":"缺少必要参数","requestId":""}'.encode("gbk"))).url)
    assert isinstance(error, errors.RequestRejectedError)


def _dated(code: str, off: timedelta) -> bytes:
    date = format_datetime(datetime.now(UTC) + off, usegmt=True)
    return reply(json.dumps({"statusCode": code}), f"Date: {date}")


@pytest.mark.parametrize(
    ("off", "words"),
    [
        (timedelta(minutes=30), "behind the server's"),
        (timedelta(minutes=-47), "ahead of the server's"),
        (timedelta(0), "agrees with the server's"),
    ],
)
def test_a_clock_refusal_is_signed_once_more_then_names_the_skew(hostile: Server, off: timedelta, words: str) -> None:
    server = hostile(_dated("-202", off))
    error = refused(server.url)
    assert isinstance(error, errors.ClockError)
    assert words in error.cause.en
    assert error.cause.zh.startswith("-202 ")
    assert error.cause.en.startswith("-202 ")
    assert error.clock_skew == pytest.approx(-off.total_seconds(), abs=2)
    assert len(server.requests) == 2
    assert ask(hostile(_dated("-202", off), GOOD).url).attempts == 2


@pytest.mark.parametrize("date", ["", "Date: yesterday", "Date: Mon, 99 Jan 2026 00:00:00 GMT"])
def test_without_a_date_the_skew_is_said_to_be_unknown(hostile: Server, date: str) -> None:
    error = refused(hostile(reply('{"statusCode":"-202"}', *filter(None, [date]))).url)
    assert error.clock_skew is None
    assert "unknown" in error.cause.en
