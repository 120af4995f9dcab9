"""What is wrong when a first call fails: settings, reachability, the call itself, the clock, the application; one finding each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ytxdata import times
from ytxdata.errors import ApplicationError, ClockError, NetworkError, YtxError
from ytxdata.labels import Text, in_lines
from ytxdata.platform import layers
from ytxdata.platform.advice import APPLICATION, REFUSALS
from ytxdata.platform.check import Check
from ytxdata.platform.exchange import Outcome, clock_skew
from ytxdata.platform.guidance import NAMES, origin_text
from ytxdata.platform.reach import reach
from ytxdata.platform.refusals import MEASURABLE_SKEW, clock_finding
from ytxdata.platform.settings import Settings
from ytxdata.platform.transport import Transport
from ytxdata.platform.values import BASE_URLS
from ytxdata.redact import mask_id


def examine(
    *,
    timeout: float | tuple[float, float] = (5, 15),
    total_timeout: float = 30,
    proxies: Mapping[str, str] | None = None,
    trust_env: bool = False,
    **arguments: Any,
) -> list[Check]:
    """Check everything a first call needs, as far as it can be checked, and name the cause that fits.

    Parameters
    ----------
    timeout, total_timeout, proxies, trust_env
        As for `Transport`.
    **arguments
        Settings, as for `Settings.load`.

    Returns
    -------
    list of Check
        In the order in which things depend on each other; it ends where nothing further can be known. A failing check
        is a finding, never an exception. No secret is in it, and ids are masked.

    Notes
    -----
    One connection, then one call with `meetingcount` 1 (more as the retry policy says).

    Source: seed, 优先必读 1 to 6.
    """
    try:
        settings = Settings.load(**arguments)
        transport = Transport(
            settings, timeout=timeout, total_timeout=total_timeout, proxies=proxies, trust_env=trust_env
        )
    except YtxError as error:
        return [_failed("settings", error)]
    checks = [_settings(settings)]
    if not (proxies or trust_env):
        checks += reach(settings.base_url, transport.connect_limit)
    if any(check.state == "fail" for check in checks):
        return checks
    outcome: Outcome
    try:
        outcome = transport.query("", 1)
    except YtxError as error:
        outcome = error
    if isinstance(outcome, NetworkError):
        return [*checks, _call(outcome)]
    return [*checks, _call(outcome), _clock(outcome), _application(settings, outcome)]


def exit_code(checks: Iterable[Check]) -> int:
    """Return the exit code of the first failing check, 0 when none fails.

    Examples
    --------
    >>> exit_code([Check("settings", "ok", Text("好", "fine")), Check("call", "fail", Text("拒绝", "refused"), exit_code=3)])
    3
    """
    return next((check.exit_code for check in checks if check.state == "fail"), 0)


def _failed(key: Any, error: YtxError, remedy: Text | None = None) -> Check:
    return Check(key, "fail", error.cause, remedy or error.remedy, error.exit_code)


def _settings(settings: Settings) -> Check:
    """Say what is set and where it came from; ids masked, the token never."""
    shown = {
        "account_sid": mask_id(settings.account_sid),
        "auth_token": "***",
        "app_id": mask_id(settings.app_id),
        "base_url": settings.base_url,
    }
    origins = settings.sources()
    told = {name: origin_text(origin) for name, origin in origins.items()}
    lost = layers.lost_file()
    notes = [lost] if lost else []
    if BASE_URLS[settings.environment] == settings.base_url:
        shown["environment"] = settings.environment
    elif origins["environment"] != "default":
        notes.append(Text("base_url 优先于 environment", "base_url wins over environment"))
    lines = [
        Text(f"{NAMES[name].zh} {name} = {value}（{told[name].zh}）", f"{name} = {value} ({told[name].en})")
        for name, value in shown.items()
    ]
    return Check("settings", "warn" if lost else "ok", in_lines([*lines, *notes]))


def _call(outcome: Outcome) -> Check:
    """Say how the one call went; a refusal is told with what to do about it."""
    if isinstance(outcome, YtxError):
        advice = REFUSALS.get(outcome.status_code or "")
        return _failed("call", outcome, in_lines(advice) if advice else None)
    n = len(outcome.records)
    told = Text(
        f"平台接受了请求：statusCode {outcome.status_code}，{n} 条记录，编码 {outcome.encoding}",
        f"the platform accepted the request: statusCode {outcome.status_code}, records: {n}, encoding {outcome.encoding}",
    )
    return Check("call", "warn" if outcome.warnings else "ok", in_lines([told, *outcome.warnings]))


def _clock(outcome: Outcome) -> Check:
    """Compare this machine's clock with the server's `Date` header."""
    if isinstance(outcome, YtxError):
        skew = outcome.clock_skew
    else:
        skew = clock_skew(outcome.server_date, outcome.asked_at, outcome.answered_at)
    found, remedy = clock_finding(skew)
    here = times.beijing_text(times.now())
    text = Text(f"{found.zh}；本机北京时间 {here}", f"{found.en}; Beijing time on this machine: {here}")
    if isinstance(outcome, ClockError):
        return Check("clock", "fail", text, remedy or outcome.remedy, outcome.exit_code)
    is_near = skew is not None and abs(skew) < MEASURABLE_SKEW
    set_it = Text(
        "校准本机时间：时间戳默认只有效十分钟", "set this machine's clock: a stamp is valid for ten minutes by default"
    )
    return Check("clock", "ok" if is_near else "warn", text, None if is_near or skew is None else remedy or set_it)


def _application(settings: Settings, outcome: Outcome) -> Check:
    """Say what is known about application id and environment: only the platform can tell, by what it answers."""
    place = next((name for name, url in BASE_URLS.items() if url == settings.base_url), "custom")
    if not isinstance(outcome, YtxError):
        return Check(
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
        return Check("application", "fail", text, causes, outcome.exit_code)
    return Check(
        "application",
        "warn",
        Text(
            "应用 ID 与环境是否匹配，要等平台接受账户之后才能知道",
            "whether app id and environment match shows only once the platform has accepted the account",
        ),
    )


__all__ = ["Check", "examine", "exit_code"]
