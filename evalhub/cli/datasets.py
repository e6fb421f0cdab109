"""``evalhub datasets``: keep data sets by version, compare them, and write them to files."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from evalhub.cli import formats
from evalhub.cli.dataset_options import (
    ClusterOption,
    ContextsOption,
    ExpectedToolCallsOption,
    IdOption,
    InputOption,
    ReferenceOption,
    RelevantIdsOption,
    SampleOption,
    SeedOption,
    SplitOption,
    WhereOption,
    dataset_spec,
)
from evalhub.cli.output import JsonFlag, console, print_json
from evalhub.evals.datasets.diff import DatasetDiff, diff_datasets
from evalhub.evals.datasets.export import export_examples
from evalhub.evals.datasets.load import load_dataset
from evalhub.evals.datasets.stored import load_stored, remove_stored, store_dataset
from evalhub.model import Dataset, Example
from evalhub.store import open_store
from evalhub.store.datasets import StoredVersion, list_versions

__all__ = ["app"]

app = typer.Typer(help="Keep data sets by version, compare versions, write them to files.")

_SHORT = 12
"""Digits of a version that are shown; any beginning that is one version's alone will do."""
_IDS_SHOWN = 10

NameArgument = Annotated[str, typer.Argument(help="The data set's name.")]
VersionOption = Annotated[
    str, typer.Option(help="The version: latest, or the beginning of its hash.")
]


@app.command("import")
def import_(  # noqa: PLR0917 - Typer calls it, by keyword
    file: Annotated[
        Path,
        typer.Argument(
            help="A .jsonl, .json, .csv, .tsv (also .gz) or .parquet file, or a folder."
        ),
    ],
    name: Annotated[
        str | None, typer.Option(help="Name to keep it under; by default the file's.")
    ] = None,
    id: IdOption = None,  # noqa: A002 - the option's name
    input: InputOption = None,  # noqa: A002
    reference: ReferenceOption = None,
    cluster: ClusterOption = None,
    relevant_ids: RelevantIdsOption = None,
    expected_tool_calls: ExpectedToolCallsOption = None,
    contexts: ContextsOption = None,
    split: SplitOption = None,
    where: WhereOption = None,
    sample: SampleOption = None,
    seed: SeedOption = 0,
    json: JsonFlag = False,
) -> None:
    """Store a file as the latest version of a data set.

    The same content is the same version, however often it is imported. A file that evalhub
    exported needs no roles; of others, name the columns that the target is given (--input).
    """
    spec = dataset_spec(
        file,
        split=split,
        where=where,
        sample=sample,
        seed=seed,
        id=id,
        inputs=input,
        reference=reference,
        cluster=cluster,
        relevant_ids=relevant_ids,
        expected_tool_calls=expected_tool_calls,
        contexts=contexts,
    )
    found = load_dataset(spec)
    dataset = Dataset(name or found.name, found.examples)
    is_new = store_dataset(dataset)
    if json:
        print_json(
            {
                "name": dataset.name,
                "version": dataset.version,
                "examples": len(dataset.examples),
                "is_new": is_new,
            }
        )
    else:
        typer.echo(stored_line(dataset, is_new=is_new))


@app.command("list")
def list_(json: JsonFlag = False) -> None:
    """List the stored data sets with their latest versions."""
    with open_store() as store, store.read() as connection:
        versions = list_versions(connection)
    current = [version for version in versions if version.is_current]
    counts = {one.name: sum(other.name == one.name for other in versions) for one in current}
    if json:
        print_json([{**_version_json(one), "versions": counts[one.name]} for one in current])
    elif current:
        table = _table("name", "latest", "stored (UTC)", "examples", "versions")
        for one in current:
            table.add_row(Text(one.name), *_version_row(one), str(counts[one.name]))
        console.print(table)
    else:
        typer.echo("no data sets; store one with: evalhub datasets import FILE --input COLUMN")


@app.command()
def show(
    name: NameArgument,
    version: VersionOption = "latest",
    limit: Annotated[int, typer.Option(min=0, help="How many examples to show.")] = 3,
    json: JsonFlag = False,
) -> None:
    """Show a data set: its versions, its columns, its first examples."""
    dataset = load_stored(name, version)
    with open_store() as store, store.read() as connection:
        versions = list_versions(connection, name)
    about = _about(dataset)
    first = dataset.examples[:limit]
    if json:
        known = [_version_json(one) for one in versions]
        print_json({**about, "versions": known, "first": [asdict(one) for one in first]})
        return
    for key in ("version", "examples", "inputs", "with_reference", "clusters", "metadata"):
        value = about[key]
        shown = ", ".join(value) or "–" if isinstance(value, list) else str(value)
        console.print(Text(f"{key.replace('_', ' '):15} {shown}"), soft_wrap=True)
    _print_versions(versions)
    _print_examples(first)


