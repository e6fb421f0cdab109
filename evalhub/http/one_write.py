"""Connections that send a request in one piece.

``http.client`` sends the head and the body one after the other. With many threads each is a trip
through the interpreter's lock, and the server wakes twice.
Imports urllib3, so it is imported at the first request.
"""

from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

__all__ = ["POOLS"]


class _Connection(HTTPConnection):
    """Holds a request's head back until its body comes."""

    _holds = False
    _head = b""

    def request(self, *args: Any, **settings: Any) -> None:
        """Send a request as urllib3 does."""
        self._holds, self._head = bool(settings.get("body")), b""
        super().request(*args, **settings)

    def send(self, data: Any) -> None:
        """Send *data*, and before it what was held."""
        if self._holds:
            self._holds, self._head = False, data
            return
        head, self._head = self._head, b""
        super().send(head + data)


class _SecureConnection(_Connection, HTTPSConnection):
    """The same with encryption, where one piece is one record as well."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


POOLS: dict[str, type[HTTPConnectionPool]] = {"http": _Pool, "https": _SecurePool}
"""What urllib3's managers make their connections by, for each scheme."""
