"""Values on a command line, read as suite files read theirs."""

from typing import Any

import yaml

from evalhub.errors import ConfigError
from evalhub.evals.suites.yaml_core import CoreLoader

__all__ = ["assigned_value"]


def assigned_value(assignment: str) -> Any:
    """Return what stands after the first ``=`` of *assignment*, by YAML 1.2.

    ``no`` is a text, as in a suite file; ``false`` is not.

    Raises:
        ConfigError: it is no YAML.
    """
    text = assignment.partition("=")[2]
    try:
        return yaml.load(text, CoreLoader)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a number of thousands of digits
        told = " ".join(str(error).split())
        raise ConfigError(
            f"--set {assignment!r} has a value that is no YAML ({told}); put a text in quotes"
        ) from None
