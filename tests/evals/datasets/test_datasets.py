"""Reading data sets, and every way in which a file may be wrong."""

from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalhub.errors import DatasetError
from evalhub.evals.datasets.load import load_dataset
from evalhub.evals.datasets.spec import DatasetSpec
from evalhub.model import Dataset, Example


def read(folder: Path, content: str | bytes, name: str = "d.jsonl") -> Dataset:
    """Write *content* to a file of *folder* and read it as a data set."""
    data = content.encode() if isinstance(content, str) else content
    (folder / name).write_bytes(data)
    spec = DatasetSpec(path=name, inputs=["q"], reference="a", cluster="who")
    return load_dataset(spec, folder=folder)


def test_json_lines_give_examples(tmp_path: Path) -> None:
    """Roles are read, several references kept, and other columns are metadata."""
    rows = [
        {"id": 1, "q": "x", "a": ["r", "s"], "who": "w", "relevant_ids": ["d1"]},
        {"id": "2", "q": {"deep": 1}, "a": None, "who": ""},
    ]
    found = read(tmp_path, "\n\n".join(orjson.dumps(row).decode() for row in rows))
    assert found.name == "d"
    assert found.examples == (
        Example("1", {"q": "x"}, ("r", "s"), {"relevant_ids": ["d1"]}, "w"),
        Example("2", {"q": {"deep": 1}}),
    )


def test_csv_gives_the_same_examples(tmp_path: Path) -> None:
    """A byte order mark, quoted commas and line breaks in cells are read."""
    text = '\ufeffid,q,a,who\n1,"x, y\nz",r,w\n\n2,p,,\n'
    found = read(tmp_path, text, "d.csv")
    assert found.examples == (
        Example("1", {"q": "x, y\nz"}, ("r",), {}, "w"),
        Example("2", {"q": "p"}),
    )


GOOD = '{"id": 1, "q": "x", "a": "r", "who": "w"}\n'


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        ("", 1, "no example"),
        ("\n \n", 1, "no example"),
        (GOOD + "{oops}\n", 2, "not JSON"),
        (GOOD + "[1]\n", 2, "not a JSON object"),
        (GOOD + GOOD, 2, "id '1' is also on line 1"),
        (GOOD + '{"id": 2, "a": "r", "who": "w"}', 2, "no column 'q'; there are id, a, who"),
        (GOOD.replace('"who"', '"whom"'), 1, "no column 'who'; did you mean 'whom'?"),
        (GOOD.replace("1", "null"), 1, "the id is None"),
        (GOOD.replace("1", "true"), 1, "the id is True"),
        (GOOD.replace('"id": 1', '"id": 1.5'), 1, "the id is 1.5; use a text or a whole number"),
    ],
)
def test_a_bad_row_is_named_by_its_line(
    tmp_path: Path, content: str, line: int, message: str
) -> None:
    """The one-line error starts with file and line."""
    with pytest.raises(DatasetError) as caught:
        read(tmp_path, content)
    text = str(caught.value)
    assert text.startswith(f"{tmp_path / 'd.jsonl'}:{line}: ")
    assert message in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("id,q,a,who\n1,x\n", "d.csv:2: 2 cells under 4 columns"),
        ('id,q,a,who\n1,"x\ny",r,w\n1,z,r,w\n', "d.csv:4: id '1' is also on line 2"),
        ("id,q,q\n", "d.csv:1: the column 'q' is there twice"),
        ('id,q,a,who\n1,"x\n', "d.csv:2: not CSV"),
        ("id,q,who\n1,2,3\n", "d.csv:2: no column 'a'; there are id, q, who"),
        ("id,q,a,who\n", "d.csv:1: there is no example"),
    ],
)
def test_a_bad_csv_is_named_by_its_line(tmp_path: Path, content: str, message: str) -> None:
    """A row that spans lines is named by the line on which it starts."""
    with pytest.raises(DatasetError) as caught:
        read(tmp_path, content, "d.csv")
    assert message in str(caught.value)


def test_files_that_cannot_be_read_are_one_line(tmp_path: Path) -> None:
    """Absent, of another form, not UTF-8, a folder: each says so."""
    spec = DatasetSpec(path="none.jsonl", inputs=["q"])
    with pytest.raises(DatasetError, match="there is no data set"):
        load_dataset(spec, folder=tmp_path)
    for name in ("d.xlsx", "d.gz", "d.parquet.gz", "d"):
        with pytest.raises(DatasetError, match=r"neither \.jsonl"):
            read(tmp_path, "x", name)
    with pytest.raises(DatasetError, match="not UTF-8"):
        read(tmp_path, b'{"id": "\xff"}')
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(DatasetError, match="cannot read"):
        load_dataset(DatasetSpec(path="folder.csv", inputs=["q"]), folder=tmp_path)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.text(min_size=1).filter(str.strip), st.text()),
        min_size=1,
        unique_by=lambda row: row[0],
    )
)
def test_any_text_survives_json_lines(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    """Ids and inputs come back as they were written, whatever the characters."""
    lines = [orjson.dumps({"id": i, "q": q, "a": None, "who": None}) for i, q in rows]
    found = read(tmp_path, b"\n".join(lines))
    assert [(e.id, e.inputs["q"]) for e in found.examples] == rows
