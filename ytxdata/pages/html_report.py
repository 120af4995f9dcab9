"""The HTML report: one file that needs nothing else, the verdict of completeness first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, time
from pathlib import Path
from typing import Any

from ytxdata.files import replacing
from ytxdata.labels import Lang, Text
from ytxdata.metrics.report import Report
from ytxdata.pages import words
from ytxdata.pages.charts import chart
from ytxdata.pages.collection import Collection
from ytxdata.pages.key_figures import Figure
from ytxdata.pages.reports import REPORTS
from ytxdata.pages.style import HEAD
from ytxdata.tables.definition import Definition, unit_of
from ytxdata.tables.html import rows_html
from ytxdata.tables.masking import Privacy
from ytxdata.templates import badge, escape
from ytxdata.times import BEIJING, ZONE_NAME, beijing_text
from ytxdata.version import __version__

CHARTS = ("usage", "heatmap", "creators", "sizes", "durations", "concurrency")
"""Reports that have a picture in the page."""

_TAGS = {"zh": "zh-CN", "en": "en"}


def write_page(collected: Collection, path: str | Path, *, lang: Lang = "zh", privacy: Privacy | None = None) -> Path:
    """Write the HTML report and return its path; the file appears when it is whole.

    Parameters
    ----------
    collected
        What the page is made from.
    path
        The file.
    lang
        `zh`, `en`, or `both`: one language after the other in one file.
    privacy
        What is shown of telephone numbers; by default they are masked.

    Raises
    ------
    UsageError
        The path cannot be written.
    """
    target = Path(path)
    with replacing(target) as draft:
        draft.write_text(page(collected, lang=lang, privacy=privacy), encoding="utf-8")
    return target


def page(collected: Collection, *, lang: Lang = "zh", privacy: Privacy | None = None) -> str:
    """Return the HTML report as text; see `write_page`."""
    langs: tuple[Lang, ...] = ("zh", "en") if lang == "both" else (lang,)
    shown = privacy or Privacy()
    switch = ""
    if len(langs) > 1:
        links = " · ".join(f'<a href="#{one}" lang="{_TAGS[one]}">{words.LANGUAGES[one]}</a>' for one in langs)
        switch = f'<nav class="languages" aria-label="{escape(words.LANGUAGE.in_())}">{links}</nav>\n'
    articles = "".join(_article(collected, one, shown) for one in langs)
    return (
        f'<!DOCTYPE html>\n<html lang="{_TAGS[langs[0]]}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="generator" content="ytxdata {__version__}">\n'
        f"<title>{escape(words.TITLE.in_(lang))} {escape(_span(collected.period).in_(langs[0]))}</title>\n{HEAD}\n</head>\n<body>\n"
        f'<a class="skip" href="#{langs[0]}">{escape(words.SKIP.in_(langs[0]))}</a>\n{switch}'
        f"<main>\n{articles}</main>\n</body>\n</html>\n"
    )


def _article(collected: Collection, lang: Lang, privacy: Privacy) -> str:
    reports = {name: report for name, report in collected.reports.items() if REPORTS[name].rows}
    parts = {
        "figures": (words.FIGURES, _figures(collected, lang)),
        **{name: (report.title, _report(name, report, lang, privacy, collected)) for name, report in reports.items()},
        "excluded": (words.EXCLUDED, _excluded(reports.values(), lang)),
        "definitions": (words.DEFINITIONS, _definitions(reports.values(), lang)),
        "about": (words.ABOUT, _about(collected, lang, privacy)),
    }
    links = "".join(
        f'<li><a href="#{lang}-{key}">{escape(title.in_(lang))}</a></li>' for key, (title, _) in parts.items()
    )
    sections = "".join(
        f'<section id="{lang}-{key}" aria-labelledby="{lang}-{key}-title">\n'
        f'<h2 id="{lang}-{key}-title">{escape(title.in_(lang))}</h2>\n{body}</section>\n'
        for key, (title, body) in parts.items()
    )
    return (
        f'<article id="{lang}" lang="{_TAGS[lang]}">\n<header>\n<h1>{escape(words.TITLE.in_(lang))}</h1>\n'
        f'<p class="quiet">{escape(_span(collected.period).in_(lang))} · {escape(_zone().in_(lang))}</p>\n</header>\n'
        f"{_verdict(collected, lang)}"
        f'<nav class="contents" aria-label="{escape(words.CONTENTS.in_(lang))}"><ul>{links}</ul></nav>\n'
        f"{sections}</article>\n"
    )


def _verdict(collected: Collection, lang: Lang) -> str:
    """What may be claimed about the period: badge, sentence, and, when it changes on the way, each part with its reason."""
    certificate = collected.certificate
    title = f"{lang}-verdict-title"
    body = f"<p>{escape(certificate.sentence.in_(lang))}</p>\n"
    if len(certificate.periods) > 1:
        picture = chart(
            "coverage",
            collected.coverage,
            title=collected.coverage.title.in_(lang),
            lang=lang,
            prefix=f"{lang}-coverage",
        )
        items = "".join(
            f"<li>{badge(part.verdict, lang)} {escape(_span((part.start, part.end)).in_(lang))}: {escape(part.reason.in_(lang))}</li>"
            for part in certificate.periods
        )
        body += f"<figure>{picture}</figure>\n<ul>{items}</ul>\n"
    return (
        f'<section class="verdict {certificate.worst} ytx-page" aria-labelledby="{title}">\n<h2 id="{title}">'
        f'{escape(words.COMPLETE.in_(lang))} <span class="ytx">{badge(certificate.worst, lang)}</span></h2>\n'
        f'<div class="ytx-plain ytx">{body}</div></section>\n'
    )


def _figures(collected: Collection, lang: Lang) -> str:
    empty = "" if any(figure.value for figure in collected.figures) else f"<p>{escape(words.EMPTY.in_(lang))}</p>\n"
    cards = "".join(_figure(figure, lang, compared=collected.before is not None) for figure in collected.figures)
    if collected.before is None:
        note = f'<p class="quiet">{escape(words.NOT_COMPARED.in_(lang))}</p>\n'
    else:
        span, certificate = collected.before
        said = words.COMPARED.format(zh=_span(span).zh, en=_span(span).en).in_(lang)
        caution = f" {escape(words.CAUTION.in_(lang))}" if certificate.worst == "GAP" else ""
        note = (
            f'<p class="quiet">{escape(said)} <span class="ytx">{badge(certificate.worst, lang)}</span>{caution}</p>\n'
        )
    return f'{empty}<dl class="figures">{cards}</dl>\n{note}'


def _figure(figure: Figure, lang: Lang, *, compared: bool) -> str:
    unit = unit_of(figure.definition.unit).label.in_(lang)
    change = ""
    if compared:
        said = (figure.change or words.NO_CHANGE).in_(lang)
        before = words.BEFORE.format(value=figure.before_text).in_(lang)
        change = f'<dd class="change">{escape(said)} <span class="quiet">{escape(before)}</span></dd>'
    return (
        f"<div><dt>{escape(_plain_label(figure.definition).in_(lang))}</dt>"
        f'<dd class="value">{escape(figure.text)} <span class="unit">{escape(unit)}</span></dd>{change}</div>\n'
    )


def _plain_label(definition: Definition) -> Text:
    """The name of a column without the unit in brackets that some have."""
    return Text(definition.zh.partition("（")[0], definition.en)


def _report(name: str, report: Report, lang: Lang, privacy: Privacy, collected: Collection) -> str:
    entry = REPORTS[name]
    shown = privacy.masked(replace(report, frame=report.arrow.slice(0, entry.rows)))
    body = ""
    if name in CHARTS:
        more: dict[str, Any] = {"show_phones": privacy.show_phones} if name == "creators" else {}
        title = f"{words.PICTURE.in_(lang)}{report.title.in_(lang)}"
        body = f"<figure>{chart(name, privacy.masked(report), title=title, lang=lang, prefix=f'{lang}-{name}', **more)}</figure>\n"
    table = f'<div class="ytx">{rows_html(shown, lang, report.arrow.num_rows)}</div>\n'
    if entry.folded:
        table = f'<details class="rows"><summary>{escape(words.AS_TABLE.in_(lang))}</summary>\n{table}</details>\n'
    common = {note for other in collected.reports.values() for note in other.notes if _is_common(note, collected)}
    notes = "".join(f'<p class="quiet">{escape(note.in_(lang))}</p>\n' for note in shown.notes if note not in common)
    return body + table + notes


def _is_common(note: Text, collected: Collection) -> bool:
    return all(note in report.notes for report in collected.reports.values())


def _excluded(reports: Iterable[Report], lang: Lang) -> str:
    """What was left out, each reason once, with the reports it concerns."""
    concerned: dict[tuple[Text, int], list[Report]] = {}
    for report in reports:
        for text, count in report.excluded.values():
            if count:
                concerned.setdefault((text, count), []).append(report)
    items = "".join(
        words.LEFT_OUT.in_(lang).format(
            what=escape(text.in_(lang)),
            count=f"{count:,}",
            where=escape(words.LISTED.in_(lang).join(one.title.in_(lang) for one in those)),
        )
        for (text, count), those in concerned.items()
    )
    return f"<ul>{items}</ul>\n" if items else f"<p>{escape(words.NOTHING_EXCLUDED.in_(lang))}</p>\n"


def _definitions(reports: Iterable[Report], lang: Lang) -> str:
    known = {(one.key, one.formula): one for report in reports for one in report.definitions}
    return f'<dl class="rules">{"".join(_rule(one, lang) for one in known.values())}</dl>\n'


def _rule(definition: Definition, lang: Lang) -> str:
    settings = ", ".join(f"{name} = {value}" for name, value in definition.parameters.items() if value is not None)
    origin = words.ORIGIN.format(origin=definition.origin).in_(lang) if definition.origin else ""
    rest = " · ".join(part for part in (settings, origin) if part)
    return (
        f"<dt>{escape(definition.label.in_(lang))} <code>{escape(definition.key)}</code></dt>"
        f"<dd>{escape(definition.formula.in_(lang))}"
        + (f' <span class="quiet">{escape(rest)}</span>' if rest else "")
        + "</dd>\n"
    )


def _about(collected: Collection, lang: Lang, privacy: Privacy) -> str:
    notes = [note for note in collected.reports["usage"].notes if _is_common(note, collected)]
    lines = [
        _period(collected.period),
        _zone(),
        *notes,
        *collected.notes,
        privacy.sentence,
        words.FILES,
        _made(collected),
    ]
    return "<ul>" + "".join(f"<li>{escape(line.in_(lang))}</li>\n" for line in lines) + "</ul>\n"


def _made(collected: Collection) -> Text:
    return words.MADE.format(when=beijing_text(collected.made_at), zone=ZONE_NAME, version=__version__)


def _zone() -> Text:
    return words.ZONE.format(zone=ZONE_NAME)


def _period(period: tuple[datetime, datetime] | None) -> Text:
    return Text(f"{words.PERIOD.zh}{_span(period).zh}", f"{words.PERIOD.en}{_span(period).en}")


def _span(period: tuple[datetime, datetime] | None) -> Text:
    """A half-open period in words, in days where its edges are midnights."""
    if period is None:
        return words.EMPTY
    edges = [instant.astimezone(BEIJING) for instant in period]
    form = "%Y-%m-%d" if all(edge.time() == time() for edge in edges) else "%Y-%m-%d %H:%M:%S"
    return words.SPAN.format(start=edges[0].strftime(form), end=edges[1].strftime(form))
