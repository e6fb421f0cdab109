"""Gates as people write them, and as reports read them out."""

import math

import pytest

from evalhub.errors import ConfigError
from evalhub.evals.gates.demand import Gate, read_margin


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"not_worse_than": "a", "better_than": "b"}, "needs exactly one of"),
        ({"at_most": 1, "statistic": "p100"}, "has statistic 'p100'; use mean"),
        ({"at_most": 1, "statistic": "pass@0"}, "has statistic 'pass@0'; use mean or"),
        ({"at_most": 1, "statistic": "pass@3"}, "which is a column: metric: METRIC_pass@3"),
        ({"not_worse_than": "a", "statistic": "p95"}, "compares p95 of two targets"),
        ({"at_least": math.nan}, "has the limit nan; give a finite number"),
        ({"at_most": math.inf}, "has the limit inf"),
        ({"better_than": "a", "method": "observed"}, "compares by method observed"),
        ({"at_most": 1, "method": "bayes"}, "has method 'bayes'; use usual, exact or observed"),
    ],
)
def test_a_gate_that_makes_no_sense_says_why(settings: dict[str, object], message: str) -> None:
    """Before anything is run, in one line."""
    with pytest.raises(ConfigError, match=message):
        Gate("m", **settings)  # type: ignore[arg-type]  # the table holds what is wrong


@pytest.mark.parametrize(
    ("gate", "sentence"),
    [
        (Gate("m", at_least=0.5), "m at least 0.5"),
        (Gate("m", at_most=0), "m at most 0"),
        (Gate("m", not_worse_than="a", margin=0.02), "m not worse than a (0.02)"),
        (
            Gate("m", better_than="a", margin=0.02, is_relative=True, slices=("language",)),
            "m better than a by 2% in every language",
        ),
        (Gate("latency_ms", at_most=2000, statistic="p95"), "p95 of latency_ms at most 2000"),
    ],
)
def test_a_demand_in_words(gate: Gate, sentence: str) -> None:
    """Reports name a gate by its sentence."""
    assert gate.sentence == sentence


@pytest.mark.parametrize(
    ("text", "expected"), [("0.02", (0.02, False)), ("2%", (0.02, True)), (" 2.5 %", (0.025, True))]
)
def test_a_margin_as_people_write_it(text: str, expected: tuple[float, bool]) -> None:
    """A number, or a share of the other's mean."""
    assert read_margin(text) == expected


def test_a_margin_that_is_neither_is_told() -> None:
    """The command line and suite files say the same."""
    with pytest.raises(ConfigError, match="has margin 'two'; use a number or a share such as 2%"):
        read_margin("two")
