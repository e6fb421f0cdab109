"""What was said of one trace, as a table: by metrics, judges, people and users."""

from collections.abc import Sequence

from evalhub.dashboards import formats
from evalhub.dashboards.comparison import metric_text
from evalhub.dashboards.markup import Element, chip, element, table
from evalhub.model import Score
from evalhub.store import StoredScore

__all__ = ["score_list"]

_HEADERS = ("Score", "Value", "From", "About", "Given (UTC)", "Why")


def score_list(scores: Sequence[StoredScore]) -> Element:
    """Return *scores* in the given order; one without a value has its state in the place."""
    return table(_HEADERS, [_row(stored) for stored in scores], numeric=("Value",), css="scores")


def _row(stored: StoredScore) -> Element:
    given = stored.score
    return element(
        "tr",
        element("td", element("strong", given.name), title=given.signature or None),
        element("td", _value(given), css="number"),
        element("td", chip(stored.source)),
        element("td", "the trace" if stored.span_id is None else "a span", css="quiet"),
        element("td", formats.timestamp(stored.created_ns), css="quiet"),
        element("td", given.explanation or "", css="wrap"),
    )


def _value(given: Score) -> Element | str:
    if given.label is not None:
        return given.label if given.value is None else f"{given.label} ({given.value:g})"
    if given.value is None:
        return chip(given.state.value, tone="error")
    return metric_text(given.name, given.value)
