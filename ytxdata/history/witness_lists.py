"""Reading a witness: an invoice, a list exported from the console, or call records, as CSV, XLSX or JSON."""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, time
from decimal import Decimal
from itertools import chain
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, cast

from ytxdata.errors import MissingExtraError, UsageError
from ytxdata.files import require_file
from ytxdata.history.list_amounts import SUMS, amount_of, digits_of, in_seconds, rest_of, unsigned
from ytxdata.history.list_cells import COLUMNS, RawList, cancelled, in_figures, is_enough, of_sheets, place_of, plain
from ytxdata.history.list_notes import cut_at, headings, is_of_cut
from ytxdata.history.list_periods import Edges, edges_told
from ytxdata.history.list_statements import (
    count_line,
    counted,
    counts,
    labelled,
    months_of,
    odd_sums,
    off_parts,
    summed,
)
from ytxdata.history.list_words import other_words
from ytxdata.history.lists_in_json import COUNT, is_json, json_list
from ytxdata.history.proof.witness import KINDS, UNREAD_CELLS, Aside, Totals, Witness, WitnessLine
from ytxdata.history.several_meetings import (
    columns_of,
    is_month_in,
    of_instants,
    of_several,
    of_year,
    out_of_row,
    start_in,
)
from ytxdata.labels import Text, filled
from ytxdata.list_totals import (
    CLOSINGS,
    IN_WORDS,
    NoMeeting,
    Stated,
    Unit,
    begins,
    closing_of,
    line_name,
    no_meeting,
    stated,
)
from ytxdata.phones import normalize
from ytxdata.records.values import convert
from ytxdata.spreadsheets import MOMENTS, SCIENTIFIC, bare, csv_rows, dated, exact, on_its_day, seconds_of, told_header
from ytxdata.times import BEIJING
from ytxdata.workbooks import Worksheet, is_workbook, sheets_of

_JSON_TOTALS: Mapping[Unit, tuple[str, ...]] = {
    "lines": (COUNT,),
    "seconds": ("totalduration", "totalseconds"),
    "yuan": ("totalamount", "totalfee"),
}
Figures: TypeAlias = Mapping[Unit, Sequence[Any]]
"""What a total says, of each unit all figures, the one that counts first."""


def read_witness(
    raw: bytes,
    name: str,
    kind: str,
    start: datetime,
    end: datetime,
    *,
    columns: Mapping[str, str] | None = None,
    totals: Totals | None = None,
    number_class: str | None = None,
) -> Witness:
    """Read a list of what took place.

    Parameters
    ----------
    raw, name
        The file, as it is, and what it is called.
    kind
        `invoice`, `console` or `cdr` (the platform's call records).
    start, end
        The period that it covers, `[start, end)`.
    columns
        Our name → what the column is called in it.
    totals
        What it says of itself on another page: beside what its last line (合计, total) or its own JSON says.
    number_class
        Where it covers connections of one class of numbers only.

    Raises
    ------
    UsageError
        The kind is unknown; the file cannot be read, or has neither an id nor a number with an instant.
    MissingExtraError
        It is an XLSX file and the extra `xlsx` is not installed.
    """
    if kind not in KINDS:
        raise UsageError(
            Text(f"不认识的清单种类：{kind}", f"no such kind of witness: {kind}"),
            remedy=Text("请用 " + "、".join(KINDS), "use one of " + ", ".join(KINDS)),
        )
    sheet = _sheet(raw, name, columns or {})
    by_name = columns_of(sheet.header, sheet.rows, columns or {})
    if sheet.rows and not is_enough(by_name):
        found = told_header(sheet.header)
        why = Text("没有会议编号，也没有号码和开始时间", "it has no id, and no number with a start")
        raise _unreadable(name, Text(f"{why.zh}；{found.zh}", f"{why.en}; {found.en}"))
    lines, aside, said, edges, words = _lines(sheet, by_name, start, end)
    own, more = _totals([*(_figures(one, by_name, sheet.title) for one in sheet.totals), *said])
    return Witness(
        name=name,
        kind=kind,
        sha256=hashlib.sha256(raw).hexdigest(),
        start=start,
        end=end,
        lines=lines,
        totals=Totals(own.get("lines"), own.get("seconds"), own.get("yuan")),
        n_meetings=own.get("meetings"),
        more=more,
        aside=aside,
        number_class=number_class,
        given=totals or Totals(),
        told=(edges.start, edges.end, edges.made_at),
        spans=edges.spans,
        words=words,
    )


