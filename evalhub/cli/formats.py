"""Moments, durations, tokens, costs and sizes as the command line prints them."""

from datetime import UTC, datetime

__all__ = ["age", "cost", "duration", "size", "time", "tokens"]


def time(time_ns: int, form: str | None = None) -> str:
    """Return a moment (UTC) in *form* of strftime, by default ISO 8601."""
    seconds, rest = divmod(time_ns, 10**9)
    moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000)
    return moment.isoformat() if form is None else moment.strftime(form)


def duration(duration_ms: float) -> str:
    """Return milliseconds as ``12 ms`` or ``3.4 s``."""
    return f"{duration_ms:.0f} ms" if duration_ms < 999.5 else f"{duration_ms / 1000:.1f} s"


def age(seconds: int) -> str:
    """Return seconds in the largest unit that is full: ``59 s``, ``3 min``, ``2 h``, ``9 d``."""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def tokens(given: int | None, answered: int | None) -> str:
    """Return ``input+output``; a part that is not known is a question mark."""
    if given is None and answered is None:
        return "–"
    return f"{'?' if given is None else given}+{'?' if answered is None else answered}"


def cost(cost_usd: float | None) -> str:
    """Return US dollars, a dash where they are not known."""
    return "–" if cost_usd is None else f"${cost_usd:.4f}"


def size(bytes_: int) -> str:
    """Return a number of bytes as ``512 B``, ``12 kB`` or ``3.4 MB``."""
    if bytes_ < 1000:
        return f"{bytes_} B"
    return f"{bytes_ / 1e3:.0f} kB" if bytes_ < 999_500 else f"{bytes_ / 1e6:.1f} MB"
