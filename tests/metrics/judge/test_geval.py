"""G-Eval: expected grades out of hand-made logprobs over real HTTP, and from a real model."""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.errors import MetricError
from evalhub.llm.client import TokenLogprob
from evalhub.llm.endpoint import Endpoint
from evalhub.llm.openai import OpenAIChat
from evalhub.metrics import load
from evalhub.metrics.judge.geval import GEval, GEvalColumn
from evalhub.metrics.judge.token_grades import token_grade
from evalhub.model import ScoreState

Serve = Callable[..., OpenAIChat]

INPUTS = [{"question": "why?"}]


def _answer(grade: str, **likely: float) -> dict[str, Any]:
    """Return an answer of the *grade*, with the probabilities of ``t1``, ``t2`` and so on."""
    top = {name.removeprefix("t"): math.log(p) for name, p in likely.items()}
    tokens = [('{"', {'{"': -0.01}), ("score", {}), ('":', {}), (grade, top), ("}", {})]
    return {"content": f'{{"score":{grade}}}', "logprobs": tokens}


def _column(client: OpenAIChat, n: int = 1, **settings: Any) -> GEvalColumn:
    judge = GEval(client, "fluent", **{"steps": None, **settings})
    column = judge.score_batch(["text"] * n, INPUTS * n)["fluent"]
    assert isinstance(column, GEvalColumn)
    return column


def test_value_is_the_expected_grade(serve: Serve, requests: list[dict[str, Any]]) -> None:
    """The sum of p(s) s, with the probabilities of grades made to sum to 1."""
    column = _column(serve(_answer("4", t4=0.6, t5=0.2, t3=0.1, tfine=0.1)))
    np.testing.assert_allclose(column.values, [(0.6 * 4 + 0.2 * 5 + 0.1 * 3) / 0.9])
    np.testing.assert_allclose(column.mass, [0.9])
    assert column.score(0).explanation == "p(3)=0.100, p(4)=0.600, p(5)=0.200; together 0.900"
    assert column.bounds == (1.0, 5.0)
    assert (requests[0]["logprobs"], requests[0]["top_logprobs"]) == (True, 20)
    assert requests[0]["temperature"] == 0.0


def test_tokens_that_differ_in_blanks_are_one_grade(serve: Serve) -> None:
    """And grades off the scale are other tokens: 4 here is 0.5 + 0.3, 9 is left out."""
    top = {"4": math.log(0.5), " 4": math.log(0.3), "9": math.log(0.1)}
    column = _column(serve({"content": "4", "logprobs": [("4", top)]}))
    np.testing.assert_allclose((column.values[0], column.mass[0]), (4, 0.8))


def test_number_before_the_grade_is_not_taken_for_it(serve: Serve) -> None:
    """In "On 1-5: score 4" the probabilities are those of the 4."""
    tokens = [
        ("On ", {}),
        ("1", {"1": 0.0}),
        ("-5: score ", {}),
        ("4", {"4": math.log(0.5), "3": math.log(0.5)}),
    ]
    column = _column(serve({"content": "On 1-5: score 4", "logprobs": tokens}))
    np.testing.assert_allclose(column.values, [3.5])


@pytest.mark.parametrize(
    "before",
    [
        ["It names ", "4", " facts. Score: "],
        ["<think>", "4", "?</think>"],
        ["4", " facts, so 5 is near. Final score: "],
    ],
)
def test_same_digit_elsewhere_is_not_the_grade(serve: Serve, before: list[str]) -> None:
    """The probabilities are those of the digit which, were it another, would be another grade."""
    likely = {"4": math.log(0.5), "2": math.log(0.5)}
    tokens = [*((token, {token: 0.0}) for token in before), ("4", likely), (" out of 4", {})]
    text = "".join(token for token, _ in tokens)
    column = _column(serve({"content": text, "logprobs": tokens}), scale=(1, 4))
    np.testing.assert_allclose(column.values, [3])


def test_both_digits_of_a_fraction_are_told_apart(serve: Serve) -> None:
    """In "4/4" the first one is the grade."""
    likely = {"4": math.log(0.5), "2": math.log(0.5)}
    tokens = [("4", likely), ("/", {"/": 0.0}), ("4", {"4": 0.0})]
    column = _column(serve({"content": "4/4", "logprobs": tokens}), scale=(1, 4))
    np.testing.assert_allclose(column.values, [3])