@app.command()
def export(
    name: NameArgument,
    out: Annotated[
        Path, typer.Option(help="A .jsonl file, which comes back equal, or .csv or .tsv.")
    ],
    version: VersionOption = "latest",
) -> None:
    """Write a version to a file; .jsonl holds everything and needs no roles when it is read."""
    count = export_examples(load_stored(name, version).examples, out)
    typer.echo(f"{count} examples in {out}")


@app.command()
def diff(
    name: NameArgument,
    before: Annotated[str, typer.Argument(help="The earlier version, or latest.")],
    after: Annotated[str, typer.Argument(help="The later version, or latest.")] = "latest",
    json: JsonFlag = False,
) -> None:
    """Say which examples were added, removed and changed from one version to another."""
    found = diff_datasets(load_stored(name, before), load_stored(name, after))
    if json:
        print_json(asdict(found))
    else:
        _print_diff(name, found)


@app.command()
def rm(
    which: Annotated[
        str,
        typer.Argument(
            help="NAME, or NAME@VERSION for one version: latest, or the beginning of its hash.",
            show_default=False,
        ),
    ],
    json: JsonFlag = False,
) -> None:
    """Remove a data set with all its versions, or one version, from the store.

    Nothing is asked. Where the latest version goes, the newest that is left is the latest.
    """
    removed = remove_stored(which)
    if json:
        versions = [one.version for one in removed.versions]
        print_json({"name": removed.name, "removed": versions, "latest": removed.latest})
        return
    for one in removed.versions:
        typer.echo(f"removed {_version_line(one.name, one.examples, one.version)}")
    if removed.latest is not None:
        typer.echo(f"the latest version is {removed.latest[:_SHORT]}")


def stored_line(dataset: Dataset, *, is_new: bool) -> str:
    """Return what a user is told of a data set that was stored."""
    line = _version_line(dataset.name, len(dataset.examples), dataset.version)
    return line if is_new else f"{line}, which was stored before"


def _version_line(name: str, examples: int, version: str) -> str:
    count = f"{examples} example{'' if examples == 1 else 's'}"
    return f"{name}: {count}, version {version[:_SHORT]}"


def _about(dataset: Dataset) -> dict[str, Any]:
    examples = dataset.examples
    return {
        "name": dataset.name,
        "version": dataset.version,
        "examples": len(examples),
        "inputs": _names([list(one.inputs) for one in examples]),
        "metadata": _names([list(one.metadata) for one in examples]),
        "with_reference": sum(bool(one.references) for one in examples),
        "clusters": len({one.cluster for one in examples if one.cluster is not None}),
    }


def _names(columns: Sequence[list[str]]) -> list[str]:
    return list(dict.fromkeys(name for names in columns for name in names))


def _version_json(one: StoredVersion) -> dict[str, Any]:
    return {
        "name": one.name,
        "version": one.version,
        "examples": one.examples,
        "stored_time": formats.time(one.created_ns),
        "is_latest": one.is_current,
    }


def _version_row(one: StoredVersion) -> tuple[str, str, str]:
    stored = formats.time(one.created_ns, "%Y-%m-%d %H:%M")
    return one.version[:_SHORT], stored, str(one.examples)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        numeric = column in ("examples", "versions")
        table.add_column(column, no_wrap=column != "name", justify="right" if numeric else "left")
    return table


def _print_versions(versions: Sequence[StoredVersion]) -> None:
    table = _table("version", "stored (UTC)", "examples", "")
    for one in versions:
        table.add_row(*_version_row(one), "latest" if one.is_current else "")
    console.print()
    console.print(table)


def _print_examples(examples: Sequence[Example]) -> None:
    for one in examples:
        console.print()
        parts = {
            **one.inputs,
            **{f"reference {n}": text for n, text in enumerate(one.references, 1)},
        }
        console.print(Text(one.id, style="bold"))
        for name, value in parts.items():
            line = Text(f"  {name}: {' '.join(str(value).split())}")
            console.print(line, no_wrap=True, overflow="ellipsis")


def _print_diff(name: str, found: DatasetDiff) -> None:
    versions = f"{found.before[:_SHORT]} to {found.after[:_SHORT]}"
    if found.is_empty:
        typer.echo(f"{name}: {found.before[:_SHORT]} is the same version")
        return
    counts = (
        f"{len(found.added)} added, {len(found.removed)} removed, {len(found.changed)} changed, "
        f"{found.unchanged} unchanged{', in another order' if found.is_reordered else ''}"
    )
    typer.echo(f"{name}, {versions}: {counts}")
    for sign, ids in (("+", found.added), ("-", found.removed)):
        _print_ids(sign, ids)
    _print_ids("~", [f"{one.id} ({', '.join(one.parts)})" for one in found.changed])


def _print_ids(sign: str, ids: Sequence[str]) -> None:
    for one in ids[:_IDS_SHOWN]:
        typer.echo(f"{sign} {one}")
    if len(ids) > _IDS_SHOWN:
        typer.echo(f"{sign} and {len(ids) - _IDS_SHOWN} more; --json has all")
