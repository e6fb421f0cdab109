"""Hold a document against the model of a suite."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from evalhub.evals.suites.environment import at, is_one_variable, put
from evalhub.evals.suites.explain import explain, known
from evalhub.evals.suites.metric_variables import put_settings
from evalhub.evals.suites.yaml_core import read_plain
from evalhub.evals.suites.yaml_lines import LinedYaml, Loc

__all__ = ["validated"]

_AS_TEXT = frozenset({"string_type"})

_Model = TypeVar("_Model", bound=BaseModel)


def validated(document: LinedYaml, model: type[_Model]) -> _Model:
    """Return what *document* says, as *model*.

    A variable of the environment that stands alone and without quotes is read as YAML would
    read its value; then as a text or a number, whichever the key or the metric demands.

    Raises:
        SuiteError: a key is unknown or a value wrong; names file, line and column.
    """
    plain = [
        loc
        for loc, text in document.written.items()
        if loc in document.plain and is_one_variable(text)
    ]
    read = put_settings(document, _as_yaml(document.value, plain))
    try:
        return model.model_validate(read)
    except ValidationError as error:
        other = _other_reading(document, read, error)
    try:
        return model.model_validate(other)
    except ValidationError as error:
        raise explain(replace(document, value=other), error, model) from None


def _as_yaml(value: Any, locs: Iterable[Loc]) -> Any:
    for loc in locs:
        value = put(value, loc, read_plain(at(value, loc)))
    return value


def _other_reading(document: LinedYaml, read: Any, error: ValidationError) -> Any:
    """Return *read* with the variables of which *error* says that they have another type."""
    for details in error.errors():
        loc = known(document, details["loc"])
        if loc not in document.written:
            continue
        if details["type"] in _AS_TEXT:
            read = put(read, loc, at(document.value, loc))
        elif isinstance(at(read, loc), str):
            read = put(read, loc, read_plain(at(read, loc)))
    return read
