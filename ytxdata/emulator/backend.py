"""The emulated platform without its sockets: who may ask and what, its clock, the records it holds, its log.

One request in, one reply out, by the emulator's own reading of the interface text: nothing here is shared with the
client's signing, so that the two can disagree. The order of the checks is the order of this page: who asks, then what
is asked, then whether it may be asked here.
"""

from __future__ import annotations

import base64
import binascii
import copy
import json
import re
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import md5
from itertools import islice
from random import Random
from typing import Any, TypedDict

from ytxdata import times
from ytxdata.emulator.company import FOUNDED, Company
from ytxdata.emulator.listing import HeldRecord, Listed, chosen, invoice, listed, roster, tell, utc_text
from ytxdata.emulator.meeting import Meeting
from ytxdata.emulator.options import FIXED_CODES, Fault, Options
from ytxdata.emulator.planted_cases import Planted, plant
from ytxdata.emulator.responses import Reply, compose, spoil_reply
from ytxdata.errors import UsageError
from ytxdata.labels import Text
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
    expected = md5(f"{account.sid}{account.token}{stamp}".encode(), usedforsecurity=False).hexdigest()
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


@dataclass(frozen=True)
class Asked:
    """One line of the log; holds no signature, no header and no token."""

    number: int
    at: datetime
    path: str
    content_type: str
    is_signed: bool
    confid: str | None
    count: int | None
    code: str | None
    http_status: int
    n_records: int
    n_bytes: int
    faults: tuple[str, ...]


class Backend:
    """Everything the platform knows and does; safe to change from another thread between two requests."""

    def __init__(self, options: Options, seed: int | None = None, now: int | None = None) -> None:
        self.options = options
        seed = options.seed if seed is None else seed
        self.account = Account.of(seed)
        self.company = Company(seed, options.company_rate, self.account.app_for(options.environment), options.id_style)
        until = options.until if options.until is not None else times.now().astimezone(times.BEIJING).date()
        self.now = int(times.as_instant(until, name="until").timestamp()) if now is None else now
        self.planted = plant(self.company, self.now) if options.planted else Planted()
        self.entries = self._newest(options.meetings)
        self.faults = [Fault.of(fault) for fault in options.faults]
        self.requests: list[Asked] = []
        self.lock = threading.RLock()
        self._request_ids = Random(f"{seed}|requests")  # noqa: S311  # a play, no secret
        self._recent: deque[float] = deque()
        self._n_errors = 0

    def _newest(self, count: int) -> list[HeldRecord]:
        """Return the newest entries, planted ones among them, oldest first."""
        held = [HeldRecord.of(meeting) for meeting in islice(self.company.before(self.now), count)]
        if len(held) < count:
            raise UsageError(
                Text(
                    f"公司自 {FOUNDED} 成立以来没有开过 {count} 场会议",
                    f"the company, founded on {FOUNDED}, has not held {count} meetings",
                ),
                remedy=Text("请提高 rate，或减少 meetings", "raise rate, or ask for fewer meetings"),
            )
        held = sorted([*held, *self.planted.entries], key=lambda entry: -entry.first.started_at)
        if any(entry.first.kind.startswith("planted") for entry in held[count:]):
            raise UsageError(
                Text(f"{count} 场会议放不下审计样本", f"{count} meetings are too few to hold the planted cases"),
                remedy=Text("请把 meetings 设为 500 以上", "set meetings to 500 or more"),
            )
        return held[:count][::-1]

    # The company's clock and what people do to the book.

    @property
    def clock(self) -> datetime:
        """The instant the server believes it is, in UTC."""
        real = datetime.fromtimestamp(self.now, UTC) if self.options.clock == "company" else datetime.now(UTC)
        return real + timedelta(seconds=self.options.clock_skew_s)

    def advance(self, span: timedelta) -> int:
        """Let time pass at the company; returns how many meetings began."""
        seconds = int(span.total_seconds())
        if seconds < 0:
            raise UsageError(Text("时间不能倒流", "time does not run backwards"))
        with self.lock:
            fresh = [HeldRecord.of(meeting) for meeting in self.company.between(self.now, self.now + seconds)]
            self.entries += fresh
            self.now += seconds
        return len(fresh)

    def entry(self, meeting_id: str) -> HeldRecord:
        """Return the entry of a meeting; of the oldest one when an id is used twice."""
        for entry in self.entries:
            if entry.first.meeting_id == meeting_id:
                return entry
        raise UsageError(Text(f"没有会议 {meeting_id}", f"there is no meeting {meeting_id}"))

    def mutate(self, meeting_id: str, **changes: Any) -> None:
        """Change fields of a record from now on, behind everybody's back."""
        with self.lock:
            entry = self.entry(meeting_id)
            current = entry.at(self.now)
            if current is None:
                raise UsageError(Text(f"会议 {meeting_id} 已消失", f"meeting {meeting_id} is gone"))
            entry.timeline.append((self.now, replace(current, **changes)))

    def vanish(self, meeting_id: str) -> None:
        """Let a record disappear from the lists from now on."""
        with self.lock:
            self.entry(meeting_id).timeline.append((self.now, None))

    def restore(self, meeting_id: str) -> None:
        """Let a record that disappeared come back as it last was."""
        with self.lock:
            entry = self.entry(meeting_id)
            last = next(meeting for _, meeting in reversed(entry.timeline) if meeting is not None)
            entry.timeline.append((self.now, last))

    def add(self, meeting: Meeting) -> None:
        """Put a meeting of one's own into the book: a late arrival is one with an early start."""
        with self.lock:
            self.entries.append(HeldRecord([(self.now, meeting)]))

    # Requests.

    def answer(self, ask: ReceivedRequest, path: str, content_type: str, base_url: str) -> tuple[Reply, list[Fault]]:
        """Return the reply to a request, and the faults that remain to be done on the wire."""
        with self.lock:
            struck = [fault for fault in self.faults if fault.strikes()]
            verdict = self._verdict(ask, struck)
            rows = self._rows(verdict)
            code = verdict.code
            if code == "0" and verdict.confid and not rows:
                code = self.options.unknown_room
            reply = compose(code, rows, self._request_id(code), self.options, struck)
            for fault in struck:
                if fault.stage == "reply":
                    reply = spoil_reply(reply, fault, base_url)
            self.log(ask, path, content_type, verdict=replace(verdict, code=code), reply=reply, faults=struck)
            return reply, [fault for fault in struck if fault.stage == "wire"]

    def log(
        self,
        ask: ReceivedRequest,
        path: str,
        content_type: str,
        *,
        reply: Reply,
        verdict: CheckedRequest | None = None,
        faults: Sequence[Fault] = (),
    ) -> None:
        """Write one line of the log."""
        self.requests.append(
            Asked(
                number=len(self.requests) + 1,
                at=datetime.now(UTC),
                path=path,
                content_type=content_type,
                is_signed=bool(ask.sign or ask.authorization),
                confid=verdict.confid if verdict else None,
                count=verdict.count if verdict else None,
                code=verdict.code if verdict else None,
                http_status=reply.status,
                n_records=reply.n_records,
                n_bytes=reply.length,
                faults=tuple(str(fault) for fault in faults),
            )
        )

    def _verdict(self, ask: ReceivedRequest, struck: Sequence[Fault]) -> CheckedRequest:
        verdict = judge(ask, self.account, self.options, self.clock, is_throttled=self._is_throttled())
        for fault in struck:
            if fault.stage == "code":
                verdict = replace(verdict, code=FIXED_CODES.get(fault.kind, f"{fault.value:g}"))
            elif fault.kind == "http_json":
                verdict = replace(verdict, code="-100")
        return verdict

    def _rows(self, verdict: CheckedRequest) -> list[Listed]:
        if verdict.code != "0" or verdict.count is None:
            return []
        if verdict.confid:
            entries = [entry for entry in self.entries if entry.first.meeting_id == verdict.confid]
            return listed(entries, self.now, self.options)[: verdict.count]
        return chosen(listed(self.entries, self.now, self.options), verdict.count, self.options)

    def _request_id(self, code: str) -> str | None:
        """Return a new request id; an error has an empty one or none."""
        if code == "0":
            return f"{self._request_ids.randrange(10**28, 10**29)}"
        style = self.options.error_request_id
        self._n_errors += 1
        if style == "alternate":
            style = "empty" if self._n_errors % 2 else "absent"
        return "" if style == "empty" else None

    def _is_throttled(self) -> bool:
        """Count a request, and return whether there were too many of late; a refused one counts too."""
        if self.options.rate_limit is None:
            return False
        present = time.monotonic()
        while self._recent and self._recent[0] <= present - self.options.rate_window_s:
            self._recent.popleft()
        self._recent.append(present)
        return len(self._recent) > self.options.rate_limit

    def truth(self) -> dict[str, Any]:
        """Return what there really is, as JSON can hold it, whatever shape or dialect the answers have."""
        with self.lock:
            people = [*self.company.staff, *self.company.partners, *self.planted.people]
            return {
                "now": utc_text(self.now),
                "account_sid": self.account.sid,
                "app_id": self.company.app_id,
                **tell(self.entries, self.now),
                "planted": copy.deepcopy(self.planted.cases),
                "roster": roster(people),
                "invoice": self.planted.bill(invoice(self.entries, self.now)),
            }


