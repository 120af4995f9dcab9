"""The public names: all there, all documented, none by accident."""

from __future__ import annotations

import inspect

import ytxdata as ytx


def test_every_public_name_loads_and_is_documented() -> None:
    for name in ytx.__all__:
        value = getattr(ytx, name)
        assert inspect.getdoc(value), name


def test_public_names_are_sorted_and_listed_by_dir() -> None:
    assert list(ytx.__all__) == sorted(ytx.__all__)
    assert set(ytx.__all__) <= set(dir(ytx))
