"""The collector: takes spans over HTTP and puts them into the store.

The application is imported at its first use, since it needs the ``server`` extra.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evalhub.server.app import create_app

__all__ = ["create_app"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("evalhub.server.app"), name)
