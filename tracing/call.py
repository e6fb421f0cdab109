"""What one decorated function records of each call, whatever kind of function it is."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from evalhub.tracing.active import ActiveSpan, encode_outputs
from evalhub.tracing.binding import plan_inputs
from evalhub.tracing.context import CURRENT
from evalhub.tracing.encode import encode
from evalhub.tracing.process import ACTIVE, tracer_in_force

__all__ = ["TracedCall"]


class TracedCall:
    """Opens and closes the spans of one function. No method raises an Exception."""

    __slots__ = (
        "_bind",
        "_forced",
        "_kind",
        "_metadata",
        "_name",
        "_process_inputs",
        "_project",
        "_tags",
        "keeps_items",
        "process_outputs",
        "reduce",
    )

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        kind: str,
        name: str | None,
        metadata: Mapping[str, Any] | None,
        tags: Iterable[str] | None,
        project: str | None,
        process_inputs: Callable[[dict[str, Any]], Any] | None,
        process_outputs: Callable[[Any], Any] | None,
        reduce: Callable[[list[Any]], Any] | None,
        forced: bool,
    ) -> None:
        self._bind = plan_inputs(function)
        self._kind = str(kind)
        self._name = name or getattr(function, "__name__", None) or type(function).__name__
        self._metadata = dict(metadata or {})
        self._tags = tuple(tags or ())
        self._project = project
        self._process_inputs = process_inputs
        self.process_outputs = process_outputs
        self.reduce = reduce
        self.keeps_items = reduce is not None or process_outputs is not None
        """Whether a stream's items are needed as objects when it ends."""
        self._forced = forced

    def begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> ActiveSpan | None:
        """Open a span and make it current; None when this call is not traced."""
        span = self.open(args, kwargs)
        if span is not None:
            span._token = CURRENT.set(span)
        return span

    def open(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> ActiveSpan | None:
        """Open a span without making it current; None when this call is not traced."""
        tracer = ACTIVE.tracer or tracer_in_force()
        if not (tracer.enabled or self._forced):
            return None
        try:
            inputs = self._bind(args, kwargs)
            if self._process_inputs is not None:
                inputs = _processed(self._process_inputs, inputs, "process_inputs")
            span = tracer.begin(self._name, self._kind, encode(inputs, tracer.limit), self._project)
            if span is not None and (self._metadata or self._tags):
                span.set(metadata=self._metadata, tags=self._tags)
        except Exception as error:  # noqa: BLE001 - our failure must not reach the program
            tracer.absorb(error)
            return None
        return span

    def finish(self, span: ActiveSpan, output: Any) -> None:
        """Close *span* with what the call returned."""
        tracer = span._tracer
        end_ns = tracer.clock()
        try:
            if self.process_outputs is not None:
                output = _processed(self.process_outputs, output, "process_outputs")
            span._outputs = encode_outputs(output, tracer.limit)
        except Exception as error:  # noqa: BLE001 - our failure must not reach the program
            tracer.absorb(error)
        tracer.end(span, end_ns)

    def fail(self, span: ActiveSpan, error: BaseException) -> None:
        """Close *span* with the *error* that is on its way to the caller."""
        tracer = span._tracer
        end_ns = tracer.clock()
        span._error = tracer.describe(error)
        tracer.end(span, end_ns)


def _processed(process: Callable[[Any], Any], value: Any, what: str) -> Any:
    """Return ``process(value)``, or a note in its place: a redaction must not leak."""
    try:
        return process(value)
    except Exception as error:  # noqa: BLE001 - our failure must not reach the program
        return {"not_recorded": f"{what} raised {type(error).__name__}"}
