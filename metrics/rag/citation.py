"""Citation accuracy: whether what an answer cites supports what it says.

Definition: Gao et al. (2023), Enabling large language models to generate text with
citations (ALCE), section 3.3, with a model's verdicts in place of a model of inference.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from evalhub.metrics.base import ScoreTable
from evalhub.metrics.columns import Unscored
from evalhub.metrics.rag.citations import CitedSentence, cited_sentences
from evalhub.metrics.rag.examples import Contexts, rag_examples
from evalhub.metrics.rag.finding import Finding, Found, quoted, told
from evalhub.metrics.rag.interview import Interview
from evalhub.metrics.rag.judged import Example, JudgedMetric
from evalhub.metrics.rag.sentences import SPLITTER_VERSION
from evalhub.model import ScoreState

__all__ = ["CitationAccuracy"]


@dataclass(frozen=True, slots=True)
class _Checked:
    """A sentence, whether all that it cites supports it, and which citations count."""

    sentence: CitedSentence
    supported: bool
    reason: str
    needed: tuple[int, ...] = ()
    """Cited numbers that support the sentence alone, or without which the rest does not."""


@dataclass(frozen=True)
class CitationAccuracy(JudgedMetric):
    """Citation precision and recall of each answer, and their harmonic mean.

    Citations are ``[1]``, ``[2][3]``, ``[1, 4]`` or ``[2-4]``; ``[1]`` is the first context.
    Recall is the share of sentences that their citations, taken together, support. Precision
    is the share of citations that are right: their sentence is supported, and they either
    support it alone, or the others do not without them. A sentence that cites a context which is
    not there is not supported, and none of its citations is right. An answer without
    citations has a recall of 0 and no precision (``skipped``).

    One question to the model an example, and one more where supported sentences have
    several citations.
    """

    name: ClassVar[str] = "citation_accuracy"
    requires: ClassVar[tuple[str, ...]] = ("outputs", "contexts")
    variants: ClassVar[tuple[str, ...]] = (
        "citation_accuracy",
        "citation_precision",
        "citation_recall",
    )
    prompts: ClassVar[tuple[str, ...]] = ("citations_v1",)

    def score_batch(self, outputs: Sequence[str | None], contexts: Contexts) -> ScoreTable:
        """Score the citations of each output, which count its contexts from 1.

        Raises:
            MetricInputError: the columns do not fit.
        """
        return self._score(rag_examples(outputs=outputs, contexts=contexts))

    def _settings(self) -> Mapping[str, object]:
        return {"sentences": SPLITTER_VERSION}

    def _judge(self, interview: Interview, example: Example) -> Mapping[str, Found]:
        sentences = cited_sentences(example["output"])
        if not sentences:
            nothing = Unscored(ScoreState.SKIPPED, "the answer has no sentence")
            return dict.fromkeys(self.variants, nothing)
        checked = _check(interview, sentences, example["contexts"])
        recall, precision = _recall(checked), _precision(checked)
        return {
            "citation_accuracy": _harmonic(precision, recall),
            "citation_precision": precision,
            "citation_recall": recall,
        }


def _check(
    interview: Interview, sentences: Sequence[CitedSentence], contexts: Sequence[str]
) -> list[_Checked]:
    """Ask whether the citations support the sentences, then which of several are needed."""
    n = len(contexts)
    asked = list(dict.fromkeys(item for item in sentences if item.cited(n)))
    checks = [(sentence.text, sentence.cited(n)) for sentence in asked]
    judged = interview.citations(checks, contexts, step="support of the sentences")
    held = dict(zip(asked, judged, strict=True))
    supported = [sentence for sentence in asked if held[sentence].holds]
    needed = _needed(interview, supported, contexts)
    return [
        _Checked(
            sentence,
            sentence in needed,
            held[sentence].reason if sentence in held else _fault(sentence, n),
            needed.get(sentence, ()),
        )
        for sentence in sentences
    ]


def _needed(
    interview: Interview, supported: Sequence[CitedSentence], contexts: Sequence[str]
) -> dict[CitedSentence, tuple[int, ...]]:
    """Return the citations of each supported sentence that it needs."""
    checks = list(dict.fromkeys(check for item in supported for check in _parts(item)))
    judged = interview.citations(checks, contexts, step="need of the citations")
    holds = {check: item.holds for check, item in zip(checks, judged, strict=True)}
    return {
        item: tuple(number for number in item.numbers if _is_needed(item, number, holds))
        for item in supported
    }


_Check = tuple[str, tuple[int, ...]]
"""A statement, and the passages (counted from 0) that may support it."""


def _parts(sentence: CitedSentence) -> Iterator[_Check]:
    """Yield what decides which of several citations are needed: each alone, and the others."""
    if len(sentence.numbers) > 1:
        for number in sentence.numbers:
            yield sentence.text, _alone(number)
            yield sentence.text, _others(sentence, number)


def _is_needed(sentence: CitedSentence, number: int, holds: Mapping[_Check, bool]) -> bool:
    if len(sentence.numbers) == 1:
        return True
    alone, others = _alone(number), _others(sentence, number)
    return holds[sentence.text, alone] or not holds[sentence.text, others]


def _alone(number: int) -> tuple[int, ...]:
    return (number - 1,)


def _others(sentence: CitedSentence, number: int) -> tuple[int, ...]:
    return tuple(other - 1 for other in sentence.numbers if other != number)


def _fault(sentence: CitedSentence, n: int) -> str:
    absent = "".join(f"[{number}]" for number in sentence.absent(n))
    return f"{absent} is not there" if absent else "cites nothing"


def _recall(checked: Sequence[_Checked]) -> Finding:
    failed = [quoted(item.sentence.text, item.reason) for item in checked if not item.supported]
    value = (len(checked) - len(failed)) / len(checked)
    return Finding(value, told("sentences unsupported", failed, len(checked)))


def _precision(checked: Sequence[_Checked]) -> Found:
    total = sum(len(item.sentence.numbers) for item in checked)
    if total == 0:
        return Unscored(ScoreState.SKIPPED, "the answer cites nothing")
    wrong = [
        f"[{number}] of {quoted(item.sentence.text)}"
        for item in checked
        for number in item.sentence.numbers
        if number not in item.needed
    ]
    return Finding((total - len(wrong)) / total, told("citations wrong or needless", wrong, total))


def _harmonic(precision: Found, recall: Finding) -> Finding:
    if isinstance(precision, Unscored):
        return Finding(0.0, precision.reason)
    total = precision.value + recall.value
    value = 2 * precision.value * recall.value / total if total else 0.0
    return Finding(value, f"{precision.explanation}; {recall.explanation}")
