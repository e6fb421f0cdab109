"""Data sets that the store keeps."""

from evalhub.errors import DatasetError
from evalhub.evals.suites.explain import nearest
from evalhub.model import Dataset
from evalhub.store import open_store
from evalhub.store.datasets import (
    find_versions,
    get_dataset,
    list_datasets,
    list_versions,
    put_dataset,
)

__all__ = ["LATEST", "load_stored", "store_dataset"]

LATEST = "latest"
"""The version that was imported last."""


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
        if name not in known:
            raise DatasetError(f"no data set is stored as {name!r}; {nearest(name, list(known))}")
        if version in (None, LATEST):
            wanted = known[name]
        else:
            wanted = _one(name, version or "", find_versions(connection, name, version or ""))
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
