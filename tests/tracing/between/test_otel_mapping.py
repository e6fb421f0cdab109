"""What the mapping does with attributes, events and resources of any dialect."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.model import Span, Usage
from evalhub.tracing.dialects.attributes import unflatten
from evalhub.tracing.otel_mapping import OtelEvent, OtelSpan, to_scores, to_span

START = 1_700_000_000_000_000_000


def mapped(attributes: Mapping[str, Any], *events: OtelEvent, **fields: Any) -> Span:
    """Return the span that has *attributes* and *events*."""
    otel = OtelSpan(
        "1" * 32,
        "2" * 16,
        None,
        "name",
        START,
        START + 10**9,
        attributes=attributes,
        events=events,
        **fields,
    )
    return to_span(otel, "project")


def payload(data: bytes | None) -> Any:
    """Return the value of a JSON payload."""
    return None if data is None else json.loads(data)


def test_cached_tokens_counted_apart_are_added() -> None:
    """Cached tokens beyond the input can only have been counted apart from it."""
    span = mapped({"gen_ai.usage.input_tokens": 3, "gen_ai.usage.cache_read.input_tokens": 100})
    assert span.usage == Usage(input_tokens=103, cache_read_tokens=100)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("gen_ai.usage.input_tokens", "many"),
        ("gen_ai.usage.input_tokens", -1),
        ("gen_ai.usage.input_tokens", True),
        ("gen_ai.usage.output_tokens", 1.5),
        ("gen_ai.request.model", 7),
        ("gen_ai.input.messages", "not JSON"),
        ("gen_ai.response.time_to_first_chunk", "soon"),
        ("llm.input_messages.first.message.role", "user"),
        ("llm.token_count.prompt", None),
        ("session.id", 5),
        ("tag.tags", [1, 2]),
        ("something.new", {"deep": [1]}),
    ],
)
def test_wrong_types_and_unknown_names_are_kept(name: str, value: Any) -> None:
    """The attribute stays under its name or as a parameter, and the span is there."""
    span = mapped({name: value})
    found = payload(span.attributes)
    kept = {
        **found,
        **{f"gen_ai.request.{k}": v for k, v in found.get("invocation_params", {}).items()},
    }
    assert kept[name] == value
    assert span.usage is None


def test_a_name_that_is_value_and_list() -> None:
    """Neither is lost when a name is both."""
    span = mapped({"llm.prompts": "text", "llm.prompts.0": "a", "x": 1, "x.0": 2})
    everything = json.dumps([payload(span.attributes), payload(span.inputs)])
    assert all(part in everything for part in ('"text"', '"a"', '"x": 1', '"x.0": 2'))


def test_errors() -> None:
    """The exception event says more than the status, the status more than nothing."""
    event = OtelEvent(
        "exception",
        START,
        {
            "exception.type": "ValueError",
            "exception.message": "boom",
            "exception.stacktrace": "Traceback ...",
        },
    )
    assert mapped({}, event, is_error=True).error == "ValueError('boom')\n\nTraceback ..."
    assert mapped({}, is_error=True, status_message="no luck").error == "no luck"
    assert mapped({"error.type": "timeout"}, is_error=True).error == "timeout"
    assert mapped({}, is_error=True).status == "error"
    assert (mapped({}, event).status, mapped({}, event).error) == ("ok", None)


def test_evaluations_are_scores() -> None:
    """An evaluation event becomes a score of the span, with the same id each time."""
    event = OtelEvent(
        "gen_ai.evaluation.result",
        START,
        {
            "gen_ai.evaluation.name": "relevance",
            "gen_ai.evaluation.score.value": 0.5,
            "gen_ai.evaluation.score.label": "good",
            "gen_ai.evaluation.explanation": "on topic",
        },
    )
    otel = OtelSpan("1" * 32, "2" * 16, None, "name", START, START, events=[event])
    (score,) = to_scores(otel)
    assert (score.name, score.value, score.label, score.explanation) == (
        "relevance",
        0.5,
        "good",
        "on topic",
    )
    assert (score.trace_id, score.span_id) == ("1" * 32, "2" * 16)
    assert to_scores(otel) == [score]


def test_a_resource_may_name_the_project() -> None:
    """OpenInference's project goes before ours; the service's name is kept."""
    resource = {"openinference.project.name": "theirs", "service.name": "shop"}
    span = mapped({}, resource=resource)
    assert (span.project, payload(span.attributes)) == ("theirs", {"service.name": "shop"})


def test_a_long_payload_is_cut() -> None:
    """The mark says how much there was."""
    otel = OtelSpan("1" * 32, "2" * 16, None, "n", 0, 0, attributes={"input.value": "x" * 5_000})
    assert payload(to_span(otel, "p", limit=1_000).inputs)["bytes"] > 5_000


def test_unflatten() -> None:
    """Numbers make lists, in their order and with gaps closed; huge numbers cost nothing."""
    assert unflatten({"10.a": 1, "9.a": 2, "9999999999.a": 3}) == [{"a": 2}, {"a": 1}, {"a": 3}]
    assert unflatten({"a.b.c": 1, "a.b.d": 2}) == {"a": {"b": {"c": 1, "d": 2}}}
    assert unflatten({}) is None
    assert unflatten({".".join("a" * 5_000): 1}) is not None


KNOWN = [
    "gen_ai.operation.name",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.system_instructions",
    "gen_ai.response.finish_reasons",
    "gen_ai.response.time_to_first_chunk",
    "gen_ai.prompt.0.content",
    "gen_ai.prompt.0.tool_calls.0.name",
    "openinference.span.kind",
    "llm.input_messages.0.message.contents.0.message_content.type",
    "llm.input_messages.0.message.tool_calls.0.tool_call.function.name",
    "llm.output_messages.0.message.content",
    "llm.token_count.prompt",
    "retrieval.documents.0.document.metadata",
    "input.value",
    "input.mime_type",
    "traceloop.span.kind",
    "traceloop.entity.input",
    "session.id",
    "tag.tags",
]
NAMES = st.one_of(
    st.sampled_from(KNOWN),
    st.text(),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(st.dictionaries(NAMES, VALUES))
def test_no_attributes_lose_the_span(attributes: dict[str, Any]) -> None:
    """Whatever the attributes are, there is a span, and its payloads are JSON."""
    span = mapped(attributes, OtelEvent("gen_ai.choice", START, attributes))
    for data in (span.inputs, span.outputs, span.attributes):
        payload(data)
    assert isinstance(span.kind, str)


@pytest.mark.parametrize("value", [10**400, -(10**400), float("inf"), float("nan")])
def test_a_number_that_no_float_holds_costs_only_itself(value: float) -> None:
    """A number that is too large or none is kept, or left out; the rest is recorded."""
    name = "gen_ai.response.time_to_first_chunk"
    span = mapped({name: value, "gen_ai.request.model": "m"})
    assert (span.model, span.first_token_ns) == ("m", None)
    assert name in payload(span.attributes)
    event = OtelEvent("gen_ai.evaluation.result", START, {"gen_ai.evaluation.score.value": value})
    otel = OtelSpan("1" * 32, "2" * 16, None, "name", START, START, events=[event])
    assert to_scores(otel)[0].value is None


def test_an_object_among_dotted_names_stays_as_it_came() -> None:
    """A value that is an object may have any keys; they are no names to unflatten."""
    assert unflatten({"0.a": {1: 2}, "1": {"0": "x"}}) == [{"a": {1: 2}}, {"0": "x"}]
