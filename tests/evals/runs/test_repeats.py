"""Repeats: a seed each, a call each, and pass@k and pass^k of what passes or fails."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.errors import SuiteError
from evalhub.evals.runs.repeats import pass_columns, pass_names
from evalhub.evals.runs.runner import run_experiment
from evalhub.evals.suites.assemble import assemble
from evalhub.evals.suites.suite import load_suite
from evalhub.metrics.aggregate import summarize
from evalhub.metrics.base import ScoreColumn
from evalhub.metrics.stats import Interval, pass_at_k, pass_hat_k
from evalhub.model import ExampleResult, ScoreState

RESULTS = [ExampleResult(example, "x", repeat=repeat) for example in "abcd" for repeat in range(3)]


def column(values: list[float], bounds: tuple[float, float] = (0.0, 1.0)) -> ScoreColumn:
    """Return a column called ``right``."""
    return ScoreColumn("right", np.array(values), "right|v:1", bounds=bounds)


def test_one_pass_is_enough_for_pass_at_k_and_all_are_needed_for_pass_hat_k() -> None:
    """Of four tasks with 3, 1, 0 and 2 passes in three tries: 3 of 4, and 1 of 4."""
    tries = [1, 1, 1, 0, 1, 0, 0, 0, 0, 1, 0, 1]
    at, hat = pass_columns(column([float(item) for item in tries]), RESULTS, 3)
    assert (at.name, hat.name) == ("right_pass@3", "right_pass^3") == (*pass_names("right", 3)[2:],)
    assert [at.values[index] for index in (0, 3, 6, 9)] == [1, 1, 0, 1]
    assert [hat.values[index] for index in (0, 3, 6, 9)] == [1, 0, 0, 0]
    summary = summarize(at)
    assert (summary.mean, summary.n, summary.skipped) == (0.75, 4, 8)
    assert summary.signature == "right|v:1|repeats:pass@3"


def test_a_try_without_a_score_leaves_its_example_without_one() -> None:
    """It is errored, neither passed nor failed."""
    tries = [1, 1, math.nan, 0, 1, 0, math.nan, math.nan, math.nan, 1, 1, 1]
    at, _ = pass_columns(column([float(item) for item in tries]), RESULTS, 3)
    summary = summarize(at)
    assert (summary.n, summary.errored, summary.mean) == (2, 2, 1.0)


@pytest.mark.parametrize(
    ("name", "reference"), [("right_pass@2", pass_at_k), ("right_pass^2", pass_hat_k)]
)
def test_a_gate_may_ask_for_fewer_tries(name: str, reference: Callable[..., Interval]) -> None:
    """Of two tries when there were three: the estimate without bias, one task one unit."""
    tries = [1, 1, 1, 0, 1, 0, 0, 0, 0, 1, 0, 1]
    given = column([float(item) for item in tries])
    assert name not in [one.name for one in pass_columns(given, RESULTS, 3)]
    (found,) = (one for one in pass_columns(given, RESULTS, 3, {name}) if one.name == name)
    expected, summary = reference([3, 1, 0, 2], [3] * 4, 2), summarize(found)
    assert summary.n == 4
    assert summary.mean == pytest.approx(expected.mean)
    assert (summary.lower, summary.upper) == pytest.approx((expected.lower, expected.upper))


def test_a_lost_try_is_not_left_out_of_fewer() -> None:
    """Two passes of two are not two of three."""
    given = column([1.0, 1.0, math.nan] + [1.0] * 9)
    found = {one.name: one for one in pass_columns(given, RESULTS, 3, {"right_pass@2"})}
    assert summarize(found["right_pass@2"]).errored == 1


@pytest.mark.parametrize(
    ("scores", "bounds", "repeats"),
    [
        ([0.5] * 12, (0.0, 1.0), 3),
        ([1.0] * 12, (1.0, 5.0), 3),
        ([1.0] * 12, (0.0, 1.0), 1),
    ],
)
def test_what_is_no_pass_or_fail_has_no_such_columns(
    scores: list[float], bounds: tuple[float, float], repeats: int
) -> None:
    """Shares, a judge's scale of 1 to 5, and a run without repeats."""
    assert pass_columns(column(scores, bounds), RESULTS, repeats) == []


@given(st.lists(st.booleans(), min_size=12, max_size=12))
def test_they_are_any_and_all_of_the_tries(tries: list[bool]) -> None:
    """With k of k tries the estimators of the literature are these."""
    at, hat = pass_columns(column([float(item) for item in tries]), RESULTS, 3)
    groups = [tries[start : start + 3] for start in range(0, 12, 3)]
    scored = [index for index, result in enumerate(RESULTS) if result.repeat == 0]
    assert [at.values[index] for index in scored] == [float(any(group)) for group in groups]
    assert [hat.values[index] for index in scored] == [float(all(group)) for group in groups]
    assert at.states is not None
    assert {at.states[index] for index in range(12) if index not in scored} == {ScoreState.SKIPPED}


def test_each_repeat_has_a_seed_of_its_own(words_suite: Path, fake_model: Any) -> None:
    """A repeat asks the same with the next seed; each is a call and a result of its own."""
    text = words_suite.read_text().replace("max_tokens: 20", "max_tokens: 20, seed: 7")
    words_suite.write_text(text + "repeats: 3\n")
    suite = load_suite(words_suite)
    with assemble(suite) as whole:
        experiment = run_experiment(
            whole.targets[0].target, whole.dataset, whole.metrics[:1], suite="s", repeats=3
        )
    assert sorted(fake_model.answers.seeds) == [7] * 30 + [8] * 30 + [9] * 30
    assert len(experiment.results) == 90
    found = experiment.summary("exact_match_pass^3")
    assert found is not None
    assert (found.mean, found.n) == (1.0, 30)


def test_a_gate_may_name_what_repeats_give(words_suite: Path) -> None:
    """With repeats it is there; without, the gate is refused before a call."""
    gate = "gates:\n  - {metric: 'exact_match_pass@2', of: plain, at_least: 0.5}\n"
    words_suite.write_text(words_suite.read_text() + "repeats: 2\n" + gate)
    with assemble(load_suite(words_suite)) as whole:
        assert whole.targets
    words_suite.write_text(words_suite.read_text().replace("repeats: 2", "repeats: 1"))
    with pytest.raises(SuiteError, match="exact_match_pass@2"), assemble(load_suite(words_suite)):
        pass
