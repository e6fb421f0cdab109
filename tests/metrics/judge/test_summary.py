"""Summaries judged by questions and answers: coverage, alignment, and what is missing."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from evalhub.errors import MetricError, MetricInputError
from evalhub.llm.openai import OpenAIChat
from evalhub.metrics import load
from evalhub.metrics.judge.spending import JudgeColumn
from evalhub.metrics.judge.summary import SummaryQuestions
from evalhub.model import Score, ScoreState

Serve = Callable[..., OpenAIChat]

SOURCE = "The cat is black. It sat on the mat."
INPUTS = [{"title": "Cats", "text": SOURCE}]
FIRST_WORDS = {
    "questions": "Read the source and write",
    "claims": "List the claims",
    "support": "Check claims",
}
GOOD: Mapping[str, Any] = {
    "questions": {"questions": ["Is it black?", "Is it tame?", "Did it sit?"]},
    "source": {"verdicts": ["yes", "no", "yes"]},
    "summary": {"verdicts": ["yes", "no"]},
    "claims": {"claims": ["It is black.", "It is big.", "It is old.", "It sat."]},
    "support": {"verdicts": ["yes", "no", "no", "no"]},
}


def _reply(answers: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], Any]:
    """Answer each of the five questions as *answers* say."""

    def reply(body: Mapping[str, Any]) -> Any:
        prompt = body["messages"][0]["content"]
        step = next((name for name, text in FIRST_WORDS.items() if prompt.startswith(text)), None)
        answer = answers[step or ("source" if "<source>" in prompt else "summary")]
        return json.dumps(answer) if "verdicts" in answer or "claims" in answer else answer

    return lambda body: _as_text(reply(body))


def _as_text(answer: Any) -> Any:
    return json.dumps(answer) if isinstance(answer, Mapping) and "refusal" not in answer else answer


def _scores(client: OpenAIChat, **settings: Any) -> tuple[Score, Score, Score]:
    judge = SummaryQuestions(client, **{"source": "text", **settings})
    table = judge.score_batch(["A black cat."], INPUTS)
    assert tuple(table) == judge.variants
    score, coverage, alignment = (column.score(0) for column in table.values())
    return score, coverage, alignment


def test_score_is_the_lower_of_coverage_and_alignment(serve: Serve) -> None:
    """One of two questions is answered, one of four claims supported."""
    score, coverage, alignment = _scores(serve(_reply(GOOD)))
    assert (coverage.value, alignment.value, score.value) == (0.5, 0.25, 0.25)
    assert coverage.explanation == "1 of 2; not answered: Did it sit?"
    assert alignment.explanation == "1 of 4; not supported: It is big. | It is old. | It sat."
    assert score.explanation == f"alignment: {alignment.explanation}"
    other = {**GOOD, "support": {"verdicts": ["yes"] * 4}}
    score, coverage, alignment = _scores(serve(_reply(other)))
    assert (coverage.value, alignment.value, score.value) == (0.5, 1, 0.5)


def test_questions_see_what_they_are_about(serve: Serve, requests: list[dict[str, Any]]) -> None:
    """The summary is asked what the source said yes to, without the source in sight."""
    _scores(serve(_reply(GOOD)))
    prompts = [request["messages"][0]["content"] for request in requests]
    assert len(prompts) == 5
    (about_summary,) = (text for text in prompts if "<summary>" in text and "1. " in text)
    assert "1. Is it black?\n2. Did it sit?" in about_summary
    assert SOURCE not in about_summary
    assert "tame" not in about_summary
    assert all("Cats" not in prompt for prompt in prompts)


def test_given_questions_save_a_request(serve: Serve, requests: list[Any]) -> None:
    """They are asked of every source; another set is another metric."""
    client = serve(_reply({**GOOD, "source": {"verdicts": ["yes", "yes"]}}))
    _, coverage, _ = _scores(client, questions=["Is it black?", "Did it sit?"])
    assert coverage.value == 0.5
    assert len(requests) == 4
    signatures = {
        SummaryQuestions(client, questions=questions).signature
        for questions in (None, ["Is it black?"], ["Did it sit?"])
    }
    assert len(signatures) == 3


@pytest.mark.parametrize(
    ("step", "answer", "states"),
    [
        ("claims", {"claims": []}, ("skipped", "scored", "skipped")),
        ("source", {"verdicts": ["no"] * 3}, ("skipped", "skipped", "scored")),
        ("questions", {"questions": []}, ("skipped", "skipped", "scored")),
        ("questions", "I will not ask.", ("unparsed", "unparsed", "scored")),
        ("support", {"verdicts": ["yes"]}, ("unparsed", "scored", "unparsed")),
        ("summary", {"refusal": "no"}, ("unparsed", "unparsed", "scored")),
        ("claims", 503, ("errored", "scored", "errored")),
    ],
)
def test_what_is_missing_is_a_state(
    serve: Serve, step: str, answer: Any, states: tuple[str, ...]
) -> None:
    """The score needs both; the other column keeps its value."""
    found = _scores(serve(_reply({**GOOD, step: answer})))
    assert tuple(score.state for score in found) == tuple(map(ScoreState, states))
    assert all(score.explanation for score in found)


def test_a_failure_tells_more_than_a_skip(serve: Serve) -> None:
    """With no claim, and no questions because of an error, the score is errored."""
    score, *_ = _scores(serve(_reply({**GOOD, "claims": {"claims": []}, "questions": 503})))
    assert score.state is ScoreState.ERRORED


def test_no_summary_and_no_source_cost_nothing(serve: Serve, requests: list[Any]) -> None:
    """Their states are those of every metric."""
    judge = SummaryQuestions(serve("x"), source="text")
    inputs = [*INPUTS * 2, {"text": " "}]
    table = judge.score_batch([None, "", "fine"], inputs)
    states = [ScoreState.ERRORED, ScoreState.SKIPPED, ScoreState.SKIPPED]
    assert [column.states for column in table.values()] == [states] * 3
    assert requests == []


def test_columns_say_what_they_cost(serve: Serve) -> None:
    """Five calls a summary, shared by the three columns."""
    judge = load("summary", client=serve(_reply(GOOD)), source="text")
    columns = list(judge.score_batch(["A black cat."] * 2, INPUTS * 2).values())
    for column in columns:
        assert isinstance(column, JudgeColumn)
        assert column.spent.calls == 10
    assert columns[0].bounds == (0.0, 1.0)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"n_questions": 0}, "n_questions is 0"),
        ({"questions": []}, "questions is empty"),
        ({"columns": ["references"]}, "only 'ids' can be added"),
    ],
)
def test_unusable_setting_is_refused(serve: Serve, settings: dict[str, Any], said: str) -> None:
    """Before anything is asked."""
    with pytest.raises(MetricError, match=said):
        SummaryQuestions(serve("x"), **settings)


def test_input_without_the_source_is_refused(serve: Serve, requests: list[Any]) -> None:
    """The message names the keys that there are; the rows before it cost nothing."""
    judge = SummaryQuestions(serve(_reply(GOOD)), source="text")
    with pytest.raises(MetricInputError, match="no 'text'; they have title"):
        judge.score_batch(["A black cat."] * 2, [*INPUTS, {"title": "Dogs"}])
    assert requests == []
