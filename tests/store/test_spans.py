"""Writing spans: everything comes back, once, whatever the order."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from evalhub.model import Span, SpanEvent, TraceSummary, Usage
from evalhub.store import Store, open_store
from evalhub.store.overview import overview
from evalhub.store.payload import COMPRESS_FROM, pack, unpack
from evalhub.store.queries import TraceFilter, get_trace, list_projects, list_traces
from evalhub.store.spans import add_spans

MakeSpan = Callable[..., Span]

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
maybe_texts = st.none() | texts
payloads = st.none() | st.binary(max_size=40) | texts.map(str.encode)
moments = st.integers(0, 2**62)
counts = st.none() | st.integers(0, 2**40)
usages = st.builds(Usage, counts, counts, counts, counts, counts).filter(lambda u: u != Usage())
events = st.builds(SpanEvent, texts, moments, st.none() | texts.map(str.encode))
any_span = st.builds(
    Span,
    trace_id=st.sampled_from(["t1", "t2"]),
    span_id=texts,
    parent_id=maybe_texts,
    project=texts,
    name=texts,
    kind=st.sampled_from(["chain", "llm", "embedding", "something else"]),
    status=st.sampled_from(["ok", "error"]),
    start_ns=moments,
    end_ns=moments,
    first_token_ns=st.none() | moments,
    model=st.none() | st.sampled_from(["gpt-4o", "unheard-of"]),
    provider=st.none() | st.just("openai"),
    usage=st.none() | usages,
    session_id=maybe_texts,
    user_id=maybe_texts,
    tags=st.lists(texts, max_size=3).map(tuple),
    inputs=payloads,
    outputs=payloads,
    attributes=payloads,
    error=maybe_texts,
    events=st.lists(events, max_size=2).map(tuple),
)


@pytest.fixture(scope="module")
def memory_stores() -> Iterator[tuple[Store, Store]]:
    """Open two stores in memory, for tests that need hundreds of empty ones."""
    with open_store("sqlite://") as one, open_store("sqlite://") as other:
        yield one, other


def emptied(stores: tuple[Store, Store]) -> tuple[Store, Store]:
    """Return *stores* without spans and traces."""
    for store in stores:
        with store.begin() as connection:
            for table in ("span", "span_payload", "trace"):
                connection.execute(text(f"DELETE FROM {table}"))
    return stores


def put(store: Store, *spans: Span) -> int:
    """Store *spans* in one transaction."""
    with store.begin() as connection:
        return add_spans(connection, spans)


def spans_of(store: Store, trace_id: str) -> set[Span]:
    """Return the stored spans of a trace."""
    with store.read() as connection:
        found = get_trace(connection, trace_id)
    return set() if found is None else {stored.span for stored in found.spans}


def summary(store: Store, trace_id: str = "t") -> TraceSummary:
    """Return the row that lists show of a trace."""
    with store.read() as connection:
        found = get_trace(connection, trace_id)
    assert found is not None
    return found.summary


@settings(max_examples=60, deadline=None)
@given(st.lists(any_span, max_size=8, unique_by=lambda span: (span.trace_id, span.span_id)))
def test_spans_come_back_as_they_were(
    memory_stores: tuple[Store, Store], spans: list[Span]
) -> None:
    """Every field of every span is read back equal to what was stored."""
    store, _ = emptied(memory_stores)
    assert put(store, *spans) == len(spans)
    assert spans_of(store, "t1") | spans_of(store, "t2") == set(spans)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(any_span, min_size=1, max_size=7, unique_by=lambda span: span.span_id),
    st.randoms(use_true_random=False),
    st.integers(1, 4),
)
def test_a_trace_is_the_same_in_any_order_and_any_batches(
    memory_stores: tuple[Store, Store], spans: list[Span], random: Random, size: int
) -> None:
    """What lists show of a trace does not depend on how its spans arrived."""
    spans = [
        replace(span, trace_id="t", parent_id=random.choice([None, *[s.span_id for s in spans]]))
        for span in spans
    ]
    shuffled = random.sample(spans, len(spans))
    one, other = emptied(memory_stores)
    put(one, *spans)
    for start in range(0, len(shuffled), size):
        put(other, *shuffled[start : start + size])
    first, second = summary(one), summary(other)
    # Costs are added in another order, which may show in the last bit.
    assert first.cost_usd == pytest.approx(second.cost_usd)
    assert replace(first, cost_usd=None) == replace(second, cost_usd=None)


def test_a_span_sent_again_changes_nothing(store: Store, make_span: MakeSpan) -> None:
    """A batch may be resent, whole or in part, even with other content under its keys."""
    first, second = make_span("a"), make_span("b", parent_id="a")
    assert put(store, first, first) == 1
    before = summary(store)
    assert put(store, replace(first, name="other", status="error")) == 0
    assert summary(store) == before
    assert put(store, first, second) == 1
    assert spans_of(store, "t") == {first, second}
    assert summary(store).spans == 2


def test_a_failed_transaction_leaves_nothing(store: Store, make_span: MakeSpan) -> None:
    """When the caller's block raises, neither spans nor traces are kept."""

    def fail() -> None:
        with store.begin() as connection:
            add_spans(connection, [make_span()])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert put(store, make_span()) == 1


