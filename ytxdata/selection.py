"""Only some meetings of a History, an Archive or Frames: what was selected, carried along until a report is made."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Never

from ytxdata.errors import SpokenWarning, UsageError
from ytxdata.labels import NO_TEXT, Text, closest
from ytxdata.phones import mask, normalize

CONDITIONS = {
    "creator": Text("发起人", "creator"),
    "department": Text("发起人部门", "department of the creator"),
    "name": Text("名称（正则表达式）", "name (regular expression)"),
    "meeting_id": Text("会议编号", "meeting id"),
    "number": Text("有此号码参加", "joined by the number"),
    "number_class": Text("发起人号码类别", "class of the creator's number"),
    "min_minutes": Text("至少分钟数", "at least so many minutes"),
}
"""By what meetings may be selected."""

BY_PARTIES = frozenset({"number", "min_minutes"})
"""Those conditions that a meeting's parties decide, not its own record."""

_MEANT = Text("；您是想写 {guess} 吗？", "; did you mean {guess}?")

Wanted = str | Collection[str] | None


ONLY = Text("仅含以下会议：", "only these meetings: ")
OF_ACCOUNTS = Text("其中的账户：", "accounts in it: ")
SELECTED = (ONLY.en, OF_ACCOUNTS.en)
"""How a note begins that says what was selected: meetings, or accounts of a fleet. A report less one of other meetings,
or of other accounts, is about whoever is left.
"""


class Selectable:
    """What meetings can be selected from; reports are made of the selection as of the whole."""

    def only(
        self, *, creator: Wanted = None, department: Wanted = None, name: str | None = None, meeting_id: Wanted = None,
        number: Wanted = None, number_class: Wanted = None, min_minutes: float | None = None, book: Any = None,
        **unknown: Never,
    ) -> Selection:  # fmt: skip
        """Return only some meetings, each with all its legs; nothing is read or computed before a report is made.

        The certificate stays that of the whole: what was selected from complete data is complete. Every report says
        what was selected.

        Parameters
        ----------
        creator
            Convened by one of these numbers, however they are written, or by the one person of the book of such a name.
        department
            Convened by somebody of one of these departments of the book; `not in the book` is one too.
        name
            A regular expression that its name must match somewhere.
        meeting_id
            One of these ids.
        number
            Joined by one of these numbers, or by the one person of such a name.
        number_class
            Convened from a number of one of these classes: mobile, fixed, service, premium, international, satellite,
            short, access, unknown.
        min_minutes
            At least so many meeting minutes; without what has no known end.
        book
            The address book that knows names and departments, as in `metrics.usage`.
        unknown
            Nothing else can be selected by: the error lists what can.

        Returns
        -------
        Selection
            To be given to any report in place of this; several conditions must all hold, of several values one.
            `only` narrows it further.

        Raises
        ------
        UsageError
            There is no such condition, one is empty, or a department is asked for without a book.

        Examples
        --------
        >>> from ytxdata import Frames
        >>> Frames(None, None).only(creator="139 0000 0000", min_minutes=5).said.en
        'only these meetings: creator: 139****0000; at least so many minutes: 5'
        """
        asked = {
            "creator": creator, "department": department, "name": name, "meeting_id": meeting_id, "number": number,
            "number_class": number_class, "min_minutes": min_minutes,
        }  # fmt: skip
        return selected(self, {key: value for key, value in asked.items() if value is not None} | unknown, book)


@dataclass(frozen=True)
class Selection(Selectable):
    """Some meetings of a source.

    Parameters
    ----------
    source
        What they were selected from.
    conditions
        Condition → the values that are wanted, all of which were told in `only`.
    book
        The address book that knows names and departments.
    """

    source: Any
    conditions: Mapping[str, tuple[Any, ...]]
    book: Any = None

    @property
    def said(self) -> Text:
        """What was selected, in words; numbers are masked."""
        told = [(CONDITIONS[key], [_hidden(key, one) for one in wanted]) for key, wanted in self.conditions.items()]
        zh = "；".join(f"{words.zh}：{'、'.join(values)}" for words, values in told)
        en = "; ".join(f"{words.en}: {', '.join(values)}" for words, values in told)
        return Text(f"{ONLY.zh}{zh}", f"{ONLY.en}{en}")

    def by_numbers(self, book: Any) -> Selection:
        """Return the selection with numbers in place of names that the book has, which is read: what is said of a
        number is masked.

        Raises
        ------
        UsageError
            Several people have such a name.
        """
        told = dict(self.conditions)
        for key in ("creator", "number") & told.keys():
            found = [
                ([] if book is None or normalize(one) else book.numbers_of(one.strip())) or [one] for one in told[key]
            ]
            told[key] = tuple(number for numbers in found for number in numbers)
            missed(key, [one for one in told[key] if not any(map(str.isdigit, one))])
        return replace(self, conditions=MappingProxyType(told), book=book)


def missed(key: str, wanted: Sequence[str], known: Sequence[str] = ()) -> None:
    """Warn of values by which no meeting can be selected, and name some by which it can, what was probably meant first;
    of numbers none.
    """
    if not wanted:
        return
    some = sorted(known, key=lambda one: one != closest(wanted[0], known))[:_LISTED]
    zh = f"现有：{'、'.join(some)}" if known else "请给号码，或通讯簿（--book）中仅一人用的姓名"
    en = (
        f"there are {', '.join(some)}" if known else "give a number, or a name that one person of the book (--book) has"
    )
    more = " …" * (len(known) > _LISTED)
    said = f"{key}={', '.join(wanted)}"
    told = Text(f"警告：{said} 选不到任何会议；{zh}{more}", f"warning: {said} selects no meeting; {en}{more}")
    warnings.warn(SpokenWarning(told), stacklevel=2)


_LISTED = 20


def selected(source: Any, conditions: Mapping[str, Any], book: Any = None) -> Selection:
    """Return the meetings of a source for which some conditions hold; of a selection those that it has already.

    Raises
    ------
    UsageError
        There is no such condition, one is empty, or a department is asked for without a book.
    """
    told: dict[str, tuple[Any, ...]] = {}
    for key, value in conditions.items():
        listed = tuple(value) if isinstance(value, Iterable) else ()
        values = (value,) if isinstance(value, str | int | float) else listed
        if key not in CONDITIONS or not values or (key == "min_minutes" and not isinstance(values[0], int | float)):
            guess = None if key in CONDITIONS else closest(key, CONDITIONS)
            meant = _MEANT.format(guess=guess) if guess else NO_TEXT
            shown = ", ".join(map(str, values))
            raise UsageError(
                Text(f"不能按 {key} = {shown} 选取{meant.zh}", f"nothing can be selected by {key} = {shown}{meant.en}"),
                remedy=Text(f"可选：{'、'.join(CONDITIONS)}", f"choose {', '.join(CONDITIONS)}"),
            )
        told[key] = values
    if "department" in told and book is None:
        raise UsageError(
            Text(
                "按部门选取需要通讯簿（book=、--book）", "selecting by department needs an address book (book=, --book)"
            ),
            remedy=Text("给出含 number、department 的 CSV", "give a CSV with number and department"),
        )
    return Selection(source, MappingProxyType(told), book)


def _hidden(key: str, value: Any) -> str:
    text = str(value)
    if key not in ("creator", "number"):
        return text
    return mask("".join(sign for sign in text if sign.isdigit()))
