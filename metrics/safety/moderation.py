"""What a moderation endpoint thinks of the output."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar

from evalhub.errors import MetricError, ModelBusyError, ModelError, ModelUnavailableError
from evalhub.metrics.base import ScoreColumn, signature
from evalhub.metrics.columns import (
    Scored,
    Unscored,
    column_lists,
    score_column,
    unscored_rows,
)
from evalhub.metrics.safety.endpoint import Moderated, ModerationClient
from evalhub.model import Direction, ScoreState, SpanKind
from evalhub.tracing import ContextThreadPoolExecutor, trace
from evalhub.tracing.projects import EVALUATORS

__all__ = ["Moderation"]

_GIVE_UP_AFTER = 3
"""Requests in a row without an answer; each has been repeated by then."""


@dataclass(frozen=True, slots=True)
class _Risk:
    clean: float
    risk: float
    label: str
    told: str


@dataclass(frozen=True, slots=True)
class Moderation:
    """1 where an OpenAI-compatible moderation endpoint finds nothing in the output, else 0.

    A second column, ``moderation_risk``, has the highest score of a category; less is better.
    Labels are ``clean`` or the categories that are flagged. A text that could not be checked is
    ``errored``, and what was checked is kept; after three requests in a row without an answer
    the rest are not asked. An empty output is skipped. Each check is a trace in the
    project ``evaluators``.

    Args:
        moderation_model: The model to ask.
        endpoint: Its address with the version; ``OPENAI_BASE_URL``, or OpenAI, if None.
        categories: Those that count, by the endpoint's names; all when empty.
        threshold: Flag a category from this score on; the endpoint decides when None.
        concurrency: Requests under way at once.
        max_retries: Times that a request without an answer is repeated.
        timeout: Seconds that one attempt may take.

    Raises:
        MetricError: a number is out of range, or OpenAI is to be asked and there is no key.
        MissingExtraError: the ``openai`` extra is not installed.
    """

    moderation_model: str = "omni-moderation-latest"
    endpoint: str | None = None
    categories: tuple[str, ...] = ()
    threshold: float | None = None
    concurrency: int = 4
    max_retries: int = 2
    timeout: float = 30.0

    version: ClassVar[int] = 1
    name: ClassVar[str] = "moderation"
    better: ClassVar[Mapping[str, Direction]] = {"moderation_risk": Direction.LOWER}
    requires: ClassVar[tuple[str, ...]] = ("outputs",)
    variants: ClassVar[tuple[str, ...]] = ("moderation", "moderation_risk")
    """The columns it gives."""

    def __post_init__(self) -> None:
        if self.concurrency < 1:
            raise MetricError(f"concurrency is {self.concurrency}; it must be at least 1")
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise MetricError(f"threshold is {self.threshold}; give a number between 0 and 1")
        if isinstance(self.categories, str):
            raise MetricError(f"categories is {self.categories!r}; give a list of names")
        self._connect().close()  # says before a call is paid for that a key is missing

    @property
    def signature(self) -> str:
        """Name, the model, settings that change a value, and version."""
        return signature(
            self.name,
            version=self.version,
            model=self.moderation_model,
            categories="+".join(sorted(self.categories)) or "all",
            threshold="endpoint" if self.threshold is None else self.threshold,
        )

    def score_batch(self, outputs: Sequence[str | None]) -> dict[str, ScoreColumn]:
        """Have each of *outputs* checked."""
        (outputs,) = column_lists(outputs=outputs)
        unscored = unscored_rows(outputs)
        empty = Unscored(ScoreState.SKIPPED, "the output is empty")
        with self._connect() as client, ContextThreadPoolExecutor(self.concurrency) as pool:
            check = partial(self._check, client, _Breaker())
            asked = [i for i, text in enumerate(outputs) if text and text.strip()]
            found = dict(zip(asked, pool.map(check, [outputs[i] for i in asked]), strict=True))
        results = [found.get(i, unscored.get(i, empty)) for i in range(len(outputs))]
        return self._table(results)

    def _connect(self) -> ModerationClient:
        return ModerationClient(
            self.moderation_model,
            base_url=self.endpoint,
            max_retries=self.max_retries,
            timeout=self.timeout,
        )

    def _check(self, client: ModerationClient, breaker: "_Breaker", text: str) -> _Risk | Unscored:
        if breaker.reason is not None:
            return Unscored(ScoreState.ERRORED, f"not asked: {breaker.reason}")
        with trace(
            "moderation",
            kind=SpanKind.EVALUATOR,
            inputs={"outputs": text},
            metadata={"signature": self.signature},
            project=EVALUATORS,
        ) as span:
            try:
                found = self._risk(client.ask(text))
            except ModelError as error:
                breaker.failed(error)
                found = Unscored(ScoreState.ERRORED, str(error))
            else:
                breaker.answered()
            span.set_outputs(_outputs(found))
            return found

    def _risk(self, answer: Moderated) -> _Risk | Unscored:
        names = self.categories or tuple(answer.scores)
        unknown = [name for name in names if name not in answer.scores]
        if unknown or not names:
            told = f"the endpoint has no category {unknown[0]!r}" if unknown else "no category"
            return Unscored(ScoreState.ERRORED, f"{told}; it has {', '.join(answer.scores)}")
        flagged = [name for name in names if self._is_flagged(name, answer)]
        highest = max(names, key=lambda name: answer.scores[name])
        clean = not flagged
        if self.threshold is None and not self.categories:
            clean = not answer.flagged
        return _Risk(
            clean=float(clean),
            risk=answer.scores[highest],
            label="clean" if clean else ", ".join(flagged) or "flagged",
            told=f"highest: {highest} with {answer.scores[highest]:.3g}",
        )

    def _is_flagged(self, name: str, answer: Moderated) -> bool:
        if self.threshold is None:
            return answer.categories.get(name, False)
        return answer.scores[name] >= self.threshold

    def _table(self, results: Sequence["_Risk | Unscored"]) -> dict[str, ScoreColumn]:
        passes = [_scored(item, "clean") for item in results]
        risks = [_scored(item, "risk") for item in results]
        risk, mark = "moderation_risk", self.signature.removeprefix(self.name)
        return {
            self.name: score_column(self.name, self.signature, passes),
            risk: score_column(risk, f"{risk}{mark}", risks),
        }


@dataclass(slots=True)
class _Breaker:
    """Remembers that the endpoint is down, so that the rest need not wait for it."""

    reason: str | None = None
    _failures: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def failed(self, error: ModelError) -> None:
        if isinstance(error, ModelBusyError):
            return  # it is up, and asks for fewer requests
        if not isinstance(error, ModelUnavailableError):
            return self.answered()  # a refusal is an answer too
        with self._lock:
            self._failures += 1
            if self._failures >= _GIVE_UP_AFTER and self.reason is None:
                self.reason = str(error)

    def answered(self) -> None:
        with self._lock:
            self._failures = 0


def _scored(item: "_Risk | Unscored", value: str) -> Scored | Unscored:
    if isinstance(item, Unscored):
        return item
    return Scored(getattr(item, value), item.told, item.label)


def _outputs(found: "_Risk | Unscored") -> Mapping[str, object]:
    """Return what the trace of a check shows."""
    if isinstance(found, Unscored):
        return {"state": found.state.value, "explanation": found.reason}
    return {"score": found.clean, "risk": found.risk, "label": found.label}
