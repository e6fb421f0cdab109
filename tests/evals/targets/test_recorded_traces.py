"""Recorded traces as a target, from a real store."""

from typing import Any

import pytest

from evalhub.errors import ConfigError, DatasetError, ModelError
from evalhub.evals.targets.answer_paths import AnswerPaths
from evalhub.evals.targets.recorded_traces import Match, RecordedTraces, record_traces
from evalhub.model import Dataset, Example, Usage
from evalhub.store import TraceFilter
from evalhub.tracing import flush, trace

EXAMPLE = Example("e1", {"q": "x", "k": 2})


def record(outputs: Any, *, inputs: Any = None, name: str = "answer", **metadata: Any) -> str:
    """Record a trace as an application does, with a model call in it; return its id."""
    with trace(name, inputs=inputs or {"q": "x", "k": 2}, metadata=metadata) as span:
        with trace("model", kind="llm") as call:
            call.set(usage=Usage(11, 3))
        span.set_outputs(outputs)
        trace_id = span.trace_id
    flush()
    return trace_id


def load(match: Match = "id", path: str | None = None, **which: Any) -> RecordedTraces:
    """Read the traces back as a target."""
    return record_traces("t", TraceFilter(**which), match=match, answer=AnswerPaths(path))


def test_a_trace_is_found_by_the_id_in_its_metadata() -> None:
    """Text, contexts, time, tokens and the trace itself come along."""
    trace_id = record({"output": "hello", "contexts": ["c"]}, example_id="e1")
    output = load().recall(EXAMPLE)
    assert (output.text, output.contexts) == ("hello", ("c",))
    assert output.usage == Usage(11, 3)
    assert output.latency_ms is not None
    assert output.latency_ms > 0
    assert output.trace_id == trace_id


def test_a_trace_is_found_by_equal_inputs() -> None:
    """The order of keys does not matter; a plain call finds it as well."""
    record({"output": "hello"}, inputs={"k": 2, "q": "x"})
    target = load("inputs")
    assert target.recall(EXAMPLE).text == "hello"
    assert target({"q": "x", "k": 2}).text == "hello"
    with pytest.raises(DatasetError, match="example 'e2' has 0 traces by 'inputs'"):
        target.recall(Example("e2", {"q": "x", "k": 3}))


def test_a_trace_is_found_by_its_own_id() -> None:
    """As the example's metadata or its id."""
    trace_id = record({"output": "hello"})
    target = load("trace_id")
    assert target.recall(Example("a", {}, metadata={"trace_id": trace_id})).text == "hello"
    assert target.recall(Example(trace_id, {})).text == "hello"


def test_the_newest_trace_comes_first() -> None:
    """Older ones are the repeats, and there are no more of them than were recorded."""
    for text in ("old", "new"):
        record({"output": text}, example_id="e1")
    target = load()
    assert [target.recall(EXAMPLE, n).text for n in (0, 1)] == ["new", "old"]
    with pytest.raises(DatasetError, match="has 2 traces"):
        target.recall(EXAMPLE, 2)


def test_only_the_wanted_traces_are_read() -> None:
    """The filter of the store narrows them, and a limit takes the newest."""
    record({"output": "other"}, name="other", example_id="e1")
    record({"output": "mine"}, name="answer", example_id="e1")
    assert load(name="answer").recall(EXAMPLE).text == "mine"
    assert len(load().traces["e1"]) == 2
    limited = record_traces("t", TraceFilter(), limit=1)
    assert [limited.recall(EXAMPLE).text, len(limited.traces["e1"])] == ["mine", 1]


def test_a_path_reaches_into_the_outputs() -> None:
    """A traced model call has no 'text' of its own."""
    record({"choices": [{"message": {"content": "deep"}}]}, example_id="e1")
    assert load(path="choices[0].message.content").recall(EXAMPLE).text == "deep"
    with pytest.raises(ModelError, match="none a 'text'"):
        load().recall(EXAMPLE)


def test_a_trace_that_failed_is_that_examples_error() -> None:
    """The first line of what it raised, without the traceback."""
    with pytest.raises(ZeroDivisionError), trace("answer", metadata={"example_id": "e1"}):
        _ = 1 / 0
    flush()
    with pytest.raises(ModelError) as caught:
        load().recall(EXAMPLE)
    assert str(caught.value) == "ZeroDivisionError('division by zero')"


def test_traces_of_nothing_here_are_refused_before_the_run() -> None:
    """The error counts them."""
    record({"output": "x"}, example_id="other")
    with pytest.raises(ConfigError, match="none of the 1 traces found belongs to an example"):
        load().check(Dataset("d", (EXAMPLE,)))
    record({"output": "x"}, example_id="e1")
    load().check(Dataset("d", (EXAMPLE,)))


def test_many_traces_are_read_in_pages() -> None:
    """More than one page, each trace once."""
    for n in range(1100):
        with trace("answer", metadata={"example_id": n}) as span:
            span.set_outputs({"output": str(n)})
    flush()
    target = load()
    assert len(target.traces) == 1100
    assert all(target.recall(Example(str(n), {})).text == str(n) for n in range(1100))


def test_a_plain_call_needs_a_match_by_inputs() -> None:
    """By inputs alone a trace with an id is not found."""
    record({"output": "x"}, example_id="e1")
    with pytest.raises(ConfigError, match="found by the example"):
        load()({"q": "x"})
