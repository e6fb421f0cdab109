"""Gates over simulated nights: how often they are wrong, by the whole path of a decision.

Scores are those of a sampled model: examples differ, examples of one author are alike, and two
nights of the same target differ by chance. Bounds leave three standard errors of the
simulation to the nominal rate, and seeds are fixed, so that a test fails only where the code does.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from evalhub.evals.gates.compare import compare
from evalhub.evals.gates.demand import Gate
from evalhub.evals.gates.gate import decide
from evalhub.model import Experiment, Score

MakeExperiment = Callable[..., Experiment]
Floats = NDArray[np.float64]

NIGHTS = 200
AUTHORS = 20
PER_AUTHOR = 4
CLUSTERS = [f"author{index // PER_AUTHOR}" for index in range(AUTHORS * PER_AUTHOR)]


def at_most(rate: float, nights: int = NIGHTS) -> float:
    """Return the greatest share of *nights* that a true *rate* explains."""
    return rate + 3 * math.sqrt(rate * (1 - rate) / nights)


def night(rng: np.random.Generator, worse_by: float = 0.0) -> tuple[Floats, Floats]:
    """Return one night's scores of the baseline and of the candidate, example by example."""
    common = rng.uniform(0.4, 0.8, len(CLUSTERS))
    sides = [
        common
        + rng.normal(0, 0.05, AUTHORS).repeat(PER_AUTHOR)
        + rng.normal(0, 0.05, len(CLUSTERS))
        for _ in range(2)
    ]
    return sides[0], sides[1] - worse_by


def verdicts(
    make_experiment: MakeExperiment,
    gates: Sequence[Gate],
    *,
    seed: int,
    worse_by: float = 0.0,
    nights: int = NIGHTS,
    slices: Sequence[str] | None = None,
) -> Counter[str]:
    """Return how often each verdict came."""
    rng = np.random.default_rng(seed)
    found: Counter[str] = Counter()
    named = None if slices is None else {"language": slices}
    for _ in range(nights):
        pair = [
            make_experiment(name, values.tolist(), clusters=CLUSTERS, slices=named)
            for name, values in zip(("baseline", "candidate"), night(rng, worse_by), strict=True)
        ]
        found[decide(pair, gates).verdict.value] += 1
    return found


def with_metrics(plain: Experiment, target: str, columns: Sequence[Floats]) -> Experiment:
    """Return *plain* with the scores *columns* for metrics m0, m1, ... in place of its own.

    The summaries keep the figures of *plain*: gates and comparisons read names, signatures and
    bounds of them.
    """
    names = [f"m{index}" for index in range(len(columns))]
    results = tuple(
        replace(
            result,
            scores=tuple(
                Score(name, float(column[row]), f"{name}|v:1")
                for name, column in zip(names, columns, strict=True)
            ),
        )
        for row, result in enumerate(plain.results)
    )
    own = [replace(plain.summaries[0], name=name, signature=f"{name}|v:1") for name in names]
    summaries = (*own, *plain.summaries[1:])
    return replace(plain, target=target, results=results, summaries=summaries)


def test_a_change_that_does_nothing_hardly_fails(make_experiment: MakeExperiment) -> None:
    """Of 200 A/A nights with a margin of 0 at most 2.5% fail, and as many pass."""
    gate = Gate("quality", not_worse_than="baseline")
    found = verdicts(make_experiment, [gate], seed=1)
    assert found["fail"] <= at_most(0.025) * NIGHTS
    assert found["pass"] <= at_most(0.025) * NIGHTS
    assert found["inconclusive"] >= 0.9 * NIGHTS


def test_a_change_that_does_nothing_passes_with_a_margin(make_experiment: MakeExperiment) -> None:
    """With a margin of five standard errors nearly each A/A night passes, and none fails."""
    gate = Gate("quality", not_worse_than="baseline", margin=0.1)
    found = verdicts(make_experiment, [gate], seed=2)
    assert found["fail"] == 0
    assert found["pass"] >= 0.98 * NIGHTS


def test_a_candidate_that_is_worse_by_just_the_margin_hardly_passes(
    make_experiment: MakeExperiment,
) -> None:
    """At the margin itself a pass is a mistake: 2.5% of nights."""
    gate = Gate("quality", not_worse_than="baseline", margin=0.05)
    found = verdicts(make_experiment, [gate], seed=3, worse_by=0.05)
    assert found["pass"] <= at_most(0.025) * NIGHTS
    assert found["fail"] <= at_most(0.025) * NIGHTS


def test_a_real_regression_fails(make_experiment: MakeExperiment) -> None:
    """A loss of 0.15 against a margin of 0.05 fails in nearly each night, and never passes."""
    gate = Gate("quality", not_worse_than="baseline", margin=0.05)
    found = verdicts(make_experiment, [gate], seed=4, worse_by=0.15)
    assert found["pass"] == 0
    assert found["fail"] >= 0.95 * NIGHTS


