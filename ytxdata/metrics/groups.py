"""Into which group a meeting or a leg falls: by department, creator, class of number, size, name, or any column of an
address book.

The group of a *meeting* is that of its creator (or of its name or size); the group of a *leg* is that of its own
number. What a `Selection` stands for is here too: meetings for which some conditions hold, lazily on every engine.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, get_args

import narwhals as nw
import pyarrow as pa

from ytxdata.errors import SpokenWarning, UsageError, cannot_be
from ytxdata.labels import NO_TEXT, Text, closest
from ytxdata.metrics.calendar import DAY, day_number
from ytxdata.metrics.facts import DayOf, Scope, facts
from ytxdata.metrics.ids import ACCOUNT, EVER, account_of, bare, behind
from ytxdata.metrics.source import ReportSource, Source, texts, whole, with_looked_up
from ytxdata.metrics.sums import Lazy
from ytxdata.phones import normalize
from ytxdata.selection import Selection, missed
from ytxdata.tables.address_book import FOREIGN, NO_CELL, AddressBook, Entry
from ytxdata.tables.address_book import NAMES as HEADINGS
from ytxdata.tables.lists import Listed

Group: TypeAlias = str | Mapping[str, str]
"""What rows are grouped by: `department`, `person` or another column of the book, `creator`, `number_class`,
`size_class`, `name`, or a rule for names: regular expression → series. Of a fleet also `account` and its labels.
"""

GroupOf = Literal["creator", "leg"]
Book: TypeAlias = AddressBook | Listed

NOT_IN_BOOK = "not in the book"
NO_LABEL = "no label"
UNKNOWN = "unknown"
OTHER_NAMES = "other names"
UNALLOCATED = "unallocated"
_LAST = (OTHER_NAMES, NOT_IN_BOOK, NO_LABEL, UNKNOWN)  # of what is in no other group: behind all others

WORDS = {
    NOT_IN_BOOK: Text("不在通讯簿", NOT_IN_BOOK),
    NO_LABEL: Text("无此标签", NO_LABEL),
    UNKNOWN: Text("未知", UNKNOWN),
    OTHER_NAMES: Text("其他名称", OTHER_NAMES),
    UNALLOCATED: Text("未分摊", UNALLOCATED),
}
"""Group → what people read: a page in Chinese says nothing in English."""

_NAMES = {
    "account": Text("账户", "account"),
    "department": Text("部门", "department"),
    "person": Text("姓名", "person"),
    "creator": Text("发起人", "creator"),
    "number": Text("号码", "number"),
    "number_class": Text("号码类别", "number class"),
    "size_class": Text("规模档", "size class"),
    "name": Text("会议名称", "name of the meeting"),
}
"""What is grouped by → what people read; a column of a book of one's own is called as it is there."""

CLASS_WORDS = {
    "mobile": "手机", "fixed": "固话", "service": "服务号码", "premium": "声讯号码", "international": "境外", "satellite": "卫星电话",
    "short": "短号", "access": "接入号", "unknown": "未知",
}  # fmt: skip

SIZES = (("1", 1), ("2", 2), ("3–5", 3), ("6–10", 6), ("11–15", 11), ("16–25", 16), ("26–50", 26), ("> 50", 51))
"""Size class and the smallest number of people in it."""

Piece = tuple[int, int, str]
"""From which local epoch second to which a text falls into which group."""


