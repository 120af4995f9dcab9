"""How long, and for how much, the lines of a list say they were, held against what an archive knows of each.

A list's own total in seconds shows a line that was left out only if no other line carries its seconds: so the lines are
held one by one. Bills say how long something was in several ways, but a list says it in one: that one is found, and
each line is held by it. Where none is followed, or no line can be held, the sum shows nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Literal, NamedTuple

from ytxdata.history.proof.witness import Off, WitnessLine
from ytxdata.labels import decimal_text

SLACK_S = 2
"""How far two clocks may say that one connection lasted. It may decide whether a minute more is billed."""

A_FEN = Decimal("0.01")
"""An amount that is rounded, to either side, is off by less."""


class Lengths(NamedTuple):
    """How long a meeting, or a connection, was as the archive knows it [s], how long each connection to it was, and
    what the platform charged; None where nobody says.
    """

    length_s: int | None = None
    legs_s: tuple[int, ...] | None = None
    amount_yuan: Decimal | None = None


UNKNOWN = Lengths()
"""Of what nobody says how long it was."""


class Form(NamedTuple):
    """One way to say how long something was: of what, brought up to whole steps, or to the nearest one as minutes with
    decimals are, and counted in which unit [s].
    """

    of: Literal["meeting", "legs", "sum"]
    step_s: int | Decimal
    unit_s: int = 1
    is_nearest: bool = False

    def says(self, lengths: Lengths, off_s: int = 0) -> int | Decimal | None:
        """Return what it says of a lengths, had each part of it been so much longer; None where the archive does not know."""
        whole = None if lengths.length_s is None else (lengths.length_s,)
        legs = None if lengths.legs_s is None else (sum(lengths.legs_s),) if self.of == "sum" else lengths.legs_s
        parts = whole if self.of == "meeting" else legs
        if parts is None:
            return None
        if self.is_nearest:
            step = Decimal(self.step_s)
            nearest = ((max(part + off_s, 0) / step).to_integral_value(ROUND_HALF_UP) for part in parts)
            return sum(nearest, Decimal(0)) * step / self.unit_s
        whole_step = int(self.step_s)
        return sum(-(-max(part + off_s, 0) // whole_step) * whole_step for part in parts) // self.unit_s

    def heard(self, told: int | Decimal) -> int | Decimal:
        """Return what a line says, so far as it counts: decimals are a part of it where they are of its steps."""
        return told if self.is_nearest or isinstance(told, int) else int(told.to_integral_value(ROUND_HALF_UP))

    def fits(self, told: int | Decimal, lengths: Lengths) -> bool:
        """Say whether a line may say so of a lengths."""
        least, most = _bounds(self, lengths)
        return least is not None and most is not None and least <= self.heard(told) <= most

    def misfit(self, told: int | Decimal, lengths: Lengths) -> int:
        """Return how badly a line would say so: 0 is exactly, 1 within what clocks differ, 2 not at all."""
        return 0 if self.heard(told) == self.says(lengths) else 1 if self.fits(told, lengths) else 2


@lru_cache(maxsize=65536)  # each line is held against all meetings of its id: of a room that keeps it, a whole history
def _bounds(form: Form, lengths: Lengths) -> tuple[int | Decimal | None, int | Decimal | None]:
    return form.says(lengths, -SLACK_S), form.says(lengths, SLACK_S)


FORMS: tuple[Form, ...] = (
    Form("meeting", 1), Form("sum", 1), Form("meeting", 60), Form("legs", 60), Form("sum", 60),
    Form("meeting", 60, 60), Form("legs", 60, 60), Form("sum", 60, 60),
    Form("meeting", 6), Form("legs", 6), Form("sum", 6),
    *(
        Form(of, step_s, unit_s, is_nearest=True)
        for step_s, unit_s in ((6, 1), (6, 60), (Decimal("0.6"), 60), (36, 1), (36, 3600))
        for of in ("meeting", "sum")
    ),
)  # fmt: skip
"""The exact ones first: of several that as many lines follow, the first counts."""


class Held(NamedTuple):
    """The lines that say other than the archive, and which sums (`seconds`, `yuan`) show no line that was left out."""

    off: tuple[Off, ...]
    unheld: tuple[str, ...]


def form_of(groups: Iterable[tuple[Sequence[int | Decimal], Sequence[Lengths]]]) -> Form:
    """Return the form that most lines follow, of groups of lines that are each of one of some lengths.

    Examples
    --------
    >>> form_of([([120, 60], [Lengths(61), Lengths(7)]), ([60], [Lengths(7)]), ([8], [Lengths(7)])])
    Form(of='meeting', step_s=60, unit_s=1, is_nearest=False)
    """
    n_following: Counter[Form] = Counter(dict.fromkeys(FORMS, 0))
    for told, lengths in groups:
        for form in FORMS:
            said = {form.says(one, off_s) for one in lengths for off_s in range(-SLACK_S, SLACK_S + 1)}
            n_following[form] += sum(form.heard(seconds) in said for seconds in told)
    return n_following.most_common(1)[0][0]


def hold(pairs: Sequence[tuple[WitnessLine, Lengths]]) -> Held:
    """Hold lines against what the archive knows of what each was found as."""
    spans = [(line, told, lengths) for line, lengths in pairs if (told := line.length_s) is not None]
    form = form_of(([told], [lengths]) for _, told, lengths in spans)
    of_seconds = [
        _Pair(
            line.line,
            Decimal(form.heard(told)),
            None if (own := form.says(lengths)) is None else Decimal(own),
            form.fits(told, lengths),
        )
        for line, told, lengths in spans
    ]
    of_yuan = [
        _Pair(line.line, told, own, own is not None and abs(told - own) < A_FEN)
        for line, lengths in pairs
        if (told := line.amount_yuan) is not None
        for own in [lengths.amount_yuan]
    ]
    judged = {"seconds": _judged("seconds", of_seconds), "yuan": _judged("yuan", of_yuan)}
    off = [one for some, _ in judged.values() for one in some]
    return Held(tuple(sorted(off)), tuple(of for of, (_, is_held) in judged.items() if not is_held))


class _Pair(NamedTuple):
    line: int
    told: Decimal
    own: Decimal | None
    fits: bool


def _judged(of: str, pairs: Sequence[_Pair]) -> tuple[list[Off], bool]:
    """Return the lines that are off, and whether the sum of all would show a line that was left out.

    It would not where most lines follow nothing that is known, where one that is not known may carry any other, and
    where what each line is off by, little as it is, adds up to as much as the smallest line. Where nothing is known
    of any line there is nothing to contradict.
    """
    known = [(one, one.own) for one in pairs if one.own is not None]
    fitting = [(one, own) for one, own in known if one.fits]
    if not known:
        return [], True
    if 2 * len(fitting) <= len(known):
        return [], False
    off = [Off(one.line, of, decimal_text(one.told), decimal_text(own)) for one, own in known if not one.fits]
    drift = abs(sum((one.told - own for one, own in fitting), Decimal(0)))
    least = min((one.told for one in pairs if one.told), default=Decimal(1))
    return off, drift < least and not any(one.told for one in pairs if one.own is None)
