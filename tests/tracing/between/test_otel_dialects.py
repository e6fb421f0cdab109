"""What each dialect's attributes become; tables of attributes as their instrumentors write them."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from openinference.semconv.trace import OpenInferenceSpanKindValues
from opentelemetry.semconv._incubating.attributes.gen_ai_attributes import (
    GenAiOperationNameValues,
)

from evalhub.model import Span, Usage
from evalhub.tracing.dialects.genai import OPERATIONS
from evalhub.tracing.otel_mapping import OtelEvent, OtelSpan, to_span

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


GENAI = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "anthropic",
    "gen_ai.request.model": "claude-x",
    "gen_ai.response.model": "claude-x-1",
    "gen_ai.request.temperature": 0.5,
    "gen_ai.request.max_tokens": 100,
    "gen_ai.response.id": "msg_1",
    "gen_ai.response.finish_reasons": ("stop",),
    "gen_ai.response.time_to_first_chunk": 0.25,
    "gen_ai.conversation.id": "conv",
    "gen_ai.usage.input_tokens": 20,
    "gen_ai.usage.output_tokens": 5,
    "gen_ai.usage.cache_read.input_tokens": 12,
    "gen_ai.usage.cache_creation.input_tokens": 4,
    "gen_ai.usage.reasoning.output_tokens": 3,
    "gen_ai.system_instructions": '[{"type": "text", "content": "Be brief."}]',
    "gen_ai.input.messages": json.dumps(
        [
            {"role": "user", "parts": [{"type": "text", "content": "Weather?"}]},
            {
                "role": "assistant",
                "parts": [
                    {"type": "tool_call", "id": "c", "name": "weather", "arguments": {"q": 1}}
                ],
            },
            {
                "role": "tool",
                "parts": [{"type": "tool_call_response", "id": "c", "response": "sunny"}],
            },
        ]
    ),
    "gen_ai.output.messages": json.dumps(
        [
            {
                "role": "assistant",
                "parts": [{"type": "text", "content": "Sunny."}],
                "finish_reason": "stop",
            }
        ]
    ),
    "gen_ai.tool.definitions": '[{"type": "function", "name": "weather"}]',
}


def test_genai() -> None:
    """The GenAI conventions fill every field; messages have OpenAI's shape."""
    span = mapped(GENAI)
    assert (span.kind, span.model, span.provider) == ("llm", "claude-x-1", "anthropic")
    assert span.usage == Usage(20, 5, 12, 4, 3)
    assert (span.session_id, span.first_token_ns) == ("conv", START + 250_000_000)
    call = {"id": "c", "type": "function", "function": {"name": "weather", "arguments": {"q": 1}}}
    assert payload(span.inputs) == {
        "system": "Be brief.",
        "messages": [
            {"role": "user", "content": "Weather?"},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c", "content": "sunny"},
        ],
        "tools": [{"type": "function", "name": "weather"}],
    }
    assert payload(span.outputs) == {
        "choices": [
            {"message": {"role": "assistant", "content": "Sunny."}, "finish_reason": "stop"}
        ]
    }
    assert payload(span.attributes) == {
        "gen_ai.operation.name": "chat",
        "invocation_params": {"model": "claude-x", "temperature": 0.5, "max_tokens": 100},
        "finish_reasons": ["stop"],
        "response_id": "msg_1",
        "otel.dialects": ["gen_ai"],
    }


OPENINFERENCE = {
    "openinference.span.kind": "LLM",
    "llm.model_name": "gpt-x",
    "llm.provider": "openai",
    "llm.token_count.prompt": 20,
    "llm.token_count.completion": 5,
    "llm.token_count.total": 25,
    "llm.token_count.prompt_details.cache_read": 12,
    "llm.token_count.prompt_details.cache_write": 1,
    "llm.token_count.prompt_details.audio": 2,
    "llm.token_count.completion_details.reasoning": 3,
    "llm.token_count.completion_details.audio": 4,
    "llm.invocation_parameters": '{"temperature": 0}',
    "llm.input_messages.0.message.role": "user",
    "llm.input_messages.0.message.contents.0.message_content.type": "text",
    "llm.input_messages.0.message.contents.0.message_content.text": "What is it?",
    "llm.input_messages.0.message.contents.1.message_content.type": "image",
    "llm.input_messages.0.message.contents.1.message_content.image.image.url": "http://i",
    "llm.input_messages.10.message.role": "tool",
    "llm.input_messages.10.message.content": "last",
    "llm.input_messages.10.message.tool_call_id": "c",
    "llm.input_messages.2.message.role": "assistant",
    "llm.input_messages.2.message.tool_calls.0.tool_call.id": "c",
    "llm.input_messages.2.message.tool_calls.0.tool_call.function.name": "look",
    "llm.input_messages.2.message.tool_calls.0.tool_call.function.arguments": "{}",
    "llm.output_messages.0.message.role": "assistant",
    "llm.output_messages.0.message.content": "A cat.",
    "llm.tools.0.tool.json_schema": '{"name": "look"}',
    "input.value": "What is it?",
    "output.value": "A cat.",
    "metadata": '{"customer": 7}',
    "tag.tags": ["a"],
    "session.id": "s",
    "user.id": "u",
}


