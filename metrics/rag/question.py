"""Find the question of an example among its inputs."""

from collections.abc import Mapping, Sequence
from typing import Any

from evalhub.errors import MetricInputError

__all__ = ["question_texts"]

_USUAL = ("question", "query", "input")


def question_texts(inputs: Sequence[Mapping[str, Any] | str], key: str | None) -> list[str]:
    """Return the question of each example.

    It is the input called *key*. With None it is the only input, or the one called
    ``question``, ``query`` or ``input``. Inputs that are a text are the question itself.

    Raises:
        MetricInputError: an example has no such input, or it is not a text.
    """
    return [_question(index, item, key) for index, item in enumerate(inputs)]


def _question(index: int, given: Mapping[str, Any] | str, key: str | None) -> str:
    if isinstance(given, str):
        return given
    if not isinstance(given, Mapping):
        raise MetricInputError(f"inputs {index} are {given!r}; give a mapping with the question")
    name = _only(index, given) if key is None else key
    if name not in given:
        told = ", ".join(given) or "nothing"
        raise MetricInputError(f"inputs {index} lack {name!r}, the question; they hold {told}")
    if not isinstance(given[name], str):
        raise MetricInputError(f"inputs {index}: {name} is {given[name]!r}; it must be a text")
    return str(given[name])


def _only(index: int, given: Mapping[str, Any]) -> str:
    """Return the name of the input that must be the question."""
    if len(given) == 1:
        return next(iter(given))
    found = [name for name in _USUAL if name in given]
    if len(found) != 1:
        told = ", ".join(given) or "nothing"
        raise MetricInputError(
            f"inputs {index} hold {told}; say which is the question: question=NAME"
        )
    return found[0]