@dataclass(frozen=True)
class Groups:
    """A rule that gives each row a group.

    Parameters
    ----------
    name
        What was asked for.
    labels
        What each group is called, by its number.
    column
        The column that decides: `creator`, `number`, `name` or `size`; `account`, which the id of a meeting bears.
    table
        `value since until g`: the group of a text, from a second on and before another.
    is_dated
        Whether a text may be in several groups, one after the other.
    rest
        The number of the group of everything that is not in the table.
    unit
        What the labels are: `phone`, `person` or `text`.
    known
        Normalised numbers that the book knows; None without a book.
    """

    name: str
    labels: tuple[str, ...]
    column: str
    table: pa.Table | None
    is_dated: bool
    rest: int
    unit: str = "text"
    book: AddressBook | None = None

    @property
    def of_legs(self) -> bool:
        """Whether each leg has a group of its own."""
        return self.column == "number"

    @property
    def own(self) -> tuple[str, ...]:
        """The column of groups, where these are numbers: of several accounts, an account's own."""
        return ("group",) if self.unit == "phone" else ()

    @property
    def title(self) -> Text:
        """What people read for what was asked for."""
        return _NAMES.get(self.name, Text(self.name, self.name))

    @property
    def words(self) -> dict[str, Text]:
        """Group → what people read, for those that are not called by the data."""
        classes = CLASS_WORDS if self.name == "number_class" else {}
        return WORDS | {one: Text(zh, one) for one, zh in classes.items()}

    def mark(self, source: Source, frame: Lazy) -> Lazy:
        """Add `g`, the number of the group, to rows that have `at` and the column that decides."""
        if self.table is None:
            size = nw.col("size")
            place = sum(((size >= low).cast(nw.Int64) for _, low in SIZES), nw.lit(0, nw.Int64))
            return frame.with_columns(g=nw.when(size.is_null()).then(nw.lit(self.rest, nw.Int64)).otherwise(place))
        table = source.engine.small(self.table)
        if not self.is_dated:
            table = table.select("value", "g")
        decides = _decides(source, self.name, self.column, "meeting_id")
        joined = frame.with_columns(value=decides).join(table, on="value", how="left").drop("value")
        if self.is_dated:
            holds = (nw.col("at") >= nw.col("since")) & (nw.col("at") < nw.col("until"))
            joined = joined.filter(nw.col("since").is_null() | holds).drop("since", "until")
        return joined.with_columns(g=nw.coalesce(nw.col("g"), nw.lit(self.rest, nw.Int64)))

    def notes(self, source: Source, frame: Lazy) -> tuple[Text, ...]:
        """Return what the reader must know of the groups of some rows: what they are, and how many numbers the book
        knows.

        Warns when it knows none of them: it is then the book of somebody else.
        """
        of, name = _OF[self.column], self.title
        said = (Text(of.zh.format(name=name.zh), of.en.format(name=name.en)),)
        if self.book is None:
            return said
        numbers = {normalize(text) or text for text in map(bare, texts(source, frame, self.column))}
        listed = [self.book.lines[number] for number in numbers if number in self.book.lines]
        n = sum(any(entry.cell(self.name) for entry in entries) for entries in listed)
        more = _WITHOUT.format(n=len(listed) - n, zh=name.zh, en=name.en) if n < len(listed) else NO_TEXT
        matched = Text(f"通讯簿中找到 {len(numbers)} 个号码中的 {n} 个{more.zh}；其余为“不在通讯簿”", f"matched {n} of {len(numbers)} numbers with the book{more.en}; the others are “{NOT_IN_BOOK}”")  # fmt: skip
        if numbers and not n:
            nobody = NO_CELL.format(zh=name.zh, en=name.en) if listed else FOREIGN
            warnings.warn(SpokenWarning(nobody), stacklevel=2)
            matched = Text(f"警告：{matched.zh}", f"warning: {matched.en}")
        return (*said, matched, *self.book.notes)


_OF_MEETINGS = ("creator", "size_class", "name")
_NO_BOOK = Text(
    "该分组需要通讯簿（book=、--book）；不用时，", "this group needs an address book (book=, --book); without one "
)
_LABELS = Text("，或账户的标签（fleet.toml 的 labels）", ", or a label of the accounts (labels in fleet.toml)")
_WITHOUT = Text("（另有 {n} 个列在其中，但没有{zh}）", " ({n} more stand in it without a {en})")
_OF = {
    "creator": Text("会议的组（{name}）是其发起人的组", "the group ({name}) of a meeting is that of its creator"),
    "number": Text("接入的组（{name}）是其自身号码的组", "the group ({name}) of a leg is that of its own number"),
    "name": Text("会议的组（{name}）由其名称决定", "the group ({name}) of a meeting follows from its name"),
    "size": Text("会议的组（{name}）是其规模档", "the group ({name}) of a meeting is its size class"),
    ACCOUNT: Text("会议的组（{name}）由其账户决定", "the group ({name}) of a meeting is that of its account"),
}


def is_of_meetings(group: Group | None) -> bool:
    """Return whether only meetings have such groups: a leg has no size, no name and no creator."""
    return group is not None and (not isinstance(group, str) or group in _OF_MEETINGS)


