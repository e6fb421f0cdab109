"""BERTScore (Zhang et al., 2020), equal to the bert-score package on the same encoder.

Each token of one text is matched with the most similar token of the other: their
mean similarity over the candidate is precision, over the reference recall. The
encoder's special tokens can be matched with, and have no weight themselves.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from evalhub.errors import MetricError
from evalhub.metrics.base import ScoreTable, signature
from evalhub.metrics.columns import (
    References,
    Unscored,
    check_lengths,
    reference_lists,
    states_of,
    unscored_rows,
)
from evalhub.metrics.prf import PrecisionRecallF
from evalhub.metrics.semantic.encoder import Encoded, Encoder, load_encoder
from evalhub.model import ScoreState

__all__ = ["BertScore", "BertScoreColumn"]

_CHUNK = 256
"""Examples whose vectors are held at once: about 100 MB at 60 tokens a text."""

_Idf: TypeAlias = Mapping[int, float]


class _Triple(NamedTuple):
    precision: float
    recall: float
    fmeasure: float


class _Text(NamedTuple):
    vectors: NDArray[np.float32]
    """Unit vectors (tokens, width)."""
    weights: NDArray[np.float64]
    """Sum 1; shape (tokens,)."""


@dataclass(frozen=True, slots=True, eq=False)
class BertScoreColumn(PrecisionRecallF):
    """BERTScore's column, which also tells how much of the texts was not read."""

    truncated_share: float = field(kw_only=True, default=0.0)
    """Share of the different texts that were longer than the encoder takes."""


@dataclass(frozen=True)
class BertScore:
    """Similarity of meaning by greedy matching of contextual token embeddings.

    With several references each of precision, recall and F is its own maximum, as in the
    bert-score package. An empty text, or one whose tokens all weigh nothing, is skipped.
    Texts that were cut are named in the explanations.
    """

    name: ClassVar[str] = "bertscore"
    version: ClassVar[int] = 1
    requires: ClassVar[tuple[str, ...]] = ("outputs", "references")

    model: str | Path = "minilm"
    """Name of a pulled encoder, or the folder of one."""
    idf: bool = False
    """Weigh tokens by their rarity in the batch's references."""
    layer: int | None = None
    """Layer whose output is compared; the last when None."""
    baseline: tuple[float, float, float] | None = None
    """What unrelated texts score (precision, recall, F); scores are rescaled by it."""

    def __post_init__(self) -> None:
        if self.baseline is not None and not all(b < 1 for b in self.baseline):
            raise MetricError(f"baseline is {self.baseline}; each part must be below 1")

    @property
    def signature(self) -> str:
        """Name, encoder with its fingerprint, settings and version."""
        encoder = load_encoder(self.model)
        return signature(
            self.name,
            model=encoder.name,
            weights=encoder.fingerprint,
            layer=encoder.layers if self.layer is None else self.layer,
            idf="references" if self.idf else "no",
            baseline="no" if self.baseline is None else ",".join(map(str, self.baseline)),
            refs="max",
            version=self.version,
        )

    def score_batch(self, outputs: Sequence[str | None], references: References) -> ScoreTable:
        """Score each output against the closest of its references.

        Raises:
            MetricInputError: the columns differ in length or hold something else than texts.
            ModelError: the encoder was not pulled, or has no such layer.
        """
        check_lengths(outputs=outputs, references=references)
        rows = [[text.strip() for text in row] for row in reference_lists(references)]
        unscored = unscored_rows(outputs, rows)
        texts = ["" if output is None else output.strip() for output in outputs]
        scorer = _Scorer(load_encoder(self.model), self.layer, texts, rows, idf=self.idf)
        triples: dict[int, _Triple] = {}
        for index, result in scorer.score(set(range(len(texts))) - set(unscored)):
            if isinstance(result, Unscored):
                unscored[index] = result
            else:
                triples[index] = self._rescale(result)
        return {self.name: self._column(triples, unscored, scorer)}

    def _rescale(self, triple: _Triple) -> _Triple:
        if self.baseline is None:
            return triple
        pairs = zip(triple, self.baseline, strict=True)
        return _Triple(*((value - base) / (1 - base) for value, base in pairs))

    def _column(
        self, triples: Mapping[int, _Triple], unscored: Mapping[int, Unscored], scorer: "_Scorer"
    ) -> BertScoreColumn:
        n = len(triples) + len(unscored)
        values = np.full((n, 3), np.nan)
        for index, triple in triples.items():
            values[index] = triple
        told = {index: item.reason for index, item in unscored.items()}
        told = {**scorer.truncations(triples), **told}
        return BertScoreColumn(
            name=self.name,
            values=values[:, 2].copy(),
            precision=values[:, 0].copy(),
            recall=values[:, 1].copy(),
            signature=self.signature,
            states=states_of(n, unscored),
            explanations=[told.get(index) for index in range(n)] if told else None,
            bounds=(-1.0, 1.0) if self.baseline is None else None,
            truncated_share=scorer.truncated_share,
        )


