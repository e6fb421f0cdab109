"""Running targets: traces, errors, states, repeats, usage."""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evalhub.errors import ConfigError, MetricInputError, ModelError
from evalhub.evals.operational import OPERATIONAL
from evalhub.evals.runs.journal import Journal
from evalhub.evals.runs.pace import Limits
from evalhub.evals.runs.runner import Progress, run_experiment
from evalhub.evals.targets.base import TargetOutput
from evalhub.evals.targets.function import FunctionTarget
from evalhub.metrics import load
from evalhub.metrics.base import Metric, ScoreColumn
from evalhub.model import Dataset, Example, Experiment, ScoreState
from evalhub.store import open_store
from evalhub.store.queries import get_trace
from evalhub.tracing import trace
from evalhub.tracing.testing import reset

DATASET = Dataset(
    "letters",
    tuple(
        Example(str(i), {"text": text}, (text.upper(),), {"relevant_ids": [text]})
        for i, text in enumerate(["one two", "three four", "five six", "seven eight"])
    ),
)


@pytest.fixture(autouse=True)
def fresh_tracer(evalhub_home: Path) -> None:
    """Let the tracer read the settings of this test's home."""
    reset()


class Broken:
    """A metric that gives whatever its function makes of the outputs."""

    requires = ("outputs",)
    signature = "broken|v:1"

    def __init__(self, name: str, values: Callable[[Sequence[str | None]], Any]) -> None:
        self.name = name
        self._values = values

    @property
    def score_batch(self) -> Callable[..., Mapping[str, ScoreColumn]]:
        """Return the function that scores."""
        return self._score

    def _score(self, outputs: Sequence[str | None]) -> Mapping[str, ScoreColumn]:
        return {self.name: ScoreColumn(self.name, self._values(outputs), self.signature)}


def shout(text: str) -> str:
    """Answer in capitals, except one example."""
    if text.startswith("three"):
        raise ValueError("no threes here")
    return text.upper()


def run(
    function: Callable[..., Any], *metrics: Metric, dataset: Dataset = DATASET, **settings: Any
) -> Experiment:
    """Run *function* over the letters."""
    return run_experiment(FunctionTarget(function), dataset, metrics, suite="s", **settings)


def test_outputs_are_scored_in_the_dataset_s_order() -> None:
    """Whatever call ends first, each result has its own example's output and score."""
    done = threading.Event()

    def target(text: str) -> str:
        if text.startswith("one"):
            done.wait(10)  # the first example ends last
        if text.startswith("seven"):
            done.set()
        return text.upper()

    experiment = run(target, load("exact_match"), load("rouge1"))
    assert [result.output for result in experiment.results] == [
        example.references[0] for example in DATASET.examples
    ]
    for name in ("exact_match", "rouge1"):
        summary = experiment.summary(name)
        assert summary is not None
        assert (summary.mean, summary.n) == (1.0, 4)
    assert experiment.dataset_version == DATASET.version
    assert experiment.start_ns < experiment.end_ns


def test_a_target_that_raises_is_one_example_s_state() -> None:
    """It is counted in every summary, scored by nothing, and the rest is scored."""
    experiment = run(shout, load("rouge1"), load("exact_match"))
    failed = experiment.results[1]
    assert failed.output is None
    assert failed.error == "ValueError: no threes here"
    assert all(score.state is ScoreState.ERRORED for score in failed.scores)
    for name in ("rouge1", "exact_match", "latency_ms"):
        summary = experiment.summary(name)
        assert summary is not None
        assert (summary.n, summary.errored) == (3, 1)


def test_a_failed_retrieval_is_no_recall_of_zero() -> None:
    """Where the target failed, a metric that never sees outputs is errored as well."""

    def target(text: str) -> TargetOutput:
        shout(text)
        return TargetOutput("", retrieved_ids=(text,))

    summary = run(target, load("recall_at_k", k=1)).summaries[0]
    assert (summary.mean, summary.n, summary.errored) == (1.0, 3, 1)


def test_leaving_the_program_ends_one_example_only() -> None:
    """A target's sys.exit() neither hangs the run nor ends it."""

    def target(text: str) -> str:
        raise SystemExit(3)

    experiment = run(target, load("rouge1"))
    assert {result.error for result in experiment.results} == {"SystemExit: 3"}
    summary = experiment.summary("rouge1")
    assert summary is not None
    assert (summary.mean, summary.errored) == (None, 4)


