"""The chat client for Anthropic's API, with the real client over HTTP.

The API at the other end is a fake that speaks the documented protocol of messages: no model
that runs here does, and refusals and failures must come on demand.
"""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from evalhub.errors import (
    ConfigError,
    EmptyAnswerError,
    ModelBusyError,
    ModelError,
    ModelUnavailableError,
)
from evalhub.llm.anthropic import AnthropicChat
from evalhub.llm.endpoint import Endpoint, anthropic_endpoint
from evalhub.metrics import load
from evalhub.model import SpanKind
from evalhub.tracing.testing import recording

MESSAGES = [{"role": "user", "content": "hello"}]


class FakeAnthropic:
    """A fake of Anthropic's messages: gives ``answers`` in order, the last again and again."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any]] = []
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                fake.requests.append({"path": self.path, **json.loads(body)})
                fake.headers.append({key.lower(): value for key, value in self.headers.items()})
                answers = fake.answers
                status, answer = answers.pop(0) if len(answers) > 1 else answers[0]
                data = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.send_header("request-id", "req_1")
                self.send_header("retry-after-ms", "20")
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as the base
                """Stay silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        url = f"http://127.0.0.1:{self.server.server_port}"
        self.endpoint = Endpoint(url, "claude-test", "key-1")


@pytest.fixture
def fake() -> Iterator[FakeAnthropic]:
    """Run a fake endpoint."""
    fake = FakeAnthropic()
    thread = threading.Thread(target=fake.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield fake
    fake.server.shutdown()
    thread.join()
    fake.server.server_close()


@pytest.fixture
def chat(fake: FakeAnthropic) -> Iterator[AnthropicChat]:
    """Give a client of the fake that does not retry."""
    with AnthropicChat(fake.endpoint, max_retries=0) as chat:
        yield chat


def _answer(*texts: str, reason: str = "end_turn") -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-test-20260101",
        "content": [{"type": "text", "text": text} for text in texts],
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": {"input_tokens": 5, "cache_read_input_tokens": 3, "output_tokens": 2},
    }


def _error(kind: str, message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}


def test_answer_has_text_model_reason_and_usage(fake: FakeAnthropic, chat: AnthropicChat) -> None:
    """In the words of all clients: ``stop``, and cached tokens inside the input's."""
    fake.answers = [(200, _answer("Hello", " there"))]
    done = chat.complete(MESSAGES, max_tokens=9)
    assert (done.text, done.model, done.finish_reason) == (
        "Hello there",
        "claude-test-20260101",
        "stop",
    )
    assert done.usage is not None
    assert (done.usage.input_tokens, done.usage.cache_read_tokens) == (8, 3)
    assert fake.requests == [
        {"path": "/v1/messages", "model": "claude-test", "messages": MESSAGES, "max_tokens": 9}
    ]
    assert "key-1" in fake.headers[0]["authorization"]


def test_system_messages_schema_and_temperature_are_sent_its_way(
    fake: FakeAnthropic, chat: AnthropicChat
) -> None:
    """Bounds that the API refuses are taken out of the schema; seed and logprobs are not sent."""
    fake.answers = [(200, _answer("{}"))]
    schema = {
        "type": "object",
        "properties": {"v": {"type": "array", "items": {"type": "string"}, "minItems": 3}},
        "required": ["v"],
        "additionalProperties": False,
    }
    system = {"role": "system", "content": "Be brief."}
    chat.complete([system, *MESSAGES], temperature=0.0, seed=1, json_schema=schema, top_logprobs=5)
    (sent,) = fake.requests
    assert (sent["system"], sent["temperature"], sent["messages"]) == ("Be brief.", 0.0, MESSAGES)
    assert sent["max_tokens"] > 0
    sent_schema = sent["output_config"]["format"]["schema"]
    assert "minItems" not in sent_schema["properties"]["v"]
    assert not {"seed", "logprobs", "top_logprobs"} & set(sent)


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("refusal", "refusal"),
        ("stop_sequence", "stop"),
    ],
)
def test_stop_reasons_are_those_of_completions(
    fake: FakeAnthropic, chat: AnthropicChat, reason: str, told: str
) -> None:
    """So that judges know a cut answer and a refusal."""
    fake.answers = [(200, _answer("half", reason=reason))]
    assert chat.complete(MESSAGES).finish_reason == told


def test_answer_without_text_is_an_error(fake: FakeAnthropic, chat: AnthropicChat) -> None:
    """A refusal may come without a word."""
    fake.answers = [(200, _answer(reason="refusal"))]
    with pytest.raises(EmptyAnswerError, match="refusal"):
        chat.complete(MESSAGES)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (429, ModelBusyError),
        (529, ModelBusyError),
        (500, ModelUnavailableError),
        (408, ModelUnavailableError),
    ],
)
def test_failing_endpoint_is_unavailable(
    fake: FakeAnthropic, chat: AnthropicChat, status: int, kind: type[ModelError]
) -> None:
    """An overloaded one is told from one that is down."""
    fake.answers = [(status, _error("overloaded_error", "Overloaded"))]
    with pytest.raises(ModelUnavailableError, match=f"failed with {status}") as caught:
        chat.complete(MESSAGES)
    assert type(caught.value) is kind


