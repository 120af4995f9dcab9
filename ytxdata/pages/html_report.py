"""The HTML report: one file that needs nothing else, the verdict of completeness first."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pyarrow as pa
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ytxdata import plots, templates
from ytxdata.errors import UsageError
from ytxdata.files import replacing
from ytxdata.fleet import FleetCertificate
from ytxdata.labels import Lang, Text, decimal_text, preferred_lang
from ytxdata.metrics.registry import REPORTS
from ytxdata.metrics.report import UNJUDGED, Report
from ytxdata.pages.collection import Collection, KeyFigure, Leaving, span_of
from ytxdata.plots import PICTURES
from ytxdata.plots.canvas import Inset
from ytxdata.tables.described import spoken, unit_of
from ytxdata.tables.html import readable
from ytxdata.tables.masking import Privacy
from ytxdata.templates import render
from ytxdata.times import BEIJING, ZONE_NAME, beijing_text
from ytxdata.version import __version__

_ZONE = Text(f"时间均为北京时间（{ZONE_NAME}）", f"all times are Beijing time ({ZONE_NAME})")
_PICTURE = Text("图：", "Picture: ")
_PARTIAL = Text(
    "* 该时段不完整：只有一部分在所选期间内或已有数据",
    "* not a whole period: only a part of it lies in the period asked for, or has data yet",
)
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
"""Programs that can print a page, best first."""
PDF_LIMIT_S = 120
MOST_IDS, MOST_MEETINGS = 500, 5_000
"""Ids listed for one period, and meetings up to which they are listed at all: beyond that the page would be a file of
ids.
"""
_NARROW_TABLE = 5
"""Columns up to which a table stands beside its picture."""


def write_page(
    collected: Collection, path: str | Path, *, lang: Lang | None = None, privacy: Privacy | None = None
) -> Path:
    """Write the HTML report and return its path; the file appears when it is whole.

    Parameters
    ----------
    collected
        What the page is made from.
    path
        The file.
    lang
        `zh`, `en`, or `both`: one language after the other in one file; by default the session's (`YTX_LANG`, else the
        system's).
    privacy
        What is shown of telephone numbers; by default they are masked.

    Raises
    ------
    UsageError
        The path cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> import ytxdata as ytx
    >>> from ytxdata.metrics.registry import Ask
    >>> from ytxdata.pages.collection import collect
    >>> from ytxdata.times import as_instant
    >>> asked = Ask(start=as_instant("2024-03"), end=as_instant("2024-04"))
    >>> made = collect(ytx.sample("archive"), asked)
    >>> write_page(made, Path(tempfile.mkdtemp()) / "report.html", lang="en").name
    'report.html'
    """
    target = Path(path)
    with replacing(target, is_private=privacy is not None and privacy.show_phones) as draft:
        draft.write_text(page(collected, lang=lang, privacy=privacy), encoding="utf-8")
    return target


def write_pdf(page: str | Path, path: str | Path) -> Path:
    """Print a page to a PDF with a Chromium that is installed, and return its path.

    Parameters
    ----------
    page
        A page that `write_page` wrote.
    path
        The PDF.

    Raises
    ------
    UsageError
        There is no Chromium on this machine (the message names the package), or it could not print.
    """
    program = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if program is None:
        raise UsageError(
            Text("--pdf 需要 Chromium，本机没有安装", "--pdf needs a Chromium, and none is installed"),
            remedy=Text(
                "安装 chromium（Debian/Ubuntu：apt install chromium；macOS：brew install --cask chromium）或 Google Chrome，或在浏览器中打开网页后打印",
                "install chromium (Debian, Ubuntu: apt install chromium; macOS: brew install --cask chromium) or Google Chrome, or open the page in a browser and print it",
            ),
        )
    target = Path(path)
    is_private = not Path(page).stat().st_mode & 0o077  # as the page is
    with (
        replacing(target, is_private=is_private) as draft,
        TemporaryDirectory(prefix="ytxdata-pdf-", ignore_cleanup_errors=True) as profile,
    ):
        command = [
            program, "--headless", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--no-pdf-header-footer",
            f"--user-data-dir={profile}", f"--print-to-pdf={draft.absolute()}", Path(page).absolute().as_uri(),
        ]  # fmt: skip
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            # Chromium has no sandbox for root; the page is our own and runs one script of ours
            command.insert(1, "--no-sandbox")
        done = subprocess.run(command, capture_output=True, timeout=PDF_LIMIT_S, check=False)  # noqa: S603  no shell
        if done.returncode or not draft.stat().st_size:
            raise UsageError(
                Text(
                    f"{program} 未能打印（退出码 {done.returncode}）",
                    f"{program} could not print (exit code {done.returncode})",
                ),
                remedy=Text("在浏览器中打开网页后打印", "open the page in a browser and print it"),
            )
    return target


def page(collected: Collection, *, lang: Lang | None = None, privacy: Privacy | None = None) -> str:
    """Return the HTML report as text; see `write_page`."""
    lang = lang or preferred_lang()
    langs: tuple[Lang, ...] = ("zh", "en") if lang == "both" else (lang,)
    told = Leaving.of(collected, privacy or Privacy())  # what is not masked is out of reach from here on
    articles = [_article(told, one) for one in langs]
    span = span_of(collected.period).in_(langs[0])
    script = (Path(templates.__file__).parent / "report.js").read_text(encoding="utf-8")
    filled = render(
        "report.html",
        lang,
        langs=langs,
        articles=articles,
        span=span,
        version=__version__,
        script=Markup(script),  # noqa: S704  our own file: the page's policy runs this and nothing else
        script_hash=f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}",
    )
    return f"{filled}\n"


def _article(collected: Leaving, lang: Lang) -> Markup:
    reports = [report for name, report in collected.reports.items() if REPORTS[name].rows]
    notes = collected.reports["usage"].notes
    certificate, ids, coverage = collected.certificate, _ids(collected), None
    if collected.verdicts and not isinstance(certificate, FleetCertificate):  # accounts stand beside each other
        title = collected.coverage.title.in_(lang)
        coverage = chart("coverage", collected.coverage, title=title, lang=lang, prefix=f"{lang}-coverage")
    common = {UNJUDGED} | {note for note in notes if all(note in other.notes for other in reports)}
    shown, before = list[dict[str, Any]](), set[Text]()
    for report in reports:
        # said again only where the section above says otherwise: of a creator's department, and of a leg's
        shown.append(_shown(report, collected.drawn[report.name], lang, common | before, ids))
        before = {*report.notes} - common or before
    return render(
        "article.html",
        lang,
        certificate=certificate,
        coverage=coverage,
        parts=collected.verdicts,
        span=span_of(collected.period),
        zone=_ZONE,
        zone_name=ZONE_NAME,
        is_empty=not any(figure.value for figure in collected.figures),
        figures=[_figure(figure, lang) for figure in collected.figures],
        before=None if collected.before is None else collected.before[1].badge,
        has_start=collected.ask.start is not None,
        compared=collected.compared,
        reports=shown,
        excluded=list(_excluded(reports, lang)),
        rules=list(_rules(reports, lang)),
        beside_verdict=[UNJUDGED] if any(UNJUDGED in one.notes for one in reports) else [],
        notes=[*(note for note in notes if note in common and note != UNJUDGED), *collected.notes, collected.privacy],
        made_at=beijing_text(collected.made_at),
        version=__version__,
    )  # fmt: skip


def _figure(figure: KeyFigure, lang: Lang) -> dict[str, str | None]:
    """Return one key figure as it is shown."""
    return {
        "label": figure.label.in_(lang),
        "value": figure.text,
        "exact": decimal_text(figure.value) if isinstance(figure.value, Decimal) else "",
        "unit": unit_of(figure.definition.unit).label.in_(lang),
        "change": figure.change.in_(lang) if figure.change else None,
        "before": figure.before_text,
    }


def _shown(report: Report, drawn: Report, lang: Lang, said: set[Text], ids: dict[str, list[str]]) -> dict[str, Any]:
    """Return one report as it is shown: its picture, and as many rows as a page has room for."""
    entry = REPORTS[report.name]
    cut = spoken(replace(report, frame=report.arrow.slice(0, entry.rows)), lang)
    title = report.title.in_(lang)
    picture = None
    if report.name in PICTURES:
        more = {"show_phones": report.is_open} if PICTURES[report.name].is_personal else {}
        told = _PICTURE.in_(lang) + title
        picture = chart(report.name, drawn, title=told, lang=lang, prefix=f"{lang}-{report.name}", **more)
    notes = [note for note in cut.notes if note not in said]
    plain = _without_coverage(cut)
    if plain is not cut and any(cut.arrow["is_partial"].to_pylist()):  # only where a star stands
        notes.append(_PARTIAL)
    listed = [(period, those[:MOST_IDS], len(those)) for period, those in ids.items()] if report.name == "usage" else []
    return {
        "name": report.name,
        "title": title,
        "picture": picture,
        "rows": readable(plain, lang),
        "n_rows": report.arrow.num_rows,
        "folded": entry.is_folded,
        "notes": notes,
        "marks": _marks(cut),
        "is_pair": picture is not None and plain.arrow.num_columns <= _NARROW_TABLE and not entry.is_folded,
        "ids": listed,
    }


def _without_coverage(table: Report) -> Report:
    """Return a table without the two columns that say how much of a period is covered: where one is not whole, its
    name gets a star.
    """
    rows = table.arrow
    if not {"period", "is_partial"} <= set(rows.column_names):
        return table
    if any(partial := rows["is_partial"].to_pylist()):
        periods = zip(rows["period"].to_pylist(), partial, strict=True)
        stars = pa.array([f"{period} *" if is_cut else period for period, is_cut in periods], pa.string())
        rows = rows.set_column(rows.column_names.index("period"), "period", stars)
    return replace(table, frame=rows.drop_columns(["is_partial", "covered_pct"]))


def _marks(table: Report) -> list[dict[str, str]]:
    """Return period and group of each row, by which a page can be narrowed."""
    keys = [key for key in ("period", "group") if key in table.arrow.column_names]
    return [{key: str(row[key]) for key in keys} for row in table.arrow.to_pylist()]


def _ids(collected: Leaving) -> dict[str, list[str]]:
    """Return the ids of the meetings of each period, by the day on which they start, also of those that do not count;
    none where records may not leave.
    """
    meetings = collected.records.get("meetings")
    forms = {"day": "%Y-%m-%d", "month": "%Y-%m", "week": "%Y-%m-%d", "total": "total"}
    if meetings is None:
        return {}
    found: dict[str, dict[str, None]] = {}
    rows = meetings.arrow.to_pylist()
    for row in rows:
        if row["started_at"] is not None:
            at = row["started_at"].astimezone(BEIJING)
            first = at - timedelta(days=at.weekday()) if collected.ask.by == "week" else at
            found.setdefault(first.strftime(forms[collected.ask.by]), {})[str(row["meeting_id"])] = None
    return {period: list(ids) for period, ids in sorted(found.items())} if len(rows) <= MOST_MEETINGS else {}


def _excluded(reports: Iterable[Report], lang: Lang) -> Iterator[tuple[Text, str, list[str]]]:
    """What was left out, each reason once, with the reports it concerns."""
    concerned: dict[tuple[Text, int], list[str]] = {}
    for report in reports:
        for text, count in report.excluded.values():
            if count:
                concerned.setdefault((text, count), []).append(report.title.in_(lang))
    for (text, count), titles in concerned.items():
        yield text, f"{count:,}", titles


def _rules(reports: Iterable[Report], lang: Lang) -> Iterator[dict[str, str | Text]]:
    """Yield what each column means."""
    known = {(one.key, one.formula): one for report in reports for one in report.definitions}
    for one in known.values():
        settings = ", ".join(f"{name} = {value}" for name, value in one.parameters.items() if value is not None)
        origin = Text(f"依据：{one.origin.zh}", f"Origin: {one.origin.en}").in_(lang) if one.origin.en else ""
        rest = " · ".join(filter(None, (settings, origin)))
        yield {"key": one.key, "label": one.label, "formula": one.formula, "rest": rest}


class Size(NamedTuple):
    """Class of a picture in the page, its width in inches, and the most labels its legend has in a line."""

    kind: str
    width: float
    labels: int


SIZES = (Size("wide", 8.6, 3), Size("narrow", 4.3, 2))
"""A page shows one of them, by the room there is."""

_NARROW_LABELS = 7
_PAD = 0.16
"""Inches beside a picture: the reader's font may be wider than the one it was measured with."""

