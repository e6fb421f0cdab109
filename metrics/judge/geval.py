"""G-Eval: grades weighed by their probability, after steps that the judge writes itself.

Liu et al. (2023), "G-Eval: NLG Evaluation using GPT-4 with Better Human Alignment". A single
grade hides how sure the judge was, and most answers then get the same few grades; the
expected grade does not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from evalhub.errors import MetricError
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
from evalhub.metrics.judge.prompt import (
    RUBRICS,
    fill,
    fingerprint,
    load_prompt,
    material,
    ready_criteria,
)
from evalhub.metrics.judge.settings import JudgeSettings
from evalhub.metrics.judge.spending import JudgeColumn
from evalhub.metrics.judge.steps import AUTO, Steps, write_steps
from evalhub.metrics.judge.structured import grade_schema
from evalhub.metrics.judge.token_grades import token_grade
from evalhub.model import ScoreState

__all__ = ["GEval", "GEvalColumn"]

_PROMPT = "geval_v1"
_TOP_LOGPROBS = 20
"""The most that OpenAI's API gives."""


@dataclass(frozen=True, slots=True, eq=False)
class GEvalColumn(JudgeColumn):
    """Expected grades. ``mass`` is the probability of all grades together, NaN with samples."""

    mass: NDArray[np.float64] = field(kw_only=True)


