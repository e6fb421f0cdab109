"""Print how well metrics follow people's ratings, and whether published values came out."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from evalhub.metrics.meta_eval import Contest, Following
from evalhub.metrics.meta_eval_summeval import TOLERANCE, Reproduced
from evalhub.metrics.stats.intervals import Interval

__all__ = ["following_as_json", "print_following", "print_reproduced", "reproduced_as_json"]


def print_reproduced(values: Sequence[Reproduced], console: Console) -> None:
    """Print our values beside the published ones, and which of them differ."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("metric", "dimension", "statistic"):
        table.add_column(title)
    for title in ("published", "ours", "difference"):
        table.add_column(title, justify="right")
    table.add_column("")
    for value in values:
        figures = (f"{value.published:.3f}", f"{value.ours:.4f}", f"{value.difference:+.4f}")
        verdict = "" if value.agrees else "[red]differs[/red]"
        table.add_row(value.variant, value.dimension, value.statistic, *figures, verdict)
    console.print(table)
    agreeing = sum(value.agrees for value in values)
    console.print(f"{agreeing} of {len(values)} values within {TOLERANCE} of the published ones")


def print_following(
    found: Sequence[Following], contests: Sequence[Contest], console: Console
) -> None:
    """Print a row a column and dimension, then what the columns' contests came to."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("metric", overflow="fold")
    table.add_column("dimension")
    for title in ("rho", "95% interval", "tau", "95% interval", "system tau", "unscored"):
        table.add_column(title, justify="right", no_wrap=True)
    for item in found:
        figures = (*_figures(item.spearman), *_figures(item.kendall))
        table.add_row(
            escape(item.column),
            item.dimension,
            *figures,
            f"{item.system_kendall:.3f}",
            str(item.unscored),
        )
    console.print(table)
    for contest in contests:
        console.print(escape(_told(contest)), soft_wrap=True)
    for signature in dict.fromkeys(item.signature for item in found):
        console.print(signature, style="dim", markup=False, soft_wrap=True)


def reproduced_as_json(values: Sequence[Reproduced]) -> dict[str, Any]:
    """Return *values* as plain data."""
    return {
        "tolerance": TOLERANCE,
        "agrees": all(value.agrees for value in values),
        "values": [
            {**asdict(value), "difference": value.difference, "agrees": value.agrees}
            for value in values
        ],
    }


def following_as_json(found: Sequence[Following], contests: Sequence[Contest]) -> dict[str, Any]:
    """Return *found* and *contests* as plain data."""
    return {
        "metrics": [asdict(item) for item in found],
        "williams": [asdict(contest) for contest in contests],
    }


def _told(contest: Contest) -> str:
    about = f"{contest.first} against {contest.second} on {contest.dimension}"
    test = contest.test
    if test is None:
        return f"{about}: cannot be tested, a side is constant or the two are one"
    return f"{about}: Williams t({test.degrees}) = {test.t:.2f}, p = {test.p_value:.4f}"


def _figures(interval: Interval) -> tuple[str, str]:
    value = "–" if interval.mean is None else f"{interval.mean:.3f}"
    if interval.lower is None or interval.upper is None:
        return value, ""
    return value, f"[{interval.lower:.3f}, {interval.upper:.3f}]"
