"""Two experiments side by side as tables: metrics, then examples, then one example."""

from collections.abc import Callable, Sequence

from evalhub.dashboards import formats
from evalhub.dashboards.markup import Element, chip, element, table
from evalhub.dashboards.payload import plain
from evalhub.evals.gates.compare import Comparison, MetricComparison
from evalhub.evals.gates.pairs import Pair
from evalhub.model import ExampleResult, MetricSummary

__all__ = [
    "comparison_title",
    "example_sides",
    "example_table",
    "metric_table",
    "metric_text",
    "pair_key",
    "worst_first",
]

_METRIC_HEADERS = ("Metric", "n", "A baseline", "B candidate", "Difference B − A", "p", "Reading")
_UNITS: dict[str, Callable[[float | None], str]] = {
    "latency_ms": formats.duration,
    "cost_usd": formats.cost,
    "input_tokens": formats.amount,
    "output_tokens": formats.amount,
}


def metric_text(name: str, value: float | None, *, sign: bool = False) -> str:
    """Return a metric's value in its unit; with *sign* as a difference."""
    text = _UNITS.get(name)
    if text is None:
        return formats.signed(value) if sign else formats.score(value)
    if value is None or not sign:
        return text(value)
    return f"{'+' if value > 0 else '−' if value < 0 else ''}{text(abs(value))}"


def comparison_title(comparison: Comparison) -> Element:
    """Return both runs' names and data sets in one line."""
    sides = []
    for letter, side in (("A", comparison.baseline), ("B", comparison.candidate)):
        data = f"{side.dataset_name} @ {formats.version(side.dataset_version)}"
        name = element("h3", chip(letter, tone=letter.lower()), " ", side.name)
        sides.append(element("div", name, element("span", data, css="quiet")))
    return element("div", *sides, css="facts title")


def metric_table(comparison: Comparison) -> Element:
    """Return one row a metric: both means, the paired difference, or why there is none."""
    rows = [_metric_row(metric) for metric in comparison.metrics]
    return table(_METRIC_HEADERS, rows, numeric=_METRIC_HEADERS[1:-1])


def worst_first(pairs: Sequence[Pair], *, lower_is_better: bool) -> list[Pair]:
    """Return *pairs* with the candidate's worst regressions first, unscored ones last."""
    sign = -1.0 if lower_is_better else 1.0

    def place(pair: Pair) -> tuple[bool, float]:
        difference = _difference(pair)
        return difference is None, sign * (difference or 0.0)

    return sorted(pairs, key=place)


def example_table(pairs: Sequence[Pair], *, metric: str, selected: str | None) -> Element:
    """Return one row a pair: scores, difference and both outputs; a row picks its key."""
    headers = ("Example", "A", "B", "B − A", "A output", "B output")
    rows = [_pair_row(pair, metric, pair_key(pair) == selected) for pair in pairs]
    return table(headers, rows, numeric=("A", "B", "B − A"), css="examples")


def example_sides(pair: Pair, *, metric: str) -> Element:
    """Return one example: both outputs side by side, the references and the inputs."""
    return element(
        "div",
        element("h3", pair.baseline.example_id),
        element(
            "div",
            _side("A", pair.baseline, metric, css="a"),
            _side("B", pair.candidate, metric, css="b"),
            _references(pair.baseline),
            css="sides",
        ),
        _inputs(pair.baseline),
    )


def pair_key(pair: Pair) -> str:
    """Return what names a pair within its comparison."""
    return f"{pair.baseline.example_id}#{pair.baseline.repeat}"


def _metric_row(metric: MetricComparison) -> Element:
    summaries = (metric.baseline, metric.candidate)
    if metric.refused is not None:
        return element(
            "tr",
            element("td", element("strong", metric.name)),
            element("td", _counts(summaries), css="number"),
            *(_mean(metric.name, summary) for summary in summaries),
            element(
                "td",
                chip("not compared", tone="error"),
                " ",
                metric.refused,
                css="wrap",
                colspan="3",
            ),
        )
    reading = metric.standing
    return element(
        "tr",
        element("td", element("strong", metric.name)),
        element("td", _counts(summaries), css="number"),
        *(_mean(metric.name, summary) for summary in summaries),
        _difference_cell(metric, css=reading),
        element("td", _p_value(metric), css="number"),
        element("td", _reading(metric, reading)),
    )


