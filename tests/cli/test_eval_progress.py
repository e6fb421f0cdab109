"""The progress of ``evalhub eval run``."""

import io
import re

import pytest
from rich.console import Console

from evalhub.cli.evals.progress import show_progress
from evalhub.evals.runs.budget import Cost
from evalhub.evals.runs.runner import Progress


def shown(*steps: tuple[str, Progress], terminal: bool = True) -> str:
    """Return what is drawn on a terminal of 160 columns while *steps* are reported."""
    file = io.StringIO()
    console = Console(file=file, force_terminal=terminal, width=160, color_system=None)
    with show_progress(console) as show:
        for target, step in steps:
            show(target, step)
    return re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", file.getvalue())


def test_each_target_has_a_bar_with_its_phase() -> None:
    """Phase, calls done and what was spent are there; a new phase counts from its start."""
    text = shown(
        ("baseline", Progress("calling", 3, 8, Cost(0.25, 12_345))),
        ("candidate", Progress("calling", 8, 8, Cost(0.5, 20_000))),
        ("candidate", Progress("scoring:rouge1", 1, 2, Cost(0.5, 20_000))),
    )
    last = text.rpartition("baseline: calling")[2]
    assert "3/8" in last
    assert "$0.25, 12,345 tokens" in last
    assert re.search(r"candidate: scoring rouge1 .* 1/2 .*\$0\.50, 20,000 tokens", last)
    assert "preparing" not in last


def test_names_are_no_markup() -> None:
    """A target of a matrix has square brackets in its name."""
    assert "base[model=a]: calling" in shown(("base[model=a]", Progress("calling", 1, 2)))


def test_a_log_has_a_line_each_half_minute() -> None:
    """A long night is no silence, and no line a call."""
    file, now = io.StringIO(), iter([0.0, 10.0, 31.0, 40.0, 62.0])
    with show_progress(Console(file=file, force_terminal=False), lambda: next(now)) as show:
        for done in (1, 2, 3):
            show("base[model=a]", Progress("calling", done, 8, Cost(0.25, 12_345)))
        show("base[model=a]", Progress("scoring:rouge1", 0, 2))
    assert file.getvalue().splitlines() == [
        "base[model=a]: calling 2/8, $0.25, 12,345 tokens",
        "base[model=a]: scoring rouge1 0/2",
    ]


@pytest.mark.parametrize("steps", [(), (("a", Progress("calling", 1, 2)),)])
def test_nothing_is_drawn_without_a_terminal(steps: tuple[tuple[str, Progress], ...]) -> None:
    """A log of a CI job holds no bars, and nothing of a run that is over soon."""
    assert shown(*steps, terminal=False).strip() == ""
