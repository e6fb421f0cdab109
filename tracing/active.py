"""A span while it is open.

An :class:`ActiveSpan` goes on the queue as it is; the worker converts it (record.py). What is
set on few spans only lives in ``Details``, so that a plain call pays for
fewer slots. The underscored slots are the SDK's own: the tracer fills them.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from evalhub.model import SpanEvent, Usage
from evalhub.tracing.encode import decode, encode
from evalhub.tracing.usage import to_usage

if TYPE_CHECKING:
    from contextvars import Token

    from evalhub.tracing.tracer import Tracer

__all__ = ["ActiveSpan", "Details", "encode_outputs"]


class Details:
    """What only some spans have."""

    __slots__ = ("events", "first_token_ns", "metadata", "model", "provider", "tags", "usage")

    def __init__(self) -> None:
        self.first_token_ns: int | None = None
        self.model: str | None = None
        self.provider: str | None = None
        self.usage: Usage | None = None
        self.tags: tuple[str, ...] = ()
        self.metadata: dict[str, Any] = {}
        self.events: list[SpanEvent] = []


class ActiveSpan:
    """An open span. Its methods never raise; on a span not recorded they do nothing."""

    __slots__ = (
        "_attributes",
        "_details",
        "_end_ns",
        "_error",
        "_inputs",
        "_outputs",
        "_start_ns",
        "_token",
        "_tracer",
        "kind",
        "name",
        "parent_id",
        "project",
        "recording",
        "session_id",
        "span_id",
        "trace_id",
        "user_id",
    )

    def __init__(  # noqa: PLR0917 - by position: this runs for every traced call
        self,
        tracer: "Tracer",
        parent: "ActiveSpan | None",
        span_id: str,
        start_ns: int,
        name: str,
        kind: str,
        project: str | None,
        inputs: bytes | None,
    ) -> None:
        self._tracer = tracer
        self.span_id = span_id
        self.name = name
        self.kind = kind
        self.recording = True
        self._start_ns = start_ns
        self._end_ns = 0
        self._inputs = inputs
        self._outputs: bytes | None = None
        self._attributes: bytes | None = None
        self._error: str | None = None
        self._details: Details | None = None
        self._token: Token[ActiveSpan | None] | None = None
        if parent is None:
            self.trace_id = span_id
            self.parent_id: str | None = None
            self.project = project or tracer.project
            self.session_id: str | None = None
            self.user_id: str | None = None
        else:
            self.trace_id = parent.trace_id
            self.parent_id = parent.span_id
            self.project = project or parent.project
            self.session_id = parent.session_id
            self.user_id = parent.user_id

    def set_inputs(self, inputs: object) -> None:
        """Record *inputs* in place of what was recorded: a dict as it is, else ``{"input": x}``."""
        if self.recording:
            payload = inputs if isinstance(inputs, dict) else {"input": inputs}
            self._inputs = encode(payload, self._tracer.limit)

    def set_outputs(self, outputs: object) -> None:
        """Record *outputs*: a dict or a pydantic model as it is, else ``{"output": x}``."""
        if self.recording:
            self._outputs = encode_outputs(outputs, self._tracer.limit)

    def set(
        self,
        *,
        model: str | None = None,
        provider: str | None = None,
        usage: Usage | Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        tags: Iterable[str] = (),
        session_id: str | None = None,
        user_id: str | None = None,
        first_token_ns: int | None = None,
    ) -> None:
        """Record what is given and leave the rest; metadata and tags add to what is there.

        *usage* is a :class:`~evalhub.model.Usage` or a provider's own mapping of
        token counts. Session and user are inherited by spans opened afterwards.
        """
        if not self.recording:
            return
        details = self._more()
        details.model = model or details.model
        details.provider = provider or details.provider
        details.first_token_ns = first_token_ns or details.first_token_ns
        details.usage = to_usage(usage) or details.usage
        self.session_id = session_id or self.session_id
        self.user_id = user_id or self.user_id
        if tags:
            details.tags = (*details.tags, *map(str, tags))
        if metadata:
            details.metadata.update(_snapshot(metadata, self._tracer.limit))

    def add_event(self, name: str, attributes: Mapping[str, Any] | None = None) -> None:
        """Record that *name* happened now."""
        if self.recording:
            payload = encode(attributes, self._tracer.limit) if attributes else None
            self._more().events.append(SpanEvent(name, self._tracer.clock(), payload))

    def set_error(self, error: BaseException) -> None:
        """Record that the span failed with *error*; it is not raised."""
        if self.recording:
            self._error = self._tracer.describe(error)

    def _more(self) -> Details:
        details = self._details
        if details is None:
            details = self._details = Details()
        return details


def encode_outputs(outputs: Any, limit: int) -> bytes:
    """Return the JSON object that records *outputs*."""
    if isinstance(outputs, dict) or hasattr(type(outputs), "model_dump"):
        return encode(outputs, limit)
    return encode({"output": outputs}, limit)


def _snapshot(metadata: Mapping[str, Any], limit: int) -> dict[str, Any]:
    plain = decode(encode(dict(metadata), limit))
    return plain if isinstance(plain, dict) else {"metadata": plain}
