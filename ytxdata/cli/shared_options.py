"""What several verbs share: options, the reader's language, progress and machine-readable output."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO, cast

import typer

from ytxdata.errors import UsageError, cannot_be
from ytxdata.labels import UNPRINTABLE, Lang, Text, in_one, lang_named, preferred_lang, printable

if TYPE_CHECKING:
    from ytxdata.metrics.calendar import By
    from ytxdata.metrics.registry import Ask
    from ytxdata.tables.address_book import AddressBook
    from ytxdata.tables.described import Completeness
    from ytxdata.tables.table import Table


INTERRUPTED = Text("已中断", "interrupted")


@dataclass
class Chosen:
    """What this run was asked for beside its verb."""

    json: bool = False
    interrupted: Text = INTERRUPTED
    """What is true should the run be interrupted now: a verb that has begun to keep something says so here."""

    @property
    def lang(self) -> Lang:
        """The language of messages."""
        return preferred_lang()


chosen = Chosen()


def set_lang(lang: str | None) -> str | None:
    """Choose the language of messages, of this process and of what it starts; by default the reader's own."""
    if lang is None:
        return None
    if named := lang_named(lang):
        os.environ["YTX_LANG"] = named
        return lang
    raise UsageError(
        Text(f"--lang（YTX_LANG）不能是 {lang!r}", f"--lang (YTX_LANG) cannot be {lang!r}"),
        remedy=Text("可选：zh, en, both", "choose one of zh, en, both"),
    )


def _set_json(wanted: bool) -> bool:
    chosen.json = wanted
    return wanted


Json = Annotated[
    bool, typer.Option("--json", callback=_set_json, help="输出 JSON（给程序用） / print JSON, for machines")
]
Language = Annotated[
    str | None, typer.Option("--lang", callback=set_lang, help="语言：zh、en、both / language: zh, en, both")
]
SettleHours = Annotated[
    int,
    typer.Option(
        "--settle-hours",
        help="平台最迟多少小时后列出会议；存档沿用最长的一次 / how late the platform may list a meeting; the archive keeps to the longest [h]",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="替换已有的文件 / replace files that are there already")]
ShowPhones = Annotated[bool, typer.Option("--show-phones", help="显示完整号码 / show phone numbers unmasked")]


def _archive_dir(place: str | Path) -> Path:
    # the default comes as a path; and for a path nothing of the archive need be loaded
    if "://" not in str(place):
        return Path(place)
    from ytxdata.archive.mirror import fetched

    return fetched(str(place))


ArchiveDir = Annotated[
    Path,
    typer.Option(
        "--archive",
        help="存档目录，或镜像的网址 / archive directory, or the address of a mirror [YTX_ARCHIVE]",
        envvar="YTX_ARCHIVE",
        parser=_archive_dir,
        metavar="PATH",
    ),
]


def echo(text: str, *, err: bool = False) -> None:
    """Print lines that we laid out, and in which strangers may have written: an escape sequence in the name of a
    meeting must not repaint the terminal.
    """
    put(printable(text), err=err)


def hung(text: str) -> str:
    """Return a text of which no further line begins where lines of ours begin: a list called `a⏎ok    signature: …`
    would say so itself.

    Examples
    --------
    >>> hung("the list a" + chr(10) + "ok    signature").splitlines()
    ['the list a', '  ok    signature']
    """
    return re.sub(r"\n(?!  |\n|$)", "\n  ", printable(text))


def put(text: str, *, nl: bool = True, err: bool = False) -> None:
    """Print a text as it is; its reader may have gone, as in `audit --fail-on crit | head -3`: the run then goes on
    in silence, and its exit code is no matter of who reads.
    """
    try:
        typer.echo(text, nl=nl, err=err)
    except BrokenPipeError:
        let_go(sys.stderr if err else sys.stdout)


def let_go(stream: TextIO) -> None:
    """Send nowhere what a stream holds still and all that comes: nobody reads it any more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _told(text: Text | str, values: dict[str, object]) -> str:
    if isinstance(text, str):
        return text
    # a text that is finished may hold braces of its own: `totals={...}`
    return (text.format(**values) if values else text).in_(chosen.lang)


def say(text: Text | str, **values: object) -> None:
    """Print a line for people in their language."""
    echo(hung(_told(text, values)))


def note(text: Text | str, **values: object) -> None:
    """Print a line for people on stderr, where it is in no program's way."""
    echo(hung(_told(text, values)), err=True)


