"""Whether the output matches a pattern."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from evalhub.errors import MetricError
from evalhub.metrics.base import ScoreColumn, signature
from evalhub.metrics.columns import Unscored, check_lengths, score_column, unscored_rows

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
        check_lengths(outputs=outputs)
        unscored = unscored_rows(outputs)
        compiled = re.compile(self.pattern)
        match = compiled.fullmatch if self.full else compiled.search
        results: list[float | Unscored] = [
            unscored[i] if i in unscored else float(match(output or "") is not None)
            for i, output in enumerate(outputs)
        ]
        return {self.name: score_column(self.name, self.signature, results)}
