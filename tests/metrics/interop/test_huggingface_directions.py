"""Which numbers of modules of Hugging Face evaluate are the better ones."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from evalhub.errors import MetricError
from evalhub.evals.suites.assemble import assemble
from evalhub.evals.suites.suite import load_suite
from evalhub.metrics.direction import direction_said
from evalhub.metrics.registry import describe, load
from evalhub.model import Direction

pytestmark = pytest.mark.usefixtures("evaluate_offline")

MODULE = """
import datasets
import evaluate


class Rate(evaluate.Metric):
    def _info(self):
        text = datasets.Value("string")
        return evaluate.MetricInfo(
            description="", citation="", inputs_description="",
            features=datasets.Features({"predictions": text, "references": text}),
        )

    def _compute(self, predictions, references):
        return {"rate": 1.0}
"""


@pytest.mark.parametrize(
    ("module", "settings", "better"),
    [
        ("wer", {}, "lower"),
        ("cer", {}, "lower"),
        ("./metrics/ter", {"result": "score"}, "lower"),
        ("ter", {"result": "ref_length"}, "neither"),
        ("evaluate-metric/mse", {}, "lower"),
        ("perplexity", {"result": "mean_perplexity"}, "lower"),
        ("metrics/wer.py", {}, "lower"),
        ("xtreme_s", {"config": "mls", "result": "wer"}, "lower"),
        ("word_length", {}, "neither"),
        ("accuracy", {}, None),
        ("./answer", {}, None),
        ("./after", {}, None),
        ("./seconds", {"better": "lower"}, "lower"),
        ("wer", {"better": "higher"}, "higher"),
    ],
)
def test_a_module_says_which_numbers_are_better(
    module: str, settings: Mapping[str, Any], better: str | None
) -> None:
    """What is set counts before what is known; of any other module nothing is said."""
    metric = load(f"hf:{module}", **settings)
    said = direction_said(metric, metric.name)
    assert said == (None if better is None else Direction(better))


def test_a_direction_that_is_none_is_refused() -> None:
    """The message has the value and those that there are; the setting is listed."""
    with pytest.raises(MetricError, match="better is 'less'; give one of higher, lower, neither"):
        load("hf:wer", better="less")
    assert describe("hf:wer").settings["better"] == "None"


@pytest.mark.parametrize(
    ("entry", "better"),
    [
        ("'hf:wer'", Direction.LOWER),
        ("{metric: 'hf:wer', label: errors}", Direction.LOWER),
        ("{metric: 'hf:mine'}", Direction.HIGHER),
        ("{metric: 'hf:mine', better: lower}", Direction.LOWER),
    ],
)
def test_a_run_of_a_suite_takes_it_over(entry: str, better: Direction, tmp_path: Path) -> None:
    """Gates and reports read it from the run; a label changes nothing."""
    for name in ("wer", "mine"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.py").write_text(MODULE)
    (tmp_path / "d.jsonl").write_text('{"id": 1, "text": "a b", "right": "a"}')
    (tmp_path / "suite.yaml").write_text(
        "name: s\ndataset: {path: d.jsonl, inputs: [text], reference: right}\n"
        f"targets: {{copy: {{column: text}}}}\nmetrics: [{entry}]\n"
    )
    with assemble(load_suite(tmp_path / "suite.yaml")) as found:
        (metric,) = found.metrics
        assert found.directions.of(metric, metric.name) is better
