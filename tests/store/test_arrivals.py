"""The order in which traces came, and which of them failed, in SQLite and in PostgreSQL."""

from collections.abc import Callable

from evalhub.model import Span
from evalhub.store import Store, TraceFilter
from evalhub.store.arrivals import (
    arrived_after,
    before_first_span,
    last_arrival,
    root_failures,
)
from evalhub.store.spans import add_spans

MakeSpan = Callable[..., Span]


def put(store: Store, *spans: Span) -> None:
    """Store *spans*."""
    with store.begin() as connection:
        add_spans(connection, spans)


def test_traces_are_found_by_when_something_of_them_came(store: Store, make_span: MakeSpan) -> None:
    """Whatever their start, and also one that grew; those that began last are first."""
    for number, start_ns in enumerate((300, 100, 200)):
        put(
            store,
            make_span(f"r{number}", trace_id=f"t{number}", start_ns=start_ns, end_ns=start_ns + 50),
        )
    put(store, make_span("c", trace_id="t0", parent_id="r0", start_ns=310, end_ns=320))
    put(store, make_span("o", trace_id="t9", project="other", start_ns=1, end_ns=400))
    with store.read() as connection:
        every = TraceFilter()
        assert last_arrival(connection) == 5
        assert arrived_after(connection, every, 2, since_ns=0) == [("t0", 4), ("t2", 3), ("t9", 5)]
        support = TraceFilter(project=make_span("x").project)
        assert arrived_after(connection, support, 0, since_ns=240) == [("t0", 4), ("t2", 3)]
        assert arrived_after(connection, every, 5, since_ns=0) == []


def test_where_to_begin_reading(store: Store, make_span: MakeSpan) -> None:
    """Below the first span that ended since; where none did, below what will come."""
    with store.read() as connection:
        assert (last_arrival(connection), before_first_span(connection, 0)) == (0, 0)
    for number, end_ns in enumerate((100, 300, 200)):
        put(store, make_span(f"r{number}", trace_id=f"t{number}", start_ns=1, end_ns=end_ns))
    with store.read() as connection:
        found = [before_first_span(connection, since_ns) for since_ns in (0, 150, 250, 301)]
    assert found == [0, 1, 1, 3]


def test_which_roots_failed(store: Store, make_span: MakeSpan) -> None:
    """In the order in which they ended, stored together or not; without a root it is unknown."""
    put(
        store,
        make_span("e", trace_id="t4", project="evaluators", status="error", start_ns=60, end_ns=95),
        make_span("b", trace_id="t2", start_ns=20, end_ns=91),
        make_span("c", trace_id="t2", parent_id="b", status="error", start_ns=30, end_ns=31),
        make_span("d", trace_id="t3", parent_id="gone", status="error", start_ns=40, end_ns=41),
        make_span("a", trace_id="t1", status="error", session_id="s", start_ns=50, end_ns=90),
        make_span("g", trace_id="t6", status="error", error="no", start_ns=50, end_ns=92),
        make_span("f", trace_id="t5", status="error", start_ns=100, end_ns=101),
    )
    with store.read() as connection:
        window = TraceFilter(since_ns=10, until_ns=100)
        found = root_failures(connection, window, signature="e|v:1", without={"evaluators"})
        every = root_failures(connection, window, signature="e|v:1")
    assert [(one.trace_id, one.session_id, one.value, one.signature) for one in found] == [
        ("t1", "s", 1.0, "e|v:1"),
        ("t2", None, 0.0, "e|v:1"),
        ("t6", None, 1.0, "e|v:1"),
    ]
    assert [one.trace_id for one in every] == ["t1", "t2", "t6", "t4"]
