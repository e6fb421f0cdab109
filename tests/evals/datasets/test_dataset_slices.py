"""Slices: labels of columns, bins of numbers."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalhub.errors import DatasetError
from evalhub.evals.datasets.load import load_dataset
from evalhub.evals.datasets.slices import SliceSpec, cut_slices, slice_of
from evalhub.evals.datasets.spec import DatasetSpec
from evalhub.model import Example


def examples(*values: Any) -> list[Example]:
    """Return an example for each value of the column ``x``."""
    return [Example(str(n), {"q": "t"}, metadata={"x": value}) for n, value in enumerate(values)]


def labels(values: list[Any], **spec: Any) -> list[str | None]:
    """Return the label of each value, None where there is none."""
    given = examples(*values)
    slices = cut_slices(given, [SliceSpec(column="x", **spec)])
    return [slice_of(example, slices).get(spec.get("name", "x")) for example in given]


def test_labels_are_texts() -> None:
    """Numbers and truth values as JSON writes them; where there is nothing, no label."""
    assert labels(["en", 3, 2.5, True, None, "", float("nan")]) == [
        *("en", "3", "2.5", "true"),
        *(None, None, None),
    ]


def test_a_name_in_place_of_the_column() -> None:
    """Two slices may cut the same column; inputs are columns too."""
    given = examples(1, 2, 3, 4)
    specs = [
        SliceSpec.model_validate("x"),
        SliceSpec(column="x", bins=2, name="half"),
        SliceSpec.model_validate("q"),
    ]
    slices = cut_slices(given, specs)
    assert dict(slice_of(given[3], slices)) == {"x": "4", "half": "2/2: above 2", "q": "t"}


def test_quartiles() -> None:
    """Four bins of about as many, named by their place and their bounds."""
    found = labels(list(range(1, 101)), bins=4)
    assert Counter(found) == {
        "1/4: to 25": 25,
        "2/4: to 50": 25,
        "3/4: to 75": 25,
        "4/4: above 75": 25,
    }
    assert found == sorted(found, key=str)


def test_numbers_in_cells_are_cut_too() -> None:
    """CSV has texts only."""
    assert labels(["1", "20", "", "3.5", "40"], bins=2) == [
        "1/2: to 3.5",
        "2/2: above 3.5",
        None,
        "1/2: to 3.5",
        "2/2: above 3.5",
    ]


def test_equal_numbers_are_never_parted() -> None:
    """So there may be fewer bins, and only one where all are equal."""
    assert Counter(labels([0] * 8 + [1, 2], bins=4)) == {"1/2: to 0": 8, "2/2: above 0": 2}
    assert set(labels([7, 7, 7], bins=3)) == {"1/1"}


@settings(deadline=None)
@given(
    st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=200, unique=True),
    st.integers(2, 12),
)
def test_bins_are_numpys_quantiles(values: list[float], bins: int) -> None:
    """Cut where numpy's inverted_cdf quantiles are; unlike numbers fill bins evenly."""
    slices = cut_slices(examples(*values), [SliceSpec(column="x", bins=bins)])
    expected = np.quantile(values, np.arange(1, bins) / bins, method="inverted_cdf")
    wanted = sorted(set(expected.tolist()) - {max(values)})
    assert slices[0].cuts is not None
    assert list(slices[0].cuts) == pytest.approx(wanted)
    if bins <= len(values):
        sizes = Counter(labels(list(values), bins=bins)).values()
        assert len(sizes) == bins
        assert max(sizes) - min(sizes) <= 1


def test_an_example_that_was_not_there_has_a_label() -> None:
    """Beyond either end it is in the first or the last bin."""
    slices = cut_slices(examples(1, 2, 3, 4), [SliceSpec(column="x", bins=2)])
    assert [slice_of(one, slices)["x"] for one in examples(-9, 99)] == ["1/2: to 2", "2/2: above 2"]


@pytest.mark.parametrize(
    ("values", "spec", "message"),
    [
        (["en"], {"column": "y"}, "no column 'y' to slice by; there are x, q"),
        ([None, ""], {"column": "x"}, "the slice 'x' is empty: no example has a value"),
        (["en", ["a"]], {"column": "x"}, r"example '1' has \['a'\] under 'x'; a slice takes"),
        ([1, "long"], {"column": "x", "bins": 2}, "'long' under 'x', which is no number"),
        ([1, True], {"column": "x", "bins": 2}, "True under 'x', which is no number"),
    ],
)
def test_what_cannot_be_a_slice_is_one_line(
    values: list[Any], spec: dict[str, Any], message: str
) -> None:
    """The error names the example, the value and the column."""
    with pytest.raises(DatasetError, match=message):
        cut_slices(examples(*values), [SliceSpec(**spec)])


def test_two_slices_of_one_name_are_refused() -> None:
    """Reports and gates know them by their names."""
    with pytest.raises(DatasetError, match="two slices are called 'x'"):
        cut_slices(examples(1, 2), [SliceSpec(column="x"), SliceSpec(column="x", bins=2)])


@pytest.mark.parametrize("column", ["label", "who"])
def test_columns_with_a_role_can_be_sliced_by(tmp_path: Path, column: str) -> None:
    """By the right label, where the reference is one, and by the cluster."""
    rows = [{"id": n, "q": "x", "label": f"{n % 2}", "who": f"{n % 2}"} for n in range(4)]
    (tmp_path / "d.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    spec = DatasetSpec(path="d.jsonl", inputs=["q"], reference="label", cluster="who")
    examples = load_dataset(spec, folder=tmp_path).examples
    slices = cut_slices(examples, [SliceSpec(column=column)], spec.sliceable)
    assert [slice_of(one, slices) for one in examples] == [
        {column: "0"},
        {column: "1"},
        {column: "0"},
        {column: "1"},
    ]
