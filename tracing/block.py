"""``trace``: record a block of code as a span."""

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any

from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.context import CURRENT
from evalhub.tracing.process import ACTIVE, tracer_in_force

__all__ = ["TraceBlock", "trace"]


class TraceBlock:
    """A context manager, sync and async, that holds one span; see :func:`trace`."""

    __slots__ = ("_fields", "_inputs", "_kind", "_name", "_project", "_span")

    def __init__(
        self, name: str, kind: str, inputs: object, project: str | None, fields: dict[str, Any]
    ) -> None:
        self._name = name
        self._kind = str(kind)
        self._inputs = inputs
        self._project = project
        self._fields = fields
        self._span: ActiveSpan | None = None

    def __enter__(self) -> ActiveSpan:
        tracer = ACTIVE.tracer or tracer_in_force()
        if not tracer.enabled:
            return tracer.muted
        try:
            span = tracer.begin(self._name, self._kind, None, self._project)
            if span is None:
                return tracer.muted
            if self._inputs is not None:
                span.set_inputs(self._inputs)
            if self._fields:
                span.set(**self._fields)
        except Exception as error:  # noqa: BLE001 - our failure must not reach the program
            tracer.absorb(error)
            return tracer.muted
        self._span = span
        span._token = CURRENT.set(span)
        return span

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
        # GeneratorExit: the generator that holds the block was closed, which is no error.
        if error is not None and not isinstance(error, GeneratorExit):
            span._error = tracer.describe(error)
        tracer.end(span, end_ns)

    async def __aenter__(self) -> ActiveSpan:
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
    kind: str = "chain",
    *,
    inputs: object = None,
    metadata: Mapping[str, Any] | None = None,
    tags: Iterable[str] = (),
    project: str | None = None,
    session_id: str | None = None,
    user_id: str | None = None,
) -> TraceBlock:
    """Record a block of code as a span: a context manager, sync and async.

    The span inside is an :class:`~evalhub.tracing.ActiveSpan`. When tracing is off its
    ``recording`` is False, its ids are empty and its methods do nothing. An
    exception of the block is recorded and goes on its way.

    Args:
        name: Name of the span.
        kind: See :class:`~evalhub.model.SpanKind`.
        inputs: A dict is recorded as it is, anything else as ``{"input": x}``.
        metadata: Attributes of the span.
        tags: Tags of the span.
        project: Project of the span and those below it (default: the parent's).
        session_id: Session of the span and those below it.
        user_id: User of the span and those below it.
    """
    fields = {
        key: value
        for key, value in (
            ("metadata", metadata),
            ("tags", tags),
            ("session_id", session_id),
            ("user_id", user_id),
        )
        if value
    }
    return TraceBlock(name, kind, inputs, project, fields)
