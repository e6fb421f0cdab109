"""What metrics take as a column."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from evalhub.errors import MetricInputError
from evalhub.metrics import load
from evalhub.metrics.columns import column_lists, reference_lists
from evalhub.model import ScoreState

TEXTS = ["a dog", "the cat", "blue sky"]


@pytest.mark.parametrize(
    "make",
    [
        list,
        tuple,
        iter,
        np.array,
        pd.Series,
        pd.Index,
        pa.array,
        lambda texts: (text for text in texts),
        lambda texts: dict.fromkeys(texts).keys().__iter__(),
        lambda texts: pd.Series(texts, dtype="string"),
        lambda texts: pd.Series(texts, dtype="category"),
        lambda texts: pa.chunked_array([texts[:1], texts[1:]]),
        lambda texts: pd.Series(texts).iloc[[2, 0, 1]].sort_index(ascending=False)[::-1],
    ],
)
def test_whatever_holds_items_is_a_column(make: Callable[[list[str]], Iterable[Any]]) -> None:
    """Its items come out as Python's own, in its order."""
    (texts,) = column_lists(outputs=make(TEXTS))
    assert texts == TEXTS
    assert {type(text) for text in texts} == {str}


@pytest.mark.parametrize("name", ["rouge1", "exact_match", "bleu", "classification", "json_match"])
def test_the_index_of_a_series_says_nothing(name: str) -> None:
    """Shuffled and filtered tables score by the order of their rows."""
    rows = pd.Series(["1", "2", "3", "4"]).iloc[[3, 1, 2]]
    table = load(name).score_batch(rows, rows.tolist())
    (column,) = table.values()
    assert column.values.tolist() == pytest.approx([column.values.max()] * 3)
    assert column.values.max() > 0


def test_what_tables_put_for_nothing_is_none() -> None:
    """NaN and NA of pandas are a missing output, and no reference."""
    outputs = pd.Series(["a", None, "b"])
    references = pd.Series(["a", "b", None], dtype="string")
    column = load("rouge1").score_batch(outputs, references)["rouge1"]
    assert column.states == (ScoreState.SCORED, ScoreState.ERRORED, ScoreState.SKIPPED)
    latency = load("latency_ms").score_batch(pd.Series([1, None]))["latency_ms"]
    assert latency.states == (ScoreState.SCORED, ScoreState.SKIPPED)


def test_lists_within_a_parquet_file_are_lists() -> None:
    """Pandas reads them as arrays."""
    table = pa.table({"texts": [["a", "b"], []], "calls": [[{"name": "f"}], []]}).to_pandas()
    assert column_lists(references=table["texts"]) == [[["a", "b"], []]]
    calls = load("tool_selection").score_batch(table["calls"], table["calls"])
    assert calls["tool_selection"].values.tolist() == [1, 1]


def test_none_among_references_is_no_reference() -> None:
    """Tables with a column for each reference have it where there are fewer."""
    assert reference_lists([["a", None], [None], ("b",), ""]) == [["a"], [], ["b"], [""]]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("abc", "outputs is one string"),
        (b"abc", r"outputs is b'abc' \(bytes\); give a list"),
        (None, r"outputs is None \(NoneType\)"),
        (3, r"outputs is 3 \(int\)"),
        ({"a": "b"}, r"outputs is \{'a': 'b'\} \(dict\)"),
        ({"a"}, r"outputs is \{'a'\} \(set\)"),
        (pd.DataFrame({"a": ["x"]}), r"outputs is a 0 x \(DataFrame\)"),
    ],
)
def test_what_has_no_order_or_no_items_is_refused(column: Any, message: str) -> None:
    """In one line, with the value."""
    with pytest.raises(MetricInputError, match=message):
        load("rouge1").score_batch(column, ["a"])
