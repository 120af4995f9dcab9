"""No expression of the package doubles its steps with each word: keys, names and numbers are anybody's text."""

from __future__ import annotations

import importlib
import pkgutil
import re
import subprocess
import sys

import pytest

WORD = re.compile(r"[a-z]{2,}|[\u4e00-\u9fff]{1,4}")
OTHERS = ("a", "1", "- ", "{", "[", "\\", " ", '"', "=")
N = 48
"""How often a word is said: where each doubles the steps, nobody lives to see the end."""


@pytest.mark.slow
def test_no_expression_is_lost_in_repeated_words() -> None:
    """`contactcontact…Ext` as a key and 总机转总机转… as a number kept a sync busy for good."""
    try:
        asked = subprocess.run([sys.executable, __file__], capture_output=True, text=True, timeout=240, check=True)
    except subprocess.TimeoutExpired as error:
        raise AssertionError(f"lost in {(error.stdout or b'').decode().splitlines()[-1]}") from None
    assert "ytxdata.phones._WITH_WORD" in asked.stdout


def ask() -> None:
    """Give each pattern that repeats something its own words, over and over; say each before it is asked."""
    import ytxdata

    known = set()
    for module in pkgutil.walk_packages(ytxdata.__path__, "ytxdata."):
        if module.name.endswith(("__main__", "sql_sandbox")) or ".notebooks" in module.name:
            continue  # they run when they are imported
        for name, pattern in vars(importlib.import_module(module.name)).items():
            if not isinstance(pattern, re.Pattern) or pattern in known:
                continue
            known.add(pattern)
            source = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
            for word in dict.fromkeys([*WORD.findall(source), *OTHERS]) if re.search(r"\)(?:[*+]|\{)", source) else ():
                sys.stdout.write(f"{module.name}.{name} {word!a}\n")
                sys.stdout.flush()
                text = word * N + "!"
                given = text if isinstance(pattern.pattern, str) else text.encode()
                pattern.search(given)
                pattern.fullmatch(given)


if __name__ == "__main__":
    ask()
