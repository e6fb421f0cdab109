"""Two runs compared: metrics, differences, and the examples behind them."""

from collections.abc import Callable, Sequence

import streamlit as st

from evalhub.dashboards import data, formats
from evalhub.dashboards.board import board
from evalhub.dashboards.charts import Difference, difference_chart
from evalhub.dashboards.comparison import (
    comparison_title,
    example_sides,
    example_table,
    metric_table,
    pair_key,
    worst_first,
)
from evalhub.evals.gates.compare import Comparison, MetricComparison
from evalhub.evals.gates.pairs import Pair, pair_scores
from evalhub.evals.operational import OPERATIONAL
from evalhub.model import Direction

__all__ = ["MAX_EXAMPLES", "by_scale", "relative_rows", "score_rows", "show"]

MAX_EXAMPLES = 200
"""Examples listed at most, the worst first."""

_NO_BAR = {"displayModeBar": False}


def show(
    mlflow_url: str, baseline_id: str, candidate_id: str, open_trace: Callable[[str], None]
) -> None:
    """Draw the comparison of two runs; *open_trace* goes to a trace of that id."""
    compared = data.compare_runs(mlflow_url, baseline_id, candidate_id)
    board(comparison_title(compared), key="compared")
    board(metric_table(compared), key="metrics")
    st.caption(
        "Means and paired differences with 95% intervals; p by sign-flip permutation,"
        " adjusted for the number of metrics (Benjamini-Hochberg). A difference is called clear"
        " when its interval leaves out 0 and p is below 0.05; latency, tokens and cost have no p."
    )
    _difference_charts(compared)
    _examples(compared, open_trace)


def score_rows(metrics: Sequence[MetricComparison]) -> list[Difference]:
    """Return the differences of the scores, in their own unit."""
    return [row for metric in metrics if metric.name not in OPERATIONAL for row in _row(metric, 1)]


def relative_rows(metrics: Sequence[MetricComparison]) -> list[Difference]:
    """Return the differences of latency, tokens and cost in percent of the baseline's mean."""
    rows = []
    for metric in metrics:
        mean = metric.baseline.mean if metric.baseline else None
        if metric.name in OPERATIONAL and mean:
            rows += _row(metric, 100 / mean)
    return rows


def _row(metric: MetricComparison, scale: float) -> list[Difference]:
    found = metric.difference
    if found is None or found.difference is None or found.lower is None or found.upper is None:
        return []
    ends = (found.difference * scale, found.lower * scale, found.upper * scale)
    return [Difference(_label(metric), *ends, standing=metric.standing)]


def _label(metric: MetricComparison) -> str:
    """Return the metric's name, and which way is better where the title does not say it."""
    if metric.name in OPERATIONAL or metric.better is Direction.HIGHER:
        return metric.name
    way = "less is better" if metric.better is Direction.LOWER else "neither is better"
    return f"{metric.name} ({way})"


def by_scale(rows: Sequence[Difference]) -> tuple[list[Difference], list[Difference]]:
    """Return the differences that stay within 1, and those that reach further.

    Most metrics lie between 0 and 1; on the axis of a rating from 1 to 5 none of
    their intervals could be read.
    """
    near = [row for row in rows if row.lower >= -1 and row.upper <= 1]
    return near, [row for row in rows if row not in near]


def _difference_charts(compared: Comparison) -> None:
    near, far = by_scale(score_rows(compared.metrics))
    left = [("Scores, B − A (more is better, unless said)", near, "")]
    right = [
        (
            "Latency, tokens, cost: change of B (less is better)",
            relative_rows(compared.metrics),
            "%",
        ),
        ("Scores on wider scales, B − A (more is better, unless said)", far, ""),
    ]
    drawn = [[item for item in side if item[1]] for side in (left, right)]
    sides = [side for side in drawn if side]
    for column, side in zip(st.columns(len(sides)) if sides else (), sides, strict=True):
        for title, rows, unit in side:
            with column.container(border=True, height="stretch"):
                figure = difference_chart(rows, title=title, unit=unit)
                st.plotly_chart(figure, config=_NO_BAR, key=title)


def _examples(compared: Comparison, open_trace: Callable[[str], None]) -> None:
    usable = [metric for metric in compared.metrics if metric.refused is None]
    if not usable:
        return
    names = [metric.name for metric in usable]
    st.markdown("#### Examples, worst regressions first")
    metric = st.selectbox("By metric", names, index=names.index(_worst(usable).name), width=320)
    lower = usable[names.index(metric)].lower_is_better
    pairs = worst_first(
        pair_scores(compared.baseline, compared.candidate, metric),
        lower_is_better=lower,
    )
    if not pairs:
        st.info("The two runs have no example in common.", icon=":material/join_inner:")
        return
    chosen = _chosen(pairs)
    board(
        example_table(pairs[:MAX_EXAMPLES], metric=metric, selected=pair_key(chosen)),
        key="examples",
        on_pick=_choose,
    )
    if len(pairs) > MAX_EXAMPLES:
        st.caption(f"The first {MAX_EXAMPLES} of {formats.plural(len(pairs), 'example')}.")
    opened = board(example_sides(chosen, metric=metric), key="sides")
    if opened:
        open_trace(opened)


def _choose(key: str) -> None:
    st.query_params["example"] = key


def _worst(metrics: Sequence[MetricComparison]) -> MetricComparison:
    """Return the first score that got worse, else the first with a regression, else the first."""
    scores = [metric for metric in metrics if metric.name not in OPERATIONAL] or list(metrics)
    worse = [metric for metric in scores if metric.standing == "worse"]
    regressed = [metric for metric in scores if metric.regressions]
    return [*worse, *regressed, *scores][0]


def _chosen(pairs: Sequence[Pair]) -> Pair:
    named = st.query_params.get("example")
    return next((pair for pair in pairs if pair_key(pair) == named), pairs[0])
