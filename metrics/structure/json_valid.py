"""Whether the output is JSON (RFC 8259)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from evalhub.metrics.base import ScoreColumn, signature
from evalhub.metrics.columns import Result, Scored
from evalhub.metrics.rows import score_outputs
from evalhub.metrics.structure.json_text import NotJsonError, read_json

__all__ = ["JsonValid"]


@dataclass(frozen=True, slots=True)
class JsonValid:
    """1 where the output is JSON and nothing else, else 0; the explanation says what is wrong.

    Args:
        fences: Whether JSON in a code block counts, with text around it.
    """

    fences: bool = False

    version: ClassVar[int] = 1
    name: ClassVar[str] = "json_valid"
    requires: ClassVar[tuple[str, ...]] = ("outputs",)

    @property
    def signature(self) -> str:
        """Name, settings and version."""
        return signature(self.name, version=self.version, fences=self.fences)

    def score_batch(self, outputs: Sequence[str | None]) -> dict[str, ScoreColumn]:
        """Score each of *outputs*."""
        return score_outputs(self, outputs, self._score)

    def _score(self, output: str) -> Result:
        try:
            read_json(output, fences=self.fences)
        except NotJsonError as error:
            return Scored(0.0, str(error))
        return 1.0
