"""How much is asked of what differs by chance alone: all by `.ci/run`, whose examples are always the same; less by
whoever runs the tests, each time with others, so that what is left out today is tried tomorrow.
"""

from __future__ import annotations

import os

IS_WHOLE = os.environ.get("HYPOTHESIS_PROFILE") == "ci"


def examples(whole: int, hurried: int) -> int:
    """Return how many examples to try where each takes about a second; the first is always next to nothing."""
    return whole if IS_WHOLE else hurried
