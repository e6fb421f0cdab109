"""What each kind of gate passes, fails, and leaves open."""

from collections.abc import Callable

import numpy as np
import pytest

from evalhub.evals.gates.compare import compare
from evalhub.evals.gates.demand import Gate, GateResult
from evalhub.evals.gates.gate import decide
from evalhub.metrics.judge.canary import CanaryResult
from evalhub.metrics.stats import mean_interval
from evalhub.metrics.stats.figure import Figure
from evalhub.model import Experiment

MakeExperiment = Callable[..., Experiment]


def result(gate: Gate, *experiments: Experiment) -> GateResult:
    """Return what *gate* says of *experiments*, the last of which is the candidate."""
    return decide(experiments, [gate]).results[0]


def drawn(n: int, seed: int = 0, *, low: float = 0.4, high: float = 0.9) -> list[float]:
    """Return *n* scores."""
    return [float(value) for value in np.random.default_rng(seed).uniform(low, high, n)]


def canary(*, moved: bool, complete: bool = True) -> CanaryResult:
    """Return what judging 30 canaries again may show."""
    reasons = ("9 of 30 grades changed; 10% may",) if moved else ()
    shift = Figure(30, 0.0, 0.0, 0.0)
    errored = 0 if complete else 30
    return CanaryResult(30 - errored, errored, complete, moved, reasons, (), shift, 1.0)


@pytest.mark.parametrize(
    ("loss", "expected"), [(0.0, "pass"), (0.005, "pass"), (0.03, "fail"), (0.02, "inconclusive")]
)
def test_a_margin_in_percent_is_a_share_of_the_other_s_mean(
    make_experiment: MakeExperiment, loss: float, expected: str
) -> None:
    """2% of each baseline score may be lost, and not 0.02 of the metric."""
    scores = np.array(drawn(60))
    noise = np.random.default_rng(1).normal(0, 0.005, 60)
    pair = [
        make_experiment("baseline", list(scores)),
        make_experiment("candidate", list(scores * (1 - loss) + noise)),
    ]
    gate = Gate("quality", not_worse_than="baseline", margin=0.02, is_relative=True)
    found = result(gate, *pair)
    assert found.verdict == expected
    assert "0.98 times baseline" in found.reason


def test_a_margin_in_percent_of_latency_allows_more_of_it(make_experiment: MakeExperiment) -> None:
    """Where less is better, 10% may be added."""
    took = [100.0 + index for index in range(40)]
    for factor, expected in ((1.05, "pass"), (1.2, "fail")):
        pair = [
            make_experiment("baseline", [0.5] * 40, latencies=took),
            make_experiment("candidate", [0.5] * 40, latencies=[ms * factor for ms in took]),
        ]
        gate = Gate("latency_ms", not_worse_than="baseline", margin=0.1, is_relative=True)
        assert result(gate, *pair).verdict == expected


def test_a_margin_in_percent_of_a_rate_is_a_share_of_the_rate(
    make_experiment: MakeExperiment,
) -> None:
    """Passes and fails keep their own interval, which is no point when all agree."""
    passes = [1.0] * 300 + [0.0] * 100
    pair = [make_experiment(name, passes) for name in ("baseline", "candidate")]
    for margin, expected in ((0.04, "pass"), (0.005, "inconclusive")):
        gate = Gate("quality", not_worse_than="baseline", margin=margin, is_relative=True)
        assert result(gate, *pair).verdict == expected


def test_a_margin_in_percent_needs_a_mean_above_0(make_experiment: MakeExperiment) -> None:
    """2% of a negative mean would ask the candidate to be better."""
    pair = [
        make_experiment(name, [-0.5, -0.4] * 10, bounds=(-1.0, 1.0))
        for name in ("baseline", "candidate")
    ]
    gate = Gate("quality", not_worse_than="baseline", margin=0.02, is_relative=True)
    found = result(gate, *pair)
    assert found.verdict == "incomplete"
    assert "needs a mean above 0" in found.reason


