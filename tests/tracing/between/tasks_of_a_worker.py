"""A Celery application that a real worker process imports; its broker is a folder."""

import os
from pathlib import Path
from typing import Any

from celery import Celery  # type: ignore[import-untyped]  # it ships no types

from evalhub.tracing import trace
from evalhub.tracing.integrations.celery import instrument_celery

_folder = Path(os.environ["BROKER_FOLDER"])
app = Celery("tasks", broker="filesystem://", backend=f"file://{_folder / 'results'}")
app.conf.broker_transport_options = {
    "data_folder_in": str(_folder / "queue"),
    "data_folder_out": str(_folder / "queue"),
    "control_folder": str(_folder / "control"),
    "polling_interval": 0.05,
}
for name in ("queue", "control", "results"):
    (_folder / name).mkdir(exist_ok=True)
instrument_celery()


def double(number: int) -> int:
    """Return twice *number*, with a span inside."""
    with trace("inside"):
        return 2 * number


task: Any = app.task(name="double")(double)
