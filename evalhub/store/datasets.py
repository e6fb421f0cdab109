"""Data sets, each version kept once under the hash of its content."""

import json
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from evalhub.model import Dataset, Example
from evalhub.store import dialect
from evalhub.store.tables import dataset, dataset_version, example

__all__ = [
    "StoredVersion",
    "delete_versions",
    "find_versions",
    "get_dataset",
    "iter_examples",
    "list_datasets",
    "list_versions",
    "put_dataset",
]

_ROWS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """One version of a data set, without its examples."""

    name: str
    version: str
    examples: int
    created_ns: int
    is_current: bool
    """Whether it is the one that was put last."""


def put_dataset(connection: Connection, given: Dataset) -> str:
    """Store *given*, make it its name's current version and return that version.

    Content that is there already is not stored again. *connection* is in a write
    transaction.
    """
    version = given.version
    _set_current(connection, given.name, version)
    if not _has_version(connection, given.name, version):
        _insert(connection, given, version)
    return version


def get_dataset(connection: Connection, name: str, version: str | None = None) -> Dataset | None:
    """Return a data set in one *version*, by default the current; None when there is none."""
    if version is None:
        current = select(dataset.c.current_version).where(dataset.c.name == name)
        version = connection.execute(current).scalar()
    if version is None or not _has_version(connection, name, version):
        return None
    return Dataset(name, tuple(iter_examples(connection, name, version)))


def iter_examples(connection: Connection, name: str, version: str) -> Iterator[Example]:
    """Yield the examples of one version in their order; none where there is no such version."""
    query = select(example).where(example.c.dataset == name, example.c.version == version)
    rows = connection.execute(
        query.order_by(example.c.position), execution_options={"yield_per": _ROWS_AT_ONCE}
    )
    for row in rows:
        yield _example(row)


def list_datasets(connection: Connection) -> dict[str, str]:
    """Return the current version of each data set, by name."""
    rows = connection.execute(select(dataset).order_by(dataset.c.name))
    return {row.name: row.current_version for row in rows}


def list_versions(connection: Connection, name: str | None = None) -> list[StoredVersion]:
    """Return all versions, or those of *name*: by name, the newest of each first."""
    of, kept = dataset_version.c, dataset.c
    query = (
        select(dataset_version, kept.current_version)
        .join(dataset, kept.name == of.dataset)
        .order_by(of.dataset, of.created_ns.desc(), of.version)
    )
    if name is not None:
        query = query.where(of.dataset == name)
    return [
        StoredVersion(
            row.dataset,
            row.version,
            row.examples,
            row.created_ns,
            is_current=row.version == row.current_version,
        )
        for row in connection.execute(query)
    ]


def find_versions(connection: Connection, name: str, prefix: str) -> list[str]:
    """Return the versions of *name* that begin with *prefix*, sorted; letter case is ignored."""
    version = dataset_version.c.version
    query = select(version).where(
        dataset_version.c.dataset == name,
        version.startswith(prefix.lower(), autoescape=True),
    )
    return list(connection.execute(query.order_by(version)).scalars())


def delete_versions(connection: Connection, name: str, versions: Collection[str]) -> str | None:
    """Remove *versions* of *name* with their examples, and return the version then current.

    Where the current one is removed, the newest that is left takes its place. None is left
    where all are removed, and the name goes with them. *connection* is in a write transaction.
    """
    of = dataset_version.c
    connection.execute(delete(dataset_version).where(of.dataset == name, of.version.in_(versions)))
    left = list_versions(connection, name)
    if not left:
        connection.execute(delete(dataset).where(dataset.c.name == name))
        return None
    current = next((one.version for one in left if one.is_current), left[0].version)
    _set_current(connection, name, current)
    return current


def _has_version(connection: Connection, name: str, version: str) -> bool:
    known = select(dataset_version.c.version).where(
        dataset_version.c.dataset == name, dataset_version.c.version == version
    )
    return connection.execute(known).first() is not None


def _insert(connection: Connection, given: Dataset, version: str) -> None:
    values = {
        "dataset": given.name,
        "version": version,
        "examples": len(given.examples),
        "created_ns": time.time_ns(),
    }
    connection.execute(dataset_version.insert(), values)
    key = {"dataset": given.name, "version": version}
    rows = ({**key, "position": n, **_columns(one)} for n, one in enumerate(given.examples))
    while some := list(islice(rows, _ROWS_AT_ONCE)):
        connection.execute(example.insert(), some)


def _set_current(connection: Connection, name: str, version: str) -> None:
    statement = dialect.insert(connection, dataset).values(name=name, current_version=version)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["name"], set_={"current_version": version})
    )


def _columns(item: Example) -> dict[str, Any]:
    return {
        "example_id": item.id,
        "inputs": _json(dict(item.inputs)),
        "references": _json(list(item.references)),
        "metadata": _json(dict(item.metadata)),
        "cluster": item.cluster,
    }


def _json(value: object) -> str:
    # As the version's hash sees it: what JSON does not know becomes text. ASCII, so
    # that half a surrogate pair survives too.
    return json.dumps(value, default=str)


def _example(row: Row[Any]) -> Example:
    return Example(
        id=row.example_id,
        inputs=json.loads(row.inputs),
        references=tuple(json.loads(row.references)),
        metadata=json.loads(row.metadata),
        cluster=row.cluster,
    )
