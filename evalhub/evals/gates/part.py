"""A kept run over a whole data set, as the baseline of one over its beginning."""

from collections.abc import Sequence
from dataclasses import replace

from evalhub.evals.gates.pairs import clusters_of, values_of
from evalhub.evals.operational import score_of
from evalhub.metrics.aggregate import summarize
from evalhub.metrics.base import ScoreColumn
from evalhub.model import Dataset, ExampleResult, Experiment, MetricSummary, ScoreState

__all__ = ["part_of"]


def part_of(run: Experiment, dataset: Dataset) -> Experiment:
    """Return what *run* gave for the examples of *dataset*, which are some of its own.

    Its summaries are made anew, over those examples.
    """
    ids = {example.id for example in dataset.examples}
    results = tuple(result for result in run.results if result.example_id in ids)
    clusters = clusters_of(results)
    summaries = tuple(
        summarize(_column(results, summary), clusters=clusters) for summary in run.summaries
    )
    return replace(run, dataset_version=dataset.version, results=results, summaries=summaries)


def _column(results: Sequence[ExampleResult], summary: MetricSummary) -> ScoreColumn:
    scores = [score_of(result, summary.name) for result in results]
    return ScoreColumn(
        summary.name,
        values_of(scores),
        summary.signature,
        [ScoreState.ERRORED if score is None else score.state for score in scores],
        bounds=summary.bounds,
        better=summary.better,
    )
