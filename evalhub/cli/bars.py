"""A bar on standard error that counts steps; nothing where nobody is looking."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

__all__ = ["counting"]


@contextmanager
def counting(description: str) -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar while the block lasts; give what moves it: text, steps done, of how many."""
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bar:
        task = bar.add_task(description, total=None)

        def move(told: str, done: int, total: int) -> None:
            bar.update(task, description=told, completed=done, total=total)

        yield move
