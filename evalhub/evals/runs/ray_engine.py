"""Call a target on a Ray cluster, with Ray Data.

Workers make the target anew from the suite, for clients and models do not travel, and call it
by the same code as the local engine. What is finished goes to one small actor beside the
journal before it counts, so that a worker which is killed loses only calls under way: the
batch goes to another worker, which asks that actor first what is done.
"""

import logging
import math
import os
import pickle
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from evalhub._optional import require
from evalhub.errors import ConfigError, ModelError
from evalhub.evals.runs.call import Call, read_call
from evalhub.evals.runs.calling import Memory, Planned
from evalhub.evals.runs.ledger import Ledger
from evalhub.evals.runs.pace import Limits
from evalhub.evals.runs.ray_worker import FATAL, Desk, Key, Order, Worker
from evalhub.evals.suites.suite import Suite
from evalhub.evals.targets.base import Target

__all__ = ["RayEngine"]

_POLL_S = 0.1
_KNOCK_S = 5.0
_TRAVELLING = ("EVALHUB_", "OPENAI_", "ANTHROPIC_")
"""Settings that workers get from this process."""


@dataclass(frozen=True, slots=True)
class RayEngine:
    """Calls the target called *name* of *suite* on the cluster at *address*."""

    suite: Suite
    name: str
    address: str | None = None

    def __call__(
        self,
        target: Target,
        planned: Sequence[Planned],
        *,
        limits: Limits,
        on_call: Callable[[int], None],
        journal: Memory | None = None,
        ledger: Ledger | None = None,
    ) -> list[Call]:
        """Return the calls for *planned*, in that order.

        The limits are those of all workers together. *target* itself is not called; of
        *ledger* only the minutes count.

        Raises:
            ConfigError: there is no such cluster, or the journal cannot be written.
            MissingExtraError: Ray is not installed.
            ModelError: as :func:`~evalhub.evals.runs.calling.call_all`.
        """
        ray = _connect(self.address)
        kept = {} if journal is None else journal.calls(target.name)
        calls = {key: kept[key] for example, n in planned if (key := (example.id, n)) in kept}
        missing = [plan for plan in planned if (plan[0].id, plan[1]) not in calls]
        if calls:
            on_call(len(calls))
        if missing:
            order = Order(self.suite, self.name, *_share(limits, len(missing), _cpus(ray)))
            cluster = _Cluster(ray, order, missing)
            try:
                for new in filter(None, cluster.finished(ledger or Ledger())):
                    _keep(target.name, new, journal)
                    calls |= new
                    on_call(len(calls))
            finally:
                cluster.end()
        return [calls[example.id, repeat] for example, repeat in planned]