def test_openinference() -> None:
    """Flattened lists are whole, in the order of their numbers; repeated values are kept once."""
    span = mapped(OPENINFERENCE)
    assert (span.kind, span.model, span.provider) == ("llm", "gpt-x", "openai")
    assert span.usage == Usage(20, 5, 12, 1, 3, 2, 4)
    assert (span.session_id, span.user_id, span.tags) == ("s", "u", ("a",))
    inputs = payload(span.inputs)
    assert inputs["tools"] == [{"name": "look"}]
    first, second, third = inputs["messages"]
    assert first["content"] == [
        {"type": "text", "text": "What is it?"},
        {"type": "image_url", "image_url": {"url": "http://i"}},
    ]
    assert second["tool_calls"][0]["function"] == {"name": "look", "arguments": "{}"}
    assert third == {"role": "tool", "content": "last", "tool_call_id": "c"}
    assert payload(span.outputs) == {
        "choices": [{"message": {"role": "assistant", "content": "A cat."}}]
    }
    assert payload(span.attributes) == {
        "invocation_params": {"temperature": 0},
        "metadata": {"customer": 7},
        "otel.dialects": ["openinference"],
    }


def test_openinference_documents() -> None:
    """A retriever's documents have content, score and metadata."""
    span = mapped(
        {
            "openinference.span.kind": "RETRIEVER",
            "input.value": "why",
            "retrieval.documents.0.document.id": "d1",
            "retrieval.documents.0.document.content": "because",
            "retrieval.documents.0.document.score": 0.5,
            "retrieval.documents.0.document.metadata": '{"page": 3}',
        }
    )
    assert (span.kind, payload(span.inputs)) == ("retriever", {"input": "why"})
    document = {"id": "d1", "content": "because", "score": 0.5, "metadata": {"page": 3}}
    assert payload(span.outputs) == {"documents": [document]}


def test_openllmetry() -> None:
    """Indexed prompts, the total and the entity are read."""
    span = mapped(
        {
            "llm.request.type": "chat",
            "gen_ai.system": "OpenAI",
            "gen_ai.request.model": "gpt-x",
            "gen_ai.prompt.0.role": "user",
            "gen_ai.prompt.0.content": "Weather?",
            "gen_ai.completion.0.role": "assistant",
            "gen_ai.completion.0.content": "Sunny.",
            "gen_ai.completion.0.finish_reason": "stop",
            "gen_ai.completion.0.tool_calls.0.id": "c",
            "gen_ai.completion.0.tool_calls.0.name": "look",
            "gen_ai.completion.0.tool_calls.0.arguments": "{}",
            "gen_ai.usage.prompt_tokens": 20,
            "gen_ai.usage.completion_tokens": 5,
            "llm.usage.total_tokens": 25,
            "gen_ai.usage.cache_read_input_tokens": 12,
            "traceloop.association.properties.session_id": "s",
            "traceloop.association.properties.user_id": "u",
        }
    )
    assert (span.kind, span.model, span.provider) == ("llm", "gpt-x", "OpenAI")
    assert span.usage == Usage(20, 5, 12)
    assert (span.session_id, span.user_id) == ("s", "u")
    assert payload(span.inputs) == {"messages": [{"content": "Weather?", "role": "user"}]}
    (choice,) = payload(span.outputs)["choices"]
    assert choice["finish_reason"] == "stop"
    assert choice["message"]["tool_calls"][0]["function"] == {"name": "look", "arguments": "{}"}


def test_openllmetry_entities() -> None:
    """A decorated function's payload is unwrapped."""
    span = mapped(
        {
            "traceloop.span.kind": "tool",
            "traceloop.entity.name": "look",
            "traceloop.entity.input": '{"inputs": {"q": 1}, "tags": [], "metadata": {}}',
            "traceloop.entity.output": '"text"',
        }
    )
    assert (span.kind, payload(span.inputs)) == ("tool", {"q": 1})
    assert payload(span.outputs) == {"output": '"text"'}


def test_messages_in_events() -> None:
    """The older conventions put messages into events, which are then no events any more."""
    span = mapped(
        {"gen_ai.system": "openai", "gen_ai.operation.name": "chat"},
        OtelEvent("gen_ai.user.message", START, {"content": "Weather?"}),
        OtelEvent(
            "gen_ai.choice",
            START + 1,
            {"index": 0, "finish_reason": "stop", "message": '{"content": "Sunny."}'},
        ),
        OtelEvent("other", START + 2, {"k": "v"}),
    )
    assert payload(span.inputs) == {"messages": [{"role": "user", "content": "Weather?"}]}
    message = {"role": "assistant", "content": "Sunny."}
    assert payload(span.outputs) == {
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}]
    }
    assert [event.name for event in span.events] == ["other"]


@pytest.mark.parametrize("kind", [kind.value for kind in OpenInferenceSpanKindValues])
def test_every_kind_of_openinference(kind: str) -> None:
    """The kind is kept in lower case, a new one too."""
    assert mapped({"openinference.span.kind": kind}).kind == kind.lower()


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_operations_are_the_conventions(operation: str) -> None:
    """Every operation that we know is one of the installed conventions, and gives its kind."""
    known = {value.value for value in GenAiOperationNameValues}
    assert operation in known
    assert mapped({"gen_ai.operation.name": operation}).kind == OPERATIONS[operation]


def test_a_tool_and_a_retrieval() -> None:
    """Arguments, result, query and documents are inputs and outputs."""
    tool = mapped(
        {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.call.arguments": '{"q": 1}',
            "gen_ai.tool.call.result": "sunny",
        }
    )
    assert payload(tool.inputs) == {"arguments": {"q": 1}}
    assert payload(tool.outputs) == {"output": "sunny"}
    retrieval = mapped(
        {
            "gen_ai.operation.name": "retrieval",
            "gen_ai.retrieval.query.text": "why",
            "gen_ai.retrieval.documents": '[{"id": "d", "score": 1}]',
        }
    )
    assert payload(retrieval.inputs) == {"query": "why"}
    assert payload(retrieval.outputs) == {"documents": [{"id": "d", "score": 1}]}
