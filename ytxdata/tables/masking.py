"""Personal data hidden before anything leaves: numbers, people's names, numbers inside any text, hashes that would
undo it.

What is hidden is decided by the columns' definitions (units `phone`, `extension`, `person`) and, in every other text
that is no id, by what looks like a telephone number: see `ytxdata.numbers_in_text`.
"""

from __future__ import annotations

import hmac
import json
import secrets
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from itertools import takewhile
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from ytxdata.errors import UsageError, hide_credentials
from ytxdata.labels import Text
from ytxdata.numbers_in_text import Hide, hidden, hide_in_id, hide_in_text
from ytxdata.phones import NO_ENDS, normalize
from ytxdata.redact import MAY_BE_SIGNED, apart, keyed_hashes, places_of, turned, without_signatures
from ytxdata.tables.address_book import AddressBook, Days, days_of
from ytxdata.tables.described import Definition, Described, to_plain
from ytxdata.tables.value_units import (
    Hiders,
    each_named,
    ends_in,
    evidence,
    hide_named,
    hide_settings,
    hiding_names,
    hiding_said,
    is_named,
    persons_in,
)

_LETTERS = "BCDFGHJKLMNPQRST"
_MIN_BYTES = 16
RULES = 12
"""Raised whenever something leaves masked in another way: months of an export that were masked before are written
anew, for two masks of one number hide less than one."""


@dataclass(frozen=True)
class Pseudonyms:
    """Gives every number and every person a name that is the same in each file made with one key.

    The names are HMAC-SHA-256 of the normalised number: who has the key can compute them from numbers, nobody can
    compute numbers from them. They hold letters only, so that no spreadsheet takes them for a number.

    Parameters
    ----------
    key
        The secret, at least 16 bytes. It is in no repr and in no file that is written.

    Examples
    --------
    >>> book = Pseudonyms(b"0123456789abcdef")
    >>> book.of_phone("13812345678") == book.of_phone("+86 138-1234-5678")
    True
    """

    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.key) < _MIN_BYTES:
            raise UsageError(
                Text(f"化名密钥太短（至少 {_MIN_BYTES} 字节）", f"the key for pseudonyms is too short (at least {_MIN_BYTES} bytes)"),
                remedy=Text("用 Pseudonyms.create(文件) 生成一个", "make one with Pseudonyms.create(file)"),
            )  # fmt: skip

    @classmethod
    def load(cls, path: str | Path) -> Pseudonyms:
        """Return the pseudonyms of a key file; blanks at its ends do not count.

        Raises
        ------
        UsageError
            The file cannot be read, or is too short; make one with `Pseudonyms.create`.
        """
        try:
            return cls(Path(path).read_bytes().strip())
        except OSError as error:
            raise UsageError(
                Text(
                    f"读不到化名密钥文件 {path}：{error.strerror}",
                    f"the key file {path} cannot be read: {error.strerror}",
                ),
                remedy=Text("用 Pseudonyms.create(文件) 生成一个", "make one with Pseudonyms.create(file)"),
            ) from None

    @classmethod
    def create(cls, path: str | Path) -> Pseudonyms:
        """Write a new random key to a file that only its owner can read, and return its pseudonyms; an existing file
        is never replaced.

        Raises
        ------
        UsageError
            It cannot be written.
        FileExistsError
            It is there already.
        """
        target = Path(path)
        try:
            target.touch(mode=0o600, exist_ok=False)
            target.write_text(secrets.token_hex(32), encoding="ascii")
        except FileExistsError:
            raise
        except OSError as error:
            what = Text(f"写不了 {path}：{error.strerror}", f"{path} cannot be written: {error.strerror}")
            raise UsageError(what, remedy=Text("给出可写的位置", "name a place that can be written")) from None
        return cls.load(target)

    @property
    def secret(self) -> bytes:
        """The key under which hashes of raw text leave beside the names."""
        return hmac.digest(self.key, b"hashes", "sha256")

    def of_phone(self, phone: str) -> str:
        """Return the name of a number, however it is written."""
        return f"P-{self._letters('phone', normalize(phone) or phone)}"

    def of_person(self, name: str) -> str:
        """Return the name that stands for somebody's name."""
        return f"N-{self._letters('person', name)}"

    def of_title(self, title: str) -> str:
        """Return the name that stands for what a meeting is called."""
        return f"T-{self._letters('title', title)}"

    def _letters(self, kind: str, text: str) -> str:
        clean = unicodedata.normalize("NFKC", text).strip()
        digest = hmac.digest(self.key, f"{kind}:{clean}".encode("utf-8", "surrogatepass"), "sha256")
        return "".join(_LETTERS[byte >> 4] + _LETTERS[byte & 15] for byte in digest[:6])


