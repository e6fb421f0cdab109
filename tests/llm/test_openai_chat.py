"""The chat client, against the real embedded model and a fake of OpenAI's protocol."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from evalhub.errors import (
    EmptyAnswerError,
    ModelBusyError,
    ModelError,
    ModelUnavailableError,
)
from evalhub.llm.endpoint import Endpoint, endpoint_at, resolve_endpoint
from evalhub.llm.openai import OpenAIChat

MESSAGES = [{"role": "user", "content": "hello"}]


class FakeEndpoint:
    """A fake of the chat-completions protocol, for failures a real model does not show on demand.

    It gives the answers put into ``answers``, in order, the last one again and again, and
    keeps the requests it got.
    """

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any]] = []
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                fake.requests.append(json.loads(body))
                fake.headers.append({key.lower(): value for key, value in self.headers.items()})
                answers = fake.answers
                status, answer = answers.pop(0) if len(answers) > 1 else answers[0]
                data = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as the base
                """Stay silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = Endpoint(f"http://127.0.0.1:{self.server.server_port}/v1", "fake")


@pytest.fixture
def fake() -> Iterator[FakeEndpoint]:
    """Run a fake endpoint."""
    fake = FakeEndpoint()
    thread = threading.Thread(target=fake.server.serve_forever)
    thread.start()
    yield fake
    fake.server.shutdown()
    thread.join()
    fake.server.server_close()


@pytest.fixture
def chat(fake: FakeEndpoint) -> Iterator[OpenAIChat]:
    """Give a client of the fake that does not retry."""
    with OpenAIChat(fake.endpoint, max_retries=0) as chat:
        yield chat


def _answer(content: str | None, reason: str = "stop", **message: Any) -> dict[str, Any]:
    text = {"role": "assistant", "content": content, **message}
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "fake-2026",
        "choices": [{"index": 0, "message": text, "finish_reason": reason}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7},
    }


def _error(message: str, param: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "param": param, "type": "invalid_request_error"}}


def test_answer_has_text_model_reason_and_usage(fake: FakeEndpoint, chat: OpenAIChat) -> None:
    """What the endpoint reports is in the completion; settings not given are not sent."""
    fake.answers = [(200, _answer("hi"))]
    done = chat.complete(MESSAGES, max_tokens=9)
    assert (done.text, done.model, done.finish_reason) == ("hi", "fake-2026", "stop")
    assert done.usage is not None
    assert done.usage.total_tokens == 7
    assert fake.requests == [{"model": "fake", "messages": MESSAGES, "max_tokens": 9}]


def test_refusal_is_text_with_its_own_reason(fake: FakeEndpoint, chat: OpenAIChat) -> None:
    """A reported refusal can be told from an answer."""
    fake.answers = [(200, _answer(None, refusal="I will not."))]
    done = chat.complete(MESSAGES)
    assert (done.text, done.finish_reason) == ("I will not.", "refusal")


@pytest.mark.parametrize("reason", ["length", "content_filter", "stop"])
def test_empty_answer_is_an_error_with_its_reason(
    fake: FakeEndpoint, chat: OpenAIChat, reason: str
) -> None:
    """No text is never passed off as an empty answer."""
    fake.answers = [(200, _answer("", reason))]
    with pytest.raises(EmptyAnswerError, match=reason):
        chat.complete(MESSAGES)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_failing_endpoint_is_unavailable(fake: FakeEndpoint, chat: OpenAIChat, status: int) -> None:
    """Overload and server errors say that asking later may help, and which of the two it is."""
    fake.answers = [(status, _error("overloaded"))]
    with pytest.raises(ModelUnavailableError, match=f"failed with {status}") as caught:
        chat.complete(MESSAGES)
    assert isinstance(caught.value, ModelBusyError) is (status == 429)


def test_failure_is_retried(fake: FakeEndpoint) -> None:
    """One failure in between does not reach the caller."""
    fake.answers = [(500, _error("once")), (200, _answer("hi"))]
    with OpenAIChat(fake.endpoint, max_retries=1) as chat:
        assert chat.complete(MESSAGES).text == "hi"


def test_nobody_listening_is_unavailable() -> None:
    """A refused connection names the model and the address."""
    with (
        OpenAIChat(Endpoint("http://127.0.0.1:9/v1", "m"), max_retries=0) as chat,
        pytest.raises(ModelUnavailableError, match=r"'m' at http://127\.0\.0\.1:9/v1"),
    ):
        chat.complete(MESSAGES)


