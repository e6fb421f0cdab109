"""Two systems' outputs compared, in both orders.

Judges favour a place: the first answer or the second (Wang et al., 2024, "Large Language
Models are not Fair Evaluators"; Zheng et al., 2023). So each pair is judged twice with the
places swapped, and only what holds both times is a win.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from string import Template
from typing import Any, ClassVar

import numpy as np

from evalhub.errors import MetricError
from evalhub.metrics.base import ScoreTable, signature
from evalhub.metrics.judge.asking import Asker, Question
from evalhub.metrics.judge.choice import CHOICE_VERSION, Choice, read_choice
from evalhub.metrics.judge.judgement import (
    Judgement,
    check_columns,
    examples_of,
    judge_column,
    keyed,
    no_text,
    shorten,
)
from evalhub.metrics.judge.prompt import (
    block,
    fill,
    fingerprint,
    load_prompt,
    material,
    ready_criteria,
)
from evalhub.metrics.judge.settings import JudgeSettings
from evalhub.metrics.judge.spending import JudgeColumn
from evalhub.metrics.judge.structured import object_schema, read_reason
from evalhub.model import ScoreState

__all__ = ["PairwiseColumn", "PairwiseJudge"]

_PLACES = ("criteria", "material", "answer_a", "answer_b")


@dataclass(frozen=True, slots=True, eq=False)
class PairwiseColumn(JudgeColumn):
    """Wins (1), ties (0.5) and losses (0) of the outputs against the baseline's.

    ``labels`` say ``win``, ``loss``, ``tie`` (twice a tie, or once) or ``flip`` (the winner
    changed with the places, which counts as a tie). ``a_first`` and ``b_first`` hold what the
    judge said when the output stood first and when the baseline's did: ``output``,
    ``baseline``, ``tie``, or None where no choice could be read.
    """

    a_first: Sequence[str | None] = field(kw_only=True)
    b_first: Sequence[str | None] = field(kw_only=True)

    @property
    def flip_rate(self) -> float:
        """Share of flips among the pairs that were judged twice; NaN where there are none."""
        judged = [label for label in self.labels or () if label is not None]
        return judged.count("flip") / len(judged) if judged else np.nan

    @property
    def first_position_rate(self) -> float:
        """Share of the choices that fell on the answer shown first; 0.5 shows no bias.

        Ties are left out; NaN where there is no choice. With one order per pair it says
        nothing, so both must have been read.
        """
        pairs = [pair for pair in zip(self.a_first, self.b_first, strict=True) if None not in pair]
        firsts = sum((a == "output") + (b == "baseline") for a, b in pairs)
        chosen = sum((a != "tie") + (b != "tie") for a, b in pairs)
        return firsts / chosen if chosen else np.nan


@dataclass(frozen=True)
class PairwiseJudge(JudgeSettings):
    """Asks a model which of two outputs is better, in both orders.

    The value is 1 where the output beats ``baseline_outputs`` in both orders, 0 where it loses
    in both, else 0.5. A pair of which one order got no readable choice has no value. The
    questions are called ``ID/a_first`` (the output stands first) and ``ID/b_first``, with
    the id out of the column ``ids`` when *columns* has it, else the number of the row.

    Args:
        client: The model to ask; None where *replay* answers.
        criteria: What is compared, in words, or the name of a ready rubric.
        columns: What the judge sees beside the outputs: ``inputs``, ``references``,
            ``contexts``; ``ids`` is not shown.
        prompt: A template of your own, with ``$criteria``, ``$material``, ``$answer_a``
            and ``$answer_b``; a dollar sign is written ``$$``.
        label: The column's name.
        explain: Whether the judge gives its reason before the choice.
        max_tokens: Of the judge's answer.

    Raises:
        MetricError: a setting cannot be used.
    """

    version: ClassVar[int] = 1

    criteria: str = ""
    columns: tuple[str, ...] = ("inputs",)
    prompt: str | None = None
    label: str = "pairwise"
    explain: bool = True
    max_tokens: int = 512
    _criteria: str = field(init=False, repr=False, compare=False)
    _template: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "columns", check_columns(self.columns))
        object.__setattr__(self, "_criteria", ready_criteria(self.criteria))
        object.__setattr__(self, "_template", self.prompt or load_prompt(self._prompt_name))
        _check_template(self._template)

    @property
    def name(self) -> str:
        """The column's name."""
        return self.label

    @property
    def requires(self) -> tuple[str, ...]:
        """``outputs``, ``baseline_outputs`` and the columns that the judge sees beside them."""
        return ("outputs", "baseline_outputs", *self.columns)

    @property
    def signature(self) -> str:
        """Prompt and criteria, what is seen, the judge, the reader of choices and the version."""
        name = "custom" if self.prompt else self._prompt_name
        return signature(
            "pairwise",
            prompt=f"{name}:{fingerprint(self._template, self._criteria)}",
            sees="+".join(column for column in self.requires if column != "ids"),
            judge=self._asker.model,
            max_tokens=self.max_tokens,
            seed=self.seed,
            reader=CHOICE_VERSION,
            version=self.version,
        )

    def score_batch(self, *positional: Sequence[Any], **named: Sequence[Any]) -> ScoreTable:
        """Compare every pair; takes the columns of :attr:`requires`.

        Raises:
            MetricInputError: a column is missing, unknown or of another length.
        """
        examples = examples_of(self.name, self.requires, positional, named)
        asker = self._asker.metered()
        pairs = asker.map(lambda row: self._compare(asker, *row), keyed(examples))
        column = judge_column(
            PairwiseColumn,
            self.name,
            self.signature,
            [pair.judgement for pair in pairs],
            bounds=(0.0, 1.0),
            spent=asker.meter.spent,
            a_first=[pair.a_first for pair in pairs],
            b_first=[pair.b_first for pair in pairs],
        )
        return {self.name: column}

    @property
    def _prompt_name(self) -> str:
        return "pairwise_v1" if self.explain else "pairwise_choice_v1"

    def _compare(self, asker: Asker, key: str, example: Mapping[str, Any]) -> "_Pair":
        missing = no_text(example["outputs"]) or no_text(
            example["baseline_outputs"], "baseline output"
        )
        if missing is not None:
            return _Pair(missing)
        with asker.trace(f"judge {self.name}", example, self.signature) as span:
            pair = _pair(
                self._ask(asker, f"{key}/a_first", example, _A_FIRST),
                self._ask(asker, f"{key}/b_first", example, _B_FIRST),
            )
            orders = {"a_first": pair.a_first, "b_first": pair.b_first}
            span.set_outputs({**pair.judgement.outputs, **orders})
            return pair

    def _ask(
        self, asker: Asker, key: str, example: Mapping[str, Any], order: tuple[str, str]
    ) -> "_Choice":
        first, second = order
        answer = asker.ask(self._question(key, example, first, second))
        if not answer.is_readable:
            return _Choice(None, Judgement.unread(answer))
        choice = read_choice(answer.text)
        if choice is None:
            told = shorten(f"no choice in: {answer.text}")
            return _Choice(None, Judgement(ScoreState.UNPARSED, told))
        who = {Choice.A: first, Choice.B: second, Choice.TIE: "tie"}[choice]
        return _Choice(who, Judgement(ScoreState.SCORED, shorten(read_reason(answer.text))))

    def _question(self, key: str, example: Mapping[str, Any], first: str, second: str) -> Question:
        shown = {column: example[column] for column in self.columns if column in example}
        text = fill(
            self._template,
            criteria=self._criteria.strip(),
            material=material(shown),
            answer_a=_answer("answer_a", example[_COLUMNS[first]]),
            answer_b=_answer("answer_b", example[_COLUMNS[second]]),
        )
        return Question(
            [{"role": "user", "content": text}],
            json_schema=_schema(explain=self.explain),
            max_tokens=self.max_tokens,
            seed=self.seed,
            key=key,
        )


