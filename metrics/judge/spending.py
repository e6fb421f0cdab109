"""What judging cost: requests and tokens, counted while a batch is judged."""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self

from evalhub.llm.client import Completion
from evalhub.metrics.base import ScoreColumn
from evalhub.model import Usage

__all__ = ["JudgeColumn", "Meter", "Spent"]


@dataclass(frozen=True, slots=True)
class Spent:
    """Requests of a batch and what they used."""

    calls: int = 0
    """Answers that a model gave now."""
    cached: int = 0
    """Answers that were kept from before: from the cache or a recording."""
    failed: int = 0
    """Questions that got no answer."""
    usage: Usage = field(default_factory=Usage)
    """Tokens of the calls; what was cached cost none. None where no endpoint said."""
    without: tuple[str, ...] = ()
    """Settings that an endpoint refused, such as ``temperature``: it judged without them."""

    @classmethod
    def sum(cls, parts: Sequence[Self]) -> Self:
        """Return what *parts* cost together."""
        return cls(
            calls=sum(part.calls for part in parts),
            cached=sum(part.cached for part in parts),
            failed=sum(part.failed for part in parts),
            usage=_sum([part.usage for part in parts]),
            without=_union([part.without for part in parts]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class JudgeColumn(ScoreColumn):
    """A score column that says what it cost; columns of one batch share their figures."""

    spent: Spent = field(default_factory=Spent, kw_only=True)


class Meter:
    """Counts answers; threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: list[Completion] = []
        self._failed = 0

    def answered(self, completion: Completion) -> None:
        """Count an answer."""
        with self._lock:
            self._answers.append(completion)

    def failed(self) -> None:
        """Count a question without an answer."""
        with self._lock:
            self._failed += 1

    @property
    def spent(self) -> Spent:
        """What was counted so far."""
        with self._lock:
            calls = [answer.usage for answer in self._answers if not answer.cached]
            return Spent(
                calls=len(calls),
                cached=len(self._answers) - len(calls),
                failed=self._failed,
                usage=_sum(calls),
                without=_union([answer.without for answer in self._answers]),
            )


def _sum(usages: Sequence[Usage | None]) -> Usage:
    known = [usage for usage in usages if usage is not None]
    return Usage(
        input_tokens=_total([usage.input_tokens for usage in known]),
        output_tokens=_total([usage.output_tokens for usage in known]),
        cache_read_tokens=_total([usage.cache_read_tokens for usage in known]),
        cache_write_tokens=_total([usage.cache_write_tokens for usage in known]),
        reasoning_tokens=_total([usage.reasoning_tokens for usage in known]),
    )


def _union(parts: Iterable[Sequence[str]]) -> tuple[str, ...]:
    return tuple(sorted({name for part in parts for name in part}))


def _total(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
