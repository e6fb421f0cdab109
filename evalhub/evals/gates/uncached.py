"""A judge that asks its model anew, whatever it has kept."""

from collections.abc import Mapping
from dataclasses import is_dataclass, replace
from typing import Any, cast

from evalhub.metrics.base import Metric

__all__ = ["uncached"]


def uncached(metric: Metric) -> Metric:
    """Return *metric* without kept answers; a panel without those of its members.

    Canaries ask whether the judge is the one it was: yesterday's answer would always say yes.
    """
    if not is_dataclass(metric) or isinstance(metric, type):
        return metric
    changes: dict[str, Any] = {}
    if getattr(metric, "cache", None) is True:
        changes["cache"] = False
    if hasattr(metric, "metric"):  # one under another name
        changes["metric"] = uncached(metric.metric)
    if hasattr(metric, "judges"):
        changes["judges"] = [_member(item) for item in metric.judges]
    return cast("Metric", replace(metric, **changes)) if changes else metric


def _member(judge: Metric | Mapping[str, Any]) -> Metric | Mapping[str, Any]:
    if not isinstance(judge, Mapping):
        return uncached(judge)
    return {**judge, "cache": False} if judge.get("cache") else judge
