"""A summary judged by questions and answers (QAG).

Coverage asks the summary what the source answers (Scialom et al., 2021, QuestEval; in this form,
with closed questions, DeepEval's summarization metric); alignment asks the source whether
it holds what the summary claims. The score is the lower one: a summary that leaves all out is
as bad as one that makes all up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from evalhub.errors import MetricError, MetricInputError
from evalhub.metrics.base import ScoreTable, signature
from evalhub.metrics.judge.asking import Asker, Question
from evalhub.metrics.judge.judgement import (
    Judgement,
    examples_of,
    judge_column,
    keyed,
    no_text,
    shorten,
)
from evalhub.metrics.judge.prompt import block, fill, fingerprint, load_prompt, numbered
from evalhub.metrics.judge.settings import JudgeSettings
from evalhub.metrics.judge.spending import JudgeColumn
from evalhub.metrics.judge.structured import (
    list_schema,
    read_list,
    read_verdicts,
    verdicts_schema,
)
from evalhub.model import ScoreState

__all__ = ["SummaryQuestions"]

_PROMPTS = ("qag_questions_v1", "qag_answers_v1", "qag_claims_v1", "qag_support_v1")
_READER_VERSION = 2


@dataclass(frozen=True)
class SummaryQuestions(JudgeSettings):
    """Scores summaries by coverage and alignment; the score is the lower of the two.

    Coverage is the share of the questions which the source answers with yes that the
    summary answers with yes too. Alignment is the share of the summary's claims that the source
    supports. Each is a column of its own, ``LABEL_coverage`` and ``LABEL_alignment``. A
    source without a question and a summary without a claim are ``skipped``; an answer that
    cannot be read is ``unparsed``. A summary costs five requests, four with *questions*.

    Args:
        client: The model to ask; None where *replay* answers.
        source: Key of the inputs that holds the source; all inputs together when None.
        questions: Questions to ask of every source, in place of those that the judge writes.
        n_questions: Most questions that it writes.
        columns: ``ids`` names the questions; nothing else is needed.
        label: The score's column.
        max_tokens: Of each answer.

    Raises:
        MetricError: a setting cannot be used.
    """

    version: ClassVar[int] = 1

    source: str | None = None
    questions: Sequence[str] | None = None
    n_questions: int = 8
    columns: tuple[str, ...] = ()
    label: str = "summary"
    max_tokens: int = 1024

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "columns", tuple(self.columns))
        if self.n_questions < 1:
            raise MetricError(f"n_questions is {self.n_questions}; it must be at least 1")
        if self.questions is not None and not self.questions:
            raise MetricError("questions is empty; give some, or leave it out")
        if set(self.columns) - {"ids"}:
            raise MetricError(f"columns is {list(self.columns)}; only 'ids' can be added")

    @property
    def name(self) -> str:
        """The score's column."""
        return self.label

    @property
    def variants(self) -> tuple[str, ...]:
        """Names of the columns it gives."""
        return (self.label, f"{self.label}_coverage", f"{self.label}_alignment")

    @property
    def requires(self) -> tuple[str, ...]:
        """``outputs``, which are the summaries, and ``inputs``, which hold the sources."""
        return ("outputs", "inputs", *self.columns)

    @property
    def signature(self) -> str:
        """Prompts, questions, source, the judge, the reader and the version."""
        asked = "auto" if self.questions is None else f"given:{fingerprint(*self.questions)}"
        return signature(
            "summary_questions",
            prompts=fingerprint(*map(load_prompt, _PROMPTS)),
            source=self.source or "inputs",
            questions=f"{asked}:{self.n_questions}" if self.questions is None else asked,
            judge=self._asker.model,
            max_tokens=self.max_tokens,
            seed=self.seed,
            reader=_READER_VERSION,
            version=self.version,
        )

    def score_batch(self, *positional: Sequence[Any], **named: Sequence[Any]) -> ScoreTable:
        """Score every summary; takes the columns of :attr:`requires`.

        Raises:
            MetricInputError: a column is missing, unknown or of another length, or the
                inputs lack the source.
        """
        examples = examples_of(self.name, self.requires, positional, named)
        for example in examples:
            self._source(example["inputs"])  # raises before anything is asked
        asker = self._asker.metered()
        judged = asker.map(lambda row: self._judge(asker, *row), keyed(examples))
        return {
            name: judge_column(
                JudgeColumn,
                name,
                self.signature,
                [judgements[place] for judgements in judged],
                bounds=(0.0, 1.0),
                spent=asker.meter.spent,
            )
            for place, name in enumerate(self.variants)
        }

    def _judge(self, asker: Asker, key: str, example: Mapping[str, Any]) -> tuple[Judgement, ...]:
        source = self._source(example["inputs"])
        missing = no_text(example["outputs"]) or no_text(source, "source")
        if missing is not None:
            return (missing, missing, missing)
        texts = _Texts(source, example["outputs"])
        with asker.trace(f"judge {self.name}", example, self.signature) as span:
            coverage = self._coverage(asker, key, texts)
            alignment = self._alignment(asker, key, texts)
            judged = (_lower(coverage, alignment), coverage, alignment)
            told = zip(("score", "coverage", "alignment"), judged, strict=True)
            span.set_outputs({name: item.outputs for name, item in told})
            return judged

    def _source(self, inputs: str | Mapping[str, Any]) -> str:
        if isinstance(inputs, str):
            return inputs
        if self.source is None:
            return "\n".join(str(value) for value in inputs.values())
        if self.source not in inputs:
            known = ", ".join(inputs)
            raise MetricInputError(f"the inputs have no {self.source!r}; they have {known}")
        return str(inputs[self.source])

    def _coverage(self, asker: Asker, key: str, texts: "_Texts") -> Judgement:
        questions = self.questions or self._written(asker, key, texts.source)
        if isinstance(questions, Judgement):
            return questions
        if not questions:
            return Judgement(ScoreState.SKIPPED, "the source gives rise to no question")
        questions = questions[: self.n_questions] if self.questions is None else questions
        by_source = self._answers(asker, f"{key}/source", "source", texts.source, questions)
        if isinstance(by_source, Judgement):
            return by_source
        asked = [item for item, yes in zip(questions, by_source, strict=True) if yes]
        if not asked:
            return Judgement(ScoreState.SKIPPED, "no question that the source answers with yes")
        by_summary = self._answers(asker, f"{key}/summary", "summary", texts.summary, asked)
        return _share(by_summary, asked, "not answered")

    def _written(self, asker: Asker, key: str, source: str) -> "list[str] | Judgement":
        prompt = fill(
            load_prompt("qag_questions_v1"), source=block("source", source), n=self.n_questions
        )
        return self._listed(asker, f"{key}/questions", "questions", prompt)

    def _alignment(self, asker: Asker, key: str, texts: "_Texts") -> Judgement:
        prompt = fill(load_prompt("qag_claims_v1"), summary=block("summary", texts.summary))
        claims = self._listed(asker, f"{key}/claims", "claims", prompt)
        if isinstance(claims, Judgement):
            return claims
        if not claims:
            return Judgement(ScoreState.SKIPPED, "the summary makes no claim")
        prompt = fill(
            load_prompt("qag_support_v1"),
            source=block("source", texts.source),
            claims=block("claims", numbered(claims)),
            n=len(claims),
        )
        verdicts = self._verdicts(asker, f"{key}/support", prompt, len(claims))
        return _share(verdicts, claims, "not supported")

    def _answers(
        self, asker: Asker, key: str, tag: str, text: str, questions: Sequence[str]
    ) -> "Verdicts":
        prompt = fill(
            load_prompt("qag_answers_v1"),
            text=block(tag, text),
            questions=block("questions", numbered(questions)),
            n=len(questions),
        )
        return self._verdicts(asker, key, prompt, len(questions))

    def _listed(self, asker: Asker, key: str, what: str, prompt: str) -> "list[str] | Judgement":
        answer = asker.ask(self._question(key, prompt, list_schema(what)))
        if not answer.is_readable:
            return Judgement.unread(answer)
        found = read_list(answer.text, what)
        return _unparsed(what, answer.text) if found is None else found

    def _verdicts(self, asker: Asker, key: str, prompt: str, n: int) -> "Verdicts":
        answer = asker.ask(self._question(key, prompt, verdicts_schema(n)))
        if not answer.is_readable:
            return Judgement.unread(answer)
        found = read_verdicts(answer.text, n)
        return _unparsed(f"{n} verdicts", answer.text) if found is None else found

    def _question(self, key: str, prompt: str, schema: Mapping[str, Any]) -> Question:
        messages = [{"role": "user", "content": prompt}]
        return Question(
            messages, json_schema=schema, max_tokens=self.max_tokens, seed=self.seed, key=key
        )


