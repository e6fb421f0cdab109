"""Call a target for many examples at once, each call a trace."""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evalhub.evals.targets import Target, TargetOutput
from evalhub.model import Example
from evalhub.tracing import trace

__all__ = ["Call", "call_all"]


@dataclass(frozen=True, slots=True)
class Call:
    """What came of one call; ``output`` is None when it raised."""

    output: TargetOutput | None
    error: str | None
    trace_id: str | None
    latency_ms: float


def call_all(
    target: Target,
    planned: Sequence[tuple[Example, int]],
    *,
    concurrency: int,
    on_call: Callable[[int], None],
) -> list[Call]:
    """Return the calls for *planned* (example, repeat), in that order.

    *on_call* is told, in this thread, how many are done. An interrupt (Ctrl-C) stops
    new calls at once and does not wait for those on the way.
    """
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    finished: queue.SimpleQueue[tuple[int, Call]] = queue.SimpleQueue()
    for index in range(len(planned)):
        waiting.put(index)
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            try:
                index = waiting.get_nowait()
            except queue.Empty:
                return
            finished.put((index, _call(target, *planned[index])))

    # Daemon threads and not an executor: the interpreter would wait for an
    # executor's threads at exit, so that Ctrl-C hung on a slow model.
    for number in range(min(concurrency, len(planned))):
        threading.Thread(target=work, name=f"evalhub-call-{number}", daemon=True).start()
    calls: dict[int, Call] = {}
    try:
        while len(calls) < len(planned):
            index, call = finished.get()
            calls[index] = call
            on_call(len(calls))
    finally:
        stop.set()
    return [calls[index] for index in range(len(planned))]


def _call(target: Target, example: Example, repeat: int) -> Call:
    trace_id = None
    output, error = None, None
    start = time.perf_counter_ns()
    try:
        metadata = {"example_id": example.id, "repeat": repeat}
        with trace(target.name, inputs=dict(example.inputs), metadata=metadata) as span:
            trace_id = span.trace_id
            start = time.perf_counter_ns()
            output = target(example.inputs)
            span.set_outputs(_recorded(output))
    except BaseException as raised:  # noqa: BLE001  # sys.exit() ends its example, not the run
        output = None
        error = f"{type(raised).__name__}: {raised}"
    return Call(output, error, trace_id or None, (time.perf_counter_ns() - start) / 1e6)


def _recorded(output: TargetOutput) -> dict[str, object]:
    if not output.retrieved_ids and not output.contexts:
        return {"output": output.text}
    return {"output": output.text, "retrieved_ids": list(output.retrieved_ids)}
