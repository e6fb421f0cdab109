"""What a stream yielded, recorded item by item, within the payload's limit."""

from typing import Any

from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.call import TracedCall, processed
from evalhub.tracing.encode import cut, decode, encode

__all__ = ["StreamRecord"]


class StreamRecord:
    """Gathers the items of one traced stream and closes its span, once.

    Items are encoded as they pass, so one that is changed later is recorded as
    it was, and a long stream does not grow without bound. Only for ``reduce_fn``
    and ``process_outputs``, which want the objects, are they kept.
    """

    __slots__ = ("_call", "_is_open", "_items", "_payloads", "_size", "_span", "_waits_for_token")

    def __init__(self, call: TracedCall, span: ActiveSpan) -> None:
        self._call = call
        self._span = span
        self._is_open = True
        self._items: list[Any] = []
        self._payloads: list[bytes] = []
        self._size = 0
        self._waits_for_token = span.kind == "llm"

    def add(self, item: Any) -> None:
        """Record *item*; never raises an Exception."""
        if self._call.process_chunk is not None:
            item = processed(self._call.process_chunk, item, "process_chunk")
        if self._waits_for_token:
            self._waits_for_token = False
            self._note_token(item)
        if self._call.keeps_items:
            self._items.append(item)
            return
        limit = self._span._tracer.limit
        payload = encode(item, limit)
        if self._size <= limit:
            self._payloads.append(payload)
        self._size += len(payload) + 1

    def finish(self) -> None:
        """Close the span with what has been yielded, all of it or until it was closed."""
        if self._is_open:
            self._is_open = False
            if self._call.keeps_items:
                self._call.finish(self._span, self._reduced())
            else:
                self._close(self._recorded())

    def fail(self, error: BaseException) -> None:
        """Close the span with *error* and what was yielded before it."""
        if self._is_open:
            self._is_open = False
            if self._items or self._payloads:
                self._record_rest()
            self._call.fail(self._span, error)

    def _close(self, payload: bytes) -> None:
        span = self._span
        end_ns = span._tracer.clock()
        if span._details is None:
            span._outputs = payload
        else:
            self._merge(payload)
        self._call.close(span, end_ns)

    def _merge(self, payload: bytes) -> None:
        """Record *payload* beside what the program set on the span."""
        span = self._span
        try:
            span._settle()
            if not span._more().keeps_outputs:
                span.merge_outputs(decode(payload))
        except Exception as error:  # noqa: BLE001 - our failure must not reach the program
            span._tracer.absorb(error)

    def _record_rest(self) -> None:
        """Record the items of a stream that broke off, processed as those of a whole one."""
        if not self._call.keeps_items:
            self._merge(self._recorded())
            return
        output = self._reduced()
        process = self._call.process_outputs
        if process is not None:
            output = processed(process, output, "process_outputs")
        self._merge(encode(output if isinstance(output, dict) else {"output": output}))

    def _recorded(self) -> bytes:
        if not self._payloads:
            return b'{"output":null}'  # as LangSmith records a stream without items
        payload = b'{"output":[%b]}' % b",".join(self._payloads)
        limit = self._span._tracer.limit
        return payload if self._size <= limit else cut(payload, limit)

    def _reduced(self) -> Any:
        return self._call.reduced(self._span, self._items) if self._items else None

    def _note_token(self, item: Any) -> None:
        """Record the model's first token, as LangSmith does."""
        span = self._span
        try:
            span.set(first_token_ns=span._tracer.clock())
            # What process_outputs is to redact must not be told by an event.
            hides = self._call.process_outputs is not None and self._call.process_chunk is None
            span.add_event("new_token", {} if hides else {"kwargs": {"token": item}})
        except Exception as error:  # noqa: BLE001 - our failure must not reach the program
            span._tracer.absorb(error)
