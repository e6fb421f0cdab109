"""Where experiments are kept (called *runs* in MLflow)."""

from evalhub.experiments.base import RunInfo, Tracker

__all__ = ["RunInfo", "Tracker"]
