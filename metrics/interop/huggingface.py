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
from evalhub.metrics.base import COLUMNS, ScoreColumn, signature
from evalhub.metrics.columns import Unscored, reference_lists, score_column, unscored_rows
from evalhub.metrics.interop.huggingface_directions import direction_of
from evalhub.metrics.interop.rows import given_columns
from evalhub.metrics.interop.source import options_text
from evalhub.model import ScoreState

__all__ = ["HuggingFaceMetric"]

_COLUMNS = {"predictions": "outputs", "references": "references"}
"""What almost all modules take."""


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
    columns: Mapping[str, str] = field(default_factory=lambda: dict(_COLUMNS))
    """Which column each of the module's features takes; ``inputs.KEY`` and ``metadata.KEY`` are
    one key of these. ``{"data": "outputs"}`` is that of most of its measurements."""
    folder: str | None = None
    """What the path of *module* starts from, where it is one there; no part of the name."""
    better: str | None = None
    """Which numbers are the better ones: ``higher``, ``lower`` or ``neither``. Of ``wer``, ``ter``,
    ``perplexity`` and others of evaluate's own it is known; no part of the signature."""

    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if not self.module:
            raise MetricError("hf: names no module; write it as hf:PATH, or a name on the hub")
        strange = [name for name in self.columns.values() if name.partition(".")[0] not in COLUMNS]
        if strange or not self.columns:
            told = f"names {strange[0]!r}" if strange else "is empty"
            raise MetricError(f"columns {told}; columns are {', '.join(COLUMNS)}, inputs.KEY")
        object.__setattr__(self, "better", direction_of(self.module, self.result, self.better))

    @property
    def name(self) -> str:
        """``hf:`` and the module, and the key where one is named."""
        return f"hf:{self.module}" if self.result is None else f"hf:{self.module}:{self.result}"

    @property
    def requires(self) -> tuple[str, ...]:
        """The columns that the module's features take, and the outputs."""
        asked = {"outputs", *(name.partition(".")[0] for name in self.columns.values())}
        return tuple(column for column in COLUMNS if column in asked)

    @property
    def signature(self) -> str:
        """Name, settings, the hash of the module's code, and version."""
        given = {} if self.columns == _COLUMNS else {"columns": options_text(self.columns)}
        return signature(
            self.name,
            version=self.version,
            code=_code_hash(self._place, self.config),
            config=self.config or "default",
            refs="all" if self.several_references else "first",
            asked="once" if self.per_example else "each",
            options=options_text(self.options),
            **given,
        )

    def score_batch(self, *args: Sequence[Any], **given: Sequence[Any]) -> dict[str, ScoreColumn]:
        """Score each output; what the module raises is an error of that example.

        Raises:
            MetricInputError: a column is missing, they differ in length, or a reference is no text.
            MetricError: the module cannot be loaded, or answers something else.
            MissingExtraError: ``evaluate`` is not installed.
        """
        by_name = given_columns(self.requires, args, given)
        outputs = by_name["outputs"]
        texts = reference_lists(by_name["references"]) if "references" in by_name else None
        unscored = unscored_rows(outputs, texts)
        rows = [i for i in range(len(outputs)) if i not in unscored]
        features = {
            feature: [self._item(column, by_name, i) for i in rows]
            for feature, column in self.columns.items()
        }
        results: list[float | Unscored] = [Unscored(ScoreState.ERRORED, "")] * len(outputs)
        values = self._scores(features, len(rows))
        for i, value in [*unscored.items(), *zip(rows, values, strict=True)]:
            results[i] = value
        # A module does not say how high its numbers go: BLEU reaches 100, a distance anything.
        column = score_column(self.name, self.signature, results, bounds=None)
        return {self.name: column}

    def _item(self, column: str, given: Mapping[str, Sequence[Any]], index: int) -> Any:
        name, _, key = column.partition(".")
        item = given[name][index]
        if name == "references":
            texts = [item] if isinstance(item, str) else list(item)
            return texts if self.several_references else texts[0]
        return item.get(key) if key else item

    def _scores(self, features: Mapping[str, Sequence[Any]], count: int) -> list[float | Unscored]:
        if not self.per_example:
            rows = [{name: [items[i]] for name, items in features.items()} for i in range(count)]
            return [self._score_alone(row) for row in rows]
        if not count:
            return []
        values = self._value(self._compute(features))
        if not isinstance(values, Sequence) or len(values) != count:
            raise MetricError(
                f"{self.name} gave {str(values)[:60]} for {count} examples; "
                "set per_example to false"
            )
        return [float(value) for value in values]

    def _score_alone(self, features: Mapping[str, Sequence[Any]]) -> float | Unscored:
        try:
            answer = self._compute(features)
        except Exception as error:  # noqa: BLE001 - any module's code runs here
            return Unscored(ScoreState.ERRORED, f"{type(error).__name__}: {error}"[:200])
        value = self._value(answer)
        try:
            return float(value)
        except (TypeError, ValueError):
            raise MetricError(
                f"{self.name} gave {str(value)[:60]}; name a number with result, or set per_example"
            ) from None

    @property
    def _place(self) -> str:
        """Where the module is: a path, or a name on the hub."""
        path = Path(self.folder or ".") / self.module
        return str(path) if path.exists() else self.module

    def _compute(self, features: Mapping[str, Sequence[Any]]) -> Mapping[str, Any]:
        module = _load(self._place, self.config)
        answer: Mapping[str, Any] | None = module.compute(
            **{name: list(items) for name, items in features.items()}, **self.options
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
        hint = "" if Path(module).exists() else "; give a local path, or see that the hub answers"
        raise MetricError(f"cannot load the evaluate module {module!r}: {reason}{hint}") from error
