"""``trace``: record a block of code as a span."""

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.call import exception_types
from evalhub.tracing.context import CURRENT, innermost, records_here
from evalhub.tracing.encode import encode
from evalhub.tracing.parents import hex_id, parent_span
from evalhub.tracing.process import ACTIVE, tracer_in_force
from evalhub.tracing.run_tree import RunTree, attach
from evalhub.tracing.tracer import Tracer

__all__ = ["BlockSpan", "TraceBlock", "trace"]


class BlockSpan(ActiveSpan):
    """The span of a block: an ActiveSpan that also has what LangSmith's RunTree has.

    Where both have a name it means what ActiveSpan says: ``trace_id`` is text, ``set``
    adds tags. :meth:`RunTree.of` gives the run itself.
    """

    __slots__ = ()

    if not TYPE_CHECKING:  # so that a type checker still finds a misspelt name

        def __getattr__(self, name: str) -> Any:
            return getattr(RunTree.of(self), name)


@dataclass(frozen=True, slots=True)
class _Options:
    """What was given to :func:`trace`."""

    name: str
    kind: str
    inputs: object
    metadata: Mapping[str, Any] | None
    tags: Iterable[str]
    project: str | None
    session_id: str | None
    user_id: str | None
    parent: Any
    run_id: Any
    reference_example_id: Any
    handled: tuple[type[BaseException], ...]
    attachments: Mapping[str, Any] | None
    extra: Mapping[str, Any] | None


class TraceBlock:
    """A context manager, sync and async, that holds one span; see :func:`trace`."""

    __slots__ = ("_options", "_span")

    def __init__(self, options: _Options) -> None:
        self._options = options
        self._span: ActiveSpan | None = None

    def __enter__(self) -> BlockSpan:
        tracer = ACTIVE.tracer or tracer_in_force()
        span: ActiveSpan | None = None
        if tracer.enabled or records_here():
            try:
                span = _open(tracer, self._options)
            except Exception as error:  # noqa: BLE001 - our failure must not reach the program
                tracer.absorb(error)
        if span is None:
            return _unrecorded(tracer)
        self._span = span
        span._token = CURRENT.set(span)
        return _as_block(span)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        span, self._span = self._span, None
        if span is None:
            return
        tracer = span._tracer
        end_ns = tracer.clock()
        try:
            # GeneratorExit: the generator that holds the block was closed, which is no error.
            if error is not None and not isinstance(error, (GeneratorExit, *self._options.handled)):
                span._error = tracer.describe(error)
            span._settle()
        except Exception as problem:  # noqa: BLE001 - our failure must not reach the program
            tracer.absorb(problem)
        finally:  # Ctrl-C may come in here: the span must not stay current
            details = span._details
            if details is not None:
                details.face = None
                end_ns = details.end_ns if details.end_ns and error is None else end_ns
            tracer.end(span, end_ns)

    async def __aenter__(self) -> BlockSpan:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, traceback)


