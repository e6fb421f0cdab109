"""Take a random part of the examples."""

import heapq
import random
from collections.abc import Iterable

from evalhub.evals.datasets.spec import SampleSpec
from evalhub.model import Example

__all__ = ["take_sample"]


def take_sample(examples: Iterable[Example], wanted: SampleSpec) -> tuple[Example, ...]:
    """Return a random part of *examples* in their order; no more than it is held in memory.

    Each gets a random rank and the lowest are kept: every example has the same chance, and
    a larger sample with the same seed holds the smaller one.
    """
    generator = random.Random(wanted.seed)
    ranked = ((generator.random(), index, one) for index, one in enumerate(examples))
    kept = heapq.nsmallest(wanted.n, ranked, key=lambda item: item[:2])
    return tuple(one for _, _, one in sorted(kept, key=lambda item: item[1]))
