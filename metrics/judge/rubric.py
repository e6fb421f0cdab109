"""A judge that grades one criterion on a scale of whole numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from evalhub.metrics.base import ScoreTable, signature
from evalhub.metrics.judge.asking import Answer, Asker, Question
from evalhub.metrics.judge.judgement import (
    Judgement,
    check_columns,
    check_scale,
    examples_of,
    judge_column,
    keyed,
    no_text,
    shorten,
)
from evalhub.metrics.judge.parse import PARSER_VERSION, parse_score
from evalhub.metrics.judge.prompt import RUBRICS, Prompt, load_prompt, ready_criteria
from evalhub.metrics.judge.settings import JudgeSettings
from evalhub.metrics.judge.spending import JudgeColumn
from evalhub.metrics.judge.structured import grade_schema
from evalhub.model import ScoreState

__all__ = ["RubricJudge"]


@dataclass(frozen=True)
class RubricJudge(JudgeSettings):
    """Asks a model to grade each output by *criteria*, on a scale of whole numbers.

    Values are the grades as they are, 1 to 5 unless *scale* says otherwise; they are not
    normalised. An answer that holds no grade (refused, cut off, unreadable) is ``unparsed``,
    a request that failed ``errored``; what was graded before and after is kept. Each grading
    is a trace in the project ``evaluators``.

    Args:
        client: The model to ask; None where *replay* answers.
        criteria: What is graded, in words, or the name of a ready rubric; see
            :data:`~evalhub.metrics.judge.prompt.RUBRICS`.
        scale: Lowest and highest grade.
        columns: What the judge sees beside the outputs: ``inputs``, ``references``,
            ``contexts``. None is the inputs, and for the ready rubric ``correct``
            the references as well. ``ids`` names the questions and is not shown.
        label: The column's name; the ready rubric's, or ``rubric``, when None.
        explain: Whether the judge gives its reason before the grade. Without, it answers
            some 10 tokens; it is another prompt, so the grades are not compared with these.
        max_tokens: Of the judge's answer.

    Raises:
        MetricError: a setting cannot be used.
    """

    version: ClassVar[int] = 1

    criteria: str = ""
    scale: tuple[int, int] = (1, 5)
    columns: tuple[str, ...] | None = None
    label: str | None = None
    explain: bool = True
    max_tokens: int = 512
    _prompt: Prompt = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "scale", check_scale(self.scale))
        seen = self.columns
        if seen is None:
            seen = ("inputs", "references") if self.criteria == "correct" else ("inputs",)
        object.__setattr__(self, "columns", check_columns(seen))
        prompt = Prompt(load_prompt(self._template), ready_criteria(self.criteria), *self.scale)
        object.__setattr__(self, "_prompt", prompt)

    @property
    def name(self) -> str:
        """The column's name."""
        return self.label or (self.criteria if self._is_ready else "rubric")

    @property
    def requires(self) -> tuple[str, ...]:
        """``outputs`` and the columns that the judge sees beside them."""
        return ("outputs", *(self.columns or ()))

    @property
    def signature(self) -> str:
        """Criteria, prompt, scale, what is seen, the judge, the parser and the version."""
        return signature(
            "rubric",
            criteria=self.criteria if self._is_ready else "custom",
            prompt=f"{self._template}:{self._prompt.fingerprint}",
            scale=f"{self.scale[0]}-{self.scale[1]}",
            sees="+".join(column for column in self.requires if column != "ids"),
            judge=self._asker.model,
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
        examples = examples_of(self.name, self.requires, positional, named)
        asker = self._asker.metered()
        column = judge_column(
            JudgeColumn,
            self.name,
            self.signature,
            asker.map(lambda row: self._grade(asker, *row), keyed(examples)),
            bounds=(float(self.scale[0]), float(self.scale[1])),
            spent=asker.meter.spent,
        )
        return {self.name: column}

    @property
    def _is_ready(self) -> bool:
        return self.criteria in RUBRICS

    @property
    def _template(self) -> str:
        return "rubric_v1" if self.explain else "rubric_grade_v1"

    def _grade(self, asker: Asker, key: str, example: Mapping[str, Any]) -> Judgement:
        missing = no_text(example["outputs"])
        if missing is not None:
            return missing
        with asker.trace(f"judge {self.name}", example, self.signature) as span:
            grade = self._read(asker.ask(self._question(key, example)))
            span.set_outputs(grade.outputs)
            return grade

    def _question(self, key: str, example: Mapping[str, Any]) -> Question:
        return Question(
            [{"role": "user", "content": self._prompt.fill(example)}],
            json_schema=grade_schema(*self.scale, explain=self.explain),
            max_tokens=self.max_tokens,
            seed=self.seed,
            key=key,
        )

    def _read(self, answer: Answer) -> Judgement:
        if not answer.is_readable:
            return Judgement.unread(answer)
        parsed = parse_score(answer.text, *self.scale)
        if parsed is None:
            return Judgement(ScoreState.UNPARSED, shorten(f"no grade in: {answer.text}"))
        return Judgement(ScoreState.SCORED, shorten(parsed.explanation) or None, parsed.value)
