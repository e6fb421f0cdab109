"""What the metrics share that ask a model: settings, steps, states, traces, signature.

An example is judged in steps, each one question to the model. The first step without a
readable answer ends it, and is named in the example's state.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

from evalhub.errors import MetricError
from evalhub.metrics.base import ScoreColumn, ScoreTable, signature
from evalhub.metrics.columns import Unscored
from evalhub.metrics.judge.asking import Asker
from evalhub.metrics.judge.settings import JudgeSettings
from evalhub.metrics.judge.spending import JudgeColumn, Spent
from evalhub.metrics.rag.finding import Finding, Found, finding_columns
from evalhub.metrics.rag.interview import Interview, UnansweredError
from evalhub.metrics.rag.material import named_hash
from evalhub.metrics.rag.readings import READER_VERSION

__all__ = ["Example", "JudgedMetric"]

Example = Mapping[str, Any]
"""What one example is judged by, under names that its trace shows."""


@dataclass(frozen=True)
class JudgedMetric(JudgeSettings, ABC):
    """A metric that asks a model about each example, one step after the other.

    Args:
        max_tokens: Of each of the model's answers; one that is cut off is ``unparsed``.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    requires: ClassVar[tuple[str, ...]]
    variants: ClassVar[tuple[str, ...]]
    """Names of the columns that it gives."""
    prompts: ClassVar[tuple[str, ...]]
    """Files of the prompts that it asks with."""

    max_tokens: int = field(default=2048, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.max_tokens < 1:
            raise MetricError(f"max_tokens is {self.max_tokens}; it must be at least 1")

    @property
    def signature(self) -> str:
        """Name, settings, prompts with their hashes, the judge, the reader and the version."""
        return signature(
            self.name,
            **self._settings(),
            prompts="+".join(map(named_hash, self.prompts)),
            judge=self._asker.model,
            max_tokens=self.max_tokens,
            seed=self.seed,
            reader=READER_VERSION,
            version=self.version,
        )

    def _settings(self) -> Mapping[str, object]:
        """Return further settings that change values, for the signature."""
        return {}

    def _bounds(self) -> Mapping[str, tuple[float, float]]:
        """Return the least and the greatest value of each column."""
        return dict.fromkeys(self.variants, (0.0, 1.0))

    @abstractmethod
    def _judge(self, interview: Interview, example: Example) -> Mapping[str, Found]:
        """Return each column's value of one example, or why there is none.

        Raises:
            UnansweredError: a step got no answer.
        """

    def _score(self, examples: Sequence[Example | Unscored]) -> ScoreTable:
        """Judge *examples*; those that cannot be judged say so in their place."""
        signed = self.signature  # loads the encoder, if there is one, before anything is asked
        asker = self._asker.metered()
        rows = asker.map(lambda item: self._examine(asker, signed, *item), [*enumerate(examples)])
        columns = finding_columns(self._bounds(), signed, rows)
        return {name: _priced(column, asker.meter.spent) for name, column in columns.items()}

    def _examine(
        self, asker: Asker, signed: str, index: int, example: Example | Unscored
    ) -> Mapping[str, Found]:
        if isinstance(example, Unscored):
            return dict.fromkeys(self.variants, example)
        interview = Interview(asker, self.max_tokens, self.seed, key=str(index))
        with asker.trace(f"judge {self.name}", example, signed) as span:
            try:
                found = self._judge(interview, example)
            except UnansweredError as error:
                found = dict.fromkeys(self.variants, error.unscored)
            span.set_outputs({name: _recorded(item) for name, item in found.items()})
            return found


def _priced(column: ScoreColumn, spent: Spent) -> JudgeColumn:
    values = {item.name: getattr(column, item.name) for item in fields(column)}
    return JudgeColumn(**values, spent=spent)


def _recorded(found: Found) -> dict[str, object]:
    """Return what the trace shows of one column."""
    if isinstance(found, Finding):
        return {"score": found.value, "state": "scored", "explanation": found.explanation}
    return {"score": None, "state": found.state.value, "explanation": found.reason}
