"""What runs on the nodes of a Ray cluster: the worker that calls, the desk that collects."""

import os
import pickle
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from evalhub._optional import require
from evalhub.errors import EvalhubError
from evalhub.evals.runs.call import Call, read_call, write_call
from evalhub.evals.runs.calling import Planned, call_all
from evalhub.evals.runs.hope import Hope
from evalhub.evals.runs.pace import Limits
from evalhub.evals.suites.make_targets import make_target
from evalhub.evals.suites.models import Models
from evalhub.evals.suites.suite import Suite
from evalhub.tracing import flush

__all__ = ["FATAL", "Desk", "Key", "Order", "Worker"]

FATAL = -1
"""In the place of a call's index: the error that ends the run."""
_ROUNDS = 8
"""Calls of a batch for each that a worker makes at a time."""

Key = tuple[str, int]
"""A call: the example's id and the repeat."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a worker needs to know to do its part."""

    suite: Suite
    name: str
    limits: Limits
    workers: int

    @property
    def batch_size(self) -> int:
        """How many calls go to a worker at once."""
        return self.limits.concurrency * _ROUNDS


class Desk:
    """Where workers hand in what is finished; an actor beside the journal."""

    def __init__(self) -> None:
        self._bodies: dict[Key, bytes] = {}
        self._new: list[tuple[Key, bytes]] = []

    def hand_in(self, key: Key, body: bytes) -> None:
        """Keep a finished call."""
        if key not in self._bodies:
            self._bodies[key] = body
            self._new.append((key, body))

    def finished(self, keys: Sequence[Key]) -> dict[Key, bytes]:
        """Return those of *keys* that are finished."""
        return {key: self._bodies[key] for key in keys if key in self._bodies}

    def collect(self) -> list[tuple[Key, bytes]]:
        """Return what was handed in since the last time."""
        new, self._new = self._new, []
        return new


@dataclass(frozen=True, slots=True)
class _DeskMemory:
    """The desk as a worker's memory of finished calls."""

    desk: Any
    keys: Sequence[Key]

    def calls(self, target: str) -> Mapping[Key, Call]:
        """Return what is finished of this batch."""
        ray = require("ray", extra="ray")
        found = ray.get(self.desk.finished.remote(self.keys))
        return {key: read_call(body) for key, body in found.items()}

    def add(self, target: str, example: str, repeat: int, call: Call) -> None:
        """Hand *call* in; on return it outlives this worker."""
        ray = require("ray", extra="ray")
        ray.get(self.desk.hand_in.remote((example, repeat), write_call(call)))


class Worker:
    """Calls the target for batches; Ray Data makes one a process and keeps it."""

    def __init__(self, order: Order, desk: Any, environ: Mapping[str, str], paths: Sequence[str]):
        os.environ.update(environ)
        sys.path[:0] = [path for path in paths if path not in sys.path]
        self._order = order
        self._desk = desk
        self._target = make_target(order.suite, order.name, Models(ExitStack())).target
        # Of all batches: one that fails as a whole, after others that went well, is no end.
        self._hope = Hope(
            order.name, planned=order.batch_size, concurrency=order.limits.concurrency
        )

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Return the calls of *batch*, or the error that ends the run."""
        planned: list[Planned] = [pickle.loads(plan) for plan in batch["plan"]]
        memory = _DeskMemory(self._desk, [(example.id, repeat) for example, repeat in planned])
        try:
            calls = call_all(
                self._target,
                planned,
                limits=self._order.limits,
                on_call=lambda done: None,
                journal=memory,
                hope=self._hope,
            )
        except EvalhubError as error:
            return {"index": [FATAL], "body": [str(error).encode()]}
        flush()  # the cluster may end this process without a word
        return {"index": batch["index"], "body": [write_call(call) for call in calls]}
