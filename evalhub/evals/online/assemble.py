"""Make what an online evaluation needs from its file."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from pydantic import ValidationError

from evalhub.errors import ConfigError, MetricError
from evalhub.evals.online.config import OnlineConfig
from evalhub.evals.online.scoring import Scorer
from evalhub.evals.online.watch import Watch
from evalhub.evals.operational import ERROR_RATE
from evalhub.evals.suites.explain import nearest
from evalhub.evals.suites.labelled import column_names
from evalhub.evals.suites.make_metrics import metric_of
from evalhub.evals.suites.models import Models
from evalhub.evals.targets.answer_paths import AnswerPaths
from evalhub.metrics.base import Metric
from evalhub.store import Store

__all__ = ["watching"]


@contextmanager
def watching(config: OnlineConfig, store: Store) -> Iterator[Watch]:
    """Give the watch that *config* describes; an embedded model runs while the block lasts.

    Raises:
        SuiteError: a metric cannot be made or used on traces, or a band is on none of them;
            names file, line and column.
        MissingExtraError: a package is not installed.
        ModelError: the embedded model or an encoder is needed and not pulled.
    """
    spec = config.spec
    paths = _paths(config)
    with ExitStack() as stack:
        models = Models(stack)
        metrics = [_metric(config, index, models, paths) for index in range(len(spec.metrics))]
        names = [name for metric, _ in metrics for name in column_names(metric)]
        _check_bands(config, names)
        yield Watch(spec, Scorer(metrics, paths), store)


def _paths(config: OnlineConfig) -> AnswerPaths:
    try:
        return config.spec.paths
    except ConfigError as error:
        raise config.document.error(str(error), "columns") from error


def _metric(
    config: OnlineConfig, index: int, models: Models, paths: AnswerPaths
) -> tuple[Metric, str]:
    spec = config.spec.metrics[index]
    try:
        metric = metric_of(spec, config.folder, models)
        Scorer([(metric, "")], paths)  # refuses what traces cannot be scored by
        _ = metric.signature  # a metric loads its weights to say it: now, and not in a round
    except (MetricError, ConfigError, TypeError, ValidationError) as error:
        raise config.document.error(str(error), "metrics", index) from error
    return metric, "metric" if spec.judge is None else "judge"


def _check_bands(config: OnlineConfig, names: list[str]) -> None:
    names = [*names, ERROR_RATE]
    for index, band in enumerate(config.spec.bands):
        if band.metric not in names:
            raise config.document.error(
                f"no metric is called {band.metric!r} here; {nearest(band.metric, names)}",
                "bands",
                index,
                "metric",
            )
