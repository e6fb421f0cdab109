"""Moments as people write them: ``7d`` ago, or a date."""

import re
from datetime import UTC, datetime

from evalhub.errors import ConfigError

__all__ = ["parse_since"]

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def parse_since(text: str, *, now_ns: int, setting: str = "--since") -> int:
    """Return the moment that *text* means, in nanoseconds since the Unix epoch.

    Raises:
        ConfigError: it is neither a duration such as ``24h`` nor an ISO 8601 date; names
            *setting*. A date without a zone is UTC.
    """
    if match := re.fullmatch(r"(\d{1,9})([smhdw])", text.strip()):
        return now_ns - int(match[1]) * _UNITS[match[2]] * 10**9
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ConfigError(f"{setting} is {text!r}; use 30m, 24h, 7d or 2026-11-22") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 10**6) * 1000
