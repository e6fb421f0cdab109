"""Suite files of several parts: includes, variables of the environment, the matrix."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from evalhub.errors import SuiteError
from evalhub.evals.runs.suite_run import run_suite
from evalhub.evals.suites.assemble import assemble
from evalhub.evals.suites.environment import put_environment
from evalhub.evals.suites.includes import read_document
from evalhub.evals.suites.matrix import Variant
from evalhub.evals.suites.spec_targets import FunctionSpec, PromptSpec
from evalhub.evals.suites.suite import Suite, load_suite
from evalhub.evals.suites.yaml_lines import LinedYaml
from evalhub.experiments.folder import FolderTracker
from evalhub.experiments.tags import GROUP_TAG

COMMON = """\
name: common
dataset: {path: data.jsonl, inputs: [text], reference: right}
targets:
  base: {function: suite_app:copy}
  extra: {function: suite_app:first}
metrics: [rouge1, exact_match]
concurrency: 2
"""


def write(folder: Path, **files: str) -> Suite:
    """Write *files* (a name without its suffix, and the text) and read ``suite.yaml``."""
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return load_suite(folder / "suite.yaml")


def test_an_including_file_adds_and_overrides(folder: Path) -> None:
    """Mappings are merged, lists replaced, null takes away; all files are remembered."""
    suite = write(
        folder,
        common=COMMON,
        suite="include: [common.yaml]\nname: mine\nmetrics: [rouge2]\n"
        "dataset: {cluster: text}\ntargets: {extra: null, new: {function: suite_app:first}}\n",
    )
    spec = suite.spec
    assert (spec.name, spec.concurrency) == ("mine", 2)
    assert (spec.dataset.path, spec.dataset.cluster) == ("data.jsonl", "text")
    assert list(spec.targets) == ["base", "new"]
    assert [metric.name for metric in spec.metrics] == ["rouge2"]
    assert [path.name for path in suite.files] == ["suite.yaml", "common.yaml"]


def test_a_later_include_wins_and_includes_nest(folder: Path) -> None:
    """An included file may include; of two files the later one counts."""
    (folder / "deep").mkdir()
    (folder / "deep" / "base.yaml").write_text(COMMON)
    (folder / "deep" / "one.yaml").write_text("include: base.yaml\nconcurrency: 3\nrepeats: 5\n")
    suite = write(folder, two="repeats: 7\n", suite="include: [deep/one.yaml, two.yaml]\n")
    assert (suite.spec.concurrency, suite.spec.repeats) == (3, 7)


@pytest.mark.parametrize(
    ("common", "suite", "where", "message"),
    [
        (COMMON + "seeds: 3\n", "include: common.yaml\n", "common.yaml:8:1", "did you mean 'seed'"),
        (COMMON, "include: common.yaml\nseeds: 3\n", "suite.yaml:2:1", "did you mean 'seed'"),
        (COMMON, "include: [none.yaml]\n", "suite.yaml:1:11", "there is no file"),
        (COMMON, "include: {a: b}\n", "suite.yaml:1:1", "include must be a list of files"),
        ("include: suite.yaml\n", "include: common.yaml\n", "common.yaml:1:1", "includes itself"),
        ("[1]", "include: common.yaml\n", "common.yaml:1:1", "a suite is a mapping"),
        (
            COMMON,
            "include: common.yaml\ngates: [{metric: rouge1, of: bas, at_least: 0}]\n",
            "suite.yaml:2:26",
            "no target is called 'bas'; did you mean 'base'?",
        ),
    ],
)
def test_what_is_wrong_is_named_in_the_right_file(
    folder: Path, common: str, suite: str, where: str, message: str
) -> None:
    """The place is that of the file in which it is written."""
    with pytest.raises(SuiteError) as caught:
        write(folder, common=common, suite=suite)
    assert str(caught.value).startswith(f"{folder}/{where}: ")
    assert message in str(caught.value)


def test_variables_take_the_type_that_the_key_demands(folder: Path) -> None:
    """With quotes or without, a number is a number and a text a text, whatever it looks like."""
    (folder / "suite.yaml").write_text(
        COMMON.replace("name: common", "name: ${NAME}").replace(
            "concurrency: 2", 'concurrency: "${N}"\nrepeats: ${R:-3}\nseed: ${EMPTY:-4}'
        )
    )
    suite = load_suite(
        folder / "suite.yaml", environ={"NAME": "007", "N": "5", "EMPTY": "", "HOME": "/x"}
    )
    spec = suite.spec
    assert (spec.name, spec.concurrency, spec.repeats, spec.seed) == ("007", 5, 3, 4)


def test_a_plain_variable_in_settings_is_read_as_yaml(folder: Path) -> None:
    """Settings have no type here: without quotes a number is one, with them it is a text."""
    text = COMMON.replace(
        "metrics: [rouge1, exact_match]",
        "metrics:\n  - metric: regex\n    pattern: '${P}'\n    k: ${P}\n    cost: $${P}",
    )
    (folder / "suite.yaml").write_text(text)
    metric = load_suite(folder / "suite.yaml", environ={"P": "12"}).spec.metrics[0]
    assert metric.settings == {"pattern": "12", "k": 12, "cost": "${P}"}


@pytest.mark.parametrize(
    ("written", "settings"),
    [
        ("metric: contains, ignore_case: '${YES}'", {"ignore_case": True}),
        ("judge: rubric, criteria: x, max_tokens: '${N}'", {"criteria": "x", "max_tokens": 12}),
        ("metric: regex, pattern: '${N}'", {"pattern": "12"}),
        ("metric: no_such, pattern: '${N}'", {"pattern": "12"}),
        ("metric: contains, ignore_case: ' ${N} '", {"ignore_case": " 12 "}),
        (
            "judge: panel, judges: [{judge: rubric, max_tokens: '${N}'}, rubric]",
            {"judges": [{"judge": "rubric", "max_tokens": 12}, "rubric"]},
        ),
    ],
)
def test_a_setting_takes_the_type_that_its_metric_demands(
    folder: Path, written: str, settings: dict[str, Any]
) -> None:
    """In quotes, as between braces it must be; of an unknown metric it stays as it stands."""
    text = COMMON.replace("metrics: [rouge1, exact_match]", f"metrics:\n  - {{{written}}}")
    (folder / "suite.yaml").write_text(text)
    suite = load_suite(folder / "suite.yaml", environ={"N": "12", "YES": "true"})
    assert suite.spec.metrics[0].settings == settings


def test_a_plain_variable_is_a_text_where_the_metric_demands_one(folder: Path) -> None:
    """A pattern of digits is one, without quotes too."""
    text = COMMON.replace(
        "metrics: [rouge1, exact_match]", "metrics:\n  - metric: regex\n    pattern: ${P}"
    )
    (folder / "suite.yaml").write_text(text)
    metric = load_suite(folder / "suite.yaml", environ={"P": "12"}).spec.metrics[0]
    assert metric.settings == {"pattern": "12"}


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("${NAME}", "the environment has no 'NAME'; set it, or write ${NAME:-default}"),
        ("a ${NAME:default}", "'${NAME:default}' is no variable; write ${NAME}"),
        ("a ${", "'${' is no variable"),
        ("${}", "'${}' is no variable"),
    ],
)
def test_a_variable_that_is_not_set_is_named(folder: Path, written: str, message: str) -> None:
    """So is what looks like one; the place is that of the value's key."""
    (folder / "suite.yaml").write_text(COMMON.replace("name: common", f"name: '{written}'"))
    with pytest.raises(SuiteError) as caught:
        load_suite(folder / "suite.yaml", environ={})
    assert str(caught.value).startswith(f"{folder}/suite.yaml:1:1: ")
    assert message in str(caught.value)


