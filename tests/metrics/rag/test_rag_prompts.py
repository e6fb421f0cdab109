"""The room's prompts, its catalogue, and all of its judges on a real model."""

from typing import Any

import pytest

from evalhub.llm.endpoint import Endpoint
from evalhub.llm.openai import OpenAIChat
from evalhub.metrics import load
from evalhub.metrics.base import COLUMNS
from evalhub.metrics.rag.catalog import CATALOG
from evalhub.metrics.rag.judged import JudgedMetric
from evalhub.metrics.rag.material import ask_about, named_hash
from evalhub.model import ScoreState

JUDGES = (
    "answer_correctness",
    "answer_relevancy",
    "citation_accuracy",
    "context_precision",
    "context_recall",
    "faithfulness",
    "noise_sensitivity",
)
WITHOUT_CLIENT = tuple(name for name in CATALOG if name not in JUDGES)
COLUMN: dict[str, list[Any]] = {
    "outputs": ["The Eiffel Tower is in Paris [1]. It is 400 m high [2]."],
    "inputs": [{"question": "Where is the Eiffel Tower, and how high is it?"}],
    "contexts": [["The Eiffel Tower is in Paris.", "It is 330 m high."]],
    "references": ["It is in Paris and 330 m high."],
    "metadata": [{"reference_contexts": ["The Eiffel Tower is in Paris."]}],
    "retrieved_ids": [["a", "b"]],
    "relevant_ids": [["b"]],
}
SETTINGS = {"recall_at_k": 2, "precision_at_k": 2, "hit_at_k": 2}


def test_released_prompts_stay_as_they_are() -> None:
    """Editing a released prompt would make old scores look comparable: add a new file."""
    names = ("claims", "support", "citations", "usefulness", "attribution", "questions")
    assert [named_hash(f"{name}_v1") for name in names] == [
        "claims_v1:b8c87c9d",
        "support_v1:655e1386",
        "citations_v1:828e70e1",
        "usefulness_v1:df4f168a",
        "attribution_v1:14727c88",
        "questions_v1:e8ee69dd",
    ]


def test_prompts_name_how_many_items_are_wanted() -> None:
    """No place of a template is left open."""
    for name in ("support_v1", "citations_v1", "usefulness_v1", "attribution_v1", "questions_v1"):
        prompt = ask_about(name, ["<text>\nx\n</text>"], 7)
        assert "7" in prompt
        assert "$" not in prompt


@pytest.mark.model
@pytest.mark.parametrize("name", WITHOUT_CLIENT)
def test_what_the_catalogue_says_is_what_is_loaded(name: str) -> None:
    """Columns are as told, the signature begins with the name, and a score comes out."""
    metric = load(name, **({"k": 2} if name in SETTINGS else {}))
    assert metric.requires == CATALOG[name].requires
    assert set(metric.requires) <= set(COLUMNS)
    assert metric.signature.startswith(f"{metric.name}|")
    table = metric.score_batch(*(COLUMN[column] for column in metric.requires))
    assert metric.name in table
    assert all(column.score(0).state is ScoreState.SCORED for column in table.values())
    empty = metric.score_batch(**{column: [] for column in metric.requires})
    assert [len(column) for column in empty.values()] == [0] * len(table)


@pytest.mark.slow
@pytest.mark.model
@pytest.mark.parametrize("name", JUDGES)
def test_a_real_model_answers_each_judge(name: str, local_llm: str) -> None:
    """It is a weak judge, so only states and bounds are looked at, not quality."""
    with OpenAIChat(Endpoint(local_llm, "smollm2")) as client:
        metric = load(name, client=client, max_tokens=64)
        assert isinstance(metric, JudgedMetric)
        assert metric.requires == CATALOG[name].requires
        columns = {**COLUMN, "outputs": ["The Eiffel Tower is in Paris [1]."]}
        table = metric.score_batch(*(columns[column] for column in metric.requires))
    assert tuple(table) == metric.variants
    assert metric.name == name == metric.variants[0]
    for column in table.values():
        score = column.score(0)
        assert score.state in {ScoreState.SCORED, ScoreState.UNPARSED, ScoreState.SKIPPED}
        assert score.explanation or score.name == "answer_correctness_similarity"
        if score.value is not None:
            assert column.bounds is not None
            assert column.bounds[0] <= score.value <= column.bounds[1]
