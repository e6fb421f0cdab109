"""Whether a process that left its mark is surely gone: asked of Linux, on the same machine."""

import os
from pathlib import Path

__all__ = ["is_gone", "this_process"]

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NAMESPACE = Path("/proc/self/ns/pid")
_START_FIELD = 19
"""Of what follows the name in /proc/PID/stat: when the process began. Numbers are used again."""


def this_process() -> str | None:
    """Return a mark of this process; None where the system does not say enough."""
    where, started = _where(), _started(os.getpid())
    return None if where is None or started is None else f"{where} {os.getpid()} {started}"


def is_gone(mark: str | None) -> bool:
    """Return whether the process with this *mark* ran here and has ended.

    Of another machine or container nothing is known, and it is taken to live.
    """
    if mark is None or _where() is None:
        return False
    where, _, process = mark.rpartition(" ")[0].rpartition(" ")
    return where == _where() and _started(int(process)) != mark.rpartition(" ")[2]


def _where() -> str | None:
    """Return what tells this run of this machine, and the container, from all others."""
    try:
        return f"{_BOOT.read_text().strip()} {_NAMESPACE.readlink()}"
    except OSError:
        return None


def _started(process: int) -> str | None:
    try:
        text = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return None
    # The name, in parentheses, may hold spaces and parentheses.
    return text.rpartition(")")[2].split()[_START_FIELD]
