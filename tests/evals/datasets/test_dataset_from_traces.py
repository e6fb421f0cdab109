"""Examples made of traces that the real tracer recorded."""

import json
from typing import Any

import pytest

from evalhub.errors import ConfigError, DatasetError
from evalhub.evals.datasets.from_traces import dataset_from_traces
from evalhub.evals.datasets.spec import SampleSpec
from evalhub.model import Span
from evalhub.store import TraceFilter, open_store
from evalhub.store.queries import ScoreCondition, get_trace
from evalhub.store.spans import add_spans
from evalhub.tracing import configure, flush, score, trace, traceable


@traceable
def answer(question: str, options: dict[str, Any] | None = None) -> str:
    """Answer, or fail; a child span keeps inputs of its own."""
    with trace("retrieve", inputs={"query": question}):
        pass
    if question == "fail":
        raise ValueError("cannot")
    return f"because {question}"


def ask(*questions: str, helpful: float | None = None) -> None:
    """Ask *questions* in traces of their own, and let the user say whether that helped."""
    for question in questions:
        inputs = {"question": question, "deep": {"list": [1, {"x": question}]}}
        with trace("chat", inputs=inputs) as current:
            current.set_outputs({"text": answer(question), "n": 3})
            if helpful is not None:
                score("helpful", helpful, trace_id=current, source="user")
    flush()


def test_inputs_of_the_root_are_the_inputs() -> None:
    """Without paths they are taken as they are; the newest come first."""
    ask("why", "how")
    found = dataset_from_traces("asked")
    assert [example.inputs["question"] for example in found.dataset.examples] == ["how", "why"]
    assert found.dataset.examples[0].inputs["deep"] == {"list": [1, {"x": "how"}]}
    assert (found.dataset.name, found.traces, found.duplicates) == ("asked", 2, 0)
    assert found.left_out == {}


def test_the_trace_is_named_in_the_metadata() -> None:
    """The example's id is the trace's; references are there when they are asked for."""
    ask("why")
    (example,) = dataset_from_traces("asked").dataset.examples
    assert example.metadata == {
        "trace_id": example.id,
        "trace_name": "chat",
        "trace_status": "ok",
    }
    assert example.references == ()
    with open_store() as store, store.read() as connection:
        detail = get_trace(connection, example.id)
    assert detail is not None
    assert len(detail.spans) == 3


def test_paths_choose_what_is_what() -> None:
    """JMESPath into inputs and outputs; what is no text is JSON as a reference."""
    ask("why")
    found = dataset_from_traces(
        "asked",
        inputs={"q": "inputs.deep.list[1].x", "first": "inputs.deep.list[0]"},
        references=["outputs.text", "output.n", "outputs.absent"],
    )
    (example,) = found.dataset.examples
    assert example.inputs == {"q": "why", "first": 1}
    assert example.references == ("because why", "3")


def test_output_is_what_the_function_returned() -> None:
    """A decorated function's value, without the wrapping that the tracer gives it."""
    answer("why")
    flush()
    found = dataset_from_traces("asked", references=["output"])
    assert found.dataset.examples[0].references == ("because why",)


def test_the_same_inputs_are_one_example() -> None:
    """The newest trace stands for them, and the others are counted."""
    ask("why", "how", "why", "why")
    found = dataset_from_traces("asked")
    assert [example.inputs["question"] for example in found.dataset.examples] == ["why", "how"]
    assert (found.traces, found.duplicates) == (4, 2)


def test_a_users_feedback_chooses_traces() -> None:
    """Such as those that did not help."""
    ask("good", helpful=1.0)
    ask("bad", "worse", helpful=0.0)
    ask("unrated")
    wanted = TraceFilter(scores=(ScoreCondition("helpful", "<", 0.5),))
    found = dataset_from_traces("bad", wanted)
    assert [example.inputs["question"] for example in found.dataset.examples] == ["worse", "bad"]


