"""Traces of an evaluation are no traffic of users: they go to a project of their own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from evalhub.tracing.projects import EVALUATIONS

__all__ = ["traced_apart"]

_VARIABLE = "EVALHUB_PROJECT"


@contextmanager
def traced_apart() -> Iterator[None]:
    """Trace what runs in the block to the project ``evaluations``, where none is named.

    The variable is set, and not this process alone: commands that are evaluated, and workers
    on other machines, trace there as well.
    """
    if os.environ.get(_VARIABLE):
        yield
        return
    os.environ[_VARIABLE] = EVALUATIONS
    try:
        yield
    finally:
        os.environ.pop(_VARIABLE, None)
