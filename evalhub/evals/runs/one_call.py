"""One call of a target: traced, paid for, within its time, again where a failure may pass."""

import time
from dataclasses import dataclass
from typing import cast

from evalhub.errors import BudgetSpentError, ModelError
from evalhub.evals.runs.budget import Cost
from evalhub.evals.runs.call import Call
from evalhub.evals.runs.ledger import Ledger, Ticket, count_waits
from evalhub.evals.runs.metered import MeteredChat
from evalhub.evals.runs.pace import Limits, Pace
from evalhub.evals.runs.retry import pause_before_retry, status_of
from evalhub.evals.runs.timeout import within
from evalhub.evals.targets.base import RecordedTarget, Target, TargetOutput
from evalhub.model import Example
from evalhub.tracing import trace

__all__ = ["CallMaker"]

_REFUSALS = frozenset({401, 403, 404})
"""Statuses with which a model's endpoint will refuse every other request too."""


@dataclass(frozen=True, slots=True)
class CallMaker:
    """Makes calls of *target*; several threads share it."""

    target: Target
    limits: Limits
    pace: Pace
    ledger: Ledger

    def make(self, example: Example, repeat: int) -> Call | None:
        """Return what came of the call; None when the run was stopped before it.

        Raises:
            ModelError: the endpoint would refuse every other call as well.
        """
        if self.ledger.reason is not None:
            return Call.not_made(self.ledger.reason)
        if isinstance(getattr(self.target, "client", None), MeteredChat):
            return self._traced(example, repeat)[0]  # its client pays for each request
        try:
            ticket = self.ledger.reserve(self.target.name)
        except BudgetSpentError as error:
            return Call.not_made(str(error))
        call, trace_id = None, None
        try:
            call, trace_id = self._traced(example, repeat)
        finally:
            self._settle(ticket, call, trace_id)
        return call

    def look_up(self, example: Example, repeat: int) -> Call:
        """Return an output that was made before; nothing is called, traced, timed or paid."""
        try:
            output = cast(RecordedTarget, self.target).recall(example, repeat)
        except Exception as error:  # noqa: BLE001  # it is this example's
            return Call(None, f"{type(error).__name__}: {error}", None, None)
        return Call(output, None, output.trace_id, output.latency_ms)

    def _settle(self, ticket: Ticket, call: Call | None, trace_id: str | None) -> None:
        output = None if call is None else call.output
        if output is None:
            self.ledger.settle_by_trace(ticket, trace_id, was_answered=False)
            return
        known = Cost.of(output.usage, output.cost_usd)
        lacks_usd = self.ledger.budget.usd is not None and output.cost_usd is None
        lacks_tokens = self.ledger.budget.tokens is not None and output.usage is None
        if lacks_usd or lacks_tokens:
            self.ledger.settle_by_trace(ticket, trace_id, known=known)
        else:
            self.ledger.settle(ticket, known)

    def _traced(self, example: Example, repeat: int) -> tuple[Call | None, str | None]:
        """Call the target in a trace; return what came of it, and the trace's id."""
        trace_id, output, error = None, None, None
        start = time.perf_counter_ns()
        took_ms = None
        try:
            metadata = {"example_id": example.id, "repeat": repeat}
            with trace(self.target.name, inputs=dict(example.inputs), metadata=metadata) as span:
                trace_id = span.trace_id or None
                tried = self._try(example, repeat)
                if tried is None:
                    return None, trace_id
                output, took_ms = tried
                span.set_outputs(_recorded(output))
        except BudgetSpentError as spent:
            return Call.not_made(str(spent)), trace_id
        except BaseException as raised:  # sys.exit() ends its example, not the run
            if isinstance(raised, ModelError) and status_of(raised) in _REFUSALS:
                raise
            output = None
            error = f"{type(raised).__name__}: {raised}"
        if took_ms is None:
            took_ms = _since_ms(start)
        return Call(output, error, trace_id, took_ms), trace_id

    def _try(self, example: Example, repeat: int) -> tuple[TargetOutput, float] | None:
        """Return the output and its milliseconds, of the try that went well."""
        attempt = 0
        target = _for_repeat(self.target, repeat)
        while True:
            with self.pace.turn() as started:
                if not started:
                    return None
                start, waits_s = time.perf_counter_ns(), count_waits()
                try:
                    output = within(self.limits.timeout_s, lambda: target(example.inputs))
                except Exception as error:
                    pause = pause_before_retry(error, attempt)
                    if pause is None or attempt >= self.limits.retries:
                        raise
                    if pause.is_busy:
                        self.pace.was_busy(pause.seconds)
                else:
                    took_ms = _since_ms(start) - 1e3 * sum(waits_s)
                    self.pace.went_well(_tokens(output))
                    return output, took_ms if output.latency_ms is None else output.latency_ms
            attempt += 1
            if not pause.is_busy:
                self.pace.pause(pause.seconds)


def _for_repeat(target: Target, repeat: int) -> Target:
    """Return *target* as it is called for *repeat*: one with a seed takes another each time."""
    varied = getattr(target, "for_repeat", None)
    chosen: Target = target if varied is None or repeat == 0 else varied(repeat)
    return chosen


def _since_ms(start_ns: int) -> float:
    return (time.perf_counter_ns() - start_ns) / 1e6


def _tokens(output: TargetOutput) -> int | None:
    return None if output.usage is None else Cost.of(output.usage, None).tokens


def _recorded(output: TargetOutput) -> dict[str, object]:
    """Return what the trace of a call shows."""
    shown: dict[str, object] = {"output": output.text}
    if output.retrieved_ids or output.contexts:
        shown["retrieved_ids"] = list(output.retrieved_ids)
    if output.tool_calls:
        shown["tool_calls"] = list(output.tool_calls)
    return shown
