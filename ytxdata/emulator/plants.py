"""Cases an audit must find, planted in a company that is clean without them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ytxdata.emulator.book import Entry
from ytxdata.emulator.company import Company
from ytxdata.emulator.people import Person


@dataclass
class Planted:
    """What was planted: entries of the book, and the truth under each check's own key."""

    entries: list[Entry] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    cases: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def bill(self, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the invoice with its planted errors."""
        return lines


def plant(company: Company, now: int) -> Planted:
    """Return the planted cases."""
    return Planted()
