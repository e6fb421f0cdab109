"""How many fields of the reference JSON the output has right."""

import json
import re
import reprlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from evalhub.errors import MetricError
from evalhub.metrics.base import ScoreColumn, signature
from evalhub.metrics.columns import References, Result, Scored, Unscored
from evalhub.metrics.structure.json_text import NotJsonError, read_json, same_json
from evalhub.metrics.text.references import score_against_references
from evalhub.model import ScoreState

__all__ = ["JsonMatch"]

_TOLD_FIELDS = 5
_PLAIN_KEY = re.compile(r"""[^.\[\]"']+""")


@dataclass(frozen=True, slots=True)
class JsonMatch:
    """Share of the reference's fields that the output has with an equal value.

    A field is a value that is neither an object nor a list, wherever it stands (or an empty
    one): ``{"a": 1, "b": [2, 3]}`` has three, ``$.a``, ``$.b[0]`` and ``$.b[1]``. An output that
    is no JSON has none of them and scores 0. The closest of several references counts; the
    explanation names the fields that are wrong.

    Args:
        fields: The keys of the top level to compare; all where empty.
        tolerance: How much numbers may differ.
        extra: Whether fields that the reference lacks count as wrong (``count``) or not
            (``ignore``).
        fences: Whether JSON in a code block counts, with text around it.

    Raises:
        MetricError: *tolerance* or *extra* cannot be used.
    """

    fields: tuple[str, ...] = ()
    tolerance: float = 0.0
    extra: str = "count"
    fences: bool = False

    version: ClassVar[int] = 2
    name: ClassVar[str] = "json_match"
    requires: ClassVar[tuple[str, ...]] = ("outputs", "references")

    def __post_init__(self) -> None:
        if not self.tolerance >= 0:
            raise MetricError(f"tolerance is {self.tolerance}; it must be 0 or more")
        if self.extra not in ("count", "ignore"):
            raise MetricError(f"extra is {self.extra!r}; use count or ignore")
        if isinstance(self.fields, str):
            raise MetricError(f"fields is {self.fields!r}; give a list of keys")

    @property
    def signature(self) -> str:
        """Name, settings and version."""
        return signature(
            self.name,
            version=self.version,
            fields="+".join(sorted(self.fields)) or "all",
            tolerance=self.tolerance,
            extra=self.extra,
            fences=self.fences,
        )

    def score_batch(
        self, outputs: Sequence[str | None], references: References
    ) -> dict[str, ScoreColumn]:
        """Score each of *outputs* against its references, which are JSON texts."""
        return score_against_references(self, outputs, references, self._score)

    def _score(self, output: str, references: Sequence[str]) -> Result:
        try:
            wanted = [read_json(reference) for reference in references]
        except NotJsonError as error:
            return Unscored(ScoreState.ERRORED, f"the reference is {error}")
        without = next((value for value in wanted if not self._has_fields(value)), None)
        if without is not None:
            told = f"the reference has no field {' or '.join(self.fields)}"
            return Unscored(ScoreState.ERRORED, f"{told}: {reprlib.repr(without)}")
        expected = [self._leaves(value) for value in wanted]
        try:
            found = self._leaves(read_json(output, fences=self.fences))
        except NotJsonError as error:
            return Scored(0.0, str(error))
        return max((self._compare(found, leaves) for leaves in expected), key=_value)

    def _has_fields(self, value: Any) -> bool:
        """Return whether there is something to compare in a reference."""
        if not self.fields:
            return True
        return isinstance(value, Mapping) and any(key in value for key in self.fields)

    def _leaves(self, value: Any) -> dict[str, Any]:
        if self.fields and isinstance(value, Mapping):
            value = {key: item for key, item in value.items() if key in self.fields}
        return dict(_leaves(value, "$"))

    def _compare(self, found: Mapping[str, Any], expected: Mapping[str, Any]) -> Scored:
        judged = expected.keys() | (found.keys() if self.extra == "count" else set())
        wrong = [path for path in sorted(judged) if not self._agree(path, found, expected)]
        share = 1 - len(wrong) / len(judged)
        return Scored(share, f"wrong: {_listed(wrong)}" if wrong else None)

    def _agree(self, path: str, found: Mapping[str, Any], expected: Mapping[str, Any]) -> bool:
        if path not in found or path not in expected:
            return False
        return same_json(found[path], expected[path], tolerance=self.tolerance)


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    left = [(path, value)]
    while left:  # a loop, since a model may nest deeper than Python may call
        path, value = left.pop()
        if isinstance(value, Mapping) and value:
            left += [(f"{path}{_step(key)}", item) for key, item in value.items()]
        elif isinstance(value, list) and value:
            left += [(f"{path}[{index}]", item) for index, item in enumerate(value)]
        else:
            yield path, value


def _step(key: str) -> str:
    """Return *key* as a part of a path; quoted where it would read as several parts."""
    return f".{key}" if _PLAIN_KEY.fullmatch(key) else f"[{json.dumps(key, ensure_ascii=False)}]"


def _value(score: Scored) -> float:
    return score.value


def _listed(paths: Sequence[str]) -> str:
    told = ", ".join(paths[:_TOLD_FIELDS])
    rest = len(paths) - _TOLD_FIELDS
    return f"{told} and {rest} more" if rest > 0 else told
