"""Faithfulness and context recall on the local encoder, sentence by sentence; no model is asked.

Both are weak. A sentence counts as supported when some sentence of the contexts is alike,
so one that is negated, or has another number in it, passes. On 800 summaries of SummEval
(Fabbri et al., 2021) with their sources as contexts, the threshold of 0.8 told the consistent
from the others with an AUC of 0.71; 0.6 with 0.65.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from evalhub.metrics.base import ScoreTable, signature
from evalhub.metrics.columns import References, Unscored
from evalhub.metrics.rag.citations import plain_sentences
from evalhub.metrics.rag.examples import Contexts, rag_examples
from evalhub.metrics.rag.finding import Finding, Found, finding_columns, quoted, told
from evalhub.metrics.rag.sentences import SPLITTER_VERSION
from evalhub.metrics.rag.similarity import Vectors, check_threshold, encoder_settings
from evalhub.model import ScoreState

__all__ = ["ContextRecallEncoder", "FaithfulnessEncoder"]


@dataclass(frozen=True)
class FaithfulnessEncoder:
    """Share of the answer's sentences that are like some sentence of the contexts.

    An answer without a sentence is skipped; without contexts none is supported. The
    explanation lists the sentences that are not, with their best cosine.
    """

    name: ClassVar[str] = "faithfulness_encoder"
    version: ClassVar[int] = 1
    requires: ClassVar[tuple[str, ...]] = ("outputs", "contexts")

    threshold: float = 0.8
    """Least cosine of two sentences that are alike."""
    encoder: str | Path = "minilm"
    """Name of a pulled encoder, or the folder of one."""

    def __post_init__(self) -> None:
        check_threshold(self.threshold)

    @property
    def signature(self) -> str:
        """Name, threshold, encoder with its fingerprint, splitter and version."""
        return _signature(self.name, self.version, self.threshold, self.encoder)

    def score_batch(self, outputs: Sequence[str | None], contexts: Contexts) -> ScoreTable:
        """Score each output against the contexts it was made from.

        Raises:
            MetricInputError: the columns do not fit.
            ModelError: the encoder was not pulled.
        """
        examples = rag_examples(outputs=outputs, contexts=contexts)
        pairs = [
            item if isinstance(item, Unscored) else _Pair([item["output"]], item["contexts"])
            for item in examples
        ]
        found = _shares(pairs, self.encoder, self.threshold)
        rows: list[Mapping[str, Found]] = [{self.name: item} for item in found]
        return finding_columns({self.name: (0.0, 1.0)}, self.signature, rows)


@dataclass(frozen=True)
class ContextRecallEncoder:
    """Share of the reference's sentences that are like some sentence of the contexts.

    The best reference counts. The explanation lists the sentences that are not found, with
    their best cosine.
    """

    name: ClassVar[str] = "context_recall_encoder"
    version: ClassVar[int] = 1
    requires: ClassVar[tuple[str, ...]] = ("contexts", "references")

    threshold: float = 0.8
    """Least cosine of two sentences that are alike."""
    encoder: str | Path = "minilm"
    """Name of a pulled encoder, or the folder of one."""

    def __post_init__(self) -> None:
        check_threshold(self.threshold)

    @property
    def signature(self) -> str:
        """Name, threshold, encoder with its fingerprint, splitter and version."""
        return _signature(self.name, self.version, self.threshold, self.encoder)

    def score_batch(self, contexts: Contexts, references: References) -> ScoreTable:
        """Score each list of retrieved chunks.

        Raises:
            MetricInputError: the columns do not fit.
            ModelError: the encoder was not pulled.
        """
        examples = rag_examples(contexts=contexts, references=references)
        pairs = [
            item if isinstance(item, Unscored) else _Pair(item["references"], item["contexts"])
            for item in examples
        ]
        found = _shares(pairs, self.encoder, self.threshold)
        rows: list[Mapping[str, Found]] = [{self.name: item} for item in found]
        return finding_columns({self.name: (0.0, 1.0)}, self.signature, rows)


class _Pair:
    """Sentences to be found, one list a text, and those among which they are looked for."""

    def __init__(self, texts: Sequence[str], contexts: Sequence[str]) -> None:
        self.rows = [row for row in map(plain_sentences, texts) if row]
        self.candidates = [sentence for text in contexts for sentence in plain_sentences(text)]

    def all(self) -> list[str]:
        return [*(sentence for row in self.rows for sentence in row), *self.candidates]


def _shares(
    pairs: Sequence[_Pair | Unscored], encoder: str | Path, threshold: float
) -> list[Found]:
    """Return the highest share of each pair's texts that is found among its candidates."""
    texts = (text for pair in pairs if isinstance(pair, _Pair) for text in pair.all())
    vectors = Vectors(encoder, texts)
    return [
        pair if isinstance(pair, Unscored) else _best_share(pair, vectors, threshold)
        for pair in pairs
    ]


def _best_share(pair: _Pair, vectors: Vectors, threshold: float) -> Found:
    if not pair.rows:
        return Unscored(ScoreState.SKIPPED, "the text has no sentence")
    found = [_share(row, pair.candidates, vectors, threshold) for row in pair.rows]
    return max(found, key=lambda item: item.value)


def _share(
    row: Sequence[str], candidates: Sequence[str], vectors: Vectors, threshold: float
) -> Finding:
    best = vectors.best(row, candidates)
    pairs = zip(row, best, strict=True)
    failed = [quoted(text, f"{cosine:.2f}") for text, cosine in pairs if cosine < threshold]
    value = (len(row) - len(failed)) / len(row)
    return Finding(value, told("sentences unsupported", failed, len(row)))


def _signature(name: str, version: int, threshold: float, encoder: str | Path) -> str:
    return signature(
        name,
        threshold=threshold,
        **encoder_settings(encoder),
        sentences=SPLITTER_VERSION,
        version=version,
    )
