"""BERTScore (Zhang et al., 2020), equal to the bert-score package on the same encoder.

Each token of one text is matched with the most similar token of the other: their
mean similarity over the candidate is precision, over the reference recall. The
encoder's special tokens can be matched with, and have no weight themselves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np

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
from evalhub.metrics.semantic.baseline import Baseline, BaselineSource, load_baseline
from evalhub.metrics.semantic.encoder import Encoder
from evalhub.metrics.semantic.idf import Idf, IdfSource, corpus_texts, idf_name
from evalhub.metrics.semantic.layers import tuned_layer
from evalhub.metrics.semantic.matching import Triple, score_rows
from evalhub.metrics.semantic.reading import Reader
from evalhub.metrics.semantic.settings import EncoderSettings
from evalhub.metrics.semantic.vectors import VectorSource

__all__ = ["BertScore", "BertScoreColumn"]


@dataclass(frozen=True, slots=True, eq=False)
class BertScoreColumn(PrecisionRecallF):
    """BERTScore's column, which also tells how much of the texts was not read."""

    truncated_share: float = field(kw_only=True, default=0.0)
    """Share of the different texts that were longer than the encoder takes."""


@dataclass(frozen=True)
class BertScore(EncoderSettings):
    """Similarity of meaning by greedy matching of contextual token embeddings.

    With several references each of precision, recall and F is its own maximum, as in the
    bert-score package. An empty text, or one whose tokens all weigh nothing, is skipped.
    Texts that were cut are named in the explanations.
    """

    name: ClassVar[str] = "bertscore"
    version: ClassVar[int] = 1
    requires: ClassVar[tuple[str, ...]] = ("outputs", "references")

    idf: IdfSource = False
    """Weigh tokens by their rarity in the batch's references, or in these texts."""
    layer: int | None = None
    """Layer whose output is compared; the one known to be best, else the last, when None."""
    baseline: BaselineSource | None = None
    """What unrelated texts score (precision, recall, F), or a file of that; rescales."""

    def __post_init__(self) -> None:
        if self.baseline is not None and not isinstance(self.baseline, str | Path):
            load_baseline(self.baseline, self.layer or 0)

    @property
    def signature(self) -> str:
        """Name, encoder with its fingerprint, settings and version."""
        encoder = self.load()
        baseline = self._baseline(encoder)
        return signature(
            self.name,
            model=encoder.name,
            weights=encoder.fingerprint,
            layer=self._layer(encoder),
            max_tokens=encoder.max_tokens,
            idf=idf_name(self.idf),
            baseline="no" if baseline is None else baseline,
            refs="max_of_each_of_prf",
            version=self.version,
        )

    def describe(self) -> dict[str, str | int]:
        """Return what computes the scores: backend, layer and where that is from, length.

        The backend is not in the signature: scores of different ones agree to 1e-5.
        """
        encoder, cache = self.load(), self.open_cache()
        return {
            "model": encoder.name,
            "backend": encoder.backend,
            "layer": self._layer(encoder),
            "layer_from": self._layer_from(encoder),
            "max_tokens": encoder.max_tokens,
            "cache": "no" if cache is None else str(cache.path),
        }

    def score_batch(self, outputs: Sequence[str | None], references: References) -> ScoreTable:
        """Score each output against the closest of its references.

        Raises:
            MetricInputError: the columns differ in length or hold something else than texts.
            MetricError: the file of the baseline or of idf's texts cannot be used.
            ModelError: the encoder was not pulled, or has no such layer.
        """
        check_lengths(outputs=outputs, references=references)
        rows = [[text.strip() for text in row] for row in reference_lists(references)]
        unscored = unscored_rows(outputs, rows)
        texts = ["" if output is None else output.strip() for output in outputs]
        encoder = self.load()
        reader = Reader(encoder, texts, rows)
        source = VectorSource(encoder, self._layer(encoder), self.open_cache())
        wanted = [index for index in range(len(texts)) if index not in unscored]
        triples: dict[int, Triple] = {}
        weigh = self._weights(encoder, rows)
        for index, result in score_rows(
            reader, source, wanted, weigh=weigh, keep_outputs=self.cache_outputs
        ):
            if isinstance(result, Unscored):
                unscored[index] = result
            else:
                triples[index] = result
        return {self.name: self._column(self._rescaled(triples, encoder), unscored, reader)}

    def _layer(self, encoder: Encoder) -> int:
        if self.layer is not None:
            return self.layer
        tuned = tuned_layer(encoder.name)
        return encoder.layers if tuned is None else tuned

    def _layer_from(self, encoder: Encoder) -> str:
        if self.layer is not None:
            return "setting"
        if tuned_layer(encoder.name) is not None:
            return "tuned on WMT16 (bert-score)"
        return f"the last: none is known to be best for {encoder.name!r}"

    def _baseline(self, encoder: Encoder) -> Baseline | None:
        if self.baseline is None:
            return None
        return load_baseline(self.baseline, self._layer(encoder))

    def _weights(self, encoder: Encoder, rows: Sequence[Sequence[str]]) -> Idf | None:
        if self.idf is False:
            return None
        texts = corpus_texts(self.idf)
        return Idf(encoder, (text for row in rows for text in row) if texts is None else texts)

    def _rescaled(self, triples: Mapping[int, Triple], encoder: Encoder) -> Mapping[int, Triple]:
        baseline = self._baseline(encoder)
        if baseline is None:
            return triples
        return {
            index: Triple(*((x - b) / (1 - b) for x, b in zip(triple, baseline, strict=True)))
            for index, triple in triples.items()
        }

    def _column(
        self, triples: Mapping[int, Triple], unscored: Mapping[int, Unscored], reader: Reader
    ) -> BertScoreColumn:
        n = len(triples) + len(unscored)
        values = np.full((n, 3), np.nan)
        for index, triple in triples.items():
            values[index] = triple
        told = {**reader.truncations, **{i: item.reason for i, item in unscored.items()}}
        return BertScoreColumn(
            name=self.name,
            values=values[:, 2].copy(),
            precision=values[:, 0].copy(),
            recall=values[:, 1].copy(),
            signature=self.signature,
            states=states_of(n, unscored),
            explanations=[told.get(index) for index in range(n)] if told else None,
            bounds=(-1.0, 1.0) if self.baseline is None else None,
            truncated_share=reader.truncated_share,
        )
