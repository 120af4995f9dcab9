"""What people are told about settings: where the console shows each one, and what is wrong with a value."""

from __future__ import annotations

from ytxdata.labels import Text

_ACCOUNT = Text(
    "账户 ID 与授权令牌在控制台：管理 → 控制台 → 开发者账号（或 管理 → 体验 → 接口体验 → 账号信息）",
    "account SID and auth token are in the console under 管理 → 控制台 → 开发者账号 (or 管理 → 体验 → 接口体验 → 账号信息)",
)

WHERE: dict[str, Text] = {
    "account_sid": _ACCOUNT,
    "auth_token": _ACCOUNT,
    "app_id": Text(
        "应用 ID 在控制台：正式环境 管理 → 应用管理 → 应用列表（应用上线后才有效）；沙箱 管理 → 体验 → 接口体验 → 测试应用",
        "the application id is in the console: for production under 管理 → 应用管理 → 应用列表 (valid once the app is online); for the sandbox under 管理 → 体验 → 接口体验 → 测试应用",
    ),
}
"""Where the platform's console shows a setting."""

NAMES: dict[str, Text] = {
    "account_sid": Text("账户 ID", "account SID"),
    "auth_token": Text("授权令牌", "auth token"),
    "app_id": Text("应用 ID", "application id"),
    "environment": Text("环境", "environment"),
    "base_url": Text("平台地址", "base URL"),
    "version": Text("接口版本", "API version"),
    "func": Text("功能分类", "function class"),
    "fun_url": Text("操作路径", "operation path"),
    "aliases": Text("字段别名", "field aliases"),
}
"""What each setting is called."""

ORIGINS: dict[str, Text] = {
    "argument": Text("参数", "argument"),
    "environment": Text("环境变量", "environment"),
    "file": Text("文件", "file"),
    "keyring": Text("系统钥匙串", "keyring"),
    "default": Text("默认值", "default"),
}
"""Where a setting may come from: the first word of what `Settings.sources` says of it."""


def origin_text(origin: str) -> Text:
    """Return in both languages where a setting came from; what is no origin stays as it is.

    Examples
    --------
    >>> origin_text("environment YTX_APP_ID").zh, origin_text("keyring").en, origin_text("YTX_APP_ID").zh
    ('环境变量 YTX_APP_ID', 'keyring', 'YTX_APP_ID')
    """
    kind, blank, place = origin.partition(" ")
    named = ORIGINS.get(kind, Text(kind, kind))
    return Text(f"{named.zh}{blank}{place}", f"{named.en}{blank}{place}")


PROBLEMS: dict[str, Text] = {
    "missing": Text("未设置", "is not set"),
    "blank": Text("是空的", "is blank"),
    "string_type": Text("必须是文本：请加引号", "must be text: put it in quotes"),
    "odd_characters": Text(
        "含有空格、全角或不可见字符，多半是复制时带入的",
        "holds blanks, full-width or invisible characters, most likely from copying",
    ),
    "unknown_environment": Text(
        "只能是 production（正式）或 sandbox（沙箱）{hint}", "must be production or sandbox{hint}"
    ),
    "url_in_environment": Text(
        "是一个地址：自定义地址请写在 base_url（YTX_BASE_URL）",
        "is an address: an address of your own belongs in base_url (YTX_BASE_URL)",
    ),
    "not_http": Text("必须以 http:// 或 https:// 开头", "must begin with http:// or https://"),
    "no_host": Text("缺少主机名，或端口无效", "has no host name, or its port is not valid"),
    "userinfo": Text("不能带用户名或密码", "must not carry a user name or password"),
    "query": Text("不能带 ? 或 # 之后的部分", "must not carry anything after ? or #"),
    "extra_forbidden": Text("不是已知的设置{hint}", "is no known setting{hint}"),
}
"""What can be wrong with a value, by the key of the check that found it."""

UNREADABLE = Text("形式不对", "has a wrong form")
ALIASES_FORM = Text(
    '应为 [aliases] 表，例如 meeting_id = ["room_no"]', 'must be a table [aliases], such as meeting_id = ["room_no"]'
)
HOW_TO_SET = Text(
    "用参数、环境变量、ytxdata.toml 或系统钥匙串设置",
    "set it by argument, environment variable, ytxdata.toml or the system's keyring",
)
HINT = Text("；您是想写 {guess} 吗？", "; did you mean {guess}?")
