"""Noise sensitivity: how many wrong claims an answer takes from what was retrieved.

Definition: the RAGAS documentation, "noise sensitivity", after Ru et al. (2024), RAGChecker: a
fine-grained framework for diagnosing retrieval-augmented generation, section 3.3.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from evalhub.metrics.base import ScoreTable
from evalhub.metrics.columns import References, Unscored
from evalhub.metrics.rag.examples import Contexts, Inputs, rag_examples
from evalhub.metrics.rag.finding import Finding, Found, quoted, told
from evalhub.metrics.rag.interview import Interview
from evalhub.metrics.rag.judged import Example, JudgedMetric
from evalhub.model import Direction, ScoreState

__all__ = ["NoiseSensitivity"]


@dataclass(frozen=True, slots=True)
class _Claim:
    text: str
    correct: bool
    sources: frozenset[int]
    """Contexts that support it, counted from 0."""


@dataclass(frozen=True)
class NoiseSensitivity(JudgedMetric):
    """Share of the answer's claims that are wrong and taken from a context; lower is better.

    A claim is wrong when the references do not support it. A context is relevant when it
    supports a claim of a reference. ``noise_sensitivity_relevant`` counts wrong claims that a
    relevant context supports, ``noise_sensitivity_irrelevant`` those that only irrelevant ones
    do, ``noise_sensitivity`` both. An answer or a reference that claims nothing is ``skipped``.

    Four questions to the model an example, one more for each further reference.

    Args:
        question: Name of the input that is the question; needed where there are several
            and none is called ``question``, ``query`` or ``input``.
    """

    name: ClassVar[str] = "noise_sensitivity"
    better: ClassVar[Direction] = Direction.LOWER
    requires: ClassVar[tuple[str, ...]] = ("outputs", "inputs", "contexts", "references")
    variants: ClassVar[tuple[str, ...]] = (
        "noise_sensitivity",
        "noise_sensitivity_relevant",
        "noise_sensitivity_irrelevant",
    )
    prompts: ClassVar[tuple[str, ...]] = ("claims_v1", "support_v1", "attribution_v1")

    question: str | None = field(default=None, kw_only=True)

    def score_batch(
        self,
        outputs: Sequence[str | None],
        inputs: Inputs,
        contexts: Contexts,
        references: References,
    ) -> ScoreTable:
        """Score each output, given the contexts it was made from.

        Raises:
            MetricInputError: the columns do not fit, or an example has no question.
        """
        return self._score(
            rag_examples(
                outputs=outputs,
                inputs=inputs,
                contexts=contexts,
                references=references,
                question=self.question,
            )
        )

    def _judge(self, interview: Interview, example: Example) -> Mapping[str, Found]:
        question, references = example["question"], example["references"]
        claims = interview.claims(example["output"], question)
        if not claims:
            return self._skipped("the answer makes no claim")
        known = [
            claim
            for text in references
            for claim in interview.claims(text, question, of="reference")
        ]
        if not known:
            return self._skipped("the reference makes no claim")
        judged = interview.support(claims, references, step="support by the reference")
        sources = interview.attributions([*known, *claims], example["contexts"])
        relevant = frozenset[int]().union(*sources[: len(known)])
        triples = zip(claims, judged, sources[len(known) :], strict=True)
        return _findings([_Claim(text, item.holds, own) for text, item, own in triples], relevant)

    def _skipped(self, reason: str) -> Mapping[str, Found]:
        return dict.fromkeys(self.variants, Unscored(ScoreState.SKIPPED, reason))


def _findings(claims: Sequence[_Claim], relevant: frozenset[int]) -> Mapping[str, Found]:
    def share(kind: str, counts: Callable[[_Claim], bool]) -> Finding:
        wrong = [quoted(item.text) for item in claims if not item.correct and counts(item)]
        kind = f"claims wrong and from {kind} contexts"
        return Finding(len(wrong) / len(claims), told(kind, wrong, len(claims)))

    return {
        "noise_sensitivity": share("the", lambda claim: bool(claim.sources)),
        "noise_sensitivity_relevant": share(
            "relevant", lambda claim: bool(claim.sources & relevant)
        ),
        "noise_sensitivity_irrelevant": share(
            "irrelevant", lambda claim: bool(claim.sources) and not claim.sources & relevant
        ),
    }
