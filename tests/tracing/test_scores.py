"""``score`` records what a program says of its spans, and never stands in its way."""

import logging
import uuid
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from evalhub.model import SpanScore
from evalhub.store import open_store
from evalhub.store.scores import get_scores
from evalhub.tracing import configure, flush, trace, traceable
from evalhub.tracing.process import ACTIVE
from evalhub.tracing.scoring import score
from evalhub.tracing.testing import Recorder

TRACE = "0192f0c1" * 4
SPAN = "0192f0c2" * 4


@dataclass
class RunTreeShaped:
    """What identifies a LangSmith run tree: ids with dashes."""

    id: uuid.UUID
    trace_id: uuid.UUID


def recorded(recorder: Recorder) -> list[SpanScore]:
    """Return the scores that were delivered."""
    tracer = ACTIVE.tracer
    assert tracer is not None
    assert tracer.flush(10.0)
    return list(recorder._exporter.scores)


def test_a_score_is_about_the_span_that_is_open(recorder: Recorder) -> None:
    """Name, number, word, reason and source are kept, with an id and a time."""
    with trace("answer") as span:
        given = score("helpful", 0.5, label="partly", explanation="half of it", source="user")
    (found,) = recorded(recorder)
    assert given == found.id
    assert found == SpanScore(
        found.id,
        span.trace_id,
        span.span_id,
        "helpful",
        0.5,
        "partly",
        "half of it",
        "user",
        found.created_ns,
    )
    assert found.created_ns > 0


def test_inside_a_traced_function_it_is_about_its_span(recorder: Recorder) -> None:
    """The innermost open span is meant, whatever is around it."""

    @traceable
    def inner() -> None:
        score("depth", 1)

    @traceable
    def outer() -> None:
        inner()

    outer()
    (found,) = recorded(recorder)
    assert found.span_id == recorder.span("inner").span_id
    assert found.trace_id == recorder.span("outer").trace_id


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (True, 1.0),
        (False, 0.0),
        (3, 3.0),
        (-0.25, -0.25),
        (Decimal("0.5"), 0.5),
        (Fraction(1, 4), 0.25),
    ],
)
def test_numbers_of_any_kind(recorder: Recorder, given: Any, kept: float) -> None:
    """What Python can make a float of is a value."""
    assert score("s", given, trace_id=TRACE) is not None
    assert [found.value for found in recorded(recorder)] == [kept]


@pytest.mark.parametrize(
    ("ids", "about"),
    [
        ({"trace_id": TRACE}, (TRACE, None)),
        ({"trace_id": str(uuid.UUID(TRACE))}, (TRACE, None)),
        ({"trace_id": uuid.UUID(TRACE)}, (TRACE, None)),
        ({"trace_id": TRACE.upper()}, (TRACE, None)),
        ({"trace_id": TRACE, "span_id": SPAN}, (TRACE, SPAN)),
        ({"trace_id": TRACE, "span_id": "00f067aa0ba902b7"}, (TRACE, "00f067aa0ba902b7")),
        ({"span_id": RunTreeShaped(uuid.UUID(SPAN), uuid.UUID(TRACE))}, (TRACE, SPAN)),
        ({"trace_id": RunTreeShaped(uuid.UUID(SPAN), uuid.UUID(TRACE))}, (TRACE, None)),
    ],
)
def test_by_id(recorder: Recorder, ids: dict[str, Any], about: tuple[str, str | None]) -> None:
    """Dashes or not, text or UUID, or the run itself; a trace's id alone is the whole trace."""
    score("s", 1, **ids)
    assert [(found.trace_id, found.span_id) for found in recorded(recorder)] == [about]


def test_by_the_span_itself_after_it_ended(recorder: Recorder) -> None:
    """A user's answer comes later; the span needs no trace id beside it."""
    with trace("answer") as span:
        pass
    score("thumbs", 1, span_id=span)
    score("whole", 1, trace_id=span)
    found = [(one.trace_id, one.span_id) for one in recorded(recorder)]
    assert found == [(span.trace_id, span.span_id), (span.trace_id, None)]


