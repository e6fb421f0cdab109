"""The same calls without any tracing: what the measurement itself costs."""

from workload import answer, measure


def inner(question: str, number: int) -> dict[str, object]:
    """Answer."""
    return answer()


def outer(question: str, number: int) -> dict[str, object]:
    """Ask."""
    return inner(question, number)


measure(outer, lambda: None)
