"""Record spans in a test, with fixed ids and a fixed clock, and compare whole traces.

::

    def test_answer():
        with recording() as recorder:
            answer("hello")
        assert [span.name for span in recorder.spans] == ["retrieve", "answer"]

Whole traces compare as text, without ids and times (docs/testing-traces.md)::

        assert_same_trace(recorder, EXPECTED)

As a pytest fixture::

    @pytest.fixture
    def recorder():
        with recording() as recorder:
            yield recorder
"""

import itertools
import textwrap
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from evalhub.errors import EvalhubError
from evalhub.model import Span
from evalhub.tracing.context import CURRENT
from evalhub.tracing.exporters.memory import MemoryExporter
from evalhub.tracing.process import ACTIVE
from evalhub.tracing.redact import Redactor
from evalhub.tracing.tracer import EXIT_S, Stats, Tracer
from evalhub.tracing.trees import difference, tree

__all__ = [
    "FixedClock",
    "FixedIds",
    "Recorder",
    "assert_same_trace",
    "recording",
    "reset",
    "tree",
]

_START_NS = 1_577_836_800_000_000_000  # 2020-01-01T00:00:00Z
_STEP_NS = 1_000_000


class FixedClock:
    """A clock that says 2020-01-01 UTC and is one millisecond later at each reading."""

    def __init__(self, start_ns: int = _START_NS, step_ns: int = _STEP_NS) -> None:
        self._readings = itertools.count(start_ns, step_ns)

    def __call__(self) -> int:
        """Return nanoseconds since the Unix epoch."""
        return next(self._readings)


class FixedIds:
    """Ids that count: 1, 2, 3 with zeros before them."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def __call__(self, now_ns: int) -> str:
        """Return the next id, whatever the time."""
        return f"{next(self._numbers):032x}"


class Recorder:
    """What was recorded inside :func:`recording`."""

    def __init__(self, tracer: Tracer, exporter: MemoryExporter) -> None:
        self._tracer = tracer
        self._exporter = exporter

    @property
    def spans(self) -> list[Span]:
        """The spans that have ended, in the order in which they ended.

        Raises:
            EvalhubError: they did not arrive within ten seconds.
        """
        if not self._tracer.closed and not self._tracer.flush(10.0):
            raise EvalhubError("the recorded spans did not arrive within 10 s")
        return list(self._exporter.spans)

    def span(self, name: str) -> Span:
        """Return the only span called *name*.

        Raises:
            EvalhubError: there is none, or more than one.
        """
        found = [span for span in self.spans if span.name == name]
        if len(found) != 1:
            names = [span.name for span in self.spans]
            raise EvalhubError(f"{len(found)} spans are called {name!r}; recorded: {names}")
        return found[0]

    def stats(self) -> Stats:
        """Return the counts of the tracer that records here."""
        return self._tracer.stats()


def assert_same_trace(
    recorded: Recorder | Iterable[Span],
    expected: str | Recorder | Iterable[Span],
    *,
    payloads: bool = True,
    details: bool = False,
) -> None:
    """Compare whole traces: names, kinds, order, parents, inputs, outputs and errors.

    Ids and times do not count.

    Args:
        recorded: What the program did.
        expected: The text that :func:`tree` makes of it, or another recording.
        payloads: Whether inputs, outputs and errors count.
        details: Whether model, tokens, tags, metadata, events and attachments count too.

    Raises:
        AssertionError: they differ; the message shows where.
    """
    actual = tree(_spans_of(recorded), payloads=payloads, details=details)
    if isinstance(expected, str):
        wanted = textwrap.dedent(expected).strip("\n").rstrip()
    else:
        wanted = tree(_spans_of(expected), payloads=payloads, details=details)
    found = difference(wanted, actual)
    if found:
        raise AssertionError(f"the recorded trace is not the expected one:\n{found}")


def _spans_of(recorded: Recorder | Iterable[Span]) -> Iterable[Span]:
    return recorded.spans if isinstance(recorded, Recorder) else recorded


def reset(timeout_s: float = EXIT_S) -> None:
    """Close the tracer in force; the next traced call makes one from the settings of then.

    What waits is delivered first, for at most *timeout_s* seconds.
    """
    with ACTIVE.lock:
        before, ACTIVE.tracer = ACTIVE.tracer, None
    if before is not None:
        before.close(timeout_s)


@contextmanager
def recording(project: str = "test") -> Iterator[Recorder]:
    """Record every span of the block in memory instead of where the settings say.

    Ids count from 1 and the clock advances a millisecond at each reading, so
    that the same code gives the same spans. The tracer that was in force before
    is in force again afterwards.
    """
    exporter = MemoryExporter()
    tracer = Tracer(
        project=project,
        enabled=True,
        connect=lambda: exporter,
        clock=FixedClock(),
        new_id=FixedIds(),
        redact=Redactor(),  # moves files out of payloads, as in production
    )
    with ACTIVE.lock:
        before, ACTIVE.tracer = ACTIVE.tracer, tracer
    outer = CURRENT.get()
    CURRENT.set(None)
    try:
        yield Recorder(tracer, exporter)
    finally:
        CURRENT.set(outer)
        with ACTIVE.lock:
            ACTIVE.tracer = tracer.successor = before
        tracer.close()
