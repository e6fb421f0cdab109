"""Exact match, as in the SQuAD evaluation script (Rajpurkar et al., 2016)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from evalhub.metrics.base import ScoreColumn, signature
from evalhub.metrics.columns import References
from evalhub.metrics.text.normalize import normalize_answer
from evalhub.metrics.text.references import score_against_references

__all__ = ["ExactMatch"]


@dataclass(frozen=True, slots=True)
class ExactMatch:
    """1 where the output is one of the references, else 0."""

    normalize: bool = True
    """Compare without case, punctuation, articles and surplus white space.

    Then 3.5 is 35 and -1 is 1, as in the script: not for numbers and codes."""

    version: ClassVar[int] = 1
    name: ClassVar[str] = "exact_match"
    requires: ClassVar[tuple[str, ...]] = ("outputs", "references")

    @property
    def signature(self) -> str:
        """Name, settings and version."""
        return signature(self.name, version=self.version, norm=_norm(self.normalize))

    def score_batch(
        self, outputs: Sequence[str | None], references: References
    ) -> dict[str, ScoreColumn]:
        """Score each of *outputs* against its references."""
        return score_against_references(self, outputs, references, self._score)

    def _score(self, output: str, references: Sequence[str]) -> float:
        if not self.normalize:
            return float(output in references)
        return float(normalize_answer(output) in map(normalize_answer, references))


def _norm(normalize: bool) -> str:
    return "squad" if normalize else "none"