def test_more_spans_than_one_query_takes(store: Store, make_span: MakeSpan) -> None:
    """Batches of thousands of traces and known spans are written and recognised."""
    spans = [make_span(f"{i}", trace_id=f"{i:05}") for i in range(2500)]
    assert put(store, *spans) == 2500
    assert put(store, *spans, make_span("new", trace_id="00000")) == 1


@pytest.mark.parametrize("kind", ["llm", "embedding"])
def test_tokens_are_summed_over_model_calls(store: Store, make_span: MakeSpan, kind: str) -> None:
    """Two calls under one root add up, with their costs."""
    call = make_span(kind=kind, parent_id="a", model="gpt-4o-mini", usage=Usage(1000, 100))
    put(store, make_span("a"), replace(call, span_id="b"), replace(call, span_id="c"))
    found = summary(store)
    assert (found.input_tokens, found.output_tokens) == (2000, 200)
    assert found.cost_usd == pytest.approx(2 * (1000 * 0.15 + 100 * 0.6) / 1e6)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
@pytest.mark.parametrize("at_once", [True, False])
def test_a_parent_that_repeats_its_childs_usage_counts_once(
    store: Store, make_span: MakeSpan, order: Sequence[int], at_once: bool
) -> None:
    """Neither an agent's total nor a framework's span around the client's is added again."""
    usage = Usage(10, 5)
    spans = [
        make_span("agent", kind="agent", usage=usage),
        make_span("outer", kind="llm", parent_id="agent", usage=usage),
        make_span("inner", kind="llm", parent_id="outer", usage=usage),
    ]
    for batch in [[spans[i] for i in order]] if at_once else [[spans[i]] for i in order]:
        put(store, *batch)
    assert (summary(store).input_tokens, summary(store).output_tokens) == (10, 5)


def test_a_call_that_turns_out_to_repeat_another_takes_its_cost_away(
    store: Store, make_span: MakeSpan
) -> None:
    """When the inner call comes last and has no price, the trace's cost is unknown, not 0."""
    outer = make_span("outer", kind="llm", model="gpt-4o", usage=Usage(10, 5))
    put(store, outer)
    assert summary(store).cost_usd is not None
    put(store, replace(outer, span_id="inner", parent_id="outer", model="unheard-of"))
    assert summary(store).input_tokens == 10
    assert summary(store).cost_usd is None


def test_unknown_tokens_and_costs_are_none(store: Store, make_span: MakeSpan) -> None:
    """No usage is not zero tokens, and a model without a price not free."""
    put(store, make_span("a"))
    assert summary(store).input_tokens is None
    put(store, make_span("b", parent_id="a", kind="llm", model="unheard-of", usage=Usage(7, 3)))
    assert summary(store).input_tokens == 7
    assert summary(store).cost_usd is None


