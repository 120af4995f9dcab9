"""A font that has Chinese on every machine: an installed family, else the bundled subset."""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import cache, wraps
from itertools import accumulate
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol, Self, TypeVar, cast
from zoneinfo import ZoneInfo

import matplotlib as mpl
import matplotlib.dates as mdates
import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc
from matplotlib import font_manager
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text as Drawn
from matplotlib.ticker import FuncFormatter
from matplotlib.transforms import ScaledTranslation

from ytxdata.errors import cannot_be
from ytxdata.files import replacing
from ytxdata.labels import LANGS, Lang, Text, columns_of, preferred_lang, printable, wrapped
from ytxdata.redact import kept_apart
from ytxdata.times import ZONE_NAME

FAMILIES = (
    "Microsoft YaHei",
    "SimHei",
    "PingFang SC",
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
)
"""Installed families that are looked for, best first."""

BUNDLED = Path(__file__).with_name("font") / "ytxdata-sans-sc.otf"
BUNDLED_FAMILY = "ytxdata Sans SC"
LAST_RESORT = "DejaVu Sans"  # comes with matplotlib
GETA = "〓"


@cache
def families() -> tuple[str, ...]:
    """Return the fonts that have Chinese, best first: an installed one if there is, the bundled one, matplotlib's own.

    For pictures of your own: `plt.rcParams["font.family"] = list(ytx.plots.families())`. The bundled
    font is made known to matplotlib on the first call; nothing else of its settings or caches is touched.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> ytx.plots.families()[-2:]
    ('ytxdata Sans SC', 'DejaVu Sans')
    """
    known = set(font_manager.fontManager.get_font_names())
    if BUNDLED_FAMILY not in known:
        font_manager.fontManager.addfont(BUNDLED)
    installed = next((family for family in FAMILIES if family in known), None)
    return (*([installed] if installed else []), BUNDLED_FAMILY, LAST_RESORT)


@cache
def _characters() -> frozenset[int]:
    paths = (font_manager.findfont(family, fallback_to_default=False) for family in families())
    return frozenset(code for path in paths for code in FT2Font(path).get_charmap())


def legible(text: str, most: int = 1000) -> str:
    """Return the text in one line, with every character that no font has replaced by `〓`, the printers' mark for a
    missing type; cut to `most` columns, of which a Chinese character takes two.

    Examples
    --------
    >>> legible("周会 Weekly"), legible("周会 Weekly", 8), legible("\U000f0000")
    ('周会 Weekly', '周会 We…', '〓')
    """
    known = _characters()
    shown = printable(text, line=True)
    drawn = "".join(character if ord(character) in known else GETA for character in shown)
    if columns_of(drawn) <= most:
        return drawn
    used = list(accumulate(map(columns_of, drawn)))
    return f"{drawn[: bisect_right(used, most - 1)]}…"


BLUE, ORANGE, GREEN, RED, SKY, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#8C8C8C"
INK, QUIET, RULE = "#222222", "#5F5F5F", "#DDDDDD"
SIZE = (9.6, 5.0)

_STYLE: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": GREY,
    "axes.facecolor": "white",
    "axes.grid": False,
    "axes.labelcolor": QUIET,
    "axes.labelsize": 10,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.unicode_minus": False,
    "figure.facecolor": "white",
    "font.size": 10,
    "legend.frameon": False,
    "text.color": INK,
    "text.parse_math": False,  # a name is no formula: `$\x$` would end the drawing in a traceback
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "svg.fonttype": "none",
    "svg.hashsalt": "ytxdata",
}
MANY_MINUTES = 600
"""From here on a picture shows hours, as tiles and workbooks do."""

_PAD = 0.13  # inches around a picture
_FOOT_SIZE = 8
_NAME_SIZE = 10
_LETTER = 0.5  # mean width of a letter, in its size
_NAMES = 0.4  # of a picture: with more there is no room for what the names are of, and with all of it nothing is drawn


