"""Reading back: sums over time and by name."""

import math
from collections.abc import Callable

import pytest

from evalhub.errors import StoreError
from evalhub.model import Span, Usage
from evalhub.store import Store, TraceFilter, open_store
from evalhub.store.overview import TimeExtent, by_name, extent, overview
from evalhub.store.spans import add_spans

MakeSpan = Callable[..., Span]

MINUTE = 60 * 10**9
SECOND = 10**9


@pytest.fixture
def seeded(store: Store, make_span: MakeSpan) -> Store:
    """Return a store with traces at 1, 2 and 3 minutes; two of them have one name."""
    spans = [
        make_span("a1", trace_id="1", name="answer", start_ns=MINUTE, end_ns=MINUTE + SECOND),
        make_span(
            "a2",
            trace_id="2",
            name="summarise",
            project="papers",
            status="error",
            start_ns=2 * MINUTE,
            end_ns=2 * MINUTE + 5 * SECOND,
        ),
        make_span(
            "a3",
            trace_id="3",
            name="answer",
            kind="llm",
            model="gpt-4o",
            usage=Usage(3, 4),
            start_ns=3 * MINUTE,
            end_ns=3 * MINUTE + 3 * SECOND,
        ),
    ]
    with store.begin() as connection:
        add_spans(connection, spans)
    return store


def test_overview_sums_each_bucket(seeded: Store) -> None:
    """Counts, errors and tokens by the stretch in which a trace started."""
    with seeded.read() as connection:
        first, second = overview(connection, TraceFilter(), bucket_ns=2 * MINUTE)
    assert (first.start_ns, first.calls, first.errors, first.input_tokens) == (0, 1, 0, None)
    assert (second.start_ns, second.calls, second.errors) == (2 * MINUTE, 2, 1)
    assert (second.input_tokens, second.output_tokens) == (3, 4)
    assert first.cost_usd is None


def test_names_are_summed_with_the_most_called_first(seeded: Store) -> None:
    """Each name has its own counts, tokens and percentiles."""
    with seeded.read() as connection:
        answer, summarise = by_name(connection, TraceFilter())
    assert (answer.name, answer.calls, answer.errors) == ("answer", 2, 0)
    assert (answer.input_tokens, answer.output_tokens) == (3, 4)
    assert (answer.p50_ms, answer.p95_ms) == (1000, 3000)
    assert (summarise.name, summarise.calls, summarise.errors) == ("summarise", 1, 1)
    assert (summarise.input_tokens, summarise.cost_usd) == (None, None)


def test_names_are_filtered_and_limited(seeded: Store) -> None:
    """The filter and the limit are those that were asked for."""
    with seeded.read() as connection:
        assert [item.name for item in by_name(connection, TraceFilter(), limit=1)] == ["answer"]
        found = by_name(connection, TraceFilter(project="papers"))
    assert [item.name for item in found] == ["summarise"]


def test_the_extent_reaches_from_the_first_start_to_the_last(seeded: Store) -> None:
    """It covers the traces that the filter leaves, and no others."""
    with seeded.read() as connection:
        assert extent(connection, TraceFilter()) == TimeExtent(MINUTE, 3 * MINUTE)
        assert extent(connection, TraceFilter(since_ns=2 * MINUTE)) == (2 * MINUTE, 3 * MINUTE)
        assert extent(connection, TraceFilter(project="gone")) is None


@pytest.mark.parametrize("count", [1, 2, 7, 100, 101])
def test_percentiles_are_nearest_rank(make_span: MakeSpan, count: int) -> None:
    """The p-th percentile is the smallest duration that p% of all do not exceed."""
    durations = [((i * 37) % count + 1) * 10**6 for i in range(count)]
    spans = [
        make_span("s", trace_id=f"{i}", start_ns=0, end_ns=duration)
        for i, duration in enumerate(durations)
    ]
    with open_store("sqlite://") as store:
        with store.begin() as connection:
            add_spans(connection, spans)
        with store.read() as connection:
            (bucket,) = overview(connection, TraceFilter(), bucket_ns=MINUTE)
    ordered = sorted(durations)
    expected = [ordered[math.ceil(count * p / 100) - 1] / 1e6 for p in (50, 95, 99)]
    assert [bucket.p50_ms, bucket.p95_ms, bucket.p99_ms] == expected


def test_an_empty_store_has_no_sums(store: Store) -> None:
    """No traces are an answer, not an error; a bucket without width is one."""
    with store.read() as connection:
        assert overview(connection, TraceFilter(), bucket_ns=MINUTE) == []
        assert by_name(connection, TraceFilter()) == []
        assert extent(connection, TraceFilter()) is None
        with pytest.raises(StoreError, match="bucket_ns is 0"):
            overview(connection, TraceFilter(), bucket_ns=0)
