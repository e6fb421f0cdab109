"""Where the lines of a report's charts lie; the template draws them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from evalhub.evals.operational import OPERATIONAL
from evalhub.evals.reports.comparison import ComparisonReport, MetricReport
from evalhub.evals.reports.report import Distribution
from evalhub.evals.reports.run import ExperimentReport, SummaryReport
from evalhub.model import Direction

__all__ = ["Bar", "Histogram", "difference_bars", "histogram"]

_WIDTH, _HEIGHT = 240.0, 64.0


@dataclass(frozen=True, slots=True)
class Bar:
    """A difference with its interval, in percent of the chart's width; better is right.

    The middle of the chart, 50, is no difference.
    """

    low: float
    mid: float
    high: float
    is_cut: bool
    """Whether the interval reaches further than the chart."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """Two spreads of scores as paths in a box of 240 by 64."""

    metric: str
    low: float
    high: float
    paths: Mapping[str, str]
    """By target: the outline, as the ``d`` of an SVG path."""


def difference_bars(
    comparison: ComparisonReport, experiments: Sequence[ExperimentReport]
) -> tuple[dict[str, Bar], str, str]:
    """Return the bars of a comparison by metric, and the scales of both kinds of them.

    Metrics with known bounds share one scale, in percent of their range; all others share
    another, in percent of the baseline's mean.
    """
    runs = {run.target: run for run in experiments}
    baseline = runs[comparison.baseline].metrics if comparison.baseline in runs else {}
    bounded: dict[str, tuple[float, float, float]] = {}
    relative: dict[str, tuple[float, float, float]] = {}
    for name, metric in comparison.metrics.items():
        unit, is_bounded = _unit(name, baseline.get(name))
        ends = _ends(metric, unit)
        if ends is not None:
            (bounded if is_bounded else relative)[name] = ends
    widest = [_widest(kind.values()) for kind in (bounded, relative)]
    bars = {name: _bar(ends, widest[0]) for name, ends in bounded.items()}
    bars |= {name: _bar(ends, widest[1]) for name, ends in relative.items()}
    scales = [f"±{100 * most:.3g}%" if most else "" for most in widest]
    return bars, scales[0], scales[1]


def histogram(distribution: Distribution, targets: Sequence[str]) -> Histogram:
    """Return the outlines of *distribution* for *targets*, each as shares of its own scores."""
    kept = {name: distribution.counts[name] for name in targets if name in distribution.counts}
    shares = {name: [item / (sum(counts) or 1) for item in counts] for name, counts in kept.items()}
    most = max((max(items) for items in shares.values()), default=0.0) or 1.0
    return Histogram(
        distribution.metric,
        distribution.edges[0],
        distribution.edges[-1],
        {name: _outline(items, most) for name, items in shares.items()},
    )


def _unit(name: str, baseline: SummaryReport | None) -> tuple[float, bool]:
    """Return what one metric's difference is divided by, and whether that is its range."""
    bounds = baseline.bounds if baseline else None
    if name not in OPERATIONAL and bounds is not None:
        low, high = bounds
        if low is not None and high is not None and high > low:
            return high - low, True
    return abs(baseline.mean or 0.0) if baseline else 0.0, False


def _ends(metric: MetricReport, unit: float) -> tuple[float, float, float] | None:
    found = metric.difference
    if not unit or found is None or metric.better == Direction.NEITHER:
        return None
    ends = (found.lower, found.difference, found.upper)
    sign = -1.0 if metric.lower_is_better else 1.0
    values = [sign * end / unit for end in ends if end is not None]
    if len(values) < len(ends):
        return None
    low, mid, high = sorted(values)
    return low, mid, high


def _widest(ends: Iterable[tuple[float, float, float]]) -> float:
    """Return half the width of a scale that all *ends* fit on, at most 100%."""
    most = max((max(abs(low), abs(high)) for low, _, high in ends), default=0.0)
    steps = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
    return next((step for step in steps if most <= step), 1.0) if most else 0.0


def _bar(ends: tuple[float, float, float], widest: float) -> Bar:
    most = widest or 1.0
    low, mid, high = (round(50 + 50 * min(1.0, max(-1.0, end / most)), 2) for end in ends)
    return Bar(low, mid, high, is_cut=max(map(abs, ends)) > most)


def _outline(shares: Sequence[float], most: float) -> str:
    step = _WIDTH / len(shares)
    points = [f"M0 {_HEIGHT:g}"]
    for place, share in enumerate(shares):
        points.append(f"V{_HEIGHT - (_HEIGHT - 4) * share / most:.1f}H{(place + 1) * step:.1f}")
    return "".join([*points, f"V{_HEIGHT:g}Z"])
