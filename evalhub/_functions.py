"""Find functions by the names that suite files give them."""

import importlib
from collections.abc import Callable
from typing import Any

from evalhub.errors import ConfigError


def import_function(path: str) -> Callable[..., Any]:
    """Return the callable at ``"package.module:function"``.

    Raises:
        ConfigError: there is no such module or function; an error raised while the
            module is imported is quoted.
    """
    found = import_object(path)
    if not callable(found):
        raise ConfigError(f"{path!r} is {type(found).__name__}, which cannot be called")
    return found  # type: ignore[no-any-return]  # callable() leaves Any


def import_object(path: str) -> Any:
    """Return what is at ``"package.module:name"``; else as :func:`import_function`."""
    module_name, _, attribute = path.partition(":")
    if not module_name or not attribute:
        raise ConfigError(f"{path!r} is not a function; write it as package.module:function")
    try:
        found: Any = importlib.import_module(module_name)
        for part in attribute.split("."):
            found = getattr(found, part)
    except AttributeError:
        raise ConfigError(f"{module_name} has no {attribute!r}; check the name") from None
    except Exception as error:
        raise ConfigError(
            f"cannot import {module_name!r}: {type(error).__name__}: {error}; "
            "it is looked for in the working folder, then the suite's, then as installed"
        ) from error
    return found
