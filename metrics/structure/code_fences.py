"""Whether the output's code blocks are as asked for, and whether what is in them parses."""

import ast
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from evalhub.errors import MetricError
from evalhub.metrics.base import ScoreColumn, signature
from evalhub.metrics.columns import Result, Scored
from evalhub.metrics.rows import score_outputs
from evalhub.metrics.structure.fences import Fence, find_fences
from evalhub.metrics.structure.json_text import NotJsonError, read_json

__all__ = ["CodeFences"]


def _python_error(code: str) -> str | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an odd escape is no error
        try:
            ast.parse(code)
        except SyntaxError as error:
            return f"{error.msg} in line {error.lineno}"
        except (ValueError, RecursionError, MemoryError) as error:  # null bytes, deep nesting
            return str(error) or type(error).__name__
    return None


def _json_error(code: str) -> str | None:
    try:
        read_json(code)
    except NotJsonError as error:
        return str(error)
    return None


_PARSERS: Mapping[str, Callable[[str], str | None]] = {
    "json": _json_error,
    "py": _python_error,
    "python": _python_error,
    "python3": _python_error,
}
_ALIASES = {"py": "python", "python3": "python"}


@dataclass(frozen=True, slots=True)
class CodeFences:
    """1 where the output has the right code blocks, closed, and their code parses, else 0.

    Python and JSON are parsed, and never run; other languages are only counted. Python is that
    of the interpreter at hand. Blocks are those of CommonMark; the explanation says what is wrong.

    Args:
        language: What blocks have to be marked as; None takes any, marked or not.
        least: How many there have to be at least.
        most: How many at most; None is no limit.
        only: Whether other blocks than those of *language* are wrong.

    Raises:
        MetricError: no number of blocks can be within *least* and *most*.
    """

    language: str | None = None
    least: int = 1
    most: int | None = None
    only: bool = False

    version: ClassVar[int] = 1
    name: ClassVar[str] = "code_fences"
    requires: ClassVar[tuple[str, ...]] = ("outputs",)

    def __post_init__(self) -> None:
        if self.least < 0 or (self.most is not None and self.most < self.least):
            told = f"least is {self.least} and most {self.most}; no number of blocks is within"
            raise MetricError(told)

    @property
    def signature(self) -> str:
        """Name, settings and version."""
        return signature(
            self.name,
            version=self.version,
            language=self.language or "any",
            least=self.least,
            most=self.most,
            only=self.only,
        )

    def score_batch(self, outputs: Sequence[str | None]) -> dict[str, ScoreColumn]:
        """Score each of *outputs*.

        Raises:
            MissingExtraError: the ``metrics`` extra is not installed.
        """
        return score_outputs(self, outputs, self._score)

    def _score(self, output: str) -> Result:
        wrong = self._wrong(find_fences(output))
        return 1.0 if wrong is None else Scored(0.0, wrong)

    def _wrong(self, fences: Sequence[Fence]) -> str | None:
        """Return what is wrong first, None where all is right."""
        matching = [fence for fence in fences if self._matches(fence)]
        kind = f"{self.language} code blocks" if self.language else "code blocks"
        if len(matching) < self.least:
            return f"{len(matching)} {kind}; at least {self.least} are asked for"
        if self.most is not None and len(matching) > self.most:
            return f"{len(matching)} {kind}; at most {self.most} are asked for"
        if self.only and len(matching) < len(fences):
            return f"{len(fences) - len(matching)} code blocks are not {self.language}"
        errors = (_error(number, fence) for number, fence in enumerate(matching, start=1))
        return next((error for error in errors if error is not None), None)

    def _matches(self, fence: Fence) -> bool:
        if self.language is None:
            return True
        return _canonical(fence.language) == _canonical(self.language.lower())


def _canonical(language: str) -> str:
    return _ALIASES.get(language, language)


def _error(number: int, fence: Fence) -> str | None:
    if not fence.closed:
        return f"code block {number} is not closed"
    parse = _PARSERS.get(fence.language)
    error = None if parse is None else parse(fence.content)
    return None if error is None else f"code block {number} does not parse: {error}"