class _Cluster:
    """One job on the cluster: a thread that follows Ray Data, and the desk."""

    def __init__(self, ray: Any, order: Order, missing: Sequence[Planned]) -> None:
        self._ray = ray
        self._order = order
        self._missing = missing
        self._rows: list[tuple[int, bytes]] = []
        self._done: set[Key] = set()
        self._error: Exception | None = None
        here = ray.get_runtime_context().get_node_id()
        strategies = require("ray.util.scheduling_strategies", extra="ray")
        affinity = strategies.NodeAffinitySchedulingStrategy(here, soft=False)
        self.desk = ray.remote(Desk).options(num_cpus=0, scheduling_strategy=affinity).remote()

    def finished(self, ledger: Ledger) -> Iterator[dict[Key, Call]]:
        """Run the job; give calls as workers finish them, and failed ones at the end.

        Raises:
            ModelError: the run cannot go on, or the job failed.
        """
        job = threading.Thread(target=self._run, name="evalhub-ray", daemon=True)
        job.start()
        while job.is_alive():
            job.join(_POLL_S)
            yield self._handed_in()
            if ledger.left_s is not None and ledger.left_s <= 0:
                ledger.stop()
                yield self._left(Call.not_made(ledger.reason or ""))
                return
        yield self._handed_in()
        yield self._results()

    def end(self) -> None:
        """Let go of the desk; workers that still call find nobody to hand in to."""
        self._ray.kill(self.desk)

    def _handed_in(self) -> dict[Key, Call]:
        new = self._ray.get(self.desk.collect.remote())
        self._done |= {key for key, _ in new}
        return {key: read_call(body) for key, body in new}

    def _left(self, call: Call) -> dict[Key, Call]:
        keys = [(example.id, repeat) for example, repeat in self._missing]
        return {key: call for key in keys if key not in self._done}

    def _results(self) -> dict[Key, Call]:
        """Return all calls, failed ones as well; the job is over.

        Raises:
            ModelError: the run cannot go on, or the job failed.
        """
        if self._error is not None:
            reason = str(self._error).strip().partition("\n")[0]
            raise ModelError(f"the Ray job ended with {type(self._error).__name__}: {reason}")
        failed = [body for index, body in self._rows if index == FATAL]
        if failed:
            raise ModelError(failed[0].decode())
        found = ((self._missing[index], body) for index, body in self._rows)
        return {(example.id, repeat): read_call(body) for (example, repeat), body in found}

    def _run(self) -> None:
        data = require("ray.data", extra="ray")
        context = data.DataContext.get_current()
        context.enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        environ = _environ(self._order)
        try:
            rows = data.from_items(
                [
                    {"index": index, "plan": pickle.dumps(plan)}
                    for index, plan in enumerate(self._missing)
                ],
                override_num_blocks=math.ceil(len(self._missing) / self._order.batch_size),
            )
            done = rows.map_batches(
                Worker,
                batch_size=self._order.batch_size,
                batch_format="numpy",
                compute=data.ActorPoolStrategy(min_size=1, max_size=self._order.workers),
                fn_constructor_args=(self._order, self.desk, environ, [os.getcwd()]),
            )
            self._rows = [(int(row["index"]), bytes(row["body"])) for row in done.iter_rows()]
        except Exception as error:  # noqa: BLE001  # told by results()
            self._error = error


def _keep(name: str, new: Mapping[Key, Call], journal: Memory | None) -> None:
    for (example, repeat), call in new.items():
        if journal is not None and call.is_done:
            journal.add(name, example, repeat, call)


def _connect(address: str | None) -> Any:
    # Ray asks and reports nothing home of what runs here, unless the user says otherwise.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    ray = require("ray", extra="ray")
    if not ray.is_initialized():
        _knock(address)
        try:
            ray.init(address=address, log_to_driver=False, logging_level="ERROR")
        except (ConnectionError, ValueError, RuntimeError) as error:
            reason = str(error).strip().partition("\n")[0]
            raise ConfigError(f"no Ray cluster at {address!r}: {reason}") from error
    return ray


def _environ(order: Order) -> dict[str, str]:
    """Return what workers get of this process's environment, the target's own key included."""
    own = getattr(order.suite.spec.targets[order.name], "api_key_env", None)
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith(_TRAVELLING) or name == own
    }


def _knock(address: str | None) -> None:
    """Find out whether anybody answers at *address*; Ray would try for two minutes.

    Raises:
        ConfigError: nobody does, or it is no address.
    """
    host, colon, port = (address or "").removeprefix("ray://").rpartition(":")
    if not colon:
        return  # none, or one of Ray's own words
    try:
        socket.create_connection((host, int(port)), timeout=_KNOCK_S).close()
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"no Ray cluster at {address!r} ({error}); start one, or use --engine local"
        ) from error


def _cpus(ray: Any) -> int:
    return max(1, int(ray.cluster_resources().get("CPU", 1)))


def _share(limits: Limits, calls: int, cpus: int) -> tuple[Limits, int]:
    """Return each worker's part of *limits*, and how many workers there are."""
    workers = max(1, min(cpus, limits.concurrency, calls))
    requests, tokens = limits.requests_per_minute, limits.tokens_per_minute
    share = replace(
        limits,
        concurrency=max(1, limits.concurrency // workers),
        requests_per_minute=None if requests is None else requests / workers,
        tokens_per_minute=None if tokens is None else tokens / workers,
    )
    return share, workers
