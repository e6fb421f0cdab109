"""A judge that grades one criterion on a scale of whole numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from evalhub.errors import EmptyAnswerError, MetricError, MetricInputError, ModelError
from evalhub.llm.client import ChatClient, Completion
from evalhub.metrics.base import COLUMNS, ScoreColumn, ScoreTable, signature
from evalhub.metrics.columns import check_lengths
from evalhub.metrics.judge.parse import PARSER_VERSION, parse_score
from evalhub.metrics.judge.prompt import RUBRICS, Prompt, load_prompt
from evalhub.model import ScoreState, SpanKind
from evalhub.tracing import ContextThreadPoolExecutor, trace

__all__ = ["RubricJudge"]

_PROJECT = "evaluators"
"""Where the traces of judges go, as LangSmith's do: apart from those of the application."""
_EXPLANATION_CHARACTERS = 1000
_NOT_AN_ANSWER = {
    "content_filter": "the answer was filtered",
    "length": "the answer was cut off",
    "refusal": "the judge refused",
}
"""Finish reasons that leave no score; a number in a cut answer may be half of one."""


@dataclass(frozen=True, slots=True)
class _Grade:
    state: ScoreState
    explanation: str | None
    value: float = np.nan


@dataclass(frozen=True)
class RubricJudge:
    """Asks a model to grade each output by *criteria*, on a scale of whole numbers.

    Values are the grades as they are, 1 to 5 unless *scale* says otherwise; they are not
    normalised. An answer that holds no grade (refused, cut off, unreadable) is ``unparsed``,
    a request that failed ``errored``; what was graded before and after is kept. Each grading
    is a trace in the project ``evaluators``.

    Args:
        client: The model to ask.
        criteria: What is graded, in words, or the name of a ready rubric: ``concise``,
            ``faithful`` or ``relevant``.
        scale: Lowest and highest grade.
        columns: What the judge sees beside the outputs: ``inputs``, ``references``,
            ``contexts``.
        label: The column's name; the ready rubric's, or ``rubric``, when None.
        explain: Whether the judge gives its reason before the grade. Without, it answers
            some 10 tokens; it is another prompt, so the grades are not compared with these.
        max_tokens: Of the judge's answer.
        concurrency: Requests under way at once.
        seed: For endpoints that take one.

    Raises:
        MetricError: a setting cannot be used.
    """

    version: ClassVar[int] = 1

    client: ChatClient
    criteria: str
    scale: tuple[int, int] = (1, 5)
    columns: tuple[str, ...] = ("inputs",)
    label: str | None = None
    explain: bool = True
    max_tokens: int = 512
    concurrency: int = 4
    seed: int = 0
    _prompt: Prompt = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        lowest, highest = self.scale
        _check(self)
        text = load_prompt(RUBRICS[self.criteria]) if self._is_ready else self.criteria
        prompt = Prompt(load_prompt(self._template), text, lowest, highest)
        object.__setattr__(self, "_prompt", prompt)

    @property
    def name(self) -> str:
        """The column's name."""
        return self.label or (self.criteria if self._is_ready else "rubric")

    @property
    def requires(self) -> tuple[str, ...]:
        """``outputs`` and the columns that the judge sees beside them."""
        return ("outputs", *self.columns)

    @property
    def signature(self) -> str:
        """Criteria, prompt, scale, what is seen, the judge, the parser and the version."""
        return signature(
            "rubric",
            criteria=self.criteria if self._is_ready else "custom",
            prompt=f"{self._template}:{self._prompt.fingerprint}",
            scale=f"{self.scale[0]}-{self.scale[1]}",
            sees="+".join(self.requires),
            judge=self.client.model,
            max_tokens=self.max_tokens,
            seed=self.seed,
            parser=PARSER_VERSION,
            version=self.version,
        )

    def score_batch(self, *positional: Sequence[Any], **named: Sequence[Any]) -> ScoreTable:
        """Grade every output; takes the columns of :attr:`requires`.

        Raises:
            MetricInputError: a column is missing, unknown or of another length.
        """
        columns = self._columns(positional, named)
        keys = list(columns)
        examples = [
            dict(zip(keys, row, strict=True)) for row in zip(*columns.values(), strict=True)
        ]
        with ContextThreadPoolExecutor(self.concurrency) as pool:
            grades = list(pool.map(self._grade, examples))
        return {self.name: self._column(grades)}

    @property
    def _is_ready(self) -> bool:
        return self.criteria in RUBRICS

    @property
    def _template(self) -> str:
        return "rubric_v1" if self.explain else "rubric_grade_v1"

    def _columns(
        self, positional: Sequence[Sequence[Any]], named: Mapping[str, Sequence[Any]]
    ) -> dict[str, Sequence[Any]]:
        columns = {**dict(zip(self.requires, positional, strict=False)), **named}
        if len(positional) > len(self.requires) or set(columns) != set(self.requires):
            got = ", ".join(columns) or "nothing"
            raise MetricInputError(f"{self.name} takes {', '.join(self.requires)}; it got {got}")
        check_lengths(**columns)
        return columns

    def _grade(self, example: Mapping[str, Any]) -> _Grade:
        output = example["outputs"]
        if output is None:
            return _Grade(ScoreState.ERRORED, "the target gave no output")
        if not output.strip():
            return _Grade(ScoreState.SKIPPED, "the output is empty")
        with trace(
            f"judge {self.name}",
            kind=SpanKind.EVALUATOR,
            inputs=dict(example),
            metadata={"signature": self.signature},
            project=_PROJECT,
        ) as span:
            grade = self._grade_text(example)
            span.set_outputs(_outputs(grade))
            return grade

    def _grade_text(self, example: Mapping[str, Any]) -> _Grade:
        try:
            answer = self._ask(example)
        except EmptyAnswerError as error:
            return _Grade(ScoreState.UNPARSED, str(error))
        except ModelError as error:
            return _Grade(ScoreState.ERRORED, str(error))
        return self._read(answer)

    def _ask(self, example: Mapping[str, Any]) -> Completion:
        return self.client.complete(
            [{"role": "user", "content": self._prompt.fill(example)}],
            max_tokens=self.max_tokens,
            temperature=0.0,
            seed=self.seed,
            json_schema=_schema(*self.scale, explain=self.explain),
        )

    def _read(self, answer: Completion) -> _Grade:
        reason = _NOT_AN_ANSWER.get(answer.finish_reason or "")
        if reason is not None:
            return _Grade(ScoreState.UNPARSED, _shorten(f"{reason}: {answer.text}"))
        parsed = parse_score(answer.text, *self.scale)
        if parsed is None:
            return _Grade(ScoreState.UNPARSED, _shorten(f"no grade in: {answer.text}"))
        return _Grade(ScoreState.SCORED, _shorten(parsed.explanation) or None, parsed.value)

    def _column(self, grades: Sequence[_Grade]) -> ScoreColumn:
        return ScoreColumn(
            name=self.name,
            values=np.array([grade.value for grade in grades], dtype=np.float64),
            signature=self.signature,
            states=[grade.state for grade in grades],
            explanations=[grade.explanation for grade in grades],
            bounds=(float(self.scale[0]), float(self.scale[1])),
        )


