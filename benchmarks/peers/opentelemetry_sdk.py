"""The OpenTelemetry SDK: its batch processor, and an exporter that only drops the spans.

So its figure holds no serialisation and no delivery: it is a lower bound.
"""

import json
from collections.abc import Sequence

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from workload import answer, measure


class Dropping(SpanExporter):
    """Succeeds without doing anything."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Drop *spans*."""
        return SpanExportResult.SUCCESS


provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(Dropping(), max_queue_size=50_000))
tracer = provider.get_tracer("benchmark")


def inner(question: str, number: int) -> dict[str, object]:
    """Answer."""
    with tracer.start_as_current_span("inner") as span:
        span.set_attribute("input.value", json.dumps({"question": question, "number": number}))
        output = answer()
        span.set_attribute("output.value", json.dumps(output))
        return output


def outer(question: str, number: int) -> dict[str, object]:
    """Ask."""
    with tracer.start_as_current_span("outer") as span:
        span.set_attribute("input.value", json.dumps({"question": question, "number": number}))
        output = inner(question, number)
        span.set_attribute("output.value", json.dumps(output))
        return output


measure(outer, provider.force_flush)
