"""Noise sensitivity by a model."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from evalhub.llm.openai import OpenAIChat
from evalhub.metrics.rag.noise import NoiseSensitivity
from evalhub.model import Score, ScoreState

Say = Callable[..., OpenAIChat]

INPUTS = [{"question": "q"}]
CONTEXTS = ["relevant", "irrelevant", "unused"]


def _claims(*texts: str) -> dict[str, Any]:
    return {"claims": list(texts)}


def _verdicts(*said: str) -> dict[str, Any]:
    return {"verdicts": [{"number": i, "verdict": word} for i, word in enumerate(said, 1)]}


def _sources(*rows: list[int]) -> dict[str, Any]:
    return {"statements": [{"number": i, "passages": row} for i, row in enumerate(rows, 1)]}


def _scores(
    client: OpenAIChat, contexts: list[str] = CONTEXTS, references: Any = "reference"
) -> Mapping[str, Score]:
    table = NoiseSensitivity(client).score_batch(["answer"], INPUTS, [contexts], [references])
    names = {"noise_sensitivity": "all"}
    return {
        names.get(name, name.removeprefix("noise_sensitivity_")): column.score(0)
        for name, column in table.items()
    }


def test_wrong_claims_count_by_where_they_come_from(
    say: Say, requests: list[dict[str, Any]]
) -> None:
    """By hand, five claims. The first context alone supports what the reference says.

    a: right. b: wrong, from the relevant context. c: wrong, from the irrelevant one. d: wrong,
    from both, so from a relevant one. e: wrong, from nowhere.
    """
    client = say(
        _claims("a", "b", "c", "d", "e"),
        _claims("known"),
        _verdicts("yes", "no", "no", "no", "no"),
        _sources([1], [1], [1], [2], [1, 2], []),
    )
    scores = _scores(client)
    assert scores["relevant"].value == 2 / 5
    assert scores["irrelevant"].value == 1 / 5
    assert scores["all"].value == 3 / 5
    assert scores["irrelevant"].explanation == (
        '1 of 5 claims wrong and from irrelevant contexts: "c"'
    )
    assert len(requests) == 4
    attribution = requests[3]["messages"][0]["content"]
    assert "1. known\n2. a\n3. b" in attribution
    assert "<passage_3>\nunused" in attribution


def test_claims_of_all_references_are_known(say: Say, requests: list[dict[str, Any]]) -> None:
    """What any reference says is right, and makes a context relevant."""
    client = say(
        _claims("a"),
        _claims("x"),
        _claims("y"),
        _verdicts("no"),
        _sources([], [2], [2]),
    )
    scores = _scores(client, references=["one", "two"])
    assert (scores["relevant"].value, scores["irrelevant"].value) == (1.0, 0.0)
    checked = requests[3]["messages"][0]["content"]
    assert "<passage_1>\none" in checked
    assert "<passage_2>\ntwo" in checked


def test_without_contexts_nothing_is_taken_from_them(
    say: Say, requests: list[dict[str, Any]]
) -> None:
    """A wrong claim of the model's own is no noise of the search."""
    scores = _scores(say(_claims("a"), _claims("x"), _verdicts("no")), contexts=[])
    assert {score.value for score in scores.values()} == {0.0}
    assert len(requests) == 3


@pytest.mark.parametrize(
    ("answers", "state", "reason"),
    [
        ([_claims()], ScoreState.SKIPPED, "the answer makes no claim"),
        ([_claims("a"), _claims()], ScoreState.SKIPPED, "the reference makes no claim"),
        (["?"], ScoreState.UNPARSED, "claims of the answer: "),
        ([_claims("a"), 503], ScoreState.ERRORED, "claims of the reference: "),
        ([_claims("a"), _claims("x"), "?"], ScoreState.UNPARSED, "support by the reference: "),
        (
            [_claims("a"), _claims("x"), _verdicts("no"), _sources([1])],
            ScoreState.UNPARSED,
            "attribution to the contexts: ",
        ),
        (
            [_claims("a"), _claims("x"), _verdicts("no"), _sources([1], [4])],
            ScoreState.UNPARSED,
            "attribution to the contexts: ",
        ),
    ],
)
def test_states(say: Say, answers: list[Any], state: ScoreState, reason: str) -> None:
    """Each step without an answer, and claims that are not there, are told in all columns."""
    for score in _scores(say(*answers)).values():
        assert (score.state, score.value) == (state, None)
        assert str(score.explanation).startswith(reason)