def _check(judge: RubricJudge) -> None:
    lowest, highest = judge.scale
    if not 0 <= lowest < highest:
        raise MetricError(f"scale is {judge.scale}; give two whole numbers, the lower one first")
    if not judge.criteria.strip():
        ready = ", ".join(sorted(RUBRICS))
        raise MetricError(f"criteria is {judge.criteria!r}; describe them, or use one of: {ready}")
    unknown = [name for name in judge.columns if name not in COLUMNS or name == "outputs"]
    if unknown:
        raise MetricError(f"a judge cannot see {unknown[0]!r}; use inputs, references or contexts")
    if judge.concurrency < 1:
        raise MetricError(f"concurrency is {judge.concurrency}; it must be at least 1")


def _outputs(grade: _Grade) -> dict[str, object]:
    """Return what the trace of a grading shows."""
    scored = grade.state is ScoreState.SCORED
    return {
        "score": grade.value if scored else None,
        "state": grade.state.value,
        "explanation": grade.explanation,
    }


def _schema(lowest: int, highest: int, *, explain: bool) -> dict[str, Any]:
    """Return the answer's JSON schema; the explanation comes first, so that it decides."""
    reason: dict[str, Any] = {"explanation": {"type": "string"}} if explain else {}
    grade = {"type": "integer", "enum": list(range(lowest, highest + 1))}
    properties = {**reason, "score": grade}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _shorten(text: str) -> str:
    text = text.strip()
    if len(text) <= _EXPLANATION_CHARACTERS:
        return text
    return text[: _EXPLANATION_CHARACTERS - 1] + "…"
