"""What can go wrong between us and the platform, as data: what each failure is called, and which are tried again, and
why.

The HTTP stack's own words are never repeated: they hold the whole signed address. tenacity runs the retries.
"""

from __future__ import annotations

import random
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

import requests.exceptions as theirs
import tenacity
import urllib3.exceptions as lower
from requests import Response

from ytxdata.errors import (
    BusyHttpError,
    ClockError,
    ConnectError,
    HttpError,
    NetworkError,
    RedirectError,
    ServerFaultError,
    ThrottledError,
    TimeLimitError,
    TlsError,
    TruncatedError,
    UsageError,
    YtxError,
)
from ytxdata.labels import Text
from ytxdata.platform.limits import truncated

_NETWORK = Text("检查网络和防火墙，稍后重试", "check the network and the firewall, then try again")
_ADDRESS = Text("核对平台地址（base_url）", "check the platform's address (base_url)")


class KnownFailure(NamedTuple):
    """One way for an exchange to fail: how the HTTP stack shows it, and what we call it."""

    signs: tuple[type[BaseException], ...]
    error: type[YtxError]
    cause: Text
    remedy: Text


KNOWN_FAILURES = (
    KnownFailure(
        (theirs.InvalidProxyURL, theirs.InvalidSchema, lower.ProxySchemeUnknown, lower.ProxySchemeUnsupported),
        UsageError,
        Text("代理地址无法使用", "the proxy's address cannot be used"),
        Text("检查 proxies；SOCKS 代理需另装 requests[socks]", "check proxies; a SOCKS proxy needs requests[socks]"),
    ),
    KnownFailure(
        (theirs.InvalidURL, lower.LocationParseError, UnicodeError),
        UsageError,
        Text("平台地址或代理地址不合法", "the address of the platform or of the proxy is not valid"),
        _ADDRESS,
    ),
    KnownFailure(
        (theirs.ProxyError, lower.ProxyError),
        ConnectError,
        Text("无法通过代理连接", "no connection through the proxy"),
        Text("检查 proxies；不需要代理时不要设置", "check proxies; leave them out where none is needed"),
    ),
    KnownFailure(
        (theirs.ConnectTimeout,),
        TimeLimitError,
        Text("连接超时", "connecting took too long"),
        Text("检查网络和防火墙；必要时调大 timeout", "check the network and the firewall; raise timeout if need be"),
    ),
    KnownFailure(
        (lower.ReadTimeoutError, socket.timeout),
        TimeLimitError,
        Text("服务器长时间没有回应", "the server fell silent"),
        Text(
            "稍后重试；必要时调大 timeout 或减少 meetingcount",
            "try again; raise timeout or ask for fewer meetings if need be",
        ),
    ),
    KnownFailure(
        (lower.SSLError, ssl.SSLError),
        TlsError,
        Text("无法建立可信的 TLS 连接", "no trusted TLS connection could be made"),
        Text(
            "核对地址是 http 还是 https、证书是否有效、本机时间是否正确；自有证书请用 trust_env=True 和 REQUESTS_CA_BUNDLE",
            "check whether the address is http or https, whether the certificate is valid and this machine's clock right; for a certificate of your own use trust_env=True with REQUESTS_CA_BUNDLE",
        ),
    ),
    KnownFailure(
        (socket.gaierror,),
        ConnectError,
        Text("找不到主机名", "the host name cannot be resolved"),
        Text("核对平台地址（base_url）和 DNS", "check the platform's address (base_url) and the DNS"),
    ),
    KnownFailure(
        (ConnectionRefusedError,),
        ConnectError,
        Text("连接被拒绝：该地址没有服务在监听", "the connection was refused: nothing listens at this address"),
        _ADDRESS,
    ),
    KnownFailure(
        (theirs.RequestException, lower.HTTPError, OSError),
        ConnectError,
        Text("连接在收到回答前中断", "the connection broke before an answer came"),
        _NETWORK,
    ),
    KnownFailure(
        (BaseException,),
        NetworkError,
        Text("请求意外失败（{kind}）", "the request failed unexpectedly ({kind})"),
        Text("请把这条信息报告给维护者", "report this message to the maintainers"),
    ),
)
"""In order of precedence: the first fault any of whose signs is in the chain of exceptions."""


