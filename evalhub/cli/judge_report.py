"""What ``evalhub judge`` prints for people: figures with their intervals, and what to mind."""

from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from evalhub.metrics.judge.calibration_file import SavedCalibration
from evalhub.metrics.judge.calibration_record import Calibration
from evalhub.metrics.judge.canary import CanaryResult
from evalhub.metrics.stats.figure import Figure
from evalhub.metrics.stats.ratings import Label

__all__ = ["print_calibration", "print_canaries"]

_WIDTH = 100
"""Columns of a report that nobody is looking at."""
_MOST_CHANGES = 10


def print_calibration(saved: SavedCalibration) -> None:
    """Print the figures, the confusion matrix, and what makes them weaker than they look."""
    found, out = saved.calibration, _console()
    out.print(f"{found.n} outputs labelled by judge and people ({found.kind})", style="bold")
    if saved.signature is not None:
        out.print(saved.signature, markup=False, soft_wrap=True)
    for line in _told(found):
        out.print(line, markup=False)
    out.print()
    out.print(_figures(found))
    out.print()
    if found.confusion:
        out.print(_confusion(found))
    for warning in found.warnings:
        out.print(f"! {warning}", style="yellow", markup=False)


def print_canaries(result: CanaryResult) -> None:
    """Print whether the judge moved, by what, and which grades changed."""
    out = _console()
    out.print(_verdict(result), style="bold", markup=False)
    for reason in result.reasons:
        out.print(f"- {reason}", markup=False)
    if result.shift.value is not None:
        out.print(
            f"mean grade now minus then: {_number(result.shift.value)} {_between(result.shift)}"
        )
    if result.changes:
        out.print(_changes(result))
    hidden = len(result.changes) - _MOST_CHANGES
    if hidden > 0:
        out.print(f"and {hidden} more")


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_WIDTH)


def _told(found: Calibration) -> Iterator[str]:
    """Yield what the figures rest on, beside the labels themselves."""
    if found.unjudged:
        yield f"{found.unjudged} labelled outputs have no verdict of the judge's"
    if found.split is not None:
        yield (
            f"figures from the {found.split.held_out:.0%} held out (seed {found.split.seed}); "
            f"{found.split.chosen_on} labels were left to choose by"
        )
    if found.threshold is not None:
        how = "chosen by the others" if found.threshold_chosen else "given"
        yield f"the judge passes grades from {found.threshold:g} ({how})"
    if found.human_threshold is not None:
        yield f"people pass grades from {found.human_threshold:g}"
    if found.rounded:
        yield "the judge's grades are rounded to the steps of people's, but for means and bias"
    if found.clusters is not None:
        yield f"intervals count {found.clusters} clusters"


def _figures(found: Calibration) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("", no_wrap=True)
    for title in ("value", "95% interval", "n"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("", overflow="fold")
    for name, figure in _named(found):
        table.add_row(
            name,
            _number(figure.value),
            _between(figure),
            str(figure.n),
            escape(figure.reason or ""),
        )
    return table


def _named(found: Calibration) -> Iterator[tuple[str, Figure]]:
    yield "accuracy", found.accuracy
    yield ("kappa (quadratic)" if found.grades else "kappa"), found.kappa
    yield _alpha_name(found), found.alpha
    if found.verdicts is not None:
        yield "base rate (people pass)", found.verdicts.base_rate
        yield "judge passes", found.verdicts.judge_rate
        yield "true passes it passes (TPR)", found.verdicts.true_pass_rate
        yield "true fails it fails (TNR)", found.verdicts.true_fail_rate
        if found.verdicts.observed_rate is not None:
            yield "judge passes, unlabelled", found.verdicts.observed_rate
        if found.verdicts.corrected_rate is not None:
            yield "bias-corrected pass rate", found.verdicts.corrected_rate
    if found.grades is not None:
        yield "mean grade of people", found.grades.human_mean
        yield "mean grade of the judge", found.grades.judge_mean
        yield "judge minus people", found.grades.bias
    if found.humans is not None:
        yield f"alpha of {found.humans.raters} people", found.humans.alpha
        yield "kappa of two people", _mean(found.humans.pair_kappa, found.n)
        yield "kappa of judge and one", _mean(found.humans.judge_pair_kappa, found.n)


def _alpha_name(found: Calibration) -> str:
    if found.grades is None:
        return "alpha"
    return "alpha (ordinal)" if found.confusion else "alpha (interval)"


def _mean(value: float | None, n: int) -> Figure:
    return Figure(n, value, reason="a mean of pairs, without an interval")


def _confusion(found: Calibration) -> Table:
    """Show the labels that were used; a scale may have many more."""
    columns = [i for i in range(len(found.categories)) if any(row[i] for row in found.confusion)]
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("people | judge", no_wrap=True)
    for i in columns:
        table.add_column(escape(_label(found, found.categories[i])), justify="right")
    for label, row in zip(found.categories, found.confusion, strict=True):
        if any(row):
            table.add_row(escape(_label(found, label)), *(str(row[i]) for i in columns))
    return table


def _label(found: Calibration, label: Label) -> str:
    if found.verdicts is not None:
        return "pass" if label else "fail"
    return f"{label:g}" if isinstance(label, float) else str(label)


def _verdict(result: CanaryResult) -> str:
    judged = f"{len(result.changes)} of {result.n} grades changed"
    failed = f", {result.errored} requests failed" if result.errored else ""
    if result.moved:
        return f"the judge moved: {judged}{failed}"
    if not result.complete:
        return f"cannot tell whether the judge moved: {judged}{failed}"
    return f"the judge has not moved: {judged}{failed}"


def _changes(result: CanaryResult) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("canary", overflow="fold")
    for title in ("then", "now"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("the judge says", overflow="ellipsis", no_wrap=True)
    for change in result.changes[:_MOST_CHANGES]:
        reason = " ".join((change.reason or "").split())
        table.add_row(escape(change.id), _grade(change.before), _grade(change.now), escape(reason))
    return table


def _grade(grade: float | None) -> str:
    return "–" if grade is None else f"{grade:g}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _between(figure: Figure) -> str:
    if figure.lower is None or figure.upper is None:
        return "–"
    return f"{figure.lower:.3f} to {figure.upper:.3f}"
