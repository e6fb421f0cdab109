"""Standard output is the report's alone: what else is printed goes to standard error."""

import contextlib
import os
import sys
from collections.abc import Iterator

__all__ = ["printing_aside"]

_OUT, _ERR = 1, 2


@contextlib.contextmanager
def printing_aside() -> Iterator[None]:
    """Send to standard error what anybody prints in the block: a target's function, a library.

    So ``--json`` gives JSON, whatever an application says while it is evaluated. What programs
    print that are started in the block goes there too.
    """
    with _diverted(), contextlib.redirect_stdout(sys.stderr):
        yield


@contextlib.contextmanager
def _diverted() -> Iterator[None]:
    """Let the file descriptor of standard output be that of standard error."""
    if sys.stdout is not None:
        sys.stdout.flush()
    with contextlib.ExitStack() as back:
        with contextlib.suppress(OSError):  # one of them is closed
            kept = os.dup(_OUT)
            back.callback(os.close, kept)
            os.dup2(_ERR, _OUT)
            back.callback(os.dup2, kept, _OUT)
        yield
