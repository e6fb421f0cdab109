"""Variables of the environment in the settings of metrics."""

from collections.abc import Mapping
from typing import Any

from evalhub.errors import MetricError
from evalhub.evals.suites.environment import at, is_one_variable, put
from evalhub.evals.suites.yaml_core import read_plain
from evalhub.evals.suites.yaml_lines import LinedYaml, Loc
from evalhub.metrics.registry import takes

__all__ = ["put_settings"]

_NAMES = ("metric", "judge")
"""Keys under which a metric's name stands."""


def put_settings(document: LinedYaml, read: Any) -> Any:
    """Return *read* with each variable of a metric's setting as the metric takes it.

    No key of a suite file says which type that is: the metric itself does. One that declares
    none, or takes both readings, is given what *read* has.

    Args:
        document: What the suite file says, with the variables as texts.
        read: Its value, with some of them read as YAML would.
    """
    for loc, text in document.written.items():
        if loc[0] == "metrics" and len(loc) > 2 and is_one_variable(text):
            read = put(read, loc, _fitting(document, read, loc))
    return read


def _fitting(document: LinedYaml, read: Any, loc: Loc) -> Any:
    value, text = at(read, loc), at(document.value, loc)
    other = read_plain(text) if isinstance(value, str) else text
    holder, key = at(read, loc[:-1]), loc[-1]
    names = (holder.get(name) for name in _NAMES) if isinstance(holder, Mapping) else ()
    name = next((name for name in names if isinstance(name, str)), None)
    if name is None or not isinstance(key, str):
        return value
    try:
        return other if not takes(name, key, value) and takes(name, key, other) else value
    except MetricError:  # there is no such metric, which is told where it is made
        return value
