"""``tracing_context``: settings for all that is traced in a block of code."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import Context, ContextVar
from typing import Any, Literal, NamedTuple

from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.context import AMBIENT, CURRENT, Surroundings, innermost
from evalhub.tracing.parents import parent_span
from evalhub.tracing.process import ACTIVE, tracer_in_force
from evalhub.tracing.run_tree import RunTree
from evalhub.tracing.tracer import Tracer

__all__ = ["Enabled", "get_tracing_context", "surroundings", "tracing_context"]

Enabled = bool | Literal["local"] | None
"""True and False as they say; ``"local"`` makes runs that are not stored; None: as it is."""


class _Given(NamedTuple):
    """What the innermost ``tracing_context`` was given, to be told again."""

    enabled: Enabled = None
    client: Any = None
    replicas: Any = None
    distributed_parent_id: str | None = None


_NOTHING = _Given()
_GIVEN: ContextVar[_Given] = ContextVar("evalhub_tracing_context", default=_NOTHING)


@contextmanager
def tracing_context(
    *,
    project_name: str | None = None,
    tags: Sequence[str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    parent: Any = None,
    enabled: Enabled = None,
    client: Any = None,
    replicas: Any = None,
    distributed_parent_id: str | None = None,
    address: Any = None,
    **unknown: Any,
) -> Iterator[None]:
    """Trace the block with these settings, as LangSmith's ``tracing_context`` does.

    Args:
        project_name: Project of traces that begin in the block.
        tags: Of all spans of the block, beside their own.
        metadata: The same; a span's decorator goes before it.
        parent: Parent of the block's spans: a RunTree or ActiveSpan, request headers, a dotted
            order; False for traces of their own (default: the span that is open).
        enabled: True records even when tracing is off, False does not record,
            ``"local"`` makes spans that are not stored; None leaves it as it is.
        client: Accepted for LangSmith's sake: spans go where ``configure`` says.
        replicas: The same.
        distributed_parent_id: The same.
        address: The same.
        unknown: Ignored, with a warning.
    """
    given = parent or unknown.pop("parent_run", None)
    if unknown:
        _warn(f"unrecognized arguments of tracing_context are ignored: {sorted(unknown)}")
    before, known = CURRENT.get(), _GIVEN.get()
    chosen = known.enabled if enabled is None else enabled
    try:
        around = _parent(False if parent is False else given)
        CURRENT.set(surroundings(around, project_name, tags, metadata, chosen))
        _GIVEN.set(_Given(chosen, client, replicas, distributed_parent_id))
    except Exception as error:  # noqa: BLE001 - our failure must not reach the program
        (ACTIVE.tracer or tracer_in_force()).absorb(error)
    try:
        yield
    finally:
        # Set, not reset: an async generator may leave the block in another context.
        CURRENT.set(before)
        _GIVEN.set(known)


def get_tracing_context(context: Context | None = None) -> dict[str, Any]:
    """Return what is in force here, as arguments for :func:`tracing_context`.

    Args:
        context: Look there instead, as after ``contextvars.copy_context()``.
    """
    if context is not None:
        return context.copy().run(get_tracing_context)
    span, given = innermost(), _GIVEN.get()
    details = None if span is None else span._details
    around = span
    while isinstance(around, Surroundings):
        around = around.around
    return {
        "parent": None if around is None or not around.trace_id else RunTree.of(around),
        "project_name": None if span is None else span.project or None,
        "address": None,
        "tags": None if details is None else list(details.passed_tags) or None,
        "metadata": None if details is None else dict(details.metadata) or None,
        "enabled": given.enabled,
        "client": given.client,
        "replicas": given.replicas,
        "distributed_parent_id": given.distributed_parent_id,
    }


def _parent(given: Any) -> ActiveSpan | None:
    """Return what the block's spans are below: *given*, or what is open here."""
    if given is False:
        return None
    found = parent_span(given) or innermost()
    while isinstance(found, Surroundings):
        found = found.around
    return found


def surroundings(
    around: ActiveSpan | None,
    project: str | None,
    tags: Sequence[str] | None,
    metadata: Mapping[str, Any] | None,
    enabled: Enabled,
) -> Surroundings:
    """Return what carries these settings to the spans of a block, *around* which a span is open."""
    tracer = ACTIVE.tracer or tracer_in_force()
    block = Surroundings(tracer, None, "", 0, "", "", None, None)
    block.around = around
    block.opened_ns = tracer.clock() if AMBIENT else 0
    block.project = project or ""
    block.recording = _recording(tracer, around, enabled)
    given = list(tags or ())
    if around is not None:
        block.trace_id, block.span_id = around.trace_id, around.span_id
        block._start_ns = around._start_ns
        block.project = around.project or block.project
        block.session_id, block.user_id = around.session_id, around.user_id
        if around._details is not None:
            # LangSmith gives the block all tags of its parent, and drops those of a block around.
            given = sorted({*given, *around._details.tags})
            block._more().metadata = dict(around._details.metadata)
    if given:
        block._more().passed_tags = tuple(map(str, given))
    if metadata:
        muted, block.recording = block.recording, True
        block.add_metadata(metadata)
        block.recording = muted
    return block


def _recording(tracer: Tracer, around: ActiveSpan | None, enabled: Enabled) -> bool | str:
    if around is not None and not around.recording:
        return False  # a trace that is not sampled stays whole
    if enabled is not None:
        return enabled
    return tracer.enabled if around is None else around.recording


def _warn(text: str) -> None:
    warnings.warn(text, DeprecationWarning, stacklevel=4)
