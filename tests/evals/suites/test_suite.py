"""Reading suite files; what is wrong is named by its line."""

import sys
from pathlib import Path

import pytest

from evalhub.errors import SuiteError
from evalhub.evals.gates.gate import Gate
from evalhub.evals.suites.assemble import assemble
from evalhub.evals.suites.spec_targets import FunctionSpec, PromptSpec
from evalhub.evals.suites.suite import Suite, load_suite

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
    ("old", "new", "place", "message"),
    [
        ("metrics:", "metric:", "9:1", "unknown key 'metric'; did you mean 'metrics'?"),
        ("reference:", "referense:", "2:55", "unknown key 'referense'; did you mean 'reference'?"),
        ("max_tokens:", "max_token:", "7:5", "unknown key 'max_token'; did you mean 'max_tokens'?"),
        ("margin:", "margins:", "11:66", "unknown key 'margins'; did you mean 'margin'?"),
        ("name: summaries", "name: 2024", "1:1", "name must be a text, not 2024; put it in quotes"),
        ("max_tokens: 200", "max_tokens: many", "7:5", "max_tokens must be a whole number"),
        ("margin: 0.02", "margin: -1", "11:66", "margin is -1"),
        ("inputs: [text]", "inputs: text", "2:39", "dataset.inputs must be a list, not 'text'"),
        ("path: papers.jsonl, ", "", "2:1", "dataset: give exactly one of path, sql"),
        ("name: summaries\n", "", "1:1", "the suite lacks 'name'"),
        ("    prompt: prompts/plain.txt\n", "", "4:3", "give exactly one of 'prompt' (a file)"),
        ("of: candidate", "of: candidat", "11:25", "no target is called 'candidat'"),
        ("of: candidate", "of: baseline", "11:5", "held against itself"),
        ("not_worse_than: baseline, ", "", "11:5", "needs exactly one of"),
        ("    max_tokens: 200", "    model: gpt", "7:5", "'model' is also on line 5"),
        ("{judge: rubric, ", "{", "9:30", "either 'metric' or 'judge'"),
        ("metrics: [", "metrics: [[", "10:1", "not YAML"),
        ("function: mypkg.app:answer", "functions: f", "8:15", "unknown key 'functions'"),
    ],
)
def test_what_is_wrong_is_named_by_its_line(
    tmp_path: Path, old: str, new: str, place: str, message: str
) -> None:
    """The one-line error starts with file, line and column, and offers the nearest right key."""
    assert old in FILE
    with pytest.raises(SuiteError) as caught:
        load(tmp_path, FILE.replace(old, new, 1))
    text = str(caught.value)
    assert text.startswith(f"{tmp_path / 'suite.yaml'}:{place}: ")
    assert message in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("name: s\n\ttargets: 3\n", "2:1", "a tab stands where spaces must; indent with spaces"),
        ("name: &a [*a]\n", "1:7", "the anchor holds itself"),
        ("name: s\nname: t\n", "2:1", "'name' is also on line 1; keep one of them"),
        ("name: 's\n", "2:1", "not YAML"),
        ("name: !python/object:os.system x\n", "1:7", "not YAML"),
        ("dataset: {path: ${DATA}}\n", "1:18", "put what holds ${...} in quotes"),
        ("? [a, b]\n: 3\n", "1:3", "not YAML"),
        ("dataset: {path: d.csv, where: {5: x}}\n", "1:32", "the key 5 must be a text"),
    ],
)
def test_what_is_no_good_yaml_is_named_by_its_place(
    tmp_path: Path, text: str, place: str, message: str
) -> None:
    """A tab, a circle, a key that is there twice: one line with the place and what to do."""
    with pytest.raises(SuiteError) as caught:
        load(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path / 'suite.yaml'}:{place}: ")
    assert message in str(caught.value)


def test_anchors_and_merges_work_and_keep_their_places(tmp_path: Path) -> None:
    """What ``<<`` brings in counts; what is wrong in it is named where it is written."""
    text = FILE.replace("  baseline:\n", "  baseline: &plain\n").replace(
        "candidate: {function: mypkg.app:answer}", "candidate: {<<: *plain, max_tokens: 100}"
    )
    spec = load(tmp_path, text).spec.targets["candidate"]
    assert isinstance(spec, PromptSpec)
    assert (spec.prompt, spec.max_tokens) == ("prompts/plain.txt", 100)
    wrong = text.replace("    prompt: prompts", "    promt: prompts")
    with pytest.raises(SuiteError, match=r"suite\.yaml:6:5: unknown key 'promt'; did you mean"):
        load(tmp_path, wrong)


@pytest.mark.parametrize("text", ["", "just a text", "[1, 2]", "3"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    """An empty file or a list says what a suite is."""
    with pytest.raises(SuiteError, match=r"suite\.yaml:1:1: a suite is a mapping"):
        load(tmp_path, text)


def test_an_absent_file_is_one_line(tmp_path: Path) -> None:
    """The path is quoted."""
    with pytest.raises(SuiteError, match=r"no suite file .*none\.yaml"):
        load_suite(tmp_path / "none.yaml")


def test_functions_beside_a_suite_are_found_from_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the command finds them, wherever the program runs."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "lies_beside.py").write_text("def copy(text):\n    return text\n")
    (tmp_path / "data.jsonl").write_text('{"text": "a"}')
    (tmp_path / "suite.yaml").write_text(
        "name: s\ndataset: {path: data.jsonl, inputs: [text]}\n"
        "targets: {copy: {function: 'lies_beside:copy'}}\n"
    )
    with assemble(load_suite(tmp_path / "suite.yaml")) as found:
        assert found.targets[0].target({"text": "a"}).text == "a"