_COLUMNS = {"output": "outputs", "baseline": "baseline_outputs"}
_OTHER = re.compile(r"<(?=\s*/?\s*answer_[ab])", re.IGNORECASE)
_A_FIRST = ("output", "baseline")
_B_FIRST = ("baseline", "output")


@dataclass(frozen=True, slots=True)
class _Choice:
    who: str | None
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class _Pair:
    judgement: Judgement
    a_first: str | None = None
    b_first: str | None = None


def _check_template(template: str) -> None:
    found = Template(template)
    places = ", ".join(f"${place}" for place in _PLACES)
    if not found.is_valid() or sorted(found.get_identifiers()) != sorted(_PLACES):
        got = ", ".join(f"${place}" for place in found.get_identifiers()) or "none"
        raise MetricError(f"the prompt has the places {got}; it needs {places}, and '$$' for '$'")


def _answer(tag: str, text: str) -> str:
    # Neither answer must be able to pass for the other one.
    return block(tag, _OTHER.sub("< ", text))


def _pair(a: _Choice, b: _Choice) -> _Pair:
    unread = next((item.judgement for item in (a, b) if item.who is None), None)
    if unread is not None:
        return _Pair(unread, a.who, b.who)
    value, label = _OUTCOMES.get((a.who, b.who), (0.5, "tie"))
    told = f"output first: {a.judgement.explanation}\nbaseline first: {b.judgement.explanation}"
    return _Pair(Judgement(ScoreState.SCORED, shorten(told), value, label), a.who, b.who)


_OUTCOMES: Mapping[tuple[str | None, str | None], tuple[float, str]] = {
    ("output", "output"): (1.0, "win"),
    ("baseline", "baseline"): (0.0, "loss"),
    ("output", "baseline"): (0.5, "flip"),
    ("baseline", "output"): (0.5, "flip"),
}


def _schema(*, explain: bool) -> dict[str, Any]:
    reason: dict[str, Any] = {"explanation": {"type": "string"}} if explain else {}
    return object_schema({**reason, "winner": {"type": "string", "enum": ["A", "B", "tie"]}})
