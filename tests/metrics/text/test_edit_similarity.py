"""Edit similarity against the definition, and rapidfuzz's published example."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.errors import MetricError
from evalhub.metrics import load
from evalhub.metrics.text.edit_similarity import EditSimilarity
from evalhub.model import ScoreState


def _edits(first: str, second: str, *, replace: int) -> int:
    """Return the cost of edits by the table of Wagner and Fischer (1974)."""
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, start=1):
        last, row[0] = row[0], i
        for j, b in enumerate(second, start=1):
            best = min(row[j] + 1, row[j - 1] + 1, last + replace * (a != b))
            last, row[j] = row[j], best
    return row[-1]


def _value(metric: EditSimilarity, output: str, references: list[str]) -> float:
    return float(metric.score_batch([output], [references])["edit_similarity"].values[0])


@given(st.text("ab天é", max_size=8), st.text("ab天é", max_size=8))
def test_it_is_the_definition(first: str, second: str) -> None:
    """Levenshtein counts per character of the longer text, Indel per character of both."""
    longer, both = max(len(first), len(second), 1), max(len(first) + len(second), 1)
    expected = 1 - _edits(first, second, replace=1) / longer
    assert _value(EditSimilarity(), first, [second]) == pytest.approx(expected)
    expected = 1 - _edits(first, second, replace=2) / both
    assert _value(EditSimilarity("indel"), first, [second]) == pytest.approx(expected)


def test_known_distances() -> None:
    """Kitten is 3 edits from sitting; swapped neighbours are one edit for Damerau."""
    assert _value(EditSimilarity(), "kitten", ["sitting"]) == pytest.approx(1 - 3 / 7)
    assert _value(EditSimilarity(), "ab", ["ba"]) == 0
    assert _value(EditSimilarity("damerau"), "ab", ["ba"]) == 0.5


def test_the_closest_reference_counts() -> None:
    """Several references; case counts unless told otherwise."""
    assert _value(EditSimilarity(), "cat", ["dog", "cab"]) == pytest.approx(2 / 3)
    assert _value(EditSimilarity(), "CAT", ["cat"]) == 0
    assert _value(EditSimilarity(ignore_case=True), "CAT", ["cat"]) == 1


def test_empty_texts_are_equal_and_missing_ones_are_states() -> None:
    """Nothing against nothing is 1; None is no text."""
    column = load("edit_similarity").score_batch(["", "", None, "a"], ["", "ab", "a", []])
    values = column["edit_similarity"].values.tolist()
    assert values[:2] == [1, 0]
    assert column["edit_similarity"].states == (
        *(ScoreState.SCORED, ScoreState.SCORED, ScoreState.ERRORED, ScoreState.SKIPPED),
    )


def test_unknown_kinds_are_refused() -> None:
    """The message says which there are."""
    with pytest.raises(MetricError, match=r"'hamming'.*damerau"):
        EditSimilarity("hamming")  # type: ignore[arg-type]  # what is tested
