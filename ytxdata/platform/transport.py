"""One question to the platform: sent signed, tried again where that helps, answered by an Answer or a typed error.

What requests and urllib3 raise holds the whole signed address; an error of ours that leaves here has nothing of it.

Source: seed, 优先必读 5, 公共参数, 请求包头, 请求参数.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

from requests import PreparedRequest, Response, Session
from requests.auth import AuthBase

from ytxdata import times
from ytxdata.errors import ClockError, NotJsonError, RiskWarning, TimeLimitError, TruncatedError, UsageError, YtxError
from ytxdata.labels import HIDDEN, Text
from ytxdata.platform.codes import DESPITE_HTTP, NO_STATUS, OK, clocked, refusal
from ytxdata.platform.failures import POLICY, Rule, http_error, named, redirected, run
from ytxdata.platform.limits import ACCEPTED_ENCODING, LONGEST_S, Wires, announces_length, read_body, within
from ytxdata.platform.settings import Settings
from ytxdata.records.aliases import DEFAULT, Aliases
from ytxdata.records.answer import Answer, read_answer, told_by
from ytxdata.redact import cut_secrets, guard_logs, mask_id, scrub

_TELLING = 8
"""Characters from which a SID or token is looked for in other texts; shorter ones are part of ordinary words."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What could steer a terminal; tab and line feed may stay."""


def sign(settings: Settings, stamp: str) -> str:
    """Return the Sign of a time stamp: MD5 of SID, token and stamp as 32 upper-case hex digits, leading zeros kept.

    Examples
    --------
    >>> sign(Settings.load(account_sid="abc", auth_token="def", app_id="app"), "20140416142030")
    'F7A8C4E3D70B0146A78190866E090F6E'
    """
    signed = f"{settings.account_sid}{settings.auth_token.get_secret_value()}{stamp}".encode()
    return hashlib.md5(signed, usedforsecurity=False).hexdigest().upper()


def authorization(settings: Settings, stamp: str) -> str:
    """Return the Authorization header of a time stamp: base64 of SID, a vertical bar and the stamp.

    Examples
    --------
    >>> authorization(Settings.load(account_sid="abc", auth_token="def", app_id="app"), "20140416142030")
    'YWJjfDIwMTQwNDE2MTQyMDMw'
    """
    return base64.b64encode(f"{settings.account_sid}|{stamp}".encode()).decode("ascii")


class SignedAuth(AuthBase):
    """Signs each send anew as requests prepares it: one instant, in Beijing time, in both parameter and header.

    The stamps it used are remembered, so that `hide` can take a signature out of what a server says back.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stamps: list[str] = []

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Put the signature of this moment on the request."""
        stamp = times.stamp(times.now())
        self._stamps.append(stamp)
        request.headers["Authorization"] = authorization(self._settings, stamp)
        request.url = f"{(request.url or '').partition('?')[0]}?Sign={sign(self._settings, stamp)}"
        return request

    def hide(self, text: str) -> str:
        """Return what a server said, fit for an error: no signature, no token, no control characters, the account SID
        masked.
        """
        sid, token = self._settings.account_sid, self._settings.auth_token.get_secret_value()
        secrets = [made(self._settings, stamp) for stamp in self._stamps for made in (sign, authorization)]
        secrets += [token] if len(token) >= _TELLING else []
        for secret in (form for one in secrets for form in (one, quote(one, safe=""))):
            text = re.sub(re.escape(secret), HIDDEN, text, flags=re.IGNORECASE)
        text = _CONTROLS.sub("�", scrub(text))
        return text.replace(sid, mask_id(sid)) if len(sid) >= _TELLING else text


HEADERS = {
    "Accept": "application/json;",
    "Accept-Encoding": ACCEPTED_ENCODING,
    "Content-Type": "application/json;charset=utf-8;",
    "User-Agent": "ytxdata",
}
"""Source: seed, 请求包头; what we accept compressed is our own."""

Outcome = Answer | YtxError


