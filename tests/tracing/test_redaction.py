"""What leaves the process: masked and hidden everywhere, and nothing when a rule fails."""

import contextlib
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.errors import ConfigError
from evalhub.model import Attachment, Span, SpanEvent, SpanScore
from evalhub.tracing import configure, flush, stats, trace, traceable
from evalhub.tracing.exporters.memory import MemoryExporter
from evalhub.tracing.process import tracer_in_force
from evalhub.tracing.propagation import to_headers
from evalhub.tracing.redact import Redactor
from evalhub.tracing.rules import TextRule, parse_mask

SECRET = "sk-proj-a1B2c3D4e5F6g7H8i9J0k1L2"
HIDDEN = {"not_recorded": "hide_inputs is on"}


class Sink:
    """Spans recorded with some settings."""

    def __init__(self, **settings: Any) -> None:
        self._exporter = MemoryExporter()
        configure(exporter=self._exporter, **settings)

    @property
    def spans(self) -> list[Span]:
        """All spans so far."""
        assert flush(10)
        return list(self._exporter.spans)

    def only(self) -> Span:
        """The only span."""
        (span,) = self.spans
        return span


@traceable
def echo(text: str) -> dict[str, str]:
    """Return what came."""
    return {"said": text}


@traceable
def stream(text: str) -> Iterator[str]:
    """Yield what came, in a sentence."""
    yield "the key"
    yield text


@traceable(reduce_fn=" ".join)
def reduced_stream(text: str) -> Iterator[str]:
    """Yield what came, in halves that only together are a key."""
    yield "key"
    yield text


@traceable
def fail(text: str) -> None:
    """Raise an error that quotes what came."""
    raise ValueError(f"cannot use {text}")


@pytest.mark.parametrize("call", [echo, stream, reduced_stream, fail])
def test_nothing_of_a_call_tells_the_secret(call: Any) -> None:
    """Inputs, outputs, streams reduced or not, errors and tracebacks are masked."""
    sink = Sink(mask=True)
    with contextlib.suppress(ValueError):
        result = call(SECRET)
        assert SECRET in str([*result] if call in (stream, reduced_stream) else result)
    span = sink.only()
    assert SECRET not in repr(span)
    assert "[masked api key]" in repr(span)


def test_everything_else_of_a_span_is_masked() -> None:
    """Names, tags, session, user, metadata, events and attachments in text are masked."""
    sink = Sink(mask=True)
    with trace(f"with {SECRET}", tags=[SECRET], metadata={"note": SECRET, "n": 1}) as span:
        span.set(session_id=SECRET, user_id="bob@example.com")
        span.add_event("event", {"password": "hunter2", "note": SECRET})
        span.attach(f"{SECRET}.txt", f"the key is {SECRET}".encode())
        span.attach("image.png", b"\x89PNG\r\n\x1a\n")
    recorded = sink.only()
    assert SECRET not in repr(recorded)
    assert recorded.user_id == "[masked email]"
    assert json.loads(recorded.events[0].attributes or b"")["password"] == "[masked]"
    assert recorded.attachments[0].data == b"the key is [masked api key]"
    assert recorded.attachments[1].data == b"\x89PNG\r\n\x1a\n"


def test_scores_are_masked() -> None:
    """What is said of a span may quote it."""
    redactor = Redactor(parse_mask(True))
    score = SpanScore("1", "2", None, "good", 1.0, SECRET, f"because {SECRET}", "user", 3)
    assert SECRET not in repr(redactor.apply_score(score))


def test_nothing_secret_is_on_disk(evalhub_home: Path) -> None:
    """What waits in the spool for a server that is away is masked too."""
    configure(url="http://127.0.0.1:9", mask=True, durable=True)
    echo(SECRET)
    written = [path.read_bytes() for path in evalhub_home.rglob("*") if path.is_file()]
    assert any(b"[masked api key]" in content for content in written)
    assert not any(SECRET.encode() in content for content in written)


