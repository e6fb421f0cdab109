"""The models that a suite names: endpoints, and the embedded one."""

import os
from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property
from typing import Literal

from evalhub.errors import ConfigError
from evalhub.evals.runs.ledger import Ledger
from evalhub.evals.runs.metered import MeteredChat
from evalhub.evals.suites.unasked import Unasked
from evalhub.llm.anthropic import AnthropicChat
from evalhub.llm.client import PromptClient
from evalhub.llm.endpoint import Endpoint, anthropic_endpoint, resolve_endpoint
from evalhub.llm.local import LocalServer
from evalhub.llm.openai import OpenAIChat

__all__ = ["Models", "Provider"]

Provider = Literal["openai", "anthropic"]
"""Whose API an endpoint speaks; most speak OpenAI's."""

LOCAL = "local"
"""What a suite file calls the embedded model."""
_NOWHERE = "http://127.0.0.1/v1"
"""Address of the embedded model while it does not run."""


class Models:
    """Endpoints by name; the embedded model is started once, when first asked for."""

    def __init__(
        self, stack: ExitStack, ledger: Ledger | None = None, *, asks: bool = True
    ) -> None:
        """Let what *stack* closes live; *ledger* counts what is asked, and holds the budget.

        Unless *asks*, no model is started, and none can be asked.
        """
        self._stack = stack
        self._ledger = ledger
        self._asks = asks

    def chat(
        self,
        model: str | None,
        base_url: str | None,
        *,
        provider: Provider = "openai",
        api_key_env: str | None = None,
        max_retries: int = 2,
    ) -> PromptClient:
        """Return a client for *model*; None is what the environment names, or embedded.

        Args:
            model: Its name at the endpoint, or ``local``.
            base_url: Address of the endpoint; None is that of the environment.
            provider: Whose API the endpoint speaks.
            api_key_env: Variable of the environment with the key, in place of the usual one.
            max_retries: Times that the client itself repeats a request; 0 for targets, which
                the runner calls again.

        Raises:
            ConfigError: the model needs an endpoint and none is named, or a key is not set.
        """
        key = None if api_key_env is None else _key(api_key_env)
        chat: PromptClient
        if provider == "anthropic":
            chat = AnthropicChat(_anthropic(model, base_url, key), max_retries=max_retries)
        else:
            chat = OpenAIChat(self._endpoint(model, base_url, key), max_retries=max_retries)
        if not self._asks:
            chat = Unasked(chat)
        return chat if self._ledger is None else MeteredChat(chat, self._ledger)

    def _endpoint(self, model: str | None, base_url: str | None, key: str | None) -> Endpoint:
        if key is not None and model is not None and model != LOCAL:
            environ = {"OPENAI_API_KEY": key, "EVALHUB_MODEL": model}
            url = base_url or os.environ.get("OPENAI_BASE_URL")
            found = resolve_endpoint(environ | ({"OPENAI_BASE_URL": url} if url else {}))
            return found or self._embedded
        named = resolve_endpoint()
        if model == LOCAL or (model is None and named is None and base_url is None):
            return self._embedded
        if base_url is not None and model is not None:
            given = {} if named is None else {"api_key": named.api_key}
            return Endpoint(base_url=base_url, model=model, **given)
        if named is None:
            raise ConfigError(
                f"the model {model!r} needs an endpoint; set OPENAI_API_KEY or "
                "OPENAI_BASE_URL, give 'base_url', or use model: local"
            )
        return named if model is None else replace(named, model=model)

    @cached_property
    def _embedded(self) -> Endpoint:
        server = LocalServer()
        if not self._asks:
            return Endpoint(base_url=_NOWHERE, model=server.model)
        self._stack.enter_context(server)
        return Endpoint(base_url=server.base_url, model=server.model)


def _key(variable: str) -> str:
    key = os.environ.get(variable)
    if not key:
        raise ConfigError(f"the variable {variable} of 'api_key_env' is not set; export it")
    return key


def _anthropic(model: str | None, base_url: str | None, key: str | None) -> Endpoint:
    if model is None or model == LOCAL:
        raise ConfigError(f"the model is {model!r}; name one of Anthropic's")
    given = {"ANTHROPIC_API_KEY": key, "ANTHROPIC_BASE_URL": base_url}
    environ = dict(os.environ) | {name: value for name, value in given.items() if value}
    return anthropic_endpoint(model, environ)