T = TypeVar("T", bound=Described)

_OF_THIS_PROCESS = secrets.token_bytes(32)
"""Keys the hashes of tables that belong to no archive: the same within one run, and nobody's afterwards."""


def masked(
    table: T,
    *,
    show_phones: bool = False,
    pseudonyms: Pseudonyms | None = None,
    book: AddressBook | None = None,
    plain_hashes: bool = False,
) -> T:
    """Return the table with plain rows and its personal data hidden; doing it twice changes nothing more.

    Parameters
    ----------
    table
        What is to leave.
    show_phones
        Leave numbers and names as they are.
    pseudonyms
        Put keyed names in place of numbers, of people and of what meetings are called (`尹慧伟发起的会议` names a
        person, and so may any), and leave the platform's raw text and addresses of recordings out.
    book
        Put the book's names in place of the numbers it knows, and a column `…_department` beside them.
    plain_hashes
        Leave hashes of raw text, and ids of pulls, as they are: only for what goes beside the raw text itself. Else
        they become names keyed by the secret of the pseudonyms or of the table's archive, for a plain hash lets
        anybody try the ten thousand numbers behind a mask.

    Raises
    ------
    UsageError
        Pseudonyms together with a book or with open numbers: the one would undo the other.
    """
    shown, _ = leaving(table, show_phones=show_phones, pseudonyms=pseudonyms, book=book, plain_hashes=plain_hashes)
    return shown


def leaving(table: T, **options: Any) -> tuple[T, T]:
    """Return the table as it may leave (`masked`), and its own rows in the order in which they leave."""
    shown, hidden, tell = _hidden(table, **options)
    shown, rows, own = _headed(shown, tell), shown.arrow, table.arrow
    labels = [key for key in table.order if key in hidden and table.definition(key).unit != "id"]
    if not labels:
        return shown, table
    rows, own = turned(rows, own, [key for key in table.pairs if key in labels])
    before = [key for key in takewhile(lambda key: key not in labels, table.order) if key in own.column_names]
    said = {key: table.definition(key).words for key in labels}
    places = places_of(rows, own, before, said)
    left = rows.take(places).rename_columns(shown.arrow.column_names)
    return replace(shown, frame=left), replace(table, frame=own.take(places))


def rows_shown(table: T, start: int, n: int | None, **options: Any) -> T:
    """Return `n` rows of the table as it leaves, from `start` on; only these are masked where no name has a say in
    which they are.
    """
    is_named = any(table.definition(key).unit in _NAMES for key in table.order)
    shown = masked(table, **options) if is_named else table
    few = replace(shown, frame=shown.arrow.slice(start, n))
    return few if is_named else masked(few, **options)


_NAMES = ("phone", "person", "title", "text", "url", "raw")