def _labelled(source: Source, label: str, book: AddressBook | None) -> Groups | None:
    """Return the groups of meetings by a label of their accounts; None where that is no label of any. What a book has
    a column for is the book's to say.
    """
    known = source.accounts
    if known is None or (book is not None and called(label) in book.columns):
        return None
    if label == ACCOUNT and not known:  # frames say whose their rows are, and nothing more of accounts
        named = source.meetings.select(account_of("meeting_id").alias(ACCOUNT))
        known = {name: {} for name in texts(source, named, ACCOUNT)}
    said = {name: name if label == ACCOUNT else labels.get(label) for name, labels in known.items()}
    if not any(said.values()):
        return None
    return _of_pieces(label, ACCOUNT, [(name, (*EVER, one or NO_LABEL)) for name, one in said.items()])


def groups_of(source: Source, group: Group, book: Book | None = None, of: GroupOf = "creator") -> Groups:
    """Return the rule that a user asked for, with the groups that occur.

    Raises
    ------
    UsageError
        There is no such group, it needs a book, a regular expression is none, or the group makes no sense of legs.
    """
    if of not in get_args(GroupOf):
        raise cannot_be("group_of", of, Text("可选：creator、leg", "choose creator or leg"))
    told = None if book is None else AddressBook.read(book)
    name = group if isinstance(group, str) else "name"
    key = (name if isinstance(group, str) else tuple(group.items()), id(book) if told is None else id(told), of)
    held = source.held.setdefault("groups", {})
    if key not in held:
        held[key] = told, _groups(source, group, name, told, of)  # the book is kept, so that its id stays its own
    found: Groups = held[key][1]
    return found


_CALLED = dict.fromkeys(HEADINGS["name"], "person") | dict.fromkeys(HEADINGS["department"], "department")


def called(group: str) -> str:
    """Return the group that a heading of a book stands for, or the group itself.

    Examples
    --------
    >>> called("部门"), called("姓名"), called("楼层")
    ('department', 'person', '楼层')
    """
    return _CALLED.get(group, group)


def _groups(source: Source, group: Group, name: str, book: AddressBook | None, of: GroupOf) -> Groups:
    # before words of a book: a label may be called 部门, which is none of the words of reports
    labelled = _labelled(source, name, book) if isinstance(group, str) else None
    if labelled is not None:
        return labelled
    name = called(name)
    if name in _OF_MEETINGS and of == "leg":
        raise cannot_be("group_of", of, Text(f"{_NAMES[name].zh}只属于会议", f"{name} is of meetings alone"))
    if name == "size_class":
        return Groups(name, ("0", *(label for label, _ in SIZES), UNKNOWN), "size", None, False, len(SIZES) + 1)
    if name == "name":
        unit = "title" if isinstance(group, str) else "text"  # series are called as the user says
        return _looked_up(source, name, "name", _by_name(group), UNKNOWN, unit=unit)
    column = "number" if of == "leg" else "creator"
    if name == "creator":
        return _looked_up(source, name, column, _one_number, UNKNOWN, unit="phone")
    if name == "number" and of == "leg":  # a person each: what `network` pairs; withheld numbers are nobody by name
        return _looked_up(source, name, column, lambda text: text, UNKNOWN, unit="phone")
    if name == "number_class":
        read = source.class_of if of == "leg" else lambda text: _class_of_creator(source, text)
        return _looked_up(source, name, column, read, UNKNOWN)
    # a meeting has a name of its own
    columns = () if book is None else tuple("person" if one == "name" else one for one in book.columns)
    if book is None or name not in columns:
        raise _no_group(source, name, book, columns, of)
    unit = "person" if name == "person" else "text"
    return _looked_up(source, name, column, _by_book(book, name), NOT_IN_BOOK, unit=unit, book=book)


def _no_group(source: Source, name: str, book: AddressBook | None, columns: tuple[str, ...], of: str) -> UsageError:
    """Return why there is no such group: what resembles none may be a column of a book that was not given."""
    if book is not None and name in ("department", "person"):
        return book.lacks(name)
    labels = sorted({label for one in (source.accounts or {}).values() for label in one})
    own = ("number", "number_class") if of == "leg" else ("creator", "number_class", "size_class", "name")
    known = [*own, *columns, *labels, *["account"] * bool(source.accounts)]
    meant = None if name in _NAMES else closest(name, known)
    told = Text(f"您是想写 {meant} 吗？", f"did you mean {meant}? ") if meant else _NO_BOOK if book is None else NO_TEXT
    more = _LABELS if source.accounts and not labels else NO_TEXT
    zh, en = f"{told.zh}可选：{'、'.join(known)}{more.zh}", f"{told.en}choose one of {', '.join(known)}{more.en}"
    return cannot_be("group", name, Text(zh, en))