class Drawable(Protocol):
    """What a picture is made of: a table with its title, period and verdict."""

    @property
    def title(self) -> Text:
        """What people read above it."""

    @property
    def period(self) -> tuple[datetime, datetime] | None:
        """The half-open period it is about."""

    @property
    def zone(self) -> str:
        """The zone in which instants are shown."""

    @property
    def certificate(self) -> Any:
        """How complete the data under it is."""

    @property
    def arrow(self) -> pa.Table:
        """The rows."""

    @property
    def definitions(self) -> Sequence[Any]:
        """What the columns mean."""

    def leaving(self, *, show_phones: bool = False) -> tuple[Self, Self]:
        """Return it with personal data hidden, and its own rows in the order of these."""


class Picture(NamedTuple):
    """One picture: how it is drawn, its height on a page in inches, also with groups, whether it can show numbers."""

    draw: Callable[..., Axes]
    height: float
    grouped: float
    is_personal: bool


PICTURES: dict[str, Picture] = {}
"""Name of a report → its picture; filled by `picture`, when `ytxdata.plots` is imported."""

Draw = TypeVar("Draw", bound=Callable[..., Axes])


def picture(*, height: float = 3.7, grouped: float | None = None, is_personal: bool = False) -> Callable[[Draw], Draw]:
    """Register a function as the picture of its report; it takes the report, axes or None, and `lang`.

    Parameters
    ----------
    height, grouped
        How high it is on a page, in inches; with groups, if that is another height.
    is_personal
        It also takes `show_phones`.

    Examples
    --------
    >>> PICTURES["usage"].is_personal, PICTURES["creators"].is_personal
    (False, True)
    """

    def registered(draw: Draw) -> Draw:
        @wraps(draw)
        def checked(*args: Any, lang: Lang | None = None, **more: Any) -> Axes:
            if lang not in (None, *LANGS):  # `cn` would be drawn as if nobody had asked for a language
                raise cannot_be("lang", lang, Text("zh（中文）、en 或 both", "zh for Chinese, en for English, or both"))
            return draw(*args, lang=lang, **more)

        PICTURES[draw.__name__] = Picture(checked, height, grouped or height, is_personal)
        return cast("Draw", checked)

    return registered


class Canvas(Axes):
    """Axes on a figure of their own, which a notebook shows without pyplot."""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.figure.figure.savefig(buffer, format="png", dpi=144)
        return buffer.getvalue()


class Inset(Canvas):
    """Axes of a picture in a page that itself says title, period, zone and verdict."""


@contextmanager
def drawing(
    ax: Axes | None, source: Any, lang: Lang, size: tuple[float, float] = SIZE, heading: Text | None = None
) -> Iterator[Axes]:
    """Give the axes to draw on, in the package's style and with their title; pyplot and the global settings stay as
    they were.
    """
    wanted = [*families(), "sans-serif"]
    with mpl.rc_context({**_STYLE, "font.family": wanted}):
        if ax is None:
            ax = Figure(figsize=size, layout="constrained").add_subplot(axes_class=Canvas)
        ax.spines[["top", "right"]].set_visible(False)
        ax.set_axisbelow(True)
        _title(ax, source, lang, heading or source.title)
        yield ax
        for axes in (ax, *(other for other in ax.figure.axes if other.bbox.bounds == ax.bbox.bounds)):
            axes.tick_params(labelfontfamily=wanted, length=0)  # ticks are made later, outside this context
            for text in axes.findobj(Drawn):
                text.set_fontfamily(wanted)  # axes that were given have texts made before it
                text.set_parse_math(False)


S = TypeVar("S")


def opened(source: S, lang: Lang | None, *, show_phones: bool = False) -> tuple[Lang, S, dict[str, list[Any]]]:
    """Return the language, by default the reader's own; a table with its personal data hidden (or anything with a
    `frame`); and its rows column by column.

    Instants come as wall times of the zone, values that have words in that language.
    """
    lang = lang or preferred_lang()
    table: pa.Table
    if hasattr(source, "leaving"):
        source, own = source.leaving(show_phones=show_phones)
        source = pictured(source, own, getattr(own, "palette", ()))
        table = source.arrow  # type: ignore[attr-defined]  # who can leave has rows
    else:
        table = nw.from_native(source.frame, eager_only=True).to_arrow()  # type: ignore[attr-defined]
    zone = getattr(source, "zone", ZONE_NAME)
    data = {name: _values(table.column(name), zone) for name in table.column_names}
    for known in getattr(source, "definitions", ()):
        if known.words and known.key in data:
            data[known.key] = [known.words[one].in_(lang) if one in known.words else one for one in data[known.key]]
    return lang, source, data