def tell_left_out(made: Mapping[str, Table], kept: Container[str]) -> None:
    """Name the tables that were asked for and cannot be handed on: a bill was shared, and no file said where it went."""
    if titles := [table.title for name, table in made.items() if name not in kept]:
        zh, en = in_one(titles, "、", ", ")
        note(Text(f"注意：因 --min-group 整表略去：{zh}", f"note: left out whole because of --min-group: {en}"))


def emit(value: Any) -> None:
    """Print one JSON value for machines; where the output cannot hold every character, the rest are escaped."""
    is_unicode = (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
    written = json.dumps(value, ensure_ascii=not is_unicode, default=str)
    put(UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", written))  # a terminal must not obey a name


def conclude(verdict: Completeness) -> None:
    """Say how complete the data is, in the word of its badge where no answer reaches: PROBABLE would be said of a month
    that is to come.
    """
    from ytxdata.templates import BADGES

    badge = getattr(verdict, "badge", verdict.worst)
    worst = Text(badge, badge) if badge == verdict.worst else BADGES[badge]
    say(Text(f"{worst.zh}：{verdict.sentence.zh}", f"{worst.en}: {verdict.sentence.en}"))


def wrote(*paths: Path | None) -> None:
    """Say which files there are now, of many those that are opened first: a list pushes the verdict off the screen. A
    CSV or workbook has its description beside it.
    """
    there = [path for path in paths if path]
    if len(there) > _LISTED:
        from ytxdata.pages.earlier_report import PAGES

        names = [path.name for path in there]
        first = [one for one in (*PAGES, "usage.csv", "usage.parquet") if one in names] or names
        folder = os.path.commonpath([path.parent for path in there])
        say(_MANY, folder=f"{folder}{os.sep}", n=len(there), names=", ".join(first[:3]))
    else:
        for path in there:
            say(f"→ {path}")
    if any(path.suffix in (".csv", ".xlsx", ".parquet") for path in there):
        say(_BESIDE)


_LISTED = 6
_MANY = Text("→ {folder}：{n} 个文件，先看 {names}", "→ {folder}: {n} files, begin with {names}")
_BESIDE = Text(
    "  每个 CSV、XLSX、Parquet 旁有 .about.json：口径、完整性和校验和，一同转交后可用 ytxdata verify 核对",
    "  beside each CSV, XLSX and Parquet file lies its .about.json: definitions, completeness, checksum. Hand both on: ytxdata verify checks them",
)


def refuse_existing(*paths: Path | None, force: bool) -> None:
    """Raise if a file that is to be written is there already: it may be last month's, or a pack whose hash somebody
    keeps, and nothing else would tell. Every verb asks this of a file that its user names, before it begins.
    """
    for path in () if force else filter(None, paths):
        if path.exists():
            raise UsageError(
                Text(f"{path} 已经存在", f"{path} is there already"),
                remedy=Text("换一个文件名，或用 --force 替换它", "name another file, or replace it with --force"),
            )


From = Annotated[
    str | None,
    typer.Option("--from", help="期间起点（含），如 2026-01 或 2026-01-15 / where the period begins, such as 2026-01"),
]
To = Annotated[
    str | None, typer.Option("--to", help="期间终点（不含） / where the period ends; that instant is not in it")
]
Granularity = Annotated[str, typer.Option("--by", help="day | week | month | total")]
TariffFile = Annotated[
    Path | None,
    typer.Option("--tariff", help="资费文件，用于费用报表 / a tariff file, for the costs", exists=True, dir_okay=False),
]
Lines = Annotated[
    int | None, typer.Option("--lines", min=0, help="已购线路数，用于并发报表 / purchased lines, for concurrency")
]


GroupBy = Annotated[
    str | None,
    typer.Option(
        "--group",
        help="分组：department 或通讯簿的其他列（须有 --book）、creator、number_class、size_class、name"
        " / groups: department or another column of the book (with --book), creator, number_class, size_class, name",
    ),
]
InvoiceGiven = Annotated[
    str | None,
    typer.Option(
        "--invoice",
        help="费用分摊：账单总额（元，配合 --by total），或含 period、amount 或 started_at、amount 的 CSV 或 .xlsx；须有 --book"
        " / chargeback: the amount invoiced (yuan, with --by total), or a CSV or .xlsx with period and amount, or started_at and amount; needs --book",
    ),
]
GroupOfWhom = Annotated[
    str | None,
    typer.Option(
        "--group-of",
        help="creator | leg：按发起人还是按各接入的号码分组 / creator | leg: whose group, the creator's, or that of each leg's own number",
    ),
]
Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        help="只统计部分会议，如 creator=13900000000，可重复 / only some meetings: creator | department | name | meeting_id | number | number_class | min_minutes = VALUE, may be repeated",
    ),
]
Previous = Annotated[
    list[Path] | None,
    typer.Option(
        "--previous",
        help="此前发出的报告目录，可重复：其中隐去的行这次也隐去（与 --min-group 合用）"
        " / directory of a report sent before, may be repeated: what it hides stays hidden (with --min-group)",
    ),
]

