"""Moments as people write them."""

import pytest

from evalhub.errors import ConfigError
from evalhub.store.moments import parse_since

SECOND = 10**9


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 100_000 - 90),
        ("30m", 100_000 - 1800),
        ("1d", 100_000 - 86_400),
        ("1970-01-01", 0),
        ("1970-01-01T01:00+01:00", 0),
        ("1970-01-02T00:00:00.5", 86_400.5),
    ],
)
def test_since(text: str, seconds: float) -> None:
    """A duration before now, or an ISO 8601 moment (UTC unless it says otherwise)."""
    assert parse_since(text, now_ns=100_000 * SECOND) == seconds * SECOND


@pytest.mark.parametrize("text", ["", "24", "h", "-1h", "1y", "2026-13-01"])
def test_since_that_cannot_be_read(text: str) -> None:
    """The error shows what can be, and names what was set."""
    with pytest.raises(ConfigError, match=r"--since is .*24h"):
        parse_since(text, now_ns=0)
    with pytest.raises(ConfigError, match="until is"):
        parse_since(text, now_ns=0, setting="until")