def read_list(source: object) -> bytes:
    """Return what a file holds.

    Raises
    ------
    UsageError
        It cannot be opened, or is no path: a frame is no file, of which the bytes are kept as evidence.
    """
    if not isinstance(source, str | PathLike):
        kind = type(source).__name__
        raise UsageError(
            Text(f"清单须是文件路径或其字节，不能是 {kind}", f"a list is the path of a file or its bytes, no {kind}"),
            remedy=Text(
                "请给原文件的路径；存档按字节保存它作为凭据。只有数据框时，先写成 CSV 再给",
                "give the path of the file itself, whose bytes the archive keeps as evidence; of a frame write a CSV first",
            ),
        )
    path = Path(source)
    require_file(path)
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(Text(f"无法读取 {path}：{error.strerror}", f"cannot read {path}: {error.strerror}")) from None


def _sheet(raw: bytes, name: str, columns: Mapping[str, str]) -> RawList:
    try:
        if is_workbook(raw):
            return of_sheets(sheets_of(raw), columns)
        return json_list(raw, columns) if is_json(raw) else of_sheets([Worksheet(csv_rows(raw))], columns)
    except MissingExtraError:
        raise
    except UsageError as error:
        raise _unreadable(name, error.cause) from None
    except (ValueError, KeyError, RecursionError, csv.Error) as error:
        raise _unreadable(name, Text(str(error), str(error))) from None


def _unreadable(name: str, why: Text) -> UsageError:
    return UsageError(
        Text(f"清单 {name} 无法读取：{why.zh}", f"the list {name} cannot be read: {why.en}"),
        remedy=Text(
            "请给出 CSV、XLSX 或 JSON，第一行为列名（会议编号，或号码与开始时间）；在 Python 里可用 columns= 指明",
            "give CSV, XLSX or JSON whose first line names the columns (an id, or a number and a start); "
            "in Python, columns= says which they are",
        ),
    )


