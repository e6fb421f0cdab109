"""Sampling: whole traces by their ids, and the traces with errors and slow spans kept."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.config import load_settings
from evalhub.errors import ConfigError
from evalhub.model import Span
from evalhub.tracing import configure, flush, get_current_span, stats, trace, traceable
from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.ambient import tracing_context
from evalhub.tracing.context import CURRENT
from evalhub.tracing.exporters.memory import MemoryExporter
from evalhub.tracing.ids import new_id
from evalhub.tracing.process import tracer_in_force
from evalhub.tracing.sampling import Sampler, Undecided, make_sampler


@pytest.fixture
def exporter() -> MemoryExporter:
    """Keep what is exported."""
    return MemoryExporter()


@traceable
def child(n: int) -> int:
    """Be called; fail for numbers that end with 7."""
    if n % 10 == 7:
        raise ValueError(n)
    return n


@traceable
def parent(n: int) -> int:
    """Call a child twice."""
    return child(n) + child(n + 1 if n % 10 != 6 else n)


def names(exporter: MemoryExporter) -> list[str]:
    """Return the names of all spans so far."""
    assert flush(10)
    return [span.name for span in exporter.spans]


def test_traces_are_whole_or_absent(exporter: MemoryExporter) -> None:
    """Each trace has all of its three spans or none, and the share is about the rate."""
    configure(exporter=exporter, sample_rate=0.5)
    for n in range(0, 4_000, 10):
        assert parent(n) == 2 * n + 1
    sizes = Counter(span.trace_id for span in exporter.spans) if flush(10) else Counter()
    assert set(sizes.values()) == {3}
    assert 120 < len(sizes) < 280
    assert stats().sampled_out == 400 - len(sizes)
    assert stats().recorded == 3 * len(sizes)


@pytest.mark.parametrize(("rate", "share"), [(0.0, 0), (1.0, 3)])
def test_none_and_all(exporter: MemoryExporter, rate: float, share: int) -> None:
    """The ends of the scale are exact."""
    configure(exporter=exporter, sample_rate=rate)
    parent(0)
    assert len(names(exporter)) == share


def test_trace_that_is_not_sampled_is_current_and_muted(exporter: MemoryExporter) -> None:
    """Inside it nothing is recorded, not even what would be a root elsewhere."""
    configure(exporter=exporter, sample_rate=0)
    with trace("outer") as outer:
        assert not outer.recording
        assert get_current_span() is None
        with trace("inner") as inner:
            inner.set(tags=["x"])
            assert not inner.recording
        assert parent(0) == 1
    assert CURRENT.get() is None
    assert names(exporter) == []
    assert stats().sampled_out == 1


@given(st.uuids(), st.floats(0, 1), st.floats(0, 1))
def test_higher_rates_keep_what_lower_ones_keep(trace_id: Any, one: float, other: float) -> None:
    """A trace kept at one rate is kept at every higher one."""
    low, high = sorted((one, other))
    assert Sampler(low).keeps(trace_id.hex) <= Sampler(high).keeps(trace_id.hex)


def test_ids_that_count_are_sampled_evenly() -> None:
    """Neighbouring ids do not share their fate."""
    kept = [Sampler(0.25).keeps(f"{n:032x}") for n in range(4_000)]
    assert 850 < sum(kept) < 1_150


def test_processes_agree() -> None:
    """Another process with the same rate keeps the same traces."""
    ids = [new_id() for _ in range(50)]
    code = (
        "import sys; from evalhub.tracing.sampling import Sampler; "
        "print(*[int(Sampler(0.5).keeps(x)) for x in sys.argv[1:]])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, *ids], capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == [str(int(Sampler(0.5).keeps(x))) for x in ids]


def test_sampled_parent_elsewhere_is_followed(exporter: MemoryExporter) -> None:
    """What is below a span of another process that is recorded is recorded here."""
    configure(exporter=exporter, sample_rate=0)
    token = CURRENT.set(tracer_in_force().remote("1" * 32, "2" * 32))
    parent(0)
    CURRENT.reset(token)
    assert names(exporter) == ["child", "child", "parent"]


def test_surroundings_are_no_parents(exporter: MemoryExporter) -> None:
    """A ``tracing_context`` around a root neither forces nor prevents its sampling."""
    configure(exporter=exporter, sample_rate=0)
    with tracing_context(tags=["a"]):
        parent(0)
    with tracing_context(enabled="local"), trace("local") as span:
        assert span.recording == "local"
    assert names(exporter) == []
    assert stats().sampled_out == 1


def test_errors_are_kept_with_their_whole_trace(exporter: MemoryExporter) -> None:
    """A trace in which any span failed is recorded from its first span to its last."""
    configure(exporter=exporter, sample_rate=0, keep_errors=True)
    parent(0)
    with trace("root"):
        child(1)
        with pytest.raises(ValueError, match="7"):
            child(7)
        child(2)
    parent(0)
    assert names(exporter) == ["child", "child", "child", "root"]
    assert stats().sampled_out == 2


def test_slow_traces_are_kept(exporter: MemoryExporter) -> None:
    """A trace in which any span took as long as said is recorded whole."""
    configure(exporter=exporter, sample_rate=0, keep_slower_than_s=100)
    tracer = tracer_in_force()
    for seconds in (1, 100):
        start_ns = 1_000_000_000
        root = tracer.begin("root", "chain", None, start_ns=start_ns)
        assert root is not None
        inner = tracer.begin("inner", "chain", None, parent=root)
        assert inner is not None
        tracer.end(inner, inner._start_ns + 1)
        tracer.end(root, start_ns + seconds * 1_000_000_000)
    assert names(exporter) == ["inner", "root"]


@pytest.mark.parametrize("fails", [True, False])
def test_late_spans_follow_the_decision(exporter: MemoryExporter, fails: bool) -> None:
    """A span that ends after its root is kept or let go like the rest of its trace."""
    configure(exporter=exporter, sample_rate=0, keep_errors=True)
    tracer = tracer_in_force()
    root = tracer.begin("root", "chain", None)
    assert root is not None
    late = tracer.begin("late", "chain", None, parent=root)
    assert late is not None
    if fails:
        root.set_error(ValueError("x"))
    tracer.end(root, root._start_ns + 1)
    late.set_error(ValueError("y"))
    tracer.end(late, late._start_ns + 1)
    assert names(exporter) == (["root", "late"] if fails else [])


def test_spans_of_other_tracers_are_sampled_with_theirs(exporter: MemoryExporter) -> None:
    """Finished records of a trace (from OpenTelemetry) wait and are decided like our own."""
    configure(exporter=exporter, sample_rate=0, keep_errors=True)
    for digit, status in (("1", "ok"), ("2", "error")):
        for span_id, above in (("b" * 16, "a" * 16), ("a" * 16, None)):
            tracer_in_force().submit(
                Span(digit * 32, span_id, above, "p", digit, "chain", status, 1, 2)
            )
    assert names(exporter) == ["2", "2"]


def undecided(**settings: Any) -> Undecided:
    """Return a buffer of traces that keeps those with errors."""
    return Undecided(keep_errors=True, slow_ns=None, **settings)


def finished(trace_id: str, span_id: str, above: str | None, **fields: Any) -> Span:
    """Return a finished span."""
    return Span(
        trace_id, span_id, above, "p", "n", "chain", fields.pop("status", "ok"), 1, 2, **fields
    )


@pytest.mark.parametrize(
    "settings", [{"max_spans": 10, "max_bytes": 10**9}, {"max_spans": 10**9, "max_bytes": 60_000}]
)
def test_memory_is_bounded(settings: dict[str, int]) -> None:
    """When too much waits, the trace that began first is let go, and counted."""
    waiting = undecided(**settings)
    for n in range(100):
        waiting.admit(finished(f"{n}", "child", "root", inputs=b"x" * 5_000))
    assert waiting._spans <= 10
    assert waiting._bytes <= 60_000
    assert waiting.let_go >= 89
    failed = finished("0", "root", None, status="error")
    assert waiting.admit(failed) == ()
    assert len(waiting.admit(finished("99", "root", None, status="error"))) == 2


def test_decisions_are_forgotten_in_time() -> None:
    """What is remembered of past traces is bounded as well."""
    waiting = undecided()
    for n in range(30_000):
        waiting.admit(finished(f"{n}", "root", None))
    assert len(waiting._decided) <= 20_000
    assert not waiting._waiting


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
def test_forked_child_does_not_record_what_waits_in_its_parent(exporter: MemoryExporter) -> None:
    """Spans that wait for a decision stay the parent's."""
    configure(exporter=exporter, sample_rate=0, keep_errors=True)
    with trace("root") as root:
        child(1)
        pid = os.fork()
        if pid == 0:
            root.set_error(ValueError("in the child"))
            tracer_in_force().end(root, 2**60)
            flush(10)
            os._exit(len(exporter.spans))
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1
    assert names(exporter) == []


