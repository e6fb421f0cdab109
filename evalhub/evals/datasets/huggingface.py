"""Rows of a Hugging Face data set in a folder; nothing is fetched."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evalhub._optional import require
from evalhub.errors import DatasetError
from evalhub.evals.datasets.source import Row, Source, plain
from evalhub.evals.suites.explain import nearest

__all__ = ["read_huggingface"]

_SAVED = ("state.json", "dataset_dict.json")
"""What ``save_to_disk`` leaves in the folder of a data set, and in that of several splits."""


def read_huggingface(folder: Path, split: str | None = None) -> Source:
    """Return the rows of the data set in *folder*; they are read while they are taken.

    *folder* was saved by ``save_to_disk``, or holds files that ``datasets.load_dataset`` reads.

    Raises:
        MissingExtraError: ``datasets`` is not installed.
        DatasetError: there is no such folder. Taking rows raises it where there is no such
            split, or the files cannot be read.
    """
    # An absent folder would be looked for on the hub.
    if not folder.is_dir():
        raise DatasetError(f"there is no folder {folder}; check 'huggingface'")
    require("datasets", extra="huggingface")
    name = folder.resolve().name
    return Source(name, str(folder), _read(folder.resolve(), split, title=str(folder)))


def _read(folder: Path, split: str | None, title: str) -> Iterator[Row]:
    datasets = require("datasets", extra="huggingface")
    try:
        # Streamed from where the files are; only a lock goes to the cache, which is not the user's.
        with tempfile.TemporaryDirectory(prefix="evalhub-") as cache:
            rows = _opened(datasets, folder, split, title, cache)
            classes = _classes(datasets, rows)
            for number, row in enumerate(rows, start=1):
                named = {name: _named(row[name], classes[name]) for name in classes}
                yield number, {**plain(row), **named}
    except DatasetError:
        raise
    except Exception as error:  # readers of every format, each with errors of its own
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise DatasetError(f"{title} cannot be read by datasets: {reason}") from error


def _classes(datasets: Any, rows: Any) -> dict[str, list[str]]:
    """Return the names of the classes in each column that holds their numbers."""
    features = rows.features or {}
    return {
        name: list(feature.names)
        for name, feature in features.items()
        if isinstance(feature, datasets.ClassLabel)
    }


def _named(value: int | None, names: list[str]) -> str | None:
    """Return the name of a class, which is what models answer."""
    # -1 marks an example whose class is kept secret.
    return names[value] if value is not None and 0 <= value < len(names) else None


def _opened(datasets: Any, folder: Path, split: str | None, title: str, cache: str) -> Any:
    """Return an iterable of the rows of one split."""
    if any((folder / name).exists() for name in _SAVED):
        found = datasets.load_from_disk(str(folder))
        if isinstance(found, datasets.Dataset):
            return _only_split(found, str(found.split or "train"), split, title)
    else:
        found = datasets.load_dataset(str(folder), streaming=True, cache_dir=cache)
    return found[_chosen(list(found), split, title)]


def _only_split(found: Any, its_name: str, split: str | None, title: str) -> Any:
    if split not in (None, its_name):
        raise DatasetError(f"{title} has no split {split!r}; it is one split, so leave it out")
    return found


def _chosen(splits: list[str], split: str | None, title: str) -> str:
    if split is None and len(splits) == 1:
        return splits[0]
    if split is None:
        raise DatasetError(f"{title} has the splits {', '.join(splits)}; name one under 'split'")
    if split not in splits:
        raise DatasetError(f"{title} has no split {split!r}; {nearest(split, splits)}")
    return split
