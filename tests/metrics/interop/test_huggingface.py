"""Modules of Hugging Face evaluate as metrics, with one written here."""

from pathlib import Path

import pytest

from evalhub.errors import MetricError
from evalhub.metrics.interop.huggingface import HuggingFaceMetric

pytest.importorskip("evaluate")

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


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Path of an evaluate module: length of the output over that of the reference."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    folder = tmp_path / "length_ratio"
    folder.mkdir()
    (folder / "length_ratio.py").write_text(MODULE, encoding="utf-8")
    return str(folder)


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


def test_a_module_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    """Whatever evaluate raises becomes one error that names the module."""
    with pytest.raises(MetricError, match="cannot load the evaluate module") as caught:
        HuggingFaceMetric(str(tmp_path / "absent.py"), "x").score_batch(["a"], ["a"])
    assert "\n" not in str(caught.value)
