"""An HTTP endpoint as a target, over real HTTP."""

import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from evalhub.errors import (
    ConfigError,
    ModelBusyError,
    ModelError,
    ModelUnavailableError,
)
from evalhub.evals.runs.calling import call_all
from evalhub.evals.runs.pace import Limits
from evalhub.evals.runs.runner import run_experiment
from evalhub.evals.targets.answer_paths import AnswerPaths
from evalhub.evals.targets.base import TargetOutput
from evalhub.evals.targets.http_endpoint import HttpTarget
from evalhub.http.retry import pause_before_retry, status_of
from evalhub.metrics import load
from evalhub.model import Dataset, Example, Usage
from evalhub.tracing import from_headers, trace


def test_without_settings_the_inputs_are_the_body(fake: Any) -> None:
    """All inputs go as a JSON object, and a mapping with ``text`` comes back."""
    output = HttpTarget("t", fake.url)({"q": "é?", "k": 3})
    assert output == TargetOutput("hello")
    (asked,) = fake.asked
    assert (asked.method, asked.json) == ("POST", {"q": "é?", "k": 3})
    assert asked.headers["content-type"] == "application/json"


def test_the_request_is_made_of_templates(fake: Any) -> None:
    """In the body inputs keep their type; in the address they are percent-encoded."""
    target = HttpTarget(
        "t",
        fake.url + "/v1/{user}/ask?lang={lang}",
        method="PUT",
        headers={"Authorization": "Bearer {not a place}"},
        body={"messages": [{"role": "user", "content": "Q: {q}"}], "ids": "{ids}", "n": 1},
    )
    assert target.placeholders == {"user", "lang", "q", "ids"}
    target({"user": "a/b c", "lang": "&x=é", "q": "hi", "ids": [1, 2]})
    (asked,) = fake.asked
    assert (asked.method, asked.path) == ("PUT", "/v1/a%2Fb%20c/ask?lang=%26x%3D%C3%A9")
    assert asked.headers["authorization"] == "Bearer {not a place}"
    assert asked.json == {
        "messages": [{"role": "user", "content": "Q: hi"}],
        "ids": [1, 2],
        "n": 1,
    }


def test_a_get_has_no_body_and_a_text_body_is_text(fake: Any) -> None:
    """The content type says which it is."""
    HttpTarget("t", fake.url + "/?q={q}", method="GET")({"q": "x"})
    HttpTarget("t", fake.url, body="Say {q}")({"q": "é"})
    HttpTarget("t", fake.url, body={}, headers={"Content-Type": "application/x+json"})({})
    get, post, own = fake.asked
    assert own.headers["content-type"] == "application/x+json"
    assert (get.body, "content-type" in get.headers) == (b"", False)
    assert post.body == "Say é".encode()
    assert post.headers["content-type"] == "text/plain; charset=utf-8"


def test_paths_find_everything_in_the_answer(fake: Any) -> None:
    """JMESPath reaches text, contexts, ids, tool calls, tokens, cost and time."""
    fake.answer = lambda asked: (
        200,
        {
            "choices": [{"message": {"content": "Paris"}}],
            "chunks": [{"id": 7, "body": "a"}, {"id": 8, "body": "b"}],
            "calls": [{"name": "search", "arguments": {"q": "x"}}],
            "meta": {"in": 11, "out": 2, "usd": 0.001, "took": 35},
        },
    )
    answer = AnswerPaths(
        text="choices[0].message.content",
        contexts="chunks[].body",
        retrieved_ids="chunks[].id",
        tool_calls="calls",
        usage={"input_tokens": "meta.in", "output_tokens": "meta.out"},
        cost_usd="meta.usd",
        latency_ms="meta.took",
    )
    assert HttpTarget("t", fake.url, answer=answer)({"q": "?"}) == TargetOutput(
        "Paris",
        contexts=("a", "b"),
        retrieved_ids=("7", "8"),
        tool_calls=({"name": "search", "arguments": {"q": "x"}},),
        usage=Usage(11, 2),
        cost_usd=0.001,
        latency_ms=35.0,
    )


def test_paths_may_add_to_an_answer_that_is_an_output(fake: Any) -> None:
    """Without a path of the text the answer's own keys count, and paths win over them."""
    fake.answer = lambda asked: (
        200,
        {"text": "x", "cost_usd": 1, "contexts": ["old"], "docs": ["new"], "n": 4},
    )
    answer = AnswerPaths(contexts="docs", usage={"input_tokens": "n", "output_tokens": "m"})
    assert HttpTarget("t", fake.url, answer=answer)({}) == TargetOutput(
        "x", contexts=("new",), usage=Usage(4), cost_usd=1.0
    )


