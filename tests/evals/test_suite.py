"""Reading suite files; what is wrong is named by its line."""

from pathlib import Path

import pytest

from evalhub.errors import SuiteError
from evalhub.evals.gate import Gate
from evalhub.evals.suite import FunctionSpec, PromptSpec, Suite, load_suite

FILE = """\
name: summaries
dataset: {path: papers.jsonl, id: id, inputs: [text], reference: summary, cluster: author}
targets:
  baseline:
    model: local
    prompt: prompts/plain.txt
    max_tokens: 200
  candidate: {function: mypkg.app:answer}
metrics: [rouge1, rougeLsum, {judge: rubric, criteria: faithful}, {metric: rouge, stemmer: false}]
gates:
  - {metric: rougeLsum, of: candidate, not_worse_than: baseline, margin: 0.02}
"""


def load(folder: Path, text: str) -> Suite:
    """Write *text* as a suite file and read it."""
    path = folder / "suite.yaml"
    path.write_text(text, encoding="utf-8")
    return load_suite(path)


def test_the_documented_form_is_read(tmp_path: Path) -> None:
    """Every part of the file is there, in its order."""
    suite = load(tmp_path, FILE)
    spec = suite.spec
    assert spec.dataset.cluster == "author"
    assert list(spec.targets) == ["baseline", "candidate"]
    assert spec.targets["baseline"] == PromptSpec(
        model="local", prompt="prompts/plain.txt", max_tokens=200
    )
    assert spec.targets["candidate"] == FunctionSpec(function="mypkg.app:answer")
    assert [(m.name, m.settings) for m in spec.metrics] == [
        ("rouge1", {}),
        ("rougeLsum", {}),
        ("rubric", {"criteria": "faithful"}),
        ("rouge", {"stemmer": False}),
    ]
    assert suite.gates == (
        Gate("rougeLsum", of="candidate", not_worse_than="baseline", margin=0.02),
    )


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("metrics:", "metric:", 9, "unknown key 'metric'; did you mean 'metrics'?"),
        ("reference:", "referense:", 2, "unknown key 'referense'; did you mean 'reference'?"),
        ("max_tokens:", "max_token:", 7, "unknown key 'max_token'; did you mean 'max_tokens'?"),
        ("margin:", "margins:", 11, "unknown key 'margins'; did you mean 'margin'?"),
        ("name: summaries", "name: 2024", 1, "name must be a text, not 2024; put it in quotes"),
        ("max_tokens: 200", "max_tokens: many", 7, "max_tokens must be a whole number"),
        ("margin: 0.02", "margin: -1", 11, "margin is -1"),
        ("inputs: [text]", "inputs: text", 2, "dataset.inputs must be a list, not 'text'"),
        ("inputs: [text], ", "", 2, "dataset lacks 'inputs'"),
        ("name: summaries\n", "", 1, "the suite lacks 'name'"),
        ("    prompt: prompts/plain.txt\n", "", 4, "either 'prompt' (a file) or 'template'"),
        ("of: candidate", "of: candidat", 11, "no target is called 'candidat'"),
        ("of: candidate", "of: baseline", 11, "held against itself"),
        ("not_worse_than: baseline, ", "", 11, "needs exactly one of"),
        ("    max_tokens: 200", "    model: gpt", 7, "'model' is also on line 5"),
        ("{judge: rubric, ", "{", 9, "either 'metric' or 'judge'"),
        ("metrics: [", "metrics: [[", 10, "not YAML"),
        ("function: mypkg.app:answer", "functions: f", 8, "unknown key 'functions'"),
    ],
)
def test_what_is_wrong_is_named_by_its_line(
    tmp_path: Path, old: str, new: str, line: int, message: str
) -> None:
    """The one-line error starts with file and line, and offers the nearest right key."""
    assert old in FILE
    with pytest.raises(SuiteError) as caught:
        load(tmp_path, FILE.replace(old, new, 1))
    text = str(caught.value)
    assert text.startswith(f"{tmp_path / 'suite.yaml'}:{line}: ")
    assert message in text
    assert "\n" not in text


@pytest.mark.parametrize("text", ["", "just a text", "[1, 2]", "3"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    """An empty file or a list says what a suite is."""
    with pytest.raises(SuiteError, match="a suite is a mapping"):
        load(tmp_path, text)


def test_an_absent_file_is_one_line(tmp_path: Path) -> None:
    """The path is quoted."""
    with pytest.raises(SuiteError, match=r"no suite file .*none\.yaml"):
        load_suite(tmp_path / "none.yaml")