def test_reentrant_end_while_a_decision_is_made() -> None:
    """A collection that ends another span in the middle of one leaves the counts right."""
    waiting = undecided(max_spans=5)

    class Nested(list[Any]):
        def append(self, item: Any) -> None:
            super().append(item)
            if item.span_id == "outer":
                waiting.admit(finished("9", "inner", "root"))

    waiting.admit(finished("1", "first", "root"))
    waiting._waiting["1"].items = Nested(waiting._waiting["1"].items)
    waiting.admit(finished("1", "outer", "root"))
    assert waiting._spans == 3
    assert waiting.admit(finished("9", "root", None)) == ()
    assert waiting._spans == 2


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sample_rate": 1.5}, "sample_rate is 1.5; use a number from 0 to 1"),
        ({"sample_rate": float("nan")}, "sample_rate is nan"),
        ({"sample_rate": 0.5, "keep_slower_than_s": -1}, "keep_slower_than_s is -1"),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    """A rate that means nothing is an error, in one line."""
    with pytest.raises(ConfigError, match=message):
        configure(exporter=MemoryExporter(), **settings)


@pytest.mark.parametrize(("value", "spans"), [("0", 0), ("1", 3), ("0.0", 0)])
def test_variable_sets_the_rate(
    exporter: MemoryExporter, monkeypatch: pytest.MonkeyPatch, value: str, spans: int
) -> None:
    """``EVALHUB_SAMPLE_RATE`` is used where the code says nothing."""
    monkeypatch.setenv("EVALHUB_SAMPLE_RATE", value)
    configure(exporter=exporter)
    parent(0)
    assert len(names(exporter)) == spans


