"""Which of many places at which something may break are tried in one run of the tests?"""

import random
from collections.abc import Sequence

from hypothesis import settings

# From so many examples on, a run has time for all.
_LONG = 1_000
_SHARE = 3


def thinned(places: Sequence[int]) -> list[int]:
    """The first, the last, and a third of those between, others each time (pytest-randomly prints
    the seed that brings them back); with `--hypothesis-profile=long` all.
    """
    if settings().max_examples >= _LONG:
        return list(places)
    first, *between, last = places
    return [first, *sorted(random.sample(between, len(between) // _SHARE)), last]
