"""The address that a server is to listen on, tried before the server starts."""

import socket

from evalhub.errors import ConfigError

__all__ = ["require_free_port"]


def require_free_port(host: str, port: int) -> None:
    """Return when *host* and *port* can be listened on.

    Raises:
        ConfigError: they cannot; the message says why.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # As servers do: a port that was closed a moment ago counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise ConfigError(
                f"cannot listen on {host}:{port} ({reason.lower()}); try another --port or --host"
            ) from error
