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
        A limit is not above 0.

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
        self.connect_limit, self._read_limit = timeout if isinstance(timeout, tuple) else (timeout, timeout)
        self._total_limit = total_timeout
        self._max_bytes = max_bytes
        for name, limit in (
            ("timeout", self.connect_limit),
            ("timeout", self._read_limit),
            ("total_timeout", total_timeout),
            ("max_bytes", max_bytes),
        ):
            _require_positive(name, limit)
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
        _require_askable(confid, meetingcount)
        guard_logs()
        deadline = time.monotonic() + self._total_limit
        auth = SignedAuth(self._settings)
        attempts = 0

        def attempt() -> Outcome:
            nonlocal attempts
            attempts += 1
            left = max(deadline - time.monotonic(), 0.001)
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


def _require_positive(name: str, limit: Any) -> None:
    if isinstance(limit, bool) or not isinstance(limit, int | float) or not limit > 0:
        raise UsageError(
            Text(f"{name} 必须大于 0：{limit!r}", f"{name} must be above 0: {limit!r}"),
            remedy=Text("给出正的秒数或字节数", "give a positive number of seconds or bytes"),
        )


def _require_askable(confid: Any, meetingcount: Any) -> None:
    if isinstance(meetingcount, bool) or not isinstance(meetingcount, int) or meetingcount < 1:
        raise UsageError(
            Text(
                f"meetingcount 必须是正整数：{meetingcount!r}",
                f"meetingcount must be a whole number above 0: {meetingcount!r}",
            ),
            remedy=Text(
                "查询单个会议用 1，查询历史用任意正整数", "use 1 for one meeting, any positive number for the history"
            ),
        )
    if not isinstance(confid, str) or confid != confid.strip() or not confid.isprintable():
        raise UsageError(
            Text(
                f"confid 必须是不含空白和控制字符的文本：{confid!r}",
                f"confid must be text without blanks around it or control characters: {confid!r}",
            ),
            remedy=Text(
                '会议号请写成文本，例如 "002"；查询历史用 ""',
                'write the id as text, such as "002"; for the history use ""',
            ),
        )
