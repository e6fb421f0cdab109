"""One process at a time: a lease in the store, and the state that only its holder may change."""

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

from evalhub.errors import StoreError
from evalhub.evals.online.process import is_gone, this_process
from evalhub.store import Store
from evalhub.store.online import read_state, write_state

__all__ = ["Lease", "LeaseLostError"]

_LASTS_NS = 120 * 10**9
_RENEWED_S = 30.0

State = dict[str, Any]


class LeaseLostError(StoreError):
    """Another process took over, because this one was silent for too long."""


class Lease:
    """The right to score for one name; held for two minutes, and renewed while work goes on.

    That of a process that was killed on the same machine is free at once.

    What is written with it is written only by its holder: a process that was stopped for
    longer than that, and wakes up, finds that its batch is another's by now.
    """

    def __init__(self, store: Store, name: str, clock_ns: Callable[[], int]) -> None:
        self._store = store
        self._name = name
        self._clock_ns = clock_ns
        self._owner = uuid.uuid4().hex

    @contextmanager
    def held(self) -> Iterator[State | None]:
        """Take the lease and give the state under it; None where another holds it.

        Raises:
            StoreError: the store did not answer.
        """
        state = self._take()
        if state is None:
            yield None
            return
        done = threading.Event()
        renewing = threading.Thread(
            target=self._renew, args=(done,), name="evalhub-online-lease", daemon=True
        )
        renewing.start()
        try:
            yield state
        finally:
            done.set()
            renewing.join()
            self._give_back()

    def write(self, change: Callable[[Connection, State], None]) -> State:
        """Let *change* write and change the state, in one transaction; return the new state.

        Raises:
            LeaseLostError: another process holds the lease; nothing was written.
            StoreError: the store did not take it.
        """
        with self._store.begin() as connection:
            state = read_state(connection, self._name)
            if state.get("owner") != self._owner:
                raise LeaseLostError(
                    f"another process took over {self._name!r}; nothing was written"
                )
            change(connection, state)
            state["until_ns"] = self._clock_ns() + _LASTS_NS
            write_state(connection, self._name, state)
        return state

    def _take(self) -> State | None:
        with self._store.begin() as connection:
            state = read_state(connection, self._name)
            is_free = state.get("owner") in {None, self._owner} or is_gone(state.get("process"))
            if not is_free and state["until_ns"] > self._clock_ns():
                return None
            state |= {
                "owner": self._owner,
                "process": this_process(),
                "until_ns": self._clock_ns() + _LASTS_NS,
            }
            write_state(connection, self._name, state)
        return state

    def _renew(self, done: threading.Event) -> None:
        while not done.wait(_RENEWED_S):
            try:
                self.write(lambda connection, state: None)
            except LeaseLostError:
                return
            except StoreError:
                continue  # the store may be back before the lease is over

    def _give_back(self) -> None:
        try:
            self.write(lambda connection, state: state.update(owner=None))
        except StoreError:
            return  # it ends by itself
