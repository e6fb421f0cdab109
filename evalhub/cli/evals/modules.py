"""Where the modules that a suite names are looked for."""

import os
import sys
from pathlib import Path

__all__ = ["look_for_modules"]


def look_for_modules(suite: Path) -> None:
    """Have functions found in the working folder first, then in the suite's, then as installed.

    As `python -m` would; an installed command has its own folder there instead. Where the suite
    is a symbolic link, its folder is the link's, from which its paths start as well.
    """
    sys.path[:0] = [os.getcwd(), str(suite.parent.resolve())]
