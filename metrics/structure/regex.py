"""Whether the output matches a pattern."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from evalhub.errors import MetricError
from evalhub.metrics.base import ScoreColumn, signature
from evalhub.metrics.rows import score_outputs

__all__ = ["Regex"]


@dataclass(frozen=True, slots=True)
class Regex:
    """1 where *pattern* is found in the output (``full``: is all of it), else 0.

    Flags go into the pattern, as in ``(?i)yes``.
    """

    pattern: str
    full: bool = False

    version: ClassVar[int] = 1
    name: ClassVar[str] = "regex"
    requires: ClassVar[tuple[str, ...]] = ("outputs",)

    def __post_init__(self) -> None:
        try:
            re.compile(self.pattern)
        except (re.error, TypeError) as error:
            raise MetricError(f"{self.pattern!r} is no regular expression: {error}") from error

    @property
    def signature(self) -> str:
        """Name, settings and version."""
        where = "full" if self.full else "search"
        return signature(self.name, version=self.version, pattern=self.pattern, match=where)

    def score_batch(self, outputs: Sequence[str | None]) -> dict[str, ScoreColumn]:
        """Score each of *outputs*."""
        compiled = re.compile(self.pattern)
        match = compiled.fullmatch if self.full else compiled.search
        return score_outputs(self, outputs, lambda text: float(match(text) is not None))