@dataclass(frozen=True)
class GEval(JudgeSettings):
    """Grades each output by the expected grade, ``sum p(s) s`` over the grades s.

    The probabilities are those of the grade's token, from the endpoint's logprobs, made to sum
    to 1 over the grades. Where an endpoint has none, give *samples*: the value is then the mean
    of that many answers at temperature 1. The two are not compared; the signature
    says which. An answer without a grade, or with less than *least_mass* on grades, is
    ``unparsed``.

    Args:
        client: The model to ask; None where *replay* answers.
        criteria: What is graded, in words, or the name of a ready rubric.
        steps: ``auto``: the judge writes the evaluation steps, once; or the steps; or None.
        scale: Lowest and highest grade; with logprobs of one digit.
        columns: What the judge sees beside the outputs; ``ids`` names the questions only.
        samples: Answers per example in place of logprobs; 20 in the paper.
        least_mass: Probability that grades must have together among the likeliest tokens.
        label: The column's name; the ready rubric's, or ``geval``, when None.
        max_tokens: Of each grade. Enough for it and for a few words that a model puts before it
            all the same; a model that reasons before it answers needs 1,000 or more.

    Raises:
        MetricError: a setting cannot be used.
    """

    version: ClassVar[int] = 1

    criteria: str = ""
    steps: str | Sequence[str] | None = "auto"
    scale: tuple[int, int] = (1, 5)
    columns: tuple[str, ...] = ("inputs",)
    samples: int | None = None
    least_mass: float = 0.5
    label: str | None = None
    max_tokens: int = 32
    _criteria: str = field(init=False, repr=False, compare=False)
    _written: list[Steps] = field(default_factory=list, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "_criteria", ready_criteria(self.criteria).strip())
        object.__setattr__(self, "columns", check_columns(self.columns))
        object.__setattr__(self, "scale", check_scale(self.scale))
        _check(self)

    @property
    def name(self) -> str:
        """The column's name."""
        return self.label or (self.criteria if self.criteria in RUBRICS else "geval")

    @property
    def requires(self) -> tuple[str, ...]:
        """``outputs`` and the columns that the judge sees beside them."""
        return ("outputs", *self.columns)

    @property
    def signature(self) -> str:
        """Criteria, steps, prompt, scale, how it is graded, the judge and the version.

        With ``steps="auto"`` the judge is asked for them when this is first read.
        """
        return self._signed(self._steps(self._asker))

    def score_batch(self, *positional: Sequence[Any], **named: Sequence[Any]) -> ScoreTable:
        """Grade every output; takes the columns of :attr:`requires`.

        Raises:
            MetricInputError: a column is missing, unknown or of another length.
        """
        examples = examples_of(self.name, self.requires, positional, named)
        asker = self._asker.metered()
        steps = self._steps(asker)
        told = self._signed(steps)
        grades = asker.map(lambda row: self._grade(asker, steps, told, *row), keyed(examples))
        column = judge_column(
            GEvalColumn,
            self.name,
            told,
            [grade.judgement for grade in grades],
            bounds=(float(self.scale[0]), float(self.scale[1])),
            spent=asker.meter.spent,
            mass=np.array([grade.mass for grade in grades], dtype=np.float64),
        )
        return {self.name: column}

    def _signed(self, steps: Steps) -> str:
        return signature(
            "geval",
            criteria=self.criteria if self.criteria in RUBRICS else "custom",
            prompt=f"{_PROMPT}:{fingerprint(load_prompt(_PROMPT), self._criteria)}",
            steps=steps.name,
            scale=f"{self.scale[0]}-{self.scale[1]}",
            sees="+".join(column for column in self.requires if column != "ids"),
            by="logprobs" if self.samples is None else f"{self.samples}samples",
            least_mass="-" if self.samples else self.least_mass,
            judge=self._asker.model,
            max_tokens=self.max_tokens,
            seed=self.seed,
            parser=PARSER_VERSION,
            version=self.version,
        )

    def _steps(self, asker: Asker) -> Steps:
        """Return the steps; what the judge wrote is kept, a failure is tried again."""
        if self._written:
            return self._written[0]
        steps = write_steps(
            asker, self.steps, criteria=self._criteria, scale=self.scale, columns=self.columns
        )
        if steps.failure is None:
            self._written.append(steps)
        return steps

    def _grade(
        self, asker: Asker, steps: Steps, told: str, key: str, example: Mapping[str, Any]
    ) -> "_Grade":
        missing = no_text(example["outputs"]) or steps.failure
        if missing is not None:
            return _Grade(missing)
        text = fill(
            load_prompt(_PROMPT),
            criteria=self._criteria,
            steps=steps.text,
            lowest=self.scale[0],
            highest=self.scale[1],
            material=material(example),
        )
        with asker.trace(f"judge {self.name}", example, told) as span:
            if self.samples is None:
                grade = self._from_token(asker, key, text)
            else:
                grade = _Grade(self._from_samples(asker, key, text, self.samples))
            span.set_outputs(grade.judgement.outputs)
            return grade

    def _question(self, key: str, text: str, **settings: Any) -> Question:
        return Question(
            [{"role": "user", "content": text}],
            json_schema=grade_schema(*self.scale, explain=False),
            max_tokens=self.max_tokens,
            seed=self.seed,
            key=key,
            **settings,
        )

    def _from_token(self, asker: Asker, key: str, text: str) -> "_Grade":
        answer = asker.ask(self._question(key, text, top_logprobs=_TOP_LOGPROBS))
        if not answer.is_readable:
            return _Grade(Judgement.unread(answer))
        if answer.logprobs is None:
            return _Grade(Judgement(ScoreState.ERRORED, _NO_LOGPROBS))
        grade = token_grade(answer.text, answer.logprobs, *self.scale)
        if grade is None:
            return _Grade(_unparsed(answer))
        if grade.mass < self.least_mass or not grade.mass:
            return _Grade(
                Judgement(ScoreState.UNPARSED, f"too little on grades: {grade}"), grade.mass
            )
        return _Grade(Judgement(ScoreState.SCORED, str(grade), grade.value), grade.mass)

    def _from_samples(self, asker: Asker, key: str, text: str, n: int) -> Judgement:
        samples = [
            self._read(asker.ask(self._question(key, text, temperature=1.0, repeat=repeat)))
            for repeat in range(n)
        ]
        values = [sample.value for sample in samples if sample.state is ScoreState.SCORED]
        if 2 * len(values) <= n:
            failed = next(sample for sample in samples if sample.state is not ScoreState.SCORED)
            told = f"{len(values)} of {n} samples hold a grade; {failed.explanation}"
            return Judgement(failed.state, shorten(told))
        told = f"mean of {len(values)} of {n} samples"
        return Judgement(ScoreState.SCORED, told, float(np.mean(values)))

    def _read(self, answer: Answer) -> Judgement:
        if not answer.is_readable:
            return Judgement.unread(answer)
        parsed = parse_score(answer.text, *self.scale)
        if parsed is None:
            return _unparsed(answer)
        return Judgement(ScoreState.SCORED, None, parsed.value)


_NO_LOGPROBS = "the endpoint gives no logprobs; set 'samples', such as 20, to grade by samples"


@dataclass(frozen=True, slots=True)
class _Grade:
    judgement: Judgement
    mass: float = np.nan


def _unparsed(answer: Answer) -> Judgement:
    return Judgement(ScoreState.UNPARSED, shorten(f"no grade in: {answer.text}"))


def _check(judge: GEval) -> None:
    if judge.samples is None and judge.scale[1] > 9:
        raise MetricError(f"scale is {judge.scale}; use at most 9, or set 'samples': {_DIGITS}")
    if judge.samples is not None and judge.samples < 1:
        raise MetricError(f"samples is {judge.samples}; it must be at least 1")
    if not 0 <= judge.least_mass <= 1:
        raise MetricError(f"least_mass is {judge.least_mass}; it must lie within 0 and 1")
    if isinstance(judge.steps, str) and judge.steps != AUTO:
        raise MetricError(f"steps is {judge.steps!r}; give a list of steps, {AUTO!r} or nothing")


_DIGITS = "a grade of two digits is no single token"
