"""Data sets that the store keeps."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from evalhub.errors import DatasetError
from evalhub.evals.suites.explain import nearest
from evalhub.model import Dataset
from evalhub.store import open_store
from evalhub.store.datasets import (
    StoredVersion,
    delete_versions,
    find_versions,
    get_dataset,
    list_datasets,
    list_versions,
    put_dataset,
)

__all__ = ["LATEST", "Removed", "load_stored", "remove_stored", "store_dataset"]

LATEST = "latest"
"""The version that was imported last."""


@dataclass(frozen=True, slots=True)
class Removed:
    """What was taken out of the store."""

    name: str
    versions: tuple[StoredVersion, ...]
    """The newest first."""
    latest: str | None
    """The version that is the latest now; None where the data set is gone."""


def load_stored(name: str, version: str | None = None) -> Dataset:
    """Return the data set called *name* from the store that ``EVALHUB_URL`` names.

    Args:
        name: What it was imported as.
        version: ``latest`` (also when None), or the beginning of a version's hash.

    Raises:
        DatasetError: there is no such data set or version, or several begin so.
        StoreError: the store cannot be read.
    """
    with open_store() as store, store.read() as connection:
        known = list_datasets(connection)
        wanted = _wanted(connection, known, name, LATEST if version is None else version)
        found = get_dataset(connection, name, wanted)
    if found is None:  # both were read in one transaction
        raise DatasetError(f"{name!r} has lost its version {wanted[:12]}; import it again")
    return found


def store_dataset(dataset: Dataset) -> bool:
    """Keep *dataset* in the store that ``EVALHUB_URL`` names, as its name's latest version.

    Returns whether the version is new: the same content is stored once.

    Raises:
        StoreError: the store cannot be written.
    """
    with open_store() as store, store.begin() as connection:
        before = {known.version for known in list_versions(connection, dataset.name)}
        return put_dataset(connection, dataset) not in before


def remove_stored(which: str) -> Removed:
    """Remove a data set, all versions or one, from the store that ``EVALHUB_URL`` names.

    Args:
        which: ``NAME``, or ``NAME@VERSION``: ``latest``, or the beginning of a version's hash.

    Raises:
        DatasetError: there is no such data set or version, or several begin so.
        StoreError: the store cannot be written.
    """
    with open_store() as store, store.begin() as connection:
        known = list_datasets(connection)
        # A name may have an @ of its own.
        name, at, version = (which, "", "") if which in known else which.rpartition("@")
        if not at:
            name = which
        elif not version:
            raise DatasetError(f"{which!r} names no version; write {name}@latest, or its hash")
        wanted = _wanted(connection, known, name, version if at else LATEST)
        versions = [
            one for one in list_versions(connection, name) if not at or one.version == wanted
        ]
        latest = delete_versions(connection, name, [one.version for one in versions])
    return Removed(name, tuple(versions), latest)


def _wanted(connection: Connection, known: Mapping[str, str], name: str, version: str) -> str:
    """Return the whole of *version* of *name*; *known* has the latest version of each name."""
    if name not in known:
        raise DatasetError(f"no data set is stored as {name!r}; {nearest(name, list(known))}")
    if version == LATEST:
        return known[name]
    return _one(name, version, find_versions(connection, name, version))


def _one(name: str, prefix: str, found: list[str]) -> str:
    if not found:
        raise DatasetError(
            f"{name!r} has no version that begins with {prefix!r}; see evalhub datasets show {name}"
        )
    if len(found) > 1:
        told = ", ".join(version[:12] for version in found[:3])
        raise DatasetError(
            f"{len(found)} versions of {name!r} begin with {prefix!r}: {told}; give more of it"
        )
    return found[0]
