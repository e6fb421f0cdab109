"""ROUGE in the mode ``perl155`` against numbers of ROUGE-1.5.5.pl."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from evalhub.metrics.text.rouge import Rouge

DATA = Path(__file__).parents[4] / "shared" / "data"
IRREGULAR = {17, 24}
"""Toy items with words of WordNet's exception lists (children, geese, dying), which the
script looks up before it stems; they are not part of evalhub."""


def _golden(name: str) -> dict[str, Any]:
    path = DATA / f"rouge155_golden_{name}.json"
    if not path.exists():
        pytest.skip(f"{path.name} is not there")
    golden: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return golden


def _assert_equal(golden: dict[str, Any], run: dict[str, Any], left_out: set[int]) -> None:
    options, items = run["opts"], golden["items"]
    weight = re.search(r"-p (\S+)", options)
    names = sorted({name for item in run["per_item"] for name in item})
    rouge = Rouge(
        [name.replace("ROUGE-", "rouge") for name in names],
        compat="perl155",
        stemmer="-m" in options,
        multi_reference="best" if "-f B" in options else "average",
        alpha=float(weight[1]) if weight else 0.5,
        tokenizer="rouge_score",
    )
    several = None if not run.get("name", "").startswith("1ref") else 1
    table = rouge.score_batch(
        ["\n".join(item["peer"]) for item in items],
        [["\n".join(model) for model in item["models"][:several]] for item in items],
    )
    compared = 0
    for i, expected in enumerate(run["per_item"]):
        for name, values in expected.items():
            column = table[name.replace("ROUGE-", "rouge")]
            if i in left_out or column.score(i).value is None:
                continue
            got = [column.recall[i], column.precision[i], column.fmeasure[i]]
            assert got == pytest.approx(values, abs=1e-9), (options, i, name)
            compared += 1
    assert compared > 150


@pytest.mark.parametrize(
    "options",
    [
        "-n 4 -2 4 -U -w 1.2",
        "-n 2 -2 -1 -U -w 1.2",
        "-n 1 -2 0 -U -w 2",
        "-n 2 -2 4 -U -w 1.2 -m",
        "-n 2 -2 4 -U -w 1.2 -f B",
        "-n 2 -2 4 -U -w 1.2 -p 0.2",
    ],
)
def test_toy_items_score_as_in_the_script(options: str) -> None:
    """N, L, W, S and SU, with one and several references, equal to all 5 decimals."""
    golden = _golden("toy")
    run = next(run for run in golden["runs"] if run["opts"] == options)
    _assert_equal(golden, run, IRREGULAR if "-m" in options else set())


def test_summaries_score_as_in_the_script() -> None:
    """Sixty real summaries of several sentences, equal to all 5 decimals."""
    golden = _golden("summeval60")
    run = next(run for run in golden["runs"] if run["name"] == "1ref")
    _assert_equal(golden, run, set())
