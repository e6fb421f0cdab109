"""Data sets: named lists of examples, versioned by what is in them."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from evalhub.errors import DatasetError

__all__ = ["Dataset", "Example"]


@dataclass(frozen=True, slots=True)
class Example:
    """One question and what a good answer would hold.

    ``references`` are reference texts, any of which is right. ``metadata``
    carries slice columns, and for retrieval the ids of the relevant documents
    under ``"relevant_ids"``.
    """

    id: str
    inputs: Mapping[str, Any]
    references: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    cluster: str | None = None
    """Examples with the same cluster are not independent (same author, same document)."""


@dataclass(frozen=True)
class Dataset:
    """A list of examples with unlike ids.

    Raises:
        DatasetError: two examples have one id; what came of one would count for the other.
    """

    name: str
    examples: tuple[Example, ...]

    def __post_init__(self) -> None:
        if len({example.id for example in self.examples}) == len(self.examples):
            return
        counts = Counter(example.id for example in self.examples)
        twice, count = counts.most_common(1)[0]
        raise DatasetError(
            f"{count} examples of {self.name!r} have the id {twice!r}; every one needs its own"
        )

    @cached_property
    def version(self) -> str:
        """SHA-256 over the examples in order: same content, same version."""
        digest = hashlib.sha256()
        for example in self.examples:
            row = [
                example.id,
                dict(example.inputs),
                list(example.references),
                dict(example.metadata),
                example.cluster,
            ]
            content = json.dumps(row, sort_keys=True, ensure_ascii=False, default=str)
            # A text that was cut between the halves of an emoji has a version all the same.
            digest.update(content.encode(errors="surrogatepass"))
            digest.update(b"\n")
        return digest.hexdigest()
