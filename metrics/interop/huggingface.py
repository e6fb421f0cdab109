"""Use a module of Hugging Face ``evaluate`` as a metric."""

import hashlib
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from evalhub._optional import require
from evalhub.errors import MetricError
from evalhub.metrics.base import ScoreColumn, signature
from evalhub.metrics.columns import (
    References,
    Unscored,
    check_lengths,
    reference_lists,
    score_column,
    unscored_rows,
)
from evalhub.model import ScoreState

__all__ = ["HuggingFaceMetric"]


@dataclass(frozen=True, slots=True)
class HuggingFaceMetric:
    """The number that an ``evaluate`` module computes under *result*.

    Such a module mostly gives one number for all examples, so it is asked for each
    example alone; what that means (BLEU of one sentence, for one) is the module's to say.
    With ``per_example`` it is asked once and must answer with a list, as ``bertscore`` does.
    """

    module: str
    """A local path, or a name on the Hugging Face hub, which is then fetched."""
    result: str | None = None
    """Key of the answer; it may be left out where there is only one."""
    config: str | None = None
    several_references: bool = False
    """Whether the module takes a list of references per example; else the first is given."""
    per_example: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    """Further keywords of the module's ``compute``."""

    version: ClassVar[int] = 1
    requires: ClassVar[tuple[str, ...]] = ("outputs", "references")

    @property
    def name(self) -> str:
        """``hf:`` and the module, and the key where one is named."""
        return f"hf:{self.module}" if self.result is None else f"hf:{self.module}:{self.result}"

    @property
    def signature(self) -> str:
        """Name, settings, the hash of the module's code, and version."""
        options = ",".join(f"{key}={value}" for key, value in sorted(self.options.items()))
        return signature(
            self.name,
            version=self.version,
            code=_code_hash(self.module, self.config),
            config=self.config or "default",
            refs="all" if self.several_references else "first",
            asked="once" if self.per_example else "each",
            options=options or "none",
        )

    def score_batch(
        self, outputs: Sequence[str | None], references: References
    ) -> dict[str, ScoreColumn]:
        """Score each of *outputs*; what the module raises is an error of that example.

        Raises:
            MetricError: the module cannot be loaded, or answers something else.
            MissingExtraError: ``evaluate`` is not installed.
        """
        check_lengths(outputs=outputs, references=references)
        texts = reference_lists(references)
        results: list[float | Unscored] = [Unscored(ScoreState.ERRORED, "")] * len(outputs)
        unscored = unscored_rows(outputs, texts)
        rows = [i for i in range(len(outputs)) if i not in unscored]
        values = self._scores([outputs[i] or "" for i in rows], [texts[i] for i in rows])
        for i, value in [*unscored.items(), *zip(rows, values, strict=True)]:
            results[i] = value
        # A module does not say how high its numbers go: BLEU reaches 100, a distance anything.
        column = score_column(self.name, self.signature, results, bounds=None)
        return {self.name: column}

    def _scores(
        self, outputs: Sequence[str], references: Sequence[Sequence[str]]
    ) -> list[float | Unscored]:
        if not self.per_example:
            pairs = zip(outputs, references, strict=True)
            return [self._score_alone(output, texts) for output, texts in pairs]
        if not outputs:
            return []
        values = self._value(self._compute(outputs, references))
        if not isinstance(values, Sequence) or len(values) != len(outputs):
            raise MetricError(
                f"{self.name} gave {str(values)[:60]} for {len(outputs)} examples; "
                "set per_example to false"
            )
        return [float(value) for value in values]

    def _score_alone(self, output: str, references: Sequence[str]) -> float | Unscored:
        try:
            answer = self._compute([output], [references])
        except Exception as error:  # noqa: BLE001 - any module's code runs here
            return Unscored(ScoreState.ERRORED, f"{type(error).__name__}: {error}"[:200])
        value = self._value(answer)
        try:
            return float(value)
        except (TypeError, ValueError):
            raise MetricError(
                f"{self.name} gave {str(value)[:60]}; name a number with result, or set per_example"
            ) from None

    def _compute(
        self, outputs: Sequence[str], references: Sequence[Sequence[str]]
    ) -> Mapping[str, Any]:
        given = references if self.several_references else [texts[0] for texts in references]
        module = _load(self.module, self.config)
        answer: Mapping[str, Any] | None = module.compute(
            predictions=list(outputs), references=list(given), **self.options
        )
        return answer or {}

    def _value(self, answer: Mapping[str, Any]) -> Any:
        key = self.result
        if key is None and len(answer) == 1:
            key = next(iter(answer))
        if key is None or key not in answer:
            told = ", ".join(answer) or "nothing"
            raise MetricError(f"{self.module} answers {told}; name one of these with result")
        return answer[key]


def _code_hash(module: str, config: str | None) -> str:
    # Two modules of one name, or two versions of one, must not pass for the same metric.
    source = inspect.getsourcefile(type(_load(module, config)))
    if source is None:
        return "unknown"
    return hashlib.sha256(Path(source).read_bytes()).hexdigest()[:12]


@lru_cache(maxsize=8)
def _load(module: str, config: str | None) -> Any:
    # Imported at use: evaluate takes seconds where torch is installed.
    evaluate: Any = require("evaluate", extra="huggingface")
    try:
        return evaluate.load(module, config)
    except Exception as error:  # it raises whatever the hub, the file system or the code raise
        reason = str(error).partition("\n")[0]
        raise MetricError(f"cannot load the evaluate module {module!r}: {reason}") from error
