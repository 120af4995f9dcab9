"""The workbook of a report: a first sheet that answers before one asks, a sheet a table, raw records last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from ytxdata.labels import Lang, Text, preferred_lang
from ytxdata.metrics.definitions import adds_up
from ytxdata.metrics.report import UNJUDGED, Report
from ytxdata.pages.collection import Collection, Leaving
from ytxdata.plots.canvas import BLUE, INK, RED, numbers
from ytxdata.plots.distributions import WEEKDAYS
from ytxdata.plots.over_time import Layer, beside, colours, layers, usage_figures
from ytxdata.tables.described import Cell, Definition, Described, spoken, unit_of
from ytxdata.tables.excel import SheetPlace, write_workbook
from ytxdata.tables.excel_sheet import Formats, in_cell, number_format, print_setup
from ytxdata.tables.html import scope
from ytxdata.tables.masking import Privacy
from ytxdata.templates import BADGES

LONG = ("people", "lonely", "presence", "peak_stretches")
"""Reports with a row for each person, meeting or stretch: they stand behind the explanations, as records do."""

_COLOURS = {"PROVEN": "#00694C", "PROBABLE": "#8A5300", "GAP": "#A8331C"}
"""Verdict → colour, as on a page: white letters can be read on each."""

_HEADING: dict[str, Any] = {"bold": True, "bottom": 2, "bottom_color": "#1F4E79", "font_color": "#1F4E79"}

_COLUMNS = 26
_WIDE = 5.6
"""A narrow grid: two columns for the names of days, one for each hour; all else lies across several of them."""
_ACROSS = 150
"""Places of text that surely fit on a line beside the badge, a Chinese character taking two."""
_TOP = 10
_CHART_ROWS = 15
_FEW = 5
"""Up to so many meetings a scale of its own has steps of a fifth of one."""

_CHARTS = (
    ("creators", "creator", "meeting_minutes", "bar"),
    ("concurrency", "period", "peak_legs", "column"),
)
"""Report, column of names, column of values, kind; before them the figures that a picture of usage shows."""

_NAME = Text("概览", "Overview")
_TITLE = Text("会议用量报告", "Meeting usage report")
_HEADS = (
    Text("指标", "figure"),
    Text("本期", "this period"),
    Text("单位", "unit"),
    Text("上期", "before"),
    Text("变化", "change"),
)
_SHEETS = Text("工作表", "Sheets")
_GRID = Text("会议时段分布（占用分钟）", "When meetings take place (occupied minutes)")


def write_report(
    collected: Collection,
    path: str | Path,
    *,
    lang: Lang | None = None,
    privacy: Privacy | None = None,
    check: bool = True,
) -> Path:
    """Write the workbook of a report and return its path.

    Parameters
    ----------
    collected
        What is written.
    path
        The file; it appears when it is whole.
    lang
        Language of sheets, headers and explanations; by default the session's.
    privacy
        What is shown of telephone numbers.
    check
        Read the file back and compare every cell.

    Raises
    ------
    UsageError
        The path cannot be written, or a table has more rows than a sheet holds.
    MissingExtraError
        The extra `excel` is not installed.
    FileDiffersError
        The file, read back, is not what was meant; the message names the cell.
    """
    lang = lang or preferred_lang()
    shown = {name: _as_grid(one, lang) if name == "heatmap" else one for name, one in collected.reports.items()}
    long = [table for name, table in shown.items() if name in LONG]
    return write_workbook(
        [*(table for name, table in shown.items() if name not in LONG), collected.coverage],
        path,
        lang=lang,
        front=Overview(Leaving.of(collected, privacy or Privacy()), lang),
        last=[*long, *collected.records.values()],
        by_title=True,
        check=check,
        **(privacy or Privacy()).options,
    )


def _as_grid(report: Report, lang: Lang) -> Described:
    """Return the heat map with a row for each day (of each group) and a column for each hour."""
    rows = report.arrow.to_pylist()
    groups = list(dict.fromkeys(row["group"] for row in rows)) if "group" in report.arrow.column_names else [None]
    cells = {(row.get("group"), row["weekday"], row["hour"]): row["heatmap"] for row in rows}
    lines = [(group, day) for group in groups for day in range(1, 8)]
    days = pa.array([WEEKDAYS[day - 1].in_(lang) for _, day in lines])
    hours = {f"h{hour:02d}": pa.array([cells.get((*line, hour)) for line in lines], pa.float64()) for hour in range(24)}
    known = report.definition("heatmap")
    named = [Definition(key=f"h{hour:02d}", zh=f"{hour} 时", en=f"{hour}:00", unit=known.unit) for hour in range(24)]
    own = {} if groups == [None] else {"group": pa.array([group for group, _ in lines], pa.string())}
    return replace(
        report,
        frame=pa.table({**own, "weekday": days, **hours}),
        definitions=(
            *(report.definition(key) for key in own),
            Definition(key="weekday", zh="星期", en="weekday", unit="id"), *named, known,
        ),
    )  # fmt: skip


class Bars(NamedTuple):
    """What one chart shows: layers of values, one a group, and perhaps a line over them, by names.

    The names stand in a column of a table's sheet, or, where several rows of it are of one name, here.
    """

    title: Text
    label: Text
    kind: str
    place: SheetPlace
    key: int
    layers: Sequence[Layer]
    lines: int | None = None
    names: list[str] | None = None
    is_sum: bool = False

    @property
    def n_rows(self) -> int:
        """How many names there are."""
        return len(self.layers[0].values)

    @property
    def columns(self) -> list[list[Any]]:
        """What is written for the chart to draw: names if they are here, values, the line."""
        own: list[list[Any]] = [] if self.names is None else [self.names]
        values = [[None if value != value else value for value in layer.values] for layer in self.layers]
        return [*own, *values, *([] if not self.lines else [[self.lines] * self.n_rows])]


def _in_one_order(charts: Sequence[Bars]) -> list[Bars]:
    """Return charts that name groups in the order of the first, by their colours: side by side, nobody reads two
    legends.
    """
    places = {layer.colour: at for one in charts[:1] for at, layer in enumerate(one.layers)}
    return [
        one._replace(layers=sorted(one.layers, key=lambda layer: places.get(layer.colour, len(places))))
        for one in charts
    ]


class Overview:
    """The first sheet: verdict, key figures with comparison, links to the sheets, the heat map as a coloured grid,
    native charts.

    Parameters
    ----------
    collected
        What it is about.
    lang
        Its language.
    """

    def __init__(self, collected: Leaving, lang: Lang) -> None:
        self.collected, self.lang = collected, lang
        self.name = _NAME.in_("en" if lang == "en" else "zh")
        self.cells: list[list[Cell]] = []
        self._last = 0

    def write(self, workbook: Any, sheet: Any, formats: Formats, places: Mapping[str, SheetPlace]) -> None:
        """Write it, and keep what was written for the comparison."""
        self._sheet, self._formats = sheet, formats
        self.cells = []
        sheet.hide_gridlines(2)
        sheet.set_column(0, _COLUMNS - 1, _WIDE)
        self._head()
        self._figures(places)
        if "heatmap" in self.collected.reports:  # left out where small groups are hidden by the day
            self._grid()
        self._charts(workbook, places)
        print_setup(sheet)
        sheet.fit_to_pages(1, 1)
        sheet.print_area(0, 0, self._last, _COLUMNS - 1)

    def _put(self, row: int, first: int, last: int, value: Cell, style: Any) -> None:
        """Write a value across some columns, and keep it."""
        while len(self.cells) <= row:
            self.cells.append([])
        line = self.cells[row]
        line.extend([None] * (first - len(line) + 1))
        held = in_cell(value)
        line[first] = held
        if last > first:
            self._sheet.merge_range(row, first, row, last, "", style)
        if held is None or held == "":
            line[first] = None
            self._sheet.write_blank(row, first, None, style)
        elif isinstance(held, str):
            self._sheet.write_string(row, first, held, style)
        else:
            self._sheet.write_number(row, first, held, style)

    def _head(self) -> None:
        certificate, styled, lang = self.collected.certificate, self._formats.styled, self.lang
        self._sheet.set_row(0, 28)
        self._put(0, 0, _COLUMNS - 1, _TITLE.in_(lang), styled(bold=True, font_size=18, valign="vcenter"))
        self._sheet.set_row(1, 20)
        self._put(1, 0, _COLUMNS - 1, scope(self.collected.reports["usage"]).in_(lang), styled(font_color="#5F5F5F"))
        colour = _COLOURS[certificate.worst]
        badge = styled(bold=True, font_color="#FFFFFF", bg_color=colour, align="center", valign="vcenter")
        is_unjudged = any(UNJUDGED in one.notes for one in self.collected.reports.values())
        told = [one.in_(lang) for one in (certificate.sentence, *[UNJUDGED] * is_unjudged)]
        lines = sum(-(-sum(1 + (character > "ÿ") for character in one) // _ACROSS) for one in told)
        self._sheet.set_row(2, 17 * max(2, lines))
        self._put(2, 0, 4, BADGES[certificate.badge].in_(lang), badge)
        said = styled(text_wrap=True, valign="vcenter", indent=1, border=1, border_color=colour)
        self._put(2, 5, _COLUMNS - 1, "\n".join(told), said)

    def _figures(self, places: Mapping[str, SheetPlace]) -> None:
        styled, lang = self._formats.styled, self.lang
        head, right, of = styled(**_HEADING), styled(**_HEADING, align="right"), styled(**_HEADING, indent=1)
        spans = ((0, 5), (6, 8), (9, 10), (11, 13), (14, 16))
        row = len(self.cells) + 1
        for text, (first, last) in zip(_HEADS, spans, strict=True):
            self._put(row, first, last, text.in_(lang), right if first in (6, 11, 14) else of if first == 9 else head)
        self._put(row, 18, _COLUMNS - 1, _SHEETS.in_(lang), head)
        links = list(places.values())
        half = -(-len(links) // 2)
        rows = max(len(self.collected.figures), half)
        for at in range(rows):
            line = row + 1 + at
            if at < len(self.collected.figures):
                self._figure(line, at, spans)
            for column, place in ((18, at), (22, at + half)):
                if place < (half if column == 18 else len(links)):
                    self._link(line, column, links[place].sheet)
        compared = self.collected.compared
        if compared is not None and self.collected.before is not None:
            verdict = BADGES[self.collected.before[1].badge].in_(lang)
            said = f"{compared.in_(lang)} {verdict}"
            self._put(row + 1 + rows, 0, _COLUMNS - 1, said, styled(font_color="#5F5F5F", font_size=9))

    def _figure(self, line: int, at: int, spans: Sequence[tuple[int, int]]) -> None:
        figure, styled = self.collected.figures[at], self._formats.styled
        unit = unit_of(figure.definition.unit)
        rule: dict[str, Any] = {"bottom": 1, "bottom_color": "#D9D9D9", "valign": "vcenter"}
        now, was = (number_format(pa.scalar(value).type, unit.excel) for value in (figure.value, figure.before))
        plain = styled(**rule)
        of = styled(indent=1, **rule)
        change = figure.change.in_(self.lang) if figure.change else None
        values = (figure.label.in_(self.lang), figure.value, unit.label.in_(self.lang), figure.before, change)
        looks = (
            plain,
            styled(now, bold=True, **rule),
            of,
            styled(was, font_color="#5F5F5F", **rule),
            styled(align="right", shrink=True, **rule),
        )
        for (first, last), value, look in zip(spans, values, looks, strict=True):
            self._put(line, first, last, value, look)

    def _link(self, line: int, column: int, name: str) -> None:
        style = self._formats.styled(font_color="#0563C1", underline=1, valign="vcenter")
        self._put(line, column, column, name, style)
        quoted = name.replace("'", "''")
        self._sheet.write_url(line, column, f"internal:'{quoted}'!A1", style, in_cell(name))

    def _grid(self) -> None:
        styled, lang = self._formats.styled, self.lang
        row = len(self.cells) + 1
        self._put(row, 0, _COLUMNS - 1, _GRID.in_(lang), styled(**_HEADING))
        for hour in range(24):
            self._put(row + 1, hour + 2, hour + 2, hour, styled(align="center", font_color="#5F5F5F", font_size=8))
        cells: dict[tuple[int, int], float | None] = {}
        for one in self.collected.reports["heatmap"].arrow.to_pylist():  # minutes of groups add up
            place, minutes = (one["weekday"], one["hour"]), one["heatmap"]
            cells[place] = None if minutes is None else minutes + (cells.get(place) or 0.0)
        cell = styled("#,##0;;;", align="center", font_size=8, border=1, border_color="#FFFFFF")
        for day, name in enumerate(WEEKDAYS, start=1):
            self._put(row + 1 + day, 0, 1, name.in_(lang), styled(font_color="#5F5F5F"))
            for hour in range(24):
                self._put(row + 1 + day, hour + 2, hour + 2, cells.get((day, hour)), cell)
        scale = {"type": "2_color_scale", "min_color": "#F4F8FC", "max_color": "#9DC3E6"}
        self._sheet.conditional_format(row + 2, 2, row + 8, 25, scale)

    def _charts(self, workbook: Any, places: Mapping[str, SheetPlace]) -> None:
        """Draw what a trend, the creators and the lines look like; charts draw cells, and these stand in hidden
        columns behind them.
        """
        row = len(self.cells) + 1
        self._last = row + 2 * _CHART_ROWS
        figures = usage_figures(self.collected.reports["usage"].arrow.column_names)
        charts = (*(("usage", "period", column, "column") for column, *_ in figures), *_CHARTS)
        made = _in_one_order([chart for one in charts if (chart := self._bars(places, *one)) is not None])
        helpers = [column for chart in made for column in chart.columns]
        for at in range(max((len(column) for column in helpers), default=0)):
            for position, column in enumerate(helpers):
                if at < len(column):
                    self._put(row + at, _COLUMNS + position, _COLUMNS + position, column[at], self._formats.cell("0"))
        self._sheet.set_column(_COLUMNS, _COLUMNS + len(helpers), None, None, {"hidden": True})
        position = _COLUMNS
        for at, chart in enumerate(made):
            drawn = self._drawn(workbook, chart, row, position)
            self._sheet.insert_chart(row + at // 2 * _CHART_ROWS, at % 2 * 13, drawn, {"object_position": 2})
            position += len(chart.columns)

    def _bars(self, places: Mapping[str, SheetPlace], name: str, key: str, column: str, kind: str) -> Bars | None:
        """Return what a chart shows of a table; None where the table has no rows."""
        place, report = places.get(name), self.collected.reports.get(name)
        if place is None or report is None or not place.n_rows:
            return None
        known = report.definition(column)
        label, share = known.label, 1
        if known.unit == "min":  # in hours, like the tiles
            label, share = Text(label.zh.replace("分钟", "小时"), label.en.replace("minutes", "hours")), 60
        lines = self.collected.ask.lines if name == "concurrency" else None
        bars = Bars(report.title, label, kind, place, place.columns.index(key), (), lines)
        if "group" not in report.arrow.column_names:
            values = numbers(report.arrow.column(column).to_pylist())[: _TOP if kind == "bar" else None]
            return bars._replace(layers=[Layer(label.in_(self.lang), BLUE, [value / share for value in values])])
        shown = self.collected.drawn[name]
        data = spoken(shown, self.lang).arrow.to_pydict()
        names = list(dict.fromkeys(map(str, data[key])))
        of = colours(shown, data, column, self.lang)
        lay = layers if adds_up(column) else beside
        found = lay(data, names, key, column, self.lang, of=of)
        told = [layer._replace(values=[value / share for value in layer.values]) for layer in found]
        return bars._replace(layers=told, names=names, is_sum=adds_up(column))

    def _drawn(self, workbook: Any, bars: Bars, row: int, position: int) -> Any:
        """Return a native chart of some bars, whose columns begin at a row and column of this sheet."""
        last = row + bars.n_rows - 1
        names = [bars.place.sheet, 1, bars.key, bars.n_rows, bars.key]
        if bars.names is not None:
            names = [self.name, row, position, last, position]
            position += 1
        is_stacked = len(bars.layers) > 1 and bars.is_sum
        chart = workbook.add_chart({"type": bars.kind, **({"subtype": "stacked"} if is_stacked else {})})
        for layer in bars.layers:
            values = [self.name, row, position, last, position]
            look: dict[str, Any] = {"fill": {"color": layer.colour}, "gap": 40}
            chart.add_series({"name": layer.label, "categories": names, "values": values, **look})
            position += 1
        if bars.lines:
            bought = Text("已购线路 {n:,}", "purchased lines {n:,}").format(n=bars.lines).in_(self.lang)
            line = workbook.add_chart({"type": "line"})
            values = [self.name, row, position, last, position]
            look = {"color": RED, "width": 1.75, "dash_type": "dash"}
            line.add_series({"name": bought, "categories": names, "values": values, "line": look})
            chart.combine(line)
        is_lined = bars.lines or len(bars.layers) > 1
        chart.show_hidden_data()
        font: dict[str, Any] = {"name": "Microsoft YaHei", "size": 9, "color": INK}
        said = f"{bars.title.in_(self.lang)} · {bars.label.in_(self.lang)}"
        chart.set_title({"name": said, "name_font": {**font, "size": 11}, "overlay": False})
        chart.set_legend({"position": "bottom", "font": font} if is_lined else {"none": True})
        along = {"num_font": font, "line": {"color": "#BFBFBF"}}
        # of themselves they begin where the shortest bar does: of 77 and 69 meetings one looked half as tall; and in
        # whole numbers every label read 0 beside bars of a quarter of an hour
        known = [value for layer in bars.layers for value in layer.values if value == value]
        is_few = all(value == int(value) <= _FEW for value in known)
        steps = {"major_unit": 1} if is_few else {}
        up = {**steps, "min": 0, "num_font": font, "num_format": "[>=1000]#,##0;General", "line": {"none": True}, "major_gridlines": {"visible": True, "line": {"color": "#E5E5E5"}}}  # fmt: skip
        if bars.kind == "bar":  # names go down, the first at the top, and numbers stay below
            chart.set_y_axis({**along, "reverse": True, "crossing": "max", "major_gridlines": {"visible": False}})
            chart.set_x_axis(up)
        else:
            chart.set_x_axis(along)
            chart.set_y_axis(up)
        chart.set_chartarea({"border": {"color": "#D9D9D9"}})
        chart.set_size({"width": 572, "height": 20 * _CHART_ROWS - 8})
        return chart
