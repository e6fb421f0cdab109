"""An experiment's summaries as plain named numbers, for trackers that keep such."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from evalhub.experiments.keys import COUNTS, ENDS, metric_keys, slice_keys
from evalhub.metrics.aggregate import is_rate
from evalhub.metrics.stats.intervals import Interval
from evalhub.metrics.stats.slices import SliceMean, slice_means
from evalhub.model import ExampleResult, Experiment, MetricSummary

__all__ = ["MOST_LABELS", "figures_of", "slice_figures"]

MOST_LABELS = 50
"""Labels of one slice that get figures of their own: those with most examples."""


def figures_of(experiment: Experiment) -> dict[str, float]:
    """Return of each metric its mean, interval and counts, and the same of its slices.

    A metric ``m`` gives ``m``, ``m_lower``, ``m_upper``, ``m_stderr``, ``m_n``, ``m_errored``,
    ``m_unparsed``, ``m_skipped``; a slice gives ``m.SLICE.LABEL`` with ``_lower``, ``_upper``
    and ``_n``. What is unknown is left out, never 0.
    """
    keys = metric_keys([summary.name for summary in experiment.summaries])
    figures: dict[str, float] = {}
    for summary in experiment.summaries:
        figures |= _figures(summary, keys[summary.name])
    return figures | slice_figures(experiment, keys, taken=figures)


def slice_figures(
    experiment: Experiment, keys: Mapping[str, str], *, taken: Iterable[str] = ()
) -> dict[str, float]:
    """Return the mean, interval and count of each metric in each slice.

    Labels that MLflow cannot tell apart, such as ``a+b`` and ``a&b``, get keys of their own, and
    so do those whose key is *taken*.
    """
    attributes = _attributes(experiment.results)
    if not attributes:
        return {}
    means = {
        f"{keys[summary.name]}.{part.attribute}.{part.label}": part.interval
        for summary in experiment.summaries
        for part in _of_metric(experiment.results, summary, attributes)
    }
    named = slice_keys(sorted(means), taken=taken)  # the same keys each night
    return dict(pair for name in means for pair in _ends(named[name], means[name]))


def _figures(summary: MetricSummary, key: str) -> dict[str, float]:
    named = {key: summary.mean}
    named |= {f"{key}_{field}": getattr(summary, field) for field in (*ENDS, *COUNTS)}
    return {name: float(value) for name, value in named.items() if value is not None}


def _attributes(results: Sequence[ExampleResult]) -> dict[str, list[str | None]]:
    """Return a column of labels for each slice; None where a result has none that counts."""
    names = dict.fromkeys(name for result in results for name in result.slices)
    columns = {}
    for name in names:
        labels = [result.slices.get(name) for result in results]
        counts = Counter(label for label in labels if label is not None)
        kept = {label for label, _ in counts.most_common(MOST_LABELS)}
        columns[name] = [label if label in kept else None for label in labels]
    return columns


def _of_metric(
    results: Sequence[ExampleResult],
    summary: MetricSummary,
    attributes: Mapping[str, Sequence[str | None]],
) -> list[SliceMean]:
    values = [_value(result, summary.name) for result in results]
    found = slice_means(
        values,
        attributes,
        rate=is_rate(values, summary.bounds),
        clusters=_clusters(results),
    )
    return [part for part in found if part.label is not None]


def _ends(key: str, interval: Interval) -> Iterator[tuple[str, float]]:
    yield f"{key}_n", float(interval.n)
    ends = {"": interval.mean, "_lower": interval.lower, "_upper": interval.upper}
    for ending, value in ends.items():
        if value is not None:
            yield f"{key}{ending}", float(value)


def _value(result: ExampleResult, name: str) -> float:
    score = result.score(name)
    return math.nan if score is None or score.value is None else score.value


def _clusters(results: Sequence[ExampleResult]) -> list[str] | None:
    labels = [result.example_id if result.cluster is None else result.cluster for result in results]
    return None if len(set(labels)) == len(labels) else labels
