"""The fields of a run under LangSmith's names, read from and written to the span behind it."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.details import to_ns
from evalhub.tracing.encode import decode, encode

__all__ = ["RunFields", "attach"]


class RunFields:
    """What can be read of a run and set on it."""

    def __init__(self, span: ActiveSpan) -> None:
        self.span = span
        """The span behind the run."""
        self.child_runs: list[Any] = []
        """Runs made by ``create_child``."""
        self.ls_client: Any = None
        self._inputs: dict[str, Any] | None = None
        self._outputs: dict[str, Any] | None = None

    @property
    def id(self) -> UUID:
        """The run's id: the span's."""
        return self.span.id

    @property
    def span_id(self) -> str:
        """The run's id as 32 hexadecimal digits."""
        return self.span.span_id

    @property
    def trace_id(self) -> UUID:
        """The id of the trace, which is that of its root run."""
        return UUID(hex=self.span.trace_id.zfill(32))

    @property
    def parent_run_id(self) -> UUID | None:
        """The parent's id."""
        parent = self.span.parent_id
        return UUID(hex=parent.zfill(32)) if parent else None

    @property
    def parent_run(self) -> None:
        """Nothing: LangSmith's SDK does not set it any more either."""
        return

    @property
    def name(self) -> str:
        """The run's name."""
        return self.span.name

    @name.setter
    def name(self, name: str) -> None:
        self.span.name = name

    @property
    def run_type(self) -> str:
        """The span's kind."""
        return self.span.kind

    @run_type.setter
    def run_type(self, run_type: str) -> None:
        self.span.kind = run_type

    @property
    def session_name(self) -> str:
        """The project."""
        return self.span.project

    @session_name.setter
    def session_name(self, project: str) -> None:
        self.span.project = project

    @property
    def start_time(self) -> datetime:
        """When the run began, in UTC."""
        return _to_datetime(self.span._start_ns)

    @property
    def end_time(self) -> datetime | None:
        """When the run ended, in UTC; None while it is open."""
        details = self.span._details
        end_ns = self.span._end_ns or (0 if details is None else details.end_ns)
        return _to_datetime(end_ns) if end_ns else None

    @end_time.setter
    def end_time(self, moment: datetime) -> None:
        self.span._more().end_ns = to_ns(moment)

    @property
    def error(self) -> str | None:
        """The error's repr and traceback."""
        return self.span._error

    @error.setter
    def error(self, text: str | None) -> None:
        self.span._error = text

    @property
    def inputs(self) -> dict[str, Any]:
        """What the run was given: a live dict."""
        if self._inputs is None:
            self._inputs = _decoded(self.span._inputs)
        return self._inputs

    @inputs.setter
    def inputs(self, inputs: Mapping[str, Any] | None) -> None:
        self._inputs = _as_dict(inputs, self.span)

    @property
    def outputs(self) -> dict[str, Any]:
        """What the run gave: a live dict."""
        if self._outputs is None:
            self._outputs = _decoded(self.span._outputs)
        return self._outputs

    @outputs.setter
    def outputs(self, outputs: Mapping[str, Any] | None) -> None:
        self._outputs = _as_dict(outputs, self.span)

    @property
    def metadata(self) -> dict[str, Any]:
        """What is recorded as attributes: a live dict."""
        return self.span.metadata

    @property
    def extra(self) -> dict[str, Any]:
        """``{"metadata": ...}`` with the live metadata."""
        return {"metadata": self.span.metadata}

    @property
    def tags(self) -> list[str]:
        """The run's tags: a live list."""
        return self.span.tags

    @tags.setter
    def tags(self, tags: Iterable[str] | None) -> None:
        if self.span.recording:
            self.span._more().tags = list(map(str, tags or ()))

    @property
    def events(self) -> list[dict[str, Any]]:
        """The run's events so far, as LangSmith writes them; add others by ``add_event``."""
        details = self.span._details
        return [
            {
                "name": event.name,
                "time": _to_datetime(event.time_ns).isoformat(),
                **_decoded(event.attributes),
            }
            for event in (details.events if details is not None else ())
        ]

    def add_tags(self, tags: Iterable[str] | str) -> None:
        """Add one tag or several."""
        self.span.add_tags(tags)

    def add_metadata(self, metadata: Mapping[str, Any]) -> None:
        """Add *metadata*; what is there under the same keys is replaced."""
        self.span.add_metadata(metadata)

    def add_inputs(self, inputs: Mapping[str, Any]) -> None:
        """Add *inputs* to those there."""
        self.inputs.update(inputs)

    def add_outputs(self, outputs: Mapping[str, Any]) -> None:
        """Add *outputs* to those there."""
        self.outputs.update(outputs)

    def add_event(self, events: Any) -> None:
        """Add a message, one of LangSmith's event dicts, or several of these."""
        if isinstance(events, str):
            events = {"name": "event", "message": events}
        self.span.add_event(events)

    def set(self, **fields: Any) -> None:
        """Set ``inputs``, ``outputs``, ``tags``, ``metadata`` or ``usage_metadata``.

        Outputs that are set stay: what the traced function returns is not recorded then. Tags
        replace those there, metadata adds to them.
        """
        if not self.span.recording:
            return
        if "inputs" in fields:
            self.inputs = fields["inputs"]
        if "outputs" in fields:
            self.outputs = fields["outputs"]
            self.span._more().keeps_outputs = True
        if "tags" in fields:
            self.tags = fields["tags"]
        self.add_metadata(fields.get("metadata") or {})
        if fields.get("usage_metadata"):
            self.add_metadata({"usage_metadata": fields["usage_metadata"]})

    def end(self, *, outputs: Any = None, **fields: Any) -> None:
        """Record the outcome: ``outputs``, ``error``, ``end_time``, ``events``, ``metadata``.

        Outputs add to those there, unless these were ``set``. The run is delivered by
        ``patch()``, or when its call or block is left.
        """
        if self.span.recording:
            self.settle()
            self._outputs = None
            self.span.end(outputs=outputs, **fields)

    def settle(self) -> None:
        """Record the live inputs and outputs as they are now."""
        limit = self.span._tracer.limit
        if self._inputs is not None:
            self.span._inputs = encode(self._inputs, limit)
        if self._outputs is not None:
            self.span._outputs = encode(self._outputs, limit)

    def _take(self, fields: Mapping[str, Any]) -> None:
        """Set what a constructor was given."""
        if not self.span.recording:
            return
        for name in ("inputs", "outputs", "error", "end_time", "tags"):
            if fields.get(name) is not None:
                setattr(self, name, fields[name])
        self.add_metadata((fields.get("extra") or {}).get("metadata") or {})
        self.add_metadata(fields.get("metadata") or {})
        self.span.add_event(fields.get("events") or ())
        for name, value in (fields.get("attachments") or {}).items():
            attach(self.span, name, value)
        example = fields.get("reference_example_id")
        if example:
            self.span._attributes = encode({"reference_example_id": str(example)})
        self.ls_client = fields.get("client") or fields.get("ls_client")
        self.settle()


def attach(span: ActiveSpan, name: str, value: Any, *, allows_paths: bool = False) -> None:
    """Attach *value*, LangSmith's ``Attachment``: a pair of MIME type and bytes or path.

    A path is read only where the program allowed it: it may have come from a stranger.
    """
    try:
        mime_type, data = value
    except (TypeError, ValueError):
        mime_type, data = None, value
    if isinstance(data, Path) and not allows_paths:
        span._tracer.report("attachments by path need dangerously_allow_filesystem=True", None)
        return
    span.attach(name, data, mime_type)


def _decoded(payload: bytes | None) -> dict[str, Any]:
    value = decode(payload) if payload else {}
    return value if isinstance(value, dict) else {"value": value}


def _as_dict(given: Any, span: ActiveSpan) -> dict[str, Any]:
    return _decoded(encode(dict(given), span._tracer.limit)) if given else {}


def _to_datetime(time_ns: int) -> datetime:
    return datetime.fromtimestamp(time_ns / 1e9, UTC)
