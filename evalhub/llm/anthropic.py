"""Ask a model of Anthropic's API, with retries, traced, its failures in one line."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

from evalhub._closing import Closing
from evalhub._optional import require
from evalhub.errors import EmptyAnswerError, ModelBusyError, ModelError, ModelUnavailableError
from evalhub.llm.anthropic_shapes import to_fields, to_turn
from evalhub.llm.client import Completion, PromptSettings, given_settings
from evalhub.llm.endpoint import Endpoint
from evalhub.llm.wishes import RefusedSettingError, Wishes
from evalhub.tracing import wrap_anthropic
from evalhub.tracing.wrappers.anthropic_answer import to_message_usage

if TYPE_CHECKING:
    import anthropic
    from anthropic.types import Message

__all__ = ["AnthropicChat"]

_BUSY_STATUS = frozenset({429, 529})
_RETRYABLE_STATUS = frozenset({408, 409})  # what the anthropic client retries beside 5xx
_WORDS = {"output_config": ("output_config", "output format"), "temperature": ("temperature",)}
"""Settings that a model may lack, and how its refusal names them."""
_REASONS = {
    "end_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
}
"""Stop reasons in the words of :class:`~evalhub.llm.client.Completion`; others stay."""


class AnthropicChat(Closing):
    """A :class:`~evalhub.llm.client.ChatClient` over the ``anthropic`` package.

    JSON schema and temperature are wishes: the first refusal is logged, and the setting is
    left out from then on. Anthropic has neither a seed nor logprobs; they are not sent.

    Args:
        endpoint: Whom to ask; see :func:`~evalhub.llm.endpoint.anthropic_endpoint`.
        max_retries: Times that a request is repeated after a refused connection, a
            timeout, 429 or 5xx, with growing pauses or those that the answer asks for.
        timeout: Seconds that one attempt may take.

    Raises:
        MissingExtraError: the ``anthropic`` extra is not installed.
    """

    def __init__(self, endpoint: Endpoint, *, max_retries: int = 2, timeout: float = 120.0) -> None:
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
        self, messages: Sequence[Mapping[str, Any]], **settings: Unpack[PromptSettings]
    ) -> Completion:
        """Return the answer to *messages* (dicts with ``role`` and ``content``).

        Messages of the role ``system`` become the system prompt. Images, tools and the
        tool choice may have OpenAI's shape or Anthropic's.

        Raises:
            ModelUnavailableError: the endpoint refused, timed out or failed (5xx, 429),
                after retries.
            EmptyAnswerError: the answer had no text, and called no tool.
            ModelError: the request was wrong (4xx), or the answer was not one of this API.
        """
        system = [str(item["content"]) for item in messages if item["role"] == "system"]
        turns = [to_turn(item) for item in messages if item["role"] != "system"]
        fields = to_fields(given_settings(settings))
        if any(system):
            fields["system"] = "\n\n".join(system)
        answer = _completion(self._wishes.send(fields, functools.partial(self._send, turns)))
        return replace(answer, without=self._wishes.refused_of(fields))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _send(self, turns: list[dict[str, Any]], settings: dict[str, Any]) -> "Message":
        anthropic = require("anthropic", extra="anthropic")
        create: Any = self._client.messages.create
        # The client has no parameter for these two, which some models still take.
        unnamed = {key: settings[key] for key in ("temperature", "top_p") if key in settings}
        named = {key: value for key, value in settings.items() if key not in unnamed}
        if unnamed:
            named["extra_body"] = {**unnamed, **settings.get("extra_body", {})}
        try:
            answer: Message = create(model=self.model, messages=turns, **named)
        except anthropic.APIConnectionError as error:  # a timeout is one too
            raise ModelUnavailableError(f"{self._where()} does not answer: {error}") from error
        except anthropic.APIStatusError as error:
            raise self._status_error(error, settings) from error
        except (anthropic.AnthropicError, ValueError) as error:
            raise ModelError(f"{self._where()} gave no answer of this API: {error}") from error
        return answer

    def _status_error(
        self, error: "anthropic.APIStatusError", sent: Mapping[str, Any]
    ) -> Exception:
        code = error.status_code
        if code in _BUSY_STATUS:
            return ModelBusyError(f"{self._where()} failed with {code}: {error.message}")
        if code >= 500 or code in _RETRYABLE_STATUS:
            return ModelUnavailableError(f"{self._where()} failed with {code}: {error.message}")
        refused = self._wishes.named_in(error.message, sent)
        if code == 400 and refused is not None:
            return RefusedSettingError(refused, error.message)
        return ModelError(f"{self._where()} refused with {code}: {error.message}{_advice(code)}")

    def _where(self) -> str:
        return f"model {self.model!r} at {self.endpoint.base_url}"


def _connect(endpoint: Endpoint, max_retries: int, timeout: float) -> "anthropic.Anthropic":
    client: anthropic.Anthropic = require("anthropic", extra="anthropic").Anthropic(
        base_url=endpoint.base_url,
        api_key=endpoint.api_key,
        max_retries=max_retries,
        timeout=timeout,
    )
    return wrap_anthropic(client)


def _advice(code: int) -> str:
    if code in {401, 403}:
        return "; check ANTHROPIC_API_KEY"
    return "; check ANTHROPIC_BASE_URL and the model's name" if code == 404 else ""


def _completion(answer: "Message") -> Completion:
    # The client does not validate: a proxy's answer may be a text, or lack the fields.
    blocks = getattr(answer, "content", None)
    if not isinstance(blocks, list):
        raise ModelError(f"the endpoint answered {str(answer)[:200]!r}: no message")
    text = "".join(block.text for block in blocks if block.type == "text")
    reason = _REASONS.get(answer.stop_reason or "", answer.stop_reason)
    calls = [block for block in blocks if block.type == "tool_use"]
    if not text and not calls:
        raise EmptyAnswerError(f"model {answer.model!r} answered nothing (finish reason {reason})")
    return Completion(
        text,
        answer.model,
        reason,
        to_message_usage(answer.usage),
        tool_calls=tuple(
            {"id": call.id, "name": call.name, "arguments": call.input} for call in calls
        ),
    )
