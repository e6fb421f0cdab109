"""An exporter that keeps spans in a list, for tests and measurements."""

from evalhub.model import Batch, Delivery, Span, SpanScore

__all__ = ["MemoryExporter"]


class MemoryExporter:
    """Keeps every span in :attr:`spans` in the order in which spans ended, and every score."""

    def __init__(self, url: str = "memory:") -> None:
        self.url = url
        self.spans: list[Span] = []
        self.scores: list[SpanScore] = []
        self.delivery: Delivery | None = None
        self._known: set[tuple[str, str]] = set()

    def export(self, batch: Batch) -> None:
        """Append the spans that are not here yet, and the scores."""
        self.scores += batch.scores
        self.delivery = batch.delivery or self.delivery
        for span in batch.spans:
            key = (span.trace_id, span.span_id)
            if key not in self._known:
                self._known.add(key)
                self.spans.append(span)

    def close(self) -> None:
        """Do nothing: the spans stay readable."""
