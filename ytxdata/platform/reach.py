"""Whether a host can be found and connected to, before anything is asked of it."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

from ytxdata.labels import Text
from ytxdata.platform.check import Check
from ytxdata.platform.timelimit import within


def reach(base_url: str, limit: float) -> list[Check]:
    """Look the host up and connect to it, within the limit whatever it hangs on."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    found = within(limit, lambda _: _look_up(host, port))
    if not found:
        return [
            Check(
                "address",
                "fail",
                Text(f"找不到主机 {host}", f"the host {host} cannot be resolved"),
                Text("核对平台地址（base_url）、网络和 DNS", "check the address (base_url), the network and the DNS"),
                exit_code=4,
            )
        ]
    named = Check("address", "ok", Text(f"{host} → {found}", f"{host} → {found}"))
    if within(limit, lambda _: _connects(host, port, limit)):
        return [named, Check("connection", "ok", Text(f"端口 {port} 可以连接", f"port {port} accepts connections"))]
    return [
        named,
        Check(
            "connection",
            "fail",
            Text(f"无法连接 {host}:{port}", f"no connection to {host}:{port}"),
            Text(
                "检查网络和防火墙是否放行该端口；需要代理时给出 proxies",
                "check whether network and firewall allow this port; where a proxy is needed, give proxies",
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
