"""Self-hosted evaluation and observability for LLM applications.

Importing this package loads nothing: each name is fetched at its first use.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evalhub.tracing import flush, trace, traceable, wrap_openai

__all__ = ["__version__", "flush", "trace", "traceable", "wrap_openai"]

__version__ = "0.1.0"

_HOMES = {
    "flush": "evalhub.tracing",
    "trace": "evalhub.tracing",
    "traceable": "evalhub.tracing",
    "wrap_openai": "evalhub.tracing",
}


def __getattr__(name: str) -> object:
    try:
        home = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module 'evalhub' has no attribute {name!r}") from None
    return getattr(importlib.import_module(home), name)
