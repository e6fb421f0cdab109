"""Answer correctness, on the real encoder."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from evalhub.errors import MetricError
from evalhub.llm.openai import OpenAIChat
from evalhub.metrics.rag.correctness import AnswerCorrectness
from evalhub.metrics.semantic.encoder import load_encoder
from evalhub.model import Score, ScoreState

Say = Callable[..., OpenAIChat]

INPUTS = [{"question": "Where and when was Einstein born?"}]
ANSWER = "Einstein was born in Ulm in 1880."
REFERENCE = "He was born in Ulm, in 1879."


def _claims(*texts: str) -> dict[str, Any]:
    return {"claims": list(texts)}


def _verdicts(*said: str) -> dict[str, Any]:
    return {"verdicts": [{"number": i, "verdict": word} for i, word in enumerate(said, 1)]}


def _scores(
    client: OpenAIChat, references: str | list[str] = REFERENCE, **settings: Any
) -> Mapping[str, Score]:
    metric = AnswerCorrectness(client, **settings)
    table = metric.score_batch([ANSWER], INPUTS, [references])
    return {
        name.removeprefix("answer_correctness").lstrip("_") or "all": column.score(0)
        for name, column in table.items()
    }


def _cosine(reference: str) -> float:
    vectors = load_encoder("minilm").embed([ANSWER, reference])
    return float(vectors[0] @ vectors[1])


@pytest.mark.model
def test_the_value_is_the_weighted_mean_of_its_parts(
    say: Say, requests: list[dict[str, Any]]
) -> None:
    """TP 2, FP 1, FN 1: F1 = 2 / (2 + 1); three quarters of it and one of the cosine."""
    client = say(
        _claims("a", "b", "c"),
        _claims("x", "y"),
        _verdicts("yes", "no", "yes"),
        _verdicts("yes", "no"),
    )
    scores = _scores(client)
    assert scores["claims"].value == pytest.approx(2 / 3)
    assert scores["similarity"].value == pytest.approx(_cosine(REFERENCE), abs=1e-6)
    assert scores["all"].value == pytest.approx(0.75 * 2 / 3 + 0.25 * _cosine(REFERENCE), abs=1e-6)
    assert scores["claims"].explanation == (
        '1 of 3 claims of the answer unsupported: "b"; 1 of 2 claims of the reference absent: "y"'
    )
    true, covered = (request["messages"][0]["content"] for request in requests[2:])
    assert f"<passage_1>\n{REFERENCE}" in true
    assert f"<passage_1>\n{ANSWER}" in covered


@pytest.mark.model
@pytest.mark.parametrize(("weights", "share"), [((1, 0), 1.0), ((0, 3), 0.0), ((2, 2), 0.5)])
def test_only_the_ratio_of_weights_matters(
    say: Say, weights: tuple[float, float], share: float
) -> None:
    """The bounds follow the weights, because a cosine may be negative."""
    client = say(_claims("a"), _claims("x"), _verdicts("yes"), _verdicts("yes"))
    metric = AnswerCorrectness(client, weights=weights)
    column = metric.score_batch([ANSWER], INPUTS, [REFERENCE])["answer_correctness"]
    assert column.values[0] == pytest.approx(share + (1 - share) * _cosine(REFERENCE), abs=1e-6)
    assert column.bounds == (share - 1, 1.0)


@pytest.mark.model
def test_an_answer_without_claims_has_an_f1_of_zero(say: Say) -> None:
    """It says nothing of what is known; what it lacks is told."""
    scores = _scores(say(_claims(), _claims("x"), _verdicts("no")))
    assert scores["claims"].value == 0.0
    assert str(scores["claims"].explanation).endswith('claims of the reference absent: "x"')


@pytest.mark.model
def test_the_best_reference_counts(say: Say) -> None:
    """One without claims is left out; the answer's claims are asked for once."""
    client = say(
        _claims("a"),
        *(_claims("x"), _verdicts("no"), _verdicts("no")),
        _claims(),
        *(_claims("y"), _verdicts("yes"), _verdicts("yes")),
    )
    scores = _scores(client, ["first", "second", "third"])
    assert scores["claims"].value == 1.0
    assert scores["similarity"].value == pytest.approx(_cosine("third"), abs=1e-6)


@pytest.mark.model
@pytest.mark.parametrize(
    ("answers", "state", "reason"),
    [
        ([_claims("a"), _claims()], ScoreState.SKIPPED, "the reference makes no claim"),
        ([503], ScoreState.ERRORED, "claims of the answer: "),
        ([_claims("a"), "?"], ScoreState.UNPARSED, "claims of the reference: "),
        ([_claims("a"), _claims("x"), "?"], ScoreState.UNPARSED, "support by the reference: "),
        (
            [_claims("a"), _claims("x"), _verdicts("yes"), 503],
            ScoreState.ERRORED,
            "support by the answer: ",
        ),
    ],
)
def test_states(say: Say, answers: list[Any], state: ScoreState, reason: str) -> None:
    """Each step without an answer is the state of all columns, also of the cosine."""
    for score in _scores(say(*answers)).values():
        assert (score.state, score.value) == (state, None)
        assert str(score.explanation).startswith(reason)


@pytest.mark.model
def test_weights_and_encoder_are_in_the_signature(say: Say) -> None:
    """Weights as shares, so that 3 to 1 and 0.75 to 0.25 are the same metric."""
    client = say()
    signatures = {
        AnswerCorrectness(client, weights=weights).signature
        for weights in ((3, 1), (0.75, 0.25), (1, 1))
    }
    assert len(signatures) == 2
    assert any("|weights:0.75:0.25|encoder:minilm|" in item for item in signatures)


@pytest.mark.parametrize("weights", [(0, 0), (-1, 2), (1,), (1, 1, 1)])
def test_unusable_weights_are_refused(say: Say, weights: Any) -> None:
    """They must weigh two parts, and at least one of them."""
    with pytest.raises(MetricError, match="weights are"):
        AnswerCorrectness(say(), weights=weights)
