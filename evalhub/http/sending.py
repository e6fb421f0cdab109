"""One request over HTTP and the whole of its answer, within its time and of bearable size."""

import importlib
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from typing import TYPE_CHECKING, Any

from evalhub.errors import ModelBusyError, ModelError, ModelUnavailableError
from evalhub.http.connections import send

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

__all__ = ["HttpAnswer", "HttpStatusError", "exchange", "is_header"]

_CHUNK = 1 << 16
_LARGEST = 64 << 20
"""Bytes of an answer, unpacked, beyond which it is taken for endless."""
_SHOWN = 200
_BUSY = 429
_PASSING = frozenset({408, 409, 425})
"""Refusals that pass, beside 429 and 5xx."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What an endpoint answered."""

    status: int
    headers: Mapping[str, str]
    """Names are found in capitals or not."""
    body: bytes

    @property
    def is_success(self) -> bool:
        """Whether the endpoint did what it was asked (2xx)."""
        return 200 <= self.status < 300

    @property
    def says_json(self) -> bool:
        """Whether the endpoint calls its answer JSON."""
        return "json" in self.headers.get("content-type", "").lower()

    @property
    def text(self) -> str:
        """The body as the text that it is by its content type; UTF-8 where that says nothing.

        Raises:
            ModelError: it is no such text.
        """
        charset = self._charset
        try:
            return self.body.decode(charset)
        except (UnicodeDecodeError, LookupError):
            named = "UTF-8" if charset == "utf-8-sig" else charset
            raise ModelError(f"the answer is no text in {named}: {self.body[:40]!r}") from None

    @property
    def shown(self) -> str:
        """The beginning of the body in one line, for messages."""
        text = " ".join(self.body.decode(errors="replace").split())
        return text[:_SHOWN] or "(nothing)"

    @property
    def _charset(self) -> str:
        kind = self.headers.get("content-type", "")
        if "charset" not in kind.lower():
            return "utf-8-sig"
        message = Message()
        message["content-type"] = kind
        named = message.get_content_charset("utf-8")
        return "utf-8-sig" if named in ("utf-8", "utf8", "us-ascii") else named


class HttpStatusError(Exception):
    """An HTTP answer that is no success.

    ``status_code`` and ``response`` (with ``headers``) are there for who decides on a retry.
    """

    def __init__(self, response: HttpAnswer) -> None:
        super().__init__(f"HTTP {response.status}")
        self.status_code = response.status
        self.response = response

    @property
    def kind(self) -> type[ModelError]:
        """What it means: asking more slowly (429), or later (5xx), may help; else neither."""
        if self.status_code == _BUSY:
            return ModelBusyError
        passes = self.status_code >= 500 or self.status_code in _PASSING
        return ModelUnavailableError if passes else ModelError


def exchange(
    method: str,
    url: str,
    *,
    body: bytes | None,
    headers: Mapping[str, str],
    timeout_s: float,
    where: str,
) -> HttpAnswer:
    """Send a request and return the answer, read to its end; redirects are not followed.

    Args:
        method: ``GET``, ``POST`` or another.
        url: Where to.
        body: What is sent.
        headers: Of the request.
        timeout_s: Longest that it may take, from the connection to the answer's last byte.
        where: The address as messages may show it.

    Raises:
        ModelUnavailableError: there is no answer, it breaks off, or it is late.
        ModelError: the address cannot be used, or the answer has no end.
    """
    exceptions = _exceptions()
    end_s = time.monotonic() + timeout_s
    try:
        response = send(method, url, body=body, headers=dict(headers), timeout=timeout_s)
        found = _read(response, end_s, where)
    except (exceptions.HTTPError, TimeoutError) as error:
        raise _explained(error, where, timeout_s) from error
    except ValueError as error:  # urllib3's own for an address is one too
        raise _unsendable(error, where, headers) from None
    return HttpAnswer(response.status, response.headers, found)


def is_header(value: str) -> bool:
    """Return whether a header can hold *value*: printable Latin-1 (RFC 9110, 5.5)."""
    return value.isprintable() and all(ord(letter) <= 255 for letter in value)


def _unsendable(error: ValueError, where: str, headers: Mapping[str, str]) -> ModelError:
    for name, value in headers.items():
        if not is_header(value):
            return ModelError(  # the value may be a key
                f"the header {name!r} for {where} has a letter that headers cannot hold, such as a "
                "line break; check where its value comes from"
            )
    return ModelError(f"the address {where} cannot be used: {error}")


def _read(response: "BaseHTTPResponse", end_s: float, where: str) -> bytes:
    """Return the whole body, and give the connection back.

    Raises:
        ModelError: it has no end.
        TimeoutError: it is not there in time. A server that sends a byte now and then never
            runs into the timeout of a socket.
    """
    parts, size = [], 0
    try:
        while part := response.read1(_CHUNK):
            parts.append(part)
            size += len(part)
            if size > _LARGEST:
                raise ModelError(f"{where} answered more than {_LARGEST >> 20} MB")
            if time.monotonic() > end_s:
                raise TimeoutError
    except BaseException:
        response.close()
        raise
    response.release_conn()
    return b"".join(parts)


def _explained(error: Exception, where: str, timeout_s: float) -> ModelError:
    exceptions = _exceptions()
    causes = list(_causes(error))
    if isinstance(error, exceptions.LocationValueError):
        return ModelError(f"the address {where} cannot be used: {error}")
    if isinstance(error, exceptions.ProxyError):
        where, error = f"{where}, by the environment's proxy,", error.original_error
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return ModelError(
                f"{where} is not trusted: {cause.verify_message}; name the file of its authority "
                "in SSL_CERT_FILE"
            )
        if isinstance(cause, socket.gaierror | ConnectionError):
            reason = cause.strerror or str(cause) or type(cause).__name__
            return ModelUnavailableError(f"{where} does not answer: {reason}")
    # urllib3 counts a refused connection among the timeouts.
    if isinstance(error, TimeoutError | exceptions.TimeoutError) and not isinstance(
        error, exceptions.NewConnectionError
    ):
        return ModelUnavailableError(f"{where} does not answer within {timeout_s:g} s")
    said = str(error.args[0] if error.args else error)
    return ModelUnavailableError(f"{where} does not answer: {said}")


def _exceptions() -> Any:
    return importlib.import_module("urllib3.exceptions")  # at the first request, as urllib3 itself


def _causes(error: BaseException) -> Iterator[BaseException]:
    inner: BaseException | None = error
    while inner is not None:
        yield inner
        inner = inner.__cause__ or inner.__context__
