"""Cosine of mean-pooled vectors."""

import numpy as np
import pytest

from evalhub.errors import MetricInputError, ModelError
from evalhub.metrics import load
from evalhub.metrics.semantic.encoder import load_encoder
from evalhub.metrics.semantic.similarity import EmbeddingSimilarity
from evalhub.model import ScoreState

QUESTION = "How old are you?"
OTHERS = ["What is your age?", "The stock market fell.", QUESTION]


@pytest.mark.model
def test_is_the_cosine_of_embeddings() -> None:
    """Equal to the product of what ``embed`` gives, by every backend."""
    for backend in ("torch", "numpy"):
        vectors = load_encoder("minilm", backend=backend).embed([QUESTION, *OTHERS])
        metric = EmbeddingSimilarity(backend=backend)
        column = metric.score_batch([QUESTION] * 3, OTHERS)["embedding_similarity"]
        np.testing.assert_allclose(column.values, vectors[1:] @ vectors[0], atol=1e-5)
        assert column.bounds == (-1.0, 1.0)
        assert column.values[1] < 0.3
        assert 0.7 < column.values[0] < column.values[2]


@pytest.mark.model
def test_closest_reference_counts() -> None:
    """Alone or among others, empty ones left out."""
    table = EmbeddingSimilarity().score_batch([QUESTION] * 2, [OTHERS[:2], ["", *OTHERS[:2]]])
    alone = EmbeddingSimilarity().score_batch([QUESTION], OTHERS[:1])
    values = table["embedding_similarity"].values
    np.testing.assert_allclose(values, alone["embedding_similarity"].values[0], atol=1e-6)


@pytest.mark.model
def test_empty_texts_have_a_state_and_no_value() -> None:
    """Nothing to compare is skipped, a failed target errored."""
    outputs = ["", "\u200b \n", None, "x", "x", "x"]
    column = EmbeddingSimilarity().score_batch(outputs, ["a", "a", "a", " ", [], "x"])[
        "embedding_similarity"
    ]
    skipped = ScoreState.SKIPPED
    assert column.states == (
        *(skipped, skipped, ScoreState.ERRORED),
        *(skipped, skipped, ScoreState.SCORED),
    )
    assert np.isnan(column.values[:5]).all()
    assert column.explanations is not None
    assert column.explanations[3] == "no reference has a token"


@pytest.mark.model
def test_signature_and_registry() -> None:
    """The metric is found by name, and says what decides its number."""
    assert load("embedding_similarity").signature == (
        "embedding_similarity|model:minilm|weights:53aa51172d14|layer:6|max_tokens:512|"
        "pooling:mean|refs:max|v:1"
    )


@pytest.mark.model
def test_prefix_stands_before_every_text() -> None:
    """As e5 was trained; an empty reference stays empty, and the signature tells the prefix."""
    metric = EmbeddingSimilarity(prefix="query: ", cache=False)
    column = metric.score_batch([QUESTION], [["", OTHERS[1]]])["embedding_similarity"]
    vectors = load_encoder("minilm").embed([f"query: {text}" for text in (QUESTION, OTHERS[1])])
    np.testing.assert_allclose(column.values[0], vectors[0] @ vectors[1], atol=1e-5)
    assert "|prefix:'query: '|v:1" in metric.signature


def test_wrong_input_is_refused() -> None:
    """Columns of unlike length, and a model that is not there."""
    with pytest.raises(MetricInputError, match="differ in length"):
        EmbeddingSimilarity().score_batch(["a"], ["a", "b"])
    with pytest.raises(ModelError, match="no folder"):
        EmbeddingSimilarity("./nowhere").score_batch(["a"], ["a"])
