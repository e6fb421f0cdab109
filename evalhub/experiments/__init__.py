"""Where experiments are kept (called *runs* in MLflow)."""

from evalhub.experiments.base import RunFilter, RunInfo, RunLogger, Tracker

__all__ = ["RunFilter", "RunInfo", "RunLogger", "Tracker"]
