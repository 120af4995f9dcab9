"""From where to where anything is known, account by account: what share of a period that is, and who lacks some of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ytxdata import times
from ytxdata.history.proof.policy import DEFAULT_POLICY
from ytxdata.labels import Text, in_one
from ytxdata.times import local_second

Edges = tuple[int | None, int | None]
"""Begin and end [local epoch seconds]; None where it is open."""

_SETTLE = int(DEFAULT_POLICY.settle.total_seconds())
_NAMED = 20
_DAY = 86_400


@dataclass(frozen=True)
class KnownSpans:
    """From where to where anything is known of each account.

    Parameters
    ----------
    spans
        Account → the begin of what is claimed (None where nothing is) and the last pull, or today, in local epoch
        seconds; None where nothing of it can be read. What is of one account alone, or of no certificate, has one.

    Examples
    --------
    >>> north_and_young = KnownSpans({"north": (0, 1000), "young": (500, 1000)})
    >>> north_and_young.begin, north_and_young.share((0, 1000), (None, None))
    (0, 75.0)
    """

    spans: Mapping[str, tuple[int | None, int] | None]

    @classmethod
    def of(cls, certificate: Any) -> KnownSpans:
        """Return what a certificate of one account, of many, or of none at all says."""
        now = local_second(times.now())

        def span(one: Any) -> tuple[int | None, int]:
            start, end = getattr(one, "start", None), getattr(one, "end", None)
            return None if start is None else local_second(start), now if end is None else min(now, local_second(end))

        many = getattr(certificate, "accounts", None)
        if many is None:
            return cls({"": span(certificate)})
        return cls({name: None if one.start is None else span(one) for name, one in many.items()})

    @property
    def begin(self) -> int | None:
        """Where the first of them begins: one account that came later makes nothing before it unknown of the others."""
        return min((span[0] for span in self.spans.values() if span and span[0] is not None), default=None)

    @property
    def last(self) -> int:
        """Where the data ends. Accounts are asked one after the other: those that were within the settling time of the
        newest end together, where the first of them does; one that was not asked since is behind, and ends nothing.
        """
        ends = [span[1] for span in self.spans.values() if span]
        newest = max(ends, default=local_second(times.now()))
        return min((end for end in ends if newest - end <= _SETTLE), default=newest)

    def in_whole_days(self) -> KnownSpans:
        """Return the days of which all is known: a share of these tells no instant, and none that is partial is whole.

        Examples
        --------
        >>> KnownSpans({"north": (36_000, 300_000)}).in_whole_days().spans
        {'north': (86400, 259200)}
        """
        return KnownSpans({
            name: span and (None if span[0] is None else -(-span[0] // _DAY) * _DAY, span[1] // _DAY * _DAY)
            for name, span in self.spans.items()
        })  # fmt: skip

    def of_accounts(self, accounts: Collection[str] | None) -> KnownSpans:
        """Return what is known of some accounts; of all with None, and where nothing is said of accounts."""
        if accounts is None or not self.spans.keys() >= set(accounts):
            return self
        return KnownSpans({name: self.spans[name] for name in accounts})

    def share(self, edges: Edges, asked: Edges) -> float | None:
        """Return the share of a period [%] that lies in what was asked for and in what is claimed: the time of all
        accounts together. An edge that is open is where the data of each begins or ends, of an account that was never
        read where that of the others does; with both open that one adds no time. None where no time is left.
        """
        inside = whole = 0
        # by one edge an account was asked for, too: without it a total was whole of which no month was
        others = (None, None) if edges == (None, None) else (self.begin, self.last)
        for span in self.spans.values():
            known = span or others
            first = max((edge for edge in (asked[0], known[0]) if edge is not None), default=None)
            last = min((edge for edge in (asked[1], known[1]) if edge is not None), default=None)
            begin, end = (given if one is None else one for one, given in zip(edges, (first, last), strict=True))
            if begin is None or end is None or end <= begin:
                continue
            whole += end - begin
            if span and last is not None:
                inside += max(0, min(end, last) - max(begin, begin if first is None else first))
        return inside * 100 / whole if whole else None

    def note(self, spans: Iterable[tuple[datetime, datetime]]) -> tuple[Text, ...]:
        """Return a note that names the accounts that lack some of these periods, which others have: what changed may
        be that alone. It tells no instants, which of an account of one person are of that person's meetings.
        """
        edges = [(local_second(start), min(local_second(end), self.last)) for start, end in spans]
        known = {name: (span[0], span[1]) for name, span in self.spans.items() if span and span[0] is not None}
        told: list[Text] = []
        for zh, en, names in (
            ("{names} 的数据开始得晚", "the data of {names} begins later",
             [name for name, span in known.items() if any(span[0] > start and end > start for start, end in edges)]),
            ("{names} 的数据结束得早", "the data of {names} ended earlier",
             [name for name, span in known.items() if any(span[1] < end and end > start for start, end in edges)]),
        ):  # fmt: skip
            if names:
                more = len(names) - _NAMED
                listed = "、".join(names[:_NAMED]) + (f" 等 {len(names)} 个账户" if more > 0 else "")
                spoken = ", ".join(names[:_NAMED]) + (f" and {more} more accounts" if more > 0 else "")
                told.append(Text(zh.format(names=listed), en.format(names=spoken)))
        if not told or len(self.spans) < 2:
            return ()
        zh, en = in_one(told)
        return (
            Text(
                f"警告：所比时段并非每个账户都有数据：{zh}；变化可能仅由此而来",
                f"warning: not every account has data of all of the time compared: {en}; what changed may be that alone",
            ),
        )
