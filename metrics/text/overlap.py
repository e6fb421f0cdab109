"""What two texts share, out of what each has: the statistics behind each ROUGE score."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "PRF",
    "MultiReference",
    "Overlap",
    "Reduced",
    "joined_overlap",
    "reduce_references",
    "share",
]

_Floats = NDArray[np.float64]
PRF = tuple[_Floats, _Floats, _Floats]
"""Precision, recall and F-measure, each of shape (n,)."""
MultiReference = Literal["max", "best", "average", "jackknife"]


@dataclass(frozen=True, slots=True)
class Overlap:
    """Counts of pairs of texts, each of shape (pairs,)."""

    hits: _Floats
    candidate: _Floats
    """Units that the output has."""
    reference: _Floats
    """Units that the reference has."""
    root: float = 1.0
    """Shares are raised to this power: the inverse of the weight of weighted subsequences."""
    rank: _Floats | None = None
    """What ``best`` compares, where that is not recall."""

    def sums(self, starts: NDArray[np.int64]) -> "Overlap":
        """Return the sums over runs of pairs; *starts* has each run's first pair."""
        add = np.add.reduceat
        return Overlap(
            add(self.hits, starts),
            add(self.candidate, starts),
            add(self.reference, starts),
            self.root,
        )

    def take(self, pairs: NDArray[np.int64]) -> "Overlap":
        """Return the counts of *pairs*."""
        return Overlap(self.hits[pairs], self.candidate[pairs], self.reference[pairs], self.root)

    @property
    def counts(self) -> _Floats:
        """Hits and both units, of shape (3, pairs)."""
        return np.stack([self.hits, self.candidate, self.reference])

    def scores(self, alpha: float, decimals: int | None) -> PRF:
        """Return the scores of each pair; recall weighs 1 - *alpha* in F.

        With *decimals*, precision and recall are rounded before F is made of them.
        """
        precision = share(self.hits, self.candidate) ** self.root
        recall = share(self.hits, self.reference) ** self.root
        if decimals is not None:
            precision, recall = _rounded(precision, decimals), _rounded(recall, decimals)
        below = (1 - alpha) * precision + alpha * recall
        fmeasure = share(precision * recall, below)
        if decimals is not None:
            fmeasure = _rounded(fmeasure, decimals)
        return precision, recall, fmeasure


def joined_overlap(parts: Sequence[Overlap]) -> Overlap:
    """Return the pairs of all *parts*, which have no root and no rank."""
    return Overlap(
        np.concatenate([part.hits for part in parts]),
        np.concatenate([part.candidate for part in parts]),
        np.concatenate([part.reference for part in parts]),
    )


def share(part: _Floats, whole: _Floats) -> _Floats:
    """Return *part* / *whole*, and 0 where there is nothing to share."""
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _rounded(values: _Floats, decimals: int) -> _Floats:
    # Not numpy's round: it scales first, and 0.166665 then ends elsewhere than in printf.
    return np.asarray([round(value, decimals) for value in values.tolist()], dtype=np.float64)


class Reduced(NamedTuple):
    """One score per output, and what was counted for it."""

    scores: PRF
    overlap: Overlap | None
    """None where the score is of no one count, as a jackknife's."""


def reduce_references(
    overlap: Overlap,
    counts: Sequence[int],
    how: MultiReference,
    score: Callable[[Overlap], PRF],
) -> Reduced:
    """Return one score per output from those of its pairs.

    *counts* has the number of references of each output, 1 or more; the pairs of an
    output follow each other. ``max`` takes the reference with the highest F, ``best``
    that with the highest recall (Perl's ``-f B``), ``average`` divides summed hits by
    summed counts (Perl's ``-f A``), and ``jackknife`` averages the maxima of leaving
    each reference out in turn (Lin, 2004, section 2.1).
    """
    sizes = np.asarray(counts, dtype=np.int64)
    starts = np.cumsum(sizes) - sizes
    if how == "average":
        sums = overlap.sums(starts)
        return Reduced(score(sums), sums)
    scores = score(overlap)
    if len(overlap.hits) == len(sizes):
        return Reduced(scores, overlap)
    if how == "jackknife":
        return Reduced(_jackknife(scores, starts, sizes), None)
    rank = scores[1] if overlap.rank is None else overlap.rank
    chosen = _first_best(scores[2] if how == "max" else rank, starts, sizes)
    precision, recall, fmeasure = scores
    best = precision[chosen], recall[chosen], fmeasure[chosen]
    return Reduced(best, overlap.take(chosen))


def _first_best(
    values: _Floats, starts: NDArray[np.int64], sizes: NDArray[np.int64]
) -> NDArray[np.int64]:
    runs = zip(starts.tolist(), sizes.tolist(), strict=True)
    chosen = [start + int(values[start : start + size].argmax()) for start, size in runs]
    return np.asarray(chosen, dtype=np.int64)


def _jackknife(scores: PRF, starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> PRF:
    """Return the means of the maxima without each reference.

    The best of all is the best of every set but the one without it, where the second best is.
    """
    first = _first_best(scores[2], starts, sizes)
    others = scores[2].copy()
    others[first] = np.where(sizes > 1, -np.inf, others[first])
    second = _first_best(others, starts, sizes)
    precision, recall, fmeasure = (
        ((sizes - 1) * part[first] + part[second]) / sizes for part in scores
    )
    return precision, recall, fmeasure
