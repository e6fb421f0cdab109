"""Options of ``evalhub judge`` that several commands have: which judge, and what it is shown."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from evalhub.cli.yaml_values import assigned_value
from evalhub.errors import ConfigError
from evalhub.evals.datasets.load import load_dataset
from evalhub.evals.datasets.spec import DatasetSpec
from evalhub.llm.endpoint import Endpoint, endpoint_at, open_endpoint, resolve_endpoint
from evalhub.llm.openai import OpenAIChat
from evalhub.metrics.base import Metric
from evalhub.metrics.registry import describe, load

__all__ = [
    "BaseUrl",
    "Columns",
    "ContextsColumn",
    "Criteria",
    "IdColumn",
    "InputColumns",
    "JudgeName",
    "JudgeOptions",
    "ModelName",
    "OutputColumn",
    "ReferenceColumn",
    "Replay",
    "Row",
    "Settings",
    "open_judge",
    "read_rows",
    "shown_columns",
]

JudgeName = Annotated[str, typer.Option("--judge", help="The judge: a metric's name.")]
Criteria = Annotated[
    str | None, typer.Option(help="What it judges: words, or a ready rubric's name.")
]
ModelName = Annotated[str | None, typer.Option(help="The model that judges.")]
BaseUrl = Annotated[str | None, typer.Option(help="Where it answers, such as http://HOST/v1.")]
Replay = Annotated[
    Path | None, typer.Option(help="A recording that answers in place of the model.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="Another setting of the judge, in YAML.", metavar="KEY=VALUE"),
]
IdColumn = Annotated[str, typer.Option("--id", help="Column with the id.")]
OutputColumn = Annotated[str, typer.Option("--output", help="Column with the output.")]
InputColumns = Annotated[
    list[str] | None, typer.Option("--input", help="Column with an input; may be given again.")
]
ReferenceColumn = Annotated[str, typer.Option("--reference", help="Column with a right answer.")]
ContextsColumn = Annotated[str, typer.Option("--contexts", help="Column with retrieved chunks.")]


@dataclass(frozen=True, slots=True)
class JudgeOptions:
    """Which judge, and who answers it."""

    name: str
    criteria: str | None = None
    model: str | None = None
    base_url: str | None = None
    replay: Path | None = None
    settings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Columns:
    """What the columns of a file are called."""

    id: str = "id"
    output: str = "output"
    inputs: Sequence[str] = ("input",)
    reference: str = "reference"
    contexts: str = "contexts"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a file."""

    id: str
    values: Mapping[str, Any]


@contextmanager
def open_judge(options: JudgeOptions, *, keeps: bool = False) -> Iterator[Metric]:
    """Give the judge; the embedded model runs while the block lasts, where it is the one.

    Any metric can be held against people's labels; one that asks no model gets none. With
    *keeps* its answers are kept, unless the options say otherwise: asked again, they cost
    nothing.

    Raises:
        MetricError: no metric has this name, or a setting does not fit.
        ConfigError: the endpoint, the recording or a setting cannot be used.
        ModelError: the embedded model is not pulled or does not start.
    """
    settings, known = _settings(options), describe(options.name).settings
    if options.replay is not None or "client" not in known:
        yield load(options.name, **settings)
        return
    if keeps and "cache" in known and not settings.get("replay"):
        settings.setdefault("cache", True)
    with _endpoint(options) as endpoint, OpenAIChat(endpoint) as client:
        yield load(options.name, client=client, **settings)


def read_rows(path: Path, needed: Sequence[str], *, id_column: str) -> list[Row]:
    """Return the lines of a JSON Lines or CSV file that has the columns *needed*.

    Raises:
        DatasetError: the file cannot be read, lacks a column, or has an id twice.
    """
    spec = DatasetSpec(path=str(path), id=id_column, inputs=list(needed))
    found = load_dataset(spec)
    return [Row(item.id, {**item.metadata, **item.inputs}) for item in found.examples]


def shown_columns(
    metric: Metric, rows: Sequence[Row], columns: Columns
) -> dict[str, Sequence[Any]]:
    """Return the columns that *metric* asks for, read from *rows*.

    Raises:
        ConfigError: a row lacks one.
    """
    return {
        name: [_value(name, row, columns, metric.name) for row in rows] for name in metric.requires
    }


def _value(name: str, row: Row, columns: Columns, metric: str) -> object:
    if name == "ids":
        return row.id
    if name == "metadata":
        return row.values
    if name == "inputs":
        return {key: _cell(key, row, metric) for key in columns.inputs}
    named = {
        "outputs": columns.output,
        "references": columns.reference,
        "contexts": columns.contexts,
    }
    return _cell(named.get(name, name), row, metric)


def _cell(column: str, row: Row, metric: str) -> object:
    if column not in row.values:
        raise ConfigError(
            f"{metric} needs the column {column!r}, which row {row.id!r} lacks; it has "
            f"{', '.join(row.values)}: name the right one (--output, --input, --reference ...)"
        )
    return row.values[column]


def _settings(options: JudgeOptions) -> dict[str, Any]:
    named = {
        "criteria": options.criteria,
        "replay": None if options.replay is None else str(options.replay),
    }
    given = {key: value for key, value in named.items() if value is not None}
    return {**given, **dict(_setting(text) for text in options.settings)}


def _setting(text: str) -> tuple[str, Any]:
    key, equals, _ = text.partition("=")
    if not key or not equals:
        raise ConfigError(f"--set {text!r} is not KEY=VALUE; write it as --set explain=false")
    return key, assigned_value(text)


@contextmanager
def _endpoint(options: JudgeOptions) -> Iterator[Endpoint]:
    if options.base_url is not None:
        yield _at(options.base_url, options.model)
    elif options.model is not None:
        named = resolve_endpoint({**os.environ, "EVALHUB_MODEL": options.model})
        if named is None:
            raise ConfigError(
                f"the model {options.model!r} needs an endpoint; give --base-url, or set "
                "OPENAI_API_KEY or OPENAI_BASE_URL"
            )
        yield named
    else:
        with open_endpoint() as endpoint:
            yield endpoint


def _at(base_url: str, model: str | None) -> Endpoint:
    if model is None:
        raise ConfigError(f"--base-url is {base_url!r}; name its model with --model")
    return endpoint_at(base_url, model)
