"""Vectors of texts on disk, so that a text is encoded once for all systems and all nights.

One SQLite file that several processes may use at a time. It is a convenience and never a
reason to fail: without room, rights or a sound file, texts are encoded anew.
"""

import contextlib
import logging
import os
import sqlite3
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from evalhub._forks import no_fork
from evalhub.metrics.semantic.network import Floats

__all__ = ["VectorCache"]

_log = logging.getLogger(__name__)

_APPLICATION_ID = 0x45764856
"""Says in the file's header whose it is ("EvHV"): a file of someone else is left alone."""
_PAGE = 16_384
"""Bytes: a text's vectors take ten pages instead of forty of the usual size."""
_BUSY_SECONDS = 5.0
_FRESH_SECONDS = 3_600
"""A use is noted once an hour at most: reading does not write each time."""
_ROOM = 10
"""A tenth of the file is freed at once when it is full."""
_KEYS_AT_ONCE = 200
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

# Vectors are apart: SQLite rewrites the whole row, vectors and all, where `used` is noted.
_ENTRY = """
CREATE TABLE entry (
  id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, used INTEGER NOT NULL,
  bytes INTEGER NOT NULL, tokens INTEGER NOT NULL, crc INTEGER NOT NULL
)
"""
_SCHEMA = (
    _ENTRY,
    "CREATE TABLE vectors (id INTEGER PRIMARY KEY, data BLOB NOT NULL)",
    f"PRAGMA application_id = {_APPLICATION_ID}",
)

_told: set[Path] = set()
"""Files of which it was said that they cannot be used; once a process is enough."""


class _ForeignFileError(Exception):
    """The file is a database, and not one of ours."""


class _DamagedError(Exception):
    """What was read is not what was written."""


class VectorCache:
    """Arrays of float32 by key, the least recently used dropped first.

    Nothing is held open between calls, and a fork waits for their end: an instance may be
    shared by threads and survives a fork.

    Args:
        path: The file; made when it is absent.
        max_bytes: How large it may become.
    """

    def __init__(self, path: Path, *, max_bytes: int = 2 << 30) -> None:
        self.path = path
        self.max_bytes = max_bytes

    def read(self, keys: Sequence[bytes]) -> dict[bytes, Floats]:
        """Return those arrays (tokens, width) of *keys* that are there."""
        if not keys or not self.path.exists():
            return {}
        found: dict[bytes, Floats] = {}
        stale: list[bytes] = []
        now = int(time.time())
        with no_fork(), self._excused(), self._open() as connection:
            for part in _parts(keys):
                for key, used, array in _select(connection, part):
                    found[key] = array
                    if used < now - _FRESH_SECONDS:
                        stale.append(key)
            _note_use(connection, stale, now)
        return found

    def write(self, arrays: Mapping[bytes, Floats]) -> None:
        """Keep *arrays*, as far as there is room."""
        if not arrays:
            return
        with no_fork(), self._excused(), self._open() as connection:
            _begin(connection)
            fitting = self._make_room(connection, arrays)
            _insert(connection, {key: arrays[key] for key in fitting})
            connection.execute("COMMIT")

    def _make_room(
        self, connection: sqlite3.Connection, arrays: Mapping[bytes, Floats]
    ) -> list[bytes]:
        """Drop what was not used for longest; return the keys that fit then."""
        free = self.max_bytes - _size(connection)
        wanted = sum(_on_disk(array.nbytes) for array in arrays.values())
        if wanted > free:
            free += _drop_oldest(connection, wanted - free + self.max_bytes // _ROOM)
        return list(_fitting(arrays, free))

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(
            sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None)
        ) as connection:
            _prepare(connection)
            yield connection

    @contextlib.contextmanager
    def _excused(self) -> Iterator[None]:
        """Make nothing worse than a warning of what the file or the disk does."""
        try:
            yield
        except _ForeignFileError:
            self._tell("is a database of something else; give another path as cache")
        except _DamagedError as error:
            self._drop(str(error))
        except sqlite3.Error as error:
            if (getattr(error, "sqlite_errorcode", 0) & 0xFF) in _DAMAGED:
                self._drop(str(error))
            else:
                self._tell(f"cannot be used ({error}); texts are encoded anew")
        except OSError as error:
            self._tell(f"cannot be used ({error}); texts are encoded anew")

    def _drop(self, reason: str) -> None:
        _log.warning("%s is damaged (%s); it is dropped, texts are encoded anew", self.path, reason)
        with contextlib.suppress(OSError):
            for suffix in ("-wal", "-shm", "-journal"):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
            # Set aside and not removed: a path given by mistake may be someone's document.
            os.replace(self.path, self.path.with_name(f"{self.path.name}.damaged"))

    def _tell(self, problem: str) -> None:
        if self.path not in _told:
            _told.add(self.path)
            _log.warning("the cache of vectors %s %s", self.path, problem)


