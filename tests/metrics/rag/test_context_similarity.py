"""Context precision and recall against reference contexts."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from evalhub.errors import MetricError, MetricInputError
from evalhub.metrics import load
from evalhub.metrics.rag.context_similarity import ContextSimilarity
from evalhub.model import Score

TOWER = "The tower is in Paris."
HEIGHT = "It is 330 metres high."
BANANA = "Bananas are yellow when ripe, green before that."


def _score(name: str, retrieved: list[str], wanted: list[str], **settings: Any) -> Score:
    metric = load(name, **settings)
    table = metric.score_batch([retrieved], [{"reference_contexts": wanted}])
    return table[name].score(0)


def test_precision_is_average_precision_of_what_is_among_the_references() -> None:
    """A chunk that differs by a character is the same; what is wrong is told."""
    score = _score("context_precision_similarity", [TOWER + "!", BANANA, HEIGHT], [HEIGHT, TOWER])
    assert score.value == pytest.approx((1 / 1 + 2 / 3) / 2)
    assert score.explanation == f'1 of 3 contexts not among the references: "{BANANA}"'


def test_recall_is_found_references_over_references() -> None:
    """Order and useless chunks do not matter; what is absent is told."""
    score = _score("context_recall_similarity", [BANANA, TOWER], [TOWER, HEIGHT])
    assert score.value == 0.5
    assert score.explanation == f'1 of 2 reference contexts not retrieved: "{HEIGHT}"'


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_edit_similarity_is_that_of_characters(one: str, other: str) -> None:
    """A threshold at the very similarity is reached, one above it is not."""
    similarity = Levenshtein.normalized_similarity(one, other)
    at = _score("context_recall_similarity", [one], [other], threshold=similarity)
    assert at.value == 1.0
    if similarity < 0.99:
        above = _score("context_recall_similarity", [one], [other], threshold=similarity + 0.01)
        assert above.value == 0.0


@pytest.mark.model
def test_the_encoder_finds_other_words_for_the_same() -> None:
    """Where characters say that nothing was found."""
    said_otherwise = "You find that tower in the city of Paris."
    for similarity, expected in (("edit", 0.0), ("encoder", 1.0)):
        score = _score(
            "context_recall_similarity", [said_otherwise, BANANA], [TOWER], similarity=similarity
        )
        assert score.value == expected


def test_nothing_retrieved_scores_zero_and_nothing_wanted_is_skipped() -> None:
    """As in the measures by id."""
    metric = ContextSimilarity("recall", reference_contexts="right")
    metadata: list[dict[str, Any] | None] = [
        {"right": [TOWER]},
        {"right": [TOWER]},
        {"right": []},
        {},
        None,
    ]
    column = metric.score_batch([[], None, [TOWER], [TOWER], [TOWER]], metadata)[metric.name]
    assert column.score(0).value == 0.0
    states = [column.score(index).state for index in range(1, 5)]
    assert states == ["errored", "skipped", "skipped", "skipped"]


def test_bad_settings_and_columns_are_refused() -> None:
    """The message has the value and what to give."""
    with pytest.raises(MetricError, match="measure is 'f1'"):
        ContextSimilarity("f1")  # type: ignore[arg-type] # what a suite file may hold
    with pytest.raises(MetricError, match="similarity is 'x'; use edit or encoder"):
        load("context_recall_similarity", similarity="x")
    with pytest.raises(MetricError, match="threshold is 70"):
        load("context_recall_similarity", threshold=70)
    with pytest.raises(MetricInputError, match="reference_contexts 0 are 'x'; give a list"):
        ContextSimilarity("recall").score_batch([[TOWER]], [{"reference_contexts": "x"}])


def test_the_signature_tells_what_decides_that_chunks_are_the_same() -> None:
    """The threshold in force is there, also when it was not given."""
    assert "|similarity:edit|threshold:0.5|" in ContextSimilarity("recall").signature
    assert ContextSimilarity("recall").signature != ContextSimilarity("precision").signature
