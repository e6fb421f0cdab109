"""Parquet, SQL and Hugging Face folders: each as its own library writes it."""

import datetime
import decimal
import os
import sqlite3
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evalhub.errors import DatasetError
from evalhub.evals.datasets.load import load_dataset
from evalhub.evals.datasets.source import plain
from evalhub.evals.datasets.spec import DatasetSpec
from evalhub.model import Dataset, Example

ROWS: list[dict[str, Any]] = [
    {"id": 1, "q": "x", "a": ["r", "s"], "who": "w", "n": 1.5},
    {"id": 2, "q": "ü", "a": [], "who": None, "n": None},
]
EXAMPLES = (
    Example("1", {"q": "x"}, ("r", "s"), {"n": 1.5}, "w"),
    Example("2", {"q": "ü"}, (), {"n": None}),
)
ROLES: dict[str, Any] = {"inputs": ["q"], "reference": "a", "cluster": "who"}


def test_parquet(tmp_path: Path) -> None:
    """Lists are lists, nulls are None."""
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "d.parquet")
    found = load_dataset(DatasetSpec(path="d.parquet", **ROLES), folder=tmp_path)
    assert found == Dataset("d", EXAMPLES)


def test_parquet_errors_name_the_row(tmp_path: Path) -> None:
    """A file has no lines, so rows are counted; all that is wrong with the file is one line."""
    path = tmp_path / "d.parquet"
    spec = DatasetSpec(path="d.parquet", **ROLES)
    with pytest.raises(DatasetError, match="there is no data set"):
        load_dataset(spec, folder=tmp_path)
    cases = (
        ([*ROWS, ROWS[0]], r"d\.parquet: row 3: id '1' is also on row 1"),
        ([{"id": 1, "qq": "x"}], r"d\.parquet: row 1: no column 'q'; did you mean"),
        ([{**ROWS[0], "id": 1.5}], r"d\.parquet: row 1: the id is 1.5; use a text"),
    )
    for rows, message in cases:
        pq.write_table(pa.Table.from_pylist(rows), path)
        with pytest.raises(DatasetError, match=message):
            load_dataset(spec, folder=tmp_path)
    pq.write_table(pa.Table.from_pylist(ROWS).slice(0, 0), path)
    with pytest.raises(DatasetError, match=r"d\.parquet: there is no example"):
        load_dataset(spec, folder=tmp_path)
    twice = pa.table([pa.array([1]), pa.array([2])], names=["q", "q"])
    pq.write_table(twice, path)
    with pytest.raises(DatasetError, match="the column 'q' is there twice"):
        load_dataset(spec, folder=tmp_path)
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(DatasetError, match="no Parquet file that can be read") as caught:
        load_dataset(spec, folder=tmp_path)
    assert "\n" not in str(caught.value)


def database(folder: Path) -> str:
    """Make an SQLite file with the rows, references as text; return its address."""
    path = folder / "app.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE qa (id INTEGER, q TEXT, a TEXT, who TEXT, n REAL)")
        values = [(1, "x", "r", "w", 1.5), (2, "ü", "", None, None)]
        connection.executemany("INSERT INTO qa VALUES (?, ?, ?, ?, ?)", values)
    connection.close()
    return f"sqlite:///{path}"


def test_sql(tmp_path: Path) -> None:
    """Each row of a query is an example."""
    spec = DatasetSpec(
        sql="SELECT * FROM qa WHERE q LIKE '%' ORDER BY id", url=database(tmp_path), **ROLES
    )
    found = load_dataset(spec)
    assert found.name == "query"
    first = Example("1", {"q": "x"}, ("r",), {"n": 1.5}, "w")
    assert found.examples == (first, EXAMPLES[1])


def test_an_sqlite_file_is_found_beside_the_suite(tmp_path: Path) -> None:
    """Like every path in the suite file."""
    database(tmp_path)
    spec = DatasetSpec(sql="SELECT * FROM qa", url="sqlite:///app.db", **ROLES)
    assert len(load_dataset(spec, folder=tmp_path).examples) == 2


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT id FROM qa", "the query: row 1: no column 'q'"),
        ("SELECT * FROM qa UNION ALL SELECT * FROM qa", "the query: row 3: id '1' is also on row"),
        ("SELECT * FROM qa WHERE id > 9", "the query: there is no example"),
        ("DELETE FROM qa", "does not read; begin with SELECT"),
        ("WITH x AS (SELECT 1) DELETE FROM qa", "writes, and a data set is only read"),
        ("SELECT * FROM qs", "no such table: qs"),
    ],
)
def test_sql_errors_are_one_line(tmp_path: Path, query: str, message: str) -> None:
    """A missing table, a missing column, a query that writes."""
    with pytest.raises(DatasetError) as caught:
        load_dataset(DatasetSpec(sql=query, url=database(tmp_path), **ROLES))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_values_that_json_lacks_are_made_text() -> None:
    """Times, decimals, bytes, ids; NaN is no value at all."""
    noon = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
    given = {
        "when": noon,
        "day": noon.date(),
        "whole": decimal.Decimal(12345678901234567890),
        "part": decimal.Decimal("0.5"),
        "nan": float("nan"),
        "bytes": b"\x00\xff",
        "id": uuid.UUID(int=1),
        3: (1, {"x"}),
    }
    assert plain(given) == {
        "when": "2026-11-22T12:00:00+00:00",
        "day": "2026-11-22",
        "whole": 12345678901234567890,
        "part": 0.5,
        "nan": None,
        "bytes": "AP8=",
        "id": "00000000-0000-0000-0000-000000000001",
        "3": [1, ["x"]],
    }


