"""Token F1, as in the SQuAD 2.0 evaluation script (Rajpurkar et al., 2018)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from evalhub.metrics.base import ScoreColumn, signature
from evalhub.metrics.columns import References
from evalhub.metrics.text.normalize import normalize_answer
from evalhub.metrics.text.references import score_against_references

__all__ = ["TokenF1"]


@dataclass(frozen=True, slots=True)
class TokenF1:
    """Harmonic mean of token precision and recall, best over the references.

    Tokens are counted, not deduplicated: "no no" against "no" scores 2/3. Where the
    output or the reference has no token left (an answer of articles, or "no answer"),
    the score is 1 if neither has one, else 0.
    """

    version: ClassVar[int] = 1
    name: ClassVar[str] = "token_f1"
    requires: ClassVar[tuple[str, ...]] = ("outputs", "references")

    @property
    def signature(self) -> str:
        """Name, settings and version."""
        return signature(self.name, version=self.version, norm="squad")

    def score_batch(
        self, outputs: Sequence[str | None], references: References
    ) -> dict[str, ScoreColumn]:
        """Score each of *outputs* against its references."""
        return score_against_references(self, outputs, references, _best_f1)


def _best_f1(output: str, references: Sequence[str]) -> float:
    got = normalize_answer(output).split()
    return max(_f1(got, normalize_answer(text).split()) for text in references)


def _f1(got: list[str], expected: list[str]) -> float:
    if not got or not expected:
        return float(got == expected)
    shared = (Counter(got) & Counter(expected)).total()
    return 2 * shared / (len(got) + len(expected))
