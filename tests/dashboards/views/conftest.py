"""A home with a week of traces, and an MLflow with the runs that a small team made in it."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from evalhub.evals.operational import operational_columns
from evalhub.experiments.mlflow import MlflowTracker
from evalhub.metrics import ScoreColumn, load, summarize
from evalhub.model import Dataset, Example, ExampleResult, Experiment, Usage

HOUR = 3600 * 10**9


@dataclass(frozen=True)
class Seeded:
    """What was put in, for tests to look for."""

    home: Path
    trace_ids: tuple[str, ...]
    failed_id: str
    agent_id: str
    hostile_id: str
    attached_id: str
    baseline_run: str
    candidate_run: str
    other_data_run: str


@pytest.fixture(scope="session")
def week(week_of_traces: SimpleNamespace) -> Seeded:
    """Add three runs to the week of traces, once: tests only read it."""
    given = week_of_traces
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVALHUB_HOME", str(given.home))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        runs = _experiments(random.Random(7), given.now_ns, given.facts, given.trace_ids)
    return Seeded(
        home=given.home,
        trace_ids=given.trace_ids,
        failed_id=given.failed_id,
        agent_id=given.agent_id,
        hostile_id=given.hostile_id,
        attached_id=given.attached_id,
        baseline_run=runs[0],
        candidate_run=runs[1],
        other_data_run=runs[2],
    )


@pytest.fixture
def seeded(week: Seeded, evalhub_home: Path, monkeypatch: pytest.MonkeyPatch) -> Seeded:
    """Point this test at the filled home."""
    monkeypatch.setenv("EVALHUB_HOME", str(week.home))
    return week


def _experiments(
    draw: random.Random, now: int, facts: Sequence[tuple[str, str]], trace_ids: Sequence[str]
) -> list[str]:
    """Log a baseline, a worse candidate, one on other data, and an older baseline."""
    examples = tuple(
        Example(f"q{number:03d}", {"question": question}, (answer,))
        for number, (question, answer) in enumerate(list(facts) * 4)
    )
    data = Dataset("support-questions", examples)
    fewer = Dataset("support-questions", examples[:30])
    plans = (
        ("handbook-v1", data, 0.12, 900.0, now - 26 * HOUR),
        ("handbook-v2-short", data, 0.34, 520.0, now - 2 * HOUR),
        ("handbook-v1", fewer, 0.12, 900.0, now - 74 * HOUR),
    )
    return [
        _run(draw, target, data, loss=loss, speed_ms=speed_ms, start=start, trace_ids=trace_ids)
        for target, data, loss, speed_ms, start in plans
    ]


def _run(
    draw: random.Random,
    target: str,
    data: Dataset,
    *,
    loss: float,
    speed_ms: float,
    start: int,
    trace_ids: Sequence[str],
) -> str:
    results = [
        ExampleResult(
            example_id=example.id,
            output=_shortened(draw, example.references[0], loss) if number != 17 else None,
            error="TimeoutError: no answer within 30 s" if number == 17 else None,
            trace_id=trace_ids[number],
            latency_ms=draw.lognormvariate(0, 0.3) * speed_ms,
            usage=Usage(draw.randint(380, 640), draw.randint(20, 70)),
            cost_usd=None if target.endswith("short") else draw.uniform(1e-4, 3e-4),
            inputs=example.inputs,
            references=example.references,
        )
        for number, example in enumerate(data.examples)
    ]
    columns = [
        column for name in ("rouge1", "rougeL", "token_f1") for column in _score(name, results)
    ]
    return MlflowTracker().log(
        Experiment(
            name=f"{target}-{time.strftime('%m%d', time.gmtime(start / 1e9))}",
            suite="support-answers",
            target=target,
            dataset_name=data.name,
            dataset_version=data.version,
            results=tuple(
                replace(result, scores=tuple(column.score(number) for column in columns))
                for number, result in enumerate(results)
            ),
            summaries=tuple(
                summarize(column) for column in (*columns, *operational_columns(results))
            ),
            params={"model": "gpt-4o-mini"},
            start_ns=start,
            end_ns=start + 60 * 10**9,
        )
    )


def _shortened(draw: random.Random, text: str, loss: float) -> str:
    """Return *text* with about a share *loss* of its words dropped."""
    return " ".join(word for word in text.split() if draw.random() > loss) or "I do not know."


def _score(name: str, results: list[ExampleResult]) -> list[ScoreColumn]:
    outputs = [result.output for result in results]
    references = [list(result.references) for result in results]
    return list(load(name).score_batch(outputs=outputs, references=references).values())
