"""Ask any OpenAI-compatible endpoint, with retries, traced, its failures in one line."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from evalhub._closing import Closing
from evalhub._optional import require
from evalhub.errors import (
    ModelBusyError,
    ModelError,
    ModelUnavailableError,
)
from evalhub.llm.client import Completion
from evalhub.llm.endpoint import Endpoint
from evalhub.llm.openai_shapes import to_completion
from evalhub.llm.wishes import RefusedSettingError, Wishes
from evalhub.tracing import wrap_openai

if TYPE_CHECKING:
    import openai

__all__ = ["OpenAIChat"]

_RETRYABLE_STATUS = frozenset({408, 409, 429})  # what the openai client retries beside 5xx
_WORDS = {
    "logprobs": ("logprobs",),
    "response_format": ("response_format", "json_schema"),
    "seed": ("seed",),
    "temperature": ("temperature",),
}
"""Settings that an endpoint may lack, and how its refusal names them."""


class OpenAIChat(Closing):
    """A :class:`~evalhub.llm.client.ChatClient` over the ``openai`` package.

    JSON schema, seed, temperature and logprobs are wishes: some endpoints and models refuse
    them. The first refusal is logged, and the setting is left out from then on. So an
    answer must be parsed tolerantly even when a schema was given.

    Args:
        endpoint: Whom to ask.
        max_retries: Times that a request is repeated after a refused connection, a
            timeout, 429 or 5xx, with growing pauses.
        timeout: Seconds that one attempt may take.

    Raises:
        MissingExtraError: the ``openai`` extra is not installed.
    """

    def __init__(self, endpoint: Endpoint, *, max_retries: int = 2, timeout: float = 120.0) -> None:
        self._openai = require("openai", extra="openai")
        self.endpoint = endpoint
        self._wishes = Wishes(endpoint.model, _WORDS)
        self._client = _connect(endpoint, max_retries, timeout)

    @property
    def model(self) -> str:
        """Name of the model that answers."""
        return self.endpoint.model

    @property
    def base_url(self) -> str:
        """Address of the endpoint."""
        return self.endpoint.base_url

    def complete(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        max_tokens: int | None = None,
        temperature: float | None = None,
        seed: int | None = None,
        json_schema: Mapping[str, Any] | None = None,
        top_logprobs: int | None = None,
        top_p: float | None = None,
        stop: Sequence[str] | None = None,
        tools: Sequence[Mapping[str, Any]] | None = None,
        tool_choice: str | Mapping[str, Any] | None = None,
        extra_body: Mapping[str, Any] | None = None,
    ) -> Completion:
        """Return the answer to *messages* (dicts with ``role`` and ``content``).

        A refusal that the API reports as one is the text, with the finish reason ``refusal``.

        Raises:
            ModelUnavailableError: the endpoint refused, timed out or failed (5xx, 429),
                after retries.
            EmptyAnswerError: the answer had no text, and called no tool.
            ModelError: the request was wrong (4xx), or the answer was not one of this API.
        """
        length = "max_completion_tokens" if self.endpoint.is_openai else "max_tokens"
        wanted = {
            length: max_tokens,
            "temperature": temperature,
            "seed": seed,
            "response_format": None if json_schema is None else _response_format(json_schema),
            "logprobs": None if top_logprobs is None else True,
            "top_logprobs": top_logprobs,
            "top_p": top_p,
            "stop": None if stop is None else list(stop),
            "tools": None if tools is None else list(tools),
            "tool_choice": tool_choice,
            "extra_body": extra_body,
        }
        settings = {key: value for key, value in wanted.items() if value is not None}
        request = functools.partial(self._send, [dict(message) for message in messages])
        answer = to_completion(self._wishes.send(settings, request))
        return replace(answer, without=self._wishes.refused_of(settings))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _send(self, messages: list[dict[str, Any]], settings: dict[str, Any]) -> Any:
        openai = self._openai
        if "logprobs" not in settings:
            settings.pop("top_logprobs", None)
        create: Any = self._client.chat.completions.create
        try:
            return create(model=self.model, messages=messages, **settings)
        except openai.APIConnectionError as error:  # a timeout is one too
            raise ModelUnavailableError(f"{self._where()} does not answer: {error}") from error
        except openai.APIStatusError as error:
            raise self._status_error(error, settings) from error
        except (openai.OpenAIError, ValueError) as error:
            raise ModelError(f"{self._where()} gave no answer of this API: {error}") from error

    def _status_error(self, error: "openai.APIStatusError", sent: Mapping[str, Any]) -> Exception:
        code = error.status_code
        if code >= 500 or code in _RETRYABLE_STATUS:
            kind = ModelBusyError if code == 429 else ModelUnavailableError
            return kind(f"{self._where()} failed with {code}: {error.message}")
        refused = error.param if error.param in sent else None
        refused = refused or self._wishes.named_in(error.message, sent)
        if code in {400, 422} and refused in _WORDS:
            return RefusedSettingError(refused)
        return ModelError(
            f"{self._where()} refused with {code}: {error.message}{self._advice(code)}"
        )

    def _advice(self, code: int) -> str:
        if code in {401, 403}:
            sent = "" if self.endpoint.has_key else "no key was sent: "
            return f"; {sent}check OPENAI_API_KEY, or the variable that api_key_env names"
        return "; check OPENAI_BASE_URL and EVALHUB_MODEL" if code == 404 else ""

    def _where(self) -> str:
        return f"model {self.model!r} at {self.endpoint.base_url}"


def _connect(endpoint: Endpoint, max_retries: int, timeout: float) -> "openai.OpenAI":
    client: openai.OpenAI = require("openai", extra="openai").OpenAI(
        base_url=endpoint.base_url,
        api_key=endpoint.api_key,
        max_retries=max_retries,
        timeout=timeout,
    )
    # The package's own method makes typed models of the request and of the answer. Nothing here
    # needs them, and with many calls at a time their processor time counts (benchmarks/runner.py).
    completions: Any = client.chat.completions
    completions.create = functools.partial(_post, client)
    return wrap_openai(client)


def _post(
    client: "openai.OpenAI", *, extra_body: Mapping[str, Any] | None = None, **body: Any
) -> Any:
    """Return the JSON of the answer to a chat completion's *body*."""
    sent = {**body, **(extra_body or {})}
    return client.post("/chat/completions", body=sent, cast_to=object)


def _response_format(schema: Mapping[str, Any]) -> dict[str, Any]:
    named = {"name": "answer", "strict": True, "schema": dict(schema)}
    return {"type": "json_schema", "json_schema": named}
