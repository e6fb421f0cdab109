"""langsmith, sending to a local HTTP server that accepts everything."""

import os

from sink import serve

os.environ.update(
    LANGSMITH_TRACING="true",
    LANGSMITH_ENDPOINT=serve(),
    LANGSMITH_API_KEY="none",
)

import langsmith
from langsmith.run_trees import get_cached_client
from workload import answer, measure


@langsmith.traceable(run_type="llm")
def inner(question: str, number: int) -> dict[str, object]:
    """Answer."""
    return answer()


@langsmith.traceable
def outer(question: str, number: int) -> dict[str, object]:
    """Ask."""
    return inner(question, number)


measure(outer, lambda: get_cached_client().flush(), calls=1_500, rounds=2)
