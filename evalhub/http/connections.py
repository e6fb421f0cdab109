"""Connections that are shared and kept open, by the environment's proxies and certificates.

urllib3 takes the least processor time a request of the clients with a shared pool, and with many
requests at a time that is what counts (``benchmarks/runner.py``). It is imported at the first
request, not for who asks nobody.
"""

import importlib
import ipaddress
import os
import ssl
import threading
import urllib.request
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from evalhub.errors import ConfigError

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

__all__ = ["send"]

_CONNECTIONS = 256
"""Kept open to one host: at least as many as there are calls at a time."""


def send(method: str, url: str, **request: Any) -> "BaseHTTPResponse":
    """Send a request as urllib3 does, and return the answer, whose body is not yet read.

    It goes through the proxy that ``HTTPS_PROXY``, ``HTTP_PROXY`` or ``ALL_PROXY`` names, but
    for hosts of ``NO_PROXY`` and this machine's own. Certificates are those of the system and of
    the package certifi, or else of ``SSL_CERT_FILE`` and ``SSL_CERT_DIR``. Redirects are not
    followed: the headers may hold a key, which is for this host.

    Args:
        method: ``GET``, ``POST`` or another.
        url: Where to.
        request: ``body``, ``headers`` and ``timeout``, as urllib3 takes them.

    Raises:
        ConfigError: the proxy cannot be used.
        urllib3.exceptions.HTTPError: there is no answer.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    proxy = _proxy(parts.scheme, host)
    manager = _POOLS.by(proxy)
    if proxy is not None:
        return manager.request(method, url, redirect=False, preload_content=False, **request)
    # What follows is what the line above would do, without reading the address once more.
    pool = manager.connection_from_host(host, parts.port, parts.scheme)
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    return pool.urlopen(
        method, target, redirect=False, assert_same_host=False, preload_content=False, **request
    )


@lru_cache(maxsize=1024)
def _proxy(scheme: str, host: str) -> str | None:
    if _is_own(host) or urllib.request.proxy_bypass(host):
        return None
    named = urllib.request.getproxies()
    return named.get(scheme) or named.get("all")


def _is_own(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _Pools:
    """The connections by way of each proxy; None is straight to the host."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Forget all: in a forked process, which would read the answers of the other one."""
        self._lock = threading.Lock()
        self._made: dict[str | None, PoolManager] = {}

    def by(self, proxy: str | None) -> "PoolManager":
        found = self._made.get(proxy)
        if found is not None:
            return found
        with self._lock:  # many threads begin at once, and certificates take long to load
            if proxy not in self._made:
                self._made[proxy] = _open(proxy)
            return self._made[proxy]


_POOLS = _Pools()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_POOLS.renew)


def _open(proxy: str | None) -> "PoolManager":
    manager = _manager(proxy)
    manager.pool_classes_by_scheme = importlib.import_module("evalhub.http.one_write").POOLS
    return manager


def _manager(proxy: str | None) -> "PoolManager":
    urllib3 = importlib.import_module("urllib3")
    pool: PoolManager
    if proxy is None:
        pool = urllib3.PoolManager(maxsize=_CONNECTIONS, ssl_context=_context(), retries=False)
        return pool
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    if parts.scheme not in ("http", "https"):
        raise ConfigError(
            f"the proxy of the environment speaks {parts.scheme}; name one that speaks http, or "
            "put the host into NO_PROXY"
        )
    user = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    pool = urllib3.ProxyManager(
        f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}",
        maxsize=_CONNECTIONS,
        ssl_context=_context(),
        proxy_headers=urllib3.make_headers(proxy_basic_auth=user) if parts.username else None,
        retries=False,
    )
    return pool


def _context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not os.environ.get("SSL_CERT_FILE") and not os.environ.get("SSL_CERT_DIR"):
        # Some Pythons find no certificates of the system's, such as those of python.org on a Mac.
        context.load_verify_locations(importlib.import_module("certifi").where())
    return context