@pytest.mark.parametrize("logprob", [-9999.0, -math.inf, math.nan])
def test_grade_without_probability_is_no_score(logprob: float) -> None:
    """Some endpoints give such numbers; nothing is divided by them."""
    found = token_grade("4", [TokenLogprob("4", logprob)], 1, 5)
    assert found is not None
    assert found.mass == 0
    assert math.isnan(found.value)


def test_no_mass_is_unparsed_whatever_the_least(serve: Serve) -> None:
    """With ``least_mass: 0`` a grade still needs a probability."""
    reply = {"content": "4", "logprobs": [("4", {"4": -9999.0})]}
    column = _column(serve(reply), least_mass=0)
    assert column.score(0).state is ScoreState.UNPARSED


def test_model_that_reasons_can_be_given_more_tokens(
    serve: Serve, requests: list[dict[str, Any]]
) -> None:
    """``max_tokens`` is sent, and is in the signature."""
    judge = GEval(serve(_answer("4", t4=1.0)), "fluent", steps=None, max_tokens=2000)
    judge.score_batch(["text"], INPUTS)
    assert requests[0]["max_tokens"] == 2000
    assert "|max_tokens:2000|" in judge.signature


@pytest.mark.parametrize(
    ("reply", "state", "said"),
    [
        (_answer("4", t4=0.2, tfine=0.8), ScoreState.UNPARSED, "together 0.200"),
        ({"content": "good", "logprobs": [("good", {})]}, ScoreState.UNPARSED, "no grade in: good"),
        ({"content": "4.5", "logprobs": [("4", {}), (".5", {})]}, ScoreState.UNPARSED, "no grade"),
        ({"content": "7", "logprobs": [("7", {"7": 0.0})]}, ScoreState.UNPARSED, "no grade"),
        ("4", ScoreState.ERRORED, "gives no logprobs; set 'samples'"),
        ({"refusal": "I will not."}, ScoreState.UNPARSED, "the judge refused"),
        ({"content": "4", "finish_reason": "length"}, ScoreState.UNPARSED, "cut off"),
        ("", ScoreState.UNPARSED, "answered nothing"),
        (503, ScoreState.ERRORED, "failed with 503"),
    ],
)
def test_no_grade_is_a_state(serve: Serve, reply: Any, state: ScoreState, said: str) -> None:
    """What went wrong is told by the state and explained; the value is never 0."""
    score = _column(serve(reply)).score(0)
    assert (score.value, score.state) == (None, state)
    assert said in str(score.explanation)


def test_samples_are_averaged_where_there_are_no_logprobs(
    serve: Serve, requests: list[dict[str, Any]]
) -> None:
    """Each sample is a repeat at temperature 1 with a seed of its own."""
    grades = {0: 2, 1: 4, 2: 5}
    column = _column(serve(lambda body: f'{{"score": {grades[body["seed"]]}}}'), samples=3)
    np.testing.assert_allclose(column.values, [11 / 3])
    assert np.isnan(column.mass).all()
    assert column.score(0).explanation == "mean of 3 of 3 samples"
    assert {request["temperature"] for request in requests} == {1.0}
    assert all("logprobs" not in request for request in requests)
    assert (column.spent.calls, column.spent.usage.total_tokens) == (3, 21)


def test_samples_without_a_grade_are_left_out_while_most_have_one(serve: Serve) -> None:
    """They are not 0; with half of them gone there is no score."""
    grades = {0: "Score: 2", 1: "no idea", 2: "Score: 3", 3: "no idea"}
    client = serve(lambda body: grades[body["seed"]])
    assert _column(client, samples=3).score(0).value == 2.5
    score = _column(client, samples=4).score(0)
    assert score.state is ScoreState.UNPARSED
    assert score.explanation == "2 of 4 samples hold a grade; no grade in: no idea"


def _with_steps(steps: Any) -> Callable[[Mapping[str, Any]], Any]:
    def reply(body: Mapping[str, Any]) -> Any:
        is_for_steps = "Write three to five steps" in body["messages"][0]["content"]
        return steps if is_for_steps else _answer("4", t4=0.5, t5=0.5)

    return reply