_COLOURS = {
    "#ffffff": "var(--paper)",
    "#222222": "var(--ink)",
    "#000000": "var(--ink)",
    "#444444": "var(--quiet)",
    "#5f5f5f": "var(--quiet)",
    "#8c8c8c": "var(--quiet)",
    "#dddddd": "var(--rule)",
    "#0072b2": "var(--blue)",
    "#8f6300": "var(--amber)",
}
"""Colour of a picture → colour of the page, which knows light and dark."""


def chart(name: str, source: Any, *, title: str, lang: Lang, prefix: str, **more: Any) -> Markup:
    """Return the pictures of a report as SVG elements, one for each of `SIZES`.

    Parameters
    ----------
    name
        A key of `ytxdata.plots.PICTURES`.
    source
        What it draws.
    title
        What the picture shows, for a screen reader.
    prefix
        Makes the ids of this picture differ from those of others in the page.
    more
        Handed to the function.
    """
    return Markup("").join(
        _inline(_drawn(name, source, size, lang, more), title, f"{prefix}-{size.kind}", size.kind) for size in SIZES
    )


def _drawn(name: str, source: Any, size: Size, lang: Lang, more: dict[str, Any]) -> str:
    picture = plots.PICTURES[name]
    is_grouped = "group" in source.arrow.column_names
    figure = Figure(figsize=(size.width, picture.grouped if is_grouped else picture.height))
    ax: Axes = figure.add_subplot(axes_class=Inset)
    figure.set_layout_engine("constrained", w_pad=_PAD)
    picture.draw(source, ax, lang=lang, **more)
    _settle(ax, size)
    with TemporaryDirectory() as folder:
        return plots.save(ax, Path(folder) / "picture.svg").read_text("utf-8")


