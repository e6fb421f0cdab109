"""Lists and verdicts out of the answers that models really give."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.metrics.judge.structured import (
    grade_schema,
    list_schema,
    read_list,
    read_reason,
    read_verdicts,
    verdicts_schema,
)

LISTS = [
    ('{"claims": ["a", "b"]}', ["a", "b"]),
    ('Here you are:\n```json\n{"claims": ["a", "b"]}\n```', ["a", "b"]),
    ('["a", "b"]', ["a", "b"]),
    ('{"claims": [{"claim": "a"}, {"claim": " b "}]}', ["a", "b"]),
    ("1. a\n2. b", ["a", "b"]),
    ("The claims are:\n- a\n- b\n", ["a", "b"]),
    ("(1) a\n(2) b", ["a", "b"]),
    ('{"claims": []}', []),
    ("None.", []),
    ('{"claims": ["a", " "]}', ["a"]),
    ('{"claims": ["a"]} {"claims": ["a"]}', ["a"]),
    ('{"claims": ["a", "b",]}', ["a", "b"]),
    ("**1.** a\n**2.** b", ["a", "b"]),
    ("- *a*\n* b", ["*a*", "b"]),
]
NO_LISTS = [
    "",
    "I cannot list any claims.",
    '{"claims": "a"}',
    '{"claims": [1, 2]}',
    '{"claims": ["a"]} {"claims": ["b"]}',
    '{"claims": [{"claim": "a", "quote": "b"}]}',
]
VERDICTS = [
    '{"verdicts": ["yes", "no"]}',
    '{"verdicts": [true, false]}',
    '{"verdicts": [{"verdict": "yes", "reason": "x"}, {"verdict": "no"}]}',
    '["Yes", "No."]',
    "1. Yes, it says so\n2. No - it does not",
    "yes\nno",
    "**Yes**\n\n**No**",
    '{"verdicts": ["是", "否"]}',
    '{"verdicts": [1, 0]}',
    '{"verdicts": [{"question": "x", "answer": "yes"}, {"question": "y", "answer": "no"}]}',
    "Claim 1: yes\nClaim 2: no",
    '["yes", "no",]',
]
NO_VERDICTS = [
    "",
    '{"verdicts": ["yes"]}',
    '{"verdicts": ["yes", "no", "no"]}',
    '{"verdicts": ["yes", "maybe"]}',
    '{"verdicts": ["yes", null]}',
    '{"verdicts": ["yes or no", "no"]}',
    "It is hard to say.",
    '{"verdicts": ["yes", "no"]} {"verdicts": ["no", "no"]}',
]


@pytest.mark.parametrize(("text", "items"), LISTS)
def test_lists_are_read_however_they_are_put(text: str, items: list[str]) -> None:
    """JSON, fences, bare arrays, objects of one text, numbered and bulleted lines."""
    assert read_list(text, "claims") == items


@pytest.mark.parametrize("text", NO_LISTS)
def test_what_is_no_list_is_none(text: str) -> None:
    """It is not an empty list, which would say that there is nothing."""
    assert read_list(text, "claims") is None


@pytest.mark.parametrize("text", VERDICTS)
def test_verdicts_are_read_however_they_are_put(text: str) -> None:
    """Words, booleans, objects and lines; in the order asked."""
    assert read_verdicts(text, 2) == [True, False]


@pytest.mark.parametrize("text", NO_VERDICTS)
def test_open_or_miscounted_verdicts_are_none(text: str) -> None:
    """Guessing which verdict is missing would shift all that follow."""
    assert read_verdicts(text, 2) is None


@given(st.lists(st.text(max_size=20), max_size=5))
def test_any_listed_texts_come_back(items: list[str]) -> None:
    """Whatever texts JSON can hold are read, stripped, without the empty ones."""
    read = read_list(json.dumps({"claims": items}), "claims")
    assert read == [item.strip() for item in items if item.strip()]


@given(st.text(max_size=200), st.integers(1, 4))
def test_no_text_breaks_the_readers(text: str, n: int) -> None:
    """Any text gives a list, n verdicts, or None."""
    assert read_list(text, "claims") is None or isinstance(read_list(text, "claims"), list)
    verdicts = read_verdicts(text, n)
    assert verdicts is None or len(verdicts) == n


def test_reason_is_the_explanation_else_the_text() -> None:
    """Judges that answer without JSON explain themselves in words."""
    assert read_reason('{"explanation": "short", "winner": "A"}') == "short"
    assert read_reason(" A is better. ") == "A is better."


def test_schemas_ask_for_all_and_nothing_else() -> None:
    """Strict structured output demands that each property is required."""
    for schema in (list_schema("claims"), verdicts_schema(3), grade_schema(1, 5, explain=True)):
        assert schema["required"] == list(schema["properties"])
        assert schema["additionalProperties"] is False
    assert verdicts_schema(3)["properties"]["verdicts"]["minItems"] == 3
    assert list(grade_schema(0, 2, explain=True)["properties"]) == ["explanation", "score"]
    assert grade_schema(0, 2, explain=False)["properties"]["score"]["enum"] == [0, 1, 2]
