"""Which traces are recorded: a share of all by their ids, and if wanted each with an error.

The share is decided when a trace begins, from its id alone: a trace is whole or absent, in
all processes with the same rate. With "keep errors" or "keep slow ones", the spans of the other
traces wait in memory until their root ends in this process, and are then kept or let go.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from hashlib import blake2b

from evalhub.errors import ConfigError
from evalhub.model import Span, SpanScore, SpanStatus
from evalhub.tracing.active import ActiveSpan

__all__ = ["Sampler", "Undecided", "make_sampler"]

Item = ActiveSpan | Span | SpanScore
Report = Callable[[str, BaseException | None], None]

_MAX_SPANS = 20_000
_MAX_BYTES = 50_000_000
_MAX_DECISIONS = 20_000
_SPAN_BYTES = 800


def make_sampler(
    rate: float, *, keep_errors: bool = False, keep_slower_than_s: float | None = None
) -> "Sampler | None":
    """Return the sampler for these settings; None when every trace is recorded.

    Raises:
        ConfigError: *rate* is not between 0 and 1, or the time is negative.
    """
    if not 0 <= rate <= 1:
        raise ConfigError(f"sample_rate is {rate}; use a number from 0 to 1")
    if keep_slower_than_s is not None and not keep_slower_than_s >= 0:
        raise ConfigError(f"keep_slower_than_s is {keep_slower_than_s}; use seconds from 0 on")
    if rate == 1:
        return None
    if not keep_errors and keep_slower_than_s is None:
        return Sampler(rate)
    slow_ns = None if keep_slower_than_s is None else round(keep_slower_than_s * 1e9)
    return Sampler(rate, Undecided(keep_errors=keep_errors, slow_ns=slow_ns))


class Sampler:
    """Decides about traces; *undecided* holds those about which their end decides."""

    def __init__(self, rate: float, undecided: "Undecided | None" = None) -> None:
        self._threshold = round(rate * 2**64)
        self._undecided = undecided
        self._sampled_out = 0

    @property
    def sampled_out(self) -> int:
        """Traces that were not recorded, or not kept."""
        return self._sampled_out + (self._undecided.let_go if self._undecided else 0)

    def keeps(self, trace_id: str) -> bool:
        """Say whether the trace is recorded whatever becomes of it.

        The first 8 bytes of the id's BLAKE2b digest, as a fraction, must be below the rate. So a
        trace that one rate keeps, every higher rate keeps too.
        """
        digest = blake2b(trace_id.encode("utf-8", "replace"), digest_size=8).digest()
        return int.from_bytes(digest) < self._threshold

    def opened(self, span: ActiveSpan, above: ActiveSpan | None) -> None:
        """Look at *span*, just opened below *above*; mute it when its trace is not recorded.

        A muted span is current, so that the calls below it are no roots of their own.
        """
        if span.recording is not True:
            return  # it is for the program to read, and goes nowhere
        is_root = above is None or not (above.trace_id and above.span_id)
        # What is below a span of another process was sampled there, except that only this
        # process knows of the errors in it. A stand-in has no start.
        is_local_root = is_root or (above is not None and not above._start_ns)
        if not is_local_root or (self._undecided is None and not is_root):
            return
        if self.keeps(span.trace_id):
            return
        if self._undecided is not None:
            self._undecided.open(span)
            return
        span.recording = False
        span._end_ns = 1  # it counts as ended: nothing will deliver it
        self._sampled_out += 1

    def admit(self, item: Item) -> Sequence[Item]:
        """Return what is to be delivered now that *item* has ended."""
        if self._undecided is not None:
            return (item,) if self.keeps(item.trace_id) else self._undecided.admit(item)
        # Our own spans were decided about when they began; these were made elsewhere.
        if not isinstance(item, Span) or self.keeps(item.trace_id):
            return (item,)
        self._sampled_out += item.parent_id is None
        return ()

    def start_over(self) -> None:
        """Forget what waits: in a forked child it is the parent's."""
        self._sampled_out = 0
        if self._undecided is not None:
            self._undecided.start_over()


class _Waiting:
    """The spans of one trace so far."""

    __slots__ = ("items", "root_id", "size")

    def __init__(self) -> None:
        self.root_id: str | None = None
        self.items: list[Item] = []
        self.size = 0