@dataclass(frozen=True)
class Question:
    """What is asked, and within which limits."""

    connect_limit: float
    read_limit: float
    max_bytes: int
    proxies: Mapping[str, str] | None
    trust_env: bool
    aliases: Aliases
    confid: str = ""
    meetingcount: int = 1
    attempt: int = 0

    def __repr__(self) -> str:  # proxies may hold a password
        return f"Question(confid={self.confid!r}, meetingcount={self.meetingcount}, attempt={self.attempt})"

    def body(self, app_id: str) -> bytes:
        """Return the request body; every value is a string. Source: seed, 请求参数."""
        values = {
            "action": "queryMeeting",
            "appid": app_id,
            "confid": self.confid,
            "meetingcount": str(self.meetingcount),
        }
        return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()


def exchange(settings: Settings, auth: SignedAuth, question: Question, wires: Wires) -> Outcome:
    """Send one question, signed anew, and read what comes back."""
    outcome: Outcome
    try:
        with Session() as session:
            session.trust_env = question.trust_env
            session.proxies = dict(question.proxies or {})
            session.headers.clear()
            session.mount("http://", wires)
            session.mount("https://", wires)
            asked_at = times.now()
            with session.post(
                settings.endpoint(),
                data=question.body(settings.app_id),
                headers=HEADERS,
                auth=auth,
                timeout=(question.connect_limit, question.read_limit),
                allow_redirects=False,
                stream=True,
            ) as response:
                outcome = _read(response, asked_at, settings, question)
    except Exception as error:  # whatever the HTTP stack raises is named, since its own words show the signed address
        outcome = named(error)
    return _cleared(outcome, auth) if isinstance(outcome, YtxError) else outcome


def _cleared(error: YtxError, auth: SignedAuth) -> YtxError:
    """Take out of an error what a server may have echoed, and what hangs on it: frames and errors that show the signature."""
    error.cause = Text(*map(auth.hide, error.cause))
    error.request_id = auth.hide(error.request_id) if error.request_id else None
    error.status_code = auth.hide(error.status_code) if error.status_code else None
    error.args = (error.message(),)
    error.__context__ = error.__cause__ = None
    return error.with_traceback(None)


def _read(response: Response, asked_at: datetime, settings: Settings, question: Question) -> Outcome:
    """Judge what came back: a redirect, an answer with a meaning whatever the HTTP status, or none."""
    server_date = _date(response.headers.get("Date"))
    skew = times.clock_skew(server_date, asked_at, times.now())
    outcome: Outcome
    if 300 <= response.status_code < 400:
        outcome = redirected(response)
    else:
        raw = read_body(response, question.max_bytes)
        try:
            answer = read_answer(
                raw,
                asked_at=asked_at,
                answered_at=times.now(),
                asked_n=question.meetingcount,
                confid=question.confid,
                http_status=response.status_code,
                attempts=question.attempt,
                server_date=server_date,
                source=settings.base_url,
                aliases=question.aliases,
                is_whole=True if announces_length(response) else None,
                told=told_by(response.status_code, response.headers.items()),
            )
            outcome = _judged(answer, response)
        except (NotJsonError, TruncatedError) as error:
            outcome = error if response.ok else http_error(response.status_code)
    if isinstance(outcome, ClockError):
        outcome = clocked(outcome, skew)
    if isinstance(outcome, YtxError):
        outcome.clock_skew = skew
        outcome.http_status = response.status_code
        outcome.retry_after = _retry_after(response.headers.get("Retry-After"))
    return outcome


def _judged(answer: Answer, response: Response) -> Outcome:
    """Return the answer if it counts, with a warning where it looks odd, else the error that its status code means."""
    if answer.status_code == OK and response.ok:
        return answer
    status = response.status_code
    if answer.status_code is None and not response.ok:
        return http_error(status)
    if answer.status_code is None and answer.records:
        return replace(answer, warnings=(*answer.warnings, NO_STATUS))
    error = refusal(
        answer.status_code[:_SAID] if answer.status_code else None,
        answer.status_msg[:_SAID],
        request_id=(answer.request_id or "")[:_SAID],
        http_status=status,
    )
    if error is None and not response.ok:
        return replace(answer, warnings=(*answer.warnings, DESPITE_HTTP.format(status=status)))
    return error or answer


