"""A file that says, by its lock, that the process which made it is alive."""

import contextlib
import os
from pathlib import Path
from typing import Self

try:
    import fcntl
except ImportError:  # not POSIX: there a file that is open cannot be deleted, which serves as well
    fcntl = None  # type: ignore[assignment]  # the module is absent there

__all__ = ["LockFile"]


class LockFile:
    """A locked file; the system frees the lock when the last process that holds it ends."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    @classmethod
    def own(cls, path: Path) -> Self:
        """Create *path* and lock it.

        Raises:
            OSError: it cannot be created.
        """
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            # Somebody who looks for the dead may hold it for a moment, and delete it.
            _lock(descriptor, wait=True)
            if _is_at(path, descriptor):
                return cls(path, descriptor)
            os.close(descriptor)

    @classmethod
    def take(cls, path: Path) -> Self | None:
        """Lock the file of a process that is gone; None while it lives, or another was faster."""
        try:
            if fcntl is None:
                path.unlink(missing_ok=True)  # refused while its owner has it open
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return None
        if _lock(descriptor, wait=False) and _is_at(path, descriptor):
            return cls(path, descriptor)
        os.close(descriptor)
        return None

    def release(self) -> None:
        """Delete the file and give up the lock."""
        with contextlib.suppress(OSError):
            self._path.unlink()
        self.abandon()

    def abandon(self) -> None:
        """Close the file; a process that shares it by a fork keeps the lock."""
        with contextlib.suppress(OSError):
            os.close(self._descriptor)


def _lock(descriptor: int, *, wait: bool) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except OSError:
        return False
