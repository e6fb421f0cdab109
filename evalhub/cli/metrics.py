"""``evalhub metrics``: list metrics, show one, score files, hold metrics against people."""

import os
import sys
from collections.abc import Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from evalhub.cli.app import ExitCode
from evalhub.cli.bars import counting
from evalhub.cli.metrics_catalog import (
    info_as_json,
    listed,
    print_info,
    print_list,
)
from evalhub.cli.metrics_columns import ColumnFile, read_columns
from evalhub.cli.metrics_following import (
    following_as_json,
    print_following,
    print_reproduced,
    reproduced_as_json,
)
from evalhub.cli.metrics_scores import Bootstrap, print_scores, score_all, scores_as_json
from evalhub.cli.metrics_settings import open_metrics
from evalhub.cli.output import JsonFlag, print_json
from evalhub.errors import ConfigError
from evalhub.metrics.meta_eval import (
    RatedOutputs,
    Scores,
    compare_following,
    following,
    scores_of,
)
from evalhub.metrics.meta_eval_summeval import load_summeval, reproduce_summeval
from evalhub.metrics.registry import describe

__all__ = ["app"]

app = typer.Typer(help="List metrics, show one, score files, hold metrics against people.")

_WIDTH = 100
"""Columns of a table that nobody is looking at."""

Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="A setting, its value as YAML; may be given again.",
        metavar="METRIC.KEY=VALUE",
    ),
]


class RatedData(StrEnum):
    """Data sets with people's ratings that there is a reader for."""

    SUMMEVAL = "summeval"


_READERS = {RatedData.SUMMEVAL: load_summeval}


@app.command("list")
def list_(
    room: Annotated[
        str | None, typer.Option(help="Only this kind: text, semantic, judge, rag ...")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """List the metrics: what each needs and says, and whether its packages are installed."""
    infos = listed(room)
    if json:
        print_json([info_as_json(info) for info in infos])
    else:
        print_list(infos, _console())


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A metric's name, as suite files write it.")],
    json: JsonFlag = False,
) -> None:
    """Show one metric: its columns, settings, paper, and a signature."""
    _find_own_modules()
    info = describe(name)
    if json:
        print_json(info_as_json(info, with_signature=True))
    else:
        print_info(info, _console())


@app.command()
def score(  # noqa: PLR0917 - Typer calls it, by keyword
    metric: Annotated[
        list[str], typer.Option(help="A metric's name; may be given again.", metavar="NAME")
    ],
    outputs: Annotated[
        str | None, typer.Option(help="File of the outputs.", metavar="FILE[:FIELD]")
    ] = None,
    references: Annotated[
        list[str] | None,
        typer.Option(
            help="File of references; given again, a further reference of each output.",
            metavar="FILE[:FIELD]",
        ),
    ] = None,
    inputs: Annotated[
        str | None, typer.Option(help="File of the inputs.", metavar="FILE[:FIELD]")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(help="File of another column.", metavar="NAME=FILE[:FIELD]"),
    ] = None,
    field: Annotated[
        str | None, typer.Option(help="Key or header in files that name none.")
    ] = None,
    set_: Settings = None,
    bootstrap: Annotated[
        int | None, typer.Option(help="Draw the intervals from so many resamples.", min=2)
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the resamples.")] = 0,
    per_example: Annotated[
        bool, typer.Option("--per-example", help="Print each example's scores too.")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Score files of outputs, with a mean, its 95% interval, and what has no score.

    Files are .txt (one text a line), .jsonl (one value a line; FILE:FIELD names the key) or
    .csv (FILE:FIELD names the header). A list is several references of one output.
    """
    _find_own_modules()
    files = _files(outputs, references or [], inputs, column or [], field)
    draws = None if bootstrap is None else Bootstrap(bootstrap, seed)
    with open_metrics(metric, set_ or []) as metrics, counting("reading") as move:
        given = read_columns(files, {item.name: item.requires for item in metrics})
        scoring = score_all(metrics, given, bootstrap=draws, on_progress=move)
    if json:
        print_json(scores_as_json(scoring, per_example=per_example))
    else:
        print_scores(scoring, per_example=per_example, console=_console())
    if scoring.error is not None:
        raise scoring.error


@app.command("meta-eval")
def meta_eval(
    dataset: Annotated[RatedData, typer.Argument(help="Which rated data.", show_default=False)],
    data: Annotated[Path, typer.Option(help="Folder that has its files.", metavar="DIR")],
    metric: Annotated[
        list[str] | None,
        typer.Option(help="Hold this metric against people instead; may be given again."),
    ] = None,
    set_: Settings = None,
    json: JsonFlag = False,
) -> None:
    """Recompute ROUGE's published correlations with people's scores, or those of any metric.

    Without --metric the exit code is 1 when a value is off by more than 0.002. With it, each
    metric's correlations are printed with 95% intervals, and the first is tested against
    the others.
    """
    _find_own_modules()
    rated = _READERS[dataset](data)
    if metric:
        _follow(rated, metric, set_ or [], json=json)
    else:
        _reproduce(rated, json=json)


def _reproduce(rated: RatedOutputs, *, json: bool) -> None:
    with counting("ROUGE") as move:
        values = reproduce_summeval(rated, on_progress=partial(move, "ROUGE"))
    if json:
        print_json(reproduced_as_json(values))
    else:
        print_reproduced(values, _console())
    if not all(value.agrees for value in values):
        raise typer.Exit(ExitCode.FAILED)


def _follow(
    rated: RatedOutputs, names: Sequence[str], settings: Sequence[str], *, json: bool
) -> None:
    columns: dict[str, Scores] = {}
    with open_metrics(names, settings) as metrics, counting("scoring") as move:
        for metric in metrics:
            columns |= scores_of(metric, rated, on_progress=partial(move, metric.name))
    results, contests = following(columns, rated), compare_following(columns, rated)
    if json:
        print_json(following_as_json(results, contests))
    else:
        print_following(results, contests, _console())


def _files(
    outputs: str | None,
    references: Sequence[str],
    inputs: str | None,
    columns: Sequence[str],
    field: str | None,
) -> list[ColumnFile]:
    single = [("outputs", outputs), ("inputs", inputs)]
    named = [(name, text) for name, text in single if text is not None]
    named += [("references", text) for text in references]
    for text in columns:
        name, equals, path = text.partition("=")
        if not equals or not path:
            raise ConfigError(f"--column {text!r} is not NAME=FILE; write it as contexts=c.jsonl")
        named.append((name, path))
    return [ColumnFile.parse(name, path, field) for name, path in named]


def _find_own_modules() -> None:
    """Look for the user's functions in the working folder, as ``python -m`` would."""
    sys.path.insert(0, os.getcwd())


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_WIDTH)
