"""What ``langsmith.wrappers`` has, as far as it is here."""

from evalhub.tracing.wrappers.anthropic import wrap_anthropic
from evalhub.tracing.wrappers.openai import wrap_openai

__all__ = ["wrap_anthropic", "wrap_openai"]
