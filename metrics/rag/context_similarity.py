"""Context precision and recall against reference contexts, by similarity; no model is asked.

Definitions: the RAGAS documentation, "non LLM based" context precision and recall. Where
chunks have ids, those are better: see :mod:`evalhub.metrics.rag.retrieval`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from evalhub.errors import MetricError
from evalhub.metrics.base import ScoreTable, signature
from evalhub.metrics.columns import Unscored, column_lists
from evalhub.metrics.rag.examples import Contexts, text_lists
from evalhub.metrics.rag.finding import Finding, Found, finding_columns, quoted, told
from evalhub.metrics.rag.ranking import average_precision
from evalhub.metrics.rag.similarity import Vectors, check_threshold, encoder_settings
from evalhub.model import ScoreState

__all__ = ["ContextSimilarity"]

_Compare: TypeAlias = Callable[[Sequence[str], Sequence[str]], NDArray[np.float64]]
"""Gives the similarity of each text on the left with each on the right."""

_THRESHOLDS = {"edit": 0.5, "encoder": 0.7}


@dataclass(frozen=True)
class ContextSimilarity:
    """Average precision, or recall, of chunks against the chunks that should be retrieved.

    A chunk is the same as a reference context when their similarity reaches the threshold:
    of characters (``edit``: 1 - Levenshtein distance / length of the longer) or of meaning
    (``encoder``: cosine; texts beyond the encoder's length are cut). Nothing retrieved scores 0; an
    example without reference contexts is skipped.

    Raises:
        MetricError: a setting cannot be used.
    """

    measure: Literal["precision", "recall"]
    similarity: Literal["edit", "encoder"] = "edit"
    threshold: float | None = None
    """Least similarity of the same chunk; 0.5 for ``edit``, 0.7 for ``encoder``, when None."""
    reference_contexts: str = "reference_contexts"
    """Column of the data set that lists the texts of the right chunks."""
    encoder: str | Path = "minilm"
    """Name of a pulled encoder, or the folder of one."""

    version: ClassVar[int] = 1
    requires: ClassVar[tuple[str, ...]] = ("contexts", "metadata")

    def __post_init__(self) -> None:
        if self.measure not in ("precision", "recall"):
            raise MetricError(f"measure is {self.measure!r}; use precision or recall")
        if self.similarity not in _THRESHOLDS:
            raise MetricError(f"similarity is {self.similarity!r}; use edit or encoder")
        check_threshold(self._threshold)

    @property
    def name(self) -> str:
        """``context_precision_similarity`` or ``context_recall_similarity``."""
        return f"context_{self.measure}_similarity"

    @property
    def signature(self) -> str:
        """Name, similarity, threshold, encoder if one is used, and version."""
        encoder = encoder_settings(self.encoder) if self.similarity == "encoder" else {}
        return signature(
            self.name,
            similarity=self.similarity,
            threshold=self._threshold,
            **encoder,
            version=self.version,
        )

    def score_batch(
        self, contexts: Contexts, metadata: Sequence[Mapping[str, Any] | None]
    ) -> ScoreTable:
        """Score each list of retrieved chunks.

        Raises:
            MetricInputError: the columns do not fit.
            ModelError: the encoder was not pulled.
        """
        contexts, metadata = column_lists(contexts=contexts, metadata=metadata)
        retrieved = text_lists(contexts, "contexts")
        key = self.reference_contexts
        wanted = text_lists([None if row is None else row.get(key) for row in metadata], key)
        compare = self._compare([*retrieved, *wanted])
        pairs = zip(retrieved, wanted, strict=True)
        rows: list[Mapping[str, Found]] = [
            {self.name: self._measure(got, right, compare)} for got, right in pairs
        ]
        return finding_columns({self.name: (0.0, 1.0)}, self.signature, rows)

    @property
    def _threshold(self) -> float:
        return _THRESHOLDS[self.similarity] if self.threshold is None else self.threshold

    def _compare(self, rows: Sequence[Sequence[str] | None]) -> _Compare:
        if self.similarity == "edit":
            return _edit_similarities
        return Vectors(self.encoder, (text for row in rows for text in row or ())).cosines

    def _measure(
        self, retrieved: Sequence[str] | None, wanted: Sequence[str] | None, compare: _Compare
    ) -> Found:
        if retrieved is None:
            return Unscored(ScoreState.ERRORED, "the target gave no contexts")
        if not wanted:
            return Unscored(ScoreState.SKIPPED, "no reference context to compare with")
        if not retrieved:
            return Finding(0.0, "nothing was retrieved")
        same = compare(retrieved, wanted) >= self._threshold
        if self.measure == "precision":
            return _precision([bool(row.any()) for row in same], retrieved)
        return _recall([bool(column.any()) for column in same.T], wanted)


def _precision(right: Sequence[bool], retrieved: Sequence[str]) -> Finding:
    wrong = [quoted(text) for text, holds in zip(retrieved, right, strict=True) if not holds]
    value = average_precision(right)
    return Finding(value, told("contexts not among the references", wrong, len(retrieved)))


def _recall(found: Sequence[bool], wanted: Sequence[str]) -> Finding:
    absent = [quoted(text) for text, holds in zip(wanted, found, strict=True) if not holds]
    value = (len(wanted) - len(absent)) / len(wanted)
    return Finding(value, told("reference contexts not retrieved", absent, len(wanted)))


def _edit_similarities(left: Sequence[str], right: Sequence[str]) -> NDArray[np.float64]:
    scorer = Levenshtein.normalized_similarity
    return process.cdist(left, right, scorer=scorer, dtype=np.float64)
