"""All HTML comes from the templates in this folder: autoescape is on, so that no value can become markup."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ytxdata.labels import Lang, Text, preferred_lang, printable

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2.runtime import Context
    from markupsafe import Markup

BADGES = {
    "PROVEN": Text("完整，已证实", "complete, proven"),
    "PROBABLE": Text("很可能完整", "probably complete"),
    "GAP": Text("有缺口", "has a gap"),
    "UNREAD": Text("尚未读到", "not read yet"),
    "UNKNOWN": Text("无从得知", "nothing is known"),
}
"""What a verdict of completeness is called on a badge; PROBABLE is three things, see `Certificate.badge`."""

TAGS: dict[Lang, str] = {"zh": "zh-CN", "en": "en", "both": "zh-CN"}
"""Language → its tag in HTML."""


def render(template: str, lang: Lang | None = None, **values: object) -> Markup:
    """Return a template of this folder filled with values; the result may stand in another template as it is.

    In a template `t("中文", "English")` and the filter `say` (of a Text) speak `lang`. Every value is escaped, and
    characters that no page may hold, or that turn a line around, are shown as `�`.

    Parameters
    ----------
    template
        Name of the file.
    lang
        Language; by default the reader's own (`preferred_lang`).
    values
        What the template is filled with.

    Examples
    --------
    >>> str(render("badge.html", "en", verdict="GAP"))
    '<span class="ytx-badge ytx-GAP">has a gap</span>'
    """
    from markupsafe import Markup

    chosen = lang or preferred_lang()
    rendered = _environment().get_template(template).render(lang=chosen, tag=TAGS[chosen], **values)
    return Markup(rendered)  # noqa: S704  a template's own output: its values are escaped by then


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
        A key of `BADGES`, shown above the facts.
    lang
        Language; by default the reader's own (`preferred_lang`).
    """
    return str(render("facts.html", lang, title=title, rows=rows, note=note, verdict=verdict))


@cache
def _environment() -> Environment:
    """Return the one environment; Jinja2 is loaded when the first page is made, not when the package is imported."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
    from markupsafe import Markup

    @pass_context
    def say(context: Context, text: Text, sep: str = " / ") -> str:
        return text.in_(context["lang"], sep=sep)

    @pass_context
    def t(context: Context, zh: str, en: str) -> str:
        return Text(zh, en).in_(context["lang"])

    def clean(value: Any) -> Any:
        # the last step before escaping, for every value of every template: what it lets through reaches the page
        return value if isinstance(value, Markup) else printable(str(value))

    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=clean,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    made.filters["say"] = say
    made.globals.update(t=t, BADGES=BADGES)
    return made
