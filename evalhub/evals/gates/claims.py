"""What a gate says of the whole data, or of each slice of it, ready to be held against a limit."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from evalhub.errors import MetricInputError
from evalhub.evals.gates.bounds import Bounds, Difference, Mean, Measure, Observed, Percentile
from evalhub.evals.gates.demand import Gate
from evalhub.evals.gates.directions import direction_in, undirected
from evalhub.evals.gates.pairs import joint_bounds, pair_scores
from evalhub.evals.gates.sample import Sample, sample_of, sample_of_pairs
from evalhub.evals.gates.statistic import Statistic
from evalhub.metrics.aggregate import is_rate
from evalhub.metrics.stats import Conclusion, conclude
from evalhub.model import Direction, ExampleResult, Experiment

__all__ = ["Claim", "claims_of", "claims_of_pair"]


@dataclass(frozen=True, slots=True)
class Claim:
    """One demand on one part of the data."""

    measure: Measure
    limit: float
    """What the measure, times *sign*, has to reach."""
    sign: float
    what: str
    """What is measured, in words."""
    is_strict: bool = False
    """Whether it has to be above the limit, and not just at it."""
    slice_name: str = ""
    slice_label: str = ""

    def at(self, confidence: float) -> Bounds:
        """Return the bounds of what has to reach the limit."""
        return self.measure.at(confidence).times(self.sign)

    def conclude(self, bounds: Bounds) -> Conclusion:
        """Say whether *bounds* show that the limit is reached."""
        if not self.is_strict or bounds.lower is None or bounds.upper is None:
            return conclude(bounds.lower, bounds.upper, limit=self.limit)
        # Above the limit is not at most the limit.
        turned = conclude(-bounds.upper, -bounds.lower, limit=-self.limit)
        return _TURNED[turned]


_TURNED = {
    Conclusion.PASS: Conclusion.FAIL,
    Conclusion.FAIL: Conclusion.PASS,
    Conclusion.INCONCLUSIVE: Conclusion.INCONCLUSIVE,
}


@dataclass(frozen=True, slots=True)
class _Part:
    """A slice of the data; the whole has no name."""

    name: str = ""
    label: str = ""

    def holds(self, result: ExampleResult) -> bool:
        return not self.name or result.slices.get(self.name) == self.label


def claims_of(gate: Gate, judged: Experiment) -> list[Claim]:
    """Return what a gate with a limit says of *judged*, a claim for each slice.

    Raises:
        MetricInputError: no example has a slice that the gate names, or the scores do not
            suit its statistic or its method.
    """
    statistic = Statistic.parse(gate.statistic)
    bounds = joint_bounds(gate.metric, judged)
    claims = []
    for part in _parts(gate, judged.results):
        results = [result for result in judged.results if part.holds(result)]
        sample = sample_of(results, gate.metric, bounds)
        _check(gate, sample)
        claims.append(_limited(gate, sample, statistic, part))
    return claims


def claims_of_pair(gate: Gate, baseline: Experiment, judged: Experiment) -> list[Claim]:
    """Return what a gate says of *judged* against *baseline*, a claim for each slice.

    Raises:
        MetricInputError: as :func:`claims_of`; or the margin is relative and the baseline's
            mean is not above 0; or neither more nor less of the metric is better.
    """
    pairs = pair_scores(baseline, judged, gate.metric)
    kept = [pair for pair in pairs if not pair.is_void]
    bounds = joint_bounds(gate.metric, baseline, judged)
    better = direction_in(gate.metric, judged, baseline)
    if better is Direction.NEITHER:
        raise MetricInputError(undirected(gate.metric))
    claims = []
    for part in _parts(gate, [pair.candidate for pair in pairs]):
        inside = [pair for pair in kept if part.holds(pair.candidate)]
        left, right = sample_of_pairs(inside, bounds)
        _check(gate, right)
        difference = Difference(left, right, gate.method == "exact")
        claims.append(_compared(gate, difference, better.sign, part))
    return claims


def _limited(gate: Gate, sample: Sample, statistic: Statistic, part: _Part) -> Claim:
    measure = _measure(gate, sample, statistic)
    if gate.at_least is not None:
        return Claim(measure, gate.at_least, 1.0, gate.statistic, False, part.name, part.label)
    # At most b is at least -b with the sign turned.
    limit = -(gate.at_most or 0.0)
    return Claim(measure, limit, -1.0, gate.statistic, False, part.name, part.label)


def _measure(gate: Gate, sample: Sample, statistic: Statistic) -> Measure:
    share = statistic.share if statistic.kind == "percentile" else None
    if gate.is_observed:
        return Observed(sample, share)
    if share is not None:
        return Percentile(sample, share)
    return Mean(sample)


def _compared(gate: Gate, difference: Difference, sign: float, part: _Part) -> Claim:
    must_gain = gate.better_than is not None
    limit, what = gate.margin if must_gain else -gate.margin, "difference"
    if gate.is_relative:
        if sign > 0 and not must_gain and gate.margin >= 1:
            raise MetricInputError(
                f"a margin of {gate.margin:.0%} lets {gate.metric} fall to 0 and below; "
                "give less than 100%"
            )
        mean = _positive_mean(gate, difference)
        if difference.is_rate:
            limit *= mean
        else:
            # Not "2% of a mean that is itself uncertain", but "98% of each baseline score".
            difference = replace(difference, scale=1 + sign * limit)
            what, limit = f"difference from {difference.scale:.6g} times {gate.other}", 0.0
    return Claim(difference, limit, sign, what, must_gain, part.name, part.label)


def _positive_mean(gate: Gate, difference: Difference) -> float:
    seen = difference.baseline[~np.isnan(difference.baseline)]
    mean = float(seen.mean()) if seen.size else 0.0
    if mean <= 0:
        raise MetricInputError(
            f"a margin in percent needs a mean above 0, and that of {gate.other} is {mean:.4g}; "
            "give the margin as a number"
        )
    return mean


def _parts(gate: Gate, results: Sequence[ExampleResult]) -> list[_Part]:
    if not gate.slices:
        return [_Part()]
    parts = []
    for name in gate.slices:
        counts = Counter(result.slices[name] for result in results if name in result.slices)
        if not counts:
            known = sorted({key for result in results for key in result.slices})
            raise MetricInputError(
                f"no example has the slice {name!r}; there are {', '.join(known) or 'none'}"
            )
        parts += [
            _Part(name, str(label))
            for label in sorted(counts, key=str)
            if counts[label] >= gate.smallest_slice
        ]
    if not parts:
        raise MetricInputError(f"no slice has {gate.smallest_slice} examples")
    return parts


def _check(gate: Gate, sample: Sample) -> None:
    if gate.method == "exact" and sample.clusters is not None:
        raise MetricInputError(
            "method: exact is for independent examples, and these share clusters or repeats; "
            "leave it out"
        )
    if gate.method == "exact" and not is_rate(sample.values, sample.bounds):
        raise MetricInputError(
            f"method: exact is for passes and fails, and {gate.metric} gives other scores; "
            "leave it out"
        )
