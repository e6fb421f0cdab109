"""Whether the output holds what it should."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from evalhub.errors import MetricError
from evalhub.metrics.base import ScoreColumn, signature
from evalhub.metrics.columns import References
from evalhub.metrics.text.references import score_against_references

__all__ = ["Contains"]


@dataclass(frozen=True, slots=True)
class Contains:
    """1 where the references are part of the output as *need* says, else 0.

    ``any`` needs one of them, ``all`` each, and ``none`` that there is none: for what an
    answer must not say.
    """

    need: Literal["any", "all", "none"] = "any"
    ignore_case: bool = True

    version: ClassVar[int] = 1
    name: ClassVar[str] = "contains"
    requires: ClassVar[tuple[str, ...]] = ("outputs", "references")

    def __post_init__(self) -> None:
        if self.need not in ("any", "all", "none"):
            raise MetricError(f"need is {self.need!r}; use any, all or none")

    @property
    def signature(self) -> str:
        """Name, settings and version."""
        case = "ignored" if self.ignore_case else "kept"
        return signature(self.name, version=self.version, need=self.need, case=case)

    def score_batch(
        self, outputs: Sequence[str | None], references: References
    ) -> dict[str, ScoreColumn]:
        """Score each of *outputs* against its references."""
        return score_against_references(self, outputs, references, self._score)

    def _score(self, output: str, references: Sequence[str]) -> float:
        text = self._folded(output)
        found = [self._folded(reference) in text for reference in references]
        if self.need == "none":
            return float(not any(found))
        return float(all(found) if self.need == "all" else any(found))

    def _folded(self, text: str) -> str:
        return text.casefold() if self.ignore_case else text
