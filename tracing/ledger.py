"""What became of this process's records: the counts behind ``stats()`` and the ledger.

Each span that ended, and each score, is in one place: ``recorded = exported + spooled +
dropped + waiting``. The ledger's line travels with each batch and is stored beside the spans, so
that a reader can know what is missing.
"""

import os
import threading
import time
from collections.abc import Callable, Iterable

from evalhub.model import Delivery
from evalhub.tracing import ids

__all__ = ["Ledger"]

_MAX_TRACES = 1_000


class Ledger:
    """Counts records and remembers which traces lost some; *recorded* says how many there were."""

    def __init__(self, recorded: Callable[[], int]) -> None:
        self.producer = ids.new_id()
        self._recorded = recorded
        self.exported = 0
        self.dropped = 0
        self._started_ns = time.time_ns()
        self._host = _host()
        self._lock = threading.RLock()
        self._losses: dict[str, int] = {}
        self._told: dict[str, int] = {}

    @property
    def recorded(self) -> int:
        """Records ever made."""
        return self._recorded()

    def drop(self, trace_ids: Iterable[str]) -> None:
        """Count a lost record for each of *trace_ids*."""
        with self._lock:
            for trace_id in trace_ids:
                self.dropped += 1
                if trace_id in self._losses or len(self._losses) < _MAX_TRACES:
                    self._losses[trace_id] = self._losses.get(trace_id, 0) + 1

    def line(self, *, spooled: int, is_ended: bool = False, tells_losses: bool = True) -> Delivery:
        """Return what is to be said now; :meth:`told` must follow once it has arrived."""
        with self._lock:
            return Delivery(
                producer=self.producer,
                host=self._host,
                pid=os.getpid(),
                started_ns=self._started_ns,
                updated_ns=time.time_ns(),
                is_ended=is_ended,
                recorded=self.recorded,
                spooled=spooled,
                dropped=self.dropped,
                losses=tuple(self._losses.items() - self._told.items()) if tells_losses else (),
            )

    def told(self, line: Delivery) -> None:
        """Note that *line* has arrived."""
        self._told.update(line.losses)


def _host() -> str:
    # Not socket.gethostname: importing socket costs a traced program 4 ms.
    return os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
