"""What a stream yielded, recorded item by item, within the payload's limit."""

from typing import Any

from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.call import TracedCall
from evalhub.tracing.encode import cut, encode

__all__ = ["StreamRecord"]


class StreamRecord:
    """Gathers the items of one traced stream and closes its span.

    Items are encoded as they pass, so one that is changed later is recorded as
    it was, and a long stream does not grow without bound. Only for ``reduce_fn``
    and ``process_outputs``, which want the objects, are they kept.
    """

    __slots__ = ("_call", "_items", "_payloads", "_size", "_span")

    def __init__(self, call: TracedCall, span: ActiveSpan) -> None:
        self._call = call
        self._span = span
        self._items: list[Any] = []
        self._payloads: list[bytes] = []
        self._size = 0

    def add(self, item: Any) -> None:
        """Record *item*; never raises an Exception."""
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
        if not self._call.keeps_items:
            self._record_items()
            self._span._tracer.end(self._span, self._span._tracer.clock())
            return
        self._call.finish(self._span, self._reduced())

    def fail(self, error: BaseException) -> None:
        """Close the span with *error* and what was yielded before it."""
        if not self._call.keeps_items:
            self._record_items()
        self._call.fail(self._span, error)

    def _record_items(self) -> None:
        payload = b'{"output":[%b]}' % b",".join(self._payloads)
        limit = self._span._tracer.limit
        self._span._outputs = payload if self._size <= limit else cut(payload, limit)

    def _reduced(self) -> Any:
        reduce = self._call.reduce
        if reduce is None:
            return self._items
        try:
            return reduce(self._items)
        except Exception as error:  # noqa: BLE001 - the user's function may raise anything
            self._span._tracer.report("reduce_fn failed; the items are recorded", error)
            return self._items
