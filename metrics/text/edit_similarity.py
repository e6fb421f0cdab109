"""Edit similarity: how few characters have to change (Levenshtein, 1966), by rapidfuzz."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from rapidfuzz.distance import DamerauLevenshtein, Indel, Levenshtein

from evalhub.errors import MetricError
from evalhub.metrics.base import ScoreColumn, signature
from evalhub.metrics.columns import References
from evalhub.metrics.text.references import score_against_references

__all__ = ["EditSimilarity"]

_KINDS: Mapping[str, Callable[[str, str], float]] = {
    "levenshtein": Levenshtein.normalized_similarity,
    "damerau": DamerauLevenshtein.normalized_similarity,
    "indel": Indel.normalized_similarity,
}


@dataclass(frozen=True, slots=True)
class EditSimilarity:
    """1 minus the share of characters to edit, for the closest reference; 1 is equal.

    Two empty texts are equal.

    Args:
        kind: What an edit is. ``levenshtein``: insert, delete or replace a character, per
            character of the longer text. ``damerau``: the same, and swapping two neighbours.
            ``indel``: insert or delete only, per character of both texts.
        ignore_case: Compare without case.

    Raises:
        MetricError: *kind* is unknown.
    """

    kind: Literal["levenshtein", "damerau", "indel"] = "levenshtein"
    ignore_case: bool = False

    version: ClassVar[int] = 1
    name: ClassVar[str] = "edit_similarity"
    requires: ClassVar[tuple[str, ...]] = ("outputs", "references")

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise MetricError(f"kind is {self.kind!r}; use {', '.join(_KINDS)}")

    @property
    def signature(self) -> str:
        """Name, settings and version."""
        case = "ignored" if self.ignore_case else "kept"
        return signature(self.name, version=self.version, kind=self.kind, case=case)

    def score_batch(
        self, outputs: Sequence[str | None], references: References
    ) -> dict[str, ScoreColumn]:
        """Score each of *outputs* against the closest of its references."""
        return score_against_references(self, outputs, references, self._score)

    def _score(self, output: str, references: Sequence[str]) -> float:
        similarity, text = _KINDS[self.kind], self._folded(output)
        return max(similarity(text, self._folded(reference)) for reference in references)

    def _folded(self, text: str) -> str:
        return text.casefold() if self.ignore_case else text
