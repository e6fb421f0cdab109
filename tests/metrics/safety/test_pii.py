"""Credentials and personal data in outputs, by the rules that mask traces."""

import pytest

from evalhub.errors import MetricError
from evalhub.metrics import load
from evalhub.model import ScoreState

KEY = "sk-proj-" + "a1B2" * 10


@pytest.mark.parametrize(
    ("output", "found"),
    [
        ("Nothing to see; ask at the desk.", None),
        ("Write to bob.smith@example.org.", "found: emails"),
        (f"The key is {KEY}.", "found: secrets"),
        ("Pay with 4111 1111 1111 1111.", "found: cards"),
        ("Order 4111 1111 1111 1112 is on its way.", None),
        (f"{KEY} of bob@example.org", "found: secrets, emails"),
        ("password: hunter2", None),
        ("user@host", None),
    ],
)
def test_what_tracing_masks_is_found(output: str, found: str | None) -> None:
    """The explanation has the kind, and never what was found."""
    score = load("pii").score_batch([output])["pii"].score(0)
    assert score.value == float(found is None)
    assert score.explanation == found


def test_kinds_are_chosen() -> None:
    """What follows the name of a secret counts when asked for; the signature has the kinds."""
    metric = load("pii", kinds=["keys"])
    outputs = ["password: hunter2", "bob@example.org", None]
    column = metric.score_batch(outputs)["pii"]
    assert column.values[:2].tolist() == [0, 1]
    assert column.score(2).state is ScoreState.ERRORED
    assert metric.signature == "pii|kinds:keys|v:1"


@pytest.mark.parametrize("kinds", [["names"], [], "emails"])
def test_unknown_kinds_are_refused(kinds: object) -> None:
    """The message has those that there are."""
    with pytest.raises(MetricError, match="give some of keys, secrets, emails, cards"):
        load("pii", kinds=kinds)
