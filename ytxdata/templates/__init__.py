"""Small pieces of HTML that every floor may show in a notebook: escaped, self-contained, at home on light and dark pages."""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterable, Sequence

from ytxdata.labels import Lang, Text, preferred_lang

# `.ytx.ytx`: stronger than what JupyterLab says of tables in outputs
STYLE = (
    "<style>"
    ".ytx{font-family:system-ui,-apple-system,'Segoe UI','PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif;"
    "font-size:.875rem;line-height:1.5;color:inherit;max-width:100%}"
    ".ytx .ytx-title{font-size:1.05em;font-weight:600;margin:0 0 .4em}"
    ".ytx .ytx-scroll{overflow-x:auto;max-width:100%}"
    ".ytx table{border-collapse:collapse;margin:0;font-variant-numeric:tabular-nums;color:inherit}"
    ".ytx caption{caption-side:top;text-align:left;padding:0 0 .3em;color:inherit}"
    ".ytx.ytx th,.ytx.ytx td{padding:.25em .7em;text-align:left;vertical-align:top;border:0;"
    "border-bottom:1px solid rgba(128,128,128,.3);background:none;color:inherit;white-space:pre;max-width:none}"
    ".ytx.ytx .ytx-l{white-space:pre-wrap;overflow-wrap:anywhere;min-width:18em}"
    ".ytx.ytx thead th{font-weight:600;border-bottom:2px solid rgba(128,128,128,.6);white-space:nowrap}"
    ".ytx.ytx th[scope=row]{font-weight:400;white-space:nowrap}"
    ".ytx.ytx .ytx-n{text-align:right;white-space:nowrap}"
    ".ytx p,.ytx ul{margin:.4em 0;padding-left:0}.ytx li{margin-left:1.2em}"
    ".ytx summary{cursor:pointer}"
    ".ytx .ytx-badge{display:inline-block;border-radius:.8em;padding:0 .7em;font-size:.85em;font-weight:600;color:#fff}"
    ".ytx .ytx-PROVEN{background:#00694c}.ytx .ytx-PROBABLE{background:#8a5300}.ytx .ytx-GAP{background:#a8331c}"
    "</style>"
)

VERDICTS = {
    "PROVEN": Text("完整，已证实", "complete, proven"),
    "PROBABLE": Text("很可能完整", "probably complete"),
    "GAP": Text("有缺口", "has a gap"),
}
"""What each verdict of completeness is called on a badge."""

_LONG = 32
_LINE_END = re.compile(r"\r\n?")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]")


def escape(value: object) -> str:
    """Return a value as HTML text: markup escaped, characters that no page may hold (or that turn it around) shown as `�`.

    Examples
    --------
    >>> escape("<b>周会 & more</b>")
    '&lt;b&gt;周会 &amp; more&lt;/b&gt;'
    """
    return html.escape(_CONTROLS.sub("�", _LINE_END.sub("\n", str(value))), quote=True)


def badge(verdict: str, lang: Lang | None = None) -> str:
    """Return a coloured badge for a verdict of completeness (`PROVEN`, `PROBABLE` or `GAP`)."""
    return f'<span class="ytx-badge ytx-{escape(verdict)}">{escape(VERDICTS[verdict].in_(lang or preferred_lang()))}</span>'


def frame_html(
    headers: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    label: str,
    numeric: Collection[int] = (),
    n_rows: int | None = None,
    lang: Lang | None = None,
) -> str:
    """Return a table of cells that are text already; nothing in them is taken for markup.

    Parameters
    ----------
    headers, rows
        The cells.
    label
        What the table shows, for a screen reader.
    numeric
        Positions of the columns that stand right-aligned.
    n_rows
        How many rows there are in all; when it is more than what is shown, a line says so.
    """
    shown = list(rows)
    right = frozenset(numeric)
    head = "".join(
        f'<th scope="col"{_mark(position in right, "")}>{escape(cell)}</th>' for position, cell in enumerate(headers)
    )
    lines = (
        "".join(f"<td{_mark(position in right, cell)}>{escape(cell)}</td>" for position, cell in enumerate(row))
        for row in shown
    )
    body = "".join(f"<tr>{line}</tr>\n" for line in lines)
    table = (
        f'<div class="ytx-scroll" role="region" tabindex="0" aria-label="{escape(label)}">'
        f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table></div>\n"
    )
    total = len(shown) if n_rows is None else n_rows
    if total == len(shown):
        return table
    more = Text("显示 {shown} 行，共 {total} 行", "{shown} of {total} rows shown").format(
        shown=f"{len(shown):,}", total=f"{total:,}"
    )
    return f"{table}<p>{escape(more.in_(lang or preferred_lang()))}</p>\n"


def _mark(is_right: bool, cell: str) -> str:
    """Return the class of a cell: right-aligned, or long enough to be broken into lines."""
    return ' class="ytx-n"' if is_right else ' class="ytx-l"' if len(cell) > _LONG else ""


def card(title: Text, *parts: str, lang: Lang | None = None) -> str:
    """Return a titled block of parts that are HTML already, with the style it needs."""
    lang = lang or preferred_lang()
    code = "en" if lang == "en" else "zh-CN"
    heading = f'<p class="ytx-title">{escape(title.in_(lang))}</p>\n'
    return f'{STYLE}\n<section class="ytx" lang="{code}">\n{heading}{"".join(parts)}</section>'


def facts_card(
    title: Text,
    rows: Sequence[tuple[Text, str]],
    *,
    note: Text | None = None,
    verdict: str | None = None,
    lang: Lang | None = None,
) -> str:
    """Return a titled list of facts, what a History or a report on a sync shows of itself in a notebook.

    Parameters
    ----------
    title
        The heading.
    rows
        Pairs of what is said and its value as text.
    note
        A sentence below.
    verdict
        `PROVEN`, `PROBABLE` or `GAP`, shown as a badge above the facts.
    lang
        Language; by default the reader's own (`preferred_lang`).
    """
    lang = lang or preferred_lang()
    facts = "".join(
        f'<tr><th scope="row">{escape(name.in_(lang))}</th><td{_mark(False, value)}>{escape(value)}</td></tr>\n'
        for name, value in rows
    )
    return card(
        title,
        f"<p>{badge(verdict, lang)}</p>\n" if verdict else "",
        f"<table>\n<tbody>\n{facts}</tbody>\n</table>\n",
        f"<p>{escape(note.in_(lang))}</p>\n" if note else "",
        lang=lang,
    )
