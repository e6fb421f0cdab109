"""Calls the exporter, on a thread of its own: one that hangs holds up nothing else."""

import threading
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue

from evalhub.model import Batch
from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.context import CURRENT
from evalhub.tracing.exporters.base import Exporter

__all__ = ["Sender"]


class Sender:
    """Does one job at a time: exports a batch, or closes the exporter."""

    def __init__(self, connect: Callable[[], Exporter], muted: ActiveSpan) -> None:
        self.failure: BaseException | None = None
        """Why the last job failed; None when it did not."""
        self._connect = connect
        self._muted = muted
        self._exporter: Exporter | None = None
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._idle = threading.Event()
        self._idle.set()
        self._thread = threading.Thread(target=self._run, name="evalhub-sender", daemon=True)

    def start(self) -> None:
        """Start the thread.

        Raises:
            RuntimeError: the interpreter is shutting down.
        """
        self._thread.start()

    @property
    def is_idle(self) -> bool:
        """Whether the last job has ended."""
        return self._idle.is_set()

    @property
    def is_here(self) -> bool:
        """Whether this very thread is the sender's."""
        return threading.current_thread() is self._thread

    def export(self, batch: Batch) -> None:
        """Begin to export *batch*; :meth:`wait` tells when it is done."""
        self._begin(partial(self._export, batch))

    def close(self) -> None:
        """Begin to close the exporter; the next export makes another."""
        if self._exporter is not None:
            self._begin(self._close)

    def end(self) -> None:
        """Let the thread end after its job."""
        self._jobs.put(None)

    def wait(self, timeout_s: float) -> bool:
        """Wait for the job to end; False when it did not within *timeout_s*."""
        return self._idle.wait(timeout_s)

    def _begin(self, job: Callable[[], None]) -> None:
        self._idle.clear()
        self.failure = None
        self._jobs.put(job)

    def _export(self, batch: Batch) -> None:
        if self._exporter is None:
            self._exporter = self._connect()
        self._exporter.export(batch)

    def _close(self) -> None:
        exporter, self._exporter = self._exporter, None
        if exporter is not None:
            exporter.close()

    def _run(self) -> None:
        CURRENT.set(self._muted)  # what an exporter does is never traced
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except BaseException as error:  # noqa: BLE001 - SystemExit too is no delivery
                self.failure = error
            finally:
                del job  # it holds the batch
                self._idle.set()