_SAID = 300
"""Characters of the server's own words that an error repeats at most."""


def _date(header: str | None) -> datetime | None:
    """Read an HTTP date; None when it is absent or no date."""
    try:
        moment = parsedate_to_datetime(header or "")
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def _retry_after(header: str | None) -> float | None:
    """Read a `Retry-After`, given as seconds or as an HTTP date [s from now]."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    until = _date(text)
    return None if until is None else max((until - times.now()).total_seconds(), 0.0)


class Transport:
    """Asks the platform `queryMeeting` with signed HTTP.

    Parameters
    ----------
    settings
        Who asks, and where.
    timeout
        Seconds to connect, and seconds of silence while reading; one number for both. What is not given is as set,
        else (5, 30).
    total_timeout
        Seconds for one query with all its attempts and the waits between them; ends silence and slow drips alike. What
        is not given is as set, else 60.
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

    Warns
    -----
    RiskWarning
        On the first query, once per process: the address is plain HTTP to another machine.

    Notes
    -----
    Every attempt has a connection of its own and is signed anew. What `http.client` prints with its `debuglevel`
    switched on, by hand and to stdout, is out of our reach.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        timeout: float | tuple[float, float] | None = None,
        total_timeout: float | None = None,
        max_bytes: int = 256 * 2**20,
        proxies: Mapping[str, str] | None = None,
        trust_env: bool = False,
        aliases: Aliases = DEFAULT,
        policy: Mapping[type[YtxError], Rule] = POLICY,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings = settings
        self.connect_limit, read_limit = _pair(first_given(timeout, settings.timeout, (5, 30)))
        self._total_limit = _seconds("total_timeout", first_given(total_timeout, settings.total_timeout, 60))
        most = _count("max_bytes", max_bytes)
        self._question = Question(self.connect_limit, read_limit, most, proxies, trust_env, aliases)
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
        exposed = self._settings.exposed()
        if exposed is not None:
            warnings.warn(RiskWarning(exposed), stacklevel=1)
        deadline = time.monotonic() + self._total_limit
        auth = SignedAuth(self._settings)
        attempts = 0

        def attempt() -> Outcome:
            nonlocal attempts
            left = deadline - time.monotonic()
            if left <= 0:
                return self._out_of_time()
            attempts += 1
            limit = min(self.connect_limit, left)
            question = replace(
                self._question, confid=confid, meetingcount=meetingcount, connect_limit=limit, attempt=attempts
            )
            outcome = within(left, lambda wires: exchange(self._settings, auth, question, wires))
            return self._out_of_time() if outcome is None else outcome

        outcome = run(attempt, total=self._total_limit, policy=self._policy, sleep=self._sleep)
        if isinstance(outcome, YtxError):
            outcome.attempts = attempts
            raise outcome
        return outcome

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


def first_given(*limits: Any) -> Any:
    """Return the first limit that is not None: the caller's, what is set, the usual one."""
    return next(limit for limit in limits if limit is not None)


def _pair(timeout: Any) -> tuple[float, float]:
    """Return the limits for connecting and for silence."""
    pair = timeout if isinstance(timeout, tuple) and len(timeout) == 2 else (timeout, timeout)
    return _seconds("timeout", pair[0]), _seconds("timeout", pair[1])


def _seconds(name: str, limit: Any) -> float:
    """Return a time limit that can be waited for."""
    if isinstance(limit, bool) or not isinstance(limit, int | float) or not 0 < limit <= LONGEST_S:
        raise UsageError(
            Text(
                f"{name} 必须大于 0 且不超过一天：{cut_secrets(repr(limit))}",
                f"{name} must be above 0 and no more than a day: {cut_secrets(repr(limit))}",
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
            Text(
                f"{name} 必须是正整数：{cut_secrets(repr(number))}",
                f"{name} must be a whole number above 0: {cut_secrets(repr(number))}",
            ),
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
