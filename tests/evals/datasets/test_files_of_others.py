"""Files as other programs write them: Excel, pandas, Python's json, spreadsheets by hand."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evalhub.errors import DatasetError
from evalhub.evals.datasets.export import export_examples
from evalhub.evals.datasets.load import load_dataset
from evalhub.evals.datasets.spec import DatasetSpec
from evalhub.evals.runs.call import Call
from evalhub.evals.runs.scoring import Columns
from evalhub.evals.targets.base import TargetOutput
from evalhub.model import Dataset, Example, ExampleResult


def load(folder: Path, name: str, text: str, **keys: Any) -> Dataset:
    """Read a file called *name* that holds *text*."""
    (folder / name).write_bytes(text.encode())
    return load_dataset(DatasetSpec(path=name, **{"inputs": ["q"], **keys}), folder=folder)


@pytest.mark.parametrize(
    "text",
    ["id;q\n1;a, b\n", "id\tq\n1\ta, b\n", "\n\nid;q\n1;a, b\n", '"id";"q"\r\n1;"a, b"\r\n'],
)
def test_excel_parts_cells_as_the_country_does(tmp_path: Path, text: str) -> None:
    """Where the first line has no comma, semicolons or tabs part the cells."""
    (example,) = load(tmp_path, "d.csv", text).examples
    assert (example.id, example.inputs) == ("1", {"q": "a, b"})


def test_columns_without_a_name_are_left_out(tmp_path: Path) -> None:
    """Excel leaves empty ones at the end, pandas writes its row numbers at the front."""
    (example,) = load(tmp_path, "d.csv", ",id,q,,\n0,1,x,,\n").examples
    assert (example.inputs, example.metadata) == ({"q": "x"}, {})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id,q,r\n1,x\n", "d.csv:2: 2 cells under 3 columns; write the missing ones too"),
        ("id,q\n1\n", "d.csv:2: 1 cell under 2 columns; write the missing ones too"),
        ("id,q\n1,x,y\n", "d.csv:2: 3 cells under 2 columns; quote cells that hold"),
    ],
)
def test_a_row_of_another_length_is_told_what_to_do(tmp_path: Path, text: str, told: str) -> None:
    """Too few cells are not told to be quoted."""
    with pytest.raises(DatasetError, match=told):
        load(tmp_path, "d.csv", text)


def test_a_list_in_a_json_file_is_a_data_set(tmp_path: Path) -> None:
    """Its rows are counted, and anything else in it is told so."""
    text = json.dumps([{"id": 1, "q": "x"}, {"id": 2, "q": "y"}], indent=2)
    found = load(tmp_path, "d.json", text)
    assert (found.name, [one.id for one in found.examples]) == ("d", ["1", "2"])
    for wrong, told in (
        ('{"data": []}', "d.json holds no list but dict"),
        ("[1]", "d.json: row 1 is 1; give a list of objects"),
        ('[{"id": 1}, {"id": 1, "q": 2}]', "d.json: row 1: no column 'q'"),
        ('[\n{"q": 1,}]', r"d.json: not JSON: .* \(line 2, column"),
    ):
        with pytest.raises(DatasetError, match=told):
            load(tmp_path, "d.json", wrong)


def test_what_python_writes_is_read(tmp_path: Path) -> None:
    """NaN is nothing, and whole numbers keep all of their digits."""
    row = {"id": 10**29 + 1, "q": 10**25 + 1, "score": float("nan")}
    (example,) = load(tmp_path, "d.jsonl", json.dumps(row)).examples
    assert (example.id, example.inputs["q"]) == (str(10**29 + 1), 10**25 + 1)
    assert example.metadata == {"score": None}


def test_whole_numbers_of_any_size_come_back_from_an_export(tmp_path: Path) -> None:
    """The version stays the same."""
    given = Dataset("d", (Example("1", {"q": 10**25 + 1}),))
    export_examples(given.examples, tmp_path / "e.jsonl")
    assert load_dataset(DatasetSpec(path="e.jsonl"), folder=tmp_path).version == given.version


def test_half_of_an_emoji_is_told_so(tmp_path: Path) -> None:
    """JavaScript cuts texts between the halves; a whole one is fine, and so is a backslash."""
    with pytest.raises(DatasetError, match=r"d.jsonl:1: a text holds half of a surrogate pair"):
        load(tmp_path, "d.jsonl", '{"id": 1, "q": "\\ud83d"}')
    (example,) = load(tmp_path, "d.jsonl", json.dumps({"id": 1, "q": "\\ud83d 😀"})).examples
    assert example.inputs["q"] == "\\ud83d 😀"
    half = Dataset("d", (Example("1", {"q": "\ud83d"}),))
    assert half.version != Dataset("d", (Example("1", {"q": "\ud83e"}),)).version
    with pytest.raises(DatasetError, match="half of a surrogate pair"):
        export_examples(half.examples, tmp_path / "e.jsonl")


@pytest.mark.parametrize(
    ("answer", "texts"),
    [
        (42, ("42",)),
        (0.5, ("0.5",)),
        (True, ("true",)),
        ({"a": [1]}, ('{"a": [1]}',)),
        ([1, "b"], ("1", "b")),
    ],
)
def test_a_right_answer_may_be_a_number(
    tmp_path: Path, answer: Any, texts: tuple[str, ...]
) -> None:
    """What is no text becomes JSON, as it is in references made of traces."""
    row = json.dumps({"id": 1, "q": "x", "a": answer})
    assert load(tmp_path, "d.jsonl", row, reference="a").examples[0].references == texts


def test_an_id_that_only_later_rows_have_is_no_metadata(tmp_path: Path) -> None:
    """Rows do not get hashes because the first one lacks its id."""
    with pytest.raises(DatasetError, match=r"d.jsonl:2: has an 'id', and rows before it have none"):
        load(tmp_path, "d.jsonl", '{"q": "x"}\n{"id": 1, "q": "y"}\n')


@pytest.mark.parametrize("cell", ["d1 d2", "d1,d2", "d1, d2", "d1;d2", '["d1", "d2"]'])
def test_ids_are_parted_as_people_write_them(tmp_path: Path, cell: str) -> None:
    """A comma is no part of an id, in tables and in JSON, mentioned or not."""
    quoted = cell.replace('"', '""')
    table = load(tmp_path, "d.csv", f'id,q,relevant_ids\n1,x,"{quoted}"\n').examples[0]
    assert table.metadata["relevant_ids"] == ["d1", "d2"]
    if not cell.startswith("["):
        row = json.dumps({"id": 1, "q": "x", "relevant_ids": cell})
        for roles in ({}, {"relevant_ids": "relevant_ids"}):
            (one,) = load(tmp_path, "d.jsonl", row, **roles).examples
            assert one.metadata["relevant_ids"] == ["d1", "d2"]


@pytest.mark.parametrize("roles", [{}, {"relevant_ids": "relevant_ids"}])
def test_graded_documents_keep_their_gains(tmp_path: Path, roles: dict[str, str]) -> None:
    """Retrieval metrics are given the gain of each id, and not the ids alone."""
    row = json.dumps({"id": 1, "q": "x", "relevant_ids": {"d1": 3, "d2": 1}})
    (example,) = load(tmp_path, "d.jsonl", row, **roles).examples
    call = Call(TargetOutput("a"), None, None, 0.0)
    columns = Columns.of([example], [call], [ExampleResult("1", "a")]).by_name
    assert columns["relevant_ids"] == [{"d1": 3, "d2": 1}]


@pytest.mark.parametrize("role", ["id", "reference", "cluster"])
def test_a_role_that_an_exported_row_has_is_not_ignored(tmp_path: Path, role: str) -> None:
    """Else the cluster would not count, and nobody would know."""
    export_examples([Example("1", {"q": "x"}, metadata={"m": "y"})], tmp_path / "e.jsonl")
    with pytest.raises(DatasetError, match=f"e.jsonl:1: '{role}' was said when this was exported"):
        load_dataset(DatasetSpec.model_validate({"path": "e.jsonl", role: "m"}), folder=tmp_path)


def test_an_empty_cell_is_null(tmp_path: Path) -> None:
    """A condition finds the rows of a table that have no value."""
    text = "id,q,topic\n1,x,\n2,y,a\n"
    found = load(tmp_path, "d.csv", text, where={"topic": None})
    assert [one.id for one in found.examples] == ["1"]


def test_maps_of_parquet_are_mappings(tmp_path: Path) -> None:
    """They are not lists of pairs."""
    maps = pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64()))
    pq.write_table(pa.table({"id": [1], "q": maps}), tmp_path / "d.parquet")
    spec = DatasetSpec(path="d.parquet", inputs=["q"])
    assert load_dataset(spec, folder=tmp_path).examples[0].inputs == {"q": {"a": 1}}
