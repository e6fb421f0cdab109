"""A model that is named and never asked, for what only looks at a suite."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from evalhub.errors import BudgetSpentError
from evalhub.evals.suites.sketch import sketch
from evalhub.llm.client import Completion, PromptClient

__all__ = ["Request", "Unasked", "listening"]


@dataclass(frozen=True, slots=True)
class Request:
    """What a model would have been asked."""

    client: "Unasked"
    messages: Sequence[Mapping[str, Any]]
    settings: Mapping[str, Any]


_heard: ContextVar[list[Request] | None] = ContextVar("_heard", default=None)


@contextmanager
def listening() -> Iterator[list[Request]]:
    """Give a list of all that is asked in the block, where answers are made up."""
    requests: list[Request] = []
    token = _heard.set(requests)
    try:
        yield requests
    finally:
        _heard.reset(token)


class Unasked:
    """Stands where *client* would ask: the same model and address, and no answer.

    Only while somebody is :func:`listening` there is one, made up, so that who asks step by
    step comes to the end of it.
    """

    def __init__(self, client: PromptClient) -> None:
        self._client = client

    @property
    def model(self) -> str:
        """Name of the model that would answer."""
        return self._client.model

    @property
    def base_url(self) -> str:
        """Address of the endpoint; empty where the client has none."""
        return str(getattr(self._client, "base_url", ""))

    def complete(self, messages: Sequence[Mapping[str, Any]], **settings: Any) -> Completion:
        """Note the request, or refuse, as where nothing may be spent.

        Raises:
            BudgetSpentError: nobody listens; a judge makes an unscored example of it.
        """
        heard = _heard.get()
        if heard is None:
            raise BudgetSpentError(f"{self.model} is not asked while a suite is only looked at")
        heard.append(Request(self, messages, settings))
        return Completion(sketch(settings.get("json_schema")), self.model, "stop", None)
