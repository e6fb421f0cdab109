"""One SQLite connection for many threads, whose rows are written together."""

import contextlib
import itertools
import sqlite3
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

__all__ = ["SharedConnection"]

_MOST_ROWS = 100
"""In one statement: its oldest versions take 999 values."""
_CUT = "interrupted"  # as SQLite itself says it


@dataclass(eq=False, slots=True)
class _Entry:
    """A row that a thread waits to see written."""

    table: str
    row: tuple[object, ...]
    error: Exception | None = field(default_factory=lambda: sqlite3.OperationalError(_CUT))
    """None once the row is written."""
    settled: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.settled.acquire()


class SharedConnection:
    """A connection in SQLite's own autocommit; it is closed only between statements.

    The first thread with a row to write does so for all that come meanwhile, in one statement:
    at each statement the interpreter lock is let go of, and to get it back among 32 busy
    threads takes longer than the writing.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        # SQLite must not be closed, or asked, while another thread is in the middle of a write.
        self._using = threading.Lock()
        self._entries: deque[_Entry] = deque()

    @contextlib.contextmanager
    def alone(self) -> Iterator[sqlite3.Connection]:
        """Give the connection to this thread for the length of the block."""
        try:
            with self._using:
                yield self._connection
        finally:
            self._write_waiting()

    def write(self, table: str, row: tuple[object, ...]) -> None:
        """Put *row* into *table*, in the place of one with its key; on return it is there.

        Raises:
            sqlite3.Error: it cannot be written.
        """
        entry = _Entry(table, row)
        self._entries.append(entry)
        self._write_waiting()
        entry.settled.acquire()
        if entry.error is not None:
            raise entry.error

    def close(self) -> None:
        """Close it; who still waits to write gets an error."""
        with self.alone() as connection:
            connection.close()

    def _write_waiting(self) -> None:
        # Who comes while the connection is used leaves an entry: look again after each use.
        while self._entries and self._using.acquire(blocking=False):
            try:
                self._write(self._taken())
            finally:
                self._using.release()

    def _taken(self) -> list[_Entry]:
        return [self._entries.popleft() for _ in range(min(len(self._entries), _MOST_ROWS))]

    def _write(self, entries: Sequence[_Entry]) -> None:
        try:
            by_table = attrgetter("table")
            for table, group in itertools.groupby(sorted(entries, key=by_table), by_table):
                self._write_group(table, list(group))
        finally:
            for entry in entries:
                entry.settled.release()

    def _write_group(self, table: str, group: Sequence[_Entry]) -> None:
        places = f"({', '.join('?' * len(group[0].row))})"
        statement = f"insert or replace into {table} values {', '.join([places] * len(group))}"
        try:
            self._connection.execute(statement, [value for entry in group for value in entry.row])
        except Exception as error:  # noqa: BLE001  # raised again by the threads whose rows these are
            if len(group) > 1:  # one row that cannot be written is no reason to refuse the others
                for entry in group:
                    self._write_group(table, [entry])
            else:
                group[0].error = error
        else:
            for entry in group:
                entry.error = None