def pictured(shown: S, own: S, groups: Sequence[str]) -> S:
    """Return a table as pictures show it, of what leaves and its own rows: whoever has one mask apart, and some groups
    of its own in their colours.
    """
    before, after = own.arrow, shown.arrow  # type: ignore[attr-defined]  # who can leave has rows
    rows = kept_apart(after, before)
    more: dict[str, Any] = {"frame": rows}
    if groups and "group" in rows.column_names:
        called = dict(zip(before["group"].to_pylist(), rows["group"].to_pylist(), strict=True))
        more["palette"] = tuple(called.get(one, "") for one in groups)
    return replace(shown, **more)  # type: ignore[type-var]  # a table


def _values(column: pa.ChunkedArray, zone: str) -> list[Any]:
    kind = column.type
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("us", tz=kind.tz), safe=False)
        if kind.tz:
            column = pc.local_timestamp(column.cast(pa.timestamp("us", tz=zone)))
    return list(column.to_pylist())


BACKING = {"facecolor": "white", "edgecolor": "none", "pad": 1}
"""Behind a label, so that no rule runs through it."""


def numbers(values: Sequence[Any]) -> list[float]:
    """Return values as numbers to draw; what is unknown is drawn as nothing."""
    return [float("nan") if value is None else float(value) for value in values]


def wall(instant: datetime, zone: str) -> datetime:
    """Return the wall time of an instant in a zone."""
    return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def _title(ax: Axes, source: Any, lang: Lang, heading: Text) -> None:
    """Write the title, and below it the period and the zone."""
    if isinstance(ax, Inset):
        return
    ax.set_title(legible(heading.in_(lang)), loc="left", fontsize=14, pad=26)
    zone = getattr(source, "zone", ZONE_NAME)
    period = getattr(source, "period", None)
    said = Text("时区", "time zone").in_(lang) + f" {zone}"
    if period is not None:
        start, end = (wall(edge, zone) for edge in period)
        form = "%Y-%m-%d" if start.time() == end.time() == datetime.min.time() else "%Y-%m-%d %H:%M"
        said = f"[{start:{form}}, {end:{form}})  |  {said}"
    ax.annotate(
        said,
        (0, 1),
        (0, 9),
        xycoords="axes fraction",
        textcoords="offset points",
        fontsize=9,
        color=QUIET,
        annotation_clip=False,
    )


def footer(ax: Axes, source: Any, lang: Lang, *more: Text) -> None:
    """Write below the picture what must be known to trust it: the verdict of completeness, and what else is said."""
    if isinstance(ax, Inset):
        return
    certificate = getattr(source, "certificate", None)
    verdict = certificate.sentence if certificate is not None else Text("未知", "unknown")
    label = Text("完整性", "Completeness").in_(lang)
    mark = f" {certificate.worst}" if certificate is not None else ""
    lines = [f"{label}{mark}: {verdict.in_(lang)}", *(text.in_(lang) for text in more)]
    figure = ax.figure.figure
    wide = figure.get_figwidth() * 0.97 if isinstance(ax, Canvas) else inches(ax)
    room = int(wide * 72 / (_FOOT_SIZE * _LETTER))
    pieces = [piece for line in lines for piece in wrapped(legible(line), room)]
    look: dict[str, Any] = {"fontsize": _FOOT_SIZE, "color": QUIET, "linespacing": 1.5}
    if isinstance(ax, Canvas):
        height = (len(pieces) * _FOOT_SIZE * 1.6 + 10) / 72 / figure.get_figheight()
        figure.text(0.012, 0.012, "\n".join(pieces), va="bottom", **look)
        figure.set_layout_engine("constrained", w_pad=_PAD, h_pad=_PAD, rect=(0, height, 1, 1 - height))
    else:
        below = 46 if ax.get_xlabel() else 30
        ax.annotate(
            "\n".join(pieces),
            (0, 0),
            (0, -below),
            xycoords="axes fraction",
            textcoords="offset points",
            va="top",
            annotation_clip=False,
            **look,
        )


