"""What each kind of trace takes, as a table: a row for each name."""

from collections.abc import Sequence

from evalhub.dashboards import formats
from evalhub.dashboards.markup import Element, element, table
from evalhub.store import NameTotals

__all__ = ["name_list"]

_NUMERIC = ("Calls", "Errors", "p50", "p95", "Tokens in / out")


def name_list(totals: Sequence[NameTotals]) -> Element:
    """Return *totals* in the given order; a row picks its name.

    There is a column of costs when one of them is known.
    """
    has_cost = any(item.cost_usd is not None for item in totals)
    numeric = (*_NUMERIC, "Cost") if has_cost else _NUMERIC
    rows = [_row(item, has_cost) for item in totals]
    return table(("Name", *numeric), rows, numeric=numeric, css="names")


def _row(item: NameTotals, has_cost: bool) -> Element:
    numbers = [
        formats.compact(item.calls),
        formats.compact(item.errors),
        formats.duration(item.p50_ms),
        formats.duration(item.p95_ms),
        formats.tokens(item.input_tokens, item.output_tokens),
    ]
    if has_cost:
        numbers.append(formats.cost(item.cost_usd))
    return element(
        "tr",
        element("td", element("a", item.name, css="ellipsis", href="traces"), css="name"),
        *(element("td", number, css="number") for number in numbers),
        data_pick=item.name,
    )
