"""What is in a report, and what is left out of it."""

import io
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.console import Console

from evalhub.evals.gates.compare import compare
from evalhub.evals.gates.gate import Gate, decide
from evalhub.evals.reports.collect import make_report
from evalhub.evals.reports.markdown import as_markdown
from evalhub.evals.reports.report import Report
from evalhub.evals.reports.samples import MOST_CHARACTERS, MOST_EXAMPLES, WORST
from evalhub.evals.reports.terminal import print_report
from evalhub.evals.reports.totals import failures_of
from evalhub.model import Experiment, Score, ScoreState
from evalhub.model.result import NOT_CALLED

MakeRun = Callable[..., Experiment]


def test_the_verdict_and_its_reason(report: Report) -> None:
    """The reason names the first gate that decided, with its figures."""
    assert report.verdict == "fail"
    assert report.reason.startswith("2 of 3 gates failed: candidate's ")
    assert [gate.verdict for gate in report.gates].count("fail") == 2
    assert report.notes == ("the tracker was slow",)
    assert {part.title for part in report.gates[0].parts + report.gates[1].parts} >= {
        "topic=refunds",
        "topic=orders",
        "topic=kettles",
    }


def test_declared_metrics_and_the_worst_examples(report: Report) -> None:
    """The worst come worst first, with what both sides said; the number of all is told."""
    (comparison,) = report.comparisons
    rouge = comparison.metrics["rouge1"]
    assert rouge.declared
    assert not comparison.metrics["faithful"].declared
    losses = [item.difference for item in rouge.regressions]
    assert losses == sorted(losses)
    assert len(losses) == WORST < rouge.worse
    shown = {item.example_id: item for item in comparison.examples}
    assert {item.example_id for item in rouge.regressions} <= set(shown)
    worst = shown[rouge.regressions[0].example_id]
    assert list(worst.sides) == ["baseline", "candidate"]
    assert worst.sides["candidate"].scores["rouge1"].value == rouge.regressions[0].candidate
    assert worst.sides["candidate"].scores["faithful"].explanation is not None
    assert '"role": "user"' in worst.inputs["history"]


def test_slices_are_those_of_the_comparison(report: Report) -> None:
    """Each slice has its difference and its number of examples."""
    slices = report.comparisons[0].metrics["rouge1"].slices
    assert [part.title for part in slices] == ["topic=kettles", "topic=orders", "topic=refunds"]
    assert sum(part.difference.n for part in slices) == 58  # of 60, two calls failed


def test_what_failed_is_grouped_by_its_reason(report: Report) -> None:
    """Failed calls come first; their missing scores are not told again."""
    candidate = report.experiment("candidate")
    assert candidate is not None
    assert [(item.what, item.state, item.count) for item in candidate.failures] == [
        ("call", "errored", 2),
        ("faithful", "unparsed", 1),
    ]
    assert candidate.failures[0].example_ids == ("q0000", "q0030")
    assert len(candidate.failures[0].trace_ids) == 2


def test_sums_leave_out_what_is_not_known(make_run: MakeRun) -> None:
    """A cost that nobody reported makes the sum unknown, and one of some says of how many."""
    run = make_run("baseline", 4)
    known = make_report([run]).experiments[0].spending
    assert known.cost_usd == pytest.approx(0.0016)
    assert (known.priced, known.input_tokens, known.output_tokens) == (4, 400, 80)
    free = [replace(result, cost_usd=None, usage=None) for result in run.results]
    bare = replace(run, results=(*free[:3], run.results[3]))
    assert make_report([bare]).experiments[0].spending.priced == 1
    none = make_report([replace(run, results=tuple(free))]).experiments[0].spending
    assert (none.cost_usd, none.input_tokens) == (None, None)


def test_distributions_count_every_score(report: Report) -> None:
    """All scores are in a bin, on the same edges for both targets; a rate's are 0 and 1."""
    by_name = {item.metric: item for item in report.distributions}
    rouge = by_name["rouge1"]
    assert (rouge.edges[0], rouge.edges[-1]) == (0.0, 1.0)
    assert {name: sum(counts) for name, counts in rouge.counts.items()} == {
        "baseline": 60,
        "candidate": 58,
    }
    assert by_name["faithful"].edges[-1] == 5.0


def test_a_run_alone_shows_its_lowest_scores(make_run: MakeRun) -> None:
    """Without a comparison, the worst examples by score are there with their texts."""
    report = make_report([make_run("candidate", dropped=0.4)])
    (run,) = report.experiments
    assert report.verdict is None
    assert len(run.lowest["rouge1"]) == WORST
    values = {
        item.example_id: item.sides["candidate"].scores["rouge1"].value for item in run.samples
    }
    lowest = [values[name] for name in run.lowest["rouge1"]]
    assert lowest == sorted(lowest, key=lambda value: value if value is not None else 1.0)
    assert "latency_ms" not in run.lowest