def test_failed_traces_are_examples_without_a_reference() -> None:
    """What went wrong is what one wants to try again."""
    with pytest.raises(ValueError, match="cannot"):
        answer("fail")
    flush()
    found = dataset_from_traces("failed", TraceFilter(status="error"), references=["output"])
    (example,) = found.dataset.examples
    assert example.inputs["question"] == "fail"
    assert example.references == ()
    assert example.metadata["trace_status"] == "error"


def test_limit_and_sample() -> None:
    """The limit takes the newest examples, and a sample is taken of these."""
    ask(*(str(n) for n in range(10)))
    newest = dataset_from_traces("n", limit=4).dataset.examples
    assert [example.inputs["question"] for example in newest] == ["9", "8", "7", "6"]
    sampled = [
        dataset_from_traces("n", limit=4, sample=SampleSpec(n=2, seed=3)).dataset for _ in range(2)
    ]
    assert sampled[0] == sampled[1]
    assert len(sampled[0].examples) == 2
    assert {one.id for one in sampled[0].examples} <= {one.id for one in newest}


def test_a_session_is_a_cluster() -> None:
    """Turns of one conversation depend on each other."""
    spans = [
        Span("a" * 32, "1", None, "p", "chat", "chain", "ok", 1, 2, inputs=b'{"q":1}'),
        Span(
            *("b" * 32, "2", None, "p", "chat", "chain", "ok", 3, 4),
            inputs=b'{"q":2}',
            session_id="s1",
        ),
    ]
    with open_store() as store, store.begin() as connection:
        add_spans(connection, spans)
    assert [one.cluster for one in dataset_from_traces("p").dataset.examples] == ["s1", None]


def test_masked_payloads_stay_masked() -> None:
    """What never left the traced process cannot be in a data set."""
    configure(mask=True)
    ask("mail bob@example.com")
    found = dataset_from_traces("masked", references=["outputs.text"]).dataset
    assert "bob@example.com" not in json.dumps([dict(one.inputs) for one in found.examples])
    assert found.examples[0].inputs["question"] == "mail [masked email]"
    assert found.examples[0].references == ("because mail [masked email]",)


def test_hidden_and_cut_payloads_are_left_out_and_counted() -> None:
    """A note in place of the inputs is no input; half a JSON text is none either."""
    configure(hide_inputs=True, hide_outputs=True)
    ask("secret")
    configure(hide_inputs=False, hide_outputs=True)
    ask("shown")
    cut = Span("c" * 32, "1", None, "p", "chat", "chain", "ok", 1, 2, inputs=b'{"q":"lon')
    with open_store() as store, store.begin() as connection:
        add_spans(connection, [cut])
    found = dataset_from_traces("some", references=["outputs.text"])
    (example,) = found.dataset.examples
    assert (example.inputs["question"], example.references) == ("shown", ())
    assert found.left_out == {"its inputs were not recorded": 2}


def test_a_path_that_finds_nothing_is_counted() -> None:
    """Of traces of several kinds only some have the input."""
    ask("why")
    answer("alone")
    flush()
    found = dataset_from_traces("some", inputs={"x": "inputs.deep.list[1].x"})
    assert [example.inputs for example in found.dataset.examples] == [{"x": "why"}]
    assert found.left_out == {"nothing at inputs.deep.list[1].x": 1}


def test_no_example_at_all_is_one_line() -> None:
    """It says whether no trace fitted, or why none could be used."""
    with pytest.raises(DatasetError, match="no trace fits; see evalhub traces list"):
        dataset_from_traces("none")
    ask("why")
    with pytest.raises(DatasetError, match=r"none of 1 traces.*nothing at inputs\.query \(1\)"):
        dataset_from_traces("none", inputs={"q": "inputs.query"})
    with pytest.raises(ConfigError, match=r"the path 'inputs\.' is no JMESPath"):
        dataset_from_traces("none", inputs={"q": "inputs."})
