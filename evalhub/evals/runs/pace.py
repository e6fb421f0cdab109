"""How many calls are under way, and when the next may start.

Concurrency adapts as TCP does (Chiu and Jain, 1989): it halves when the endpoint says that
there are too many requests, and grows by one for each round of calls that went well, up to
what the suite allows. Requests and tokens a minute are kept by spacing: a call starts when
the ones before it have had their share of time.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from evalhub.errors import ConfigError

__all__ = ["Limits", "Pace"]

_MINUTE = 60.0
_PATIENCE_S = 0.5
"""Longest sleep between looks at whether the run was stopped."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a suite allows its calls.

    Raises:
        ConfigError: a limit is not a positive number.
    """

    concurrency: int = 4
    """Most calls at a time."""
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    """By the tokens that finished calls were seen to take."""
    timeout_s: float | None = None
    """Longest that one call may take; then it is an error."""
    retries: int = 3
    """Times a call is repeated after the endpoint was busy or did not answer."""

    def __post_init__(self) -> None:
        for name in ("concurrency", "requests_per_minute", "tokens_per_minute", "timeout_s"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ConfigError(f"{name} is {value}; it must be above 0")
        if self.retries < 0:
            raise ConfigError(f"retries is {self.retries}; use 0 or more")


class Pace:
    """Lets calls start; shared by the threads of one run."""

    def __init__(self, limits: Limits) -> None:
        self._most = limits.concurrency
        self._allowed = float(limits.concurrency)
        self._under_way = 0
        self._changed = threading.Condition()
        self._requests = _Spacing(limits.requests_per_minute)
        self._tokens = _Spacing(limits.tokens_per_minute)
        self._resume_at = 0.0
        self._is_stopped = False

    @property
    def allowed(self) -> int:
        """How many calls may be under way now."""
        return max(1, int(self._allowed))

    def stop(self) -> None:
        """Let no call start any more."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()

    def pause(self, seconds: float) -> None:
        """Wait so long, or until the run is stopped."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_stopped, seconds)

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """Wait for a turn; False when the run was stopped meanwhile."""
        started = self._start()
        try:
            yield started
        finally:
            if started:
                with self._changed:
                    self._under_way -= 1
                    self._changed.notify()

    def went_well(self, tokens: int | None = None) -> None:
        """Note a call that was answered, and the *tokens* it took."""
        with self._changed:
            self._tokens.take(tokens or 0)
            if self._allowed < self._most:
                self._allowed = min(float(self._most), self._allowed + 1 / self._allowed)
                self._changed.notify()

    def was_busy(self, wait_s: float) -> None:
        """Note that the endpoint asked for fewer requests: all wait, then half go on."""
        with self._changed:
            resume_at = time.monotonic() + wait_s
            # The others that were refused in the same moment say nothing new.
            if resume_at > self._resume_at + wait_s / 2:
                self._allowed = max(1.0, self._allowed / 2)
            self._resume_at = max(self._resume_at, resume_at)

    def _start(self) -> bool:
        with self._changed:
            while not self._is_stopped:
                wait_s = self._wait_s()
                if wait_s == 0.0 and self._under_way < self.allowed:
                    self._under_way += 1
                    self._requests.take(1)
                    return True
                self._changed.wait(min(wait_s or _PATIENCE_S, _PATIENCE_S))
            return False

    def _wait_s(self) -> float:
        now = time.monotonic()
        waits = (self._resume_at - now, self._requests.wait_s(now), self._tokens.wait_s(now))
        return max(0.0, *waits)


class _Spacing:
    """So many units a minute, evenly; None is any number."""

    def __init__(self, per_minute: float | None) -> None:
        self._unit_s = 0.0 if per_minute is None else _MINUTE / per_minute
        self._free_at = 0.0

    def take(self, units: int) -> None:
        """Note that *units* were used now."""
        self._free_at = max(self._free_at, time.monotonic()) + units * self._unit_s

    def wait_s(self, now: float) -> float:
        """Return the seconds until the next unit is free."""
        return self._free_at - now
