"""Pictures of lines through time: who was in a meeting and when, and how complete the data is, period by period."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from ytxdata.errors import UsageError
from ytxdata.labels import Lang, Text
from ytxdata.plots.canvas import (
    BLUE,
    GREEN,
    ORANGE,
    QUIET,
    RED,
    SKY,
    Drawable,
    dates,
    day_number,
    drawing,
    footer,
    legend,
    legible,
    nothing,
    opened,
    picture,
    room_for_names,
    rules,
)
from ytxdata.templates import BADGES

_MOST = 60


@picture(is_personal=True)
def presence(
    report: Drawable,
    ax: Axes | None = None,
    *,
    lang: Lang | None = None,
    meeting_id: str | None = None,
    show_phones: bool = False,
) -> Axes:
    """Draw the parties of one meeting as bars from joining to leaving (Gantt).

    Parameters
    ----------
    report
        Legs (`joined_at`, `left_at`; every connection is a bar) or a presence report (`first_joined_at`,
        `last_left_at`), with `number` and, if there is, `name`, `meeting_id`, `presence_pct`.
    ax
        Where to draw; by default on a figure of its own.
    lang
        `zh` or `en`; by default the session's.
    meeting_id
        Which meeting, when there are several.
    show_phones
        Leave telephone numbers as they are.

    Raises
    ------
    UsageError
        There are several meetings and none was chosen: give `meeting_id`.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> history = ytx.sample()
    >>> report = ytx.metrics.presence(history, "2024-03", "2024-04")
    >>> meeting = report.frame["meeting_id"].iloc[0]
    >>> axes = ytx.plots.presence(report, meeting_id=meeting, lang="en")
    >>> axes.figure is not None
    True
    """
    lang, report, data = opened(report, lang, show_phones=show_phones)
    chosen = _chosen(data.get("meeting_id", []), meeting_id)
    rows = [
        {key: values[position] for key, values in data.items()}
        for position in range(len(next(iter(data.values()), [])))
        if chosen is None or data["meeting_id"][position] == chosen
    ]
    parties = _parties(rows)
    shown = list(parties.items())[:_MOST]
    heading = None if chosen is None else Text(f"{report.title.zh} · {chosen}", f"{report.title.en} · {chosen}")
    with drawing(ax, report, lang, (9.6, 2.0 + 0.28 * max(len(shown), 4)), heading) as ax:
        instants = [instant for _, bars in shown for bar in bars for instant in bar[:2] if instant]
        if not instants:
            return nothing(ax, report, lang)
        first, last = min(instants), max(instants)
        for line, (_, bars) in enumerate(shown):
            for start, end, percent in bars:
                left, right = day_number(start), day_number(end or last)
                ax.barh(
                    line,
                    right - left,
                    0.62,
                    left,
                    color=BLUE if end else SKY,
                    hatch=None if end else "///",
                    edgecolor="white",
                )
                if percent is not None:
                    ax.annotate(
                        f"{percent:.0f} %",
                        (right, line),
                        (5, 0),
                        textcoords="offset points",
                        va="center",
                        fontsize=9,
                        color=QUIET,
                    )
        ax.set_yticks(range(len(shown)), [_label(who, room_for_names(ax), lang) for who, _ in shown])
        ax.set_ylim(len(shown) - 0.4, -0.6)
        margin = (day_number(last) - day_number(first)) * 0.06 or 1 / 1440
        ax.set_xlim(day_number(first) - margin / 2, day_number(last) + margin)
        dates(ax, first, last)
        day = f"{first:%Y-%m-%d}" if first.date() == last.date() else f"{first:%Y-%m-%d} – {last:%Y-%m-%d}"
        ax.set_xlabel(f"{day} ({report.zone})")
        rules(ax, "x")
        more = (
            [Text("斜纹：离开时间未知", "hatched: the end is unknown")]
            if any(not bar[1] for _, bars in shown for bar in bars)
            else []
        )
        if len(parties) > len(shown):
            more.append(Text(f"显示 {len(shown)} / {len(parties)} 方", f"{len(shown)} of {len(parties)} parties shown"))
        footer(ax, report, lang, *more)
        return ax


def _chosen(ids: list[Any], wanted: str | None) -> str | None:
    if wanted is not None or not ids:
        return wanted
    distinct = sorted(set(ids))
    if len(distinct) > 1:
        raise UsageError(
            Text(f"有 {len(distinct)} 场会议，只能画一场", f"there are {len(distinct)} meetings, one can be drawn"),
            remedy=Text(f"指定 meeting_id，例如 {distinct[0]!r}", f"give meeting_id, such as {distinct[0]!r}"),
        )
    return str(distinct[0])


Party = tuple[str, str, int]
Bar = tuple[datetime, datetime | None, float | None]


def _parties(rows: list[dict[str, Any]]) -> dict[Party, list[Bar]]:
    """Return who → bars, in the order of joining; every connection without a number is a party of its own."""
    joined, left = ("joined_at", "left_at") if rows and "joined_at" in rows[0] else ("first_joined_at", "last_left_at")
    parties: dict[Party, list[Bar]] = {}
    known = sorted((row for row in rows if row[joined] is not None), key=lambda row: row[joined])
    for row in known:
        who = (row.get("name") or "", row.get("number") or "", 0 if row.get("number") else len(parties))
        parties.setdefault(who, []).append((row[joined], row[left], row.get("presence_pct")))
    return parties


def _label(who: Party, room: int, lang: Lang) -> str:
    name, number, _ = who
    return legible(
        " ".join(part for part in (name, number or Text("（无号码）", "(no number)").in_(lang)) if part), room
    )


LOOKS = {"PROVEN": (GREEN, ""), "PROBABLE": (ORANGE, "//"), "GAP": (RED, "xx")}
"""Verdict → colour and hatching, so that it can be told without colour."""


@picture(height=1.5)
def coverage(source: Any, ax: Axes | None = None, *, lang: Lang | None = None) -> Axes:
    """Draw the verdicts on a time line.

    Parameters
    ----------
    source
        A certificate, or a table, with the columns `start`, `end` and `verdict`.
    ax
        Where to draw; by default on a figure of its own.
    lang
        `zh` or `en`; by default the session's.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> archive = ytx.sample("archive")
    >>> axes = ytx.plots.coverage(archive.certificate(), lang="en")
    >>> axes.figure is not None
    True
    """
    lang, source, data = opened(source, lang)
    said = source if hasattr(source, "title") else _Certified(source)
    with drawing(ax, said, lang, (9.6, 2.7)) as ax:
        ax.set_yticks([])
        ax.spines["left"].set_visible(False)
        if not data["start"]:
            return nothing(ax, said, lang)
        for start, end, verdict in zip(data["start"], data["end"], data["verdict"], strict=True):
            left, right = day_number(start), day_number(end)
            colour, hatch = LOOKS[verdict]
            ax.barh(0, right - left, 1, left, color=colour, hatch=hatch, edgecolor="white", linewidth=1)
        ax.set_ylim(-0.6, 0.6)
        ax.set_xlim(day_number(min(data["start"])), day_number(max(data["end"])))
        dates(ax, min(data["start"]), max(data["end"]))
        present = [verdict for verdict in LOOKS if verdict in data["verdict"]]
        patches = [
            Patch(facecolor=LOOKS[verdict][0], hatch=LOOKS[verdict][1], edgecolor="white") for verdict in present
        ]
        legend(ax, patches, [Text(*(f"{verdict} {word}" for word in BADGES[verdict])) for verdict in present], lang)
        footer(ax, said, lang)
        return ax


class _Certified:
    """A certificate, seen as a table about itself."""

    title = Text("各时段完整性", "Completeness by period")

    def __init__(self, certificate: Any) -> None:
        self.certificate = certificate