def _prepare(connection: sqlite3.Connection) -> None:
    if _pragma(connection, "application_id") != _APPLICATION_ID:
        _create(connection)
    # Readers go on while another process writes. Two that set it at once lock each other out.
    with contextlib.suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA journal_mode = WAL")
    # A commit survives the end of a process, and the file that of the machine.
    connection.execute("PRAGMA synchronous = NORMAL")


def _create(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA page_size = {_PAGE}")
    _begin(connection)
    if _pragma(connection, "application_id") != _APPLICATION_ID:  # nobody else was faster
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise _ForeignFileError
        for statement in _SCHEMA:
            connection.execute(statement)
    connection.execute("COMMIT")


def _begin(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _select(
    connection: sqlite3.Connection, keys: Sequence[bytes]
) -> Iterator[tuple[bytes, int, Floats]]:
    rows = connection.execute(
        "SELECT key, used, tokens, crc, data FROM entry JOIN vectors USING (id) "
        f"WHERE key IN ({','.join('?' * len(keys))})",
        keys,
    )
    for key, used, tokens, crc, data in rows:
        # SQLite does not notice when a bit of a blob has changed.
        if zlib.crc32(data) != crc:
            raise _DamagedError("a checksum is wrong")
        yield key, used, np.frombuffer(data, dtype="<f4").reshape(tokens, -1)


def _note_use(connection: sqlite3.Connection, keys: Sequence[bytes], now: int) -> None:
    if not keys:
        return
    # Not worth a word when it fails: these texts are then forgotten a little sooner.
    with contextlib.suppress(sqlite3.OperationalError):
        _begin(connection)
        connection.executemany(
            "UPDATE entry SET used = ? WHERE key = ?", [(now, key) for key in keys]
        )
        connection.execute("COMMIT")


def _insert(connection: sqlite3.Connection, arrays: Mapping[bytes, Floats]) -> None:
    now = int(time.time())
    for key, array in arrays.items():
        data = np.ascontiguousarray(array, dtype="<f4").tobytes()
        entry = (key, now, len(data), len(array), zlib.crc32(data))
        inserted = connection.execute(
            "INSERT INTO entry (key, used, bytes, tokens, crc) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (key) DO NOTHING",
            entry,
        )
        if inserted.rowcount:
            connection.execute("INSERT INTO vectors VALUES (?, ?)", (inserted.lastrowid, data))


def _drop_oldest(connection: sqlite3.Connection, wanted: int) -> int:
    """Delete the entries longest unused until *wanted* bytes are free; return how many are."""
    freed, gone = 0, []
    for row, size in connection.execute("SELECT id, bytes FROM entry ORDER BY used, id"):
        if freed >= wanted:
            break
        gone.append((row,))
        freed += _on_disk(size)
    connection.executemany("DELETE FROM entry WHERE id = ?", gone)
    connection.executemany("DELETE FROM vectors WHERE id = ?", gone)
    return freed


def _fitting(arrays: Mapping[bytes, Floats], free: int) -> Iterator[bytes]:
    for key, array in arrays.items():
        free -= _on_disk(array.nbytes)
        if free < 0:
            return
        yield key


def _size(connection: sqlite3.Connection) -> int:
    """Return the bytes in use; what was deleted is used again and does not count."""
    pages = _pragma(connection, "page_count") - _pragma(connection, "freelist_count")
    return pages * _pragma(connection, "page_size")


def _on_disk(size: int) -> int:
    """Return the bytes of an array with its row, in whole pages."""
    return -(-(size + 256) // _PAGE) * _PAGE


def _parts(keys: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        yield keys[start : start + _KEYS_AT_ONCE]
