"""Modules of Hugging Face evaluate as metrics, with some written here."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from evalhub.errors import MetricError
from evalhub.evals.suites.assemble import assemble
from evalhub.evals.suites.suite import load_suite
from evalhub.metrics.interop.huggingface import HuggingFaceMetric
from evalhub.metrics.registry import load

pytestmark = pytest.mark.usefixtures("evaluate_offline")

MODULE = """
import datasets
import evaluate


class LengthRatio(evaluate.Metric):
    def _info(self):
        return evaluate.MetricInfo(
            description="", citation="", inputs_description="",
            features=datasets.Features(
                {"predictions": datasets.Value("string"), "references": datasets.Value("string")}
            ),
        )

    def _compute(self, predictions, references, power=1):
        if "fail" in predictions:
            raise ValueError("told to fail")
        ratios = [(len(p) / len(r)) ** power for p, r in zip(predictions, references)]
        return {"ratio": sum(ratios) / len(ratios), "each": ratios}
"""


MANY_FEATURES = """
import datasets
import evaluate


class Grounded(evaluate.Metric):
    def _info(self):
        text = datasets.Value("string")
        return evaluate.MetricInfo(
            description="", citation="", inputs_description="",
            features=datasets.Features(
                {
                    "predictions": text,
                    "references": datasets.Sequence(text),
                    "sources": text,
                    "chunks": datasets.Sequence(text),
                }
            ),
        )

    def _compute(self, predictions, references, sources, chunks):
        unit = 100 if self.config_name == "percent" else 1
        hits = [
            (p in refs) + (p in source) + (p in found)
            for p, refs, source, found in zip(predictions, references, sources, chunks)
        ]
        return {"grounded": unit * sum(hits) / len(hits)}
"""

MEASUREMENT = """
import datasets
import evaluate


class Words(evaluate.Measurement):
    def _info(self):
        return evaluate.MeasurementInfo(
            description="", citation="", inputs_description="",
            features=datasets.Features({"data": datasets.Value("string")}),
        )

    def _compute(self, data):
        return {"words": sum(len(text.split()) for text in data) / len(data)}
