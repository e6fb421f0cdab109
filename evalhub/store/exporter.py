"""The exporter that writes straight into the store, without a server."""

import os

from evalhub.errors import StoreUnavailableError
from evalhub.model import Batch
from evalhub.store.batches import add_batch
from evalhub.store.engine import parse_url, sqlite_file
from evalhub.store.store import Store, open_store

__all__ = ["SqlExporter"]


class SqlExporter:
    """Writes batches of spans to the database at *url*; opened with the first batch.

    Implements :class:`evalhub.tracing.exporters.base.Exporter`.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._file = sqlite_file(parse_url(url))
        self._store: Store | None = None
        self._inode: tuple[int, int] | None = None

    def export(self, batch: Batch) -> None:
        """Store *batch*; it is committed when this returns.

        Raises:
            StoreError: nothing of the batch was kept.
        """
        store = self._open()
        with store.begin() as connection:
            add_batch(connection, batch)

    def close(self) -> None:
        """Close the store."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def _open(self) -> Store:
        # Somebody may delete or replace the file meanwhile; what is written to
        # the old one would be lost without an error.
        if self._store is not None and self._inode_now() != self._inode:
            self.close()
        if self._store is None:
            self._store = open_store(self._url)
            self._inode = self._inode_now()
        return self._store

    def _inode_now(self) -> tuple[int, int] | None:
        if self._file is None:
            return None
        try:
            found = os.stat(self._file)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreUnavailableError(f"cannot look at {self._file}: {error}") from error
        return found.st_dev, found.st_ino
