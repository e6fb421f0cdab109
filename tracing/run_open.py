"""How a run that a program makes by hand is opened."""

from collections.abc import Mapping
from typing import Any

from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.details import to_ns
from evalhub.tracing.parents import hex_id, no_parent, parent_span
from evalhub.tracing.process import ACTIVE, tracer_in_force
from evalhub.tracing.tracer import Tracer

__all__ = ["open_run"]


def open_run(name: Any, kind: Any, parent_run: Any, fields: Mapping[str, Any]) -> ActiveSpan:
    """Return the open span of a run; where nothing is recorded it has its ids all the same."""
    tracer = ACTIVE.tracer or tracer_in_force()
    try:
        return _open(tracer, name, str(kind or "chain"), parent_run, fields)
    except Exception as error:  # noqa: BLE001 - our failure must not reach the program
        tracer.absorb(error)
        return _unrecorded(tracer, "Unnamed", "chain", None, tracer.clock())


def _open(
    tracer: Tracer, name: Any, kind: str, parent_run: Any, fields: Mapping[str, Any]
) -> ActiveSpan:
    serialized = fields.get("serialized") or {}
    name = name or serialized.get("name") or (serialized.get("id") or ["Unnamed"])[-1]
    parent = parent_span(parent_run) or _named_parent(tracer, fields) or no_parent(tracer)
    given = fields.get("id")
    span_id = hex_id(given) if given is not None else None
    start = fields.get("start_time")
    start_ns = to_ns(start) if start is not None else tracer.clock()
    span: ActiveSpan | None = None
    if tracer.enabled or parent.span_id:
        project = fields.get("project_name") or fields.get("session_name")
        span = tracer.begin(
            str(name), kind, None, project, parent=parent, span_id=span_id, start_ns=start_ns
        )
    if span is None:
        return _unrecorded(tracer, str(name), kind, span_id, start_ns)
    _forget_tags(span)
    return span


def _named_parent(tracer: Tracer, fields: Mapping[str, Any]) -> ActiveSpan | None:
    """Return the parent that ids in *fields* name."""
    order = fields.get("parent_dotted_order") or fields.get("dotted_order")
    if order and "parent_dotted_order" not in fields:
        order = str(order).rpartition(".")[0]  # the last part is the run itself
    if order:
        return parent_span(str(order))
    parent, trace = fields.get("parent_run_id"), fields.get("trace_id")
    if parent is None:
        return None
    parent_id = hex_id(parent)
    span = tracer.remote(hex_id(trace) if trace else parent_id, parent_id)
    span.project = ""
    return span


def _forget_tags(span: ActiveSpan) -> None:
    """Let the run begin without its parent's tags: LangSmith's ``create_child`` gives it none."""
    if span._details is not None:
        span._details.tags = []
        span._details.passed_tags = ()


def _unrecorded(
    tracer: Tracer, name: str, kind: str, span_id: str | None, start_ns: int
) -> ActiveSpan:
    span = ActiveSpan(
        tracer, None, span_id or tracer.new_id(start_ns), start_ns, name, kind, None, None
    )
    span.recording = False
    return span
