"""Two runs of a support bot, scored by real metrics; the candidate drops words and fails calls."""

import random
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from evalhub.evals.gates.compare import compare
from evalhub.evals.gates.gate import Gate, decide
from evalhub.evals.gates.pairs import clusters_of
from evalhub.evals.operational import operational_columns
from evalhub.evals.reports.collect import make_report
from evalhub.evals.reports.report import Report
from evalhub.metrics import ScoreColumn, load, summarize
from evalhub.model import ExampleResult, Experiment, Score, ScoreState, Usage

FACTS = (
    ("How long do refunds take?", "Refunds arrive within five working days of the parcel."),
    ("Can I change my address?", "Yes, until the parcel leaves our warehouse."),
    ("Is the kettle dishwasher safe?", "The lid is; the kettle itself must be wiped by hand."),
)
JUDGE = "faithful|scale:1-5|model:local|v:1"


def answer_all(target: str, count: int, *, dropped: float, failing: int) -> list[ExampleResult]:
    """Return *count* answers that lack some words; every *failing*-th call failed."""
    rng = random.Random(target)
    results = []
    for number in range(count):
        question, fact = FACTS[number % len(FACTS)]
        kept = [
            word if rng.random() >= dropped else rng.choice(["", "hm"]) for word in fact.split()
        ]
        said = " ".join(word for word in kept if word) or "?"
        broken = failing > 0 and number % failing == 0
        results.append(
            ExampleResult(
                example_id=f"q{number:04d}",
                output=None if broken else said,
                error="TimeoutError: no answer within 30 s" if broken else None,
                trace_id=f"{rng.getrandbits(128):032x}",
                latency_ms=rng.uniform(200, 900),
                usage=Usage(100, 20),
                cost_usd=0.0004,
                inputs={"question": question, "history": [{"role": "user", "text": question}]},
                references=(fact,),
                slices={"topic": ("refunds", "orders", "kettles")[number % len(FACTS)]},
            )
        )
    return results


def judge(result: ExampleResult) -> Score:
    """Return a grade by the words that are left; of one answer none can be read."""
    if result.output is None:
        return Score("faithful", None, JUDGE, ScoreState.ERRORED)
    if result.example_id.endswith("29"):
        reason = "no grade in 'Well, it depends'"
        return Score("faithful", None, JUDGE, ScoreState.UNPARSED, explanation=reason)
    words = [word for word in result.output.split() if word != "hm"]
    share = len(words) / len(result.references[0].split())
    grade = float(max(1, round(5 * share)))
    return Score("faithful", grade, JUDGE, explanation=f"{share:.0%} of the fact is there.")


def score_all(results: list[ExampleResult]) -> tuple[ExampleResult, ...]:
    """Return *results* with real ROUGE-1 and exact match, and a grade."""
    outputs = [result.output or "" for result in results]
    references = [result.references for result in results]
    columns = [
        load(name).score_batch(outputs, references=references)[name]
        for name in ("rouge1", "exact_match")
    ]
    return tuple(
        replace(
            result,
            scores=(
                *(
                    column.score(place)
                    if result.output is not None
                    else Score(column.name, None, column.signature, ScoreState.ERRORED)
                    for column in columns
                ),
                judge(result),
            ),
        )
        for place, result in enumerate(results)
    )


def run_of(target: str, count: int = 60, *, dropped: float = 0.0, failing: int = 0) -> Experiment:
    """Return a run of *target* as the runner would make it."""
    results = score_all(answer_all(target, count, dropped=dropped, failing=failing))
    columns = []
    ranges = {"rouge1": (0.0, 1.0), "exact_match": (0.0, 1.0), "faithful": (1.0, 5.0)}
    for name, bounds in ranges.items():
        scores = [result.score(name) for result in results]
        known = [score for score in scores if score is not None]
        values = np.array([np.nan if item.value is None else item.value for item in known])
        states = [item.state for item in known]
        columns.append(ScoreColumn(name, values, known[0].signature, states=states, bounds=bounds))
    return Experiment(
        name=f"{target}-20261122-020000",
        suite="support-answers",
        target=target,
        dataset_name="questions",
        dataset_version="3f9c1a7b" * 8,
        results=results,
        summaries=tuple(
            summarize(column, clusters=clusters_of(results))
            for column in [*columns, *operational_columns(results)]
        ),
        params={"model": "local", "prompt": f"prompts/{target}.j2"},
        start_ns=1_795_312_800_000_000_000,
        end_ns=1_795_312_894_000_000_000,
        run_id=random.Random(target).randbytes(16).hex(),
    )


GATES = (
    Gate("rouge1", of="candidate", not_worse_than="baseline", margin=0.02, slices=("topic",)),
    Gate("exact_match", of="candidate", not_worse_than="baseline", margin=0.02),
    Gate("cost_usd", of="candidate", at_most=0.01),
)
SUITE_FILE = "name: support-answers\ngates: [] # <b>&\n"


@pytest.fixture(scope="session")
def make_run() -> Callable[..., Experiment]:
    """Give what makes a run of a target."""
    return run_of


@pytest.fixture(scope="session")
def report() -> Report:
    """Return the report of a night on which the candidate was worse."""
    runs = [run_of("baseline"), run_of("candidate", dropped=0.3, failing=30)]
    return make_report(
        runs,
        [compare(*runs, declared=["rouge1", "exact_match", "cost_usd"])],
        decide(runs, GATES),
        suite_file=SUITE_FILE,
        notes=["the tracker was slow"],
    )
