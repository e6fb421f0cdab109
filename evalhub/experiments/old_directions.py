"""Which scores are better in runs that were kept before runs said it themselves."""

from evalhub.model import Direction

__all__ = ["old_direction"]

_LOWER = frozenset(
    {
        "cost_usd",
        "input_tokens",
        "latency_ms",
        "moderation_risk",
        "noise_sensitivity",
        "noise_sensitivity_irrelevant",
        "noise_sensitivity_relevant",
        "output_tokens",
        "repetition",
        "ter",
    }
)
"""What was known by name then; it stays as it is."""


def old_direction(metric: str) -> Direction:
    """Return which scores of *metric* were taken to be the better ones."""
    return Direction.LOWER if metric in _LOWER else Direction.HIGHER
