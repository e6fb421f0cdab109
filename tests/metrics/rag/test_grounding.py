"""Faithfulness and context recall on the real encoder."""

import pytest

from evalhub.errors import MetricError
from evalhub.metrics.rag.grounding import ContextRecallEncoder, FaithfulnessEncoder
from evalhub.metrics.semantic.encoder import load_encoder

CONTEXTS = ["The Eiffel Tower is in Paris. It was built in 1889.", "It is 330 metres tall."]


@pytest.mark.model
def test_sentences_like_one_of_the_contexts_are_supported() -> None:
    """Word for word, said otherwise, and off the subject; citations do not matter."""
    answer = "The Eiffel Tower is in Paris [1]. You find the Eiffel Tower in Paris. I like cats."
    metric = FaithfulnessEncoder(threshold=0.6)
    score = metric.score_batch([answer], [CONTEXTS])[metric.name].score(0)
    assert score.value == 2 / 3
    assert str(score.explanation).startswith('1 of 3 sentences unsupported: "I like cats." (')


@pytest.mark.model
def test_the_threshold_is_held_against_the_best_cosine() -> None:
    """A sentence is supported at its very cosine and unsupported above it."""
    sentence, other = "It is tall.", "The tower is 330 metres tall."
    vectors = load_encoder("minilm").embed([sentence, other])
    cosine = float(vectors[0] @ vectors[1])
    for threshold, expected in ((cosine - 1e-4, 1.0), (cosine + 1e-4, 0.0)):
        metric = FaithfulnessEncoder(threshold=threshold)
        column = metric.score_batch([sentence], [["Cats purr.", other]])[metric.name]
        assert column.values[0] == expected


@pytest.mark.model
def test_recall_is_of_the_best_reference() -> None:
    """The second reference is found in full, the first in half."""
    metric = ContextRecallEncoder()
    references = [["It was built in 1889. I like cats.", "It is 330 metres tall."]]
    score = metric.score_batch([CONTEXTS], references)[metric.name].score(0)
    assert (score.value, score.explanation) == (1.0, "0 of 1 sentences unsupported")


@pytest.mark.model
def test_states() -> None:
    """Nothing retrieved supports nothing; what is not there is not scored."""
    faithful, recall = FaithfulnessEncoder(), ContextRecallEncoder()
    outputs = ["One.", "...", " ", None, "One."]
    contexts = [[], ["a"], ["a"], ["a"], None]
    column = faithful.score_batch(outputs, contexts)[faithful.name]
    states = [column.score(index).state for index in range(5)]
    assert states == ["scored", "skipped", "skipped", "errored", "errored"]
    assert column.values[0] == 0.0
    column = recall.score_batch([[], ["a"], None], ["One.", None, "One."])[recall.name]
    assert [column.score(index).state for index in range(3)] == ["scored", "skipped", "errored"]
    assert column.values[0] == 0.0


@pytest.mark.model
def test_a_long_batch_scores_as_its_examples_alone() -> None:
    """Texts are encoded in pieces; none gets the vector of another."""
    outputs = [f"Number {number}." for number in range(260)]
    contexts = [["This number is 7.", "Cats purr."]] * 260
    metric = FaithfulnessEncoder(threshold=0.7)
    together = metric.score_batch(outputs, contexts)[metric.name].values
    assert 0 < together.sum() < 260
    for index in (0, 7, 70, 255, 256, 259):
        alone = metric.score_batch([outputs[index]], [contexts[index]])[metric.name].values
        assert together[index] == alone[0]


@pytest.mark.model
def test_what_decides_is_in_the_signature() -> None:
    """Name, threshold, encoder and splitter."""
    signature = FaithfulnessEncoder(threshold=0.5).signature
    assert signature.startswith("faithfulness_encoder|threshold:0.5|encoder:minilm|")
    assert signature != FaithfulnessEncoder().signature
    assert signature.endswith("|sentences:1|v:1")


@pytest.mark.parametrize("kind", [FaithfulnessEncoder, ContextRecallEncoder])
def test_a_threshold_that_is_no_cosine_is_refused(
    kind: type[FaithfulnessEncoder | ContextRecallEncoder],
) -> None:
    """A percentage, for one."""
    with pytest.raises(MetricError, match="threshold is 60; similarities are -1 to 1"):
        kind(threshold=60)
