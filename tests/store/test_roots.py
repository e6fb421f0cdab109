"""Many traces at once, each with its root span."""

from pathlib import Path

from evalhub.model import Span
from evalhub.store import TraceFilter, open_store
from evalhub.store.roots import iterate_roots
from evalhub.store.spans import add_spans

SECOND = 10**9


def span(trace: int, name: str, parent: str | None = None, start: int = 0) -> Span:
    """Return a span of the trace number *trace*, which began so many seconds in."""
    at = (100 * trace + start) * SECOND
    return Span(
        f"{trace:032x}", name, parent, "p", name, "chain", "ok", at, at + SECOND,
        inputs=f'{{"n": {trace}}}'.encode(),
    )  # fmt: skip


def test_each_trace_comes_with_its_root(tmp_path: Path) -> None:
    """Newest first; of two roots the first counts, and without a root a trace is left out."""
    spans = [
        span(1, "root"),
        span(1, "child", "root"),
        span(2, "second", start=5),
        span(2, "first"),
        span(3, "orphan", "late"),
    ]
    with open_store(f"sqlite:///{tmp_path / 's.db'}") as store:
        with store.begin() as connection:
            add_spans(connection, spans)
        with store.read() as connection:
            found = list(iterate_roots(connection, TraceFilter(), limit=10))
            limited = list(iterate_roots(connection, TraceFilter(), limit=2))
    assert [(summary.trace_id[-1], root.name) for summary, root in found] == [
        ("2", "first"),
        ("1", "root"),
    ]
    assert found[1][1].inputs == b'{"n": 1}'
    assert [root.name for _, root in limited] == ["first"]