def test_what_is_no_text_is_written_as_json(fake: Any) -> None:
    """A path may end at an object; its text is that of an equal reference."""
    fake.answer = lambda asked: (200, {"result": {"n": [1, None]}})
    assert HttpTarget("t", fake.url, answer=AnswerPaths("result"))({}).text == '{"n": [1, null]}'


def test_a_plain_text_is_the_answer(fake: Any) -> None:
    """An endpoint need not speak JSON, and a JSON text is that text."""
    fake.answer = lambda asked: (200, "just text é")
    assert HttpTarget("t", fake.url)({}).text == "just text é"
    fake.answer = lambda asked: (200, '"quoted"')
    assert HttpTarget("t", fake.url)({}).text == "quoted"


@pytest.mark.parametrize(
    ("answer", "paths", "message"),
    [
        ({"answer": {"txt": "x"}}, {"text": "answer.text"}, "'answer.text' finds nothing in an"),
        ({"answer": None}, {"text": "answer"}, 'with the keys answer: {"answer":null}'),
        ("<html>oops", {"text": "a"}, "gave no JSON .*: '<html>oops'"),
        ([1, 2], {}, r"the target returned list.*this was an answer: \[1,2\]"),
        ({"a": "t", "c": "no list"}, {"text": "a", "contexts": "c"}, "'contexts' finds 'no list'"),
        ({"a": "t", "c": 3}, {"text": "a", "contexts": "c"}, "'contexts' finds 3"),
        ({"a": "t", "n": "7"}, {"text": "a", "usage": {"input_tokens": "n"}}, "whole number"),
        ({"a": "t", "n": "7"}, {"text": "a", "cost_usd": "n"}, "give a number"),
    ],
)
def test_an_answer_that_does_not_fit_says_what_it_had(
    fake: Any, answer: Any, paths: dict[str, Any], message: str
) -> None:
    """The error names the path and quotes the answer, in one line."""
    fake.answer = lambda asked: (200, answer)
    with pytest.raises(ModelError, match=message) as caught:
        HttpTarget("t", fake.url, answer=AnswerPaths(**paths))({})
    assert "\n" not in str(caught.value)


def test_a_long_answer_is_cut_in_the_error(fake: Any) -> None:
    """A page of HTML is no message."""
    fake.answer = lambda asked: (200, {"x": "y" * 10_000})
    with pytest.raises(ModelError) as caught:
        HttpTarget("t", fake.url, answer=AnswerPaths("text"))({})
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("status", "kind", "message"),
    [
        (400, ModelError, "answered 400: bad thing"),
        (401, ModelError, "answered 401: bad thing; check 'headers'"),
        (404, ModelError, "answered 404: bad thing; check 'url'"),
        (302, ModelError, "answered 302"),
        (408, ModelUnavailableError, "answered 408"),
        (429, ModelBusyError, "answered 429"),
        (500, ModelUnavailableError, "answered 500"),
        (503, ModelUnavailableError, "answered 503"),
    ],
)
def test_a_refusal_is_an_error_that_the_runner_knows(
    fake: Any, status: int, kind: type[ModelError], message: str
) -> None:
    """The status says whether another try is worth it; nothing is retried here."""
    fake.answer = lambda asked: (status, "bad\nthing")
    fake.headers |= {"Retry-After": "2", "Location": fake.url + "/elsewhere"}
    with pytest.raises(ModelError, match=message) as caught:
        HttpTarget("t", fake.url.replace("http://", "http://user:pw@") + "/p?key=secret")({})
    assert type(caught.value) is kind
    assert status_of(caught.value) == status
    pause = pause_before_retry(caught.value, 0)
    assert (pause is not None) == issubclass(kind, ModelUnavailableError)
    assert pause is None or pause.seconds == 2.0
    assert "secret" not in str(caught.value)
    assert "pw" not in str(caught.value)
    assert len(fake.asked) == 1


