"""Who may ask, and what: one request in, one status code out, by the emulator's own reading of the interface text.

Nothing here is shared with the client's signing, so that the two can disagree. The order of the checks is the
order of this page: who asks, then what is asked, then whether it may be asked here.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import md5
from typing import TypedDict

from ytxdata.emulator.options import Options
from ytxdata.times import BEIJING


class Credentials(TypedDict):
    """What a client is told to ask as an account."""

    account_sid: str
    auth_token: str
    app_id: str


@dataclass(frozen=True)
class Account:
    """One account with an application of its own and the sandbox's test application."""

    sid: str
    token: str = field(repr=False)
    app_id: str
    sandbox_app_id: str

    @classmethod
    def of(cls, seed: int) -> Account:
        """Return the account of a seed."""
        sid, token, app_id, sandbox = (
            md5(f"{seed}|{what}".encode(), usedforsecurity=False).hexdigest()
            for what in ("account", "token", "application", "test application")
        )
        return cls(sid, token, app_id, sandbox)

    def app_for(self, environment: str) -> str:
        """Return the application that may be used in an environment."""
        return self.sandbox_app_id if environment == "sandbox" else self.app_id


ACTION = "queryMeeting"
VERSION, FUNC, FUN_URL = "201612", "call", "MeetingQuery.wx"
REQUIRED = ("action", "appid", "confid", "meetingcount")
MAY_BE_EMPTY = frozenset({"confid"})

_ROOM = re.compile(r"[0-9A-Za-z_-]{0,64}")
_COUNT = re.compile(r"[0-9]{1,18}")
_STAMP = re.compile(r"[0-9]{14}")


@dataclass(frozen=True)
class ReceivedRequest:
    """One request as it arrived."""

    sid: str
    sign: str | None
    authorization: str | None
    body: bytes
    client_ip: str


@dataclass(frozen=True)
class CheckedRequest:
    """What the gate says; `confid` and `count` are what was asked, as far as it could be read."""

    code: str
    confid: str | None = None
    count: int | None = None


def judge(
    ask: ReceivedRequest, account: Account, options: Options, clock: datetime, *, is_throttled: bool
) -> CheckedRequest:
    """Return the verdict on a request at an instant of the server's clock."""
    code = _identity(ask, account, options, clock)
    if code is None and is_throttled:
        code = "-104"
    if code is not None:
        return CheckedRequest(code)
    code, asked = _parameters(ask.body)
    confid, count = asked.get("confid"), asked.get("meetingcount")
    known = CheckedRequest(
        "0",
        confid if isinstance(confid, str) else None,
        int(count) if isinstance(count, str) and _COUNT.fullmatch(count) else None,
    )
    code = code or _application(asked["appid"], ask.client_ip, account, options)
    return known if code is None else CheckedRequest(code, known.confid, known.count)


def _identity(ask: ReceivedRequest, account: Account, options: Options, clock: datetime) -> str | None:
    """Judge who asks: the account, the header and its age, the signature."""
    if ask.sid != account.sid:
        return "-200"
    if not ask.sign:
        return "-2"
    stamp = _stamp_of(ask.authorization, ask.sid)
    if stamp is None:
        return "-202"
    try:
        signed_at = datetime.strptime(stamp, "%Y%m%d%H%M%S").replace(tzinfo=BEIJING)
    except ValueError:
        return "-202"
    if abs((clock - signed_at).total_seconds()) > options.max_age_s:
        return "-202"
    expected = hashlib.md5(f"{account.sid}{account.token}{stamp}".encode(), usedforsecurity=False).hexdigest()
    if ask.sign.lower() != expected:
        return "-203"
    return "-201" if options.account_state == "suspended" else None


def _stamp_of(authorization: str | None, sid: str) -> str | None:
    """Return the time stamp of an Authorization header, None when it is malformed or names another account."""
    try:
        text = base64.b64decode((authorization or "").strip(), validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return None
    name, bar, stamp = text.partition("|")
    return stamp if bar and name == sid and _STAMP.fullmatch(stamp) else None


def _parameters(body: bytes) -> tuple[str | None, dict[str, str]]:
    """Judge what is asked: JSON, every parameter there, the action, the values."""
    try:
        asked = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        return "-4", {}
    if not isinstance(asked, dict):
        return "-4", {}
    if any(name not in asked or (asked[name] == "" and name not in MAY_BE_EMPTY) for name in REQUIRED):
        return "-2", asked
    if asked["action"] != ACTION:
        return "-3", asked
    if not all(isinstance(asked[name], str) for name in REQUIRED):
        return "-101", asked
    if not _COUNT.fullmatch(asked["meetingcount"]) or int(asked["meetingcount"]) < 1:
        return "-101", asked
    return None if _ROOM.fullmatch(asked["confid"]) else "-1", asked


def _application(app_id: str, client_ip: str, account: Account, options: Options) -> str | None:
    """Judge whether the application may ask, from here, and whether the account can pay."""
    production = options.environment == "production"
    if app_id != account.app_for(options.environment):
        return "-205"
    if production and options.whitelist and client_ip not in options.whitelist:
        return "-205"
    if production and options.app_state != "online":
        return "-205"
    return "-204" if options.account_state == "no_balance" else None