def trace(
    name: str,
    run_type: str = "chain",
    *,
    inputs: object = None,
    metadata: Mapping[str, Any] | None = None,
    tags: Iterable[str] | None = None,
    project: str | None = None,
    session_id: str | None = None,
    user_id: str | None = None,
    kind: str | None = None,
    project_name: str | None = None,
    parent: Any = None,
    run_id: Any = None,
    reference_example_id: Any = None,
    exceptions_to_handle: tuple[type[BaseException], ...] | None = None,
    attachments: Mapping[str, Any] | None = None,
    extra: Mapping[str, Any] | None = None,
    client: Any = None,
    address: Any = None,
    **unknown: Any,
) -> TraceBlock:
    """Record a block of code as a span: a context manager, sync and async.

    The span inside is an :class:`~evalhub.tracing.ActiveSpan` with LangSmith's methods
    too (``run.end(outputs=...)``). When tracing is off its ``recording`` is False, its ids are
    empty and its methods do nothing. An exception of the block is recorded and goes on its way.

    Args:
        name: Name of the span.
        run_type: See :class:`~evalhub.model.SpanKind`.
        inputs: A dict is recorded as it is, anything else as ``{"input": x}``.
        metadata: Attributes of the span and those below it; what surrounds it goes before.
        tags: Tags of the span and those below it.
        project: Project of a trace that begins here; a child is in its parent's.
        session_id: Session of the span and those below it.
        user_id: User of the span and those below it.
        kind: Another name of *run_type*.
        project_name: Another name of *project*.
        parent: A RunTree or ActiveSpan, request headers or a dotted order; ``"ignore"`` for
            a trace of its own (default: the span that is open).
        run_id: The span's id, a UUID.
        reference_example_id: Example of a data set that the block is run on.
        exceptions_to_handle: Exceptions that are no errors; they are raised all the same.
        attachments: By name, pairs of MIME type and bytes.
        extra: Recorded; its ``metadata`` counts as *metadata*.
        client: Accepted for LangSmith's sake: spans go where ``configure`` says.
        address: The same.
        unknown: Ignored, with a warning.
    """
    if unknown:
        warnings.warn(
            f"unknown arguments of trace are ignored: {sorted(unknown)}",
            DeprecationWarning,
            stacklevel=2,
        )
    return TraceBlock(
        _Options(
            name=name,
            kind=str(kind or run_type),
            inputs=inputs,
            metadata=metadata,
            tags=tags or (),
            project=project or project_name,
            session_id=session_id,
            user_id=user_id,
            parent=parent if parent is not None else unknown.get("run_tree"),
            run_id=run_id,
            reference_example_id=reference_example_id,
            handled=exception_types(exceptions_to_handle),
            attachments=attachments,
            extra=extra,
        )
    )


def _open(tracer: Tracer, options: _Options) -> ActiveSpan | None:
    parent = parent_span(options.parent)
    span = tracer.begin(
        options.name,
        options.kind,
        None,
        options.project,
        parent=parent,
        span_id=None if options.run_id is None else hex_id(options.run_id),
    )
    if span is None or not span.recording:
        return span
    if options.project and span.parent_id is None:
        span.project = options.project  # of a trace that begins here, whatever is around it
    _dress(span, options)
    if options.inputs is not None:
        span.set_inputs(options.inputs)
    span.session_id = options.session_id or span.session_id
    span.user_id = options.user_id or span.user_id
    for name, value in (options.attachments or {}).items():
        attach(span, name, value)
    return span


def _dress(span: ActiveSpan, options: _Options) -> None:
    """Give *span* its tags and metadata, in LangSmith's order: what surrounds it goes before."""
    noted: dict[str, Any] = dict(options.extra or {})
    noted.pop("metadata", None)
    if options.reference_example_id:
        noted["reference_example_id"] = str(options.reference_example_id)
    if noted:
        span._attributes = encode(noted, span._tracer.limit)
    if options.metadata:
        inherited = span._more().metadata
        own = {key: value for key, value in options.metadata.items() if key not in inherited}
        span.add_metadata(own)
    above = innermost() if options.parent is not None else None
    outer = above._details.passed_tags if above is not None and above._details is not None else ()
    details = span._details
    if options.tags or outer or (details is not None and details.tags):
        details = span._more()
        inherited_tags = outer if options.parent is not None else details.tags
        details.tags = sorted({*map(str, options.tags), *inherited_tags})
        details.passed_tags = tuple(details.tags)


def _as_block(span: ActiveSpan) -> BlockSpan:
    # The same object under a class with more methods: both have the same slots.
    span.__class__ = BlockSpan
    return span  # type: ignore[return-value]  # by the line above


def _unrecorded(tracer: Tracer) -> BlockSpan:
    span = BlockSpan(tracer, None, "", 0, "", "", "", None)
    span.recording = False
    return span
