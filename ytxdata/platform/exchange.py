"""One attempt: a signed request goes out, and an Answer or a typed error comes back. Errors are returned, never raised.

What requests and urllib3 raise holds the whole signed address; an error of ours that leaves here has nothing of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from requests import Response, Session

from ytxdata import times
from ytxdata.errors import ClockError, NotJsonError, TruncatedError, YtxError
from ytxdata.labels import Text
from ytxdata.platform.body import ACCEPTED_ENCODING, read_body
from ytxdata.platform.faults import http_error, named, redirected
from ytxdata.platform.refusals import DESPITE_HTTP, NO_STATUS, clocked, refusal
from ytxdata.platform.settings import Settings
from ytxdata.platform.signing import SignedAuth
from ytxdata.platform.timelimit import Wires
from ytxdata.records.aliases import Aliases
from ytxdata.records.answer import Answer, read_answer

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

    confid: str
    meetingcount: int
    connect_limit: float
    read_limit: float
    max_bytes: int
    proxies: Mapping[str, str] | None
    trust_env: bool
    aliases: Aliases
    attempt: int

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
    skew = clock_skew(server_date, asked_at, times.now())
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


def clock_skew(server_date: datetime | None, asked_at: datetime, heard_at: datetime) -> float | None:
    """Return how far this clock is ahead of the server's [s]; the header drops its fraction, half a second on average."""
    if server_date is None:
        return None
    return (asked_at + (heard_at - asked_at) / 2 - server_date - timedelta(seconds=0.5)).total_seconds()


def _retry_after(header: str | None) -> float | None:
    """Read a `Retry-After`, given as seconds or as an HTTP date [s from now]."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    until = _date(text)
    return None if until is None else max((until - times.now()).total_seconds(), 0.0)