def test_better_is_not_just_as_good(make_experiment: MakeExperiment) -> None:
    """A clear gain passes, the very same scores fail, noise is inconclusive."""
    scores = np.array(drawn(40))
    noise = np.random.default_rng(1).normal(0, 0.02, 40)
    baseline = make_experiment("baseline", list(scores))
    gate = Gate("quality", better_than="baseline")
    for change, expected in ((0.05 + noise, "pass"), (0 * noise, "fail"), (noise, "inconclusive")):
        assert (
            result(gate, baseline, make_experiment("c", list(scores + change))).verdict == expected
        )


def test_better_by_a_margin(make_experiment: MakeExperiment) -> None:
    """The gain itself has to be above the margin."""
    scores = np.array(drawn(40))
    gain = 0.05 + np.random.default_rng(1).normal(0, 0.005, 40)
    pair = make_experiment("baseline", list(scores)), make_experiment("c", list(scores + gain))
    verdicts = [
        result(Gate("quality", better_than="baseline", margin=margin), *pair).verdict.value
        for margin in (0.03, 0.05, 0.08)
    ]
    assert verdicts == ["pass", "inconclusive", "fail"]


def test_a_percentile_of_latency(make_experiment: MakeExperiment) -> None:
    """p95 passes when its interval's upper end does; the mean says nothing of the tail."""
    took = [100.0] * 180 + [2000.0] * 20
    judged = make_experiment("c", [0.5] * 200, latencies=took)
    assert result(Gate("latency_ms", at_most=400), judged).verdict == "pass"
    found = result(Gate("latency_ms", at_most=400, statistic="p95"), judged)
    assert found.verdict == "fail"
    assert found.parts[0].value == 2000.0
    assert found.reason == "p95 [2000, 2000] is above 400"
    assert result(Gate("latency_ms", at_most=400, statistic="p50"), judged).verdict == "pass"
    assert result(Gate("quality", at_least=0.4, statistic="p5"), judged).verdict == "pass"


def test_a_percentile_that_the_sample_is_too_small_for_passes_nothing(
    make_experiment: MakeExperiment,
) -> None:
    """Forty calls cannot show where the slowest 5% end."""
    judged = make_experiment("c", [0.5] * 40, latencies=[100.0 + index for index in range(40)])
    found = result(Gate("latency_ms", at_most=10_000, statistic="p95"), judged)
    assert found.verdict == "inconclusive"
    assert found.parts[0].upper == float("inf")


def test_a_missing_latency_is_as_slow_as_the_slowest(make_experiment: MakeExperiment) -> None:
    """Calls that failed are not left out of the tail."""
    took = [100.0] * 195 + [5000.0] * 2 + [100.0] * 3
    judged = make_experiment("c", [0.5] * 200, latencies=took, failed=range(10))
    gate = Gate("latency_ms", at_most=400, statistic="p97", max_error_rate=0.1)
    assert result(gate, judged).verdict == "inconclusive"


@pytest.mark.parametrize(("failed", "expected"), [(0, "pass"), (40, "fail"), (6, "inconclusive")])
def test_the_error_rate_is_a_gate_of_its_own(
    make_experiment: MakeExperiment, failed: int, expected: str
) -> None:
    """Calls that failed are counted, whatever the metrics made of them."""
    judged = make_experiment("c", [0.5] * 200, failed=range(failed))
    assert result(Gate("error_rate", at_most=0.03), judged).verdict == expected


def test_a_difference_of_error_rates(make_experiment: MakeExperiment) -> None:
    """The candidate must not fail more often; where less is better that is the loss."""
    baseline = make_experiment("baseline", [0.5] * 200)
    worse = make_experiment("c", [0.5] * 200, failed=range(40))
    gate = Gate("error_rate", not_worse_than="baseline", margin=0.05)
    assert result(gate, baseline, worse).verdict == "fail"
    turned = Gate("error_rate", not_worse_than="c", margin=0.05)
    assert result(turned, worse, baseline).verdict == "pass"