BookFile = Annotated[
    Path | None,
    typer.Option(
        "--book",
        help="通讯簿 CSV 或 .xlsx（phone 或 number、name、department）：号码换成姓名和部门"
        " / address book (CSV or .xlsx): names and departments for numbers",
    ),
]


def address_book(path: Path | None) -> AddressBook | None:
    """Return the book that was given, and tell which of its lines are not used: whoever stands in them would be in no
    department without a word. Numbers that stand in its words are masked, as in the files that tell the same.

    Raises
    ------
    UsageError
        It cannot be used.
    """
    from ytxdata.numbers_in_text import hide_in_text
    from ytxdata.tables.address_book import AddressBook

    book = None if path is None else AddressBook.read(path)
    for one in book.notes if book else ():
        note(Text(*map(hide_in_text, one)))
    return book


def ask(
    start: str | None,
    end: str | None,
    by: str,
    tariff: Path | None,
    lines: int | None,
    group: str | None = None,
    book: AddressBook | None = None,
    invoice: str | None = None,
    *,
    group_of: str | None = None,
    only: Sequence[str] | None = None,
) -> Ask:
    """Return what the options ask of the reports, `only` of some meetings: `NAME=VALUE`; of one name any value will do.

    Raises
    ------
    UsageError
        An edge of the period is no date, `by` is unknown, tariff or invoice cannot be used, or a condition is none.
    """
    from ytxdata.metrics.calendar import check_by
    from ytxdata.metrics.invoiced import check_invoice
    from ytxdata.metrics.registry import Ask
    from ytxdata.metrics.tariff import Tariff
    from ytxdata.periods import period_of

    check_by(by)
    if invoice is not None and book is None:
        raise UsageError(
            Text("--invoice 需要通讯簿（--book）", "--invoice needs an address book (--book)"),
            remedy=Text("给出含 number、department 的 CSV 或 .xlsx", "give a CSV or .xlsx with number and department"),
        )
    if invoice is not None:
        check_invoice(invoice, cast("By", by))
    first, last = period_of(start, end, names=("--from", "--to"))
    conditions = _conditions(only or ())
    told = Ask(
        start=first,
        end=last,
        by=cast("By", by),
        tariff=None if tariff is None else Tariff.load(tariff),
        lines=lines,
        group=group,
        invoice=invoice,
        book=book if group is not None or invoice is not None or conditions else None,
        group_of=cast("Any", group_of),
        only=conditions or None,
    )
    told.of(cast("Any", None))  # a condition that is none is told before anything is read
    return told


def _conditions(only: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    conditions: dict[str, tuple[Any, ...]] = {}
    for text in only:
        name, is_given, value = text.partition("=")
        if not is_given or not value:
            raise cannot_be("--only", text, Text("写成 creator=13900000000", "write it as creator=13900000000"))
        if name == "min_minutes":
            try:
                conditions[name] = (float(value),)
            except ValueError:
                raise UsageError(
                    Text(f"min_minutes 不是数：{value!r}", f"min_minutes is no number: {value!r}"),
                    remedy=Text("写成 min_minutes=5", "write it as min_minutes=5"),
                ) from None
        else:
            conditions[name] = (*conditions.get(name, ()), value)
    return conditions
