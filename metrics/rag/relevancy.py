"""Answer relevancy: how well the answer fits the question that was asked.

Definition: Es et al. (2023), RAGAS: automated evaluation of retrieval augmented generation,
section 3. The version that asks no model compares the question with the answer itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from evalhub.errors import MetricError
from evalhub.metrics.base import ScoreTable, signature
from evalhub.metrics.columns import Unscored, score_column
from evalhub.metrics.rag.examples import Inputs, rag_examples
from evalhub.metrics.rag.finding import Finding, Found, quoted
from evalhub.metrics.rag.interview import Interview
from evalhub.metrics.rag.judged import Example, JudgedMetric
from evalhub.metrics.rag.similarity import Vectors, encoder_settings

__all__ = ["AnswerRelevancy", "AnswerRelevancyEncoder"]


@dataclass(frozen=True)
class AnswerRelevancy(JudgedMetric):
    """Mean cosine of the question with questions that a model guesses from the answer.

    One question to the model an example. A noncommittal answer scores 0. Whether the answer is
    true does not matter. Values are cosines: -1 to 1, in practice rarely below 0.

    Args:
        n: How many questions are guessed.
        encoder: Name of a pulled encoder, or the folder of one.
        question: Name of the input that is the question; needed where there are several
            and none is called ``question``, ``query`` or ``input``.
    """

    name: ClassVar[str] = "answer_relevancy"
    requires: ClassVar[tuple[str, ...]] = ("outputs", "inputs")
    variants: ClassVar[tuple[str, ...]] = ("answer_relevancy",)
    prompts: ClassVar[tuple[str, ...]] = ("questions_v1",)

    n: int = field(default=3, kw_only=True)
    encoder: str | Path = field(default="minilm", kw_only=True)
    question: str | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n < 1:
            raise MetricError(f"n is {self.n}; at least 1 question must be guessed")

    def score_batch(self, outputs: Sequence[str | None], inputs: Inputs) -> ScoreTable:
        """Score each output against the question that it answers.

        Raises:
            MetricInputError: the columns do not fit, or an example has no question.
            ModelError: the encoder was not pulled.
        """
        examples = rag_examples(outputs=outputs, inputs=inputs, question=self.question)
        return self._score(examples)

    def _settings(self) -> Mapping[str, object]:
        return {"n": self.n, **encoder_settings(self.encoder)}

    def _bounds(self) -> Mapping[str, tuple[float, float]]:
        return {self.name: (-1.0, 1.0)}

    def _judge(self, interview: Interview, example: Example) -> Mapping[str, Found]:
        guess = interview.questions(example["output"], self.n)
        if guess.noncommittal:
            return {self.name: Finding(0.0, "the answer is noncommittal")}
        guessed = guess.questions[: self.n]
        cosines = Vectors(self.encoder, [example["question"], *guessed]).cosines(
            [example["question"]], guessed
        )[0]
        pairs = zip(guessed, cosines, strict=True)
        listed = "; ".join(f"{cosine:.2f} {quoted(text)}" for text, cosine in pairs)
        return {self.name: Finding(float(cosines.mean()), f"guessed: {listed}")}


@dataclass(frozen=True)
class AnswerRelevancyEncoder:
    """Cosine of question and answer on the local encoder; asks no model.

    It is weak: an answer that repeats the question scores high, a short right one
    ("In 1969.") low. An evasive answer is not noticed. Use it to watch for change.
    """

    name: ClassVar[str] = "answer_relevancy_encoder"
    version: ClassVar[int] = 1
    requires: ClassVar[tuple[str, ...]] = ("outputs", "inputs")

    encoder: str | Path = "minilm"
    """Name of a pulled encoder, or the folder of one."""
    question: str | None = None
    """Name of the input that is the question."""

    @property
    def signature(self) -> str:
        """Name, encoder with its fingerprint, and version."""
        return signature(self.name, **encoder_settings(self.encoder), version=self.version)

    def score_batch(self, outputs: Sequence[str | None], inputs: Inputs) -> ScoreTable:
        """Score each output against the question that it answers.

        Raises:
            MetricInputError: the columns do not fit, or an example has no question.
            ModelError: the encoder was not pulled.
        """
        examples = rag_examples(outputs=outputs, inputs=inputs, question=self.question)
        pairs = [
            item if isinstance(item, Unscored) else (item["question"], item["output"])
            for item in examples
        ]
        vectors = Vectors(
            self.encoder, (text for pair in pairs if isinstance(pair, tuple) for text in pair)
        )
        results = [pair if isinstance(pair, Unscored) else vectors.cosine(*pair) for pair in pairs]
        return {self.name: score_column(self.name, self.signature, results, bounds=(-1.0, 1.0))}
