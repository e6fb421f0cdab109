"""Send spans to any OpenTelemetry collector: OTLP over HTTP, with the GenAI conventions.

``EVALHUB_URL=otlp://host:4318`` chooses it (``otlp+https://`` for TLS); ``/v1/traces`` is added to
a path that does not end so. ``OTEL_EXPORTER_OTLP_HEADERS`` adds headers, such as a key. Needs
``pip install 'evalhub[otel]'``.

What OTLP has no place for: the delivery ledger is not sent, and of attachments only their names,
types, sizes and hashes.
"""

import logging
import os
from urllib.parse import unquote

from evalhub._optional import require
from evalhub.errors import ConfigError
from evalhub.model import Batch
from evalhub.tracing.exporters.connection import Connection

try:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
        ExportTraceServiceResponse,
    )

    from evalhub.tracing.exporters.otlp_spans import to_request
except ModuleNotFoundError:
    require("opentelemetry.proto.trace.v1.trace_pb2", extra="otel")
    raise

__all__ = ["OtlpExporter"]

_log = logging.getLogger("evalhub.tracing")
_PATH = "/v1/traces"
_SCHEMES = {"otlp": "http", "otlp+http": "http", "otlp+https": "https"}
_PORT = 4318


class OtlpExporter:
    """Posts batches to an OTLP collector over one kept-alive connection."""

    def __init__(self, url: str) -> None:
        scheme, _, rest = url.partition(":")
        if scheme.lower() not in _SCHEMES:
            known = ", ".join(_SCHEMES)
            raise ConfigError(f"OTLP is not spoken over {scheme!r}; use one of {known}")
        self._connection = Connection(
            f"{_SCHEMES[scheme.lower()]}:{rest}", port=_PORT, hint="is it listening there?"
        )
        path = self._connection.path
        self._path = path if path.endswith(_PATH) else f"{path}{_PATH}"
        self._headers = {**_headers(), "Content-Type": "application/x-protobuf"}
        self._has_warned = False

    def export(self, batch: Batch) -> None:
        """Send *batch*; return once the collector has taken it.

        Raises:
            StoreUnavailableError: the collector did not answer, or asks to come later.
            StoreError: the collector refused the batch.
        """
        if not (batch.spans or batch.scores):
            return
        body = to_request(batch).SerializeToString()
        self._note_rejected(self._connection.post(self._path, body, self._headers))

    def close(self) -> None:
        """Close the connection; the next export opens another."""
        self._connection.close()

    def _note_rejected(self, answer: bytes) -> None:
        """Log, once, that the collector took a part only; OTLP forbids to send the rest again."""
        try:
            partial = ExportTraceServiceResponse.FromString(answer).partial_success
        except Exception:  # noqa: BLE001 - some collectors answer with JSON or nothing
            return
        if partial.rejected_spans and not self._has_warned:
            self._has_warned = True
            _log.warning(
                "the collector at %s rejected %d spans for good: %s (logged once)",
                self._connection.shown,
                partial.rejected_spans,
                partial.error_message[:200],
            )


def _headers() -> dict[str, str]:
    """Return the headers that OpenTelemetry's variables name: ``a=1,b=2``, URL-quoted."""
    environ = os.environ
    text = environ.get("OTEL_EXPORTER_OTLP_TRACES_HEADERS") or environ.get(
        "OTEL_EXPORTER_OTLP_HEADERS", ""
    )
    pairs = (item.partition("=") for item in text.split(","))
    return {unquote(name.strip()): unquote(value.strip()) for name, found, value in pairs if found}
