"""Evaluators written for LangSmith as metrics, as they are.

What an evaluator may look like and return is LangSmith's to say:
https://docs.langchain.com/langsmith/code-evaluator-sdk, and langsmith/evaluation/evaluator.py of
its SDK (0.15). The evaluators of openevals and agentevals have the same form. The SDK need not
be installed, and nothing is sent to LangSmith from here.
"""

import importlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from evalhub.metrics.base import signature
from evalhub.metrics.code_hash import code_hash
from evalhub.metrics.columns import Unscored
from evalhub.metrics.interop.findings import (
    Findings,
    bounds_setting,
)
from evalhub.metrics.interop.langsmith_asking import Asking
from evalhub.metrics.interop.langsmith_results import read_results
from evalhub.metrics.interop.rows import RowMetric, concurrency_setting, needed_columns
from evalhub.metrics.interop.source import (
    function_name,
    function_path,
    settings_given,
)
from evalhub.model import ScoreState
from evalhub.tracing.langsmith import schemas as our_schemas

__all__ = ["LangSmithEvaluator"]

_COLUMNS_OF = {
    "run": {"inputs", "ids", "latency_ms"},
    "example": {"inputs", "ids", "metadata", "references"},
    "inputs": {"inputs"},
    "reference_outputs": {"references"},
}
"""Columns that an argument is made of, beside the outputs."""
_DATASET = uuid.uuid5(uuid.NAMESPACE_URL, "evalhub")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class LangSmithEvaluator(RowMetric):
    """What an evaluator of LangSmith says of each output; a column for each feedback key.

    An evaluator is a function of ``run`` and ``example``, or of some of ``inputs``, ``outputs``,
    ``reference_outputs`` and ``attachments``, or a ``RunEvaluator``; it may be async. A comment
    becomes an explanation. A score of None is skipped, and a text instead of a number
    is a label without a score. What the evaluator raises is an error of that example.
    """

    evaluator: Any
    """``package.module:name``, or the evaluator itself: a function or a ``RunEvaluator``."""
    name: str = ""
    """Empty is the evaluator's own; the key of a result that names none."""
    output_key: str = "output"
    """What the output's text is called in ``outputs``."""
    reference_key: str = "output"
    """What the first reference is called in ``reference_outputs``; where there are several, the
    list of all is ``references``."""
    needs_reference: bool | None = None
    """Whether an example without a reference is skipped. False asks for none; None gives those
    that there are to an evaluator that takes ``example`` or ``reference_outputs``, and skips where
    it takes the latter without a default."""
    bounds: Sequence[float] | None = None
    """Least and greatest score; None is what the results' ``feedback_config`` says."""
    concurrency: int = 1
    _asking: Asking = field(init=False, repr=False, compare=False)

    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        asking = Asking.of(self.evaluator)
        object.__setattr__(self, "_asking", asking)
        object.__setattr__(self, "name", self.name or function_name(asking.written))
        object.__setattr__(self, "bounds", bounds_setting(self.bounds))
        concurrency_setting(self.concurrency)

    @property
    def requires(self) -> tuple[str, ...]:
        """Columns that the evaluator's arguments are made of."""
        asked = {"outputs"}.union(*(_COLUMNS_OF.get(name, ()) for name in self._asking.arguments))
        return needed_columns(asked, self.needs_reference)

    def _find(self, row: Mapping[str, Any]) -> Findings:
        if row["outputs"] is None:
            return Unscored(ScoreState.ERRORED, "the target gave no output")
        if self._skips_without_reference() and not row["references"]:
            return Unscored(ScoreState.SKIPPED, "no reference to compare with")
        run, example = self._run(row), self._example(row)
        return read_results(self._asking.ask(run, example), self.name)

    def _skips_without_reference(self) -> bool:
        if self.needs_reference is None:
            return self._asking.arguments.get("reference_outputs", False)
        return self.needs_reference

    def _run(self, row: Mapping[str, Any]) -> Any:
        taken = timedelta(milliseconds=row.get("latency_ms") or 0.0)
        return _schemas().Run(
            name=self.name,
            run_type="chain",
            id=uuid.uuid4(),
            trace_id=uuid.uuid4(),
            inputs=dict(row.get("inputs") or {}),
            outputs={self.output_key: row["outputs"]},
            start_time=_EPOCH,
            end_time=_EPOCH + taken,
        )

    def _example(self, row: Mapping[str, Any]) -> Any:
        references = row.get("references") or []
        outputs: dict[str, Any] = {self.reference_key: references[0]} if references else {}
        if len(references) > 1:
            # Only where there are several: evaluators ask whether outputs == reference_outputs.
            outputs["references"] = references
        return _schemas().Example(
            id=_uuid(row.get("ids")),
            dataset_id=_DATASET,
            inputs=dict(row.get("inputs") or {}),
            outputs=outputs,
            metadata=dict(row.get("metadata") or {}),
        )

    def _signature(self, column: str) -> str:
        return signature(
            column,
            version=self.version,
            langsmith=function_path(self._asking.written),
            code=code_hash(self._asking.written),
            keys=f"{self.output_key},{self.reference_key}",
            **settings_given(bounds=self.bounds, needs_reference=self.needs_reference),
        )


def _schemas() -> Any:
    """Return LangSmith's own records where its SDK is installed, else ours."""
    try:
        return importlib.import_module("langsmith.schemas")
    except ModuleNotFoundError:
        return our_schemas


def _uuid(example_id: object) -> uuid.UUID:
    """Return *example_id* as the UUID that LangSmith's examples have."""
    try:
        return uuid.UUID(str(example_id))
    except ValueError:
        return uuid.uuid5(_DATASET, str(example_id))
