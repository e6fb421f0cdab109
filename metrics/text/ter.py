"""Translation edit rate (Snover et al., 2006), as sacreBLEU computes it."""

import math
from dataclasses import dataclass, field
from typing import ClassVar

from evalhub.metrics.text.sacre import SacreMetric, Scorer, make_scorer
from evalhub.model import Direction

__all__ = ["Ter"]


@dataclass(frozen=True, slots=True)
class Ter(SacreMetric):
    """Edits that turn the output into its nearest reference, per 100 words of a reference.

    Less is better: 0 is equal, and a long output can exceed 100. An edit inserts, deletes or
    replaces a word, or moves a run of words. The length is the mean over the references.

    Args:
        case_sensitive: Whether words that differ in case differ.
        normalized: Part words and punctuation as Tercom does.
        no_punctuation: Leave punctuation out.
        asian_support: With *normalized*, make each Chinese or Japanese character a word.

    Raises:
        MissingExtraError: the ``metrics`` extra is not installed.
    """

    case_sensitive: bool = False
    normalized: bool = False
    no_punctuation: bool = False
    asian_support: bool = False
    _scorer: Scorer = field(init=False, repr=False, compare=False)

    version: ClassVar[int] = 1
    better: ClassVar[Direction] = Direction.LOWER
    bounds: ClassVar[tuple[float, float]] = (0.0, math.inf)

    @property
    def name(self) -> str:
        """``ter``."""
        return "ter"

    def __post_init__(self) -> None:
        settings = {
            "case_sensitive": self.case_sensitive,
            "normalized": self.normalized,
            "no_punct": self.no_punctuation,
            "asian_support": self.asian_support,
        }
        object.__setattr__(self, "_scorer", make_scorer("TER", settings))