def _settle(ax: Axes, size: Size) -> None:
    """Bring legend and labels into the room there is."""
    legend = ax.get_legend()
    if legend is not None:
        texts = legend.get_texts()
        ax.legend(
            [handle for handle in legend.legend_handles if handle is not None],
            [text.get_text() for text in texts],
            prop=texts[0].get_fontproperties(),
            loc="lower left",
            bbox_to_anchor=(0, 1),
            ncols=min(len(texts), size.labels),
            frameon=False,
        )
        for text in ax.get_legend().get_texts():  # type: ignore[union-attr]  # it was made just now
            text.set_parse_math(False)
    labels = ax.get_xticklabels()
    if size.kind == "narrow" and len(labels) > _NARROW_LABELS:
        for position, label in enumerate(labels):
            label.set_visible(position % 3 == 0)


def _inline(svg: str, title: str, prefix: str, kind: str) -> Markup:
    """Return an SVG file as an element of a page."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", body, flags=re.S)
    body = re.sub(r"font-family: [^;\"]*;? ?", "", body)
    body = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{prefix}-", body)
    body = re.sub("#[0-9a-f]{6}", lambda found: _COLOURS.get(found[0], found[0]), body)
    view = re.search(r'viewBox="([^"]*)"', body)
    assert view is not None
    drawn = Markup(re.sub(r"\n\s*", "\n", body[body.index(">") + 1 :]))  # noqa: S704  matplotlib has escaped its texts
    return Markup('<svg class="chart {}" viewBox="{}" role="img" aria-label="{}">{}').format(
        kind, view[1], title, drawn
    )
