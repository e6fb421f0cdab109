"""Real Celery: the in-memory broker, and a worker in a thread."""

import logging
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery, chain  # type: ignore[import-untyped]  # it ships no types
from celery.contrib.testing.worker import start_worker  # type: ignore[import-untyped]  # as above

from evalhub.model import Span
from evalhub.tracing import configure, trace, traceable
from evalhub.tracing.context import CURRENT
from evalhub.tracing.exporters.memory import MemoryExporter
from evalhub.tracing.integrations.celery import instrument_celery, uninstrument_celery
from evalhub.tracing.testing import Recorder

app = Celery("shop", broker="memory://", backend="cache+memory://", set_as_current=False)
app.conf.worker_hijack_root_logger = False
app.conf.broker_transport_options = {"polling_interval": 0.02}
TIMEOUT_S = 30


@traceable
def inner(number: int) -> int:
    """Return *number*, as a span inside a task."""
    return number


def add_up(left: int, right: int) -> int:
    """Return the sum."""
    return inner(left + right)


def fail() -> None:
    """Fail."""
    raise ValueError("no such order")


def fail_twice(task: Any) -> str:
    """Fail twice, then succeed."""
    if task.request.retries < 2:
        raise task.retry(exc=OSError("the line is busy"), countdown=0)
    return "done"


add = app.task(name="add")(add_up)
broken = app.task(name="broken")(fail)
flaky = app.task(name="flaky", bind=True, max_retries=2)(fail_twice)


@pytest.fixture(scope="module", params=["solo", "threads"])
def worker(request: pytest.FixtureRequest) -> Iterator[None]:
    """Run a worker, with each pool that lives in a process."""
    instrument_celery()
    instrument_celery()  # the second changes nothing
    level = logging.root.level  # a worker sets it for good
    with start_worker(app, pool=request.param, perform_ping_check=False, loglevel="CRITICAL"):
        yield
    logging.root.setLevel(level)
    uninstrument_celery()


def recorded(recorder: Recorder, *names: str) -> list[Span]:
    """Return the spans once those called *names* are there: they end after the task's result."""
    deadline = time.monotonic() + TIMEOUT_S
    while Counter(names) - Counter(span.name for span in recorder.spans):
        assert time.monotonic() < deadline, recorder.spans
        time.sleep(0.01)
    return recorder.spans


def by_parent(recorder: Recorder, parent: Span) -> list[Span]:
    """Return the spans right below *parent*, in their order."""
    below = [span for span in recorder.spans if span.parent_id == parent.span_id]
    return sorted(below, key=lambda span: span.start_ns)


@pytest.mark.usefixtures("worker")
def test_a_task_is_below_its_sender(recorder: Recorder) -> None:
    """The worker's span has the sender's as parent; what the task traces is below that."""
    with trace("sender", session_id="s"):
        assert add.delay(1, right=2).get(timeout=TIMEOUT_S) == 3
    recorded(recorder, "add", "sender")
    task = recorder.span("add")
    assert task.parent_id == recorder.span("sender").span_id
    assert (task.inputs, task.outputs) == (b'{"args":[1],"kwargs":{"right":2}}', b'{"output":3}')
    assert task.session_id == "s"
    assert b'"celery.state":"SUCCESS"' in (task.attributes or b"")
    assert recorder.span("inner").parent_id == task.span_id


@pytest.mark.usefixtures("worker")
def test_tasks_do_not_leak_into_the_next(recorder: Recorder) -> None:
    """A task sent with nothing open is a root, after a task that had a parent too."""
    with trace("sender"):
        add.delay(1, 1).get(timeout=TIMEOUT_S)
    add.delay(2, 2).get(timeout=TIMEOUT_S)
    spans = recorded(recorder, "add", "add")
    first, second = (span for span in spans if span.name == "add")
    assert first.parent_id is not None
    assert second.parent_id is None
    assert CURRENT.get() is None


@pytest.mark.usefixtures("worker")
def test_a_failure_is_recorded(recorder: Recorder) -> None:
    """The exception is on the task's span; the result is what it is without us."""
    with pytest.raises(ValueError, match="no such order"):
        broken.delay().get(timeout=TIMEOUT_S)
    recorded(recorder, "broken")
    span = recorder.span("broken")
    assert (span.status, span.outputs) == ("error", None)
    assert (span.error or "").startswith("ValueError('no such order')\n\nTraceback")


@pytest.mark.usefixtures("worker")
def test_retries_stand_side_by_side(recorder: Recorder) -> None:
    """Each try is a span below the sender; those that failed say why."""
    with trace("sender"):
        assert flaky.delay().get(timeout=TIMEOUT_S) == "done"
    recorded(recorder, "flaky", "flaky", "flaky", "sender")
    tries = by_parent(recorder, recorder.span("sender"))
    assert [span.name for span in tries] == ["flaky"] * 3
    assert [span.status for span in tries] == ["error", "error", "ok"]
    assert "the line is busy" in (tries[0].error or "")
    assert [f'"celery.retries":{n}'.encode() in (tries[n].attributes or b"") for n in range(3)]


@pytest.mark.usefixtures("worker")
def test_a_chain_is_one_trace(recorder: Recorder) -> None:
    """The second task of a chain is below the first, which sent it."""
    with trace("sender") as sender:
        assert chain(add.s(1, 1), add.s(5))().get(timeout=TIMEOUT_S) == 7
    recorded(recorder, "add", "add", "sender")
    first = by_parent(recorder, recorder.span("sender"))[0]
    second = next(span for span in by_parent(recorder, first) if span.name == "add")
    assert {span.trace_id for span in recorder.spans} == {sender.trace_id}
    assert second.outputs == b'{"output":7}'


def test_an_eager_task_is_a_child(recorder: Recorder) -> None:
    """A task that its sender runs itself is below the span open there."""
    instrument_celery()
    with trace("sender") as sender:
        assert add.apply((1, 2)).get() == 3
        assert CURRENT.get() is sender
    uninstrument_celery()
    assert recorder.span("add").parent_id == sender.span_id


def test_off_changes_nothing(recorder: Recorder) -> None:
    """With tracing switched off, tasks run and nothing is recorded."""
    instrument_celery()
    exporter = MemoryExporter()
    configure(enabled=False, exporter=exporter)
    assert add.apply((1, 2)).get() == 3
    uninstrument_celery()
    assert exporter.spans == []


def test_after_uninstrument_nothing_is_recorded(recorder: Recorder) -> None:
    """Tasks are no spans any more; what they trace still is."""
    instrument_celery()
    uninstrument_celery()
    assert add.apply((1, 2)).get() == 3
    assert [span.name for span in recorder.spans] == ["inner"]
