"""The models that a suite names: endpoints, and the embedded one."""

import os
from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property

from evalhub.errors import ConfigError
from evalhub.evals.runs.ledger import Ledger
from evalhub.evals.runs.metered import MeteredChat
from evalhub.evals.suites.unasked import Unasked
from evalhub.llm.anthropic import AnthropicChat
from evalhub.llm.client import PromptClient
from evalhub.llm.endpoint import (
    Endpoint,
    Provider,
    anthropic_endpoint,
    endpoint_at,
    resolve_endpoint,
)
from evalhub.llm.local import LocalServer
from evalhub.llm.openai import OpenAIChat

__all__ = ["Models"]

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

    @property
    def asks(self) -> bool:
        """Whether models can be asked; else nothing of what they seem to say is to be kept."""
        return self._asks

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
            api_key_env: Variable of the environment with the key, in place of the usual one,
                which is only sent to the address that the environment names.
            max_retries: Times that the client itself repeats a request; 0 for targets, which
                the runner calls again.

        Raises:
            ConfigError: the model needs an endpoint and none is named, or a key is not set.
        """
        if model == LOCAL and base_url is not None:
            raise ConfigError(
                f"model: local is the embedded model, and 'base_url' is {base_url!r}; "
                "leave that out, or name the model that answers there"
            )
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
        if model == LOCAL:
            return self._embedded
        if base_url is not None:
            found: Endpoint | None = endpoint_at(base_url, _named(model, base_url))
        else:
            env = {**os.environ, **({} if model is None else {"EVALHUB_MODEL": model})}
            found = resolve_endpoint({**env, **({} if key is None else {"OPENAI_API_KEY": key})})
        if found is None and model is None:
            return self._embedded
        if found is None:
            raise ConfigError(
                f"the model {model!r} needs an endpoint; set OPENAI_API_KEY or "
                "OPENAI_BASE_URL, give 'base_url', or use model: local"
            )
        return found if key is None else replace(found, api_key=key)

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


def _named(model: str | None, base_url: str) -> str:
    found = model or os.environ.get("EVALHUB_MODEL")
    if not found:
        raise ConfigError(f"'base_url' is {base_url!r}; name its model under 'model'")
    return found


def _anthropic(model: str | None, base_url: str | None, key: str | None) -> Endpoint:
    if model is None or model == LOCAL:
        raise ConfigError(f"the model is {model!r}; name one of Anthropic's")
    if base_url is None:
        env = {**os.environ, **({} if key is None else {"ANTHROPIC_API_KEY": key})}
        return anthropic_endpoint(model, env)
    found = endpoint_at(base_url, model, provider="anthropic")
    return found if key is None else replace(found, api_key=key)
