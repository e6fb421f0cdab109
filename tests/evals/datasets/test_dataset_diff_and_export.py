"""What changed between versions, and files from which data sets come back equal."""

import csv
import gzip
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalhub.errors import DatasetError
from evalhub.evals.datasets.diff import ChangedExample, diff_datasets
from evalhub.evals.datasets.export import export_examples
from evalhub.evals.datasets.load import load_dataset
from evalhub.evals.datasets.spec import DatasetSpec
from evalhub.model import Dataset, Example

ONE = Example("1", {"q": "x"}, ("r",), {"n": 1}, "w")
TWO = Example("2", {"q": "y", "k": [1, {"deep": None}]}, ("r", "s, t"))
THREE = Example("3", {"q": "z"})


def dataset(*examples: Example) -> Dataset:
    """Return *examples* as a data set."""
    return Dataset("d", examples)


def test_added_removed_and_changed() -> None:
    """Examples are known by their ids, and of a change the parts are told."""
    changed = replace(TWO, references=(), metadata={"n": 2})
    before, after = dataset(ONE, TWO), dataset(THREE, changed)
    found = diff_datasets(before, after)
    assert (found.before, found.after) == (before.version, after.version)
    assert (found.added, found.removed) == (("3",), ("1",))
    assert found.changed == (ChangedExample("2", ("references", "metadata")),)
    assert (found.unchanged, found.is_reordered, found.is_empty) == (0, False, False)


def test_the_same_and_another_order() -> None:
    """Order is part of the version, and is told when nothing else differs."""
    same = diff_datasets(dataset(ONE, TWO), dataset(ONE, TWO))
    assert (same.is_empty, same.unchanged, same.is_reordered) == (True, 2, False)
    turned = diff_datasets(dataset(ONE, TWO), dataset(TWO, ONE))
    assert (turned.is_empty, turned.unchanged, turned.is_reordered) == (False, 2, True)


@settings(deadline=None)
@given(st.permutations(range(8)), st.permutations(range(8)), st.integers(0, 8), st.integers(0, 8))
def test_a_diff_adds_up(one: list[int], other: list[int], few: int, many: int) -> None:
    """Turned around, what was added is what was removed."""
    before = dataset(*(Example(str(n), {"n": n}) for n in one[:few]))
    after = dataset(*(Example(str(n), {"n": n if n % 2 else -n}) for n in other[:many]))
    there, back = diff_datasets(before, after), diff_datasets(after, before)
    assert (there.added, there.removed) == (back.removed, back.added)
    assert len(there.added) + len(there.changed) + there.unchanged == many
    assert len(there.removed) + len(there.changed) + there.unchanged == few
    assert there.is_reordered == back.is_reordered


@pytest.mark.parametrize("name", ["e.jsonl", "e.ndjson", "e.jsonl.gz"])
def test_json_lines_come_back_equal(tmp_path: Path, name: str) -> None:
    """Without any role, and of the same version."""
    given_set = dataset(ONE, TWO, THREE)
    assert export_examples(given_set.examples, tmp_path / name) == 3
    again = load_dataset(DatasetSpec(path=name), folder=tmp_path)
    assert (again.examples, again.version) == (given_set.examples, given_set.version)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [name]


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
EXAMPLES = st.lists(
    st.builds(
        Example,
        id=st.text(min_size=1).filter(str.strip),
        inputs=st.dictionaries(st.text(), VALUES, max_size=3),
        references=st.lists(st.text().filter(str.strip), max_size=2).map(tuple),
        metadata=st.dictionaries(st.text(), VALUES, max_size=3),
        cluster=st.none() | st.text(),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda example: example.id,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(EXAMPLES)
def test_any_example_comes_back_equal(tmp_path: Path, examples: list[Example]) -> None:
    """Whatever JSON can hold."""
    export_examples(examples, tmp_path / "e.jsonl")
    again = load_dataset(DatasetSpec(path="e.jsonl"), folder=tmp_path)
    assert again.version == dataset(*examples).version


def test_a_compressed_file_is_the_same_each_time(tmp_path: Path) -> None:
    """It holds no time and no name."""
    for name in ("a.jsonl.gz", "b.jsonl.gz"):
        export_examples([ONE], tmp_path / name)
    first, second = ((tmp_path / name).read_bytes() for name in ("a.jsonl.gz", "b.jsonl.gz"))
    assert first == second
    assert gzip.decompress(first).endswith(b"\n")


def test_a_table_is_for_people(tmp_path: Path) -> None:
    """A column for each input, reference and key of the metadata; lists are JSON."""
    export_examples([ONE, TWO], tmp_path / "e.csv")
    with (tmp_path / "e.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0].values()) == ["1", "x", "r", "w", "1", "", ""]
    assert list(rows[0]) == ["id", "q", "reference", "cluster", "n", "k", "reference_2"]
    assert rows[1]["k"] == '[1, {"deep": null}]'
    assert rows[1]["reference_2"] == "s, t"
    spec = DatasetSpec(path="e.csv", inputs=["q"], reference=["reference", "reference_2"])
    again = load_dataset(spec, folder=tmp_path)
    assert [example.references for example in again.examples] == [("r",), ("r", "s, t")]


def test_an_export_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    """A file is replaced whole or not at all, and no draft stays."""
    path = tmp_path / "e.csv"
    path.write_text("before")
    clash = Example("1", {"n": 1}, metadata={"n": 2})
    with pytest.raises(DatasetError, match=r"two columns 'n'; export \.jsonl"):
        export_examples([clash], path)
    assert path.read_text() == "before"
    with pytest.raises(DatasetError, match=r"cannot write .*: No such file or directory"):
        export_examples([ONE], tmp_path / "absent" / "e.jsonl")
    with pytest.raises(DatasetError, match=r"e\.parquet is neither"):
        export_examples([ONE], tmp_path / "e.parquet")
    assert [item.name for item in tmp_path.iterdir() if item.is_file()] == ["e.csv"]
