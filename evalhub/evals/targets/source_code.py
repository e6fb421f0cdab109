"""What tells one version of a function from another: its module, and the project's it imports.

A run that was killed goes on only with the same code, so what the function calls in other
files counts as well. Imports are read from the sources: nothing is imported to find out, and
what the process has loaded before plays no part.
"""

import ast
import functools
import hashlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Any

__all__ = ["code_digest"]

_INSTALLED = frozenset({"site-packages", "dist-packages"})
_NOT_THEIRS = sys.stdlib_module_names | {"evalhub"}


def code_digest(function: Callable[..., Any]) -> str | None:
    """Return a digest of the sources that *function* is made of; None where there are none.

    Installed packages are left out; so is what is imported by a name that is made up at run
    time.
    """
    home = _home(function)
    path = _source(home)
    if path is None:
        return None
    sources = _sources(getattr(home, "__module__", ""), path)
    digest = hashlib.sha256()
    for one in sorted(sources):
        digest.update(sources[one])
    return digest.hexdigest()[:16]


def _home(function: Callable[..., Any]) -> Any:
    """Return the function or class whose module holds the code of *function*."""
    while isinstance(function, functools.partial):
        function = function.func
    function = inspect.unwrap(function)
    has_code = inspect.isroutine(function) or inspect.isclass(function)
    return function if has_code else type(function)


def _source(home: Any) -> Path | None:
    try:
        found = inspect.getsourcefile(home)
    except TypeError:  # a builtin
        return None
    return Path(found) if found is not None and Path(found).is_file() else None


def _sources(module: str, path: Path) -> dict[Path, bytes]:
    """Return what is in the file at *path* of *module*, and in those that it imports."""
    found: dict[Path, bytes] = {}
    waiting = [(module, path)]
    while waiting:
        name, file = waiting.pop()
        if file not in found:
            found[file] = file.read_bytes()
            waiting += _imported(name, file, found[file])
    return found


def _imported(module: str, path: Path, source: bytes) -> Iterator[tuple[str, Path]]:
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    try:
        tree = ast.parse(source)
    except SyntaxError:  # it is imported where it is needed, and fails there
        return
    for node in ast.walk(tree):
        for name in _names(node, package):
            yield from _files(name)


def _names(node: ast.AST, package: str) -> Iterator[str]:
    """Return the modules that *node* imports, and what may be modules in them."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        above = package.split(".")[: len(package.split(".")) - node.level + 1]
        start = [".".join(above)] if node.level else []
        base = ".".join([*start, *([node.module] if node.module else [])])
        yield from (f"{base}.{alias.name}" for alias in node.names)


def _files(name: str) -> Iterator[tuple[str, Path]]:
    """Return the sources of the module *name* and of the packages it is in."""
    parts = name.split(".")
    if parts[0] in _NOT_THEIRS:
        return
    spec = _top(parts[0])
    for number, _ in enumerate(parts, 1):
        if spec is None:
            return
        path = Path(spec.origin) if spec.has_location and spec.origin else None
        if path is not None and (path.suffix != ".py" or not _INSTALLED.isdisjoint(path.parts)):
            return
        if path is not None:
            yield spec.name, path
        inside = spec.submodule_search_locations
        if number == len(parts) or inside is None:
            return
        spec = PathFinder.find_spec(".".join(parts[: number + 1]), inside)


def _top(name: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(name)
    except (ImportError, ValueError):  # a module that was made by hand
        return None
