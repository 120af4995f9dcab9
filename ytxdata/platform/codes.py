"""The platform's status codes as data: text, class, cause, remedy, and the typed error each one becomes.

Source: the seed's section 优先必读 and its error samples; the vendor's error table. -104 is stated by a client's author
only.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

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

CodeClass = Literal[
    "ok", "request", "server_fault", "throttled", "credentials", "clock", "account", "application", "unknown"
]

OK = "0"


class Code(NamedTuple):
    """One status code: what the platform says, what kind of answer it is, why it comes and what helps."""

    code: str
    text: Text
    kind: CodeClass
    cause: Text
    remedy: Text


_FIX_REQUEST = Text("请按接口文档检查请求参数", "check the request against the interface documentation")

CODES: dict[str, Code] = {
    row.code: row
    for row in (
        Code(
            OK,
            Text("提交成功", "accepted"),
            "ok",
            Text("请求成功", "the request succeeded"),
            Text("无需处理", "nothing to do"),
        ),
        Code(
            "-1",
            Text("号码无效", "invalid number"),
            "request",
            Text("会议号或电话号码无效", "the meeting or phone number is not valid"),
            _FIX_REQUEST,
        ),
        Code(
            "-2",
            Text("缺少必要参数", "a required parameter is missing"),
            "request",
            Text("请求缺少必要参数", "the request lacks a required parameter"),
            Text("传入足够的参数", "send every required parameter"),
        ),
        Code(
            "-3",
            Text("无效action", "invalid action"),
            "request",
            Text("action 不存在或大小写不符", "the action does not exist or differs in case"),
            Text(
                "传入正确的 action（queryMeeting，区分大小写）", "send the right action (queryMeeting, case-sensitive)"
            ),
        ),
        Code(
            "-4",
            Text("无效的JSON", "invalid JSON"),
            "request",
            Text("请求体不是合法的 JSON", "the request body is not valid JSON"),
            Text("遵守正确的 JSON 语法", "send valid JSON"),
        ),
        Code(
            "-100",
            Text("异常错误", "internal fault"),
            "server_fault",
            Text("平台内部异常", "the platform had a fault of its own"),
            Text(
                "稍后重试；若持续出现，请把 requestId 发给平台客服",
                "try again later; if it persists, give the requestId to the platform's support",
            ),
        ),
        Code(
            "-101",
            Text("参数不合法", "invalid parameter"),
            "request",
            Text(
                "参数取值不符合要求（例如 meetingcount 必须大于 0）",
                "a parameter has a value that is not allowed (meetingcount, for one, must be above 0)",
            ),
            Text("传入符合要求的参数", "send parameters that meet the requirements"),
        ),
        Code(
            "-102",
            Text("电话号码不合法", "invalid phone number"),
            "request",
            Text("电话号码格式不合法", "a phone number has an invalid form"),
            Text("传入正确的电话号码", "send a valid phone number"),
        ),
        Code(
            "-104",
            Text("请求频率过高", "too many requests"),
            "throttled",
            Text("请求过于频繁", "requests came too often"),
            Text("降低请求频率，等待后重试", "ask less often; wait, then try again"),
        ),
        Code(
            "-200",
            Text("无此用户", "no such account"),
            "credentials",
            Text("Account SID 不存在或服务账号未开通", "the account SID does not exist or its service is not opened"),
            Text(
                "核对 Account SID（控制台 → 开发者账号），或开通服务账号",
                "check the account SID (管理 → 控制台 → 开发者账号), or open the service account",
            ),
        ),
        Code(
            "-201",
            Text("用户状态失效", "account inactive"),
            "credentials",
            Text("服务账号已停用", "the service account is suspended"),
            Text("联系平台重新激活服务账号", "have the platform reactivate the service account"),
        ),
        Code(
            "-202",
            Text("包头验证信息错误", "header verification failed"),
            "clock",
            Text(
                "Authorization 时间戳过期（默认有效十分钟）或包头格式错误：多半是本机时钟不准",
                "the Authorization time stamp is stale (valid for ten minutes by default) or malformed: most likely this machine's clock is wrong",
            ),
            Text(
                "校准本机时间（时间戳按北京时间生成），然后重试",
                "set this machine's clock (the stamp is made in Beijing time), then try again",
            ),
        ),
        Code(
            "-203",
            Text("AuthToken验证失败", "auth token refused"),
            "credentials",
            Text(
                "Auth Token 与 Account SID 不匹配，或签名错误",
                "the auth token does not belong to the account SID, or the signature is wrong",
            ),
            Text(
                "在控制台重新复制 Auth Token（管理 → 控制台 → 开发者账号）",
                "copy the auth token again from the console (管理 → 控制台 → 开发者账号)",
            ),
        ),
        Code(
            "-204",
            Text("账户余额不足", "balance too low"),
            "account",
            Text("账户余额不足", "the account's balance is too low"),
            Text("充值后重试", "top up the account, then try again"),
        ),
        Code(
            "-205",
            Text("应用验证失败", "application refused"),
            "application",
            Text(
                "三种可能：应用 ID 与环境不匹配；本机 IP 不在白名单；应用未开通会议功能或未上线",
                "one of three: the app id does not belong to this environment; this machine's IP is not on the whitelist; the application lacks the conference function or is not online",
            ),
            Text(
                "① 正式环境用自建应用的 ID，沙箱用测试应用的 ID；② 把本机 IP 加入白名单或清空白名单；③ 开通电话会议功能并上线应用",
                "(1) use your own app's id in production and the test app's id in the sandbox; (2) put this machine's IP on the whitelist or empty it; (3) enable the conference function and put the application online",
            ),
        ),
    )
}
"""Every documented code by its text form."""


def lookup(code: str, message: str | None = None) -> Code:
    """Return the row of a code; an unknown one keeps the code and the platform's own text.

    Examples
    --------
    >>> lookup("-203").kind
    'credentials'
    >>> lookup("-999", "稀有错误").text.zh
    '稀有错误'
    """
    known = CODES.get(code)
    if known is not None:
        return known
    said = (message or "").strip()
    return Code(
        code,
        Text(said or f"未知状态码 {code}", said or f"unknown status code {code}"),
        "unknown",
        Text(f"平台返回了未收录的状态码 {code}", f"the platform gave status code {code}, which no table lists"),
        Text("请把状态码和 requestId 发给平台客服", "give the code and the requestId to the platform's support"),
    )


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
    words = message.strip()
    said = f"（{words}）" if words and words != row.text.zh and row.kind != "unknown" else ""
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
    known = lookup("-202").text
    # A measured skew takes the place of the guess that the clock is wrong.
    text = Text(f"-202 {known.zh}", f"-202 {known.en}") if skew is not None else error.cause
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
