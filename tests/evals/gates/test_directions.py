"""Which scores are the better ones: said once, kept with the run, and read from there."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from evalhub.errors import SuiteError
from evalhub.evals.gates.compare import compare
from evalhub.evals.gates.demand import Gate
from evalhub.evals.gates.directions import Directions, direction_in, implied_by
from evalhub.evals.gates.gate import decide
from evalhub.evals.suites.assemble import assemble
from evalhub.evals.suites.labelled import Labelled
from evalhub.evals.suites.suite import Suite
from evalhub.experiments.document import read_experiment, write_files
from evalhub.metrics import load
from evalhub.metrics.direction import direction_said
from evalhub.metrics.registry import available
from evalhub.model import Dataset, Direction, Example, Experiment

MakeExperiment = Callable[..., Experiment]

LOWER = {"ter", "repetition", "latency_ms", "input_tokens", "output_tokens", "cost_usd"}
NEITHER = {"words", "characters", "sentences", "compression", "readability"}


def directed(run: Experiment, better: Direction) -> Experiment:
    """Return *run* with *better* for its first metric."""
    return replace(run, summaries=(replace(run.summaries[0], better=better), *run.summaries[1:]))


def suite_of(*gates: Gate, metric: object = "compression") -> Suite:
    """Return a suite of two functions over two texts."""
    rows = [Example(str(number), {"text": "one two three four"}, ("one",)) for number in range(2)]
    return Suite.build(
        "lengths",
        dataset=Dataset("texts", tuple(rows)),
        targets={"long": lambda text: text, "short": lambda text: text[:7]},
        metrics=[metric],  # type: ignore[list-item]  # what a file may hold
        gates=gates,
    )


def better_in(suite: Suite, column: str) -> Direction:
    """Return which scores of *column* are better where *suite* is run."""
    with assemble(suite, asks=False) as assembly:
        return assembly.directions.of(assembly.metrics[0], column)


@pytest.mark.parametrize("name", sorted(LOWER | NEITHER))
def test_a_metric_says_its_direction_itself(name: str) -> None:
    """Error rates, time and money are better low, lengths neither way."""
    expected = Direction.LOWER if name in LOWER else Direction.NEITHER
    assert direction_said(load(name), name) is expected


def test_all_that_say_less_is_better_in_the_catalogue_are_directed() -> None:
    """A metric whose summary says that less is better has the attribute as well."""
    told = {
        info.name
        for info in available()
        if "less is better" in info.summary or "lower is" in info.summary
    }
    assert told == {"ter", "repetition", "noise_sensitivity"}


def test_a_label_keeps_the_direction() -> None:
    """Another name for the column is no other measurement."""
    assert direction_said(Labelled(load("ter"), "edits"), "edits") is Direction.LOWER
    assert direction_said(Labelled(load("exact_match"), "same"), "same") is None


@pytest.mark.parametrize(
    ("gates", "expected"),
    [
        ([Gate("m", at_most=1)], Direction.LOWER),
        ([Gate("m", at_least=1)], Direction.HIGHER),
        ([Gate("m", at_least=1), Gate("m", at_most=2)], Direction.NEITHER),
        ([Gate("m", not_worse_than="b")], None),
    ],
)
def test_limits_imply_a_direction(gates: list[Gate], expected: Direction | None) -> None:
    """At most is for what is better low; both limits mean a band, and no limit says nothing."""
    assert implied_by(gates).get("m") is expected


def test_what_a_metric_says_stands_against_a_limit() -> None:
    """A limit decides only for a metric that does not say it."""
    directions = Directions(implied={"ter": Direction.HIGHER, "words": Direction.LOWER})
    assert directions.of(load("ter"), "ter") is Direction.LOWER
    assert directions.of(load("words"), "words") is Direction.LOWER
    assert directions.of(load("exact_match"), "exact_match") is Direction.HIGHER


def test_an_upper_limit_makes_less_of_a_length_better() -> None:
    """The suite's limit reaches comparisons, not only the gate itself."""
    assert better_in(suite_of(), "compression") is Direction.NEITHER
    assert better_in(suite_of(Gate("compression", at_most=0.6)), "compression") is Direction.LOWER