@given(st.text(), st.text(alphabet="${}:-aA \n"))
def test_a_text_of_dollars_and_braces_can_always_be_written(left: str, right: str) -> None:
    """With ``$${`` for ``${`` every text comes out as it was meant."""
    meant = left + right
    document = LinedYaml(Path("s.yaml"), {"a": [meant.replace("${", "$${")]}, {})
    assert put_environment(document, {}).value == {"a": [meant]}


@given(
    st.dictionaries(st.text("ab"), st.integers() | st.dictionaries(st.text("ab"), st.integers())),
    st.dictionaries(st.text("ab"), st.integers() | st.dictionaries(st.text("ab"), st.integers())),
)
def test_what_both_files_say_is_as_the_including_one_says(
    base: dict[str, Any], over: dict[str, Any]
) -> None:
    """Merged by hand: every key of either file, the including one's where both have it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "base.yaml").write_text(yaml.safe_dump(base))
        (folder / "over.yaml").write_text(yaml.safe_dump({"include": "base.yaml", **over}))
        merged = read_document(folder / "over.yaml", {})
    assert set(merged.value) == {"include", *base, *over}
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        assert merged.value[key] == ({**base[key], **value} if both else value)
        place = merged.place((key,))
        assert place is not None
        assert place.path.name == "over.yaml"


def test_what_a_variable_holds_is_neither_kept_nor_told(folder: Path) -> None:
    """Params and errors have the variable's name: its value may be a key."""
    text = COMMON.replace(
        "  extra: {function: suite_app:first}",
        "  extra:\n    url: http://127.0.0.1:9/x?key=${KEY}\n    response: text\n",
    )
    (folder / "suite.yaml").write_text(text)
    environ = {"KEY": "sk-very-secret"}
    suite = load_suite(folder / "suite.yaml", environ=environ)
    with assemble(suite) as assembly:
        assert "sk-very-secret" not in repr(assembly.targets[1].params)
        assert "${KEY}" in assembly.targets[1].params["url"]
    (folder / "suite.yaml").write_text(text.replace("concurrency: 2", 'concurrency: "${KEY}"'))
    with pytest.raises(SuiteError) as caught:
        load_suite(folder / "suite.yaml", environ=environ)
    assert "concurrency must be a whole number, not '${KEY}'" in str(caught.value)
    assert "sk-very-secret" not in str(caught.value)


