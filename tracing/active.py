"""A span while it is open.

An :class:`ActiveSpan` goes on the queue as it is; the worker converts it (record.py). What is
set on few spans only lives in ``Details`` (details.py), so that a plain call pays for
fewer slots. The underscored slots are the SDK's own: the tracer fills them.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from evalhub.model import Usage
from evalhub.tracing.attachments import Content, take_attachment
from evalhub.tracing.details import Details, to_events, to_ns
from evalhub.tracing.encode import decode, encode
from evalhub.tracing.usage import to_usage

if TYPE_CHECKING:
    from contextvars import Token

    from evalhub.tracing.tracer import Tracer

__all__ = ["ActiveSpan", "Details", "encode_outputs", "snapshot"]


class ActiveSpan:
    """An open span. Its methods never raise; on a span not recorded they do nothing.

    ``recording`` is True, False, or ``"local"`` for a span that the program can read
    and that is not stored.
    """

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
        self._start_ns = start_ns
        self._end_ns = 0
        self._inputs = inputs
        self._outputs: bytes | None = None
        self._attributes: bytes | None = None
        self._error: str | None = None
        self._token: Token[ActiveSpan | None] | None = None
        if parent is None:
            self.trace_id = span_id
            self.parent_id: str | None = None
            self.project = project or tracer.project
            self.recording: bool | str = True
            self.session_id: str | None = None
            self.user_id: str | None = None
            self._details: Details | None = None
        else:
            # A parent without ids is a `tracing_context` around roots. A trace stays in one
            # project, as LangSmith has it: the parent's goes before the span's own.
            self.trace_id = parent.trace_id or span_id
            self.parent_id = parent.span_id or None
            self.project = parent.project or project or tracer.project
            self.recording = parent.recording
            self.session_id = parent.session_id
            self.user_id = parent.user_id
            details = parent._details
            self._details = None if details is None else details.passed_on()

    @property
    def id(self) -> UUID:
        """The span's id as LangSmith's ``run.id``; all zeros on a span that has none."""
        return UUID(hex=self.span_id.zfill(32))

    @property
    def metadata(self) -> dict[str, Any]:
        """What is recorded as attributes: a live dict."""
        return self._more().metadata if self.recording else {}

    @property
    def tags(self) -> list[str]:
        """The span's tags: a live list."""
        return self._more().tags if self.recording else []

    def set_inputs(self, inputs: object) -> None:
        """Record *inputs* in place of what was recorded: a dict as it is, else ``{"input": x}``."""
        if self.recording:
            payload = inputs if isinstance(inputs, dict) else {"input": inputs}
            self._inputs = encode(payload, self._tracer.limit)

    def set_outputs(self, outputs: object) -> None:
        """Record *outputs*: a dict or a pydantic model as it is, else ``{"output": x}``.

        What a traced function returns is not recorded then.
        """
        if self.recording:
            self._outputs = encode_outputs(outputs, self._tracer.limit)
            self._more().keeps_outputs = True

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
        inputs: object = None,
        outputs: object = None,
        usage_metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Record what is given and leave the rest; metadata and tags add to what is there.

        *usage* is a :class:`~evalhub.model.Usage` or a provider's own mapping of
        token counts; *usage_metadata* is LangSmith's name for it. Session, user and metadata
        are inherited by spans opened afterwards.
        """
        if not self.recording:
            return
        details = self._more()
        details.model = model or details.model
        details.provider = provider or details.provider
        details.first_token_ns = first_token_ns or details.first_token_ns
        details.usage = to_usage(usage or usage_metadata) or details.usage
        self.session_id = session_id or self.session_id
        self.user_id = user_id or self.user_id
        if tags:
            details.tags.extend(map(str, tags))
        if metadata:
            self.add_metadata(metadata)
        if inputs is not None:
            self.set_inputs(inputs)
        if outputs is not None:
            self.set_outputs(outputs)

    def add_metadata(self, metadata: Mapping[str, Any]) -> None:
        """Add *metadata* as it is now; LangSmith's special keys fill the span's own fields."""
        if self.recording:
            self.take_metadata(snapshot(metadata, self._tracer.limit))

    def add_tags(self, tags: Iterable[str] | str) -> None:
        """Add one tag or several."""
        if self.recording:
            self._more().tags.extend([tags] if isinstance(tags, str) else map(str, tags))

    def add_event(self, name: Any, attributes: Mapping[str, Any] | None = None) -> None:
        """Record that *name* happened now; LangSmith's event dicts are taken too."""
        if self.recording:
            tracer = self._tracer
            self._more().events.extend(to_events(name, attributes, tracer.clock, tracer.limit))

    def attach(self, name: str, data: Content, mime_type: str | None = None) -> dict[str, Any]:
        """Keep *data* with the span: bytes, text, or a ``Path``, which is read now.

        Its type is found out when it is not given. What is too large or cannot be read is
        named in the span's metadata instead.

        Returns:
            What to record in a payload in place of the bytes.
        """
        return take_attachment(self, name, data, mime_type) if self.recording else {}

    def set_error(self, error: BaseException) -> None:
        """Record that the span failed with *error*; it is not raised."""
        if self.recording:
            self._error = self._tracer.describe(error)

    def end(
        self,
        *,
        outputs: object = None,
        error: str | None = None,
        end_time: Any = None,
        events: Any = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Record the outcome, as LangSmith's ``RunTree.end``; leaving the block delivers it.

        Args:
            outputs: Added to the outputs recorded so far.
            error: Text of an error.
            end_time: A ``datetime`` in place of now.
            events: As for :meth:`add_event`.
            metadata: As for :meth:`add_metadata`.
        """
        if not self.recording:
            return
        details = self._more()
        details.end_ns = self._tracer.clock() if end_time is None else to_ns(end_time)
        if outputs is not None and not details.keeps_outputs:
            self.merge_outputs(outputs)
        if error is not None:
            self._error = str(error)
        if events is not None:
            self.add_event(events)
        if metadata is not None:
            self.add_metadata(metadata)

    def merge_outputs(self, outputs: object) -> None:
        """Add *outputs* to those recorded so far, key by key."""
        payload = encode_outputs(outputs, self._tracer.limit)
        if self._outputs:
            before, added = decode(self._outputs), decode(payload)
            payload = encode({**before, **added}, self._tracer.limit)
        self._outputs = payload

    def take_metadata(self, metadata: dict[str, Any]) -> None:
        """Add *metadata*, which is in plain JSON types and that nobody will change."""
        if not (metadata and self.recording):
            return
        details = self._more()
        details.metadata.update(metadata)
        self._fill_from(metadata)
        details.model = metadata.get("ls_model_name") or details.model
        details.provider = metadata.get("ls_provider") or details.provider

    def _fill_from(self, metadata: Mapping[str, Any]) -> None:
        """Fill session, user and usage from LangSmith's keys of *metadata*."""
        if metadata.keys().isdisjoint(_FILLING_KEYS):
            return  # as nearly always; the look-ups below would be a tenth of a span's cost
        session = next((metadata[key] for key in _SESSION_KEYS if metadata.get(key)), None)
        self.session_id = str(session) if session else self.session_id
        self.user_id = str(metadata["user_id"]) if metadata.get("user_id") else self.user_id
        if "usage_metadata" in metadata:
            details = self._more()
            details.usage = to_usage(metadata["usage_metadata"]) or details.usage

    def _settle(self) -> None:
        """Take over what the program changed in the live dicts, before the span is closed."""
        details = self._details
        if details is None:
            return
        if details.face is not None:
            details.face.settle()
        if details.metadata:
            self._fill_from(details.metadata)

    def _more(self) -> Details:
        details = self._details
        if details is None:
            details = self._details = Details()
        return details


_SESSION_KEYS = ("session_id", "thread_id", "conversation_id")
"""Metadata by which LangSmith gathers traces into threads, in its order."""
_FILLING_KEYS = frozenset({*_SESSION_KEYS, "user_id", "usage_metadata"})


def encode_outputs(outputs: Any, limit: int) -> bytes:
    """Return the JSON object that records *outputs*."""
    if isinstance(outputs, dict):
        return encode(outputs, limit)
    if hasattr(type(outputs), "model_dump"):
        return encode(_dumped(outputs), limit)
    return encode({"output": outputs}, limit)


def _dumped(model: Any) -> Any:
    """Return the fields of a pydantic *model* that are not None, as LangSmith records them."""
    try:
        return model.model_dump(mode="json", exclude_none=True, warnings=False)
    except Exception:  # noqa: BLE001 - another package's model_dump, or fields without JSON
        return {"output": model}


def snapshot(metadata: Mapping[str, Any], limit: int) -> dict[str, Any]:
    """Return *metadata* as it is now, in plain JSON types."""
    plain = decode(encode(dict(metadata), limit))
    return plain if isinstance(plain, dict) else {"metadata": plain}