def test_a_404_of_one_address_is_that_examples_error(fake: Any) -> None:
    """Where inputs are in the address, another example may well be found."""
    fake.answer = lambda asked: (404, "none") if asked.path == "/b" else (200, {"text": "x"})
    target = HttpTarget("t", fake.url + "/{q}")
    planned = [(Example(q, {"q": q}), 0) for q in "abc"]
    calls = call_all(target, planned, limits=Limits(), on_call=lambda done: None)
    assert [call.is_done for call in calls] == [True, False, True]
    with pytest.raises(ModelError, match="answered 404"):
        call_all(
            HttpTarget("t", fake.url + "/b"), planned, limits=Limits(), on_call=lambda done: None
        )


def test_an_endpoint_that_is_down_is_one_line() -> None:
    """The address is named, and the failure may pass."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(ModelUnavailableError) as caught:
        HttpTarget("t", f"http://127.0.0.1:{port}/x")({})
    assert str(caught.value) == f"http://127.0.0.1:{port}/x does not answer: Connection refused"
    assert pause_before_retry(caught.value, 0) is not None


def test_a_slow_endpoint_is_given_up(fake: Any) -> None:
    """The timeout is named."""
    release = threading.Event()
    fake.answer = lambda asked: (200, {"text": str(release.wait(30))})
    with pytest.raises(ModelUnavailableError, match=r"does not answer within 0\.2 s"):
        HttpTarget("t", fake.url, timeout_s=0.2)({})
    release.set()


def test_an_answer_that_breaks_off_may_pass() -> None:
    """A connection cut in the middle of the body is a failure, and no shorter answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def cut() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")

        thread = threading.Thread(target=cut)
        thread.start()
        with pytest.raises(ModelUnavailableError, match="does not answer"):
            HttpTarget("t", f"http://127.0.0.1:{server.getsockname()[1]}")({})
        thread.join()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: HttpTarget("t", "localhost:80/x"), "must start with http"),
        (lambda: HttpTarget("t", "http://"), "must start with http"),
        (lambda: HttpTarget("t", "http://h/{a.b}"), "not the name of an input"),
        (lambda: HttpTarget("t", "http://h", body={"a": "{"}), "cannot be read"),
        (lambda: AnswerPaths(text="a[b"), r"the path 'a\[b' of 'text' is no JMESPath"),
        (lambda: AnswerPaths(usage={"input_tokens": ""}), "'input_tokens' is no JMESPath"),
    ],
)
def test_what_cannot_work_is_refused_when_it_is_made(
    make: Callable[[], object], message: str
) -> None:
    """Nothing is called to find out."""
    with pytest.raises(ConfigError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_connections_are_used_again_by_many_threads(fake: Any) -> None:
    """A hundred calls by eight threads open eight connections at most."""
    target = HttpTarget("t", fake.url)
    with ThreadPoolExecutor(8) as pool:
        outputs = list(pool.map(lambda n: target({"n": n}), range(100)))
    assert len(outputs) == len(fake.asked) == 100
    assert len({asked.connection for asked in fake.asked}) <= 8


def test_the_open_span_goes_along(fake: Any) -> None:
    """A traced application behind the endpoint can continue the trace of the call."""
    with trace("call") as span:
        HttpTarget("t", fake.url)({})
    found = from_headers(fake.asked[0].headers)
    assert found is not None
    assert found.trace_id == span.trace_id


def test_a_refused_connection_is_not_kept_waiting(fake: Any) -> None:
    """After an error the next call works: nothing stays broken."""
    fake.answer = lambda asked: (500, "x") if len(fake.asked) == 1 else (200, {"text": "ok"})
    target = HttpTarget("t", fake.url)
    with pytest.raises(ModelUnavailableError):
        target({})
    assert target({}).text == "ok"


def test_the_runner_waits_for_a_busy_endpoint_and_keeps_what_it_says(fake: Any) -> None:
    """A 429 is no error of the example; tokens and contexts of the answer are scored."""
    answer = {"text": "yes", "contexts": ["c"], "usage": {"input_tokens": 5, "output_tokens": 1}}
    fake.headers["Retry-After"] = "0"
    fake.answer = lambda asked: (429, "wait") if len(fake.asked) == 2 else (200, answer)
    dataset = Dataset("d", tuple(Example(str(n), {"q": n}, ("yes",)) for n in range(4)))
    experiment = run_experiment(
        HttpTarget("t", fake.url), dataset, [load("exact_match")], suite="s"
    )
    means = {summary.name: summary.mean for summary in experiment.summaries}
    assert len(fake.asked) == 5
    assert (means["exact_match"], means["input_tokens"], means["output_tokens"]) == (1.0, 5.0, 1.0)
    assert all(result.trace_id and result.error is None for result in experiment.results)