class _Scorer:
    """One batch: its texts as tokens, and the weights of those."""

    def __init__(
        self,
        encoder: Encoder,
        layer: int | None,
        outputs: Sequence[str],
        references: Sequence[Sequence[str]],
        *,
        idf: bool,
    ) -> None:
        self._encoder = encoder
        self._layer = layer
        self._outputs = outputs
        self._references = references
        texts = list(dict.fromkeys([*outputs, *(text for row in references for text in row)]))
        self._encoded = dict(zip(texts, encoder.tokenize(texts), strict=True))
        self._idf = self._count() if idf else None

    @property
    def truncated_share(self) -> float:
        """Share of the different texts that were cut."""
        return sum(item.truncated for item in self._encoded.values()) / max(1, len(self._encoded))

    def truncations(self, rows: Iterable[int]) -> dict[int, str]:
        """Return, by index, what to say of the examples with a text that was cut."""
        said = f"cut at the encoder's {self._encoder.max_tokens} tokens"
        return {row: said for row in rows if any(item.truncated for item in self._tokens(row))}

    def score(self, rows: Iterable[int]) -> Iterator[tuple[int, _Triple | Unscored]]:
        """Yield the scores of the examples *rows*.

        Equal references follow each other, so that their vectors are computed once
        though only a part of the batch is held at a time.
        """
        ordered = sorted(rows, key=lambda row: list(self._references[row]))
        for start in range(0, len(ordered), _CHUNK):
            chunk = ordered[start : start + _CHUNK]
            embedded = self._embed(chunk)
            for row in chunk:
                yield row, self._score_row(row, embedded)

    def _score_row(self, row: int, embedded: Mapping[str, _Text]) -> _Triple | Unscored:
        candidate = embedded.get(self._outputs[row])
        if candidate is None:
            return Unscored(ScoreState.SKIPPED, "the output has no token that weighs anything")
        found = [embedded[text] for text in self._references[row] if text in embedded]
        if not found:
            return Unscored(ScoreState.SKIPPED, "no reference has a token that weighs anything")
        triples = [_match(candidate, reference) for reference in found]
        return _Triple(*(max(part) for part in zip(*triples, strict=True)))

    def _tokens(self, row: int) -> list[Encoded]:
        return [self._encoded[text] for text in (self._outputs[row], *self._references[row])]

    def _embed(self, rows: Sequence[int]) -> dict[str, _Text]:
        """Return the texts of *rows* that have a token with a weight."""
        texts = dict.fromkeys(
            t for row in rows for t in (self._outputs[row], *self._references[row])
        )
        weights = {text: self._weights(self._encoded[text]) for text in texts}
        usable = [text for text in texts if weights[text].sum() > 0]
        hidden = self._encoder.hidden([self._encoded[text] for text in usable], self._layer)
        return {
            text: _Text(_unit(vectors), weights[text] / weights[text].sum())
            for text, vectors in zip(usable, hidden, strict=True)
        }

    def _weights(self, encoded: Encoded) -> NDArray[np.float64]:
        weights = np.where(encoded.special, 0.0, 1.0)
        if self._idf is not None:
            weights *= [self._idf[token] for token in encoded.ids.tolist()]
        return weights

    def _count(self) -> _Idf:
        """Return each token's ln((N + 1) / (df + 1)) over the references."""
        texts = [text for row in self._references for text in row]
        counts = Counter(token for text in texts for token in set(self._encoded[text].ids.tolist()))
        unseen = math.log(len(texts) + 1)
        known = {token: math.log((len(texts) + 1) / (df + 1)) for token, df in counts.items()}
        return defaultdict(lambda: unseen, known)


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return unit


def _match(candidate: _Text, reference: _Text) -> _Triple:
    similarity = candidate.vectors @ reference.vectors.T
    precision = float(similarity.max(axis=1) @ candidate.weights)
    recall = float(similarity.max(axis=0) @ reference.weights)
    total = precision + recall
    fmeasure = 2 * precision * recall / total if total else 0.0
    return _Triple(precision, recall, fmeasure)