def _lines(
    sheet: RawList, by_name: Mapping[str, str], start: datetime, end: datetime
) -> tuple[tuple[WitnessLine, ...], tuple[Aside, ...], Sequence[Figures], Edges, tuple[str, ...]]:
    """Return the lines, those that are held against nothing, what the list's own totals say of the whole, of when it
    says that it is, and what it says in words that nobody knows here.
    """
    lines: list[WitnessLine] = []
    aside = [*sheet.aside, *(Aside(WitnessLine(n), "several") for n in of_several(sheet.header, sheet.rows, by_name))]
    aside += (place_of(n, "numbered") for n in out_of_row(sheet.header, sheet.rows, by_name))
    totals: list[_OwnTotal] = []
    sheet = sheet._replace(rows=[in_figures(row, by_name.get("amount_yuan", "")) for row in sheet.rows])
    told = {ours: [filled(plain(row.get(theirs))) for row in sheet.rows] for ours, theirs in by_name.items()}
    told |= {ours: list(map(dated, told[ours])) for ours in MOMENTS & told.keys()}
    if "started_at" in told:
        told["started_at"] = [*map(start_in, told["started_at"])]
    if "day" in told:
        told["day"] = [of_year(one, start, end) for one in told["day"]]
    if told:
        on_days = [on_its_day(dict(zip(told, one, strict=True))) for one in zip(*told.values(), strict=True)]
        told = {ours: [one[ours] for one in on_days] for ours in told}
    if "duration_s" in told:
        unit_s = seconds_of(by_name["duration_s"])
        told["duration_s"] = [in_seconds(one, unit_s) for one in told["duration_s"]]
    cells = {ours: _read(ours, texts, digits_of(by_name[ours], sheet.title)) for ours, texts in told.items()}
    unread_at = {ours: _unread_at(ours, told[ours], cells[ours]) for ours in UNREAD_CELLS if ours in told}
    unread_days = _unread_at("day", told["day"], cells["day"]) if "day" in told else set()
    unread_days -= {n for n in unread_days if is_month_in(told["day"][n], start, end)}
    if "duration_s" in cells:
        cells["rest_s"] = [*map(rest_of, told["duration_s"], cells["duration_s"])]
    ids = told.get("meeting_id", [""] * len(sheet.rows))
    words_of = [[*filter(None, map(plain, row.values()))] for row in sheet.rows]
    names = [line_name(own, words) for own, words in zip(ids, words_of, strict=True)]
    beside = [{ours: told[ours][n] for ours in told if ours != "meeting_id"} for n in range(len(names))]
    titles = headings([*zip(names, beside, words_of, strict=True)])
    titles |= {n for n, words in enumerate(words_of) if is_of_cut(words)}
    notes = [(0, one) for one in (sheet.title, *sheet.covers)]
    notes += [(0, one) for said in sheet.totals for one in said.values() if isinstance(one, str)]
    months = months_of(start, end)
    foot: list[tuple[int, int, str, NoMeeting | None]] = []
    told_in_words: list[tuple[int, str]] = []
    for n, (number, row) in enumerate(zip(sheet.numbers, sheet.rows, strict=True)):
        texts = {ours: one[n] for ours, one in told.items()}
        line, lost = _line(number, {ours: one[n] for ours, one in cells.items()})
        own, words = texts.get("meeting_id", ""), words_of[n]
        measures = {ours: cell for ours, cell in texts.items() if ours not in ("meeting_id", "number")}
        name = names[n]
        what = no_meeting(name, measures)
        what = count_line(words) or what if what in (None, "footer") else what
        free = None if lost or line.is_credit else closing_of(own, words, texts)
        why = what or free or ("footer" if n in titles else cancelled(words, line) or _unread(line, lost))
        if why is None:
            lines.append(line)
            aside += (Aside(WitnessLine(number), ours) for ours, places in unread_at.items() if n in places)
            # read as no day, a list of another month proved this one
            aside += [Aside(WitnessLine(number), "day")] if n in unread_days and line.edges is None else []
            continue
        if what == "total":
            words = [name, *(one for one in words if one != name)]
            said = stated(words, texts)
            under = _under_words(n, sheet, by_name)
            said = said._replace(bare=[*said.bare, *under])
            is_lost = any(
                re.search(r"\d", texts.get(ours, "")) and texts[ours] != words[0] and cells[ours][n] is None
                for ours in _SUMMED
                if ours in cells
            )
            is_in_words = IN_WORDS.search("".join(words)) is not None
            figures = _figures(row, by_name, sheet.title, months)
            totals.append(_OwnTotal(number, figures, said, len(lines), is_lost, is_in_words))
        aside.append(Aside(line, why))
        notes.append((number, " ".join(words_of[n])))
        foot.append((number, len(lines), labelled(words_of[n]), what))
        told_in_words += [(len(lines) if n in titles else len(sheet.rows), foot[-1][2])] * (why in ("total", "footer"))
    aside += [Aside(WitnessLine(one), "more") for one in cut_at(notes, [one.line for one in lines], len(sheet.rows))]
    outside: list[tuple[int, str, NoMeeting | None]] = [(0, sheet.title, None)]
    outside += [(number, text, what) for number, end, text, what in foot if end in (0, len(lines))]
    of_list, unheld = counted(outside, sheet.covers, lines, months)
    aside += [Aside(WitnessLine(one), "part_differs") for one in off_parts(foot, lines, months)]
    of_list += [{"meetings": [n]} for rows in sheet.tables for n in summed(rows, months, len(lines))]
    aside += [Aside(WitnessLine(one), "more") for one in unheld]
    begun = begins(one.end for one in totals)
    closings, of_all, unread = [one for one in aside if one.why in CLOSINGS], list[Figures](), set[int]()
    n_ids = len({one.meeting_id for one in lines})
    of_lines = {of: ones for of, ones in Totals.sums(lines, closings).items() if of != "lines"}
    whole = (
        [Decimal(n_ids), *chain(*Totals.sums(lines, closings).values())] if any(one.said.bare for one in totals) else []
    )
    for one in totals:
        part = lines[begun[one.end] : one.end]
        of_all += [] if _is_of_part(one.figures, part, len(lines)) else [one.figures]
        # a figure of which no word says what it counts is a count of lines, if nothing else comes to as much
        is_count_of_lines = len(lines) in one.said.bare and not {*chain(*of_lines.values())} >= {Decimal(len(lines))}
        of_all += [{"lines": [len(lines)]}] if is_count_of_lines else []
        sums = [*whole, *chain(*Totals.sums(part).values())] if one.said.bare else []
        # an amount in words counts for nothing beside figures, its own or those of another total
        is_lost = one.is_lost or (one.is_in_words and not any(each.figures for each in totals))
        unread |= {one.line} if is_lost or one.said.is_unread(sums) else set()
    aside = [
        one._replace(why="total_unread") if one.why == "total" and one.line.line in unread else one for one in aside
    ]
    aside += (Aside(one, "credit") for one in lines if one.is_credit)
    row_of = dict(zip(sheet.numbers, sheet.rows, strict=True))
    aside += (
        place_of(n, "instants") for n in of_instants(sheet.header, [(one, row_of[one.line]) for one in lines], by_name)
    )
    told_of_all = [(place, text) for place, text, what in outside if what not in ("subtotal", "part")]
    told_of_all += [(0, text) for text in sheet.covers]
    edges = edges_told([text for _, text in told_of_all], lines, start, end)
    aside += (Aside(WitnessLine(told_of_all[n][0]), "period") for n in edges.unread)
    # of several headings above lines each says whose the next ones are
    above = [text for n, text in told_in_words if n < len(lines)]
    others = [*sheet.said, *(text for n, text in told_in_words if n >= len(lines)), *above * (len(above) < 2)]
    unknown = [text for rows in sheet.tables for text in odd_sums(rows, len(lines))]
    unknown += [word for text in others for word in other_words(text)]
    unknown += [told_of_all[n][1] for n in edges.unread]
    return (
        tuple(one for one in lines if not one.is_credit),
        tuple(aside),
        [*of_list, *of_all],
        edges,
        tuple(dict.fromkeys(unknown)),
    )