def _difference_cell(metric: MetricComparison, *, css: str) -> Element:
    found = metric.difference
    if found is None:
        return element("td", formats.UNKNOWN, css="number")
    return _cell(metric.name, found.difference, found.lower, found.upper, sign=True, css=css)


def _mean(name: str, summary: MetricSummary | None) -> Element:
    if summary is None:
        return element("td", formats.UNKNOWN, css="number")
    return _cell(name, summary.mean, summary.lower, summary.upper)


def _cell(
    name: str,
    value: float | None,
    lower: float | None,
    upper: float | None,
    *,
    sign: bool = False,
    css: str = "",
) -> Element:
    between = None
    if lower is not None and upper is not None:
        ends = (metric_text(name, end, sign=sign) for end in (lower, upper))
        between = element("span", " to ".join(ends), css="interval quiet")
    text = element("b", metric_text(name, value, sign=sign))
    return element("td", text, between, css=f"number {css}".rstrip())


def _counts(summaries: Sequence[MetricSummary | None]) -> str:
    counts = [formats.UNKNOWN if summary is None else str(summary.n) for summary in summaries]
    return counts[0] if counts[0] == counts[1] else " / ".join(counts)


def _p_value(metric: MetricComparison) -> str:
    if metric.p_adjusted is None:
        return ""
    return "< 0.001" if metric.p_adjusted < 0.001 else f"{metric.p_adjusted:.3f}"


def _reading(metric: MetricComparison, reading: str) -> Element:
    if metric.difference is None:
        return chip("no example scored in both")
    left_out = f" · {metric.unscored} unscored" if metric.unscored else ""
    tone = {"better": "ok", "worse": "error"}.get(reading, "")
    label = "no clear difference" if reading == "unclear" else f"B {reading}"
    return element("span", chip(label, tone=tone), left_out or None, css="quiet")


def _pair_row(pair: Pair, metric: str, selected: bool) -> Element:
    difference = _difference(pair)
    scores = [
        score.value if score else None for score in (pair.baseline_score, pair.candidate_score)
    ]
    name = pair.baseline.example_id + (
        f" · repeat {pair.baseline.repeat}" if pair.baseline.repeat else ""
    )
    return element(
        "tr",
        element("td", element("strong", name), css="ellipsis"),
        *(element("td", metric_text(metric, value), css="number") for value in scores),
        element("td", element("b", metric_text(metric, difference, sign=True)), css="number"),
        element("td", _preview(pair.baseline), css="ellipsis"),
        element("td", _preview(pair.candidate), css="ellipsis"),
        css="selected" if selected else "",
        data_pick=pair_key(pair),
        tabindex="0",
    )


def _difference(pair: Pair) -> float | None:
    baseline, candidate = pair.baseline_score, pair.candidate_score
    if baseline is None or candidate is None or baseline.value is None or candidate.value is None:
        return None
    return candidate.value - baseline.value


def _preview(result: ExampleResult) -> Element:
    if result.output is None:
        return chip("failed", tone="error", title=result.error)
    return element("span", " ".join(result.output.split())[:160])


def _side(label: str, result: ExampleResult, metric: str, *, css: str) -> Element:
    score = result.score(metric)
    link = None
    if result.trace_id:
        link = element(
            "a", "Open trace", href=f"traces?trace={result.trace_id}", data_pick=result.trace_id
        )
    said = result.output if result.output is not None else result.error or "no output"
    return element(
        "section",
        element(
            "h4",
            chip(label, tone=css),
            element("span", metric_text(metric, score.value)) if score else None,
            element("span", formats.duration(result.latency_ms), css="quiet"),
            element("span", formats.cost(result.cost_usd), css="quiet"),
            link,
        ),
        element("div", said, css="said" if result.output is not None else "said failure"),
        element("p", score.explanation, css="quiet") if score and score.explanation else None,
    )


def _references(result: ExampleResult) -> Element | None:
    if not result.references:
        return None
    texts = (element("div", text, css="said") for text in result.references)
    title = "Reference" if len(result.references) == 1 else "References"
    return element("section", element("h4", title), *texts)


def _inputs(result: ExampleResult) -> Element | None:
    if not result.inputs:
        return None
    body = element("div", plain(dict(result.inputs)), css="said")
    return element("details", element("summary", "Inputs"), body, css="text")
