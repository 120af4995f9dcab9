"""What is wrong when a first call fails: settings, reachability, the call itself, the clock, the application; one
finding each.

Source: seed, 优先必读 1 to 6; the vendor's error table.
"""

from __future__ import annotations

import socket
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from ytxdata import times
from ytxdata.errors import ApplicationError, ClockError, NetworkError, RiskWarning, SettingsError, YtxError
from ytxdata.labels import Text, in_lines
from ytxdata.platform import setting_sources
from ytxdata.platform.codes import MEASURABLE_SKEW, clock_finding
from ytxdata.platform.limits import within
from ytxdata.platform.settings import BASE_URLS, NAMES, Settings, origin_text
from ytxdata.platform.transport import Outcome, Transport, first_given
from ytxdata.redact import mask_id

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

REFUSALS: dict[str, Text] = {
    "-200": Text(
        "Account SID 不存在：在 管理 → 控制台 → 开发者账号 重新复制；若一致，说明服务账号未开通，请联系平台开通",
        "no such account SID: copy it again from 管理 → 控制台 → 开发者账号; if it is the same, the service is not opened, have the platform open it",
    ),
    "-201": Text(
        "服务账号已停用：凭证本身可能正确，请联系平台重新激活",
        "the account is suspended: the credentials may well be right, have the platform reactivate it",
    ),
    "-203": Text(
        "Auth Token 与 Account SID 不匹配：在控制台同一页面重新复制两者（管理 → 控制台 → 开发者账号）；令牌可能已被重置，或来自另一个账户",
        "the auth token does not belong to the account SID: copy both again from the same page (管理 → 控制台 → 开发者账号); the token may have been reset or be another account's",
    ),
    "-204": Text(
        "账户余额不足：凭证和应用没有问题，充值后重试",
        "the balance is too low: nothing is wrong with the credentials, top up and try again",
    ),
}
"""What to do about a refusal that has one cause."""


State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Diagnosis:
    """One finding: what was looked at, how it stands, what that means, what to do, and the exit code it asks for."""

    key: Literal["settings", "settings_file", "encryption", "address", "connection", "call", "clock", "application"]
    state: State
    text: Text
    remedy: Text | None = None
    exit_code: int = 0


def reach(base_url: str, limit: float) -> list[Diagnosis]:
    """Look the host up and connect to it, within the limit whatever it hangs on."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    found = within(limit, lambda _: _look_up(host, port))
    if not found:
        return [
            Diagnosis(
                "address",
                "fail",
                Text(f"找不到主机 {host}", f"the host {host} cannot be resolved"),
                Text("核对平台地址（base_url）、网络和 DNS", "check the address (base_url), the network and the DNS"),
                exit_code=4,
            )
        ]
    named = Diagnosis("address", "ok", Text(f"{host} → {found}", f"{host} → {found}"))
    if within(limit, lambda _: _connects(host, port, limit)):
        return [named, Diagnosis("connection", "ok", Text(f"端口 {port} 可以连接", f"port {port} accepts connections"))]
    return [
        named,
        Diagnosis(
            "connection",
            "fail",
            Text(f"无法连接 {host}:{port}", f"no connection to {host}:{port}"),
            Text(
                "检查网络和防火墙是否放行该端口；须经代理时，命令行没有这个设置：请换一台能直连的机器，或在 Python 中用 ytx.Client(proxies=…) 同步（docs/zh/how-to/whitelist.md）",
                "check whether network and firewall allow this port; where only a proxy leads out, no command goes through one: run it on a machine that needs none, or sync in Python with ytx.Client(proxies=…) (docs/how-to/whitelist.md)",
            ),
            exit_code=4,
        ),
    ]


def _look_up(host: str, port: int) -> str:
    try:
        return str(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0])
    except (OSError, UnicodeError):
        return ""


def _connects(host: str, port: int, limit: float) -> bool:
    try:
        socket.create_connection((host, port), timeout=limit).close()
    except OSError:
        return False
    return True


def examine(
    *,
    timeout: float | tuple[float, float] | None = None,
    total_timeout: float | None = None,
    proxies: Mapping[str, str] | None = None,
    trust_env: bool = False,
    **arguments: Any,
) -> list[Diagnosis]:
    """Check everything a first call needs, as far as it can be checked, and name the cause that fits.

    Parameters
    ----------
    timeout, total_timeout, proxies, trust_env
        As for `Client`; where nothing is set, shorter than there: (5, 15) and 30.
    **arguments
        Settings, as for `Settings.load`.

    Returns
    -------
    list of Diagnosis
        In the order in which things depend on each other; it ends where nothing further can be known. A failing check
        is a finding, never an exception. No secret is in it, and ids are masked.

    Notes
    -----
    One connection, then one call with `meetingcount` 1 (more as the retry policy says).

    Source: seed, 优先必读 1 to 6.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RiskWarning)  # each risk is a finding here
        try:
            settings = Settings.load(**arguments)
            transport = Transport(
                settings,
                timeout=first_given(timeout, settings.timeout, (5, 15)),
                total_timeout=first_given(total_timeout, settings.total_timeout, 30),
                proxies=proxies,
                trust_env=trust_env,
            )
        except YtxError as error:
            return [_failed("settings", error)]
        checks = [_settings(settings), *_risks(settings)]
        reached = [] if proxies or trust_env else reach(settings.base_url, transport.connect_limit)
        checks += reached
        if any(check.state == "fail" for check in reached):
            return checks
        outcome: Outcome
        try:
            outcome = transport.query("", 1)
        except YtxError as error:
            outcome = error
        if isinstance(outcome, NetworkError):
            return [*checks, _call(outcome)]
        return [*checks, _call(outcome), _clock(outcome), _application(settings, outcome)]


