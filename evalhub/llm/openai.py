"""Ask any OpenAI-compatible endpoint, with retries, traced, its failures in one line.

The requests are sent without the openai package: its processor time for each (2.0 ms, or 1.4 by
its bare ``post``; 1.1 here, traced) is what many calls at a time wait for
(``benchmarks/runner.py``).
"""

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Unpack

import orjson

from evalhub._closing import Closing
from evalhub.errors import ModelError
from evalhub.http import HttpAnswer, HttpStatusError, Retries, exchange
from evalhub.llm.client import Completion, PromptSettings, given_settings
from evalhub.llm.endpoint import Endpoint
from evalhub.llm.openai_shapes import to_completion, to_fields, to_refusal
from evalhub.llm.wishes import RefusedSettingError, Wishes
from evalhub.tracing.wrappers.openai import record_chats

__all__ = ["OpenAIChat"]

_WORDS = {
    "logprobs": ("logprobs",),
    "response_format": ("response_format", "json_schema"),
    "seed": ("seed",),
    "temperature": ("temperature",),
}
"""Settings that an endpoint may lack, and how its refusal names them."""


class OpenAIChat(Closing):
    """A :class:`~evalhub.llm.client.ChatClient` for endpoints of OpenAI's protocol.

    JSON schema, seed, temperature and logprobs are wishes: some endpoints and models refuse
    them. The first refusal is logged, and the setting is left out from then on. So an
    answer must be parsed tolerantly even when a schema was given.

    Args:
        endpoint: Whom to ask.
        max_retries: Times that a request is repeated after a refused connection, a
            timeout or 5xx, with growing pauses or those that the answer asks for; after 429
            8 times at least, and all threads wait. 0 is never.
        timeout: Seconds that one attempt may take.
    """

    def __init__(self, endpoint: Endpoint, *, max_retries: int = 2, timeout: float = 120.0) -> None:
        self.endpoint = endpoint
        self._wishes = Wishes(endpoint.model, _WORDS)
        self._retries = Retries(max_retries)
        self._timeout_s = timeout
        self._url = f"{endpoint.base_url.rstrip('/')}/chat/completions"
        self._headers = {"content-type": "application/json", **_key(endpoint), **endpoint.headers}
        self._create = record_chats(self._post, endpoint.base_url)

    @property
    def model(self) -> str:
        """Name of the model that answers."""
        return self.endpoint.model

    @property
    def base_url(self) -> str:
        """Address of the endpoint."""
        return self.endpoint.base_url

    def complete(
        self, messages: Sequence[Mapping[str, Any]], **settings: Unpack[PromptSettings]
    ) -> Completion:
        """Return the answer to *messages* (dicts with ``role`` and ``content``).

        A refusal that the API reports as one is the text, with the finish reason ``refusal``.

        Raises:
            ModelUnavailableError: the endpoint refused, timed out or failed (5xx, 429),
                after retries.
            EmptyAnswerError: the answer had no text, and called no tool.
            ModelError: the request was wrong (4xx), or the answer was not one of this API.
        """
        fields = to_fields(given_settings(settings), is_openai=self.endpoint.is_openai)
        request = functools.partial(self._send, [dict(message) for message in messages])
        answer = to_completion(self._wishes.send(fields, request))
        return replace(answer, without=self._wishes.refused_of(fields))

    def close(self) -> None:
        """Let go of nothing: connections are shared, and outlive their clients."""

    def _send(self, messages: list[dict[str, Any]], settings: dict[str, Any]) -> Any:
        if "logprobs" not in settings:
            settings.pop("top_logprobs", None)
        return self._create(model=self.model, messages=messages, **settings)

    def _post(self, *, extra_body: Mapping[str, Any] | None = None, **fields: Any) -> Any:
        """Return the JSON of the answer to a request of *fields*."""
        sent = {**fields, **(extra_body or {})}
        body = _encoded(sent)
        return self._retries.run(lambda: self._answer(body, sent))

    def _answer(self, body: bytes, sent: Mapping[str, Any]) -> Any:
        answer = exchange(
            "POST",
            self._url,
            body=body,
            headers=self._headers,
            timeout_s=self._timeout_s,
            where=self._where(),
        )
        if not answer.is_success:
            raise self._refusal(answer, sent)
        try:
            return orjson.loads(answer.body)
        except orjson.JSONDecodeError:
            raise ModelError(
                f"{self._where()} gave no answer of this API: {answer.shown!r}"
            ) from None

    def _refusal(self, answer: HttpAnswer, sent: Mapping[str, Any]) -> Exception:
        status, cause = answer.status, HttpStatusError(answer)
        message, param = to_refusal(answer)
        refused = param if param in sent else self._wishes.named_in(message, sent)
        if status in {400, 422} and refused in _WORDS:
            return RefusedSettingError(refused, message)
        verb = "refused" if cause.kind is ModelError else "failed"
        error = cause.kind(f"{self._where()} {verb} with {status}: {message}{self._advice(answer)}")
        error.__cause__ = cause
        return error

    def _advice(self, answer: HttpAnswer) -> str:
        if answer.status in {401, 403}:
            sent = "" if self.endpoint.has_key else "no key was sent: "
            return f"; {sent}check OPENAI_API_KEY, or the variable that api_key_env names"
        if 300 <= answer.status < 400:
            return f"; it points to {answer.headers.get('location', 'nowhere')}: name that address"
        return "; check OPENAI_BASE_URL and EVALHUB_MODEL" if answer.status == 404 else ""

    def _where(self) -> str:
        return f"model {self.model!r} at {self.endpoint.base_url}"


def _key(endpoint: Endpoint) -> dict[str, str]:
    # A key that was read from a file ends with a line break.
    return {"authorization": f"Bearer {endpoint.api_key.strip()}"} if endpoint.has_key else {}


def _encoded(sent: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(sent)
    except TypeError:  # half an emoji, or a number beyond 64 bits
        return json.dumps(sent).encode()
