"""What a described table is: a frame with what a reader must know to trust it. The writers work on this alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol

import pyarrow as pa

from ytxdata.labels import Text
from ytxdata.tables.definition import Definition
from ytxdata.tables.plain import to_arrow
from ytxdata.times import ZONE_NAME


class Completeness(Protocol):
    """What a table says about how complete the data under it is; a certificate of a History or an Archive fits."""

    @property
    def worst(self) -> str:
        """The worst verdict: `PROVEN`, `PROBABLE` or `GAP`."""

    @property
    def sentence(self) -> Text:
        """The verdict in words."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Described:
    """A frame with its definitions, notes, period, exclusions and verdict.

    Whatever leaves through `masked`, `to_csv`, `to_excel`, a notebook or a picture has its telephone numbers hidden; `frame` itself is as it was.

    Parameters
    ----------
    frame
        The rows, of any engine that narwhals knows (pandas, Polars, PyArrow, DuckDB, PySpark).
    name
        Key of the table, used for file and sheet names.
    title
        What people read above it.
    definitions
        One for each column; a column without one is shown by its key. Others (of words in the notes) are printed after them.
    notes
        Sentences below it.
    period
        The half-open period `[start, end)` it is about, or None for all there is.
    excluded
        Reason key → (reason in words, how many were left out).
    certificate
        How complete the data under it is, or None when nothing is known about that.
    zone
        Zone in which instants are shown.
    secret
        Key of the archive under which hashes of its raw text leave (`Archive.secret`); None: a key of this process, which nobody can ask again.
    """

    frame: Any
    name: str
    title: Text
    definitions: tuple[Definition, ...] = ()
    notes: tuple[Text, ...] = ()
    period: tuple[datetime, datetime] | None = None
    excluded: Mapping[str, tuple[Text, int]] = field(default_factory=dict)
    certificate: Completeness | None = None
    zone: str = ZONE_NAME
    secret: bytes | None = field(default=None, repr=False)

    @cached_property
    def arrow(self) -> pa.Table:
        """The rows as a PyArrow table, brought here once whatever engine holds them."""
        return to_arrow(self.frame)

    def definition(self, key: str) -> Definition:
        """Return the definition of a column, or one that calls it by its key."""
        known = next((definition for definition in self.definitions if definition.key == key), None)
        return known or Definition(key=key, zh=key, en=key)
