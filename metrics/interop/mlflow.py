"""MLflow's scorers as metrics, as they are; and ours as scorers of MLflow.

What a scorer is: https://mlflow.org/docs/latest/genai/eval-monitor/scorers/ (MLflow 3.17).
"""

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from evalhub._functions import import_object
from evalhub._optional import require
from evalhub.errors import MetricError
from evalhub.metrics.base import signature
from evalhub.metrics.code_hash import code_hash
from evalhub.metrics.columns import Unscored
from evalhub.metrics.interop.findings import (
    Finding,
    Findings,
    bounds_setting,
    reading,
)
from evalhub.metrics.interop.rows import RowMetric, concurrency_setting, needed_columns
from evalhub.metrics.interop.source import (
    function_path,
    options_text,
    parameters_of,
    settings_given,
)
from evalhub.model import ScoreState

__all__ = ["MlflowScorer", "import_mlflow"]

_ARGUMENTS = ("inputs", "outputs", "expectations")
_COLUMNS_OF = {"inputs": {"inputs"}, "expectations": {"references", "metadata"}}
"""Columns that an argument of a scorer is made of, beside the outputs."""
_NOT_SETTINGS = {"name", "description", "aggregations", "timeout", "required_columns"}
"""Fields of a scorer that change no value."""
_RATINGS = {"yes": 1.0, "no": 0.0}
"""Texts that MLflow counts as a pass or a fail."""


@dataclass(frozen=True, slots=True)
class MlflowScorer(RowMetric):
    """What a scorer of MLflow says of each output; a column for each feedback's name.

    A scorer is a ``Scorer`` (built in or one's own), or a function of some of ``inputs``,
    ``outputs`` and ``expectations``. A rationale becomes an explanation, ``"yes"`` and ``"no"``
    1 and 0 as in MLflow's own means, any other text a label without a score. None is
    skipped; an error in a feedback, and whatever the scorer raises, is an error of that example.
    """

    scorer: str | Callable[..., Any]
    """``package.module:name``, or the scorer itself."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What a class of scorers is made with, such as ``{"pattern": "^Answer"}``."""
    expectation_key: str = "expected_response"
    """What the first reference is called in ``expectations``, beside the metadata."""
    needs_reference: bool | None = None
    """Whether an example without a reference is skipped. False asks for none; None gives those
    that there are to a scorer that takes ``expectations``."""
    bounds: Sequence[float] | None = None
    """Least and greatest score; those of bools, yes and no are 0 and 1."""
    concurrency: int = 1
    _scorer: Any = field(init=False, repr=False, compare=False)

    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        scorer = _scorer(self.scorer, self.options)
        _check_arguments(scorer)
        object.__setattr__(self, "_scorer", scorer)
        object.__setattr__(self, "bounds", bounds_setting(self.bounds))
        concurrency_setting(self.concurrency)

    @property
    def name(self) -> str:
        """The scorer's own."""
        return str(self._scorer.name)

    @property
    def requires(self) -> tuple[str, ...]:
        """Columns that the scorer's arguments are made of."""
        taken = parameters_of(self._scorer.__call__)
        asked = {"outputs"}.union(*(_COLUMNS_OF.get(name, ()) for name in taken))
        return needed_columns(asked, self.needs_reference)

    def _find(self, row: Mapping[str, Any]) -> Findings:
        if row["outputs"] is None:
            return Unscored(ScoreState.ERRORED, "the target gave no output")
        references = row.get("references") or []
        if self.needs_reference and not references:
            return Unscored(ScoreState.SKIPPED, "no reference to compare with")
        expected = {self.expectation_key: references[0]} if references else {}
        answer = self._scorer.run(
            inputs=dict(row.get("inputs") or {}),
            outputs=row["outputs"],
            expectations={**(row.get("metadata") or {}), **expected},
        )
        return _read(answer, self.name)

    def _signature(self, column: str) -> str:
        written = _written(self._scorer)
        return signature(
            column,
            version=self.version,
            mlflow=function_path(written),
            code=code_hash(written),
            options=options_text(_settings(self._scorer)),
            expects=self.expectation_key,
            **settings_given(bounds=self.bounds, needs_reference=self.needs_reference),
        )


def import_mlflow(module: str) -> Any:
    """Return a *module* of MLflow, such as ``mlflow.entities``, told to send no usage statistics.

    Raises:
        MissingExtraError: MLflow is not installed.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    return require(module, extra="mlflow")


def _scorer(given: str | Callable[..., Any], options: Mapping[str, Any]) -> Any:
    scorers = import_mlflow("mlflow.genai.scorers")
    found: Any = import_object(given) if isinstance(given, str) else given
    if inspect.isclass(found) and issubclass(found, scorers.Scorer):
        try:
            return found(**options)
        except ValueError as error:  # pydantic's
            told = " ".join(str(error).split())
            raise MetricError(f"{found.__name__} cannot be made of {options}: {told}") from None
    if hasattr(found, "eval_fn"):
        raise MetricError(
            f"{found.name} is of mlflow.metrics, which MLflow deprecated in 3.4; give a scorer"
        )
    if options:
        raise MetricError(f"{given!r} is no class of scorers; options are for classes")
    if isinstance(found, scorers.Scorer):
        return found
    if not callable(found):
        raise MetricError(f"{given!r} is {type(found).__name__}; give a Scorer or a function")
    return scorers.scorer(found)


def _check_arguments(scorer: Any) -> None:
    """Refuse a scorer of traces or sessions, which a metric is not given."""
    for name, parameter in parameters_of(scorer.__call__).items():
        if parameter.kind in {parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL}:
            continue
        if (
            name not in {"inputs", "outputs", "expectations"}
            and parameter.default is inspect._empty
        ):
            raise MetricError(
                f"the scorer {scorer.name!r} needs {name!r}; a metric gives it "
                f"{', '.join(_ARGUMENTS)}"
            )


def _read(answer: Any, name: str) -> dict[str, Finding]:
    if not isinstance(answer, list):
        return dict([_read_one(answer, name)])
    return dict(_read_one(item, name) for item in answer)


def _read_one(answer: Any, name: str) -> tuple[str, Finding]:
    if not hasattr(answer, "rationale"):
        return name, _finding(answer, None)
    # MLflow calls a feedback so that was given no name.
    name = name if answer.name in {None, "feedback"} else answer.name
    error = getattr(answer, "error", None)
    if error is not None:
        told = getattr(error, "error_message", None) or str(error)
        return name, Finding(Unscored(ScoreState.ERRORED, told))
    return name, _finding(answer.value, answer.rationale)


def _finding(value: Any, rationale: str | None) -> Finding:
    if not isinstance(value, str):
        return reading(value, explanation=rationale)
    label = str(value)
    rating = _RATINGS.get(label.lower())
    if rating is None:
        told = rationale or f"a text without a score: {label[:60]!r}"
        return Finding(Unscored(ScoreState.SKIPPED, told), label)
    return Finding(rating, label, rationale, (0.0, 1.0))


def _written(scorer: Any) -> Any:
    """Return what the scorer's author wrote: the function under ``@scorer``, or the class."""
    return getattr(scorer, "_original_func", None) or type(scorer)


def _settings(scorer: Any) -> dict[str, Any]:
    fields = {name: getattr(scorer, name) for name in type(scorer).model_fields}
    return {
        name: value
        for name, value in fields.items()
        if name not in _NOT_SETTINGS and value is not None
    }
