"""Whatever is done to an answer: each byte belongs somewhere, what nobody touched comes out, nothing raises."""

from __future__ import annotations

import os

import pytest

from tests.records import mutants

N = int(os.environ.get("YTXDATA_MUTANTS", "500"))


@pytest.mark.slow
def test_damaged_answers_lose_nothing_that_is_whole() -> None:
    for i, (name, body, intact) in enumerate(mutants.mutants(20260105, N)):
        try:
            mutants.check(body, intact, deeply=i % 20 == 0)
        except AssertionError as error:
            raise AssertionError(f"mutant {name}: {error}") from None


@pytest.mark.parametrize(
    "name",
    [
        "7103/93197",
        "7104/25583",
        "7201/12312",
        "7301/90958",
        "7301/92678",
        "7401/33547",
        "7302/95707",
        "7303/16925",
        "7307/40685",
        "8103/79761",
        "102/8832",
        "26010/2213",
        "27008/3951",
    ],
)
def test_what_one_in_a_hundred_thousand_lost(name: str) -> None:
    _, body, intact = mutants.mutant(name)
    assert mutants.check(body, intact, deeply=True) == "read"