"""


def written(folder: Path, name: str, code: str) -> str:
    """Write a module as evaluate wants it, in a folder of its name, and return that folder."""
    (folder / name).mkdir()
    (folder / name / f"{name}.py").write_text(code, encoding="utf-8")
    return str(folder / name)


@pytest.fixture
def module(tmp_path: Path) -> str:
    """Path of an evaluate module: length of the output over that of the reference."""
    return written(tmp_path, "length_ratio", MODULE)


def test_each_example_is_scored_alone(module: str) -> None:
    """The module's mean of one example is that example's score; its failure is a state."""
    metric = HuggingFaceMetric(module, "ratio")
    column = metric.score_batch(["ab", None, "fail", "a"], ["abcd", "a", "a", ["ab", "x"]])
    scores = [column[metric.name].score(i) for i in range(4)]
    assert [score.value for score in scores] == [0.5, None, None, 0.5]
    assert [score.state for score in scores] == ["scored", "errored", "errored", "scored"]
    assert scores[2].explanation == "ValueError: told to fail"
    assert column[metric.name].bounds is None, "a module does not say them"


def test_a_list_is_one_score_per_example(module: str) -> None:
    """The module is asked once, with its own options."""
    metric = HuggingFaceMetric(module, "each", per_example=True, options={"power": 2})
    column = metric.score_batch(["ab", "abcd"], ["abcd", "abcd"])[metric.name]
    assert column.values.tolist() == [0.25, 1.0]
    assert "options:power=2" in column.signature


def test_the_key_must_be_named_and_fit(module: str) -> None:
    """The message lists the keys, or says what to set."""
    with pytest.raises(MetricError, match="answers ratio, each; name one"):
        HuggingFaceMetric(module).score_batch(["a"], ["a"])
    with pytest.raises(MetricError, match="set per_example"):
        HuggingFaceMetric(module, "each").score_batch(["a"], ["a"])
    with pytest.raises(MetricError, match="set per_example to false"):
        HuggingFaceMetric(module, "ratio", per_example=True).score_batch(["a"], ["a"])


def test_features_take_the_columns_that_are_named(tmp_path: Path) -> None:
    """Several inputs, all references, a config, and one key of the inputs."""
    path = written(tmp_path, "grounded", MANY_FEATURES)
    columns = {
        "predictions": "outputs",
        "references": "references",
        "sources": "inputs.article",
        "chunks": "contexts",
    }
    metric = HuggingFaceMetric(path, columns=columns, several_references=True)
    assert metric.requires == ("outputs", "references", "inputs", "contexts")
    given = (["cat", "dog", "cow"], [["a", "cat"], "dog", None])
    inputs = [{"article": "a cat sat"}, {"article": ""}, {"article": "x"}]
    column = metric.score_batch(*given, inputs, [["cat"], [], ["x"]])[metric.name]
    assert [column.score(i).value for i in range(3)] == [3.0, 1.0, None]
    assert column.score(2).state == "skipped"
    percent = HuggingFaceMetric(
        path, config="percent", columns=columns, several_references=True, per_example=False
    )
    assert percent.score_batch(*given, inputs, [["cat"], [], ["x"]])[percent.name].values.tolist()[
        :2
    ] == [300.0, 100.0]
    assert percent.signature != metric.signature
    assert "sources=inputs.article" in metric.signature


def test_a_measurement_needs_no_reference(tmp_path: Path) -> None:
    """Its one feature takes the outputs."""
    path = written(tmp_path, "words", MEASUREMENT)
    metric = load(f"hf:{path}", columns={"data": "outputs"})
    assert metric.requires == ("outputs",)
    column = metric.score_batch(["a b", None, "c"])[metric.name]
    assert [column.score(i).value for i in range(3)] == [2.0, None, 1.0]


def test_a_column_that_is_none_is_refused() -> None:
    """Before the module is loaded."""
    with pytest.raises(MetricError, match="columns names 'answer'; columns are outputs"):
        HuggingFaceMetric("x", columns={"predictions": "answer"})
    with pytest.raises(MetricError, match="columns is empty"):
        HuggingFaceMetric("x", columns={})


def test_a_module_of_the_hub_without_a_hub_is_one_clear_line() -> None:
    """Evaluate says that the module does not exist; we say what to look at."""
    with pytest.raises(MetricError, match="or see that the hub answers") as caught:
        HuggingFaceMetric("rouge", "rouge1").score_batch(["a"], ["a"])
    assert str(caught.value).startswith("cannot load the evaluate module 'rouge': ")
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_a_hub_that_does_not_answer_is_one_clear_line(tmp_path: Path) -> None:
    """Evaluate says that the module does not exist; we say what to look at."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, and nobody listens
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        code = (
            "from evalhub.errors import MetricError\n"
            "from evalhub.metrics import load\n"
            "try:\n    load('hf:rouge', result='rouge1').signature\n"
            "except MetricError as error:\n    print(error)"
        )
        environment = {"HF_ENDPOINT": address, "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "0"}
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            env=os.environ | environment,
            check=False,
        )
    assert done.stdout.count("\n") == 1, done.stderr
    assert done.stdout.startswith("cannot load the evaluate module 'rouge': ")
    assert "give a local path, or see that the hub answers" in done.stdout


def test_a_module_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    """Whatever evaluate raises becomes one error that names the module."""
    with pytest.raises(MetricError, match="cannot load the evaluate module") as caught:
        HuggingFaceMetric(str(tmp_path / "absent.py"), "x").score_batch(["a"], ["a"])
    assert "\n" not in str(caught.value)


def test_a_module_lies_beside_the_suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its path starts from the suite's folder, and is no part of the name or the signature."""
    (tmp_path / "suite").mkdir()
    written(tmp_path / "suite", "words", MEASUREMENT)
    (tmp_path / "suite" / "d.jsonl").write_text('{"id": 1, "text": "a b"}')
    (tmp_path / "suite" / "suite.yaml").write_text(
        "name: s\ndataset: {path: d.jsonl, inputs: [text]}\ntargets: {copy: {column: text}}\n"
        "metrics: [{metric: 'hf:words', columns: {data: outputs}}]\n"
    )
    monkeypatch.chdir(tmp_path)
    with assemble(load_suite(Path("suite/suite.yaml"))) as found:
        (metric,) = found.metrics
    assert metric.score_batch(["a b"])["hf:words"].score(0).value == 2.0
    assert str(tmp_path) not in metric.signature


def test_an_empty_name_is_refused() -> None:
    """Before ``evaluate`` is imported, which would fail in its own words."""
    with pytest.raises(MetricError, match="hf: names no module"):
        load("hf:")