def test_failure_is_retried(fake: FakeAnthropic) -> None:
    """After the pause that the answer asks for."""
    fake.answers = [(529, _error("overloaded_error", "Overloaded")), (200, _answer("hi"))]
    with AnthropicChat(fake.endpoint, max_retries=1) as chat:
        assert chat.complete(MESSAGES).text == "hi"
    assert len(fake.requests) == 2


def test_nobody_listening_is_unavailable() -> None:
    """A refused connection names the model and the address."""
    with (
        AnthropicChat(Endpoint("http://127.0.0.1:9", "m"), max_retries=0) as chat,
        pytest.raises(ModelUnavailableError, match=r"'m' at http://127\.0\.0\.1:9"),
    ):
        chat.complete(MESSAGES)


@pytest.mark.parametrize(("status", "said"), [(400, "bad"), (401, "API_KEY"), (404, "name")])
def test_wrong_request_is_no_availability_problem(
    fake: FakeAnthropic, chat: AnthropicChat, status: int, said: str
) -> None:
    """A 4xx is the caller's to mend, and the message says where."""
    fake.answers = [(status, _error("invalid_request_error", "bad"))]
    with pytest.raises(ModelError, match=said) as caught:
        chat.complete(MESSAGES)
    assert not isinstance(caught.value, ModelUnavailableError)


@pytest.mark.parametrize("garbage", ["<html>proxy</html>", '"text"', "{}"])
def test_garbage_is_an_error(fake: FakeAnthropic, chat: AnthropicChat, garbage: str) -> None:
    """An answer that is not of this API ends in our error, not in an AttributeError."""
    fake.answers = [(200, garbage)]
    with pytest.raises(ModelError):
        chat.complete(MESSAGES)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("temperature", "`temperature` is deprecated for this model."),
        ("output_config", "output_config.format: this model does not support it"),
    ],
)
def test_refused_setting_is_left_out_from_then_on(
    fake: FakeAnthropic, chat: AnthropicChat, setting: str, message: str
) -> None:
    """Models differ in what they take; one refusal is enough."""
    fake.answers = [(400, _error("invalid_request_error", message)), (200, _answer("hi"))]
    for _ in range(2):
        answer = chat.complete(MESSAGES, temperature=0.0, json_schema={"type": "object"})
        assert answer.text == "hi"
    assert [setting in request for request in fake.requests] == [True, False, False]


def test_judge_asks_it_like_any_other(fake: FakeAnthropic, chat: AnthropicChat) -> None:
    """A rubric's grade over the wire, its call recorded under the judgement."""
    fake.answers = [(200, _answer('{"explanation": "fine", "score": 4}'))]
    with recording(project="app") as recorder:
        judge = load("rubric", client=chat, criteria="fluent")
        score = judge.score_batch(["x"], [{"q": "?"}])["fluent"].score(0)
    assert (score.value, score.explanation) == (4, "fine")
    kinds = {span.name: span.kind for span in recorder.spans}
    assert kinds == {"judge fluent": SpanKind.EVALUATOR, "ChatAnthropic": SpanKind.LLM}


def test_grades_by_logprobs_say_that_there_are_none(
    fake: FakeAnthropic, chat: AnthropicChat
) -> None:
    """And what to do about it."""
    fake.answers = [(200, _answer('{"score": 4}'))]
    judge = load("geval", client=chat, criteria="fluent", steps=None)
    score = judge.score_batch(["x"], [{"q": "?"}])["fluent"].score(0)
    assert "set 'samples'" in str(score.explanation)


def test_endpoint_is_that_of_the_environment() -> None:
    """The variables are those of the anthropic client."""
    own = anthropic_endpoint("claude-test", {"ANTHROPIC_API_KEY": "k"})
    assert (own.base_url, own.api_key) == ("https://api.anthropic.com", "k")
    other = anthropic_endpoint("claude-test", {"ANTHROPIC_BASE_URL": "http://127.0.0.1:1"})
    assert other.base_url == "http://127.0.0.1:1"


@pytest.mark.parametrize(
    ("environ", "said"),
    [({}, "ANTHROPIC_API_KEY"), ({"ANTHROPIC_BASE_URL": "localhost"}, "is 'localhost'")],
)
def test_environment_that_names_no_endpoint_is_refused(environ: dict[str, str], said: str) -> None:
    """One line that says what to set."""
    with pytest.raises(ConfigError, match=said):
        anthropic_endpoint("claude-test", environ)


def test_a_setting_that_there_is_not_is_refused(fake: FakeAnthropic, chat: AnthropicChat) -> None:
    """As of any function; it is not left out, or sent on."""
    misspelt: dict[str, Any] = {"temprature": 0}
    with pytest.raises(TypeError, match="unexpected keyword argument 'temprature'"):
        chat.complete(MESSAGES, **misspelt)
    assert not fake.requests


def test_a_setting_that_is_none_is_not_sent(fake: FakeAnthropic, chat: AnthropicChat) -> None:
    """Callers pass on what was not given to them."""
    fake.answers = [(200, _answer("hi"))]
    chat.complete(MESSAGES, temperature=None, stop=None, top_p=0.5)
    assert {"temperature", "stop", "stop_sequences"}.isdisjoint(fake.requests[0])
    assert fake.requests[0]["top_p"] == 0.5
