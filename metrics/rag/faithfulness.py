"""Faithfulness: the share of an answer's claims that its contexts support.

Definition: Es et al. (2023), RAGAS: automated evaluation of retrieval augmented generation,
section 3.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from evalhub.metrics.base import ScoreTable
from evalhub.metrics.columns import Unscored
from evalhub.metrics.rag.examples import Contexts, Inputs, rag_examples
from evalhub.metrics.rag.finding import Finding, Found, told, unsupported
from evalhub.metrics.rag.interview import Interview
from evalhub.metrics.rag.judged import Example, JudgedMetric
from evalhub.model import ScoreState

__all__ = ["Faithfulness"]


@dataclass(frozen=True)
class Faithfulness(JudgedMetric):
    """Supported claims over claims, as a model finds and checks them; two questions an example.

    An answer that claims nothing is ``skipped``. Without contexts no claim is supported. The
    explanation lists the claims that are not.

    Args:
        question: Name of the input that is the question; needed where there are several
            and none is called ``question``, ``query`` or ``input``.
    """

    name: ClassVar[str] = "faithfulness"
    requires: ClassVar[tuple[str, ...]] = ("outputs", "inputs", "contexts")
    variants: ClassVar[tuple[str, ...]] = ("faithfulness",)
    prompts: ClassVar[tuple[str, ...]] = ("claims_v1", "support_v1")

    question: str | None = field(default=None, kw_only=True)

    def score_batch(
        self, outputs: Sequence[str | None], inputs: Inputs, contexts: Contexts
    ) -> ScoreTable:
        """Score each output against the contexts it was made from.

        Raises:
            MetricInputError: the columns do not fit, or an example has no question.
        """
        return self._score(
            rag_examples(outputs=outputs, inputs=inputs, contexts=contexts, question=self.question)
        )

    def _judge(self, interview: Interview, example: Example) -> Mapping[str, Found]:
        claims = interview.claims(example["output"], example["question"])
        if not claims:
            return {self.name: Unscored(ScoreState.SKIPPED, "the answer makes no claim")}
        judged = interview.support(claims, example["contexts"], step="support of the claims")
        failed = unsupported(claims, judged)
        value = (len(claims) - len(failed)) / len(claims)
        return {self.name: Finding(value, told("claims unsupported", failed, len(claims)))}