def exit_code(checks: Iterable[Diagnosis]) -> int:
    """Return the exit code of the first failing check, 0 when none fails.

    Examples
    --------
    >>> refused = Diagnosis("call", "fail", Text("拒绝", "refused"), exit_code=3)
    >>> exit_code([Diagnosis("settings", "ok", Text("好", "fine")), refused])
    3
    """
    return next((check.exit_code for check in checks if check.state == "fail"), 0)


def _failed(key: Any, error: YtxError, remedy: Text | None = None) -> Diagnosis:
    return Diagnosis(key, "fail", error.cause, remedy or error.remedy, error.exit_code)


def _settings(settings: Settings) -> Diagnosis:
    """Say what is set and where it came from; ids masked, the token never."""
    shown = {
        "account_sid": mask_id(settings.account_sid),
        "auth_token": "***",
        "app_id": mask_id(settings.app_id),
        "base_url": settings.base_url,
    }
    origins = settings.sources()
    told = {name: origin_text(origin) for name, origin in origins.items()}
    lost = setting_sources.lost_file()
    notes = [lost] if lost else []
    if BASE_URLS[settings.environment] == settings.base_url:
        shown["environment"] = settings.environment
    elif origins["environment"] != "default":
        notes.append(Text("base_url 优先于 environment", "base_url wins over environment"))
    lines = [
        Text(f"{NAMES[name].zh} {name} = {value}（{told[name].zh}）", f"{name} = {value} ({told[name].en})")
        for name, value in shown.items()
    ]
    return Diagnosis("settings", "warn" if lost else "ok", in_lines([*lines, *notes]))


def _risks(settings: Settings) -> list[Diagnosis]:
    """Say who else could get at the token, or read along."""
    found = []
    opened, exposed = settings.open_file(), settings.exposed()
    if opened:
        remedy = setting_sources.closing(setting_sources.config_path())
        found.append(Diagnosis("settings_file", "fail", opened, remedy, SettingsError.exit_code))
    if exposed:
        remedy = Text(
            "平台或网关提供 https 时，把 base_url 改成 https；否则只在可信的网络中使用",
            "where the platform or a gateway offers https, give it as base_url; else use a network you trust",
        )
        found.append(Diagnosis("encryption", "warn", exposed, remedy))
    return found


def _call(outcome: Outcome) -> Diagnosis:
    """Say how the one call went; a refusal is told with what to do about it."""
    if isinstance(outcome, YtxError):
        return _failed("call", outcome, REFUSALS.get(outcome.status_code or ""))
    n = len(outcome.records)
    told = Text(
        f"平台接受了请求：statusCode {outcome.status_code}，{n} 条记录，编码 {outcome.encoding}",
        f"the platform accepted the request: statusCode {outcome.status_code}, records: {n}, encoding {outcome.encoding}",
    )
    return Diagnosis("call", "warn" if outcome.warnings else "ok", in_lines([told, *outcome.warnings]))


def _clock(outcome: Outcome) -> Diagnosis:
    """Compare this machine's clock with the server's `Date` header."""
    if isinstance(outcome, YtxError):
        skew = outcome.clock_skew
    else:
        skew = times.clock_skew(outcome.server_date, outcome.asked_at, outcome.answered_at)
    found, remedy = clock_finding(skew)
    here = times.beijing_text(times.now())
    text = Text(f"{found.zh}；本机北京时间 {here}", f"{found.en}; Beijing time on this machine: {here}")
    if isinstance(outcome, ClockError):
        return Diagnosis("clock", "fail", text, remedy or outcome.remedy, outcome.exit_code)
    is_near = skew is not None and abs(skew) < MEASURABLE_SKEW
    set_it = Text(
        "校准本机时间：时间戳默认只有效十分钟", "set this machine's clock: a stamp is valid for ten minutes by default"
    )
    return Diagnosis("clock", "ok" if is_near else "warn", text, None if is_near or skew is None else remedy or set_it)


def _application(settings: Settings, outcome: Outcome) -> Diagnosis:
    """Say what is known about application id and environment: only the platform can tell, by what it answers."""
    place = next((name for name, url in BASE_URLS.items() if url == settings.base_url), "custom")
    if not isinstance(outcome, YtxError):
        return Diagnosis(
            "application",
            "ok",
            Text(
                f"应用 ID 在此环境有效（{settings.base_url}）",
                f"the app id is valid in this environment ({settings.base_url})",
            ),
        )
    causes = in_lines(APPLICATION[place])
    if isinstance(outcome, ApplicationError):
        text = Text(
            "平台拒绝了这个应用（-205），有三种原因",
            "the platform refused this application (-205), for one of three causes",
        )
        return Diagnosis("application", "fail", text, causes, outcome.exit_code)
    return Diagnosis(
        "application",
        "warn",
        Text(
            "应用 ID 与环境是否匹配，要等平台接受账户之后才能知道",
            "whether app id and environment match shows only once the platform has accepted the account",
        ),
    )


__all__ = ["Diagnosis", "examine", "exit_code"]