_OF_PEOPLE = re.compile(r"人|people|person|part(?:y|ies|icipant)|attend|member|user", re.IGNORECASE)


def _under_words(place: int, sheet: RawList, by_name: Mapping[str, str]) -> list[Decimal]:
    """Return the figures of a total under columns that nobody reads and that hold none in any other line: they are no
    sums of these.
    """
    row = {name: plain(cell) for name, cell in sheet.rows[place].items() if name not in by_name.values()}
    names = [name for name, cell in row.items() if _COUNT.fullmatch(cell) and not _OF_PEOPLE.search(str(name))]
    others = [one for n, one in enumerate(sheet.rows) if n != place]
    return [Decimal(row[name]) for name in names if not any(_COUNT.fullmatch(plain(one.get(name))) for one in others)]


_COUNT = re.compile(r"\d{1,7}")


class _OwnTotal(NamedTuple):
    """A total of a list: its line, its figures under columns and in words, how many lines stand above it, whether
    something under a column of figures cannot be read, and whether an amount stands in it as cheques have it.
    """

    line: int
    figures: Figures
    said: Stated
    end: int
    is_lost: bool
    is_in_words: bool


_SUMMED = ("duration_s", "amount_yuan")


def _is_of_part(figures: Figures, part: Sequence[WitnessLine], n_lines: int) -> bool:
    """Say whether a total is that of the lines since the one before, and not of all."""
    first = {unit: ones[0] for unit, ones in figures.items()}
    own = Totals(first.get("lines", first.get("meetings")), first.get("seconds"), first.get("yuan"))
    return 0 < len(part) < n_lines and bool(first) and not own.differing(part)


def _read(ours: str, texts: Sequence[str], digits: int) -> list[Any]:
    if ours == "amount_yuan":
        return [amount_of(one, digits) for one in texts]
    # of a meeting no length is below zero, and none is read so; of a list it is a credit
    below = [unsigned(one) if ours == "duration_s" else (one, False) for one in texts]
    read = cast("list[Any]", convert(COLUMNS[ours][0], [text or None for text, _ in below]).array.to_pylist())
    return [-one if is_below and one is not None else one for one, (_, is_below) in zip(read, below, strict=True)]


_SILENT = re.compile(
    r"未(?:接[通听]?|应答|加入|入会|参会|开始|结束|计费|收费)|无人接听|进行中|会议中|免费|赠送|free|ongoing|no(?: answer|t (?:answered|joined))"
    r"|nan|nat|<na>",
    re.IGNORECASE,
)
"""What people write of a call that nobody took, that goes on, or that costs nothing: there is nothing to read. And
what pandas writes for that."""


