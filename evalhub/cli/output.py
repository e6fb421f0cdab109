"""How commands print: JSON for machines, tables for people."""

import sys
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

__all__ = ["JsonFlag", "console", "print_json", "print_table"]

JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]

console = Console(highlight=False)
"""Standard output for people; 80 columns wide when nobody is looking."""


def print_json(value: Any) -> None:
    """Print *value* as indented JSON, dates and numpy numbers included."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY
    sys.stdout.buffer.write(orjson.dumps(value, option=options) + b"\n")
    sys.stdout.buffer.flush()


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, numeric: Sequence[str] = ()
) -> None:
    """Print *rows* under *columns*; those in *numeric* are right-aligned."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in numeric else "left")
    for row in rows:
        table.add_row(*row)
    console.print(table)
