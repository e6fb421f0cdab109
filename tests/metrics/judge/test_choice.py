"""Which of two answers is preferred, in the words of real judges."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.metrics.judge.choice import Choice, read_choice

LLMBAR = Path(__file__).parents[3] / "../shared/data/llmbar_replay.jsonl.gz"
CHOICES = [
    ('{"winner": "A"}', "a"),
    ('{"explanation": "B is short", "winner": "A"}', "a"),
    ('```json\n{"winner": "answer_b"}\n```', "b"),
    ('{"Winner": "Tie"}', "tie"),
    ("[[B]]", "b"),
    ("Assistant A wins. Final verdict: [[A]]", "a"),
    ("[[C]]", "tie"),
    ("Output (a)", "a"),
    ("B", "b"),
    ("**Answer B**", "b"),
    ("Both are fine.\n\nWinner: A", "a"),
    ("Answer A is clearly better, because it is short.", "a"),
    ("I prefer response B.", "b"),
    ("Output (a) is better in style. Therefore, Output (b) is better.", "b"),
    ("A is vague.\nOverall, Output (b) gives a full answer.", "b"),
    ("Therefore, both Output (a) and Output (b) are equally good.", "tie"),
    ("Thus, neither Output (a) nor Output (b) follows the instruction.", "tie"),
    ("It is a tie.", "tie"),
    ('{"winner": "A",}', "a"),
    ('{"explanation": "Answer A is better in style", "winner": "B",}', "b"),
    ('{"explanation": "Answer A is better in style", "winner": "B"', "b"),
    ("{'winner': 'neither'}", "tie"),
    ('{"winner": "draw"}', "tie"),
    (r"\boxed{B}", "b"),
    ("<winner>A</winner>", "a"),
    ("Answer: B", "b"),
    ("Winner: A\n\nAnswer A names the city.", "a"),
    ("B is better, since it is a complete answer.", "b"),
    ("A wins.", "a"),
    ("The better answer is B.", "b"),
    ("[[tie]]", "tie"),
    ("Answer A\n\nIt names no city. So answer B is better.", "b"),
    ("**Final answer:** B", "b"),
    ("The verdict is A", "a"),
    ("Therefore, it is not as precise as Output (b). Output (b) is better.", "b"),
]
NO_CHOICES = [
    "",
    "I cannot decide.",
    "A good answer would name the city.",
    "Output (a) is better in style. Output (b) is better in content.",
    '{"winner": "A"} {"winner": "B"}',
    '{"winner": "both of them, in a way"}',
    "[[A]] or [[B]]",
    "Therefore, Output (a) lacks what was asked for.",
    "Neither answer names the source.",
    "Output (a) is not better.",
    "The better answer is a complete one.",
    "Vitamin A is better absorbed with fat.",
    "The answer says that plan A is better than plan B.",
    "A is better absorbed with fat.",
    "Answer A would be better if it named the city.",
    "Answer A\nnames the city.\n\nAnswer B\nnames none.\nBoth have faults.",
]


@pytest.mark.parametrize(("text", "choice"), CHOICES)
def test_stated_choice_is_read(text: str, choice: str) -> None:
    """A letter that the answer calls the better one is found, however it is put."""
    assert read_choice(text) == choice


@pytest.mark.parametrize("text", NO_CHOICES)
def test_unclear_answer_has_no_choice(text: str) -> None:
    """Contradictory, undecided, or a letter that is called nothing."""
    assert read_choice(text) is None


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Any text gives a choice or None."""
    assert read_choice(text) in {*Choice, None}


@pytest.mark.skipif(not LLMBAR.exists(), reason="../shared/data is not there")
def test_published_judgements_are_read_as_their_authors_read_them() -> None:
    """All 1,536 answers in LLMBar, except two of ChatGPT's: ties here, no choice there."""
    with gzip.open(LLMBAR, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    winners = {"a_first": {"1": "a", "2": "b"}, "b_first": {"1": "b", "2": "a"}}
    unlike = [
        (row["id"], judge, order, read_choice(answer["completion"]))
        for row in rows
        for judge, orders in row["judges"].items()
        for order, answer in orders.items()
        if read_choice(answer["completion"]) != winners[order].get(answer["winner"])
    ]
    assert unlike == [
        ("Natural/17", "ChatGPT/CoT", "a_first", Choice.TIE),
        ("Adversarial/GPTInst/32", "ChatGPT/CoT", "b_first", Choice.TIE),
    ]
