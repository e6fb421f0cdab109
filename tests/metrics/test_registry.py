"""Finding metrics by name, and what importing them costs."""

import importlib
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import evalhub.metrics
from evalhub.errors import MetricError
from evalhub.metrics import available, describe, load
from evalhub.metrics.base import COLUMNS, Metric
from evalhub.metrics.rag.retrieval import Retrieval
from evalhub.metrics.registry import takes
from evalhub.metrics.structure.contains import Contains
from evalhub.metrics.structure.regex import Regex
from evalhub.metrics.text.exact_match import ExactMatch
from evalhub.metrics.text.rouge import Rouge
from evalhub.metrics.text.token_f1 import TokenF1

HEAVY = ("torch", "transformers", "scipy", "sklearn", "evaluate", "nltk", "pytrec_eval", "pandas")


def test_variants_of_rouge_have_names_of_their_own() -> None:
    """``rougeW-1.2`` and the like need no entry each."""
    assert load("rougeLsum", stemmer=False) == Rouge(["rougeLsum"], stemmer=False)
    assert load("rougeW-1.2").name == "rougeW-1.2"
    assert load("rouge", variants=["rouge1"]).name == "rouge1"


def test_depth_may_be_a_setting_or_in_the_name() -> None:
    """Suite files may write either."""
    assert load("recall_at_k", k=5) == load("recall_at_5") == Retrieval("recall", 5)
    assert load("mrr") == Retrieval("mrr")


def test_unknown_names_get_the_nearest() -> None:
    """A slip of the pen is helped."""
    with pytest.raises(MetricError, match="did you mean 'exact_match'"):
        load("exactmatch")
    with pytest.raises(MetricError, match="'rougeLsumm' is no variant of ROUGE"):
        load("rougeLsumm")
    with pytest.raises(MetricError, match="known are rouge, rouge1"):
        load("zzz")
    with pytest.raises(MetricError, match="None is no name of a metric"):
        load(None)  # type: ignore[arg-type]  # what it is about


@pytest.mark.parametrize(
    ("name", "setting", "value", "is_taken"),
    [
        ("regex", "pattern", "1", True),
        ("regex", "pattern", 1, False),
        ("recall_at_k", "k", 5, True),
        ("recall_at_k", "k", "5", False),
        ("regex", "no_such", object(), True),
    ],
)
def test_a_metric_says_which_type_a_setting_has(
    name: str, setting: str, value: object, is_taken: bool
) -> None:
    """Without being made; what it does not know is refused where it is."""
    assert takes(name, setting, value) == is_taken


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("ROUGE-1", "rouge1"),
        ("rouge_l", "rougeL"),
        ("BLEU", "bleu"),
        ("Recall@5", "recall_at_5"),
        ("hit-rate@3", "hit_at_3"),
        ("is-json", "json_valid"),
        ("llm-rubric", "rubric"),
        ("toxicity", "moderation"),
        ("accuracy", "classification"),
    ],
)
def test_names_of_other_tools_are_understood(name: str, meant: str) -> None:
    """Case and signs do not count, and what peers call otherwise is told."""
    with pytest.raises(MetricError, match=f"did you mean '{meant}'"):
        load(name)
    assert describe(meant).name == meant


def test_settings_are_checked_by_name() -> None:
    """Unknown and forgotten settings are named."""
    with pytest.raises(MetricError, match=r"rouge1 has no setting 'stem'.*it has stemmer"):
        load("rouge1", stem=True)
    with pytest.raises(MetricError, match="'stemer'; did you mean 'stemmer'"):
        load("rouge1", stemer=True)
    with pytest.raises(MetricError, match="regex needs the setting 'pattern'"):
        load("regex")


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("rouge1", {"stemmer": "no"}, "rouge1: stemmer is 'no'; give true or false"),
        ("rouge1", {"max_words": True}, "max_words is True; give a whole number or None"),
        ("rouge1", {"alpha": "0.5"}, "alpha is '0.5'; give a number"),
        ("repetition", {"n": 2.0}, "n is 2.0; give a whole number"),
        ("regex", {"pattern": 3}, "pattern is 3; give a text"),
        ("json_match", {"fields": [1]}, "fields holds 1, which is no text; put it in quotes"),
        ("trajectory", {"tolerance": None}, "tolerance is None; give a number"),
    ],
)
def test_settings_are_checked_by_type(name: str, settings: dict[str, Any], message: str) -> None:
    """A text for a truth value would count as true, whatever it says."""
    with pytest.raises(MetricError, match=message):
        load(name, **settings)


def test_settings_of_numpy_and_null_are_taken() -> None:
    """What computes settings may give numpy's numbers."""
    settings: dict[str, Any] = {"alpha": np.float32(0.5), "max_bytes": None}
    assert load("rouge1", **settings).score_batch(["a b"], ["a b"])
    assert load("repetition", n=np.int64(2)).score_batch(["a b"])


@pytest.mark.parametrize("name", ["rouge", "rouge1", "exact_match", "token_f1", "contains", "mrr"])
def test_what_is_listed_is_what_is_loaded(name: str) -> None:
    """The columns told beforehand are those the metric asks for."""
    info = {info.name: info for info in available()}[name]
    assert info.requires == load(name).requires
    assert info.summary


def test_metrics_keep_the_contract() -> None:
    """Each asks for known columns, and its signature begins with its name."""
    metrics: list[Metric] = [Rouge(), ExactMatch(), TokenF1(), Contains(), Regex("a")]
    metrics.append(Retrieval("mrr"))
    for metric in metrics:
        assert set(metric.requires) <= set(COLUMNS)
        assert metric.signature.startswith(f"{metric.name}|")
        table = metric.score_batch(**{column: [] for column in metric.requires})
        assert [len(column) for column in table.values()] == [0] * len(table)


def test_settings_are_told_with_their_defaults() -> None:
    """Those that the name itself gives are left out."""
    infos = {info.name: info for info in available()}
    assert infos["rouge1"].settings["stemmer"] == "True"
    assert "variants" not in infos["rouge1"].settings
    assert infos["regex"].settings["pattern"] == "required"
    assert infos["recall_at_k"].settings == {"k": "None"}


def test_public_names_are_sorted_and_resolve() -> None:
    """``from evalhub.metrics import X`` works for each."""
    names = evalhub.metrics.__all__
    assert set(names) == set(evalhub.metrics._HOMES)
    for name in names:
        assert getattr(evalhub.metrics, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = importlib.import_module("evalhub.metrics").Nothing


def test_import_and_rouge_load_nothing_heavy() -> None:
    """Scoring texts needs numpy and rapidfuzz only."""
    code = (
        "import sys; from evalhub.metrics import load; load('rouge').score_batch(['a'], ['a']);"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
