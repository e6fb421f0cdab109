"""Ask a moderation endpoint (``POST /v1/moderations``, as OpenAI defines it)."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evalhub._closing import Closing
from evalhub._optional import require
from evalhub.errors import MetricError, ModelBusyError, ModelError, ModelUnavailableError
from evalhub.llm.endpoint import endpoint_at

if TYPE_CHECKING:
    import openai

__all__ = ["Moderated", "ModerationClient"]

_RETRYABLE_STATUS = frozenset({408, 409, 429})  # what the openai client retries beside 5xx
_NO_KEY = "none"  # the openai client insists on a key; servers of one's own ignore it


@dataclass(frozen=True, slots=True)
class Moderated:
    """What the endpoint says of one text."""

    flagged: bool
    categories: Mapping[str, bool]
    """Whether the text is of each category, under the endpoint's names."""
    scores: Mapping[str, float]
    """How sure the endpoint is of each category, 0 to 1."""


class ModerationClient(Closing):
    """A client of the endpoint, over the ``openai`` package; close it, or use it as a block.

    ``OPENAI_API_KEY`` is sent to the environment's address, or OpenAI's, and to no other.

    Args:
        model: The moderation model.
        base_url: Address with the version; the variable ``OPENAI_BASE_URL``, or OpenAI, if None.
        max_retries: Times that a request is repeated after a refused connection, a
            timeout, 429 or 5xx, with growing pauses.
        timeout: Seconds that one attempt may take.

    Raises:
        MissingExtraError: the ``openai`` extra is not installed.
        MetricError: OpenAI is to be asked, and there is no key.
    """

    def __init__(
        self, model: str, *, base_url: str | None, max_retries: int, timeout: float
    ) -> None:
        self._model = model
        self._client: openai.OpenAI = require("openai", extra="openai").OpenAI(
            base_url=base_url,
            api_key=_key(base_url, model),
            max_retries=max_retries,
            timeout=timeout,
        )

    def ask(self, text: str) -> Moderated:
        """Return what the endpoint says of *text*.

        Raises:
            ModelUnavailableError: it refused, timed out or failed (5xx, 429), after retries.
            ModelError: the request was wrong (4xx), or the answer was not one of this API.
        """
        openai = require("openai", extra="openai")
        try:
            answer = self._client.moderations.create(model=self._model, input=text)
        except openai.APIConnectionError as error:  # a timeout is one too
            raise ModelUnavailableError(f"{self._where()} does not answer: {error}") from error
        except openai.APIStatusError as error:
            raise self._status_error(error) from error
        except (openai.OpenAIError, ValueError) as error:
            raise ModelError(f"{self._where()} gave no answer of this API: {error}") from error
        return self._read(answer)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _read(self, answer: Any) -> Moderated:
        try:
            (result,) = answer.results
            # Read without the client's own classes: other servers have other categories.
            categories = result.categories.model_dump(by_alias=True, exclude_none=True)
            scores = result.category_scores.model_dump(by_alias=True, exclude_none=True)
            return Moderated(
                bool(result.flagged),
                {name: bool(value) for name, value in categories.items()},
                {name: float(value) for name, value in scores.items()},
            )
        except (AttributeError, TypeError, ValueError) as error:
            raise ModelError(
                f"{self._where()} gave no answer of this API: {answer!r:.200}"
            ) from error

    def _status_error(self, error: "openai.APIStatusError") -> ModelError:
        code = error.status_code
        if code >= 500 or code in _RETRYABLE_STATUS:
            kind = ModelBusyError if code == 429 else ModelUnavailableError
            return kind(f"{self._where()} failed with {code}: {error.message}")
        advice = "; check OPENAI_API_KEY" if code in {401, 403} else ""
        return ModelError(f"{self._where()} refused with {code}: {error.message}{advice}")

    def _where(self) -> str:
        return f"moderation model {self._model!r} at {self._client.base_url}"


def _key(base_url: str | None, model: str) -> str:
    if base_url is not None:
        return endpoint_at(base_url, model).api_key  # the environment's, if that is its address
    key = os.environ.get("OPENAI_API_KEY")
    if not key and not os.environ.get("OPENAI_BASE_URL"):
        raise MetricError("moderation asks OpenAI; set OPENAI_API_KEY, or give 'endpoint'")
    return key or _NO_KEY
