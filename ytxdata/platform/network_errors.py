"""What can go wrong between us and the platform, as data: what the HTTP stack raises, and HTTP statuses without meaning.

The HTTP stack's own words are never repeated: they hold the whole signed address.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

import requests.exceptions as theirs
import urllib3.exceptions as lower
from requests import Response

from ytxdata.errors import (
    BusyHttpError,
    ConnectError,
    HttpError,
    NetworkError,
    RedirectError,
    TimeLimitError,
    TlsError,
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
