"""What only some spans have: tags, metadata, events, usage; and how children inherit it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from evalhub.model import Attachment, SpanEvent, Usage
from evalhub.tracing.encode import encode

__all__ = ["Details", "to_events", "to_ns"]


class Details:
    """What only some spans have."""

    __slots__ = (
        "attached_bytes",
        "attachments",
        "end_ns",
        "events",
        "face",
        "first_token_ns",
        "keeps_outputs",
        "late",
        "metadata",
        "model",
        "on_end",
        "passed_tags",
        "provider",
        "tags",
        "usage",
    )

    def __init__(self) -> None:
        self.first_token_ns: int | None = None
        self.model: str | None = None
        self.provider: str | None = None
        self.usage: Usage | None = None
        self.tags: list[str] = []
        self.passed_tags: tuple[str, ...] = ()
        """Tags that children begin with: those the span was opened with, as in LangSmith."""
        self.metadata: dict[str, Any] = {}
        self.events: list[SpanEvent] = []
        self.attachments: list[Attachment] = []
        self.attached_bytes = 0
        self.end_ns = 0
        """When the program said that the span ended, before it was closed."""
        self.keeps_outputs = False
        """Whether the program set the outputs, so that a return value is not recorded."""
        self.late: Callable[[Any], None] | None = None
        """Completes the span on the worker's thread, before it is recorded; must not raise."""
        self.on_end: Callable[[Any], Any] | None = None
        self.face: Any = None
        """The RunTree that shows this span, while the span is open."""

    def passed_on(self) -> "Details | None":
        """Return the details that a child begins with; None when there are none."""
        if not (self.metadata or self.passed_tags):
            return None
        child = Details()
        child.tags = list(self.passed_tags)
        child.passed_tags = self.passed_tags
        child.metadata = dict(self.metadata)
        # A child that repeated its parent's usage would be counted twice.
        child.metadata.pop("usage_metadata", None)
        return child


def to_events(
    event: Any,
    attributes: Mapping[str, Any] | None,
    clock: Callable[[], int],
    limit: int,
) -> Iterator[SpanEvent]:
    """Yield the records of *event*: a name, one of LangSmith's dicts, or several of these."""
    if isinstance(event, str):
        yield SpanEvent(event, clock(), encode(attributes, limit) if attributes else None)
    elif isinstance(event, Mapping):
        rest = {key: value for key, value in event.items() if key not in ("name", "time")}
        yield SpanEvent(
            str(event.get("name", "event")),
            _time(event.get("time"), clock),
            encode(rest, limit) if rest else None,
        )
    elif isinstance(event, Iterable):
        for one in event:
            yield from to_events(one, None, clock, limit)


def _time(given: Any, clock: Callable[[], int]) -> int:
    try:
        return to_ns(given)
    except (AttributeError, TypeError, ValueError, OverflowError):  # absent, or no time at all
        return clock()


def to_ns(moment: Any) -> int:
    """Return a ``datetime`` (without a zone: UTC) or ISO text as nanoseconds since the epoch."""
    if isinstance(moment, int):
        return moment
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1e6) * 1_000
