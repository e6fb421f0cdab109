"""The JSON Schema of suite files: valid, and no stricter than the reader."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from evalhub.errors import SuiteError
from evalhub.evals.suites.schema import SCHEMA_ID, suite_schema
from evalhub.evals.suites.suite import load_suite

HEAD = """\
name: s
dataset: {path: data.jsonl, inputs: [text], reference: right}
"""
TARGETS = "targets: {a: {function: suite_app:copy}, b: {function: suite_app:first}}\n"

ACCEPTED = [
    HEAD + TARGETS,
    HEAD + TARGETS + "metrics: [rouge1, {metric: rouge, variants: [rouge2]}, {judge: rubric}]\n",
    HEAD + TARGETS + "metrics: [{judge: r, model: m, provider: anthropic, replay: f, k: [1]}]\n",
    HEAD + TARGETS + 'concurrency: "${N:-3}"\nseed: ${N:-4}\nbudget: {usd: "${USD:-1.5}"}\n',
    HEAD + TARGETS + "gates: [{metric: rouge1, not_worse_than: a, margin: 2%}]\nbaseline: abc\n",
    HEAD + TARGETS + "gates: [{metric: error_rate, at_most: 0.05, slices: x}]\nslices: [x]\n",
    HEAD + TARGETS + "slices: [x, {column: y, bins: 4}]\nrepeats: 2\ntimeout_s: 3\n",
    HEAD + TARGETS + "tracking: mlflow\n",
    "x-more: &more {metric: rouge1}\n" + HEAD + TARGETS + "metrics: [*more]\n",
    HEAD + TARGETS + "tracking: [mlflow, {tensorboard: {logdir: x}}]\n",
    HEAD + "targets: {a: {model: local, template: 'x {text}', temperature: 0}}\n",
    HEAD + "targets: {a: {model: local, prompt: p.j2, max_tokens: 5}}\n",
    HEAD + "targets: {a: {url: http://x/, response: text}}\n",
    HEAD + "targets: {a: {command: [echo, '{text}']}, b: {column: right}}\n",
    HEAD + "matrix: {t: [0, 0.5]}\ntargets:\n  a:\n    model: m\n    template: x\n"
    "    temperature: ${matrix.t}\n",
    "include: common.yaml\ntargets: {a: {function: suite_app:first}, b: null}\n",
    "include: [common.yaml]\ndataset: {cluster: text}\n",
    HEAD + "targets:\n  a: &a {function: suite_app:copy}\n  b: {<<: *a}\n",
]


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """Return the schema."""
    return suite_schema()


def test_the_schema_is_one(schema: dict[str, Any]) -> None:
    """It is valid by its own dialect, has an id, and every key of a suite is described."""
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"] == SCHEMA_ID
    suite = schema["$defs"]["Suite"]["properties"]
    assert all(part.get("description") for part in suite.values())
    assert ":class:" not in str(schema)


@pytest.mark.parametrize("text", ACCEPTED)
def test_what_the_reader_accepts_is_valid(folder: Path, schema: dict[str, Any], text: str) -> None:
    """An editor never marks a file that runs."""
    (folder / "common.yaml").write_text(HEAD + TARGETS)
    (folder / "suite.yaml").write_text(text)
    load_suite(folder / "suite.yaml")
    jsonschema.Draft202012Validator(schema).validate(yaml.safe_load(text))


@pytest.mark.parametrize(
    "text",
    [
        TARGETS,
        HEAD + TARGETS + "metric: [rouge1]\n",
        HEAD + TARGETS + "repeats: many\n",
        HEAD + TARGETS + "gates: [{metric: rouge1, margins: 1}]\n",
        HEAD + "targets: {a: {functions: x}}\n",
        HEAD + TARGETS + "metrics: [3]\n",
        "include: common.yaml\nmetric: [rouge1]\n",
    ],
)
def test_what_is_misspelt_is_marked(folder: Path, schema: dict[str, Any], text: str) -> None:
    """Unknown keys, wrong types and missing parts are found in the editor already."""
    (folder / "common.yaml").write_text(HEAD + TARGETS)
    (folder / "suite.yaml").write_text(text)
    with pytest.raises(SuiteError):
        load_suite(folder / "suite.yaml")
    assert not jsonschema.Draft202012Validator(schema).is_valid(yaml.safe_load(text))