@pytest.mark.parametrize("end", [SystemExit(3), KeyboardInterrupt()])
def test_an_async_function_that_leaves_the_program_ends_one_example_only(
    end: BaseException,
) -> None:
    """The loop of all async functions outlives it, and the other calls get their answers."""

    async def target(text: str) -> str:
        if text.startswith("three"):
            raise end
        return text.upper()

    results = run(target).results
    assert [result.error is None for result in results] == [True, False, True, True]
    assert (results[1].error or "").startswith(type(end).__name__)


def test_an_async_call_that_is_late_is_cancelled() -> None:
    """What is not waited for any more is not paid for either."""
    cancelled = threading.Event()

    async def target(text: str) -> str:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return text

    results = run(target, limits=Limits(timeout_s=0.05)).results
    assert {result.error for result in results} == {"TimeoutError: no answer within 0.05 s"}
    assert cancelled.wait(10)


def test_an_error_that_cannot_be_told_is_still_one_example_s() -> None:
    """A broken ``__str__`` is left out, and a text of megabytes is cut."""

    class MuteError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    def target(text: str) -> str:
        if text.startswith("three"):
            raise MuteError
        if text.startswith("five"):
            raise ValueError("x" * 1_000_000)
        return text

    results = run(target).results
    assert (results[0].error, results[1].error) == (None, "MuteError")
    assert (results[2].error or "").startswith("ValueError: xxx")
    assert len(results[2].error or "") < 3000


def test_a_result_that_cannot_be_kept_is_one_example_s_error(tmp_path: Path) -> None:
    """The journal is not asked to hold what it cannot, and the run goes on."""

    def target(text: str) -> dict[str, Any]:
        odd = 2**70 if text.startswith("three") else 1
        return {"text": text, "tool_calls": [{"name": "f", "arguments": {"n": odd}}]}

    with Journal(tmp_path, "plan") as journal:
        results = run(target, journal=journal).results
        assert journal.count() == 3
    assert [result.error is None for result in results] == [True, False, True, True]


def test_each_call_is_a_trace_with_its_usage() -> None:
    """Trace ids lead to the stored trace; tokens come back from it."""

    def target(text: str) -> str:
        with trace("model", "llm") as span:
            span.set(model="m", usage={"input_tokens": 7, "output_tokens": 2})
        return text

    experiment = run(target)
    ids = [result.trace_id for result in experiment.results]
    assert len(set(ids)) == 4
    for result in experiment.results:
        assert result.usage is not None
        assert (result.usage.input_tokens, result.usage.output_tokens) == (7, 2)
        assert result.cost_usd is None
    with open_store() as store, store.read() as connection:
        detail = get_trace(connection, ids[2] or "")
    assert detail is not None
    assert [stored.span.name for stored in detail.spans] == ["target", "model"]
    assert b"five six" in (detail.spans[0].span.inputs or b"")
    tokens, cost = experiment.summary("input_tokens"), experiment.summary("cost_usd")
    assert tokens is not None
    assert tokens.mean == 7
    assert cost is not None
    assert (cost.mean, cost.n, cost.skipped) == (None, 0, 4)


def test_untraced_runs_know_no_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """With tracing off there are scores, no trace ids, and unknown tokens (not 0)."""
    monkeypatch.setenv("EVALHUB_TRACING", "false")
    experiment = run(shout, load("rouge1"))
    assert {result.trace_id for result in experiment.results} == {None}
    tokens = experiment.summary("input_tokens")
    assert tokens is not None
    assert (tokens.mean, tokens.n) == (None, 0)


def test_a_metric_that_fails_spares_the_others() -> None:
    """The calls were paid for: what fails is errored with its reason."""

    def explode(outputs: Sequence[str | None]) -> Any:
        raise RuntimeError("no luck")

    experiment = run(
        shout,
        Broken("explodes", explode),
        Broken("short", lambda outputs: np.zeros(1)),
        Broken("nan", lambda outputs: np.array([np.nan, 1, 1, np.inf])),
        load("rouge1"),
    )
    counts = {item.name: (item.n, item.errored) for item in experiment.summaries}
    assert counts["explodes"] == (0, 4)
    assert counts["short"] == (0, 4)
    assert counts["nan"] == (1, 3)
    assert counts["rouge1"] == (3, 1)
    score = experiment.results[0].score("explodes")
    assert score is not None
    assert score.explanation == "RuntimeError: no luck"