def _hidden(
    table: T,
    *,
    show_phones: bool = False,
    pseudonyms: Pseudonyms | None = None,
    book: AddressBook | None = None,
    plain_hashes: bool = False,
) -> tuple[T, set[str], Hide]:
    """Return the table masked, its rows in the order in which they are; the columns of which something is hidden; and
    how other texts leave with it.
    """
    if pseudonyms and (show_phones or book):
        raise UsageError(
            Text(
                "化名不能与明文号码或通讯簿同时使用", "pseudonyms cannot go together with open numbers or an alias book"
            ),
            remedy=Text("去掉其中一个", "leave one of them out"),
        )
    rows = to_plain(table.arrow, table.zone)
    hide = pseudonyms.of_phone if pseudonyms else (str if show_phones else hidden)
    secret = pseudonyms.secret if pseudonyms else table.secret or _OF_THIS_PROCESS
    ends = NO_ENDS if show_phones else table.ends | ends_in(table)

    def tell(text: str) -> str:
        """A text that is no number: numbers, hashes and what opens an address hidden in it."""
        text = without_signatures(text)
        if show_phones:
            return text
        seen = hide_in_text(hide_named(hide_credentials(unsaid(text)), as_unit), hide, ends)
        return seen if plain_hashes else keyed_hashes(seen, secret)

    by_name: Hiders = {"person": pseudonyms.of_person, "title": pseudonyms.of_title} if pseudonyms else {}
    unsaid = str if show_phones else hiding_said(table, {"phone": hide, **by_name})
    # a switchboard has so few extensions that one beside a masked number, or beside its pseudonym, is a person
    as_unit: Hiders = {"phone": hide, "extension": _starred}
    is_open = show_phones or plain_hashes
    records = getattr(table, "known_records", None)
    keyed = str if is_open else partial(keyed_hashes, secret=secret)
    called = pseudonyms.of_title if pseudonyms else None
    by_unit: Hiders = {
        # rooms are called after people; what no record has is a text, for a bill says there whose fee a line is
        "id": lambda text: (
            called(text) if called and not text.isascii()
            else keyed(text if records is None or text in records else hide_in_id(text, tell))
        ),
        "extension": _starred,
    }  # fmt: skip
    by_key: dict[str, Hide] = {
        "pulls": str if is_open else partial(evidence, secret=secret, hide=hide, called=called, ends=ends)
    }
    if records is not None:
        by_key["record_ids"] = lambda ids: json.dumps([*map(by_unit["id"], json.loads(ids))], ensure_ascii=False)
    days = days_of(rows, table.period) if book and book.is_dated else None
    of_accounts = getattr(table.certificate, "names", ())
    accounts = dict(zip(of_accounts, apart(map(tell, of_accounts)), strict=True))
    told_of = hiding_names({name for name, called in accounts.items() if called != name}, accounts.__getitem__)
    columns: dict[str, pa.ChunkedArray] = {}
    definitions: dict[str, Definition] = {}
    for key in rows.column_names:
        known = table.definition(key)
        column = rows.column(key).cast(pa.string()) if known.unit in ("phone", "person", "id") else rows.column(key)
        column = _unsigned(column, known, show_phones)
        if known in table.definitions:
            definitions[key] = known
        said = known.words  # what the house itself says, such as `not in the book`, is nobody's
        if known.unit == "phone":
            whose = partial(_called, book=book, hide=hide, tell=tell, show_phones=show_phones)
            columns[key] = _each_then(column, days, _but(said, whose))
            definitions[key] = known if show_phones and not book else replace(known, unit="hidden")
            if book:
                group = f"{key}_department"
                columns[group] = _each_then(
                    column, days, lambda phone, on: tell(one.department) if (one := book.find(phone, on)) else None
                )
                definitions[group] = Definition(
                    key=group, zh=f"{known.zh}所属部门", en=f"department of {known.en}", unit="text"
                )
        elif pseudonyms and known.unit in ("person", "title"):
            named = pseudonyms.of_person if known.unit == "person" else pseudonyms.of_title
            columns[key] = _each(column, _but(said, named))
            definitions[key] = replace(known, unit="hidden")
        elif pseudonyms and known.unit in ("raw", "url"):
            columns[key] = pa.chunked_array([pa.nulls(len(column), pa.string())])
        elif pa.types.is_string(column.type) and known.unit != "hidden" and not show_phones:
            change = by_key.get(key, by_unit.get(known.unit, _naming_all(known, tell, accounts)))
            columns[key] = (
                each_named(rows, key, known, as_unit, change) if is_named(rows, known) else _each(column, change)
            )
        else:
            columns[key] = column
    changed = {
        key
        for key in rows.column_names
        if pa.types.is_string(columns[key].type) and not columns[key].equals(rows.column(key))
    }
    shown = replace(
        table,
        frame=pa.table(columns),
        definitions=tuple(
            replace(known, zh=tell(known.zh), en=tell(known.en), **_settings(known, tell, accounts))
            for known in (*definitions.values(), *(one for one in table.definitions if one.key not in columns))
        ),
        is_open=table.is_open or show_phones,
        title=_in_both(table.title, tell),
        notes=tuple(_in_both(note, lambda text: tell(told_of(text))) for note in table.notes),
        certificate=renamed(tell) if (renamed := getattr(table.certificate, "renamed", None)) else table.certificate,
    )
    return shown, set() if show_phones else changed, tell


def _headed(table: T, tell: Hide) -> T:
    """Return a table with numbers hidden in the keys of its columns: those of a book, or of a query, are anybody's."""
    keys = dict(zip(table.arrow.column_names, apart(map(tell, table.arrow.column_names)), strict=True))
    definitions = tuple(replace(one, key=keys.get(one.key, one.key)) for one in table.definitions)
    return replace(table, frame=table.arrow.rename_columns([*keys.values()]), definitions=definitions)


def _settings(known: Definition, tell: Hide, accounts: Mapping[str, str]) -> dict[str, Any]:
    return {"parameters": hide_settings(known.parameters, tell), "names": tuple(_names(known, tell, accounts).values())}


