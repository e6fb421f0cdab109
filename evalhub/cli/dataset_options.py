"""Options that say what the columns of a data set mean, and which rows of it are taken."""

from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from pydantic import ValidationError

from evalhub.errors import ConfigError
from evalhub.evals.datasets.spec import DatasetSpec, SampleSpec

__all__ = [
    "ClusterOption",
    "ContextsOption",
    "ExpectedToolCallsOption",
    "IdOption",
    "InputOption",
    "ReferenceOption",
    "RelevantIdsOption",
    "SampleOption",
    "SeedOption",
    "SplitOption",
    "WhereOption",
    "dataset_spec",
]

IdOption = Annotated[
    str | None,
    typer.Option(help="Column of the ids; by default id, and without it a hash of each row."),
]
InputOption = Annotated[
    list[str] | None, typer.Option(help="Column that the target is given; may be repeated.")
]
ReferenceOption = Annotated[
    list[str] | None, typer.Option(help="Column with right answers; may be repeated.")
]
ClusterOption = Annotated[
    str | None, typer.Option(help="Column of what makes examples depend on each other.")
]
RelevantIdsOption = Annotated[
    str | None, typer.Option(help="Column with the ids of the documents to be found.")
]
ExpectedToolCallsOption = Annotated[
    str | None, typer.Option(help="Column with the tool calls to be made.")
]
ContextsOption = Annotated[
    str | None, typer.Option(help="Column with the texts that an answer may rest on.")
]
SplitOption = Annotated[str | None, typer.Option(help="Split of a Hugging Face folder.")]
WhereOption = Annotated[
    list[str] | None,
    typer.Option(help="Only rows where COLUMN=VALUE; may be repeated.", metavar="COLUMN=VALUE"),
]
SampleOption = Annotated[
    int | None, typer.Option(min=1, help="Only so many examples, taken at random.")
]
SeedOption = Annotated[int, typer.Option(help="What makes --sample take the same ones again.")]


def dataset_spec(
    file: Path,
    *,
    split: str | None,
    where: list[str] | None,
    sample: int | None,
    seed: int,
    **roles: Any,
) -> DatasetSpec:
    """Return the spec of the data set in *file*, a file or a Hugging Face folder.

    Raises:
        ConfigError: an option is not as it should be, or does not go with another.
    """
    source: dict[str, Any] = {"huggingface" if file.is_dir() else "path": str(file)}
    given = {key: value for key, value in {"split": split, **roles}.items() if value}
    try:
        return DatasetSpec(
            **source,
            **given,
            where=dict(_condition(text) for text in where or ()),
            sample=None if sample is None else SampleSpec(n=sample, seed=seed),
        )
    except ValidationError as error:
        first = error.errors()[0]
        name = f"{'.'.join(str(step) for step in first['loc'])}: " if first["loc"] else ""
        raise ConfigError(f"{file}: {name}{first['msg'].removeprefix('Value error, ')}") from None


def _condition(text: str) -> tuple[str, str | int | float | bool | None]:
    column, equals, value = text.partition("=")
    if not equals or not column:
        raise ConfigError(f"--where is {text!r}; use COLUMN=VALUE")
    try:
        parsed = orjson.loads(value)
    except orjson.JSONDecodeError:
        return column, value
    return column, parsed if isinstance(parsed, str | int | float | bool | None) else value
