"""Answer correctness: agreement of an answer's claims with the reference's, and likeness.

Definition: the RAGAS documentation, "answer correctness".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from evalhub.errors import MetricError
from evalhub.metrics.base import ScoreTable
from evalhub.metrics.columns import References, Unscored
from evalhub.metrics.rag.examples import Inputs, rag_examples
from evalhub.metrics.rag.finding import Finding, Found, told, unsupported
from evalhub.metrics.rag.interview import Interview
from evalhub.metrics.rag.judged import Example, JudgedMetric
from evalhub.metrics.rag.similarity import Vectors, encoder_settings
from evalhub.model import ScoreState

__all__ = ["AnswerCorrectness"]

_SKIPPED = Unscored(ScoreState.SKIPPED, "the reference makes no claim")


@dataclass(frozen=True)
class AnswerCorrectness(JudgedMetric):
    """Weighted mean of the F1 of claims and the cosine of answer and reference.

    Claims of the answer that the reference supports are true positives (TP), the others false
    positives (FP); claims of the reference that the answer does not support are false negatives
    (FN); F1 = TP / (TP + (FP + FN) / 2). Columns ``answer_correctness``,
    ``answer_correctness_claims`` (F1) and ``answer_correctness_similarity`` (cosine). Of several
    references the one that gives the highest ``answer_correctness`` counts.

    One question to the model an example, and three for each reference.

    Args:
        weights: Of the claims and of the cosine; only their ratio matters.
        encoder: Name of a pulled encoder, or the folder of one.
        question: Name of the input that is the question; needed where there are several
            and none is called ``question``, ``query`` or ``input``.
    """

    name: ClassVar[str] = "answer_correctness"
    requires: ClassVar[tuple[str, ...]] = ("outputs", "inputs", "references")
    variants: ClassVar[tuple[str, ...]] = (
        "answer_correctness",
        "answer_correctness_claims",
        "answer_correctness_similarity",
    )
    prompts: ClassVar[tuple[str, ...]] = ("claims_v1", "support_v1")

    weights: tuple[float, float] = field(default=(0.75, 0.25), kw_only=True)
    encoder: str | Path = field(default="minilm", kw_only=True)
    question: str | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.weights) != 2 or min(self.weights) < 0 or sum(self.weights) <= 0:
            raise MetricError(
                f"weights are {self.weights}; give two numbers from 0, for claims and similarity"
            )

    def score_batch(
        self, outputs: Sequence[str | None], inputs: Inputs, references: References
    ) -> ScoreTable:
        """Score each output against the best of its references.

        Raises:
            MetricInputError: the columns do not fit, or an example has no question.
            ModelError: the encoder was not pulled.
        """
        return self._score(
            rag_examples(
                outputs=outputs, inputs=inputs, references=references, question=self.question
            )
        )

    def _settings(self) -> Mapping[str, object]:
        weights = ":".join(f"{weight:.6g}" for weight in self._shares)
        return {"weights": weights, **encoder_settings(self.encoder), "refs": "max"}

    def _bounds(self) -> Mapping[str, tuple[float, float]]:
        return {
            "answer_correctness": (-self._shares[1], 1.0),
            "answer_correctness_claims": (0.0, 1.0),
            "answer_correctness_similarity": (-1.0, 1.0),
        }

    @property
    def _shares(self) -> tuple[float, float]:
        claims, similarity = self.weights
        return claims / (claims + similarity), similarity / (claims + similarity)

    def _judge(self, interview: Interview, example: Example) -> Mapping[str, Found]:
        answer, question = example["output"], example["question"]
        claims = interview.claims(answer, question)
        vectors = Vectors(self.encoder, [answer, *example["references"]])
        best: Mapping[str, Finding] | None = None
        for reference in example["references"]:
            known = interview.claims(reference, question, of="reference")
            if not known:
                continue
            agreement = _agreement(interview, claims, known, answer, reference)
            row = self._row(agreement, vectors.cosine(answer, reference))
            if best is None or row[self.name].value > best[self.name].value:
                best = row
        return best or dict.fromkeys(self.variants, _SKIPPED)

    def _row(self, agreement: Finding, cosine: float) -> Mapping[str, Finding]:
        value = self._shares[0] * agreement.value + self._shares[1] * cosine
        return {
            "answer_correctness": Finding(value, agreement.explanation),
            "answer_correctness_claims": agreement,
            "answer_correctness_similarity": Finding(cosine),
        }


def _agreement(
    interview: Interview, claims: Sequence[str], known: Sequence[str], answer: str, reference: str
) -> Finding:
    """Return the F1 of the answer's *claims* against the reference's, *known*."""
    true = interview.support(claims, [reference], step="support by the reference")
    covered = interview.support(known, [answer], step="support by the answer")
    false, absent = unsupported(claims, true), unsupported(known, covered)
    hits = len(claims) - len(false)
    value = hits / (hits + (len(false) + len(absent)) / 2) if hits else 0.0
    wrong = told("claims of the answer unsupported", false, len(claims))
    missed = told("claims of the reference absent", absent, len(known))
    return Finding(value, f"{wrong}; {missed}")
