"""Numbers and times as people read them.

None is always a dash: a value that nobody measured is not a zero.
"""

import math
import re
from datetime import UTC, datetime

__all__ = [
    "UNKNOWN",
    "ago",
    "amount",
    "compact",
    "cost",
    "duration",
    "literal",
    "percent",
    "plural",
    "score",
    "signed",
    "size",
    "timestamp",
    "tokens",
    "version",
]

UNKNOWN = "–"

_MARKDOWN = re.compile(r"[\\`*_{}\[\]()#+\-!$~:<>|]")
_SCALES = ((1e9, "B"), (1e6, "M"), (1e3, "k"))
_AGES = ((86_400, "d"), (3_600, "h"), (60, "min"))


def duration(milliseconds: float | None) -> str:
    """Return milliseconds in the unit that fits: ``340 ms``, ``1.2 s``, ``2 min 5 s``."""
    if milliseconds is None:
        return UNKNOWN
    if milliseconds < 0.9995:
        return f"{milliseconds * 1000:.0f} µs"
    if milliseconds < 999.5:
        return f"{milliseconds:.3g} ms"
    if milliseconds < 59_950:
        return f"{milliseconds / 1000:.1f} s"
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    return f"{minutes} min {seconds} s"


def compact(number: float | None) -> str:
    """Return a count with at most three digits and a scale: ``12.3k``, ``1.2M``."""
    if number is None:
        return UNKNOWN
    for size, letter in _SCALES:
        if abs(number) >= size * 0.9995:
            scaled = number / size
            return f"{scaled:.0f}{letter}" if abs(scaled) >= 99.95 else f"{scaled:.1f}{letter}"
    return f"{number:.0f}"


def size(count: int) -> str:
    """Return a number of bytes: ``436 B``, ``1.6 kB``, ``12.0 MB``."""
    text = compact(count).replace("B", "G")
    return f"{text[:-1]} {text[-1]}B" if text[-1].isalpha() else f"{text} B"


def tokens(taken: int | None, given: int | None) -> str:
    """Return input and output tokens: ``12.3k / 400``, one dash when neither is known."""
    if taken is None and given is None:
        return UNKNOWN
    return f"{compact(taken)} / {compact(given)}"


def cost(usd: float | None) -> str:
    """Return US dollars: cents from 10 cents on, below it two digits: ``$0.0012``."""
    if usd is None:
        return UNKNOWN
    if usd == 0:
        return "$0"
    if abs(usd) >= 0.1:
        return f"${usd:,.2f}"
    decimals = 1 - math.floor(math.log10(abs(usd)))
    return f"${usd:.{decimals}f}" if decimals <= 7 else "<$0.000001"


def amount(number: float | None) -> str:
    """Return a mean of counts: one decimal below 100, then as :func:`compact`."""
    if number is None:
        return UNKNOWN
    return f"{number:.1f}" if abs(number) < 99.95 else compact(number)


def percent(share: float | None) -> str:
    """Return a share of 1 as a percentage: ``4.2%``."""
    return UNKNOWN if share is None else f"{share * 100:.1f}%"


def score(value: float | None) -> str:
    """Return a metric's value: three decimals up to 10, then fewer."""
    if value is None:
        return UNKNOWN
    if value != 0 and abs(value) < 0.0005:
        return f"{value:.1e}"
    return (
        f"{value:.3f}"
        if abs(value) < 10
        else f"{value:,.0f}"
        if abs(value) >= 1000
        else f"{value:.1f}"
    )


def signed(value: float | None) -> str:
    """Return a difference with its sign: ``+0.012``, ``−3.1``."""
    if value is None:
        return UNKNOWN
    if value == 0:
        return "0"
    return f"{'+' if value > 0 else '−'}{score(abs(value))}"


def plural(count: int, noun: str) -> str:
    """Return a count with its noun: ``1 span``, ``12 spans``."""
    return f"{compact(count)} {noun}{'' if count == 1 else 's'}"


def timestamp(time_ns: int) -> str:
    """Return a moment in UTC, to the second: ``2026-11-22 09:30:05``."""
    return datetime.fromtimestamp(time_ns / 1e9, tz=UTC).strftime("%Y-%m-%d %H:%M:%S")


def ago(time_ns: int, now_ns: int) -> str:
    """Return how long before *now_ns* a moment was: ``5 min ago``."""
    seconds = (now_ns - time_ns) / 1e9
    for size, unit in _AGES:
        if seconds >= size:
            return f"{seconds // size:.0f} {unit} ago"
    return "just now"


def literal(text: str) -> str:
    """Return *text* on one line, escaped so that Markdown shows it as it is."""
    return _MARKDOWN.sub(r"\\\g<0>", " ".join(text.split()))


def version(digest: str) -> str:
    """Return the beginning of a data set's hash, as Git shows commits."""
    return digest[:8]
