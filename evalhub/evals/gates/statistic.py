"""What a gate looks at: the mean, a percentile, the chance that one of k tries passes."""

import re
from dataclasses import dataclass
from typing import Literal, Self

from evalhub.errors import ConfigError

__all__ = ["Statistic"]

_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d+)?)")
_PASSES = re.compile(r"pass([@^])([1-9]\d*)")


@dataclass(frozen=True, slots=True)
class Statistic:
    """A number over the scores of all examples."""

    kind: Literal["mean", "percentile", "pass@k", "pass^k"] = "mean"
    share: float = 0.0
    """For a percentile: the share of examples below it."""
    k: int = 1
    """For pass@k and pass^k: the number of tries."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``mean``, ``p95``, ``p99.9``, ``pass@3`` or ``pass^3``.

        Raises:
            ConfigError: it is none of these.
        """
        if text == "mean":
            return cls()
        percentile, passes = _PERCENTILE.fullmatch(text), _PASSES.fullmatch(text)
        if percentile and float(percentile[1]) > 0:
            return cls("percentile", share=float(percentile[1]) / 100)
        if passes:
            return cls("pass@k" if passes[1] == "@" else "pass^k", k=int(passes[2]))
        raise ConfigError(f"has statistic {text!r}; use mean, p95, pass@3 or pass^3")
