"""What a check is: a function with its titles, severity, needs and thresholds as data, and what it yields."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from ytxdata.errors import UsageError, cannot_be
from ytxdata.labels import NO_TEXT, Text, closest
from ytxdata.times import beijing_text, instant_of

if TYPE_CHECKING:
    from ytxdata.audit.data import Data

Severity = Literal["warn", "crit"]
SEVERITIES: tuple[Severity, ...] = ("warn", "crit")
"""From mild to grave."""

SEVERITY_WORDS = {"warn": Text("警告", "warn"), "crit": Text("严重", "crit")}
STATUS_WORDS = {
    "new": Text("新出现", "new"),
    "persisting": Text("仍存在", "persisting"),
    "resolved": Text("已不存在", "resolved"),
    "accepted": Text("已接受", "accepted"),
}
"""Key → what people read."""

WARN = Text("warn", "warn")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing a check found.

    Parameters
    ----------
    record_ids
        Ids of the meetings that show it.
    text
        What was found, in both languages.
    severity
        `warn` or `crit`.
    measured, threshold
        What was measured and what it was held against; None where there is no number.
    mark
        What tells this finding from all others of its check, the same on every run and machine; by default the record
        ids. Never a telephone number: a short hash of one can be undone by trying all.
    at
        The instant it belongs to; by default the latest start of its records.
    pull_ids
        The pulls that prove it; by default those that brought its records.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> from ytxdata.metrics import Text
    >>> ytx.audit.Finding(record_ids=("1",), text=Text("一", "one")).severity
    'warn'
    """

    record_ids: tuple[str, ...]
    text: Text
    severity: Severity = "warn"
    measured: float | None = None
    threshold: float | None = None
    mark: tuple[str, ...] = ()
    at: datetime | None = None
    pull_ids: tuple[str, ...] = ()

    def id_in(self, check: str, called: Callable[[str], str] = str) -> str:
        """Return the id of the finding: the same facts give the same id on any machine, but for those that are
        `called` by a keyed name.

        Examples
        --------
        >>> one = Finding(record_ids=("2", "1"), text=Text("", ""))
        >>> same = Finding(record_ids=("1", "2"), text=Text("甲", "a"))
        >>> one.id_in("burst") == same.id_in("burst")
        True
        """
        facts = json.dumps([check, *map(called, self.mark or sorted(self.record_ids))], ensure_ascii=False)
        return hashlib.sha256(facts.encode()).hexdigest()[:16]


class Checking(Protocol):
    """A check's function: the data, then its parameters by name."""

    def __call__(self, data: Data, /, **parameters: Any) -> Iterator[Finding]:
        """Yield what is found."""


F = TypeVar("F", bound=Callable[..., Iterator[Finding]])


@dataclass(frozen=True)
class Check:
    """A check as data: its key, titles, rule of severity, origin, what it needs, and which parameters are thresholds.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> ytx.audit.CHECKS["burst"].parameters
    {'count': 5, 'within_s': 600}
    """

    key: str
    title: Text
    severity: Text
    origin: Text
    needs: tuple[str, ...]
    thresholds: tuple[str, ...]
    function: Checking

    @property
    def parameters(self) -> dict[str, Any]:
        """Name → default of what the check may be told: the keyword arguments of its function."""
        signature = inspect.signature(self.function)
        return {name: one.default for name, one in signature.parameters.items() if one.kind is one.KEYWORD_ONLY}

    def told(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters of one run.

        Raises
        ------
        UsageError
            There is no such parameter, or a number was expected.
        """
        known = self.parameters
        for name, value in given.items():
            if name not in known:
                raise unknown(Text("参数", "parameter"), f"{self.key}.{name}", [f"{self.key}.{one}" for one in known])
            if isinstance(known[name], int | float) and (
                isinstance(value, bool) or not isinstance(value, int | float) or value < 0
            ):
                raise cannot_be(
                    f"{self.key}.{name}", value, Text("请给不为负的数", "give a number that is not negative")
                )
        return known | dict(given)


CHECKS: dict[str, Check] = {}
"""Key → check, in the order in which they run. `check` adds to it."""


def check(
    key: str,
    zh: str,
    en: str,
    *,
    severity: Text = WARN,
    origin: Text = NO_TEXT,
    needs: tuple[str, ...] = (),
    thresholds: tuple[str, ...] = (),
) -> Callable[[F], F]:
    """Register a function as a check; one with the same key takes its place.

    Parameters
    ----------
    key, zh, en
        Key and titles.
    severity
        The rule by which a finding is `warn` or `crit`, in words.
    origin
        Where the threshold comes from.
    needs
        What the data must have, keys of `ytxdata.audit.data.NEEDS`; without it the check is told as *not run*.
    thresholds
        Which of the keyword arguments are thresholds: `Findings.sensitivity` halves and doubles them.

    Examples
    --------
    >>> @check("friday_evening", "周五晚间", "friday evening")
    ... def friday_evening(data, *, from_hour=18):
    ...     late = "s // 86400 % 7 = 1 AND s % 86400 // 3600 >= ?"
    ...     for row in data.rows(f"SELECT meeting_id, s FROM meetings WHERE {late}", from_hour):
    ...         yield Finding(record_ids=(row["meeting_id"],), text=Text("周五晚间开会", "a meeting on friday evening"))
    >>> CHECKS.pop("friday_evening").parameters
    {'from_hour': 18}
    """

    def register(function: F) -> F:
        CHECKS[key] = Check(key, Text(zh, en), severity, origin, needs, thresholds, function)
        return function

    return register


def unknown(what: Text, given: str, known: list[str]) -> UsageError:
    """Return the error for a name that nobody knows, with the one that was probably meant."""
    near = closest(given, known)
    hint = (
        Text(f"是否想写 {near}？", f"did you mean {near}?")
        if near
        else Text("可用：" + "、".join(known), "use one of: " + ", ".join(known))
    )
    return UsageError(Text(f"没有这个{what.zh}：{given}", f"there is no {what.en} {given}"), remedy=hint)


def size_class(value: float) -> str:
    """Return how large something is that grows from audit to audit, as a power of two: who accepts it has not accepted
    what is twice as large.

    Examples
    --------
    >>> [size_class(share) for share in (5, 7.9, 8, 60)]
    ['3', '3', '4', '6']
    """
    return str(int(value).bit_length())


def span(seconds: float) -> str:
    """Return a length of time as people read it.

    Examples
    --------
    >>> span(14400), span(6), span(-75)
    ('4:00:00', '0:00:06', '-0:01:15')
    """
    whole = round(abs(seconds))
    sign = "-" if seconds < 0 else ""
    return f"{sign}{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"


def when(second: int | None) -> str:
    """Return a local epoch second as people read it; `—` when it is unknown."""
    return "—" if second is None else beijing_text(instant_of(second))


def those(ids: Sequence[str]) -> Text:
    """Return a few ids, and how many more there are.

    Examples
    --------
    >>> those(["1", "2", "3", "4"]).en
    '1, 2, 3 and 1 more'
    """
    rest = len(ids) - 3
    zh, en = "、".join(ids[:3]), ", ".join(ids[:3])
    return Text(f"{zh} 等 {len(ids)} 场", f"{en} and {rest} more") if rest > 0 else Text(zh, en)