def test_inputs_and_outputs_can_be_hidden() -> None:
    """With the switches on, payloads, events and attachments stay here; the rest is recorded."""
    sink = Sink(hide_inputs=True, hide_outputs=True, hide_metadata=True)
    with trace("block", inputs={"a": SECRET}, metadata={"m": SECRET}) as span:
        span.set_outputs({"b": SECRET})
        span.add_event("message", {"text": SECRET})
        span.attach("a.txt", SECRET.encode())
    recorded = sink.only()
    assert SECRET not in repr(recorded)
    assert json.loads(recorded.inputs or b"") == HIDDEN
    assert recorded.events[0].name == "message"
    assert recorded.name == "block"


def test_hiding_functions_see_the_payload() -> None:
    """A function in place of the switch says what is recorded."""
    sink = Sink(
        hide_inputs=lambda inputs: {"keys": sorted(inputs)},
        hide_outputs=lambda outputs: {"length": len(outputs["said"])},
    )
    assert echo("hello") == {"said": "hello"}
    recorded = sink.only()
    assert (recorded.inputs, recorded.outputs) == (b'{"keys":["text"]}', b'{"length":5}')


def broken(payload: Any) -> Any:
    """Raise an error that quotes the payload."""
    raise KeyError(str(payload))


@pytest.mark.parametrize(
    ("settings", "field", "note"),
    [
        ({"hide_inputs": broken}, "inputs", "hide_inputs raised KeyError"),
        ({"hide_outputs": broken}, "outputs", "hide_outputs raised KeyError"),
        ({"mask": broken}, "inputs", "a mask rule raised KeyError"),
        ({"mask": broken}, "outputs", "a mask rule raised KeyError"),
        ({"mask": TextRule("sk", broken)}, "inputs", "a mask rule raised KeyError"),
    ],
)
def test_what_fails_hides(
    settings: dict[str, Any], field: str, note: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A redaction that raises leaves a note, in the log too, and neither quotes the payload."""
    sink = Sink(**settings)
    with caplog.at_level(logging.DEBUG):
        assert echo(SECRET) == {"said": SECRET}
        recorded = sink.only()
    assert json.loads(getattr(recorded, field)) == {"not_recorded": note}
    assert note in caplog.text
    assert SECRET not in caplog.text
    assert stats().exported == 1


def test_failing_rule_hides_the_error_text() -> None:
    """An error's text is a payload too."""
    sink = Sink(mask=broken)
    with pytest.raises(ValueError, match="cannot use"):
        fail(SECRET)
    assert sink.only().error == "[not recorded: a mask rule raised KeyError]"


def test_payload_that_is_no_json_is_not_recorded() -> None:
    """What cannot be read cannot be masked: spans of other tracers bring anything."""
    span = Span("1" * 32, "2" * 32, None, "p", "n", "llm", "ok", 1, 2, inputs=b'{"password": ')
    masked = Redactor(parse_mask(True)).apply(span)
    assert json.loads(masked.inputs or b"") == {
        "not_recorded": "a mask rule raised JSONDecodeError"
    }


@given(st.binary(), st.text(), st.sampled_from([True, "true,cards", broken]))
def test_no_record_makes_it_raise(payload: bytes, text: str, mask: Any) -> None:
    """Whatever a record holds, one comes back, and what could not be read is not in it."""
    redactor = Redactor(parse_mask(mask))
    span = Span(
        "1", "2", None, "p", text, "k", "ok", 1, 2, inputs=payload, error=text, tags=(text,)
    )
    masked = redactor.apply(span)
    assert masked.span_id == "2"
    if masked.inputs != payload:
        json.loads(masked.inputs or b"")


def test_record_that_is_wrong_is_emptied() -> None:
    """When not even the fields are what they should be, nothing of them is recorded."""
    span = Span("1", "2", None, "p", SECRET, "k", "ok", 1, 2, inputs=b"{}", tags=([SECRET],))  # type: ignore[arg-type]  # the mistake
    masked = Redactor(parse_mask(True)).apply(span)
    assert SECRET not in repr(masked)
    assert masked.inputs == b'{"not_recorded":"redaction raised TypeError"}'


def test_function_masks_errors_as_payloads() -> None:
    """A function is given an error's text as ``{"error": text}``."""

    def without_keys(payload: Any) -> Any:
        return json.loads(json.dumps(payload).replace(SECRET, "KEY"))

    sink = Sink(mask=without_keys)
    with pytest.raises(ValueError, match="cannot use"):
        fail(SECRET)
    recorded = sink.only()
    assert recorded.inputs == b'{"text":"KEY"}'
    assert recorded.error is not None
    assert recorded.error.startswith("ValueError('cannot use KEY')")


def test_finished_spans_of_others_are_masked() -> None:
    """Records that other tracers made pass here as well."""
    sink = Sink(mask=True)
    event = SpanEvent("e", 1, json.dumps({"text": SECRET}).encode())
    file = Attachment("a.json", "application/json", json.dumps({"key": SECRET}).encode())
    tracer_in_force().submit(
        Span(
            "1" * 32,
            "2" * 16,
            None,
            "p",
            "n",
            "llm",
            "ok",
            1,
            2,
            events=(event,),
            attachments=(file,),
        )
    )
    assert SECRET not in repr(sink.only())


def test_masking_does_not_change_what_the_program_has() -> None:
    """Arguments and results stay as they were."""
    sink = Sink(mask=True)
    given = {"password": "hunter2"}
    assert echo(given)["said"] is given  # type: ignore[arg-type, comparison-overlap]  # any value is traced
    assert given == {"password": "hunter2"}
    assert "hunter2" not in repr(sink.only())


@pytest.mark.parametrize(
    ("variable", "value", "recorded"),
    [
        ("EVALHUB_MASK", "true", {"text": "[masked api key]"}),
        ("EVALHUB_MASK", "emails", {"text": SECRET}),
        ("EVALHUB_HIDE_INPUTS", "true", HIDDEN),
        ("EVALHUB_HIDE_OUTPUTS", "true", {"text": SECRET}),
    ],
)
def test_variables_switch_it_on(
    variable: str, value: str, recorded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who runs a program can mask what it records without touching its code."""
    monkeypatch.setenv(variable, value)
    sink = Sink()
    echo(SECRET)
    assert json.loads(sink.only().inputs or b"") == recorded


def test_headers_to_other_services_are_masked() -> None:
    """Metadata, tags, session and user do not leave the process by baggage either."""
    Sink(mask=True)
    with trace("block", tags=[SECRET], metadata={"password": "hunter2", "n": 1}) as span:
        span.set(user_id="bob@example.com", session_id=SECRET)
        baggage = unquote(to_headers()["baggage"])
    assert '"n":1' in baggage
    for secret in (SECRET, "hunter2", "bob@example.com"):
        assert secret not in baggage


def test_hidden_metadata_is_in_no_header() -> None:
    """``hide_metadata`` means the headers as well."""
    Sink(hide_metadata=True)
    with trace("block", metadata={"note": "private"}):
        assert "private" not in unquote(to_headers().get("baggage", ""))


def test_wrong_variable_records_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A mask that cannot be understood must not mean no mask."""
    monkeypatch.setenv("EVALHUB_MASK", "secert")
    with pytest.raises(ConfigError, match="mask names 'secert'"):
        configure(exporter=MemoryExporter())
    assert echo("x") == {"said": "x"}
    assert not tracer_in_force().enabled
    assert "mask names 'secert'" in caplog.text


@pytest.mark.parametrize("what", ["process_inputs", "process_outputs", "process_chunk"])
def test_processing_functions_fail_closed(what: str) -> None:
    """A function of the decorator that raises leaves a note in place of what it was for."""
    sink = Sink()

    @traceable(**{what: broken})  # type: ignore[call-overload, untyped-decorator, unused-ignore]  # any keyword
    def speak(text: str) -> Iterator[str]:
        yield text

    assert list(speak(SECRET)) == [SECRET]
    recorded = sink.only()
    payload = recorded.inputs if what == "process_inputs" else recorded.outputs
    assert payload is not None
    assert SECRET.encode() not in payload
    assert b"not_recorded" in payload