def test_a_span_id_alone_is_sought_in_the_current_trace(recorder: Recorder) -> None:
    """A child's score may be given from its parent's code."""
    with trace("root") as root:
        with trace("child") as child:
            pass
        score("s", 1, span_id=child.span_id)
    (found,) = recorded(recorder)
    assert (found.trace_id, found.span_id) == (root.trace_id, child.span_id)


def test_an_id_of_ones_own(recorder: Recorder) -> None:
    """It is returned as it is stored, so that it can be sent again."""
    assert score("s", 1, trace_id=TRACE, score_id=uuid.UUID(SPAN)) == SPAN
    assert [found.id for found in recorded(recorder)] == [SPAN]


class Unspeakable:
    """An object of a user whose every method fails."""

    def __str__(self) -> str:
        raise RuntimeError("no")

    __repr__ = __float__ = __str__


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"value": 1}, "no span is open here"),
        ({"value": 1, "span_id": SPAN}, "no span is open here"),
        ({"trace_id": TRACE}, "neither value nor label"),
        ({"trace_id": TRACE, "value": "good"}, "'good'"),
        ({"trace_id": TRACE, "value": float("nan")}, "nan"),
        ({"trace_id": TRACE, "value": float("inf")}, "inf"),
        ({"trace_id": TRACE, "value": 10**400}, "too large"),
        ({"trace_id": "nonsense", "value": 1}, "'nonsense'"),
        ({"trace_id": TRACE, "span_id": object(), "value": 1}, "span_id is"),
        ({"trace_id": TRACE, "score_id": "7", "value": 1}, "score_id is '7'"),
        ({"trace_id": TRACE, "value": Unspeakable()}, "a score cannot be recorded"),
        ({"trace_id": TRACE, "label": Unspeakable()}, "a score cannot be recorded"),
        ({"trace_id": Unspeakable(), "value": 1}, "a score cannot be recorded"),
    ],
)
def test_what_cannot_be_recorded_is_logged_and_does_not_raise(
    recorder: Recorder,
    caplog: pytest.LogCaptureFixture,
    arguments: dict[str, Any],
    message: str,
) -> None:
    """The program goes on with None; the log says once what was wrong."""
    with caplog.at_level(logging.WARNING, "evalhub.tracing"):
        assert score("s", **arguments) is None
        assert score("s", **arguments) is None
    assert recorded(recorder) == []
    (line,) = caplog.messages
    assert message in line
    assert "\n" not in line
    assert recorder.stats().internal_errors == 2


def test_nothing_is_recorded_where_tracing_is_off(caplog: pytest.LogCaptureFixture) -> None:
    """Off is off: no score, no complaint."""
    configure(enabled=False)
    with trace("answer") as span:
        assert score("s", 1) is None
        assert score("s", 1, span_id=span) is None
        assert score("s", 1, trace_id=TRACE) is None
    assert caplog.messages == []


def test_text_that_no_database_takes_is_replaced(recorder: Recorder) -> None:
    """Halves of surrogate pairs and NUL do not cost the batch."""
    score("a\0b", 1, label="\ud800", explanation="x\0", trace_id=TRACE)
    (found,) = recorded(recorder)
    assert (found.name, found.label, found.explanation) == ("ab", "\\ud800", "x")


def test_scores_reach_the_store(recorder: Recorder) -> None:
    """Through the queue and the exporter into the table of scores."""
    with open_store() as store:
        configure(url=str(store.url))
        with trace("answer") as span:
            given = score("helpful", True, source="user")
        assert given is not None
        score("helpful", False, source="user", span_id=span, score_id=given)
        assert flush()
        with store.read() as connection:
            (found,) = get_scores(connection, span.trace_id)
    assert (found.score.name, found.score.value, found.source) == ("helpful", 0.0, "user")
    assert found.span_id == span.span_id