def test_no_sampler_without_sampling() -> None:
    """At rate 1 there is nothing to ask for a span."""
    assert make_sampler(1.0, keep_errors=True) is None
    assert isinstance(make_sampler(0.1), Sampler)


def test_unsampled_call_is_not_encoded(exporter: MemoryExporter) -> None:
    """What is not recorded is not looked at: it costs the program nothing."""
    configure(exporter=exporter, sample_rate=0)
    seen: list[Any] = []

    @traceable(process_inputs=seen.append, process_outputs=seen.append)
    def work(value: object) -> object:
        return value

    work("x")
    assert seen == []
    assert isinstance(tracer_in_force().begin("n", "chain", None), ActiveSpan)


def test_file_sets_the_rate(tmp_path: Path) -> None:
    """``evalhub.toml`` takes numbers as numbers; what is none is named."""
    file = tmp_path / "evalhub.toml"
    file.write_text("sample_rate = 0.25\nkeep_errors = true\nkeep_slower_than_s = 5\n")
    settings = load_settings({"EVALHUB_CONFIG": str(file)})
    assert (settings.sample_rate, settings.keep_errors, settings.keep_slower_than_s) == (
        0.25,
        True,
        5.0,
    )
    with pytest.raises(ConfigError, match="EVALHUB_SAMPLE_RATE is 'half'; use a number"):
        load_settings({"EVALHUB_SAMPLE_RATE": "half"})
