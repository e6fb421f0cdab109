"""Comparisons and gates, on experiments made of plain numbers."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from evalhub.errors import ConfigError
from evalhub.evals.gates.bounds import Bounds
from evalhub.evals.gates.claims import claims_of, claims_of_pair
from evalhub.evals.gates.compare import compare
from evalhub.evals.gates.gate import Decision, Gate, Verdict, decide
from evalhub.evals.gates.pairs import clusters_of
from evalhub.evals.operational import operational_columns
from evalhub.metrics.aggregate import summarize
from evalhub.metrics.base import ScoreColumn
from evalhub.metrics.stats import mean_interval, paired_difference
from evalhub.model import ExampleResult, Experiment, Score, ScoreState

GATE = Gate("quality", not_worse_than="baseline", margin=0.05)


def experiment(
    target: str,
    values: Sequence[float | None],
    *,
    signature: str = "quality|v:1",
    clusters: Sequence[str] | None = None,
    state: ScoreState = ScoreState.ERRORED,
    version: str = "v" * 64,
    bounds: tuple[float, float] | None = (0.0, 1.0),
) -> Experiment:
    """Return an experiment whose examples have *values*; None has *state*."""
    states = [ScoreState.SCORED if value is not None else state for value in values]
    results = tuple(
        ExampleResult(
            example_id=str(index),
            output="text",
            cluster=None if clusters is None else clusters[index],
            latency_ms=100.0 + index,
            scores=(
                Score(
                    "quality", value, signature, ScoreState.SCORED if value is not None else state
                ),
            ),
        )
        for index, value in enumerate(values)
    )
    column = ScoreColumn(
        "quality",
        np.array([np.nan if value is None else value for value in values]),
        signature,
        states,
        bounds=bounds,
    )
    columns = [column, *operational_columns(results)]
    return Experiment(
        name=target,
        suite="s",
        target=target,
        dataset_name="d",
        dataset_version=version,
        results=results,
        summaries=tuple(summarize(item, clusters=clusters_of(results)) for item in columns),
    )


def verdict(baseline: Experiment, candidate: Experiment, gate: Gate = GATE) -> Verdict:
    """Return what *gate* says of the two."""
    return decide([baseline, candidate], [gate]).verdict


def test_the_same_scores_pass() -> None:
    """No difference at all is not worse, and its interval is a point."""
    scores = list(np.linspace(0.2, 0.9, 40))
    assert verdict(experiment("baseline", scores), experiment("candidate", scores)) == "pass"


def test_a_real_regression_fails() -> None:
    """A loss of 0.2 on each of 40 examples lies wholly below the margin of 0.05."""
    rng = np.random.default_rng(0)
    scores = rng.uniform(0.4, 0.9, 40)
    worse = scores - 0.2 + rng.normal(0, 0.02, 40)
    pair = experiment("baseline", list(scores)), experiment("candidate", list(worse))
    assert verdict(*pair) == "fail"
    metric = compare(*pair).metric("quality")
    assert metric is not None
    assert metric.difference is not None
    assert metric.difference.upper is not None
    assert metric.difference.upper < -0.15
    assert metric.p_adjusted is not None
    assert metric.p_adjusted < 0.001


def test_a_gain_passes_without_a_margin() -> None:
    """With margin 0 the candidate has to be shown to be better."""
    scores = np.random.default_rng(0).uniform(0.2, 0.7, 40)
    better = scores + 0.1 + np.random.default_rng(1).normal(0, 0.02, 40)
    gate = Gate("quality", not_worse_than="baseline")
    pair = experiment("baseline", list(scores)), experiment("candidate", list(better))
    assert verdict(*pair, gate) == "pass"
    assert verdict(pair[1], experiment("c", list(better)), Gate("quality", at_least=0.9)) == "fail"


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_tiny_sample_is_inconclusive(count: int) -> None:
    """Fewer than six examples decide nothing, whether they agree or differ."""
    same = [0.5] * count
    worse = [0.1] * count
    baseline = experiment("baseline", same)
    assert verdict(baseline, experiment("candidate", same)) == "inconclusive"
    assert verdict(baseline, experiment("candidate", worse)) == "inconclusive"


def test_clusters_are_the_sample_not_their_examples() -> None:
    """A hundred examples of three authors are three observations."""
    clusters = [str(index % 3) for index in range(100)]
    scores = [0.5] * 100
    pair = [experiment(name, scores, clusters=clusters) for name in ("baseline", "candidate")]
    assert verdict(pair[0], pair[1]) == "inconclusive"


def test_noise_on_both_sides_of_the_margin_is_inconclusive() -> None:
    """An interval that holds the margin passes nothing and fails nothing."""
    rng = np.random.default_rng(0)
    pair = [experiment(name, list(rng.uniform(0, 1, 12))) for name in ("baseline", "candidate")]
    assert verdict(pair[0], pair[1]) == "inconclusive"


@pytest.mark.parametrize("lost", [1, 2])
def test_failing_on_hard_examples_gains_nothing(lost: int) -> None:
    """Dropping the worst examples raises the mean of the rest, and does not pass."""
    scores = [0.5] * lost + [0.8] * (40 - lost)
    dropped: list[float | None] = [None] * lost + [0.8] * (40 - lost)
    baseline, candidate = experiment("baseline", scores), experiment("candidate", dropped)
    gate = Gate("quality", not_worse_than="baseline", margin=0.001)
    assert verdict(baseline, candidate, gate) == "inconclusive"


def mean_bounds(judged: Experiment) -> Bounds:
    """Return the 95% bounds of the mean, as a gate with a limit sees them."""
    (claim,) = claims_of(Gate("quality", at_least=0), judged)
    return claim.at(0.95)


def difference_bounds(baseline: Experiment, judged: Experiment) -> Bounds:
    """Return the 95% bounds of the difference, as a gate against a baseline sees them."""
    (claim,) = claims_of_pair(Gate("quality", not_worse_than="baseline"), baseline, judged)
    return claim.at(0.95)


@pytest.mark.parametrize(
    ("bounds", "worst", "best"),
    [
        ((1.0, 5.0), 1.0, 5.0),
        ((0.0, math.inf), 0.0, 4.0),  # no greatest: the greatest seen
        (None, 2.0, 4.0),
    ],
)
def test_a_missing_score_is_put_at_the_metric_s_own_worst_and_best(
    bounds: tuple[float, float] | None, worst: float, best: float
) -> None:
    """On a scale of 1 to 5 it is never a 0; without bounds it is what was seen."""
    seen = [2.0, 3.0, 4.0] * 8
    graded = experiment("candidate", [None, *seen], bounds=bounds)
    found = mean_bounds(graded)
    assert found.lower == mean_interval([worst, *seen]).lower
    assert found.upper == mean_interval([best, *seen]).upper
    assert (found.missing, found.total) == (1, 25)

    baseline = experiment("baseline", [3.0, *seen], bounds=bounds)
    difference = difference_bounds(baseline, graded)
    left = [3.0, *seen]
    assert difference.lower == paired_difference(left, [worst, *seen]).lower
    assert difference.upper == paired_difference(left, [best, *seen]).upper


def test_nothing_seen_of_a_metric_without_bounds_decides_nothing() -> None:
    """There is no range to put the missing scores in, so there is no interval either."""
    lost = experiment("candidate", [None] * 8, bounds=None)
    gate = Gate("quality", at_least=0, max_error_rate=1)
    assert verdict(experiment("baseline", [0.5] * 8, bounds=None), lost, gate) == "inconclusive"


def test_grades_of_1_are_no_passes() -> None:
    """Equal grades on a scale of 1 to 5 are compared as numbers, equal passes as a rate."""
    ones = [1.0] * 15
    for bounds, certain in (((1.0, 5.0), True), ((0.0, 1.0), False)):
        pair = [experiment(name, ones, bounds=bounds) for name in ("baseline", "candidate")]
        metric = compare(*pair).metric("quality")
        assert metric is not None
        assert metric.difference is not None
        assert (metric.difference.lower == metric.difference.upper) is certain
        found = difference_bounds(pair[0], pair[1])
        assert (found.lower == found.upper) is certain


def test_a_run_without_stated_bounds_widens_the_range_of_the_other() -> None:
    """A run kept before bounds were has 0 to 1; held against 1 to 5 the range is 0 to 5."""
    seen = [2.0, 3.0, 4.0] * 8
    older = experiment("baseline", [3.0, *seen])
    newer = experiment("candidate", [None, *seen], bounds=(1.0, 5.0))
    found = difference_bounds(older, newer)
    assert found.lower == paired_difference([3.0, *seen], [0.0, *seen]).lower
    assert found.upper == paired_difference([3.0, *seen], [5.0, *seen]).upper


def test_too_many_errors_are_incomplete() -> None:
    """Above the error rate the gate refuses, however good the others are."""
    scores: list[float | None] = [0.5] * 40
    errors: list[float | None] = [None] * 3 + [1.0] * 37
    pair = experiment("baseline", scores), experiment("candidate", errors)
    assert verdict(*pair) == "incomplete"
    allowed = Gate("quality", not_worse_than="baseline", margin=0.05, max_error_rate=0.1)
    assert verdict(*pair, allowed) == "pass"


def test_nothing_to_score_on_both_sides_is_not_missing() -> None:
    """Skipped on both sides leaves the sample; skipped by the candidate alone is a loss."""
    scores: list[float | None] = [None] * 10 + list(np.linspace(0, 1, 30))
    skipped = experiment("baseline", scores, state=ScoreState.SKIPPED)
    twin = experiment("candidate", scores, state=ScoreState.SKIPPED)
    assert verdict(skipped, twin) == "pass"
    full: list[float | None] = [0.5] * 10 + list(np.linspace(0, 1, 30))
    assert verdict(experiment("baseline", full), twin) == "incomplete"


@pytest.mark.parametrize(
    ("gate", "expected"),
    [
        (Gate("latency_ms", at_most=200), "pass"),
        (Gate("latency_ms", at_most=100), "fail"),
        (Gate("latency_ms", at_most=120), "inconclusive"),
        (Gate("latency_ms", not_worse_than="baseline", margin=1), "pass"),
        (Gate("cost_usd", at_most=1), "incomplete"),
        (Gate("quality", at_least=0.4), "pass"),
        (Gate("quality", at_most=0.4), "fail"),
    ],
)
def test_limits_and_directions(gate: Gate, expected: str) -> None:
    """Less latency is better; an unknown cost is never taken for none."""
    scores = list(np.linspace(0.3, 0.9, 40))
    pair = experiment("baseline", scores), experiment("candidate", scores)
    assert verdict(*pair, gate) == expected


def test_slower_by_more_than_the_margin_fails() -> None:
    """For latency a higher value is the regression."""
    scores = [0.5] * 40
    baseline, candidate = experiment("baseline", scores), experiment("candidate", scores)
    gate = Gate("latency_ms", not_worse_than="candidate", of="baseline", margin=10)
    assert verdict(baseline, candidate, gate) == "pass"
    tight = Gate("latency_ms", at_most=50)
    assert "is above 50" in decide([candidate], [tight]).results[0].reason


def test_unlike_signatures_and_versions_are_refused() -> None:
    """The comparison names the part that differs and gives no difference."""
    scores = [0.5] * 10
    baseline = experiment("baseline", scores, signature="quality|stem:porter|v:1")
    other = experiment("candidate", scores, signature="quality|stem:no|v:1")
    metric = compare(baseline, other).metric("quality")
    assert metric is not None
    assert metric.refused == "signatures differ: stem:porter against stem:no"
    assert metric.difference is None
    assert verdict(baseline, other) == "incomplete"
    latency = compare(baseline, other).metric("latency_ms")
    assert latency is not None
    assert latency.refused is None
    moved = experiment("candidate", scores, version="w" * 64)
    refused = compare(experiment("baseline", scores), moved).metrics
    assert all("data set versions differ" in (item.refused or "") for item in refused)


def test_the_worst_regressions_come_first() -> None:
    """The list is sorted by the loss and holds no example that gained."""
    comparison = compare(
        experiment("baseline", [0.5, 0.5, 0.5, 0.5]), experiment("candidate", [0.4, 0.9, 0.1, 0.5])
    )
    metric = comparison.metric("quality")
    assert metric is not None
    assert [(item.example_id, round(item.difference, 6)) for item in metric.regressions] == [
        ("2", -0.4),
        ("0", -0.1),
    ]


def test_the_gravest_verdict_decides() -> None:
    """One failed gate fails all; every gate keeps its own verdict."""
    scores = list(np.linspace(0.3, 0.9, 40))
    pair = [experiment("baseline", scores), experiment("candidate", scores)]
    decision = decide(pair, [GATE, Gate("cost_usd", at_most=1), Gate("quality", at_least=1)])
    assert decision.verdict is Verdict.FAIL
    assert [item.verdict.value for item in decision.results] == ["pass", "incomplete", "fail"]


@pytest.mark.parametrize(
    ("gate", "message"),
    [
        (Gate("quality", not_worse_than="nobody"), "targets are baseline, candidate"),
        (Gate("qality", at_least=0), "candidate has quality"),
    ],
)
def test_a_gate_on_what_is_not_there_is_one_line(gate: Gate, message: str) -> None:
    """The error lists what there is."""
    pair = [experiment(name, [0.5] * 8) for name in ("baseline", "candidate")]
    with pytest.raises(ConfigError, match=message):
        decide(pair, [gate])


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"at_least": 1, "at_most": 2},
        {"at_least": 1, "margin": -1},
        {"at_least": 1, "max_error_rate": 2},
    ],
)
def test_a_gate_that_makes_no_sense_is_refused(settings: dict[str, float]) -> None:
    """No kind, two kinds, a negative margin, an impossible rate."""
    with pytest.raises(ConfigError, match="the gate on 'm'"):
        Gate("m", **settings)  # type: ignore[arg-type]  # the table holds numbers only


def test_nights_without_a_change_fail_no_more_than_the_level() -> None:
    """Of 400 simulated A/A nights at most 5% fail or claim a difference.

    Scores of 30 examples in 10 clusters vary between nights as a sampled model's do;
    the two sides differ by chance alone. The nominal rates are 2.5% for failing at
    margin 0 and 5% for p < 0.05; the bounds leave three standard errors.
    """
    rng = np.random.default_rng(20261122)
    clusters = [str(index // 3) for index in range(30)]
    gate = Gate("quality", not_worse_than="baseline")
    nights, failed, claimed = 400, 0, 0
    for _ in range(nights):
        common = rng.uniform(0.3, 0.7, 30)
        sides = []
        for name in ("baseline", "candidate"):
            noise = rng.normal(0, 0.1, 10).repeat(3) + rng.normal(0, 0.05, 30)
            sides.append(experiment(name, list(common + noise), clusters=clusters))
        failed += decide(sides, [gate]).verdict is Verdict.FAIL
        metric = compare(sides[0], sides[1], metrics=["quality"]).metrics[0]
        claimed += metric.p_adjusted is not None and metric.p_adjusted < 0.05
    assert failed <= nights * 0.025 + 3 * (nights * 0.025 * 0.975) ** 0.5
    assert claimed <= nights * 0.05 + 3 * (nights * 0.05 * 0.95) ** 0.5


def test_a_decision_needs_a_gate() -> None:
    """Nothing to decide by is an error, not a pass."""
    with pytest.raises(ConfigError, match="no gate"):
        _: Decision = decide([experiment("baseline", [0.5])], [])