def _unread_at(ours: str, texts: Sequence[str], read: Sequence[Any]) -> set[int]:
    """Return at which places something stands that was not understood; zeros are how databases write no time at all."""
    open_ = {n for n, text in enumerate(texts) if text and read[n] is None and not _SILENT.fullmatch(text)}
    kind = COLUMNS[ours][0]
    return open_ & convert(kind, texts).reasons.keys() if open_ and kind == "instant" else open_


def _line(number: int, said: dict[str, Any]) -> tuple[WitnessLine, Text | None]:
    """Return a line, and why its id or number is not what it was meant to be, where it is not."""
    moments = {name: said[name] for name in ("started_at", "ended_at", "day") if said.get(name)}
    # A spreadsheet writes a day as its midnight, and a day is no instant.
    said |= {name: None for name, one in moments.items() if one.astimezone(BEIJING).time() == time()}
    is_of_day = bool(moments) and not said.get("started_at")
    said["day"] = next(iter(moments.values())).astimezone(BEIJING).date() if is_of_day else None
    meant = {name: exact(said[name]) for name in ("meeting_id", "number") if said.get(name)}
    lost = {name: why for name, why in meant.items() if isinstance(why, Text)}
    said |= {name: one for name, one in meant.items() if name not in lost}
    said["number"] = normalize(said["number"]) if said.get("number") and "number" not in lost else None
    is_known = "meeting_id" not in lost and said.get("meeting_id")
    return WitnessLine(number, **said), None if is_known else next(iter(lost.values()), None)


def _unread(line: WitnessLine, lost: Text | None) -> str | None:
    """Return why nobody knows which meeting a line means, nor whose connection when; None where somebody does."""
    if line.number is not None and line.started_at is not None:
        return None
    if lost:
        return "scientific" if lost == SCIENTIFIC else "formula"
    # what is given back is nothing that may be missing: it needs no id
    return "no_id" if line.meeting_id is None and not line.is_credit else None


def _totals(said: Sequence[Figures]) -> tuple[dict[Unit, Any], tuple[tuple[Unit, Decimal], ...]]:
    """Return what a list says of itself last, and whatever else it says of the same: each total must hold."""
    own: dict[Unit, Any] = {}
    more: list[tuple[Unit, Decimal]] = []
    for told in reversed(said):
        for unit, figures in told.items():
            first = own.setdefault(unit, figures[0])
            more += [(unit, Decimal(one)) for one in figures if one != first]
    return own, tuple(dict.fromkeys(more))


def _figures(said: Mapping[str, Any], by_name: Mapping[str, str], title: str, months: Collection[int] = ()) -> Figures:
    """Return what a total says: beside a JSON list by these names, in a line under the list's own columns, or in words."""
    named = {bare(str(name)): value for name, value in said.items() if not isinstance(value, list | dict)}
    words = stated(map(plain, named.values())).told
    cells = [plain(one) for name, one in named.items() if isinstance(one, str) and name not in _measured(by_name)]
    counted = [one for one in counts(cells, months) if one.what == "all"]

    def found(unit: Unit, ours: str = "") -> list[Any]:
        own = bare(by_name.get(ours, ""))
        # of a line, what stands under other names is of columns that nobody read
        others = () if filled(plain(named.get(own))) or not ours else {*COLUMNS[ours][1]} - {*SUMS}
        names = dict.fromkeys(map(bare, (*_JSON_TOTALS.get(unit, ()), own, *sorted(others))))
        cells = {one: plain(named[one]) for one in names if one in named}
        if unit == "yuan":
            told: list[Any] = [amount_of(cell, digits_of(one, title)) for one, cell in cells.items()]
        else:
            unit_s = seconds_of(by_name.get(ours, ""))
            lengths = [in_seconds(cell, unit_s) if one == own else cell for one, cell in cells.items()]
            told = convert("seconds", [one or None for one in lengths]).array.to_pylist()
        return [
            one for one in (*told, words.get(unit), *(one.n for one in counted if one.of == unit)) if one is not None
        ]

    figures: Figures = {
        "meetings": found("meetings"),
        "lines": found("lines"),
        "seconds": found("seconds", "duration_s"),
        "yuan": found("yuan", "amount_yuan"),
    }
    return {unit: ones for unit, ones in figures.items() if ones}


def _measured(by_name: Mapping[str, str]) -> set[str]:
    return {bare(by_name[ours]) for ours in _SUMMED if ours in by_name}
