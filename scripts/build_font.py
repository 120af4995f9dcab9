# /// script
# requires-python = ">=3.11"
# dependencies = ["fonttools==4.68.0", "noto-cjk-sans-otc==0.0.1"]
# ///
"""Build the bundled font: the glyphs of GB 2312 and ASCII out of Noto Sans CJK SC, so that every machine can draw
Chinese.

Run it with `uv run scripts/build_font.py`; it writes `ytxdata/plots/font/` (font and licence) and needs no network
but for its two packages. The same packages give the same bytes.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import sys
from pathlib import Path

import noto_cjk_sans_otc  # type: ignore[import-not-found]  # a package of this script alone
from fontTools import subset
from fontTools.ttLib import TTCollection, TTFont

TARGET = Path(__file__).parents[1] / "ytxdata" / "plots" / "font"
FACE = "Noto Sans CJK SC"
FAMILY = "ytxdata Sans SC"
LIMIT_BYTES = 2_000_000
SOURCE_SHA256 = "b76b0433203017ca80401b2ee0dd69350349871c4b19d504c34dbdd80541690a"

TYPOGRAPHY = (
    "\u00a0\u2009\u2012\u2013\u2014\u2018\u2019\u201c\u201d\u2022\u2026\u2212"
    "\u2248\u2260\u2264\u2265\u20ac\u00a5\u00a3\u00d7\u00f7\u00b1\u00b0\u00b7"
)
NAMES = "喆堃镕玥珺瑄旻赟翀昕煊璟祎琬翊晗婧妤雯昇翾淏垚琰玮頔睿骁懿晟焱燚鑫昊珈瑀甯祺芃芮薇钰颢"
"""Characters that are frequent in given names; some are missing from GB 2312."""


def wanted() -> set[int]:
    """Return the code points: ASCII, Latin-1, all of GB 2312 (rows 1-87), typography and names."""
    gb2312 = {
        ord(character)
        for high in range(0xA1, 0xF8)
        for low in range(0xA1, 0xFF)
        for character in bytes((high, low)).decode("gb2312", errors="ignore")
    }
    return (
        gb2312 | set(range(0x20, 0x7F)) | set(range(0xA1, 0x100)) | {ord(character) for character in TYPOGRAPHY + NAMES}
    )


def rename(font: TTFont) -> None:
    """Give the subset a family name of its own, so that it never stands in for the whole font; keep copyright and
    licence.
    """
    names = font["name"]
    names.names = [record for record in names.names if record.nameID in (0, 7, 8, 9, 11, 13, 14)]
    for name_id, text in {
        1: FAMILY,
        2: "Regular",
        3: f"{FAMILY} Regular",
        4: f"{FAMILY} Regular",
        5: "Version 1.000",
        6: "ytxdataSansSC-Regular",
    }.items():
        names.setName(text, name_id, 3, 1, 0x409)
    top = font["CFF "].cff
    top.fontNames = ["ytxdataSansSC-Regular"]
    top.topDictIndex[0].FullName = f"{FAMILY} Regular"
    top.topDictIndex[0].FamilyName = FAMILY


def main() -> None:
    """Write the font and its licence, or stop when the source is another one or the result too large."""
    source = Path(noto_cjk_sans_otc.__file__).with_name("NotoSansCJK-Regular.ttc")
    found = hashlib.sha256(source.read_bytes()).hexdigest()
    if found != SOURCE_SHA256:
        sys.exit(f"{source.name}: sha256 is {found}, expected {SOURCE_SHA256}")
    font = next(font for font in TTCollection(source).fonts if font["name"].getDebugName(1) == FACE)
    options = subset.Options(
        layout_features=["kern"],
        hinting=False,
        desubroutinize=False,
        notdef_outline=True,
        name_IDs=["*"],
        drop_tables=["vhea", "vmtx", "VORG", "BASE", "GSUB", "DSIG"],
    )
    tool = subset.Subsetter(options)
    tool.populate(unicodes=wanted())
    tool.subset(font)
    rename(font)
    font.recalcTimestamp = False
    TARGET.mkdir(exist_ok=True)
    path = TARGET / "ytxdata-sans-sc.otf"
    font.save(path)
    if path.stat().st_size >= LIMIT_BYTES:
        sys.exit(f"{path.name} has {path.stat().st_size:,} bytes, more than {LIMIT_BYTES:,}")
    licence = next(file for file in importlib.metadata.files("noto-cjk-sans-otc") or [] if file.name == "LICENSE")
    (TARGET / "OFL.txt").write_text(f"{font['name'].getDebugName(0)}\n\n{licence.read_text()}", encoding="utf-8")
    sys.stdout.write(f"{path.name}: {path.stat().st_size:,} bytes, {len(font.getBestCmap()):,} characters\n")


if __name__ == "__main__":
    main()
