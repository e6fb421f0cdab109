"""The delivery ledger: counts of processes are monotone, and losses are counted once."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.model import Batch, Delivery, Span, SpanScore
from evalhub.store import Completeness, Producer, Store, open_store
from evalhub.store.batches import add_batch
from evalhub.store.completeness import completeness, completeness_of
from evalhub.store.ledger import list_producers

MakeSpan = Callable[..., Span]
SECOND = 10**9
PRODUCER = "0192f0c1" * 4


def report(updated_ns: int, **changes: Any) -> Delivery:
    """Return what a process says at a moment."""
    fields: dict[str, Any] = {
        "producer": PRODUCER,
        "host": "web-1",
        "pid": 17,
        "started_ns": 0,
        "is_ended": False,
        "recorded": 10,
        "spooled": 1,
        "dropped": 0,
    }
    return Delivery(updated_ns=updated_ns, **{**fields, **changes})


def put(store: Store, *spans: Span, delivery: Delivery | None = None) -> int:
    """Store one batch in a transaction of its own."""
    with store.begin() as connection:
        return add_batch(connection, Batch(spans, (), delivery))


def missing(store: Store, trace_id: str = "t") -> Completeness:
    """Return what is known to be missing of a trace."""
    with store.read() as connection:
        return completeness(connection, trace_id)


def producers(store: Store) -> list[Producer]:
    """Return the ledger."""
    with store.read() as connection:
        return list_producers(connection)


def test_a_process_is_one_line_of_the_ledger(store: Store, make_span: MakeSpan) -> None:
    """What it says last is what is kept, beside what has come of its records."""
    put(store, make_span("a"), make_span("b"), delivery=report(1))
    put(store, make_span("b"), delivery=report(2, recorded=20, dropped=2, is_ended=True))
    (found,) = producers(store)
    assert found == Producer(PRODUCER, "web-1", 17, 0, 2, True, 20, 1, 2, 2)
    assert found.outstanding == 16


def test_scores_are_records_too(store: Store) -> None:
    """One that is sent again is counted once; one that replaces another is a new record."""
    first = SpanScore("c" * 32, "t", None, "helpful", 1.0, None, None, "user", 5)
    changed = replace(first, value=0.0, created_ns=6)
    for scores in ((first,), (first,), (changed,)):
        with store.begin() as connection:
            add_batch(connection, Batch((), scores, report(1)))
    assert [one.stored for one in producers(store)] == [2]


def test_an_older_report_changes_no_count(store: Store) -> None:
    """A batch that waited on a disk may come after a later one."""
    put(store, delivery=report(5, recorded=50))
    put(store, delivery=report(4, recorded=40))
    assert [one.recorded for one in producers(store)] == [50]


def test_processes_are_listed_by_their_last_report(store: Store) -> None:
    """The one heard of last is first."""
    put(store, delivery=report(1, producer="a" * 32))
    put(store, delivery=report(3, producer="b" * 32))
    put(store, delivery=report(2, producer="c" * 32))
    assert [one.producer[0] for one in producers(store)] == ["b", "c", "a"]


@given(
    losses=st.lists(st.lists(st.tuples(st.sampled_from("tu"), st.integers(1, 9)), max_size=3)),
    random=st.randoms(use_true_random=False),
)
def test_losses_count_once_in_any_order(
    losses: Sequence[Sequence[tuple[str, int]]], random: Random
) -> None:
    """The highest count of each trace stands, however often and in whatever order it comes."""
    reports = [report(time, losses=tuple(own)) for time, own in enumerate(losses, 1)]
    sent = reports + random.sample(reports, len(reports) // 2)
    random.shuffle(sent)
    with open_store("sqlite://") as store:
        for one in sent:
            put(store, delivery=one)
        for trace_id in "tu":
            counts = [count for own in losses for where, count in own if where == trace_id]
            expected = max(counts, default=0)
            assert missing(store, trace_id).lost == expected


def test_numbers_that_no_column_holds_are_bounded(store: Store) -> None:
    """A report of nonsense is kept, and does not cost its batch."""
    huge = report(2**70, pid=2**64, host="\udc80", losses=(("t", 2**65),))
    put(store, delivery=huge)
    (found,) = producers(store)
    assert (found.host, found.pid, found.updated_ns) == ("?", 2**63 - 1, 2**63 - 1)


def test_a_whole_trace_is_complete(store: Store, make_span: MakeSpan) -> None:
    """Root and parents are here, nothing was lost."""
    put(store, make_span("a"), make_span("b", parent_id="a"))
    assert missing(store) == Completeness()
    assert missing(store).is_complete
    assert missing(store).reasons(0) == ()


def test_lost_spans_are_said(store: Store, make_span: MakeSpan) -> None:
    """The ledger's losses are those of the trace they name."""
    put(store, make_span("a"), delivery=report(1, dropped=3, losses=(("t", 2), ("u", 1))))
    assert missing(store).reasons(0) == ("2 spans were lost before delivery",)
    assert missing(store, "u").lost == 1


