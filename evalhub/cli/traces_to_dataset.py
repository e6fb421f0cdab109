"""``evalhub traces to-dataset``: make examples of what was recorded."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from evalhub.cli.dataset_options import SampleOption, SeedOption
from evalhub.cli.datasets import stored_line
from evalhub.cli.output import JsonFlag, print_json
from evalhub.cli.trace_options import (
    FilterOption,
    ProjectOption,
    SinceOption,
    StatusOption,
    UntilOption,
    trace_filter,
)
from evalhub.errors import ConfigError
from evalhub.evals.datasets.export import export_examples
from evalhub.evals.datasets.from_traces import TraceExamples, dataset_from_traces
from evalhub.evals.datasets.spec import SampleSpec
from evalhub.evals.datasets.stored import store_dataset

__all__ = ["to_dataset"]


def to_dataset(  # noqa: PLR0917 - Typer calls it, by keyword
    name: Annotated[
        str | None,
        typer.Option(help="Store it as this data set; traces by name: --filter name=..."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write it to this .jsonl, .csv or .tsv file.")
    ] = None,
    input: Annotated[  # noqa: A002 - the option's name
        list[str] | None,
        typer.Option(
            help="An input and where the root span has it, such as question=inputs.question; "
            "may be repeated. By default all inputs of the span.",
            metavar="NAME=PATH",
        ),
    ] = None,
    reference: Annotated[
        list[str] | None,
        typer.Option(help="Where a right answer is, such as output.", metavar="PATH"),
    ] = None,
    project: ProjectOption = None,
    status: StatusOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    filter: FilterOption = None,  # noqa: A002
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many, newest first.")] = None,
    sample: SampleOption = None,
    seed: SeedOption = 0,
    json: JsonFlag = False,
) -> None:
    """Make a data set of traces: each input once, newest first.

    Paths are JMESPath over inputs, outputs, attributes and output, which is what the traced
    function returned. What was masked when it was recorded stays masked.
    """
    if name is None and out is None:
        raise ConfigError("say where the examples go: --name NAME, --out FILE, or both")
    found = dataset_from_traces(
        name or (out.name.partition(".")[0] if out is not None else ""),
        trace_filter(filter, project=project, status=status, since=since, until=until),
        inputs=_paths(input),
        references=reference or (),
        limit=limit,
        sample=None if sample is None else SampleSpec(n=sample, seed=seed),
    )
    if out is not None:
        export_examples(found.dataset.examples, out)
    is_new = name is not None and store_dataset(found.dataset)
    if json:
        print_json(_as_json(found))
        return
    if name is not None:
        typer.echo(stored_line(found.dataset, is_new=is_new))
    if out is not None:
        typer.echo(f"{len(found.dataset.examples)} examples in {out}")
    for line in _others(found):
        typer.echo(line, err=True)


def _paths(given: Sequence[str] | None) -> dict[str, str] | None:
    if not given:
        return None
    paths: dict[str, str] = {}
    for text in given:
        name, equals, path = text.partition("=")
        if not (equals and name and path):
            raise ConfigError(f"--input is {text!r}; use NAME=PATH, such as question=inputs.q")
        if name in paths:
            raise ConfigError(f"--input gives {name!r} twice; keep one")
        paths[name] = path
    return paths


def _as_json(found: TraceExamples) -> dict[str, object]:
    return {
        "name": found.dataset.name,
        "version": found.dataset.version,
        "examples": len(found.dataset.examples),
        "traces": found.traces,
        "duplicates": found.duplicates,
        "left_out": dict(found.left_out),
    }


def _others(found: TraceExamples) -> list[str]:
    """Return what is told of the traces that gave no example."""
    lines = [f"left out {count}: {reason}" for reason, count in found.left_out.items()]
    if found.duplicates:
        lines.append(f"left out {found.duplicates}: a newer trace had the same inputs")
    return lines
