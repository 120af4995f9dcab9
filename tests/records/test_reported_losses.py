"""What answers say they could not give: errors, what failed, warnings of it; and what went well."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.records.paged import ALL, N, read
from ytxdata.records.reported_losses import totals_and_losses
from ytxdata.records.spans import Member


@pytest.mark.parametrize(
    "errors",
    [
        [{"code": "TIMEOUT", "message": "meeting 2026030500000006 could not be loaded"}],
        ["2026030500000006: timeout"],
        {"2026030500000006": "timeout"},
        [{"code": "TIMEOUT", "path": ["meetings", 6]}],
        "meeting 2026030500000006 could not be loaded",
        *(
            "1 error",
            "10 条",
            "未成功",
            "0 条成功",
            "没有成功",
            "no answer",
            "异常",
            "无异常，1 条失败",
            "success: 5, failed: 1",
        ),
    ],
)
def test_an_answer_that_names_errors_proves_nothing(errors: Any) -> None:
    """A meeting that could not be loaded was missing, and the period PROVEN: full or not, nothing shows that."""
    for body in (
        {"data": ALL, "errors": errors},
        {"data": {"list": ALL, "errors": errors}},
        {"data": [], "errors": errors},
    ):
        for asked_n in (None, N, 200):
            answer = read(body, asked_n)
            assert answer.is_doubtful
            assert answer.announced is None
            assert any("could not be given" in warning.en for warning in answer.warnings)


@pytest.mark.parametrize(
    "errors",
    [
        [], {}, "", None, [{}], {"m": []}, {"count": 0}, [""], ["none"], False, "无", "0", "3", "否", "OK", "0 errors", "无异常",
        "成功！", "success.", "No error.", "没有失败", "0条", "0 场", "0次", "无失败会议", "查询正常", "未发现错误", "no failures",
        "0 meetings failed",
    ],
)  # fmt: skip
def test_no_errors_are_no_doubt(errors: Any) -> None:
    assert not read({"data": {"list": ALL, "errors": errors, "失败": errors}}).is_doubtful
    assert not read({"data": [{**ALL[0], "errors": ["late"]}]}).is_doubtful


LOSSES: list[dict[str, Any]] = [
    {"error": {"code": "E504", "message": "node 2 timeout"}},
    {"error": "timeout"},
    *(
        {key: ["node 2 timeout"]}
        for key in ("errorList", "partialFailures", "shardFailures", "错误", "异常", "失败节点")
    ),
    *({key: ["2026022600000"]} for key in ("失败记录", "失败会议号", "查询失败列表", "failed_nodes", "failedRegions")),
    {"失败会议号": ["88001"]},
    {"errors": {"node2": {"code": 500}}},
    {"errors": [{"code": 0, "message": "node 2 timeout"}]},
    {"errors": {"code": -1}},
    {"errors": {"code": 0, "message": "ok", "data": {"ids": ["9005003"]}}},
    {"failed": {"code": 0, "ids": "9005003"}},
    {"warnings": ["节点2超时，部分数据未返回"]},
    {"warning": "3 records are missing"},
    # beside a state that is well any word but of which call it is
    *(
        {"errors": {"code": 0, **more}}
        for more in (
            {"message": "ok", "node2": "timeout"}, {"reason": "node 2 timeout"}, {"missing": "9005003,9005004"},
            {"detail": "3 of 5 shards did not reply"}, {"原因": "节点2超时"},
        )
    ),
    *({key: {"count": 3}} for key in ("failed", "errors")),
    {"failed": {"code": 0, "message": "ok", "requestId": "9005003"}},
    {"errors": {"code": 0, "id": "9005003"}},
    {"error": {"code": 500, "message": "ok"}},
    {"error": {"code": 10001, "message": "busy"}},
    *(
        {"warnings": [said]}
        for said in (
            "查询超时", "部分会议未返回", "2 条记录未能加载", "如下会议未返回：m9", "数据不完整", "not all records were returned",
            "the query on node 2 timed out", "shards timed out", "3 meetings could not be loaded", "未返回全部数据",
        )
    ),
]  # fmt: skip
NO_LOSSES: list[dict[str, Any]] = [
    *(
        {"errors": said}
        for said in (
            "暂无",
            "无错误信息",
            "无异常信息",
            "no error occurred",
            "No errors found.",
            "获取成功",
            "请求处理成功",
        )
    ),
    {"errors": [{"code": "0000", "message": "交易成功"}]},
    {"errors": {"code": 0, "message": "ok", "requestId": "a1b2-c3"}},
    {"errors": {"node1": {"code": 0}, "node2": {"code": "OK"}}},
    *({"error": said} for said in (None, "", 0, "0", False, {}, "SUCCESS", {"code": 0, "message": "success"})),
    *({key: [{**ALL[0], "meid": "m9"}]} for key in ("失败", "异常", "异常会议", "失败会议", "failedMeetings")),
    {"errorMsg": "查询到 24 条", "errmsg": "ok", "errorCode": 0, "failedCalls": ["a"], "failedLogins": [{"ip": "::1"}]},
    {"failedCount": 3, "失败数": 3, "errorRate": "0.1%", "failover": ["a"], "失败原因": ""},
    {"warnings": ["接口将于 2027 年下线", "部分会议的录音已过期，无法下载", "请求超时时间将调整为 30 秒"]},
    {"warning": "deprecated parameter: timeout", "提醒": "您有 3 条未读消息"},
    # everyday words, what is not so, what would be, and what else was not given
    *(
        {"warnings": [said], "提醒": said}
        for said in (
            "会议超时自动结束", "会议超时未结束，已自动关闭", "会话超时将自动退出，请注意", "超时会议按超时费率计费", "未发现数据缺失",
            "no records are missing", "如数据缺失请联系客服", "部分会议未获取到录音", "若部分数据未返回，请重试", "登录超时",
            "no data is missing", "if records are missing, call us", "your session timed out", "部分会议的录音未加载",
            "meeting timed out and was closed", "请求超时将自动重试", "没有数据丢失", "部分参会人头像未加载",
        )
    ),
    # what a message says is surer than a code of the platform's own
    *(
        {"error": said}
        for said in (
            {"code": "10000", "msg": "Success"}, {"code": 1, "msg": "成功"}, {"code": 20000, "msg": "ok"},
            {"code": "A0000", "message": "ok"}, {"status": "normal"}, {"code": 0, "msg": "ok", "timestamp": "2026-03-05"},
            "NO_ERROR", "ERR_OK", "处理完成", "S_OK", "completed",
        )
    ),
    {"error": {"code": 0, "message": "ok", "total": N, "path": "/meetings", "took": 3}},
    *({"提醒": said} for said in ("请及时下载，以免数据丢失", "会议数据将于 30 天后清理，届时未下载的数据丢失")),
    *({key: ["13812345678"]} for key in ("failedNumbers", "异常通话", "通话异常", "失败号", "失败号码", "异常名单")),
    *(
        {"statusMsg": said, "msg": said}
        for said in ("查询成功：03/01 至 03/31", "查询成功（03/01-03/31）", "03/01 到 03/31 的会议查询成功", "2026.03.01-03/31", "03/01 to 03/31")
    ),
]  # fmt: skip


@pytest.mark.parametrize("said", LOSSES, ids=str)
def test_what_an_answer_could_not_give_is_heard_in_other_words(said: dict[str, Any]) -> None:
    """Beside `errors` and `failedIds` nothing was, and a period was PROVEN of which a node had not replied."""
    for body in ({"data": ALL, **said}, {"data": {"list": ALL, **said}}):
        for asked_n in (None, N):
            assert read(body, asked_n).is_doubtful


@pytest.mark.parametrize("said", NO_LOSSES, ids=str)
def test_errors_that_say_that_there_were_none_are_no_loss(said: dict[str, Any]) -> None:
    """An account whose answers say so was never PROVEN."""
    for body in ({"data": ALL, **said}, {"data": {"list": ALL, **said}}):
        assert not read(body).is_doubtful


def test_no_words_of_failures_take_long() -> None:
    start = time.process_time()
    for word in ("失败会议", "id", "confconference", "partial", "errerror", "状态", "no ", "0 "):
        for key in (word * 2000, "failed" + word * 2000, "errors", "warnings"):
            said = {"code": word * 2000, word * 2000: word, "text": word * 25}
            totals_and_losses([Member(key, json.dumps(said).encode(), 0, 0)])
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    "failed",
    [
        [{"meid": "20260305090000"}],
        ["20260305090000"],
        [20260305090000],
        "20260305090000",
        [ALL[0], {"meid": "20260305090000", "reason": "load error", "timestamp": "2026-03-05 10:00:00"}],
        [{"meid": "20260305090000", "message": "restart", "timeout": 3000, "restart": 1}],
        {"pageNo": "1", "records": "20260305090000"},
        [{"meid": "20260305090000", "request": {"startTime": "2026-03-05 09:00:00"}}],
        *([{"page": "3"}], {"pageNo": "3"}, {"nextId": "9005003"}, {"data": {"begin": 0}, "ids": ["9005003"]}),
        [{"meid": "20260305090000", "detail": {"startTime": "2026-03-05 09:00:00", "error": "timeout"}}],
    ],
    ids=str,
)
@pytest.mark.parametrize("key", ["failed", "failedIds", "failList", "fail_meetings", "失败列表"])
def test_an_answer_that_names_meetings_that_it_failed_to_give_is_not_whole(key: str, failed: list[Any]) -> None:
    assert read({"data": ALL, key: failed}).is_doubtful
    for other in ([], 0, False, {"count": 0}, [{**ALL[0], "meid": "m9"}]):
        assert not read({"data": ALL, key: other}).is_doubtful, other


@pytest.mark.parametrize("start", ["stime", "meetingTime", "会议时间", "conf", "detail"])
def test_meetings_that_failed_and_say_when_they_began_were_given(start: str) -> None:
    """A start was known by the words `start` and `begin` alone, and every answer of such a platform was in doubt."""
    when: Any = "2026-03-05 10:00:00"
    inside = {"startTime": when, "error": None, "errorCode": 0, "errors": []}
    listed = [{"confId": "5", "duration": 0, start: inside if start in ("conf", "detail") else when}]
    for failed in (listed, {"pageNo": "1", "list": listed}):
        assert not read({"data": ALL, "failed": failed}).is_doubtful