def test_authors_that_are_taken_for_examples_would_fail_far_too_often(
    make_experiment: MakeExperiment,
) -> None:
    """The same nights without their clusters fail beyond the nominal rate: the clusters matter."""
    rng = np.random.default_rng(1)
    gate, failed = Gate("quality", not_worse_than="baseline"), 0
    for _ in range(NIGHTS):
        pair = [
            make_experiment(name, values.tolist())
            for name, values in zip(("baseline", "candidate"), night(rng), strict=True)
        ]
        failed += decide(pair, [gate]).verdict == "fail"
    assert failed > at_most(0.025) * NIGHTS


def test_many_gates_do_not_add_up_their_mistakes(make_experiment: MakeExperiment) -> None:
    """Ten metrics that did not change fail in 2.5% of nights together, and not in 22%."""
    rng, alone, together, looked_at = np.random.default_rng(5), 0, 0, 40
    plain = make_experiment("baseline", [0.5] * len(CLUSTERS), clusters=CLUSTERS)
    gates = [Gate(f"m{index}", not_worse_than="baseline") for index in range(10)]
    for number in range(NIGHTS):
        columns = [night(rng) for _ in gates]
        pair = [
            with_metrics(plain, name, [sides[place] for sides in columns])
            for place, name in enumerate(("baseline", "candidate"))
        ]
        together += decide(pair, gates).verdict == "fail"
        if number < looked_at:
            alone += any(decide(pair, [gate]).verdict == "fail" for gate in gates)
    assert together <= at_most(0.025) * NIGHTS
    assert alone > 0.1 * looked_at


def test_the_worst_of_many_slices_hardly_fails_by_chance(make_experiment: MakeExperiment) -> None:
    """Of 200 A/A nights with ten slices at most 2.5% fail, though one slice is always worst."""
    authors = [f"language{index // (2 * PER_AUTHOR)}" for index in range(len(CLUSTERS))]
    singles = [f"language{index % 10}" for index in range(len(CLUSTERS))]
    gate = Gate("quality", not_worse_than="baseline", slices=("language",))
    assert len(set(authors)) == 10
    # Two authors a language decide nothing; eight examples of eight authors do.
    assert verdicts(make_experiment, [gate], seed=6, slices=authors, nights=5) == {
        "inconclusive": 5
    }
    found = verdicts(make_experiment, [gate], seed=6, slices=singles)
    assert found["fail"] <= at_most(0.025) * NIGHTS
    assert found["pass"] == 0


def test_a_slice_at_its_margin_hardly_lets_the_gate_pass(make_experiment: MakeExperiment) -> None:
    """One language worse by the margin: all slices pass in at most 2.5% of nights, uncorrected."""
    rng, passed = np.random.default_rng(7), 0
    slices = ["de" if index % 2 else "en" for index in range(len(CLUSTERS))]
    gate = Gate("quality", not_worse_than="baseline", margin=0.1, slices=("language",))
    loss = np.where(np.array(slices) == "de", 0.1, 0.0)
    for _ in range(NIGHTS):
        before, after = night(rng)
        pair = [
            make_experiment(name, values.tolist(), clusters=CLUSTERS, slices={"language": slices})
            for name, values in (("baseline", before), ("candidate", after - loss))
        ]
        passed += decide(pair, [gate]).verdict == "pass"
    assert passed <= at_most(0.025) * NIGHTS


def test_a_tiny_sample_is_inconclusive_each_night(make_experiment: MakeExperiment) -> None:
    """Five examples decide nothing, however bad the candidate is."""
    rng = np.random.default_rng(8)
    gate = Gate("quality", not_worse_than="baseline", margin=0.01)
    for _ in range(50):
        before, after = night(rng, worse_by=0.3)
        pair = [
            make_experiment(name, values.tolist()[:5])
            for name, values in (("baseline", before), ("candidate", after))
        ]
        assert decide(pair, [gate]).verdict == "inconclusive"


def test_exploratory_differences_are_hardly_claimed(make_experiment: MakeExperiment) -> None:
    """Over A/A nights with six metrics at most 5% claim that one changed."""
    rng, claimed, nights = np.random.default_rng(9), 0, 60
    plain = make_experiment("baseline", [0.5] * len(CLUSTERS), clusters=CLUSTERS)
    for _ in range(nights):
        columns = [night(rng) for _ in range(6)]
        compared = compare(
            with_metrics(plain, "baseline", [sides[0] for sides in columns]),
            with_metrics(plain, "candidate", [sides[1] for sides in columns]),
        )
        claimed += any(metric.standing != "unclear" for metric in compared.metrics)
    assert claimed <= at_most(0.05, nights) * nights
