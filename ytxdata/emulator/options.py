"""What an emulator can be told, all of it data; most of it may be changed while the server runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ytxdata.emulator.dialects import DIALECTS, SHAPES
from ytxdata.emulator.faults import Fault
from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.platform.limits import is_loopback
from ytxdata.times import Instant

ORDERS = ("newest", "oldest", "ascending", "random", "by_end", "by_change", "pinned")

CHOICES: dict[str, tuple[str, ...]] = {
    "shape": tuple(SHAPES),
    "dialect": tuple(DIALECTS),
    "encoding": ("utf-8", "gb18030"),
    "order": ORDERS,
    "listed": ("start", "end"),
    "id_style": ("digits", "hex"),
    "environment": ("production", "sandbox"),
    "account_state": ("active", "suspended", "no_balance"),
    "app_state": ("online", "offline", "no_function"),
    "clock": ("machine", "company"),
    "error_request_id": ("alternate", "empty", "absent"),
}
"""The values allowed for each option that has a fixed set of them."""

NOT_NEGATIVE = frozenset(
    (
        "meetings",
        "rate",
        "pinned_rooms",
        "cap",
        "byte_cap",
        "retention_days",
        "max_age_s",
        "rate_limit",
        "rate_window_s",
    )
)


@dataclass
class Options:
    """Everything that can be set; see docs/emulator.md for what each one does.

    The company (fixed once the server runs): `meetings` (how many it has held when the server starts: the newest
    ones), `seed`, `rate` (meetings on a working day; None spreads many meetings over about two years), `until`
    (its clock at the start; None is today 00:00 in Beijing), `planted` (with the cases an audit must find), `id_style`.

    How it answers: `shape`, `dialect`, `encoding`, `order` with `pinned_rooms`, `listed` (from a meeting's start
    or its end), `cap` [records], `byte_cap` [bytes of records], `retention_days`, `large_ask` (asks above the first
    number are answered as the second), `unknown_room` (the code for a room that does not exist), `error_request_id`,
    `faults`.

    Who may ask: `account_state`, `app_state`, `environment`, `whitelist` (empty is no check), `max_age_s` [s] of an
    Authorization, `rate_limit` requests in `rate_window_s` [s].

    Its clocks: `clock` (`machine`, or `company` for simulated days), `clock_skew_s` [s] of the server's clock,
    `date_skew_s` [s] of the Date header alone.

    Where: `host` (loopback only) and `port` (0 takes a free one).
    """

    meetings: int = 2026
    seed: int = 1
    rate: float | None = None
    until: Instant | None = None
    planted: bool = False
    id_style: str = "digits"
    shape: str = "array"
    dialect: str = "vendor"
    encoding: str = "utf-8"
    order: str = "newest"
    pinned_rooms: int = 3
    listed: str = "start"
    cap: int | None = None
    byte_cap: int | None = None
    retention_days: float | None = None
    large_ask: tuple[int, int] | None = None
    unknown_room: str = "0"
    error_request_id: str = "alternate"
    faults: Sequence[str | Fault] = ()
    account_state: str = "active"
    app_state: str = "online"
    environment: str = "production"
    whitelist: Sequence[str] = ()
    max_age_s: float = 600
    rate_limit: int | None = None
    rate_window_s: float = 1.0
    clock: str = "machine"
    clock_skew_s: float = 0
    date_skew_s: float = 0
    host: str = "127.0.0.1"
    port: int = 0

    def __post_init__(self) -> None:
        if not is_loopback(self.host):
            raise UsageError(
                Text(
                    f"模拟平台只能绑定本机回环地址，不能是 {self.host}",
                    f"the emulator binds to loopback only, not to {self.host}",
                ),
                remedy=Text("请使用 127.0.0.1", "use 127.0.0.1"),
            )

    def __setattr__(self, name: str, value: object) -> None:
        allowed = CHOICES.get(name)
        if allowed is not None and value not in allowed:
            raise UsageError(
                Text(f"选项 {name} 没有取值 {value!r}", f"option {name} has no value {value!r}"),
                remedy=Text("可选：" + "、".join(allowed), "choose one of: " + ", ".join(allowed)),
            )
        if name in NOT_NEGATIVE and isinstance(value, int | float) and not value >= 0:
            raise UsageError(Text(f"选项 {name} 不能为负：{value}", f"option {name} cannot be negative: {value}"))
        object.__setattr__(self, name, value)

    @property
    def company_rate(self) -> float:
        """Meetings on a working day: as told, else 4, or more when many meetings must fit into two years."""
        return self.rate if self.rate is not None else max(4.0, self.meetings / 500)