class Backends(Mapping[str, Backend]):
    """The accounts that one server answers for, by name: a company each, which is founded when it is first asked of.

    A thousand of them are a thousand names until then. Options, faults and log are shared; clocks go together.
    """

    def __init__(self, options: Options) -> None:
        self.first = Backend(options)
        self._began, width = self.first.now, len(str(options.accounts))
        seeds = {f"account-{place + 1:0{width}d}": options.seed + place for place in range(options.accounts)}
        self.known = {name: Account.of(seed) for name, seed in seeds.items()}
        self._seeds, self._names = seeds, {account.sid: name for name, account in self.known.items()}
        self._founded = {next(iter(seeds)): self.first}

    def __getitem__(self, name: str) -> Backend:
        if name not in self._founded:
            first = self.first
            with first.lock:
                backend = Backend(first.options, self._seeds[name], self._began)
                backend.requests, backend.faults = first.requests, first.faults
                backend.advance(timedelta(seconds=first.now - self._began))
                self._founded[name] = backend
        return self._founded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._seeds)

    def __len__(self) -> int:
        return len(self._seeds)

    def of_sid(self, sid: str) -> Backend:
        """Return who answers a request; the first account's refuses a SID that is nobody's."""
        name = self._names.get(sid)
        return self.first if name is None else self[name]

    def advance(self, span: timedelta) -> int:
        """Let time pass at every company; returns how many meetings began at those that were asked of."""
        with self.first.lock:  # one that is founded meanwhile would be left a span behind
            return sum(backend.advance(span) for backend in self._founded.values())

    def set_faults(self, faults: Sequence[str | Fault]) -> None:
        """Replace the faults of all; one that is to strike twice strikes twice in all."""
        told = [Fault.of(fault) for fault in faults]
        with self.first.lock:
            for backend in self._founded.values():
                backend.faults = told
