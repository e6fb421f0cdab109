"""Have judges grade their canaries again: each night anew, and once in an attempt.

A night's answers are no use to the next one, for a judge that moved is what canaries show. But
an attempt that was killed goes on, and what it was told before still stands.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from pydantic import TypeAdapter

from evalhub.errors import ConfigError
from evalhub.evals.gates.uncached import uncached
from evalhub.metrics.base import Metric
from evalhub.metrics.judge.canary import CanaryResult, check_canaries
from evalhub.metrics.judge.canary_file import load_canaries

__all__ = ["KeptCanaries", "ask_canaries"]

_RESULT = TypeAdapter(CanaryResult)


class KeptCanaries(Protocol):
    """What the attempt has been told; :class:`~evalhub.evals.runs.journal.Journal` is one."""

    def canary(self, key: str) -> bytes | None:
        """Return what was kept under *key*, or None."""

    def keep_canary(self, key: str, body: bytes) -> None:
        """Keep *body* under *key* until the attempt is over."""


def ask_canaries(
    judges: Sequence[tuple[Metric, Path]], kept: KeptCanaries, *, is_spent: Callable[[], bool]
) -> dict[str, CanaryResult]:
    """Have each judge grade its canaries, and return what that showed, by metric.

    A judge that was asked in this attempt is not asked again, unless it, or its file, is another
    one now. Nor is kept what leaves the question open: that too many requests failed, or that
    *is_spent* says there is no budget to ask with.

    Raises:
        ConfigError: a file of canaries cannot be read, or nothing can be kept.
        MetricInputError: the canaries lack a column that the judge needs.
    """
    return {metric.name: _ask(metric, path, kept, is_spent) for metric, path in judges}


def _ask(
    metric: Metric, path: Path, kept: KeptCanaries, is_spent: Callable[[], bool]
) -> CanaryResult:
    canaries, key = load_canaries(path), _key(metric, path)
    body = kept.canary(key)
    if body is not None:
        return _RESULT.validate_json(body)
    found = check_canaries(uncached(metric), canaries)
    if is_spent():
        return _unasked(found)
    if found.complete:
        kept.keep_canary(key, _RESULT.dump_json(found))
    return found


def _key(metric: Metric, path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read the canaries {path}: {error.strerror}") from error
    # The name too: one model at two addresses has one signature, and two metrics.
    judge = f"{metric.name}\0{metric.signature}\0".encode()
    return hashlib.sha256(judge + content).hexdigest()


def _unasked(found: CanaryResult) -> CanaryResult:
    """Return *found* as what it is without a budget: a missing grade is then no other grade."""
    return replace(
        found,
        n=0,
        errored=found.n + found.errored,
        complete=False,
        moved=False,
        reasons=(),
        changes=(),
    )
