"""What columns mean: ids, several references, lists, conditions and samples."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from evalhub.errors import DatasetError
from evalhub.evals.datasets.export import export_examples
from evalhub.evals.datasets.load import load_dataset
from evalhub.evals.datasets.sampling import take_sample
from evalhub.evals.datasets.spec import DatasetSpec, SampleSpec
from evalhub.model import Dataset, Example

ROWS: list[dict[str, Any]] = [
    {"id": n, "q": f"q{n}", "lang": ("en", "de", None)[n % 3], "n": n, "good": n % 2 == 0}
    for n in range(12)
]


def load(folder: Path, rows: list[dict[str, Any]], **keys: Any) -> Dataset:
    """Read *rows* from a JSON Lines file of *folder* as a spec with *keys* says."""
    (folder / "d.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return load_dataset(DatasetSpec(path="d.jsonl", **{"inputs": ["q"], **keys}), folder=folder)


def ids(found: Dataset) -> list[str]:
    """Return the ids of all examples."""
    return [example.id for example in found.examples]


@pytest.mark.parametrize("name", ["d.csv", "d.tsv", "d.CSV.GZ", "d.tsv.gz"])
def test_tables_of_any_kind_give_the_same_examples(tmp_path: Path, name: str) -> None:
    """Commas or tabs, plain or compressed; the data set is called like the file."""
    mark = "\t" if ".tsv" in name else ","
    text = mark.join(["id", "q", "a"]) + "\n" + mark.join(["1", '"x\ny"', "r"]) + "\n"
    data = text.encode()
    (tmp_path / name).write_bytes(gzip.compress(data) if name.lower().endswith("gz") else data)
    found = load_dataset(DatasetSpec(path=name, inputs=["q"], reference="a"), folder=tmp_path)
    assert found == Dataset("d", (Example("1", {"q": "x\ny"}, ("r",)),))


def test_a_long_cell_is_read(tmp_path: Path) -> None:
    """A whole document may stand in a cell."""
    (tmp_path / "d.csv").write_text(f"id,q\n1,{'x' * 300_000}\n")
    found = load_dataset(DatasetSpec(path="d.csv", inputs=["q"]), folder=tmp_path)
    assert len(found.examples[0].inputs["q"]) == 300_000


PACKED = gzip.compress(b"".join(b'{"q":%d}\n' % n for n in range(9999)))


@pytest.mark.parametrize("data", [b"no gzip", PACKED[:-9], PACKED[:500], PACKED[:-5] + b"12345"])
def test_a_broken_gzip_file_is_one_line(tmp_path: Path, data: bytes) -> None:
    """Of another form, cut off, or with a wrong checksum."""
    (tmp_path / "d.jsonl.gz").write_bytes(data)
    spec = DatasetSpec(path="d.jsonl.gz", inputs=["q"], id="q")
    with pytest.raises(DatasetError, match=r"d\.jsonl\.gz is no whole gzip file"):
        load_dataset(spec, folder=tmp_path)


def test_rows_without_ids_get_a_hash_of_their_content(tmp_path: Path) -> None:
    """It does not depend on the order of rows or of keys."""
    first, second = {"q": "x", "n": 1}, {"q": "y", "n": 1}
    there = load(tmp_path, [first, second])
    back = load(tmp_path, [second, {"n": 1, "q": "x"}])
    assert ids(there) == ids(back)[::-1]
    assert len(set(ids(there))) == 2
    assert all(len(one) == 16 for one in ids(there))


def test_the_same_row_twice_is_told_when_there_are_no_ids(tmp_path: Path) -> None:
    """By both lines."""
    with pytest.raises(DatasetError, match=r"d\.jsonl:3: the same row is also on line 1; drop one"):
        load(tmp_path, [{"q": "x"}, {"q": "y"}, {"q": "x"}])


def test_an_id_column_that_is_named_must_be_there(tmp_path: Path) -> None:
    """So must it when the first row has an id and a later one lacks it."""
    with pytest.raises(DatasetError, match=r"d\.jsonl:1: no column 'key'"):
        load(tmp_path, [{"q": "x"}], id="key")
    with pytest.raises(DatasetError, match=r"d\.jsonl:2: no column 'id'"):
        load(tmp_path, [{"q": "x", "id": 1}, {"q": "y"}])


def test_several_reference_columns(tmp_path: Path) -> None:
    """Texts and lists of texts come in the order of the columns; none is metadata."""
    row = {"id": 1, "q": "x", "a": ["r", ""], "b": "s", "c": None}
    found = load(tmp_path, [row], reference=["b", "a", "c"])
    assert found.examples == (Example("1", {"q": "x"}, ("s", "r")),)


LISTS = {
    "relevant_ids": ["d1", "d2"],
    "expected_tool_calls": [{"name": "f", "arguments": {}}],
    "contexts": ["one text", "[two"],
}


def test_lists_for_metrics_may_be_columns_of_any_name(tmp_path: Path) -> None:
    """They are metadata under the names that metrics read."""
    row = {"id": 1, "q": "x", "gold": LISTS["relevant_ids"], "calls": None, "k": ["a"]}
    found = load(tmp_path, [row], relevant_ids="gold", expected_tool_calls="calls", contexts="k")
    expected = {"relevant_ids": ["d1", "d2"], "expected_tool_calls": None, "contexts": ["a"]}
    assert found.examples[0].metadata == expected
    apart = load(tmp_path, [{"id": 1, "q": "x", "gold": "d1 d2"}], relevant_ids="gold")
    assert apart.examples[0].metadata == {"relevant_ids": ["d1", "d2"]}
    with pytest.raises(DatasetError, match=r"d\.jsonl:1: relevant_ids is 3; use a list"):
        load(tmp_path, [{"id": 1, "q": "x", "gold": 3}], relevant_ids="gold")


@pytest.mark.parametrize("unnamed", [True, False])
@pytest.mark.parametrize("as_json", [True, False])
def test_lists_in_cells(tmp_path: Path, as_json: bool, unnamed: bool) -> None:
    """In CSV they are JSON; ids may also be parted by spaces, and one context is a text.

    Columns that are called as metrics call them need no mention.
    """
    quoted = {name: json.dumps(value).replace('"', '""') for name, value in LISTS.items()}
    plain = {"relevant_ids": "d1 d2", "expected_tool_calls": "", "contexts": "[two"}
    cells = ",".join(f'"{value}"' for value in (quoted if as_json else plain).values())
    header = ",".join(LISTS) if unnamed else "r,t,c"
    (tmp_path / "d.csv").write_text(f"id,q,{header}\n1,x,{cells}\n")
    roles: dict[str, Any] = {"relevant_ids": "r", "expected_tool_calls": "t", "contexts": "c"}
    spec = DatasetSpec(path="d.csv", inputs=["q"], **({} if unnamed else roles))
    found = load_dataset(spec, folder=tmp_path).examples[0].metadata
    assert found["relevant_ids"] == LISTS["relevant_ids"]
    assert found["expected_tool_calls"] == (LISTS["expected_tool_calls"] if as_json else None)
    assert found["contexts"] == (LISTS["contexts"] if as_json else ["[two"])


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"lang": "en"}, ["0", "3", "6", "9"]),
        ({"lang": ["en", None]}, ["0", "2", "3", "5", "6", "8", "9", "11"]),
        ({"lang": "de", "n": [4, 7]}, ["4", "7"]),
        ({"n": 1}, ["1"]),
        ({"good": True, "n": [0, 1, 2]}, ["0", "2"]),
        ({"n": True}, []),
    ],
)
def test_conditions_take_a_part(tmp_path: Path, where: dict[str, Any], expected: list[str]) -> None:
    """All must hold; a list means one of its values; true is not 1."""
    if not expected:
        with pytest.raises(DatasetError, match="there is no example left by where"):
            load(tmp_path, ROWS, where=where)
    else:
        assert ids(load(tmp_path, ROWS, where=where)) == expected


def test_conditions_on_cells(tmp_path: Path) -> None:
    """CSV has texts only: a number or a truth value is compared as it is written."""
    (tmp_path / "d.csv").write_text("id,q,n,ok\na,x,1,true\nb,x,10,False\n")
    cases: list[tuple[dict[str, Any], str]] = [
        ({"n": 10}, "b"),
        ({"ok": False}, "b"),
        ({"ok": True, "n": 1}, "a"),
    ]
    for where, expected in cases:
        spec = DatasetSpec(path="d.csv", inputs=["q"], where=where)
        assert ids(load_dataset(spec, folder=tmp_path)) == [expected]


def test_a_condition_on_an_unknown_column_is_one_line(tmp_path: Path) -> None:
    """It names the nearest one; a column that only some rows have is known."""
    with pytest.raises(DatasetError, match="asks for the column 'land'; did you mean 'lang'"):
        load(tmp_path, ROWS, where={"land": "en"})
    rows = [*ROWS, {"id": "x", "q": "x", "rare": 1}]
    assert ids(load(tmp_path, rows, where={"rare": 1})) == ["x"]


def test_a_sample_is_the_same_every_time(tmp_path: Path) -> None:
    """In the file's order; another seed takes others; of a few all are taken."""
    keys = [ids(load(tmp_path, ROWS, sample=SampleSpec(n=5, seed=seed))) for seed in (1, 1, 2)]
    assert keys[0] == keys[1] != keys[2]
    assert [len(key) for key in keys] == [5, 5, 5]
    assert all(key == sorted(key, key=int) for key in keys)
    assert ids(load(tmp_path, ROWS, sample=SampleSpec(n=99))) == [str(n) for n in range(12)]


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 1000))
def test_a_larger_sample_holds_the_smaller(few: int, many: int, seed: int) -> None:
    """So that a suite that is made larger keeps the examples it had."""
    few, many = sorted((few, many))
    examples = [Example(str(n), {}) for n in range(30)]
    small, large = (take_sample(examples, SampleSpec(n=n, seed=seed)) for n in (few, many))
    assert len(small) == min(few, 30)
    assert {one.id for one in small} <= {one.id for one in large}


