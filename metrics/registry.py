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
from evalhub.metrics.agents import catalog as agents
from evalhub.metrics.base import Metric
from evalhub.metrics.entry import Entry
from evalhub.metrics.judge import catalog as judge
from evalhub.metrics.rag import catalog as rag
from evalhub.metrics.safety import catalog as safety
from evalhub.metrics.semantic import catalog as semantic
from evalhub.metrics.structure import catalog as structure
from evalhub.metrics.text import catalog as text

__all__ = ["MetricInfo", "available", "load"]

_GROUP = "evalhub.metrics"
_ROUGE_VARIANT = re.compile(r"rouge[\dLWS].*")
"""Loose: :class:`Rouge` itself says which variants there are."""
_BUILT_IN: Mapping[str, Entry] = {
    **text.CATALOG,
    **semantic.CATALOG,
    **judge.CATALOG,
    **rag.CATALOG,
    **structure.CATALOG,
    **agents.CATALOG,
    **safety.CATALOG,
}


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
        home = "evalhub.metrics.interop.huggingface:HuggingFaceMetric"
        return _import(home), {"module": name.removeprefix("hf:")}
    entry = _entry(name)
    if entry is not None:
        return _import(entry.home), entry.preset
    point = _entry_points().get(name)
    if point is None:
        raise MetricError(_unknown(name))
    return cast("Callable[..., Metric]", point.load()), {}


def _entry(name: str) -> Entry | None:
    if name in _BUILT_IN:
        return _BUILT_IN[name]
    if _ROUGE_VARIANT.fullmatch(name):
        return text.rouge_entry(name)
    return rag.ranking_at(name)


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


def _describe(name: str, entry: Entry) -> MetricInfo:
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
