"""Finding the question among the inputs."""

from typing import Any

import pytest

from evalhub.errors import MetricInputError
from evalhub.metrics.rag.question import question_texts


@pytest.mark.parametrize(
    ("inputs", "key"),
    [
        ({"question": "Why?", "language": "en"}, None),
        ({"query": "Why?", "user": "x"}, None),
        ({"input": "Why?", "k": 3}, None),
        ({"anything": "Why?"}, None),
        ({"a": "Why?", "question": "Who?"}, "a"),
        ("Why?", None),
    ],
)
def test_the_question_is_found(inputs: Any, key: str | None) -> None:
    """It is the input that is named, the only one, or one that is usually called so."""
    assert question_texts([inputs], key) == ["Why?"]


@pytest.mark.parametrize(
    ("inputs", "key", "message"),
    [
        (
            {"a": "x", "b": "y"},
            None,
            "inputs 0 hold a, b; say which is the question: question=NAME",
        ),
        ({"question": "x", "query": "y"}, None, "inputs 0 hold question, query; say which"),
        ({}, None, "inputs 0 hold nothing"),
        ({"a": "x"}, "b", "inputs 0 lack 'b', the question; they hold a"),
        ({"a": 3}, None, "inputs 0: a is 3; it must be a text"),
        (None, None, "inputs 0 are None; give a mapping"),
    ],
)
def test_a_question_that_is_not_clear_is_refused(
    inputs: Any, key: str | None, message: str
) -> None:
    """The message has what is there and what to say."""
    with pytest.raises(MetricInputError) as caught:
        question_texts([inputs], key)
    assert str(caught.value).startswith(message)
