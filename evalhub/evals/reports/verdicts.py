"""Verdicts and readings as the terminal colours them."""

from rich.text import Text

__all__ = ["UNDECIDED", "styled", "styled_standing"]

_STYLES = {"pass": "green", "fail": "red", "better": "green", "worse": "red"}
UNDECIDED = "yellow"
"""Colour of all that is neither good nor bad."""


def styled(verdict: str, *, weight: str = "") -> Text:
    """Return a gate's *verdict*, or a suite's, in its colour."""
    return Text(verdict, style=f"{weight} {_STYLES.get(verdict, UNDECIDED)}".strip())


def styled_standing(standing: str) -> Text:
    """Return how a metric stands; without a colour where nothing is known to be better."""
    return Text(standing, style=_STYLES.get(standing, ""))
