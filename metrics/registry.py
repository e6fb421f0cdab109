"""Find a metric by its name, as suite files write it."""

import difflib
import importlib
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass, replace
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, cast

from evalhub.errors import MetricError
from evalhub.metrics.agents import catalog as agents
from evalhub.metrics.base import Metric
from evalhub.metrics.entry import Entry
from evalhub.metrics.interop import catalog as interop
from evalhub.metrics.judge import catalog as judge
from evalhub.metrics.names import nearest_metric
from evalhub.metrics.rag import catalog as rag
from evalhub.metrics.safety import catalog as safety
from evalhub.metrics.semantic import catalog as semantic
from evalhub.metrics.setting_types import wrong_setting
from evalhub.metrics.structure import catalog as structure
from evalhub.metrics.text import catalog as text

__all__ = ["MetricInfo", "available", "describe", "load", "takes"]

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
    room: str = ""
    """Subpackage that it lies in, such as ``text``; empty where another package offers it."""
    modules: tuple[str, ...] = ()
    """What it imports beyond the core."""
    extra: str = ""
    """Which extra of evalhub installs these."""
    paths: tuple[str, ...] = ()
    """Settings that name files."""
    error: str | None = None
    """Why the package that offers it cannot be used; None where it can."""


def load(name: str, /, **settings: Any) -> Metric:
    """Return the metric called *name*, made with *settings*.

    ``python:pkg.mod:fn`` names a function, ``langsmith:pkg.mod:fn`` and ``mlflow:pkg.mod:fn``
    evaluators of those packages, ``hf:PATH`` a Hugging Face ``evaluate`` module. Other
    packages offer metrics as entry points of the group ``evalhub.metrics``.

    Raises:
        MetricError: no metric has this name, it does not know a setting or a setting is of
            another type, or the package that offers it is broken.
        ConfigError: there is no such function.
    """
    factory, preset = _factory(name)
    _check_settings(name, factory, preset, settings)
    return factory(**preset, **settings)


def available() -> list[MetricInfo]:
    """Return what :func:`load` knows, by name; entry points last."""
    return [_describe(name, entry) for name, entry in _BUILT_IN.items()] + list(_plugins())


def describe(name: str) -> MetricInfo:
    """Return what is known of the metric called *name*, be it listed or not.

    Raises:
        MetricError: no metric has this name, or the package that offers it is broken.
    """
    entry = _entry(name)
    if entry is not None:
        return _describe(name, entry)
    factory, preset = _factory(name)
    info = _describe_plugin(name, factory)
    return replace(info, settings=_settings(factory, preset))


def takes(name: str, setting: str, value: object) -> bool:
    """Return whether the metric called *name* takes the type of *value* for *setting*.

    True where the metric declares none that is checked, and for a setting that it does not know.

    Raises:
        MetricError: no metric has this name, or the package that offers it is broken.
    """
    return wrong_setting(_factory(name)[0], {setting: value}) is None


def _factory(name: str) -> tuple[Callable[..., Metric], Mapping[str, object]]:
    if not isinstance(name, str):
        raise MetricError(f"{name!r} is no name of a metric; give a text such as 'rouge1'")
    prefix, colon, rest = name.partition(":")
    if colon and prefix in interop.PREFIXES:
        home, setting = interop.PREFIXES[prefix]
        return _import(home), {setting: rest}
    entry = _entry(name)
    if entry is not None:
        return _import(entry.home), entry.preset
    point = _entry_points().get(name)
    if point is None:
        raise MetricError(_unknown(name))
    return _offered(point), {}


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


def _offered(point: EntryPoint) -> Callable[..., Metric]:
    try:
        return cast("Callable[..., Metric]", point.load())
    except Exception as error:  # another package's import runs here
        package = point.dist.name if point.dist else point.value
        raise MetricError(
            f"{point.name} of the package {package} cannot be imported: "
            f"{type(error).__name__}: {error}; mend or remove that package"
        ) from error


def _unknown(name: str) -> str:
    known = [*_BUILT_IN, *_entry_points()]
    near = nearest_metric(name, known)
    hint = f"did you mean {near!r}?" if near else f"known are {', '.join(known)}"
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
        near = difflib.get_close_matches(unknown[0], known, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        told = ", ".join(known) or "none"
        raise MetricError(f"{name} has no setting {unknown[0]!r}; {hint}it has {told}")
    needed = [key for key in known if parameters[key].default is inspect.Parameter.empty]
    absent = [key for key in needed if key not in settings]
    if absent:
        raise MetricError(f"{name} needs the setting {absent[0]!r}")
    wrong = wrong_setting(factory, settings)
    if wrong is not None:
        raise MetricError(f"{name}: {wrong}")


def _describe(name: str, entry: Entry) -> MetricInfo:
    return MetricInfo(
        name,
        entry.requires,
        entry.summary,
        entry.paper,
        settings=_settings(_import(entry.home), entry.preset),
        room=entry.home.removeprefix("evalhub.metrics.").partition(".")[0],
        modules=entry.modules,
        extra=entry.extra,
        paths=entry.paths,
    )


def _plugins() -> Iterator[MetricInfo]:
    for name, point in _entry_points().items():
        try:
            yield _describe_plugin(name, _offered(point))
        except (MetricError, TypeError, ValueError) as error:
            # One broken package must not hide all other metrics.
            yield MetricInfo(name, (), "", error=str(error))


def _describe_plugin(name: str, factory: Callable[..., Metric]) -> MetricInfo:
    summary = (inspect.getdoc(factory) or "").partition("\n")[0]
    requires = getattr(factory, "requires", ())
    return MetricInfo(
        name,
        requires if isinstance(requires, tuple) else (),
        summary,
        settings=_settings(factory, {}),
    )


def _settings(factory: Callable[..., Metric], preset: Mapping[str, object]) -> dict[str, str]:
    parameters = inspect.signature(factory).parameters.values()
    # The signature of a dataclass has a marker where a field makes its default anew.
    made: dict[str, Field[Any]] = {}
    if is_dataclass(factory):
        made = {item.name: item for item in fields(factory)}
    return {
        item.name: _default(item, made.get(item.name))
        for item in parameters
        if item.name not in preset and item.kind is not item.VAR_KEYWORD
    }


def _default(parameter: inspect.Parameter, made: Field[Any] | None) -> str:
    if parameter.default is parameter.empty:
        return "required"
    if made is not None and made.default_factory is not MISSING:
        return repr(made.default_factory())
    return repr(parameter.default)
