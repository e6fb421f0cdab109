"""Which tracer is in force in this process: there is one at a time."""

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evalhub.tracing.tracer import Tracer

__all__ = ["ACTIVE"]


class _Active:
    """Holds the tracer in force; an attribute is faster to read than a context variable."""

    __slots__ = ("given", "lock", "tracer")

    def __init__(self) -> None:
        self.tracer: Tracer | None = None
        self.lock = threading.RLock()
        self.given: dict[str, Any] = {}
        """What ``configure`` was called with last."""


ACTIVE = _Active()
