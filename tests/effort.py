"""How much is asked of what differs by chance alone: all by `.ci/run`, which always has the same examples; less by whoever
runs the tests by themselves, which has other examples each time, so that what is left out today is tried tomorrow.
"""

from __future__ import annotations

import os

IS_WHOLE = os.environ.get("HYPOTHESIS_PROFILE") == "ci"


def examples(whole: int, hurried: int) -> int:
    """Return how many examples to try, of tests that take about a second for each; the first is always next to nothing."""
    return whole if IS_WHOLE else hurried
