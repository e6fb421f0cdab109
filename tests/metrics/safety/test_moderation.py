"""Moderation by the real openai client over HTTP, against a fake of the endpoint."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from evalhub.errors import MetricError
from evalhub.metrics import load
from evalhub.metrics.direction import direction_said
from evalhub.metrics.safety.moderation import Moderation
from evalhub.model import Direction, ScoreState, SpanKind
from evalhub.tracing.encode import decode
from evalhub.tracing.testing import recording

CATEGORIES = (
    *("harassment", "harassment/threatening", "hate", "hate/threatening", "illicit"),
    *("illicit/violent", "self-harm", "self-harm/intent", "self-harm/instructions"),
    *("sexual", "sexual/minors", "violence", "violence/graphic"),
)
"""As the API reference lists them for omni-moderation-latest."""


def answer(**scores: float) -> dict[str, Any]:
    """Return an answer of the API whose categories have *scores*, flagged from 0.5 on."""
    all_scores = dict.fromkeys(CATEGORIES, 0.0) | scores
    flags = {name: score >= 0.5 for name, score in all_scores.items()}
    result = {
        "flagged": any(flags.values()),
        "categories": flags,
        "category_scores": all_scores,
        "category_applied_input_types": {name: ["text"] for name in CATEGORIES},
    }
    return {"id": "modr-1", "model": "omni-moderation-latest", "results": [result]}


SCORES = {"hit him": {"violence": 0.9, "harassment": 0.6}, "rude": {"harassment": 0.3}}
"""What the fake thinks of texts; of others nothing."""


def _moderate(text: str) -> tuple[int, Any]:
    return 200, answer(**SCORES.get(text, {}))


class FakeModeration:
    """A fake of ``POST /v1/moderations``, as no local model speaks it.

    ``reply`` makes of a text the status and the body; requests are kept.
    """

    def __init__(self) -> None:
        self.reply: Callable[[str], tuple[int, Any]] = _moderate
        self.requests: list[tuple[str, dict[str, Any], str | None]] = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                fake.requests.append((self.path, body, self.headers["authorization"]))
                status, content = fake.reply(body["input"])
                data = (
                    content.encode() if isinstance(content, str) else json.dumps(content).encode()
                )
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as the base
                """Stay silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"


@pytest.fixture
def fake() -> Iterator[FakeModeration]:
    """Run a fake endpoint."""
    fake = FakeModeration()
    thread = threading.Thread(target=fake.server.serve_forever)
    thread.start()
    yield fake
    fake.server.shutdown()
    thread.join()
    fake.server.server_close()


def test_flagged_texts_score_0_with_their_categories(fake: FakeModeration) -> None:
    """Labels are the categories; the risk is the highest score, and stands beside it."""
    metric = load("moderation", endpoint=fake.url)
    table = metric.score_batch(["hello", "hit him", "rude"])
    assert table["moderation"].values.tolist() == [1, 0, 1]
    assert list(table["moderation"].labels or ()) == ["clean", "harassment, violence", "clean"]
    assert table["moderation"].score(1).explanation == "highest: violence with 0.9"
    assert table["moderation_risk"].values.tolist() == [0, 0.9, 0.3]
    assert tuple(table) == Moderation.variants
    assert direction_said(metric, "moderation_risk") is Direction.LOWER
    assert direction_said(metric, "moderation") is None


