"""What a gate looks at: the mean, or a percentile."""

import re
from dataclasses import dataclass
from typing import Literal, Self

from evalhub.errors import ConfigError

__all__ = ["Statistic"]

_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d+)?)")
_PASSES = re.compile(r"pass[@^][1-9]\d*")


@dataclass(frozen=True, slots=True)
class Statistic:
    """A number over the scores of all examples."""

    kind: Literal["mean", "percentile"] = "mean"
    share: float = 0.0
    """For a percentile: the share of examples below it."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``mean``, ``p95`` or ``p99.9``.

        Raises:
            ConfigError: it is none of these.
        """
        if text == "mean":
            return cls()
        percentile = _PERCENTILE.fullmatch(text)
        if percentile and float(percentile[1]) > 0:
            return cls("percentile", share=float(percentile[1]) / 100)
        if _PASSES.fullmatch(text):
            raise ConfigError(f"has statistic {text!r}, which is a column: metric: METRIC_{text}")
        raise ConfigError(f"has statistic {text!r}; use mean or a percentile such as p95")
