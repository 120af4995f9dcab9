"""What the doctor says about each documented refusal: how to tell which cause it is, and what to do. Data only.

Source: seed, 优先必读 1 to 6; the vendor's error table.
"""

from __future__ import annotations

from ytxdata.labels import Text

_OWN_APP = Text(
    "① 应用 ID 与环境不匹配——判断：正式环境只认自建应用，到 管理 → 应用管理 → 应用列表 对照应用 ID；解决：换成列表里的 ID，或改用沙箱（YTX_ENVIRONMENT=sandbox）",
    "(1) the app id does not belong to this environment. To tell: production knows your own apps only, compare the id with 管理 → 应用管理 → 应用列表. To do: use an id of that list, or the sandbox (YTX_ENVIRONMENT=sandbox)",
)
_TEST_APP = Text(
    "① 应用 ID 与环境不匹配——判断：沙箱只认测试应用，到 管理 → 体验 → 接口体验 → 测试应用 对照应用 ID；解决：换成测试应用的 ID，或改用正式环境（YTX_ENVIRONMENT=production）",
    "(1) the app id does not belong to this environment. To tell: the sandbox knows the test app only, compare the id with 管理 → 体验 → 接口体验 → 测试应用. To do: use the test app's id, or production (YTX_ENVIRONMENT=production)",
)
_WHITELIST = Text(
    "② 本机 IP 不在白名单——判断：管理 → 应用管理 中该应用的 IP 白名单非空，且不含本机的公网出口 IP；解决：加入该 IP（多个用英文逗号分隔）或清空白名单",
    "(2) this machine's IP is not on the whitelist. To tell: under 管理 → 应用管理 the app's IP whitelist is not empty and lacks the public address this machine appears under. To do: add it (several are joined by an ASCII comma) or empty the list",
)
_NO_WHITELIST = Text(
    "② IP 白名单——沙箱没有此设置，可以排除",
    "(2) the IP whitelist: the sandbox has none, so this is ruled out",
)
_FUNCTION = Text(
    "③ 应用未开通电话会议功能或未上线——判断：应用列表里该应用的状态不是“上线”，或功能里没有电话会议；解决：开通电话会议功能并上线应用",
    "(3) the app lacks the conference function or is not online. To tell: the list of apps does not show it as online, or its functions lack 电话会议. To do: enable that function and put the app online",
)

APPLICATION: dict[str, tuple[Text, ...]] = {
    "production": (_OWN_APP, _WHITELIST, _FUNCTION),
    "sandbox": (_TEST_APP, _NO_WHITELIST, _FUNCTION),
    "custom": (_OWN_APP, _TEST_APP, _WHITELIST, _FUNCTION),
}
"""The three causes of -205, as far as each kind of address has them."""

REFUSALS: dict[str, tuple[Text, ...]] = {
    "-200": (
        Text(
            "Account SID 不存在：在 管理 → 控制台 → 开发者账号 重新复制；若一致，说明服务账号未开通，请联系平台开通",
            "no such account SID: copy it again from 管理 → 控制台 → 开发者账号; if it is the same, the service is not opened, have the platform open it",
        ),
    ),
    "-201": (
        Text(
            "服务账号已停用：凭证本身可能正确，请联系平台重新激活",
            "the account is suspended: the credentials may well be right, have the platform reactivate it",
        ),
    ),
    "-203": (
        Text(
            "Auth Token 与 Account SID 不匹配：在控制台同一页面重新复制两者（管理 → 控制台 → 开发者账号）；令牌可能已被重置，或来自另一个账户",
            "the auth token does not belong to the account SID: copy both again from the same page (管理 → 控制台 → 开发者账号); the token may have been reset or be another account's",
        ),
    ),
    "-204": (
        Text(
            "账户余额不足：凭证和应用没有问题，充值后重试",
            "the balance is too low: nothing is wrong with the credentials, top up and try again",
        ),
    ),
}
"""What to do about a refusal that has one cause."""
