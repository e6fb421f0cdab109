"""Any HTTP endpoint as a target: a request made of templates, an answer read by paths."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import orjson

from evalhub._optional import require
from evalhub.errors import ConfigError, ModelBusyError, ModelError, ModelUnavailableError
from evalhub.evals.targets.answer_paths import AnswerPaths
from evalhub.evals.targets.base import TargetOutput
from evalhub.evals.targets.templates import Template
from evalhub.evals.targets.tree import TreeTemplate
from evalhub.tracing import to_headers

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

__all__ = ["HttpStatusError", "HttpTarget"]

_CONNECTIONS = 256
"""Kept open to one host: at least as many as there are calls at a time."""
_PASSING = frozenset({408, 409, 425})
_SHOWN = 200


class HttpStatusError(Exception):
    """An HTTP answer that is no success.

    ``status_code`` and ``response`` (with ``headers``) are there for who decides on a retry.
    """

    def __init__(self, response: "BaseHTTPResponse") -> None:
        super().__init__(f"HTTP {response.status}")
        self.status_code = response.status
        self.response = response


@dataclass(frozen=True, slots=True)
class HttpTarget:
    """Sends a request for each example and reads the output from its answer.

    Args:
        name: As in reports.
        url: Where to; ``{name}`` in it is an input, percent-encoded.
        method: ``POST``, ``GET`` or another.
        headers: Sent as they are; a content type takes the place of the usual one.
        body: A JSON value whose texts are templates, or one text. None is a JSON object of
            all inputs; a GET has none.
        answer: Where the answer holds the output.
        timeout_s: Longest wait for the connection, and for each part of the answer.

    The span that is open goes along in the headers (``traceparent``), so that a traced
    application continues it. Connections are shared by all threads and kept open.

    Raises:
        ConfigError: the address, a template or a path cannot be used.
        MissingExtraError: the ``targets`` extra is not installed.
    """

    name: str
    url: str
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Any = None
    answer: AnswerPaths = field(default_factory=AnswerPaths)
    timeout_s: float = 60.0
    placeholders: frozenset[str] = field(init=False)
    """Inputs that the request needs."""
    _url: Template = field(init=False, repr=False)
    _body: TreeTemplate | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            shown = self.url.partition("?")[0]  # a key may follow
            raise ConfigError(f"the url is {shown!r}; it must start with http:// or https://")
        _pool()  # says at once which package is missing
        url, body = Template(self.url), None if self.body is None else TreeTemplate(self.body)
        object.__setattr__(self, "_url", url)
        object.__setattr__(self, "_body", body)
        needed = url.names | (body.names if body is not None else frozenset())
        object.__setattr__(self, "placeholders", needed)

    def __call__(self, inputs: Mapping[str, Any]) -> TargetOutput:
        """Send *inputs* and return what came back.

        Raises:
            ConfigError: an input is missing.
            ModelUnavailableError: the endpoint does not answer in time, or fails (5xx, 429).
            ModelError: it refuses (4xx), or the answer does not hold what it should.
        """
        response = self._send(inputs)
        if not 200 <= response.status < 300:
            # The status ends a run whose address can never be right; this one is the example's.
            is_its_own = response.status == 404 and bool(self._url.names)
            cause = None if is_its_own else HttpStatusError(response)
            raise self._refusal(response) from cause
        return self.answer.read(self._parsed(response))

    def _send(self, inputs: Mapping[str, Any]) -> "BaseHTTPResponse":
        exceptions = require("urllib3.exceptions", extra="targets")
        body, kind = self._content(inputs)
        headers = {**({} if self._names_type else kind), **self.headers, **to_headers()}
        names = self._url.names & inputs.keys()
        encoded = {name: quote(str(inputs[name]), safe="") for name in names}
        url = self._url.fill({**inputs, **encoded})
        try:
            return _pool().request(
                self.method,
                url,
                body=body,
                headers=headers,
                timeout=self.timeout_s,
                redirect=False,  # the headers may hold a key, which is for this host
            )
        except exceptions.HTTPError as error:
            # urllib3 counts a refused connection among the timeouts.
            is_late = isinstance(error, exceptions.TimeoutError)
            is_late = is_late and not isinstance(error, exceptions.NewConnectionError)
            why = f" within {self.timeout_s:g} s" if is_late else f": {_reason(error)}"
            raise ModelUnavailableError(f"{self._where()} does not answer{why}") from error

    def _content(self, inputs: Mapping[str, Any]) -> tuple[bytes | None, dict[str, str]]:
        """Return the body of the request, and the header that says what it is."""
        if self._body is None and self.method == "GET":
            return None, {}
        value = dict(inputs) if self._body is None else self._body.fill(inputs)
        if isinstance(self.body, str):
            return str(value).encode(), {"content-type": "text/plain; charset=utf-8"}
        body = orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS)
        return body, {"content-type": "application/json"}

    def _parsed(self, response: "BaseHTTPResponse") -> Any:
        try:
            return orjson.loads(response.data)
        except orjson.JSONDecodeError as error:
            if self.answer.is_empty:
                return response.data.decode(errors="replace")
            shown = _text(response)
            raise ModelError(f"{self._where()} gave no JSON ({error.msg}): {shown!r}") from None

    def _refusal(self, response: "BaseHTTPResponse") -> ModelError:
        status = response.status
        said = f"{self._where()} answered {status}: {_text(response)}"
        if status == 429:
            return ModelBusyError(said)
        if status >= 500 or status in _PASSING:
            return ModelUnavailableError(said)
        advice = {401: "; check 'headers'", 403: "; check 'headers'", 404: "; check 'url'"}
        return ModelError(f"{said}{advice.get(status, '')}")

    @property
    def _names_type(self) -> bool:
        return any(name.lower() == "content-type" for name in self.headers)

    def _where(self) -> str:
        # Without user, password and query, which may hold a key.
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


@cache
def _pool() -> "PoolManager":
    """Return the connections that all targets share.

    urllib3 takes 0.27 ms of CPU a call, httpx2 0.42 ms and requests 0.67 ms (32 threads,
    50 ms of latency).
    """
    urllib3 = require("urllib3", extra="targets")
    pool: PoolManager = urllib3.PoolManager(maxsize=_CONNECTIONS, retries=False)
    return pool


def _text(response: "BaseHTTPResponse") -> str:
    text = " ".join(response.data.decode(errors="replace").split())
    return text[:_SHOWN] or "(nothing)"


def _reason(error: Exception) -> str:
    """Return why no connection came about, without addresses of objects."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, socket.gaierror | ConnectionError):
            return inner.strerror or str(inner) or type(inner).__name__
        inner = inner.__cause__ or inner.__context__
    return str(error).rpartition(": ")[2]