def test_absent_parents_are_counted_once(store: Store, make_span: MakeSpan) -> None:
    """Two children of one span that is not here miss one span."""
    children = [make_span(name, parent_id="gone") for name in "bc"]
    put(store, make_span("a"), *children)
    assert missing(store).absent_parents == 1
    assert missing(store).reasons(0) == ("1 span is named as a parent and not here",)
    put(store, make_span("gone", parent_id="a"))
    assert missing(store).is_complete


@pytest.mark.parametrize(
    ("delivery", "now_s", "reason"),
    [
        (None, 0, "still open, its span was lost, or it is another system's"),
        (report(SECOND), 30, "the call may still be open"),
        (report(SECOND), 301, "nothing was heard of process 17 on web-1 for 300 s"),
        (report(SECOND, is_ended=True), 301, "its process has ended, so it will not come"),
    ],
)
def test_a_trace_without_a_root(
    store: Store, make_span: MakeSpan, delivery: Delivery | None, now_s: int, reason: str
) -> None:
    """How likely the root is to come is told by what its process said last."""
    put(store, make_span("b", parent_id="a"), delivery=delivery)
    found = missing(store)
    assert not found.is_complete
    (said,) = found.reasons(now_s * SECOND)
    assert said.startswith("the root is not here: ")
    assert reason in said


def test_a_silent_process_does_not_doubt_a_whole_trace(store: Store, make_span: MakeSpan) -> None:
    """A root is delivered after what ended before it: an idle server's traces are whole."""
    put(store, make_span("a"), delivery=report(1))
    assert missing(store).reasons(10**6 * SECOND) == ()


def test_many_traces_at_once(store: Store, make_span: MakeSpan) -> None:
    """A list asks for all of its traces, those that are not here too."""
    put(store, make_span("a"), make_span("b", trace_id="u", parent_id="x"))
    with store.read() as connection:
        found = completeness_of(connection, ["t", "u", "none"])
        assert completeness_of(connection, []) == {}
    assert [found[one].is_complete for one in ("t", "u", "none")] == [True, False, False]


def test_a_batch_sent_again_changes_nothing(store: Store, make_span: MakeSpan) -> None:
    """The answer to a batch may be lost on its way."""
    delivery = report(1, losses=(("t", 2),))
    spans = [make_span("a"), make_span("b", parent_id="a")]
    assert put(store, *spans, delivery=delivery) == 2
    before = producers(store), missing(store)
    assert put(store, *spans, delivery=delivery) == 0
    assert (producers(store), missing(store)) == before


def test_traces_of_several_processes_name_them_all(store: Store, make_span: MakeSpan) -> None:
    """A request may pass through more than one process."""
    other = report(1, producer="b" * 32, pid=18)
    put(store, make_span("b", parent_id="a"), delivery=report(1))
    put(store, make_span("c", parent_id="b"), delivery=replace(other, is_ended=True))
    assert [one.pid for one in missing(store).producers] == [17, 18]
