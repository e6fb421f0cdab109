"""The tracing SDK: what runs inside other people's programs.

It loads no third-party module when it is imported, never raises into the traced
program, and delivers spans from one background thread.
"""

import importlib
from typing import TYPE_CHECKING, Any

from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.ambient import get_tracing_context, tracing_context
from evalhub.tracing.block import trace
from evalhub.tracing.context import ContextThreadPoolExecutor, get_current_span
from evalhub.tracing.decorator import ensure_traceable, is_traceable_function, traceable
from evalhub.tracing.outbox import Flushed
from evalhub.tracing.process import configure, flush, stats
from evalhub.tracing.propagation import continue_trace, from_headers, inject, to_headers
from evalhub.tracing.run_tree import RunTree, get_current_run_tree
from evalhub.tracing.scoring import score
from evalhub.tracing.tracer import Stats

if TYPE_CHECKING:
    from evalhub.tracing.runnable import as_runnable
    from evalhub.tracing.wrappers.anthropic import wrap_anthropic
    from evalhub.tracing.wrappers.openai import wrap_openai

__all__ = [
    "ActiveSpan",
    "ContextThreadPoolExecutor",
    "Flushed",
    "RunTree",
    "Stats",
    "as_runnable",
    "configure",
    "continue_trace",
    "ensure_traceable",
    "flush",
    "from_headers",
    "get_current_run_tree",
    "get_current_span",
    "get_tracing_context",
    "inject",
    "is_traceable_function",
    "score",
    "stats",
    "to_headers",
    "trace",
    "traceable",
    "tracing_context",
    "wrap_anthropic",
    "wrap_openai",
]

# Imported when they are asked for: most programs use one of them, or none.
_LAZY = {
    "as_runnable": "evalhub.tracing.runnable",
    "wrap_anthropic": "evalhub.tracing.wrappers.anthropic",
    "wrap_openai": "evalhub.tracing.wrappers.openai",
}


def __getattr__(name: str) -> Any:
    module = _LAZY.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(module), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
