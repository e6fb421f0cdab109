"""Honest statistics over scores: intervals, comparisons, and what a sample can show."""

from evalhub.metrics.stats.intervals import (
    Interval,
    bootstrap_mean,
    mean_interval,
    wilson_interval,
)
from evalhub.metrics.stats.paired import (
    McNemar,
    PairedDifference,
    benjamini_hochberg,
    mcnemar,
    minimum_detectable_effect,
    paired_difference,
)

__all__ = [
    "Interval",
    "McNemar",
    "PairedDifference",
    "benjamini_hochberg",
    "bootstrap_mean",
    "mcnemar",
    "mean_interval",
    "minimum_detectable_effect",
    "paired_difference",
    "wilson_interval",
]