def named(error: BaseException) -> YtxError:
    """Return our error for what an exchange raised; one of ours stays as it is."""
    if isinstance(error, YtxError):
        return error
    if isinstance(error, lower.ProtocolError):  # unwrapped by requests: it came while the body was read
        return truncated()
    chain = tuple(_chain(error))
    fault = next(fault for fault in KNOWN_FAILURES if any(isinstance(link, fault.signs) for link in chain))
    return fault.error(fault.cause.format(kind=type(error).__name__), remedy=fault.remedy)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Walk through an exception and what it wraps, however the HTTP stack wrapped it."""
    seen: set[int] = set()
    links: list[object] = [error]
    while links:
        link = links.pop()
        if isinstance(link, BaseException) and id(link) not in seen:
            seen.add(id(link))
            yield link
            links += [link.__cause__, link.__context__, getattr(link, "reason", None), *link.args]


def redirected(response: Response) -> RedirectError:
    """Return the error for a redirect; only its host is told, since its address may repeat the signature."""
    try:
        host = urlsplit(response.headers.get("Location", "")).hostname or ""
    except ValueError:
        host = ""
    return RedirectError(
        Text(
            f"服务器把请求转向别处（HTTP {response.status_code} {host}），已拒绝跟随".replace(" ）", "）"),
            f"the server redirects the request (HTTP {response.status_code} {host}); not followed".replace(" )", ")"),
        ),
        remedy=Text(
            "签名不会发往别处：核对地址是 http 还是 https，以及网络是否要求先登录",
            "signatures are not sent elsewhere: check whether the address is http or https, and whether the network wants a login first",
        ),
    )


_STATUS_REMEDIES = {
    403: Text("检查网关、防火墙或 IP 白名单", "check the gateway, the firewall or the IP whitelist"),
    404: Text("核对 base_url、version、func、fun_url", "check base_url, version, func and fun_url"),
    407: Text("代理要求登录：检查 proxies", "the proxy wants a login: check proxies"),
    429: Text("请求过于频繁：等待后重试", "too many requests: wait, then try again"),
}


_BUSY = frozenset({429, 502, 503, 504})
"""A gateway says so before the platform has seen the question; and a query changes nothing, so it may be put again."""


def http_error(status: int) -> HttpError:
    """Return the error for an HTTP status whose body says nothing."""
    later = Text("服务器或网关故障：稍后重试", "a fault of the server or a gateway: try again later")
    remedy = _STATUS_REMEDIES.get(status, later if status >= 500 else _ADDRESS)
    kind = BusyHttpError if status in _BUSY else HttpError
    return kind(
        Text(
            f"HTTP 状态 {status}，内容不是平台的回答",
            f"HTTP status {status}, and the body is no answer of the platform",
        ),
        remedy=remedy,
    )


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rule:
    """How one kind of failure is tried again.

    Parameters
    ----------
    again
        Further attempts at most.
    at_least
        Seconds waited before each of them in any case.
    spread
        Seconds added at random, from nothing up to this much, doubled every time ("full jitter": many clients that
        failed together do not come back together).
    longest
        Most seconds waited at once of our own accord; a `Retry-After` may ask for more, up to the total limit.
    why
        Why this kind is worth another attempt.
    """

    again: int
    at_least: float
    spread: float
    longest: float
    why: Text

    def wait(self, n: int, retry_after: float | None = None) -> float:
        """Return the seconds to wait before further attempt `n` (1, 2, …)."""
        jitter = random.uniform(0, self.spread * 2 ** (n - 1))  # noqa: S311  # spreads load, guards nothing
        return max(min(self.at_least + jitter, self.longest), retry_after or 0)


_FAULT_RULE = Rule(
    3, 0, 0.5, 8, Text("平台偶发异常通常很快恢复", "a fault of the platform mostly passes within seconds")
)
_NETWORK_RULE = Rule(
    3,
    0,
    0.5,
    8,
    Text(
        "查询不改动任何数据，网络中断后可以安全重发",
        "a query changes nothing, so it may be sent again after a network fault",
    ),
)
_THROTTLE_RULE = Rule(4, 2, 2, 30, Text("频率限制需要更长的间隔", "a rate limit needs a longer pause"))
_CLOCK_RULE = Rule(
    1,
    0,
    0,
    0,
    Text(
        "时间戳可能在途中过期：重新签名一次即可分辨",
        "the stamp may have gone stale on its way: signing once more tells",
    ),
)

POLICY: Mapping[type[YtxError], Rule] = MappingProxyType(
    {
        ServerFaultError: _FAULT_RULE,
        NetworkError: _NETWORK_RULE,
        TruncatedError: _NETWORK_RULE,
        ThrottledError: _THROTTLE_RULE,
        BusyHttpError: _THROTTLE_RULE,
        ClockError: _CLOCK_RULE,
    }
)
"""Every failure that is tried again, by the class of its error; no other one is."""


@dataclass
class _Run:
    """What one query has met so far: failures are counted for each rule by itself."""

    policy: Mapping[type[YtxError], Rule]
    met: Counter[Rule] = field(default_factory=Counter)

    def rule(self, outcome: object) -> Rule | None:
        if not isinstance(outcome, YtxError) or not (outcome.retryable or isinstance(outcome, ClockError)):
            return None
        return next((rule for kind, rule in self.policy.items() if isinstance(outcome, kind)), None)

    def wants_more(self, outcome: object) -> bool:
        rule = self.rule(outcome)
        if rule is None or not isinstance(outcome, YtxError):
            return False
        self.met[rule] += 1
        return self.met[rule] <= rule.again

    def wait(self, state: tenacity.RetryCallState) -> float:
        outcome = state.outcome.result() if state.outcome else None
        rule = self.rule(outcome)
        return rule.wait(self.met[rule], outcome.retry_after) if rule and isinstance(outcome, YtxError) else 0


def run(
    attempt: Callable[[], T],
    *,
    total: float,
    policy: Mapping[type[YtxError], Rule] = POLICY,
    sleep: Callable[[float], None],
) -> T:
    """Call `attempt` until its outcome is no failure the policy tries again; return the last outcome.

    An attempt returns its error instead of raising it. No attempt begins `total` seconds after the first one, and no
    wait is begun that would end after that.
    """
    under_way = _Run(policy)
    return tenacity.Retrying(
        retry=tenacity.retry_if_result(under_way.wants_more),
        wait=under_way.wait,
        stop=tenacity.stop_before_delay(total),
        sleep=sleep,
        retry_error_callback=lambda state: state.outcome.result(),  # type: ignore[union-attr]  # set after an attempt
    )(attempt)
