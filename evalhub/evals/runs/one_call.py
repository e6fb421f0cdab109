"""One call of a target: traced, paid for, within its time, again where a failure may pass."""

import time
from dataclasses import dataclass
from typing import NamedTuple, cast

from evalhub.errors import BudgetSpentError
from evalhub.evals.runs.budget import Cost
from evalhub.evals.runs.call import Call
from evalhub.evals.runs.hope import Hope
from evalhub.evals.runs.ledger import Ledger, Ticket, count_waits
from evalhub.evals.runs.metered import MeteredChat
from evalhub.evals.runs.pace import Limits, Pace
from evalhub.evals.runs.timeout import within
from evalhub.evals.targets.base import RecordedTarget, Target, TargetOutput
from evalhub.evals.targets.outputs import as_output
from evalhub.http.retry import pause_before_retry
from evalhub.model import Example
from evalhub.model.result import is_cut_off
from evalhub.tracing import trace

__all__ = ["CallMaker"]

_LONGEST_ERROR = 2000
"""Letters kept of an error: some quote all that they were given."""


class _Made(NamedTuple):
    """What came of a call, and where its trace is."""

    call: Call | None
    """None when the run was stopped before it."""
    trace_id: str | None
    was_late: bool = False


@dataclass(frozen=True, slots=True)
class CallMaker:
    """Makes calls of *target*; several threads share it."""

    target: Target
    limits: Limits
    pace: Pace
    ledger: Ledger
    hope: Hope

    def make(self, example: Example, repeat: int) -> Call | None:
        """Return what came of the call; None when the run was stopped before it.

        Raises:
            ModelError: no other call would get through either.
        """
        if self.ledger.reason is not None:
            return Call.not_made(self.ledger.reason)
        if isinstance(getattr(self.target, "client", None), MeteredChat):
            return self._traced(example, repeat).call  # its client pays for each request
        try:
            ticket = self.ledger.reserve(self.target.name)
        except BudgetSpentError as error:
            return Call.not_made(str(error))
        made = _Made(None, None)
        try:
            made = self._traced(example, repeat)
        finally:
            self._settle(ticket, made)
        return made.call

    def look_up(self, example: Example, repeat: int) -> Call:
        """Return an output that was made before; nothing is called, traced, timed or paid."""
        try:
            output = cast(RecordedTarget, self.target).recall(example, repeat)
        except Exception as error:  # noqa: BLE001  # it is this example's
            return Call(None, _told(error), None, None)
        return Call(output, None, output.trace_id, output.latency_ms)

    def _settle(self, ticket: Ticket, made: _Made) -> None:
        output = None if made.call is None else made.call.output
        if output is None:
            # What is still under way is not in the trace yet, and may be billed.
            least = ticket.aside if made.was_late else Cost()
            self.ledger.settle_by_trace(ticket, made.trace_id, known=least, was_answered=False)
            return
        known = Cost.of(output.usage, output.cost_usd)
        lacks_usd = self.ledger.budget.usd is not None and output.cost_usd is None
        lacks_tokens = self.ledger.budget.tokens is not None and output.usage is None
        if lacks_usd or lacks_tokens:
            self.ledger.settle_by_trace(ticket, made.trace_id, known=known)
        else:
            self.ledger.settle(ticket, known)

    def _traced(self, example: Example, repeat: int) -> _Made:
        """Call the target in a trace."""
        trace_id, output, error, was_late = None, None, None, False
        start = time.perf_counter_ns()
        took_ms = None
        try:
            metadata = {"example_id": example.id, "repeat": repeat}
            with trace(self.target.name, inputs=dict(example.inputs), metadata=metadata) as span:
                trace_id = span.trace_id or None
                tried = self._try(example, repeat)
                if tried is None:
                    return _Made(None, trace_id)
                output, took_ms = tried
                span.set_outputs(_recorded(output))
        except BudgetSpentError as spent:
            return _Made(Call.not_made(str(spent)), trace_id)
        except BaseException as raised:  # noqa: BLE001  # sys.exit() ends its example only
            self.hope.failed(raised)
            output = None
            error, was_late = _told(raised), isinstance(raised, TimeoutError)
        else:
            self.hope.went_well()
        if took_ms is None:
            took_ms = _since_ms(start)
        return _Made(Call(output, error, trace_id, took_ms), trace_id, was_late)

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
                    output = as_output(
                        within(self.limits.timeout_s, lambda: target(example.inputs))
                    )
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


def _told(error: BaseException) -> str:
    """Return *error* as a result keeps it: its kind, and what it says where it can say it."""
    kind = type(error).__name__
    try:
        said = str(error)
    except Exception:  # noqa: BLE001  # the user's class may be broken in any way
        said = ""
    said = said if len(said) <= _LONGEST_ERROR else f"{said[:_LONGEST_ERROR]}..."
    return f"{kind}: {said}" if said else kind


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
    if is_cut_off(output.finish_reason):
        shown["finish_reason"] = output.finish_reason
    return shown
