"""One question to the platform, with its limits and its further attempts."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from ytxdata.errors import TimeLimitError, UsageError, YtxError
from ytxdata.labels import Text
from ytxdata.platform.exchange import Outcome, Question, exchange
from ytxdata.platform.retries import POLICY, Rule, run
from ytxdata.platform.settings import Settings
from ytxdata.platform.signing import SignedAuth
from ytxdata.platform.timelimit import within
from ytxdata.records.aliases import DEFAULT, Aliases
from ytxdata.records.answer import Answer
from ytxdata.redact import guard_logs


class Transport:
    """Asks the platform `queryMeeting` with signed HTTP.

    Parameters
    ----------
    settings
        Who asks, and where.
    timeout
        Seconds to connect, and seconds of silence while reading; one number for both.
    total_timeout
        Seconds for one query with all its attempts and the waits between them; ends silence and slow drips alike.
    max_bytes
        Limit for one answer, before and after decompression [bytes].
    proxies, trust_env
        As in requests; without `trust_env` nothing of the environment counts (proxies, netrc, CA bundle).
    aliases
        Names of the meeting id, where records must be told from wrappers.
    policy, sleep
        What is tried again, and how the time in between passes.

    Raises
    ------
    UsageError
        A limit is not above 0, or longer than a day.

    Notes
    -----
    Every attempt has a connection of its own and is signed anew. What `http.client` prints with its `debuglevel`
    switched on, by hand and to stdout, is out of our reach.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        timeout: float | tuple[float, float] = (5, 30),
        total_timeout: float = 60,
        max_bytes: int = 256 * 2**20,
        proxies: Mapping[str, str] | None = None,
        trust_env: bool = False,
        aliases: Aliases = DEFAULT,
        policy: Mapping[type[YtxError], Rule] = POLICY,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings = settings
        self.connect_limit, self._read_limit = _pair(timeout)
        self._total_limit = _seconds("total_timeout", total_timeout)
        self._max_bytes = _count("max_bytes", max_bytes)
        self._proxies = proxies
        self._trust_env = trust_env
        self._aliases = aliases
        self._policy = policy
        self._sleep = sleep

    def __repr__(self) -> str:
        return f"Transport({self._settings!r})"

    def query(self, confid: str = "", meetingcount: int = 1) -> Answer:
        """Ask for one meeting, or for the newest `meetingcount` ones.

        Parameters
        ----------
        confid
            Id of one meeting; empty for the account's history.
        meetingcount
            Records at most, a whole number above 0.

        Returns
        -------
        Answer
            Of status 0, or without a status but with records, which a warning tells.

        Raises
        ------
        UsageError
            An argument the platform would not take; nothing was sent.
        YtxError
            What was final after the attempts that the policy allows; `.attempts` counts them.
        """
        _count("meetingcount", meetingcount)
        _require_id(confid)
        guard_logs()
        deadline = time.monotonic() + self._total_limit
        auth = SignedAuth(self._settings)
        attempts = 0

        def attempt() -> Outcome:
            nonlocal attempts
            left = deadline - time.monotonic()
            if left <= 0:
                return self._out_of_time()
            attempts += 1
            question = Question(
                confid=confid,
                meetingcount=meetingcount,
                connect_limit=min(self.connect_limit, left),
                read_limit=self._read_limit,
                max_bytes=self._max_bytes,
                proxies=self._proxies,
                trust_env=self._trust_env,
                aliases=self._aliases,
                attempt=attempts,
            )
            outcome = within(left, lambda wires: exchange(self._settings, auth, question, wires))
            return self._out_of_time() if outcome is None else outcome

        outcome = run(attempt, total=self._total_limit, policy=self._policy, sleep=self._sleep)
        if isinstance(outcome, YtxError):
            outcome.attempts = attempts
            raise outcome
        return outcome

    def close(self) -> None:
        """Do nothing: no connection outlives its query."""

    def _out_of_time(self) -> TimeLimitError:
        return TimeLimitError(
            Text(
                f"查询在 {self._total_limit:g} 秒的总时限内没有完成",
                f"the query was not done within its total limit of {self._total_limit:g} s",
            ),
            remedy=Text(
                "稍后重试；数据量大时调大 total_timeout 或减少 meetingcount",
                "try again; for much data raise total_timeout or ask for fewer meetings",
            ),
        )


_LONGEST = 86_400.0
"""Seconds in a day: more than any answer takes, and less than what operating systems can wait for."""


def _pair(timeout: Any) -> tuple[float, float]:
    """Return the limits for connecting and for silence."""
    pair = timeout if isinstance(timeout, tuple) and len(timeout) == 2 else (timeout, timeout)
    return _seconds("timeout", pair[0]), _seconds("timeout", pair[1])


def _seconds(name: str, limit: Any) -> float:
    """Return a time limit that can be waited for."""
    if isinstance(limit, bool) or not isinstance(limit, int | float) or not 0 < limit <= _LONGEST:
        raise UsageError(
            Text(
                f"{name} 必须大于 0 且不超过一天：{limit!r}",
                f"{name} must be above 0 and no more than a day: {limit!r}",
            ),
            remedy=Text(
                "以秒为单位；timeout 可以是（连接，静默）两个数",
                "give seconds; timeout may be a pair (connecting, silence)",
            ),
        )
    return limit


def _count(name: str, number: Any) -> int:
    """Return a whole number above 0."""
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise UsageError(
            Text(f"{name} 必须是正整数：{number!r}", f"{name} must be a whole number above 0: {number!r}"),
            remedy=_COUNTS[name],
        )
    return number


_COUNTS = {
    "meetingcount": Text(
        "查询单个会议用 1，查询历史用任意正整数", "use 1 for one meeting, any such number for the history"
    ),
    "max_bytes": Text("默认为 256 MiB", "the default is 256 MiB"),
}


def _require_id(confid: Any) -> None:
    """Refuse a meeting id that is no clean text; numbers lose their leading zeros."""
    if not isinstance(confid, str) or confid != confid.strip() or not confid.isprintable():
        raise UsageError(
            Text(
                f"confid 必须是文本，首尾无空白，不含控制字符：{confid!r}",
                f"confid must be text without blanks around it or control characters: {confid!r}",
            ),
            remedy=Text(
                '会议号请写成文本，例如 "002"；查询历史用 ""',
                'write the id as text, such as "002"; for the history use ""',
            ),
        )
