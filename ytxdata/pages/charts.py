"""Pictures of reports as inline SVG: text that can be selected, colours that follow the page, a wide and a narrow one."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ytxdata import plots
from ytxdata.labels import Lang
from ytxdata.plots.canvas import Inset


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
    figure = Figure(figsize=(size.width, plots.PICTURES[name].height))
    ax: Axes = figure.add_subplot(axes_class=Inset)
    figure.set_layout_engine("constrained", w_pad=_PAD)
    plots.PICTURES[name].draw(source, ax, lang=lang, **more)
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
