"""Answer relevancy, on the real encoder."""

from collections.abc import Callable
from typing import Any

import pytest

from evalhub.errors import MetricError, ModelError
from evalhub.llm.openai import OpenAIChat
from evalhub.metrics.rag.relevancy import AnswerRelevancy, AnswerRelevancyEncoder
from evalhub.metrics.semantic.encoder import load_encoder
from evalhub.model import Score, ScoreState

Say = Callable[..., OpenAIChat]

QUESTION = "Where was Einstein born?"
INPUTS = [{"question": QUESTION}]
GUESSES = ["In which town was Einstein born?", "Who was born in Ulm?", "What is Ulm?"]


def _score(client: OpenAIChat, **settings: Any) -> Score:
    metric = AnswerRelevancy(client, **settings)
    return metric.score_batch(["In Ulm."], INPUTS)["answer_relevancy"].score(0)


def _mean_cosine(guesses: list[str]) -> float:
    vectors = load_encoder("minilm").embed([QUESTION, *guesses])
    return float((vectors[1:] @ vectors[0]).mean())


@pytest.mark.model
def test_the_value_is_the_mean_cosine_with_the_guessed_questions(
    say: Say, requests: list[dict[str, Any]]
) -> None:
    """All are guessed from the answer alone, in one request; they are told with their cosines."""
    score = _score(say({"noncommittal": "no", "questions": GUESSES}))
    assert score.value == pytest.approx(_mean_cosine(GUESSES), abs=1e-6)
    assert GUESSES[0] in str(score.explanation)
    (request,) = requests
    prompt = request["messages"][0]["content"]
    assert "In Ulm." in prompt
    assert QUESTION not in prompt


@pytest.mark.model
def test_more_questions_than_asked_for_do_not_count_and_fewer_do(say: Say) -> None:
    """The mean is over the first n; a model that guesses two of three gives a mean of two."""
    more = _score(say({"noncommittal": "no", "questions": GUESSES}), n=2)
    fewer = _score(say({"noncommittal": "no", "questions": GUESSES[:2]}), n=3)
    assert more.value == fewer.value == pytest.approx(_mean_cosine(GUESSES[:2]), abs=1e-6)


@pytest.mark.model
def test_the_same_question_scores_one(say: Say) -> None:
    """An answer from which just the question is guessed fits it fully."""
    score = _score(say({"noncommittal": False, "questions": [QUESTION]}))
    assert score.value == pytest.approx(1.0, abs=1e-6)


@pytest.mark.model
def test_a_noncommittal_answer_scores_zero(say: Say) -> None:
    """However much its guessed questions are like the one asked."""
    score = _score(say({"noncommittal": "yes", "questions": [QUESTION]}))
    assert (score.value, score.explanation) == (0.0, "the answer is noncommittal")


@pytest.mark.model
@pytest.mark.parametrize(
    "answer",
    [
        {"questions": GUESSES},
        {"noncommittal": "perhaps", "questions": GUESSES},
        {"noncommittal": "no", "questions": []},
        "Einstein was born in Ulm.",
    ],
)
def test_an_answer_without_questions_or_verdict_is_unparsed(say: Say, answer: Any) -> None:
    """Both are needed; neither is guessed."""
    score = _score(say(answer))
    assert score.state is ScoreState.UNPARSED
    assert str(score.explanation).startswith("questions: ")


@pytest.mark.model
def test_values_are_cosines_and_say_so(say: Say) -> None:
    """The bounds are -1 and 1; encoder and number of questions are in the signature."""
    client = say({"noncommittal": "yes", "questions": ["x"]})
    metric = AnswerRelevancy(client)
    assert metric.score_batch(["x"], INPUTS)["answer_relevancy"].bounds == (-1.0, 1.0)
    encoder = load_encoder("minilm")
    assert f"|n:3|encoder:minilm|encoder_weights:{encoder.fingerprint}|" in metric.signature


@pytest.mark.model
def test_without_a_model_the_answer_itself_is_compared() -> None:
    """The value is the cosine of question and answer; an answer off the subject has less."""
    metric = AnswerRelevancyEncoder(question="q")
    outputs = ["Einstein was born in Ulm.", "Bananas are yellow.", None, ""]
    column = metric.score_batch(outputs, [{"q": QUESTION, "other": "x"}] * 4)[metric.name]
    vectors = load_encoder("minilm").embed([QUESTION, outputs[0] or ""])
    assert column.values[0] == pytest.approx(float(vectors[0] @ vectors[1]), abs=1e-6)
    assert column.values[0] > 0.5 > column.values[1]
    assert [column.score(index).state for index in (2, 3)] == ["errored", "skipped"]
    assert column.bounds == (-1.0, 1.0)


def test_unusable_settings_are_refused(say: Say) -> None:
    """None of them reaches the model."""
    with pytest.raises(MetricError, match="n is 0"):
        AnswerRelevancy(say(), n=0)
    with pytest.raises(ModelError, match="there is no encoder 'nowhere'"):
        _ = AnswerRelevancyEncoder(encoder="nowhere").signature