def test_requests_are_those_of_the_api(
    fake: FakeModeration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path, the model, the text and the environment's key, which is for its address."""
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    monkeypatch.setenv("OPENAI_BASE_URL", fake.url)
    for endpoint in (None, fake.url):
        load("moderation", endpoint=endpoint, moderation_model="mine").score_batch(["hello"])
    asked = ("/v1/moderations", {"input": "hello", "model": "mine"}, "Bearer secret")
    assert fake.requests == [asked, asked]


def test_a_key_goes_to_no_other_address(
    fake: FakeModeration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A suite may name any server; what the environment has for OpenAI is not for it."""
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    load("moderation", endpoint=fake.url).score_batch(["hello"])
    assert [authorization for _, _, authorization in fake.requests] == ["Bearer none"]


def test_categories_and_threshold_decide(fake: FakeModeration) -> None:
    """Only the named categories count; a threshold takes the endpoint's place."""
    metric = load("moderation", endpoint=fake.url, categories=["hate", "sexual"])
    table = metric.score_batch(["hit him"])
    assert table["moderation"].values.tolist() == [1]
    assert table["moderation_risk"].values.tolist() == [0]
    strict = load("moderation", endpoint=fake.url, threshold=0.2)
    table = strict.score_batch(["rude"])
    assert table["moderation"].values.tolist() == [0]
    assert list(table["moderation"].labels or ()) == ["harassment"]
    assert metric.signature == (
        "moderation|model:omni-moderation-latest|categories:hate+sexual|threshold:endpoint|v:1"
    )
    assert "|threshold:0.2|" in table["moderation_risk"].signature


def test_each_check_is_a_trace_apart_from_the_application(fake: FakeModeration) -> None:
    """It is in the project of evaluators, with the text, the score and the risk."""
    with recording(project="app") as recorder:
        load("moderation", endpoint=fake.url, concurrency=1).score_batch(["hit him", None])
    (span,) = recorder.spans
    assert (span.name, span.kind, span.project) == (
        *("moderation", SpanKind.EVALUATOR, "evaluators"),
    )
    assert decode(span.inputs or b"") == {"outputs": "hit him"}
    assert decode(span.outputs or b"") == {
        "score": 0.0,
        "risk": 0.9,
        "label": "harassment, violence",
    }


def test_missing_and_empty_outputs_are_not_sent(fake: FakeModeration) -> None:
    """Nothing to check is a state, not a pass."""
    column = load("moderation", endpoint=fake.url).score_batch([None, " \n", "ok"])["moderation"]
    assert column.states == (ScoreState.ERRORED, ScoreState.SKIPPED, ScoreState.SCORED)
    assert len(fake.requests) == 1


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (401, {"error": {"message": "bad key"}}, r"refused with 401: .*check OPENAI_API_KEY"),
        (400, {"error": {"message": "no such model"}}, "refused with 400"),
        (500, {"error": {"message": "oh"}}, "failed with 500"),
        (200, "not json", "gave no answer of this API"),
        (200, {"results": []}, "gave no answer of this API"),
        (200, {"results": [{"flagged": False}]}, "gave no answer of this API"),
    ],
)
def test_failures_are_errored_and_the_rest_is_kept(
    fake: FakeModeration, status: int, body: Any, reason: str
) -> None:
    """One text fails, its neighbours have their scores."""
    fake.reply = lambda text: (status, body) if text == "bad" else _moderate(text)
    metric = load("moderation", endpoint=fake.url, max_retries=0)
    column = metric.score_batch(["hello", "bad", "hit him"])["moderation"]
    assert column.states == (ScoreState.SCORED, ScoreState.ERRORED, ScoreState.SCORED)
    assert re.search(reason, column.score(1).explanation or "")


def test_a_dead_endpoint_is_asked_three_times_only() -> None:
    """After that the rest is errored at once, with the reason."""
    metric = load(
        "moderation", endpoint="http://127.0.0.1:9/v1", max_retries=0, concurrency=1, timeout=5
    )
    column = metric.score_batch(["a"] * 6)["moderation"]
    assert column.states == (ScoreState.ERRORED,) * 6
    told = [column.score(index).explanation or "" for index in range(6)]
    assert ["does not answer" in text for text in told] == [True] * 6
    assert [text.startswith("not asked: ") for text in told] == [False] * 3 + [True] * 3


@pytest.mark.parametrize("status", [401, 429])
def test_an_endpoint_that_answers_is_not_dead(fake: FakeModeration, status: int) -> None:
    """A refusal or "too many requests" does not keep the rest from being asked."""
    fake.reply = lambda text: (
        (status, {"error": {"message": "no"}}) if text == "bad" else _moderate(text)
    )
    metric = load("moderation", endpoint=fake.url, max_retries=0, concurrency=1)
    column = metric.score_batch(["bad"] * 5 + ["hello"])["moderation"]
    assert column.score(5).value == 1
    assert len(fake.requests) == 6


def test_a_request_is_repeated(fake: FakeModeration) -> None:
    """The client tries again after a failure of the server."""
    left = [(503, {"error": {"message": "busy"}})]
    fake.reply = lambda text: left.pop() if left else _moderate(text)
    column = load("moderation", endpoint=fake.url).score_batch(["hello"])["moderation"]
    assert column.values.tolist() == [1]
    assert len(fake.requests) == 2


def test_unknown_categories_are_errored(fake: FakeModeration) -> None:
    """Which there are is known only from an answer; the explanation has them."""
    metric = load("moderation", endpoint=fake.url, categories=["spam"])
    score = metric.score_batch(["hello"])["moderation"].score(0)
    assert score.state is ScoreState.ERRORED
    assert (score.explanation or "").startswith("the endpoint has no category 'spam'; it has hara")


def test_other_servers_have_other_categories(fake: FakeModeration) -> None:
    """Categories that OpenAI does not know, such as Mistral's, are read as well."""
    own = {
        "flagged": True,
        "categories": {"pii": True, "law": False},
        "category_scores": {"pii": 0.7, "law": 0.1},
    }
    fake.reply = lambda _: (200, {"id": "1", "model": "mine", "results": [own]})
    table = load("moderation", endpoint=fake.url).score_batch(["hello"])
    assert list(table["moderation"].labels or ()) == ["pii"]
    assert table["moderation_risk"].values.tolist() == [0.7]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"concurrency": 0}, "concurrency is 0"),
        ({"threshold": 1.5}, r"threshold is 1\.5"),
        ({"categories": "hate"}, "'hate'; give a list"),
        ({}, "set OPENAI_API_KEY"),
    ],
)
def test_bad_settings_are_refused(setting: dict[str, object], message: str) -> None:
    """Before a request is made; without an address there has to be a key."""
    with pytest.raises(MetricError, match=message):
        load("moderation", **setting)
