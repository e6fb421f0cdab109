"""Ask a model many questions, and make states of what is no answer.

Every judge and every model-based metric asks through here: so each question is traced,
each answer is cached under the number of its repeat, and a recording can stand in for the
model. What went wrong with one question is the state of that answer, never an exception.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, Self, TypeVar

from evalhub.errors import BudgetSpentError, EmptyAnswerError, ModelError
from evalhub.llm.client import ChatClient, Completion, TokenLogprob
from evalhub.metrics.judge.reasoning import without_reasoning
from evalhub.metrics.judge.spending import Meter
from evalhub.model import ScoreState, SpanKind, Usage
from evalhub.tracing import ContextThreadPoolExecutor, trace
from evalhub.tracing.projects import EVALUATORS

__all__ = ["NOT_AN_ANSWER", "Answer", "AnswerSource", "Asker", "ModelSource", "Question"]

NOT_AN_ANSWER = {
    "content_filter": "the answer was filtered",
    "length": "the answer was cut off",
    "refusal": "the judge refused",
}
"""Finish reasons that leave nothing to read; a number in a cut answer may be half of one."""

_T = TypeVar("_T")
_R = TypeVar("_R")


@dataclass(frozen=True, slots=True)
class Question:
    """One request to a model."""

    messages: Sequence[Mapping[str, Any]]
    json_schema: Mapping[str, Any] | None = None
    max_tokens: int = 512
    temperature: float = 0.0
    seed: int | None = 0
    top_logprobs: int | None = None
    repeat: int = 0
    """Which sample of the same question this is; part of the cache's key."""
    key: str | None = None
    """What recordings may call this question, such as ``"example-7/a_first"``."""

    @property
    def fingerprint(self) -> str:
        """SHA-256, in hexadecimal digits, of all that decides the answer; not of the key."""
        content = {
            "messages": [dict(message) for message in self.messages],
            "json_schema": self.json_schema,
            "max_tokens": self.max_tokens,
            "temperature": self.temperature,
            "seed": self.seed,
            "top_logprobs": self.top_logprobs,
            "repeat": self.repeat,
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``state`` is ``scored`` where there is a text that can be read.

    The text is what the model answered, without the reasoning that it may have put before.
    """

    state: ScoreState
    text: str = ""
    reason: str | None = None
    """Why there is nothing to read."""
    logprobs: Sequence[TokenLogprob] | None = None
    usage: Usage | None = None

    @property
    def is_readable(self) -> bool:
        """Whether there is a text that can be read."""
        return self.state is ScoreState.SCORED


class AnswerSource(Protocol):
    """Where answers come from: a model, a cache before it, or a recording."""

    @property
    def model(self) -> str:
        """Name of the model that answers, for signatures."""

    def complete(self, question: Question) -> Completion:
        """Return the answer to *question*.

        Raises:
            ModelError: there is none.
        """


@dataclass(frozen=True, slots=True)
class ModelSource:
    """Asks a model, every time."""

    client: ChatClient

    @property
    def model(self) -> str:
        """Name of the model that answers."""
        return self.client.model

    def complete(self, question: Question) -> Completion:
        """Ask the model; the seed of a repeated question is that of the first plus its number."""
        seed = None if question.seed is None else question.seed + question.repeat
        return self.client.complete(
            question.messages,
            max_tokens=question.max_tokens,
            temperature=question.temperature,
            seed=seed,
            json_schema=question.json_schema,
            top_logprobs=question.top_logprobs,
        )


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks *source*, several questions at a time, and counts what that costs."""

    source: AnswerSource
    concurrency: int = field(default=4, kw_only=True)
    meter: Meter = field(default_factory=Meter, init=False, repr=False, compare=False)

    @property
    def model(self) -> str:
        """Name of the model that answers."""
        return self.source.model

    def metered(self) -> Self:
        """Return the same with its counts at zero, as each batch begins."""
        return replace(self)

    def ask(self, question: Question) -> Answer:
        """Return the answer, or the state and the reason why there is none."""
        try:
            completion = self.source.complete(question)
        except BudgetSpentError as error:
            return Answer(ScoreState.SKIPPED, reason=str(error))  # nobody was asked
        except ModelError as error:
            self.meter.failed()
            is_empty = isinstance(error, EmptyAnswerError)
            state = ScoreState.UNPARSED if is_empty else ScoreState.ERRORED
            return Answer(state, reason=str(error))
        except Exception as error:  # noqa: BLE001 - a client of the user's own may raise any
            self.meter.failed()
            return Answer(ScoreState.ERRORED, reason=_told(error))
        self.meter.answered(completion)
        return _answer(completion)

    def map(self, judge: Callable[[_T], _R], items: Sequence[_T]) -> list[_R]:
        """Return *judge* of each item, in order, several at a time.

        *judge* asks one question or several; the trace that is open here is open there.
        """
        with ContextThreadPoolExecutor(self.concurrency) as pool:
            return list(pool.map(judge, items))

    def trace(self, name: str, inputs: Mapping[str, Any], signature: str) -> Any:
        """Open the trace of one judgement; the requests in it become its children."""
        return trace(
            name,
            kind=SpanKind.EVALUATOR,
            inputs=dict(inputs),
            metadata={"signature": signature},
            project=EVALUATORS,
        )


def _answer(completion: Completion) -> Answer:
    finish, text = completion.finish_reason or "", without_reasoning(completion.text or "")
    reason = NOT_AN_ANSWER.get(finish)
    if reason is None and not text.strip():
        called = ", ".join(str(call.get("name")) for call in completion.tool_calls)
        reason = f"the judge called the tool {called} and said nothing" if called else _SILENT
    state = ScoreState.SCORED if reason is None else ScoreState.UNPARSED
    told = None if reason is None else f"{reason}: {completion.text or ''}".rstrip(": ")
    return Answer(state, text, told, completion.logprobs, completion.usage)


def _told(error: Exception) -> str:
    return f"the client raised {type(error).__name__}: {error}"


_SILENT = "the answer holds nothing but reasoning, or nothing"
