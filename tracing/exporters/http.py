"""Send spans to a collector (``evalhub serve``) as JSON over HTTP.

``EVALHUB_URL=http://host:4180`` chooses it. A batch is one ``POST /v1/spans``
(wire.py says what is in it). A collector that asks for a key is given
``EVALHUB_API_KEY`` as a bearer token.
"""

import gzip
import http.client
import os
import re
import ssl
from urllib.parse import urlsplit

from evalhub.errors import StoreError, StoreUnavailableError
from evalhub.model import Batch
from evalhub.tracing.wire import encode_batch

__all__ = ["HttpExporter"]

TIMEOUT_S = 10.0
GZIP_ABOVE = 2_048  # bytes; below, compressing costs more than it saves on a local network


class HttpExporter:
    """Posts batches to a collector over one kept-alive connection."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._shown = re.sub(r"//[^/@]*@", "//***@", url)  # a password is for no log
        self._host = parts.hostname or "127.0.0.1"
        self._port = parts.port
        self._secure = parts.scheme == "https"
        self._path = f"{parts.path.rstrip('/')}/v1/spans"
        self._connection: http.client.HTTPConnection | None = None
        self._headers = {"Content-Type": "application/json"}
        key = os.environ.get("EVALHUB_API_KEY")
        if key:
            self._headers["Authorization"] = f"Bearer {key}"

    def export(self, batch: Batch) -> None:
        """Send *batch*; return once the collector has stored it.

        Raises:
            StoreUnavailableError: the collector did not answer, or answered 429 or 5xx.
            StoreError: the collector refused the batch.
        """
        body, headers = encode_batch(batch), dict(self._headers)
        if len(body) > GZIP_ABOVE:
            body = gzip.compress(body, compresslevel=1)
            headers["Content-Encoding"] = "gzip"
        status, answer = self._post(body, headers)
        if status in range(200, 300):
            return
        kind = StoreUnavailableError if status == 429 or status >= 500 else StoreError
        raise kind(f"the collector at {self._shown} answered {status}: {answer[:200]}")

    def _post(self, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
        connection = self._connection or self._connect()
        try:
            connection.request("POST", self._path, body=body, headers=headers)
            response = connection.getresponse()
            answer = response.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise StoreUnavailableError(
                f"the collector at {self._shown} did not answer ({error!r}); "
                "start it with: evalhub serve"
            ) from error
        return response.status, answer

    def _connect(self) -> http.client.HTTPConnection:
        if self._secure:
            self._connection = http.client.HTTPSConnection(
                self._host, self._port, timeout=TIMEOUT_S, context=ssl.create_default_context()
            )
        else:
            self._connection = http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT_S)
        return self._connection

    def close(self) -> None:
        """Close the connection; the next export opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