@pytest.mark.parametrize(
    ("status", "said"),
    [(400, "bad"), (401, "no key was sent: check OPENAI_API_KEY"), (404, "BASE_URL")],
)
def test_wrong_request_is_no_availability_problem(
    fake: FakeEndpoint, chat: OpenAIChat, status: int, said: str
) -> None:
    """A 4xx is the caller's to mend, and the message says where."""
    fake.answers = [(status, _error("bad"))]
    with pytest.raises(ModelError, match=said) as caught:
        chat.complete(MESSAGES)
    assert not isinstance(caught.value, ModelUnavailableError)


@pytest.mark.parametrize("garbage", ["<html>proxy</html>", '"text"', "{}", '{"choices": []}'])
def test_garbage_is_an_error(fake: FakeEndpoint, chat: OpenAIChat, garbage: str) -> None:
    """An answer that is not of this API ends in our error, not in an AttributeError."""
    fake.answers = [(200, garbage)]
    with pytest.raises(ModelError):
        chat.complete(MESSAGES)


def test_a_key_that_is_refused_is_not_called_missing(fake: FakeEndpoint) -> None:
    """Who sent a key is told where it comes from, and not that there is none."""
    fake.answers = [(401, _error("bad"))]
    endpoint = Endpoint(fake.endpoint.base_url, "fake", api_key="sk-old")
    with OpenAIChat(endpoint, max_retries=0) as chat, pytest.raises(ModelError) as caught:
        chat.complete(MESSAGES)
    assert "; check OPENAI_API_KEY, or the variable that api_key_env names" in str(caught.value)
    assert "sk-old" not in str(caught.value)


def test_keys_and_headers_are_sent_as_the_environment_has_them(
    fake: FakeEndpoint, chat: OpenAIChat
) -> None:
    """A key from a file ends with a line break; without one no word of a key is sent."""
    fake.answers = [(200, _answer("hi"))]
    chat.complete(MESSAGES)
    assert "authorization" not in fake.headers[0]
    environ = {
        "OPENAI_BASE_URL": fake.endpoint.base_url,
        "OPENAI_API_KEY": "sk-1\n",
        "OPENAI_ORG_ID": "org-1",
        "OPENAI_CUSTOM_HEADERS": "X-Team: blue\nX-Night: yes",
        "EVALHUB_MODEL": "fake",
    }
    for endpoint in (resolve_endpoint(environ), endpoint_at(fake.endpoint.base_url, "m", environ)):
        assert endpoint is not None
        with OpenAIChat(endpoint) as own:
            own.complete(MESSAGES)
        sent = fake.headers[-1]
        named = ("authorization", "openai-organization", "x-team", "x-night")
        assert [sent[name] for name in named] == ["Bearer sk-1", "org-1", "blue", "yes"]
        assert "openai-project" not in sent


def test_a_key_that_cannot_be_sent_is_not_shown(fake: FakeEndpoint) -> None:
    """A line break in the middle of it is said; the key is not."""
    endpoint = Endpoint(fake.endpoint.base_url, "fake", api_key="sk-secret\nline")
    with OpenAIChat(endpoint) as chat, pytest.raises(ModelError) as caught:
        chat.complete(MESSAGES)
    assert "the header 'authorization' for model 'fake'" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_redirect_is_told_and_not_followed(fake: FakeEndpoint, chat: OpenAIChat) -> None:
    """The key is for the host that was named."""
    fake.answers = [(308, "moved")]
    with pytest.raises(ModelError, match="refused with 308: moved; it points to nowhere"):
        chat.complete(MESSAGES)


def test_half_an_emoji_is_asked_about_all_the_same(fake: FakeEndpoint, chat: OpenAIChat) -> None:
    """An output that was cut in the middle of a letter reaches its judge."""
    fake.answers = [(200, _answer("hi"))]
    assert chat.complete([{"role": "user", "content": "\ud83d"}]).text == "hi"
    assert fake.requests[0]["messages"][0]["content"] == "\ud83d"


