"""Reading verdicts, attributions and guesses out of a model's answer."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.metrics.rag.readings import (
    Ruling,
    attributions_schema,
    judgements_schema,
    read_attributions,
    read_claims,
    read_judgements,
    read_questions,
)


@given(st.lists(st.booleans(), min_size=1, max_size=12), st.randoms())
def test_numbers_and_not_places_tell_which_verdict_is_whose(holds: list[bool], random: Any) -> None:
    """A model that answers in another order is read as it meant it."""
    items = [
        {"number": number, "reason": f"r{number}", "verdict": "yes" if value else "no"}
        for number, value in enumerate(holds, start=1)
    ]
    random.shuffle(items)
    expected = [Ruling(value, f"r{number}") for number, value in enumerate(holds, start=1)]
    assert read_judgements(json.dumps({"verdicts": items}), len(holds)) == expected


@pytest.mark.parametrize(
    "text",
    [
        '{"verdicts": ["yes", "no"]}',
        'Sure! ```json\n{"verdicts": [{"verdict": "Yes"}, {"verdict": false}]}\n``` Done.',
        '[{"number": "2", "verdict": "no"}, {"number": "1", "verdict": "yes"}]',
        "1. yes\n2. no",
    ],
)
def test_other_forms_of_verdicts_are_read(text: str) -> None:
    """Plain words, fences, bare arrays and lines; without numbers their order counts."""
    assert [item.holds for item in read_judgements(text, 2) or []] == [True, False]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I cannot.",
        '{"verdicts": []}',
        '{"verdicts": ["yes"]}',
        '{"verdicts": ["yes", "no", "no"]}',
        '{"verdicts": ["yes", "unsure"]}',
        '{"verdicts": [{"number": 1, "verdict": "yes"}, {"number": 1, "verdict": "no"}]}',
        '{"verdicts": [{"number": 1, "verdict": "yes"}, {"number": 3, "verdict": "no"}]}',
        '{"verdicts": [{"number": 1, "verdict": "yes"}, {"verdict": "no"}]}',
        '{"verdicts": [{"number": 1, "verdict": "yes"}, "no"]}',
        '{"verdicts": ["yes", "no"]} {"verdicts": ["no", "no"]}',
    ],
)
def test_verdicts_that_are_not_clear_are_none(text: str) -> None:
    """Too few, too many, twice the same number, none at all, or two answers."""
    assert read_judgements(text, 2) is None


def test_attributions_by_number() -> None:
    """Each statement has its passages, counted from 0, in any order and form of number."""
    text = '{"statements": [{"number": 2, "passages": []}, {"number": 1, "passages": [3, "1", 3]}]}'
    assert read_attributions(text, 2, 3) == [frozenset({0, 2}), frozenset()]


@pytest.mark.parametrize(
    "passages", ["[4]", "[0]", "[true]", "[1.5]", '"1"', "null", "[[1]]", '["x"]']
)
def test_attributions_to_what_is_not_there_are_none(passages: str) -> None:
    """A passage of no number that was shown cannot be meant."""
    text = f'{{"statements": [{{"number": 1, "passages": {passages}}}]}}'
    assert read_attributions(text, 1, 3) is None


@pytest.mark.parametrize("text", ["", "none", '{"statements": []}', '{"statements": [[1]]}'])
def test_attributions_that_are_not_complete_are_none(text: str) -> None:
    """A statement without a list is not one without a passage."""
    assert read_attributions(text, 1, 3) is None


@pytest.mark.parametrize(
    ("said", "expected"), [('"yes"', True), ("false", False), ('"No."', False)]
)
def test_questions_and_whether_the_answer_evades(said: str, *, expected: bool) -> None:
    """The verdict may be a word or a boolean."""
    guess = read_questions(f'{{"questions": ["Who?", " Where? "], "noncommittal": {said}}}')
    assert guess is not None
    assert (guess.questions, guess.noncommittal) == (("Who?", "Where?"), expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"claims": ["It is so.", " It is so.", "And so."]}', ["It is so.", "And so."]),
        ('{"claims": []}', []),
        ('{"claims": ["It is so.", "..."]}', None),
        ('{"claims": "none"}', None),
        ("It is so.", None),
    ],
)
def test_claims_are_worded_and_each_there_once(text: str, expected: list[str] | None) -> None:
    """A claim made twice is one; the dots of the prompt's example are none."""
    assert read_claims(text) == expected


def test_questions_of_no_words_are_none() -> None:
    """Weak models copy the dots of the prompt's example, which are like no question."""
    assert read_questions('{"questions": ["...", "..."], "noncommittal": "no"}') is None


def test_schemas_are_strict() -> None:
    """All properties are required and no other is allowed, as structured output demands."""
    for schema in (judgements_schema(3), attributions_schema(3)):
        (listed,) = schema["properties"].values()
        assert (listed["minItems"], listed["maxItems"]) == (3, 3)
        assert listed["items"]["additionalProperties"] is False
        assert listed["items"]["required"] == list(listed["items"]["properties"])
