"""The error of a mean over clusters of any sizes, and how well that error is known.

Of one large cluster and many small ones the mean is nearly the large one's, so its own deviation
is small and says little. Each deviation is therefore raised by what its cluster takes of the
mean (CR2), and t has the degrees of freedom that the sizes leave (Bell and McCaffrey, 2002;
Imbens and Kolesár, 2016). For clusters of one size these are C / (C - 1) and C - 1.
"""

from evalhub.metrics.stats.sample import Floats

__all__ = ["cluster_degrees", "cluster_pulls"]


def cluster_pulls(sums: Floats, sizes: Floats) -> Floats:
    """Return how far each cluster pulls a mean; the sum of their squares is its variance.

    *sums* are those of the deviations from the mean, of at least two clusters. A size of 0 is no
    cluster.
    """
    n = sizes.sum()
    pulls: Floats = sums / (n - sizes) ** 0.5 / n**0.5
    return pulls


def cluster_degrees(sizes: Floats) -> float:
    """Return the degrees of freedom of t for a mean over at least two clusters of *sizes*.

    They are those for scores that are independent.
    """
    sizes = sizes[sizes > 0]
    if sizes.min() == sizes.max():
        return float(sizes.size - 1)
    n = float(sizes.sum())
    shared = sizes * sizes / (n - sizes)
    squares = float(sizes @ sizes + shared.sum() ** 2 - shared @ shared)
    return n * n / squares
