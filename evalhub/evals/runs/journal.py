"""What a run has finished, kept on disk, so that the same command goes on after a kill.

One SQLite file a plan: the suite, its targets and its examples. A call is written before
it is reported as done, so that after ``kill -9`` only calls that were on their way are made
again. The file goes when the whole suite is through and reported; the next night starts a
new one, and so does a run that finds one of the night before.
"""

import contextlib
import os
import sqlite3
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evalhub._closing import Closing
from evalhub.errors import ConfigError
from evalhub.evals.runs.budget import Cost
from evalhub.evals.runs.call import Call, read_call, write_call
from evalhub.evals.runs.shared_connection import SharedConnection
from evalhub.tracing.lockfile import LockFile

__all__ = ["Journal"]

_OLDEST_S = 20 * 3600.0
"""Age beyond which a journal is not gone on with: a nightly job must start anew."""
_VERSION = 2
"""Raised when a table changes; a journal of another version is not gone on with.

A table that is new needs no other version: a journal without it gets it.
"""
_SUFFIXES = ("", "-wal", "-shm")
_SCHEMA = f"""
begin;
pragma user_version = {_VERSION};
create table if not exists attempt (id text not null, start_s real not null);
create table if not exists call (
    target text not null,
    example text not null,
    repeat integer not null,
    body blob not null,
    primary key (target, example, repeat)
) without rowid;
create table if not exists logged (target text primary key, run_id text not null) without rowid;
create table if not exists canary (key text primary key, body blob not null) without rowid;
create table if not exists cost (number integer primary key, usd real, tokens integer);
commit;
"""


class Journal(Closing):
    """The journal of one plan; used by many threads, and by one process at a time.

    Args:
        folder: Where journals lie.
        plan: Names the plan: what is to be called, with what settings and on what examples.
            Another plan has another journal.
        fresh: Start anew, whatever was finished before.

    Raises:
        ConfigError: another process runs the same plan, or the file cannot be written.
    """

    def __init__(self, folder: Path, plan: str, *, fresh: bool = False) -> None:
        self.path = folder / f"{plan}.journal"
        self.was_too_old = False
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = _take(self.path)
        except OSError as error:
            raise ConfigError(f"the journal {self.path} cannot be written: {error}") from error
        try:
            self._shared = SharedConnection(self._begin(fresh))
            self.attempt = self._attempt()
        except sqlite3.Error as error:
            self._lock.release()
            if isinstance(error, sqlite3.OperationalError):
                raise ConfigError(f"the journal {self.path} cannot be written: {error}") from error
            raise ConfigError(f"the journal {self.path} is damaged ({error}); delete it") from error

    def calls(self, target: str) -> Mapping[tuple[str, int], Call]:
        """Return the calls of *target* that are done, by example's id and repeat."""
        query = "select example, repeat, body from call where target = ?"
        with self._shared.alone() as connection:
            rows = connection.execute(query, (target,))
            return {(example, repeat): read_call(body) for example, repeat, body in rows}

    def count(self, target: str | None = None) -> int:
        """Return how many calls are done: of *target*, or over all of them."""
        query = "select count(*) from call where ?1 is null or target = ?1"
        return int(self._row(query, target)[0])

    def add(self, target: str, example: str, repeat: int, call: Call) -> None:
        """Write down *call*; on return it is safe from a kill of this process.

        Raises:
            ConfigError: the disk is full, or the file cannot be written.
        """
        row = (target, example, repeat, write_call(call))
        self._write("call", row)

    def set_cost(self, number: int, cost: Cost) -> None:
        """Write down what the call *number* costs, at most or in fact.

        Raises:
            ConfigError: the disk is full, or the file cannot be written.
        """
        row = (number, cost.usd, cost.tokens)
        self._write("cost", row)

    def costs(self) -> tuple[int, Cost]:
        """Return the highest number there is (-1 for none) and the sum of all costs."""
        last, usd, tokens = self._row(
            "select coalesce(max(number), -1), coalesce(sum(usd), 0), coalesce(sum(tokens), 0) "
            "from cost"
        )
        return int(last), Cost(float(usd), int(tokens))

    def run_id(self, target: str) -> str | None:
        """Return the run as which *target* was kept already, or None."""
        row = self._row("select run_id from logged where target = ?", target)
        return None if row is None else str(row[0])

    def set_run_id(self, target: str, run_id: str) -> None:
        """Remember that *target* was kept as the run *run_id*."""
        self._write("logged", (target, run_id))

    def canary(self, key: str) -> bytes | None:
        """Return what a judge's canaries showed in this attempt, or None."""
        row = self._row("select body from canary where key = ?", key)
        return None if row is None else bytes(row[0])

    def keep_canary(self, key: str, body: bytes) -> None:
        """Remember what a judge's canaries showed.

        Raises:
            ConfigError: the disk is full, or the file cannot be written.
        """
        self._write("canary", (key, body))

    def finish(self) -> None:
        """Delete the journal: everything is done, and kept elsewhere."""
        self._shared.close()
        _delete(self.path)

    def close(self) -> None:
        """Close the file, and keep it unless it was finished."""
        self._shared.close()
        self._lock.release()

    def _row(self, query: str, *values: object) -> Any:
        with self._shared.alone() as connection:
            return connection.execute(query, values).fetchone()

    def _write(self, table: str, row: tuple[object, ...]) -> None:
        try:
            self._shared.write(table, row)
        except (sqlite3.Error, UnicodeError) as error:
            raise ConfigError(f"the journal {self.path} cannot be written: {error}") from error

    def _begin(self, fresh: bool) -> sqlite3.Connection:
        """Open the file that is there, or a new one where it is not to be gone on with."""
        if not fresh and self.path.exists():
            age_s = _age_s(self.path)
            self.was_too_old = age_s is not None and age_s > _OLDEST_S
            if age_s is not None and not self.was_too_old:
                return _open(self.path)
        _delete(self.path)
        return _open(self.path)

    def _attempt(self) -> str:
        """Return the id of this attempt at the plan: the same after each kill."""
        with self._shared.alone() as connection:
            row = connection.execute("select id from attempt").fetchone()
            if row is not None:
                return str(row[0])
            attempt = uuid.uuid4().hex
            connection.execute("insert into attempt values (?, ?)", (attempt, time.time()))
            return attempt


def _age_s(path: Path) -> float | None:
    """Return the seconds since the journal was begun; None where it is of another version."""
    with contextlib.closing(sqlite3.connect(path, timeout=10)) as connection:
        if connection.execute("pragma user_version").fetchone()[0] != _VERSION:
            return None
        row = connection.execute("select start_s from attempt").fetchone()
        return 0.0 if row is None else time.time() - float(row[0])


def _delete(path: Path) -> None:
    for suffix in _SUFFIXES:
        with contextlib.suppress(FileNotFoundError):
            Path(f"{path}{suffix}").unlink()


def _take(path: Path) -> LockFile:
    held = path.with_suffix(".lock")
    lock = LockFile.take(held)
    if lock is None and not os.access(path.parent, os.W_OK):
        raise PermissionError(f"{path.parent} is not writable")
    if lock is None:
        raise ConfigError(f"another process runs this suite now (it holds {held}); wait for it")
    return lock


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False, timeout=10, isolation_level=None)
    # What is committed survives a kill of the process without waiting for the disk.
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = normal")
    connection.executescript(_SCHEMA)
    return connection
