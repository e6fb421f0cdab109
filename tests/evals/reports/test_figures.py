"""How reports write numbers."""

import pytest

from evalhub.evals.reports import figures


@pytest.mark.parametrize(
    ("value", "lower", "upper", "shown"),
    [
        (0.25, 0.2, 0.3, "0.250 [0.200, 0.300]"),
        (-0.0004, -0.01, 0.01, "0.000 [-0.010, 0.010]"),
        (0.002, -0.001, 0.005, "0.0020 [-0.0010, 0.0050]"),
        (4e-06, -2e-05, 3e-05, "4.0 [-20.0, 30.0] ×10⁻⁶"),
        (1234.5, 1200.0, 1300.0, "1,234 [1,200, 1,300]"),
        (12.5, 9.0, 20.0, "12.5 [9.0, 20.0]"),
        (0.5, None, None, "0.500"),
        (None, None, None, "–"),
        (0.0, 0.0, 0.0, "0.000 [0.000, 0.000]"),
    ],
)
def test_an_interval_has_the_digits_that_its_size_asks_for(
    value: float | None, lower: float | None, upper: float | None, shown: str
) -> None:
    """All three numbers have the same decimals; a rounded -0 has no sign."""
    assert figures.interval(value, lower, upper) == shown


@pytest.mark.parametrize(
    ("usd", "shown"),
    [
        (None, "–"),
        (0.0, "$0.00"),
        (1234.5, "$1,234.50"),
        (0.25, "$0.25"),
        (0.0896, "$0.0896"),
        (0.000448, "$0.000448"),
    ],
)
def test_money_below_a_cent_keeps_its_digits(usd: float | None, shown: str) -> None:
    """What is not known is a dash and not 0."""
    assert figures.money(usd) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.04, "0.0 s"),
        (59.9, "59.9 s"),
        (59.96, "1 min 0 s"),
        (185, "3 min 5 s"),
        (7800, "2 h 10 min"),
    ],
)
def test_times_have_the_unit_that_fits(seconds: float, shown: str) -> None:
    """There is never a 60 s."""
    assert figures.time_taken(seconds) == shown


def test_metrics_with_a_unit_show_it() -> None:
    """Dollars and milliseconds are told from scores, also as differences."""
    assert figures.metric("cost_usd", -0.002, sign="+") == "-$0.00200"
    assert figures.metric("latency_ms", 1500.0, sign="+") == "+1.5 s"
    assert figures.metric("rouge1", 0.5) == "0.500"
    assert figures.metric("rouge1", None) == "–"


def test_p_values_and_counts() -> None:
    """A small p is not shown as 0."""
    assert [figures.p_value(p) for p in (None, 0.0001, 0.04)] == ["–", "<.001", "0.040"]
    assert [figures.plural(n, "gate") for n in (0, 1, 1200)] == ["0 gates", "1 gate", "1,200 gates"]
