"""Attachments and scores of a batch: bytes are stored once, everything is idempotent."""

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from evalhub.model import Attachment, Batch, Score, Span, SpanScore, Usage
from evalhub.store import Store, StoredAttachment, StoredScore, StoredSpan, open_store
from evalhub.store.attachments import get_blob
from evalhub.store.batches import add_batch
from evalhub.store.queries import get_trace
from evalhub.store.scores import get_scores

MakeSpan = Callable[..., Span]

PICTURE = Attachment("plot.png", "image/png", b"\x89PNG\r\n\x1a\n")
SOUND = Attachment("answer.wav", "audio/wav", b"RIFF")
SCORE = SpanScore("c" * 32, "t", "a", "helpful", 1.0, "yes", "said so", "user", 5)


def put(store: Store, *spans: Span, scores: tuple[SpanScore, ...] = ()) -> int:
    """Store one batch in a transaction of its own."""
    with store.begin() as connection:
        return add_batch(connection, Batch(spans, scores))


def spans_of(store: Store) -> dict[str, StoredSpan]:
    """Return the stored spans of the trace "t" by id."""
    with store.read() as connection:
        found = get_trace(connection, "t")
    assert found is not None
    return {stored.span.span_id: stored for stored in found.spans}


def count(store: Store, table: str) -> int:
    """Return how many rows *table* has."""
    with store.read() as connection:
        return int(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())


def described(given: Attachment) -> StoredAttachment:
    """Return what the store says of *given*."""
    return StoredAttachment(given.name, given.mime_type, given.sha256, len(given.data))


def test_attachments_come_back_in_their_order(store: Store, make_span: MakeSpan) -> None:
    """A span says what it carries; the bytes are read by their hash."""
    put(store, make_span("a", attachments=(SOUND, PICTURE)), make_span("b", parent_id="a"))
    found = spans_of(store)
    assert found["a"].attachments == (described(SOUND), described(PICTURE))
    assert found["b"].attachments == ()
    with store.read() as connection:
        assert get_blob(connection, PICTURE.sha256) == PICTURE.data
        assert get_blob(connection, "0" * 64) is None


def test_the_same_bytes_are_stored_once(store: Store, make_span: MakeSpan) -> None:
    """Within a batch, in a later one, and under another name."""
    renamed = Attachment("again.png", "image/png", PICTURE.data)
    put(store, make_span("a", attachments=(PICTURE, renamed)))
    put(store, make_span("b", attachments=(PICTURE,)))
    assert (count(store, "blob"), count(store, "attachment")) == (1, 3)


def test_a_span_sent_again_does_not_carry_twice(store: Store, make_span: MakeSpan) -> None:
    """The span is not new, nor is what it carries."""
    span = make_span("a", attachments=(PICTURE,))
    assert (put(store, span), put(store, span)) == (1, 0)
    assert count(store, "attachment") == 1


def test_attachments_survive_a_span_that_had_to_be_cleaned(
    store: Store, make_span: MakeSpan
) -> None:
    """Text that no database takes is replaced, in the attachment's name too."""
    named = Attachment("\ud800.png", "image/png", b"x")
    put(store, make_span("a", name="\ud800", attachments=(PICTURE, named)))
    names = [item.name for item in spans_of(store)["a"].attachments]
    assert names == ["plot.png", "?.png"]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.binary(max_size=8), max_size=6))
def test_any_bytes_come_back(contents: list[bytes]) -> None:
    """Empty ones too, and each as often as it was given."""
    items = tuple(Attachment(str(n), "x/y", data) for n, data in enumerate(contents))
    span = Span("t", "a", None, "p", "n", "chain", "ok", 0, 1, attachments=items)
    with open_store("sqlite://") as store:
        put(store, span)
        found = spans_of(store)["a"].attachments
        assert found == tuple(map(described, items))
        with store.read() as connection:
            assert [get_blob(connection, item.sha256) for item in found] == contents


def test_audio_tokens_and_tier_come_back(store: Store, make_span: MakeSpan) -> None:
    """Usage is whole, alone in its batch or beside spans without."""
    usage = Usage(100, 50, 10, 5, 3, audio_input_tokens=40, audio_output_tokens=20, tier="batch")
    rare = make_span("a", kind="llm", usage=usage)
    put(store, rare, make_span("b", kind="llm", usage=Usage(1, 1)), make_span("c"))
    found = spans_of(store)
    assert found["a"].span == rare
    assert [found[one].span.usage for one in "abc"] == [usage, Usage(1, 1), None]


def test_a_score_replaces_the_one_of_its_id(store: Store) -> None:
    """Users change their minds; the trace may come later, or never."""
    put(store, scores=(SCORE,))
    changed = SpanScore(SCORE.id, "t", None, "helpful", None, "no", None, "user", 6)
    put(store, scores=(changed, changed))
    with store.read() as connection:
        assert get_scores(connection, "t") == [
            StoredScore(Score("helpful", None, "", label="no"), "t", "user", 6)
        ]


def test_scores_keep_who_said_so(store: Store) -> None:
    """Number, label, explanation, source and time are those of the record."""
    put(store, scores=(SCORE,))
    with store.read() as connection:
        (found,) = get_scores(connection, "t")
    assert found == StoredScore(
        Score("helpful", 1.0, "", label="yes", explanation="said so"), "t", "user", 5, "a"
    )


def test_a_score_of_text_that_no_database_takes(store: Store) -> None:
    """Half of a surrogate pair is replaced, and does not cost the batch."""
    put(store, scores=(SpanScore("d" * 32, "t", None, "\ud800", 1.0, None, "\ud800", "user", 1),))
    with store.read() as connection:
        assert [stored.score.name for stored in get_scores(connection, "t")] == ["?"]
