"""A suite with a budget: the ceiling holds over targets and judges, and what is lacking is told."""

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evalhub.errors import ConfigError, TrackerError
from evalhub.evals.runs.budget import Budget, Cost
from evalhub.evals.runs.ledger import Ledger
from evalhub.evals.runs.metered import MeteredChat
from evalhub.evals.runs.pace import Limits
from evalhub.evals.runs.runner import run_experiment
from evalhub.evals.runs.suite_run import ATTEMPT_TAG, PARTIAL_TAG, SuiteResult, run_suite
from evalhub.evals.runs.usage import costs_of
from evalhub.evals.suites.suite import load_suite
from evalhub.evals.targets.function import FunctionTarget
from evalhub.llm.endpoint import Endpoint
from evalhub.llm.openai import OpenAIChat
from evalhub.model import Dataset, Example, Experiment, ScoreState
from evalhub.store import open_store
from evalhub.store.prices import Price, add_price
from evalhub.tracing import trace


class Shelf:
    """A tracker that keeps experiments in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[Experiment, dict[str, str]]] = {}

    def check(self) -> None:
        """Work always."""

    def log(
        self,
        experiment: Experiment,
        *,
        artifacts: Sequence[Path] = (),
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """Keep *experiment*."""
        run_id = f"run-{len(self.kept)}"
        self.kept[run_id] = (replace(experiment, run_id=run_id), dict(tags or {}))
        return run_id

    def find(self, suite: str, tag: str, value: str) -> str | None:
        """Return the run that has *tag*."""
        found = [run for run, (_, tags) in self.kept.items() if tags.get(tag) == value]
        return found[-1] if found else None

    def load(self, run_id: str) -> Experiment:
        """Return a kept run."""
        if run_id not in self.kept:
            raise TrackerError(f"no run {run_id!r}")
        return self.kept[run_id][0]

    def __getattr__(self, name: str) -> Any:
        """Do nothing of all else that a tracker can."""
        return lambda *given, **named: []


def run(path: Path, shelf: Shelf, more: str = "", **settings: Any) -> SuiteResult:
    """Run the suite at *path* with *more* lines at its end."""
    own = path.with_name("own.yaml")
    own.write_text(path.read_text() + more)
    return run_suite(load_suite(own), shelf, **settings)


def states(experiment: Experiment, metric: str) -> set[ScoreState]:
    """Return the states of a metric's scores."""
    return {
        score.state
        for result in experiment.results
        for score in result.scores
        if score.name == metric
    }


def test_the_ceiling_holds_over_targets_and_judges(words_suite: Path, fake_model: Any) -> None:
    """Eight calls at a time never bill more tokens than the budget, at the server's own count."""
    shelf = Shelf()
    fake_model.answers.delay_s = 0.002
    result = run(words_suite, shelf, "budget: {tokens: 2500}\nconcurrency: 8\n")
    assert 0 < fake_model.answers.tokens <= 2500
    assert result.partial is not None
    assert "2,500 tokens has no room for another call" in result.partial
    first, second = result.experiments
    assert all(item.output is not None for item in first.results)
    judged = [item.score("rubric") for item in first.results]
    assert {ScoreState.SKIPPED, ScoreState.SCORED} == {score.state for score in judged if score}
    assert {item.error for item in second.results} == {
        "not called: the budget of 2,500 tokens has no room for another call"
    }
    assert states(second, "exact_match") == {ScoreState.SKIPPED}
    summary = second.summary("latency_ms")
    assert summary is not None
    assert (summary.n, summary.errored, summary.skipped) == (0, 0, 30)


def test_a_higher_budget_goes_on_and_pays_nothing_twice(words_suite: Path, fake_model: Any) -> None:
    """The partial runs are tagged as such; the whole ones have the attempt's tag."""
    shelf, notes = Shelf(), list[str]()
    partial = run(words_suite, shelf, "budget: {tokens: 2500}\n", on_note=notes.append)
    assert partial.partial is not None
    assert [set(tags) & {ATTEMPT_TAG, PARTIAL_TAG} for _, tags in shelf.kept.values()] == [
        {PARTIAL_TAG},
        {PARTIAL_TAG},
    ]
    whole = run(words_suite, shelf, "budget: {tokens: 200000}\n", on_note=notes.append)
    assert whole.partial is None
    assert notes == ["going on: 30 of 60 calls are done (--fresh starts anew)"]
    assert set(fake_model.answers.asked.values()) == {1}
    assert len(fake_model.answers.asked) == 30 + 30 + 30  # the judge sees equal outputs once
    assert [item.output for item in whole.experiments[1].results] == [f"word{n}" for n in range(30)]
    again = run(words_suite, shelf, "budget: {tokens: 200000}\n", on_note=notes.append)
    assert again.partial is None
    assert len(notes) == 1  # a run that was finished is not gone on with


def test_what_the_first_attempt_spent_counts_in_the_second(
    words_suite: Path, fake_model: Any
) -> None:
    """The same budget again makes no call more, and says so again."""
    run(words_suite, Shelf(), "budget: {tokens: 600}\n")
    before = fake_model.answers.calls
    result = run(words_suite, Shelf(), "budget: {tokens: 600}\n")
    assert result.partial is not None
    assert fake_model.answers.calls <= before + 1
    assert fake_model.answers.tokens <= 600


