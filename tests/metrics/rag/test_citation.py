"""Citation accuracy (ALCE) and citation validity."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from evalhub.llm.openai import OpenAIChat
from evalhub.metrics.rag.citation import CitationAccuracy
from evalhub.metrics.rag.citation_validity import CitationValidity
from evalhub.model import Score, ScoreState

Say = Callable[..., OpenAIChat]

CONTEXTS = ["first", "second", "third"]


def _verdicts(*said: str) -> dict[str, Any]:
    return {"verdicts": [{"number": i, "verdict": word} for i, word in enumerate(said, 1)]}


def _scores(client: OpenAIChat, answer: str) -> Mapping[str, Score]:
    table = CitationAccuracy(client).score_batch([answer], [CONTEXTS])
    return {name.removeprefix("citation_"): column.score(0) for name, column in table.items()}


def test_single_citations_are_right_where_their_sentence_is_supported(
    say: Say, requests: list[dict[str, Any]]
) -> None:
    """Of three sentences two are supported: recall 2/3, and precision 2/3; one request."""
    scores = _scores(say(_verdicts("yes", "no", "yes")), "A is so [1]. B is so.[2] C is so [3].")
    assert [scores[name].value for name in ("precision", "recall")] == [2 / 3, 2 / 3]
    assert scores["accuracy"].value == pytest.approx(2 / 3)
    assert scores["recall"].explanation == '1 of 3 sentences unsupported: "B is so."'
    assert scores["precision"].explanation == (
        '1 of 3 citations wrong or needless: [2] of "B is so."'
    )
    (request,) = requests
    prompt = request["messages"][0]["content"]
    assert "1. Passage 1: A is so.\n2. Passage 2: B is so.\n3. Passage 3: C is so." in prompt


def test_a_needless_citation_costs_precision(say: Say, requests: list[dict[str, Any]]) -> None:
    """ALCE: it supports nothing alone, and the others support the sentence without it."""
    # Asked: [1][2][3] together; then 1, 2+3, 2, 1+3, 3, 1+2.
    client = say(_verdicts("yes"), _verdicts("yes", "no", "no", "yes", "no", "yes"))
    scores = _scores(client, "A is so [1][2][3].")
    assert scores["recall"].value == 1.0
    assert scores["precision"].value == 1 / 3
    assert scores["accuracy"].value == pytest.approx(0.5)
    assert scores["precision"].explanation == (
        '2 of 3 citations wrong or needless: [2] of "A is so."; [3] of "A is so."'
    )
    prompts = [request["messages"][0]["content"] for request in requests]
    assert "1. Passages 1, 2 and 3: A is so." in prompts[0]
    assert "4. Passages 1 and 3: A is so." in prompts[1]


def test_citations_that_support_only_together_are_all_needed(
    say: Say, requests: list[dict[str, Any]]
) -> None:
    """Neither alone, and not without the other; what is alike is asked for once only."""
    # Asked: [1, 2] together; then 1 (which is 2's others) and 2 (which is 1's others).
    scores = _scores(say(_verdicts("yes"), _verdicts("no", "no")), "A and B are so [1, 2].")
    assert scores["precision"].value == 1.0
    schema = requests[1]["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["verdicts"]["minItems"] == 2


def test_unsupported_sentences_are_not_asked_about_again(
    say: Say, requests: list[dict[str, Any]]
) -> None:
    """All their citations are wrong, so that no second question is needed."""
    scores = _scores(say(_verdicts("no")), "A is so [1][2].")
    assert [scores[name].value for name in ("accuracy", "precision", "recall")] == [0, 0, 0]
    assert len(requests) == 1


def test_sentences_without_or_with_absent_citations_are_not_supported(
    say: Say, requests: list[dict[str, Any]]
) -> None:
    """They are not asked about; a number that is not there is a wrong citation."""
    scores = _scores(say(_verdicts("yes")), "A is so [1]. B is so. C is so [2][7].")
    assert scores["recall"].value == 1 / 3
    assert scores["precision"].value == 1 / 3
    assert scores["recall"].explanation == (
        '2 of 3 sentences unsupported: "B is so." (cites nothing); "C is so." ([7] is not there)'
    )
    assert "B is so" not in requests[0]["messages"][0]["content"]


def test_an_answer_without_citations_has_recall_zero_and_no_precision(
    say: Say, requests: list[dict[str, Any]]
) -> None:
    """There is no share of nothing; the mean of both is 0. No request is made."""
    scores = _scores(say(), "A is so.")
    assert (scores["accuracy"].value, scores["recall"].value) == (0.0, 0.0)
    assert scores["precision"].state is ScoreState.SKIPPED
    assert requests == []


def test_a_repeated_sentence_counts_each_time_and_is_asked_about_once(say: Say) -> None:
    """The same words with the same citation have the same verdict."""
    scores = _scores(say(_verdicts("yes")), "A is so [1]. A is so [1]. B is so.")
    assert scores["recall"].value == 2 / 3
    assert scores["precision"].value == 1.0


@pytest.mark.parametrize(
    ("answers", "state", "step"),
    [
        (["?"], ScoreState.UNPARSED, "support of the sentences: "),
        ([_verdicts("yes"), 503], ScoreState.ERRORED, "need of the citations: "),
    ],
)
def test_a_step_without_an_answer_is_the_state_of_all_columns(
    say: Say, answers: list[Any], state: ScoreState, step: str
) -> None:
    """Half a judgement is none."""
    for score in _scores(say(*answers), "A is so [1][2].").values():
        assert score.state is state
        assert str(score.explanation).startswith(step)


def test_an_answer_without_a_sentence_is_skipped(say: Say) -> None:
    """There is nothing that could be supported."""
    assert {score.state for score in _scores(say(), "…").values()} == {ScoreState.SKIPPED}


def test_validity_is_the_share_of_citations_whose_context_is_there() -> None:
    """Numbers count once a sentence; those that are absent and bare sentences are told."""
    answer = "A is so [1][9]. B is so. C is so [3, 1][3]."
    table = CitationValidity().score_batch([answer], [CONTEXTS])
    validity, coverage = (column.score(0) for column in table.values())
    assert (validity.value, coverage.value) == (3 / 4, 2 / 3)
    assert validity.explanation == "1 of 4 citations not among the 3 contexts: [9]"
    assert coverage.explanation == '1 of 3 sentences without citation: "B is so."'


def test_validity_of_no_citation_is_skipped() -> None:
    """There is nothing that could be invalid; its coverage is 0."""
    table = CitationValidity().score_batch(["A is so.", "…", None], [CONTEXTS] * 3)
    validity, coverage = table.values()
    assert [validity.score(i).state for i in range(3)] == ["skipped", "skipped", "errored"]
    assert [coverage.score(i).state for i in range(3)] == ["scored", "skipped", "errored"]
    assert coverage.values[0] == 0.0


def test_zero_is_no_context() -> None:
    """Contexts are counted from 1."""
    table = CitationValidity().score_batch(["A [0]."], [CONTEXTS])
    assert table["citation_validity"].values[0] == 0.0