class Undecided:
    """Spans of traces that are kept only if one of them failed or was slow.

    It is bounded: when there are too many, the trace that began first is let go.
    """

    def __init__(
        self,
        *,
        keep_errors: bool,
        slow_ns: int | None,
        max_spans: int = _MAX_SPANS,
        max_bytes: int = _MAX_BYTES,
    ) -> None:
        self._keep_errors = keep_errors
        self._slow_ns = slow_ns
        self._max_spans = max_spans
        self._max_bytes = max_bytes
        self.start_over()

    def start_over(self) -> None:
        """Hold nothing."""
        # Reentrant: a garbage collection in here may end another span on the same thread.
        self._lock = threading.RLock()
        self._waiting: OrderedDict[str, _Waiting] = OrderedDict()
        self._decided: OrderedDict[str, bool] = OrderedDict()
        self._spans = 0
        self._bytes = 0
        self.let_go = 0
        """Traces that were not kept."""

    def open(self, span: ActiveSpan) -> None:
        """Note that *span*, the root here of a trace, has begun."""
        with self._lock:
            if span.trace_id not in self._decided:
                trace = self._waiting.setdefault(span.trace_id, _Waiting())
                trace.root_id = trace.root_id or span.span_id
                self._make_room()

    def admit(self, item: Item) -> Sequence[Item]:
        """Take *item*, which has ended, and return what is to be delivered now."""
        with self._lock:
            decision = self._decided.get(item.trace_id)
            if decision is not None:
                return (item,) if decision else ()
            if isinstance(item, SpanScore):
                return self._hold_score(item)
            trace = self._waiting.setdefault(item.trace_id, _Waiting())
            self._hold(trace, item)
            if self._is_worth_keeping(item):
                return self._decide(item.trace_id, keep=True)
            if item.parent_id is None or item.span_id == trace.root_id:
                return self._decide(item.trace_id, keep=False)
            self._make_room()
            return ()

    def _hold_score(self, score: SpanScore) -> Sequence[Item]:
        """Hold *score* while its trace waits; of a trace unknown here it is delivered."""
        trace = self._waiting.get(score.trace_id)
        if trace is None:
            return (score,)
        self._hold(trace, score)
        return ()

    def _hold(self, trace: _Waiting, item: Item) -> None:
        size = _size(item)
        trace.items.append(item)
        trace.size += size
        self._spans += 1
        self._bytes += size

    def _is_worth_keeping(self, item: ActiveSpan | Span) -> bool:
        if self._keep_errors and _failed(item):
            return True
        return self._slow_ns is not None and _duration_ns(item) >= self._slow_ns

    def _decide(self, trace_id: str, *, keep: bool) -> Sequence[Item]:
        trace = self._waiting.pop(trace_id)
        self._spans -= len(trace.items)
        self._bytes -= trace.size
        self._decided[trace_id] = keep
        while len(self._decided) > _MAX_DECISIONS:
            self._decided.popitem(last=False)
        if keep:
            return trace.items
        self.let_go += 1
        return ()

    def _make_room(self) -> None:
        while self._waiting and (
            self._spans > self._max_spans
            or self._bytes > self._max_bytes
            or len(self._waiting) > self._max_spans
        ):
            self._decide(next(iter(self._waiting)), keep=False)


def _failed(item: ActiveSpan | Span) -> bool:
    if isinstance(item, ActiveSpan):
        return item._error is not None
    return item.status == SpanStatus.ERROR.value


def _duration_ns(item: ActiveSpan | Span) -> int:
    if isinstance(item, ActiveSpan):
        return item._end_ns - item._start_ns
    return item.end_ns - item.start_ns


def _size(item: Item) -> int:
    if isinstance(item, SpanScore):
        return _SPAN_BYTES
    if isinstance(item, ActiveSpan):
        payloads, details = (item._inputs, item._outputs), item._details
        attached = 0 if details is None else details.attached_bytes
    else:
        payloads = (item.inputs, item.outputs)
        attached = sum(len(attachment.data) for attachment in item.attachments)
    return _SPAN_BYTES + attached + sum(len(payload or b"") for payload in payloads)
