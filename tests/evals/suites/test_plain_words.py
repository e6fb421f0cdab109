"""What plain words of a suite file mean, and files that are JSON."""

import json
from pathlib import Path

import pytest

from evalhub.errors import SuiteError
from evalhub.evals.suites.assemble import assemble
from evalhub.evals.suites.suite import Suite, load_suite
from evalhub.evals.suites.yaml_lines import parse_yaml

SUITE = """\
name: {name}
dataset: {{path: data.jsonl, inputs: [text], reference: right}}
targets:
  {target}: {{function: suite_app:copy}}
metrics: [exact_match]
"""


def load(folder: Path, more: str = "", *, name: str = "s", target: str = "copy") -> Suite:
    """Return the suite with *more* at its end."""
    (folder / "suite.yaml").write_text(SUITE.format(name=name, target=target) + more)
    return load_suite(folder / "suite.yaml")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("[no, yes, on, off]", ["no", "yes", "on", "off"]),
        ("[2026-11-22, 1:30, 1_0]", ["2026-11-22", "1:30", "1_0"]),
        ("[true, False, ~, 010, 0o17, 0xff]", [True, False, None, 10, 15, 255]),
        ("[1e3, 1e-3, -2.5E+2, .5, 3]", [1000.0, 0.001, -250.0, 0.5, 3]),
    ],
)
def test_plain_words_mean_what_they_do_in_editors(
    tmp_path: Path, written: str, meant: list[object]
) -> None:
    """Norway is no falsehood and a date no object; numbers are those of JSON as well."""
    (tmp_path / "a.yaml").write_text(f"key: {written}\n")
    assert parse_yaml(tmp_path / "a.yaml").value == {"key": meant}


def test_rows_of_norway_are_not_left_out(folder: Path) -> None:
    """A condition on the language no keeps the rows in it."""
    languages = enumerate(("no", "de"))
    rows = [{"id": n, "text": "t", "right": "r", "lang": lang} for n, lang in languages]
    (folder / "data.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (folder / "suite.yaml").write_text(
        SUITE.format(name="s", target="no").replace("right", "right, where: {lang: [no]}")
    )
    with assemble(load_suite(folder / "suite.yaml"), asks=False) as found:
        assert [example.id for example in found.dataset.examples] == ["0"]
        assert [planned.target.name for planned in found.targets] == ["no"]


def test_a_text_is_no_switch(folder: Path) -> None:
    """A setting that is on or off is not turned on by the text no."""
    suite = load(folder, "slices: []\n").path
    suite.write_text(suite.read_text().replace("[exact_match]", "[{metric: rouge, stemmer: no}]"))
    with (
        pytest.raises(SuiteError, match=r"suite.yaml:5:11: rouge: stemmer is 'no'; give true or"),
        assemble(load_suite(suite), asks=False),
    ):
        pass


def test_json_files_are_read_as_json(tmp_path: Path) -> None:
    """Tabs, escaped emoji and repeated keys are those of JSON; what is wrong has a place."""
    path = tmp_path / "tools.json"
    path.write_text('{\n\t"a": "\\ud83d\\ude00",\n\t"b": 1e3\n}')
    assert parse_yaml(path).value == {"a": "😀", "b": 1000.0}
    path.write_text('{\n  "a": 1,\n  "a": 2\n}')
    with pytest.raises(SuiteError, match=r"tools.json:3:3: 'a' is also on line 2"):
        parse_yaml(path)
    path.write_text('{"a": 1,\n}')
    with pytest.raises(SuiteError, match=r"tools.json:\d:\d+: not JSON: "):
        parse_yaml(path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name: a\x07b\n", r"1:8: not YAML: take out the character U\+0007"),
        ("name: s\nx: \x00\n", r"2:4: not YAML: take out the character U\+0000"),
        (f"name: {'[' * 3000}", "too deep"),
    ],
)
def test_what_yaml_cannot_hold_is_told_in_a_line(tmp_path: Path, text: str, told: str) -> None:
    """Characters that nobody sees have a place, and a broken file is no traceback."""
    (tmp_path / "suite.yaml").write_text(text)
    with pytest.raises(SuiteError, match=told):
        load_suite(tmp_path / "suite.yaml")


@pytest.mark.parametrize(
    ("name", "target", "told"),
    [
        ('"  "', "copy", "1:1: name: the name '  ' is blank"),
        ('"a\\nb"', "copy", "1:1: name: the name 'a.nb' has more than one line"),
        ("s", "''", "4:3: the name '' is blank"),
        ("s", '"a\\nb"', "4:3: the name 'a.nb' has more than one line"),
        ("s", '"${T}"', "4:3: the name '.{4}' is a key, and variables are put into values only"),
        ("s", "1", "4:3: the key 1 must be a text; put it in quotes"),
        ("s", "baseline-run", "4:3: no target may be called 'baseline-run'"),
    ],
)
def test_names_can_be_read(folder: Path, name: str, target: str, told: str) -> None:
    """What tables and reports call by a name has one that is one line."""
    with pytest.raises(SuiteError, match=told):
        load(folder, name=name, target=target)


def test_a_key_of_another_kind_is_told_so(folder: Path) -> None:
    """It is not called unknown, with itself as the nearest."""
    with pytest.raises(
        SuiteError, match=r"4:\d+: the key 'url' does not go with 'function'; leave"
    ):
        load(folder, target="both: {function: a:b, url: x}\n  copy")


def test_keys_for_anchors_are_left_out(folder: Path) -> None:
    """Anchors have a place to stand, as in files of Docker Compose."""
    name = "s\nx-gate: &gate {metric: exact_match, at_least: 0.1}"
    suite = load(folder, "gates: [*gate]\nx-more: 1\n", name=name)
    assert [gate.metric for gate in suite.gates] == ["exact_match"]


def test_a_default_holds_no_variable(folder: Path) -> None:
    """It is refused, and not taken for the text that it is written as."""
    with pytest.raises(SuiteError, match="is no variable"):
        load(folder, 'reports: {html: "${A:-${B}}"}\n')


def test_matrix_values_of_unlike_kinds_are_not_the_same(folder: Path) -> None:
    """1 and true are two values; a gate on a target is told how all of it is written."""
    matrix = "matrix: {n: [1, true]}\n"
    target = "c: {command: 'echo ${matrix.n}', shell: true}\n  copy"
    suite = load(folder, matrix, target=target)
    assert list(suite.spec.targets) == ["c[n=1]", "c[n=True]", "copy"]
    gate = "gates: [{metric: exact_match, of: c, at_least: 1}]\n"
    with pytest.raises(SuiteError, match=r"no target is called 'c'; c\[\*\] is all of its matrix"):
        load(folder, matrix + gate, target=target)
