"""Find a metric by its name, as suite files write it."""

import difflib
import importlib
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, cast

from evalhub.errors import MetricError
from evalhub.metrics.base import Metric

__all__ = ["MetricInfo", "available", "load"]

_GROUP = "evalhub.metrics"
_TEXTS = ("outputs", "references")
_RANKING = ("retrieved_ids", "relevant_ids")
_ROUGE_VARIANT = re.compile(r"rouge[\dLWS].*")
"""Loose: :class:`Rouge` itself says which variants there are."""
_RANKING_AT = re.compile(r"(?P<name>(?:recall|precision|hit|ndcg|map)_at)_(?P<k>[1-9]\d*)")


@dataclass(frozen=True, slots=True)
class MetricInfo:
    """A metric that :func:`load` knows."""

    name: str
    requires: tuple[str, ...]
    """Columns it asks for; a judge's settings may name others."""
    summary: str
    paper: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Its settings with their defaults, as Python writes them; ``required`` where there is none."""


@dataclass(frozen=True, slots=True)
class _Entry:
    home: str
    requires: tuple[str, ...]
    summary: str
    paper: str = ""
    preset: Mapping[str, object] = field(default_factory=dict)
    """Settings that the name itself gives."""


_LIN = "Lin (2004), ROUGE: a package for automatic evaluation of summaries"
_ROUGE = "evalhub.metrics.text.rouge:Rouge"
_RETRIEVAL = "evalhub.metrics.retrieval:Retrieval"


def _rouge(variant: str, summary: str) -> _Entry:
    return _Entry(_ROUGE, _TEXTS, summary, _LIN, {"variants": (variant,)})


def _ranking(measure: str, summary: str) -> _Entry:
    return _Entry(_RETRIEVAL, _RANKING, summary, preset={"measure": measure})


_BUILT_IN: dict[str, _Entry] = {
    "rouge": _Entry(_ROUGE, _TEXTS, "n-gram, subsequence and skip-bigram overlap", _LIN),
    "rouge1": _rouge("rouge1", "unigram overlap"),
    "rouge2": _rouge("rouge2", "bigram overlap"),
    "rougeL": _rouge("rougeL", "longest common subsequence of the whole texts"),
    "rougeLsum": _rouge("rougeLsum", "union of longest common subsequences, line by line"),
    "rougeS4": _rouge("rougeS4", "skip bigrams with at most 4 words between"),
    "rougeSU4": _rouge("rougeSU4", "the same, and unigrams"),
    "bertscore": _Entry(
        "evalhub.metrics.semantic.bertscore:BertScore",
        _TEXTS,
        "greedy matching of contextual token embeddings",
        "Zhang et al. (2020), BERTScore: evaluating text generation with BERT",
    ),
    "rubric": _Entry(
        "evalhub.metrics.judge.rubric:RubricJudge",
        ("outputs", "inputs"),
        "a language model grades the output by given criteria",
    ),
    "exact_match": _Entry(
        "evalhub.metrics.text.exact_match:ExactMatch",
        _TEXTS,
        "1 where the normalised output is a reference",
        "Rajpurkar et al. (2016), SQuAD",
    ),
    "token_f1": _Entry(
        "evalhub.metrics.text.token_f1:TokenF1",
        _TEXTS,
        "F-measure of the tokens shared with a reference",
        "Rajpurkar et al. (2016), SQuAD",
    ),
    "contains": _Entry(
        "evalhub.metrics.text.contains:Contains", _TEXTS, "1 where the output holds a reference"
    ),
    "regex": _Entry(
        "evalhub.metrics.text.regex:Regex", ("outputs",), "1 where the output matches a pattern"
    ),
    "recall_at_k": _ranking("recall", "share of the relevant ids among the first k"),
    "precision_at_k": _ranking("precision", "share of the first k that is relevant"),
    "hit_at_k": _ranking("hit", "1 where one of the first k is relevant"),
    "ndcg_at_k": _ranking("ndcg", "discounted gain of the first k, against the best order"),
    "map_at_k": _ranking("map", "precision at each relevant id among the first k, averaged"),
    "mrr": _ranking("mrr", "1 / rank of the first relevant id"),
    "ndcg": _ranking("ndcg", "discounted gain of the ranking, against the best order"),
    "map": _ranking("map", "precision at each relevant id, averaged"),
}


def load(name: str, **settings: Any) -> Metric:
    """Return the metric called *name*, made with *settings*.

    ``hf:PATH`` names a Hugging Face ``evaluate`` module. Other packages offer metrics
    as entry points of the group ``evalhub.metrics``.

    Raises:
        MetricError: no metric has this name, or it does not know a setting.
    """
    factory, preset = _factory(name)
    _check_settings(name, factory, preset, settings)
    return factory(**preset, **settings)


def available() -> list[MetricInfo]:
    """Return what :func:`load` knows, by name; entry points last."""
    return [_describe(name, entry) for name, entry in _BUILT_IN.items()] + list(_plugins())


def _factory(name: str) -> tuple[Callable[..., Metric], Mapping[str, object]]:
    if name.startswith("hf:"):
        home = "evalhub.metrics.huggingface:HuggingFaceMetric"
        return _import(home), {"module": name.removeprefix("hf:")}
    entry = _entry(name)
    if entry is not None:
        return _import(entry.home), entry.preset
    point = _entry_points().get(name)
    if point is None:
        raise MetricError(_unknown(name))
    return cast("Callable[..., Metric]", point.load()), {}


def _entry(name: str) -> _Entry | None:
    if name in _BUILT_IN:
        return _BUILT_IN[name]
    if _ROUGE_VARIANT.fullmatch(name):
        return _rouge(name, "")
    ranked = _RANKING_AT.fullmatch(name)
    if ranked is None:
        return None
    base = _BUILT_IN[f"{ranked['name']}_k"]
    preset = {**base.preset, "k": int(ranked["k"])}
    return _Entry(base.home, base.requires, base.summary, preset=preset)


def _import(home: str) -> Callable[..., Metric]:
    module, _, attribute = home.partition(":")
    return cast("Callable[..., Metric]", getattr(importlib.import_module(module), attribute))


@cache
def _entry_points() -> Mapping[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=_GROUP)}


def _unknown(name: str) -> str:
    known = [*_BUILT_IN, *_entry_points()]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
    return f"no metric is called {name!r}; {hint}"


def _check_settings(
    name: str,
    factory: Callable[..., Metric],
    preset: Mapping[str, object],
    settings: Mapping[str, object],
) -> None:
    parameters = inspect.signature(factory).parameters
    if any(item.kind is inspect.Parameter.VAR_KEYWORD for item in parameters.values()):
        return
    known = [key for key in parameters if key not in preset]
    unknown = [key for key in settings if key not in known]
    if unknown:
        told = ", ".join(known) or "none"
        raise MetricError(f"{name} has no setting {unknown[0]!r}; it has {told}")
    needed = [key for key in known if parameters[key].default is inspect.Parameter.empty]
    absent = [key for key in needed if key not in settings]
    if absent:
        raise MetricError(f"{name} needs the setting {absent[0]!r}")


def _describe(name: str, entry: _Entry) -> MetricInfo:
    settings = _settings(_import(entry.home), entry.preset)
    return MetricInfo(name, entry.requires, entry.summary, entry.paper, settings)


def _plugins() -> Iterator[MetricInfo]:
    for name, point in _entry_points().items():
        factory = point.load()
        summary = (inspect.getdoc(factory) or "").partition("\n")[0]
        requires = getattr(factory, "requires", ())
        yield MetricInfo(
            name,
            requires if isinstance(requires, tuple) else (),
            summary,
            settings=_settings(factory, {}),
        )


def _settings(factory: Callable[..., Metric], preset: Mapping[str, object]) -> dict[str, str]:
    parameters = inspect.signature(factory).parameters.values()
    return {
        item.name: "required" if item.default is item.empty else repr(item.default)
        for item in parameters
        if item.name not in preset and item.kind is not item.VAR_KEYWORD
    }
