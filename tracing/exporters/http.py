"""Send spans to a collector (``evalhub serve``) as JSON over HTTP.

``EVALHUB_URL=http://host:4180`` chooses it. A batch is one ``POST /v1/spans``
(wire.py says what is in it). A collector that asks for a key is given
``EVALHUB_API_KEY`` as a bearer token.
"""

import os

from evalhub.model import Batch
from evalhub.tracing.exporters.connection import Connection
from evalhub.tracing.wire import encode_batch

__all__ = ["HttpExporter"]


class HttpExporter:
    """Posts batches to a collector over one kept-alive connection."""

    def __init__(self, url: str) -> None:
        self._connection = Connection(url, hint="start it with: evalhub serve")
        self._path = f"{self._connection.path}/v1/spans"
        self._headers = {"Content-Type": "application/json"}
        key = os.environ.get("EVALHUB_API_KEY")
        if key:
            self._headers["Authorization"] = f"Bearer {key}"

    def export(self, batch: Batch) -> None:
        """Send *batch*; return once the collector has stored it.

        Raises:
            StoreUnavailableError: the collector did not answer, or asks to come later.
            StoreError: the collector refused the batch.
        """
        self._connection.post(self._path, encode_batch(batch), self._headers)

    def close(self) -> None:
        """Close the connection; the next export opens another."""
        self._connection.close()