@pytest.mark.parametrize(
    "answer",
    [
        {**_answer("hi"), "usage": None},
        {**_answer("hi"), "usage": {"prompt_tokens": None}},
        {"choices": [{"message": {"content": "hi"}}]},
    ],
)
def test_an_answer_of_few_fields_will_do(
    fake: FakeEndpoint, chat: OpenAIChat, answer: dict[str, Any]
) -> None:
    """Servers of the protocol leave out what they do not know; the text is what counts."""
    fake.answers = [(200, answer)]
    done = chat.complete(MESSAGES)
    assert (done.text, done.usage, done.logprobs, done.tool_calls) == ("hi", None, None, ())


def test_extra_body_goes_into_the_request_as_it_is(fake: FakeEndpoint, chat: OpenAIChat) -> None:
    """What one server alone knows stands beside what all of them know."""
    fake.answers = [(200, _answer("hi"))]
    chat.complete(MESSAGES, extra_body={"top_k": 5})
    assert fake.requests == [{"model": "fake", "messages": MESSAGES, "top_k": 5}]


@pytest.mark.parametrize(
    ("arguments", "read"),
    [('{"a": 1}', {"a": 1}), ({"a": 1}, {"a": 1}), ("", {}), ("[1]", "[1]"), ("{", "{")],
)
def test_arguments_of_a_tool_are_json_or_the_text(
    fake: FakeEndpoint, chat: OpenAIChat, arguments: object, read: object
) -> None:
    """What a small model writes wrong is kept as it wrote it; some servers send the object."""
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": arguments}}
    custom = {"id": "c2", "type": "custom", "custom": {"name": "g", "input": "text"}}
    fake.answers = [(200, _answer(None, "tool_calls", tool_calls=[call, custom]))]
    done = chat.complete(MESSAGES)
    assert done.tool_calls == ({"id": "c1", "name": "f", "arguments": read},)
    assert done.text == ""


def test_refused_schema_is_left_out_from_then_on(
    fake: FakeEndpoint, chat: OpenAIChat, caplog: pytest.LogCaptureFixture
) -> None:
    """An endpoint without structured output is asked plainly, and this is logged once."""
    refusal = _error("response_format json_schema is not supported")
    fake.answers = [(400, refusal), (200, _answer("hi"))]
    for _ in range(2):
        assert chat.complete(MESSAGES, json_schema={"type": "object"}).text == "hi"
    assert ["response_format" in request for request in fake.requests] == [True, False, False]
    assert [record.message for record in caplog.records if record.name.startswith("evalhub")] == [
        "fake refuses response_format; asking without it"
    ]


def test_refused_temperature_is_left_out(fake: FakeEndpoint, chat: OpenAIChat) -> None:
    """Reasoning models take no temperature; the parameter named in the error goes."""
    fake.answers = [(400, _error("unsupported value", "temperature")), (200, _answer("hi"))]
    answer = chat.complete(MESSAGES, temperature=0.0, seed=1)
    assert (answer.text, answer.without) == ("hi", ("temperature",))
    assert fake.requests[-1] == {"model": "fake", "messages": MESSAGES, "seed": 1}
    assert chat.complete(MESSAGES, seed=1).without == ()


@pytest.mark.model
def test_real_model_follows_a_schema(local_llm: str) -> None:
    """The embedded model answers JSON of the schema that was asked for."""
    schema = {
        "type": "object",
        "properties": {"score": {"type": "integer", "enum": [1, 2, 3]}},
        "required": ["score"],
        "additionalProperties": False,
    }
    with OpenAIChat(Endpoint(local_llm, "smollm2")) as chat:
        done = chat.complete(MESSAGES, max_tokens=32, temperature=0.0, seed=0, json_schema=schema)
    assert json.loads(done.text)["score"] in {1, 2, 3}
    assert done.usage is not None


def test_a_setting_that_there_is_not_is_refused(fake: FakeEndpoint, chat: OpenAIChat) -> None:
    """As of any function; it is not left out, or sent on."""
    misspelt: dict[str, Any] = {"temprature": 0}
    with pytest.raises(TypeError, match="unexpected keyword argument 'temprature'"):
        chat.complete(MESSAGES, **misspelt)
    assert not fake.requests


def test_a_setting_that_is_none_is_not_sent(fake: FakeEndpoint, chat: OpenAIChat) -> None:
    """Callers pass on what was not given to them."""
    fake.answers = [(200, _answer("hi"))]
    chat.complete(MESSAGES, temperature=None, stop=None, top_p=0.5)
    assert {"temperature", "stop", "stop_sequences"}.isdisjoint(fake.requests[0])
    assert fake.requests[0]["top_p"] == 0.5