def test_every_example_has_the_same_chance() -> None:
    """Over 2,000 seeds each of ten examples is in a sample of three about 600 times."""
    examples = [Example(str(n), {}) for n in range(10)]
    counts = dict.fromkeys((one.id for one in examples), 0)
    for seed in range(2000):
        for one in take_sample(examples, SampleSpec(n=3, seed=seed)):
            counts[one.id] += 1
    # Binomial(2000, 0.3): the standard deviation is 20.5, and five of them 102.
    assert all(abs(count - 600) < 102 for count in counts.values())


def test_an_exported_file_needs_no_roles(tmp_path: Path) -> None:
    """It comes back as the same version."""
    given_set = load(tmp_path, ROWS, cluster="lang")
    export_examples(given_set.examples, tmp_path / "e.jsonl")
    again = load_dataset(DatasetSpec(path="e.jsonl"), folder=tmp_path)
    assert (again.examples, again.version) == (given_set.examples, given_set.version)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"id": 1, "q": 2}, "name the columns that the target is given under 'inputs'"),
        ({"inputs": [1]}, "inputs is [1]; use a mapping"),
        ({"references": "r"}, "references is 'r'; use a list"),
        ({"metadata": None}, "metadata is None; use a mapping"),
        ({"cluster": 3}, "cluster is 3; use a text or null"),
        ({"id": None}, "the id is None"),
    ],
)
def test_a_row_that_is_not_as_exported(tmp_path: Path, row: dict[str, Any], message: str) -> None:
    """Where no inputs are named, rows must be as evalhub writes them."""
    right: dict[str, Any] = {
        "id": "1",
        "inputs": {},
        "references": [],
        "metadata": {},
        "cluster": None,
    }
    wrong = row if "q" in row else {**right, **row}
    with pytest.raises(DatasetError) as caught:
        load(tmp_path, [wrong], inputs=None)
    assert str(caught.value).startswith(f"{tmp_path / 'd.jsonl'}:1: ")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({}, "exactly one of path, sql, huggingface, stored; there is nothing"),
        ({"path": "x", "stored": "y"}, "there is path and stored"),
        ({"path": "x", "split": "train"}, "'split' goes with 'huggingface', and there is 'path'"),
        ({"path": "x", "url": "sqlite://"}, "'url' goes with 'sql'"),
        ({"path": "x", "version": "latest"}, "'version' goes with 'stored'"),
        ({"sql": "SELECT 1", "inputs": ["q"]}, "'sql' needs 'url'"),
        ({"stored": "x", "inputs": ["q"]}, "'inputs' was said when 'x' was imported"),
        ({"huggingface": "x"}, "lacks 'inputs'"),
        ({"path": "x", "sample": {"n": 0}}, "greater than or equal to 1"),
        ({"path": "x", "inputs": []}, "at least 1 item"),
        ({"path": "x", "where": {"a": {"b": 1}}}, "where"),
    ],
)
def test_keys_that_do_not_go_together(keys: dict[str, Any], message: str) -> None:
    """The suite file's error says which."""
    with pytest.raises(ValidationError, match=message):
        DatasetSpec.model_validate(keys)
