"""The tolerant parser on answers that judges really give."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.metrics.judge.parse import parse_score

READABLE = [
    ("Score: 4/5", 4),
    ("I'd give 3 out of 5", 3),
    ("1-5 scale: 4", 4),
    ('```json\n{"score": 2, "explanation":"x"}\n```', 2),
    ("**Score:** 4", 4),
    ("Score (1-5): 4", 4),
    ("Rating: [[4]]", 4),
    ("4", 4),
    ("4.", 4),
    ("4.5", 4.5),
    ("Clarity score: 3\nOverall score: 4", 4),
    ("On a scale from 1 to 5, I rate this 2.", 2),
    ("I would give this answer a score of 4.", 4),
    ("I'd rate it a 5", 5),
    ("4 stars", 4),
    ("评分:4", 4),
    ("4分", 4),
    ("Score: 4.0", 4),
    ('{"score": "4/5"}', 4),
    ('{"Score": 4}', 4),
    ('blah {"explanation":"a {x} b","score":3} trailing', 3),
    ('{"explanation": "bad json, "score": 4}', 4),
    ("The explanation.\n\n4", 4),
    ("2 of 3 claims hold, so the score is 4", 4),
    ("Score = 3", 3),
    ("The score is **5**.", 5),
    ("1) accuracy 2) style\nScore: 3", 3),
    ("Score: 3 (out of 5)", 3),
    ("score of 3 out of 5", 3),
    ("Score:4", 4),
    ("Grade: 5/5.", 5),
    ("5/5", 5),
    ("Score - 4", 4),
    ("(Score: 3)", 3),
    ("Score: 3 - good", 3),
    ("Score: 4. Reason: fine", 4),
    ('{"explanation": "fine", "score": 4,}', 4),
    ('{"final_score": 4}', 4),
    ("4\n\nThe answer names the city.", 4),
    ("1.\nIt names the city.\n\n4", 4),
    (r"The grade is $\boxed{4}$", 4),
    ("<answer>4</answer>", 4),
    ("Puntuación: 4", 4),
    ("Bewertung: 4", 4),
    ("スコア: 4", 4),
    ("점수: 4", 4),
]

WITHOUT_SCORE = [
    "10",
    "Score: 10",
    "Score: 8/10",
    "Score: -1",
    "The answer mentions 3 facts.",
    "Score: 4-5",
    "Score: 3\nScore: 4",
    "Score: 45",
    "",
    "I cannot judge this.",
    '{"score": true}',
    '{"score": null}',
    '{"score": 7}',
    "Score: 4,5",
    "In 2024 there were 5 events",
    "Score: 1/2",
    "I give 1 or 2",
    "4/5 on clarity, 2/5 on facts",
    '{"score": NaN}',
    '{"score": 4}\n{"score": 2}',
    "Score: four",
    "Score: 40%",
    "Score: 3 or 4",
    "I rate it 4 to 5",
    "Score: 3 - 4",
    'The answer is ```json\n{"score": 5}\n```\n{"explanation": "short", "score": 2}',
    "1\n\n2\n\n3",
]


@pytest.mark.parametrize(("text", "value"), READABLE)
def test_stated_score_is_read(text: str, value: float) -> None:
    """A number that the answer calls its score is found, however it is put."""
    parsed = parse_score(text, 1, 5)
    assert parsed is not None
    assert parsed.value == value


@pytest.mark.parametrize("text", WITHOUT_SCORE)
def test_unclear_answer_has_no_score(text: str) -> None:
    """Out of range, of another scale, contradictory or not called a score: no score."""
    assert parse_score(text, 1, 5) is None


def test_explanation_comes_from_the_object() -> None:
    """A JSON answer's reason is kept apart from its score."""
    parsed = parse_score('{"explanation": "short", "score": 2}', 1, 5)
    assert parsed is not None
    assert parsed.explanation == "short"


@given(st.text(max_size=200))
def test_any_text_is_in_range_or_nothing(text: str) -> None:
    """No text raises, and no text gives a score outside the scale."""
    parsed = parse_score(text, 1, 5)
    assert parsed is None or 1 <= parsed.value <= 5


@given(st.integers(0, 10))
def test_other_scales_work_alike(value: int) -> None:
    """The scale is the caller's: 0 to 10 reads what it states."""
    parsed = parse_score(f"On a 0-10 scale I rate it.\nScore: {value}/10", 0, 10)
    assert parsed is not None
    assert parsed.value == value
