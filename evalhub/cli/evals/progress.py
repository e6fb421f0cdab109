"""The progress of ``evalhub eval run``."""

import time
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

_SILENCE_S = 30.0
"""Seconds between two lines in a log: a night of calls must not look like one that hangs."""


@contextmanager
def show_progress(
    console: Console | None = None, clock: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[str, Step], None]]:
    """Show a bar for each target on standard error; give what moves them.

    Beside a bar are its speed, what the whole run has spent so far, and the times that it took
    and will take. Without a terminal there is a line each half minute by *clock* (seconds).
    """
    shown = console or Console(stderr=True)
    if not shown.is_terminal:
        yield _Lines(shown, clock)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]} {task.fields[spent]}", style="dim"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=shown, transient=True) as bar:
        yield _Bars(bar)


class _Lines:
    """A line now and then, for a log."""

    def __init__(self, console: Console, clock: Callable[[], float]) -> None:
        self._console = console
        self._clock = clock
        self._said_s = clock()

    def __call__(self, target: str, step: Step) -> None:
        now = self._clock()
        if now - self._said_s < _SILENCE_S:
            return
        self._said_s = now
        parts = [f"{_described(target, step)} {step.done}/{step.total}", _spent(step)]
        line = ", ".join(part for part in parts if part)
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


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
        self._progress.update(
            task,
            description=_described(target, step),
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


def _described(target: str, step: Step) -> str:
    return f"{target}: {step.phase.replace(':', ' ')}"


def _spent(step: Step) -> str:
    spent = step.spent
    parts = [figures.money(spent.usd)] if spent.usd else []
    parts += [f"{figures.count(spent.tokens)} tokens"] if spent.tokens else []
    return ", ".join(parts)
