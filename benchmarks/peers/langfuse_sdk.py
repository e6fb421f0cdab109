"""langfuse, sending to a local HTTP server that accepts everything."""

import os

from sink import serve

os.environ.update(
    LANGFUSE_PUBLIC_KEY="pk",
    LANGFUSE_SECRET_KEY="sk",
    LANGFUSE_HOST=serve(),
)

from langfuse import get_client, observe
from workload import answer, measure


@observe(as_type="generation")
def inner(question: str, number: int) -> dict[str, object]:
    """Answer."""
    return answer()


@observe
def outer(question: str, number: int) -> dict[str, object]:
    """Ask."""
    return inner(question, number)


measure(outer, lambda: get_client().flush(), calls=1_500, rounds=2)
