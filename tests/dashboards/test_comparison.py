"""Two experiments side by side."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from evalhub.dashboards.comparison import (
    example_sides,
    example_table,
    metric_table,
    metric_text,
    pair_key,
    worst_first,
)
from evalhub.dashboards.markup import find, text_of
from evalhub.dashboards.runlist import run_label, run_list
from evalhub.dashboards.views.comparison import by_scale, relative_rows, score_rows
from evalhub.dashboards.views.experiments import toggled
from evalhub.evals.gates.compare import MetricComparison, compare
from evalhub.evals.gates.pairs import pair_scores
from evalhub.evals.operational import operational_columns
from evalhub.experiments import RunInfo
from evalhub.metrics import ScoreColumn, summarize
from evalhub.metrics.stats import paired_difference
from evalhub.model import Direction, ExampleResult, Experiment, ScoreState

BETTER = [0.5 + 0.01 * number for number in range(20)]
WORSE = [value - 0.2 - 0.001 * number for number, value in enumerate(BETTER)]


def experiment(
    values: Sequence[float | None], *, signature: str = "f1|v:1", version: str = "aaaaaaaabb"
) -> Experiment:
    """Return an experiment whose metric ``f1`` has these values; None is a failure."""
    results = tuple(
        ExampleResult(
            example_id=f"e{number}",
            output=None if value is None else f"answer {number}",
            error="ValueError: broken" if value is None else None,
            trace_id=f"{number:032x}",
            latency_ms=100.0 + number,
            references=("the truth",),
            inputs={"question": f"why {number}?"},
        )
        for number, value in enumerate(values)
    )
    column = ScoreColumn(
        "f1",
        np.array([np.nan if value is None else value for value in values]),
        signature,
        [ScoreState.ERRORED if value is None else ScoreState.SCORED for value in values],
    )
    return Experiment(
        name="run",
        suite="suite",
        target="target",
        dataset_name="data",
        dataset_version=version,
        results=tuple(
            replace(result, scores=(column.score(number),)) for number, result in enumerate(results)
        ),
        summaries=tuple(summarize(item) for item in (column, *operational_columns(results))),
    )


def test_a_worse_candidate_is_called_worse_with_its_interval() -> None:
    """Mean, difference, interval and reading stand in one row."""
    shown = text_of(metric_table(compare(experiment(BETTER), experiment(WORSE))))
    assert "B worse" in shown
    assert "0.595" in shown
    assert "−0.210" in shown


def test_less_latency_is_better() -> None:
    """The direction of a metric decides, not the sign of the difference."""
    slower = experiment(BETTER)
    results = tuple(
        replace(result, latency_ms=150.0 + number % 7)
        for number, result in enumerate(slower.results)
    )
    latency = compare(experiment(BETTER), replace(slower, results=results)).metric("latency_ms")
    assert latency is not None
    assert latency.difference is not None
    assert (latency.difference.difference or 0) > 0
    assert latency.standing == "worse"


def judged(
    lower: float, upper: float, p_adjusted: float | None, name: str = "f1"
) -> MetricComparison:
    """Return a compared metric with this interval and this p."""
    found = paired_difference([0.1, 0.2, 0.3, 0.4], [0.2, 0.3, 0.4, 0.5])
    return MetricComparison(
        name=name,
        baseline=None,
        candidate=None,
        difference=replace(found, difference=(lower + upper) / 2, lower=lower, upper=upper),
        p_adjusted=p_adjusted,
        refused=None,
        unscored=0,
        regressions=(),
        better=Direction.LOWER if name == "latency_ms" else Direction.HIGHER,
    )


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (judged(0.03, 0.22, 0.01), "better"),
        (judged(-0.22, -0.03, 0.01), "worse"),
        (judged(0.03, 0.22, 0.234), "unclear"),
        (judged(0.03, 0.22, 0.05), "unclear"),
        (judged(0.03, 0.22, None), "unclear"),
        (judged(-0.01, 0.22, 0.01), "unclear"),
        (judged(5.0, 9.0, None, name="latency_ms"), "worse"),
        (judged(-9.0, -5.0, None, name="latency_ms"), "better"),
        (judged(-1.0, 5.0, None, name="latency_ms"), "unclear"),
    ],
)
def test_a_difference_is_clear_when_interval_and_p_agree(
    metric: MetricComparison, expected: str
) -> None:
    """One of the two alone is no clear difference; latency has no p and needs none."""
    assert metric.standing == expected


def test_word_number_and_chart_follow_one_rule() -> None:
    """A reader never sees "better" beside a p that contradicts it, nor a green point."""
    unclear = judged(0.03, 0.22, 0.234)
    compared = compare(experiment(BETTER), experiment(BETTER))
    shown = metric_table(replace(compared, metrics=(unclear,)))
    assert "no clear difference" in text_of(shown)
    assert not [*find(shown, "better"), *find(shown, "worse")]
    assert [row.standing for row in score_rows([unclear])] == ["unclear"]


def test_a_rating_does_not_squeeze_the_other_scores() -> None:
    """A difference beyond 1 is of another scale and has an axis of its own."""
    near, far = judged(-0.2, 0.1, None), judged(-2.0, 1.4, None, name="rating")
    shown, apart = by_scale(score_rows([near, far]))
    assert [row.label for row in shown] == ["f1"]
    assert [row.label for row in apart] == ["rating"]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"signature": "f1|v:2"}, "v:1 against v:2"),
        ({"version": "ccccccccdd"}, "aaaaaaaa against cccccccc"),
    ],
)
def test_unlike_columns_are_not_compared(other: dict[str, str], said: str) -> None:
    """The row gives no difference, and says which part is not the same."""
    compared = compare(experiment(BETTER), experiment(WORSE, **other))
    row = next(find(metric_table(compared), "wrap"))
    assert said in text_of(row)
    assert score_rows(compared.metrics) == []


def test_unknown_cost_is_a_dash() -> None:
    """A cost that nobody knows is neither 0 nor compared."""
    compared = compare(experiment(BETTER), experiment(WORSE))
    rows = metric_table(compared)["children"][0]
    assert isinstance(rows, dict)
    body = rows["children"][1]
    assert isinstance(body, dict)
    cost = next(
        row for row in body["children"] if isinstance(row, dict) and "cost_usd" in text_of(row)
    )
    assert "no example scored in both" in text_of(cost)
    assert "$" not in text_of(cost)


def test_the_worst_regression_comes_first_and_failures_last() -> None:
    """Examples are ordered by what the reader looks for."""
    baseline = experiment([0.5, 0.5, 0.5, 0.5])
    candidate = experiment([0.6, None, 0.1, 0.4])
    pairs = pair_scores(baseline, candidate, "f1")
    ordered = worst_first(pairs, lower_is_better=False)
    assert [pair.baseline.example_id for pair in ordered] == ["e2", "e3", "e0", "e1"]
    flipped = worst_first(pairs, lower_is_better=True)
    assert [pair.baseline.example_id for pair in flipped] == ["e0", "e3", "e2", "e1"]


def test_an_example_shows_both_outputs_the_reference_and_the_traces() -> None:
    """What a reader needs to judge a regression is in one place."""
    pair = pair_scores(experiment([0.5]), experiment([None]), "f1")[0]
    shown = example_sides(pair, metric="f1")
    text = text_of(shown)
    for part in ("answer 0", "ValueError: broken", "the truth", "why 0?"):
        assert part in text
    assert text.count("Open trace") == 2


def test_a_failed_example_is_marked_in_the_list() -> None:
    """A missing output is a word and not an empty cell."""
    pairs = pair_scores(experiment([0.5]), experiment([None]), "f1")
    shown = example_table(pairs, metric="f1", selected=pair_key(pairs[0]))
    assert "failed" in text_of(shown)
    assert len(list(find(shown, "selected"))) == 1


def test_operational_differences_are_percentages_of_the_baseline() -> None:
    """Milliseconds and tokens share an axis only as shares."""
    doubled = experiment(BETTER)
    results = tuple(replace(r, latency_ms=2 * (100.0 + n)) for n, r in enumerate(doubled.results))
    compared = compare(experiment(BETTER), replace(doubled, results=results))
    (row,) = relative_rows(compared.metrics)
    assert row.label == "latency_ms"
    assert row.value == pytest.approx(100)


@pytest.mark.parametrize(
    ("name", "value", "sign", "text"),
    [
        ("rouge1", 0.5, False, "0.500"),
        ("rouge1", -0.5, True, "−0.500"),
        ("latency_ms", 1200.0, False, "1.2 s"),
        ("latency_ms", -1200.0, True, "−1.2 s"),
        ("cost_usd", None, True, "–"),
        ("input_tokens", 12_345.0, True, "+12.3k"),
    ],
)
def test_metrics_are_written_in_their_unit(
    name: str, value: float | None, sign: bool, text: str
) -> None:
    """A latency is a time, a cost is money, a score is a number."""
    assert metric_text(name, value, sign=sign) == text


def test_picking_a_run_twice_takes_it_out() -> None:
    """The first run picked stays the baseline."""
    assert toggled([], "a") == ["a"]
    assert toggled(["a"], "b") == ["a", "b"]
    assert toggled(["a", "b"], "a") == ["b"]


def test_runs_are_lettered_in_the_order_they_were_picked() -> None:
    """A is the baseline wherever it stands in the list."""
    runs = [
        RunInfo(name, name, "s", "t", "d", "v" * 64, 0, {}, experiment([0.5, 0.6]).summaries)
        for name in ("one", "two", "three")
    ]
    shown = run_list(runs, ["three", "one"], now_ns=0)
    assert [text_of(row)[0] for row in find(shown, "selected")] == ["B", "A"]
    assert run_label(26) == "27"


def test_the_run_list_shows_the_metrics_that_most_runs_have() -> None:
    """A metric of the newest run alone does not push out those that can be compared."""
    common = experiment([0.5, 0.6]).summaries
    newest = (replace(common[0], name="only_here"), *common)
    runs = [
        RunInfo(name, name, "s", "t", "d", "v" * 64, 0, {}, summaries)
        for name, summaries in (("new", newest), ("old", common))
    ]
    shown = text_of(run_list(runs, [], now_ns=0))
    assert "latency_ms" in shown
    assert "only_here" not in shown


def test_the_run_list_shows_what_the_gates_said() -> None:
    """Where they said nothing of any run there is no such column."""
    tags: tuple[dict[str, str], ...] = (
        {"evalhub.verdict": "fail"},
        {"evalhub.verdict": "pass", "evalhub.partial": "usd"},
        {},
    )
    runs = [
        RunInfo(str(n), "r", "s", "t", "d", "v" * 64, 0, {}, (), given)
        for n, given in enumerate(tags)
    ]
    shown = run_list(runs, [], now_ns=0)
    assert "Verdict" in text_of(shown)
    assert "fail" in text_of(shown)
    assert "partial" in text_of(shown)
    assert "pass" not in text_of(shown)
    assert "Verdict" not in text_of(run_list(runs[2:], [], now_ns=0))


def test_a_chart_says_of_which_score_less_is_better() -> None:
    """Its title says that more is, and so no more may be said of the others."""
    less = replace(judged(0.03, 0.22, 0.01, name="ter"), better=Direction.LOWER)
    neither = replace(judged(0.03, 0.22, 0.01, name="length"), better=Direction.NEITHER)
    labels = [row.label for row in score_rows([judged(0.03, 0.22, 0.01), less, neither])]
    assert labels == ["f1", "ter (less is better)", "length (neither is better)"]
