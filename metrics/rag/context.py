"""Context precision and recall: whether the retrieved chunks are those that the answer needs.

Definitions: the RAGAS documentation (explodinggradients, 2024), after Es et al. (2023).
Precision is average precision over the chunks (Manning et al., 2008, section 8.4).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from evalhub.metrics.base import ScoreTable
from evalhub.metrics.columns import References, Unscored
from evalhub.metrics.rag.citations import plain_sentences
from evalhub.metrics.rag.examples import Contexts, Inputs, rag_examples
from evalhub.metrics.rag.finding import Finding, Found, told, unsupported
from evalhub.metrics.rag.interview import Interview
from evalhub.metrics.rag.judged import Example, JudgedMetric
from evalhub.metrics.rag.ranking import average_precision
from evalhub.metrics.rag.sentences import SPLITTER_VERSION
from evalhub.model import ScoreState

__all__ = ["ContextPrecision", "ContextRecall"]


@dataclass(frozen=True)
class ContextPrecision(JudgedMetric):
    """Average precision of the retrieved chunks, by a model's verdicts on their usefulness.

    One question to the model an example: which chunks help to arrive at the reference. Useful
    chunks first score 1, none useful (or none retrieved) 0. Several references are
    shown together. Chunks that were not retrieved do not count: see :class:`ContextRecall`.

    Args:
        question: Name of the input that is the question; needed where there are several
            and none is called ``question``, ``query`` or ``input``.
    """

    name: ClassVar[str] = "context_precision"
    requires: ClassVar[tuple[str, ...]] = ("contexts", "inputs", "references")
    variants: ClassVar[tuple[str, ...]] = ("context_precision",)
    prompts: ClassVar[tuple[str, ...]] = ("usefulness_v1",)

    question: str | None = field(default=None, kw_only=True)

    def score_batch(self, contexts: Contexts, inputs: Inputs, references: References) -> ScoreTable:
        """Score each list of retrieved chunks.

        Raises:
            MetricInputError: the columns do not fit, or an example has no question.
        """
        return self._score(
            rag_examples(
                contexts=contexts, inputs=inputs, references=references, question=self.question
            )
        )

    def _judge(self, interview: Interview, example: Example) -> Mapping[str, Found]:
        contexts = example["contexts"]
        if not contexts:
            return {self.name: Finding(0.0, "nothing was retrieved")}
        judged = interview.usefulness(example["question"], example["references"], contexts)
        useless = [
            f"{rank}{f' ({item.reason})' if item.reason else ''}"
            for rank, item in enumerate(judged, start=1)
            if not item.holds
        ]
        value = average_precision([item.holds for item in judged])
        return {self.name: Finding(value, told("contexts useless", useless, len(contexts)))}


@dataclass(frozen=True)
class ContextRecall(JudgedMetric):
    """Share of the reference's sentences that the contexts support, by a model's verdicts.

    One question to the model for each reference; the best reference counts. Without contexts
    the score is 0. The explanation lists the sentences that are not supported.
    """

    name: ClassVar[str] = "context_recall"
    requires: ClassVar[tuple[str, ...]] = ("contexts", "references")
    variants: ClassVar[tuple[str, ...]] = ("context_recall",)
    prompts: ClassVar[tuple[str, ...]] = ("support_v1",)

    def score_batch(self, contexts: Contexts, references: References) -> ScoreTable:
        """Score each list of retrieved chunks.

        Raises:
            MetricInputError: the columns do not fit.
        """
        return self._score(rag_examples(contexts=contexts, references=references))

    def _settings(self) -> Mapping[str, object]:
        return {"sentences": SPLITTER_VERSION, "refs": "max"}

    def _judge(self, interview: Interview, example: Example) -> Mapping[str, Found]:
        rows = [row for row in map(plain_sentences, example["references"]) if row]
        if not rows:
            return {self.name: Unscored(ScoreState.SKIPPED, "the reference has no sentence")}
        found = [self._recall(interview, row, example["contexts"]) for row in rows]
        return {self.name: max(found, key=lambda item: item.value)}

    def _recall(self, interview: Interview, row: Sequence[str], contexts: Sequence[str]) -> Finding:
        judged = interview.support(row, contexts, step="support of the reference")
        failed = unsupported(row, judged)
        value = (len(row) - len(failed)) / len(row)
        return Finding(value, told("reference sentences unsupported", failed, len(row)))
