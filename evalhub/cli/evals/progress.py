"""The progress of ``evalhub eval run``."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from evalhub.evals.reports import figures
from evalhub.evals.runs.runner import Progress as Step

__all__ = ["show_progress"]


@contextmanager
def show_progress(console: Console | None = None) -> Iterator[Callable[[str, Step], None]]:
    """Show a bar for each target on standard error; give what moves them.

    Beside a bar are its speed, what the whole run has spent so far, and the times that it took
    and will take. Without a terminal nothing is shown.
    """
    shown = console or Console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]} {task.fields[spent]}", style="dim"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=shown, transient=True, disable=not shown.is_terminal) as bar:
        yield _Bars(bar)


class _Bars:
    """A bar a target; its text says which phase the target is in."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._preparing: TaskID | None = self._add("preparing", None)
        self._bars: dict[str, tuple[TaskID, str]] = {}

    def __call__(self, target: str, step: Step) -> None:
        self._end_preparing()
        task, phase = self._bars.get(target, (None, ""))
        if task is None:
            task = self._add(target, step.total)
        if step.phase != phase:
            # A new phase counts from the start, and so does its speed.
            self._progress.reset(task, total=step.total, completed=step.done)
        self._bars[target] = task, step.phase
        text = f"{target}: {step.phase.replace(':', ' ')}"
        self._progress.update(
            task,
            description=text,
            completed=step.done,
            total=step.total,
            speed=self._speed(task),
            spent=_spent(step),
        )

    def _add(self, text: str, total: int | None) -> TaskID:
        return self._progress.add_task(text, total=total, speed="", spent="")

    def _end_preparing(self) -> None:
        if self._preparing is not None:
            self._progress.remove_task(self._preparing)
            self._preparing = None

    def _speed(self, task: TaskID) -> str:
        speed = self._progress.tasks[self._progress.task_ids.index(task)].speed
        return "" if speed is None else f"{speed:.1f}/s"


def _spent(step: Step) -> str:
    spent = step.spent
    parts = [figures.money(spent.usd)] if spent.usd else []
    parts += [f"{figures.count(spent.tokens)} tokens"] if spent.tokens else []
    return ", ".join(parts)
