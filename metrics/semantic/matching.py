"""Greedy matching of token vectors (Zhang et al., 2020, section 3)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from evalhub.metrics.columns import Unscored
from evalhub.metrics.semantic.network import Floats
from evalhub.metrics.semantic.reading import Chunk, Reader
from evalhub.metrics.semantic.tokens import Encoded
from evalhub.metrics.semantic.vectors import VectorSource
from evalhub.model import ScoreState

__all__ = ["Triple", "Weigh", "match", "score_rows"]

_Weights: TypeAlias = NDArray[np.float64]
Weigh: TypeAlias = Callable[[NDArray[np.int64]], _Weights]
"""Gives the weight of each token."""


class Triple(NamedTuple):
    """BERTScore of one pair."""

    precision: float
    recall: float
    fmeasure: float


class _Text(NamedTuple):
    vectors: Floats
    """Unit vectors (tokens, width)."""
    weights: _Weights
    """Sum 1; shape (tokens,)."""


def score_rows(
    reader: Reader,
    source: VectorSource,
    rows: Sequence[int],
    *,
    weigh: Weigh | None,
    keep_outputs: bool,
) -> Iterator[tuple[int, Triple | Unscored]]:
    """Yield the score of each of the examples *rows*, in no order.

    Args:
        reader: Their texts.
        source: Vectors of texts.
        rows: Examples that have an output and a reference.
        weigh: Weights of tokens; all alike when None.
        keep_outputs: Whether vectors of outputs are cached as well as those of references.
    """
    for chunk in reader.chunks(rows):
        embedded = _embed(chunk, source, weigh, keep_outputs)
        for row in chunk.rows:
            yield row, _score(reader.output(row), reader.references(row), embedded)


def match(candidate: _Text, reference: _Text) -> Triple:
    """Return the score of one pair; F is 0 where precision and recall cancel out."""
    similarity = candidate.vectors @ reference.vectors.T
    precision = float(similarity.max(axis=1) @ candidate.weights)
    recall = float(similarity.max(axis=0) @ reference.weights)
    total = precision + recall
    fmeasure = 2 * precision * recall / total if total else 0.0
    return Triple(precision, recall, fmeasure)


def _score(
    output: str, references: Sequence[str], embedded: Mapping[str, _Text]
) -> Triple | Unscored:
    candidate = embedded.get(output)
    if candidate is None:
        return Unscored(ScoreState.SKIPPED, "the output has no token that weighs anything")
    found = [embedded[text] for text in references if text in embedded]
    if not found:
        return Unscored(ScoreState.SKIPPED, "no reference has a token that weighs anything")
    triples = [match(candidate, reference) for reference in found]
    return Triple(*(max(part) for part in zip(*triples, strict=True)))


def _embed(
    chunk: Chunk, source: VectorSource, weigh: Weigh | None, keep_outputs: bool
) -> dict[str, _Text]:
    """Return the texts of *chunk* that have a token with a weight."""
    weights = {text: _weights(item, weigh) for text, item in chunk.texts.items()}
    usable = [text for text in chunk.texts if weights[text].sum() > 0]
    vectors = source(
        [chunk.texts[text] for text in usable],
        [keep_outputs or text in chunk.references for text in usable],
    )
    return {
        text: _Text(found, weights[text] / weights[text].sum())
        for text, found in zip(usable, vectors, strict=True)
    }


def _weights(encoded: Encoded, weigh: Weigh | None) -> _Weights:
    known = np.ones(len(encoded.ids)) if weigh is None else weigh(encoded.ids)
    return np.where(encoded.special, 0.0, known)
