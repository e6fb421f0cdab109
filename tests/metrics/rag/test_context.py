"""Context precision and recall by a model."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from evalhub.llm.openai import OpenAIChat
from evalhub.metrics.rag.context import ContextPrecision, ContextRecall
from evalhub.metrics.rag.ranking import average_precision
from evalhub.metrics.rag.retrieval import Retrieval
from evalhub.model import Score, ScoreState

Say = Callable[..., OpenAIChat]

INPUTS = [{"query": "Where is the tower?", "language": "en"}]
REFERENCE = "The tower is in Paris. It is 330 m high [1]. It was built in 1889."


def _verdicts(*said: str) -> dict[str, Any]:
    return {"verdicts": [{"number": i, "verdict": word} for i, word in enumerate(said, 1)]}


def _precision(client: OpenAIChat, n: int) -> Score:
    contexts = [f"chunk {number}" for number in range(n)]
    metric = ContextPrecision(client)
    return metric.score_batch([contexts], INPUTS, [REFERENCE])["context_precision"].score(0)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (("yes", "no", "yes"), (1 / 1 + 2 / 3) / 2),
        (("no", "yes", "yes", "no"), (1 / 2 + 2 / 3) / 2),
        (("yes", "yes"), 1.0),
        (("no", "no", "yes"), 1 / 3),
        (("no", "no"), 0.0),
    ],
)
def test_precision_is_average_precision(say: Say, said: tuple[str, ...], expected: float) -> None:
    """By hand: precision at each useful rank, averaged over the useful ones."""
    assert _precision(say(_verdicts(*said)), len(said)).value == pytest.approx(expected)


@given(st.lists(st.booleans(), min_size=1, max_size=30))
def test_average_precision_is_that_of_trec_eval(relevant: list[bool]) -> None:
    """With the useful chunks as the relevant ids, trec_eval's map is the same."""
    assume(any(relevant))
    ids = [str(rank) for rank in range(len(relevant))]
    wanted = [item for item, holds in zip(ids, relevant, strict=True) if holds]
    column = Retrieval("map").score_batch([ids], [wanted])["map"]
    assert average_precision(relevant) == pytest.approx(column.values[0], abs=1e-6)


def test_precision_asks_once_with_question_reference_and_all_chunks(
    say: Say, requests: list[dict[str, Any]]
) -> None:
    """The input called ``query`` is the question; useless chunks are told by their rank."""
    score = _precision(say(_verdicts("yes", "no")), 2)
    (request,) = requests
    prompt = request["messages"][0]["content"]
    for part in ("Where is the tower?", "330 m high", "<passage_1>\nchunk 0", "<passage_2>"):
        assert part in prompt
    assert score.explanation == "1 of 2 contexts useless: 2"


def test_precision_of_nothing_is_zero_and_without_reference_skipped(
    say: Say, requests: list[dict[str, Any]]
) -> None:
    """A search without results failed; one that cannot be checked says nothing."""
    metric = ContextPrecision(say())
    column = metric.score_batch([[], ["a"], None], INPUTS * 3, ["r", None, "r"])[metric.name]
    assert column.score(0).value == 0.0
    assert [column.score(index).state for index in (1, 2)] == ["skipped", "errored"]
    assert requests == []


def test_recall_is_supported_sentences_over_sentences(
    say: Say, requests: list[dict[str, Any]]
) -> None:
    """Sentences are parted here and not by the model; citations in them do not count."""
    metric = ContextRecall(say(_verdicts("yes", "no", "yes")))
    score = metric.score_batch([["a", "b"]], [REFERENCE])[metric.name].score(0)
    assert score.value == 2 / 3
    assert score.explanation == '1 of 3 reference sentences unsupported: "It is 330 m high."'
    prompt = requests[0]["messages"][0]["content"]
    assert "1. The tower is in Paris.\n2. It is 330 m high.\n3. It was built in 1889." in prompt


def test_the_best_reference_counts(say: Say, requests: list[dict[str, Any]]) -> None:
    """References are alternatives: each is asked for, and the highest recall is taken."""
    metric = ContextRecall(say(_verdicts("no", "yes"), _verdicts("yes")))
    score = metric.score_batch([["a"]], [["One. Two.", "Three."]])[metric.name].score(0)
    assert score.value == 1.0
    assert len(requests) == 2


def test_recall_without_contexts_is_zero_and_without_reference_skipped(say: Say) -> None:
    """None of it was retrieved; a reference of no words cannot be looked for."""
    metric = ContextRecall(say())
    column = metric.score_batch([[], ["a"], ["a"]], ["One.", "...", " "])[metric.name]
    assert column.score(0).value == 0.0
    assert [column.score(index).state for index in (1, 2)] == ["skipped", "skipped"]


def test_steps_are_named_in_the_state(say: Say) -> None:
    """The reader of a report sees what could not be asked."""
    precision = _precision(say("no idea"), 2)
    recall = ContextRecall(say(503)).score_batch([["a"]], ["One."])["context_recall"].score(0)
    assert precision.state is ScoreState.UNPARSED
    assert str(precision.explanation).startswith("usefulness of the contexts: ")
    assert recall.state is ScoreState.ERRORED
    assert str(recall.explanation).startswith("support of the reference: ")
