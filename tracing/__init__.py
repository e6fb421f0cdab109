"""The tracing SDK: what runs inside other people's programs.

It loads no third-party module when it is imported, never raises into the traced
program, and delivers spans from one background thread.
"""

from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.block import trace
from evalhub.tracing.context import ContextThreadPoolExecutor, get_current_span
from evalhub.tracing.decorator import traceable
from evalhub.tracing.process import configure, flush, stats
from evalhub.tracing.tracer import Stats
from evalhub.tracing.wrappers.openai import wrap_openai

__all__ = [
    "ActiveSpan",
    "ContextThreadPoolExecutor",
    "Stats",
    "configure",
    "flush",
    "get_current_span",
    "stats",
    "trace",
    "traceable",
    "wrap_openai",
]