MATRIX = """\
name: grid
dataset: {path: data.jsonl, inputs: [text], reference: right}
matrix:
  model: [small, large]
  prompt: [prompts/plain.j2, prompts/long.j2]
  temperature: [0.0, 0.5]
targets:
  base: {model: tiny, template: "{text}"}
  each:
    model: ${matrix.model}
    prompt: ${matrix.prompt}
  warm:
    model: tiny
    template: "as ${matrix.model}: {text}"
    temperature: ${matrix.temperature}
metrics: [rouge1]
gates:
  - {metric: rouge1, of: "each[*]", not_worse_than: base, margin: 0.1}
  - {metric: rouge1, of: "each[model=large*]", not_worse_than: "each[model=small*]"}
"""


def test_a_matrix_multiplies_the_targets_that_name_its_axes(folder: Path) -> None:
    """Each combination is a target of its own name; of files the name has the stem only."""
    suite = write(folder, suite=MATRIX)
    assert list(suite.spec.targets) == [
        "base",
        "each[model=small,prompt=plain]",
        "each[model=small,prompt=long]",
        "each[model=large,prompt=plain]",
        "each[model=large,prompt=long]",
        "warm[model=small,temperature=0.0]",
        "warm[model=small,temperature=0.5]",
        "warm[model=large,temperature=0.0]",
        "warm[model=large,temperature=0.5]",
    ]
    spec = suite.spec.targets["warm[model=large,temperature=0.5]"]
    assert isinstance(spec, PromptSpec)
    assert (spec.template, spec.temperature) == ("as large: {text}", 0.5)
    assert suite.variants["each[model=large,prompt=long]"] == Variant(
        "each", {"model": "large", "prompt": "prompts/long.j2"}
    )
    assert "base" not in suite.variants


