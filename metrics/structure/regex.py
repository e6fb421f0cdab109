"""Whether the output matches a pattern."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from evalhub.errors import MetricError
from evalhub.metrics.base import ScoreColumn, signature
from evalhub.metrics.columns import column_lists
from evalhub.metrics.rows import score_outputs
from evalhub.metrics.structure.regex_matching import match_texts

__all__ = ["Regex"]


@dataclass(frozen=True, slots=True)
class Regex:
    """1 where *pattern* is found in the output (``full``: is all of it), else 0.

    Flags go into the pattern, as in ``(?i)yes``. A pattern that runs away, such as ``(a+)+$``,
    is ended after two seconds of computing, and is an error of that output.
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
        """Score each of *outputs*.

        Raises:
            MetricError: the process that matches cannot be started, or failed.
        """
        (given,) = column_lists(outputs=outputs)
        texts = list(dict.fromkeys(text for text in given if isinstance(text, str)))
        found = dict(zip(texts, match_texts(self.pattern, texts, full=self.full), strict=True))
        return score_outputs(self, given, found.__getitem__)
