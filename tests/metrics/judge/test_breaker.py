"""An endpoint that is down is not asked for every example."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from evalhub.errors import (
    BudgetSpentError,
    EmptyAnswerError,
    ModelBusyError,
    ModelError,
    ModelUnavailableError,
)
from evalhub.llm.client import Completion
from evalhub.llm.openai import OpenAIChat
from evalhub.metrics import load
from evalhub.metrics.judge.asking import Question
from evalhub.metrics.judge.breaker import Breaker
from evalhub.model import ScoreState

Serve = Callable[..., OpenAIChat]

ASKED = Question([{"role": "user", "content": "hi"}])
DOWN = ModelUnavailableError("refused")


@dataclass
class FakeSource:
    """A fake source without a wire: does what it is told, in order."""

    says: list[Exception | str]
    model: str = "fake"
    asked: int = 0

    def complete(self, question: Question) -> Completion:
        """Answer or fail as told."""
        self.asked += 1
        said = self.says.pop(0)
        if isinstance(said, Exception):
            raise said
        return Completion(said, "fake", "stop", None)


@dataclass
class FakeClock:
    """A fake clock, set by hand."""

    now: float = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@dataclass
class Asked:
    """A breaker before a fake source, and a clock."""

    says: Sequence[Exception | str]
    clock: FakeClock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        self.source = FakeSource(list(self.says))
        self.breaker = Breaker(self.source, limit=3, rest_s=10, clock=self.clock)

    def ask(self, times: int = 1) -> list[str]:
        """Return what comes of asking: the answer, or the name of the error."""
        return [self._once() for _ in range(times)]

    def _once(self) -> str:
        try:
            return self.breaker.complete(ASKED).text
        except ModelError as error:
            return str(error)


def test_endpoint_that_is_down_is_left_alone() -> None:
    """After as many failures in a row as the limit, nothing is sent, and the reason is told."""
    asked = Asked([DOWN] * 3)
    *_, last = asked.ask(10)
    assert asked.source.asked == 3
    assert last.startswith("not asked, the endpoint is down since ")
    assert last.endswith(": refused")


def test_one_question_tries_again_after_the_rest() -> None:
    """While it fails the rest begins anew; once it is answered all are asked."""
    asked = Asked([DOWN] * 4 + ["up", "up"])
    asked.ask(5)
    asked.clock.now = 10
    asked.ask(5)
    assert asked.source.asked == 4
    asked.clock.now = 20
    assert asked.ask(2) == ["up", "up"]


@pytest.mark.parametrize(
    "between", ["fine", ModelError("400"), EmptyAnswerError("silent"), ModelBusyError("429")]
)
def test_other_failures_do_not_open_it(between: Exception | str) -> None:
    """Whoever answers, be it with a refusal, is there; one that is busy is asked on."""
    asked = Asked([DOWN, DOWN, between, between, between, between, "fine"])
    assert asked.ask(7)[-1] == "fine"


def test_budget_that_is_spent_says_nothing_of_the_endpoint() -> None:
    """Who was not asked did not answer: the failures before and after count together."""
    source = FakeSource([*[DOWN] * 3, BudgetSpentError("spent"), *[DOWN] * 2, "fine"])
    breaker = Breaker(source)
    for _ in range(7):
        with contextlib.suppress(ModelError):
            breaker.complete(ASKED)
    assert source.asked == 6


def test_dead_endpoint_costs_few_requests(serve: Serve, requests: list[Any]) -> None:
    """Of 40 examples at an endpoint that fails, the most are not sent, and all are errored."""
    judge = load("rubric", client=serve(503), criteria="fluent", concurrency=2)
    column = judge.score_batch(["x"] * 40, [{"q": "?"}] * 40)["fluent"]
    assert column.states == [ScoreState.ERRORED] * 40
    assert 5 <= len(requests) <= 6  # the other thread may be on its way
    assert "the endpoint is down since" in str(column.score(39).explanation)


def test_what_was_scored_before_is_kept(serve: Serve, requests: list[Any]) -> None:
    """An endpoint that dies in the middle leaves the first half scored."""
    judge = load(
        "rubric",
        client=serve(lambda body: "Score: 4" if len(requests) <= 10 else 503),
        criteria="fluent",
        concurrency=1,
    )
    column = judge.score_batch(["x"] * 30, [{"q": "?"}] * 30)["fluent"]
    assert column.states == [ScoreState.SCORED] * 10 + [ScoreState.ERRORED] * 20
    assert len(requests) == 15


def test_wrong_key_is_told_for_every_example(serve: Serve) -> None:
    """A 401 is no endpoint that is down, and the advice is in each explanation."""
    judge = load("rubric", client=serve(401), criteria="fluent")
    column = judge.score_batch(["x"] * 8, [{"q": "?"}] * 8)["fluent"]
    assert column.states == [ScoreState.ERRORED] * 8
    assert all("check OPENAI_API_KEY" in str(text) for text in column.explanations or ())
