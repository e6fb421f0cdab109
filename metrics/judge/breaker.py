"""Stop asking an endpoint that is down, so that it costs a few failures and not one an example.

The pattern is the circuit breaker (Nygard, *Release It!*, 2007).
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from evalhub.errors import BudgetSpentError, ModelBusyError, ModelUnavailableError
from evalhub.llm.client import Completion
from evalhub.metrics.judge.asking import AnswerSource, Question

__all__ = ["Breaker"]


@dataclass(eq=False)
class Breaker:
    """Asks *source* until *limit* answers in a row were unavailable; then it says so itself.

    After *rest_s* seconds one question is let through, and all are when it gets an
    answer. An endpoint that is busy (429) is not down, and one that was not asked because the
    budget is spent is not up: they count for neither.
    """

    source: AnswerSource
    limit: int = 5
    rest_s: float = 30.0
    clock: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _failures: int = field(default=0, init=False, repr=False)
    _ask_again_at: float = field(default=0.0, init=False, repr=False)
    _reason: str = field(default="", init=False, repr=False)

    @property
    def model(self) -> str:
        """Name of the model that answers."""
        return self.source.model

    def complete(self, question: Question) -> Completion:
        """Return the answer of the source.

        Raises:
            ModelUnavailableError: there is none, or the endpoint was not asked because it
                is down.
            ModelError: as the source says.
        """
        self._check()
        try:
            completion = self.source.complete(question)
        except (BudgetSpentError, ModelBusyError):
            raise
        except ModelUnavailableError as error:
            self._failed(error)
            raise
        except Exception:
            self._succeeded()  # a refusal is an answer too: the endpoint is up
            raise
        self._succeeded()
        return completion

    def _check(self) -> None:
        with self._lock:
            if self._failures < self.limit:
                return
            if self.clock() < self._ask_again_at:
                raise ModelUnavailableError(self._reason)
            self._ask_again_at = self.clock() + self.rest_s  # this one question tries it

    def _failed(self, error: ModelUnavailableError) -> None:
        with self._lock:
            self._failures += 1
            if self._failures == self.limit:
                now = datetime.now(UTC).strftime("%H:%M:%S UTC")
                self._reason = f"not asked, the endpoint is down since {now}: {error}"
            if self._failures >= self.limit:
                self._ask_again_at = self.clock() + self.rest_s

    def _succeeded(self) -> None:
        with self._lock:
            self._failures = 0
