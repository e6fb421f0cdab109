"""A figure of a report: with its confidence interval, or with the reason why it has none."""

from dataclasses import dataclass

__all__ = ["Figure"]


@dataclass(frozen=True, slots=True)
class Figure:
    """What a sample says of one quantity.

    ``value``, ``lower`` and ``upper`` are None where the sample says nothing; ``reason``
    then tells why. A value may stand without an interval, with the reason too.
    """

    n: int
    """Units that it rests on."""
    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    reason: str | None = None
