"""An answer that was cut off is known as such from the call to the kept result."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson

from evalhub.evals.datasets.load import load_dataset
from evalhub.evals.runs.journal import Journal
from evalhub.evals.runs.runner import run_experiment
from evalhub.evals.suites.make_targets import make_target
from evalhub.evals.suites.models import Models
from evalhub.evals.suites.suite import load_suite
from evalhub.evals.targets.function import FunctionTarget
from evalhub.evals.targets.http_endpoint import HttpTarget
from evalhub.evals.targets.recorded_traces import record_traces
from evalhub.model import Dataset, Example
from evalhub.store import TraceFilter, open_store
from evalhub.store.queries import get_trace
from evalhub.tracing import flush, trace

DATASET = Dataset("d", tuple(Example(name, {"q": name}) for name in ("whole", "cut")))


def answer(q: str) -> dict[str, Any]:
    """Return an answer that is cut off where the question says so."""
    return {"text": q, "finish_reason": "length" if q == "cut" else "stop"}


def test_a_result_says_why_its_model_ended(tmp_path: Path) -> None:
    """And still does when the run goes on from its journal, where nothing is called."""

    def refuse(q: str) -> str:
        raise AssertionError(q)

    for function in (answer, refuse):
        with Journal(tmp_path, "plan") as journal:
            target = FunctionTarget(function, name="t")
            done = run_experiment(target, DATASET, [], suite="s", journal=journal)
        assert [result.finish_reason for result in done.results] == ["stop", "length"]
        assert [result.was_cut_off for result in done.results] == [False, True]


def test_a_trace_tells_of_the_cut_and_gives_it_back() -> None:
    """A run's traces are outputs for the next; those that are whole show nothing more."""
    done = run_experiment(FunctionTarget(answer, name="t"), DATASET, [], suite="s")
    with open_store() as store, store.read() as connection:
        traces = [get_trace(connection, str(result.trace_id)) for result in done.results]
    roots = [found.spans[0].span for found in traces if found is not None]
    shown = [orjson.loads(root.outputs or b"") for root in roots]
    assert shown == [{"output": "whole"}, {"output": "cut", "finish_reason": "length"}]
    again = run_experiment(record_traces("old", TraceFilter()), DATASET, [], suite="s")
    assert [result.finish_reason for result in again.results] == [None, "length"]


def test_suites_name_where_it_stands(tmp_path: Path) -> None:
    """A path into an endpoint's answer or a trace, or the column of outputs made before."""
    (tmp_path / "d.jsonl").write_text('{"id": "a", "q": "x"}\n')
    (tmp_path / "o.csv").write_text("id,output,why\na,half an,length\n")
    (tmp_path / "s.yaml").write_text(
        "name: s\ndataset: {path: d.jsonl, inputs: [q]}\ntargets:\n"
        "  file: {outputs: o.csv, finish_reason: why}\n"
        "  http: {url: 'http://127.0.0.1', response: text, finish_reason: 'choices[0].why'}\n"
        "  old: {traces: {output: said.text, finish_reason: said.why}}\n"
    )
    with trace("app", metadata={"example_id": "a"}) as span:
        span.set_outputs({"said": {"text": "half an", "why": "length"}})
    flush()
    suite = load_suite(tmp_path / "s.yaml")
    with ExitStack() as stack:
        models = Models(stack)
        file, http, old = (make_target(suite, n, models).target for n in ("file", "http", "old"))
    dataset = load_dataset(suite.spec.dataset, folder=suite.folder)
    for target in (file, old):
        done = run_experiment(target, dataset, [], suite="s")
        assert [result.was_cut_off for result in done.results] == [True]
    assert isinstance(http, HttpTarget)
    read = http.answer.read({"text": "half an", "choices": [{"why": "length"}]})
    assert read.finish_reason == "length"