def test_the_worst_slice_decides(make_experiment: MakeExperiment) -> None:
    """A loss in one language fails, though the mean over all hides it."""
    languages = ["en"] * 360 + ["de"] * 40
    scores = np.array(drawn(400))
    loss = np.where(np.array(languages) == "de", 0.15, 0.0)
    noise = np.random.default_rng(1).normal(0, 0.02, 400)
    pair = [
        make_experiment(name, list(values), slices={"language": languages})
        for name, values in (("baseline", scores), ("candidate", scores - loss + noise))
    ]
    whole = Gate("quality", not_worse_than="baseline", margin=0.03)
    assert result(whole, *pair).verdict == "pass"
    sliced = Gate("quality", not_worse_than="baseline", margin=0.03, slices=("language",))
    found = result(sliced, *pair)
    assert found.verdict == "fail"
    assert found.reason.startswith("language=de of 2 slices: difference [")
    assert [(part.title, part.verdict.value) for part in found.parts] == [
        ("language=de", "fail"),
        ("language=en", "pass"),
    ]


def test_a_small_slice_is_inconclusive_until_it_is_left_out(
    make_experiment: MakeExperiment,
) -> None:
    """Three examples show nothing; whoever does not care about them says so."""
    languages = ["en"] * 60 + ["fi"] * 3
    judged = make_experiment("c", [0.9] * 63, slices={"language": languages})
    gate = Gate("quality", at_least=0.5, slices=("language",))
    found = result(gate, judged)
    assert found.verdict == "inconclusive"
    assert "language=fi of 2 slices: 3 independent examples" in found.reason
    larger = Gate("quality", at_least=0.5, slices=("language",), smallest_slice=6)
    assert result(larger, judged).verdict == "pass"


def test_a_slice_that_is_not_there_is_named(make_experiment: MakeExperiment) -> None:
    """The gate cannot decide, and says which slices there are."""
    judged = make_experiment("c", [0.9] * 20, slices={"language": ["en"] * 20})
    found = result(Gate("quality", at_least=0.5, slices=("topic",)), judged)
    assert (found.verdict, found.reason) == (
        "incomplete",
        "no example has the slice 'topic'; there are language",
    )


def test_exact_rates(make_experiment: MakeExperiment) -> None:
    """An exact difference is wider, and says no where scores are no rate."""
    passes = [1.0] * 58 + [0.0] * 2
    runs = make_experiment("b", passes[::-1]), make_experiment("c", passes)
    usual, exact = (
        result(Gate("quality", not_worse_than="b", margin=0.5, method=method), *runs).parts[0]
        for method in ("usual", "exact")
    )
    assert usual.lower is not None
    assert exact.lower is not None
    assert exact.lower < usual.lower
    graded = make_experiment("c", drawn(60))
    found = result(Gate("quality", at_least=0.5, method="exact"), graded)
    assert "for passes and fails" in found.reason
    clustered = make_experiment("c", passes, clusters=["a", "b"] * 30)
    refused = result(Gate("quality", at_least=0.5, method="exact"), clustered)
    assert "for independent examples" in refused.reason


def test_a_moved_judge_suspends_its_gates_only(make_experiment: MakeExperiment) -> None:
    """A score by another judge is held against nothing; a failure elsewhere still fails."""
    judged = make_experiment("c", [0.9] * 20, metric="rubric", failed=range(15))
    gates = [Gate("rubric", at_least=0.5), Gate("error_rate", at_most=1)]
    moved = decide([judged], gates, canaries={"rubric": canary(moved=True)})
    assert [item.verdict.value for item in moved.results] == ["suspended", "pass"]
    assert moved.verdict == "suspended"
    assert "9 of 30 grades changed" in moved.results[0].reason
    still = decide([judged], gates, canaries={"rubric": canary(moved=False)})
    assert still.verdict == "pass"
    unasked = decide([judged], gates, canaries={"rubric": canary(moved=False, complete=False)})
    assert unasked.verdict == "incomplete"
    failing = [gates[0], Gate("error_rate", at_most=0.01)]
    assert decide([judged], failing, canaries={"rubric": canary(moved=True)}).verdict == "fail"


