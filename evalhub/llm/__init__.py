"""How evalhub itself asks language models, and the models it brings along."""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evalhub.llm.anthropic import AnthropicChat
    from evalhub.llm.client import ChatClient, Completion, PromptClient
    from evalhub.llm.endpoint import Endpoint, anthropic_endpoint, open_endpoint, resolve_endpoint
    from evalhub.llm.local import LocalServer
    from evalhub.llm.models import CATALOG, ModelSpec, find, pull
    from evalhub.llm.openai import OpenAIChat

__all__ = [
    "CATALOG",
    "AnthropicChat",
    "ChatClient",
    "Completion",
    "Endpoint",
    "LocalServer",
    "ModelSpec",
    "OpenAIChat",
    "PromptClient",
    "anthropic_endpoint",
    "find",
    "open_endpoint",
    "pull",
    "resolve_endpoint",
]

_HOMES = {
    "AnthropicChat": "evalhub.llm.anthropic",
    "CATALOG": "evalhub.llm.models",
    "ChatClient": "evalhub.llm.client",
    "Completion": "evalhub.llm.client",
    "Endpoint": "evalhub.llm.endpoint",
    "LocalServer": "evalhub.llm.local",
    "ModelSpec": "evalhub.llm.models",
    "OpenAIChat": "evalhub.llm.openai",
    "PromptClient": "evalhub.llm.client",
    "anthropic_endpoint": "evalhub.llm.endpoint",
    "find": "evalhub.llm.models",
    "open_endpoint": "evalhub.llm.endpoint",
    "pull": "evalhub.llm.models",
    "resolve_endpoint": "evalhub.llm.endpoint",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'evalhub.llm' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
