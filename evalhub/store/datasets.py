"""Data sets, each version kept once under the hash of its content."""

import json
import time
from typing import Any

from sqlalchemy import Connection, Row, select

from evalhub.model import Dataset, Example
from evalhub.store import dialect
from evalhub.store.tables import dataset, dataset_version, example

__all__ = ["get_dataset", "list_datasets", "put_dataset"]


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
    query = select(example).where(example.c.dataset == name, example.c.version == version)
    rows = connection.execute(query.order_by(example.c.position))
    return Dataset(name, tuple(_example(row) for row in rows))


def list_datasets(connection: Connection) -> dict[str, str]:
    """Return the current version of each data set, by name."""
    rows = connection.execute(select(dataset).order_by(dataset.c.name))
    return {row.name: row.current_version for row in rows}


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
    rows = [
        {"dataset": given.name, "version": version, "position": position, **_columns(item)}
        for position, item in enumerate(given.examples)
    ]
    if rows:
        connection.execute(example.insert(), rows)


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
