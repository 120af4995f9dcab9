"""A font that has Chinese on every machine: an installed family, else the bundled subset."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

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
    """Return the families to draw with, best first: an installed one if there is, the bundled one, matplotlib's own.

    The bundled font is made known to matplotlib on the first call; nothing else of matplotlib's settings or caches is touched.

    Examples
    --------
    >>> families()[-2:]
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


def legible(text: str) -> str:
    """Return the text with every character that no font has replaced by `〓`, the printers' mark for a missing type.

    Examples
    --------
    >>> legible("周会 Weekly"), legible("\U000f0000")
    ('周会 Weekly', '〓')
    """
    known = _characters()
    return "".join(character if ord(character) in known or character == "\n" else GETA for character in text)
