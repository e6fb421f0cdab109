"""Figures as people read them, the same in every form of a report.

What is not known is a dash, never 0.
"""

import math
from collections.abc import Sequence

__all__ = [
    "UNKNOWN",
    "count",
    "duration",
    "interval",
    "metric",
    "money",
    "number",
    "p_value",
    "plural",
    "repeat",
    "time_taken",
]

UNKNOWN = "–"


def number(value: float | None, *, sign: str = "", like: Sequence[float | None] = ()) -> str:
    """Return *value* with the decimals that its size, or that of *like*, asks for."""
    if value is None:
        return UNKNOWN
    sizes = [abs(item) for item in (value, *like) if item is not None]
    decimals = _decimals(max(sizes))
    # Adding 0 makes a rounded -0.0 a 0.0.
    return f"{round(value, decimals) + 0.0:{sign},.{decimals}f}"


def interval(
    value: float | None, lower: float | None, upper: float | None, *, sign: str = ""
) -> str:
    """Return ``value [lower, upper]``, all three with the same decimals.

    Where all are below a thousandth they are counted in millionths.
    """
    if value is None or lower is None or upper is None:
        return number(value, sign=sign)
    largest = max(map(abs, (value, lower, upper)))
    scale, unit = (1e6, " ×10⁻⁶") if 0 < largest < 0.001 else (1.0, "")
    values = [scale * item for item in (value, lower, upper)]
    first, *ends = (number(item, sign=sign, like=values) for item in values)
    return f"{first} [{', '.join(ends)}]{unit}"


def metric(
    name: str, value: float | None, *, sign: str = "", like: Sequence[float | None] = ()
) -> str:
    """Return a metric's value, with its unit where that is time or money."""
    if value is None:
        return UNKNOWN
    mark = "+" if sign and value > 0 else "-" if value < 0 else ""
    if name == "cost_usd":
        return mark + money(abs(value))
    if name == "latency_ms":
        return mark + duration(abs(value))
    return number(value, sign=sign, like=like)


def p_value(value: float | None) -> str:
    """Return a p with three decimals, as ``<.001`` when it is smaller."""
    if value is None:
        return UNKNOWN
    return "<.001" if value < 0.001 else f"{value:.3f}"


def money(usd: float | None) -> str:
    """Return dollars: cents from a dollar on, and two digits that count below it."""
    if usd is None:
        return UNKNOWN
    if usd == 0 or usd >= 1:
        return f"${usd:,.2f}"
    if usd >= 0.1:
        return f"${usd:.2f}"
    digits = 3 - math.floor(math.log10(usd))
    return f"${usd:.{min(digits, 9) - 1}f}"


def count(value: float | None) -> str:
    """Return a whole number with separators."""
    return UNKNOWN if value is None else f"{value:,.0f}"


def plural(amount: int, noun: str) -> str:
    """Return ``1 gate``, ``2 gates``."""
    return f"{amount:,} {noun}{'' if amount == 1 else 's'}"


def repeat(number: int) -> str:
    """Return which repeat of an example, after its name; nothing of the first."""
    return f", repeat {number}" if number else ""


def duration(milliseconds: float | None) -> str:
    """Return milliseconds in the unit that fits."""
    if milliseconds is None:
        return UNKNOWN
    if milliseconds < 1:
        return f"{milliseconds:.2g} ms"
    return f"{milliseconds:.0f} ms" if milliseconds < 1000 else time_taken(milliseconds / 1000)


def time_taken(seconds: float) -> str:
    """Return seconds in the units that fit: ``4.2 s``, ``3 min 5 s``, ``2 h 10 min``."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def _decimals(largest: float) -> int:
    if largest >= 100:
        return 0
    if largest >= 10:
        return 1
    if largest >= 0.01 or largest == 0:
        return 3
    return 4 if largest >= 0.001 else 6
