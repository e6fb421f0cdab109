"""Reading back: filters, pages, prefixes."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from evalhub.errors import StoreError
from evalhub.model import Span, Usage
from evalhub.store import Store, TraceCursor, TraceFilter
from evalhub.store.queries import (
    get_summaries,
    get_trace,
    list_projects,
    list_traces,
)
from evalhub.store.spans import add_spans

MakeSpan = Callable[..., Span]

MINUTE = 60 * 10**9


@pytest.fixture
def seeded(store: Store, make_span: MakeSpan) -> Store:
    """Return a store with three unlike traces, started at 1, 2 and 3 minutes."""
    spans = [
        make_span("a1", trace_id="aaa1", start_ns=MINUTE, end_ns=MINUTE + 10**9, name="Answer"),
        make_span(
            "a2",
            trace_id="aaa2",
            start_ns=2 * MINUTE,
            end_ns=2 * MINUTE + 5 * 10**9,
            name="summarise",
            project="papers",
            status="error",
            session_id="s",
            user_id="u",
            error="ValueError('100% wrong')",
        ),
        make_span(
            "a3", trace_id="bbb3", start_ns=3 * MINUTE, end_ns=3 * MINUTE, inputs=b'"Why_so?"'
        ),
        make_span(
            "a4",
            trace_id="bbb3",
            parent_id="a3",
            start_ns=3 * MINUTE + 1,
            end_ns=3 * MINUTE + 2,
            kind="llm",
            model="gpt-4o",
            outputs=b'"because"',
            usage=Usage(3, 4),
        ),
    ]
    with store.begin() as connection:
        add_spans(connection, spans)
    return store


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, ["bbb3", "aaa2", "aaa1"]),
        ({"project": "papers"}, ["aaa2"]),
        ({"status": "error"}, ["aaa2"]),
        ({"name": "ANSWER"}, ["bbb3", "aaa1"]),
        ({"name": "%"}, []),
        ({"search": "because"}, ["bbb3"]),
        ({"search": "WHY_so"}, ["bbb3"]),
        ({"search": "why-so"}, []),
        ({"search": "100%"}, ["aaa2"]),
        ({"search": "AAA"}, ["aaa2", "aaa1"]),
        ({"since_ns": 2 * MINUTE}, ["bbb3", "aaa2"]),
        ({"until_ns": 2 * MINUTE}, ["aaa1"]),
        ({"min_duration_ms": 1000}, ["aaa2", "aaa1"]),
        ({"min_duration_ms": 0}, ["bbb3", "aaa2", "aaa1"]),
        ({"session_id": "s"}, ["aaa2"]),
        ({"user_id": "u"}, ["aaa2"]),
        ({"model": "gpt-4o"}, ["bbb3"]),
        ({"project": "papers", "status": "ok"}, []),
    ],
)
def test_filters(seeded: Store, fields: dict[str, Any], found: list[str]) -> None:
    """Each field narrows the list; signs that LIKE knows are only themselves."""
    with seeded.read() as connection:
        traces = list_traces(connection, TraceFilter(**fields))
    assert [trace.trace_id for trace in traces] == found


def test_pages_follow_each_other(store: Store, make_span: MakeSpan) -> None:
    """Paging by cursor shows every trace once, also where starts are equal."""
    spans = [make_span(f"{i}", trace_id=f"{i:02}", start_ns=(i // 4) * MINUTE) for i in range(23)]
    with store.begin() as connection:
        add_spans(connection, spans)
    with store.read() as connection:
        pages = list(pages_of(connection, size=5))
    assert [len(page) for page in pages] == [5, 5, 5, 5, 3]
    shown = [trace_id for page in pages for trace_id in page]
    assert shown == [f"{i:02}" for i in reversed(range(23))]


def pages_of(connection: Any, *, size: int) -> Iterator[list[str]]:
    """Yield the ids of each page."""
    cursor = None
    while page := list_traces(connection, limit=size, before=cursor):
        yield [trace.trace_id for trace in page]
        cursor = TraceCursor.after(page[-1])


def test_one_trace_by_its_id_or_beginning(seeded: Store) -> None:
    """A beginning is enough when it fits one trace; spans come ordered by start."""
    with seeded.read() as connection:
        found = get_trace(connection, "b")
        assert found is not None
        assert [stored.span.span_id for stored in found.spans] == ["a3", "a4"]
        assert get_trace(connection, "aaa1") is not None
        assert get_trace(connection, "c") is None
        assert get_trace(connection, "") is None
        with pytest.raises(StoreError, match="'aaa'"):
            get_trace(connection, "aaa")


def test_an_exact_id_is_not_taken_for_a_beginning(store: Store, make_span: MakeSpan) -> None:
    """An id that another one begins with is found."""
    with store.begin() as connection:
        add_spans(connection, [make_span(trace_id="ab"), make_span(trace_id="abc")])
        found = get_trace(connection, "ab")
    assert found is not None
    assert found.summary.trace_id == "ab"


def test_summaries_by_id(seeded: Store) -> None:
    """Ids that are not stored are left out."""
    with seeded.read() as connection:
        found = get_summaries(connection, ["bbb3", "none", "aaa1"])
    assert sorted(found) == ["aaa1", "bbb3"]
    assert found["bbb3"].input_tokens == 3


def test_projects(seeded: Store) -> None:
    """Each project once, sorted."""
    with seeded.read() as connection:
        assert list_projects(connection) == ["default", "papers"]


def test_an_empty_store_gives_empty_lists(store: Store) -> None:
    """No traces are an answer, not an error."""
    with store.read() as connection:
        assert list_traces(connection) == []
        assert get_summaries(connection, []) == {}
