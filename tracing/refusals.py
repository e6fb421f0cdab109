"""Find the records that an exporter refuses, in a batch that it refuses as a whole.

One span that the exporter cannot take must not hold up all others for ever. It is
given up only when others are taken, for that shows that the exporter works.
"""

from collections.abc import Callable
from typing import NamedTuple

from evalhub.model import Batch, Span, SpanScore

__all__ = ["Refusals", "find_refused"]

_TRIES_ALONE = 3
_REFUSALS = 3
"""So many records refused without one taken mean that the exporter is down."""


class Refusals(NamedTuple):
    """What was refused, and why; all else of the batch is delivered."""

    records: list[Span | SpanScore]
    reason: BaseException | None


def find_refused(
    batch: Batch, export: Callable[[Batch], BaseException | None], *, works: bool
) -> Refusals | None:
    """Deliver *batch* in halves of halves; None when the exporter seems to be down.

    Args:
        batch: What was refused as a whole.
        export: Delivers a batch and returns why it was refused.
        works: Whether the exporter has taken others meanwhile.
    """
    refused = Refusals([], None)
    parts = [batch]
    while parts:
        part = parts.pop()
        error = _refusal(part, export)
        if error is None:
            works = True
        elif len(part) > 1:
            parts += reversed(_halves(part))
        else:
            refused = Refusals([*refused.records, *part.spans, *part.scores], error)
        if not works and len(refused.records) >= _REFUSALS:
            return None
    return refused if works else None


def _refusal(part: Batch, export: Callable[[Batch], BaseException | None]) -> BaseException | None:
    """Export *part*, a record alone several times, and return why it was refused."""
    error = export(part)
    for _ in range(_TRIES_ALONE - 1):
        if error is None or len(part) > 1:
            break
        error = export(part)
    return error


def _halves(batch: Batch) -> list[Batch]:
    if batch.spans and batch.scores:
        return [Batch(batch.spans), Batch(scores=batch.scores)]
    middle = len(batch) // 2
    return [
        Batch(batch.spans[:middle], batch.scores[:middle]),
        Batch(batch.spans[middle:], batch.scores[middle:]),
    ]
