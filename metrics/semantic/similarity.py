"""Similarity of whole texts: the cosine of their vectors.

A text's vector is made of its tokens' as the encoder was trained: their mean, as in
Sentence-BERT (Reimers and Gurevych, 2019), or the first.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from evalhub.metrics.base import ScoreTable, signature
from evalhub.metrics.columns import (
    References,
    Unscored,
    check_lengths,
    reference_lists,
    score_column,
    unscored_rows,
)
from evalhub.metrics.semantic.network import Floats
from evalhub.metrics.semantic.reading import Chunk, Reader
from evalhub.metrics.semantic.settings import EncoderSettings
from evalhub.metrics.semantic.vectors import VectorSource
from evalhub.model import ScoreState

__all__ = ["EmbeddingSimilarity"]


@dataclass(frozen=True)
class EmbeddingSimilarity(EncoderSettings):
    """Cosine of the vectors of an output and the closest of its references.

    An empty text is skipped. Values are -1 to 1; what unrelated texts score depends on the
    encoder, and is near 0 only for one trained on sentences, such as minilm.
    """

    name: ClassVar[str] = "embedding_similarity"
    version: ClassVar[int] = 1
    requires: ClassVar[tuple[str, ...]] = ("outputs", "references")

    prefix: str = field(default="", kw_only=True)
    """What stands before every text, for encoders trained so, such as ``"query: "`` for e5."""

    @property
    def signature(self) -> str:
        """Name, encoder with its fingerprint, settings and version."""
        encoder = self.load()
        prefix = {"prefix": repr(self.prefix)} if self.prefix else {}
        return signature(
            self.name,
            model=encoder.name,
            weights=encoder.fingerprint,
            layer=encoder.layers,
            max_tokens=encoder.max_tokens,
            pooling=encoder.pooling,
            refs="max",
            **prefix,
            version=self.version,
        )

    def score_batch(self, outputs: Sequence[str | None], references: References) -> ScoreTable:
        """Score each output against the closest of its references.

        Raises:
            MetricInputError: the columns differ in length or hold something else than texts.
            ModelError: there is no such encoder.
        """
        check_lengths(outputs=outputs, references=references)
        rows = [[text.strip() for text in row] for row in reference_lists(references)]
        results: dict[int, float | Unscored] = dict(unscored_rows(outputs, rows))
        texts = [self._prefixed("" if output is None else output.strip()) for output in outputs]
        read = [[self._prefixed(text) for text in row] for row in rows]
        reader = Reader(self.load(), texts, read)
        wanted = [index for index in range(len(texts)) if index not in results]
        for chunk in reader.chunks(wanted):
            results.update(self._score(chunk, reader))
        ordered = [results[index] for index in range(len(texts))]
        column = score_column(self.name, self.signature, ordered, bounds=(-1.0, 1.0))
        return {self.name: column}

    def _prefixed(self, text: str) -> str:
        return self.prefix + text if text else ""  # an empty text stays one, and is skipped

    def _score(self, chunk: Chunk, reader: Reader) -> Iterator[tuple[int, float | Unscored]]:
        vectors = self._embed(chunk)
        for row in chunk.rows:
            yield row, _closest(vectors, reader.output(row), reader.references(row))

    def _embed(self, chunk: Chunk) -> dict[str, Floats]:
        encoder = self.load()
        source = VectorSource(encoder, encoder.layers, self.open_cache(), pooled=True)
        texts = [text for text, item in chunk.texts.items() if not item.is_empty]
        keep = [self.cache_outputs or text in chunk.references for text in texts]
        vectors = source([chunk.texts[text] for text in texts], keep)
        return {text: found[0] for text, found in zip(texts, vectors, strict=True)}


def _closest(
    vectors: dict[str, Floats], output: str, references: Sequence[str]
) -> float | Unscored:
    if output not in vectors:
        return Unscored(ScoreState.SKIPPED, "the output has no token")
    found = [vectors[text] for text in references if text in vectors]
    if not found:
        return Unscored(ScoreState.SKIPPED, "no reference has a token")
    return max(float(vectors[output] @ vector) for vector in found)
