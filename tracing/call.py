"""What one decorated function records of each call, whatever kind of function it is."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from evalhub.tracing.active import ActiveSpan, encode_outputs, snapshot
from evalhub.tracing.binding import plan_inputs
from evalhub.tracing.context import CURRENT, records_here
from evalhub.tracing.encode import encode
from evalhub.tracing.extra import Extra, call_back, dress, forced_parent, needs_of, open_fully
from evalhub.tracing.process import ACTIVE, tracer_in_force

__all__ = ["CallOptions", "TracedCall", "exception_types", "processed"]

Process = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class CallOptions:
    """What was given to ``traceable``; see there."""

    kind: str = "chain"
    name: str | None = None
    metadata: Mapping[str, Any] | None = None
    tags: Iterable[str] | None = None
    project: str | None = None
    process_inputs: Process | None = None
    process_outputs: Process | None = None
    process_chunk: Process | None = None
    reduce: Callable[[list[Any]], Any] | None = None
    enabled: bool | None = None
    handled: tuple[type[BaseException], ...] = ()
    invocation_params: Process | None = None
    allows_paths: bool = False
    extra: Mapping[str, Any] | None = None


class TracedCall:
    """Opens and closes the spans of one function. No method raises an Exception."""

    __slots__ = (
        "_asks_more",
        "_bind",
        "_forced",
        "_handled",
        "_is_dressed",
        "_is_off",
        "_metadata",
        "_process_inputs",
        "_project",
        "function",
        "keeps_items",
        "kind",
        "name",
        "needs",
        "options",
        "process_chunk",
        "process_outputs",
        "reduce",
    )

    def __init__(self, function: Callable[..., Any], options: CallOptions) -> None:
        self.function = function
        self.options = options
        self.kind = str(options.kind)
        self.name = options.name or name_of(function)
        self.process_chunk = options.process_chunk
        self.process_outputs = options.process_outputs
        self.reduce = options.reduce
        self.keeps_items = self.reduce is not None or self.process_outputs is not None
        """Whether a stream's items are needed as objects when it ends."""
        self._bind = plan_inputs(function)
        self._project = options.project
        self._process_inputs = options.process_inputs
        self._forced = options.enabled is True
        self._is_off = options.enabled is False
        self._handled = tuple(options.handled)
        self._is_dressed = bool(options.metadata or options.tags)
        self._metadata: dict[str, Any] | None = None
        self.needs = needs_of(function)
        self._asks_more = bool(
            self.needs or self._is_off or options.invocation_params or options.extra
        )

    def begin(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], extra: Extra | None = None
    ) -> ActiveSpan | None:
        """Open a span and make it current; None when this call is not traced.

        *kwargs* are those of the call about to be made: a ``run_tree`` is put there.
        """
        span = self.open(args, kwargs, extra)
        if span is not None:
            span._token = CURRENT.set(span)
        return span

    def open(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], extra: Extra | None = None
    ) -> ActiveSpan | None:
        """Open a span without making it current; None when this call is not traced."""
        if extra is not None or self._asks_more:
            return open_fully(self, args, kwargs, extra or {})
        tracer = ACTIVE.tracer or tracer_in_force()
        if not (tracer.enabled or self._forced) and not (CURRENT.get() and records_here()):
            return None  # a call inside a trace that was forced is part of it all the same
        try:
            span = tracer.begin(self.name, self.kind, None, self._project)
            if span is None and self._forced:
                span = tracer.begin(
                    self.name, self.kind, None, self._project, parent=forced_parent()
                )
            if span is None or not span.recording:  # muted, or not sampled: nothing to encode
                return span
            inputs = self._bind(args, kwargs)
            if self._process_inputs is not None:
                inputs = self.processed_inputs(inputs)
            span._inputs = encode(inputs, tracer.limit)
            if self._is_dressed:
                dress(span, self, {})
        except Exception as error:  # noqa: BLE001 - our failure must not reach the program
            tracer.absorb(error)
            return None
        return span

    @property
    def is_off(self) -> bool:
        """Whether the function is never traced."""
        return self._is_off

    @property
    def is_forced(self) -> bool:
        """Whether the function is traced when tracing is off, too."""
        return self._forced

    def inputs(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments by name, as they came."""
        return self._bind(args, kwargs)

    def processed_inputs(self, inputs: dict[str, Any]) -> Any:
        """Return what is recorded of *inputs*."""
        process = self._process_inputs
        return inputs if process is None else processed(process, inputs, "process_inputs")

    def metadata(self, limit: int) -> dict[str, Any]:
        """Return the decorator's metadata as plain JSON types, made at the first call."""
        if self._metadata is None:
            self._metadata = snapshot(self.options.metadata or {}, limit)
        return self._metadata

    def finish(self, span: ActiveSpan, output: Any) -> None:
        """Close *span* with what the call returned."""
        tracer = span._tracer
        end_ns = tracer.clock()
        if not span.recording:  # the root of a trace that is not sampled
            tracer.end(span, end_ns)
            return
        try:
            if self.process_outputs is not None:
                output = processed(self.process_outputs, output, "process_outputs")
            if span._details is None and not _brings_usage(output):
                span._outputs = encode_outputs(output, tracer.limit)
            else:
                _add_result(span, output)
        except Exception as error:  # noqa: BLE001 - our failure must not reach the program
            tracer.absorb(error)
        finally:  # Ctrl-C may come in here: the span must not stay current
            self.close(span, end_ns)

    def fail(self, span: ActiveSpan, error: BaseException) -> None:
        """Close *span* with the *error* that is on its way to the caller."""
        tracer = span._tracer
        end_ns = tracer.clock()
        try:
            if not isinstance(error, self._handled):
                if span.recording:
                    span._error = tracer.describe(error)
            elif span._outputs is None:
                span._outputs = b'{"output":null}'  # as LangSmith records it
            span._settle()
        except Exception as problem:  # noqa: BLE001 - our failure must not reach the program
            tracer.absorb(problem)
        finally:
            self.close(span, end_ns)

    def reduced(self, span: ActiveSpan, items: list[Any]) -> Any:
        """Return what ``reduce_fn`` makes of a stream's *items*; themselves when it fails."""
        if self.reduce is None:
            return items
        try:
            return self.reduce(items)
        except Exception as error:  # noqa: BLE001 - the user's function may raise anything
            span._tracer.report("reduce_fn failed; the items are recorded", error)
            return items

    def close(self, span: ActiveSpan, end_ns: int) -> None:
        """End *span* as it is and tell those who asked to be told."""
        span._tracer.end(span, end_ns)
        if span._details is not None:
            call_back(span)


def exception_types(given: Any) -> tuple[type[BaseException], ...]:
    """Return the classes that ``exceptions_to_handle`` names: one or several, and nothing else."""
    several = given if isinstance(given, Iterable) else (given,)
    return tuple(kind for kind in several if isinstance(kind, type))


def name_of(function: Any) -> str:
    """Return the name under which *function* is recorded."""
    inner = getattr(function, "func", None)  # of a functools.partial
    return (
        getattr(function, "__name__", None)
        or getattr(inner, "__name__", None)
        or type(function).__name__
    )


def processed(process: Process, value: Any, what: str) -> Any:
    """Return ``process(value)``, or a note in its place: a redaction must not leak."""
    try:
        return process(value)
    except Exception as error:  # noqa: BLE001 - our failure must not reach the program
        return {"not_recorded": f"{what} raised {type(error).__name__}"}


def _brings_usage(output: Any) -> bool:
    if type(output) is dict:
        return "usage_metadata" in output
    return hasattr(type(output), "model_dump") and hasattr(output, "usage_metadata")


def _add_result(span: ActiveSpan, output: Any) -> None:
    span._settle()
    details = span._more()
    if not details.keeps_outputs:
        span.merge_outputs(output)
    usage = (
        output.get("usage_metadata")
        if isinstance(output, dict)
        else getattr(output, "usage_metadata", None)
    )
    if isinstance(usage, Mapping):
        span.set(usage=usage)