def test_dollars_are_counted_by_the_price_table(words_suite: Path, fake_model: Any) -> None:
    """The bill, by the server's count and the prices, stays within."""
    with open_store() as store, store.begin() as connection:
        for model in ("m", "judge"):
            add_price(connection, Price("own", model, 0, 1e4, 1e4))
    result = run(words_suite, Shelf(), "budget: {usd: 30}\nconcurrency: 8\n")
    assert result.partial is not None
    assert 0 < fake_model.answers.tokens * 1e-2 <= 30


def test_dollars_without_a_price_are_refused_before_a_call(
    words_suite: Path, fake_model: Any
) -> None:
    """Nobody could hold that ceiling; how to add a price is said."""
    with pytest.raises(ConfigError, match="no price is known for 'm'; add one with evalhub prices"):
        run(words_suite, Shelf(), "budget: {usd: 1}\n")
    assert fake_model.answers.calls == 0


def test_minutes_end_a_run_in_time(words_suite: Path, fake_model: Any) -> None:
    """Calls that are under way at the end are not waited for; the others are not begun."""
    fake_model.answers.delay_s = 0.5
    result = run(words_suite, Shelf(), "budget: {minutes: 0.02}\nconcurrency: 2\n")
    assert result.partial is not None
    assert "0.02 minutes is over" in result.partial
    assert fake_model.answers.calls <= 6


def test_a_function_pays_by_what_its_traces_say() -> None:
    """A function tells nothing; the model calls in its trace are counted all the same."""
    used, lock = [0], threading.Lock()

    def target(text: str) -> str:
        with lock:
            used[0] += 10
        with trace("model", "llm") as span:
            span.set(model="m", usage={"input_tokens": 7, "output_tokens": 3})
        return text

    ledger = Ledger(Budget(tokens=105))
    ledger.read_with(costs_of)
    examples = tuple(Example(str(n), {"text": "x"}) for n in range(40))
    experiment = run_experiment(
        FunctionTarget(target),
        Dataset("many", examples),
        [],
        suite="s",
        limits=Limits(concurrency=8),
        ledger=ledger,
    )
    assert used[0] == 100
    assert ledger.spent == Cost(tokens=100)
    assert sum(result.was_called for result in experiment.results) == 10


def test_a_function_that_timed_out_counts_as_all_that_was_set_aside() -> None:
    """Its model call is under way still and not in the trace; it may be billed all the same."""
    go_on = threading.Event()

    def app(text: str) -> str:
        with trace("model", "llm") as span:
            if text != "0":
                go_on.wait(10)
            span.set(model="m", usage={"input_tokens": 60, "output_tokens": 40})
        return text

    dataset = Dataset("d", tuple(Example(str(n), {"text": str(n)}) for n in range(10)))
    ledger = Ledger(Budget(tokens=300))
    ledger.read_with(costs_of)
    limits = Limits(concurrency=1, timeout_s=0.5)
    experiment = run_experiment(
        FunctionTarget(app), dataset, [], suite="s", limits=limits, ledger=ledger
    )
    go_on.set()
    made = [result.error for result in experiment.results[1:]]
    assert made[:2] == ["TimeoutError: no answer within 0.5 s"] * 2
    assert all("the budget of 300 tokens" in (error or "") for error in made[2:])
    assert ledger.spent.tokens == 300


def test_an_endpoint_that_tells_no_usage_is_counted_by_bytes(fake_model: Any) -> None:
    """The guess is no less than what any tokenizer would make of the texts."""
    fake_model.answers.body = json.dumps(
        {
            "id": "c",
            "object": "chat.completion",
            "created": 0,
            "model": "m",
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "stop",
                    "message": {"role": "assistant", "content": "four"},
                }
            ],
        }
    )
    ledger = Ledger(Budget(tokens=10_000))
    chat = MeteredChat(OpenAIChat(Endpoint(fake_model.url, "m")), ledger)
    assert chat.complete([{"role": "user", "content": "x" * 100}]).text == "four"
    assert 104 <= ledger.spent.tokens <= 250


@pytest.mark.parametrize("status", [400, 500])
def test_a_refused_request_costs_nothing(fake_model: Any, status: int) -> None:
    """What was set aside for it comes free."""
    fake_model.answers.status = status
    ledger = Ledger(Budget(tokens=10_000))
    chat = MeteredChat(OpenAIChat(Endpoint(fake_model.url, "m"), max_retries=0), ledger)
    with pytest.raises(Exception, match=str(status)):
        chat.complete([{"role": "user", "content": "x"}], max_tokens=5)
    assert ledger.spent == Cost()


def test_a_request_that_timed_out_counts_as_its_bound(fake_model: Any) -> None:
    """It may have been billed, so its whole bound is spent."""
    fake_model.answers.delay_s = 0.5
    ledger = Ledger(Budget(tokens=10_000))
    chat = MeteredChat(
        OpenAIChat(Endpoint(fake_model.url, "m"), max_retries=0, timeout=0.05), ledger
    )
    with pytest.raises(Exception, match="does not answer"):
        chat.complete([{"role": "user", "content": "x"}], max_tokens=500)
    assert ledger.spent.tokens >= 500
