"""Make the metrics that a suite describes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from evalhub._optional import require
from evalhub.errors import ConfigError, MetricError
from evalhub.evals.suites.labelled import Labelled, column_names
from evalhub.evals.suites.models import Models
from evalhub.evals.suites.spec_metrics import MODEL_KEYS, MetricSpec
from evalhub.evals.suites.suite import Suite
from evalhub.llm.client import ChatClient
from evalhub.metrics import load
from evalhub.metrics.base import Metric
from evalhub.metrics.registry import MetricInfo, describe

__all__ = ["check_names", "make_canaries", "make_metric", "metric_of"]

_MODULE = "hf:"
"""How a metric is named that is a module in a folder."""
_KEEPING = ("cache", "record")
"""Settings by which a judge keeps what it was answered."""


def make_metric(suite: Suite, index: int, models: Models) -> Metric:
    """Return the metric at *index* of the suite's list.

    Judges keep their answers (``cache: true``) unless told otherwise: a run that goes on
    after a kill asks nothing twice.

    Raises:
        SuiteError: there is no such metric, or a setting cannot be used; names file, line
            and column.
        MissingExtraError: a package is not installed.
        ModelError: the embedded model is needed and not pulled.
    """
    given = suite.given.metrics.get(index)
    spec = suite.spec.metrics[index]
    try:
        return metric_of(spec, suite.folder, models) if given is None else given
    except (MetricError, ConfigError, TypeError, ValidationError) as error:
        # TypeError: a setting of the wrong type, such as k: many.
        raise suite.error(_told(error), "metrics", index) from error


def make_canaries(suite: Suite, metrics: tuple[Metric, ...]) -> tuple[tuple[Metric, Path], ...]:
    """Return those of the suite's *metrics* that have canaries, and the files of those.

    Raises:
        SuiteError: a file is not there; names file, line and column.
    """
    found = []
    for index, (spec, metric) in enumerate(zip(suite.spec.metrics, metrics, strict=True)):
        if spec.judge_canary is None:
            continue
        path = suite.folder / Path(spec.judge_canary).expanduser()
        if not path.is_file():
            raise suite.error(f"there is no file of canaries {path}", "metrics", index)
        found.append((metric, path))
    return tuple(found)


def check_names(suite: Suite, metrics: tuple[Metric, ...]) -> None:
    """Refuse two metrics of one name that are not the same.

    Raises:
        SuiteError: names the second one's file, line and column.
    """
    seen: dict[str, Metric] = {}
    for index, metric in enumerate(metrics):
        for name in column_names(metric):
            other = seen.setdefault(name, metric)
            if _is_one(metric) and _is_one(other) and other.signature != metric.signature:
                raise suite.error(
                    f"there is a metric called {name!r} already; give one of them a 'label'",
                    "metrics",
                    index,
                )


def _is_one(metric: Metric) -> bool:
    # Of a family such as ROUGE each column has a signature of its own; the runner looks at it.
    return len(column_names(metric)) == 1


def _told(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors()[0]
    return f"a judge of the panel: {first['msg'].removeprefix('Value error, ')}"


def metric_of(spec: MetricSpec, folder: Path, models: Models) -> Metric:
    """Return the metric that *spec* describes, with paths that start from *folder*.

    Raises:
        MetricError: there is no such metric, or a setting cannot be used.
        MissingExtraError: a package is not installed.
        TypeError: a setting has the wrong type.
        ValidationError: so has one of a judge of a panel.
    """
    about = describe(spec.name)
    for module in about.modules:  # now, and not after the target's calls
        require(module, extra=about.extra)
    settings = _placed(spec.settings, about, folder)
    if spec.name.startswith(_MODULE):
        settings.setdefault("folder", str(folder))
    if spec.judge is not None:
        settings = _as_judge(spec, settings, about, models)
    if "judges" in about.settings and "judges" in settings:
        settings["judges"] = [_member(item, folder, models) for item in settings["judges"]]
    if spec.label is None:
        return load(spec.name, **settings)
    if "label" in about.settings:
        return load(spec.name, label=spec.label, **settings)
    return Labelled(load(spec.name, **settings), spec.label)


def _as_judge(
    spec: MetricSpec, settings: dict[str, Any], about: MetricInfo, models: Models
) -> dict[str, Any]:
    if settings.get("replay") is not None:
        return settings  # a recording answers: no model is needed, or started
    settings = _keeping(settings, about, models)
    if all(_asks_its_own(item) for item in settings.get("judges", [None])):
        return settings
    return {**settings, "client": _client(spec, models)}


def _keeping(settings: dict[str, Any], about: MetricInfo, models: Models) -> dict[str, Any]:
    """Return *settings* by which answers are kept; none of a model that is not asked."""
    if not models.asks:
        return {key: value for key, value in settings.items() if key not in _KEEPING}
    return {"cache": True, **settings} if "cache" in about.settings else settings


def _client(spec: MetricSpec, models: Models) -> ChatClient:
    return models.chat(
        spec.model,
        spec.base_url,
        provider=spec.provider or "openai",
        api_key_env=spec.api_key_env,
    )


def _asks_its_own(member: object) -> bool:
    """Return whether *member* of a panel needs no model of the panel's."""
    if not isinstance(member, Mapping):
        return False
    return "judge" not in member or any(key in member for key in (*MODEL_KEYS, "replay"))


def _member(member: Any, folder: Path, models: Models) -> Any:
    """Return the metric that *member* describes; or what it says, where the panel's model asks."""
    if not isinstance(member, str | Mapping):
        return member
    if _asks_its_own(member):
        return metric_of(MetricSpec.model_validate(member), folder, models)
    spec = MetricSpec.model_validate(member)
    about = describe(spec.name)
    settings = _keeping(_placed(spec.settings, about, folder), about, models)
    label = {} if spec.label is None else {"label": spec.label}
    return {"judge": spec.name, **settings, **label}


def _placed(settings: Mapping[str, Any], about: MetricInfo, folder: Path) -> dict[str, Any]:
    """Return *settings* with paths that start from the suite's folder."""
    return {
        key: _path(value, folder) if key in about.paths else value
        for key, value in settings.items()
    }


def _path(value: Any, folder: Path) -> Any:
    if isinstance(value, str):
        return str(folder / Path(value).expanduser())
    if isinstance(value, list):
        # Of BERTScore's idf a list is texts: only what is a file is one.
        return [
            _path(item, folder) if isinstance(item, str) and _is_file(folder, item) else item
            for item in value
        ]
    return value


def _is_file(folder: Path, name: str) -> bool:
    try:
        return (folder / Path(name).expanduser()).exists()
    except (OSError, RuntimeError):  # a long text is no name of a file
        return False