def test_the_suite_has_the_first_word() -> None:
    """``better`` of an entry stands against limits and against the metric itself."""
    entry = {"metric": "compression", "better": "higher"}
    suite = suite_of(Gate("compression", at_most=0.6), metric=entry)
    assert better_in(suite, "compression") is Direction.HIGHER


def test_a_comparison_without_a_direction_is_refused_before_a_call() -> None:
    """A length that is not worse: in which way nobody said."""
    with (
        pytest.raises(SuiteError, match=r"nothing says whether more or less 'compression'"),
        assemble(suite_of(Gate("compression", not_worse_than="long")), asks=False),
    ):
        pass


def test_a_ceiling_does_not_turn_a_comparison_around() -> None:
    """Nobody says whether a ceiling on matches is against too many, or too good to be true."""
    gates = Gate("exact_match", not_worse_than="long"), Gate("exact_match", at_most=0.99)
    with (
        pytest.raises(SuiteError, match="'exact_match' has an upper limit, which does not say"),
        assemble(suite_of(*gates, metric="exact_match"), asks=False),
    ):
        pass
    entry = {"metric": "exact_match", "better": "higher"}
    assert better_in(suite_of(*gates, metric=entry), "exact_match") is Direction.HIGHER


def test_a_limit_at_the_good_end_is_told() -> None:
    """At least so much latency is allowed, and hardly meant."""
    with assemble(suite_of(Gate("latency_ms", at_least=5)), asks=False) as assembly:
        (line,) = assembly.doubts
    assert line.endswith("its lower scores are the better ones; did you mean at_most?")


@pytest.mark.parametrize(
    ("better", "expected", "regressions"),
    [
        (Direction.HIGHER, "worse", 5),
        (Direction.LOWER, "better", 0),
        (Direction.NEITHER, "changed", 0),
    ],
)
def test_comparisons_read_the_direction_of_the_run(
    make_experiment: MakeExperiment, better: Direction, expected: str, regressions: int
) -> None:
    """Words and regressions follow what was kept, whatever the metric is called."""
    before, after = ([base + 0.01 * (n % 3) for n in range(20)] for base in (0.8, 0.5))
    runs = [
        directed(make_experiment(name, values), better)
        for name, values in (("old", before), ("new", after))
    ]
    found = compare(*runs).metric("quality")
    assert found is not None
    assert (found.standing, len(found.regressions)) == (expected, regressions)


@pytest.mark.parametrize(
    ("better", "expected"),
    [(Direction.HIGHER, "fail"), (Direction.LOWER, "pass"), (Direction.NEITHER, "incomplete")],
)
def test_gates_read_the_direction_of_the_run(
    make_experiment: MakeExperiment, better: Direction, expected: str
) -> None:
    """A fall is a loss, a gain, or nothing that can be judged."""
    runs = [
        directed(make_experiment(name, [base + 0.01 * (n % 3) for n in range(20)]), better)
        for name, base in (("old", 0.8), ("new", 0.5))
    ]
    assert decide(runs, [Gate("quality", not_worse_than="old")]).verdict == expected


def test_the_direction_is_kept_with_the_run(
    make_experiment: MakeExperiment, tmp_path: Path
) -> None:
    """A kept run gives it back; a run of before says what was known by name."""
    run = directed(make_experiment("old", [0.5, 0.6]), Direction.LOWER)
    header, _ = write_files(run, tmp_path, {})
    assert read_experiment(tmp_path, run_id="r").summaries == run.summaries
    before = json.loads(header.read_text())
    for summary in before["summaries"]:
        del summary["better"]
    header.write_text(json.dumps(before))
    old = read_experiment(tmp_path, run_id="r")
    assert direction_in("quality", old) is Direction.HIGHER
    assert direction_in("latency_ms", old) is Direction.LOWER
