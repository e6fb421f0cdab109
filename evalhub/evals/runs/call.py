"""One call of a target: what came of it, and how it is written down."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import orjson

from evalhub.evals.targets.base import TargetOutput
from evalhub.model import Usage
from evalhub.model.result import NOT_CALLED

__all__ = ["Call", "read_call", "write_call"]


@dataclass(frozen=True, slots=True)
class Call:
    """What came of one call; ``output`` is None when it raised."""

    output: TargetOutput | None
    error: str | None
    trace_id: str | None
    latency_ms: float | None
    """None where an output was made before, and its time was not kept."""
    was_made: bool = True
    """False where the target was not called, because the budget was spent."""

    @classmethod
    def not_made(cls, reason: str) -> Self:
        """Return what stands for a call that may not be made any more."""
        return cls(None, f"{NOT_CALLED}{reason}", None, 0.0, was_made=False)

    @property
    def is_done(self) -> bool:
        """Whether there is an output, so that the call need not be made again."""
        return self.output is not None


def write_call(call: Call) -> bytes:
    """Return *call* as JSON, for :func:`read_call`.

    What an output holds beside texts and numbers is written as text.
    """
    return orjson.dumps(call, default=str, option=orjson.OPT_NON_STR_KEYS)


def read_call(body: bytes) -> Call:
    """Return the call that :func:`write_call` wrote."""
    fields = orjson.loads(body)
    output = fields.pop("output")
    return Call(output=None if output is None else _output(output), **fields)


def _output(fields: Mapping[str, Any]) -> TargetOutput:
    usage = fields["usage"]
    lists = ("contexts", "retrieved_ids", "tool_calls")
    return TargetOutput(
        **{
            **fields,
            **{name: tuple(fields[name]) for name in lists},
            "usage": None if usage is None else Usage(**usage),
        }
    )