def test_one_name_with_two_settings_is_two_columns() -> None:
    """The same settings count once; others get a name of their own."""
    experiment = run(
        shout, load("rouge1"), load("rouge", variants=["rouge1"]), load("rouge1", stemmer=False)
    )
    assert [item.name for item in experiment.summaries] == ["rouge1", "rouge1_2", *OPERATIONAL]


def test_repeats_are_one_cluster_an_example() -> None:
    """Three repeats of four examples are twelve scores and four observations."""
    experiment = run(shout, load("rouge1"), repeats=3)
    assert [(r.example_id, r.repeat) for r in experiment.results][:4] == [
        ("0", 0),
        ("0", 1),
        ("0", 2),
        ("1", 0),
    ]
    summary = experiment.summary("rouge1")
    assert summary is not None
    assert (summary.n, summary.errored) == (9, 3)


def test_progress_counts_calls_then_metrics() -> None:
    """Calls are reported in this thread, each at most once and all in the end; then each metric."""
    seen: list[Progress] = []
    run(shout, load("rouge1"), on_progress=seen.append, limits=Limits(concurrency=2))
    calls = [one for one in seen if one.phase == "calling"]
    assert [one.done for one in calls] == sorted({one.done for one in calls})
    assert calls[-1] == Progress("calling", 4, 4)
    assert seen[len(calls) :] == [
        Progress("scoring:rouge1", 0, 1),
        Progress("scoring:rouge1", 1, 1),
    ]


def test_no_more_calls_at_once_than_asked() -> None:
    """The highest number of calls under way is the concurrency."""
    lock, under_way, most = threading.Lock(), 0, 0
    meeting = threading.Barrier(2, timeout=10)

    def target(text: str) -> str:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        meeting.wait()
        with lock:
            under_way -= 1
        return text

    assert all(result.error is None for result in run(target, limits=Limits(concurrency=2)).results)
    assert most == 2


def test_an_interrupt_stops_new_calls() -> None:
    """Ctrl-C between calls leaves with its exception; what was not begun never is."""
    called: list[str] = []

    def target(text: str) -> str:
        called.append(text)
        return text

    def interrupt(progress: Progress) -> None:
        raise KeyboardInterrupt

    many = Dataset("many", tuple(Example(str(i), {"text": "x"}) for i in range(2000)))
    with pytest.raises(KeyboardInterrupt):
        run(target, dataset=many, limits=Limits(concurrency=1), on_progress=interrupt)
    assert len(called) < 2000


def test_an_interrupt_while_threads_start_stops_new_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C comes when the first call is on its way and other threads are yet to be started."""
    called: list[str] = []
    plain = threading.Thread.start

    def target(text: str) -> str:
        called.append(text)
        time.sleep(0.2)
        return text

    def start(thread: threading.Thread) -> None:
        if thread.name == "evalhub-call-1":
            raise KeyboardInterrupt
        plain(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    with pytest.raises(KeyboardInterrupt):
        run(target, limits=Limits(concurrency=2))
    time.sleep(0.5)
    assert len(called) <= 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dataset": Dataset("none", ())}, "'none' has no example"),
        ({"repeats": 0}, "repeats is 0"),
    ],
)
def test_what_cannot_be_run_is_one_line(settings: dict[str, Any], message: str) -> None:
    """No example, no worker, no repeat: refused before a call."""
    with pytest.raises(ConfigError, match=message):
        run(shout, **settings)


def test_a_metric_without_its_column_is_refused_before_a_call() -> None:
    """References and relevant ids that nobody has are found before money is spent."""
    called: list[str] = []
    bare = Dataset("bare", (Example("1", {"text": "a"}),))
    for name, column in (("rouge1", "references"), ("mrr", "relevant_ids")):
        with pytest.raises(MetricInputError, match=column):
            run(called.append, load(name), dataset=bare)
    assert not called


def test_a_metric_without_its_weights_is_refused_before_a_call() -> None:
    """An encoder that was not pulled is found before money is spent."""
    called: list[str] = []
    with pytest.raises(ModelError, match="evalhub models pull"):
        run(called.append, load("rouge1"), load("bertscore"))
    assert not called
