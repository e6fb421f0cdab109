"""What a run may spend: dollars, tokens and minutes, over its targets and its judges."""

from dataclasses import dataclass
from typing import Self

from evalhub.errors import ConfigError
from evalhub.model import Usage

__all__ = ["Budget", "Cost"]


@dataclass(frozen=True, slots=True)
class Cost:
    """Dollars and tokens (input and output together)."""

    usd: float = 0.0
    tokens: int = 0

    @classmethod
    def of(cls, usage: Usage | None, usd: float | None) -> Self:
        """Return the cost of *usage* and *usd*; what is not known counts as nothing."""
        tokens = 0 if usage is None else (usage.input_tokens or 0) + (usage.output_tokens or 0)
        return cls(usd or 0.0, tokens)

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.usd + other.usd, self.tokens + other.tokens)

    def __sub__(self, other: "Cost") -> "Cost":
        return Cost(self.usd - other.usd, self.tokens - other.tokens)

    def or_more(self, other: "Cost") -> "Cost":
        """Return the greater of both, each part by itself."""
        return Cost(max(self.usd, other.usd), max(self.tokens, other.tokens))


@dataclass(frozen=True, slots=True)
class Budget:
    """The ceilings; None is no ceiling.

    Raises:
        ConfigError: one is not above 0.
    """

    usd: float | None = None
    """US dollars of the whole attempt, what was spent before a kill included."""
    tokens: int | None = None
    """Tokens of the same."""
    minutes: float | None = None
    """Minutes from the start of the command; going on after a kill begins anew."""

    def __post_init__(self) -> None:
        for name in ("usd", "tokens", "minutes"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ConfigError(f"budget.{name} is {value}; it must be above 0")

    @property
    def counts_cost(self) -> bool:
        """Whether dollars or tokens are limited, so that each call must be paid for."""
        return self.usd is not None or self.tokens is not None

    def allows(self, cost: Cost) -> bool:
        """Return whether *cost* is within the ceilings of dollars and tokens."""
        return (self.usd is None or cost.usd <= self.usd) and (
            self.tokens is None or cost.tokens <= self.tokens
        )

    def reached(self, cost: Cost) -> str:
        """Return which ceiling does not leave room for *cost*, in words."""
        if self.usd is not None and cost.usd > self.usd:
            return f"the budget of {self.usd:g} USD has no room for another call"
        return f"the budget of {self.tokens:,} tokens has no room for another call"
