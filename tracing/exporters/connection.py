"""One kept-alive HTTP connection to a collector, and what its answers mean."""

import gzip
import http.client
import re
import ssl
from urllib.parse import urlsplit

from evalhub.errors import StoreError, StoreUnavailableError

__all__ = ["Connection"]

TIMEOUT_S = 10.0
GZIP_ABOVE = 2_048  # bytes; below, compressing costs more than it saves on a local network
_LATER = frozenset({408, 425, 429})


class Connection:
    """Posts to one collector; opened again after a failure. Used by one thread."""

    def __init__(self, url: str, *, port: int | None = None, hint: str) -> None:
        """Make a connection to *url*, not yet open.

        Args:
            url: Where the collector is.
            port: Its port when *url* names none.
            hint: What to do when it does not answer.
        """
        parts = urlsplit(url)
        self.shown = re.sub(r"//[^/@]*@", "//***@", url)
        """The URL as it may be logged: without a password."""
        self.path = parts.path.rstrip("/")
        self._hint = hint
        self._host = parts.hostname or "127.0.0.1"
        self._port = parts.port or port
        self._is_secure = parts.scheme == "https"
        self._open: http.client.HTTPConnection | None = None

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> bytes:
        """Send *body*, compressed when it is long; return the answer of a success.

        Raises:
            StoreUnavailableError: the collector did not answer, or asks to come later
                (408, 425, 429, 5xx).
            StoreError: the collector refused it.
        """
        if len(body) > GZIP_ABOVE:
            body = gzip.compress(body, compresslevel=1)
            headers = {**headers, "Content-Encoding": "gzip"}
        status, answer, retry_after_s = self._exchange(path, body, headers)
        if status in range(200, 300):
            return answer
        shown = answer.decode("utf-8", "replace")[:200]
        problem = f"the collector at {self.shown} answered {status}: {shown}"
        if status in _LATER or status >= 500:
            raise StoreUnavailableError(problem, retry_after_s=retry_after_s)
        raise StoreError(problem)

    def close(self) -> None:
        """Close the connection; the next post opens another."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _exchange(
        self, path: str, body: bytes, headers: dict[str, str]
    ) -> tuple[int, bytes, float | None]:
        connection = self._open or self._connect()
        try:
            connection.request("POST", path, body=body, headers=headers)
            response = connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise StoreUnavailableError(
                f"the collector at {self.shown} did not answer ({error!r}); {self._hint}"
            ) from error
        return response.status, answer, _seconds(response.getheader("Retry-After"))

    def _connect(self) -> http.client.HTTPConnection:
        if self._is_secure:
            self._open = http.client.HTTPSConnection(
                self._host, self._port, timeout=TIMEOUT_S, context=ssl.create_default_context()
            )
        else:
            self._open = http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT_S)
        return self._open


def _seconds(retry_after: str | None) -> float | None:
    """Return what the header asks for in seconds; a date is not understood."""
    try:
        return None if retry_after is None else max(0.0, float(retry_after))
    except ValueError:
        return None
