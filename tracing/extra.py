"""Calls that ask for more than a plain one: ``langsmith_extra``, ``run_tree``, attachments."""

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.context import Surroundings, innermost, records_here
from evalhub.tracing.encode import encode
from evalhub.tracing.parents import hex_id, no_parent, parent_span
from evalhub.tracing.process import ACTIVE, tracer_in_force
from evalhub.tracing.run_tree import RunTree, attach
from evalhub.tracing.tracer import Tracer

if TYPE_CHECKING:
    from evalhub.tracing.call import TracedCall

__all__ = ["Extra", "Needs", "call_back", "dress", "forced_parent", "needs_of", "open_fully"]

Extra = Mapping[str, Any]
"""``langsmith_extra`` of one call."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a function needs of each call beyond the plain span."""

    run_tree: bool
    """Whether it takes its own run as the argument ``run_tree``."""
    max_args: float
    """With more arguments by position, the caller has given ``run_tree`` himself."""
    attachments: tuple[str, ...]
    """Parameters that are annotated as LangSmith's ``Attachment``."""


def needs_of(function: Callable[..., Any]) -> Needs | None:
    """Return what *function* needs by its signature; None when nothing."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return None  # a builtin without a signature
    attachments = tuple(p.name for p in parameters.values() if _is_attachment(p.annotation))
    run = parameters.get("run_tree")
    if run is None:
        return Needs(False, 0, attachments) if attachments else None
    by_position = run.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    max_args = list(parameters).index("run_tree") if by_position else math.inf
    return Needs(True, max_args, attachments)


def open_fully(
    call: "TracedCall", args: tuple[Any, ...], kwargs: dict[str, Any], extra: Extra
) -> ActiveSpan | None:
    """Open the span of a call with all that it asks for; see ``TracedCall.open``."""
    tracer = ACTIVE.tracer or tracer_in_force()
    span: ActiveSpan | None = None
    try:
        if not call.is_off and (tracer.enabled or call.is_forced or records_here()):
            inputs = call.inputs(args, kwargs)
            attachments = _take_attachments(call, inputs)
            span = _begin(call, tracer, inputs, extra)
            if span is not None and span.recording:
                _furnish(call, span, inputs, extra)
                for name, value in attachments.items():
                    attach(span, name, value, allows_paths=call.options.allows_paths)
    except Exception as error:  # noqa: BLE001 - our failure must not reach the program
        tracer.absorb(error)
    needs = call.needs
    if needs is not None and needs.run_tree and len(args) <= needs.max_args:
        kwargs["run_tree"] = None if span is None else RunTree.of(span)
    return span


def _take_attachments(call: "TracedCall", inputs: dict[str, Any]) -> dict[str, Any]:
    """Return the attachments among *inputs*, which are no inputs then."""
    names = call.needs.attachments if call.needs is not None else ()
    return {name: inputs.pop(name) for name in names if name in inputs}


def _begin(
    call: "TracedCall", tracer: Tracer, inputs: dict[str, Any], extra: Extra
) -> ActiveSpan | None:
    parent = parent_span(extra.get("parent") or extra.get("run_tree"))
    payload = encode(call.processed_inputs(inputs), tracer.limit)
    project = extra.get("project_name") or call.options.project
    name, span_id = extra.get("name") or call.name, _run_id(tracer, extra.get("run_id"))
    span = tracer.begin(name, call.kind, payload, project, parent=parent, span_id=span_id)
    if span is None and call.is_forced:
        below = forced_parent()
        span = tracer.begin(name, call.kind, payload, project, parent=below, span_id=span_id)
    if parent is not None and span is not None and span.recording:
        _inherit_context(span)
    return span


def _furnish(call: "TracedCall", span: ActiveSpan, inputs: dict[str, Any], extra: Extra) -> None:
    """Record on *span* what the call and its decorator say of it."""
    span._more().on_end = extra.get("on_end")
    _note(span, call.options.extra, extra)
    dress(span, call, extra)
    invocation = _invocation(call, span._tracer, inputs)
    if invocation:
        span.add_metadata(invocation)


def dress(span: ActiveSpan, call: "TracedCall", extra: Extra) -> None:
    """Give *span* the tags and metadata of the decorator and of this call.

    What surrounds the call goes before *extra*, and the decorator's before both: LangSmith's order.
    """
    details = span._more()
    given = extra.get("metadata")
    if given:
        inherited = details.metadata
        span.add_metadata({key: given[key] for key in given if key not in inherited})
    span.take_metadata(call.metadata(span._tracer.limit))
    details.tags = [*(extra.get("tags") or ()), *details.tags, *(call.options.tags or ())]
    details.passed_tags = tuple(map(str, details.tags))


def forced_parent() -> ActiveSpan | None:
    """Return the parent of a span that is recorded although its surroundings are not.

    Only what ``tracing_context(enabled=False)`` muted is forced; a trace that is not
    sampled stays whole.
    """
    above = innermost()
    if not isinstance(above, Surroundings):
        return None
    parent = no_parent(above._tracer)
    parent.trace_id, parent.span_id = above.trace_id, above.span_id
    parent.project = above.project
    parent.session_id, parent.user_id = above.session_id, above.user_id
    parent._details = above._details
    return parent


def call_back(span: ActiveSpan) -> None:
    """Tell the call's ``on_end`` that *span* has ended, and let go of what the program held."""
    details = span._more()
    on_end, details.on_end = details.on_end, None
    if on_end is not None:
        try:
            on_end(RunTree.of(span))
        except Exception as error:  # noqa: BLE001 - the user's function may raise anything
            span._tracer.report("on_end failed", error)
    details.face = None


def _invocation(call: "TracedCall", tracer: Tracer, inputs: dict[str, Any]) -> dict[str, Any]:
    function = call.options.invocation_params
    if function is None:
        return {}
    try:
        return {key: value for key, value in function(inputs).items() if value is not None}
    except Exception as error:  # noqa: BLE001 - the user's function may raise anything
        tracer.report("_invocation_params_fn failed", error)
        return {}


def _inherit_context(span: ActiveSpan) -> None:
    """Let *span*, whose parent was named, have the tags and metadata of its surroundings."""
    above = innermost()
    details = span._more()
    passed = None if above is None or above._details is None else above._details.passed_on()
    details.tags = [] if passed is None else passed.tags
    if passed is not None:
        details.metadata.update(passed.metadata)


def _note(span: ActiveSpan, outer: Mapping[str, Any] | None, extra: Extra) -> None:
    """Record what is neither tag nor metadata, and is not inherited."""
    noted: dict[str, Any] = {}
    if extra.get("reference_example_id"):
        noted["reference_example_id"] = str(extra["reference_example_id"])
    more = {**(outer or {}), **(extra.get("run_extra") or {})}
    more.pop("metadata", None)
    if more:
        noted["extra"] = more
    if noted:
        span._attributes = encode(noted, span._tracer.limit)


def _run_id(tracer: Tracer, given: Any) -> str | None:
    if given is None:
        return None
    try:
        return hex_id(given)
    except ValueError as error:
        tracer.report("run_id is no UUID; another one is used", error)
        return None


def _is_attachment(annotation: Any) -> bool:
    if isinstance(annotation, str):
        return annotation.rpartition(".")[2].rstrip("]) ") == "Attachment"
    if any(_is_attachment(part) for part in getattr(annotation, "__metadata__", ())):
        return True  # Annotated[..., Attachment]
    return isinstance(annotation, type) and annotation.__name__ == "Attachment"
