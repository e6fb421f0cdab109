"""Any HTTP endpoint as a target: a request made of templates, an answer read by paths."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

import orjson

from evalhub.errors import ConfigError, ModelError
from evalhub.evals.targets.answer_paths import AnswerPaths
from evalhub.evals.targets.base import TargetOutput
from evalhub.evals.targets.templates import Template
from evalhub.evals.targets.tree import TreeTemplate
from evalhub.http import HttpAnswer, HttpStatusError, exchange, is_header
from evalhub.tracing import to_headers

__all__ = ["HttpTarget"]


@dataclass(frozen=True, slots=True)
class HttpTarget:
    """Sends a request for each example and reads the output from its answer.

    Args:
        name: As in reports.
        url: Where to; ``{name}`` in it is an input, percent-encoded.
        method: ``POST``, ``GET`` or another.
        headers: Sent as they are, without blanks around them; a content type takes the place
            of the usual one.
        body: A JSON value whose texts are templates, or one text. None is a JSON object of
            all inputs; a GET has none.
        answer: Where the answer holds the output.
        timeout_s: Longest that the whole request may take.

    The span that is open goes along in the headers (``traceparent``), so that a traced
    application continues it. Connections are shared by all threads and kept open.

    Raises:
        ConfigError: the address, a header, a template or a path cannot be used.
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
        _check_url(self.url)
        headers = {name: _header(name, value) for name, value in self.headers.items()}
        object.__setattr__(self, "headers", headers)
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
        if not response.is_success:
            # The status ends a run whose address can never be right; this one is the example's.
            is_its_own = response.status == 404 and bool(self._url.names)
            cause = HttpStatusError(response)
            raise self._refusal(response, cause.kind) from None if is_its_own else cause
        return self.answer.read(self._parsed(response))

    def _send(self, inputs: Mapping[str, Any]) -> HttpAnswer:
        body, kind = self._content(inputs)
        names = self._url.names & inputs.keys()
        encoded = {name: quote(str(inputs[name]), safe="") for name in names}
        return exchange(
            self.method,
            self._url.fill({**inputs, **encoded}),
            body=body,
            headers={**({} if self._names_type else kind), **self.headers, **to_headers()},
            timeout_s=self.timeout_s,
            where=self._where(),
        )

    def _content(self, inputs: Mapping[str, Any]) -> tuple[bytes | None, dict[str, str]]:
        """Return the body of the request, and the header that says what it is."""
        if self._body is None and self.method == "GET":
            return None, {}
        value = dict(inputs) if self._body is None else self._body.fill(inputs)
        if isinstance(self.body, str):
            return str(value).encode(), {"content-type": "text/plain; charset=utf-8"}
        body = orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS)
        return body, {"content-type": "application/json"}

    def _parsed(self, response: HttpAnswer) -> Any:
        """Return the answer's JSON, or its text where no path looks into it and it is no JSON."""
        is_text = self.answer.is_empty and not response.says_json
        try:
            found = _json(response)
        except ValueError as error:
            if is_text:
                return response.text
            raise ModelError(
                f"{self._where()} gave no JSON ({error}): {response.shown!r}"
            ) from None
        # Of a plain text, "42" and "[]" are texts as well as JSON.
        return response.text if is_text and not isinstance(found, str | Mapping) else found

    def _refusal(self, response: HttpAnswer, kind: type[ModelError]) -> ModelError:
        status = response.status
        said = f"{self._where()} answered {status}: {response.shown}"
        if 300 <= status < 400:
            to = response.headers.get("location", "").partition("?")[0] or "nowhere"
            return ModelError(f"{said}; it points to {to}, and 'url' should")
        advice = {401: "; check 'headers'", 403: "; check 'headers'", 404: "; check 'url'"}
        return kind(f"{said}{advice.get(status, '')}")

    @property
    def _names_type(self) -> bool:
        return any(name.lower() == "content-type" for name in self.headers)

    def _where(self) -> str:
        # Without user, password and query, which may hold a key.
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _check_url(url: str) -> None:
    shown = url.partition("?")[0]  # a key may follow
    try:
        parts = urlsplit(url)
        _ = parts.port if "{" not in parts.netloc else None
    except ValueError as error:
        raise ConfigError(f"the url is {shown!r}: {error}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"the url is {shown!r}; it must start with http:// or https://")


def _header(name: str, value: str) -> str:
    """Return *value* as it is sent; never shown, for it may be a key."""
    value = value.strip()  # a key read from a file ends with a line break
    if not is_header(value):
        raise ConfigError(
            f"the header {name!r} has a letter that headers cannot hold, such as a line break; "
            "check where its value comes from"
        )
    return value


def _json(response: HttpAnswer) -> Any:
    try:
        return orjson.loads(response.body)
    except orjson.JSONDecodeError:
        # Another charset, a byte order mark, NaN, half a surrogate pair: Python takes them.
        return json.loads(response.text)
