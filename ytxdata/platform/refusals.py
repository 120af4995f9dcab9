"""From a status code to its typed error."""

from __future__ import annotations

from ytxdata.errors import (
    AccountError,
    ApplicationError,
    ClockError,
    CredentialsError,
    MissingStatusError,
    RequestRejectedError,
    ServerFaultError,
    ThrottledError,
    UnknownStatusError,
    YtxError,
)
from ytxdata.labels import Text
from ytxdata.platform.codes import CodeClass, lookup

_ERRORS: dict[CodeClass, type[YtxError]] = {
    "request": RequestRejectedError,
    "server_fault": ServerFaultError,
    "throttled": ThrottledError,
    "credentials": CredentialsError,
    "clock": ClockError,
    "account": AccountError,
    "application": ApplicationError,
    "unknown": UnknownStatusError,
}

NO_STATUS = Text(
    "回答没有 statusCode，但带有记录：已保留，请核对",
    "the answer carries no statusCode but has records: they are kept; check them",
)
"""The warning on an answer that is kept although it has no status code."""

DESPITE_HTTP = Text(
    "HTTP 状态为 {status}，但 statusCode 表示成功：记录已保留，请核对",
    "the HTTP status is {status} although the statusCode says success: the records are kept; check them",
)
"""The warning on an answer that says success in its body only."""

MEASURABLE_SKEW = 60.0
"""Seconds of clock skew that a slow answer and a `Date` header of whole seconds cannot explain."""


def refusal(code: str | None, message: str, *, request_id: str | None, http_status: int | None) -> YtxError | None:
    """Return the error that a status code means, None when the request succeeded.

    Examples
    --------
    >>> refusal("0", "提交成功", request_id=None, http_status=200) is None
    True
    >>> type(refusal("-204", "账户余额不足", request_id=None, http_status=200)).__name__
    'AccountError'
    """
    if code is None:
        return MissingStatusError(
            Text("回答没有 statusCode，也没有记录", "the answer carries neither a statusCode nor records"),
            remedy=Text(
                "确认地址指向平台接口；若持续出现，请把 requestId 发给平台客服",
                "check that the address is the platform's; if it persists, give the requestId to the platform's support",
            ),
            request_id=request_id,
            http_status=http_status,
        )
    row = lookup(code, message)
    if row.kind == "ok":
        return None
    said = (
        ""
        if row.kind == "unknown" or not message.strip() or message.strip() == row.text.zh
        else f"（{message.strip()}）"
    )
    return _ERRORS[row.kind](
        Text(f"{code} {row.text.zh}{said}：{row.cause.zh}", f"{code} {row.text.en}{said}: {row.cause.en}"),
        remedy=row.remedy,
        request_id=request_id,
        status_code=code,
        http_status=http_status,
    )


def clocked(error: ClockError, skew: float | None) -> ClockError:
    """Return a -202 that names the clock skew measured against the server's `Date` header, or says there was none."""
    found, remedy = clock_finding(skew)
    text = lookup("-202").text if skew is not None else error.cause
    return ClockError(
        Text(f"{text.zh}；{found.zh}", f"{text.en}; {found.en}"),
        remedy=remedy or error.remedy,
        request_id=error.request_id,
        status_code=error.status_code,
        http_status=error.http_status,
    )


def clock_finding(skew: float | None) -> tuple[Text, Text | None]:
    """Return what the measured skew [s, this machine ahead = positive] says about a refused header, and what to do."""
    if skew is None:
        return Text("服务器没有给出时间，时钟偏差未知", "the server gave no time, so the clock skew is unknown"), None
    if abs(skew) < MEASURABLE_SKEW:
        return (
            Text(
                f"本机时钟与服务器一致（偏差 {round(skew):+d} 秒）",
                f"this machine's clock agrees with the server's (skew {round(skew):+d} s)",
            ),
            Text(
                "时钟无误，请核对 Account SID，以及途中是否有代理改动了 Authorization 包头",
                "the clock is right: check the account SID, and whether a proxy on the way changes the Authorization header",
            ),
        )
    zh, en = ("快", "ahead of") if skew > 0 else ("慢", "behind")
    finding = Text(
        f"本机时钟比服务器{zh} {abs(skew):,.0f} 秒", f"this machine's clock is {abs(skew):,.0f} s {en} the server's"
    )
    whole_hours = round(skew / 1800) * 1800
    if whole_hours and abs(skew - whole_hours) < MEASURABLE_SKEW:
        return finding, Text(
            "偏差接近整小时：系统时区设置有误（例如以 UTC 时区显示北京时间）；请改正时区并校准时间",
            "the skew is close to whole hours: the system's time zone is wrong (such as Beijing time under zone UTC); correct the zone and set the clock",
        )
    return finding, None
