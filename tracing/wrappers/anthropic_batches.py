"""Record the results of Anthropic's message batches, each answer as a model call of its own.

An answer is no child of the call that fetches it: it is a trace of its own, whose id
follows from the batch and the caller's ``custom_id``. So results that are fetched
twice, or by two processes, are stored and paid once.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from evalhub.errors import ModelError
from evalhub.model import SpanKind, Usage
from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.parents import no_parent
from evalhub.tracing.tracer import Tracer
from evalhub.tracing.wrappers.anthropic_answer import dump, record_message, to_message_usage
from evalhub.tracing.wrappers.anthropic_call import PlainCalls
from evalhub.tracing.wrappers.anthropic_request import Described
from evalhub.tracing.wrappers.stream import record_stream

__all__ = ["BatchResults"]

_FAILED = frozenset({"errored", "expired"})


class BatchResults(PlainCalls):
    """Records the calls that fetch the results of a batch."""

    def __init__(self, name: str, answer_name: str, described: Described) -> None:
        super().__init__(name, SpanKind.CHAIN, described)
        self._answer_name = answer_name

    def records_later(
        self, span: ActiveSpan, args: tuple[Any, ...], arguments: Mapping[str, Any], answer: Any
    ) -> bool:
        """Record the results as the caller reads them."""
        if not hasattr(type(answer), "__decode__"):
            return super().records_later(span, args, arguments, answer)
        batch_id = str(arguments.get("message_batch_id") or (args[0] if args else ""))
        results = _Results(span, batch_id, self._answer_name, self._described)
        record_stream(answer, span, results, is_async=hasattr(type(answer), "__aiter__"))
        return True


class _Results:
    """Gathers the results of one batch; the caller sees them all."""

    started = False

    def __init__(
        self, fetching: ActiveSpan, batch_id: str, name: str, described: Described
    ) -> None:
        self._tracer: Tracer = fetching._tracer
        self._project = fetching.project
        self._batch_id = batch_id
        self._name = name
        self._described = described
        self._counts: dict[str, int] = {}

    def add(self, chunk: Any) -> bool:
        """Record one result."""
        line = dump(chunk)
        result = line.get("result") or {}
        kind = str(result.get("type"))
        self._counts[kind] = self._counts.get(kind, 0) + 1
        span = self._begin(str(line.get("custom_id")))
        if span is not None:
            _record_result(span, kind, result)
            self._tracer.end(span, self._tracer.clock())
        return True

    def record(self, span: ActiveSpan) -> None:
        """Record how many results of each kind were read."""
        span.set_outputs({"results": self._counts})

    def _begin(self, custom_id: str) -> ActiveSpan | None:
        """Open the span of one answer, at the root of a trace of its own."""
        span_id = _id_of(self._batch_id, custom_id)
        around = no_parent(self._tracer)
        kind = SpanKind.LLM.value
        span = self._tracer.begin(
            self._name, kind, None, self._project, parent=around, span_id=span_id
        )
        if span is None:
            return None
        asked = {"message_batch_id": self._batch_id, "custom_id": custom_id}
        span.set_inputs(asked)
        span.set(
            provider=self._described.provider,
            metadata={"ls_provider": self._described.provider, **asked, **self._described.metadata},
            tags=self._described.tags,
        )
        return span


def _record_result(span: ActiveSpan, kind: str, result: Mapping[str, Any]) -> None:
    message = result.get("message")
    if isinstance(message, Mapping):
        record_message(span, message)
        usage = to_message_usage(message.get("usage")) or Usage()
        span.set(usage=replace(usage, tier=usage.tier or "batch"))
        return
    span.set_outputs(dict(result))
    if kind in _FAILED:
        error = (result.get("error") or {}).get("error") or {}
        reason = ": ".join(str(error[key]) for key in ("type", "message") if error.get(key))
        span.set_error(ModelError(f"the batch says {kind}" + (f", {reason}" if reason else "")))


def _id_of(batch_id: str, custom_id: str) -> str:
    """Return an id made of a hash, marked as UUID version 8: by its maker's own rules."""
    digest = hashlib.sha256(f"{batch_id}\0{custom_id}".encode("utf-8", "replace")).hexdigest()
    return f"{digest[:12]}8{digest[13:16]}8{digest[17:32]}"
