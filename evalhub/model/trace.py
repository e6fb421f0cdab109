"""What is recorded of a program: spans, and the traces they form.

The words are OpenTelemetry's. Payloads (inputs, outputs, attributes) are JSON
text as UTF-8 bytes: they are encoded once, where they were seen, and decoded
only when somebody opens the span.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = [
    "Attachment",
    "Batch",
    "Delivery",
    "Span",
    "SpanEvent",
    "SpanKind",
    "SpanScore",
    "SpanStatus",
    "TraceSummary",
    "Usage",
]


class SpanKind(StrEnum):
    """What a span is about; the union of LangSmith's and OpenInference's kinds."""

    CHAIN = "chain"
    LLM = "llm"
    TOOL = "tool"
    RETRIEVER = "retriever"
    EMBEDDING = "embedding"
    PROMPT = "prompt"
    PARSER = "parser"
    AGENT = "agent"
    RERANKER = "reranker"
    GUARDRAIL = "guardrail"
    EVALUATOR = "evaluator"


class SpanStatus(StrEnum):
    """How a span ended."""

    OK = "ok"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one model call; None where the provider said nothing.

    Cached tokens are part of ``input_tokens`` and reasoning tokens part of
    ``output_tokens``, as in OpenAI's API and OpenTelemetry's conventions.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    audio_input_tokens: int | None = None
    """Part of ``input_tokens``."""
    audio_output_tokens: int | None = None
    """Part of ``output_tokens``."""
    tier: str | None = None
    """Price class by the provider's name ("batch", "flex", "priority"); None: its usual one."""

    @property
    def total_tokens(self) -> int | None:
        """Input plus output, or None when neither is known."""
        if self.input_tokens is None and self.output_tokens is None:
            return None
        return (self.input_tokens or 0) + (self.output_tokens or 0)


@dataclass(frozen=True, slots=True)
class SpanEvent:
    """Something that happened at one moment of a span."""

    name: str
    time_ns: int
    attributes: bytes | None = None
    """JSON object."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """Bytes that belong to a span: an image, a recording, a PDF."""

    name: str
    mime_type: str
    data: bytes

    @property
    def sha256(self) -> str:
        """Hash by which the bytes are stored once, 64 hexadecimal digits."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class Span:
    """One finished call.

    Times are nanoseconds since the Unix epoch. A trace id has 32 lower-case
    hexadecimal digits; a span id 32 for our own spans (UUIDv7, so that ids sort
    by time) and 16 for those that OpenTelemetry made. (trace id, span id) is
    the key.
    """

    trace_id: str
    span_id: str
    parent_id: str | None
    project: str
    name: str
    kind: str
    """A :class:`SpanKind` value; other values are kept as they came."""
    status: str
    """A :class:`SpanStatus` value."""
    start_ns: int
    end_ns: int
    first_token_ns: int | None = None
    model: str | None = None
    provider: str | None = None
    usage: Usage | None = None
    session_id: str | None = None
    user_id: str | None = None
    tags: tuple[str, ...] = ()
    inputs: bytes | None = None
    """JSON of what the call was given."""
    outputs: bytes | None = None
    """JSON of what it returned."""
    attributes: bytes | None = None
    """JSON object: metadata, invocation parameters."""
    error: str | None = None
    """``repr`` of the exception, then its traceback."""
    events: tuple[SpanEvent, ...] = field(default=())
    attachments: tuple[Attachment, ...] = ()

    @property
    def duration_ms(self) -> float:
        """Milliseconds from start to end."""
        return (self.end_ns - self.start_ns) / 1e6


@dataclass(frozen=True, slots=True)
class SpanScore:
    """What the traced program, or its user, says of one span or one whole trace."""

    id: str
    """32 hexadecimal digits; the key, so that sending it twice stores it once."""
    trace_id: str
    span_id: str | None
    """None: the whole trace."""
    name: str
    value: float | None
    label: str | None
    explanation: str | None
    source: str
    """Who says it: ``code``, ``user``, ``human`` ..."""
    created_ns: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one process says of all its spans so far: its line in the delivery ledger."""

    producer: str
    """Id of the process's tracer, 32 hexadecimal digits; the key."""
    host: str
    pid: int
    started_ns: int
    updated_ns: int
    is_ended: bool
    """Whether the process has said goodbye: all it recorded is counted here."""
    recorded: int
    """Sequence number of its last record (a span or a score), counted from 1."""
    spooled: int
    """Records that wait on its disk; what was stored is counted where it is stored."""
    dropped: int
    """Records that are lost."""
    losses: tuple[tuple[str, int], ...] = ()
    """Trace ids and how many of their spans were lost so far, where that has changed; no more
    than a thousand traces are known by name."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What an exporter takes at once."""

    spans: Sequence[Span] = ()
    scores: Sequence[SpanScore] = ()
    delivery: Delivery | None = None

    def __len__(self) -> int:
        """Return how many records it holds: spans and scores."""
        return len(self.spans) + len(self.scores)


@dataclass(frozen=True, slots=True)
class TraceSummary:
    """One row of a list of traces, maintained while spans arrive.

    Tokens and cost are sums over the trace's model calls, None when no call
    reported any; ``cost_usd`` is None when no model of the trace has a price.
    """

    trace_id: str
    name: str
    project: str
    start_ns: int
    end_ns: int
    status: str
    spans: int
    errors: int
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    session_id: str | None = None
    user_id: str | None = None

    @property
    def duration_ms(self) -> float:
        """Milliseconds from the first start to the last end."""
        return (self.end_ns - self.start_ns) / 1e6