def test_long_texts_and_many_examples_are_cut(make_run: MakeRun) -> None:
    """A report of any run stays small; a cut text says how much is missing."""
    before, after = make_run("baseline", 400), make_run("candidate", 400, dropped=0.5)
    long = [replace(result, output="x" * (MOST_CHARACTERS + 1_500)) for result in after.results]
    after = replace(after, results=tuple(long))
    report = make_report([before, after], [compare(before, after)])
    (comparison,) = report.comparisons
    assert len(comparison.examples) <= MOST_EXAMPLES
    said = comparison.examples[0].sides["candidate"].output or ""
    assert said.endswith("… (1,500 more characters)")


def test_a_partial_run_is_incomplete_unless_a_gate_failed(make_run: MakeRun) -> None:
    """A pass of what there is is no pass; a failure is one whatever is missing."""
    run = make_run("candidate")
    hopeless = replace(run.results[0], output=None, error=f"{NOT_CALLED}the budget is spent")
    partial = replace(run, results=(hopeless, *run.results[1:]))
    held = decide([partial], [Gate("rouge1", at_least=0.1)])
    report = make_report([partial], decision=held, lacking=["the budget of 1 USD is spent"])
    assert (report.verdict, report.reason) == ("incomplete", "the budget of 1 USD is spent.")
    assert report.experiments[0].not_called == 1
    broken = decide([run], [Gate("rouge1", at_most=0.1)])
    assert make_report([run], decision=broken, lacking=["x"]).verdict == "fail"


def test_a_kept_baseline_is_among_the_runs(make_run: MakeRun) -> None:
    """Last night's run of the same target has a name of its own, the one that gates use."""
    kept, run = make_run("candidate"), make_run("candidate", dropped=0.3)
    gate = Gate("rouge1", not_worse_than="baseline-run", margin=0.02)
    report = make_report(
        [run], [compare(kept, run)], decide([run], [gate], kept={"candidate": kept})
    )
    assert [(item.target, item.is_earlier) for item in report.experiments] == [
        ("baseline-run", True),
        ("candidate", False),
    ]
    (comparison,) = report.comparisons
    assert (comparison.baseline, comparison.candidate) == ("baseline-run", "candidate")
    assert comparison.metrics["rouge1"].worse > 0
    assert list(comparison.examples[0].sides) == ["baseline-run", "candidate"]


def test_several_kept_baselines_are_told_apart(make_run: MakeRun) -> None:
    """Each target has its own."""
    runs = [make_run("one"), make_run("two")]
    kept = [make_run("one"), make_run("two")]
    report = make_report(runs, [compare(*pair) for pair in zip(kept, runs, strict=True)])
    assert [item.baseline for item in report.comparisons] == [
        "baseline-run of one",
        "baseline-run of two",
    ]


def test_all_gates_holding_is_said(make_run: MakeRun) -> None:
    """One gate holds, several hold; without one there is nothing to decide."""
    run = make_run("candidate")
    one = decide([run], [Gate("rouge1", at_least=0.1)])
    assert make_report([run], decision=one).reason == "The gate holds."
    two = decide([run], [Gate("rouge1", at_least=0.1), Gate("rouge1", at_most=1.0)])
    assert make_report([run], decision=two).reason == "All 2 gates hold."
    assert "nothing to decide" in make_report([run]).reason


def repeated(run: Experiment, repeats: int) -> Experiment:
    """Return *run* with each of its results *repeats* times, as calls of their own."""
    results = [
        replace(result, repeat=number) for result in run.results for number in range(repeats)
    ]
    return replace(run, results=tuple(results))


def test_repeats_are_calls_of_the_same_examples(make_run: MakeRun) -> None:
    """Twenty examples called three times are not sixty; which call lost is told."""
    before, after = make_run("baseline", 20), make_run("candidate", 20, dropped=0.5, failing=7)
    runs = [repeated(before, 3), repeated(after, 3)]
    report = make_report(runs, [compare(*runs)])
    assert [(run.distinct, run.examples) for run in report.experiments] == [(20, 60), (20, 60)]
    (call,) = [item for item in report.experiments[1].failures if item.what == "call"]
    assert (call.count, call.example_ids) == (9, ("q0000", "q0007", "q0014"))
    file = io.StringIO()
    print_report(report, console=Console(file=file, width=100, highlight=False))
    assert "support-answers: 20 examples of questions, 60 calls a target" in file.getvalue()
    assert ", repeat 1: " in file.getvalue()
    assert ", repeat 2 | " in as_markdown(report)


def test_what_is_skipped_by_design_is_not_missing(make_run: MakeRun) -> None:
    """Only a skipped score that has a reason is told of."""
    run = make_run("candidate", 4)
    skipped = [
        Score("rouge1", None, "r", ScoreState.SKIPPED, explanation=reason)
        for reason in (None, "no reference to compare with")
    ]
    results = [
        replace(result, scores=(skipped[place % 2],)) for place, result in enumerate(run.results)
    ]
    (failure,) = failures_of(results)
    assert (failure.reason, failure.count) == ("no reference to compare with", 2)
