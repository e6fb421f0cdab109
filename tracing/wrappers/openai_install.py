"""Put recorded methods in place of those of one client.

What is under ``client.beta`` waits until the program uses it: importing its types takes
0.4 s, which a program that has no Assistants should not pay for being traced.
"""

import functools
from collections.abc import Callable
from typing import Any

from evalhub.tracing.process import tracer_in_force
from evalhub.tracing.wrappers.method import forget_views, replace
from evalhub.tracing.wrappers.openai_endpoints import ENDPOINTS, Endpoint

__all__ = ["wrap_endpoints"]

Wrap = Callable[[Endpoint, Callable[..., Any]], Callable[..., Any]]
_LATE = "beta"
_WHEN_MADE = "_evalhub_when_made"


def wrap_endpoints(client: Any, wrap: Wrap) -> None:
    """Replace every method of the table that *client* has by ``wrap(endpoint, method)``."""
    forget_views(client)
    for endpoint in ENDPOINTS:
        first, _, rest = endpoint.path.partition(".")
        if first != _LATE:
            _replace_at(getattr(client, first, None), rest, endpoint, wrap)
    if _LATE in vars(client) or not _is_watched(type(client)):
        _wrap_late(getattr(client, _LATE, None), wrap)
    else:
        vars(client)[_WHEN_MADE] = functools.partial(_wrap_late, wrap=wrap)


def _wrap_late(resource: Any, wrap: Wrap) -> None:
    for endpoint in ENDPOINTS:
        first, _, rest = endpoint.path.partition(".")
        if first == _LATE:
            _replace_at(resource, rest, endpoint, wrap)


def _replace_at(resource: Any, path: str, endpoint: Endpoint, wrap: Wrap) -> None:
    for name in path.split(".") if path else ():
        forget_views(resource)
        resource = getattr(resource, name, None)
    forget_views(resource)
    for method in endpoint.methods:
        replace(resource, method, functools.partial(wrap, endpoint))


def _is_watched(kind: type) -> bool:
    """Have clients of *kind* say when they make what is late; False if that cannot be."""
    owner = next((base for base in kind.__mro__ if _LATE in vars(base)), None)
    if owner is None:
        return False
    plain = vars(owner)[_LATE]
    if isinstance(plain, _Watched):
        return True
    if type(plain) is not functools.cached_property:
        return False
    watched = _Watched(plain)
    watched.__set_name__(owner, _LATE)
    setattr(owner, _LATE, watched)
    return True


class _Watched(functools.cached_property[Any]):
    """A cached property that tells the client when it is made; other clients notice nothing."""

    def __init__(self, plain: "functools.cached_property[Any]") -> None:
        make = plain.func

        @functools.wraps(make)
        def made(client: Any) -> Any:
            resource = make(client)
            tell = vars(client).pop(_WHEN_MADE, None)
            if tell is not None:
                try:
                    tell(resource)
                except Exception as error:  # noqa: BLE001 - our failure must not reach the program
                    tracer_in_force().absorb(error)
            return resource

        super().__init__(made)