def _looked_up(
    source: Source, name: str, column: str, find: Callable[[str], str] | Callable[[str], list[Piece]], rest: str, *,
    unit: str = "text", book: AddressBook | None = None,
) -> Groups:  # fmt: skip
    frame = source.legs if column == "number" else source.meetings
    if (key := ("texts", column, name == "number_class")) not in source.held:
        source.held[key] = texts(source, frame.select(value=_decides(source, name, column, "id")), "value")
    pieces: list[tuple[str, Piece]] = []
    for text in source.held[key]:
        found = find(text)
        pieces += [(text, piece) for piece in ([(*EVER, found)] if isinstance(found, str) else found)]
    return _of_pieces(name, column, pieces, rest, unit=unit, book=book)


def _of_pieces(
    name: str, column: str, pieces: Sequence[tuple[str, Piece]], rest: str | None = None, *,
    unit: str = "text", book: AddressBook | None = None,
) -> Groups:  # fmt: skip
    """Return the groups of texts, piece by piece; what is in none falls into `rest`, or the last of them."""
    occurring = {piece[2] for _, piece in pieces} | ({rest} if rest else set())
    labels = sorted(occurring, key=lambda label: (label in _LAST, label))
    number = {label: place for place, label in enumerate(labels)}
    table = pa.table({
        "value": pa.array([text for text, _ in pieces], pa.string()),
        "since": pa.array([piece[0] for _, piece in pieces], pa.int64()),
        "until": pa.array([piece[1] for _, piece in pieces], pa.int64()),
        "g": pa.array([number[piece[2]] for _, piece in pieces], pa.int64()),
    })  # fmt: skip
    is_dated = any(piece[:2] != EVER for _, piece in pieces)
    return Groups(name, tuple(labels), column, table, is_dated, number[rest or labels[-1]], unit, book)


def _decides(source: Source, name: str, column: str, of: str) -> nw.Expr:
    """Return what the group of a row is looked up by; ids in `of` say whose the row is."""
    if column == ACCOUNT:
        return account_of(of)
    return source.called(column, of) if name == "number_class" else nw.col(column)


def _one_number(text: str) -> str:
    return (normalize(bare(text)) or bare(text)) + behind(text)


def _class_of_creator(source: Source, text: str) -> str:
    # as records write one, `13900000000`, `010…`, `0086…` are numbers only once they are normalised
    return source.class_of(_one_number(text))


def _by_name(group: Group) -> Callable[[str], str]:
    if isinstance(group, str):
        return lambda text: text
    rules = list(zip(_rules(group), group.values(), strict=True))
    return lambda text: next((series for rule, series in rules if rule.search(text)), OTHER_NAMES)


def _rules(patterns: Iterable[str]) -> list[re.Pattern[str]]:
    try:
        return [re.compile(one) for one in patterns]
    except (re.error, TypeError) as error:
        raise UsageError(
            Text(f"正则表达式不可用：{error}", f"no regular expression: {error}"),
            remedy=Text("例如 周会", "write, for example, weekly"),
        ) from None


def _by_book(book: AddressBook, column: str) -> Callable[[str], list[Piece]]:
    return lambda text: _pieces(book.lines.get(normalize(bare(text)) or "", ()), column)


def _pieces(entries: tuple[Entry, ...], column: str) -> list[Piece]:
    """Cut all time into pieces, so that every moment has one group: what no line tells of is not in the book."""
    found: list[Piece] = []
    since = EVER[0]
    for entry in entries:
        first = EVER[0] if entry.first is None else day_number(entry.first) * DAY
        until = EVER[1] if entry.last is None else (day_number(entry.last) + 1) * DAY
        if since < first:
            found.append((since, first, NOT_IN_BOOK))
        found.append((first, until, entry.cell(column) or NOT_IN_BOOK))
        since = until
    if since < EVER[1]:
        found.append((since, EVER[1], NOT_IN_BOOK))
    return found