def test_a_kept_run_joins_under_its_own_name(make_experiment: MakeExperiment) -> None:
    """``baseline-run`` is the kept run of the judged target; without one the first run passes."""
    scores = drawn(40)
    now = make_experiment("candidate", [score - 0.2 for score in scores])
    before = make_experiment("baseline-run", scores)
    gate = Gate("quality", not_worse_than="baseline-run", margin=0.05)
    assert decide([now], [gate], kept={"candidate": before}).verdict == "fail"
    first = decide([now], [gate])
    assert first.verdict == "pass"
    assert "no earlier run" in first.results[0].reason
    moved = make_experiment("baseline-run", scores, version="w" * 64)
    other = decide([now], [gate], kept={"candidate": moved})
    assert other.verdict == "incomplete"
    assert "data set versions differ: wwwwwwww against vvvvvvvv" in other.results[0].reason


def test_one_failure_among_many_demands_has_to_be_sure(make_experiment: MakeExperiment) -> None:
    """Just below the limit fails alone; among thirty demands it is as likely chance."""
    scores = drawn(60, low=0.4, high=0.8)
    judged = make_experiment("c", scores)
    interval = mean_interval(scores)
    assert interval.upper is not None
    just_above = Gate("quality", at_least=interval.upper + 0.001)
    assert decide([judged], [just_above]).verdict == "fail"
    others = [Gate("quality", at_least=0.1)] * 29
    among = decide([judged], [just_above, *others])
    assert among.verdict == "inconclusive"
    assert "not surely among this many demands" in among.results[0].reason
    far_above = Gate("quality", at_least=0.95)
    assert decide([judged], [far_above, *others]).verdict == "fail"


def test_a_sure_failure_leaves_more_room_for_the_next(make_experiment: MakeExperiment) -> None:
    """Holm: with one demand surely broken, the second is one of one less."""
    scores = drawn(60, low=0.4, high=0.8)
    judged = make_experiment("c", scores)
    alone = mean_interval(scores, confidence=0.95)
    both = mean_interval(scores, confidence=0.975)
    assert alone.upper is not None
    assert both.upper is not None
    between = Gate("quality", at_least=(alone.upper + both.upper) / 2)
    fine = Gate("quality", at_least=0.1)
    assert decide([judged], [between, fine]).results[0].verdict == "inconclusive"
    broken = Gate("quality", at_least=0.95)
    assert decide([judged], [between, broken]).results[0].verdict == "fail"


def test_declared_metrics_are_told_from_the_rest(make_experiment: MakeExperiment) -> None:
    """What a gate decides on is adjusted by itself; the rest is exploratory."""
    pair = [make_experiment(name, drawn(40, seed)) for name, seed in (("a", 0), ("b", 1))]
    metric = compare(*pair, declared=["quality"]).metric("quality")
    assert metric is not None
    assert metric.declared
    assert metric.difference is not None
    assert metric.p_adjusted == metric.difference.p_value
    plain = compare(*pair).metric("quality")
    assert plain is not None
    assert not plain.declared


def test_a_comparison_has_slices_and_the_worst_of_each_example(
    make_experiment: MakeExperiment,
) -> None:
    """Means by slice with their difference; an example that was repeated is listed once."""
    languages = ["en", "en", "de", "de"] * 10
    before = make_experiment("a", [0.8] * 40, slices={"language": languages}, repeats=2)
    lost = [0.8, 0.8, 0.1, 0.2] * 10
    after = make_experiment("b", lost, slices={"language": languages}, repeats=2)
    metric = compare(before, after).metric("quality")
    assert metric is not None
    found = {part.label: part for part in metric.slices}
    assert found["de"].candidate == pytest.approx(0.15)
    assert found["de"].difference.difference == pytest.approx(-0.65)
    assert found["en"].difference.difference == 0
    assert found["de"].p_adjusted is not None
    assert found["de"].p_adjusted < 0.01
    assert [(item.example_id, item.repeat) for item in metric.regressions] == [
        ("1", 0), ("3", 0), ("5", 0), ("7", 0), ("9", 0),
    ]  # fmt: skip
    assert metric.superiority is not None
    assert metric.superiority.value == 0.25
