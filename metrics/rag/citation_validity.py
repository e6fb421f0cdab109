"""Citation validity: whether what an answer cites is there at all. No model is asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from evalhub.metrics.base import ScoreTable, signature
from evalhub.metrics.columns import Unscored
from evalhub.metrics.rag.citations import CitedSentence, cited_sentences
from evalhub.metrics.rag.examples import Contexts, rag_examples
from evalhub.metrics.rag.finding import Finding, Found, finding_columns, quoted, told
from evalhub.metrics.rag.sentences import SPLITTER_VERSION
from evalhub.model import ScoreState

__all__ = ["CitationValidity"]


@dataclass(frozen=True)
class CitationValidity:
    """Share of citations whose context exists, and share of sentences that have a citation.

    Columns ``citation_validity`` (``skipped`` for an answer that cites nothing) and
    ``citation_coverage``. Citations are ``[1]``, ``[2][3]``, ``[1, 4]`` or ``[2-4]``; ``[1]`` is
    the first context. A number counts once a sentence.
    """

    name: ClassVar[str] = "citation_validity"
    version: ClassVar[int] = 1
    requires: ClassVar[tuple[str, ...]] = ("outputs", "contexts")
    variants: ClassVar[tuple[str, ...]] = ("citation_validity", "citation_coverage")

    @property
    def signature(self) -> str:
        """Name, splitter and version."""
        return signature(self.name, sentences=SPLITTER_VERSION, version=self.version)

    def score_batch(self, outputs: Sequence[str | None], contexts: Contexts) -> ScoreTable:
        """Check the citations of each output, which count its contexts from 1.

        Raises:
            MetricInputError: the columns do not fit.
        """
        rows = [
            dict.fromkeys(self.variants, item)
            if isinstance(item, Unscored)
            else _row(cited_sentences(item["output"]), len(item["contexts"]))
            for item in rag_examples(outputs=outputs, contexts=contexts)
        ]
        return finding_columns(dict.fromkeys(self.variants, (0.0, 1.0)), self.signature, rows)


def _row(sentences: Sequence[CitedSentence], n: int) -> Mapping[str, Found]:
    return {
        "citation_validity": _validity(sentences, n),
        "citation_coverage": _coverage(sentences),
    }


def _validity(sentences: Sequence[CitedSentence], n: int) -> Found:
    total = sum(len(item.numbers) for item in sentences)
    if total == 0:
        return Unscored(ScoreState.SKIPPED, "the answer cites nothing")
    absent = [f"[{number}]" for item in sentences for number in item.absent(n)]
    value = (total - len(absent)) / total
    return Finding(value, told(f"citations not among the {n} contexts", absent, total))


def _coverage(sentences: Sequence[CitedSentence]) -> Found:
    if not sentences:
        return Unscored(ScoreState.SKIPPED, "the answer has no sentence")
    bare = [quoted(item.text) for item in sentences if not item.numbers]
    value = (len(sentences) - len(bare)) / len(sentences)
    return Finding(value, told("sentences without citation", bare, len(sentences)))
