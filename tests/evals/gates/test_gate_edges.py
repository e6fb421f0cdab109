"""Demands at the edge: nothing to decide on, limits that no sample shows, no fair comparison."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from evalhub.errors import ConfigError
from evalhub.evals.gates.demand import Gate, GateResult
from evalhub.evals.gates.gate import decide
from evalhub.model import Experiment

MakeExperiment = Callable[..., Experiment]


def result(gate: Gate, *runs: Experiment) -> GateResult:
    """Return what comes of *gate* alone."""
    return decide(runs, [gate]).results[0]


def test_all_right_answers_do_not_show_that_none_is_ever_wrong(
    make_experiment: MakeExperiment,
) -> None:
    """At least 1 of a rate cannot be shown, and the reason says what can be asked instead."""
    run = make_experiment("new", [1] * 100)
    found = result(Gate("quality", at_least=1), run)
    assert found.verdict == "inconclusive"
    assert found.reason == (
        "mean [0.9638, 1] reaches up to 1; 'method: observed' asks of just these examples"
    )


@pytest.mark.parametrize(
    ("values", "verdict", "reason"),
    [
        ([1] * 3, "pass", "mean 1 is 1"),
        ([1] * 99 + [0], "fail", "mean 0.99 is below 1"),
        ([1] * 99 + [None], "inconclusive", "mean [0.99, 1] reaches up to 1, 1 unscored"),
        ([1] * 9 + [None], "incomplete", "1 of 10 examples have no score"),
    ],
)
def test_the_observed_figure_is_held_as_it_is(
    make_experiment: MakeExperiment, values: list[float | None], verdict: str, reason: str
) -> None:
    """No interval, and no fewest examples; what has no score may still be either."""
    found = result(Gate("quality", at_least=1, method="observed"), make_experiment("new", values))
    assert (found.verdict, found.reason[: len(reason)]) == (verdict, reason)


def test_an_observed_percentile_needs_no_72_examples(make_experiment: MakeExperiment) -> None:
    """Of 20 latencies the p95 is the 19th; nothing is said of those that were not made."""
    run = make_experiment("new", [1] * 20, latencies=[float(n) for n in range(1, 21)])
    gate = Gate("latency_ms", statistic="p95", at_most=19, method="observed")
    assert result(gate, run).verdict == "pass"
    assert result(replace(gate, at_most=18.9), run).verdict == "fail"
    assert result(replace(gate, method="usual"), run).verdict == "inconclusive"


def test_an_observed_demand_takes_nothing_from_tests(make_experiment: MakeExperiment) -> None:
    """Of ten demands nine are no tests: the one that is fails as if it were alone."""
    values = [0.5 + 0.02 * (n % 5) for n in range(8)]
    worse = [score - 0.01 * (n % 4) - 0.001 for n, score in enumerate(values)]
    runs = [make_experiment("old", values), make_experiment("new", worse)]
    test = Gate("quality", not_worse_than="old")
    alone = decide(runs, [test]).verdict
    many = decide(runs, [test, *[Gate("quality", at_least=0.1, method="observed")] * 9])
    assert (alone, many.results[0].verdict) == ("fail", "fail")


def test_nothing_to_score_is_told_as_such(make_experiment: MakeExperiment) -> None:
    """Of no example nothing has no score."""
    found = result(Gate("quality", at_least=0.5), make_experiment("new", []))
    assert (found.verdict, found.reason) == ("incomplete", "no example has anything to score")


def test_one_example_is_one(make_experiment: MakeExperiment) -> None:
    """In the singular."""
    found = result(Gate("quality", at_least=0.5), make_experiment("new", [0.7]))
    assert found.reason == "1 independent example; 6 is the fewest to decide on"


def test_no_change_is_no_gain_and_no_loss(make_experiment: MakeExperiment) -> None:
    """Equal scores are not worse, and not better; the limit is 0, and not -0."""
    runs = [make_experiment(name, [0.4, 0.5, 0.6] * 4) for name in ("old", "new")]
    kept, gained = (
        result(gate, *runs)
        for gate in (Gate("quality", not_worse_than="old"), Gate("quality", better_than="old"))
    )
    assert (kept.verdict, kept.reason) == ("pass", "difference [0, 0] is 0")
    assert (gained.verdict, gained.reason) == ("fail", "difference [0, 0] is 0")


def test_runs_of_other_examples_are_not_compared(make_experiment: MakeExperiment) -> None:
    """A candidate that lacks the hard half would else be held against the easy one."""
    runs = make_experiment("old", [0.5] * 40), make_experiment("new", [0.5] * 20)
    found = result(Gate("quality", not_worse_than="old", margin=0.1), *runs)
    assert found.verdict == "incomplete"
    assert found.reason == "20 examples of old are not in new"


def test_a_margin_that_lets_a_metric_fall_to_nothing_is_refused(
    make_experiment: MakeExperiment,
) -> None:
    """200% of latency may be added; of a score it cannot be lost."""
    runs = [
        make_experiment(name, [0.5, 0.6, 0.7] * 4, latencies=[1.0, 2.0, 3.0] * 4)
        for name in ("old", "new")
    ]
    of_score = Gate("quality", not_worse_than="old", margin=2.0, is_relative=True)
    assert result(of_score, *runs).reason.startswith("a margin of 200% lets quality fall to 0")
    assert result(replace(of_score, metric="latency_ms"), *runs).verdict == "pass"


def test_a_target_is_not_held_against_itself(make_experiment: MakeExperiment) -> None:
    """It would always pass."""
    run = make_experiment("new", [0.5] * 10)
    with pytest.raises(ConfigError, match="holds 'new' against itself"):
        decide([run], [Gate("quality", not_worse_than="new", margin=0.1)])