Verdicts = list[bool] | Judgement
"""Verdicts, or what is to be said where there are none."""


@dataclass(frozen=True, slots=True)
class _Texts:
    source: str
    summary: str


def _share(verdicts: Verdicts, items: Sequence[str], fault: str) -> Judgement:
    """Return the share of yes; the explanation names the *items* that got a no."""
    if isinstance(verdicts, Judgement):
        return verdicts
    failed = [item for item, yes in zip(items, verdicts, strict=True) if not yes]
    told = f"{len(items) - len(failed)} of {len(items)}"
    if failed:
        told += f"; {fault}: {' | '.join(failed)}"
    return Judgement(ScoreState.SCORED, shorten(told), 1 - len(failed) / len(items))


def _lower(coverage: Judgement, alignment: Judgement) -> Judgement:
    """Return the lower score, or what is missing; a failure says more than a skip."""
    parts = {"coverage": coverage, "alignment": alignment}
    unscored = [name for name, part in parts.items() if part.state is not ScoreState.SCORED]
    if not unscored:
        name = min(parts, key=lambda part: parts[part].value)
        return replace(parts[name], explanation=f"{name}: {parts[name].explanation}")
    name = min(unscored, key=lambda part: parts[part].state is ScoreState.SKIPPED)
    return replace(parts[name], explanation=f"no {name}: {parts[name].explanation}")


def _unparsed(what: str, text: str) -> Judgement:
    return Judgement(ScoreState.UNPARSED, shorten(f"no {what} in: {text}"))
