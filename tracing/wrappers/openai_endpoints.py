"""The table of what ``wrap_openai`` records: each method of the client and what becomes of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from evalhub.model import SpanKind
from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.wrappers.openai_answer import (
    record_answer,
    record_embeddings,
    record_speech,
)
from evalhub.tracing.wrappers.openai_chunks import ChatChunks, CompletionChunks
from evalhub.tracing.wrappers.openai_events import (
    AssistantEvents,
    ImageEvents,
    ResponseEvents,
    TranscriptEvents,
)
from evalhub.tracing.wrappers.stream import Chunks

__all__ = ["ENDPOINTS", "PLAIN_CHAT", "CallKind", "Endpoint"]


@dataclass(frozen=True, slots=True)
class CallKind:
    """What is recorded of the calls of one sort, whatever method makes them."""

    name: str
    """Name of the spans; ``chat`` and ``completions`` stand for the names the caller may choose."""
    span_kind: SpanKind
    model_type: str
    """LangSmith's ``ls_model_type``."""
    record: Callable[[ActiveSpan, Any], None] = record_answer
    chunks: Callable[[], Chunks] = ResponseEvents
    """Makes what gathers a stream; not used where the endpoint has none."""
    usage_chunks: Callable[..., Chunks] | None = None
    """Gathers a stream that says its usage only when asked (``hide_usage`` says who asked)."""
    files: tuple[str, ...] = ()
    """Arguments that are uploaded."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Methods of one resource of the client."""

    path: str
    methods: tuple[str, ...]
    call: CallKind
    only_streamed: bool = False
    """Record nothing but streams: the answer is not the model's, or another call has it."""
    gives_manager: bool = False
    """The method returns a context manager that makes the request when it is entered."""


_CHAT = CallKind("chat", SpanKind.LLM, "chat", usage_chunks=ChatChunks)
_TEXT = CallKind("completions", SpanKind.LLM, "llm", usage_chunks=CompletionChunks)
_RESPONSE = CallKind("chat", SpanKind.LLM, "chat", chunks=ResponseEvents)
_EMBEDDING = CallKind("OpenAIEmbeddings", SpanKind.EMBEDDING, "embedding", record_embeddings)
_MODERATION = CallKind("OpenAIModeration", SpanKind.GUARDRAIL, "moderation")
_IMAGE = CallKind(
    "OpenAIImages", SpanKind.LLM, "image", chunks=ImageEvents, files=("image", "mask")
)
_TRANSCRIPT = CallKind(
    "OpenAITranscription", SpanKind.LLM, "audio", chunks=TranscriptEvents, files=("file",)
)
_TRANSLATION = CallKind("OpenAITranslation", SpanKind.LLM, "audio", files=("file",))
_SPEECH = CallKind("OpenAISpeech", SpanKind.LLM, "audio", record_speech)
_RUN = CallKind("OpenAIAssistant", SpanKind.AGENT, "chat", chunks=AssistantEvents)

ENDPOINTS = (
    # `chat.completions.stream` and `responses.stream` make their requests by these.
    Endpoint("chat.completions", ("create", "parse"), _CHAT),
    Endpoint("responses", ("create", "parse", "compact"), _RESPONSE),
    Endpoint("responses", ("retrieve",), _RESPONSE, only_streamed=True),
    Endpoint("completions", ("create",), _TEXT),
    Endpoint("embeddings", ("create",), _EMBEDDING),
    Endpoint("moderations", ("create",), _MODERATION),
    Endpoint("images", ("generate", "edit", "create_variation"), _IMAGE),
    Endpoint("audio.transcriptions", ("create",), _TRANSCRIPT),
    Endpoint("audio.translations", ("create",), _TRANSLATION),
    Endpoint("audio.speech", ("create",), _SPEECH),
    Endpoint("beta.chat.completions", ("create", "parse"), _CHAT),
    Endpoint("beta.threads.runs", ("create", "submit_tool_outputs"), _RUN, only_streamed=True),
    Endpoint("beta.threads", ("create_and_run",), _RUN, only_streamed=True),
    Endpoint(
        "beta.threads.runs", ("create_and_poll", "poll", "submit_tool_outputs_and_poll"), _RUN
    ),
    Endpoint("beta.threads", ("create_and_run_poll",), _RUN),
    Endpoint(
        "beta.threads.runs",
        ("stream", "create_and_stream", "submit_tool_outputs_stream"),
        _RUN,
        gives_manager=True,
    ),
    Endpoint("beta.threads", ("create_and_run_stream",), _RUN, gives_manager=True),
)

PLAIN_CHAT = Endpoint("chat.completions", ("create",), CallKind("chat", SpanKind.LLM, "chat"))
"""Chats whose answers are whole and JSON."""
