"""Load the data set that a suite file describes."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from evalhub.errors import DatasetError
from evalhub.evals.datasets.huggingface import read_huggingface
from evalhub.evals.datasets.parquet import read_parquet
from evalhub.evals.datasets.query import read_query
from evalhub.evals.datasets.roles import RoleReader, own_reader
from evalhub.evals.datasets.sampling import take_sample
from evalhub.evals.datasets.source import Source
from evalhub.evals.datasets.spec import DatasetSpec
from evalhub.evals.datasets.stored import load_stored
from evalhub.evals.datasets.text_files import (
    JSON,
    JSON_LINES,
    TABLES,
    read_json_file,
    read_text_file,
    suffix_of,
)
from evalhub.evals.datasets.where import Where
from evalhub.model import Dataset, Example

__all__ = ["load_dataset", "open_source"]

ReadExample = Callable[[Mapping[str, Any], str], Example]


def load_dataset(spec: DatasetSpec, *, folder: Path | None = None) -> Dataset:
    """Return the data set that *spec* describes.

    Rows are read one by one: a sample of a large file takes the memory of the sample.

    Args:
        spec: The source and its columns.
        folder: What a relative path starts from; None is the working folder.

    Raises:
        DatasetError: the source cannot be read, is empty, lacks a column, or has an id twice;
            the message starts with the file and the line, or the row.
        MissingExtraError: the source needs a package that is not installed.
        StoreError: the store of a stored data set cannot be read.
    """
    where = Where(spec.where)
    if spec.stored is not None:
        name, title, found = _stored(spec.stored, spec.version, where)
    else:
        source = open_source(spec, folder or Path())
        name, title = source.name, source.title + (":1" if source.is_text else "")
        found = _examples(source, spec, where)
    examples = tuple(found) if spec.sample is None else take_sample(found, spec.sample)
    where.check(title)
    if not examples:
        raise DatasetError(f"{title}: there is no example{' left by where' if spec.where else ''}")
    return Dataset(name, examples)


def _stored(name: str, version: str | None, where: Where) -> tuple[str, str, Iterator[Example]]:
    dataset = load_stored(name, version)
    found = (example for example in dataset.examples if where.holds(_flat(example)))
    return name, f"the data set {name!r}", found


def open_source(spec: DatasetSpec, folder: Path) -> Source:
    """Return the rows that *spec* names; nothing is read before the first is taken.

    Its roles, conditions and sample are not looked at, and it is not of a stored data set.

    Raises:
        DatasetError: the file's form is not known, or a folder is not there.
        MissingExtraError: it needs a package that is not installed.
    """
    if spec.sql is not None:
        return read_query(spec.url or "", spec.sql, folder=folder)
    if spec.huggingface is not None:
        return read_huggingface(folder / spec.huggingface, spec.split)
    return _open_file(folder / (spec.path or ""))


def _examples(source: Source, spec: DatasetSpec, where: Where) -> Iterator[Example]:
    """Yield the examples of *source* that *where* lets through, each id once."""
    seen: dict[str, int] = {}
    read: ReadExample | None = None
    for number, row in source.rows:
        read = read or _reader(spec, row, source)
        if not where.holds(row):
            continue
        place = source.place(number)
        example = read(row, place)
        if example.id in seen:
            before = f"{source.counted} {seen[example.id]}"
            raise DatasetError(
                f"{place}: {_twice(example.id, before, is_hash=_lacks_id(spec, row))}"
            )
        seen[example.id] = number
        yield example


def _open_file(path: Path) -> Source:
    suffix = suffix_of(path)
    if suffix in (*JSON_LINES, *TABLES):
        return read_text_file(path)
    if suffix == JSON:
        return read_json_file(path)
    if path.suffix.lower() == ".parquet":
        return read_parquet(path)
    raise DatasetError(
        f"{path} is neither .jsonl, .ndjson, .json, .csv, .tsv (each also .gz) nor .parquet; "
        "convert it to one"
    )


def _reader(spec: DatasetSpec, first: Mapping[str, Any], source: Source) -> ReadExample:
    """Return what makes examples of rows that look like the *first*."""
    if spec.inputs is None:
        return own_reader(spec)
    id_column = None if _lacks_id(spec, first) else spec.id or "id"
    return RoleReader(spec, id_column, source.reads_cells).example


def _lacks_id(spec: DatasetSpec, row: Mapping[str, Any]) -> bool:
    return spec.inputs is not None and spec.id is None and "id" not in row


def _twice(example_id: str, before: str, *, is_hash: bool) -> str:
    if is_hash:
        return f"the same row is also on {before}; drop one, or give each an id"
    return f"id {example_id!r} is also on {before}; every example needs its own"


def _flat(example: Example) -> Mapping[str, Any]:
    """Return the columns of a stored example that conditions may be on."""
    return {**example.metadata, **example.inputs, "id": example.id, "cluster": example.cluster}
