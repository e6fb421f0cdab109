"""Where an answer in JSON holds the text, the contexts and the tokens: JMESPath expressions."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from evalhub._optional import require
from evalhub.errors import ConfigError, ModelError
from evalhub.evals.targets.base import TargetOutput
from evalhub.evals.targets.outputs import as_output

__all__ = ["AnswerPaths"]

_SHOWN = 200
_LISTS = ("contexts", "retrieved_ids", "tool_calls")
_SINGLE = ("cost_usd", "finish_reason", "latency_ms")


@dataclass(frozen=True, slots=True)
class AnswerPaths:
    """Reads an output from a JSON value by JMESPath expressions.

    Without *text* the answer is itself the text, or a mapping that
    :func:`~evalhub.evals.targets.outputs.as_output` takes. What *text* finds and is no text
    is written as JSON. Other paths may find nothing.

    Args:
        text: Path of the answer's text, such as ``choices[0].message.content``.
        contexts: Path of the list of retrieved texts.
        retrieved_ids: Path of the list of their ids.
        tool_calls: Path of the list of tool calls.
        usage: Paths by the names of :class:`~evalhub.model.Usage`, such as ``input_tokens``.
        cost_usd: Path of the cost.
        latency_ms: Path of the time it took, where the answer knows better than the clock here.
        finish_reason: Path of why the model ended, such as ``choices[0].finish_reason``.

    Raises:
        ConfigError: an expression is not JMESPath.
    """

    text: str | None = None
    contexts: str | None = None
    retrieved_ids: str | None = None
    tool_calls: str | None = None
    usage: Mapping[str, str] = field(default_factory=dict)
    cost_usd: str | None = None
    latency_ms: str | None = None
    finish_reason: str | None = None
    _find: Mapping[str, Any] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        names = ("text", *_LISTS, *_SINGLE)
        paths = {name: getattr(self, name) for name in names} | dict(self.usage)
        compiled = {name: _compile(name, path) for name, path in paths.items() if path is not None}
        object.__setattr__(self, "_find", compiled)

    @property
    def is_empty(self) -> bool:
        """Whether no path is given."""
        return not self._find

    def read(self, answer: Any) -> TargetOutput:
        """Return the output that *answer* holds.

        Raises:
            ModelError: the path of the text finds nothing, or what was found is of the wrong
                kind; says what the answer had.
        """
        found = {name: path.search(answer) for name, path in self._find.items()}
        try:
            if self.text is None:
                text = as_output(answer).text
                base = answer if isinstance(answer, Mapping) else {}
                return as_output({**base, **self._beside_text(found), "text": text})
            if found["text"] is None:
                raise ModelError(f"the path {self.text!r} finds nothing in {_shown(answer)}")
            return as_output({**self._beside_text(found), "text": _as_text(found["text"])})
        except TypeError as error:
            raise ModelError(f"{error}; this was {_shown(answer)}") from None

    def _beside_text(self, found: Mapping[str, Any]) -> dict[str, Any]:
        """Return what was found beside the text, as keys of an output."""
        for name in _LISTS:
            if not isinstance(found.get(name), list | None):
                raise TypeError(f"the path of {name!r} finds {found[name]!r}, which is no list")
        tokens = {name: found[name] for name in self.usage if found[name] is not None}
        named = {name: found.get(name) for name in (*_LISTS, *_SINGLE)}
        given = {name: value for name, value in named.items() if value is not None}
        return given | ({"usage": tokens} if tokens else {})


def _compile(name: str, path: str) -> Any:
    jmespath = require("jmespath", extra="targets")
    try:
        return jmespath.compile(path)
    except jmespath.exceptions.JMESPathError as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"the path {path!r} of {name!r} is no JMESPath: {reason}") from None


def _as_text(value: Any) -> str:
    # Written as references are (spaces after commas), so that equal values are equal texts.
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _shown(answer: Any) -> str:
    text = orjson.dumps(answer, default=str).decode()
    keys = f" with the keys {', '.join(map(str, answer))}" if isinstance(answer, Mapping) else ""
    return f"an answer{keys}: {text[:_SHOWN]}{'...' if len(text) > _SHOWN else ''}"
