"""Average precision of a ranking of which every item is judged."""

from collections.abc import Sequence

__all__ = ["average_precision"]


def average_precision(relevant: Sequence[bool]) -> float:
    """Return the mean of precision at each relevant rank, best rank first; 0 where none is.

    It is divided by the relevant items of the ranking itself, since no others are known.
    trec_eval's ``map`` with these as the relevant ids is the same number.
    """
    hits = 0
    total = 0.0
    for rank, holds in enumerate(relevant, start=1):
        if holds:
            hits += 1
            total += hits / rank
    return total / hits if hits else 0.0
