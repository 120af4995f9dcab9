"""What an emulator can be told, all of it data: how it answers, and what goes wrong, by a table of faults.

Most of it may be changed while the server runs. When a fault strikes is decided by counting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Literal, NamedTuple

from ytxdata.emulator.dialects import DIALECTS, SHAPES
from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.platform.limits import is_loopback
from ytxdata.times import Instant

Stage = Literal["code", "envelope", "records", "reply", "wire"]


class Kind(NamedTuple):
    """One kind of fault: where it strikes, its argument when none is given, and what it does."""

    stage: Stage
    default: float
    does: Text


KINDS: dict[str, Kind] = {
    "code": Kind("code", -100, Text("返回状态码 ARG", "answers with status code ARG")),
    "throttle": Kind("code", -104, Text("请求频率过高（-104）", "too many requests (-104)")),
    "server_fault": Kind("code", -100, Text("异常错误（-100）", "internal fault (-100)")),
    "no_code": Kind("envelope", 0, Text("回答没有 statusCode", "the answer has no statusCode")),
    "number_code": Kind("envelope", 0, Text("statusCode 是数字", "statusCode is a JSON number")),
    "malformed": Kind("records", 1, Text("混入 ARG 条语法错误的记录", "mixes in ARG records with broken syntax")),
    "no_id": Kind("records", 1, Text("混入 ARG 条没有会议号的记录", "mixes in ARG records without an id")),
    "not_object": Kind("records", 1, Text("混入 ARG 条不是对象的记录", "mixes in ARG records that are no object")),
    "doubled": Kind("records", 1, Text("ARG 条记录出现两次", "lists ARG records twice")),
    "http": Kind("reply", 500, Text("HTTP 状态 ARG，空内容", "HTTP status ARG, empty body")),
    "http_html": Kind("reply", 502, Text("HTTP 状态 ARG，网页", "HTTP status ARG with a web page")),
    "http_json": Kind(
        "reply", 500, Text("HTTP 状态 ARG，内容仍是回答", "HTTP status ARG, the body still is the answer")
    ),
    "html": Kind("reply", 200, Text("HTTP 200，网页代替 JSON", "HTTP 200 with a web page instead of JSON")),
    "redirect": Kind("reply", 307, Text("重定向（状态 ARG）", "redirects with HTTP status ARG")),
    "empty_body": Kind("reply", 200, Text("空内容", "an empty body")),
    "garbage_body": Kind("reply", 512, Text("ARG 个随机字节作内容", "a body of ARG random bytes")),
    "not_an_answer": Kind("reply", 0, Text("内容是 JSON 数组而不是回答", "a JSON array instead of an answer")),
    "cut_json": Kind(
        "reply", 0.5, Text("只给内容的 ARG，长度如实", "only the share ARG of the body, its length honest")
    ),
    "bom": Kind("reply", 0, Text("内容前有 BOM", "a byte order mark before the body")),
    "gzip": Kind("reply", 0, Text("gzip 压缩", "compressed with gzip")),
    "bad_gzip": Kind("reply", 0, Text("声称 gzip 而不是", "says gzip and is not")),
    "gzip_bomb": Kind("reply", 512, Text("解压后 ARG MiB 的小回答", "a small answer that unpacks to ARG MiB")),
    "drop": Kind("wire", 0, Text("未回答即断开", "drops the connection before the answer")),
    "drop_after_headers": Kind("wire", 0, Text("发出包头后断开", "drops the connection after the headers")),
    "truncate": Kind(
        "wire", 0.5, Text("发出内容的 ARG 后断开", "drops the connection after the share ARG of the body")
    ),
    "truncate_chunked": Kind("wire", 0.5, Text("同上，分块传输", "the same with chunked transfer")),
    "short_length": Kind(
        "wire", 0.5, Text("Content-Length 只有实际的 ARG", "Content-Length is the share ARG of the truth")
    ),
    "garbage": Kind("wire", 512, Text("ARG 个不是 HTTP 的字节", "ARG bytes that are no HTTP")),
    "slow": Kind("wire", 1, Text("ARG 秒后才回答", "waits ARG seconds before it answers")),
    "drip": Kind("wire", 0.05, Text("每 ARG 秒一个字节", "one byte every ARG seconds")),
    "hang": Kind("wire", 0, Text("永不回答", "never answers")),
    "hang_after_headers": Kind("wire", 0, Text("发出包头后再无声息", "falls silent after the headers")),
    "flood": Kind("wire", 512, Text("ARG MiB 的无长度回答", "an answer of ARG MiB that tells no length")),
}
"""Every kind of fault by its name."""

FIXED_CODES = {"throttle": "-104", "server_fault": "-100"}

_READ: dict[str, type[int] | type[float]] = {
    "count": int,
    "every": int,
    "after": int,
    "seed": int,
    "probability": float,
}


@dataclass
class Fault:
    """One fault and when it strikes: always, unless told otherwise.

    Parameters
    ----------
    kind
        A key of `KINDS`.
    arg
        Its argument; None for the kind's own.
    count
        It strikes at most so many times.
    every
        It strikes at every so-many-th request.
    after
        The first so many requests are spared.
    probability
        It strikes with this probability, decided by `seed` and the number of the request: the same in every run.

    Examples
    --------
    >>> fault = Fault.parse("throttle,count=2,after=1")
    >>> [fault.strikes() for _ in range(5)]
    [False, True, True, False, False]
    >>> str(Fault.parse("code=-999,every=3"))
    'code=-999,every=3'
    """

    kind: str
    arg: float | None = None
    count: int | None = None
    every: int = 1
    after: int = 0
    probability: float = 1.0
    seed: int = 0
    seen: int = field(default=0, compare=False)
    struck: int = field(default=0, compare=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UsageError(
                Text(f"没有这种故障：{self.kind}", f"there is no such fault: {self.kind}"),
                remedy=Text("可选：" + "、".join(KINDS), "choose one of: " + ", ".join(KINDS)),
            )
        if self.every < 1 or self.after < 0 or not 0 <= self.probability <= 1:
            raise UsageError(Text(f"故障 {self.kind} 的次数不合法", f"fault {self.kind} is scheduled impossibly"))

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Return the fault that `KIND[=ARG][,count=N][,every=N][,after=N][,probability=P]` describes."""
        head, *rest = (part.strip() for part in text.split(","))
        kind, _, arg = head.partition("=")
        try:
            told = {name: _READ[name](value) for name, value in (part.split("=", 1) for part in rest)}
            return cls(kind, float(arg) if arg else None, **told)  # type: ignore[arg-type]  # by name
        except (KeyError, ValueError) as error:
            if isinstance(error, UsageError):
                raise
            raise UsageError(
                Text(f"看不懂的故障：{text!r}", f"cannot read the fault {text!r}"),
                remedy=Text(
                    "写成 KIND[=ARG][,count=N][,every=N][,after=N][,probability=P]",
                    "write KIND[=ARG][,count=N][,every=N][,after=N][,probability=P]",
                ),
            ) from None

    @classmethod
    def of(cls, fault: str | Fault) -> Fault:
        """Return a fault given as text or as itself."""
        return cls.parse(fault) if isinstance(fault, str) else fault

    @property
    def stage(self) -> Stage:
        """Where it strikes."""
        return KINDS[self.kind].stage

    @property
    def value(self) -> float:
        """Its argument, or the kind's own."""
        return KINDS[self.kind].default if self.arg is None else self.arg

    def strikes(self) -> bool:
        """Count one request, and return whether the fault strikes at it."""
        self.seen += 1
        turn = self.seen - self.after
        due = turn > 0 and turn % self.every == 0 and (self.count is None or self.struck < self.count)
        if due and self.probability < 1:
            due = Random(f"{self.seed}|{self.kind}|{self.seen}").random() < self.probability  # noqa: S311
        self.struck += due
        return due

    def __str__(self) -> str:
        head = self.kind if self.arg is None else f"{self.kind}={self.arg:g}"
        plain = {"count": None, "every": 1, "after": 0, "probability": 1.0, "seed": 0}
        rest = [f"{name}={getattr(self, name):g}" for name, usual in plain.items() if getattr(self, name) != usual]
        return ",".join([head, *rest])


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

    The company (fixed once the server runs): `accounts` (how many there are, each with a company of its own, from
    `seed` upwards), `meetings` (how many it has held when the server starts: the newest ones), `seed`, `rate`
    (meetings on a working day; None spreads many meetings over about two years), `until` (its clock at the start; None
    is today 00:00 in Beijing), `planted` (with the cases an audit must find), `id_style`.

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
    accounts: int = 1
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
        if name == "accounts" and (not isinstance(value, int) or value < 1):
            raise UsageError(Text(f"至少要有一个账户：{value}", f"there must be at least one account: {value}"))
        object.__setattr__(self, name, value)

    @property
    def company_rate(self) -> float:
        """Meetings on a working day: as told, else 4, or more when many meetings must fit into two years."""
        return self.rate if self.rate is not None else max(4.0, self.meetings / 500)