def test_steps_are_written_once_and_shown(serve: Serve, requests: list[dict[str, Any]]) -> None:
    """One question for all examples and batches; the grading prompt holds what came back."""
    client = serve(_with_steps(json.dumps({"steps": ["Read it.", "Look for errors."]})))
    judge = GEval(client, "fluent")
    for _ in range(2):
        assert judge.score_batch(["x", "y"], INPUTS * 2)["fluent"].values.tolist() == [4.5, 4.5]
    prompts = [request["messages"][0]["content"] for request in requests]
    assert len(prompts) == 5
    assert all("1. Read it.\n2. Look for errors." in prompt for prompt in prompts[1:])


@pytest.mark.parametrize(
    ("reply", "state"),
    [(500, ScoreState.ERRORED), ("I will not write steps.", ScoreState.UNPARSED)],
)
def test_without_steps_nothing_is_graded(
    serve: Serve, requests: list[Any], reply: Any, state: ScoreState
) -> None:
    """Scores of other steps would be other scores. The signature can be read all the same."""
    judge = GEval(serve(_with_steps(reply)), "fluent")
    column = judge.score_batch(["x"] * 9, INPUTS * 9)["fluent"]
    assert column.states == [state] * 9
    assert len(requests) == 1
    assert "|steps:auto:missing|" in column.signature


def test_signature_says_how_it_was_graded(serve: Serve) -> None:
    """Logprobs and samples, steps and their wording: scores of unlike ones are not compared."""
    client = serve(_with_steps(json.dumps({"steps": ["Read it."]})))
    judges = [
        GEval(client, "fluent", steps=None),
        GEval(client, "fluent", steps=None, samples=20),
        GEval(client, "fluent", steps=None, samples=10),
        GEval(client, "fluent", steps=["Read it."]),
        GEval(client, "fluent", steps=["Read it twice."]),
        GEval(client, "fluent"),
        GEval(client, "fluent", steps=None, least_mass=0.1),
        GEval(client, "fluent", steps=None, scale=(1, 3)),
        GEval(client, "one", steps=None),
        GEval(client, "two", steps=None),
    ]
    signatures = {judge.signature for judge in judges}
    assert len(signatures) == len(judges)
    assert "|by:logprobs|" in judges[0].signature
    assert "|by:20samples|" in judges[1].signature


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"scale": (5, 1)}, "scale is"),
        ({"scale": [1, 2, 3]}, "scale is"),
        ({"scale": [0.5, 2]}, "scale is"),
        ({"columns": "inputs"}, r"such as \[inputs\]"),
        ({"scale": (0, 10)}, "use at most 9, or set 'samples'"),
        ({"samples": 0}, "samples is 0"),
        ({"least_mass": 1.5}, "least_mass is 1.5"),
        ({"steps": "some"}, "steps is 'some'"),
        ({"criteria": " "}, "criteria is ' '"),
        ({"columns": ["outputs"]}, "cannot see 'outputs'"),
    ],
)
def test_unusable_setting_is_refused(serve: Serve, settings: dict[str, Any], said: str) -> None:
    """A judge that cannot work is refused before anything is asked."""
    with pytest.raises(MetricError, match=said):
        load("geval", client=serve("4"), **{"criteria": "fluent", **settings})


@given(st.dictionaries(st.integers(1, 5), st.floats(0.001, 1), min_size=1))
def test_expected_grade_lies_on_the_scale(weights: dict[int, float]) -> None:
    """Whatever the probabilities, and it is their mean as numpy computes it."""
    total = sum(weights.values())
    top = tuple((str(grade), math.log(p / total)) for grade, p in weights.items())
    token, logprob = top[0]
    found = token_grade(token, [TokenLogprob(token, logprob, top)], 1, 5)
    assert found is not None
    assert 1 - 1e-9 <= found.value <= 5 + 1e-9
    np.testing.assert_allclose(found.value, np.average(list(weights), weights=[*weights.values()]))
    np.testing.assert_allclose(found.mass, 1)


@pytest.mark.model
def test_real_model_gives_expected_grades(local_llm: str) -> None:
    """The embedded model's logprobs over the real wire: grades between the whole ones."""
    with OpenAIChat(Endpoint(local_llm, "smollm2")) as chat:
        column = _column(chat, 2, least_mass=0.2)
        sampled = _column(chat, 1, samples=3)
    assert [column.score(index).state for index in range(2)] == [ScoreState.SCORED] * 2
    assert all(1 < value < 5 for value in column.values)
    assert all(0.2 <= mass <= 1 for mass in column.mass)
    assert sampled.score(0).state in {ScoreState.SCORED, ScoreState.UNPARSED}