def room_for_names(ax: Axes) -> int:
    """Return how many columns of text the names beside the rows of a picture may take."""
    return int(ax.figure.figure.get_figwidth() * _NAMES * 72 / (_NAME_SIZE * _LETTER))


def nothing(ax: Axes, source: Any, lang: Lang) -> Axes:
    """Say in the middle of the picture that there is nothing to draw, and return it finished."""
    said = Text("此期间没有数据", "no data in this period").in_(lang)
    ax.text(0.5, 0.5, said, transform=ax.transAxes, ha="center", va="center", fontsize=12, color=QUIET)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    footer(ax, source, lang)
    return ax


def legend(ax: Axes, marks: Sequence[Artist], texts: Sequence[Text], lang: Lang) -> None:
    """Say what the marks mean, at the right of the title."""
    above = ax.transAxes + ScaledTranslation(0, 22 / 72, ax.figure.figure.dpi_scale_trans)
    ax.legend(
        marks,
        [text.in_(lang) for text in texts],
        loc="lower right",
        bbox_to_anchor=(1, 1),
        bbox_transform=above,
        ncols=len(marks),
        borderaxespad=0,
    )


def rules(ax: Axes, axis: Literal["x", "y"] = "y") -> None:
    """Draw quiet lines behind the marks."""
    ax.grid(visible=True, axis=axis, color=RULE, linewidth=0.8)


def thousands(ax: Axes, axis: Literal["x", "y"] = "y") -> None:
    """Write numbers on an axis with thousands apart."""
    getattr(ax, f"{axis}axis").set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))


def inches(ax: Axes) -> float:
    """Return about how wide the axes are."""
    return float(ax.figure.figure.get_figwidth() * ax.get_position().width)


def day_number(instant: datetime) -> float:
    """Return an instant as a place on a date axis."""
    return float(mdates.date2num(instant))  # type: ignore[no-untyped-call]


def dates(ax: Axes, first: datetime, last: datetime) -> None:
    """Write dates on the x axis, the same in both languages: years, months, days or times, as many as there is room for."""
    days = (last - first).total_seconds() / 86400
    form = next(form for limit, form in _DATE_FORMS if days <= limit)
    fit = int(ax.figure.figure.get_figwidth() * 10 / len(first.strftime(form)))  # ten letters an inch
    locator = mdates.AutoDateLocator(minticks=2, maxticks=min(9, max(3, fit)))  # type: ignore[no-untyped-call]
    # 40 hours on a narrow picture: every 12 would be too many, and matplotlib knows no more
    locator.intervald |= {step: [*locator.intervald[step], whole] for step, whole in _WHOLE}
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: str(mdates.num2date(value).strftime(form))))  # type: ignore[no-untyped-call]


_WHOLE = ((mdates.MONTHLY, 12), (mdates.DAILY, 30), (mdates.HOURLY, 24), (mdates.MINUTELY, 60), (mdates.SECONDLY, 60))
_DATE_FORMS = ((0.9, "%H:%M"), (5, "%m-%d %H:%M"), (200, "%Y-%m-%d"), (3 * 366, "%Y-%m"), (float("inf"), "%Y"))


def save(ax: Axes, path: str | Path, *, dpi: int = 160) -> Path:
    """Write the picture of these axes as PNG, SVG (its text can be selected) or PDF, by the ending of the path.

    The same picture gives the same bytes.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> history = ytx.sample()
    >>> axes = ytx.plots.sizes(ytx.metrics.sizes(history), lang="en")
    >>> import tempfile
    >>> from pathlib import Path
    >>> ytx.plots.save(axes, Path(tempfile.mkdtemp()) / "sizes.svg").name
    'sizes.svg'
    """
    target = Path(path)
    metadata: Mapping[str, None] = (
        {"Date": None} if target.suffix == ".svg" else {"CreationDate": None} if target.suffix == ".pdf" else {}
    )
    with mpl.rc_context(_STYLE), replacing(target) as draft:
        figure = ax.get_figure(root=True)
        figure.savefig(draft, dpi=dpi, metadata=dict(metadata))  # type: ignore[union-attr]
    return target