# In a process of its own: `datasets` makes threads and caches, and takes seconds to import.
_MAKE = """
import sys, datasets
datasets.disable_progress_bars()
rows, folder = eval(sys.argv[1]), sys.argv[2]
made = datasets.Dataset.from_list(rows)
made.save_to_disk(folder + "/one")
datasets.DatasetDict({"train": made, "test": made.select([0])}).save_to_disk(folder + "/splits")
made.to_json(folder + "/files/train.jsonl")
made.select([1]).to_json(folder + "/files/test.jsonl")
mood = datasets.ClassLabel(names=["sad", "glad"])
features = datasets.Features({"id": datasets.Value("int64"), "mood": mood})
labelled = {"id": [1, 2, 3], "mood": [1, 0, -1]}
datasets.Dataset.from_dict(labelled, features).save_to_disk(folder + "/classes")
"""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of Hugging Face data sets: one, one with splits, one of plain files."""
    folder = tmp_path_factory.mktemp("huggingface")
    (folder / "files").mkdir()
    (folder / "empty").mkdir()
    environment = {**os.environ, "HF_HOME": str(folder / "home")}
    command = [sys.executable, "-c", _MAKE, repr(ROWS), str(folder)]
    subprocess.run(command, check=True, env=environment, capture_output=True)
    return folder


@pytest.mark.parametrize(
    ("name", "split", "count"),
    [("one", None, 2), ("splits", "train", 2), ("splits", "test", 1), ("files", "test", 1)],
)
def test_huggingface_folders(folders: Path, name: str, split: str | None, count: int) -> None:
    """What ``save_to_disk`` wrote, and plain files in a folder."""
    spec = DatasetSpec(huggingface=name, split=split, **ROLES)
    found = load_dataset(spec, folder=folders)
    assert found.name == name
    assert found.examples == (EXAMPLES[1:] if name == "files" else EXAMPLES[:count])


def test_a_class_has_its_name(folders: Path) -> None:
    """Models answer with names, and the numbers of classes would make every answer wrong."""
    spec = DatasetSpec(huggingface="classes", inputs=["id"], reference="mood")
    found = load_dataset(spec, folder=folders)
    assert [one.references for one in found.examples] == [("glad",), ("sad",), ()]


@pytest.mark.parametrize(
    ("name", "split", "message"),
    [
        ("none", None, "there is no folder .*none; check 'huggingface'"),
        ("splits", None, "splits has the splits train, test; name one under 'split'"),
        ("splits", "tests", "splits has no split 'tests'; did you mean 'test'"),
        ("files", "dev", "files has no split 'dev'; there are train, test"),
        ("one", "dev", "one has no split 'dev'; it is one split"),
        ("empty", None, "empty cannot be read by datasets: EmptyDatasetError"),
    ],
)
def test_huggingface_errors(folders: Path, name: str, split: str | None, message: str) -> None:
    """An absent folder is not looked for elsewhere; splits are named."""
    with pytest.raises(DatasetError, match=message) as caught:
        load_dataset(DatasetSpec(huggingface=name, split=split, **ROLES), folder=folders)
    assert "\n" not in str(caught.value)


_PEAK = """
import resource, sys
from pathlib import Path
from evalhub.evals.datasets.load import load_dataset
from evalhub.evals.datasets.spec import DatasetSpec, SampleSpec
import pyarrow.parquet
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
def read(path, n):
    spec = DatasetSpec(path=path, inputs=["q"], sample=SampleSpec(n=n))
    return load_dataset(spec)
read(sys.argv[2], 1)
before = peak()
found = read(sys.argv[1], 100)
print(len(found.examples), peak() - before)
"""


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_a_large_file_is_streamed(tmp_path: Path, form: str) -> None:
    """A sample of 100,000 rows of 1 kB takes a fraction of the 115 MB they are."""
    rows = [{"id": n, "q": f"{n} " * 170} for n in range(100_000)]
    for name, part in ((f"large.{form}", rows), (f"small.{form}", rows[:10])):
        if form == "parquet":
            pq.write_table(pa.Table.from_pylist(part), tmp_path / name, row_group_size=10_000)
        else:
            text = "".join(f'{{"id": {row["id"]}, "q": "{row["q"]}"}}\n' for row in part)
            (tmp_path / name).write_text(text)
    paths = [str(tmp_path / f"{name}.{form}") for name in ("large", "small")]
    done = subprocess.run(
        [sys.executable, "-c", _PEAK, *paths], capture_output=True, text=True, check=True
    )
    count, grown_mb = done.stdout.split()
    assert int(count) == 100
    # The ids that were seen, a batch of rows, the sample; a row group of Parquet.
    assert float(grown_mb) < 60