def test_gates_name_targets_of_the_matrix_by_pattern(folder: Path) -> None:
    """One gate a target; a star in the other target stands for the same text."""
    gates = [(gate.of, gate.not_worse_than) for gate in write(folder, suite=MATRIX).gates]
    assert gates[:4] == [
        ("each[model=small,prompt=plain]", "base"),
        ("each[model=small,prompt=long]", "base"),
        ("each[model=large,prompt=plain]", "base"),
        ("each[model=large,prompt=long]", "base"),
    ]
    assert gates[4:] == [
        ("each[model=large,prompt=plain]", "each[model=small,prompt=plain]"),
        ("each[model=large,prompt=long]", "each[model=small,prompt=long]"),
    ]


def test_planned_targets_know_their_cell_and_group(folder: Path) -> None:
    """Both are kept with the run: the values as params, the name they share as the group."""
    suite = write(
        folder,
        suite=COMMON.replace("suite_app:first", "'suite_app:${matrix.f}'")
        + "matrix: {f: [copy, first]}\n",
    )
    assert isinstance(suite.spec.targets["extra[f=copy]"], FunctionSpec)
    with assemble(suite) as assembly:
        groups = {one.target.name: one.group for one in assembly.targets}
        assert groups == {"base": None, "extra[f=copy]": "extra", "extra[f=first]": "extra"}
        assert assembly.targets[1].params["matrix.f"] == "copy"
        assert assembly.targets[1].target({"text": "a b"}).text == "a b"
        assert assembly.targets[2].target({"text": "a b"}).text == "a"


def test_runs_of_one_matrix_are_kept_under_one_group(folder: Path) -> None:
    """So that a tracker can nest them; the baseline stands outside."""
    suite = write(
        folder,
        suite=COMMON.replace("suite_app:first", "'suite_app:${matrix.f}'")
        + "matrix: {f: [copy, first]}\n",
    )
    tracker = FolderTracker(folder / "runs")
    result = run_suite(suite, tracker)
    runs = {one.target: tracker.info(one.run_id or "").tags for one in result.experiments}
    groups = {target: tags.get(GROUP_TAG) for target, tags in runs.items()}
    assert groups["base"] is None
    assert groups["extra[f=copy]"] == groups["extra[f=first]"]
    assert (groups["extra[f=copy]"] or "").endswith("extra")


@pytest.mark.parametrize(
    ("old", "new", "place", "message"),
    [
        ("${matrix.prompt}", "${matrix.promt}", "11:5", "has no 'promt'; did you mean 'prompt'?"),
        ("[0.0, 0.5]", "[0.0, 0.0]", "6:22", "matrix.temperature holds 0.0 twice"),
        ("[0.0, 0.5]", "0.5", "6:3", "matrix.temperature must be a list of values"),
        ("[0.0, 0.5]", "[]", "6:3", "matrix.temperature must be a list of values"),
        ("[0.0, 0.5]", "[hot]", "15:5", "temperature must be a number, not 'hot'"),
        ("${matrix.temperature}", "0.5", "6:3", "no target uses ${matrix.temperature}"),
        ("name: grid", "name: ${matrix.model}", "1:1", "has a meaning in targets only"),
        ('"each[*]"', '"eech[*]"', "18:22", "no target is like 'eech[*]'"),
        ('"each[model=small*]"', '"each[model=tiny*]"', "19:48", "no target is called"),
        ("    model: ${matrix.model}", "    modell: ${matrix.model}", "10:5", "unknown key"),
    ],
)
def test_what_is_wrong_with_a_matrix_is_named_by_its_place(
    folder: Path, old: str, new: str, place: str, message: str
) -> None:
    """Also where it shows in a target that the matrix made."""
    assert old in MATRIX
    with pytest.raises(SuiteError) as caught:
        write(folder, suite=MATRIX.replace(old, new, 1))
    assert str(caught.value).startswith(f"{folder}/suite.yaml:{place}: ")
    assert message in str(caught.value)
