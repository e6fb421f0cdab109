"""What each kind of trace takes, as a table."""

from dataclasses import replace

from evalhub.dashboards.markup import text_of
from evalhub.dashboards.namelist import name_list
from evalhub.store import NameTotals

ANSWER = NameTotals("answer", 1200, 3, 45_600, None, None, 340.0, 1200.0, 2000.0)


def test_a_name_has_its_calls_latency_and_tokens() -> None:
    """Numbers are written as everywhere else; what is not known is a dash."""
    shown = text_of(name_list([ANSWER]))
    assert "answer 1.2k 3 340 ms 1.2 s 45.6k / –" in shown


def test_costs_have_a_column_when_one_is_known() -> None:
    """A column of dashes says nothing; beside a known cost a dash says something."""
    assert "Cost" not in text_of(name_list([ANSWER]))
    shown = text_of(name_list([replace(ANSWER, cost_usd=0.5), ANSWER]))
    assert "Cost" in shown
    assert "$0.50" in shown
    assert shown.endswith("–")
