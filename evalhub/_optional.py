"""Import optional packages at use, and name the extra that brings them."""

import importlib
from types import ModuleType

from evalhub.errors import MissingExtraError


def require(module: str, *, extra: str | None) -> ModuleType:
    """Return *module*, or say which extra installs it; with None its own name does.

    Raises:
        MissingExtraError: the package is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        root = module.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != root:
            raise  # installed, but one of its own imports is broken: show that
        wanted = root if extra is None else f"'evalhub[{extra}]'"
        raise MissingExtraError(
            f"{root} is not installed; run: pip install {wanted}", name=root, extra=extra
        ) from error
