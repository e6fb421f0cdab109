"""Answers of models that think aloud before they answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.metrics.judge.reasoning import without_reasoning

REASONED = [
    ('<think>Is it {"score": 2}? No.</think>\n{"score": 4}', '{"score": 4}'),
    ("Score: 2, or 3?\n</think>\nScore: 4", "Score: 4"),
    ("<thinking>A is better.</thinking><reasoning>Or B.</reasoning> B", "B"),
    ("<THINK>2</THINK>4", "4"),
    ("[THINK]2[/THINK]4", "4"),
    ("<think>a <think> b </think> c </think>4", "4"),
    ("<|channel|>analysis<|message|>2<|end|><|start|>assistant<|channel|>final<|message|>4", "4"),
    ("<think>It might be a 4", ""),
]
PLAIN = [
    "",
    "Score: 4",
    '{"explanation": "it writes <think> and </think>", "score": 4}',
    '```json\n{"explanation": "it writes </think>", "score": 4}\n```',
    "It opens a <think> tag. Score: 4",
]


@pytest.mark.parametrize(("text", "answer"), REASONED)
def test_reasoning_is_left_out(text: str, answer: str) -> None:
    """With both tags, with the closing one only, nested, and where it does not end."""
    assert without_reasoning(text).strip() == answer


@pytest.mark.parametrize("text", PLAIN)
def test_answer_without_reasoning_stays(text: str) -> None:
    """A tag that the answer quotes is part of it."""
    assert without_reasoning(text) == text


@given(st.text(max_size=100))
def test_what_is_left_is_the_end_of_the_text(text: str) -> None:
    """Nothing is made up, and no text breaks it."""
    assert text.endswith(without_reasoning(text))
