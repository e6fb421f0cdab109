"""What ``langsmith.evaluation`` has, as far as programs import it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, TypedDict
from uuid import UUID

from evalhub.tracing.langsmith.client import needs_server
from evalhub.tracing.langsmith.schemas import SCORE_TYPE, VALUE_TYPE

__all__ = ["EvaluationResult", "EvaluationResults", "RunEvaluator", "aevaluate", "evaluate"]


@dataclass
class EvaluationResult:
    """What an evaluator says of a run."""

    key: str
    score: SCORE_TYPE = None
    value: VALUE_TYPE = None
    metadata: dict[str, Any] | None = None
    comment: str | None = None
    correction: dict[str, Any] | None = None
    evaluator_info: dict[str, Any] = field(default_factory=dict)
    feedback_config: dict[str, Any] | None = None
    source_run_id: UUID | str | None = None
    target_run_id: UUID | str | None = None
    extra: dict[str, Any] | None = None


class EvaluationResults(TypedDict, total=False):
    """Several results of one evaluator."""

    results: list[EvaluationResult]


class RunEvaluator(ABC):
    """Base of evaluators: :meth:`evaluate_run` says how good a run is."""

    @abstractmethod
    def evaluate_run(self, run: Any, example: Any = None, **kwargs: Any) -> EvaluationResult:
        """Return the result for *run*."""

    async def aevaluate_run(self, run: Any, example: Any = None, **kwargs: Any) -> EvaluationResult:
        """Return the result for *run*."""
        return self.evaluate_run(run, example, **kwargs)


evaluate = needs_server("evaluate", "run the data set with `evalhub eval run`")
aevaluate = needs_server("aevaluate", "run the data set with `evalhub eval run`")
