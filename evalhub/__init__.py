"""Self-hosted evaluation and observability for LLM applications.

Importing this package loads nothing: each name is fetched at its first use.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evalhub.tracing import (
        configure,
        flush,
        score,
        trace,
        traceable,
        wrap_anthropic,
        wrap_openai,
    )

__all__ = [
    "__version__",
    "configure",
    "flush",
    "score",
    "trace",
    "traceable",
    "wrap_anthropic",
    "wrap_openai",
]

__version__ = "0.1.0"

_HOMES = dict.fromkeys(__all__[1:], "evalhub.tracing")


def __getattr__(name: str) -> object:
    try:
        home = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module 'evalhub' has no attribute {name!r}") from None
    return getattr(importlib.import_module(home), name)