def resolve(source: ReportSource, day_of: DayOf = "starts") -> Source:
    """Return the frames of a History, an Archive, `Frames`, or some meetings of these.

    Raises
    ------
    UsageError
        It is none of them, its frames are of different engines, a column is missing, or nothing can be selected so.
    """
    # a department or a class is looked up as groups are: sources know nothing of books
    if isinstance(source, Selection):
        return select(resolve(source.source, day_of), source, day_of)
    return whole(source)


def select(source: Source, selection: Selection, day_of: DayOf = "starts") -> Source:
    """Return the source with only the meetings of a selection, each with all its legs; a department is the creator's on
    the meeting's day.
    """
    book = None if selection.book is None else AddressBook.read(selection.book)
    kept, selection = source.meetings, selection.by_numbers(book)
    for condition, wanted in selection.conditions.items():
        kept = _HOLDS[condition](source, kept, wanted, selection, day_of)
    legs = source.legs.join(kept.select("id"), on="id", how="semi")
    return replace(source, meetings=kept, legs=legs, notes=(*source.notes, selection.said), held={})


def _creators(source: Source, meetings: Lazy, wanted: tuple[str, ...], *_: object) -> Lazy:
    numbers = {normalize(one) or one for one in wanted}
    return _where(source, meetings, "creator", lambda text: bare(_one_number(text)) in numbers)


def _departments(source: Source, meetings: Lazy, wanted: tuple[str, ...], by: Selection, day_of: DayOf) -> Lazy:
    groups = groups_of(source, "department", by.book)
    named = {one.department for own in by.book.lines.values() for one in own} | {*groups.labels}
    # one that convened nothing in the period is no mistake
    missed("department", [one for one in wanted if one not in named], groups.labels)
    places = [place for place, label in enumerate(groups.labels) if label in wanted]
    marked = groups.mark(source, meetings.with_columns(at=Scope(day_of=day_of).whose_day))
    return marked.filter(nw.col("g").is_in(places)).drop("at", "g")


def _names(source: Source, meetings: Lazy, wanted: tuple[str, ...], *_: object) -> Lazy:
    rules = _rules(wanted)
    return _where(source, meetings, "name", lambda text: any(rule.search(text) for rule in rules))


def _numbers(source: Source, meetings: Lazy, wanted: tuple[str, ...], *_: object) -> Lazy:
    numbers = [normalize(one) or one for one in wanted]
    joined = source.legs.filter(source.plain("number").is_in(numbers) & ~nw.col("j").is_null())
    return meetings.join(joined.select("id"), on="id", how="semi")


def _classes(source: Source, meetings: Lazy, wanted: tuple[str, ...], *_: object) -> Lazy:
    told = meetings.filter(~nw.col("creator").is_null()).with_columns(called=source.called("creator", "id"))
    kept = _where(source, told, "called", lambda text: _class_of_creator(source, text) in wanted).drop("called")
    if "unknown" not in wanted:
        return kept
    return nw.concat([kept, meetings.filter(nw.col("creator").is_null())])


def _long_enough(source: Source, meetings: Lazy, wanted: tuple[float, ...], *_: object) -> Lazy:
    long = facts(source, Scope(min_parties=0)).meetings.filter(nw.col("meeting_s") >= wanted[0] * 60)
    return meetings.join(long.select("meeting_id", "s"), on=["meeting_id", "s"], how="semi")


def _where(source: Source, meetings: Lazy, column: str, holds: Callable[[str], bool]) -> Lazy:
    marked = with_looked_up(source, meetings, column, {"holds": (pa.bool_(), holds)})
    return marked.filter(nw.coalesce(nw.col("holds"), nw.lit(False))).drop("holds")


_HOLDS: dict[str, Callable[[Source, Lazy, tuple[Any, ...], Selection, DayOf], Lazy]] = {
    "creator": _creators,
    "department": _departments,
    "name": _names,
    "meeting_id": lambda source, meetings, ids, *_: meetings.filter(source.plain("meeting_id").is_in(list(ids))),
    "number": _numbers,
    "number_class": _classes,
    "min_minutes": _long_enough,
}
"""Condition → which of some meetings it holds of."""