def test_the_root_names_the_trace_when_it_arrives(store: Store, make_span: MakeSpan) -> None:
    """Until then the earliest span stands in."""
    put(store, make_span("b", parent_id="a", name="child", status="error"))
    assert (summary(store).name, summary(store).status) == ("child", "error")
    put(store, make_span("a", name="root", start_ns=1_790_000_000 * 10**9 - 5))
    found = summary(store)
    assert (found.name, found.status, found.errors, found.spans) == ("root", "ok", 1, 2)


def test_what_no_database_takes_is_replaced(store: Store, make_span: MakeSpan) -> None:
    """Half a surrogate pair or a huge integer costs neither its span nor the batch."""
    bad = make_span(
        "b",
        name="half \ud83d",
        tags=("\ud83d",),
        error="\udc00",
        start_ns=2**70,
        usage=Usage(2**64, 1),
        events=(SpanEvent("\ud83d", 2**80),),
    )
    assert put(store, make_span("a"), bad) == 2
    stored = {span.span_id: span for span in spans_of(store, "t")}["b"]
    assert (stored.name, stored.tags, stored.error) == ("half ?", ("?",), "?")
    assert stored.start_ns == 2**63 - 1
    assert summary(store).spans == 2


def test_nul_in_a_text_costs_no_batch(store: Store, make_span: MakeSpan) -> None:
    """PostgreSQL takes none, and gets the text without; SQLite keeps it."""
    assert put(store, make_span("a"), make_span("b", name="half\0half")) == 2
    names = {span.span_id: span.name.replace("\0", "") for span in spans_of(store, "t")}
    assert names == {"a": "answer", "b": "halfhalf"}


def test_sums_beyond_what_a_column_holds(store: Store, make_span: MakeSpan) -> None:
    """Absurd token counts are summed to the largest integer, not to an error."""
    call = make_span(kind="llm", usage=Usage(2**62 + 1, 1))
    put(store, replace(call, span_id="a"), replace(call, span_id="b"))
    assert summary(store).input_tokens == 2**63 - 1


def test_lists_do_not_read_payloads(store: Store, make_span: MakeSpan) -> None:
    """Lists, projects, search and sums work with the payloads gone."""
    put(store, make_span(inputs=b'{"question": "why"}'))
    with store.begin() as connection:
        connection.execute(text("DROP TABLE span_payload"))
    with store.read() as connection:
        assert len(list_traces(connection, TraceFilter(search="WHY"))) == 1
        assert list_projects(connection) == ["default"]
        assert len(overview(connection, TraceFilter(), bucket_ns=10**9)) == 1


def test_previews_hold_200_characters(store: Store, make_span: MakeSpan) -> None:
    """A preview is cut between characters, also where they are four bytes long."""
    put(store, make_span(inputs="🦉".encode() * 300, outputs=b"x" * 300))
    with store.read() as connection:
        row = connection.execute(text("SELECT input_preview, output_preview FROM span")).one()
    assert tuple(row) == ("🦉" * 200, "x" * 200)


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"x" * (COMPRESS_FROM - 1), b"x" * COMPRESS_FROM, b"\x78\x01 no JSON"],
    ids=["empty", "small", "below the limit", "at the limit", "looks compressed"],
)
def test_payloads_are_unpacked_to_what_they_were(data: bytes) -> None:
    """Compressed or not, the same bytes come back."""
    assert unpack(bytes(pack(data))) == data


def test_large_payloads_are_compressed_when_that_pays() -> None:
    """Text shrinks; what does not shrink is kept as it is."""
    assert len(pack(b'{"role": "user"}' * 1000)) < 2000
    incompressible = bytes(range(256)) * 16
    assert len(pack(incompressible)) <= len(incompressible)
