"""Scores that have a precision and a recall beside their F-measure."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from evalhub.metrics.base import ScoreColumn

__all__ = ["PrecisionRecallF"]


@dataclass(frozen=True, slots=True, eq=False)
class PrecisionRecallF(ScoreColumn):
    """A score column whose values are F-measures.

    ``precision`` and ``recall`` have the shape of ``values``, and NaN at the same places.
    ``counts``, of shape (n, 3), has what they are made of, for those that say it: what both
    texts have, what the output has, and what the reference has.
    """

    precision: NDArray[np.float64] = field(kw_only=True)
    recall: NDArray[np.float64] = field(kw_only=True)
    counts: NDArray[np.float64] | None = field(default=None, kw_only=True)

    @property
    def fmeasure(self) -> NDArray[np.float64]:
        """The F-measures, which are also ``values``."""
        return self.values
