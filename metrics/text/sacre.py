"""What BLEU, chrF and TER share: sacreBLEU counts, for examples and for the corpus.

Values are on sacreBLEU's own scale of 0 to 100, so that they can be held to published ones.
Its signature is part of ours.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Protocol

import numpy as np

from evalhub._optional import require
from evalhub.errors import MetricError
from evalhub.metrics.base import signature
from evalhub.metrics.columns import (
    References,
    column_lists,
    explanations_of,
    reference_lists,
    states_of,
    unscored_rows,
)
from evalhub.metrics.corpus import CorpusColumn, CorpusScore, corpus_score
from evalhub.metrics.stats.sample import Clusters

__all__ = ["SacreMetric", "Scorer", "make_scorer"]


class Scorer(Protocol):
    """The part of sacreBLEU's metrics that is used here.

    Its public methods answer with scores only, and not with what chrF is computed from.
    The two private ones are what sacreBLEU's own significance tests use; a test holds them to the
    public ones.
    """

    num_refs: int

    def _extract_corpus_statistics(
        self, hypotheses: Sequence[str], references: Sequence[Sequence[str | None]]
    ) -> list[list[float]]:
        """Return what each hypothesis adds to the sums that a score is made of."""

    def _compute_score_from_stats(self, stats: list[float]) -> Any:
        """Return the score of such sums, with its value as ``score``."""

    def get_signature(self) -> Any:
        """Return an object whose text is the signature."""


def make_scorer(kind: str, settings: Mapping[str, object]) -> Scorer:
    """Return sacreBLEU's metric *kind* (BLEU, CHRF or TER).

    Raises:
        MissingExtraError: sacrebleu, or the package of one of its tokenizers, is not installed.
        MetricError: sacreBLEU does not take a setting.
    """
    make: Callable[..., Scorer] = getattr(require("sacrebleu.metrics", extra="metrics"), kind)
    try:
        scorer = make(**settings)
    except (
        ImportError,
        RuntimeError,
    ) as error:  # the tokenizers for Japanese and Korean say what to install
        told = " ".join(str(error).split())
        raise MetricError(f"sacreBLEU cannot make {kind}: {told}") from error
    scorer.num_refs = 1  # it refuses to sign before it has seen references
    return scorer


class SacreMetric(ABC):
    """A metric whose numbers are a scorer's of sacreBLEU; subclasses make the scorer."""

    __slots__ = ()

    version: ClassVar[int]
    requires: ClassVar[tuple[str, ...]] = ("outputs", "references")
    bounds: ClassVar[tuple[float, float]] = (0.0, 100.0)
    """Least and greatest value."""

    _scorer: Scorer
    """What scores an example."""

    @property
    @abstractmethod
    def name(self) -> str:
        """Name of the metric and of its column."""

    @property
    def signature(self) -> str:
        """Name, sacreBLEU's signature and version."""
        return self._sign(self._scorer)

    def score_batch(
        self, outputs: Sequence[str | None], references: References
    ) -> dict[str, CorpusColumn]:
        """Score each of *outputs* against its references.

        Raises:
            MetricInputError: the columns differ in length, or hold what is no text.
        """
        outputs, references = column_lists(outputs=outputs, references=references)
        texts = reference_lists(references)
        unscored = unscored_rows(outputs, texts)
        counts: list[list[float]] = [
            [] if i in unscored else self._count(output or "", row)
            for i, (output, row) in enumerate(zip(outputs, texts, strict=True))
        ]
        values = [_value(self._scorer, row) if row else np.nan for row in counts]
        width = max(map(len, counts), default=0)
        column = CorpusColumn(
            name=self.name,
            values=np.array(values, dtype=np.float64),
            signature=self.signature,
            states=states_of(len(outputs), unscored),
            explanations=explanations_of(len(outputs), unscored),
            bounds=self.bounds,
            statistics=np.array([row or [np.nan] * width for row in counts], dtype=np.float64),
        )
        return {self.name: column}

    def corpus(
        self,
        table: Mapping[str, CorpusColumn],
        *,
        bootstrap: int = 1000,
        seed: int = 0,
        clusters: Clusters = None,
    ) -> dict[str, CorpusScore]:
        """Return the score of all examples of *table* together, with its interval.

        Raises:
            MetricInputError: *bootstrap* is 1, or there is not one cluster per example.
        """
        scorer = self._scorer_of_corpus()
        score = corpus_score(
            table[self.name],
            self._sign(scorer),
            lambda counts: _value(scorer, counts.tolist()),
            bootstrap=bootstrap,
            seed=seed,
            clusters=clusters,
        )
        return {self.name: score}

    def _scorer_of_corpus(self) -> Scorer:
        return self._scorer

    def _count(self, output: str, references: Sequence[str]) -> list[float]:
        # sacreBLEU takes references as streams: one list a reference, of one item an output.
        streams = [[reference] for reference in references]
        return self._scorer._extract_corpus_statistics([output], streams)[0]

    def _sign(self, scorer: Scorer) -> str:
        """Return our signature with the parts of sacreBLEU's in it."""
        parts = dict(part.split(":", 1) for part in str(scorer.get_signature()).split("|"))
        # How many references there were is no setting, and is known only after scoring: a
        # signature that changes at the first use would compare with nothing.
        del parts["nrefs"]
        installed = parts.pop("version")
        return signature(self.name, version=self.version, **parts, sacrebleu=installed)


def _value(scorer: Scorer, counts: Sequence[float]) -> float:
    # A list of its own, for add-k smoothing changes what it is given.
    return float(scorer._compute_score_from_stats(list(counts)).score)
