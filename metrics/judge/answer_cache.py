"""Answers kept on disk, so that what was asked before is not paid for again."""

import hashlib
import json
import logging
import os
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from evalhub._forks import no_fork
from evalhub.llm.client import Completion
from evalhub.metrics.judge.asking import NOT_AN_ANSWER, AnswerSource, Question
from evalhub.metrics.judge.completions import completion_from, completion_to

__all__ = ["CachedSource"]

_log = logging.getLogger(__name__)

_T = TypeVar("_T")
_BUSY_SECONDS = 10.0
_TABLE = "create table if not exists answer (key text primary key, completion text not null)"


@dataclass(frozen=True)
class CachedSource:
    """Answers from the SQLite file at *path*, and what is not there from *source*.

    The key holds the model, its address, and all of the question with the number of its
    repeat. Only complete answers are kept: no failures, refusals or cut answers. Several
    processes may share the file. One that is damaged is thrown away with a warning; where
    nothing can be kept (a full disk, a folder that is read-only) a warning says so once,
    and everything is asked.
    """

    source: AnswerSource
    path: str | Path
    address: str = ""
    """Where the model answers: models of one name at two places are not the same."""
    _file: "_File" = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_file", _File(Path(self.path)))

    @property
    def model(self) -> str:
        """Name of the model that answers."""
        return self.source.model

    def complete(self, question: Question) -> Completion:
        """Return the kept answer, else that of the source, which is then kept."""
        key = self._key(question)
        kept = self._file.get(key)
        if kept is not None:
            return kept
        completion = self.source.complete(question)
        if (completion.finish_reason or "") not in NOT_AN_ANSWER:
            self._file.put(key, completion)
        return completion

    def _key(self, question: Question) -> str:
        content = f"{self.model}\0{self.address}\0{question.fingerprint}"
        return hashlib.sha256(content.encode()).hexdigest()


class _File:
    """The SQLite file; a connection a process, under a lock, opened at first use."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None
        self._process = 0
        self._inherited: list[sqlite3.Connection] = []
        self._has_given_up = False

    def get(self, key: str) -> Completion | None:
        query = "select completion from answer where key = ?"
        row = self._run(lambda connection: connection.execute(query, (key,)).fetchone())
        if row is None:
            return None
        try:
            return completion_from(json.loads(row[0]))
        except (ValueError, TypeError, AttributeError, RecursionError):
            _log.warning("a kept answer in %s cannot be read; it is asked for again", self._path)
            return None

    def put(self, key: str, completion: Completion) -> None:
        row = (key, json.dumps(completion_to(completion)))
        self._run(lambda connection: connection.execute("replace into answer values (?, ?)", row))

    def _run(self, action: Callable[[sqlite3.Connection], _T]) -> _T | None:
        """Return what *action* gives, or None where the file cannot be used."""
        with no_fork(), self._lock:
            if self._has_given_up:
                return None
            try:
                return self._on_sound_file(action)
            except (sqlite3.Error, OSError) as error:
                self._has_given_up = True
                _log.warning("answers are not kept in %s: %s", self._path, error)
                return None

    def _on_sound_file(self, action: Callable[[sqlite3.Connection], _T]) -> _T:
        try:
            return action(self._open())
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
            _log.warning("%s is damaged (%s); a new one is begun", self._path, error)
            self._drop()
            return action(self._open())

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None and self._process != os.getpid():
            # SQLite forbids that a connection is used, or even closed, on both sides of a fork.
            self._inherited.append(self._connection)
            self._connection = None
        if self._connection is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = _connect(self._path)
            self._opened, self._process = _identity(self._path), os.getpid()
        return self._connection

    def _drop(self) -> None:
        """Remove the damaged file, unless another process has put a new one in its place."""
        was_opened = self._connection is not None
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if was_opened and _identity(self._path) != self._opened:
            return
        for suffix in ("-wal", "-shm", ""):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what tells the file at *path* from another one there; None without one."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        # Readers of other processes go on while one writes. A cache may lose its last
        # answers in a power cut; so no wait for the disk at each one (3 ms against 0.05).
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = normal")
        connection.execute(_TABLE)
    except BaseException:
        connection.close()
        raise
    return connection


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    codes = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in codes