def _names(known: Definition, tell: Hide, accounts: Mapping[str, str]) -> Mapping[str, str]:
    """Return how all names of a column leave, accounts as in the certificate: those whose masks are alike are counted
    in the whole fleet, for by a count in each report two reports would call two accounts alike.
    """
    if {*known.names} <= accounts.keys():
        return {name: accounts[name] for name in known.names}
    return dict(zip(known.names, apart(map(tell, known.names)), strict=True))


def _naming_all(known: Definition, tell: Hide, accounts: Mapping[str, str]) -> Hide:
    names = _names(known, tell, accounts)
    return lambda text: names.get(text) or tell(text)


def sharing_ends(tables: Sequence[T]) -> list[T]:
    """Return tables that leave together, each with the ends of the numbers, and the names, of all: a text in one must
    not tell what is hidden in another.
    """
    ends = ends_in(*tables).union(*(table.ends for table in tables))
    persons = persons_in(*tables).union(*(table.persons for table in tables))
    return [replace(table, ends=ends, persons=persons) for table in tables]


def _called(phone: str, on: Days | None, book: AddressBook | None, hide: Hide, tell: Hide, show_phones: bool) -> str:
    name = book.name(phone, on) if book else None
    if name is None:
        return hide(phone)
    return f"{name} {phone}" if show_phones else tell(name)  # people are called `赵 13812345678` in books


def _starred(text: str) -> str:
    return "*" * len(text)


def _in_both(text: Text, change: Hide) -> Text:
    return Text(change(text.zh), change(text.en))


def _but(said: Collection[str], change: Callable[..., str | None]) -> Callable[..., str | None]:
    return lambda text, *more: text if text in said else change(text, *more)


def _each(column: pa.ChunkedArray, change: Callable[[str], str | None]) -> pa.ChunkedArray:
    """Return the column with every distinct text changed once."""
    encoded = pc.dictionary_encode(column).combine_chunks()
    changed = [None if value is None else change(value) for value in encoded.dictionary.to_pylist()]
    return pa.chunked_array([pa.array(changed, pa.string()).take(encoded.indices)])


def _each_then(
    column: pa.ChunkedArray, days: list[Days | None] | None, change: Callable[[str, Days | None], str | None]
) -> pa.ChunkedArray:
    """Return the column with every text changed as on the days of its row: a number may be another's each month."""
    if days is None:
        return _each(column, lambda text: change(text, None))
    told = cache(lambda text, on: None if text is None else change(text, on))
    return pa.chunked_array([pa.array(map(told, column.to_pylist(), days), pa.string())])


def _unsigned(column: pa.ChunkedArray, known: Definition, show_phones: bool) -> pa.ChunkedArray:
    """Return a column without what signs calls: also where numbers are shown, for that is nobody's to see; an address
    that is shown is still one to open.
    """
    if not pa.types.is_string(column.type) or (show_phones and known.unit == "url"):
        return column
    may_be = pc.any(pc.match_substring_regex(column, MAY_BE_SIGNED)).as_py()
    return _each(column, without_signatures) if may_be else column


@dataclass(frozen=True, kw_only=True)
class Privacy:
    """How personal data leaves; by default numbers are masked.

    Parameters
    ----------
    show_phones, pseudonyms, book
        As in `Table.masked`.
    """

    show_phones: bool = False
    pseudonyms: Pseudonyms | None = None
    book: AddressBook | None = None

    @property
    def options(self) -> dict[str, Any]:
        """The choice as the writers of tables take it."""
        return {"show_phones": self.show_phones, "pseudonyms": self.pseudonyms, "book": self.book}

    def masked(self, table: T) -> T:
        """Return a table as it may leave."""
        return masked(table, **self.options)

    def leaving(self, table: T) -> tuple[T, T]:
        """Return a table as it may leave, and its own rows in the order in which they leave."""
        return leaving(table, **self.options)

    def secret(self, archive: bytes | None) -> bytes:
        """Return the key under which names stand in place of hashes and numbers, for rows of an archive with this
        secret.
        """
        return self.pseudonyms.secret if self.pseudonyms else archive or _OF_THIS_PROCESS

    @property
    def sentence(self) -> Text:
        """What a reader must know about it."""
        if self.pseudonyms:
            return Text(
                "号码、姓名和会议名称以化名代替，不含录音地址",
                "numbers, names and titles of meetings are replaced by pseudonyms; addresses of recordings are left out",
            )
        if self.show_phones:
            return Text("号码完整显示：请勿外传", "numbers are shown in full: keep this file to yourself")
        return Text("号码已打码", "numbers are masked")
